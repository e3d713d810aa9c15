//! Buffers whose content another thread may still use while the next one fills.

use std::{
    ops::{Deref, Range},
    sync::Arc,
};

/// Bytes of a shared buffer.
#[derive(Debug, Clone)]
pub struct Chunk {
    buf: Arc<Vec<u8>>,
    range: Range<usize>,
}

impl Deref for Chunk {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.buf[self.range.clone()]
    }
}

impl From<Vec<u8>> for Chunk {
    fn from(bytes: Vec<u8>) -> Chunk {
        let range = 0..bytes.len();
        Chunk { buf: Arc::new(bytes), range }
    }
}

/// A buffer that is filled again and again. While a [`Chunk`] of it is held, another one takes its place; those that
/// nobody holds any more are used again, so there are never more than are held at once.
#[derive(Debug, Default)]
pub struct Buffer {
    /// How long a new one is, at least.
    len: usize,
    current: Arc<Vec<u8>>,
    others: Vec<Arc<Vec<u8>>>,
}

impl Buffer {
    /// A buffer of `len` bytes.
    pub fn new(len: usize) -> Buffer {
        Buffer { len, current: Arc::new(vec![0; len]), others: Vec::new() }
    }

    /// Part of what it holds.
    pub fn chunk(&self, range: Range<usize>) -> Chunk {
        Chunk { buf: self.current.clone(), range }
    }

    /// The buffer for writing, with the bytes at `keep` moved to its front; the rest of its content means nothing.
    pub fn renew(&mut self, keep: Range<usize>) -> &mut Vec<u8> {
        if Arc::strong_count(&self.current) > 1 {
            let free = self.others.iter().position(|b| Arc::strong_count(b) == 1);
            let mut next = match free {
                Some(at) => self.others.swap_remove(at),
                None => Arc::default(),
            };
            let bytes = Arc::make_mut(&mut next);
            // Twice what is kept, so that there is room for more.
            bytes.resize(self.len.max(keep.len() * 2), 0);
            bytes[..keep.len()].copy_from_slice(&self.current[keep]);
            self.others.push(std::mem::replace(&mut self.current, next));
            return Arc::make_mut(&mut self.current);
        }
        let bytes = Arc::make_mut(&mut self.current);
        if keep.start > 0 {
            bytes.copy_within(keep, 0);
        }
        bytes
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.current
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_chunk_stays_as_it_was() {
        let mut buffer = Buffer::new(8);
        buffer.renew(0..0).copy_from_slice(b"abcdefgh");
        let held = buffer.chunk(0..6);
        let next = buffer.renew(6..8);
        assert_eq!((next.len(), &next[..2]), (8, &b"gh"[..]));
        next[2..4].copy_from_slice(b"ij");
        assert_eq!((&*held, &buffer[..4]), (&b"abcdef"[..], &b"ghij"[..]));
    }

    #[test]
    fn buffers_are_used_again() {
        let mut buffer = Buffer::new(8);
        let mut held: Vec<Chunk> = Vec::new();
        for round in 0..100u8 {
            buffer.renew(0..0)[0] = round;
            held.push(buffer.chunk(0..1));
            if held.len() > 3 {
                assert_eq!(held.remove(0)[0], round - 3);
            }
        }
        assert!(buffer.others.len() <= 4);
        held.clear();
        let before = buffer.current.as_ptr();
        assert_eq!(buffer.renew(0..0).as_ptr(), before, "not held, so not replaced");
    }
}
