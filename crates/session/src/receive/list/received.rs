//! A received list, and the directories that lists are of.
use crate::{
    flist::{Entry, Segment},
    receive::attrs::Want,
};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// A received list: the segment, what was pruned from it, and the directory that it belongs to.
#[derive(Debug)]
pub(in crate::receive) struct List {
    pub(super) seg: Arc<Segment>,
    /// Incremental: the directory that the gap index stands for.
    pub dir: Option<Arc<Dir>>,
    /// The sender's errors, as they stood at the end of this list.
    pub io_error: i32,
    /// Requests without outcome, and members of hard-link groups that wait. Both threads count down; only the generator counts
    /// up, before it asks.
    open: AtomicUsize,
}

/// A directory of an incremental session, kept for its own list.
#[derive(Debug)]
pub(in crate::receive) struct Dir {
    /// Its number among the directories.
    pub number: usize,
    pub name: Vec<u8>,
    pub base: DirEntry,
}

/// What is kept of a directory's entry.
#[derive(Debug, Clone, Copy)]
pub(in crate::receive) struct DirEntry {
    pub want: Want,
    pub implied: bool,
    pub content: bool,
    pub top: bool,
}

impl List {
    pub(super) fn new(seg: Arc<Segment>, dir: Option<Arc<Dir>>, io_error: i32) -> List {
        List { seg, dir, io_error, open: AtomicUsize::new(0) }
    }
    /// First index.
    pub fn base(&self) -> i32 {
        self.seg.base()
    }
    /// Entries, blanked slots included.
    pub fn len(&self) -> usize {
        self.seg.len()
    }
    pub fn is_empty(&self) -> bool {
        self.seg.len() == 0
    }
    /// The entry in a slot.
    pub fn get(&self, i: usize) -> Option<Entry<'_>> {
        self.seg.get(i)
    }
    /// Whether an index belongs to the list, the gap index included.
    pub fn contains(&self, ndx: i32) -> bool {
        let offset = i64::from(ndx) - i64::from(self.base());
        offset >= -1 && offset < self.len() as i64
    }
    /// The slot of an index; `None` for the gap index.
    pub fn slot(&self, ndx: i32) -> Option<usize> {
        self.seg.position_of(ndx)
    }
    /// Whether the entries stand in the order of their indexes.
    pub fn in_order(&self) -> bool {
        self.seg.in_order()
    }
    /// One more thing is open.
    pub fn begin_one(&self) {
        self.open.fetch_add(1, Ordering::AcqRel);
    }
    /// One thing less is open; true if it was the last.
    pub fn end_one(&self) -> bool {
        let before =
            self.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| n.checked_sub(1));
        before == Ok(1)
    }
    /// Whether nothing is open.
    pub fn is_settled(&self) -> bool {
        self.open.load(Ordering::Acquire) == 0
    }
    /// Whether a name stands in the list, whatever its type.
    pub fn has_name(&self, name: &[u8]) -> bool {
        [false, true]
            .into_iter()
            .any(|dir| self.seg.find(name, dir).is_some_and(|i| self.get(i).is_some()))
    }
    /// Whether a directory stands in the list.
    pub fn has_dir(&self, name: &[u8]) -> bool {
        self.seg.find(name, true).is_some_and(|i| self.get(i).is_some())
    }
}
