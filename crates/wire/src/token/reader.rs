//! Reading token streams.

#[cfg(feature = "zstd")]
use super::zstd::ZstdDecoder;
use super::{
    Compressor,
    deflate::{History, Inflater},
    framing::{self, Record},
    lz4::{Lz4Decoder, MAX_BLOCK_OUTPUT},
    plain,
};
use crate::{Cursor, Decode, DecodeError, Fault, Protocol, WireError};

/// The most literal bytes that one call of [`TokenReader::next`] returns, however far a chunk
/// expands.
pub const MAX_TOKEN_DATA: usize = 64 << 10;

/// What a token stream says next.
#[derive(Debug, PartialEq, Eq)]
pub enum Token {
    /// Plain stream: this many literal bytes follow in the stream; the caller takes them itself.
    Raw(u32),
    /// Compressed stream: literal bytes, in the buffer given to `next`; there may be none.
    Data,
    /// Copy block (checked against the count).
    Block(u32),
    /// End of file.
    End,
}

/// Reads token streams.
pub struct TokenReader {
    decoder: Decoder,
    /// Blocks of the basis.
    count: u32,
    /// The last block named, 0 at a file's start.
    last: u32,
    /// The blocks of the current run that are still to be returned.
    run: std::ops::Range<u32>,
}

enum Decoder {
    Plain,
    Inflate(Inflater),
    #[cfg(feature = "zstd")]
    Zstd(ZstdDecoder),
    Lz4(Lz4Decoder),
}

impl TokenReader {
    /// A session's reader.
    pub fn new(p: Protocol, c: Compressor) -> Self {
        let decoder = match c {
            Compressor::None => Decoder::Plain,
            Compressor::Zlib => Decoder::Inflate(Inflater::new(History::zlib(p))),
            Compressor::Zlibx => Decoder::Inflate(Inflater::new(History::Literals)),
            #[cfg(feature = "zstd")]
            Compressor::Zstd => Decoder::Zstd(ZstdDecoder::new()),
            Compressor::Lz4 => Decoder::Lz4(Lz4Decoder::default()),
        };
        TokenReader { decoder, count: 0, last: 0, run: 0..0 }
    }

    /// Starts a file whose basis has `count` blocks.
    pub fn begin(&mut self, count: u32) {
        self.count = count;
        self.last = 0;
        self.run = 0..0;
        if let Decoder::Inflate(z) = &mut self.decoder {
            z.begin();
        }
    }

    /// The next token; literal bytes of a compressed stream replace the content of `data` (at most
    /// [`MAX_TOKEN_DATA`] per call; its capacity is made to fit). They may come from a chunk that
    /// an earlier call consumed. What is malformed is an error of the stream, code 12.
    pub fn next(&mut self, c: &mut Cursor<'_>, data: &mut Vec<u8>) -> Decode<Token> {
        data.clear();
        if let Decoder::Plain = self.decoder {
            let mut ahead = c.clone();
            let token = plain::next(&mut ahead)?;
            if let Token::Block(i) = token {
                self.check(i)?;
            }
            *c = ahead;
            return Ok(token);
        }
        let start = c.position();
        loop {
            if let Some(i) = self.run.next() {
                self.check(i)?;
                return Ok(Token::Block(i));
            }
            if self.decoder.pull(data)? {
                return Ok(Token::Data);
            }
            // All of the record must be here before anything changes.
            let mut ahead = c.clone();
            let record = match framing::record(&mut ahead, self.last) {
                // A chunk was taken and had nothing to say yet.
                Err(DecodeError::Incomplete(_)) if c.position() > start => return Ok(Token::Data),
                record => record?,
            };
            if let Record::Data(chunk) = record {
                self.decoder.chunk(chunk);
            } else if self.decoder.close() {
                continue;
            }
            *c = ahead;
            match record {
                Record::Data(_) => {}
                Record::End => return Ok(Token::End),
                Record::Blocks { first, last } => {
                    self.last = last;
                    self.run = first..last + 1;
                }
            }
        }
    }

    /// Tells the reader the content of a block it announced (zlib history). When discarding, pass
    /// zeros of the block's length.
    pub fn matched(&mut self, data: &[u8]) {
        if let Decoder::Inflate(z) = &mut self.decoder {
            z.matched(data);
        }
    }

    /// Whether [`Self::matched`] must be called.
    pub fn wants_matched(&self) -> bool {
        matches!(&self.decoder, Decoder::Inflate(z) if z.wants_matched())
    }

    fn check(&self, index: u32) -> Result<(), DecodeError> {
        if index < self.count {
            return Ok(());
        }
        let text = format!("Invalid block index {index} (count={})", self.count);
        Err(WireError::new(Fault::Protocol, text).with_role().into())
    }
}

impl Decoder {
    /// Takes a chunk of compressed data, after all output of the one before has been pulled.
    fn chunk(&mut self, data: &[u8]) {
        match self {
            Decoder::Plain => {}
            Decoder::Inflate(z) => z.chunk(data),
            #[cfg(feature = "zstd")]
            Decoder::Zstd(z) => z.chunk(data),
            Decoder::Lz4(z) => z.chunk(data),
        }
    }

    /// Something else than data comes next. Whether there is output to pull before.
    fn close(&mut self) -> bool {
        match self {
            Decoder::Inflate(z) => z.close(),
            #[cfg(feature = "zstd")]
            Decoder::Zstd(_) => false,
            Decoder::Plain | Decoder::Lz4(_) => false,
        }
    }

    /// Fills the empty `data` with output. Whether there was any.
    fn pull(&mut self, data: &mut Vec<u8>) -> Result<bool, WireError> {
        // Decompressors write to all of the room that there is, without it being zeroed first.
        if !(MAX_BLOCK_OUTPUT..=MAX_TOKEN_DATA).contains(&data.capacity()) {
            *data = Vec::with_capacity(MAX_TOKEN_DATA);
        }
        match self {
            Decoder::Plain => Ok(false),
            Decoder::Inflate(z) => z.pull(data),
            #[cfg(feature = "zstd")]
            Decoder::Zstd(z) => z.pull(data),
            Decoder::Lz4(z) => z.pull(data),
        }
    }
}
