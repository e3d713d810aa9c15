//! The operations of a root on real trees, also with links in the way and rights taken away.
#![cfg(unix)]

use fsroot::{FollowParents, Kind, NoAtime, Root};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use wire::RelPath;

const ELOOP: i32 = 40;

fn rel(p: &str) -> RelPath {
    RelPath::new(p.as_bytes()).unwrap()
}

fn errno<T>(r: io::Result<T>) -> Option<i32> {
    r.err().and_then(|e| e.raw_os_error())
}

fn text(mut f: File) -> String {
    let mut out = String::new();
    f.read_to_string(&mut out).unwrap();
    out
}

fn names(root: &mut Root, p: &str) -> Vec<String> {
    let mut names: Vec<_> = root
        .read_dir(&rel(p))
        .unwrap()
        .into_iter()
        .map(|e| String::from_utf8(e.name).unwrap())
        .collect();
    names.sort();
    names
}

/// `T/root` with a link out of it, and `T/outside`.
struct Tree {
    dir: tempfile::TempDir,
}

impl Tree {
    fn new() -> Tree {
        let tree = Tree { dir: tempfile::tempdir().unwrap() };
        fs::create_dir_all(tree.at("root/a/b")).unwrap();
        fs::create_dir_all(tree.at("outside/b")).unwrap();
        fs::write(tree.at("root/a/b/f"), "inside").unwrap();
        fs::write(tree.at("outside/b/f"), "outside").unwrap();
        symlink("../outside", tree.at("root/out")).unwrap();
        symlink("a", tree.at("root/in")).unwrap();
        symlink("b/f", tree.at("root/a/leaf")).unwrap();
        symlink("../../outside/b/f", tree.at("root/a/leak")).unwrap();
        tree
    }

    fn at(&self, p: &str) -> PathBuf {
        self.dir.path().join(p)
    }

    fn root(&self, follow: FollowParents) -> Root {
        let mut root = Root::open(&self.at("root")).unwrap();
        root.set_follow_parents(follow);
        root
    }
}

type Operation = (&'static str, fn(&mut Root, &RelPath) -> io::Result<()>);

const OPERATIONS: &[Operation] = &[
    ("lstat", |r, p| r.lstat(p).map(drop)),
    ("stat", |r, p| r.stat_follow(p, true).map(drop)),
    ("read_link", |r, p| r.read_link(p).map(drop)),
    ("read_dir", |r, p| r.read_dir(&p.parent().unwrap()).map(drop)),
    ("open_read", |r, p| r.open_read(p).map(drop)),
    ("open_read_follow", |r, p| r.open_read_follow(p, true).map(drop)),
    ("open_in_place", |r, p| r.open_in_place(p).map(drop)),
    ("create_new", |r, p| {
        r.create_new(&p.parent().unwrap().join(b"new").unwrap(), 0o600).map(drop)
    }),
    ("mkdir", |r, p| r.mkdir(&p.parent().unwrap().join(b"new").unwrap(), 0o700)),
    ("mkdir_all", |r, p| r.mkdir_all(&p.parent().unwrap().join(b"new").unwrap(), 0o700)),
    ("rmdir", |r, p| r.rmdir(p)),
    ("unlink", |r, p| r.unlink(p)),
    ("rename", |r, p| r.rename(p, &RelPath::new(b"taken").unwrap())),
    ("rename into", |r, p| r.rename(&RelPath::new(b"in").unwrap(), p)),
    ("link", |r, p| r.link(p, &RelPath::new(b"taken").unwrap())),
    ("symlink", |r, p| r.symlink(b"x", &p.parent().unwrap().join(b"new").unwrap())),
    ("mknod", |r, p| {
        r.mknod(&p.parent().unwrap().join(b"new").unwrap(), Kind::Fifo, 0o600, (0, 0))
    }),
    ("chown", |r, p| r.chown(p, None, None)),
    ("chmod", |r, p| r.chmod(p, 0o600)),
    ("utimes", |r, p| r.utimes(p, None, Some((1, 1)))),
    ("list_xattrs", |r, p| r.list_xattrs(p).map(drop)),
    ("set_xattr", |r, p| r.set_xattr(p, b"user.x", b"")),
    ("access_acl", |r, p| r.access_acl(p).map(drop)),
    ("temp", |r, p| Ok(fsroot::TempFile::create(r, p, 0o600).map(drop)?)),
    ("replace", |r, p| Ok(r.create_replacing(p, |r, t| r.symlink(b"x", t))?)),
];

#[test]
fn no_operation_leaves_the_root() {
    let tree = Tree::new();
    let before = fs::metadata(tree.at("outside/b/f")).unwrap();
    for follow in [FollowParents::No, FollowParents::Beneath] {
        let mut root = tree.root(follow);
        for (name, operation) in OPERATIONS {
            let answer = errno(operation(&mut root, &rel("out/b/f")));
            assert_eq!(answer, Some(ELOOP), "{name} {follow:?}");
            if follow == FollowParents::No {
                assert_eq!(errno(operation(&mut root, &rel("in/b/f"))), Some(ELOOP), "{name}");
            }
        }
    }
    let after = fs::metadata(tree.at("outside/b/f")).unwrap();
    assert_eq!((before.ctime_nsec(), before.mode()), (after.ctime_nsec(), after.mode()));
    assert_eq!(fs::read_dir(tree.at("outside/b")).unwrap().count(), 1);
    let mut root = tree.root(FollowParents::Unconfined);
    assert_eq!(text(root.open_read(&rel("out/b/f")).unwrap()), "outside");
}

#[test]
fn links_within_are_followed_when_told() {
    let tree = Tree::new();
    let mut root = tree.root(FollowParents::Beneath);
    assert_eq!(text(root.open_read(&rel("in/b/f")).unwrap()), "inside");
    assert_eq!(names(&mut root, "in"), ["b", "leaf", "leak"]);
    root.mkdir_all(&rel("in/c/d"), 0o755).unwrap();
    assert!(tree.at("root/a/c/d").is_dir());
    // What a link led to changes with the link, also for somebody else's cache.
    let mut other = root.clone();
    assert_eq!(names(&mut other, "in/c"), ["d"]);
    other.lstat(&rel("in/c/d")).unwrap();
    root.create_replacing(&rel("in"), |r, t| r.symlink(b"a/c", t)).unwrap();
    assert_eq!(errno(other.lstat(&rel("in/c/d"))), Some(2));
    assert!(other.lstat(&rel("in/d")).is_ok());
}

#[test]
fn trusted_links_are_followed_anywhere() {
    let tree = Tree::new();
    symlink(tree.at("outside"), tree.at("root/absolute")).unwrap();
    let mut root = tree.root(FollowParents::Trusted);
    for path in ["out/b/f", "absolute/b/f"] {
        assert_eq!(text(root.open_read(&rel(path)).unwrap()), "outside");
    }
    assert_eq!(names(&mut root, "in"), ["b", "leaf", "leak"]);
    assert_eq!(errno(root.open_read(&rel("in/leaf"))), Some(ELOOP));
    if fsroot::names::am_root() {
        std::os::unix::fs::lchown(tree.at("root/in"), Some(12345), None).unwrap();
        let mut root = tree.root(FollowParents::Trusted);
        assert_eq!(errno(root.lstat(&rel("in/b"))), Some(ELOOP));
        assert!(fsroot::take_notice().is_some());
        assert!(root.lstat(&rel("in")).is_ok());
    }
}

#[test]
fn leaves_are_followed_only_by_name() {
    let tree = Tree::new();
    let mut root = tree.root(FollowParents::No);
    let (leaf, leak) = (rel("a/leaf"), rel("a/leak"));
    assert_eq!(root.lstat(&leaf).unwrap().kind, Kind::Symlink);
    assert_eq!(root.read_link(&leaf).unwrap(), b"b/f");
    assert_eq!(root.stat_follow(&leaf, false).unwrap().len, 6);
    assert_eq!(root.stat_follow(&leaf, true).unwrap().len, 6);
    assert_eq!(errno(root.stat_follow(&leak, false)), Some(ELOOP));
    assert_eq!(root.stat_follow(&leak, true).unwrap().len, 7);
    assert_eq!(errno(root.open_read(&leaf)), Some(ELOOP));
    assert_eq!(text(root.open_read_follow(&leaf, false).unwrap()), "inside");
    assert_eq!(errno(root.open_read_follow(&leak, false)), Some(ELOOP));
    assert_eq!(text(root.open_read_follow(&leak, true).unwrap()), "outside");
    assert_eq!(errno(root.open_in_place(&leak)), Some(ELOOP));
    assert_eq!(errno(root.chmod(&leak, 0o777)), Some(95));
    root.utimes(&leak, None, Some((7, 7))).unwrap();
    assert_eq!(root.lstat(&leak).unwrap().modified(), (7, 7));
    assert_ne!(fs::metadata(tree.at("outside/b/f")).unwrap().mtime(), 7);
    root.unlink(&leak).unwrap();
    assert!(tree.at("outside/b/f").exists());
}

#[test]
fn the_everyday_operations() {
    let tree = Tree::new();
    let mut root = tree.root(FollowParents::No);
    root.mkdir(&rel("n"), 0o700).unwrap();
    root.create_new(&rel("n/f"), 0o600).unwrap().write_all(b"text").unwrap();
    assert_eq!(errno(root.create_new(&rel("n/f"), 0o600)), Some(17));
    root.link(&rel("n/f"), &rel("n/g")).unwrap();
    let st = root.lstat(&rel("n/g")).unwrap();
    assert_eq!((st.kind, st.len, st.nlink), (Kind::Regular, 4, 2));
    root.chmod(&rel("n/g"), 0o4751).unwrap();
    assert_eq!(root.lstat(&rel("n/f")).unwrap().perm, 0o4751);
    assert_eq!(root.lstat(&rel("n/f")).unwrap().wire_mode(), 0o104751);
    root.chown(&rel("n/f"), Some(st.uid), Some(st.gid)).unwrap();
    root.utimes(&rel("n"), Some((5, 6)), Some((-7, 8))).unwrap();
    let n = root.lstat(&rel("n")).unwrap();
    assert_eq!((n.atime, n.atime_nsec, n.mtime, n.mtime_nsec), (5, 6, -7, 8));
    root.mknod(&rel("n/p"), Kind::Fifo, 0o600, (0, 0)).unwrap();
    root.mknod(&rel("n/s"), Kind::Socket, 0o600, (0, 0)).unwrap();
    assert!(root.mknod(&rel("n/x"), Kind::Regular, 0o600, (0, 0)).is_err());
    let kinds: Vec<_> =
        root.read_dir(&rel("n")).unwrap().into_iter().filter_map(|e| e.kind).collect();
    assert!(kinds.is_empty() || kinds.contains(&Kind::Fifo) && kinds.contains(&Kind::Socket));
    // Nobody has the fifo open, and yet this returns.
    drop(root.open_read(&rel("n/p")).unwrap());
    assert_eq!(errno(root.open_in_place(&rel("n/p"))), Some(6));
    root.set_noatime(NoAtime::All);
    drop(root.open_read(&rel("n/f")).unwrap());
    assert_eq!(names(&mut root, "n"), ["f", "g", "p", "s"]);

    root.rename(&rel("n/g"), &rel("m")).unwrap();
    assert_eq!(names(&mut root, "n"), ["f", "p", "s"]);
    assert_eq!(names(&mut root, ""), ["a", "in", "m", "n", "out"]);
    assert_eq!(errno(root.rmdir(&rel("n"))), Some(39));
    for leaf in ["f", "p", "s"] {
        root.unlink(&rel("n").join(leaf.as_bytes()).unwrap()).unwrap();
    }
    root.rmdir(&rel("n")).unwrap();
    assert_eq!(root.display(&rel("m")), tree.at("root/m").to_str().unwrap().as_bytes());
    assert_eq!(root.display(&RelPath::root()), tree.at("root").to_str().unwrap().as_bytes());
    let st = root.lstat(&RelPath::root()).unwrap();
    root.chmod(&RelPath::root(), 0o711).unwrap();
    assert_eq!((st.kind, root.lstat(&RelPath::root()).unwrap().perm), (Kind::Directory, 0o711));

    if fsroot::names::am_root() {
        root.mknod(&rel("null"), Kind::CharDevice, 0o600, (1, 3)).unwrap();
        let st = root.lstat(&rel("null")).unwrap();
        assert_eq!((st.kind, st.rdev), (Kind::CharDevice, (1, 3)));
    }
}

#[test]
fn large_directories_are_read_whole() {
    let tree = Tree::new();
    let mut root = tree.root(FollowParents::No);
    let long = "n".repeat(200);
    for i in 0..1000 {
        File::create(tree.at(&format!("root/a/b/{long}{i}"))).unwrap();
    }
    for _ in 0..2 {
        assert_eq!(root.read_dir(&rel("a/b")).unwrap().len(), 1001);
    }
    let mut inodes = 0;
    root.scan_dir(&rel("a/b"), |_, _, ino| inodes += usize::from(ino != 0)).unwrap();
    assert_eq!(inodes, 1001);
    assert_eq!(errno(root.read_dir(&rel("a/b/f"))), Some(20));
    assert_eq!(errno(root.read_dir(&rel("in"))), Some(ELOOP));
}

#[test]
fn moved_and_removed_directories_are_not_mistaken() {
    let tree = Tree::new();
    let mut one = tree.root(FollowParents::No);
    let mut two = one.clone();
    let mut separate = tree.root(FollowParents::No);
    for root in [&mut one, &mut two, &mut separate] {
        root.lstat(&rel("a/b/f")).unwrap();
    }
    one.rename(&rel("a"), &rel("z")).unwrap();
    one.mkdir_all(&rel("a/b"), 0o755).unwrap();
    for root in [&mut one, &mut two, &mut separate] {
        assert_eq!(errno(root.lstat(&rel("a/b/f"))), Some(2));
        assert!(root.lstat(&rel("z/b/f")).is_ok());
    }
    one.rmdir(&rel("a/b")).unwrap();
    one.mkdir(&rel("a/b"), 0o755).unwrap();
    for root in [&mut one, &mut two, &mut separate] {
        let name = rel("a/b").join(format!("{root:p}").as_bytes()).unwrap();
        root.create_new(&name, 0o600).unwrap();
    }
    assert_eq!(fs::read_dir(tree.at("root/a/b")).unwrap().count(), 3);
}

#[test]
fn roots_below_and_between() {
    let tree = Tree::new();
    let mut root = tree.root(FollowParents::No);
    assert_eq!(errno(root.open_below(&rel("in"), FollowParents::No)), Some(ELOOP));
    let mut below = root.open_below(&rel("in"), FollowParents::Beneath).unwrap();
    assert_eq!(below.follow_parents(), FollowParents::Beneath);
    assert_eq!(root.follow_parents(), FollowParents::No);
    assert_eq!(text(below.open_read(&rel("b/f")).unwrap()), "inside");
    assert!(below.is_beneath(&root).unwrap() && root.is_beneath(&root).unwrap());
    assert!(!root.is_beneath(&below).unwrap());

    // A link out of the lower root but within the upper one.
    fs::create_dir(tree.at("root/side")).unwrap();
    fs::write(tree.at("root/side/g"), "side").unwrap();
    symlink("../side", tree.at("root/a/toside")).unwrap();
    symlink("../side/g", tree.at("root/a/tog")).unwrap();
    assert_eq!(errno(below.lstat(&rel("toside/g"))), Some(ELOOP));
    assert_eq!(errno(below.stat_follow(&rel("tog"), false)), Some(ELOOP));
    let mut anchored = root.open_below_anchored(&rel("a"), FollowParents::Beneath).unwrap();
    assert_eq!(text(anchored.open_read(&rel("toside/g")).unwrap()), "side");
    assert_eq!(anchored.stat_follow(&rel("tog"), false).unwrap().len, 4);
    assert_eq!(errno(anchored.stat_follow(&rel("leak"), false)), Some(ELOOP));
    let mut deeper = anchored.open_below_anchored(&rel("b"), FollowParents::Beneath).unwrap();
    symlink("../../side", tree.at("root/a/b/toside")).unwrap();
    assert_eq!(text(deeper.open_read(&rel("toside/g")).unwrap()), "side");

    let mut outside = Root::from_dir(File::open(tree.at("outside")).unwrap()).unwrap();
    assert_eq!(outside.display(&rel("b")), tree.at("outside/b").to_str().unwrap().as_bytes());
    assert!(Root::from_dir(File::open(tree.at("outside/b/f")).unwrap()).is_err());
    let st = root.lstat(&rel("a/b/f")).unwrap();
    root.link_to(&rel("a/b/f"), &mut outside, &rel("linked"), &st).unwrap();
    let other = outside.lstat(&rel("b/f")).unwrap();
    assert!(root.link_to(&rel("a/b/f"), &mut outside, &rel("wrong"), &other).is_err());
    root.rename_to(&rel("a/b/f"), &mut outside, &rel("b/moved")).unwrap();
    assert_eq!(names(&mut outside, ""), ["b", "linked"]);
    assert_eq!(names(&mut outside, "b"), ["f", "moved"]);
    assert_eq!(errno(Root::open(Path::new("/nonexistent/x"))), Some(2));
    assert_eq!(errno(Root::open(&tree.at("outside/b/f"))), Some(20));
}

/// Runs `f` without root's rights to files, if we have them: the kernel takes them from a thread
/// whose file system user is another.
fn as_nobody(f: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let done = scope.spawn(|| {
            if fsroot::names::am_root() {
                nix::unistd::setfsgid(nix::unistd::Gid::from_raw(65534));
                nix::unistd::setfsuid(nix::unistd::Uid::from_raw(65534));
            }
            f();
        });
        done.join().unwrap();
    });
}

#[test]
fn search_permission_suffices_for_parents() {
    let tree = Tree::new();
    for dir in ["", "root", "root/a", "root/a/b"] {
        fs::set_permissions(tree.at(dir), PermissionsExt::from_mode(0o111)).unwrap();
    }
    as_nobody(|| {
        for follow in [FollowParents::No, FollowParents::Beneath] {
            let mut root = tree.root(follow);
            assert_eq!(text(root.open_read(&rel("a/b/f")).unwrap()), "inside");
            assert_eq!(errno(root.read_dir(&rel("a/b"))), Some(13));
            root.list_xattrs(&rel("a/b/f")).unwrap();
        }
    });
    for dir in ["", "root", "root/a", "root/a/b"] {
        fs::set_permissions(tree.at(dir), PermissionsExt::from_mode(0o755)).unwrap();
    }
}

#[test]
fn read_only_files_are_updated_in_place() {
    let tree = Tree::new();
    for p in ["", "root", "root/a", "root/a/b"] {
        fs::set_permissions(tree.at(p), PermissionsExt::from_mode(0o777)).unwrap();
    }
    as_nobody(|| {
        let mut root = tree.root(FollowParents::No);
        let p = rel("a/b/mine");
        root.open_in_place(&p).unwrap().write_all(b"one").unwrap();
        assert_eq!(root.lstat(&p).unwrap().perm, 0o600);
        root.chmod(&p, 0o444).unwrap();
        assert_eq!(errno(root.open_read(&p).and_then(|mut f| f.write_all(b"x"))), Some(9));
        let mut file = root.open_in_place(&p).unwrap();
        assert_eq!(root.lstat(&p).unwrap().perm, 0o444);
        file.write_all(b"two").unwrap();
        assert_eq!(text(root.open_read(&p).unwrap()), "two");
        // Somebody else's stays closed.
        if fsroot::names::am_root() {
            assert_eq!(errno(root.open_in_place(&rel("a/b/f"))), Some(13));
        }
        // Permissions need no reading.
        root.chmod(&p, 0).unwrap();
        root.chmod(&p, 0o640).unwrap();
        assert_eq!(root.lstat(&p).unwrap().perm, 0o640);
    });
}

#[test]
fn a_racing_swap_never_leads_out() {
    let tree = Tree::new();
    fs::create_dir(tree.at("root/swap")).unwrap();
    fs::write(tree.at("root/swap/f"), "inside").unwrap();
    fs::write(tree.at("outside/f"), "outside").unwrap();
    symlink("../outside", tree.at("root/link")).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let at = |p: &str| tree.at(&format!("root/{p}"));
            while !stop.load(Ordering::Relaxed) {
                fs::rename(at("swap"), at("aside")).unwrap();
                fs::rename(at("link"), at("swap")).unwrap();
                fs::rename(at("swap"), at("link")).unwrap();
                fs::rename(at("aside"), at("swap")).unwrap();
            }
        });
        for follow in [FollowParents::No, FollowParents::Beneath] {
            let mut root = tree.root(follow);
            for _ in 0..2000 {
                root.forget(&RelPath::root());
                if let Ok(file) = root.open_read(&rel("swap/f")) {
                    assert_eq!(text(file), "inside");
                }
                let _ = root.chmod(&rel("swap/f"), 0o640);
                let _ =
                    fsroot::TempFile::create(&mut root, &rel("swap/f"), 0o600).map(|t| t.keep());
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(fs::read_dir(tree.at("outside")).unwrap().count(), 2);
    assert_ne!(fs::metadata(tree.at("outside/f")).unwrap().mode() & 0o777, 0o640);
}
