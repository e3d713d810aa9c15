//! Writing token streams.

#[cfg(feature = "zstd")]
use super::zstd::ZstdEncoder;
use super::{
    Compressor,
    deflate::{Deflater, History},
    framing::{self, RunWriter},
    lz4::Lz4Encoder,
    plain,
};
use crate::{Protocol, WireError};

/// Writes the compressed (or plain) token stream of file after file.
pub struct TokenWriter {
    encoder: Encoder,
    runs: RunWriter,
    wants_matched: bool,
}

enum Encoder {
    Plain,
    Deflate(Deflater),
    #[cfg(feature = "zstd")]
    Zstd(ZstdEncoder),
    Lz4(Lz4Encoder),
}

impl TokenWriter {
    /// A session's writer; `Compressor::None` is plain. `level` is what [`Compressor::level`] gave,
    /// or 0 to have zlib and zlibx store.
    pub fn new(p: Protocol, c: Compressor, level: i32) -> Self {
        let encoder = match c {
            Compressor::None => Encoder::Plain,
            Compressor::Zlib => Encoder::Deflate(Deflater::new(History::zlib(p), level)),
            Compressor::Zlibx => Encoder::Deflate(Deflater::new(History::Literals, level)),
            #[cfg(feature = "zstd")]
            Compressor::Zstd => Encoder::Zstd(ZstdEncoder::new(level)),
            Compressor::Lz4 => Encoder::Lz4(Lz4Encoder::new()),
        };
        TokenWriter { encoder, runs: RunWriter::default(), wants_matched: c == Compressor::Zlib }
    }

    /// Lets the compressor use as many threads of its own, if it can (zstd). Call it before anything is written.
    #[must_use]
    #[cfg_attr(not(feature = "zstd"), expect(unused_mut, unused_variables))]
    pub fn with_threads(mut self, threads: u32) -> Self {
        #[cfg(feature = "zstd")]
        if let (Encoder::Zstd(z), 1..) = (&mut self.encoder, threads) {
            z.set_threads(threads);
        }
        self
    }

    /// Whether the stream is plain, so that literal runs may be sent as file ranges behind
    /// [`literal_head`](super::literal_head).
    pub fn is_plain(&self) -> bool {
        matches!(self.encoder, Encoder::Plain)
    }

    /// Starts a file.
    pub fn begin(&mut self) {
        self.runs = RunWriter::default();
        match &mut self.encoder {
            Encoder::Deflate(z) => z.begin(),
            Encoder::Lz4(z) => z.begin(),
            // What a broken-off file left in the zstd stream goes out with the next flush; a
            // session does not go on after breaking off a file.
            #[cfg(feature = "zstd")]
            Encoder::Zstd(_) => {}
            Encoder::Plain => {}
        }
    }

    /// Appends literal bytes (plain: in tokens of at most 32768).
    ///
    /// # Errors
    /// The compressor has no memory to work in, here and below: code 12, and the stream is broken off.
    pub fn literal(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), WireError> {
        if data.is_empty() {
            return Ok(());
        }
        self.runs.flush(out);
        match &mut self.encoder {
            Encoder::Plain => plain::put_literal(data, out),
            Encoder::Deflate(z) => z.literal(data, out),
            #[cfg(feature = "zstd")]
            Encoder::Zstd(z) => z.literal(data, out)?,
            Encoder::Lz4(z) => z.literal(data, out),
        }
        Ok(())
    }

    /// Appends a reference to block `index`; `data` is the block's content (needed by zlib only,
    /// may be empty otherwise, see [`Self::wants_matched`]).
    ///
    /// # Errors
    /// See [`Self::literal`].
    pub fn block(&mut self, index: u32, data: &[u8], out: &mut Vec<u8>) -> Result<(), WireError> {
        if self.is_plain() {
            plain::put_block(index, out);
            return Ok(());
        }
        self.flush_literals(out)?;
        self.runs.add(index, out);
        if let Encoder::Deflate(z) = &mut self.encoder {
            z.matched(data);
        }
        Ok(())
    }

    /// Whether [`Self::block`] needs the block's content.
    pub fn wants_matched(&self) -> bool {
        self.wants_matched
    }

    /// Appends the end of the file.
    ///
    /// # Errors
    /// See [`Self::literal`].
    pub fn end(&mut self, out: &mut Vec<u8>) -> Result<(), WireError> {
        if self.is_plain() {
            plain::put_end(out);
            return Ok(());
        }
        self.flush_literals(out)?;
        self.runs.flush(out);
        framing::put_end(out);
        Ok(())
    }

    fn flush_literals(&mut self, out: &mut Vec<u8>) -> Result<(), WireError> {
        match &mut self.encoder {
            Encoder::Plain => {}
            Encoder::Deflate(z) => z.flush(out),
            #[cfg(feature = "zstd")]
            Encoder::Zstd(z) => z.flush(out)?,
            Encoder::Lz4(z) => z.flush(out),
        }
        Ok(())
    }
}
