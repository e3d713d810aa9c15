//! The user and group databases, and who the process is.

use super::kernel;
use nix::unistd::{Gid, Group, Uid, User};
use std::io;
use std::sync::OnceLock;

pub(crate) fn user_name(uid: u32) -> Option<Vec<u8>> {
    Some(User::from_uid(Uid::from_raw(uid)).ok()??.name.into_bytes())
}

pub(crate) fn group_name(gid: u32) -> Option<Vec<u8>> {
    Some(Group::from_gid(Gid::from_raw(gid)).ok()??.name.into_bytes())
}

pub(crate) fn uid_of(name: &[u8]) -> Option<u32> {
    Some(User::from_name(std::str::from_utf8(name).ok()?).ok()??.uid.as_raw())
}

pub(crate) fn gid_of(name: &[u8]) -> Option<u32> {
    Some(Group::from_name(std::str::from_utf8(name).ok()?).ok()??.gid.as_raw())
}

/// The groups that the process is a member of: effective and supplementary.
pub(crate) fn memberships() -> Vec<u32> {
    let supplementary = rustix::process::getgroups().unwrap_or_default();
    let effective = rustix::process::getegid();
    let more = Some(effective).filter(|gid| !supplementary.contains(gid));
    supplementary.into_iter().chain(more).map(|g| g.as_raw()).collect()
}

/// The primary group of a user and all groups.
pub(crate) fn groups_of(uid: u32) -> Option<(u32, Vec<u32>)> {
    let user = User::from_uid(Uid::from_raw(uid)).ok()??;
    let name = std::ffi::CString::new(user.name).ok()?;
    let all = kernel::groups_of(&name, user.gid).ok()?;
    Some((user.gid.as_raw(), all.into_iter().map(Gid::as_raw).collect()))
}

/// Becomes a user, for good. The name of the call that the system refused, and why.
pub(crate) fn assume(uid: u32, gid: u32, groups: &[u32]) -> Result<(), (&'static str, io::Error)> {
    use nix::unistd::{setgid, setuid};
    let groups: Vec<Gid> = groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
    setgid(Gid::from_raw(gid)).map_err(|e| ("setgid", e.into()))?;
    kernel::set_groups(&groups).map_err(|e| ("setgroups", e.into()))?;
    setuid(Uid::from_raw(uid)).map_err(|e| ("setuid", e.into()))
}

/// The same for the calling thread alone.
pub(crate) fn assume_in_thread(
    uid: u32,
    gid: u32,
    groups: &[u32],
) -> Result<(), (&'static str, io::Error)> {
    kernel::assume_in_thread(uid, gid, groups).map_err(|(call, e)| (call, e.into()))
}

/// Effective uid is 0. Not remembered, for a process may give its rights away.
pub(crate) fn am_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether it is the effective uid.
pub(crate) fn is_me(uid: u32) -> bool {
    rustix::process::geteuid().as_raw() == uid
}

/// The process's umask, read once.
#[allow(clippy::useless_conversion, reason = "the width of modes differs between systems")]
pub(crate) fn umask() -> u32 {
    static UMASK: OnceLock<u32> = OnceLock::new();
    *UMASK.get_or_init(|| {
        // There is no call that only reads it. What another thread creates in between comes out
        // more private, never more open.
        let old = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
        rustix::process::umask(old);
        u32::from(old.as_raw_mode())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_the_umask_leaves_it() {
        let first = umask();
        assert_eq!(first & !0o777, 0);
        let now = rustix::process::umask(rustix::fs::Mode::from_raw_mode(first));
        assert_eq!(now.as_raw_mode(), first);
    }
}
