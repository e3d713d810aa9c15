//! Records and the bytes behind them.
//!
//! A record has room for what nearly every file's values need. A length from 4 GiB and a time outside of 1970 to 2106 stand
//! behind the name, with the other rare fields; type, permissions and owners are shared by all entries that have the same.

use std::collections::HashMap;

/// Bits of [`Rec::flags`]; the high byte extends the arena offset.
pub(super) mod flag {
    pub const TOP: u16 = 0x01;
    pub const CONTENT: u16 = 0x02;
    pub const IMPLIED: u16 = 0x04;
    pub const BLANK: u16 = 0x08;
    pub const EXTRAS: u16 = 0x10;
    pub const DIR: u16 = 0x20;
}

/// The part of an entry that every entry has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rec {
    /// Low 32 bits; see [`Extra::Length`].
    pub len: u32,
    /// Unsigned seconds; see [`Extra::Time`].
    pub mtime: u32,
    pub nsec: u32,
    /// Row of [`Arena::class`].
    pub class: u32,
    pub dir: u32,
    /// Low 32 bits of the arena offset.
    pub at: u32,
    pub flags: u16,
}

/// What the entries of a list have in common with many others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Class {
    pub mode: u16,
    pub uid: u32,
    pub gid: u32,
}

impl Rec {
    pub fn has(&self, bit: u16) -> bool {
        self.flags & bit != 0
    }
    pub fn is_dir(&self) -> bool {
        self.has(flag::DIR)
    }
    fn offset(&self) -> usize {
        (self.flags as usize >> 8) << 32 | self.at as usize
    }
    /// Points the record at an arena offset (below 2^40, which memory runs out long before).
    pub fn set_offset(&mut self, offset: usize) {
        self.at = offset as u32;
        self.flags = self.flags & 0xff | ((offset >> 32) as u16) << 8;
    }
}

/// Rare fields, in the order in which they stand behind the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Extra {
    Target = 0,
    Checksum = 1,
    Rdev = 2,
    HardLink = 3,
    Atime = 4,
    Crtime = 5,
    Acl = 6,
    Xattr = 7,
    /// The whole length, if it has more than 32 bits.
    Length = 8,
    /// The modification time, if it does not fit the record.
    Time = 9,
}

/// Number of [`Extra`]s of eight bytes.
pub(super) const WORDS: usize = 8;

/// The eight bytes of a fixed-size extra.
pub(super) fn as_i64(bytes: &[u8]) -> i64 {
    let mut a = [0; 8];
    let n = bytes.len().min(8);
    a[..n].copy_from_slice(&bytes[..n]);
    i64::from_le_bytes(a)
}

/// A directory name with its trailing slash (empty at the top), and the source it belongs to.
#[derive(Debug, Clone, Copy)]
struct DirRow {
    at: u64,
    len: u32,
    source: u32,
}

/// All bytes of a segment.
#[derive(Debug, Default)]
pub(super) struct Arena {
    bytes: Vec<u8>,
    dirs: Vec<DirRow>,
    classes: Vec<Class>,
}

impl Arena {
    #[cfg(test)]
    pub fn memory(&self) -> usize {
        self.bytes.len()
            + self.dirs.len() * size_of::<DirRow>()
            + self.classes.len() * size_of::<Class>()
    }
    pub fn shrink(&mut self) {
        // Shrinking copies; only worth it when growth left a lot of slack.
        if self.bytes.capacity() - self.bytes.len() > self.bytes.len() / 8 {
            self.bytes.shrink_to_fit();
        }
        self.dirs.shrink_to_fit();
        self.classes.shrink_to_fit();
    }
    pub fn classes_mut(&mut self) -> &mut [Class] {
        &mut self.classes
    }
    pub fn class(&self, index: u32) -> Class {
        self.classes[index as usize]
    }
    pub fn dir(&self, index: u32) -> &[u8] {
        let row = &self.dirs[index as usize];
        &self.bytes[row.at as usize..][..row.len as usize]
    }
    pub fn source(&self, index: u32) -> u32 {
        self.dirs[index as usize].source
    }
    fn varint(&self, at: &mut usize) -> usize {
        let mut v = 0;
        let mut shift = 0;
        loop {
            let b = self.bytes[*at];
            *at += 1;
            v |= ((b & 0x7f) as usize) << shift;
            if b < 0x80 {
                return v;
            }
            shift += 7;
        }
    }
    fn put_varint(&mut self, mut v: usize) {
        while v >= 0x80 {
            self.bytes.push(v as u8 | 0x80);
            v >>= 7;
        }
        self.bytes.push(v as u8);
    }
    pub fn base_name(&self, r: &Rec) -> &[u8] {
        let mut at = r.offset();
        let len = self.varint(&mut at);
        &self.bytes[at..][..len]
    }
    pub fn extra(&self, r: &Rec, want: Extra) -> Option<&[u8]> {
        if !r.has(flag::EXTRAS) {
            return None;
        }
        let mut at = r.offset();
        let name_len = self.varint(&mut at);
        at += name_len;
        let present = u16::from_le_bytes([self.bytes[at], self.bytes[at + 1]]);
        at += 2;
        if present & 1 << want as u8 == 0 {
            return None;
        }
        for bit in 0..=Extra::Time as u8 {
            if present & 1 << bit == 0 {
                continue;
            }
            let len = if bit <= Extra::Checksum as u8 { self.varint(&mut at) } else { 8 };
            if bit == want as u8 {
                return Some(&self.bytes[at..][..len]);
            }
            at += len;
        }
        None
    }
    /// Appends a base name; the offset for [`Rec::set_offset`].
    pub fn put_name(&mut self, name: &[u8]) -> usize {
        let at = self.bytes.len();
        self.put_varint(name.len());
        self.bytes.extend_from_slice(name);
        at
    }
    /// Appends the extras behind the name just put. `bytes` are the target and the checksum,
    /// `words` the others in order.
    pub fn put_extras(&mut self, bytes: [&[u8]; 2], words: [Option<u64>; WORDS]) -> bool {
        let mut present = 0u16;
        for (i, b) in bytes.iter().enumerate() {
            present |= u16::from(!b.is_empty()) << i;
        }
        for (i, w) in words.iter().enumerate() {
            present |= u16::from(w.is_some()) << (i + 2);
        }
        if present == 0 {
            return false;
        }
        self.bytes.extend_from_slice(&present.to_le_bytes());
        for b in bytes.iter().filter(|b| !b.is_empty()) {
            self.put_varint(b.len());
            self.bytes.extend_from_slice(b);
        }
        for w in words.iter().flatten() {
            self.bytes.extend_from_slice(&w.to_le_bytes());
        }
        true
    }
}

/// Finds the row of a directory name while a segment is built.
#[derive(Debug, Default)]
pub(super) struct DirRows {
    last: Option<u32>,
    known: HashMap<(Vec<u8>, u32), u32>,
}

impl DirRows {
    pub fn row(&mut self, arena: &mut Arena, dir: &[u8], source: u32) -> u32 {
        // Entries arrive directory by directory, so the last row is nearly always the one.
        if let Some(last) = self.last
            && arena.source(last) == source
            && arena.dir(last) == dir
        {
            return last;
        }
        let key = (dir.to_vec(), source);
        let next = arena.dirs.len() as u32;
        let row = *self.known.entry(key).or_insert(next);
        if row == next {
            let at = arena.bytes.len() as u64;
            arena.bytes.extend_from_slice(dir);
            arena.dirs.push(DirRow { at, len: dir.len() as u32, source });
        }
        self.last = Some(row);
        row
    }
}

/// Finds the row of a class while a segment is built.
#[derive(Debug, Default)]
pub(super) struct ClassRows {
    last: Option<(Class, u32)>,
    known: HashMap<Class, u32>,
}

impl ClassRows {
    pub fn row(&mut self, arena: &mut Arena, class: Class) -> u32 {
        if let Some((last, row)) = self.last
            && last == class
        {
            return row;
        }
        let next = arena.classes.len() as u32;
        let row = *self.known.entry(class).or_insert(next);
        if row == next {
            arena.classes.push(class);
        }
        self.last = Some((class, row));
        row
    }
}
