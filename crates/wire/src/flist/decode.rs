//! Decoding, with every check that needs no knowledge of the request (WIRE.md, File list; Limits).

use super::flags::*;
use super::{FileEntry, FlistFormat, HardLink, Kind, ListItem, State, split_rdev};
use crate::acl::{AclKind, AclTable};
use crate::xattr::XattrTable;
use crate::{Cursor, Decode, DecodeError, Fault, WireError, ids, limits};

/// Longest suffix and prefix together, plus one; likewise for symlink targets.
const MAX_PATH: usize = limits::MAX_PATH;
const MAX_NSEC: i32 = 999_999_999;
const OVERFLOW: &str = "buffer overflow: recv_file_entry";

/// The decoding state of one direction, kept for the whole session.
#[derive(Debug)]
pub struct FlistDecoder {
    /// Access ACLs.
    pub access_acls: AclTable,
    /// Default ACLs.
    pub default_acls: AclTable,
    /// Attributes.
    pub xattrs: XattrTable,
    format: FlistFormat,
    base: u32,
    /// Entries of this list so far.
    count: u32,
    /// The wire name of the last entry.
    name: Vec<u8>,
    state: State,
    /// First entries of this list's hard-link groups, by ascending group number.
    leaders: Vec<Leader>,
    /// Groups of earlier lists, ascending.
    earlier_groups: Vec<u32>,
}

/// What an abbreviated entry takes from the first of its group.
#[derive(Debug)]
struct Leader {
    gnum: u32,
    /// The state that it left behind.
    after: State,
    len: u64,
    mtime_nsec: u32,
    crtime: i64,
    rdev: (u32, u32),
    link_target: Box<[u8]>,
    checksum: Box<[u8]>,
}

fn bad(fault: Fault, text: impl Into<Vec<u8>>) -> DecodeError {
    WireError::new(fault, text).into()
}

fn invalid_mode(mode: u32, name: &[u8]) -> DecodeError {
    let text = format!("invalid file mode 0{mode:o} for ");
    WireError::about(Fault::Protocol, text, name).with_role().into()
}

/// As [`bad`], for a text that ends in a name.
fn bad_name(fault: Fault, text: impl AsRef<[u8]>, name: &[u8]) -> DecodeError {
    WireError::about(fault, text, name).into()
}

impl FlistDecoder {
    /// A fresh session.
    pub fn new(format: FlistFormat) -> Self {
        FlistDecoder {
            access_acls: AclTable::new(AclKind::Access),
            default_acls: AclTable::new(AclKind::Default),
            xattrs: XattrTable::default(),
            format,
            base: 0,
            count: 0,
            name: Vec::new(),
            state: State::default(),
            leaders: Vec::new(),
            earlier_groups: Vec::new(),
        }
    }

    /// Starts a list whose first index is `base` (0 when not incremental).
    pub fn begin(&mut self, base: u32) {
        if self.format.inc_recurse {
            self.earlier_groups.extend(self.leaders.iter().map(|leader| leader.gnum));
        }
        self.leaders.clear();
        self.base = base;
        self.count = 0;
    }

    /// The next entry or the end. All checks of an entry that need no knowledge of the request are
    /// made here. Abbreviated entries come back complete (the decoder remembers what it needs of
    /// hard-link leaders of the current list). State changes only on success.
    pub fn decode(&mut self, c: &mut Cursor<'_>) -> Decode<ListItem> {
        let acls = (self.access_acls.entries().len(), self.default_acls.entries().len());
        let mut at = c.clone();
        match self.item(&mut at) {
            Ok(item) => {
                *c = at;
                Ok(item)
            }
            Err(e) => {
                // The attributes come last: theirs is the table that cannot be ahead.
                self.access_acls.truncate(acls.0);
                self.default_acls.truncate(acls.1);
                Err(e)
            }
        }
    }

    /// Whether the user of the last entry came with its name, there or in the entry before it that
    /// it shares the user with.
    pub fn user_was_named(&self) -> bool {
        self.state.uid_named
    }

    /// Changes nothing but the tables unless it succeeds.
    #[inline]
    fn item(&mut self, c: &mut Cursor<'_>) -> Decode<ListItem> {
        let flags = match self.format.decode_start(c)? {
            Start::Entry(flags) => flags,
            Start::End { io_error } => return Ok(ListItem::End { io_error }),
        };
        let (shared, suffix) = self.name_parts(flags, c)?;
        let mut name = Vec::with_capacity(shared + suffix.len());
        name.extend_from_slice(&self.name[..shared]);
        name.extend_from_slice(suffix);
        self.check_name(&name, shared)?;

        let mut entry = FileEntry { name, ..FileEntry::default() };
        let (leader, first) = self.hard_link_reference(flags, &mut entry, c)?;
        let state = match leader {
            Some(leader) => {
                let leader = &self.leaders[leader];
                leader.fill(&mut entry);
                self.state.after_abbreviated(leader.after)
            }
            None => self.fields(flags, &mut entry, c)?,
        };
        let kind = self.kind(entry.mode).ok_or_else(|| invalid_mode(entry.mode, &entry.name))?;
        if kind == Kind::Dir {
            entry.hard_link = HardLink::None;
            entry.top_dir = flags & TOP_DIR != 0;
            entry.no_content = self.format.protocol.has_varints() && flags & NO_CONTENT_DIR != 0;
        } else if is_transfer_root(&entry.name) {
            let text = "ERROR: rejecting non-directory transfer-root entry: ";
            return Err(bad_name(Fault::Protocol, text, &entry.name));
        }
        if leader.is_none()
            && let Some(len) = self.format.checksum_field(kind)
        {
            let checksum = c.take(len)?;
            if kind == Kind::Regular {
                entry.checksum = checksum.to_vec();
            }
        }
        if self.format.has_acl(kind) {
            let access = self.access_acls.decode(c)?;
            let default = if kind == Kind::Dir { Some(self.default_acls.decode(c)?) } else { None };
            entry.acl = Some((access, default));
        }
        if self.format.xattrs {
            entry.xattr = Some(self.xattrs.decode(&entry.name, c)?);
        }

        // Complete: nothing below fails.
        if first && kind != Kind::Dir {
            let gnum = self.base.saturating_add(self.count);
            self.leaders.push(Leader::new(gnum, state, &entry));
        }
        if !self.format.hard_links {
            entry.hard_link = HardLink::None;
        }
        self.count = self.count.saturating_add(1);
        self.name.truncate(shared);
        self.name.extend_from_slice(suffix);
        self.state = state;
        Ok(ListItem::Entry(entry))
    }

    /// The length of the part shared with the last name, and the rest of the name.
    #[inline]
    fn name_parts<'a>(&self, flags: u32, c: &mut Cursor<'a>) -> Decode<(usize, &'a [u8])> {
        let l1 = if flags & SAME_NAME != 0 { usize::from(c.byte()?) } else { 0 };
        let l2 = if flags & LONG_NAME != 0 {
            c.varint30(self.format.protocol)? as u32
        } else {
            u32::from(c.byte()?)
        };
        if l2 as usize >= MAX_PATH - l1 {
            let line = format!("overflow: xflags=0x{flags:x} l1={l1} l2={} lastname=", l2 as i32);
            let line = [line.as_bytes(), &self.name].concat();
            return Err(WireError::memory(OVERFLOW).with_role().behind(line).into());
        }
        if l1 > self.name.len() {
            let text = format!("name prefix longer than the name before: l1={l1} lastname=");
            return Err(bad_name(Fault::Protocol, text, &self.name));
        }
        Ok((l1, c.take(l2 as usize)?))
    }

    /// `shared` bytes come from a name that passed before.
    #[inline]
    fn check_name(&self, name: &[u8], shared: usize) -> Decode<()> {
        // The component in which the new part begins is looked at whole.
        let start = name[..shared].iter().rposition(|&b| b == b'/').map_or(0, |slash| slash + 1);
        let tail = &name[start..];
        let absolute = name.first() == Some(&b'/');
        if (absolute && !self.format.relative) || components(tail).any(|part| part == b"..") {
            let text = "ABORTING due to unsafe pathname from sender: ";
            return Err(bad_name(Fault::Refused, text, name));
        }
        let fault = if tail.contains(&0) {
            "NUL"
        } else if name.iter().all(|&b| b == b'/') {
            "nothing"
        } else if !self.format.relative && name.ends_with(b"/.") && !is_transfer_root(name) {
            // Neither before nor behind the directory's other entries, so both sides would number
            // the list differently. Old senders use it under `--relative`.
            "a final dot"
        } else {
            return Ok(());
        };
        let text = format!("invalid file name with {fault} in it from sender: ");
        Err(bad_name(Fault::Protocol, text, name))
    }

    /// Reads the reference of a group member. Returns the position of the leader if the entry is
    /// abbreviated, and whether it leads a group itself.
    #[inline]
    fn hard_link_reference(
        &self,
        flags: u32,
        entry: &mut FileEntry,
        c: &mut Cursor<'_>,
    ) -> Decode<(Option<usize>, bool)> {
        if flags & HLINKED == 0 || !self.format.protocol.has_varints() {
            return Ok((None, false));
        }
        if flags & HLINK_FIRST != 0 {
            entry.hard_link = HardLink::First;
            return Ok((None, true));
        }
        let reference = c.varint()?;
        let limit = u64::from(self.base) + u64::from(self.count);
        let out_of_range = || {
            let text = format!("hard-link reference out of range: {reference} ({limit})");
            bad(Fault::Protocol, text)
        };
        let gnum = u32::try_from(reference).map_err(|_| out_of_range())?;
        if u64::from(gnum) >= limit {
            return Err(out_of_range());
        }
        entry.hard_link = HardLink::Member(gnum);
        if gnum >= self.base {
            let leader = self.leaders.binary_search_by_key(&gnum, |leader| leader.gnum);
            return Ok((Some(leader.map_err(|_| out_of_range())?), false));
        }
        if self.earlier_groups.binary_search(&gnum).is_err() {
            let base = self.base;
            let text = format!("hard-link gnum {gnum} precedes flist start {base}");
            return Err(bad(Fault::Protocol, text));
        }
        Ok((None, false))
    }

    /// The type, if there is such a type and this session may have it.
    #[inline]
    fn kind(&self, mode: u32) -> Option<Kind> {
        Kind::of(mode).filter(|&kind| kind != Kind::Missing || self.format.missing_args)
    }

    /// The fields from the length to the device and inode. Returns the state behind the entry.
    #[inline]
    fn fields(&self, flags: u32, entry: &mut FileEntry, c: &mut Cursor<'_>) -> Decode<State> {
        let f = &self.format;
        let p = f.protocol;
        let mut s = self.state;

        let len = c.varlong30(p, 3)?;
        if flags & SAME_TIME == 0 {
            s.mtime = if p.has_varints() { c.varlong(4)? } else { i64::from(c.int32()? as u32) };
        }
        entry.mtime = s.mtime;
        if p.has_varints() && flags & MOD_NSEC != 0 {
            let nsec = c.varint()?;
            if !(0..=MAX_NSEC).contains(&nsec) {
                return Err(WireError::value("modtime_nsec", nsec, MAX_NSEC).into());
            }
            entry.mtime_nsec = nsec as u32;
        }
        if f.crtimes {
            let same = f.varint_flags && flags & CRTIME_EQ_MTIME != 0;
            entry.crtime = if same { s.mtime } else { c.varlong(4)? };
        }
        if flags & SAME_MODE == 0 {
            let sent = c.int32()? as u32;
            s.mode = sent & 0xffff;
            s.started = true;
            if self.kind(s.mode).is_none() {
                return Err(invalid_mode(sent, &entry.name));
            }
        } else if !s.started && !f.missing_args {
            // Would pass for a request to delete the file.
            return Err(invalid_mode(0, &entry.name));
        }
        entry.mode = s.mode;
        let kind = self.kind(s.mode).ok_or_else(|| invalid_mode(s.mode, &entry.name))?;

        if f.has_atime(kind) {
            // Protocol 27 has no way to leave it out.
            if flags & SAME_ATIME == 0 || !p.has_extended_flags() {
                s.atime = c.varlong(4)?;
            }
            entry.atime = s.atime;
        }
        if f.owner {
            if flags & SAME_UID == 0 {
                s.uid = c.varint30(p)? as u32;
                s.uid_named = p.has_varints() && flags & USER_NAME_FOLLOWS != 0;
                if s.uid_named {
                    entry.uid_name = Some(ids::name(c)?);
                }
            }
            entry.uid = s.uid;
        }
        if f.group {
            if flags & SAME_GID == 0 {
                s.gid = c.varint30(p)? as u32;
                if p.has_varints() && flags & GROUP_NAME_FOLLOWS != 0 {
                    entry.gid_name = Some(ids::name(c)?);
                }
            }
            entry.gid = s.gid;
        }
        if f.has_rdev(kind) {
            let rdev = self.rdev(flags, &mut s, c)?;
            // Specials carry a dummy.
            if kind == Kind::Device {
                entry.rdev = rdev;
            }
        } else if !p.has_extended_flags() && !matches!(kind, Kind::Device | Kind::Special) {
            s.rdev = 0;
        }
        if f.has_target(kind) {
            entry.link_target = self.link_target(&entry.name, c)?;
        }
        entry.len = u64::try_from(len)
            .map_err(|_| bad(Fault::Refused, "Offset underflow: file-length is negative"))?;
        if f.hard_links && !p.has_varints() {
            entry.hard_link = self.dev_ino(flags, kind, &mut s, c)?;
        }
        Ok(s)
    }

    fn rdev(&self, flags: u32, s: &mut State, c: &mut Cursor<'_>) -> Decode<(u32, u32)> {
        let p = self.format.protocol;
        if !p.has_extended_flags() {
            if flags & SAME_RDEV == 0 {
                s.rdev = c.int32()? as u32;
            }
            return Ok(split_rdev(s.rdev));
        }
        if flags & SAME_RDEV_MAJOR == 0 {
            s.rdev = c.varint30(p)? as u32;
        }
        let minor = if !p.has_varints() && flags & RDEV_MINOR_8 != 0 {
            u32::from(c.byte()?)
        } else {
            c.varint30(p)? as u32
        };
        Ok((s.rdev, minor))
    }

    fn link_target(&self, name: &[u8], c: &mut Cursor<'_>) -> Decode<Vec<u8>> {
        let len = c.varint30(self.format.protocol)?;
        let checked = usize::try_from(len).ok().filter(|&len| len < MAX_PATH);
        let Some(checked) = checked else {
            let line = format!("overflow: linkname_len={len}");
            return Err(WireError::memory(OVERFLOW).behind(line).into());
        };
        let target = c.take(checked)?;
        if target.is_empty() || target.contains(&0) {
            return Err(bad_name(Fault::Protocol, "invalid symlink target from sender for ", name));
        }
        Ok(target.to_vec())
    }

    /// Device and inode, before protocol 30.
    fn dev_ino(
        &self,
        flags: u32,
        kind: Kind,
        s: &mut State,
        c: &mut Cursor<'_>,
    ) -> Decode<HardLink> {
        let flagged = self.format.protocol.has_extended_flags();
        if flagged && flags & HLINKED == 0 || !flagged && kind != Kind::Regular {
            return Ok(HardLink::None);
        }
        if !flagged || flags & SAME_DEV == 0 {
            s.dev = c.longint()?;
        }
        let inode = c.longint()?;
        Ok(HardLink::DevIno(s.dev.wrapping_sub(1) as u64, inode as u64))
    }
}

impl Leader {
    fn new(gnum: u32, after: State, e: &FileEntry) -> Self {
        Leader {
            gnum,
            after,
            len: e.len,
            mtime_nsec: e.mtime_nsec,
            crtime: e.crtime,
            rdev: e.rdev,
            link_target: e.link_target.as_slice().into(),
            checksum: e.checksum.as_slice().into(),
        }
    }

    fn fill(&self, e: &mut FileEntry) {
        e.len = self.len;
        e.mtime = self.after.mtime;
        e.mtime_nsec = self.mtime_nsec;
        e.crtime = self.crtime;
        e.mode = self.after.mode;
        e.atime = self.after.atime;
        e.uid = self.after.uid;
        e.gid = self.after.gid;
        e.rdev = self.rdev;
        e.link_target = self.link_target.to_vec();
        e.checksum = self.checksum.to_vec();
    }
}

fn components(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    name.split(|&b| b == b'/')
}

/// Whether cleaning leaves nothing but `.` or `/.`.
fn is_transfer_root(name: &[u8]) -> bool {
    matches!(name.first(), Some(b'.' | b'/'))
        && components(name).all(|part| part.is_empty() || part == b".")
}
