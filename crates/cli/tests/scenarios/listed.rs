//! Lists of names: what `--files-from` sends, and arguments that are not there.

use super::trees::EMPTY;
use testkit::row::LOCAL_AND_SHELL;
use testkit::{Row, Via, row};

const NAMED: &str = r"
f src/f
f src/dir/x/y
f src/dir/z
f src/d1/a
f src/d1/sub/b
f src/d1/sub/c
";

pub const ROWS: &[Row] = &[
    row(
        "missing-args-deleted",
        &["f src/a", "f dst/none\nf dst/dir/in"],
        "-ai --delete-missing-args",
    )
    .from_to("src/none src/dir src/a", "dst/")
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "readable-only",
        &["f src/h/a size=3 uid=65534\nd src/h mode=664 uid=65534\nd dst uid=65534\nf list text=h/a\\nh/\\n"],
        "-ri --files-from={top}/list",
    )
    .over(LOCAL_AND_SHELL)
    .as_nobody(),
    row(
        "deleting-below-implied",
        &["f src/s/f/a\nf src/s/f/d/b\nf src/s/g/c\nf dst/s/f/d/more\nf dst/s/g/more\nf list text=s/f\\ns/f/d/b\\ns/g/c\\ns/g\\n"],
        "-avv --delete-before --files-from={top}/list -r",
    )
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
        "missing-args-protected-verbose",
        &["f src/a", "f dst/b\nf dst/c.c\nf dst/dir/in"],
        "-avv --delete-missing-args --force --include=*/ --include=*.c --exclude=*",
    )
    .from_to("src/a src/none src/b src/c.c src/dir", "dst/")
    .over(&[Via::Local, Via::Push])
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
    row("listed-1", &[NAMED, "f list text=f\\n", EMPTY], "-ai --files-from=list")
        .over(LOCAL_AND_SHELL),
    row("listed-recursive-1", &[NAMED, "f list text=f\\n", EMPTY], "-air --files-from=list"),
    row("listed-2", &[NAMED, "f list text=dir\\n", EMPTY], "-ai --files-from=list")
        .over(LOCAL_AND_SHELL),
    row("listed-recursive-2", &[NAMED, "f list text=dir\\n", EMPTY], "-air --files-from=list"),
    row("listed-3", &[NAMED, "f list text=dir/\\n", EMPTY], "-ai --files-from=list")
        .over(LOCAL_AND_SHELL),
    row("listed-recursive-3", &[NAMED, "f list text=dir/\\n", EMPTY], "-air --files-from=list"),
    row("listed-4", &[NAMED, "f list text=dir/.\\n", EMPTY], "-ai --files-from=list")
        .over(LOCAL_AND_SHELL),
    row("listed-recursive-4", &[NAMED, "f list text=dir/.\\n", EMPTY], "-air --files-from=list"),
    row("listed-5", &[NAMED, "f list text=.\\n", EMPTY], "-ai --files-from=list")
        .over(LOCAL_AND_SHELL),
    row("listed-recursive-5", &[NAMED, "f list text=.\\n", EMPTY], "-air --files-from=list"),
    row("listed-6", &[NAMED, "f list text=./\\n", EMPTY], "-ai --files-from=list")
        .over(LOCAL_AND_SHELL),
    row("listed-recursive-6", &[NAMED, "f list text=./\\n", EMPTY], "-air --files-from=list"),
    row("listed-7", &[NAMED, "f list text=/\\n", EMPTY], "-ai --files-from=list")
        .over(LOCAL_AND_SHELL),
    row("listed-recursive-7", &[NAMED, "f list text=/\\n", EMPTY], "-air --files-from=list"),
    row("listed-8", &[NAMED, "f list text=d1/./sub/b\\n", EMPTY], "-ai --files-from=list")
        .over(LOCAL_AND_SHELL),
    row(
        "listed-recursive-8",
        &[NAMED, "f list text=d1/./sub/b\\n", EMPTY],
        "-air --files-from=list",
    ),
    row("listed-9", &[NAMED, "f list text=d1/sub/b\\n", EMPTY], "-ai --files-from=list")
        .over(LOCAL_AND_SHELL),
    row("listed-recursive-9", &[NAMED, "f list text=d1/sub/b\\n", EMPTY], "-air --files-from=list"),
    row("listed-10", &[NAMED, "f list text=d1//sub/../a\\n", EMPTY], "-ai --files-from=list")
        .over(LOCAL_AND_SHELL),
    row(
        "listed-recursive-10",
        &[NAMED, "f list text=d1//sub/../a\\n", EMPTY],
        "-air --files-from=list",
    ),
    row("listed-11", &[NAMED, "f list text=../x/f\\n", EMPTY], "-ai --files-from=list")
        .over(LOCAL_AND_SHELL),
    row("listed-recursive-11", &[NAMED, "f list text=../x/f\\n", EMPTY], "-air --files-from=list"),
    row("listed-12", &[NAMED, "f list text=dir/../f\\n", EMPTY], "-ai --files-from=list")
        .over(LOCAL_AND_SHELL),
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
    .over(LOCAL_AND_SHELL),
    row(
        "listed-no-relative",
        &[NAMED, "f list text=d1/a\\nd1/sub/\\n", EMPTY],
        "-ai --no-R --files-from=list",
    )
    .over(LOCAL_AND_SHELL),
    row(
        "listed-no-dirs",
        &[NAMED, "f list text=dir\\nf\\n", EMPTY],
        "-ai --no-d --files-from=list",
    )
    .over(LOCAL_AND_SHELL),
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
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "listed-comments",
        &[NAMED, "f src/#x size=3\nf list text=#\\snote\\n;x\\n./#x\\x0d\\nf\\n", EMPTY],
        "-ai --files-from=list",
    )
    .over(LOCAL_AND_SHELL),
];
