//! Programs that a module runs around its transfers (rsyncd.conf man page, early exec, pre-xfer exec).
//!
//! They run as the daemon's user and outside of a module's chroot, even when that has been entered. So a helper, this program started
//! again, waits on a pipe from before the chroot, and what is known only later goes through the pipe. A helper that is told nothing
//! knows that its server was killed.

use crate::{
    config::ModuleConfig,
    connection::{Client, Stop},
    detach::own_command,
};
use session::{ExitCode, log::strerror};
use std::{
    ffi::{OsStr, OsString},
    io::{self, Read, Write},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        process::ExitStatusExt,
    },
    process::{Child, Command, Stdio},
};

/// Tells a helper what it is for.
const MARK: &str = "OXRSYNC_HOOK";
/// Tells a helper what to run.
const COMMAND: &str = "OXRSYNC_HOOK_COMMAND";
/// Switches all hooks off.
const OFF: &str = "RSYNC_NO_XFER_EXEC";
/// Longest output of a hook that a client gets to see.
const MAX_OUTPUT: u64 = 5119;
/// The raw status of a server that did not live to tell its own.
const KILLED: i32 = 9;

/// The waiting helpers of one connection.
#[derive(Default)]
pub struct Hooks {
    before: Option<Child>,
    after: Option<Child>,
}

/// A variable of a hook's environment.
type Variable = (String, Vec<u8>);

impl Hooks {
    /// Starts the helpers, and runs the hook that comes first.
    ///
    /// # Errors
    /// What ends the connection.
    pub fn start(
        &mut self,
        client: &Client,
        module: &ModuleConfig,
        user: &[u8],
    ) -> Result<(), Stop> {
        if std::env::var_os(OFF).is_some() {
            return Ok(());
        }
        let command = |key| {
            module.values().hook(key).map_err(|text| {
                client.log.error(text);
                Stop::Silent(ExitCode::UNSUPPORTED.0)
            })
        };
        let (early, before, after) =
            (command("earlyexec")?, command("pre-xferexec")?, command("post-xferexec")?);
        let path = module.values().path("path").unwrap_or_default();
        let variables = [
            ("RSYNC_MODULE_NAME", module.name.clone()),
            ("RSYNC_MODULE_PATH", path.into_os_string().into_vec()),
            ("RSYNC_HOST_ADDR", client.peer.addr.to_string().into_bytes()),
            ("RSYNC_HOST_NAME", client.peer.name.clone().into_bytes()),
            ("RSYNC_USER_NAME", user.to_vec()),
            ("RSYNC_PID", std::process::id().to_string().into_bytes()),
        ]
        .map(|(name, value)| (name.to_string(), value));
        let failed = |what: &str, e: io::Error| {
            client.log.error(format!("rsync: [Receiver] {what} failed: {}", strerror(&e)));
            Stop::refuse(format!("{what} failed"))
        };
        if let Some(command) = after {
            let helper = helper("after", &command, &variables, Stdio::null());
            self.after = Some(helper.map_err(|e| failed("fork", e))?);
        }
        if let Some(command) = early {
            match run_early(&command, &variables, &client.early_input) {
                Ok(0) => {}
                Ok(status) => {
                    client.log.error(format!("early exec returned failure ({status})"));
                    return Err(Stop::refuse("early exec failed"));
                }
                Err(e) => return Err(failed("early exec", e)),
            }
        }
        if let Some(command) = before {
            let helper = helper("before", &command, &variables, Stdio::piped());
            self.before = Some(helper.map_err(|e| failed("pre-xfer exec preparation", e))?);
        }
        Ok(())
    }

    /// Runs the hook that comes before the transfer.
    ///
    /// # Errors
    /// The text for the client.
    pub fn before(&mut self, request: &[u8], args: &[&[u8]]) -> Result<(), Vec<u8>> {
        let Some(child) = self.before.take() else { return Ok(()) };
        let mut variables = vec![("RSYNC_REQUEST".to_string(), request.to_vec())];
        let args = [&b"rsyncd"[..]].into_iter().chain(args.iter().copied());
        variables.extend(args.enumerate().map(|(i, arg)| (format!("RSYNC_ARG{i}"), arg.to_vec())));
        let answer = ask(child, &variables).map_err(|e| format!("pre-xfer exec failed: {e}"))?;
        let Some((status, output)) = answer.split_first_chunk::<4>() else {
            return Err("pre-xfer exec failed".into());
        };
        match i32::from_be_bytes(*status) {
            0 => Ok(()),
            status if output.is_empty() => {
                Err(format!("pre-xfer exec returned failure ({status})").into_bytes())
            }
            status => {
                let mut text = format!("pre-xfer exec returned failure ({status}):").into_bytes();
                for line in output.split(|&b| b == b'\n') {
                    text.push(b'\n');
                    text.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
                }
                while text.last() == Some(&b'\n') {
                    text.pop();
                }
                Err(text)
            }
        }
    }

    /// The server is done.
    pub fn ended(&mut self, code: i32) {
        if let Some(mut child) = self.after.take()
            && let Some(mut pipe) = child.stdin.take()
        {
            // A helper that is gone was killed by somebody.
            let _gone = pipe.write_all((code & 0xff).to_string().as_bytes());
        }
    }
}

/// Starts a helper.
fn helper(mark: &str, command: &[u8], variables: &[Variable], stdout: Stdio) -> io::Result<Child> {
    own_command(&["--daemon".into()])?
        .env(MARK, mark)
        .env(COMMAND, OsStr::from_bytes(command))
        .envs(variables.iter().map(|(name, value)| (name, OsStr::from_bytes(value))))
        .stdin(Stdio::piped())
        .stdout(stdout)
        .spawn()
}

/// Tells a helper the variables that it waits for, and returns what it says.
fn ask(mut child: Child, variables: &[Variable]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    for (name, value) in variables {
        text.extend_from_slice(name.as_bytes());
        text.push(b'=');
        text.extend(value.iter().filter(|b| **b != 0));
        text.push(0);
    }
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(&text)?;
    }
    let mut answer = Vec::new();
    if let Some(pipe) = child.stdout.take() {
        pipe.take(4 + MAX_OUTPUT).read_to_end(&mut answer)?;
    }
    child.wait()?;
    Ok(answer)
}

/// Runs the early hook with the client's early input; returns its raw status.
fn run_early(command: &[u8], variables: &[Variable], input: &[u8]) -> io::Result<i32> {
    let mut child = shell(OsStr::from_bytes(command))
        .envs(variables.iter().map(|(name, value)| (name, OsStr::from_bytes(value))))
        .env("RSYNC_REQUEST", "(NONE)")
        .stdin(Stdio::piped())
        .spawn()?;
    if let Some(mut pipe) = child.stdin.take() {
        // It need not read.
        let _unread = pipe.write_all(input);
    }
    Ok(child.wait()?.into_raw())
}

fn shell(command: &OsStr) -> Command {
    let shell = std::env::var_os("RSYNC_SHELL").unwrap_or_else(|| "/bin/sh".into());
    let mut run = Command::new(shell);
    run.arg("-c").arg(command).env_remove(MARK).env_remove(COMMAND);
    run
}

/// What a helper does; `None` if this process is none.
pub fn help() -> Option<i32> {
    let mark = std::env::var_os(MARK)?;
    let command = std::env::var_os(COMMAND)?;
    let mut told = Vec::new();
    let heard = io::stdin().read_to_end(&mut told);
    let done = match mark == "before" {
        _ if heard.is_err() => Ok(()),
        true => help_before(&command, &told),
        false => help_after(&command, &told),
    };
    Some(done.map_or(1, |()| 0))
}

fn help_before(command: &OsStr, told: &[u8]) -> io::Result<()> {
    if told.is_empty() {
        return Ok(());
    }
    let variables = told.split(|b| *b == 0).filter_map(|text| {
        let at = text.iter().position(|b| *b == b'=')?;
        let part = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        Some((part(&text[..at]), part(&text[at + 1..])))
    });
    let mut run = shell(command);
    let mut child = run.envs(variables).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut output = Vec::new();
    if let Some(pipe) = child.stdout.take() {
        pipe.take(MAX_OUTPUT).read_to_end(&mut output)?;
    }
    let status = child.wait()?.into_raw();
    let mut answer = status.to_be_bytes().to_vec();
    answer.extend(output);
    io::stdout().write_all(&answer)
}

fn help_after(command: &OsStr, told: &[u8]) -> io::Result<()> {
    let code = std::str::from_utf8(told).ok().and_then(|text| text.parse::<i32>().ok());
    let raw = code.map_or(KILLED, |code| code << 8);
    let mut run = shell(command);
    run.env("RSYNC_EXIT_STATUS", code.unwrap_or(-1).to_string());
    run.env("RSYNC_RAW_STATUS", raw.to_string()).stdin(Stdio::null()).spawn()?.wait()?;
    Ok(())
}
