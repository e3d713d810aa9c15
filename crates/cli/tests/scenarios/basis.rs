//! Looking for files elsewhere: alternate directories.

use super::trees::{DELTA, EMPTY, LINKED};
use testkit::row::{DAEMON, EVERY_WAY, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, Via, row};

/// An alternate directory that has items of every likeness.
/// Hard links of what is no regular file, some with a name that the destination has.
const LINKED_SPECIALS: &str = r"
p src/a mtime=5
h src/z/b -> src/a
l src/l -> t mtime=5
h src/z/m -> src/l
p other/a mtime=5
h other/z/b -> other/a
l other/l -> t mtime=5
l other/z/m -> t mtime=5
p dst/a mtime=5
";
const ALIKE: &str = r"
d src mtime=1000000000
f src/same size=1000
f src/mode size=1000
f src/time size=1000
f src/content size=9000
f src/new size=100
f src/kind size=10
l src/link -> same
l src/target -> same
l src/link-time -> same mtime=1100000000
p src/fifo
p src/fifo-mode
c src/null dev=1:3
c src/zero dev=1:5
d src/sub mtime=1000000000
f src/sub/in size=500
d src/sub2 mtime=1000000000
f src/sub2/in size=600
d other mtime=1000000000
f other/same size=1000
f other/mode size=1000 mode=600
f other/time size=1000 mtime=1100000000
f other/content size=9000 edits=3 mtime=1100000000
l other/kind -> nowhere
l other/link -> same
l other/target -> elsewhere
l other/link-time -> same mtime=1200000000
p other/fifo
p other/fifo-mode mode=600
c other/null dev=1:3
c other/zero dev=1:3
d other/sub mtime=1000000000
f other/sub/in size=500
d other/sub2 mode=700 mtime=1000000000
f other/sub2/in size=600
f other/only size=1
d dst mtime=1000000000
";

/// An alternate directory with symlinks in the place of directories: of root, within and out of it, and of somebody else.
const BY_LINKS: &str = r"
f src/in/a size=3 mtime=1000000000
f src/in/sub/b size=4 mtime=1000000000
f src/out/c size=5 mtime=1000000000
f src/foreign/d size=6 mtime=1000000000
d src/foreign
f other/real/a size=3 mtime=1000000000
f other/real/sub/b size=4 mtime=1000000000
f elsewhere/c size=5 mtime=1000000000
f other/theirs/d size=6 mtime=1000000000
l other/in -> real
l other/out -> ../elsewhere
l other/foreign -> theirs uid=12345
d dst/kept
l dst/in -> kept
";

/// A second one, in part better.
const SECOND: &str = r"
f second/same size=1000 edits=1
f second/mode size=1000
f second/time size=1000
f second/content size=9000 edits=1
f second/new size=100 mode=640
d second/sub2 mtime=1000000000
f second/sub2/in size=600 mode=600
";

/// The destination has some of it.
const HAVING: &str = r"
f dst/same size=1000
f dst/mode size=1000 mtime=1300000000
f dst/time size=1000
f dst/content size=9000 edits=20 mtime=1300000000
l dst/link -> elsewhere
l dst/target -> same
p dst/fifo mode=600
d dst/sub mode=700
f dst/sub/in size=500 mtime=1300000000
";

const PARTLY: &str = "
f other/a/one size=5000
h other/a/two -> other/a/one
f other/b/three size=5000
f other/c/four size=70000 edits=2
";

/// Directories with attributes that the other ones have, too, or have otherwise.
const DRESSED: &str = r"
d src/long x:user.a=\{w*33}
d other/long x:user.a=\{w*33}
d src/short x:user.a=1
d other/short x:user.a=1 mode=700
d src/both x:user.a=1 x:user.b=\{v*40}
d other/both x:user.a=2 x:user.b=\{v*40} x:user.c=3
f src/both/f size=4
d dst";

/// The first one asks for what all others have, too, but find in the alternate directory.
const SHARED: &str = r"
f src/1 size=9 x:user.a=\{w*40}
f src/2 size=9 x:user.a=\{w*40}
f src/3 size=9 x:user.a=\{w*40}
d src/a x:user.a=\{w*40}
d src/b x:user.a=\{w*40}
d src/b/c x:user.a=\{w*40}
f other/2 size=9 x:user.a=\{w*40}
f other/3 size=9 x:user.a=\{w*40} mode=600
d other/a x:user.a=\{w*40}
d other/b/c x:user.a=\{w*40}
d other/b x:user.a=\{w*40} mode=700
d dst";

/// The same of symlinks and devices.
const LINKS_DRESSED: &str = r"
l src/same -> x x:trusted.a=1 x:trusted.long=\{w*40}
l other/same -> x x:trusted.a=1 x:trusted.long=\{w*40}
l src/time -> x mtime=1000000000 x:trusted.a=1 x:trusted.long=\{w*40}
l other/time -> x mtime=1100000000 x:trusted.a=1 x:trusted.long=\{w*40}
c src/null dev=1:3 x:trusted.a=1 x:trusted.long=\{w*40}
c other/null dev=1:3 mode=600 x:trusted.a=1 x:trusted.long=\{w*40}
d dst";

/// What the second alternate has is like it in everything.
const OTHERWISE_DRESSED: &str = r"
d src/d x:user.a=1 acl=u:1:r mtime=1000000000
d other/d x:user.a=2 acl=u:2:r mtime=1000000000
d again/d x:user.a=1 acl=u:1:r mtime=1000000000
p src/fifo acl=u:1:r
p other/fifo acl=u:2:r
p again/fifo acl=u:1:r
l src/l -> x x:trusted.a=1
l other/l -> x x:trusted.a=2
l again/l -> x x:trusted.a=1
f src/f size=3 x:user.a=1 acl=u:1:r
f other/f size=3 x:user.a=2 acl=u:2:r
f again/f size=3 x:user.a=1 acl=u:1:r
d dst";

/// Directories whose times are like those of the other ones, or not, at two depths; the second alternate has some of them.
const DIR_TIMES: &str = r"
d src/same mtime=1000000000
d src/time mtime=1000000000
d src/mode mtime=1000000000
d src/both/deep mtime=1000000000
f src/both/deep/f size=9 mtime=1000000000
d src/second mtime=1000000000
d src/neither mtime=1000000000
d src/both mtime=1000000000
d src mtime=1000000000
d other/same mtime=1000000000
d other/time mtime=1100000000
d other/mode mode=700 mtime=1000000000
d other/both/deep mode=700 mtime=1100000000
d other/both mode=700 mtime=1100000000
d other/second mtime=1100000000
d other mtime=1100000000
d again/second mtime=1000000000
d again/time mtime=1200000000
d again mtime=1000000000
d dst";

pub const ROWS: &[Row] = &[
    row("compare", &[ALIKE], "-ai --compare-dest=../other").over(EVERY_WAY),
    row("compare-verbose", &[ALIKE], "-avvi --compare-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("compare-names", &[ALIKE], "-avv --compare-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("compare-delta", &[ALIKE, DELTA], "-ai --no-W --stats --compare-dest=../other").over(LOCAL_AND_SHELL),
    row("compare-having", &[ALIKE, HAVING], "-avvi --compare-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("compare-dry-run", &[ALIKE, HAVING], "-avvin --compare-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("compare-two", &[ALIKE, SECOND], "-ai --compare-dest=../second --compare-dest={top}/other").over(LOCAL_AND_SHELL),
    row("compare-size-only", &[ALIKE], "-ai --size-only --compare-dest=../other").over(LOCAL_AND_SHELL),
    row("compare-checksum", &[ALIKE], "-aic --compare-dest=../other").over(LOCAL_AND_SHELL),
    row("compare-ignore-times", &[ALIKE], "-aiI --compare-dest=../other").over(LOCAL_AND_SHELL),
    row("compare-missing", &[ALIKE], "-ai --compare-dest=../none --compare-dest=../other/same --compare-dest=../other").over(LOCAL_AND_SHELL),
    row("compare-few-attributes", &[ALIKE], "-rltvvi --compare-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("compare-without-times", &[ALIKE], "-rlpvvi --compare-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("compare-removing-sources", &[ALIKE], "-ai --remove-source-files --compare-dest=../other").over(LOCAL_AND_SHELL),
    row("compare-new-destination", &[ALIKE], "-ai --compare-dest=../other").over(LOCAL_AND_SHELL).from_to("src/", "new/"),
    row("compare-by-links", &[BY_LINKS], "-aivv --compare-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("copy-by-links", &[BY_LINKS], "-ai --copy-dest={top}/other").over(LOCAL_AND_SHELL).any_order(),
    row("copy-by-links-fuzzy", &[BY_LINKS], "-aiyy --copy-dest={top}/other").over(SHELL).any_order(),
    row("link-by-links", &[BY_LINKS], "-aiK --link-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("link-by-links-insecure", &[BY_LINKS], "-aiK --link-dest=../other --insecure-links"),
    row("link-by-links-daemon", &[BY_LINKS], "-aiK --link-dest=../other --exclude=foreign").over(&[Via::DaemonPush]),
    row("copy", &[ALIKE], "-ai --copy-dest=../other").over(EVERY_WAY),
    row("copy-verbose", &[ALIKE], "-avvi --copy-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("copy-names", &[ALIKE], "-avv --copy-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("copy-delta", &[ALIKE, DELTA], "-ai --no-W --stats --copy-dest=../other").over(LOCAL_AND_SHELL),
    row("copy-having", &[ALIKE, HAVING], "-avvi --copy-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("copy-dry-run", &[ALIKE, HAVING], "-avvin --copy-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("copy-two", &[ALIKE, SECOND], "-ai --copy-dest=../second --copy-dest={top}/other").over(LOCAL_AND_SHELL),
    row("copy-size-only", &[ALIKE], "-ai --size-only --copy-dest=../other").over(LOCAL_AND_SHELL),
    row("copy-checksum", &[ALIKE], "-aic --copy-dest=../other").over(LOCAL_AND_SHELL),
    row("copy-ignore-times", &[ALIKE], "-aiI --copy-dest=../other").over(LOCAL_AND_SHELL),
    row("copy-missing", &[ALIKE], "-ai --copy-dest=../none --copy-dest=../other/same --copy-dest=../other").over(LOCAL_AND_SHELL),
    row("copy-few-attributes", &[ALIKE], "-rltvvi --copy-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("copy-without-times", &[ALIKE], "-rlpvvi --copy-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("copy-removing-sources", &[ALIKE], "-ai --remove-source-files --copy-dest=../other").over(LOCAL_AND_SHELL),
    row("copy-new-destination", &[ALIKE], "-ai --copy-dest=../other").over(LOCAL_AND_SHELL).from_to("src/", "new/"),
    row("link", &[ALIKE], "-ai --link-dest=../other").over(EVERY_WAY),
    row("link-verbose", &[ALIKE], "-avvi --link-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("link-names", &[ALIKE], "-avv --link-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("link-delta", &[ALIKE, DELTA], "-ai --no-W --stats --link-dest=../other").over(LOCAL_AND_SHELL),
    row("link-having", &[ALIKE, HAVING], "-avvi --link-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("link-dry-run", &[ALIKE, HAVING], "-avvin --link-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("link-two", &[ALIKE, SECOND], "-ai --link-dest=../second --link-dest={top}/other").over(LOCAL_AND_SHELL),
    row("link-size-only", &[ALIKE], "-ai --size-only --link-dest=../other").over(LOCAL_AND_SHELL),
    row("link-checksum", &[ALIKE], "-aic --link-dest=../other").over(LOCAL_AND_SHELL),
    row("link-ignore-times", &[ALIKE], "-aiI --link-dest=../other").over(LOCAL_AND_SHELL),
    row("copy-missing-slashes", &[ALIKE], "-ai --copy-dest=../none/ --copy-dest=.././none// --copy-dest=/none/").over(EVERY_WAY),
    row("copy-missing-listed", &[ALIKE], "-r --list-only --copy-dest=../none --copy-dest=.././none/ --copy-dest=none").over(LOCAL_AND_SHELL),
    row("link-twice", &["f src/f size=699\nf src/g size=699\nf dst/f size=699\nf alt/f size=699 edits=3\nf alt/g size=699"], "-aivv --link-dest=../alt").over(&[Via::Local, Via::DaemonPull]).again_after("true").any_order(),
    row("link-missing", &[ALIKE], "-ai --link-dest=../none --link-dest=../other/same --link-dest=../other").over(LOCAL_AND_SHELL),
    row("link-few-attributes", &[ALIKE], "-rltvvi --link-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("link-without-times", &[ALIKE], "-rlpvvi --link-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("link-removing-sources", &[ALIKE], "-ai --remove-source-files --link-dest=../other").over(LOCAL_AND_SHELL),
    row("link-new-destination", &[ALIKE], "-ai --link-dest=../other").over(LOCAL_AND_SHELL).from_to("src/", "new/"),
    row("link-daemon", &[ALIKE], "-ai --link-dest=/other").over(&[Via::DaemonPush]),
    row("link-daemon-climbs", &[ALIKE], "-ai --link-dest=../../../other").over(DAEMON).any_stdout(),
    row("link-atime-replaced", &["d dst\nf src/a size=9 mtime=5 atime=6\nf alt/a size=9 mtime=5 atime=7\nf dst/a size=9 mtime=5 mode=2755 atime=8"], "-rt --link-dest=../alt -U").over(SHELL),
    row("link-daemon-hidden", &[ALIKE], "-ai --link-dest=/other").over(&[Via::DaemonPush]).modules("exclude = /other\n"),
    row("link-hard-links", &[LINKED, PARTLY, EMPTY], "-aHi --link-dest=../other").over(LOCAL_AND_SHELL),
    row("copy-hard-links", &[LINKED, PARTLY, EMPTY], "-aHi --copy-dest=../other").over(LOCAL_AND_SHELL),
    row("link-delete", &[ALIKE, "f dst/extra size=4"], "-ai --delete --link-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("link-backup", &[ALIKE, HAVING], "-aib --backup-dir=../bak --link-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("link-existing", &[ALIKE], "-ai --existing --link-dest=../other").over(LOCAL_AND_SHELL),
    row("link-attributes", &[ALIKE, "f src/same size=1000 x:user.a=1\nf src/sub/in size=500 acl=u:7:r\nf other/sub/in size=500 acl=u:7:r"], "-aAXi --link-dest=../other").over(LOCAL_AND_SHELL),
    // What a directory shares with the one that was found is not sent.
    row("link-attributes-of-directories", &[DRESSED], "-aXi --link-dest=../other").over(EVERY_WAY),
    row("compare-attributes-of-directories", &[DRESSED], "-rXpi --compare-dest=../other").over(LOCAL_AND_SHELL),
    // Directories are compared by their times even if these are not set.
    row("compare-omitting-dir-times", &[DIR_TIMES], "-rtiO --compare-dest=../other").over(EVERY_WAY),
    row("copy-omitting-dir-times", &[DIR_TIMES], "-avvO --copy-dest=../other").over(LOCAL_AND_SHELL).any_order(),
    row("link-omitting-dir-times", &[DIR_TIMES], "-aiO --no-i-r --link-dest=../other --link-dest=../again").over(LOCAL_AND_SHELL),
    row("link-beside-backups", &[DIR_TIMES], "-aiib --link-dest=../other --link-dest=../again").over(LOCAL_AND_SHELL).any_order(),
    row("link-beside-backups-dry-run", &[DIR_TIMES], "-abn --out-format=%i|%n --link-dest=../other").over(LOCAL_AND_SHELL),
    row("link-beside-backups-new-destination", &[DIR_TIMES], "-ab --info=name2 --link-dest={top}/other").over(LOCAL_AND_SHELL).from_to("src/", "new/").any_order(),
    row("link-attributes-shared", &[SHARED], "-aXi --no-W --link-dest=../other").over(EVERY_WAY),
    row("copy-attributes-shared", &[SHARED], "-aXi --copy-dest=../other").over(LOCAL_AND_SHELL),
    // So it is with symlinks and devices, where rsync forgets them.
    row("link-attributes-of-links", &[LINKS_DRESSED], "-aXi --link-dest=../other").over(LOCAL_AND_SHELL),
    row("copy-attributes-of-links", &[LINKS_DRESSED], "-aXi --copy-dest=../other").over(LOCAL_AND_SHELL),
    row("two-with-attributes", &[OTHERWISE_DRESSED], "-aXi --link-dest=../other --link-dest=../again").over(LOCAL_AND_SHELL),
    row("two-with-acls", &[OTHERWISE_DRESSED], "-aAi --copy-dest=../other --copy-dest=../again").over(LOCAL_AND_SHELL),
    row("compare-linked-specials", &[LINKED_SPECIALS], "-aiH --compare-dest=../other").over(LOCAL_AND_SHELL),
    row("copy-linked-specials", &[LINKED_SPECIALS], "-aiH --copy-dest=../other").over(LOCAL_AND_SHELL),
    row("link-linked-specials", &[LINKED_SPECIALS], "-aiH --link-dest=../other").over(LOCAL_AND_SHELL),
    row("copy-inplace-shut", &["f src/f size=9\nd dst\nf alt/f mode=0 size=9 uid=5"], "-ai --inplace --copy-dest=../alt --copy-as=33:44").over(LOCAL_AND_SHELL),
    row("link-inplace", &[ALIKE], "-ai --inplace --no-W --stats --link-dest=../other").over(LOCAL_AND_SHELL),
    row("link-protocols", &[ALIKE], "-ai --link-dest=../other").over(SHELL).protocols(&[30, 31]),
    row("copy-old-protocols", &[ALIKE], "-a --copy-dest=../other").over(SHELL).protocols(&[27, 28]),
    row("two-too-old", &[ALIKE], "-a --link-dest=../other --link-dest=../second").over(&[Via::Push]).protocols(&[28]).any_stderr(),
    row("kinds-mixed", &[ALIKE], "-a --link-dest=../other --copy-dest=../other").over(LOCAL_AND_SHELL),
    row("too-many", &[EMPTY, "f src/a"], "-a --link-dest=1 --link-dest=2 --link-dest=3 --link-dest=4 --link-dest=5 --link-dest=6 --link-dest=7 --link-dest=8 --link-dest=9 --link-dest=10 --link-dest=11 --link-dest=12 --link-dest=13 --link-dest=14 --link-dest=15 --link-dest=16 --link-dest=17 --link-dest=18 --link-dest=19 --link-dest=20 --link-dest=21").over(LOCAL_AND_SHELL),
    row("twenty", &[ALIKE], "-ai --link-dest=1 --link-dest=2 --link-dest=3 --link-dest=4 --link-dest=5 --link-dest=6 --link-dest=7 --link-dest=8 --link-dest=9 --link-dest=10 --link-dest=11 --link-dest=12 --link-dest=13 --link-dest=14 --link-dest=15 --link-dest=16 --link-dest=17 --link-dest=18 --link-dest=19 --link-dest=../other").over(LOCAL_AND_SHELL),
    // What it replaces is a link.
    row("copy-over-links", &["f src/a size=3 mode=600\nl dst/a -> x\nf other/a size=3 mode=600"], "-rt --copy-dest=../other").over(LOCAL_AND_SHELL),
];
