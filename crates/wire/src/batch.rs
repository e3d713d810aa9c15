//! The beginning of a batch file (WIRE.md, Batch file): options that change the stream, version, compat flags and seed. Behind it
//! stands what the sender said, without its framing.

use crate::{Cursor, Decode, Protocol, compat::CompatFlags, varint::Put};

/// The options that change the stream, a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamFlags(pub u32);

#[allow(missing_docs)]
impl StreamFlags {
    pub const RECURSE: u32 = 1;
    pub const OWNER: u32 = 2;
    pub const GROUP: u32 = 4;
    pub const LINKS: u32 = 8;
    pub const DEVICES: u32 = 0x10;
    pub const HARD_LINKS: u32 = 0x20;
    pub const CHECKSUM: u32 = 0x40;
    pub const DIRS: u32 = 0x80;
    pub const COMPRESS: u32 = 0x100;
    pub const ICONV: u32 = 0x200;
    pub const ACLS: u32 = 0x400;
    pub const XATTRS: u32 = 0x800;
    pub const INPLACE: u32 = 0x1000;
    pub const APPEND: u32 = 0x2000;
    pub const APPEND_VERIFY: u32 = 0x4000;

    /// Whether `bit` is set.
    pub fn has(self, bit: u32) -> bool {
        self.0 & bit != 0
    }

    /// The flags that mean something in a batch of this version.
    pub fn known(protocol: Protocol) -> u32 {
        let mut known = Self::DIRS - 1;
        if protocol.has_item_flags() {
            known |= Self::DIRS | Self::COMPRESS;
        }
        if protocol.has_varints() {
            known |= Self::ICONV | Self::ACLS | Self::XATTRS | Self::INPLACE;
            known |= Self::APPEND | Self::APPEND_VERIFY;
        }
        known
    }
}

/// The whole of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    /// The options.
    pub flags: StreamFlags,
    /// The version of the stream.
    pub protocol: Protocol,
    /// Of protocol 30 and later.
    pub compat: CompatFlags,
    /// The checksum seed.
    pub seed: i32,
}

/// Its first part, by which the rest can be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchStart {
    /// The options.
    pub flags: StreamFlags,
    /// The version of the stream, as it stands there.
    pub protocol: i32,
}

impl BatchStart {
    /// Decodes flags and version.
    ///
    /// # Errors
    /// If there are too few bytes.
    pub fn decode(c: &mut Cursor<'_>) -> Decode<BatchStart> {
        Ok(BatchStart { flags: StreamFlags(c.int32()? as u32), protocol: c.int32()? })
    }

    /// Decodes what follows in a batch of version `protocol`.
    ///
    /// # Errors
    /// If there are too few bytes.
    pub fn decode_rest(self, protocol: Protocol, c: &mut Cursor<'_>) -> Decode<BatchHeader> {
        let compat = match protocol.has_varints() {
            true => CompatFlags::decode(c)?,
            false => CompatFlags::default(),
        };
        let flags = StreamFlags(self.flags.0 & StreamFlags::known(protocol));
        Ok(BatchHeader { flags, protocol, compat, seed: c.int32()? })
    }
}

impl BatchHeader {
    /// Appends it.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.put_int32((self.flags.0 & StreamFlags::known(self.protocol)) as i32);
        out.put_int32(self.protocol.number() as i32);
        if self.protocol.has_varints() {
            out.put_varint(self.compat.0 as i32);
        }
        out.put_int32(self.seed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> BatchHeader {
        let mut c = Cursor::new(bytes);
        let start = BatchStart::decode(&mut c).unwrap();
        let protocol = Protocol::new(start.protocol as u32).unwrap();
        let header = start.decode_rest(protocol, &mut c).unwrap();
        assert_eq!(c.remaining(), 0);
        header
    }

    #[test]
    fn recorded_bytes() {
        // `rsync -rt --checksum-seed=7 --write-batch`
        let bytes = [0x81, 0, 0, 0, 0x20, 0, 0, 0, 0x81, 0xff, 7, 0, 0, 0];
        let header = read(&bytes);
        assert_eq!(header.flags, StreamFlags(StreamFlags::RECURSE | StreamFlags::DIRS));
        assert_eq!((header.protocol.number(), header.compat.0, header.seed), (32, 0x1ff, 7));
        let mut out = Vec::new();
        header.encode(&mut out);
        assert_eq!(out, bytes);
    }

    #[test]
    fn an_old_batch_has_no_compat_flags_and_fewer_options() {
        let all = BatchHeader {
            flags: StreamFlags(0x7fff),
            protocol: Protocol::new(28).unwrap(),
            compat: CompatFlags(1),
            seed: -2,
        };
        let mut out = Vec::new();
        all.encode(&mut out);
        assert_eq!(out, [0x7f, 0, 0, 0, 28, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff]);
        assert_eq!(read(&out).flags, StreamFlags(0x7f));
    }
}
