//! Confined access below a directory handle.
use crate::meta::Stat;
use oxrsync_wire_alias::RelPath;
use std::{ffi::OsString, fs::File, io, path::Path};
mod oxrsync_wire_alias {
    pub use wire::RelPath;
}
/// Whether intermediate symlinks may be followed. Never out of the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowParents {
    /// A symlink as a parent component is an error (ELOOP).
    No,
    /// Followed while it stays beneath the root (`--keep-dirlinks`, source trees).
    Beneath,
}
/// A directory and everything below it. Each clone keeps its own small cache of open directories, so a clone per thread.
#[derive(Debug)]
pub struct Root {
    _p: (),
}
/// One directory entry.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct DirEntry {
    pub name: Vec<u8>,
    /** From d_type, if the file system says. */
    pub kind: Option<crate::Kind>,
}
impl Clone for Root {
    fn clone(&self) -> Self {
        todo!()
    }
}
#[allow(missing_docs)]
impl Root {
    /// Opens an operator's path (owner-trust walk: a symlink is followed only if owned by root or us, spec chapter 06 E).
    pub fn open(path: &Path) -> io::Result<Root> {
        let _ = path;
        todo!()
    }
    /// A root below this one.
    pub fn open_below(&mut self, p: &RelPath, follow: FollowParents) -> io::Result<Root> {
        let _ = (p, follow);
        todo!()
    }
    /// lstat (no follow).
    pub fn lstat(&mut self, p: &RelPath) -> io::Result<Stat> {
        let _ = p;
        todo!()
    }
    /// stat, following a final symlink beneath the root only... or anywhere when `unconfined` (a local sender's -L).
    pub fn stat_follow(&mut self, p: &RelPath, unconfined: bool) -> io::Result<Stat> {
        let _ = (p, unconfined);
        todo!()
    }
    pub fn read_link(&mut self, p: &RelPath) -> io::Result<Vec<u8>> {
        let _ = p;
        todo!()
    }
    /// Names in a directory, without `.` and `..`, in readdir order.
    pub fn read_dir(&mut self, p: &RelPath) -> io::Result<Vec<DirEntry>> {
        let _ = p;
        todo!()
    }
    /// Opens for reading, O_NOFOLLOW, O_NONBLOCK-safe (a fifo never hangs).
    pub fn open_read(&mut self, p: &RelPath) -> io::Result<File> {
        let _ = p;
        todo!()
    }
    /// Opens for reading following a final symlink (sender's -L and friends).
    pub fn open_read_follow(&mut self, p: &RelPath, unconfined: bool) -> io::Result<File> {
        let _ = (p, unconfined);
        todo!()
    }
    /// Opens for update in place; creates with 0600 if missing.
    pub fn open_in_place(&mut self, p: &RelPath) -> io::Result<File> {
        let _ = p;
        todo!()
    }
    pub fn create_new(&mut self, p: &RelPath, mode: u32) -> io::Result<File> {
        let _ = (p, mode);
        todo!()
    }
    pub fn mkdir(&mut self, p: &RelPath, mode: u32) -> io::Result<()> {
        let _ = (p, mode);
        todo!()
    }
    pub fn rmdir(&mut self, p: &RelPath) -> io::Result<()> {
        let _ = p;
        todo!()
    }
    pub fn unlink(&mut self, p: &RelPath) -> io::Result<()> {
        let _ = p;
        todo!()
    }
    pub fn rename(&mut self, from: &RelPath, to: &RelPath) -> io::Result<()> {
        let _ = (from, to);
        todo!()
    }
    /// Between two roots (backup-dir, temp-dir).
    pub fn rename_to(&mut self, from: &RelPath, other: &mut Root, to: &RelPath) -> io::Result<()> {
        let _ = (from, other, to);
        todo!()
    }
    pub fn link(&mut self, from: &RelPath, to: &RelPath) -> io::Result<()> {
        let _ = (from, to);
        todo!()
    }
    pub fn symlink(&mut self, target: &[u8], p: &RelPath) -> io::Result<()> {
        let _ = (target, p);
        todo!()
    }
    /// mknod for devices, fifos and sockets.
    pub fn mknod(
        &mut self,
        p: &RelPath,
        kind: crate::Kind,
        mode: u32,
        rdev: (u32, u32),
    ) -> io::Result<()> {
        let _ = (p, kind, mode, rdev);
        todo!()
    }
    /// chown without following; `None` leaves that id.
    pub fn chown(&mut self, p: &RelPath, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
        let _ = (p, uid, gid);
        todo!()
    }
    /// chmod without following (07777 bits). The leaf must not be a symlink.
    pub fn chmod(&mut self, p: &RelPath, mode: u32) -> io::Result<()> {
        let _ = (p, mode);
        todo!()
    }
    /// Times without following; `None` leaves (UTIME_OMIT).
    pub fn utimes(
        &mut self,
        p: &RelPath,
        atime: Option<(i64, u32)>,
        mtime: Option<(i64, u32)>,
    ) -> io::Result<()> {
        let _ = (p, atime, mtime);
        todo!()
    }
    /// Forgets cached handles at and below `p` (after it was removed, renamed or replaced).
    pub fn forget(&mut self, p: &RelPath) {
        let _ = p;
        todo!()
    }
    /// The absolute path shown in messages (`"P"`), best effort.
    pub fn display(&self, p: &RelPath) -> Vec<u8> {
        let _ = p;
        todo!()
    }
    #[doc(hidden)]
    pub fn _unused(_: OsString) {}
}
