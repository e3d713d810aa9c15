//! Walks the command line in order. Values that rsync checks as it meets them are checked here;
//! what depends on other options is left to `resolve`.
use super::{
    OptionError,
    levels::{self, Priority, WordsError},
    parse::{self, Given},
    plan::{Family, RuleArg},
    sizes::{self, SizeRule},
    state::{IdMap, Recurse, State, Stop},
    stop::{self, StopError},
    table::Opt,
};
use crate::{
    chmod::{self, Chmod},
    settings::{AltDestKind, Append, RemoveSource, StderrMode},
};
use fast_io::Policy;
use std::time::SystemTime;

/// More `--link-dest` and the like are refused.
const MAX_ALT_DESTS: usize = 20;

const SIZE: SizeRule =
    SizeRule { name: "max-size", unit: b'B', min: 0, max: None, zero_is_unlimited: false };

impl State {
    /// Takes one option.
    pub(super) fn apply(&mut self, given: &Given) -> Result<(), Stop> {
        let on = given.on;
        let owned = || given.text().to_vec();
        match given.entry.opt {
            Opt::Server => self.am_server = true,
            Opt::Sender => {
                if !self.am_server {
                    return Err(OptionError::usage(self.role()).into());
                }
                self.am_sender = true;
            }
            Opt::DaemonMode => return Err(Stop::Daemon),
            Opt::Help => return Err(self.shown(super::help())),
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
            Opt::LogFile => self.log_file = Some(owned()).filter(|name| !name.is_empty()),
            Opt::LogFileFormat => self.log_file_format = Some(owned()),
            Opt::EightBit => self.eight_bit = on,
            Opt::Outbuf => self.outbuf = Some(owned()),
            Opt::Motd => self.motd = on,

            Opt::Archive => self.archive(),
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
            Opt::Filter => self.filter(RuleArg::Filter(owned())),
            Opt::MergeFilter => self.merge_filter(),
            Opt::Exclude => self.filter(RuleArg::Exclude(owned())),
            Opt::Include => self.filter(RuleArg::Include(owned())),
            Opt::ExcludeFrom => self.filter(RuleArg::ExcludeFrom(owned())),
            Opt::IncludeFrom => self.filter(RuleArg::IncludeFrom(owned())),
            Opt::FilesFrom => self.files_from = Some(owned()),
            Opt::From0 => self.from0 = on,
            Opt::IgnoreMissingArgs => self.ignore_missing_args = true,
            Opt::DeleteMissingArgs => self.delete_missing_args = true,
            Opt::RemoveSourceFiles => self.remove_source = RemoveSource::Source,
            Opt::RemoveSentFiles => self.remove_source = RemoveSource::Sent,
            Opt::ListOnly => self.list_only = true,
            Opt::DryRun => self.dry_run = true,

            Opt::Perms => self.perms = on,
            Opt::Executability => self.executability = true,
            Opt::Chmod => self.chmod(given.text())?,
            Opt::Acls => {
                self.check_known_here(on, "ACLs")?;
                self.acls = on;
                self.perms |= on;
            }
            Opt::Xattrs => {
                self.check_known_here(on, "extended attributes")?;
                self.xattrs = count(self.xattrs, on);
            }
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
            Opt::WriteDevices => self.write_devices = on,
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
            Opt::Usermap => self.map(IdMap::Map(owned()), true)?,
            Opt::Groupmap => self.map(IdMap::Map(owned()), false)?,
            Opt::Chown => self.chown(given.text())?,
            Opt::CopyAs => self.copy_as = Some(owned()),

            Opt::WholeFile => self.whole_file = Some(on),
            Opt::BlockSize => self.block_size = self.block_size(given.text())?,
            Opt::ChecksumChoice => self.checksum_choice = Some(owned()),
            Opt::ChecksumSeed => self.checksum_seed = given.int(),
            Opt::CompareDest => self.alt_dest(AltDestKind::Compare, given.text())?,
            Opt::CopyDest => self.alt_dest(AltDestKind::Copy, given.text())?,
            Opt::LinkDest => self.alt_dest(AltDestKind::Link, given.text())?,
            Opt::Fuzzy => self.fuzzy = count(self.fuzzy, on),
            Opt::Inplace => self.inplace = on,
            Opt::Append => self.append = self.append(on),
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
            Opt::ZeroCopy => self.zero_copy = self.zero_copy(given)?,
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
            Opt::WriteBatch => {
                self.write_batch = true;
                self.batch_name = owned();
            }
            Opt::OnlyWriteBatch => {
                self.write_batch = true;
                self.only_write_batch = true;
                self.batch_name = owned();
            }
            Opt::ReadBatch => {
                self.read_batch = true;
                self.batch_name = owned();
            }

            Opt::Rsh => self.shell = Some(owned()),
            Opt::RsyncPath => self.rsync_path = Some(owned()),
            Opt::RemoteOption => self.remote_option(given.text())?,
            Opt::OldArgs => {
                self.old_args =
                    Some(if on { self.old_args.unwrap_or(0).saturating_add(1) } else { 0 });
            }
            Opt::SecludedArgs => self.secluded = Some(on),
            Opt::TrustSender => self.trust_sender = true,
            // A dash is off, whatever the environment says.
            Opt::Iconv => self.iconv = Some(if on { owned() } else { b"-".to_vec() }),
            Opt::Ipv4 => self.family = Family::V4,
            Opt::Ipv6 => self.family = Family::V6,
            Opt::Address => self.address = Some(owned()),
            Opt::Port => self.port = given.int(),
            Opt::Sockopts => self.sockopts = Some(owned()),
            Opt::PasswordFile => self.password_file = Some(owned()),
            Opt::EarlyInput => self.early_input = Some(owned()),
            Opt::BlockingIo => self.blocking_io = Some(on),
            Opt::Protocol => self.protocol = given.int(),
            Opt::StopAfter => self.stop_at = Some(self.stop_after(given.text())?),
            Opt::StopAt => self.stop_at = Some(self.stop_at(given.text())?),
            // Only in the daemon's table.
            Opt::Config | Opt::Dparam | Opt::Detach => {}
        }
        Ok(())
    }

    fn archive(&mut self) {
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

    /// -F counts.
    fn merge_filter(&mut self) {
        self.merge_filters += 1;
        match self.merge_filters {
            1 => self.filter(RuleArg::Filter(b": /.rsync-filter".to_vec())),
            2 => self.filter(RuleArg::Filter(b"- .rsync-filter".to_vec())),
            _ => {}
        }
    }

    fn block_size(&self, text: &[u8]) -> Result<u32, OptionError> {
        // Protocols below 30 had a larger limit, but only a --protocol before this option counts.
        let max = if self.protocol < 30 { 1 << 29 } else { 1 << 17 };
        let rule = SizeRule { name: "block-size", max: Some(max), ..SIZE };
        Ok(u32::try_from(self.size(rule, text)?).expect("at most 2^29"))
    }

    fn append(&self, on: bool) -> Append {
        match (on, self.am_server, self.append) {
            (false, ..) => Append::Off,
            // A client says it twice to mean --append-verify.
            (true, true, Append::Append | Append::Verify) => Append::Verify,
            (true, ..) => Append::Append,
        }
    }

    fn zero_copy(&self, given: &Given) -> Result<Policy, OptionError> {
        match given.value {
            _ if !given.on => Ok(Policy::Never),
            parse::Value::None => Ok(Policy::Always),
            _ => match given.text() {
                b"auto" => Ok(Policy::Auto),
                b"always" => Ok(Policy::Always),
                b"never" => Ok(Policy::Never),
                _ => Err(self.error("--zero-copy must be one of: auto, always, never")),
            },
        }
    }

    fn stop_after(&self, text: &[u8]) -> Result<SystemTime, OptionError> {
        let wrong = || self.error([b"invalid --stop-after value: ", text].concat());
        stop::after(text, SystemTime::now()).ok_or_else(wrong)
    }

    fn stop_at(&self, text: &[u8]) -> Result<SystemTime, OptionError> {
        stop::at(text).map_err(|e| {
            let begin: &[u8] = match e {
                StopError::Format => b"invalid --stop-at format: ",
                StopError::Past => b"--stop-at time is not in the future: ",
            };
            self.error([begin, text].concat())
        })
    }

    fn remote_option(&mut self, text: &[u8]) -> Result<(), OptionError> {
        if !text.starts_with(b"-") {
            return Err(self.error([b"Remote option must start with a dash: ", text].concat()));
        }
        self.remote_options.push(text.to_vec());
        Ok(())
    }

    /// Refuses what this system's files do not have.
    fn check_known_here(&self, on: bool, what: &str) -> Result<(), OptionError> {
        if !on || fsroot::xattr::SUPPORTED {
            return Ok(());
        }
        let side = if self.am_server { "server" } else { "client" };
        Err(self.error(format!("{what} are not supported on this {side}")))
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

    fn chmod(&mut self, text: &[u8]) -> Result<(), OptionError> {
        if Chmod::parse(text, 0).is_none() {
            let text = [b"Invalid argument passed to --chmod (", text, b")"].concat();
            return Err(self.error(text));
        }
        self.chmod = Some(chmod::joined(self.chmod.take(), text));
        Ok(())
    }

    fn chown(&mut self, text: &[u8]) -> Result<(), OptionError> {
        let (user, group) = match text.iter().position(|&b| b == b':') {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (text, &b""[..]),
        };
        if !user.is_empty() {
            self.map(IdMap::Chown([b"*:", user].concat()), true)?;
        }
        if !group.is_empty() {
            self.map(IdMap::Chown([b"*:", group].concat()), false)?;
        }
        Ok(())
    }

    fn map(&mut self, new: IdMap, user: bool) -> Result<(), OptionError> {
        let kind = if user { "user" } else { "group" };
        let slot = if user { &mut self.usermap } else { &mut self.groupmap };
        let text = match (&*slot, &new) {
            (None, _) => {
                *slot = Some(new);
                // A server is told by letters of their own what is kept.
                let kept = if user { &mut self.owner } else { &mut self.group };
                *kept |= !self.am_server;
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
