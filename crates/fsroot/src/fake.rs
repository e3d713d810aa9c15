//! `--fake-super`: what only root could give a file is kept in extended attributes of an ordinary one.
//!
//! A root that fakes shows every file as its attribute describes it and writes the attribute where a real change would need
//! rights. Devices, fifos, sockets and symlinks are regular files whose attribute tells their type; a symlink's content is its
//! target. Their owner can always read and write the real files. The attribute goes away when the real file says it all.

use crate::acl::Acl;
use crate::meta::{Kind, Stat};
use crate::root::Root;
use crate::sys::Errno;
use std::io::{Read, Write};
use std::{fmt, io};
use wire::{RelPath, limits::MAX_PATH};

/// Mode, device and owner.
const STAT: &[u8] = b"user.rsync.%stat";
const ACCESS_ACL: &[u8] = b"user.rsync.%aacl";
const DEFAULT_ACL: &[u8] = b"user.rsync.%dacl";
/// Stands before the names of attributes that are not the user's own.
pub const DISGUISE: &[u8] = b"user.rsync.";
/// In a stored ACL: no such object.
const ABSENT: u32 = 0x80;
const IS_USER: u32 = 1 << 31;

/// What an attribute tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fake {
    kind: Kind,
    perm: u32,
    rdev: (u32, u32),
    uid: u32,
    gid: u32,
}

impl Fake {
    fn of(st: &Stat) -> Fake {
        let Stat { kind, perm, rdev, uid, gid, .. } = *st;
        Fake { kind, perm, rdev, uid, gid }
    }

    /// `OCTALMODE MAJOR,MINOR UID:GID`.
    fn parse(text: &[u8]) -> Option<Fake> {
        let text = std::str::from_utf8(text).ok()?;
        let mut words = text.split_ascii_whitespace();
        let mode = u32::from_str_radix(words.next()?, 8).ok()?;
        let (major, minor) = words.next()?.split_once(',')?;
        let (uid, gid) = words.next()?.split_once(':')?;
        let fake = Fake {
            kind: Kind::from_wire_mode(mode)?,
            perm: mode & 0o7777,
            rdev: (major.parse().ok()?, minor.parse().ok()?),
            uid: uid.parse().ok()?,
            gid: gid.parse().ok()?,
        };
        words.next().is_none().then_some(fake)
    }

    fn text(&self) -> Vec<u8> {
        let Fake { kind, perm, rdev, uid, gid } = *self;
        let (major, minor) = if kind.is_device() { rdev } else { (0, 0) };
        format!("{:o} {major},{minor} {uid}:{gid}", kind.wire_bits() | perm).into_bytes()
    }

    /// The permissions of the real file.
    fn real_perm(&self) -> u32 {
        self.perm & 0o777 | if self.kind == Kind::Directory { 0o700 } else { 0o600 }
    }
}

/// An attribute that cannot be read as one. The text is the complete complaint.
#[derive(Debug)]
struct Corrupt(Vec<u8>);

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}
impl std::error::Error for Corrupt {}

/// The complaint about an attribute that is none, if that is the error. Nothing can be done about such a file.
pub fn corrupt(e: &io::Error) -> Option<&[u8]> {
    Some(&e.get_ref()?.downcast_ref::<Corrupt>()?.0)
}

impl Root {
    /// From now on, files are what their attributes describe.
    pub fn set_fake_super(&mut self, on: bool) {
        self.fake = on;
    }

    /// Whether [`Root::set_fake_super`] is on.
    pub fn fakes_super(&self) -> bool {
        self.fake
    }

    /// Whether there is a real symlink, not a file that stands for one.
    pub fn is_real_link(&mut self, p: &RelPath) -> bool {
        self.real_lstat(p).is_ok_and(|st| st.kind == Kind::Symlink)
    }

    /// Why the attribute of a file that was looked at could not be read, if that was so: its state is then the real file's.
    pub fn take_unread(&mut self) -> Option<io::Error> {
        self.unread.take()
    }

    /// A real state as the attribute has it.
    pub(crate) fn faked(&mut self, p: &RelPath, st: Stat) -> io::Result<Stat> {
        if !self.fake || !matches!(st.kind, Kind::Regular | Kind::Directory) {
            return Ok(st);
        }
        let text = match self.get_xattr(p, STAT) {
            Ok(Some(text)) => text,
            Ok(None) => return Ok(st),
            Err(e) => {
                self.unread = Some(e);
                return Ok(st);
            }
        };
        match Fake::parse(&text) {
            Some(Fake { kind, perm, rdev, uid, gid }) => {
                Ok(Stat { kind, perm, rdev, uid, gid, ..st })
            }
            None => {
                let path = self.quoted(p);
                let line =
                    [b"Corrupt user.rsync.%stat xattr attached to ", &path[..], b": \"", &text]
                        .concat();
                let line = [&line[..], b"\""].concat();
                Err(io::Error::new(io::ErrorKind::InvalidData, Corrupt(line)))
            }
        }
    }

    /// Changes what the attribute tells.
    pub(crate) fn fake_change(
        &mut self,
        p: &RelPath,
        uid: Option<u32>,
        gid: Option<u32>,
        perm: Option<u32>,
    ) -> io::Result<()> {
        let mut fake = Fake::of(&self.lstat(p)?);
        fake.uid = uid.unwrap_or(fake.uid);
        fake.gid = gid.unwrap_or(fake.gid);
        fake.perm = perm.map_or(fake.perm, |perm| perm & 0o7777);
        self.store(p, &fake).map(drop)
    }

    /// Gives a file a mode, a device number and owners; true if that changed something.
    pub fn fake_dress(
        &mut self,
        p: &RelPath,
        mode: u32,
        rdev: (u32, u32),
        uid: u32,
        gid: u32,
    ) -> io::Result<bool> {
        let kind = Kind::from_wire_mode(mode).ok_or(Errno::INVAL)?;
        self.store(p, &Fake { kind, perm: mode & 0o7777, rdev, uid, gid })
    }

    fn store(&mut self, p: &RelPath, fake: &Fake) -> io::Result<bool> {
        let real = self.real_lstat(p)?;
        let perm = fake.real_perm();
        if real.perm != perm {
            self.real_chmod(p, perm)?;
        }
        let there = self.get_xattr(p, STAT).unwrap_or_else(|e| {
            self.unread = Some(e);
            None
        });
        let (text, plain) = (fake.text(), Fake { perm, ..Fake::of(&real) });
        if fake.kind == plain.kind && text == plain.text() {
            if there.is_none() {
                return Ok(real.perm != perm);
            }
            self.remove_xattr(p, STAT)?;
        } else if there.as_ref() == Some(&text) {
            return Ok(real.perm != perm);
        } else {
            self.set_xattr(p, STAT, &text)?;
        }
        Ok(true)
    }

    /// Makes a regular file that stands for something else.
    pub(crate) fn fake_make(
        &mut self,
        p: &RelPath,
        kind: Kind,
        perm: u32,
        rdev: (u32, u32),
        content: &[u8],
    ) -> io::Result<()> {
        let mut file = self.create_new(p, 0o600)?;
        file.write_all(content)?;
        let real = Stat::of(&file)?;
        self.store(p, &Fake { kind, perm, rdev, uid: real.uid, gid: real.gid }).map(drop)
    }

    /// The target of a symlink that is a regular file.
    pub(crate) fn fake_link(&mut self, p: &RelPath) -> io::Result<Vec<u8>> {
        if self.lstat(p)?.kind != Kind::Symlink {
            return Err(Errno::INVAL.into());
        }
        let mut target = Vec::new();
        self.open_read(p)?.take(MAX_PATH as u64 - 1).read_to_end(&mut target)?;
        Ok(target)
    }

    /// The stored access ACL, what the permissions tell filled in; `None` if there is none.
    pub(crate) fn fake_access_acl(&mut self, p: &RelPath) -> io::Result<Option<Acl>> {
        let Some(mut acl) = self.stored_acl(p, ACCESS_ACL)? else { return Ok(None) };
        acl.complete(self.lstat(p)?.perm);
        Ok(Some(acl))
    }

    pub(crate) fn fake_default_acl(&mut self, p: &RelPath) -> io::Result<Option<Acl>> {
        self.stored_acl(p, DEFAULT_ACL)
    }

    fn stored_acl(&mut self, p: &RelPath, name: &[u8]) -> io::Result<Option<Acl>> {
        // What may not be read is no reason to leave the file out.
        let value = self.get_xattr(p, name).unwrap_or(None);
        value.map(|value| decode_acl(&value).ok_or_else(|| Errno::INVAL.into())).transpose()
    }

    /// Stores an access ACL without what the permissions tell.
    pub(crate) fn fake_set_access_acl(&mut self, p: &RelPath, acl: &Acl) -> io::Result<()> {
        let mut stored = acl.clone();
        let group = (acl.mode() >> 3 & 7) as u8;
        stored.user_obj = None;
        stored.other = None;
        if acl.mask.is_none() || acl.group_obj == Some(group) {
            stored.group_obj = None;
        }
        self.set_xattr(p, ACCESS_ACL, &encode_acl(&stored))
    }

    pub(crate) fn fake_set_default_acl(
        &mut self,
        p: &RelPath,
        acl: Option<&Acl>,
    ) -> io::Result<()> {
        match acl {
            Some(acl) => self.set_xattr(p, DEFAULT_ACL, &encode_acl(acl)),
            None if self.get_xattr(p, DEFAULT_ACL)?.is_some() => self.remove_xattr(p, DEFAULT_ACL),
            None => Ok(()),
        }
    }
}

/// Four integers for the objects, then pairs of id and access, bit 31 of which tells a user.
fn encode_acl(acl: &Acl) -> Vec<u8> {
    let objects = [acl.user_obj, acl.group_obj, acl.mask, acl.other];
    let objects = objects.map(|object| object.map_or(ABSENT, u32::from)).into_iter();
    let names = acl.names.iter().flat_map(|&(is_user, id, access)| {
        [id, u32::from(access) | if is_user { IS_USER } else { 0 }]
    });
    objects.chain(names).flat_map(u32::to_le_bytes).collect()
}

fn decode_acl(bytes: &[u8]) -> Option<Acl> {
    let (ints, rest) = bytes.as_chunks::<4>();
    let mut ints = ints.iter().map(|bytes| u32::from_le_bytes(*bytes));
    if !rest.is_empty() || !bytes.len().is_multiple_of(8) {
        return None;
    }
    let mut object = || ints.next().map(|v| (v & ABSENT == 0).then_some(v as u8 & 7));
    let mut acl = Acl {
        user_obj: object()?,
        group_obj: object()?,
        mask: object()?,
        other: object()?,
        names: Vec::new(),
    };
    while let (Some(id), Some(access)) = (ints.next(), ints.next()) {
        acl.names.push((access & IS_USER != 0, id, access as u8 & 7));
    }
    Some(acl)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_attributes() {
        let s = Fake::parse(b"100711 0,0 12:34").expect("legal");
        let kind = Kind::Regular;
        assert_eq!(s, Fake { kind, perm: 0o711, rdev: (0, 0), uid: 12, gid: 34 });
        assert_eq!(Fake::parse(b"20644 10,20 0:0").expect("legal").rdev, (10, 20));
        for text in ["100711 0,0 12:34", "120777 0,0 0:0", "60644 300,70000 4000000000:7"] {
            assert_eq!(Fake::parse(text.as_bytes()).expect("legal").text(), text.as_bytes());
        }
        for bad in [
            "",
            "100644",
            "100644 0,0",
            "100644 0,0 1:2 3",
            "100644 0,0 -1:2",
            "99 0,0 1:2",
            "100644 99999999999,0 1:2",
            "644 0,0 1:2",
        ] {
            assert_eq!(Fake::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn stored_acls() {
        let ints: [u32; 8] = [7, 5, 0x80, 4, 1, 1 << 31 | 6, 2, 4];
        let bytes: Vec<u8> = ints.iter().flat_map(|i| i.to_le_bytes()).collect();
        let acl = decode_acl(&bytes).expect("legal");
        assert_eq!((acl.user_obj, acl.mask, acl.other), (Some(7), None, Some(4)));
        assert_eq!(acl.names, [(true, 1, 6), (false, 2, 4)]);
        assert_eq!(encode_acl(&acl), bytes);
        assert_eq!(decode_acl(&bytes[..12]), None);
        assert_eq!(decode_acl(&bytes[..8]), None);
    }

    #[cfg(unix)]
    #[test]
    fn files_are_what_their_attributes_say() {
        use std::os::unix::fs::MetadataExt;
        let dir = tempfile::tempdir().unwrap();
        let mut root = Root::open(dir.path()).unwrap();
        root.set_fake_super(true);
        let rel = |name: &str| RelPath::new(name.as_bytes()).unwrap();
        match root.mknod(&rel("c"), Kind::CharDevice, 0o640, (10, 20)) {
            Err(e) if crate::xattr::unsupported(&e) => return eprintln!("skipped: no attributes"),
            made => made.unwrap(),
        }
        root.chown(&rel("c"), Some(4_000_000_000), Some(7)).unwrap();
        let st = root.lstat(&rel("c")).unwrap();
        assert_eq!((st.kind, st.perm, st.rdev), (Kind::CharDevice, 0o640, (10, 20)));
        assert_eq!((st.uid, st.gid), (4_000_000_000, 7));
        assert!(std::fs::metadata(dir.path().join("c")).unwrap().is_file());

        root.symlink(b"to/there", &rel("l")).unwrap();
        assert_eq!(root.lstat(&rel("l")).unwrap().kind, Kind::Symlink);
        assert_eq!(root.read_link(&rel("l")).unwrap(), b"to/there");
        assert!(root.read_link(&rel("c")).is_err());

        drop(root.create_new(&rel("f"), 0o600).unwrap());
        let own = root.lstat(&rel("f")).unwrap();
        root.chmod(&rel("f"), 0o4444).unwrap();
        assert_eq!(root.lstat(&rel("f")).unwrap().perm, 0o4444);
        let real = std::fs::metadata(dir.path().join("f")).unwrap();
        assert_eq!((real.mode() & 0o7777, real.uid()), (0o644, own.uid));
        assert!(root.get_xattr(&rel("f"), STAT).unwrap().is_some());
        root.chmod(&rel("f"), 0o640).unwrap();
        assert_eq!(root.get_xattr(&rel("f"), STAT).unwrap(), None);

        root.set_xattr(&rel("f"), STAT, b"nonsense").unwrap();
        let e = root.lstat(&rel("f")).unwrap_err();
        let line = String::from_utf8(corrupt(&e).unwrap().to_vec()).unwrap();
        assert!(line.starts_with("Corrupt user.rsync.%stat xattr attached to \"/"), "{line}");
        assert!(line.ends_with("f\": \"nonsense\""), "{line}");
    }
}
