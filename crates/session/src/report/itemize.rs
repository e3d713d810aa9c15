//! The eleven columns of `%i` (man page, --itemize-changes).

use super::listing::{DIRECTORY, REGULAR, SYMLINK, is};
use crate::{Session, Settings};
use wire::item::{Item, ItemFlags};

/// The columns of a deletion.
pub const DELETING: &[u8; 11] = b"*deleting  ";

/// What the columns depend on besides the item.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Columns {
    /// Data goes to another process than ours: `<`.
    pub sends: bool,
    /// Modification times are preserved.
    pub times: bool,
    /// The receiving side can set the times of symlinks.
    pub symlink_times: bool,
    /// Requests say what differs (protocol 29 and later).
    pub item_flags: bool,
}

impl Columns {
    /// As a session's settings say.
    pub fn of(session: &Session) -> Columns {
        let Settings { am_sender, local, times, .. } = session.settings;
        Columns {
            sends: am_sender && !local,
            times,
            symlink_times: session.receiver_symlink_times,
            item_flags: session.protocol.has_item_flags(),
        }
    }

    /// The columns of an item.
    pub fn show(self, mode: u32, item: &Item) -> [u8; 11] {
        let flags = item.flags;
        let mut out = *b"...........";
        out[0] = match () {
            () if flags.has(ItemFlags::LOCAL_CHANGE) && flags.has(ItemFlags::XNAME_FOLLOWS) => b'h',
            () if flags.has(ItemFlags::LOCAL_CHANGE) => b'c',
            () if !flags.has(ItemFlags::TRANSFER) => b'.',
            () if self.sends => b'<',
            () => b'>',
        };
        let symlink = is(mode, SYMLINK);
        out[1] = match mode & 0o170000 {
            SYMLINK => b'L',
            DIRECTORY => b'd',
            0o020000 | 0o060000 => b'D',
            0o010000 | 0o140000 => b'S',
            _ => b'f',
        };
        if flags.has(ItemFlags::IS_NEW) {
            out[2..].fill(b'+');
            return out;
        }
        if !self.item_flags && flags.has(ItemFlags::TRANSFER) {
            out[2..].fill(b'?');
            return out;
        }
        let late = !self.times
            || (symlink && (!self.symlink_times || flags.has(ItemFlags::REPORT_TIMEFAIL)));
        let access = flags.has(ItemFlags::REPORT_ATIME);
        for (at, bit, letter) in [
            (2, ItemFlags::REPORT_CHANGE, b'c'),
            (4, ItemFlags::REPORT_TIME, if late { b'T' } else { b't' }),
            (5, ItemFlags::REPORT_PERMS, b'p'),
            (6, ItemFlags::REPORT_OWNER, b'o'),
            (7, ItemFlags::REPORT_GROUP, b'g'),
            (8, ItemFlags::REPORT_ATIME, b'u'),
            (8, ItemFlags::REPORT_CRTIME, if access { b'b' } else { b'n' }),
            (9, ItemFlags::REPORT_ACL, b'a'),
            (10, ItemFlags::REPORT_XATTR, b'x'),
        ] {
            if flags.has(bit) {
                out[at] = letter;
            }
        }
        if is(mode, REGULAR) && flags.has(ItemFlags::REPORT_SIZE) {
            out[3] = b's';
        }
        if matches!(out[0], b'.' | b'h' | b'c') && out[2..].iter().all(|&c| c == b'.') {
            out[2..].fill(b' ');
        }
        out
    }
}

/// Whether the item says that anything differs.
pub fn significant(flags: ItemFlags) -> bool {
    let silent = ItemFlags::BASIS_TYPE_FOLLOWS | ItemFlags::XNAME_FOLLOWS | ItemFlags::LOCAL_CHANGE;
    flags.has(!silent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(flags: u16) -> Item {
        Item { flags: ItemFlags(flags), ..Item::default() }
    }

    #[test]
    fn recorded_columns() {
        let archive = Columns { sends: false, times: true, symlink_times: true, item_flags: true };
        let sends = Columns { sends: true, ..archive };
        let no_times = Columns { times: false, ..archive };
        let no_links = Columns { symlink_times: false, ..archive };
        let old = Columns { item_flags: false, ..archive };
        for (columns, mode, flags, want) in [
            (archive, 0o100644, 0xa000, ">f+++++++++"),
            (sends, 0o100644, 0xa000, "<f+++++++++"),
            (archive, 0o40755, 0x6000, "cd+++++++++"),
            (archive, 0o40755, 0x0008, ".d..t......"),
            (archive, 0o40755, 0x0000, ".d         "),
            (archive, 0o40755, 0x4000, "cd         "),
            (archive, 0o120777, 0x6000, "cL+++++++++"),
            (archive, 0o120777, 0x400a, "cLc.t......"),
            (no_times, 0o120777, 0x400a, "cLc.T......"),
            (no_links, 0o120777, 0x400a, "cLc.T......"),
            (archive, 0o120777, 0x400e, "cLc.T......"),
            (no_links, 0o100644, 0x800c, ">f.st......"),
            (archive, 0o100644, 0x800c, ">f.st......"),
            (no_times, 0o100644, 0x8008, ">f..T......"),
            (archive, 0o100644, 0x800a, ">fc.t......"),
            (archive, 0o100644, 0x8000, ">f........."),
            (archive, 0o100644, 0x0010, ".f...p....."),
            (archive, 0o100644, 0x0060, ".f....og..."),
            (archive, 0o100644, 0x0001, ".f......u.."),
            (archive, 0o100644, 0x0400, ".f......n.."),
            (archive, 0o100644, 0x0401, ".f......b.."),
            (archive, 0o100644, 0x0180, ".f.......ax"),
            (archive, 0o100644, 0x5000, "hf         "),
            (archive, 0o100644, 0x7000, "hf+++++++++"),
            (archive, 0o100644, 0x5008, "hf..t......"),
            (archive, 0o020644, 0x0008, ".D..t......"),
            (archive, 0o020644, 0x000c, ".D..t......"),
            (archive, 0o010644, 0x6000, "cS+++++++++"),
            (archive, 0o140644, 0x6000, "cS+++++++++"),
            (old, 0o100644, 0x8000, ">f?????????"),
            (Columns { sends: true, ..old }, 0o100644, 0x8000, "<f?????????"),
            (old, 0o40755, 0x0008, ".d..t......"),
        ] {
            let got = columns.show(mode, &item(flags));
            assert_eq!(std::str::from_utf8(&got).unwrap(), want, "{flags:#x}");
        }
    }

    #[test]
    fn what_matters() {
        for flags in [0x0008, 0x8000, 0x2000, 0x0100, 0x6000] {
            assert!(significant(ItemFlags(flags)), "{flags:#x}");
        }
        for flags in [0, 0x4000, 0x1000, 0x5800] {
            assert!(!significant(ItemFlags(flags)), "{flags:#x}");
        }
    }
}
