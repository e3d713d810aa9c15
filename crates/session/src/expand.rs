//! Wildcards in paths that went past the remote shell (WIRE.md, Secluded arguments).

use filters::wildmatch::wildmatch;
use fsroot::text;
use std::fs;

/// The paths that `path` matches, or `path` itself if there are none. Each component with a wildcard stands for the
/// names in its directory, hidden ones too, in the directory's order. All but the last must be directories; whether a last one
/// without wildcards is there is for the sender to say.
pub fn wildcards(path: &[u8]) -> Vec<Vec<u8>> {
    let is_wild = |part: &[u8]| part.iter().any(|b| b"*?[".contains(b));
    if !is_wild(path) {
        return vec![path.to_vec()];
    }
    let (pattern, slash) = match path.strip_suffix(b"/") {
        Some(pattern) => (pattern, &b"/"[..]),
        None => (path, &b""[..]),
    };
    let parts: Vec<&[u8]> = pattern.split(|b| *b == b'/').collect();
    let mut found = vec![Vec::new()];
    for (i, part) in parts.iter().enumerate() {
        let directory = !slash.is_empty() || i + 1 < parts.len();
        // A link counts as what it leads to.
        let counts = |path: &[u8]| {
            fs::metadata(text::path(path)).is_ok_and(|meta| !directory || meta.is_dir())
        };
        let mut next = Vec::new();
        for base in found {
            let between: &[u8] = if i > 0 { b"/" } else { b"" };
            let dir = [base.as_slice(), between].concat();
            if !is_wild(part) {
                let path = [dir.as_slice(), &unescape(part)].concat();
                // An empty component is the root, or a slash too many.
                if part.is_empty() || !directory || counts(&path) {
                    next.push(path);
                }
                continue;
            }
            let here = if dir.is_empty() { b"." } else { dir.as_slice() };
            // What cannot be read matches nothing; the sender will say why.
            let Ok(entries) = fs::read_dir(text::path(here)) else { continue };
            for entry in entries.flatten() {
                let name = text::bytes(entry.file_name());
                let path = [dir.as_slice(), &name].concat();
                if wildmatch(part, &name) && counts(&path) {
                    next.push(path);
                }
            }
        }
        found = next;
    }
    match found.is_empty() {
        true => vec![path.to_vec()],
        false => found.into_iter().map(|path| [path.as_slice(), slash].concat()).collect(),
    }
}

/// A component without wildcards, its backslashes removed.
fn unescape(part: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(part.len());
    let mut bytes = part.iter();
    while let Some(&b) = bytes.next() {
        match b {
            b'\\' => out.push(*bytes.next().unwrap_or(&b)),
            _ => out.push(b),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_match_names_of_their_directory() {
        let top = tempfile::tempdir().unwrap();
        // Windows has no names with wildcards in them.
        let starred = if cfg!(unix) { "s*/x" } else { "s/x" };
        for name in ["a/x1", "a/x2", "b/x1", ".h/x1", starred] {
            let path = top.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let top = crate::platform::local_path(&text::bytes(top.path()));
        let top = top.as_slice();
        let expand = |pattern: &str| {
            let mut found: Vec<_> = wildcards(&[top, b"/", pattern.as_bytes()].concat())
                .iter()
                .map(|path| String::from_utf8_lossy(&path[top.len() + 1..]).into_owned())
                .collect();
            found.sort();
            found
        };
        assert_eq!(expand("a/x?"), ["a/x1", "a/x2"]);
        assert_eq!(expand("*/x?"), [".h/x1", "a/x1", "a/x2", "b/x1"]);
        // Only the sender looks whether that is there.
        assert_eq!(expand("[ab]/x2"), ["a/x2", "b/x2"]);
        assert_eq!(expand("a/*/y"), ["a/*/y"]);
        assert_eq!(expand("[ab]/x1"), ["a/x1", "b/x1"]);
        if cfg!(unix) {
            assert_eq!(expand("s\\*/?"), ["s*/x"]);
        }
        assert_eq!(expand("b*/"), ["b/"]);
        assert_eq!(expand("none*"), ["none*"]);
        assert_eq!(expand("a\\b"), ["a\\b"]);
    }
}
