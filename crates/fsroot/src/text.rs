//! Paths and arguments as the bytes that we work with: on Unix the system's own, on Windows WTF-8.

use crate::sys;
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// A path for the system. What cannot be one there becomes one that does not exist.
pub fn path(bytes: &[u8]) -> Cow<'_, Path> {
    sys::path(bytes)
}

/// An argument or the value of a variable for the system.
pub fn os(bytes: &[u8]) -> Cow<'_, OsStr> {
    sys::os(bytes)
}

/// The bytes of a path, argument or value.
pub fn bytes(os: impl Into<OsString>) -> Vec<u8> {
    sys::bytes(os.into())
}

/// The bytes of a path for messages, its parts with `/` between them.
pub fn shown(path: &Path) -> Vec<u8> {
    sys::shown(path)
}
