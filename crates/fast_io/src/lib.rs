//! Transports and the lanes that move bytes and file ranges over them; the only crate that talks to sendfile and
//! its relatives.
//!
//! A link has two halves, [`RecvHalf`] and [`SendHalf`], each owned by one thread. [`fd`] has the halves over
//! descriptors (TCP sockets, pipes to a remote shell, the standard streams of a server), [`memory`] those of a
//! local copy, where file ranges cross as handles. How a run of a file leaves is behind [`PlatformSendFile`];
//! [`lanes::lane`] is the table that says which producer of bytes goes which way.

#[cfg(unix)]
pub mod child;
pub mod counters;
#[cfg(any(windows, test))]
#[path = "windows/eligibility.rs"]
mod eligibility;
#[cfg(unix)]
pub mod fd;
#[cfg_attr(windows, path = "windows/iconv.rs")]
pub mod iconv;
pub mod lanes;
#[cfg(unix)]
mod lend;
pub mod memory;
pub mod policy;
pub mod send_file;
pub mod transport;

/// What the system offers: one file per system, with the same names in each. This is the only place that chooses.
#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "linux/mod.rs")]
#[cfg_attr(any(target_vendor = "apple", target_os = "freebsd"), path = "bsd.rs")]
#[cfg_attr(windows, path = "windows/mod.rs")]
mod imp;

pub use counters::{Counters, Reason};
#[cfg(windows)]
pub use imp::fd;
pub use lanes::{Lane, LinkKind, Producer};
pub use policy::{Calibration, Clock, Policy, Verdict};
pub use send_file::{PlatformSendFile, ReadWriteSendFile};
pub use transport::{FileRange, Received, RecvHalf, SendHalf};

/// What the system offers beyond the lanes, in words: for information.
pub fn abilities() -> Vec<String> {
    imp::abilities()
}
