//! Extended attributes without following symlinks.
//!
//! There is no call for an attribute of a name in an open directory that old kernels have. But a
//! path through `/proc/self/fd/N` begins at the held directory itself, so `/proc/self/fd/N/LEAF`
//! with the calls that do not follow the last component is one race-free call, good for symlinks
//! and unreadable files too. Without /proc (a chroot) the thread makes the parent its working
//! directory for the time of the call, which takes a working directory that the other threads do not
//! share. Where the system forbids that (containers), regular files and directories that we may open
//! are served by handle, and everything else has no attributes.

use crate::meta::Kind;
use crate::root::Root;
use crate::sys::{self, Dir, Open};
use nix::sched::{CloneFlags, unshare};
use rustix::buffer::spare_capacity;
use rustix::fs::{self as rfs, Mode, OFlags, XattrFlags};
use rustix::io::Errno;
use rustix::process::fchdir;
use std::fs::File;
use std::io;
use std::io::Write as _;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use wire::RelPath;

/// Extended attributes, and ACLs, which are such, are known here.
pub const SUPPORTED: bool = true;

/// Names and values beyond this do not exist on Linux.
const MAX_SIZE: usize = 65_536;
const FIRST_TRY: usize = 512;

/// Which way there is, once known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doors {
    way: Option<Way>,
}

#[derive(Debug, Clone, Copy)]
enum Way {
    Proc,
    Visit,
    Handle,
}

impl Way {
    fn find() -> Way {
        // Only the real thing: in a chroot anybody may have made directories of that name.
        if rfs::statfs("/proc/self/fd").is_ok_and(|fs| fs.f_type == rfs::PROC_SUPER_MAGIC) {
            Way::Proc
        } else if unshare(CloneFlags::CLONE_FS).is_ok() {
            Way::Visit
        } else {
            Way::Handle
        }
    }
}

/// How a file's attributes are reached.
enum Door {
    Path(Vec<u8>, Base),
    Handle(File),
}

/// Where a path begins, for as long as this is held.
enum Base {
    Handle { _held: Arc<Dir> },
    Visited { _visit: Visit },
}

/// A stay of this thread in another working directory.
struct Visit {
    back: Dir,
}

impl Visit {
    fn of(dir: &Dir) -> io::Result<Visit> {
        // Nothing is done if the working directory is this thread's alone already.
        unshare(CloneFlags::CLONE_FS)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let back = rfs::openat(rfs::CWD, ".", flags, Mode::empty())?;
        fchdir(dir)?;
        Ok(Visit { back })
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        // It was entered before, and nobody would hear of an error.
        let _unheard = fchdir(&self.back);
    }
}

impl Root {
    /// All names (full, with namespace), unsorted. ENOTSUP gives an empty list.
    pub fn list_xattrs(&mut self, p: &RelPath) -> io::Result<Vec<Vec<u8>>> {
        listed(match self.door(p) {
            Ok(Door::Path(path, _base)) => {
                fetch(|out| rfs::llistxattr(&path[..], spare_capacity(out)))
            }
            Ok(Door::Handle(fd)) => fetch(|out| rfs::flistxattr(&fd, spare_capacity(out))),
            Err(e) => return if unsupported(&e) { Ok(Vec::new()) } else { Err(e) },
        })
    }

    /// `None` if it does not exist, or cannot on this file.
    pub fn get_xattr(&mut self, p: &RelPath, name: &[u8]) -> io::Result<Option<Vec<u8>>> {
        found(match self.door(p) {
            Ok(Door::Path(path, _base)) => {
                fetch(|out| rfs::lgetxattr(&path[..], name, spare_capacity(out)))
            }
            Ok(Door::Handle(fd)) => fetch(|out| rfs::fgetxattr(&fd, name, spare_capacity(out))),
            Err(e) => return if unsupported(&e) { Ok(None) } else { Err(e) },
        })
    }

    /// Sets one, new or not.
    pub fn set_xattr(&mut self, p: &RelPath, name: &[u8], value: &[u8]) -> io::Result<()> {
        Ok(match self.door(p)? {
            Door::Path(path, _base) => rfs::lsetxattr(&path[..], name, value, XattrFlags::empty()),
            Door::Handle(fd) => rfs::fsetxattr(&fd, name, value, XattrFlags::empty()),
        }?)
    }

    /// Removes one, which must exist (ENODATA).
    pub fn remove_xattr(&mut self, p: &RelPath, name: &[u8]) -> io::Result<()> {
        Ok(match self.door(p)? {
            Door::Path(path, _base) => rfs::lremovexattr(&path[..], name),
            Door::Handle(fd) => rfs::fremovexattr(&fd, name),
        }?)
    }

    fn door(&mut self, p: &RelPath) -> io::Result<Door> {
        let way = *self.doors.way.get_or_insert_with(Way::find);
        let (dir, leaf) = self.at(p)?;
        match way {
            Way::Proc => {
                let mut path = Vec::with_capacity(32 + leaf.len());
                write!(path, "/proc/self/fd/{}/", dir.as_raw_fd())?;
                path.extend_from_slice(leaf);
                Ok(Door::Path(path, Base::Handle { _held: dir }))
            }
            Way::Visit => Ok(Door::Path(leaf.to_vec(), Base::Visited { _visit: Visit::of(&dir)? })),
            Way::Handle => match sys::stat_at(&dir, leaf, false)?.kind {
                Kind::Regular | Kind::Directory => Ok(Door::Handle(self.open_leaf(p, Open::Read)?)),
                _ => Err(Errno::NOTSUP.into()),
            },
        }
    }
}

/// Whether there was no attribute to remove.
pub(crate) fn missing(e: &io::Error) -> bool {
    sys::is_errno(e, Errno::NODATA)
}

pub(crate) fn unsupported(e: &io::Error) -> bool {
    sys::is_errno(e, Errno::NOTSUP)
}

fn fetch(mut call: impl FnMut(&mut Vec<u8>) -> Result<usize, Errno>) -> Result<Vec<u8>, Errno> {
    let mut out = Vec::with_capacity(FIRST_TRY);
    match call(&mut out) {
        Err(Errno::RANGE) => {}
        other => return other.map(|_| out),
    }
    out.reserve_exact(MAX_SIZE);
    call(&mut out)?;
    out.shrink_to_fit();
    Ok(out)
}

fn listed(answer: Result<Vec<u8>, Errno>) -> io::Result<Vec<Vec<u8>>> {
    match answer {
        Ok(names) => Ok(names
            .split(|&b| b == 0)
            .filter(|name| !name.is_empty())
            .map(<[u8]>::to_vec)
            .collect()),
        Err(Errno::NOTSUP) => Ok(Vec::new()),
        Err(e) => Err(e.into()),
    }
}

fn found(answer: Result<Vec<u8>, Errno>) -> io::Result<Option<Vec<u8>>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(Errno::NODATA | Errno::NOTSUP) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn rel(p: &str) -> RelPath {
        RelPath::new(p.as_bytes()).unwrap()
    }

    /// `None` where the file system has no user attributes.
    fn root(path: &std::path::Path) -> Option<Root> {
        fs::write(path.join("probe"), "").unwrap();
        let mut root = Root::open(path).unwrap();
        match root.set_xattr(&rel("probe"), b"user.probe", b"") {
            Ok(()) => Some(root),
            Err(e) => {
                eprintln!("skipped: no user attributes here: {e}");
                None
            }
        }
    }

    #[test]
    fn all_doors_give_the_same() {
        let t = tempfile::tempdir().unwrap();
        let Some(mut by_path) = root(t.path()) else { return };
        let [mut by_visit, mut by_handle] = [Way::Visit, Way::Handle].map(|way| {
            let mut root = by_path.clone();
            root.doors.way = Some(way);
            root
        });
        fs::create_dir(t.path().join("d")).unwrap();
        fs::write(t.path().join("d/f"), "x").unwrap();
        symlink("f", t.path().join("d/l")).unwrap();
        let big = vec![7; 3000];
        for p in [RelPath::root(), rel("d"), rel("d/f")] {
            by_path.set_xattr(&p, b"user.one", b"1").unwrap();
            by_handle.set_xattr(&p, b"user.big", &big).unwrap();
            for root in [&mut by_path, &mut by_visit, &mut by_handle] {
                let mut names = root.list_xattrs(&p).unwrap();
                names.retain(|n| n.starts_with(b"user."));
                names.sort();
                assert_eq!(names, [b"user.big", b"user.one"]);
                assert_eq!(root.get_xattr(&p, b"user.one").unwrap().as_deref(), Some(&b"1"[..]));
                assert_eq!(root.get_xattr(&p, b"user.big").unwrap().as_ref(), Some(&big));
                assert_eq!(root.get_xattr(&p, b"user.none").unwrap(), None);
            }
            by_path.remove_xattr(&p, b"user.big").unwrap();
            by_visit.set_xattr(&p, b"user.two", b"2").unwrap();
            by_handle.remove_xattr(&p, b"user.one").unwrap();
            by_visit.remove_xattr(&p, b"user.two").unwrap();
            assert!(by_path.remove_xattr(&p, b"user.one").is_err());
        }
        // A link is not its target.
        by_path.set_xattr(&rel("d/f"), b"user.one", b"1").unwrap();
        for root in [&mut by_path, &mut by_visit, &mut by_handle] {
            assert_eq!(root.get_xattr(&rel("d/l"), b"user.one").unwrap(), None);
            assert!(root.set_xattr(&rel("d/l"), b"user.two", b"2").is_err());
            assert!(root.list_xattrs(&rel("d/none")).is_err());
        }
        by_path.set_xattr(&rel("d/f"), b"user.long.name", b"").unwrap();
        let empty = by_path.get_xattr(&rel("d/f"), b"user.long.name").unwrap();
        assert_eq!(empty.as_deref(), Some(&b""[..]));
        assert!(by_path.set_xattr(&rel("d/f"), b"user.\0", b"").is_err());
    }

    #[test]
    fn long_lists_are_complete() {
        let t = tempfile::tempdir().unwrap();
        let Some(mut root) = root(t.path()) else { return };
        for i in 0..40 {
            root.set_xattr(&rel("probe"), format!("user.attribute-{i:04}").as_bytes(), b"")
                .unwrap();
        }
        let names = root.list_xattrs(&rel("probe")).unwrap();
        assert_eq!(names.iter().filter(|n| n.starts_with(b"user.attribute-")).count(), 40);
    }

    #[test]
    fn unreadable_files_are_reached() {
        let t = tempfile::tempdir().unwrap();
        let Some(mut root) = root(t.path()) else { return };
        root.chmod(&rel("probe"), 0o200).unwrap();
        for way in [Way::Proc, Way::Visit] {
            root.doors.way = Some(way);
            root.set_xattr(&rel("probe"), b"user.x", b"y").unwrap();
            assert!(root.list_xattrs(&rel("probe")).unwrap().contains(&b"user.x".to_vec()));
            root.remove_xattr(&rel("probe"), b"user.x").unwrap();
        }
    }

    #[test]
    fn visits_are_nobody_elses_matter() {
        let t = tempfile::tempdir().unwrap();
        let before = std::env::current_dir().unwrap();
        let dir = Dir::from(File::open(t.path()).unwrap());
        let visit = Visit::of(&dir).unwrap();
        assert_eq!(std::env::current_dir().unwrap(), t.path().canonicalize().unwrap());
        // Of the process's first thread.
        assert_eq!(fs::read_link("/proc/self/cwd").unwrap(), before);
        drop(visit);
        assert_eq!(std::env::current_dir().unwrap(), before);
    }
}
