//! Paths that the operator named. Such a path may lead anywhere, so no root confines it.

use crate::root::Root;
use crate::sys::{self, Dir};
use std::cell::Cell;
use std::fs::File;
use std::io;
use std::path::Path;

/// Whether the owners of symlinks are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkTrust {
    /// A symlink is followed only if root or we own it.
    OwnerChecked,
    /// Ordinary opens (`--insecure-links`, `insecure links`).
    Insecure,
}

/// How to open an operator's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenHow {
    /// For reading. May block on a fifo, as the operator wants it to.
    Read,
    /// For writing from the start; created with this mode or truncated.
    Write {
        /// Permissions of a new file, before the umask.
        mode: u32,
    },
    /// For writing at the end; created with this mode if missing.
    Append {
        /// Permissions of a new file, before the umask.
        mode: u32,
    },
    /// For reading and writing; created with this mode if missing, never truncated.
    Update {
        /// Permissions of a new file, before the umask.
        mode: u32,
    },
}

/// What may be printed before the error of a walk that met a foreign link.
pub const UNTRUSTED_LINK_NOTICE: &str = "refusing to follow a symlink owned by an untrusted user; \
     use --insecure-links locally or \"insecure links = yes\" in a daemon module ONLY if every \
     path component is trusted";

thread_local! {
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// Notes that the walk that is about to fail met a foreign link.
#[cfg(unix)]
pub(crate) fn refuse() {
    REFUSED.set(true);
}

/// The notice, if the last operator path opened on this thread failed at a foreign link. Asking
/// once takes it.
pub fn take_notice() -> Option<&'static str> {
    REFUSED.take().then_some(UNTRUSTED_LINK_NOTICE)
}

/// Opens a file the operator named (from-files, password file, logs, batch files, ...).
pub fn open_operator_file(path: &Path, how: OpenHow, trust: LinkTrust) -> io::Result<File> {
    REFUSED.set(false);
    sys::open_operator_file(path, how, trust)
}

/// Opens a file the operator named for reading, by the owner-trust walk.
///
/// # Errors
/// The system's; `ELOOP` for a link owned by somebody else.
pub fn read_operator_file(path: &Path) -> io::Result<File> {
    open_operator_file(path, OpenHow::Read, LinkTrust::OwnerChecked)
}

/// The same, for a file that must lie below `top`, wherever links lead.
///
/// # Errors
/// The system's; `ELOOP` also for a file outside.
pub fn read_operator_file_beneath(path: &Path, top: &Root) -> io::Result<File> {
    REFUSED.set(false);
    sys::open_operator_file_checked(path, OpenHow::Read, &mut |dir| match top.holds(dir)? {
        true => Ok(()),
        false => Err(sys::Errno::LOOP.into()),
    })
}

/// A handle of a directory the operator named, good as a parent.
pub(crate) fn open_operator_dir(path: &Path, trust: LinkTrust) -> io::Result<Dir> {
    REFUSED.set(false);
    sys::open_operator_dir(path, trust)
}
