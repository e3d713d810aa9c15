//! Handles that know no time limit: pipes to a remote shell, standard streams, files.
//!
//! Such a handle may have been opened for blocking calls only, which nothing interrupts. So a thread of its own makes the
//! calls, and the half waits for the thread as long as it may.

use crate::{
    memory::{self, MemoryReader},
    transport::{Received, RecvHalf, SendHalf},
};
use std::{
    fs::File,
    io::{self, Read, Write},
    os::windows::io::OwnedHandle,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};

/// Bytes read or written at a time.
const PIECE: usize = 64 * 1024;

/// The reading half: what the thread reads waits in a bounded queue.
#[derive(Debug)]
pub(super) struct PipeReader {
    queue: MemoryReader,
    error: Arc<Mutex<Option<io::Error>>>,
}

impl PipeReader {
    /// Takes over a handle.
    pub fn new(handle: OwnedHandle) -> io::Result<PipeReader> {
        let mut file = File::from(handle);
        let (queue, mut filled) = memory::channel();
        let error = Arc::new(Mutex::new(None));
        let failed = error.clone();
        thread::Builder::new().name("pipe reader".into()).spawn(move || {
            let mut buf = vec![0; PIECE];
            'reading: loop {
                let n = match file.read(&mut buf) {
                    Ok(n) => n,
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                    Err(e) => {
                        *failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(e);
                        0
                    }
                };
                let mut rest = &buf[..n];
                if n == 0 {
                    // Fails only if nobody reads any more.
                    let _nobody_reads = filled.shutdown();
                    break;
                }
                while !rest.is_empty() {
                    match filled.send(rest, None) {
                        Ok(sent) => rest = &rest[sent..],
                        Err(_nobody_reads) => break 'reading,
                    }
                }
            }
        })?;
        Ok(PipeReader { queue, error })
    }

    /// As [`RecvHalf::recv`].
    pub fn recv(&mut self, buf: &mut [u8], timeout: Option<Duration>) -> io::Result<Received> {
        let received = self.queue.recv(buf, timeout)?;
        if let Received::Bytes(0) = received
            && let Some(e) =
                self.error.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take()
        {
            return Err(e);
        }
        Ok(received)
    }

    /// As [`RecvHalf::ready`].
    pub fn ready(&mut self) -> io::Result<bool> {
        self.queue.ready()
    }
}

#[derive(Debug, Default)]
struct Slot {
    /// What the thread is to write.
    job: Option<Vec<u8>>,
    /// What became of it.
    done: Option<io::Result<usize>>,
    /// No more jobs will come.
    ended: bool,
}

#[derive(Debug, Default)]
struct Desk {
    slot: Mutex<Slot>,
    changed: Condvar,
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The writing half: one buffer at a time is given to the thread.
#[derive(Debug)]
pub(super) struct PipeWriter {
    desk: Arc<Desk>,
    /// The thread has bytes whose end was not seen yet.
    under_way: bool,
}

impl PipeWriter {
    /// Takes over a handle.
    pub fn new(handle: OwnedHandle) -> io::Result<PipeWriter> {
        let mut file = File::from(handle);
        let desk = Arc::new(Desk::default());
        let jobs = desk.clone();
        thread::Builder::new().name("pipe writer".into()).spawn(move || {
            loop {
                let mut slot = jobs.lock();
                let job = loop {
                    if let Some(job) = slot.job.take() {
                        break job;
                    }
                    if slot.ended {
                        // The handle is closed with the thread's end.
                        return;
                    }
                    slot = jobs.changed.wait(slot).unwrap_or_else(|poisoned| poisoned.into_inner());
                };
                drop(slot);
                let done = loop {
                    match file.write(&job) {
                        Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                        done => break done,
                    }
                };
                jobs.lock().done = Some(done);
                jobs.changed.notify_all();
            }
        })?;
        Ok(PipeWriter { desk, under_way: false })
    }

    /// As [`SendHalf::send`]. After `TimedOut` the bytes are on their way still: the next call has the same and waits on.
    pub fn send(&mut self, buf: &[u8], timeout: Option<Duration>) -> io::Result<usize> {
        let deadline = timeout.map(|t| Instant::now() + t);
        let mut slot = self.desk.lock();
        if !self.under_way {
            slot.job = Some(buf[..buf.len().min(PIECE)].to_vec());
            self.under_way = true;
            self.desk.changed.notify_all();
        }
        loop {
            if let Some(done) = slot.done.take() {
                self.under_way = false;
                return done;
            }
            slot = match deadline {
                None => self.desk.changed.wait(slot).unwrap_or_else(|p| p.into_inner()),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    self.desk.changed.wait_timeout(slot, left).unwrap_or_else(|p| p.into_inner()).0
                }
            };
        }
    }
}

impl Drop for PipeWriter {
    fn drop(&mut self) {
        self.desk.lock().ended = true;
        self.desk.changed.notify_all();
    }
}
