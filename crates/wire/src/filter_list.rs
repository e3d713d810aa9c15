//! The filter list on the wire (WIRE.md, Filter list). The rules' text is `filters`' business.

use crate::{Cursor, Decode, WireError, limits::MAX_FILTER_RECORD};

/// Appends one record (skipped if empty, for an empty one would end the list). The caller
/// guarantees fewer than [`MAX_FILTER_RECORD`] bytes.
pub fn encode_rule(text: &[u8], out: &mut Vec<u8>) {
    debug_assert!(text.len() < MAX_FILTER_RECORD);
    if !text.is_empty() {
        out.extend_from_slice(&(text.len() as i32).to_le_bytes());
        out.extend_from_slice(text);
    }
}

/// Appends the terminator.
pub fn encode_end(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0; 4]);
}

/// The next rule, or `None` at the end of the list. Errors: code 22 for a length out of range.
pub fn decode_rule(c: &mut Cursor<'_>) -> Decode<Option<Vec<u8>>> {
    let mut at = c.clone();
    let len = usize::try_from(at.int32()?).ok().filter(|&len| len < MAX_FILTER_RECORD);
    let Some(len) = len else {
        return Err(WireError::memory("buffer overflow: recv_rules").into());
    };
    let rule = match len {
        0 => None,
        len => Some(at.take(len)?.to_vec()),
    };
    *c = at;
    Ok(rule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DecodeError, Fault, testing::hex};

    #[test]
    fn golden_list() {
        let bytes = hex("05000000 2d202a2e6f 01000000 21 00000000");
        let mut out = Vec::new();
        for rule in [&b"- *.o"[..], b"", b"!"] {
            encode_rule(rule, &mut out);
        }
        encode_end(&mut out);
        assert_eq!(out, bytes);
        let mut c = Cursor::new(&bytes);
        assert_eq!(decode_rule(&mut c), Ok(Some(b"- *.o".to_vec())));
        assert_eq!(decode_rule(&mut c), Ok(Some(b"!".to_vec())));
        assert_eq!(decode_rule(&mut c), Ok(None));
        assert_eq!(c.remaining(), 0);
        for (cut, more) in [(0, 4), (3, 1), (4, 5), (8, 1)] {
            let mut c = Cursor::new(&bytes[..cut]);
            assert_eq!(decode_rule(&mut c), Err(DecodeError::Incomplete(more)));
            assert_eq!(c.position(), 0);
        }
    }

    #[test]
    fn records_have_a_limit() {
        let mut long = vec![b'x'; 5119];
        let mut out = Vec::new();
        encode_rule(&long, &mut out);
        assert_eq!(decode_rule(&mut Cursor::new(&out)), Ok(Some(long.clone())));
        long.push(b'x');
        for len in [5120, i32::MAX, -1, i32::MIN] {
            let mut bytes = len.to_le_bytes().to_vec();
            bytes.extend_from_slice(&long);
            let got = decode_rule(&mut Cursor::new(&bytes));
            let Err(DecodeError::Bad(e)) = got else { panic!("{got:?}") };
            assert_eq!(e.fault, Fault::Memory);
            let text = e.message("sender");
            assert!(text.starts_with("[sender] buffer overflow: recv_rules (file="), "{text}");
        }
    }
}
