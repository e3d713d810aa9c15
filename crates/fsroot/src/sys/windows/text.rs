//! Names and paths: WTF-8 on our side and on the wire, UTF-16 on Windows'.

use super::Errno;
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// Names that stand for devices in every directory, with any extension.
const DEVICES: &[&str] = &["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// From the system's form; an unpaired surrogate becomes its three bytes.
pub(super) fn to_bytes(text: impl IntoIterator<Item = u16>) -> Vec<u8> {
    let mut out = Vec::new();
    for c in char::decode_utf16(text) {
        match c {
            Ok(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Err(lone) => {
                let unit = lone.unpaired_surrogate();
                let low = |shift: u16| 0x80 | ((unit >> shift) & 0x3f) as u8;
                out.extend_from_slice(&[0xe0 | (unit >> 12) as u8, low(6), low(0)]);
            }
        }
    }
    out
}

/// To the system's form; what is no UTF-8 (but for surrogates) is EILSEQ.
pub(super) fn to_wide(mut bytes: &[u8]) -> Result<Vec<u16>, Errno> {
    let mut out = Vec::with_capacity(bytes.len());
    loop {
        let (valid, rest) = match std::str::from_utf8(bytes) {
            Ok(all) => (all, &[][..]),
            Err(e) => {
                let (valid, rest) = bytes.split_at(e.valid_up_to());
                (std::str::from_utf8(valid).map_err(|_| Errno::ILSEQ)?, rest)
            }
        };
        out.extend(valid.encode_utf16());
        match *rest {
            [] => return Ok(out),
            [0xed, a @ 0xa0..=0xbf, b @ 0x80..=0xbf, ..] => {
                out.push(0xd000 | u16::from(a & 0x3f) << 6 | u16::from(b & 0x3f));
                bytes = &rest[3..];
            }
            _ => return Err(Errno::ILSEQ),
        }
    }
}

/// A path of ours for the system. A drive alone is its root, not where this process is on it.
pub(crate) fn path(bytes: &[u8]) -> Cow<'_, Path> {
    let mut os = os(bytes).into_owned();
    if let [letter, b':'] = bytes
        && letter.is_ascii_alphabetic()
    {
        os.push("\\");
    }
    Cow::Owned(os.into())
}

/// An argument or value for the system. What is no text gets U+FFFD, which no name of ours has.
pub(crate) fn os(bytes: &[u8]) -> Cow<'_, OsStr> {
    let wide =
        to_wide(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).encode_utf16().collect());
    Cow::Owned(OsString::from_wide(&wide))
}

pub(crate) fn bytes(os: OsString) -> Vec<u8> {
    to_bytes(os.encode_wide())
}

/// A path with `/` between its parts, and without the prefix that lifts limits.
pub(crate) fn shown(path: &Path) -> Vec<u8> {
    let mut bytes = to_bytes(path.as_os_str().encode_wide());
    bytes.iter_mut().filter(|b| **b == b'\\').for_each(|b| *b = b'/');
    for (prefix, instead) in [(&b"//?/UNC/"[..], &b"//"[..]), (b"//?/", b"")] {
        if bytes.starts_with(prefix) {
            bytes.splice(..prefix.len(), instead.iter().copied());
            break;
        }
    }
    bytes
}

/// One component of a path, for a call that takes it as it is. What Win32 would read as something else (a device, a
/// stream of another file, a name without its last dot) is refused.
pub(super) fn component(name: &[u8]) -> Result<Vec<u16>, Errno> {
    if name == b"." {
        return Ok(Vec::new());
    }
    let forbidden = |&b: &u8| b < 0x20 || b"\\/:*?\"<>|".contains(&b);
    if name.is_empty() || name == b".." || name.iter().any(forbidden) {
        return Err(Errno::BADNAME);
    }
    if matches!(name.last(), Some(b'.' | b' ')) || is_device(name) {
        return Err(Errno::BADNAME);
    }
    let wide = to_wide(name)?;
    if wide.len() > 255 { Err(Errno::NAMETOOLONG) } else { Ok(wide) }
}

fn is_device(name: &[u8]) -> bool {
    let stem = name.split(|&b| b == b'.').next().unwrap_or_default();
    let stem = stem.trim_ascii_end();
    if DEVICES.iter().any(|d| stem.eq_ignore_ascii_case(d.as_bytes())) {
        return true;
    }
    let Some((kind, number)) = stem.split_at_checked(3) else { return false };
    let port = kind.eq_ignore_ascii_case(b"COM") || kind.eq_ignore_ascii_case(b"LPT");
    port && matches!(number, [b'1'..=b'9'] | [0xc2, 0xb9 | 0xb2 | 0xb3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for name in ["a", "ü", "日本語", "𝄞 clef", "x".repeat(255).as_str()] {
            let wide = component(name.as_bytes()).unwrap();
            assert_eq!(to_bytes(wide), name.as_bytes());
        }
        let lone = [0x61, 0xd800, 0x62, 0xdfff];
        let bytes = to_bytes(lone);
        assert_eq!(bytes, b"a\xed\xa0\x80b\xed\xbf\xbf");
        assert_eq!(to_wide(&bytes).unwrap(), lone);
        assert_eq!(to_wide(b"a\xff"), Err(Errno::ILSEQ));
        assert_eq!(to_wide(b"\xed\xa0"), Err(Errno::ILSEQ));
        assert_eq!(component("y".repeat(256).as_bytes()), Err(Errno::NAMETOOLONG));
    }

    #[test]
    fn names_that_mean_something_else_are_refused() {
        for name in [
            "", "..", "a:b", "a\\b", "a/b", "q?", "s*", "\"", "<", ">", "|", "a\tb", "end.",
            "end ", "con", "NUL.txt", "Com1", "lpt9.x.y", "aux .c", "COM²", "CONIN$",
        ] {
            assert_eq!(component(name.as_bytes()), Err(Errno::BADNAME), "{name}");
        }
        for name in ["con1", "com", "com10", "comet", "nul_", ".con", "a.nul", "lpt"] {
            assert!(component(name.as_bytes()).is_ok(), "{name}");
        }
    }

    #[test]
    fn shown_paths_have_no_prefix() {
        assert_eq!(shown(Path::new(r"\\?\C:\a\b")), b"C:/a/b");
        assert_eq!(shown(Path::new(r"\\?\UNC\server\share\a")), b"//server/share/a");
        assert_eq!(shown(Path::new(r"c:\x")), b"c:/x");
        assert_eq!(shown(&path(b"c:")), b"c:/");
        assert_eq!(bytes(os("ü".as_bytes()).into_owned()), "ü".as_bytes());
    }
}
