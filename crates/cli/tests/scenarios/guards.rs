//! Options that guard against links and users: `--munge-links`, `--insecure-links`, `--confine-root`, `--copy-as`,
//! `--drop-D`.

use super::trees::{BASIC, EMPTY, LINKS, OWNED, SPECIAL};
use testkit::row::{EVERY_WAY, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, Via, row};

const MUNGED: &str = r"
f src/file size=3
l src/one -> /rsyncd-munged/file
l src/two -> /rsyncd-munged//rsyncd-munged/file
l src/bare -> /rsyncd-munged/
l src/plain -> file
";

/// Somebody else's links on the way to what the operator names.
const FOREIGN: &str = r"
f src/a size=3
f src/b.o size=3
d real
f real/rules text=-\s*.o\n
f real/list text=a\n
l dst -> real uid=12345
l way -> real uid=12345
";

/// Somebody else's links to the directories that options name.
const FOREIGN_ASIDE: &str = r"
f src/a size=3
f src/d/b size=4
f alt/a size=3
f alt/d/b size=4
d real
f dst/a size=5 mtime=1
l dst/way -> ../real uid=12345
l dst/alt -> ../alt uid=12345
l dst/nowhere -> ../none uid=12345
";

const RULES: &str = r"
f src/a size=3
f src/b.o size=3
f src/sub/c.o size=3
d dst
f out/rules text=-\s*.o\n
f src/.rules text=-\sa\n
l src/sub/leads -> ../../out/rules
";

const PUSH: &[Via] = &[Via::Push];

pub const ROWS: &[Row] = &[
    row("munge", &[LINKS, EMPTY], "-aivv --munge-links").over(SHELL).any_order(),
    row("munge-remote", &[LINKS, EMPTY], "-ai -M--munge-links").over(LOCAL_AND_SHELL),
    row("munge-sender", &[MUNGED, EMPTY], "-ai --munge-links").over(EVERY_WAY),
    row("munge-sender-unsafe", &[MUNGED, EMPTY], "-ai --munge-links --copy-unsafe-links")
        .over(EVERY_WAY),
    row("munge-module-unsafe", &[MUNGED, EMPTY], "-ai --copy-unsafe-links")
        .over(&[Via::DaemonPull])
        .modules("munge symlinks = yes"),
    row("munge-off", &[MUNGED, EMPTY], "-ai --munge-links --no-munge-links").over(LOCAL_AND_SHELL),
    row(
        "munge-again",
        &[LINKS, "l dst/tofile -> /rsyncd-munged/file\nl dst/todir -> dir"],
        "-aii --munge-links",
    )
    .over(SHELL),
    row("munge-dry-run", &[LINKS, EMPTY], "-ain --munge-links").over(SHELL),
    row("munge-safe-links", &[LINKS, EMPTY], "-avv --munge-links --safe-links")
        .over(SHELL)
        .any_order(),
    row("foreign-destination", &[FOREIGN], "-ai"),
    row("foreign-destination-insecure", &[FOREIGN], "-ai --insecure-links")
        .over(&[Via::Local, Via::Pull]),
    row("foreign-destination-insecure-remote", &[FOREIGN], "-ai -M--insecure-links").over(PUSH),
    row("foreign-exclude-from", &[FOREIGN, "d to"], "-ai --exclude-from=way/rules")
        .from_to("src/", "to/"),
    row(
        "foreign-exclude-from-insecure",
        &[FOREIGN, "d to"],
        "-ai --insecure-links --exclude-from=way/rules",
    )
    .over(LOCAL_AND_SHELL)
    .from_to("src/", "to/"),
    row(
        "foreign-files-from-insecure",
        &[FOREIGN, "d to"],
        "-ai --files-from=way/list --insecure-links",
    )
    .over(LOCAL_AND_SHELL)
    .from_to("src/", "to/"),
    row("foreign-files-from", &[FOREIGN, "d to"], "-ai --files-from=way/list")
        .from_to("src/", "to/"),
    row("foreign-temp-dir", &[FOREIGN_ASIDE], "-ai --temp-dir=way")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("foreign-temp-dir-unused", &[FOREIGN_ASIDE], "-ai --temp-dir={top}/dst/way --inplace"),
    row(
        "foreign-temp-dir-copies",
        &[FOREIGN_ASIDE],
        "-ai --temp-dir={top}/dst/way --copy-dest=../alt",
    )
    .any_order(),
    row("foreign-temp-dir-module", &[FOREIGN_ASIDE], "-ai --temp-dir=way")
        .over(&[Via::DaemonPush])
        .any_order(),
    row("foreign-temp-dir-nowhere", &[FOREIGN_ASIDE], "-ai --temp-dir=nowhere"),
    row("foreign-temp-dir-insecure", &[FOREIGN_ASIDE], "-ai --temp-dir=way --insecure-links"),
    row("foreign-backup-dir", &[FOREIGN_ASIDE], "-aib --backup-dir=way --exclude=d")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row(
        "foreign-backup-dir-in-place",
        &[FOREIGN_ASIDE],
        "-aib --backup-dir={top}/dst/way --inplace",
    )
    .any_order(),
    row(
        "foreign-backup-dir-below",
        &[FOREIGN_ASIDE, "f dst/d/b size=6"],
        "-aib --backup-dir=way --exclude=a",
    ),
    row("foreign-backup-dir-dry", &[FOREIGN_ASIDE], "-aibn --backup-dir=way"),
    row("foreign-backup-dir-delete", &[FOREIGN_ASIDE], "-aib --backup-dir=way --delete"),
    row("foreign-link-dest", &[FOREIGN_ASIDE], "-ai --link-dest=alt --link-dest=../alt")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("foreign-compare-dest", &[FOREIGN_ASIDE], "-aiv --compare-dest={top}/dst/alt").any_order(),
    row("foreign-copy-dest", &[FOREIGN_ASIDE], "-ai --copy-dest=nowhere --copy-dest=alt/d")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("foreign-copy-dest-dry", &[FOREIGN_ASIDE], "-ain --copy-dest=alt").any_order(),
    row("foreign-copy-dest-fuzzy", &[FOREIGN_ASIDE], "-aiyy --copy-dest=alt").any_order(),
    row("foreign-log-file", &[FOREIGN_ASIDE], "-ai --log-file=dst/way/log"),
    row("foreign-partial-dir", &[FOREIGN_ASIDE], "-ai --partial-dir={top}/dst/way --delay-updates"),
    row("insecure-links-off", &[FOREIGN], "-ai --insecure-links --no-insecure-links"),
    row("insecure-daemon", &[BASIC, EMPTY], "-ai -M--insecure-links").over(&[Via::DaemonPush]),
    row("confined-merge", &[RULES], "-ai --filter=':\\s../../out/rules' --confine-root={top}/src")
        .over(&[Via::Local]),
    row("confined-dir-merge", &[RULES], "-ai '--filter=: .rules' --confine-root={top}/src")
        .over(&[Via::Local]),
    row("confined-dir-merge-outside", &[RULES], "-ai '--filter=: leads' --confine-root={top}/src"),
    row("confined-own-options", &[RULES], "-ai --exclude-from=out/rules --confine-root={top}/src"),
    row("confined-remote", &[RULES], "-ai '--filter=: leads' -M--confine-root={top}/src")
        .over(SHELL),
    row("confined-relative", &[BASIC, EMPTY], "-a --confine-root=src"),
    row("confined-insecure", &[BASIC, EMPTY], "-a --confine-root=/x --insecure-links"),
    row(
        "copy-as",
        &["d dst mode=777\nf src/a size=3\nf src/b size=4 mode=4755\nd src/d"],
        "-ai --copy-as=nobody",
    )
    .over(EVERY_WAY)
    .any_stderr(),
    row(
        "copy-as-group",
        &["d dst mode=777\nf src/a size=3\nf src/b size=4 gid=60\nd src/d"],
        "-ai --copy-as=65534:games",
    )
    .over(LOCAL_AND_SHELL)
    .any_stderr(),
    row("copy-as-remote", &["d dst mode=777\nf src/a size=3\nd src/d"], "-ai -M--copy-as=nobody")
        .over(SHELL)
        .any_stderr(),
    row(
        "copy-as-remote-side",
        &[
            "d dst mode=777\nf src/a size=3 mode=600\nd src/d mode=700\nf src/d/b size=4\nl src/l -> a\nf dst/a size=2 uid=65534",
        ],
        "-aiH -M--copy-as=nobody",
    ),
    row(
        "copy-as-remote-side-group",
        &["d dst mode=777\nf src/a size=3\nd src/d"],
        "-ai -M--copy-as=65534:games --remove-source-files",
    ),
    row(
        "copy-as-remote-side-refused",
        &["f src/a size=3\nd src/d\nd dst"],
        "-ai -M--copy-as=nobody",
    ),
    row(
        "copy-as-remote-side-unknown",
        &["f src/a size=3\nd src/d\nd dst"],
        "-ai -M--copy-as=nosuchuser",
    )
    .one_process(),
    row(
        "copy-as-both-sides",
        &["d dst mode=777\nf src/a size=3\nd src/d mode=700"],
        "-ai --copy-as=nobody -M--copy-as=nobody",
    ),
    row(
        "copy-as-unreadable",
        &["d dst mode=777\nf src/a size=3 mode=600\nf src/b size=3"],
        "-ai --copy-as=nobody",
    )
    .over(&[Via::Local, Via::Push])
    .any_stderr(),
    row("copy-as-super", &[OWNED, "d dst mode=777"], "-ai --copy-as=nobody --super")
        .over(LOCAL_AND_SHELL)
        .any_stderr(),
    row("copy-as-fake-super", &[OWNED, "d dst mode=777"], "-ai --copy-as=nobody --fake-super")
        .over(LOCAL_AND_SHELL)
        .any_stderr(),
    row("copy-as-root", &[OWNED, EMPTY], "-ai --copy-as=root --no-super").over(EVERY_WAY),
    row("copy-as-root-fake-super", &[OWNED, EMPTY], "-ai --copy-as=root --fake-super")
        .over(LOCAL_AND_SHELL),
    row(
        "copy-as-fake-super-read",
        &["f src/a size=3 x:user.rsync.%stat=100640\\s0,0\\s7:8", EMPTY],
        "-ai --copy-as=root --fake-super",
    )
    .over(SHELL),
    row("copy-as-remote-fake-super", &[OWNED, EMPTY], "-ai -M--copy-as=root -M--fake-super")
        .over(LOCAL_AND_SHELL),
    row("copy-as-nobody-knows", &[BASIC, EMPTY], "-ai --copy-as=nosuchuser")
        .over(LOCAL_AND_SHELL)
        .any_stderr(),
    row("copy-as-no-such-group", &[BASIC, EMPTY], "-ai --copy-as=nobody:nosuchgroup")
        .over(&[Via::Local])
        .any_stderr(),
    row("drop-devices", &[SPECIAL, EMPTY], "-avi --drop-D").over(LOCAL_AND_SHELL).any_order(),
    row("drop-devices-remote", &[SPECIAL, EMPTY], "-ai -M--drop-D").over(LOCAL_AND_SHELL),
    row("drop-devices-off", &[SPECIAL, EMPTY], "-ai --drop-D --no-drop-D").over(LOCAL_AND_SHELL),
    row(
        "insecure-module",
        &[BASIC, "f out/secret size=5\nl src/away -> ../out/secret\nd dst"],
        "-aLi",
    )
    .over(&[Via::DaemonPull])
    .modules("insecure links = yes"),
];
