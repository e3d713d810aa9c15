//! Extended attributes in the file list and in items (WIRE.md, Xattrs; Xattr exchange).
//!
//! A file's attributes travel as the index of an equal list sent before, or as a literal that both
//! sides append to their table. Values longer than [`MAX_FULL`] bytes are replaced by their MD5;
//! the receiver asks for those it does not have.

use std::hash::Hash;

use crate::hash_index::HashIndex;
use crate::varint::Put;
use crate::{Cursor, Decode, DecodeError, Fault, WireError, limits};

/// Values up to this length stand in the list themselves.
pub const MAX_FULL: usize = 32;

/// A value as it stands in the list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum XattrValue {
    /// The value itself.
    Full(Vec<u8>),
    /// Longer than 32 bytes: length and MD5.
    Digest {
        /// Length of the value.
        len: u32,
        /// MD5 of the value.
        md5: [u8; 16],
    },
}

/// One attribute; `name` without its NUL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct Xattr {
    pub name: Vec<u8>,
    pub value: XattrValue,
}

/// The table of one direction of a session.
#[derive(Debug, Clone, Default)]
pub struct XattrTable {
    lists: Vec<Vec<Xattr>>,
    /// Filled by the encoder only; a decoder never looks for an equal list.
    index: HashIndex,
}

/// There is no such number in the list of attributes of `file`. Code 2.
pub fn unknown_number(number: u32, file: &[u8]) -> WireError {
    WireError::about(Fault::Protocol, format!("could not find xattr #{number} for "), file)
}

/// An attribute whose value is not waiting to be fetched was asked for, or sent. Code 2.
pub fn not_abbreviated(file: &[u8], name: &[u8], len: usize) -> WireError {
    let text = [b"internal abbrev error on ", file, b" (", name].concat();
    WireError::about(Fault::Protocol, text, format!(", len={len})!").as_bytes())
}

fn bad<T>(fault: Fault, text: impl Into<Vec<u8>>) -> Decode<T> {
    Err(WireError::new(fault, text).into())
}

impl XattrTable {
    /// Appends a list, as an index or a literal; returns its 0-based table index. Attributes must be
    /// sorted by name. The caller keeps to the limits on names, values and their number, and gives
    /// values longer than [`MAX_FULL`] by digest.
    pub fn encode(&mut self, mut list: Vec<Xattr>, out: &mut Vec<u8>) -> u32 {
        for xattr in &mut list {
            match &mut xattr.value {
                // The receiver takes any longer value for a digest. One that cannot match makes it
                // ask for the value, which is right in every case.
                XattrValue::Full(value) if value.len() > MAX_FULL => {
                    debug_assert!(false, "long value in full");
                    let len = value.len().try_into().unwrap_or(i32::MAX as u32);
                    xattr.value = XattrValue::Digest { len, md5: [0; 16] };
                }
                XattrValue::Digest { len, .. } if *len as usize <= MAX_FULL => {
                    debug_assert!(false, "short value by digest");
                    *len = MAX_FULL as u32 + 1;
                }
                _ => {}
            }
        }
        let hash = self.index.hash(|state| list.hash(state));
        let lists = &self.lists;
        if let Some(known) = self.index.find(hash, |i| lists[i as usize] == list) {
            out.put_varint(known as i32 + 1);
            return known;
        }
        out.put_varint(0);
        out.put_varint(list.len() as i32);
        for Xattr { name, value } in &list {
            out.put_varint(name.len() as i32 + 1);
            let (len, bytes) = match value {
                XattrValue::Full(value) => (value.len() as u32, value.as_slice()),
                XattrValue::Digest { len, md5 } => (*len, md5.as_slice()),
            };
            out.put_varint(len as i32);
            out.extend_from_slice(name);
            out.put_byte(0);
            out.extend_from_slice(bytes);
        }
        let position = self.lists.len() as u32;
        self.index.insert(hash, position);
        self.lists.push(list);
        position
    }

    /// The 0-based table index of the next list; `name` (of the file) is for the error text. Values
    /// not kept back by digest are bounded. State changes only on success.
    pub fn decode(&mut self, name: &[u8], c: &mut Cursor<'_>) -> Decode<u32> {
        let mut at = c.clone();
        let k = at.varint()?;
        let len = self.lists.len();
        let index = match u32::try_from(k) {
            Ok(0) => {
                let list = decode_literal(&mut at)?;
                self.lists.push(list);
                len as u32
            }
            Ok(k) if k as usize <= len => k - 1,
            _ => {
                let text = format!("receive_xattr: xa index {k} out of range for ");
                return Err(WireError::about(Fault::Stream, text, name).into());
            }
        };
        *c = at;
        Ok(index)
    }

    /// How many lists the table holds.
    pub fn len(&self) -> usize {
        self.lists.len()
    }

    /// Whether the table is empty.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// The list at an index.
    pub fn get(&self, index: u32) -> &[Xattr] {
        &self.lists[index as usize]
    }

    /// The list at an index, for somebody who keeps it instead of the table of a decoder, which never looks at it again.
    pub fn take(&mut self, index: u32) -> Vec<Xattr> {
        std::mem::take(&mut self.lists[index as usize])
    }
}

/// A length between 0 and `max`.
fn bounded_size(what: &str, sent: i32, max: usize) -> Decode<usize> {
    let size = usize::try_from(sent).ok().filter(|&n| n <= max);
    size.ok_or_else(|| WireError::size(what, sent, max).into())
}

fn decode_value_len(sent: i32) -> Decode<usize> {
    let len = bounded_size("xattr datum_len", sent, i32::MAX as usize)?;
    if len as u64 > limits::MAX_XATTR_VALUE {
        let text = "xattr datum_len exceeds per-value limit";
        return Err(WireError::new(Fault::Protocol, text).with_role().into());
    }
    Ok(len)
}

fn decode_literal(c: &mut Cursor<'_>) -> Decode<Vec<Xattr>> {
    /// Two length bytes, one byte of name and its NUL.
    const SMALLEST: usize = 4;
    let sent = c.varint()?;
    let count = usize::try_from(sent).ok().filter(|&n| n <= limits::MAX_XATTRS as usize);
    let Some(count) = count else {
        return Err(WireError::value("xattr count", sent, limits::MAX_XATTRS as i32).into());
    };
    // Memory is only set aside for attributes that can be there.
    let mut list: Vec<Xattr> = Vec::with_capacity(count.min(c.remaining() / SMALLEST));
    let mut total = 0;
    let mut ascending = true;
    for left in (0..count).rev() {
        let xattr = decode_xattr(c, &mut total).map_err(|e| match e {
            DecodeError::Incomplete(n) => DecodeError::Incomplete(n + left * SMALLEST),
            bad => bad,
        })?;
        ascending &= list.last().is_none_or(|last| last.name < xattr.name);
        list.push(xattr);
    }
    // Senders sort by their local names, which need not be the order of the names they send.
    if !ascending {
        let mut names: Vec<&[u8]> = list.iter().map(|x| x.name.as_slice()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            let text = "duplicate xattr name received: ";
            return Err(WireError::about(Fault::Protocol, text, pair[0]).into());
        }
    }
    Ok(list)
}

/// One attribute of a literal; `total` adds up the bytes of its names and values.
fn decode_xattr(c: &mut Cursor<'_>, total: &mut u64) -> Decode<Xattr> {
    let name_len = bounded_size("xattr name_len", c.varint()?, limits::MAX_XATTR_NAME)?;
    let value_len = decode_value_len(c.varint()?)?;
    *total += name_len as u64 + value_len as u64;
    if *total > limits::MAX_XATTR_LIST {
        let text = "xattr list exceeds per-file limit";
        return Err(WireError::new(Fault::Protocol, text).with_role().into());
    }
    let sent_len = if value_len > MAX_FULL { 16 } else { value_len };
    if name_len + sent_len > c.remaining() {
        return Err(DecodeError::Incomplete(name_len + sent_len - c.remaining()));
    }
    let name = match c.take(name_len)? {
        [name @ .., 0] if !name.is_empty() => name,
        _ => {
            let text = "Invalid xattr name received (missing trailing \\0).";
            return bad(Fault::FileIo, text);
        }
    };
    if name.contains(&0) {
        return bad(Fault::FileIo, "Invalid xattr name received (\\0 inside).");
    }
    let value = if value_len > MAX_FULL {
        XattrValue::Digest { len: value_len as u32, md5: c.array()? }
    } else {
        XattrValue::Full(c.take(value_len)?.to_vec())
    };
    Ok(Xattr { name: name.to_vec(), value })
}

/// Appends a request for the 1-based attribute `numbers`, ascending.
pub fn encode_request(numbers: &[u32], out: &mut Vec<u8>) {
    let mut prev = 0;
    for &number in numbers {
        debug_assert!(number > prev);
        out.put_varint(number.wrapping_sub(prev) as i32);
        prev = number;
    }
    out.put_varint(0);
}

/// A number behind `prev`. One below 1 comes back as 0, which is the number of no attribute.
fn decode_number(prev: i32, delta: i32) -> Decode<i32> {
    match prev.checked_add(delta) {
        Some(number) => Ok(number),
        None => bad(Fault::Protocol, format!("xattr number overflow: {prev} + {delta}")),
    }
}

/// A whole request. Errors: overflow of the accumulated number (code 2). Numbers that no attribute
/// can have come back as 0.
pub fn decode_request(c: &mut Cursor<'_>) -> Decode<Vec<u32>> {
    let mut at = c.clone();
    let mut numbers = Vec::new();
    let mut number = 0;
    loop {
        let delta = at.varint()?;
        if delta == 0 {
            break;
        }
        // No attribute may be asked for twice.
        if numbers.len() >= limits::MAX_XATTRS as usize {
            return bad(Fault::Protocol, "too many xattr values requested");
        }
        number = decode_number(number, delta)?;
        numbers.push(number.max(0) as u32);
    }
    *c = at;
    Ok(numbers)
}

/// Appends one value of a reply; `prev` is the number before it (0 at first). The reply ends with
/// an empty request (`encode_request(&[], out)`).
pub fn encode_value(number: u32, prev: u32, value: &[u8], out: &mut Vec<u8>) {
    debug_assert!(number > prev && value.len() as u64 <= limits::MAX_XATTR_VALUE);
    out.put_varint(number.wrapping_sub(prev) as i32);
    out.put_varint(value.len() as i32);
    out.extend_from_slice(value);
}

/// The next number and value of a reply, or `None` at its end. A number that no attribute can have
/// comes back as 0.
pub fn decode_value(prev: u32, c: &mut Cursor<'_>) -> Decode<Option<(u32, Vec<u8>)>> {
    let mut at = c.clone();
    let delta = at.varint()?;
    let value = if delta == 0 {
        None
    } else {
        let number = decode_number(prev.try_into().unwrap_or(i32::MAX), delta)?;
        let len = decode_value_len(at.varint()?)?;
        Some((number.max(0) as u32, at.take(len)?.to_vec()))
    };
    *c = at;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(name: &[u8], value: &[u8]) -> Xattr {
        Xattr { name: name.to_vec(), value: XattrValue::Full(value.to_vec()) }
    }

    fn digest(name: &[u8], len: u32) -> Xattr {
        Xattr { name: name.to_vec(), value: XattrValue::Digest { len, md5: [0xd5; 16] } }
    }

    #[test]
    fn values_by_length() {
        let list = vec![digest(b"user.a", 33), full(b"user.b", &[7; 32]), full(b"user.c", b"")];
        let mut out = Vec::new();
        assert_eq!(XattrTable::default().encode(list.clone(), &mut out), 0);
        let mut want = vec![0, 3, 7, 33];
        want.extend_from_slice(b"user.a\0");
        want.extend_from_slice(&[0xd5; 16]);
        want.extend_from_slice(b"\x07\x20user.b\0");
        want.extend_from_slice(&[7; 32]);
        want.extend_from_slice(b"\x07\x00user.c\0");
        assert_eq!(out, want);

        let mut table = XattrTable::default();
        for cut in 0..out.len() {
            let mut c = Cursor::new(&out[..cut]);
            let Err(DecodeError::Incomplete(n)) = table.decode(b"f", &mut c) else { panic!() };
            assert!(n >= 1 && n <= out.len() - cut, "{n} at {cut} of {}", out.len());
            assert_eq!((c.position(), table.len()), (0, 0));
        }
        let mut c = Cursor::new(&out);
        assert_eq!(table.decode(b"f", &mut c), Ok(0));
        assert_eq!(c.remaining(), 0);
        assert_eq!(table.get(0), list);
    }

    #[test]
    fn equal_lists_are_sent_once() {
        let (mut encoder, mut decoder) = (XattrTable::default(), XattrTable::default());
        let mut rng = fastrand::Rng::with_seed(3);
        let lists: Vec<Vec<Xattr>> = (0..2000)
            .map(|_| {
                (0..rng.u8(0..4))
                    .map(|i| match rng.u32(0..60) {
                        n @ 33.. => digest(&[b'a' + i], n),
                        n => full(&[b'a' + i], &vec![rng.u8(0..3); n as usize]),
                    })
                    .collect()
            })
            .collect();
        let mut out = Vec::new();
        let sent: Vec<u32> = lists.iter().map(|l| encoder.encode(l.clone(), &mut out)).collect();
        let mut c = Cursor::new(&out);
        for (list, index) in lists.iter().zip(sent) {
            assert_eq!(decoder.decode(b"f", &mut c), Ok(index));
            assert_eq!(decoder.get(index), list);
            assert_eq!(encoder.get(index), list);
        }
        assert_eq!(c.remaining(), 0);
        let mut distinct: Vec<_> = lists.iter().map(|l| format!("{l:?}")).collect();
        distinct.sort();
        distinct.dedup();
        assert_eq!(decoder.len(), distinct.len());
        assert_eq!(encoder.encode(lists[0].clone(), &mut Vec::new()), 0);
    }

    #[test]
    fn captured_exchange() {
        let mut out = Vec::new();
        encode_request(&[1], &mut out);
        assert_eq!(out, [1, 0]);
        out.clear();
        encode_request(&[1, 3], &mut out);
        assert_eq!(out, [1, 2, 0]);
        assert_eq!(decode_request(&mut Cursor::new(&out)).unwrap(), [1, 3]);
        assert_eq!(decode_request(&mut Cursor::new(&[0])).unwrap(), []);

        out.clear();
        encode_value(1, 0, &[b'A'; 40], &mut out);
        encode_value(3, 1, &[b'Z'; 50], &mut out);
        encode_request(&[], &mut out);
        assert_eq!(out[..3], [1, 0x28, 0x41]);
        assert_eq!(out[42..45], [2, 0x32, 0x5a]);
        assert_eq!(out[94..], [0]);
        let mut c = Cursor::new(&out);
        assert_eq!(decode_value(0, &mut c).unwrap(), Some((1, vec![b'A'; 40])));
        assert_eq!(decode_value(1, &mut c).unwrap(), Some((3, vec![b'Z'; 50])));
        assert_eq!(decode_value(3, &mut c), Ok(None));
        assert_eq!(c.remaining(), 0);
    }

    #[test]
    fn incomplete_exchange_consumes_nothing() {
        let mut c = Cursor::new(&[1, 2]);
        assert_eq!(decode_request(&mut c), Err(DecodeError::Incomplete(1)));
        assert_eq!(c.position(), 0);
        let mut c = Cursor::new(&[1, 40, 0]);
        assert_eq!(decode_value(0, &mut c), Err(DecodeError::Incomplete(39)));
        assert_eq!(c.position(), 0);
    }

    #[test]
    fn numbers_out_of_reach() {
        // 1, then back to 0.
        let back = [1, 0xf0, 0xff, 0xff, 0xff, 0xff, 0];
        assert_eq!(decode_request(&mut Cursor::new(&back)).unwrap(), [1, 0]);
        let beyond = [1, 0xf0, 0xff, 0xff, 0xff, 0x7f, 0];
        let DecodeError::Bad(e) = decode_request(&mut Cursor::new(&beyond)).unwrap_err() else {
            panic!()
        };
        assert_eq!(e.fault, Fault::Protocol);
        assert!(matches!(
            decode_value(1, &mut Cursor::new(&beyond[1..])),
            Err(DecodeError::Bad(_))
        ));
        let endless = vec![1; limits::MAX_XATTRS as usize + 1];
        assert!(matches!(decode_request(&mut Cursor::new(&endless)), Err(DecodeError::Bad(_))));
    }

    #[test]
    fn limits_of_a_literal() {
        let minus_one = [0xf0, 0xff, 0xff, 0xff, 0xff];
        let name = b"user.x\0";
        let literal = |parts: &[&[u8]]| [&[0][..], &parts.concat()].concat();
        let five: Vec<u8> = (0..5)
            .flat_map(|i| [&[3, 0xe8, 0, 0, 0][..], &[b'n', b'a' + i, 0], &[0; 16]].concat())
            .collect();
        let cases: &[(Vec<u8>, Fault, &str)] = &[
            (vec![1], Fault::Stream, "receive_xattr: xa index 1 out of range for dir/f"),
            (
                minus_one.to_vec(),
                Fault::Stream,
                "receive_xattr: xa index -1 out of range for dir/f",
            ),
            (
                literal(&[&minus_one]),
                Fault::Protocol,
                "wire value xattr count out of range: -1 not in [0,65536]",
            ),
            (
                literal(&[&[0xc1, 0x01, 0x00]]),
                Fault::Protocol,
                "wire value xattr count out of range: 65537 not in [0,65536]",
            ),
            (
                literal(&[&[1, 0x90, 0x01, 0]]),
                Fault::Protocol,
                "wire size xattr name_len out of range: 4097 > 4096",
            ),
            (
                literal(&[&[1], &minus_one]),
                Fault::Protocol,
                "wire size xattr name_len out of range: -1 > 4096",
            ),
            (
                literal(&[&[1, 7], &minus_one]),
                Fault::Protocol,
                "wire size xattr datum_len out of range: -1 > 2147483647",
            ),
            (
                literal(&[&[1, 7, 0xe8, 1, 0, 0]]),
                Fault::Protocol,
                "xattr datum_len exceeds per-value limit",
            ),
            (literal(&[&[5], &five]), Fault::Protocol, "xattr list exceeds per-file limit"),
            (
                literal(&[&[1, 6, 0], b"user.x"]),
                Fault::FileIo,
                "Invalid xattr name received (missing trailing \\0).",
            ),
            (
                literal(&[&[1, 1, 0, 0]]),
                Fault::FileIo,
                "Invalid xattr name received (missing trailing \\0).",
            ),
            (
                literal(&[&[1, 0, 0]]),
                Fault::FileIo,
                "Invalid xattr name received (missing trailing \\0).",
            ),
            (
                literal(&[&[1, 7, 0], b"us\0r.x\0"]),
                Fault::FileIo,
                "Invalid xattr name received (\\0 inside).",
            ),
            (
                literal(&[&[3], &[2, 0, b'b', 0], &[2, 0, b'a', 0], &[2, 0, b'b', 0]]),
                Fault::Protocol,
                "duplicate xattr name received: b",
            ),
        ];
        for (bytes, fault, text) in cases {
            let mut table = XattrTable::default();
            let e = table.decode(b"dir/f", &mut Cursor::new(bytes)).unwrap_err();
            let DecodeError::Bad(e) = e else { panic!("{text}: {e:?}") };
            assert_eq!((e.fault, e.to_string().as_str()), (*fault, *text));
            assert!(table.is_empty());
        }
        let unsorted = literal(&[&[2], &[2, 0, b'b', 0], &[7, 1], name, &[9]]);
        assert_eq!(XattrTable::default().decode(b"f", &mut Cursor::new(&unsorted)), Ok(0));
    }
}
