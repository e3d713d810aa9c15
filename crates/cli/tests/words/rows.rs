//! Words over trees and options of their own.

use testkit::row::{DAEMON, EVERY_WAY, LOCAL_AND_SHELL, Row, SHELL, Via, row};

/// Groups of hard links: up to date, to be sent, in part of either, in an alternate directory.
const LINKS: &str = r"
f src/a1 text=a\n mtime=1577836800
h src/a2 -> src/a1
h src/a3 -> src/a1
h src/s/a4 -> src/a1
h src/s/t/a5 -> src/a1
f src/b1 text=b\n mtime=1577836800
h src/b2 -> src/b1
h src/b3 -> src/b1
h src/s/b4 -> src/b1
f src/c1 text=c\n mtime=1577836800
h src/c2 -> src/c1
h src/s/c3 -> src/c1
f src/d1 text=d\n mtime=1577836800
h src/d2 -> src/d1
h src/s/d3 -> src/d1
p src/p1
h src/p2 -> src/p1
f dst/a2 text=older
f dst/b2 text=b\n mtime=1577836800
f dst/s/b4 text=newer mtime=2000000000
f alt/c1 text=c\n mtime=1577836800
f more/d1 text=d\n mtime=1577836800
h more/d2 -> more/d1
";

/// Several sources.
const PLACES: &str = r"
f src/a text=a\n
f src/sub/b text=b\n
f src/sub/deep/c text=c\n
f src2/d text=d\n
f src2/x/e text=e\n
f one/o text=o\n
f plain text=p\n
f names text=src/./a\none/o\nplain\nsrc/sub/b\n
d dst/sub
";

/// Something to fail at: a directory in the way of a file, too many deletions, a file that is no directory.
const FAILURES: &str = r"
f src/a text=a\n
f src/sub/b text=b\n
f dst/e1 text=1\n
f dst/e2 text=2\n
f dst/e3 text=3\n
f way/a/f text=in\sthe\sway\n
f plain text=p\n
";

/// Nobody may read all of it.
const UNREADABLE: &str = r"
d src uid=65534 gid=65534
f src/a text=a\n uid=65534 gid=65534
f src/b text=b\n uid=65534 gid=65534 mode=000
d dst uid=65534 gid=65534
";

const BIG: &str = r"
f src/big size=300000
f src/small text=s\n
d dst
";

/// Owners and groups, also in ACLs.
const OWNERS: &str = r"
f src/a text=a uid=1 gid=2
f src/d/b text=b uid=33 gid=33
f src/d/c text=c uid=65534 gid=65534
d src/d uid=12345 gid=54321
l src/l -> a
f dst/a text=older
";

/// A basis for each file, each in another place; an empty one, too.
const BASES: &str = r"
f src/f1 size=3000 mtime=1577836800
f src/f2 size=3000 mtime=1577836800
f src/f3 size=3000 mtime=1577836800
f src/file-1.0.txt size=3000 mtime=1577836800
f src/f6 size=300 mtime=1577836800
f src/s/g size=300 mtime=1577836800
f dst/f1 size=3000 edits=1 mtime=1500000000
f alt/f2 size=3000 edits=1 mtime=1500000000
f dst/p/f3 size=2000 edits=1 mtime=1500000000
f dst/file-0.9.txt size=3000 edits=1 mtime=1500000000
f dst/f6 mtime=1500000000
f dst/s/old size=5
";

const OPEN: &str = "d src/a/b mode=711\nd dst uid=65534";

/// With a directory that its owner may write, but not enter.
const CLOSED: &str = "d src/a/b mode=600 uid=65534\nd dst uid=65534";

/// Nothing but files that are similar to one.
const SIMILAR: &str = r"
f src/file-1.0.txt size=3000 mtime=1577836800
f dst/file-0.9.txt size=3000 edits=1 mtime=1500000000
f dst/file-0.8.txt size=2900 mtime=1500000000
f dst/d/other size=10
";

/// Where the ends tell each other of an error in the same way; our daemon does not echo what it is told.
const TOLD: &[Via] = &[Via::Local, Via::Push, Via::Pull, Via::DaemonPull];

pub const ROWS: &[Row<'_>] = &[
    row("links", &[LINKS], "-aH --debug=hlink3,genr").over(LOCAL_AND_SHELL),
    row("links", &[LINKS], "-aH --debug=hlink3,genr --no-i-r").over(LOCAL_AND_SHELL),
    row("links", &[LINKS], "-aH --debug=hlink3,genr --protocol=29").over(LOCAL_AND_SHELL),
    row("links", &[LINKS], "-aH --debug=hlink3,genr --no-i-r -n"),
    row("links", &[LINKS], "-aH --debug=hlink3,genr --no-i-r --existing"),
    row("links", &[LINKS], "-aH --debug=hlink3,genr --no-i-r --ignore-existing"),
    row("links", &[LINKS], "-aH --debug=hlink3,genr --no-i-r --update"),
    row("links", &[LINKS], "-aH --debug=hlink3,genr --no-i-r --max-size=1"),
    row(
        "links",
        &[LINKS],
        "-aH --debug=hlink3,genr --no-i-r -c --link-dest=../alt --link-dest=../more",
    ),
    row(
        "links",
        &[LINKS],
        "-aH --debug=hlink3,genr --no-i-r --copy-dest=../alt --copy-dest=../more",
    ),
    row(
        "links",
        &[LINKS],
        "-aH --debug=hlink3,genr --no-i-r -n --compare-dest=../alt --compare-dest=../more",
    ),
    row("places", &[PLACES], "-a --debug=chdir")
        .from_to("src/ src2/", "dst/")
        .over(LOCAL_AND_SHELL),
    row("places", &[PLACES], "-a --debug=chdir -M--debug=chdir")
        .from_to("src/ src2/", "dst/")
        .over(SHELL),
    row("places", &[PLACES], "-a --debug=chdir -M--debug=chdir")
        .from_to("src/ src2/", "dst/")
        .over(DAEMON),
    row("places", &[PLACES], "-a --debug=chdir --no-i-r").from_to("src/sub src2/ plain", "dst/"),
    row("places", &[PLACES], "-a --debug=chdir --remove-source-files")
        .from_to("src/a one/o", "dst/"),
    row("places", &[PLACES], "-a --debug=chdir").from_to("src/a nosrc/x plain nosrc/y", "dst/"),
    row("places", &[PLACES], "-a --debug=chdir -R --exclude=dst")
        .from_to("src/./sub/b one/./o ./", "dst/"),
    row("places", &[PLACES], "-a --debug=chdir --files-from=names").from_to(".", "dst/"),
    row("places", &[PLACES], "-a --debug=chdir --files-from=names --no-R").from_to("src", "dst/"),
    row("places", &[PLACES], "-a --debug=chdir").from_to("src/a", "new"),
    row("places", &[PLACES], "-a --debug=chdir -n --mkpath").from_to("src/a", "new"),
    row("places", &[PLACES], "-a --debug=chdir").from_to("src/a", "new/"),
    row("places", &[PLACES], "-a --debug=chdir -n --mkpath").from_to("src/a", "new/"),
    row("places", &[PLACES], "-a --debug=chdir").from_to("src/a", "dst/new"),
    row("places", &[PLACES], "-a --debug=chdir -n --mkpath").from_to("src/a", "dst/new"),
    row("places", &[PLACES], "-a --debug=chdir").from_to("src/a", "one/o"),
    row("places", &[PLACES], "-a --debug=chdir -n --mkpath").from_to("src/a", "one/o"),
    row("places", &[PLACES], "-a --debug=chdir").from_to("src/a", "no/new"),
    row("places", &[PLACES], "-a --debug=chdir -n --mkpath").from_to("src/a", "no/new"),
    row("places", &[PLACES], "-a --debug=chdir").from_to("src/a", "."),
    row("places", &[PLACES], "-a --debug=chdir -n --mkpath").from_to("src/a", "."),
    row("places", &[PLACES], "-a --debug=chdir").from_to("src/a", "./"),
    row("places", &[PLACES], "-a --debug=chdir -n --mkpath").from_to("src/a", "./"),
    row("places", &[PLACES], "-a --debug=chdir").from_to("src/a", "dst/../dst/sub"),
    row("places", &[PLACES], "-a --debug=chdir -n --mkpath").from_to("src/a", "dst/../dst/sub"),
    row("exit", &[FAILURES], "-a --debug=exit3").from_to("nosrc src/", "dst/").over(EVERY_WAY),
    row("exit", &[FAILURES], "-a --debug=exit3").from_to("src/", "way/").over(EVERY_WAY),
    row("exit", &[FAILURES], "-a --debug=exit3 --delete --max-delete=2").over(EVERY_WAY),
    row("exit", &[FAILURES], "-a --debug=exit3 -n --delete --max-delete=2").over(EVERY_WAY),
    row("exit", &[FAILURES], "-a --debug=exit3").from_to("src/", "no/no/no").over(TOLD),
    row("exit", &[FAILURES], "-a --debug=exit3").from_to("src/", "plain").over(TOLD),
    row("exit", &[FAILURES], "-a --debug=exit3 --temp-dir=none").over(TOLD),
    row("exit", &[FAILURES], "-a --debug=exit3 --bogus").over(EVERY_WAY),
    row("exit", &[FAILURES], "-a --debug=exit3 --files-from=nofile").over(EVERY_WAY),
    row("exit", &[FAILURES], "-a --debug=exit3 --partial-dir=/p --inplace").over(EVERY_WAY),
    row("exit", &[FAILURES], "-a --debug=exit3 --compress-choice=bogus").over(LOCAL_AND_SHELL),
    row("exit", &[FAILURES], "-a --debug=exit3 --max-alloc=10").over(LOCAL_AND_SHELL),
    // One that ended before it has read the version would be met by a broken pipe now and then.
    row("exit", &[FAILURES], "-a --debug=exit3 --rsync-path='head -c4 >/dev/null; exit 12;'")
        .over(SHELL),
    row("exit", &[FAILURES], "-a --debug=exit3 --write-batch=/no/no"),
    row("exit", &[FAILURES], "-a --debug=exit3 --read-batch=/no/no").from_to("", "dst/"),
    row("exit", &[FAILURES], "-a --debug=exit3").from_to("host:x host2:y", "dst/"),
    row("exit", &[FAILURES], "-a --debug=exit3").from_to("nosrc/", "dst/").over(LOCAL_AND_SHELL),
    row("exit", &[UNREADABLE], "-a --debug=exit3 -rt --no-o --no-g --no-D")
        .over(LOCAL_AND_SHELL)
        .as_nobody(),
    row("exit", &[BIG], "-a --debug=exit3").limited("--fsize=100000"),
    // Without directories' times the whole list is gone through again only if one of them had to be opened up.
    row("times-not-kept", &[CLOSED], "-rp --debug=time2 --no-i-r").over(LOCAL_AND_SHELL),
    row("times-not-kept-nobody", &[CLOSED], "-rp --debug=time2 --no-i-r")
        .over(LOCAL_AND_SHELL)
        .as_nobody(),
    row("times-omitted-nobody", &[OPEN], "-rtpO --debug=time2 --no-i-r")
        .over(LOCAL_AND_SHELL)
        .as_nobody(),
    row("times-omitted-segments", &[OPEN], "-rtpO --debug=time2").over(LOCAL_AND_SHELL),
    row("bases", &[BASES], "-a --debug=deltasum3,flist2,recv,backup2,time2,fuzzy2")
        .over(LOCAL_AND_SHELL),
    row("bases", &[BASES], "-a --debug=deltasum3,flist2,recv,backup2,time2,fuzzy2 --no-W")
        .over(LOCAL_AND_SHELL),
    row("bases", &[BASES], "-a --debug=deltasum3,flist2,recv,backup2,time2,fuzzy2 -n"),
    row(
        "bases",
        &[BASES],
        "-a --debug=deltasum3,flist2,recv,backup2,time2,fuzzy2 --no-W --compare-dest=../alt",
    ),
    row(
        "bases",
        &[BASES],
        "-a --debug=deltasum3,flist2,recv,backup2,time2,fuzzy2 --no-W --link-dest={top}/alt",
    ),
    row(
        "bases",
        &[BASES],
        "-a --debug=deltasum3,flist2,recv,backup2,time2,fuzzy2 --no-W --partial-dir=p",
    ),
    row(
        "bases",
        &[SIMILAR],
        "-a --debug=deltasum3,flist2,recv,backup2,time2,fuzzy2 --no-W --fuzzy",
    )
    .over(LOCAL_AND_SHELL),
    row(
        "bases",
        &[BASES],
        "-a --debug=deltasum3,flist2,recv,backup2,time2,fuzzy2 --inplace --no-W",
    ),
    row(
        "bases",
        &[BASES],
        "-a --debug=deltasum3,flist2,recv,backup2,time2,fuzzy2 --inplace --no-W -b",
    )
    .over(LOCAL_AND_SHELL),
    row(
        "bases",
        &[BASES],
        "-a --debug=deltasum2,flist2,recv,backup2,fuzzy2 --inplace --no-W -b --backup-dir=bb --delete",
    ),
    row("bases", &[BASES], "-a --debug=deltasum3,flist2,recv,backup2,time2,fuzzy2 --append"),
    row(
        "bases",
        &[BASES],
        "-a --debug=deltasum3,flist2,recv,backup2,time2,fuzzy2 --no-W --delete-after -b --backup-dir=../bak",
    ),
    row("owners", &[OWNERS], "-a --debug=own2").over(EVERY_WAY),
    row("owners", &[OWNERS], "-a --debug=own2 --numeric-ids"),
    row("owners", &[OWNERS], "-a --debug=own2 --fake-super").over(EVERY_WAY),
    row("owners", &[OWNERS], "-a --debug=own2 -n"),
    row("owners", &[OWNERS], "-a --debug=own2 --usermap=1:33,*:0"),
    row("owners", &[OWNERS], "-a --debug=own2 --groupmap=*:3 --no-i-r"),
    row("owners", &[OWNERS], "-a --debug=own2 --protocol=29"),
    row("others", &[OWNERS], "-a --debug=own2").over(LOCAL_AND_SHELL).as_nobody(),
    row("others", &[OWNERS], "-a --debug=own2 --numeric-ids").over(LOCAL_AND_SHELL).as_nobody(),
    row("others", &[OWNERS], "-a --debug=own2 -n").over(LOCAL_AND_SHELL).as_nobody(),
    row("others", &[OWNERS], "-a --debug=own2 --no-i-r").over(LOCAL_AND_SHELL).as_nobody(),
    row("others", &[OWNERS], "-a --debug=own2 --groupmap=*:65534")
        .over(LOCAL_AND_SHELL)
        .as_nobody(),
    row("lists", &[LINKS], "-aH --debug=flist3").over(LOCAL_AND_SHELL),
    row("lists", &[LINKS], "-aH --debug=flist3 --protocol=29").over(LOCAL_AND_SHELL),
    row("lists", &[OWNERS], "-a --debug=flist3 --no-i-r -n").over(LOCAL_AND_SHELL),
    row("lists", &[OWNERS], "-d --debug=flist3 --no-r -o"),
    row("lists", &[OWNERS], "-a --debug=flist3,own2 --usermap=1:3 --groupmap=33:2")
        .over(LOCAL_AND_SHELL),
    row("lists", &[OWNERS, "f dst/y\nd dst/z"], "-a --debug=flist3 --delete --no-super"),
    row(
        "others",
        &[OWNERS, "d dst uid=65534\nf dst/x uid=65534\nf dst/y\nd dst/z uid=65534"],
        "-a --debug=flist3 --delete --chown=33:65534",
    )
    .over(LOCAL_AND_SHELL)
    .as_nobody(),
    row("lists", &[PLACES], "-a --debug=flist3 --no-i-r").from_to("src/ src2/ src", "dst/"),
    row("lists", &[PLACES], "-a --debug=flist3").from_to("src src2", "dst/").over(EVERY_WAY),
];
