//! zlib and zlibx: one raw deflate stream for each file.
//!
//! Before a block reference or the end, the stream is sync-flushed and the four bytes that every
//! sync flush ends in are not sent. The reader puts them back.
//!
//! In the older form, zlib, matched blocks enter the history as if they had been sent, on both
//! sides. Only the last 32 KiB can ever be referred to, so nothing before them is inserted.

use super::framing::{self, MAX_CHUNK, stream_error};
use crate::{Protocol, WireError};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// What a sync flush ends in: length and complement of an empty stored block.
const SYNC_TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// How far back a deflate stream can refer.
const WINDOW: usize = 32768;
/// Matched data enters the history in pieces of this size, the most that a stored block can hold.
const MAX_PIECE: usize = 65535;
/// Room made for output before each call of the compressor.
const OUTPUT_STEP: usize = 32 << 10;

/// How matched blocks enter the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum History {
    /// Not at all (zlibx).
    Literals,
    /// In order (zlib).
    Matched,
    /// Each piece of a block repeats the block's beginning (zlib before protocol 31).
    MatchedRepeatedStart,
}

impl History {
    pub(super) fn zlib(p: Protocol) -> Self {
        if p.has_error_exit() { History::Matched } else { History::MatchedRepeatedStart }
    }

    pub(super) fn wants_matched(self) -> bool {
        self != History::Literals
    }

    /// The end of what `block` adds to the history, as two parts of at most a window together.
    fn tail(self, block: &[u8]) -> [&[u8]; 2] {
        let end_of = |data, len| {
            let data: &[u8] = data;
            &data[data.len().saturating_sub(len)..]
        };
        match self {
            History::Literals => [&[], &[]],
            History::MatchedRepeatedStart if block.len() > MAX_PIECE => {
                let last_piece = (block.len() - 1) % MAX_PIECE + 1;
                let last = end_of(&block[..last_piece], WINDOW);
                [end_of(&block[..MAX_PIECE], WINDOW - last.len()), last]
            }
            History::Matched | History::MatchedRepeatedStart => [&[], end_of(block, WINDOW)],
        }
    }
}

/// The sending side.
pub(super) struct Deflater {
    z: Compress,
    history: History,
    /// Compressed bytes that are not sent yet.
    buf: Vec<u8>,
    /// Literals have gone in since the last flush.
    pending: bool,
}

impl Deflater {
    pub(super) fn new(history: History, level: i32) -> Self {
        let level = level.clamp(0, 9) as u32;
        Deflater {
            z: Compress::new(Compression::new(level), false),
            // Stored blocks refer to nothing.
            history: if level == 0 { History::Literals } else { history },
            buf: Vec::new(),
            pending: false,
        }
    }

    pub(super) fn begin(&mut self) {
        self.z.reset();
        self.buf.clear();
        self.pending = false;
    }

    pub(super) fn literal(&mut self, data: &[u8], out: &mut Vec<u8>) {
        self.pending = true;
        self.deflate(data, FlushCompress::None);
        let whole = self.buf.len() - self.buf.len() % MAX_CHUNK;
        framing::put_data(&self.buf[..whole], out);
        self.buf.drain(..whole);
    }

    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        if !std::mem::take(&mut self.pending) {
            return;
        }
        self.deflate(&[], FlushCompress::Sync);
        debug_assert!(self.buf.ends_with(&SYNC_TAIL));
        self.buf.truncate(self.buf.len().saturating_sub(SYNC_TAIL.len()));
        framing::put_data(&self.buf, out);
        self.buf.clear();
    }

    /// Adds a matched block to the history; nothing is pending.
    pub(super) fn matched(&mut self, block: &[u8]) {
        for part in self.history.tail(block) {
            // At the boundary that a sync flush leaves, a dictionary is added to what is there.
            if !part.is_empty() && self.z.set_dictionary(part).is_err() {
                self.deflate(part, FlushCompress::Sync);
                self.buf.clear();
            }
        }
    }

    fn deflate(&mut self, mut data: &[u8], flush: FlushCompress) {
        loop {
            self.buf.reserve(OUTPUT_STEP);
            let before = self.z.total_in();
            self.z
                .compress_vec(data, &mut self.buf, flush)
                .expect("the compressor's state is never broken off");
            data = &data[(self.z.total_in() - before) as usize..];
            // Room left over means that it had nothing more to say.
            if data.is_empty() && self.buf.len() < self.buf.capacity() {
                return;
            }
        }
    }
}

/// The receiving side.
pub(super) struct Inflater {
    z: Decompress,
    history: History,
    /// Compressed bytes, of which those up to `pos` are done with.
    input: Vec<u8>,
    pos: usize,
    /// There may be more output to fetch.
    busy: bool,
    state: Sync,
    /// Output of inserted blocks.
    void: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sync {
    /// At a boundary; no data since.
    Clean,
    /// Data came in.
    Open,
    /// The tail of the flush is being read.
    Closing,
    /// The stream cannot be followed any more.
    Lost,
}

impl Inflater {
    pub(super) fn new(history: History) -> Self {
        Inflater {
            z: Decompress::new(false),
            history,
            input: Vec::new(),
            pos: 0,
            busy: false,
            state: Sync::Clean,
            void: Vec::new(),
        }
    }

    pub(super) fn wants_matched(&self) -> bool {
        self.history.wants_matched()
    }

    pub(super) fn begin(&mut self) {
        self.z.reset(false);
        self.input.clear();
        self.pos = 0;
        self.busy = false;
        self.state = Sync::Clean;
    }

    pub(super) fn chunk(&mut self, data: &[u8]) {
        self.feed(data);
        self.state = Sync::Open;
    }

    /// The data is over for now. Whether there is something to pull before going on.
    pub(super) fn close(&mut self) -> bool {
        let open = self.state == Sync::Open;
        if open {
            self.feed(&SYNC_TAIL);
            self.state = Sync::Closing;
        }
        open
    }

    /// Fetches output into the spare room of `out`. Whether there was any.
    pub(super) fn pull(&mut self, out: &mut Vec<u8>) -> Result<bool, WireError> {
        if self.state == Sync::Lost {
            return Err(lost());
        }
        if !self.busy {
            return Ok(false);
        }
        self.inflate(out)?;
        if self.pos == self.input.len() && out.len() < out.capacity() {
            self.busy = false;
            if self.state == Sync::Closing {
                self.check_boundary()?;
            }
        }
        Ok(!out.is_empty())
    }

    /// At a boundary an empty stored block is read and says nothing. Anywhere else it is unlikely
    /// to be understood at all.
    fn check_boundary(&mut self) -> Result<(), WireError> {
        self.state = Sync::Clean;
        self.feed(&[0x00, 0x00, 0x00, 0xff, 0xff]);
        self.busy = false;
        let mut void = std::mem::take(&mut self.void);
        void.clear();
        void.reserve(1);
        let result = self.inflate(&mut void);
        let quiet = void.is_empty();
        self.void = void;
        result?;
        if !quiet || self.pos < self.input.len() {
            self.state = Sync::Lost;
            return Err(lost());
        }
        Ok(())
    }

    /// Adds a matched block to the history by reading it as stored blocks.
    pub(super) fn matched(&mut self, block: &[u8]) {
        for part in self.history.tail(block) {
            if part.is_empty() || self.state == Sync::Lost {
                continue;
            }
            let len = part.len() as u16;
            self.input.clear();
            self.input.push(0);
            self.input.extend_from_slice(&len.to_le_bytes());
            self.input.extend_from_slice(&(!len).to_le_bytes());
            self.input.extend_from_slice(part);
            self.pos = 0;
            let mut void = std::mem::take(&mut self.void);
            void.clear();
            void.reserve(WINDOW + 1);
            if self.inflate(&mut void).is_err() || void != part {
                self.state = Sync::Lost;
            }
            self.void = void;
        }
    }

    fn feed(&mut self, data: &[u8]) {
        self.input.clear();
        self.input.extend_from_slice(data);
        self.pos = 0;
        self.busy = true;
    }

    /// Decompresses as much as fits.
    fn inflate(&mut self, out: &mut Vec<u8>) -> Result<(), WireError> {
        while self.pos < self.input.len() || self.busy {
            if out.len() == out.capacity() {
                return Ok(());
            }
            let (before_in, before_out) = (self.z.total_in(), out.len());
            let input = &self.input[self.pos..];
            let status = self.z.decompress_vec(input, out, FlushDecompress::None);
            self.pos += (self.z.total_in() - before_in) as usize;
            match status {
                Ok(Status::Ok | Status::BufError) => {}
                Ok(Status::StreamEnd) => {
                    self.state = Sync::Lost;
                    return Err(stream_error("inflate met the end of the compressed stream"));
                }
                Err(e) => {
                    self.state = Sync::Lost;
                    return Err(stream_error(format!("inflate failed: {e}")));
                }
            }
            if self.z.total_in() == before_in && out.len() == before_out {
                // Neither input taken nor output given: more input is needed, and if there is
                // some, it is not understood.
                return if self.pos < self.input.len() { Err(lost()) } else { Ok(()) };
            }
        }
        Ok(())
    }
}

fn lost() -> WireError {
    stream_error("lost synchronization in the compressed stream")
}
