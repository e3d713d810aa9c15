//! The writing end: one buffer, framed when it goes out, and file ranges that go past it by the link's lane.

mod lend;
mod runs;
mod tally;
mod throttle;

use super::{Activity, Outbox};
use crate::{Error, Session, batch::Recorder, session::Stats};
use fast_io::{
    Calibration, Counters, Lane, LinkKind, Policy, Producer, SendHalf, lanes, policy::ThreadClock,
};
use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};
use tally::Tally;
use throttle::Throttle;
use wire::{
    limits::MAX_FRAME,
    mux::{FrameHeader, HEADER_LEN, Message, Tag},
};

/// The buffer is sent when it holds this much.
const SPILL: usize = 64 * 1024;

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
    policy: Policy,
    calibration: Calibration,
    /// The same for buffers.
    buffers: Calibration,
    counters: Arc<Counters>,
    /// What goes through [`Self::buf`]: the greeting, then messages.
    small: Producer,
    tally: Tally,
    /// Data goes there, too.
    recorder: Option<Recorder>,
    /// Data goes only there.
    diverted: bool,
}

impl<W: SendHalf> Writer<W> {
    /// A raw writer, as the handshake starts.
    pub fn new(transport: W, activity: Arc<Activity>) -> Self {
        let link = transport.link();
        let calibration_of = |lane| Calibration::new(link, lane, Arc::new(ThreadClock));
        let calibration = calibration_of(transport.method());
        let buffers = calibration_of(lanes::lane(Producer::CompressedRun, link));
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
            policy: Policy::default(),
            calibration,
            buffers,
            counters: Arc::default(),
            small: Producer::Greeting,
            tally: Tally::new(HEADER_LEN),
            recorder: None,
            diverted: false,
        }
    }

    /// Joins the writer to its session: bytes count from here and `--bwlimit` applies. Flush first.
    ///
    /// # Errors
    /// If `--zero-copy=always` asks for what this link does not have.
    pub fn start(&mut self, session: &Session) -> Result<(), Error> {
        self.stats = Some(session.stats.clone());
        self.throttle = Throttle::new(session.settings.bwlimit);
        // What was counted so far was the greeting.
        for (producer, lane, count) in self.counters.moved() {
            session.counters.count(producer, lane, count.calls, count.bytes);
        }
        self.counters = session.counters.clone();
        self.small = Producer::Message;
        self.policy = session.settings.zero_copy;
        if self.policy == Policy::Always
            && session.settings.am_sender
            && !self.transport.method().is_zero_copy()
        {
            let text = "--zero-copy=always: this system cannot send files to this kind of link without copying them";
            return Err(Error::fatal(crate::ExitCode::UNSUPPORTED, text));
        }
        Ok(())
    }

    /// Takes the messages of a server's sink.
    pub fn set_outbox(&mut self, outbox: Arc<Outbox>) {
        self.outbox = Some(outbox);
    }

    /// Records the data from here on. Flush first.
    pub fn set_recorder(&mut self, recorder: Recorder) {
        self.recorder = Some(recorder);
    }

    /// Whether the data is recorded.
    pub fn is_recording(&self) -> bool {
        self.recorder.is_some()
    }

    /// While diverted, data is recorded instead of being sent.
    ///
    /// # Errors
    /// The transport's error, a timeout, or the batch's.
    pub fn divert(&mut self, on: bool) -> Result<(), Error> {
        self.flush()?;
        self.diverted = on && self.is_recording();
        Ok(())
    }

    /// Ends the recording, if there is one.
    ///
    /// # Errors
    /// If the batch cannot be written.
    pub fn finish_recording(&mut self) -> Result<(), Error> {
        self.recorder.take().map_or(Ok(()), |mut recorder| recorder.flush())
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
        self.buf_of(self.small)
    }

    /// The same buffer for what another producer appends.
    pub fn buf_of(&mut self, producer: Producer) -> &mut Vec<u8> {
        self.tally.turn(producer, self.buf.len());
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
        self.record()?;
        self.frame_data(0);
        self.send_buf(false)
    }

    /// Records what the buffer holds; if it is diverted, nothing is left to send.
    fn record(&mut self) -> Result<(), Error> {
        if let Some(recorder) = &mut self.recorder {
            recorder.record(&self.buf[HEADER_LEN..])?;
            if self.diverted {
                self.buf.truncate(HEADER_LEN);
                self.tally = Tally::new(HEADER_LEN);
            }
        }
        Ok(())
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
            let from = if self.framed { 0 } else { HEADER_LEN };
            if !more && self.takes_buffer(self.buf.len() - from) {
                return self.lend_buf(from);
            }
            let len = self.buf.len() - from;
            let start = self.measures_copy(len);
            let producer = self.settle(len);
            let mut buf = std::mem::take(&mut self.buf);
            let sent = self.send(&buf[from..], more, producer);
            self.buffers.ran(start, false, len as u64);
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
            self.counters.count(Producer::Message, Lane::Write, 0, messages.len() as u64);
            self.send(&messages, false, Producer::Message)?;
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

    /// Counts what the buffer holds, `len` bytes with its framing; returns the producer of most of it.
    fn settle(&mut self, len: usize) -> Producer {
        let (bytes, most) = self.end_tally(len);
        for (producer, bytes) in bytes {
            self.counters.count(producer, buffer_lane(producer), 0, bytes);
        }
        most
    }

    /// Who appended how much to what the buffer holds, `len` bytes with its framing, and who most.
    fn end_tally(
        &mut self,
        len: usize,
    ) -> (impl Iterator<Item = (Producer, u64)> + use<W>, Producer) {
        self.tally.turn(self.small, self.buf.len());
        self.tally.take(len, HEADER_LEN)
    }

    /// Sends bytes whose number was counted already.
    fn send(&mut self, mut bytes: &[u8], more: bool, producer: Producer) -> Result<(), Error> {
        while !bytes.is_empty() {
            let part = match &self.throttle {
                Some(throttle) => &bytes[..bytes.len().min(throttle.max_write)],
                None => bytes,
            };
            self.activity.check_stop()?;
            let timeout = self.activity.slice();
            let sent = if more {
                self.transport.send_head(part, timeout)
            } else {
                self.transport.send(part, timeout)
            };
            match sent {
                Ok(n) => {
                    bytes = &bytes[n..];
                    self.counters.count(producer, buffer_lane(producer), 1, 0);
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

    /// The time before something that is to be measured; `None` where cost decides nothing, or has done so.
    fn started(&self, of: &Calibration) -> Option<Duration> {
        let costs = matches!(of.lane(), Lane::SendFile | Lane::TransmitFile | Lane::SendZc);
        if self.policy == Policy::Auto && costs { of.start() } else { None }
    }

    /// What the link is made of.
    pub fn link(&self) -> LinkKind {
        self.transport.link()
    }

    /// The most bytes that `--bwlimit` lets through at once; `None` without a limit.
    pub fn paced(&self) -> Option<u64> {
        self.throttle.as_ref().map(|throttle| throttle.max_write as u64)
    }

    /// Sends an empty DATA frame if the stream is framed and nothing was sent for half the timeout, or, without a
    /// timeout, if the peer has asked for it.
    ///
    /// # Errors
    /// The transport's error or a timeout.
    pub fn keep_alive(&mut self) -> Result<(), Error> {
        match self.activity.silence_allowed() {
            Some(after) if self.framed && self.last_write.elapsed() >= after => {
                if self.buf.len() == HEADER_LEN && self.messages.is_empty() {
                    self.counters.count(Producer::Message, Lane::Write, 0, HEADER_LEN as u64);
                    self.send(&FrameHeader::encode(Tag::Data, 0), false, Producer::Message)
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

/// The lane of what goes through the buffer.
fn buffer_lane(producer: Producer) -> Lane {
    if producer == Producer::LiteralRun { Lane::ReadWrite } else { Lane::Write }
}
