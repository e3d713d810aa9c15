//! Compat flags and capability letters (WIRE.md, Capability letters; Compat flags).

use crate::{Cursor, Decode, varint::Put};

/// The compat flags, a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CompatFlags(pub u32);

#[allow(missing_docs)]
impl CompatFlags {
    pub const INC_RECURSE: u32 = 1;
    pub const SYMLINK_TIMES: u32 = 2;
    pub const SYMLINK_ICONV: u32 = 4;
    pub const SAFE_FLIST: u32 = 8;
    pub const AVOID_XATTR_OPTIM: u32 = 0x10;
    pub const CHKSUM_SEED_FIX: u32 = 0x20;
    pub const INPLACE_PARTIAL: u32 = 0x40;
    pub const VARINT_FLIST_FLAGS: u32 = 0x80;
    pub const ID0_NAMES: u32 = 0x100;
    /// Whether `bit` is set.
    pub fn has(self, bit: u32) -> bool {
        self.0 & bit != 0
    }
}

impl CompatFlags {
    /// Decodes the flags, as a client does (it never lists `V`). Unknown bits are kept and mean
    /// nothing.
    pub fn decode(c: &mut Cursor<'_>) -> Decode<CompatFlags> {
        Ok(CompatFlags(c.varint()? as u32))
    }

    /// Appends the flags in the form that the client of these capabilities reads.
    pub fn encode(self, client: &ClientCapabilities, out: &mut Vec<u8>) {
        if client.raw_byte_flags() {
            out.put_byte(self.0 as u8);
        } else {
            out.put_varint(self.0 as i32);
        }
    }
}

/// The letters that turn on one flag each.
const LETTERS: [(u8, u32); 6] = [
    (b'f', CompatFlags::SAFE_FLIST),
    (b'x', CompatFlags::AVOID_XATTR_OPTIM),
    (b'C', CompatFlags::CHKSUM_SEED_FIX),
    (b'I', CompatFlags::INPLACE_PARTIAL),
    (b'v', CompatFlags::VARINT_FLIST_FLAGS),
    (b'u', CompatFlags::ID0_NAMES),
];

/// What the client's `-e` string says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientCapabilities {
    /// `MAJ.SUB` of a pre-release, if both are present and non-zero.
    pub prerelease: Option<(u32, u32)>,
    /// The letters behind the dot.
    pub letters: Vec<u8>,
}

impl ClientCapabilities {
    /// Parses the text after `e`.
    pub fn parse(text: &[u8]) -> Self {
        let (major, rest) = leading_number(text);
        let Some(rest) = rest.strip_prefix(b".") else {
            return ClientCapabilities { prerelease: None, letters: rest.to_vec() };
        };
        let (sub, letters) = leading_number(rest);
        let prerelease = Some((major, sub)).filter(|&(major, sub)| major != 0 && sub != 0);
        ClientCapabilities { prerelease, letters: letters.to_vec() }
    }

    /// Whether the letter was given.
    pub fn has(&self, letter: u8) -> bool {
        self.letters.contains(&letter)
    }

    /// The flags that a server answers with; `inc_recurse` says whether the server's own side
    /// allows it. We can always set symlink times and convert symlink text.
    pub fn server_flags(&self, inc_recurse: bool) -> CompatFlags {
        let mut flags = CompatFlags::SYMLINK_TIMES | CompatFlags::SYMLINK_ICONV;
        if inc_recurse && self.has(b'i') {
            flags |= CompatFlags::INC_RECURSE;
        }
        for (letter, flag) in LETTERS {
            if self.has(letter) {
                flags |= flag;
            }
        }
        if self.raw_byte_flags() {
            flags |= CompatFlags::VARINT_FLIST_FLAGS;
        }
        CompatFlags(flags)
    }

    /// Whether the flags travel as one raw byte (letter `V`).
    pub fn raw_byte_flags(&self) -> bool {
        self.has(b'V')
    }

    /// Whether algorithm names are negotiated; the retired `V` turns on the list flags without it.
    pub fn negotiates_names(&self) -> bool {
        self.has(b'v')
    }
}

/// The digits at the start of `text` as a number, which stays at its maximum, and the rest.
fn leading_number(text: &[u8]) -> (u32, &[u8]) {
    let end = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let number = digits
        .iter()
        .fold(0u32, |n, digit| n.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
    (number, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    #[test]
    fn golden_flags() {
        for (letters, bytes) in [
            (".", "06"),
            (".i", "07"),
            (".f", "0e"),
            (".iv", "8087"),
            (".iLsfxCIvu", "81ff"),
            (".LsfxCIvu", "81fe"),
            (".V", "86"),
            (".iLsfxCIVu", "ff"),
            ("", "06"),
        ] {
            let client = ClientCapabilities::parse(letters.as_bytes());
            let flags = client.server_flags(true);
            let mut out = Vec::new();
            flags.encode(&client, &mut out);
            assert_eq!(out, hex(bytes), "{letters}");
            if !client.raw_byte_flags() {
                assert_eq!(CompatFlags::decode(&mut Cursor::new(&out)), Ok(flags));
            }
        }
    }

    #[test]
    fn a_server_may_decline_incremental_recursion() {
        let client = ClientCapabilities::parse(b".iLsfxCIvu");
        assert_eq!(client.server_flags(false).0, 0x1fe);
        assert_eq!(client.server_flags(true).0, 0x1ff);
        let client = ClientCapabilities::parse(b".LsfxCIvu");
        assert_eq!(client.server_flags(true).0, 0x1fe);
    }

    #[test]
    fn prereleases() {
        let parse = |text: &str| {
            let got = ClientCapabilities::parse(text.as_bytes());
            (got.prerelease, String::from_utf8(got.letters).unwrap())
        };
        assert_eq!(parse("32.5iLs"), (Some((32, 5)), "iLs".to_string()));
        assert_eq!(parse("32.0iLs"), (None, "iLs".to_string()));
        assert_eq!(parse(".7i"), (None, "i".to_string()));
        assert_eq!(parse(".iLs"), (None, "iLs".to_string()));
        assert_eq!(parse("99999999999.1"), (Some((u32::MAX, 1)), String::new()));
        assert_eq!(parse("31"), (None, String::new()));
        let retired = ClientCapabilities::parse(b".V");
        assert!(retired.raw_byte_flags() && !retired.negotiates_names());
    }
}
