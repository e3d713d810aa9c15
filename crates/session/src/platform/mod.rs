//! What differs between systems and is no matter of files or links: one file per kind of system, the same names in each.
//! This is the only place of the crate that chooses.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod imp;

pub(crate) use imp::*;
