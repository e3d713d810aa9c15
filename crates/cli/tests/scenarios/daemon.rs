//! What a daemon does beyond serving a tree: lists of modules, refusals, logins.

use super::trees::{BASIC, EMPTY, OLDER};
use testkit::row::DAEMON;
use testkit::{Row, Via, row};

const LOGIN: &str =
    "auth users = alice, bob:ro, carol:deny\nsecrets file = {top}/secrets\nstrict modes = yes\n";

const SECRETS: &str = "f secrets text=alice:wonder\\nbob:builder\\ncarol:x\\n mode=600\nf password text=wonder\\n mode=600\nf wrong text=nope\\n mode=600\nf builder text=builder\\n mode=600";

const MODULES: &str = "[hidden]\npath = {top}\nlist = no\n[second]\npath = {top}/src\n\
comment = a second one\nread only = no\n[a-very-long-module-name]\npath = {top}\n";

const PULL: &[Via] = &[Via::DaemonPull];
const PUSH: &[Via] = &[Via::DaemonPush];

pub const ROWS: &[Row] = &[
    // With nothing to receive, the receiver of rsync stops at a connection that its peer has
    // closed already; ours ends in order. Only the name of the process in the last line differs.
    row("single-use-unconfigured", &[], "--server --daemon --config=/nonexistent/conf .")
        .from_to("", ""),
    row("unknown-path", &[BASIC, EMPTY], "-av").over(PULL).from_to("none/", "dst/").any_stderr(),
    row("unknown-destination", &[BASIC], "-av").over(PUSH).from_to("src/", "none/deep/"),
    row("read-only", &[BASIC, EMPTY], "-av").over(PUSH).modules("read only = yes"),
    row("write-only-before-31", &[BASIC, EMPTY], "-avv")
        .over(PULL)
        .modules("write only = yes")
        .protocols(&[27, 28, 29, 30]),
    row("write-only", &[BASIC, EMPTY], "-av").over(PULL).modules("write only = yes"),
    row("missing-module-path", &[BASIC, EMPTY], "-av").over(DAEMON).modules("path = {top}/nowhere"),
    row("login", &[BASIC, SECRETS, EMPTY], "-ai --password-file=password")
        .over(DAEMON)
        .modules(LOGIN)
        .environment(&[("USER", "alice")]),
    row("login-environment", &[BASIC, SECRETS, EMPTY], "-ai")
        .over(PULL)
        .modules(LOGIN)
        .environment(&[("USER", "alice"), ("RSYNC_PASSWORD", "wonder")]),
    row("login-wrong", &[BASIC, SECRETS, EMPTY], "-ai --password-file=wrong")
        .over(DAEMON)
        .modules(LOGIN)
        .environment(&[("USER", "alice")]),
    row("login-unknown-user", &[BASIC, SECRETS, EMPTY], "-ai --password-file=wrong")
        .over(PULL)
        .modules(LOGIN)
        .environment(&[("USER", "eve")]),
    row("login-read-only-user", &[BASIC, SECRETS, EMPTY], "-ai --password-file=builder")
        .over(DAEMON)
        .modules(LOGIN)
        .environment(&[("USER", "bob")]),
    row("login-denied-user", &[BASIC, SECRETS, EMPTY], "-ai --password-file=wrong")
        .over(PULL)
        .modules(LOGIN)
        .environment(&[("USER", "carol")]),
    row("login-protocols", &[BASIC, SECRETS, EMPTY], "-ai --password-file=password")
        .over(PULL)
        .modules(LOGIN)
        .environment(&[("USER", "alice")])
        .protocols(&[27, 29, 30, 31]),
    row("early-input", &[BASIC, EMPTY, "f early text=hello\\nthere"], "-ai --early-input=early")
        .over(DAEMON)
        .modules("early exec = cat >{top}/heard"),
    row("early-input-empty", &[BASIC, EMPTY, "f early"], "-ai --early-input=early")
        .over(PULL)
        .modules("early exec = cat >{top}/heard"),
    row("early-input-longest", &[BASIC, EMPTY, "f early size=5120"], "-a --early-input=early")
        .over(PUSH)
        .modules("early exec = cat >{top}/heard"),
    row("early-input-too-long", &[BASIC, EMPTY, "f early size=5121"], "-a --early-input=early")
        .over(DAEMON),
    row("early-input-missing", &[BASIC, EMPTY], "-a --early-input=early").over(DAEMON),
    row("hosts-deny", &[BASIC, EMPTY], "-ai").over(DAEMON).modules("hosts deny = 127.0.0.0/8"),
    row("hosts-allow", &[BASIC, EMPTY], "-ai").over(PULL).modules("hosts allow = 127.0.0.1"),
    row("hosts-allow-other", &[BASIC, EMPTY], "-ai").over(PULL).modules("hosts allow = 10.0.0.0/8"),
    row("refuse-options", &[BASIC, OLDER], "-ai --delete")
        .over(PUSH)
        .modules("refuse options = delete"),
    // Not over PULL: rsync's daemon resets that connection before its client can read why.
    row("refuse-options-implied", &[BASIC, OLDER], "-ai --delete-after")
        .over(PUSH)
        .modules("refuse options = delete"),
    row("refuse-partial-append", &[BASIC, OLDER], "-ai --append")
        .over(PUSH)
        .modules("refuse options = partial"),
    row("refuse-inplace-append", &[BASIC, OLDER], "-ai --append")
        .over(PUSH)
        .modules("refuse options = inplace"),
    row("refuse-part-after-given", &[BASIC, EMPTY], "-ai --inplace --write-devices")
        .over(PUSH)
        .modules("refuse options = partial"),
    row("refuse-parts-in-turn", &[BASIC, EMPTY], "-aizz --append --delete-after")
        .over(PUSH)
        .modules("refuse options = inplace delete compress"),
    row("refuse-compress-unused", &[BASIC, EMPTY], "-aiz --zc=none")
        .over(PULL)
        .modules("refuse options = compress"),
    row("refuse-taken-back", &[BASIC, EMPTY], "-ai -M--inplace -M--no-inplace")
        .over(PUSH)
        .modules("refuse options = partial"),
    row("timeout-told", &[BASIC, EMPTY], "-avv").over(DAEMON).modules("timeout = 60").any_order(),
    row("timeout-told-not", &[BASIC, EMPTY], "-avv --timeout=30")
        .over(DAEMON)
        .modules("timeout = 60")
        .any_order(),
    row(
        "alternates-missing",
        &[BASIC, EMPTY],
        "-a --link-dest=../none --link-dest=x/../y --link-dest=/none",
    )
    .over(PUSH)
    .from_to("src/", "dst/new/"),
    row(
        "alternates-missing-dry",
        &[BASIC, EMPTY],
        "-an --link-dest=../none --link-dest=x/../y --link-dest=/none",
    )
    .over(PUSH)
    .from_to("src/", "dst/new/"),
    row("transfers-logged", &[BASIC, EMPTY], "-a")
        .over(DAEMON)
        .modules("transfer logging = yes")
        .daemon_log()
        .any_order(),
    row("refuse-block-size", &[BASIC, EMPTY], "-av -B 700")
        .over(PUSH)
        .modules("refuse options = * !a !recursive !v"),
    row("refuse-compress", &[BASIC, EMPTY], "-aiz").over(PUSH).modules("refuse options = compress"),
    row("daemon-exclude", &[BASIC, EMPTY], "-ai")
        .over(DAEMON)
        .modules("exclude = /src/sub *.o /dst/exec"),
    row("daemon-filter", &[BASIC, EMPTY], "-ai").over(DAEMON).modules("filter = - medium"),
    row("max-connections", &[BASIC, EMPTY], "-ai")
        .over(PULL)
        .modules("max connections = 1\nlock file = {top}/../lock"),
    // With nothing to receive, the receiver of rsync stops at a connection that its peer has
    // closed already; ours ends in order. Only the name of the process in the last line differs.
    row("escape", &[BASIC, EMPTY], "-ai")
        .over(PULL)
        .from_to("../../../etc/hostname", "dst/")
        .any_stderr(),
    row("incoming-chmod", &[BASIC, EMPTY], "-ai").over(PUSH).modules("incoming chmod = F600,D700"),
    row("outgoing-chmod", &[BASIC, EMPTY], "-ai").over(PULL).modules("outgoing chmod = F600,D700"),
    row("numeric-ids-on", &[super::trees::OWNED, EMPTY], "-ai")
        .over(DAEMON)
        .modules("numeric ids = yes"),
    row("numeric-ids-on-whole-list", &[super::trees::OWNED, EMPTY], "-aAi --no-inc-recursive")
        .over(DAEMON)
        .protocols(&[30, 31, 32])
        .modules("numeric ids = yes"),
    row(
        "numeric-ids-on-mapped",
        &[super::trees::OWNED, EMPTY],
        "-ai --no-inc-recursive --usermap=1:501,daemon:502,*:503",
    )
    .over(DAEMON)
    .modules("numeric ids = yes"),
    row("numeric-ids", &[super::trees::OWNED, EMPTY], "-ai")
        .over(DAEMON)
        .modules("numeric ids = no"),
    row("munged-links", &[super::trees::LINKS, EMPTY], "-ai")
        .over(DAEMON)
        .modules("munge symlinks = yes"),
    row("dont-compress", &[BASIC, EMPTY], "-aiz").over(PULL).modules("dont compress = *.gz medium"),
    row("motd", &[BASIC, EMPTY], "-a").over(PULL),
    row("ignore-errors", &[BASIC, OLDER], "-ai --delete")
        .over(DAEMON)
        .modules("ignore errors = yes")
        .any_order(),
    row("fake-super", &[super::trees::OWNED, EMPTY], "-ai").over(PUSH).modules("fake super = yes"),
    row("transfer-log", &[BASIC, EMPTY], "-ai")
        .over(DAEMON)
        .modules("transfer logging = yes\nlog format = %o %n"),
    row("dparam-address", &[BASIC, EMPTY], "-ai --address=127.0.0.1 -4").over(PULL),
    row("sockopts", &[BASIC, EMPTY], "-ai --sockopts=SO_KEEPALIVE").over(PULL),
    row("module-list", &[BASIC], "127.0.0.1::").over(PULL).modules(MODULES).from_to("", ""),
    row("module-list-url", &[BASIC], "rsync://127.0.0.1/")
        .over(PULL)
        .modules(MODULES)
        .from_to("", ""),
    row("module-list-protocols", &[BASIC], "127.0.0.1::")
        .over(PULL)
        .modules(MODULES)
        .from_to("", "")
        .protocols(&[27, 29, 30, 31]),
    row("hidden-module", &[BASIC, EMPTY], "-ai 127.0.0.1::hidden/src/ dst/")
        .over(PULL)
        .modules(MODULES)
        .from_to("", ""),
    row("second-module", &[BASIC, EMPTY], "-ai 127.0.0.1::second dst/")
        .over(PULL)
        .modules(MODULES)
        .from_to("", ""),
    row("second-module-slash", &[BASIC, EMPTY], "-ai 127.0.0.1::second/ dst/")
        .over(PULL)
        .modules(MODULES)
        .from_to("", ""),
    row(
        "second-module-push",
        &["f src/sub/old size=3", "f more/new size=9"],
        "-ai more/ 127.0.0.1::second/sub",
    )
    .over(PUSH)
    .modules(MODULES)
    .from_to("", ""),
    row("unknown-module", &[BASIC, EMPTY], "-ai 127.0.0.1::nothing/ dst/")
        .over(PULL)
        .modules(MODULES)
        .from_to("", ""),
    row("url", &[BASIC, EMPTY], "-ai rsync://127.0.0.1/second/sub dst/")
        .over(PULL)
        .modules(MODULES)
        .from_to("", ""),
    row(
        "url-user",
        &[BASIC, SECRETS, EMPTY],
        "-ai --password-file=password rsync://alice@127.0.0.1/mod/src/ dst/",
    )
    .over(PULL)
    .modules(LOGIN)
    .from_to("", ""),
    row(
        "several-operands",
        &[BASIC, EMPTY],
        "-ai 127.0.0.1::mod/src/small ::mod/src/medium 127.0.0.1::mod/src/sub dst/",
    )
    .over(PULL)
    .from_to("", ""),
    row("above-the-module", &[BASIC, EMPTY], "-ai 127.0.0.1::second/../dst/ dst/")
        .over(PULL)
        .modules(MODULES)
        .from_to("", ""),
    row("wildcards", &[BASIC, EMPTY], "-ai '127.0.0.1::second/s*' dst/")
        .over(PULL)
        .modules(MODULES)
        .from_to("", ""),
    // Links that lead to themselves.
    row("link-loop", &["f src/a size=2\nl src/loop -> loop\nl src/nowhere -> nope\nd dst"], "-rLi")
        .over(&[Via::DaemonPull]),
    row(
        "link-loop-chrooted",
        &["f src/a size=2\nl src/loop -> loop\nl src/nowhere -> nope\nd dst"],
        "-rLi",
    )
    .over(&[Via::DaemonPull])
    .modules("use chroot = yes"),
    row("link-loop-named", &["l src/loop -> loop\nd dst"], "-Li")
        .over(&[Via::DaemonPull])
        .from_to("src/loop", "dst/"),
    // Alternate directories that are not there, as the module sees them.
    row(
        "alternate-nowhere",
        &["f src/a size=2\nd dst"],
        "-rti --compare-dest=/nope --compare-dest=nope --compare-dest=./x/../y//z",
    )
    .over(&[Via::DaemonPush]),
    row(
        "alternate-nowhere-climbing",
        &["f src/a size=2\nd dst/s"],
        "-rti --link-dest=../../../x --link-dest=/./x/../../y --link-dest=../src/a",
    )
    .over(&[Via::DaemonPush])
    .from_to("src/", "dst/s/"),
    row(
        "alternate-nowhere-dry-run",
        &["f src/a size=2\nd dst"],
        "-rtin --copy-dest=../../../x --copy-dest=../y --copy-dest=.",
    )
    .over(&[Via::Local, Via::Push, Via::DaemonPush])
    .from_to("src/", "dst/t/"),
    row(
        "alternate-nowhere-chrooted",
        &["f src/a size=2\nd dst"],
        "-rti --compare-dest=/nope --compare-dest=nope --compare-dest=./x/../y//z",
    )
    .over(&[Via::DaemonPush])
    .modules("use chroot = yes"),
];
