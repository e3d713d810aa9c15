//! Files that do not arrive, and how runs end that fail: messages, progress, items, log files.

use super::trees::{BASIC, EMPTY, OLDER};
use testkit::row::{EVERY_WAY, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, Via, row};

/// Nobody may write into the destination's folders.
const UNWRITABLE: &str =
    "f src/a size=40000\nf src/b text=b\\n\nf src/sub/c size=7\nd src/sub\nd dst\nd dst/sub";

/// Somebody else's file cannot be replaced in a folder like /tmp.
const STICKY: &str =
    "f src/a size=40000\nf src/b size=6\nd dst mode=1777\nf dst/a size=4 uid=0 mode=644";

/// Links and their like to put in place of others, with a directory for temporary files.
const SPECIALS: &str =
    "l src/l -> a\np src/p\nl src/new -> a\np src/fresh\nl dst/l -> b\nf dst/p size=3\nd tmp";

/// The same with hard links and devices, of which rsync says how each is replaced.
const REPLACED: &str = "f src/a size=4 mtime=5\nh src/b -> src/a\nl src/l -> a\nl src/over -> b\np src/p\nc src/c dev=1:3\nl src/d -> a
f dst/a size=4 mtime=5\nf dst/b size=5\nl dst/l -> b\nf dst/over size=9\nf dst/p size=3\nc dst/c dev=1:5\nf dst/d/e size=1\nd tmp\nd bak tmpfs=64K";

/// A remote shell that changes a file on its way.
const CORRUPT: &str = r"f corrupt mode=755 text=#!/bin/sh\nshift\nsh\s-c\s\x22$*\x22\s|\sperl\s-e\s'binmode\sSTDIN;binmode\sSTDOUT;while(sysread(STDIN,$b,65536)){$b=~s/MARKERX/MARKERY/g;syswrite(STDOUT,$b)}'\n
f src/a text=MARKERX\n
f src/b size=100
f dst/a text=old\n mtime=1000000000
f dst/.kept/a text=MARK\n";

const PUSHES: &[Via] = &[Via::Local, Via::Push];

pub const ROWS: &[Row] = &[
    // Files that cannot be made.
    row("unwritable", &[UNWRITABLE], "-ri").over(LOCAL_AND_SHELL).as_nobody(),
    row("unwritable-progress", &[UNWRITABLE], "-r --progress").over(LOCAL_AND_SHELL).as_nobody(),
    row("unwritable-progress-of-all", &[UNWRITABLE], "-r --info=progress2 --no-i-r").over(LOCAL_AND_SHELL).as_nobody(),
    row("unwritable-names-and-progress", &[UNWRITABLE], "-rv --progress --stats").over(LOCAL_AND_SHELL).as_nobody(),
    row("unwritable-format", &[UNWRITABLE], "-r '--out-format=%i %n %l %C'").over(LOCAL_AND_SHELL).as_nobody(),
    row("unwritable-temp-dir", &[UNWRITABLE, "d tmp"], "-ri --temp-dir={top}/tmp").over(LOCAL_AND_SHELL).as_nobody(),
    row("unwritable-inplace", &[UNWRITABLE, "f dst/b text=old\\n mtime=5"], "-ri --inplace --progress").over(LOCAL_AND_SHELL).as_nobody(),
    row("unwritable-append", &[UNWRITABLE, "f dst/b size=0"], "-ri --append").over(LOCAL_AND_SHELL).as_nobody(),
    row("unwritable-batch-only", &[UNWRITABLE, "d top uid=65534"], "-ri --progress --only-write-batch=top/b").over(LOCAL_AND_SHELL).as_nobody().any_tree(),
    // Files that cannot be given their name.
    row("sticky", &[STICKY], "-ri").over(LOCAL_AND_SHELL).as_nobody(),
    row("sticky-progress", &[STICKY], "-r --progress").over(LOCAL_AND_SHELL).as_nobody(),
    row("sticky-format", &[STICKY], "-r '--out-format=%i %n %l %C' --stats").over(LOCAL_AND_SHELL).as_nobody(),
    row("sticky-temp-dir", &[STICKY, "d tmp uid=65534"], "-rv --temp-dir={top}/tmp").over(LOCAL_AND_SHELL).as_nobody(),
    row("sticky-delayed", &[STICKY], "-ri --delay-updates").over(LOCAL_AND_SHELL).as_nobody(),
    row("sticky-partial-dir", &[STICKY, "f dst/.kept/a size=4000 uid=65534\nd dst/.kept uid=65534"], "-ri --no-W --partial-dir=.kept").over(LOCAL_AND_SHELL).as_nobody(),
    row("sticky-delayed-apart", &[STICKY, "d apart uid=65534"], "-ri --delay-updates --partial-dir={top}/apart").over(LOCAL_AND_SHELL).as_nobody(),
    row("sticky-hard-links", &["f src/a size=4\nh src/b -> src/a\nf src/c size=3\nd dst mode=1777\nf dst/a size=4 uid=0\nf dst/b size=5 uid=0"], "-rtiH").over(LOCAL_AND_SHELL).as_nobody(),
    row("sticky-specials", &["l src/l -> a\np src/p\nl src/new -> a\nd dst mode=1777\nl dst/l -> b\nf dst/p size=3"], "-rlDi").over(LOCAL_AND_SHELL).as_nobody(),
    row("unwritable-specials", &["l src/l -> a\np src/p\nl src/new -> a\np src/fresh\nd dst\nl dst/l -> b\nf dst/p size=3"], "-rlDi").over(LOCAL_AND_SHELL).as_nobody(),
    row("unwritable-specials-daemon", &["l src/l -> a\np src/p\nl src/new -> a\np src/fresh\nd dst\nl dst/l -> b\nf dst/p size=3"], "-rlDi").over(&[Via::DaemonPush]).modules("uid = nobody\ngid = nogroup\nfake super = no"),
    // With --temp-dir links and their like are made in place, of which what is there is removed first.
    row("unwritable-specials-temp-dir", &[SPECIALS, "d dst"], "-rlDi -T {top}/tmp").over(LOCAL_AND_SHELL).as_nobody(),
    row("sticky-specials-temp-dir", &[SPECIALS, "d dst mode=1777"], "-rlDi -T {top}/tmp").over(LOCAL_AND_SHELL).as_nobody(),
    row("sticky-specials-temp-dir-backup", &[SPECIALS, "d dst mode=1777"], "-rlDib -T {top}/tmp").over(LOCAL_AND_SHELL).as_nobody(),
    row("sticky-hard-links-temp-dir", &["f src/a size=4 mtime=5\nh src/b -> src/a\nd dst mode=1777\nf dst/a size=4 mtime=5 uid=65534\nf dst/b size=5 uid=0\nf src/new size=3\nd tmp uid=65534"], "-rtiH -T {top}/tmp").over(LOCAL_AND_SHELL).as_nobody(),
    row("unmakable-specials-temp-dir", &["c src/c dev=1:3\nf dst/c size=3 uid=65534\nd dst uid=65534\nd tmp"], "-rDi --super -T {top}/tmp").over(&[Via::Local, Via::Push]).as_nobody(),
    row("specials-temp-dir", &[REPLACED], "-aHi -T {top}/tmp --debug=del3,backup").over(LOCAL_AND_SHELL).any_order(),
    row("specials-temp-dir-delete", &[REPLACED], "-aHi -T {top}/tmp --debug=del3,backup --delete").over(LOCAL_AND_SHELL).any_order(),
    row("specials-temp-dir-dry", &[REPLACED], "-aHin -T {top}/tmp --debug=del3,backup").over(LOCAL_AND_SHELL).any_order(),
    row("specials-temp-dir-backup", &[REPLACED], "-aHib -T {top}/tmp --debug=del3,backup").over(LOCAL_AND_SHELL).any_order(),
    row("specials-temp-dir-backup-elsewhere", &[REPLACED], "-aHib -T {top}/tmp --backup-dir={top}/bak --debug=del3,backup").over(LOCAL_AND_SHELL).any_order(),
    row("specials-temp-dir-backup-skipped", &[REPLACED], "-rlib -T {top}/tmp --backup-dir={top}/bak --debug=del3,backup").over(LOCAL_AND_SHELL).any_order(),
    row("specials-delayed", &[REPLACED], "-aHib --delay-updates --partial-dir={top}/tmp --debug=del3,backup").over(LOCAL_AND_SHELL).any_order(),
    row("sticky-deleted", &[STICKY, "f dst/x size=3\nf dst/y/z size=3"], "-ri --delete").over(LOCAL_AND_SHELL).as_nobody(),
    // Files that fail verification, twice.
    row("corrupt", &[CORRUPT], "-ri --no-W -e {top}/corrupt").over(&[Via::Pull]),
    row("corrupt-progress", &[CORRUPT], "-rv --no-W --progress -e {top}/corrupt").over(&[Via::Pull]),
    row("corrupt-format", &[CORRUPT], "-r '--out-format=%i %n %l %C' --stats -e {top}/corrupt").over(&[Via::Pull]),
    row("corrupt-quiet", &[CORRUPT], "-r -e {top}/corrupt").over(&[Via::Pull]),
    row("corrupt-partial", &[CORRUPT], "-ri --partial -e {top}/corrupt").over(&[Via::Pull]),
    row("corrupt-partial-backup", &[CORRUPT], "-rib --partial -e {top}/corrupt").over(&[Via::Pull]),
    row("corrupt-partial-dir", &[CORRUPT], "-ri --no-W --partial-dir=.kept -e {top}/corrupt").over(&[Via::Pull]),
    row("corrupt-partial-dir-new", &[CORRUPT], "-ri --no-W --partial-dir=.other -e {top}/corrupt").over(&[Via::Pull]),
    row("corrupt-delayed", &[CORRUPT], "-ri --no-W --delay-updates -e {top}/corrupt").over(&[Via::Pull]),
    row("corrupt-delayed-partial-dir", &[CORRUPT], "-ri --no-W --delay-updates --partial-dir=.kept -e {top}/corrupt").over(&[Via::Pull]),
    row("corrupt-inplace", &[CORRUPT], "-ri --inplace -e {top}/corrupt").over(&[Via::Pull]),
    row("corrupt-logged", &[CORRUPT], "-r --log-file=/dev/stdout --inplace -e {top}/corrupt").over(&[Via::Pull]),
    // Remote ends that do not come up.
    row("false-shell", &[BASIC, EMPTY], "-ai -e false").over(SHELL).any_server_args().any_stderr(),
    row("compared-but-there", &["f src/f size=3 mtime=5\nf alt/f size=3 mtime=5\nf dst/f size=9 mtime=7"], "-rltOi --compare-dest=../alt").over(LOCAL_AND_SHELL).as_nobody(),
    row("like-an-alternate-shut", &["l src/l -> t mtime=5 uid=65534 gid=65534\np src/p mtime=5 uid=65534 gid=65534\nl alt/l -> t mtime=5 uid=65534 gid=65534\np alt/p mtime=5 uid=65534 gid=65534\nd dst"], "-aiiO --link-dest=../alt").over(LOCAL_AND_SHELL).as_nobody(),
    row("like-an-alternate-shut-verbose", &["l src/l -> t mtime=5 uid=65534 gid=65534\np src/p mtime=5 uid=65534 gid=65534\nl alt/l -> t mtime=5 uid=65534 gid=65534\np alt/p mtime=6 uid=65534 gid=65534\nd dst"], "-avvO --copy-dest=../alt").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    // Whoever waits for a name that is not looked at leads after all.
    row("hard-link-below-skipped", &["f src/x size=3\nh src/w/l -> src/x\nd dst"], "-rH").over(LOCAL_AND_SHELL).as_nobody(),
    row("hard-link-and-more-below-skipped", &["f src/x size=3\nh src/w/l -> src/x\nf src/w/s size=2\nd dst"], "-aH").over(LOCAL_AND_SHELL).as_nobody(),
    row("hard-link-below-skipped-elsewhere", &["f src/x size=3\nh src/u/w/l -> src/x\nh src/u/k -> src/x\nh src/y -> src/x\nd dst uid=65534\nd dst/u"], "-rH").over(LOCAL_AND_SHELL).as_nobody(),
    row("hard-link-below-skipped-at-once", &["f src/x size=3\nh src/u/w/l -> src/x\nh src/y -> src/x\nd dst uid=65534\nd dst/u"], "-rH --no-i-r").over(LOCAL_AND_SHELL).as_nobody(),
    row("hard-link-as-long", &["f src/a size=3\nh src/b -> src/a\nh src/c -> src/a\nf dst/c size=9"], "-rHi --append").over(LOCAL_AND_SHELL),
    row("hard-link-refused", &["f src/a size=3\nh src/b -> src/a\nh src/c.o -> src/a\nd dst"], "-rHi").over(&[Via::DaemonPush]).modules("exclude = *.o"),
    row("hard-link-unreadable-fake", &["f src/a size=3\nh src/b -> src/a\nh src/c -> src/a\nf dst/c size=9 x:user.rsync.%stat=bad"], "-aH --fake-super").over(&[Via::Local]),
    row("copy-as-nobody-known", &[BASIC, EMPTY], "-ai --copy-as=nosuchuser").over(&[Via::Push]),
    row("copy-as-nobody-known-here", &[BASIC, EMPTY], "-ai --copy-as=nosuchuser").over(&[Via::Pull]),
    row("remote-copy-as-nobody-known", &[BASIC, EMPTY], "-ai -M--copy-as=nosuchuser").over(&[Via::Push]),
    row("remote-copy-as-no-group", &[BASIC, EMPTY], "-ai -M--copy-as=nobody:nosuchgroup").over(&[Via::Push]),
    // Limits of memory.
    row("max-alloc-list", &["many src/m count=66000 per=66000 size=0", EMPTY], "-r --no-i-r --max-alloc=1M").over(&[Via::Local]).one_process().any_stderr().any_tree(),
    row("max-alloc-larger-list", &["many src/m count=66000 per=66000 size=0", EMPTY], "-rn --no-i-r --max-alloc=1048584"),
    row("max-alloc-sums", &["f src/a size=30583000\nf dst/a size=30583000 edits=1 mtime=5"], "-rt --no-W -B700 --max-alloc=1M").over(PUSHES).any_stderr().any_tree(),
    row("max-alloc-fewer-sums", &["f src/a size=30582300\nf dst/a size=30582300 edits=1 mtime=5"], "-rt --no-W -B700 --max-alloc=1M").over(SHELL),
    row("checksum-of-nothing", &[BASIC, EMPTY], "-ac").over(&[Via::Local, Via::Push]).environment(&[("RSYNC_CHECKSUM_LIST", "none")]).any_stderr(),
    // Log files of clients that fail.
    row("log-missing", &[BASIC, OLDER], "-a --log-file=/dev/stdout").over(EVERY_WAY).from_to("src/ src/nope", "dst/"),
    row("log-missing-verbose", &[BASIC, OLDER], "-av --log-file=/dev/stdout").over(EVERY_WAY).from_to("src/ src/nope", "dst/").any_order(),
    row("log-max-delete", &[BASIC, OLDER], "-a --delete --max-delete=1 --log-file=/dev/stdout").over(EVERY_WAY).any_order(),
    row("log-wrong-destination", &[BASIC], "-a --log-file=/dev/stdout").over(LOCAL_AND_SHELL).from_to("src/", "src/small"),
    row("log-wrong-destination-verbose", &[BASIC], "-av --log-file=/dev/stdout").over(LOCAL_AND_SHELL).from_to("src/", "src/small").any_order(),
    row("log-wrong-map", &[BASIC], "-a --usermap=x --log-file=/dev/stdout").over(SHELL),
    row("log-no-temp-dir", &[BASIC], "-a --temp-dir=nope --log-file=/dev/stdout").over(PUSHES),
    row("log-remote-option", &[BASIC], "-a -M--nope --log-file=/dev/stdout").over(SHELL),
    row("log-old-protocol", &[BASIC], "-a --inplace --link-dest=/x --protocol=28 --log-file=/dev/stdout").over(&[Via::Push]),
    row("log-refused", &[BASIC], "-a --log-file=/dev/stdout").over(&[Via::DaemonPush]).modules("refuse options = archive"),
    row("log-read-only", &[BASIC], "-a --log-file=/dev/stdout").over(&[Via::DaemonPush]).modules("read only = yes"),
    row("log-write-only", &[BASIC], "-a --log-file=/dev/stdout").over(&[Via::DaemonPull]).modules("write only = yes"),
    row("log-receiver-error", &["f src/a size=4\nf src/d/b size=3\nf dst/d size=5"], "-r --log-file=/dev/stdout --no-force").over(EVERY_WAY).from_to("src/a src/d", "dst/"),
    // Log files and mistakes in the command line.
    row("log-unknown-option", &[EMPTY], "--log-file=/dev/stdout --nope"),
    row("log-unknown-option-before", &[EMPTY], "--nope --log-file=/dev/stdout"),
    row("log-wrong-value", &[EMPTY], "-a --log-file=/dev/stdout --bwlimit=x"),
    row("log-conflict", &[EMPTY], "-a --log-file=/dev/stdout --compare-dest=x --copy-dest=y"),
    row("log-wrong-checksum", &[EMPTY], "-a --log-file=/dev/stdout --cc=nope"),
    row("log-wrong-info", &[EMPTY], "-a --log-file=/dev/stdout --info=nope"),
    row("log-delete-alone", &[EMPTY], "--log-file=/dev/stdout --delete"),
    row("log-wrong-source", &[EMPTY], "-a --log-file=/dev/stdout").from_to("src/ h:x", "dst/"),
    row("log-two-remotes", &[EMPTY], "-a --log-file=/dev/stdout").from_to("h:x", "i:y"),
];
