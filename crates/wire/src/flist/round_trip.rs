//! Random lists: what the encoder writes, the decoder reads. The generators also serve fuzzing.

use super::tests::format;
use super::*;
use crate::acl::{AclName, WireAcl};
use crate::xattr::{Xattr, XattrValue};
use crate::{Cursor, DecodeError};

pub(crate) fn random_entry(
    rng: &mut fastrand::Rng,
    f: &FlistFormat,
    last: &[u8],
    seen: u32,
) -> FileEntry {
    let p = f.protocol;
    let mut small = |n: u32| rng.u32(0..n);
    let modes = [0o100644, 0o100600, 0o40755, 0o120777, 0o20600, 0o60600, 0o10600, 0o140755];
    let mode = modes[small(8) as usize];
    let kind = Kind::of(mode).unwrap();
    let keep = last.len().min(small(300) as usize);
    let mut name = last[..keep].to_vec();
    name.extend((0..small(8)).map(|i| b'a' + (i % 26) as u8));
    if small(50) == 0 {
        name.extend(std::iter::repeat_n(b'l', 300));
    }
    if name.is_empty() || name.len() > 4000 {
        name = b"n".to_vec();
    }
    let nth = [0, 1, 2, 1 << 31, u32::MAX];
    let regular = kind == Kind::Regular;
    let device = kind == Kind::Device;
    let mut e = FileEntry {
        name,
        top_dir: kind == Kind::Dir && small(2) == 0,
        no_content: kind == Kind::Dir && p.has_varints() && small(2) == 0,
        len: u64::from(small(3)) << small(60),
        mtime: small(3).into(),
        mtime_nsec: if p.has_mtime_nsec() { small(2) * 999_999_999 } else { 0 },
        mode,
        uid: if f.owner { nth[small(5) as usize] } else { 0 },
        gid: if f.group { nth[small(5) as usize] } else { 0 },
        ..FileEntry::default()
    };
    if f.crtimes {
        e.crtime = i64::from(small(3)) - 1;
    }
    if f.has_atime(kind) {
        e.atime = i64::from(small(3)) - 1;
    }
    if f.devices && device {
        e.rdev = (small(3) * 0x7ff, small(3) * 0xff);
    }
    if f.has_target(kind) {
        e.link_target = vec![b't'; 1 + small(200) as usize];
    }
    if let Some(len) = f.checksum_len.filter(|_| regular) {
        e.checksum = vec![small(256) as u8; len];
    }
    if p.has_varints() {
        let named = small(4) == 0;
        e.uid_name = (f.owner && named).then(|| b"user".to_vec());
        e.gid_name = (f.group && named).then(|| vec![b'g'; 255]);
    }
    if f.hard_links && kind != Kind::Dir {
        e.hard_link = match small(3) {
            _ if !p.has_extended_flags() && !regular => HardLink::None,
            0 if p.has_varints() && seen > 0 => HardLink::First,
            0 | 1 if !p.has_varints() => HardLink::DevIno(small(2).into(), small(9).into()),
            _ if !p.has_extended_flags() => HardLink::DevIno(7, 1 << 40),
            _ => HardLink::None,
        };
    }
    e
}

pub(crate) fn random_acl(rng: &mut fastrand::Rng) -> WireAcl {
    let mut perm = || rng.bool().then(|| rng.u8(0..8));
    WireAcl {
        user_obj: perm(),
        group_obj: perm(),
        mask: perm(),
        other: perm(),
        names: (0..rng.u32(0..3))
            .map(|id| AclName { is_user: id == 0, id, access: 7, name: None })
            .collect(),
    }
}

pub(crate) fn random_xattrs(rng: &mut fastrand::Rng) -> Vec<Xattr> {
    (0..rng.u8(0..3))
        .map(|i| Xattr {
            name: vec![b'u', b'0' + i],
            value: match rng.u32(31..36) {
                len @ 33.. => XattrValue::Digest { len, md5: [i; 16] },
                len => XattrValue::Full(vec![i; len as usize]),
            },
        })
        .collect()
}

/// Random sequences of entries survive in every protocol and under every set of options.
#[test]
fn round_trips() {
    let mut rng = fastrand::Rng::with_seed(4);
    for _ in 0..600 {
        let protocol = rng.u32(27..33);
        let varint_flags = protocol >= 30 && rng.bool();
        let f = FlistFormat {
            varint_flags,
            safe_flist: protocol >= 31 || varint_flags || (protocol == 30 && rng.bool()),
            inc_recurse: protocol >= 30 && rng.bool(),
            owner: rng.bool(),
            group: rng.bool(),
            links: rng.bool(),
            devices: rng.bool(),
            specials: rng.bool(),
            hard_links: rng.bool(),
            acls: protocol >= 30 && rng.bool(),
            xattrs: protocol >= 30 && rng.bool(),
            atimes: rng.bool(),
            crtimes: rng.bool(),
            checksum_len: [None, Some(1), Some(16), Some(20)][rng.usize(0..4)],
            ..format(protocol)
        };
        let mut encoder = FlistEncoder::new(f.clone());
        let mut decoder = FlistDecoder::new(f.clone());
        let mut last = Vec::new();
        let mut groups: Vec<(u32, FileEntry)> = Vec::new();
        let mut base = u32::from(f.inc_recurse);
        for _ in 0..if f.inc_recurse { 3 } else { 1 } {
            encoder.begin(base);
            decoder.begin(base);
            let count = rng.u32(0..30);
            for i in 0..count {
                let mut e = random_entry(&mut rng, &f, &last, i);
                if e.hard_link == HardLink::First {
                    groups.push((base + i, e.clone()));
                } else if !groups.is_empty() && e.mode != 0o40755 && rng.u8(0..4) == 0 {
                    let (gnum, leader) = &groups[rng.usize(0..groups.len())];
                    e = FileEntry { name: e.name, ..leader.clone() };
                    e.hard_link = HardLink::Member(*gnum);
                    if *gnum >= base {
                        e.uid_name = None;
                        e.gid_name = None;
                    }
                }
                last.clone_from(&e.name);
                let kind = Kind::of(e.mode).unwrap();
                let acl = f.has_acl(kind).then(|| {
                    (random_acl(&mut rng), (kind == Kind::Dir).then(|| random_acl(&mut rng)))
                });
                let xattrs = f.xattrs.then(|| random_xattrs(&mut rng));
                let mut out = Vec::new();
                let extras = Extras { acl: acl.clone(), xattrs: xattrs.clone() };
                let index = encoder.encode(&e, extras, &mut out);

                let cut = rng.usize(0..out.len());
                let piece = decoder.decode(&mut Cursor::new(&out[..cut]));
                assert!(matches!(piece, Err(DecodeError::Incomplete(_))), "{f:?} {e:?}");
                let mut c = Cursor::new(&out);
                let item = decoder.decode(&mut c).unwrap_or_else(|err| panic!("{err:?}\n{f:?}"));
                assert_eq!(c.remaining(), 0);
                let ListItem::Entry(mut got) = item else { panic!("end") };
                assert_eq!(got.xattr, index);
                if let Some(xattrs) = xattrs {
                    assert_eq!(decoder.xattrs.get(got.xattr.unwrap()), xattrs);
                }
                let got_acl = got.acl.map(|(access, default)| {
                    let access = decoder.access_acls.get(access).clone();
                    (access, default.map(|i| decoder.default_acls.get(i).clone()))
                });
                assert_eq!(got_acl, acl);
                (got.acl, got.xattr) = (None, None);
                assert_eq!(got, e, "{f:?}");
            }
            let mut out = Vec::new();
            let sent = rng.u32(0..8);
            let travels = encoder.end(sent, &mut out);
            let mut c = Cursor::new(&out);
            let io_error = if travels { sent } else { 0 };
            assert_eq!(decoder.decode(&mut c), Ok(ListItem::End { io_error }));
            assert_eq!(c.remaining(), 0);
            base += count + 1;
        }
    }
}
