//! macOS and FreeBSD: everything goes by the portable calls.

use super::{ListBuffer, mode_arg};
use crate::meta::Kind;
use nix::unistd::Gid;
use rustix::ffi::CString;
use rustix::fs::{self as rfs, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// For a directory that is only a parent.
pub(super) const PARENT: OFlags = OFlags::RDONLY;
/// For looking at what a name leads to.
pub(super) const LOOK: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY);
/// For looking at a name, be it a symlink.
pub(super) const SEE: OFlags = see();
/// There is no way to leave the access time as it is.
pub(super) const NOATIME: OFlags = OFlags::empty();

/// What a file that became shorter is reported as; not all of these systems have ENODATA.
pub(crate) const SHRUNK: Errno = Errno::IO;

#[cfg(target_vendor = "apple")]
const fn see() -> OFlags {
    LOOK.union(OFlags::from_bits_retain(nix::libc::O_SYMLINK as _))
}

#[cfg(not(target_vendor = "apple"))]
const fn see() -> OFlags {
    OFlags::NOFOLLOW.union(OFlags::from_bits_retain(nix::libc::O_PATH as _))
}

/// The kernel resolves no path beneath a directory in one call.
pub(super) fn open_beneath(
    _base: BorrowedFd<'_>,
    _path: &[u8],
    _flags: OFlags,
    _follow: bool,
) -> Option<Result<OwnedFd, Errno>> {
    None
}

#[cfg(not(target_vendor = "apple"))]
pub(super) fn groups_of(user: &std::ffi::CStr, first: Gid) -> nix::Result<Vec<Gid>> {
    nix::unistd::getgrouplist(user, first)
}

#[cfg(not(target_vendor = "apple"))]
pub(super) fn set_groups(groups: &[Gid]) -> nix::Result<()> {
    nix::unistd::setgroups(groups)
}

/// Group lists belong to the directory service there.
#[cfg(target_vendor = "apple")]
pub(super) fn groups_of(_user: &std::ffi::CStr, _first: Gid) -> nix::Result<Vec<Gid>> {
    Err(nix::errno::Errno::ENOSYS)
}

#[cfg(target_vendor = "apple")]
pub(super) fn set_groups(_groups: &[Gid]) -> nix::Result<()> {
    Err(nix::errno::Errno::ENOSYS)
}

/// A process has one set of credentials there.
pub(super) fn assume_in_thread(
    _uid: u32,
    _gid: u32,
    _groups: &[u32],
) -> Result<(), (&'static str, Errno)> {
    Err(("setuid", Errno::NOSYS))
}

/// All links are plain text.
pub(super) fn is_magic(_link: impl AsFd) -> Result<bool, Errno> {
    Ok(false)
}

/// The text of the link that was opened as `link` (by [`SEE`]); it stands in `dir` as `name`.
pub(super) fn link_text(link: &OwnedFd, dir: &OwnedFd, name: &[u8]) -> Result<CString, Errno> {
    let text = rfs::readlinkat(dir, name, Vec::new())?;
    // The owner that was looked at must be this text's.
    let (before, now) =
        (rfs::fstat(link)?, rfs::statat(dir, name, rfs::AtFlags::SYMLINK_NOFOLLOW)?);
    if (before.st_dev, before.st_ino) != (now.st_dev, now.st_ino) {
        return Err(Errno::AGAIN);
    }
    Ok(text)
}

pub(crate) fn mknod_at(
    dir: &OwnedFd,
    leaf: &[u8],
    kind: Kind,
    mode: u32,
    rdev: (u32, u32),
) -> Result<(), Errno> {
    let _parts_of_other_systems = (dir, leaf, kind, mode_arg(mode), rdev);
    Err(Errno::OPNOTSUPP)
}

/// Reserves space: not without changing the file's length.
pub(crate) fn preallocate(_file: &File, _len: u64, _keep_len: bool) -> Result<(), Errno> {
    Err(Errno::OPNOTSUPP)
}

/// Makes a hole where bytes may stand.
pub(crate) fn punch_hole(_file: &File, _start: u64, _len: u64) -> Result<(), Errno> {
    Err(Errno::OPNOTSUPP)
}

/// The kernel copies no ranges between files.
pub(crate) fn copy_range(
    _from: &File,
    _from_offset: u64,
    _to: &File,
    _to_offset: u64,
    _len: usize,
) -> Result<usize, Errno> {
    Ok(0)
}

/// Calls `found` with name, type (if known) and inode number of each entry but `.` and `..`.
pub(crate) fn list(
    dir: &OwnedFd,
    _buffer: &mut ListBuffer,
    mut found: impl FnMut(&[u8], Option<Kind>, u64),
) -> Result<(), Errno> {
    for entry in rfs::Dir::read_from(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            found(name, super::kind(entry.file_type()), entry.ino());
        }
    }
    Ok(())
}
