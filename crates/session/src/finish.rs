//! How a run ends: the closing lines, ERROR_EXIT, and the exit code (wire: ERROR_EXIT; spec chapter 01, Codes).

use crate::{
    Error, ExitCode, Session,
    conn::{Reader, Writer},
    log::{Class, Log, Role, strerror},
};
use fast_io::{RecvHalf, SendHalf};
use std::time::Duration;
use wire::mux::Message;

/// The version that closing lines and `--version` show, which wrappers compare with rsync's.
pub const RSYNC_VERSION: &str = "3.5.0";
/// How long a server that failed waits for its client to hang up.
const LINGER: Duration = Duration::from_secs(60);

/// The lines of an error, without the closing one.
pub fn text(e: &Error, role: Role) -> Vec<u8> {
    let role = role.name();
    match e {
        Error::Wire(e) => e.message(role).into_bytes(),
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
        Error::PeerExit(_) => Vec::new(),
        Error::Fatal { text, .. } => text.clone(),
    }
}

/// The closing line of a run that ends with `code`.
pub fn closing_line(code: ExitCode, role: Role) -> String {
    let kind = if code == ExitCode::VANISHED { "warning" } else { "error" };
    let (role, text) = (role.name(), code.text());
    format!("rsync {kind}: {text} (code {}) at main.rs(1) [{role}={RSYNC_VERSION}]", code.0)
}

/// Prints an error and its closing line; returns the exit code.
pub fn report(log: &Log, e: &Error) -> ExitCode {
    let text = text(e, log.role);
    if !text.is_empty() {
        log.error(text);
    }
    let code = e.code();
    if !matches!(e, Error::PeerExit(_)) {
        log.error(closing_line(code, log.role));
    }
    code
}

/// Whether the peer is told of this failure by ERROR_EXIT.
fn told(session: &Session, code: ExitCode) -> bool {
    let silent = [ExitCode::SOCKET_IO, ExitCode::STREAM_IO, ExitCode::SIGNAL1, ExitCode::TIMEOUT];
    session.protocol.has_error_exit() && !silent.contains(&code)
}

/// Ends a failed session towards the peer: its error, for a server also the texts, and ERROR_EXIT.
pub fn tell<R: RecvHalf, W: SendHalf>(
    session: &Session,
    e: &Error,
    reader: Option<&mut Reader<R>>,
    writer: &mut Writer<W>,
) {
    let code = e.code();
    let message = match e {
        Error::PeerExit(_) => Message::ErrorExit(None),
        _ => Message::ErrorExit(Some(code.0)),
    };
    if writer.framed() && told(session, code) {
        // The link may be what failed; the exit code says so either way.
        let _undeliverable = writer.message(&message);
    }
    let _undeliverable = writer.flush();
    let _closed = writer.shutdown();
    if let Some(reader) = reader
        && session.settings.am_daemon
        && !matches!(e, Error::Closed { .. } | Error::Link { .. })
    {
        reader.drain(LINGER);
    }
}

/// Ends a server's session and returns its exit code.
pub fn server<R: RecvHalf, W: SendHalf>(
    session: &Session,
    ended: Result<(), Error>,
    reader: Option<&mut Reader<R>>,
    writer: Option<&mut Writer<W>>,
) -> ExitCode {
    match ended {
        Ok(()) => {
            if let Some(writer) = writer {
                // The peer has what it needs; it may be gone already.
                let _gone = writer.flush();
                let _gone = writer.shutdown();
            }
            session.status.exit_code()
        }
        Err(e) => {
            let code = report(&session.log, &e);
            if let Some(writer) = writer {
                tell(session, &e, reader, writer);
            }
            code
        }
    }
}

/// Says how a client's run ended, if not well, and returns the exit code. `child` is what the remote shell returned.
pub fn client(log: &Log, code: ExitCode) -> ExitCode {
    if code != ExitCode::OK {
        let class = if code == ExitCode::VANISHED { Class::Warning } else { Class::Error };
        log.line(class, closing_line(code, log.role));
    }
    code
}
