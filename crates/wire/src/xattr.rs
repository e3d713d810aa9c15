//! Extended attributes in the file list and in items (spec chapter 02, Extended attributes; 03, Full-value xattr exchange).
use crate::{Cursor, Decode};
/// A value as it stands in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum XattrValue {
    /// The value itself.
    Full(Vec<u8>),
    /// Longer than 32 bytes: length and MD5.
    Digest {
        /** Length of the value. */
        len: u32,
        /** MD5 of the value. */
        md5: [u8; 16],
    },
}
/// One attribute; `name` without its NUL.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Xattr {
    pub name: Vec<u8>,
    pub value: XattrValue,
}
/// The table of one direction of a session.
#[derive(Debug, Clone, Default)]
pub struct XattrTable {
    _priv: (),
}
impl XattrTable {
    /// Appends a list, as an index or a literal; returns its 0-based table index. Attributes must be sorted by name.
    pub fn encode(&mut self, list: Vec<Xattr>, out: &mut Vec<u8>) -> u32 {
        let _ = (list, out);
        todo!()
    }
    /// The 0-based table index of the next list; `name` (of the file) is for the error text. Values not kept back by digest are bounded. State changes only on success.
    pub fn decode(&mut self, name: &[u8], c: &mut Cursor<'_>) -> Decode<u32> {
        let _ = (name, c);
        todo!()
    }
    /// The list at an index.
    pub fn get(&self, index: u32) -> &[Xattr] {
        let _ = index;
        todo!()
    }
    /// The list at an index, to fill in fetched values.
    pub fn get_mut(&mut self, index: u32) -> &mut Vec<Xattr> {
        let _ = index;
        todo!()
    }
}
/// Appends a request for the 1-based attribute `numbers`, ascending.
pub fn encode_request(numbers: &[u32], out: &mut Vec<u8>) {
    let _ = (numbers, out);
    todo!()
}
/// A whole request. Errors: overflow of the accumulated number (code 2).
pub fn decode_request(c: &mut Cursor<'_>) -> Decode<Vec<u32>> {
    let _ = c;
    todo!()
}
/// Appends one value of a reply; `prev` is the number before it (0 at first).
pub fn encode_value(number: u32, prev: u32, value: &[u8], out: &mut Vec<u8>) {
    let _ = (number, prev, value, out);
    todo!()
}
/// The next number and value of a reply, or `None` at its end.
pub fn decode_value(prev: u32, c: &mut Cursor<'_>) -> Decode<Option<(u32, Vec<u8>)>> {
    let _ = (prev, c);
    todo!()
}
