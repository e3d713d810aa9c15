//! The uncompressed stream: positive integers announce literals, negative ones name blocks.

use super::reader::Token;
use crate::{Cursor, Decode};

/// The longest literal run that is sent as one token, in bytes: older receivers' buffers are made for it.
pub const MAX_LITERAL: usize = 32768;

/// The token that announces `len` literal bytes of an uncompressed stream; `len` is not 0 and fits
/// an `i32`.
pub fn literal_head(len: u32) -> [u8; 4] {
    len.to_le_bytes()
}

pub(super) fn put_literal(data: &[u8], out: &mut Vec<u8>) {
    out.reserve(data.len() + 4 * data.len().div_ceil(MAX_LITERAL));
    for piece in data.chunks(MAX_LITERAL) {
        out.extend_from_slice(&literal_head(piece.len() as u32));
        out.extend_from_slice(piece);
    }
}

/// Block i is -(i + 1), which is the complement of i.
pub(super) fn put_block(index: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&(!index).to_le_bytes());
}

pub(super) fn put_end(out: &mut Vec<u8>) {
    out.extend_from_slice(&0i32.to_le_bytes());
}

/// The next token; the caller checks the index of a block.
pub(super) fn next(c: &mut Cursor<'_>) -> Decode<Token> {
    let n = c.int32()?;
    Ok(match n {
        0 => Token::End,
        1.. => Token::Raw(n as u32),
        _ => Token::Block(!n as u32),
    })
}
