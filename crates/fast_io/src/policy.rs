//! Whether a run of a file, or a large buffer, goes by the link's own lane or is copied.
//!
//! Under [`Policy::Auto`] a [`Calibration`] decides by measuring: the first runs of a session go by either way in turn
//! (buffers are copied first: a ring is not opened for a few of them), and the processor time that the calls take is
//! compared. It is the real link that is measured and the bytes are
//! wanted anyway, so it costs nothing and is right for a loopback, for a network card that fetches pages itself, and
//! for a filter driver that turns a zero-copy call into a copy. The outcome holds for the process.

use crate::lanes::{Lane, LinkKind};
use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

/// `--zero-copy`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Policy {
    /// Where it costs less than copying.
    #[default]
    Auto,
    /// Wherever there is a lane.
    Always,
    /// Nowhere.
    Never,
}

/// A lane is taken if its calls cost at most this share of what copying costs.
pub const THRESHOLD: f64 = 0.7;
/// The same for `sendfile` towards a socket: on the same machine the receiving end pays for what the sender saves, and that is
/// not measured here. Where a network card fetches the pages, the lane costs far less than this.
const SOCKET_THRESHOLD: f64 = 0.5;
/// Bytes that must have gone each way before the costs are compared.
const SAMPLE: u64 = 4 << 20;

/// What the lane of a link may cost.
fn threshold(link: LinkKind, lane: Lane) -> f64 {
    match lane {
        Lane::SendFile if link == LinkKind::Socket => SOCKET_THRESHOLD,
        _ => THRESHOLD,
    }
}

/// Tells the processor time that the calling thread has used.
pub trait Clock: Send + Sync {
    /// Since an arbitrary moment.
    fn now(&self) -> Duration;
}

/// The real clock.
#[derive(Debug, Default)]
pub struct ThreadClock;

impl Clock for ThreadClock {
    fn now(&self) -> Duration {
        crate::imp::thread_time()
    }
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Nanoseconds of processor time per MiB by the lane.
    pub lane: f64,
    /// The same for copying.
    pub copying: f64,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratio = if self.copying > 0.0 { self.lane / self.copying } else { f64::INFINITY };
        let (lane, copying) = (self.lane / 1000.0, self.copying / 1000.0);
        write!(f, "{lane:.0} us/MiB against {copying:.0} us/MiB copying, ratio {ratio:.2}")
    }
}

/// What processes remember: one verdict for each lane of each kind of link.
#[derive(Debug, Default)]
pub struct Verdicts(Mutex<Vec<((LinkKind, Lane), Verdict)>>);

/// Those of this process.
static OF_PROCESS: Verdicts = Verdicts(Mutex::new(Vec::new()));

impl Verdicts {
    fn get(&self, key: (LinkKind, Lane)) -> Option<Verdict> {
        let all = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        all.iter().find(|(of, _)| *of == key).map(|&(_, verdict)| verdict)
    }

    fn put(&self, key: (LinkKind, Lane), verdict: Verdict) {
        let mut all = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        all.retain(|(of, _)| *of != key);
        all.push((key, verdict));
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Sample {
    /// The first run warms up and is not counted.
    runs: u32,
    bytes: u64,
    time: Duration,
}

impl Sample {
    fn is_enough(&self) -> bool {
        self.bytes >= SAMPLE
    }

    fn add(&mut self, bytes: u64, time: Duration) {
        self.runs += 1;
        if self.runs > 1 {
            self.bytes += bytes;
            self.time += time;
        }
    }

    fn per_mib(&self) -> f64 {
        self.time.as_nanos() as f64 * (1u64 << 20) as f64 / self.bytes as f64
    }
}

/// The measuring of one lane of a link.
pub struct Calibration {
    link: LinkKind,
    of: Lane,
    clock: Arc<dyn Clock>,
    memory: &'static Verdicts,
    lane: Sample,
    copying: Sample,
    verdict: Option<Verdict>,
}

impl fmt::Debug for Calibration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calibration").field("verdict", &self.verdict).finish_non_exhaustive()
    }
}

impl Calibration {
    /// Of a lane of a link, with what this process knows already.
    pub fn new(link: LinkKind, of: Lane, clock: Arc<dyn Clock>) -> Calibration {
        Calibration::with(link, of, clock, &OF_PROCESS)
    }

    /// As [`new`](Self::new), with another memory.
    pub fn with(
        link: LinkKind,
        of: Lane,
        clock: Arc<dyn Clock>,
        memory: &'static Verdicts,
    ) -> Calibration {
        let (lane, copying) = (Sample::default(), Sample::default());
        Calibration { link, of, clock, memory, lane, copying, verdict: memory.get((link, of)) }
    }

    /// The lane.
    pub fn lane(&self) -> Lane {
        self.of
    }

    /// What was found, if enough was sent.
    pub fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }

    /// Takes over what a probe found.
    pub fn learn(&mut self, verdict: Verdict) {
        self.verdict = Some(verdict);
        self.memory.put((self.link, self.of), verdict);
    }

    /// Whether the next run should go by the lane.
    pub fn prefers_lane(&self) -> bool {
        match self.verdict {
            Some(verdict) => verdict.lane <= verdict.copying * threshold(self.link, self.of),
            // A ring costs something before it carries anything.
            None if self.of == Lane::SendZc => self.copying.is_enough(),
            None => self.lane.bytes <= self.copying.bytes && self.lane.runs <= self.copying.runs,
        }
    }

    /// The time before a run that is to be measured; `None` once the verdict is out.
    pub fn start(&self) -> Option<Duration> {
        self.verdict.is_none().then(|| self.clock.now())
    }

    /// Notes what a run cost that began at `start`.
    pub fn ran(&mut self, start: Option<Duration>, by_lane: bool, bytes: u64) {
        let (Some(start), None) = (start, self.verdict) else { return };
        let time = self.clock.now().saturating_sub(start);
        let sample = if by_lane { &mut self.lane } else { &mut self.copying };
        sample.add(bytes, time);
        if self.lane.is_enough() && self.copying.is_enough() {
            self.learn(Verdict { lane: self.lane.per_mib(), copying: self.copying.per_mib() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[derive(Default)]
    struct Fake(AtomicU64);
    impl Clock for Fake {
        fn now(&self) -> Duration {
            Duration::from_micros(self.0.load(Ordering::Relaxed))
        }
    }

    /// Sends runs as the calibration wants them, with the given costs a run, until it knows.
    fn play(lane: u64, copying: u64, memory: &'static Verdicts) -> Calibration {
        let clock = Arc::new(Fake::default());
        let mut c = Calibration::with(LinkKind::Memory, Lane::Handle, clock.clone(), memory);
        for _ in 0..100 {
            if c.verdict().is_some() {
                return c;
            }
            let by_lane = c.prefers_lane();
            let start = c.start();
            clock.0.fetch_add(if by_lane { lane } else { copying }, Ordering::Relaxed);
            c.ran(start, by_lane, 1 << 20);
        }
        panic!("never decided")
    }

    fn memory() -> &'static Verdicts {
        Box::leak(Box::default())
    }

    #[test]
    fn a_cheap_lane_is_taken() {
        let c = play(69, 100, memory());
        assert!(c.prefers_lane());
        assert_eq!(c.verdict().unwrap(), Verdict { lane: 69_000.0, copying: 100_000.0 });
        assert_eq!(
            c.verdict().unwrap().to_string(),
            "69 us/MiB against 100 us/MiB copying, ratio 0.69"
        );
    }

    #[test]
    fn a_dear_lane_is_left() {
        assert!(!play(71, 100, memory()).prefers_lane());
    }

    #[test]
    fn the_process_remembers() {
        let memory = memory();
        play(10, 100, memory);
        let clock = Arc::new(Fake::default());
        let again = Calibration::with(LinkKind::Memory, Lane::Handle, clock.clone(), memory);
        assert!(again.prefers_lane() && again.start().is_none());
        // Nothing was learned about pipes.
        assert!(Calibration::with(LinkKind::Pipe, Lane::SendFile, clock, memory).start().is_some());
    }

    #[test]
    fn a_probe_is_believed() {
        let memory = memory();
        let mut c =
            Calibration::with(LinkKind::Memory, Lane::Handle, Arc::new(Fake::default()), memory);
        c.learn(Verdict { lane: 8.0, copying: 10.0 });
        assert!(!c.prefers_lane() && c.start().is_none());
        c.learn(Verdict { lane: 7_000_000.0, copying: 10_000_000.0 });
        assert!(c.prefers_lane());
        let again =
            Calibration::with(LinkKind::Memory, Lane::Handle, Arc::new(Fake::default()), memory);
        assert!(again.prefers_lane() && again.start().is_none());
    }

    #[test]
    fn buffers_are_copied_before_they_are_lent() {
        let clock = Arc::new(Fake::default());
        let mut c = Calibration::with(LinkKind::Socket, Lane::SendZc, clock.clone(), memory());
        let mut lent = Vec::new();
        while c.verdict().is_none() {
            let by_lane = c.prefers_lane();
            lent.push(by_lane);
            let start = c.start();
            clock.0.fetch_add(if by_lane { 50 } else { 100 }, Ordering::Relaxed);
            c.ran(start, by_lane, 1 << 20);
        }
        // One more of each to warm up.
        assert_eq!(lent, [[false; 5], [true; 5]].concat());
        assert!(c.prefers_lane());
    }

    #[test]
    fn warming_up_does_not_count() {
        let clock = Arc::new(Fake::default());
        let mut c = Calibration::with(LinkKind::Pipe, Lane::SendFile, clock.clone(), memory());
        let start = c.start();
        clock.0.fetch_add(1_000_000, Ordering::Relaxed);
        c.ran(start, true, SAMPLE);
        for by_lane in [false, false, true] {
            c.ran(c.start(), by_lane, SAMPLE);
        }
        assert_eq!(c.verdict().unwrap().lane, 0.0);
    }
}
