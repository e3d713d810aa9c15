//! The one reader of bytes from a peer; it cannot read past its end.

use crate::error::{Decode, DecodeError};

/// A position in the bytes that have arrived so far.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    buf: &'a [u8],
    pos: usize,
}

impl<'a> Cursor<'a> {
    /// Starts at the beginning of `buf`.
    pub fn new(buf: &'a [u8]) -> Self {
        Cursor { buf, pos: 0 }
    }
    /// Bytes consumed so far.
    #[inline]
    pub fn position(&self) -> usize {
        self.pos
    }
    /// Bytes not yet consumed.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.buf.len() - self.pos
    }
    /// The next `n` bytes; nothing is consumed if there are fewer.
    #[inline]
    pub fn take(&mut self, n: usize) -> Decode<&'a [u8]> {
        match self.buf.get(self.pos..).and_then(|rest| rest.get(..n)) {
            Some(bytes) => {
                self.pos += n;
                Ok(bytes)
            }
            None => Err(DecodeError::Incomplete(n - self.remaining())),
        }
    }
    /// The next `N` bytes as an array.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Decode<[u8; N]> {
        let mut a = [0; N];
        a.copy_from_slice(self.take(N)?);
        Ok(a)
    }
    /// One byte.
    #[inline]
    pub fn byte(&mut self) -> Decode<u8> {
        Ok(self.array::<1>()?[0])
    }
    /// The next byte, without consuming it.
    #[inline]
    pub fn peek(&self) -> Decode<u8> {
        self.clone().byte()
    }
    /// Two bytes, little-endian, unsigned.
    #[inline]
    pub fn shortint(&mut self) -> Decode<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }
    /// Four bytes, little-endian, signed.
    #[inline]
    pub fn int32(&mut self) -> Decode<i32> {
        Ok(i32::from_le_bytes(self.array()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cannot_read_past_the_end() {
        let mut c = Cursor::new(&[1, 2, 3]);
        assert_eq!(c.shortint(), Ok(0x0201));
        assert_eq!(c.int32(), Err(DecodeError::Incomplete(3)));
        assert_eq!(c.take(usize::MAX), Err(DecodeError::Incomplete(usize::MAX - 1)));
        assert_eq!((c.position(), c.remaining()), (2, 1));
        assert_eq!(c.peek(), Ok(3));
        assert_eq!(c.byte(), Ok(3));
        assert_eq!(c.byte(), Err(DecodeError::Incomplete(1)));
        assert_eq!(c.take(0), Ok(&[][..]));
    }
}
