//! How a run ends: the closing lines, ERROR_EXIT, and the exit code (WIRE.md, ERROR_EXIT; man page, EXIT VALUES).

use crate::{
    Error, ExitCode, Session,
    conn::{Reader, Writer},
    log::{Class, Log, Role, strerror},
    operator::say_foreign_link,
    session::Stats,
    settings::StderrMode,
};
use fast_io::{RecvHalf, SendHalf};
use std::{thread, time::Duration};
use wire::mux::Message;

/// The version that closing lines and `--version` show, which wrappers compare with rsync's.
pub const RSYNC_VERSION: &str = "3.5.0";
/// How long a side that failed waits for its peer to hang up.
pub(crate) const LINGER: Duration = Duration::from_secs(60);
/// The same for a client that was not told. Over a pipe it sees the end only when the server has gone.
const SHORT_LINGER: Duration = Duration::from_secs(1);

/// How long a server that failed, and cannot read any more, waits for its client to read why.
const FAREWELL: Duration = Duration::from_millis(400);
/// How the receiver signs its messages.
const RECEIVER: &[u8] = b"[receiver]";

/// The lines of an error, without the closing one. A newline in one of them is part of a name.
pub(crate) fn lines(e: &Error, role: Role) -> Vec<Vec<u8>> {
    let role = role.name();
    let line = match e {
        Error::Wire(e) => return e.lines(role),
        Error::Closed { received } => format!(
            "rsync: connection unexpectedly closed ({received} bytes received so far) [{role}]"
        )
        .into_bytes(),
        Error::Timeout { secs } => {
            format!("[{role}] io timeout after {secs} seconds -- exiting").into_bytes()
        }
        Error::Deadline => format!("[{role}] daemon handshake timeout -- exiting").into_bytes(),
        Error::Link { op, source } => {
            format!("rsync: [{role}] {op}: {}", strerror(source)).into_bytes()
        }
        Error::PeerExit(_) => return Vec::new(),
        Error::Fatal { text, .. } if text.is_empty() => return Vec::new(),
        Error::Fatal { text, .. } => text.clone(),
    };
    vec![line]
}

/// The closing line of a run that ends with `code`.
pub fn closing_line(code: ExitCode, role: Role) -> String {
    let kind = if code == ExitCode::VANISHED { "warning" } else { "error" };
    let (role, text) = (role.name(), code.text());
    format!("rsync {kind}: {text} (code {}) at main.rs(1) [{role}={RSYNC_VERSION}]", code.0)
}

/// Prints the lines of an error, without the closing one.
pub fn explain(log: &Log, e: &Error) {
    // Somebody else's link in a path that the operator named may be the reason.
    say_foreign_link(log);
    lines(e, log.role).iter().for_each(|line| log.error(line));
}

/// Prints an error that came before anything moved, and its closing line; returns the exit code.
pub fn report(log: &Log, e: &Error) -> ExitCode {
    Ending { log, stats: &Stats::default(), unsummarised: false }.report(e)
}

/// Prints the closing line of a run that ends with `code`, which it returns.
pub fn close(log: &Log, stats: &Stats, code: ExitCode) -> ExitCode {
    Ending { log, stats, unsummarised: false }.close(code)
}

/// How a run ends on a client's terminal and in its log file.
pub struct Ending<'a> {
    /// Who ends.
    pub log: &'a Log,
    /// What moved.
    pub stats: &'a Stats,
    /// There is a log file, and no summary in it.
    pub unsummarised: bool,
}

impl<'a> Ending<'a> {
    /// The end of a session.
    pub fn new(session: &'a Session, log: &'a Log) -> Self {
        let settings = &session.settings;
        let unsummarised = settings.log_file.is_some() && settings.info.stats == 0;
        Ending { log, stats: &session.stats, unsummarised }
    }

    /// Prints an error and its closing line; returns the exit code.
    pub fn report(&self, e: &Error) -> ExitCode {
        explain(self.log, e);
        match e {
            // The peer has printed the line, but not into this end's log.
            Error::PeerExit(code) if !self.unsummarised => *code,
            e => self.close(e.code()),
        }
    }

    /// Says how the run ended, if not well, and how much moved where the log file is not told otherwise; returns the exit
    /// code.
    pub fn close(&self, code: ExitCode) -> ExitCode {
        let Ending { log, stats, unsummarised } = *self;
        // A sender that fails logs that in any case.
        if (code != ExitCode::OK && log.role == Role::Sender)
            || (code == ExitCode::OK && unsummarised)
        {
            log.sink().log_only(logged_totals(stats).as_bytes());
        }
        if code != ExitCode::OK {
            let class = if code == ExitCode::VANISHED { Class::Warning } else { Class::Error };
            log.line(class, closing_line(code, log.role));
        }
        code
    }
}

/// How much moved, as log files are told.
fn logged_totals(stats: &Stats) -> String {
    format!(
        "sent {} bytes  received {} bytes  total size {}",
        stats.bytes_written.value(),
        stats.bytes_read.value(),
        stats.total_size.value()
    )
}

/// Whether the peer is told of this failure by ERROR_EXIT. In a local copy the link is never what failed. A sender that cannot
/// build its list tells nobody but its user, unless it is a daemon.
fn told(session: &Session, code: ExitCode) -> bool {
    let tells = code.is_told() && !breaks_off(session, code);
    session.protocol.has_error_exit() && (session.settings.local || tells)
}

/// Whether a sender gives up its list.
fn breaks_off(session: &Session, code: ExitCode) -> bool {
    let settings = &session.settings;
    let of_list = [ExitCode::SYNTAX, ExitCode::FILE_SELECT].contains(&code);
    // What a client is to be told in the stream is on its way, and so is this.
    let streams =
        settings.am_daemon || (settings.am_server && settings.stderr_mode == StderrMode::Client);
    of_list && settings.am_sender && !streams
}

/// Ends a failed session towards the peer: its error, for a server also the texts, and ERROR_EXIT. Whether the peer was told.
pub fn tell<R: RecvHalf, W: SendHalf>(
    session: &Session,
    e: &Error,
    reader: Option<&mut Reader<R>>,
    writer: &mut Writer<W>,
) -> bool {
    let code = e.code();
    let message = match e {
        Error::PeerExit(_) => Message::ErrorExit(None),
        _ => Message::ErrorExit(Some(code.0)),
    };
    let told = writer.framed() && told(session, code);
    if told {
        // The link may be what failed; the exit code says so either way.
        let _undeliverable = writer.message(&message);
    }
    // A server keeps what it had not sent of its list.
    if told || !session.settings.am_server || !breaks_off(session, code) {
        let _undeliverable = writer.flush();
    }
    // Who still reads in a thread leaves the end to the peer: rsync takes ours for a failure of its own.
    if !(told && reader.is_none()) {
        let _closed = writer.shutdown();
    }
    // A peer that was told ends by itself; what it still sends until then must not meet a closed
    // pipe, or it would report that instead. One that has told us waits for our end.
    let settings = &session.settings;
    if settings.local || matches!(e, Error::Closed { .. } | Error::Link { .. } | Error::PeerExit(_))
    {
        return false;
    }
    match reader {
        Some(reader) if told => reader.drain(LINGER),
        Some(reader) if settings.am_daemon => reader.drain(SHORT_LINGER),
        Some(reader) if settings.am_server => reader.drain(FAREWELL),
        // Closing at once, with something unread, would take the message back.
        None if settings.am_daemon || (settings.am_server && told) => thread::sleep(FAREWELL),
        _ => {}
    }
    told
}

/// Ends a server that fails before it has a session. What its client has sent by then must not be lost unread: the client
/// would report that, and not that the server has gone.
pub fn unstarted<R: RecvHalf, W: SendHalf>(
    log: &Log,
    e: &Error,
    reader: &mut Reader<R>,
    writer: &mut Writer<W>,
) -> ExitCode {
    let code = report(log, e);
    let _closed = writer.shutdown();
    if !matches!(e, Error::Closed { .. } | Error::Link { .. }) {
        reader.drain(FAREWELL);
    }
    code
}

/// Ends a server's session and returns its exit code. Its own log gets the last lines, too.
pub fn server<R: RecvHalf, W: SendHalf>(
    session: &Session,
    own_log: Option<&Log>,
    ended: Result<(), Error>,
    reader: Option<&mut Reader<R>>,
    writer: Option<&mut Writer<W>>,
) -> ExitCode {
    let sender = session.settings.am_sender;
    match ended {
        Ok(()) => {
            let code = session.status.exit_code();
            if code == ExitCode::OK || sender {
                log_traffic(session, own_log);
            }
            receiver_code(session, code);
            if let Some(writer) = writer {
                // The peer has what it needs; it may be gone already.
                let _gone = writer.flush();
                let _gone = writer.shutdown();
            }
            code
        }
        Err(e) => {
            let log = session.log.with_role(ended_role(session, &e));
            explain(&log, &e);
            if sender {
                log_traffic(session, own_log);
            }
            let code = e.code();
            let line = closing_line(code, log.role);
            match (&e, own_log) {
                // The client said why; the log has not heard it.
                (Error::PeerExit(_), Some(own_log)) => own_log.error(line),
                (Error::PeerExit(_), None) => {}
                _ => log.error(line),
            }
            if let Some(writer) = writer {
                tell(session, &e, reader, writer);
            }
            code
        }
    }
}

/// A server that receives says itself with which code it ends if it knew that early: nobody has passed it on.
fn receiver_code(session: &Session, code: ExitCode) {
    let settings = &session.settings;
    let modern = session.protocol.has_varints();
    if modern && !settings.am_sender && !settings.am_daemon && session.status.failed_early() {
        let log = session.log.with_role(Role::Generator);
        log.error(closing_line(code, Role::Generator));
    }
}

/// The role that met the end of a server's session: of a receiving side whose threads work it is the generator, unless the text
/// names the receiver, or it has no directory for backups, of which nothing is said.
pub(crate) fn ended_role(session: &Session, e: &Error) -> Role {
    if session.settings.am_sender || !session.status.is_split() {
        return session.log.role;
    }
    let told = lines(e, Role::Generator);
    let unsaid = told.is_empty() && e.code() == ExitCode::FILE_IO;
    let names_receiver = |line: &Vec<u8>| line.windows(RECEIVER.len()).any(|part| part == RECEIVER);
    if unsaid || told.iter().any(names_receiver) { Role::Receiver } else { Role::Generator }
}

/// The line of a server's own log about what went over the link.
fn log_traffic(session: &Session, own_log: Option<&Log>) {
    if let Some(log) = own_log {
        log.info(logged_totals(&session.stats));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;
    use wire::Protocol;

    #[test]
    fn lines_of_errors() {
        let (session, page) = testing::session(32, Default::default());
        let e = Protocol::agree(1, 1, "Client").unwrap_err();
        assert_eq!(report(&session.log, &e.into()), ExitCode::PROTOCOL);
        let text = page.text();
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0].ends_with("is your shell clean?") && lines[1].starts_with("(see the rsync")
        );
        // The third is what a sender's log file gets.
        assert_eq!(lines.len(), 4);
        let before = page.messages();
        explain(&session.log, &Error::fatal(ExitCode::FILE_IO, "open \"a\nb\" failed"));
        explain(&session.log, &Error::PeerExit(ExitCode::PARTIAL));
        assert_eq!(page.messages() - before, 1);
    }
}
