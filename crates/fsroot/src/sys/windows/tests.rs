//! The operations of a root, as they are on Windows.

use super::*;
use crate::{FollowParents, Root, TempFile};
use std::io::{Read, Write};
use wire::RelPath;

fn rel(p: &str) -> RelPath {
    RelPath::new(p.as_bytes()).unwrap()
}

fn root() -> (tempfile::TempDir, Root) {
    let t = tempfile::tempdir().unwrap();
    let root = Root::open(t.path()).unwrap();
    (t, root)
}

fn names(root: &mut Root, p: &str) -> Vec<String> {
    let entries = root.read_dir(&RelPath::new(p.as_bytes()).unwrap()).unwrap();
    let mut names: Vec<_> =
        entries.into_iter().map(|e| String::from_utf8(e.name).unwrap()).collect();
    names.sort();
    names
}

#[test]
fn files_are_made_read_and_removed() {
    let (t, mut root) = root();
    root.mkdir_all(&rel("a/b"), 0o755).unwrap();
    root.create_new(&rel("a/b/ü 日本"), 0o644).unwrap().write_all(b"text").unwrap();
    assert!(root.create_new(&rel("a/b/ü 日本"), 0o644).is_err());
    let mut text = String::new();
    root.open_read(&rel("a/b/ü 日本")).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "text");
    assert_eq!(std::fs::read(t.path().join("a/b/ü 日本")).unwrap(), b"text");
    assert_eq!(names(&mut root, "a/b"), ["ü 日本"]);
    // Twice, for the first reading must not use the directory up.
    assert_eq!(names(&mut root, ""), ["a"]);
    assert_eq!(names(&mut root, ""), ["a"]);
    let st = root.lstat(&rel("a/b/ü 日本")).unwrap();
    assert_eq!((st.kind, st.perm, st.len, st.nlink), (Kind::Regular, 0o644, 4, 1));
    assert_eq!(root.lstat(&rel("a")).unwrap().kind, Kind::Directory);
    assert_eq!(root.lstat(&RelPath::root()).unwrap().kind, Kind::Directory);
    let not_empty = root.rmdir(&rel("a/b")).unwrap_err();
    assert_eq!(not_empty.kind(), io::ErrorKind::DirectoryNotEmpty);
    assert!(root.unlink(&rel("a/b")).is_err());
    assert!(root.rmdir(&rel("a/b/ü 日本")).is_err());
    root.unlink(&rel("a/b/ü 日本")).unwrap();
    root.rmdir(&rel("a/b")).unwrap();
    assert_eq!(root.lstat(&rel("a/b")).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(root.lstat(&rel("a/b/c")).unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_file_is_no_directory() {
    let (_t, mut root) = root();
    root.create_new(&rel("f"), 0o644).unwrap();
    let through = root.lstat(&rel("f/x")).unwrap_err();
    assert_eq!(through.kind(), io::ErrorKind::NotADirectory);
    assert_eq!(root.read_dir(&rel("f")).unwrap_err().kind(), io::ErrorKind::NotADirectory);
}

#[test]
fn renaming_replaces_also_what_is_read_only() {
    let (_t, mut root) = root();
    root.create_new(&rel("old"), 0o644).unwrap().write_all(b"old").unwrap();
    root.chmod(&rel("old"), 0o444).unwrap();
    assert_eq!(root.lstat(&rel("old")).unwrap().perm, 0o444);
    let temp = TempFile::create(&mut root, &rel("old"), 0o644).unwrap();
    temp.file().write_all(b"new").unwrap();
    temp.commit(&mut root, &rel("old")).unwrap();
    assert_eq!(names(&mut root, ""), ["old"]);
    let mut text = String::new();
    root.open_read(&rel("old")).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "new");
    root.chmod(&rel("old"), 0o400).unwrap();
    root.unlink(&rel("old")).unwrap();
    root.mkdir(&rel("d"), 0o755).unwrap();
    root.rename(&rel("d"), &rel("e")).unwrap();
    assert_eq!(names(&mut root, ""), ["e"]);
}

#[test]
fn times_are_kept_to_100_ns() {
    let (_t, mut root) = root();
    let file = root.create_new(&rel("f"), 0o644).unwrap();
    let time = (1_234_567_890, 123_456_789);
    sys_times(&file, time);
    let kept = (1_234_567_890, 123_456_700);
    assert_eq!(Stat::of(&file).unwrap().modified(), kept);
    drop(file);
    root.utimes(&rel("f"), None, Some((-5, 700))).unwrap();
    let st = root.lstat(&rel("f")).unwrap();
    assert_eq!((st.modified(), (st.atime, st.atime_nsec)), ((-5, 700), kept));
    root.mkdir(&rel("d"), 0o755).unwrap();
    root.utimes(&rel("d"), None, Some(time)).unwrap();
    assert_eq!(root.lstat(&rel("d")).unwrap().modified(), kept);
    assert!(root.utimes(&rel("f"), None, Some((i64::MIN, 0))).is_err());
    assert!(root.utimes(&rel("f"), None, Some((0, 1_000_000_000))).is_err());
}

fn sys_times(file: &File, time: Time) {
    crate::meta::set_times(file, Some(time), Some(time)).unwrap();
}

#[test]
fn hard_links_share_a_file() {
    let (_t, mut root) = root();
    root.create_new(&rel("one"), 0o644).unwrap().write_all(b"x").unwrap();
    root.link(&rel("one"), &rel("two")).unwrap();
    let (one, two) = (root.lstat(&rel("one")).unwrap(), root.lstat(&rel("two")).unwrap());
    assert!(one.same_inode(&two));
    assert_eq!(one.nlink, 2);
}

#[test]
fn paths_may_be_long() {
    let (_t, mut root) = root();
    let mut p = RelPath::root();
    for _ in 0..12 {
        p = p.join(&[b'd'; 100]).unwrap();
    }
    root.mkdir_all(&p, 0o755).unwrap();
    let file = p.join(b"file").unwrap();
    root.create_new(&file, 0o644).unwrap().write_all(b"deep").unwrap();
    assert_eq!(root.lstat(&file).unwrap().len, 4);
    assert_eq!(root.read_dir(&p).unwrap().len(), 1);
}

#[test]
fn names_that_windows_cannot_have_are_refused() {
    let (_t, mut root) = root();
    for name in ["a:b", "nul", "x.", "COM1.txt", "q?"] {
        let refused = root.create_new(&rel(name), 0o644).unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(Errno::BADNAME.raw_os_error()), "{name}");
        assert!(root.mkdir(&rel(name), 0o755).is_err());
    }
    root.create_new(&rel("f"), 0o644).unwrap();
    assert!(root.rename(&rel("f"), &rel("con")).is_err());
    assert_eq!(names(&mut root, ""), ["f"]);
}

#[test]
fn a_root_below_a_root() {
    let (t, mut root) = root();
    root.mkdir_all(&rel("sub/dir"), 0o755).unwrap();
    let mut below = root.open_below(&rel("sub"), FollowParents::No).unwrap();
    below.create_new(&rel("dir/f"), 0o644).unwrap();
    assert!(below.is_beneath(&root).unwrap() && !root.is_beneath(&below).unwrap());
    assert!(t.path().join("sub/dir/f").exists());
    let shown = String::from_utf8(below.display(&rel("dir/f"))).unwrap();
    assert!(shown.ends_with("/sub/dir/f") && !shown.contains('\\'), "{shown}");
}

#[test]
fn reparse_points_say_where_they_lead() {
    let data = |tag: u32, flags: &[u8], substitute: &str, print: &str| {
        let wide =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let (substitute, print) = (wide(substitute), wide(print));
        let mut out = tag.to_le_bytes().to_vec();
        out.extend([0; 4]);
        for n in [0, substitute.len(), substitute.len(), print.len()] {
            out.extend((n as u16).to_le_bytes());
        }
        [&out[..], flags, &substitute, &print].concat()
    };
    let link = data(IO_REPARSE_TAG_SYMLINK, &[1, 0, 0, 0], r"..\a\b", r"..\a\b");
    assert_eq!(link_target(&link).unwrap(), b"../a/b");
    let junction = data(IO_REPARSE_TAG_MOUNT_POINT, &[], r"\??\C:\dir", r"C:\dir");
    assert_eq!(link_target(&junction).unwrap(), b"C:/dir");
    let no_print = data(IO_REPARSE_TAG_SYMLINK, &[1, 0, 0, 0], "target", "");
    assert_eq!(link_target(&no_print).unwrap(), b"target");
    assert_eq!(link_target(&link[..30]), None);
    assert_eq!(link_target(&data(0x9000_001a, &[], "cloud", "")), None);
}
