//! lz4: every chunk is a block of its own.

use super::framing::{self, MAX_CHUNK, stream_error};
use crate::WireError;
use lz4_flex::block::{
    CompressTable, compress_into_with_table, decompress_into, get_maximum_output_size,
};

/// The most that a block may decompress to.
pub(super) const MAX_BLOCK_OUTPUT: usize = 32912;

/// The sending side.
pub(super) struct Lz4Encoder {
    table: CompressTable,
    /// Literals that do not fill a block yet.
    input: Vec<u8>,
    block: Vec<u8>,
}

impl Lz4Encoder {
    pub(super) fn new() -> Self {
        Lz4Encoder {
            table: CompressTable::small(),
            input: Vec::with_capacity(MAX_CHUNK),
            block: vec![0; get_maximum_output_size(MAX_CHUNK)],
        }
    }

    pub(super) fn begin(&mut self) {
        self.input.clear();
    }

    pub(super) fn literal(&mut self, mut data: &[u8], out: &mut Vec<u8>) {
        while !data.is_empty() {
            if self.input.is_empty() && data.len() >= MAX_CHUNK {
                let (block, rest) = data.split_at(MAX_CHUNK);
                self.put(block, out);
                data = rest;
                continue;
            }
            let room = MAX_CHUNK - self.input.len();
            let (part, rest) = data.split_at(room.min(data.len()));
            self.input.extend_from_slice(part);
            data = rest;
            if self.input.len() == MAX_CHUNK {
                self.flush(out);
            }
        }
    }

    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        if self.input.is_empty() {
            return;
        }
        let mut input = std::mem::take(&mut self.input);
        self.put(&input, out);
        input.clear();
        self.input = input;
    }

    /// Writes `data` as one block, or as two if it does not compress to a chunk.
    fn put(&mut self, data: &[u8], out: &mut Vec<u8>) {
        let len = compress_into_with_table(data, &mut self.block, &mut self.table)
            .expect("there is room for the largest result");
        if len <= MAX_CHUNK {
            framing::put_data(&self.block[..len], out);
        } else {
            let (front, back) = data.split_at(data.len() / 2);
            self.put(front, out);
            self.put(back, out);
        }
    }
}

/// The receiving side.
#[derive(Default)]
pub(super) struct Lz4Decoder {
    /// A block that has not been decompressed yet, or nothing.
    input: Vec<u8>,
}

impl Lz4Decoder {
    pub(super) fn chunk(&mut self, data: &[u8]) {
        self.input.clear();
        self.input.extend_from_slice(data);
    }

    /// Decompresses the block into `out`, which is empty. Whether there was one.
    pub(super) fn pull(&mut self, out: &mut Vec<u8>) -> Result<bool, WireError> {
        if self.input.is_empty() {
            return Ok(false);
        }
        out.resize(MAX_BLOCK_OUTPUT, 0);
        let len = decompress_into(&self.input, out)
            .map_err(|e| stream_error(format!("lz4 decompression failed: {e}")))?;
        if len == 0 {
            return Err(stream_error("empty block in lz4 stream"));
        }
        out.truncate(len);
        self.input.clear();
        Ok(true)
    }
}
