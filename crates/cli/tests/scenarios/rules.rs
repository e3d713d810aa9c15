//! The language of filter rules and of lists of names, where rules come from, and what deletion makes of them.

use super::trees::EMPTY;
use testkit::row::{DAEMON, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, Via, row};

const TREE: &str = r"
f src/a size=1
f src/b size=2
f src/\sa size=3
f src/_a size=4
f src/sub size=5
f src/foo size=6
f src/d/a size=7
f src/d/sub/c/a size=8
f rules text=-\sa\n#\scomment\n;\sother\n+\sb\n
f names text=a\nsub\n!\n
f words text=-_a\s-_b\t-_foo
";

const FILES: &str = r"
f ends text=a\x0d\nb\x0d#\sfoo\n;\s_a\nsub\n
f zeros text=a\x00#\sfoo\x00b\nc\x00sub\x00
f long text=\{x*5120}\n-\s\{y*4096}\n-\sa\n
f commented text=#a\sb
f most text=-\{p*5116}\sa\n-\{p*5117}\sb\n#\{c*5118}\n#\{c*5119}\n-\s\{y*4095}\n-\s\{y*4096}\n
f crlf text=-\sa\x0d\n\x0d\n#\x0dsecret\srule\n
f src/#\sfoo
f src/;\s_a
f src/#a
f itself text=.\sitself\n
f sided text=#\n\nH\sx\n
f badline text=-\sa\nsecret\srule\n
f src/d/.bad text=secret\srule\n
";

/// Files with rules in the tree.
const PER_DIR: &str = r"
f src/.f text=-\s/b\n-\sa\n
f src/d/.f text=+\sa\n-\s/x/b\n
f src/d/x/.f text=!\n-\sc\n
f src/d/e/.f text=P\sz\nH\sb\n
f src/.names text=a\n!\n+\sb\n
f src/d/.words text=a\s!\sb
f src/.cvsignore text=a\s!\sb
f src/d/.cvsignore text=c
f src/.nested text=:\s.f\n
f src/d/.g text=-\sb\n
f src/d/.merges text=.\srules\n
f src/d/.merges-here text=.\s./.f\n
l src/d/.foreign -> .f uid=1000
l src/.foreign -> .f uid=1000
f src/rules text=-\sc\n
f src/a
f src/b
f src/d/a
f src/d/b
f src/d/x/a
f src/d/x/b
f src/d/x/c
f src/d/e/a
f src/d/e/b
";

/// Directories that will be deleted, with what is to stay.
const DOOMED: &str = r"
f src/a
f dst/gone/deep/kept
f dst/gone/deep/other
f dst/gone/x.o
f dst/gone/cache/y
f dst/cache/z
f dst/free/cache/y
f dst/free/x.o
f dst/here.o
f dst/kept
";

/// Merge files in directories that are only on the way to what is asked for, and in the destination.
const ON_THE_WAY: &str = r"
f src/.f text=-\sa\n
f src/d/a
f src/d/e/a
f src/d/e/b
f src/g/.f text=-\sx\n
f src/g/x
f src/g/y
f src/h/a
f src/h/x
f dst/.f text=-\skept\n
f dst/src/d/kept
f dst/src/d/.f text=-\sprivate\n
f dst/src/d/e/private
";

const NAMED: &str = r"
f src/f
f src/dir/x/y
f src/dir/z
f src/d1/a
f src/d1/sub/b
f src/d1/sub/c
";

/// Rules that are inherited, overridden, cleared and named in files of directories.
const INHERITED: &str = r"
f src/.f text=-\sa\n-\s/b\n-\sc\n
f src/a
f src/b
f src/c
f src/d/a
f src/d/b
f src/d/c
f src/e/.f text=+\sa\n-\s/b\n-\s/x/d\n
f src/e/a
f src/e/b
f src/e/c
f src/e/x/a
f src/e/x/b
f src/e/x/c
f src/e/x/d
f src/e/x/y/d
f src/g/.f text=!\n-\sx\n
f src/g/a
f src/g/b
f src/g/x
f src/h/.f text=:\s.n\n+\sa\n
f src/h/.n text=-\sb\n
f src/h/a
f src/h/b
f src/h/i/.n text=-\sa\n
f src/h/i/a
f src/h/i/b
f src/z/.n text=+\s*\n
f src/z/a
f src/z/b
f other/.f text=-\sd\n
";

/// Names that look like rules or comments.
const ODD_NAMES: &str = r"
f src/a
f src/b
f src/-_a
f src/!
f src/!\s
f src/!a
f src/;\sa
f src/#\sa
f src/\sa
f src/a\s
f src/-a
f src/:\sa
f src/+_a
";

const PUSH_TOO: &[Via] = &[Via::Local, Via::Push];
const LISTED: &[Via] = &[Via::Local, Via::Push, Via::Pull];

pub const ROWS: &[Row] = &[
    row("merges-on-the-way", &[ON_THE_WAY], "-aiR --delete '--filter=: .f'")
        .from_to("src/d src/h", "dst/")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("merges-on-the-way-1", &[ON_THE_WAY], "-aiR --no-i-r --delete-before '--filter=: .f'")
        .from_to("src/g/y src/d/e src/d/a", "dst/")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("merges-of-several", &[ON_THE_WAY], "-ai '--filter=: .f'")
        .from_to("src/g/ src/h src/d/", "dst/")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("cvs-of-user", &[TREE, "f home/.cvsignore text=foo\\ssub", EMPTY], "-aiC")
        .environment(&[("HOME", "home"), ("CVSIGNORE", "b")])
        .over(LOCAL_AND_SHELL),
    row("cvs-of-user-28", &[TREE, "f home/.cvsignore text=foo\\ssub\\n", EMPTY], "-aiC --delete")
        .environment(&[("HOME", "home"), ("CVSIGNORE", "b")])
        .protocols(&[28, 29, 30])
        .over(SHELL),
    row("rule-1", &[TREE, EMPTY], "-ai --exclude=b '--filter=-_a'").over(PUSH_TOO),
    row("rule-2", &[TREE, EMPTY], "-ai --exclude=b '--filter=exclude_a'"),
    row("rule-3", &[TREE, EMPTY], "-ai --exclude=b '--filter=-, a'"),
    row("rule-4", &[TREE, EMPTY], "-ai --exclude=b '--filter=exclude a'"),
    row("rule-5", &[TREE, EMPTY], "-ai --exclude=b '--filter=-  a'").over(PUSH_TOO),
    row("rule-6", &[TREE, EMPTY], "-ai --exclude=b '--filter=-__a'"),
    row("rule-7", &[TREE, EMPTY], "-ai --exclude=b '--filter=!'"),
    row("rule-8", &[TREE, EMPTY], "-ai --exclude=b '--filter=clear'"),
    row("rule-9", &[TREE, EMPTY], "-ai --exclude=b '--filter=!,'").over(PUSH_TOO),
    row("rule-10", &[TREE, EMPTY], "-ai --exclude=b '--filter=clear,'"),
    row("rule-11", &[TREE, EMPTY], "-ai --exclude=b '--filter=:C'"),
    row("rule-12", &[TREE, EMPTY], "-ai --exclude=b '--filter=-! */'"),
    row("rule-13", &[TREE, EMPTY], "-ai --exclude=b '--filter=-! sub/'").over(PUSH_TOO),
    row("rule-14", &[TREE, EMPTY], "-ai --exclude=b '--filter=+ a'"),
    row("rule-15", &[TREE, EMPTY], "-ai --exclude=b '--filter=-/ src/a'"),
    row("rule-16", &[TREE, EMPTY], "-ai --exclude=b '--filter=S a'"),
    row("rule-17", &[TREE, EMPTY], "-ai --exclude=b '--filter=R,p a'").over(PUSH_TOO),
    row("rule-18", &[TREE, EMPTY], "-ai --exclude=b '--filter=-sr a'"),
    row("rule-19", &[TREE, EMPTY], "-ai --exclude=b '--filter=hide,p a'"),
    row("rule-20", &[TREE, EMPTY], "-ai --exclude=b '--filter=-rs a'"),
    row("rule-21", &[TREE, EMPTY], "-ai --exclude=b '--filter=. rules'").over(PUSH_TOO),
    row("rule-22", &[TREE, EMPTY], "-ai --exclude=b '--filter=.- names'"),
    row("rule-23", &[TREE, EMPTY], "-ai --exclude=b '--filter=.w words'"),
    row("rule-24", &[TREE, EMPTY], "-ai --exclude=b '--filter=.,n rules'"),
    row("rule-25", &[TREE, EMPTY], "-ai --exclude=b '--filter=merge rules'").over(PUSH_TOO),
    row("rule-26", &[TREE, EMPTY], "-ai --exclude=b '--filter=merge,- names'"),
    row("rule-27", &[TREE, EMPTY], "-ai --exclude=b '--filter=-x user.one'"),
    row("rule-28", &[TREE, EMPTY], "-ai --exclude=b '--filter=-C'"),
    row("rule-29", &[TREE, EMPTY], "-ai --exclude=b '--filter=+C'").over(PUSH_TOO),
    row("odd-rule-1", &[TREE, EMPTY], "-ai '--filter=-foo'"),
    row("odd-rule-2", &[TREE, EMPTY], "-ai '--filter=exclude/ a'"),
    row("odd-rule-3", &[TREE, EMPTY], "-ai '--filter=excludefoo'"),
    row("odd-rule-4", &[TREE, EMPTY], "-ai '--filter=dir_merge f'"),
    row("odd-rule-5", &[TREE, EMPTY], "-ai '--filter= - a'"),
    row("odd-rule-6", &[TREE, EMPTY], "-ai '--filter=! '"),
    row("odd-rule-7", &[TREE, EMPTY], "-ai '--filter=clear_'"),
    row("odd-rule-8", &[TREE, EMPTY], "-ai '--filter=!foo'"),
    row("odd-rule-9", &[TREE, EMPTY], "-ai '--filter=!,x'"),
    row("odd-rule-10", &[TREE, EMPTY], "-ai '--filter=Hr x'"),
    row("odd-rule-11", &[TREE, EMPTY], "-ai '--filter=hide,s x'"),
    row("odd-rule-12", &[TREE, EMPTY], "-ai '--filter=hide,C'"),
    row("odd-rule-13", &[TREE, EMPTY], "-ai '--filter=-n x'"),
    row("odd-rule-14", &[TREE, EMPTY], "-ai '--filter=-w x'"),
    row("odd-rule-15", &[TREE, EMPTY], "-ai '--filter=-e x'"),
    row("odd-rule-16", &[TREE, EMPTY], "-ai '--filter=-+ x'"),
    row("odd-rule-17", &[TREE, EMPTY], "-ai '--filter=:! f'"),
    row("odd-rule-18", &[TREE, EMPTY], "-ai '--filter=:-C f'"),
    row("odd-rule-19", &[TREE, EMPTY], "-ai '--filter=:C- f'"),
    row("odd-rule-20", &[TREE, EMPTY], "-ai '--filter=:-+ f'"),
    row("odd-rule-21", &[TREE, EMPTY], "-ai '--filter=-s,p x'"),
    row("odd-rule-22", &[TREE, EMPTY], "-ai '--filter=:'"),
    row("odd-rule-23", &[TREE, EMPTY], "-ai '--filter=.'"),
    row("odd-rule-24", &[TREE, EMPTY], "-ai '--filter=-'"),
    row("odd-rule-25", &[TREE, EMPTY], "-ai '--filter=- '"),
    row("odd-rule-26", &[TREE, EMPTY], "-ai '--filter=H'"),
    row("odd-rule-27", &[TREE, EMPTY], "-ai '--filter=Exclude a'"),
    row("odd-rule-28", &[TREE, EMPTY], "-ai '--filter=-	a'"),
    row("odd-rule-29", &[TREE, EMPTY], "-ai '--filter=.w rules'"),
    row("odd-rule-30", &[TREE, EMPTY], "-ai '--filter=. none'"),
    row("odd-rule-31", &[TREE, EMPTY], "-ai '--filter=.C'"),
    row("odd-rule-32", &[TREE, EMPTY], "-ai '--filter=merge'"),
    row("odd-rule-33", &[TREE, EMPTY], "-ai '--filter=x a'"),
    row("odd-rule-34", &[TREE, EMPTY], "-ai '--filter=# a'"),
    row("odd-rule-35", &[TREE, EMPTY], "-ai '--filter='"),
    row("odd-rule-36", &[TREE, EMPTY], "-ai '--filter=:e'"),
    row("odd-rule-37", &[TREE, EMPTY], "-ai '--filter=dir-merge,n'"),
    row("odd-rule-38", &[TREE, EMPTY], "-ai '--filter=- a/../b'"),
    row("odd-rule-39", &[TREE, EMPTY], "-ai '--filter=risk,! a'"),
    row("old-style-1", &[TREE, EMPTY], "-ai --exclude=b '--exclude=+ a' '--include=+ a'"),
    row("old-style-2", &[TREE, EMPTY], "-ai --exclude=b '--exclude=-_a' '--include=-_a'"),
    row("old-style-3", &[TREE, EMPTY], "-ai --exclude=b '--exclude=!' '--include=!'"),
    row("old-style-4", &[TREE, EMPTY], "-ai --exclude=b '--exclude=! ' '--include=! '"),
    row("old-style-5", &[TREE, EMPTY], "-ai --exclude=b '--exclude=- ' '--include=- '"),
    row("old-style-6", &[TREE, EMPTY], "-ai --exclude=b '--exclude=' '--include='"),
    row("old-style-7", &[TREE, EMPTY], "-ai --exclude=b '--exclude=!a' '--include=!a'"),
    row("old-style-8", &[TREE, EMPTY], "-ai --exclude=b '--exclude=; a' '--include=; a'"),
    row("old-style-9", &[TREE, EMPTY], "-ai --exclude=b '--exclude=# a' '--include=# a'"),
    row("old-style-10", &[TREE, EMPTY], "-ai --exclude=b '--exclude= a' '--include= a'"),
    row("old-style-11", &[TREE, EMPTY], "-ai --exclude=b '--exclude=a ' '--include=a '"),
    row("old-style-12", &[TREE, EMPTY], "-ai --exclude=b '--exclude=+ ' '--include=+ '"),
    row("old-style-13", &[TREE, EMPTY], "-ai --exclude=b '--exclude=-a' '--include=-a'"),
    row("old-style-included", &[TREE, EMPTY], "-ai '--exclude=+ a' '--include=- b' --exclude=a --include=b"),
    row("old-style-names", &[ODD_NAMES, EMPTY], "-ai --exclude=-_a '--exclude=! ' --exclude=!a '--exclude=; a' '--exclude=# a' '--exclude= a' '--exclude=a ' --exclude=-a '--exclude=: a' --exclude=+_a"),
    row("old-style-shown", &[ODD_NAMES, EMPTY], "-ai --include=-_a '--include=! ' --include=!a '--include=; a' '--include=# a' '--include= a' '--include=a ' --include=-a '--include=: a' --include=+_a --exclude=*"),
    row("records", &[TREE, FILES, EMPTY], "-ai --exclude-from=ends").over(LOCAL_AND_SHELL),
    row("records-zero", &[TREE, FILES, EMPTY], "-ai -0 --exclude-from=zeros"),
    row("records-too-long", &[TREE, FILES, EMPTY], "-ai --exclude-from=long"),
    row("records-too-long-merge", &[TREE, FILES, EMPTY], "-ai '--filter=. long'"),
    row("records-as-long-as-may-be", &[TREE, FILES, EMPTY], "-ai '--filter=. most'"),
    row("records-counted", &[TREE, FILES, EMPTY], "-ai '--filter=. crlf'"),
    row("words", &[TREE, FILES, EMPTY], "-ai '--filter=.w words'"),
    row("words-comments", &[TREE, FILES, EMPTY], "-ai '--filter=.w- commented'"),
    row("merge-itself", &[TREE, FILES, EMPTY], "-ai '--filter=. itself'"),
    row("merge-sides", &[TREE, FILES, EMPTY], "-ai '--filter=.s sided'"),
    row("merge-bad-line", &[TREE, FILES, EMPTY], "-ai '--filter=. badline'"),
    row("merge-bad-line-per-dir", &[TREE, FILES, EMPTY], "-ai '--filter=: .bad'")
        .any_stderr()
        .any_tree()
        .any_stdout(),
    row("absolute-tail", &[TREE, EMPTY], "-ai '--filter=-/ c/a'"),
    row("per-dir-anchored", &[PER_DIR, EMPTY], "-ai '--filter=: .f'").over(LOCAL_AND_SHELL),
    row("per-dir-inherited", &[INHERITED, EMPTY], "-ai '--filter=: .f'").over(LOCAL_AND_SHELL),
    row("per-dir-not-inherited", &[INHERITED, EMPTY], "-ai '--filter=:n .f'").over(LOCAL_AND_SHELL),
    row("per-dir-from-above", &[INHERITED, EMPTY], "-ai '--filter=: /.f'")
        .from_to("src/e/x/", "dst/"),
    row("per-dir-from-above-absolute", &[INHERITED, EMPTY], "-ai '--filter=: {top}/src/.f'")
        .over(PUSH_TOO)
        .from_to("src/e/x", "dst/"),
    row("per-dir-from-above-not-inherited", &[INHERITED, EMPTY], "-ai '--filter=:n {top}/src/.f'")
        .from_to("src/e/x/", "dst/"),
    row("per-dir-from-elsewhere", &[INHERITED, EMPTY], "-ai '--filter=: {top}/other/.f'")
        .from_to("src/e/x/", "dst/"),
    row("per-dir-unreadable", &["d dst uid=65534\nf src/.f text=-\\sa\\n mode=600\nf src/a\nf src/d/.f text=-\\sa\\n\nf src/d/a"], "-rti '--filter=: .f'").as_nobody(),
    row("merge-unreadable", &["d dst uid=65534\nf src/.f text=-\\sa\\n mode=600\nf src/a"], "-rti '--filter=. src/.f'").as_nobody(),
    row("per-dir-excluded-itself", &[PER_DIR, EMPTY], "-ai '--filter=:e .f'").over(LOCAL_AND_SHELL),
    row("per-dir-no-prefix", &[PER_DIR, EMPTY], "-ai '--filter=:- .names'").over(LOCAL_AND_SHELL),
    row("per-dir-words", &[PER_DIR, EMPTY], "-ai '--filter=:w- .words'").over(LOCAL_AND_SHELL),
    row("per-dir-cvs", &[PER_DIR, EMPTY], "-ai '--filter=:C'").over(LOCAL_AND_SHELL),
    row("per-dir-nested", &[PER_DIR, EMPTY], "-ai '--filter=: .nested'").over(LOCAL_AND_SHELL),
    row("per-dir-sides", &[PER_DIR, "f dst/d/x/a\nf dst/d/b"], "-aii --delete '--filter=:s .g'")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row(
        "per-dir-receiver",
        &[PER_DIR, "f dst/d/x/a\nf dst/d/b\nf dst/d/.g text=-\\sb\\n"],
        "-aii --delete '--filter=:r .g'",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row("per-dir-merge", &[PER_DIR, FILES, EMPTY], "-ai '--filter=: .merges'"),
    row("per-dir-merge-here", &[PER_DIR, FILES, EMPTY], "-ai '--filter=: .merges-here'"),
    row("per-dir-foreign-link", &[PER_DIR, EMPTY], "-ai '--filter=: .foreign'")
        .over(LOCAL_AND_SHELL)
        .any_stderr(),
    row("merge-foreign-link", &[PER_DIR, EMPTY], "-ai '--filter=. src/.foreign'"),
    row(
        "doomed-before",
        &[DOOMED],
        "-ai --delete-before '--filter=P kept' '--filter=-p cache' --exclude=*.o",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "doomed-during",
        &[DOOMED],
        "-ai --delete-during '--filter=P kept' '--filter=-p cache' --exclude=*.o",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "doomed-delay",
        &[DOOMED],
        "-ai --delete-delay '--filter=P kept' '--filter=-p cache' --exclude=*.o",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "doomed-after",
        &[DOOMED],
        "-ai --delete-after '--filter=P kept' '--filter=-p cache' --exclude=*.o",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "doomed-excluded",
        &[DOOMED],
        "-ai --delete-excluded '--filter=P kept' '--filter=-p cache' --exclude=*.o",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "doomed-excluded-before-rules",
        &[DOOMED],
        "-ai --delete-excluded '--filter=-s *.o' '--filter=-r kept'",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row("doomed-cvs", &[DOOMED], "-aiC --delete").over(LOCAL_AND_SHELL).any_order(),
    row("doomed-cvs-protocols", &[DOOMED], "-aiC --delete")
        .over(SHELL)
        .protocols(&[29, 30])
        .any_order(),
    row(
        "doomed-per-dir-before",
        &[
            DOOMED,
            "f src/.f text=P\\skept\\n\nf dst/.f text=P\\skept\\n\nd src mtime=5\nd dst mtime=6",
        ],
        "-ai --delete-before '--filter=: .f'",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "doomed-per-dir-during",
        &[
            DOOMED,
            "f src/.f text=P\\skept\\n\nf dst/.f text=P\\skept\\n\nd src mtime=5\nd dst mtime=6",
        ],
        "-ai --delete-during '--filter=: .f'",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "doomed-per-dir-after",
        &[
            DOOMED,
            "f src/.f text=P\\skept\\n\nf dst/.f text=P\\skept\\n\nd src mtime=5\nd dst mtime=6",
        ],
        "-ai --delete-after '--filter=: .f'",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "doomed-per-dir-delay",
        &[
            DOOMED,
            "f src/.f text=P\\skept\\n\nf dst/.f text=P\\skept\\n\nd src mtime=5\nd dst mtime=6",
        ],
        "-ai --delete-delay '--filter=: .f'",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "missing-args-deleted",
        &["f src/a", "f dst/none\nf dst/dir/in"],
        "-ai --delete-missing-args",
    )
    .from_to("src/none src/dir src/a", "dst/")
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "missing-args-forced",
        &["f src/a", "f dst/none\nf dst/dir/in"],
        "-ai --delete-missing-args --force",
    )
    .from_to("src/none src/dir src/a", "dst/")
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "missing-args-hidden",
        &["f src/a", "f dst/none\nf dst/dir/in"],
        "-ai --delete-missing-args '--filter=H none'",
    )
    .from_to("src/none src/dir src/a", "dst/")
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "missing-args-protected",
        &["f src/a", "f dst/none\nf dst/dir/in"],
        "-ai --delete-missing-args '--filter=P none'",
    )
    .from_to("src/none src/dir src/a", "dst/")
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "missing-args-ignored-too",
        &["f src/a", "f dst/none\nf dst/dir/in"],
        "-ai --delete-missing-args --ignore-missing-args",
    )
    .from_to("src/none src/dir src/a", "dst/")
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "missing-args-max-delete",
        &["f src/a", "f dst/none\nf dst/dir/in"],
        "-ai --delete-missing-args --max-delete=0",
    )
    .from_to("src/none src/dir src/a", "dst/")
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "missing-arg-and-max-delete",
        &["f src/d/a", "f dst/d/1\nf dst/d/2\nf dst/d/3\nf dst/d/4\nf dst/d/5"],
        "-ai --delete --max-delete=2",
    )
    .from_to("src/none src/d/", "dst/d/")
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row("listed-1", &[NAMED, "f list text=f\\n", EMPTY], "-ai --files-from=list").over(LISTED),
    row("listed-recursive-1", &[NAMED, "f list text=f\\n", EMPTY], "-air --files-from=list"),
    row("listed-2", &[NAMED, "f list text=dir\\n", EMPTY], "-ai --files-from=list").over(LISTED),
    row("listed-recursive-2", &[NAMED, "f list text=dir\\n", EMPTY], "-air --files-from=list"),
    row("listed-3", &[NAMED, "f list text=dir/\\n", EMPTY], "-ai --files-from=list").over(LISTED),
    row("listed-recursive-3", &[NAMED, "f list text=dir/\\n", EMPTY], "-air --files-from=list"),
    row("listed-4", &[NAMED, "f list text=dir/.\\n", EMPTY], "-ai --files-from=list").over(LISTED),
    row("listed-recursive-4", &[NAMED, "f list text=dir/.\\n", EMPTY], "-air --files-from=list"),
    row("listed-5", &[NAMED, "f list text=.\\n", EMPTY], "-ai --files-from=list").over(LISTED),
    row("listed-recursive-5", &[NAMED, "f list text=.\\n", EMPTY], "-air --files-from=list"),
    row("listed-6", &[NAMED, "f list text=./\\n", EMPTY], "-ai --files-from=list").over(LISTED),
    row("listed-recursive-6", &[NAMED, "f list text=./\\n", EMPTY], "-air --files-from=list"),
    row("listed-7", &[NAMED, "f list text=/\\n", EMPTY], "-ai --files-from=list").over(LISTED),
    row("listed-recursive-7", &[NAMED, "f list text=/\\n", EMPTY], "-air --files-from=list"),
    row("listed-8", &[NAMED, "f list text=d1/./sub/b\\n", EMPTY], "-ai --files-from=list")
        .over(LISTED),
    row(
        "listed-recursive-8",
        &[NAMED, "f list text=d1/./sub/b\\n", EMPTY],
        "-air --files-from=list",
    ),
    row("listed-9", &[NAMED, "f list text=d1/sub/b\\n", EMPTY], "-ai --files-from=list")
        .over(LISTED),
    row("listed-recursive-9", &[NAMED, "f list text=d1/sub/b\\n", EMPTY], "-air --files-from=list"),
    row("listed-10", &[NAMED, "f list text=d1//sub/../a\\n", EMPTY], "-ai --files-from=list")
        .over(LISTED),
    row(
        "listed-recursive-10",
        &[NAMED, "f list text=d1//sub/../a\\n", EMPTY],
        "-air --files-from=list",
    ),
    row("listed-11", &[NAMED, "f list text=../x/f\\n", EMPTY], "-ai --files-from=list")
        .over(LISTED),
    row("listed-recursive-11", &[NAMED, "f list text=../x/f\\n", EMPTY], "-air --files-from=list"),
    row("listed-12", &[NAMED, "f list text=dir/../f\\n", EMPTY], "-ai --files-from=list")
        .over(LISTED),
    row(
        "listed-recursive-12",
        &[NAMED, "f list text=dir/../f\\n", EMPTY],
        "-air --files-from=list",
    ),
    row(
        "listed-no-implied",
        &[NAMED, "f list text=d1/sub/b\\n", EMPTY],
        "-ai --no-implied-dirs --files-from=list",
    )
    .over(LISTED),
    row(
        "listed-no-relative",
        &[NAMED, "f list text=d1/a\\nd1/sub/\\n", EMPTY],
        "-ai --no-R --files-from=list",
    )
    .over(LISTED),
    row(
        "listed-no-dirs",
        &[NAMED, "f list text=dir\\nf\\n", EMPTY],
        "-ai --no-d --files-from=list",
    )
    .over(LISTED),
    row(
        "listed-excluded",
        &[NAMED, "f list text=d1/a\\n", EMPTY],
        "-ai --exclude=d1 --files-from=list",
    )
    .over(&[Via::Local, Via::Push]),
    row(
        "listed-excluded-file",
        &[NAMED, "f list text=d1/a\\nf\\n", EMPTY],
        "-ai --exclude=/d1/a --files-from=list",
    )
    .over(&[Via::Local, Via::Push]),
    row(
        "listed-delete",
        &[NAMED, "f list text=dir/\\nd1\\nf\\n", "f dst/dir/old\nf dst/d1/old\nf dst/old"],
        "-ai --delete --files-from=list",
    )
    .over(LISTED)
    .any_order(),
    row(
        "listed-comments",
        &[NAMED, "f src/#x size=3\nf list text=#\\snote\\n;x\\n./#x\\x0d\\nf\\n", EMPTY],
        "-ai --files-from=list",
    )
    .over(LISTED),
    row("daemon-1", &[TREE, FILES, "f dst/d/old\nf dst/b"], "-ai")
        .over(DAEMON)
        .modules("exclude = /src/d/"),
    row("daemon-2", &[TREE, FILES, "f dst/d/old\nf dst/b"], "-ai")
        .over(DAEMON)
        .modules("exclude = d/"),
    row("daemon-3", &[TREE, FILES, "f dst/d/old\nf dst/b"], "-ai")
        .over(DAEMON)
        .modules("filter = H_a"),
    row("daemon-4", &[TREE, FILES, "f dst/d/old\nf dst/b"], "-ai")
        .over(DAEMON)
        .modules("filter = P_a"),
    row("daemon-5", &[TREE, FILES, "f dst/d/old\nf dst/b"], "-ai")
        .over(DAEMON)
        .modules("include = /src/d/a\nexclude = a"),
    row("daemon-6", &[TREE, FILES, "f dst/d/old\nf dst/b"], "-ai")
        .over(DAEMON)
        .modules("exclude from = {top}/ends"),
    row("daemon-7", &[TREE, FILES, "f dst/d/old\nf dst/b"], "-ai")
        .over(DAEMON)
        .modules("filter = merge_{top}/rules"),
    row("daemon-8", &[TREE, FILES, "f dst/d/old\nf dst/b"], "-ai")
        .over(DAEMON)
        .modules("include from = {top}/names\nexclude = *"),
    row("daemon-9", &[TREE, FILES, "f dst/d/old\nf dst/b"], "-ai --exclude=b --include=d")
        .over(DAEMON)
        .modules("exclude = /src/d/"),
    row("daemon-requested", &[TREE, EMPTY], "-ai")
        .over(&[Via::DaemonPull])
        .modules("exclude = d/")
        .from_to("src/d src/d/a src/a", "dst/")
        .any_order(),
    row("daemon-requested-below", &[TREE, EMPTY], "-ai")
        .over(&[Via::DaemonPull])
        .modules("exclude = d")
        .from_to("src/d/sub src/d/a src/a", "dst/")
        .any_order(),
    row("daemon-requested-below-relative", &[TREE, EMPTY], "-aiR")
        .over(&[Via::DaemonPull])
        .modules("exclude = d")
        .from_to("src/d/sub src/d/a src/a", "dst/")
        .any_order(),
    row("daemon-requested-relative", &[TREE, EMPTY], "-aiR")
        .over(&[Via::DaemonPull])
        .modules("exclude = d/")
        .from_to("src/d/a src/a", "dst/")
        .any_order(),
    row("daemon-kept", &[TREE, "f dst/x.o\nf dst/gone/y.o\nf dst/gone/z"], "-ai --delete")
        .over(&[Via::DaemonPush])
        .modules("exclude = *.o")
        .any_order(),
    row("daemon-destination", &[TREE, EMPTY], "-ai")
        .over(&[Via::DaemonPush])
        .modules("exclude = /dst"),
    row("daemon-hidden-backup", &[TREE, "d bak\nd dst"], "-aib --backup-dir=/bak")
        .over(&[Via::DaemonPush])
        .modules("exclude = /bak"),
    row("daemon-hidden-temp", &[TREE, "d bak\nd dst"], "-ai --temp-dir=/bak")
        .over(&[Via::DaemonPush])
        .modules("exclude = /bak"),
    row("daemon-hidden-copy", &[TREE, "d bak\nd dst"], "-ai --copy-dest=/bak")
        .over(&[Via::DaemonPush])
        .modules("exclude = /bak")
        .any_stderr(),
    row("daemon-hidden-partial", &[TREE, "d bak\nd dst"], "-ai --partial-dir=/bak")
        .over(&[Via::DaemonPush])
        .modules("exclude = /bak"),
    row(
        "attributes-protected",
        &[
            "f src/a size=9 x:user.one=1 x:user.two=2",
            "f dst/a size=9 x:user.keep=k x:user.gone=g x:user.two=3",
        ],
        "-aXi '--filter=Px user.keep'",
    )
    .over(LOCAL_AND_SHELL),
    row(
        "attributes-hidden",
        &[
            "f src/a size=9 x:user.one=1 x:user.two=2",
            "f dst/a size=9 x:user.keep=k x:user.gone=g x:user.two=3",
        ],
        "-aXi '--filter=Hx user.two'",
    )
    .over(LOCAL_AND_SHELL),
    row(
        "attributes-excluded",
        &[
            "f src/a size=9 x:user.one=1 x:user.two=2",
            "f dst/a size=9 x:user.keep=k x:user.gone=g x:user.two=3",
        ],
        "-aXi '--filter=-x user.two'",
    )
    .over(LOCAL_AND_SHELL),
    row(
        "attributes-dirs-only",
        &[
            "f src/a size=9 x:user.one=1 x:user.two=2",
            "f dst/a size=9 x:user.keep=k x:user.gone=g x:user.two=3",
        ],
        "-aXi '--filter=-x user.two/'",
    )
    .over(LOCAL_AND_SHELL),
    row(
        "attributes-per-dir",
        &[
            "f src/a size=9 x:user.one=1 x:user.two=2",
            "f dst/a size=9 x:user.keep=k x:user.gone=g x:user.two=3",
        ],
        "-aXi '--filter=:x .none'",
    ),
];
