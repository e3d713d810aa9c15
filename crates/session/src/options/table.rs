//! The one table of rsync's options. Lexing, `--help`, refusals by a daemon and the list of what is
//! not built yet all read it; what an option does is decided by its [`Opt`] in `apply.rs`.
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
    /// Whether we can do it yet. An option that is not built is parsed, then refused.
    pub built: bool,
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
    const fn unbuilt(mut self) -> Entry {
        self.built = false;
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
    Entry { opt, long, short, aliases: &[], off: &[], arg, help, more_help: &[], built: true }
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
    flag(Opt::Verbose, "verbose", b'v', "say more; may be repeated").off(&["no-verbose", "no-v"]),
    text(Opt::Info, "info", X, "FLAGS", "choose what to be informed about"),
    text(Opt::Debug, "debug", X, "FLAGS", "choose what debug output to show"),
    text(Opt::Stderr, "stderr", X, "e|a|c", "what goes to stderr: errors (default), all, client"),
    flag(Opt::Msgs2Stderr, "msgs2stderr", X, "").off(&["no-msgs2stderr"]),
    flag(Opt::Quiet, "quiet", b'q', "show errors and warnings only"),
    flag(Opt::Motd, "motd", X, "")
        .off(&["no-motd"])
        .more(&[("--no-motd", "hide a daemon's message of the day")]),
    flag(Opt::Checksum, "checksum", b'c', "compare files by checksum, not by time and size")
        .off(&["no-checksum", "no-c"]),
    flag(Opt::Archive, "archive", b'a', "the same as -rlptgoD (without -A,-X,-U,-N,-H)")
        .more(&[("--no-OPTION", "switch off an option that another implies (as --no-D)")]),
    flag(Opt::Recursive, "recursive", b'r', "descend into directories")
        .off(&["no-recursive", "no-r"]),
    flag(Opt::IncRecursive, "inc-recursive", X, "")
        .alias(&["i-r"])
        .off(&["no-inc-recursive", "no-i-r"])
        .more(&[
            ("--inc-recursive, --i-r", "send the file list in pieces while copying"),
            ("--no-inc-recursive", "complete the file list before copying"),
            ("--no-i-r", "the same as --no-inc-recursive"),
        ]),
    flag(Opt::Relative, "relative", b'R', "keep the names as given, with their directories")
        .off(&["no-relative", "no-R"]),
    flag(Opt::ImpliedDirs, "implied-dirs", X, "")
        .alias(&["i-d"])
        .off(&["no-implied-dirs", "no-i-d"])
        .more(&[("--no-implied-dirs", "with --relative, do not send the parents' attributes")]),
    flag(Opt::Backup, "backup", b'b', "keep what is replaced (see --suffix, --backup-dir)")
        .off(&["no-backup"]),
    text(Opt::BackupDir, "backup-dir", X, "DIR", "keep what is replaced in a tree below DIR"),
    text(Opt::Suffix, "suffix", X, "SUFFIX", "the suffix of backups (~ without --backup-dir)"),
    flag(Opt::Update, "update", b'u', "leave files alone that are newer at the receiver"),
    flag(Opt::Inplace, "inplace", X, "write into the existing files").off(&["no-inplace"]),
    flag(Opt::Append, "append", X, "only add to the end of shorter files").off(&["no-append"]),
    flag(Opt::AppendVerify, "append-verify", X, "--append, and check the old part too"),
    flag(Opt::Dirs, "dirs", b'd', "copy directories without their contents")
        .off(&["no-dirs", "no-d"]),
    flag(Opt::OldDirs, "old-dirs", X, "--dirs for a peer that is too old for it")
        .alias(&["old-d"])
        .more(&[("--old-d", "the same as --old-dirs")]),
    flag(Opt::Mkpath, "mkpath", X, "make the missing parents of the destination")
        .off(&["no-mkpath"]),
    flag(Opt::Links, "links", b'l', "copy symlinks as symlinks").off(&["no-links", "no-l"]),
    flag(Opt::CopyLinks, "copy-links", b'L', "copy what symlinks point to"),
    flag(Opt::CopyUnsafeLinks, "copy-unsafe-links", X, "do so only where they leave the tree"),
    flag(Opt::SafeLinks, "safe-links", X, "skip symlinks that leave the tree"),
    flag(Opt::InsecureLinks, "insecure-links", X, "follow anyone's symlinks in paths you name")
        .off(&["no-insecure-links"]),
    text(Opt::ConfineRoot, "confine-root", X, "DIR", "refuse paths that lead outside DIR"),
    flag(Opt::MungeLinks, "munge-links", X, "store symlinks in an unusable form")
        .off(&["no-munge-links"]),
    flag(Opt::CopyDirlinks, "copy-dirlinks", b'k', "copy a symlink to a directory as a directory"),
    flag(Opt::KeepDirlinks, "keep-dirlinks", b'K', "receiver: a symlink to a directory is one"),
    flag(Opt::HardLinks, "hard-links", b'H', "keep hard links").off(&["no-hard-links", "no-H"]),
    flag(Opt::Perms, "perms", b'p', "keep permissions").off(&["no-perms", "no-p"]),
    flag(Opt::Executability, "executability", b'E', "keep whether a file is executable"),
    text(Opt::Chmod, "chmod", X, "CHMOD", "change permissions on the way"),
    flag(Opt::Acls, "acls", b'A', "keep ACLs (implies --perms)").off(&["no-acls", "no-A"]),
    flag(Opt::Xattrs, "xattrs", b'X', "keep extended attributes").off(&["no-xattrs", "no-X"]),
    flag(Opt::Owner, "owner", b'o', "keep the owner (super-user only)").off(&["no-owner", "no-o"]),
    flag(Opt::Group, "group", b'g', "keep the group").off(&["no-group", "no-g"]),
    flag(Opt::Devices, "devices", X, "keep devices (super-user only)").off(&["no-devices"]),
    flag(Opt::CopyDevices, "copy-devices", X, "copy what a device holds into a file"),
    flag(Opt::WriteDevices, "write-devices", X, "write into devices (implies --inplace)")
        .off(&["no-write-devices"]),
    flag(Opt::Specials, "specials", X, "keep fifos and sockets").off(&["no-specials"]),
    flag(Opt::DropD, "drop-D", X, "receiver makes no devices or specials").off(&["no-drop-D"]),
    flag(Opt::DevicesAndSpecials, "", b'D', "the same as --devices --specials").off(&["no-D"]),
    flag(Opt::Times, "times", b't', "keep modification times").off(&["no-times", "no-t"]),
    flag(Opt::Atimes, "atimes", b'U', "keep access times").off(&["no-atimes", "no-U"]),
    flag(Opt::OpenNoatime, "open-noatime", X, "read files without touching their access times")
        .off(&["no-open-noatime"]),
    flag(Opt::Crtimes, "crtimes", b'N', "keep creation times").off(&["no-crtimes", "no-N"]),
    flag(Opt::OmitDirTimes, "omit-dir-times", b'O', "leave directories out of --times")
        .off(&["no-omit-dir-times", "no-O"]),
    flag(Opt::OmitLinkTimes, "omit-link-times", b'J', "leave symlinks out of --times")
        .off(&["no-omit-link-times", "no-J"]),
    flag(Opt::Super, "super", X, "receiver tries what only the super-user may").off(&["no-super"]),
    flag(Opt::FakeSuper, "fake-super", X, "keep privileged attributes in xattrs"),
    flag(Opt::Sparse, "sparse", b'S', "make holes where files hold zeros")
        .off(&["no-sparse", "no-S"]),
    flag(Opt::Preallocate, "preallocate", X, "reserve a file's space before writing it"),
    flag(Opt::DryRun, "dry-run", b'n', "change nothing, show what would be done"),
    flag(Opt::WholeFile, "whole-file", b'W', "send files whole, without finding differences")
        .off(&["no-whole-file", "no-W"])
        .more(&[("--no-whole-file, --no-W", "find and send differences only")]),
    text(Opt::ChecksumChoice, "checksum-choice", X, "STR", "name the checksums (also --cc)")
        .alias(&["cc"]),
    flag(Opt::OneFileSystem, "one-file-system", b'x', "stay on one file system")
        .off(&["no-one-file-system", "no-x"]),
    text(Opt::BlockSize, "block-size", b'B', "SIZE", "set the size of checksum blocks"),
    text(Opt::Rsh, "rsh", b'e', "COMMAND", "the remote shell to use"),
    text(Opt::RsyncPath, "rsync-path", X, "PROGRAM", "the rsync to run on the remote host"),
    flag(Opt::Existing, "existing", X, "create nothing at the receiver")
        .alias(&["ignore-non-existing"])
        .more(&[("--ignore-non-existing", "the same as --existing")]),
    flag(Opt::IgnoreExisting, "ignore-existing", X, "update nothing that exists at the receiver"),
    flag(Opt::RemoveSourceFiles, "remove-source-files", X, "sender removes files once copied"),
    flag(Opt::RemoveSentFiles, "remove-sent-files", X, ""),
    flag(Opt::DeleteDuring, "del", X, "the same as --delete-during"),
    flag(Opt::Delete, "delete", X, "delete what the source does not have"),
    flag(Opt::DeleteBefore, "delete-before", X, "delete before the transfer"),
    flag(Opt::DeleteDuring, "delete-during", X, "delete during the transfer"),
    flag(Opt::DeleteDelay, "delete-delay", X, "find during the transfer, delete after it"),
    flag(Opt::DeleteAfter, "delete-after", X, "delete after the transfer"),
    flag(Opt::DeleteExcluded, "delete-excluded", X, "delete what is excluded too"),
    flag(Opt::IgnoreMissingArgs, "ignore-missing-args", X, "missing sources are no error"),
    flag(Opt::DeleteMissingArgs, "delete-missing-args", X, "delete missing sources at receiver"),
    flag(Opt::IgnoreErrors, "ignore-errors", X, "delete in spite of I/O errors")
        .off(&["no-ignore-errors"]),
    flag(Opt::Force, "force", X, "replace a directory that is not empty").off(&["no-force"]),
    int(Opt::MaxDelete, "max-delete", X, "NUM", "delete at most NUM files"),
    text(Opt::MaxSize, "max-size", X, "SIZE", "skip files larger than SIZE"),
    text(Opt::MinSize, "min-size", X, "SIZE", "skip files smaller than SIZE"),
    text(Opt::MaxAlloc, "max-alloc", X, "SIZE", "the largest single memory allocation"),
    flag(Opt::Partial, "partial", X, "keep files that were interrupted").off(&["no-partial"]),
    text(Opt::PartialDir, "partial-dir", X, "DIR", "keep interrupted files in DIR"),
    flag(Opt::DelayUpdates, "delay-updates", X, "put all updated files in place at the end")
        .off(&["no-delay-updates"]),
    flag(Opt::PruneEmptyDirs, "prune-empty-dirs", b'm', "leave out directories without files")
        .off(&["no-prune-empty-dirs", "no-m"]),
    flag(Opt::NumericIds, "numeric-ids", X, "keep user and group numbers, not names")
        .off(&["no-numeric-ids"]),
    text(Opt::Usermap, "usermap", X, "STRING", "map user names"),
    text(Opt::Groupmap, "groupmap", X, "STRING", "map group names"),
    text(Opt::Chown, "chown", X, "USER:GROUP", "give all files to USER and GROUP"),
    int(Opt::Timeout, "timeout", X, "SECONDS", "give up after SECONDS without I/O")
        .off(&["no-timeout"]),
    int(Opt::Contimeout, "contimeout", X, "SECONDS", "give up connecting to a daemon")
        .off(&["no-contimeout"]),
    flag(Opt::IgnoreTimes, "ignore-times", b'I', "look into files of equal size and time too"),
    flag(Opt::SizeOnly, "size-only", X, "files of equal size are equal"),
    int(Opt::ModifyWindow, "modify-window", b'@', "NUM", "times may differ by NUM seconds"),
    text(Opt::TempDir, "temp-dir", b'T', "DIR", "write new files in DIR first"),
    flag(Opt::Fuzzy, "fuzzy", b'y', "use a similar file where there is none to update")
        .off(&["no-fuzzy", "no-y"])
        .unbuilt(),
    text(Opt::CompareDest, "compare-dest", X, "DIR", "skip files that are unchanged in DIR"),
    text(Opt::CopyDest, "copy-dest", X, "DIR", "... and copy those from DIR"),
    text(Opt::LinkDest, "link-dest", X, "DIR", "... and hard-link those to DIR"),
    flag(Opt::Compress, "compress", b'z', "compress file data on the way")
        .off(&["no-compress", "no-z"]),
    flag(Opt::OldCompress, "old-compress", X, ""),
    flag(Opt::NewCompress, "new-compress", X, ""),
    text(Opt::CompressChoice, "compress-choice", X, "STR", "name the compression (also --zc)")
        .alias(&["zc"]),
    int(Opt::CompressLevel, "compress-level", X, "NUM", "the compression level (also --zl)")
        .alias(&["zl"]),
    int(Opt::CompressThreads, "compress-threads", X, "NUM", "compression threads (also --zt)")
        .alias(&["zt"]),
    text(Opt::SkipCompress, "skip-compress", X, "LIST", "suffixes of files not to compress"),
    flag(Opt::CvsExclude, "cvs-exclude", b'C', "skip the files that CVS would"),
    text(Opt::Filter, "filter", b'f', "RULE", "add a filter rule"),
    flag(Opt::MergeFilter, "", b'F', "the same as --filter='dir-merge /.rsync-filter'")
        .more(&[("", "again: --filter='- .rsync-filter'")]),
    text(Opt::Exclude, "exclude", X, "PATTERN", "leave out files that match"),
    text(Opt::ExcludeFrom, "exclude-from", X, "FILE", "read patterns to leave out from FILE"),
    text(Opt::Include, "include", X, "PATTERN", "do not leave out files that match"),
    text(Opt::IncludeFrom, "include-from", X, "FILE", "read patterns to include from FILE"),
    text(Opt::FilesFrom, "files-from", X, "FILE", "read the names of the sources from FILE"),
    flag(Opt::From0, "from0", b'0', "names and rules in files end in a zero byte")
        .off(&["no-from0"]),
    flag(Opt::OldArgs, "old-args", X, "let the remote shell split and expand arguments")
        .off(&["no-old-args"]),
    flag(Opt::SecludedArgs, "secluded-args", b's', "send arguments past the remote shell")
        .alias(&["protect-args"])
        .off(&["no-secluded-args", "no-protect-args", "no-s"]),
    flag(Opt::TrustSender, "trust-sender", X, "do not check the sender's file list"),
    text(Opt::CopyAs, "copy-as", X, "USER[:GROUP]", "copy as another user"),
    text(Opt::Address, "address", X, "ADDRESS", "the local address to call a daemon from"),
    int(Opt::Port, "port", X, "PORT", "the daemon's port"),
    text(Opt::Sockopts, "sockopts", X, "OPTIONS", "set socket options"),
    flag(Opt::BlockingIo, "blocking-io", X, "blocking I/O for the remote shell")
        .off(&["no-blocking-io"]),
    text(Opt::Outbuf, "outbuf", X, "N|L|B", "output buffering: none, line or block"),
    flag(Opt::Stats, "stats", X, "show statistics at the end"),
    flag(Opt::EightBit, "8-bit-output", b'8', "show bytes above 127 as they are")
        .off(&["no-8-bit-output", "no-8"]),
    flag(Opt::HumanReadable, "human-readable", b'h', "show numbers for people")
        .off(&["no-human-readable", "no-h"]),
    flag(Opt::Progress, "progress", X, "show how the transfer goes").off(&["no-progress"]),
    flag(Opt::PartialProgress, "", b'P', "the same as --partial --progress"),
    flag(Opt::Itemize, "itemize-changes", b'i', "show what changes in each file")
        .off(&["no-itemize-changes", "no-i"]),
    text(Opt::RemoteOption, "remote-option", b'M', "OPT", "an option for the remote side only"),
    text(Opt::OutFormat, "out-format", X, "FORMAT", "how to show each update")
        .alias(&["log-format"]),
    text(Opt::LogFile, "log-file", X, "FILE", "write a log to FILE"),
    text(Opt::LogFileFormat, "log-file-format", X, "FMT", "how to log each update"),
    text(Opt::PasswordFile, "password-file", X, "FILE", "read the daemon's password from FILE"),
    text(Opt::EarlyInput, "early-input", X, "FILE", "send FILE to the daemon's early exec"),
    flag(Opt::ListOnly, "list-only", X, "list files instead of copying them"),
    text(Opt::Bwlimit, "bwlimit", X, "RATE", "send at most RATE KiB a second").off(&["no-bwlimit"]),
    entry(
        Opt::ZeroCopy,
        "zero-copy",
        X,
        Arg::Optional("auto|always|never"),
        "send files from the page cache",
    )
    .off(&["no-zero-copy"]),
    text(Opt::StopAfter, "stop-after", X, "MINS", "stop after MINS minutes").alias(&["time-limit"]),
    text(Opt::StopAt, "stop-at", X, "y-m-dTh:m", "stop at a point in time"),
    flag(Opt::Fsync, "fsync", X, "flush each file to the disk"),
    text(Opt::WriteBatch, "write-batch", X, "FILE", "record the updates in FILE"),
    text(Opt::OnlyWriteBatch, "only-write-batch", X, "FILE", "... and do not update"),
    text(Opt::ReadBatch, "read-batch", X, "FILE", "apply the updates of FILE"),
    int(Opt::Protocol, "protocol", X, "NUM", "speak an older protocol"),
    text(Opt::Iconv, "iconv", X, "CONVERT_SPEC", "convert the charset of file names")
        .off(&["no-iconv"])
        .unbuilt(),
    int(Opt::ChecksumSeed, "checksum-seed", X, "NUM", "set the seed of checksums"),
    flag(Opt::Qsort, "qsort", X, ""),
    flag(Opt::Ipv4, "ipv4", b'4', "use IPv4"),
    flag(Opt::Ipv6, "ipv6", b'6', "use IPv6"),
    flag(Opt::Version, "version", b'V', "show version and abilities"),
    flag(Opt::Help, "help", X, "").more(&[("--help, -h (*)", "show this (* -h if it is alone)")]),
    flag(Opt::Server, "server", X, ""),
    flag(Opt::Sender, "sender", X, ""),
    flag(Opt::DaemonMode, "daemon", X, ""),
    text(Opt::DaemonMode, "config", X, "FILE", ""),
    text(Opt::DaemonMode, "dparam", X, "OVERRIDE", ""),
    flag(Opt::DaemonMode, "detach", X, "").off(&["no-detach"]),
];

/// Every option of a daemon.
pub static DAEMON_OPTIONS: &[Entry] = &[
    flag(Opt::DaemonMode, "daemon", X, "be a daemon"),
    text(Opt::Address, "address", X, "ADDRESS", "the address to listen on"),
    int(Opt::Bwlimit, "bwlimit", X, "RATE", "send at most RATE KiB a second"),
    text(Opt::Config, "config", X, "FILE", "read FILE instead of the usual rsyncd.conf"),
    text(Opt::Dparam, "dparam", b'M', "OVERRIDE", "set a global parameter of the configuration"),
    flag(Opt::Detach, "detach", X, "")
        .off(&["no-detach"])
        .more(&[("--no-detach", "stay in the foreground")]),
    int(Opt::Port, "port", X, "PORT", "the port to listen on"),
    text(Opt::LogFile, "log-file", X, "FILE", "log to FILE"),
    text(Opt::LogFileFormat, "log-file-format", X, "FMT", "how to log each update"),
    text(Opt::Sockopts, "sockopts", X, "OPTIONS", "set socket options"),
    flag(Opt::Verbose, "verbose", b'v', "say more").off(&["no-verbose", "no-v"]),
    flag(Opt::Ipv4, "ipv4", b'4', "use IPv4"),
    flag(Opt::Ipv6, "ipv6", b'6', "use IPv6"),
    flag(Opt::Help, "help", b'h', "show this (together with --daemon)"),
    int(Opt::Protocol, "protocol", X, "NUM", ""),
    flag(Opt::Server, "server", X, ""),
    text(Opt::TempDir, "temp-dir", b'T', "DIR", ""),
];

/// An entry found by a long name, and whether the name switches it on.
pub fn find_long(table: &'static [Entry], name: &[u8]) -> Option<(&'static Entry, bool)> {
    let is = |candidate: &str| candidate.as_bytes() == name;
    if name.is_empty() {
        return None;
    }
    table.iter().find_map(|e| {
        if is(e.long) || e.aliases.iter().any(|a| is(a)) {
            Some((e, true))
        } else if e.off.iter().any(|o| is(o)) {
            Some((e, false))
        } else {
            None
        }
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
        let (e, on) = find_long(OPTIONS, b"no-W").expect("listed");
        assert_eq!((e.opt, on), (Opt::WholeFile, false));
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
