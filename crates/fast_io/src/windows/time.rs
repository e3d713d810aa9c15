//! Processor time.

use std::time::Duration;
use windows_sys::Win32::{
    Foundation::FILETIME,
    System::Threading::{GetCurrentThread, GetThreadTimes},
};

/// The processor time of the calling thread.
pub(crate) fn thread_time() -> Duration {
    let mut times = [FILETIME::default(); 4];
    let [created, ended, kernel, user] = &mut times;
    // SAFETY: the handle stands for the calling thread and the pointers are to live locals.
    if unsafe { GetThreadTimes(GetCurrentThread(), created, ended, kernel, user) } == 0 {
        return Duration::ZERO;
    }
    let ticks = |t: &FILETIME| u64::from(t.dwHighDateTime) << 32 | u64::from(t.dwLowDateTime);
    Duration::from_nanos((ticks(kernel) + ticks(user)) * 100)
}
