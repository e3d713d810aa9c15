//! Choosing the destination: a directory that is entered, or the new name of a single item.
use super::{
    altdest::AltDirs, aside::Aside, list::List, partial::Partial, shared::Shared, temp_dir::TempDir,
};
use crate::{
    Error, ExitCode, Settings,
    log::{Role, named, strerror, sys_error_line},
    operator::Trust,
    options::clean_path,
};
use fsroot::Errno;
use fsroot::{FollowParents, Kind, NoAtime, Root, text};
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use wire::RelPath;

/// Where received names go.
#[derive(Debug)]
pub(super) struct Dest {
    /// `None`: nothing is there, in a dry run or a listing.
    pub root: Option<Root>,
    /// The path of `root`, for merge files.
    pub path: PathBuf,
    /// The name that the single item gets.
    pub solo: Option<RelPath>,
    /// The destination directory was (or would be) created.
    pub created: bool,
    /// `--temp-dir`.
    pub temp_dir: Option<TempDir>,
    /// `--partial-dir`.
    pub partial: Option<Partial>,
    /// `--compare-dest` and its relatives.
    pub alt_dirs: Option<AltDirs>,
}

impl Dest {
    /// A directory, as it is.
    pub fn new(root: Option<Root>, path: &Path) -> Dest {
        Dest {
            root,
            path: path.to_path_buf(),
            solo: None,
            created: false,
            temp_dir: None,
            partial: None,
            alt_dirs: None,
        }
    }

    /// Whether it is that of a listing, which needs none: paths begin where we are.
    pub fn is_listing(&self) -> bool {
        self.root.is_none() && self.path.as_os_str().is_empty()
    }
}

/// Where the destination's path leads from.
pub(super) enum Base {
    /// The operator typed it: it may lead anywhere.
    Operator(Trust),
    /// A daemon's client sent it: it stays in the module, the directory that is served, wherever links point.
    Module(Root, Vec<u8>),
}

impl Base {
    /// Of the directories that options name.
    pub fn of(settings: &Settings) -> io::Result<Base> {
        if !settings.am_daemon {
            return Ok(Base::Operator(Trust::of(settings)));
        }
        let mut root = Root::open(Path::new("."))?;
        root.set_follow_parents(following(settings));
        let name = settings.module().to_vec();
        root.show_as(settings.module_root(), Some(&name));
        Ok(Base::Module(root, name))
    }

    /// The path below the module.
    fn rel(path: &Path) -> io::Result<RelPath> {
        RelPath::new(&text::bytes(path)).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
    }

    /// Whether the path, links followed, is a directory.
    pub fn is_dir(&mut self, path: &Path) -> io::Result<bool> {
        match self {
            Base::Operator(_) => Ok(std::fs::metadata(path)?.is_dir()),
            Base::Module(root, _) => {
                let anywhere = root.follow_parents() == FollowParents::Unconfined;
                let is_dir = root.stat_follow(&Base::rel(path)?, anywhere)?.kind == Kind::Directory;
                match !is_dir && text::bytes(path).ends_with(b"/") {
                    true => Err(Errno::NOTDIR.into()),
                    false => Ok(is_dir),
                }
            }
        }
    }

    /// The same of a destination. As in rsync, a link that leads out of a module is what it leads to: a single item takes the
    /// place of one that leads to a file, and to enter a directory there is refused.
    fn leads_to_dir(&mut self, path: &Path) -> io::Result<bool> {
        match (self.is_dir(path), self) {
            (Err(e), Base::Module(root, _)) if leads_out(&e) => {
                Ok(root.stat_follow(&Base::rel(path)?, true)?.kind == Kind::Directory)
            }
            (found, _) => found,
        }
    }

    fn exists(&mut self, path: &Path) -> bool {
        match self {
            Base::Operator(_) => std::fs::symlink_metadata(path).is_ok(),
            Base::Module(root, _) => Base::rel(path).and_then(|p| root.lstat(&p)).is_ok(),
        }
    }

    /// Opens a directory.
    pub fn open(&mut self, path: &Path) -> io::Result<Root> {
        self.open_by(path, Root::open_below)
    }

    /// The same; below it links may lead to anything in the module.
    pub fn open_anchored(&mut self, path: &Path) -> io::Result<Root> {
        self.open_by(path, Root::open_below_anchored)
    }

    fn open_by(
        &mut self,
        path: &Path,
        open: fn(&mut Root, &RelPath, FollowParents) -> io::Result<Root>,
    ) -> io::Result<Root> {
        match self {
            Base::Operator(trust) => trust.open_dir(path),
            Base::Module(root, name) => {
                let rel = Base::rel(path)?;
                let follow = root.follow_parents();
                let mut below = open(root, &rel, follow)?;
                let shown = if rel.is_root() {
                    root.display(&rel)
                } else {
                    [b"/", rel.as_bytes()].concat()
                };
                below.show_as(&shown, Some(name));
                Ok(below)
            }
        }
    }

    /// Makes a directory, whose parent must be there.
    fn mkdir(&mut self, path: &Path) -> io::Result<()> {
        let path = text::bytes(path);
        let (dir, leaf) = split(&path);
        let leaf = RelPath::new(leaf).ok_or(io::ErrorKind::InvalidInput)?;
        self.open(&text::path(dir))?.mkdir(&leaf, 0o777)
    }

    /// For messages, in quotes.
    fn quoted(&self, path: &Path) -> Vec<u8> {
        match self {
            Base::Operator(_) => {
                // As it was typed.
                let typed = path.as_os_str().as_encoded_bytes();
                let slashes = typed.iter().rev().take_while(|b| **b == b'/').count();
                let slash = &typed[typed.len() - slashes..];
                let slash = if slashes == typed.len() { b"" } else { slash };
                [b"\"", &absolute(path)[..], slash, b"\""].concat()
            }
            Base::Module(root, _) => match Base::rel(path) {
                Ok(p) if !p.is_root() && path.as_os_str().as_encoded_bytes().ends_with(b"/") => {
                    root.quoted_with(&p, b"/")
                }
                Ok(p) => root.quoted(&p),
                Err(_) => b"\"/\"".to_vec(),
            },
        }
    }

    fn failure(&self, code: ExitCode, text: &str, path: &Path, e: &io::Error) -> Error {
        let text = super::attrs::about(text, &self.quoted(path), " failed");
        Error::fatal(code, sys_error_line(Role::ReceiverPresplit, text, e))
    }

    fn enter(&mut self, shared: &Shared, path: &Path, step: &str) -> Result<Root, Error> {
        let root =
            self.open(path).and_then(|mut root| match root.is_searchable(&RelPath::root()) {
                true => Ok(root),
                // The handle does without the permission, but whoever enters needs it.
                false => Err(Errno::ACCESS.into()),
            });
        let root = root.map_err(|e| self.failure(ExitCode::FILE_SELECT, step, path, &e))?;
        // Nobody changes to it here, but rsync does, and says so.
        let typed = path.as_os_str().as_encoded_bytes();
        let says = matches!(self, Base::Operator(_)) && typed != b".";
        shared.session.log.debug(says && shared.session.settings.debug.chdir > 0, || {
            named("[Receiver] change_dir(", &clean_path(&absolute(path)), ")")
        });
        Ok(root)
    }
}

/// A link that is not followed.
fn leads_out(e: &io::Error) -> bool {
    e.raw_os_error() == Some(Errno::LOOP.raw_os_error())
}

/// Which links a daemon's receiver follows on the way.
fn following(settings: &Settings) -> FollowParents {
    match settings.insecure_links {
        true => FollowParents::Unconfined,
        false => FollowParents::Beneath,
    }
}

/// Shown in messages.
pub(super) fn absolute(path: &Path) -> Vec<u8> {
    let path = match std::env::current_dir() {
        Ok(cwd) if path.is_relative() => cwd.join(path),
        _ => path.to_path_buf(),
    };
    let shown = text::shown(&path);
    let mut bytes = shown.as_slice();
    while bytes.len() > 1 && bytes.ends_with(b"/") {
        bytes = &bytes[..bytes.len() - 1];
    }
    bytes.to_vec()
}

/// Chooses the destination, and how names below it are found.
pub(super) fn choose(
    shared: &Arc<Shared>,
    typed: Option<&[u8]>,
    lists: &[Arc<List>],
) -> Result<Dest, Error> {
    let mut dest = find(shared, typed, lists)?;
    let settings = &shared.session.settings;
    if let Some(root) = &mut dest.root {
        root.set_fake_super(settings.fake_super);
        root.set_noatime(noatime(settings));
        // Links that are kept in the place of directories are followed.
        if settings.keep_dirlinks || (settings.relative && !settings.implied_dirs) {
            root.set_follow_parents(following(settings));
        }
    }
    dest.temp_dir = TempDir::open(settings, &dest)?;
    dest.partial = partial_dir(settings, &dest);
    dest.alt_dirs = AltDirs::open(&shared.session, &dest);
    Ok(dest)
}

/// What a receiving side reads without touching its access time.
pub(super) fn noatime(settings: &Settings) -> NoAtime {
    if settings.open_noatime { NoAtime::Files } else { NoAtime::Nothing }
}

/// Chooses the destination for the lists that have arrived (the first, perhaps its first successor).
fn find(shared: &Arc<Shared>, typed: Option<&[u8]>, lists: &[Arc<List>]) -> Result<Dest, Error> {
    let settings = &shared.session.settings;
    let typed = match typed {
        Some(typed) if !settings.list_only => typed,
        _ => return Ok(Dest::new(None, Path::new(""))),
    };
    let typed = if typed.is_empty() { b"." } else { typed };
    let path = &text::path(typed);
    let count: usize = lists.iter().map(|l| l.len()).sum();
    let first = lists.first().and_then(|l| l.get(0));
    let code = ExitCode::FILE_SELECT;
    let mut base = Base::of(settings)
        .map_err(|e| Base::Operator(Trust::default()).failure(code, "change_dir#1", path, &e))?;
    if let Base::Operator(trust) = &mut base {
        *trust = trust.clone().anywhere();
    }
    let whole = count > 1 || typed.ends_with(b"/");
    let unmade = settings.mkpath && make_path(shared, &mut base, typed, whole)? && settings.dry_run;
    let missing = match base.leads_to_dir(path) {
        Ok(true) => {
            let root = Some(base.enter(shared, path, "change_dir#1")?);
            return Ok(Dest::new(root, path));
        }
        Ok(_) if count > 1 => {
            let text = "ERROR: destination must be a directory when copying more than 1 file";
            return Err(Error::fatal(code, text));
        }
        Ok(_) if first.is_some_and(|e| e.is_dir()) => {
            let text = "ERROR: cannot overwrite non-directory with a directory";
            return Err(Error::fatal(code, text));
        }
        Ok(_) => false,
        Err(e) if e.kind() == io::ErrorKind::NotFound => true,
        Err(e) => {
            // A directory on the way that leads out of a module is refused for that.
            if leads_out(&e) && matches!(base, Base::Module(..)) {
                base.enter(shared, &text::path(split(typed).0), "change_dir#3")?;
            }
            let mut text = b"rsync: [Receiver] ERROR: cannot stat destination ".to_vec();
            text.extend_from_slice(&base.quoted(path));
            text.extend_from_slice(format!(": {}", strerror(&e)).as_bytes());
            return Err(Error::fatal(code, text));
        }
    };
    if missing && whole {
        return create(shared, base, typed);
    }
    // A single item under a new name, below a directory that must exist.
    let (dir, leaf) = split(typed);
    let dir = &text::path(dir);
    let root = if unmade { None } else { Some(base.enter(shared, dir, "change_dir#3")?) };
    // Not `.` or `..`: with the directory these are there.
    let Some(leaf) = RelPath::new(leaf).filter(|p| !p.is_root()) else {
        return Err(base.failure(code, "change_dir#3", path, &Errno::NOENT.into()));
    };
    Ok(Dest { solo: Some(leaf), ..Dest::new(root, dir) })
}

/// `--mkpath`: makes the missing parents of the destination, and itself if that is to be a directory (`whole`). True if
/// anything was (or would be) made.
fn make_path(
    shared: &Arc<Shared>,
    base: &mut Base,
    typed: &[u8],
    whole: bool,
) -> Result<bool, Error> {
    let settings = &shared.session.settings;
    let mut path = typed;
    while path.len() > 1 && path.ends_with(b"/") {
        path = &path[..path.len() - 1];
    }
    if !whole {
        path = split(path).0;
    }
    let failed = |base: &Base, e: &io::Error| {
        let shown = base.quoted(&text::path(typed));
        let line = super::attrs::about("mkdir", &shown, " failed");
        Error::fatal(ExitCode::FILE_IO, sys_error_line(Role::ReceiverPresplit, line, e))
    };
    let mut made = 0;
    let ends = path.iter().enumerate().filter(|(i, b)| **b == b'/' && *i > 0).map(|(i, _)| i);
    for end in ends.chain([path.len()]) {
        if path[..end].ends_with(b"/") {
            continue;
        }
        let dir = &text::path(&path[..end]);
        match base.is_dir(dir) {
            Ok(true) => {}
            Ok(false) => {
                let below = path[end..].split(|b| *b == b'/').filter(|part| !part.is_empty());
                let errno = match below.count() {
                    0 if !settings.dry_run => Errno::EXIST,
                    0 | 1 => Errno::NOTDIR,
                    // What is on the way is not to be a link, which nobody tells from a file here.
                    _ => Errno::LOOP,
                };
                return Err(failed(base, &errno.into()));
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                if !settings.dry_run {
                    match base.mkdir(dir) {
                        // A link that leads nowhere: what is to be made below it tells.
                        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
                        made => made.map_err(|e| failed(base, &e))?,
                    }
                }
                made += 1;
            }
            // Whatever is there, it is not made.
            Err(_) if end == path.len() && base.exists(dir) => {}
            Err(e) => return Err(failed(base, &e)),
        }
    }
    if made > 0 && (settings.info.name >= 1 || shared.itemizing) {
        let directories = if made == 1 { "directory" } else { "directories" };
        let mut line = format!("created {made} {directories} for ").into_bytes();
        line.extend_from_slice(settings.module_root());
        line.extend_from_slice(path);
        shared.session.log.info(line);
    }
    Ok(made > 0)
}

/// A directory that an option names, relative to the destination.
fn option_dir(settings: &Settings, dest: &Dest, typed: &[u8]) -> io::Result<Root> {
    Aside::new(settings, dest, typed)?.open()
}

/// The partial directory.
fn partial_dir(settings: &Settings, dest: &Dest) -> Option<Partial> {
    let typed = settings.partial_dir.as_ref()?;
    if !typed.starts_with(b"/") {
        // One that leads out of the tree cannot be made.
        let none = Partial::Apart { root: None, dir: RelPath::root() };
        return Some(RelPath::new(typed).map_or(none, Partial::Beside));
    }
    if let Ok(root) = option_dir(settings, dest, typed) {
        return Some(Partial::Apart { root: Some(Box::new(root)), dir: RelPath::root() });
    }
    // It is made when there is something to keep.
    let (parent, leaf) = split(typed);
    let root = option_dir(settings, dest, parent).ok().map(Box::new);
    Some(Partial::Apart { root, dir: RelPath::new(leaf)? })
}

/// Makes the destination directory.
fn create(shared: &Arc<Shared>, mut base: Base, typed: &[u8]) -> Result<Dest, Error> {
    let settings = &shared.session.settings;
    let mut name = typed;
    while name.len() > 1 && name.ends_with(b"/") {
        name = &name[..name.len() - 1];
    }
    let path = &text::path(name);
    let mut dest = Dest { created: true, ..Dest::new(None, path) };
    if !settings.dry_run {
        base.mkdir(path).map_err(|e| base.failure(ExitCode::FILE_IO, "mkdir", path, &e))?;
    }
    if settings.info.name >= 1 || shared.itemizing {
        let mut line = b"created directory ".to_vec();
        line.extend_from_slice(settings.module_root());
        line.extend_from_slice(name);
        shared.session.log.info(line);
    }
    if !settings.dry_run {
        dest.root = Some(base.enter(shared, path, "change_dir#2")?);
    }
    Ok(dest)
}

/// Parent and last component of an operator's path, trailing slashes dropped.
fn split(mut name: &[u8]) -> (&[u8], &[u8]) {
    while name.len() > 1 && name.ends_with(b"/") {
        name = &name[..name.len() - 1];
    }
    match name.iter().rposition(|b| *b == b'/') {
        Some(0) => (b"/", &name[1..]),
        Some(i) => (&name[..i], &name[i + 1..]),
        None => (b".", name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operator_paths_split_at_the_last_component() {
        assert_eq!(split(b"a"), (&b"."[..], &b"a"[..]));
        assert_eq!(split(b"a/b//"), (&b"a"[..], &b"b"[..]));
        assert_eq!(split(b"/a"), (&b"/"[..], &b"a"[..]));
    }

    #[cfg(unix)]
    #[test]
    fn a_client_s_path_stays_in_the_module() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("d")).unwrap();
        std::os::unix::fs::symlink("d", dir.path().join("in")).unwrap();
        std::os::unix::fs::symlink(outside.path(), dir.path().join("out")).unwrap();
        let mut root = Root::open(dir.path()).unwrap();
        root.set_follow_parents(FollowParents::Beneath);
        root.show_as(b"", Some(b"m"));
        let mut base = Base::Module(root, b"m".to_vec());
        assert!(base.is_dir(Path::new("in")).unwrap());
        assert!(base.open(Path::new("in/")).is_ok());
        for path in ["out", "out/x", "../x", "/etc"] {
            assert!(base.is_dir(Path::new(path)).is_err(), "{path}");
            assert!(base.open(Path::new(path)).is_err(), "{path}");
        }
        assert!(base.leads_to_dir(Path::new("out")).unwrap());
        assert!(base.leads_to_dir(Path::new("out/x")).is_err());
        assert!(base.exists(Path::new("out")));
        assert_eq!(base.quoted(Path::new("./d")), b"\"d\" (in m)");
        assert_eq!(base.quoted(Path::new("./d/")), b"\"d/\" (in m)");
        assert_eq!(base.open(Path::new("d")).unwrap().display(&RelPath::root()), b"/d");
    }

    #[test]
    fn shown_paths_are_absolute_without_trailing_slash() {
        // With the current drive in front, where there are drives.
        let drive = if cfg!(windows) { 2 } else { 0 };
        assert_eq!(absolute(Path::new("/a/b//"))[drive..], *b"/a/b");
        assert!(absolute(Path::new("x"))[drive..].starts_with(b"/"));
    }
}
