//! The remote shell's command line.
use super::{
    OptionError, Plan,
    operands::{Remote, Via},
    plan::Family,
};
use crate::log::Role;

/// A command line to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellCommand {
    /// Program and arguments.
    pub argv: Vec<Vec<u8>>,
    /// `--blocking-io`, or what the shell's name implies.
    pub blocking_io: bool,
}

impl Plan {
    /// The remote shell with its host, the remote rsync and `server_args` (without a program name).
    pub fn shell_command(
        &self,
        remote: &Remote,
        server_args: &[Vec<u8>],
        role: Role,
    ) -> Result<ShellCommand, OptionError> {
        let typed = self.shell.as_deref().unwrap_or(b"ssh");
        let mut argv = split_command(typed).map_err(|quote| {
            let text = format!("Missing trailing-{quote} in remote-shell command.");
            OptionError::line(role, 1, text)
        })?;
        let Some(program) = argv.first() else {
            // The host's name must not become the program.
            return Err(OptionError::line(role, 1, "The remote-shell command is empty."));
        };
        let name = program.rsplit(|&b| b == b'/').next().unwrap_or_default().to_vec();
        let has_login = argv.iter().any(|word| word == b"-l");
        let for_daemon = matches!(remote.via, Via::DaemonOverShell { .. });
        if let Some(user) = remote.user.as_ref().filter(|_| !(for_daemon && has_login)) {
            argv.push(b"-l".to_vec());
            argv.push(user.clone());
        }
        if name == b"ssh" {
            match self.family {
                Family::Any => {}
                Family::V4 => argv.push(b"-4".to_vec()),
                Family::V6 => argv.push(b"-6".to_vec()),
            }
        }
        argv.push(remote.host.clone());
        argv.push(self.rsync_path.clone().unwrap_or_else(|| b"rsync".to_vec()));
        match for_daemon {
            true => argv.extend([&b"--server"[..], b"--daemon", b"."].map(<[u8]>::to_vec)),
            false => argv.extend_from_slice(server_args),
        }
        let blocking_io = self.blocking_io.unwrap_or(name == b"rsh" || name == b"remsh");
        Ok(ShellCommand { argv, blocking_io })
    }
}

/// Splits at spaces. Quotes group anywhere in a word; a doubled quote within its own kind is a
/// quote. The error is the quote that is not closed.
pub fn split_command(text: &[u8]) -> Result<Vec<Vec<u8>>, char> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quote = None;
    let mut bytes = text.iter().copied().peekable();
    while let Some(b) = bytes.next() {
        match quote {
            None if b == b' ' => words.extend(word.take()),
            None if b == b'\'' || b == b'"' => {
                quote = Some(b);
                word.get_or_insert_default();
            }
            Some(open) if b == open => {
                if bytes.next_if_eq(&open).is_some() {
                    word.get_or_insert_default().push(open);
                } else {
                    quote = None;
                }
            }
            _ => word.get_or_insert_default().push(b),
        }
    }
    if let Some(open) = quote {
        return Err(open as char);
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        let words = split_command(text.as_bytes()).expect("closed quotes");
        words.into_iter().map(|w| String::from_utf8(w).expect("text")).collect()
    }

    #[test]
    fn commands_are_split() {
        assert_eq!(split(" ssh  -p 22"), ["ssh", "-p", "22"]);
        assert_eq!(split("a 'x y' \"b c\"d"), ["a", "x y", "b cd"]);
        assert_eq!(split("a 'it''s' e\\ f"), ["a", "it's", "e\\", "f"]);
        assert_eq!(split("a ''"), ["a", ""]);
        assert_eq!(split_command(b"a\"b"), Err('"'));
    }
}
