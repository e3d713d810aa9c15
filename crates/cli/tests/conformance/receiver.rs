//! A server that receives: what it asks for, in which order, and what it makes of each kind of entry. What it makes of the
//! answers is in `answers` and `attempts`.

use crate::peer::{DIR, End, Peer, Site, TOP, data, dir, entry, file, hex, list, set_mtime, tag};

/// The head of a file without a basis.
pub const NEW: &str = "00A0 00000000 00000000 00000000 00000000";

/// A server that has greeted and takes a list of files for `dest`.
pub fn receiver(site: Site, words: &str) -> Peer {
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
pub fn basis() -> Site {
    let site = Site::new().file("dest/f", data(1500));
    set_mtime(&site.path("dest/f"), 1_577_836_000);
    site
}

/// The sums of [`basis`]: three blocks, in protocol 32.
pub const SUMS: &str = "8b078ef7 606e 0b02bbec 9a22 5404bce8 6474";
/// Their head: count, block length, length of the strong sums, length of the last block.
pub const HEAD: &str = "03000000 bc020000 02000000 64000000";

/// Up to the request for the file of the captures.
pub fn delta(words: &str) -> Peer {
    let mut peer = receiver(basis(), &format!("-t {words}"));
    peer.send("1801 66 00 e105 5e00e10b a4810000 0000");
    peer.expect("01 0c80");
    peer.expect(HEAD);
    peer.expect(SUMS);
    peer
}

/// Ends with an error, and the file of [`delta`] is as it was.
#[track_caller]
pub fn refused(peer: Peer, code: i32, text: &str) -> End {
    let end = peer.fails(code, text);
    assert_eq!(end.site.dest(), ["f"], "no temporary file is left");
    assert!(end.site.read("dest/f").unwrap() == data(1500), "the file is untouched");
    end
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
    peer.finish_phases();
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
    peer.finish_phases();
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
        peer.finish_phases();
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
    peer.finish_phases();
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
    peer.finish_phases();
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
    peer.finish_phases();
    peer.succeeds();
}
