//! How a run of a file leaves: the trait that every link implements, and the way that works everywhere.

use crate::{
    counters::Reason,
    lanes::{Lane, LinkKind},
    policy::Verdict,
    transport::{FileRange, SendHalf},
};
use std::{fs::File, io, time::Duration};

/// The file side of a link's writing half.
pub trait PlatformSendFile {
    /// Sends some of `head` and, once that is gone, some of a run of a file, together where the platform can, and
    /// returns how many bytes of both. Whatever is left is sent by calling again with what remains. With an empty
    /// head, 0 means that the file ends at or before `range.offset`.
    ///
    /// # Errors
    /// `TimedOut` if nothing could be sent within `timeout`: call again with the same arguments, or give the link up.
    /// `Unsupported` if this file cannot go this way and nothing of this call was sent: send bytes instead. Anything
    /// else is the link's error.
    fn send_file(
        &mut self,
        head: &[u8],
        range: &FileRange,
        timeout: Option<Duration>,
    ) -> io::Result<u64>;

    /// The lane by which [`send_file`](Self::send_file) sends; [`Lane::ReadWrite`] if the platform has no better one
    /// for this link.
    fn method(&self) -> Lane;

    /// What the link is made of.
    fn link(&self) -> LinkKind;

    /// What speaks against sending this file by [`method`](Self::method), as far as that is known before a call.
    fn refusal(&self, file: &File) -> Option<Reason> {
        let _any = file;
        None
    }

    /// What a probe of [`method`](Self::method) found, on systems where it must be tried before it is used. `None`: its
    /// calls tell what they cost.
    fn probe(&self, file: &File) -> Option<Verdict> {
        let _any = file;
        None
    }
}

/// Bytes read at a time.
const PIECE: u64 = 128 * 1024;

/// The portable lane: reads into a buffer and writes from there, over any link. What the others do is compared with it.
#[derive(Debug)]
pub struct ReadWriteSendFile<'a, W> {
    link: &'a mut W,
    buf: Vec<u8>,
}

impl<'a, W: SendHalf> ReadWriteSendFile<'a, W> {
    /// Over a link.
    pub fn new(link: &'a mut W) -> Self {
        ReadWriteSendFile { link, buf: Vec::new() }
    }
}

impl<W: SendHalf> PlatformSendFile for ReadWriteSendFile<'_, W> {
    fn send_file(
        &mut self,
        head: &[u8],
        range: &FileRange,
        timeout: Option<Duration>,
    ) -> io::Result<u64> {
        if !head.is_empty() {
            return Ok(self.link.send_head(head, timeout)? as u64);
        }
        self.buf.resize(range.len.min(PIECE) as usize, 0);
        let filled = loop {
            match read_at(&range.file, &mut self.buf, range.offset) {
                Ok(n) => break n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // What cannot be read is not there.
                Err(_) => break 0,
            }
        };
        let mut sent = 0;
        while sent < filled {
            match self.link.send(&self.buf[sent..filled], timeout) {
                Ok(n) => sent += n,
                Err(e) if sent > 0 && e.kind() == io::ErrorKind::TimedOut => break,
                Err(e) => return Err(e),
            }
        }
        Ok(sent as u64)
    }

    fn method(&self) -> Lane {
        Lane::ReadWrite
    }

    fn link(&self) -> LinkKind {
        self.link.link()
    }
}

/// Reads at an offset.
#[cfg(unix)]
fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buf, offset)
}

/// Reads at an offset.
#[cfg(windows)]
fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buf, offset)
}
