//! Compat flags and capability letters (spec chapter 01, Capability letters and compat flags).
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
        let _ = text;
        todo!()
    }
    /// Whether the letter was given.
    pub fn has(&self, letter: u8) -> bool {
        self.letters.contains(&letter)
    }
    /// The flags that a server answers with; `inc_recurse` says whether the server's own side allows it. `iconv_links`: server converts symlink text (always true for us).
    pub fn server_flags(&self, inc_recurse: bool) -> CompatFlags {
        let _ = inc_recurse;
        todo!()
    }
    /// Whether the flags travel as one raw byte (letter `V`).
    pub fn raw_byte_flags(&self) -> bool {
        self.has(b'V')
    }
}
/// The `e` suffix that a client sends: `.` then letters, with `i` only if allowed.
pub fn client_letters(inc_recurse: bool) -> &'static str {
    if inc_recurse { "e.iLsfxCIvu" } else { "e.LsfxCIvu" }
}
