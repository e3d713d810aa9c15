//! What the options mean: the resolved settings that the roles read. What was typed is [`crate::options`]' business.

/// When extraneous files are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DeleteTiming {
    Before,
    During,
    Delay,
    After,
}

/// Where `--files-from` names come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilesFrom {
    /// A file of this host; `-` is stdin.
    Local(Vec<u8>),
    /// A file of the remote host (path there).
    Remote(Vec<u8>),
    /// A server whose names come over the protocol (`--files-from=-`).
    Peer,
}

/// `--info` levels (spec chapter 04, -v, --info, --debug), already merged with `-v`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct InfoLevels {
    pub backup: u8,
    pub copy: u8,
    pub del: u8,
    pub flist: u8,
    pub misc: u8,
    pub mount: u8,
    pub name: u8,
    pub nonreg: u8,
    pub progress: u8,
    pub remove: u8,
    pub skip: u8,
    pub stats: u8,
    pub symsafe: u8,
}

/// `--debug` levels, already merged with `-v`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct DebugLevels {
    pub acl: u8,
    pub backup: u8,
    pub bind: u8,
    pub chdir: u8,
    pub connect: u8,
    pub cmd: u8,
    pub del: u8,
    pub deltasum: u8,
    pub dup: u8,
    pub exit: u8,
    pub filter: u8,
    pub flist: u8,
    pub fuzzy: u8,
    pub genr: u8,
    pub hash: u8,
    pub hlink: u8,
    pub iconv: u8,
    pub io: u8,
    pub nstr: u8,
    pub own: u8,
    pub proto: u8,
    pub recv: u8,
    pub send: u8,
    pub time: u8,
}

/// `--stderr` modes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum StderrMode {
    #[default]
    Errors,
    All,
    Client,
}

/// The settings of one side of a session. Values are final except where the handshake decides
/// ([`crate::Session`] then holds the outcome): deletion timing, incremental recursion, checksums, compression.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Settings {
    // Which end this is.
    pub am_server: bool,
    pub am_sender: bool,
    /// Both ends in this process.
    pub local: bool,
    /// A server serving a daemon's module.
    pub am_daemon: bool,

    /// A client of a daemon.
    pub am_daemon_client: bool,

    // What is copied (spec chapter 04, What is copied).
    pub recurse: bool,
    pub dirs: bool,
    /// `--inc-recursive` is allowed by the options of this side (protocol and peer decide).
    pub inc_recurse: bool,
    pub relative: bool,
    pub implied_dirs: bool,
    pub links: bool,
    pub copy_links: bool,
    pub copy_unsafe_links: bool,
    pub safe_links: bool,
    pub copy_dirlinks: bool,
    pub keep_dirlinks: bool,
    pub hard_links: bool,
    /// 0, 1 or 2.
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
    pub files_from: Option<FilesFrom>,
    pub from0: bool,
    pub ignore_missing_args: bool,
    pub delete_missing_args: bool,
    pub list_only: bool,
    pub dry_run: bool,

    // Attributes.
    pub perms: bool,
    pub executability: bool,
    pub acls: bool,
    /// 0, 1 or 2 (`-XX`).
    pub xattrs: u8,
    pub owner: bool,
    pub group: bool,
    pub devices: bool,
    pub specials: bool,
    pub times: bool,
    /// 0, 1 or 2 (`-UU`).
    pub atimes: u8,
    pub crtimes: bool,
    pub omit_dir_times: bool,
    pub omit_link_times: bool,
    pub modify_window: i32,
    pub numeric_ids: bool,

    // Transfer.
    /// `None`: the default (on for local copies).
    pub whole_file: Option<bool>,
    /// Bytes, 0 = automatic.
    pub block_size: u32,
    /// As typed; `None` = negotiate.
    pub checksum_choice: Option<String>,
    pub checksum_seed: i32,
    pub compress: bool,
    /// As typed or implied (`zlibx` for `-zz`); `None` = negotiate.
    pub compress_choice: Option<String>,
    pub compress_level: Option<i32>,
    pub inplace: bool,
    pub partial: bool,
    pub sparse: bool,
    pub delete: bool,
    /// `None`: by protocol.
    pub delete_when: Option<DeleteTiming>,
    pub delete_excluded: bool,
    pub force: bool,
    pub ignore_errors: bool,
    /// `--max-delete`.
    pub max_delete: Option<u64>,
    /// KiB per second, 0 = unlimited.
    pub bwlimit: u32,
    /// Seconds, 0 = none.
    pub timeout: u32,
    pub max_alloc: u64,
    /// Highest protocol offered.
    pub protocol_max: u32,
    pub trust_sender: bool,

    // Output.
    pub verbose: u8,
    pub quiet: bool,
    pub info: InfoLevels,
    pub debug: DebugLevels,
    pub stderr_mode: StderrMode,
    /// `-i` count; on a server 2 means `--log-format=%i%I`.
    pub itemize: u8,
    /// `--out-format` (or what `-i`/`-v` imply); on a server what `--log-format` said.
    pub out_format: Option<Vec<u8>>,
    /// `--stats`.
    pub stats: bool,
    /// 0 to 3.
    pub human: u8,
    pub eight_bit: bool,
}

impl Settings {
    /// Whether any delete option is active.
    pub fn deleting(&self) -> bool {
        self.delete
    }
}
