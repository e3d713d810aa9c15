//! Where we know no extended attributes: no file has any, and none can be set (ENOTSUP).

use crate::root::Root;
use crate::sys::{Errno, is_errno};
use std::io;
use wire::RelPath;

/// Neither extended attributes nor ACLs are known here.
pub const SUPPORTED: bool = false;

/// Nothing to be remembered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doors {}

impl Root {
    /// None.
    pub fn list_xattrs(&mut self, p: &RelPath) -> io::Result<Vec<Vec<u8>>> {
        self.real_lstat(p).map(|_| Vec::new())
    }

    /// `None`.
    pub fn get_xattr(&mut self, p: &RelPath, _name: &[u8]) -> io::Result<Option<Vec<u8>>> {
        self.real_lstat(p).map(|_| None)
    }

    /// ENOTSUP.
    pub fn set_xattr(&mut self, p: &RelPath, _name: &[u8], _value: &[u8]) -> io::Result<()> {
        self.real_lstat(p)?;
        Err(Errno::NOTSUP.into())
    }

    /// ENOTSUP.
    pub fn remove_xattr(&mut self, p: &RelPath, _name: &[u8]) -> io::Result<()> {
        self.real_lstat(p)?;
        Err(Errno::NOTSUP.into())
    }
}

/// An attribute to be removed is always missing.
pub(crate) fn missing(e: &io::Error) -> bool {
    unsupported(e)
}

pub(crate) fn unsupported(e: &io::Error) -> bool {
    is_errno(e, Errno::NOTSUP)
}
