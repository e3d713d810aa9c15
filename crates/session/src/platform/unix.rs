//! Unix.

pub use fast_io::child::outlives_readers;
use fast_io::fd::{self, FdReader, FdWriter};
use signal_hook::consts::SIGVTALRM;
use std::{
    fs::{File, FileType, Metadata},
    io::{self, BufRead, Read, Stdout, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::{
        fd::OwnedFd,
        unix::{
            fs::{FileTypeExt, MetadataExt},
            process::{CommandExt, ExitStatusExt},
        },
    },
    process::{Command, ExitStatus},
    sync::{Arc, atomic::AtomicBool},
};

/// Whether an operand is a local path although it looks like `host:path`: never.
pub fn is_local(_operand: &[u8]) -> bool {
    false
}

/// A local operand with `/` between its parts, as it is.
pub fn local_path(operand: &[u8]) -> Vec<u8> {
    operand.to_vec()
}

/// Whether this process has the rights of whoever started it, and not somebody else's.
pub fn has_own_rights() -> bool {
    rustix::process::getuid() == rustix::process::geteuid()
}

/// Character or block device.
pub fn is_device(kind: FileType) -> bool {
    kind.is_block_device() || kind.is_char_device()
}

/// The error of a socket option that this system does not let be changed.
pub fn no_such_socket_option() -> io::Error {
    io::Error::from_raw_os_error(fsroot::Errno::NOPROTOOPT.raw_os_error())
}

/// Has a new connection to this same machine go without pacing. Some systems pace by default (BBR does), which programs a timer
/// for each segment, to no end where there is no network. Reno does not, and may be chosen by everybody.
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
pub fn do_not_pace(socket: &socket2::Socket) {
    let _slower_on_error = socket.set_tcp_congestion(b"reno");
}

/// Nothing can be chosen on other systems, nor need it be.
#[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
pub fn do_not_pace(_socket: &socket2::Socket) {}

/// Has a program find another name than its path in its arguments.
pub fn call_it(command: &mut Command, name: &str) {
    command.arg0(name);
}

/// Named pipe.
pub fn is_fifo(kind: FileType) -> bool {
    kind.is_fifo()
}

/// Starts a program with the other end of a TCP connection of this machine as its standard input and output: a daemon asks
/// for a socket there, and for its peer's address. Nobody waits for the program.
pub fn spawn_on_socket(mut command: Command) -> io::Result<(FdReader, FdWriter)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let ours = TcpStream::connect(listener.local_addr()?)?;
    let (theirs, peer) = listener.accept()?;
    if peer != ours.local_addr()? {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    ours.set_nodelay(true)?;
    command.stdin(OwnedFd::from(theirs.try_clone()?)).stdout(OwnedFd::from(theirs));
    outlives_readers(&mut command);
    command.spawn()?;
    fd::socket(ours)
}

/// Whether a process ended by a signal left a core dump.
pub fn crashed(status: ExitStatus) -> bool {
    status.core_dumped()
}

/// Why a password file must not be used.
pub fn distrust_password_file(meta: &Metadata) -> Option<&'static str> {
    if meta.mode() & 0o006 != 0 {
        return Some("ERROR: password file must not be other-accessible");
    }
    if fsroot::names::am_root() && meta.uid() != 0 {
        return Some("ERROR: password file must be owned by root when running as root");
    }
    None
}

/// Asks for a password on the terminal, without echo; where there is none, stdin answers. Reads a line of at most `max`
/// bytes.
pub fn ask_password(max: u64) -> io::Result<Vec<u8>> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let mut line = Vec::new();
    let Ok(mut tty) = File::options().read(true).write(true).open("/dev/tty") else {
        io::stderr().write_all(b"Password: ")?;
        io::stdin().lock().take(max).read_until(b'\n', &mut line)?;
        return Ok(line);
    };
    tty.write_all(b"Password: ")?;
    let before = tcgetattr(&tty)?;
    let mut silent = before.clone();
    silent.local_modes -= LocalModes::ECHO;
    tcsetattr(&tty, OptionalActions::Flush, &silent)?;
    let read = io::BufReader::new(&tty).take(max).read_until(b'\n', &mut line);
    tcsetattr(&tty, OptionalActions::Flush, &before)?;
    tty.write_all(b"\n")?;
    read?;
    Ok(line)
}

/// Whether the terminal behind `out` belongs to us now.
pub fn in_foreground(out: &Stdout) -> bool {
    rustix::termios::tcgetpgrp(out).is_ok_and(|group| group == rustix::process::getpgrp())
}

/// Has SIGVTALRM set the flag, whether that worked. The signal ends a process that does not handle it; without the handler
/// it still does.
pub fn show_progress_when_asked(asked: &Arc<AtomicBool>) -> bool {
    signal_hook::flag::register(SIGVTALRM, asked.clone()).is_ok()
}

/// The text of a system error and its number.
pub fn strerror(err: &io::Error) -> (String, i32) {
    let text = err.to_string();
    // std appends ` (os error N)` to the system's text.
    let reason = text.split(" (os error").next().unwrap_or_default().to_string();
    (reason, err.raw_os_error().unwrap_or(0))
}
