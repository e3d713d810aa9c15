//! The state of one session that all roles share.
use crate::{
    exit::Cause,
    log::Log,
    settings::{DeleteTiming, Settings},
};
use delta::checksum::{Checksum, SumSpec};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};
use wire::{Protocol, compat::CompatFlags, limits, token::Compressor};

/// I/O error bits (WIRE.md, File list).
pub mod io_error {
    /// A file or directory could not be read.
    pub const GENERAL: i32 = 1;
    /// A file vanished.
    pub const VANISHED: i32 = 2;
    /// `--max-delete` stopped deletions.
    pub const DEL_LIMIT: i32 = 4;
}

/// The name of the thread that is the receiver.
pub(crate) const RECEIVER: &str = "receiver";

/// Errors seen so far; decides the exit code when nothing was fatal.
#[derive(Debug, Default)]
pub struct Status {
    io_error: AtomicI32,
    xfer_error: AtomicBool,
    early_xfer_error: AtomicBool,
    split: AtomicBool,
    receiver_error: AtomicBool,
    cause: Mutex<Option<Cause>>,
    /// What moved, of which some ends tell.
    pub stats: std::sync::Arc<Stats>,
}

impl Status {
    /// Adds I/O error bits.
    pub fn add_io_error(&self, bits: i32) {
        self.io_error.fetch_or(bits & limits::IO_ERROR_BITS, Ordering::Relaxed);
    }
    /// The I/O error bits.
    pub fn io_error(&self) -> i32 {
        self.io_error.load(Ordering::Relaxed)
    }
    /// Notes that something was not transferred.
    pub fn set_xfer_error(&self) {
        self.xfer_error.store(true, Ordering::Relaxed);
        if !self.is_split() {
            self.early_xfer_error.store(true, Ordering::Relaxed);
        }
        if thread::current().name() == Some(RECEIVER) {
            self.receiver_error.store(true, Ordering::Relaxed);
        }
    }
    /// The exit code of rsync's receiver, which does not know what only the generator met.
    pub fn receiver_code(&self) -> crate::ExitCode {
        let failed = self.receiver_error.load(Ordering::Relaxed) || self.failed_early();
        match self.io_error() & (io_error::GENERAL | io_error::VANISHED) {
            0 if !failed => crate::ExitCode::OK,
            io_error::VANISHED if !failed => crate::ExitCode::VANISHED,
            _ => crate::ExitCode::PARTIAL,
        }
    }
    /// Notes why the run ends.
    pub fn set_cause(&self, cause: Cause) {
        *self.cause.lock().unwrap_or_else(PoisonError::into_inner) = Some(cause);
    }
    /// Why the run ends, if that was noted.
    pub fn cause(&self) -> Option<Cause> {
        *self.cause.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Whether something was not transferred that was known before the receiving side split.
    pub fn failed_early(&self) -> bool {
        self.early_xfer_error.load(Ordering::Relaxed)
    }
    /// Notes that the receiving side has split into generator and receiver, for the names in messages.
    pub fn set_split(&self) {
        self.split.store(true, Ordering::Relaxed);
    }
    /// Whether the receiving side has split.
    pub fn is_split(&self) -> bool {
        self.split.load(Ordering::Relaxed)
    }
    /// The exit code: 23 over 24 over 25.
    pub fn exit_code(&self) -> crate::ExitCode {
        let bits = self.io_error();
        if self.xfer_error.load(Ordering::Relaxed) || bits & io_error::GENERAL != 0 {
            crate::ExitCode::PARTIAL
        } else if bits & io_error::VANISHED != 0 {
            crate::ExitCode::VANISHED
        } else if bits & io_error::DEL_LIMIT != 0 {
            crate::ExitCode::DEL_LIMIT
        } else {
            crate::ExitCode::OK
        }
    }
}

/// A counter shared by threads.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);
impl Counter {
    /// Adds.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }
    /// The value.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
    /// Sets.
    pub fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }
}

/// What is counted (WIRE.md, Statistics; man page, --stats).
#[derive(Debug, Default)]
#[allow(missing_docs)]
pub struct Stats {
    pub files: Counter,
    pub dirs: Counter,
    pub links: Counter,
    pub devices: Counter,
    pub specials: Counter,
    pub created_files: Counter,
    pub created_dirs: Counter,
    pub created_links: Counter,
    pub created_devices: Counter,
    pub created_specials: Counter,
    pub deleted_files: Counter,
    pub deleted_dirs: Counter,
    pub deleted_links: Counter,
    pub deleted_devices: Counter,
    pub deleted_specials: Counter,
    pub transferred_files: Counter,
    pub transferred_size: Counter,
    pub total_size: Counter,
    pub literal: Counter,
    pub matched: Counter,
    pub flist_size: Counter,
    /** What a sender shows of it. */
    pub flist_shown: Counter,
    pub flist_build_ms: Counter,
    pub flist_xfer_ms: Counter,
    /// Raw bytes, from the framing switch on, of this process's side.
    pub bytes_written: Counter,
    pub bytes_read: Counter,
}

/// One session after its handshake. Roles hold it in an `Arc`.
pub struct Session {
    /// The options.
    pub settings: Settings,
    /// The negotiated version.
    pub protocol: Protocol,
    /// The compat flags.
    pub compat: CompatFlags,
    /// Incremental recursion is in force.
    pub inc_recurse: bool,
    /// The transfer checksum with its seed.
    pub transfer_sum: SumSpec,
    /// The unseeded checksum of the list.
    pub list_sum: Checksum,
    /// The compressor, `None` for none.
    pub compressor: Compressor,
    /// Its level.
    pub compress_level: i32,
    /// Whole files are sent without delta.
    pub whole_file: bool,
    /// Deletion timing, if deleting.
    pub delete: Option<DeleteTiming>,
    /// Client's `-e` letters include `L` / compat flag: the receiving side can set symlink times.
    pub receiver_symlink_times: bool,
    /// Errors so far.
    pub status: std::sync::Arc<Status>,
    /// Counters.
    pub stats: std::sync::Arc<Stats>,
    /// Which bytes this end sent which way.
    pub counters: std::sync::Arc<fast_io::Counters>,
    /// Messages.
    pub log: Log,
    /// Timeout and last activity of the link.
    pub activity: std::sync::Arc<crate::conn::Activity>,
    /// When the run began.
    pub started: Instant,
    /// The charset of this side's names, if it is converted (`--iconv`).
    pub charset: Option<std::sync::Arc<crate::charset::Charset>>,
    /// The targets of symlinks are converted, too.
    pub converts_targets: bool,
    /// A local copy's, that of both sides: device and inode of what is in place, by index, for `--remove-source-files`.
    pub installed: Option<Installed>,
}

/// Device and inode of files by their indexes.
pub type Installed = std::sync::Arc<std::sync::Mutex<std::collections::HashMap<i32, (u64, u64)>>>;
