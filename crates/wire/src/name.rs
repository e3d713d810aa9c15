//! Names from a peer, checked once.

use std::fmt;

/// A path below a root: never absolute, no `..`, no empty or `.` component, no NUL, at most
/// [`crate::limits::MAX_PATH`]` - 1` bytes. The root itself is the empty path, shown as `.`.
///
/// The only way to make one is [`RelPath::new`], so whoever holds one need not check it again.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RelPath(Vec<u8>);

impl RelPath {
    /// The root itself.
    pub fn root() -> Self {
        RelPath(Vec::new())
    }

    /// Checks and cleans `name`: repeated slashes, `.` components and a trailing slash are
    /// dropped. `None` for an absolute name, a `..` component, a NUL or a name that is too long.
    pub fn new(name: &[u8]) -> Option<Self> {
        if name.first() == Some(&b'/') || name.contains(&0) {
            return None;
        }
        let mut clean = Vec::with_capacity(name.len());
        for part in name.split(|&b| b == b'/') {
            match part {
                b"" | b"." => continue,
                b".." => return None,
                _ => {
                    if !clean.is_empty() {
                        clean.push(b'/');
                    }
                    clean.extend_from_slice(part);
                }
            }
        }
        (clean.len() < crate::limits::MAX_PATH).then_some(RelPath(clean))
    }

    /// The bytes; empty for the root.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether this is the root itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The parent directory and the last component; `None` for the root.
    pub fn split(&self) -> Option<(&[u8], &[u8])> {
        if self.0.is_empty() {
            return None;
        }
        Some(match self.0.iter().rposition(|&b| b == b'/') {
            Some(i) => (&self.0[..i], &self.0[i + 1..]),
            None => (&[], &self.0),
        })
    }

    /// The parent directory; `None` for the root.
    pub fn parent(&self) -> Option<RelPath> {
        self.split().map(|(dir, _)| RelPath(dir.to_vec()))
    }

    /// This path with one more component, which must be a single checked component; `None`
    /// otherwise.
    pub fn join(&self, leaf: &[u8]) -> Option<RelPath> {
        if leaf.is_empty()
            || leaf == b"."
            || leaf == b".."
            || leaf.contains(&b'/')
            || leaf.contains(&0)
        {
            return None;
        }
        let mut p = self.0.clone();
        if !p.is_empty() {
            p.push(b'/');
        }
        p.extend_from_slice(leaf);
        (p.len() < crate::limits::MAX_PATH).then_some(RelPath(p))
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = if self.is_root() { b"." } else { self.as_bytes() };
        write!(f, "RelPath({:?})", String::from_utf8_lossy(shown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_PATH;

    fn clean(name: &[u8]) -> Option<Vec<u8>> {
        RelPath::new(name).map(|path| path.as_bytes().to_vec())
    }

    #[test]
    fn names_are_cleaned_or_refused() {
        for (name, want) in [
            (&b"a/b"[..], Some(&b"a/b"[..])),
            (b"./a//b/./c/", Some(b"a/b/c")),
            (b".", Some(b"")),
            (b"", Some(b"")),
            (b"./", Some(b"")),
            (b"...", Some(b"...")),
            (b"a/..b/c..", Some(b"a/..b/c..")),
            (b"\xff\n", Some(b"\xff\n")),
            (b"..", None),
            (b"a/../b", None),
            (b"a/..", None),
            (b"/", None),
            (b"/a", None),
            (b"a\0b", None),
        ] {
            assert_eq!(clean(name).as_deref(), want, "{:?}", String::from_utf8_lossy(name));
        }
    }

    #[test]
    fn names_have_a_limit() {
        let mut long = [b"x/".repeat(MAX_PATH / 2 - 1), b"y".to_vec()].concat();
        assert_eq!(long.len(), MAX_PATH - 1);
        assert_eq!(clean(&long), Some(long.clone()));
        assert_eq!(RelPath::new(&long).unwrap().join(b"z"), None);
        long.push(b'y');
        assert_eq!(clean(&long), None);
        let slashes = [b"x".to_vec(), vec![b'/'; 2 * MAX_PATH]].concat();
        assert_eq!(clean(&slashes), Some(b"x".to_vec()));
    }

    #[test]
    fn taking_apart_and_joining() {
        let path = RelPath::new(b"a/b/c").unwrap();
        assert_eq!(path.split(), Some((&b"a/b"[..], &b"c"[..])));
        let parent = path.parent().unwrap();
        assert_eq!(parent.join(b"c"), Some(path));
        let top = RelPath::new(b"a").unwrap();
        assert_eq!(top.parent(), Some(RelPath::root()));
        assert_eq!(RelPath::root().join(b"a"), Some(top.clone()));
        assert_eq!(RelPath::root().parent(), None);
        assert!(RelPath::root().is_root() && !top.is_root());
        for leaf in [&b""[..], b".", b"..", b"a/b", b"a\0", b"/"] {
            assert_eq!(top.join(leaf), None);
        }
        assert_eq!(format!("{:?}", RelPath::root()), "RelPath(\".\")");
    }
}
