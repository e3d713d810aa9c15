//! One compiled pattern and the test of a name against it (man page, PATTERN MATCHING RULES).
use crate::wildmatch::Glob;

/// A name about to be tested, with what every rule needs to know about it.
pub(crate) struct Query<'a> {
    /// Without its leading slash.
    name: &'a [u8],
    /// The last component of `name`.
    base: &'a [u8],
    /// The name was absolute.
    rooted: bool,
    pub(crate) is_dir: bool,
    pub(crate) is_xattr: bool,
    pub(crate) ignore_perishable: bool,
    /// The working directory below the (module) root, without a leading slash.
    cwd: &'a [u8],
}

impl<'a> Query<'a> {
    pub(crate) fn new(
        name: &'a [u8],
        is_dir: bool,
        ignore_perishable: bool,
        cwd: &'a [u8],
    ) -> Query<'a> {
        let (name, rooted) = match name.strip_prefix(b"/") {
            Some(rest) => (rest, true),
            None => (name, false),
        };
        let base = memchr::memrchr(b'/', name).map_or(name, |at| &name[at + 1..]);
        Query { name, base, rooted, is_dir, is_xattr: false, ignore_perishable, cwd }
    }

    pub(crate) fn xattr(name: &'a [u8]) -> Query<'a> {
        let mut query = Query::new(name, false, false, b"");
        query.is_xattr = true;
        query
    }

    /// Nothing matches an empty name, and the transfer root is never tested.
    pub(crate) fn is_untestable(&self) -> bool {
        self.name.is_empty() || (self.name == b"." && !self.is_xattr)
    }
}

/// Which part of the name is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// The last component.
    Base,
    /// The last so many components (slashes in the pattern, plus one).
    Last(usize),
    /// All of it, or any part that starts after a slash.
    Floating,
    /// All of it.
    Whole,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Matcher {
    Literal(Box<[u8]>),
    Glob(Glob),
}

impl Matcher {
    fn matches(&self, text: &[u8]) -> bool {
        match self {
            Matcher::Literal(literal) => **literal == *text,
            Matcher::Glob(glob) => glob.matches(text),
        }
    }
}

/// What a pattern is compiled with.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PatternOptions<'a> {
    pub(crate) dir_only: bool,
    pub(crate) negated: bool,
    /// Matched against the absolute path.
    pub(crate) absolute: bool,
    /// For an anchored pattern of a per-directory file: that file's directory, below the root,
    /// without a leading slash. It is compared byte by byte, whatever wildcards it contains.
    pub(crate) below: Option<&'a [u8]>,
    /// Whether wildcards count; `None` looks at the pattern.
    pub(crate) wild: Option<bool>,
}

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    scope: Scope,
    matcher: Matcher,
    /// Directory prefix that comes before the pattern, ending in a slash unless empty.
    below: Option<Box<[u8]>>,
    dir_only: bool,
    negated: bool,
    absolute: bool,
    /// A slash is put before relative names (`**` at the start).
    leading_slash: bool,
    /// A slash is put after directory names (`***` at the end).
    dir_slash: bool,
}

pub(crate) fn has_wildcard(text: &[u8]) -> bool {
    text.iter().any(|b| matches!(b, b'*' | b'?' | b'['))
}

impl Pattern {
    /// Compiles `text`, whose directory-marking slash was already removed.
    pub(crate) fn new(text: &[u8], options: PatternOptions<'_>) -> Pattern {
        let slashes = memchr::memchr_iter(b'/', text).count();
        let deep = memchr::memmem::find(text, b"**").is_some();
        let leading_slash = text.starts_with(b"**");
        let (rest, anchored) = match text.strip_prefix(b"/") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let scope = if slashes == 0 && !deep {
            Scope::Base
        } else if !anchored && !deep {
            Scope::Last(slashes + 1)
        } else if !anchored && !leading_slash {
            Scope::Floating
        } else {
            Scope::Whole
        };
        let matcher = if options.wild.unwrap_or_else(|| has_wildcard(text)) {
            Matcher::Glob(Glob::new(rest))
        } else {
            Matcher::Literal(rest.into())
        };
        let below = options.below.map(|dir| {
            let mut prefix = dir.to_vec();
            if !prefix.is_empty() {
                prefix.push(b'/');
            }
            prefix.into_boxed_slice()
        });
        Pattern {
            scope,
            matcher,
            below,
            dir_only: options.dir_only,
            negated: options.negated,
            absolute: options.absolute,
            leading_slash,
            dir_slash: deep && text.ends_with(b"***"),
        }
    }

    /// Whether a rule with this pattern matches; `query` must be testable.
    pub(crate) fn matches(&self, query: &Query<'_>) -> bool {
        if self.dir_only && !query.is_dir {
            return self.negated;
        }
        let hit = if self.scope == Scope::Base {
            self.matcher.matches(query.base)
        } else if let Some(below) = &self.below {
            self.hit_below(below, query)
        } else {
            let cwd: &[u8] = if self.absolute && !query.rooted { query.cwd } else { b"" };
            let before: &[u8] =
                if !cwd.is_empty() || (self.leading_slash && !query.rooted && !self.absolute) {
                    b"/"
                } else {
                    b""
                };
            with_joined([cwd, before, query.name, self.dir_end(query)], |text| self.hit(text))
        };
        hit != self.negated
    }

    fn dir_end(&self, query: &Query<'_>) -> &'static [u8] {
        if self.dir_slash && query.is_dir { b"/" } else { b"" }
    }

    fn hit_below(&self, below: &[u8], query: &Query<'_>) -> bool {
        let cwd: &[u8] = if query.rooted { b"" } else { query.cwd };
        // The usual case: the rules file lies in the transfer, so that its directory starts with
        // the working directory and only the remainder needs to be compared.
        let remainder = if cwd.is_empty() {
            Some(below)
        } else {
            below.strip_prefix(cwd).and_then(|rest| rest.strip_prefix(b"/"))
        };
        let end = self.dir_end(query);
        if let Some(prefix) = remainder {
            return query.name.strip_prefix(prefix).is_some_and(|rest| {
                with_joined([rest, end, b"", b""], |text| self.matcher.matches(text))
            });
        }
        with_joined([cwd, b"/", query.name, end], |text| {
            text.strip_prefix(below).is_some_and(|rest| self.matcher.matches(rest))
        })
    }

    fn hit(&self, text: &[u8]) -> bool {
        match (self.scope, &self.matcher) {
            (Scope::Last(components), matcher) => {
                last_components(text, components).is_some_and(|tail| matcher.matches(tail))
            }
            (Scope::Floating, Matcher::Glob(glob)) => glob.matches_tail(text),
            (_, matcher) => matcher.matches(text),
        }
    }
}

/// The last `n` components of `text`, if it has as many.
fn last_components(text: &[u8], n: usize) -> Option<&[u8]> {
    let mut slashes = memchr::memrchr_iter(b'/', text);
    for _ in 1..n {
        slashes.next()?;
    }
    Some(slashes.next().map_or(text, |at| &text[at + 1..]))
}

/// Calls `f` with the parts joined, without allocating for names of ordinary length.
fn with_joined<R>(parts: [&[u8]; 4], f: impl FnOnce(&[u8]) -> R) -> R {
    let mut filled = parts.iter().filter(|part| !part.is_empty());
    if let (Some(only), None) = (filled.next(), filled.next()) {
        return f(only);
    }
    let total: usize = parts.iter().map(|part| part.len()).sum();
    let mut stack = [0u8; 512];
    if let Some(space) = stack.get_mut(..total) {
        let mut at = 0;
        for part in parts {
            space[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        f(space)
    } else {
        f(&parts.concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &[u8]) -> Pattern {
        let (text, dir_only) = match text.strip_suffix(b"/") {
            Some(rest) if !rest.is_empty() => (rest, true),
            _ => (text, false),
        };
        Pattern::new(text, PatternOptions { dir_only, ..Default::default() })
    }

    #[test]
    fn verified_cases() {
        #[rustfmt::skip]
        let cases: &[(&str, &str, bool)] = &[
            ("foo", "foo", true), ("a/*", "a/b", true), ("**c/", "c/", true),
            ("foo", "a/foo", true), ("a/*", "x/a/b", true), ("/**/c", "c", false),
            ("foo", "foo/", true), ("a/*", "a/b/c", false), ("/**/c", "a/c", true),
            ("foo", "foobar", false), ("a/*/c", "a/b/c", true), ("a/**/c", "a/c", false),
            ("foo/", "foo", false), ("a/*/c", "x/a/b/c", true), ("a/**/c", "a/b/c", true),
            ("foo/", "foo/", true), ("/a/*", "a/b/c", false), ("a**c", "a/b/c", true),
            ("/foo", "foo", true), ("a/**", "a/", false), ("a**c", "x/ab/yc", true),
            ("/foo", "a/foo", false), ("a/**", "a/b/c", true), ("a/***", "a/", true),
            ("foo/bar", "foo/bar", true), ("a/**", "x/a/b", true), ("a/***", "a/b/c", true),
            ("foo/bar", "x/foo/bar", true), ("/a/**", "a/b", true), ("/a/***", "x/a/", false),
            ("foo/bar", "xfoo/bar", false), ("/a/**", "x/a/b", false), ("a***", "ab/", true),
            ("foo/bar", "bar", false), ("**/c", "c", true), ("***", "q", true),
            ("/foo/bar", "x/foo/bar", false), ("**/c", "a/b/c", true), ("a*b", "a/b", false),
            ("*.o", ".o", true), ("**c", "a/b/xc", true), ("*", ".hidden", true),
            ("*/", "d/", true), ("*/*", "a/b", true), ("?", "ab", false),
            ("*/", "f", false), ("*/*", "b", false), ("a[/]b", "a/b", false),
            ("a\\b", "a\\b", true), ("a\\*b", "a*b", true), ("a\\[b", "a[b", true),
            ("a\\b", "ab", false), ("a\\*b", "axb", false), ("a[b", "a[b", false),
            ("a\\b*", "abc", true), ("a\\*b", "a\\*b", false), ("a[[]b", "a[b", true),
            ("a\\b*", "a\\bc", false), ("a\\", "a\\", true), ("a//b", "a/b", false),
            ("a\\\\b*", "a\\bc", true), ("a*\\", "ab\\", false), ("foo//", "foo/", false),
            ("./foo", "foo", false), ("/", "foo", false), ("a/./b", "a/b", false),
            ("foo ", "foo ", true), (" foo", "foo", false), ("FOO", "foo", false),
        ];
        for &(text, path, want) in cases {
            let (name, is_dir) = match path.strip_suffix('/') {
                Some(name) => (name, true),
                None => (path, false),
            };
            let query = Query::new(name.as_bytes(), is_dir, false, b"");
            assert_eq!(pattern(text.as_bytes()).matches(&query), want, "{text} {path}");
        }
    }

    #[test]
    fn negated_directory_pattern_hits_every_other_file() {
        let p = |text: &[u8]| {
            Pattern::new(
                text,
                PatternOptions { dir_only: true, negated: true, ..Default::default() },
            )
        };
        let file = Query::new(b"a/f", false, false, b"");
        let sub = Query::new(b"sub", true, false, b"");
        let other = Query::new(b"other", true, false, b"");
        assert!(p(b"*").matches(&file) && p(b"sub").matches(&file));
        assert!(!p(b"*").matches(&sub) && !p(b"sub").matches(&sub));
        assert!(p(b"sub").matches(&other));
    }

    #[test]
    fn absolute_patterns_use_the_working_directory() {
        let abs = |text: &[u8], name: &[u8], cwd: &[u8]| {
            Pattern::new(text, PatternOptions { absolute: true, ..Default::default() })
                .matches(&Query::new(name, false, false, cwd))
        };
        assert!(abs(b"/abs/foo", b"foo", b"abs"));
        assert!(abs(b"/abs/foo", b"/abs/foo", b"elsewhere"));
        assert!(!abs(b"/abs/foo", b"foo", b"other"));
        assert!(abs(b"s/foo", b"foo", b"base/s"));
        assert!(!abs(b"s/foo", b"foo", b"base/t"));
        assert!(abs(b"/foo", b"foo", b""));
        // No slash is put before a name that starts with `**` and is absolute already.
        assert!(!abs(b"**/x", b"x", b""));
        assert!(abs(b"**/x", b"x", b"d"));
    }

    #[test]
    fn rooted_name_gets_no_second_slash() {
        let p = Pattern::new(b"**/x", PatternOptions::default());
        assert!(p.matches(&Query::new(b"x", false, false, b"")));
        assert!(!p.matches(&Query::new(b"/x", false, false, b"")));
        assert!(p.matches(&Query::new(b"/d/x", false, false, b"")));
    }

    #[test]
    fn prefix_of_a_rules_file_is_literal() {
        let p = |dir: &'static [u8], text: &[u8]| {
            Pattern::new(
                text,
                PatternOptions { absolute: true, below: Some(dir), ..Default::default() },
            )
        };
        let at = |name, cwd| Query::new(name, false, false, cwd);
        assert!(p(b"b[1]/d", b"/*.o").matches(&at(b"d/x.o", b"b[1]")));
        assert!(!p(b"b[1]/d", b"/*.o").matches(&at(b"d/e/x.o", b"b[1]")));
        assert!(!p(b"b[1]/d", b"/*.o").matches(&at(b"x.o", b"b[1]")));
        // A file above the transfer root.
        assert!(p(b"b", b"/c/foo").matches(&at(b"foo", b"b/c")));
        assert!(p(b"", b"/b/c/foo").matches(&at(b"foo", b"b/c")));
        assert!(!p(b"b", b"/foo").matches(&at(b"foo", b"b/c")));
        let dir = Query::new(b"d/e", true, false, b"b");
        assert!(p(b"b/d", b"/e/***").matches(&dir));
    }

    #[test]
    fn long_names_are_joined_on_the_heap() {
        let name = [b"d/".repeat(600), b"x".to_vec()].concat();
        let p = Pattern::new(b"**/x", PatternOptions::default());
        assert!(p.matches(&Query::new(&name, false, false, b"")));
    }
}
