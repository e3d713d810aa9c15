//! From a directory handle and a path below it to a handle of what the path names, never leaving
//! the directory.
//!
//! There are two ways. `openat2` lets the kernel do it in one call. Where the kernel lacks it or a
//! system-call filter refuses it, a walk opens one component after the other and resolves symlinks itself on
//! a stack of held directories, so that `..` pops to the parent the walk came through. Both give
//! the same answers, errors included: a way out of the root, an absolute target, or a symlink
//! where none may be, is ELOOP.

use rustix::fs::{self as rfs, AtFlags, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// Symlinks followed in one resolution, as in the kernel.
pub(crate) const MAX_LINKS: usize = 40;

/// Tries of an `openat2` that a concurrent rename disturbed, before walking instead.
const MAX_TRIES: usize = 32;

/// Whether intermediate symlinks may be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowParents {
    /// A symlink as a parent component is an error (ELOOP).
    No,
    /// Followed while it stays beneath the root (`--keep-dirlinks`, source trees).
    Beneath,
    /// Followed wherever it leads. For a sender without confinement that was told to follow links
    /// (`--copy-links`, `--copy-dirlinks`, `--copy-unsafe-links`, `--insecure-links`).
    Unconfined,
}

/// Which of the two ways may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The kernel's, while it works.
    Kernel,
    /// The walk.
    Walk,
}

/// Withdrawn for good at the first refusal.
static OPENAT2: AtomicBool = AtomicBool::new(true);

/// Opens the directory `path` (clean, no `..`; empty for `base` itself) with `flags`, which are
/// `O_PATH` or `O_RDONLY`.
pub(crate) fn open_dir(
    base: BorrowedFd<'_>,
    path: &[u8],
    flags: OFlags,
    follow: FollowParents,
    way: Way,
) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::DIRECTORY | OFlags::CLOEXEC;
    if path.is_empty() {
        return rfs::openat(base, ".", flags, Mode::empty());
    }
    match follow {
        FollowParents::Unconfined => rfs::openat(base, path, flags, Mode::empty()),
        FollowParents::No if !path.contains(&b'/') => open_component(base, path, flags),
        FollowParents::No => {
            if let Some(answer) = by_kernel(base, path, flags, ResolveFlags::NO_SYMLINKS, way) {
                return answer;
            }
            finish(base, walk(base, path, false, Last::Directory)?, flags)
        }
        FollowParents::Beneath => {
            if let Some(answer) = by_kernel(base, path, flags, ResolveFlags::empty(), way) {
                return answer;
            }
            finish(base, walk(base, path, true, Last::Directory)?, flags)
        }
    }
}

/// Opens whatever `path` names after following all symlinks beneath `base`.
pub(crate) fn open_following(
    base: BorrowedFd<'_>,
    path: &[u8],
    flags: OFlags,
    way: Way,
) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::CLOEXEC;
    if let Some(answer) = by_kernel(base, path, flags, ResolveFlags::empty(), way) {
        return answer;
    }
    finish(base, walk(base, path, true, Last::Anything)?, flags)
}

/// `None` if the kernel will not do it.
fn by_kernel(
    base: BorrowedFd<'_>,
    path: &[u8],
    flags: OFlags,
    more: ResolveFlags,
    way: Way,
) -> Option<Result<OwnedFd, Errno>> {
    if way == Way::Walk || !OPENAT2.load(Ordering::Relaxed) {
        return None;
    }
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | more;
    for _ in 0..MAX_TRIES {
        return Some(match rfs::openat2(base, path, flags, Mode::empty(), resolve) {
            Err(Errno::AGAIN | Errno::INTR) => continue,
            Err(Errno::NOSYS | Errno::PERM) => {
                OPENAT2.store(false, Ordering::Relaxed);
                return None;
            }
            Err(Errno::XDEV) => Err(Errno::LOOP),
            other => other,
        });
    }
    None
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
            Some(dir) if flags.contains(OFlags::PATH) => Ok(dir),
            _ => rfs::openat(dir, ".", flags, Mode::empty()),
        },
    }
}

fn walk(base: BorrowedFd<'_>, path: &[u8], follow: bool, last: Last) -> Result<Place, Errno> {
    let enter = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
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
        let base = base.as_fd();
        for path in PATHS {
            let path = path.as_bytes();
            for follow in [FollowParents::No, FollowParents::Beneath] {
                for flags in [OFlags::PATH, OFlags::RDONLY] {
                    let kernel = open_dir(base, path, flags, follow, Way::Kernel);
                    let own = open_dir(base, path, flags, follow, Way::Walk);
                    assert_eq!(
                        kernel.as_ref().map(id),
                        own.as_ref().map(id),
                        "{} {follow:?} {flags:?}",
                        String::from_utf8_lossy(path)
                    );
                }
            }
            if path.is_empty() {
                continue;
            }
            let kernel = open_following(base, path, OFlags::PATH, Way::Kernel);
            let own = open_following(base, path, OFlags::PATH, Way::Walk);
            assert_eq!(
                kernel.as_ref().map(id),
                own.as_ref().map(id),
                "following {}",
                String::from_utf8_lossy(path)
            );
        }
        // Otherwise the comparison above compared the walk with itself.
        if !OPENAT2.load(Ordering::Relaxed) {
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
                let dir = |follow| {
                    open_dir(base.as_fd(), path.as_bytes(), OFlags::PATH, follow, way).err()
                };
                assert_eq!(dir(FollowParents::Beneath), Some(Errno::LOOP), "{path} {way:?}");
                assert_eq!(dir(FollowParents::No), Some(Errno::LOOP), "{path} {way:?}");
            }
            let any = |p: &str| open_following(base.as_fd(), p.as_bytes(), OFlags::RDONLY, way);
            assert_eq!(any("a/out/secret").err(), Some(Errno::LOOP));
            assert!(any("tofile").is_ok());
            assert_eq!(any("tofileslash").err(), Some(Errno::NOTDIR));
            assert_eq!(any("dangling").err(), Some(Errno::NOENT));
            let dir =
                |p: &str, follow| open_dir(base.as_fd(), p.as_bytes(), OFlags::PATH, follow, way);
            assert!(dir("l40/b", FollowParents::Beneath).is_ok());
            assert!(dir("dots/b", FollowParents::Beneath).is_ok());
            assert_eq!(dir("dots/b", FollowParents::No).err(), Some(Errno::LOOP));
            assert!(dir("a/out/in", FollowParents::Unconfined).is_ok());
        }
    }
}
