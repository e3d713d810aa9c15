//! ACLs in the file list (WIRE.md, ACL).
//!
//! An ACL travels as the index of an equal one sent before, or as a literal that both sides append
//! to their table. Access ACLs are *condensed*: objects that the receiver can take from the mode
//! are left out. Condensing and expanding need the mode and are done by the roles.

use std::hash::{Hash, Hasher};

use crate::hash_index::HashIndex;
use crate::varint::Put;
use crate::{Cursor, Decode, DecodeError, Fault, WireError, ids, limits};

const USER_OBJ: u8 = 0x01;
const GROUP_OBJ: u8 = 0x02;
const MASK_OBJ: u8 = 0x04;
const OTHER_OBJ: u8 = 0x08;
const NAME_LIST: u8 = 0x10;

const NAME_FOLLOWS: u32 = 0x01;
const NAME_IS_USER: u32 = 0x02;
const NAME_ACCESS_SHIFT: u32 = 2;

/// One named entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub struct AclName {
    pub is_user: bool,
    pub id: u32,
    pub access: u8,
    pub name: Option<Vec<u8>>,
}

/// An ACL as it travels (condensed for access ACLs): absent objects are `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct WireAcl {
    pub user_obj: Option<u8>,
    pub group_obj: Option<u8>,
    pub mask: Option<u8>,
    pub other: Option<u8>,
    pub names: Vec<AclName>,
}

impl WireAcl {
    fn objects(&self) -> [(u8, Option<u8>); 4] {
        [
            (USER_OBJ, self.user_obj),
            (GROUP_OBJ, self.group_obj),
            (MASK_OBJ, self.mask),
            (OTHER_OBJ, self.other),
        ]
    }

    /// Equality of what the ACL grants: whether the name of an id goes along depends on what was
    /// sent before, not on the ACL.
    fn grants_same(&self, other: &WireAcl) -> bool {
        let key = |n: &AclName| (n.is_user, n.id, n.access);
        self.objects() == other.objects()
            && self.names.len() == other.names.len()
            && self.names.iter().zip(&other.names).all(|(a, b)| key(a) == key(b))
    }

    /// Agrees with [`WireAcl::grants_same`].
    fn hash_grants(&self, state: &mut impl Hasher) {
        self.objects().hash(state);
        for n in &self.names {
            (n.is_user, n.id, n.access).hash(state);
        }
    }
}

/// Which ACL of a file a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AclKind {
    /// The ACL that decides about access to the file itself.
    #[default]
    Access,
    /// The ACL that new entries of a directory inherit.
    Default,
}

impl AclKind {
    fn type_name(self) -> &'static str {
        match self {
            AclKind::Access => "ACL_TYPE_ACCESS",
            AclKind::Default => "ACL_TYPE_DEFAULT",
        }
    }
}

/// The tables of one direction of a session: access ACLs and default ACLs, in order of first appearance.
#[derive(Debug, Clone, Default)]
pub struct AclTable {
    kind: AclKind,
    entries: Vec<WireAcl>,
    /// Filled by the encoder only; a decoder never looks for an equal entry.
    index: HashIndex,
}

impl AclTable {
    /// An empty table; `AclTable::default()` is one of access ACLs. The kind only shows in error
    /// texts.
    pub fn new(kind: AclKind) -> Self {
        AclTable { kind, ..Default::default() }
    }

    /// Appends `acl` as an index into the table, or as a literal that is added to it. Names are
    /// written iff present in `names[..].name`.
    pub fn encode(&mut self, mut acl: WireAcl, out: &mut Vec<u8>) {
        let hash = self.index.hash(|state| acl.hash_grants(state));
        let entries = &self.entries;
        if let Some(known) = self.index.find(hash, |i| entries[i as usize].grants_same(&acl)) {
            out.put_varint(known as i32 + 1);
            return;
        }
        encode_literal(&acl, out);
        for n in &mut acl.names {
            n.name = None;
        }
        self.index.insert(hash, self.entries.len() as u32);
        self.entries.push(acl);
    }

    /// The 0-based table index of the next ACL; a literal is appended. State changes only on success.
    pub fn decode(&mut self, c: &mut Cursor<'_>) -> Decode<u32> {
        let mut at = c.clone();
        let k = at.varint()?;
        let len = self.entries.len();
        let index = match u32::try_from(k) {
            Ok(0) => {
                let acl = decode_literal(&mut at)?;
                self.entries.push(acl);
                len as u32
            }
            Ok(k) if k as usize <= len => k - 1,
            _ => {
                let kind = self.kind.type_name();
                let text = format!("recv_acl_index: {kind} ACL index {k} > {len}");
                return Err(WireError::new(Fault::Stream, text).into());
            }
        };
        *c = at;
        Ok(index)
    }

    /// Takes back the literals behind the first `len`: what they belong to was not complete.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.entries.truncate(len);
    }

    /// The entry at a table index.
    pub fn get(&self, index: u32) -> &WireAcl {
        &self.entries[index as usize]
    }

    /// All entries.
    pub fn entries(&self) -> &[WireAcl] {
        &self.entries
    }
}

fn encode_literal(acl: &WireAcl, out: &mut Vec<u8>) {
    out.put_varint(0);
    let objects = acl.objects();
    let mut flags = if acl.names.is_empty() { 0 } else { NAME_LIST };
    for (flag, access) in objects {
        if access.is_some() {
            flags |= flag;
        }
    }
    out.put_byte(flags);
    for access in objects.into_iter().filter_map(|(_, access)| access) {
        out.put_varint(access.into());
    }
    if acl.names.is_empty() {
        return;
    }
    out.put_varint(acl.names.len() as i32);
    for n in &acl.names {
        let name = n.name.as_deref().and_then(ids::sendable);
        let mut x = u32::from(n.access) << NAME_ACCESS_SHIFT;
        if n.is_user {
            x |= NAME_IS_USER;
        }
        if name.is_some() {
            x |= NAME_FOLLOWS;
        }
        out.put_varint(n.id as i32);
        out.put_varint(x as i32);
        if let Some(name) = name {
            ids::put_name(name, out);
        }
    }
}

fn access(value: u32) -> Decode<u8> {
    match value {
        0..=7 => Ok(value as u8),
        _ => {
            let text = format!("recv_acl_access: value out of range: {value:x}");
            Err(WireError::new(Fault::Stream, text).into())
        }
    }
}

fn decode_literal(c: &mut Cursor<'_>) -> Decode<WireAcl> {
    let flags = c.byte()?;
    let mut object = |flag: u8| -> Decode<Option<u8>> {
        if flags & flag == 0 {
            return Ok(None);
        }
        access(c.varint()? as u32).map(Some)
    };
    let mut acl = WireAcl {
        user_obj: object(USER_OBJ)?,
        group_obj: object(GROUP_OBJ)?,
        mask: object(MASK_OBJ)?,
        other: object(OTHER_OBJ)?,
        names: Vec::new(),
    };
    if flags & NAME_LIST == 0 {
        return Ok(acl);
    }
    let sent = c.varint()?;
    let count = u32::try_from(sent).ok().filter(|&n| n <= limits::MAX_ACL_ENTRIES);
    let Some(count) = count.map(|n| n as usize) else {
        let max = limits::MAX_ACL_ENTRIES as i32;
        return Err(WireError::value("ACL count", sent, max).into());
    };
    // Every name takes two bytes or more, so the list cannot be complete with fewer; and memory is
    // only set aside for names that can be there.
    if c.remaining() < 2 * count {
        return Err(DecodeError::Incomplete(2 * count - c.remaining()));
    }
    acl.names.reserve_exact(count);
    for _ in 0..count {
        let id = c.varint()? as u32;
        let x = c.varint()? as u32;
        acl.names.push(AclName {
            is_user: x & NAME_IS_USER != 0,
            id,
            access: access(x >> NAME_ACCESS_SHIFT)?,
            name: if x & NAME_FOLLOWS != 0 { Some(ids::name(c)?) } else { None },
        });
    }
    Ok(acl)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(is_user: bool, id: u32, access: u8, name: Option<&[u8]>) -> AclName {
        AclName { is_user, id, access, name: name.map(<[u8]>::to_vec) }
    }

    fn encode(table: &mut AclTable, acl: &WireAcl) -> Vec<u8> {
        let mut out = Vec::new();
        table.encode(acl.clone(), &mut out);
        out
    }

    #[test]
    fn captured_literals() {
        let table: &[(WireAcl, &[u8])] = &[
            (WireAcl::default(), &[0, 0]),
            (
                WireAcl {
                    group_obj: Some(4),
                    names: vec![name(true, 1, 7, None), name(false, 2, 5, None)],
                    ..Default::default()
                },
                &[0x00, 0x12, 0x04, 0x02, 0x01, 0x1e, 0x02, 0x14],
            ),
            (
                WireAcl {
                    group_obj: Some(4),
                    names: vec![name(true, 1, 7, Some(b"daemon")), name(false, 2, 5, Some(b"bin"))],
                    ..Default::default()
                },
                b"\x00\x12\x04\x02\x01\x1f\x06daemon\x02\x15\x03bin",
            ),
            (
                WireAcl {
                    user_obj: Some(7),
                    group_obj: Some(5),
                    mask: Some(7),
                    other: Some(5),
                    names: vec![name(true, 1, 7, None), name(false, 8888, 5, None)],
                },
                &[0, 0x1f, 7, 5, 7, 5, 2, 1, 0x1e, 0xa2, 0xb8, 0x14],
            ),
            (
                WireAcl { group_obj: Some(4), mask: Some(5), ..Default::default() },
                &[0x00, 0x06, 0x04, 0x05],
            ),
        ];
        for (acl, bytes) in table {
            assert_eq!(encode(&mut AclTable::default(), acl), *bytes);
            let mut decoder = AclTable::default();
            for cut in 0..bytes.len() {
                let mut c = Cursor::new(&bytes[..cut]);
                let Err(DecodeError::Incomplete(n)) = decoder.decode(&mut c) else { panic!() };
                assert!(n >= 1 && n <= bytes.len() - cut);
                assert_eq!((c.position(), decoder.entries().len()), (0, 0));
            }
            let mut c = Cursor::new(bytes);
            assert_eq!(decoder.decode(&mut c), Ok(0));
            assert_eq!(c.remaining(), 0);
            assert_eq!(decoder.get(0), acl);
        }
    }

    #[test]
    fn equal_acls_are_sent_once() {
        let mut encoder = AclTable::default();
        let mut decoder = AclTable::default();
        let acl = |id| WireAcl { names: vec![name(true, id, 7, None)], ..Default::default() };
        let mut named = acl(3);
        named.names[0].name = Some(b"sys".to_vec());
        let sent = [named, acl(4), acl(3), WireAcl::default(), acl(4)];
        let mut out = Vec::new();
        for acl in &sent {
            encoder.encode(acl.clone(), &mut out);
        }
        let mut c = Cursor::new(&out);
        let got: Vec<u32> = sent.iter().map(|_| decoder.decode(&mut c).unwrap()).collect();
        assert_eq!(got, [0, 1, 0, 2, 1]);
        assert_eq!(c.remaining(), 0);
        assert_eq!(decoder.entries()[0].names[0].name.as_deref(), Some(&b"sys"[..]));
        assert_eq!(encode(&mut encoder, &acl(4)), [2]);
    }

    #[test]
    fn many_acls_keep_their_indexes() {
        let (mut encoder, mut decoder) = (AclTable::default(), AclTable::default());
        let mut rng = fastrand::Rng::with_seed(2);
        let mut perm = || rng.bool().then(|| rng.u8(0..8));
        let acls: Vec<WireAcl> = (0..3000)
            .map(|i| WireAcl {
                user_obj: perm(),
                group_obj: perm(),
                mask: perm(),
                other: perm(),
                names: (0..i % 4).map(|n| name(n % 2 == 0, i % 97, 5, None)).collect(),
            })
            .collect();
        let mut out = Vec::new();
        for acl in acls.iter().chain(&acls) {
            encoder.encode(acl.clone(), &mut out);
        }
        let mut c = Cursor::new(&out);
        for acl in acls.iter().chain(&acls) {
            let i = decoder.decode(&mut c).unwrap();
            assert_eq!(decoder.get(i), acl);
        }
        assert_eq!(c.remaining(), 0);
        let mut distinct: Vec<_> = acls.iter().map(|a| format!("{a:?}")).collect();
        distinct.sort();
        distinct.dedup();
        assert_eq!(decoder.entries().len(), distinct.len());
    }

    #[test]
    fn limits() {
        let many = [&[0, 0x10][..], &[0xc1, 0x01, 0x00]].concat();
        let cases: &[(&[u8], Fault, &str)] = &[
            (&[1], Fault::Stream, "recv_acl_index: ACL_TYPE_DEFAULT ACL index 1 > 0"),
            (
                &[0xf0, 0xff, 0xff, 0xff, 0xff],
                Fault::Stream,
                "recv_acl_index: ACL_TYPE_DEFAULT ACL index -1 > 0",
            ),
            (&[0, 0x01, 8], Fault::Stream, "recv_acl_access: value out of range: 8"),
            (&[0, 0x10, 1, 1, 0x30], Fault::Stream, "recv_acl_access: value out of range: c"),
            (&many, Fault::Protocol, "wire value ACL count out of range: 65537 not in [0,65536]"),
            (
                &[0, 0x10, 0xf0, 0xff, 0xff, 0xff, 0xff],
                Fault::Protocol,
                "wire value ACL count out of range: -1 not in [0,65536]",
            ),
        ];
        for (bytes, fault, text) in cases {
            let mut table = AclTable::new(AclKind::Default);
            let DecodeError::Bad(e) = table.decode(&mut Cursor::new(bytes)).unwrap_err() else {
                panic!("{bytes:02x?}")
            };
            assert_eq!((e.fault, e.to_string().as_str()), (*fault, *text));
            assert!(table.entries().is_empty());
        }
        let mut table = AclTable::default();
        let mut c = Cursor::new(&[0, 0xe0]);
        assert_eq!(table.decode(&mut c), Ok(0), "unknown flag bits are ignored");
        assert_eq!(table.get(0), &WireAcl::default());
    }
}
