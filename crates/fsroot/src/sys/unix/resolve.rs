//! From a directory handle and a path below it to a handle of what the path names, never leaving
//! the directory.
//!
//! There are two ways. `openat2` lets the kernel do it in one call. Where the kernel lacks it or a
//! system-call filter refuses it, a walk opens one component after the other and resolves symlinks itself on
//! a stack of held directories, so that `..` pops to the parent the walk came through. Both give
//! the same answers, errors included: a way out of the root, an absolute target, or a symlink
//! where none may be, is ELOOP.

use super::{
    kernel::{self, PARENT},
    operator,
};
use crate::root::FollowParents;
use crate::sys::{Enter, Target};
use rustix::fs::{self as rfs, AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Symlinks followed in one resolution, as in the kernel.
pub(crate) const MAX_LINKS: usize = 40;

/// Which of the two ways may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Way {
    /// The kernel's, while it works.
    #[default]
    Kernel,
    /// The walk. Tests insist on it; everybody else gets it where the kernel will not.
    #[cfg_attr(not(test), expect(dead_code))]
    Walk,
}

impl Enter {
    fn flags(self) -> OFlags {
        match self {
            Enter::Parent => PARENT,
            Enter::List => OFlags::RDONLY,
        }
    }
}

impl Target {
    fn flags(self) -> OFlags {
        match self {
            Target::Look => kernel::LOOK,
            Target::Read => OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY,
        }
    }
}

/// Opens the directory `path` (clean, no `..`; empty for `base` itself).
pub(crate) fn open_dir(
    base: &OwnedFd,
    path: &[u8],
    enter: Enter,
    follow: FollowParents,
    way: Way,
) -> Result<OwnedFd, Errno> {
    let base = base.as_fd();
    let flags = enter.flags() | OFlags::DIRECTORY | OFlags::CLOEXEC;
    if path.is_empty() {
        return rfs::openat(base, ".", flags, Mode::empty());
    }
    match follow {
        FollowParents::Unconfined => rfs::openat(base, path, flags, Mode::empty()),
        FollowParents::Trusted => {
            let dir = operator::walk_below(base, path)?;
            rfs::openat(dir, ".", flags, Mode::empty())
        }
        FollowParents::No if !path.contains(&b'/') => open_component(base, path, flags),
        FollowParents::No => {
            if let Some(answer) = by_kernel(base, path, flags, false, way) {
                return answer;
            }
            finish(base, walk(base, path, false, Last::Directory)?, flags)
        }
        FollowParents::Beneath => {
            if let Some(answer) = by_kernel(base, path, flags, true, way) {
                return answer;
            }
            finish(base, walk(base, path, true, Last::Directory)?, flags)
        }
    }
}

/// Opens whatever `path` names after following all symlinks beneath `base`.
pub(crate) fn open_following(
    base: &OwnedFd,
    path: &[u8],
    target: Target,
    way: Way,
) -> Result<OwnedFd, Errno> {
    let base = base.as_fd();
    let flags = target.flags() | OFlags::CLOEXEC;
    if let Some(answer) = by_kernel(base, path, flags, true, way) {
        return answer;
    }
    finish(base, walk(base, path, true, Last::Anything)?, flags)
}

/// `None` if the kernel will not do it.
fn by_kernel(
    base: BorrowedFd<'_>,
    path: &[u8],
    flags: OFlags,
    follow: bool,
    way: Way,
) -> Option<Result<OwnedFd, Errno>> {
    match way {
        Way::Kernel => kernel::open_beneath(base, path, flags, follow),
        Way::Walk => None,
    }
}

/// A single component that must be a directory and no symlink.
fn open_component(dir: BorrowedFd<'_>, name: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    match rfs::openat(dir, name, flags | OFlags::NOFOLLOW, Mode::empty()) {
        // Not following makes a symlink look like any other non-directory.
        Err(Errno::NOTDIR) if is_symlink(dir, name) => Err(Errno::LOOP),
        other => other,
    }
}

fn is_symlink(dir: BorrowedFd<'_>, name: &[u8]) -> bool {
    rfs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|st| FileType::from_raw_mode(st.st_mode) == FileType::Symlink)
}

/// What the last component of a walk may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Directory,
    Anything,
}

/// Where a walk ended.
struct Place {
    /// A held directory; `None` for the base itself.
    dir: Option<OwnedFd>,
    /// What the walk ended at if that is no directory: a name in `dir`, no symlink when seen.
    leaf: Option<Vec<u8>>,
}

fn finish(base: BorrowedFd<'_>, place: Place, flags: OFlags) -> Result<OwnedFd, Errno> {
    let dir = place.dir.as_ref().map_or(base, |d| d.as_fd());
    match place.leaf {
        Some(leaf) => rfs::openat(dir, leaf, flags | OFlags::NOFOLLOW, Mode::empty()),
        None => match place.dir {
            Some(dir) if flags == PARENT | OFlags::DIRECTORY | OFlags::CLOEXEC => Ok(dir),
            _ => rfs::openat(dir, ".", flags, Mode::empty()),
        },
    }
}

fn walk(base: BorrowedFd<'_>, path: &[u8], follow: bool, last: Last) -> Result<Place, Errno> {
    let enter = PARENT | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut stack: Vec<OwnedFd> = Vec::new();
    let mut pending: Vec<Vec<u8>> = Vec::new();
    push_components(&mut pending, path);
    let mut links = 0;
    while let Some(name) = pending.pop() {
        if name == b"." {
            continue;
        }
        if name == b".." {
            stack.pop().ok_or(Errno::LOOP)?;
            continue;
        }
        let top = stack.last().map_or(base, |d| d.as_fd());
        match rfs::openat(top, &name[..], enter, Mode::empty()) {
            Ok(dir) => stack.push(dir),
            Err(Errno::NOTDIR) => match rfs::readlinkat(top, &name[..], Vec::new()) {
                Ok(target) => {
                    links += 1;
                    let target = target.to_bytes();
                    if !follow || links > MAX_LINKS || target.first() == Some(&b'/') {
                        return Err(Errno::LOOP);
                    }
                    push_components(&mut pending, target);
                }
                Err(Errno::INVAL) if last == Last::Anything && pending.is_empty() => {
                    return Ok(Place { dir: stack.pop(), leaf: Some(name) });
                }
                Err(Errno::INVAL) => return Err(Errno::NOTDIR),
                Err(e) => return Err(e),
            },
            Err(e) => return Err(e),
        }
    }
    Ok(Place { dir: stack.pop(), leaf: None })
}

/// Pushes so that the first component is popped first. A trailing slash becomes a `.`, which only
/// a directory has.
pub(crate) fn push_components(pending: &mut Vec<Vec<u8>>, path: &[u8]) {
    if path.ends_with(b"/") {
        pending.push(b".".to_vec());
    }
    let parts = path.split(|&b| b == b'/').filter(|part| !part.is_empty());
    pending.extend(parts.rev().map(<[u8]>::to_vec));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::os::unix::fs::symlink;

    fn id(fd: &OwnedFd) -> (u64, u64) {
        let st = rfs::fstat(fd).unwrap();
        (st.st_dev, st.st_ino)
    }

    fn tree() -> tempfile::TempDir {
        let t = tempfile::tempdir().unwrap();
        let at = |p: &str| t.path().join(p);
        fs::create_dir_all(at("outside/in")).unwrap();
        fs::write(at("outside/secret"), "s").unwrap();
        fs::create_dir_all(at("root/a/b/c")).unwrap();
        fs::create_dir_all(at("root/z")).unwrap();
        fs::write(at("root/a/file"), "f").unwrap();
        fs::write(at("root/z/file"), "z").unwrap();
        symlink("b", at("root/a/tob")).unwrap();
        symlink("../z", at("root/a/toz")).unwrap();
        symlink("../../outside", at("root/a/out")).unwrap();
        symlink("../../root/z", at("root/a/outback")).unwrap();
        symlink(at("root/z"), at("root/a/abs")).unwrap();
        symlink("loop", at("root/loop")).unwrap();
        symlink("a/toz/../a/tob/c/../..", at("root/dots")).unwrap();
        symlink("a/file", at("root/tofile")).unwrap();
        symlink("a/file/", at("root/tofileslash")).unwrap();
        symlink("nowhere", at("root/dangling")).unwrap();
        symlink(".", at("root/self")).unwrap();
        symlink("..", at("root/up")).unwrap();
        symlink("a/", at("root/aslash")).unwrap();
        // 40 links may be followed, 41 may not.
        symlink("a", at("root/l1")).unwrap();
        for i in 2..=41 {
            symlink(format!("l{}", i - 1), at(&format!("root/l{i}"))).unwrap();
        }
        t
    }

    const PATHS: &[&str] = &[
        "",
        "a",
        "a/b",
        "a/b/c",
        "z",
        "a/file",
        "a/file/x",
        "a/none",
        "none/x",
        "a/tob",
        "a/tob/c",
        "a/toz",
        "a/toz/file",
        "a/out",
        "a/out/in",
        "a/out/secret",
        "a/outback",
        "a/abs",
        "a/abs/file",
        "loop",
        "loop/x",
        "dots",
        "dots/b",
        "tofile",
        "tofileslash",
        "tofile/x",
        "dangling",
        "dangling/x",
        "self/self/a",
        "up",
        "up/root",
        "aslash",
        "aslash/b",
        "l40",
        "l41",
        "l40/b",
        "l41/b",
        "l39/tob",
    ];

    #[test]
    fn both_ways_give_the_same_answers() {
        let t = tree();
        let base = OwnedFd::from(File::open(t.path().join("root")).unwrap());
        for path in PATHS {
            let path = path.as_bytes();
            for follow in [FollowParents::No, FollowParents::Beneath] {
                for enter in [Enter::Parent, Enter::List] {
                    let kernel = open_dir(&base, path, enter, follow, Way::Kernel);
                    let own = open_dir(&base, path, enter, follow, Way::Walk);
                    assert_eq!(
                        kernel.as_ref().map(id),
                        own.as_ref().map(id),
                        "{} {follow:?} {enter:?}",
                        String::from_utf8_lossy(path)
                    );
                }
            }
            if path.is_empty() {
                continue;
            }
            let kernel = open_following(&base, path, Target::Look, Way::Kernel);
            let own = open_following(&base, path, Target::Look, Way::Walk);
            assert_eq!(
                kernel.as_ref().map(id),
                own.as_ref().map(id),
                "following {}",
                String::from_utf8_lossy(path)
            );
        }
        // Otherwise the comparison above compared the walk with itself.
        if kernel::open_beneath(base.as_fd(), b"a", PARENT, true).is_none() {
            eprintln!("skipped: this kernel has no openat2");
        }
    }

    #[test]
    fn nothing_leads_out() {
        let t = tree();
        let base = OwnedFd::from(File::open(t.path().join("root")).unwrap());
        for way in [Way::Kernel, Way::Walk] {
            for path in ["a/out", "a/out/in", "a/abs", "a/outback", "up", "up/root", "loop", "l41"]
            {
                let dir =
                    |follow| open_dir(&base, path.as_bytes(), Enter::Parent, follow, way).err();
                assert_eq!(dir(FollowParents::Beneath), Some(Errno::LOOP), "{path} {way:?}");
                assert_eq!(dir(FollowParents::No), Some(Errno::LOOP), "{path} {way:?}");
            }
            let any = |p: &str| open_following(&base, p.as_bytes(), Target::Read, way);
            assert_eq!(any("a/out/secret").err(), Some(Errno::LOOP));
            assert!(any("tofile").is_ok());
            assert_eq!(any("tofileslash").err(), Some(Errno::NOTDIR));
            assert_eq!(any("dangling").err(), Some(Errno::NOENT));
            let dir = |p: &str, follow| open_dir(&base, p.as_bytes(), Enter::Parent, follow, way);
            assert!(dir("l40/b", FollowParents::Beneath).is_ok());
            assert!(dir("dots/b", FollowParents::Beneath).is_ok());
            assert_eq!(dir("dots/b", FollowParents::No).err(), Some(Errno::LOOP));
            assert!(dir("a/out/in", FollowParents::Unconfined).is_ok());
        }
    }
}
