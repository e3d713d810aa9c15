//! What `--debug=FLIST3` tells of a list that is complete.
use super::{Entry, Segment};
use crate::{Session, log::Log, report::human};

/// Bits of an entry as rsync shows them.
mod bits {
    pub const TOP: u32 = 0x1;
    pub const CONTENT: u32 = 0x4;
    pub const LINKED: u32 = 0x20;
    pub const IMPLIED: u32 = 0x40;
    pub const LONG: u32 = 0x200;
    /// The time has a fraction (since protocol 31).
    pub const FRACTION: u32 = 0x1000;
}

/// Tells of each entry, as the role of `log` knows it; `place` is what stands before the name: on the sending side the source, on the
/// receiving side the depth.
pub(crate) fn say(
    log: &Log,
    session: &Session,
    list: &Segment,
    place: impl Fn(Entry<'_>) -> Vec<u8>,
) {
    let role = log.role().name();
    let present = |n: &usize| list.get(*n).is_some();
    let low = (0..list.len()).find(present).unwrap_or(0);
    let high = (0..list.len()).rfind(present).map_or(-1, |n| n as i64);
    let (base, used) = (list.base(), list.len());
    log.info(format!("[{role}] flist start={base}, used={used}, low={low}, high={high}"));
    for n in 0..list.len() {
        let mut line = format!("[{role}] i={} ", i64::from(base) + n as i64).into_bytes();
        let Some(e) = list.get_blanked(n) else { continue };
        let (mode, len, flags) = match list.get(n) {
            Some(e) => {
                line.extend_from_slice(&place(e));
                line.push(b' ');
                e.push_wire_name(&mut line);
                if e.is_dir() {
                    line.push(b'/');
                }
                (e.mode(), e.len(), flags(session, e))
            }
            // A duplicate.
            None => {
                line.push(b' ');
                (0, 1, 0)
            }
        };
        let len = human::count(session.settings.human, len);
        line.extend_from_slice(format!(" mode=0{mode:o} len={len}").as_bytes());
        let ids =
            [("uid", session.settings.owner, e.uid()), ("gid", session.settings.group, e.gid())];
        for (what, _, id) in ids.iter().filter(|(_, kept, _)| *kept) {
            line.extend_from_slice(format!(" {what}={id}").as_bytes());
        }
        line.extend_from_slice(format!(" flags={flags:x}").as_bytes());
        log.info(line);
    }
}

fn flags(session: &Session, e: Entry<'_>) -> u32 {
    let linked =
        !session.settings.am_sender && session.settings.hard_links && e.hard_link_group().is_some();
    [
        (session.protocol.has_error_exit() && e.mtime_nsec() != 0, bits::FRACTION),
        (e.is_dir() && e.implied(), bits::IMPLIED),
        (e.is_dir() && e.top_dir() && !e.implied(), bits::TOP),
        (e.is_dir() && e.has_content(), bits::CONTENT),
        (linked, bits::LINKED),
        (e.len() > u64::from(u32::MAX), bits::LONG),
    ]
    .into_iter()
    .fold(0, |flags, (has, bit)| if has { flags | bit } else { flags })
}

/// How deep an entry lies; the top directory itself not at all.
pub(crate) fn depth(e: Entry<'_>) -> Vec<u8> {
    let name = e.name();
    let depth = if e.is_root() { 0 } else { name.iter().filter(|b| **b == b'/').count() + 1 };
    depth.to_string().into_bytes()
}
