//! `--fake-super`: attributes kept in extended attributes instead of in the file itself (file list:
//! fake-super).

use super::{list::Lister, scan::Found, source::quoted};
use crate::{Error, ExitCode};
use fsroot::{Kind, acl::Acl};
use std::io;

/// Mode, device and owner.
const STAT: &[u8] = b"user.rsync.%stat";
const ACCESS_ACL: &[u8] = b"user.rsync.%aacl";
const DEFAULT_ACL: &[u8] = b"user.rsync.%dacl";
/// Disguised attributes of other namespaces.
pub(super) const DISGUISE: &[u8] = b"user.rsync.";

/// `OCTALMODE MAJOR,MINOR UID:GID`.
#[derive(Debug, PartialEq, Eq)]
struct Stored {
    mode: u32,
    rdev: (u32, u32),
    uid: u32,
    gid: u32,
}

fn parse(text: &[u8]) -> Option<Stored> {
    let text = std::str::from_utf8(text).ok()?;
    let mut words = text.split_ascii_whitespace();
    let mode = u32::from_str_radix(words.next()?, 8).ok()?;
    let (major, minor) = words.next()?.split_once(',')?;
    let (uid, gid) = words.next()?.split_once(':')?;
    let stored = Stored {
        mode,
        rdev: (major.parse().ok()?, minor.parse().ok()?),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
    };
    (words.next().is_none() && Kind::from_wire_mode(mode).is_some()).then_some(stored)
}

/// Four integers (0x80 for absent), then pairs of id and access, bit 31 of which tells a user.
fn parse_acl(bytes: &[u8]) -> Option<Acl> {
    let mut ints = bytes.chunks_exact(4).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]]));
    if !bytes.len().is_multiple_of(8) {
        return None;
    }
    let mut object = || ints.next().map(|v| (v & 0x80 == 0).then_some(v as u8 & 7));
    let mut acl = Acl {
        user_obj: object()?,
        group_obj: object()?,
        mask: object()?,
        other: object()?,
        names: Vec::new(),
    };
    while let (Some(id), Some(access)) = (ints.next(), ints.next()) {
        acl.names.push((access >> 31 == 1, id, access as u8 & 7));
    }
    Some(acl)
}

impl Lister {
    /// Replaces what the file's attributes say by what is stored for it.
    pub fn unfake(&mut self, found: &mut Found) -> Result<(), Error> {
        if !matches!(found.st.kind, Kind::Regular | Kind::Directory) {
            return Ok(());
        }
        let Ok(root) = self.sources.root(found.source) else { return Ok(()) };
        let Ok(Some(text)) = root.get_xattr(&found.rel, STAT) else { return Ok(()) };
        let Some(stored) = parse(&text) else {
            let path = self.sources.quoted(found.source, &found.name);
            let line =
                [b"Corrupt user.rsync.%stat xattr attached to ", &path[..], b": ", &quoted(&text)]
                    .concat();
            return Err(Error::fatal(ExitCode::FILE_IO, line));
        };
        if let Some(kind) = Kind::from_wire_mode(stored.mode) {
            found.st.kind = kind;
        }
        found.st.perm = stored.mode & 0o7777;
        found.st.rdev = stored.rdev;
        found.st.uid = stored.uid;
        found.st.gid = stored.gid;
        if found.st.kind == Kind::Symlink && self.session.settings.links {
            found.target = self.read_small(found).unwrap_or_default();
        }
        Ok(())
    }

    /// A stored symlink's text is the file's content.
    fn read_small(&mut self, found: &Found) -> io::Result<Vec<u8>> {
        use std::io::Read;
        let file = self.sources.root(found.source)?.open_read(&found.rel)?;
        let mut text = Vec::new();
        file.take(wire::limits::MAX_PATH as u64 - 1).read_to_end(&mut text)?;
        Ok(text)
    }

    /// The stored ACLs of a file.
    pub fn fake_acls(&mut self, found: &Found) -> io::Result<(Acl, Option<Acl>)> {
        let perm = found.st.perm;
        let bits = |shift: u32| Some((perm >> shift & 7) as u8);
        let plain = Acl { user_obj: bits(6), group_obj: bits(3), other: bits(0), ..Acl::default() };
        let root = self.sources.root(found.source)?;
        let mut stored = |name: &[u8]| -> io::Result<Option<Acl>> {
            Ok(root.get_xattr(&found.rel, name)?.and_then(|bytes| parse_acl(&bytes)))
        };
        let access = stored(ACCESS_ACL)?.unwrap_or(plain);
        let default = match found.is_dir() {
            true => stored(DEFAULT_ACL)?,
            false => None,
        };
        Ok((access, default))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_attributes() {
        let s = parse(b"100711 0,0 12:34").expect("legal");
        assert_eq!(s, Stored { mode: 0o100711, rdev: (0, 0), uid: 12, gid: 34 });
        assert_eq!(parse(b"20644 10,20 0:0").expect("legal").rdev, (10, 20));
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
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn stored_acls() {
        let ints: [u32; 8] = [7, 5, 0x80, 4, 1, 1 << 31 | 6, 2, 4];
        let bytes: Vec<u8> = ints.iter().flat_map(|i| i.to_le_bytes()).collect();
        let acl = parse_acl(&bytes).expect("legal");
        assert_eq!((acl.user_obj, acl.mask, acl.other), (Some(7), None, Some(4)));
        assert_eq!(acl.names, [(true, 1, 6), (false, 2, 4)]);
        assert_eq!(parse_acl(&bytes[..12]), None);
        assert_eq!(parse_acl(&bytes[..8]), None);
    }
}
