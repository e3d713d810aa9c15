//! A module's own filter rules: what its clients neither see nor touch (rsyncd.conf man page, filter).

use crate::config::Section;
use filters::{DaemonRules, FilterList, Loader, ParseContext, Verdict};
use std::{
    ffi::OsStr,
    io::{self, Read},
    os::unix::ffi::OsStrExt,
    path::Path,
};

/// Largest rule file that is read.
const MAX_FILE: u64 = 64 << 20;

/// Reads the operator's files, wherever they are.
struct OperatorFiles;

impl Loader for OperatorFiles {
    fn load(&mut self, path: &[u8]) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        fsroot::read_operator_file(Path::new(OsStr::from_bytes(path)))?
            .take(MAX_FILE)
            .read_to_end(&mut content)?;
        Ok(content)
    }
}

/// The list; `None` if there is no rule.
///
/// # Errors
/// What to log of a rule that is wrong or a file that cannot be read.
pub fn load(module: &Section) -> Result<Option<FilterList>, Vec<u8>> {
    let texts = ["filter", "includefrom", "include", "excludefrom", "exclude"]
        .map(|key| module.text(key).filter(|text| !text.is_empty()));
    let [filter, include_from, include, exclude_from, exclude] =
        texts.each_ref().map(|text| text.as_deref());
    let rules = DaemonRules { filter, include_from, include, exclude_from, exclude };
    let cx = ParseContext { protocol_30: true, ..ParseContext::default() };
    let list = FilterList::daemon(&rules, &cx, &mut OperatorFiles).map_err(|e| e.text)?;
    Ok((!list.is_empty()).then_some(list))
}

/// Whether the rules hide the name, relative to the module's root, or a directory above it.
pub fn is_hidden(filters: Option<&FilterList>, name: &[u8], is_dir: bool) -> bool {
    let Some(filters) = filters else { return false };
    let excluded = |name: &[u8], is_dir| filters.check_daemon(name, is_dir) == Verdict::Exclude;
    let parents = name.iter().enumerate().filter(|(_, b)| **b == b'/');
    parents.map(|(at, _)| &name[..at]).any(|parent| excluded(parent, true))
        || (!name.is_empty() && excluded(name, is_dir))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn list(parameters: &str) -> Result<Option<FilterList>, Vec<u8>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c");
        std::fs::write(dir.path().join("x"), "*.tmp\n").unwrap();
        let parameters = parameters.replace("DIR", &dir.path().display().to_string());
        std::fs::write(&path, format!("[m]\npath=/x\n{parameters}\n")).unwrap();
        let config = Config::load(&path, &[]).unwrap();
        load(config.module(b"m").unwrap().values())
    }

    #[test]
    fn names_and_what_is_below_them_are_hidden() {
        let list =
            list("exclude = /private/ *.o\nexclude from = DIR/x\ninclude = keep.o\nfilter = - /a")
                .unwrap();
        let hidden = |name: &str, is_dir| is_hidden(list.as_ref(), name.as_bytes(), is_dir);
        assert!(hidden("private", true) && hidden("private/deep/x", false));
        assert!(!hidden("d/private/x", false));
        assert!(hidden("d/x.o", false) && !hidden("d/keep.o", false));
        assert!(hidden("x.tmp", false) && hidden("a/b", false) && !hidden("b", false));
        assert!(!hidden("", true));
    }

    #[test]
    fn no_rules_and_broken_rules() {
        assert!(list("exclude =").unwrap().is_none());
        assert!(list("exclude from = /nonexistent/x").is_err());
        assert!(list("filter = frob x").is_err());
    }
}
