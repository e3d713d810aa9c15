//! The reading end: takes frames apart, hands the stream's bytes to decoders and control messages to whoever handles them.

use super::{
    Activity,
    chunk::{Buffer, Chunk},
};
use crate::{
    Error, Session,
    batch::Recorder,
    session::{Counter, Stats},
};
use fast_io::{FileRange, Received, RecvHalf};
use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};
use wire::{
    Cursor, Decode, DecodeError,
    mux::{FrameHeader, HEADER_LEN, Message, Tag},
};

/// Bytes asked of the transport at once.
const BUFFER: usize = 256 * 1024;
/// How long spooling waits before it looks whether it is done.
const SPOOL_SLICE: Duration = Duration::from_millis(5);
/// How much is carried over when a message straddles the end of a frame.
const CARRY: usize = 512;

/// Literal bytes of the stream.
#[derive(Debug)]
pub enum Literal {
    /// Bytes, at least one.
    Bytes(Chunk),
    /// A run of a file (in-memory links only), at least one byte long.
    Range(FileRange),
}

/// What a role does with control messages while it reads. Called in stream order.
pub trait Messages: Send {
    /// Handles one; an error ends the session.
    ///
    /// # Errors
    /// What ends the session.
    fn message(&mut self, m: Message) -> Result<(), Error>;
}

/// The reading end: demultiplexes, buffers and decodes.
pub struct Reader<R> {
    transport: R,
    raw: Buffer,
    start: usize,
    end: usize,
    /// A run of a file that comes next in the raw stream, behind `raw`.
    range: Option<FileRange>,
    framed: bool,
    /// Payload of the current DATA frame not yet consumed.
    frame_left: u64,
    /// Demultiplexed bytes of a message that straddled frames, before anything in `raw`.
    carry: Vec<u8>,
    carry_pos: usize,
    messages: Option<Box<dyn Messages>>,
    activity: Arc<Activity>,
    /// An absolute end for the handshake, if it has one.
    deadline: Option<Instant>,
    stats: Option<Arc<Stats>>,
    received: Counter,
    consumed: u64,
    /// What is consumed goes there, too.
    recorder: Option<Recorder>,
}

impl<R: RecvHalf> Reader<R> {
    /// A raw reader, as the handshake starts.
    pub fn new(transport: R, activity: Arc<Activity>) -> Self {
        Reader {
            transport,
            raw: Buffer::new(BUFFER),
            start: 0,
            end: 0,
            range: None,
            framed: false,
            frame_left: 0,
            carry: Vec::new(),
            carry_pos: 0,
            messages: None,
            activity,
            deadline: None,
            stats: None,
            received: Counter::default(),
            consumed: 0,
            recorder: None,
        }
    }

    /// Joins the reader to its session: bytes count from here.
    pub fn start(&mut self, session: &Session) {
        let buffered = (self.end - self.start) as u64;
        session.stats.bytes_read.add(buffered);
        self.received.set(buffered);
        self.stats = Some(session.stats.clone());
    }

    /// Switches framing on or off at this point of the stream.
    pub fn set_framed(&mut self, framed: bool) {
        self.framed = framed;
        self.frame_left = 0;
    }

    /// Whether the stream is framed.
    pub fn framed(&self) -> bool {
        self.framed
    }

    /// Sets or clears an absolute deadline for reads.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    /// Records the stream from here on.
    pub fn set_recorder(&mut self, recorder: Recorder) {
        self.recorder = Some(recorder);
    }

    /// Ends the recording, if there is one.
    ///
    /// # Errors
    /// If the batch cannot be written.
    pub fn finish_recording(&mut self) -> Result<(), Error> {
        self.recorder.take().map_or(Ok(()), |mut recorder| recorder.flush())
    }

    /// Replaces the handler of control messages.
    pub fn set_messages(&mut self, m: Box<dyn Messages>) {
        self.messages = Some(m);
    }

    /// Decodes one message, waiting for as much as it needs.
    ///
    /// # Errors
    /// What the peer broke, that it closed the connection, or a timeout.
    pub fn read<T>(
        &mut self,
        mut decode: impl FnMut(&mut Cursor<'_>) -> Decode<T>,
    ) -> Result<T, Error> {
        loop {
            match self.decode(&mut decode)? {
                Ok(value) => return Ok(value),
                Err(need) => self.gather(need, true)?,
            };
        }
    }

    /// Decodes one message if it is complete without waiting.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn try_read<T>(
        &mut self,
        mut decode: impl FnMut(&mut Cursor<'_>) -> Decode<T>,
    ) -> Result<Option<T>, Error> {
        loop {
            match self.decode(&mut decode)? {
                Ok(value) => return Ok(Some(value)),
                Err(need) => {
                    if !self.gather(need, false)? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Tries to decode from what is here; `Err(need)` asks for more bytes.
    fn decode<T>(
        &mut self,
        decode: &mut impl FnMut(&mut Cursor<'_>) -> Decode<T>,
    ) -> Result<Result<T, usize>, Error> {
        let carried = self.carry_pos < self.carry.len();
        let bytes = if carried { &self.carry[self.carry_pos..] } else { self.available() };
        let mut cursor = Cursor::new(bytes);
        match decode(&mut cursor) {
            Ok(value) => {
                let used = cursor.position();
                if let Some(recorder) = &mut self.recorder {
                    let bytes = match carried {
                        true => &self.carry[self.carry_pos..],
                        false => &self.raw[self.start..],
                    };
                    recorder.record(&bytes[..used])?;
                }
                self.consume(used);
                Ok(Ok(value))
            }
            Err(DecodeError::Incomplete(need)) => Ok(Err(need)),
            Err(DecodeError::Bad(e)) => Err(e.into()),
        }
    }

    fn consume(&mut self, n: usize) {
        self.consumed += n as u64;
        if self.carry_pos < self.carry.len() {
            self.carry_pos += n;
            if self.carry_pos == self.carry.len() {
                self.carry.clear();
                self.carry_pos = 0;
            }
        } else {
            self.start += n;
            if self.framed {
                self.frame_left -= n as u64;
            }
        }
    }

    /// Payload bytes in `raw` that belong to the current frame.
    fn available(&self) -> &[u8] {
        let here = self.end - self.start;
        let n = if self.framed { self.frame_left.min(here as u64) as usize } else { here };
        &self.raw[self.start..self.start + n]
    }

    /// Moves at least one more byte (`need` of them, if they are here) into the carry. Returns false if that would
    /// mean waiting and `wait` is off.
    fn gather(&mut self, need: usize, wait: bool) -> Result<bool, Error> {
        if self.carry_pos > 0 {
            self.carry.drain(..self.carry_pos);
            self.carry_pos = 0;
        }
        // What is left of the current frame is the beginning of the message.
        let rest = self.available().len();
        if self.carry.is_empty() && rest > 0 {
            self.move_to_carry(rest);
            return Ok(true);
        }
        if !self.payload(wait)? {
            return Ok(false);
        }
        if self.range.is_some() && self.start == self.end {
            return Err(Error::fatal(
                crate::ExitCode::STREAM_IO,
                "file run where a message was expected",
            ));
        }
        if self.carry.is_empty() {
            // The message may be complete in this frame.
            return Ok(true);
        }
        let n = self.available().len().min(need.max(CARRY));
        self.move_to_carry(n);
        Ok(true)
    }

    fn move_to_carry(&mut self, n: usize) {
        self.carry.extend_from_slice(&self.raw[self.start..self.start + n]);
        self.start += n;
        if self.framed {
            self.frame_left -= n as u64;
        }
    }

    /// Makes payload available in `raw` or `range`, handling control messages on the way.
    fn payload(&mut self, wait: bool) -> Result<bool, Error> {
        loop {
            if self.framed && self.frame_left == 0 {
                if !self.header(wait)? {
                    return Ok(false);
                }
                continue;
            }
            if self.start < self.end || self.range.is_some() {
                return Ok(true);
            }
            if !self.fill(wait)? {
                return Ok(false);
            }
        }
    }

    /// Reads one frame header and, for a control frame, its payload.
    fn header(&mut self, wait: bool) -> Result<bool, Error> {
        if !self.have(HEADER_LEN, wait)? {
            return Ok(false);
        }
        let mut cursor = Cursor::new(&self.raw[self.start..self.end]);
        let header = match FrameHeader::decode(&mut cursor) {
            Ok(header) => header,
            Err(DecodeError::Bad(e)) => return Err(e.into()),
            Err(DecodeError::Incomplete(_)) => return Ok(false),
        };
        if header.tag == Tag::Data {
            self.start += HEADER_LEN;
            self.frame_left = header.len as u64;
            return Ok(true);
        }
        if !self.have(HEADER_LEN + header.len, wait)? {
            return Ok(false);
        }
        let from = self.start + HEADER_LEN;
        let message = Message::parse(header.tag, &self.raw[from..from + header.len])?;
        self.start = from + header.len;
        match &mut self.messages {
            Some(handler) => handler.message(message)?,
            None => {
                return Err(Error::fatal(
                    crate::ExitCode::STREAM_IO,
                    "control message before the session began",
                ));
            }
        }
        Ok(true)
    }

    /// Makes `n` raw bytes available, `n` at most a control frame's size.
    fn have(&mut self, n: usize, wait: bool) -> Result<bool, Error> {
        while self.end - self.start < n {
            if !self.fill(wait)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Receives once more from the transport.
    fn fill(&mut self, wait: bool) -> Result<bool, Error> {
        let link = |source| Error::Link { op: "read error", source };
        if !wait && !self.transport.ready().map_err(link)? {
            return Ok(false);
        }
        let raw = self.raw.renew(self.start..self.end);
        (self.start, self.end) = (0, self.end - self.start);
        let received = loop {
            self.activity.check_stop()?;
            let mut slice = self.activity.slice();
            if let Some(deadline) = self.deadline {
                let left = deadline.saturating_duration_since(Instant::now());
                slice = Some(slice.map_or(left, |s| s.min(left)));
            }
            match self.transport.recv(&mut raw[self.end..], slice) {
                Ok(received) => break received,
                Err(e) if e.kind() == io::ErrorKind::TimedOut => {
                    check_time(&self.activity, self.deadline)?;
                }
                // A peer that is gone looks like one that closed the connection.
                Err(e) if e.kind() == io::ErrorKind::ConnectionReset && self.stats.is_none() => {
                    break Received::Bytes(0);
                }
                Err(e) => return Err(link(e)),
            }
        };
        self.activity.touch();
        match received {
            Received::Bytes(0) => {
                // The handshake does not count.
                let received = if self.stats.is_some() { self.received.value() } else { 0 };
                return Err(Error::Closed { received });
            }
            Received::Bytes(n) => {
                self.end += n;
                self.count(n as u64);
            }
            Received::Range(range) => {
                self.count(range.len);
                self.range = Some(range);
            }
        }
        Ok(true)
    }

    fn count(&self, n: u64) {
        self.received.add(n);
        if let Some(stats) = &self.stats {
            stats.bytes_read.add(n);
        }
    }

    /// At most `max` (> 0) literal bytes of the stream, without copying.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn literal(&mut self, max: usize) -> Result<Literal, Error> {
        let literal = self.next_literal(max)?;
        if let (Some(recorder), Literal::Bytes(bytes)) = (&mut self.recorder, &literal) {
            // Handles do not come over links that are recorded here.
            recorder.record(bytes)?;
        }
        Ok(literal)
    }

    fn next_literal(&mut self, max: usize) -> Result<Literal, Error> {
        if self.carry_pos < self.carry.len() {
            let n = max.min(self.carry.len() - self.carry_pos);
            let from = self.carry_pos;
            self.carry_pos += n;
            self.consumed += n as u64;
            return Ok(Literal::Bytes(self.carry[from..from + n].to_vec().into()));
        }
        self.payload(true)?;
        if self.start == self.end
            && let Some(mut range) = self.range.take()
        {
            let n = range.len.min(max as u64);
            let n = if self.framed { n.min(self.frame_left) } else { n };
            if n < range.len {
                let mut rest = range.clone();
                rest.offset += n;
                rest.len -= n;
                self.range = Some(rest);
                range.len = n;
            }
            if self.framed {
                self.frame_left -= n;
            }
            self.consumed += n;
            return Ok(Literal::Range(range));
        }
        let n = max.min(self.available().len());
        let from = self.start;
        self.start += n;
        self.consumed += n as u64;
        if self.framed {
            self.frame_left -= n as u64;
        }
        Ok(Literal::Bytes(self.raw.chunk(from..from + n)))
    }

    /// Bytes of the stream (frame headers aside) that were decoded or taken so far.
    pub fn consumed(&self) -> u64 {
        self.consumed
    }

    /// Whether something more has arrived (perhaps not a whole message; see [`Self::try_read`]).
    ///
    /// # Errors
    /// The transport's error.
    pub fn ready(&mut self) -> Result<bool, Error> {
        if self.carry_pos < self.carry.len() || self.start < self.end || self.range.is_some() {
            return Ok(true);
        }
        self.transport.ready().map_err(|source| Error::Link { op: "read error", source })
    }

    /// Waits for at most `limit`, if there is one, for something more to arrive than what [`Self::try_read`] found too little;
    /// whether something has.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn wait(&mut self, limit: Option<Duration>) -> Result<bool, Error> {
        if self.range.is_some() {
            return Ok(true);
        }
        let raw = self.raw.renew(self.start..self.end);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end == raw.len() {
            return Ok(true);
        }
        match self.transport.recv(&mut raw[self.end..], limit) {
            // The next read finds the end of the stream again.
            Ok(Received::Bytes(n)) => {
                self.end += n;
                self.count(n as u64);
            }
            Ok(Received::Range(range)) => {
                self.count(range.len);
                self.range = Some(range);
            }
            Err(e) if e.kind() == io::ErrorKind::TimedOut => {
                check_time(&self.activity, self.deadline)?;
                return Ok(false);
            }
            Err(source) => return Err(Error::Link { op: "read error", source }),
        }
        self.activity.touch();
        Ok(true)
    }

    /// Buffers whatever arrives until `done`, for a peer that sends before it has read all that we are sending.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn spool(&mut self, done: impl Fn() -> bool) -> Result<(), Error> {
        while !done() {
            let raw = self.raw.renew(self.start..self.end);
            (self.start, self.end) = (0, self.end - self.start);
            if raw.len() - self.end < BUFFER / 2 {
                raw.resize(raw.len() * 2, 0);
            }
            match self.transport.recv(&mut raw[self.end..], Some(SPOOL_SLICE)) {
                Ok(Received::Bytes(0)) => return Ok(()),
                Ok(Received::Bytes(n)) => {
                    self.end += n;
                    self.count(n as u64);
                    self.activity.touch();
                }
                Ok(Received::Range(range)) => {
                    self.count(range.len);
                    self.range = Some(range);
                    return Ok(());
                }
                Err(e) if e.kind() == io::ErrorKind::TimedOut => {
                    check_time(&self.activity, self.deadline)?
                }
                Err(source) => return Err(Error::Link { op: "read error", source }),
            }
        }
        Ok(())
    }

    /// Why the peer ended, if it says so on a connection that `failed` while we were writing: its messages are handled, other
    /// things discarded, for at most `limit`.
    pub fn last_words(&mut self, failed: Error, limit: Duration) -> Error {
        self.deadline = Some(Instant::now() + limit);
        loop {
            match self.next_literal(usize::MAX) {
                Ok(_) => {}
                Err(told @ Error::PeerExit(_)) => return told,
                Err(_) => return failed,
            }
        }
    }

    /// Waits until the peer closes the connection, discarding what it still sends, for at most `limit`.
    pub fn drain(&mut self, limit: Duration) {
        let end = Instant::now() + limit;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            match self.transport.recv(self.raw.renew(0..0), Some(left)) {
                Ok(Received::Bytes(0)) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }
}

fn check_time(activity: &Activity, deadline: Option<Instant>) -> Result<(), Error> {
    if let Some(secs) = activity.expired() {
        return Err(Error::Timeout { secs });
    }
    if deadline.is_some_and(|d| Instant::now() >= d) {
        return Err(Error::Deadline);
    }
    Ok(())
}
