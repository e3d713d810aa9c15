//! Progress lines (man page, --progress). The clock is an argument, so that the texts can be tested.

use super::human;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Between two lines about one file.
const INTERVAL: Duration = Duration::from_secs(1);
/// Samples from which the current rate is taken.
const SAMPLES: usize = 5;
/// A file whose data comes so soon after another's counts from that moment on, for it began before its first data did.
const RECENT: Duration = Duration::from_millis(1500);
/// Longest time shown, in seconds.
const MAX_TIME: f64 = 9999.0 * 3600.0;

/// Where the run stands, as the closing part of a line tells it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Transfers so far.
    pub transfers: u64,
    /// Place of the current item in all lists, from 0.
    pub index: u64,
    /// Items in all lists so far.
    pub total: u64,
    /// No further lists will come.
    pub complete: bool,
}

/// The state behind the lines.
#[derive(Debug)]
pub struct Progress {
    /// The whole run is one bar (`--info=progress2`).
    whole_run: bool,
    human: u8,
    start: Option<(Instant, u64)>,
    samples: VecDeque<(Instant, u64)>,
    last_sample: Option<Instant>,
    /// Length of the closing part of the last line, for lines that overwrite each other.
    last_tail: usize,
}

impl Progress {
    /// For level 1 (a bar for each file) or 2 (one for the run).
    pub fn new(level: u8, human: u8) -> Progress {
        Progress {
            whole_run: level >= 2,
            human,
            start: None,
            samples: VecDeque::new(),
            last_sample: None,
            last_tail: 0,
        }
    }

    /// Whether the whole run is one bar.
    pub fn whole_run(&self) -> bool {
        self.whole_run
    }

    /// A line after data came, if it is time for one. `visible` tells whether anybody looks; it is asked last.
    pub fn update(
        &mut self,
        done: u64,
        size: u64,
        now: Instant,
        visible: impl FnOnce() -> bool,
    ) -> Option<String> {
        match self.last_sample.filter(|_| self.start.is_some()) {
            None => self.begin(done, now),
            Some(last) if now.saturating_duration_since(last) < INTERVAL => return None,
            Some(_) => {
                if self.samples.len() == SAMPLES {
                    self.samples.pop_front();
                }
                self.samples.push_back((now, done));
                self.last_sample = Some(now);
            }
        }
        if !visible() {
            return None;
        }
        let &(since, before) = self.samples.front()?;
        let millis = now.saturating_duration_since(since).as_millis() as f64;
        let rate = match millis {
            0.0 => 0.0,
            millis => done.saturating_sub(before) as f64 * 1000.0 / millis / 1024.0,
        };
        let left = size as f64 - done as f64;
        let seconds = if rate > 0.0 { left / rate / 1000.0 } else { 0.0 };
        Some(self.line(done, size, rate, seconds, "  "))
    }

    /// The line of a file that is done. For a whole run it stays open until the run is `over`.
    pub fn end(&mut self, size: u64, standing: Standing, over: bool, now: Instant) -> String {
        self.end_at(size, size, standing, over, now)
    }

    /// As [`Self::end`], with `done` of `size` bytes.
    pub fn end_at(
        &mut self,
        done: u64,
        size: u64,
        standing: Standing,
        over: bool,
        now: Instant,
    ) -> String {
        let (start, before) = *self.start.get_or_insert((now, 0));
        self.last_sample.get_or_insert(now);
        let millis = now.saturating_duration_since(start).as_millis().max(1) as f64;
        let rate = done.saturating_sub(before) as f64 * 1000.0 / millis / 1024.0;
        let Standing { transfers, index, total, complete } = standing;
        let left = total.saturating_sub(index).saturating_sub(1);
        let to = if complete { "to" } else { "ir" };
        let mut tail = format!(" (xfr#{transfers}, {to}-chk={left}/{total})");
        let shown = tail.len();
        if self.whole_run {
            tail = format!("{tail:width$}", width = self.last_tail);
        }
        self.last_tail = shown;
        if over || !self.whole_run {
            tail.push('\n');
        }
        if !self.whole_run {
            self.start = None;
        }
        self.line(done, size, rate, millis / 1000.0, &tail)
    }

    fn begin(&mut self, done: u64, now: Instant) {
        let recent = self.last_sample.filter(|&last| now.saturating_duration_since(last) <= RECENT);
        let start = match recent {
            Some(last) => (last, 0),
            None => (now, done),
        };
        self.start = Some(start);
        self.samples.clear();
        self.samples.push_back(start);
        self.last_sample = Some(now);
    }

    fn line(&self, done: u64, size: u64, rate: f64, seconds: f64, tail: &str) -> String {
        let percent = match size {
            _ if done == size => 100,
            0 => 0,
            size => (done as f64 * 100.0 / size as f64) as u64,
        };
        let (rate, unit) = match rate {
            rate if rate > 1024.0 * 1024.0 => (rate / (1024.0 * 1024.0), "GB/s"),
            rate if rate > 1024.0 => (rate / 1024.0, "MB/s"),
            rate => (rate, "kB/s"),
        };
        let time = if (0.0..=MAX_TIME).contains(&seconds) {
            let seconds = seconds as u64;
            format!("{:4}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
        } else {
            "  ??:??:??".to_string()
        };
        let done = human::bytes(self.human, done);
        format!("\r{done:>15} {percent:3}% {rate:7.2}{unit} {time}{tail}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    fn standing(transfers: u64, index: u64) -> Standing {
        Standing { transfers, index, total: 8, complete: true }
    }

    #[test]
    fn recorded_file_lines() {
        let began = Instant::now();
        let mut p = Progress::new(1, 1);
        assert_eq!(
            p.update(32768, 1_234_567, began, || true).unwrap(),
            "\r         32,768   2%    0.00kB/s    0:00:00  "
        );
        assert_eq!(p.update(65536, 1_234_567, at(began, 1), || true), None);
        assert_eq!(
            p.end(1_234_567, standing(1, 1), false, at(began, 2)),
            "\r      1,234,567 100%  573.06MB/s    0:00:00 (xfr#1, to-chk=6/8)\n"
        );
        // The second file counts from the last sample of the first.
        assert_eq!(
            p.update(6, 6, at(began, 2), || true).unwrap(),
            "\r              6 100%    2.93kB/s    0:00:00  "
        );
        assert_eq!(
            p.end(6, standing(2, 4), false, at(began, 2)),
            "\r              6 100%    2.93kB/s    0:00:00 (xfr#2, to-chk=3/8)\n"
        );
    }

    #[test]
    fn rate_and_remaining_time() {
        let began = Instant::now();
        let mut p = Progress::new(1, 1);
        let size = 1024 * 1024 * 100;
        p.update(0, size, began, || true).unwrap();
        let line = p.update(1024 * 1024, size, at(began, 1000), || true).unwrap();
        assert_eq!(line, "\r      1,048,576   1% 1024.00kB/s    0:01:41  ");
        for second in 2..=6 {
            p.update(1024 * 1024, size, at(began, second * 1000), || true).unwrap();
        }
        // All five samples are the same now: nothing moves.
        let line = p.update(1024 * 1024, size, at(began, 7000), || true).unwrap();
        assert_eq!(line, "\r      1,048,576   1%    0.00kB/s    0:00:00  ");
        assert_eq!(p.update(1024 * 1024, size, at(began, 8000), || false), None);
        assert_eq!(p.update(size, size, at(began, 8500), || true), None);
        let line = p.update(1, u64::MAX, at(began, 3_600_000), || true).unwrap();
        assert!(line.ends_with("    0:00:00  "), "{line:?}");
        let line = p.update(1024 * 1024 * 3, u64::MAX, at(began, 3_602_000), || true).unwrap();
        assert!(line.ends_with("  ??:??:??  "), "{line:?}");
    }

    #[test]
    fn recorded_run_lines() {
        let began = Instant::now();
        let mut p = Progress::new(2, 1);
        assert_eq!(
            p.update(2, 8, began, || true).unwrap(),
            "\r              2  25%    0.00kB/s    0:00:00  "
        );
        let on = |transfers, index| Standing { total: 7, ..standing(transfers, index) };
        let ir = Standing { complete: false, total: 1000, ..on(1, 3) };
        assert_eq!(
            p.end_at(2, 8, ir, false, began),
            "\r              2  25%    0.00kB/s    0:00:00 (xfr#1, ir-chk=996/1000)"
        );
        assert_eq!(
            p.end_at(8, 8, on(3, 6), false, at(began, 1)),
            "\r              8 100%    5.86kB/s    0:00:00 (xfr#3, to-chk=0/7)     "
        );
        assert_eq!(
            p.end_at(8, 8, on(3, 6), true, at(began, 1)),
            "\r              8 100%    5.86kB/s    0:00:00 (xfr#3, to-chk=0/7)\n"
        );
    }

    #[test]
    fn nothing_transferred() {
        let began = Instant::now();
        let mut p = Progress::new(2, 1);
        assert_eq!(
            p.end_at(0, 8, standing(0, 7), true, began),
            "\r              0   0%    0.00kB/s    0:00:00 (xfr#0, to-chk=0/8)\n"
        );
        let mut p = Progress::new(1, 1);
        assert_eq!(
            p.end(0, standing(1, 0), false, began),
            "\r              0 100%    0.00kB/s    0:00:00 (xfr#1, to-chk=7/8)\n"
        );
    }
}
