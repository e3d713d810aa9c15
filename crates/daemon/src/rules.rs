//! A module's own filter rules: what its clients neither see nor touch (off-wire semantics: daemon filter).

use crate::config::Section;
use filters::{FilterError, FilterList, Loader, ParseContext};
use std::{
    io::{self, Read},
    path::Path,
};

/// Largest rule file that is read.
const MAX_FILE: u64 = 64 << 20;

/// Reads the operator's files, wherever they are.
struct OperatorFiles;

impl Loader for OperatorFiles {
    fn load(&mut self, path: &[u8]) -> io::Result<Vec<u8>> {
        use std::os::unix::ffi::OsStrExt;
        read(Path::new(std::ffi::OsStr::from_bytes(path)))
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    fsroot::read_operator_file(path)?.take(MAX_FILE).read_to_end(&mut content)?;
    Ok(content)
}

/// The list, in the order of priority of the parameters; `None` if there is no rule.
///
/// # Errors
/// What to log of a rule that is wrong or a file that cannot be read.
pub fn load(module: &Section) -> Result<Option<FilterList>, String> {
    let cx = ParseContext { protocol_30: true, ..ParseContext::default() };
    let mut list = FilterList::new();
    let failed = |e: FilterError| e.text;
    let filter = module.text("filter").unwrap_or_default();
    for rule in filter_rules(&filter) {
        list.add_rule(&cover_contents(rule), &cx, &mut OperatorFiles).map_err(failed)?;
    }
    for (from, patterns, include) in
        [("includefrom", "include", true), ("excludefrom", "exclude", false)]
    {
        let mut all = Vec::new();
        if let Some(path) = module.path(from) {
            let content = read(&path).map_err(|e| {
                let e = session::log::strerror(&e);
                let kind = if include { "include" } else { "exclude" };
                format!("failed to open {kind} file {}: {e}", path.display())
            })?;
            all.extend(file_patterns(&content));
        }
        let inline = module.text(patterns).unwrap_or_default();
        all.extend(words(&inline));
        for pattern in all {
            let pattern = cover_contents(pattern);
            list.add_pattern(&pattern, include, &cx, &mut OperatorFiles).map_err(failed)?;
        }
    }
    Ok((!list.is_empty()).then_some(list))
}

/// A pattern for a directory covers what is in it, for the contents may be asked for by name.
fn cover_contents(mut rule: Vec<u8>) -> Vec<u8> {
    if rule.ends_with(b"/") && rule.len() > 1 {
        rule.extend_from_slice(b"***");
    }
    rule
}

/// The patterns of a file, one a line.
fn file_patterns(content: &[u8]) -> Vec<Vec<u8>> {
    let is_rule = |line: &&[u8]| !matches!(line.first(), None | Some(b'#' | b';'));
    let lines = content.split(|b| *b == b'\n' || *b == b'\r');
    lines.filter(is_rule).map(<[u8]>::to_vec).collect()
}

/// The patterns of `include` or `exclude`: words, of which `+` and `-` belong to the word behind them.
fn words(list: &[u8]) -> Vec<Vec<u8>> {
    join_prefixes(list, |word| word == b"+" || word == b"-")
}

/// The rules of `filter`: a word that is only a rule's name and modifiers belongs to the word behind it.
fn filter_rules(list: &[u8]) -> Vec<Vec<u8>> {
    join_prefixes(list, |word| {
        const NAMES: [&[u8]; 9] = [
            b"exclude",
            b"include",
            b"merge",
            b"dir-merge",
            b"hide",
            b"show",
            b"protect",
            b"risk",
            b"clear",
        ];
        if let Some(name) = NAMES.iter().find(|name| word.starts_with(name)) {
            // With modifiers there is a comma; the pattern is behind a blank or an underscore.
            let rest = &word[name.len()..];
            return *name != b"clear" && !rest.contains(&b'_') && !rest.contains(&b'C');
        }
        let (first, rest) = word.split_first().unwrap_or((&b'!', b""));
        b"+-.:HSPR".contains(first) && !rest.contains(&b'_') && !rest.contains(&b'C')
    })
}

fn join_prefixes(list: &[u8], is_prefix: impl Fn(&[u8]) -> bool) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let mut words = list.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        match words.clone().next() {
            Some(next) if is_prefix(word) => {
                out.push([word, b" ", next].concat());
                words.next();
            }
            _ => out.push(word.to_vec()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(list: Vec<Vec<u8>>) -> Vec<String> {
        list.into_iter().map(|word| String::from_utf8(word).unwrap()).collect()
    }

    #[test]
    fn lists_are_split_into_rules() {
        assert_eq!(text(words(b" *.o  + /a/  - b c")), ["*.o", "+ /a/", "- b", "c"]);
        assert_eq!(
            text(filter_rules(b"+ /a -_b -p c :C exclude,! d hide_e dir-merge .r ! - /x/")),
            ["+ /a", "-_b", "-p c", ":C", "exclude,! d", "hide_e", "dir-merge .r", "!", "- /x/"]
        );
        assert_eq!(text(file_patterns(b"a b\r\n\n# c\n;d\n+ e\n")), ["a b", "+ e"]);
    }

    #[test]
    fn a_directory_pattern_covers_its_contents() {
        assert_eq!(cover_contents(b"- d/".to_vec()), b"- d/***");
        assert_eq!(cover_contents(b"d".to_vec()), b"d");
        assert_eq!(cover_contents(b"/".to_vec()), b"/");
    }
}
