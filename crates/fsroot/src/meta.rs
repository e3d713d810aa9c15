//! File metadata: what lstat says, in rsync's terms, and the calls that finish an open file.

use crate::sys;
use std::{fs::File, io};

/// File types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A regular file.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
}

/// What lstat says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// The file type.
    pub kind: Kind,
    /// Permission bits, 07777.
    pub perm: u32,
    /// Length in bytes.
    pub len: u64,
    /// Modification time, seconds.
    pub mtime: i64,
    /// Modification time, nanoseconds part.
    pub mtime_nsec: u32,
    /// Access time, seconds.
    pub atime: i64,
    /// Access time, nanoseconds part.
    pub atime_nsec: u32,
    /// Status change time, seconds.
    pub ctime: i64,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Device the file is on.
    pub dev: u64,
    /// Inode number.
    pub ino: u64,
    /// Number of hard links.
    pub nlink: u64,
    /// Major and minor of a device.
    pub rdev: (u32, u32),
    /// Allocated 512-byte blocks.
    pub blocks: u64,
}

/// A time as seconds and nanoseconds.
pub type Time = (i64, u32);

impl Stat {
    /// The wire mode (WIRE.md, Entry layout): type bits and permissions.
    pub fn wire_mode(&self) -> u32 {
        self.kind.wire_bits() | self.perm
    }

    /// The metadata of an open file.
    pub fn of(file: &File) -> io::Result<Stat> {
        sys::stat(file)
    }

    /// The modification time.
    pub fn modified(&self) -> Time {
        (self.mtime, self.mtime_nsec)
    }

    /// Whether both describe one inode.
    pub fn same_inode(&self, other: &Stat) -> bool {
        self.dev == other.dev && self.ino == other.ino
    }
}

impl Kind {
    /// From the type bits of a wire mode.
    pub fn from_wire_mode(mode: u32) -> Option<Kind> {
        Some(match mode & 0o170000 {
            0o100000 => Kind::Regular,
            0o040000 => Kind::Directory,
            0o120000 => Kind::Symlink,
            0o020000 => Kind::CharDevice,
            0o060000 => Kind::BlockDevice,
            0o010000 => Kind::Fifo,
            0o140000 => Kind::Socket,
            _ => return None,
        })
    }

    /// The type bits of a wire mode.
    pub fn wire_bits(self) -> u32 {
        match self {
            Kind::Regular => 0o100000,
            Kind::Directory => 0o040000,
            Kind::Symlink => 0o120000,
            Kind::CharDevice => 0o020000,
            Kind::BlockDevice => 0o060000,
            Kind::Fifo => 0o010000,
            Kind::Socket => 0o140000,
        }
    }

    /// Character or block device.
    pub fn is_device(self) -> bool {
        matches!(self, Kind::CharDevice | Kind::BlockDevice)
    }

    /// Fifo or socket.
    pub fn is_special(self) -> bool {
        matches!(self, Kind::Fifo | Kind::Socket)
    }
}

/// Sets owner and group of an open file; `None` leaves that id.
pub fn set_owner(file: &File, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
    sys::set_owner(file, uid, gid)
}

/// Sets the permission bits (07777) of an open file.
pub fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    sys::set_mode(file, mode)
}

/// Sets the times of an open file; `None` leaves that time.
pub fn set_times(file: &File, atime: Option<Time>, mtime: Option<Time>) -> io::Result<()> {
    sys::set_times(file, atime, mtime)
}

/// Reads at an offset; how much is up to the system, 0 is the end.
pub fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    sys::read_at(file, buf, offset)
}

/// Reads into several buffers, one behind the other, from an offset on; how much is up to the system, 0 is the end.
pub fn read_vectored_at(
    file: &File,
    bufs: &mut [io::IoSliceMut<'_>],
    offset: u64,
) -> io::Result<usize> {
    sys::read_vectored_at(file, bufs, offset)
}

/// The error of a file that became shorter while it was read.
pub fn shrunk() -> io::Error {
    sys::SHRUNK.into()
}

/// The length of a device, found by seeking to its end.
pub fn device_len(mut file: &File) -> u64 {
    use std::io::{Seek, SeekFrom};
    // What cannot be sought has no length. Whoever reads begins at the start.
    let len = file.seek(SeekFrom::End(0)).unwrap_or(0);
    let _at_start = file.rewind();
    len
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_modes_round_trip() {
        for (kind, bits) in [
            (Kind::Regular, 0o100000),
            (Kind::Directory, 0o040000),
            (Kind::Symlink, 0o120000),
            (Kind::CharDevice, 0o020000),
            (Kind::BlockDevice, 0o060000),
            (Kind::Fifo, 0o010000),
            (Kind::Socket, 0o140000),
        ] {
            assert_eq!(kind.wire_bits(), bits);
            assert_eq!(Kind::from_wire_mode(bits | 0o4755), Some(kind));
        }
        assert_eq!(Kind::from_wire_mode(0o644), None);
        assert_eq!(Kind::from_wire_mode(0o150000), None);
    }

    #[cfg(unix)]
    #[test]
    fn open_files_are_finished_by_descriptor() {
        let dir = tempfile::tempdir().unwrap();
        let file = File::create(dir.path().join("f")).unwrap();
        set_mode(&file, 0o640).unwrap();
        set_times(&file, None, Some((1_000_000_000, 123_456_789))).unwrap();
        let before = Stat::of(&file).unwrap();
        assert_eq!((before.perm, before.modified()), (0o640, (1_000_000_000, 123_456_789)));
        set_times(&file, Some((-5, 7)), None).unwrap();
        let after = Stat::of(&file).unwrap();
        assert_eq!((after.atime, after.atime_nsec), (-5, 7));
        assert_eq!(after.modified(), before.modified());
        set_owner(&file, Some(after.uid), None).unwrap();
        assert!(set_owner(&file, Some(u32::MAX), None).is_err());
        assert!(set_times(&file, Some((0, 1_000_000_000)), None).is_err());
    }
}
