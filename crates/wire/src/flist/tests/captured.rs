//! Lists and entries as rsync wrote them, decoded and encoded again.

use super::*;
use crate::xattr::XattrValue;

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
    let text = include_str!("../../../testdata/flist-p32-incremental.txt");
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
    let list = bytes(include_str!("../../../testdata/flist-p30.txt"));
    let f = FlistFormat { hard_links: true, safe_flist: true, ..format(30) };
    let (got, _) = decode_list(&mut FlistDecoder::new(f.clone()), 0, &list);
    assert_eq!(got, example());
    assert_eq!(encode_list(&mut FlistEncoder::new(f), 0, &got), list);
}

#[test]
fn captured_p29() {
    let list = bytes(include_str!("../../../testdata/flist-p29.txt"));
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
        (27, include_str!("../../../testdata/flist-devices-p27.txt")),
        (29, include_str!("../../../testdata/flist-devices-p29.txt")),
        (30, include_str!("../../../testdata/flist-devices-p30.txt")),
        (32, include_str!("../../../testdata/flist-devices-p32.txt")),
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
    let list = bytes(include_str!("../../../testdata/flist-devices-between-p32.txt"));
    let f = FlistFormat { varint_flags: false, hard_links: true, devices: true, ..format(32) };
    let (got, _) = decode_list(&mut FlistDecoder::new(f.clone()), 0, &list);
    let devices: Vec<_> = got.iter().map(|e| e.rdev).collect();
    assert_eq!(devices, [(5, 1), (0, 0), (259, 70000), (0, 0), (259, 70000)]);
    assert_eq!(encode_list(&mut FlistEncoder::new(f), 0, &got), list);
}

#[test]
fn captured_acls_xattrs_and_atimes() {
    let list = bytes(include_str!("../../../testdata/flist-extras-p32.txt"));
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
