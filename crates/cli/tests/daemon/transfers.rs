//! What goes to and comes from a module, and what the log and the hooks learn of it.

use crate::site::*;
use std::{
    ffi::OsString,
    fs,
    os::unix::{
        ffi::OsStringExt,
        fs::{MetadataExt, PermissionsExt, symlink},
    },
    path::Path,
    process::Command,
    thread,
    time::Duration,
};

#[test]
fn files_go_both_ways() {
    let site = Site::new(
        "[ro]\npath=DIR/ro\nexclude=/private/ *.tmp\n\
         [rw]\npath=DIR/rw\nread only=no\nrefuse options=delete\n\
         [auth]\npath=DIR/ro\nauth users=ann\nsecrets file=DIR/secrets\nstrict modes=no\n",
    );
    write(&site.path("secrets"), "ann:pw 1\n");
    write(&site.path("ro/a"), "one");
    write(&site.path("ro/d/b"), "two");
    write(&site.path("ro/x y"), "three");
    write(&site.path("ro/t.tmp"), "");
    write(&site.path("ro/private/key"), "secret");
    let listener = site.listen();
    let url = |path: &str| listener.url(path);
    let pull = |from: &str, to: &str| run(&["-a", &url(from), &site.dir(to)]);

    succeeds(&pull("ro/", "got"));
    let entries = fs::read_dir(site.path("got")).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["a", "d", "x y"]);
    assert_eq!(fs::read_to_string(site.path("got/d/b")).unwrap(), "two");
    succeeds(&pull("ro/[ax]*", "globbed"));
    assert!(site.path("globbed/x y").exists() && site.path("globbed/a").exists());
    assert_eq!(pull("ro/private/key", "stolen").status.code(), Some(23));
    assert!(!site.path("stolen/key").exists());

    let output = run(&["-a", &site.dir("ro"), &url("ro/")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("ERROR: module is read only\n"), "{}", stderr(&output));
    succeeds(&run(&["-a", &site.dir("ro"), &url("rw/new/")]));
    assert_eq!(fs::read_to_string(site.path("rw/new/d/b")).unwrap(), "two");
    let output = run(&["-a", "--delete", &site.dir("ro"), &url("rw/")]);
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).contains("The server is configured to refuse --delete\n"));

    let login = |user: &str| {
        let url = url("auth/").replace("127.0.0.1", &format!("{user}@127.0.0.1"));
        run(&["-r", &url, &site.dir(user)])
    };
    assert!(stderr(&login("bob")).contains("@ERROR: auth failed on module auth"));
    succeeds(&login("ann"));
    let log = site.log();
    for line in [
        "rsync on ro/ from UNDETERMINED (127.0.0.1)",
        "rsync to rw/new/ from UNDETERMINED (127.0.0.1)",
        "rsync on auth/ from ann@UNDETERMINED (127.0.0.1)",
        "auth failed on module auth from UNDETERMINED (127.0.0.1) for bob: no matching rule",
        "total size",
    ] {
        assert!(log.contains(line), "{line}:\n{log}");
    }
}

#[test]
fn rsync_s_own_client_is_served_in_every_version() {
    if Command::new("rsync").arg("--version").output().is_err() {
        eprintln!("skipped: rsync is not installed");
        return;
    }
    let site = Site::new("[ro]\npath=DIR/ro\n[rw]\npath=DIR/rw\nread only=no\n");
    write(&site.path("ro/d/b"), "two");
    write(&site.path("ro/x y"), "three");
    let listener = site.listen();
    for protocol in 27..=32 {
        let version = format!("--protocol={protocol}");
        let got = format!("got{protocol}");
        let args = ["-a", &version, &listener.url("ro/"), &site.dir(&got)];
        succeeds(&run_with("rsync", &args));
        assert_eq!(fs::read_to_string(site.path(&got).join("d/b")).unwrap(), "two");
        let dest = listener.url(&format!("rw/{protocol}/"));
        succeeds(&run_with("rsync", &["-a", &version, &site.dir("ro"), &dest]));
        let sent = site.path(&format!("rw/{protocol}/d/b"));
        assert_eq!(fs::read_to_string(sent).unwrap(), "two");
    }
    succeeds(&run_with("rsync", &["-as", &listener.url("ro/*"), &site.dir("secluded")]));
    assert!(site.path("secluded/x y").exists());
}

#[test]
fn nothing_is_read_or_written_outside_the_module() {
    let site = Site::new("[ro]\npath=DIR/ro\nexclude=/hidden\n[rw]\npath=DIR/rw\nread only=no\n");
    write(&site.path("ro/d/a.o"), "");
    write(&site.path("ro/d/.rules"), "- *.o\n");
    write(&site.path("ro/hidden"), "- *\n");
    write(&site.path("outside/rules"), "- *\n");
    symlink("../outside", site.path("rw/out")).unwrap();
    symlink("../outside/rules", site.path("ro/link")).unwrap();
    let listener = site.listen();
    for dest in ["rw/out/", "rw/out/deeper/", "rw/../outside/"] {
        run(&["-a", &site.dir("ro"), &listener.url(dest)]);
    }
    assert_eq!(fs::read_dir(site.path("outside")).unwrap().count(), 1);
    // Rules that the client names are read only where it may read: otherwise they would tell what files hold.
    let pull = |rule: &str, to: &str| {
        let output = run(&["-r", &format!("--filter={rule}"), &listener.url("ro/"), &site.dir(to)]);
        (output.status.code(), site.path(to).join("d/a.o").exists())
    };
    assert_eq!(pull(": .rules", "1"), (Some(0), false));
    assert_eq!(pull(": hidden", "2"), (Some(0), true));
    assert!(pull(": link", "3").1);
    assert!(pull(": ../outside/rules", "4").1);
}

#[test]
fn transfers_are_logged_if_the_module_says_so() {
    let site = Site::new(
        "read only=no\n[plain]\npath=DIR/rw\n[log]\npath=DIR/rw\ntransfer logging=yes\n\
         [items]\npath=DIR/rw\ntransfer logging=yes\nlog format=%i %n%L\nmunge symlinks=no\n\
         [short]\npath=DIR/rw\ntransfer logging=yes\nlog format=[%f] %l %m\n",
    );
    write(&site.path("ro/d/b"), "two");
    write(&site.path("ro/a"), "one");
    symlink("/d/b", site.path("ro/link")).unwrap();
    let listener = site.listen();
    let source = site.dir("ro");
    let push = |option: &str, to: &str| {
        succeeds(&run(&["-a", option, &source, &listener.url(to)]));
        let lines = site.take_log("total size");
        assert_eq!(lines[0], "receiving file list");
        lines[1..lines.len() - 1].to_vec()
    };
    assert_eq!(push("-n", "log/x/"), [""; 0]);
    succeeds(&run(&["-a", &source, &listener.url("log/x/")]));
    let log = site.log();
    for line in ["a 3", "d/b 3"] {
        let line = format!("recv UNDETERMINED [127.0.0.1] log () x/{line}\n");
        assert!(log.contains(&line), "{log}");
    }
    site.take_log("total size");
    // A verbose client has the rest named; the munged target is what is stored.
    let mut lines = push("-v", "plain/y/");
    lines.sort();
    assert_eq!(lines, ["./", "created directory y", "d/", "link -> /rsyncd-munged//d/b"]);
    let mut lines = push("-t", "items/z/");
    lines.sort();
    let new = |text: &str| text.replace('*', "+++++++++");
    let want = ["cL* link -> d/b", "cd* ./", "cd* d/", ">f* a", ">f* d/b"].map(new);
    let mut want = want.to_vec();
    want.sort();
    assert_eq!(lines, want);
    fs::remove_file(site.path("ro/d/b")).unwrap();
    assert_eq!(push("--delete", "items/z/")[0], "*deleting   d/b");
    assert_eq!(push("--delete", "short/y/"), ["deleting d/b"]);
    // A sender logs as well.
    succeeds(&run(&["-a", &listener.url("short/y/"), &site.dir("got")]));
    let lines = site.take_log("total size");
    assert_eq!(lines[..2], ["building file list", "[y/a] 3 short"]);
}

#[test]
fn messages_name_paths_of_the_module() {
    let site = Site::new(
        "[ro]\npath=DIR/ro\nexclude=/hidden\n\
         [rw]\npath=DIR/rw\nread only=no\nexclude=/hidden\n",
    );
    write(&site.path("ro/d/a"), "one");
    write(&site.path("ro/hidden/deep/key"), "secret");
    symlink("/outside", site.path("ro/d/out")).unwrap();
    let listener = site.listen();
    let says = |args: &[&str], text: &str| {
        let errors = stderr(&run(args));
        assert!(errors.lines().any(|line| line == text), "{text}:\n{errors}");
        let last = text.contains("[Receiver]");
        let log = site.take_log(if last { "rsync error" } else { "total size" });
        assert!(log.iter().any(|line| line == text), "{text}:\n{log:?}");
    };
    let got = site.dir("got");
    let missing = "No such file or directory (2)";
    for (from, text) in [
        ("ro/x", format!("rsync: [sender] link_stat \"x\" (in ro) failed: {missing}")),
        ("ro/d/x", format!("rsync: [sender] link_stat \"/d/x\" (in ro) failed: {missing}")),
        ("ro/x/y", format!("rsync: [sender] change_dir \"x\" (in ro) failed: {missing}")),
        (
            "ro/hidden/deep/",
            format!("rsync: [sender] change_dir \"hidden/deep\" (in ro) failed: {missing}"),
        ),
        (
            "ro/hidden/deep/key",
            format!("rsync: [sender] change_dir \"hidden/deep\" (in ro) failed: {missing}"),
        ),
        ("ro/d/", "symlink has no referent: \"/d/out\" (in ro)".into()),
    ] {
        says(&["-aL", &listener.url(from), &got], &text);
    }
    let text = format!("rsync: [sender] link_stat \"hidden/deep/key\" (in ro) failed: {missing}");
    says(&["-aR", &listener.url("ro/hidden/deep/key"), &got], &text);
    assert!(!site.path("got").join("hidden").exists() && !site.path("got/key").exists());
    let text = format!("rsync: [Receiver] change_dir#3 \"no/such\" (in rw) failed: {missing}");
    let file = site.path("ro/d/a").display().to_string();
    says(&["-a", &file, &listener.url("rw/no/such/x")], &text);
    let output = run(&["-r", &site.dir("ro"), &listener.url("rw/")]);
    let text = "ERROR: daemon refused to receive directory \"hidden\"\n\
                *** Skipping any contents from this failed directory ***\n";
    assert!(stderr(&output).starts_with(text), "{}", stderr(&output));
    assert!(!site.path("rw/hidden").exists());
}

#[test]
fn received_links_do_not_lead_out_of_the_module() {
    let site = Site::new("[rw]\npath=DIR/rw\nread only=no\nmunge symlinks=no\n");
    write(&site.path("ro/d/a"), "one");
    let links = [
        ("abs", "/etc/passwd", "etc/passwd"),
        ("up", "../../x", "x"),
        ("top", "..", "."),
        ("in", "a/../../b", "b"),
        ("d/up", "../../x/", "../x/"),
    ];
    for (name, target, _) in links {
        symlink(target, site.path("ro").join(name)).unwrap();
    }
    let listener = site.listen();
    for _ in 0..2 {
        let output = run(&["-ai", &site.dir("ro"), &listener.url("rw/")]);
        succeeds(&output);
        for (name, _, target) in links {
            assert_eq!(fs::read_link(site.path("rw").join(name)).unwrap(), Path::new(target));
        }
    }
    let output = run(&["-ai", &site.dir("ro"), &listener.url("rw/")]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}

#[test]
fn names_of_users_are_bytes() {
    let site = Site::new(
        "secrets file=DIR/secrets\nstrict modes=no\n\
         [one]\npath=DIR/ro\nauth users=annBYTE:ro\n[two]\npath=DIR/ro\nauth users=BYTE\n",
    );
    fs::write(site.path("secrets"), b"ann\xff:pw 1\n\xef\xbf\xbd:pw 1\n").unwrap();
    let listener = site.listen();
    let pull = |module: &str| {
        let url = listener.url(module).into_bytes();
        let url = [&url[..8], b"ann\xff@", &url[8..]].concat();
        run(&["-r".into(), OsString::from_vec(url), site.dir("got").into()])
    };
    succeeds(&pull("one/"));
    assert!(!pull("two/").status.success());
    let log = fs::read(site.path("log")).unwrap();
    for line in [
        &b"rsync on one/ from ann\xff@UNDETERMINED (127.0.0.1)\n"[..],
        b" from UNDETERMINED (127.0.0.1) for ann\xff: no matching rule\n",
    ] {
        assert!(log.windows(line.len()).any(|part| part == line), "{}", site.log());
    }
}

#[test]
fn hooks_run_around_a_transfer() {
    let site = Site::new(
        "[ok]\npath=DIR/ro\npre-xfer exec=echo $RSYNC_REQUEST $RSYNC_ARG0 $RSYNC_USER_NAME > DIR/before\n\
         early exec=cat > DIR/early; echo $RSYNC_REQUEST >> DIR/early\n\
         post-xfer exec=echo $RSYNC_MODULE_NAME $RSYNC_EXIT_STATUS $RSYNC_RAW_STATUS > DIR/after\n\
         [no]\npath=DIR/ro\npre-xfer exec=echo so; printf 'th\\377ere\\r\\n'; exit 3\n\
         post-xfer exec=echo $RSYNC_EXIT_STATUS > DIR/no\n\
         [early]\npath=DIR/ro\nearly exec=exit 1\npost-xfer exec=echo $RSYNC_EXIT_STATUS > DIR/none\n\
         [user]\npath=DIR/ro\nauth users=*\nsecrets file=DIR/secrets\nstrict modes=no\n\
         pre-xfer exec=echo %RSYNC_USER_NAME% > DIR/user\n",
    );
    write(&site.path("ro/a"), "one");
    write(&site.path("secrets"), "ann:pw 1\na;b:pw 1\n");
    let listener = site.listen();
    let read = |name: &str| {
        for _ in 0..1000 {
            match fs::read_to_string(site.path(name)) {
                Ok(text) if text.ends_with('\n') => return text,
                _ => thread::sleep(Duration::from_millis(10)),
            }
        }
        panic!("no {name}");
    };
    let pull = |from: &str| run(&["-r", &listener.url(from), &site.dir("got")]);
    succeeds(&pull("ok/a"));
    assert_eq!(read("before"), "ok/a rsyncd\n");
    assert_eq!(read("early"), "(NONE)\n");
    assert_eq!(read("after"), "ok 0 0\n");
    let output = pull("no/a");
    assert_eq!(output.status.code(), Some(4));
    let text = "pre-xfer exec returned failure (768):\nso\nth\\#377ere\n";
    assert!(stderr(&output).contains(text), "{}", stderr(&output));
    assert_eq!(read("no"), "4\n");
    assert!(stderr(&pull("early/a")).contains("@ERROR: early exec failed\n"));
    assert_eq!(read("none"), "255\n");
    let login = |user: &str| {
        let url = listener.url("user/a").replace("127.0.0.1", &format!("{user}@127.0.0.1"));
        run(&["-r", &url, &site.dir("got")])
    };
    succeeds(&login("ann"));
    assert_eq!(read("user"), "ann\n");
    assert!(!login("a;b").status.success());
    assert!(site.log().contains("%RSYNC_USER_NAME% holds a shell metacharacter"));
}

#[test]
fn what_cannot_be_read_may_be_left_out() {
    if !fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0) {
        eprintln!("skipped: only root serves as somebody else");
        return;
    }
    let site = Site::new("[m]\npath=DIR/ro\nuid=nobody\ngid=nogroup\nignore nonreadable=yes\n");
    for name in ["a", "secret", "shut/b"] {
        write(&site.path("ro").join(name), "text");
    }
    let set = |name: &str, mode| {
        fs::set_permissions(site.path(name), PermissionsExt::from_mode(mode)).unwrap();
    };
    set("ro/secret", 0o600);
    set("ro/shut", 0o711);
    set("", 0o755);
    let listener = site.listen();
    succeeds(&run(&["-r", &listener.url("m/"), &site.dir("got")]));
    let names: Vec<_> =
        fs::read_dir(site.path("got")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["a"]);
    let output = run(&["-r", &listener.url("m/secret"), &site.dir("got")]);
    assert!(stderr(&output).contains("send_files failed to open \"secret\" (in m)"));
}
