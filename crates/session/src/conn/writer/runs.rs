//! Literal runs: by the link's own lane where that is possible and pays, or copied.
use super::Writer;
use crate::Error;
use fast_io::{
    Calibration, FileRange, Lane, PlatformSendFile, Policy, Producer, ReadWriteSendFile, Reason,
    SendHalf,
};
use std::{fs::File, io};
use wire::{mux::HEADER_LEN, token::literal_head};

/// Zeros written at a time.
const ZEROS: usize = 256 * 1024;

impl<W: SendHalf> Writer<W> {
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
                    // A head that went alone was written.
                    let by = if n == of_head { Lane::ReadWrite } else { lane };
                    self.counters.count(Producer::LiteralRun, by, 1, n - of_head);
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{report::testing, settings::Settings};
    use fast_io::LinkKind;
    use std::{sync::Arc, time::Duration};
    use wire::mux::{FrameHeader, Tag};

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
