use super::*;
use std::sync::Arc;
use wire::{
    Protocol,
    flist::{FileEntry, HardLink},
};

const DIR: u32 = 0o040755;
const REG: u32 = 0o100644;

fn p(n: u32) -> Protocol {
    Protocol::new(n).expect("a version we speak")
}

fn entry(mode: u32) -> FileEntry {
    FileEntry { mode, ..FileEntry::default() }
}

/// Names ending in a slash are directories; the slash is not part of the name.
fn build(protocol: u32, names: &[&str], receiver: bool) -> Arc<Segment> {
    let mut b = SegmentBuilder::new(p(protocol), 0);
    for n in names {
        match n.strip_suffix('/') {
            Some(dir) => b.push(&entry(DIR), dir.as_bytes(), 0),
            None => b.push(&entry(REG), n.as_bytes(), 0),
        }
    }
    b.finish(receiver)
}

fn names(seg: &Segment) -> Vec<String> {
    seg.iter()
        .map(|e| String::from_utf8(e.name()).expect("ASCII") + if e.is_dir() { "/" } else { "" })
        .collect()
}

#[test]
fn each_level_is_sorted_by_kind() {
    let want = ["./", "!-", "b", "~-b", "a-/", "a/", "a/z", "a/b/", "a/b/q", "a0/"];
    let mut rng = fastrand::Rng::with_seed(1);
    for _ in 0..50 {
        let mut shuffled = want;
        rng.shuffle(&mut shuffled);
        assert_eq!(names(&build(32, &shuffled, false)), want);
    }
}

#[test]
fn old_order_is_plain_bytes() {
    let seg = build(28, &["a/z", "./", "a/", "a-", "!", "a0"], false);
    assert_eq!(names(&seg), ["!", "./", "a/", "a-", "a/z", "a0"]);
}

/// The order (WIRE.md, Sorting), spelled out: keys per component.
fn reference_key(name: &str, is_dir: bool) -> Vec<(u8, Vec<u8>)> {
    let parts: Vec<&str> = name.split('/').collect();
    let last = parts.len() - 1;
    parts
        .iter()
        .enumerate()
        .map(|(i, part)| match (i == last, is_dir) {
            (true, true) if *part == "." => (0, Vec::new()),
            (true, false) => (0, part.as_bytes().to_vec()),
            _ => (1, [part.as_bytes(), b"/"].concat()),
        })
        .collect()
}

#[test]
fn random_names_sort_as_their_keys() {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut list = Vec::new();
    for _ in 0..400 {
        let depth = rng.usize(1..4);
        let name: Vec<String> = (0..depth)
            .map(|_| (0..rng.usize(1..4)).map(|_| b"a-0.z"[rng.usize(..5)] as char).collect())
            .filter(|part: &String| !part.trim_matches('.').is_empty())
            .collect();
        if !name.is_empty() {
            let slash = if rng.u8(0..8) == 0 { "/" } else { "" };
            list.push((slash.to_string() + &name.join("/"), rng.bool()));
        }
    }
    let mut b = SegmentBuilder::new(p(31), 0);
    for (n, is_dir) in &list {
        b.push(&entry(if *is_dir { DIR } else { REG }), n.as_bytes(), 0);
    }
    let seg = b.finish(false);
    list.sort_by_key(|(n, d)| reference_key(n, *d));
    let got: Vec<(String, bool)> = seg
        .iter()
        .map(|e| {
            let mut n = Vec::new();
            e.push_wire_name(&mut n);
            (String::from_utf8(n).expect("ASCII"), e.is_dir())
        })
        .collect();
    assert_eq!(got, list);
    for (n, is_dir) in &list {
        let found = seg.find(n.as_bytes(), *is_dir).and_then(|i| seg.get(i)).expect("listed");
        assert_eq!(found.is_dir(), *is_dir);
        assert_eq!(found.name(), n.trim_start_matches('/').as_bytes());
    }
    assert!(seg.find(b"nothing/of/this/kind", false).is_none());
}

#[test]
fn duplicates_keep_their_slots() {
    let seg = build(31, &["b", "a", "b", "d/", "d", "a"], true);
    assert_eq!(seg.len(), 6);
    assert_eq!(names(&seg), ["a", "b", "d/"]);
    let slots: Vec<bool> = (0..6).map(|i| seg.get(i).is_some()).collect();
    assert_eq!(slots, [true, false, true, false, false, true]);
    assert_eq!(seg.by_ndx(5).expect("kept").name(), b"d");
    // The sender drops nothing.
    assert_eq!(build(31, &["b", "a", "b"], false).iter().count(), 3);
    // Before protocol 29 a later directory replaces a file, and a later file is dropped.
    let old = build(28, &["x", "x/"], true);
    assert!(old.get(0).is_none() && old.get(1).expect("kept").is_dir());
    let old = build(28, &["x/", "x"], true);
    assert!(old.get(0).expect("kept").is_dir() && old.get(1).is_none());
}

#[test]
fn merged_directories_join_their_flags() {
    let implied = FileEntry { top_dir: true, no_content: true, ..entry(DIR) };
    let content = entry(DIR);
    let mut b = SegmentBuilder::new(p(32), 1);
    b.push(&implied, b"a", 0);
    b.push(&content, b"a", 0);
    b.push(&implied, b"b", 0);
    b.push(&implied, b"b", 0);
    let seg = b.finish(true);
    let a = seg.by_ndx(1).expect("kept");
    assert!(!a.top_dir() && a.has_content() && !a.implied());
    let b = seg.by_ndx(3).expect("kept");
    assert!(!b.top_dir() && !b.has_content() && b.implied());
    assert!(seg.by_ndx(2).is_none() && seg.by_ndx(4).is_none());
    assert!(seg.by_ndx(0).is_none() && seg.by_ndx(5).is_none() && seg.by_ndx(i32::MIN).is_none());
}

#[test]
fn fields_survive() {
    let full = FileEntry {
        len: 1 << 40,
        mtime: -5,
        mtime_nsec: 7,
        crtime: 11,
        atime: 12,
        uid: 4_000_000_000,
        gid: 3,
        rdev: (259, 70000),
        link_target: b"t".repeat(300),
        hard_link: HardLink::Member(9),
        checksum: vec![1; 16],
        acl: Some((2, None)),
        xattr: Some(5),
        ..entry(0o120777)
    };
    let mut b = SegmentBuilder::new(p(32), 1);
    b.push(&entry(REG), b"x/plain", 1);
    b.push(&full, b"x/full", 2);
    b.push(&FileEntry { acl: Some((0, Some(3))), ..entry(DIR) }, b"x/dir", 2);
    b.push(&FileEntry { hard_link: HardLink::First, ..entry(REG) }, b"x/zz", 2);
    let seg = b.finish(false);
    let e = seg.by_ndx(1).expect("there");
    assert_eq!((e.dirname(), e.basename(), e.source()), (&b"x"[..], &b"full"[..], 2));
    assert_eq!(
        (e.len(), e.mtime(), e.mtime_nsec(), e.atime(), e.crtime()),
        (1 << 40, -5, 7, 12, 11)
    );
    assert_eq!((e.uid(), e.gid(), e.rdev()), (4_000_000_000, 3, (259, 70000)));
    assert_eq!((e.link_target(), e.checksum()), (&full.link_target[..], &full.checksum[..]));
    assert_eq!((e.hard_link_group(), e.acl(), e.xattr()), (Some(9), Some((2, None)), Some(5)));
    let plain = seg.by_ndx(2).expect("there");
    assert_eq!((plain.source(), plain.atime(), plain.rdev(), plain.acl()), (1, 0, (0, 0), None));
    // The group number of a first member counts arrivals, not sorted positions.
    let first = seg.by_ndx(3).expect("there");
    assert_eq!((first.name(), first.hard_link_group()), (b"x/zz".to_vec(), Some(4)));
    assert_eq!(seg.by_ndx(4).expect("there").acl(), Some((0, Some(3))));
    assert_eq!(seg.end(), 5);
}

#[test]
fn inode_groups_of_one_are_no_groups() {
    let link = |ino| FileEntry { hard_link: HardLink::DevIno(1, ino), ..entry(REG) };
    let mut b = SegmentBuilder::new(p(29), 0);
    b.push(&link(7), b"a", 0);
    b.push(&link(8), b"b", 0);
    b.push(&link(7), b"c", 0);
    let seg = b.finish(true);
    let group = |i| seg.by_ndx(i).expect("there").hard_link_group();
    assert_eq!(group(0), group(2));
    assert!(group(0).is_some() && group(1).is_none());
}

#[test]
fn old_protocols_derive_listed_directories() {
    let top = FileEntry { top_dir: true, ..entry(DIR) };
    let mut b = SegmentBuilder::new(p(29), 0).with_options(true, true);
    b.push(&entry(DIR), b"a", 0);
    b.push(&top, b"a/b", 0);
    b.push(&entry(DIR), b"a/b/c", 0);
    b.push(&entry(DIR), b"a/bc", 0);
    b.push(&entry(DIR), b"a/b/d", 0);
    let seg = b.finish(true);
    let listed: Vec<_> = seg.iter().filter(|e| e.has_content()).map(|e| e.name()).collect();
    assert_eq!(listed, [b"a/b".to_vec(), b"a/b/c".to_vec()]);

    let mut b = SegmentBuilder::new(p(29), 0).with_options(true, false);
    b.push(&top, b".", 0);
    b.push(&entry(DIR), b"x", 0);
    b.push(&entry(REG), b"x/f", 0);
    b.push(&entry(DIR), b"y", 0);
    assert_eq!(b.finish(true).iter().filter(|e| e.has_content()).count(), 3);
}

#[test]
fn pruning_keeps_what_holds_files() {
    let mut b = SegmentBuilder::new(p(31), 0);
    for dir in ["empty", "empty/in", "full", "full/deep", "kept", "kept/guarded"] {
        b.push(&entry(DIR), dir.as_bytes(), 0);
    }
    b.push(&entry(DIR), b".", 0);
    b.push(&entry(REG), b"full/deep/f", 0);
    let seg = b.finish_pruned(|e| e.basename() == b"guarded");
    assert_eq!(names(&seg), ["./", "full/", "full/deep/", "full/deep/f", "kept/", "kept/guarded/"]);
    assert_eq!(seg.len(), 8);
}

#[test]
fn records_are_small() {
    assert_eq!(size_of::<Rec>(), 28);
    let mut b = SegmentBuilder::new(p(32), 1);
    for i in 0..10_000 {
        b.push(&entry(REG), format!("some/directory/{i:06}").as_bytes(), 0);
    }
    let per_entry = b.finish(true).memory() / 10_000;
    assert!(per_entry <= 36, "{per_entry} bytes an entry");
}

#[test]
fn values_that_no_record_has_room_for() {
    let mut b = SegmentBuilder::new(p(32), 1);
    let cases: [(u64, i64, u32); 6] = [
        (u64::MAX, 0, 1),
        (0, -1, 1),
        (1 << 32, i64::MIN, 2),
        (u32::MAX.into(), u32::MAX.into(), 2),
        (7, 1 << 32, 1),
        (8, i64::MAX, 1),
    ];
    for (i, (len, mtime, uid)) in cases.into_iter().enumerate() {
        let e = FileEntry { len, mtime, uid, gid: uid + 10, ..entry(REG) };
        b.push(&e, format!("{i}").as_bytes(), 0);
    }
    let seg = b.finish(true);
    let got: Vec<_> = seg.iter().map(|e| (e.len(), e.mtime(), e.uid())).collect();
    assert_eq!(got, cases);
    assert!(seg.iter().all(|e| e.gid() == e.uid() + 10));
}

#[test]
fn indexes_and_gaps() {
    let mut lists = Lists::new(true);
    let mut add = |names: &[&str], parent: Option<DirRef>| {
        let mut b = SegmentBuilder::new(p(32), lists.next_base());
        for n in names {
            b.push(&entry(REG), n.as_bytes(), 0);
        }
        lists.push(Live { segment: b.finish(true), parent });
    };
    add(&["a", "b"], None);
    add(&[], None);
    add(&["x/c"], None);
    assert_eq!(lists.next_base(), 7);
    assert!(matches!(lists.find(0), Some(Found::Gap(_))));
    assert!(matches!(lists.find(2), Some(Found::Entry(_, 1))));
    assert_eq!(lists.list_of(3), Some(1));
    assert_eq!(lists.list_of(4), Some(2));
    assert!(matches!(lists.find(5), Some(Found::Entry(_, 0))));
    assert!(lists.find(6).is_none() && lists.find(-1).is_none());
    assert_eq!((lists.ahead_of(1), lists.ahead_of(5)), (1, 0));
    lists.free_oldest();
    assert!(lists.find(2).is_none());
    assert_eq!(lists.range(), (3, 5));
}
