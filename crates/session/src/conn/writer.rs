//! The writing end.

use super::{Activity, Outbox};
use crate::{Error, Session, session::Stats};
use fast_io::{FileRange, SendHalf};
use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};
use wire::{
    limits::MAX_FRAME,
    mux::{FrameHeader, HEADER_LEN, Message, Tag},
};

/// The buffer is sent when it holds this much.
const SPILL: usize = 64 * 1024;
/// Copying fallback for file ranges.
const COPY: usize = 256 * 1024;

/// The writing end: buffers, frames and flushes. Messages (those of a server's [`Outbox`] included) go out ahead of
/// buffered data.
pub struct Writer<W> {
    transport: W,
    framed: bool,
    /// Room for a frame header, then data.
    buf: Vec<u8>,
    messages: Vec<u8>,
    outbox: Option<Arc<Outbox>>,
    activity: Arc<Activity>,
    last_write: Instant,
    stats: Option<Arc<Stats>>,
    throttle: Option<Throttle>,
    zeros: Vec<u8>,
}

impl<W: SendHalf> Writer<W> {
    /// A raw writer, as the handshake starts.
    pub fn new(transport: W, activity: Arc<Activity>) -> Self {
        Writer {
            transport,
            framed: false,
            buf: vec![0; HEADER_LEN],
            messages: Vec::new(),
            outbox: None,
            activity,
            last_write: Instant::now(),
            stats: None,
            throttle: None,
            zeros: Vec::new(),
        }
    }

    /// Joins the writer to its session: bytes count from here and `--bwlimit` applies. Flush first.
    pub fn start(&mut self, session: &Session) {
        self.stats = Some(session.stats.clone());
        self.throttle = Throttle::new(session.settings.bwlimit);
    }

    /// Takes the messages of a server's sink.
    pub fn set_outbox(&mut self, outbox: Arc<Outbox>) {
        self.outbox = Some(outbox);
    }

    /// Switches framing on or off. Flush first.
    pub fn set_framed(&mut self, framed: bool) {
        debug_assert_eq!(self.buf.len(), HEADER_LEN, "the buffer belongs to the other mode");
        self.framed = framed;
    }

    /// Whether the stream is framed.
    pub fn framed(&self) -> bool {
        self.framed
    }

    /// The buffer to append encoded messages to (never truncate it); call [`Self::spill`] now and then.
    pub fn buf(&mut self) -> &mut Vec<u8> {
        &mut self.buf
    }

    /// Sends the buffer if it has grown large, or the messages if they are many.
    ///
    /// # Errors
    /// The transport's error or a timeout.
    pub fn spill(&mut self) -> Result<(), Error> {
        if self.buf.len() > SPILL {
            return self.flush();
        }
        match &self.outbox {
            Some(outbox) if outbox.is_full() => self.flush(),
            _ => Ok(()),
        }
    }

    /// Whether many messages wait to be sent.
    pub fn has_many_messages(&self) -> bool {
        self.outbox.as_ref().is_some_and(|outbox| outbox.has_many())
    }

    /// Sends everything, messages first.
    ///
    /// # Errors
    /// The transport's error or a timeout.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.flush_messages()?;
        self.frame_data(0);
        self.send_buf(false)
    }

    /// Turns the buffer into a frame whose payload is followed by `more` bytes of payload sent otherwise.
    fn frame_data(&mut self, more: usize) {
        let len = self.buf.len() - HEADER_LEN + more;
        if !self.framed || len == 0 {
            return;
        }
        if len <= MAX_FRAME {
            self.buf[..HEADER_LEN].copy_from_slice(&FrameHeader::encode(Tag::Data, len));
            return;
        }
        // Rare: one message larger than a frame may be (a long xattr value).
        let data = self.buf.split_off(HEADER_LEN);
        self.buf.clear();
        let mut chunks = data.chunks(MAX_FRAME - more).peekable();
        while let Some(chunk) = chunks.next() {
            let extra = if chunks.peek().is_none() { more } else { 0 };
            self.buf.extend_from_slice(&FrameHeader::encode(Tag::Data, chunk.len() + extra));
            self.buf.extend_from_slice(chunk);
        }
    }

    fn send_buf(&mut self, more: bool) -> Result<(), Error> {
        if self.buf.len() > HEADER_LEN {
            let mut buf = std::mem::take(&mut self.buf);
            let from = if self.framed { 0 } else { HEADER_LEN };
            let sent = self.send(&buf[from..], more);
            buf.truncate(HEADER_LEN);
            self.buf = buf;
            sent?;
        }
        Ok(())
    }

    fn flush_messages(&mut self) -> Result<(), Error> {
        if let Some(outbox) = &self.outbox {
            for message in outbox.take() {
                message.encode(&mut self.messages);
            }
        }
        if !self.messages.is_empty() {
            let mut messages = std::mem::take(&mut self.messages);
            self.send(&messages, false)?;
            messages.clear();
            self.messages = messages;
        }
        Ok(())
    }

    /// Queues a control message ahead of buffered data; sent at the next flush or spill.
    ///
    /// # Errors
    /// None now; reserved for the transport's.
    pub fn message(&mut self, m: &Message) -> Result<(), Error> {
        // What was said before this message stays before it.
        if let Some(outbox) = &self.outbox {
            for earlier in outbox.take() {
                earlier.encode(&mut self.messages);
            }
        }
        m.encode(&mut self.messages);
        if self.messages.len() > SPILL { self.flush_messages() } else { Ok(()) }
    }

    /// `head` (a literal token) and the run of a file, in one frame and without copying where the platform can.
    /// Returns the bytes taken from the file (fewer than `range.len` if it shrank; zeros were sent instead).
    ///
    /// # Errors
    /// The transport's error or a timeout. `range.len` is at most `MAX_FRAME / 2`.
    pub fn range(&mut self, head: &[u8], range: &FileRange) -> Result<u64, Error> {
        self.flush_messages()?;
        self.buf.extend_from_slice(head);
        self.frame_data(range.len as usize);
        self.send_buf(true)?;
        let mut left = range.clone();
        while left.len > 0 {
            let mut piece = left.clone();
            if let Some(throttle) = &self.throttle {
                piece.len = piece.len.min(throttle.max_write as u64);
            }
            let timeout = self.activity.slice();
            match self.transport.send_range(&piece, timeout) {
                Ok(0) => break,
                Ok(n) => {
                    left.offset += n;
                    left.len -= n;
                    self.wrote(n);
                }
                Err(e) if e.kind() == io::ErrorKind::TimedOut => self.check_time()?,
                Err(e) if e.kind() == io::ErrorKind::Unsupported => {
                    return self.copy_range(range, left);
                }
                Err(source) => return Err(Error::Link { op: "write error", source }),
            }
        }
        let taken = range.len - left.len;
        self.fill_zeros(left.len)?;
        Ok(taken)
    }

    /// `head` (a literal token) and its bytes, in one frame and without gathering them first.
    ///
    /// # Errors
    /// The transport's error or a timeout. `data` is at most `MAX_FRAME / 2` bytes long.
    pub fn piece(&mut self, head: &[u8], data: &[u8]) -> Result<(), Error> {
        self.flush_messages()?;
        self.buf.extend_from_slice(head);
        self.frame_data(data.len());
        self.send_buf(true)?;
        self.send(data, false)
    }

    /// The copying lane for the rest of a run.
    fn copy_range(&mut self, whole: &FileRange, mut left: FileRange) -> Result<u64, Error> {
        use std::os::unix::fs::FileExt;
        let mut buf = vec![0; COPY.min(left.len as usize)];
        while left.len > 0 {
            let want = buf.len().min(left.len as usize);
            match left.file.read_at(&mut buf[..want], left.offset) {
                Ok(0) => break,
                Ok(n) => {
                    self.send(&buf[..n], false)?;
                    left.offset += n as u64;
                    left.len -= n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // An unreadable part is a part that is not there: zeros, and the caller reports it.
                Err(_) => break,
            }
        }
        let taken = whole.len - left.len;
        self.fill_zeros(left.len)?;
        Ok(taken)
    }

    fn fill_zeros(&mut self, mut n: u64) -> Result<(), Error> {
        if n > 0 {
            let mut zeros = std::mem::take(&mut self.zeros);
            zeros.resize(COPY, 0);
            while n > 0 {
                let part = n.min(zeros.len() as u64);
                self.send(&zeros[..part as usize], false)?;
                n -= part;
            }
            self.zeros = zeros;
        }
        Ok(())
    }

    fn send(&mut self, mut bytes: &[u8], more: bool) -> Result<(), Error> {
        while !bytes.is_empty() {
            let part = match &self.throttle {
                Some(throttle) => &bytes[..bytes.len().min(throttle.max_write)],
                None => bytes,
            };
            let timeout = self.activity.slice();
            let sent = if more {
                self.transport.send_head(part, timeout)
            } else {
                self.transport.send(part, timeout)
            };
            match sent {
                Ok(n) => {
                    bytes = &bytes[n..];
                    self.wrote(n as u64);
                }
                Err(e) if e.kind() == io::ErrorKind::TimedOut => self.check_time()?,
                Err(source) => return Err(Error::Link { op: "write error", source }),
            }
        }
        Ok(())
    }

    fn wrote(&mut self, n: u64) {
        self.activity.touch();
        if self.activity.timeout() > 0 {
            self.last_write = Instant::now();
        }
        if let Some(stats) = &self.stats {
            stats.bytes_written.add(n);
        }
        if let Some(throttle) = &mut self.throttle {
            throttle.wrote(n);
        }
    }

    fn check_time(&self) -> Result<(), Error> {
        match self.activity.expired() {
            Some(secs) => Err(Error::Timeout { secs }),
            None => Ok(()),
        }
    }

    /// Shortest run worth [`Self::range`] (`u64::MAX`: never).
    pub fn range_floor(&self) -> u64 {
        self.transport.range_floor()
    }

    /// Runs that were read anyway go out faster as ranges.
    pub fn prefers_ranges(&self) -> bool {
        self.transport.prefers_ranges()
    }

    /// Ranges cross as handles.
    pub fn passes_handles(&self) -> bool {
        self.transport.passes_handles()
    }

    /// Sends an empty DATA frame if nothing was sent for half the timeout and the stream is framed.
    ///
    /// # Errors
    /// The transport's error or a timeout.
    pub fn keep_alive(&mut self) -> Result<(), Error> {
        match self.activity.keep_alive_after() {
            Some(after) if self.framed && self.last_write.elapsed() >= after => {
                if self.buf.len() == HEADER_LEN && self.messages.is_empty() {
                    self.send(&FrameHeader::encode(Tag::Data, 0), false)
                } else {
                    self.flush()
                }
            }
            _ => Ok(()),
        }
    }

    /// How often [`Self::keep_alive`] should be called while waiting; `None` if never.
    pub fn keep_alive_interval(&self) -> Option<Duration> {
        self.activity.keep_alive_after().map(|after| (after / 2).max(Duration::from_millis(500)))
    }

    /// Closes the writing half.
    ///
    /// # Errors
    /// The transport's error.
    pub fn shutdown(&mut self) -> io::Result<()> {
        self.transport.shutdown()
    }
}

/// `--bwlimit`: sleeps once a tenth of a second of debt has built up (spec chapter 04, --bwlimit).
#[derive(Debug)]
struct Throttle {
    bytes_per_second: f64,
    max_write: usize,
    since: Instant,
    written: u64,
}

impl Throttle {
    fn new(kib_per_second: u32) -> Option<Throttle> {
        (kib_per_second > 0).then(|| Throttle {
            bytes_per_second: f64::from(kib_per_second) * 1024.0,
            max_write: (kib_per_second as usize).saturating_mul(128).max(512),
            since: Instant::now(),
            written: 0,
        })
    }

    fn wrote(&mut self, n: u64) {
        self.written += n;
        let due = Duration::from_secs_f64(self.written as f64 / self.bytes_per_second);
        let debt = due.saturating_sub(self.since.elapsed());
        if debt >= Duration::from_millis(100) {
            std::thread::sleep(debt);
            (self.since, self.written) = (Instant::now(), 0);
        }
    }
}
