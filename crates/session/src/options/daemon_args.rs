//! The daemon's command line.
use super::{
    Environment, OptionError, Request, help,
    parse::{self, Given},
    plan::Family,
    table::{self, Opt},
};
use crate::log::Role;

/// What a daemon was started with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DaemonArgs {
    /// Run over a remote shell (`--server --daemon .`): serve one connection on stdin and stdout.
    pub server: bool,
    /// `--config`.
    pub config: Option<Vec<u8>>,
    /// `--dparam NAME=VALUE`, in order.
    pub dparams: Vec<(Vec<u8>, Vec<u8>)>,
    /// `--detach` or `--no-detach`.
    pub detach: Option<bool>,
    /// `--address`.
    pub address: Option<Vec<u8>>,
    /// `--port`; 0 is not given.
    pub port: u16,
    /// `-4`, `-6`.
    pub family: Family,
    /// `--bwlimit` in KiB a second; 0 is none.
    pub bwlimit: u32,
    /// `--log-file`.
    pub log_file: Option<Vec<u8>>,
    /// `--log-file-format`.
    pub log_file_format: Option<Vec<u8>>,
    /// `--sockopts`.
    pub sockopts: Option<Vec<u8>>,
    /// `--protocol`.
    pub protocol: Option<i32>,
    /// `--temp-dir`.
    pub temp_dir: Option<Vec<u8>>,
    /// `-v`.
    pub verbose: u8,
    /// What is not an option.
    pub operands: Vec<Vec<u8>>,
}

const HINT: &str = "(Type \"rsync --daemon --help\" for assistance with daemon mode.)";

/// Reads the whole command line again with the daemon's table.
pub(super) fn request(args: &[Vec<u8>], env: &Environment) -> Result<Request, OptionError> {
    let typed = parse::parse(table::DAEMON_OPTIONS, args, env.posixly_correct);
    let mut out = DaemonArgs { operands: typed.operands, ..DaemonArgs::default() };
    let mut daemon = false;
    let mut role = Role::Client;
    let err = |role, text: Vec<u8>| OptionError {
        lines: vec![text, HINT.as_bytes().to_vec()],
        ..OptionError::line(role, 1, "")
    };
    for given in &typed.options {
        let text = given.text();
        match given.entry.opt {
            Opt::DaemonMode => daemon = true,
            Opt::Server => {
                out.server = true;
                role = Role::Server;
            }
            Opt::Help => return Ok(Request::Print { text: help::daemon_help(), to_stderr: false }),
            Opt::Dparam => match text.iter().position(|&b| b == b'=') {
                Some(at) => out.dparams.push((text[..at].to_vec(), text[at + 1..].to_vec())),
                None => {
                    return Err(err(role, [b"--dparam value is missing an '=': ", text].concat()));
                }
            },
            _ => out.apply(given),
        }
    }
    if let Some(e) = typed.error {
        let reason = e.reason.as_bytes();
        let text = [b"rsync: ", e.arg.as_slice(), b": ", reason, b" (in daemon mode)"].concat();
        return Err(err(role, text));
    }
    if !daemon {
        return Err(err(role, b"Daemon option(s) used without --daemon.".to_vec()));
    }
    Ok(Request::Daemon(Box::new(out)))
}

impl DaemonArgs {
    fn apply(&mut self, given: &Given) {
        let text = || Some(given.text().to_vec());
        let positive = || given.int().max(0).unsigned_abs();
        match given.entry.opt {
            Opt::Address => self.address = text(),
            Opt::Bwlimit => self.bwlimit = positive(),
            Opt::Config => self.config = text(),
            Opt::Detach => self.detach = Some(given.on),
            Opt::Port => self.port = u16::try_from(given.int()).unwrap_or(0),
            Opt::LogFile => self.log_file = text(),
            Opt::LogFileFormat => self.log_file_format = text(),
            Opt::Sockopts => self.sockopts = text(),
            Opt::Verbose => {
                self.verbose = if given.on { self.verbose.saturating_add(1) } else { 0 };
            }
            Opt::Ipv4 => self.family = Family::V4,
            Opt::Ipv6 => self.family = Family::V6,
            Opt::Protocol => self.protocol = Some(given.int()),
            Opt::TempDir => self.temp_dir = text(),
            other => unreachable!("{other:?} is not in the daemon's table"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str]) -> Result<Request, OptionError> {
        let args: Vec<Vec<u8>> = args.iter().map(|a| a.as_bytes().to_vec()).collect();
        super::super::parse_args(&args, &Environment::default())
    }
    fn error(args: &[&str]) -> String {
        run(args).expect_err("an error").to_string()
    }

    #[test]
    fn a_daemon_option_anywhere_means_the_daemon() {
        let args = ["-v", "--no-detach", "--daemon", "-M", "a=b=c", "--port=0x10", "--bwlimit=7"];
        let Ok(Request::Daemon(d)) = run(&args) else { panic!("a daemon") };
        assert_eq!(d.dparams, [(b"a".to_vec(), b"b=c".to_vec())]);
        assert_eq!((d.verbose, d.detach, d.port, d.bwlimit), (1, Some(false), 16, 7));
        let Ok(Request::Daemon(d)) = run(&["--server", "--daemon", "."]) else {
            panic!("a daemon")
        };
        assert!(d.server && d.operands == [b".".to_vec()]);
    }

    #[test]
    fn errors() {
        assert_eq!(
            error(&["--daemon", "--foo"]),
            format!("rsync: --foo: unknown option (in daemon mode)\n{HINT}")
        );
        assert_eq!(
            error(&["--config=x"]),
            format!("Daemon option(s) used without --daemon.\n{HINT}")
        );
        assert_eq!(
            error(&["--dparam=foo", "--daemon"]),
            format!("--dparam value is missing an '=': foo\n{HINT}")
        );
        assert_eq!(error(&["--foo", "--daemon"]), "rsync: --foo: unknown option");
    }
}
