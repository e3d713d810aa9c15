//! Sum heads and block sums (WIRE.md, Sums).

use crate::{Cursor, Decode, Fault, Protocol, WireError, varint::Put};

/// Memory that rsync needs for each sum, in bytes: what `--max-alloc` limits.
const RECORD: u64 = 24;
/// Bytes of one rolling sum.
const WEAK_LEN: usize = 4;
/// Strong sums longer than this are cut.
const MAX_STRONG_LEN: usize = 16;
/// Strong sums are never chosen shorter than this.
const MIN_STRONG_LEN: usize = 2;
/// The smallest block that is chosen automatically.
const MIN_BLOCK_LEN: u32 = 700;
/// Bits by which a false match must be less likely than one in the number of comparisons.
const SAFETY_BITS: i64 = 10;

/// The head of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SumHead {
    /// Number of blocks.
    pub count: u32,
    /// Bytes of each block but the last.
    pub blength: u32,
    /// Bytes of each strong sum.
    pub s2length: u32,
    /// Bytes of the last block, 0 when it is full.
    pub remainder: u32,
}

/// `value` if it lies in 0..=`max`; else code 2 `Invalid WHAT N`.
fn bounded(value: i32, max: u32, what: &str) -> Result<u32, WireError> {
    u32::try_from(value).ok().filter(|&n| n <= max).ok_or_else(|| {
        WireError::new(Fault::Protocol, format!("Invalid {what} {value}")).with_role()
    })
}

impl SumHead {
    /// Decodes and checks a head, with `digest_len` the transfer checksum's length and `max_alloc`
    /// the bound on count * (4 + s2length) (code 22); a reader that keeps no sums passes
    /// `u64::MAX`.
    pub fn decode(
        p: Protocol,
        digest_len: usize,
        max_alloc: u64,
        c: &mut Cursor<'_>,
    ) -> Decode<SumHead> {
        let mut at = c.clone();
        let ints: [u8; 16] = at.array()?;
        let mut ints = Cursor::new(&ints);
        let count = bounded(ints.int32()?, i32::MAX as u32, "checksum count")?;
        let blength = bounded(ints.int32()?, p.max_block_len(), "block length")?;
        if blength == 0 && count > 0 {
            return Err(WireError::new(Fault::Protocol, "Invalid zero block length")
                .with_role()
                .into());
        }
        let longest = u32::try_from(digest_len).unwrap_or(u32::MAX);
        let s2length = bounded(ints.int32()?, longest, "checksum length")?;
        let remainder = bounded(ints.int32()?, blength, "remainder length")?;
        if count > 0 && u64::from(count) >= max_alloc / RECORD {
            return Err(WireError::max_alloc(max_alloc).into());
        }
        *c = at;
        Ok(SumHead { count, blength, s2length, remainder })
    }

    /// Appends the four integers.
    pub fn encode(&self, out: &mut Vec<u8>) {
        for n in [self.count, self.blength, self.s2length, self.remainder] {
            out.put_int32(n as i32);
        }
    }

    /// The sizes that rsync's generator chooses for a basis of `len` bytes; `block_size` is
    /// `--block-size` (0 = automatic), `redo` asks for full-length sums. `None` if the count does
    /// not fit.
    pub fn choose(
        p: Protocol,
        len: u64,
        block_size: u32,
        digest_len: usize,
        redo: bool,
    ) -> Option<SumHead> {
        let blength = match block_size {
            0 => {
                let root = u32::try_from(len.isqrt()).unwrap_or(u32::MAX) & !7;
                root.clamp(MIN_BLOCK_LEN, p.max_block_len())
            }
            n => n,
        };
        let count = i32::try_from(len.div_ceil(u64::from(blength))).ok()? as u32;
        let longest = digest_len.min(MAX_STRONG_LEN);
        let s2length = if redo {
            longest
        } else {
            let bits = SAFETY_BITS + 2 * log2(len) - log2(blength.into());
            // The rolling sum contributes 24 good bits of its 32.
            let bytes = usize::try_from((bits - 24) / 8).unwrap_or(0);
            bytes.max(MIN_STRONG_LEN).min(longest)
        };
        Some(SumHead {
            count,
            blength,
            s2length: s2length as u32,
            remainder: (len % u64::from(blength)) as u32,
        })
    }

    /// Length of block `i`; 0 if there is none.
    pub fn block_len(&self, i: u32) -> u32 {
        match i.checked_add(1) {
            Some(n) if n < self.count => self.blength,
            Some(n) if n == self.count && self.remainder == 0 => self.blength,
            Some(n) if n == self.count => self.remainder,
            _ => 0,
        }
    }

    /// Length of the file that the head describes.
    pub fn flength(&self) -> u64 {
        let full = u64::from(self.count.saturating_sub(1)) * u64::from(self.blength);
        full + self.count.checked_sub(1).map_or(0, |last| u64::from(self.block_len(last)))
    }

    /// The next block's rolling and strong sums.
    pub fn decode_sum<'a>(&self, c: &mut Cursor<'a>) -> Decode<(u32, &'a [u8])> {
        let bytes = c.take(WEAK_LEN + self.s2length as usize)?;
        let (weak, strong) = bytes.split_at(WEAK_LEN);
        Ok((weak.iter().rev().fold(0, |sum, &b| sum << 8 | u32::from(b)), strong))
    }

    /// Appends one block's sums; `strong` is cut to the head's length.
    pub fn encode_sum(&self, weak: u32, strong: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&weak.to_le_bytes());
        out.extend_from_slice(&strong[..self.s2length as usize]);
    }
}

/// Rounded down; 0 for 0.
fn log2(n: u64) -> i64 {
    n.checked_ilog2().unwrap_or(0).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DecodeError, testing::hex, version::NEWEST};

    const NO_BOUND: u64 = u64::MAX;

    fn head(count: u32, blength: u32, s2length: u32, remainder: u32) -> SumHead {
        SumHead { count, blength, s2length, remainder }
    }

    #[test]
    fn golden_signature() {
        let bytes = hex("03000000 bc020000 02000000 64000000 8b078ef7 606e");
        let mut c = Cursor::new(&bytes);
        let got = SumHead::decode(NEWEST, 16, NO_BOUND, &mut c).unwrap();
        assert_eq!(got, head(3, 700, 2, 100));
        assert_eq!(got, SumHead::choose(NEWEST, 1500, 0, 16, false).unwrap());
        assert_eq!(got.flength(), 1500);
        assert_eq!([0, 1, 2, 3, u32::MAX].map(|i| got.block_len(i)), [700, 700, 100, 0, 0]);
        let (weak, strong) = got.decode_sum(&mut c).unwrap();
        assert_eq!((weak, strong), (0xf78e_078b, &[0x60, 0x6e][..]));
        assert_eq!(got.decode_sum(&mut c), Err(DecodeError::Incomplete(6)));
        let mut out = Vec::new();
        got.encode(&mut out);
        got.encode_sum(weak, &[0x60, 0x6e, 0xff], &mut out);
        assert_eq!(out, bytes);
        for cut in 0..16 {
            let mut c = Cursor::new(&bytes[..cut]);
            let got = SumHead::decode(NEWEST, 16, NO_BOUND, &mut c);
            assert_eq!(got, Err(DecodeError::Incomplete(16 - cut)));
            assert_eq!(c.position(), 0);
        }
    }

    #[test]
    fn chosen_sizes() {
        for (len, blength, s2length, count, remainder) in [
            (0, 700, 2, 0, 0),
            (1, 700, 2, 1, 1),
            (490_000, 700, 2, 700, 0),
            (1_000_000, 1000, 2, 1000, 0),
            (10_000_000, 3160, 2, 3165, 1760),
            (123_456_789, 11104, 3, 11119, 2517),
            (3_000_000_000, 54768, 4, 54777, 28032),
            (20_000_000_000, 131_072, 4, 152_588, 116_736),
        ] {
            let want = head(count, blength, s2length, remainder);
            let got = SumHead::choose(NEWEST, len, 0, 16, false);
            assert_eq!(got, Some(want));
            assert_eq!(want.flength(), len);
        }
        let p29 = Protocol::new(29).unwrap();
        let choose = |p, len, size, digest, redo| SumHead::choose(p, len, size, digest, redo);
        assert_eq!(choose(p29, 20_000_000_000, 0, 16, false).unwrap().blength, 141_416);
        assert_eq!(choose(NEWEST, 5000, 1000, 16, false), Some(head(5, 1000, 2, 0)));
        assert_eq!(choose(NEWEST, 5000, 0, 20, true).unwrap().s2length, 16);
        assert_eq!(choose(NEWEST, 5000, 0, 8, true).unwrap().s2length, 8);
        assert_eq!(choose(NEWEST, u64::MAX, 0, 16, false), None);
        assert_eq!(choose(NEWEST, 1 << 60, 1 << 17, 8, false), None);
        assert_eq!(choose(NEWEST, 1 << 46, 1 << 17, 3, false).unwrap().s2length, 3);
    }

    #[test]
    fn last_blocks() {
        assert_eq!(head(0, 700, 2, 5).flength(), 0);
        assert_eq!(head(0, 0, 0, 0).block_len(0), 0);
        assert_eq!(head(2, 700, 2, 700).flength(), 1400);
        let most = head(i32::MAX as u32, 1 << 29, 16, 0);
        assert_eq!(most.flength(), (i32::MAX as u64) << 29);
    }

    #[test]
    fn refuses_what_rsync_refuses() {
        let text = |p: u32, ints: [i32; 4], max_alloc| {
            let p = Protocol::new(p).unwrap();
            let bytes: Vec<u8> = ints.iter().flat_map(|n| n.to_le_bytes()).collect();
            match SumHead::decode(p, 16, max_alloc, &mut Cursor::new(&bytes)) {
                Ok(head) => format!("{head:?}"),
                Err(DecodeError::Bad(e)) => {
                    let memory = e.text.starts_with(b"exceeded");
                    assert_eq!(e.fault, if memory { Fault::Memory } else { Fault::Protocol });
                    e.message("sender")
                }
                Err(e) => panic!("{e:?}"),
            }
        };
        for (ints, want) in [
            ([-1, 700, 2, 0], "Invalid checksum count -1 [sender]"),
            ([1, -1, 2, 0], "Invalid block length -1 [sender]"),
            ([1, 131_073, 2, 0], "Invalid block length 131073 [sender]"),
            ([1, 0, 2, 0], "Invalid zero block length [sender]"),
            ([1, 700, -1, 0], "Invalid checksum length -1 [sender]"),
            ([1, 700, 17, 0], "Invalid checksum length 17 [sender]"),
            ([1, 700, 2, -1], "Invalid remainder length -1 [sender]"),
            ([1, 700, 2, 701], "Invalid remainder length 701 [sender]"),
        ] {
            assert_eq!(text(32, ints, NO_BOUND), want);
        }
        let refused = text(32, [100_000, 700, 16, 0], 1 << 20);
        assert!(refused.starts_with("[sender] exceeded --max-alloc=1048576 setting (file="));
        let refused = text(32, [43_690, 700, 16, 0], 1 << 20);
        assert!(refused.starts_with("[sender] exceeded --max-alloc=1048576 setting (file="));
        assert!(text(32, [43_689, 700, 16, 0], 1 << 20).starts_with("SumHead"));
        assert!(text(32, [0, 0, 0, 0], 0).starts_with("SumHead"));
        assert!(text(32, [1, 700, 0, 700], NO_BOUND).starts_with("SumHead"));
        assert!(text(29, [1, 1 << 29, 2, 0], NO_BOUND).starts_with("SumHead"));
        assert_eq!(
            text(29, [1, (1 << 29) + 1, 2, 0], NO_BOUND),
            "Invalid block length 536870913 [sender]"
        );
        assert!(text(32, [i32::MAX, 1 << 17, 16, 0], NO_BOUND).starts_with("SumHead"));
    }
}
