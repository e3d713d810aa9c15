//! Directories that options name beside the destination (`--backup-dir`, `--compare-dest` and its relatives).
use super::dest::{Base, Dest, noatime};
use crate::Settings;
use fsroot::{Kind, NoAtime, Root, text};
use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
};

/// Such a directory, which need not exist.
pub(super) struct Aside {
    base: Base,
    path: PathBuf,
    fake_super: bool,
    noatime: NoAtime,
}

impl Aside {
    /// The directory named `typed`, seen from the destination. What a daemon's client names stays in the module.
    pub fn new(settings: &Settings, dest: &Dest, typed: &[u8]) -> io::Result<Aside> {
        Aside::climbing(settings, dest, typed, true)
    }

    /// The same for backups: where a module is not the root of the process's own tree, their directory's name does not
    /// climb at all.
    pub fn for_backups(settings: &Settings, dest: &Dest, typed: &[u8]) -> io::Result<Aside> {
        let climbs = settings.served.as_ref().is_some_and(|served| served.at_root);
        Aside::climbing(settings, dest, typed, climbs)
    }

    fn climbing(settings: &Settings, dest: &Dest, typed: &[u8], climbs: bool) -> io::Result<Aside> {
        let base = Base::of(settings)?;
        let path = match &base {
            // Nothing is entered in a dry run whose destination does not exist.
            Base::Operator(_) if dest.root.is_none() => text::path(typed).into_owned(),
            Base::Operator(_) => dest.path.join(text::path(typed)),
            Base::Module(..) => {
                let clean = in_module(&text::bytes(&dest.path), typed, climbs);
                text::path(&clean).into_owned()
            }
        };
        Ok(Aside { base, path, fake_super: settings.fake_super, noatime: noatime(settings) })
    }

    /// Whether it is a directory; `None` if there is nothing.
    pub fn is_dir(&mut self) -> io::Result<Option<bool>> {
        match self.base.is_dir(&self.path) {
            Ok(is_dir) => Ok(Some(is_dir)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Opens it.
    pub fn open(&mut self) -> io::Result<Root> {
        let mut root = self.base.open_anchored(&self.path)?;
        root.set_fake_super(self.fake_super);
        root.set_noatime(self.noatime);
        Ok(root)
    }

    /// Opens it, and makes it and what is missing above it before.
    pub fn open_or_make(&mut self) -> io::Result<Root> {
        let mut missing: Vec<&OsStr> = Vec::new();
        let mut path = self.path.as_path();
        let mut above = loop {
            match self.base.open(path) {
                Ok(root) => break root,
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                Err(e) => {
                    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
                        return Err(e);
                    };
                    missing.push(name);
                    path = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
                }
            }
        };
        if missing.is_empty() {
            return self.open();
        }
        let mut rest = wire::RelPath::root();
        for name in missing.iter().rev() {
            rest = rest.join(&text::bytes(*name)).ok_or(io::ErrorKind::InvalidInput)?;
        }
        match above.lstat(&rest) {
            Ok(st) if st.kind != Kind::Directory => return Err(io::ErrorKind::NotADirectory.into()),
            _ => above.mkdir_all(&rest, 0o777)?,
        }
        self.open()
    }
}

/// A client's name of a directory, as the path below the module. `climbs`: `..` leads out of the destination.
fn in_module(dest: &[u8], typed: &[u8], climbs: bool) -> Vec<u8> {
    let from: &[u8] = if typed.starts_with(b"/") { b"" } else { dest };
    let mut parts: Vec<&[u8]> = Vec::new();
    let mut floor = 0;
    for (i, path) in [from, typed].into_iter().enumerate() {
        if i == 1 && !climbs {
            floor = parts.len();
        }
        for part in path.split(|b| *b == b'/') {
            match part {
                b"" | b"." => {}
                b".." => parts.truncate(parts.len().saturating_sub(1).max(floor)),
                part => parts.push(part),
            }
        }
    }
    if parts.is_empty() { b".".to_vec() } else { parts.join(&b'/') }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_s_directory_stays_in_the_module() {
        for (dest, typed, climbs, want) in [
            ("d/e", "b", true, "d/e/b"),
            ("d/e", "../b", true, "d/b"),
            ("d/e", "../../../../b", true, "b"),
            ("d/e", "../b", false, "d/e/b"),
            ("d/e", "x/../../b", false, "d/e/b"),
            ("d/e", "/b/./c/", false, "b/c"),
            ("d/e", "/../b", false, "b"),
            ("./d/", "/", true, "."),
        ] {
            let found = in_module(dest.as_bytes(), typed.as_bytes(), climbs);
            assert_eq!(found, want.as_bytes(), "{dest} {typed}");
        }
    }

    #[test]
    fn what_is_missing_is_made() {
        let t = tempfile::tempdir().unwrap();
        let path = t.path().join("d");
        std::fs::create_dir(&path).unwrap();
        std::fs::write(t.path().join("f"), "").unwrap();
        let dest = Dest::new(Root::open(&path).ok(), &path);
        let settings = Settings::default();
        let mut aside = Aside::new(&settings, &dest, b"../x/y").unwrap();
        assert!(aside.open().is_err());
        assert_eq!(aside.is_dir().unwrap(), None);
        aside.open_or_make().unwrap();
        assert_eq!(aside.is_dir().unwrap(), Some(true));
        assert!(t.path().join("x/y").is_dir());
        let mut aside = Aside::new(&settings, &dest, b"../f").unwrap();
        assert_eq!(aside.is_dir().unwrap(), Some(false));
        assert!(aside.open_or_make().is_err());
    }
}
