//! Frames: tags that a role must not get, sizes, timeouts, and how errors end a session.

use crate::peer::{DIR, Peer, Site, TOP, entry, file, is_rsync, list, tag};

/// The three ends that read frames.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    ServerSender,
    ServerReceiver,
    Client,
}

const ROLES: [Role; 3] = [Role::ServerSender, Role::ServerReceiver, Role::Client];

/// A session just behind its handshake.
fn start(role: Role, more: &str) -> Peer {
    let site = Site::new().file("src/f", "hello\n");
    match role {
        Role::ServerSender => {
            let words = format!(
                "--sender -e.LsfxCIvu --checksum-seed=1 --checksum-choice=none {more} . src/f"
            );
            let mut peer = site.server(&words);
            peer.greet_server_chosen("81FE");
            peer
        }
        Role::ServerReceiver => {
            let words =
                format!("-te.LsfxCIvu --checksum-seed=1 --checksum-choice=none {more} . dest/");
            let mut peer = site.server(&words);
            peer.greet_server_chosen("81FE");
            peer
        }
        Role::Client => {
            let mut words = vec!["-t", "--checksum-choice=none", "--no-inc-recursive"];
            words.extend(more.split_whitespace());
            words.extend(["URL/mod/f", "dest/"]);
            let mut peer = site.daemon_client(&words);
            peer.greet_daemon_client("81FE");
            peer.expect("00000000");
            peer
        }
    }
}

/// Finishes a session of [`start`] without any file.
fn finish(mut peer: Peer, role: Role) -> Peer {
    match role {
        Role::ServerSender => {
            peer.send("00000000");
            assert_eq!(peer.take_list(), ["f"]);
            peer.send("00 00 00 00 00");
        }
        Role::ServerReceiver => {
            peer.put(&list(&[]));
            peer.finish_receiver();
        }
        Role::Client => {
            peer.put(&list(&[file("f", 1)]));
            peer.expect("01 00A0 00000000 00000000 00000000 00000000 00");
            peer.frame(tag::NO_SEND, &[0; 4]);
            peer.send("00");
            peer.expect("00 00 00");
            peer.send("00 00 000000 000000 000000 000000 000000 00");
            peer.expect("00");
        }
    }
    peer
}

#[test]
fn frames_that_no_role_may_get() {
    for role in ROLES {
        let long = vec![b'x'; 5120];
        let rows: Vec<(u8, &[u8], &str)> = vec![
            (50, b"", "unexpected tag 50"),
            (20, b"abcd", "unexpected tag 20"),
            (0xff, b"abcd", "unexpected tag "),
            (9, &[0; 4], "invalid multi-message 9:4"),
            (10, &[0; 8], "invalid multi-message 10:8"),
            (tag::IO_ERROR, &[0; 3], "invalid multi-message 22:3"),
            (tag::IO_ERROR, &[0; 5], "invalid multi-message 22:5"),
            (tag::NOOP, b"x", "invalid multi-message 42:1"),
            (tag::ERROR_EXIT, b"xy", "invalid multi-message 86:2"),
            (tag::SUCCESS, b"xyz", "invalid multi-message 100:3"),
            (tag::NO_SEND, b"xyz", "invalid multi-message 102:3"),
            (tag::IO_TIMEOUT, b"xyz", "invalid multi-message 33:3"),
            (tag::ERROR, &long, "multiplexing overflow 3:5120"),
            (tag::INFO, &long, "multiplexing overflow 2:5120"),
        ];
        for (number, payload, text) in rows {
            if is_rsync() && matches!(number, 9 | 10) {
                continue;
            }
            let mut peer = start(role, "");
            peer.frame(number, payload);
            peer.rest_of_list(role);
            let end = peer.fails(12, text);
            assert!(end.payloads(tag::ERROR_EXIT).is_empty());
            assert!(end.site.dest().is_empty());
        }
    }
}

impl Peer {
    /// What makes a role read on.
    fn rest_of_list(&mut self, role: Role) {
        if role == Role::ServerSender {
            self.send("00000000");
        }
    }
}

#[test]
fn messages_of_other_pipes_are_refused() {
    for number in 5..=8 {
        if is_rsync() {
            continue;
        }
        for role in ROLES {
            let mut peer = start(role, "");
            peer.frame(number, b"text\n");
            peer.rest_of_list(role);
            peer.fails(12, &format!("multi-message {number}:5"));
        }
    }
}

#[test]
fn texts_are_printed() {
    let mut peer = start(Role::Client, "");
    let long = [&vec![b'x'; 5117][..], b"y\n"].concat();
    peer.frame(tag::INFO, b"told\n");
    peer.frame(tag::INFO, &long);
    peer.frame(tag::WARNING, b"careful \x1b\n");
    peer.frame(tag::ERROR_XFER, b"broken\n");
    let peer = finish(peer, Role::Client);
    let end = peer.end();
    assert_eq!(end.code, Some(23), "{}", end.stderr);
    assert!(end.stdout.starts_with("told\n"), "{}", end.stdout);
    assert!(end.stdout.contains("xxy\n"));
    assert!(end.stderr.contains("careful \\#033\n"), "{}", end.stderr);
    assert!(end.stderr.contains("broken\n"));
    assert!(end.stderr.contains("(see previous errors) (code 23) at "), "{}", end.stderr);
}

#[test]
fn a_server_s_end_is_the_client_s() {
    let mut peer = start(Role::Client, "");
    peer.frame(tag::ERROR, b"the reason\n");
    peer.frame(tag::ERROR_EXIT, &[4, 0, 0, 0]);
    let end = peer.fails(4, "the reason\n");
    assert!(!end.stderr.contains("rsync error"), "{}", end.stderr);
    let answers = end.payloads(tag::ERROR_EXIT);
    assert_eq!(answers.len(), 1, "{answers:?}");
    if !is_rsync() {
        for payload in [&[][..], &[0; 4], &[0, 1, 0, 0]] {
            let mut peer = start(Role::Client, "");
            peer.frame(tag::ERROR_EXIT, payload);
            assert_eq!(peer.end().code, Some(12));
        }
    }
    for role in [Role::ServerSender, Role::ServerReceiver] {
        let mut peer = start(role, "");
        peer.frame(tag::ERROR_EXIT, &[7, 0, 0, 0]);
        peer.rest_of_list(role);
        let end = peer.end();
        assert_eq!(end.code, Some(7), "{}", end.stderr);
        assert!(!end.stderr.contains("rsync error"), "{}", end.stderr);
    }
}

#[test]
fn timeouts_are_announced_to_clients_only() {
    for role in [Role::ServerSender, Role::ServerReceiver] {
        let mut peer = start(role, "");
        peer.frame(tag::IO_TIMEOUT, &[50, 0, 0, 0]);
        peer.rest_of_list(role);
        peer.fails(12, "invalid multi-message 33:4");
    }
    // Values out of range, and one above the client's own, change nothing.
    for (seconds, more) in [(0, ""), (-1, ""), (86_401, ""), (3_600, "--timeout=600")] {
        let mut peer = start(Role::Client, more);
        peer.frame(tag::IO_TIMEOUT, &i32::to_le_bytes(seconds));
        finish(peer, Role::Client).succeeds();
    }
    for more in ["", "--timeout=600"] {
        let mut peer = start(Role::Client, more);
        peer.frame(tag::IO_TIMEOUT, &[1, 0, 0, 0]);
        // Nothing more comes, and nothing that the client could answer.
        peer.rest();
        peer.fails(30, "io timeout after ");
    }
}

#[test]
fn bits_of_errors_are_masked() {
    for (bits, code) in [(1, 23), (2, 24), (4, 25), (7, 23), (6, 24), (-8, 0), (0x100, 0)] {
        let mut peer = start(Role::Client, "");
        peer.frame(tag::IO_ERROR, &i32::to_le_bytes(bits));
        let end = finish(peer, Role::Client).end();
        assert_eq!(end.code, Some(code), "{bits}: {}", end.stderr);
    }
}

#[test]
fn messages_in_bursts_are_survived() {
    if is_rsync() {
        // It answers each, and the script does not read meanwhile.
        return;
    }
    for role in ROLES {
        let mut peer = start(role, "");
        for _ in 0..20_000 {
            peer.frame(tag::NOOP, b"");
            peer.frame(tag::IO_ERROR, &[0; 4]);
            peer.frame(0, b"");
        }
        if role != Role::ServerSender {
            for _ in 0..20_000 {
                peer.frame(tag::NO_SEND, &[9, 0, 0, 0]);
            }
        }
        finish(peer, role).succeeds();
    }
}

#[test]
fn success_without_the_option_is_ignored() {
    let mut peer = start(Role::ServerSender, "");
    peer.send("00000000");
    assert_eq!(peer.take_list(), ["f"]);
    peer.frame(tag::SUCCESS, &[0; 4]);
    peer.frame(tag::SUCCESS, &[99, 0, 0, 0]);
    peer.send("00 00 00 00 00");
    let end = peer.succeeds();
    assert!(end.site.path("src/f").exists());
}

#[test]
fn frames_of_any_size_and_cut_anywhere() {
    let mut peer = start(Role::ServerReceiver, "");
    let mut stream = list(&[entry(TOP, b"f", 70_000, 0o100_600, b"")]);
    for byte in stream.drain(..) {
        peer.frame(0, &[byte]);
    }
    peer.expect("01 00A0 00000000 00000000 00000000 00000000 00");
    let mut answer = crate::peer::hex("01 00A0 00000000 00000000 00000000 00000000 a0860100");
    answer.extend(vec![b'z'; 100_000]);
    answer.extend([0; 4 + 1 + 1]);
    peer.frame(0, &answer);
    peer.finish_phases();
    let end = peer.succeeds();
    assert_eq!(end.site.read("dest/f").unwrap().len(), 100_000);
}

#[test]
fn closings_are_counted_from_the_framing() {
    let mut peer = start(Role::ServerReceiver, "");
    peer.frame(0, b"");
    peer.send("19");
    peer.fails(12, "rsync: connection unexpectedly closed (9 bytes received so far) [Receiver]");
    let mut peer = Site::new().server("-re. . dest/");
    peer.raw(&[32, 0]);
    peer.fails(12, "rsync: connection unexpectedly closed (0 bytes received so far) [Receiver]");
    let mut peer = Site::new().shell_client(&["-r", "host:x", "dest"]);
    peer.expect("20000000");
    peer.fails(12, "rsync: connection unexpectedly closed (0 bytes received so far) [Receiver]");
}

#[test]
fn signals_end_a_server_with_code_20() {
    let mut peer = start(Role::ServerReceiver, "");
    peer.put(&list(&[entry(TOP, b".", 0, DIR, b""), file("f", 5)]));
    peer.take(3);
    peer.signal("INT");
    // Closing before it is dead would be another reason to end.
    peer.rest();
    let end = peer.end();
    assert!(matches!(end.code, Some(20)), "{:?} {}", end.code, end.stderr);
    assert!(end.site.dest().is_empty());
}

#[test]
fn clients_that_cannot_begin_say_why() {
    let end = Site::new().run(&["-r", "--rsh=/nonexistent/shell", "src/", "host:x"]);
    assert!(matches!(end.code, Some(12 | 14)), "{:?} {}", end.code, end.stderr);
    assert!(end.stderr.contains("Failed to exec /nonexistent/shell"), "{}", end.stderr);
    let end = Site::new().run(&["-r", "--rsh=sh -c 'exit 127'", "src/", "host:x"]);
    assert!(matches!(end.code, Some(127 | 12)), "{:?} {}", end.code, end.stderr);
    // A listener whose queue is full answers nobody.
    let listener =
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    listener.bind(&any.into()).unwrap();
    listener.listen(0).unwrap();
    let full = listener.local_addr().unwrap();
    let fillers: Vec<_> = (0..4)
        .map(|_| {
            let socket =
                socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            // In progress, or waiting like everybody.
            let _waiting = socket.connect(&full);
            socket
        })
        .collect();
    let url = format!("rsync://127.0.0.1:{}/mod/", full.as_socket().unwrap().port());
    let end = Site::new().run(&["--contimeout=1", "-r", "src/", &url]);
    assert_eq!(end.code, Some(35), "{}", end.stderr);
    drop(fillers);
    let end = Site::new().run(&["--contimeout=1", "-r", "src/", "host:x"]);
    assert_eq!(end.code, Some(1), "{}", end.stderr);
    let port = testkit::Port::keep();
    let url = format!("rsync://127.0.0.1:{}/mod/", port.number);
    let end = Site::new().run(&["-r", "src/", &url]);
    assert_eq!(end.code, Some(10), "{}", end.stderr);
    assert!(end.stderr.contains("Connection refused (111)"), "{}", end.stderr);
    let end = Site::new().run(&["-r", "src/", "--", "--rsync-path=x", "-host:x"]);
    assert_eq!(end.code, Some(1), "{}", end.stderr);
}

#[test]
fn signals_end_a_client() {
    for (signal, code) in [("INT", 20), ("TERM", 20), ("HUP", 20), ("USR1", 19)] {
        let mut peer = start(Role::Client, "");
        peer.put(&list(&[file("f", 9)]));
        peer.expect("01 00A0 00000000 00000000 00000000 00000000 00");
        peer.send("01 00A0 00000000 00000000 00000000 00000000 09000000 \"part\"");
        peer.signal(signal);
        peer.rest();
        let end = peer.end();
        assert_eq!(end.code, Some(code), "{signal}: {}", end.stderr);
        assert!(end.site.dest().is_empty(), "{signal}: {:?}", end.site.dest());
    }
}

#[test]
fn a_fatal_line_has_its_shape() {
    let mut peer = start(Role::ServerReceiver, "");
    peer.send("F8");
    let end = peer.fails(12, "Overflow in read_varint()");
    let line = end.stderr.lines().last().unwrap().to_string();
    let head = "rsync error: error in rsync protocol data stream (code 12) at ";
    let tail = ") [Receiver=3.5.0]";
    assert!(line.starts_with(head) && line.ends_with(tail), "{line}");
    let place = &line[head.len()..line.len() - tail.len()];
    let (name, number) = place.split_once('(').expect(place);
    assert!(!name.is_empty() && number.bytes().all(|b| b.is_ascii_digit()), "{place}");
}
