//! Transfer and deletion statistics (spec chapter 01, End of transfer).
use crate::{Cursor, Decode, Protocol};
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
        let _ = (p, c);
        todo!()
    }
    /// Appends 3 or 5 values.
    pub fn encode(&self, p: Protocol, out: &mut Vec<u8>) {
        let _ = (p, out);
        todo!()
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
    /// Decodes five varints, each 0..=2^28.
    pub fn decode(c: &mut Cursor<'_>) -> Decode<Self> {
        let _ = c;
        todo!()
    }
    /// Appends five varints.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let _ = out;
        todo!()
    }
}
