//! The lookup structure of the matcher: from sums to blocks.
//!
//! Three layers, each asked only if the one before says yes. A bit filter over the rolling sums,
//! small enough to stay in cache, answers for almost every offset of unmatched data. Then buckets,
//! about one per block, each a sorted run of *groups*. A group is all blocks that share both sums;
//! nothing can tell its members apart, so that a basis full of equal blocks has one group and no
//! chain to walk. Being sorted, a bucket is searched in logarithmic time, whatever sums a peer
//! made up.

use crate::signature::Signature;
use std::cmp::Ordering;

/// No block.
const NONE: u32 = u32::MAX;
/// Bits of the filter for each block, so that few offsets pass it by chance.
const FILTER_BITS_PER_BLOCK: u64 = 32;
/// The filter's largest size: half a megabyte, which fits a second-level cache.
const MAX_FILTER_BITS: u64 = 1 << 22;

/// Index over the blocks of full length.
pub(crate) struct Index<'a> {
    sig: &'a Signature,
    /// How many blocks are of full length; only these are indexed.
    full: u32,
    pub(crate) filter: Filter,
    bucket_shift: u32,
    /// Group at which each bucket starts, and the end of the last one.
    starts: Vec<u32>,
    groups: Vec<Group>,
    in_place: Option<InPlace>,
}

#[derive(Clone, Copy)]
struct Group {
    weak: u32,
    /// The lowest block of the group.
    first: u32,
}

/// What the in-place restriction needs to know beyond the groups' first blocks.
struct InPlace {
    /// Where each group's blocks start in `members`, and the end of the last one.
    spans: Vec<u32>,
    /// Blocks in group order, ascending within a group.
    members: Vec<u32>,
    /// For each group a block that keeps its bytes because it was matched at its own offset.
    kept: Vec<u32>,
    /// All such blocks, as a bit set.
    kept_blocks: Vec<u64>,
}

/// A set of rolling sums with false positives: a large bit table that answers nearly always, and a
/// smaller one, hashed in another way, for what passes it.
pub(crate) struct Filter {
    first: Bits,
    second: Bits,
}

struct Bits {
    words: Vec<u64>,
    /// Number of words minus one.
    mask: u32,
}

impl Bits {
    fn new(sums: &[u32], bits_per_block: u64, key: impl Fn(u32) -> u32) -> Self {
        let bits = (sums.len() as u64 * bits_per_block)
            .next_power_of_two()
            .clamp(1 << 10, MAX_FILTER_BITS);
        let words = bits / 64;
        let mut table = Bits { words: vec![0; words as usize], mask: (words - 1) as u32 };
        for &sum in sums {
            let h = key(sum);
            table.words[(h >> 4 & table.mask) as usize] |= 1 << (h >> 26);
        }
        table
    }

    /// The highest bits of the key name the bit, those of the middle the word: shifts by constants.
    #[inline(always)]
    fn has(&self, h: u32) -> bool {
        // The mask keeps the index within the table; going through `get` leaves a branch that is
        // always predicted and no panic in the loop.
        self.words.get((h >> 4 & self.mask) as usize).is_none_or(|word| word >> (h >> 26) & 1 != 0)
    }
}

impl Filter {
    fn new(sums: &[u32]) -> Self {
        Filter {
            first: Bits::new(sums, FILTER_BITS_PER_BLOCK, scramble),
            second: Bits::new(sums, FILTER_BITS_PER_BLOCK / 4, scramble_again),
        }
    }

    /// Whether `sum` may be in the set.
    #[inline(always)]
    pub(crate) fn has(&self, sum: u32) -> bool {
        self.first.has(scramble(sum)) && self.second.has(scramble_again(sum))
    }
}

/// Spreads the rolling sum's poor upper bits: a bijection whose high bits depend on all others.
#[inline(always)]
fn scramble(sum: u32) -> u32 {
    sum.wrapping_mul(0x9e37_79b1)
}

/// The same in another way.
#[inline(always)]
fn scramble_again(sum: u32) -> u32 {
    (sum ^ sum >> 15).wrapping_mul(0x85eb_ca77)
}

impl<'a> Index<'a> {
    /// Indexes the first `full` blocks.
    pub(crate) fn new(sig: &'a Signature, full: u32, in_place: bool) -> Self {
        let weak = &sig.weak[..full as usize];
        let bucket_shift = 32 - u64::from(full).next_power_of_two().trailing_zeros().clamp(1, 24);
        let buckets = 1usize << (32 - bucket_shift);
        let bucket_of = |sum: u32| (scramble(sum) >> bucket_shift) as usize;

        // Counting sort into buckets, which keeps ascending order within each.
        let mut ends = vec![0u32; buckets + 1];
        for &sum in weak {
            ends[bucket_of(sum) + 1] += 1;
        }
        for b in 0..buckets {
            ends[b + 1] += ends[b];
        }
        let mut next = ends.clone();
        let mut order = vec![0u32; weak.len()];
        for (i, &sum) in weak.iter().enumerate() {
            let slot = &mut next[bucket_of(sum)];
            order[*slot as usize] = i as u32;
            *slot += 1;
        }
        drop(next);

        let compare = |a: u32, b: u32| {
            weak[a as usize]
                .cmp(&weak[b as usize])
                .then_with(|| sig.strong_of(a).cmp(sig.strong_of(b)))
        };
        let mut groups: Vec<Group> = Vec::with_capacity(weak.len());
        let mut spans = Vec::new();
        let mut starts = Vec::with_capacity(buckets + 1);
        for b in 0..buckets {
            starts.push(groups.len() as u32);
            let (from, to) = (ends[b] as usize, ends[b + 1] as usize);
            let bucket = &mut order[from..to];
            if bucket.len() > 1 {
                bucket.sort_unstable_by(|&x, &y| compare(x, y).then(x.cmp(&y)));
            }
            for (k, &i) in bucket.iter().enumerate() {
                if k == 0 || compare(bucket[k - 1], i) != Ordering::Equal {
                    groups.push(Group { weak: weak[i as usize], first: i });
                    if in_place {
                        spans.push((from + k) as u32);
                    }
                }
            }
        }
        starts.push(groups.len() as u32);
        let in_place = in_place.then(|| {
            spans.push(full);
            InPlace {
                spans,
                members: order,
                kept: vec![NONE; groups.len()],
                kept_blocks: vec![0; weak.len().div_ceil(64)],
            }
        });
        let filter = Filter::new(weak);
        Index { sig, full, filter, bucket_shift, starts, groups, in_place }
    }

    /// Forgets what was matched in place: a new file starts.
    pub(crate) fn reset(&mut self) {
        if let Some(p) = &mut self.in_place {
            p.kept.fill(NONE);
            p.kept_blocks.fill(0);
        }
    }

    /// Whether full block `i` has this rolling sum.
    #[inline]
    pub(crate) fn is_weak(&self, i: u32, sum: u32) -> bool {
        i < self.full && self.sig.weak[i as usize] == sum
    }

    /// Whether the block's strong sum is the beginning of `digest`.
    pub(crate) fn is_strong(&self, i: u32, digest: &[u8]) -> bool {
        digest.starts_with(self.sig.strong_of(i))
    }

    /// The groups with this rolling sum, as a range.
    #[inline]
    pub(crate) fn candidates(&self, sum: u32) -> Option<std::ops::Range<usize>> {
        let b = (scramble(sum) >> self.bucket_shift) as usize;
        let (from, to) = (self.starts[b] as usize, self.starts[b + 1] as usize);
        let bucket = &self.groups[from..to];
        let low = bucket.partition_point(|g| g.weak < sum);
        let len = bucket[low..].partition_point(|g| g.weak == sum);
        (len > 0).then_some(from + low..from + low + len)
    }

    /// The group among `candidates` whose strong sum is the beginning of `digest`.
    fn group(&self, candidates: std::ops::Range<usize>, digest: &[u8]) -> Option<usize> {
        let want = digest.get(..self.sig.s2length as usize)?;
        let from = candidates.start;
        let found = self.groups[candidates]
            .binary_search_by(|g| self.sig.strong_of(g.first).cmp(want))
            .ok()?;
        Some(from + found)
    }

    /// A block among `candidates` that has this strong sum and may be used at `offset`.
    pub(crate) fn find(
        &self,
        candidates: std::ops::Range<usize>,
        digest: &[u8],
        offset: u64,
    ) -> Option<u32> {
        let g = self.group(candidates, digest)?;
        let Some(p) = &self.in_place else { return Some(self.groups[g].first) };
        let members = &p.members[p.spans[g] as usize..p.spans[g + 1] as usize];
        let ahead = members.partition_point(|&i| self.start_of(i) < offset);
        members.get(ahead).copied().or_else(|| (p.kept[g] != NONE).then_some(p.kept[g]))
    }

    /// Whether the in-place restriction, if any, lets block `i` be used at `offset`: its bytes
    /// must not have been overwritten by then.
    pub(crate) fn allowed(&self, i: u32, offset: u64) -> bool {
        let Some(p) = &self.in_place else { return true };
        let kept = |word: &u64| word >> (i & 63) & 1 != 0;
        self.start_of(i) >= offset || p.kept_blocks.get(i as usize / 64).is_some_and(kept)
    }

    /// The full block that starts at `offset`, if matches are restricted: preferring it there
    /// leaves its bytes where they are.
    pub(crate) fn own(&self, offset: u64) -> Option<u32> {
        let blength = u64::from(self.sig.blength);
        if self.in_place.is_none() || !offset.is_multiple_of(blength) {
            return None;
        }
        u32::try_from(offset / blength).ok().filter(|&i| i < self.full)
    }

    /// A run of zeros in a file that is updated in place had better stay where it is. If block `found`, matched at `offset`,
    /// holds zeros but is not at home there: the next block to be at home, if that holds zeros, too, and how far ahead it is.
    pub(crate) fn zeros_ahead(&self, found: u32, offset: u64) -> Option<(u32, usize)> {
        if self.in_place.is_none() || !self.is_weak(found, 0) {
            return None;
        }
        let blength = u64::from(self.sig.blength);
        let home = offset.div_ceil(blength);
        let block = u32::try_from(home).ok().filter(|&i| self.is_weak(i, 0))?;
        let ahead = home * blength - offset;
        (ahead > 0).then_some((block, ahead as usize))
    }

    /// Remembers that full block `i` was matched at `offset`.
    pub(crate) fn matched(&mut self, i: u32, digest: &[u8], offset: u64) {
        if self.in_place.is_none() || self.start_of(i) != offset {
            return;
        }
        let group = self
            .candidates(self.sig.weak[i as usize])
            .and_then(|candidates| self.group(candidates, digest));
        if let (Some(p), Some(g)) = (&mut self.in_place, group) {
            p.kept[g] = i;
            p.kept_blocks[i as usize / 64] |= 1 << (i & 63);
        }
    }

    fn start_of(&self, i: u32) -> u64 {
        u64::from(i) * u64::from(self.sig.blength)
    }
}
