//! Id lists behind a non-incremental file list (WIRE.md, Id lists).

use crate::varint::Put;
use crate::{Cursor, Decode, Protocol};

/// Longest name of a user or group that can travel.
pub const MAX_ID_NAME: usize = 255;

/// One id and its name (empty for none).
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct IdName {
    pub id: u32,
    pub name: Vec<u8>,
}

/// A name that its one-byte length can announce; an empty or longer one counts as no name.
pub(crate) fn sendable(name: &[u8]) -> Option<&[u8]> {
    (1..=MAX_ID_NAME).contains(&name.len()).then_some(name)
}

/// Appends a length byte and a name; what [`sendable`] refuses goes out as the empty name.
pub(crate) fn put_name(name: &[u8], out: &mut Vec<u8>) {
    let name = sendable(name).unwrap_or_default();
    out.put_byte(name.len() as u8);
    out.extend_from_slice(name);
}

/// A length byte and a name. The name ends at its first NUL, as it does for rsync, so that no
/// look-up sees one.
pub(crate) fn name(c: &mut Cursor<'_>) -> Decode<Vec<u8>> {
    let mut at = c.clone();
    let len = at.byte()?;
    let name = at.take(len.into())?;
    *c = at;
    Ok(name.split(|&b| b == 0).next().unwrap_or_default().to_vec())
}

/// Appends one whole id list; `id0_name` is sent iff the compat flag ID0_NAMES is on (`Some`, may
/// be empty). Ids without a name and the id 0, which would read as the end, are left out.
pub fn encode_list(p: Protocol, ids: &[IdName], id0_name: Option<&[u8]>, out: &mut Vec<u8>) {
    for IdName { id, name } in ids {
        if *id != 0 && sendable(name).is_some() {
            out.put_varint30(p, *id as i32);
            put_name(name, out);
        }
    }
    out.put_varint30(p, 0);
    if let Some(name) = id0_name {
        put_name(name, out);
    }
}

/// The next item; `None` at the terminator (call [`decode_id0`] then if ID0_NAMES is on).
pub fn decode_item(p: Protocol, c: &mut Cursor<'_>) -> Decode<Option<IdName>> {
    let mut at = c.clone();
    let item = match at.varint30(p)? as u32 {
        0 => None,
        id => Some(IdName { id, name: name(&mut at)? }),
    };
    *c = at;
    Ok(item)
}

/// The name of id 0 behind the terminator.
pub fn decode_id0(c: &mut Cursor<'_>) -> Decode<Vec<u8>> {
    name(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DecodeError;

    fn id(id: u32, name: &[u8]) -> IdName {
        IdName { id, name: name.to_vec() }
    }

    fn p(n: u32) -> Protocol {
        Protocol::new(n).unwrap()
    }

    #[test]
    fn captured_lists() {
        let mut out = Vec::new();
        encode_list(p(30), &[id(1, b"daemon")], None, &mut out);
        assert_eq!(out, b"\x01\x06daemon\x00");
        out.clear();
        encode_list(p(29), &[id(2, b"bin")], None, &mut out);
        assert_eq!(out, b"\x02\0\0\0\x03bin\0\0\0\0");
        out.clear();
        encode_list(p(32), &[], Some(b"root"), &mut out);
        assert_eq!(out, b"\x00\x04root");
        out.clear();
        encode_list(p(32), &[], Some(b""), &mut out);
        assert_eq!(out, b"\x00\x00");
    }

    #[test]
    fn round_trips_in_every_protocol() {
        let ids = [id(1, b"daemon"), id(4_000_000_000, b"x"), id(7, &[b'n'; 255])];
        for n in 27..=32 {
            let mut out = Vec::new();
            encode_list(p(n), &ids, Some(b"wheel"), &mut out);
            let mut c = Cursor::new(&out);
            for want in &ids {
                assert_eq!(decode_item(p(n), &mut c).unwrap().as_ref(), Some(want));
            }
            assert_eq!(decode_item(p(n), &mut c), Ok(None));
            assert_eq!(decode_id0(&mut c).unwrap(), b"wheel");
            assert_eq!(c.remaining(), 0);
        }
    }

    #[test]
    fn unsendable_items_are_left_out() {
        let mut out = Vec::new();
        let ids = [id(0, b"root"), id(5, b""), id(6, &[b'n'; 256])];
        encode_list(p(31), &ids, Some(&[b'n'; 256]), &mut out);
        assert_eq!(out, [0, 0]);
    }

    #[test]
    fn incomplete_items_consume_nothing() {
        let bytes = b"\x02\0\0\0\x03bin";
        for cut in 0..bytes.len() {
            let mut c = Cursor::new(&bytes[..cut]);
            assert!(matches!(decode_item(p(29), &mut c), Err(DecodeError::Incomplete(1..))));
            assert_eq!(c.position(), 0);
        }
    }

    #[test]
    fn a_name_ends_at_its_nul() {
        assert_eq!(decode_id0(&mut Cursor::new(b"\x04ab\0c")).unwrap(), b"ab");
    }
}
