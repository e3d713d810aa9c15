//! Variable-length integers (WIRE.md, Primitive encodings): `longint`, `varint`, `varlong(m)`,
//! their protocol-dependent forms, and `vstring`.

use crate::{Cursor, Decode, DecodeError, Fault, Protocol, WireError};

/// Longest string a two-byte `vstring` header can announce.
const MAX_VSTRING: usize = 0x7fff;

/// How many bytes follow beyond the agreed minimum, by the first byte: its leading one bits, of
/// which only six can count because the two low bits always carry value.
fn extra_bytes(first: u8) -> usize {
    (first.leading_ones() as usize).min(6)
}

/// The bits of the first byte that belong to the value.
fn value_bits(first: u8, extra: usize) -> u8 {
    first & if extra >= 6 { 0x03 } else { 0x7f >> extra }
}

fn overflow(what: &str) -> DecodeError {
    WireError::new(Fault::Stream, format!("Overflow in {what}()")).into()
}

impl Cursor<'_> {
    /// A `varint`. Errors: code 12 for more than four extra bytes.
    #[inline]
    pub fn varint(&mut self) -> Decode<i32> {
        let first = self.peek()?;
        if first < 0x80 {
            self.byte()?;
            return Ok(first as i32);
        }
        let extra = extra_bytes(first);
        if extra > 4 {
            return Err(overflow("read_varint"));
        }
        let bytes = &self.take(1 + extra)?[1..];
        // Bits of the first byte that land above bit 31 are dropped.
        let mut value = [0u8; 8];
        value[..extra].copy_from_slice(bytes);
        value[extra] = value_bits(first, extra);
        Ok(u64::from_le_bytes(value) as u32 as i32)
    }

    /// A `varlong(min)`; `min` is 3 or 4. Errors: code 12 for more than nine bytes in all.
    #[inline]
    pub fn varlong(&mut self, min: usize) -> Decode<i64> {
        debug_assert!((1..=8).contains(&min));
        let first = self.peek()?;
        let extra = extra_bytes(first);
        if min + extra > 9 {
            return Err(overflow("read_varlong"));
        }
        let bytes = &self.take(min + extra)?[1..];
        let mut value = [0u8; 9];
        value[..bytes.len()].copy_from_slice(bytes);
        // With nine bytes in all the first one lies above the value and is dropped.
        value[bytes.len()] = value_bits(first, extra);
        let [low @ .., _] = value;
        Ok(i64::from_le_bytes(low))
    }

    /// A `longint`.
    pub fn longint(&mut self) -> Decode<i64> {
        let start = self.clone();
        let short = self.int32()?;
        if short != -1 {
            return Ok(short as i64);
        }
        match self.array() {
            Ok(bytes) => Ok(i64::from_le_bytes(bytes)),
            Err(e) => {
                *self = start;
                Err(e)
            }
        }
    }

    /// `varint30`: int32 before protocol 30, else varint.
    #[inline]
    pub fn varint30(&mut self, p: Protocol) -> Decode<i32> {
        if p.has_varints() { self.varint() } else { self.int32() }
    }

    /// `varlong30(min)`: longint before protocol 30, else varlong.
    #[inline]
    pub fn varlong30(&mut self, p: Protocol, min: usize) -> Decode<i64> {
        if p.has_varints() { self.varlong(min) } else { self.longint() }
    }

    /// A `vstring` of at most `limit` bytes. Errors: code 2 "over-long vstring received (N > limit)".
    pub fn vstring(&mut self, limit: usize) -> Decode<Vec<u8>> {
        let mut c = self.clone();
        let first = c.byte()?;
        let len = match first {
            0x80.. => usize::from(first & 0x7f) << 8 | usize::from(c.byte()?),
            _ => usize::from(first),
        };
        if len > limit {
            let text = format!("over-long vstring received ({len} > {limit})");
            return Err(WireError::new(Fault::Protocol, text).into());
        }
        let text = c.take(len)?.to_vec();
        *self = c;
        Ok(text)
    }
}

/// Appends integers; implemented for `Vec<u8>`.
pub trait Put {
    /// One byte.
    fn put_byte(&mut self, v: u8);
    /// Two bytes LE.
    fn put_shortint(&mut self, v: u16);
    /// Four bytes LE.
    fn put_int32(&mut self, v: i32);
    /// A `varint`.
    fn put_varint(&mut self, v: i32);
    /// A `varlong(min)`.
    fn put_varlong(&mut self, v: i64, min: usize);
    /// A `longint`.
    fn put_longint(&mut self, v: i64);
    /// `varint30`.
    fn put_varint30(&mut self, p: Protocol, v: i32);
    /// `varlong30(min)`.
    fn put_varlong30(&mut self, p: Protocol, v: i64, min: usize);
    /// A `vstring`; the caller guarantees at most 32767 bytes.
    fn put_vstring(&mut self, v: &[u8]);
}

/// Both variable-length forms: `value` holds the little-endian bytes of an integer, of which at
/// least `min` are sent.
#[inline]
fn put_variable<const WIDTH: usize>(out: &mut Vec<u8>, value: [u8; WIDTH], min: usize) {
    let mut n = WIDTH;
    while n > min && value[n - 1] == 0 {
        n -= 1;
    }
    let extra = n - min;
    let top = value[n - 1];
    // `extra` one bits from the top; at most 8 - 1 of them because `min` is at least 1.
    let ones = |count: usize| !(0xffu8 >> count);
    let mut bytes = [0u8; 9];
    let len = if top < 0x80 >> extra {
        bytes[0] = ones(extra) | top;
        bytes[1..n].copy_from_slice(&value[..n - 1]);
        n
    } else {
        bytes[0] = ones(extra + 1);
        bytes[1..=n].copy_from_slice(&value[..n]);
        n + 1
    };
    out.extend_from_slice(&bytes[..len]);
}

impl Put for Vec<u8> {
    #[inline]
    fn put_byte(&mut self, v: u8) {
        self.push(v);
    }

    #[inline]
    fn put_shortint(&mut self, v: u16) {
        self.extend_from_slice(&v.to_le_bytes());
    }

    #[inline]
    fn put_int32(&mut self, v: i32) {
        self.extend_from_slice(&v.to_le_bytes());
    }

    #[inline]
    fn put_varint(&mut self, v: i32) {
        match u8::try_from(v) {
            Ok(byte @ ..0x80) => self.push(byte),
            _ => put_variable(self, v.to_le_bytes(), 1),
        }
    }

    #[inline]
    fn put_varlong(&mut self, v: i64, min: usize) {
        debug_assert!((3..=8).contains(&min), "a smaller minimum cannot carry 64 bits");
        put_variable(self, v.to_le_bytes(), min);
    }

    fn put_longint(&mut self, v: i64) {
        match i32::try_from(v) {
            Ok(short @ 0..) => self.put_int32(short),
            _ => {
                self.put_int32(-1);
                self.extend_from_slice(&v.to_le_bytes());
            }
        }
    }

    #[inline]
    fn put_varint30(&mut self, p: Protocol, v: i32) {
        if p.has_varints() { self.put_varint(v) } else { self.put_int32(v) }
    }

    #[inline]
    fn put_varlong30(&mut self, p: Protocol, v: i64, min: usize) {
        if p.has_varints() { self.put_varlong(v, min) } else { self.put_longint(v) }
    }

    fn put_vstring(&mut self, v: &[u8]) {
        debug_assert!(v.len() <= MAX_VSTRING, "vstring too long");
        // Cutting keeps the stream readable even if a caller breaks its promise.
        let v = &v[..v.len().min(MAX_VSTRING)];
        if v.len() > 0x7f {
            self.push(0x80 | (v.len() >> 8) as u8);
        }
        self.push(v.len() as u8);
        self.extend_from_slice(v);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(f: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        f(&mut out);
        out
    }

    /// Decodes all of `bytes`, and checks that no shorter piece decodes, consumes, or asks for
    /// more than is missing.
    fn whole<T>(bytes: &[u8], f: impl Fn(&mut Cursor<'_>) -> Decode<T>) -> T {
        for cut in 0..bytes.len() {
            let mut c = Cursor::new(&bytes[..cut]);
            match f(&mut c) {
                Err(DecodeError::Incomplete(n)) => assert!(n >= 1 && n <= bytes.len() - cut),
                _ => panic!("{bytes:02x?} decoded from {cut} bytes"),
            }
            assert_eq!(c.position(), 0);
        }
        let mut c = Cursor::new(bytes);
        let value = f(&mut c).expect("complete");
        assert_eq!(c.remaining(), 0);
        value
    }

    #[test]
    fn varint_golden() {
        let table: &[(i32, &[u8])] = &[
            (0, &[0]),
            (0x7f, &[0x7f]),
            (0x80, &[0x80, 0x80]),
            (0x1ff, &[0x81, 0xff]),
            (0x3fff, &[0xbf, 0xff]),
            (0x4000, &[0xc0, 0x00, 0x40]),
            (0x20_0000, &[0xe0, 0x00, 0x00, 0x20]),
            (0x1000_0000, &[0xf0, 0x00, 0x00, 0x00, 0x10]),
            (-1, &[0xf0, 0xff, 0xff, 0xff, 0xff]),
            (4_000_000_000u32 as i32, &[0xf0, 0x00, 0x28, 0x6b, 0xee]),
            (500_000_000, &[0xf0, 0x00, 0x65, 0xcd, 0x1d]),
        ];
        for &(value, bytes) in table {
            assert_eq!(encoded(|o| o.put_varint(value)), bytes, "{value}");
            assert_eq!(whole(bytes, |c| c.varint()), value);
        }
        assert_eq!(whole(&[0x80, 0x05], |c| c.varint()), 5, "not canonical, accepted");
        assert_eq!(whole(&[0xf7, 1, 0, 0, 0], |c| c.varint()), 1, "bits above the width");
    }

    #[test]
    fn varlong_golden() {
        let table: &[(usize, i64, &[u8])] = &[
            (3, 0, &[0, 0, 0]),
            (3, 6, &[0, 6, 0]),
            (3, 4096, &[0, 0, 0x10]),
            (3, 0x7f_ffff, &[0x7f, 0xff, 0xff]),
            (3, 0x80_0000, &[0x80, 0, 0, 0x80]),
            (3, 0x123_4567, &[0x81, 0x67, 0x45, 0x23]),
            (3, 0x7fff_ffff, &[0xc0, 0xff, 0xff, 0xff, 0x7f]),
            (3, 5 << 30, &[0xc1, 0, 0, 0, 0x40]),
            (3, 1 << 40, &[0xe1, 0, 0, 0, 0, 0]),
            (3, 1 << 43, &[0xe8, 0, 0, 0, 0, 0]),
            (3, i64::MAX, &[0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
            (3, -1, &[0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            (4, 1_700_000_000, &[0x65, 0x00, 0xf1, 0x53]),
            (4, 4_294_967_295, &[0x80, 0xff, 0xff, 0xff, 0xff]),
            (4, 0x6bde_6103, &[0x6b, 0x03, 0x61, 0xde]),
            (4, -5, &[0xf8, 0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            (4, -1, &[0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ];
        for &(min, value, bytes) in table {
            assert_eq!(encoded(|o| o.put_varlong(value, min)), bytes, "{min} {value}");
            assert_eq!(whole(bytes, |c| c.varlong(min)), value);
        }
    }

    #[test]
    fn longint_golden() {
        let table: &[(i64, &[u8])] = &[
            (6, &[6, 0, 0, 0]),
            (0x7fff_ffff, &[0xff, 0xff, 0xff, 0x7f]),
            (1 << 31, &[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0x80, 0, 0, 0, 0]),
            (1 << 40, &[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1, 0, 0]),
            (-1, &[0xff; 12]),
        ];
        for &(value, bytes) in table {
            assert_eq!(encoded(|o| o.put_longint(value)), bytes, "{value}");
            assert_eq!(whole(bytes, |c| c.longint()), value);
        }
    }

    #[test]
    fn overflows_are_stream_errors() {
        for first in [0xf8, 0xfc, 0xff] {
            let e = Cursor::new(&[first; 9]).varint().unwrap_err();
            let DecodeError::Bad(e) = e else { panic!("{e:?}") };
            assert_eq!(
                (e.fault, e.to_string().as_str()),
                (Fault::Stream, "Overflow in read_varint()")
            );
        }
        let e = Cursor::new(&[0xfc; 12]).varlong(4).unwrap_err();
        let DecodeError::Bad(e) = e else { panic!("{e:?}") };
        assert_eq!(
            (e.fault, e.to_string().as_str()),
            (Fault::Stream, "Overflow in read_varlong()")
        );
    }

    #[test]
    fn forms_depend_on_the_protocol() {
        let (old, new) = (Protocol::new(29).unwrap(), Protocol::new(30).unwrap());
        assert_eq!(encoded(|o| o.put_varint30(old, 5)), [5, 0, 0, 0]);
        assert_eq!(encoded(|o| o.put_varint30(new, 5)), [5]);
        assert_eq!(encoded(|o| o.put_varlong30(old, 5, 3)), [5, 0, 0, 0]);
        assert_eq!(encoded(|o| o.put_varlong30(new, 5, 3)), [0, 5, 0]);
        assert_eq!(whole(&[5, 0, 0, 0], |c| c.varint30(old)), 5);
        assert_eq!(whole(&[5], |c| c.varint30(new)), 5);
        assert_eq!(whole(&[5, 0, 0, 0], |c| c.varlong30(old, 3)), 5);
        assert_eq!(whole(&[0, 5, 0], |c| c.varlong30(new, 3)), 5);
    }

    #[test]
    fn vstring_lengths() {
        for len in [0, 1, 127, 128, 255, 256, 4095, 32767] {
            let text = vec![b'x'; len];
            let bytes = encoded(|o| o.put_vstring(&text));
            assert_eq!(bytes.len(), len + if len > 127 { 2 } else { 1 });
            let mut c = Cursor::new(&bytes);
            assert_eq!(c.vstring(32767).unwrap(), text);
            assert_eq!(c.remaining(), 0);
        }
        assert_eq!(whole(&[3, b'a', b'b', b'c'], |c| c.vstring(3)), b"abc");
        assert_eq!(encoded(|o| o.put_vstring(&[0; 300]))[..2], [0x81, 0x2c]);
        let e = Cursor::new(&[0x90, 0x00]).vstring(4095).unwrap_err();
        let DecodeError::Bad(e) = e else { panic!("{e:?}") };
        assert_eq!(
            (e.fault, e.to_string().as_str()),
            (Fault::Protocol, "over-long vstring received (4096 > 4095)")
        );
    }

    #[test]
    fn round_trips() {
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..20_000 {
            let value = rng.i64(..) >> rng.u32(0..64);
            for min in [3, 4] {
                let bytes = encoded(|o| o.put_varlong(value, min));
                assert_eq!(Cursor::new(&bytes).varlong(min).unwrap(), value);
            }
            let bytes = encoded(|o| o.put_longint(value));
            assert_eq!(Cursor::new(&bytes).longint().unwrap(), value);
            let bytes = encoded(|o| o.put_varint(value as i32));
            assert_eq!(Cursor::new(&bytes).varint().unwrap(), value as i32);
        }
    }
}
