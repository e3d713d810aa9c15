//! The two halves of a link.
use std::{fs::File, io, sync::Arc, time::Duration};
/// A run of a file as payload.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct FileRange {
    pub file: Arc<File>,
    pub offset: u64,
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
/// The reading half.
pub trait RecvHalf: Send {
    /// Waits for something to arrive. `timeout` gives ErrorKind::TimedOut.
    fn recv(&mut self, buf: &mut [u8], timeout: Option<Duration>) -> io::Result<Received>;
    /// Whether a recv would return at once.
    fn ready(&mut self) -> io::Result<bool>;
}
/// The writing half.
pub trait SendHalf: Send {
    /// Writes all of `buf`. `timeout` bounds the time without any progress.
    fn send(&mut self, buf: &[u8], timeout: Option<Duration>) -> io::Result<()>;
    /// Writes `head`, then exactly `len` bytes of the file; a file that has become shorter is filled with zeros. Returns
    /// the bytes really taken from the file.
    fn send_range(
        &mut self,
        head: &[u8],
        range: &FileRange,
        timeout: Option<Duration>,
    ) -> io::Result<u64>;
    /// Whether handing over file ranges costs less than bytes, from this length on (`u64::MAX`: never).
    fn range_floor(&self) -> u64;
    /// Whether ranges cross as handles, so that the receiving side may clone them (in-memory link).
    fn passes_handles(&self) -> bool {
        false
    }
    /// Closes the half (the peer sees the end of the stream).
    fn shutdown(&mut self) -> io::Result<()>;
}
