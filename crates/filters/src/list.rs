//! The list of rules and the per-directory merge files active at the current place (filter rules:
//! order of evaluation, per-directory merge files, parent-directory scan).
use crate::{
    FilterError, Loader, Notice, ParseContext, Side, Verdict,
    build::{Build, Facts, FileName, MAX_PATH, Origin, Place, clean, join, load, until_nul},
    parse::Template,
    pattern::Query,
    rule::{Flags, Kind, Rule},
    trace::Source,
};
use std::sync::Arc;

/// What messages show instead of text whose file is not known any more.
pub(crate) const READ_EARLIER: &[u8] = b"<rule from a file read earlier>";

/// An ordered list of rules with the state of active per-directory merge files.
///
/// # Errors
/// What adds rules or enters directories fails with rsync's words for a rule that is none, or for a file of rules that
/// cannot be read.
#[derive(Debug, Clone, Default)]
pub struct FilterList {
    pub(crate) rules: Arc<Vec<Rule>>,
    pub(crate) cvs: Option<Arc<Vec<Rule>>>,
    state: Arc<State>,
    /// The states to return to.
    stack: Vec<Arc<State>>,
    /// Where relative names start, without slashes at either end.
    cwd: Arc<[u8]>,
    /// The role the list was made for, and `--delete-excluded`.
    pub(crate) role: Option<(Side, bool)>,
    pub(crate) daemon: bool,
    pub(crate) wire_bytes: usize,
    facts: Facts,
}

/// The per-directory merge files and their rules at one place.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) merges: Vec<Merge>,
}

#[derive(Debug, Clone)]
pub(crate) struct Merge {
    pub(crate) spec: Arc<MergeSpec>,
    /// A name with a slash that was not yet looked up from the first directory.
    pub(crate) unresolved: Option<Vec<u8>>,
    pub(crate) rules: Option<Arc<SubList>>,
}

#[derive(Debug)]
pub(crate) struct MergeSpec {
    pub(crate) base: Vec<u8>,
    pub(crate) flags: Flags,
    /// The name for messages.
    pub(crate) shown: Vec<u8>,
}

/// The rules of one per-directory file, then those of the directories above.
#[derive(Debug)]
pub(crate) struct SubList {
    pub(crate) rules: Vec<Rule>,
    above: Option<Arc<SubList>>,
}

/// The rule that decided about a name.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'a> {
    rule: &'a Rule,
    tag: Tag<'a>,
}

/// Which list a rule is in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tag<'a> {
    Main,
    Cvs,
    Merge(&'a MergeSpec),
}

impl Tag<'_> {
    /// How messages name it.
    pub(crate) fn suffix(self) -> Vec<u8> {
        match self {
            Tag::Main => Vec::new(),
            Tag::Cvs => b" [global CVS]".to_vec(),
            Tag::Merge(spec) => [b" [per-dir ", &spec.shown[..], b"]"].concat(),
        }
    }
}

impl Hit<'_> {
    /// Whether it includes or excludes.
    pub fn verdict(&self) -> Verdict {
        if self.rule.flags.any(Flags::INCLUDE) { Verdict::Include } else { Verdict::Exclude }
    }

    /// The rule as `--debug=FILTER` names it: pattern and list. Text read from files is not shown.
    pub fn describe(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.rule.flags.any(Flags::FROM_FILE) {
            out.extend(READ_EARLIER);
        } else {
            out.extend_from_slice(&self.rule.text);
            if self.rule.flags.any(Flags::DIR_ONLY) {
                out.push(b'/');
            }
        }
        out.extend(self.tag.suffix());
        out
    }
}

impl FilterList {
    /// An empty list.
    pub fn new() -> Self {
        FilterList::default()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Says where relative names start: the absolute path (in the module for a daemon) of the
    /// source base on a sender, of the destination on a receiver. Names without leading slash are
    /// relative to it; rules with the `/` modifier and per-directory files are found by it. Until
    /// it is set, the transfer root counts as `/`.
    pub fn set_cwd(&mut self, dir: &[u8]) {
        let absolute = clean(&[b"/", dir].concat());
        self.cwd = absolute[1..].into();
    }

    /// Adds one new-style rule (`--filter`).
    pub fn add_rule(
        &mut self,
        text: &[u8],
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<(), FilterError> {
        self.build(cx, loader, |list| {
            list.add_text(until_nul(text), Template::NEW, &Origin::Argument, 0)
        })
    }

    /// Adds one old-style pattern (`--exclude`, `--include`).
    pub fn add_pattern(
        &mut self,
        text: &[u8],
        include: bool,
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<(), FilterError> {
        self.build(cx, loader, |list| {
            list.add_text(until_nul(text), Template::old(include), &Origin::Argument, 0)
        })
    }

    /// Adds a file of old-style patterns (`--exclude-from`, `--include-from`).
    pub fn add_file(
        &mut self,
        path: &[u8],
        include: bool,
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<(), FilterError> {
        if path.is_empty() {
            return Ok(());
        }
        let path: &[u8] = if path == b"-" && cx.is_server { b"./-" } else { path };
        let mut flags = Flags::NONE;
        flags.set(Flags::INCLUDE, include);
        self.build(cx, loader, |list| {
            list.add_named_file(path, Template::old(include), flags, &Origin::Argument, 0)
        })
    }

    /// A relative `--partial-dir`, which nobody's files are in. rsync tells it without the slash.
    pub fn add_partial_dir(
        &mut self,
        dir: &[u8],
        perishable: bool,
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<(), FilterError> {
        let mark: &[u8] = if perishable { b"-p " } else { b"- " };
        self.facts.trace_partial_dir(&[mark, dir].concat());
        let traced = std::mem::take(&mut self.facts.traced);
        let added = self.add_rule(&[mark, dir, b"/"].concat(), cx, loader);
        self.facts.traced = traced;
        added
    }

    /// `-C`: adds `:C` and `-C` at the end.
    pub fn add_cvs(
        &mut self,
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<(), FilterError> {
        self.add_rule(b":C", cx, loader)?;
        self.add_rule(b"-C", cx, loader)
    }

    /// From now on (or no longer) every step is told, too, for `--debug=FILTER2`.
    pub fn trace(&mut self, on: bool) {
        self.facts.traced = on;
    }

    /// Whether every step is told.
    pub fn is_traced(&self) -> bool {
        self.facts.traced
    }

    /// Messages that arose while rules were added and directories entered.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.facts.notices)
    }

    /// First match wins. `name` is relative to the transfer root. `ignore_perishable`: inside a directory being deleted.
    pub fn check(&self, name: &[u8], is_dir: bool, ignore_perishable: bool) -> Verdict {
        if self.rules.is_empty() {
            return Verdict::None;
        }
        self.find(name, is_dir, ignore_perishable).map_or(Verdict::None, |hit| hit.verdict())
    }

    /// The same, with the rule that decided.
    pub fn find(&self, name: &[u8], is_dir: bool, ignore_perishable: bool) -> Option<Hit<'_>> {
        let query = Query::new(name, is_dir, ignore_perishable, &self.cwd);
        if query.is_untestable() {
            return None;
        }
        self.find_in(&self.rules, Tag::Main, &query)
    }

    /// The rule that decides about the top directory, as an entry that may be left out.
    pub fn find_dot(&self) -> Option<Hit<'_>> {
        self.find_in(&self.rules, Tag::Main, &Query::new(b".", true, false, &self.cwd))
    }

    /// The rule that decides about a path below the root, with or without a leading slash.
    pub(crate) fn find_from_root(&self, path: &[u8], is_dir: bool) -> Option<Hit<'_>> {
        let name = path.strip_prefix(b"/").unwrap_or(path);
        let query = Query::new(name, is_dir, false, b"");
        if query.is_untestable() {
            return None;
        }
        self.find_in(&self.rules, Tag::Main, &query)
    }

    /// The same for an xattr name; `None` if the list has no xattr rules (use the default policy).
    pub fn check_xattr(&self, name: &[u8]) -> Option<Verdict> {
        if !self.facts.has_xattr {
            return None;
        }
        Some(self.find_xattr(name).map_or(Verdict::None, |hit| hit.verdict()))
    }

    /// The rule that decides about an xattr name.
    pub fn find_xattr(&self, name: &[u8]) -> Option<Hit<'_>> {
        let query = Query::xattr(name);
        if query.is_untestable() {
            return None;
        }
        self.find_in(&self.rules, Tag::Main, &query)
    }

    fn find_in<'a>(
        &'a self,
        rules: &'a [Rule],
        tag: Tag<'a>,
        query: &Query<'_>,
    ) -> Option<Hit<'a>> {
        for rule in rules {
            let flags = rule.flags;
            if flags.any(Flags::IGNORED)
                || (query.ignore_perishable && flags.any(Flags::PERISHABLE))
            {
                continue;
            }
            match &rule.kind {
                Kind::Match(pattern) => {
                    if flags.any(Flags::XATTR) == query.is_xattr
                        && (flags.any(Flags::MATCH_ALL) || pattern.matches(query))
                    {
                        return Some(Hit { rule, tag });
                    }
                }
                Kind::DirMerge(index) => {
                    let Some(merge) = self.state.merges.get(*index) else { continue };
                    let mut sub = merge.rules.as_deref();
                    while let Some(list) = sub {
                        let hit = self.find_in(&list.rules, Tag::Merge(&merge.spec), query);
                        if hit.is_some() {
                            return hit;
                        }
                        sub = list.above.as_deref();
                    }
                }
                Kind::Cvs => {
                    // The CVS list has no containers in it, so this goes no deeper.
                    if let Some(hit) =
                        self.cvs.as_ref().and_then(|cvs| self.find_in(cvs, Tag::Cvs, query))
                    {
                        return Some(hit);
                    }
                }
            }
        }
        None
    }

    /// Whether any per-directory merge rule is (or was) in the list.
    pub fn has_dir_merge(&self) -> bool {
        self.facts.has_dir_merge
    }

    /// Enters a directory (path relative to the transfer root; empty for the root): reads its per-directory files.
    ///
    /// The rules of the directories above must be in force: call this for each of them first.
    /// Every call, failed ones included, needs a [`FilterList::pop_dir`].
    pub fn push_dir(
        &mut self,
        dir: &[u8],
        side: Side,
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<(), FilterError> {
        if self.state.merges.is_empty() && !self.facts.traced {
            self.stack.push(Arc::clone(&self.state));
            return Ok(());
        }
        let cwd = self.cwd_path();
        let dir = match dir {
            b"" | b"." => cwd.clone(),
            dir => clean(&join(&cwd, dir)),
        };
        let dir = if dir == b"/" { &[][..] } else { &dir };
        let place = Place { dir, cwd: &cwd, side };
        self.facts.trace_push(&cx.root, dir);
        // Names with a slash are looked up once, and what lies above stays in force for good.
        let mut failed = self.resolve(0, place, cx, loader);
        self.stack.push(Arc::clone(&self.state));
        let mut index = 0;
        while failed.is_ok() && index < self.state.merges.len() {
            self.facts.trace_merge("pushing", index, &self.state.merges[index]);
            failed = self
                .resolve(index, place, cx, loader)
                .and_then(|()| self.read_merge(index, place, cx, loader));
            index += 1;
        }
        failed
    }

    /// Leaves it. That is told, where it is, even without per-directory files if `always` says so.
    pub fn pop_dir(&mut self, always: bool) {
        if let Some(state) = self.stack.pop() {
            self.facts.trace_pop(&self.state.merges, &state.merges, always);
            self.state = state;
        }
    }

    /// `/cwd`, or nothing for the root.
    fn cwd_path(&self) -> Vec<u8> {
        if self.cwd.is_empty() { Vec::new() } else { [b"/", &*self.cwd].concat() }
    }

    /// Looks up names with a slash, from `from` on, reading the files of the directories above.
    fn resolve(
        &mut self,
        from: usize,
        first: Place<'_>,
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<(), FilterError> {
        let mut index = from;
        while index < self.state.merges.len() {
            if self.state.merges[index].unresolved.is_some() {
                let state = Arc::make_mut(&mut self.state);
                let name = state.merges[index].unresolved.take().unwrap_or_default();
                let path = clean(&join(first.dir, &name));
                if path.len() >= MAX_PATH {
                    let shown = &state.merges[index].spec.shown;
                    self.facts.notice("merge-file name overflows", shown, false);
                } else {
                    let step = "performing parent_dirscan for";
                    self.facts.trace_merge(step, index, &self.state.merges[index]);
                    self.scan_parents(index, &path, first, cx, loader)?;
                    let step = "completed parent_dirscan for";
                    self.facts.trace_merge(step, index, &self.state.merges[index]);
                }
            }
            index += 1;
        }
        Ok(())
    }

    fn scan_parents(
        &mut self,
        index: usize,
        path: &[u8],
        first: Place<'_>,
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<(), FilterError> {
        let start = memchr::memrchr(b'/', path).map_or(path, |at| &path[..at]);
        let Some(below) = first.dir.strip_prefix(start) else { return Ok(()) };
        if !below.starts_with(b"/") {
            return Ok(());
        }
        for slash in memchr::memchr_iter(b'/', below) {
            let dir = &first.dir[..start.len() + slash];
            self.read_merge(index, Place { dir, ..first }, cx, loader)?;
        }
        // With `n` the next directory drops them all again.
        Ok(())
    }

    /// Reads one per-directory file and puts its rules before the inherited ones.
    fn read_merge(
        &mut self,
        index: usize,
        place: Place<'_>,
        cx: &ParseContext,
        loader: &mut dyn Loader,
    ) -> Result<(), FilterError> {
        let Some(merge) = self.state.merges.get(index) else { return Ok(()) };
        let spec = Arc::clone(&merge.spec);
        let no_inherit = spec.flags.any(Flags::NO_INHERIT);
        let inherited = merge.rules.clone().filter(|_| !no_inherit);
        let path = [place.dir, b"/", &spec.base].concat();
        let from_file = spec.flags.any(Flags::FROM_FILE);
        let contents = if path.len() >= MAX_PATH {
            let subject = if from_file {
                READ_EARLIER.to_vec()
            } else {
                [b"\"", path.as_slice(), b"\""].concat()
            };
            let words = "cannot add local filter rules in long-named directory";
            self.facts.notice(words, &subject, true);
            None
        } else {
            load(loader, &path).ok()
        };
        let path = [&cx.root[..], &path].concat();
        self.facts.trace_file(&path, spec.flags, Source::Directory, contents.is_some());
        let mut rules = inherited;
        let mut result = Ok(());
        if let Some(contents) = contents {
            let state = Arc::make_mut(&mut self.state);
            let outer_merges = state.merges.len();
            let mut list = Build {
                rules: Vec::new(),
                tag: Tag::Merge(&spec),
                cleared: false,
                outer_merges,
                state,
                cvs: &mut self.cvs,
                facts: &mut self.facts,
                place: Some(place),
                local: true,
                daemon: false,
                role: None,
                cx,
                loader,
            };
            let name = if from_file { FileName::read_earlier() } else { FileName::Given(path) };
            let template = Template::for_file(spec.flags, true);
            result = list.add_contents(&contents, &name, template, 1);
            let above = if list.cleared { None } else { rules };
            rules = if list.rules.is_empty() {
                above
            } else {
                Some(Arc::new(SubList { rules: list.rules, above }))
            };
        } else if !no_inherit {
            return Ok(());
        }
        Arc::make_mut(&mut self.state).merges[index].rules = rules;
        result
    }

    pub(crate) fn build(
        &mut self,
        cx: &ParseContext,
        loader: &mut dyn Loader,
        add: impl FnOnce(&mut Build<'_>) -> Result<(), FilterError>,
    ) -> Result<(), FilterError> {
        let mut list = Build {
            rules: std::mem::take(Arc::make_mut(&mut self.rules)),
            tag: Tag::Main,
            cleared: false,
            outer_merges: 0,
            state: Arc::make_mut(&mut self.state),
            cvs: &mut self.cvs,
            facts: &mut self.facts,
            place: None,
            local: false,
            daemon: self.daemon,
            role: self.role,
            cx,
            loader,
        };
        let result = add(&mut list);
        self.rules = Arc::new(list.rules);
        result
    }
}
