//! Streaming one file (transfer: uncompressed tokens; whole-file checksum trailer).
//!
//! A plain run that is long enough goes to the link as a range of the file, a frame at a time, where
//! that costs less than copying (`Writer::takes_range`); its bytes are read for the checksum first,
//! which also brings them into the cache. Otherwise, and if it is to be compressed, it is read and
//! sent from the buffer that it was read into. Over a link that passes handles and without a
//! checksum the file is not read here at all. A redo, and a file that has been seen to change, is
//! copied, so that checksum and wire see the same bytes.

use crate::{
    Error, Session,
    conn::Writer,
    log::{Log, Role, sys_error_line},
};
use delta::{
    checksum::{Checksum, Digest, FileHasher},
    matching::{MatchError, MatchStats, Matcher, Sink, Source},
    signature::Signature,
};
use fast_io::{FileRange, LinkKind, Producer, Reason, SendHalf};
use std::{
    fs::File,
    io::{self, IoSliceMut},
    sync::Arc,
    time::SystemTime,
};
use wire::{
    limits::MAX_FRAME,
    token::{TokenWriter, literal_head},
};

/// Longest literal token; older receivers' buffers are made for it.
const MAX_TOKEN: usize = 32 * 1024;
/// Bytes of a file in one frame. A known peer refuses frames of more than 256 KiB.
const FRAME: usize = 7 * MAX_TOKEN;
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
        self.tokens.end(writer.buf_of(run_producer(&self.tokens)));
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
                let n = left.min(FRAME as u64);
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
        let filled = len + HEAD * len.div_ceil(MAX_TOKEN);
        self.buf.resize(PIECE, 0);
        let mut pieces = Vec::with_capacity(filled.div_ceil(HEAD + MAX_TOKEN));
        for token in self.buf[..filled].chunks_mut(HEAD + MAX_TOKEN) {
            let (head, data) = token.split_at_mut(HEAD);
            head.copy_from_slice(&literal_head(data.len() as u32));
            pieces.push(IoSliceMut::new(data));
        }
        run.read_pieces(&mut pieces, offset);
        if let Some(hasher) = hasher {
            let tokens = self.buf[..filled].chunks(HEAD + MAX_TOKEN);
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
        let mut offset = run.from;
        while offset < run.len {
            let n = (run.len - offset).min(PIECE as u64) as usize;
            run.read(&mut self.buf[..n], offset);
            if hashing {
                hasher.update(&self.buf[..n]);
            }
            self.tokens.literal(&self.buf[..n], writer.buf_of(Producer::CompressedRun));
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
        let mut source = FileWindow {
            file: run.file.clone(),
            len,
            buf: std::mem::take(&mut self.window),
            start: 0,
            filled: 0,
            error: None,
        };
        let log = self.session.log.with_role(Role::Sender);
        let says = self.session.settings.debug.deltasum > 1;
        log.debug(says, || "built hash table");
        log.debug(says, || format!("hash search b={} len={len}", signature.blength));
        let mut sink = TokenSink {
            log: says.then_some(&log),
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

/// The error of a file that became shorter than it was when it was opened.
pub(super) fn shrunk() -> io::Error {
    fsroot::meta::shrunk()
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

/// Fills all of `pieces`, one behind the other; what cannot be read becomes zeros.
fn read_filled(
    file: &File,
    mut pieces: &mut [IoSliceMut<'_>],
    mut offset: u64,
) -> Option<io::Error> {
    // Drops those without room.
    IoSliceMut::advance_slices(&mut pieces, 0);
    let error = loop {
        if pieces.is_empty() {
            return None;
        }
        match fsroot::meta::read_vectored_at(file, pieces, offset) {
            Ok(0) => break shrunk(),
            Ok(n) => {
                IoSliceMut::advance_slices(&mut pieces, n);
                offset += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => break e,
        }
    };
    pieces.iter_mut().for_each(|piece| piece.fill(0));
    Some(error)
}

/// The longest range and token for a link.
fn frame_of<W: SendHalf>(writer: &Writer<W>) -> (u64, u64) {
    match writer.link() {
        LinkKind::Memory => (MAX_HANDLE, MAX_HANDLE),
        _ => (FRAME as u64, MAX_TOKEN as u64),
    }
}

/// When the file was last written to, if that can be told.
fn modified(file: &File) -> Option<SystemTime> {
    file.metadata().and_then(|m| m.modified()).ok()
}

/// The same in whole seconds since 1970, as file lists have it.
pub(super) fn seconds(file: &File) -> Option<i64> {
    let time = modified(file)?;
    Some(match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => after.as_secs() as i64,
        Err(e) => {
            let before = e.duration();
            -(before.as_secs() as i64) - i64::from(before.subsec_nanos() > 0)
        }
    })
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
        let n = (len - done).min(MAX_TOKEN);
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

/// A file on its way.
struct Run<P> {
    file: Arc<File>,
    /// What is sent begins here.
    from: u64,
    len: u64,
    /// The first thing that went wrong while reading.
    error: Option<io::Error>,
    progress: P,
    /// When it was last written to before it was sent.
    modified: Option<SystemTime>,
    /// Why it must be copied, if it must.
    copied: Option<Reason>,
}

impl<P: FnMut(u64)> Run<P> {
    /// Fills all of `buf`, with zeros from the first error on.
    fn read(&mut self, buf: &mut [u8], offset: u64) {
        self.read_pieces(&mut [IoSliceMut::new(buf)], offset);
    }
    /// Fills several buffers in the same way, one behind the other.
    fn read_pieces(&mut self, pieces: &mut [IoSliceMut<'_>], offset: u64) {
        if self.error.is_some() {
            pieces.iter_mut().for_each(|piece| piece.fill(0));
        } else {
            self.error = read_filled(&self.file, pieces, offset);
        }
    }
    /// If somebody writes to the file, the rest is copied: what is hashed must be what is sent.
    fn note_changes(&mut self, hashing: bool) {
        if hashing && self.copied.is_none() && modified(&self.file) != self.modified {
            self.copied = Some(Reason::Changing);
        }
    }
    /// Whether the next `len` bytes go as a range of the file.
    fn by_range<W: SendHalf>(&self, writer: &mut Writer<W>, len: u64) -> bool {
        match &self.copied {
            None => writer.takes_range(&self.file, len),
            Some(reason) => {
                writer.declines_range(reason.clone());
                false
            }
        }
    }
    fn range<W: SendHalf>(
        &mut self,
        writer: &mut Writer<W>,
        offset: u64,
        len: u64,
        token: u64,
    ) -> Result<(), Error> {
        let range = FileRange { file: self.file.clone(), offset, len };
        if writer.range(&range, token)? < len {
            self.error.get_or_insert_with(shrunk);
        }
        Ok(())
    }
}

/// Writes what the matcher finds.
struct TokenSink<'a, W, P> {
    /// For lines about what matches, and where the last match ended.
    log: Option<&'a Log>,
    last_match: u64,
    writer: &'a mut Writer<W>,
    tokens: &'a mut TokenWriter,
    file: Arc<File>,
    /// Ranges may be used.
    ranges: bool,
    /// A range was shorter than it should be.
    short: bool,
    progress: &'a mut P,
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
            self.tokens.literal(data, self.writer.buf_of(producer));
            self.writer.spill()?;
        }
        (self.progress)(offset + len);
        Ok(())
    }
    fn matched(&mut self, offset: u64, index: u32, data: &[u8]) -> Result<(), Error> {
        if let Some(log) = self.log {
            let (last, len) = (self.last_match, data.len());
            let n = offset.saturating_sub(last);
            log.info(format!("match at {offset} last_match={last} j={index} len={len} n={n}"));
            self.last_match = offset + len as u64;
        }
        self.tokens.block(index, data, self.writer.buf_of(Producer::MatchedBlock));
        (self.progress)(offset + data.len() as u64);
        self.writer.spill()
    }
}

/// The matcher's view of a file: a buffer that moves forward.
struct FileWindow {
    file: Arc<File>,
    len: u64,
    buf: Vec<u8>,
    /// Offset of the buffer's first byte.
    start: u64,
    filled: usize,
    error: Option<io::Error>,
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
        let mut w = FileWindow {
            file: file(&content),
            len: content.len() as u64,
            buf: Vec::new(),
            start: 0,
            filled: 0,
            error: None,
        };
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
        let mut w = FileWindow {
            file: file(b"abc"),
            len: 8,
            buf: Vec::new(),
            start: 0,
            filled: 0,
            error: None,
        };
        assert_eq!(w.window(0, 8).expect("filled"), b"abc\0\0\0\0\0");
        assert_eq!(w.error.expect("noted").raw_os_error(), shrunk().raw_os_error());
    }

    #[test]
    fn wrong_checksums_are_wrong() {
        assert_eq!(wrong_digest(&[1, 2]), [0, 0]);
        assert_eq!(wrong_digest(&[0, 0]), [0, 1]);
        assert_eq!(wrong_digest(&[0]), [1]);
    }
}
