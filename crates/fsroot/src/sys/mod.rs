//! What the rest of the crate asks of the system: one module per kind of system, with the same names and signatures in
//! each. This is the only place that chooses.
//!
//! A directory is a held handle ([`Dir`]), a name below it a single component in the bytes of the wire.

#[cfg_attr(unix, path = "unix/mod.rs")]
#[cfg_attr(windows, path = "windows/mod.rs")]
mod imp;

pub use imp::Errno;
#[cfg(unix)]
pub use imp::chroot;
pub(crate) use imp::*;
use std::io;

/// Whether this is the reason of an error.
pub fn is_errno(e: &io::Error, errno: Errno) -> bool {
    e.raw_os_error() == Some(errno.raw_os_error())
}

/// How to open a name in a directory. A symlink is never followed, and a fifo or terminal does not hold us up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Open {
    /// For reading.
    Read,
    /// For reading without touching the access time, if it is ours.
    ReadNoAtime,
    /// For writing what exists.
    Write,
    /// For writing; must not exist.
    WriteNew { mode: u32 },
    /// For reading and writing; must not exist.
    ReadWriteNew { mode: u32 },
}

/// What a handle of a directory is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Enter {
    /// To be the parent of names; search permission suffices.
    Parent,
    /// To be read, too.
    List,
}

/// What to do with what a followed path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// Look at its metadata.
    Look,
    /// Read its content.
    Read,
}
