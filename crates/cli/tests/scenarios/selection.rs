//! Which files are transferred: filters, sizes, names from files, existence.

use super::trees::{BASIC, EMPTY, OLDER};
use testkit::row::{EVERY_WAY, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, Via, row};

const PROJECT: &str = r"
f src/main.c size=100
f src/main.o size=200
f src/lib/a.c size=10
f src/lib/a.o size=20
f src/lib/keep.o size=30
f src/lib/sub/b.c size=5
f src/lib/sub/b.o size=6
f src/doc/readme.txt size=7
f src/doc/pic.png size=8
f src/build/out size=9
f src/.hidden/x size=3
f src/core size=4
f src/space\sname size=4
f src/br[ack]et size=4
f src/st*r size=4
d src/hollow/only/dirs
";

const IGNORES: &str = r"
f src/.rsync-filter text=-\s*.o\n-\s/core\n
f src/lib/.rsync-filter text=+\skeep.o\n
f src/excludes text=*.png\n\n#\scomment\n;other\n/build/\n
f src/lib/sub/.rsync-filter text=-\sb.c\n
";

const NAMES: &str = r"
f list text=main.c\nlib/a.c\n#\scomment\n\ndoc\n./lib/sub/\n
f list0 text=main.c\x00lib/a.c\x00space\sname\x00
f missing text=main.c\nnothing\nlib/none\n
";

const SIZES: &str = "f src/1 size=999\nf src/2 size=1000\nf src/3 size=1001\nf src/4 size=1023\nf src/5 size=1024\nf src/6 size=1025\nf src/7 size=1026\nf src/8 size=1536\nf src/9 size=1537";

/// A file that stays where the source has a directory.
const IN_THE_WAY: &str = r"
f src/d/a size=3
f src/d/sub/b size=4
l src/d/l -> a
f dst/d size=2
f dst/k/extra
d src/k
";

/// To be put behind a link.
const BEHIND: &str = r"
f src/a size=5
f src/sub/one size=4
d src/sub mode=711
d src mode=711 mtime=1000000000
d dst/bar
";

pub const ROWS: &[Row] = &[
    row("files-from-dot", &["f src/a size=1\nf src/b size=2\nf src/c size=3", "f list text=./a\\nb\\n./none\\n./c\\n"], "-aii --stats --exclude=/c --files-from=list").over(LOCAL_AND_SHELL),
    row("files-from-dot-excluded", &["f src/a size=1", "f list text=./a\\n"], "-aii --exclude=/a --files-from=list").over(LOCAL_AND_SHELL),
    row("files-from-dot-missing", &["f src/a size=1", "f list text=./b\\n"], "-aii --files-from=list").over(LOCAL_AND_SHELL),
    row("files-from-parents", &["f src/d/e/x\nf src/d/a\nf src/d/e/y\nf src/d/g/z\nf src/d/dash/q", "f list text=d/e/x\\nd/a\\nd/e/y\\nd/dash/\\nd/g/z\\nd/e\\nd/e/x\\n"], "-ai --stats --files-from=list").over(LOCAL_AND_SHELL),
    row("files-from-parents-again", &["f src/q/b/g/f\nf src/q/h\nf src/q/br/c\nd src/q/dash", "f list text=q/dash/\\nq/br/c\\nq/b\\nq/b/g\\nq/h\\n"], "-ai --stats --no-i-r --files-from=list").over(LOCAL_AND_SHELL),
    row("unsafe-link-without-referent", &["l src/a -> ../none\nl src/c -> b", EMPTY], "-ai --copy-unsafe-links").over(LOCAL_AND_SHELL).from_to("src/a src/c", "dst/"),
    row("unsafe-link-without-referent-excluded", &["l src/a -> ../none\nf src/c", EMPTY], "-ai --copy-unsafe-links --exclude=a").over(LOCAL_AND_SHELL).from_to("src/a src/c", "dst/"),
    row("files-from-parents-recursive", &["f src/g/s/k size=3\nf src/g/s/c size=4", "f list text=g\\ng/s\\ng/s/c\\n", EMPTY], "-ri --stats --files-from=list").over(LOCAL_AND_SHELL),
    row("update-window-none", &["f src/1 size=3 mtime=1001\nf src/2 size=3 mtime=1002\nf src/3 size=3 mtime=1003\nf src/4 size=3 mtime=1004\nf src/5 size=3 mtime=1005\nf dst/1 size=4 mtime=1003\nf dst/2 size=4 mtime=1003\nf dst/3 size=4 mtime=1003\nf dst/4 size=4 mtime=1003\nf dst/5 size=4 mtime=1003"], "-aui --modify-window=0").over(&[Via::Local, Via::Push]),
    row("update-window-one", &["f src/1 size=3 mtime=1001\nf src/2 size=3 mtime=1002\nf src/3 size=3 mtime=1003\nf src/4 size=3 mtime=1004\nf src/5 size=3 mtime=1005\nf dst/1 size=4 mtime=1003\nf dst/2 size=4 mtime=1003\nf dst/3 size=4 mtime=1003\nf dst/4 size=4 mtime=1003\nf dst/5 size=4 mtime=1003"], "-aui --modify-window=1").over(&[Via::Local, Via::Push]),
    row("update-window-two", &["f src/1 size=3 mtime=1001\nf src/2 size=3 mtime=1002\nf src/3 size=3 mtime=1003\nf src/4 size=3 mtime=1004\nf src/5 size=3 mtime=1005\nf dst/1 size=4 mtime=1003\nf dst/2 size=4 mtime=1003\nf dst/3 size=4 mtime=1003\nf dst/4 size=4 mtime=1003\nf dst/5 size=4 mtime=1003"], "-aui --modify-window=2").over(&[Via::Local, Via::Push]),
    row("update-window-negative", &["f src/1 size=3 mtime=1001\nf src/2 size=3 mtime=1002\nf src/3 size=3 mtime=1003\nf src/4 size=3 mtime=1004\nf src/5 size=3 mtime=1005\nf dst/1 size=4 mtime=1003\nf dst/2 size=4 mtime=1003\nf dst/3 size=4 mtime=1003\nf dst/4 size=4 mtime=1003\nf dst/5 size=4 mtime=1003"], "-aui --modify-window=-1").over(&[Via::Local, Via::Push]),
    row("existing-renamed", &["f src/a size=3\nd dst"], "-vv --existing").over(LOCAL_AND_SHELL).from_to("src/a", "dst/b").any_order(),
    row("existing-in-new-destination", &["f src/a/f size=3\nd src/a/z", EMPTY], "-ai --existing").over(LOCAL_AND_SHELL).from_to("src/a", "dst/b"),
    row("existing-making-nothing", &["f src/a/f size=3\nf src/b size=2"], "-aivvn --existing").over(LOCAL_AND_SHELL).from_to("src/", "new/").any_order(),
    row("existing-making-nothing-flat", &["f src/a/f size=3\nf src/b size=2"], "-divvn --existing").over(LOCAL_AND_SHELL).from_to("src/", "new/").any_order(),
    row("ignore-existing-in-the-way", &[IN_THE_WAY], "-ai --ignore-existing").over(LOCAL_AND_SHELL).any_order(),
    row("ignore-existing-in-the-way-plain", &[IN_THE_WAY], "-ri --ignore-existing").any_order(),
    row("ignore-existing-in-the-way-small", &[IN_THE_WAY], "-ai --ignore-existing --max-size=2").any_order(),
    row("ignore-existing-in-the-way-delete", &[IN_THE_WAY], "-ai --ignore-existing --delete").over(LOCAL_AND_SHELL).any_order(),
    row("ignore-existing-in-the-way-delay", &[IN_THE_WAY], "-ai --ignore-existing --delete-delay").any_order(),
    row("ignore-existing-in-the-way-existing", &[IN_THE_WAY, "p src/d/p"], "-ai --ignore-existing --existing").over(LOCAL_AND_SHELL).any_order(),
    row("existing-unsearchable", &["f src/d/a size=3 uid=65534\nl src/d/l -> a\nd src/d/s uid=65534\nd src uid=65534\nd dst/d mode=000\nd dst uid=65534"], "-rlti --existing").as_nobody().any_order(),
    row("ignore-existing-in-the-way-no-inc", &[IN_THE_WAY], "-ai --ignore-existing --delete --no-i-r").any_order(),
    row("exclude", &[PROJECT, EMPTY], "-av --exclude=*.o").over(EVERY_WAY),
    row("exclude-dir", &[PROJECT, EMPTY], "-av --exclude=lib/ --exclude=/doc/readme.txt").over(EVERY_WAY),
    row("exclude-anchored", &[PROJECT, EMPTY], "-av --exclude=/main.c --exclude=/sub").over(LOCAL_AND_SHELL),
    row("exclude-wildcards", &[PROJECT, EMPTY], "-av --exclude=**/sub/*.c --exclude=ma?n.[a-n] --exclude=d*/***").over(LOCAL_AND_SHELL),
    row("exclude-escaped", &[PROJECT, EMPTY], "-av '--exclude=br\\[ack]et' '--exclude=st\\*r' '--exclude=space name'").over(LOCAL_AND_SHELL),
    row("include-exclude", &[PROJECT, EMPTY], "-av --include=*/ --include=*.c --exclude=*").over(EVERY_WAY),
    row("include-exclude-prune", &[PROJECT, EMPTY], "-avm --include=*/ --include=*.c --exclude=*").over(EVERY_WAY),
    row("prune", &[PROJECT, EMPTY], "-avm").over(LOCAL_AND_SHELL),
    row("filter-short", &[PROJECT, EMPTY], "-av -f'- *.o' -f'+ /lib/' '-f- /doc/'").over(LOCAL_AND_SHELL),
    row("filter-modifiers", &[PROJECT, EMPTY], "-av '--filter=-! *.c' --filter=+_*/").over(LOCAL_AND_SHELL),
    row("filter-absolute", &[PROJECT, EMPTY], "-av '--filter=-/ {top}/src/lib/a.c'").over(&[Via::Local, Via::Push]),
    row("filter-words", &[PROJECT, EMPTY], "-av '--filter=exclude *.o' '--filter=include *.c' '--filter=hide doc' '--filter=show lib' '--filter=protect x' '--filter=risk y'").over(LOCAL_AND_SHELL),
    row("filter-clear", &[PROJECT, EMPTY], "-av --exclude=* '--filter=!' --exclude=*.o").over(LOCAL_AND_SHELL),
    row("filter-bad", &[PROJECT, EMPTY], "-av '--filter=bogus rule'").over(LOCAL_AND_SHELL),
    row("filter-per-dir", &[PROJECT, IGNORES, EMPTY], "-av -F").over(EVERY_WAY),
    row("filter-per-dir-twice", &[PROJECT, IGNORES, EMPTY], "-av -FF").over(LOCAL_AND_SHELL),
    row("filter-merge", &[PROJECT, IGNORES, EMPTY], "-av '--filter=. src/excludes'").over(&[Via::Local, Via::Push]),
    row("exclude-from", &[PROJECT, IGNORES, EMPTY], "-av --exclude-from=src/excludes").over(EVERY_WAY),
    row("exclude-from-missing", &[PROJECT, EMPTY], "-av --exclude-from=none").over(LOCAL_AND_SHELL),
    row("include-from-stdin", &[PROJECT, EMPTY], "-av --include-from=- --exclude=*.c").stdin("main.c\nlib/a.c\n"),
    row("cvs-exclude", &[PROJECT, "d src/CVS\nf src/x.bak\nf src/y~\nf src/.cvsignore text=*.png\\n", EMPTY], "-avC").over(EVERY_WAY),
    row("verbose-2-rules", &[PROJECT, "f dst/extra.o\nf dst/kept.c\nd dst/lib/old"], "-avv --delete --include=/main.c --exclude=*.o --exclude=/doc/ -fR_*.c -fH_lib/a* -fP_/lib/old").over(EVERY_WAY).any_order(),
    row("verbose-2-rules-of-files", &[PROJECT, IGNORES, "f dst/lib/extra.o"], "-avv -F --delete --exclude-from=src/excludes").over(LOCAL_AND_SHELL).any_order(),
    row("verbose-2-cvs", &[PROJECT, EMPTY], "-avvC").over(LOCAL_AND_SHELL).any_order(),
    row("existing", &[BASIC, OLDER], "-avi --existing").over(LOCAL_AND_SHELL),
    row("existing-verbose", &[BASIC, OLDER], "-avv --existing").over(LOCAL_AND_SHELL).any_order(),
    row("ignore-existing", &[BASIC, OLDER], "-avi --ignore-existing").over(LOCAL_AND_SHELL),
    row("ignore-existing-verbose", &[BASIC, OLDER], "-avv --ignore-existing").over(LOCAL_AND_SHELL).any_order(),
    row("ignore-and-existing", &[BASIC, OLDER], "-ai --ignore-existing --existing --delete").over(LOCAL_AND_SHELL).any_order(),
    row("size-only", &[BASIC, OLDER], "-ai --size-only").over(EVERY_WAY),
    row("ignore-times", &[BASIC, OLDER], "-aiI").over(EVERY_WAY),
    row("max-size", &[BASIC, OLDER], "-avi --max-size=2K").over(EVERY_WAY),
    row("max-size-half", &[SIZES, EMPTY], "-ai --max-size=1.5k"),
    row("max-size-thousand", &[SIZES, EMPTY], "-ai --max-size=1kb").over(&[Via::Local, Via::Push]),
    row("max-size-binary", &[SIZES, EMPTY], "-ai --max-size=1KiB"),
    row("max-size-less-one", &[SIZES, EMPTY], "-ai --max-size=1k-1").over(&[Via::Local, Via::Push]),
    row("max-size-more-one", &[SIZES, EMPTY], "-ai --max-size=1K+1"),
    row("min-size-bytes", &[SIZES, EMPTY], "-ai --min-size=1024b"),
    row("max-size-verbose", &[BASIC, OLDER], "-avv --max-size=2000").over(LOCAL_AND_SHELL).any_order(),
    row("min-size", &[BASIC, OLDER], "-avi --min-size=1.5K").over(LOCAL_AND_SHELL),
    row("max-and-min-size", &[BASIC, OLDER], "-avi --min-size=1KB --max-size=3KB-1").over(LOCAL_AND_SHELL),
    row("max-size-bad", &[BASIC, OLDER], "-avi --max-size=big"),
    row("one-file-system", &[BASIC, OLDER], "-avix").over(LOCAL_AND_SHELL),
    row("relative", &[PROJECT, EMPTY], "-avR").over(EVERY_WAY).from_to("src/lib/sub", "dst/"),
    row("relative-file", &[PROJECT, EMPTY], "-avR").over(EVERY_WAY).from_to("src/lib/sub/b.c src/main.c", "dst/"),
    row("relative-dot", &[PROJECT, EMPTY], "-avR").over(EVERY_WAY).from_to("src/./lib/sub", "dst/"),
    row("relative-link-followed", &[BEHIND, "l dst/src -> bar"], "-aiR --no-implied-dirs").over(EVERY_WAY).from_to("src/sub/one src/a", "dst/"),
    row("relative-link-followed-old", &[BEHIND, "f dst/bar/sub/one size=9 mtime=5\nl dst/src -> bar"], "-aiRb --no-implied-dirs").over(EVERY_WAY).from_to("src/sub src/a", "dst/"),
    row("relative-link-out", &[BEHIND, "l dst/src -> ../elsewhere\nd elsewhere"], "-aiR --no-implied-dirs").over(EVERY_WAY).from_to("src/sub/one src/a", "dst/"),
    row("relative-link-out-dirs", &[BEHIND, "l dst/src -> ../elsewhere\nd elsewhere"], "-aiR --no-implied-dirs").over(EVERY_WAY).from_to("src/sub", "dst/"),
    row("relative-link-dangling", &[BEHIND, "l dst/src -> nowhere"], "-aiR --no-implied-dirs").over(EVERY_WAY).from_to("src/sub/one", "dst/"),
    row("relative-no-implied", &[PROJECT, EMPTY], "-avR --no-implied-dirs").over(LOCAL_AND_SHELL).from_to("src/lib/sub", "dst/"),
    row("relative-link-in-path", &["f real/x/y size=4\nl src/l -> ../real", EMPTY], "-avR").over(LOCAL_AND_SHELL).from_to("src/l/x", "dst/"),
    row("relative-link-kept", &["f real/x/y size=4\nl src/l -> ../real", "d other\nl dst/src/l -> ../../other"], "-avR --no-implied-dirs").over(LOCAL_AND_SHELL).from_to("src/l/x", "dst/"),
    row("relative-old", &[PROJECT, EMPTY], "-avR").over(SHELL).protocols(&[29]).from_to("src/lib/sub", "dst/"),
    row("relative-links-with-slash", &["f src/d/x size=3\nl src/dir -> d\nl src/file -> d/x\nl src/none -> nowhere", EMPTY], "-aiR").over(LOCAL_AND_SHELL).from_to("src/dir/ src/file/ src/none/", "dst/"),
    row("relative-delete", &[PROJECT, "f dst/lib/sub/extra\nf dst/lib/extra"], "-aviR --delete").over(LOCAL_AND_SHELL).from_to("src/./lib/sub", "dst/").any_order(),
    row("files-from", &[PROJECT, NAMES, EMPTY], "-av --files-from=list").over(EVERY_WAY),
    row("files-from-recursive", &[PROJECT, NAMES, EMPTY], "-avr --files-from=list").over(EVERY_WAY),
    row("files-from-remote", &[PROJECT, NAMES, EMPTY], "-av --files-from={host}list").over(&[Via::Push, Via::Pull]),
    row("files-from-remote-daemon", &[PROJECT, NAMES, EMPTY], "-av --files-from=:/list").over(&[Via::DaemonPull, Via::DaemonPush]),
    row("files-from-zero", &[PROJECT, NAMES, EMPTY], "-av --from0 --files-from=list0").over(EVERY_WAY),
    // A sender cannot read a directory; what is forwarded to it is nothing.
    row("files-from-directory", &["f src/a size=2\nd list\nd dst"], "-ri --files-from=list").over(EVERY_WAY).one_process(),
    row("files-from-directory-remote", &["f src/a size=2\nd list\nd dst"], "-ri --files-from={host}list").over(SHELL),
    row("files-from-directory-old", &["f src/a size=2\nd list\nd dst"], "-ri --files-from=list").over(SHELL).protocols(&[28, 30]),
    row("files-from-stdin", &[PROJECT, EMPTY], "-av --files-from=-").over(EVERY_WAY).stdin("main.c\nlib/\nlib/sub/b.o\n"),
    row("files-from-missing-names", &[PROJECT, NAMES, EMPTY], "-av --files-from=missing").over(EVERY_WAY),
    row("files-from-missing-file", &[PROJECT, EMPTY], "-av --files-from=nofile").over(LOCAL_AND_SHELL),
    row("files-from-no-relative", &[PROJECT, NAMES, EMPTY], "-av --no-R --files-from=list").over(LOCAL_AND_SHELL),
    row("files-from-delete", &[PROJECT, NAMES, "f dst/doc/old\nf dst/old"], "-avir --delete --files-from=list").over(LOCAL_AND_SHELL).any_order(),
    row("dirs-contents", &[PROJECT, EMPTY], "-dav --no-r").over(LOCAL_AND_SHELL),
    row("old-dirs", &[PROJECT, EMPTY], "--old-dirs -v").over(LOCAL_AND_SHELL),
    row("unreadable-as-nobody", &["d dst uid=65534\nf src/a size=4 mode=600\nf src/b size=5\nf src/closed/x size=3\nd src/closed mode=700"], "-rtv").as_nobody(),
    row("unreadable-delete-as-nobody", &["d dst uid=65534\nf src/a size=4 mode=600\nf src/b size=5\nf src/closed/x size=3\nd src/closed mode=700\nf dst/gone uid=65534"], "-rtv --delete").as_nobody().any_order(),
    row("unreadable-delete-ignored-as-nobody", &["d dst uid=65534\nf src/b size=5\nf src/closed/x size=3\nd src/closed mode=700\nf dst/gone uid=65534"], "-rtv --delete --ignore-errors").as_nobody().any_order(),
    row("unreadable-delete-after-ignored-as-nobody", &["d dst uid=65534\nf src/b size=5\nf src/closed/x size=3\nd src/closed mode=700\nf dst/gone uid=65534"], "-rtv --delete-after --ignore-errors").as_nobody().any_order(),
    row("unreadable-delete-after-as-nobody", &["d dst uid=65534\nf src/b size=5\nf src/a/b/c size=3\nd src/closed mode=700\nf dst/gone uid=65534"], "-rtv --delete-after").as_nobody().any_order(),
    row("unreadable-delete-after-ignored-there-as-nobody", &["d dst uid=65534\nf src/b size=5\nf src/closed/x size=3\nd src/closed mode=700\nf dst/gone uid=65534"], "-rtv --delete-after -M--ignore-errors").as_nobody().over(&[Via::Local, Via::Push]).any_order(),
    row("unreadable-there-delete-as-nobody", &["d dst uid=65534\nd src/a\nf src/c/x size=3\nd dst/a mode=711\nf dst/a/old\nf dst/c/gone uid=65534\nd dst/c uid=65534"], "-rtv --delete-after").as_nobody().any_order(),
    row("unreadable-there-delete-ignored-as-nobody", &["d dst uid=65534\nd src/a\nf src/c/x size=3\nd dst/a mode=711\nf dst/a/old\nf dst/c/gone uid=65534\nd dst/c uid=65534"], "-rtv --delete-after --ignore-errors").as_nobody().any_order(),
    row("unreadable-there-delete-during-as-nobody", &["d dst uid=65534\nd src/a\nf src/c/x size=3\nd dst/a mode=711\nf dst/a/old\nf dst/c/gone uid=65534\nd dst/c uid=65534"], "-rtv --delete").as_nobody().any_order(),
    row("unsearchable-there-delete-as-nobody", &["d dst uid=65534\nd src/a\nd dst/a mode=744\nf dst/a/old\nf dst/a/kept.o\nf dst/a/dir/x\nf dst/old uid=65534"], "-rtv --delete --exclude=*.o --exclude=dir/").as_nobody().any_order(),
    row("unwritable-as-nobody", &["d dst\nf src/a size=4\nf src/sub/b size=5"], "-rtv").as_nobody(),
    row("stop-at-past", &[BASIC], "-a --stop-at=2000-01-01"),
];
