//! File metadata.
/// File types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Kind {
    Regular,
    Directory,
    Symlink,
    CharDevice,
    BlockDevice,
    Fifo,
    Socket,
}
/// What lstat says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Stat {
    pub kind: Kind,
    /** Permission bits, 07777. */
    pub perm: u32,
    pub len: u64,
    pub mtime: i64,
    pub mtime_nsec: u32,
    pub atime: i64,
    pub atime_nsec: u32,
    pub ctime: i64,
    pub uid: u32,
    pub gid: u32,
    pub dev: u64,
    pub ino: u64,
    pub nlink: u64,
    /** Major and minor of a device. */
    pub rdev: (u32, u32),
    pub blocks: u64,
}
impl Stat {
    /// The wire mode (spec chapter 02: type bits and permissions).
    pub fn wire_mode(&self) -> u32 {
        todo!()
    }
}
impl Kind {
    /// From the type bits of a wire mode.
    pub fn from_wire_mode(mode: u32) -> Option<Kind> {
        let _ = mode;
        todo!()
    }
    /// The type bits of a wire mode.
    pub fn wire_bits(self) -> u32 {
        todo!()
    }
    /// Device or special (fifo, socket).
    pub fn is_device(self) -> bool {
        matches!(self, Kind::CharDevice | Kind::BlockDevice)
    }
    /// Fifo or socket.
    pub fn is_special(self) -> bool {
        matches!(self, Kind::Fifo | Kind::Socket)
    }
}
