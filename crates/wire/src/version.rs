//! Protocol versions: the only place where version numbers are compared.

/// A negotiated protocol version, 27 to 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocol(u8);

/// The newest version we speak.
pub const NEWEST: Protocol = Protocol(32);
/// The oldest version we speak.
pub const OLDEST: Protocol = Protocol(27);

impl Protocol {
    /// The version, if it is one we speak.
    pub fn new(n: u32) -> Option<Self> {
        (27..=32).contains(&n).then_some(Protocol(n as u8))
    }
    /// The version number.
    pub fn number(self) -> u32 {
        self.0 as u32
    }
    /// Item flags follow each index; basis types, MSG_DELETED, five statistics values, a third DONE
    /// (29 and later).
    pub fn has_item_flags(self) -> bool {
        self.0 >= 29
    }
    /// Variable-length integers, delta-coded indexes, compat flags, framing in both directions,
    /// inline hard-link references, delete-during as default (30 and later).
    pub fn has_varints(self) -> bool {
        self.0 >= 30
    }
    /// Fourth DONE, deletion statistics, ERROR_EXIT, IO_TIMEOUT, files-from inside the framing,
    /// io_error always in the list (31 and later).
    pub fn has_error_exit(self) -> bool {
        self.0 >= 31
    }
    /// Extended (two-byte) file-list flags (28 and later).
    pub fn has_extended_flags(self) -> bool {
        self.0 >= 28
    }
    /// Modification times carry nanoseconds in the file list (31 and later).
    pub fn has_mtime_nsec(self) -> bool {
        self.0 >= 31
    }
    /// FIFOs and sockets carry a meaningless device number in the file list (before 31).
    pub fn has_special_rdev(self) -> bool {
        self.0 < 31
    }
    /// The daemon greeting must carry a digest list (32).
    pub fn needs_digest_list(self) -> bool {
        self.0 >= 32
    }
}
