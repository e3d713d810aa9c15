//! File lists in memory: a compact arena per segment (WIRE.md, Sorting; Incremental lists).
//!
//! An entry is a 28-byte record in a vector plus its base name in one byte arena; directory names
//! are shared by all entries of a directory. What few entries have (link target, device number,
//! hard-link group, checksum, access time, ACL and attribute indexes) follows the base name in
//! the arena and costs nothing where it is absent.

mod arena;
mod build;
mod dirs;
mod sort;
pub(crate) mod trace;

pub use build::SegmentBuilder;
pub use dirs::{DirRef, Found, Lists, Live};

use crate::Session;
use arena::{Arena, Extra, Rec, flag};
use sort::Key;
use std::cmp::Ordering;
use wire::{compat::CompatFlags, flist::FlistFormat};

/// The list format that a session's options and handshake mean.
pub fn format(session: &Session) -> FlistFormat {
    let s = &session.settings;
    FlistFormat {
        protocol: session.protocol,
        varint_flags: session.compat.has(CompatFlags::VARINT_FLIST_FLAGS),
        safe_flist: session.protocol.has_error_exit()
            || session.compat.has(CompatFlags::SAFE_FLIST),
        inc_recurse: session.inc_recurse,
        owner: s.owner,
        group: s.group,
        links: s.links,
        devices: s.devices,
        specials: s.specials,
        hard_links: s.hard_links,
        acls: s.acls,
        xattrs: s.xattrs > 0,
        atimes: s.atimes > 0,
        crtimes: s.crtimes,
        checksum_len: s.checksum.then(|| session.list_sum.digest_len()),
        relative: s.relative,
        missing_args: s.delete_missing_args,
    }
}

/// A complete list or segment, immutable once finished. `Arc` it; it is freed when the last user drops it.
#[derive(Debug, Default)]
pub struct Segment {
    base: i32,
    /// Names are ordered as plain bytes (before protocol 29).
    plain_order: bool,
    /// Some name has a leading slash.
    absolute: bool,
    recs: Vec<Rec>,
    arena: Arena,
    /// Members of each device-and-inode group (before protocol 30), to tell groups of one.
    group_sizes: Vec<u32>,
    /// Where indexes follow the order of arrival.
    arrivals: Option<Arrivals>,
}

/// Which entry arrived when. With `--iconv` the two sides see different names, which they sort differently, so that an index
/// counts entries as they travelled and not as they are sorted.
#[derive(Debug)]
struct Arrivals {
    /// The sorted position of the n-th entry.
    positions: Vec<u32>,
    /// When the entry at a sorted position arrived.
    numbers: Vec<u32>,
}

/// One entry, by reference. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    seg: &'a Segment,
    pos: u32,
}

impl Segment {
    /// First index.
    pub fn base(&self) -> i32 {
        self.base
    }
    /// The index behind the last one.
    pub fn end(&self) -> i32 {
        self.base.saturating_add(i32::try_from(self.recs.len()).unwrap_or(i32::MAX))
    }
    /// Entries, blanked slots included.
    pub fn len(&self) -> usize {
        self.recs.len()
    }
    /// The entry at sorted position `i` (0-based); `None` if the slot was blanked (duplicate, pruned).
    pub fn get(&self, i: usize) -> Option<Entry<'_>> {
        let rec = self.recs.get(i)?;
        (!rec.has(flag::BLANK)).then_some(Entry { seg: self, pos: i as u32 })
    }
    /// The entry at sorted position `i` even if it was blanked.
    pub fn get_blanked(&self, i: usize) -> Option<Entry<'_>> {
        (i < self.recs.len()).then_some(Entry { seg: self, pos: i as u32 })
    }
    /// Whether positions and indexes have the same order.
    pub fn in_order(&self) -> bool {
        self.arrivals.is_none()
    }
    /// The sorted position of the entry with this index, which may be blanked.
    pub fn position_of(&self, ndx: i32) -> Option<usize> {
        self.numbered(usize::try_from(ndx.checked_sub(self.base)?).ok()?)
    }
    /// The sorted position of the n-th entry (0-based) in the order of indexes.
    pub fn numbered(&self, n: usize) -> Option<usize> {
        match &self.arrivals {
            None => (n < self.recs.len()).then_some(n),
            Some(arrivals) => arrivals.positions.get(n).map(|&pos| pos as usize),
        }
    }
    /// The entry with this index.
    pub fn by_ndx(&self, ndx: i32) -> Option<Entry<'_>> {
        self.get(self.position_of(ndx)?)
    }
    /// All entries that were not blanked, in sorted order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Entry<'_>> {
        (0..self.recs.len()).filter_map(|i| self.get(i))
    }
    /// Binary search by full name (cleaned) and whether it is a directory; the sorted position.
    pub fn find(&self, name: &[u8], is_dir: bool) -> Option<usize> {
        let found = self.find_exactly(name, is_dir);
        if found.is_none() && self.absolute && name.first() != Some(&b'/') {
            let mut absolute = vec![b'/'];
            absolute.extend_from_slice(name);
            return self.find_exactly(&absolute, is_dir);
        }
        found
    }
    fn find_exactly(&self, name: &[u8], is_dir: bool) -> Option<usize> {
        let want = Key::of_name(name, is_dir);
        let start = self.recs.partition_point(|r| self.compare(self.key(r), want).is_lt());
        self.recs[start..]
            .iter()
            .take_while(|r| self.compare(self.key(r), want).is_eq())
            .position(|r| !r.has(flag::BLANK) && r.is_dir() == is_dir)
            .map(|i| start + i)
    }
    /// Bytes that the segment occupies.
    #[cfg(test)]
    pub fn memory(&self) -> usize {
        let arrivals = self.arrivals.as_ref().map_or(0, |a| a.positions.len() + a.numbers.len());
        self.recs.len() * size_of::<Rec>() + self.arena.memory() + arrivals * size_of::<u32>()
    }
    fn key(&self, r: &Rec) -> Key<'_> {
        Key { dir: self.arena.dir(r.dir), base: self.arena.base_name(r), is_dir: r.is_dir() }
    }
    fn compare(&self, a: Key<'_>, b: Key<'_>) -> Ordering {
        sort::compare(a, b, self.plain_order)
    }
}

impl<'a> Entry<'a> {
    fn rec(self) -> &'a Rec {
        &self.seg.recs[self.pos as usize]
    }
    fn class(self) -> arena::Class {
        self.seg.arena.class(self.rec().class)
    }
    fn extra(self, want: Extra) -> Option<&'a [u8]> {
        self.seg.arena.extra(self.rec(), want)
    }
    /// The entry's index.
    pub fn ndx(self) -> i32 {
        let number = match &self.seg.arrivals {
            None => self.pos,
            Some(arrivals) => arrivals.numbers[self.pos as usize],
        };
        self.seg.base.saturating_add_unsigned(number)
    }
    /// What its index would be if indexes followed the order of names.
    pub fn place(self) -> i32 {
        self.seg.base.saturating_add_unsigned(self.pos)
    }
    /// Sorted position in its segment.
    pub fn position(self) -> usize {
        self.pos as usize
    }
    /// Full name, `.` for the root, no leading or trailing slash.
    pub fn name(self) -> Vec<u8> {
        let mut out = Vec::new();
        self.push_name(&mut out);
        out
    }
    /// Appends [`Self::name`].
    pub fn push_name(self, out: &mut Vec<u8>) {
        let dir = self.seg.arena.dir(self.rec().dir);
        self.append(dir.strip_prefix(b"/").unwrap_or(dir), out);
    }
    /// Appends the name as it travels: with the leading slash that `--relative` keeps.
    pub fn push_wire_name(self, out: &mut Vec<u8>) {
        self.append(self.seg.arena.dir(self.rec().dir), out);
    }
    fn append(self, dir: &[u8], out: &mut Vec<u8>) {
        let base = self.basename();
        out.reserve(dir.len() + base.len());
        out.extend_from_slice(dir);
        out.extend_from_slice(base);
    }
    /// The directory part, without slashes at either end; empty at the top.
    pub fn dirname(self) -> &'a [u8] {
        let dir = self.seg.arena.dir(self.rec().dir);
        let dir = dir.strip_prefix(b"/").unwrap_or(dir);
        dir.strip_suffix(b"/").unwrap_or(dir)
    }
    /// The last component.
    pub fn basename(self) -> &'a [u8] {
        self.seg.arena.base_name(self.rec())
    }
    /// Whether the entry is the root of the transfer, `.`.
    pub fn is_root(self) -> bool {
        self.is_dir() && self.basename() == b"." && self.dirname().is_empty()
    }
    /// Wire mode: type and permission bits.
    pub fn mode(self) -> u32 {
        self.class().mode.into()
    }
    /// A directory.
    pub fn is_dir(self) -> bool {
        self.rec().is_dir()
    }
    /// A regular file.
    pub fn is_regular(self) -> bool {
        self.mode() & 0o170000 == 0o100000
    }
    /// A symlink.
    pub fn is_symlink(self) -> bool {
        self.mode() & 0o170000 == 0o120000
    }
    /// Length in bytes.
    pub fn len(self) -> u64 {
        let rec = self.rec();
        match rec.has(flag::EXTRAS) {
            true => self.extra(Extra::Length).map_or(rec.len.into(), |b| arena::as_i64(b) as u64),
            false => rec.len.into(),
        }
    }
    /// Modification time, seconds.
    pub fn mtime(self) -> i64 {
        let rec = self.rec();
        match rec.has(flag::EXTRAS) {
            true => self.extra(Extra::Time).map_or(rec.mtime.into(), arena::as_i64),
            false => rec.mtime.into(),
        }
    }
    /// Modification time, nanoseconds.
    pub fn mtime_nsec(self) -> u32 {
        self.rec().nsec
    }
    /// Access time, seconds; 0 if it was not sent.
    pub fn atime(self) -> i64 {
        self.extra(Extra::Atime).map_or(0, arena::as_i64)
    }
    /// Creation time, seconds; 0 if it was not sent.
    pub fn crtime(self) -> i64 {
        self.extra(Extra::Crtime).map_or(0, arena::as_i64)
    }
    /// Already mapped to local ids on the receiving side.
    pub fn uid(self) -> u32 {
        self.class().uid
    }
    /// As [`Self::uid`].
    pub fn gid(self) -> u32 {
        self.class().gid
    }
    /// Device number, major and minor.
    pub fn rdev(self) -> (u32, u32) {
        let pair = self.extra(Extra::Rdev).map_or(0, arena::as_i64) as u64;
        ((pair >> 32) as u32, pair as u32)
    }
    /// Symlink target, empty for other types.
    pub fn link_target(self) -> &'a [u8] {
        self.extra(Extra::Target).unwrap_or_default()
    }
    /// The list checksum; empty if there is none.
    pub fn checksum(self) -> &'a [u8] {
        self.extra(Extra::Checksum).unwrap_or_default()
    }
    /// Named by an argument.
    pub fn top_dir(self) -> bool {
        self.rec().has(flag::TOP)
    }
    /// The directory's contents were listed, so deletion may scan it.
    pub fn has_content(self) -> bool {
        self.rec().has(flag::CONTENT)
    }
    /// A parent directory that the request implied.
    pub fn implied(self) -> bool {
        self.rec().has(flag::IMPLIED)
    }
    /// Hard-link group (the sender's gnum, or a number made from dev and inode); `None` for a group of one before the list is complete is possible.
    pub fn hard_link_group(self) -> Option<u64> {
        let group = self.extra(Extra::HardLink).map(arena::as_i64)? as u64;
        match usize::try_from(group).ok().and_then(|g| self.seg.group_sizes.get(g)) {
            Some(&1) => None,
            _ => Some(group),
        }
    }
    /// Table indexes of the access and default ACL.
    pub fn acl(self) -> Option<(u32, Option<u32>)> {
        let raw = self.extra(Extra::Acl).map(arena::as_i64)? as u64;
        let default = (raw >> 32) as u32;
        Some((raw as u32, (default != u32::MAX).then_some(default)))
    }
    /// Table index of the attributes.
    pub fn xattr(self) -> Option<u32> {
        self.extra(Extra::Xattr).map(|b| arena::as_i64(b) as u32)
    }
    /// Sender only: which source directory the entry hangs below.
    pub fn source(self) -> u32 {
        self.seg.arena.source(self.rec().dir)
    }
}

#[cfg(test)]
mod tests;
