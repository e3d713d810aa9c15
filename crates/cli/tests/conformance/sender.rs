//! A server that sends: what it answers, and what it refuses to be asked.

use crate::peer::{End, Peer, Site, data, hex, is_rsync, set_mtime, tag};

/// A request for a whole file that does not exist at the destination.
const NEW: &str = "00A0 00000000 00000000 00000000 00000000";

/// A sender of `args` up to the end of its list; a client without rules.
fn sender(site: Site, words: &str) -> Peer {
    let words = format!("--sender -e.LsfxCIvu --checksum-seed=1 {words}");
    let mut peer = site.server(&words);
    if peer_has_choice(&words) {
        peer.greet_server_chosen("81FE");
    } else {
        peer.greet_server("81FE");
    }
    peer.send("00000000");
    peer
}

fn peer_has_choice(words: &str) -> bool {
    words.contains("--checksum-choice")
}

/// One file of 1505 bytes, its list taken.
fn one_file(words: &str) -> Peer {
    let mut content = data(1500);
    content.splice(700..700, *b"HELLO");
    let mut peer = sender(Site::new().file("src/f", content), &format!("{words} . src/f"));
    assert_eq!(peer.take_list(), ["f"]);
    peer
}

#[track_caller]
fn told(end: &End, code: u8) {
    // Rsync's own sender exits without writing it.
    if is_rsync() {
        return;
    }
    assert_eq!(end.payloads(tag::ERROR_EXIT), [&[code, 0, 0, 0]], "{}", end.stderr);
}

#[test]
fn the_captured_delta() {
    let mut peer = Site::new();
    let mut content = data(1500);
    content.splice(700..700, *b"HELLO");
    peer = peer.file("src/f", content);
    set_mtime(&peer.path("src/f"), 1_577_836_800);
    let mut peer = sender(peer, ". src/f");
    // An entry without owner and group, in the first byte of a flag word.
    peer.expect("18 01 66 00 e105 5e00e10b a4810000 0000");
    let request = "01 0c80 03000000 bc020000 02000000 64000000";
    peer.send(&format!("{request} 8b078ef7 606e 0b02bbec 9a22 5404bce8 6474 00"));
    peer.expect(request);
    peer.expect("ffffffff 05000000 \"HELLO\" feffffff fdffffff 00000000");
    peer.expect("16847a8c3919b5397b426cb6eb11947b 00");
    peer.send("00 00 00");
    peer.expect("00 00");
    // Read and written since the framing, the size of the list.
    let stats = peer.take(15);
    assert_eq!(stats[6..9], hex("00e105"));
    peer.expect("00");
    peer.send("00");
    assert_eq!(peer.succeeds().rest, b"");
}

#[test]
fn statistics_count_from_the_framing() {
    let mut peer = sender(Site::new().file("src/f", "hello\n"), "--checksum-choice=none . src/f");
    assert_eq!(peer.take_list(), ["f"]);
    peer.send(&format!("01 {NEW} 00"));
    peer.expect(&format!("01 {NEW} 06000000 \"hello\n\" 00000000 00 00"));
    peer.send("00 00 00");
    peer.expect("00 00");
    let stats = peer.take(15);
    // 8 bytes of rules, 24 of a request with its DONE, and 7 of DONEs.
    assert_eq!(stats[..3], hex("002700"), "{stats:x?}");
}

#[test]
fn pieces_of_any_size_are_read() {
    let mut peer = one_file("--checksum-choice=md5");
    for byte in hex(&format!("01 {NEW} 00")) {
        peer.frame(0, &[byte]);
        peer.frame(0, b"");
    }
    peer.expect(&format!("01 {NEW} e1050000"));
    peer.take(1505 + 4 + 16 + 1);
    peer.send("00 00 00 00");
    peer.succeeds();
}

#[test]
fn sum_heads_out_of_range_are_refused() {
    for (head, text, code) in [
        ("ffffffff bc020000 02000000 00000000", "Invalid checksum count -1 [sender]", 2),
        ("01000000 ffffffff 02000000 00000000", "Invalid block length -1 [sender]", 2),
        ("01000000 01000200 02000000 00000000", "Invalid block length 131073 [sender]", 2),
        ("01000000 00000000 02000000 00000000", "Invalid zero block length", 2),
        ("01000000 bc020000 ffffffff 00000000", "Invalid checksum length -1 [sender]", 2),
        ("01000000 bc020000 11000000 00000000", "Invalid checksum length 17 [sender]", 2),
        ("01000000 bc020000 02000000 ffffffff", "Invalid remainder length -1 [sender]", 2),
        ("01000000 bc020000 02000000 bd020000", "Invalid remainder length 701 [sender]", 2),
        ("ffffff7f 00000200 10000000 00000000", "exceeded --max-alloc", 22),
    ] {
        let mut peer = one_file("");
        peer.send(&format!("01 0c80 {head}"));
        let end = peer.fails(code, text);
        told(&end, code as u8);
    }
    // The negotiated digest is the limit, not its longest.
    let mut peer = one_file("--checksum-choice=xxh64");
    peer.send("01 0c80 01000000 bc020000 09000000 00000000");
    peer.fails(2, "Invalid checksum length 9 [sender]");
}

#[test]
fn indexes_and_items_that_make_no_sense_are_refused() {
    let negative = "Invalid file index: -2 (-1 - 0) [sender]";
    let outside = "File-list index 5 not in -1 - 0 (read_ndx_and_attrs) [sender]";
    let late = "got transfer request in phase 2 [sender]";
    let long = format!("01 0090 9000 {}", "61".repeat(4096));
    for (stream, text, code) in [
        ("06 00A0", outside, 2),
        ("ff 01", negative, 2),
        ("ff ff", "Invalid file index", 2),
        ("fe ff ff ff ff 00A0", "File-list index 2147483647 not in -1 - 0", 2),
        (&format!("00 00 01 {NEW}"), late, 2),
        ("00 00 00 01 0800", "Invalid packet at end of run (0) [sender]", 2),
        ("ff 02 F0FFFFFFFF 00 00 00 00", "wire value deleted_files out of range: -1", 2),
        ("ff 02 00 00 00 00 F001000010", "out of range: 268435457", 2),
        ("ff 02 F8", "Overflow in read_varint()", 12),
        (&long, "over-long vstring received (4096 > 4095)", 2),
        ("", "connection unexpectedly closed", 12),
        ("01 00A0 0000", "connection unexpectedly closed", 12),
    ] {
        let mut peer = one_file("");
        peer.send(stream);
        if code == 2 {
            peer.rest();
        }
        let end = peer.fails(code, text);
        if code == 2 {
            told(&end, 2);
        } else {
            assert!(end.payloads(tag::ERROR_EXIT).is_empty());
        }
    }
}

#[test]
fn only_files_can_be_requested() {
    for (index, text) in
        [("01", "received request to transfer non-regular file: 0"), ("05", "not in -1 - 2")]
    {
        let site = Site::new().file("src/a", "1").file("src/d/b", "2");
        let mut peer = sender(site, "-r . src/d src/a");
        let mut names = peer.take_list();
        names.sort();
        assert_eq!(names, ["a", "d", "d/b"]);
        // In the order of the index: a, d, d/b.
        let index = if index == "01" { "02" } else { index };
        peer.send(&format!("{index} {NEW}"));
        let text = text.replace(": 0", ": 1");
        peer.fails(2, &text);
    }
}

#[test]
fn items_without_data_are_echoed() {
    let mut peer = one_file("");
    // Differences only, a name to show, and one that would leave the destination.
    peer.send("01 0800");
    peer.expect("01 0800");
    peer.send("fe0000 0050 05 \"../xx\"");
    peer.expect("fe0000 0050 05 \"../xx\"");
    peer.send("fe0000 0050 00");
    peer.expect("fe0000 0050 00");
    peer.send(&format!("fe0000 00b8 83 05 \"../xx\" {}", "00000000".repeat(4)));
    peer.expect("fe0000 00b8 83 02 \"xx\"");
    peer.take(16 + 4 + 1505 + 4 + 16);
    // Deletions that were done are told back at once.
    peer.send("00 00 ff02 01 02 03 04 05 00 00");
    peer.expect("00 00 ff02 01 02 03 04 05");
    peer.take(1 + 15);
    peer.expect("00");
    peer.send("00");
    peer.succeeds();
}

#[test]
fn dry_runs_have_no_sums() {
    let mut peer = one_file("-n");
    peer.send("01 00A0 00");
    peer.expect("01 00A0 00");
    peer.send("00 00 00 00");
    peer.succeeds();
}

#[test]
fn a_source_that_vanished_is_not_answered() {
    let site = Site::new().file("src/f", "1").file("src/g", "2");
    let mut peer = sender(site, "--checksum-choice=none . src/f src/g");
    assert_eq!(peer.take_list().len(), 2);
    std::fs::remove_file(peer.site.path("src/f")).unwrap();
    peer.send(&format!("01 {NEW} 01 {NEW} 00"));
    peer.expect(&format!("02 {NEW} 01000000 \"2\" 00000000 00 00"));
    peer.send("00 00 00");
    peer.expect("00 00");
    peer.take(15);
    peer.expect("00");
    peer.send("00");
    peer.rest();
    let end = peer.fails(24, "file has vanished: ");
    assert_eq!(end.payloads(tag::NO_SEND), [&[0; 4]]);
    assert_eq!(end.payloads(tag::IO_ERROR), [&[2, 0, 0, 0]]);
}

#[test]
fn an_empty_list_ends_the_session() {
    let mut peer = sender(Site::new(), "--checksum-choice=none . src/missing");
    peer.expect("00 00");
    assert_eq!(peer.rest(), b"");
    peer.fails(23, "link_stat \"");
}

#[test]
fn old_requests_of_keep_alive_are_skipped() {
    // Protocol 29: an index behind the last entry that says only that it is new.
    let words = "--sender -e. --checksum-seed=1 --checksum-choice=none . src/f";
    let mut peer = Site::new().file("src/f", "hello\n").server(words);
    peer.send("1D000000");
    peer.expect("20000000 01000000");
    peer.frame_in();
    peer.send("00000000");
    peer.take(1 + 2 + 12);
    peer.expect("00 00000000");
    peer.send("01000000 0020 00000000 0800");
    peer.expect("00000000 0800");
    peer.send("ffffffff ffffffff ffffffff ffffffff");
    peer.expect("ffffffff ffffffff ffffffff");
    peer.succeeds();
}

#[test]
fn an_attribute_is_fetched_by_its_number() {
    for (request, text) in
        [("02 00", "could not find xattr #2 for"), ("01 01", "internal abbrev error on")]
    {
        let site = Site::new().file("src/f", "x");
        let path = site.path("src/f");
        let value = "v".repeat(40);
        let set = std::process::Command::new("setfattr")
            .args(["-n", "user.long", "-v", &value])
            .arg(&path)
            .status();
        if !set.is_ok_and(|status| status.success()) {
            eprintln!("skipped: no extended attributes in the temporary folder");
            return;
        }
        set_mtime(&path, 1_700_000_000);
        let mut peer = sender(site, "-X . src/f");
        peer.expect("18 01 66 000100 6500f153 a4810000 00 01 0a 28 \"user.long\" 00");
        peer.take(16);
        peer.expect("00 00");
        if request == "01 01" {
            peer.send("01 0001 01 00");
            peer.expect("01 0001 01 28");
            assert_eq!(peer.take(40), [b'v'; 40]);
            peer.expect("00");
            peer.send("fe0000 0001 01 00");
        } else {
            peer.send(&format!("01 0001 {request}"));
        }
        peer.fails(2, text);
    }
}

#[test]
fn rules_have_a_limit() {
    let start = |rules: &str| {
        let mut peer = Site::new().server("--sender -re.LsfxCIvu --checksum-choice=none . src");
        peer.greet(rules);
        peer
    };
    start("00140000").fails(22, "buffer overflow: recv_rules");
    start("ffffffff").fails(22, "buffer overflow: recv_rules");
    let mut peer = start("ff130000");
    peer.put(format!("- {}", "x".repeat(5117)).as_bytes());
    peer.send("00000000");
    peer.take_list();
    peer.send("00 00 00 00 00");
    peer.succeeds();
    start("04000000 \"frob\"").fails(1, "Unknown filter rule: frob");
    start("06000000 \". nope\"")
        .fails(11, "[sender] failed to open exclude file nope: No such file or directory (2)");
}

impl Peer {
    #[track_caller]
    fn greet(&mut self, rules: &str) {
        self.send("20000000");
        self.expect("20000000 81FE");
        self.take_raw(4);
        self.frame_both();
        self.send(rules);
    }
}

#[test]
fn empty_frames_keep_an_idle_session_alive() {
    let mut peer = one_file("--timeout=4");
    while peer.empty_frames < 2 {
        peer.next_frame();
    }
    peer.send("00 00 00 00 00");
    peer.succeeds();
}

#[test]
fn an_idle_raw_sender_gives_up() {
    let words = "--sender -e. --timeout=1 --checksum-seed=1 . src/f";
    let mut peer = Site::new().file("src/f", "hello\n").server(words);
    peer.send("1D000000");
    peer.expect("20000000 01000000");
    peer.frame_in();
    // The rules never come, and nothing can be sent before them.
    peer.rest();
    let end = peer.fails(30, "io timeout after ");
    assert!(end.stderr.contains(" seconds -- exiting"), "{}", end.stderr);
}

#[test]
fn an_old_message_asks_for_an_answer() {
    // Without a timeout there is no time to wait for: every one is answered at once.
    for version in ["1E", "20"] {
        let words = "--sender -e.LsfxCIvu --checksum-seed=1 --checksum-choice=none . src/f";
        let mut peer = Site::new().file("src/f", "hello\n").server(words);
        peer.send(&format!("{version}000000"));
        peer.expect("20000000 81FE 01000000");
        peer.frame_both();
        peer.send("00000000");
        assert_eq!(peer.take_list(), ["f"]);
        for answers in 1..=3 {
            peer.frame(tag::NOOP, b"");
            while peer.empty_frames < answers {
                peer.next_frame();
            }
        }
        peer.send(if version == "20" { "00 00 00 00 00" } else { "00 00 00 00" });
        peer.succeeds();
    }
    // With one, an answer waits until it is due.
    let mut peer = one_file("--timeout=60");
    for _ in 0..3000 {
        peer.frame(tag::NOOP, b"");
    }
    peer.send("00 00 00 00 00");
    peer.rest();
    assert!(peer.empty_frames <= 1, "{}", peer.empty_frames);
    peer.succeeds();
}

#[test]
fn incremental_lists_are_forgotten_one_by_one() {
    let site = Site::new().file("src/one", "1").file("src/sub/two", "22");
    let words = "--sender -re.iLsfxCIvu --checksum-seed=1 --checksum-choice=none . src/";
    let mut peer = site.server(words);
    peer.greet_server_chosen("81FF");
    peer.send("00000000");
    let mut names = peer.take_list();
    names.sort();
    assert_eq!(names, [".", "one", "sub"]);
    peer.expect("ff65");
    assert_eq!(peer.take_list(), ["sub/two"]);
    peer.expect("fffe80020000");
    // The directories, the file of each list, and the end of each list.
    peer.send(&format!("01 0800 02 {NEW}"));
    peer.expect(&format!("01 0800 02 {NEW} 01000000 \"1\" 00000000 00"));
    peer.send("00");
    peer.expect("00");
    peer.send(&format!("02 0060 01 {NEW} 00"));
    peer.expect(&format!("02 0060 01 {NEW} 02000000 \"22\" 00000000 00 00"));
    peer.send("00 00 00");
    peer.expect("00 00");
    peer.take(15);
    peer.expect("00");
    peer.send("00");
    peer.succeeds();
}

#[test]
fn a_forgotten_list_is_gone() {
    let site = Site::new().file("src/one", "1").file("src/sub/two", "22");
    let mut peer = site.server("--sender -re.iLsfxCIvu --checksum-choice=none . src/");
    peer.send("20000000");
    peer.expect("20000000 81FF");
    peer.take_raw(4);
    peer.frame_both();
    peer.send("00000000 00");
    // Index 2 was `one` in the list that the DONE ended.
    peer.send(&format!("03 {NEW}"));
    peer.fails(2, "File-list index 2 not in ");
}
