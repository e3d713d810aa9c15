//! File metadata: what lstat says, in rsync's terms, and the calls that finish an open file.

use rustix::fs::{self as rfs, AtFlags, FileType, Timespec, Timestamps};
use rustix::process::{Gid, Uid};
use std::{fs::File, io, os::fd::AsFd};

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
    /// The wire mode (file list: entry layout): type bits and permissions.
    pub fn wire_mode(&self) -> u32 {
        self.kind.wire_bits() | self.perm
    }

    /// The metadata of an open file.
    pub fn of(file: &File) -> io::Result<Stat> {
        of_fd(file)
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

    pub(crate) fn from_file_type(t: FileType) -> Option<Kind> {
        Some(match t {
            FileType::RegularFile => Kind::Regular,
            FileType::Directory => Kind::Directory,
            FileType::Symlink => Kind::Symlink,
            FileType::CharacterDevice => Kind::CharDevice,
            FileType::BlockDevice => Kind::BlockDevice,
            FileType::Fifo => Kind::Fifo,
            FileType::Socket => Kind::Socket,
            FileType::Unknown => return None,
        })
    }

    pub(crate) fn file_type(self) -> FileType {
        match self {
            Kind::Regular => FileType::RegularFile,
            Kind::Directory => FileType::Directory,
            Kind::Symlink => FileType::Symlink,
            Kind::CharDevice => FileType::CharacterDevice,
            Kind::BlockDevice => FileType::BlockDevice,
            Kind::Fifo => FileType::Fifo,
            Kind::Socket => FileType::Socket,
        }
    }
}

/// Sets owner and group of an open file; `None` leaves that id.
pub fn set_owner(file: &File, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
    Ok(rfs::fchown(file, uid_arg(uid)?, gid_arg(gid)?)?)
}

/// Sets the permission bits (07777) of an open file.
pub fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    Ok(rfs::fchmod(file, mode_arg(mode))?)
}

/// Sets the times of an open file; `None` leaves that time.
pub fn set_times(file: &File, atime: Option<Time>, mtime: Option<Time>) -> io::Result<()> {
    Ok(rfs::futimens(file, &times_arg(atime, mtime)?)?)
}

pub(crate) fn of_fd(fd: impl AsFd) -> io::Result<Stat> {
    from_raw(&rfs::fstat(fd)?)
}

pub(crate) fn at(dir: impl AsFd, leaf: &[u8], flags: AtFlags) -> io::Result<Stat> {
    from_raw(&rfs::statat(dir, leaf, flags)?)
}

// The widths of the kernel's struct differ between architectures.
#[allow(clippy::unnecessary_cast)]
fn from_raw(st: &rfs::Stat) -> io::Result<Stat> {
    let mode = st.st_mode as u32;
    let kind = Kind::from_file_type(FileType::from_raw_mode(st.st_mode))
        .ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))?;
    let rdev = st.st_rdev as u64;
    Ok(Stat {
        kind,
        perm: mode & 0o7777,
        len: u64::try_from(st.st_size).unwrap_or(0),
        mtime: st.st_mtime as i64,
        mtime_nsec: st.st_mtime_nsec as u32,
        atime: st.st_atime as i64,
        atime_nsec: st.st_atime_nsec as u32,
        ctime: st.st_ctime as i64,
        uid: st.st_uid as u32,
        gid: st.st_gid as u32,
        dev: st.st_dev as u64,
        ino: st.st_ino as u64,
        nlink: st.st_nlink as u64,
        rdev: (rfs::major(rdev as rfs::Dev), rfs::minor(rdev as rfs::Dev)),
        blocks: st.st_blocks as u64,
    })
}

pub(crate) fn mode_arg(mode: u32) -> rfs::Mode {
    rfs::Mode::from_raw_mode((mode & 0o7777) as rfs::RawMode)
}

/// An id of all ones means "leave" to the kernel, so it can never be asked for.
pub(crate) fn uid_arg(uid: Option<u32>) -> io::Result<Option<Uid>> {
    match uid {
        Some(u32::MAX) => Err(rustix::io::Errno::INVAL.into()),
        other => Ok(other.map(Uid::from_raw)),
    }
}

pub(crate) fn gid_arg(gid: Option<u32>) -> io::Result<Option<Gid>> {
    match gid {
        Some(u32::MAX) => Err(rustix::io::Errno::INVAL.into()),
        other => Ok(other.map(Gid::from_raw)),
    }
}

pub(crate) fn times_arg(atime: Option<Time>, mtime: Option<Time>) -> io::Result<Timestamps> {
    fn one(t: Option<Time>) -> io::Result<Timespec> {
        match t {
            None => Ok(Timespec { tv_sec: 0, tv_nsec: rfs::UTIME_OMIT as _ }),
            // Values from a billion on include the kernel's special ones (now, omit).
            Some((_, nsec)) if nsec > 999_999_999 => Err(rustix::io::Errno::INVAL.into()),
            Some((sec, nsec)) => Ok(Timespec { tv_sec: sec, tv_nsec: nsec as _ }),
        }
    }
    Ok(Timestamps { last_access: one(atime)?, last_modification: one(mtime)? })
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
