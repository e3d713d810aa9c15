//! The daemon's greeting line (spec chapter 01, Greeting).
/// A parsed greeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// Major version.
    pub major: u32,
    /// Sub-version, if present.
    pub sub: Option<u32>,
    /// Digest names, if present.
    pub digests: Option<Vec<String>>,
}
impl Greeting {
    /// Parses a line without its LF; `None` if it is not a greeting.
    pub fn parse(line: &[u8]) -> Option<Greeting> {
        let _ = line;
        todo!()
    }
    /// Our line, with LF, for our maximum `protocol` (`--protocol`).
    pub fn own(protocol: u32) -> String {
        let _ = protocol;
        todo!()
    }
    /// The version both speak: min, minus one where sub-versions say so.
    pub fn common(&self, own: u32) -> u32 {
        let _ = own;
        todo!()
    }
}
/// Digests for daemon authentication, strongest first.
pub const DIGESTS: [&str; 5] = ["sha512", "sha256", "sha1", "md5", "md4"];
