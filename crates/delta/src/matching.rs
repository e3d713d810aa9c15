//! Finding the basis's blocks in a new file, in linear time (spec chapter 03, Legal matches).
use crate::{checksum::SumSpec, signature::Signature};
use std::io;
/// Where the source's bytes come from: a window that only moves forward. Implemented by the sender over a file.
pub trait Source {
    /// Total length in bytes, fixed at open.
    fn len(&self) -> u64;
    /// The bytes at `offset..offset+len`, `len` bounded by [`MAX_WINDOW`]; `offset` never goes back by more than [`MAX_WINDOW`]. Bytes that cannot be read are zeros (the
    /// implementation remembers the error).
    fn window(&mut self, offset: u64, len: usize) -> io::Result<&[u8]>;
}
/// The most that is asked of [`Source::window`] at once.
pub const MAX_WINDOW: usize = 1 << 20;
/// What the matcher found, in file order and without gaps.
pub trait Sink {
    /// Error of the sink.
    type Error;
    /// Literal bytes at `offset` of the source (may come in several calls; never larger than 256 KiB each).
    /// `data` are the bytes, already hashed.
    fn literal(&mut self, offset: u64, data: &[u8]) -> Result<(), Self::Error>;
    /// Block `index` matches at `offset`; `data` are its bytes.
    fn matched(&mut self, offset: u64, index: u32, data: &[u8]) -> Result<(), Self::Error>;
}
/// Counters for `--stats -vv` ("total: matches=N  hash_hits=N  false_alarms=N data=N").
#[derive(Debug, Clone, Copy, Default)]
#[allow(missing_docs)]
pub struct MatchStats {
    pub matches: u64,
    pub hash_hits: u64,
    pub false_alarms: u64,
    pub literal: u64,
    pub matched: u64,
}
/// Error of a match run.
#[derive(Debug)]
pub enum MatchError<E> {
    /** Reading the source. */
    Source(io::Error),
    /** The sink. */
    Sink(E),
}
/// Index over a signature.
pub struct Matcher<'a> {
    _s: &'a Signature,
}
impl<'a> Matcher<'a> {
    /// Builds the hash index. `in_place` restricts matches as chapter 03 "In-place restriction" says.
    pub fn new(sig: &'a Signature, spec: &SumSpec, in_place: bool) -> Self {
        let _ = (spec, in_place);
        Matcher { _s: sig }
    }
    /// Runs over `src`, feeding `sink` and, with the whole content in order, `hasher`.
    pub fn run<S: Source, K: Sink>(
        &mut self,
        src: &mut S,
        hasher: &mut crate::checksum::FileHasher,
        sink: &mut K,
    ) -> Result<MatchStats, MatchError<K::Error>> {
        let _ = (src, hasher, sink);
        todo!()
    }
}
