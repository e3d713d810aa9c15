//! Merge files of directories, and what rules of all kinds protect from a deletion.

use super::{
    rules::{FILES, PUSH_TOO},
    trees::EMPTY,
};
use testkit::row::{LOCAL_AND_SHELL, SHELL};
use testkit::{Row, row};

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
];
