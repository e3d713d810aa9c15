//! What a list must not contain, and what looks like it and may.

use super::*;
use crate::WireError;

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
            Err(DecodeError::Bad(e)) => (e.fault, e.to_string()),
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

/// A name in an error is what came, byte for byte, and no line's end.
#[test]
fn names_in_refusals() {
    let f = FlistFormat { owner: false, group: false, ..format(31) };
    for (name, before) in [
        (&b"../\xff\n"[..], "ABORTING due to unsafe pathname from sender: "),
        (b"\xfe\n/\0", "invalid file name with NUL in it from sender: "),
    ] {
        let head = [0x18, name.len() as u8];
        let bytes = [&head[..], name].concat();
        match FlistDecoder::new(f.clone()).decode(&mut Cursor::new(&bytes)) {
            Err(DecodeError::Bad(e)) => {
                assert_eq!(e.lines("Receiver"), [[before.as_bytes(), name].concat()]);
            }
            other => panic!("{other:?}"),
        }
    }
}
