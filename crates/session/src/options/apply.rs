//! The state of every option while the command line is walked in order. Values that rsync checks as it meets them are
//! checked here; what depends on other options is left to `resolve`.
use super::{
    OptionError,
    levels::{self, Levels, Priority, WordsError},
    parse::Given,
    plan::{Family, RuleArg},
    sizes::{self, SizeRule},
    table::Opt,
};
use crate::{
    log::Role,
    settings::{AltDestKind, Append, RemoveSource, StderrMode},
};

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
#[derive(Debug)]
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
    pub filters: Vec<RuleArg>,
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
/// More `--link-dest` and the like are refused.
const MAX_ALT_DESTS: usize = 20;

const SIZE: SizeRule =
    SizeRule { name: "max-size", unit: b'B', min: 0, max: None, zero_is_unlimited: false };

impl State {
    pub(super) fn new() -> State {
        State {
            am_server: false,
            am_sender: false,
            am_daemon: false,
            show_version: 0,
            verbose: 0,
            quiet: false,
            info: Levels::new(&levels::INFO),
            debug: Levels::new(&levels::DEBUG),
            stderr: None,
            human: 1,
            stats: false,
            progress: false,
            itemize: 0,
            out_format: None,
            log_file: None,
            log_file_format: None,
            eight_bit: false,
            outbuf: None,
            motd: true,
            recurse: Recurse::No,
            inc_recurse: true,
            qsort: false,
            dirs: None,
            explicit_dirs: false,
            old_dirs: false,
            relative: None,
            implied_dirs: true,
            mkpath: false,
            links: false,
            copy_links: false,
            copy_unsafe_links: false,
            safe_links: false,
            munge_links: false,
            insecure_links: false,
            confine_root: None,
            copy_dirlinks: false,
            keep_dirlinks: false,
            hard_links: 0,
            one_file_system: 0,
            existing: false,
            ignore_existing: false,
            update: false,
            ignore_times: false,
            size_only: false,
            checksum: false,
            max_size: None,
            min_size: None,
            prune_empty_dirs: false,
            cvs_exclude: false,
            merge_filters: 0,
            filters: Vec::new(),
            files_from: None,
            from0: false,
            ignore_missing_args: false,
            delete_missing_args: false,
            remove_source: RemoveSource::Nothing,
            list_only: false,
            dry_run: false,
            perms: false,
            executability: false,
            chmod: None,
            acls: false,
            xattrs: 0,
            owner: false,
            group: false,
            devices: false,
            specials: false,
            drop_devices: false,
            copy_devices: false,
            write_devices: false,
            times: false,
            atimes: 0,
            open_noatime: false,
            omit_dir_times: false,
            omit_link_times: false,
            modify_window: None,
            super_user: None,
            fake_super: false,
            numeric_ids: false,
            usermap: None,
            groupmap: None,
            copy_as: None,
            whole_file: None,
            block_size: 0,
            checksum_choice: None,
            checksum_seed: 0,
            alt_dest: None,
            fuzzy: 0,
            inplace: false,
            append: Append::Off,
            sparse: false,
            preallocate: false,
            fsync: false,
            temp_dir: None,
            partial: false,
            partial_dir: None,
            delay_updates: false,
            compress: 0,
            compress_choice: None,
            compress_level: None,
            compress_threads: 0,
            skip_compress: None,
            bwlimit: 0,
            timeout: 0,
            contimeout: 0,
            max_alloc: None,
            delete: false,
            delete_before: false,
            delete_during: None,
            delete_after: false,
            delete_excluded: false,
            force: false,
            ignore_errors: false,
            max_delete: None,
            backup: false,
            backup_dir: None,
            suffix: None,
            write_batch: false,
            only_write_batch: false,
            read_batch: false,
            shell: None,
            rsync_path: None,
            remote_options: Vec::new(),
            old_args: None,
            secluded: None,
            trust_sender: false,
            iconv: None,
            family: Family::Any,
            address: None,
            port: 0,
            sockopts: None,
            password_file: None,
            early_input: None,
            blocking_io: None,
            protocol: PROTOCOL_MAX,
        }
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

    /// Takes one option. `unchecked` leaves out the refusal of what is not built.
    pub(super) fn apply(&mut self, given: &Given, unchecked: bool) -> Result<(), Stop> {
        let on = given.on;
        let owned = || given.text().to_vec();
        let some = || on.then(|| given.text().to_vec());
        self.check_built(given, unchecked)?;
        match given.entry.opt {
            Opt::Server => self.am_server = true,
            Opt::Sender => {
                if !self.am_server {
                    return Err(OptionError::usage(self.role()).into());
                }
                self.am_sender = true;
            }
            Opt::DaemonMode => return Err(Stop::Daemon),
            Opt::Help => return Err(Stop::Print(super::help())),
            Opt::Version => self.show_version += 1,

            Opt::Verbose => self.verbose = if on { self.verbose + 1 } else { 0 },
            Opt::Quiet => self.quiet = true,
            Opt::Info => self.words(given.text(), false)?,
            Opt::Debug => self.words(given.text(), true)?,
            Opt::Stderr => self.stderr = Some(self.stderr_mode(given.text())?),
            Opt::Msgs2Stderr => {
                self.stderr = Some(if on { StderrMode::All } else { StderrMode::Client });
            }
            Opt::HumanReadable => {
                self.human = if on { self.human.saturating_add(1).min(3) } else { 0 };
            }
            Opt::Stats => self.stats = true,
            Opt::Progress => self.progress = on,
            Opt::PartialProgress => {
                self.partial = true;
                self.progress = true;
            }
            Opt::Itemize => self.itemize = count(self.itemize, on),
            Opt::OutFormat => self.out_format = Some(owned()),
            Opt::LogFile => self.log_file = Some(owned()),
            Opt::LogFileFormat => self.log_file_format = Some(owned()),
            Opt::EightBit => self.eight_bit = on,
            Opt::Outbuf => self.outbuf = Some(owned()),
            Opt::Motd => self.motd = on,

            Opt::Archive => {
                if self.recurse == Recurse::No {
                    self.recurse = Recurse::Implied;
                }
                self.links = true;
                self.perms = true;
                self.times = true;
                self.group = true;
                self.owner = true;
                self.devices = true;
                self.specials = true;
            }
            Opt::Recursive => self.recurse = if on { Recurse::Yes } else { Recurse::No },
            Opt::IncRecursive => self.inc_recurse = on,
            Opt::Qsort => self.qsort = true,
            Opt::Dirs => {
                self.dirs = Some(on);
                self.explicit_dirs = on;
                self.old_dirs = false;
            }
            Opt::OldDirs => self.old_dirs = true,
            Opt::Relative => self.relative = Some(on),
            Opt::ImpliedDirs => self.implied_dirs = on,
            Opt::Mkpath => self.mkpath = on,
            Opt::Links => self.links = on,
            Opt::CopyLinks => self.copy_links = true,
            Opt::CopyUnsafeLinks => self.copy_unsafe_links = true,
            Opt::SafeLinks => self.safe_links = true,
            Opt::MungeLinks => self.munge_links = on,
            Opt::InsecureLinks => self.insecure_links = on,
            Opt::ConfineRoot => self.confine_root = Some(owned()),
            Opt::CopyDirlinks => self.copy_dirlinks = true,
            Opt::KeepDirlinks => self.keep_dirlinks = true,
            Opt::HardLinks => self.hard_links = count(self.hard_links, on),
            Opt::OneFileSystem => self.one_file_system = count(self.one_file_system, on),
            Opt::Existing => self.existing = true,
            Opt::IgnoreExisting => self.ignore_existing = true,
            Opt::Update => self.update = true,
            Opt::IgnoreTimes => self.ignore_times = true,
            Opt::SizeOnly => self.size_only = true,
            Opt::Checksum => self.checksum = on,
            Opt::MaxSize => self.max_size = Some(self.size(SIZE, given.text())?),
            Opt::MinSize => {
                let rule = SizeRule { name: "min-size", ..SIZE };
                self.min_size = Some(self.size(rule, given.text())?);
            }
            Opt::PruneEmptyDirs => self.prune_empty_dirs = on,
            Opt::CvsExclude => self.cvs_exclude = true,
            Opt::Filter => self.filters.push(RuleArg::Filter(owned())),
            Opt::MergeFilter => {
                self.merge_filters += 1;
                match self.merge_filters {
                    1 => self.filters.push(RuleArg::Filter(b": /.rsync-filter".to_vec())),
                    2 => self.filters.push(RuleArg::Filter(b"- .rsync-filter".to_vec())),
                    _ => {}
                }
            }
            Opt::Exclude => self.filters.push(RuleArg::Exclude(owned())),
            Opt::Include => self.filters.push(RuleArg::Include(owned())),
            Opt::ExcludeFrom => self.filters.push(RuleArg::ExcludeFrom(owned())),
            Opt::IncludeFrom => self.filters.push(RuleArg::IncludeFrom(owned())),
            Opt::FilesFrom => self.files_from = Some(owned()),
            Opt::From0 => self.from0 = on,
            Opt::IgnoreMissingArgs => self.ignore_missing_args = true,
            Opt::DeleteMissingArgs => self.delete_missing_args = true,
            Opt::RemoveSourceFiles => self.remove_source = RemoveSource::Source,
            Opt::RemoveSentFiles => {
                if self.remove_source == RemoveSource::Nothing {
                    self.remove_source = RemoveSource::Sent;
                }
            }
            Opt::ListOnly => self.list_only = true,
            Opt::DryRun => self.dry_run = true,

            Opt::Perms => self.perms = on,
            Opt::Executability => self.executability = true,
            Opt::Chmod => match &mut self.chmod {
                Some(all) => {
                    all.push(b',');
                    all.extend_from_slice(given.text());
                }
                None => self.chmod = Some(owned()),
            },
            Opt::Acls => {
                self.acls = on;
                self.perms |= on;
            }
            Opt::Xattrs => self.xattrs = count(self.xattrs, on),
            Opt::Owner => self.owner = on,
            Opt::Group => self.group = on,
            Opt::Devices => self.devices = on,
            Opt::Specials => self.specials = on,
            Opt::DevicesAndSpecials => {
                self.devices = on;
                self.specials = on;
            }
            Opt::DropD => self.drop_devices = on,
            Opt::CopyDevices => self.copy_devices = true,
            Opt::WriteDevices => {
                self.write_devices = on;
                self.inplace |= on;
            }
            Opt::Times => self.times = on,
            Opt::Atimes => self.atimes = count(self.atimes, on),
            Opt::OpenNoatime => self.open_noatime = on,
            Opt::Crtimes => {
                if on {
                    let who = if self.am_server { "The server" } else { "This rsync" };
                    let name = given.entry.full_name();
                    return Err(self.error(format!("{who} does not support {name}")).into());
                }
            }
            Opt::OmitDirTimes => self.omit_dir_times = on,
            Opt::OmitLinkTimes => self.omit_link_times = on,
            Opt::ModifyWindow => self.modify_window = Some(given.int()),
            Opt::Super => {
                self.super_user = Some(on);
                self.fake_super = false;
            }
            Opt::FakeSuper => {
                self.super_user = None;
                self.fake_super = true;
            }
            Opt::NumericIds => self.numeric_ids = on,
            Opt::Usermap => {
                self.map(IdMap::Map(owned()), true)?;
                self.owner = true;
            }
            Opt::Groupmap => {
                self.map(IdMap::Map(owned()), false)?;
                self.group = true;
            }
            Opt::Chown => self.chown(given.text())?,
            Opt::CopyAs => self.copy_as = Some(owned()),

            Opt::WholeFile => self.whole_file = Some(on),
            Opt::BlockSize => {
                // Protocols below 30 had a larger limit, but only a --protocol before this option counts.
                let max = if self.protocol < 30 { 1 << 29 } else { 1 << 17 };
                let rule = SizeRule { name: "block-size", max: Some(max), ..SIZE };
                let size = self.size(rule, given.text())?;
                self.block_size = u32::try_from(size).expect("at most 2^29");
            }
            Opt::ChecksumChoice => self.checksum_choice = Some(owned()),
            Opt::ChecksumSeed => self.checksum_seed = given.int(),
            Opt::CompareDest => self.alt_dest(AltDestKind::Compare, given.text())?,
            Opt::CopyDest => self.alt_dest(AltDestKind::Copy, given.text())?,
            Opt::LinkDest => self.alt_dest(AltDestKind::Link, given.text())?,
            Opt::Fuzzy => self.fuzzy = count(self.fuzzy, on),
            Opt::Inplace => self.inplace = on,
            Opt::Append => {
                self.append = match (on, self.am_server, self.append) {
                    (false, ..) => Append::Off,
                    // A client says it twice to mean --append-verify.
                    (true, true, Append::Append | Append::Verify) => Append::Verify,
                    (true, ..) => Append::Append,
                };
            }
            Opt::AppendVerify => self.append = Append::Verify,
            Opt::Sparse => self.sparse = on,
            Opt::Preallocate => self.preallocate = true,
            Opt::Fsync => self.fsync = true,
            Opt::TempDir => self.temp_dir = Some(owned()),
            Opt::Partial => self.partial = on,
            Opt::PartialDir => {
                self.partial = true;
                self.partial_dir = Some(owned());
            }
            Opt::DelayUpdates => self.delay_updates = on,
            Opt::Compress => {
                self.compress = count(self.compress, on);
                if !on {
                    self.compress_choice = None;
                }
            }
            Opt::OldCompress => self.compress_choice = Some(b"zlib".to_vec()),
            Opt::NewCompress => self.compress_choice = Some(b"zlibx".to_vec()),
            Opt::CompressChoice => self.compress_choice = Some(owned()),
            Opt::CompressLevel => self.compress_level = Some(given.int()),
            Opt::CompressThreads => self.compress_threads = given.int().max(0).unsigned_abs(),
            Opt::SkipCompress => self.skip_compress = Some(owned()),
            Opt::Bwlimit => {
                self.bwlimit = match on {
                    true => sizes::parse_bwlimit(given.text()).map_err(|e| self.error(e))?,
                    false => 0,
                };
            }
            Opt::Timeout => self.timeout = given.int().max(0).unsigned_abs(),
            Opt::Contimeout => self.contimeout = given.int(),
            Opt::MaxAlloc => self.max_alloc = Some(owned()),
            Opt::Delete => self.delete = true,
            Opt::DeleteBefore => self.delete_before = true,
            Opt::DeleteDuring => self.delete_during = Some(false),
            Opt::DeleteDelay => self.delete_during = Some(true),
            Opt::DeleteAfter => self.delete_after = true,
            Opt::DeleteExcluded => self.delete_excluded = true,
            Opt::Force => self.force = on,
            Opt::IgnoreErrors => self.ignore_errors = on,
            Opt::MaxDelete => self.max_delete = Some(given.int()),
            Opt::Backup => self.backup = on,
            Opt::BackupDir => self.backup_dir = Some(owned()),
            Opt::Suffix => self.suffix = Some(owned()),
            Opt::WriteBatch => self.write_batch = true,
            Opt::OnlyWriteBatch => {
                self.write_batch = true;
                self.only_write_batch = true;
            }
            Opt::ReadBatch => self.read_batch = true,

            Opt::Rsh => self.shell = Some(owned()),
            Opt::RsyncPath => self.rsync_path = Some(owned()),
            Opt::RemoteOption => {
                if !given.text().starts_with(b"-") {
                    let text = [b"Remote option must start with a dash: ", given.text()].concat();
                    return Err(self.error(text).into());
                }
                self.remote_options.push(owned());
            }
            Opt::OldArgs => {
                self.old_args =
                    Some(if on { self.old_args.unwrap_or(0).saturating_add(1) } else { 0 });
            }
            Opt::SecludedArgs => self.secluded = Some(on),
            Opt::TrustSender => self.trust_sender = true,
            Opt::Iconv => self.iconv = some(),
            Opt::Ipv4 => self.family = Family::V4,
            Opt::Ipv6 => self.family = Family::V6,
            Opt::Address => self.address = Some(owned()),
            Opt::Port => self.port = given.int(),
            Opt::Sockopts => self.sockopts = Some(owned()),
            Opt::PasswordFile => self.password_file = Some(owned()),
            Opt::EarlyInput => self.early_input = Some(owned()),
            Opt::BlockingIo => self.blocking_io = Some(on),
            Opt::Protocol => self.protocol = given.int(),
            // Not built, and without effect on what the server is told.
            Opt::StopAfter | Opt::StopAt => {}
            // Only in the daemon's table.
            Opt::Config | Opt::Dparam | Opt::Detach => {}
        }
        Ok(())
    }

    fn check_built(&self, given: &Given, unchecked: bool) -> Result<(), OptionError> {
        let harmless = match given.entry.opt {
            // A server ignores these anyway.
            Opt::WriteBatch | Opt::ReadBatch => self.am_server,
            Opt::Iconv => given.text() == b"-",
            _ => false,
        };
        if unchecked || given.entry.built || !given.on || harmless {
            return Ok(());
        }
        let text = format!("{}{}: not supported yet", self.prefix(), given.entry.name());
        Err(self.bare(4, text))
    }

    fn words(&mut self, text: &[u8], debug: bool) -> Result<(), Stop> {
        let server = self.am_server;
        let (levels, table, option) = match debug {
            true => (&mut self.debug, &levels::DEBUG, "debug"),
            false => (&mut self.info, &levels::INFO, "info"),
        };
        match levels.set(text, Priority::User, server) {
            Ok(()) => Ok(()),
            Err(WordsError::Help) => Err(Stop::Print(levels::words_help(table))),
            Err(WordsError::Unknown(name)) => {
                let start = format!("Unknown --{option} item: \"");
                Err(self.bare(1, [start.as_bytes(), &name, b"\""].concat()).into())
            }
        }
    }

    fn stderr_mode(&self, text: &[u8]) -> Result<StderrMode, OptionError> {
        let modes = [
            ("errors", StderrMode::Errors),
            ("all", StderrMode::All),
            ("client", StderrMode::Client),
        ];
        let mut modes = modes.into_iter();
        let found = modes.find(|(name, _)| !text.is_empty() && name.as_bytes().starts_with(text));
        found.map(|(_, mode)| mode).ok_or_else(|| {
            let end = b"\" is not one of errors, all, or client";
            self.error([b"--stderr mode \"", text, end].concat())
        })
    }

    fn size(&self, rule: SizeRule, text: &[u8]) -> Result<u64, OptionError> {
        sizes::parse_size(&rule, text).map_err(|e| self.error(e))
    }

    fn alt_dest(&mut self, kind: AltDestKind, dir: &[u8]) -> Result<(), OptionError> {
        let mut dirs = match self.alt_dest.take() {
            Some((other, _)) if other != kind => {
                let (new, old) = (kind.option(), other.option());
                return Err(
                    self.error(format!("ERROR: the {new} option conflicts with the {old} option"))
                );
            }
            Some((_, dirs)) => dirs,
            None => Vec::new(),
        };
        if dirs.len() >= MAX_ALT_DESTS {
            let option = kind.option();
            let text = format!("ERROR: at most {MAX_ALT_DESTS} {option} args may be specified");
            return Err(self.error(text));
        }
        dirs.push(dir.to_vec());
        self.alt_dest = Some((kind, dirs));
        Ok(())
    }

    fn chown(&mut self, text: &[u8]) -> Result<(), OptionError> {
        let (user, group) = match text.iter().position(|&b| b == b':') {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (text, &b""[..]),
        };
        if !user.is_empty() {
            self.map(IdMap::Chown([b"*:", user].concat()), true)?;
            self.owner = true;
        }
        if !group.is_empty() {
            self.map(IdMap::Chown([b"*:", group].concat()), false)?;
            self.group = true;
        }
        Ok(())
    }

    fn map(&mut self, new: IdMap, user: bool) -> Result<(), OptionError> {
        let kind = if user { "user" } else { "group" };
        let slot = if user { &mut self.usermap } else { &mut self.groupmap };
        let text = match (&*slot, &new) {
            (None, _) => {
                *slot = Some(new);
                return Ok(());
            }
            (Some(IdMap::Map(_)), IdMap::Map(_)) => {
                format!("You can only specify --{kind}map once.")
            }
            (Some(IdMap::Chown(_)), IdMap::Map(_)) => {
                format!("--{kind}map conflicts with prior --chown.")
            }
            (Some(IdMap::Map(_)), IdMap::Chown(_)) => {
                format!("--chown conflicts with prior --{kind}map.")
            }
            (Some(IdMap::Chown(_)), IdMap::Chown(_)) => {
                format!("You can only specify a {kind}-affecting --chown once.")
            }
        };
        Err(self.error(text))
    }
}

/// A letter that may be repeated; three are no more than two.
fn count(n: u8, on: bool) -> u8 {
    if on { n.saturating_add(1).min(2) } else { 0 }
}
