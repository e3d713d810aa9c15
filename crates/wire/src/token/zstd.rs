//! zstd: one stream for the whole session, flushed before each block reference and file end.

use super::framing::{self, MAX_CHUNK, stream_error};
use crate::WireError;
use ::zstd::stream::raw::{CParameter, Decoder, Encoder, InBuffer, Operation, OutBuffer};

/// Room made for output before each call of the compressor.
const OUTPUT_STEP: usize = 32 << 10;

/// The most that the library takes everywhere.
const MAX_THREADS: u32 = 64;

/// The nearest level that the library knows.
pub(super) fn clamp_level(level: i32) -> i32 {
    let range = ::zstd::compression_level_range();
    level.clamp(*range.start(), *range.end())
}

/// The sending side.
pub(super) struct ZstdEncoder {
    z: Encoder<'static>,
    /// Compressed bytes that are not sent yet.
    buf: Vec<u8>,
    /// Literals have gone in since the last flush.
    pending: bool,
}

impl ZstdEncoder {
    pub(super) fn new(level: i32) -> Self {
        let z = Encoder::new(clamp_level(level)).expect("the level is within the library's range");
        ZstdEncoder { z, buf: Vec::new(), pending: false }
    }

    /// Compresses on as many threads of the library's own.
    pub(super) fn set_threads(&mut self, threads: u32) {
        self.z
            .set_parameter(CParameter::NbWorkers(threads.min(MAX_THREADS)))
            .expect("the library is built with threads, and no frame is begun");
    }

    pub(super) fn literal(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), WireError> {
        self.pending = true;
        let mut input = InBuffer::around(data);
        while input.pos() < data.len() {
            self.buf.reserve(OUTPUT_STEP);
            let at = self.buf.len();
            self.z
                .run(&mut input, &mut OutBuffer::around_pos(&mut self.buf, at))
                .map_err(|_| out_of_memory())?;
        }
        let whole = self.buf.len() - self.buf.len() % MAX_CHUNK;
        framing::put_data(&self.buf[..whole], out);
        self.buf.drain(..whole);
        Ok(())
    }

    pub(super) fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), WireError> {
        if !std::mem::take(&mut self.pending) {
            return Ok(());
        }
        loop {
            self.buf.reserve(OUTPUT_STEP);
            let at = self.buf.len();
            let left = self
                .z
                .flush(&mut OutBuffer::around_pos(&mut self.buf, at))
                .map_err(|_| out_of_memory())?;
            if left == 0 {
                break;
            }
        }
        framing::put_data(&self.buf, out);
        self.buf.clear();
        Ok(())
    }
}

/// The only way in which compressing from memory to memory fails: the library makes its tables and threads when it is first
/// used. As in rsync that is an error of the stream (code 12), told with zstd's number for it.
fn out_of_memory() -> WireError {
    stream_error("ZSTD_compressStream returned -64")
}

/// The receiving side. A frame that ends may be followed by another.
pub(super) struct ZstdDecoder {
    z: Decoder<'static>,
    input: Vec<u8>,
    pos: usize,
    /// There may be more output to fetch.
    busy: bool,
}

impl ZstdDecoder {
    pub(super) fn new() -> Self {
        let z = Decoder::new().expect("a decoder without a dictionary needs memory only");
        ZstdDecoder { z, input: Vec::new(), pos: 0, busy: false }
    }

    pub(super) fn chunk(&mut self, data: &[u8]) {
        self.input.clear();
        self.input.extend_from_slice(data);
        self.pos = 0;
        self.busy = true;
    }

    /// Fetches output into the spare room of `out`. Whether there was any.
    pub(super) fn pull(&mut self, out: &mut Vec<u8>) -> Result<bool, WireError> {
        while self.busy && out.len() < out.capacity() {
            let at = out.len();
            let mut input = InBuffer::around(&self.input[self.pos..]);
            self.z
                .run(&mut input, &mut OutBuffer::around_pos(out, at))
                .map_err(|e| stream_error(format!("zstd decompression failed: {e}")))?;
            let taken = input.pos();
            self.pos += taken;
            let all = self.pos == self.input.len();
            if all && out.len() < out.capacity() {
                self.busy = false;
            } else if taken == 0 && out.len() == at {
                return Err(stream_error("zstd decompression makes no progress"));
            }
        }
        Ok(!out.is_empty())
    }
}
