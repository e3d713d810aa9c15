//! Finding the basis's blocks in a new file, in linear time (Legal matches).
//!
//! The file is read once, front to back, through windows of at most [`MAX_WINDOW`] bytes. A window
//! is hashed as a whole when it arrives, which also brings it into the cache; then it is scanned.
//! Where the data matches, the scan jumps from block to block and costs one rolling and one strong
//! sum for each; elsewhere it slides by one byte and asks the index's filter. The strong sum is
//! computed at most once for each offset, and false alarms draw on a budget that grows with the
//! file offset: whatever sums a peer sends, the work stays proportional to the file's size.

use crate::{
    checksum::{BlockHasher, FileHasher, SumSpec},
    index::Index,
    rolling::Rolling,
    signature::Signature,
};
use std::{fmt, io};

/// Where the source's bytes come from: a window that only moves forward. Implemented by the sender
/// over a file.
pub trait Source {
    /// Total length in bytes, fixed at open.
    fn len(&self) -> u64;
    /// Whether there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The bytes at `offset..offset+len`, `len` bounded by [`MAX_WINDOW`]; `offset` never goes
    /// back by more than [`MAX_WINDOW`]. Bytes that cannot be read are zeros (the implementation
    /// remembers the error).
    fn window(&mut self, offset: u64, len: usize) -> io::Result<&[u8]>;
}

/// The most that is asked of [`Source::window`] at once.
pub const MAX_WINDOW: usize = 1 << 20;

/// The most that one call of [`Sink::literal`] is given.
pub const MAX_LITERAL: usize = 256 << 10;

/// Blocks longer than this are never matched, since a window has to hold one and leave room to
/// slide it. Only explicit block sizes below protocol 30 can be longer.
const MAX_BLOCK: usize = MAX_WINDOW / 2;

/// How many bytes may go into strong sums that turn out to be false alarms, for each byte of the
/// file passed so far. Chance stays well below it.
const FALSE_ALARM_SHARE: u64 = 16;
/// The part of that budget that is there from the start.
const FALSE_ALARM_START: u64 = 64 << 20;

/// What the matcher found, in file order and without gaps.
pub trait Sink {
    /// Error of the sink.
    type Error;
    /// Literal bytes at `offset` of the source (may come in several calls; never larger than
    /// [`MAX_LITERAL`] each). `data` are the bytes, already hashed.
    fn literal(&mut self, offset: u64, data: &[u8]) -> Result<(), Self::Error>;
    /// Block `index` matches at `offset`; `data` are its bytes.
    fn matched(&mut self, offset: u64, index: u32, data: &[u8]) -> Result<(), Self::Error>;
}

/// Counters for `--stats -vv` ("total: matches=N  hash_hits=N  false_alarms=N data=N").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MatchStats {
    /// Blocks matched.
    pub matches: u64,
    /// Offsets whose rolling sum the hash table knows.
    pub hash_hits: u64,
    /// Offsets where a rolling sum agreed and no usable block's strong sum did.
    pub false_alarms: u64,
    /// Literal bytes.
    pub literal: u64,
    /// Matched bytes.
    pub matched: u64,
}

/// Error of a match run.
#[derive(Debug)]
pub enum MatchError<E> {
    /// Reading the source.
    Source(io::Error),
    /// The sink.
    Sink(E),
}

impl<E: fmt::Display> fmt::Display for MatchError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MatchError::Source(e) => e.fmt(f),
            MatchError::Sink(e) => e.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for MatchError<E> {}

/// Index over a signature.
pub struct Matcher<'a> {
    sig: &'a Signature,
    hasher: BlockHasher,
    /// None if nothing can match.
    index: Option<Index<'a>>,
    /// Length of the last block if that is shorter than the others.
    short: usize,
}

impl<'a> Matcher<'a> {
    /// Builds the hash index. `in_place` restricts matches to blocks whose bytes the receiver has
    /// not overwritten by then (In-place restriction).
    pub fn new(sig: &'a Signature, spec: &SumSpec, in_place: bool) -> Self {
        let count = sig.count();
        let blength = sig.blength as usize;
        let sane = count > 0
            && (1..=MAX_BLOCK).contains(&blength)
            && sig.remainder <= sig.blength
            && sig.strong.len() == sig.weak.len() * sig.s2length as usize;
        let short = if sig.remainder < sig.blength { sig.remainder as usize } else { 0 };
        let full = if short > 0 { count.saturating_sub(1) } else { count };
        Matcher {
            sig,
            hasher: BlockHasher::new(spec),
            index: sane.then(|| Index::new(sig, full, in_place)),
            short,
        }
    }

    /// Runs over `src`, feeding `sink` and, with the whole content in order, `hasher`.
    ///
    /// # Errors
    /// Reading fails, or the sink does: the run is over.
    pub fn run<S: Source, K: Sink>(
        &mut self,
        src: &mut S,
        hasher: &mut FileHasher,
        sink: &mut K,
    ) -> Result<MatchStats, MatchError<K::Error>> {
        let Some(index) = &mut self.index else { return whole_file(src, hasher, sink) };
        index.reset();
        let mut scan = Scan {
            index,
            strong: &mut self.hasher,
            next: 0,
            false_bytes: 0,
            stats: MatchStats::default(),
        };
        let blength = self.sig.blength as usize;
        let total = src.len();
        // Bytes before `done` went to the sink, those before `at` (at least `done`) are literals,
        // those before `hashed` have been hashed.
        let (mut done, mut at, mut hashed) = (0u64, 0u64, 0u64);
        if total == 0 {
            return Ok(scan.stats);
        }
        loop {
            let (w, last) = window::<_, K::Error>(src, done, MAX_WINDOW, total)?;
            hasher.update(&w[(hashed - done) as usize..]);
            hashed = done + w.len() as u64;
            let mut out = Out { sink: &mut *sink, base: done, w, done: 0 };
            let mut pos = (at - done) as usize;
            while w.len() - pos >= blength {
                let mut sum = Rolling::of(&w[pos..pos + blength]);
                let end = w.len() - blength;
                // Slides until a block matches or the window ends.
                let found = 'slide: loop {
                    let offset = out.base + pos as u64;
                    let block = scan.probe(sum.value(), &w[pos..pos + blength], offset);
                    if block.is_some() {
                        break block;
                    }
                    let mut known = false;
                    while !known {
                        if pos == end {
                            break 'slide None;
                        }
                        if pos - out.done >= MAX_LITERAL {
                            out.literal(out.done + MAX_LITERAL, &mut scan.stats)?;
                        }
                        let stop = end.min(out.done + MAX_LITERAL);
                        let filter = &scan.index.filter;
                        (pos, known) = slide(filter, w, blength, &mut sum, pos, stop);
                    }
                };
                let home = found.and_then(|i| scan.index.zeros_ahead(i, out.base + pos as u64));
                if let Some((_, ahead)) = home
                    && ahead + blength > w.len() - pos
                    && !last
                {
                    // Whether the zeros go on so far is seen in the next window.
                    out.literal(pos, &mut scan.stats)?;
                    break;
                }
                let home = home.filter(|&(i, ahead)| {
                    let data = w.get(pos + ahead..pos + ahead + blength);
                    data.is_some_and(|data| {
                        scan.probe_home(i, data, out.base + (pos + ahead) as u64)
                    })
                });
                let found = match home {
                    Some((i, ahead)) => {
                        pos += ahead;
                        Some(i)
                    }
                    None => found,
                };
                match found {
                    Some(block) => {
                        out.matched(pos, blength, block, &mut scan.stats)?;
                        scan.next = block.saturating_add(1);
                        pos += blength;
                    }
                    None => pos += 1,
                }
            }
            if last {
                // Less than a block is left; only the short last block can match, and only if it
                // ends where the file does.
                let tail = w.len().saturating_sub(self.short);
                let index = self.sig.count() - 1;
                if self.short > 0 && w.len() >= self.short && tail >= pos {
                    let offset = out.base + tail as u64;
                    if scan.probe_short(index, self.sig, &w[tail..], offset) {
                        out.matched(tail, self.short, index, &mut scan.stats)?;
                    }
                }
                out.literal(w.len(), &mut scan.stats)?;
                return Ok(scan.stats);
            }
            at = out.base + pos as u64;
            done = out.base + out.done as u64;
        }
    }
}

/// Hashes the whole of `src` and hands it to `sink` as literals: a run without a signature.
///
/// # Errors
/// As [`Matcher::run`].
pub fn whole_file<S: Source, K: Sink>(
    src: &mut S,
    hasher: &mut FileHasher,
    sink: &mut K,
) -> Result<MatchStats, MatchError<K::Error>> {
    let total = src.len();
    let mut at = 0;
    while at < total {
        let (w, _) = window::<_, K::Error>(src, at, MAX_LITERAL, total)?;
        hasher.update(w);
        sink.literal(at, w).map_err(MatchError::Sink)?;
        at += w.len() as u64;
    }
    Ok(MatchStats { literal: total, ..MatchStats::default() })
}

/// The window of at most `max` bytes at `at`, and whether it reaches the end.
fn window<S: Source, E>(
    src: &mut S,
    at: u64,
    max: usize,
    total: u64,
) -> Result<(&[u8], bool), MatchError<E>> {
    let left = total - at;
    let len = usize::try_from(left).unwrap_or(usize::MAX).min(max);
    let w = src.window(at, len).map_err(MatchError::Source)?;
    // A source that breaks its promise must not make the scan run out of bounds or in place.
    let w = w.get(..len).ok_or_else(|| MatchError::Source(io::ErrorKind::UnexpectedEof.into()))?;
    Ok((w, left == len as u64))
}

/// Slides the window of `blength` bytes forward from `pos`, whose sum is `sum`, at most to `stop`.
/// Returns where it came to rest and whether the filter knows the sum there.
#[inline]
fn slide(
    filter: &crate::index::Filter,
    w: &[u8],
    blength: usize,
    sum: &mut Rolling,
    pos: usize,
    stop: usize,
) -> (usize, bool) {
    let outs = &w[pos..stop];
    let ins = &w[pos + blength..stop + blength];
    let mut s = *sum;
    for (k, (&out, &inn)) in outs.iter().zip(ins).enumerate() {
        s.slide(blength as u32, out, inn);
        if filter.has(s.value()) {
            *sum = s;
            return (pos + k + 1, true);
        }
    }
    *sum = s;
    (stop, false)
}

/// The state of a run that does not depend on the window.
struct Scan<'s, 'a> {
    index: &'s mut Index<'a>,
    strong: &'s mut BlockHasher,
    /// The block after the last one matched: the first to try, since runs are what compresses.
    next: u32,
    /// Bytes that went into strong sums in vain.
    false_bytes: u64,
    stats: MatchStats,
}

impl Scan<'_, '_> {
    /// The full block that matches `data` at `offset`, if any.
    #[inline]
    fn probe(&mut self, sum: u32, data: &[u8], offset: u64) -> Option<u32> {
        // Blocks to try before others: one that would stay in place, and the one that continues
        // the run.
        let own = self.index.own(offset).filter(|&i| self.index.is_weak(i, sum));
        let next = Some(self.next).filter(|&i| self.index.is_weak(i, sum));
        if own.is_none() && next.is_none() && !self.index.filter.has(sum) {
            return None;
        }
        self.stats.hash_hits += 1;
        let candidates = self.index.candidates(sum)?;
        let budget = offset.saturating_mul(FALSE_ALARM_SHARE).saturating_add(FALSE_ALARM_START);
        if self.false_bytes > budget {
            return None;
        }
        let digest = self.strong.digest(data);
        let digest = digest.as_bytes();
        let preferred = own
            .into_iter()
            .chain(next)
            .find(|&i| self.index.allowed(i, offset) && self.index.is_strong(i, digest));
        let found = preferred.or_else(|| self.index.find(candidates, digest, offset));
        match found {
            Some(block) => self.index.matched(block, digest, offset),
            None => {
                self.stats.false_alarms += 1;
                self.false_bytes += data.len() as u64;
            }
        }
        found
    }

    /// Whether full block `i` matches `data` at its own offset.
    fn probe_home(&mut self, i: u32, data: &[u8], offset: u64) -> bool {
        if !self.index.is_weak(i, Rolling::of(data).value()) {
            return false;
        }
        let digest = self.strong.digest(data);
        let same = self.index.is_strong(i, digest.as_bytes());
        if same {
            self.index.matched(i, digest.as_bytes(), offset);
        }
        same
    }

    /// Whether the short last block, `index`, matches `data` at `offset`.
    fn probe_short(&mut self, index: u32, sig: &Signature, data: &[u8], offset: u64) -> bool {
        if !self.index.allowed(index, offset)
            || sig.weak[index as usize] != Rolling::of(data).value()
        {
            return false;
        }
        self.stats.hash_hits += 1;
        let same = self.index.is_strong(index, self.strong.digest(data).as_bytes());
        self.stats.false_alarms += u64::from(!same);
        same
    }
}

/// What has been found in one window.
struct Out<'w, K> {
    sink: &'w mut K,
    /// The window's offset in the file.
    base: u64,
    w: &'w [u8],
    /// How much of the window the sink has.
    done: usize,
}

impl<K: Sink> Out<'_, K> {
    /// Everything up to `end` that the sink does not have is literal.
    fn literal(&mut self, end: usize, stats: &mut MatchStats) -> Result<(), MatchError<K::Error>> {
        while self.done < end {
            let piece = (end - self.done).min(MAX_LITERAL);
            let data = &self.w[self.done..self.done + piece];
            let offset = self.base + self.done as u64;
            self.sink.literal(offset, data).map_err(MatchError::Sink)?;
            self.done += piece;
            stats.literal += piece as u64;
        }
        Ok(())
    }

    /// The block `index` is at `pos`; what is before it is literal.
    fn matched(
        &mut self,
        pos: usize,
        len: usize,
        index: u32,
        stats: &mut MatchStats,
    ) -> Result<(), MatchError<K::Error>> {
        self.literal(pos, stats)?;
        let data = &self.w[pos..pos + len];
        self.sink.matched(self.base + pos as u64, index, data).map_err(MatchError::Sink)?;
        self.done = pos + len;
        stats.matches += 1;
        stats.matched += len as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
