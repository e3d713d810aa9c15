//! Bounds on everything that a peer may send (WIRE.md, Limits).

use std::ops::RangeInclusive;

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
/// Seconds that a daemon may report as its timeout; other values are ignored.
pub const IO_TIMEOUT: RangeInclusive<i32> = 1..=86400;
/// The bits of an I/O error state that mean anything.
pub const IO_ERROR_BITS: i32 = 7;
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
/// Content of a greeting or request line that a daemon reads.
pub const MAX_REQUEST_LINE: usize = 1022;
/// Content of a text line that a client reads, and of the reply to a challenge.
pub const MAX_TEXT_LINE: usize = 5118;
/// Bytes of `#early_input`.
pub const MAX_EARLY_INPUT: usize = 5120;
/// Arguments of one block.
pub const MAX_ARGS: usize = 15_998;
/// One argument sent to a daemon.
pub const MAX_DAEMON_ARG: usize = 5119;
