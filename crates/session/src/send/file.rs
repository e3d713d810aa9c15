//! Streaming one file (WIRE.md, Tokens; Trailer).
//!
//! A plain run that is long enough goes to the link as a range of the file, a frame at a time, where
//! that costs less than copying (`Writer::takes_range`); its bytes are read for the checksum first,
//! which also brings them into the cache. Otherwise, and if it is to be compressed, it is read and
//! sent from the buffer that it was read into. Over a link that passes handles and without a
//! checksum the file is not read here at all. A redo, and a file that has been seen to change, is
//! copied, so that checksum and wire see the same bytes.

mod matching;
mod run;

pub(super) use run::seconds;

use crate::{
    Error, Session,
    conn::Writer,
    log::{Role, sys_error_line},
};
use delta::{
    checksum::{Checksum, Digest, FileHasher},
    matching::{MAX_WINDOW, MatchError, MatchStats, Matcher, Source},
    rolling::Rolling,
    signature::Signature,
};
use fast_io::{LinkKind, Producer, Reason, SendHalf};
use fsroot::meta::shrunk;
use matching::{FileWindow, TokenSink};
use run::{Run, modified};
use std::{
    fs::File,
    io::{self, IoSliceMut},
    sync::Arc,
};
use wire::{
    limits::MAX_FRAME,
    token::{MAX_LITERAL, TokenWriter, literal_head},
};

/// Bytes of a file in one frame. A known peer refuses frames of more than 256 KiB.
const FRAME: usize = 7 * MAX_LITERAL;
/// Longest run that crosses as a handle.
const MAX_HANDLE: u64 = MAX_FRAME as u64 / 2;
/// Bytes read at a time.
const PIECE: usize = 256 * 1024;
/// From this length on a file's bytes are not gathered with others.
const PIECE_FLOOR: u64 = 64 * 1024;

/// A file to send.
pub(super) struct Request {
    pub file: File,
    /// Length at open; exactly as many bytes are sent.
    pub len: u64,
    /// Bytes that the receiver has already (append).
    pub from: u64,
    /// The checksum covers those too.
    pub hash_all: bool,
    /// Sums of the basis; no blocks if the whole file is to be sent.
    pub signature: Signature,
    pub in_place: bool,
    /// Why it must be copied, if it must.
    pub copied: Option<Reason>,
}

/// What became of it.
pub(super) struct Outcome {
    /// What was sent as the checksum.
    pub digest: Digest,
    /// The file could not be read to the end: zeros and a wrong checksum were sent instead.
    pub error: Option<io::Error>,
}

/// What is kept from file to file.
pub(super) struct FileSender {
    session: Arc<Session>,
    tokens: TokenWriter,
    buf: Vec<u8>,
    window: Vec<u8>,
    pub match_stats: MatchStats,
}

impl FileSender {
    pub fn new(session: &Arc<Session>) -> FileSender {
        let tokens = TokenWriter::new(session.protocol, session.compressor, session.compress_level)
            .with_threads(session.settings.compress_threads);
        FileSender {
            session: session.clone(),
            tokens,
            buf: Vec::new(),
            window: Vec::new(),
            match_stats: MatchStats::default(),
        }
    }

    /// Streams tokens and checksum of a file.
    pub fn send<W: SendHalf>(
        &mut self,
        writer: &mut Writer<W>,
        request: Request,
        progress: impl FnMut(u64),
    ) -> Result<Outcome, Error> {
        let session = self.session.clone();
        let Request { file, len, from, hash_all, signature, in_place, copied } = request;
        self.tokens.begin();
        let modified = modified(&file);
        let mut run =
            Run { file: Arc::new(file), from, len, modified, error: None, progress, copied };
        let spec = &session.transfer_sum;
        let mut hasher = FileHasher::transfer(spec);
        let mut found = MatchStats::default();
        if signature.count() > 0 {
            let stats = self.delta(writer, &mut run, &mut hasher, &signature, in_place)?;
            session.stats.matched.add(stats.matched);
            session.stats.literal.add(stats.literal);
            let all = &mut self.match_stats;
            all.matches += stats.matches;
            all.hash_hits += stats.hash_hits;
            all.false_alarms += stats.false_alarms;
            found = stats;
        } else {
            if hash_all {
                self.hash(&mut run, &mut hasher, 0, from);
            }
            if self.tokens.is_plain() {
                self.whole_plain(writer, &mut run, &mut hasher)?;
            } else {
                self.whole_compressed(writer, &mut run, &mut hasher)?;
            }
            session.stats.literal.add(len - from);
        }
        self.tokens.end(writer.buf_of(run_producer(&self.tokens)))?;
        let log = session.log.with_role(Role::Sender);
        let says = session.settings.debug.deltasum > 1;
        log.debug(says, || "sending file_sum");
        log.debug(says, || {
            let MatchStats { matches, hash_hits, false_alarms, .. } = found;
            format!("false_alarms={false_alarms} hash_hits={hash_hits} matches={matches}")
        });
        let digest = hasher.finish();
        match &run.error {
            None => writer.buf().extend_from_slice(digest.as_bytes()),
            Some(_) => writer.buf().extend_from_slice(&wrong_digest(digest.as_bytes())),
        }
        writer.spill()?;
        Ok(Outcome { digest, error: run.error })
    }

    /// Sends a file as it is, frame by frame.
    fn whole_plain<W: SendHalf>(
        &mut self,
        writer: &mut Writer<W>,
        run: &mut Run<impl FnMut(u64)>,
        hasher: &mut FileHasher,
    ) -> Result<(), Error> {
        let hashing = self.session.transfer_sum.algo != Checksum::None;
        let (frame, token) = frame_of(writer);
        let mut offset = run.from;
        while offset < run.len {
            let left = run.len - offset;
            run.note_changes(hashing);
            offset += if run.by_range(writer, left.min(frame)) {
                let n = left.min(frame);
                if hashing {
                    self.hash(run, hasher, offset, n);
                }
                run.range(writer, offset, n, token)?;
                n
            } else {
                let n = left.min(frame).min(FRAME as u64);
                let hasher = hashing.then_some(&mut *hasher);
                match left >= PIECE_FLOOR {
                    true => self.frame_copied(writer, run, hasher, offset, n as usize)?,
                    false => gather(writer, run, hasher, offset, n as usize)?,
                }
                n
            };
            (run.progress)(offset);
        }
        Ok(())
    }

    /// Several tokens to a frame, straight from the buffer that was read into.
    fn frame_copied<W: SendHalf>(
        &mut self,
        writer: &mut Writer<W>,
        run: &mut Run<impl FnMut(u64)>,
        hasher: Option<&mut FileHasher>,
        offset: u64,
        len: usize,
    ) -> Result<(), Error> {
        const HEAD: usize = 4;
        let filled = len + HEAD * len.div_ceil(MAX_LITERAL);
        self.buf.resize(PIECE, 0);
        let mut pieces = Vec::with_capacity(filled.div_ceil(HEAD + MAX_LITERAL));
        for token in self.buf[..filled].chunks_mut(HEAD + MAX_LITERAL) {
            let (head, data) = token.split_at_mut(HEAD);
            head.copy_from_slice(&literal_head(data.len() as u32));
            pieces.push(IoSliceMut::new(data));
        }
        run.read_pieces(&mut pieces, offset);
        if let Some(hasher) = hasher {
            let tokens = self.buf[..filled].chunks(HEAD + MAX_LITERAL);
            tokens.for_each(|token| hasher.update(&token[HEAD..]));
        }
        let (first, rest) = self.buf[..filled].split_at(HEAD);
        writer.piece(first, rest)
    }

    /// Reads the file and compresses it.
    fn whole_compressed<W: SendHalf>(
        &mut self,
        writer: &mut Writer<W>,
        run: &mut Run<impl FnMut(u64)>,
        hasher: &mut FileHasher,
    ) -> Result<(), Error> {
        let hashing = self.session.transfer_sum.algo != Checksum::None;
        self.buf.resize(PIECE, 0);
        let most = step(PIECE as u64, writer.paced());
        let mut offset = run.from;
        while offset < run.len {
            let n = (run.len - offset).min(most) as usize;
            run.read(&mut self.buf[..n], offset);
            if hashing {
                hasher.update(&self.buf[..n]);
            }
            self.tokens.literal(&self.buf[..n], writer.buf_of(Producer::CompressedRun))?;
            offset += n as u64;
            writer.spill()?;
            (run.progress)(offset);
        }
        Ok(())
    }

    fn hash(&mut self, run: &mut Run<impl FnMut(u64)>, hasher: &mut FileHasher, at: u64, n: u64) {
        self.buf.resize(PIECE, 0);
        let mut done = 0;
        while done < n {
            let part = (n - done).min(PIECE as u64) as usize;
            run.read(&mut self.buf[..part], at + done);
            hasher.update(&self.buf[..part]);
            done += part as u64;
        }
    }

    /// Finds the basis's blocks in the file.
    fn delta<W: SendHalf>(
        &mut self,
        writer: &mut Writer<W>,
        run: &mut Run<impl FnMut(u64)>,
        hasher: &mut FileHasher,
        signature: &Signature,
        in_place: bool,
    ) -> Result<MatchStats, Error> {
        let ranges = self.tokens.is_plain() && run.copied.is_none();
        if let (true, Some(reason)) = (self.tokens.is_plain(), &run.copied) {
            writer.declines_range(reason.clone());
        }
        let (file, len) = (run.file.clone(), run.len);
        let mut source = FileWindow::new(run.file.clone(), len, std::mem::take(&mut self.window));
        let log = self.session.log.with_role(Role::Sender);
        let says = self.session.settings.debug.deltasum > 1;
        log.debug(says, || "built hash table");
        log.debug(says, || format!("hash search b={} len={len}", signature.blength));
        let details = self.session.settings.debug.deltasum > 2;
        if details && len > 0 {
            let k = len.min(signature.blength.into());
            let sum = match source.window(0, (k as usize).min(MAX_WINDOW)) {
                Ok(first) => Rolling::of(first).value(),
                Err(_) => 0,
            };
            log.info(format!("sum={sum:08x} k={k}"));
            let (blength, count) = (signature.blength, signature.count());
            log.info(format!("hash search s->blength={blength} len={len} count={count}"));
        }
        let mut sink = TokenSink {
            log: says.then_some(&log),
            sums: details.then_some(&signature.weak),
            last_match: 0,
            ranges,
            writer,
            tokens: &mut self.tokens,
            file,
            short: false,
            progress: &mut run.progress,
        };
        let spec = &self.session.transfer_sum;
        let result = Matcher::new(signature, spec, in_place).run(&mut source, hasher, &mut sink);
        let short = sink.short;
        log.debug(says, || "done hash search");
        self.window = std::mem::take(&mut source.buf);
        if let Some(e) = source.error.take().or_else(|| short.then(shrunk)) {
            run.error.get_or_insert(e);
        }
        match result {
            Ok(stats) => Ok(stats),
            Err(MatchError::Sink(e)) => Err(e),
            Err(MatchError::Source(e)) => Err(Error::fatal(
                crate::ExitCode::FILE_IO,
                sys_error_line(Role::Sender, "match", &e),
            )),
        }
    }
}

/// What runs of a file are to the link.
fn run_producer(tokens: &TokenWriter) -> Producer {
    if tokens.is_plain() { Producer::LiteralRun } else { Producer::CompressedRun }
}

/// A checksum that cannot be right.
fn wrong_digest(right: &[u8]) -> Vec<u8> {
    let mut wrong = vec![0; right.len()];
    if right == wrong
        && let Some(last) = wrong.last_mut()
    {
        *last = 1;
    }
    wrong
}

/// The longest range and token for a link.
fn frame_of<W: SendHalf>(writer: &Writer<W>) -> (u64, u64) {
    let (frame, token) = match writer.link() {
        LinkKind::Memory => (MAX_HANDLE, MAX_HANDLE),
        _ => (FRAME as u64, MAX_LITERAL as u64),
    };
    let frame = step(frame, writer.paced());
    (frame, token.min(frame))
}

/// How much of a file goes on its way before one looks how far it has come: `most` of it, or, where `--bwlimit` lets only so
/// much (`paced`) through at once, about that.
fn step(most: u64, paced: Option<u64>) -> u64 {
    let token = MAX_LITERAL as u64;
    paced.map_or(most, |paced| most.min((paced - paced % token).max(token)))
}

/// A short run: into the writer's buffer, behind the token that announces it.
fn gather<W: SendHalf>(
    writer: &mut Writer<W>,
    run: &mut Run<impl FnMut(u64)>,
    mut hasher: Option<&mut FileHasher>,
    offset: u64,
    len: usize,
) -> Result<(), Error> {
    let mut done = 0;
    while done < len {
        let n = (len - done).min(MAX_LITERAL);
        let buf = writer.buf_of(Producer::LiteralRun);
        buf.extend_from_slice(&literal_head(n as u32));
        let at = buf.len();
        buf.resize(at + n, 0);
        run.read(&mut buf[at..], offset + done as u64);
        if let Some(hasher) = &mut hasher {
            hasher.update(&buf[at..]);
        }
        done += n;
        writer.spill()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_makes_small_steps() {
        let k = |n: u64| n << 10;
        assert_eq!(step(k(8192), None), k(8192));
        assert_eq!(step(k(8192), Some(512)), k(32));
        assert_eq!(step(k(8192), Some(k(32))), k(32));
        assert_eq!(step(k(8192), Some(k(150))), k(128));
        assert_eq!(step(k(224), Some(k(1024))), k(224));
    }

    #[test]
    fn wrong_checksums_are_wrong() {
        assert_eq!(wrong_digest(&[1, 2]), [0, 0]);
        assert_eq!(wrong_digest(&[0, 0]), [0, 1]);
        assert_eq!(wrong_digest(&[0]), [1]);
    }
}
