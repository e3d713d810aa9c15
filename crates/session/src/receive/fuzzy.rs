//! A similar file as the basis (`--fuzzy`), as the item on the wire names it: where it lies and what it is called.
use super::altdest::AltDirs;
use fsroot::{Root, Stat};
use wire::{RelPath, item::basis};

/// A file that is similar to one that the destination lacks.
#[derive(Debug, Clone)]
pub(super) struct Similar {
    /// The alternate directory that it lies in; `None`: the destination.
    pub alternate: Option<u8>,
    /// Its name, in the directory of the one that is missing.
    pub name: Vec<u8>,
    pub st: Stat,
}

impl Similar {
    /// The kind of basis that it is.
    pub fn kind(&self) -> u8 {
        // At most 20 directories.
        self.alternate.map_or(basis::FUZZY, |number| basis::FUZZY + 1 + number)
    }
}

/// The similar file that a kind of basis and a name stand for, which lies beside `wanted`: below which root, and where.
pub(super) fn locate<'a>(
    root: &'a mut Root,
    dirs: Option<&'a mut AltDirs>,
    kind: u8,
    wanted: &RelPath,
    name: &[u8],
) -> Option<(&'a mut Root, RelPath)> {
    let path = wanted.parent()?.join(name)?;
    match kind.checked_sub(basis::FUZZY)? {
        0 => Some((root, path)),
        number => Some((dirs?.root(number - 1)?, path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_beside_the_wanted_file() {
        let t = tempfile::tempdir().unwrap();
        let mut root = Root::open(t.path()).unwrap();
        let wanted = RelPath::new(b"d/wanted").unwrap();
        let mut found = |kind, name: &[u8]| {
            locate(&mut root, None, kind, &wanted, name).map(|(_, path)| path.as_bytes().to_vec())
        };
        assert_eq!(found(basis::FUZZY, b"other"), Some(b"d/other".to_vec()));
        for name in [&b""[..], b".", b"..", b"../x", b"/x", b"a/b", b"a\0b"] {
            assert_eq!(found(basis::FUZZY, name), None);
        }
        assert_eq!(found(basis::FUZZY + 1, b"other"), None, "there is no such directory");
        assert_eq!(found(basis::BACKUP, b"other"), None);
    }
}
