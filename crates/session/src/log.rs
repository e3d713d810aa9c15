//! Messages of a run: classes, roles, and where they go.
use crate::{charset::Charset, platform};
use std::{fmt::Display, io, sync::Arc};

/// Message classes (WIRE.md, Frames).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// An error that means exit code 23.
    ErrorXfer,
    /// Information for stdout; dropped by `-q`.
    Info,
    /// An error.
    Error,
    /// A warning.
    Warning,
    /// For stdout of the client only, never for a log file (itemized lines, names, progress).
    Client,
}

/// The role named in messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Role {
    Client,
    Server,
    Sender,
    Generator,
    Receiver,
    /** The receiving side before it splits. */
    ReceiverPresplit,
}

impl Role {
    /// As it stands in `[role]`.
    pub fn name(self) -> &'static str {
        match self {
            Role::Client => "client",
            Role::Server => "server",
            Role::Sender => "sender",
            Role::Generator => "generator",
            Role::Receiver => "receiver",
            Role::ReceiverPresplit => "Receiver",
        }
    }
}

/// Where messages go: the terminal of a client, the frames or stderr of a server, a test's buffer.
pub trait Sink: Send + Sync {
    /// One message. `text` normally ends in a newline.
    fn message(&self, class: Class, text: &[u8]);
    /// A message that quotes a name as it travelled, so that it is in the protocol's charset already.
    fn message_in_utf8(&self, class: Class, text: &[u8]) {
        self.message(class, text);
    }
    /// A message in the peer's words, which are UTF-8 where names are converted.
    fn message_from_peer(&self, class: Class, text: &[u8], charset: &Charset) {
        self.message(class, &charset.text_from_wire(text));
    }
    /// Raw bytes for the client's stdout (progress lines); nothing on a server.
    fn progress(&self, _text: &[u8]) {}
    /// One line for the log file only, without newline; nothing where there is none.
    fn log_only(&self, _text: &[u8]) {}
    /// From now on characters of the locale are shown as they are (man page, --8-bit-output), not only ASCII's.
    fn know_locale(&self) {}
}

/// A role's way to say something. Counting of ErrorXfer is done by [`crate::session::Status`] through the session's sink wrapper.
#[derive(Clone)]
pub struct Log {
    sink: Arc<dyn Sink>,
    /// The role that speaks.
    pub role: Role,
}

impl Log {
    /// A log for one role.
    pub fn new(sink: Arc<dyn Sink>, role: Role) -> Log {
        Log { sink, role }
    }
    /// The same sink for another role.
    pub fn with_role(&self, role: Role) -> Log {
        Log { sink: self.sink.clone(), role }
    }
    /// The role that speaks.
    pub fn role(&self) -> Role {
        self.role
    }
    /// The sink.
    pub fn sink(&self) -> &Arc<dyn Sink> {
        &self.sink
    }
    /// One line of the given class; the newline is added.
    pub fn line(&self, class: Class, text: impl AsRef<[u8]>) {
        let mut line = text.as_ref().to_vec();
        line.push(b'\n');
        self.sink.message(class, &line);
    }
    /// Information, one line.
    pub fn info(&self, text: impl AsRef<[u8]>) {
        self.line(Class::Info, text)
    }
    /// The rest of a line that was begun; to a log file it is a line of its own.
    pub fn rest_of_line(&self, text: impl AsRef<[u8]>) {
        self.line(Class::Client, &text);
        self.sink.log_only(text.as_ref());
    }
    /// Information that a word of `--debug` asks for, one line.
    pub fn debug<T: AsRef<[u8]>>(&self, wanted: bool, text: impl FnOnce() -> T) {
        if wanted {
            self.info(text());
        }
    }
    /// A warning, one line.
    pub fn warning(&self, text: impl AsRef<[u8]>) {
        self.line(Class::Warning, text)
    }
    /// An error, one line.
    pub fn error(&self, text: impl AsRef<[u8]>) {
        self.line(Class::Error, text)
    }
    /// An error that means exit code 23, one line.
    pub fn error_xfer(&self, text: impl AsRef<[u8]>) {
        self.line(Class::ErrorXfer, text)
    }
    /// `rsync: [ROLE] TEXT: STRERROR (ERRNO)` (man page, EXIT VALUES).
    pub fn sys_error(&self, class: Class, text: impl AsRef<[u8]>, err: &io::Error) {
        self.line(class, sys_error_line(self.role, text, err))
    }
}

/// A name within a line.
pub fn named(before: &str, name: &[u8], after: &str) -> Vec<u8> {
    [before.as_bytes(), name, after.as_bytes()].concat()
}

/// The text of a system error, without newline.
pub fn sys_error_line(role: Role, text: impl AsRef<[u8]>, err: &io::Error) -> Vec<u8> {
    let mut line = format!("rsync: [{}] ", role.name()).into_bytes();
    line.extend_from_slice(text.as_ref());
    line.extend_from_slice(format!(": {}", strerror(err)).as_bytes());
    line
}

/// `STRERROR`.
pub fn reason(err: &io::Error) -> String {
    platform::strerror(err).0
}

/// `STRERROR (ERRNO)`.
pub fn strerror(err: &io::Error) -> impl Display {
    let (reason, number) = platform::strerror(err);
    format!("{reason} ({number})")
}
