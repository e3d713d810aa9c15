//! Where rules act: at the end that was given them, in a daemon, with old protocols; and the names that CVS ignores.

use super::trees::EMPTY;
use testkit::row::{DAEMON, EVERY_WAY, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, Via, row};

/// Extraneous files, and files with rules at the destination.
const TREE: &str = r"
f src/a size=1
f src/b size=2
f src/d/a size=3
f src/d/b size=3
f src/.f text=-\sb\n
f src/.rsync-filter text=-\sd/b\n
f src/ex text=xx\n
f rules text=-\sb\n
d dst mtime=6
f dst/xx
f dst/x~
f dst/d/xx
f dst/gone/b
f dst/gone/xx
f dst/.f text=P\sxx\n
f dst/d/.f text=R\sxx\n
d src mtime=5
";

/// Names that CVS ignores, at every place that says which.
const CVS: &str = r"
f src/a size=1
f src/b.o size=2
f src/.cvsignore text=zz
f src/zz size=6
f src/yy size=6
f src/ww size=6
f src/d/zz size=7
f src/d/ww size=7
f src/e/.cvsignore text=zz\s!\sww
f src/e/zz size=7
f src/e/ww size=7
f src/e/.#lock
d home
f home/.cvsignore text=ww\sgone
d other
f other/.cvsignore text=ww\s!\syy
d dst mtime=6
f dst/go.o
f dst/yy
f dst/zz
f dst/.cvsignore text=zz
f dst/gone/zz
f dst/gone/ww
f dst/gone/y.o
f dst/left/y.o
d src mtime=5
";

/// Rules of a daemon's directories, which it reads itself.
const KEPT: &str = r"
f src/a size=1
f src/d/a size=6
f src/d/x/a
d dst mtime=6
f dst/keep
f dst/go
f dst/.f text=P\s/keep\n
f dst/d/keep
f dst/d/go
f dst/d/.f text=P\skeep\n
f dst/d/x/keep
f dst/d/x/go
d src mtime=5
";

const HOME: &[(&str, &str)] = &[("HOME", "{top}/home")];
const MINE: &[(&str, &str)] = &[("HOME", "{top}/other"), ("CVSIGNORE", "a d/")];
const NO_MORE: &[(&str, &str)] = &[("HOME", "{top}/home"), ("CVSIGNORE", "yy ! b.o")];

pub const ROWS: &[Row] = &[
    // Rules of the other end's own command line.
    row("own-exclude", &[TREE], "-ai --delete -M--exclude=xx").over(EVERY_WAY).any_order(),
    row("own-hide", &[TREE], "-ai --delete -M--filter=H_xx").over(EVERY_WAY).any_order(),
    row("own-first", &[TREE], "-ai --delete -f-_xx -M--filter=R_xx").over(EVERY_WAY).any_order(),
    row("own-clear", &[TREE], "-ai --delete -f-_xx -M--filter=!").over(EVERY_WAY).any_order(),
    row("own-clear-backup", &[TREE], "-aib --delete -M--filter=!")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("own-include", &[TREE], "-ai --delete -M--include=a -M--exclude=*")
        .over(EVERY_WAY)
        .any_order(),
    row("own-per-dir", &[TREE], "-ai --delete -M--filter=:_.f").over(EVERY_WAY).any_order(),
    row("own-rsync-filter", &[TREE], "-ai -M-FF").over(EVERY_WAY).any_order(),
    row("own-rsync-filter-again", &[TREE], "-aiF -M-F").over(EVERY_WAY).any_order(),
    row("own-file", &[TREE], "-ai --delete -M--exclude-from=src/ex").over(EVERY_WAY).any_order(),
    row("own-file-merged", &[TREE], "-ai -M--filter=._{top}/rules").over(LOCAL_AND_SHELL),
    row("own-file-missing", &[TREE], "-ai -M--exclude-from=nope")
        .over(LOCAL_AND_SHELL)
        .one_process(),
    row("own-rule-bad", &[TREE], "-ai -M--filter=xx").over(LOCAL_AND_SHELL).one_process(),
    row("own-delete-excluded", &[TREE], "-ai --delete-excluded -M--exclude=xx")
        .over(EVERY_WAY)
        .any_order(),
    row("own-cvs", &[CVS], "-ai --delete -M-C").over(LOCAL_AND_SHELL).any_order(),
    row("own-old-protocol", &[TREE], "-ai -M--filter=-!/_a").over(SHELL).protocols(&[28, 29]),
    row("own-secluded", &[TREE], "-ais --delete -M--exclude=xx").over(SHELL).any_order(),
    row("own-file-hidden", &[TREE], "-ai -M--exclude-from=/src/ex")
        .over(&[Via::DaemonPush])
        .modules("exclude = /src/ex"),
    // A daemon's per-directory files.
    row("kept", &[KEPT], "-ai --delete '--filter=: .f'").over(EVERY_WAY).any_order(),
    row("kept-before", &[KEPT], "-ai --delete-before '--filter=: .f'").over(EVERY_WAY).any_order(),
    row("kept-after", &[KEPT], "-ai --delete-after '--filter=: .f'").over(EVERY_WAY).any_order(),
    row("kept-delay", &[KEPT], "-ai --delete-delay '--filter=: .f'").over(EVERY_WAY).any_order(),
    row("kept-chrooted", &[KEPT], "-ai --delete '--filter=: .f'")
        .over(&[Via::DaemonPush])
        .modules("use chroot = yes")
        .any_order(),
    row("kept-chrooted-below", &[KEPT], "-ai --delete '--filter=: .f' src/ 127.0.0.1::below/")
        .over(&[Via::DaemonPush])
        .modules("[below]\npath = {top}/./dst\nread only = no\nuse chroot = yes")
        .from_to("", "")
        .any_order(),
    row("kept-hidden", &[KEPT], "-ai --delete '--filter=: .f'")
        .over(&[Via::DaemonPush])
        .modules("exclude = /dst/d/.f")
        .any_order(),
    row("kept-absolute", &[KEPT], "-ai --delete '--filter=P/ /dst/d/keep' '--filter=P/ dst/keep'")
        .over(EVERY_WAY)
        .any_order(),
    row("kept-from-above", &[KEPT], "-ai --delete '--filter=: /dst/.f'")
        .over(&[Via::DaemonPush])
        .from_to("src/d/", "dst/d/")
        .any_order(),
    row("kept-from-above-named", &[KEPT], "-ai --delete '--filter=: ../d/.f'")
        .over(LOCAL_AND_SHELL)
        .from_to("src/d/x/", "dst/d/x/")
        .any_order(),
    // What CVS ignores.
    row("cvs-home", &[CVS], "-aiC --delete").over(LOCAL_AND_SHELL).environment(HOME).any_order(),
    row("cvs-environment", &[CVS], "-aiC --delete").over(EVERY_WAY).environment(MINE).any_order(),
    row("cvs-cleared", &[CVS], "-aiC --delete")
        .over(LOCAL_AND_SHELL)
        .environment(NO_MORE)
        .any_order(),
    row("cvs-excluded", &[CVS], "-aiC --delete-excluded")
        .over(LOCAL_AND_SHELL)
        .environment(HOME)
        .any_order(),
    row("cvs-excluded-after", &[CVS], "-aiC --delete-excluded --delete-after")
        .over(LOCAL_AND_SHELL)
        .environment(HOME)
        .any_order(),
    row("cvs-protocols", &[CVS], "-aiC --delete")
        .over(&[Via::Pull])
        .protocols(&[27, 28, 29, 30, 31])
        .environment(HOME)
        .any_order(),
    // An old server's deletions have no names in this format; ours have.
    row("cvs-protocols-push", &[CVS], "-aC --delete")
        .over(&[Via::Push])
        .protocols(&[27, 28, 29, 30, 31])
        .environment(HOME),
    row("cvs-rule", &[CVS], "-ai --delete '--filter=-C'")
        .over(LOCAL_AND_SHELL)
        .environment(MINE)
        .any_order(),
    row("cvs-rule-negated", &[CVS], "-ai '--filter=-!C' '--include=*/'")
        .over(LOCAL_AND_SHELL)
        .environment(MINE),
    row("cvs-rule-included", &[CVS], "-ai '--filter=+C' --exclude=*").over(LOCAL_AND_SHELL),
    row("cvs-rule-perishable", &[CVS], "-ai --delete '--filter=-pC'")
        .over(LOCAL_AND_SHELL)
        .environment(HOME)
        .any_order(),
    row("cvs-rule-xattr", &[CVS], "-ai --delete '--filter=-xC'")
        .over(LOCAL_AND_SHELL)
        .environment(HOME)
        .any_order(),
    row("cvs-rule-of-receiver", &[CVS], "-ai --delete '--filter=-rC'")
        .over(&[Via::Local, Via::Push])
        .environment(HOME)
        .any_order(),
    row("cvs-chrooted", &[CVS, "f .cvsignore text=ww\\n"], "-aiC --delete")
        .over(DAEMON)
        .modules("use chroot = yes")
        .any_order(),
    // What an old protocol cannot say, even if there is nobody to say it to.
    row("too-modern", &[TREE, EMPTY], "-ai '--filter=: .f'")
        .over(LOCAL_AND_SHELL)
        .protocols(&[28, 29])
        .one_process(),
    row("too-modern-perishable", &[TREE, EMPTY], "-ai --delete '--filter=-p xx'")
        .over(LOCAL_AND_SHELL)
        .protocols(&[28, 29])
        .one_process(),
    row("too-modern-negated", &[TREE, EMPTY], "-ai '--filter=-! xx'")
        .over(LOCAL_AND_SHELL)
        .protocols(&[28])
        .one_process(),
    row("too-modern-ignored", &[TREE, EMPTY], "-ai '--filter=H! xx' '--filter=-s/ b'")
        .over(SHELL)
        .protocols(&[28])
        .one_process()
        .any_order(),
    row("old-delete-excluded", &[TREE], "-a --delete-excluded --exclude=xx --include=/gone/b")
        .over(SHELL)
        .protocols(&[28, 29, 30]),
    // A sender that cannot build its list tells its own user alone.
    row(
        "rule-bad-in-tree",
        &["f src/a size=2\nf src/.f text=x\\sy\\sz\\n\nd dst"],
        "-ai '--filter=: .f'",
    )
    .over(&[Via::Pull, Via::DaemonPull]),
    row(
        "rule-bad-in-tree-old",
        &["f src/a size=2\nf src/.f text=x\\sy\\sz\\n\nd dst"],
        "-ai '--filter=: .f'",
    )
    .over(&[Via::Pull])
    .protocols(&[28, 29, 30]),
    row(
        "rule-bad-in-tree-told",
        &["f src/a size=2\nf src/.f text=x\\sy\\sz\\n\nd dst"],
        "-ai '--filter=: .f' --stderr=client",
    )
    .over(&[Via::Pull]),
    row("files-from-nowhere", &["f list text=a\\n\nd dst"], "-ai --files-from=list")
        .over(EVERY_WAY)
        .one_process()
        .from_to("nosrc/", "dst/"),
    row("copy-as-nobody-known", &["f src/a size=2\nd dst"], "-ai --copy-as=nosuchuser").over(SHELL),
    row(
        "own-copy-as-nobody-known",
        &["f src/a size=2\nd dst"],
        "-ai -M--copy-as=nosuchuser:nosuch",
    )
    .over(SHELL),
];
