//! POSIX ACLs (system.posix_acl_access / _default), in the system's own form: a version, then
//! entries of tag, permissions and id, all little-endian.

use crate::root::Root;
use crate::sys::Errno;
use crate::xattr;
use std::io;
use wire::RelPath;

const ACCESS: &[u8] = b"system.posix_acl_access";
const DEFAULT: &[u8] = b"system.posix_acl_default";

const VERSION: u32 = 2;
const USER_OBJ: u16 = 0x01;
const USER: u16 = 0x02;
const GROUP_OBJ: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
const OTHER: u16 = 0x20;
const NO_ID: u32 = u32::MAX;

/// A POSIX ACL. `None` objects are absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Acl {
    /// The owner's access.
    pub user_obj: Option<u8>,
    /// The owning group's access.
    pub group_obj: Option<u8>,
    /// The most that named users and all groups get.
    pub mask: Option<u8>,
    /// Everybody else's access.
    pub other: Option<u8>,
    /// (is_user, id, access), users then groups, ascending.
    pub names: Vec<(bool, u32, u8)>,
}

impl Acl {
    /// The three objects that permission bits stand for.
    pub fn from_mode(perm: u32) -> Acl {
        Acl {
            user_obj: Some(bits(perm >> 6)),
            group_obj: Some(bits(perm >> 3)),
            other: Some(bits(perm)),
            ..Acl::default()
        }
    }

    /// Whether permission bits say it all.
    pub fn is_minimal(&self) -> bool {
        self.mask.is_none() && self.names.is_empty()
    }

    /// The permission bits (0777) of a complete access ACL: the mask stands in for the group.
    pub fn mode(&self) -> u32 {
        let class = |access: Option<u8>| u32::from(access.unwrap_or(0) & 7);
        class(self.user_obj) << 6 | class(self.mask.or(self.group_obj)) << 3 | class(self.other)
    }

    /// Leaves out what a receiver can tell from the permission bits sent (WIRE.md, ACL).
    pub fn condense(&mut self, perm: u32) {
        let group = Some(bits(perm >> 3));
        self.user_obj = None;
        self.other = None;
        if self.mask.is_none() || self.group_obj == group {
            self.group_obj = None;
        }
        if !self.names.is_empty() && self.mask == group {
            self.mask = None;
        }
    }

    /// Fills in what was left out of a received access ACL, from the permission bits.
    pub fn complete(&mut self, perm: u32) {
        let group = bits(perm >> 3);
        self.user_obj.get_or_insert(bits(perm >> 6));
        self.other.get_or_insert(bits(perm));
        self.group_obj.get_or_insert(group);
        if !self.names.is_empty() {
            self.mask.get_or_insert(group);
        }
    }

    /// The attribute's value.
    pub fn to_xattr(&self) -> Vec<u8> {
        let mut names: Vec<(bool, u32, u8)> = self.names.clone();
        // Users before groups.
        names.sort_by_key(|&(is_user, id, _)| (!is_user, id));
        let users = names.iter().filter(|n| n.0);
        let groups = names.iter().filter(|n| !n.0);
        let mut out = Vec::with_capacity(4 + 8 * (4 + names.len()));
        out.extend_from_slice(&VERSION.to_le_bytes());
        let mut put = |tag: u16, id: u32, access: Option<u8>| {
            if let Some(access) = access {
                out.extend_from_slice(&tag.to_le_bytes());
                out.extend_from_slice(&u16::from(access & 7).to_le_bytes());
                out.extend_from_slice(&id.to_le_bytes());
            }
        };
        put(USER_OBJ, NO_ID, self.user_obj);
        users.for_each(|&(_, id, access)| put(USER, id, Some(access)));
        put(GROUP_OBJ, NO_ID, self.group_obj);
        groups.for_each(|&(_, id, access)| put(GROUP, id, Some(access)));
        put(MASK, NO_ID, self.mask);
        put(OTHER, NO_ID, self.other);
        out
    }

    /// Reads an attribute's value; `None` if it is not one.
    pub fn from_xattr(value: &[u8]) -> Option<Acl> {
        let (version, entries) = value.split_first_chunk::<4>()?;
        let (entries, rest) = entries.as_chunks::<8>();
        if u32::from_le_bytes(*version) != VERSION || !rest.is_empty() {
            return None;
        }
        let mut acl = Acl::default();
        for &[t0, t1, p0, p1, i0, i1, i2, i3] in entries {
            let access = u8::try_from(u16::from_le_bytes([p0, p1])).ok().filter(|&a| a <= 7)?;
            let id = u32::from_le_bytes([i0, i1, i2, i3]);
            let object = match u16::from_le_bytes([t0, t1]) {
                USER_OBJ => &mut acl.user_obj,
                GROUP_OBJ => &mut acl.group_obj,
                MASK => &mut acl.mask,
                OTHER => &mut acl.other,
                USER => {
                    acl.names.push((true, id, access));
                    continue;
                }
                GROUP => {
                    acl.names.push((false, id, access));
                    continue;
                }
                _ => return None,
            };
            if object.replace(access).is_some() {
                return None;
            }
        }
        acl.names.sort_by_key(|&(is_user, id, _)| (!is_user, id));
        Some(acl)
    }
}

impl Root {
    /// The access ACL; a file without one yields the three objects from its mode. Unsupported file
    /// systems likewise.
    pub fn access_acl(&mut self, p: &RelPath) -> io::Result<Acl> {
        match self.extended_acl(p)? {
            Some(acl) => Ok(acl),
            None => Ok(Acl::from_mode(self.lstat(p)?.perm)),
        }
    }

    /// The access ACL if the file has one beyond its mode: for who knows the mode already.
    pub fn extended_acl(&mut self, p: &RelPath) -> io::Result<Option<Acl>> {
        if self.fake {
            return self.fake_access_acl(p);
        }
        decoded(self.get_xattr(p, ACCESS)?)
    }

    /// The default ACL; `None` if there is none.
    pub fn default_acl(&mut self, p: &RelPath) -> io::Result<Option<Acl>> {
        if self.fake {
            return self.fake_default_acl(p);
        }
        self.inherited_acl(p)
    }

    /// The ACL that new files in a directory really get.
    pub fn inherited_acl(&mut self, p: &RelPath) -> io::Result<Option<Acl>> {
        decoded(self.get_xattr(p, DEFAULT)?)
    }

    /// Sets the access ACL, which must be complete. One that permission bits can say is no error
    /// where ACLs are not supported; the mode is then the caller's.
    pub fn set_access_acl(&mut self, p: &RelPath, acl: &Acl) -> io::Result<()> {
        if self.fake {
            return self.fake_set_access_acl(p, acl);
        }
        minimal_is_fine(acl, self.set_xattr(p, ACCESS, &acl.to_xattr()))
    }

    /// `None` removes it.
    pub fn set_default_acl(&mut self, p: &RelPath, acl: Option<&Acl>) -> io::Result<()> {
        if self.fake {
            return self.fake_set_default_acl(p, acl);
        }
        match acl {
            Some(acl) => self.set_xattr(p, DEFAULT, &acl.to_xattr()),
            None => none_is_fine(self.remove_xattr(p, DEFAULT)),
        }
    }
}

fn bits(perm: u32) -> u8 {
    (perm & 7) as u8
}

fn decoded(value: Option<Vec<u8>>) -> io::Result<Option<Acl>> {
    value.map(|value| Acl::from_xattr(&value).ok_or_else(|| Errno::INVAL.into())).transpose()
}

fn minimal_is_fine(acl: &Acl, result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(e) if acl.is_minimal() && xattr::unsupported(&e) => Ok(()),
        other => other,
    }
}

fn none_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(e) if xattr::unsupported(&e) => Ok(()),
        Err(e) if xattr::missing(&e) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Acl {
        Acl {
            user_obj: Some(6),
            group_obj: Some(4),
            mask: Some(7),
            other: Some(4),
            names: vec![(true, 1, 7), (false, 2, 5)],
        }
    }

    #[test]
    fn the_systems_form() {
        let bytes = [
            2, 0, 0, 0, // version
            1, 0, 6, 0, 255, 255, 255, 255, // owner
            2, 0, 7, 0, 1, 0, 0, 0, // user 1
            4, 0, 4, 0, 255, 255, 255, 255, // group
            8, 0, 5, 0, 2, 0, 0, 0, // group 2
            16, 0, 7, 0, 255, 255, 255, 255, // mask
            32, 0, 4, 0, 255, 255, 255, 255, // other
        ];
        assert_eq!(sample().to_xattr(), bytes);
        assert_eq!(Acl::from_xattr(&bytes), Some(sample()));
        assert_eq!(Acl::from_xattr(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Acl::from_xattr(&[]), None);
        for (at, bad) in [(0, 1), (4, 64), (6, 8), (7, 1), (12, 1)] {
            let mut bytes = bytes;
            bytes[at] = bad;
            assert_eq!(Acl::from_xattr(&bytes), None, "byte {at}");
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic() {
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..2000 {
            let mut bytes = vec![0; rng.usize(0..60)];
            rng.fill(&mut bytes);
            if bytes.len() >= 4 {
                bytes[..4].copy_from_slice(&[2, 0, 0, 0]);
            }
            if let Some(acl) = Acl::from_xattr(&bytes) {
                assert_eq!(Acl::from_xattr(&acl.to_xattr()), Some(acl));
            }
        }
    }

    #[test]
    fn condensing_and_completing() {
        // Mode 0674: the group bits are the mask.
        let mut acl = sample();
        acl.condense(0o674);
        assert_eq!(acl, Acl { group_obj: Some(4), names: sample().names, ..Acl::default() },);
        acl.complete(0o674);
        assert_eq!(acl, sample());

        let mut plain = Acl::from_mode(0o751);
        plain.condense(0o751);
        assert_eq!(plain, Acl::default());
        plain.complete(0o751);
        assert_eq!(plain, Acl::from_mode(0o751));
        assert_eq!(plain.mode(), 0o751);

        // A mask without names is sent.
        let mut masked = Acl { mask: Some(5), ..Acl::from_mode(0o670) };
        assert_eq!(masked.mode(), 0o650);
        masked.condense(0o650);
        assert_eq!(masked, Acl { group_obj: Some(7), mask: Some(5), ..Acl::default() });
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn on_files() {
        let rel = |p: &str| RelPath::new(p.as_bytes()).unwrap();
        let t = tempfile::tempdir().unwrap();
        let mut root = Root::open(t.path()).unwrap();
        std::fs::write(t.path().join("f"), "").unwrap();
        root.chmod(&rel("f"), 0o640).unwrap();
        assert_eq!(root.access_acl(&rel("f")).unwrap(), Acl::from_mode(0o640));
        assert_eq!(root.extended_acl(&rel("f")).unwrap(), None);
        root.set_access_acl(&rel("f"), &Acl::from_mode(0o640)).unwrap();
        match root.set_access_acl(&rel("f"), &sample()) {
            Err(e) if xattr::unsupported(&e) => {
                eprintln!("skipped: no ACLs here");
                return;
            }
            other => other.unwrap(),
        }
        assert_eq!(root.access_acl(&rel("f")).unwrap(), sample());
        assert_eq!(root.lstat(&rel("f")).unwrap().perm, 0o674);
        root.set_access_acl(&rel("f"), &Acl::from_mode(0o600)).unwrap();
        assert_eq!(root.extended_acl(&rel("f")).unwrap(), None);
        assert_eq!(root.lstat(&rel("f")).unwrap().perm, 0o600);

        root.set_access_acl(&rel("f"), &sample()).unwrap();
        assert_eq!(root.extended_acl(&rel("f")).unwrap(), Some(sample()));

        root.mkdir(&rel("d"), 0o755).unwrap();
        assert_eq!(root.default_acl(&rel("d")).unwrap(), None);
        root.set_default_acl(&rel("d"), None).unwrap();
        root.set_default_acl(&rel("d"), Some(&sample())).unwrap();
        assert_eq!(root.default_acl(&rel("d")).unwrap(), Some(sample()));
        root.set_default_acl(&rel("d"), None).unwrap();
        assert_eq!(root.default_acl(&rel("d")).unwrap(), None);
    }
}
