//! Entry flags and how they travel (WIRE.md, Entry flags).
//!
//! Three encodings share the bits: a `varint` where both sides agreed on it, one byte or two from
//! protocol 28, and a single byte before, in which bit 2 has another meaning. In each of them an
//! entry must not read as the end of the list, so encoders add a bit that means nothing there.

use super::FlistFormat;
use crate::varint::Put;
use crate::{Cursor, Decode, Fault, WireError, limits};

/// A directory named in the request, or (with [`NO_CONTENT_DIR`]) the parent of such a name.
pub(super) const TOP_DIR: u32 = 1 << 0;
pub(super) const SAME_MODE: u32 = 1 << 1;
/// A second byte follows (protocol 28 and later).
pub(super) const EXTENDED_FLAGS: u32 = 1 << 2;
/// The whole device number is that of the entry before (protocol 27).
pub(super) const SAME_RDEV: u32 = 1 << 2;
pub(super) const SAME_UID: u32 = 1 << 3;
pub(super) const SAME_GID: u32 = 1 << 4;
/// The name shares a prefix with the one before.
pub(super) const SAME_NAME: u32 = 1 << 5;
/// The suffix length does not stand in one byte.
pub(super) const LONG_NAME: u32 = 1 << 6;
pub(super) const SAME_TIME: u32 = 1 << 7;
/// Devices, and specials where they have a device number.
pub(super) const SAME_RDEV_MAJOR: u32 = 1 << 8;
/// Directories from protocol 30.
pub(super) const NO_CONTENT_DIR: u32 = 1 << 8;
pub(super) const HLINKED: u32 = 1 << 9;
/// Before protocol 30.
pub(super) const SAME_DEV: u32 = 1 << 10;
/// From protocol 30.
pub(super) const USER_NAME_FOLLOWS: u32 = 1 << 10;
/// Before protocol 30.
pub(super) const RDEV_MINOR_8: u32 = 1 << 11;
/// From protocol 30.
pub(super) const GROUP_NAME_FOLLOWS: u32 = 1 << 11;
/// From protocol 30.
pub(super) const HLINK_FIRST: u32 = 1 << 12;
/// With nothing but [`EXTENDED_FLAGS`]: the end of the list, and an error value follows.
const IO_ERROR_ENDLIST: u32 = 1 << 12;
/// From protocol 30.
pub(super) const MOD_NSEC: u32 = 1 << 13;
pub(super) const SAME_ATIME: u32 = 1 << 14;
/// Only where flags travel as a `varint`.
pub(super) const CRTIME_EQ_MTIME: u32 = 1 << 17;

/// What stands where the flags of the next entry are due.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Start {
    Entry(u32),
    End { io_error: u32 },
}

fn io_error(c: &mut Cursor<'_>) -> Decode<Start> {
    Ok(Start::End { io_error: (c.varint()? & limits::IO_ERROR_BITS) as u32 })
}

impl FlistFormat {
    /// Flags of an entry, or the end marker. May consume bytes and still answer Incomplete: the
    /// caller works on a copy of its cursor.
    #[inline]
    pub(super) fn decode_start(&self, c: &mut Cursor<'_>) -> Decode<Start> {
        if self.varint_flags {
            return match c.varint()? as u32 {
                0 => io_error(c),
                flags => Ok(Start::Entry(flags)),
            };
        }
        let low = u32::from(c.byte()?);
        if low == 0 {
            return Ok(Start::End { io_error: 0 });
        }
        if !self.protocol.has_extended_flags() || low & EXTENDED_FLAGS == 0 {
            return Ok(Start::Entry(low));
        }
        let flags = low | u32::from(c.byte()?) << 8;
        if flags == EXTENDED_FLAGS | IO_ERROR_ENDLIST {
            if !self.safe_flist {
                let text = format!("Invalid flist flag: {flags:x}");
                return Err(WireError::new(Fault::Protocol, text).into());
            }
            return io_error(c);
        }
        Ok(Start::Entry(flags))
    }

    /// Adds the bit, if one is needed, that keeps the flags from reading as an end marker, and
    /// those that announce a second byte.
    #[inline]
    pub(super) fn seal(&self, mut flags: u32, is_dir: bool) -> u32 {
        if self.varint_flags {
            return if flags == 0 { EXTENDED_FLAGS } else { flags };
        }
        if !self.protocol.has_extended_flags() {
            return match flags & 0xff {
                0 if is_dir => LONG_NAME,
                0 => TOP_DIR,
                flags => flags,
            };
        }
        flags &= 0xffff;
        // Means nothing on anything but a directory.
        if flags == 0 && !is_dir {
            flags = TOP_DIR;
        }
        if flags == 0 || flags > 0xff { flags | EXTENDED_FLAGS } else { flags }
    }

    /// Appends sealed flags.
    #[inline]
    pub(super) fn put_flags(&self, flags: u32, out: &mut Vec<u8>) {
        if self.varint_flags {
            out.put_varint(flags as i32);
        } else if self.protocol.has_extended_flags() && flags & EXTENDED_FLAGS != 0 {
            out.put_shortint(flags as u16);
        } else {
            out.put_byte(flags as u8);
        }
    }

    /// Appends the end marker; whether `io_error` needs no other way to travel.
    pub(super) fn put_end(&self, io_error: u32, out: &mut Vec<u8>) -> bool {
        if self.varint_flags {
            out.put_varint(0);
            out.put_varint(io_error as i32);
            return true;
        }
        if self.safe_flist && io_error != 0 {
            out.put_shortint((EXTENDED_FLAGS | IO_ERROR_ENDLIST) as u16);
            out.put_varint(io_error as i32);
        } else {
            out.put_byte(0);
        }
        self.safe_flist
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::format;
    use super::*;

    #[test]
    fn no_entry_reads_as_an_end() {
        for protocol in 27..=32 {
            let f = format(protocol);
            for flags in (0..=0xffffu32).map(|bits| bits & !EXTENDED_FLAGS) {
                for is_dir in [false, true] {
                    if !f.protocol.has_extended_flags() && flags > 0xff {
                        continue;
                    }
                    // Without HLINKED it does not occur.
                    if flags & HLINK_FIRST != 0 && flags & HLINKED == 0 {
                        continue;
                    }
                    let sealed = f.seal(flags, is_dir);
                    let mut out = Vec::new();
                    f.put_flags(sealed, &mut out);
                    let mut c = Cursor::new(&out);
                    assert_eq!(f.decode_start(&mut c), Ok(Start::Entry(sealed)));
                    assert_eq!(c.remaining(), 0);
                    let added = sealed ^ flags;
                    let harmless = EXTENDED_FLAGS | if is_dir { LONG_NAME } else { TOP_DIR };
                    assert_eq!(added & !harmless, 0, "{protocol} {flags:x} {sealed:x}");
                }
            }
        }
    }

    #[test]
    fn fillers() {
        let put = |protocol, is_dir| {
            let f = format(protocol);
            let mut out = Vec::new();
            f.put_flags(f.seal(0, is_dir), &mut out);
            out
        };
        assert_eq!(put(27, true), [0x40]);
        assert_eq!(put(27, false), [0x01]);
        assert_eq!(put(29, true), [0x04, 0x00]);
        assert_eq!(put(29, false), [0x01]);
        assert_eq!(put(31, true), [0x04]);
    }

    #[test]
    fn ends() {
        // (protocol, varint flags, safe, io_error, bytes, travels)
        type Row = (u32, bool, bool, u32, &'static [u8], bool);
        let table: &[Row] = &[
            (27, false, false, 1, &[0], false),
            (29, false, false, 0, &[0], false),
            (30, false, false, 1, &[0], false),
            (30, false, true, 0, &[0], true),
            (30, false, true, 2, &[4, 0x10, 2], true),
            (31, false, true, 1, &[4, 0x10, 1], true),
            (32, true, true, 0, &[0, 0], true),
            (32, true, true, 1, &[0, 1], true),
        ];
        for &(protocol, varint_flags, safe_flist, error, bytes, travels) in table {
            let f = FlistFormat { varint_flags, safe_flist, ..format(protocol) };
            let mut out = Vec::new();
            assert_eq!(f.put_end(error, &mut out), travels);
            assert_eq!(out, bytes);
            let io_error = if travels { error } else { 0 };
            let mut c = Cursor::new(&out);
            assert_eq!(f.decode_start(&mut c), Ok(Start::End { io_error }));
            assert_eq!(c.remaining(), 0);
        }
        let f = format(32);
        assert_eq!(f.decode_start(&mut Cursor::new(&[0, 0x7f])), Ok(Start::End { io_error: 7 }));
        let f = FlistFormat { varint_flags: false, safe_flist: false, ..format(30) };
        let e = WireError::new(Fault::Protocol, "Invalid flist flag: 1004");
        assert_eq!(f.decode_start(&mut Cursor::new(&[4, 0x10, 1])), Err(e.into()));
    }
}
