use super::*;
use crate::xattr::XattrValue;
use crate::{Cursor, DecodeError, Fault, WireError};

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

fn example() -> Vec<FileEntry> {
    let base = FileEntry { mtime: 1_700_000_000, ..FileEntry::default() };
    let name = |s: &str| s.as_bytes().to_vec();
    let file = FileEntry { len: 5, mode: 0o100644, ..base.clone() };
    vec![
        FileEntry {
            name: name("."),
            top_dir: true,
            len: 4096,
            mtime: 1_700_000_004,
            mode: 0o40755,
            ..base.clone()
        },
        FileEntry { name: name("b.txt"), hard_link: HardLink::First, ..file.clone() },
        FileEntry {
            name: name("ln"),
            len: 5,
            mtime: 1_700_000_002,
            mode: 0o120777,
            link_target: name("a.txt"),
            ..base.clone()
        },
        FileEntry {
            name: name("sub"),
            len: 4096,
            mtime: 1_700_000_003,
            mode: 0o40755,
            ..base.clone()
        },
        FileEntry { name: name("a.txt"), hard_link: HardLink::Member(1), ..file },
        FileEntry {
            name: name("sub/c"),
            len: 6,
            mtime: 1_700_000_001,
            mode: 0o100600,
            uid: 1,
            gid: 2,
            ..base
        },
    ]
}

#[test]
fn captured_p32_incremental() {
    let text = include_str!("../../testdata/flist-p32-incremental.txt");
    let (first, second) = text.split_once("----").unwrap();
    let f = FlistFormat { hard_links: true, inc_recurse: true, ..format(32) };
    let mut decoder = FlistDecoder::new(f.clone());
    let (mut got, io_error) = decode_list(&mut decoder, 1, &bytes(first));
    assert_eq!(io_error, 0);
    got.extend(decode_list(&mut decoder, 7, &bytes(second)).0);

    let mut want = example();
    want[0].uid_name = Some(b"root".to_vec());
    want[0].gid_name = Some(b"root".to_vec());
    want[4].hard_link = HardLink::Member(2);
    want[5].mtime_nsec = 500_000_000;
    want[5].uid_name = Some(b"daemon".to_vec());
    want[5].gid_name = Some(b"bin".to_vec());
    assert_eq!(got, want);

    let mut encoder = FlistEncoder::new(f);
    assert_eq!(encode_list(&mut encoder, 1, &got[..5]), bytes(first));
    assert_eq!(encode_list(&mut encoder, 7, &got[5..]), bytes(second));
}

#[test]
fn captured_p30() {
    let list = bytes(include_str!("../../testdata/flist-p30.txt"));
    let f = FlistFormat { hard_links: true, safe_flist: true, ..format(30) };
    let (got, _) = decode_list(&mut FlistDecoder::new(f.clone()), 0, &list);
    assert_eq!(got, example());
    assert_eq!(encode_list(&mut FlistEncoder::new(f), 0, &got), list);
}

#[test]
fn captured_p29() {
    let list = bytes(include_str!("../../testdata/flist-p29.txt"));
    let f = FlistFormat { hard_links: true, checksum_len: Some(16), ..format(29) };
    let (got, _) = decode_list(&mut FlistDecoder::new(f.clone()), 0, &list);
    let mut want = example();
    for i in [1, 4] {
        want[i].hard_link = HardLink::DevIno(65024, 10_143_408);
        want[i].checksum = bytes("86 64 37 cb 7a 79 4b ce 2b 72 7a cc 03 62 ee 27");
    }
    want[5].checksum = bytes("dc 82 c7 d1 45 c4 21 4a e2 90 51 7b b0 ac e1 99");
    assert_eq!(got, want);
    assert_eq!(encode_list(&mut FlistEncoder::new(f), 0, &got), list);
}

/// Lists that rsync sent decode as the files they describe and encode again to the same bytes.
#[test]
fn captured_devices_and_links() {
    let captures = [
        (27, include_str!("../../testdata/flist-devices-p27.txt")),
        (29, include_str!("../../testdata/flist-devices-p29.txt")),
        (30, include_str!("../../testdata/flist-devices-p30.txt")),
        (32, include_str!("../../testdata/flist-devices-p32.txt")),
    ];
    for (protocol, text) in captures {
        let f = FlistFormat {
            varint_flags: false,
            safe_flist: protocol >= 30,
            hard_links: true,
            devices: true,
            specials: true,
            ..format(protocol)
        };
        let (got, io_error) = decode_list(&mut FlistDecoder::new(f.clone()), 0, &bytes(text));
        assert_eq!(io_error, 0);
        let name = |name: &str| {
            let e = got.iter().find(|e| e.name == name.as_bytes()).unwrap();
            (e.mode, e.rdev)
        };
        assert_eq!(name("dev1"), (0o20644, (5, 1)));
        assert_eq!(name("dev2"), (0o20644, (5, 2)));
        assert_eq!(name("b1"), (0o60644, (259, 70000)), "{protocol}");
        assert_eq!(name("ff"), (0o10644, (0, 0)));
        assert_eq!(name("sk"), (0o140755, (0, 0)));
        let (h1, h2) = (&got[1], &got[2]);
        assert_eq!((h1.len, h2.len, h1.mtime == h2.mtime), (3, 3, true));
        if protocol >= 30 {
            assert_eq!((h1.hard_link, h2.hard_link), (HardLink::First, HardLink::Member(1)));
        } else {
            assert!(matches!(h1.hard_link, HardLink::DevIno(65024, _)));
            assert_eq!(h1.hard_link, h2.hard_link);
        }
        assert_eq!(encode_list(&mut FlistEncoder::new(f), 0, &got), bytes(text), "{protocol}");
    }
}

/// A group's regular files do not touch the last device's major number.
#[test]
fn captured_devices_between_links() {
    let list = bytes(include_str!("../../testdata/flist-devices-between-p32.txt"));
    let f = FlistFormat { varint_flags: false, hard_links: true, devices: true, ..format(32) };
    let (got, _) = decode_list(&mut FlistDecoder::new(f.clone()), 0, &list);
    let devices: Vec<_> = got.iter().map(|e| e.rdev).collect();
    assert_eq!(devices, [(5, 1), (0, 0), (259, 70000), (0, 0), (259, 70000)]);
    assert_eq!(encode_list(&mut FlistEncoder::new(f), 0, &got), list);
}

#[test]
fn captured_acls_xattrs_and_atimes() {
    let list = bytes(include_str!("../../testdata/flist-extras-p32.txt"));
    let f = FlistFormat {
        hard_links: true,
        devices: true,
        specials: true,
        acls: true,
        xattrs: true,
        atimes: true,
        checksum_len: Some(16),
        ..format(32)
    };
    let mut decoder = FlistDecoder::new(f.clone());
    let (got, _) = decode_list(&mut decoder, 0, &list);
    let indexes: Vec<_> = got.iter().map(|e| (e.acl, e.xattr)).collect();
    let (first, second) = ((Some((0, None)), Some(0)), (Some((1, None)), Some(1)));
    assert_eq!(indexes, [first, first, second, second]);
    let acl = decoder.access_acls.get(0);
    assert_eq!((acl.group_obj, acl.names[0].id, acl.names[0].access), (Some(4), 1, 7));
    let xattr = &decoder.xattrs.get(0)[0];
    assert_eq!((&xattr.name[..], &xattr.value), (&b"user.a"[..], &XattrValue::Full(b"1".to_vec())));
    assert_eq!((got[0].atime, got[0].checksum.len()), (1_600_000_000, 16));
    assert_eq!((got[1].atime, &got[1].checksum), (got[0].atime, &got[0].checksum));

    let mut encoder = FlistEncoder::new(f);
    encoder.begin(0);
    let mut out = Vec::new();
    for e in &got {
        let access = decoder.access_acls.get(e.acl.unwrap().0).clone();
        let xattrs = decoder.xattrs.get(e.xattr.unwrap()).to_vec();
        let extras = Extras { acl: Some((access, None)), xattrs: Some(xattrs) };
        assert_eq!(encoder.encode(e, extras, &mut out), e.xattr);
    }
    encoder.end(0, &mut out);
    assert_eq!(out, list);
}

/// Encodes `after` behind `before` (if given) and compares, then decodes both.
fn fragment(f: FlistFormat, before: Option<FileEntry>, after: FileEntry, want: &str) {
    let mut encoder = FlistEncoder::new(f.clone());
    let mut decoder = FlistDecoder::new(f.clone());
    let mut out = Vec::new();
    for e in before.iter().chain([&after]) {
        out.clear();
        encoder.encode(e, Extras::default(), &mut out);
        let mut c = Cursor::new(&out);
        let ListItem::Entry(got) = decoder.decode(&mut c).unwrap() else { panic!() };
        assert_eq!((&got, c.remaining()), (e, 0));
    }
    let want = bytes(want);
    assert_eq!(out, want, "{:02x?} instead of {want:02x?}", out);
}

fn entry(name: &str, mode: u32) -> FileEntry {
    FileEntry { name: name.as_bytes().to_vec(), mode, ..FileEntry::default() }
}

#[test]
fn captured_fragments() {
    let with_devices = |p| FlistFormat { devices: true, specials: true, ..format(p) };
    let dir = FileEntry { top_dir: true, mtime: 5, ..entry(".", 0o40755) };
    let block = FileEntry { mtime: 1_700_000_000, rdev: (259, 70000), ..entry("b1", 0o60644) };
    fragment(
        with_devices(29),
        Some(dir.clone()),
        block.clone(),
        "18 02 \"b1\" 00 00 00 00  00 f1 53 65  a4 61 00 00  03 01 00 00  70 11 01 00",
    );
    fragment(
        with_devices(32),
        Some(dir),
        block,
        "18 02 \"b1\" 00 00 00  65 00 f1 53  a4 61 00 00  81 03  c1 70 11",
    );
    let char_device = |name, minor| FileEntry { rdev: (5, minor), ..entry(name, 0o20644) };
    fragment(
        with_devices(29),
        Some(FileEntry { uid: 1, gid: 1, mode: 0o20600, ..char_device("a1", 1) }),
        char_device("c2", 300),
        "84 01 02 \"c2\" 00 00 00 00 a4 21 00 00 00 00 00 00 00 00 00 00 2c 01 00 00",
    );
    let socket = entry("s1", 0o140755);
    let zeros = "00 00 00 00 00 00 00 00";
    let p29 = format!("84 09 02 \"s1\" 00 00 00 00 ed c1 00 00 {zeros} 00");
    fragment(with_devices(29), None, socket.clone(), &p29);
    let p30 = "84 01 02 \"s1\" 00 00 00 ed c1 00 00 00 00 00";
    fragment(with_devices(30), None, socket.clone(), p30);
    fragment(with_devices(32), None, socket.clone(), "80 80 02 \"s1\" 00 00 00 ed c1 00 00 00 00");
    let p27 = format!("84 02 \"s1\" 00 00 00 00 ed c1 00 00 {zeros}");
    fragment(with_devices(27), None, socket, &p27);
    fragment(
        format(27),
        Some(FileEntry { mtime: 5, uid: 3, gid: 3, ..entry("x", 0o100644) }),
        FileEntry { len: 4096, ..entry("d", 0o40755) },
        &format!("40 01 00 00 00 \"d\" 00 10 00 00 00 00 00 00 ed 41 00 00 {zeros}"),
    );
    fragment(
        FlistFormat { hard_links: true, checksum_len: Some(16), ..format(27) },
        None,
        FileEntry {
            len: 1,
            checksum: vec![0xab; 16],
            hard_link: HardLink::DevIno(65024, 0x9fe062),
            ..entry("h2", 0o100644)
        },
        &format!(
            "80 02 \"h2\" 01 00 00 00 a4 81 00 00 {zeros} 01 fe 00 00 62 e0 9f 00 {}",
            "ab ".repeat(16)
        ),
    );
    fragment(
        format(32),
        Some(entry("f6", 0o100644)),
        FileEntry { len: 3, ..entry("f7", 0o100644) },
        "80 ba 01 01 37 00 03 00",
    );
    fragment(
        FlistFormat { owner: false, group: false, ..format(32) },
        Some(entry("a", 0o100644)),
        entry(&"x".repeat(301), 0o100644),
        &format!("80 da 81 2d {} 00 00 00", "78 ".repeat(301)),
    );
    fragment(
        format(32),
        Some(entry("sl2", 0o100644)),
        entry("sl", 0o100644),
        "80 ba 02 00 00 00 00",
    );
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

/// Decodes `hex` behind a plain file called `last` and a group leader (arrivals 0 and 1).
fn refusal(f: FlistFormat, hex: &str) -> (Fault, String) {
    let mut decoder = FlistDecoder::new(f.clone());
    let mut encoder = FlistEncoder::new(f);
    let mut out = Vec::new();
    encoder.encode(&entry("last", 0o100644), Extras::default(), &mut out);
    let leader = FileEntry { hard_link: HardLink::First, ..entry("lead", 0o100644) };
    encoder.encode(&leader, Extras::default(), &mut out);
    let mut c = Cursor::new(&out);
    decoder.decode(&mut c).unwrap();
    decoder.decode(&mut c).unwrap();
    let bad = bytes(hex);
    match decoder.decode(&mut Cursor::new(&bad)) {
        Err(DecodeError::Bad(e)) => {
            // The refused entry left no trace.
            let mut again = Vec::new();
            encoder.encode(&entry("lasting", 0o100644), Extras::default(), &mut again);
            let item = decoder.decode(&mut Cursor::new(&again));
            assert_eq!(item, Ok(ListItem::Entry(entry("lasting", 0o100644))));
            // The place in the source that some texts name is left out.
            let text = e.message("Receiver");
            (e.fault, text.split(" (file=").next().unwrap().to_string())
        }
        other => panic!("{hex}: {other:?}"),
    }
}

#[test]
fn refusals() {
    let f = || FlistFormat { hard_links: true, owner: false, group: false, ..format(31) };
    let relative = || FlistFormat { relative: true, ..f() };
    let reg = "00 05 00 65 00 f1 53 a4 81 00 00";
    let overflow = |tail: &str| {
        format!(
            "overflow: xflags={tail} lastname=lead [Receiver]\n\
             [Receiver] buffer overflow: recv_file_entry"
        )
    };
    let unsafe_name = |name: &str| format!("ABORTING due to unsafe pathname from sender: {name}");
    let bad_name = |what: &str| format!("invalid file name with {what} in it from sender: ");
    let minus_one = "f0 ff ff ff ff";
    let cases: Vec<(FlistFormat, String, Fault, String)> = vec![
        (f(), "40 90 00".into(), Fault::Memory, overflow("0x40 l1=0 l2=4096")),
        (f(), "60 03 8f fd".into(), Fault::Memory, overflow("0x60 l1=3 l2=4093")),
        (f(), format!("40 {minus_one}"), Fault::Memory, overflow("0x40 l1=0 l2=-1")),
        (
            f(),
            "20 05 00".into(),
            Fault::Protocol,
            "name prefix longer than the name before: l1=5 lastname=lead".into(),
        ),
        (f(), "18 02 \"..\"".into(), Fault::Refused, unsafe_name("..")),
        (f(), "18 04 \"a/..\"".into(), Fault::Refused, unsafe_name("a/..")),
        (f(), "18 06 \"a/../b\"".into(), Fault::Refused, unsafe_name("a/../b")),
        (f(), "18 04 \"../b\"".into(), Fault::Refused, unsafe_name("../b")),
        (f(), "18 04 \"/abs\"".into(), Fault::Refused, unsafe_name("/abs")),
        (relative(), "18 07 \"/abs/..\"".into(), Fault::Refused, unsafe_name("/abs/..")),
        (f(), "18 03 61 00 62".into(), Fault::Protocol, bad_name("NUL") + "a\0b"),
        (f(), "18 00".into(), Fault::Protocol, bad_name("nothing")),
        (relative(), "18 01 \"/\"".into(), Fault::Protocol, bad_name("nothing") + "/"),
        (f(), "18 03 \"a/.\"".into(), Fault::Protocol, bad_name("a final dot") + "a/."),
        (
            f(),
            format!("82 18 01 \"x\" {minus_one}"),
            Fault::Protocol,
            "hard-link reference out of range: -1 (2)".into(),
        ),
        (
            f(),
            "82 18 01 \"x\" 02".into(),
            Fault::Protocol,
            "hard-link reference out of range: 2 (2)".into(),
        ),
        // Arrival 0 was not declared the first of a group.
        (
            f(),
            "82 18 01 \"x\" 00".into(),
            Fault::Protocol,
            "hard-link reference out of range: 0 (2)".into(),
        ),
        (
            f(),
            "a0 18 01 \"x\" 00 05 00 65 00 f1 53 f0 00 ca 9a 3b".into(),
            Fault::Protocol,
            "wire value modtime_nsec out of range: 1000000000 not in [0,999999999] [Receiver]"
                .into(),
        ),
        (
            f(),
            format!("a0 18 01 \"x\" 00 05 00 65 00 f1 53 {minus_one}"),
            Fault::Protocol,
            "wire value modtime_nsec out of range: -1 not in [0,999999999] [Receiver]".into(),
        ),
        (
            f(),
            "18 01 \"x\" 00 05 00 65 00 f1 53 a4 31 05 00".into(),
            Fault::Protocol,
            "invalid file mode 01230644 for x [Receiver]".into(),
        ),
        (
            f(),
            "18 01 \"x\" 00 05 00 65 00 f1 53 00 00 00 00".into(),
            Fault::Protocol,
            "invalid file mode 00 for x [Receiver]".into(),
        ),
        (
            f(),
            "18 01 \"x\" 00 05 00 65 00 f1 53 ff a1 00 00 90 00".into(),
            Fault::Memory,
            "overflow: linkname_len=4096\n[Receiver] buffer overflow: recv_file_entry".into(),
        ),
        (
            f(),
            format!("18 01 \"x\" 00 05 00 65 00 f1 53 ff a1 00 00 {minus_one}"),
            Fault::Memory,
            "overflow: linkname_len=-1\n[Receiver] buffer overflow: recv_file_entry".into(),
        ),
        (
            f(),
            "18 01 \"x\" 00 05 00 65 00 f1 53 ff a1 00 00 00".into(),
            Fault::Protocol,
            "invalid symlink target from sender for x".into(),
        ),
        (
            f(),
            format!("18 01 \"x\" fc {} 65 00 f1 53 a4 81 00 00", "ff ".repeat(8)),
            Fault::Refused,
            "Offset underflow: file-length is negative".into(),
        ),
        (
            f(),
            format!("18 01 \".\" {reg}"),
            Fault::Protocol,
            "ERROR: rejecting non-directory transfer-root entry: .".into(),
        ),
        (
            relative(),
            format!("18 02 \"/.\" {reg}"),
            Fault::Protocol,
            "ERROR: rejecting non-directory transfer-root entry: /.".into(),
        ),
        (f(), "18 01 \"x\" 00 00 00 fd".into(), Fault::Stream, "Overflow in read_varlong()".into()),
        (f(), "f8 00 00".into(), Fault::Stream, "Overflow in read_varint()".into()),
    ];
    for (f, hex, fault, text) in cases {
        assert_eq!(refusal(f, &hex), (fault, text), "{hex}");
    }
}

/// The dots of an unsafe component may come from two entries.
#[test]
fn unsafe_names_across_the_prefix() {
    let f = FlistFormat { owner: false, group: false, ..format(31) };
    let mut decoder = FlistDecoder::new(f);
    let reg = bytes("00 05 00 65 00 f1 53 a4 81 00 00");
    for (head, refused) in [
        ("18 04 \"a/.b\"", false),
        ("38 03 02 \"./\"", true),
        ("38 03 01 \".\"", true),
        ("38 02 01 \"b\"", false),
        ("38 02 03 \"..c\"", false),
    ] {
        let item = decoder.decode(&mut Cursor::new(&[bytes(head), reg.clone()].concat()));
        let was_refused =
            matches!(item, Err(DecodeError::Bad(WireError { fault: Fault::Refused, .. })));
        assert_eq!(was_refused, refused, "{head}: {item:?}");
    }
}

#[test]
fn references_in_incremental_sessions() {
    let f = FlistFormat { hard_links: true, inc_recurse: true, ..format(31) };
    let mut encoder = FlistEncoder::new(f.clone());
    let mut decoder = FlistDecoder::new(f);
    let first = FileEntry { hard_link: HardLink::First, ..entry("a", 0o100644) };
    let list = encode_list(&mut encoder, 1, &[first, entry("b", 0o100644)]);
    decode_list(&mut decoder, 1, &list);
    decoder.begin(4);
    let mut decode = |reference: u8| {
        let hex = [0x82, 0x18, 1, b'x', reference, 0, 5, 0, 0x65, 0, 0xf1, 0x53, 0xa4, 0x81, 0, 0];
        match decoder.decode(&mut Cursor::new(&hex)) {
            Err(DecodeError::Bad(e)) => (e.fault, e.text),
            other => panic!("{other:?}"),
        }
    };
    for undeclared in [0, 2, 3] {
        let text = format!("hard-link gnum {undeclared} precedes flist start 4");
        assert_eq!(decode(undeclared), (Fault::Protocol, text));
    }
    assert_eq!(decode(4), (Fault::Protocol, "hard-link reference out of range: 4 (4)".into()));
}

#[test]
fn missing_arguments() {
    // The state has no mode yet that SAME_MODE could mean, unless mode 0 has a meaning.
    let same_mode = bytes("80 9a 01 \"x\" 00 00 00 00 00");
    let mut decoder = FlistDecoder::new(format(31));
    assert!(matches!(decoder.decode(&mut Cursor::new(&same_mode)), Err(DecodeError::Bad(_))));
    let f = FlistFormat { missing_args: true, ..format(31) };
    let mut decoder = FlistDecoder::new(f.clone());
    assert!(
        matches!(decoder.decode(&mut Cursor::new(&same_mode)), Ok(ListItem::Entry(e)) if e.mode == 0)
    );
    let mut decoder = FlistDecoder::new(f.clone());
    let entries = [entry("gone", 0), entry("too", 0), entry("z", 0o100644)];
    let list = encode_list(&mut FlistEncoder::new(f), 0, &entries);
    assert_eq!(decode_list(&mut decoder, 0, &list).0, entries);
}

#[test]
fn names_that_are_accepted() {
    let reg = "00 05 00 65 00 f1 53 a4 81 00 00";
    let dir = "00 05 00 65 00 f1 53 ed 41 00 00";
    let f = || FlistFormat { owner: false, group: false, ..format(31) };
    let relative = || FlistFormat { relative: true, ..f() };
    for (f, name, rest) in [
        (f(), "a//b", reg),
        (f(), "a/./b", reg),
        (f(), "...", reg),
        (f(), "..a/b..", reg),
        (f(), "./", dir),
        (relative(), "/abs", reg),
        (relative(), "/.", dir),
        (relative(), "a/.", dir),
    ] {
        let text = format!("18 {:02x} \"{name}\" {rest}", name.len());
        let item = FlistDecoder::new(f).decode(&mut Cursor::new(&bytes(&text))).unwrap();
        let ListItem::Entry(e) = item else { panic!() };
        assert_eq!(e.name, name.as_bytes());
    }
}
