//! Fuzzing of the file list and what goes with it: the first bytes choose the format, the rest
//! comes from the peer. Beside not failing, the decoders must give the same answer however the
//! bytes arrive, and what they accepted must survive being encoded and decoded again.

use crate::acl::{AclTable, WireAcl};
use crate::flist::{Extras, FileEntry, FlistDecoder, FlistEncoder, FlistFormat, ListItem};
use crate::ids::IdName;
use crate::xattr::XattrTable;
use crate::{Cursor, Decode, DecodeError, Protocol, ids, xattr};

fn protocol(byte: u8) -> Protocol {
    Protocol::new(27 + u32::from(byte % 6)).expect("27 to 32")
}

fn flist_format(head: [u8; 4]) -> FlistFormat {
    let protocol = protocol(head[0]);
    let bit = |byte: usize, bit: u8| head[byte] >> bit & 1 != 0;
    let new = protocol.has_varints();
    let varint_flags = new && bit(1, 0);
    FlistFormat {
        protocol,
        varint_flags,
        safe_flist: new && (varint_flags || protocol.has_error_exit() || bit(1, 1)),
        inc_recurse: new && bit(1, 2),
        owner: bit(1, 3),
        group: bit(1, 4),
        links: bit(1, 5),
        devices: bit(1, 6),
        specials: bit(1, 7),
        hard_links: bit(2, 0),
        acls: new && bit(2, 1),
        xattrs: new && bit(2, 2),
        atimes: bit(2, 3),
        crtimes: varint_flags && bit(2, 4),
        checksum_len: bit(2, 5).then_some(usize::from(head[3] % 21).max(1)),
        relative: bit(2, 6),
        missing_args: bit(2, 7),
    }
}

/// Checks what every decoder promises about the cursor.
fn check_cursor<T>(result: &Decode<T>, c: &Cursor<'_>) {
    match result {
        Ok(_) => {}
        Err(DecodeError::Incomplete(more)) => assert!(*more > 0 && c.position() == 0),
        Err(DecodeError::Bad(_)) => assert_eq!(c.position(), 0),
    }
}

/// Decodes one item from `data` after having tried with its first half. `None` if there is not
/// all of it; panics if the first attempt left a trace.
fn decode_twice<T: PartialEq + std::fmt::Debug>(
    data: &[u8],
    mut decode: impl FnMut(&mut Cursor<'_>) -> Decode<T>,
    mut decode_whole: impl FnMut(&mut Cursor<'_>) -> Decode<T>,
) -> Option<(T, usize)> {
    let mut c = Cursor::new(data);
    let whole = decode_whole(&mut c);
    check_cursor(&whole, &c);

    let half = data.len() / 2;
    let mut piece = Cursor::new(&data[..half]);
    let mut result = decode(&mut piece);
    check_cursor(&result, &piece);
    if let Err(DecodeError::Incomplete(more)) = result {
        assert!(whole.is_err() || half + more <= c.position(), "asks for more than is missing");
        piece = Cursor::new(data);
        result = decode(&mut piece);
    }
    assert_eq!((&result, piece.position()), (&whole, c.position()));
    whole.ok().map(|item| (item, c.position()))
}

/// File-list entries, over as many lists as the format allows.
pub fn flist(data: &[u8]) {
    let Some((&head, mut data)) = data.split_first_chunk::<4>() else { return };
    let format = flist_format(head);
    let mut decoder = FlistDecoder::new(format.clone());
    let mut hesitant = FlistDecoder::new(format.clone());
    let mut encoder = FlistEncoder::new(format.clone());
    let mut checker = FlistDecoder::new(format.clone());
    let mut base = u32::from(format.inc_recurse);
    loop {
        decoder.begin(base);
        hesitant.begin(base);
        encoder.begin(base);
        checker.begin(base);
        loop {
            let item = decode_twice(data, |c| hesitant.decode(c), |c| decoder.decode(c));
            let Some((item, used)) = item else { return };
            data = &data[used..];
            base += 1;
            let mut out = Vec::new();
            match item {
                ListItem::End { io_error } => {
                    encoder.end(io_error, &mut out);
                    let again = checker.decode(&mut Cursor::new(&out));
                    assert_eq!(again, Ok(ListItem::End { io_error }));
                    break;
                }
                ListItem::Entry(e) => {
                    let e = sendable(e, format.protocol);
                    let extras = extras(&e, &decoder);
                    encoder.encode(&e, extras, &mut out);
                    let mut c = Cursor::new(&out);
                    let Ok(ListItem::Entry(again)) = checker.decode(&mut c) else {
                        panic!("{e:?} became {out:02x?}")
                    };
                    assert_eq!(c.remaining(), 0);
                    assert_eq!(tables(&again, &checker), tables(&e, &decoder));
                    assert_eq!(FileEntry { acl: e.acl, xattr: e.xattr, ..again }, e);
                }
            }
        }
        if !format.inc_recurse {
            return;
        }
    }
}

/// Without what decoders accept and no encoder sends.
fn sendable(mut e: FileEntry, p: Protocol) -> FileEntry {
    if !p.has_mtime_nsec() {
        e.mtime_nsec = 0;
    }
    e.uid_name = e.uid_name.filter(|name| !name.is_empty());
    e.gid_name = e.gid_name.filter(|name| !name.is_empty());
    e
}

fn extras(e: &FileEntry, decoder: &FlistDecoder) -> Extras {
    Extras {
        acl: e.acl.map(|(access, default)| {
            let access = decoder.access_acls.get(access).clone();
            (access, default.map(|i| decoder.default_acls.get(i).clone()))
        }),
        xattrs: e.xattr.map(|i| decoder.xattrs.get(i).to_vec()),
    }
}

/// What an entry's table indexes stand for. Names of ACL ids are left out: they go along only with
/// the first of equal ACLs.
fn tables(e: &FileEntry, decoder: &FlistDecoder) -> Extras {
    let mut extras = extras(e, decoder);
    for acl in extras.acl.iter_mut().flat_map(|(access, default)| [Some(access), default.as_mut()])
    {
        acl.into_iter().for_each(without_names);
    }
    extras
}

fn without_names(acl: &mut WireAcl) {
    acl.names.iter_mut().for_each(|n| n.name = None);
}

/// Id lists.
pub fn ids(data: &[u8]) {
    let Some((&[version, id0], mut data)) = data.split_first_chunk::<2>() else { return };
    let p = protocol(version);
    let mut got: Vec<IdName> = Vec::new();
    loop {
        let item = decode_twice(data, |c| ids::decode_item(p, c), |c| ids::decode_item(p, c));
        let Some((item, used)) = item else { return };
        data = &data[used..];
        match item {
            Some(item) => got.push(item),
            None => break,
        }
    }
    let mut id0_name = None;
    if id0 & 1 != 0 {
        let Some((name, _)) = decode_twice(data, ids::decode_id0, ids::decode_id0) else { return };
        id0_name = Some(name);
    }
    got.retain(|item| !item.name.is_empty());
    let mut out = Vec::new();
    ids::encode_list(p, &got, id0_name.as_deref(), &mut out);
    let mut c = Cursor::new(&out);
    for item in got {
        assert_eq!(ids::decode_item(p, &mut c), Ok(Some(item)));
    }
    assert_eq!(ids::decode_item(p, &mut c), Ok(None));
    if let Some(name) = id0_name {
        assert_eq!(ids::decode_id0(&mut c), Ok(name));
    }
    assert_eq!(c.remaining(), 0);
}

/// A sequence of ACLs.
pub fn acl(mut data: &[u8]) {
    let mut decoder = AclTable::default();
    let mut hesitant = AclTable::default();
    let mut encoder = AclTable::default();
    let mut checker = AclTable::default();
    loop {
        let item = decode_twice(data, |c| hesitant.decode(c), |c| decoder.decode(c));
        let Some((index, used)) = item else { break };
        data = &data[used..];
        let mut out = Vec::new();
        let mut acl = decoder.get(index).clone();
        encoder.encode(acl.clone(), &mut out);
        let mut c = Cursor::new(&out);
        let again = checker.decode(&mut c).expect("just encoded");
        assert_eq!(c.remaining(), 0);
        let mut again = checker.get(again).clone();
        without_names(&mut acl);
        without_names(&mut again);
        assert_eq!(again, acl);
    }
    assert_eq!(hesitant.entries(), decoder.entries());
}

/// A sequence of attribute lists, or the exchange of long values; the first byte chooses.
pub fn xattr(data: &[u8]) {
    let Some((&choice, data)) = data.split_first() else { return };
    match choice % 3 {
        0 => xattr_lists(data),
        1 => xattr_request(data),
        _ => xattr_values(data),
    }
}

fn xattr_lists(mut data: &[u8]) {
    let mut decoder = XattrTable::default();
    let mut hesitant = XattrTable::default();
    let mut encoder = XattrTable::default();
    let mut checker = XattrTable::default();
    loop {
        let item = decode_twice(data, |c| hesitant.decode(b"f", c), |c| decoder.decode(b"f", c));
        let Some((index, used)) = item else { break };
        data = &data[used..];
        let mut out = Vec::new();
        let list = decoder.get(index);
        encoder.encode(list.to_vec(), &mut out);
        let mut c = Cursor::new(&out);
        let again = checker.decode(b"f", &mut c).expect("just encoded");
        assert_eq!(c.remaining(), 0);
        assert_eq!(checker.get(again), list);
        assert_eq!(hesitant.get(index), list);
    }
    assert_eq!(hesitant.len(), decoder.len());
}

fn xattr_request(data: &[u8]) {
    let request = decode_twice(data, xattr::decode_request, xattr::decode_request);
    let Some((numbers, _)) = request else { return };
    // Only ascending numbers are ever asked for.
    if numbers.iter().is_sorted_by(|a, b| a < b) && numbers.first() != Some(&0) {
        let mut out = Vec::new();
        xattr::encode_request(&numbers, &mut out);
        assert_eq!(xattr::decode_request(&mut Cursor::new(&out)), Ok(numbers));
    }
}

fn xattr_values(mut data: &[u8]) {
    let mut prev = 0;
    loop {
        let value =
            decode_twice(data, |c| xattr::decode_value(prev, c), |c| xattr::decode_value(prev, c));
        let Some((Some((number, value)), used)) = value else { return };
        data = &data[used..];
        if number > prev {
            let mut out = Vec::new();
            xattr::encode_value(number, prev, &value, &mut out);
            let again = xattr::decode_value(prev, &mut Cursor::new(&out));
            assert_eq!(again, Ok(Some((number, value))));
        }
        prev = number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flist::HardLink;
    use crate::flist::round_trip::{random_acl, random_entry, random_xattrs};
    use fastrand::Rng;

    const RUNS: usize = 20_000;

    /// Flips, inserts, removes and cuts.
    fn mutate(rng: &mut Rng, data: &mut Vec<u8>) {
        for _ in 0..rng.usize(0..4) {
            if data.is_empty() {
                return;
            }
            let at = rng.usize(0..data.len());
            match rng.u8(0..6) {
                0 => data[at] ^= 1 << rng.u8(0..8),
                1 => data[at] = [0, 1, 0x7f, 0x80, 0xf0, 0xf7, 0xf8, 0xff][rng.usize(0..8)],
                2 => data[at] = rng.u8(..),
                3 => data.insert(at, rng.u8(..)),
                4 => _ = data.remove(at),
                _ => data.truncate(at),
            }
        }
    }

    fn noise(rng: &mut Rng) -> Vec<u8> {
        let small = rng.bool();
        (0..rng.usize(0..200)).map(|_| rng.u8(..) >> if small { rng.u8(0..8) } else { 0 }).collect()
    }

    /// Half of the inputs are noise, half are changed copies of what `valid` makes.
    fn run(seed: u64, target: fn(&[u8]), mut valid: impl FnMut(&mut Rng) -> Vec<u8>) {
        let mut rng = Rng::with_seed(seed);
        for i in 0..RUNS {
            let data = if i % 2 == 0 {
                noise(&mut rng)
            } else {
                let mut data = valid(&mut rng);
                mutate(&mut rng, &mut data);
                data
            };
            target(&data);
        }
    }

    #[test]
    fn flists() {
        run(11, flist, |rng| {
            let head: [u8; 4] = std::array::from_fn(|_| rng.u8(..));
            let format = flist_format(head);
            let mut out = head.to_vec();
            let mut encoder = FlistEncoder::new(format.clone());
            let mut last = Vec::new();
            let mut leader = None;
            let mut base = u32::from(format.inc_recurse);
            for _ in 0..rng.u8(1..3) {
                encoder.begin(base);
                let count = rng.u32(0..5);
                for i in 0..count {
                    let mut e = random_entry(rng, &format, &last, i);
                    if e.hard_link == HardLink::First {
                        leader = Some((base + i, e.clone()));
                    } else if let Some((gnum, first)) = &leader
                        && rng.bool()
                    {
                        e = FileEntry { name: e.name, ..first.clone() };
                        e.hard_link = HardLink::Member(*gnum);
                    }
                    let extras = Extras {
                        acl: Some((random_acl(rng), Some(random_acl(rng)))),
                        xattrs: Some(random_xattrs(rng)),
                    };
                    encoder.encode(&e, extras, &mut out);
                    last = e.name;
                }
                encoder.end(rng.u32(0..8), &mut out);
                base += count + 1;
            }
            out
        });
    }

    #[test]
    fn id_lists() {
        run(12, ids, |rng| {
            let head = [rng.u8(..), rng.u8(..)];
            let mut out = head.to_vec();
            let list: Vec<IdName> = (0..rng.u8(0..5))
                .map(|i| IdName { id: rng.u32(..) >> rng.u8(0..32), name: vec![b'n'; i.into()] })
                .collect();
            ids::encode_list(protocol(head[0]), &list, Some(&b"root"[..]), &mut out);
            out
        });
    }

    #[test]
    fn acls() {
        run(13, acl, |rng| {
            let mut out = Vec::new();
            let mut table = AclTable::default();
            for _ in 0..rng.u8(0..6) {
                table.encode(random_acl(rng), &mut out);
            }
            out
        });
    }

    #[test]
    fn xattrs() {
        run(14, xattr, |rng| {
            let mut out = vec![rng.u8(0..3)];
            match out[0] {
                0 => {
                    let mut table = XattrTable::default();
                    for _ in 0..rng.u8(0..6) {
                        table.encode(random_xattrs(rng), &mut out);
                    }
                }
                1 => xattr::encode_request(&[1, 3, 900], &mut out),
                _ => {
                    xattr::encode_value(2, 0, &[1; 40], &mut out);
                    xattr::encode_value(300, 2, &[], &mut out);
                    xattr::encode_request(&[], &mut out);
                }
            }
            out
        });
    }
}
