//! Large buffers by the link's lane for them: the kernel sends them from where they are, and the writer goes on with
//! another.

use super::{Writer, buffer_lane};
use crate::Error;
use fast_io::{Calibration, Lane, Policy, Producer, Reason, SendHalf, lanes};
use std::{io, sync::Arc, time::Duration};
use wire::mux::HEADER_LEN;

impl<W: SendHalf> Writer<W> {
    /// Whether the buffer, `len` bytes of it, goes by the lane; notes the reason if not.
    pub(super) fn takes_buffer(&mut self, len: usize) -> bool {
        let producer = self.tally.most(self.buf.len());
        let lane = lanes::lane(producer, self.transport.link());
        if lane != Lane::SendZc {
            return false;
        }
        let reason = match self.policy {
            Policy::Never => Reason::Policy,
            _ if (len as u64) < lane.floor() => Reason::Short,
            Policy::Auto if !self.buffers.prefers_lane() => match self.buffers.verdict() {
                None => Reason::Measuring,
                Some(_) => Reason::Calibration,
            },
            _ => match self.transport.lends() {
                Ok(()) => return true,
                Err(reason) => reason,
            },
        };
        self.counters.fell_back(producer, lane, reason);
        false
    }

    /// The time before the buffer, `len` bytes of it, is copied, if it could have been lent and that is still measured.
    pub(super) fn measures_copy(&self, len: usize) -> Option<Duration> {
        let lane = lanes::lane(self.tally.most(self.buf.len()), self.transport.link());
        let lendable = lane == Lane::SendZc && len as u64 >= lane.floor();
        if lendable { self.started(&self.buffers) } else { None }
    }

    /// Sends the buffer by the lane.
    pub(super) fn lend_buf(&mut self, from: usize) -> Result<(), Error> {
        let start = self.started(&self.buffers);
        let len = self.buf.len() - from;
        let (bytes, producer) = self.end_tally(len);
        let buf = Arc::new(std::mem::take(&mut self.buf));
        let lent = self.lend(&buf, from, producer);
        self.buf = self.transport.recycle(buf);
        self.buf.resize(HEADER_LEN, 0);
        let mut lent = lent? as u64;
        if lent == len as u64 {
            self.buffers.ran(start, true, lent);
        }
        for (producer, bytes) in bytes {
            let by_lane = bytes.min(lent);
            lent -= by_lane;
            self.counters.count(producer, Lane::SendZc, 0, by_lane);
            self.counters.count(producer, buffer_lane(producer), 0, bytes - by_lane);
        }
        Ok(())
    }

    /// Sends `buf[from..]`, by the lane or, where that is refused, by copying. Returns how much went by the lane.
    fn lend(
        &mut self,
        buf: &Arc<Vec<u8>>,
        from: usize,
        producer: Producer,
    ) -> Result<usize, Error> {
        let mut at = from;
        while at < buf.len() {
            let max = self.throttle.as_ref().map_or(usize::MAX, |throttle| throttle.max_write);
            self.activity.check_stop()?;
            match self.transport.lend(buf, at, max, self.activity.slice()) {
                Ok(n) => {
                    at += n;
                    self.counters.count(producer, Lane::SendZc, 1, 0);
                    self.wrote(n as u64);
                }
                Err(e) if e.kind() == io::ErrorKind::TimedOut => self.check_time()?,
                Err(e) if e.kind() == io::ErrorKind::Unsupported => {
                    let reason = Reason::Refused(e.to_string());
                    self.counters.fell_back(producer, Lane::SendZc, reason);
                    self.send(&buf[at..], false, producer)?;
                    break;
                }
                Err(source) => return Err(Error::Link { op: "write error", source }),
            }
        }
        Ok(at - from)
    }

    /// What the calibration of buffers found, if it ran.
    pub fn buffers(&self) -> &Calibration {
        &self.buffers
    }

    /// What became of the loans, in words.
    pub fn lend_report(&self) -> Option<String> {
        self.transport.lend_report()
    }
}
