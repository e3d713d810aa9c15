mod captured;
mod refusals;

use super::*;
use crate::{Cursor, DecodeError, Fault};

/// What a session of this protocol has under `-logtpr`.
pub(super) fn format(protocol: u32) -> FlistFormat {
    FlistFormat {
        protocol: Protocol::new(protocol).unwrap(),
        varint_flags: protocol >= 31,
        safe_flist: protocol >= 31,
        inc_recurse: false,
        owner: true,
        group: true,
        links: true,
        devices: false,
        specials: false,
        hard_links: false,
        acls: false,
        xattrs: false,
        atimes: false,
        crtimes: false,
        checksum_len: None,
        relative: false,
        missing_args: false,
    }
}

/// Hexadecimal bytes and quoted strings; `#` begins a comment.
fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for line in text.lines() {
        for word in line.split('#').next().unwrap().split_whitespace() {
            match word.strip_prefix('"') {
                Some(word) => out.extend_from_slice(word.strip_suffix('"').unwrap().as_bytes()),
                None => out.push(u8::from_str_radix(word, 16).unwrap()),
            }
        }
    }
    out
}

/// Decodes one list. Before each item, every shorter piece must be Incomplete and change nothing.
fn decode_list(decoder: &mut FlistDecoder, base: u32, bytes: &[u8]) -> (Vec<FileEntry>, u32) {
    decoder.begin(base);
    let mut entries = Vec::new();
    let mut start = 0;
    loop {
        let mut c = Cursor::new(&bytes[start..]);
        for have in 0.. {
            let mut piece = Cursor::new(&bytes[start..start + have]);
            match decoder.decode(&mut piece) {
                Err(DecodeError::Incomplete(more)) => {
                    assert!(more > 0 && start + have + more <= bytes.len());
                    assert_eq!(piece.position(), 0);
                }
                Ok(item) => {
                    assert_eq!(piece.remaining(), 0);
                    c.take(have).unwrap();
                    start += have;
                    match item {
                        ListItem::Entry(e) => entries.push(e),
                        ListItem::End { io_error } => {
                            assert_eq!(c.remaining(), 0, "bytes behind the list");
                            return (entries, io_error);
                        }
                    }
                    break;
                }
                Err(e) => panic!("{e:?}"),
            }
        }
    }
}

fn encode_list(encoder: &mut FlistEncoder, base: u32, entries: &[FileEntry]) -> Vec<u8> {
    encoder.begin(base);
    let mut out = Vec::new();
    for e in entries {
        encoder.encode(e, Extras::default(), &mut out);
    }
    encoder.end(0, &mut out);
    out
}

fn entry(name: &str, mode: u32) -> FileEntry {
    FileEntry { name: name.as_bytes().to_vec(), mode, ..FileEntry::default() }
}

#[test]
fn times_before_the_epoch_and_large_files() {
    let e = FileEntry { mtime: -5, ..entry("f", 0o100644) };
    let mut out = Vec::new();
    FlistEncoder::new(format(29)).encode(&e, Extras::default(), &mut out);
    let mut c = Cursor::new(&out);
    let item = FlistDecoder::new(format(29)).decode(&mut c).unwrap();
    let wrapped = FileEntry { mtime: 4_294_967_291, ..e };
    assert_eq!(item, ListItem::Entry(wrapped));
    for protocol in [27, 29, 30, 32] {
        let entries: Vec<FileEntry> =
            [0x7f_ffff, 0x80_0000, (1 << 31) - 1, 1 << 31, 1 << 32, 5 << 30, i64::MAX as u64]
                .map(|len| FileEntry { len, ..entry("f", 0o100644) })
                .to_vec();
        let list = encode_list(&mut FlistEncoder::new(format(protocol)), 0, &entries);
        let got = decode_list(&mut FlistDecoder::new(format(protocol)), 0, &list);
        assert_eq!(got.0, entries);
    }
}

/// A member takes the values of its group's first entry, and both sides go on from these even
/// when the file has changed in between.
#[test]
fn abbreviated_members_repeat_their_leader() {
    let f = FlistFormat {
        hard_links: true,
        devices: true,
        atimes: true,
        crtimes: true,
        checksum_len: Some(8),
        ..format(32)
    };
    let leader = FileEntry {
        len: 9,
        mtime: 100,
        mtime_nsec: 7,
        crtime: 90,
        atime: 110,
        uid: 5,
        gid: 6,
        checksum: vec![1; 8],
        hard_link: HardLink::First,
        ..entry("a", 0o100644)
    };
    let other = FileEntry { mtime: 1, atime: 2, rdev: (8, 1), ..entry("b", 0o20600) };
    let changed = FileEntry {
        name: b"c".to_vec(),
        mtime: 200,
        mode: 0o100600,
        atime: 300,
        uid: 8,
        hard_link: HardLink::Member(0),
        ..leader.clone()
    };
    let last = FileEntry {
        mtime: 200,
        mode: 0o100600,
        atime: 300,
        uid: 8,
        checksum: vec![2; 8],
        ..entry("d", 0o100600)
    };
    let device = FileEntry { rdev: (8, 2), ..entry("e", 0o20600) };
    let sent = [leader.clone(), other, changed, last, device];
    let list = encode_list(&mut FlistEncoder::new(f.clone()), 0, &sent);
    let (got, _) = decode_list(&mut FlistDecoder::new(f), 0, &list);
    let mut want = sent.to_vec();
    want[2] = FileEntry { name: b"c".to_vec(), hard_link: HardLink::Member(0), ..leader };
    assert_eq!(got, want);
}

#[test]
fn references_to_earlier_lists_are_complete() {
    let f = FlistFormat { hard_links: true, inc_recurse: true, ..format(31) };
    let first = FileEntry { hard_link: HardLink::First, ..entry("a", 0o100644) };
    let plain = entry("b", 0o100644);
    let member = FileEntry { len: 3, hard_link: HardLink::Member(1), ..entry("d/c", 0o100600) };
    let mut encoder = FlistEncoder::new(f.clone());
    let one = encode_list(&mut encoder, 1, &[first.clone(), plain.clone()]);
    let two = encode_list(&mut encoder, 4, std::slice::from_ref(&member));
    let mut decoder = FlistDecoder::new(f);
    assert_eq!(decode_list(&mut decoder, 1, &one).0, [first, plain]);
    assert_eq!(decode_list(&mut decoder, 4, &two).0, [member]);
}

#[test]
fn users_that_came_with_their_names() {
    let f = FlistFormat { hard_links: true, inc_recurse: true, ..format(32) };
    let named = Some(b"user".to_vec());
    let first = FileEntry {
        uid: 1,
        uid_name: named.clone(),
        hard_link: HardLink::First,
        ..entry("a", 0o100644)
    };
    let user = |name, uid| FileEntry { uid, ..entry(name, 0o100644) };
    let other = FileEntry { uid_name: named, ..user("e", 3) };
    let member = FileEntry { hard_link: HardLink::Member(1), ..user("g", 1) };
    let sent = [first, user("b", 1), user("c", 2), user("d", 1), other, user("f", 2), member];
    let list = encode_list(&mut FlistEncoder::new(f.clone()), 1, &sent);
    let (mut decoder, mut c) = (FlistDecoder::new(f), Cursor::new(&list));
    decoder.begin(1);
    let got = sent.map(|_| {
        decoder.decode(&mut c).unwrap();
        decoder.user_was_named()
    });
    assert_eq!(got, [true, true, false, false, true, false, true]);
}
