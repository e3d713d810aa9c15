//! What is printed, at every verbosity and in every format.

use super::trees::{BASIC, DELTA, EMPTY, LINKED, OLDER};
use testkit::row::{EVERY_WAY, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, Via, row};

/// Where the receiver's messages travel.
const TO_A_SERVER: &[Via] = &[Via::Push, Via::DaemonPush];

pub const ROWS: &[Row] = &[
    row("verbose", &[BASIC, OLDER], "-av").over(EVERY_WAY),
    row("verbose-2", &[BASIC, OLDER], "-avv").over(EVERY_WAY).any_order(),
    row("verbose-2-itemized", &[BASIC, OLDER], "-avvi").over(LOCAL_AND_SHELL).any_order(),
    row("verbose-no-inc", &[BASIC, OLDER], "-av --no-inc-recursive").over(LOCAL_AND_SHELL),
    row("verbose-2-no-inc", &[BASIC, OLDER], "-avv --no-inc-recursive")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("itemize-twice", &[BASIC, OLDER], "-aii").over(EVERY_WAY),
    row("itemize-links", &[LINKED, EMPTY], "-aHii").over(LOCAL_AND_SHELL),
    row("itemize-no-times", &[BASIC, OLDER], "-rlpi").over(LOCAL_AND_SHELL),
    row("itemize-checksum", &[DELTA], "-aic").over(EVERY_WAY),
    row("itemize-protocol-28", &[BASIC, OLDER], "-ai").over(SHELL).protocols(&[28]),
    row("verbose-2-dry-run", &[BASIC, OLDER, "f src/mode size=5 mode=600\nf dst/mode size=5 mode=644\np src/p mode=600\np dst/p\nf src/same size=3\nf dst/same size=3\nd src mtime=5\nd dst mtime=6"], "-avvn").over(LOCAL_AND_SHELL).any_order(),
    row("list-interrupted", &["l src/out -> ../x\nl src/none -> nowhere\nf src/a", "f x", EMPTY], "-avi --no-inc-recursive --copy-unsafe-links").over(LOCAL_AND_SHELL).any_order(),
    row("list-interrupted-by-an-error", &["l src/none -> nowhere\nf src/a", EMPTY], "-aviL --no-inc-recursive").over(LOCAL_AND_SHELL),
    // A message goes ahead of items, but not of the first one.
    row("message-and-items", &["f src/a\nl src/b -> ../x\nf src/z\nd src mtime=5", "f dst/old"], "-rlti --no-inc-recursive --safe-links -v --delete").over(TO_A_SERVER),
    row("message-about-what-stays", &["f src/u", "f dst/u/v"], "-ai --delete-before -b --backup-dir=bk --max-delete=0 --stderr=client").over(TO_A_SERVER),
    row("quiet", &[BASIC, OLDER], "-avq").over(EVERY_WAY),
    row("stats", &[BASIC, OLDER], "-a --stats").over(EVERY_WAY),
    row("stats-delete", &[BASIC, OLDER], "-a --stats --delete").over(EVERY_WAY),
    row("stats-human", &[DELTA], "-ah --stats").over(LOCAL_AND_SHELL),
    row("stats-human-2", &[DELTA], "-ahh --stats").over(LOCAL_AND_SHELL),
    row("stats-plain", &[DELTA], "-a --no-h --stats").over(LOCAL_AND_SHELL),
    row("stats-protocol-29", &[BASIC, OLDER], "-a --stats").over(SHELL).protocols(&[29]),
    row("stats-dry-run", &[BASIC, OLDER], "-an --stats").over(LOCAL_AND_SHELL),
    row("stats-empty", &["d src\nd dst"], "-a --stats").over(LOCAL_AND_SHELL),
    row("stats-no-list", &["d src\nd dst"], "--stats").over(LOCAL_AND_SHELL),
    row("progress", &[BASIC, OLDER], "-a --progress").over(EVERY_WAY),
    row("progress-no-inc", &[BASIC, OLDER], "-a --progress --no-inc-recursive")
        .over(LOCAL_AND_SHELL),
    row("progress-human", &[DELTA], "-ah --progress").over(LOCAL_AND_SHELL),
    row("warning-to-stderr", &[BASIC, "f dst/old\nf dst/older"], "-a --delete --max-delete=0 --stderr=client").over(LOCAL_AND_SHELL),
    row("progress-2", &["f src/a size=4000"], "-a --info=progress2").over(LOCAL_AND_SHELL),
    row("progress-itemized", &[BASIC, OLDER], "-ai --progress").over(LOCAL_AND_SHELL),
    row("info-name", &[BASIC, OLDER], "-a --info=name").over(LOCAL_AND_SHELL),
    row("info-name2", &[BASIC, OLDER], "-a --info=name2").over(LOCAL_AND_SHELL),
    row("info-none", &[BASIC, OLDER], "-av --info=none").over(LOCAL_AND_SHELL),
    row("info-stats2", &[BASIC, OLDER], "-a --info=stats2,flist0,del").over(LOCAL_AND_SHELL),
    row(
        "info-flist2",
        &["many src/m count=250 per=50", EMPTY],
        "-a --info=flist2 --no-inc-recursive",
    )
    .over(LOCAL_AND_SHELL),
    row(
        "info-all",
        &[BASIC, OLDER],
        "-a --info=all0,name1,copy,misc,mount,nonreg,remove,skip,symsafe",
    )
    .over(LOCAL_AND_SHELL),
    row("info-help", &[], "--info=help").from_to("", ""),
    row("debug-help", &[], "--debug=help").from_to("", ""),
    row("info-unknown", &[BASIC], "-a --info=nothing"),
    row("debug-unknown", &[BASIC], "-a --debug=nothing"),
    row("out-format-name", &[BASIC, OLDER], "-a --out-format=%n").over(EVERY_WAY),
    row("out-format-many", &[BASIC, OLDER], "-a '--out-format=%o|%i|%B|%f|%l|%L|%M|%U|%G|%%|%q'")
        .over(EVERY_WAY),
    row(
        "out-format-widths",
        &[BASIC, OLDER],
        "-a '--out-format=[%20n][%-20n][%10l][%'''12l][%''''l]'",
    )
    .over(LOCAL_AND_SHELL),
    row("out-format-delete", &[BASIC, OLDER], "-a --delete --out-format=%o:%n")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("out-format-delete-plain", &[BASIC, OLDER], "-a --delete --out-format=%n")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("out-format-listed-sums", &[BASIC, OLDER, "f src/d/kept size=9 mode=600\nf dst/d/kept size=9\nd src mtime=5\nd dst mtime=6"], "-ac '--out-format=%i %n %C'").over(EVERY_WAY),
    row("out-format-listed-sums-dry-run", &[BASIC, OLDER], "-acn '--out-format=%i %n %C'").over(EVERY_WAY),
    row("stats-of-pruned", &["d src/a/b\nf src/c/d size=3\nd src/e\np src/p", EMPTY], "-am --stats").over(EVERY_WAY),
    row("stats-of-duplicates", &[BASIC, EMPTY], "-a --stats --no-i-r").over(LOCAL_AND_SHELL).from_to("src/ src/ src/small", "dst/"),
    row("stderr-all", &[BASIC, EMPTY], "-ai --stderr=all").over(LOCAL_AND_SHELL).from_to("src/ src/none", "dst/").any_stderr(),
    row("stderr-client", &[BASIC, EMPTY], "-ai --stderr=client").over(LOCAL_AND_SHELL).from_to("src/ src/none", "dst/"),
    row("stderr-errors", &[BASIC, EMPTY], "-ai --stderr=e").over(LOCAL_AND_SHELL).from_to("src/ src/none", "dst/"),
    row("list-missing", &[BASIC], "-r --list-only --delete-missing-args").over(&[Via::Local, Via::Pull]).from_to("src/small src/none", "dst/"),
    row("stats-of-missing", &[BASIC, "f dst/none size=5"], "-a --stats --delete-missing-args").over(EVERY_WAY).from_to("src/none src/small", "dst/"),
    row("progress-of-nothing", &[EMPTY], "-av --progress --no-i-r").over(LOCAL_AND_SHELL).from_to("src/none src/b", "dst/"),
    row("progress-of-nothing-quiet", &[EMPTY], "-a --info=flist2,progress --no-i-r").over(LOCAL_AND_SHELL).from_to("src/none src/b", "dst/"),
    row("out-format-client", &[BASIC, OLDER], "-a '--out-format=%a %h %m %P %u %n'")
        .over(EVERY_WAY),
    row("list", &[BASIC], "-r --list-only").from_to("src/", "").over(&[
        Via::Local,
        Via::Pull,
        Via::DaemonPull,
    ]),
    row("list-links", &[BASIC], "-rl --list-only").from_to("src/", "").over(&[
        Via::Local,
        Via::Pull,
        Via::DaemonPull,
    ]),
    row("list-human", &[BASIC], "-rhl --list-only").from_to("src/", ""),
    row("list-no-human", &[BASIC], "-rl --no-h --list-only").from_to("src/", ""),
    row("list-special", &[super::trees::SPECIAL], "-a --list-only")
        .from_to("src/", "")
        .over(&[Via::Local, Via::Pull]),
    row("list-one-file", &[BASIC], "").from_to("src/small", "").over(&[
        Via::Local,
        Via::Pull,
        Via::DaemonPull,
    ]),
    row("list-verbose", &[BASIC], "-rv").from_to("src/", "").over(&[Via::Local, Via::Pull]),
    row("list-of-dir", &[BASIC], "").from_to("src", "").over(&[Via::Local, Via::Pull]),
    row("human-1", &[DELTA], "-av --human-readable --stats"),
    row("eight-bit", &["f src/a\\xe4\\x01b size=3", EMPTY], "-av8").over(LOCAL_AND_SHELL),
    row("eight-bit-escaped", &["f src/a\\xe4\\x01b size=3\nf src/c\\\\#123 size=1", EMPTY], "-avi")
        .over(EVERY_WAY),
    row("no-arguments", &[], "").from_to("", ""),
    row("help", &[], "--help").from_to("", ""),
    row("help-quiet", &[], "-q --help").from_to("", ""),
    row("help-quiet-after", &[], "--help -q").from_to("", ""),
    row("version-quiet", &[], "--version -q").from_to("", ""),
    row("help-alone", &[], "-h").from_to("", ""),
    row("help-of-a-cluster", &[], "-avh").from_to("", ""),
    row("help-of-a-daemon", &[], "--daemon --help").from_to("", ""),
    row("help-of-a-daemon-short", &[], "--daemon -h").from_to("", ""),
    row("info-help-among-others", &[BASIC], "-a --info=name,HELP,nonsense"),
    row("info-help-after-nonsense", &[BASIC], "-a --info=nonsense,help"),
    row("unknown-option", &[BASIC], "-a --nonsense"),
    row("unknown-short-option", &[BASIC], "-a -@x"),
    row("missing-option-value", &[], "--exclude").from_to("", ""),
    row("bad-number", &[BASIC], "-a --timeout=x"),
    row("list-progress-of-the-run", &[BASIC], "-r --list-only --info=progress2").over(&[Via::Local, Via::Pull]).from_to("src/", ""),
    row("list-progress", &[BASIC], "-r --list-only --progress").over(&[Via::Local, Via::Pull]).from_to("src/", ""),
    row("progress-of-the-run-dry", &[BASIC, OLDER], "-an --info=progress2,flist0").over(LOCAL_AND_SHELL),
    row("bad-size-escaped", &[BASIC], "-a --max-size=1\u{e4}\u{1b}[m"),
    row("bad-size-eight-bit", &[BASIC], "-a8 --max-size=1\u{e4}\u{1b}[m"),
    row("bad-size-eight-bit-later", &[BASIC], "-a --max-size=1\u{e4} -8"),
    row("conflict", &[BASIC], "-a --inplace --partial-dir=x"),
    row("conflict-2", &[BASIC], "-a --delete --existing --no-r --no-d"),
    row("rule-before-conflict", &["d src\nf rules text=a\\n-\\sb\\n"], "'--filter=. {top}/rules' --copy-dest=../alt --link-dest=../alt"),
    row("conflict-before-rule", &["d src"], "--copy-dest=../alt --link-dest=../alt --filter=nonsense"),
    row("rule-before-unknown-option", &["d src"], "--filter=nonsense --nonsense"),
    row("rule-file-before-unknown-option", &["d src"], "--exclude-from=none --nonsense"),
    row("rule-before-settings", &["d src"], "-aXX --fake-super --filter=nonsense"),
    row("rule-before-version", &["d src"], "--version --filter=nonsense"),
    row("two-remote", &[BASIC], "-a").from_to("host:src/", "host:dst/"),
    row("outbuf", &[BASIC, OLDER], "-av --outbuf=L").over(LOCAL_AND_SHELL),
    row("log-file", &[BASIC, OLDER], "-a --log-file={top}/log --log-file-format=%i:%n")
        .over(LOCAL_AND_SHELL)
        .any_tree(),
    row("motd-none", &[BASIC], "-a --no-motd").over(&[Via::DaemonPull]),
    row("clusters", &[BASIC, OLDER], "-vrltpogDiB700 -f'- *.o' --no-D --no-v")
        .over(LOCAL_AND_SHELL),
    row("abbreviation-refused", &[BASIC], "--recurs"),
    row(
        "no-options",
        &[BASIC, OLDER],
        "-a --no-times --no-perms --no-links --no-owner --no-group -i",
    )
    .over(LOCAL_AND_SHELL),
    row("no-implied", &[BASIC, OLDER], "-a --no-r -d -i").over(LOCAL_AND_SHELL),
    row("remote-option", &[BASIC, OLDER], "-ai -M--info=name0 --remote-option=--no-i-r")
        .over(SHELL),
    row("secluded-args", &["f src/a\\sb size=4\nf src/x size=3", EMPTY], "-ais").over(SHELL),
    row("secluded-args-debug", &["f src/a\\sb size=4\nf src/x size=3", EMPTY], "-ais --debug=CMD2")
        .over(SHELL)
        .distinct()
        .any_server_args(),
    row("old-args", &["f src/a\\sb size=4\nf src/x size=3", EMPTY], "-ai --old-args").over(SHELL),
    row("argument-with-spaces", &["f src/a\\sb size=4\nf src/a size=3", EMPTY], "-ai")
        .over(EVERY_WAY)
        .from_to("'src/a b'", "dst/"),
    row(
        "argument-with-wildcard",
        &["f src/a1 size=4\nf src/a2 size=3\nf src/b size=2", EMPTY],
        "-ai",
    )
    .over(&[Via::Pull, Via::DaemonPull])
    .from_to("src/a*", "dst/"),
    row(
        "argument-with-specials",
        &["f src/a$b size=4\nf src/q\"uote size=3\nf src/semi;colon size=2", EMPTY],
        "-ai",
    )
    .over(EVERY_WAY)
    .from_to("src/a$b src/q\"uote src/semi;colon", "dst/"),
    row("permissions-shown", &["f src/new size=10 mode=4666\nf src/old size=20 mode=4777\nf src/same size=10 mode=644\nd src/d mode=2750\nf dst/old size=30 mode=2640\nf dst/same size=10 mode=600"], "-rt --out-format=%B:%i:%n").over(EVERY_WAY),
    row("permissions-shown-kept", &["f src/new size=10 mode=4666\nf src/old size=20 mode=4777\nf src/same size=10 mode=644\nd src/d mode=2750\nf dst/old size=30 mode=2640\nf dst/same size=10 mode=600"], "-rtp --out-format=%B:%i:%n").over(LOCAL_AND_SHELL),
    row("quiet-about-all", &[BASIC, EMPTY], "-aq --debug=all5 --iconv=utf8").over(LOCAL_AND_SHELL),
    row("made-like-an-option", &["f src/a size=1"], "-aiv").from_to("src/", "-- -new").over(LOCAL_AND_SHELL),
    row("made-like-an-option-mkpath", &["f src/a size=1"], "-aiv --mkpath").from_to("src/", "-- -new/er").over(LOCAL_AND_SHELL),
    row("permissions-shown-executability", &["f src/new size=10 mode=4666\nf src/old size=20 mode=4777\nf src/same size=10 mode=644\nd src/d mode=2750\nf dst/old size=30 mode=2640\nf dst/same size=10 mode=600"], "-rtE --out-format=%B:%i:%n").over(LOCAL_AND_SHELL),
    row("permissions-shown-dry-run", &["f src/new size=10 mode=4666\nf src/old size=20 mode=4777\nf src/same size=10 mode=644\nd src/d mode=2750\nf dst/old size=30 mode=2640\nf dst/same size=10 mode=600"], "-rtn --out-format=%B:%i:%n").over(LOCAL_AND_SHELL),
    row("permissions-shown-inplace", &["f src/new size=10 mode=4666\nf src/old size=20 mode=4777\nf src/same size=10 mode=644\nd src/d mode=2750\nf dst/old size=30 mode=2640\nf dst/same size=10 mode=600"], "-rt --inplace --chmod=g+w --out-format=%B:%i:%n").over(LOCAL_AND_SHELL),
];
