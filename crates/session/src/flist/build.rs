//! Collecting, sorting and cleaning a list.

use super::{
    Arrivals, Entry, Segment,
    arena::{Class, ClassRows, DirRows, Rec, flag},
    sort,
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use wire::{
    Protocol, WireError,
    flist::{FileEntry, HardLink},
};

/// What rsync's array of entries has room for at first.
const ARRAY: usize = 32 * 1024;
/// Beyond this it does not double any more.
const ARRAY_DOUBLES: usize = ARRAY * 256;
/// Bytes for each entry in it.
const POINTER: u64 = 8;

/// How "contents were listed" is derived before protocol 30, where the wire does not say it
/// (WIRE.md, Entry flags).
#[derive(Debug)]
struct Hierarchy {
    recurse: bool,
    relative: bool,
    /// Depth of the open hierarchy: the length of its top directory's wire name.
    open: Option<usize>,
    previous: Vec<u8>,
}

impl Hierarchy {
    /// Whether the directory's contents are listed. `implied`: known to be a mere parent.
    fn has_content(&mut self, name: &[u8], top: bool, implied: bool) -> bool {
        if top && !implied {
            let wire_len = match name.strip_suffix(b"/.") {
                Some(dir) if self.relative => dir.len(),
                _ => name.len(),
            };
            if self.recurse {
                self.open = Some(if name == b"." { 0 } else { wire_len });
            }
            return true;
        }
        let Some(depth) = self.open else { return false };
        if top {
            return false;
        }
        let shared = name.iter().zip(&self.previous).take(255).take_while(|(a, b)| a == b).count();
        let below = !self.relative
            || depth == 0
            || (shared >= depth && name.get(depth).is_some_and(|&b| b == b'/'));
        if !below {
            self.open = None;
        }
        below
    }
}

/// Collects the entries of a list in arrival order.
#[derive(Debug)]
pub struct SegmentBuilder {
    protocol: Protocol,
    seg: Segment,
    rows: DirRows,
    classes: ClassRows,
    hierarchy: Option<Hierarchy>,
    /// Groups by device and inode, before protocol 30.
    groups: HashMap<(u64, u64), u64>,
}

impl SegmentBuilder {
    /// An empty list whose first index is `base`.
    pub fn new(protocol: Protocol, base: i32) -> Self {
        SegmentBuilder {
            protocol,
            seg: Segment { base, plain_order: !protocol.has_item_flags(), ..Segment::default() },
            rows: DirRows::default(),
            classes: ClassRows::default(),
            hierarchy: (!protocol.has_varints()).then(|| Hierarchy {
                recurse: true,
                relative: false,
                open: None,
                previous: Vec::new(),
            }),
            groups: HashMap::new(),
        }
    }

    /// Indexes follow the order of arrival (`--iconv`).
    pub fn numbered_by_arrival(mut self, on: bool) -> Self {
        self.seg.arrivals = on.then(|| Arrivals { positions: Vec::new(), numbers: Vec::new() });
        self
    }

    /// What the session says about recursion and `--relative`; before protocol 30 it decides which
    /// directories count as listed (otherwise: recursive, not relative).
    pub fn with_options(mut self, recurse: bool, relative: bool) -> Self {
        if let Some(h) = &mut self.hierarchy {
            h.recurse = recurse;
            h.relative = relative;
        }
        self
    }

    /// Entries so far; the next one's arrival position.
    pub fn len(&self) -> usize {
        self.seg.recs.len()
    }

    /// Whether `--max-alloc` lets another entry in. What rsync limits is an array of pointers, which doubles when it is full.
    ///
    /// # Errors
    /// Code 22.
    pub fn room(&self, max_alloc: u64) -> Result<(), WireError> {
        let len = self.len();
        let full = (ARRAY..=ARRAY_DOUBLES).contains(&len) && len.is_power_of_two();
        let wanted = if full { 2 * len as u64 } else { len as u64 };
        match len >= ARRAY && wanted >= max_alloc / POINTER {
            true => Err(WireError::max_alloc(max_alloc)),
            false => Ok(()),
        }
    }

    /// First index.
    pub fn base(&self) -> i32 {
        self.seg.base
    }

    /// Adds an entry whose name was checked; `name` is cleaned. A leading slash of `--relative` may
    /// stay: it takes part in the order, and [`Entry::name`] leaves it out. `source` as in [`Entry::source`].
    pub fn push(&mut self, e: &FileEntry, name: &[u8], source: u32) {
        let is_dir = e.mode & 0o170000 == 0o040000;
        let mut flags = if is_dir { flag::DIR } else { 0 };
        if is_dir {
            let content = match &mut self.hierarchy {
                Some(h) => h.has_content(name, e.top_dir, e.no_content),
                None => !e.no_content,
            };
            flags |= if content { flag::CONTENT } else { 0 };
            flags |= match (e.top_dir, e.no_content) {
                (true, false) => flag::TOP,
                (true, true) => flag::IMPLIED,
                (false, _) => 0,
            };
        }
        if let Some(h) = &mut self.hierarchy {
            h.previous.clear();
            h.previous.extend_from_slice(name);
        }
        let group = self.group_of(&e.hard_link);
        self.seg.absolute |= name.first() == Some(&b'/');

        let (dir, base) = sort::split(name);
        let arena = &mut self.seg.arena;
        let dir = self.rows.row(arena, dir, source);
        let at = arena.put_name(base);
        let has_rdev = e.rdev != (0, 0);
        let words = [
            has_rdev.then_some((e.rdev.0 as u64) << 32 | e.rdev.1 as u64),
            group,
            (e.atime != 0).then_some(e.atime as u64),
            (e.crtime != 0).then_some(e.crtime as u64),
            e.acl.map(|(access, default)| {
                (default.unwrap_or(u32::MAX) as u64) << 32 | access as u64
            }),
            e.xattr.map(u64::from),
            u32::try_from(e.len).is_err().then_some(e.len),
            u32::try_from(e.mtime).is_err().then_some(e.mtime as u64),
        ];
        if arena.put_extras([&e.link_target, &e.checksum], words) {
            flags |= flag::EXTRAS;
        }
        let class = Class { mode: e.mode as u16, uid: e.uid, gid: e.gid };
        let class = self.classes.row(arena, class);
        let mut rec = Rec {
            len: e.len as u32,
            mtime: e.mtime as u32,
            nsec: e.mtime_nsec,
            class,
            dir,
            at: 0,
            flags,
        };
        rec.set_offset(at);
        self.seg.recs.push(rec);
    }

    /// The users that entries have, each at least once, in the order in which they came.
    pub fn uids_mut(&mut self) -> impl Iterator<Item = &mut u32> {
        self.classes = ClassRows::default();
        self.seg.arena.classes_mut().iter_mut().map(|class| &mut class.uid)
    }

    /// As [`Self::uids_mut`], the groups.
    pub fn gids_mut(&mut self) -> impl Iterator<Item = &mut u32> {
        self.classes = ClassRows::default();
        self.seg.arena.classes_mut().iter_mut().map(|class| &mut class.gid)
    }

    /// Adds an entry whose name cannot be used here: it has an index, and nothing else.
    pub fn push_unnamed(&mut self, is_dir: bool) {
        let mode = if is_dir { 0o040000 } else { 0o100000 };
        // It says nothing about the entries around it.
        let hierarchy = self.hierarchy.take();
        self.push(&FileEntry { mode, ..FileEntry::default() }, b"", 0);
        self.hierarchy = hierarchy;
        if let Some(rec) = self.seg.recs.last_mut() {
            rec.flags |= flag::BLANK;
        }
    }

    fn group_of(&mut self, link: &HardLink) -> Option<u64> {
        match *link {
            HardLink::None => None,
            HardLink::First => Some(self.seg.base.max(0) as u64 + self.seg.recs.len() as u64),
            HardLink::Member(gnum) => Some(gnum as u64),
            HardLink::DevIno(dev, ino) => {
                let next = self.groups.len() as u64;
                let group = *self.groups.entry((dev, ino)).or_insert(next);
                if group == next {
                    self.seg.group_sizes.push(0);
                }
                let size = &mut self.seg.group_sizes[group as usize];
                *size = size.saturating_add(1);
                Some(group)
            }
        }
    }

    /// Sorts (stable, spec order of the protocol). `receiver`: blank duplicates and merge directories.
    pub fn finish(self, receiver: bool) -> Arc<Segment> {
        Arc::new(self.sorted(receiver))
    }

    /// As [`Self::finish`] for a receiver with `--prune-empty-dirs`: also blanks every directory
    /// below which no other file is left, unless `keep` says that the receiver's rules protect it. As rsync, whose list ends
    /// at the last entry that is no duplicate, it takes any other duplicate for a file in the directory that it repeats.
    pub fn finish_pruned(self, mut keep: impl FnMut(Entry<'_>) -> bool) -> Arc<Segment> {
        let mut seg = self.sorted(true);
        let mut blank = Vec::new();
        let mut needed: HashSet<Vec<u8>> = HashSet::new();
        // Children stand behind their directory, so the way back meets them first.
        let end = seg.iter().next_back().map_or(0, Entry::position);
        for pos in (0..=end).rev().filter(|pos| *pos < seg.len()) {
            let Some(e) = seg.get(pos) else {
                needed.insert(Entry { seg: &seg, pos: pos as u32 }.name());
                continue;
            };
            if !e.is_dir() || e.is_root() || needed.contains(&e.name()) || keep(e) {
                if !needed.contains(e.dirname()) {
                    needed.insert(e.dirname().to_vec());
                }
            } else {
                blank.push(e.position());
            }
        }
        for i in blank {
            seg.recs[i].flags |= flag::BLANK;
        }
        Arc::new(seg)
    }

    fn sorted(self, receiver: bool) -> Segment {
        let protocol = self.protocol;
        let mut seg = self.seg;
        drop((self.rows, self.classes));
        let mut recs = std::mem::take(&mut seg.recs);
        if seg.arrivals.is_some() {
            // The order of numbers by position, then that of positions by number.
            let key = |n: &u32| seg.key(&recs[*n as usize]);
            let mut numbers: Vec<u32> = (0..recs.len() as u32).collect();
            numbers.sort_by(|a, b| seg.compare(key(a), key(b)));
            let mut positions = vec![0; numbers.len()];
            for (pos, n) in numbers.iter().enumerate() {
                positions[*n as usize] = pos as u32;
            }
            recs = numbers.iter().map(|n| recs[*n as usize]).collect();
            seg.arrivals = Some(Arrivals { positions, numbers });
        } else {
            recs.sort_by(|a, b| seg.compare(seg.key(a), seg.key(b)));
        }
        recs.shrink_to_fit();
        seg.recs = recs;
        seg.arena.shrink();
        if receiver {
            blank_duplicates(&mut seg, protocol);
        }
        seg
    }
}

/// Equal neighbours become one entry; a directory wins over a file of the same name (file list:
/// duplicates).
fn blank_duplicates(seg: &mut Segment, protocol: Protocol) {
    let mut kept = 0;
    for i in 1..seg.recs.len() {
        if seg.compare(seg.key(&seg.recs[kept]), seg.key(&seg.recs[i])).is_ne() {
            kept = i;
            continue;
        }
        let (first, later) = (seg.recs[kept], seg.recs[i]);
        match (first.is_dir(), later.is_dir()) {
            (true, true) => {
                let merged = (first.flags | later.flags) & (flag::TOP | flag::CONTENT)
                    | first.flags & later.flags & flag::IMPLIED;
                let r = &mut seg.recs[kept];
                r.flags = r.flags & !(flag::TOP | flag::CONTENT | flag::IMPLIED) | merged;
                seg.recs[i].flags |= flag::BLANK;
            }
            // Only before protocol 29 can names of different types be equal.
            (false, true) => {
                seg.recs[kept].flags |= flag::BLANK;
                kept = i;
            }
            _ => seg.recs[i].flags |= flag::BLANK,
        }
    }
    if protocol.has_item_flags() {
        let rivals: Vec<usize> = seg
            .iter()
            .filter(|e| e.is_dir() && e.basename() != b".")
            .filter_map(|e| {
                let mut name = Vec::new();
                e.push_wire_name(&mut name);
                seg.find_exactly(&name, false)
            })
            .collect();
        for i in rivals {
            seg.recs[i].flags |= flag::BLANK;
        }
    }
}
