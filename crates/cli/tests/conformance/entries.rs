//! Entries of file lists, and the content of the worked captures.

use std::{fs::File, path::Path, time::Duration};
use wire::varint::Put;

/// Flags of an entry with the owner and group left out.
pub const PLAIN: i32 = 0x18;
pub const TOP: i32 = 0x01;
pub const NO_CONTENT: i32 = 0x100;
pub const HLINKED: i32 = 0x200;
pub const HLINK_FIRST: i32 = 0x1000;

pub const REG: i32 = 0o100_644;
pub const DIR: i32 = 0o040_755;
pub const LINK: i32 = 0o120_777;

/// An entry of a list with varint flags, from 2023 and without owner and group; `more` follows the mode.
pub fn entry(flags: i32, name: &[u8], len: i64, mode: i32, more: &[u8]) -> Vec<u8> {
    let mut e = Vec::new();
    let long = name.len() > 255;
    e.put_varint(PLAIN | flags | if long { 0x40 } else { 0 });
    if long {
        e.put_varint(name.len() as i32);
    } else {
        e.put_byte(name.len() as u8);
    }
    e.extend_from_slice(name);
    e.put_varlong(len, 3);
    e.put_varlong(1_700_000_000, 4);
    e.put_int32(mode);
    e.extend_from_slice(more);
    e
}

pub fn file(name: &str, len: i64) -> Vec<u8> {
    entry(0, name.as_bytes(), len, REG, b"")
}

pub fn dir(name: &str) -> Vec<u8> {
    entry(0, name.as_bytes(), 4096, DIR, b"")
}

pub fn symlink(name: &str, target: &str) -> Vec<u8> {
    let mut more = Vec::new();
    more.put_varint(target.len() as i32);
    more.extend_from_slice(target.as_bytes());
    entry(0, name.as_bytes(), target.len() as i64, LINK, &more)
}

/// The end of a list, without errors.
pub const END: [u8; 2] = [0, 0];

/// A list of entries with its end.
pub fn list(entries: &[Vec<u8>]) -> Vec<u8> {
    [entries.concat(), END.to_vec()].concat()
}

/// The data of the worked captures: a linear congruential generator.
pub fn data(len: usize) -> Vec<u8> {
    let mut x: u32 = 1;
    (0..len)
        .map(|_| {
            x = x.wrapping_mul(1_103_515_245).wrapping_add(12_345) & 0x7fff_ffff;
            (x >> 16) as u8
        })
        .collect()
}

pub fn set_mtime(path: &Path, seconds: u64) {
    let time = std::time::UNIX_EPOCH + Duration::from_secs(seconds);
    File::open(path).unwrap().set_modified(time).unwrap();
}
