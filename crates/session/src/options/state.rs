//! The state of every option while the command line is walked.
use super::{
    OptionError,
    levels::{self, Levels},
    plan::{Family, FilterArg, RuleArg},
};
use crate::{
    log::Role,
    settings::{AltDestKind, Append, RemoveSource, StderrMode},
};
use std::time::SystemTime;

/// `-r`, which `--files-from` drops if it came from `-a`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Recurse {
    #[default]
    No,
    Implied,
    Yes,
}

/// Why the walk ended early.
#[derive(Debug)]
pub(super) enum Stop {
    Error(OptionError),
    /// A text for stdout, exit code 0.
    Print(String),
    /// Read everything again with the daemon's table.
    Daemon,
}

impl From<OptionError> for Stop {
    fn from(e: OptionError) -> Self {
        Stop::Error(e)
    }
}

/// Who asked for user or group maps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum IdMap {
    Map(Vec<u8>),
    Chown(Vec<u8>),
}

/// Every option's value so far.
#[derive(Debug, Default)]
pub(super) struct State {
    pub am_server: bool,
    pub am_sender: bool,
    pub am_daemon: bool,
    pub show_version: u32,

    pub verbose: u32,
    pub quiet: bool,
    pub info: Levels,
    pub debug: Levels,
    pub stderr: Option<StderrMode>,
    pub human: u8,
    pub stats: bool,
    pub progress: bool,
    pub itemize: u8,
    pub out_format: Option<Vec<u8>>,
    pub log_file: Option<Vec<u8>>,
    pub log_file_format: Option<Vec<u8>>,
    pub eight_bit: bool,
    pub outbuf: Option<Vec<u8>>,
    pub motd: bool,

    pub recurse: Recurse,
    pub inc_recurse: bool,
    pub qsort: bool,
    pub dirs: Option<bool>,
    pub explicit_dirs: bool,
    pub old_dirs: bool,
    pub relative: Option<bool>,
    pub implied_dirs: bool,
    pub mkpath: bool,
    pub links: bool,
    pub copy_links: bool,
    pub copy_unsafe_links: bool,
    pub safe_links: bool,
    pub munge_links: bool,
    pub insecure_links: bool,
    pub confine_root: Option<Vec<u8>>,
    pub copy_dirlinks: bool,
    pub keep_dirlinks: bool,
    pub hard_links: u8,
    pub one_file_system: u8,
    pub existing: bool,
    pub ignore_existing: bool,
    pub update: bool,
    pub ignore_times: bool,
    pub size_only: bool,
    pub checksum: bool,
    pub max_size: Option<u64>,
    pub min_size: Option<u64>,
    pub prune_empty_dirs: bool,
    pub cvs_exclude: bool,
    pub merge_filters: u32,
    pub filters: Vec<FilterArg>,
    pub files_from: Option<Vec<u8>>,
    pub from0: bool,
    pub ignore_missing_args: bool,
    pub delete_missing_args: bool,
    pub remove_source: RemoveSource,
    pub list_only: bool,
    pub dry_run: bool,

    pub perms: bool,
    pub executability: bool,
    pub chmod: Option<Vec<u8>>,
    pub acls: bool,
    pub xattrs: u8,
    pub owner: bool,
    pub group: bool,
    pub devices: bool,
    pub specials: bool,
    pub drop_devices: bool,
    pub copy_devices: bool,
    pub write_devices: bool,
    pub times: bool,
    pub atimes: u8,
    pub open_noatime: bool,
    pub omit_dir_times: bool,
    pub omit_link_times: bool,
    pub modify_window: Option<i32>,
    pub super_user: Option<bool>,
    pub fake_super: bool,
    pub numeric_ids: bool,
    pub usermap: Option<IdMap>,
    pub groupmap: Option<IdMap>,
    pub copy_as: Option<Vec<u8>>,

    pub whole_file: Option<bool>,
    pub block_size: u32,
    pub checksum_choice: Option<Vec<u8>>,
    pub checksum_seed: i32,
    pub alt_dest: Option<(AltDestKind, Vec<Vec<u8>>)>,
    pub fuzzy: u8,
    pub inplace: bool,
    pub append: Append,
    pub sparse: bool,
    pub preallocate: bool,
    pub fsync: bool,
    pub temp_dir: Option<Vec<u8>>,
    pub partial: bool,
    pub partial_dir: Option<Vec<u8>>,
    pub delay_updates: bool,
    pub compress: u8,
    pub compress_choice: Option<Vec<u8>>,
    pub compress_level: Option<i32>,
    pub compress_threads: u32,
    pub skip_compress: Option<Vec<u8>>,
    pub bwlimit: u32,
    pub stop_at: Option<SystemTime>,
    pub zero_copy: fast_io::Policy,
    pub timeout: u32,
    pub contimeout: i32,
    pub max_alloc: Option<Vec<u8>>,
    pub delete: bool,
    pub delete_before: bool,
    /// `--delete-during`, `--delete-delay`: the later one counts.
    pub delete_during: Option<bool>,
    pub delete_after: bool,
    pub delete_excluded: bool,
    pub force: bool,
    pub ignore_errors: bool,
    pub max_delete: Option<i32>,
    pub backup: bool,
    pub backup_dir: Option<Vec<u8>>,
    pub suffix: Option<Vec<u8>>,
    /// The batch that was named last, by whichever option.
    pub batch_name: Vec<u8>,
    pub write_batch: bool,
    pub only_write_batch: bool,
    pub read_batch: bool,

    pub shell: Option<Vec<u8>>,
    pub rsync_path: Option<Vec<u8>>,
    pub remote_options: Vec<Vec<u8>>,
    /// `None`: neither form given.
    pub old_args: Option<u8>,
    pub secluded: Option<bool>,
    pub trust_sender: bool,
    pub iconv: Option<Vec<u8>>,
    pub family: Family,
    pub address: Option<Vec<u8>>,
    pub port: i32,
    pub sockopts: Option<Vec<u8>>,
    pub password_file: Option<Vec<u8>>,
    pub early_input: Option<Vec<u8>>,
    pub blocking_io: Option<bool>,
    pub protocol: i32,
}

/// Our highest protocol.
pub(super) const PROTOCOL_MAX: i32 = 32;

impl State {
    /// The level of `--debug=EXIT` so far, which a server keeps to itself.
    pub(super) fn exit_level(&self) -> u8 {
        if self.am_server { 0 } else { self.debug.level("EXIT") }
    }

    /// Before the first option.
    pub(super) fn new() -> State {
        State {
            info: Levels::new(&levels::INFO),
            debug: Levels::new(&levels::DEBUG),
            human: 1,
            motd: true,
            inc_recurse: true,
            implied_dirs: true,
            protocol: PROTOCOL_MAX,
            ..State::default()
        }
    }

    /// Ends with a text for readers, which `--quiet` suppresses like other information.
    pub(super) fn shown(&self, text: String) -> Stop {
        Stop::Print(if self.quiet { String::new() } else { text })
    }

    /// Adds filter rules.
    pub(super) fn filter(&mut self, rule: RuleArg) {
        let traced = self.debug.level("FILTER") > 1;
        self.filters.push(FilterArg { rule, from0: self.from0, traced });
    }
    /// Who is parsing.
    pub(super) fn role(&self) -> Role {
        if self.am_server { Role::Server } else { Role::Client }
    }
    /// An error with a line that is complete.
    pub(super) fn bare(&self, code: i32, text: impl Into<Vec<u8>>) -> OptionError {
        OptionError::line(self.role(), code, text)
    }
    /// A usage error with rsync's prefix.
    pub(super) fn error(&self, text: impl AsRef<[u8]>) -> OptionError {
        self.bare(1, [b"rsync: ", text.as_ref()].concat())
    }
    /// The prefix of errors about the arguments themselves.
    pub(super) fn prefix(&self) -> &'static str {
        if self.am_server { "rsync: on remote machine: " } else { "rsync: " }
    }
}
