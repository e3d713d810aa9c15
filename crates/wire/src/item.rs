//! Item headers (WIRE.md, Item).

use crate::{Cursor, Decode, Protocol, limits::MAX_XNAME, varint::Put};

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The flags. Before protocol 29 always TRANSFER.
    pub flags: ItemFlags,
    /// The basis type, 0x80 ([`basis::DEST`]) if none was sent.
    pub basis: u8,
    /// The xname, at most 4095 bytes.
    pub xname: Option<Vec<u8>>,
}

impl Default for Item {
    fn default() -> Self {
        Item { flags: ItemFlags::default(), basis: basis::DEST, xname: None }
    }
}

impl Item {
    /// Decodes what follows the index. Errors: code 2 for an xname that is too long.
    pub fn decode(p: Protocol, c: &mut Cursor<'_>) -> Decode<Item> {
        if !p.has_item_flags() {
            return Ok(Item { flags: ItemFlags(ItemFlags::TRANSFER), ..Item::default() });
        }
        let mut at = c.clone();
        let flags = ItemFlags(at.shortint()?);
        let basis = if flags.has(ItemFlags::BASIS_TYPE_FOLLOWS) { at.byte()? } else { basis::DEST };
        let xname = match flags.has(ItemFlags::XNAME_FOLLOWS) {
            true => Some(at.vstring(MAX_XNAME)?),
            false => None,
        };
        *c = at;
        Ok(Item { flags, basis, xname })
    }

    /// Appends flags, basis byte and xname as the flags say.
    pub fn encode(&self, p: Protocol, out: &mut Vec<u8>) {
        if !p.has_item_flags() {
            return;
        }
        out.put_shortint(self.flags.0);
        if self.flags.has(ItemFlags::BASIS_TYPE_FOLLOWS) {
            out.put_byte(self.basis);
        }
        if self.flags.has(ItemFlags::XNAME_FOLLOWS) {
            out.put_vstring(self.xname.as_deref().unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DecodeError, Fault, testing::hex, version::NEWEST};

    fn item(flags: u16, basis: u8, xname: Option<&[u8]>) -> Item {
        Item { flags: ItemFlags(flags), basis, xname: xname.map(<[u8]>::to_vec) }
    }

    #[test]
    fn golden_items() {
        for (bytes, want) in [
            ("00a0", item(0xa000, basis::DEST, None)),
            ("0c80", item(0x800c, basis::DEST, None)),
            ("0060", item(0x6000, basis::DEST, None)),
            ("0070 01 63", item(0x7000, basis::DEST, Some(b"c"))),
            ("0050 00", item(0x5000, basis::DEST, Some(b""))),
            (
                "00b8 83 0e 666f6f2d312e312e7461722e677a",
                item(0xb800, basis::FUZZY, Some(b"foo-1.1.tar.gz")),
            ),
            ("00b8 84 02 6578", item(0xb800, 0x84, Some(b"ex"))),
            ("0c88 00", item(0x880c, 0, None)),
            ("0c88 82", item(0x880c, basis::BACKUP, None)),
        ] {
            let bytes = hex(bytes);
            for p in 29..=32 {
                let p = Protocol::new(p).unwrap();
                let mut c = Cursor::new(&bytes);
                assert_eq!(Item::decode(p, &mut c), Ok(want.clone()));
                assert_eq!(c.remaining(), 0);
                let mut out = Vec::new();
                want.encode(p, &mut out);
                assert_eq!(out, bytes);
            }
            for cut in 0..bytes.len() {
                let mut c = Cursor::new(&bytes[..cut]);
                let got = Item::decode(NEWEST, &mut c);
                assert!(matches!(got, Err(DecodeError::Incomplete(1..))), "{got:?}");
                assert_eq!(c.position(), 0);
            }
        }
    }

    #[test]
    fn old_versions_have_only_transfers() {
        let p = Protocol::new(28).unwrap();
        let mut c = Cursor::new(&[]);
        let got = Item::decode(p, &mut c).unwrap();
        assert_eq!(got, item(0x8000, basis::DEST, None));
        let mut out = Vec::new();
        got.encode(p, &mut out);
        assert!(out.is_empty());
    }

    #[test]
    fn xnames_have_a_limit() {
        let mut bytes = hex("0090 8fff");
        bytes.resize(4 + 4095, b'x');
        let got = Item::decode(NEWEST, &mut Cursor::new(&bytes)).unwrap();
        assert_eq!(got.xname.map(|name| name.len()), Some(4095));
        let got = Item::decode(NEWEST, &mut Cursor::new(&hex("0090 9000")));
        let Err(DecodeError::Bad(e)) = got else { panic!("{got:?}") };
        assert_eq!(e.message("sender"), "over-long vstring received (4096 > 4095)");
        assert_eq!(e.fault, Fault::Protocol);
    }
}
