//! Halves over descriptors: sockets, pipes, standard streams.
//!
//! Descriptors are put into non-blocking mode and waited for with `poll`, so that timeouts bound writes as well as
//! reads. File ranges go out by the platform's own call; a volume that refuses it once is not asked again by this
//! process.

use crate::{
    counters::Reason,
    imp,
    lanes::{self, Lane, LinkKind, Producer},
    lend::Lending,
    send_file::PlatformSendFile,
    transport::{FileRange, Received, RecvHalf, SendHalf},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fd::{AsFd, BorrowedFd, OwnedFd},
    io::Errno,
};
use std::{
    fs::File,
    io,
    os::unix::fs::MetadataExt,
    sync::{Arc, Mutex},
    time::Duration,
};

/// The volumes (by device number) whose files cannot go by the platform's lane, as this process found out.
static REFUSED: Mutex<Vec<u64>> = Mutex::new(Vec::new());

/// Errors that may be the file's: whoever copies it finds out, and the link is not given up for it.
const OF_FILE: [Errno; 5] = [Errno::IO, Errno::STALE, Errno::NOMEM, Errno::AGAIN, Errno::INTR];
/// So often may a link be ready and not take anything of a file, before that is the file's fault.
const MOST_IN_VAIN: u32 = 100;

fn prepare(fd: BorrowedFd<'_>) -> io::Result<LinkKind> {
    let flags = rustix::fs::fcntl_getfl(fd)?;
    rustix::fs::fcntl_setfl(fd, flags | rustix::fs::OFlags::NONBLOCK)?;
    let stat = rustix::fs::fstat(fd)?;
    let kind = match rustix::fs::FileType::from_raw_mode(stat.st_mode) {
        rustix::fs::FileType::Socket => LinkKind::Socket,
        rustix::fs::FileType::Fifo => LinkKind::Pipe,
        _ => LinkKind::Other,
    };
    imp::prepare(fd, kind);
    Ok(kind)
}

/// Waits until `fd` is ready for `flags`; `TimedOut` after `timeout`.
fn wait(fd: BorrowedFd<'_>, flags: PollFlags, timeout: Option<Duration>) -> io::Result<()> {
    let limit = timeout
        .map(|t| Timespec { tv_sec: t.as_secs() as i64, tv_nsec: i64::from(t.subsec_nanos()) });
    loop {
        match poll(&mut [PollFd::from_borrowed_fd(fd, flags)], limit.as_ref()) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => continue,
            Err(e) => return Err(e.into()),
        }
    }
}

/// The reading half of a descriptor.
#[derive(Debug)]
pub struct FdReader {
    fd: Arc<OwnedFd>,
}

/// The writing half of a descriptor.
#[derive(Debug)]
pub struct FdWriter {
    fd: Option<Arc<OwnedFd>>,
    kind: LinkKind,
    lending: Lending,
}

impl FdReader {
    /// Takes over a descriptor.
    ///
    /// # Errors
    /// If it cannot be made non-blocking.
    pub fn new(fd: impl Into<OwnedFd>) -> io::Result<FdReader> {
        let fd = fd.into();
        prepare(fd.as_fd())?;
        Ok(FdReader { fd: Arc::new(fd) })
    }
}

impl FdWriter {
    /// Takes over a descriptor.
    ///
    /// # Errors
    /// If it cannot be made non-blocking.
    pub fn new(fd: impl Into<OwnedFd>) -> io::Result<FdWriter> {
        let fd = fd.into();
        let kind = prepare(fd.as_fd())?;
        Ok(FdWriter { fd: Some(Arc::new(fd)), kind, lending: Lending::default() })
    }

    fn fd(&self) -> io::Result<Arc<OwnedFd>> {
        self.fd.clone().ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

/// Both halves of a socket.
///
/// # Errors
/// If it cannot be made non-blocking.
pub fn socket(fd: impl Into<OwnedFd>) -> io::Result<(FdReader, FdWriter)> {
    let fd = fd.into();
    let kind = prepare(fd.as_fd())?;
    let fd = Arc::new(fd);
    let writer = FdWriter { fd: Some(fd.clone()), kind, lending: Lending::default() };
    Ok((FdReader { fd }, writer))
}

impl RecvHalf for FdReader {
    fn recv(&mut self, buf: &mut [u8], timeout: Option<Duration>) -> io::Result<Received> {
        loop {
            match rustix::io::read(&*self.fd, &mut *buf) {
                Ok(n) => return Ok(Received::Bytes(n)),
                Err(Errno::AGAIN) => wait(self.fd.as_fd(), PollFlags::IN, timeout)?,
                Err(Errno::INTR) => continue,
                Err(e) => return Err(e.into()),
            }
        }
    }

    fn ready(&mut self) -> io::Result<bool> {
        match wait(self.fd.as_fd(), PollFlags::IN, Some(Duration::ZERO)) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::TimedOut => Ok(false),
            Err(e) => Err(e),
        }
    }
}

impl FdWriter {
    /// Repeats `attempt` until it does not say that it would block.
    fn retry<T>(
        &self,
        timeout: Option<Duration>,
        mut attempt: impl FnMut(BorrowedFd<'_>) -> rustix::io::Result<T>,
    ) -> io::Result<T> {
        let fd = self.fd()?;
        loop {
            match attempt(fd.as_fd()) {
                Ok(done) => return Ok(done),
                Err(Errno::AGAIN) => wait(fd.as_fd(), PollFlags::OUT, timeout)?,
                Err(Errno::INTR) => continue,
                Err(e) => return Err(e.into()),
            }
        }
    }
}

impl SendHalf for FdWriter {
    fn send(&mut self, buf: &[u8], timeout: Option<Duration>) -> io::Result<usize> {
        self.retry(timeout, |fd| rustix::io::write(fd, buf))
    }

    fn send_head(&mut self, buf: &[u8], timeout: Option<Duration>) -> io::Result<usize> {
        self.retry(timeout, |fd| imp::send_head(fd, self.kind, buf))
    }

    fn lends(&mut self) -> Result<(), Reason> {
        let fd = self.fd().map_err(|e| Reason::Refused(e.to_string()))?;
        self.lending.ready(|| imp::lender(fd))
    }

    fn lend(
        &mut self,
        buf: &Arc<Vec<u8>>,
        from: usize,
        max: usize,
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        self.lending.send(buf, from, max, timeout)
    }

    fn recycle(&mut self, buf: Arc<Vec<u8>>) -> Vec<u8> {
        self.lending.recycle(buf)
    }

    fn lend_report(&self) -> Option<String> {
        self.lending.report()
    }

    fn shutdown(&mut self) -> io::Result<()> {
        if let Some(fd) = self.fd.take()
            && self.kind == LinkKind::Socket
        {
            match rustix::net::shutdown(&*fd, rustix::net::Shutdown::Write) {
                Ok(()) | Err(Errno::NOTCONN) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }
}

impl PlatformSendFile for FdWriter {
    fn send_file(
        &mut self,
        head: &[u8],
        range: &FileRange,
        timeout: Option<Duration>,
    ) -> io::Result<u64> {
        let (mut failed, mut in_vain) = (None, 0);
        let sent = self.retry(timeout, |fd| {
            let sent = imp::send_file(fd, self.kind, head, &range.file, range.offset, range.len);
            match sent {
                Err(Errno::AGAIN | Errno::INTR) if in_vain < MOST_IN_VAIN => {
                    in_vain += 1;
                    sent
                }
                Err(e) if imp::refused(e) || OF_FILE.contains(&e) => {
                    failed = Some(e);
                    Ok(0)
                }
                _ => sent,
            }
        })?;
        let Some(e) = failed else { return Ok(sent as u64) };
        if imp::refused(e) {
            let device = range.file.metadata()?.dev();
            let mut volumes = REFUSED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            if !volumes.contains(&device) {
                volumes.push(device);
            }
        }
        Err(io::Error::new(io::ErrorKind::Unsupported, io::Error::from(e)))
    }

    fn method(&self) -> Lane {
        lanes::lane(Producer::LiteralRun, self.kind)
    }

    fn link(&self) -> LinkKind {
        self.kind
    }

    fn refusal(&self, file: &File) -> Option<Reason> {
        let volumes = REFUSED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let refused = || file.metadata().is_ok_and(|m| volumes.contains(&m.dev()));
        (!volumes.is_empty() && refused()).then_some(Reason::Volume)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{io::Write, os::unix::net::UnixStream};

    fn read_all(mut r: FdReader) -> Vec<u8> {
        let (mut all, mut buf) = (Vec::new(), [0; 4096]);
        while let Received::Bytes(n) = r.recv(&mut buf, None).unwrap() {
            if n == 0 {
                break;
            }
            all.extend_from_slice(&buf[..n]);
        }
        all
    }

    fn send_everything(w: &mut FdWriter, head: &[u8], mut range: FileRange) {
        let mut head = head;
        while range.len > 0 {
            let mut n = w.send_file(head, &range, None).unwrap();
            assert_ne!(n, 0);
            let of_head = n.min(head.len() as u64);
            head = &head[of_head as usize..];
            n -= of_head;
            range.offset += n;
            range.len -= n;
        }
        w.shutdown().unwrap();
    }

    fn sample() -> (Vec<u8>, FileRange) {
        let data: Vec<u8> = (0..300_000u32).map(|i| ((i * 7) >> 3) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&data).unwrap();
        (data.clone(), FileRange { file: Arc::new(file), offset: 1000, len: 250_000 })
    }

    #[test]
    fn range_follows_its_head_over_a_socket() {
        let (a, b) = UnixStream::pair().unwrap();
        let (data, range) = sample();
        let reader = std::thread::spawn(move || read_all(FdReader::new(b).unwrap()));
        let (_r, mut w) = socket(a).unwrap();
        send_everything(&mut w, b"head", range);
        assert_eq!(reader.join().unwrap(), [b"head", &data[1000..251_000]].concat());
    }

    #[test]
    fn range_follows_its_head_over_a_pipe() {
        let (r, w) = io::pipe().unwrap();
        let (data, range) = sample();
        let reader = std::thread::spawn(move || read_all(FdReader::new(r).unwrap()));
        send_everything(&mut FdWriter::new(w).unwrap(), b"head", range);
        assert_eq!(reader.join().unwrap(), [b"head", &data[1000..251_000]].concat());
    }

    #[test]
    fn a_silent_peer_times_out() {
        let (a, _b) = UnixStream::pair().unwrap();
        let (mut r, mut w) = socket(a).unwrap();
        let limit = Some(Duration::from_millis(10));
        assert_eq!(r.recv(&mut [0; 8], limit).unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(!r.ready().unwrap());
        let full = loop {
            if let Err(e) = w.send(&[0; 65536], limit) {
                break e;
            }
        };
        assert_eq!(full.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn a_range_beyond_the_end_sends_nothing() {
        let (a, _b) = UnixStream::pair().unwrap();
        let (_, mut range) = sample();
        range.offset = 300_000;
        let (_r, mut w) = socket(a).unwrap();
        assert_eq!(w.send_file(b"", &range, None).unwrap(), 0);
    }
}
