//! The live lists of the sender, and its references to directories whose lists are still to come (WIRE.md, Incremental lists).

use super::{Entry, Segment};
use std::{collections::VecDeque, sync::Arc};

/// A directory entry that outlives its list: it keeps that list's memory.
#[derive(Debug, Clone)]
pub struct DirRef {
    segment: Arc<Segment>,
    pos: u32,
}

impl DirRef {
    /// The entry at a sorted position of `segment`.
    pub fn new(segment: &Arc<Segment>, pos: usize) -> Option<DirRef> {
        (pos < segment.len()).then(|| DirRef { segment: segment.clone(), pos: pos as u32 })
    }
    /// The entry `i` positions further on.
    pub fn sibling(&self, i: usize) -> Option<DirRef> {
        DirRef::new(&self.segment, (self.pos as usize).checked_add(i)?)
    }
    /// The entry (even if its slot was blanked).
    pub fn entry(&self) -> Entry<'_> {
        Entry { seg: &self.segment, pos: self.pos }
    }
}

/// A list in use, with the directory that it belongs to.
#[derive(Debug, Clone)]
pub struct Live {
    /// The list.
    pub segment: Arc<Segment>,
    /// What the gap index denotes; `None` for a first list without `.`.
    pub parent: Option<DirRef>,
}

/// What an index denotes.
#[derive(Debug, Clone)]
pub enum Found {
    /// An entry of the list: its sorted position.
    Entry(Live, usize),
    /// The directory that the list belongs to (an index below the list's base).
    Gap(Live),
    /// A slot that was blanked.
    Blank,
}

/// The live lists of one side, oldest first.
#[derive(Debug, Default)]
pub struct Lists {
    live: VecDeque<Live>,
    /// For each live list, the slots of all lists up to its end.
    ends: VecDeque<u64>,
    next_base: i32,
    incremental: bool,
    started: bool,
    /// Slots of all lists so far.
    total: u64,
}

impl Lists {
    /// No lists yet.
    pub fn new(incremental: bool) -> Self {
        Lists { next_base: i32::from(incremental), incremental, ..Lists::default() }
    }
    /// The first index of the next list.
    pub fn next_base(&self) -> i32 {
        self.next_base
    }
    /// Adds a complete list.
    pub fn push(&mut self, live: Live) {
        let count = i32::try_from(live.segment.len()).unwrap_or(i32::MAX);
        self.next_base = live.segment.base().saturating_add(count).saturating_add(1);
        self.total += live.segment.len() as u64;
        self.started = true;
        self.ends.push_back(self.total);
        self.live.push_back(live);
    }
    /// Whether no list is live.
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }
    /// Slots of all lists so far, freed ones included.
    pub fn total(&self) -> u64 {
        self.total
    }
    /// The oldest live list.
    pub fn oldest(&self) -> Option<&Live> {
        self.live.front()
    }
    /// Forgets the oldest list.
    pub fn free_oldest(&mut self) -> Option<Live> {
        self.ends.pop_front();
        self.live.pop_front()
    }
    /// First and last index that may be asked for, for error texts.
    pub fn range(&self) -> (i32, i32) {
        match (self.live.front(), self.live.back()) {
            (Some(first), Some(last)) => {
                let first = first.segment.base() - i32::from(self.incremental);
                (first, last.segment.end() - 1)
            }
            _ => (-1, self.next_base - 1 - i32::from(self.incremental && self.started)),
        }
    }
    /// Which live list (0 is the oldest) an index belongs to; its gap index counts.
    pub fn list_of(&self, ndx: i32) -> Option<usize> {
        let gap = i32::from(self.incremental);
        let i = self.live.partition_point(|l| l.segment.base() - gap <= ndx).checked_sub(1)?;
        (ndx < self.live[i].segment.end()).then_some(i)
    }
    /// What an index denotes; `None` if it is in no live list.
    pub fn find(&self, ndx: i32) -> Option<Found> {
        let live = self.live[self.list_of(ndx)?].clone();
        if ndx < live.segment.base() {
            return Some(Found::Gap(live));
        }
        Some(match live.segment.by_ndx(ndx).map(Entry::position) {
            Some(pos) => Found::Entry(live, pos),
            None => Found::Blank,
        })
    }
    /// Entries in the lists behind the one that holds `ndx` (behind the oldest if none does).
    pub fn ahead_of(&self, ndx: i32) -> u64 {
        let current = self.list_of(ndx).unwrap_or(0);
        self.total - self.ends.get(current).copied().unwrap_or(self.total)
    }
}
