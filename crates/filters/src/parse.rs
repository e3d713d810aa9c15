//! The grammar of one rule (man page, FILTER RULES).
use crate::rule::Flags;

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `--filter` rules.
    New,
    /// `--exclude` and `--include` patterns, with the default action.
    Old { include: bool },
    /// Patterns without prefix; with `clears`, a lone `!` clears.
    NoPrefix { clears: bool },
}

/// What the source of a rule prescribes for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Template {
    pub(crate) style: Style,
    pub(crate) word_split: bool,
    /// Inherited by every rule.
    pub(crate) flags: Flags,
}

impl Template {
    pub(crate) const NEW: Template =
        Template { style: Style::New, word_split: false, flags: Flags::NONE };

    pub(crate) fn old(include: bool) -> Template {
        Template { style: Style::Old { include }, word_split: false, flags: Flags::NONE }
    }

    /// For the contents of the file that a merge rule with these flags names.
    pub(crate) fn for_file(merge: Flags, per_directory: bool) -> Template {
        let mut inherited = Flags::INCLUDE | Flags::ABSOLUTE | Flags::PERISHABLE | Flags::SIDES;
        if per_directory {
            inherited = inherited | Flags::DIR_ONLY;
        }
        Template {
            style: if merge.any(Flags::NO_PREFIX) {
                Style::NoPrefix { clears: merge.any(Flags::CVS) }
            } else {
                Style::New
            },
            word_split: merge.any(Flags::WORD_SPLIT),
            flags: merge.only(inherited),
        }
    }
}

/// What a rule text asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Match,
    Merge,
    DirMerge,
    Cvs,
    Clear,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parsed<'t> {
    pub(crate) action: Action,
    pub(crate) flags: Flags,
    pub(crate) pattern: &'t [u8],
}

/// Why a text is no rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SyntaxError {
    UnknownRule,
    BadModifier { byte: u8, at: usize },
    Unfinished,
    ClearWithText,
    SideConflict,
}

pub(crate) fn is_space(byte: u8) -> bool {
    byte == b' ' || (b'\t'..=b'\r').contains(&byte)
}

const LONG_NAMES: [(&[u8], u8); 9] = [
    (b"clear", b'!'),
    (b"dir-merge", b':'),
    (b"exclude", b'-'),
    (b"hide", b'H'),
    (b"include", b'+'),
    (b"merge", b'.'),
    (b"protect", b'P'),
    (b"risk", b'R'),
    (b"show", b'S'),
];

/// Takes the next rule off the front of `text`: all of it, or up to a blank with word splitting.
/// `None` when nothing is left.
pub(crate) fn next_rule<'t>(
    text: &mut &'t [u8],
    template: Template,
) -> Result<Option<Parsed<'t>>, SyntaxError> {
    if template.word_split {
        let blanks = text.iter().take_while(|&&b| is_space(b)).count();
        *text = &text[blanks..];
    }
    let rule = *text;
    if rule.is_empty() {
        return Ok(None);
    }
    let mut action = Action::Match;
    let mut flags = template.flags;
    let word_end = |from: usize| -> usize {
        let tail = rule.get(from..).unwrap_or_default();
        let word = tail.iter().position(|&b| template.word_split && is_space(b));
        from + word.unwrap_or(tail.len())
    };
    let mut at = 0;
    match template.style {
        Style::Old { include } => {
            flags.set(Flags::INCLUDE, include);
            if rule.starts_with(b"- ") || rule.starts_with(b"+ ") {
                flags.set(Flags::INCLUDE, rule[0] == b'+');
                at = 2;
            } else if rule[..word_end(0)] == *b"!" {
                action = Action::Clear;
                at = 1;
            }
        }
        Style::NoPrefix { clears } => {
            if clears && rule[..word_end(0)] == *b"!" {
                action = Action::Clear;
                at = 1;
            }
        }
        Style::New => {
            let (name, name_len) = rule_name(rule)?;
            at = name_len;
            // After a long name only a comma introduces modifiers.
            if rule.get(at) == Some(&b',') {
                at += 1;
            }
            if name == b'!' {
                if word_end(at) != at {
                    return Err(SyntaxError::ClearWithText);
                }
                action = Action::Clear;
            } else {
                at = modifiers(rule, at, name, template, &mut action, &mut flags)?;
                if matches!(rule.get(at), Some(b' ' | b'_')) {
                    at += 1;
                }
            }
        }
    }
    let end = word_end(at);
    let mut pattern = &rule[at..end];
    *text = &rule[end..];
    match action {
        Action::Cvs => pattern = b"",
        Action::Clear => {}
        _ if !pattern.is_empty() => {}
        Action::Merge | Action::DirMerge if flags.any(Flags::CVS) => pattern = b".cvsignore",
        _ => return Err(SyntaxError::Unfinished),
    }
    Ok(Some(Parsed { action, flags, pattern }))
}

/// The rule's short name and how many bytes its name takes.
fn rule_name(rule: &[u8]) -> Result<(u8, usize), SyntaxError> {
    let first = rule.first().copied().unwrap_or(0);
    if b"!+-.:HPRS".contains(&first) {
        return Ok((first, 1));
    }
    LONG_NAMES
        .iter()
        .find(|(long, _)| {
            rule.starts_with(long)
                && rule.get(long.len()).is_none_or(|&b| is_space(b) || b == b'_' || b == b',')
        })
        .map(|&(long, short)| (short, long.len()))
        .ok_or(SyntaxError::UnknownRule)
}

/// Reads the modifiers from `at` on; returns where they end.
fn modifiers(
    rule: &[u8],
    mut at: usize,
    name: u8,
    template: Template,
    action: &mut Action,
    flags: &mut Flags,
) -> Result<usize, SyntaxError> {
    let merge = matches!(name, b'.' | b':');
    let sided_name = match name {
        b'H' | b'S' => Flags::SENDER,
        b'P' | b'R' => Flags::RECEIVER,
        _ => Flags::NONE,
    };
    match name {
        b'.' => *action = Action::Merge,
        b':' => *action = Action::DirMerge,
        b'+' | b'S' | b'R' => flags.set(Flags::INCLUDE, true),
        _ => {}
    }
    let has_sided_name = sided_name != Flags::NONE;
    let mut sides = sided_name;
    while let Some(&byte) = rule.get(at) {
        let bad = SyntaxError::BadModifier { byte, at };
        match byte {
            b' ' | b'_' => break,
            _ if template.word_split && is_space(byte) => break,
            b'/' => flags.set(Flags::ABSOLUTE, true),
            b'!' if !merge => flags.set(Flags::NEGATE, true),
            b'p' => flags.set(Flags::PERISHABLE, true),
            b'x' => flags.set(Flags::XATTR, true),
            b's' if !has_sided_name => sides = sides | Flags::SENDER,
            b'r' if !has_sided_name => sides = sides | Flags::RECEIVER,
            b'n' if merge => flags.set(Flags::NO_INHERIT, true),
            b'e' if merge => flags.set(Flags::EXCLUDE_SELF, true),
            b'w' if merge => flags.set(Flags::WORD_SPLIT, true),
            b'+' | b'-' if merge && !flags.any(Flags::NO_PREFIX) => {
                flags.set(Flags::NO_PREFIX, true);
                flags.set(Flags::INCLUDE, byte == b'+');
            }
            b'C' if !has_sided_name && !flags.any(Flags::NO_PREFIX) => {
                flags.set(
                    Flags::NO_PREFIX | Flags::WORD_SPLIT | Flags::NO_INHERIT | Flags::CVS,
                    true,
                );
                if !merge {
                    *action = Action::Cvs;
                }
            }
            _ => return Err(bad),
        }
        at += 1;
    }
    if sides != Flags::NONE && template.flags.any(Flags::SIDES) {
        return Err(SyntaxError::SideConflict);
    }
    *flags = *flags | sides;
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str, template: Template) -> Result<Option<(Action, Flags, String)>, SyntaxError> {
        let mut rest = text.as_bytes();
        Ok(next_rule(&mut rest, template)?.map(|p| {
            assert!(rest.is_empty() || template.word_split);
            (p.action, p.flags, String::from_utf8_lossy(p.pattern).into_owned())
        }))
    }

    fn new(text: &str) -> Result<Option<(Action, Flags, String)>, SyntaxError> {
        one(text, Template::NEW)
    }

    #[test]
    fn names_and_separators() {
        for text in ["-_foo", "exclude_foo", "-, foo", "exclude foo", "exclude, foo", "- foo"] {
            assert_eq!(new(text), Ok(Some((Action::Match, Flags::NONE, "foo".into()))), "{text}");
        }
        for text in ["exclude/ foo", "excludefoo", "dir_merge f", " - foo", "Exclude f", "q f"] {
            assert_eq!(new(text), Err(SyntaxError::UnknownRule), "{text}");
        }
        let pattern = |text| new(text).map(|r| r.expect("a rule").2);
        assert_eq!(pattern("-  foo"), Ok(" foo".into()));
        assert_eq!(pattern("-__foo"), Ok("_foo".into()));
        assert_eq!(new(""), Ok(None));
        for (text, action, flags) in [
            ("+ x", Action::Match, Flags::INCLUDE),
            ("include x", Action::Match, Flags::INCLUDE),
            ("H x", Action::Match, Flags::SENDER),
            ("hide x", Action::Match, Flags::SENDER),
            ("S x", Action::Match, Flags::SENDER | Flags::INCLUDE),
            ("show x", Action::Match, Flags::SENDER | Flags::INCLUDE),
            ("P x", Action::Match, Flags::RECEIVER),
            ("protect x", Action::Match, Flags::RECEIVER),
            ("R x", Action::Match, Flags::RECEIVER | Flags::INCLUDE),
            ("risk x", Action::Match, Flags::RECEIVER | Flags::INCLUDE),
            (". x", Action::Merge, Flags::NONE),
            ("merge x", Action::Merge, Flags::NONE),
            (": x", Action::DirMerge, Flags::NONE),
            ("dir-merge x", Action::DirMerge, Flags::NONE),
            (":n- x", Action::DirMerge, Flags::NO_INHERIT | Flags::NO_PREFIX),
            (".+we x", Action::Merge, {
                Flags::INCLUDE | Flags::NO_PREFIX | Flags::WORD_SPLIT | Flags::EXCLUDE_SELF
            }),
            ("-!!//ppxx x", Action::Match, {
                Flags::NEGATE | Flags::ABSOLUTE | Flags::PERISHABLE | Flags::XATTR
            }),
            ("exclude,sr x", Action::Match, Flags::SIDES),
        ] {
            assert_eq!(new(text), Ok(Some((action, flags, "x".into()))), "{text}");
        }
    }

    #[test]
    fn clearing() {
        for text in ["!", "clear", "!,", "clear,"] {
            assert_eq!(new(text).map(|r| r.map(|r| r.0)), Ok(Some(Action::Clear)), "{text}");
        }
        for text in ["! ", "clear_", "!foo", "clear x", "!, "] {
            assert_eq!(new(text), Err(SyntaxError::ClearWithText), "{text}");
        }
    }

    #[test]
    fn bad_modifiers() {
        for (text, byte, at) in [
            ("-foo", b'f', 1),
            ("Hr x", b'r', 1),
            ("hide,s x", b's', 5),
            ("hide,C", b'C', 5),
            ("-n x", b'n', 1),
            ("-w x", b'w', 1),
            ("-e x", b'e', 1),
            ("-+ x", b'+', 1),
            (":! f", b'!', 1),
            (":-C f", b'C', 2),
            (":C- f", b'-', 2),
            (":-+ f", b'+', 2),
            (":CC f", b'C', 2),
            ("-s,p x", b',', 2),
            ("-\tfoo", b'\t', 1),
            ("exclude\tfoo", b'\t', 7),
        ] {
            assert_eq!(new(text), Err(SyntaxError::BadModifier { byte, at }), "{text}");
        }
    }

    #[test]
    fn missing_patterns() {
        for text in [":", ".", "-", "- ", "H", ":n", ". ", "exclude", "exclude "] {
            assert_eq!(new(text), Err(SyntaxError::Unfinished), "{text}");
        }
        let cvs = Flags::NO_PREFIX | Flags::WORD_SPLIT | Flags::NO_INHERIT | Flags::CVS;
        assert_eq!(new(":C"), Ok(Some((Action::DirMerge, cvs, ".cvsignore".into()))));
        assert_eq!(new(".C"), Ok(Some((Action::Merge, cvs, ".cvsignore".into()))));
        assert_eq!(new("-C foo"), Ok(Some((Action::Cvs, cvs, String::new()))));
        assert_eq!(new("+C"), Ok(Some((Action::Cvs, cvs | Flags::INCLUDE, String::new()))));
    }

    #[test]
    fn old_style() {
        let old = |text| one(text, Template::old(false));
        let exclude = |p: &str| Ok(Some((Action::Match, Flags::NONE, p.to_string())));
        assert_eq!(old("+ foo"), Ok(Some((Action::Match, Flags::INCLUDE, "foo".into()))));
        for p in ["-_foo", "-foo", "! ", "!foo", ": .x", "-"] {
            assert_eq!(old(p), exclude(p), "{p}");
        }
        assert_eq!(old("- - foo"), exclude("- foo"));
        assert_eq!(old("- "), Err(SyntaxError::Unfinished));
        assert_eq!(old("!").map(|r| r.map(|r| r.0)), Ok(Some(Action::Clear)));
        assert_eq!(old(""), Ok(None));
        assert_eq!(one("x", Template::old(true)).map(|r| r.map(|r| r.1)), Ok(Some(Flags::INCLUDE)));
        assert_eq!(one("- x", Template::old(true)).map(|r| r.map(|r| r.1)), Ok(Some(Flags::NONE)));
    }

    #[test]
    fn no_prefix() {
        let t = |clears| Template { style: Style::NoPrefix { clears }, ..Template::NEW };
        assert_eq!(one("- x", t(true)).map(|r| r.map(|r| r.2)), Ok(Some("- x".into())));
        assert_eq!(one("!", t(true)).map(|r| r.map(|r| r.0)), Ok(Some(Action::Clear)));
        assert_eq!(one("!", t(false)).map(|r| r.map(|r| r.0)), Ok(Some(Action::Match)));
    }

    #[test]
    fn words() {
        let split = |text: &str, style| {
            let template = Template { style, word_split: true, flags: Flags::NONE };
            let mut rest = text.as_bytes();
            let mut out = Vec::new();
            loop {
                match next_rule(&mut rest, template) {
                    Ok(Some(p)) => out.push((p.action, String::from_utf8_lossy(p.pattern).into())),
                    Ok(None) => return Ok(out),
                    Err(e) => return Err(e),
                }
            }
        };
        let m = |p: &str| (Action::Match, p.to_string());
        assert_eq!(
            split("- foo +_b/\n exclude c", Style::New),
            Ok(vec![m("foo"), m("b/"), m("c")])
        );
        assert_eq!(split("! - a", Style::New), Ok(vec![(Action::Clear, "".into()), m("a")]));
        assert_eq!(split("-\tfoo", Style::New), Err(SyntaxError::Unfinished));
        assert_eq!(split("-  foo", Style::New), Err(SyntaxError::Unfinished));
        let old = Style::Old { include: false };
        assert_eq!(
            split("a ! + b !c", old),
            Ok(vec![m("a"), (Action::Clear, "".into()), m("b"), m("!c")])
        );
    }

    #[test]
    fn sides_conflict_with_the_container() {
        let t = Template { flags: Flags::SENDER, ..Template::NEW };
        assert_eq!(one("H x", t), Err(SyntaxError::SideConflict));
        assert_eq!(one("-s x", t), Err(SyntaxError::SideConflict));
        assert_eq!(one("- x", t).map(|r| r.map(|r| r.1)), Ok(Some(Flags::SENDER)));
    }
}
