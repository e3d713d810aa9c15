//! The client's part of the daemon text phase (WIRE.md, Greeting; Request; Authentication).

use super::auth::AuthDigest;
use crate::{
    Error, ExitCode,
    conn::{Reader, Writer},
    log::{Class, Log, Role, sys_error_line},
    platform,
};
use fast_io::{RecvHalf, SendHalf};
use std::{
    io::{self, BufRead, Read},
    path::{Path, PathBuf},
};
use wire::{Cursor, Decode, greeting::Greeting, limits::MAX_TEXT_LINE, negotiate};

/// What a client says to a daemon.
#[derive(Debug, Clone)]
pub struct Login {
    /// The module, empty for a listing.
    pub module: Vec<u8>,
    /// The user of the URL, if any.
    pub user: Option<Vec<u8>>,
    /// `--early-input`: what the daemon's early program reads.
    pub early_input: Option<PathBuf>,
    /// `--password-file`.
    pub password_file: Option<std::path::PathBuf>,
    /// Print the daemon's message of the day and listings.
    pub motd: bool,
    /// Our highest protocol.
    pub protocol_max: u32,
}

/// How the text phase ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Ready for the arguments, with the common version.
    Ready(u32),
    /// The daemon listed its modules and closed.
    Listed,
}

/// A line without its end; CR bytes are dropped. A NUL or an over-long line ends the connection.
pub fn decode_line(c: &mut Cursor<'_>, limit: usize) -> Decode<Result<Vec<u8>, ()>> {
    let mut line = Vec::new();
    loop {
        match c.byte()? {
            b'\n' => return Ok(Ok(line)),
            b'\r' => {}
            0 => return Ok(Err(())),
            b if line.len() < limit => line.push(b),
            _ => return Ok(Err(())),
        }
    }
}

fn read_line<R: RecvHalf>(reader: &mut Reader<R>, role: Role, eof: &str) -> Result<Vec<u8>, Error> {
    match reader.read(|c| decode_line(c, MAX_TEXT_LINE)) {
        Ok(Ok(line)) => Ok(line),
        Ok(Err(())) | Err(Error::Closed { .. }) => {
            Err(Error::fatal(ExitCode::START_CLIENT, eof.as_bytes()))
        }
        Err(Error::Link { op: "read error", source }) => {
            let text = sys_error_line(role, "safe_read failed to read 1 bytes", &source);
            Err(Error::fatal(ExitCode::STREAM_IO, text))
        }
        Err(e) => Err(e),
    }
}

/// Greets, asks for the module and authenticates. `greeted` is called between the first and the second.
///
/// # Errors
/// Code 5 for everything the daemon refuses, 4 without a common digest, 1 for the password file.
pub fn login<R: RecvHalf, W: SendHalf>(
    login: &Login,
    reader: &mut Reader<R>,
    writer: &mut Writer<W>,
    log: &Log,
    greeted: impl FnOnce(),
) -> Result<Outcome, Error> {
    let start = |text: Vec<u8>| Error::fatal(ExitCode::START_CLIENT, text);
    writer.buf().extend_from_slice(Greeting::own(login.protocol_max).as_bytes());
    // One that has gone already may have said why before.
    let _told_by_the_answer = writer.flush();
    let line = read_line(reader, log.role, "rsync: did not see server greeting")?;
    let quoted =
        |before: &str, after: &str| start([before.as_bytes(), &line, after.as_bytes()].concat());
    let greeting = Greeting::parse(&line)
        .ok_or_else(|| quoted("rsync: server sent \"", "\" rather than greeting"))?;
    if greeting.major >= 30 && greeting.sub.is_none() {
        return Err(quoted("rsync: the server omitted the subprotocol value: ", ""));
    }
    if greeting.major >= 32 && greeting.digests.is_none() {
        return Err(quoted("rsync: the server omitted the digest name list: ", ""));
    }
    let common = greeting.common(login.protocol_max);
    greeted();

    if let Some(path) = &login.early_input {
        let input = early_input(path, log.role)?;
        if !input.is_empty() {
            let head = format!("#early_input={}\n", input.len());
            writer.buf().extend_from_slice(head.as_bytes());
            writer.buf().extend_from_slice(&input);
        }
    }
    writer.buf().extend_from_slice(&login.module);
    writer.buf().push(b'\n');
    writer.flush()?;
    loop {
        let line = read_line(reader, log.role, "rsync: didn't get server startup line")?;
        if let Some(challenge) = line.strip_prefix(b"@RSYNCD: AUTHREQD ") {
            let digest =
                AuthDigest::choose(greeting.digests.as_deref(), common >= 30).ok_or_else(|| {
                    let server = greeting.digests.clone().unwrap_or_default().join(" ");
                    let own = wire::greeting::DIGESTS.join(" ");
                    let what = "daemon auth checksum";
                    Error::from(negotiate::no_choice(what, server.as_bytes(), own.as_bytes()))
                })?;
            let password = password(login, log.role)?;
            let user = user(login);
            let response = digest.response(&password, challenge);
            writer.buf().extend_from_slice(&user);
            writer.buf().extend_from_slice(format!(" {response}\n").as_bytes());
            writer.flush()?;
        } else if line == b"@RSYNCD: OK" {
            return Ok(Outcome::Ready(common));
        } else if line == b"@RSYNCD: EXIT" {
            return Ok(Outcome::Listed);
        } else if line.starts_with(b"@ERROR") {
            return Err(start(line));
        } else if login.motd {
            log.line(Class::Info, &line);
        }
    }
}

/// The content of the file for the daemon's early program.
fn early_input(path: &Path, role: Role) -> Result<Vec<u8>, Error> {
    let name = path.as_os_str().as_encoded_bytes();
    let failed = |what: &[u8], e: &io::Error| {
        let line = sys_error_line(role, [b"failed to ", what, b" ", name].concat(), e);
        Error::fatal(ExitCode::START_CLIENT, line)
    };
    let file = fsroot::read_operator_file(path).map_err(|e| failed(b"open", &e))?;
    let mut input = Vec::new();
    let limit = wire::limits::MAX_EARLY_INPUT;
    file.take(limit as u64 + 1).read_to_end(&mut input).map_err(|e| failed(b"read", &e))?;
    if input.len() > limit {
        let text = format!(" is > {limit} bytes.");
        return Err(Error::fatal(ExitCode::START_CLIENT, [name, text.as_bytes()].concat()));
    }
    Ok(input)
}

/// Who logs in: as typed, or as the environment says; `nobody` if that is nothing.
fn user(login: &Login) -> Vec<u8> {
    let variable = |name| std::env::var_os(name).map(fsroot::text::bytes);
    let given = login.user.clone().or_else(|| variable("USER")).or_else(|| variable("LOGNAME"));
    given.filter(|user| !user.is_empty()).unwrap_or_else(|| b"nobody".to_vec())
}

/// The password: `--password-file`, `$RSYNC_PASSWORD`, or asked for on the terminal.
fn password(login: &Login, role: Role) -> Result<Vec<u8>, Error> {
    if let Some(path) = &login.password_file {
        return password_from(path, role);
    }
    if let Some(password) = std::env::var_os("RSYNC_PASSWORD") {
        return Ok(fsroot::text::bytes(password));
    }
    let answer = platform::ask_password(MAX_TEXT_LINE as u64);
    answer.map(without_end).map_err(|e| {
        let text = crate::log::sys_error_line(role, "could not read a password", &e);
        Error::fatal(ExitCode::SYNTAX, text)
    })
}

/// What is read of a password file, bytes.
const MAX_PASSWORD: u64 = 511;

fn password_from(path: &std::path::Path, role: Role) -> Result<Vec<u8>, Error> {
    let name = fsroot::text::bytes(path);
    let refuse = |text: &[u8]| Err(Error::fatal(ExitCode::SYNTAX, text));
    let failed = |e: io::Error| {
        let text = [b"could not open password file ", &name[..]].concat();
        let text = crate::log::sys_error_line(role, text, &e);
        Error::fatal(ExitCode::SYNTAX, text)
    };
    let unread = [b"ERROR: failed to read a password from ", &name[..]].concat();
    let mut text = Vec::new();
    if path.as_os_str() == "-" {
        io::stdin().lock().take(MAX_PASSWORD).read_until(b'\n', &mut text).map_err(failed)?;
    } else {
        let file = match fsroot::read_operator_file(path) {
            Err(e) if e.kind() == io::ErrorKind::IsADirectory => {
                let meta = path.metadata().map_err(failed)?;
                let distrust = platform::distrust_password_file(&meta);
                return refuse(distrust.map_or(&unread, str::as_bytes));
            }
            opened => opened.map_err(failed)?,
        };
        // On the open file: whoever can swap the name cannot change what was checked.
        let meta = file.metadata().map_err(failed)?;
        if let Some(text) = platform::distrust_password_file(&meta) {
            return refuse(text.as_bytes());
        }
        file.take(MAX_PASSWORD).read_to_end(&mut text).map_err(failed)?;
    }
    first_line(&text).map(<[u8]>::to_vec).map_or_else(|| refuse(&unread), Ok)
}

/// The first line that is not empty; a NUL ends the text.
fn first_line(text: &[u8]) -> Option<&[u8]> {
    let text = text.split(|b| *b == 0).next().unwrap_or_default();
    text.split(|b| b"\r\n".contains(b)).find(|line| !line.is_empty())
}

fn without_end(mut line: Vec<u8>) -> Vec<u8> {
    while line.last().is_some_and(|b| *b == b'\n' || *b == b'\r') {
        line.pop();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::DecodeError;

    #[test]
    fn a_password_is_the_first_line() {
        for text in ["pw", "pw\n", "\n\r\npw\r\nx", "pw\rx", "pw\0x", "\rpw\n\n"] {
            assert_eq!(first_line(text.as_bytes()), Some(&b"pw"[..]), "{text:?}");
        }
        for text in ["", "\r\n", "\0pw", "\n\0pw"] {
            assert_eq!(first_line(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn lines_drop_cr_and_refuse_nul_and_length() {
        let line = |bytes: &[u8]| decode_line(&mut Cursor::new(bytes), 4);
        assert_eq!(line(b"ab\r\n"), Ok(Ok(b"ab".to_vec())));
        assert_eq!(line(b"a\0b\n"), Ok(Err(())));
        assert_eq!(line(b"abcde\n"), Ok(Err(())));
        assert!(matches!(line(b"abc"), Err(DecodeError::Incomplete(_))));
    }
}
