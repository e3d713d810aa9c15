//! The words behind the options: what a client asks for, as paths below the module (WIRE.md, Argument block).

use crate::{rules::is_hidden, wild::wild_match};
use filters::FilterList;
use fsroot::{Root, meta::Kind};
use wire::{RelPath, limits::MAX_ARGS};

/// The request as logged ends with the word that reaches this length.
const MAX_SHOWN: usize = 1024;

/// More paths than a request may have.
#[derive(Debug, PartialEq, Eq)]
pub struct TooMany;

/// Undoes the escapes of an option word: `\c` is `c`.
pub fn unescape(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    let mut bytes = word.iter();
    while let Some(&b) = bytes.next() {
        match b {
            b'\\' => out.push(*bytes.next().unwrap_or(&b)),
            _ => out.push(b),
        }
    }
    out
}

/// The request for the log: the words as they came.
pub fn shown(words: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for word in words {
        if out.len() >= MAX_SHOWN {
            break;
        }
        if !out.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
    out
}

/// How paths are made of words.
pub struct Expander<'a> {
    /// The module's name, which each word begins with.
    pub module: &'a [u8],
    /// The words came in the secluded block: they are not split.
    pub secluded: bool,
    /// `--relative`: `./` marks where the names begin.
    pub relative: bool,
    /// The module.
    pub root: &'a mut Root,
    /// What the module hides.
    pub filters: Option<&'a FilterList>,
}

impl Expander<'_> {
    /// The paths, relative to the module's root.
    ///
    /// # Errors
    /// Wildcards match too much.
    pub fn expand(&mut self, words: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, TooMany> {
        let mut paths = Vec::new();
        for word in words {
            for piece in self.pieces(word) {
                let path = clean(piece, self.relative);
                if !path.iter().any(|b| b"*?[".contains(b)) || !self.glob(&path, &mut paths)? {
                    paths.push(path);
                }
                if paths.len() > MAX_ARGS {
                    return Err(TooMany);
                }
            }
        }
        Ok(paths)
    }

    /// A word without the module's name, split at each further ` MODULE/`.
    fn pieces<'w>(&self, word: &'w [u8]) -> Vec<&'w [u8]> {
        let own = |piece: &'w [u8]| piece.strip_prefix(self.module).unwrap_or(piece);
        if self.secluded {
            return vec![own(word)];
        }
        let mark = [b" ", self.module, b"/"].concat();
        let mut pieces = Vec::new();
        let mut rest = own(word);
        while let Some(at) = rest.windows(mark.len()).position(|window| window == mark) {
            pieces.push(&rest[..at]);
            rest = own(&rest[at + 1..]);
        }
        pieces.push(rest);
        pieces
    }

    /// Appends what the wildcards match; false if that is nothing.
    fn glob(&mut self, path: &[u8], out: &mut Vec<Vec<u8>>) -> Result<bool, TooMany> {
        let (path, slash) = match path.strip_suffix(b"/") {
            Some(path) => (path, true),
            None => (path, false),
        };
        let parts: Vec<&[u8]> = path.split(|b| *b == b'/').collect();
        let before = out.len();
        let mut found: Vec<Vec<u8>> = vec![Vec::new()];
        for (i, part) in parts.iter().enumerate() {
            let directory = slash || i + 1 < parts.len();
            let mut next = Vec::new();
            for base in &found {
                self.candidates(base, part, directory, &mut next);
                if before + next.len() > MAX_ARGS {
                    return Err(TooMany);
                }
            }
            found = next;
        }
        for mut path in found {
            if slash {
                path.push(b'/');
            }
            out.push(path);
        }
        Ok(out.len() > before)
    }

    /// The names below `base` that one component of a pattern means.
    fn candidates(&mut self, base: &[u8], part: &[u8], directory: bool, out: &mut Vec<Vec<u8>>) {
        let join = |name: &[u8]| match base {
            b"" => name.to_vec(),
            base => [base, b"/", name].concat(),
        };
        if part == b"." {
            out.push(join(part));
            return;
        }
        if !part.iter().any(|b| b"*?[".contains(b)) {
            let path = join(&unescape(part));
            // Whether the last one is there is for the sender to say.
            if !directory || self.is_visible(&path, directory) {
                out.push(path);
            }
            return;
        }
        let Some(dir) = RelPath::new(base) else { return };
        // What cannot be read matches nothing; the sender will say why.
        let Ok(entries) = self.root.read_dir(&dir) else { return };
        for entry in entries {
            if wild_match(part, &entry.name) {
                let path = join(&entry.name);
                if self.is_visible(&path, directory) {
                    out.push(path);
                }
            }
        }
    }

    /// Whether the path exists, is of the right kind, and is not hidden.
    fn is_visible(&mut self, path: &[u8], directory: bool) -> bool {
        let Some(rel) = RelPath::new(path) else { return false };
        let stat = match self.root.stat_follow(&rel, false) {
            Ok(stat) => stat,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return false,
            // A link that leads out of the module is there as a link.
            Err(_) if !directory => match self.root.lstat(&rel) {
                Ok(stat) => stat,
                Err(_) => return false,
            },
            Err(_) => return false,
        };
        let is_dir = stat.kind == Kind::Directory;
        (is_dir || !directory) && !is_hidden(self.filters, rel.as_bytes(), is_dir)
    }
}

/// A path below the module's root: no leading slash, `..` never leaves it, a trailing slash is kept, and `.` components
/// only with `keep_dots`.
pub fn clean(path: &[u8], keep_dots: bool) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|b| *b == b'/') {
        match part {
            b"" => {}
            b"." if keep_dots => parts.push(part),
            b"." => {}
            b".." => while parts.pop().is_some_and(|part| part == b".") {},
            _ => parts.push(part),
        }
    }
    let mut out = parts.join(&b'/');
    if out.is_empty() {
        out.push(b'.');
    } else if path.ends_with(b"/") || path.ends_with(b"/.") && !keep_dots {
        out.push(b'/');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    fn expand(dir: &Path, relative: bool, secluded: bool, words: &[&str]) -> Vec<String> {
        let mut root = Root::open(dir).unwrap();
        root.set_follow_parents(fsroot::root::FollowParents::Beneath);
        let mut expander =
            Expander { module: b"mod", secluded, relative, root: &mut root, filters: None };
        let words: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        let mut paths: Vec<String> = expander
            .expand(&words)
            .unwrap()
            .into_iter()
            .map(|path| String::from_utf8(path).unwrap())
            .collect();
        paths.sort();
        paths
    }

    #[test]
    fn the_module_is_stripped_and_words_are_split() {
        let dir = tempfile::tempdir().unwrap();
        let plain = |words: &[&str]| expand(dir.path(), false, false, words);
        assert_eq!(plain(&["mod/"]), ["."]);
        assert_eq!(plain(&["mod"]), ["."]);
        assert_eq!(plain(&["mod/a/b/"]), ["a/b/"]);
        assert_eq!(plain(&["mod/a mod/b"]), ["a", "b"]);
        assert_eq!(expand(dir.path(), false, true, &["mod/a mod/b"]), ["a mod/b"]);
        assert_eq!(plain(&["other"]), ["other"]);
    }

    #[test]
    fn nothing_leaves_the_module() {
        let cleaned = |path: &str, dots| String::from_utf8(clean(path.as_bytes(), dots)).unwrap();
        assert_eq!(cleaned("/../../etc/passwd", false), "etc/passwd");
        assert_eq!(cleaned("a/../../b//c/./", false), "b/c/");
        assert_eq!(cleaned("..", false), ".");
        assert_eq!(cleaned("a/.", false), "a/");
        assert_eq!(cleaned("/x/./a/b", true), "x/./a/b");
        assert_eq!(cleaned("x/./../../y", true), "y");
    }

    #[test]
    fn wildcards_match_existing_names_inside() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "").unwrap();
        for name in ["a1", "a2", ".h", "d*"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        fs::create_dir(dir.path().join("ad")).unwrap();
        fs::write(dir.path().join("ad/x"), "").unwrap();
        std::os::unix::fs::symlink(outside.path(), dir.path().join("aout")).unwrap();
        let plain = |words: &[&str]| expand(dir.path(), false, false, words);
        assert_eq!(plain(&["mod/a?"]), ["a1", "a2", "ad"]);
        assert_eq!(plain(&["mod/*/x"]), ["ad/x"]);
        assert_eq!(plain(&["mod/a*/"]), ["ad/"]);
        assert_eq!(plain(&["mod/aout/*"]), ["aout/*"]);
        assert_eq!(plain(&["mod/z*"]), ["z*"]);
        assert_eq!(plain(&["mod/d\\*"]), ["d*"]);
        assert_eq!(plain(&["mod/.?"]), [".h"]);
    }

    #[test]
    fn option_words_lose_one_level_of_escapes() {
        assert_eq!(unescape(b"--suffix=\\*\\\\x\\"), b"--suffix=*\\x\\");
    }

    #[test]
    fn a_logged_request_is_bounded() {
        let words = vec![vec![b'x'; 600]; 5];
        assert_eq!(shown(&words).len(), 1201);
    }
}
