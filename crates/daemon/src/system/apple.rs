//! macOS. Group lists belong to the directory service there, and we know no safe way to give our own up: a daemon that
//! is root refuses its modules.

use nix::{
    errno::Errno,
    syslog::{self, Facility, LogFlags},
    unistd::Gid,
};
use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt;

/// The groups of a user, `first` among them.
pub fn groups_of(user: &CStr, first: Gid) -> nix::Result<Vec<Gid>> {
    let _unasked = (user, first);
    Err(Errno::ENOSYS)
}

/// Makes these the supplementary groups of the process.
pub fn set_groups(groups: &[Gid]) -> nix::Result<()> {
    let _unasked = groups;
    Err(Errno::ENOSYS)
}

/// Connects to the system log, at once: after a chroot it could not be found.
pub fn open_log(tag: CString, facility: Facility) {
    let tag = OsStr::from_bytes(tag.to_bytes());
    // Without a system log there is nowhere to complain to.
    let _unlogged = syslog::openlog(Some(tag), LogFlags::LOG_PID | LogFlags::LOG_NDELAY, facility);
}
