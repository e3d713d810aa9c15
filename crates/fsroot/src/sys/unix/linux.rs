//! What only Linux has: handles that are no more than a place (`O_PATH`), `openat2`, copies inside the kernel, holes.

use super::{ListBuffer, mode_arg};
use crate::meta::Kind;
use nix::unistd::Gid;
use rustix::ffi::CString;
use rustix::fs::{self as rfs, FallocateFlags, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// For a directory that is only a parent.
pub(super) const PARENT: OFlags = OFlags::PATH;
/// For looking at what a name leads to.
pub(super) const LOOK: OFlags = OFlags::PATH;
/// For looking at a name, be it a symlink.
pub(super) const SEE: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW);
/// Leaves the access time as it is.
pub(super) const NOATIME: OFlags = OFlags::NOATIME;

/// What a file that became shorter is reported as.
pub(crate) const SHRUNK: Errno = Errno::NODATA;

/// Tries of an `openat2` that a concurrent rename disturbed, before walking instead.
const MAX_TRIES: usize = 32;

/// Withdrawn for good at the first refusal.
static OPENAT2: AtomicBool = AtomicBool::new(true);
/// Withdrawn for good when the kernel does not know it.
static COPY_FILE_RANGE: AtomicBool = AtomicBool::new(true);

/// Resolves `path` beneath `base` in one call; `None` if the kernel will not do it.
pub(super) fn open_beneath(
    base: BorrowedFd<'_>,
    path: &[u8],
    flags: OFlags,
    follow: bool,
) -> Option<Result<OwnedFd, Errno>> {
    if !OPENAT2.load(Ordering::Relaxed) {
        return None;
    }
    let links = if follow { ResolveFlags::empty() } else { ResolveFlags::NO_SYMLINKS };
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | links;
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

pub(super) fn groups_of(user: &std::ffi::CStr, first: Gid) -> nix::Result<Vec<Gid>> {
    nix::unistd::getgrouplist(user, first)
}

pub(super) fn set_groups(groups: &[Gid]) -> nix::Result<()> {
    nix::unistd::setgroups(groups)
}

/// Credentials belong to threads; only the C library keeps those of a process together.
pub(super) fn assume_in_thread(
    uid: u32,
    gid: u32,
    groups: &[u32],
) -> Result<(), (&'static str, Errno)> {
    use rustix::{
        process::{Gid, Uid},
        thread::{set_thread_gid, set_thread_groups, set_thread_uid},
    };
    let groups: Vec<Gid> = groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
    set_thread_gid(Gid::from_raw(gid)).map_err(|e| ("setgid", e))?;
    set_thread_groups(&groups).map_err(|e| ("setgroups", e))?;
    set_thread_uid(Uid::from_raw(uid)).map_err(|e| ("setuid", e))
}

/// Whether a link is one of the proc file system's, whose text is no path.
pub(super) fn is_magic(link: impl AsFd) -> Result<bool, Errno> {
    Ok(rfs::fstatfs(link)?.f_type == rfs::PROC_SUPER_MAGIC)
}

/// The text of the link that was opened as `link` (by [`SEE`]); it stands in `_dir` as `_name`.
pub(super) fn link_text(link: &OwnedFd, _dir: &OwnedFd, _name: &[u8]) -> Result<CString, Errno> {
    rfs::readlinkat(link, "", Vec::new())
}

pub(crate) fn mknod_at(
    dir: &OwnedFd,
    leaf: &[u8],
    kind: Kind,
    mode: u32,
    rdev: (u32, u32),
) -> Result<(), Errno> {
    let dev = if kind.is_device() { rfs::makedev(rdev.0, rdev.1) } else { 0 };
    rfs::mknodat(dir, leaf, file_type(kind), mode_arg(mode), dev)
}

/// Reserves space; `keep_len` leaves the file's length as it is.
pub(crate) fn preallocate(file: &File, len: u64, keep_len: bool) -> Result<(), Errno> {
    let flags = if keep_len { FallocateFlags::KEEP_SIZE } else { FallocateFlags::empty() };
    rfs::fallocate(file, flags, 0, len)
}

/// Makes a hole where bytes may stand.
pub(crate) fn punch_hole(file: &File, start: u64, len: u64) -> Result<(), Errno> {
    rfs::fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, start, len)
}

/// Copies some of a range inside the kernel, which may share extents; 0 if it will not between these files, or not
/// these ranges, or if the source ends.
pub(crate) fn copy_range(
    from: &File,
    mut from_offset: u64,
    to: &File,
    mut to_offset: u64,
    len: usize,
) -> Result<usize, Errno> {
    if !COPY_FILE_RANGE.load(Ordering::Relaxed) {
        return Ok(0);
    }
    loop {
        let (off_in, off_out) = (Some(&mut from_offset), Some(&mut to_offset));
        match rfs::copy_file_range(from, off_in, to, off_out, len) {
            Err(Errno::INTR) => {}
            Err(Errno::NOSYS) => {
                COPY_FILE_RANGE.store(false, Ordering::Relaxed);
                return Ok(0);
            }
            Err(
                Errno::XDEV
                | Errno::INVAL
                | Errno::OPNOTSUPP
                | Errno::PERM
                | Errno::BADF
                | Errno::TXTBSY
                | Errno::OVERFLOW,
            ) => return Ok(0),
            other => return other,
        }
    }
}

/// Directory entries are read in pieces of this size.
const DIR_BUFFER: usize = 64 * 1024;

/// Calls `found` with name, type (if known) and inode number of each entry but `.` and `..`.
pub(crate) fn list(
    dir: &OwnedFd,
    buffer: &mut ListBuffer,
    mut found: impl FnMut(&[u8], Option<Kind>, u64),
) -> Result<(), Errno> {
    if buffer.capacity() < DIR_BUFFER {
        buffer.reserve_exact(DIR_BUFFER);
    }
    let mut entries = rfs::RawDir::new(dir, buffer.spare_capacity_mut());
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            found(name, super::kind(entry.file_type()), entry.ino());
        }
    }
    Ok(())
}

fn file_type(kind: Kind) -> FileType {
    match kind {
        Kind::Regular => FileType::RegularFile,
        Kind::Directory => FileType::Directory,
        Kind::Symlink => FileType::Symlink,
        Kind::CharDevice => FileType::CharacterDevice,
        Kind::BlockDevice => FileType::BlockDevice,
        Kind::Fifo => FileType::Fifo,
        Kind::Socket => FileType::Socket,
    }
}
