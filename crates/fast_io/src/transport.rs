//! The two halves of a link.

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
pub trait SendHalf: Send {
    /// Writes some of `buf`, at least one byte, and returns how many.
    ///
    /// # Errors
    /// `TimedOut` if nothing could be written within `timeout`, or the transport's error.
    fn send(&mut self, buf: &[u8], timeout: Option<Duration>) -> io::Result<usize>;

    /// Announces that `more` bytes follow at once and may share a segment with what is sent now.
    fn send_head(&mut self, buf: &[u8], timeout: Option<Duration>) -> io::Result<usize> {
        self.send(buf, timeout)
    }

    /// Sends some of a run of a file, without copying it through user space where the platform can, and returns how
    /// many bytes; 0 means that the file ends before `range.offset`.
    ///
    /// # Errors
    /// `TimedOut`, the transport's error, or `Unsupported` if this file cannot be sent this way (send bytes instead).
    fn send_range(&mut self, range: &FileRange, timeout: Option<Duration>) -> io::Result<u64>;

    /// The shortest run that is worth [`send_range`](Self::send_range); `u64::MAX` for never.
    fn range_floor(&self) -> u64;

    /// Whether a run that has been read already, for its checksum, still goes out faster as a range than from memory.
    fn prefers_ranges(&self) -> bool {
        true
    }

    /// Whether ranges cross as handles, so that the receiving side may clone them (in-memory links).
    fn passes_handles(&self) -> bool {
        false
    }

    /// Closes the half: the peer sees the end of the stream.
    fn shutdown(&mut self) -> io::Result<()>;
}
