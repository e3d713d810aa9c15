//! Token streams, plain and compressed (spec chapter 03, Uncompressed tokens; Compressed token streams).
use crate::{Cursor, Decode, Protocol};
/// Compression algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Compressor {
    None,
    Zlib,
    Zlibx,
    Zstd,
    Lz4,
}
impl Compressor {
    /// Names for negotiation, in our order of preference, without `none`.
    pub const NAMES: [&'static str; 4] = ["zstd", "lz4", "zlibx", "zlib"];
    /// By name (case-insensitive), including `none`.
    pub fn from_name(name: &str) -> Option<Self> {
        let _ = name;
        todo!()
    }
    /// The name.
    pub fn name(self) -> &'static str {
        todo!()
    }
    /// The level that a requested `level` means, clamped (`None` = default); `None` if the level turns compression off (0 for zlib, zlibx).
    pub fn level(self, level: Option<i32>) -> Option<i32> {
        let _ = level;
        todo!()
    }
}
/// Appends the 4-byte token that announces `len` literal bytes of an uncompressed stream.
pub fn put_literal_head(len: u32, out: &mut Vec<u8>) {
    let _ = (len, out);
    todo!()
}
/// Writes the compressed (or plain) token stream of file after file.
pub struct TokenWriter {
    _p: (),
}
impl TokenWriter {
    /// A session's writer; `Compressor::None` is plain.
    pub fn new(p: Protocol, c: Compressor, level: i32) -> Self {
        let _ = (p, c, level);
        TokenWriter { _p: () }
    }
    /// Whether the stream is plain, so that literal runs may be sent as file ranges behind [`put_literal_head`].
    pub fn is_plain(&self) -> bool {
        todo!()
    }
    /// Starts a file.
    pub fn begin(&mut self) {
        todo!()
    }
    /// Appends literal bytes (plain: in tokens of at most 32768).
    pub fn literal(&mut self, data: &[u8], out: &mut Vec<u8>) {
        let _ = (data, out);
        todo!()
    }
    /// Appends a reference to block `index`; `data` is the block's content (needed by zlib only, may be empty otherwise, see [`Self::wants_matched`]).
    pub fn block(&mut self, index: u32, data: &[u8], out: &mut Vec<u8>) {
        let _ = (index, data, out);
        todo!()
    }
    /// Whether [`Self::block`] and [`TokenReader::matched`] need the block's content.
    pub fn wants_matched(&self) -> bool {
        todo!()
    }
    /// Appends the end of the file.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        let _ = out;
        todo!()
    }
}
/// What a token stream says next.
#[derive(Debug, PartialEq, Eq)]
pub enum Token {
    /// Plain stream: this many literal bytes follow in the stream; the caller takes them itself.
    Raw(u32),
    /// Compressed stream: literal bytes, in the buffer given to `next`.
    Data,
    /// Copy block (checked against the count).
    Block(u32),
    /// End of file.
    End,
}
/// Reads token streams.
pub struct TokenReader {
    _p: (),
}
impl TokenReader {
    /// A session's reader.
    pub fn new(p: Protocol, c: Compressor) -> Self {
        let _ = (p, c);
        TokenReader { _p: () }
    }
    /// Starts a file whose basis has `count` blocks.
    pub fn begin(&mut self, count: u32) {
        let _ = count;
        todo!()
    }
    /// The next token; literal bytes of a compressed stream replace the content of `data` (at most 64 KiB per call). Errors as chapter 03, Hostile or malformed input.
    pub fn next(&mut self, c: &mut Cursor<'_>, data: &mut Vec<u8>) -> Decode<Token> {
        let _ = (c, data);
        todo!()
    }
    /// Tells the reader the content of a block it announced (zlib history). When discarding, pass zeros of the block's length.
    pub fn matched(&mut self, data: &[u8]) {
        let _ = data;
        todo!()
    }
    /// Whether [`Self::matched`] must be called.
    pub fn wants_matched(&self) -> bool {
        todo!()
    }
}
