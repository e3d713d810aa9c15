//! What `--debug=FLIST3` tells of a list that is complete, and of what a directory has that may be deleted.
use super::{Entry, Segment};
use crate::{Session, log::Log, receive::acts_as_root, report::human};
use fsroot::{Kind, Stat, names::is_me};

/// Bits of an entry as rsync shows them.
mod bits {
    pub const TOP: u32 = 0x1;
    /// Of what a directory has.
    pub const OURS: u32 = 0x1;
    pub const CONTENT: u32 = 0x4;
    pub const LINKED: u32 = 0x20;
    pub const IMPLIED: u32 = 0x40;
    pub const LONG: u32 = 0x200;
    /// The group is none that we can give a file.
    pub const NO_GROUP: u32 = 0x400;
    /// The time has a fraction (since protocol 31).
    pub const FRACTION: u32 = 0x1000;
}

/// What is told of an entry.
pub(crate) struct Line<'a> {
    pub index: i64,
    /// What stands before the name.
    pub place: &'a [u8],
    /// `None`: a duplicate.
    pub name: Option<&'a [u8]>,
    pub is_dir: bool,
    pub mode: u32,
    pub len: u64,
    pub uid: u32,
    pub gid: u32,
    pub flags: u32,
}

impl Line<'_> {
    fn say(&self, log: &Log, session: &Session) {
        let mut line = format!("[{}] i={} ", log.role().name(), self.index).into_bytes();
        line.extend_from_slice(self.place);
        line.push(b' ');
        if let Some(name) = self.name {
            line.extend_from_slice(name);
            if self.is_dir {
                line.push(b'/');
            }
        }
        let len = human::count(session.settings.human, self.len);
        line.extend_from_slice(format!(" mode=0{:o} len={len}", self.mode).as_bytes());
        let settings = &session.settings;
        if settings.owner && (settings.am_sender || acts_as_root(settings)) {
            line.extend_from_slice(format!(" uid={}", self.uid).as_bytes());
        }
        if settings.group {
            let gid = match self.flags & bits::NO_GROUP {
                0 => format!(" gid={}", self.gid),
                _ => format!(" gid=({})", self.gid),
            };
            line.extend_from_slice(gid.as_bytes());
        }
        line.extend_from_slice(format!(" flags={:x}", self.flags).as_bytes());
        log.info(line);
    }
}

fn say_head(log: &Log, base: i32, used: usize, low: usize, high: i64) {
    let role = log.role().name();
    log.info(format!("[{role}] flist start={base}, used={used}, low={low}, high={high}"));
}

/// Tells of what a directory has that may be deleted, in the order of a list.
pub(crate) fn say_doomed<'a>(
    log: &Log,
    session: &Session,
    found: impl ExactSizeIterator<Item = (&'a [u8], Option<Stat>)>,
) {
    say_head(log, 0, found.len(), 0, found.len() as i64 - 1);
    for (index, (name, st)) in (0..).zip(found) {
        // It is gone meanwhile.
        let Some(st) = st else { continue };
        let is_dir = st.kind == Kind::Directory;
        let has_len = is_dir || matches!(st.kind, Kind::Regular | Kind::Symlink);
        let flags = if is_me(st.uid) { bits::OURS } else { 0 }
            | if is_dir { bits::CONTENT } else { 0 }
            | fraction(session, st.mtime_nsec)
            | long(st.len);
        let mode = st.kind.wire_bits() | st.perm;
        let len = if has_len { st.len } else { 0 };
        let line = Line {
            index,
            place: b"0",
            name: Some(name),
            is_dir,
            mode,
            len,
            uid: st.uid,
            gid: st.gid,
            flags,
        };
        line.say(log, session);
    }
}

/// Tells of each entry, as the role of `log` knows it; `place` is what stands before the name: on the sending side the source, on the
/// receiving side the depth. `keeps_group`: whether a file can have that group.
pub(crate) fn say(
    log: &Log,
    session: &Session,
    list: &Segment,
    place: impl Fn(Entry<'_>) -> Vec<u8>,
    mut keeps_group: impl FnMut(u32) -> bool,
) {
    let present = |n: &usize| list.get(*n).is_some();
    let low = (0..list.len()).find(present).unwrap_or(0);
    let high = (0..list.len()).rfind(present).map_or(-1, |n| n as i64);
    say_head(log, list.base(), list.len(), low, high);
    let mut name = Vec::new();
    for n in 0..list.len() {
        let Some(e) = list.get_blanked(n) else { continue };
        let index = i64::from(list.base()) + n as i64;
        let (uid, gid) = (e.uid(), e.gid());
        let Some(e) = list.get(n) else {
            let line = Line {
                index,
                place: b"",
                name: None,
                is_dir: false,
                mode: 0,
                len: 1,
                uid,
                gid,
                flags: 0,
            };
            line.say(log, session);
            continue;
        };
        name.clear();
        e.push_wire_name(&mut name);
        let (mode, len) = (e.mode(), e.len());
        let no_group = session.settings.group && !keeps_group(gid);
        let flags = flags(session, e) | if no_group { bits::NO_GROUP } else { 0 };
        let line = Line {
            index,
            place: &place(e),
            name: Some(&name),
            is_dir: e.is_dir(),
            mode,
            len,
            uid,
            gid,
            flags,
        };
        line.say(log, session);
    }
}

fn fraction(session: &Session, nsec: u32) -> u32 {
    if session.protocol.has_error_exit() && nsec != 0 { bits::FRACTION } else { 0 }
}

fn long(len: u64) -> u32 {
    if len > u64::from(u32::MAX) { bits::LONG } else { 0 }
}

fn flags(session: &Session, e: Entry<'_>) -> u32 {
    let linked =
        !session.settings.am_sender && session.settings.hard_links && e.hard_link_group().is_some();
    [
        (e.is_dir() && e.implied(), bits::IMPLIED),
        (e.is_dir() && e.top_dir(), bits::TOP),
        (e.is_dir() && e.has_content(), bits::CONTENT),
        (linked, bits::LINKED),
    ]
    .into_iter()
    .fold(fraction(session, e.mtime_nsec()) | long(e.len()), |flags, (has, bit)| {
        if has { flags | bit } else { flags }
    })
}

/// How deep an entry lies; the top directory itself not at all.
pub(crate) fn depth(e: Entry<'_>) -> Vec<u8> {
    let name = e.name();
    let depth = if e.is_root() { 0 } else { name.iter().filter(|b| **b == b'/').count() + 1 };
    depth.to_string().into_bytes()
}
