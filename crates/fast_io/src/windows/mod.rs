//! Windows: `TransmitFile` towards sockets, overlapped, with the head of a run in the same call.
//!
//! Other bytes go through plain calls, each preceded by a wait with the link's time limit; pipes and other handles have a
//! thread each.

pub mod fd;
mod file;
mod pipe;
mod probe;
mod pump;
mod rio;
mod socket;
#[cfg(test)]
mod tests;
mod time;
mod transmit;
mod volume;

use crate::lanes::Lane;
pub(crate) use time::thread_time;

pub(crate) const FILE_TO_SOCKET: Lane = Lane::TransmitFile;
pub(crate) const FILE_TO_PIPE: Lane = Lane::ReadWrite;
pub(crate) const BUFFER_TO_SOCKET: Lane = Lane::Write;

/// What else the system offers, in words.
pub(crate) fn abilities() -> Vec<String> {
    vec![match rio::registered_io() {
        Ok(()) => "registered I/O: offered, not used".into(),
        Err(e) => format!("registered I/O: not offered ({e})"),
    }]
}
