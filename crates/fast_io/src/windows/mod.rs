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
mod transmit;
mod volume;

use crate::lanes::Lane;
pub use rio::registered_io;
use std::time::Duration;
use windows_sys::Win32::{
    Foundation::FILETIME,
    System::Threading::{GetCurrentThread, GetThreadTimes},
};

pub(crate) const FILE_TO_SOCKET: Lane = Lane::TransmitFile;
pub(crate) const FILE_TO_PIPE: Lane = Lane::ReadWrite;
pub(crate) const BUFFER_TO_SOCKET: Lane = Lane::Write;

/// The processor time of the calling thread.
pub(crate) fn thread_time() -> Duration {
    let mut times = [FILETIME::default(); 4];
    let [created, ended, kernel, user] = &mut times;
    // SAFETY: the handle of the calling thread needs no closing, and the four structures live through the call.
    let told = unsafe { GetThreadTimes(GetCurrentThread(), created, ended, kernel, user) };
    if told == 0 {
        return Duration::ZERO;
    }
    let ticks = |t: &FILETIME| u64::from(t.dwHighDateTime) << 32 | u64::from(t.dwLowDateTime);
    Duration::from_nanos((ticks(kernel) + ticks(user)) * 100)
}
