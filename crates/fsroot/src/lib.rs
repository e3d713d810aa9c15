//! The only door to the file tree: every access goes through a directory handle and
//! single-component names below it.
//!
//! - [`Root`] is a directory and all that is below it; its operations take a checked
//!   [`wire::RelPath`] and cannot leave the directory.
//! - [`temp`] and [`write`](mod@write) make new content; [`meta`], [`xattr`] and [`acl`] dress it,
//!   by name or, cheaper, by open file.
//! - [`fake`] keeps what only root could give a file in its attributes (`--fake-super`).
//! - [`operator`] opens what the operator named, wherever it is.
pub mod acl;
mod cache;
pub mod fake;
pub mod meta;
pub mod names;
pub mod operator;
pub mod root;
mod sys;
pub mod temp;
pub mod text;
pub mod write;
#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "xattr/linux.rs")]
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "xattr/absent.rs")]
pub mod xattr;
pub use meta::{Kind, Stat};
pub use operator::{
    LinkTrust, OpenHow, UNTRUSTED_LINK_NOTICE, open_operator_file, read_operator_file, take_notice,
};
pub use root::{DirEntry, FollowParents, NoAtime, Root};
#[cfg(unix)]
pub use sys::chroot;
pub use sys::{Errno, is_errno};
pub use temp::{TempError, TempFile};
pub use write::FileWriter;
