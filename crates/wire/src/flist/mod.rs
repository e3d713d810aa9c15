//! File-list entries (WIRE.md, File list).
//!
//! An entry leaves out what it shares with the entry before, so both sides carry the same state
//! from entry to entry, across all lists of a session. A field of that state changes exactly when
//! the entry had a place for it: an entry that has no access time, say, leaves the last one alone.

mod decode;
mod encode;
mod flags;

use crate::Protocol;

pub use decode::FlistDecoder;
pub use encode::{Extras, FlistEncoder};

/// What both sides agreed on that decides which fields an entry has.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct FlistFormat {
    pub protocol: Protocol,
    /// Compat flag VARINT_FLIST_FLAGS.
    pub varint_flags: bool,
    /// Protocol 31 or compat flag SAFE_FLIST.
    pub safe_flist: bool,
    pub inc_recurse: bool,
    pub owner: bool,
    pub group: bool,
    pub links: bool,
    pub devices: bool,
    pub specials: bool,
    pub hard_links: bool,
    pub acls: bool,
    pub xattrs: bool,
    pub atimes: bool,
    pub crtimes: bool,
    /// Length of the list checksum under `-c`.
    pub checksum_len: Option<usize>,
    /// Absolute names are legal (`--relative`).
    pub relative: bool,
    /// Mode 0 is legal (`--delete-missing-args`).
    pub missing_args: bool,
}

/// How an entry takes part in hard links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HardLink {
    /// Not at all.
    #[default]
    None,
    /// First of its group (protocol 30 and later); the group number is base + arrival position.
    First,
    /// Member of the group with this number (protocol 30 and later).
    Member(u32),
    /// Before protocol 30: device and inode.
    DevIno(u64, u64),
}

/// One file, as it travels. `name` is the full wire name (not cleaned, not yet a `RelPath`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct FileEntry {
    pub name: Vec<u8>,
    pub top_dir: bool,
    /// Directory whose contents are not listed (protocol 30 and later).
    pub no_content: bool,
    pub len: u64,
    pub mtime: i64,
    pub mtime_nsec: u32,
    pub crtime: i64,
    /// Wire mode: type and permission bits.
    pub mode: u32,
    pub atime: i64,
    pub uid: u32,
    pub gid: u32,
    /// Inline names (incremental sessions only).
    pub uid_name: Option<Vec<u8>>,
    pub gid_name: Option<Vec<u8>>,
    /// Major and minor (protocol 27: raw dev_t split by Linux rules).
    pub rdev: (u32, u32),
    pub link_target: Vec<u8>,
    pub hard_link: HardLink,
    pub checksum: Vec<u8>,
    /// Decoded: 0-based table indexes (access, default).
    pub acl: Option<(u32, Option<u32>)>,
    /// Decoded: 0-based table index.
    pub xattr: Option<u32>,
}

/// What the list holds next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)]
pub enum ListItem {
    /// An entry.
    Entry(FileEntry),
    /// The end marker, with the sender's io_error if it travels there (masked to 3 bits).
    End {
        /// Error bits.
        io_error: u32,
    },
}

const TYPE_MASK: u32 = 0o170000;
const FIFO: u32 = 0o010000;
const CHR: u32 = 0o020000;
const DIR: u32 = 0o040000;
const BLK: u32 = 0o060000;
const REG: u32 = 0o100000;
const LNK: u32 = 0o120000;
const SOCK: u32 = 0o140000;

/// The type in the bits of a wire mode. `Missing` is mode 0, "delete this".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Regular,
    Dir,
    Symlink,
    Device,
    Special,
    Missing,
}

impl Kind {
    /// `None` for a type that does not exist.
    #[inline]
    fn of(mode: u32) -> Option<Kind> {
        Some(match mode & TYPE_MASK {
            REG => Kind::Regular,
            DIR => Kind::Dir,
            LNK => Kind::Symlink,
            CHR | BLK => Kind::Device,
            FIFO | SOCK => Kind::Special,
            _ if mode == 0 => Kind::Missing,
            _ => return None,
        })
    }
}

/// Which fields an entry has (WIRE.md, Entry layout).
impl FlistFormat {
    fn has_rdev(&self, kind: Kind) -> bool {
        match kind {
            Kind::Device => self.devices,
            Kind::Special => self.specials && self.protocol.has_special_rdev(),
            _ => false,
        }
    }

    fn has_target(&self, kind: Kind) -> bool {
        self.links && kind == Kind::Symlink
    }

    fn has_atime(&self, kind: Kind) -> bool {
        self.atimes && kind != Kind::Dir
    }

    /// Length of the checksum field.
    fn checksum_field(&self, kind: Kind) -> Option<usize> {
        // Protocol 27 sends one with every entry.
        self.checksum_len.filter(|_| kind == Kind::Regular || !self.protocol.has_extended_flags())
    }

    fn has_acl(&self, kind: Kind) -> bool {
        self.acls && kind != Kind::Symlink
    }
}

/// What the next entry may refer to, beside the name.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    mtime: i64,
    atime: i64,
    mode: u32,
    uid: u32,
    /// Whether the uid came with its name.
    uid_named: bool,
    gid: u32,
    /// Major number; in protocol 27 the whole device number.
    rdev: u32,
    /// As it travels: one more than the device that the file is on.
    dev: i64,
    /// Whether there was an entry in this session, so that mode, uid and gid are those of a file.
    started: bool,
}

impl State {
    /// The state behind an abbreviated entry: as if the leader, which left `leader` behind, had
    /// come again.
    fn after_abbreviated(self, leader: State) -> State {
        let is_device = Kind::of(leader.mode) == Some(Kind::Device);
        let rdev = if is_device { leader.rdev } else { self.rdev };
        State { rdev, dev: self.dev, ..leader }
    }
}

/// Linux's layout of a 32-bit device number, which protocol 27 sends raw.
fn split_rdev(raw: u32) -> (u32, u32) {
    ((raw >> 8) & 0xfff, (raw & 0xff) | ((raw >> 12) & 0xf_ff00))
}

/// The inverse of [`split_rdev`]; bits that do not fit are dropped.
fn join_rdev((major, minor): (u32, u32)) -> u32 {
    (minor & 0xff) | (major & 0xfff) << 8 | (minor & 0xf_ff00) << 12
}

#[cfg(test)]
pub(crate) mod round_trip;
#[cfg(test)]
mod tests;
