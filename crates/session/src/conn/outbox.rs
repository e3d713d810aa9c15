//! Messages of a server on their way to the client.

use crate::{
    Settings,
    charset::Charset,
    log::{Class, Sink},
    report::to_own_stderr,
    session::Status,
};
use std::sync::{Arc, Mutex};
use wire::mux::{Message, Tag};

/// So many messages are not left to wait for others.
const MANY: usize = 64;
/// So many messages are sent at once.
const FULL: usize = 4096;

/// A server's sink: messages wait here until the owner of the [`super::Writer`] sends them, so that any thread may
/// speak without ever waiting for the link.
pub struct Outbox {
    queue: Mutex<Vec<Message>>,
    status: Arc<Status>,
    route: Route,
    /// The peer knows the tags ERROR and WARNING (protocol 30 and later).
    modern_tags: bool,
    /// What text is converted from on its way to the client.
    charset: Option<Arc<Charset>>,
    /// Information is dropped (`-q`).
    quiet: bool,
    /// `-8` of our own stderr.
    eight_bit: bool,
}

/// Where a server's messages go (man page, --stderr).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Everything to the client through the protocol: daemons, `--stderr=client`.
    Protocol,
    /// Errors and warnings to our own stderr, which the remote shell carries; the rest through the protocol.
    ErrorsToStderr,
    /// Everything to our own stderr.
    AllToStderr,
}

impl Outbox {
    /// An empty outbox.
    pub fn new(status: Arc<Status>, route: Route, modern_tags: bool) -> Outbox {
        Outbox {
            queue: Mutex::default(),
            status,
            route,
            modern_tags,
            charset: None,
            quiet: false,
            eight_bit: false,
        }
    }

    /// For a server whose texts are in another charset than the protocol's.
    pub fn with_charset(self, charset: Option<Arc<Charset>>) -> Outbox {
        Outbox { charset, ..self }
    }

    /// For a server with these options. The client of one that knows of `-q` does not even log what it does not show.
    pub fn with_settings(self, settings: &Settings) -> Outbox {
        Outbox { quiet: settings.quiet, eight_bit: settings.eight_bit, ..self }
    }

    /// Whether so much waits that it should be sent.
    pub(super) fn is_full(&self) -> bool {
        lock(&self.queue).len() >= FULL
    }

    /// Whether what waits is worth sending with what else there is.
    pub(super) fn has_many(&self) -> bool {
        lock(&self.queue).len() >= MANY
    }

    /// Takes what waits.
    pub(super) fn take(&self) -> Vec<Message> {
        std::mem::take(&mut *lock(&self.queue))
    }

    fn queue(&self, tag: Tag, text: &[u8]) {
        let limit = wire::limits::MAX_TEXT - 1;
        let messages = text.chunks(limit).map(|part| Message::Text { tag, text: part.to_vec() });
        lock(&self.queue).extend(messages);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Sink for Outbox {
    fn message(&self, class: Class, text: &[u8]) {
        self.say(class, text, self.charset.as_deref());
    }

    fn message_in_utf8(&self, class: Class, text: &[u8]) {
        self.say(class, text, None);
    }
}

impl Outbox {
    /// Sends a message where it belongs; to the client converted from `charset`.
    fn say(&self, class: Class, text: &[u8], charset: Option<&Charset>) {
        if class == Class::ErrorXfer {
            self.status.set_xfer_error();
        }
        let is_error = matches!(class, Class::ErrorXfer | Class::Error | Class::Warning);
        if self.quiet && !is_error {
            return;
        }
        if self.route == Route::AllToStderr || (self.route == Route::ErrorsToStderr && is_error) {
            to_own_stderr(text, self.eight_bit);
            return;
        }
        let tag = match class {
            Class::ErrorXfer => Tag::ErrorXfer,
            Class::Error if self.modern_tags => Tag::Error,
            Class::Error => Tag::ErrorXfer,
            Class::Warning if self.modern_tags => Tag::Warning,
            Class::Warning | Class::Info | Class::Client => Tag::Info,
        };
        match charset {
            Some(charset) => self.queue(tag, &charset.text_to_wire(text)),
            None => self.queue(tag, text),
        }
    }
}
