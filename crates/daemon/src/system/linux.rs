//! Linux.

use nix::{
    syslog::{self, Facility, LogFlags},
    unistd::{self, Gid},
};
use std::ffi::{CStr, CString};

/// The groups of a user, `first` among them.
pub fn groups_of(user: &CStr, first: Gid) -> nix::Result<Vec<Gid>> {
    unistd::getgrouplist(user, first)
}

/// Makes these the supplementary groups of the process.
pub fn set_groups(groups: &[Gid]) -> nix::Result<()> {
    unistd::setgroups(groups)
}

/// Connects to the system log, at once: after a chroot it could not be found.
pub fn open_log(tag: CString, facility: Facility) {
    // The tag lives as long as the process: syslog keeps the pointer.
    let tag: &'static CStr = Box::leak(tag.into_boxed_c_str());
    // Without a system log there is nowhere to complain to.
    let _unlogged = syslog::openlog(Some(tag), LogFlags::LOG_PID | LogFlags::LOG_NDELAY, facility);
}
