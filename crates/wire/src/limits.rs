//! Bounds on everything that a peer may send (spec chapter 01, Input limits; 02, Validating
//! received lists; 03, Hostile or malformed input).

/// Longest path plus one, as on Linux.
pub const MAX_PATH: usize = 4096;
/// Longest xname of an item.
pub const MAX_XNAME: usize = 4095;
/// Text and name payloads of control frames are shorter than this.
pub const MAX_TEXT: usize = 5120;
/// Filter records are shorter than this.
pub const MAX_FILTER_RECORD: usize = 5120;
/// Longest list of algorithm names.
pub const MAX_ALGORITHM_LIST: usize = 255;
/// Largest payload of one frame (24-bit length).
pub const MAX_FRAME: usize = 0xFF_FFFF;
/// Default bound of one allocation made on a peer's word (`--max-alloc`).
pub const DEFAULT_MAX_ALLOC: u64 = 1 << 30;
/// Entries of one ACL.
pub const MAX_ACL_ENTRIES: u32 = 65536;
/// Attributes of one file.
pub const MAX_XATTRS: u32 = 65536;
/// Length of an xattr name, including its NUL.
pub const MAX_XATTR_NAME: usize = 4096;
/// Length of an xattr value.
pub const MAX_XATTR_VALUE: u64 = 128 << 20;
/// Names and values of one file's xattrs together.
pub const MAX_XATTR_LIST: u64 = 512 << 20;
/// Each of the five deletion counts.
pub const MAX_DELETE_COUNT: i32 = 1 << 28;
