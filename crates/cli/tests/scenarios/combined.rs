//! Combinations that random command lines found.

use super::trees::EMPTY;
use testkit::row::{DAEMON, EVERY_WAY, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, Via, row};

/// Merge files that protect, at three depths of the destination.
const PROTECTED: &str = r"
d src/d/e
f dst/.rules text=P\sx\n
f dst/x
f dst/src/.rules text=P\sy\n
f dst/src/x
f dst/src/y
f dst/src/d/.rules text=P\sz\n
f dst/src/d/x
f dst/src/d/y
f dst/src/d/z
f dst/src/d/e/x
f dst/src/d/e/y
f dst/src/d/e/z";
/// Links of somebody else's where merge files are looked for.
const FOREIGN: &str = r"
f rules text=-\sx\n
l src/.rules -> ../rules uid=1000
l src/d/.rules -> ../../rules uid=1000
l src/l -> d uid=1000
f src/y size=3
f src/d/x size=4
l dst/.rules -> ../rules uid=1000
l dst/l -> d uid=1000
f dst/x size=3
f dst/d/x size=4";
/// Destinations that are links.
const LED_OUT: &str = r"
f src/b size=3
f src/sub/x size=4
l dst/dir -> /etc
l dst/file -> /etc/passwd
l dst/none -> /nowhere
l dst/loop -> loop
l dst/near -> nowhere";
/// Names to be deleted whose parents are or are not there.
const LISTED: &str = r"
f src/b size=3
f src/d/e/f size=4
d dst
f list text=none/none\nd/e/none\nnone/other\nb\nzz/k\nzz/z\n";
/// The same names in two sources, more than once.
const TWICE: &str = r"
f src/t/h.c size=3
f src/t/u/i.c size=4
f src/t/z
f src/x.c size=5
f src2/t/q
f src2/t/z
f src2/x.c size=6
d dst";
const DIRS: &str = "d src/sub/x\nd src/o\nd dst/sub\nf dst/o";

/// Attributes that nobody may set.
const REFUSED: &str = r"
d src
d dst
f src/same size=3
f dst/same size=3
f src/mode size=3 mode=777
f dst/mode size=3 mode=600
f src/owner size=3 uid=65534 gid=65534
f dst/owner size=3 uid=1000 gid=5
f src/time size=3
f dst/time size=3 mtime=5
f src/set-id size=3
f dst/set-id size=3 mode=4755 uid=1";
/// A directory that nobody may search.
const SHUT: &str = r"
p src/d/p
l src/d/l -> x
f src/d/f
d src/d/sub
f src/d/sub/f
d dst uid=65534
f dst/d/g
f dst/d/l
d dst/d mode=644";

/// What each side has something to say about.
const QUIET: &str = "f src/d/a size=3\nl src/l -> nowhere\np src/p\nf src/a size=5\nf dst/d/.rules size=3\nf dst/e/f size=2\nf dst/g/h~ size=1";

pub const ROWS: &[Row] = &[
    row("list-only-verbose-2", &["d src/d\nd dst"], "-rvv --list-only").over(EVERY_WAY).any_order(),
    row("deleting-in-what-is-not-made", &["d src\nd dst"], "-avvi --delete-after -R --existing")
        .over(EVERY_WAY)
        .any_order(),
    row("deleting-in-what-is-not-made-before", &[DIRS], "-avvi --delete-before --existing")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row(
        "deleting-before-the-transfer-begins",
        &["f src/a size=3\nf dst/a size=4\nf dst/b"],
        "-av --debug=flist --info=del --delete-before",
    )
    .over(&[Via::Pull]),
    row("deleting-debugged", &[DIRS], "-a --debug=del3 --delete-before").over(&[Via::Pull]),
    row("deleting-debugged-dry-run", &[DIRS], "-an --debug=del3 --del")
        .over(&[Via::Pull])
        .any_order(),
    row("merge-files-of-relative", &[PROTECTED], "-aiR '--filter=: .rules' --del")
        .over(EVERY_WAY)
        .any_order(),
    row("merge-files-of-relative-before", &[PROTECTED], "-aiR '--filter=: .rules' --delete-before")
        .over(EVERY_WAY)
        .from_to("src/d", "dst/")
        .any_order(),
    row("merge-files-of-relative-dot", &[PROTECTED], "-aiR '--filter=: .rules' --delete-after")
        .over(LOCAL_AND_SHELL)
        .from_to("src/./d/", "dst/src/")
        .any_order(),
    row("merge-files-in-a-module", &[PROTECTED], "-ai '--filter=: .rules' --delete-before")
        .over(&[Via::DaemonPush])
        .any_order(),
    row("merge-files-from-the-top-of-a-module", &[PROTECTED], "-ai '--filter=: /dst/.rules' --del")
        .over(&[Via::DaemonPush])
        .any_order(),
    row("foreign-merge-files", &[FOREIGN], "-ai '--filter=: .rules'").over(EVERY_WAY),
    row("foreign-merge-files-del", &[FOREIGN], "-ai '--filter=: .rules' --del")
        .over(EVERY_WAY)
        .any_order(),
    row("foreign-merge-files-before", &[FOREIGN], "-ai '--filter=: .rules' -C --delete-before")
        .over(EVERY_WAY)
        .any_order(),
    row("foreign-merge-files-delay", &[FOREIGN], "-ai '--filter=: .rules' --delete-delay")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row(
        "foreign-merge-files-insecure",
        &[FOREIGN],
        "-ai '--filter=: .rules' --insecure-links --delete-after",
    )
    .over(&[Via::Local])
    .any_order(),
    row("missing-onto-a-link-out", &[LED_OUT], "-ai")
        .over(&[Via::Local, Via::Push, Via::DaemonPush])
        .from_to("src/none", "dst/file"),
    row("missing-onto-a-dir-link-out", &[LED_OUT], "-ai")
        .over(&[Via::DaemonPush])
        .from_to("src/none", "dst/dir"),
    row("file-onto-a-link-out", &[LED_OUT], "-ai")
        .over(&[Via::Push, Via::DaemonPush])
        .from_to("src/b", "dst/file"),
    row("file-onto-a-dir-link-out", &[LED_OUT], "-ai")
        .over(&[Via::DaemonPush])
        .from_to("src/b", "dst/dir"),
    row("file-below-a-dir-link-out", &[LED_OUT], "-ai")
        .over(&[Via::DaemonPush])
        .from_to("src/b", "dst/dir/passwd"),
    row("file-onto-a-link-to-nothing", &[LED_OUT], "-ai")
        .over(&[Via::Local, Via::Push, Via::DaemonPush])
        .from_to("src/b", "dst/none"),
    row("tree-onto-a-link-to-nothing", &[LED_OUT], "-ai")
        .over(&[Via::Local, Via::Push, Via::DaemonPush])
        .from_to("src/", "dst/none"),
    row("tree-onto-a-link-to-nothing-near", &[LED_OUT], "-ai")
        .over(&[Via::Local, Via::DaemonPush])
        .from_to("src/sub", "dst/near"),
    row("tree-onto-a-link-to-nothing-dry-run", &[LED_OUT], "-ain")
        .over(LOCAL_AND_SHELL)
        .from_to("src/", "dst/near"),
    row("file-onto-a-loop", &[LED_OUT], "-ai")
        .over(&[Via::Local, Via::Push, Via::DaemonPush])
        .from_to("src/b", "dst/loop"),
    row(
        "inplace-zeros",
        &["f src/z data=0:10 size=300000\nf dst/z data=60000:10000 size=1M"],
        "-ai --stats --inplace --no-whole-file",
    )
    .over(EVERY_WAY),
    row(
        "inplace-zeros-shifted",
        &["f src/z data=0:10,100010:900 size=300000\nf dst/z data=5000:700 size=1M"],
        "-ai --stats --inplace -B700 --no-whole-file",
    )
    .over(LOCAL_AND_SHELL),
    row(
        "missing-args-without-parents",
        &[LISTED],
        "-i --delete-missing-args --files-from={top}/list",
    )
    .over(LOCAL_AND_SHELL),
    row(
        "missing-args-without-parents-29",
        &[LISTED],
        "-i --delete-missing-args --files-from={top}/list",
    )
    .protocols(&[29]),
    // Who is told of it, and as what.
    row(
        "missing-args-without-parents-28",
        &[LISTED],
        "-p --delete-missing-args --files-from={top}/list",
    )
    .over(&[Via::Push])
    .protocols(&[27, 28]),
    row(
        "missing-args-without-parents-unmade",
        &[LISTED],
        "-i --delete-missing-args --no-implied-dirs --files-from={top}/list",
    )
    // Rsync makes parents of what it is to delete, and not even all of them.
    .any_tree()
    .over(LOCAL_AND_SHELL),
    row(
        "missing-args-without-parents-recursive",
        &[LISTED],
        "-ri --delete-missing-args --files-from={top}/list",
    )
    .over(LOCAL_AND_SHELL),
    row(
        "missing-args-without-parents-no-inc",
        &[LISTED],
        "-ai --delete-missing-args --no-i-r --files-from={top}/list",
    )
    .over(SHELL),
    row("missing-args-relative", &[LISTED], "-iR --delete-missing-args")
        .over(EVERY_WAY)
        .from_to("src/./none/x src/none/y src/d/x", "dst/"),
    row("count-interrupted-by-an-error", &["p src/dir\nd dst"], "-a --no-i-r -v --progress")
        .over(&[Via::Local, Via::Push])
        .from_to("src/./dir src/b", "dst/"),
    row("count-interrupted-at-first", &["p src/dir\nd dst"], "-a --no-i-r -v --progress")
        .over(&[Via::Local, Via::Push])
        .from_to("src/b src/./dir", "dst/"),
    row(
        "count-interrupted-by-a-notice",
        &["many src/m count=150\nl src/x -> ../../out\nf out", EMPTY],
        "-r --copy-unsafe-links --no-i-r -v --progress -n",
    )
    .over(&[Via::Local, Via::Push])
    .from_to("src/ src/none", "dst/"),
    row(
        "risking-what-is-received",
        &["f src/t/h.c size=3\nf src/t/u/i.c\nf src/x.c\nf src/y\nf src/t/z", EMPTY],
        "-rvvi '--include=*/' '--include=*.c' '--exclude=*'",
    )
    .over(&[Via::Pull, Via::DaemonPull])
    .any_order(),
    row("risking-what-is-received-relative", &["d src/c/cc\nd src/d/e/f", EMPTY], "-rtvvR --include=*/ --exclude=*").over(&[Via::Pull]).any_order(),
    row("risking-what-is-received-alone", &["d src/c/cc\nd src/d/e/f", EMPTY], "-rtvv --include=*/ --exclude=*").over(&[Via::Pull]).from_to("src/d", "dst/").any_order(),
    row(
        "times-of-links-29",
        &["l src/l -> x mtime=5\nl dst/l -> x\nl src/n -> y\nd src mtime=5\nd dst mtime=5"],
        "-ai",
    )
    .over(LOCAL_AND_SHELL)
    .protocols(&[28, 29, 30]),
    // What is asked for, for one file, is found on another before it comes.
    row("xattrs-shared-with-what-is-there", &["f src/a size=262143 x:user.one=\\{w*33}\nf src/d/b size=65535 x:user.one=\\{w*33}\nf src/d/c size=9 x:user.one=\\{w*33}\nf dst/d/b size=65535 x:user.one=\\{w*33}"], "-aiX").over(EVERY_WAY),
    row("xattrs-shared-with-what-is-touched", &["f src/a size=262143 x:user.one=\\{w*33}\nf src/d/b size=65535 x:user.one=\\{w*33}\nf dst/d/b size=65535 x:user.one=\\{w*33} edits=2 mtime=5"], "-aiX --no-whole-file").over(EVERY_WAY),
    row("secluded-args-of-a-daemon", &["f src/a\\sb size=3\nd dst"], "-avvs").over(DAEMON).any_order(),
    row("alternates-of-what-is-not-made", &["d src\nd dst\nd alt"], "-an --copy-dest=../alt --copy-dest=x/../y").from_to("src/", "dst/new/"),
    row("twice", &[TWICE], "-rvv").over(EVERY_WAY).from_to("src/ src/", "dst/").any_order(),
    row("twice-thrice", &[TWICE], "-r --stats")
        .over(EVERY_WAY)
        .from_to("src/ src/ src/ src2/", "dst/"),
    row("twice-relative", &[TWICE], "-rvvR")
        .over(LOCAL_AND_SHELL)
        .from_to("src/ src/t/z src/t/u src/t", "dst/")
        .any_order(),
    row("twice-no-inc", &[TWICE], "-rvv --no-i-r")
        .over(DAEMON)
        .from_to("src/ src2/ src/", "dst/")
        .any_order(),
    // In a dry run nothing is said of what lies below directories that are still to be made.
    row("missing-args-dry", &["f src/t/a size=3\nd dst"], "-Rn --delete-missing-args").over(LOCAL_AND_SHELL).from_to("src/no/x src/t/no src/none/a src/none/b", "dst/"),
    row("missing-args-dry-having", &["f src/t/a size=3\nf dst/src/no/x"], "-Rn --delete-missing-args").over(LOCAL_AND_SHELL).from_to("src/no/x src/t/no src/none/a src/none/b", "dst/"),
    row("no-implied-keep-links", &["f src/a size=3\nd src/d\nl src/l -> a\nd dst\nf dst/a size=3"], "-avKLR --no-implied-dirs").over(LOCAL_AND_SHELL).from_to("src/a src/dir/", "dst/").any_order(),
    row("no-implied-rules", &["f src/a size=3\nf src/.rules text=-\\sb\\n\nf src/b size=2\nf src/d/b size=1\nd dst"], "-av '--filter=: .rules' -R --no-implied-dirs -F").over(LOCAL_AND_SHELL),
    row("remove-source-itemized", &["f src/a size=70000\nf src/b size=3\nf src/same size=3\nl src/l -> b\nf dst/a size=70000 edits=2 mtime=5\nf dst/same size=3"], "-avvi --remove-source-files --no-whole-file -z").over(LOCAL_AND_SHELL).any_order(),
    row("itemized-delta-old", &["f src/a size=70000\nf src/b size=3\nf dst/a size=70000 edits=2 mtime=5"], "-avvi --no-whole-file -z --existing").over(EVERY_WAY).protocols(&[28]).any_order(),
    row("missing-args-no-implied", &["d src\nd dst"], "-rtR --no-implied-dirs --delete-missing-args").over(EVERY_WAY).from_to("src/a src/none src/dir/", "dst/"),
    row("missing-args-no-implied-deep", &["f src/h size=3\nf src/d/g size=3\nd dst"], "-rtR --no-implied-dirs --delete-missing-args")
        .over(LOCAL_AND_SHELL).from_to("src/d/none src/h src/d/e/none src/d/e/none2 src/none", "dst/"),
    row("missing-args-no-implied-all-at-once", &["f src/h size=3\nf src/d/g size=3\nd dst"], "-rtR --no-implied-dirs --delete-missing-args --no-i-r")
        .over(LOCAL_AND_SHELL).from_to("src/d/none src/h src/d/e/none", "dst/"),
    row("missing-args-no-implied-perms", &["f src/h size=3\nd dst"], "-rtpR --no-implied-dirs --delete-missing-args").from_to("src/none", "dst/"),
    row("missing-args-dry-no-implied", &["f src/t/a size=3\nd dst"], "-Rn --no-implied-dirs --delete-missing-args").over(LOCAL_AND_SHELL).from_to("src/no/x src/t/no", "dst/"),
    row("missing-args-dry-new", &["f src/t/a size=3\nd dst"], "-Rn --no-implied-dirs --delete-missing-args").over(LOCAL_AND_SHELL).from_to("src/no/x src/t/no", "dst/new/"),
    row("missing-args-no-implied-new", &["f src/t/a size=3\nd dst"], "-rR --no-implied-dirs --delete-missing-args").over(LOCAL_AND_SHELL).from_to("src/no", "dst/new/"),
    row("missing-args-recursive-twice", &["f src/t/a size=3\nd dst"], "-rR --delete-missing-args").over(LOCAL_AND_SHELL).from_to("src/no/x src/no/y src/t/no/x src/t/no/y", "dst/"),
    // The top directory that --relative implies may be excluded.
    row("dot-excluded", &["f src/k/f size=3\nd src mtime=5\nd dst\nf list text=./k/f\\n"], "-aivv --files-from={top}/list --exclude=*").over(LOCAL_AND_SHELL).any_order(),
    row("dot-excluded-by-name", &["f src/k/f size=3\nd src mtime=5\nd dst\nf list text=./k/f\\n"], "-ai --files-from={top}/list --exclude=.").over(LOCAL_AND_SHELL),
    row("dot-included", &["f src/k/f size=3\nd src mtime=5\nd dst\nf list text=./k/f\\n"], "-ai --files-from={top}/list --include=. --exclude=*").over(LOCAL_AND_SHELL),
    row("dot-excluded-recursive", &["f src/k/f size=3\nd dst"], "-aiR --exclude=*").over(LOCAL_AND_SHELL).from_to("./src/k", "dst/"),
    // Options that say what is kept of owners come after those that imply it.
    row("chown-kept-not", &["f src/a size=3\nd dst"], "-r --chown=33:44 --no-o --no-g").over(EVERY_WAY),
    row("chown-kept-half", &["f src/a size=3\nd dst"], "-a --chown=33:44 --no-o").over(EVERY_WAY),
    row("chown-there", &["f src/a size=3\nd dst"], "-r -M--chown=33:44").over(&[Via::Push]),
    row("groups-of-others", &["f src/a size=3 gid=44\nd dst uid=65534"], "-a '--out-format=%n %U %G'").over(LOCAL_AND_SHELL).as_nobody(),
    row("empty-unsearchable", &["d src/empty mode=644\nf src/full/a\nd src/full mode=644\nd dst uid=65534"], "-rt").over(LOCAL_AND_SHELL).as_nobody(),
    row("empty-unsearchable-followed", &["d src/empty mode=644\nf src/hidden/a\nd src/hidden mode=644\nd dst uid=65534"], "-rtL --exclude=a").over(LOCAL_AND_SHELL).as_nobody(),
    // What could not be set is neither up to date nor news.
    row("attributes-refused", &[REFUSED], "-avv").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("attributes-refused-sizes", &[REFUSED], "-rlptvv --size-only").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("place-unsearchable", &[SHUT], "-rlD").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("place-unsearchable-dry", &[SHUT], "-an").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("place-unsearchable-skipping", &[SHUT], "-r").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("like-alternates-unmade", &["d src/same mtime=5\nd src/mode mode=711 mtime=5\nd dst\nd alt/same mtime=5\nd alt/mode mtime=5"], "-aii --link-dest=../alt").as_nobody().any_order(),
    row("like-alternates-unmade-names", &["d src/same mtime=5\nd src/mode mode=711 mtime=5\nd dst\nd alt/same mtime=5\nd alt/mode mtime=5"], "-avv --link-dest=../alt").as_nobody().any_order(),
    row("no-way-twice", &["f src/e/g size=3\nd dst\nf dst/e uid=65534"], "-a").over(LOCAL_AND_SHELL).as_nobody(),
    row("no-way-once", &["f src/e/g size=3\nd dst\nf dst/e uid=65534"], "-aO").over(LOCAL_AND_SHELL).as_nobody(),
    row("unsafe-link-hidden", &["l src/a -> /nowhere\nl src/d/b -> /nowhere\nd dst"], "-avv --copy-unsafe-links --exclude=a --exclude=b").over(LOCAL_AND_SHELL).from_to("src/a src/d", "dst/").any_order(),
    row("batch-copy-as", &["f src/a size=3\nd dst uid=33 mtime=5"], "-a --copy-as=33:44").batch(),
    row("batch-old-itemized", &["d src/n mtime=5\nf src/d/a size=3\nd src/d mtime=6\nl src/l -> a\nd dst/d mtime=7"], "-ai --protocol=28").batch(),
    row("batch-old-named", &["d src/n mtime=5\nd src/d mtime=6\nl src/l -> a\nd dst/d mtime=7"], "-av --protocol=28").batch(),
    row("batch-recursive", &["f src/d/a size=3\nd dst"], "-rv").batch(),
    row("log-bad-rule", &["f src/a size=3\nd dst"], "'--filter=bad rule' --log-file={log}"),
    row("batch-dirs", &["f src/d/a size=3\nd dst"], "-dtv").batch(),
    row("batch-old-dirs", &["f src/d/a size=3\nd dst"], "--old-d -tv").batch(),
    row("batch-archive-dirs", &["f src/d/a size=3\nd dst"], "-adv").batch(),
    row("batch-archive", &["f src/d/a size=3\nf src/b size=70000\nf dst/b size=70000 edits=3"], "-av --no-whole-file --delete").batch(),
    row("batch-counted-options", &["f src/a size=3\nd dst"], "-tvHHXX").batch(),
    row("batch-old-protocols", &["f src/a size=3\nl src/l -> a mtime=1\nd src/d\nd dst\nl dst/l -> a mtime=7"], "-dlti").protocols(&[28, 29]).batch(),
    // What was copied first is found when the batch is applied.
    row("batch-in-vain", &["f src/a size=3\nd dst"], "-rtv --stats --compare-dest=../../dst").batch(),
    row("log-of-a-list", &["f src/d/e/a size=3\nf src/b size=70000\nd dst"], "-r --files-from=- --out-format=%f --log-file={log} '--log-file-format=%o %f %n'").over(LOCAL_AND_SHELL).stdin("b\nd/./e\n./d/e\n"),
    row("again-after-changes", &["f src/d/a size=3\nf src/b size=70000\nf dst/c size=5"], "-ai --delete").over(EVERY_WAY).any_order().again_after("rm src/b; mkdir src/b; touch -d @5 src/b; echo x >>dst/d/a"),
    row("log-of-a-session", &["f src/d/a size=3\nf src/b size=70000\nf dst/c size=5"], "-a --delete --log-file={log}").over(EVERY_WAY).any_order(),
    row("log-quiet", &[QUIET], "-rbq --delete --log-file={log}").over(EVERY_WAY),
    row("log-quiet-flat", &[QUIET], "-vq --log-file={log} --log-file-format=%n").over(EVERY_WAY).from_to("src/d src/a src/l", "dst/"),
    row("log-quiet-stderr-client", &[QUIET], "-rbq --delete --log-file={log} --stderr=client").over(EVERY_WAY),
    row("log-quiet-stderr-all", &[QUIET], "-rbq --delete --log-file={log} --stderr=all").over(LOCAL_AND_SHELL),
    row("log-quiet-server", &[QUIET], "-rb --delete --log-file={log} -M-q").over(SHELL),
    row("log-quiet-own", &[QUIET], "-rbq --delete -M--log-file={log}").over(LOCAL_AND_SHELL),
    row("log-quiet-old", &[QUIET], "-rbqv --delete --log-file={log}").over(&[Via::Local, Via::Push, Via::Pull, Via::DaemonPush]).protocols(&[28, 29]),
    row("log-of-a-format", &["f src/d/a size=3\nf src/b size=70000\nf dst/c size=5"], "-a --delete --log-file={log} '--log-file-format=%o %f %l %i'").over(EVERY_WAY).any_order(),
    row("several-of-one-host", &["f src/d/a size=3\nf src/b size=70000\nd dst"], "-ai").over(&[Via::Pull]).from_to("src/d :src/b", "dst/"),
    row("several-of-one-module", &["f src/d/a size=3\nf src/b size=70000\nd dst"], "-ai").over(&[Via::DaemonPull]).from_to("src/d ::mod/src/b", "dst/"),
    row("empty-unsearchable-listed", &["d src/empty mode=644\nf src/full/a\nd src/full mode=644\nd dst uid=65534"], "-rt --files-from=-").over(LOCAL_AND_SHELL).as_nobody().stdin("empty\nfull\n"),
    row("dots-in-paths-shown", &["f src/d/a size=3\nd dst"], "-r --out-format=%f").over(LOCAL_AND_SHELL).from_to("./src/d src/./d/a src//d/../d/. ././src/", "dst/"),
];
