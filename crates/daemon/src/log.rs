//! The daemon's log: a file or syslog (rsyncd.conf man page, log file, syslog facility).

use crate::config::Section;
use crate::system;
use nix::syslog::{self, Facility, Severity};
use session::log::{Class, Sink};
use std::{
    ffi::CString,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock, PoisonError},
};

/// Longest line, in bytes.
const MAX_LINE: usize = 2047;

/// Where a daemon's process writes its log.
#[derive(Debug)]
pub struct DaemonLog {
    target: Mutex<Target>,
    pid: u32,
    /// The offset of local time, once it can no longer be looked up.
    offset: OnceLock<chrono::FixedOffset>,
}

#[derive(Debug)]
enum Target {
    File { file: File, path: PathBuf },
    Syslog,
}

impl DaemonLog {
    /// The log that the global section (or `--log-file`) asks for.
    pub fn open(section: &Section, log_file: Option<&Path>) -> DaemonLog {
        let log = DaemonLog {
            target: Mutex::new(Target::Syslog),
            pid: std::process::id(),
            offset: OnceLock::new(),
        };
        log.switch(section, log_file);
        log
    }

    /// Turns to the log of another section, as a module's once it is known.
    pub fn switch(&self, section: &Section, log_file: Option<&Path>) {
        let path = log_file.map(Path::to_path_buf).or_else(|| section.path("logfile"));
        let mut target = self.target.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Target::File { path: open, .. }, Some(path)) = (&*target, &path)
            && open == path
        {
            return;
        }
        *target = match path.map(|path| open_file(&path).map(|file| (file, path))) {
            Some(Ok((file, path))) => Target::File { file, path },
            Some(Err((e, path))) => {
                open_syslog(section);
                let text = format!("failed to open log-file {}: {e}", path.display());
                to_syslog(Severity::LOG_WARNING, text.as_bytes());
                to_syslog(Severity::LOG_WARNING, b"Ignoring \"log file\" setting.");
                Target::Syslog
            }
            None => {
                open_syslog(section);
                Target::Syslog
            }
        };
    }

    /// Keeps the offset of local time as it is: behind a chroot the time zone's file is out of reach.
    pub fn keep_time_zone(&self) {
        self.offset.get_or_init(|| *chrono::Local::now().offset());
    }

    /// Writes one line.
    pub fn line(&self, class: Class, text: &[u8]) {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = &text[..text.len().min(MAX_LINE)];
        let mut target = self.target.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *target {
            Target::Syslog => {
                let severity = match class {
                    Class::ErrorXfer | Class::Error | Class::Warning => Severity::LOG_WARNING,
                    Class::Info | Class::Client => Severity::LOG_INFO,
                };
                to_syslog(severity, text);
            }
            Target::File { file, .. } => {
                let now = match self.offset.get() {
                    Some(offset) => chrono::Utc::now().with_timezone(offset),
                    None => chrono::Local::now().fixed_offset(),
                };
                let now = now.format("%Y/%m/%d %H:%M:%S");
                let mut line = format!("{now} [{}] ", self.pid).into_bytes();
                escape(text, &mut line);
                line.push(b'\n');
                // A full disk must not end the transfers.
                let _unlogged = file.write_all(&line);
            }
        }
    }

    /// Information.
    pub fn info(&self, text: impl AsRef<[u8]>) {
        self.line(Class::Info, text.as_ref());
    }

    /// An error.
    pub fn error(&self, text: impl AsRef<[u8]>) {
        self.line(Class::Error, text.as_ref());
    }
}

impl Sink for DaemonLog {
    fn message(&self, class: Class, text: &[u8]) {
        self.line(class, text);
    }

    fn log_only(&self, text: &[u8]) {
        self.line(Class::Info, text);
    }
}

fn open_file(path: &Path) -> Result<File, (std::io::Error, PathBuf)> {
    let how = fsroot::OpenHow::Append { mode: 0o644 };
    fsroot::open_operator_file(path, how, fsroot::LinkTrust::OwnerChecked)
        .map_err(|e| (e, path.to_path_buf()))
}

/// Control bytes are written as `\#ooo`, so that nobody forges lines.
fn escape(text: &[u8], out: &mut Vec<u8>) {
    for (i, &b) in text.iter().enumerate() {
        let forged = b == b'\\'
            && text.get(i + 1) == Some(&b'#')
            && text.get(i + 2..i + 5).is_some_and(|d| d.iter().all(u8::is_ascii_digit));
        if (b < 0x20 && b != b'\t') || (0x80..=0x9f).contains(&b) || forged {
            out.extend_from_slice(format!("\\#{b:03o}").as_bytes());
        } else {
            out.push(b);
        }
    }
}

fn open_syslog(section: &Section) {
    let tag = section.string("syslogtag");
    let tag = if tag.is_empty() { "rsyncd".into() } else { tag };
    let facility = match section.string("syslogfacility").to_ascii_lowercase().as_str() {
        "auth" | "authpriv" | "security" => Facility::LOG_AUTH,
        "kern" => Facility::LOG_KERN,
        "lpr" => Facility::LOG_LPR,
        "mail" => Facility::LOG_MAIL,
        "news" => Facility::LOG_NEWS,
        "syslog" => Facility::LOG_SYSLOG,
        "user" => Facility::LOG_USER,
        "uucp" => Facility::LOG_UUCP,
        "local0" => Facility::LOG_LOCAL0,
        "local1" => Facility::LOG_LOCAL1,
        "local2" => Facility::LOG_LOCAL2,
        "local3" => Facility::LOG_LOCAL3,
        "local4" => Facility::LOG_LOCAL4,
        "local5" => Facility::LOG_LOCAL5,
        "local6" => Facility::LOG_LOCAL6,
        "local7" => Facility::LOG_LOCAL7,
        _ => Facility::LOG_DAEMON,
    };
    if let Ok(tag) = CString::new(tag) {
        system::open_log(tag, facility);
    }
}

fn to_syslog(severity: Severity, text: &[u8]) {
    let text = String::from_utf8_lossy(text).replace('\0', "");
    let _unlogged = syslog::syslog(severity, &text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_bytes_cannot_forge_lines() {
        let mut out = Vec::new();
        escape(b"a\nb\x1b\t\\#012 \\#x \xc3\xa9", &mut out);
        assert_eq!(out, b"a\\#012b\\#033\t\\#134#012 \\#x \xc3\xa9");
    }
}
