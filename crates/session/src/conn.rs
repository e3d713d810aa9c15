//! The link to the peer: the wire codec joined to a transport.
use crate::{Error, Session};
use fast_io::{FileRange, RecvHalf, SendHalf};
use std::sync::Arc;
use wire::{Cursor, Decode, mux::Message};

/// Literal bytes of the stream.
#[derive(Debug)]
pub enum Literal<'a> {
    /// Bytes, at least one.
    Bytes(&'a [u8]),
    /// A run of a file (in-memory links only), at least one byte long.
    Range(FileRange),
}

/// What a role does with control messages while it reads. Called in stream order.
pub trait Messages: Send {
    /// Handles one; an error ends the session.
    fn message(&mut self, m: Message) -> Result<(), Error>;
}

/// The reading end: demultiplexes, buffers and decodes.
pub struct Reader<R> {
    _r: R,
}
impl<R: RecvHalf> Reader<R> {
    /// Decodes one message, waiting for as much as it needs.
    pub fn read<T>(
        &mut self,
        decode: impl FnMut(&mut Cursor<'_>) -> Decode<T>,
    ) -> Result<T, Error> {
        let _ = decode;
        todo!()
    }
    /// At most `max` literal bytes of the stream (`max` > 0), without copying.
    pub fn literal(&mut self, max: usize) -> Result<Literal<'_>, Error> {
        let _ = max;
        todo!()
    }
    /// Whether a message may be read without waiting (something is buffered or the transport is ready).
    pub fn ready(&mut self) -> Result<bool, Error> {
        todo!()
    }
    /// Replaces the handler of control messages.
    pub fn set_messages(&mut self, m: Box<dyn Messages>) {
        let _ = m;
        todo!()
    }
}

/// The writing end: buffers, frames and flushes. Messages logged by a server (its sink is an outbox) go out ahead of buffered data at each flush.
pub struct Writer<W> {
    _w: W,
}
impl<W: SendHalf> Writer<W> {
    /// The buffer to append encoded messages to; call [`Self::spill`] now and then.
    pub fn buf(&mut self) -> &mut Vec<u8> {
        todo!()
    }
    /// Sends the buffer if it has grown large.
    pub fn spill(&mut self) -> Result<(), Error> {
        todo!()
    }
    /// Sends everything, messages first.
    pub fn flush(&mut self) -> Result<(), Error> {
        todo!()
    }
    /// Queues a control message ahead of buffered data; sent at the next flush or spill.
    pub fn message(&mut self, m: &Message) -> Result<(), Error> {
        let _ = m;
        todo!()
    }
    /// `head` (a literal token) and the run of a file, in one frame and one kernel call where the platform can. Returns the bytes taken from the
    /// file (fewer than `range.len` if it shrank; zeros were sent instead).
    pub fn range(&mut self, head: &[u8], range: &FileRange) -> Result<u64, Error> {
        let _ = (head, range);
        todo!()
    }
    /// Shortest run worth [`Self::range`] (`u64::MAX`: never).
    pub fn range_floor(&self) -> u64 {
        todo!()
    }
    /// Ranges cross as handles.
    pub fn passes_handles(&self) -> bool {
        todo!()
    }
    /// Sends an empty DATA frame if nothing was sent for half the timeout and the stream is framed.
    pub fn keep_alive(&mut self) -> Result<(), Error> {
        todo!()
    }
    /// The session this writer belongs to.
    pub fn session(&self) -> &Arc<Session> {
        todo!()
    }
}
