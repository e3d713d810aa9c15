//! Going to the background without fork: the program starts itself again, in a session of its own.
//!
//! The child is told by a variable of its environment that it is one. It keeps its standard error, a pipe to the
//! parent, until it listens; then it writes [`READY`] and lets go of the pipe. So whatever keeps it from listening
//! reaches the terminal and the exit code of the process that was started.

use rustix::fs::{Mode, OFlags};
use std::{
    io::{self, Read, Write},
    os::unix::process::CommandExt,
    process::{Command, Stdio},
};

/// Tells the child that it is one.
pub const MARK: &str = "OXRSYNC_DETACHED";
/// The last byte that the child writes.
const READY: u8 = 0;

/// This program, to be started again with these arguments. The name in `/proc` stays right when the file is replaced.
pub fn own_command(args: &[std::ffi::OsString]) -> io::Result<Command> {
    let link = std::path::Path::new("/proc/self/exe");
    let program = if link.exists() { link.to_path_buf() } else { std::env::current_exe()? };
    let mut command = Command::new(program);
    if let Some(name) = std::env::args_os().next() {
        command.arg0(name);
    }
    command.args(args).env_remove(MARK);
    Ok(command)
}

/// Starts the child and waits until it listens; returns the exit code.
pub fn start(args: &[std::ffi::OsString]) -> io::Result<i32> {
    let mut child = own_command(args)?
        .env(MARK, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut said = Vec::new();
    if let Some(stderr) = &mut child.stderr {
        stderr.read_to_end(&mut said)?;
    }
    let ready = said.last() == Some(&READY);
    if ready {
        said.pop();
    }
    // Nobody is left to tell if stderr is gone.
    let _gone = io::stderr().write_all(&said);
    if ready { Ok(0) } else { Ok(child.wait()?.code().unwrap_or(1)) }
}

/// Whether this process is the child.
pub fn is_child() -> bool {
    std::env::var_os(MARK).is_some()
}

/// In the child, at its start.
pub fn lead_session() {
    // It is no group leader, so this cannot fail.
    let _already_leading = rustix::process::setsid();
}

/// In the child, once it listens.
pub fn ready() {
    let _parent_gone = io::stderr().write_all(&[READY]);
    close_output();
}

/// Turns standard output and standard error to `/dev/null`.
pub fn close_output() {
    if let Ok(null) = rustix::fs::open("/dev/null", OFlags::RDWR, Mode::empty()) {
        let _kept = rustix::stdio::dup2_stdout(&null);
        let _kept = rustix::stdio::dup2_stderr(&null);
    }
}
