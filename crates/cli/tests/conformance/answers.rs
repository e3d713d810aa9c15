//! What a server that receives makes of answers to its requests, and the ones that it must refuse.

use crate::{
    peer::{DIR, Site, TOP, data, entry, file, hex, is_rsync, list, set_mtime, tag},
    receiver::{HEAD, NEW, basis, delta, receiver, refused},
};

#[test]
fn the_captured_delta() {
    let mut peer = delta("");
    peer.expect("00");
    peer.send(&format!("01 0c80 {HEAD}"));
    peer.send("ffffffff 05000000 \"HELLO\" feffffff fdffffff 00000000");
    peer.send("16847a8c3919b5397b426cb6eb11947b 00");
    peer.finish_phases();
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
    peer.finish_phases();
    assert_eq!(peer.succeeds().site.read("dest/f").unwrap().len(), 200_000);

    let mut peer = delta("");
    peer.expect("00");
    let mut content = data(1500);
    let short = content.split_off(1400);
    content.splice(0..0, short);
    peer.send(&format!("01 0c80 {HEAD} fdffffff ffffffff feffffff 00000000"));
    peer.put(&xxh128(&content));
    peer.send("00");
    peer.finish_phases();
    let end = peer.succeeds();
    assert!(end.site.read("dest/f").unwrap() == content);
}

fn xxh128(content: &[u8]) -> [u8; 16] {
    twox_hash::XxHash3_128::oneshot(content).to_le_bytes()
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
        peer.finish_phases();
        let end = peer.succeeds();
        assert!(end.site.read("dest/f").unwrap() == expected, "{choice}");
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
