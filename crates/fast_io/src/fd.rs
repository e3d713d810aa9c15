//! Halves over descriptors: sockets, pipes, standard streams.
//!
//! Descriptors are put into non-blocking mode and waited for with `poll`, so that timeouts bound writes as well as
//! reads. File ranges go out by `sendfile`, which Linux supports towards sockets and pipes alike; a file system that
//! refuses it (`EINVAL`, `ENOSYS`, `EOPNOTSUPP`) withdraws the lane for the rest of the link.

use crate::transport::{FileRange, Received, RecvHalf, SendHalf};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fd::{AsFd, BorrowedFd, OwnedFd},
    io::Errno,
};
use std::{io, sync::Arc, time::Duration};

/// Below this length a system call of its own costs more than copying.
const RANGE_FLOOR: u64 = 32 * 1024;
/// A larger pipe means fewer switches between us and the remote shell; this is what an unprivileged process may ask for.
#[cfg(target_os = "linux")]
const PIPE_SIZE: usize = 1 << 20;

/// What kind of descriptor a half writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Socket,
    Other,
}

fn prepare(fd: BorrowedFd<'_>) -> io::Result<Kind> {
    let flags = rustix::fs::fcntl_getfl(fd)?;
    rustix::fs::fcntl_setfl(fd, flags | rustix::fs::OFlags::NONBLOCK)?;
    let stat = rustix::fs::fstat(fd)?;
    let kind = rustix::fs::FileType::from_raw_mode(stat.st_mode);
    #[cfg(target_os = "linux")]
    if kind == rustix::fs::FileType::Fifo {
        // Only an optimisation: the limit on pipe sizes may refuse it.
        let _unchanged_on_error = rustix::pipe::fcntl_setpipe_size(fd, PIPE_SIZE);
    }
    Ok(if kind == rustix::fs::FileType::Socket { Kind::Socket } else { Kind::Other })
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
    kind: Kind,
    /// `sendfile` was refused.
    withdrawn: bool,
}

impl FdReader {
    /// Takes over a descriptor.
    ///
    /// # Errors
    /// If it cannot be made non-blocking.
    pub fn new(fd: OwnedFd) -> io::Result<FdReader> {
        prepare(fd.as_fd())?;
        Ok(FdReader { fd: Arc::new(fd) })
    }
}

impl FdWriter {
    /// Takes over a descriptor.
    ///
    /// # Errors
    /// If it cannot be made non-blocking.
    pub fn new(fd: OwnedFd) -> io::Result<FdWriter> {
        let kind = prepare(fd.as_fd())?;
        Ok(FdWriter { fd: Some(Arc::new(fd)), kind, withdrawn: false })
    }

    fn fd(&self) -> io::Result<Arc<OwnedFd>> {
        self.fd.clone().ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

/// Both halves of a socket.
///
/// # Errors
/// If it cannot be made non-blocking.
pub fn socket(fd: OwnedFd) -> io::Result<(FdReader, FdWriter)> {
    let kind = prepare(fd.as_fd())?;
    let fd = Arc::new(fd);
    Ok((FdReader { fd: fd.clone() }, FdWriter { fd: Some(fd), kind, withdrawn: false }))
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
        #[cfg(target_os = "linux")]
        if self.kind == Kind::Socket {
            return self
                .retry(timeout, |fd| rustix::net::send(fd, buf, rustix::net::SendFlags::MORE));
        }
        self.send(buf, timeout)
    }

    #[cfg(target_os = "linux")]
    fn send_range(&mut self, range: &FileRange, timeout: Option<Duration>) -> io::Result<u64> {
        if self.withdrawn {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let len = usize::try_from(range.len).unwrap_or(usize::MAX).min(1 << 30);
        let sent = self.retry(timeout, |fd| {
            let mut offset = range.offset;
            rustix::fs::sendfile(fd, &*range.file, Some(&mut offset), len)
        });
        match sent {
            Ok(n) => Ok(n as u64),
            Err(e) if refused(&e) => {
                self.withdrawn = true;
                Err(io::ErrorKind::Unsupported.into())
            }
            Err(e) => Err(e),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn send_range(&mut self, _range: &FileRange, _timeout: Option<Duration>) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn range_floor(&self) -> u64 {
        if self.withdrawn || cfg!(not(target_os = "linux")) { u64::MAX } else { RANGE_FLOOR }
    }

    /// A pipe takes the pages themselves. A socket takes them page by page, which costs more than copying bytes that
    /// stand in the processor's cache.
    fn prefers_ranges(&self) -> bool {
        self.kind != Kind::Socket
    }

    fn shutdown(&mut self) -> io::Result<()> {
        if let Some(fd) = self.fd.take()
            && self.kind == Kind::Socket
        {
            match rustix::net::shutdown(&*fd, rustix::net::Shutdown::Write) {
                Ok(()) | Err(Errno::NOTCONN) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }
}

#[cfg(target_os = "linux")]
fn refused(e: &io::Error) -> bool {
    let refusals = [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP];
    e.raw_os_error().is_some_and(|n| refusals.iter().any(|r| r.raw_os_error() == n))
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
        assert_eq!(w.send_head(head, None).unwrap(), head.len());
        while range.len > 0 {
            let n = w.send_range(&range, None).unwrap();
            assert_ne!(n, 0);
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
        let reader = std::thread::spawn(move || read_all(FdReader::new(b.into()).unwrap()));
        let (_r, mut w) = socket(a.into()).unwrap();
        send_everything(&mut w, b"head", range);
        assert_eq!(reader.join().unwrap(), [b"head", &data[1000..251_000]].concat());
    }

    #[test]
    fn range_follows_its_head_over_a_pipe() {
        let (r, w) = io::pipe().unwrap();
        let (data, range) = sample();
        let reader = std::thread::spawn(move || read_all(FdReader::new(r.into()).unwrap()));
        send_everything(&mut FdWriter::new(w.into()).unwrap(), b"head", range);
        assert_eq!(reader.join().unwrap(), [b"head", &data[1000..251_000]].concat());
    }

    #[test]
    fn a_silent_peer_times_out() {
        let (a, _b) = UnixStream::pair().unwrap();
        let (mut r, mut w) = socket(a.into()).unwrap();
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
        let (_r, mut w) = socket(a.into()).unwrap();
        assert_eq!(w.send_range(&range, None).unwrap(), 0);
    }
}
