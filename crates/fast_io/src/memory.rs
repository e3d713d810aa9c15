//! The in-memory link of a local copy: a bounded queue of byte buffers and file ranges.
//!
//! Ranges cross as handles, so the receiving side can clone them or copy them inside the kernel. The bound is on queued
//! bytes and on queued pieces (each range holds a descriptor open).

use crate::transport::{FileRange, Received, RecvHalf, SendHalf};
use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    time::{Duration, Instant},
};

/// Bytes that may wait in one direction.
const MAX_BYTES: usize = 256 * 1024;
/// Ranges that may wait in one direction.
const MAX_RANGES: usize = 64;
/// Below this length a file's bytes are copied: opening, sharing and cloning a handle costs more.
const RANGE_FLOOR: u64 = 64 * 1024;

#[derive(Debug)]
enum Piece {
    Bytes { data: Vec<u8>, taken: usize },
    Range(FileRange),
}

#[derive(Debug, Default)]
struct Queue {
    pieces: VecDeque<Piece>,
    bytes: usize,
    ranges: usize,
    /// The writer is gone: no more pieces will come.
    ended: bool,
    /// The reader is gone: nobody will take pieces.
    abandoned: bool,
    /// Somebody waits, so a change must wake it.
    reader_waits: bool,
    writer_waits: bool,
    /// A used buffer, handed back so that the writer need not allocate.
    spare: Option<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
    drained: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The reading half.
#[derive(Debug)]
pub struct MemoryReader(Arc<Shared>);

/// The writing half.
#[derive(Debug)]
pub struct MemoryWriter(Arc<Shared>);

/// One direction of a link.
pub fn channel() -> (MemoryReader, MemoryWriter) {
    let shared = Arc::new(Shared::default());
    (MemoryReader(shared.clone()), MemoryWriter(shared))
}

/// Waits on `condvar` until woken or past the deadline (`TimedOut`).
fn wait<'a>(
    condvar: &Condvar,
    guard: MutexGuard<'a, Queue>,
    deadline: Option<Instant>,
) -> io::Result<MutexGuard<'a, Queue>> {
    let Some(deadline) = deadline else {
        return Ok(condvar.wait(guard).unwrap_or_else(|poisoned| poisoned.into_inner()));
    };
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(condvar.wait_timeout(guard, left).unwrap_or_else(|poisoned| poisoned.into_inner()).0)
}

impl RecvHalf for MemoryReader {
    fn recv(&mut self, buf: &mut [u8], timeout: Option<Duration>) -> io::Result<Received> {
        let deadline = timeout.map(|t| Instant::now() + t);
        let mut queue = self.0.lock();
        while queue.pieces.is_empty() {
            if queue.ended {
                return Ok(Received::Bytes(0));
            }
            queue.reader_waits = true;
            queue = wait(&self.0.filled, queue, deadline)?;
        }
        queue.reader_waits = false;
        let received = match queue.pieces.pop_front() {
            Some(Piece::Range(range)) => {
                queue.ranges -= 1;
                Received::Range(range)
            }
            Some(Piece::Bytes { mut data, mut taken }) => {
                let n = buf.len().min(data.len() - taken);
                buf[..n].copy_from_slice(&data[taken..][..n]);
                taken += n;
                queue.bytes -= n;
                if taken < data.len() {
                    queue.pieces.push_front(Piece::Bytes { data, taken });
                } else {
                    data.clear();
                    queue.spare = Some(data);
                }
                Received::Bytes(n)
            }
            None => Received::Bytes(0),
        };
        if queue.writer_waits {
            self.0.drained.notify_one();
        }
        Ok(received)
    }

    fn ready(&mut self) -> io::Result<bool> {
        let queue = self.0.lock();
        Ok(!queue.pieces.is_empty() || queue.ended)
    }
}

impl MemoryWriter {
    /// Waits for room and queues what `piece` makes.
    fn push(
        &mut self,
        timeout: Option<Duration>,
        piece: impl FnOnce(&mut Queue) -> Piece,
    ) -> io::Result<()> {
        let deadline = timeout.map(|t| Instant::now() + t);
        let mut queue = self.0.lock();
        while !queue.abandoned && (queue.bytes >= MAX_BYTES || queue.ranges >= MAX_RANGES) {
            queue.writer_waits = true;
            queue = wait(&self.0.drained, queue, deadline)?;
        }
        queue.writer_waits = false;
        if queue.abandoned {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let piece = piece(&mut queue);
        queue.pieces.push_back(piece);
        if queue.reader_waits {
            self.0.filled.notify_one();
        }
        Ok(())
    }
}

impl SendHalf for MemoryWriter {
    fn send(&mut self, buf: &[u8], timeout: Option<Duration>) -> io::Result<usize> {
        self.push(timeout, |queue| {
            queue.bytes += buf.len();
            let mut data = queue.spare.take().unwrap_or_default();
            data.extend_from_slice(buf);
            Piece::Bytes { data, taken: 0 }
        })?;
        Ok(buf.len())
    }

    fn send_range(&mut self, range: &FileRange, timeout: Option<Duration>) -> io::Result<u64> {
        self.push(timeout, |queue| {
            queue.ranges += 1;
            Piece::Range(range.clone())
        })?;
        Ok(range.len)
    }

    fn range_floor(&self) -> u64 {
        RANGE_FLOOR
    }

    fn passes_handles(&self) -> bool {
        true
    }

    fn shutdown(&mut self) -> io::Result<()> {
        self.0.lock().ended = true;
        self.0.filled.notify_all();
        Ok(())
    }
}

impl Drop for MemoryReader {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        queue.abandoned = true;
        queue.pieces.clear();
        self.0.drained.notify_all();
    }
}

impl Drop for MemoryWriter {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.filled.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_ranges_keep_their_order() {
        let (mut r, mut w) = channel();
        let file = Arc::new(tempfile::tempfile().unwrap());
        w.send(b"abcdef", None).unwrap();
        w.send_range(&FileRange { file, offset: 3, len: 1 << 40 }, None).unwrap();
        w.send(b"gh", None).unwrap();
        w.shutdown().unwrap();
        let mut buf = [0; 4];
        assert!(matches!(r.recv(&mut buf, None).unwrap(), Received::Bytes(4)));
        assert_eq!(&buf, b"abcd");
        assert!(matches!(r.recv(&mut buf, None).unwrap(), Received::Bytes(2)));
        let Received::Range(range) = r.recv(&mut buf, None).unwrap() else { panic!("no range") };
        assert_eq!((range.offset, range.len), (3, 1 << 40));
        assert!(matches!(r.recv(&mut buf, None).unwrap(), Received::Bytes(2)));
        assert!(matches!(r.recv(&mut buf, None).unwrap(), Received::Bytes(0)));
    }

    #[test]
    fn a_full_queue_blocks_until_drained() {
        let (mut r, mut w) = channel();
        let limit = Some(Duration::from_millis(5));
        while w.send(&[0; 1 << 18], limit).is_ok() {}
        assert!(w.send(b"x", limit).is_err());
        let mut buf = vec![0; 1 << 20];
        r.recv(&mut buf, None).unwrap();
        w.send(b"x", limit).unwrap();
    }

    #[test]
    fn a_dropped_end_is_noticed_by_the_other() {
        let (mut r, w) = channel();
        drop(w);
        assert!(matches!(r.recv(&mut [0; 4], None).unwrap(), Received::Bytes(0)));
        let (r, mut w) = channel();
        drop(r);
        assert_eq!(w.send(b"x", None).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
