//! What a client prints about items: names, itemized lines, progress, statistics, summary, listings (spec chapter 04, Output).
use crate::Session;
use std::sync::Arc;
use wire::item::Item;

/// One item as it is reported.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct ItemEvent<'a> {
    pub ndx: i32,
    pub name: &'a [u8],
    pub mode: u32,
    pub len: u64,
    pub mtime: i64,
    pub uid: u32,
    pub gid: u32,
    pub link_target: &'a [u8],
    pub item: &'a Item,
    /** Digest for `%C`, if known. */
    pub sum: Option<&'a [u8]>,
    /** Full path for `%f`. */
    pub path: &'a [u8],
}

/// Prints items. One per process side; the side that is the client (or logs to a file) prints, others do nothing.
pub struct Reporter {
    _s: Arc<Session>,
}
#[allow(missing_docs)]
impl Reporter {
    pub fn new(session: Arc<Session>) -> Self {
        Reporter { _s: session }
    }
    /// An item without transfer (created, changed locally, unchanged under -ii/-vv).
    pub fn item(&mut self, e: &ItemEvent<'_>) {
        let _ = e;
        todo!()
    }
    /// A transfer is about to move data (prints now, unless the format needs after-transfer values).
    pub fn transfer_begins(&mut self, e: &ItemEvent<'_>) {
        let _ = e;
        todo!()
    }
    /// Data of the current file so far (`--progress`), out of `total`.
    pub fn progress(&mut self, done: u64, total: u64) {
        let _ = (done, total);
        todo!()
    }
    /// The transfer ended; `moved` data bytes and `sum_bytes` checksum bytes for `%b`, `%c`.
    pub fn transfer_ends(&mut self, e: &ItemEvent<'_>, moved: u64, sum_bytes: u64) {
        let _ = (e, moved, sum_bytes);
        todo!()
    }
    /// A deletion (local or by MSG_DELETED). `mode` if known.
    pub fn deleted(&mut self, name: &[u8], is_dir: bool) {
        let _ = (name, is_dir);
        todo!()
    }
}

/// Prints the closing statistics and summary of a client (spec chapter 04, Statistics and summary).
pub fn summary(session: &Session) {
    let _ = session;
    todo!()
}
/// The user's terminal.
pub struct Terminal;
#[allow(missing_docs)]
impl Terminal {
    pub fn new(_: &crate::Settings, _: Arc<crate::session::Status>) -> Terminal {
        Terminal
    }
    pub fn flush(&self) {}
}
impl crate::log::Sink for Terminal {
    fn message(&self, c: crate::log::Class, text: &[u8]) {
        use std::io::Write;
        let _ = if matches!(c, crate::log::Class::Info | crate::log::Class::Client) {
            std::io::stdout().write_all(text)
        } else {
            std::io::stderr().write_all(text)
        };
    }
}
