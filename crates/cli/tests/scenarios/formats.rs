//! Options that shape what is printed: buffering, streams, escapes, formats, logs, numbers, and the environment.

use super::trees::{BASIC, DELTA, EMPTY, LINKED, OLDER, SPECIAL};
use testkit::row::{DAEMON, EVERY_WAY, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, Via, row};

/// Names that need escapes, and the links and hard links among them.
const ODD: &str = r"
f src/esc\x1b[1m size=3
f src/line\nfeed size=4
f src/return\x0d size=5
f src/tab\there size=6
f src/del\x7f size=7
f src/utf\xc3\xa9 size=8
f src/latin\xe9 size=9
f src/c1\xc2\x85 size=9
f src/hash\\#123 size=1
f src/hash\\#12 size=1
f src/perc%nent size=2
l src/link -> to\x1b\nsomewhere
h src/hard\x01 -> src/utf\xc3\xa9
d src/dir\x02
d dst
";

/// A daemon that a connect program starts.
const SERVED: &str = r"
f conf text=use\schroot\s=\sno\n[served]\npath\s=\s%TOP%\nread\sonly\s=\sno\nuid\s=\s0\ngid\s=\s0\n
";

/// New and old directories, a link, and something to delete.
const OLD_NAMES: &str = r"
f src/a size=2
l src/l -> a
h src/h -> src/a
d src/new
f src/s/b size=3
d src/s/t
d src mtime=7
f dst/n/x size=1
d dst/s mtime=1
d dst mtime=7
";

/// A daemon that refuses whoever logs in by his name.
const ASKING: &str =
    "echo @RSYNCD: 31.0; read a; read b; echo @RSYNCD: AUTHREQD c; read u p; echo @ERROR: $u";

/// What nobody may read, and where nobody may write.
const REFUSED: &str = r"
f src/\xff\xe9 size=3 mode=0
f src/\xc3\xbc size=3
d dst
";

pub const ROWS: &[Row] = &[
    row("chosen-sums", &[BASIC, EMPTY], "-rt --cc=md5 '--out-format=%n %C|%40C|%-40C|'").over(SHELL).protocols(&[27, 29, 31]),
    row("chosen-sums-listed", &[BASIC, EMPTY], "-rtc --cc=md4 '--out-format=%n %C|%40C|'").over(SHELL).protocols(&[27, 29, 31]).again_after("find src -type f -exec touch -d @5 {} +"),
    row("no-sums", &[BASIC, EMPTY], "-rt --cc=none '--out-format=%n %C|%40C|%-2C|'").over(SHELL).protocols(&[28, 31]),
    row("no-sums-of-transfers", &[BASIC, EMPTY], "-rtc --cc=none,md5 '--out-format=%n %C|%40C|'").over(SHELL).protocols(&[28, 31]),
    row("outbuf-none", &[BASIC, OLDER], "-av --outbuf=N").over(LOCAL_AND_SHELL),
    row("outbuf-block", &[BASIC, OLDER], "-av --outbuf=Block").over(EVERY_WAY),
    row("outbuf-words", &[BASIC, OLDER], "-ai --outbuf=unbuffered"),
    row("outbuf-full", &[BASIC, OLDER], "-ai --outbuf=f --progress"),
    row("stderr-all", &[BASIC, OLDER], "-avi --info=stats0 --stderr=all").over(LOCAL_AND_SHELL),
    row("stderr-client", &[BASIC, OLDER], "-avi --stderr=c").over(EVERY_WAY),
    row("stderr-errors", &[BASIC, OLDER], "-avi --stderr=e").over(EVERY_WAY),
    row("msgs2stderr", &[BASIC, OLDER], "-av --info=stats0 --msgs2stderr").over(LOCAL_AND_SHELL),
    row("no-msgs2stderr", &[BASIC, OLDER], "-av --no-msgs2stderr").over(LOCAL_AND_SHELL),
    row("stderr-all-with-an-error", &[BASIC, OLDER], "-av --info=stats0 --stderr=a")
        .over(&[Via::Push])
        .from_to("src/ nope", "dst/"),
    row("stderr-client-with-an-error", &[BASIC, OLDER], "-av --stderr=client")
        .over(&[Via::Pull])
        .from_to("src/ nope", "dst/"),
    row("quiet-stderr-all", &[BASIC, OLDER], "-avq --stderr=all").over(LOCAL_AND_SHELL),
    row("escapes-c", &[ODD], "-aHi").over(EVERY_WAY),
    row("escapes-utf-8", &[ODD], "-aHi").environment(&[("LC_ALL", "C.UTF-8")]).over(EVERY_WAY),
    row("escapes-no-such-locale", &[ODD], "-aHi").environment(&[("LC_ALL", "xx_YY.UTF-8")]).over(EVERY_WAY),
    // Before the session no locale counts.
    row("escapes-early-rules", &[BASIC], "-a --exclude-from=né").environment(&[("LC_ALL", "C.UTF-8")]),
    row("escapes-early-rule", &[BASIC], "-a '--filter=né x'").environment(&[("LC_ALL", "C.UTF-8")]),
    row("escapes-early-raw", &[BASIC], "-a8 '--filter=né x'").environment(&[("LC_ALL", "C.UTF-8")]),
    row("escapes-early-names", &[BASIC], "-a --files-from=né").environment(&[("LC_ALL", "C.UTF-8")]),
    row("escapes-early-log", &[BASIC], "-a --log-file=né/log").environment(&[("LC_ALL", "C.UTF-8")]),
    row("escapes-early-batch", &[BASIC], "-a --debug=iconv2 --write-batch=né/b").environment(&[("LC_ALL", "C.UTF-8")]),
    row("escapes-early-replay", &[BASIC], "-a --debug=iconv2 --read-batch=né")
        .environment(&[("LC_ALL", "C.UTF-8")])
        .from_to("", "dst/"),
    row("escapes-later-error", &[BASIC], "-a --debug=iconv2 -r")
        .environment(&[("LC_ALL", "C.UTF-8")])
        .over(EVERY_WAY)
        .from_to("src/né src/", "dst/"),
    row("escapes-8-bit", &[ODD], "-aHi8").over(EVERY_WAY),
    row("escapes-8-bit-long", &[ODD], "-aHi --8-bit-output --no-8 --8-bit-output"),
    row("escapes-off-again", &[ODD], "-aHi8 --no-8-bit-output"),
    row("eight-bit-errors", &[REFUSED], "-r -8").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("eight-bit-errors-stderr-all", &[REFUSED], "-r -8 --stderr=all").over(&[Via::Pull]).as_nobody().any_order(),
    row("eight-bit-errors-server", &[REFUSED], "-r -M-8").over(SHELL).as_nobody().any_order(),
    row("eight-bit-errors-server-client", &[REFUSED], "-r -M-8 --stderr=client").over(SHELL).as_nobody().any_order(),
    row("eight-bit-errors-server-early", &[REFUSED], "-r -M-8 -M--exclude-from=ü").over(SHELL),
    row("eight-bit-errors-old", &[REFUSED], "-r -8").over(LOCAL_AND_SHELL).as_nobody().any_order().protocols(&[28]),
    row("escapes-listed", &[ODD], "-r --list-only").from_to("src/", "").over(&[
        Via::Local,
        Via::Pull,
        Via::DaemonPull,
    ]),
    row("escapes-in-errors", &[ODD], "-a --no-l").from_to("src/no\u{1}pe src/", "dst/"),
    row("format-escapes", &[BASIC, OLDER], "-a --delete '--out-format=%%|%a|%b|%B|%f|%G|%h|%i|%l|%L|%m|%M|%n|%o|%P|%u|%U|%d|%e|%Z|%5|%{apostrophe}'")
        .over(EVERY_WAY)
        .any_order(),
    row("format-numbers", &[DELTA], "-a '--out-format=%l %{apostrophe}l %{apostrophe}{apostrophe}l %{apostrophe}{apostrophe}{apostrophe}l %12{apostrophe}{apostrophe}l %{apostrophe}-12l|'")
        .over(LOCAL_AND_SHELL),
    row("format-human", &[DELTA], "-ahh '--out-format=%l %{apostrophe}l %{apostrophe}{apostrophe}l %9{apostrophe}l'").over(LOCAL_AND_SHELL),
    row("format-widths", &[BASIC, OLDER], "-ai '--out-format=%9i|%-30n|%30n|%-9l|%9l|%3n|%-3M|%20L|'")
        .over(LOCAL_AND_SHELL),
    row("format-links", &[LINKED, EMPTY], "-aH '--out-format=%i %n%L [%10L] [%-10L] %B'")
        .over(LOCAL_AND_SHELL),
    row("format-special", &[SPECIAL], "-a '--out-format=%B %i %n %l %U %G'").over(LOCAL_AND_SHELL),
    row("format-checksum", &[BASIC, OLDER], "-ac --cc=md5 '--out-format=%C %n'").over(LOCAL_AND_SHELL),
    row("format-sums-of-transfers", &[BASIC, OLDER], "-a --cc=md5 '--out-format=%C %n %c'")
        .over(SHELL),
    row("format-empty", &[BASIC, OLDER], "-av --out-format="),
    row("format-text", &[BASIC, OLDER], "-a --out-format=x").over(EVERY_WAY),
    row("format-percent-at-the-end", &[BASIC, OLDER], "-a --out-format=%n%").over(EVERY_WAY),
    row("format-old-name", &[BASIC, OLDER], "-a --log-format=%o=%n").over(LOCAL_AND_SHELL),
    row("format-and-itemize", &[BASIC, OLDER], "-aii --out-format=%n").over(LOCAL_AND_SHELL),
    row("format-dry-run", &[BASIC, OLDER], "-an --delete '--out-format=%o %i %n %l %b %C'")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("format-of-a-daemon", &[BASIC, OLDER], "-a '--out-format=%a|%h|%m|%P|%u|%f|%n'").over(DAEMON),
    row("log-all", &[BASIC, OLDER], "-a --delete --log-file=/dev/stdout '--log-file-format=%o %n%L %l %i'")
        .any_order(),
    row("log-default", &[BASIC, OLDER], "-av --log-file=/dev/stdout").any_order(),
    row("log-nothing", &[BASIC, OLDER], "-a --log-file=/dev/stdout --log-file-format=").any_order(),
    row("log-dry-run", &[BASIC, OLDER, "f dst/old"], "-an --delete --log-file=/dev/stdout").any_order(),
    row("log-dry-run-format", &[BASIC, OLDER, "f dst/old"], "-an --delete --log-file=/dev/stdout --log-file-format=%n").any_order(),
    row("log-info", &[BASIC, OLDER], "-a --info=all2,progress0,stats1 --log-file=/dev/stdout")
        .any_order(),
    row("log-quiet", &[BASIC, OLDER], "-aq --stats --log-file=/dev/stdout").any_order(),
    row("log-error", &[BASIC, OLDER], "-a --log-file=/dev/stdout")
        .from_to("src/ nope", "dst/")
        .any_order(),
    row("server-log", &[BASIC, OLDER], "-a --delete -M--log-file=/dev/stderr")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("server-log-format", &[BASIC, OLDER], "-av -M--log-file=/dev/stderr -M--log-file-format=%o:%n:%l")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("server-log-dry-run", &[BASIC, OLDER], "-ani -M--log-file=/dev/stderr")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("server-log-unopened", &[BASIC], "-a -M--log-file=/nonexist/log").over(LOCAL_AND_SHELL),
    row("human-0", &[BASIC], "-a --no-h --stats --progress").over(LOCAL_AND_SHELL),
    row("human-3", &[DELTA], "-ahhh --stats --progress").over(LOCAL_AND_SHELL),
    row("human-listed-2", &[BASIC], "-rhh --list-only").from_to("src/", ""),
    row("human-listed-3", &[BASIC], "-rhhh").from_to("src/", ""),
    row("list-times", &["f src/a size=5 atime=1100000000\nd src/d atime=1100000000\nl src/l -> a\nf src/d/b atime=1000000000"], "-rlU --list-only")
        .from_to("src/", "")
        .over(&[Via::Local, Via::Pull]),
    row("list-modes", &["f src/a mode=4644\nf src/b mode=2755\nf src/c mode=6711\nd src/d mode=1777\nd src/e mode=1776\nf src/f mode=7000\nf src/g mode=0"], "-r --list-only")
        .from_to("src/", ""),
    row("list-missing", &[BASIC], "-r --list-only --delete-missing-args")
        .from_to("src/nope src/small", "")
        .over(&[Via::Local, Via::Pull]),
    row("list-files-from", &[BASIC], "--list-only --files-from=- ")
        .stdin("small\nsub\nnope\n")
        .from_to("src/", "dst/"),
    row("list-dirs", &[BASIC], "-d --list-only").from_to("src/", "").over(&[Via::Local, Via::Pull]),
    row("list-relative", &[BASIC], "-R --list-only").from_to("src/sub/one", ""),
    row("list-with-destination", &[BASIC, OLDER], "-r --list-only").over(LOCAL_AND_SHELL),
    row("list-compare-dest", &["f src/a\nd dst"], "-r --list-only --compare-dest=../alt").over(EVERY_WAY).from_to("src/", "dst/"),
    row("list-itemized", &[BASIC], "-ri --list-only").from_to("src/", ""),
    row("list-formatted", &[BASIC], "-r --out-format=%n --list-only").from_to("src/", ""),
    row("list-quiet", &[BASIC], "-rq --list-only").from_to("src/", ""),
    row("progress-and-names", &[BASIC, OLDER], "-av --info=progress2"),
    row("progress-without-names", &[BASIC, OLDER], "-a --progress --info=name0").over(LOCAL_AND_SHELL),
    row("progress-of-all", &[BASIC, OLDER], "-aP --info=progress2 --no-i-r").over(LOCAL_AND_SHELL),
    row("progress-format", &[BASIC, OLDER], "-a --progress '--out-format=%i %n %b'")
        .over(LOCAL_AND_SHELL),
    row("progress-quiet", &[BASIC, OLDER], "-aq --progress").over(LOCAL_AND_SHELL),
    row("environment-max-alloc", &[BASIC], "-a").environment(&[("RSYNC_MAX_ALLOC", "5")]),
    row("environment-checksums", &[BASIC, OLDER], "-a --debug=NSTR2")
        .environment(&[("RSYNC_CHECKSUM_LIST", "md4 md5 & md5")])
        .over(SHELL),
    row("environment-no-checksums", &[BASIC, OLDER], "-a")
        .environment(&[("RSYNC_CHECKSUM_LIST", "nope")])
        .over(SHELL),
    row("environment-compressors", &[BASIC, OLDER], "-az --debug=NSTR1")
        .environment(&[("RSYNC_COMPRESS_LIST", "zlibx lz4")])
        .over(SHELL),
    row("environment-no-compressors", &[BASIC, OLDER], "-az")
        .environment(&[("RSYNC_COMPRESS_LIST", "nope")])
        .over(SHELL),
    row("environment-local-checksums", &[BASIC, OLDER], "-aiz --debug=NSTR2")
        .environment(&[("RSYNC_CHECKSUM_LIST", "md4 md5 & sha1 md5"), ("RSYNC_COMPRESS_LIST", "nope zlibx")])
        .one_process()
        .any_order(),
    row("environment-no-local-checksums", &[BASIC, OLDER], "-a")
        .environment(&[("RSYNC_CHECKSUM_LIST", "nope")])
        .one_process(),
    row("environment-other-local-checksums", &[BASIC, OLDER], "-a")
        .environment(&[("RSYNC_CHECKSUM_LIST", "md5 & md4")])
        .one_process(),
    row("environment-no-local-compressors", &[BASIC, OLDER], "-az")
        .environment(&[("RSYNC_COMPRESS_LIST", "zstd & nope")])
        .one_process(),
    row("environment-refused-checksum", &[BASIC, OLDER], "-a --cc=md5")
        .environment(&[("RSYNC_CHECKSUM_LIST", "md4")])
        .over(LOCAL_AND_SHELL)
        .one_process(),
    row("environment-partial-dir", &[BASIC, OLDER], "-ai --partial")
        .environment(&[("RSYNC_PARTIAL_DIR", ".part")])
        .over(LOCAL_AND_SHELL),
    row("environment-old-args", &["f src/a\\sb size=4\nf src/x size=3", EMPTY], "-ai")
        .environment(&[("RSYNC_OLD_ARGS", "1")])
        .over(SHELL),
    row("environment-protect-args", &["f src/a\\sb size=4\nf src/x size=3", EMPTY], "-ai")
        .environment(&[("RSYNC_PROTECT_ARGS", "1")])
        .over(SHELL),
    row("environment-both-args", &[BASIC, EMPTY], "-ai")
        .environment(&[("RSYNC_PROTECT_ARGS", "1"), ("RSYNC_OLD_ARGS", "0")])
        .over(SHELL),
    row("environment-proxy", &[BASIC], "-a")
        .environment(&[("RSYNC_PROXY", "nonsense")])
        .from_to("rsync://127.0.0.1:1/x", "dst/"),
    row("environment-proxy-user", &[BASIC], "-a")
        .environment(&[("RSYNC_PROXY", "u@h:1")])
        .from_to("rsync://127.0.0.1:1/x", "dst/"),
    row("environment-connect-program", &[BASIC], "-a")
        .environment(&[("RSYNC_CONNECT_PROG", "echo '@ERROR: not today'")])
        .from_to("rsync://127.0.0.1/x", "dst/"),
    row("environment-connect-program-daemon", &[BASIC, EMPTY, SERVED], "-aivv --debug=connect")
        .environment(&[("RSYNC_CONNECT_PROG", "{rsync} --daemon --config={top}/conf"), ("TOP", "{top}")])
        .from_to("src/ 127.0.0.1::served/dst/", "")
        .any_order(),
    row("environment-connect-program-pull", &[BASIC, EMPTY, SERVED], "-ai")
        .environment(&[("RSYNC_CONNECT_PROG", "{rsync} --daemon --config={top}/conf"), ("TOP", "{top}")])
        .from_to("127.0.0.1::served/src/", "dst/"),
    // Before protocol 29 formats are for transfers; everything else is named.
    row("old-names", &[OLD_NAMES], "-rlv").over(LOCAL_AND_SHELL).protocols(&[27, 28]),
    row("old-names-plain", &["d src/d mtime=5\nd src/e mode=700\nd dst mtime=5\nd src mtime=5"], "-avO").over(LOCAL_AND_SHELL).protocols(&[28]),
    row("old-names-times", &[OLD_NAMES], "-avH").over(LOCAL_AND_SHELL).protocols(&[28]),
    row("old-names-dry-run", &[OLD_NAMES], "-rlvn").over(LOCAL_AND_SHELL).protocols(&[28]),
    row("old-names-more", &[OLD_NAMES], "-rlvv").over(LOCAL_AND_SHELL).protocols(&[28]).distinct(),
    row("old-names-format", &[OLD_NAMES], "-a --out-format=%o:%n").over(LOCAL_AND_SHELL).protocols(&[28]),
    row("old-names-format-verbose", &[OLD_NAMES], "-av --out-format=%f").over(LOCAL_AND_SHELL).protocols(&[28]),
    row("old-names-format-empty", &[OLD_NAMES], "-a --delete --out-format=").over(&[Via::Pull]).protocols(&[28]),
    row("old-names-deleted", &[OLD_NAMES], "-ai --delete").over(&[Via::Push]).protocols(&[28]),
    row("old-names-logged", &[OLD_NAMES], "-av --log-file=/dev/stderr").over(LOCAL_AND_SHELL).protocols(&[28]),
    row("old-names-logged-format", &[OLD_NAMES], "-a --log-file=/dev/stderr --log-file-format=%n").over(LOCAL_AND_SHELL).protocols(&[28]),
    row("old-names-logged-itemized", &[OLD_NAMES], "-ai --log-file=/dev/stderr").over(LOCAL_AND_SHELL).protocols(&[28]),
    row("names-logged", &[OLD_NAMES], "-av --log-file=/dev/stderr --log-file-format=%n").over(LOCAL_AND_SHELL),
    row("names-logged-whole-list", &[OLD_NAMES], "-av --no-i-r --log-file=/dev/stderr").over(LOCAL_AND_SHELL),
    row("counts-logged", &[OLD_NAMES], "-a --no-i-r --info=flist2 --log-file=/dev/stderr").over(LOCAL_AND_SHELL),
    row("environment-proxy-said", &[BASIC], "-a --debug=connect")
        .environment(&[("RSYNC_PROXY", "127.0.0.1:1")])
        .from_to("rsync://127.0.0.1/x", "dst/"),
    row("environment-connect-program-missing", &[BASIC], "-a")
        .environment(&[("RSYNC_CONNECT_PROG", "/nonexistent/program; read greeting")])
        .from_to("rsync://127.0.0.1/x", "dst/"),
    row("environment-connect-program-debug", &[BASIC], "-a --debug=connect,cmd")
        .environment(&[("RSYNC_CONNECT_PROG", "read greeting; echo '@ERROR: %H 100%%'")])
        .from_to("rsync://127.0.0.1:44/x", "dst/"),
    row("environment-user-empty", &[BASIC], "-a")
        .environment(&[("RSYNC_CONNECT_PROG", ASKING), ("USER", ""), ("LOGNAME", "x"), ("RSYNC_PASSWORD", "p")])
        .from_to("rsync://127.0.0.1/x", "dst/"),
    row("environment-user-typed-empty", &[BASIC], "-a")
        .environment(&[("RSYNC_CONNECT_PROG", ASKING), ("USER", "x"), ("RSYNC_PASSWORD", "p")])
        .from_to("rsync://@127.0.0.1/x", "dst/"),
    row("environment-connect-program-host", &[BASIC], "-a")
        .environment(&[("RSYNC_CONNECT_PROG", "echo %H")])
        .from_to("'rsync://a;b/x'", "dst/"),
    row("environment-posix", &[BASIC, EMPTY], "-a")
        .environment(&[("POSIXLY_CORRECT", "1")])
        .from_to("src/ dst/", "-v"),
];
