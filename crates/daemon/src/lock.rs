//! Record locks: what of a file this process and no other holds.

use nix::{
    fcntl::{FcntlArg, fcntl},
    libc,
};
use std::fs::File;

/// Locks 4 bytes from `start` on for writing, as long as this process has the file open.
///
/// # Errors
/// The system's; `EAGAIN` or `EACCES` if another process has it.
pub fn lock(file: &File, start: i64) -> nix::Result<()> {
    let lock = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: start,
        l_len: 4,
        ..NONE
    };
    fcntl(file, FcntlArg::F_SETLK(&lock)).map(drop)
}

#[cfg(not(target_os = "freebsd"))]
const NONE: libc::flock = libc::flock { l_type: 0, l_whence: 0, l_start: 0, l_len: 0, l_pid: 0 };

#[cfg(target_os = "freebsd")]
const NONE: libc::flock =
    libc::flock { l_type: 0, l_whence: 0, l_start: 0, l_len: 0, l_pid: 0, l_sysid: 0 };
