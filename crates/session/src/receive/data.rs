//! A file's data: tokens to content, hashed on the way (WIRE.md, Tokens; Trailer).
use crate::{
    Error, ExitCode,
    conn::{Buffer, Chunk, Literal, Reader},
    log::{Log, Role},
};
use delta::checksum::FileHasher;
use fast_io::{FileRange, RecvHalf};
use fsroot::FileWriter;
use std::{
    fs::File,
    io,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};
use wire::{
    Fault, WireError,
    sums::SumHead,
    token::{MAX_LITERAL, Token, TokenReader},
};

/// Matched runs are copied in pieces of this size, and runs of a file are hashed in them.
const PIECE: usize = 256 * 1024;
/// Parts go to the writing thread together until they make this many bytes, or are this many: waking a thread costs as
/// much as writing some of them.
const BATCH_BYTES: usize = 1 << 20;
const BATCH: usize = 64;
/// Batches that may wait for it.
const QUEUE: usize = 2;

/// Buffers that outlive a file.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Decompressed literals.
    data: Buffer,
    /// A block of the basis, for the decompressor.
    block: Vec<u8>,
    /// What an output read of its basis.
    pub piece: Vec<u8>,
}

/// Where content goes, and where matched blocks come from.
pub(super) struct Output<'a> {
    pub file: &'a File,
    pub writer: FileWriter,
    /// `None`: the trailer says nothing.
    pub hasher: Option<FileHasher>,
    pub basis: Option<&'a File>,
    pub basis_len: u64,
    /// The output is the basis.
    pub in_place: bool,
    /// A run of the source was shorter than promised.
    pub short: bool,
    /// What was read of the basis last.
    pub piece: Vec<u8>,
}

/// What has arrived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub literal: u64,
    pub matched: u64,
}

/// The next part of the content.
pub(super) enum Part {
    Literal(Chunk),
    /// A run of a file that crossed the link as a handle.
    Range(FileRange),
    Matched(Matched),
    /// No part: whoever gets it hashes what comes from here on.
    Hasher(Box<FileHasher>),
}

/// Consecutive blocks of the basis.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Matched {
    offset: u64,
    len: usize,
}

impl Output<'_> {
    /// Writes one part, and hashes it.
    fn put(&mut self, part: Part) -> io::Result<()> {
        match part {
            Part::Literal(data) => {
                if let Some(hasher) = &mut self.hasher {
                    hasher.update(&data);
                }
                self.writer.write(self.file, &data)
            }
            Part::Range(range) => self.range(&range),
            Part::Matched(run) => self.matched(run),
            Part::Hasher(hasher) => {
                self.hasher = Some(*hasher);
                Ok(())
            }
        }
    }

    /// Writes several parts, neighbouring literals by one call.
    fn put_all(&mut self, parts: Vec<Part>) -> io::Result<()> {
        let mut literals = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Part::Literal(data) => literals.push(data),
                other => {
                    self.literals(&mut literals)?;
                    self.put(other)?;
                }
            }
        }
        self.literals(&mut literals)
    }

    fn literals(&mut self, literals: &mut Vec<Chunk>) -> io::Result<()> {
        if let Some(hasher) = &mut self.hasher {
            literals.iter().for_each(|data| hasher.update(data));
        }
        let mut pieces: Vec<_> = literals.iter().map(|data| io::IoSlice::new(data)).collect();
        let written = self.writer.write_pieces(self.file, &mut pieces);
        literals.clear();
        written
    }

    fn range(&mut self, range: &FileRange) -> io::Result<()> {
        if self.hasher.is_none() {
            let copied = self.writer.copy_range(self.file, &range.file, range.offset, range.len)?;
            self.short |= copied < range.len;
            return Ok(());
        }
        let (mut offset, mut left) = (range.offset, range.len);
        while left > 0 {
            let n = left.min(PIECE as u64) as usize;
            self.short |= self.read(&range.file, offset, n) < n;
            if let Some(hasher) = &mut self.hasher {
                hasher.update(&self.piece);
            }
            self.writer.write(self.file, &self.piece)?;
            offset += n as u64;
            left -= n as u64;
        }
        Ok(())
    }

    /// Reads into `piece`; what is not there reads as zeros. Returns how much was there.
    fn read(&mut self, file: &File, offset: u64, len: usize) -> usize {
        self.piece.resize(len, 0);
        let got = read_full(file, &mut self.piece, offset).unwrap_or(0);
        self.piece[got..].fill(0);
        got
    }

    fn matched(&mut self, run: Matched) -> io::Result<()> {
        // Blocks without a basis are refused when they arrive.
        let Some(basis) = self.basis else { return Ok(()) };
        let end = run.offset.saturating_add(run.len as u64);
        let stays = self.in_place && run.offset == self.writer.offset() && end <= self.basis_len;
        if stays && self.hasher.is_none() && !self.writer.is_sparse() {
            self.writer.skip(run.len as u64);
            return Ok(());
        }
        // What the basis does not have the checksum will tell.
        let got = self.read(basis, run.offset, run.len);
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&self.piece);
        }
        if stays && got == run.len {
            return self.writer.keep(self.file, &self.piece);
        }
        self.writer.write(self.file, &self.piece)
    }
}

/// Why the data of a file was not taken to its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The link, or what came over it.
    Stream(Error),
    /// The parts could not be put where they belong.
    Output(io::Error),
}

impl From<Error> for Stop {
    fn from(e: Error) -> Stop {
        Stop::Stream(e)
    }
}

impl From<io::Error> for Stop {
    fn from(e: io::Error) -> Stop {
        Stop::Output(e)
    }
}

/// Hands parts to the thread that writes them, several at a time.
struct Batches {
    to: mpsc::SyncSender<Vec<Part>>,
    parts: Vec<Part>,
    bytes: usize,
    /// Literals are hashed here, while the cache still has them, until something else comes, whose bytes only the
    /// other thread reads.
    hasher: Option<Box<FileHasher>>,
}

impl Batches {
    fn put(&mut self, part: Part) -> io::Result<()> {
        let len = match &part {
            Part::Literal(data) => {
                if let Some(hasher) = &mut self.hasher {
                    hasher.update(data);
                }
                data.len()
            }
            Part::Matched(run) => run.len,
            Part::Range(range) => usize::try_from(range.len).unwrap_or(usize::MAX),
            Part::Hasher(_) => 0,
        };
        if !matches!(part, Part::Literal(_)) {
            self.parts.extend(self.hasher.take().map(Part::Hasher));
        }
        self.bytes = self.bytes.saturating_add(len);
        self.parts.push(part);
        if self.bytes < BATCH_BYTES && self.parts.len() < BATCH { Ok(()) } else { self.hand_over() }
    }

    fn hand_over(&mut self) -> io::Result<()> {
        self.bytes = 0;
        // The other side goes only after an error, which is the one that counts.
        self.to.send(std::mem::take(&mut self.parts)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// The data of one file: from the link into `out`, or nowhere. With `aside`, writing is another thread's work, while
/// this one reads on.
pub(super) fn take<R: RecvHalf>(
    mut incoming: Incoming<'_, R>,
    out: Option<&mut Output<'_>>,
    aside: bool,
) -> Result<(), Stop> {
    let Some(out) = out else { return incoming.run(|_| Ok(())) };
    if !aside {
        return incoming.run(|part| out.put(part));
    }
    let (to, from) = mpsc::sync_channel::<Vec<Part>>(QUEUE);
    let hasher = out.hasher.take().map(Box::new);
    let mut batches = Batches { to, parts: Vec::new(), bytes: 0, hasher };
    thread::scope(|scope| {
        let write = move || from.iter().try_for_each(|parts| out.put_all(parts));
        let writing = thread::Builder::new().spawn_scoped(scope, write);
        let writing = writing.map_err(|e| Error::no_thread(Role::Receiver, &e))?;
        let read = incoming.run(|part| batches.put(part));
        // What came before an error may be kept.
        batches.parts.extend(batches.hasher.take().map(Part::Hasher));
        let _told_by_the_thread = batches.hand_over();
        drop(batches);
        match writing.join() {
            Ok(written) => written?,
            Err(_) => {
                let text = "the writing thread panicked";
                return Err(Error::fatal(ExitCode::CRASHED, text).into());
            }
        }
        read
    })
}

fn read_full(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut got = 0;
    while got < buf.len() {
        match fsroot::meta::read_at(file, &mut buf[got..], offset + got as u64) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(got)
}

/// The data of one file, on its way in.
pub(super) struct Incoming<'a, R> {
    pub reader: &'a mut Reader<R>,
    pub tokens: &'a mut TokenReader,
    pub scratch: &'a mut Scratch,
    pub head: &'a SumHead,
    /// Where matched blocks are: `None` if there is none, and blocks are refused.
    pub basis: Option<&'a File>,
    /// The output is the basis.
    pub in_place: bool,
    /// Nothing is written, so blocks without a basis are no error.
    pub discarding: bool,
    /// For messages.
    pub name: &'a [u8],
    pub tally: &'a mut Tally,
    /// Set once something arrives that the basis does not have. Though it may not all get where it belongs, what does is
    /// worth keeping.
    pub fresh: Option<&'a AtomicBool>,
    /// `--debug=DELTASUM3`: each part with its place.
    pub log: Option<&'a Log>,
    /// How much of the file there was.
    pub kept: u64,
    /// Told how far the file has come.
    pub progress: &'a mut dyn FnMut(&Tally),
}

impl<R: RecvHalf> Incoming<'_, R> {
    /// Reads the tokens up to the end of the file.
    fn run(&mut self, mut put: impl FnMut(Part) -> io::Result<()>) -> Result<(), Stop> {
        self.tokens.begin(self.head.count);
        let mut pending = Matched::default();
        (self.progress)(self.tally);
        loop {
            let (tokens, data) = (&mut *self.tokens, self.scratch.data.renew(0..0));
            let token = self.reader.read(|c| tokens.next(c, data))?;
            if let Token::Block(index) = token {
                let block = self.block(index)?;
                if pending.offset + pending.len as u64 == block.offset
                    && pending.len + block.len <= PIECE
                {
                    pending.len += block.len;
                } else {
                    matched(std::mem::replace(&mut pending, block), &mut put)?;
                }
                (self.progress)(self.tally);
                continue;
            }
            matched(std::mem::take(&mut pending), &mut put)?;
            match token {
                Token::Raw(len) => self.raw(len as usize, &mut put)?,
                Token::Data => {
                    let len = self.scratch.data.len();
                    self.say_literal(len);
                    self.count_literal(len);
                    put(Part::Literal(self.scratch.data.chunk(0..len)))?;
                    (self.progress)(self.tally);
                }
                Token::Block(_) => {}
                Token::End => return Ok(()),
            }
        }
    }

    /// Where the next part goes.
    fn position(&self) -> u64 {
        self.kept + self.tally.literal + self.tally.matched
    }

    /// Whether a block of the basis is where it belongs.
    fn stays(&self, offset: u64) -> bool {
        self.in_place && offset == self.position()
    }

    fn say_literal(&self, len: usize) {
        let Some(log) = self.log else { return };
        // Within a process a run is not cut into tokens.
        for start in (0..len).step_by(MAX_LITERAL) {
            let (n, at) = ((len - start).min(MAX_LITERAL), self.position() + start as u64);
            log.info(format!("data recv {n} at {at}"));
        }
    }

    fn count_literal(&mut self, len: usize) {
        self.tally.literal += len as u64;
        if let Some(fresh) = self.fresh {
            fresh.store(true, Ordering::Relaxed);
        }
    }

    /// A block of the basis, which the decompressor may want to see.
    fn block(&mut self, index: u32) -> Result<Matched, Error> {
        if self.basis.is_none() && !self.discarding {
            let text = "got a block match with no basis file for ";
            return Err(WireError::about(Fault::Protocol, text, self.name).with_role().into());
        }
        let offset = u64::from(index) * u64::from(self.head.blength);
        let len = self.head.block_len(index) as usize;
        if let Some(log) = self.log {
            let (at, seek) = (self.position(), if self.stays(offset) { " (seek)" } else { "" });
            log.info(format!("chunk[{index}] of size {len} at {offset} offset={at}{seek}"));
        }
        self.tally.matched += len as u64;
        if self.tokens.wants_matched() {
            let content = &mut self.scratch.block;
            content.resize(len, 0);
            let got = self.basis.and_then(|basis| read_full(basis, content, offset).ok());
            content[got.unwrap_or(0)..].fill(0);
            self.tokens.matched(content);
        }
        Ok(Matched { offset, len })
    }

    /// Uncompressed literal bytes.
    fn raw(
        &mut self,
        mut left: usize,
        put: &mut impl FnMut(Part) -> io::Result<()>,
    ) -> Result<(), Stop> {
        self.say_literal(left);
        while left > 0 {
            let (len, part) = match self.reader.literal(left)? {
                Literal::Bytes(data) => (data.len(), Part::Literal(data)),
                Literal::Range(range) => (range.len as usize, Part::Range(range)),
            };
            left -= len.min(left);
            self.count_literal(len);
            put(part)?;
            (self.progress)(self.tally);
        }
        Ok(())
    }
}

fn matched(run: Matched, put: &mut impl FnMut(Part) -> io::Result<()>) -> io::Result<()> {
    if run.len > 0 { put(Part::Matched(run)) } else { Ok(()) }
}
