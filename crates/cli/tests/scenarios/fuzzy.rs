//! Similar files as the basis of missing ones (`--fuzzy`).

use super::trees::EMPTY;
use testkit::row::{DAEMON, EVERY_WAY, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, Via, row};

/// Names that are alike in several ways, each with other data, so that the statistics tell which was taken.
const NAMES: &str = r"
f src/foo-1.2.tar.gz size=90000 seed=1 mtime=1000000000
f dst/.foo-1.2.tar.gz.bak size=80000 seed=1 cut=10000
f dst/bar-1.2.tar.gz size=80000 seed=1 cut=20000
f dst/foo-1.0.tar.gz size=80000 seed=1 cut=30000
f dst/foo-1.1.tar.gz size=80000 seed=1 cut=40000
f dst/foo-1.2 size=80000 seed=1 cut=50000
f dst/foo-1.2.tar.bz2 size=80000 seed=1 cut=60000
f dst/foo-1.2.tar.gz~ size=80000 seed=1 cut=70000
f dst/foo-1.2.tar.gy size=0
f dst/unlike size=80000 seed=1
l dst/foo-1.2.tar.gx -> unlike
d dst/foo-1.2.tar.g
p dst/foo-1.2.tar.gw
";

/// Suffixes weigh more than the rest of a name.
const SUFFIXES: &str = r"
f src/report.txt size=9000 seed=1
f src/report.c.~1~ size=9000 seed=2
f src/report.2 size=9000 seed=3
f src/.report.h.orig size=9000 seed=4
f src/plain size=9000 seed=5
f dst/report.tx size=8000 seed=1
f dst/re-port-9.txt size=7000 seed=1
f dst/report-c.c size=6000 seed=2
f dst/report.c.old.1 size=5000 seed=2
f dst/report.3 size=4000 seed=3
f dst/report.1.2 size=3000 seed=3
f dst/reports.h~ size=2000 seed=4
f dst/pläin size=2000 seed=5
f dst/p.plain size=1000 seed=5
";

/// A file to be made in a folder that has one like it, and something to delete.
const SIMILAR: &str = r"
f src/new.txt size=100000 seed=1
f src/sub/new.c size=50000 seed=2
f src/with/more/new.h size=20000 seed=3
f dst/neu.txt size=100000 seed=1 edits=3
f dst/gone size=10
f dst/sub/neu.c size=50000 seed=2 edits=3
f dst/sub/gone size=20
";

/// The same with one like it in other folders.
const ELSEWHERE: &str = r"
f src/new.txt size=100000 seed=1
f src/sub/new.c size=50000 seed=2
f src/sub/deep/new.h size=20000 seed=3
f src/sub/deep/twin size=20000 seed=4 mtime=1000000000
f src/kept size=100
f dst/neu.txt size=100000 seed=1 edits=9
f one/nex.txt size=100000 seed=1 edits=3
f one/sub/neu.c size=50000 seed=2 edits=3
f one/kept size=100
f two/new.tx size=100000 seed=1 edits=1
f two/sub/neu.c size=50000 seed=2 edits=1
f two/sub/deep/xyz.h size=20000 seed=3 edits=1
f two/sub/deep/zzz size=20000 seed=4 mtime=1000000000
";

const DELETIONS: &[Via] = &[Via::Local, Via::Push, Via::Pull];

pub const ROWS: &[Row] = &[
    row("foreign-link-in-alternate", &["f src/d/a size=300\nf src/d/b size=300\nf src/d/e/c size=300\nd dst\nl alt/d -> /etc uid=1000"], "-a -yy --link-dest=../alt").over(&[Via::Local]),
    row("one", &["f src/new.txt size=100000 seed=1\nf dst/neu.txt size=100000 seed=1 edits=3 mtime=4"], "-aiy --no-whole-file --stats").over(EVERY_WAY),
    row("same-time", &["f src/new.txt size=100000 mtime=5 seed=1\nf dst/other size=100000 mtime=5 seed=1\nf dst/new.tx size=100000 mtime=6"], "-aivy --no-whole-file --stats").over(LOCAL_AND_SHELL),
    row("same-time-window", &["f src/new.txt size=100000 mtime=5 seed=1\nf dst/other size=100000 mtime=6 seed=1\nf dst/new.tx size=100000 mtime=7"], "-aiy@1 --no-whole-file --stats --debug=FUZZY2").any_order(),
    row("names", &[NAMES], "-aiy --no-whole-file --stats").over(EVERY_WAY),
    row("names-debug", &[NAMES], "-aiy --no-whole-file --debug=FUZZY2").over(&[Via::Local, Via::Pull]).any_order(),
    row("names-debug-one", &[NAMES], "-aiy --no-whole-file --debug=FUZZY").over(&[Via::Local, Via::Pull]).any_order(),
    row("names-debug-server", &[NAMES], "-aiy --no-whole-file -M--debug=FUZZY2").over(&[Via::Push]).any_order(),
    row("names-verbose", &[NAMES], "-avvy --no-whole-file").over(LOCAL_AND_SHELL).any_order(),
    row("suffixes", &[SUFFIXES], "-aiy --no-whole-file --stats").over(LOCAL_AND_SHELL),
    row("suffixes-debug", &[SUFFIXES], "-8aiy --no-whole-file --debug=FUZZY2").any_order(),
    row("dry-run", &[NAMES], "-aiyn --no-whole-file --stats").over(EVERY_WAY),
    row("dry-run-debug", &[SIMILAR], "-aiyn --no-whole-file --debug=FUZZY2").over(&[Via::Local, Via::Pull]).any_order(),
    row("dry-run-elsewhere", &[ELSEWHERE], "-aiyyn --no-whole-file --copy-dest=../one --stats").over(LOCAL_AND_SHELL),
    row("whole-file", &[SIMILAR], "-aiyW --stats").over(LOCAL_AND_SHELL),
    row("protocols", &[NAMES], "-aiy --no-whole-file --stats").over(SHELL).protocols(&[29, 30, 31, 32]),
    row("old-protocol", &[SIMILAR], "-aiy").over(SHELL).protocols(&[27, 28]).any_stderr(),
    row("off", &[SIMILAR], "-aiy --no-fuzzy --no-whole-file --stats").over(LOCAL_AND_SHELL),
    row("off-short", &[SIMILAR], "-aiyy --no-y --no-whole-file --stats").over(LOCAL_AND_SHELL),
    row("twice-without-folders", &[SIMILAR], "-aiyy --no-whole-file --stats").over(LOCAL_AND_SHELL),
    row("compressed", &[SIMILAR], "-aizy --no-whole-file --stats").over(LOCAL_AND_SHELL),
    row("checksum", &[SIMILAR], "-aicy --no-whole-file --stats").over(LOCAL_AND_SHELL),
    row("existing-file-is-its-own-basis", &["f src/new.txt size=9000 seed=1\nf dst/new.txt size=9000 seed=2 edits=3 mtime=4\nf dst/neu.txt size=9000 seed=1"], "-aiy --no-whole-file --stats --debug=FUZZY2").over(&[Via::Local, Via::Pull]),
    row("partial-file-first", &["f src/new.txt size=9000 seed=1\nf dst/.p/new.txt size=9000 seed=1 cut=5000\nf dst/neu.txt size=9000 seed=1"], "-aiy --partial-dir=.p --no-whole-file --stats").over(LOCAL_AND_SHELL),
    row("inplace", &[SIMILAR], "-aiy --inplace --no-whole-file --stats").over(LOCAL_AND_SHELL),
    row("inplace-backup", &[SIMILAR], "-aiyb --inplace --no-whole-file --stats").over(LOCAL_AND_SHELL),
    row("backup", &["f src/new.txt size=9000 seed=1\nf dst/new.txt~ size=9000 seed=1 edits=1"], "-aiyb --no-whole-file --stats").over(LOCAL_AND_SHELL),
    row("delay-updates", &[SIMILAR], "-aiy --delay-updates --no-whole-file --stats").over(LOCAL_AND_SHELL),
    row("hard-links", &["f src/a size=9000 seed=1\nh src/c -> src/a\nh src/b -> src/a\nf dst/b2 size=9000 seed=1 edits=1"], "-aiHy --no-whole-file --stats").over(LOCAL_AND_SHELL),
    row("hard-links-debug", &["f src/abc size=9000 seed=1\nh src/c -> src/abc\nh src/bcd -> src/abc\nf dst/bcde size=9000 seed=1 edits=1"], "-aiHy --no-whole-file --debug=FUZZY2").any_order(),
    row("permissions-of-the-basis", &["f src/new.txt size=9000 seed=1 mode=755\nf dst/neu.txt size=9000 seed=1 mode=640"], "-rtiy --no-whole-file").over(LOCAL_AND_SHELL),
    row("renamed", &["f src/new.txt size=9000 seed=1\nf dst/neu.txt size=9000 seed=1\nf dst/other.tx size=9000 seed=2"], "-aiy --no-whole-file --stats --debug=FUZZY2").from_to("src/new.txt", "dst/other.txt").over(&[Via::Local, Via::Pull]).any_order(),
    row("relative", &["f src/./sub/new.txt size=9000 seed=1\nf dst/sub/neu.txt size=9000 seed=1"], "-aiRy --no-whole-file --stats").from_to("src/./sub", "dst/").over(LOCAL_AND_SHELL),
    row("excluded-names-serve", &[SIMILAR], "-aiy --no-whole-file --stats --exclude=neu*").over(LOCAL_AND_SHELL),
    row("daemon-excluded-names-do-not", &[SIMILAR], "-aiy --no-whole-file --stats").over(&[Via::DaemonPush]).modules("exclude = neu*"),
    row("unreadable", &["f src/new.txt size=9000 seed=1\nf dst/neu.txt size=9000 seed=1 mode=0 uid=0\nf dst/newer.txt size=9000 seed=1\nd dst uid=65534"], "-rtiy --no-whole-file --stats").as_nobody().over(&[Via::Local, Via::Push]),
    row("unreadable-folder", &["f src/new.txt size=9000 seed=1\nd dst uid=65534\nd other mode=311 uid=0\nf other/neu.txt size=9000"], "-rtiyy --no-whole-file --compare-dest=../other").as_nobody().over(&[Via::Local, Via::Push]),
    row("delete", &[SIMILAR], "-aiy --delete --no-whole-file --stats").over(DELETIONS).any_order(),
    row("delete-before", &[SIMILAR], "-aiy --delete-before --no-whole-file --stats").over(DELETIONS).any_order(),
    row("delete-during", &[SIMILAR], "-aiy --del --no-whole-file --stats").over(DELETIONS).any_order(),
    row("delete-delay", &[SIMILAR], "-aiy --delete-delay --no-whole-file --stats").over(DELETIONS).any_order(),
    row("delete-after", &[SIMILAR], "-aiy --delete-after --no-whole-file --stats").over(DELETIONS).any_order(),
    row("delete-protocols", &[SIMILAR], "-aiy --delete --no-whole-file --stats").over(SHELL).protocols(&[29, 30]).any_order(),
    row("delete-protected", &[SIMILAR], "-aiy --delete --no-whole-file --stats --exclude=neu*").over(DELETIONS).any_order(),
    row("delete-dry-run", &[SIMILAR], "-aiyn --delete --no-whole-file --stats").over(DELETIONS).any_order(),
    row("once-with-compare-dest", &[ELSEWHERE], "-aiy --no-whole-file --stats --compare-dest=../one --compare-dest=../two").over(LOCAL_AND_SHELL),
    row("compare-dest", &[ELSEWHERE], "-aiyy --no-whole-file --stats --compare-dest=../one --compare-dest=../two").over(LOCAL_AND_SHELL),
    row("copy-dest", &[ELSEWHERE], "-aiyy --no-whole-file --stats --copy-dest=../one --copy-dest=../two").over(LOCAL_AND_SHELL),
    row("link-dest", &[ELSEWHERE], "-aiyy --no-whole-file --stats --link-dest=../two --link-dest=../one").over(LOCAL_AND_SHELL),
    row("elsewhere-daemon", &[ELSEWHERE], "-aiyy --no-whole-file --stats --link-dest=../one --link-dest=../two").over(DAEMON),
    row("elsewhere-debug", &[ELSEWHERE], "-aiyy --no-whole-file --debug=FUZZY2 --compare-dest=../one/ --compare-dest={top}/two").over(&[Via::Local, Via::Pull]).any_order(),
    row("elsewhere-empty-destination", &["f src/sub/new.c size=50000 seed=2\nf one/sub/neu.c size=50000 seed=2 edits=1", EMPTY], "-aiyy --no-whole-file --stats --compare-dest=../one").over(EVERY_WAY.split_at(3).0),
    row("elsewhere-verbose", &[ELSEWHERE], "-avvyy --no-whole-file --copy-dest=../one").any_order(),
    row("elsewhere-protocols", &[ELSEWHERE], "-aiyy --no-whole-file --stats --compare-dest=../one --compare-dest=../two").over(SHELL).protocols(&[29, 30, 31]),
    row("elsewhere-missing", &[ELSEWHERE], "-aiyy --no-whole-file --stats --compare-dest=../nowhere --compare-dest=../two").over(LOCAL_AND_SHELL),
    row("daemon", &[NAMES], "-aiy --no-whole-file --stats --delete-after").over(DAEMON),
    row("batch", &[SIMILAR], "-aiy --no-whole-file --stats --write-batch={top}/batch").any_tree(),
];
