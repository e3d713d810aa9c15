//! File indexes (WIRE.md, Index).

use crate::{Cursor, Decode, Fault, Protocol, WireError};

/// End of a phase or list.
pub const DONE: i32 = -1;
/// No further incremental lists.
pub const FLIST_EOF: i32 = -2;
/// Deletion statistics follow.
pub const DEL_STATS: i32 = -3;
/// `FLIST_OFFSET - d`: the list of directory number `d` follows.
pub const FLIST_OFFSET: i32 = -101;

/// Code bytes of the delta coding: differences 1 to 253 stand for themselves.
mod code {
    pub const DONE: u8 = 0x00;
    pub const LONG: u8 = 0xFE;
    pub const NEGATIVE: u8 = 0xFF;
}

/// The last index of each sign in one direction, as magnitudes.
#[derive(Debug, Clone, Copy)]
struct Memory {
    positive: i64,
    negative: i64,
}

impl Memory {
    fn new() -> Self {
        Memory { positive: -1, negative: 1 }
    }
}

/// One direction's memory for encoding indexes.
#[derive(Debug, Clone)]
pub struct NdxEncoder {
    protocol: Protocol,
    last: Memory,
}

impl NdxEncoder {
    /// A fresh direction.
    pub fn new(p: Protocol) -> Self {
        NdxEncoder { protocol: p, last: Memory::new() }
    }

    /// Appends `ndx`.
    pub fn encode(&mut self, ndx: i32, out: &mut Vec<u8>) {
        if !self.protocol.has_varints() {
            return out.extend_from_slice(&ndx.to_le_bytes());
        }
        if ndx == DONE {
            return out.push(code::DONE);
        }
        let value = i64::from(ndx).abs();
        let last = if ndx < 0 {
            out.push(code::NEGATIVE);
            &mut self.last.negative
        } else {
            &mut self.last.positive
        };
        let diff = value - *last;
        *last = value;
        match diff {
            1..=0xFD => out.push(diff as u8),
            0..=0x7FFF => out.extend_from_slice(&[code::LONG, (diff >> 8) as u8, diff as u8]),
            _ => {
                let [b0, b1, b2, b3, ..] = value.to_le_bytes();
                out.extend_from_slice(&[code::LONG, b3 | 0x80, b0, b1, b2]);
            }
        }
    }
}

/// One direction's memory for decoding indexes.
#[derive(Debug, Clone)]
pub struct NdxDecoder {
    protocol: Protocol,
    last: Memory,
}

impl NdxDecoder {
    /// A fresh direction.
    pub fn new(p: Protocol) -> Self {
        NdxDecoder { protocol: p, last: Memory::new() }
    }

    /// The next index. Errors: code 2 `Invalid file index: N` with role.
    pub fn decode(&mut self, c: &mut Cursor<'_>) -> Decode<i32> {
        if !self.protocol.has_varints() {
            return c.int32();
        }
        let mut at = c.clone();
        let mut first = at.byte()?;
        if first == code::DONE {
            *c = at;
            return Ok(DONE);
        }
        let is_negative = first == code::NEGATIVE;
        let last = if is_negative {
            // Behind the prefix every byte but LONG is a difference, 0 and 0xFF among them.
            first = at.byte()?;
            &mut self.last.negative
        } else {
            &mut self.last.positive
        };
        let value = if first != code::LONG {
            *last + i64::from(first)
        } else {
            let high = at.peek()?;
            if high & 0x80 != 0 {
                let [b3, b0, b1, b2] = at.array()?;
                i64::from(u32::from_le_bytes([b0, b1, b2, b3 & 0x7F]))
            } else {
                *last + i64::from(u16::from_be_bytes(at.array()?))
            }
        };
        let Some(ndx) = i32::try_from(value).ok().filter(|&n| n >= 0) else {
            // rsync shows the value as 32 unsigned bits.
            let text = format!("Invalid file index: {}", value as u32);
            return Err(WireError::new(Fault::Protocol, text).with_role().into());
        };
        *last = value;
        *c = at;
        Ok(if is_negative { -ndx } else { ndx })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DecodeError, testing::hex};

    fn round_trip(p: u32, rows: &[(i32, &str)]) {
        let p = Protocol::new(p).unwrap();
        let mut enc = NdxEncoder::new(p);
        let mut bytes = Vec::new();
        for &(ndx, want) in rows {
            let start = bytes.len();
            enc.encode(ndx, &mut bytes);
            assert_eq!(bytes[start..], hex(want)[..], "{ndx}");
        }
        let mut dec = NdxDecoder::new(p);
        let mut c = Cursor::new(&bytes);
        for &(ndx, _) in rows {
            assert_eq!(dec.decode(&mut c), Ok(ndx));
        }
        assert_eq!(c.remaining(), 0);
    }

    #[test]
    fn worked_examples() {
        round_trip(
            32,
            &[
                (0, "01"),
                (1, "01"),
                (254, "fd"),
                (508, "fe00fe"),
                (507, "fe80fb0100"),
                (40000, "fe80409c00"),
                (40000, "fe0000"),
                (-1, "00"),
                (-2, "ff01"),
                (-3, "ff01"),
                (-101, "ff62"),
                (-2, "fffe80020000"),
            ],
        );
        round_trip(
            30,
            &[(2, "03"), (254, "fc"), (255, "01"), (600, "fe0159"), (33368, "fe80588200")],
        );
        round_trip(
            31,
            &[
                (33368, "fe80588200"),
                (33999, "fe0277"),
                (5, "fe80050000"),
                (5, "fe0000"),
                (i32::MAX, "feffffffff"),
            ],
        );
        round_trip(31, &[(-101, "ff64")]);
        round_trip(31, &[(-102, "ff65"), (-2, "fffe80020000")]);
        round_trip(32, &[(-3, "ff02"), (-2, "fffe80020000"), (-i32::MAX, "fffeffffffff")]);
        round_trip(29, &[(0, "00000000"), (-1, "ffffffff"), (-101, "9bffffff"), (7, "07000000")]);
    }

    #[test]
    fn any_sequence_round_trips() {
        let mut rng = fastrand::Rng::with_seed(1);
        for p in 27..=32 {
            let rows: Vec<i32> = (0..5000)
                .map(|_| match rng.u8(..4) {
                    0 => rng.i32(-300..300),
                    1 => rng.i32(-70000..70000),
                    2 => -1,
                    _ => rng.i32(-i32::MAX..=i32::MAX),
                })
                .collect();
            let p = Protocol::new(p).unwrap();
            let (mut enc, mut dec) = (NdxEncoder::new(p), NdxDecoder::new(p));
            let mut bytes = Vec::new();
            rows.iter().for_each(|&ndx| enc.encode(ndx, &mut bytes));
            let mut c = Cursor::new(&bytes);
            assert!(rows.iter().all(|&ndx| dec.decode(&mut c) == Ok(ndx)));
        }
    }

    #[test]
    fn differences_behind_the_prefix_are_numbers() {
        let mut dec = NdxDecoder::new(crate::version::NEWEST);
        let bytes = hex("ff00 ffff 00 fffe80000000 ff05");
        let mut c = Cursor::new(&bytes);
        let got: Vec<i32> = (0..5).map(|_| dec.decode(&mut c).unwrap()).collect();
        assert_eq!(got, [-1, -256, -1, 0, -5]);
    }

    #[test]
    fn refuses_what_is_no_index() {
        for (bytes, n) in [
            ("fe0000", 4294967295u32),
            ("feffffffff fe0001", 2147483648),
            ("feffffffff fd", 2147483900),
        ] {
            let bytes = hex(bytes);
            let mut dec = NdxDecoder::new(crate::version::NEWEST);
            let mut c = Cursor::new(&bytes);
            let e = loop {
                match dec.decode(&mut c) {
                    Ok(ndx) => assert_eq!(ndx, i32::MAX),
                    Err(DecodeError::Bad(e)) => break e,
                    Err(e) => panic!("{e:?}"),
                }
            };
            assert_eq!(e.fault, Fault::Protocol);
            assert_eq!(e.message("sender"), format!("Invalid file index: {n} [sender]"));
        }
    }

    #[test]
    fn waits_for_the_rest() {
        for (bytes, more) in
            [("", 1), ("ff", 1), ("fe", 1), ("fffe", 1), ("fe01", 1), ("fe8001", 2), ("fffe80", 3)]
        {
            let bytes = hex(bytes);
            let mut dec = NdxDecoder::new(crate::version::NEWEST);
            let mut c = Cursor::new(&bytes);
            assert_eq!(dec.decode(&mut c), Err(DecodeError::Incomplete(more)), "{bytes:02x?}");
            assert_eq!(c.position(), 0);
            assert_eq!(dec.decode(&mut Cursor::new(&[1])), Ok(0), "the memory must not change");
        }
    }
}
