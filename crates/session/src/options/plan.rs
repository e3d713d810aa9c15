//! What the command line means.
use super::{levels::Levels, operands::Hostspec, parse::Typed};
use crate::{Settings, batch::Script, settings::StderrMode};

/// The environment variables that matter, read once.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Environment {
    pub rsync_rsh: Option<Vec<u8>>,
    pub iconv: Option<Vec<u8>>,
    pub partial_dir: Option<Vec<u8>>,
    pub old_args: Option<Vec<u8>>,
    pub protect_args: Option<Vec<u8>>,
    pub max_alloc: Option<Vec<u8>>,
    pub checksum_list: Option<Vec<u8>>,
    pub compress_list: Option<Vec<u8>>,
    pub posixly_correct: bool,
}

impl Environment {
    /// This process's.
    pub fn from_process() -> Environment {
        let get = |name: &str| std::env::var_os(name).map(fsroot::text::bytes);
        Environment {
            rsync_rsh: get("RSYNC_RSH"),
            iconv: get("RSYNC_ICONV"),
            partial_dir: get("RSYNC_PARTIAL_DIR"),
            old_args: get("RSYNC_OLD_ARGS"),
            protect_args: get("RSYNC_PROTECT_ARGS"),
            max_alloc: get("RSYNC_MAX_ALLOC"),
            checksum_list: get("RSYNC_CHECKSUM_LIST"),
            compress_list: get("RSYNC_COMPRESS_LIST"),
            posixly_correct: get("POSIXLY_CORRECT").is_some(),
        }
    }
}

/// One option that adds filter rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterArg {
    /// The option.
    pub rule: RuleArg,
    /// Whether `--from0` was in force where it was typed: a file named here is read at once.
    pub from0: bool,
    /// Whether `--debug=FILTER2` was: what it adds is told.
    pub traced: bool,
}

/// What an option adds to the filter rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleArg {
    /// `--filter`, or what `-F` and others stand for.
    Filter(Vec<u8>),
    /// `--exclude`.
    Exclude(Vec<u8>),
    /// `--include`.
    Include(Vec<u8>),
    /// `--exclude-from`; `-` is stdin.
    ExcludeFrom(Vec<u8>),
    /// `--include-from`; `-` is stdin.
    IncludeFrom(Vec<u8>),
    /// A relative `--partial-dir`, which is nobody's to transfer.
    PartialDir(Vec<u8>),
}

/// The address family to use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Family {
    #[default]
    Any,
    V4,
    V6,
}

/// `--outbuf`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Outbuf {
    None,
    Line,
    Block,
}

/// A command line with every default and implication settled, except those that depend on the
/// operands ([`Plan::settle_operands`]) and on the peer.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What the roles see.
    pub settings: Settings,
    /// What is not an option.
    pub operands: Vec<Vec<u8>>,
    /// The filter options in order.
    pub filters: Vec<FilterArg>,
    /// The remote shell's command: `-e`, else `RSYNC_RSH`; `None` is `ssh`.
    pub shell: Option<Vec<u8>>,
    /// Whether it was `-e`: then a daemon is run over it.
    pub shell_given: bool,
    /// `--rsync-path`.
    pub rsync_path: Option<Vec<u8>>,
    /// `-M`, in order.
    pub remote_options: Vec<Vec<u8>>,
    /// `--port`; 0 is not given.
    pub port: u16,
    /// `--address`.
    pub address: Option<Vec<u8>>,
    /// `-4`, `-6`.
    pub family: Family,
    /// `--contimeout` in seconds; 0 is none, negative has expired.
    pub contimeout: i32,
    /// `--password-file`.
    pub password_file: Option<Vec<u8>>,
    /// `--no-motd` makes it false.
    pub motd: bool,
    /// `--sockopts`.
    pub sockopts: Option<Vec<u8>>,
    /// `--early-input`.
    pub early_input: Option<Vec<u8>>,
    /// `--old-args` level.
    pub old_args: u8,
    /// `--blocking-io`; `None` asks the shell's name.
    pub blocking_io: Option<bool>,
    /// `--outbuf`.
    pub outbuf: Option<Outbuf>,
    /// On a server: the client's capabilities, the value of `-e`.
    pub client_caps: Vec<u8>,
    /// Lines of information about what was ignored.
    pub messages: Vec<Vec<u8>>,
    /// What was typed, for the server's command line.
    pub(super) given: Forward,
    pub(super) typed: Typed,
}

/// What the server is told and the settings no longer show.
#[derive(Debug, Clone)]
pub(super) struct Forward {
    pub verbose: u32,
    pub info: Levels,
    pub stderr: Option<StderrMode>,
    pub explicit_dirs: bool,
    /// Neither `-d` nor `--no-d` nor anything that implies one.
    pub dirs_undecided: bool,
    /// A remote `--files-from`.
    pub files_from: Option<Hostspec>,
    pub explicit_list_only: bool,
    pub hard_links: u8,
    pub compress_letter: bool,
    pub compress_choice: Option<Vec<u8>>,
    pub omit_dir_times: bool,
    pub max_alloc: Option<Vec<u8>>,
    pub modify_window: Option<i32>,
    pub bare_delete: bool,
    pub partial_dir: Option<Vec<u8>>,
    pub only_write_batch: bool,
    pub use_super: bool,
    /// Whether the client prints items, and how, as `--log-format` tells the server.
    pub log_format: Option<&'static str>,
}

impl Plan {
    /// The server's arguments behind the options: a sender's sources, or a receiver's destination.
    /// The first argument is left out: see [`Plan::server_dir`].
    pub fn server_paths(&self) -> &[Vec<u8>] {
        self.operands.get(1..).unwrap_or_default()
    }

    /// The server's first argument: `.`, or another directory that the others lead from.
    pub fn server_dir(&self) -> &[u8] {
        self.operands.first().map_or(&[], Vec::as_slice)
    }

    /// What the script beside a batch is made of: the program as it was called and all its arguments.
    pub fn script(&self, program: Vec<u8>, args: &[Vec<u8>]) -> Script {
        let last = self.operands.last().cloned().unwrap_or_default();
        Script {
            program,
            args: args.to_vec(),
            operands: self.typed.operand_at.clone(),
            dest: Hostspec::parse(&last, self.port).map_or(last, |spec| spec.path),
        }
    }
}
