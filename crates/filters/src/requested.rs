//! The implied list: what a pulling client asked for.
//!
//! A list from `--files-from` can be as long as the transfer itself, so names without wildcards
//! are looked up in tables; only patterns are tried one by one.
use crate::{
    build::clean,
    pattern::{Pattern, PatternOptions, Query, has_wildcard},
};
use std::collections::HashSet;

type Names = HashSet<Box<[u8]>>;

/// The implied list: what a pulling client asked for.
#[derive(Debug, Clone, Default)]
pub struct RequestedNames {
    /// Names that were asked for.
    names: Names,
    /// Directories on the way to them.
    parents: Names,
    /// Directories whose whole contents were asked for.
    trees: Names,
    /// Directories whose entries were asked for.
    dirs: Names,
    /// The same four, as patterns.
    globs: Vec<(Pattern, Requested)>,
    /// All patterns that are in `globs`, so that none gets in twice.
    seen: HashSet<Vec<u8>>,
    /// The root's contents were asked for: all of them, or only its entries.
    root_tree: bool,
    root_dir: bool,
    /// The same as one list of patterns, newest last, as `--debug=FILTER3` tells it.
    told: Option<Vec<(Vec<u8>, Pattern)>>,
}

/// How a received name relates to the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requested {
    /// It was asked for.
    Yes,
    /// A directory that only leads to something asked for.
    ParentOnly,
    /// It was not asked for.
    No,
}

impl RequestedNames {
    /// From now on [`RequestedNames::told`] and [`RequestedNames::why`] answer.
    pub fn tell(&mut self) {
        self.told.get_or_insert_default();
    }

    /// The patterns that were added so far.
    pub fn told(&self) -> impl Iterator<Item = &[u8]> {
        self.told.iter().flatten().map(|(text, _)| &text[..])
    }

    /// The pattern that shows a name.
    pub fn why(&self, name: &[u8], is_dir: bool) -> Option<&[u8]> {
        let query = Query::new(name, is_dir, false, b"");
        let mut told = self.told.iter().flatten().rev();
        told.find(|(_, pattern)| pattern.matches(&query)).map(|(text, _)| &text[..])
    }

    /// Notes a pattern below the root, to be told.
    fn note(&mut self, parts: &[&[u8]]) {
        let Some(told) = &mut self.told else { return };
        let text = [b"/", &parts.concat()[..]].concat();
        let dir_only = text.ends_with(b"/");
        // The same directory on the way is told once.
        let name = text.strip_suffix(b"/").unwrap_or(&text);
        if dir_only && told.iter().any(|(t, _)| t.strip_suffix(b"/").unwrap_or(t) == name) {
            return;
        }
        let options = PatternOptions { dir_only, ..PatternOptions::default() };
        let pattern = Pattern::new(name, options);
        told.push((text, pattern));
    }

    /// Adds a source argument (host part removed; module removed for daemons) or a files-from name.
    ///
    /// `is_daemon`: `arg` still starts with the module's name, which is dropped here.
    pub fn add(&mut self, arg: &[u8], is_daemon: bool, relative: bool, recurse: bool, dirs: bool) {
        let mut arg = arg;
        if is_daemon {
            arg = memchr::memchr(b'/', arg).map_or(b"", |at| &arg[at + 1..]);
        }
        let wanted = if relative {
            memchr::memmem::find(arg, b"/./").map_or(arg, |at| &arg[at + 3..])
        } else {
            memchr::memrchr(b'/', arg).map_or(arg, |at| &arg[at + 1..])
        };
        // `..` is resolved as the sender will; what it leads to has no name of its own.
        let path = clean(&[b"/", wanted].concat()).split_off(1);
        if path.is_empty() {
            self.root_tree |= recurse;
            self.root_dir |= !recurse && dirs;
            match (recurse, dirs) {
                (true, _) => self.note(&[b"**"]),
                (false, true) => self.note(&[b"*"]),
                _ => {}
            }
            return;
        }
        if has_wildcard(&path) {
            self.add_wild(&path, relative, recurse, dirs);
        } else {
            self.add_literal(&path, relative, recurse, dirs);
        }
    }

    fn add_literal(&mut self, path: &[u8], relative: bool, recurse: bool, dirs: bool) {
        let path = unescape_brackets(path);
        self.note_all(std::slice::from_ref(&path), &path, relative, below(recurse, dirs));
        if relative {
            for at in memchr::memrchr_iter(b'/', &path) {
                if !self.parents.insert(path[..at].into()) {
                    break;
                }
            }
        }
        if recurse {
            self.trees.insert(path.as_slice().into());
        } else if dirs {
            self.dirs.insert(path.as_slice().into());
        }
        self.names.insert(path.into());
    }

    fn add_wild(&mut self, path: &[u8], relative: bool, recurse: bool, dirs: bool) {
        let path = double_backslashes(path);
        let below = below(recurse, dirs);
        let mut forms = vec![path.clone()];
        forms.extend(escape_brackets(&path));
        self.note_all(&forms, &path, relative, below);
        for form in &forms {
            self.add_glob(form, Requested::Yes);
            if let Some(below) = below {
                self.add_glob(&[form.as_slice(), below].concat(), Requested::Yes);
            }
        }
        if relative {
            for at in memchr::memrchr_iter(b'/', &path) {
                let parent = &path[..at];
                self.add_glob(parent, Requested::ParentOnly);
                if let Some(escaped) = escape_brackets(parent) {
                    self.add_glob(&escaped, Requested::ParentOnly);
                }
            }
        }
    }

    /// Notes what one argument adds, in the order in which rsync does.
    fn note_all(&mut self, forms: &[Vec<u8>], path: &[u8], relative: bool, below: Option<&[u8]>) {
        if self.told.is_none() {
            return;
        }
        for form in forms {
            self.note(&[form]);
        }
        for at in memchr::memrchr_iter(b'/', path).filter(|_| relative) {
            self.note(&[&path[..at], b"/"]);
            if let Some(escaped) = escape_brackets(&path[..at]) {
                self.note(&[&escaped, b"/"]);
            }
        }
        for (form, below) in forms.iter().flat_map(|form| below.map(|below| (form, below))) {
            self.note(&[form, below]);
        }
    }

    fn add_glob(&mut self, text: &[u8], meaning: Requested) {
        let dir_only = meaning == Requested::ParentOnly;
        let mut anchored = b"/".to_vec();
        anchored.extend_from_slice(text);
        let wild = has_wildcard(text) || text.contains(&b'\\');
        let options = PatternOptions { dir_only, wild: Some(wild), ..Default::default() };
        let pattern = Pattern::new(&anchored, options);
        if dir_only {
            anchored.push(b'/');
        }
        if self.seen.insert(anchored) {
            self.globs.push((pattern, meaning));
        }
    }

    /// Whether no pattern was derived (the check is then off).
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.globs.is_empty() && !self.root_tree && !self.root_dir
    }

    /// Judges one name (`.` is [`Requested::ParentOnly`] unless the contents of the root were asked for).
    pub fn check(&self, name: &[u8], is_dir: bool) -> Requested {
        let name = name.strip_prefix(b"/").unwrap_or(name);
        let root = self.root_tree || self.root_dir;
        if name == b"." || name.is_empty() {
            return if root { Requested::Yes } else { Requested::ParentOnly };
        }
        if self.root_tree || self.names.contains(name) {
            return Requested::Yes;
        }
        let parent = memchr::memrchr(b'/', name).map(|at| &name[..at]);
        match parent {
            None if self.root_dir => return Requested::Yes,
            Some(parent) if self.dirs.contains(parent) => return Requested::Yes,
            _ => {}
        }
        if !self.trees.is_empty()
            && memchr::memchr_iter(b'/', name).any(|at| self.trees.contains(&name[..at]))
        {
            return Requested::Yes;
        }
        let query = Query::new(name, is_dir, false, b"");
        let mut answer = Requested::No;
        for (pattern, meaning) in &self.globs {
            // A pattern that can add nothing to the answer is not tried.
            if *meaning != answer && pattern.matches(&query) {
                answer = *meaning;
                if answer == Requested::Yes {
                    return answer;
                }
            }
        }
        if is_dir && self.parents.contains(name) { Requested::ParentOnly } else { answer }
    }
}

/// What stands for the contents of a name.
fn below(recurse: bool, dirs: bool) -> Option<&'static [u8]> {
    match (recurse, dirs) {
        (true, _) => Some(b"/**"),
        (false, true) => Some(b"/*"),
        _ => None,
    }
}

/// Without wildcards in the name, `\]` stands for the bracket alone.
fn unescape_brackets(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    for (i, &b) in path.iter().enumerate() {
        if b != b'\\' || path.get(i + 1) != Some(&b']') {
            out.push(b);
        }
    }
    out
}

/// Backslashes escape wildcards and brackets only; any other means itself.
fn double_backslashes(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    for (i, &b) in path.iter().enumerate() {
        out.push(b);
        if b == b'\\' && !matches!(path.get(i + 1), Some(b'*' | b'?' | b'[' | b']')) {
            out.push(b);
        }
    }
    out
}

/// The reading of a pattern in which its brackets are part of a name; `None` without any.
fn escape_brackets(pattern: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(pattern.len() + 4);
    let mut bytes = pattern.iter();
    let mut found = false;
    while let Some(&b) = bytes.next() {
        match b {
            b'\\' => {
                out.push(b);
                out.extend(bytes.next());
            }
            b'[' => {
                found = true;
                out.extend(b"\\[");
            }
            b => out.push(b),
        }
    }
    found.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Options {
        relative: bool,
        recurse: bool,
        dirs: bool,
    }
    const R: Options = Options { relative: false, recurse: true, dirs: false };
    const RR: Options = Options { relative: true, recurse: true, dirs: false };
    const D: Options = Options { relative: false, recurse: false, dirs: true };
    const FILES_FROM: Options = Options { relative: true, recurse: false, dirs: true };

    fn asked(arg: &str, o: &Options) -> RequestedNames {
        let mut names = RequestedNames::default();
        names.add(arg.as_bytes(), false, o.relative, o.recurse, o.dirs);
        names
    }

    /// Asserts which of the paths (`/` at the end: a directory) are asked for, lead there, or not.
    fn expect(arg: &str, o: &Options, yes: &[&str], parents: &[&str], no: &[&str]) {
        let names = asked(arg, o);
        assert!(!names.is_empty(), "{arg}");
        for (paths, want) in
            [(yes, Requested::Yes), (parents, Requested::ParentOnly), (no, Requested::No)]
        {
            for path in paths {
                let (name, is_dir) = match path.strip_suffix('/') {
                    Some(name) => (name, true),
                    None => (*path, false),
                };
                assert_eq!(names.check(name.as_bytes(), is_dir), want, "{arg}: {path}");
            }
        }
    }

    #[test]
    fn arguments() {
        expect("/x/ts", &R, &["ts/", "ts/a/b", "ts"], &["./"], &["x/", "tsx", "a/ts", "x/ts"]);
        for whole in ["/x/ts/", "", ".", "a/."] {
            expect(whole, &R, &["a", "a/b/c", "./"], &[], &[]);
        }
        expect("ts/", &D, &["a", "b/", "./"], &[], &["a/b"]);
        expect("ts", &D, &["ts/", "ts/a"], &["./"], &["ts/a/b", "a"]);
        expect("a/b/c", &RR, &["a/b/c", "a/b/c/d/e"], &["a/", "a/b/", "./"], &["a", "a/x", "c"]);
        expect("/a/./b/c", &RR, &["b/c", "b/c/d"], &["b/"], &["a/", "a/b/c", "b/d"]);
        expect("a[b]c", &R, &["abc", "a[b]c", "abc/x/y", "a[b]c/x/y"], &[], &["axc", "a[b]d"]);
        expect("a\\b", &R, &["a\\b", "a\\b/x"], &[], &["ab", "ab/x", "a\\\\b"]);
        expect("a\\b*", &R, &["a\\b", "a\\bcd", "a\\bc/x"], &[], &["ab", "a/b"]);
        assert!(asked("/", &Options { relative: true, recurse: false, dirs: false }).is_empty());
        assert!(
            asked("dir/", &Options { relative: false, recurse: false, dirs: false }).is_empty()
        );
    }

    #[test]
    fn escapes() {
        expect("a\\*", &R, &["a*", "a*/b"], &[], &["ab"]);
        expect("a\\[b", &R, &["a[b"], &[], &["ab"]);
        expect("a\\]b", &R, &["a]b", "a]b/c"], &[], &["a\\]b"]);
        expect("a\\\\[b]", &R, &["a\\[b]"], &[], &["a\\b"]);
        expect("a[b", &R, &["a[b", "a[b/c"], &[], &["ab"]);
        expect("a\\", &R, &["a\\", "a\\/x"], &[], &["a"]);
        expect(
            "a*/b[c]/d",
            &RR,
            &["ax/bc/d", "ax/b[c]/d/e"],
            &["ax/bc/", "ax/b[c]/", "ay/"],
            &["ax/bc", "b/", "ax/bd/"],
        );
        expect("a\\x/b[c]/d\\q", &RR, &["a\\x/bc/d\\q"], &["a\\x/", "a\\x/bc/"], &["ax/"]);
        // The wildcard in the last part makes the whole argument a pattern.
        expect("a\\x/*", &RR, &["a\\x/y"], &["a\\x/"], &["ax/", "ax/y"]);
    }

    #[test]
    fn dot_dot_is_resolved() {
        expect("a/..", &R, &["x", "./"], &[], &[]);
        expect("a/../b", &RR, &["b", "b/c"], &["./"], &["a/", "a/../b"]);
        expect("./a//b/./c", &RR, &["c", "c/d"], &[], &["a/", "b/"]);
    }

    #[test]
    fn daemon_and_files_from() {
        let mut names = RequestedNames::default();
        names.add(b"mod/x/ts", true, false, true, false);
        assert_eq!(names.check(b"ts", true), Requested::Yes);
        let mut names = RequestedNames::default();
        names.add(b"mod", true, false, true, false);
        assert_eq!(names.check(b"anything/at/all", false), Requested::Yes);
        let mut names = RequestedNames::default();
        for name in ["a/b", "c/./d", "/e/f/"] {
            let o = &FILES_FROM;
            names.add(name.as_bytes(), false, o.relative, o.recurse, o.dirs);
        }
        assert_eq!(names.check(b"a", true), Requested::ParentOnly);
        assert_eq!(names.check(b"a", false), Requested::No);
        assert_eq!(names.check(b"a/b/x", false), Requested::Yes);
        assert_eq!(names.check(b"a/b/x/y", false), Requested::No);
        assert_eq!(names.check(b"d", false), Requested::Yes);
        assert_eq!(names.check(b"c", true), Requested::No);
        assert_eq!(names.check(b"/e/f", true), Requested::Yes);
        assert_eq!(names.check(b"e", true), Requested::ParentOnly);
    }
}
