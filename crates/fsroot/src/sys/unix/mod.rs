//! Unix: the calls that take a directory's descriptor and a name.

#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "linux.rs")]
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "bsd.rs")]
mod kernel;
mod names;
mod operator;
mod resolve;

pub(crate) use kernel::{SHRUNK, copy_range, list, mknod_at, preallocate, punch_hole};
pub(crate) use names::*;
pub(crate) use operator::{
    absolute, open_operator_dir, open_operator_file, open_operator_file_checked,
};
pub(crate) use resolve::{Way, open_dir, open_following};
pub use rustix::io::Errno;

use crate::meta::{Kind, Stat, Time};
use crate::sys::Open;
use rustix::fs::{self as rfs, AtFlags, FileType, Mode, OFlags, Timespec, Timestamps};
use rustix::process::{Gid, Uid};
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// A held directory. May be good for nothing but being a parent (`O_PATH`).
pub(crate) type Dir = OwnedFd;

/// Where directory entries are read to.
pub(crate) type ListBuffer = Vec<u8>;

pub(crate) fn path(bytes: &[u8]) -> Cow<'_, Path> {
    Cow::Borrowed(Path::new(OsStr::from_bytes(bytes)))
}

pub(crate) fn os(bytes: &[u8]) -> Cow<'_, OsStr> {
    Cow::Borrowed(OsStr::from_bytes(bytes))
}

pub(crate) fn bytes(os: OsString) -> Vec<u8> {
    os.into_vec()
}

pub(crate) fn shown(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}

/// Where a directory that was opened elsewhere is, for messages.
pub(crate) fn path_of(dir: &File) -> Vec<u8> {
    let link = format!("/proc/self/fd/{}", dir.as_raw_fd());
    std::fs::read_link(link).map_or_else(|_| b".".to_vec(), |p| p.as_os_str().as_bytes().to_vec())
}

/// The directory that `dir` is in; the topmost one is in itself.
pub(crate) fn parent_of(dir: &Dir) -> Result<Dir, Errno> {
    let flags = kernel::PARENT | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rfs::openat(dir, "..", flags, Mode::empty())
}

/// The same directory again, to be read, without touching its access time or not.
pub(crate) fn reopen_dir(dir: &Dir, noatime: bool) -> Result<Dir, Errno> {
    let time = if noatime { kernel::NOATIME } else { OFlags::empty() };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | time;
    rfs::openat(dir, ".", flags, Mode::empty())
}

/// Opens a name, never a symlink's target.
pub(crate) fn open_at(dir: &Dir, leaf: &[u8], how: Open) -> Result<File, Errno> {
    let base = OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    let new = OFlags::CREATE | OFlags::EXCL;
    let open = |flags: OFlags, mode: u32| {
        rfs::openat(dir, leaf, base | flags, mode_arg(mode)).map(File::from)
    };
    match how {
        Open::Read => open(OFlags::RDONLY, 0),
        Open::ReadNoAtime => open(OFlags::RDONLY | kernel::NOATIME, 0),
        Open::Write => open(OFlags::WRONLY, 0),
        Open::WriteNew { mode } => open(OFlags::WRONLY | new, mode),
        Open::ReadWriteNew { mode } => open(OFlags::RDWR | new, mode),
    }
}

/// Opens what a name leads to, wherever that is.
pub(crate) fn open_target_at(dir: &Dir, leaf: &[u8]) -> Result<File, Errno> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    rfs::openat(dir, leaf, flags, Mode::empty()).map(File::from)
}

/// Whether this process may read what the name leads to.
pub(crate) fn is_readable_at(dir: &Dir, leaf: &[u8]) -> bool {
    rfs::accessat(dir, leaf, rfs::Access::READ_OK, AtFlags::EACCESS).is_ok()
}

/// How many descriptors this process may have, if that is limited.
pub(crate) fn most_open_files() -> Option<usize> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current?;
    usize::try_from(limit).ok()
}

/// Whether this process may look at what is in the directory.
pub(crate) fn is_searchable_at(dir: &Dir, leaf: &[u8]) -> bool {
    rfs::accessat(dir, leaf, rfs::Access::EXEC_OK, AtFlags::EACCESS).is_ok()
}

pub(crate) fn read_link_at(dir: &Dir, leaf: &[u8]) -> Result<Vec<u8>, Errno> {
    Ok(rfs::readlinkat(dir, leaf, Vec::new())?.into_bytes())
}

pub(crate) fn mkdir_at(dir: &Dir, leaf: &[u8], mode: u32) -> Result<(), Errno> {
    rfs::mkdirat(dir, leaf, mode_arg(mode))
}

pub(crate) fn rmdir_at(dir: &Dir, leaf: &[u8]) -> Result<(), Errno> {
    rfs::unlinkat(dir, leaf, AtFlags::REMOVEDIR)
}

/// Removes anything but a directory.
pub(crate) fn unlink_at(dir: &Dir, leaf: &[u8]) -> Result<(), Errno> {
    rfs::unlinkat(dir, leaf, AtFlags::empty())
}

/// Renames, replacing what is there.
pub(crate) fn rename_at(from: &Dir, leaf: &[u8], to: &Dir, to_leaf: &[u8]) -> Result<(), Errno> {
    rfs::renameat(from, leaf, to, to_leaf)
}

/// Makes a hard link of a name, which is not followed.
pub(crate) fn link_at(from: &Dir, leaf: &[u8], to: &Dir, to_leaf: &[u8]) -> Result<(), Errno> {
    rfs::linkat(from, leaf, to, to_leaf, AtFlags::empty())
}

pub(crate) fn symlink_at(target: &[u8], dir: &Dir, leaf: &[u8]) -> Result<(), Errno> {
    rfs::symlinkat(target, dir, leaf)
}

/// Changes the owner without following; `None` leaves that id.
pub(crate) fn chown_at(
    dir: &Dir,
    leaf: &[u8],
    uid: Option<u32>,
    gid: Option<u32>,
) -> Result<(), Errno> {
    rfs::chownat(dir, leaf, uid_arg(uid)?, gid_arg(gid)?, AtFlags::SYMLINK_NOFOLLOW)
}

/// Whether links lead to nothing but what this process is there for.
static CHROOTED: AtomicBool = AtomicBool::new(false);

/// Makes `path` the root directory and the working directory of this process.
pub fn chroot(path: &Path) -> nix::Result<()> {
    nix::unistd::chroot(path)?;
    if path != Path::new("/") {
        CHROOTED.store(true, Ordering::Relaxed);
    }
    nix::unistd::chdir("/")
}

/// Changes the permission bits (07777) without following. A symlink is EOPNOTSUPP.
pub(crate) fn chmod_at(dir: &Dir, leaf: &[u8], mode: u32) -> io::Result<()> {
    use nix::sys::stat::{FchmodatFlags, Mode, fchmodat};
    let bits = Mode::from_bits_truncate((mode & 0o7777) as nix::libc::mode_t);
    // The C library knows the ways: fchmodat2, or a handle by way of /proc.
    match fchmodat(dir, leaf, bits, FchmodatFlags::NoFollowSymlink) {
        Ok(()) => return Ok(()),
        Err(nix::errno::Errno::EOPNOTSUPP | nix::errno::Errno::ENOSYS) => {}
        Err(e) => return Err(e.into()),
    }
    chmod_without_proc(dir, leaf, mode, CHROOTED.load(Ordering::Relaxed))
}

/// What may be opened can be changed by its handle; devices must not be opened just for that. The others are changed by name. By
/// then the name could be a link, which must not lead to where this process has no business.
fn chmod_without_proc(dir: &Dir, leaf: &[u8], mode: u32, chrooted: bool) -> io::Result<()> {
    let handle = match stat_at(dir, leaf, false)?.kind {
        Kind::Symlink => return Err(Errno::OPNOTSUPP.into()),
        Kind::Regular | Kind::Directory => open_at(dir, leaf, Open::Read),
        _ => Err(Errno::OPNOTSUPP),
    };
    match handle {
        Ok(handle) => set_mode(&handle, mode),
        Err(Errno::OPNOTSUPP | Errno::ACCESS) if chrooted => {
            Ok(rfs::chmodat(dir, leaf, mode_arg(mode), AtFlags::empty())?)
        }
        Err(e) => Err(e.into()),
    }
}

/// Sets the times without following; `None` leaves that time.
pub(crate) fn utimes_at(
    dir: &Dir,
    leaf: &[u8],
    atime: Option<Time>,
    mtime: Option<Time>,
) -> Result<(), Errno> {
    rfs::utimensat(dir, leaf, &times_arg(atime, mtime)?, AtFlags::SYMLINK_NOFOLLOW)
}

pub(crate) fn set_owner(file: &File, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
    Ok(rfs::fchown(file, uid_arg(uid)?, gid_arg(gid)?)?)
}

pub(crate) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    Ok(rfs::fchmod(file, mode_arg(mode))?)
}

pub(crate) fn set_times(file: &File, atime: Option<Time>, mtime: Option<Time>) -> io::Result<()> {
    Ok(rfs::futimens(file, &times_arg(atime, mtime)?)?)
}

/// The metadata of an open file or directory.
pub(crate) fn stat(file: impl AsFd) -> io::Result<Stat> {
    from_raw(&rfs::fstat(file)?)
}

/// The metadata of a name, or of what it leads to wherever that is.
pub(crate) fn stat_at(dir: &Dir, leaf: &[u8], follow: bool) -> io::Result<Stat> {
    let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
    from_raw(&rfs::statat(dir, leaf, flags)?)
}

/// Reads at an offset.
pub(crate) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buf, offset)
}

/// Reads into several buffers, one behind the other.
pub(crate) fn read_vectored_at(
    file: &File,
    bufs: &mut [io::IoSliceMut<'_>],
    offset: u64,
) -> io::Result<usize> {
    Ok(rustix::io::preadv(file, bufs, offset)?)
}

/// Reads at an offset into the spare room of `buf`.
pub(crate) fn read_at_spare(file: &File, buf: &mut Vec<u8>, offset: u64) -> io::Result<usize> {
    Ok(rustix::io::pread(file, rustix::buffer::spare_capacity(buf), offset)?)
}

/// Writes several pieces, one behind the other, from an offset on; how much of them is up to the system.
pub(crate) fn write_vectored_at(
    file: &File,
    pieces: &[io::IoSlice<'_>],
    offset: u64,
) -> io::Result<usize> {
    Ok(rustix::io::pwritev(file, pieces, offset)?)
}

/// Writes at an offset.
pub(crate) fn write_at(file: &File, data: &[u8], offset: u64) -> io::Result<usize> {
    file.write_at(data, offset)
}

#[allow(clippy::unnecessary_cast, reason = "the widths of the kernel's struct differ")]
fn from_raw(st: &rfs::Stat) -> io::Result<Stat> {
    let mode = st.st_mode as u32;
    let kind = kind(FileType::from_raw_mode(st.st_mode))
        .ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))?;
    let rdev = st.st_rdev as u64;
    Ok(Stat {
        kind,
        perm: mode & 0o7777,
        len: u64::try_from(st.st_size).unwrap_or(0),
        mtime: st.st_mtime as i64,
        mtime_nsec: st.st_mtime_nsec as u32,
        atime: st.st_atime as i64,
        atime_nsec: st.st_atime_nsec as u32,
        ctime: st.st_ctime as i64,
        uid: st.st_uid as u32,
        gid: st.st_gid as u32,
        dev: st.st_dev as u64,
        ino: st.st_ino as u64,
        nlink: st.st_nlink as u64,
        rdev: (rfs::major(rdev as rfs::Dev), rfs::minor(rdev as rfs::Dev)),
        blocks: st.st_blocks as u64,
    })
}

fn kind(t: FileType) -> Option<Kind> {
    Some(match t {
        FileType::RegularFile => Kind::Regular,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink,
        FileType::CharacterDevice => Kind::CharDevice,
        FileType::BlockDevice => Kind::BlockDevice,
        FileType::Fifo => Kind::Fifo,
        FileType::Socket => Kind::Socket,
        FileType::Unknown => return None,
    })
}

fn mode_arg(mode: u32) -> Mode {
    Mode::from_raw_mode((mode & 0o7777) as rfs::RawMode)
}

/// An id of all ones means "leave" to the kernel, so it can never be asked for.
fn uid_arg(uid: Option<u32>) -> Result<Option<Uid>, Errno> {
    match uid {
        Some(u32::MAX) => Err(Errno::INVAL),
        other => Ok(other.map(Uid::from_raw)),
    }
}

fn gid_arg(gid: Option<u32>) -> Result<Option<Gid>, Errno> {
    match gid {
        Some(u32::MAX) => Err(Errno::INVAL),
        other => Ok(other.map(Gid::from_raw)),
    }
}

fn times_arg(atime: Option<Time>, mtime: Option<Time>) -> Result<Timestamps, Errno> {
    fn one(t: Option<Time>) -> Result<Timespec, Errno> {
        match t {
            None => Ok(Timespec { tv_sec: 0, tv_nsec: rfs::UTIME_OMIT as _ }),
            // Values from a billion on include the kernel's special ones (now, omit).
            Some((_, nsec)) if nsec > 999_999_999 => Err(Errno::INVAL),
            Some((sec, nsec)) => Ok(Timespec { tv_sec: sec, tv_nsec: nsec as _ }),
        }
    }
    Ok(Timestamps { last_access: one(atime)?, last_modification: one(mtime)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Root;
    use crate::root::FollowParents;
    use wire::RelPath;

    #[test]
    fn chmod_does_without_proc() {
        let t = tempfile::tempdir().unwrap();
        std::fs::write(t.path().join("f"), "").unwrap();
        std::os::unix::fs::symlink("f", t.path().join("l")).unwrap();
        let dir = Dir::from(File::open(t.path()).unwrap());
        nix::unistd::mkfifo(&t.path().join("p"), nix::sys::stat::Mode::S_IRUSR).unwrap();
        for chrooted in [false, true] {
            let chmod = |leaf: &[u8], mode| chmod_without_proc(&dir, leaf, mode, chrooted);
            let perm = |leaf: &[u8]| stat_at(&dir, leaf, false).unwrap().perm;
            for mode in [0o2751, 0o711] {
                chmod(b"f", mode).unwrap();
                assert_eq!(perm(b"f"), mode);
            }
            chmod(b".", 0o711).unwrap();
            assert_eq!(perm(b"."), 0o711);
            assert_eq!(chmod(b"p", 0o4755).is_ok(), chrooted);
            assert_eq!(perm(b"p"), if chrooted { 0o4755 } else { 0o400 });
            assert!(chmod(b"l", 0o600).is_err());
        }
    }

    #[test]
    fn a_root_that_walks_reads_the_same() {
        let t = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(t.path().join("a/b")).unwrap();
        std::fs::write(t.path().join("a/b/f"), "text").unwrap();
        std::os::unix::fs::symlink("a/b", t.path().join("l")).unwrap();
        std::os::unix::fs::symlink("../l/f", t.path().join("a/to")).unwrap();
        std::os::unix::fs::symlink("/", t.path().join("a/out")).unwrap();
        let paths = ["a/b/f", "l/f", "a/to", "a/out", "a/out/x", "a/b", "l", "none", "a/b/f/x"];
        for follow in [FollowParents::No, FollowParents::Beneath] {
            let answers: Vec<Vec<_>> = [Way::Kernel, Way::Walk]
                .map(|way| {
                    let mut root = Root::open(t.path()).unwrap();
                    root.set_follow_parents(follow);
                    root.set_way(way);
                    let mut answers = Vec::new();
                    for p in paths.map(|p| RelPath::new(p.as_bytes()).unwrap()) {
                        let errno = |e: io::Error| e.raw_os_error();
                        answers.push((
                            root.lstat(&p).map(|st| st.ino).map_err(errno),
                            root.stat_follow(&p, false).map(|st| st.ino).map_err(errno),
                            root.open_read_follow(&p, false)
                                .and_then(|f| Stat::of(&f))
                                .map(|st| st.ino)
                                .map_err(errno),
                            root.read_dir(&p).map_err(errno),
                        ));
                    }
                    answers
                })
                .into();
            assert_eq!(answers[0], answers[1], "{follow:?}");
        }
    }
}
