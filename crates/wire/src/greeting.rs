//! The daemon's greeting line (WIRE.md, Greeting).

use crate::version::{greeting_needs_digests, greeting_needs_sub};

const PREFIX: &[u8] = b"@RSYNCD:";

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

/// Blanks and a number at the start of `text`, and the rest. Like rsync's `%d`, but a number that
/// is too large stays at the maximum and a negative one is 0: either is no version anyway.
fn number(text: &[u8]) -> Option<(u32, &[u8])> {
    let text = text.trim_ascii_start();
    let (is_negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let len = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    if len == 0 {
        return None;
    }
    let (digits, rest) = digits.split_at(len);
    let n = digits
        .iter()
        .fold(0u32, |n, digit| n.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
    Some((if is_negative { 0 } else { n }, rest))
}

impl Greeting {
    /// Parses a line without its LF; `None` if it is not a greeting.
    pub fn parse(line: &[u8]) -> Option<Greeting> {
        let (major, mut rest) = number(line.strip_prefix(PREFIX)?)?;
        let mut sub = None;
        if let Some((n, behind)) = rest.strip_prefix(b".").and_then(number)
            && !rest[1..].trim_ascii_start().starts_with(b"-")
        {
            (sub, rest) = (Some(n), behind);
        }
        let digests = rest.iter().position(|&b| b == b' ').map(|at| {
            String::from_utf8_lossy(&rest[at..]).split_ascii_whitespace().map(Into::into).collect()
        });
        Some(Greeting { major, sub, digests })
    }

    /// Our line, with LF, for our maximum `protocol` (`--protocol`).
    pub fn own(protocol: u32) -> String {
        format!("@RSYNCD: {protocol}.0 {}\n", DIGESTS.join(" "))
    }

    /// The version both speak: min, minus one where sub-versions say so.
    pub fn common(&self, own: u32) -> u32 {
        // Ours is always a release, of sub-version 0.
        let is_prerelease = self.sub.is_some_and(|sub| sub != 0);
        match self.major {
            major if major > own => own,
            major => major.saturating_sub(is_prerelease.into()),
        }
    }

    /// What a greeting of this version must have and this one has not, in the words of the error:
    /// `@ERROR: your client omitted the WHAT: LINE` or `rsync: the server omitted the WHAT: LINE`.
    pub fn omitted(&self) -> Option<&'static str> {
        if self.sub.is_none() && greeting_needs_sub(self.major) {
            Some("subprotocol value")
        } else if self.digests.is_none() && greeting_needs_digests(self.major) {
            Some("digest name list")
        } else {
            None
        }
    }

    /// The strongest of `own` digests (which are in order of strength) that this peer listed.
    /// Without a list there is nothing to choose: the version decides.
    pub fn strongest<'a>(&self, own: &[&'a str]) -> Option<&'a str> {
        let theirs = self.digests.as_deref()?;
        own.iter().copied().find(|own| theirs.iter().any(|name| name.eq_ignore_ascii_case(own)))
    }
}

/// Digests for daemon authentication, strongest first.
pub const DIGESTS: [&str; 5] = ["sha512", "sha256", "sha1", "md5", "md4"];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<(u32, Option<u32>, Option<String>)> {
        let g = Greeting::parse(line.as_bytes())?;
        Some((g.major, g.sub, g.digests.map(|list| list.join("|"))))
    }

    #[test]
    fn our_greeting() {
        let own = Greeting::own(32);
        assert_eq!(own, "@RSYNCD: 32.0 sha512 sha256 sha1 md5 md4\n");
        let want = Some((32, Some(0), Some(DIGESTS.join("|"))));
        assert_eq!(parse(own.trim_end()), want);
        assert!(Greeting::own(29).starts_with("@RSYNCD: 29.0 sha512"));
    }

    #[test]
    fn lenient_parsing() {
        let list = |names: &str| Some(names.to_string());
        for (line, want) in [
            ("@RSYNCD: 29", Some((29, None, None))),
            ("@RSYNCD: 29 md5", Some((29, None, list("md5")))),
            ("@RSYNCD:32.0 md5", Some((32, Some(0), list("md5")))),
            ("@RSYNCD:   32. 0   md5   md4", Some((32, Some(0), list("md5|md4")))),
            ("@RSYNCD: 32 .0 md5", Some((32, None, list(".0|md5")))),
            ("@RSYNCD: 32.0md5", Some((32, Some(0), None))),
            ("@RSYNCD: 32.0\tmd5", Some((32, Some(0), None))),
            ("@RSYNCD: 32.0 ", Some((32, Some(0), list("")))),
            ("@RSYNCD: 31.x", Some((31, None, None))),
            ("@RSYNCD: 31.", Some((31, None, None))),
            ("@RSYNCD: 32.-1 md5", Some((32, None, list("md5")))),
            ("@RSYNCD: +32.7", Some((32, Some(7), None))),
            ("@RSYNCD: -5.0", Some((0, Some(0), None))),
            ("@RSYNCD: 99999999999.1", Some((u32::MAX, Some(1), None))),
            ("HELLO", None),
            ("@RSYNCD: x", None),
            ("@RSYNCD: OK", None),
            ("@RSYNCD 31.0", None),
            (" @RSYNCD: 31.0", None),
            ("@RSYNCD:", None),
            ("", None),
        ] {
            assert_eq!(parse(line), want, "{line}");
        }
    }

    #[test]
    fn common_versions() {
        let common = |line: &str, own| Greeting::parse(line.as_bytes()).unwrap().common(own);
        assert_eq!(common("@RSYNCD: 32.0 md5", 32), 32);
        assert_eq!(common("@RSYNCD: 32.7 md5", 32), 31);
        assert_eq!(common("@RSYNCD: 33.7 md5", 32), 32);
        assert_eq!(common("@RSYNCD: 31.7 md5", 32), 30);
        assert_eq!(common("@RSYNCD: 31.0 md5", 32), 31);
        assert_eq!(common("@RSYNCD: 31.0 md5", 29), 29);
        assert_eq!(common("@RSYNCD: 29", 32), 29);
        assert_eq!(common("@RSYNCD: 0.7", 32), 0);
    }

    #[test]
    fn omissions() {
        let omitted = |line: &str| Greeting::parse(line.as_bytes()).unwrap().omitted();
        assert_eq!(omitted("@RSYNCD: 31"), Some("subprotocol value"));
        assert_eq!(omitted("@RSYNCD: 32.0"), Some("digest name list"));
        assert_eq!(omitted("@RSYNCD: 31.0"), None);
        assert_eq!(omitted("@RSYNCD: 29"), None);
        assert_eq!(omitted("@RSYNCD: 32.0 "), None);
    }

    #[test]
    fn the_strongest_common_digest() {
        let strongest = |line: &str| Greeting::parse(line.as_bytes()).unwrap().strongest(&DIGESTS);
        assert_eq!(strongest("@RSYNCD: 32.0 md4 md5 sha1"), Some("sha1"));
        assert_eq!(strongest("@RSYNCD: 32.0 crc"), None);
        assert_eq!(strongest("@RSYNCD: 31.0"), None);
    }
}
