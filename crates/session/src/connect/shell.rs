//! Starting the remote shell (man page, --rsh).

use crate::{
    Error, ExitCode,
    log::{self, Role},
    platform,
};
use fast_io::fd::{FdReader, FdWriter};
use fsroot::text;
use std::process::{Child, Command, ExitStatus, Stdio};

/// A running child that speaks the protocol on its standard streams.
pub struct Shell {
    child: Child,
}

impl Shell {
    /// Starts `argv`, for a client in this role.
    ///
    /// # Errors
    /// Code 14 if it cannot be started.
    pub fn spawn(
        argv: &[Vec<u8>],
        env: &[(&str, String)],
        role: Role,
    ) -> Result<(Shell, FdReader, FdWriter), Error> {
        let Some((program, args)) = argv.split_first() else {
            return Err(Error::fatal(ExitCode::SYNTAX, "rsync: empty remote-shell command"));
        };
        let mut command = Command::new(text::os(program));
        command
            .args(args.iter().map(|arg| text::os(arg)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        platform::outlives_readers(&mut command);
        for (name, value) in env {
            command.env(name, value);
        }
        let failed = |e: std::io::Error| {
            let text = [b"Failed to exec ", &program[..]].concat();
            Error::fatal(ExitCode::IPC, log::sys_error_line(role, text, &e))
        };
        let mut child = command.spawn().map_err(failed)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::fatal(ExitCode::IPC, "rsync: the remote shell has no pipes"));
        };
        let reader = FdReader::new(stdout).map_err(failed)?;
        let writer = FdWriter::new(stdin).map_err(failed)?;
        Ok((Shell { child }, reader, writer))
    }

    /// The child's process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the child to end.
    ///
    /// # Errors
    /// Code 21.
    pub fn wait(&mut self) -> Result<ExitCode, Error> {
        match self.child.wait() {
            Ok(status) => Ok(exit_code(status)),
            Err(_) => Err(Error::fatal(ExitCode::WAIT_CHILD, "")),
        }
    }

    /// The child's exit code if it ends by itself within `limit`.
    pub fn wait_for(&mut self, limit: std::time::Duration) -> Option<ExitCode> {
        let end = std::time::Instant::now() + limit;
        loop {
            match self.child.try_wait() {
                // How a killed child ended says nothing that the error does not say.
                Ok(Some(status)) => return status.code().map(ExitCode),
                Ok(None) if std::time::Instant::now() < end => {
                    std::thread::sleep(std::time::Duration::from_millis(5));
                }
                _ => return None,
            }
        }
    }
}

/// A child's status as one of our exit codes (man page, EXIT VALUES).
fn exit_code(status: ExitStatus) -> ExitCode {
    match status.code() {
        Some(code) => ExitCode(code),
        None if platform::crashed(status) => ExitCode::CRASHED,
        None => ExitCode::TERMINATED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_an_ipc_error() {
        let Err(e) = Shell::spawn(&[b"/nonexistent/shell".to_vec()], &[], Role::Sender) else {
            panic!("a missing program started");
        };
        assert_eq!(e.code(), ExitCode::IPC);
    }
}
