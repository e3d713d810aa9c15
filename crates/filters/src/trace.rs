//! What `--debug=FILTER2` tells of rules, their files and the directories they are active in. Like every message, it shows no text
//! that was read from a file.
use crate::{
    Notice, NoticeKind,
    build::{Facts, Origin},
    list::{Merge, READ_EARLIER, Tag},
    rule::{Flags, Kind, Rule},
};
use std::sync::Arc;

/// Whose file is read, as `parse_filter_file` lines show it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    /// `~/.cvsignore`.
    Cvs = 0,
    /// A merge rule's.
    Merge = 1,
    /// That of `--exclude-from` and `--include-from`.
    Patterns = 3,
    /// A per-directory file.
    Directory = 4,
}

impl Source {
    /// The flags of the rule that names the file.
    fn bits(self, flags: Flags) -> u32 {
        let kind = match self {
            Source::Cvs | Source::Patterns => 0,
            Source::Merge => 0x400,
            Source::Directory => 0xc00,
        };
        let bits = [
            (Flags::ABSOLUTE, 0x10),
            (Flags::INCLUDE, 0x20),
            (Flags::DIR_ONLY, 0x40),
            (Flags::WORD_SPLIT, 0x80),
            (Flags::NO_INHERIT, 0x100),
            (Flags::NO_PREFIX, 0x200),
            (Flags::CVS, 0x8000),
            (Flags::SENDER, 0x1_0000),
            (Flags::RECEIVER, 0x2_0000),
            (Flags::PERISHABLE, 0x8_0000),
            (Flags::XATTR, 0x10_0000),
            (Flags::FROM_FILE, 0x20_0000),
        ];
        bits.iter().filter(|(flag, _)| flags.any(*flag)).fold(kind, |all, (_, bit)| all | bit)
    }
}

impl Facts {
    fn trace(&mut self, text: impl FnOnce() -> Vec<u8>) {
        if self.traced {
            self.notices.push(Notice { text: text(), kind: NoticeKind::Trace });
        }
    }

    pub(crate) fn trace_rule(&mut self, rule: &Rule, origin: &Origin<'_>, tag: Tag<'_>) {
        self.trace(|| {
            let text = match origin {
                Origin::Argument => rule.text_of_option(),
                Origin::Record { .. } => origin.shown(&[]),
            };
            let blank = matches!(text.last(), Some(b' ' | b'\t')) && !rule.text.is_empty();
            let caution: &[u8] = if blank { b" -- CAUTION: trailing whitespace!" } else { b"" };
            [b"add_rule(", &text[..], b")", &tag.suffix(), caution].concat()
        });
    }

    pub(crate) fn trace_partial_dir(&mut self, text: &[u8]) {
        self.trace(|| [b"add_rule(", text, b")"].concat());
    }

    pub(crate) fn trace_file(&mut self, name: &[u8], flags: Flags, source: Source, found: bool) {
        self.trace(|| {
            let numbers = format!(",{:x},{:x})", source.bits(flags), source as u8);
            let hidden = flags.any(Flags::FROM_FILE);
            let name =
                if hidden && matches!(source, Source::Directory) { READ_EARLIER } else { name };
            let end: &[u8] = if found || hidden { b"" } else { b" [not found]" };
            [b"parse_filter_file(", name, numbers.as_bytes(), end].concat()
        });
    }

    /// A `!` was met in the list that `tag` names, which has `rules`; all merge files are `merges`.
    pub(crate) fn trace_clear(&mut self, rules: &[Rule], merges: &[Merge], tag: Tag<'_>) {
        self.trace(|| [b"clearing filter list", &tag.suffix()[..]].concat());
        self.trace_dropped(rules, merges);
    }

    /// `rules` are dropped, and with them those of `merges` that they name. Returns how many those are.
    fn trace_dropped(&mut self, rules: &[Rule], merges: &[Merge]) -> usize {
        let named = rules.iter().filter_map(|rule| match rule.kind {
            Kind::DirMerge(index) => merges.get(index),
            _ => None,
        });
        // rsync shows the number of the last one with each.
        named.inspect(|m| self.trace_merge("deactivating", merges.len() - 1, m)).count()
    }

    /// A directory is left: what it added to the lists of `merges` goes, as told by the lists of the directory above.
    pub(crate) fn trace_pop(&mut self, merges: &[Merge], above: &[Merge], always: bool) {
        if !self.traced || (merges.is_empty() && !always) {
            return;
        }
        self.trace(|| b"popping local filters".to_vec());
        let mut left = merges.len();
        for (index, merge) in merges.iter().enumerate().rev() {
            self.trace_merge("popping", index, merge);
            let kept = above.get(index).and_then(|m| m.rules.as_ref());
            if let Some(own) = &merge.rules
                && kept.is_none_or(|kept| !Arc::ptr_eq(kept, own))
            {
                left -= self.trace_dropped(&own.rules, &merges[..left]);
            }
        }
    }

    pub(crate) fn trace_merge(&mut self, what: &str, index: usize, merge: &Merge) {
        self.trace(|| {
            let tag = Tag::Merge(&merge.spec).suffix();
            [format!("{what} mergelist #{index}").as_bytes(), &tag].concat()
        });
    }

    pub(crate) fn trace_push(&mut self, root: &[u8], dir: &[u8]) {
        self.trace(|| [b"pushing local filters for ", root, dir, b"/"].concat());
    }
}
