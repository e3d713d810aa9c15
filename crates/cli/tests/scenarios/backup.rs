//! Keeping what is replaced or deleted.

use super::trees::{BASIC, DELTA, OLDER};
use testkit::row::{DAEMON, EVERY_WAY, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, Via, row};

/// Every type in place of every other, and things to delete.
const MIXED: &str = r"
f src/f text=new\n
f src/sub/g text=newer\n
l src/l -> new
f src/was-link text=x\n
f src/now-dir/q text=q\n
p src/was-file
l src/was-dir -> t
f dst/f text=old\n mtime=1000000000 mode=640
f dst/sub/g text=older\n mtime=1000000001
l dst/l -> old mtime=1000000002
l dst/was-link -> nowhere
f dst/now-dir text=file\n mtime=1000000003
f dst/was-file text=y\n mtime=1000000004
d dst/was-dir
f dst/extra text=e\n
f dst/extra~ text=e\n
f dst/gone/x/y text=z\n
f dst/sub/deep/z text=d\n
l dst/gone-link -> nowhere
p dst/gone-fifo
d dst/sub mode=750
d dst/gone mode=700 uid=5 gid=6
";

const LINKED: &str = r"
f src/a text=one\n
h src/b -> src/a
f src/c text=two\n
h src/d -> src/c
f dst/a text=1\n mtime=1000000000
f dst/b text=22\n mtime=1000000000
f dst/c text=3\n mtime=1000000000
h dst/d -> dst/c
";

/// What the backups would replace.
const TAKEN: &str = r"
f dst/f~/in/side text=i\n
f dst/sub/g~ text=earlier\n
l dst/l~ -> earlier
f bak/gone text=file\n
f bak/f/in/side text=i\n
f bak/sub/g text=earlier\n
";

/// A destination where nobody can make a directory for backups.
const SHUT: &str = r"
f src/c size=1 uid=65534
f src/a/c size=1 uid=65534
l src/a/l -> new uid=65534
d src uid=65534
d src/a uid=65534
f dst/c size=2 uid=65534
f dst/a/c size=2 uid=65534
f dst/a/gone size=2 uid=65534
l dst/a/l -> old uid=65534
d dst
d dst/a uid=65534
";

pub const ROWS: &[Row] = &[
    row("beside", &[MIXED], "-avvb --no-inc-recursive").over(EVERY_WAY).any_order(),
    row("beside-order", &[MIXED], "-aib").over(LOCAL_AND_SHELL).any_order(),
    row("info", &[MIXED], "-ab --info=backup").over(LOCAL_AND_SHELL).any_order(),
    row("delete", &[MIXED], "-avb --info=backup --delete").over(EVERY_WAY).any_order(),
    row("delete-before", &[MIXED], "-aib --delete-before").over(LOCAL_AND_SHELL).any_order(),
    row("delete-after", &[MIXED], "-aib --delete-after").over(LOCAL_AND_SHELL).any_order(),
    row("delete-delay", &[MIXED], "-aib --delete-delay").over(LOCAL_AND_SHELL).any_order(),
    row("delete-excluded", &[MIXED], "-aib --delete-excluded").over(LOCAL_AND_SHELL).any_order(),
    row("delete-stats", &[MIXED], "-ab --delete --stats").over(LOCAL_AND_SHELL),
    row("delete-names", &[MIXED, "f dst/~ text=1\nf dst/.~ text=2\nf dst/sub/~ text=3\nf dst/a~ text=4"], "-ab --delete '--filter=R *~'")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("delete-suffix", &[MIXED, "f dst/a.bak text=1\nf dst/b.bakery text=1"], "-aib --delete --suffix=.bak").over(LOCAL_AND_SHELL).any_order(),
    row("delete-max", &[MIXED], "-aib --delete --max-delete=2").over(LOCAL_AND_SHELL).any_order(),
    row("missing-args", &[MIXED], "-aib --delete-missing-args").over(LOCAL_AND_SHELL).from_to("src/none src/extra", "dst/"),
    row("force", &[MIXED, "f dst/was-dir/in text=i"], "-avvb --force").over(LOCAL_AND_SHELL).any_order(),
    row("full-dir-in-the-way", &[MIXED, "f dst/was-dir/in text=i"], "-avvb").over(LOCAL_AND_SHELL).any_order(),
    row("dir", &[MIXED], "-avvb --delete --backup-dir=../bak").over(LOCAL_AND_SHELL).any_order(),
    row("dir-daemon", &[MIXED], "-avvb --delete --backup-dir=bak").over(DAEMON).any_order(),
    row("dir-daemon-absolute", &[MIXED], "-aib --info=backup --delete --backup-dir=/bak").over(&[Via::DaemonPush]).any_order(),
    row("dir-daemon-climbs", &[MIXED], "-aib --info=backup --delete --backup-dir=../../bak").over(&[Via::DaemonPush]).any_order(),
    row("dir-daemon-hidden", &[MIXED], "-aib --backup-dir=/bak").over(&[Via::DaemonPush]).modules("exclude = /bak\n"),
    row("dir-suffix", &[MIXED], "-avvb --delete --backup-dir=../bak --suffix=.old").over(LOCAL_AND_SHELL).any_order(),
    row("dir-inside", &[MIXED, "f dst/bak/f text=earlier"], "-avvb --backup-dir=bak").over(LOCAL_AND_SHELL).any_order(),
    row("dir-inside-deleted", &[MIXED, "f dst/bak/f text=earlier"], "-aib --delete --backup-dir=bak/ '--filter=P /bak'").over(LOCAL_AND_SHELL).any_order(),
    row("dir-slashes", &[MIXED], "-avvb --backup-dir=./bak//").over(LOCAL_AND_SHELL).any_order(),
    row("dir-absolute", &[MIXED], "-aib --delete --backup-dir={top}/x/y/bak").over(LOCAL_AND_SHELL).any_order(),
    row("dir-without-attributes", &[MIXED], "-rlb --delete --backup-dir=../bak --no-p").over(LOCAL_AND_SHELL).any_order().any_stdout(),
    row("dir-extended-attributes", &[MIXED, "d dst/gone x:user.a=1 acl=u:7:rwx dacl=u:8:rwx"], "-aAXb --delete --backup-dir=../bak").over(LOCAL_AND_SHELL).any_order(),
    row("dir-is-a-file", &[MIXED, "f bak"], "-avb --backup-dir=../bak").over(LOCAL_AND_SHELL),
    row("dir-twice", &[MIXED, TAKEN], "-avvb --delete --backup-dir=../bak").over(LOCAL_AND_SHELL).any_order(),
    row("taken", &[MIXED, TAKEN], "-ab --info=backup").over(LOCAL_AND_SHELL).any_order(),
    row("dir-relative", &[MIXED], "-avvbR --backup-dir=../bak").over(LOCAL_AND_SHELL).from_to("src/./sub/g src/./f", "dst/").any_order(),
    row("dir-set-gid", &["f src/a/b/f size=3\nf dst/a/b/f size=9\nd dst/a mode=2755\nd dst/a/b mode=740"], "-rlt -b --backup-dir=bak").over(LOCAL_AND_SHELL),
    row("dir-set-gid-perms", &["f src/a/b/f size=3\nf dst/a/b/f size=9\nd dst/a mode=2755\nd dst/a/b mode=740"], "-rltp -b --backup-dir=../bak").over(LOCAL_AND_SHELL),
    row("dir-one-file", &[MIXED], "-avvb --backup-dir=bak").over(LOCAL_AND_SHELL).from_to("src/f", "dst/f").any_order(),
    row("dry-run", &[MIXED], "-avbn --info=backup --delete").over(LOCAL_AND_SHELL).any_order(),
    row("dir-dry-run", &[MIXED], "-avvbn --backup-dir=../bak").over(LOCAL_AND_SHELL).any_order(),
    row("hard-links", &[LINKED], "-aHvvb").over(LOCAL_AND_SHELL).any_order(),
    row("hard-links-dir", &[LINKED], "-aHib --backup-dir=../bak").over(LOCAL_AND_SHELL).any_order(),
    row("how-debug", &[MIXED], "-ab --delete --debug=BACKUP").over(LOCAL_AND_SHELL).any_order(),
    row("how-debug-dir", &[MIXED], "-ab --delete --backup-dir=../bak --debug=BACKUP").over(LOCAL_AND_SHELL).any_order(),
    row("how-debug-inplace", &[MIXED], "-ab --delete --inplace --debug=BACKUP").over(LOCAL_AND_SHELL).any_order(),
    row("hard-links-inplace", &[LINKED], "-aHib --inplace").over(LOCAL_AND_SHELL).any_order(),
    row("linked-to-its-backup", &["f src/f text=new\nf dst/f text=old mtime=5\nh dst/f~ -> dst/f"], "-aib").over(LOCAL_AND_SHELL),
    row("linked-to-its-backup-deleted", &["d src\nf dst/f text=old mtime=5\nh dst/f~ -> dst/f"], "-aib --delete").over(LOCAL_AND_SHELL),
    row("devices", &["f src/a text=1\nl src/b -> x\nc dst/a dev=1:3 mode=640\nb dst/b dev=7:9 mode=600\nc dst/c dev=1:5"], "-aib --delete --info=backup").over(LOCAL_AND_SHELL).any_order(),
    row("inplace-before-31", &["f src/a size=2 mtime=1000000000.123456789", "f dst/a size=3 mtime=1000000001.123456789"], "-aib --inplace").over(SHELL).protocols(&[30]),
    row("inplace", &[DELTA, "f dst/edited size=400000 edits=20 mtime=1000000001 mode=640 uid=7"], "-aib --inplace --no-whole-file --stats").over(EVERY_WAY),
    row("inplace-protocols", &[DELTA], "-aib --inplace --no-whole-file --stats").over(SHELL).protocols(&[27, 28, 29, 30]),
    row("inplace-whole", &[DELTA], "-avvb --inplace --suffix=.o").over(LOCAL_AND_SHELL).any_order(),
    row("inplace-dir", &[DELTA], "-aib --inplace --no-whole-file --backup-dir={top}/bak").over(LOCAL_AND_SHELL),
    row("inplace-dir-above", &["f src/f size=3", "f dst/f size=5"], "-aib --inplace --backup-dir=../bak").over(LOCAL_AND_SHELL),
    row("dir-with-a-dot", &["f src/f size=3", "f dst/f size=5"], "-aib --backup-dir=bak/./x").over(LOCAL_AND_SHELL),
    row("inplace-dir-with-a-dot", &["f src/f size=3", "f dst/f size=5"], "-aib --inplace --backup-dir=bak//x").over(LOCAL_AND_SHELL),
    row("delta", &[DELTA], "-aib --no-whole-file --stats").over(LOCAL_AND_SHELL),
    row("checksum", &[BASIC, OLDER], "-aibc --existing").over(LOCAL_AND_SHELL),
    row("omits-dir-times", &[BASIC, OLDER, "d dst/sub mtime=5"], "-aib").over(LOCAL_AND_SHELL),
    row("old-protocols", &[BASIC, OLDER], "-avb --delete --backup-dir=../bak").over(SHELL).protocols(&[27, 28, 29, 30]).any_order(),
    row("no-backup", &[BASIC, OLDER], "-aib --no-backup").over(LOCAL_AND_SHELL),
    row("unsafe-links", &["l src/a -> ./b\nf src/b text=1\nf src/c text=2", "l dst/a -> /etc/passwd\nl dst/b -> ../up\nl dst/c -> b\nl dst/gone -> /x"], "-avvb --safe-links --delete").over(LOCAL_AND_SHELL).any_order(),
    row("unsafe-links-dir", &["l src/a -> ./b\nf src/b text=1", "l dst/a -> /etc/passwd\nl dst/b -> ../up\nl dst/gone -> /x"], "-aib --backup-dir=../bak --safe-links --delete").over(LOCAL_AND_SHELL).any_order(),
    row("unsafe-links-dry-run", &["l src/a -> ./b\nf src/b text=1", "l dst/a -> /etc/passwd\nl dst/gone -> /x"], "-avvnb --safe-links --delete").over(LOCAL_AND_SHELL).any_order(),
    row("name-too-long", &["f src/\\{n*255} text=1", "f dst/\\{n*255} text=22"], "-aib").over(LOCAL_AND_SHELL).any_order(),
    row("suffix-with-slash", &[MIXED], "-aib --suffix=/x").over(LOCAL_AND_SHELL),
    row("suffix-empty", &[MIXED], "-aib --suffix=").over(LOCAL_AND_SHELL),
    row("dir-is-the-destination", &[MIXED], "-aib --backup-dir=./").over(LOCAL_AND_SHELL),
    row("unwritable", &["f src/f size=10 uid=65534\nd dst uid=65534\nf dst/f size=20 uid=65534\nd bak\nd src uid=65534"], "-rtvb --backup-dir=../bak").as_nobody().any_order(),
    row("room-before-29", &["f src/a size=3\nf src/d/b size=4\nd src/d mode=711\nd dst"], "-rpt --inplace -b --backup-dir=bak").over(EVERY_WAY).protocols(&[27, 28, 29]),
    row("room-before-29-below", &["f src/a size=3\nf src/d/b size=4\nf src/e/c size=5\nf dst/a size=3\nf dst/d/b size=8 mtime=1000000000\nf dst/bak/x/e size=1"], "-rti --write-devices -b --backup-dir=bak/x").over(LOCAL_AND_SHELL).protocols(&[28]),
    row("copied-before-31", &["f src/a size=3\nf dst/a size=4 mtime=1000000000.5"], "-rt --inplace -b").protocols(&[28, 30, 31]),
    row("links-lost", &["d src\nl dst/l -> x uid=65534\np dst/p uid=65534\nd dst uid=65534\nd bak"], "-rlDb --backup-dir={top}/bak --delete").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("links-shut", &["d src\nl dst/-dash -> dir/ uid=65534\nd dst"], "-rlb --suffix=.old --delete-delay").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("shut-deleted", &["d src\nf dst/e/a size=10 uid=65534\nd dst"], "-rb --delete-delay").over(EVERY_WAY).as_nobody().any_order(),
    row("shut-deleted-8-bit", &["d src\nf dst/e/a size=10 uid=65534\nd dst"], "-rb8 --delete").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("shut-deleted-parents", &["d src\nf dst/e/a size=10 uid=65534\nd dst\nd bak"], "-rb --delete --backup-dir={top}/bak").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("shut-for-a-directory", &["f src/d/f size=3\nd src/d mode=711 mtime=5\nd dst\nc dst/d dev=5:6 uid=65534 mode=600 mtime=9"], "-rptib").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("unmade", &[SHUT], "-rb --backup-dir=bak").over(&[Via::Local, Via::Push]).as_nobody().any_order(),
    row("unmade-deep", &[SHUT], "-rb --backup-dir=../dst/bak/deep --delete --exclude=/c").over(&[Via::Local, Via::Push]).as_nobody().any_order(),
    row("unmade-deleted", &[SHUT], "-b --backup-dir=bak -r --delete --existing --ignore-existing").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("unmade-links", &[SHUT], "-rlb --backup-dir=bak --exclude=c").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("append-verify-again-29", &["f src/a size=32768\nf dst/a edits=3 size=3 mtime=5.25 mode=0"], "-rtb --backup-dir={top}/bak --append-verify").over(&[Via::Push]).protocols(&[29]).any_order(),
    row("unmade-inplace", &[SHUT], "-rb --backup-dir=bak --inplace").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("unmade-parents", &[SHUT, "d dst/bak"], "-rb --backup-dir=bak --delete").over(&[Via::Local, Via::Push]).as_nobody().any_order(),
    row("unwritable-inplace", &["f src/f size=10 uid=65534\nd dst uid=65534\nf dst/f size=20 uid=65534\nd bak\nd src uid=65534"], "-rtvb --inplace --backup-dir={top}/bak").as_nobody().any_order(),
    row("unsearchable", &["f src/d/f size=10 uid=65534\nd src/d uid=65534\nd src uid=65534\nf dst/d/f size=20 uid=65534\nd dst/d uid=65534\nd dst uid=65534\nd bak mode=0 uid=65534"], "-rtib --backup-dir=../bak").as_nobody(),
    row("inplace-acl", &["f src/f size=10\nf dst/f size=5 acl=u:3:rwx"], "-aAbi --inplace").over(LOCAL_AND_SHELL),
];
