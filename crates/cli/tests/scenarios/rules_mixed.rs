//! Rules and modifiers in combinations: with each other, in files, with links, and with options that change what they act on.

use super::trees::EMPTY;
use testkit::row::{EVERY_WAY, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, Via, row};

const TREE: &str = r"
f src/a size=1
f src/b size=2
f src/c size=3
f src/sub size=4
f src/_a size=5
f src/-\sa size=5
f src/!a size=5
f src/d/a size=6
f src/d/b size=7
f src/d/x/a
f src/d/x/b
f src/d/x/c
f src/e/a
f src/e/sub/a
l src/la -> a
l src/ld -> d
l src/ln -> nowhere
f src/.p text=a\nb\n
f src/.m text=-\sa\n
f src/d/.m text=!\n-\sb\n
f src/d/.p text=b\n!\n
f src/.w text=-_a\s-_b
f src/e/.s text=-s\sa\n-r\ssub\n
f src/.mm text=:\s.m2\n.\src-rules\n
f src/d/.m2 text=-\sx/\n
f src/d/.m3 text=:n\s.m\n:-\s.p\n
f src/.n text=:C\n
f src/.cvsignore text=a\sd/x\n#c\n
f src/d/.cvsignore text=!\sb
f rc-rules text=-\sb\n
f src/rc-rules text=-\sc\n
f src/.q text=\x22-\sa\x22\n'b'\n
f src/.dirm text=dir-merge\s.m\nexclude_b\n
f src/.e text=:e\s.m\n
f src/.long text=hide\sa\nshow,p\sb\nprotect\sc\nrisk\s*\n
d src mtime=5
";

const THERE: &str = r"
f dst/a size=9
f dst/extra
f dst/d/extra
f dst/d/b
f dst/gone/a
f dst/gone/b
f dst/gone/x/c
l dst/gl -> a
d dst/ld
d dst/d mtime=6
d dst mtime=6
";

const HOLLOW: &str = r"
f src/full/x size=4
d src/hollow
d src/kept/deep
d src/hidden/deep
f dst/hollow/old
f dst/kept/deep/old
f dst/hidden/deep/old
d src mtime=5
d dst mtime=6
";

const ATTRIBUTES: &str = r"
f src/a size=9 x:user.one=1 x:user.two=2 x:user.three=3
d src/d x:user.one=1
f dst/a size=9 x:user.keep=k x:user.gone=g x:user.two=3
d dst/d x:user.keep=k x:user.gone=g
d src mtime=5
d dst mtime=6
";

const PUSH_TOO: &[Via] = &[Via::Local, Via::Push];
const THREE: &[Via] = &[Via::Local, Via::Push, Via::DaemonPush];

pub const ROWS: &[Row] = &[
    // Modifiers of files with rules.
    row("plus-per-dir", &[TREE, EMPTY], "-ai '--filter=:+ .p' --exclude=*").over(LOCAL_AND_SHELL),
    row("plus-merge", &[TREE, EMPTY], "-ai '--filter=.+ src/.p' --exclude=*").over(PUSH_TOO),
    row("not-inherited-merge", &[TREE, EMPTY], "-ai '--filter=.n- src/.p'").over(PUSH_TOO),
    row("not-inherited-minus", &[TREE, EMPTY], "-ai '--filter=:-n .p'").over(LOCAL_AND_SHELL),
    row("plus-words", &[TREE, EMPTY], "-ai '--filter=:+w .p' '--filter=- *'").over(LOCAL_AND_SHELL),
    row("words-not-inherited", &[TREE, EMPTY], "-ai '--filter=:nw .w'").over(LOCAL_AND_SHELL),
    row("itself-twice", &[TREE, EMPTY], "-ai '--filter=:een .m'").over(LOCAL_AND_SHELL),
    row("absolute-per-dir", &[TREE, EMPTY], "-ai '--filter=:/ .m'").over(LOCAL_AND_SHELL),
    row("absolute-itself", &[TREE, EMPTY], "-ai '--filter=:/e .m'").over(LOCAL_AND_SHELL),
    row("long-names", &[TREE, EMPTY], "-ai --filter=dir-merge,e-_.p --filter=merge,-_src/.p")
        .over(PUSH_TOO),
    row("sides-within", &[TREE, THERE], "-ai --delete '--filter=: .s'").over(EVERY_WAY).any_order(),
    row("long-names-within", &[TREE, THERE], "-ai --delete '--filter=: .long'")
        .over(EVERY_WAY)
        .any_order(),
    row("per-dir-of-cvs-names", &[TREE, EMPTY], "-ai '--filter=:C .p'").over(LOCAL_AND_SHELL),
    row("merge-of-cvs-names", &[TREE, EMPTY], "-ai '--filter=.C src/.cvsignore'").over(PUSH_TOO),
    row("nested-cvs", &[TREE, EMPTY], "-ai '--filter=: .n'").over(LOCAL_AND_SHELL),
    row("nested-merges", &[TREE, EMPTY], "-ai '--filter=: .mm'").over(PUSH_TOO),
    row("nested-kinds", &[TREE, EMPTY], "-ai '--filter=: .m3'").over(LOCAL_AND_SHELL),
    row("nested-long-names", &[TREE, EMPTY], "-ai '--filter=: .dirm'").over(LOCAL_AND_SHELL),
    row("nested-itself", &[TREE, EMPTY], "-ai '--filter=: .e'").over(LOCAL_AND_SHELL),
    row("quotes-are-bytes", &[TREE, EMPTY], "-ai '--filter=:- .q' '--filter=:w- .q'")
        .over(LOCAL_AND_SHELL),
    // Modifiers of rules.
    row("absolute", &[TREE, EMPTY], "-ai '--filter=-/ src/d/x/a' '--filter=-/ c'").over(PUSH_TOO),
    row("absolute-base", &[TREE, EMPTY], "-ai '--filter=-/ x/b' '--filter=-/ /a'")
        .from_to("src/d/x/", "dst/")
        .over(PUSH_TOO),
    row(
        "absolute-sides",
        &[TREE, THERE],
        "-ai --delete '--filter=-/ dst/gone' '--filter=P/ dst/extra'",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row("sender-s", &[TREE, THERE], "-ai --delete '--filter=-s b'").over(EVERY_WAY).any_order(),
    row("receiver-s", &[TREE, THERE], "-ai --delete '--filter=-r b'").over(EVERY_WAY).any_order(),
    row("both-deleted", &[TREE, THERE], "-ai --delete-excluded '--filter=-sr b' '--filter=-s a'")
        .over(EVERY_WAY)
        .any_order(),
    row("perishable", &[TREE, THERE], "-ai --delete '--filter=-p b' '--filter=-p x'")
        .over(EVERY_WAY)
        .any_order(),
    row("perishable-dirs", &[TREE, THERE], "-dti --delete '--filter=-p gone' '--filter=-p b'")
        .over(EVERY_WAY)
        .any_order(),
    row("perishable-negated", &[TREE, THERE], "-ai --delete '--filter=-!p a'")
        .over(EVERY_WAY)
        .any_order(),
    row("negated-dirs", &[TREE, THERE], "-ai --delete '--filter=-! */'")
        .over(EVERY_WAY)
        .any_order(),
    row("negated-receiver", &[TREE, THERE], "-ai --delete '--filter=P! a'")
        .over(EVERY_WAY)
        .any_order(),
    row("negated-sender", &[TREE, THERE], "-ai --delete '--filter=H! *b' '--filter=+ */'")
        .over(EVERY_WAY)
        .any_order(),
    row("excluded-protocols", &[TREE, THERE], "-a --delete-excluded --exclude=b --exclude=/gone/x")
        .over(SHELL)
        .protocols(&[28, 29, 30]),
    // Stars and slashes.
    row("three-stars", &[TREE, EMPTY], "-ai '--filter=- d/***'").over(LOCAL_AND_SHELL),
    row("three-stars-slash", &[TREE, EMPTY], "-ai '--filter=- d/***/'").over(LOCAL_AND_SHELL),
    row("three-stars-kept", &[TREE, EMPTY], "-ai '--filter=+ d/***' '--filter=- *'")
        .over(LOCAL_AND_SHELL),
    row(
        "three-stars-below",
        &[TREE, EMPTY],
        "-ai '--filter=+ /d/' '--filter=+ /d/x/***' '--filter=- *'",
    )
    .over(LOCAL_AND_SHELL),
    row("two-stars", &[TREE, EMPTY], "-ai '--filter=- d/**' '--filter=- **/sub/**'")
        .over(LOCAL_AND_SHELL),
    row("slash-and-links", &[TREE, EMPTY], "-ai '--filter=- ld/' '--filter=- la/'")
        .over(LOCAL_AND_SHELL),
    row("slash-and-followed-links", &[TREE, EMPTY], "-aiL '--filter=- ld/' '--filter=- la/'")
        .over(LOCAL_AND_SHELL),
    row("slash-and-followed-dirs", &[TREE, EMPTY], "-aik '--filter=- ld/' '--filter=- la/'")
        .over(LOCAL_AND_SHELL),
    row(
        "slash-and-deleted-links",
        &[TREE, THERE],
        "-ai --delete '--filter=- gl/' '--filter=P ld/'",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
    // With other options.
    row("relative-anchored", &[TREE, EMPTY], "-aiR '--filter=- /x/a' '--filter=- /d/x/b'")
        .over(EVERY_WAY)
        .from_to("src/d/./x", "dst/"),
    row(
        "relative-anchored-whole",
        &[TREE, EMPTY],
        "-aiR '--filter=- /x/a' '--filter=- /src/d/x/b'",
    )
    .over(EVERY_WAY)
    .from_to("src/d/x", "dst/"),
    row(
        "relative-delete",
        &[TREE, "f dst/d/x/old\nf dst/d/old\nf dst/d/x/kept"],
        "-aiR --delete '--filter=P /d/x/kept'",
    )
    .over(EVERY_WAY)
    .from_to("src/./d/x", "dst/")
    .any_order(),
    row("relative-per-dir", &[TREE, EMPTY], "-aiR '--filter=: .m'")
        .over(EVERY_WAY)
        .from_to("src/./d/x", "dst/"),
    row(
        "prune-protected",
        &[HOLLOW],
        "-aim --delete '--filter=P /kept/deep' '--filter=H /hidden/deep'",
    )
    .over(THREE)
    .any_order(),
    row("prune-excluded", &[HOLLOW], "-aim --delete '--filter=- /kept/deep' '--filter=-p /hollow'")
        .over(EVERY_WAY)
        .any_order(),
    row(
        "prune-receiver",
        &[HOLLOW],
        "-aim --delete '--filter=-r /kept/deep/' '--filter=-r /hollow'",
    )
    .over(EVERY_WAY)
    .any_order(),
    row("attributes-all", &[ATTRIBUTES], "-aXi '--filter=-x *'").over(LOCAL_AND_SHELL),
    row("attributes-but-one", &[ATTRIBUTES], "-aXi '--filter=+x user.one' '--filter=-x *'")
        .over(EVERY_WAY),
    row("attributes-negated", &[ATTRIBUTES], "-aXi '--filter=-x! user.t*'").over(EVERY_WAY),
    row("attributes-sides", &[ATTRIBUTES], "-aXi '--filter=-xs user.one' '--filter=-xr user.keep'")
        .over(EVERY_WAY),
    row(
        "attributes-are-no-names",
        &[ATTRIBUTES],
        "-aXi --delete --exclude=user.one '--filter=-x a'",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "attributes-excluded-deleted",
        &[ATTRIBUTES],
        "-aXi --delete-excluded '--filter=-x user.keep'",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
];
