//! The rolling checksum (Rolling checksum).
//!
//! Only the low 16 bits of either half ever reach the wire, and every step is a ring operation,
//! so the halves may carry anything above bit 15: [`Rolling::of`] uses 16-bit lanes, which the
//! compiler turns into vector code, and [`Rolling::slide`] plain 32-bit arithmetic.

/// Rolling sum of a window. Only the low 16 bits of each half count; comparing two sums compares
/// [`Rolling::value`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Rolling {
    /// Sum of bytes.
    pub s1: u32,
    /// Sum of running sums.
    pub s2: u32,
}

/// Bytes summed in parallel: four 128-bit registers for each of the two accumulators.
const LANES: usize = 32;

impl Rolling {
    /// The sum of `data`.
    pub fn of(data: &[u8]) -> Self {
        // Lane j of `sum` adds the bytes at positions congruent to j, lane j of `run` the values
        // that lane took on. A byte in chunk c of n is then counted n - c times in `run`, so
        // that LANES * run is its weight at the chunk's start, and j * sum corrects for its
        // place in the chunk.
        let mut sum = [0u16; LANES];
        let mut run = [0u16; LANES];
        let (chunks, rest) = data.as_chunks::<LANES>();
        for chunk in chunks {
            for j in 0..LANES {
                sum[j] = sum[j].wrapping_add(widen(chunk[j]) as u16);
                run[j] = run[j].wrapping_add(sum[j]);
            }
        }
        let (mut s1, mut s2) = (0u32, 0u32);
        for j in 0..LANES {
            s1 = s1.wrapping_add(u32::from(sum[j]));
            s2 = s2.wrapping_add(u32::from(run[j]).wrapping_mul(LANES as u32));
            s2 = s2.wrapping_sub(u32::from(sum[j]).wrapping_mul(j as u32));
        }
        for &b in rest {
            s1 = s1.wrapping_add(widen(b));
            s2 = s2.wrapping_add(s1);
        }
        Rolling { s1, s2 }
    }

    /// The 32-bit value.
    #[inline]
    pub fn value(self) -> u32 {
        (self.s1 & 0xffff) | (self.s2 << 16)
    }

    /// Slides a window of `len` bytes by one: `out` leaves, `inn` enters.
    #[inline]
    pub fn slide(&mut self, len: u32, out: u8, inn: u8) {
        self.shrink(len, out);
        self.s1 = self.s1.wrapping_add(widen(inn));
        self.s2 = self.s2.wrapping_add(self.s1);
    }

    /// Shrinks a window of `len` bytes from the left.
    #[inline]
    pub fn shrink(&mut self, len: u32, out: u8) {
        let out = widen(out);
        self.s1 = self.s1.wrapping_sub(out);
        self.s2 = self.s2.wrapping_sub(len.wrapping_mul(out));
    }
}

impl PartialEq for Rolling {
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
    }
}

impl Eq for Rolling {}

/// Bytes count as signed numbers.
#[inline]
fn widen(b: u8) -> u32 {
    i32::from(b as i8) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(data: &[u8]) -> u32 {
        let (mut s1, mut s2) = (0i64, 0i64);
        for &b in data {
            s1 += i64::from(b as i8);
            s2 += s1;
        }
        (s1 as u32 & 0xffff) | ((s2 as u32) << 16)
    }

    #[test]
    fn vectors() {
        let all: Vec<u8> = (0..=255).collect();
        for (data, sum) in [
            (&b""[..], 0),
            (b"a", 0x0061_0061),
            (b"abc", 0x024a_0126),
            (b"\x80", 0xff80_ff80),
            (b"\xff\xff", 0xfffd_fffe),
            (&all, 0x6a80_ff80),
        ] {
            assert_eq!(Rolling::of(data).value(), sum, "{data:x?}");
        }
    }

    #[test]
    fn agrees_with_the_definition_at_every_length() {
        let mut rng = fastrand::Rng::with_seed(3);
        let data: Vec<u8> = (0..70_000).map(|_| rng.u8(..)).collect();
        for len in (0..200).chain([700, 4096, 32_768, 65_535, 70_000]) {
            assert_eq!(Rolling::of(&data[..len]).value(), naive(&data[..len]), "{len}");
        }
        let low = vec![0x80; 70_000];
        assert_eq!(Rolling::of(&low).value(), naive(&low));
    }

    #[test]
    fn sliding_and_shrinking_agree_with_a_fresh_sum() {
        let mut rng = fastrand::Rng::with_seed(4);
        let data: Vec<u8> = (0..3000).map(|_| rng.u8(..)).collect();
        for len in [1usize, 7, 700] {
            let mut r = Rolling::of(&data[..len]);
            for at in 0..1500 {
                assert_eq!(r, Rolling::of(&data[at..at + len]));
                r.slide(len as u32, data[at], data[at + len]);
            }
        }
        let mut r = Rolling::of(&data[..100]);
        for at in 0..100 {
            assert_eq!(r, Rolling::of(&data[at..100]));
            r.shrink(100 - at as u32, data[at]);
        }
    }
}
