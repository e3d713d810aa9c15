//! The daemon as a process: scripted clients for what it says, our own client (and rsync, where installed) for
//! transfers.

#[path = "daemon/site.rs"]
mod site;
#[path = "daemon/transfers.rs"]
mod transfers;

use site::*;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpStream},
    process::Command,
    thread,
    time::Duration,
};
use testkit::run::write_script;

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
fn names_of_modules_are_bytes() {
    let site =
        Site::new("nonsense BYTE\n[ä BYTE]\ncomment = BYTE\n[bBYTE]\npath=DIR/ro\nhosts deny=*\n");
    for (request, answer) in [
        (&b""[..], &b"\xc3\xa4 \xff           \t\xff\nb\xff             \t\n@RSYNCD: EXIT\n"[..]),
        (b"#\xff", b"@ERROR: Unknown command '#\xff'\n"),
        (b"\xff", b"@ERROR: Unknown module '\xff'\n"),
        (b"\xc3\xa4 \xff", b"@ERROR: no path setting.\n"),
        (b"b\xff", b"@ERROR: access denied to b\xff from UNDETERMINED (127.0.0.1)\n"),
    ] {
        let request = [GREETING.as_bytes(), request, b"\n"].concat();
        assert_eq!(
            site.ask_bytes(&request).0.escape_ascii().to_string(),
            answer.escape_ascii().to_string()
        );
    }
    let log = std::fs::read(site.path("log")).unwrap();
    for line in [
        &b"Ignoring badly formed line in config file: nonsense \xff\n"[..],
        b"unknown module '\xff' tried from",
        b"No path specified for module \xc3\xa4 \xff\n",
        b"rsync denied on module b\xff from",
    ] {
        let found = log.windows(line.len()).any(|part| part == line);
        assert!(found, "{}\n{}", line.escape_ascii(), String::from_utf8_lossy(&log));
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
