//! Transfer and deletion statistics (WIRE.md, Statistics; Deletion statistics).

use crate::{Cursor, Decode, Fault, Protocol, WireError, limits::MAX_DELETE_COUNT, varint::Put};

/// The least bytes of each transfer statistic.
const MIN_BYTES: usize = 3;

/// The statistics that a server sender sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct TransferStats {
    pub bytes_read: i64,
    pub bytes_written: i64,
    pub total_size: i64,
    pub flist_build_ms: i64,
    pub flist_xfer_ms: i64,
}

impl TransferStats {
    /// Decodes 3 or 5 values.
    pub fn decode(p: Protocol, c: &mut Cursor<'_>) -> Decode<Self> {
        let mut at = c.clone();
        let mut stats = TransferStats {
            bytes_read: at.varlong30(p, MIN_BYTES)?,
            bytes_written: at.varlong30(p, MIN_BYTES)?,
            total_size: at.varlong30(p, MIN_BYTES)?,
            ..TransferStats::default()
        };
        if p.has_item_flags() {
            stats.flist_build_ms = at.varlong30(p, MIN_BYTES)?;
            stats.flist_xfer_ms = at.varlong30(p, MIN_BYTES)?;
        }
        *c = at;
        Ok(stats)
    }

    /// Appends 3 or 5 values.
    pub fn encode(&self, p: Protocol, out: &mut Vec<u8>) {
        for n in [self.bytes_read, self.bytes_written, self.total_size] {
            out.put_varlong30(p, n, MIN_BYTES);
        }
        if p.has_item_flags() {
            out.put_varlong30(p, self.flist_build_ms, MIN_BYTES);
            out.put_varlong30(p, self.flist_xfer_ms, MIN_BYTES);
        }
    }
}

/// The five counts behind NDX_DEL_STATS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct DeleteStats {
    pub files: u32,
    pub dirs: u32,
    pub links: u32,
    pub devices: u32,
    pub specials: u32,
}

impl DeleteStats {
    /// Decodes five varints, each 0..=2^28. Errors: code 2.
    pub fn decode(c: &mut Cursor<'_>) -> Decode<Self> {
        let mut at = c.clone();
        let mut count = |what: &str| -> Decode<u32> {
            let n = at.varint()?;
            if !(0..=MAX_DELETE_COUNT).contains(&n) {
                let text = format!(
                    "wire value deleted_{what} out of range: {n} not in [0,{MAX_DELETE_COUNT}]"
                );
                return Err(WireError::new(Fault::Protocol, text).with_role().into());
            }
            Ok(n as u32)
        };
        let stats = DeleteStats {
            files: count("files")?,
            dirs: count("dirs")?,
            links: count("symlinks")?,
            devices: count("devices")?,
            specials: count("specials")?,
        };
        *c = at;
        Ok(stats)
    }

    /// Appends five varints, counts beyond the limit as the limit.
    pub fn encode(&self, out: &mut Vec<u8>) {
        for n in [self.files, self.dirs, self.links, self.devices, self.specials] {
            out.put_varint(n.min(MAX_DELETE_COUNT as u32) as i32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DecodeError, testing::hex};

    fn check(p: u32, stats: TransferStats, bytes: &str) {
        let (p, bytes) = (Protocol::new(p).unwrap(), hex(bytes));
        let mut out = Vec::new();
        stats.encode(p, &mut out);
        assert_eq!(out, bytes);
        let mut c = Cursor::new(&bytes);
        assert_eq!(TransferStats::decode(p, &mut c), Ok(stats));
        assert_eq!(c.remaining(), 0);
        for cut in 0..bytes.len() {
            let mut c = Cursor::new(&bytes[..cut]);
            let got = TransferStats::decode(p, &mut c);
            assert!(matches!(got, Err(DecodeError::Incomplete(1..))), "{got:?}");
            assert_eq!(c.position(), 0);
        }
    }

    #[test]
    fn golden_statistics() {
        let mut stats = TransferStats {
            bytes_read: 0x27,
            bytes_written: 0x66,
            total_size: 6,
            flist_build_ms: 1,
            flist_xfer_ms: 0,
        };
        check(32, stats, "002700 006600 000600 000100 000000");
        check(29, stats, "27000000 66000000 06000000 01000000 00000000");
        stats.total_size = 1 << 40;
        stats.flist_build_ms = 0;
        check(28, stats, "27000000 66000000 ffffffff0000000000010000");
        check(31, stats, "002700 006600 e10000000000 000000 000000");
    }

    #[test]
    fn deletion_counts() {
        let stats = DeleteStats { files: 1, dirs: 0x80, links: 0, devices: 3, specials: 1 << 28 };
        let bytes = hex("01 8080 00 03 f000000010");
        let mut out = Vec::new();
        stats.encode(&mut out);
        assert_eq!(out, bytes);
        assert_eq!(DeleteStats::decode(&mut Cursor::new(&bytes)), Ok(stats));
        for cut in 0..bytes.len() {
            let mut c = Cursor::new(&bytes[..cut]);
            let got = DeleteStats::decode(&mut c);
            assert!(matches!(got, Err(DecodeError::Incomplete(1..))), "{got:?}");
            assert_eq!(c.position(), 0);
        }
        let mut out = Vec::new();
        DeleteStats { files: u32::MAX, ..stats }.encode(&mut out);
        assert_eq!(DeleteStats::decode(&mut Cursor::new(&out)).unwrap().files, 1 << 28);
    }

    #[test]
    fn counts_out_of_range() {
        let names = ["files", "dirs", "symlinks", "devices", "specials"];
        for (i, name) in names.into_iter().enumerate() {
            for (value, shown) in [("f0ffffffff", "-1"), ("f001000010", "268435457")] {
                let mut bytes = vec![0; i];
                bytes.extend(hex(value));
                let got = DeleteStats::decode(&mut Cursor::new(&bytes));
                let Err(DecodeError::Bad(e)) = got else { panic!("{got:?}") };
                assert_eq!(e.fault, Fault::Protocol);
                assert_eq!(
                    e.message("sender"),
                    format!(
                        "wire value deleted_{name} out of range: {shown} not in [0,268435456] [sender]"
                    )
                );
            }
        }
    }
}
