//! Temporary files beside the file they will replace.
//!
//! All live temporary files of the process are known to a registry, so that a thread that waits
//! for signals can remove them, or do what was asked for instead, before the process ends.

use crate::meta;
use crate::root::Root;
use crate::sys::{self, Dir, Errno, Open};
use crate::write::FileWriter;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, io};
use wire::RelPath;

/// Bytes of the original name that stay.
const MAX_BASE: usize = 246;
/// A dot and the random characters.
const SUFFIX: usize = 7;
/// Taken names are so rare that more tries mean something else is wrong.
const MAX_TRIES: usize = 100;

/// A temporary file that is removed when dropped, unless committed or kept.
pub struct TempFile {
    file: File,
    path: RelPath,
    dir: Arc<Dir>,
    /// In the registry; `None` once the name is no longer ours.
    id: Option<u64>,
}

impl fmt::Debug for TempFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TempFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Why something under a temporary name is not there, or did not get its own.
#[derive(Debug)]
pub struct TempError {
    /// The system's reason.
    pub error: io::Error,
    /// The name that was tried last; `None` if it did not come to that.
    pub tried: Option<RelPath>,
    /// It was made; what failed is renaming it.
    pub made: bool,
}

impl From<io::Error> for TempError {
    fn from(error: io::Error) -> Self {
        TempError { error, tried: None, made: false }
    }
}

impl From<TempError> for io::Error {
    fn from(failed: TempError) -> Self {
        failed.error
    }
}

impl TempFile {
    /// Creates `.NAME.XXXXXX` beside `target`, for reading and writing, mode
    /// `(mode | 0200) & 0700`. Never an existing file, never through a symlink.
    pub fn create(root: &mut Root, target: &RelPath, mode: u32) -> Result<TempFile, TempError> {
        let (parent, leaf) = split(target)?;
        TempFile::create_named(root, &parent, leaf, true, mode)
    }

    /// Creates `NAME.XXXXXX` in a `--temp-dir`, for a target whose last component is `leaf`.
    pub fn create_in(temp_dir: &mut Root, leaf: &[u8], mode: u32) -> Result<TempFile, TempError> {
        TempFile::create_named(temp_dir, &RelPath::root(), leaf, false, mode)
    }

    fn create_named(
        root: &mut Root,
        parent: &RelPath,
        leaf: &[u8],
        hidden: bool,
        mode: u32,
    ) -> Result<TempFile, TempError> {
        let _creating = begin().ok_or(io::Error::from(Errno::CANCELED))?;
        let (path, file) = with_free_name(parent, leaf, hidden, |path| {
            root.open_leaf(path, Open::ReadWriteNew { mode: (mode | 0o200) & 0o700 })
        })?;
        Ok(TempFile::registered(root, path, file)?)
    }

    fn registered(root: &mut Root, path: RelPath, file: File) -> io::Result<TempFile> {
        let (dir, name) = root.at(&path)?;
        match register(&dir, name) {
            Some(id) => Ok(TempFile { file, dir, id: Some(id), path }),
            None => {
                sys::unlink_at(&dir, name)?;
                Err(Errno::CANCELED.into())
            }
        }
    }

    /// The open file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The temporary name, below the root it was made in.
    pub fn path(&self) -> &RelPath {
        &self.path
    }

    /// Renames over `to`. If that fails the temporary file is removed.
    pub fn commit(self, root: &mut Root, to: &RelPath) -> io::Result<()> {
        self.try_commit(root, to).map_err(|(error, _)| error)
    }

    /// Renames over `to`, which is below `root` wherever the temporary file is. If that fails the
    /// file is given back, for a copy when the two are on different devices.
    pub fn try_commit(
        mut self,
        root: &mut Root,
        to: &RelPath,
    ) -> Result<(), (io::Error, TempFile)> {
        match self.rename(root, to) {
            Ok(()) => {
                self.disarm();
                Ok(())
            }
            Err(e) => Err((e, self)),
        }
    }

    fn rename(&self, root: &mut Root, to: &RelPath) -> io::Result<()> {
        let (to_dir, to_leaf) = root.at(to)?;
        match sys::rename_at(&self.dir, self.leaf(), &to_dir, to_leaf) {
            // A running program may be removed but not written, and some systems count replacing
            // as writing.
            Err(Errno::TXTBSY) => {
                sys::unlink_at(&to_dir, to_leaf)?;
                sys::rename_at(&self.dir, self.leaf(), &to_dir, to_leaf)?;
            }
            other => other?,
        }
        root.name_changed(to, crate::Kind::Symlink);
        Ok(())
    }

    /// A new temporary file beside `target` with the content of `file`. It has no attributes yet.
    pub fn copy_of(
        file: &File,
        root: &mut Root,
        target: &RelPath,
        mode: u32,
    ) -> io::Result<TempFile> {
        let copy = TempFile::create(root, target, mode)?;
        copy.fill_from(file)?;
        Ok(copy)
    }

    /// Writes the content of `file`.
    pub fn fill_from(&self, file: &File) -> io::Result<()> {
        let len = file.metadata()?.len();
        let mut writer = FileWriter::new(false, false);
        if writer.copy_range(&self.file, file, 0, len)? < len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        writer.finish(&self.file)
    }

    /// What [`cleanup_all`] does instead of removing this file: keep it as a partial file, for
    /// instance. It runs on the thread that cleans up.
    pub fn set_interrupt_action(&self, action: Box<dyn FnOnce() + Send>) {
        let Some(id) = self.id else { return };
        let before = registry().live.get_mut(&id).map(|live| live.action.replace(action));
        // Not under the lock, for who knows what it holds.
        drop(before);
    }

    /// Leaves the file under its temporary name.
    pub fn keep(mut self) -> RelPath {
        self.disarm();
        self.path.clone()
    }

    fn leaf(&self) -> &[u8] {
        self.path.split().map_or(b"", |(_, leaf)| leaf)
    }

    fn disarm(&mut self) {
        if let Some(id) = self.id.take() {
            let entry = registry().live.remove(&id);
            // Not under the lock, for who knows what its action holds.
            drop(entry);
        }
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            // Gone from the registry means that the cleaning thread has dealt with it.
            let entry = registry().live.remove(&id);
            if entry.is_some() {
                // Nobody can be told; a name that is gone is what was wanted.
                let _best_effort = sys::unlink_at(&self.dir, self.leaf());
            }
        }
    }
}

impl Root {
    /// Makes something under a temporary name beside `p` and renames it over `p`, so that `p` is
    /// never missing: for symlinks, devices and hard links. `create` may be called again with
    /// another name if one is taken.
    pub fn create_replacing(
        &mut self,
        p: &RelPath,
        mut create: impl FnMut(&mut Root, &RelPath) -> io::Result<()>,
    ) -> Result<(), TempError> {
        let (parent, leaf) = split(p)?;
        let _creating = begin().ok_or(io::Error::from(Errno::CANCELED))?;
        let (temp, ()) = with_free_name(&parent, leaf, true, |path| create(self, path))?;
        let renamed = self.rename(&temp, p);
        // Renaming one hard link of a file over another does nothing, and leaves the name.
        let _usually_gone = self.unlink(&temp);
        renamed.map_err(|error| TempError { error, tried: Some(temp), made: true })
    }
}

/// Removes all live temporary files of the process, or does what their owners asked for instead.
/// For the end of the process: from here on no temporary file can be made (ECANCELED).
pub fn cleanup_all() {
    let live = {
        let mut registry = registry();
        registry.closed = true;
        // Who is just making one registers it, or has done with it, in no time, unless its file system hangs.
        let waited = CREATED.wait_timeout_while(registry, HANGS, |registry| registry.creating > 0);
        registry = waited.unwrap_or_else(PoisonError::into_inner).0;
        registry.cleaned = true;
        std::mem::take(&mut registry.live)
    };
    for (_, entry) in live {
        match entry.action {
            Some(action) => action(),
            None => {
                let _best_effort = sys::unlink_at(&entry.dir, &entry.leaf);
            }
        }
    }
}

/// The temporary name for a leaf, given 6 random characters. In a `--temp-dir` (not `hidden`) no dot is put before it,
/// none is taken away.
fn name_from(leaf: &[u8], suffix: &[u8; 6], hidden: bool, max: usize) -> Vec<u8> {
    let mut base = match leaf.strip_prefix(b".") {
        Some(rest) if hidden => rest,
        _ => leaf,
    };
    if let Some(&cut) = base.get(max) {
        base = &base[..max];
        // Not half of a character: where one may be split, go back to plain bytes.
        if cut >= 0x80 {
            let plain = base.iter().rposition(|&b| b < 0x80).map_or(0, |i| i + 1);
            base = &base[..plain];
        }
    }
    let base = base.strip_suffix(b".").unwrap_or(base);
    let mut name = Vec::with_capacity(1 + base.len() + SUFFIX);
    if hidden {
        name.push(b'.');
    }
    name.extend_from_slice(base);
    name.push(b'.');
    name.extend_from_slice(suffix);
    name
}

fn split(target: &RelPath) -> io::Result<(RelPath, &[u8])> {
    let (_, leaf) = target.split().ok_or(Errno::ISDIR)?;
    Ok((target.parent().unwrap_or_default(), leaf))
}

/// Calls `make` with fresh temporary names until one is free.
fn with_free_name<T>(
    parent: &RelPath,
    leaf: &[u8],
    hidden: bool,
    mut make: impl FnMut(&RelPath) -> io::Result<T>,
) -> Result<(RelPath, T), TempError> {
    // The whole path has a limit too, and a shorter name is better than no file.
    let room = (wire::limits::MAX_PATH - 1)
        .saturating_sub(parent.as_bytes().len() + usize::from(!parent.is_root()))
        .saturating_sub(SUFFIX + usize::from(hidden));
    if room == 0 {
        return Err(io::Error::from(Errno::NAMETOOLONG).into());
    }
    for _ in 0..MAX_TRIES {
        let name = name_from(leaf, &random_suffix()?, hidden, room.min(MAX_BASE));
        let path = parent.join(&name).ok_or(io::Error::from(Errno::NAMETOOLONG))?;
        match make(&path) {
            Ok(made) => return Ok((path, made)),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(TempError { error, tried: Some(path), made: false }),
        }
    }
    Err(io::Error::from(Errno::EXIST).into())
}

fn random_suffix() -> io::Result<[u8; 6]> {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    thread_local! {
        /// Random bytes not yet used: one system call serves many names.
        static POOL: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    POOL.with_borrow_mut(|pool| {
        let mut suffix = [0; 6];
        for c in &mut suffix {
            *c = loop {
                let Some(random) = pool.pop() else {
                    let mut fresh = [0; 512];
                    getrandom::fill(&mut fresh).map_err(io::Error::other)?;
                    pool.extend_from_slice(&fresh);
                    continue;
                };
                // 248 is 4 * 62; the rest would favour some characters.
                if random < 248 {
                    break ALPHABET[usize::from(random) % ALPHABET.len()];
                }
            };
        }
        Ok(suffix)
    })
}

/// Somebody has finished making a temporary file.
static CREATED: Condvar = Condvar::new();
/// How long to wait for that before the process ends.
const HANGS: Duration = Duration::from_secs(2);

struct Registry {
    /// No further one may be begun.
    closed: bool,
    /// Nor registered: nobody would remove it.
    cleaned: bool,
    /// How many are being made.
    creating: usize,
    next: u64,
    live: BTreeMap<u64, Live>,
}

struct Live {
    dir: Arc<Dir>,
    leaf: Box<[u8]>,
    action: Option<Box<dyn FnOnce() + Send>>,
}

fn registry() -> MutexGuard<'static, Registry> {
    static REGISTRY: Mutex<Registry> = Mutex::new(Registry {
        closed: false,
        cleaned: false,
        creating: 0,
        next: 0,
        live: BTreeMap::new(),
    });
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Held while a temporary file is made and not yet registered.
struct Creating;

/// `None` once the process is cleaning up: what is made now could outlive it.
fn begin() -> Option<Creating> {
    let mut registry = registry();
    (!registry.closed).then(|| {
        registry.creating += 1;
        Creating
    })
}

impl Drop for Creating {
    fn drop(&mut self) {
        registry().creating -= 1;
        CREATED.notify_all();
    }
}

/// `None` once the process has cleaned up.
fn register(dir: &Arc<Dir>, leaf: &[u8]) -> Option<u64> {
    let mut registry = registry();
    if registry.cleaned {
        return None;
    }
    let id = registry.next;
    registry.next += 1;
    registry.live.insert(id, Live { dir: Arc::clone(dir), leaf: leaf.into(), action: None });
    Some(id)
}

/// The metadata of a temporary file.
impl TempFile {
    /// fstat of the open file.
    pub fn stat(&self) -> io::Result<meta::Stat> {
        meta::Stat::of(&self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;

    fn rel(p: &str) -> RelPath {
        RelPath::new(p.as_bytes()).unwrap()
    }

    fn leaves(root: &mut Root) -> usize {
        root.read_dir(&RelPath::root()).unwrap().len()
    }

    #[test]
    fn names_are_those_of_rsync() {
        let n = |leaf: &[u8]| name_from(leaf, b"Ab12Cd", true, MAX_BASE);
        assert_eq!(n(b"file"), b".file.Ab12Cd");
        assert_eq!(n(b".hid"), b".hid.Ab12Cd");
        assert_eq!(n(b".hid."), b".hid.Ab12Cd");
        assert_eq!(n(b"..x"), b"..x.Ab12Cd");
        assert_eq!(n(b"..."), b"...Ab12Cd");
        assert_eq!(n(b"x."), b".x.Ab12Cd");
        assert_eq!(n(b"x.."), b".x..Ab12Cd");
        for (leaf, len) in [
            (vec![b'a'; 255], 254),
            ([&[b'.'][..], &[b'b'; 254]].concat(), 254),
            ([&[b'c'; 245][..], "ééééé".as_bytes()].concat(), 253),
            ([&[b'd'; 246][..], "éééé".as_bytes()].concat(), 254),
            ([&[b'f'; 245][..], b".ggggg"].concat(), 253),
            ([&[b'.'][..], &[b'h'; 246]].concat(), 254),
            ([&[b'j'; 244][..], "中中中".as_bytes()].concat(), 252),
        ] {
            assert_eq!(n(&leaf).len(), len, "{}", String::from_utf8_lossy(&leaf));
        }
        let t = |leaf: &[u8]| name_from(leaf, b"Ab12Cd", false, MAX_BASE);
        assert_eq!(t(b"x."), b"x.Ab12Cd");
        assert_eq!(t(b".hid"), b".hid.Ab12Cd");
        assert_eq!(t(b"..."), b"...Ab12Cd");
        assert_eq!(t(&[b'a'; 255]).len(), 253);
        assert_eq!(t(&[&[b'.'][..], &[b'b'; 254]].concat()).len(), 253);
    }

    #[test]
    fn suffixes_differ_and_are_alphanumeric() {
        let all: std::collections::HashSet<_> =
            (0..2000).map(|_| random_suffix().unwrap()).collect();
        assert!(all.len() > 1990);
        assert!(all.iter().flatten().all(u8::is_ascii_alphanumeric));
    }

    #[test]
    fn commit_keep_and_drop() {
        let t = tempfile::tempdir().unwrap();
        fs::create_dir(t.path().join("d")).unwrap();
        let mut root = Root::open(t.path()).unwrap();
        let target = rel("d/f");
        let temp = TempFile::create(&mut root, &target, 0o444).unwrap();
        let on_disk = t.path().join(std::str::from_utf8(temp.path().as_bytes()).unwrap());
        assert!(on_disk.exists());
        let others = if cfg!(unix) { 0 } else { 0o044 };
        assert_eq!(temp.stat().unwrap().perm, 0o600 | others);
        temp.file().write_all(b"new").unwrap();
        temp.commit(&mut root, &target).unwrap();
        assert_eq!(fs::read(t.path().join("d/f")).unwrap(), b"new");

        let temp = TempFile::create(&mut root, &target, 0).unwrap();
        drop(temp);
        assert_eq!(root.read_dir(&rel("d")).unwrap().len(), 1);
        let temp = TempFile::create(&mut root, &target, 0).unwrap();
        drop(temp);
        assert_eq!(root.read_dir(&rel("d")).unwrap().len(), 1);
        let kept = TempFile::create(&mut root, &target, 0).unwrap().keep();
        assert!(root.lstat(&kept).is_ok());
        root.unlink(&kept).unwrap();

        let temp = TempFile::create(&mut root, &target, 0).unwrap();
        let (error, temp) = temp.try_commit(&mut root, &rel("none/f")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(root.lstat(temp.path()).is_ok());
        assert!(temp.commit(&mut root, &rel("d")).is_err());
        assert_eq!(root.read_dir(&rel("d")).unwrap().len(), 1);
    }

    #[test]
    fn a_temp_dir_may_be_elsewhere() {
        let t = tempfile::tempdir().unwrap();
        fs::create_dir(t.path().join("tmp")).unwrap();
        fs::create_dir(t.path().join("dst")).unwrap();
        let mut dst = Root::open(&t.path().join("dst")).unwrap();
        let mut tmp = Root::open(&t.path().join("tmp")).unwrap();
        let temp = TempFile::create_in(&mut tmp, b"f", 0o644).unwrap();
        assert!(temp.path().as_bytes().starts_with(b"f."));
        temp.file().write_all(b"content").unwrap();
        let copy = TempFile::copy_of(temp.file(), &mut dst, &rel("g"), 0o644).unwrap();
        copy.commit(&mut dst, &rel("g")).unwrap();
        temp.commit(&mut dst, &rel("f")).unwrap();
        assert_eq!(fs::read(t.path().join("dst/f")).unwrap(), b"content");
        assert_eq!(fs::read(t.path().join("dst/g")).unwrap(), b"content");
        assert_eq!((leaves(&mut tmp), leaves(&mut dst)), (0, 2));
    }

    #[test]
    fn long_paths_get_shorter_names() {
        let parent = RelPath::new(["d"; 1900].join("/").as_bytes()).unwrap();
        let mut deep = parent;
        while deep.as_bytes().len() < wire::limits::MAX_PATH - 21 {
            deep = deep.join(b"e").unwrap();
        }
        let (path, ()) = with_free_name(&deep, &[b'x'; 200], true, |_| Ok(())).unwrap();
        assert_eq!(path.as_bytes().len(), wire::limits::MAX_PATH - 1);
    }

    #[cfg(unix)]
    #[test]
    fn replacing_leaves_no_gap_and_no_trace() {
        let t = tempfile::tempdir().unwrap();
        let mut root = Root::open(t.path()).unwrap();
        std::os::unix::fs::symlink("old", t.path().join("l")).unwrap();
        root.create_replacing(&rel("l"), |root, temp| root.symlink(b"new", temp)).unwrap();
        assert_eq!(root.read_link(&rel("l")).unwrap(), b"new");
        fs::write(t.path().join("f"), "x").unwrap();
        for _ in 0..2 {
            root.create_replacing(&rel("l"), |root, temp| root.link(&rel("f"), temp)).unwrap();
        }
        assert_eq!(root.lstat(&rel("l")).unwrap().nlink, 2);
        let failed = root.create_replacing(&rel("l"), |_, _| Err(Errno::PERM.into())).unwrap_err();
        assert!(failed.tried.unwrap().as_bytes().starts_with(b".l.") && !failed.made);
        assert_eq!(leaves(&mut root), 2);
        fs::create_dir(t.path().join("dir")).unwrap();
        let failed = root.create_replacing(&rel("dir"), |r, temp| r.symlink(b"x", temp));
        let failed = failed.unwrap_err();
        assert!(failed.tried.unwrap().as_bytes().starts_with(b".dir.") && failed.made);
        assert_eq!(leaves(&mut root), 3);
    }
}
