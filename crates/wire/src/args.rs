//! Argument blocks: the daemon's and secluded arguments (spec chapter 01, Daemon arguments; Secluded args).
use crate::{Cursor, Decode, Protocol};
/// Appends a block: each argument with its terminator (NUL for protocol 30 and later or `secluded`, else LF), then an empty one. Empty arguments become `.` if `secluded`.
pub fn encode_block(p: Protocol, secluded: bool, args: &[Vec<u8>], out: &mut Vec<u8>) {
    let _ = (p, secluded, args, out);
    todo!()
}
/// Reads a block one argument at a time.
#[derive(Debug)]
pub struct ArgBlockDecoder {
    _nul: bool,
}
impl ArgBlockDecoder {
    /// `nul`: arguments end in NUL, else in LF or CR. `max_len`: bytes of one argument (excess dropped); `max_args`.
    pub fn new(nul: bool, max_len: usize, max_args: usize) -> Self {
        let _ = (max_len, max_args);
        ArgBlockDecoder { _nul: nul }
    }
    /// The next argument; `None` at the end. Errors: code 2 `too many daemon arguments`.
    pub fn decode(&mut self, c: &mut Cursor<'_>) -> Decode<Option<Vec<u8>>> {
        let _ = c;
        todo!()
    }
}
