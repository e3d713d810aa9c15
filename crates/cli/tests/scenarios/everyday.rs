//! The command lines of every day, over every connection.

use super::trees::{BASIC, EMPTY, LINKED, OLDER, OWNED};
use testkit::row::{DAEMON, EVERY_WAY, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, Via, row};

pub const ROWS: &[Row] = &[
    row("archive-new", &[BASIC], "-a").over(EVERY_WAY),
    row("archive-verbose-new", &[BASIC], "-av").over(EVERY_WAY),
    row("archive-itemized-update", &[BASIC, OLDER], "-ai").over(EVERY_WAY),
    row("archive-verbose-itemized-stats", &[BASIC, OLDER], "-avi --stats").over(EVERY_WAY),
    row("archive-unchanged", &["f src/a size=9\nf dst/a size=9\nd src\nd dst"], "-avi")
        .over(EVERY_WAY),
    row("archive-hard-links-acls-xattrs", &[BASIC, LINKED], "-aHAXi").over(EVERY_WAY),
    row("archive-delete", &[BASIC, OLDER], "-ai --delete").over(EVERY_WAY).any_order(),
    row("recursive-only", &[BASIC, OLDER], "-r").over(EVERY_WAY),
    row("recursive-itemized", &[BASIC, OLDER], "-ri").over(EVERY_WAY),
    row("recursive-times", &[BASIC, OLDER], "-rti").over(LOCAL_AND_SHELL),
    row("recursive-perms", &[BASIC, OLDER], "-rpi").over(LOCAL_AND_SHELL),
    row("recursive-times-perms-links", &[BASIC, OLDER], "-rtpli").over(LOCAL_AND_SHELL),
    row("owner-and-group", &[OWNED, EMPTY], "-rogi").over(EVERY_WAY),
    row("archive-owners", &[OWNED, EMPTY], "-ai").over(EVERY_WAY),
    row("archive-numeric-ids", &[OWNED, EMPTY], "-ai --numeric-ids").over(EVERY_WAY),
    row("dry-run", &[BASIC, OLDER], "-avin").over(EVERY_WAY),
    row("dry-run-delete", &[BASIC, OLDER], "-ain --delete").over(EVERY_WAY).any_order(),
    row("compressed", &[BASIC, OLDER], "-aiz").over(EVERY_WAY),
    row("checksum", &[BASIC, OLDER], "-aic").over(EVERY_WAY),
    row("update", &["f src/old size=5 mtime=10\nf src/new size=5 mtime=30\nf dst/old size=6 mtime=20\nf dst/new size=6 mtime=20"], "-aiu").over(LOCAL_AND_SHELL),
    row("update-verbose", &["f src/old size=5 mtime=10\nf dst/old size=6 mtime=20"], "-avvu")
        .over(LOCAL_AND_SHELL),
    row("no-trailing-slash", &[BASIC], "-av").over(EVERY_WAY).from_to("src", "dst/"),
    row("missing-destination", &[BASIC], "-av").over(EVERY_WAY).from_to("src/", "new"),
    // Whether rsync's client prints a closing line of its own depends on whether it first hears of the failure from
    // the server or from the exit code.
    row("missing-destination-parent", &[BASIC], "-av")
        .over(LOCAL_AND_SHELL)
        .from_to("src/", "new/deep/dir")
        .any_stderr(),
    row("mkpath", &[BASIC], "-av --mkpath").over(LOCAL_AND_SHELL).from_to("src/", "new/deep/dir"),
    row("one-file", &[BASIC, EMPTY], "-av").over(EVERY_WAY).from_to("src/medium", "dst/"),
    row("one-file-renamed", &[BASIC, EMPTY], "-avi")
        .over(EVERY_WAY)
        .from_to("src/medium", "dst/other"),
    row("one-file-onto-file", &[BASIC, OLDER], "-avi")
        .over(EVERY_WAY)
        .from_to("src/medium", "dst/medium"),
    row("one-file-to-missing-dir", &[BASIC], "-avi").from_to("src/medium", "new/").over(LOCAL_AND_SHELL),
    row("two-files-to-missing", &[BASIC], "-avi")
        .over(LOCAL_AND_SHELL)
        .from_to("src/medium src/small", "new"),
    row("two-sources", &[BASIC, "f more/small text=x\nf more/extra size=9", EMPTY], "-av")
        .over(EVERY_WAY)
        .from_to("src/ more/", "dst/"),
    row("two-sources-named", &[BASIC, "f more/extra size=9", EMPTY], "-av")
        .over(EVERY_WAY)
        .from_to("src more", "dst/"),
    row("several-to-file", &[BASIC, "f dst size=3"], "-av")
        .over(LOCAL_AND_SHELL)
        .from_to("src/small src/medium", "dst"),
    row("dir-onto-file", &[BASIC, "f dst size=3"], "-av").over(LOCAL_AND_SHELL).from_to("src/", "dst"),
    row("file-onto-dir-of-that-name", &["f src/x size=3", "d dst/x"], "-av").over(LOCAL_AND_SHELL),
    row("file-onto-full-dir", &["f src/x size=3", "f dst/x/y"], "-av").over(LOCAL_AND_SHELL),
    row("file-onto-full-dir-force", &["f src/x size=3", "f dst/x/y"], "-av --force")
        .over(LOCAL_AND_SHELL),
    row("dir-onto-existing-file", &["f src/x/y size=3", "f dst/x"], "-avi").over(LOCAL_AND_SHELL),
    // With nothing to receive, the receiver of rsync stops at a connection that its peer has
    // closed already; ours ends in order. Only the name of the process in the last line differs.
    row("missing-source", &[BASIC, EMPTY], "-av").over(EVERY_WAY).from_to("src/none", "dst/").any_stderr(),
    row("missing-and-present-source", &[BASIC, EMPTY], "-av")
        .over(EVERY_WAY)
        .from_to("src/none src/small", "dst/"),
    row("ignore-missing-args", &[BASIC, EMPTY], "-av --ignore-missing-args")
        .over(LOCAL_AND_SHELL)
        .from_to("src/none src/small", "dst/"),
    row("delete-missing-args", &[BASIC, "f dst/none size=4"], "-avi --delete-missing-args")
        .over(LOCAL_AND_SHELL)
        .from_to("src/none src/small", "dst/"),
    row("no-recursion", &[BASIC, EMPTY], "-lpt").over(EVERY_WAY),
    row("dirs", &[BASIC, EMPTY], "-dvi").over(EVERY_WAY),
    row("dirs-of-a-dir", &[BASIC, EMPTY], "-dvi").over(LOCAL_AND_SHELL).from_to("src", "dst/"),
    row("list-local", &[BASIC], "").from_to("src/", ""),
    row("list-deleting-there", &[BASIC], "-M--delete").from_to("src/", ""),
    row("list-remote", &[BASIC], "-r").over(&[Via::Pull, Via::DaemonPull]).from_to("src/", ""),
    row("list-only", &[BASIC, OLDER], "-a --list-only").over(EVERY_WAY),
    row("archive-old-protocols", &[BASIC, OLDER], "-ai --stats")
        .over(&[Via::Push, Via::Pull, Via::DaemonPush, Via::DaemonPull])
        .protocols(&[27, 28, 29, 30, 31, 32]),
    row("hard-links-old-protocols", &[LINKED, EMPTY], "-aHi")
        .over(SHELL)
        .protocols(&[27, 28, 29, 30, 31]),
    row("owners-old-protocols", &[OWNED, EMPTY], "-ai")
        .over(SHELL)
        .protocols(&[27, 28, 29, 30, 31]),
    row("local-old-protocols", &[BASIC, OLDER], "-ai --stats").protocols(&[27, 28, 29, 30, 31]),
    row("no-incremental-recursion", &[BASIC, OLDER], "-avi --no-inc-recursive --stats")
        .over(EVERY_WAY),
    row("daemon-compressed-delete", &[BASIC, OLDER], "-az --delete --stats").over(DAEMON),
];
