//! Turning texts and files into rules (man page, FILTER RULES).
use crate::{
    FilterError, Loader, Notice, NoticeKind, ParseContext, Side,
    list::{Merge, MergeSpec, State, Tag},
    parse::{self, Action, Parsed, Style, SyntaxError, Template, is_space},
    pattern::{Pattern, PatternOptions},
    rule::{Flags, Kind, Rule},
    trace::Source,
};
use std::{io, sync::Arc};

/// Patterns and path names must be shorter than this.
pub(crate) const MAX_PATH: usize = 4096;
/// Records of a rules file must be shorter than this.
const MAX_RECORD: usize = 5120;
/// Rules files open at a time.
const MAX_DEPTH: usize = 32;
/// Per-directory rules active at a time. rsync has no such limit; ours keeps a hostile tree from
/// nesting merge rules until the walk over them exhausts the stack.
const MAX_MERGES: usize = 512;

/// The names that CVS ignores.
const CVS_NAMES: &[u8] =
    b"RCS SCCS CVS CVS.adm RCSLOG cvslog.* tags TAGS .make.state .nse_depinfo \
*~ #* .#* ,* _$* *$ *.old *.bak *.BAK *.orig *.rej .del-* *.a *.olb *.o *.obj *.so *.exe *.Z *.elc \
*.ln core .svn/ .git/ .hg/ .bzr/";

/// Where a rules file's name came from, which decides whether messages may show it.
#[derive(Debug, Clone)]
pub(crate) enum FileName {
    /// From an argument or the wire.
    Given(Vec<u8>),
    /// From a file: a description that does not show the name.
    Hidden(Vec<u8>),
}

impl FileName {
    pub(crate) fn read_earlier() -> FileName {
        FileName::Hidden(b"a file read earlier".to_vec())
    }

    fn description(&self) -> &[u8] {
        match self {
            FileName::Given(text) | FileName::Hidden(text) => text,
        }
    }
}

/// Where a rule's text came from. What a peer may have put into a file is never shown.
#[derive(Debug, Clone)]
pub(crate) enum Origin<'a> {
    Argument,
    Record { file: &'a FileName, number: usize, word_split: bool },
}

impl Origin<'_> {
    fn location(&self) -> Option<Vec<u8>> {
        let Origin::Record { file, number, word_split } = self else { return None };
        let mut out = file.description().to_vec();
        if matches!(file, FileName::Given(_)) && !word_split {
            out.extend(format!(" line {number}").into_bytes());
        }
        Some(out)
    }

    /// The text for a message, or what replaces it.
    pub(crate) fn shown(&self, text: &[u8]) -> Vec<u8> {
        match self.location() {
            None => text.to_vec(),
            Some(at) => [b"<rule from ", at.as_slice(), b">"].concat(),
        }
    }

    fn is_file(&self) -> bool {
        matches!(self, Origin::Record { .. })
    }

    fn file_name(&self, name: &[u8]) -> FileName {
        match self.location() {
            None => FileName::Given(name.to_vec()),
            Some(at) => FileName::Hidden([b"a file named at ", at.as_slice()].concat()),
        }
    }

    fn error(&self, error: SyntaxError, text: &[u8]) -> FilterError {
        let what: &[u8] = match error {
            SyntaxError::UnknownRule => b"Unknown filter rule: ",
            SyntaxError::BadModifier { byte, at } if !self.is_file() => {
                let mut words = b"invalid modifier '".to_vec();
                words.push(byte);
                words.extend(format!("' at position {at} in filter rule: ").into_bytes());
                words.extend_from_slice(text);
                return FilterError::new(&words, 1);
            }
            SyntaxError::BadModifier { .. } => b"invalid modifier in filter rule: ",
            SyntaxError::Unfinished => b"unexpected end of filter rule: ",
            SyntaxError::ClearWithText => b"'!' rule has trailing characters: ",
            SyntaxError::SideConflict => {
                b"specified-side merge file contains specified-side filter: "
            }
        };
        FilterError::new(&[what, &self.shown(text)].concat(), 1)
    }
}

/// The directory whose per-directory files are being read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Absolute (in the module for a daemon), without a trailing slash; empty for the root.
    pub(crate) dir: &'a [u8],
    /// What relative names of plain merges are relative to, in the same form.
    pub(crate) cwd: &'a [u8],
    pub(crate) side: Side,
}

/// A list while rules are added to it.
pub(crate) struct Build<'a> {
    pub(crate) rules: Vec<Rule>,
    pub(crate) tag: Tag<'a>,
    /// A `!` was met: what the list inherits is gone as well.
    pub(crate) cleared: bool,
    /// How many merge states belong to outer lists.
    pub(crate) outer_merges: usize,
    pub(crate) state: &'a mut State,
    pub(crate) cvs: &'a mut Option<Arc<Vec<Rule>>>,
    pub(crate) facts: &'a mut Facts,
    pub(crate) place: Option<Place<'a>>,
    /// The text is that of a per-directory file itself, not of a file merged into it: its anchored
    /// patterns start at its directory, and rules for the other side are dropped.
    pub(crate) local: bool,
    pub(crate) daemon: bool,
    pub(crate) role: Option<(Side, bool)>,
    pub(crate) cx: &'a ParseContext,
    pub(crate) loader: &'a mut dyn Loader,
}

/// What parsing found out besides rules; it never goes back when a directory is left.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) has_xattr: bool,
    pub(crate) has_dir_merge: bool,
    pub(crate) notices: Vec<Notice>,
    /// Every step is a notice.
    pub(crate) traced: bool,
}

impl Facts {
    pub(crate) fn notice(&mut self, words: &str, subject: &[u8], io_error: bool) {
        let kind = if io_error { NoticeKind::IoError } else { NoticeKind::Error };
        self.notices.push(Notice { text: [words.as_bytes(), b": ", subject].concat(), kind });
    }
}

impl Build<'_> {
    /// Adds the rules of one text: exactly one, unless the template splits words.
    pub(crate) fn add_text(
        &mut self,
        text: &[u8],
        template: Template,
        origin: &Origin<'_>,
        depth: usize,
    ) -> Result<(), FilterError> {
        let mut rest = text;
        loop {
            let before = rest;
            let parsed = parse::next_rule(&mut rest, template).map_err(|e| {
                let blanks = before.iter().take_while(|&&b| template.word_split && is_space(b));
                origin.error(e, &before[blanks.count()..])
            })?;
            let Some(parsed) = parsed else { return Ok(()) };
            self.add_parsed(parsed, origin, depth)?;
            if !template.word_split {
                return Ok(());
            }
        }
    }

    fn add_parsed(
        &mut self,
        parsed: Parsed<'_>,
        origin: &Origin<'_>,
        depth: usize,
    ) -> Result<(), FilterError> {
        let Parsed { action, mut flags, pattern } = parsed;
        if action == Action::Clear {
            self.facts.trace_clear(&self.rules, &self.state.merges, self.tag);
            self.rules.clear();
            self.state.merges.truncate(self.outer_merges);
            self.cleared = true;
            return Ok(());
        }
        if pattern.len() >= MAX_PATH {
            self.facts.notice("discarding over-long filter", &origin.shown(pattern), false);
            return Ok(());
        }
        self.facts.has_xattr |= flags.any(Flags::XATTR);
        flags.set(Flags::FROM_FILE, origin.is_file());
        let mut text = pattern;
        if text.len() > 1
            && let Some(rest) = text.strip_suffix(b"/")
        {
            text = rest;
            flags.set(Flags::DIR_ONLY, true);
        }
        match action {
            Action::Match | Action::Clear => self.push_match(flags, text, origin),
            Action::Cvs => {
                self.push(Rule { flags, kind: Kind::Cvs, text: text.into() }, origin);
                if self.cvs.is_none() {
                    self.build_cvs(flags, depth)?;
                }
            }
            Action::Merge | Action::DirMerge => {
                if flags.any(Flags::EXCLUDE_SELF) {
                    let from_file = flags.only(Flags::FROM_FILE);
                    self.push_match(from_file, base_name(text), origin);
                    flags.set(Flags::EXCLUDE_SELF, false);
                }
                if action == Action::DirMerge {
                    self.push_dir_merge(flags, text, origin);
                } else {
                    let name = self.merge_name(text);
                    let template = Template::for_file(flags, false);
                    self.add_named_file(&name, template, flags, origin, depth)?;
                }
            }
        }
        Ok(())
    }

    fn push_match(&mut self, mut flags: Flags, text: &[u8], origin: &Origin<'_>) {
        let mut owned;
        let mut text = text;
        if self.daemon {
            if flags.any(Flags::DIR_ONLY) && !flags.any(Flags::INCLUDE) {
                owned = text.to_vec();
                owned.extend(b"/***");
                flags.set(Flags::DIR_ONLY, false);
                text = &owned;
            }
            if text.contains(&b'/') {
                flags.set(Flags::ABSOLUTE, true);
            }
        }
        let mut below = None;
        if let Some(place) = self.place.filter(|_| self.local)
            && text.starts_with(b"/")
            && !flags.any(Flags::ABSOLUTE)
        {
            flags.set(Flags::ABSOLUTE, true);
            below = Some(place.dir.strip_prefix(b"/").unwrap_or(place.dir));
        }
        let pattern = Pattern::new(
            text,
            PatternOptions {
                dir_only: flags.any(Flags::DIR_ONLY),
                negated: flags.any(Flags::NEGATE),
                absolute: flags.any(Flags::ABSOLUTE),
                below,
                wild: None,
            },
        );
        let kind = Kind::Match(Arc::new(pattern));
        self.push(Rule { flags, kind, text: text.into() }, origin);
    }

    fn push(&mut self, mut rule: Rule, origin: &Origin<'_>) {
        if self.cx.delete_excluded
            && !self.daemon
            && !matches!(rule.kind, Kind::DirMerge(_))
            && rule.effective_side(true) == Some(Side::Sender)
        {
            rule.flags = rule.flags | Flags::SENDER;
        }
        self.facts.trace_rule(&rule, origin, self.tag);
        // A rule for one side only, read where the role is known, is the other's or ours.
        let reader = if self.daemon {
            Some(Side::Receiver)
        } else {
            self.place.filter(|_| self.local).map(|place| place.side)
        };
        if let (Some(reader), Some(only)) = (reader, rule.flags.one_side())
            && reader != only
        {
            return;
        }
        if let Some((side, delete_excluded)) = self.role {
            rule.take_role(side, delete_excluded);
        }
        self.rules.push(rule);
    }

    fn push_dir_merge(&mut self, flags: Flags, text: &[u8], origin: &Origin<'_>) {
        self.facts.has_dir_merge = true;
        let base = base_name(text);
        let index = self.state.merges.len();
        if self.state.merges.iter().any(|m| m.spec.base == base) {
            let rule = Rule { flags, kind: Kind::DirMerge(index), text: text.into() };
            self.facts.trace_rule(&rule, origin, self.tag);
            return;
        }
        if self.state.merges.len() >= MAX_MERGES {
            self.facts.notice("too many per-directory filter files", &origin.shown(text), false);
            return;
        }
        let before = self.rules.len();
        self.push(Rule { flags, kind: Kind::DirMerge(index), text: text.into() }, origin);
        let Some(pushed) = self.rules.get(before) else { return };
        let flags = pushed.flags;
        let full = text.contains(&b'/').then(|| match self.place {
            // Named in a per-directory file: relative to that directory.
            Some(place) => join(place.dir, text),
            None => text.to_vec(),
        });
        let merge = Merge {
            spec: Arc::new(MergeSpec { base: base.to_vec(), flags, shown: origin.shown(base) }),
            unresolved: full,
            rules: None,
        };
        self.facts.trace_merge("activating", index, &merge);
        self.state.merges.push(merge);
    }

    /// The path that a plain merge opens.
    fn merge_name(&self, text: &[u8]) -> Vec<u8> {
        let stdin = text == b"-";
        if stdin && !self.cx.is_server {
            return text.to_vec();
        }
        match self.place {
            Some(place) if text.contains(&b'/') => clean(&join(place.dir, text)),
            Some(place) => clean(&join(place.cwd, text)),
            None if text.contains(&b'/') => clean(text),
            // Not to be mistaken for the standard input.
            None if stdin => b"./-".to_vec(),
            None => text.to_vec(),
        }
    }

    /// Reads a file that must exist.
    pub(crate) fn add_named_file(
        &mut self,
        path: &[u8],
        template: Template,
        flags: Flags,
        origin: &Origin<'_>,
        depth: usize,
    ) -> Result<(), FilterError> {
        let who = &self.cx.who;
        if depth >= MAX_DEPTH {
            let words =
                format!("[{who}] merge-file include depth limit ({MAX_DEPTH}) exceeded at ");
            return Err(FilterError::new(&[words.as_bytes(), &origin.shown(path)].concat(), 11));
        }
        let contents = load(self.loader, path);
        let source = match template.style {
            Style::Old { .. } => Source::Patterns,
            Style::New | Style::NoPrefix { .. } => Source::Merge,
        };
        self.facts.trace_file(&origin.shown(path), flags, source, contents.is_ok());
        let contents = contents.map_err(|e| {
            let kind = if flags.any(Flags::INCLUDE) { "include" } else { "exclude" };
            let words = if origin.is_file() {
                let words = format!("failed to open {kind} file ");
                [words.as_bytes(), &origin.shown(path)].concat()
            } else {
                let words = format!("rsync: [{who}] failed to open {kind} file ");
                let reason = format!(": {}", os_error(&e));
                [words.as_bytes(), path, reason.as_bytes()].concat()
            };
            FilterError::new(&words, 11)
        })?;
        // Such a file's rules count as global ones, wherever it is named.
        let local = std::mem::take(&mut self.local);
        let result = self.add_contents(&contents, &origin.file_name(path), template, depth + 1);
        self.local = local;
        result
    }

    /// Adds the rules of a file that was read.
    pub(crate) fn add_contents(
        &mut self,
        contents: &[u8],
        name: &FileName,
        template: Template,
        depth: usize,
    ) -> Result<(), FilterError> {
        let word_split = template.word_split;
        let split = |&b: &u8| match (word_split, self.cx.from0) {
            (true, _) => is_space(b),
            (false, true) => b == 0,
            (false, false) => b == b'\n' || b == b'\r',
        };
        // A CRLF counts as one terminator.
        let crlf = !word_split && !self.cx.from0;
        let mut rest = contents;
        let mut number = 0;
        while !rest.is_empty() {
            let end = rest.iter().position(split).unwrap_or(rest.len());
            let mut record = &rest[..end];
            let skip = if crlf && rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
            rest = rest.get(end + skip..).unwrap_or_default();
            number += 1;
            let origin = Origin::Record { file: name, number, word_split };
            if record.len() >= MAX_RECORD {
                self.facts.notice("discarding over-long filter", &origin.shown(b""), false);
                continue;
            }
            if word_split || !self.cx.from0 {
                record = until_nul(record);
            }
            if record.is_empty() || (!word_split && matches!(record[0], b'#' | b';')) {
                continue;
            }
            self.add_text(record, template, &origin, depth)?;
        }
        Ok(())
    }

    /// Builds the CVS list: once, with the modifiers of the first rule that asks for it.
    fn build_cvs(&mut self, flags: Flags, depth: usize) -> Result<(), FilterError> {
        let given =
            Flags::INCLUDE | Flags::NEGATE | Flags::ABSOLUTE | Flags::PERISHABLE | Flags::SIDES;
        let template = Template {
            style: Style::NoPrefix { clears: true },
            word_split: true,
            flags: flags.only(given),
        };
        let mut state = State::default();
        let mut list = Build {
            rules: Vec::new(),
            tag: Tag::Cvs,
            cleared: false,
            outer_merges: 0,
            state: &mut state,
            cvs: &mut None,
            facts: self.facts,
            place: None,
            local: false,
            daemon: false,
            role: self.role,
            cx: self.cx,
            loader: self.loader,
        };
        let mut built_in = template;
        if self.cx.protocol_30 && !template.flags.any(Flags::PERISHABLE) {
            built_in.flags = template.flags | Flags::PERISHABLE | Flags::BUILT_IN;
        }
        list.add_text(CVS_NAMES, built_in, &Origin::Argument, depth)?;
        if let Some(home) = &self.cx.home {
            let path = [home.strip_suffix(b"/").unwrap_or(home), b"/.cvsignore"].concat();
            let contents = list.loader.load_own(&path);
            list.facts.trace_file(&path, flags, Source::Cvs, contents.is_ok());
            if let Ok(contents) = contents {
                list.add_contents(&contents, &FileName::Given(path), template, depth + 1)?;
            }
        }
        if let Some(names) = &self.cx.cvsignore {
            list.add_text(until_nul(names), template, &Origin::Argument, depth)?;
        }
        *self.cvs = Some(Arc::new(list.rules));
        Ok(())
    }
}

/// Reads a rules file. A directory opens like any file and has nothing in it.
pub(crate) fn load(loader: &mut dyn Loader, path: &[u8]) -> io::Result<Vec<u8>> {
    match loader.load(path) {
        Err(e) if e.kind() == io::ErrorKind::IsADirectory => Ok(Vec::new()),
        result => result,
    }
}

/// `No such file or directory (2)`
fn os_error(error: &io::Error) -> String {
    let text = error.to_string();
    match error.raw_os_error() {
        Some(code) => {
            let words = text.strip_suffix(&format!(" (os error {code})")).unwrap_or(&text);
            format!("{words} ({code})")
        }
        None => text,
    }
}

pub(crate) fn until_nul(text: &[u8]) -> &[u8] {
    memchr::memchr(0, text).map_or(text, |end| &text[..end])
}

pub(crate) fn base_name(path: &[u8]) -> &[u8] {
    memchr::memrchr(b'/', path).map_or(path, |at| &path[at + 1..])
}

/// `path` seen from the absolute directory `dir`.
pub(crate) fn join(dir: &[u8], path: &[u8]) -> Vec<u8> {
    if path.starts_with(b"/") { path.to_vec() } else { [dir, b"/", path].concat() }
}

/// Collapses `//`, `.` and `..`; the root is its own parent.
pub(crate) fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&b| b == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|p| *p != b"..") => {
                parts.pop();
            }
            b".." if rooted => {}
            part => parts.push(part),
        }
    }
    let mut out = if rooted { b"/".to_vec() } else { Vec::new() };
    out.extend(parts.join(&b'/'));
    if out.is_empty() {
        out.push(b'.');
    }
    out
}
