//! Names that are asked for more than once, and the directories above and below them.

use testkit::row::{LOCAL_AND_SHELL, SHELL};
use testkit::{Row, row};

const TREE: &str = r"
f src/d/a size=1
f src/d/e/b size=2
f src/d/e/q/z size=3
d src/d/g
f src/h/x size=4
f src/h/y size=5
f src/h/k/d/a size=6
f src/f size=7
f src/a size=8
d src/w/k
f src/z size=9
d dst";

/// Copies of the tree, with what is counted of it.
const fn listed<'a>(name: &'a str, trees: &'a [&'a str], args: &'a str) -> Row<'a> {
    row(name, trees, args).over(LOCAL_AND_SHELL).any_order()
}

pub const ROWS: &[Row] = &[
    // Another directory comes between the two, or none, or the top.
    listed(
        "between",
        &[TREE, r"f list text=h/k\nd/a\nh/k\n"],
        "-r --stats --no-R --files-from={top}/list",
    ),
    listed(
        "between-none",
        &[TREE, r"f list text=h/k\nh/k\nh/k\n"],
        "-r --stats --no-R --files-from={top}/list",
    ),
    listed(
        "between-top",
        &[TREE, r"f list text=d\nh/x\nd\nh/x\nd\n"],
        "-r --stats --no-R --files-from={top}/list",
    ),
    listed("between-arguments", &[TREE], "-r --stats")
        .from_to("src/h/k src/f src/h/k src src/d/a src", "dst/"),
    listed(
        "below-implied",
        &[TREE, r"f list text=.\nd/e/q\nd\n"],
        "-r --stats --files-from={top}/list",
    ),
    listed(
        "below-implied-first",
        &[TREE, r"f list text=h\nd/e/q\nd/e\n./\n"],
        "-r --stats --files-from={top}/list",
    ),
    listed(
        "below-implied-twice",
        &[TREE, r"f list text=d/e/b\nh/./k\n./h/k/d/a\nd/e/b\n"],
        "-r --stats --files-from={top}/list",
    ),
    listed(
        "below-implied-slash",
        &[TREE, r"f list text=h/\nh/k/d/a\n./h\n"],
        "-r --stats --files-from={top}/list",
    ),
    listed("relative", &[TREE], "-rR --stats").from_to("src/d/ src/ src/d/e src/d/e", "dst/"),
    row("made", &[TREE], "-rR --debug=flist2")
        .over(SHELL)
        .from_to("./src/d/e/q src/h/k/d/a", "dst/")
        .any_order()
        .any_stdout(),
    // A file and a directory of one name.
    listed(
        "rivals",
        &[
            "l src/x/b -> q\nd src/y/b\nf src/z/b\nf src/f\nd dst",
            r"f list text=x/b\nz/b\ny/b\nf\n",
        ],
        "-vv --files-from={top}/list --no-R",
    ),
    listed(
        "rivals-first",
        &["l src/x/b -> q\nd src/y/b\nf src/z/b\nf src/f\nd dst", r"f list text=y/b\nz/b\nf\n"],
        "-avv --files-from={top}/list --no-R",
    ),
    // The duplicate of an empty directory is taken for something in it, unless it is the last of all.
    listed("pruned", &[TREE], "-aim").from_to("src/ src/", "dst/"),
    listed("pruned-last", &[TREE], "-aim").from_to("src/w src/w", "dst/"),
    listed(
        "pruned-implied",
        &[TREE, r"f list text=w/k\n.\nd/g\nd\n"],
        "-rim --files-from={top}/list",
    ),
    listed("pruned-thrice", &[TREE], "-aim").from_to("src/d src/d/g src/d/g src/d/g", "dst/"),
];
