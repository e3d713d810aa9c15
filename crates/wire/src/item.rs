//! Item headers (spec chapter 03, Item header).
use crate::{Cursor, Decode, Protocol};
/// Item flags, a 16-bit set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ItemFlags(pub u16);
#[allow(missing_docs)]
impl ItemFlags {
    pub const REPORT_ATIME: u16 = 0x0001;
    pub const REPORT_CHANGE: u16 = 0x0002;
    pub const REPORT_SIZE: u16 = 0x0004;
    /// For symlinks the same bit means that the time could not be set.
    pub const REPORT_TIMEFAIL: u16 = 0x0004;
    pub const REPORT_TIME: u16 = 0x0008;
    pub const REPORT_PERMS: u16 = 0x0010;
    pub const REPORT_OWNER: u16 = 0x0020;
    pub const REPORT_GROUP: u16 = 0x0040;
    pub const REPORT_ACL: u16 = 0x0080;
    pub const REPORT_XATTR: u16 = 0x0100;
    pub const REPORT_CRTIME: u16 = 0x0400;
    pub const BASIS_TYPE_FOLLOWS: u16 = 0x0800;
    pub const XNAME_FOLLOWS: u16 = 0x1000;
    pub const IS_NEW: u16 = 0x2000;
    pub const LOCAL_CHANGE: u16 = 0x4000;
    pub const TRANSFER: u16 = 0x8000;
    /// Whether any of `bits` is set.
    pub fn has(self, bits: u16) -> bool {
        self.0 & bits != 0
    }
}
/// Basis types, as on the wire.
#[allow(missing_docs)]
pub mod basis {
    pub const DEST: u8 = 0x80;
    pub const PARTIAL_DIR: u8 = 0x81;
    pub const BACKUP: u8 = 0x82;
    pub const FUZZY: u8 = 0x83;
}
/// The part of an item that follows its index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Item {
    /// The flags. Before protocol 29 always TRANSFER.
    pub flags: ItemFlags,
    /// The basis type, 0x80 ([`basis::DEST`]) if none was sent.
    pub basis: u8,
    /// The xname, at most 4095 bytes.
    pub xname: Option<Vec<u8>>,
}
impl Item {
    /// Decodes what follows the index.
    pub fn decode(p: Protocol, c: &mut Cursor<'_>) -> Decode<Item> {
        let _ = (p, c);
        todo!()
    }
    /// Appends flags, basis byte and xname as the flags say.
    pub fn encode(&self, p: Protocol, out: &mut Vec<u8>) {
        let _ = (p, out);
        todo!()
    }
}
