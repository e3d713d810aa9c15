//! A server that receives: what it asks for, and the answers that it must survive.

use crate::peer::{
    DIR, End, Peer, Site, TOP, data, dir, entry, file, hex, is_rsync, list, set_mtime, tag,
};

/// The head of a file without a basis.
const NEW: &str = "00A0 00000000 00000000 00000000 00000000";

fn receiver(site: Site, words: &str) -> Peer {
    let words = format!("-e.LsfxCIvu --checksum-seed=1 {words} . dest/");
    let chosen = words.contains("--checksum-choice");
    let mut peer = site.server(&words);
    if chosen {
        peer.greet_server_chosen("81FE");
    } else {
        peer.greet_server("81FE");
    }
    peer
}

/// The basis of the captures in `dest`, older than the list says.
fn basis() -> Site {
    let site = Site::new().file("dest/f", data(1500));
    set_mtime(&site.path("dest/f"), 1_577_836_000);
    site
}

const SUMS: &str = "8b078ef7 606e 0b02bbec 9a22 5404bce8 6474";
const HEAD: &str = "03000000 bc020000 02000000 64000000";

/// Up to the request for the file of the captures.
fn delta(words: &str) -> Peer {
    let mut peer = receiver(basis(), &format!("-t {words}"));
    peer.send("1801 66 00 e105 5e00e10b a4810000 0000");
    peer.expect("01 0c80");
    peer.expect(HEAD);
    peer.expect(SUMS);
    peer
}

#[track_caller]
fn refused(peer: Peer, code: i32, text: &str) -> End {
    let end = peer.fails(code, text);
    assert_eq!(end.site.dest(), ["f"], "no temporary file is left");
    assert!(end.site.read("dest/f").unwrap() == data(1500), "the file is untouched");
    end
}

#[test]
fn the_captured_delta() {
    let mut peer = delta("");
    peer.expect("00");
    peer.send(&format!("01 0c80 {HEAD}"));
    peer.send("ffffffff 05000000 \"HELLO\" feffffff fdffffff 00000000");
    peer.send("16847a8c3919b5397b426cb6eb11947b 00");
    peer.expect("00 00 00");
    peer.send("00 00 00");
    peer.expect("00");
    let end = peer.succeeds();
    let mut content = data(1500);
    content.splice(700..700, *b"HELLO");
    assert!(end.site.read("dest/f").unwrap() == content);
    assert_eq!(end.rest, b"");
}

#[test]
fn the_captured_delta_of_protocol_29_and_28() {
    for (version, flags, dones) in [("1D", "0c80", 4), ("1C", "", 3)] {
        let mut peer = basis().server("-te.LsfxCIvu --checksum-seed=1 . dest/");
        peer.send(&format!("{version}000000"));
        peer.expect("20000000 01000000");
        peer.frame_in();
        peer.send("1801 66 e1050000 00e10b5e a4810000 00 00000000");
        peer.expect(&format!("00000000 {flags} {HEAD}"));
        peer.expect("8b078ef7 412d 0b02bbec eb2f 5404bce8 e1bb ffffffff");
        peer.send(&format!("00000000 {flags} {HEAD}"));
        peer.send("ffffffff 05000000 \"HELLO\" feffffff fdffffff 00000000");
        peer.send("76572d1637d8b9994647e08c13448cd7 ffffffff");
        for _ in 2..dones {
            peer.expect("ffffffff");
            peer.send("ffffffff");
        }
        peer.expect("ffffffff");
        let end = peer.succeeds();
        assert_eq!(end.site.read("dest/f").unwrap().len(), 1505);
        assert_eq!(end.rest, b"");
    }
}

#[test]
fn malformed_answers_are_refused() {
    let outside = "File-list index 5 not in -1 - 0 (read_ndx_and_attrs) [receiver]";
    let answer = format!("01 0c80 {HEAD}");
    let rows: Vec<(String, &str, i32)> = vec![
        ("06 00A0".into(), outside, 2),
        ("ff01".into(), "Invalid file index: -2 (-1 - 0) [receiver]", 2),
        ("ff64".into(), "Invalid file index: -101 (-1 - 0) [receiver]", 2),
        ("01 0c80 ffffffff bc020000 02000000 64000000".into(), "Invalid checksum count -1", 2),
        ("01 0c80 03000000 ffffffff 02000000 64000000".into(), "Invalid block length -1", 2),
        ("01 0c80 03000000 01000200 02000000 64000000".into(), "Invalid block length 131073", 2),
        ("01 0c80 03000000 00000000 02000000 00000000".into(), "Invalid zero block length", 2),
        ("01 0c80 03000000 bc020000 11000000 64000000".into(), "Invalid checksum length 17", 2),
        ("01 0c80 03000000 bc020000 02000000 bd020000".into(), "Invalid remainder length 701", 2),
        (format!("{answer} fcffffff"), "Invalid block index 3 (count=3)", 2),
        (format!("{answer} 00000080"), "Invalid block index 2147483647 (count=3)", 2),
        (
            format!("01 0090 9000 {}", "61".repeat(4096)),
            "over-long vstring received (4096 > 4095)",
            2,
        ),
        (answer.clone(), "connection unexpectedly closed", 12),
        (format!("{answer} 10000000 \"abc\""), "connection unexpectedly closed", 12),
        (format!("{answer} ffffffff 00000000 00"), "connection unexpectedly closed", 12),
    ];
    for (stream, text, code) in rows {
        let mut peer = delta("");
        peer.send(&stream);
        let end = refused(peer, code, text);
        let told = end.payloads(tag::ERROR_EXIT);
        if code == 12 {
            assert!(told.is_empty());
        } else if !is_rsync() {
            assert_eq!(told, [&[code as u8, 0, 0, 0]], "{text}");
        }
    }
}

#[test]
fn compressed_tokens_are_checked() {
    let answer = format!("01 0c80 {HEAD}");
    for (choice, tokens, text, code) in [
        ("zlibx", "20 ffffffff", "invalid token number in compressed stream", 2),
        ("zlibx", "21 02000000 0000", "invalid token number in compressed stream", 2),
        ("zlibx", "21 ffffff7f ffff", "", 2),
        ("zlibx", "20 03000000", "Invalid block index 3 (count=3)", 2),
        ("zlibx", "84", "Invalid block index 4 (count=3)", 2),
        ("zlibx", "c0 ffff", "Invalid block index 3 (count=3)", 2),
        ("zlibx", "40 04 ffffffff 00", "", 12),
        ("zlib", "40 04 ffffffff 00", "", 12),
        ("zstd", "40 04 ffffffff 00", "", 12),
        ("lz4", "40 04 ffffffff 00", "", 12),
        ("zstd", "20 ffffffff", "invalid token number in compressed stream", 2),
        // A stream whose flush was not taken out.
        ("zlibx", "40 0a 7274240d 00000000ffff 00", "", 12),
    ] {
        let mut peer = delta(&format!("--compress-choice={choice}"));
        peer.send(&format!("{answer} {tokens}"));
        refused(peer, code, text);
    }
    if is_rsync() {
        return;
    }
    let mut peer = delta("--compress-choice=zlibx");
    peer.send(&format!("{answer} 01"));
    refused(peer, 12, "");
}

#[test]
fn a_block_without_a_basis_is_refused() {
    let mut peer = receiver(Site::new(), "-t --checksum-choice=md5");
    peer.put(&list(&[file("f", 1505)]));
    peer.expect(&format!("01 {NEW}"));
    peer.send(&format!("01 00A0 {HEAD} ffffffff"));
    let end = match is_rsync() {
        true => peer.fails(2, "got a block match with no basis file for"),
        // Its head is not the one that was sent.
        false => peer.fails(2, ""),
    };
    assert!(end.site.dest().is_empty());
}

#[test]
fn only_requests_are_answered() {
    if is_rsync() {
        return;
    }
    for stream in [
        // An up-to-date file; a second answer; another head, name or basis; a fuzzy match; a link's name.
        format!("02 00A0 {}", "00000000".repeat(4)),
        "01 0c80 00000000 00000000 00000000 00000000".into(),
        format!("01 0c90 00 {HEAD}"),
        format!("01 0c88 81 {HEAD}"),
        format!("01 0c98 83 06 \"secret\" {HEAD}"),
        format!("01 0c88 00 {HEAD}"),
        format!("01 00A0 {HEAD}"),
        "01 0800".into(),
    ] {
        let site = basis().file("dest/g", "same");
        set_mtime(&site.path("dest/g"), 1_700_000_000);
        let mut peer = receiver(site, "-t");
        peer.send("1801 66 00 e105 5e00e10b a4810000");
        peer.put(&list(&[file("g", 4)]));
        peer.expect("01 0c80");
        peer.take(16 + 18);
        peer.expect("00");
        peer.send(&stream);
        let end = peer.fails(2, "");
        assert!(end.site.read("dest/f").unwrap() == data(1500));
        assert_eq!(end.site.read("dest/g").unwrap(), b"same");
        assert_eq!(end.site.dest(), ["f", "g"]);
    }
}

#[test]
fn fuzzy_and_foreign_bases_are_refused() {
    for stream in
        ["01 0c98 83 0c \"../../secret\"", "01 0c88 84", "01 0c88 05", "01 0c98 83 01 \".\""]
    {
        let mut peer = delta("");
        peer.send(stream);
        peer.send(HEAD);
        refused(peer, 2, "");
    }
    // Without the option there is no partial directory: the file itself would be the basis.
    let mut peer = delta("");
    peer.send(&format!("01 0c88 81 {HEAD}"));
    if !is_rsync() {
        refused(peer, 2, "");
    }
}

#[test]
fn directories_and_late_items_are_no_files() {
    let mut peer = receiver(Site::new().file("dest/f", "x"), "-rt --checksum-choice=none");
    peer.put(&list(&[entry(TOP, b"d", 0, DIR, b"")]));
    peer.expect("01 0060 00");
    peer.send(&format!("01 {NEW}"));
    peer.fails(2, "received request to transfer non-regular file: 0 [receiver]");

    let mut peer = delta("");
    peer.expect("00");
    peer.send(&format!("01 0c80 {HEAD} 00000000 {}", "00".repeat(16)));
    peer.send("00");
    // The checksum was wrong: it is asked for again, with long sums.
    peer.expect("fe0000");
    let flags = peer.take(2);
    peer.expect("03000000 bc020000 10000000 64000000");
    peer.take(3 * 20);
    peer.expect("00");
    peer.send("00");
    peer.expect("00 00");
    peer.put(&[&hex("fe0000")[..], &flags, &hex(HEAD)].concat());
    refused(peer, 2, "got transfer request in phase 2 [receiver]");
}

#[test]
fn a_wrong_checksum_is_asked_for_again_once() {
    let mut peer = delta("-v");
    peer.expect("00");
    let wrong = "00".repeat(16);
    let tokens = format!("ffffffff 05000000 \"HELLO\" feffffff fdffffff 00000000 {wrong}");
    peer.send(&format!("01 0c80 {HEAD} {tokens} 00"));
    peer.expect("fe0000");
    let flags = peer.take(2);
    assert_eq!(flags[1], 0x80);
    let head = peer.take(16);
    assert_eq!(head[..12], hex("03000000 bc020000 10000000"));
    peer.take(3 * 20);
    peer.expect("00");
    peer.put(&[&hex("fe0000")[..], &flags, &head, &hex(&tokens)].concat());
    peer.send("00");
    peer.expect("00 00");
    peer.send("00 00");
    peer.expect("00");
    peer.rest();
    let end = refused(peer, 23, "ERROR: f failed verification -- update discarded.");
    let said = format!("{}{}", end.stderr, end.stdout);
    let first = "WARNING: f failed verification -- update discarded (will try again).";
    assert!(said.contains(first), "{said}");
}

#[test]
fn a_file_changed_in_place_is_retained() {
    let mut peer = delta("-v --inplace");
    peer.expect("00");
    let wrong = "00".repeat(16);
    let tokens = format!("ffffffff 05000000 \"HELLO\" feffffff fdffffff 00000000 {wrong}");
    peer.send(&format!("01 0c80 {HEAD} {tokens} 00"));
    peer.expect("fe0000");
    let flags = peer.take(2);
    let head = peer.take(16);
    // The file has its new content and length by now, and is summed again as it is.
    assert_eq!(head[..12], hex("03000000 bc020000 10000000"));
    assert_eq!(head[12..], hex("69000000"));
    peer.take(3 * 20);
    peer.expect("00");
    peer.put(&[&hex("fe0000")[..], &flags, &head, &hex(&tokens)].concat());
    peer.send("00");
    peer.expect("00 00");
    peer.send("00 00");
    peer.expect("00");
    peer.rest();
    let end = peer.fails(23, "ERROR: f failed verification -- update retained.");
    let said = format!("{}{}", end.stderr, end.stdout);
    let first = "WARNING: f failed verification -- update retained (will try again).";
    assert!(said.contains(first), "{said}");
    assert_eq!(end.site.dest(), ["f"]);
    assert_eq!(end.site.read("dest/f").unwrap().len(), 1510);
}

#[test]
fn literals_and_last_blocks_of_any_kind_are_taken() {
    // One literal of 200,000 bytes, then the short last block in the middle of the file.
    let mut peer = receiver(Site::new(), "-t --checksum-choice=none");
    peer.put(&list(&[file("f", 5)]));
    peer.expect(&format!("01 {NEW} 00"));
    peer.send(&format!("01 {NEW} 400d0300"));
    for chunk in vec![b'x'; 200_000].chunks(60_000) {
        peer.put(chunk);
    }
    peer.send("00000000 00 00");
    peer.expect("00 00 00");
    peer.send("00 00 00");
    peer.expect("00");
    assert_eq!(peer.succeeds().site.read("dest/f").unwrap().len(), 200_000);

    let mut peer = delta("");
    peer.expect("00");
    let mut content = data(1500);
    let short = content.split_off(1400);
    content.splice(0..0, short);
    peer.send(&format!("01 0c80 {HEAD} fdffffff ffffffff feffffff 00000000"));
    peer.put(&xxh128(&content));
    peer.send("00");
    peer.expect("00 00 00");
    peer.send("00 00 00");
    peer.expect("00");
    let end = peer.succeeds();
    assert!(end.site.read("dest/f").unwrap() == content);
}

fn xxh128(content: &[u8]) -> [u8; 16] {
    twox_hash::XxHash3_128::oneshot(content).to_le_bytes()
}

#[test]
fn an_unanswered_request_is_no_error_of_ours() {
    let mut peer = receiver(Site::new(), "-t --checksum-choice=none");
    peer.put(&list(&[file("a", 1), file("b", 1)]));
    peer.expect(&format!("01 {NEW} 01 {NEW} 00"));
    peer.frame(tag::NO_SEND, &[0; 4]);
    peer.send(&format!("02 {NEW} 01000000 \"b\" 00000000 00 00"));
    peer.expect("00 00 00");
    peer.frame(tag::IO_ERROR, &[2, 0, 0, 0]);
    peer.send("00 00 00");
    peer.expect("00");
    peer.rest();
    let end = peer.end();
    assert_eq!(end.code, Some(24), "{}", end.stderr);
    assert_eq!(end.site.dest(), ["b"]);
}

#[test]
fn unchanged_files_are_silent_unless_asked_about() {
    for (words, item) in [("", ""), ("--log-format=%i%I", "01 0000")] {
        let site = Site::new().file("dest/f", "same");
        set_mtime(&site.path("dest/f"), 1_700_000_000);
        let mut peer = receiver(site, &format!("-t --checksum-choice=none {words}"));
        peer.put(&list(&[file("f", 4)]));
        peer.expect(item);
        peer.send(item);
        peer.finish_receiver();
        assert_eq!(peer.succeeds().rest, b"");
    }
}

#[test]
fn deletions_are_counted_for_the_sender() {
    for (words, tail) in [
        ("--delete", "00 | 00 00 ff02 01 00 00 00 00 00 | 00"),
        ("--delete-before", "00 | 00 00 ff02 01 00 00 00 00 00 | 00"),
        ("--delete-delay", "00 | 00 00 | ff02 01 00 00 00 00 00 | 00"),
        ("--delete-after", "00 | 00 00 | ff02 01 00 00 00 00 00 | 00"),
        ("--force", "00 | 00 00 ff02 00 00 00 00 00 00 | 00"),
        ("", "00 | 00 00 00 | 00"),
    ] {
        let site = Site::new().file("dest/old", "x");
        let mut peer = receiver(site, &format!("-r {words} --checksum-choice=none"));
        if words.starts_with("--delete") {
            peer.send("00000000");
        }
        peer.put(&list(&[entry(TOP, b".", 4096, DIR, b"")]));
        let groups: Vec<_> = tail.split('|').collect();
        for (i, group) in groups.iter().enumerate() {
            peer.expect(group);
            // An answer to each DONE but the goodbye.
            if i + 1 < groups.len() {
                peer.send(match (i, groups.len()) {
                    (0, _) | (2, _) => "00",
                    (_, 4) => "00 00",
                    _ => "00 00 00",
                });
            }
        }
        let end = peer.succeeds();
        assert_eq!(end.site.path("dest/old").exists(), !words.starts_with("--delete"));
        let deleted = end.payloads(tag::DELETED);
        assert_eq!(deleted.len(), usize::from(words.starts_with("--delete")), "{words}");
        assert!(deleted.iter().all(|name| *name == b"old"));
        assert_eq!(end.rest, b"", "{words}");
    }
}

#[test]
fn an_early_end_of_a_phase_is_refused() {
    if is_rsync() {
        return;
    }
    let mut peer = delta("");
    peer.send("00 00 00 00 00");
    refused(peer, 2, "unexpected end of a phase");
}

#[test]
fn an_interrupted_file_leaves_nothing() {
    let mut peer = receiver(Site::new(), "-t --checksum-choice=none");
    peer.put(&list(&[file("f", 5)]));
    peer.expect(&format!("01 {NEW} 00"));
    peer.send(&format!("01 {NEW} 05000000 \"abc\""));
    let end = peer.fails(12, "connection unexpectedly closed (");
    assert!(end.site.dest().is_empty(), "{:?}", end.site.dest());
    assert!(end.stderr.contains(" bytes received so far) ["), "{}", end.stderr);
}

#[test]
fn an_interrupted_file_is_kept_if_it_may_be() {
    let mut peer = receiver(Site::new(), "-t --partial --checksum-choice=none");
    peer.put(&list(&[file("f", 5)]));
    peer.expect(&format!("01 {NEW} 00"));
    peer.send(&format!("01 {NEW} 03000000 \"abc\""));
    let end = peer.fails(12, "connection unexpectedly closed (");
    assert_eq!(end.site.dest(), ["f"]);
    assert_eq!(end.site.read("dest/f").unwrap(), b"abc");
    let mtime = std::fs::metadata(end.site.path("dest/f")).unwrap().modified().unwrap();
    assert_eq!(mtime, std::time::UNIX_EPOCH);
    // Without any literal there is nothing to keep.
    let mut peer = delta("--partial");
    peer.send(&format!("01 0c80 {HEAD} ffffffff"));
    refused(peer, 12, "connection unexpectedly closed (");
}

#[test]
fn an_empty_push_has_all_the_dones() {
    let mut peer = receiver(Site::new(), "-t --checksum-choice=none");
    peer.put(&list(&[]));
    peer.finish_receiver();
    assert_eq!(peer.succeeds().rest, b"");
}

#[test]
fn directories_appear_before_their_contents() {
    let mut peer = receiver(Site::new(), "-rt --checksum-choice=none");
    peer.put(&list(&[dir("d"), file("d/f", 1), dir("d/e")]));
    peer.expect(&format!("01 0060 01 {NEW} 01 0060 00"));
    assert!(peer.site.path("dest/d").is_dir());
    peer.send(&format!("01 0060 01 {NEW} 01000000 \"x\" 00000000 00 01 0060"));
    peer.send("00");
    peer.expect("00 00 00");
    peer.send("00 00 00");
    peer.expect("00");
    let end = peer.succeeds();
    let time = |name| std::fs::metadata(end.site.path(name)).unwrap().modified().unwrap();
    let listed = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    assert_eq!([time("dest/d"), time("dest/d/e"), time("dest/d/f")], [listed; 3]);
}

#[test]
fn hard_links_follow_the_last_of_their_group() {
    let mut peer = receiver(Site::new(), "-rtH --checksum-choice=none");
    let first = entry(crate::peer::HLINKED | crate::peer::HLINK_FIRST, b"a", 1, 0o100_644, b"");
    // The number of the first: no base, first to arrive.
    let rest = [hex("8218 01 \"b\" 00"), hex("8218 01 \"c\" 00")].concat();
    peer.put(&[first, rest, vec![0, 0]].concat());
    peer.expect(&format!("03 {NEW} 00"));
    peer.send(&format!("03 {NEW} 01000000 \"x\" 00000000 00 00"));
    let b = "fe80010000 0070 01 \"c\"";
    let a = "fe80000000 0070 01 \"c\"";
    peer.expect(&format!("{b} {a}"));
    peer.expect("00 00 00");
    peer.send(&format!("{b} {a} 00 00 00"));
    peer.expect("00");
    let end = peer.succeeds();
    let inode = |name: &str| {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata(end.site.path(name)).unwrap().ino()
    };
    assert_eq!(inode("dest/a"), inode("dest/c"));
    assert_eq!(inode("dest/b"), inode("dest/c"));
}

#[test]
fn attributes_are_fetched_by_their_number() {
    // Three attributes, the first and the last abbreviated.
    let digest = "00".repeat(16);
    let names = format!(
        "00 03 07 28 \"user.a\" 00 {digest} 07 03 \"user.b\" 00 \"sma\" 07 32 \"user.c\" 00 {digest}"
    );
    let mut peer = receiver(Site::new(), "-tX --checksum-choice=none");
    peer.put(&list(&[entry(0, b"f", 1, 0o100_644, &hex(&names))]));
    peer.expect("01 00a1 01 02 00 00000000 00000000 00000000 00000000 00");
    let (a, c) = (vec![b'A'; 40], vec![b'Z'; 50]);
    peer.send("01 00a1 01 28");
    peer.put(&a);
    peer.send("02 32");
    peer.put(&c);
    peer.send("00 00000000 00000000 00000000 00000000 01000000 \"x\" 00000000 00 00");
    peer.expect("00 00 00");
    peer.send("00 00 00");
    peer.expect("00");
    let end = peer.succeeds();
    let got = std::process::Command::new("getfattr")
        .args(["-n", "user.c", "--only-values"])
        .arg(end.site.path("dest/f"))
        .output()
        .unwrap();
    assert_eq!(got.stdout, c, "{}", end.stderr);

    let bad = [
        // Not asked for, unknown, too long.
        ("02 03 \"abc\" 00", ""),
        ("07 03 \"abc\" 00", "could not find xattr #7 for f"),
        ("01 F001000008", ""),
        ("01 F0FFFFFFFF", ""),
    ];
    for (reply, text) in bad {
        let mut peer = receiver(Site::new(), "-tX --checksum-choice=none");
        peer.put(&list(&[entry(0, b"f", 1, 0o100_644, &hex(&names))]));
        peer.expect("01 00a1 01 02 00 00000000");
        peer.send(&format!("01 00a1 {reply}"));
        let end = peer.fails(2, text);
        assert!(end.site.dest().is_empty());
    }
}

#[test]
fn captured_token_streams_make_the_file() {
    // Eight blocks of 700; the source has them in another order, with literals between them.
    let blocks = data(5600);
    let block = |i: usize| &blocks[i * 700..(i + 1) * 700];
    let mut expected = vec![b'A'; 48];
    for i in 0..3 {
        expected.extend_from_slice(block(i));
    }
    expected.extend(b"hello hello hello hello ");
    for i in [3, 6, 7] {
        expected.extend_from_slice(block(i));
    }
    expected.extend(b"tail");
    let literal = "41".repeat(48);
    let plain = format!(
        "30000000 {literal} ffffffff feffffff fdffffff 18000000 \"hello hello hello hello \" \
         fcffffff f9ffffff f8ffffff 04000000 \"tail\" 00000000"
    );
    let deflated =
        "400672 74240d0000 c00200 400a ca48cdc9c957c0240100 81 c30100 4006 2a49cccc0100 00";
    for (choice, tokens) in [
        ("none", plain.as_str()),
        ("zlib", deflated),
        ("zlibx", deflated),
        (
            "zstd",
            "4011 28b52ffd00584400001041410100 9b000b c00200 400f 64000030 \"hello \" 0100f14a11 81 \
             c30100 4007 200000 \"tail\" 00",
        ),
        (
            "lz4",
            "400b 1f41010017504141414141 c00200 400f 69 \"hello \" 0600 50 \"ello \" 81 c30100 4005 40 \
             \"tail\" 00",
        ),
    ] {
        let site = Site::new().file("dest/f", &blocks);
        let compress = format!("--compress-choice={choice}");
        let compress = if choice == "none" { "" } else { &compress };
        let mut peer = receiver(site, &format!("-t --checksum-choice=md5 {compress}"));
        peer.put(&list(&[file("f", expected.len() as i64)]));
        peer.expect("01 0c80 08000000 bc020000 02000000 00000000");
        peer.take(8 * 6);
        peer.expect("00");
        peer.send("01 0c80 08000000 bc020000 02000000 00000000");
        peer.send(tokens);
        peer.send("0c5fcdf7c9b23854e485b4c958d97b53 00");
        peer.expect("00 00 00");
        peer.send("00 00 00");
        peer.expect("00");
        let end = peer.succeeds();
        assert!(end.site.read("dest/f").unwrap() == expected, "{choice}");
    }
}

#[test]
fn options_that_skip_files_send_nothing() {
    for (words, exists) in [
        ("--existing", false),
        ("--ignore-existing", true),
        ("--max-size=3", false),
        ("--min-size=5", false),
        ("--update", true),
    ] {
        let site = if exists { Site::new().file("dest/f", "mine") } else { Site::new() };
        let mut peer = receiver(site, &format!("-t --checksum-choice=none {words}"));
        peer.put(&list(&[file("f", 4)]));
        peer.finish_receiver();
        let end = peer.succeeds();
        assert_eq!(end.site.read("dest/f").is_some(), exists, "{words}");
        assert_eq!(end.rest, b"");
    }
}

#[test]
fn safe_links_stay_inside() {
    for (name, target, safe) in [
        ("l", "f", true),
        ("d/l", "../f", true),
        ("l", "/etc/passwd", false),
        ("l", "../f", false),
        ("d/l", "../../f", false),
        ("l", "d/..", false),
        ("l", "d/../../f", false),
        ("l", "d/../f", false),
    ] {
        let mut peer = receiver(Site::new(), "-rlt --safe-links --checksum-choice=none");
        let mut entries = vec![crate::peer::symlink(name, target)];
        if name.contains('/') {
            entries.push(dir("d"));
        }
        peer.put(&list(&entries));
        // One item for each, echoed, until the first DONE.
        let mut items = Vec::new();
        loop {
            let byte = peer.take(1)[0];
            if byte == 0 {
                break;
            }
            items.push(byte);
            items.extend(peer.take(2));
        }
        peer.put(&items);
        peer.send("00");
        peer.expect("00 00 00");
        peer.send("00 00 00");
        peer.expect("00");
        let end = peer.succeeds();
        let there = end.site.path("dest").join(name).symlink_metadata().is_ok();
        assert_eq!(there, safe, "{name} -> {target}");
    }
}

#[test]
fn times_that_cannot_be_shown_do_not_end_the_run() {
    let mut peer = receiver(Site::new(), "-t --checksum-choice=none");
    let mut e = hex("18 01 66 000100");
    // The largest time there is.
    e.extend(hex("f8 ffffff ffffffff7f"));
    e.extend(hex("a4810000 00 00"));
    peer.put(&e);
    peer.expect(&format!("01 {NEW} 00"));
    peer.send(&format!("01 {NEW} 01000000 \"x\" 00000000 00 00"));
    peer.expect("00 00 00");
    peer.send("00 00 00");
    peer.expect("00");
    peer.rest();
    let end = peer.end();
    assert!(matches!(end.code, Some(0 | 23)), "{:?} {}", end.code, end.stderr);
    assert_eq!(end.site.read("dest/f").unwrap(), b"x");
}

#[test]
fn a_destination_that_is_a_directory_takes_no_file() {
    let site = Site::new().file("dest/f/inside", "x");
    let mut peer = receiver(site, "-t --checksum-choice=none");
    peer.put(&list(&[file("f", 1), file("g", 1)]));
    peer.expect(&format!("02 {NEW} 00"));
    peer.send(&format!("02 {NEW} 01000000 \"y\" 00000000 00 00"));
    peer.expect("00 00 00");
    peer.send("00 00 00");
    peer.expect("00");
    peer.rest();
    let end = peer.fails(23, "could not make way for new regular file: f");
    assert_eq!(end.site.read("dest/g").unwrap(), b"y");
    assert_eq!(end.site.read("dest/f/inside").unwrap(), b"x");
}

#[test]
fn no_keep_alive_before_the_list_is_complete() {
    let mut peer = receiver(Site::new(), "-t --timeout=4 --checksum-choice=none");
    peer.put(&file("a", 1));
    std::thread::sleep(std::time::Duration::from_millis(2500));
    peer.put(&crate::peer::END);
    peer.expect(&format!("01 {NEW}"));
    assert_eq!(peer.empty_frames, 0);
    // From here on they come.
    peer.expect("00");
    while peer.empty_frames == 0 {
        peer.next_frame();
    }
    peer.send(&format!("01 {NEW} 01000000 \"y\" 00000000 00 00"));
    peer.expect("00 00 00");
    peer.send("00 00 00");
    peer.expect("00");
    peer.succeeds();
}

/// Up to the request for the file of the captures, whose basis the destination has under another name.
fn similar() -> Peer {
    let site = Site::new().file("dest/fo", data(1500)).file("secret", data(1500));
    set_mtime(&site.path("dest/fo"), 1_577_836_000);
    let mut peer = receiver(site, "-ty");
    peer.send("1801 66 00 e105 5e00e10b a4810000 0000");
    peer.expect("01 00b8 83 02 \"fo\"");
    peer.expect(HEAD);
    peer.expect(SUMS);
    peer.expect("00");
    peer
}

#[test]
fn a_similar_file_is_the_basis() {
    let mut peer = similar();
    peer.send(&format!("01 00b8 83 02 \"fo\" {HEAD}"));
    peer.send("ffffffff 05000000 \"HELLO\" feffffff fdffffff 00000000");
    peer.send("16847a8c3919b5397b426cb6eb11947b 00");
    peer.expect("00 00 00");
    peer.send("00 00 00");
    peer.expect("00");
    let end = peer.succeeds();
    assert_eq!(end.site.read("dest/f").unwrap().len(), 1505);
    assert!(end.site.read("dest/fo").unwrap() == data(1500));
}

#[test]
fn no_other_file_is_taken_for_the_similar_one() {
    if is_rsync() {
        return;
    }
    for item in [
        "00b8 83 0c \"../../secret\"",
        "00b8 83 09 \"../secret\"",
        "00b8 83 03 \"/fo\"",
        "00b8 83 04 \"./fo\"",
        "00b8 83 00",
        "00b8 83 01 \"f\"",
        "00b8 84 02 \"fo\"",
        "00b8 81 02 \"fo\"",
        "00a8 83",
        "00b0 02 \"fo\"",
        "00a0",
    ] {
        let mut peer = similar();
        peer.send(&format!("01 {item} {HEAD}"));
        let end = peer.fails(2, "");
        assert_eq!(end.site.dest(), ["fo"], "{item}");
    }
}

#[test]
fn a_similar_file_that_is_gone_is_done_without() {
    if is_rsync() {
        return;
    }
    let mut peer = similar();
    std::fs::remove_file(peer.site.path("dest/fo")).unwrap();
    peer.send(&format!("01 00b8 83 02 \"fo\" {HEAD}"));
    peer.send("ffffffff 05000000 \"HELLO\" feffffff fdffffff 00000000");
    peer.send("16847a8c3919b5397b426cb6eb11947b 00");
    // The whole file is asked for, from nothing.
    peer.expect("fe0000 00a0 00000000 00000000 00000000 00000000 00");
    let mut content = data(1500);
    content.splice(700..700, *b"HELLO");
    peer.send("fe0000 00a0 00000000 00000000 00000000 00000000 e1050000");
    peer.put(&content);
    peer.send("00000000 16847a8c3919b5397b426cb6eb11947b 00");
    peer.expect("00 00");
    peer.send("00 00");
    peer.expect("00");
    let end = peer.succeeds();
    assert!(end.site.read("dest/f").unwrap() == content);
    assert_eq!(end.site.dest(), ["f"]);
}

/// A file that fails twice, the second time from what was kept of it. `there`: it is completed where it is kept, for which
/// `caps` needs `I`.
fn fails_twice(caps: &str, compat: &str, there: bool, begun: bool) {
    let (site, flags) = match begun {
        true => (Site::new().file("dest/.p/f", data(1500)), "00a8 81"),
        false => (basis(), "0c80"),
    };
    let mut peer = site.server(&format!("{caps} --checksum-seed=1 -tv --partial-dir=.p . dest/"));
    peer.greet_server(compat);
    peer.send("1801 66 00 e105 5e00e10b a4810000 0000");
    peer.expect(&format!("01 {flags} {HEAD} {SUMS} 00"));
    let wrong = "00".repeat(16);
    let tokens = format!("ffffffff 05000000 \"HELLO\" feffffff fdffffff 00000000 {wrong}");
    peer.send(&format!("01 {flags} {HEAD} {tokens} 00"));
    // What has come is the basis of the second attempt.
    peer.expect("fe0000");
    let flags = peer.take(2);
    assert_eq!(flags[1] & 0x88, 0x88);
    peer.expect("81");
    let head = peer.take(16);
    assert_eq!(head[..12], hex("03000000 bc020000 10000000"));
    peer.take(3 * 20);
    peer.expect("00");
    let again = format!("ffffffff feffffff fdffffff 03000000 \"bad\" 00000000 {wrong}");
    peer.put(&[&hex("fe0000")[..], &flags, &[0x81], &head, &hex(&again)].concat());
    peer.send("00");
    peer.expect("00 00");
    peer.send("00 00");
    peer.expect("00");
    peer.rest();
    let what = |there| if there { "put into partial-dir" } else { "discarded" };
    let second = format!("ERROR: f failed verification -- update {}.", what(there));
    let end = peer.fails(23, &second);
    let said = format!("{}{}", end.stderr, end.stdout);
    let first = what(there && begun);
    let first = format!("WARNING: f failed verification -- update {first} (will try again).");
    assert!(said.contains(&first), "{said}");
    assert_eq!(end.site.read("dest/f"), (!begun).then(|| data(1500)), "the file is untouched");
    let mut content = data(1500);
    content.splice(700..700, *b"HELLO");
    content.extend(b"bad");
    assert!(end.site.read("dest/.p/f").unwrap() == content, "the second attempt is kept");
}

#[test]
fn what_fails_twice_is_in_the_partial_directory() {
    for begun in [false, true] {
        fails_twice("-e.LsfxCIvu", "81FE", true, begun);
        fails_twice("-e.LsfxCvu", "81BE", false, begun);
    }
}
