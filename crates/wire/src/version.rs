//! Protocol versions: the only place where version numbers are compared.

use crate::{Fault, WireError};

/// A negotiated protocol version, 27 to 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocol(u8);

/// The newest version we speak.
pub const NEWEST: Protocol = Protocol(32);
/// The oldest version we speak.
pub const OLDEST: Protocol = Protocol(27);

/// What a peer may announce; anything else is taken for noise from its login shell.
const BELIEVABLE: std::ops::RangeInclusive<i64> = 20..=40;

impl Protocol {
    /// The version, if it is one we speak.
    pub fn new(n: u32) -> Option<Self> {
        u8::try_from(n).ok().map(Protocol).filter(|p| (OLDEST..=NEWEST).contains(p))
    }
    /// The version number.
    pub fn number(self) -> u32 {
        self.0 as u32
    }
    /// Item flags follow each index; basis types, MSG_DELETED, five statistics values, a third DONE
    /// (29 and later).
    pub fn has_item_flags(self) -> bool {
        self.0 >= 29
    }
    /// Variable-length integers, delta-coded indexes, compat flags, framing in both directions,
    /// inline hard-link references, delete-during as default (30 and later).
    pub fn has_varints(self) -> bool {
        self.0 >= 30
    }
    /// Fourth DONE, deletion statistics, ERROR_EXIT, IO_TIMEOUT, files-from inside the framing,
    /// io_error always in the list (31 and later).
    pub fn has_error_exit(self) -> bool {
        self.0 >= 31
    }
    /// Extended (two-byte) file-list flags (28 and later).
    pub fn has_extended_flags(self) -> bool {
        self.0 >= 28
    }
    /// Modification times carry nanoseconds in the file list (31 and later).
    pub fn has_mtime_nsec(self) -> bool {
        self.0 >= 31
    }
    /// FIFOs and sockets carry a meaningless device number in the file list (before 31).
    pub fn has_special_rdev(self) -> bool {
        self.0 < 31
    }
    /// The longest block that a sum head may name.
    pub fn max_block_len(self) -> u32 {
        if self.has_varints() { 1 << 17 } else { 1 << 29 }
    }

    /// Ends the version exchange (WIRE.md, Version exchange): `peer` is what the peer announced,
    /// `common` the lower of both (or what the greetings make of it), `role` is `Client` or
    /// `Server`. Errors: code 2.
    pub fn agree(peer: i64, common: i64, role: &str) -> Result<Protocol, WireError> {
        let text = if !BELIEVABLE.contains(&peer) {
            let text = "(see the rsync manpage for an explanation)";
            return Err(WireError::new(Fault::Protocol, text)
                .behind("protocol version mismatch -- is your shell clean?"));
        } else if common < OLDEST.0.into() {
            format!("--protocol must be at least {OLDEST} on the {role}.")
        } else if common > NEWEST.0.into() {
            format!("--protocol must be no more than {NEWEST} on the {role}.")
        } else {
            return Ok(Protocol(common as u8));
        };
        Err(WireError::new(Fault::Protocol, text))
    }

    /// Refuses `option` (with its dashes) below version `min`: code 2.
    pub fn require(self, option: &str, min: u32) -> Result<(), WireError> {
        if self.number() >= min {
            return Ok(());
        }
        let text = format!("{option} requires protocol {min} or higher (negotiated {self}).");
        Err(WireError::new(Fault::Protocol, text))
    }

    /// What a server of this version announces to a client whose capabilities name the pre-release
    /// `MAJ.SUB`: two pre-releases need not agree, so they fall back to the last release.
    pub fn announced(self, prerelease: Option<(u32, u32)>) -> u32 {
        match prerelease {
            Some((major, _)) if major <= self.number() => major - u32::from(major > 0),
            _ => self.number(),
        }
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether a greeting of this major version must have a sub-version.
pub(crate) fn greeting_needs_sub(major: u32) -> bool {
    major >= 30
}

/// Whether a greeting of this major version must have a digest list.
pub(crate) fn greeting_needs_digests(major: u32) -> bool {
    major >= 32
}

/// Whether a daemon's listing ends in a line of its own for a client of this version.
pub fn listing_has_exit(major: u32) -> bool {
    major >= 25
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks_27_to_32() {
        let spoken: Vec<u32> = (0..300).filter(|&n| Protocol::new(n).is_some()).collect();
        assert_eq!(spoken, [27, 28, 29, 30, 31, 32]);
        assert_eq!(Protocol::new(32 + 256), None);
        assert_eq!(Protocol::new(32).unwrap(), NEWEST);
    }

    #[test]
    fn agreement() {
        let agree = |own: i64, peer: i64| Protocol::agree(peer, own.min(peer), "Client");
        assert_eq!(agree(32, 31).unwrap().number(), 31);
        assert_eq!(agree(32, 40).unwrap().number(), 32);
        assert_eq!(agree(29, 32).unwrap().number(), 29);
        for peer in [19, 41, -1, 0x6c6c_6548] {
            let e = agree(32, peer).unwrap_err();
            assert!(e.before[0].starts_with(b"protocol version mismatch -- is your shell clean?"));
            assert_eq!((e.fault, e.wants_role), (Fault::Protocol, false));
        }
        assert_eq!(
            agree(32, 26).unwrap_err().to_string(),
            "--protocol must be at least 27 on the Client."
        );
        assert_eq!(
            Protocol::agree(33, 33, "Server").unwrap_err().to_string(),
            "--protocol must be no more than 32 on the Server."
        );
    }

    #[test]
    fn options_and_versions() {
        let p = Protocol::new(29).unwrap();
        assert_eq!(p.require("--fuzzy", 29), Ok(()));
        assert_eq!(
            p.require("--acls", 30).unwrap_err().to_string(),
            "--acls requires protocol 30 or higher (negotiated 29)."
        );
    }

    #[test]
    fn prereleases_fall_back() {
        for (theirs, announced) in
            [(None, 32), (Some((32, 5)), 31), (Some((31, 2)), 30), (Some((33, 1)), 32)]
        {
            assert_eq!(NEWEST.announced(theirs), announced, "{theirs:?}");
        }
        assert_eq!(NEWEST.announced(Some((0, 1))), 0);
    }
}
