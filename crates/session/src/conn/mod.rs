//! The link to the peer: the wire codec joined to a transport (WIRE.md, Frames).
//!
//! [`Reader`] and [`Writer`] start raw, as the handshake needs them; [`Reader::start`] and [`Writer::start`] join
//! them to the session, from where on bytes are counted, timeouts apply and, where the protocol says so, the stream is
//! framed. Both keep the type of their transport: what can be sent without copying depends on it.

mod chunk;
mod outbox;
mod reader;
mod writer;

pub use chunk::{Buffer, Chunk};
pub use outbox::{Outbox, Route};
pub use reader::{Literal, Messages, Reader};
pub use writer::Writer;

use crate::{Error, ExitCode};
use std::{
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime},
};

/// The I/O timeout of a session, shared by its reader and its writer: any progress in either direction counts as
/// activity (WIRE.md, Control messages).
#[derive(Debug)]
pub struct Activity {
    started: Instant,
    /// Milliseconds from `started` to the last successful read or write.
    last: AtomicU64,
    /// Seconds, 0 for none.
    timeout: AtomicU32,
    /// The peer has asked for a sign of life.
    asked: AtomicBool,
    /// When the run is to end, finished or not.
    stop_at: Option<SystemTime>,
}

impl Activity {
    /// With a timeout in seconds, 0 for none.
    pub fn new(timeout: u32) -> Activity {
        Activity {
            started: Instant::now(),
            last: AtomicU64::new(0),
            timeout: AtomicU32::new(timeout),
            asked: AtomicBool::new(false),
            stop_at: None,
        }
    }

    /// The same for a run that is to end at some time (`--stop-at`).
    pub fn until(self, stop_at: Option<SystemTime>) -> Activity {
        Activity { stop_at, ..self }
    }

    /// Ends a run whose time is over.
    fn check_stop(&self) -> Result<(), Error> {
        match self.stop_at {
            Some(end) if SystemTime::now() >= end => {
                Err(Error::fatal(ExitCode::TIMEOUT, "stopping at requested limit"))
            }
            _ => Ok(()),
        }
    }

    /// Seconds, 0 for none.
    pub fn timeout(&self) -> u32 {
        self.timeout.load(Ordering::Relaxed)
    }

    /// Replaces the timeout.
    pub fn set_timeout(&self, seconds: u32) {
        self.timeout.store(seconds, Ordering::Relaxed);
    }

    /// Notes a successful read or write.
    pub fn touch(&self) {
        self.last.store(self.started.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// How long one wait may last before [`Self::expired`] is asked.
    fn slice(&self) -> Option<Duration> {
        let slice = match self.timeout() {
            0 => None,
            secs => Some(Duration::from_secs(u64::from(secs.div_ceil(2).clamp(1, 60)))),
        };
        let Some(end) = self.stop_at else { return slice };
        // The clock may be set meanwhile, so not the whole time at once.
        let left = end.duration_since(SystemTime::now()).unwrap_or_default();
        let left = left.clamp(Duration::from_millis(1), Duration::from_secs(1));
        Some(slice.map_or(left, |slice| slice.min(left)))
    }

    /// The seconds without activity, if they exceed the timeout.
    fn expired(&self) -> Option<u64> {
        let idle = self.started.elapsed().as_millis() as u64 - self.last.load(Ordering::Relaxed);
        let timeout = u64::from(self.timeout());
        (timeout > 0 && idle >= timeout * 1000).then_some(idle / 1000)
    }

    /// Notes that the peer wants to know whether we are still there.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// The silence after which a keep-alive is due now: none at all if there is no timeout and the peer has asked.
    fn silence_allowed(&self) -> Option<Duration> {
        let asked = self.asked.swap(false, Ordering::Relaxed);
        self.keep_alive_after().or(asked.then_some(Duration::ZERO))
    }

    /// Seconds of silence after which a keep-alive is due.
    pub fn keep_alive_after(&self) -> Option<Duration> {
        match self.timeout() {
            0 => None,
            secs => Some(Duration::from_secs(u64::from(secs.div_ceil(2)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_at_its_time() {
        let now = SystemTime::now();
        let activity = |end| Activity::new(0).until(end);
        assert!(activity(None).check_stop().is_ok() && activity(None).slice().is_none());
        let later = activity(Some(now + Duration::from_secs(3600)));
        assert!(later.check_stop().is_ok());
        assert_eq!(later.slice(), Some(Duration::from_secs(1)));
        let over = activity(Some(now));
        assert_eq!(over.check_stop().expect_err("over").code(), ExitCode::TIMEOUT);
        assert_eq!(over.slice(), Some(Duration::from_millis(1)));
    }
}
