//! File indexes (spec chapter 03, Index codec).
use crate::{Cursor, Decode, Protocol};
/// End of a phase or list.
pub const DONE: i32 = -1;
/// No further incremental lists.
pub const FLIST_EOF: i32 = -2;
/// Deletion statistics follow.
pub const DEL_STATS: i32 = -3;
/// `FLIST_OFFSET - d`: the list of directory number `d` follows.
pub const FLIST_OFFSET: i32 = -101;
/// One direction's memory for encoding indexes.
#[derive(Debug, Clone)]
pub struct NdxEncoder {
    _p: Protocol,
}
impl NdxEncoder {
    /// A fresh direction.
    pub fn new(p: Protocol) -> Self {
        NdxEncoder { _p: p }
    }
    /// Appends `ndx`.
    pub fn encode(&mut self, ndx: i32, out: &mut Vec<u8>) {
        let _ = (ndx, out);
        todo!()
    }
}
/// One direction's memory for decoding indexes.
#[derive(Debug, Clone)]
pub struct NdxDecoder {
    _p: Protocol,
}
impl NdxDecoder {
    /// A fresh direction.
    pub fn new(p: Protocol) -> Self {
        NdxDecoder { _p: p }
    }
    /// The next index. Errors: code 2 `Invalid file index: N` with role.
    pub fn decode(&mut self, c: &mut Cursor<'_>) -> Decode<i32> {
        let _ = c;
        todo!()
    }
}
