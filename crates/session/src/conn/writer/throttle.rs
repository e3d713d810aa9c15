//! How fast the writing end may go (`--bwlimit`).

use std::time::{Duration, Instant};

/// `--bwlimit`: sleeps once a tenth of a second of debt has built up (man page, --bwlimit).
#[derive(Debug)]
pub(super) struct Throttle {
    bytes_per_second: f64,
    /// The most that is written at once.
    pub max_write: usize,
    since: Instant,
    written: u64,
}

impl Throttle {
    pub fn new(kib_per_second: u32) -> Option<Throttle> {
        (kib_per_second > 0).then(|| Throttle {
            bytes_per_second: f64::from(kib_per_second) * 1024.0,
            max_write: (kib_per_second as usize).saturating_mul(128).max(512),
            since: Instant::now(),
            written: 0,
        })
    }

    pub fn wrote(&mut self, n: u64) {
        self.written += n;
        let due = Duration::from_secs_f64(self.written as f64 / self.bytes_per_second);
        let debt = due.saturating_sub(self.since.elapsed());
        if debt >= Duration::from_millis(100) {
            std::thread::sleep(debt);
            (self.since, self.written) = (Instant::now(), 0);
        }
    }
}
