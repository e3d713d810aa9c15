//! rsync's filter language: rules, patterns, per-directory merge files, and the names a pulling
//! client asked for. Pure: files come through [`Loader`], the environment through [`ParseContext`].
//!
//! # Using a list
//!
//! A client adds the user's rules in the order given, then calls [`FilterList::for_peer`] (or
//! [`FilterList::client_list`], which also knows where `-C` goes) once the protocol is known; that
//! returns the texts to send and leaves the list as this role sees it. So does each half of a local
//! copy, which sends nothing. A server adds what arrives with [`FilterList::add_from_wire`].
//!
//! Before names are tested or directories entered, [`FilterList::set_cwd`] says where relative
//! names start. Scans enter each directory with [`FilterList::push_dir`] before testing its
//! entries and leave it with [`FilterList::pop_dir`]. Clones share all rules and are cheap.
mod build;
mod daemon;
mod list;
mod parse;
mod pattern;
mod peer;
mod requested;
mod rule;
mod trace;
pub mod wildmatch;

pub use daemon::DaemonRules;
pub use list::{FilterList, Hit};
pub use requested::{Requested, RequestedNames};
use std::io;

/// Which transfer role the list acts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Side {
    Sender,
    Receiver,
}

/// The answer for one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No rule matched.
    None,
    /// An include (show, risk) rule matched.
    Include,
    /// An exclude (hide, protect) rule matched.
    Exclude,
}

/// Opens merge files for the list.
pub trait Loader {
    /// Reads the whole file; `path` is as written for a plain merge named on the command line or
    /// by the peer (`-` is the standard input, never asked for by a server), otherwise absolute:
    /// in the file system, or in the module for a daemon.
    fn load(&mut self, path: &[u8]) -> io::Result<Vec<u8>>;

    /// Reads a file of the user whom this process runs as, which a module does not hide.
    fn load_own(&mut self, path: &[u8]) -> io::Result<Vec<u8>> {
        self.load(path)
    }
}

/// A rule could not be parsed or its file not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// rsync's words.
    pub text: Vec<u8>,
    /** Exit code: 1, 2, 11 or 22. */
    pub code: i32,
}

impl FilterError {
    fn new(text: &[u8], code: i32) -> FilterError {
        FilterError { text: text.to_vec(), code }
    }
}

impl std::fmt::Display for FilterError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.text))
    }
}

impl std::error::Error for FilterError {}

/// A message that does not stop anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// rsync's words.
    pub text: Vec<u8>,
    /// What it is.
    pub kind: NoticeKind,
}

/// What a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// An error message.
    Error,
    /// An error message, and the general I/O error flag is to be set.
    IoError,
    /// A step of [`FilterList::trace`]: information, which says first who did it.
    Trace,
}

/// How many directories lie between the transfer root and the contents of `dir`: 0 for the root itself.
pub fn depth(dir: &[u8]) -> usize {
    match dir {
        b"" | b"." => 0,
        dir => 1 + memchr::memchr_iter(b'/', dir).count(),
    }
}

/// Things that stay the same while parsing.
#[derive(Debug, Clone)]
pub struct ParseContext {
    /// `--from0`: records of rules files end at NUL.
    pub from0: bool,
    /// This process is a server: `-` is no name for the standard input.
    pub is_server: bool,
    /// The protocol (as far as known) is at least 30: built-in CVS names are perishable.
    pub protocol_30: bool,
    /// `--delete-excluded`, as far as the command line was read: rules without sides become the
    /// sender's.
    pub delete_excluded: bool,
    /// This process in messages: `client`, `sender`, `Receiver`, ...
    pub who: String,
    /// `$HOME` (`/` in a module served with chroot): where `-C` looks for `.cvsignore`.
    pub home: Option<Vec<u8>>,
    /// Where the root of absolute paths is, if not at `/`: messages name files of a module served without chroot so.
    pub root: Vec<u8>,
    /// `$CVSIGNORE`.
    pub cvsignore: Option<Vec<u8>>,
}

impl Default for ParseContext {
    /// A client that has not read anything from its environment.
    fn default() -> Self {
        ParseContext {
            from0: false,
            is_server: false,
            protocol_30: true,
            delete_excluded: false,
            who: "client".to_string(),
            home: None,
            root: Vec::new(),
            cvsignore: None,
        }
    }
}
