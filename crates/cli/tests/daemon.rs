//! The daemon as a process: scripted clients for what it says, our own client (and rsync, where installed) for
//! transfers.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpStream},
    os::{
        fd::OwnedFd,
        unix::{
            fs::{MetadataExt, PermissionsExt, symlink},
            net::UnixStream,
        },
    },
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};
use tempfile::TempDir;
use testkit::{Port, run::write_script};

const GREETING: &str = "@RSYNCD: 32.0 sha256 md5\n";

fn program() -> &'static str {
    env!("CARGO_BIN_EXE_oxrsync")
}

/// A daemon's files: configuration, log, and what the modules serve.
struct Site {
    dir: TempDir,
}

impl Site {
    /// `DIR` in the configuration is the site's directory.
    fn new(config: &str) -> Site {
        let site = Site { dir: tempfile::tempdir().unwrap() };
        // A test that runs as root serves as root: nobody could not enter its directories.
        let root = fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0);
        let identity = if root { "uid = 0\ngid = 0\n" } else { "" };
        let head =
            "use chroot = no\nreverse lookup = no\nlog file = DIR/log\nlock file = DIR/lock\n";
        let text = format!("{head}{identity}{config}");
        let text = text.replace("DIR", &site.dir.path().display().to_string());
        fs::write(site.path("conf"), text).unwrap();
        for name in ["ro", "rw"] {
            fs::create_dir(site.path(name)).unwrap();
        }
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A path with a slash behind it, for an argument.
    fn dir(&self, name: &str) -> String {
        format!("{}/", self.path(name).display())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// The log's lines without their heads, once the last one is there, and without those of the connection; the log is emptied.
    fn take_log(&self, last: &str) -> Vec<String> {
        for _ in 0..1000 {
            let log = self.log();
            if log.lines().last().is_some_and(|line| line.contains(last)) {
                fs::write(self.path("log"), "").unwrap();
                let text = |line: &str| line.split_once("] ").unwrap().1.to_string();
                let lines = log.lines().map(text);
                return lines
                    .filter(|line| !line.contains("UNDETERMINED") && !line.contains("starting"))
                    .collect();
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("no {last:?} in\n{}", self.log());
    }

    fn command(&self) -> Command {
        let mut command = Command::new(program());
        command.arg("--daemon").arg(format!("--config={}", self.path("conf").display()));
        command
    }

    /// Serves one connection as inetd would.
    fn connect(&self) -> (UnixStream, Child) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let child = self.command().stdin(Stdio::from(OwnedFd::from(theirs))).spawn().unwrap();
        (ours, child)
    }

    /// What the daemon answers behind its greeting, and its exit code.
    fn ask(&self, request: &[u8]) -> (String, Option<i32>) {
        let (mut stream, mut child) = self.connect();
        // A daemon that refuses may stop reading.
        let _refused = stream.write_all(request);
        let mut reader = BufReader::new(stream);
        let mut hello = String::new();
        reader.read_line(&mut hello).unwrap();
        assert_eq!(hello, "@RSYNCD: 32.0 sha512 sha256 sha1 md5 md4\n");
        let mut answer = Vec::new();
        let _reset = reader.read_to_end(&mut answer);
        drop(reader);
        (String::from_utf8_lossy(&answer).into_owned(), child.wait().unwrap().code())
    }

    fn module(&self, name: &str) -> String {
        self.ask(format!("{GREETING}{name}\n").as_bytes()).0
    }

    /// A listener; it ends with the value.
    fn listen(&self) -> Listener {
        let port = Port::keep();
        let pid_file = self.path("pid");
        let mut command = self.command();
        command
            .args(["--address=127.0.0.1", &format!("--port={}", port.number)])
            .arg(format!("--dparam=pid file={}", pid_file.display()));
        // It detaches, and returns once it listens.
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        Listener { port, pid_file }
    }
}

struct Listener {
    port: Port,
    pid_file: PathBuf,
}

impl Listener {
    fn url(&self, path: &str) -> String {
        format!("rsync://127.0.0.1:{}/{path}", self.port.number)
    }

    fn pid(&self) -> String {
        fs::read_to_string(&self.pid_file).unwrap_or_default().trim().to_string()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let pid = self.pid();
        if !pid.is_empty() {
            let _ended = Command::new("kill").arg(pid).status();
        }
    }
}

fn run(args: &[&str]) -> Output {
    run_with(program(), args)
}

fn run_with(program: &str, args: &[&str]) -> Output {
    Command::new(program).args(args).env("RSYNC_PASSWORD", "pw 1").output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn succeeds(output: &Output) {
    assert!(output.status.success(), "{}", stderr(output));
}

fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

#[test]
fn scripted_clients_are_told_what_is_wrong() {
    let site = Site::new("[one]\npath=DIR/ro\ncomment = the one\n[two]\npath=DIR/ro\nlist=no\n");
    let list = "one            \tthe one\n".to_string();
    let listing = format!("{list}@RSYNCD: EXIT\n");
    let error = |text: &str| format!("@ERROR: {text}\n");
    let name = "x".repeat(1022);
    for (request, answer) in [
        ("@RSYNCD: 30\n", error("your client omitted the subprotocol value: @RSYNCD: 30")),
        ("@RSYNCD: 32.0\n", error("your client omitted the digest name list: @RSYNCD: 32.0")),
        ("foo\n", error("protocol startup error")),
        ("@RSYNCD: 29\r\n#list\r\n", listing.clone()),
        ("@RSYNCD: 24\n\n", list),
        ("@RSYNCD: 32.0 x\n\n", listing.clone()),
        ("@RSYNCD: 32.0 x\n#frob\n", error("Unknown command '#frob'")),
        ("@RSYNCD: 32.0 x\n#early_input=0\n", error("invalid early_input length")),
        ("@RSYNCD: 32.0 x\n#early_input=5121\n", error("invalid early_input length")),
        ("@RSYNCD: 32.0 x\n#early_input=2\nab\n", listing),
        ("@RSYNCD: 32.0 x\nONE\n", error("Unknown module 'ONE'")),
        (&format!("{GREETING}{name}\n"), error(&format!("Unknown module '{name}'"))),
        (&format!("{GREETING}{name}x\n"), String::new()),
        ("@RSYNCD: 32.0 x\na\0b\n", String::new()),
    ] {
        assert_eq!(site.ask(request.as_bytes()).0, answer, "{request:?}");
    }
}

#[test]
fn modules_are_refused_with_the_reason() {
    let site = Site::new(
        "timeout = 1\n\
         [denied]\npath=DIR/ro\nhosts deny=*\n\
         [hidden]\npath=DIR/ro\nhosts deny=*\nlist=no\n\
         [full]\npath=DIR/ro\nmax connections=-1\n\
         [nolock]\npath=DIR/ro\nmax connections=1\nlock file=/nonexistent/x\n\
         [nopath]\n\
         [charset]\npath=DIR/ro\ncharset=nosuch\n\
         [nodir]\npath=DIR/none\n\
         [nobody]\npath=DIR/ro\nuid=no such user\n\
         [later]\npath=DIR/ro\nname converter=x\n\
         [rules]\npath=DIR/ro\nexclude from=DIR/none\n\
         [one]\npath=DIR/ro\nmax connections=1\n",
    );
    for (module, answer) in [
        ("denied", "@ERROR: access denied to denied from UNDETERMINED (127.0.0.1)\n"),
        ("hidden", "@ERROR: Unknown module 'hidden'\n"),
        ("full", "@ERROR: max connections (-1) reached -- try again later\n"),
        ("nolock", "@ERROR: failed to open lock file\n"),
        ("nopath", "@ERROR: no path setting.\n"),
        ("charset", ""),
        ("nodir", "@ERROR: chdir failed\n"),
        ("nobody", "@ERROR: invalid uid no such user\n"),
        ("later", "@ERROR: module later sets nameconverter: not supported yet\n"),
        ("rules", ""),
    ] {
        assert_eq!(site.module(module), answer);
    }
    // One connection is inside and silent; the next finds no slot until the deadline has ended the first.
    let (mut first, mut child) = site.connect();
    first.write_all(format!("{GREETING}one\n").as_bytes()).unwrap();
    let mut reader = BufReader::new(first);
    let mut lines = String::new();
    while !lines.ends_with("@RSYNCD: OK\n") {
        assert!(reader.read_line(&mut lines).unwrap() > 0, "{lines}");
    }
    assert_eq!(site.module("one"), "@ERROR: max connections (1) reached -- try again later\n");
    assert_eq!(child.wait().unwrap().code(), Some(30));
    assert!(site.log().contains("daemon handshake timeout -- exiting"));
    assert!(site.module("one").starts_with("@RSYNCD: OK\n"));
}

#[test]
fn arguments_are_limited_and_cannot_change_what_the_server_is() {
    let site = Site::new("[rw]\npath=DIR/rw\nread only=no\n");
    let ask = |words: &[u8]| site.ask(&[GREETING.as_bytes(), b"rw\n", words].concat());
    let (_, code) = ask(&[b"--server\0.\0".as_slice(), &b"rw/a\0".repeat(16_100), b"\0"].concat());
    assert_eq!(code, Some(2));
    assert!(site.log().contains("too many daemon arguments"));
    let (_, code) = ask(&[b'x'; 6000]);
    assert_eq!(code, Some(2));
    let (answer, code) = ask(b"--server\0--daemon\0.\0\0");
    assert!(answer.contains("Attempt to hack rsync thwarted!"), "{answer:?}");
    assert_eq!(code, Some(4));
    let (answer, code) = ask(b"--server\0--log-file=/tmp/x\0.\0rw/\0\0");
    assert!(answer.contains("The server is configured to refuse --log-file\n"), "{answer:?}");
    assert_eq!(code, Some(4));
}

#[test]
fn a_proxy_speaks_for_its_client() {
    let proxy = "proxy protocol=yes\nproxy protocol hosts=127.0.0.1\n";
    let site = Site::new(&format!("{proxy}[m]\npath=DIR/ro\nhosts allow=10.1.2.3\n"));
    let ask = |site: &Site, header: &str| {
        let (mut stream, mut child) = site.connect();
        let _dropped = stream.write_all(format!("{header}{GREETING}m\n").as_bytes());
        stream.shutdown(Shutdown::Write).unwrap();
        // What comes behind the text phase is no text.
        let mut answer = Vec::new();
        let _reset = stream.read_to_end(&mut answer);
        child.wait().unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    let header = "PROXY TCP4 10.1.2.3 10.0.0.1 1 2\r\n";
    let answer = ask(&site, header);
    assert!(answer.contains("@RSYNCD: OK\n"), "{answer}\n{}", site.log());
    let denied = ask(&site, "PROXY TCP4 10.1.2.4 10.0.0.1 1 2\r\n");
    let text = "@ERROR: access denied to m from UNDETERMINED (10.1.2.4)\n";
    assert!(denied.ends_with(text), "{denied}");
    assert_eq!(ask(&site, ""), "");
    let untrusting = Site::new("proxy protocol=yes\n[m]\npath=DIR/ro\n");
    assert_eq!(ask(&untrusting, header), "");
    assert!(untrusting.log().contains("proxy protocol rejected from untrusted peer"));
}

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
fn a_listener_holds_its_pid_file_until_it_is_told_to_stop() {
    let site = Site::new("[ro]\npath=DIR/ro\n");
    let listener = site.listen();
    let pid = listener.pid();
    let pid_file = format!("--dparam=pid file={}", listener.pid_file.display());
    let second = site.command().args(["--address=127.0.0.1", &pid_file]).output().unwrap();
    assert_eq!(second.status.code(), Some(11));
    assert!(stderr(&second).contains("failed to lock pid file"), "{}", stderr(&second));
    assert_eq!(listener.pid(), pid);
    let port = listener.port.number;
    let taken =
        site.command().args(["--address=127.0.0.1", &format!("--port={port}")]).output().unwrap();
    assert_eq!(taken.status.code(), Some(10));
    let text = format!("unable to bind any inbound sockets on port {port}");
    assert!(stderr(&taken).contains(&text), "{}", stderr(&taken));
    // A broken configuration drops connections, not the listener.
    let good = fs::read_to_string(site.path("conf")).unwrap();
    fs::write(site.path("conf"), "[]\n").unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    assert_eq!(answer, b"");
    fs::write(site.path("conf"), good).unwrap();
    succeeds(&run(&[&listener.url("")]));
    assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    while listener.pid_file.exists() {
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_daemon_over_a_remote_shell_serves_the_shell_s_client() {
    let site = Site::new("[ro]\npath=DIR/ro\n");
    write(&site.path("ro/a"), "one");
    let shell = site.path("rsh");
    let script =
        "#!/bin/sh\nshift\nexport SSH_CONNECTION='10.9.8.7 1 10.0.0.1 22'\nexec sh -c \"$*\"\n";
    write_script(&shell, script);
    let server = format!("--rsync-path={} --config={}", program(), site.path("conf").display());
    let output =
        run(&["-r", &server, "-e", shell.to_str().unwrap(), "host::ro/", &site.dir("got")]);
    succeeds(&output);
    assert_eq!(fs::read_to_string(site.path("got/a")).unwrap(), "one");
    let log = site.log();
    assert!(log.contains("connect from UNDETERMINED (10.9.8.7)"), "{log}");
    assert!(!log.contains("allowed access"), "{log}");
}

#[test]
fn a_daemon_over_a_remote_shell_says_what_is_wrong_with_its_configuration() {
    let site = Site::new("[ro]\npath=DIR/ro\n");
    fs::write(site.path("open"), "[ro\npath=/\n").unwrap();
    let cases = [
        (site.path("none"), "", "", "Receiver"),
        (site.path("open"), "", "", "Receiver"),
        (site.path("conf"), "--dparam=foo=1", "Unknown parameter \"foo\"\n", "server"),
    ];
    for (config, option, before, role) in cases {
        for program in [program(), "rsync"] {
            let config = format!("--config={}", config.display());
            let words = ["--server", "--daemon", &config, option, "."];
            let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
            let output = run_with(program, &words);
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{said}");
            let error = format!("{before}rsync error: syntax or usage error (code 1) at ");
            assert!(said.starts_with(&error), "{said}");
            assert!(said.ends_with(&format!(" [{role}=3.5.0]\n")), "{said}");
        }
    }
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
fn a_client_that_is_killed_frees_its_slot() {
    let site = Site::new("[rw]\npath=DIR/rw\nread only=no\nmax connections=1\n");
    fs::File::create(site.path("ro/big")).unwrap().set_len(1 << 30).unwrap();
    let listener = site.listen();
    let args = ["--bwlimit=1m", &format!("{}big", site.dir("ro")), &listener.url("rw/")];
    let mut client = Command::new(program()).args(args).spawn().unwrap();
    while !site.log().contains("receiving file list") {
        thread::sleep(Duration::from_millis(10));
    }
    let refused = stderr(&run(&[&listener.url("rw/")]));
    assert!(refused.contains("@ERROR: max connections (1) reached"), "{refused}");
    client.kill().unwrap();
    client.wait().unwrap();
    for _ in 0..1000 {
        if run(&[&listener.url("rw/")]).status.success() {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    let log = site.log();
    assert!(log.contains("rsync error: error in rsync protocol data stream (code 12)"), "{log}");
    assert!(log.contains("building file list"), "{log}");
    assert_eq!(fs::read_dir(site.path("rw")).unwrap().count(), 0);
}

#[test]
fn hooks_run_around_a_transfer() {
    let site = Site::new(
        "[ok]\npath=DIR/ro\npre-xfer exec=echo $RSYNC_REQUEST $RSYNC_ARG0 $RSYNC_USER_NAME > DIR/before\n\
         early exec=cat > DIR/early; echo $RSYNC_REQUEST >> DIR/early\n\
         post-xfer exec=echo $RSYNC_MODULE_NAME $RSYNC_EXIT_STATUS $RSYNC_RAW_STATUS > DIR/after\n\
         [no]\npath=DIR/ro\npre-xfer exec=echo so; echo there; exit 3\n\
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
    let text = "pre-xfer exec returned failure (768):\nso\nthere\n";
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
