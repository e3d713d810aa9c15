//! File-list entries (spec chapter 02, Entry flags; Entry layout; End of list).
use crate::{
    Cursor, Decode, Protocol,
    acl::AclTable,
    acl::WireAcl,
    xattr::{Xattr, XattrTable},
};
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
#[derive(Debug)]
#[allow(clippy::large_enum_variant)]
pub enum ListItem {
    /// An entry.
    Entry(FileEntry),
    /// The end marker, with the sender's io_error if it travels there (masked to 3 bits).
    End {
        /** Error bits. */
        io_error: u32,
    },
}
/// The decoding state of one direction, kept for the whole session.
#[derive(Debug)]
pub struct FlistDecoder {
    /** Access ACLs. */
    pub access_acls: AclTable,
    /** Default ACLs. */
    pub default_acls: AclTable,
    /** Attributes. */
    pub xattrs: XattrTable,
    _f: FlistFormat,
}
impl FlistDecoder {
    /// A fresh session.
    pub fn new(format: FlistFormat) -> Self {
        FlistDecoder {
            access_acls: AclTable::default(),
            default_acls: AclTable::default(),
            xattrs: XattrTable::default(),
            _f: format,
        }
    }
    /// Starts a list whose first index is `base` (0 when not incremental).
    pub fn begin(&mut self, base: u32) {
        let _ = base;
        todo!()
    }
    /// The next entry or the end. All checks of chapter 02 "Per entry, in this order" that need no knowledge of the
    /// request are made here. Abbreviated entries come back complete (the decoder remembers what it
    /// needs of hard-link leaders of the current list). State changes only on success.
    pub fn decode(&mut self, c: &mut Cursor<'_>) -> Decode<ListItem> {
        let _ = c;
        todo!()
    }
}
/// What the encoder needs beside the entry itself.
#[derive(Debug, Default)]
pub struct Extras {
    /// Access ACL (condensed) and, for directories, default ACL.
    pub acl: Option<(WireAcl, Option<WireAcl>)>,
    /// Sorted attributes.
    pub xattrs: Option<Vec<Xattr>>,
}
/// The encoding state of one direction, kept for the whole session.
#[derive(Debug)]
pub struct FlistEncoder {
    /** Attributes sent, to answer requests. */
    pub xattrs: XattrTable,
    _f: FlistFormat,
}
impl FlistEncoder {
    /// A fresh session.
    pub fn new(format: FlistFormat) -> Self {
        FlistEncoder { xattrs: XattrTable::default(), _f: format }
    }
    /// Starts a list whose first index is `base`.
    pub fn begin(&mut self, base: u32) {
        let _ = base;
        todo!()
    }
    /// Appends one entry (abbreviated if it is `HardLink::Member` of the current list). `uid_name`/`gid_name`
    /// are sent when `Some`. Returns the xattr table index, if any.
    pub fn encode(&mut self, e: &FileEntry, extras: Extras, out: &mut Vec<u8>) -> Option<u32> {
        let _ = (e, extras, out);
        todo!()
    }
    /// Appends the end marker; `io_error` travels in it where the format allows (returns true), else
    /// the caller sends it otherwise (int32 behind the id lists before protocol 30, MSG_IO_ERROR at 30).
    pub fn end(&mut self, io_error: u32, out: &mut Vec<u8>) -> bool {
        let _ = (io_error, out);
        todo!()
    }
}
