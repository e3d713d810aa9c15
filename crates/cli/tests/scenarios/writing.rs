//! Files that are not simply replaced: kept, appended to, written in place, delayed, written elsewhere first, removed at
//! their source.

use super::trees::{BASIC, EMPTY, LINKED, OLDER, SPECIAL};
use testkit::row::{DAEMON, EVERY_WAY, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, Via, row};

/// Files to add to: shorter, longer, as long, empty, with another beginning.
const SHORTER: &str = r"
f src/short size=100000
f dst/short size=100000 cut=60000 mtime=3
f src/other size=100000
f dst/other size=100000 cut=60000 edits=2 mtime=3
f src/long size=9
f dst/long size=20
f src/same size=500
f dst/same size=500 mtime=3
f src/from-empty size=5000
f dst/from-empty size=0
f src/to-empty size=0
f dst/to-empty size=0 mtime=3
f src/new size=7000
f src/sub/short size=3000 mode=600
f dst/sub/short size=3000 cut=1 mode=644
";

/// Mostly holes.
const HOLLOW: &str = r"
f src/middle size=4M data=2M:100000
f src/start size=1M data=0:10
f src/two size=2M data=0:200000,1200000:100000
f src/last size=12288 data=0:10
d dst
";

/// What earlier runs have left in partial directories: of a new file, of an old one, of a file that is complete, and
/// something else.
const KEPT: &str = r"
f src/new size=100000
f dst/.kept/new size=100000 cut=60000
f src/old size=80000 mode=640
f dst/old size=80000 edits=90 mtime=1000000000 mode=600
f dst/.kept/old size=80000 cut=50000 mode=600
f src/done size=700
f dst/done size=700
f dst/.kept/done size=100
f src/sub/new size=50000
f dst/sub/.kept/new size=50000 cut=20000
f dst/sub/.kept/alien size=10
d src/dir
d dst/.kept/dir
";

/// The same, in one directory for all.
const KEPT_APART: &str = r"
f src/new size=100000
f kept/new size=100000 cut=60000
f src/done size=700
f dst/done size=700
f kept/done size=100
f src/sub/deep size=50000
f kept/deep size=50000 cut=20000
";

const DEVICES: &str = r"
f src/null size=5000
c dst/null dev=1:3 mode=600 mtime=1000000000
f src/zero size=300
c dst/zero dev=1:5 mode=644
f src/plain size=3000
f dst/plain size=3000 edits=1
";

const PUSHES: &[Via] = &[Via::Local, Via::Push, Via::DaemonPush];

/// Links to directories: in the directory that they stand in, elsewhere in the source, and out of it.
const BEHIND: &str = r"
f src/d/a size=3
f src/d/b size=3
f out/c size=3
l src/in -> d
l src/q/in -> ../d
l src/out -> ../out
d dst
";

/// Things that the source does not have, behind a link to elsewhere.
const OUTSIDE: &str = r"
d src/d
f dst/old
f real/gone
f real/sub/gone
d real/empty
l dst/d -> ../real
";

pub const ROWS: &[Row] = &[
    // --append
    row("append", &[SHORTER], "-ai --append --stats").over(EVERY_WAY),
    row("append-verify", &[SHORTER], "-ai --append-verify --stats").over(EVERY_WAY).any_order(),
    row("append-names", &[SHORTER], "-avv --append-verify").over(LOCAL_AND_SHELL).any_order(),
    row("append-protocols", &[SHORTER], "-ai --append").over(SHELL).protocols(&[27, 28, 29, 30, 31]),
    row("append-verify-protocols", &[SHORTER], "-ai --append-verify").over(SHELL).protocols(&[27, 28, 29, 30, 31]),
    row("append-compressed", &[SHORTER], "-aiz --append-verify").over(SHELL).any_order(),
    row("append-checksum", &[SHORTER], "-aic --append").over(LOCAL_AND_SHELL),
    row("append-size-only", &[SHORTER], "-ai --size-only --append").over(LOCAL_AND_SHELL),
    row("append-dry-run", &[SHORTER], "-avn --append").over(LOCAL_AND_SHELL),
    row("append-progress", &["f src/a size=100000\nf dst/a size=100000 cut=60000 mtime=3"], "-a --append --info=progress1,name1 --outbuf=L").over(SHELL).any_stdout(),
    row("append-no-checksum", &["f src/a size=100000\nf dst/a size=100000 cut=60000 mtime=3"], "-ai --append --cc=none").over(LOCAL_AND_SHELL),
    row("append-md4", &[SHORTER], "-ai --append-verify --cc=md4").over(SHELL).any_order(),
    row("append-off", &[SHORTER], "-ai --append --no-append").over(LOCAL_AND_SHELL),
    row("append-no-whole-file", &[SHORTER], "-ai --append --no-whole-file").over(LOCAL_AND_SHELL),
    row("append-whole-file", &[BASIC], "-a --append -W").over(LOCAL_AND_SHELL),
    row("append-hard-links", &["f src/a size=9000\nh src/b -> src/a\nf dst/a size=9000 cut=500 mtime=3\nh dst/b -> dst/a"], "-aiH --append").over(LOCAL_AND_SHELL),
    row("append-partial", &[SHORTER], "-ai --append --partial").over(LOCAL_AND_SHELL),
    // --inplace
    row("inplace-same-content", &["f src/a size=70000 mtime=5\nf dst/a size=70000 mtime=6\nf src/b size=5\nf dst/b size=5 mtime=4"], "-ri --inplace --no-W").over(EVERY_WAY),
    row("inplace-same-content-old-protocols", &["f src/a size=70000 mtime=5\nf dst/a size=70000 mtime=6"], "-r --inplace --no-W").over(SHELL).protocols(&[28, 30]),
    // --partial-dir
    row("partial-dir", &[KEPT], "-ai --no-whole-file --partial-dir=.kept --stats").over(EVERY_WAY),
    row("partial-dir-names", &[KEPT], "-avv --no-whole-file --partial-dir=.kept").over(LOCAL_AND_SHELL).any_order(),
    row("partial-dir-whole-file", &[KEPT], "-ai --partial-dir=.kept --stats -W").over(EVERY_WAY),
    row("partial-dir-protocols", &[KEPT], "-ai --partial-dir=.kept --stats").over(SHELL).protocols(&[27, 28, 29, 30, 31]),
    row("partial-dir-compressed", &[KEPT], "-aiz --partial-dir=.kept").over(SHELL),
    row("partial-dir-delete", &[KEPT], "-ai --partial-dir=.kept --delete").over(EVERY_WAY).any_order(),
    row("partial-dir-delete-excluded", &[KEPT], "-ai --partial-dir=.kept --delete-excluded").over(LOCAL_AND_SHELL).any_order(),
    row("partial-dir-delete-protocol-29", &[KEPT], "-ai --partial-dir=.kept --delete").over(SHELL).protocols(&[29]).any_order(),
    row("partial-dir-dir-is-deleted", &[KEPT, "f dst/gone/.kept/a size=10\nf dst/gone/b size=4"], "-ai --partial-dir=.kept --delete").over(LOCAL_AND_SHELL).any_order(),
    row("partial-dir-dry-run", &[KEPT], "-ain --partial-dir=.kept --delete").over(LOCAL_AND_SHELL).any_order(),
    row("partial-dir-not-sent", &["f src/.kept/a size=100\nf src/b size=10"], "-ai --partial-dir=.kept").over(LOCAL_AND_SHELL),
    row("partial-dir-cvs", &[KEPT, "f src/x.o size=4"], "-aiC --partial-dir=.kept").over(LOCAL_AND_SHELL),
    row("partial-dir-absolute", &[KEPT_APART], "-ai --no-whole-file --partial-dir={top}/kept --stats").over(LOCAL_AND_SHELL),
    row("partial-dir-absolute-daemon", &[KEPT_APART], "-ai --partial-dir=/kept --stats").over(&[Via::DaemonPush]),
    row("partial-dir-absolute-delete", &[KEPT_APART, "f dst/extra size=5"], "-ai --partial-dir={top}/dst/kept --delete").over(LOCAL_AND_SHELL).any_order(),
    row("partial-dir-hidden-by-daemon", &[KEPT], "-ai --partial-dir=.kept --stats").over(&[Via::DaemonPush]).modules("exclude = .kept"),
    row("partial-dir-absolute-hidden-by-daemon", &[KEPT_APART], "-ai --partial-dir=/kept").over(&[Via::DaemonPush]).modules("exclude = /kept").any_stderr(),
    row("partial-dir-environment", &[KEPT], "-aiP --no-whole-file").over(&[Via::Push, Via::Pull]).environment(&[("RSYNC_PARTIAL_DIR", ".kept")]).any_stdout(),
    row("partial-dir-environment-delayed", &[KEPT], "-ai --partial --delay-updates --no-whole-file --stats").over(LOCAL_AND_SHELL).environment(&[("RSYNC_PARTIAL_DIR", ".kept")]),
    row("partial-dir-environment-delayed-alone", &[KEPT], "-ai --delay-updates --no-whole-file --stats").over(LOCAL_AND_SHELL).environment(&[("RSYNC_PARTIAL_DIR", ".kept")]),
    row("partial-dir-environment-alone", &[KEPT], "-ai").over(LOCAL_AND_SHELL).environment(&[("RSYNC_PARTIAL_DIR", ".kept")]),
    row("partial-dir-environment-inplace", &[KEPT], "-ai --inplace --partial").over(LOCAL_AND_SHELL).environment(&[("RSYNC_PARTIAL_DIR", ".kept")]),
    row("partial-dir-dot", &[KEPT], "-ai --partial-dir=.").over(LOCAL_AND_SHELL),
    row("partial-dir-empty", &[KEPT], "-ai --partial-dir=").over(LOCAL_AND_SHELL),
    row("partial-dir-no-partial", &[KEPT], "-ai --partial-dir=.kept --no-partial").over(LOCAL_AND_SHELL),
    row("partial-dir-nested", &["f src/a size=90000\nf dst/p/q/a size=90000 cut=40000"], "-ai --no-whole-file --partial-dir=p/q/ --stats").over(LOCAL_AND_SHELL),
    row("partial-dir-climbs", &["f src/a size=90000\nf p/a size=90000 cut=40000\nd dst"], "-ai --no-whole-file --partial-dir=../p").over(LOCAL_AND_SHELL),
    row("partial-dir-single-file", &["f src/a size=90000\nf dst/.kept/new size=90000 cut=40000"], "-ai --no-whole-file --partial-dir=.kept --stats").over(LOCAL_AND_SHELL).from_to("src/a", "dst/new"),
    row("partial-dir-hard-links", &[LINKED, "f dst/c/.kept/four size=70000 cut=40000"], "-aiH --no-whole-file --partial-dir=.kept").over(LOCAL_AND_SHELL),
    row("partial-dir-ignore-existing", &[KEPT], "-ai --partial-dir=.kept --ignore-existing").over(LOCAL_AND_SHELL),
    row("partial-dir-existing", &[KEPT], "-ai --partial-dir=.kept --existing").over(LOCAL_AND_SHELL),
    row("partial-dir-is-a-link", &["f src/a size=90000\nf else/a size=90000 cut=40000\nl dst/.kept -> ../else"], "-ai --no-whole-file --partial-dir=.kept").over(LOCAL_AND_SHELL),
    row("partial-dir-remove-source", &[KEPT], "-ai --partial-dir=.kept --remove-source-files").over(LOCAL_AND_SHELL),
    // --delay-updates
    row("delay-updates-names", &[BASIC, OLDER], "-avv --delay-updates").over(LOCAL_AND_SHELL).any_order(),
    row("delay-updates-stats", &[BASIC, OLDER], "-ai --delay-updates --stats").over(EVERY_WAY),
    row("delay-updates-protocols", &[BASIC, OLDER], "-ai --delay-updates --delete").over(SHELL).protocols(&[29, 30, 31]).any_order(),
    row("delay-updates-old-protocols", &[BASIC, OLDER], "-ai --delay-updates").over(SHELL).protocols(&[27, 28]),
    row("delay-updates-delete-before", &[BASIC, OLDER], "-ai --delay-updates --delete-before --stats").over(EVERY_WAY).any_order(),
    row("delay-updates-delete-during", &[BASIC, OLDER], "-ai --delay-updates --delete-during --stats").over(EVERY_WAY).any_order(),
    row("delay-updates-delete-delay", &[BASIC, OLDER], "-ai --delay-updates --delete-delay --stats").over(EVERY_WAY).any_order(),
    row("delay-updates-delete-after", &[BASIC, OLDER], "-ai --delay-updates --delete-after --stats").over(EVERY_WAY).any_order(),
    row("delay-updates-delta", &[BASIC, OLDER], "-ai --delay-updates --no-whole-file --stats").over(EVERY_WAY),
    row("delay-updates-left-over", &[BASIC, "f dst/.~tmp~/medium size=33000 cut=900\nf dst/.~tmp~/alien size=3\nf dst/sub/.~tmp~/one size=1000"], "-ai --delay-updates --no-whole-file --delete").over(EVERY_WAY).any_order(),
    row("delay-updates-partial-dir", &[KEPT], "-ai --delay-updates --partial-dir=.kept").over(EVERY_WAY),
    row("delay-updates-absolute", &[KEPT_APART], "-ai --delay-updates --partial-dir={top}/kept").over(LOCAL_AND_SHELL),
    row("delay-updates-hard-links", &[LINKED, EMPTY], "-aiH --delay-updates").over(EVERY_WAY).any_order(),
    row("delay-updates-hard-links-existing", &[LINKED, "f dst/a/one size=5000 mtime=4\nf dst/a/two size=5000\nf dst/c/four size=9"], "-aiH --delay-updates").over(LOCAL_AND_SHELL).any_order(),
    row("delay-updates-remove-source", &[BASIC, OLDER], "-ai --delay-updates --remove-source-files").over(EVERY_WAY),
    row("delay-updates-dry-run", &[BASIC, OLDER], "-ain --delay-updates --delete").over(LOCAL_AND_SHELL).any_order(),
    row("delay-updates-single-file", &["f src/a size=900\nf dst/b size=800"], "-ai --delay-updates").over(LOCAL_AND_SHELL).from_to("src/a", "dst/b"),
    row("delay-updates-off", &[BASIC, OLDER], "-ai --delay-updates --no-delay-updates").over(LOCAL_AND_SHELL),
    row("delay-updates-inplace", &[BASIC], "-a --delay-updates --inplace").over(LOCAL_AND_SHELL),
    row("delay-updates-temp-dir", &[BASIC, OLDER, "d tmp"], "-ai --delay-updates --temp-dir={top}/tmp").over(LOCAL_AND_SHELL),
    // A file whose temporary file cannot be made
    row("no-temp-file", &["f src/a size=1000\nf src/b size=2000\nd dst uid=0 mtime=5\nf dst/b size=10"], "-ri").over(LOCAL_AND_SHELL).as_nobody(),
    row("no-temp-file-verbose", &["f src/a size=1000\nf src/b size=2000\nd dst uid=0 mtime=5\nf dst/b size=10"], "-rvv").over(LOCAL_AND_SHELL).as_nobody(),
    row("no-temp-file-format", &["f src/a size=1000\nf src/b size=2000\nd dst uid=0 mtime=5\nf dst/b size=10"], "-r --stats --out-format=%n:%l").over(LOCAL_AND_SHELL).as_nobody(),
    // Without --perms a file gets those of its basis
    row("partial-dir-permissions", &["f src/a size=1000 mode=666\nf src/b size=1000 mode=640\nf dst/b size=500 mode=604\nf dst/.p/a size=400 mode=710\nf dst/.p/b size=300 mode=711"], "-rti --partial-dir=.p").over(EVERY_WAY),
    row("partial-dir-executability", &["f src/a size=1000 mode=666\nf src/b size=1000 mode=750\nf dst/b size=500 mode=604\nf dst/.p/a size=400 mode=710\nf dst/.p/b size=300 mode=600"], "-rtiE --partial-dir=.p").over(LOCAL_AND_SHELL),
    // --temp-dir
    row("temp-dir-delta", &[BASIC, OLDER, "d tmp"], "-ai --no-whole-file --temp-dir={top}/tmp --stats").over(LOCAL_AND_SHELL),
    row("temp-dir-relative", &[BASIC, OLDER, "d dst/tmp"], "-ai -T tmp").over(EVERY_WAY),
    row("temp-dir-daemon", &[BASIC, OLDER, "d tmp"], "-ai --temp-dir=/tmp").over(&[Via::DaemonPush]),
    row("temp-dir-missing-daemon", &[BASIC, OLDER], "-ai --temp-dir=/nowhere").over(&[Via::DaemonPush]),
    row("temp-dir-hidden-by-daemon", &[BASIC, OLDER, "d tmp"], "-ai --temp-dir=/tmp").over(&[Via::DaemonPush]).modules("exclude = /tmp").any_stderr().any_stdout(),
    row("temp-dir-missing-relative", &[BASIC, OLDER], "-ai -T nowhere").over(LOCAL_AND_SHELL),
    row("temp-dir-is-a-file", &[BASIC, OLDER], "-ai -T small").over(LOCAL_AND_SHELL),
    row("temp-dir-dry-run", &[BASIC, OLDER], "-ain -T nowhere").over(LOCAL_AND_SHELL),
    row("temp-dir-read-only", &[BASIC, "d dst uid=65534\nd tmp mode=555 uid=65534"], "-rti -T {top}/tmp").over(LOCAL_AND_SHELL).as_nobody().any_stderr(),
    row("temp-dir-long-name", &["f src/\\{x*250} size=100\nf src/.hidden. size=5\nd dst\nd tmp"], "-ai -T {top}/tmp").over(LOCAL_AND_SHELL),
    // --mkpath
    row("mkpath-names", &[BASIC], "-avi --mkpath").over(EVERY_WAY).from_to("src/", "new/deep/dir/"),
    row("mkpath-file", &[BASIC], "-avi --mkpath").over(EVERY_WAY).from_to("src/small", "new/deep/name"),
    row("mkpath-file-into-dir", &[BASIC], "-avi --mkpath").over(LOCAL_AND_SHELL).from_to("src/small", "new/deep/dir/"),
    row("mkpath-bare-name", &[BASIC], "-avi --mkpath").over(LOCAL_AND_SHELL).from_to("src/small", "name"),
    row("mkpath-one-level", &[BASIC], "-avi --mkpath").over(LOCAL_AND_SHELL).from_to("src/", "one"),
    row("mkpath-there-already", &[BASIC, OLDER], "-avi --mkpath").over(LOCAL_AND_SHELL).from_to("src/small", "dst/"),
    row("mkpath-several", &[BASIC], "-avi --mkpath").over(LOCAL_AND_SHELL).from_to("{host}src/small src/sub", "new/deep").any_stderr(),
    row("mkpath-dir", &[BASIC], "-avi --mkpath").over(LOCAL_AND_SHELL).from_to("src/sub", "new/deep"),
    row("mkpath-dry-run", &[BASIC], "-avin --mkpath").over(EVERY_WAY).from_to("src/", "new/deep/dir/"),
    row("mkpath-dry-run-file", &[BASIC], "-avin --mkpath").over(LOCAL_AND_SHELL).from_to("src/small", "new/deep/name"),
    row("mkpath-absolute", &[BASIC], "-avi --mkpath").from_to("src/small", "{top}/new/deep/name"),
    row("mkpath-file-in-the-way", &[BASIC], "-ai --mkpath").over(LOCAL_AND_SHELL).from_to("src/small", "src/medium/deep/name"),
    row("mkpath-file-as-dir", &[BASIC], "-ai --mkpath").over(LOCAL_AND_SHELL).from_to("src/small", "src/medium/"),
    row("mkpath-quiet", &[BASIC], "-aq --mkpath").over(LOCAL_AND_SHELL).from_to("src/", "new/deep/dir/"),
    row("mkpath-off", &[BASIC], "-ai --mkpath --no-mkpath").over(LOCAL_AND_SHELL).from_to("src/small", "new/deep/"),
    // --inplace and its relatives
    row("inplace-partial", &[BASIC, OLDER], "-ai --inplace --partial").over(LOCAL_AND_SHELL),
    row("inplace-partial-dir", &[BASIC], "-a --inplace --partial-dir=x").over(LOCAL_AND_SHELL),
    row("inplace-sparse", &["f src/a size=1M data=100:900,500K:3000\nf dst/a size=1200000"], "-aiS --inplace --stats").over(LOCAL_AND_SHELL).holes(),
    row("append-sparse", &["f src/b size=500000\nf dst/b size=500000 cut=300000"], "-aiS --append").over(LOCAL_AND_SHELL),
    row("inplace-sparse-delta", &["f src/a size=1M data=100:900,500K:3000\nf dst/a size=1200000"], "-aiS --inplace --no-whole-file").over(LOCAL_AND_SHELL),
    row("inplace-grows", &["f src/a size=70000\nf dst/a size=70000 cut=300"], "-ai --inplace --no-whole-file --stats").over(LOCAL_AND_SHELL),
    row("inplace-shrinks", &["f src/a size=70000 cut=300\nf dst/a size=70000"], "-ai --inplace --no-whole-file --stats").over(LOCAL_AND_SHELL),
    row("preallocate-basic", &[BASIC, OLDER], "-ai --preallocate --stats").over(EVERY_WAY),
    row("preallocate-sparse", &["f src/a size=1M data=100:900,500K:3000\nf src/b size=100000\nd dst"], "-aiS --preallocate").over(LOCAL_AND_SHELL),
    row("preallocate-sparse-holes", &[HOLLOW], "-aiS --preallocate").over(LOCAL_AND_SHELL).holes(),
    row("preallocate-inplace-holes", &[HOLLOW], "-aiS --preallocate --inplace").over(LOCAL_AND_SHELL).holes(),
    row("preallocate-inplace", &["f src/a size=1M data=100:900,500K:3000\nf dst/a size=20000"], "-aiS --preallocate --inplace").over(LOCAL_AND_SHELL),
    row("fsync-all", &[BASIC, OLDER], "-ai --fsync --inplace").over(EVERY_WAY),
    // Devices
    row("write-devices", &[DEVICES], "-rptgoi --write-devices").over(LOCAL_AND_SHELL),
    row("write-devices-dry-run", &[DEVICES], "-rptgoin --write-devices").over(LOCAL_AND_SHELL),
    row("write-devices-daemon", &[DEVICES], "-ri --write-devices").over(DAEMON),
    row("write-devices-daemon-allowed", &[DEVICES], "-rptgoi --write-devices").over(&[Via::DaemonPush]).modules("refuse options = !write-devices"),
    row("write-devices-partial-dir", &[BASIC], "-a --write-devices --partial-dir=x"),
    row("write-devices-delay-updates", &[BASIC], "-a --write-devices --delay-updates"),
    row("write-devices-off", &[DEVICES], "-ri --write-devices --no-write-devices --inplace"),
    row("copy-devices", &["c src/null dev=1:3\nc dst/null dev=1:3\nc src/other dev=1:3\nf src/f size=4"], "-ai --copy-devices --size-only").over(LOCAL_AND_SHELL).any_tree(),
    row("copy-devices-unopened", &["c src/none dev=99:77\nb src/block dev=99:77\nc src/null dev=1:3\nf src/f size=4"], "-rti --copy-devices").over(LOCAL_AND_SHELL).any_tree().any_order(),
    row("copy-devices-unreadable", &["c src/null dev=1:3 mode=0\nf src/f size=4\nd dst uid=65534"], "-rti --copy-devices").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("copy-devices-daemon", &["c src/null dev=1:3\nd dst"], "-ai --copy-devices").over(&[Via::DaemonPush]).any_tree(),
    row("copy-devices-daemon-allowed", &["c src/null dev=1:3\nd dst"], "-ai --copy-devices").over(&[Via::DaemonPull]).modules("refuse options = !copy-devices").any_tree(),
    row("copy-devices-dry-run", &["c src/null dev=1:3\nd dst"], "-ain --copy-devices").over(LOCAL_AND_SHELL),
    row("drop-d", &[SPECIAL, EMPTY], "-ai --drop-D").over(EVERY_WAY),
    row("drop-d-off", &[SPECIAL, EMPTY], "-ai --drop-D --no-drop-D").over(LOCAL_AND_SHELL),
    row("drop-d-delete", &[SPECIAL, "p dst/fifo\np dst/gone"], "-ai --drop-D --delete").over(LOCAL_AND_SHELL).any_order(),
    row("drop-d-quiet", &[SPECIAL, EMPTY], "-ai --drop-D --info=nonreg0").over(LOCAL_AND_SHELL),
    row("drop-d-remote", &[SPECIAL, EMPTY], "-ai -M--drop-D").over(&[Via::Push]),
    row("no-d", &[SPECIAL, EMPTY], "-ai --no-D").over(EVERY_WAY),
    row("no-devices", &[SPECIAL, EMPTY], "-ai --no-devices").over(LOCAL_AND_SHELL),
    row("no-specials", &[SPECIAL, EMPTY], "-ai --no-specials").over(LOCAL_AND_SHELL),
    row("specials-alone", &[SPECIAL, EMPTY], "-rti --specials").over(LOCAL_AND_SHELL),
    row("devices-alone", &[SPECIAL, EMPTY], "-rti --devices").over(LOCAL_AND_SHELL),
    // --remove-source-files
    row("remove-source-dressed", &["f src/a size=3 mtime=5 x:user.one=\\{w*40}\nf src/d/b size=3 mtime=5 x:user.one=\\{w*40} x:user.two=\\{v*50}\nf src/d/new size=3 x:user.one=\\{u*60}\nl src/l -> a\nf dst/a size=3 mtime=5 x:user.one=v\nf dst/d/b size=3 mtime=5"], "-aX --remove-source-files").over(LOCAL_AND_SHELL).any_order(),
    row("remove-source-dressed-at-once", &["f src/a size=3 mtime=5 x:user.one=\\{w*40}\nf src/d/b size=3 mtime=5 x:user.one=\\{w*40}\nf dst/a size=3 mtime=5 x:user.one=v\nf dst/d/b size=3 mtime=5"], "-aX --no-i-r --remove-source-files").over(LOCAL_AND_SHELL).any_order(),
    row("remove-source-specials", &[SPECIAL, EMPTY], "-ai --remove-source-files").over(LOCAL_AND_SHELL),
    row("remove-sent-files", &[BASIC, OLDER, "p src/fifo"], "-ai --remove-sent-files").over(EVERY_WAY),
    row("remove-source-hard-links", &[LINKED, "f dst/a/one size=5000"], "-aiH --remove-source-files").over(EVERY_WAY).any_order(),
    row("remove-sent-hard-links", &[LINKED, "f dst/a/one size=5000"], "-aiH --remove-sent-files").over(LOCAL_AND_SHELL).any_order(),
    row("remove-source-names", &[BASIC, OLDER], "-ai --info=remove --remove-source-files").over(LOCAL_AND_SHELL).any_order(),
    row("remove-source-dry-run", &[BASIC, OLDER], "-ain --remove-source-files").over(LOCAL_AND_SHELL),
    row("remove-source-existing", &[BASIC, OLDER], "-ai --remove-source-files --existing").over(LOCAL_AND_SHELL),
    row("remove-source-ignore-existing", &[BASIC, OLDER], "-ai --remove-source-files --ignore-existing").over(LOCAL_AND_SHELL),
    row("remove-source-update", &[BASIC, OLDER], "-aiu --remove-source-files").over(LOCAL_AND_SHELL),
    row("remove-source-max-size", &[BASIC, OLDER], "-ai --max-size=2000 --remove-source-files").over(LOCAL_AND_SHELL),
    row("remove-source-no-links", &[BASIC, OLDER], "-rti --remove-source-files").over(LOCAL_AND_SHELL),
    row("remove-source-protocols", &[BASIC, OLDER], "-ai --remove-source-files").over(SHELL).protocols(&[27, 28, 29, 30, 31]),
    row("remove-source-delete", &[BASIC, OLDER], "-ai --remove-source-files --delete-after").over(LOCAL_AND_SHELL).any_order(),
    row("remove-source-into-itself", &["f src/a size=50\nf src/sub/b size=60\nd src/dir"], "-ai --remove-source-files").from_to("src/", "src/").any_order(),
    row("remove-source-again-into-itself", &["f src/a size=50\nf src/sub/b size=60"], "-aiI --remove-source-files").from_to("src/", "src/").any_order(),
    // What rsync 3.5.0 loses: see known_failures.txt.
    row("remove-source-link-into-itself", &["f src/a size=50\nl src/l -> a"], "-ai --remove-source-files").from_to("src/", "src/").any_order(),
    row("remove-source-behind-links", &[BEHIND], "-tiL --remove-source-files -r").over(EVERY_WAY).any_order(),
    row("remove-source-behind-directory-links", &[BEHIND], "-tik --remove-source-files -r --no-i-r").over(LOCAL_AND_SHELL).any_order(),
    row("remove-source-behind-links-relative", &[BEHIND], "-tiR --remove-source-files").from_to("src/./in/a src/./q/in/b src/./out/c", "dst/").over(LOCAL_AND_SHELL).any_order(),
    row("remove-source-behind-links-insecure", &[BEHIND], "-tiL --remove-source-files -r --insecure-links").any_order(),
    row("remove-source-linked-destination", &["f src/a size=50\nh dst/a -> src/a"], "-ai --remove-source-files"),
    row("remove-source-inplace", &[BASIC, OLDER], "-ai --remove-source-files --inplace").over(LOCAL_AND_SHELL),
    row("remove-source-flat", &[BASIC, OLDER], "-lpti --remove-source-files").over(LOCAL_AND_SHELL).from_to("src/small src/link", "dst/").any_server_args(),
    row("remove-source-read-only", &[BASIC, OLDER], "-ai --remove-source-files").over(&[Via::DaemonPull]).modules("read only = yes").any_stdout(),
    row("remove-source-unwritable", &["d src mode=555 uid=65534\nf src/a size=5\nd dst uid=65534"], "-rti --remove-source-files").over(LOCAL_AND_SHELL).as_nobody(),
    // Choices of the receiver
    row("existing-remove", &[BASIC, OLDER], "-ai --existing --ignore-existing --remove-source-files").over(LOCAL_AND_SHELL),
    row("ignore-non-existing", &[BASIC, OLDER], "-avi --ignore-non-existing").over(PUSHES),
    row("ignore-existing-skip2", &[BASIC, OLDER], "-ai --ignore-existing --info=skip2").over(LOCAL_AND_SHELL).any_order(),
    row("existing-skip", &[BASIC, OLDER], "-ai --existing --info=skip1").over(LOCAL_AND_SHELL).any_order(),
    row("keep-dirlinks", &["f src/d/a size=4\nf src/d/e/b size=5\nd real\nl dst/d -> ../real"], "-aiK").over(LOCAL_AND_SHELL),
    row("keep-dirlinks-daemon", &["f src/d/a size=4\nf src/d/e/b size=5\nd real\nl dst/d -> ../real"], "-aiK").over(DAEMON),
    row("keep-dirlinks-inside", &["f src/d/a size=4\nf src/d/e/b size=5\nd dst/real\nl dst/d -> real"], "-aiK --delete").over(EVERY_WAY).any_order(),
    row("keep-dirlinks-delete", &[OUTSIDE], "-aiK --delete").over(LOCAL_AND_SHELL).any_order(),
    row("keep-dirlinks-delete-delay", &[OUTSIDE], "-aiK --delete-delay").over(LOCAL_AND_SHELL).any_order(),
    row("keep-dirlinks-delete-dry", &[OUTSIDE], "-ainK --delete").over(LOCAL_AND_SHELL).any_order(),
    row("keep-dirlinks-delete-backup", &[OUTSIDE], "-aiKb --delete").over(LOCAL_AND_SHELL).any_order(),
    row("keep-dirlinks-delete-daemon", &[OUTSIDE], "-aiK --delete").over(&[Via::DaemonPush]).any_order(),
    row("keep-dirlinks-dangling", &["f src/d/a size=4\nl dst/d -> nowhere"], "-aiK").over(LOCAL_AND_SHELL),
    row("keep-dirlinks-to-file", &["f src/d/a size=4\nf dst/file size=3\nl dst/d -> file"], "-aiK").over(LOCAL_AND_SHELL),
    row("keep-dirlinks-partial-dir", &["f src/d/a size=40000\nd dst/real\nf dst/real/.kept/a size=40000 cut=5\nl dst/d -> real"], "-aiK --no-whole-file --partial-dir=.kept --stats").over(LOCAL_AND_SHELL),
    row("min-size-fraction", &[BASIC, OLDER], "-ai --min-size=0.5k --max-size=1.5KiB").over(LOCAL_AND_SHELL),
    row("max-size-zero", &[BASIC, OLDER], "-ai --max-size=0").over(LOCAL_AND_SHELL),
    row("max-size-delete", &[BASIC, OLDER], "-ai --max-size=1k --delete").over(LOCAL_AND_SHELL).any_order(),
    row("min-size-too-large", &[BASIC], "-a --min-size=9000p"),
    row("min-size-negative", &[BASIC], "-a --min-size=-1"),
    row("max-size-exponent", &[BASIC], "-a --max-size=1e3"),
    // Limits
    row("bwlimit-forms", &["f src/a size=1000"], "-ai --bwlimit=1.5m").over(SHELL),
    row("bwlimit-bytes", &["f src/a size=1000"], "-ai --bwlimit=2000000b").over(SHELL),
    row("bwlimit-off", &["f src/a size=1000"], "-ai --bwlimit=1M --no-bwlimit").over(SHELL),
    row("bwlimit-zero", &["f src/a size=1000"], "-ai --bwlimit=0").over(SHELL),
    row("bwlimit-small", &["f src/a size=1000"], "-ai --bwlimit=100b"),
    row("bwlimit-bad", &["f src/a size=1000"], "-ai --bwlimit=fast"),
    row("stop-after", &["f src/a size=1000"], "-ai --stop-after=5").over(SHELL),
    row("time-limit", &["f src/a size=1000"], "-ai --time-limit=100000000000").over(SHELL),
    row("stop-after-zero", &[BASIC], "-a --stop-after=0"),
    row("stop-after-word", &[BASIC], "-a --time-limit=soon"),
    row("stop-after-negative", &[BASIC], "-a --stop-after=-3"),
    row("stop-at", &["f src/a size=1000"], "-ai --stop-at=2099-12-31T23:59").over(SHELL),
    row("stop-at-time", &["f src/a size=1000"], "-ai --stop-at=:59").over(LOCAL_AND_SHELL),
    row("stop-at-leap-day", &["f src/a size=1000"], "-ai --stop-at=2/29"),
    row("stop-at-no-such-day", &[BASIC], "-a --stop-at=2-30"),
    row("stop-at-hour", &[BASIC], "-a --stop-at=T12"),
    row("stop-at-midnight", &[BASIC], "-a --stop-at=24:00"),
    row("stop-at-year", &[BASIC], "-a --stop-at=2027"),
    row("max-alloc", &["f src/a size=1000"], "-ai --max-alloc=1m").over(SHELL),
    row("max-alloc-default", &["f src/a size=1000"], "-ai --max-alloc=1g").over(SHELL),
    row("max-alloc-environment", &["f src/a size=1000"], "-ai").over(SHELL).environment(&[("RSYNC_MAX_ALLOC", "20M")]),
    row("max-alloc-small", &["f src/a size=1000"], "-ai --max-alloc=1000"),
    row("max-alloc-bad", &["f src/a size=1000"], "-ai --max-alloc=all"),
    row("outbuf-none", &[BASIC, OLDER], "-ai --outbuf=none").over(LOCAL_AND_SHELL),
    row("outbuf-unbuffered", &[BASIC, OLDER], "-ai --outbuf=U"),
    row("outbuf-block", &[BASIC, OLDER], "-ai --outbuf=full").over(LOCAL_AND_SHELL),
    row("outbuf-bad", &[BASIC, OLDER], "-ai --outbuf=x"),
    row("outbuf-empty", &[BASIC, OLDER], "-ai --outbuf="),
];
