//! Encoding (WIRE.md, File list).

use super::flags::*;
use super::{FileEntry, FlistFormat, HardLink, Kind, State, join_rdev};
use crate::acl::{AclKind, AclTable, WireAcl};
use crate::ids;
use crate::varint::Put;
use crate::xattr::{Xattr, XattrTable};

/// What the encoder needs beside the entry itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extras {
    /// Access ACL (condensed) and, for directories, default ACL.
    pub acl: Option<(WireAcl, Option<WireAcl>)>,
    /// Sorted attributes.
    pub xattrs: Option<Vec<Xattr>>,
}

/// The encoding state of one direction, kept for the whole session.
#[derive(Debug)]
pub struct FlistEncoder {
    /// Attributes sent, to answer requests.
    pub xattrs: XattrTable,
    access_acls: AclTable,
    default_acls: AclTable,
    format: FlistFormat,
    base: u32,
    /// Entries of this list so far.
    count: u32,
    /// The last name.
    name: Vec<u8>,
    state: State,
    /// Group number of the first entries of this list's hard-link groups, ascending, and the state
    /// that each left behind. A file may change between the entries of two of its names; what the
    /// receiver goes on with is what the first one said.
    leaders: Vec<(u32, State)>,
}

/// The hard-link fields of an entry.
enum Link {
    None,
    First,
    /// Of an earlier list: the entry is complete.
    Member(u32),
    /// Of this list: the position of the leader.
    Abbreviated(u32, usize),
    DevIno(i64, u64),
}

impl FlistEncoder {
    /// A fresh session.
    pub fn new(format: FlistFormat) -> Self {
        FlistEncoder {
            xattrs: XattrTable::default(),
            access_acls: AclTable::new(AclKind::Access),
            default_acls: AclTable::new(AclKind::Default),
            format,
            base: 0,
            count: 0,
            name: Vec::new(),
            state: State::default(),
            leaders: Vec::new(),
        }
    }

    /// Starts a list whose first index is `base`.
    pub fn begin(&mut self, base: u32) {
        self.base = base;
        self.count = 0;
        self.leaders.clear();
    }

    /// Appends one entry (abbreviated if it is `HardLink::Member` of the current list).
    /// `uid_name`/`gid_name` are sent when `Some`. Returns the xattr table index, if any.
    ///
    /// The caller keeps names and symlink targets below the limit, and gives the mode one of the
    /// seven types or the value 0. Under `-H` every regular file needs `HardLink::DevIno` in
    /// protocol 27. `DevIno` is ignored from protocol 30, the other kinds before it. Missing extras
    /// go out as an empty ACL and an empty list of attributes.
    pub fn encode(&mut self, e: &FileEntry, extras: Extras, out: &mut Vec<u8>) -> Option<u32> {
        let kind = Kind::of(e.mode).unwrap_or(Kind::Missing);
        let link = self.link(e, kind);
        let abbreviated = match link {
            Link::Abbreviated(_, leader) => Some(self.leaders[leader].1),
            _ => None,
        };
        let flags = self.put_head(e, kind, &link, out);
        if let Link::Member(gnum) | Link::Abbreviated(gnum, _) = link {
            out.put_varint(gnum as i32);
        }
        self.state = match abbreviated {
            Some(leader) => self.state.after_abbreviated(leader),
            None => self.put_fields(flags, e, kind, &link, out),
        };
        if matches!(link, Link::First) {
            self.leaders.push((self.base.saturating_add(self.count), self.state));
        }
        self.count = self.count.saturating_add(1);

        // Of an abbreviated entry the receiver knows what the leader said.
        let kind = Kind::of(self.state.mode).unwrap_or(kind);
        if self.format.has_acl(kind) {
            let (access, default) = extras.acl.unwrap_or_default();
            self.access_acls.encode(access, out);
            if kind == Kind::Dir {
                self.default_acls.encode(default.unwrap_or_default(), out);
            }
        }
        self.format.xattrs.then(|| self.xattrs.encode(extras.xattrs.unwrap_or_default(), out))
    }

    /// Appends the end marker; `io_error` travels in it where the format allows (returns true), else
    /// the caller sends it otherwise (int32 behind the id lists before protocol 30, MSG_IO_ERROR at
    /// 30).
    pub fn end(&mut self, io_error: u32, out: &mut Vec<u8>) -> bool {
        self.format.put_end(io_error, out)
    }

    fn link(&self, e: &FileEntry, kind: Kind) -> Link {
        let p = self.format.protocol;
        if !self.format.hard_links || kind == Kind::Dir {
            return Link::None;
        }
        match e.hard_link {
            HardLink::First if p.has_varints() => Link::First,
            HardLink::Member(gnum) if p.has_varints() && gnum < self.base => Link::Member(gnum),
            HardLink::Member(gnum) if p.has_varints() => {
                match self.leaders.binary_search_by_key(&gnum, |leader| leader.0) {
                    Ok(leader) => Link::Abbreviated(gnum, leader),
                    Err(_) => {
                        debug_assert!(false, "group {gnum} has no first entry");
                        Link::None
                    }
                }
            }
            HardLink::DevIno(dev, ino) if !p.has_varints() => {
                Link::DevIno(dev.wrapping_add(1) as i64, ino)
            }
            _ => Link::None,
        }
    }

    /// Appends flags and name.
    #[inline]
    fn put_head(&mut self, e: &FileEntry, kind: Kind, link: &Link, out: &mut Vec<u8>) -> u32 {
        let f = &self.format;
        let mut flags = self.flags(e, kind, link);
        let shared = shared_prefix(&self.name, &e.name);
        let suffix = &e.name[shared..];
        if shared > 0 {
            flags |= SAME_NAME;
        }
        if suffix.len() > 255 {
            flags |= LONG_NAME;
        }
        let flags = f.seal(flags, kind == Kind::Dir);
        f.put_flags(flags, out);
        if flags & SAME_NAME != 0 {
            out.put_byte(shared as u8);
        }
        if flags & LONG_NAME != 0 {
            out.put_varint30(f.protocol, suffix.len() as i32);
        } else {
            out.put_byte(suffix.len() as u8);
        }
        out.extend_from_slice(suffix);
        self.name.truncate(shared);
        self.name.extend_from_slice(suffix);
        flags
    }

    /// The flags that follow from comparing with the entry before.
    #[inline]
    fn flags(&self, e: &FileEntry, kind: Kind, link: &Link) -> u32 {
        let f = &self.format;
        let p = f.protocol;
        let s = &self.state;
        let mut flags = 0;
        let mut set = |on: bool, flag: u32| {
            if on {
                flags |= flag;
            }
        };
        set(kind == Kind::Dir && e.top_dir, TOP_DIR);
        set(kind == Kind::Dir && e.no_content && p.has_varints(), NO_CONTENT_DIR);
        // Mode 0 asks for a deletion; receivers of late 3.2 refuse it spelled out, but know it as the state before any.
        set((s.started || e.mode == 0) && e.mode == s.mode, SAME_MODE);
        set(e.mtime == s.mtime, SAME_TIME);
        // An id that brings its name is sent even if it is the one before.
        let user_name = inline_name(f, &e.uid_name);
        let group_name = inline_name(f, &e.gid_name);
        let same_uid = s.started && e.uid == s.uid && user_name.is_none();
        let same_gid = s.started && e.gid == s.gid && group_name.is_none();
        set(!f.owner || same_uid, SAME_UID);
        set(!f.group || same_gid, SAME_GID);
        set(f.has_atime(kind) && p.has_extended_flags() && e.atime == s.atime, SAME_ATIME);
        if p.has_varints() {
            set(f.owner && user_name.is_some(), USER_NAME_FOLLOWS);
            set(f.group && group_name.is_some(), GROUP_NAME_FOLLOWS);
            set(p.has_mtime_nsec() && e.mtime_nsec != 0, MOD_NSEC);
            set(f.crtimes && f.varint_flags && e.crtime == e.mtime, CRTIME_EQ_MTIME);
        }
        if f.has_rdev(kind) {
            let special = kind == Kind::Special;
            if p.has_extended_flags() {
                set(special || e.rdev.0 == s.rdev, SAME_RDEV_MAJOR);
                set(!p.has_varints() && (special || e.rdev.1 <= 0xff), RDEV_MINOR_8);
            } else {
                set(special || join_rdev(e.rdev) == s.rdev, SAME_RDEV);
            }
        }
        match *link {
            Link::None => {}
            Link::First => flags |= HLINKED | HLINK_FIRST,
            Link::Member(_) | Link::Abbreviated(..) => flags |= HLINKED,
            Link::DevIno(dev, _) => {
                if p.has_extended_flags() {
                    flags |= HLINKED | if dev == s.dev { SAME_DEV } else { 0 };
                }
            }
        }
        flags
    }

    /// Appends the fields from the length to the checksum. Returns the state behind the entry.
    #[inline]
    fn put_fields(
        &self,
        flags: u32,
        e: &FileEntry,
        kind: Kind,
        link: &Link,
        out: &mut Vec<u8>,
    ) -> State {
        let f = &self.format;
        let p = f.protocol;
        let mut s = State { started: true, ..self.state };

        out.put_varlong30(p, e.len.try_into().unwrap_or(i64::MAX), 3);
        if flags & SAME_TIME == 0 {
            if p.has_varints() {
                out.put_varlong(e.mtime, 4);
            } else {
                out.put_int32(e.mtime as i32);
            }
        }
        s.mtime = e.mtime;
        if p.has_varints() && flags & MOD_NSEC != 0 {
            out.put_varint(e.mtime_nsec as i32);
        }
        if f.crtimes && !(f.varint_flags && flags & CRTIME_EQ_MTIME != 0) {
            out.put_varlong(e.crtime, 4);
        }
        if flags & SAME_MODE == 0 {
            out.put_int32(e.mode as i32);
        }
        s.mode = e.mode;
        if f.has_atime(kind) {
            if flags & SAME_ATIME == 0 {
                out.put_varlong(e.atime, 4);
            }
            s.atime = e.atime;
        }
        if f.owner && flags & SAME_UID == 0 {
            out.put_varint30(p, e.uid as i32);
            if let Some(name) = inline_name(f, &e.uid_name) {
                ids::put_name(name, out);
            }
        }
        s.uid = e.uid;
        if f.group && flags & SAME_GID == 0 {
            out.put_varint30(p, e.gid as i32);
            if let Some(name) = inline_name(f, &e.gid_name) {
                ids::put_name(name, out);
            }
        }
        s.gid = e.gid;
        if f.has_rdev(kind) {
            put_rdev(f, flags, e, kind, &mut s, out);
        } else if !p.has_extended_flags() && !matches!(kind, Kind::Device | Kind::Special) {
            s.rdev = 0;
        }
        if f.has_target(kind) {
            out.put_varint30(p, e.link_target.len() as i32);
            out.extend_from_slice(&e.link_target);
        }
        if f.hard_links && !p.has_varints() {
            self.put_dev_ino(flags, kind, link, &mut s, out);
        }
        if let Some(len) = f.checksum_field(kind) {
            // Zeros stand for a file that could not be read.
            let known = if kind == Kind::Regular { e.checksum.as_slice() } else { &[] };
            let end = out.len() + len;
            out.extend_from_slice(&known[..known.len().min(len)]);
            out.resize(end, 0);
        }
        s
    }

    fn put_dev_ino(&self, flags: u32, kind: Kind, link: &Link, s: &mut State, out: &mut Vec<u8>) {
        let flagged = self.format.protocol.has_extended_flags();
        if flagged && flags & HLINKED == 0 || !flagged && kind != Kind::Regular {
            return;
        }
        // Protocol 27 has no file without them. A device that does not exist and the position keep
        // one that came without from being taken for a link.
        let (dev, ino) = match *link {
            Link::DevIno(dev, ino) => (dev, ino),
            _ => (0, u64::from(self.count)),
        };
        if flags & SAME_DEV == 0 {
            out.put_longint(dev);
            s.dev = dev;
        }
        out.put_longint(ino as i64);
    }
}

/// The name that goes along with an id.
fn inline_name<'a>(f: &FlistFormat, name: &'a Option<Vec<u8>>) -> Option<&'a [u8]> {
    name.as_deref().filter(|_| f.protocol.has_varints()).and_then(ids::sendable)
}

/// `s` becomes the state behind the field.
fn put_rdev(
    f: &FlistFormat,
    flags: u32,
    e: &FileEntry,
    kind: Kind,
    s: &mut State,
    out: &mut Vec<u8>,
) {
    let p = f.protocol;
    let (major, minor) = if kind == Kind::Device { e.rdev } else { (s.rdev, 0) };
    if !p.has_extended_flags() {
        if flags & SAME_RDEV == 0 {
            s.rdev = join_rdev(e.rdev);
            out.put_int32(s.rdev as i32);
        }
        return;
    }
    if flags & SAME_RDEV_MAJOR == 0 {
        out.put_varint30(p, major as i32);
        s.rdev = major;
    }
    if !p.has_varints() && flags & RDEV_MINOR_8 != 0 {
        out.put_byte(minor as u8);
    } else {
        out.put_varint30(p, minor as i32);
    }
}

/// How many bytes the prefix byte can say are shared.
fn shared_prefix(last: &[u8], name: &[u8]) -> usize {
    last.iter().zip(name).take(255).take_while(|(a, b)| a == b).count()
}
