//! Errors that end a session, and the exit codes that they map to: the only place where exit codes are decided.
use crate::log::{Role, sys_error_line};
use std::io;
use wire::{Fault, WireError};

/// rsync's exit codes (man page, EXIT VALUES).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExitCode(pub i32);

#[allow(missing_docs)]
impl ExitCode {
    /// Whether an end with this code is told to the peer: not if it is the link that failed, or if somebody stopped us.
    pub(crate) fn is_told(self) -> bool {
        ![Self::SOCKET_IO, Self::STREAM_IO, Self::SIGNAL1, Self::TIMEOUT].contains(&self)
    }
    pub const OK: ExitCode = ExitCode(0);
    pub const SYNTAX: ExitCode = ExitCode(1);
    pub const PROTOCOL: ExitCode = ExitCode(2);
    pub const FILE_SELECT: ExitCode = ExitCode(3);
    pub const UNSUPPORTED: ExitCode = ExitCode(4);
    pub const START_CLIENT: ExitCode = ExitCode(5);
    pub const SOCKET_IO: ExitCode = ExitCode(10);
    pub const FILE_IO: ExitCode = ExitCode(11);
    pub const STREAM_IO: ExitCode = ExitCode(12);
    pub const MESSAGE_IO: ExitCode = ExitCode(13);
    pub const IPC: ExitCode = ExitCode(14);
    pub const CRASHED: ExitCode = ExitCode(15);
    pub const TERMINATED: ExitCode = ExitCode(16);
    pub const SIGNAL1: ExitCode = ExitCode(19);
    pub const SIGNAL: ExitCode = ExitCode(20);
    pub const WAIT_CHILD: ExitCode = ExitCode(21);
    pub const MALLOC: ExitCode = ExitCode(22);
    pub const PARTIAL: ExitCode = ExitCode(23);
    pub const VANISHED: ExitCode = ExitCode(24);
    pub const DEL_LIMIT: ExitCode = ExitCode(25);
    pub const TIMEOUT: ExitCode = ExitCode(30);
    pub const CON_TIMEOUT: ExitCode = ExitCode(35);

    /// The text of the closing line.
    pub fn text(self) -> &'static str {
        match self.0 {
            1 => "syntax or usage error",
            2 => "protocol incompatibility",
            3 => "errors selecting input/output files, dirs",
            4 => "requested action not supported",
            5 => "error starting client-server protocol",
            10 => "error in socket IO",
            11 => "error in file IO",
            12 => "error in rsync protocol data stream",
            13 => "errors with program diagnostics",
            14 => "error in IPC code",
            15 => "sibling process crashed",
            16 => "sibling process terminated abnormally",
            19 => "received SIGUSR1",
            20 => "received SIGINT, SIGTERM, or SIGHUP",
            21 => "waitpid() failed",
            22 => "error allocating core memory buffers",
            23 => "some files/attrs were not transferred (see previous errors)",
            24 => "some files vanished before they could be transferred",
            25 => "the --max-delete limit stopped deletions",
            30 => "timeout in data send/receive",
            35 => "timeout waiting for daemon connection",
            124 => "remote shell failed",
            125 => "remote shell killed",
            126 => "remote command could not be run",
            127 => "remote command not found",
            _ => "unexplained error",
        }
    }
}

/// What ended a session early.
#[derive(Debug)]
pub enum Error {
    /// The peer broke the protocol.
    Wire(WireError),
    /// The peer closed the connection; bytes received since the framing switch.
    Closed {
        /// Bytes received so far.
        received: u64,
    },
    /// No progress for this many seconds.
    Timeout {
        /// Seconds without progress.
        secs: u64,
    },
    /// A handshake took longer than its absolute deadline.
    Deadline,
    /// Reading from or writing to the peer failed. `op` is `read error` or `write error`.
    Link {
        /// rsync's name of the operation.
        op: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// The peer ended the session with ERROR_EXIT; no trailer line is printed.
    PeerExit(ExitCode),
    /// A local failure with rsync's text (without `rsync: ` prefix rules: the complete line, no newline).
    Fatal {
        /// The exit code.
        code: ExitCode,
        /// The complete line; empty if it was printed already.
        text: Vec<u8>,
    },
}

impl Error {
    /// A local failure.
    pub fn fatal(code: ExitCode, text: impl Into<Vec<u8>>) -> Error {
        Error::Fatal { code, text: text.into() }
    }

    /// A thread could not be started.
    pub(crate) fn no_thread(role: Role, e: &io::Error) -> Error {
        Error::fatal(ExitCode::IPC, sys_error_line(role, "failed to start a thread", e))
    }

    /// The exit code.
    pub fn code(&self) -> ExitCode {
        match self {
            Error::Wire(e) => match e.fault {
                Fault::Syntax => ExitCode::SYNTAX,
                Fault::Protocol => ExitCode::PROTOCOL,
                Fault::Refused => ExitCode::UNSUPPORTED,
                Fault::FileIo => ExitCode::FILE_IO,
                Fault::Stream => ExitCode::STREAM_IO,
                Fault::Memory => ExitCode::MALLOC,
            },
            Error::Closed { .. } => ExitCode::STREAM_IO,
            Error::Timeout { .. } | Error::Deadline => ExitCode::TIMEOUT,
            Error::Link { .. } => ExitCode::SOCKET_IO,
            Error::PeerExit(code) => *code,
            Error::Fatal { code, .. } => *code,
        }
    }
}

impl From<WireError> for Error {
    fn from(e: WireError) -> Self {
        Error::Wire(e)
    }
}
