//! What every role does with control messages (WIRE.md, Control messages).

use crate::{
    Error, ExitCode, Session,
    log::{Class, Role},
    report::Reporter,
};
use std::sync::{Arc, Mutex};
use wire::{
    Fault, WireError, limits,
    mux::{Message, Tag},
};

/// Handles the messages that mean the same to every role, and hands back the others.
pub struct Common {
    session: Arc<Session>,
    reporter: Option<Arc<Mutex<Reporter>>>,
    role: Role,
}

impl Common {
    /// For one role of a session; `reporter` prints deletions on a client.
    pub fn new(
        session: Arc<Session>,
        reporter: Option<Arc<Mutex<Reporter>>>,
        role: Role,
    ) -> Common {
        Common { session, reporter, role }
    }

    /// Handles a message, or returns it if only the role knows what to do: NO_SEND and SUCCESS.
    ///
    /// # Errors
    /// ERROR_EXIT ends the session; so does a message that this side must not get.
    pub fn handle(&mut self, message: Message) -> Result<Option<Message>, Error> {
        let settings = &self.session.settings;
        match message {
            Message::Text { tag, text } => {
                let class = match tag {
                    Tag::ErrorXfer => Class::ErrorXfer,
                    Tag::Info => Class::Info,
                    Tag::Error => Class::Error,
                    Tag::Warning => Class::Warning,
                    other => return Err(unexpected(other, text.len())),
                };
                let sink = self.session.log.sink();
                match &self.session.charset {
                    Some(charset) => sink.message_from_peer(class, &text, charset),
                    None => sink.message(class, &text),
                }
            }
            Message::IoError(bits) => {
                if !settings.ignore_errors {
                    self.session.status.add_io_error(bits);
                }
            }
            Message::IoTimeout(seconds) => {
                if settings.am_server {
                    return Err(unexpected(Tag::IoTimeout, 4));
                }
                let own = self.session.activity.timeout();
                if limits::IO_TIMEOUT.contains(&seconds) && (own == 0 || (seconds as u32) < own) {
                    self.session.activity.set_timeout(seconds as u32);
                    if settings.info.misc > 1 {
                        let text = format!("Setting --timeout={seconds} to match server");
                        self.session.log.with_role(self.role).info(text);
                    }
                }
            }
            // A peer that is still there. Only from a sender it wants an answer.
            Message::Noop if self.role == Role::Sender => self.session.activity.ask(),
            Message::Noop => {}
            Message::ErrorExit(Some(code)) => {
                return Err(Error::PeerExit(match code & 0xff {
                    0 => ExitCode::STREAM_IO,
                    code => ExitCode(code),
                }));
            }
            // Nobody told the peer to stop, so its transfer is incomplete.
            Message::ErrorExit(None) => return Err(Error::PeerExit(ExitCode::STREAM_IO)),
            Message::Deleted { name, is_dir } => {
                if let Some(reporter) = &self.reporter {
                    let name = match &self.session.charset {
                        Some(charset) => charset.text_from_wire(&name),
                        None => name,
                    };
                    let mut reporter = reporter.lock().unwrap_or_else(|e| e.into_inner());
                    reporter.deleted(&name, is_dir);
                }
            }
            other @ (Message::Success(_) | Message::NoSend(_)) => return Ok(Some(other)),
        }
        Ok(None)
    }
}

/// A message that the reading side must not get.
pub fn unexpected(tag: Tag, len: usize) -> Error {
    let text = format!("invalid multi-message {}:{len}", tag as u8);
    WireError::new(Fault::Stream, text).with_role().into()
}
