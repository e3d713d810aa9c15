//! The filter list on the wire (spec chapter 05, Filter rules on the wire). The rules' text is `filters`' business.
use crate::{Cursor, Decode};
/// Appends one record (skipped if empty).
pub fn encode_rule(text: &[u8], out: &mut Vec<u8>) {
    let _ = (text, out);
    todo!()
}
/// Appends the terminator.
pub fn encode_end(out: &mut Vec<u8>) {
    let _ = out;
    todo!()
}
/// The next rule, or `None` at the end of the list. Errors: code 22 for a length out of range.
pub fn decode_rule(c: &mut Cursor<'_>) -> Decode<Option<Vec<u8>>> {
    let _ = c;
    todo!()
}
