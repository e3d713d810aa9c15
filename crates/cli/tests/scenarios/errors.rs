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

const PUSHES: &[Via] = &[Via::Local, Via::Push];

pub const ROWS: &[Row] = &[
    row("unreadable", &[UNREADABLE], "-rtvi").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("unreadable-delete", &[UNREADABLE], "-rti --delete").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("unreadable-delete-after", &[UNREADABLE], "-rti --delete-after --ignore-errors").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("unreadable-top", &["f src/a size=3\nd src mode=711\nd dst uid=65534"], "-rti").over(LOCAL_AND_SHELL).as_nobody(),
    row("unreadable-top-dirs", &["f src/a size=3\nd src mode=711\nd dst uid=65534"], "-tid").over(LOCAL_AND_SHELL).as_nobody(),
    row("dot-dot-in-the-middle", &["f src/a size=3\nd src/d\nd dst"], "-rtiR")
        .from_to("src/d/../", "dst/")
        .one_process(),
    row("not-ours", &[NOT_OURS], "-rtpi --size-only").over(LOCAL_AND_SHELL).as_nobody(),
    row("not-ours-acls", &[NOT_OURS], "-rtAi --size-only").over(LOCAL_AND_SHELL).as_nobody(),
    row("not-ours-super", &[NOT_OURS], "-rti --size-only --chown=1:1 --super").over(PUSHES).as_nobody(),
    row("not-our-folder", &[NOT_OUR_FOLDER], "-rlti").over(EVERY_WAY).as_nobody().any_order(),
    row("not-our-folder-all", &[NOT_OUR_FOLDER], "-rlpti --delete").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("not-our-folder-no-times", &[NOT_OUR_FOLDER], "-rlpi").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("not-our-folder-delete-after", &[NOT_OUR_FOLDER], "-rlti --delete-after").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("no-xattrs", &[NO_XATTRS], "-rtXi").over(LOCAL_AND_SHELL).as_nobody(),
    row("no-xattrs-immutable", &["f src/b size=3 x:user.a=1\nf dst/b size=3 flags=i\nd src/d x:user.a=2\nd dst/d flags=i"], "-rtXi").over(LOCAL_AND_SHELL),
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
    row("open-files", &["many src/m count=30 per=3 size=10\nd dst"], "-rti --delete").limited("--nofile=64"),
];
