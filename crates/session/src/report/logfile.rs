//! The log file of a client, or of a server that is asked for one (man page, --log-file).

use super::{
    escape::{HighBytes, escape, to_own_stderr},
    time,
};
use crate::{
    Settings,
    log::{Class, Role, Sink, sys_error_line},
    operator::Trust,
};
use fsroot::{OpenHow, open_operator_file, text};
use std::{
    fs::File,
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

/// Format of the lines about items, if none was given.
pub const DEFAULT_FORMAT: &[u8] = b"%i %n%L";

/// An open log file.
#[derive(Debug)]
pub struct LogFile {
    file: Mutex<File>,
    pid: u32,
}

impl LogFile {
    /// Opens the log file of the options for appending. `None`: there is none.
    ///
    /// # Errors
    /// The system's.
    pub fn open(settings: &Settings) -> Option<io::Result<LogFile>> {
        let path = &text::path(settings.log_file.as_deref()?);
        let trust = Trust::of(settings).links();
        let file = open_operator_file(path, OpenHow::Append { mode: 0o644 }, trust);
        Some(file.map(|file| LogFile { file: Mutex::new(file), pid: std::process::id() }))
    }

    /// Appends one line; a newline at its end is no part of it.
    pub fn line(&self, text: &[u8]) {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let mut line = format!("{} [{}] ", time::now(), self.pid).into_bytes();
        // In the middle of a line no CR is harmless.
        line.extend_from_slice(&escape(text, HighBytes::Log));
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk does not end the run, and there is no other log to tell.
        let _unlogged = file.write_all(&line);
    }
}

impl Sink for LogFile {
    fn message(&self, _class: Class, text: &[u8]) {
        self.line(text);
    }

    fn log_only(&self, text: &[u8]) {
        self.line(text);
    }
}

/// The log file of a server's options. If it cannot be opened, `role` says so on the server's own stderr.
pub fn server_log(settings: &Settings, role: Role) -> Option<Arc<dyn Sink>> {
    match LogFile::open(settings)? {
        Ok(log) => Some(Arc::new(log)),
        Err(e) => {
            say_unopened(settings, role, &e, |_, line| to_own_stderr(line, settings.eight_bit));
            None
        }
    }
}

/// Says, a line at a time, that a log file cannot be opened.
pub(super) fn say_unopened(
    settings: &Settings,
    role: Role,
    e: &io::Error,
    say: impl Fn(Class, &[u8]),
) {
    if let Some(notice) = fsroot::take_notice() {
        say(Class::Error, format!("{notice}\n").as_bytes());
    }
    let path = settings.log_file.as_deref().unwrap_or_default();
    let mut line = sys_error_line(role, [b"failed to open log-file ", path].concat(), e);
    line.push(b'\n');
    say(Class::Error, &line);
    say(Class::Info, b"Ignoring \"log file\" setting.\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_appended() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::fs::write(&path, "before\n").unwrap();
        let log_file = Some(text::bytes(&path));
        let settings = Settings { log_file, ..Settings::default() };
        let log = LogFile::open(&settings).unwrap().unwrap();
        log.line(b"building file list\n");
        log.line(b"\rlead\x1b\x80\xa0");
        let text = std::fs::read(&path).unwrap();
        let mut lines = text.split(|&b| b == b'\n');
        assert_eq!(lines.next(), Some(&b"before"[..]));
        let pid = std::process::id();
        let line = lines.next().unwrap();
        assert_eq!(line[19..], *format!(" [{pid}] building file list").as_bytes());
        let line = lines.next().unwrap();
        assert_eq!(
            line[19..],
            *[format!(" [{pid}] \\#015lead\\#033\\#200").as_bytes(), b"\xa0"].concat()
        );
        assert_eq!(lines.next(), Some(&b""[..]));
    }

    #[test]
    fn no_file() {
        assert!(LogFile::open(&Settings::default()).is_none());
        let dir = tempfile::tempdir().unwrap();
        let log_file = Some(dir.path().join("none/log").into_os_string().into_encoded_bytes());
        assert!(LogFile::open(&Settings { log_file, ..Settings::default() }).unwrap().is_err());
    }
}
