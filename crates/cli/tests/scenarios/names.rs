//! Names that are hard to carry: odd bytes, longest names, deep paths.

use super::trees::EMPTY;
use testkit::row::{EVERY_WAY, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, row};

const ODD: &str = r#"
f src/with\sspace size=3
f src/with\nnewline size=3
f src/tab\there size=3
f src/latin\xe4\xf6 size=3
f src/invalid\xff\xfe size=3
f src/ünïcödé size=3
f src/日本語 size=3
f src/-dash size=3
f src/--double size=3
f src/:colon size=3
f src/back\\slash size=3
f src/quote'' size=3
f src/"double" size=3
f src/star* size=3
f src/question? size=3
f src/[bracket] size=3
f src/$dollar size=3
f src/semi;colon size=3
f src/#hash size=3
f src/~tilde size=3
f src/\s size=3
f src/... size=3
d src/dir\swith\sspaces
f src/dir\swith\sspaces/file size=3
f src/\x01\x7f size=3
l src/odd\slink -> with\sspace
l src/odd\ntarget -> a\nb\xff
"#;

const LONG: &str = r"
f src/\{n*255} size=4
d src/\{d*255}
f src/\{d*255}/\{f*255} size=5
f src/\{ab*120}1 size=6
f src/\{ab*120}2 size=6
f src/\{ab*120}/x size=6
l src/long -> \{t/*1500}end
l src/\{l*254} -> x
";

const DEEP: &str = r"
f src/\{deep/*150}file size=7
f src/\{deep/*150}other size=8
f src/\{0123456789*24}/\{0123456789*24}/\{0123456789*24}/\{0123456789*24}/\{0123456789*24}/\{0123456789*24}/\{0123456789*24}/\{0123456789*24}/\{0123456789*24}/\{0123456789*24}/\{0123456789*24}/\{0123456789*24}/\{0123456789*24}/\{0123456789*24}/\{0123456789*24}/file size=9
";

const ORDER: &str = r"
f src/a size=1
f src/a.b size=1
d src/a-dir
f src/a-dir/x size=1
d src/a0
f src/a0/x size=1
f src/a.d/x size=1
f src/ab size=1
f src/A size=1
f src/aa/b size=1
f src/aa.b size=1
f src/aa0 size=1
f src/\x80 size=1
f src/~ size=1
d src/sub/a
f src/sub/a/x size=1
f src/sub/a.x size=1
d src/sub.d
f src/sub.d/f size=1
";

pub const ROWS: &[Row] = &[
    row("errors-escaped", &["l src/a\\nb -> none\nl src/\\xe4\\x07 -> none", EMPTY], "-aiL")
        .over(EVERY_WAY),
    row("odd", &[ODD, EMPTY], "-avi").over(EVERY_WAY),
    row(
        "odd-update",
        &[ODD, "f dst/with\\sspace size=4\nf dst/extra\\xff size=3\nf dst/ex\\ntra"],
        "-avi --delete",
    )
    .over(EVERY_WAY)
    .any_order(),
    row("odd-protocols", &[ODD, EMPTY], "-ai").over(SHELL).protocols(&[27, 29, 30]),
    row("long", &[LONG, EMPTY], "-ai").over(EVERY_WAY),
    row("long-protocols", &[LONG, EMPTY], "-ai").over(SHELL).protocols(&[27, 28, 29, 30]),
    row("long-inplace", &[LONG, EMPTY], "-ai --inplace").over(LOCAL_AND_SHELL),
    row("deep", &[DEEP, EMPTY], "-a --stats").over(EVERY_WAY),
    row("deep-no-inc", &[DEEP, EMPTY], "-a --stats --no-inc-recursive").over(LOCAL_AND_SHELL),
    row("deep-delete", &["d src", "f dst/\\{deep/*100}file size=7"], "-a --delete --stats")
        .over(LOCAL_AND_SHELL),
    row("order", &[ORDER, EMPTY], "-av").over(EVERY_WAY),
    row("order-no-inc", &[ORDER, EMPTY], "-av --no-inc-recursive").over(EVERY_WAY),
    row("order-protocols", &[ORDER, EMPTY], "-av").over(SHELL).protocols(&[27, 28, 29, 30, 31]),
    row("temporary-name", &["f src/.a.b size=100\nf src/..x size=4", EMPTY], "-ai")
        .over(LOCAL_AND_SHELL),
    row(
        "iconv",
        &["f src/\\xc3\\xa4 size=3\nf src/plain size=4", EMPTY],
        "-ai --iconv=utf8,latin1",
    )
    .over(LOCAL_AND_SHELL),
    row("endless-links", &["f src/d/f size=1\nl src/d/self -> .", EMPTY], "-aiL")
        .over(LOCAL_AND_SHELL),
    row("endless-links-to-directories", &["f src/d/f size=1\nl src/d/self -> ../d", EMPTY], "-aik")
        .over(LOCAL_AND_SHELL),
    row(
        "endless-links-in-turn",
        &["d src/d\nl src/d/x -> ../e\nd src/e\nl src/e/y -> ../d", EMPTY],
        "-aiL --no-inc-recursive",
    )
    .over(LOCAL_AND_SHELL),
];
