//! Writing a file: plain, sparse, in place.
//!
//! Everything is written by position. Small pieces gather in a buffer, large ones go straight to
//! the file, and ranges of another file are copied by the kernel, which shares their extents
//! where the file system can. Zeros under `--sparse` are noted as a hole and only turned into one
//! (by leaving it out, or by punching where bytes may already stand) when data follows or the file
//! ends, so that neighbouring runs become one.

#[cfg(test)]
mod tests;
mod zeros;

use crate::sys::{self, Errno};
use std::fs::File;
use std::io;
use std::ops::Range;
use zeros::{MIN_HOLE, leading_zeros, trailing_zeros, zero_run};

/// Writes are gathered up to this size, and reads for a copy are as large.
const BUFFER: usize = 256 * 1024;
/// Pieces from here on are not gathered if nothing waits before them.
const LARGE: usize = 32 * 1024;
/// Ranges from here on are copied by the kernel.
const KERNEL_COPY: u64 = 64 * 1024;
/// The most asked of the kernel at once, so that a signal is not long without an answer.
const KERNEL_PIECE: u64 = 1 << 30;

static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// Bytes by the way they took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    /// Written from memory.
    pub written: u64,
    /// Copied from another file inside the kernel.
    pub copied_by_kernel: u64,
    /// Left out or punched as holes.
    pub holes: u64,
}

/// What becomes of bytes that are no zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Solid {
    IsWritten,
    Stays,
}

/// Writes a file's content in order; makes holes under `--sparse`.
#[derive(Debug, Default)]
pub struct FileWriter {
    sparse: bool,
    in_place: bool,
    device: bool,
    preallocated: bool,
    /// The length that the file will probably have.
    expected: Option<u64>,
    /// Where the next byte goes.
    pos: u64,
    buffer: Vec<u8>,
    /// Where the buffer's first byte goes.
    buffer_start: u64,
    /// Zeros before which everything is written.
    hole: Option<Range<u64>>,
    /// How far bytes may have been in the file before us, once known.
    existing: Option<u64>,
    /// End of what we wrote.
    written_end: u64,
    moved: Moved,
}

impl FileWriter {
    /// `in_place`: existing bytes may be there (holes must be punched).
    pub fn new(sparse: bool, in_place: bool) -> Self {
        FileWriter { sparse, in_place, ..FileWriter::default() }
    }

    /// Says how long the file will probably become: a piece of that length is not gathered with others.
    pub fn expect(mut self, len: u64) -> Self {
        self.expected = Some(len);
        self
    }

    /// For a device (`--write-devices`): in place, and never truncated.
    pub fn for_device(sparse: bool) -> Self {
        FileWriter {
            sparse,
            in_place: true,
            device: true,
            existing: Some(u64::MAX),
            ..FileWriter::default()
        }
    }

    /// Reserves the space of a file of `len` bytes (`--preallocate`). Call it before writing; that
    /// it fails is no reason not to write.
    pub fn preallocate(&mut self, f: &File, len: u64) -> io::Result<()> {
        if len == 0 || self.device {
            return Ok(());
        }
        let before = self.existing(f)?;
        if before >= len {
            return Ok(());
        }
        if self.sparse {
            // Holes can be punched below the file's end only. One byte less than the whole, or an
            // interrupted file would look complete.
            if len - 1 > before {
                sys::preallocate(f, len - 1, false)?;
                self.existing = Some(len - 1);
            }
        } else {
            sys::preallocate(f, len, true)?;
        }
        self.preallocated = true;
        Ok(())
    }

    /// Writes at the current offset.
    pub fn write(&mut self, f: &File, data: &[u8]) -> io::Result<()> {
        let next = self.pos.checked_add(data.len() as u64).ok_or(Errno::FBIG)?;
        self.join_buffer(f)?;
        // Gathering is for small pieces: a large one is written from where it is, behind what waits.
        if self.buffer.len() + data.len() > BUFFER || data.len() >= LARGE {
            self.flush(f)?;
        }
        let whole = self.pos == 0 && Some(data.len() as u64) == self.expected;
        if self.buffer.is_empty() && (whole || data.len() >= LARGE) {
            self.emit(f, self.pos, data, Solid::IsWritten)?;
        } else {
            if self.buffer.is_empty() {
                self.buffer_start = self.pos;
            }
            self.buffer.extend_from_slice(data);
        }
        self.pos = next;
        Ok(())
    }

    /// Writes several pieces at the current offset, one behind the other. `pieces` means nothing afterwards.
    pub fn write_pieces(&mut self, f: &File, mut pieces: &mut [io::IoSlice<'_>]) -> io::Result<()> {
        let len: usize = pieces.iter().map(|piece| piece.len()).sum();
        if self.sparse || len < LARGE || pieces.len() < 2 {
            return pieces.iter().try_for_each(|piece| self.write(f, piece));
        }
        self.flush(f)?;
        let end = self.pos.checked_add(len as u64).ok_or(Errno::FBIG)?;
        while self.pos < end {
            match sys::write_vectored_at(f, pieces, self.pos) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    io::IoSlice::advance_slices(&mut pieces, n);
                    self.moved.written += n as u64;
                    self.pos += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        self.written_end = self.written_end.max(self.pos);
        Ok(())
    }

    /// Copies `len` bytes of `src` at `offset` to the current offset: by the kernel where it can,
    /// else by reading and writing. A short source is filled with zeros and reported as
    /// `Ok(bytes really copied)`. `src` may be the file itself, if `offset` is not before the
    /// current one.
    pub fn copy_range(&mut self, f: &File, src: &File, offset: u64, len: u64) -> io::Result<u64> {
        let end = offset.checked_add(len).ok_or(Errno::OVERFLOW)?;
        self.pos.checked_add(len).ok_or(Errno::FBIG)?;
        let mut from = offset;
        if !self.sparse && len >= KERNEL_COPY {
            self.flush(f)?;
            while from < end && self.copy_by_kernel(f, src, &mut from, end)? {}
        }
        while from < end && self.copy_by_buffer(f, src, &mut from, end)? {}
        self.fill(f, end - from)?;
        Ok(from - offset)
    }

    /// Goes past `data`, which stands there already; under `--sparse` its zeros become holes.
    pub fn keep(&mut self, f: &File, data: &[u8]) -> io::Result<()> {
        let next = self.pos.checked_add(data.len() as u64).ok_or(Errno::FBIG)?;
        if self.sparse {
            self.flush(f)?;
            self.emit(f, self.pos, data, Solid::Stays)?;
        }
        self.pos = next;
        Ok(())
    }

    /// Whether holes are made.
    pub fn is_sparse(&self) -> bool {
        self.sparse
    }

    /// Skips bytes that already stand there (in-place match at its own offset).
    pub fn skip(&mut self, len: u64) {
        self.pos = self.pos.saturating_add(len);
    }

    /// Where the next byte goes.
    pub fn offset(&self) -> u64 {
        self.pos
    }

    /// What went which way so far; what waits in the buffer is not counted yet.
    pub fn moved(&self) -> Moved {
        self.moved
    }

    /// Writes what waits, makes a trailing hole and sets the final length.
    pub fn finish(&mut self, f: &File) -> io::Result<()> {
        self.flush(f)?;
        // As with rsync, zeros at the end of what was reserved for a new file stay reserved.
        if self.preallocated && !self.in_place {
            self.hole = None;
        }
        self.make_hole(f)?;
        if self.device {
            return Ok(());
        }
        // What is changed in place has changed now, even if every byte was there already.
        if self.in_place || self.preallocated || self.written_end != self.pos {
            f.set_len(self.pos)?;
        }
        Ok(())
    }

    fn existing(&mut self, f: &File) -> io::Result<u64> {
        if !self.in_place {
            return Ok(self.existing.unwrap_or(0));
        }
        if let Some(len) = self.existing {
            return Ok(len);
        }
        let len = f.metadata()?.len();
        self.existing = Some(len);
        Ok(len)
    }

    /// After a skip the buffer is elsewhere.
    fn join_buffer(&mut self, f: &File) -> io::Result<()> {
        if self.buffer_start + self.buffer.len() as u64 != self.pos {
            self.flush(f)?;
        }
        Ok(())
    }

    /// Writes what waits, for a file that will not be finished.
    pub fn flush(&mut self, f: &File) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let result = self.emit(f, self.buffer_start, &buffer, Solid::IsWritten);
        buffer.clear();
        self.buffer = buffer;
        result
    }

    /// Puts `data` at `start`, with holes if wanted.
    fn emit(&mut self, f: &File, start: u64, data: &[u8], solid_part: Solid) -> io::Result<()> {
        if !self.sparse {
            return self.write_at(f, start, data);
        }
        let lead = leading_zeros(data);
        self.note_hole(f, start, lead)?;
        if lead == data.len() {
            return Ok(());
        }
        let solid = data.len() - trailing_zeros(data);
        let mut at = lead;
        while at < solid {
            let run = zero_run(&data[at..solid]).map(|r| r.start + at..r.end + at);
            let stop = run.as_ref().map_or(solid, |r| r.start);
            self.make_hole(f)?;
            if solid_part == Solid::IsWritten {
                self.write_at(f, start + at as u64, &data[at..stop])?;
            }
            let Some(run) = run else { break };
            self.note_hole(f, start + run.start as u64, run.len())?;
            at = run.end;
        }
        self.note_hole(f, start + solid as u64, data.len() - solid)
    }

    fn note_hole(&mut self, f: &File, start: u64, len: usize) -> io::Result<()> {
        if len == 0 {
            return Ok(());
        }
        let end = start.checked_add(len as u64).ok_or(Errno::FBIG)?;
        if let Some(hole) = self.hole.as_mut().filter(|hole| hole.end == start) {
            hole.end = end;
            return Ok(());
        }
        self.make_hole(f)?;
        self.hole = Some(start..end);
        Ok(())
    }

    fn make_hole(&mut self, f: &File) -> io::Result<()> {
        let Some(hole) = self.hole.take() else { return Ok(()) };
        self.moved.holes += hole.end - hole.start;
        let end = hole.end.min(self.existing(f)?);
        // Past the old end, leaving it out is enough.
        if end <= hole.start {
            return Ok(());
        }
        let len = end - hole.start;
        // Punching less frees no block. The last one goes only if its end goes, too, which may be past the file's.
        let whole = hole.end - hole.start;
        if len >= MIN_HOLE as u64 && sys::punch_hole(f, hole.start, whole).is_ok() {
            return Ok(());
        }
        self.moved.holes -= len;
        self.zeros_at(f, hole.start, len)
    }

    fn zeros_at(&mut self, f: &File, mut start: u64, mut len: u64) -> io::Result<()> {
        while len > 0 {
            let n = len.min(ZEROS.len() as u64);
            self.write_at(f, start, &ZEROS[..n as usize])?;
            start += n;
            len -= n;
        }
        Ok(())
    }

    fn write_at(&mut self, f: &File, start: u64, mut data: &[u8]) -> io::Result<()> {
        let mut at = start;
        let mut result = Ok(());
        while !data.is_empty() && result.is_ok() {
            match sys::write_at(f, data, at) {
                Ok(0) => result = Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    data = &data[n..];
                    at += n as u64;
                    self.moved.written += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => result = Err(e),
            }
        }
        self.written_end = self.written_end.max(at);
        if result.is_err() {
            // What waited and did not get there is no part of a file that is finished all the same.
            self.pos = at;
        }
        result
    }

    /// One piece; `false` if the kernel will not, or the source seems to end.
    fn copy_by_kernel(
        &mut self,
        f: &File,
        src: &File,
        from: &mut u64,
        end: u64,
    ) -> io::Result<bool> {
        let piece = (end - *from).min(KERNEL_PIECE) as usize;
        let n = sys::copy_range(src, *from, f, self.pos, piece)? as u64;
        if n > 0 {
            *from += n;
            self.pos += n;
            self.written_end = self.written_end.max(self.pos);
            self.moved.copied_by_kernel += n;
        }
        Ok(n > 0)
    }

    /// One piece, read behind what waits in the buffer; `false` at the source's end.
    fn copy_by_buffer(
        &mut self,
        f: &File,
        src: &File,
        from: &mut u64,
        end: u64,
    ) -> io::Result<bool> {
        let len = end - *from;
        self.join_buffer(f)?;
        // Topping up a nearly full buffer would make tiny reads.
        if len.min(LARGE as u64) as usize > BUFFER.saturating_sub(self.buffer.len()) {
            self.flush(f)?;
        }
        if self.buffer.is_empty() {
            self.buffer_start = self.pos;
        }
        let room = BUFFER - self.buffer.len();
        let piece = usize::try_from(len).unwrap_or(room).min(room);
        let before = self.buffer.len();
        self.buffer.reserve(piece);
        let mut read = loop {
            match sys::read_at_spare(src, &mut self.buffer, *from) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        // The allocation may have had room for more than was asked.
        if read > piece {
            self.buffer.truncate(before + piece);
            read = piece;
        }
        *from += read as u64;
        self.pos += read as u64;
        Ok(read > 0)
    }

    /// Zeros at the current offset.
    fn fill(&mut self, f: &File, mut len: u64) -> io::Result<()> {
        while len > 0 {
            let n = len.min(ZEROS.len() as u64);
            self.write(f, &ZEROS[..n as usize])?;
            len -= n;
        }
        Ok(())
    }
}
