//! One rule and its texts for the wire (WIRE.md, Filter list).
use crate::{FilterError, Side, pattern::Pattern};
use std::{ops::BitOr, sync::Arc};

/// What is said about a rule or a merge file besides its pattern.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flags(u32);

impl Flags {
    pub(crate) const INCLUDE: Flags = Flags(1);
    pub(crate) const NEGATE: Flags = Flags(1 << 1);
    pub(crate) const ABSOLUTE: Flags = Flags(1 << 2);
    pub(crate) const PERISHABLE: Flags = Flags(1 << 3);
    pub(crate) const XATTR: Flags = Flags(1 << 4);
    pub(crate) const SENDER: Flags = Flags(1 << 5);
    pub(crate) const RECEIVER: Flags = Flags(1 << 6);
    pub(crate) const DIR_ONLY: Flags = Flags(1 << 7);
    pub(crate) const NO_INHERIT: Flags = Flags(1 << 8);
    pub(crate) const WORD_SPLIT: Flags = Flags(1 << 9);
    /// The file's entries are patterns without prefix.
    pub(crate) const NO_PREFIX: Flags = Flags(1 << 10);
    pub(crate) const CVS: Flags = Flags(1 << 11);
    pub(crate) const EXCLUDE_SELF: Flags = Flags(1 << 12);
    /// One of the built-in CVS names: perishable as far as the protocol can say so.
    pub(crate) const BUILT_IN: Flags = Flags(1 << 13);
    /// The text came from a file, so that messages must not show it.
    pub(crate) const FROM_FILE: Flags = Flags(1 << 14);
    /// The other side's rule: this side acts as if it were not there.
    pub(crate) const IGNORED: Flags = Flags(1 << 15);
    /// Taken to match everything: see `FilterList::for_name_check`.
    pub(crate) const MATCH_ALL: Flags = Flags(1 << 16);
    pub(crate) const SIDES: Flags = Flags(Self::SENDER.0 | Self::RECEIVER.0);
    pub(crate) const NONE: Flags = Flags(0);

    /// Whether any of `other` is set.
    pub(crate) fn any(self, other: Flags) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn set(&mut self, other: Flags, on: bool) {
        if on {
            self.0 |= other.0;
        } else {
            self.0 &= !other.0;
        }
    }

    /// Those of `other` that are set.
    pub(crate) fn only(self, other: Flags) -> Flags {
        Flags(self.0 & other.0)
    }

    /// The one side a rule is for, if it is not for both.
    pub(crate) fn one_side(self) -> Option<Side> {
        match (self.any(Flags::SENDER), self.any(Flags::RECEIVER)) {
            (true, false) => Some(Side::Sender),
            (false, true) => Some(Side::Receiver),
            _ => None,
        }
    }
}

impl BitOr for Flags {
    type Output = Flags;
    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Match(Arc<Pattern>),
    /// Per-directory merge; the index of its state.
    DirMerge(usize),
    /// `-C`: the CVS list is asked here.
    Cvs,
}

#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) flags: Flags,
    pub(crate) kind: Kind,
    /// The pattern as written, without the slash that marks directories.
    pub(crate) text: Arc<[u8]>,
}

impl Rule {
    /// The side a rule acts on, once `--delete-excluded` has turned rules without sides into the
    /// sender's. A merge rule whose file names its own actions stays with both.
    pub(crate) fn effective_side(&self, delete_excluded: bool) -> Option<Side> {
        let container = matches!(self.kind, Kind::DirMerge(_)) && !self.flags.any(Flags::NO_PREFIX);
        if delete_excluded && !container && !self.flags.any(Flags::SIDES) {
            return Some(Side::Sender);
        }
        self.flags.one_side()
    }

    /// Marks a rule of the other side. Containers stay: what they contain has sides of its own.
    pub(crate) fn take_role(&mut self, side: Side, delete_excluded: bool) {
        let foreign = matches!(self.kind, Kind::Match(_))
            && self.effective_side(delete_excluded).is_some_and(|only| only != side);
        self.flags.set(Flags::IGNORED, foreign);
    }

    /// What the peer is sent; empty texts are not sent.
    pub(crate) fn wire_text(
        &self,
        am_sender: bool,
        protocol: u32,
        delete_excluded: bool,
    ) -> Result<Vec<u8>, FilterError> {
        let flags = self.flags;
        let has = |f| flags.any(f);
        let too_modern = || FilterError::new(b"filter rules are too modern for remote rsync.", 2);
        // A built-in name is perishable only by grace of the protocol.
        let perishable = has(Flags::PERISHABLE) && !(protocol < 30 && has(Flags::BUILT_IN));
        if perishable && am_sender && protocol < 30 {
            return Err(too_modern());
        }
        let mut out = Vec::with_capacity(self.text.len() + 12);
        if protocol < 29 {
            let inexpressible = Flags::ABSOLUTE | Flags::NEGATE | Flags::XATTR;
            if !matches!(self.kind, Kind::Match(_))
                || has(inexpressible)
                || (has(Flags::RECEIVER) && am_sender && delete_excluded)
            {
                return Err(too_modern());
            }
            // A lone `!` would clear the peer's list.
            let ambiguous = self.text.starts_with(b"- ")
                || self.text.starts_with(b"+ ")
                || (*self.text == *b"!" && !has(Flags::DIR_ONLY));
            if has(Flags::INCLUDE) {
                out.extend(b"+ ");
            } else if ambiguous {
                out.extend(b"- ");
            }
        } else {
            self.push_prefix(perishable && protocol >= 30, &mut out);
        }
        out.extend_from_slice(&self.text);
        if has(Flags::DIR_ONLY) {
            out.push(b'/');
        }
        Ok(out)
    }

    /// The rule as an option could have it.
    pub(crate) fn text_of_option(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.push_prefix(self.flags.any(Flags::PERISHABLE), &mut out);
        out.extend_from_slice(&self.text);
        if self.flags.any(Flags::DIR_ONLY) {
            out.push(b'/');
        }
        out
    }

    /// The action with its modifiers, and the blank behind it.
    fn push_prefix(&self, perishable: bool, out: &mut Vec<u8>) {
        let has = |f| self.flags.any(f);
        let merge = matches!(self.kind, Kind::DirMerge(_));
        let action = if has(Flags::INCLUDE) { b'+' } else { b'-' };
        out.push(if merge { b':' } else { action });
        let mut put = |flag, byte| {
            if flag {
                out.push(byte);
            }
        };
        put(has(Flags::ABSOLUTE), b'/');
        put(has(Flags::NEGATE), b'!');
        if has(Flags::CVS) {
            put(true, b'C');
        } else if merge {
            put(has(Flags::NO_INHERIT), b'n');
            put(has(Flags::WORD_SPLIT), b'w');
            put(has(Flags::NO_PREFIX), action);
        }
        put(has(Flags::XATTR), b'x');
        put(has(Flags::SENDER), b's');
        put(has(Flags::RECEIVER), b'r');
        put(perishable, b'p');
        out.push(b' ');
    }
}
