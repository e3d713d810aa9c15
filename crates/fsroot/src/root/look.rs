//! Looking: metadata, link texts, directories, and files opened for reading.

use super::{DirEntry, FollowParents, NoAtime, Root};
use crate::meta::{Kind, Stat};
use crate::sys::{self, Enter, Errno, Open, Target};
use std::fs::File;
use std::io;
use std::sync::Arc;
use wire::RelPath;

impl Root {
    /// lstat (no follow).
    pub fn lstat(&mut self, p: &RelPath) -> io::Result<Stat> {
        self.unread = None;
        let st = self.real_lstat(p)?;
        self.faked(p, st)
    }

    pub(crate) fn real_lstat(&mut self, p: &RelPath) -> io::Result<Stat> {
        let (dir, leaf) = self.at(p)?;
        sys::stat_at(&dir, leaf, false)
    }

    /// Whether this process may read the file, which is no symlink.
    pub fn is_readable(&mut self, p: &RelPath) -> bool {
        self.at(p).is_ok_and(|(dir, leaf)| sys::is_readable_at(&dir, leaf))
    }

    /// Whether this process may look at what is in the directory, which is no symlink.
    pub fn is_searchable(&mut self, p: &RelPath) -> bool {
        self.at(p).is_ok_and(|(dir, leaf)| sys::is_searchable_at(&dir, leaf))
    }

    /// stat: a final symlink is followed while it stays beneath the root (or its anchor), or
    /// anywhere when `unconfined` (a local sender's `-L`).
    pub fn stat_follow(&mut self, p: &RelPath, unconfined: bool) -> io::Result<Stat> {
        let (dir, leaf) = self.at(p)?;
        if unconfined {
            return sys::stat_at(&dir, leaf, true);
        }
        let st = sys::stat_at(&dir, leaf, false)?;
        if st.kind != Kind::Symlink {
            return self.faked(p, st);
        }
        sys::stat(self.open_target(p, Target::Look)?)
    }

    /// The text of a symlink.
    pub fn read_link(&mut self, p: &RelPath) -> io::Result<Vec<u8>> {
        if self.fake && self.real_lstat(p)?.kind == Kind::Regular {
            return self.fake_link(p);
        }
        let (dir, leaf) = self.at(p)?;
        Ok(sys::read_link_at(&dir, leaf)?)
    }

    /// Names in a directory, without `.` and `..`, in readdir order.
    pub fn read_dir(&mut self, p: &RelPath) -> io::Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        self.read_dir_into(p, &mut entries)?;
        Ok(entries)
    }

    /// Appends the entries of a directory. After an error, what was read before it is there.
    pub fn read_dir_into(&mut self, p: &RelPath, entries: &mut Vec<DirEntry>) -> io::Result<()> {
        self.scan_dir(p, |name, kind, _| entries.push(DirEntry { name: name.to_vec(), kind }))
    }

    /// Calls `found` with name, type (if known) and inode number of each entry. The directory
    /// counts as a parent of what it holds: [`FollowParents`] decides whether it may be a symlink.
    pub fn scan_dir(
        &mut self,
        p: &RelPath,
        found: impl FnMut(&[u8], Option<Kind>, u64),
    ) -> io::Result<()> {
        let dir = p.as_bytes();
        let noatime = self.noatime == NoAtime::All && self.follow != FollowParents::Unconfined;
        let open = match self.cache.find(dir) {
            _ if p.is_root() => Some(Arc::clone(&self.dir)),
            None if noatime => Some(self.dir_fd(dir)?),
            found => found,
        };
        let again = match open.map(|fd| self.with_spare_fds(|_| sys::reopen_dir(&fd, noatime))) {
            // From within, it takes the permission to search what is only to be read.
            Some(Err(e)) if !p.is_root() && sys::is_errno(&e, Errno::ACCESS) => None,
            again => again.transpose()?.map(Arc::new),
        };
        let fd = match again {
            Some(fd) => fd,
            None => {
                // One open serves both the reading and the entries' own operations after it.
                let fd = Arc::new(self.open_dir(dir, Enter::List)?);
                self.cache.insert(dir, Arc::clone(&fd));
                fd
            }
        };
        Ok(sys::list(&fd, &mut self.dir_buffer, found)?)
    }

    /// Opens for reading, never a symlink's target; a fifo does not hang.
    pub fn open_read(&mut self, p: &RelPath) -> io::Result<File> {
        let how = match self.noatime {
            NoAtime::Nothing => Open::Read,
            NoAtime::Files | NoAtime::All => Open::ReadNoAtime,
        };
        self.open_leaf(p, how)
    }

    /// Opens for reading following a final symlink (sender's -L and friends): beneath the root (or
    /// its anchor), or anywhere when `unconfined`.
    pub fn open_read_follow(&mut self, p: &RelPath, unconfined: bool) -> io::Result<File> {
        match self.open_read(p) {
            Err(e) if sys::is_errno(&e, Errno::LOOP) => {}
            other => return other,
        }
        if unconfined {
            let (dir, leaf) = self.at(p)?;
            return self.with_spare_fds(|_| sys::open_target_at(&dir, leaf));
        }
        Ok(self.open_target(p, Target::Read)?.into())
    }
}
