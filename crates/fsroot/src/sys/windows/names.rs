//! Users and groups: Windows' are not numbers, so files have no names of owners here, and nobody is root.

use super::Errno;
use std::io;

/// Stands for owner and group of every file: nobody. Not 0, which another system would take for root.
pub(super) const NOBODY: u32 = 65534;

pub(crate) fn user_name(_uid: u32) -> Option<Vec<u8>> {
    None
}

pub(crate) fn group_name(_gid: u32) -> Option<Vec<u8>> {
    None
}

pub(crate) fn uid_of(_name: &[u8]) -> Option<u32> {
    None
}

pub(crate) fn gid_of(_name: &[u8]) -> Option<u32> {
    None
}

pub(crate) fn memberships() -> Vec<u32> {
    Vec::new()
}

/// The primary group of a user and all groups.
pub(crate) fn groups_of(_uid: u32) -> Option<(u32, Vec<u32>)> {
    None
}

/// Nobody can become a user by number.
pub(crate) fn assume(
    _uid: u32,
    _gid: u32,
    _groups: &[u32],
) -> Result<(), (&'static str, io::Error)> {
    Err(("setuid", Errno::NOSYS.into()))
}

pub(crate) fn assume_in_thread(
    _uid: u32,
    _gid: u32,
    _groups: &[u32],
) -> Result<(), (&'static str, io::Error)> {
    Err(("setuid", Errno::NOSYS.into()))
}

pub(crate) fn am_root() -> bool {
    false
}

pub(crate) fn is_me(_uid: u32) -> bool {
    true
}

/// New files get the rights that their directory hands down; this is what they look like to others.
pub(crate) fn umask() -> u32 {
    0o022
}
