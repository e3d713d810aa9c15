//! What is said, and what is left, where the system refuses something.

use testkit::row::{EVERY_WAY, LOCAL_AND_SHELL};
use testkit::{Row, Via, row};

/// Sources that may not be read.
const UNREADABLE: &str = r"
f src/a size=6 mode=0
f src/b size=2
f src/shut/x size=2
d src/shut mode=700
f src/blind/y size=2
d src/blind mode=644
d dst uid=65534
f dst/gone uid=65534
";

/// Of somebody else, and alike but for times and permissions.
const NOT_OURS: &str = r"
f src/a size=6 mode=4750 uid=65534
f src/d/x size=2
d src/d mode=755
f dst/a size=6 mtime=3000
f dst/d/x size=2 mtime=3000
d dst/d mtime=3000
d dst mtime=3000
";

/// A folder of somebody else, who may not write to it.
const NOT_OUR_FOLDER: &str = r"
f src/a size=6
l src/d/l -> x
f src/d/x size=2
f src/d/e/q size=2
d dst uid=65534
f dst/d/k/k size=2
d dst/d/k mtime=5
d dst/d mode=555 mtime=5
";

/// Attributes that the destination refuses.
const NO_XATTRS: &str = r"
f src/a size=6 x:user.a=1
f src/b size=6 x:user.a=1
f src/d/x size=2
d src/d x:user.a=1
d src/n x:user.a=1
d src x:user.a=1
f dst/b size=6
d dst/d
";

/// Directories whose owner may not do everything in them.
const MODES: &str = r"
d src uid=65534
d src/d200 mode=200 uid=65534
d src/d300 mode=300 uid=65534
d src/d500 mode=500 uid=65534
d src/d755 uid=65534
f src/d744/f size=3
d src/d744 mode=755 uid=65534
d dst uid=65534
d dst/d744 mode=200 uid=65534
";

/// Places that options may name.
const PLACES: &str = r"
f src/a size=2
f src/b size=2
d dst uid=65534
d shut mode=700
l nowhere -> nope
l loop -> loop
f file size=3
d . uid=65534
";

/// What alternate directories have may not be read.
const UNREADABLE_ALTERNATE: &str = r"
f src/a size=6
f src/s/b size=6
d dst uid=65534
f cd/a size=6 mode=0
f cd/s/b size=6 mode=0
";

/// Nobody may write where alternate directories have what is wanted.
const SHUT_ALTERNATE: &str = r"
f src/a size=6
f src/b size=7
f src/d/c size=3
d dst
f dst/b size=3
f cd/a size=6
f cd/b size=7
d cd/d
";

/// There is no room for what an alternate directory has.
const FULL_ALTERNATE: &str = r"
f src/big size=200000
f cd/big size=200000
d dst tmpfs=64K
";

/// There is no room for one of two files.
const FULL: &str = r"
f src/big size=200000
f src/small size=3
d dst tmpfs=64K
";

/// A backup is on another file system, which is too small.
const FULL_BACKUP: &str = r"
f src/s size=3
f dst/s size=20000
d bak tmpfs=16K
";

/// Files that never change.
const IMMUTABLE: &str = r"
f src/a size=3
f dst/a size=4 flags=i
f src/b size=3
f dst/b size=3 flags=i mtime=5
f src/d/x size=3
f dst/d/y size=3
d dst/d flags=i
f dst/k/k size=3 flags=i
f src/log size=9
f dst/log size=9 cut=4 flags=a
f src/new size=3
";

/// A destination that is read only.
const READ_ONLY: &str = r"
f src/a size=3
h src/h -> src/a
f src/b size=3
f src/c size=4 mode=600
l src/l -> a
p src/p
f src/d/x size=2
d dst ro=1
f dst/b size=9
f dst/c size=4
f dst/gone size=1
f dst/dir/k size=1
";

const PASSWORDS: &str = "auth users = root\nsecrets file = {top}/secrets";

const PUSHES: &[Via] = &[Via::Local, Via::Push];

/// Directories that may be read, but not searched.
const UNSEARCHABLE: &str = r"
f src/a size=2
f src/s/b size=2
f src/full/x size=2
d src/full mode=600 uid=65534
d src/empty mode=600 uid=65534
d src/none mode=400 uid=65534
d dst uid=65534
";

/// The same where they are to be deleted, or what is in them.
const UNSEARCHABLE_EXTRAS: &str = r"
f src/a size=2
f src/m/keep
d src/z
d dst uid=65534
f dst/a/1 size=1
d dst/a uid=65534
f dst/m/f size=2
d dst/m/s uid=65534
d dst/m mode=600 uid=65534
d dst/x/f uid=65534
d dst/x mode=600 uid=65534
f dst/z/gone uid=65534
d dst/z uid=65534
";

/// What may not be written by its owner, and is to be deleted.
const UNWRITABLE_EXTRAS: &str = r"
f src/a size=2
d dst uid=65534
f dst/d/x size=2 mode=444 uid=65534
f dst/d/e/y size=2 uid=65534
d dst/d/e mode=555 uid=65534
d dst/d mode=555 uid=65534
f dst/w/z size=2 uid=65534
d dst/w mode=300 uid=65534
f dst/r/q/z size=2 uid=65534
d dst/r/q mode=500 uid=65534
d dst/r mode=700 uid=65534
";

pub const ROWS: &[Row] = &[
    row("file-as-directory", &["f src/a size=3\nf dst/f size=4"], "-ai").over(EVERY_WAY).from_to("src/a", "dst/f/"),
    row("below-a-file", &["f src/a size=3\nf dst/f size=4"], "-ai").over(EVERY_WAY).from_to("src/a", "dst/f/x/"),
    row("dot-in-nothing", &["f src/a size=3"], "-ai").over(EVERY_WAY).from_to("src/a", "new/."),
    row("dot-dot-in-nothing", &["f src/a size=3"], "-ai").over(EVERY_WAY).from_to("src/a", "new/.."),
    row("unreadable", &[UNREADABLE], "-rtvi").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("unreadable-delete", &[UNREADABLE], "-rti --delete").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("unreadable-delete-after", &[UNREADABLE], "-rti --delete-after --ignore-errors").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("unreadable-top", &["f src/a size=3\nd src mode=711\nd dst uid=65534"], "-rti").over(LOCAL_AND_SHELL).as_nobody(),
    row("unreadable-top-dirs", &["f src/a size=3\nd src mode=711\nd dst uid=65534"], "-tid").over(LOCAL_AND_SHELL).as_nobody(),
    row("dot-dot-in-the-middle", &["f src/a size=3\nd src/d\nd dst"], "-rtiR")
        .from_to("src/d/../", "dst/")
        .one_process(),
    row("not-ours", &[NOT_OURS], "-rtpi --size-only").over(LOCAL_AND_SHELL).as_nobody(),
    row("not-ours-acls-go", &["d src\nd src/d\nf src/d/f size=3\nf src/f size=3\nd dst uid=65534\nd dst/d acl=u:7:rwx\nf dst/d/f size=3 acl=u:7:rwx\nf dst/f size=3 acl=m::rwx"], "-rlpA --size-only").over(LOCAL_AND_SHELL).as_nobody(),
    row("not-ours-acls-come", &["d src\nd src/d acl=u:8:rwx\nf src/d/f size=3 acl=u:8:r--\nd dst\nd dst/d"], "-rlpA --size-only").over(LOCAL_AND_SHELL).as_nobody(),
    row("not-ours-default-acls", &["d src\nd src/come dacl=u:8:rwx\nd src/go\nd dst uid=65534\nd dst/come\nd dst/go dacl=u:8:rwx"], "-rlpA --size-only").over(LOCAL_AND_SHELL).as_nobody(),
    row("not-ours-acls-in-place", &["d src\nf src/f size=3 mode=666 acl=u:8:r--\nd dst uid=65534\nf dst/f size=4 mode=666"], "-rpAi --inplace").over(LOCAL_AND_SHELL).as_nobody(),
    row("copy-as-acls", &["f src/d/f gid=1 mode=0 size=4097\nd dst\nd dst/d acl=u:7:rwx,g:9:r-x uid=5"], "-a --copy-as=33:44 -A"),
    row("not-ours-acls", &[NOT_OURS], "-rtAi --size-only").over(LOCAL_AND_SHELL).as_nobody(),
    row("not-ours-super", &[NOT_OURS], "-rti --size-only --chown=1:1 --super").over(PUSHES).as_nobody(),
    row("not-our-folder-no-implied", &["f src/h size=3\nf src/d/g size=3\nf src/d/e/f size=3\nd dst"], "-rtR --no-implied-dirs").over(LOCAL_AND_SHELL).from_to("src/d/e/f src/h src/d/g", "dst/").as_nobody(),
    row("not-our-folder-no-implied-dirs", &["f src/h size=3\nf src/d/g size=3\nd dst"], "-rtR --no-implied-dirs").over(LOCAL_AND_SHELL).from_to("src/h src/d/", "dst/").as_nobody(),
    row("not-our-folder-no-implied-keep", &["f src/h size=3\nf src/d/g size=3\nd dst"], "-rtvRKL --no-implied-dirs --no-i-r").from_to("src/h src/dir/ src/d/", "dst/").as_nobody().any_order(),
    row("closed-folder-no-implied", &["f src/h size=3\nf src/d/g size=3\nf src/d/e/f size=3\nd dst/src/d\nd dst/src mode=700"], "-rtR --no-implied-dirs").from_to("src/d/e/f src/h src/d/g", "dst/").as_nobody(),
    row("link-out-no-implied", &["f src/h size=3\nf src/d/g size=3\nf src/d/e/f size=3\nl dst/src -> ../src"], "-rtR --no-implied-dirs").from_to("src/d/e/f src/h src/d/g", "dst/"),
    row("no-folder-no-implied", &["f src/h size=3\nf src/d/g size=3\nd dst uid=65534\nf dst/src size=1"], "-rtR --no-implied-dirs --delete-missing-args").from_to("src/none src/d/none src/h", "dst/"),
    row("not-our-folder", &[NOT_OUR_FOLDER], "-rlti").over(EVERY_WAY).as_nobody().any_order(),
    row("not-our-folder-all", &[NOT_OUR_FOLDER], "-rlpti --delete").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("not-our-folder-no-times", &[NOT_OUR_FOLDER], "-rlpi").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("not-our-folder-delete-after", &[NOT_OUR_FOLDER], "-rlti --delete-after").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("no-xattrs", &[NO_XATTRS], "-rtXi").over(LOCAL_AND_SHELL).as_nobody(),
    row("no-xattrs-immutable", &["f src/b size=3 x:user.a=1\nf dst/b size=3 flags=i\nd src/d x:user.a=2\nd dst/d flags=i"], "-rtXi").over(LOCAL_AND_SHELL),
    row("unreadable-xattrs", &["f src/a size=6 mode=600 x:user.a=1\nf src/d/b size=6 mode=600 x:user.a=1\nd dst uid=65534"], "-rtX").over(LOCAL_AND_SHELL).as_nobody(),
    row("unreadable-xattrs-one", &["f src/a size=6 mode=600 x:user.a=1\nd dst uid=65534"], "-rtX").from_to("src/a", "dst/").over(LOCAL_AND_SHELL).as_nobody(),
    row("directory-modes", &[MODES], "-rti").as_nobody().any_order(),
    row("directory-modes-kept", &[MODES], "-rtpi").as_nobody().any_order(),
    // Where the destination is, or what options name, is something else.
    row("onto-a-link-to-nowhere", &[PLACES], "-rti").from_to("src/", "nowhere").over(LOCAL_AND_SHELL).as_nobody(),
    row("onto-a-link-to-nowhere-slash", &[PLACES], "-rti").from_to("src/", "nowhere/").over(LOCAL_AND_SHELL).as_nobody(),
    row("onto-a-link-to-nowhere-one", &[PLACES], "-rti").from_to("src/a", "nowhere").over(LOCAL_AND_SHELL).as_nobody(),
    row("onto-a-loop", &[PLACES], "-rti").from_to("src/", "loop").over(LOCAL_AND_SHELL).as_nobody(),
    row("mkpath-below-nowhere", &[PLACES], "-rti --mkpath").from_to("src/", "nowhere/x").over(PUSHES).as_nobody(),
    row("mkpath-below-nowhere-one", &[PLACES], "-rti --mkpath").from_to("src/a", "nowhere/x").over(PUSHES).as_nobody(),
    row("mkpath-far-below-nowhere", &[PLACES], "-rti --mkpath").from_to("src/a", "nowhere/x/y").over(PUSHES).as_nobody(),
    row("mkpath-nowhere", &[PLACES], "-rti --mkpath").from_to("src/", "nowhere").over(PUSHES).as_nobody(),
    row("mkpath-below-a-file", &[PLACES], "-rti --mkpath").from_to("src/", "file/x").over(PUSHES).as_nobody(),
    row("mkpath-far-below-a-file", &[PLACES], "-rti --mkpath").from_to("src/", "file/x/y/z").over(PUSHES).as_nobody(),
    row("mkpath-far-below-a-file-one", &[PLACES], "-rti --mkpath").from_to("src/a", "file/x/y").over(PUSHES).as_nobody(),
    row("mkpath-below-a-loop", &[PLACES], "-rti --mkpath").from_to("src/a", "loop/x").over(PUSHES).as_nobody(),
    row("mkpath-shut", &[PLACES], "-rti --mkpath").from_to("src/", "shut/x/y").over(PUSHES).as_nobody(),
    row("temp-dir-shut", &[PLACES], "-rti -T {top}/shut/x").over(LOCAL_AND_SHELL).as_nobody(),
    row("temp-dir-below-a-file", &[PLACES], "-rti -T {top}/file/x").over(LOCAL_AND_SHELL).as_nobody(),
    row("temp-dir-loop", &[PLACES], "-rti -T {top}/loop").over(LOCAL_AND_SHELL).as_nobody(),
    row("temp-dir-nowhere", &[PLACES], "-rti -T {top}/nowhere").over(LOCAL_AND_SHELL).as_nobody(),
    row("temp-dir-too-long", &[PLACES], "-rti -T {top}/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").as_nobody(),
    row("backup-dir-shut", &[PLACES], "-rti --backup-dir={top}/shut/x").over(LOCAL_AND_SHELL).as_nobody(),
    row("backup-dir-below-a-file", &[PLACES], "-rti --backup-dir={top}/file/x").over(LOCAL_AND_SHELL).as_nobody(),
    row("backup-dir-loop", &[PLACES], "-rti --backup-dir={top}/loop").over(LOCAL_AND_SHELL).as_nobody(),
    // Limits, and files in use.
    row("file-size", &["f src/big size=300000\nf src/s size=3\nd dst"], "-rt").limited("--fsize=100000"),
    row("file-size-partial", &["f src/big size=300000\nd dst"], "-rt --partial").limited("--fsize=100000").over(&[Via::Local, Via::Push]),
    row("file-size-partial-delta", &["f src/big size=300000\nf dst/big size=200000 mtime=4"], "-rt --partial --no-W").limited("--fsize=250000").over(&[Via::Local, Via::Push]),
    row("file-size-partial-dir", &["f src/big size=300000\nf dst/big size=3"], "-rt --partial-dir=.p").limited("--fsize=100000").over(&[Via::Local, Via::Push]),
    row("memory-zstd", &["f src/big size=4000000\nd dst"], "-az --zc=zstd --zl=19").limited("--as=60000000").over(&[Via::Local, Via::Push]).any_stderr().any_tree(),
    row("open-files", &["many src/m count=30 per=3 size=10\nd dst"], "-rti --delete").limited("--nofile=64"),
    row("open-files-few", &["f src/a/b/c/d/e/f/x size=10\nf src/x size=3\nf dst/a/b/g/h/i/y size=3\nd dst"], "-aHAXi --backup --delete").limited("--nofile=20"),
    row("open-files-deep", &["f src/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/x size=10\nd dst"], "-ai --delete").limited("--nofile=64"),
    // What alternate directories have.
    row("alternate-unreadable", &[UNREADABLE_ALTERNATE], "-rtvi --copy-dest={top}/cd").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("alternate-unreadable-inplace", &[UNREADABLE_ALTERNATE], "-rtvi --copy-dest=../cd --inplace").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("alternate-unreadable-link", &[UNREADABLE_ALTERNATE], "-rti --link-dest={top}/cd").over(LOCAL_AND_SHELL).as_nobody(),
    row("alternate-shut", &[SHUT_ALTERNATE], "-rtvi --copy-dest={top}/cd").over(LOCAL_AND_SHELL).as_nobody(),
    row("alternate-shut-inplace", &[SHUT_ALTERNATE], "-rti --copy-dest={top}/cd --inplace --info=copy").over(LOCAL_AND_SHELL).as_nobody(),
    row("alternate-shut-link", &[SHUT_ALTERNATE], "-rtvi --link-dest={top}/cd").over(LOCAL_AND_SHELL).as_nobody(),
    row("alternate-shut-temp-dir", &[SHUT_ALTERNATE, "d tmp"], "-rtvi --copy-dest={top}/cd -T {top}/tmp").over(LOCAL_AND_SHELL).as_nobody(),
    row("alternate-read-only", &["f src/a size=6\nf cd/a size=6\nd dst ro=1"], "-rti --copy-dest={top}/cd").over(PUSHES),
    row("alternate-read-only-inplace", &["f src/a size=6\nf cd/a size=6\nd dst ro=1"], "-rti --copy-dest={top}/cd --inplace --info=copy").over(PUSHES),
    row("alternate-full", &[FULL_ALTERNATE], "-rtvi --copy-dest={top}/cd").over(PUSHES),
    row("alternate-full-inplace", &[FULL_ALTERNATE], "-rti --copy-dest={top}/cd --inplace").over(PUSHES),
    row("alternate-full-preallocate", &[FULL_ALTERNATE], "-rti --copy-dest={top}/cd --preallocate").over(PUSHES),
    row("alternate-full-partial", &[FULL_ALTERNATE], "-rti --copy-dest={top}/cd --partial").over(PUSHES),
    row("alternate-full-temp-dir", &["f src/big size=200000\nf cd/big size=200000\nd dst\nd tmp tmpfs=64K"], "-rti --copy-dest={top}/cd -T {top}/tmp").over(PUSHES),
    row("alternate-temp-dir-elsewhere", &["f src/a size=200\nf cd/a size=200\nd dst\nd tmp tmpfs=64K"], "-rtvi --copy-dest={top}/cd -T {top}/tmp").over(LOCAL_AND_SHELL),
    row("alternate-other-device", &["f src/a size=200\nl src/l -> a\nd dst\nd cd tmpfs=64K\nf cd/a size=200\nl cd/l -> a"], "-rltvi --link-dest={top}/cd").over(LOCAL_AND_SHELL),
    // A basis that cannot be read is none.
    row("unreadable-basis", &["f src/b size=11\nf dst/b size=4 mode=0\nd dst uid=65534"], "-rt").over(LOCAL_AND_SHELL).as_nobody(),
    // Backups.
    row("backup-not-ours", &["f src/a size=6\nf dst/a size=9 mode=444\nf dst/d/gone size=2\nd dst/d uid=65534\nd dst uid=65534"], "-rti --backup --delete").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("backup-unreadable-inplace", &["f src/b size=11\nf dst/b size=4 mode=0\nd dst uid=65534"], "-rti --backup --inplace").as_nobody(),
    // rsync leaves half of a backup.
    row("backup-full", &[FULL_BACKUP], "-rtvi --backup-dir={top}/bak").over(LOCAL_AND_SHELL).any_tree(),
    row("backup-full-delete", &[FULL_BACKUP], "-rti --delete --backup-dir={top}/bak").from_to("bak/", "dst/").any_tree(),
    row("backup-full-inplace", &[FULL_BACKUP], "-rti --inplace --backup-dir={top}/bak").any_tree(),
    row("backup-full-inplace-left", &[FULL_BACKUP], "-rti --inplace --backup-dir={top}/bak").over(&[Via::Push]),
    row("backup-immutable", &[IMMUTABLE, "d bak"], "-rti --delete --backup-dir={top}/bak").over(LOCAL_AND_SHELL).any_order(),
    // No room.
    row("full", &[FULL], "-rti").over(PUSHES).any_order(),
    row("full-inplace", &[FULL], "-rti --inplace").over(PUSHES).any_order(),
    row("full-partial", &[FULL], "-rti --partial").over(PUSHES).any_order(),
    row("full-partial-dir", &[FULL], "-rti --partial-dir=.kept").over(PUSHES).any_order(),
    row("full-delayed", &[FULL], "-rti --delay-updates").over(PUSHES).any_order(),
    row("full-preallocate", &[FULL], "-rti --preallocate").over(PUSHES).any_order(),
    row("full-temp-dir-partial", &["f src/big size=200000\nd dst\nd tmp tmpfs=64K"], "-rti --partial -T {top}/tmp").over(PUSHES),
    // rsync leaves half of the file under its own name.
    row("full-behind-temp-dir", &["f src/big size=200000\nd dst tmpfs=64K", "d tmp"], "-rti -T {top}/tmp").over(PUSHES).any_tree().any_order(),
    // What may not change.
    row("immutable", &[IMMUTABLE], "-rti").over(LOCAL_AND_SHELL).any_order(),
    row("immutable-inplace", &[IMMUTABLE], "-rti --inplace").over(LOCAL_AND_SHELL).any_order(),
    row("immutable-append", &[IMMUTABLE], "-rti --append").over(LOCAL_AND_SHELL).any_order(),
    row("immutable-delete", &[IMMUTABLE], "-rti --delete").over(LOCAL_AND_SHELL).any_order(),
    row("immutable-delayed", &[IMMUTABLE], "-rti --delay-updates").over(LOCAL_AND_SHELL).any_order(),
    row("immutable-backup", &[IMMUTABLE], "-rti --backup").over(&[Via::Local]).any_order().any_stdout(),
    row("immutable-source", &["f src/a size=3 flags=i\nf src/d/x size=3\nd src/d flags=i\nd dst"], "-rti --remove-source-files").over(LOCAL_AND_SHELL).any_order(),
    row("read-only", &[READ_ONLY], "-rlptDi").over(EVERY_WAY).any_order(),
    row("read-only-inplace", &[READ_ONLY], "-rlptDi --inplace").over(LOCAL_AND_SHELL).any_order(),
    row("read-only-delete", &[READ_ONLY], "-rlptDi --delete").over(LOCAL_AND_SHELL).any_order(),
    row("read-only-hard-links", &[READ_ONLY], "-rlptDiH").over(LOCAL_AND_SHELL).any_order(),
    row("read-only-delayed", &[READ_ONLY], "-rlptDi --delay-updates").over(LOCAL_AND_SHELL).any_order(),
    row("read-only-partial-dir", &[READ_ONLY], "-rlptDi --partial-dir=.kept").over(LOCAL_AND_SHELL).any_order(),
    row("read-only-source", &["f src/a size=3\nf src/b size=3\nf dst/b size=3\nd src ro=1"], "-rti --remove-source-files").over(EVERY_WAY).any_order(),
    row("partial-dir-nowhere", &[PLACES], "-rti --partial-dir={top}/nope/p --delay-updates").over(PUSHES).as_nobody(),
    // Directories that may not be searched.
    row("unsearchable", &[UNSEARCHABLE], "-ri").over(LOCAL_AND_SHELL).as_nobody(),
    row("unsearchable-hidden", &[UNSEARCHABLE], "-rvvi --exclude=x").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("unsearchable-links", &[UNSEARCHABLE], "-rLi").over(LOCAL_AND_SHELL).as_nobody(),
    row("unsearchable-dir-links", &[UNSEARCHABLE], "-rki").over(LOCAL_AND_SHELL).as_nobody(),
    row("unsearchable-unsafe-links", &[UNSEARCHABLE], "-rli --copy-unsafe-links").over(LOCAL_AND_SHELL).as_nobody(),
    row("unsearchable-daemon", &[UNSEARCHABLE], "-rLi").over(&[Via::DaemonPull]).modules("uid = nobody\ngid = nogroup"),
    row("unsearchable-daemon-chrooted", &[UNSEARCHABLE], "-rki").over(&[Via::DaemonPull]).modules("uid = nobody\ngid = nogroup\nuse chroot = yes"),
    row("unsearchable-deleted", &[UNSEARCHABLE_EXTRAS], "-ri --delete").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("unsearchable-deleted-late", &[UNSEARCHABLE_EXTRAS], "-ri --delete-delay").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("unsearchable-protected", &[UNSEARCHABLE_EXTRAS], "-ri --delete --exclude=f/").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    // What its owner may not write.
    row("unwritable-deleted", &[UNWRITABLE_EXTRAS], "-ri --delete").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("unwritable-deleted-backup", &[UNWRITABLE_EXTRAS, "d bak uid=65534"], "-ri --delete --backup-dir={top}/bak").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("unwritable-deleted-linked", &["d src\nf dst/a size=2 mode=444 uid=65534\nh other -> dst/a\nd dst uid=65534"], "-r --delete").as_nobody(),
    // Passwords.
    row("password-file-empty", &["f src/a size=3\nf secrets text=root:x\\n mode=600\nf pw mode=600 size=0"], "-rti --password-file=pw").over(&[Via::DaemonPush]).modules(PASSWORDS),
    row("password-file-empty-line", &["f src/a size=3\nf secrets text=root:x\\n mode=600\nf pw mode=600 text=\\n"], "-rti --password-file=pw").over(&[Via::DaemonPush]).modules(PASSWORDS),
    row("password-file-directory", &["f src/a size=3\nf secrets text=root:x\\n mode=600\nd pw"], "-rti --password-file=pw").over(&[Via::DaemonPush]).modules(PASSWORDS),
    row("password-file-shut-directory", &["f src/a size=3\nf secrets text=root:x\\n mode=600\nd pw mode=700"], "-rti --password-file=pw").over(&[Via::DaemonPush]).modules(PASSWORDS),
    row("password-nobody-says", &["f src/a size=3\nf secrets text=root:x\\n mode=600"], "-rti --password-file=-").over(&[Via::DaemonPush]).modules(PASSWORDS),
    row("unreadable-on-both-sides", &["f src/a size=3 mode=0\nf dst/a size=3 mode=0 edits=1"], "-rtc").over(LOCAL_AND_SHELL).as_nobody(),
];
