//! What a server lists for its arguments: the entries, their flags, and what it says of those it cannot list.

use testkit::Mounted;

use crate::peer::{Peer, Site, hex, set_mtime};
use std::os::unix::{fs::symlink, net::UnixListener};

const TOP: i32 = 0x01;
const NO_CONTENT: i32 = 0x100;

/// `src` with the files `a` and `sub/b`.
fn tree() -> Site {
    Site::new().file("src/a", "1").file("src/sub/b", "22")
}

fn sender(site: Site, words: &str) -> Peer {
    let words = format!("--sender --checksum-choice=none --checksum-seed=1 {words}");
    let mut peer = site.server(&words);
    let compat = if words.contains("e.i") { "81FF" } else { "81FE" };
    peer.greet_server_chosen(compat);
    peer.send("00000000");
    peer
}

/// Names with what their flags say of directories, sorted by name; and the I/O error.
fn listed(site: Site, words: &str) -> (Vec<(String, i32)>, i32) {
    let mut peer = sender(site, &format!("-e.LsfxCIvu {words}"));
    let (entries, io_error) = peer.take_entries();
    let mut names: Vec<_> =
        entries.into_iter().map(|e| (e.name, e.flags & (TOP | NO_CONTENT))).collect();
    names.sort();
    (names, io_error)
}

#[track_caller]
fn lists(site: Site, words: &str, expected: &[(&str, i32)]) {
    let (names, io_error) = listed(site, words);
    let names: Vec<_> = names.iter().map(|(name, flags)| (name.as_str(), *flags)).collect();
    assert_eq!((&names[..], io_error), (expected, 0), "{words}");
}

#[test]
fn arguments_become_names() {
    let below = [("src", TOP), ("src/a", 0), ("src/sub", 0), ("src/sub/b", 0)];
    let inside = [(".", TOP), ("a", 0), ("sub", 0), ("sub/b", 0)];
    lists(tree(), "-r . src", &below);
    for argument in ["src/", "src/.", "src//", "src/sub/.."] {
        lists(tree(), &format!("-r . {argument}"), &inside);
    }
    lists(tree(), "-r . src/sub src/a", &[("a", 0), ("sub", TOP), ("sub/b", 0)]);
    // Without arguments, the folder itself.
    let (names, _) = listed(tree(), "-r .");
    assert_eq!(names[0], (".".into(), TOP));
    assert!(names.contains(&("src/sub/b".into(), 0)), "{names:?}");
}

#[test]
fn directories_without_recursion() {
    lists(tree(), "-d . src", &[("src", NO_CONTENT)]);
    lists(tree(), "-d . src/", &[(".", TOP), ("a", 0), ("sub", NO_CONTENT)]);
    let mut peer = sender(tree(), "-e.LsfxCIvu . src src/a");
    assert_eq!(peer.take_list(), ["a"]);
    peer.send("00 00 00 00 00");
    let end = peer.succeeds();
    let said = end.stdout + &end.stderr;
    assert!(said.contains("skipping directory src\n"), "{said}");
}

#[test]
fn relative_names_keep_their_parents() {
    let implied = TOP | NO_CONTENT;
    lists(tree(), "-rR . src/sub", &[("src", implied), ("src/sub", TOP), ("src/sub/b", 0)]);
    lists(tree(), "-rR . src/./sub/", &[("sub", TOP), ("sub/b", 0)]);
    lists(
        tree(),
        "-rR . ./src/sub/b",
        &[(".", implied), ("src", implied), ("src/sub", implied), ("src/sub/b", 0)],
    );
    lists(
        tree(),
        "-R . src/sub/b src/a",
        &[("src", implied), ("src/a", 0), ("src/sub", implied), ("src/sub/b", 0)],
    );
    lists(tree(), "-R --no-implied-dirs . src/a", &[("src", implied), ("src/a", 0)]);
    sender(tree(), "-rRe.LsfxCIvu . src/../src/a")
        .fails(1, "found \"..\" dir in relative path: src/../src/a");
    // Names from the root of the file system keep it.
    let site = tree();
    let path = site.path("src/a").display().to_string();
    let (names, _) = listed(site, &format!("-R . {path}"));
    assert!(names.contains(&(path, 0)), "{names:?}");
}

#[test]
fn arguments_that_are_missing() {
    let missing = |words: &str, code, text: &str, io_error, names: usize| {
        let mut peer = sender(tree(), &format!("-re.LsfxCIvu {words}"));
        let (entries, error) = peer.take_entries();
        assert_eq!((error, entries.len()), (io_error, names), "{words}");
        if names > 0 {
            peer.send("00 00 00 00 00");
            peer.rest();
        }
        let end = peer.end();
        assert_eq!(end.code, Some(code), "{}", end.stderr);
        assert!(end.stderr.contains(text), "{}", end.stderr);
        entries
    };
    missing(". src/none src/a", 23, "src/none\" failed: No such file or directory (2)", 0, 1);
    missing(". src/none", 23, "link_stat \"", 0, 0);
    missing(". none/x src/a", 23, "change_dir \"", 1, 1);
    missing("--ignore-missing-args . src/none src/a", 0, "", 0, 1);
    let entries = missing("--delete-missing-args . src/none src/a", 0, "", 0, 2);
    assert_eq!((entries[0].name.as_str(), entries[0].mode), ("none", 0));
}

#[test]
fn every_kind_is_listed() {
    let site = tree();
    symlink("a", site.path("src/link")).unwrap();
    let _socket = UnixListener::bind(site.path("src/socket")).unwrap();
    let fifo = std::process::Command::new("mkfifo").arg(site.path("src/fifo")).status();
    assert!(fifo.unwrap().success());
    let mut peer = sender(site, "-re.LsfxCIvu . src/");
    let (entries, _) = peer.take_entries();
    let mut kinds: Vec<_> = entries.iter().map(|e| (e.name.as_str(), e.mode & 0o170_000)).collect();
    kinds.sort();
    let (dir, file) = (0o040_000, 0o100_000);
    let expected = [
        (".", dir),
        ("a", file),
        ("fifo", 0o010_000),
        ("link", 0o120_000),
        ("socket", 0o140_000),
        ("sub", dir),
        ("sub/b", file),
    ];
    assert_eq!(kinds, expected);
    // Owner and group are marked as repeated where they are not kept.
    assert!(entries.iter().all(|e| e.flags & 0x18 == 0x18));
}

#[test]
fn dangling_links_are_errors_where_links_are_followed() {
    let site = tree();
    symlink("nothing", site.path("src/link")).unwrap();
    let mut peer = sender(site, "-rLe.LsfxCIvu . src/");
    let (entries, io_error) = peer.take_entries();
    assert_eq!((entries.len(), io_error), (4, 1));
    peer.send("00 00 00 00 00");
    peer.rest();
    peer.fails(23, "symlink has no referent: \"");
}

#[test]
fn unsafe_links_are_copied() {
    let site = Site::new().file("out/f", "1").file("src/x", "2");
    std::fs::create_dir(site.path("src/in")).unwrap();
    for (target, name) in
        [("../out/f", "src/up"), ("in/../../out/f", "src/around"), ("in", "src/inside")]
    {
        symlink(target, site.path(name)).unwrap();
    }
    let mut peer = sender(site, "-re.LsfxCIvu --copy-unsafe-links . src/");
    let (entries, _) = peer.take_entries();
    let kind = |name: &str| entries.iter().find(|e| e.name == name).unwrap().mode & 0o170_000;
    assert_eq!([kind("up"), kind("around"), kind("inside")], [0o100_000, 0o100_000, 0o120_000]);
}

#[test]
fn times_have_nanoseconds_since_protocol_31() {
    for (version, flags) in [("20", "A018"), ("1E", "18")] {
        let site = Site::new().file("src/f", "1");
        let time = std::time::UNIX_EPOCH + std::time::Duration::new(1_700_000_000, 500_000_000);
        std::fs::File::open(site.path("src/f")).unwrap().set_modified(time).unwrap();
        let mut peer = site.server("--sender -e.LsfxCIvu --checksum-choice=none . src/f");
        peer.send(&format!("{version}000000"));
        peer.expect("20000000 81FE");
        peer.take_raw(4);
        peer.frame_both();
        peer.send("00000000");
        peer.expect(flags);
        peer.expect("01 66 000100 6500f153");
        if version == "20" {
            peer.expect("f00065cd1d");
        }
        peer.expect("a4810000 00 00");
    }
}

#[test]
fn names_share_their_beginning() {
    let site = Site::new().file("src/f6", "1").file("src/f7", "1");
    for name in ["src/f6", "src/f7"] {
        set_mtime(&site.path(name), 1_700_000_000);
    }
    let mut peer = sender(site, "-e.LsfxCIvu . src/f6 src/f7");
    peer.expect("18 02 \"f6\" 000100 6500f153 a4810000");
    peer.expect("80ba 01 01 \"7\" 000100 00 00");
    let long = "x".repeat(255);
    let site = Site::new().file(&format!("src/{long}/f"), "1");
    let mut peer = sender(site, &format!("-Re.LsfxCIvu --no-implied-dirs . src/./{long}/f"));
    let (entries, _) = peer.take_entries();
    assert_eq!(entries.last().unwrap().name, format!("{long}/f"));
}

#[test]
fn an_argument_given_twice_is_sent_twice() {
    let mut peer = sender(tree(), "-e.LsfxCIvu . src/a src/a");
    assert_eq!(peer.take_list(), ["a", "a"]);
    // Either is served.
    peer.send("02 00A0 00000000 00000000 00000000 00000000");
    peer.expect("02 00A0 00000000 00000000 00000000 00000000 01000000 \"1\" 00000000 00");
}

#[test]
fn directories_have_numbers_and_one_list_each() {
    let site = Site::new().file("src/b/f", "1").file("src/a/c/g", "1");
    let mut peer = sender(site, "-re.iLsfxCIvu . src/");
    let mut names = peer.take_list();
    names.sort();
    assert_eq!(names, [".", "a", "b"]);
    // 0 is the root, 1 `a`, 2 `b`; then 3 `a/c`: depth first.
    peer.expect("ff65");
    assert_eq!(peer.take_list(), ["a/c"]);
    peer.expect("ff02");
    assert_eq!(peer.take_list(), ["a/c/g"]);
    peer.expect("fffe80670000");
    assert_eq!(peer.take_list(), ["b/f"]);
    peer.expect("fffe80020000");
    // The same directory twice has one list.
    let site = Site::new().file("src/d/f", "1");
    let mut peer = sender(site, "-re.iLsfxCIvu . src/d src/d");
    assert_eq!(peer.take_list(), ["d", "d"]);
    peer.expect("ff64");
    let names = peer.take_list();
    assert!(names.iter().all(|name| name == "d/f") && !names.is_empty(), "{names:?}");
    peer.expect("fffe80020000");
    // Nothing but the root: the end follows at once.
    let mut peer = sender(Site::new(), "-re.iLsfxCIvu . src/");
    assert_eq!(peer.take_list(), ["."]);
    peer.expect("ff01");
}

#[test]
fn relative_parents_open_lists_of_their_own() {
    let site = Site::new().file("a/b/c", "1");
    let mut peer = sender(site, "-rRe.iLsfxCIvu . a/b/c");
    let implied = TOP | NO_CONTENT;
    let mut next = |name: &str, flags: i32| {
        let (entries, _) = peer.take_entries();
        assert_eq!(entries.len(), 1);
        assert_eq!((entries[0].name.as_str(), entries[0].flags & implied), (name, flags));
    };
    next("a", implied);
    peer.expect("ff64");
    let mut next = |name: &str, flags: i32| {
        let (entries, _) = peer.take_entries();
        assert_eq!((entries[0].name.as_str(), entries[0].flags & implied), (name, flags));
    };
    next("a/b", implied);
    peer.expect("ff01");
    assert_eq!(peer.take_list(), ["a/b/c"]);
    peer.expect("fffe80020000");
}

#[test]
fn mount_points_are_left_out_or_listed_empty() {
    let nothing = |names: &[&str]| names.iter().map(|&name| (name.into(), 0)).collect::<Vec<_>>();
    for (option, mount_point) in [("-x", Some(NO_CONTENT)), ("-xx", None), ("", Some(0))] {
        let site = tree();
        std::fs::create_dir(site.path("src/mnt")).unwrap();
        let mounted = Mounted::tmpfs(site.path("src/mnt"), "1m");
        std::fs::write(site.path("src/mnt/inside"), "1").unwrap();
        let (names, _) = listed(site, &format!("{option} -r . src/"));
        let mut expected = nothing(&["a", "sub", "sub/b"]);
        expected.push((".".into(), TOP));
        expected.extend(mount_point.map(|flags| ("mnt".into(), flags)));
        if option.is_empty() {
            expected.push(("mnt/inside".into(), 0));
        }
        expected.sort();
        assert_eq!(names, expected, "{option}");
        drop(mounted);
    }
    // With incremental recursion it has a list without anything in it.
    let site = tree();
    std::fs::create_dir(site.path("src/mnt")).unwrap();
    let mounted = Mounted::tmpfs(site.path("src/mnt"), "1m");
    std::fs::write(site.path("src/mnt/inside"), "1").unwrap();
    let mut peer = sender(site, "-rxe.iLsfxCIvu . src/");
    let mut names = peer.take_list();
    names.sort();
    assert_eq!(names, [".", "a", "mnt", "sub"]);
    peer.expect("ff65");
    assert!(peer.take_list().is_empty());
    peer.expect("ff01");
    assert_eq!(peer.take_list(), ["sub/b"]);
    peer.expect("fffe80020000");
    drop(mounted);
}

#[test]
fn owners_have_names_behind_the_list() {
    // The id lists of a session without incremental recursion: only what occurs, and the name of 0.
    let site = Site::new().file("src/f", "1");
    set_mtime(&site.path("src/f"), 1_700_000_000);
    let numeric = {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata(site.path("src/f")).unwrap().uid() != 0
    };
    if numeric {
        eprintln!("skipped: needs files of user 0");
        return;
    }
    let mut peer = sender(site, "-oge.LsfxCIvu . src/f");
    // Not a single bit is set, so the flag that says nothing is.
    peer.expect("04 01 66 000100 6500f153 a4810000 00 00 00 00");
    peer.expect("00 04 \"root\" 00 04 \"root\"");
    // With numeric ids there are no lists.
    let site = Site::new().file("src/f", "1");
    set_mtime(&site.path("src/f"), 1_700_000_000);
    let mut peer = sender(site, "-oge.LsfxCIvu --numeric-ids . src/f");
    peer.expect("04 01 66 000100 6500f153 a4810000 00 00 00 00");
    peer.send(&"00".repeat(5));
    peer.expect("00");
    // In an incremental session the names come with the ids.
    let site = Site::new().file("src/f", "1");
    set_mtime(&site.path("src/f"), 1_700_000_000);
    let mut peer = sender(site, "-roge.iLsfxCIvu . src/f");
    peer.expect("8c00 01 66 000100 6500f153 a4810000 00 04 \"root\" 00 04 \"root\" 00 00 ff01");
}

#[test]
fn checksums_are_listed_for_files_only() {
    let site = Site::new().file("src/f", "hello\n");
    set_mtime(&site.path("src/f"), 1_700_000_000);
    let words = "--sender -ce.LsfxCIvu --checksum-choice=md5 . src/f";
    let mut peer = site.server(words);
    peer.send("20000000");
    peer.expect("20000000 81FE");
    peer.take_raw(4);
    peer.frame_both();
    peer.send("00000000");
    peer.expect("18 01 66 000600 6500f153 a4810000");
    assert_eq!(peer.take(16), hex("b1946ac92492d2347c6235b4d2611184"));
    peer.expect("00 00");
    // No algorithm, no comparison.
    let mut peer = tree().server("--sender -rce.f --checksum-choice=none . src");
    peer.send("20000000 04000007 00000000");
    peer.rest();
    peer.fails(4, "Invalid checksum-choice for --checksum: none");
}

#[test]
fn a_sender_stops_ahead_of_its_receiver() {
    let site = Site::new();
    for i in 0..60 {
        for j in 0..100 {
            let path = site.path(&format!("src/{i:02}/{j:02}"));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
    }
    let mut peer = sender(site, "-re.iLsfxCIvu . src/");
    assert_eq!(peer.take_list().len(), 61);
    // It may go on while it has nothing else to do, but it must go on at least that far unasked.
    let mut seen = 0;
    while seen < 1000 {
        match peer.take(1)[0] {
            0xff if seen == 0 => assert_eq!(peer.take(1), [0x65]),
            0xff => assert_eq!(peer.take(1), [0x01]),
            other => panic!("{other:02x}"),
        }
        seen += peer.take_list().len();
    }
}
