//! Versions, capabilities, algorithms and the seed.

use crate::peer::{PLAIN, Peer, SERVER_LIST, Site, data, hex, is_rsync, tag};

const DEFAULT_LIST: &str = "xxh128 xxh3 xxh64 md5 md4 sha1";

#[test]
fn a_server_announces_its_own_version_and_takes_the_smaller() {
    // What the server announces, and what follows the versions: flags and seed, or the seed alone.
    for (letters, client, announced, follows) in [
        (".", 32, "20000000", "06 01000000"),
        (".", 31, "20000000", "06 01000000"),
        (".", 30, "20000000", "06 01000000"),
        (".", 29, "20000000", "01000000"),
        (".", 28, "20000000", "01000000"),
        (".", 27, "20000000", "01000000"),
        (".", 33, "20000000", "06 01000000"),
        (".", 40, "20000000", "06 01000000"),
        ("32.5", 32, "1F000000", "06 01000000"),
        ("31.2", 32, "1E000000", "06 01000000"),
        ("33.1", 32, "20000000", "06 01000000"),
    ] {
        let words = format!("-re{letters} --checksum-seed=1 . dest");
        let mut peer = Site::new().server(&words);
        peer.raw(&i32::to_le_bytes(client));
        peer.expect(announced);
        peer.expect(follows);
    }
}

#[test]
fn a_version_out_of_range_is_a_mismatch() {
    for version in [0, 19, 41, -1, 0x6873_6172] {
        let mut peer = Site::new().server("-re. . dest");
        peer.raw(&i32::to_le_bytes(version));
        let end = peer.fails(2, "protocol version mismatch -- is your shell clean?");
        assert!(
            end.stderr.contains("(see the rsync manpage for an explanation)"),
            "{}",
            end.stderr
        );
        assert!(end.stderr.contains("protocol incompatibility (code 2) at"), "{}", end.stderr);
        let mut peer = Site::new().shell_client(&["-r", "host:x", "dest"]);
        peer.expect("20000000");
        peer.raw(&i32::to_le_bytes(version));
        peer.fails(2, "protocol version mismatch -- is your shell clean?");
    }
}

#[test]
fn options_need_their_version() {
    for (option, version, least) in
        [("--acls", 29, 30), ("--xattrs", 29, 30), ("--prune-empty-dirs", 28, 29)]
    {
        let text = format!("{option} requires protocol {least} or higher (negotiated {version}).");
        let mut peer = Site::new().server(&format!("-r {option} . dest"));
        peer.raw(&i32::to_le_bytes(version));
        peer.fails(2, &text);
        let mut peer = Site::new().shell_client(&["-r", option, "host:x", "dest"]);
        peer.raw(&i32::to_le_bytes(version));
        peer.fails(2, &text);
    }
    let protocol = |version: &str| {
        let version = format!("--protocol={version}");
        Site::new().run(&["-r", &version, "src/", "dest"])
    };
    let (old, new) = (protocol("19"), protocol("33"));
    assert_eq!((old.code, new.code), (Some(2), Some(2)), "{} {}", old.stderr, new.stderr);
    assert!(new.stderr.contains("--protocol must be no more than 32 on the Client."));
}

#[test]
fn capabilities_decide_the_compat_flags() {
    for (letters, flags) in [
        (".", "06"),
        (".i", "07"),
        (".f", "0E"),
        (".iLsfxCIvu", "81FF"),
        (".LsfxCIvu", "81FE"),
        (".iv", "8087"),
        // The retired letter: one byte as it is, and no lists.
        (".V", "86 01000000"),
        (".iLsfxCIVu", "FF 01000000"),
    ] {
        let mut peer = Site::new().server(&format!("-re{letters} --checksum-seed=1 . dest"));
        peer.send("20000000");
        peer.expect("20000000");
        peer.expect(flags);
    }
    for refusing in
        ["--no-inc-recursive", "--delete-before", "--delete-after", "--delay-updates", "-m"]
    {
        if refusing == "--delay-updates" && !is_rsync() {
            continue;
        }
        let mut peer = Site::new().server(&format!("-re.iLsfxCIvu {refusing} . dest"));
        peer.send("20000000");
        peer.expect("20000000 81FE");
    }
}

#[test]
fn lists_are_exchanged_since_protocol_30() {
    let mut peer = Site::new().server("-re.v --checksum-seed=1 . dest");
    peer.send("1E000000");
    peer.expect("20000000 8086");
    peer.expect(SERVER_LIST);
    peer.send("03 \"md5\"");
    peer.expect("01000000");
}

#[test]
fn a_client_does_not_accept_what_it_did_not_offer() {
    let mut peer = Site::new().shell_client(&["-r", "--no-inc-recursive", "host:x", "dest"]);
    peer.send("20000000 81FF");
    peer.fails(1, "Incompatible options specified for inc-recursive connection.");
}

/// A server that sends one file, up to the file's trailer, whose length tells the algorithm.
fn trailer(site: Site, words: &str, lists: &[(&str, &str)]) -> Vec<u8> {
    let words = format!("--sender -e.LsfxCIvu --checksum-seed=1 {words} . src/f");
    let mut peer = site.file("src/f", "hello\n").server(&words);
    peer.send("20000000");
    peer.expect("20000000 81FE");
    for (server, client) in lists {
        peer.expect_vstring(server);
        peer.put_vstring(client);
    }
    peer.expect("01000000");
    peer.frame_both();
    peer.send("00000000");
    peer.take_list();
    peer.send("01 00A0 00000000 00000000 00000000 00000000 00 00 00 00 00");
    peer.expect("01 00A0 00000000 00000000 00000000 00000000");
    let rest = peer.rest();
    let literal = hex("06000000 \"hello\n\" 00000000");
    let at =
        rest.windows(literal.len()).position(|w| w == literal).expect("the file") + literal.len();
    // DONE three times, five numbers of three bytes (small ones), and the last DONE.
    let end = rest.len() - (3 + 15 + 1);
    assert!(peer.succeeds().rest.is_empty());
    rest[at..end].to_vec()
}

#[test]
fn the_client_s_order_decides() {
    let all = format!("{DEFAULT_LIST} none");
    let chosen = |client: &str| trailer(Site::new(), "", &[(&all, client)]);
    let md5 = hex("b1946ac92492d2347c6235b4d2611184");
    let sha1 = hex("f572d396fae9206628714fb2ce00f72e94f2258f");
    assert_eq!(chosen("md5"), md5);
    assert_eq!(chosen("sha1"), sha1);
    assert_eq!(chosen("frob SHA1"), sha1);
    assert_eq!(chosen("none"), [0]);
    assert_eq!(chosen("xxhash").len(), 8);
    assert_eq!(chosen("xxh3").len(), 8);
    assert_eq!(chosen("xxh128").len(), 16);
    if !is_rsync() {
        assert_eq!(chosen("md5 xxh128 sha1"), md5);
    }
}

#[test]
fn a_choice_leaves_out_the_list() {
    assert_eq!(trailer(Site::new(), "--checksum-choice=none", &[]), [0]);
    assert_eq!(trailer(Site::new(), "--checksum-choice=sha1", &[]).len(), 20);
    let md5 = hex("b1946ac92492d2347c6235b4d2611184");
    assert_eq!(trailer(Site::new(), "--checksum-choice=auto,md4", &[]), md5);
    let all = format!("{DEFAULT_LIST} none");
    let compress = "zstd lz4 zlibx zlib none";
    for words in ["-z", "--compress-level=3"] {
        let words = format!("--sender -e.LsfxCIvu {words} . src/f");
        let mut peer = Site::new().server(&words);
        peer.send("20000000");
        peer.expect("20000000 81FE");
        peer.expect_vstring(&all);
        peer.expect_vstring(compress);
    }
    assert_eq!(trailer(Site::new(), "--compress-choice=none", &[(&all, "md5")]), md5);
}

#[test]
fn nothing_in_common_ends_with_both_lists() {
    let mut peer = Site::new().server("-re.v . dest");
    peer.send("20000000");
    peer.put_vstring("crc32 frob");
    let end = peer.end();
    assert_eq!(end.code, Some(4), "{}", end.stderr);

    let mut peer = Site::new().shell_client(&["-r", "host:x", "dest"]);
    peer.send("20000000 8086");
    peer.put_vstring("crc32 frob");
    let end = peer.fails(4, "Failed to negotiate a checksum choice.");
    assert!(end.stderr.contains("Server list: crc32 frob\n"), "{}", end.stderr);
    assert!(end.stderr.contains(&format!("Client list: {DEFAULT_LIST}\n")), "{}", end.stderr);

    let mut peer = Site::new().shell_client(&["-rz", "host:x", "dest"]);
    peer.send("20000000 8086");
    peer.put_vstring("md5");
    peer.put_vstring("pkzip");
    let end = peer.fails(4, "Failed to negotiate a compress choice.");
    assert!(end.stderr.contains("Server list: pkzip\n"), "{}", end.stderr);

    for server in [true, false] {
        let mut peer = match server {
            true => Site::new().server("-re.v . dest"),
            false => Site::new().shell_client(&["-r", "host:x", "dest"]),
        };
        peer.send(if server { "20000000" } else { "20000000 8086" });
        peer.put_vstring(&"x".repeat(256));
        let text = if server { "" } else { "over-long vstring received (256 > 255)" };
        let end = peer.end();
        assert!(matches!(end.code, Some(2 | 4)), "{:?} {}", end.code, end.stderr);
        assert!(end.stderr.contains(text), "{}", end.stderr);
    }
}

#[test]
fn the_environment_restricts_the_lists() {
    let site = || Site::new().env("RSYNC_CHECKSUM_LIST", "md5 & frob md4 md4");
    let mut peer = site().server("-re.v . dest");
    peer.send("20000000");
    peer.expect("20000000 8086 03 \"md4\"");
    // Our client answers with the choice alone.
    let mut peer = site().shell_client(&["-r", "host:x", "dest"]);
    peer.expect("20000000");
    peer.send("20000000 8086");
    peer.put_vstring("xxh128 md5 md4");
    peer.expect("03 \"md5\"");

    let mut peer = Site::new().env("RSYNC_CHECKSUM_LIST", "frob").server("-re.v . dest");
    peer.send("20000000");
    peer.expect("20000000 8086 07 \"INVALID\"");
    peer.put_vstring("md5");
    assert_eq!(peer.end().code, Some(4));

    let site = Site::new().env("RSYNC_CHECKSUM_LIST", "md5");
    let peer = site.server("-re.v --checksum-choice=sha1 . dest");
    let end = peer.fails(4, "Your --checksum-choice value (sha1) was refused by the server.");
    assert_eq!(end.rest, b"");
    let site = Site::new().env("RSYNC_COMPRESS_LIST", "zlib");
    let peer = site.server("-re.v --compress-choice=zstd . dest");
    peer.fails(4, "Your --compress-choice value (zstd) was refused by the server.");

    for server in [true, false] {
        let site = Site::new().env("RSYNC_CHECKSUM_LIST", "xxh64");
        let mut peer = match server {
            true => site.server("-r . dest"),
            false => site.shell_client(&["-r", "host:x", "dest"]),
        };
        peer.send("1D000000");
        if !server {
            peer.send("01000000");
        }
        let end = peer.end();
        assert_eq!(end.code, Some(4), "{}", end.stderr);
    }
}

#[test]
fn unknown_options_are_refused_before_any_byte() {
    for option in ["--foo", "--use-qsort", "--foo=bar"] {
        let peer = Site::new().server(&format!("-r {option} . dest"));
        let end = peer.fails(1, &format!("on remote machine: {option}: unknown option"));
        assert_eq!(end.rest, b"");
        assert!(end.stderr.contains("(code 1) at "), "{}", end.stderr);
    }
    let end = Site::new().run(&["--sender", "-r", ".", "dest"]);
    assert_eq!(end.code, Some(1), "{}", end.stderr);
}

#[test]
fn what_the_remote_shell_is_given() {
    let argv = |words: &[&str]| {
        let mut peer = Site::new().shell_client(words);
        peer.expect("20000000");
        String::from_utf8(peer.site.read("argv").unwrap()).unwrap().replace('\n', " ")
    };
    assert_eq!(argv(&["-a", "src/", "h:dst/"]), "h rsync --server -logDtpre.iLsfxCIvu . dst/ ");
    let pull = argv(&["-a", "ann@h:a b", "ann@h:st*r", "ann@h:-x", "dest"]);
    assert_eq!(pull, "-l ann h rsync --server --sender -logDtpre.iLsfxCIvu . a\\ b st*r ./-x ");
    let secluded = ["-as", "--rsync-path=/opt/my rsync", "src/", "h:a b"];
    assert_eq!(argv_secluded(&secluded), "h /opt/my rsync --server -slogDtpre.iLsfxCIvu ");
    assert_eq!(
        argv(&["-r", "h:~user", "dest"]),
        "h rsync --server --sender -re.iLsfxCIvu . \\~user "
    );
}

fn argv_secluded(words: &[&str]) -> String {
    let mut peer = Site::new().shell_client(words);
    // The strings come before everything else, unescaped.
    peer.expect("\"rsync\" 00 \".\" 00 \"a b\" 00 00");
    peer.expect("20000000");
    String::from_utf8(peer.site.read("argv").unwrap()).unwrap().replace('\n', " ")
}

#[test]
fn secluded_arguments_are_read_before_everything_else() {
    let site = Site::new().file("src/a1", "1").file("src/a2", "2").file("src/b", "3");
    let mut peer = site.server("--sender -se.LsfxCIvu");
    peer.send("\"rsync\" 00 \"--checksum-seed=1\" 00 \"--checksum-choice=none\" 00");
    peer.send("\".\" 00 \"src/a*\" 00 \"src/b*c\" 00 00");
    peer.greet_server_chosen("81FE");
    peer.send("00000000");
    let mut names = peer.take_list();
    names.sort();
    assert_eq!(names, ["a1", "a2"]);
    peer.send("00 00 00 00 00");
    let rest = peer.rest();
    assert!(rest.ends_with(&[0]), "{rest:?}");
    peer.fails(23, "/src/b*c\" failed: No such file or directory (2)");

    let site = Site::new().env("RSYNC_PROTECT_ARGS", "1");
    let mut peer = site.shell_client(&["-r", "src/", "h:dst"]);
    peer.expect("\"rsync\" 00 \".\" 00 \"dst\" 00 00 20000000");
}

/// Push of one file over every version: framing, item forms and the number of DONEs.
#[test]
fn one_file_pushed_in_every_version() {
    for version in 27u8..=32 {
        let modern = version >= 30;
        let words = "-re.LsfxCIvu --checksum-seed=1 --checksum-choice=none . dest/";
        let mut peer = Site::new().server(words);
        peer.raw(&[version, 0, 0, 0]);
        peer.expect("20000000");
        if modern {
            peer.expect("81FE");
        }
        peer.expect("01000000");
        peer.frame_in();
        let mut items = Items { version, last: -1 };
        let (root, name) = (items.entry(true, ".", 0o040_755), items.entry(false, "f", 0o100_644));
        let mut list = [root, name, vec![0]].concat();
        list.extend(if modern { vec![0] } else { vec![0; 4] });
        if modern {
            peer.frame_out();
        }
        peer.put(&list);
        let flags = if version >= 29 { "00A0" } else { "" };
        let request = [items.ndx(1), hex(flags), vec![0; 16]].concat();
        let answer = [&request[..], &hex("06000000 \"hello\n\" 00000000 00")].concat();
        assert_eq!(peer.take(request.len()), request, "{version}");
        let done = items.ndx(-1);
        peer.put(&answer);
        let (generator, sender) = match version {
            27 | 28 => (3, 2),
            29 | 30 => (4, 3),
            _ => (5, 4),
        };
        let mut sent = 0;
        for number in 1..=generator {
            assert_eq!(peer.take(done.len()), done, "{version}: {number}");
            if sent < sender {
                peer.put(&done);
                sent += 1;
            }
        }
        assert_eq!(sent, sender);
        let end = peer.succeeds();
        assert_eq!(end.rest, b"", "{version}");
        assert_eq!(end.site.read("dest/f").unwrap(), b"hello\n");
    }
}

/// Pull of one file over every version.
#[test]
fn one_file_pulled_in_every_version() {
    for version in 27u8..=32 {
        for removing in [false, true] {
            if removing && !is_rsync() {
                continue;
            }
            let modern = version >= 30;
            let more = if removing { "--remove-source-files" } else { "--ignore-times" };
            let words = format!(
                "--sender -e.LsfxCIvu --checksum-seed=1 --checksum-choice=none {more} . src/f"
            );
            let mut peer = Site::new().file("src/f", "hello\n").server(&words);
            crate::peer::set_mtime(&peer.site.path("src/f"), 1_700_000_000);
            peer.raw(&[version, 0, 0, 0]);
            peer.expect("20000000");
            if modern {
                peer.expect("81FE");
            }
            peer.expect("01000000");
            peer.frame_in();
            if modern || removing {
                peer.frame_out();
            }
            peer.send("00000000");
            let mut items = Items { version, last: -1 };
            let entry = items.entry(false, "f", 0o100_644);
            assert_eq!(peer.take(entry.len()), entry, "{version}");
            peer.expect(if modern { "00 00" } else { "00 00000000" });
            let flags = if version >= 29 { "00A0" } else { "" };
            let request = [items.ndx(0), hex(flags), vec![0; 16]].concat();
            peer.put(&request);
            assert_eq!(peer.take(request.len()), request);
            peer.expect("06000000 \"hello\n\" 00000000 00");
            if removing {
                peer.frame(tag::SUCCESS, &[0; 4]);
            }
            let done = items.ndx(-1);
            let middle = if version >= 29 { 3 } else { 2 };
            for _ in 0..middle {
                peer.put(&done);
                assert_eq!(peer.take(done.len()), done);
            }
            // Statistics: what the server read and wrote since the framing, the size of the list, two times.
            match version {
                27 | 28 => assert_eq!(peer.take(12)[8..], hex("06000000")),
                29 => assert_eq!(peer.take(20)[8..12], hex("06000000")),
                _ => assert_eq!(peer.take(15)[6..9], hex("000600")),
            }
            if version >= 31 {
                peer.put(&done);
                peer.expect("00");
            }
            peer.put(&done);
            let end = peer.succeeds();
            assert_eq!(end.rest, b"");
            assert_eq!(end.site.path("src/f").exists(), !removing, "{version}");
        }
    }
}

/// Forms that depend on the version.
struct Items {
    version: u8,
    last: i32,
}

impl Items {
    fn entry(&self, top: bool, name: &str, mode: i32) -> Vec<u8> {
        use wire::varint::Put;
        let mut e = vec![PLAIN as u8 | u8::from(top), name.len() as u8];
        e.extend_from_slice(name.as_bytes());
        if self.version >= 30 {
            e.put_varlong(6, 3);
            e.put_varlong(1_700_000_000, 4);
        } else {
            e.put_int32(6);
            e.put_int32(1_700_000_000);
        }
        e.put_int32(mode);
        e
    }

    fn ndx(&mut self, n: i32) -> Vec<u8> {
        match n {
            _ if self.version < 30 => n.to_le_bytes().to_vec(),
            -1 => vec![0],
            _ => {
                let difference = n - self.last;
                self.last = n;
                vec![difference as u8]
            }
        }
    }
}

impl Peer {
    #[track_caller]
    pub fn expect_vstring(&mut self, text: &str) {
        let len = self.take_raw(1)[0];
        assert!(len < 128);
        assert_eq!(String::from_utf8_lossy(&self.take_raw(len.into())), text);
    }

    pub fn put_vstring(&mut self, text: &str) {
        use wire::varint::Put;
        let mut bytes = Vec::new();
        bytes.put_vstring(text.as_bytes());
        self.put(&bytes);
    }
}

/// The seed goes where each algorithm wants it: blocks of a file the receiver has are recognised.
#[test]
fn block_sums_are_those_of_the_algorithm() {
    let basis = data(1500);
    for (choice, sums) in [("xxh128", ["8b078ef7 606e", "0b02bbec 9a22", "5404bce8 6474"])] {
        let site = Site::new().file("dest/f", &basis);
        crate::peer::set_mtime(&site.path("dest/f"), 1_600_000_000);
        let words = format!("-te.LsfxCIvu --checksum-seed=1 --checksum-choice={choice} . dest/");
        let mut peer = site.server(&words);
        peer.greet_server_chosen("81FE");
        peer.put(&crate::peer::list(&[crate::peer::file("f", 1505)]));
        peer.expect("01 0c80 03000000 bc020000 02000000 64000000");
        for sum in sums {
            peer.expect(sum);
        }
    }
}
