//! The two ends of the matcher: the file that it looks at, and the tokens that what it finds becomes.
use super::{PIECE, frame_of, run::read_filled, run_producer};
use crate::{Error, conn::Writer, log::Log};
use delta::matching::{Sink, Source};
use fast_io::{FileRange, Producer, SendHalf};
use std::{
    fs::File,
    io::{self, IoSliceMut},
    sync::Arc,
};
use wire::token::TokenWriter;

/// The matcher's view of a file: a buffer that moves forward.
pub(super) struct FileWindow {
    file: Arc<File>,
    len: u64,
    pub buf: Vec<u8>,
    /// Offset of the buffer's first byte.
    start: u64,
    filled: usize,
    pub error: Option<io::Error>,
}

impl FileWindow {
    /// A view of the first `len` bytes; `buf` is memory to use.
    pub fn new(file: Arc<File>, len: u64, buf: Vec<u8>) -> FileWindow {
        FileWindow { file, len, buf, start: 0, filled: 0, error: None }
    }
}

impl Source for FileWindow {
    fn len(&self) -> u64 {
        self.len
    }
    fn window(&mut self, offset: u64, len: usize) -> io::Result<&[u8]> {
        let beyond = offset.checked_add(len as u64).is_none_or(|end| end > self.len);
        if beyond {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let held = self.start + self.filled as u64;
        if offset < self.start || offset > held {
            (self.start, self.filled) = (offset, 0);
        } else if offset + len as u64 > held {
            let keep = (offset - self.start) as usize;
            self.buf.copy_within(keep..self.filled, 0);
            self.filled -= keep;
            self.start = offset;
        }
        let at = (offset - self.start) as usize;
        let end = at + len;
        if end > self.filled {
            let rest = (self.len - self.start)
                .min((end - self.filled).max(PIECE) as u64 + self.filled as u64);
            let rest = rest as usize;
            if self.buf.len() < rest {
                self.buf.resize(rest, 0);
            }
            let target = &mut self.buf[self.filled..rest];
            if self.error.is_some() {
                target.fill(0);
            } else {
                let at = self.start + self.filled as u64;
                self.error = read_filled(&self.file, &mut [IoSliceMut::new(target)], at);
            }
            self.filled = rest;
        }
        Ok(&self.buf[at..end])
    }
}

/// Writes what the matcher finds.
pub(super) struct TokenSink<'a, W, P> {
    /// For lines about what matches, and where the last match ended.
    pub log: Option<&'a Log>,
    pub last_match: u64,
    /// The same with the blocks' rolling sums.
    pub sums: Option<&'a Vec<u32>>,
    pub writer: &'a mut Writer<W>,
    pub tokens: &'a mut TokenWriter,
    pub file: Arc<File>,
    /// Ranges may be used.
    pub ranges: bool,
    /// A range was shorter than it should be.
    pub short: bool,
    pub progress: &'a mut P,
}

impl<W: SendHalf, P: FnMut(u64)> Sink for TokenSink<'_, W, P> {
    type Error = Error;
    fn literal(&mut self, offset: u64, data: &[u8]) -> Result<(), Error> {
        let len = data.len() as u64;
        if self.ranges && self.writer.takes_range(&self.file, len) {
            let (frame, token) = frame_of(self.writer);
            let mut at = offset;
            while at < offset + len {
                let n = frame.min(offset + len - at);
                let range = FileRange { file: self.file.clone(), offset: at, len: n };
                self.short |= self.writer.range(&range, token)? < n;
                at += n;
            }
        } else {
            let producer = run_producer(self.tokens);
            self.tokens.literal(data, self.writer.buf_of(producer))?;
            self.writer.spill()?;
        }
        (self.progress)(offset + len);
        Ok(())
    }
    fn matched(&mut self, offset: u64, index: u32, data: &[u8]) -> Result<(), Error> {
        if let Some(log) = self.log {
            let (last, len) = (self.last_match, data.len());
            let n = offset.saturating_sub(last);
            if let Some(sum) = self.sums.and_then(|sums| sums.get(index as usize)) {
                log.info(format!("potential match at {offset} i={index} sum={sum:08x}"));
            }
            log.info(format!("match at {offset} last_match={last} j={index} len={len} n={n}"));
            self.last_match = offset + len as u64;
        }
        self.tokens.block(index, data, self.writer.buf_of(Producer::MatchedBlock))?;
        (self.progress)(offset + data.len() as u64);
        self.writer.spill()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &[u8]) -> Arc<File> {
        let f = tempfile::tempfile().expect("a temporary file");
        std::io::Write::write_all(&mut &f, content).expect("written");
        Arc::new(f)
    }

    #[test]
    fn windows_show_the_file() {
        let mut rng = fastrand::Rng::with_seed(3);
        let content: Vec<u8> = (0..3_000_000).map(|_| rng.u8(..)).collect();
        let mut w = FileWindow::new(file(&content), content.len() as u64, Vec::new());
        let mut at = 0usize;
        while at < content.len() {
            let len = rng.usize(1..600_000).min(content.len() - at);
            assert!(w.window(at as u64, len).expect("there") == &content[at..at + len]);
            at = (at + rng.usize(0..300_000)).saturating_sub(rng.usize(0..100_000)).max(at / 2 + 1);
            if at + 10 > content.len() {
                break;
            }
        }
        assert!(w.error.is_none());
        assert!(w.window(content.len() as u64, 1).is_err());
    }

    #[test]
    fn a_file_that_shrank_ends_in_zeros() {
        let mut w = FileWindow::new(file(b"abc"), 8, Vec::new());
        assert_eq!(w.window(0, 8).expect("filled"), b"abc\0\0\0\0\0");
        assert_eq!(w.error.expect("noted").raw_os_error(), fsroot::meta::shrunk().raw_os_error());
    }
}
