//! The one table of rsync's options. Lexing, `--help` and refusals by a daemon all read it; what an option does is decided by its [`Opt`] in `apply.rs`.
//!
//! The order of the entries is the order of the lines of `--help`.

/// What an option is about. Several entries may share one (`--del` is `--delete-during`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Opt {
    Verbose,
    Info,
    Debug,
    Stderr,
    Msgs2Stderr,
    Quiet,
    Motd,
    Checksum,
    Archive,
    Recursive,
    IncRecursive,
    Relative,
    ImpliedDirs,
    Backup,
    BackupDir,
    Suffix,
    Update,
    Inplace,
    Append,
    AppendVerify,
    Dirs,
    OldDirs,
    Mkpath,
    Links,
    CopyLinks,
    CopyUnsafeLinks,
    SafeLinks,
    InsecureLinks,
    ConfineRoot,
    MungeLinks,
    CopyDirlinks,
    KeepDirlinks,
    HardLinks,
    Perms,
    Executability,
    Chmod,
    Acls,
    Xattrs,
    Owner,
    Group,
    Devices,
    CopyDevices,
    WriteDevices,
    Specials,
    DropD,
    DevicesAndSpecials,
    Times,
    Atimes,
    OpenNoatime,
    Crtimes,
    OmitDirTimes,
    OmitLinkTimes,
    Super,
    FakeSuper,
    Sparse,
    Preallocate,
    DryRun,
    WholeFile,
    ChecksumChoice,
    OneFileSystem,
    BlockSize,
    Rsh,
    RsyncPath,
    Existing,
    IgnoreExisting,
    RemoveSourceFiles,
    RemoveSentFiles,
    Delete,
    DeleteBefore,
    DeleteDuring,
    DeleteDelay,
    DeleteAfter,
    DeleteExcluded,
    IgnoreMissingArgs,
    DeleteMissingArgs,
    IgnoreErrors,
    Force,
    MaxDelete,
    MaxSize,
    MinSize,
    MaxAlloc,
    Partial,
    PartialDir,
    DelayUpdates,
    PruneEmptyDirs,
    NumericIds,
    Usermap,
    Groupmap,
    Chown,
    Timeout,
    Contimeout,
    IgnoreTimes,
    SizeOnly,
    ModifyWindow,
    TempDir,
    Fuzzy,
    CompareDest,
    CopyDest,
    LinkDest,
    Compress,
    OldCompress,
    NewCompress,
    CompressChoice,
    CompressLevel,
    CompressThreads,
    SkipCompress,
    CvsExclude,
    Filter,
    MergeFilter,
    Exclude,
    ExcludeFrom,
    Include,
    IncludeFrom,
    FilesFrom,
    From0,
    OldArgs,
    SecludedArgs,
    TrustSender,
    CopyAs,
    Address,
    Port,
    Sockopts,
    BlockingIo,
    Outbuf,
    Stats,
    EightBit,
    HumanReadable,
    Progress,
    PartialProgress,
    Itemize,
    RemoteOption,
    OutFormat,
    LogFile,
    LogFileFormat,
    PasswordFile,
    EarlyInput,
    ListOnly,
    Bwlimit,
    ZeroCopy,
    StopAfter,
    StopAt,
    Fsync,
    WriteBatch,
    OnlyWriteBatch,
    ReadBatch,
    Protocol,
    Iconv,
    ChecksumSeed,
    Qsort,
    Ipv4,
    Ipv6,
    Server,
    Sender,
    /// An option that belongs to the daemon's table: parsing starts again with that one.
    DaemonMode,
    Version,
    Help,
    // Only in the daemon's table.
    Config,
    Dparam,
    Detach,
}

/// What follows an option; the text is what `--help` shows after `=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arg {
    /// Nothing.
    None,
    /// A text, taken as it is.
    Text(&'static str),
    /// A number of 32 bits.
    Int(&'static str),
    /// A text that may be left out; only behind `=`.
    Optional(&'static str),
}

/// One option.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What it is about.
    pub opt: Opt,
    /// The long name without dashes; empty if there is only a letter.
    pub long: &'static str,
    /// The letter.
    pub short: Option<u8>,
    /// Other long names.
    pub aliases: &'static [&'static str],
    /// The long names that switch it off, complete (`no-verbose`).
    pub off: &'static [&'static str],
    /// What follows it.
    pub arg: Arg,
    /// The line of `--help`; empty for none.
    pub help: &'static str,
    /// More lines of `--help`: column and text.
    pub more_help: &'static [(&'static str, &'static str)],
}

impl Entry {
    const fn off(mut self, names: &'static [&'static str]) -> Entry {
        self.off = names;
        self
    }
    const fn alias(mut self, names: &'static [&'static str]) -> Entry {
        self.aliases = names;
        self
    }
    const fn more(mut self, lines: &'static [(&'static str, &'static str)]) -> Entry {
        self.more_help = lines;
        self
    }

    /// Whether only programs say it: to a server, or about itself.
    pub fn is_internal(&self) -> bool {
        matches!(self.opt, Opt::Server | Opt::Sender)
    }

    /// The name for messages: `--long`, or `-x` for an option that has only a letter.
    pub fn name(&self) -> String {
        match self.short {
            Some(letter) if self.long.is_empty() => format!("-{}", letter as char),
            _ => format!("--{}", self.long),
        }
    }

    /// The name as refusals give it: `--long (-x)`.
    pub fn full_name(&self) -> String {
        match self.short {
            Some(letter) if !self.long.is_empty() => {
                format!("--{} (-{})", self.long, letter as char)
            }
            _ => self.name(),
        }
    }
}

const fn entry(opt: Opt, long: &'static str, short: u8, arg: Arg, help: &'static str) -> Entry {
    let short = if short == 0 { None } else { Some(short) };
    Entry { opt, long, short, aliases: &[], off: &[], arg, help, more_help: &[] }
}
/// An option without a value.
const fn flag(opt: Opt, long: &'static str, short: u8, help: &'static str) -> Entry {
    entry(opt, long, short, Arg::None, help)
}
/// An option with a text.
const fn text(
    opt: Opt,
    long: &'static str,
    short: u8,
    value: &'static str,
    help: &'static str,
) -> Entry {
    entry(opt, long, short, Arg::Text(value), help)
}
/// An option with a number.
const fn int(
    opt: Opt,
    long: &'static str,
    short: u8,
    value: &'static str,
    help: &'static str,
) -> Entry {
    entry(opt, long, short, Arg::Int(value), help)
}

/// No letter.
const X: u8 = 0;

/// Every option of a client or a server.
pub static OPTIONS: &[Entry] = &[
    flag(Opt::Verbose, "verbose", b'v', "increase verbosity").off(&["no-verbose", "no-v"]),
    text(Opt::Info, "info", X, "FLAGS", "fine-grained informational verbosity"),
    text(Opt::Debug, "debug", X, "FLAGS", "fine-grained debug verbosity"),
    text(Opt::Stderr, "stderr", X, "e|a|c", "change stderr output mode (default: errors)"),
    flag(Opt::Msgs2Stderr, "msgs2stderr", X, "").off(&["no-msgs2stderr"]),
    flag(Opt::Quiet, "quiet", b'q', "suppress non-error messages"),
    flag(Opt::Motd, "motd", X, "")
        .off(&["no-motd"])
        .more(&[("--no-motd", "suppress daemon-mode MOTD")]),
    flag(Opt::Checksum, "checksum", b'c', "skip based on checksum, not mod-time & size")
        .off(&["no-checksum", "no-c"]),
    flag(Opt::Archive, "archive", b'a', "archive mode is -rlptgoD (no -A,-X,-U,-N,-H)")
        .more(&[("--no-OPTION", "turn off an implied OPTION (e.g. --no-D)")]),
    flag(Opt::Recursive, "recursive", b'r', "recurse into directories")
        .off(&["no-recursive", "no-r"]),
    flag(Opt::IncRecursive, "inc-recursive", X, "")
        .alias(&["i-r"])
        .off(&["no-inc-recursive", "no-i-r"])
        .more(&[
            ("--inc-recursive, --i-r", "enable incremental recursion"),
            ("--no-inc-recursive", "disable incremental recursion"),
            ("--no-i-r", "same as --no-inc-recursive"),
        ]),
    flag(Opt::Relative, "relative", b'R', "use relative path names").off(&["no-relative", "no-R"]),
    flag(Opt::ImpliedDirs, "implied-dirs", X, "")
        .alias(&["i-d"])
        .off(&["no-implied-dirs", "no-i-d"])
        .more(&[("--no-implied-dirs", "don't send implied directories with --relative")]),
    flag(Opt::Backup, "backup", b'b', "make backups (see --suffix & --backup-dir)")
        .off(&["no-backup"]),
    text(Opt::BackupDir, "backup-dir", X, "DIR", "make backups into hierarchy based in DIR"),
    text(Opt::Suffix, "suffix", X, "SUFFIX", "backup suffix (default ~ w/o --backup-dir)"),
    flag(Opt::Update, "update", b'u', "skip files that are newer on the receiver"),
    flag(Opt::Inplace, "inplace", X, "update destination files in-place").off(&["no-inplace"]),
    flag(Opt::Append, "append", X, "append data onto shorter files").off(&["no-append"]),
    flag(Opt::AppendVerify, "append-verify", X, "--append w/old data in file checksum"),
    flag(Opt::Dirs, "dirs", b'd', "transfer directories without recursing")
        .off(&["no-dirs", "no-d"]),
    flag(Opt::OldDirs, "old-dirs", X, "works like --dirs when talking to old rsync")
        .alias(&["old-d"])
        .more(&[("--old-d", "same as --old-dirs")]),
    flag(Opt::Mkpath, "mkpath", X, "create destination's missing path components")
        .off(&["no-mkpath"]),
    flag(Opt::Links, "links", b'l', "copy symlinks as symlinks").off(&["no-links", "no-l"]),
    flag(Opt::CopyLinks, "copy-links", b'L', "transform symlink into referent file/directory"),
    flag(Opt::CopyUnsafeLinks, "copy-unsafe-links", X, "only \"unsafe\" symlinks are transformed"),
    flag(Opt::SafeLinks, "safe-links", X, "ignore symlinks that point outside the tree"),
    flag(
        Opt::InsecureLinks,
        "insecure-links",
        X,
        "follow attacker-owned symlinks in operator paths",
    )
    .off(&["no-insecure-links"]),
    text(Opt::ConfineRoot, "confine-root", X, "DIR", "refuse operator paths resolving outside DIR"),
    flag(Opt::MungeLinks, "munge-links", X, "munge symlinks to make them safe & unusable")
        .off(&["no-munge-links"]),
    flag(
        Opt::CopyDirlinks,
        "copy-dirlinks",
        b'k',
        "transform symlink to directory into referent directory",
    ),
    flag(
        Opt::KeepDirlinks,
        "keep-dirlinks",
        b'K',
        "treat symlinked directory on receiver as directory",
    ),
    flag(Opt::HardLinks, "hard-links", b'H', "preserve hard links").off(&["no-hard-links", "no-H"]),
    flag(Opt::Perms, "perms", b'p', "preserve permissions").off(&["no-perms", "no-p"]),
    flag(Opt::Executability, "executability", b'E', "preserve executability"),
    text(Opt::Chmod, "chmod", X, "CHMOD", "affect file and/or directory permissions"),
    flag(Opt::Acls, "acls", b'A', "preserve ACLs (implies --perms)").off(&["no-acls", "no-A"]),
    flag(Opt::Xattrs, "xattrs", b'X', "preserve extended attributes").off(&["no-xattrs", "no-X"]),
    flag(Opt::Owner, "owner", b'o', "preserve owner (super-user only)").off(&["no-owner", "no-o"]),
    flag(Opt::Group, "group", b'g', "preserve group").off(&["no-group", "no-g"]),
    flag(Opt::Devices, "devices", X, "preserve device files (super-user only)")
        .off(&["no-devices"]),
    flag(Opt::CopyDevices, "copy-devices", X, "copy device contents as a regular file"),
    flag(Opt::WriteDevices, "write-devices", X, "write to devices as files (implies --inplace)")
        .off(&["no-write-devices"]),
    flag(Opt::Specials, "specials", X, "preserve special files").off(&["no-specials"]),
    flag(Opt::DropD, "drop-D", X, "receiver refuses to create devices/specials")
        .off(&["no-drop-D"]),
    flag(Opt::DevicesAndSpecials, "", b'D', "same as --devices --specials").off(&["no-D"]),
    flag(Opt::Times, "times", b't', "preserve modification times").off(&["no-times", "no-t"]),
    flag(Opt::Atimes, "atimes", b'U', "preserve access (use) times").off(&["no-atimes", "no-U"]),
    flag(Opt::OpenNoatime, "open-noatime", X, "avoid changing the atime on opened files")
        .off(&["no-open-noatime"]),
    flag(Opt::Crtimes, "crtimes", b'N', "preserve create times (newness)")
        .off(&["no-crtimes", "no-N"]),
    flag(Opt::OmitDirTimes, "omit-dir-times", b'O', "omit directories from --times")
        .off(&["no-omit-dir-times", "no-O"]),
    flag(Opt::OmitLinkTimes, "omit-link-times", b'J', "omit symlinks from --times")
        .off(&["no-omit-link-times", "no-J"]),
    flag(Opt::Super, "super", X, "receiver attempts super-user activities").off(&["no-super"]),
    flag(Opt::FakeSuper, "fake-super", X, "store/recover privileged attrs using xattrs"),
    flag(Opt::Sparse, "sparse", b'S', "turn sequences of nulls into sparse blocks")
        .off(&["no-sparse", "no-S"]),
    flag(Opt::Preallocate, "preallocate", X, "allocate dest files before writing them"),
    flag(Opt::DryRun, "dry-run", b'n', "perform a trial run with no changes made"),
    flag(Opt::WholeFile, "whole-file", b'W', "copy files whole (w/o delta-xfer algorithm)")
        .off(&["no-whole-file", "no-W"])
        .more(&[("--no-whole-file, --no-W", "use the delta-xfer algorithm")]),
    text(
        Opt::ChecksumChoice,
        "checksum-choice",
        X,
        "STR",
        "choose the checksum algorithm (aka --cc)",
    )
    .alias(&["cc"]),
    flag(Opt::OneFileSystem, "one-file-system", b'x', "don't cross filesystem boundaries")
        .off(&["no-one-file-system", "no-x"]),
    text(Opt::BlockSize, "block-size", b'B', "SIZE", "force a fixed checksum block-size"),
    text(Opt::Rsh, "rsh", b'e', "COMMAND", "specify the remote shell to use"),
    text(Opt::RsyncPath, "rsync-path", X, "PROGRAM", "specify the rsync to run on remote machine"),
    flag(Opt::Existing, "existing", X, "skip creating new files on receiver")
        .alias(&["ignore-non-existing"])
        .more(&[("--ignore-non-existing", "skip creating new files on receiver")]),
    flag(Opt::IgnoreExisting, "ignore-existing", X, "skip updating files that exist on receiver"),
    flag(
        Opt::RemoveSourceFiles,
        "remove-source-files",
        X,
        "sender removes synchronized files (non-directory)",
    ),
    flag(Opt::RemoveSentFiles, "remove-sent-files", X, ""),
    flag(Opt::DeleteDuring, "del", X, "an alias for --delete-during"),
    flag(Opt::Delete, "delete", X, "delete extraneous files from dest directories"),
    flag(Opt::DeleteBefore, "delete-before", X, "receiver deletes before xfer, not during"),
    flag(Opt::DeleteDuring, "delete-during", X, "receiver deletes during the transfer"),
    flag(Opt::DeleteDelay, "delete-delay", X, "find deletions during, delete after"),
    flag(Opt::DeleteAfter, "delete-after", X, "receiver deletes after transfer, not during"),
    flag(
        Opt::DeleteExcluded,
        "delete-excluded",
        X,
        "also delete excluded files from dest directories",
    ),
    flag(
        Opt::IgnoreMissingArgs,
        "ignore-missing-args",
        X,
        "ignore missing source arguments without error",
    ),
    flag(
        Opt::DeleteMissingArgs,
        "delete-missing-args",
        X,
        "delete missing source arguments from destination",
    ),
    flag(Opt::IgnoreErrors, "ignore-errors", X, "delete even if there are I/O errors")
        .off(&["no-ignore-errors"]),
    flag(Opt::Force, "force", X, "force deletion of directories even if not empty")
        .off(&["no-force"]),
    int(Opt::MaxDelete, "max-delete", X, "NUM", "don't delete more than NUM files"),
    text(Opt::MaxSize, "max-size", X, "SIZE", "don't transfer any file larger than SIZE"),
    text(Opt::MinSize, "min-size", X, "SIZE", "don't transfer any file smaller than SIZE"),
    text(Opt::MaxAlloc, "max-alloc", X, "SIZE", "change a limit relating to memory alloc"),
    flag(Opt::Partial, "partial", X, "keep partially transferred files").off(&["no-partial"]),
    text(Opt::PartialDir, "partial-dir", X, "DIR", "put a partially transferred file into DIR"),
    flag(Opt::DelayUpdates, "delay-updates", X, "put all updated files into place at end")
        .off(&["no-delay-updates"]),
    flag(
        Opt::PruneEmptyDirs,
        "prune-empty-dirs",
        b'm',
        "prune empty directory chains from file-list",
    )
    .off(&["no-prune-empty-dirs", "no-m"]),
    flag(Opt::NumericIds, "numeric-ids", X, "don't map uid/gid values by user/group name")
        .off(&["no-numeric-ids"]),
    text(Opt::Usermap, "usermap", X, "STRING", "custom username mapping"),
    text(Opt::Groupmap, "groupmap", X, "STRING", "custom groupname mapping"),
    text(Opt::Chown, "chown", X, "USER:GROUP", "simple username/groupname mapping"),
    int(Opt::Timeout, "timeout", X, "SECONDS", "set I/O timeout in seconds").off(&["no-timeout"]),
    int(Opt::Contimeout, "contimeout", X, "SECONDS", "set daemon connection timeout in seconds")
        .off(&["no-contimeout"]),
    flag(Opt::IgnoreTimes, "ignore-times", b'I', "don't skip files that match size and time"),
    flag(Opt::SizeOnly, "size-only", X, "skip files that match in size"),
    int(
        Opt::ModifyWindow,
        "modify-window",
        b'@',
        "NUM",
        "set the accuracy for mod-time comparisons",
    ),
    text(Opt::TempDir, "temp-dir", b'T', "DIR", "create temporary files in directory DIR"),
    flag(Opt::Fuzzy, "fuzzy", b'y', "find similar file for basis if no dest file")
        .off(&["no-fuzzy", "no-y"]),
    text(
        Opt::CompareDest,
        "compare-dest",
        X,
        "DIR",
        "also compare destination files relative to DIR",
    ),
    text(Opt::CopyDest, "copy-dest", X, "DIR", "... and include copies of unchanged files"),
    text(Opt::LinkDest, "link-dest", X, "DIR", "hardlink to files in DIR when unchanged"),
    flag(Opt::Compress, "compress", b'z', "compress file data during the transfer")
        .off(&["no-compress", "no-z"]),
    flag(Opt::OldCompress, "old-compress", X, ""),
    flag(Opt::NewCompress, "new-compress", X, ""),
    text(
        Opt::CompressChoice,
        "compress-choice",
        X,
        "STR",
        "choose the compression algorithm (aka --zc)",
    )
    .alias(&["zc"]),
    int(
        Opt::CompressLevel,
        "compress-level",
        X,
        "NUM",
        "explicitly set compression level (aka --zl)",
    )
    .alias(&["zl"]),
    int(
        Opt::CompressThreads,
        "compress-threads",
        X,
        "NUM",
        "explicitly set compression threads (aka --zt)",
    )
    .alias(&["zt"]),
    text(
        Opt::SkipCompress,
        "skip-compress",
        X,
        "LIST",
        "skip compressing files with suffix in LIST",
    ),
    flag(Opt::CvsExclude, "cvs-exclude", b'C', "auto-ignore files in the same way CVS does"),
    text(Opt::Filter, "filter", b'f', "RULE", "add a file-filtering RULE"),
    flag(Opt::MergeFilter, "", b'F', "same as --filter='dir-merge /.rsync-filter'")
        .more(&[("", "repeated: --filter='- .rsync-filter'")]),
    text(Opt::Exclude, "exclude", X, "PATTERN", "exclude files matching PATTERN"),
    text(Opt::ExcludeFrom, "exclude-from", X, "FILE", "read exclude patterns from FILE"),
    text(Opt::Include, "include", X, "PATTERN", "don't exclude files matching PATTERN"),
    text(Opt::IncludeFrom, "include-from", X, "FILE", "read include patterns from FILE"),
    text(Opt::FilesFrom, "files-from", X, "FILE", "read list of source-file names from FILE"),
    flag(Opt::From0, "from0", b'0', "all *-from/filter files are delimited by 0s")
        .off(&["no-from0"]),
    flag(Opt::OldArgs, "old-args", X, "disable the modern argument-protection idiom")
        .off(&["no-old-args"]),
    flag(Opt::SecludedArgs, "secluded-args", b's', "use the protocol to safely send the arguments")
        .alias(&["protect-args"])
        .off(&["no-secluded-args", "no-protect-args", "no-s"]),
    flag(Opt::TrustSender, "trust-sender", X, "trust the remote sender's file list"),
    text(Opt::CopyAs, "copy-as", X, "USER[:GROUP]", "specify user & optional group for the copy"),
    text(Opt::Address, "address", X, "ADDRESS", "bind address for outgoing socket to daemon"),
    int(Opt::Port, "port", X, "PORT", "specify double-colon alternate port number"),
    text(Opt::Sockopts, "sockopts", X, "OPTIONS", "specify custom TCP options"),
    flag(Opt::BlockingIo, "blocking-io", X, "use blocking I/O for the remote shell")
        .off(&["no-blocking-io"]),
    text(Opt::Outbuf, "outbuf", X, "N|L|B", "set out buffering to None, Line, or Block"),
    flag(Opt::Stats, "stats", X, "give some file-transfer stats"),
    flag(Opt::EightBit, "8-bit-output", b'8', "leave high-bit chars unescaped in output")
        .off(&["no-8-bit-output", "no-8"]),
    flag(Opt::HumanReadable, "human-readable", b'h', "output numbers in a human-readable format")
        .off(&["no-human-readable", "no-h"]),
    flag(Opt::Progress, "progress", X, "show progress during transfer").off(&["no-progress"]),
    flag(Opt::PartialProgress, "", b'P', "same as --partial --progress"),
    flag(Opt::Itemize, "itemize-changes", b'i', "output a change-summary for all updates")
        .off(&["no-itemize-changes", "no-i"]),
    text(Opt::RemoteOption, "remote-option", b'M', "OPT", "send OPTION to the remote side only"),
    text(Opt::OutFormat, "out-format", X, "FORMAT", "output updates using the specified FORMAT")
        .alias(&["log-format"]),
    text(Opt::LogFile, "log-file", X, "FILE", "log what we're doing to the specified FILE"),
    text(Opt::LogFileFormat, "log-file-format", X, "FMT", "log updates using the specified FMT"),
    text(Opt::PasswordFile, "password-file", X, "FILE", "read daemon-access password from FILE"),
    text(Opt::EarlyInput, "early-input", X, "FILE", "use FILE for daemon's early exec input"),
    flag(Opt::ListOnly, "list-only", X, "list the files instead of copying them"),
    text(Opt::Bwlimit, "bwlimit", X, "RATE", "limit socket I/O bandwidth").off(&["no-bwlimit"]),
    entry(
        Opt::ZeroCopy,
        "zero-copy",
        X,
        Arg::Optional("auto|always|never"),
        "send files from the page cache",
    )
    .off(&["no-zero-copy"]),
    text(Opt::StopAfter, "stop-after", X, "MINS", "Stop rsync after MINS minutes have elapsed")
        .alias(&["time-limit"]),
    text(Opt::StopAt, "stop-at", X, "y-m-dTh:m", "Stop rsync at the specified point in time"),
    flag(Opt::Fsync, "fsync", X, "fsync every written file"),
    text(Opt::WriteBatch, "write-batch", X, "FILE", "write a batched update to FILE"),
    text(
        Opt::OnlyWriteBatch,
        "only-write-batch",
        X,
        "FILE",
        "like --write-batch but w/o updating dest",
    ),
    text(Opt::ReadBatch, "read-batch", X, "FILE", "read a batched update from FILE"),
    int(Opt::Protocol, "protocol", X, "NUM", "force an older protocol version to be used"),
    text(Opt::Iconv, "iconv", X, "CONVERT_SPEC", "request charset conversion of filenames")
        .off(&["no-iconv"]),
    int(Opt::ChecksumSeed, "checksum-seed", X, "NUM", "set block/file checksum seed (advanced)"),
    flag(Opt::Qsort, "qsort", X, ""),
    flag(Opt::Ipv4, "ipv4", b'4', "prefer IPv4"),
    flag(Opt::Ipv6, "ipv6", b'6', "prefer IPv6"),
    flag(Opt::Version, "version", b'V', "print the version + other info and exit"),
    flag(Opt::Help, "help", X, "")
        .more(&[("--help, -h (*)", "show this help (* -h is help only on its own)")]),
    flag(Opt::Server, "server", X, ""),
    flag(Opt::Sender, "sender", X, ""),
    flag(Opt::DaemonMode, "daemon", X, ""),
    text(Opt::DaemonMode, "config", X, "FILE", ""),
    text(Opt::DaemonMode, "dparam", X, "OVERRIDE", ""),
    flag(Opt::DaemonMode, "detach", X, "").off(&["no-detach"]),
];

/// Every option of a daemon.
pub static DAEMON_OPTIONS: &[Entry] = &[
    flag(Opt::DaemonMode, "daemon", X, "run as an rsync daemon"),
    text(Opt::Address, "address", X, "ADDRESS", "bind to the specified address"),
    int(Opt::Bwlimit, "bwlimit", X, "RATE", "limit socket I/O bandwidth"),
    text(Opt::Config, "config", X, "FILE", "specify alternate rsyncd.conf file"),
    text(Opt::Dparam, "dparam", b'M', "OVERRIDE", "override global daemon config parameter"),
    flag(Opt::Detach, "detach", X, "")
        .off(&["no-detach"])
        .more(&[("--no-detach", "do not detach from the parent")]),
    int(Opt::Port, "port", X, "PORT", "listen on alternate port number"),
    text(Opt::LogFile, "log-file", X, "FILE", "override the \"log file\" setting"),
    text(Opt::LogFileFormat, "log-file-format", X, "FMT", "override the \"log format\" setting"),
    text(Opt::Sockopts, "sockopts", X, "OPTIONS", "specify custom TCP options"),
    flag(Opt::Verbose, "verbose", b'v', "increase verbosity").off(&["no-verbose", "no-v"]),
    flag(Opt::Ipv4, "ipv4", b'4', "prefer IPv4"),
    flag(Opt::Ipv6, "ipv6", b'6', "prefer IPv6"),
    flag(Opt::Help, "help", b'h', "show this help (when used with --daemon)"),
    int(Opt::Protocol, "protocol", X, "NUM", ""),
    flag(Opt::Server, "server", X, ""),
    text(Opt::TempDir, "temp-dir", b'T', "DIR", ""),
];

/// An entry found by a long name, that name as it is listed, and whether it switches it on.
pub fn find_long(
    table: &'static [Entry],
    name: &[u8],
) -> Option<(&'static Entry, &'static str, bool)> {
    let is = |candidate: &&&str| candidate.as_bytes() == name;
    if name.is_empty() {
        return None;
    }
    table.iter().find_map(|e| {
        let on = std::iter::once(&e.long).chain(e.aliases).find(is).map(|name| (e, *name, true));
        on.or_else(|| e.off.iter().find(is).map(|name| (e, *name, false)))
    })
}

/// An entry found by its letter.
pub fn find_short(table: &'static [Entry], letter: u8) -> Option<&'static Entry> {
    table.iter().find(|e| e.short == Some(letter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique() {
        for table in [OPTIONS, DAEMON_OPTIONS] {
            let mut seen = HashSet::new();
            for e in table {
                let names = std::iter::once(&e.long).chain(e.aliases).chain(e.off);
                for name in names.filter(|n| !n.is_empty()) {
                    assert!(seen.insert(name.to_string()), "{name} twice");
                }
                if let Some(letter) = e.short {
                    assert!(seen.insert(format!("-{letter}")), "letter {} twice", letter as char);
                }
            }
        }
    }

    #[test]
    fn negations_are_only_those_listed() {
        assert!(find_long(OPTIONS, b"no-archive").is_none());
        assert!(find_long(OPTIONS, b"recurs").is_none());
        let (e, name, on) = find_long(OPTIONS, b"no-W").expect("listed");
        assert_eq!((e.opt, name, on), (Opt::WholeFile, "no-W", false));
    }

    #[test]
    fn help_fits_in_a_line() {
        for e in OPTIONS.iter().chain(DAEMON_OPTIONS) {
            assert!(e.help.len() <= 55, "{}: {}", e.long, e.help);
            for (_, text) in e.more_help {
                assert!(text.len() <= 55, "{text}");
            }
        }
    }
}
