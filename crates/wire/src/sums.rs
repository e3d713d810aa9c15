//! Sum heads and block sums (spec chapter 03, Sum head and block checksums).
use crate::{Cursor, Decode, Protocol};
/// The head of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SumHead {
    /// Number of blocks.
    pub count: u32,
    /// Bytes of each block but the last.
    pub blength: u32,
    /// Bytes of each strong sum.
    pub s2length: u32,
    /// Bytes of the last block, 0 when it is full.
    pub remainder: u32,
}
impl SumHead {
    /// Decodes and checks a head: every bound of chapter 03 (Hostile or malformed input), with `digest_len` the transfer
    /// checksum's length and `max_alloc` the bound on count * (4 + s2length) (code 22).
    pub fn decode(
        p: Protocol,
        digest_len: usize,
        max_alloc: u64,
        c: &mut Cursor<'_>,
    ) -> Decode<SumHead> {
        let _ = (p, digest_len, max_alloc, c);
        todo!()
    }
    /// Appends the four integers.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let _ = out;
        todo!()
    }
    /// The sizes that rsync's generator chooses for a basis of `len` bytes; `block_size` is
    /// `--block-size` (0 = automatic), `redo` asks for full-length sums. `None` if the count does not fit.
    pub fn choose(
        p: Protocol,
        len: u64,
        block_size: u32,
        digest_len: usize,
        redo: bool,
    ) -> Option<SumHead> {
        let _ = (p, len, block_size, digest_len, redo);
        todo!()
    }
    /// Length of block `i`.
    pub fn block_len(&self, i: u32) -> u32 {
        let _ = i;
        todo!()
    }
    /// Length of the file that the head describes.
    pub fn flength(&self) -> u64 {
        todo!()
    }
}
