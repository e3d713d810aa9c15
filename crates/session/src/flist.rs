//! File lists in memory: a compact arena per segment (spec chapter 02, Order, duplicates, indices; Incremental recursion).
use std::sync::Arc;
use wire::{Protocol, flist::FileEntry};

/// A complete list or segment, immutable once finished. `Arc` it; it is freed when the last user drops it.
#[derive(Debug, Default)]
pub struct Segment {
    _p: (),
}

/// One entry, by reference. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    _seg: &'a Segment,
    _slot: u32,
}

#[allow(missing_docs)]
impl Segment {
    /// First index.
    pub fn base(&self) -> i32 {
        todo!()
    }
    /// Entries, blanked slots included.
    pub fn len(&self) -> usize {
        todo!()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The directory number whose contents this is (`None` for the first list).
    pub fn parent_dir(&self) -> Option<u32> {
        todo!()
    }
    /// The entry at sorted position `i` (0-based); `None` if the slot was blanked (duplicate, pruned).
    pub fn get(&self, i: usize) -> Option<Entry<'_>> {
        let _ = i;
        todo!()
    }
    /// The entry with this index.
    pub fn by_ndx(&self, ndx: i32) -> Option<Entry<'_>> {
        let _ = ndx;
        todo!()
    }
    /// Binary search by full name (cleaned) and whether it is a directory; the sorted position.
    pub fn find(&self, name: &[u8], is_dir: bool) -> Option<usize> {
        let _ = (name, is_dir);
        todo!()
    }
}

#[allow(missing_docs)]
impl<'a> Entry<'a> {
    pub fn ndx(self) -> i32 {
        todo!()
    }
    /// Full name, `.` for the root, no leading or trailing slash.
    pub fn name(self) -> Vec<u8> {
        todo!()
    }
    pub fn push_name(self, out: &mut Vec<u8>) {
        let _ = out;
        todo!()
    }
    pub fn dirname(self) -> &'a [u8] {
        todo!()
    }
    pub fn basename(self) -> &'a [u8] {
        todo!()
    }
    pub fn mode(self) -> u32 {
        todo!()
    }
    pub fn is_dir(self) -> bool {
        self.mode() & 0o170000 == 0o040000
    }
    pub fn is_regular(self) -> bool {
        self.mode() & 0o170000 == 0o100000
    }
    pub fn is_symlink(self) -> bool {
        self.mode() & 0o170000 == 0o120000
    }
    pub fn len(self) -> u64 {
        todo!()
    }
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
    pub fn mtime(self) -> i64 {
        todo!()
    }
    pub fn mtime_nsec(self) -> u32 {
        todo!()
    }
    pub fn atime(self) -> i64 {
        todo!()
    }
    /// Already mapped to local ids on the receiving side.
    pub fn uid(self) -> u32 {
        todo!()
    }
    pub fn gid(self) -> u32 {
        todo!()
    }
    pub fn rdev(self) -> (u32, u32) {
        todo!()
    }
    pub fn link_target(self) -> &'a [u8] {
        todo!()
    }
    pub fn checksum(self) -> &'a [u8] {
        todo!()
    }
    pub fn top_dir(self) -> bool {
        todo!()
    }
    /// The directory's contents were listed, so deletion may scan it.
    pub fn has_content(self) -> bool {
        todo!()
    }
    pub fn implied(self) -> bool {
        todo!()
    }
    /// Hard-link group (the sender's gnum, or a number made from dev and inode); `None` for a group of one before the list is complete is possible.
    pub fn hard_link_group(self) -> Option<u64> {
        todo!()
    }
    pub fn acl(self) -> Option<(u32, Option<u32>)> {
        todo!()
    }
    pub fn xattr(self) -> Option<u32> {
        todo!()
    }
    /// Sender only: which source directory the entry hangs below.
    pub fn source(self) -> u32 {
        todo!()
    }
}

/// Collects the entries of a list in arrival order.
#[derive(Debug)]
pub struct SegmentBuilder {
    _p: (),
}
#[allow(missing_docs)]
impl SegmentBuilder {
    pub fn new(protocol: Protocol, base: i32, parent_dir: Option<u32>) -> Self {
        let _ = (protocol, base, parent_dir);
        todo!()
    }
    /// Adds an entry whose name was checked; `name` is cleaned, without leading slash. `source` as in [`Entry::source`].
    pub fn push(&mut self, e: &FileEntry, name: &[u8], source: u32) {
        let _ = (e, name, source);
        todo!()
    }
    /// Sorts (stable, spec order of the protocol). `receiver`: blank duplicates and merge directories.
    pub fn finish(self, receiver: bool) -> Arc<Segment> {
        let _ = receiver;
        todo!()
    }
}
