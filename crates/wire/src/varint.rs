//! Variable-length integers (spec chapter 01, Primitive encodings): `longint`, `varint`,
//! `varlong(m)`, their protocol-dependent forms, and `vstring`.
use crate::{Cursor, Decode, Protocol};
impl Cursor<'_> {
    /// A `varint`. Errors: code 12 for more than four extra bytes.
    pub fn varint(&mut self) -> Decode<i32> {
        todo!()
    }
    /// A `varlong(min)`.
    pub fn varlong(&mut self, min: usize) -> Decode<i64> {
        let _ = min;
        todo!()
    }
    /// A `longint`.
    pub fn longint(&mut self) -> Decode<i64> {
        todo!()
    }
    /// `varint30`: int32 before protocol 30, else varint.
    pub fn varint30(&mut self, p: Protocol) -> Decode<i32> {
        let _ = p;
        todo!()
    }
    /// `varlong30(min)`: longint before protocol 30, else varlong.
    pub fn varlong30(&mut self, p: Protocol, min: usize) -> Decode<i64> {
        let _ = (p, min);
        todo!()
    }
    /// A `vstring` of at most `limit` bytes. Errors: code 2 "over-long vstring received (N > limit)".
    pub fn vstring(&mut self, limit: usize) -> Decode<Vec<u8>> {
        let _ = limit;
        todo!()
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
impl Put for Vec<u8> {
    fn put_byte(&mut self, _: u8) {
        todo!()
    }
    fn put_shortint(&mut self, _: u16) {
        todo!()
    }
    fn put_int32(&mut self, _: i32) {
        todo!()
    }
    fn put_varint(&mut self, _: i32) {
        todo!()
    }
    fn put_varlong(&mut self, _: i64, _: usize) {
        todo!()
    }
    fn put_longint(&mut self, _: i64) {
        todo!()
    }
    fn put_varint30(&mut self, _: Protocol, _: i32) {
        todo!()
    }
    fn put_varlong30(&mut self, _: Protocol, _: i64, _: usize) {
        todo!()
    }
    fn put_vstring(&mut self, _: &[u8]) {
        todo!()
    }
}
