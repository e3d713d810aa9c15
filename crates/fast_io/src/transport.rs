//! The two halves of a link.

use crate::{counters::Reason, send_file::PlatformSendFile};
use std::{fs::File, io, sync::Arc, time::Duration};

/// A run of a file as payload.
#[derive(Debug, Clone)]
pub struct FileRange {
    /// The open file; only positioned reads are made on it.
    pub file: Arc<File>,
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub len: u64,
}

/// What arrived.
#[derive(Debug)]
pub enum Received {
    /// This many bytes, at the front of the buffer; 0 is the end of the stream.
    Bytes(usize),
    /// The next `len` bytes of the stream are this run of a file (in-memory links only).
    Range(FileRange),
}

/// The reading half of a link.
pub trait RecvHalf: Send {
    /// Waits for something to arrive.
    ///
    /// # Errors
    /// `TimedOut` if nothing arrived within `timeout`, or the transport's error.
    fn recv(&mut self, buf: &mut [u8], timeout: Option<Duration>) -> io::Result<Received>;

    /// Whether a [`recv`](Self::recv) would return at once.
    fn ready(&mut self) -> io::Result<bool>;
}

/// The writing half of a link.
pub trait SendHalf: PlatformSendFile + Send {
    /// Writes some of `buf`, at least one byte, and returns how many.
    ///
    /// # Errors
    /// `TimedOut` if nothing could be written within `timeout`, or the transport's error.
    fn send(&mut self, buf: &[u8], timeout: Option<Duration>) -> io::Result<usize>;

    /// As [`send`](Self::send), behind which more follows at once that may share a segment with it.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    fn send_head(&mut self, buf: &[u8], timeout: Option<Duration>) -> io::Result<usize> {
        self.send(buf, timeout)
    }

    /// Whether buffers can be lent to this link ([`lend`](Self::lend)). The first call finds out.
    ///
    /// # Errors
    /// Why not.
    fn lends(&mut self) -> Result<(), Reason> {
        Err(Reason::Refused("not on this link".into()))
    }

    /// Sends some of `buf[from..]`, at most `max` bytes, and returns how many. The kernel may go on reading the buffer
    /// after that, so the link keeps a share of it for as long: nobody can write to it or free it.
    ///
    /// # Errors
    /// `TimedOut` if nothing could be sent within `timeout`; `Unsupported` if nothing can go this way, and nothing of
    /// this call went; else the transport's error.
    fn lend(
        &mut self,
        buf: &Arc<Vec<u8>>,
        from: usize,
        max: usize,
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        let _all = (buf, from, max, timeout);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Takes a buffer back that was lent; gives an empty one, which may be one that the kernel is done with.
    fn recycle(&mut self, buf: Arc<Vec<u8>>) -> Vec<u8> {
        let _own_share = buf;
        Vec::new()
    }

    /// What became of the loans, in words: for information.
    fn lend_report(&self) -> Option<String> {
        None
    }

    /// Closes the half: the peer sees the end of the stream.
    ///
    /// # Errors
    /// The transport's error.
    fn shutdown(&mut self) -> io::Result<()>;
}
