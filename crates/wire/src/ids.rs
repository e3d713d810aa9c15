//! Id lists behind a non-incremental file list (spec chapter 02, Id lists).
use crate::{Cursor, Decode, Protocol};
/// One id and its name (empty for none).
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct IdName {
    pub id: u32,
    pub name: Vec<u8>,
}
/// Appends one whole id list; `id0_name` is sent iff the compat flag ID0_NAMES is on (`Some`, may be empty).
pub fn encode_list(p: Protocol, ids: &[IdName], id0_name: Option<&[u8]>, out: &mut Vec<u8>) {
    let _ = (p, ids, id0_name, out);
    todo!()
}
/// The next item; `None` at the terminator (call [`decode_id0`] then if ID0_NAMES is on).
pub fn decode_item(p: Protocol, c: &mut Cursor<'_>) -> Decode<Option<IdName>> {
    let _ = (p, c);
    todo!()
}
/// The name of id 0 behind the terminator.
pub fn decode_id0(c: &mut Cursor<'_>) -> Decode<Vec<u8>> {
    let _ = c;
    todo!()
}
