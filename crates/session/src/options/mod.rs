//! The command line: what was typed ([`Typed`]) and what it means ([`Plan`]).
//!
//! [`table`] lists every option once. [`parse`] turns argv into [`Typed`]; `apply` walks it in
//! order into the state of every option; `resolve` settles defaults, conflicts and implications
//! into a [`Plan`]. From a plan, [`operands`] decides what is copied where, [`server_args`] builds
//! the server's command line and [`shell`] the remote shell's. Nothing here prints: errors and
//! texts are values.
mod alias;
mod apply;
mod daemon_args;
pub mod generate;
mod help;
pub mod levels;
mod manual;
pub mod operands;
pub mod parse;
pub mod plan;
mod resolve;
pub mod server_args;
mod settle;
pub mod shell;
pub mod sizes;
mod state;
mod stop;
pub mod table;
#[cfg(test)]
mod tests;
mod version;

pub use alias::Aliases;
pub use daemon_args::DaemonArgs;
pub use help::{daemon_help, help};
pub use operands::{Hostspec, Operands, Remote, Via};
pub use parse::Typed;
pub use plan::{Environment, Family, FilterArg, Outbuf, Plan, RuleArg};
pub use server_args::ServerArgs;
pub(crate) use settle::clean_path;
pub use version::{version, version_json, version_lanes};

use crate::log::Role;

/// The command line cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionError {
    /// Complete lines for stderr, without newlines.
    pub lines: Vec<Vec<u8>>,
    /// The exit code.
    pub code: i32,
    /// Whether the help text goes to stderr before the closing line.
    pub usage: bool,
    /// The role for the closing line.
    pub role: Role,
    /// The `--log-file` given before the mistake.
    pub log_file: Option<Vec<u8>>,
    /// The level of `--debug=EXIT` given before the mistake.
    pub exit_level: u8,
    /// Whether `-8` was given before the mistake.
    pub eight_bit: bool,
}

impl OptionError {
    /// One line, exactly as given.
    pub fn line(role: Role, code: i32, text: impl Into<Vec<u8>>) -> OptionError {
        OptionError {
            lines: vec![text.into()],
            code,
            usage: false,
            role,
            log_file: None,
            exit_level: 0,
            eight_bit: false,
        }
    }
    /// The help text and exit code 1.
    pub fn usage(role: Role) -> OptionError {
        OptionError { lines: Vec::new(), usage: true, ..OptionError::line(role, 1, "") }
    }
    /// The lines as one text, each with its newline.
    pub fn text(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|line| [line.as_slice(), b"\n"].concat()).collect()
    }
}

impl std::fmt::Display for OptionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(String::from_utf8_lossy(&self.text()).trim_end())
    }
}
impl std::error::Error for OptionError {}

/// What a command line asks for.
#[derive(Debug)]
pub enum Request {
    /// A transfer or a listing, as the client.
    Client(Box<Plan>),
    /// To be the server of someone's client.
    Server(Box<Plan>),
    /// To be a daemon.
    Daemon(Box<DaemonArgs>),
    /// A text, and exit code 0.
    Print {
        /// The text.
        text: String,
        /// A server's stdout is its client's.
        to_stderr: bool,
    },
}

/// Reads the program's arguments (without its name).
pub fn parse_args(args: &[Vec<u8>], env: &Environment) -> Result<Request, OptionError> {
    let typed = parse::parse(table::OPTIONS, args, env.posixly_correct);
    resolve::request(typed, args, env)
}

/// Reads the arguments that a daemon's client sent (the program's name is not among them). Options end at the first
/// operand, the lone `.`: no requested name is an option, whatever it begins with. `refuse`
/// is asked for each option given, in order, and its text (without `rsync: `) ends the parsing with
/// code 4.
pub fn parse_daemon_client_args(
    args: &[Vec<u8>],
    env: &Environment,
    refuse: &mut dyn FnMut(&parse::Given) -> Option<String>,
) -> Result<Plan, OptionError> {
    let typed = parse::parse(table::OPTIONS, args, true);
    resolve::daemon_client(typed, env, refuse)
}
