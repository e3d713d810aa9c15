//! File lists that a sender must not send, to a server and to a client that pulls.

use crate::peer::{
    DIR, END, End, HLINK_FIRST, HLINKED, NO_CONTENT, Peer, REG, Site, TOP, dir, entry, file, hex,
    is_rsync, list, symlink, tag,
};

/// A receiver of `words` up to the beginning of the list.
fn receiver(site: Site, words: &str) -> Peer {
    let words = format!("-e.LsfxCIvu --checksum-seed=1 --checksum-choice=none {words} . dest/");
    let mut peer = site.server(&words);
    peer.greet_server_chosen("81FE");
    peer
}

fn incremental(site: Site, words: &str) -> Peer {
    let words = format!("-re.iLsfxCIvu --checksum-seed=1 --checksum-choice=none {words} . dest/");
    let mut peer = site.server(&words);
    peer.greet_server_chosen("81FF");
    peer
}

/// The session ends with `code` and the text, the client is told, and nothing was touched.
#[track_caller]
fn refused(peer: Peer, code: i32, text: &str) -> End {
    let end = peer.fails(code, text);
    assert_eq!(end.site.dest(), ["kept"]);
    assert_eq!(end.site.read("dest/kept").unwrap(), b"kept");
    if code != 12 {
        assert_eq!(end.payloads(tag::ERROR_EXIT), [&[code as u8, 0, 0, 0]], "{}", end.stderr);
    }
    end
}

fn kept() -> Site {
    Site::new().file("dest/kept", "kept")
}

#[test]
fn broken_entries_are_refused() {
    let mut long_name = hex("58 9000");
    long_name.extend([b'x'; 64]);
    let target = |len: &str| {
        let more = hex(len);
        entry(0, b"l", 5, 0o120_777, &more)
    };
    let mut nsec = hex("a018 01 \"x\" 000600 6500f153 f0 00ca9a3b");
    nsec.extend(hex("a4810000"));
    let longest = "x".repeat(4096);
    let rows: Vec<(Vec<u8>, &str, i32)> = vec![
        (
            entry(0, longest.as_bytes(), 6, REG, b""),
            "overflow: xflags=0x58 l1=0 l2=4096 lastname=",
            22,
        ),
        (entry(0, longest.as_bytes(), 6, REG, b""), "buffer overflow: recv_file_entry", 22),
        (hex("58 F0FFFFFFFF"), "buffer overflow: recv_file_entry", 22),
        (file("..", 6), "ABORTING due to unsafe pathname from sender: ..", 4),
        (file("a/..", 6), "ABORTING due to unsafe pathname from sender: a/..", 4),
        (file("a/../b", 6), "ABORTING due to unsafe pathname from sender: a/../b", 4),
        (file("/abs", 6), "ABORTING due to unsafe pathname from sender: /abs", 4),
        (nsec, "wire value modtime_nsec out of range: 1000000000", 2),
        (entry(0, b"x", 6, 0o150_644, b""), "invalid file mode 0150644 for x", 2),
        (entry(0, b"x", 6, 0o644, b""), "invalid file mode 0644 for x", 2),
        (entry(0, b"x", 0, 0, b""), "invalid file mode 00 for x", 2),
        (target("9000"), "overflow: linkname_len=4096", 22),
        (target("F0FFFFFFFF"), "overflow: linkname_len=-1", 22),
        (entry(0, b"x", -1, REG, b""), "Offset underflow: file-length is negative", 4),
        (file(".", 6), "ERROR: rejecting non-directory transfer-root entry: .", 2),
        (hex("F8"), "Overflow in read_varint()", 12),
        (hex("18 01 \"x\" 000600 fc 000000 000000 000000"), "Overflow in read_varlong()", 12),
        (hex("18 05 \"abc\""), "connection unexpectedly closed", 12),
        (Vec::new(), "connection unexpectedly closed", 12),
    ];
    for (bytes, text, code) in rows {
        let mut peer = receiver(kept(), "-rlt");
        peer.put(&bytes);
        refused(peer, code, text);
    }
}

#[test]
fn entries_that_only_we_refuse() {
    if is_rsync() {
        return;
    }
    for bytes in [
        // Shares more with the name before than that has; NUL in a name; no name; a dot behind a directory.
        [file("ab", 6), hex("38 05 01 \"x\" 000600 6500f153 a4810000")].concat(),
        file("a\0b", 6),
        file("", 6),
        entry(0, b"a/.", 6, DIR, b""),
        symlink("l", ""),
    ] {
        let mut peer = receiver(kept(), "-rlt");
        peer.put(&list(std::slice::from_ref(&bytes)));
        refused(peer, 2, "");
    }
}

#[test]
fn references_of_hard_links_are_checked() {
    for (reference, text) in [
        ("05", "hard-link reference out of range: 5 (1)"),
        ("01", "hard-link reference out of range: 1 (1)"),
        ("F0FFFFFFFF", "hard-link reference out of range: -1 (1)"),
    ] {
        let mut peer = receiver(kept(), "-rtH");
        peer.put(&entry(HLINKED | HLINK_FIRST, b"a", 6, REG, b""));
        // The reference comes before the length.
        let mut second = hex("8218 01 \"b\"");
        second.extend(hex(reference));
        peer.put(&second);
        refused(peer, 2, text);
    }
    // Without -H the reference is read and forgotten.
    let mut peer = receiver(kept(), "-rt");
    peer.put(&entry(HLINKED | HLINK_FIRST, b"a", 1, REG, b""));
    peer.put(&hex("8218 01 \"b\" 00"));
    peer.put(&END);
    peer.expect("01 00A0");
    drop(peer);

    let mut peer = incremental(kept(), "-tH");
    peer.put(&list(&[entry(TOP, b".", 0, DIR, b""), file("a", 1), dir("d")]));
    // Index 2 is a file, but the first of no group.
    peer.send("ff65 8218 03 \"d/b\" 02 000600 6500f153 a4810000 00 00");
    refused(peer, 2, "hard-link gnum 2 precedes flist start 5");
}

#[test]
fn tables_of_acls_and_attributes_have_bounds() {
    for (option, more, text, code) in [
        ("-A", "05", "recv_acl_index: ACL_TYPE_ACCESS ACL index 5 > 0", 12),
        ("-A", "F0FFFFFFFF", "recv_acl_index: ACL_TYPE_ACCESS ACL index -1 > 0", 12),
        ("-A", "00 01 08", "recv_acl_access: value out of range: 8", 12),
        ("-A", "00 10 C10100", "wire value ACL count out of range: 65537", 2),
        ("-A", "00 10 F0FFFFFFFF", "wire value ACL count out of range: -1", 2),
        ("-X", "05", "receive_xattr: xa index 5 out of range for x", 12),
        ("-X", "00 C10100", "wire value xattr count out of range: 65537", 2),
        ("-X", "00 01 9001 01", "wire size xattr name_len out of range: 4097", 2),
        ("-X", "00 01 05 F001000008", "xattr datum_len exceeds per-value limit", 2),
        (
            "-X",
            "00 01 05 01 \"user.a\" 00",
            "Invalid xattr name received (missing trailing \\0).",
            11,
        ),
        ("-X", "00 01 00 00 00", "Invalid xattr name received (missing trailing \\0).", 11),
    ] {
        let mut peer = receiver(kept(), &format!("-rt {option}"));
        peer.put(&entry(0, b"x", 6, REG, &hex(more)));
        refused(peer, code, text);
    }
}

#[test]
fn a_parent_must_be_a_listed_directory() {
    for entries in [
        vec![file("a/b", 1)],
        vec![file("a", 1), file("a/b", 1)],
        vec![symlink("a", "."), file("a/b", 1)],
    ] {
        let mut peer = receiver(kept(), "-rlt");
        peer.put(&list(&entries));
        peer.rest_until_error();
        let end = peer.fails(2, "ABORTING due to invalid path from sender: a/b");
        assert!(!end.site.path("dest/b").exists() && !end.site.path("dest/a/b").exists());
        assert_eq!(end.site.read("dest/kept").unwrap(), b"kept");
    }
    // Without -l the link has no target in the list.
    let mut peer = receiver(kept(), "-rt");
    peer.put(&list(&[entry(0, b"a", 1, 0o120_777, b""), file("a/b", 1)]));
    peer.rest_until_error();
    peer.fails(2, "ABORTING due to invalid path from sender: a/b");
}

impl Peer {
    /// A receiver may ask for files before it meets the entry that ends the session.
    fn rest_until_error(&mut self) {
        self.rest();
    }
}

#[test]
fn lists_of_directories_are_for_known_directories() {
    let root = || entry(TOP, b".", 4096, DIR, b"");
    let first = |entries: &[Vec<u8>]| list(&[&[root()], entries].concat());
    let eof = hex("fffe80020000");
    let sub = list(&[file("d/x", 1)]);
    let rows: Vec<(Vec<u8>, &str, i32)> = vec![
        (
            [first(&[file("f", 1)]), hex("ff65"), sub.clone()].concat(),
            "Invalid dir index: -102 (-101 - -101)",
            2,
        ),
        (
            [first(&[dir("d")]), hex("ff65"), sub.clone(), hex("fffe0000"), sub.clone()].concat(),
            "rsync: refusing malicious duplicate flist for dir 1",
            2,
        ),
        (
            [first(&[dir("d"), dir("d")]), hex("ff66"), sub.clone()].concat(),
            "rsync: refusing flist for cleared dir_ndx 2",
            2,
        ),
        // The root's children are in the first list.
        (
            [first(&[dir("d")]), hex("ff64"), sub.clone()].concat(),
            if is_rsync() { "" } else { "rsync: refusing malicious duplicate flist for dir 0" },
            2,
        ),
        (
            [first(&[dir("d")]), hex("ff65"), list(&[file("e/x", 1)])].concat(),
            "ABORTING due to invalid path from sender: e/x",
            4,
        ),
        (
            [first(&[dir("d")]), hex("ff65"), list(&[file("x", 1)])].concat(),
            "ABORTING due to invalid path from sender: /x",
            4,
        ),
        (first(&[file("d/x", 1)]), "ABORTING due to invalid path from sender: d/x", 4),
        (
            [first(&[symlink("d", "..")]), hex("ff65"), sub.clone()].concat(),
            "Invalid dir index: -102",
            2,
        ),
        ([first(&[]), hex("ff01 fffe0000")].concat(), "", 2),
    ];
    for (bytes, text, code) in rows {
        if is_rsync() && text.is_empty() {
            continue;
        }
        let mut peer = incremental(kept(), "-lt");
        peer.put(&bytes);
        peer.rest_until_error();
        let end = peer.fails(code, text);
        assert_eq!(end.site.read("dest/kept").unwrap(), b"kept");
        assert!(!end.site.path("dest/d/x").exists());
    }
    let mut peer = incremental(kept(), "-t");
    peer.put(&[first(&[dir("d")]), hex("ff65"), sub, eof, hex("fffe80660000")].concat());
    peer.rest_until_error();
    peer.fails(2, "");
}

#[test]
fn a_mark_of_errors_needs_the_agreement() {
    // Protocol 30 without the letter f, where the mark is no end of the list.
    let mut peer = kept().server("-re. --checksum-seed=1 --checksum-choice=none . dest/");
    peer.send("1E000000");
    peer.expect("20000000 06 01000000");
    peer.frame_both();
    peer.send("19 01 \".\" 000010 6500f153 ed410000 0410 01");
    let end = peer.fails(2, "Invalid flist flag: 1004");
    assert_eq!(end.site.dest(), ["kept"]);
    assert!(end.payloads(tag::ERROR_EXIT).is_empty());

    // With it the errors forbid deletions.
    let mut peer = kept().server("-re.f --delete --checksum-choice=none . dest/");
    peer.send("1E000000");
    peer.expect("20000000 0E");
    peer.take_raw(4);
    peer.frame_both();
    peer.send("00000000");
    peer.send("19 01 \".\" 000010 6500f153 ed410000 0410 01");
    peer.expect("00");
    peer.send("00");
    peer.expect("00 00");
    peer.send("00 00");
    peer.expect("00");
    peer.rest();
    let end = peer.fails(23, "");
    assert!(
        end.stdout.contains("IO error encountered -- skipping file deletion"),
        "{}",
        end.stdout
    );
    assert_eq!(end.site.dest(), ["kept"]);
}

#[test]
fn names_are_cleaned() {
    let mut peer = receiver(kept(), "-rt");
    peer.put(&list(&[dir("a"), file("a//b", 1), file("./c", 1), dir("d/")]));
    // a, c, d and a/b in the order of the index: c, a, a/b, d.
    peer.expect("01 00A0");
    peer.take(16);
    peer.send("01 00A0 00000000 00000000 00000000 00000000 01000000 \"c\" 00000000 00");
    peer.expect("01 0060 01 00A0");
    peer.take(16);
    peer.send("01 0060 01 00A0 00000000 00000000 00000000 00000000 01000000 \"b\" 00000000 00");
    peer.expect("01 0060");
    peer.send("01 0060");
    peer.finish_receiver();
    let end = peer.succeeds();
    assert_eq!(end.site.dest(), ["a", "c", "d", "kept"]);
    assert_eq!(end.site.read("dest/a/b").unwrap(), b"b");
}

#[test]
fn a_slot_that_was_cleared_is_not_used() {
    let mut peer = receiver(kept(), "-rt");
    peer.put(&list(&[file("a", 1), file("a", 1)]));
    peer.expect("01 00A0");
    peer.take(16);
    peer.send("02 00A0 00000000 00000000 00000000 00000000");
    let text = match is_rsync() {
        true => "received request to transfer non-regular file: 1",
        false => "rsync: refusing transfer of cleared file index 1",
    };
    refused(peer, 2, text);
    // Of a file and a directory the directory stays.
    let mut peer = receiver(kept(), "-rt");
    peer.put(&list(&[file("a", 1), dir("a")]));
    peer.expect("02 0060");
    peer.send("02 0060");
    peer.finish_receiver();
    let end = peer.succeeds();
    assert!(end.site.path("dest/a").is_dir());
}

/// A client that pulls `words` from the module `mod`; the test is the daemon.
fn client(site: Site, words: &[&str]) -> Peer {
    let mut all = vec!["--no-inc-recursive", "--checksum-choice=none"];
    all.extend(words);
    all.push("dest/");
    let mut peer = site.daemon_client(&all);
    peer.greet_daemon_client("81FE");
    peer.take_rules();
    peer
}

#[test]
fn a_client_gets_what_it_asked_for() {
    let unrequested = "ERROR: rejecting unrequested file-list name: ";
    let excluded = "ERROR: rejecting excluded file-list name: ";
    /// Options, entries and the text that refuses them.
    type Row<'a> = (&'a [&'a str], Vec<Vec<u8>>, String);
    let rows: Vec<Row<'_>> = vec![
        (&["-r", "URL/mod/src"], vec![dir("src"), file("other", 1)], format!("{unrequested}other")),
        (&["URL/mod/f"], vec![file("g", 1)], format!("{unrequested}g")),
        (&["URL/mod/f"], vec![dir("f"), file("f/x", 1)], format!("{unrequested}f/x")),
        (&["-d", "URL/mod/d/"], vec![dir("a"), file("a/x", 1)], format!("{unrequested}a/x")),
        (&["-R", "URL/mod/a/b"], vec![dir("a"), file("a/c", 1)], format!("{unrequested}a/c")),
        (&["-R", "URL/mod/a/b"], vec![file("a", 1)], format!("{unrequested}a")),
        (&["-R", "URL/mod/a/./b"], vec![dir("a")], format!("{unrequested}a")),
        (
            &["-d", "URL/mod/d"],
            vec![dir("d"), dir("d/x"), file("d/x/y", 1)],
            format!("{unrequested}d/x/y"),
        ),
        (&["-r", "URL/mod/a\\b*"], vec![dir("abc")], format!("{unrequested}abc")),
        (&["URL/mod/a[b]"], vec![dir("a")], format!("{unrequested}a")),
        (
            &["-r", "URL/mod/src*"],
            vec![dir("srcfoo"), file("tsrc", 1)],
            format!("{unrequested}tsrc"),
        ),
        (
            &["-r", "--files-from=names", "URL/mod/"],
            vec![file("two", 1)],
            format!("{unrequested}two"),
        ),
        (&["-r", "--exclude=*.o", "URL/mod/"], vec![file("a.o", 1)], format!("{excluded}a.o")),
        (
            &["-r", "--filter=H x", "URL/mod/src"],
            vec![dir("src"), file("src/x", 1)],
            format!("{excluded}src/x"),
        ),
    ];
    for (words, entries, text) in rows {
        let mut peer = client(kept().file("names", "one\n"), words);
        peer.put(&list(&entries));
        let end = peer.fails(4, &text);
        assert_eq!(end.site.dest(), ["kept"], "{words:?}");
        assert_eq!(end.payloads(tag::ERROR_EXIT), [&[4, 0, 0, 0]], "{words:?}");
    }
}

#[test]
fn what_was_asked_for_or_trusted_is_taken() {
    let rows: Vec<(&[&str], Vec<Vec<u8>>)> = vec![
        (&["-r", "URL/mod/src*"], vec![dir("srcfoo")]),
        (&["-r", "URL/mod/src"], vec![dir("src"), dir("src/x"), dir("src/x/y")]),
        (&["-d", "URL/mod/d"], vec![dir("d"), dir("d/x")]),
        (&["-d", "URL/mod/d/"], vec![dir("x")]),
        (
            &["-R", "-r", "URL/mod/a/./b/c"],
            vec![entry(NO_CONTENT | TOP, b"b", 0, DIR, b""), dir("b/c")],
        ),
        (&["-r", "URL/mod/a[b]"], vec![dir("a[b]")]),
        (&["-r", "URL/mod/a[b]"], vec![dir("ab"), dir("ab/x")]),
        (&["-r", "URL/mod/a\\b*"], vec![dir("a\\bc")]),
        (&["-r", "URL/mod/a\\b"], vec![dir("a\\b"), dir("a\\b/c")]),
        (&["-r", "--exclude=*.o", "--filter=: .rules", "URL/mod/"], vec![dir("a.o")]),
        (&["-r", "--trust-sender", "--exclude=*.o", "URL/mod/x"], vec![dir("a.o")]),
        (&["-r", "--old-args", "URL/mod/x"], vec![dir("other")]),
        (&["-r", "--filter=P x", "URL/mod/"], vec![dir("x")]),
        (
            &["-R", "-r", "URL/mod/a/b"],
            vec![entry(NO_CONTENT | TOP, b"a", 0, DIR, b""), dir("a/b")],
        ),
    ];
    for (words, entries) in rows {
        let mut peer = client(Site::new(), words);
        peer.put(&list(&entries));
        peer.rest_of_requests();
        drop(peer);
    }
}

#[test]
fn an_implied_parent_does_not_lose_its_other_files() {
    for content in [false, true] {
        let site = Site::new().file("dest/dir/sibling", "s").file("dest/dir/file/old", "o");
        let mut peer = client(site, &["-rtR", "--delete", "URL/mod/dir/file"]);
        // A sender says that the whole directory is listed.
        let flags = if content { TOP } else { TOP | NO_CONTENT };
        peer.put(&list(&[entry(flags, b"dir", 0, DIR, b""), entry(TOP, b"dir/file", 0, DIR, b"")]));
        peer.rest_of_requests();
        drop_session(peer);
    }
    // A single file was asked for, and the root is claimed.
    let site = Site::new().file("dest/sibling", "s");
    let mut peer = client(site, &["-rtR", "--delete", "URL/mod/f"]);
    peer.put(&list(&[entry(TOP, b".", 0, DIR, b""), file("f", 0)]));
    peer.rest_of_requests();
    let end = peer.end();
    assert!(end.site.path("dest/sibling").exists(), "{}", end.stderr);

    fn drop_session(peer: Peer) {
        let end = peer.end();
        assert!(end.site.path("dest/dir/sibling").exists(), "{}", end.stderr);
        assert!(!end.site.path("dest/dir/file/old").exists(), "{}", end.stderr);
    }
}

impl Peer {
    /// The filter list that a client sends.
    fn take_rules(&mut self) {
        loop {
            let len = self.take(4);
            match u32::from_le_bytes([len[0], len[1], len[2], len[3]]) {
                0 => return,
                len => self.take(len as usize),
            };
        }
    }

    /// Waits until the client's first phase is over.
    fn rest_of_requests(&mut self) {
        while self.take(1) != [0] {
            let flags = self.take(2);
            if flags[1] & 0x80 != 0 {
                self.take(16);
            }
        }
    }
}

#[test]
fn a_link_cannot_become_the_root() {
    // A root that is no directory would be removed to make room.
    let mut peer = receiver(kept(), "-rlt --force");
    peer.put(&symlink(".", "/tmp"));
    refused(peer, 2, "ERROR: rejecting non-directory transfer-root entry: .");
}
