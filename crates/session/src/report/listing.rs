//! Lines of a listing (man page, --list-only).

use super::{human, time};
use crate::Settings;

/// An entry of a listing.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListEntry<'a> {
    /// The name, without a slash at the end.
    pub name: &'a [u8],
    /// Type and permissions; 0 is a missing argument.
    pub mode: u32,
    /// Size.
    pub len: u64,
    /// Modification time.
    pub mtime: i64,
    /// Access time, shown with `-U`.
    pub atime: i64,
    /// Creation time, shown with `-N`.
    pub crtime: i64,
    /// A symlink's target if links are preserved, else empty.
    pub link_target: &'a [u8],
}

const TYPE: u32 = 0o170000;
pub(super) const DIRECTORY: u32 = 0o040000;
pub(super) const REGULAR: u32 = 0o100000;
pub(super) const SYMLINK: u32 = 0o120000;

/// `drwxr-xr-x`.
pub fn permissions(mode: u32) -> [u8; 10] {
    let mut out = *b"-rwxrwxrwx";
    out[0] = match mode & TYPE {
        DIRECTORY => b'd',
        SYMLINK => b'l',
        0o060000 => b'b',
        0o020000 => b'c',
        0o140000 => b's',
        0o010000 => b'p',
        _ => b'-',
    };
    for (i, c) in out[1..].iter_mut().enumerate() {
        if mode & (0o400 >> i) == 0 {
            *c = b'-';
        }
    }
    for (bit, at, letters) in [(0o4000, 3, b"sS"), (0o2000, 6, b"sS"), (0o1000, 9, b"tT")] {
        if mode & bit != 0 {
            out[at] = if out[at] == b'x' { letters[0] } else { letters[1] };
        }
    }
    out
}

pub(super) fn is(mode: u32, kind: u32) -> bool {
    mode & TYPE == kind
}

/// The line of an entry, without newline.
pub fn list_line(settings: &Settings, e: &ListEntry<'_>) -> Vec<u8> {
    let size_width = if settings.human == 0 { 11 } else { 14 };
    let mut columns = match e.mode {
        0 => {
            let times = 1 + usize::from(settings.atimes > 0) + usize::from(settings.crtimes);
            let width = 10 + 1 + size_width + 20 * times;
            format!("{:width$}", "*missing")
        }
        mode => {
            let permissions = permissions(mode);
            let permissions = String::from_utf8_lossy(&permissions);
            let size = human::bytes(settings.human, e.len);
            let mut line =
                format!("{permissions} {size:>size_width$} {}", time::stamp(e.mtime, ' '));
            if settings.atimes > 0 {
                // A directory's access time is never sent.
                let atime = match is(mode, DIRECTORY) {
                    true => String::new(),
                    false => time::stamp(e.atime, ' '),
                };
                line.push_str(&format!(" {atime:19}"));
            }
            if settings.crtimes {
                line.push_str(&format!(" {}", time::stamp(e.crtime, ' ')));
            }
            line
        }
    }
    .into_bytes();
    columns.push(b' ');
    columns.extend_from_slice(e.name);
    if is(e.mode, SYMLINK) && !e.link_target.is_empty() {
        columns.extend_from_slice(b" -> ");
        columns.extend_from_slice(e.link_target);
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(settings: &Settings, e: &ListEntry<'_>) -> String {
        // Times are shown in the local zone; the tests replace them.
        let line = String::from_utf8(list_line(settings, e)).unwrap();
        line.replace(&time::stamp(e.mtime, ' '), "2024/02/03 04:05:06")
    }

    #[test]
    fn recorded_lines() {
        let grouped = Settings { human: 1, ..Settings::default() };
        let plain = Settings::default();
        let units = Settings { human: 2, ..Settings::default() };
        let atimes = Settings { human: 1, atimes: 1, ..Settings::default() };
        let dir = ListEntry { name: b".", mode: 0o40755, len: 4096, ..ListEntry::default() };
        let file =
            ListEntry { name: b"big", mode: 0o104711, len: 1_234_567, ..ListEntry::default() };
        let link = ListEntry {
            name: b"l",
            mode: 0o120777,
            len: 1,
            link_target: b"f",
            ..ListEntry::default()
        };
        let gone = ListEntry { name: b"nope", ..ListEntry::default() };
        let huge = ListEntry { name: b"f", mode: 0o100644, len: 1 << 40, ..ListEntry::default() };
        for (settings, entry, want) in [
            (&grouped, &dir, "drwxr-xr-x          4,096 2024/02/03 04:05:06 ."),
            (&units, &dir, "drwxr-xr-x          4.10K 2024/02/03 04:05:06 ."),
            (&plain, &dir, "drwxr-xr-x        4096 2024/02/03 04:05:06 ."),
            (&atimes, &dir, "drwxr-xr-x          4,096 2024/02/03 04:05:06                     ."),
            (&grouped, &file, "-rws--x--x      1,234,567 2024/02/03 04:05:06 big"),
            (&plain, &file, "-rws--x--x     1234567 2024/02/03 04:05:06 big"),
            (
                &atimes,
                &file,
                "-rws--x--x      1,234,567 2024/02/03 04:05:06 2024/02/03 04:05:06 big",
            ),
            (&grouped, &link, "lrwxrwxrwx              1 2024/02/03 04:05:06 l -> f"),
            (&grouped, &huge, "-rw-r--r-- 1,099,511,627,776 2024/02/03 04:05:06 f"),
            (&grouped, &gone, "*missing                                      nope"),
            (&plain, &gone, "*missing                                   nope"),
            (
                &atimes,
                &gone,
                "*missing                                                          nope",
            ),
        ] {
            assert_eq!(line(settings, entry), want);
        }
    }

    #[test]
    fn special_bits() {
        for (mode, want) in [
            (0o041777, b"drwxrwxrwt"),
            (0o041776, b"drwxrwxrwT"),
            (0o104644, b"-rwSr--r--"),
            (0o106711, b"-rws--s--x"),
            (0o102640, b"-rw-r-S---"),
            (0o060600, b"brw-------"),
            (0o020660, b"crw-rw----"),
            (0o140755, b"srwxr-xr-x"),
            (0o010644, b"prw-r--r--"),
        ] {
            assert_eq!(&permissions(mode), want);
        }
    }
}
