//! `--copy-as`: a process gives its rights away before it touches files.

use crate::{
    Error, ExitCode, Settings,
    log::{Role, sys_error_line},
};
use fsroot::names::{self, AssumeError, Who};
use std::io;

/// Becomes the user that the option names, if it was given.
///
/// # Errors
/// Code 1, with rsync's text.
pub fn assume(who: Who, settings: &Settings, role: Role) -> Result<(), Error> {
    let Some(text) = &settings.copy_as else { return Ok(()) };
    let colon = text.iter().position(|b| *b == b':');
    let (user, group) = match colon {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (&text[..], None),
    };
    let invalid = |what: &str, name: &[u8]| [what.as_bytes(), name].concat();
    let line = match names::assume(who, user, group) {
        Ok(()) => return Ok(()),
        Err(AssumeError::User) => invalid("Invalid copy-as user: ", user),
        Err(AssumeError::Group) => invalid("Invalid copy-as group: ", group.unwrap_or_default()),
        // Not finding somebody is no error of the system's.
        Err(AssumeError::Groups) => {
            sys_error_line(role, "getpwuid failed", &io::Error::from_raw_os_error(0))
        }
        Err(AssumeError::System(call, e)) => sys_error_line(role, format!("{call} failed"), &e),
    };
    Err(Error::fatal(ExitCode::SYNTAX, line))
}
