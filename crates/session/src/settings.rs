//! What the options mean: the resolved settings that the roles read. What was typed is [`crate::options`]' business.

/// What stands before a munged symlink's target, so that it leads nowhere (`--munge-links`).
pub const MUNGE_PREFIX: &[u8] = b"/rsyncd-munged/";

use crate::report::format::Served;

/// When extraneous files are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DeleteTiming {
    Before,
    During,
    Delay,
    After,
}

/// The options that look for unchanged files elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum AltDestKind {
    Compare,
    Copy,
    Link,
}

impl AltDestKind {
    /// The option's name.
    pub fn option(self) -> &'static str {
        match self {
            AltDestKind::Compare => "--compare-dest",
            AltDestKind::Copy => "--copy-dest",
            AltDestKind::Link => "--link-dest",
        }
    }
}

/// What the sender removes after the receiver has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum RemoveSource {
    #[default]
    Nothing,
    /// `--remove-sent-files`: what was transferred.
    Sent,
    /// `--remove-source-files`: that, and what the receiver has already.
    Source,
}

/// `--append`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Append {
    #[default]
    Off,
    Append,
    /// The old part is part of the checksum.
    Verify,
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

/// `--info` levels (man page, --info), already merged with `-v`.
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

macro_rules! lowest {
    ($type:ident: $($field:ident)*) => {
        impl $type {
            /// The lower level of both, word by word.
            pub fn min(self, other: $type) -> $type {
                $type { $($field: self.$field.min(other.$field)),* }
            }
        }
    };
}

lowest!(InfoLevels: backup copy del flist misc mount name nonreg progress remove skip stats symsafe);
lowest!(DebugLevels: acl backup bind chdir connect cmd del deltasum dup exit filter flist fuzzy genr hash hlink
    iconv io nstr own proto recv send time);

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

    /// Whom a daemon's server serves, and which module.
    pub served: Option<std::sync::Arc<Served>>,

    /// A client of a daemon.
    pub am_daemon_client: bool,

    // What is copied.
    pub recurse: bool,
    /// `-r` was given, not only what implies it.
    pub recurse_given: bool,
    /// `-d` was given, and nothing that recurses.
    pub dirs_given: bool,
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
    /// `-H` was given more than once, which a batch says otherwise.
    pub hard_links_again: bool,
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
    /// `--only-write-batch`: a dry run whose data is recorded.
    pub only_write_batch: bool,
    /// The batch to record.
    pub write_batch: Option<Vec<u8>>,
    /// The batch to apply.
    pub read_batch: Option<Vec<u8>>,

    /// `--remove-source-files`.
    pub remove_source: RemoveSource,
    pub mkpath: bool,
    pub munge_links: bool,
    /// A daemon's module that is not at the root of its process's tree: received link targets are kept from leading
    /// out of it.
    pub sanitize_links: bool,
    pub insecure_links: bool,
    /// A daemon's sender leaves out what it may not read.
    pub ignore_nonreadable: bool,
    pub confine_root: Option<Vec<u8>>,

    // Attributes.
    /// As typed, clauses of several options joined with commas.
    pub chmod: Option<Vec<u8>>,
    /// A daemon's `incoming chmod`, which changes also modes that are not the sender's.
    pub incoming_chmod: Option<Vec<u8>>,
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
    /// A daemon's module made ids numeric, not the client: id lists are exchanged all the same, without names.
    pub nameless_ids: bool,
    pub open_noatime: bool,
    /// `--super` or `--no-super`; `None` asks the effective uid.
    pub super_user: Option<bool>,
    pub fake_super: bool,
    pub drop_devices: bool,
    pub copy_devices: bool,
    pub write_devices: bool,
    pub usermap: Option<Vec<u8>>,
    pub groupmap: Option<Vec<u8>>,
    pub copy_as: Option<Vec<u8>>,
    /// `--iconv` as typed.
    pub iconv: Option<Vec<u8>>,
    /// `-s`: arguments travel past the remote shell, and what names files among them can be converted.
    pub secluded: bool,

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
    /// `--compress-threads`.
    pub compress_threads: u32,
    /// `--skip-compress` as typed; the stream does not depend on it.
    pub skip_compress: Option<Vec<u8>>,
    /// `RSYNC_CHECKSUM_LIST`, both sides' parts.
    pub checksum_list: Option<String>,
    /// `RSYNC_COMPRESS_LIST`, both sides' parts.
    pub compress_list: Option<String>,
    pub inplace: bool,
    pub append: Append,
    pub partial: bool,
    pub partial_dir: Option<Vec<u8>>,
    pub delay_updates: bool,
    pub temp_dir: Option<Vec<u8>>,
    pub sparse: bool,
    pub preallocate: bool,
    pub fsync: bool,
    /// 0, 1 or 2 (`-yy`).
    pub fuzzy: u8,
    /// `--compare-dest`, `--copy-dest` or `--link-dest` and its directories.
    pub alt_dest: Option<(AltDestKind, Vec<Vec<u8>>)>,
    pub backup: bool,
    pub backup_dir: Option<Vec<u8>>,
    /// The suffix of backups, its default included.
    pub suffix: Vec<u8>,
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
    /// `--stop-after`, `--stop-at`.
    pub stop_at: Option<std::time::SystemTime>,
    /// How runs of files leave this end.
    pub zero_copy: fast_io::Policy,
    /// Seconds, 0 = none.
    pub timeout: u32,
    pub max_alloc: u64,
    /// Highest protocol offered (`--protocol`); it may be higher than what we speak, as long as the peer's is not.
    pub protocol_max: u32,
    pub trust_sender: bool,
    /// The names of the sources are not compared with what was asked for; filters still are.
    pub trust_sender_args: bool,

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
    pub log_file: Option<Vec<u8>>,
    pub log_file_format: Option<Vec<u8>>,
}

impl Settings {
    /// The name of the module that is served.
    pub fn module(&self) -> &[u8] {
        self.served.as_ref().map_or(b"", |served| &served.module)
    }
    /// How the root of the module that is served is named in messages.
    pub fn module_root(&self) -> &[u8] {
        if self.served.as_ref().is_some_and(|served| served.at_root) { b"/" } else { b"" }
    }
    /// Whether sums and attribute values are exchanged, as for a transfer that changes something.
    pub fn asks_for_data(&self) -> bool {
        !self.dry_run || self.only_write_batch
    }
    /// Whether files go whole unless there is an option about it.
    pub fn sends_whole_files(&self) -> bool {
        self.whole_file.unwrap_or(self.local && self.write_batch.is_none())
    }
}
