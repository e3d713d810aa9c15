//! The framing of compressed streams: chunks of compressed data, and block references as runs
//! relative to the last one.

use crate::{Cursor, Decode, Fault, WireError};

/// The most compressed bytes that one chunk can hold (14 bits of length).
pub(super) const MAX_CHUNK: usize = 16383;

const END: u8 = 0x00;
const LONG: u8 = 0x20;
const LONG_RUN: u8 = 0x21;
const DATA: u8 = 0x40;
const RELATIVE: u8 = 0x80;
const RELATIVE_RUN: u8 = 0xc0;
/// The bits of a flag byte that carry a value.
const VALUE: u8 = 0x3f;

/// Appends `data` as chunks.
pub(super) fn put_data(data: &[u8], out: &mut Vec<u8>) {
    out.reserve(data.len() + 2 * data.len().div_ceil(MAX_CHUNK));
    for chunk in data.chunks(MAX_CHUNK) {
        out.extend_from_slice(&[DATA | (chunk.len() >> 8) as u8, chunk.len() as u8]);
        out.extend_from_slice(chunk);
    }
}

/// Appends the end of the file.
pub(super) fn put_end(out: &mut Vec<u8>) {
    out.push(END);
}

/// The run of consecutive blocks that has not been written yet.
#[derive(Default)]
pub(super) struct RunWriter {
    /// The last block written, 0 at a file's start.
    last: u32,
    start: u32,
    /// Blocks in the run, at most one more than 16 bits can count.
    len: u32,
}

impl RunWriter {
    const MAX: u32 = 1 + u16::MAX as u32;

    /// Adds a block, writing the run before it if it does not continue that.
    pub(super) fn add(&mut self, index: u32, out: &mut Vec<u8>) {
        if self.len > 0 && self.len < Self::MAX && self.start.checked_add(self.len) == Some(index) {
            self.len += 1;
        } else {
            self.flush(out);
            self.start = index;
            self.len = 1;
        }
    }

    /// Writes the run, if there is one.
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        if self.len == 0 {
            return;
        }
        let more = self.len - 1;
        match self.start.checked_sub(self.last) {
            Some(step) if step <= u32::from(VALUE) => {
                out.push(step as u8 | if more > 0 { RELATIVE_RUN } else { RELATIVE });
            }
            _ => {
                out.push(if more > 0 { LONG_RUN } else { LONG });
                out.extend_from_slice(&self.start.to_le_bytes());
            }
        }
        if more > 0 {
            out.extend_from_slice(&(more as u16).to_le_bytes());
        }
        self.last = self.start + more;
        self.len = 0;
    }
}

/// One element of the framing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Record<'a> {
    End,
    /// Compressed bytes.
    Data(&'a [u8]),
    /// The blocks `first..=last`.
    Blocks {
        first: u32,
        last: u32,
    },
}

/// Reads one element; `last` is the last block so far.
pub(super) fn record<'a>(c: &mut Cursor<'a>, last: u32) -> Decode<Record<'a>> {
    let bad_token = || WireError::new(Fault::Protocol, "invalid token number in compressed stream");
    let flag = c.byte()?;
    let first = match flag {
        END => return Ok(Record::End),
        DATA..RELATIVE => {
            let len = usize::from(flag & VALUE) << 8 | usize::from(c.byte()?);
            if len == 0 {
                return Err(stream_error("empty chunk in compressed stream").into());
            }
            return Ok(Record::Data(c.take(len)?));
        }
        LONG | LONG_RUN => c.int32()?,
        RELATIVE.. => {
            let sum = last.checked_add(u32::from(flag & VALUE)).ok_or_else(bad_token)?;
            i32::try_from(sum).map_err(|_| bad_token())?
        }
        _ => {
            let text = format!("invalid flag byte {flag:#04x} in compressed stream");
            return Err(stream_error(text).into());
        }
    };
    let more = if flag == LONG_RUN || flag >= RELATIVE_RUN {
        match c.shortint()? {
            0 => return Err(bad_token().into()),
            n => i32::from(n),
        }
    } else {
        0
    };
    if first < 0 {
        return Err(bad_token().into());
    }
    let last = first.checked_add(more).ok_or_else(bad_token)?;
    Ok(Record::Blocks { first: first as u32, last: last as u32 })
}

/// The stream cannot be decoded (code 12).
pub(super) fn stream_error(text: impl Into<Vec<u8>>) -> WireError {
    WireError::new(Fault::Stream, text)
}
