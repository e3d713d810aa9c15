//! What statements of the manual page say at their borders: arguments that come apart on the way, names with odd ends, algorithms
//! as they were typed, options that seldom meet.

use super::trees::{BASIC, EMPTY, OLDER};
use testkit::row::{LOCAL_AND_SHELL, SHELL};
use testkit::{Row, Via, row};

const TREE: &str = r"
f src/a size=5
f src/d/b size=6
f src/d/e/c size=7
f src/h/x size=4
l src/ln -> nowhere
l src/ld -> d
";

/// What is there already is shorter, as long, or the same; one file is nowhere.
const ELSEWHERE: &str = r"
f src/short size=9000
f src/long size=9000
f src/same size=9000
f src/here size=9000
f src/new size=9000
f alt/same size=9000
f alt/here size=9000
f dst/here size=9000 cut=500 mtime=3
d src mtime=5
d dst mtime=6
";

const OTHERS: &str = r"
f alt/short size=9000 cut=4000 mtime=3
f alt/long size=9000 mtime=3
";

const SPECIALS: &str = r"
l src/l -> a
p src/p
c src/c dev=1:3
f src/a size=4
l dst/l -> b
d src mtime=5
d dst mtime=6
";

pub const ROWS: &[Row] = &[
    // The server's first argument is where the others lead from.
    row("first-argument", &[TREE, "d other"], "-ai --old-args '-M--outbuf=L other'")
        .over(&[Via::Push]),
    row("first-argument-missing", &[TREE], "-ai --old-args '-M--outbuf=L none'").over(&[Via::Push]),
    row("first-argument-is-a-file", &[TREE], "-ai --old-args '-M--outbuf=L src/a'")
        .over(&[Via::Push]),
    row("first-argument-of-a-sender", &[TREE, EMPTY], "-ai --old-args '-M--outbuf=L src/d'")
        .from_to("e", "dst/")
        .over(&[Via::Pull]),
    row("first-argument-relative", &[TREE, EMPTY], "-aiR --old-args '-M--outbuf=L none'")
        .from_to("src/d", "dst/")
        .over(&[Via::Pull]),
    row("suffix-comes-apart", &[TREE, EMPTY], "-aib --old-args --old-args '--suffix=.a none'")
        .over(&[Via::Push]),
    // Wildcards that a server expands.
    row("wild-directories", &[TREE, EMPTY], "-ais")
        .from_to("src/*/b", "dst/")
        .over(&[Via::Pull])
        .any_order(),
    row("wild-deeper", &[TREE, EMPTY], "-ais")
        .from_to("src/[dh]/e/c", "dst/")
        .over(&[Via::Pull])
        .any_order(),
    row("wild-no-name", &[TREE, EMPTY], "-ais").from_to("s*/d/none", "dst/").over(&[Via::Pull]),
    row("wild-links-to-nowhere", &[TREE, EMPTY], "-ais")
        .from_to("src/l*", "dst/")
        .over(&[Via::Pull])
        .any_order(),
    row("wild-below-files", &[TREE, EMPTY], "-ais").from_to("src/a*/x", "dst/").over(&[Via::Pull]),
    row("wild-slash", &[TREE, EMPTY], "-ais").from_to("src/h*/", "dst/").over(&[Via::Pull]),
    // --files-from
    row(
        "list-nul-in-a-line",
        &[TREE, EMPTY, "f list text=a\\x00junk\\nd/b\\x00\\x00junk\\n\\x00a\\n"],
        "-ai --files-from=list",
    )
    .over(&[Via::Local, Via::Push]),
    row(
        "list-nul-sent",
        &[TREE, EMPTY, "f list text=a\\x00d/b\\x00\\x00#none\\x00d\\n"],
        "-ai --files-from=list",
    )
    .over(&[Via::Pull]),
    row(
        "list-nul-fetched",
        &[TREE, EMPTY, "f list text=a\\x00d/b\\x00\\x00h\\n"],
        "-ai --files-from=:{top}/list",
    )
    .over(&[Via::Push]),
    row("list-dot-end", &[TREE, EMPTY, "f list text=d/.\\n"], "-ai --no-R --files-from=list")
        .over(LOCAL_AND_SHELL),
    row(
        "list-dot-end-relative",
        &[TREE, EMPTY, "f list text=d/./.\\n./h/.\\n"],
        "-ai --files-from=list",
    )
    .over(LOCAL_AND_SHELL),
    row("list-up-end", &[TREE, EMPTY, "f list text=d/e/..\\n"], "-ai --no-R --files-from=list")
        .over(&[Via::Local, Via::Push]),
    row("list-up-end-relative", &[TREE, EMPTY, "f list text=d/e/..\\n"], "-ai --files-from=list")
        .over(&[Via::Local, Via::Push]),
    row("list-without-name", &[TREE, EMPTY], "-ai --files-from=").over(LOCAL_AND_SHELL),
    row("list-source-missing", &[TREE, EMPTY, "f list text=a\\n"], "-ai --files-from=list")
        .from_to("none/", "dst/")
        .one_process(),
    row("list-source-is-a-file", &[TREE, EMPTY, "f list text=a\\n"], "-ai --files-from=list")
        .from_to("src/a/.", "dst/")
        .one_process(),
    // --old-args in the environment
    row("old-args-negative", &["f src/s\\sp size=3", EMPTY], "-ai")
        .from_to("src/s\\ p", "dst/")
        .environment(&[("RSYNC_OLD_ARGS", "-1")])
        .over(&[Via::Pull]),
    // Algorithms are told as they were typed.
    row("compressor-typed", &[BASIC, EMPTY], "-ai --debug=nstr --zc=ZLIB").over(LOCAL_AND_SHELL),
    row("compressor-none-typed", &[BASIC, EMPTY], "-ai --debug=nstr --zc=NONE")
        .over(LOCAL_AND_SHELL),
    row("compressor-typed-allowed", &[BASIC, EMPTY], "-ai --debug=nstr --zc=Zstd")
        .environment(&[("RSYNC_COMPRESS_LIST", "zstd")])
        .over(&[Via::Local, Via::Push]),
    row("compressor-level-off", &[BASIC, OLDER], "-ai --debug=nstr --no-W --zc=zlib --zl=0")
        .over(LOCAL_AND_SHELL),
    row("checksums-typed", &[BASIC, OLDER], "-ai --debug=nstr --no-W --cc=MD5,Xxh3")
        .over(LOCAL_AND_SHELL),
    // A batch is for readers that know md5 and zlib alone.
    row("batch-compressor-refused", &[BASIC, EMPTY], "-a --write-batch={top}/b --zc=zstd")
        .any_tree(),
    row("batch-no-compressor-refused", &[BASIC, EMPTY], "-a --write-batch={top}/b --zc=none")
        .any_tree(),
    row("batch-checksums-refused", &[BASIC, EMPTY], "-a --write-batch={top}/b --cc=md5,none")
        .any_tree(),
    row("batch-checksum-typed", &[BASIC, EMPTY], "-ai --write-batch={top}/b --cc=MD5 --zc=ZLIB")
        .any_tree(),
    row("batch-only-refused", &[BASIC, EMPTY], "-ai --only-write-batch={top}/b --zc=zstd")
        .over(&[Via::Push])
        .any_tree(),
    // What is wider than the room there is loses its end.
    row("width-of-names", &[TREE, EMPTY], "-a --out-format=%54321n").over(LOCAL_AND_SHELL),
    row("width-of-names-left", &[TREE, EMPTY], "-a --out-format=%-5000n"),
    row("width-of-sizes", &[TREE, EMPTY], "-a --out-format=%4096l"),
    row("width-of-links", &[TREE, EMPTY], "-a --out-format=%4093L"),
    row(
        "partial-dir-delayed",
        &[BASIC, OLDER, "d src/.p\nd dst/.p"],
        "-ai --partial --delay-updates",
    )
    .environment(&[("RSYNC_PARTIAL_DIR", ".p")])
    .over(LOCAL_AND_SHELL),
    row("log-file-without-name", &[BASIC, EMPTY], "-ai --log-file= -M--log-file=")
        .over(LOCAL_AND_SHELL),
    // Alternate directories, and files that are only added to.
    row("append-compare-dest", &[ELSEWHERE], "-ai --append --compare-dest=../alt")
        .over(LOCAL_AND_SHELL),
    row("append-copy-dest", &[ELSEWHERE], "-ai --append --copy-dest=../alt").over(LOCAL_AND_SHELL),
    row("append-link-dest", &[ELSEWHERE], "-ai --append-verify --link-dest=../alt")
        .over(LOCAL_AND_SHELL),
    row("append-bases", &[ELSEWHERE, OTHERS], "-ai --append --copy-dest=../alt"),
    row(
        "append-fuzzy",
        &["f src/file-2 size=9000\nf dst/file-1 size=9000 cut=500"],
        "-aiy --append",
    ),
    // What is made within the window has the right time.
    row("modify-window-specials", &[SPECIALS], "-ai --modify-window=999999999")
        .over(LOCAL_AND_SHELL),
    row(
        "modify-window-hard-links",
        &[SPECIALS, "h src/l2 -> src/l\nh src/p2 -> src/p"],
        "-aiH --modify-window=999999999",
    )
    .over(SHELL),
    // --temp-dir
    row("temp-dir-above-in-a-daemon", &[TREE, "d tmp\nd dst/tmp ro=1"], "-ai --temp-dir=../tmp")
        .over(&[Via::DaemonPush]),
    row("temp-dir-above", &[TREE, EMPTY, "d tmp"], "-ai --temp-dir=../tmp"),
    // What rsync 3.5.0 does not do well: see known_failures.txt.
    row("keep-dirlinks-mode", &["d src/d mode=711\nd dst/real\nl dst/d -> real"], "-aiK"),
    row("link-to-a-fifo", &["p src/p mode=640\nl dst/p -> none"], "-ai --no-perms")
        .over(&[Via::Local]),
    row("max-delete-lowest", &["f src/a size=3\nf dst/b"], "-ai --delete --max-delete=-2147483648"),
    row(
        "ignore-existing-link-to-a-directory",
        &["f src/d/a size=3\nl src/d/l -> a\nd dst/real\nl dst/d -> real"],
        "-ai --ignore-existing",
    ),
    row(
        "append-sparse-zeros",
        &["f src/a size=4096 fill=zero\nf dst/a size=1 fill=zero"],
        "-aS --append",
    )
    .over(LOCAL_AND_SHELL),
    row(
        "missing-beside-new",
        &["f src/b size=3\nd dst"],
        "-rt -R --no-implied-dirs --delete-missing-args",
    )
    .over(LOCAL_AND_SHELL)
    .from_to("src/a src/b", "dst/"),
];
