//! The partial directory: where interrupted files are kept, and where `--delay-updates` gathers files (man page, --partial-dir).
use fsroot::{Kind, Root, Stat};
use std::{fs::File, io};
use wire::RelPath;

/// The partial directory.
#[derive(Debug, Clone)]
pub(super) enum Partial {
    /// A relative one: in each directory its own.
    Beside(RelPath),
    /// An absolute one, for all files.
    Apart {
        /// `None`: it cannot be used.
        root: Option<Box<Root>>,
        /// The directory below it.
        dir: RelPath,
    },
}

impl Partial {
    /// The directory for a file, below [`Partial::root`].
    pub fn dir(&self, target: &RelPath) -> Option<RelPath> {
        let dir = match self {
            Partial::Beside(dir) => dir,
            Partial::Apart { root, dir } => return root.as_ref().map(|_| dir.clone()),
        };
        let parts = dir.as_bytes().split(|b| *b == b'/');
        parts.fold(target.parent(), |path, part| path?.join(part))
    }

    /// Where a file is kept, below [`Partial::root`].
    pub fn path(&self, target: &RelPath) -> Option<RelPath> {
        self.dir(target)?.join(target.split()?.1)
    }

    /// Where a file is kept, as a path relative to the destination or an absolute one.
    pub fn display(&self, target: &RelPath) -> Vec<u8> {
        let path = self.path(target).unwrap_or_default();
        match self {
            Partial::Apart { root: Some(root), .. } => root.display(&path),
            _ => path.as_bytes().to_vec(),
        }
    }

    /// The root that the other names are below; `dest` is the destination.
    pub fn root<'a>(&'a mut self, dest: &'a mut Root) -> &'a mut Root {
        match self {
            Partial::Apart { root: Some(root), .. } => root,
            _ => dest,
        }
    }

    /// The state of what is kept of a file. Only a regular file counts.
    pub fn stat(&mut self, dest: &mut Root, target: &RelPath) -> Option<Stat> {
        let path = self.path(target)?;
        self.root(dest).lstat(&path).ok().filter(|st| st.kind == Kind::Regular)
    }

    /// Opens what is kept of a file.
    pub fn open(&mut self, dest: &mut Root, target: &RelPath) -> io::Result<File> {
        let path = self.path(target).ok_or(io::ErrorKind::InvalidInput)?;
        self.root(dest).open_read(&path)
    }

    /// Makes the directory for a file, for nobody else's eyes. False if that failed.
    pub fn make_dir(&mut self, dest: &mut Root, target: &RelPath) -> bool {
        let Some(dir) = self.dir(target) else { return false };
        let root = self.root(dest);
        match root.lstat(&dir) {
            Ok(st) if st.kind == Kind::Directory => return true,
            Ok(_) if root.unlink(&dir).is_err() => return false,
            _ => {}
        }
        root.mkdir(&dir, 0o700).is_ok()
    }

    /// Removes what is kept of a file, and the directory if nothing else is in it.
    pub fn remove(&mut self, dest: &mut Root, target: &RelPath) {
        if let Some(path) = self.path(target) {
            // Gone is all that is wanted.
            let _gone = self.root(dest).unlink(&path);
        }
        self.remove_dir(dest, target);
    }

    /// Removes the directory for a file, if nothing is in it and it is only there for such files.
    pub fn remove_dir(&mut self, dest: &mut Root, target: &RelPath) {
        if let (Partial::Beside(_), Some(dir)) = (&self, self.dir(target)) {
            // Others may be kept there.
            let _in_use = dest.rmdir(&dir);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rel(path: &str) -> RelPath {
        RelPath::new(path.as_bytes()).unwrap()
    }

    #[test]
    fn a_relative_one_is_in_every_directory() {
        let partial = Partial::Beside(rel("p/q"));
        assert_eq!(partial.path(&rel("a/b/f")), Some(rel("a/b/p/q/f")));
        assert_eq!(partial.path(&rel("f")), Some(rel("p/q/f")));
        assert_eq!(partial.path(&RelPath::root()), None);
    }

    #[test]
    fn directories_come_and_go() {
        let t = tempfile::tempdir().unwrap();
        let mut root = Root::open(t.path()).unwrap();
        let mut partial = Partial::Beside(rel(".p"));
        std::fs::write(t.path().join(".p"), "in the way").unwrap();
        for name in ["f", "g"] {
            assert!(partial.make_dir(&mut root, &rel(name)));
            std::fs::write(t.path().join(".p").join(name), "kept").unwrap();
        }
        assert_eq!(partial.stat(&mut root, &rel("f")).map(|st| st.len), Some(4));
        partial.remove(&mut root, &rel("f"));
        assert!(partial.stat(&mut root, &rel("f")).is_none());
        assert!(t.path().join(".p/g").exists());
        partial.remove(&mut root, &rel("g"));
        assert!(!t.path().join(".p").exists());
        assert!(!partial.make_dir(&mut root, &rel("none/f")));
    }

    #[test]
    fn an_absolute_one_is_flat_and_stays() {
        let (t, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut root = Root::open(t.path()).unwrap();
        let own = Some(Box::new(Root::open(kept.path()).unwrap()));
        for dir in [RelPath::root(), rel("later")] {
            let mut partial = Partial::Apart { root: own.clone(), dir: dir.clone() };
            assert!(partial.make_dir(&mut root, &rel("a/b/f")));
            let place = kept.path().join(std::str::from_utf8(dir.as_bytes()).unwrap());
            std::fs::write(place.join("f"), "kept").unwrap();
            assert!(partial.stat(&mut root, &rel("a/b/f")).is_some());
            partial.remove(&mut root, &rel("a/b/f"));
            assert!(place.exists() && !place.join("f").exists());
        }
        let mut none = Partial::Apart { root: None, dir: RelPath::root() };
        assert!(!none.make_dir(&mut root, &rel("f")) && none.stat(&mut root, &rel("f")).is_none());
    }
}
