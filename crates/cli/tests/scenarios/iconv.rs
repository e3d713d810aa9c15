//! `--iconv`: names in different charsets on the two sides. Sources are UTF-8 where they are local and Latin-1 where they
//! are remote; the orders of `Ö`, `z` and their like differ between the two.

use super::trees::EMPTY;
use testkit::row::{LOCAL_AND_SHELL, SHELL, Via};
use testkit::{Row, row};

const PUSH: &[Via] = &[Via::Local, Via::Push];
const PULL: &[Via] = &[Via::Pull];
const DAEMON_PUSH: &[Via] = &[Via::DaemonPush];
const DAEMON_PULL: &[Via] = &[Via::DaemonPull];
const CHARSET: &str = "charset = latin1";

const UTF8: &str = r"
f src/\xc3\xa4 size=3
f src/plain size=4
f src/zz size=1
f src/\xc3\x96 size=5
f src/d\xc3\xa4/x size=6
f src/d\xc3\xa4/\xc3\xbc/y size=7
f src/dz/\xc3\xa9 size=8
f src/d~/f size=9
d src/d\xc3\x9f
l src/link\xc3\xa4 -> d\xc3\xa4/x
l src/plainlink -> \xc3\xb6\xc3\xb6
";
const LATIN1: &str = r"
f src/\xe4 size=3
f src/plain size=4
f src/zz size=1
f src/\xd6 size=5
f src/d\xe4/x size=6
f src/d\xe4/\xfc/y size=7
f src/dz/\xe9 size=8
f src/d~/f size=9
d src/d\xdf
l src/link\xe4 -> d\xe4/x
l src/plainlink -> \xf6\xf6
";
const LINKS: &str = r"
f src/m size=3
h src/\xc3\xbc -> src/m
h src/a -> src/m
h src/\xc3\xb6 -> src/m
h src/\xc3\xa4d/z -> src/m
h src/zd/\xc3\xa9 -> src/m
";
/// What is in the way and what is too much, in both charsets.
const OLD_LATIN1: &str = r"
f dst/\xe4 size=9
f dst/old\xe4 size=1
f dst/\xc3\xa4 size=2
f dst/d\xe4/too\xfc size=1
f dst/gone\xdf/\xe9 size=1
";
const OLD_UTF8: &str = r"
f dst/\xc3\xa4 size=9
f dst/old\xc3\xa4 size=1
f dst/\xe4 size=2
f dst/d\xc3\xa4/too\xc3\xbc size=1
f dst/gone\xc3\x9f/\xc3\xa9 size=1
";
/// Names and targets that are no UTF-8.
const BROKEN: &str = r"
f src/a\xff size=1
f src/b\xc3 size=1
f src/fine size=2
d src/d\xe4
f src/d\xe4/lost size=1
l src/link -> t\xff
l src/ok -> \xc3\xa4
";
/// Names that Latin-1 does not have.
const FOREIGN: &str = r"
f src/\xe2\x82\xac size=1
f src/fine size=2
f src/\xc3\xa4 size=3
l src/link -> \xe2\x82\xac
";
const NESTED: &str = r"
f src/a/b/\xc3\xa4/c size=1
f src/a/\xc3\xbc/d size=2
f src/e/f size=3
f src/\xc3\xa4 size=4
f list size=0
";
const RULES: &str = r"f rules text=*\xe4\n";

pub const ROWS: &[Row] = &[
    row("push", &[UTF8, EMPTY], "-ai --iconv=utf8,latin1").over(PUSH),
    row("push-protocols", &[UTF8, EMPTY], "-ai --iconv=utf8,latin1")
        .over(&[Via::Push])
        .protocols(&[29, 30, 31]),
    row("push-old-protocols", &[UTF8, EMPTY], "-a --iconv=utf8,latin1")
        .over(&[Via::Push])
        .protocols(&[27, 28]),
    row("push-no-inc", &[UTF8, EMPTY], "-ai --no-inc-recursive --iconv=utf8,latin1").over(PUSH),
    row("push-verbose", &[UTF8, EMPTY], "-av --iconv=utf8,latin1").over(PUSH),
    row(
        "dot-second",
        &["f src/t/t/c size=3\nf src/t/f size=3\nd dst\nf list text=t/t\\n./t/f\\n"],
        "-ari --files-from={top}/list --iconv=utf8,latin1",
    )
    .over(LOCAL_AND_SHELL),
    row("push-delete-from-latin1", &[LATIN1, OLD_UTF8], "-ai --delete --iconv=latin1,utf8")
        .over(PUSH)
        .any_order(),
    row("push-progress", &[UTF8, EMPTY], "-a --no-i-r --progress --iconv=utf8,latin1").over(PUSH),
    row("pull-progress", &[LATIN1, EMPTY], "-a --no-i-r --progress --iconv=utf8,latin1").over(PULL),
    row("push-dry", &[UTF8, OLD_LATIN1], "-ain --delete --iconv=utf8,latin1")
        .over(PUSH)
        .any_order(),
    row("push-delete", &[UTF8, OLD_LATIN1], "-ai --delete --iconv=utf8,latin1")
        .over(PUSH)
        .any_order(),
    row("push-delete-before", &[UTF8, OLD_LATIN1], "-ai --delete-before --iconv=utf8,latin1")
        .over(PUSH)
        .any_order(),
    row("push-delete-after", &[UTF8, OLD_LATIN1], "-ai --delete-after --iconv=utf8,latin1")
        .over(PUSH)
        .any_order(),
    row("push-delete-delay", &[UTF8, OLD_LATIN1], "-av --delete-delay --iconv=utf8,latin1")
        .over(PUSH)
        .any_order(),
    row("push-checksum", &[UTF8, OLD_LATIN1], "-aic --iconv=utf8,latin1").over(PUSH),
    row("push-backup", &[UTF8, OLD_LATIN1], "-aib --iconv=utf8,latin1").over(PUSH),
    row("pull", &[LATIN1, EMPTY], "-ai --iconv=utf8,latin1").over(PULL),
    row("pull-protocols", &[LATIN1, EMPTY], "-ai --iconv=utf8,latin1")
        .over(PULL)
        .protocols(&[29, 30, 31]),
    row("pull-old-protocols", &[LATIN1, EMPTY], "-a --iconv=utf8,latin1")
        .over(PULL)
        .protocols(&[27, 28]),
    row("pull-no-inc", &[LATIN1, EMPTY], "-ai --no-inc-recursive --iconv=utf8,latin1").over(PULL),
    row("pull-delete", &[LATIN1, OLD_UTF8], "-ai --delete --iconv=utf8,latin1")
        .over(PULL)
        .any_order(),
    row("pull-delete-after", &[LATIN1, OLD_UTF8], "-av --delete-after --iconv=utf8,latin1")
        .over(PULL)
        .any_order(),
    row("pull-latin1-here", &[UTF8, EMPTY], "-ai --iconv=latin1,utf8").over(PULL),
    row("list-only", &[LATIN1], "-r --list-only --iconv=utf8,latin1")
        .from_to("src/", "")
        .over(PULL),
    row("same-charset", &[UTF8, EMPTY], "-ai --iconv=utf8").over(LOCAL_AND_SHELL),
    row("aliases", &[UTF8, EMPTY], "-ai --iconv=UTF-8,iso-8859-15").over(PUSH),
    row("locale", &[UTF8, EMPTY], "-ai --iconv=.")
        .environment(&[("LC_ALL", "C.UTF-8")])
        .over(LOCAL_AND_SHELL),
    row("off", &[LATIN1, EMPTY], "-ai --iconv=utf8,latin1 --no-iconv").over(LOCAL_AND_SHELL),
    row("environment", &[UTF8, EMPTY], "-ai")
        .environment(&[("RSYNC_ICONV", "utf8,latin1")])
        .over(PUSH),
    row("environment-off", &[UTF8, EMPTY], "-ai --iconv=-")
        .environment(&[("RSYNC_ICONV", "utf8,latin1")])
        .over(PUSH),
    row("transliterated", &[FOREIGN, EMPTY], "-ai --iconv=utf8,latin1//TRANSLIT").over(PUSH),
    row("unknown-here", &[UTF8, EMPTY], "-ai --iconv=nosuch")
        .over(SHELL)
        .any_server_args()
        .any_stderr(),
    row("unknown-here-local", &[UTF8, EMPTY], "-ai --iconv=nosuch,utf8").any_stderr(),
    row("unknown-there", &[UTF8, EMPTY], "-ai --iconv=utf8,nosuch").over(PUSH).any_stderr(),
    row("debug", &[UTF8, EMPTY], "-a --debug=iconv2 --iconv=utf8,latin1").over(&[Via::Push]),
    row("broken", &[BROKEN, EMPTY], "-ai --iconv=utf8,latin1").over(PUSH).any_order(),
    row("broken-no-inc", &[BROKEN, EMPTY], "-ai --no-inc-recursive --iconv=utf8,latin1")
        .over(PUSH)
        .any_order(),
    row("broken-delete", &[BROKEN, OLD_LATIN1], "-ai --delete --iconv=utf8,latin1")
        .over(PUSH)
        .any_order(),
    row("broken-pull", &[BROKEN, EMPTY], "-ai --iconv=latin1,utf8").over(PULL).any_order(),
    row("foreign-name", &[r"f src/\xe2\x82\xac size=1", EMPTY], "-ai --iconv=utf8,latin1")
        .over(PUSH)
        .any_order(),
    row("foreign", &[FOREIGN, EMPTY], "-ai --iconv=utf8,latin1").over(PUSH).any_order(),
    row("foreign-protocols", &[FOREIGN, EMPTY], "-ai --iconv=utf8,latin1")
        .over(&[Via::Push])
        .protocols(&[29, 30])
        .any_order(),
    row("foreign-delete", &[FOREIGN, OLD_LATIN1], "-ai --delete --iconv=utf8,latin1")
        .over(PUSH)
        .any_order(),
    row("foreign-pull", &[FOREIGN, EMPTY], "-ai --iconv=latin1,utf8").over(PULL).any_order(),
    row("hard-links", &[LINKS, EMPTY], "-aiH --iconv=utf8,latin1").over(PUSH),
    row("hard-links-no-inc", &[LINKS, EMPTY], "-aiH --no-inc-recursive --iconv=utf8,latin1")
        .over(PUSH),
    row("hard-links-protocols", &[LINKS, EMPTY], "-aiH --iconv=utf8,latin1")
        .over(&[Via::Push])
        .protocols(&[29, 30]),
    row("hard-links-pull", &[LINKS, EMPTY], "-aiH --iconv=latin1,utf8").over(PULL),
    // Rules are for the names as they are on each side.
    row("exclude", &[UTF8, EMPTY], "-ai --exclude=ä --exclude=dz --iconv=utf8,latin1").over(PUSH),
    row(
        "exclude-delete",
        &[UTF8, OLD_LATIN1, RULES],
        "-ai --delete --exclude-from=rules --iconv=utf8,latin1",
    )
    .over(PUSH)
    .any_order(),
    row("relative", &[NESTED, EMPTY], "-aiR --iconv=utf8,latin1")
        .from_to("src/./a/b src/./e", "dst/")
        .over(PUSH),
    row("prune", &[UTF8, EMPTY], "-aim --iconv=utf8,latin1").over(PUSH),
    row("delay-updates", &[UTF8, OLD_LATIN1], "-ai --delay-updates --iconv=utf8,latin1").over(PUSH),
    row("remove-source", &[UTF8, EMPTY], "-ai --remove-source-files --iconv=utf8,latin1")
        .over(PUSH),
    row("remove-source-pull", &[LATIN1, EMPTY], "-ai --remove-source-files --iconv=utf8,latin1")
        .over(PULL),
    row("xattrs-and-acls", &[UTF8, EMPTY], "-aiAX --iconv=utf8,latin1").over(PUSH),
    row("secluded", &[UTF8, EMPTY], "-ais --iconv=utf8,latin1")
        .from_to("src/", "dst/ä")
        .over(&[Via::Push]),
    row("secluded-pull", &[LATIN1, EMPTY], "-ais --iconv=utf8,latin1")
        .from_to("src/ä src/dä", "dst/")
        .over(PULL),
    row("files-from-secluded", &[LATIN1, EMPTY], "-ais --files-from=- --iconv=utf8,latin1")
        .stdin("ä\ndä/ü\nnone\n")
        .over(PULL),
    row("files-from", &[LATIN1, EMPTY], "-ai --files-from=- --iconv=utf8,latin1")
        .stdin("plain\ndz\n")
        .over(PULL),
    row(
        "files-from-of-wrong-bytes",
        &["f src/\\xc3\\xbc size=3\nf list text=\\xc3\\xbc\\n\nd dst"],
        "-r --files-from={top}/list --iconv=ISO-8859-1,UTF-8",
    )
    .over(&[Via::Pull]),
    row("files-from-push", &[UTF8, EMPTY], "-ai --files-from=- --iconv=utf8,latin1")
        .stdin("ä\ndä/ü\nnone\n")
        .over(PUSH),
    // The charset of a daemon's module.
    row("daemon-push", &[UTF8, EMPTY], "-ai --iconv=utf8").over(DAEMON_PUSH).modules(CHARSET),
    row("daemon-push-verbose", &[UTF8, OLD_LATIN1], "-av --delete --iconv=utf8")
        .over(DAEMON_PUSH)
        .modules(CHARSET)
        .any_order(),
    row("daemon-push-chroot", &[UTF8, EMPTY], "-ai --iconv=utf8")
        .over(DAEMON_PUSH)
        .modules("charset = iso885915\nuse chroot = yes")
        .any_order(),
    row("daemon-push-links", &[LINKS, EMPTY], "-aiH --iconv=utf8")
        .over(DAEMON_PUSH)
        .modules(CHARSET),
    row("daemon-push-foreign", &[FOREIGN, EMPTY], "-ai --iconv=utf8")
        .over(DAEMON_PUSH)
        .modules(CHARSET)
        .any_order(),
    row("daemon-push-secluded", &[UTF8, EMPTY], "-ais --iconv=utf8")
        .from_to("src/", "dst/ä")
        .over(DAEMON_PUSH)
        .modules(CHARSET),
    row("daemon-pull", &[LATIN1, EMPTY], "-ai --iconv=utf8,nosuch")
        .over(DAEMON_PULL)
        .modules(CHARSET),
    row("daemon-pull-old-protocol", &[LATIN1, EMPTY], "-ai --iconv=utf8")
        .over(DAEMON_PULL)
        .protocols(&[29, 30])
        .modules(CHARSET),
    row("daemon-pull-secluded", &[LATIN1, EMPTY], "-ais --iconv=utf8")
        .from_to("src/ä src/dä", "dst/")
        .over(DAEMON_PULL)
        .modules(CHARSET),
    row("daemon-pull-missing", &[LATIN1, EMPTY], "-ais --iconv=utf8")
        .from_to("src/ö src/dä", "dst/")
        .over(DAEMON_PULL)
        .modules(CHARSET)
        .any_order(),
    row("daemon-unasked", &[LATIN1, EMPTY], "-ai").over(DAEMON_PULL).modules(CHARSET),
    row("daemon-insists", &[LATIN1, EMPTY], "-ai --iconv=utf8")
        .over(DAEMON_PULL)
        .modules("charset = latin1\nrefuse options = no-iconv"),
    row("daemon-insists-in-vain", &[LATIN1, EMPTY], "-ai")
        .over(DAEMON_PUSH)
        .modules("charset = latin1\nrefuse options = no-iconv"),
    row("daemon-without", &[LATIN1, EMPTY], "-ai --iconv=utf8").over(DAEMON_PUSH),
    row("daemon-without-pull", &[LATIN1, EMPTY], "-ai --iconv=utf8").over(DAEMON_PULL),
    row("daemon-empty", &[LATIN1, EMPTY], "-ai --iconv=utf8")
        .over(DAEMON_PUSH)
        .modules("charset ="),
    row("daemon-unknown", &[LATIN1, EMPTY], "-ai").over(DAEMON_PULL).modules("charset = nosuch"),
    row(
        "targets-of-the-sender",
        &["l src/d/l -> \\xff\nl src/u -> \\xc3\\xbf\nd dst"],
        "-ai --iconv=latin1,utf8",
    )
    .over(&[Via::Local, Via::Push]),
    row(
        "targets-of-a-pulled-sender",
        &["l src/d/l -> \\xff\nl src/u -> \\xc3\\xbf\nd dst"],
        "-ai --iconv=utf8,latin1",
    )
    .over(&[Via::Pull]),
];
