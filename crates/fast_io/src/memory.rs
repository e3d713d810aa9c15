//! The in-memory link of a local copy: a bounded queue of byte buffers and file ranges.
//!
//! Ranges cross as handles, so the receiving side can clone them or copy them inside the kernel. The bound is on queued
//! bytes and on queued pieces (each range holds a descriptor open).

use crate::{
    lanes::{self, Lane, LinkKind, Producer},
    send_file::PlatformSendFile,
    transport::{FileRange, Received, RecvHalf, SendHalf},
};
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

#[derive(Debug)]
enum Piece {
    Bytes(Vec<u8>),
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
pub struct MemoryReader {
    shared: Arc<Shared>,
    /// A buffer that was taken from the queue, and how much of it was read. Bytes are copied without the lock.
    current: Vec<u8>,
    taken: usize,
}

/// The writing half.
#[derive(Debug)]
pub struct MemoryWriter {
    shared: Arc<Shared>,
    /// The next buffer to fill.
    spare: Vec<u8>,
}

/// One direction of a link.
pub fn channel() -> (MemoryReader, MemoryWriter) {
    let shared = Arc::new(Shared::default());
    let reader = MemoryReader { shared: shared.clone(), current: Vec::new(), taken: 0 };
    (reader, MemoryWriter { shared, spare: Vec::new() })
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

impl MemoryReader {
    /// Copies from the current buffer; 0 if it is used up.
    fn copy(&mut self, buf: &mut [u8]) -> usize {
        let n = buf.len().min(self.current.len() - self.taken);
        buf[..n].copy_from_slice(&self.current[self.taken..][..n]);
        self.taken += n;
        n
    }
}

impl RecvHalf for MemoryReader {
    fn recv(&mut self, buf: &mut [u8], timeout: Option<Duration>) -> io::Result<Received> {
        let copied = self.copy(buf);
        if copied > 0 {
            return Ok(Received::Bytes(copied));
        }
        let deadline = timeout.map(|t| Instant::now() + t);
        let mut queue = self.shared.lock();
        while queue.pieces.is_empty() {
            if queue.ended {
                return Ok(Received::Bytes(0));
            }
            queue.reader_waits = true;
            queue = wait(&self.shared.filled, queue, deadline)?;
        }
        queue.reader_waits = false;
        let piece = queue.pieces.pop_front();
        match &piece {
            Some(Piece::Range(_)) => queue.ranges -= 1,
            Some(Piece::Bytes(data)) => {
                queue.bytes -= data.len();
                if queue.spare.is_none() {
                    let mut used = std::mem::take(&mut self.current);
                    used.clear();
                    queue.spare = Some(used);
                }
            }
            None => {}
        }
        let wake = queue.writer_waits;
        drop(queue);
        if wake {
            self.shared.drained.notify_one();
        }
        match piece {
            Some(Piece::Range(range)) => Ok(Received::Range(range)),
            Some(Piece::Bytes(data)) => {
                (self.current, self.taken) = (data, 0);
                Ok(Received::Bytes(self.copy(buf)))
            }
            None => Ok(Received::Bytes(0)),
        }
    }

    fn ready(&mut self) -> io::Result<bool> {
        if self.taken < self.current.len() {
            return Ok(true);
        }
        let queue = self.shared.lock();
        Ok(!queue.pieces.is_empty() || queue.ended)
    }
}

impl MemoryWriter {
    /// Waits for room and queues what `piece` makes. Afterwards there may be a spare buffer.
    fn push(
        &mut self,
        timeout: Option<Duration>,
        piece: impl FnOnce(&mut Queue) -> Piece,
    ) -> io::Result<()> {
        let deadline = timeout.map(|t| Instant::now() + t);
        let mut queue = self.shared.lock();
        while !queue.abandoned && (queue.bytes >= MAX_BYTES || queue.ranges >= MAX_RANGES) {
            queue.writer_waits = true;
            queue = wait(&self.shared.drained, queue, deadline)?;
        }
        queue.writer_waits = false;
        if queue.abandoned {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let piece = piece(&mut queue);
        queue.pieces.push_back(piece);
        let wake = queue.reader_waits;
        if self.spare.capacity() == 0 {
            self.spare = queue.spare.take().unwrap_or_default();
        }
        drop(queue);
        if wake {
            self.shared.filled.notify_one();
        }
        Ok(())
    }
}

impl SendHalf for MemoryWriter {
    fn send(&mut self, buf: &[u8], timeout: Option<Duration>) -> io::Result<usize> {
        let mut data = std::mem::take(&mut self.spare);
        data.extend_from_slice(buf);
        self.push(timeout, |queue| {
            queue.bytes += data.len();
            Piece::Bytes(data)
        })?;
        Ok(buf.len())
    }

    fn shutdown(&mut self) -> io::Result<()> {
        self.shared.lock().ended = true;
        self.shared.filled.notify_all();
        Ok(())
    }
}

impl PlatformSendFile for MemoryWriter {
    fn send_file(
        &mut self,
        head: &[u8],
        range: &FileRange,
        timeout: Option<Duration>,
    ) -> io::Result<u64> {
        if !head.is_empty() {
            return self.send(head, timeout).map(|n| n as u64);
        }
        self.push(timeout, |queue| {
            queue.ranges += 1;
            Piece::Range(range.clone())
        })?;
        Ok(range.len)
    }

    fn method(&self) -> Lane {
        lanes::lane(Producer::LiteralRun, self.link())
    }

    fn link(&self) -> LinkKind {
        LinkKind::Memory
    }
}

impl Drop for MemoryReader {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.abandoned = true;
        queue.pieces.clear();
        self.shared.drained.notify_all();
    }
}

impl Drop for MemoryWriter {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.filled.notify_all();
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
        w.send_file(b"", &FileRange { file, offset: 3, len: 1 << 40 }, None).unwrap();
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
