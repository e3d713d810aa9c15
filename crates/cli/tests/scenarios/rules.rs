//! The language of filter rules: their forms, the files that hold them, the lists of old, and attributes.

use super::trees::EMPTY;
use testkit::row::{LOCAL_AND_SHELL, SHELL};
use testkit::{Row, Via, row};

/// Names that rules can tell apart, and files of rules.
pub const TREE: &str = r"
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

/// Files of rules with odd records, and names like comments.
pub const FILES: &str = r"
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

pub const PUSH_TOO: &[Via] = &[Via::Local, Via::Push];

pub const ROWS: &[Row] = &[
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
    row(
        "names-checked-with-cvs",
        &["f src/a/b/c.c size=3\nf src/a/b/c.o size=3\nd src/d/e\nd dst"],
        "-avv -C --include=*/ --include=*.c --exclude=*",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "names-checked",
        &["f src/a/b/c.c size=3\nf src/a/b/c.o size=3\nd src/d/e\nd dst"],
        "-avv --include=*/ --include=*.c --exclude=*",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
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
    row(
        "old-style-included",
        &[TREE, EMPTY],
        "-ai '--exclude=+ a' '--include=- b' --exclude=a --include=b",
    ),
    row(
        "old-style-names",
        &[ODD_NAMES, EMPTY],
        "-ai --exclude=-_a '--exclude=! ' --exclude=!a '--exclude=; a' '--exclude=# a' '--exclude= a' '--exclude=a ' --exclude=-a '--exclude=: a' --exclude=+_a",
    ),
    row(
        "old-style-shown",
        &[ODD_NAMES, EMPTY],
        "-ai --include=-_a '--include=! ' --include=!a '--include=; a' '--include=# a' '--include= a' '--include=a ' --include=-a '--include=: a' --include=+_a --exclude=*",
    ),
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
    row(
        "merge-unreadable",
        &["d dst uid=65534\nf src/.f text=-\\sa\\n mode=600\nf src/a"],
        "-rti '--filter=. src/.f'",
    )
    .as_nobody(),
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
