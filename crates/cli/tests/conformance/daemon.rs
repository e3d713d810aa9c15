//! The text phase of a daemon, from either end, and what follows it.

use crate::peer::{DIR, Peer, Site, TOP, entry, file, hex, identity, is_rsync, list, tag};

const GREETING: &[u8] = b"@RSYNCD: 32.0 sha512 sha256 sha1 md5 md4\n";

/// A client of `URL/mod/f`, with `lines` said to it before the connection closes.
fn told(words: &[&str], lines: &[&[u8]]) -> crate::peer::End {
    let mut all = words.to_vec();
    all.extend(["URL/mod/f", "dest/"]);
    let mut peer = Site::new().env("RSYNC_PASSWORD", "pw d").daemon_client(&all);
    peer.raw(&lines.concat());
    peer.end()
}

#[test]
fn a_client_is_told_why_it_cannot_go_on() {
    let long = [b"@RSYNCD: 32.0 md5 ", &vec![b'x'; 6000][..], b"\n"].concat();
    let overlong = [&long[..]];
    let rows: Vec<(&[&[u8]], i32, &str)> = vec![
        (&[b"220 mail ready\n"], 5, "rsync: server sent \"220 mail ready\" rather than greeting"),
        (&[b"@RSYNCD: 31\n"], 5, "rsync: the server omitted the subprotocol value: @RSYNCD: 31"),
        (&[b"@RSYNCD: 32.0\n"], 5, "rsync: the server omitted the digest name list: @RSYNCD: 32.0"),
        (&[], 5, "rsync: did not see server greeting"),
        (&[b"@RSYNCD: 32.0 md5"], 5, "rsync: did not see server greeting"),
        (&overlong, 5, "rsync: did not see server greeting"),
        (&[b"@RSYN\0CD: 32.0 md5\n"], 5, "rsync: did not see server greeting"),
        (&[GREETING], 5, "rsync: didn't get server startup line"),
        (&[GREETING, b"hello\n"], 5, "rsync: didn't get server startup line"),
        (&[GREETING, b"@ERROR: Unknown module 'mod'\n"], 5, "@ERROR: Unknown module 'mod'"),
        (&[GREETING, b"@ERROR\n"], 5, "@ERROR"),
        (
            &[b"@RSYNCD: 32.0 crc32\n", b"@RSYNCD: AUTHREQD QUJD\n"],
            4,
            "Failed to negotiate a daemon auth checksum choice.",
        ),
    ];
    for (lines, code, text) in rows {
        let end = told(&[], lines);
        assert_eq!(end.code, Some(code), "{text}: {}", end.stderr);
        assert!(end.stderr.contains(text), "{text}: {}", end.stderr);
    }
    // A daemon that ends without an error.
    let end = told(&[], &[GREETING, b"welcome\n", b"@RSYNCD: EXIT\n"]);
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    assert_eq!(end.stdout, "welcome\n");
    let end = told(&["--no-motd"], &[GREETING, b"welcome\n", b"@RSYNCD: EXIT\n"]);
    assert_eq!((end.code, end.stdout.as_str()), (Some(0), ""));
    // CR is no part of a line, and lines that nobody knows are for the user.
    let end = told(&[], &[GREETING, b"a\r\n@RSYNCD: NEW\n@RSYNCD: EXIT\r\n"]);
    assert_eq!((end.code, end.stdout.as_str()), (Some(0), "a\n@RSYNCD: NEW\n"));
}

#[test]
fn a_client_logs_in() {
    for (greeting, answer) in [
        (
            "32.0 md4 md5 sha1 sha256 sha512",
            "gSTbJiYN4ShEfoHzorn/IdSteffabE2cuYw9YhmwT0PjlyyA82YoaliKe9Ysg+vNQvB7KpFVe9wWr70OZak8iw",
        ),
        ("32.0 md5 sha256", "1ZjSU59psm2SysvtA5t4fkyTlkh7QWPYoJVWV3cTYjk"),
        ("32.0 sha1 md5", "+iuj8oVB7XggwE/IkpAVcFrfrD4"),
        ("32.0 md5", "I+bCt4c/61DrsFNTGV8qrw"),
        ("32.0 md4", "/6q4DcSEX7v32Zba1elcvA"),
        ("31.0", "I+bCt4c/61DrsFNTGV8qrw"),
        ("29", "cQfqafjXUAZ3yHwMn8SFzw"),
    ] {
        let site = Site::new().env("RSYNC_PASSWORD", "pw d");
        let mut peer = site.daemon_client(&["URL/mod/f", "dest/"]);
        peer.raw(format!("@RSYNCD: {greeting}\n@RSYNCD: AUTHREQD QUJD\n").as_bytes());
        assert_eq!(peer.line().as_bytes(), GREETING);
        assert_eq!(peer.line(), "mod\n");
        assert_eq!(peer.line(), format!("ann {answer}\n"), "{greeting}");
        peer.raw(b"@ERROR: auth failed on module mod\n");
        peer.fails(5, "@ERROR: auth failed on module mod");
    }
}

#[test]
fn a_client_lists_modules() {
    let mut peer = Site::new().daemon_client(&["URL/"]);
    peer.raw(GREETING);
    assert_eq!(peer.line().as_bytes(), GREETING);
    let request = peer.line();
    assert!(matches!(request.as_str(), "#list\n" | "\n"), "{request:?}");
    peer.raw(b"mod            \tthe module\n@RSYNCD: EXIT\n");
    let end = peer.succeeds();
    assert_eq!(end.stdout, "mod            \tthe module\n");
}

/// The arguments behind the `OK` of a daemon of `version`.
fn arguments(version: &str, words: &[&str]) -> Vec<u8> {
    let mut peer = Site::new().daemon_client(words);
    peer.raw(format!("@RSYNCD: {version}\n@RSYNCD: OK\n").as_bytes());
    peer.line();
    peer.line();
    let end: &[u8] = if version.starts_with('2') { b"\n\n" } else { b"\0\0" };
    let mut bytes = Vec::new();
    while !bytes.ends_with(end) {
        bytes.extend(peer.take_raw(1));
    }
    bytes
}

#[test]
fn arguments_have_the_form_of_the_version() {
    let new = "32.0 md5";
    let push = ["-r", "src/", "URL/mod/x"];
    let words = |bytes: &[&str], end: &str| (bytes.join(end) + end + end).into_bytes();
    let full = ["--server", "-re.iLsfxCIvu", ".", "mod/x"];
    assert_eq!(arguments(new, &push), words(&full, "\0"));
    let old = arguments("29", &push);
    assert!(old.starts_with(b"--server\n-r") && old.ends_with(b"\n.\nmod/x\n\n"), "{old:?}");
    let pull = ["-r", "--no-inc-recursive", "URL/mod", "URL/mod/-x", "dest/"];
    let sources = ["--server", "--sender", "-re.LsfxCIvu", ".", "mod/", "mod/-x"];
    assert_eq!(arguments(new, &pull), words(&sources, "\0"));
    // What would be split where the module is named again.
    let split = ["-r", "src/", "URL/mod/a mod/b"];
    let guarded = ["--server", "-re.iLsfxCIvu", ".", "mod/a[ ]mod/b"];
    assert_eq!(arguments(new, &split), words(&guarded, "\0"));
    let first = ["--server", "-sre.iLsfxCIvu"];
    assert_eq!(arguments(new, &["-rs", "src/", "URL/mod/x y"]), words(&first, "\0"));
}

/// A connection to the module `rw` of a daemon, up to its answer to the arguments.
fn module(config: &str, version: u8, words: &[&str]) -> Peer {
    let site = Site::new().file("src/f", "hello\n");
    let mut peer = site.daemon(&format!(
        "[rw]\npath=DIR/dest\nread only=no\n[ro]\npath=DIR/src\n[wo]\npath=DIR/src\nwrite only=yes\nread only=no\n{config}"
    ));
    assert_eq!(peer.line().as_bytes(), GREETING);
    let module = words[words.len() - 1].split('/').next().unwrap();
    let digests = if version >= 32 { " md5" } else { "" };
    peer.raw(format!("@RSYNCD: {version}.0{digests}\n{module}\n").as_bytes());
    assert_eq!(peer.line(), "@RSYNCD: OK\n");
    let end = if version < 30 { "\n" } else { "\0" };
    peer.raw((words.join(end) + end + end).as_bytes());
    peer
}

#[test]
fn refusals_come_as_messages() {
    let config = "[no]\npath=DIR/dest\nread only=no\nrefuse options=delete\n";
    let push = ["--server", "-e.f", "--delete", ".", "no/"];
    let mut peer = module(config, 32, &push);
    // Flags and seed come first.
    peer.take_raw(1 + 4);
    peer.frame_both();
    peer.next_frame();
    assert_eq!(peer.messages[0].0, tag::ERROR);
    let end = peer.fails(4, "The server is configured to refuse --delete\n");
    let exits = end.payloads(tag::ERROR_EXIT);
    assert_eq!(exits[0], [4, 0, 0, 0]);
    assert!(end.stderr.contains("rsync error: requested action not supported (code 4) at "));
}

#[test]
fn a_module_may_be_read_only_or_write_only() {
    for (words, text) in [
        (["--server", "-re.f", "--checksum-choice=none", ".", "ro/"], "ERROR: module is read only"),
        (["--server", "--sender", "-re.f", ".", "wo/"], "ERROR: module is write only"),
    ] {
        if is_rsync() && text.ends_with("write only") {
            continue;
        }
        let mut peer = module("", 32, &words);
        peer.expect("0E");
        peer.take_raw(4);
        peer.frame_both();
        let end = peer.fails(1, text);
        assert_eq!(end.payloads(tag::ERROR_EXIT)[0], [1, 0, 0, 0]);
        let mut peer = module("", 30, &words);
        peer.expect("0E");
        peer.take_raw(4);
        peer.frame_both();
        let end = peer.fails(1, text);
        assert!(end.payloads(tag::ERROR_EXIT).is_empty());
    }
}

#[test]
fn clients_of_a_read_only_module_end_with_1_or_12() {
    for (version, code) in [(32, 1), (30, 12)] {
        let site = Site::new().file("src/f", "hello\n");
        let config = format!(
            "use chroot=no\nreverse lookup=no\n{}[ro]\npath={}\n",
            identity(),
            site.path("src").display()
        );
        std::fs::write(site.path("rsyncd.conf"), config).unwrap();
        let shell = format!(
            "#!/bin/sh\nexec {} --server --daemon --config={} .\n",
            crate::peer::program().display(),
            site.path("rsyncd.conf").display()
        );
        std::fs::write(site.path("rsh"), shell).unwrap();
        let rsh = format!("--rsh=sh {}", site.path("rsh").display());
        let protocol = format!("--protocol={version}");
        let end = site.run(&["-r", &protocol, &rsh, "src/", "host::ro/"]);
        assert_eq!(end.code, Some(code), "{}", end.stderr);
        assert!(end.stderr.contains("ERROR: module is read only"), "{}", end.stderr);
    }
}

#[test]
fn a_timeout_is_announced_since_protocol_31() {
    let words = ["--server", "-e.f", "--checksum-choice=none", ".", "slow/"];
    let config = "[slow]\npath=DIR/dest\nread only=no\ntimeout=50\n";
    for (version, announced) in [(32, true), (31, true), (30, false)] {
        let mut peer = module(config, version, &words);
        peer.expect("0E");
        peer.take_raw(4);
        peer.frame_both();
        peer.put(&hex("00"));
        if version == 30 {
            // Names of ids do not follow without -o and -g.
            peer.expect("00");
        } else {
            peer.put(&[]);
            peer.expect("00");
        }
        let first = peer.messages.first().cloned();
        let expected = announced.then(|| (tag::IO_TIMEOUT, vec![50, 0, 0, 0]));
        assert_eq!(first, expected, "{version}");
    }
    // The smaller of both wins.
    for (own, announced) in [("20", 20), ("70", 50)] {
        let own = format!("--timeout={own}");
        let words = ["--server", "-e.vf", "--checksum-choice=none", &own, ".", "slow/"];
        let mut peer = module(config, 32, &words);
        peer.expect("808E");
        peer.take_raw(4);
        peer.frame_both();
        peer.put(&list(&[]));
        peer.expect("00");
        assert_eq!(peer.messages[0], (tag::IO_TIMEOUT, vec![announced, 0, 0, 0]));
    }
}

#[test]
fn a_daemon_serves_what_its_arguments_name() {
    let take = |words: &[&str]| {
        let mut peer = module("", 32, words);
        peer.expect("8086");
        peer.take_raw(4);
        peer.frame_both();
        peer.send("00000000");
        peer.take_list()
    };
    let server = ["--server", "--sender", "-re.v", "--checksum-choice=none", "."];
    let with = |paths: &[&'static str]| [&server[..], paths].concat();
    assert_eq!(take(&with(&["ro/f"])), ["f"]);
    assert_eq!(take(&with(&["ro/f ro/f"])), ["f", "f"]);
    assert_eq!(take(&with(&["ro/*"])), ["f"]);
    assert_eq!(take(&with(&["ro/../../f"])), ["f"]);
    assert_eq!(take(&with(&["ro/x", "ro/f"])), ["f"]);
    let mut names = take(&with(&["ro/"]));
    names.sort();
    assert_eq!(names, [".", "f"]);
    // A wildcard with a backslash stands for itself.
    let (site, words) =
        (Site::new().file("src/st*r", "1").file("src/star", "2"), with(&["m/st\\*r"]));
    let mut peer = site.daemon("[m]\npath=DIR/src\n");
    peer.line();
    peer.raw(b"@RSYNCD: 32.0 md5\nm\n");
    peer.line();
    peer.raw((words.join("\0") + "\0\0").as_bytes());
    peer.expect("8086");
    peer.take_raw(4);
    peer.frame_both();
    peer.send("00000000");
    assert_eq!(peer.take_list(), ["st*r"]);
    // Options may have one backslash before what a shell would take.
    let escaped = ["--server", "--sender", "-re.v", "--checksum-choice\\=none", ".", "ro/f"];
    assert_eq!(take(&escaped), ["f"]);
}

#[test]
fn the_root_entry_is_no_way_out() {
    let words = ["--server", "-rlte.v", "--checksum-choice=none", "--force", ".", "rw/"];
    for (bad, text, code) in [
        (file(".", 1), "ERROR: rejecting non-directory transfer-root entry: .", 2),
        (file("../x", 1), "ABORTING due to unsafe pathname from sender: ../x", 4),
        (file("/x", 1), "ABORTING due to unsafe pathname from sender: /x", 4),
    ] {
        let mut peer = module("", 32, &words);
        peer.expect("8086");
        peer.take_raw(4);
        peer.frame_both();
        peer.put(&list(&[entry(TOP, b"d", 0, DIR, b""), bad]));
        let end = peer.fails(code, text);
        assert!(end.site.dest().is_empty());
    }
}

#[test]
fn early_input_has_a_limit() {
    for (len, accepted) in [(0usize, false), (5120, true), (5121, false)] {
        let mut peer = Site::new().daemon("[m]\npath=DIR/src\n");
        peer.line();
        let input = format!("#early_input={len}\n{}", "x".repeat(len));
        peer.raw(format!("@RSYNCD: 32.0 md5\n{input}m\n").as_bytes());
        let expected = match accepted {
            true => "@RSYNCD: OK\n",
            false => "@ERROR: invalid early_input length\n",
        };
        assert_eq!(peer.line(), expected, "{len}");
    }
    let mut peer = Site::new().daemon("[m]\npath=DIR/src\n");
    peer.line();
    peer.raw(b"@RSYNCD: 32.0 md5\n#early_input=1\nx#early_input=1\nxm\n");
    assert_eq!(peer.line(), "@ERROR: Unknown command '#early_input=1'\n");
}

#[test]
fn a_login_needs_a_common_digest() {
    let site = || Site::new().file("secrets", "ann:pw d\n");
    let config = "[m]\npath=DIR/src\nauth users=ann\nsecrets file=DIR/secrets\nstrict modes=no\n";
    let mut peer = site().daemon(config);
    peer.line();
    peer.raw(b"@RSYNCD: 32.0 crc32 frob\nm\n");
    let text = "@ERROR: your client does not support one of our daemon-auth checksums: sha512 sha256 sha1 md5 md4\n";
    assert_eq!(peer.line(), text);
    let mut peer = site().daemon(config);
    peer.line();
    peer.raw(b"@RSYNCD: 32.0 md5\nm\n");
    let challenge = peer.line();
    assert!(challenge.starts_with("@RSYNCD: AUTHREQD "), "{challenge}");
    peer.raw(b"ann AAAAAAAAAAAAAAAAAAAAAA\n");
    assert_eq!(peer.line(), "@ERROR: auth failed on module m\n");
}

#[test]
fn the_message_of_the_day_follows_the_greeting() {
    let site = Site::new().file("motd", "be nice\n");
    let mut peer = site.daemon("motd file=DIR/motd\n[m]\npath=DIR/src\n");
    // Before anything was read.
    assert_eq!(peer.line().as_bytes(), GREETING);
    peer.raw(b"@RSYNCD: 32.0 md5\nm\n");
    assert_eq!(peer.line(), "be nice\n");
    assert_eq!(peer.line(), "\n");
    assert_eq!(peer.line(), "@RSYNCD: OK\n");
}
