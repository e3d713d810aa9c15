//! A file's data: tokens to content, hashed on the way (sender: uncompressed tokens; whole-file checksum trailer).
use crate::{
    Error, ExitCode,
    conn::{Literal, Reader},
    log::{Role, sys_error_line},
};
use delta::checksum::FileHasher;
use fast_io::RecvHalf;
use fsroot::FileWriter;
use std::{fs::File, io, os::unix::fs::FileExt};
use wire::{
    Fault, WireError,
    sums::SumHead,
    token::{Token, TokenReader},
};

/// Matched runs are copied in pieces of this size, and runs of a file are hashed in them.
const PIECE: usize = 256 * 1024;

/// Where content goes, and where matched blocks come from.
pub(super) struct Output<'a> {
    /// `None`: everything is parsed and dropped.
    pub file: Option<&'a File>,
    pub writer: FileWriter,
    /// `None`: the trailer says nothing.
    pub hasher: Option<FileHasher>,
    pub basis: Option<&'a File>,
    pub basis_len: u64,
    /// The output is the basis.
    pub in_place: bool,
    /// For messages.
    pub name: &'a [u8],
    /// Shown when writing fails.
    pub path: &'a dyn Fn() -> Vec<u8>,
    pub tally: Tally,
}

/// What has arrived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub literal: u64,
    pub matched: u64,
    /// A run of the source was shorter than promised.
    pub short: bool,
}

/// Buffers that outlive a file.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Decompressed literals.
    data: Vec<u8>,
    /// Blocks of the basis.
    piece: Vec<u8>,
}

/// Consecutive matched blocks that are not copied yet.
#[derive(Debug, Default, Clone, Copy)]
struct Pending {
    offset: u64,
    len: usize,
}

impl Output<'_> {
    fn failed(&self, e: &io::Error) -> Error {
        let text = super::attrs::about("write failed on", &(self.path)(), "");
        Error::fatal(ExitCode::FILE_IO, sys_error_line(Role::Receiver, text, e))
    }

    fn literal(&mut self, data: &[u8]) -> Result<(), Error> {
        if let Some(file) = self.file {
            if let Some(hasher) = &mut self.hasher {
                hasher.update(data);
            }
            self.writer.write(file, data).map_err(|e| self.failed(&e))?;
        }
        self.tally.literal += data.len() as u64;
        Ok(())
    }

    /// A run of a file that crossed the link as a handle.
    fn range(&mut self, range: &fast_io::FileRange, scratch: &mut Scratch) -> Result<(), Error> {
        let Some(file) = self.file else { return Ok(()) };
        self.tally.literal += range.len;
        if self.hasher.is_none() {
            let copied = self
                .writer
                .copy_range(file, &range.file, range.offset, range.len)
                .map_err(|e| self.failed(&e))?;
            self.tally.short |= copied < range.len;
            return Ok(());
        }
        let (mut offset, mut left) = (range.offset, range.len);
        while left > 0 {
            let n = left.min(PIECE as u64) as usize;
            scratch.piece.resize(n, 0);
            let got = read_full(&range.file, &mut scratch.piece, offset).unwrap_or(0);
            self.tally.short |= got < n;
            scratch.piece[got..].fill(0);
            if let Some(hasher) = &mut self.hasher {
                hasher.update(&scratch.piece);
            }
            self.writer.write(file, &scratch.piece).map_err(|e| self.failed(&e))?;
            offset += n as u64;
            left -= n as u64;
        }
        Ok(())
    }

    /// Copies matched blocks, and leaves their content in the scratch buffer if `keep`.
    fn matched(&mut self, run: Pending, keep: bool, scratch: &mut Scratch) -> Result<(), Error> {
        if run.len == 0 {
            return Ok(());
        }
        self.tally.matched += run.len as u64;
        let (Some(file), Some(basis)) = (self.file, self.basis) else {
            if keep {
                scratch.piece.clear();
                scratch.piece.resize(run.len, 0);
            }
            return Ok(());
        };
        let end = run.offset.saturating_add(run.len as u64);
        let stays = self.in_place && run.offset == self.writer.offset() && end <= self.basis_len;
        if stays && self.hasher.is_none() && !keep {
            self.writer.skip(run.len as u64);
            return Ok(());
        }
        scratch.piece.resize(run.len, 0);
        // What the basis does not have reads as zeros, and the checksum will tell.
        let got = read_full(basis, &mut scratch.piece, run.offset).unwrap_or(0);
        scratch.piece[got..].fill(0);
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&scratch.piece);
        }
        if stays && got == run.len {
            self.writer.skip(run.len as u64);
            return Ok(());
        }
        self.writer.write(file, &scratch.piece).map_err(|e| self.failed(&e))
    }
}

fn read_full(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut got = 0;
    while got < buf.len() {
        match file.read_at(&mut buf[got..], offset + got as u64) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(got)
}

/// Reads the tokens of one file up to its end. `progress` is told how far the file has come.
pub(super) fn receive<R: RecvHalf>(
    reader: &mut Reader<R>,
    tokens: &mut TokenReader,
    scratch: &mut Scratch,
    head: &SumHead,
    out: &mut Output<'_>,
    mut progress: impl FnMut(&Tally),
) -> Result<(), Error> {
    tokens.begin(head.count);
    let wants_matched = tokens.wants_matched();
    let mut pending = Pending::default();
    progress(&out.tally);
    loop {
        let data = &mut scratch.data;
        let token = reader.read(|c| tokens.next(c, data))?;
        if let Token::Block(index) = token {
            if out.basis.is_none() && out.file.is_some() {
                let name = String::from_utf8_lossy(out.name);
                let text = format!("got a block match with no basis file for {name}");
                return Err(WireError::new(Fault::Protocol, text).with_role().into());
            }
            let offset = u64::from(index) * u64::from(head.blength);
            let len = head.block_len(index) as usize;
            let follows = pending.len > 0 && pending.offset + pending.len as u64 == offset;
            if wants_matched {
                out.matched(Pending { offset, len }, true, scratch)?;
                tokens.matched(&scratch.piece);
            } else if follows && pending.len + len <= PIECE {
                pending.len += len;
            } else {
                out.matched(std::mem::take(&mut pending), false, scratch)?;
                pending = Pending { offset, len };
            }
            progress(&out.tally);
            continue;
        }
        out.matched(std::mem::take(&mut pending), false, scratch)?;
        match token {
            Token::Raw(len) => {
                let mut left = len as usize;
                while left > 0 {
                    match reader.literal(left)? {
                        Literal::Bytes(data) => {
                            left -= data.len().min(left);
                            out.literal(data)?;
                        }
                        Literal::Range(range) => {
                            left -= (range.len as usize).min(left);
                            out.range(&range, scratch)?;
                        }
                    }
                    progress(&out.tally);
                }
            }
            Token::Data => {
                let data = std::mem::take(&mut scratch.data);
                let written = out.literal(&data);
                scratch.data = data;
                written?;
                progress(&out.tally);
            }
            Token::Block(_) => {}
            Token::End => return Ok(()),
        }
    }
}
