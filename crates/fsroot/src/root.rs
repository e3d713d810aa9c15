//! Confined access below a directory handle.
//!
//! Every operation acts on a held handle of the parent directory and a single name in it, without
//! following that name, so swapping a directory for a symlink meanwhile leads nowhere. Parents are
//! resolved once and kept (see `cache`); how, is the matter of `resolve`.

mod change;
mod look;

use crate::cache::DirCache;
use crate::meta::Kind;
use crate::operator::{self, LinkTrust};
use crate::sys::{self, Dir, Enter, Errno, Open, Target, Way};
use crate::xattr::Doors;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::{fmt, io};
use wire::RelPath;

/// Whether intermediate symlinks may be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowParents {
    /// A symlink as a parent component is an error (ELOOP).
    No,
    /// Followed while it stays beneath the root (`--keep-dirlinks`, source trees).
    Beneath,
    /// Followed wherever it leads if it belongs to root or to us (see [`crate::operator`]).
    Trusted,
    /// Followed wherever it leads. For a sender without confinement that was told to follow links
    /// (`--copy-links`, `--copy-dirlinks`, `--copy-unsafe-links`, `--insecure-links`).
    Unconfined,
}

/// What is read without touching its access time (`--open-noatime`); what is not ours then cannot be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NoAtime {
    /// Nothing.
    #[default]
    Nothing,
    /// Files.
    Files,
    /// Directories, too, unless links are followed wherever they lead.
    All,
}

/// A directory and everything below it. Each clone keeps its own small cache of open directories,
/// so a clone per thread.
///
/// # Errors
/// What takes a path fails with the system's error for its last name. Before that name: `ELOOP` if a parent is a symlink
/// that may not be followed ([`FollowParents`]) or leads out, `ENOTDIR` if it is no directory, `ENOENT` if it is missing.
pub struct Root {
    dir: Arc<Dir>,
    path: Arc<[u8]>,
    /// The module of a daemon that the root lies in, for messages.
    module: Option<Arc<[u8]>>,
    follow: FollowParents,
    /// Where links may lead, if that is more than this directory.
    anchor: Option<Arc<Anchor>>,
    noatime: NoAtime,
    way: Way,
    cache: DirCache,
    dir_buffer: sys::ListBuffer,
    /// For `xattr`, where there are any.
    #[cfg_attr(not(any(target_os = "linux", target_os = "android")), expect(dead_code))]
    pub(crate) doors: Doors,
    /// Files are what their attributes describe (see `fake`).
    pub(crate) fake: bool,
    /// Why the description of what was looked at last could not be read.
    pub(crate) unread: Option<io::Error>,
}

struct Anchor {
    dir: Arc<Dir>,
    /// The root's own path below `dir`.
    prefix: Vec<u8>,
}

/// One directory entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirEntry {
    /// The name, a single component.
    pub name: Vec<u8>,
    /// From d_type, if the file system says.
    pub kind: Option<Kind>,
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Root")
            .field("path", &String::from_utf8_lossy(&self.path))
            .field("follow", &self.follow)
            .finish_non_exhaustive()
    }
}

impl Clone for Root {
    fn clone(&self) -> Self {
        Root {
            dir: Arc::clone(&self.dir),
            path: Arc::clone(&self.path),
            module: self.module.clone(),
            follow: self.follow,
            anchor: self.anchor.clone(),
            noatime: self.noatime,
            way: self.way,
            cache: DirCache::default(),
            dir_buffer: sys::ListBuffer::new(),
            doors: Doors::default(),
            fake: self.fake,
            unread: None,
        }
    }
}

/// Making roots.
impl Root {
    /// Opens an operator's path: the owner-trust walk follows a symlink only if root or we own it
    /// (see [`crate::operator`]). A foreign one is ELOOP and leaves a notice for
    /// [`operator::take_notice`].
    pub fn open(path: &Path) -> io::Result<Root> {
        Root::open_trusting(path, LinkTrust::OwnerChecked)
    }

    /// An ordinary open: links of anybody are followed (`--insecure-links`; the directory part of
    /// a source argument).
    pub fn open_unchecked(path: &Path) -> io::Result<Root> {
        Root::open_trusting(path, LinkTrust::Insecure)
    }

    /// [`Root::open`] or [`Root::open_unchecked`].
    pub fn open_trusting(path: &Path, trust: LinkTrust) -> io::Result<Root> {
        let dir = operator::open_operator_dir(path, trust)?;
        Ok(Root::new(dir, sys::absolute(path)))
    }

    /// From an open directory.
    pub fn from_dir(dir: File) -> io::Result<Root> {
        if !dir.metadata()?.is_dir() {
            return Err(Errno::NOTDIR.into());
        }
        let path = sys::path_of(&dir);
        Ok(Root::new(dir.into(), path))
    }

    fn new(dir: Dir, path: Vec<u8>) -> Root {
        Root {
            dir: Arc::new(dir),
            path: path.into(),
            module: None,
            follow: FollowParents::No,
            anchor: None,
            noatime: NoAtime::default(),
            way: Way::default(),
            cache: DirCache::default(),
            dir_buffer: sys::ListBuffer::new(),
            doors: Doors::default(),
            fake: false,
            unread: None,
        }
    }

    /// A root below this one. `follow` says whether symlinks may lead to it, and becomes the new
    /// root's own rule. Nothing in the new root leads out of it.
    pub fn open_below(&mut self, p: &RelPath, follow: FollowParents) -> io::Result<Root> {
        let before = std::mem::replace(&mut self.follow, follow);
        if before != follow {
            self.cache.clear();
        }
        let dir = self.dir_fd(p.as_bytes());
        self.set_follow_parents(before);
        Ok(Root { dir: dir?, path: self.display(p).into(), follow, anchor: None, ..self.clone() })
    }

    /// Like [`Root::open_below`], but where symlinks may be followed they may lead anywhere below
    /// this root: a daemon's session in a subdirectory of its module.
    pub fn open_below_anchored(&mut self, p: &RelPath, follow: FollowParents) -> io::Result<Root> {
        let mut prefix = Vec::new();
        let dir = match &self.anchor {
            Some(anchor) => {
                prefix.extend_from_slice(&anchor.prefix);
                Arc::clone(&anchor.dir)
            }
            None => Arc::clone(&self.dir),
        };
        if !prefix.is_empty() && !p.is_root() {
            prefix.push(b'/');
        }
        prefix.extend_from_slice(p.as_bytes());
        let mut below = self.open_below(p, follow)?;
        below.anchor = Some(Arc::new(Anchor { dir, prefix }));
        Ok(below)
    }

    /// Whether intermediate symlinks are followed; not, unless this was called.
    pub fn set_follow_parents(&mut self, follow: FollowParents) {
        if self.follow != follow {
            self.follow = follow;
            self.cache.clear();
        }
    }

    /// What is read without touching its access time; nothing, unless this was called.
    pub fn set_noatime(&mut self, noatime: NoAtime) {
        self.noatime = noatime;
    }

    /// Insists on one of the ways to resolve paths.
    #[cfg(all(test, unix))]
    pub(crate) fn set_way(&mut self, way: Way) {
        self.way = way;
    }

    /// Whether intermediate symlinks are followed.
    pub fn follow_parents(&self) -> FollowParents {
        self.follow
    }

    /// Whether this root's directory is `other`'s or below it (`--confine-root`).
    pub fn is_beneath(&self, other: &Root) -> io::Result<bool> {
        other.holds(&self.dir)
    }

    /// Whether a directory is this one or below it.
    pub(crate) fn holds(&self, dir: &Dir) -> io::Result<bool> {
        let top = sys::stat(&*self.dir)?;
        let mut st = sys::stat(dir)?;
        let mut here = None;
        while !st.same_inode(&top) {
            let parent = sys::parent_of(here.as_ref().unwrap_or(dir))?;
            let above = sys::stat(&parent)?;
            if above.same_inode(&st) {
                return Ok(false);
            }
            (here, st) = (Some(parent), above);
        }
        Ok(true)
    }

    /// The handle of the root directory (`O_PATH` unless made by [`Root::from_dir`]).
    #[cfg(unix)]
    pub fn as_dir(&self) -> std::os::fd::BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(&self.dir)
    }

    /// The absolute path shown in messages (`"P"`), best effort.
    pub fn display(&self, p: &RelPath) -> Vec<u8> {
        let mut out = self.path.to_vec();
        if !p.is_root() {
            if !out.is_empty() && out.last() != Some(&b'/') {
                out.push(b'/');
            }
            out.extend_from_slice(p.as_bytes());
        }
        out
    }

    /// The path in double quotes, with the module that it lies in.
    pub fn quoted(&self, p: &RelPath) -> Vec<u8> {
        self.quoted_with(p, b"")
    }

    /// The same with something behind the path.
    pub fn quoted_with(&self, p: &RelPath, behind: &[u8]) -> Vec<u8> {
        let mut out = vec![b'"'];
        out.extend_from_slice(&self.display(p));
        if p.is_root() {
            // The root is its own `.`.
            let alone = out.len() == 1 || out.last() == Some(&b'/');
            out.extend_from_slice(if alone { b"." } else { b"/." });
        }
        out.extend_from_slice(behind);
        out.push(b'"');
        if let Some(module) = &self.module {
            out.extend_from_slice(b" (in ");
            out.extend_from_slice(module);
            out.push(b')');
        }
        out
    }

    /// Has [`Root::display`] name the root so, and [`Root::quoted`] the module: a daemon's clients see names as they are in the
    /// module.
    pub fn show_as(&mut self, path: &[u8], module: Option<&[u8]>) {
        self.path = path.into();
        self.module = module.map(Arc::from);
    }

    /// Forgets cached handles at and below `p`, here and in every other root of the process. The
    /// operations of this type that remove or rename directories do so by themselves.
    pub fn forget(&mut self, p: &RelPath) {
        self.cache.invalidate(p.as_bytes());
    }
}

/// Resolution.
impl Root {
    /// The held parent of `p` and the name in it (`.` for the root itself).
    pub(crate) fn at<'p>(&mut self, p: &'p RelPath) -> io::Result<(Arc<Dir>, &'p [u8])> {
        match p.split() {
            None => Ok((Arc::clone(&self.dir), b".")),
            Some((dir, leaf)) => Ok((self.dir_fd(dir)?, leaf)),
        }
    }

    /// A handle of the directory `dir` good as a parent; search permission suffices.
    fn dir_fd(&mut self, dir: &[u8]) -> io::Result<Arc<Dir>> {
        if dir.is_empty() {
            return Ok(Arc::clone(&self.dir));
        }
        if let Some(fd) = self.cache.find(dir) {
            return Ok(fd);
        }
        let fd = Arc::new(self.open_dir(dir, Enter::Parent)?);
        self.cache.insert(dir, Arc::clone(&fd));
        Ok(fd)
    }

    fn open_dir(&mut self, dir: &[u8], enter: Enter) -> io::Result<Dir> {
        self.with_spare_fds(|root| match root.follow {
            FollowParents::No => {
                let (base, rest) = root.deepest_open(dir);
                sys::open_dir(&base, rest, enter, FollowParents::No, root.way)
            }
            // A link's target may climb above any open ancestor, so begin at the top.
            follow => {
                let (base, whole) = root.anchored(dir);
                sys::open_dir(&base, &whole, enter, follow, root.way)
            }
        })
    }

    /// The deepest open ancestor of `dir`, and the rest of the path.
    fn deepest_open<'d>(&mut self, dir: &'d [u8]) -> (Arc<Dir>, &'d [u8]) {
        let mut end = dir.len();
        while let Some(slash) = dir[..end].iter().rposition(|&b| b == b'/') {
            if let Some(fd) = self.cache.find(&dir[..slash]) {
                return (fd, &dir[slash + 1..]);
            }
            end = slash;
        }
        (Arc::clone(&self.dir), dir)
    }

    fn anchored(&self, path: &[u8]) -> (Arc<Dir>, Vec<u8>) {
        match &self.anchor {
            None => (Arc::clone(&self.dir), path.to_vec()),
            Some(anchor) => {
                let mut whole = anchor.prefix.clone();
                if !whole.is_empty() && !path.is_empty() {
                    whole.push(b'/');
                }
                whole.extend_from_slice(path);
                (Arc::clone(&anchor.dir), whole)
            }
        }
    }

    /// The handles in the cache are the first to go when descriptors run out.
    fn with_spare_fds<T>(
        &mut self,
        mut open: impl FnMut(&mut Root) -> Result<T, Errno>,
    ) -> io::Result<T> {
        match open(self) {
            Err(Errno::MFILE | Errno::NFILE) if !self.cache.is_empty() => {
                self.cache.clear();
                Ok(open(self)?)
            }
            other => Ok(other?),
        }
    }

    /// Opens the leaf `p`, following it neither to a link's target nor to a terminal's control.
    pub(crate) fn open_leaf(&mut self, p: &RelPath, how: Open) -> io::Result<File> {
        let (dir, leaf) = self.at(p)?;
        self.with_spare_fds(|_| sys::open_at(&dir, leaf, how))
    }

    /// Opens what `p` leads to beneath the root or its anchor.
    fn open_target(&mut self, p: &RelPath, target: Target) -> io::Result<Dir> {
        // Resolving the parent first gives links on the way the root's own rule.
        self.at(p)?;
        let (base, whole) = self.anchored(p.as_bytes());
        self.with_spare_fds(|root| sys::open_following(&base, &whole, target, root.way))
    }

    /// After a change at `p` that may have been a directory or, where links count, a link.
    pub(crate) fn name_changed(&mut self, p: &RelPath, kind: Kind) {
        let matters = match kind {
            Kind::Directory => true,
            Kind::Symlink => self.follow != FollowParents::No,
            _ => false,
        };
        if matters {
            self.cache.invalidate(p.as_bytes());
        }
    }
}
