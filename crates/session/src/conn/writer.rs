//! The writing end.

mod lend;

use super::{Activity, Outbox};
use crate::{Error, Session, batch::Recorder, session::Stats};
use fast_io::{
    Calibration, Counters, FileRange, Lane, LinkKind, PlatformSendFile, Policy, Producer,
    ReadWriteSendFile, Reason, SendHalf, lanes, policy::ThreadClock,
};
use std::{
    fs::File,
    io,
    sync::Arc,
    time::{Duration, Instant},
};
use wire::{
    limits::MAX_FRAME,
    mux::{FrameHeader, HEADER_LEN, Message, Tag},
    token::literal_head,
};

/// The buffer is sent when it holds this much.
const SPILL: usize = 64 * 1024;
/// Zeros written at a time.
const ZEROS: usize = 256 * 1024;

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

    /// A run of a file as literal tokens of at most `token` bytes in one frame, by the link's own lane. Returns the
    /// bytes taken from the file (fewer than `run.len` if it shrank; zeros were sent instead).
    ///
    /// # Errors
    /// The transport's error or a timeout. The frame must not exceed `MAX_FRAME`.
    pub fn range(&mut self, run: &FileRange, token: u64) -> Result<u64, Error> {
        debug_assert!(!self.is_recording(), "no lane is offered for what is recorded");
        let start = self.started(&self.calibration);
        self.flush_messages()?;
        let mut piece = FileRange { len: run.len.min(token), ..run.clone() };
        let heads = HEADER_LEN * run.len.div_ceil(token) as usize;
        self.buf_of(Producer::LiteralRun).extend_from_slice(&literal_head(piece.len as u32));
        self.frame_data(run.len as usize + heads - HEADER_LEN);
        let from = if self.framed { 0 } else { HEADER_LEN };
        self.settle(self.buf.len() - from);
        let mut buf = std::mem::take(&mut self.buf);
        let mut taken = self.send_range(&buf[from..], &piece);
        let mut left = run.len - piece.len;
        while left > 0 && taken.is_ok() {
            piece.offset += piece.len;
            piece.len = left.min(token);
            left -= piece.len;
            buf.clear();
            buf.extend_from_slice(&literal_head(piece.len as u32));
            self.counters.count(Producer::LiteralRun, Lane::ReadWrite, 0, buf.len() as u64);
            taken = taken.and_then(|before| Ok(before + self.send_range(&buf, &piece)?));
        }
        buf.clear();
        buf.resize(HEADER_LEN, 0);
        self.buf = buf;
        self.calibration.ran(start, true, run.len);
        taken
    }

    /// `head` and a run of a file, by the link's own lane or, where that is refused, by copying. What the file does not
    /// have becomes zeros.
    fn send_range(&mut self, mut head: &[u8], run: &FileRange) -> Result<u64, Error> {
        let mut left = run.clone();
        let (mut taken, mut refused) = (0, false);
        while left.len > 0 {
            let mut piece = left.clone();
            if let Some(throttle) = &self.throttle {
                piece.len = piece.len.min(throttle.max_write as u64);
            }
            self.activity.check_stop()?;
            let timeout = self.activity.slice();
            let (sent, lane) = if refused {
                let mut copying = ReadWriteSendFile::new(&mut self.transport);
                (copying.send_file(head, &piece, timeout), copying.method())
            } else {
                (self.transport.send_file(head, &piece, timeout), self.transport.method())
            };
            match sent {
                Ok(0) => break,
                Ok(n) => {
                    let of_head = n.min(head.len() as u64);
                    head = &head[of_head as usize..];
                    taken += n - of_head;
                    left.offset += n - of_head;
                    left.len -= n - of_head;
                    self.counters.count(Producer::LiteralRun, lane, 1, n - of_head);
                    self.wrote(n);
                }
                Err(e) if e.kind() == io::ErrorKind::TimedOut => self.check_time()?,
                Err(e) if e.kind() == io::ErrorKind::Unsupported && !refused => {
                    refused = true;
                    let reason = Reason::Refused(e.to_string());
                    self.counters.fell_back(Producer::LiteralRun, lane, reason);
                }
                Err(source) => return Err(Error::Link { op: "write error", source }),
            }
        }
        self.fill_zeros(left.len)?;
        Ok(taken)
    }

    /// `head` (a literal token) and its bytes, in one frame and without gathering them first.
    ///
    /// # Errors
    /// The transport's error or a timeout. `data` is at most `MAX_FRAME / 2` bytes long.
    pub fn piece(&mut self, head: &[u8], data: &[u8]) -> Result<(), Error> {
        let start = self.started(&self.calibration);
        self.flush_messages()?;
        self.buf_of(Producer::LiteralRun).extend_from_slice(head);
        self.record()?;
        if let Some(recorder) = &mut self.recorder {
            recorder.record(data)?;
            if self.diverted {
                return Ok(());
            }
        }
        self.frame_data(data.len());
        self.send_buf(true)?;
        self.counters.count(Producer::LiteralRun, Lane::ReadWrite, 0, data.len() as u64);
        self.send(data, false, Producer::LiteralRun)?;
        self.calibration.ran(start, false, data.len() as u64);
        Ok(())
    }

    fn fill_zeros(&mut self, mut n: u64) -> Result<(), Error> {
        if n > 0 {
            let mut zeros = std::mem::take(&mut self.zeros);
            zeros.resize(ZEROS, 0);
            while n > 0 {
                let part = n.min(zeros.len() as u64);
                self.counters.count(Producer::LiteralRun, Lane::ReadWrite, 0, part);
                self.send(&zeros[..part as usize], false, Producer::LiteralRun)?;
                n -= part;
            }
            self.zeros = zeros;
        }
        Ok(())
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

    /// Whether a run of a file goes by the link's own lane; notes the reason if not.
    pub fn takes_range(&mut self, file: &File, len: u64) -> bool {
        let lane = self.transport.method();
        // A batch needs the bytes.
        if !lane.is_zero_copy() || self.is_recording() {
            return false;
        }
        let refusal = match self.policy {
            Policy::Never => Some(Reason::Policy),
            Policy::Auto if len < lane.floor() => Some(Reason::Short),
            _ => self.transport.refusal(file),
        };
        if let Some(reason) = refusal {
            self.declines_range(reason);
            return false;
        }
        if self.policy == Policy::Always || lane == Lane::Handle {
            return true;
        }
        if self.calibration.verdict().is_none()
            && let Some(verdict) = self.transport.probe(file)
        {
            self.calibration.learn(verdict);
        }
        if self.calibration.prefers_lane() {
            return true;
        }
        let reason = match self.calibration.verdict() {
            None => Reason::Measuring,
            Some(_) => Reason::Calibration,
        };
        self.declines_range(reason);
        false
    }

    /// The time before something that is to be measured; `None` where cost decides nothing, or has done so.
    fn started(&self, of: &Calibration) -> Option<Duration> {
        let costs = matches!(of.lane(), Lane::SendFile | Lane::TransmitFile | Lane::SendZc);
        if self.policy == Policy::Auto && costs { of.start() } else { None }
    }

    /// Notes why a run of a file does not go by the link's own lane.
    pub fn declines_range(&self, reason: Reason) {
        let lane = self.transport.method();
        if lane.is_zero_copy() {
            self.counters.fell_back(Producer::LiteralRun, lane, reason);
        }
    }

    /// What the calibration found, if it ran.
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// What the link is made of.
    pub fn link(&self) -> LinkKind {
        self.transport.link()
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

/// Who appended how much to the buffer.
#[derive(Debug)]
struct Tally {
    producer: Producer,
    /// Length of the buffer when `producer` began.
    mark: usize,
    bytes: [u64; Producer::ALL.len()],
}

impl Tally {
    fn new(mark: usize) -> Tally {
        Tally { producer: Producer::Greeting, mark, bytes: [0; Producer::ALL.len()] }
    }

    /// Ends the part of the last producer.
    fn turn(&mut self, next: Producer, len: usize) {
        self.bytes[self.producer as usize] += len.saturating_sub(self.mark) as u64;
        (self.producer, self.mark) = (next, len);
    }

    /// Who has appended most so far, to a buffer of length `len`.
    fn most(&self, len: usize) -> Producer {
        let current = len.saturating_sub(self.mark) as u64;
        let of =
            |p: Producer| self.bytes[p as usize] + if p == self.producer { current } else { 0 };
        Producer::ALL.into_iter().max_by_key(|&p| of(p)).unwrap_or(self.producer)
    }

    /// What was appended, `len` bytes with its framing, and who appended most. Starts over at `mark`.
    fn take(
        &mut self,
        len: usize,
        mark: usize,
    ) -> (impl Iterator<Item = (Producer, u64)> + use<>, Producer) {
        let most = self.most(self.mark);
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes[most as usize] += (len as u64).saturating_sub(bytes.iter().sum());
        self.mark = mark;
        let each = Producer::ALL.into_iter().map(move |p| (p, bytes[p as usize]));
        (each.filter(|&(_, n)| n > 0), most)
    }
}

/// `--bwlimit`: sleeps once a tenth of a second of debt has built up (man page, --bwlimit).
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{report::testing, settings::Settings};

    /// A link without a lane for files.
    struct Plain(Vec<u8>);

    impl PlatformSendFile for Plain {
        fn send_file(
            &mut self,
            _head: &[u8],
            _range: &FileRange,
            _timeout: Option<Duration>,
        ) -> io::Result<u64> {
            Err(io::ErrorKind::Unsupported.into())
        }
        fn method(&self) -> Lane {
            Lane::ReadWrite
        }
        fn link(&self) -> LinkKind {
            LinkKind::Other
        }
    }

    impl SendHalf for Plain {
        fn send(&mut self, buf: &[u8], _timeout: Option<Duration>) -> io::Result<usize> {
            self.0.extend_from_slice(buf);
            Ok(buf.len())
        }
        fn shutdown(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn started(policy: Policy, am_sender: bool) -> Result<Writer<Plain>, Error> {
        let settings = Settings { zero_copy: policy, am_sender, ..Settings::default() };
        let (session, _page) = testing::session(32, settings);
        let mut writer = Writer::new(Plain(Vec::new()), session.activity.clone());
        writer.start(&session).map(|()| writer)
    }

    #[test]
    fn always_fails_at_the_start_where_there_is_no_lane() {
        let error = started(Policy::Always, true).err().expect("refused");
        assert_eq!(error.code(), crate::ExitCode::UNSUPPORTED);
        assert!(started(Policy::Always, false).is_ok());
        assert!(started(Policy::Auto, true).is_ok());
    }

    #[test]
    fn a_refused_run_is_copied_and_counted() {
        let mut writer = started(Policy::Auto, true).expect("started");
        let mut file = tempfile::tempfile().expect("a file");
        std::io::Write::write_all(&mut file, b"0123456789").expect("written");
        let run = FileRange { file: Arc::new(file), offset: 2, len: 12 };
        writer.set_framed(true);
        assert_eq!(writer.range(&run, 5).expect("sent"), 8);
        let wanted = [
            &FrameHeader::encode(Tag::Data, 24)[..],
            b"\x05\x00\x00\x0023456\x05\x00\x00\x00789\x00\x00",
            b"\x02\x00\x00\x00\x00\x00",
        ];
        assert_eq!(writer.transport.0, wanted.concat());
        let fallbacks = writer.counters.fallbacks();
        assert_eq!(fallbacks.len(), 1, "{fallbacks:?}");
        assert!(matches!(fallbacks[0], (Producer::LiteralRun, _, Reason::Refused(_), 3)));
        let count = writer.counters.of(Producer::LiteralRun, Lane::ReadWrite);
        assert_eq!(count.bytes, 4 + 3 * 4 + 12);
    }
}
