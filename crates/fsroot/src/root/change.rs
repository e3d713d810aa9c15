//! Changing: creating, removing and renaming, and metadata by name.

use super::Root;
use crate::meta::{Kind, Stat, Time};
use crate::sys::{self, Errno, Open, is_errno};
use std::fs::File;
use std::io;
use wire::RelPath;

impl Root {
    /// Opens for update in place; creates with 0600 if missing. A regular file of ours that even
    /// we may not write becomes writable just for the open.
    pub fn open_in_place(&mut self, p: &RelPath) -> io::Result<File> {
        // Creating only what is missing keeps the rules of sticky directories, by which O_CREAT
        // fails on other people's files, out of it. Twice, for the name may come and go.
        for _ in 0..2 {
            let missing = match self.open_leaf(p, Open::Write) {
                Ok(file) => return Ok(file),
                Err(e) if is_errno(&e, Errno::NOENT) => e,
                Err(e) if is_errno(&e, Errno::ACCESS) => {
                    return self.open_read_only_file(p).unwrap_or(Err(e));
                }
                Err(e) => return Err(e),
            };
            match self.open_leaf(p, Open::WriteNew { mode: 0o600 }) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                // A file that may not be made is a file that is not there, as in rsync's messages.
                Err(e) if is_errno(&e, Errno::ACCESS) => return Err(missing),
                other => return other,
            }
        }
        Err(Errno::AGAIN.into())
    }

    /// `None` if that is not why the open was refused.
    fn open_read_only_file(&mut self, p: &RelPath) -> Option<io::Result<File>> {
        let before = self.lstat(p).ok()?;
        if before.kind != Kind::Regular || before.perm & 0o200 != 0 {
            return None;
        }
        self.chmod(p, before.perm | 0o200).ok()?;
        match self.open_leaf(p, Open::Write) {
            Ok(file) => {
                let restored = Stat::of(&file).and_then(|now| {
                    // Somebody's swap must not cost the other file its permissions.
                    let target = if now.same_inode(&before) { before.perm } else { now.perm };
                    sys::set_mode(&file, target)
                });
                Some(restored.map(|()| file))
            }
            Err(e) => {
                // The error of the open is the one that counts.
                let _best_effort = self.chmod(p, before.perm);
                Some(Err(e))
            }
        }
    }

    /// Creates a file that must not exist, for reading and writing.
    pub fn create_new(&mut self, p: &RelPath, mode: u32) -> io::Result<File> {
        self.open_leaf(p, Open::ReadWriteNew { mode })
    }

    /// Makes a directory.
    pub fn mkdir(&mut self, p: &RelPath, mode: u32) -> io::Result<()> {
        let (dir, leaf) = self.at(p)?;
        Ok(sys::mkdir_at(&dir, leaf, mode)?)
    }

    /// Makes a directory and its missing parents, one held component at a time. Existing ones are
    /// left as they are.
    pub fn mkdir_all(&mut self, p: &RelPath, mode: u32) -> io::Result<()> {
        let mut done = RelPath::root();
        for part in p.as_bytes().split(|&b| b == b'/').filter(|part| !part.is_empty()) {
            done = done.join(part).ok_or(Errno::INVAL)?;
            match self.mkdir(&done, mode) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                other => other?,
            }
        }
        self.dir_fd(p.as_bytes()).map(drop)
    }

    /// Removes an empty directory.
    pub fn rmdir(&mut self, p: &RelPath) -> io::Result<()> {
        let (dir, leaf) = self.at(p)?;
        sys::rmdir_at(&dir, leaf)?;
        self.name_changed(p, Kind::Directory);
        Ok(())
    }

    /// Removes anything but a directory.
    pub fn unlink(&mut self, p: &RelPath) -> io::Result<()> {
        let (dir, leaf) = self.at(p)?;
        sys::unlink_at(&dir, leaf)?;
        self.name_changed(p, Kind::Symlink);
        Ok(())
    }

    /// Renames, replacing what is at `to`.
    pub fn rename(&mut self, from: &RelPath, to: &RelPath) -> io::Result<()> {
        let (from_dir, from_leaf) = self.at(from)?;
        let (to_dir, to_leaf) = self.at(to)?;
        sys::rename_at(&from_dir, from_leaf, &to_dir, to_leaf)?;
        let kind = sys::stat_at(&to_dir, to_leaf, false).map_or(Kind::Directory, |st| st.kind);
        self.name_changed(from, kind);
        // What was replaced may have been a link.
        self.name_changed(to, if kind == Kind::Directory { kind } else { Kind::Symlink });
        Ok(())
    }

    /// Between two roots (backup-dir, temp-dir).
    pub fn rename_to(&mut self, from: &RelPath, other: &mut Root, to: &RelPath) -> io::Result<()> {
        let (from_dir, from_leaf) = self.at(from)?;
        let (to_dir, to_leaf) = other.at(to)?;
        sys::rename_at(&from_dir, from_leaf, &to_dir, to_leaf)?;
        let kind = sys::stat_at(&to_dir, to_leaf, false).map_or(Kind::Directory, |st| st.kind);
        self.name_changed(from, kind);
        other.name_changed(to, if kind == Kind::Directory { kind } else { Kind::Symlink });
        Ok(())
    }

    /// Makes `to` a hard link of `from`, which is not followed.
    pub fn link(&mut self, from: &RelPath, to: &RelPath) -> io::Result<()> {
        let (from_dir, from_leaf) = self.at(from)?;
        let (to_dir, to_leaf) = self.at(to)?;
        Ok(sys::link_at(&from_dir, from_leaf, &to_dir, to_leaf)?)
    }

    /// Makes `to` in `other` a hard link of `from`, which must be the inode of `expected`: if
    /// something else got there meanwhile, the new link is removed again (ESTALE).
    pub fn link_to(
        &mut self,
        from: &RelPath,
        other: &mut Root,
        to: &RelPath,
        expected: &Stat,
    ) -> io::Result<()> {
        let (from_dir, from_leaf) = self.at(from)?;
        let (to_dir, to_leaf) = other.at(to)?;
        sys::link_at(&from_dir, from_leaf, &to_dir, to_leaf)?;
        let made = sys::stat_at(&to_dir, to_leaf, false)?;
        if made.same_inode(expected) {
            return Ok(());
        }
        sys::unlink_at(&to_dir, to_leaf)?;
        Err(Errno::STALE.into())
    }

    /// Makes a symlink.
    pub fn symlink(&mut self, target: &[u8], p: &RelPath) -> io::Result<()> {
        if self.fake {
            return self.fake_make(p, Kind::Symlink, 0o777, (0, 0), target);
        }
        let (dir, leaf) = self.at(p)?;
        Ok(sys::symlink_at(target, &dir, leaf)?)
    }

    /// mknod for devices, fifos and sockets.
    pub fn mknod(
        &mut self,
        p: &RelPath,
        kind: Kind,
        mode: u32,
        rdev: (u32, u32),
    ) -> io::Result<()> {
        if !kind.is_device() && !kind.is_special() {
            return Err(Errno::INVAL.into());
        }
        if self.fake {
            return self.fake_make(p, kind, mode & 0o7777, rdev, b"");
        }
        let (dir, leaf) = self.at(p)?;
        Ok(sys::mknod_at(&dir, leaf, kind, mode, rdev)?)
    }
}

/// Metadata.
impl Root {
    /// chown without following; `None` leaves that id.
    pub fn chown(&mut self, p: &RelPath, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
        if self.fake {
            return self.fake_change(p, uid, gid, None);
        }
        let (dir, leaf) = self.at(p)?;
        Ok(sys::chown_at(&dir, leaf, uid, gid)?)
    }

    /// chmod without following (07777 bits). A symlink is EOPNOTSUPP.
    pub fn chmod(&mut self, p: &RelPath, mode: u32) -> io::Result<()> {
        match self.fake {
            true => self.fake_change(p, None, None, Some(mode)),
            false => self.real_chmod(p, mode),
        }
    }

    pub(crate) fn real_chmod(&mut self, p: &RelPath, mode: u32) -> io::Result<()> {
        let (dir, leaf) = self.at(p)?;
        match sys::chmod_at(&dir, leaf, mode) {
            // Some systems open the file for it.
            Err(e) if sys::is_errno(&e, Errno::MFILE) && !self.cache.is_empty() => {
                self.cache.clear();
                sys::chmod_at(&dir, leaf, mode)
            }
            done => done,
        }
    }

    /// Times without following; `None` leaves (UTIME_OMIT).
    pub fn utimes(
        &mut self,
        p: &RelPath,
        atime: Option<Time>,
        mtime: Option<Time>,
    ) -> io::Result<()> {
        let (dir, leaf) = self.at(p)?;
        Ok(sys::utimes_at(&dir, leaf, atime, mtime)?)
    }
}
