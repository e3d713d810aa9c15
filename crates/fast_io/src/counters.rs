//! What went which way, and why not another.

use crate::lanes::{Lane, Producer};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

/// Why a lane was not taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// `--no-zero-copy`.
    Policy,
    /// Shorter than what is worth a call of its own.
    Short,
    /// The calibration found that copying costs less.
    Calibration,
    /// The file is sent again: checksum and wire must see the same bytes.
    Redo,
    /// The file was seen to change.
    Changing,
    /// The file cannot be read to its end: zeros take the place of what is missing.
    Unreadable,
    /// The file is compressed by its file system, or all of the volume is.
    Compressed,
    /// The file is encrypted by its file system.
    Encrypted,
    /// The file is reached over a network.
    Remote,
    /// Copying is being measured.
    Measuring,
    /// A file on the same volume was refused before.
    Volume,
    /// The platform refused, with this error.
    Refused(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Policy => f.write_str("switched off"),
            Reason::Short => f.write_str("short"),
            Reason::Calibration => f.write_str("copying costs less"),
            Reason::Redo => f.write_str("redo"),
            Reason::Changing => f.write_str("file changing"),
            Reason::Unreadable => f.write_str("file unreadable"),
            Reason::Compressed => f.write_str("compressed file"),
            Reason::Encrypted => f.write_str("encrypted file"),
            Reason::Remote => f.write_str("remote volume"),
            Reason::Measuring => f.write_str("measuring"),
            Reason::Volume => f.write_str("volume refused before"),
            Reason::Refused(error) => write!(f, "refused: {error}"),
        }
    }
}

/// How much one producer sent by one lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Calls that moved something.
    pub calls: u64,
    /// Bytes, heads included.
    pub bytes: u64,
}

#[derive(Debug, Default)]
struct Cell {
    calls: AtomicU64,
    bytes: AtomicU64,
}

/// Why which lane was not taken by which producer, and how often.
type Fallbacks = BTreeMap<(Producer, Lane, Reason), u64>;

/// The counters of one session.
#[derive(Debug, Default)]
pub struct Counters {
    cells: [[Cell; Lane::ALL.len()]; Producer::ALL.len()],
    fallbacks: Mutex<Fallbacks>,
}

impl Counters {
    fn cell(&self, producer: Producer, lane: Lane) -> &Cell {
        &self.cells[producer as usize][lane as usize]
    }

    fn lock(&self) -> MutexGuard<'_, Fallbacks> {
        self.fallbacks.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Notes `calls` calls that moved `bytes` in all.
    pub fn count(&self, producer: Producer, lane: Lane, calls: u64, bytes: u64) {
        let cell = self.cell(producer, lane);
        cell.calls.fetch_add(calls, Ordering::Relaxed);
        cell.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Notes that `lane` was not taken.
    pub fn fell_back(&self, producer: Producer, lane: Lane, reason: Reason) {
        *self.lock().entry((producer, lane, reason)).or_default() += 1;
    }

    /// What one producer sent by one lane.
    pub fn of(&self, producer: Producer, lane: Lane) -> Count {
        let cell = self.cell(producer, lane);
        Count {
            calls: cell.calls.load(Ordering::Relaxed),
            bytes: cell.bytes.load(Ordering::Relaxed),
        }
    }

    /// Everything that moved, producer by producer.
    pub fn moved(&self) -> Vec<(Producer, Lane, Count)> {
        let all = Producer::ALL.iter().flat_map(|&p| Lane::ALL.iter().map(move |&l| (p, l)));
        all.map(|(p, l)| (p, l, self.of(p, l)))
            .filter(|(.., c)| c.calls > 0 || c.bytes > 0)
            .collect()
    }

    /// Every reason for which a lane was not taken, and how often.
    pub fn fallbacks(&self) -> Vec<(Producer, Lane, Reason, u64)> {
        self.lock().iter().map(|((p, l, r), &n)| (*p, *l, r.clone(), n)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_reasons_add_up() {
        let c = Counters::default();
        c.count(Producer::LiteralRun, Lane::SendFile, 1, 10);
        c.count(Producer::LiteralRun, Lane::SendFile, 2, 30);
        c.count(Producer::Message, Lane::Write, 1, 5);
        let refused = Reason::Refused("Invalid argument".into());
        c.fell_back(Producer::LiteralRun, Lane::SendFile, refused.clone());
        c.fell_back(Producer::LiteralRun, Lane::SendFile, refused.clone());
        c.fell_back(Producer::LiteralRun, Lane::SendFile, Reason::Redo);
        assert_eq!(
            c.moved(),
            [
                (Producer::Message, Lane::Write, Count { calls: 1, bytes: 5 }),
                (Producer::LiteralRun, Lane::SendFile, Count { calls: 3, bytes: 40 }),
            ]
        );
        assert_eq!(
            c.fallbacks(),
            [
                (Producer::LiteralRun, Lane::SendFile, Reason::Redo, 1),
                (Producer::LiteralRun, Lane::SendFile, refused, 2),
            ]
        );
    }

    #[test]
    fn indexes_follow_the_lists() {
        assert!(Lane::ALL.iter().enumerate().all(|(n, &l)| l as usize == n));
        assert!(Producer::ALL.iter().enumerate().all(|(n, &p)| p as usize == n));
    }
}
