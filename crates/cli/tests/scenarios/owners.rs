//! Modes and owners that options change on the way: `--chmod`, `--chown` and the maps, `--super`.

use super::trees::{BASIC, EMPTY, OLDER, OWNED};
use testkit::row::{EVERY_WAY, LOCAL_AND_SHELL, SHELL, Via};
use testkit::{Row, row};

const MODES: &str = r"
f src/a size=5 mode=4711
f src/b size=5 mode=0
f src/c size=5 mode=2070
f src/d size=5 mode=777
d src/sticky mode=1777
d src/setgid mode=2755
f src/setgid/file size=3 mode=640
l src/l -> a
p src/p mode=600
";

const NAMED: &str = r"
f src/root size=1
f src/daemon size=1 uid=1 gid=1
f src/bin size=1 uid=2 gid=2
f src/games size=1 uid=5 gid=60
f src/nameless size=1 uid=12345 gid=23456
f src/acl size=1 acl=u:1:rw-,u:12345:r--,g:2:r--,g:23456:rwx
d src/dir uid=1 gid=2 dacl=u:2:rwx,g:1:r-x
l src/link -> root
";

/// The files of `NAMED` with root's ids.
const STRANGERS: &str = r"
f dst/root size=1 uid=3
f dst/daemon size=1
f dst/bin size=1
f dst/games size=1
f dst/nameless size=1
f dst/acl size=1
d dst/dir
";

/// One entry in each directory, so that every sender sends them in one order.
const CHAIN: &str = r"
d src/d uid=2 gid=2
d src/d/bin uid=2 gid=1
d src/d/bin/nameless uid=70001 gid=2
d src/d/bin/nameless/root
f src/d/bin/nameless/root/bin size=3 uid=2 gid=2
";

pub const ROWS: &[Row] = &[
    row("chmod-many", &[MODES, EMPTY], "-ai --chmod=Dg+s,ug+w --chmod=Fo-rwx,+X --chmod=u=rwX")
        .over(EVERY_WAY),
    row("chmod-special", &[MODES, EMPTY], "-ai --chmod=Fa+s,Da+t,o=g,g=u").over(LOCAL_AND_SHELL),
    row("chmod-special-of-nobody", &[MODES, EMPTY], "-ai --chmod=F+s,D+t").over(LOCAL_AND_SHELL),
    row("chmod-special-of-all", &[MODES, EMPTY], "-ai --chmod=Da+s,Fug+s,o+t").over(LOCAL_AND_SHELL),
    row("chmod-shut-umask", &[MODES, EMPTY], "-ai --chmod=+w,=rX").over(LOCAL_AND_SHELL).umask("077"),
    row("chmod-shut-umask-new", &[MODES, EMPTY], "-ri --chmod=g+w,F+x").over(LOCAL_AND_SHELL).umask("077"),
    row("shut-umask", &[MODES, EMPTY], "-rti").over(LOCAL_AND_SHELL).umask("077"),
    row("umask-shuts-destination", &["f src/a size=3"], "-rti").over(LOCAL_AND_SHELL).as_nobody().umask("177"),
    row("umask-shuts-destination-all", &["f src/a size=3"], "-rti --backup --backup-dir=bk").over(LOCAL_AND_SHELL).as_nobody().umask("577"),
    row("umask-leaves-destination", &["f src/a size=3"], "-rti").over(LOCAL_AND_SHELL).as_nobody().umask("277"),
    row("shut-destination", &["f src/a size=3\nd dst uid=65534 mode=600"], "-rti").from_to("src/", "dst").over(LOCAL_AND_SHELL).as_nobody(),
    row("shut-destination-dry", &["f src/a size=3\nd dst uid=65534 mode=600"], "-tin").from_to("src/a", "dst").over(LOCAL_AND_SHELL).as_nobody(),
    row("chmod-umask-file", &[MODES, EMPTY], "-ai --chmod=F=rw,D+w").over(LOCAL_AND_SHELL),
    row("chmod-umask", &[MODES, EMPTY], "-ai --chmod=+w,=rX").over(LOCAL_AND_SHELL),
    row("chmod-octal-mixed", &[MODES, EMPTY], "-ai --chmod=D2750,F0,Fu+r").over(LOCAL_AND_SHELL),
    row("chmod-dry-run", &[MODES, "f dst/a size=5 mode=711"], "-ain --chmod=a=rx").over(SHELL),
    row("chmod-list", &[MODES, EMPTY], "-a --list-only --chmod=a=rx,Dg+s").over(LOCAL_AND_SHELL),
    row("chmod-not-perms", &[MODES, "f dst/a size=5 mode=600\nf dst/d size=5 mode=600"], "-rti --chmod=a-x")
        .over(LOCAL_AND_SHELL),
    row("chmod-executability", &[MODES, "f dst/a size=5 mode=644\nf dst/d size=5 mode=755"], "-rtiE --chmod=a-x")
        .over(LOCAL_AND_SHELL),
    row("ids-debug", &[NAMED, STRANGERS], "-a --size-only --debug=OWN2").over(LOCAL_AND_SHELL).any_order(),
    row("ids-debug-no-inc", &[NAMED, STRANGERS], "-a --size-only --no-i-r --debug=OWN2")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("ids-debug-mapped", &[NAMED, STRANGERS], "-a --size-only --numeric-ids --usermap=12345:77 --debug=OWN2")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("chmod-acls", &[NAMED, EMPTY], "-aAi --chmod=g-w,o=").over(LOCAL_AND_SHELL),
    row("chmod-remote", &[MODES, EMPTY], "-ai --chmod=F+t -M--chmod=Fa-x,Fo=g").over(LOCAL_AND_SHELL),
    row("chmod-wrong", &[BASIC, EMPTY], "-a --chmod=a+x --chmod=u=rg").over(LOCAL_AND_SHELL),
    row("chmod-wrong-empty", &[BASIC, EMPTY], "-a --chmod=a+x,,g+w"),
    row("chmod-wrong-remote", &[BASIC, EMPTY], "-a -M--chmod=DFg+w").over(SHELL),
    row("chown-names", &[NAMED, EMPTY], "-ai --chown=games:bin").over(EVERY_WAY),
    row("chown-user", &[NAMED, EMPTY], "-ai --chown=12").over(SHELL),
    row("chown-group", &[NAMED, EMPTY], "-ai --chown=:daemon").over(SHELL),
    row("chown-nothing", &[NAMED, EMPTY], "-ai --chown=:"),
    row("chown-implies", &[NAMED, EMPTY], "-rti --chown=3:4").over(LOCAL_AND_SHELL),
    row("chown-unknown", &[NAMED, EMPTY], "-ai --chown=nosuchuser:nosuchgroup").over(EVERY_WAY),
    row("chown-twice", &[NAMED, EMPTY], "-ai --chown=3 --chown=:4 --chown=5"),
    row("chown-usermap", &[NAMED, EMPTY], "-ai --chown=3 --usermap=1:2"),
    row("usermap-chown", &[NAMED, EMPTY], "-ai --usermap=1:2 --chown=3"),
    row("usermap-twice", &[NAMED, EMPTY], "-ai --usermap=1:2 --usermap=2:3"),
    row("groupmap-twice", &[NAMED, EMPTY], "-ai --groupmap=1:2 --groupmap=2:3"),
    row("usermap-names", &[NAMED, EMPTY], "-ai --usermap=daemon:games,b?n:3,root:77,:501 --groupmap=*m*:33,1-2:44,:600")
        .over(EVERY_WAY),
    row("usermap-names-whole-list", &[NAMED, EMPTY], "-ai --no-inc-recursive --usermap=daemon:games,b?n:3,root:77,:501 --groupmap=*m*:33,1-2:44,:600")
        .over(SHELL),
    row("usermap-old-protocols", &[NAMED, EMPTY], "-ai --usermap=daemon:games,b?n:3,root:77,:501 --groupmap=*m*:33,1-2:44,:600")
        .over(SHELL)
        .protocols(&[28, 29, 30, 31]),
    row("usermap-numeric", &[NAMED, EMPTY], "-ai --numeric-ids --usermap=root:7,1:501,*:600 --groupmap=bin:5,2:9")
        .over(LOCAL_AND_SHELL),
    row("usermap-acls", &[NAMED, EMPTY], "-aAi --usermap=1:501,12345:bin --groupmap=bin:games,23456:77")
        .over(LOCAL_AND_SHELL),
    row("usermap-acls-numeric", &[NAMED, EMPTY], "-aAi --numeric-ids --usermap=1:501,12345:bin --groupmap=2:60,23456:77")
        .over(LOCAL_AND_SHELL),
    row("usermap-acls-whole-list", &[NAMED, EMPTY], "-aAi --no-inc-recursive --usermap=1:501,12345:bin --groupmap=bin:games")
        .over(SHELL),
    row("usermap-acls-numeric-whole-list", &[NAMED, EMPTY], "-aAi --no-inc-recursive --numeric-ids --usermap=1:501,12345:bin --groupmap=2:60")
        .over(SHELL),
    row("usermap-ranges", &[OWNED, EMPTY], "-ai --usermap=999-2000:5,5-0:6,70000-60000:7,4000000000:9,9-0:1")
        .over(LOCAL_AND_SHELL),
    row("usermap-first-wins", &[OWNED, EMPTY], "-ai --usermap=1000:7,0-2000:8,*:9").over(SHELL),
    row("usermap-unknown-name", &[NAMED, EMPTY], "-ai --usermap=1:nosuch,2:alsonot,*:7").over(EVERY_WAY),
    row("usermap-impossible", &["f src/a size=3", EMPTY], "-ai --usermap=*:4294967295 --groupmap=*:3").over(LOCAL_AND_SHELL),
    row("usermap-no-colon", &[BASIC, EMPTY], "-av --usermap=daemon").over(LOCAL_AND_SHELL),
    row("usermap-no-name", &[BASIC, EMPTY], "-av --usermap=1:2,daemon:").over(LOCAL_AND_SHELL),
    row("usermap-not-a-number", &[BASIC, EMPTY], "-av --usermap=5x:7,a:nosuch"),
    row("usermap-too-large", &[BASIC, EMPTY], "-av --usermap=4294967296:7"),
    row("usermap-to-too-large", &[BASIC, EMPTY], "-av --groupmap=1:4294967296").over(SHELL),
    row("usermap-without-owner", &[NAMED, EMPTY], "-ai --usermap=1:501 --no-o").over(SHELL),
    row("usermap-update", &[NAMED, "f dst/daemon size=1 uid=501\nf dst/bin size=1 uid=2"], "-aii --usermap=1:501,2:502")
        .over(LOCAL_AND_SHELL),
    row("usermap-as-nobody", &["d dst uid=65534\nf src/a size=4"], "-ai --usermap=0:5 --groupmap=0:65534").as_nobody(),
    row("groupmap-without-groups", &["f src/a size=3 gid=5\nd src/d gid=1000\nf dst/a size=3 gid=5\nd dst/d gid=1000"], "-ai --groupmap=1-1000:99 --no-g").over(EVERY_WAY),
    row("usermap-without-users", &["f src/a size=3 uid=5\nd src/d uid=1000\nf dst/a size=3 uid=5\nd dst/d uid=1000"], "-ai --usermap=1-1000:99 --no-o").over(EVERY_WAY),
    row("user-shown-of-nobody", &[CHAIN, "d dst uid=65534"], "-a '--out-format=%n|%U|%G' --chown=33:65534")
        .over(EVERY_WAY)
        .as_nobody(),
    row("user-shown-of-nobody-mapped", &[CHAIN, "f src/d/bin/x uid=3\nh src/d/bin/y -> src/d/bin/x\nd dst uid=65534"], "-rtoH '--out-format=%n|%U|%G' --usermap=bin:5,3:6,70001:7")
        .over(LOCAL_AND_SHELL)
        .as_nobody(),
    row("user-shown-of-nobody-whole-list", &[CHAIN, "d dst uid=65534"], "-a '--out-format=%n|%U|%G' --chown=33:44 --no-i-r")
        .over(LOCAL_AND_SHELL)
        .protocols(&[29, 32])
        .as_nobody(),
    row("user-shown-of-nobody-numeric", &[CHAIN, "d dst uid=65534"], "-a '--out-format=%n|%U|%G' --chown=33:44 --numeric-ids")
        .over(LOCAL_AND_SHELL)
        .as_nobody(),
    row("user-shown-without-super", &[CHAIN, EMPTY], "-a '--out-format=%n|%U|%G' --chown=33:44 --no-super").over(LOCAL_AND_SHELL),
    row("user-logged", &[CHAIN, "d dst uid=33"], "-a --chown=33:44 -M--copy-as=33:44 -M--log-file={log} '-M--log-file-format=%i|%n|%U|%G'")
        .over(&[Via::Push])
        .any_stderr(),
    row("ids-debug-lists", &[CHAIN, EMPTY], "-a --no-i-r --debug=OWN2,FLIST3 --usermap=70001:6 --groupmap=bin:7").over(LOCAL_AND_SHELL),
    row("ids-debug-lists-of-nobody", &[CHAIN, "d dst uid=65534"], "-a --no-i-r --debug=OWN2,FLIST3 --chown=33:65534").over(LOCAL_AND_SHELL).as_nobody(),
    row("super-off", &[OWNED, EMPTY], "-ai --no-super").over(LOCAL_AND_SHELL),
    row("omit-times-with-atimes", &[BASIC, OLDER], "-aUOJi").over(LOCAL_AND_SHELL),
    row("open-noatime", &["f src/a size=10 atime=1300000000\nf src/b size=70000 atime=1300000000", EMPTY], "-ai --open-noatime")
        .over(EVERY_WAY)
        .atimes(),
    row("open-noatime-checksum", &["f src/a size=10 atime=1300000000\nf src/b size=700 atime=1300000000\nf dst/a size=10 atime=1300000000\nf dst/b size=700 edits=1 atime=1300000000"], "-aic --no-W --open-noatime")
        .over(EVERY_WAY)
        .atimes(),
    row("open-noatime-not-ours", &["d src\nd src/d\nf src/d/f size=5\nd dst uid=65534"], "-rlpi --open-noatime").over(LOCAL_AND_SHELL).as_nobody(),
    row("open-noatime-file-not-ours", &["d src\nf src/f size=5\nd dst uid=65534"], "-rlpi --open-noatime").over(LOCAL_AND_SHELL).from_to("src/f", "dst/").as_nobody(),
    row("open-noatime-checksum-not-ours", &["d src\nf src/f size=5\nd dst uid=65534\nf dst/f size=5 uid=65534"], "-rlpic --open-noatime").from_to("src/f", "dst/").as_nobody(),
    row("open-noatime-basis-not-ours", &["d src uid=65534\nf src/f size=5000 edits=3 uid=65534\nf src/g size=5000 uid=65534\nd dst uid=65534\nf dst/f size=5000 mtime=5\nf dst/g size=5000"], "-rlpicv --stats --no-W --open-noatime").as_nobody(),
    row("atimes-twice-not-ours", &["d src\nd src/d\nf src/d/f size=5\nd dst uid=65534"], "-rlptUUi").as_nobody(),
    row("atimes-twice", &["f src/a size=10 atime=1300000000\nf src/b size=70000 atime=1300000000", EMPTY], "-aUUi")
        .over(EVERY_WAY)
        .atimes(),
    row("crtimes", &[BASIC, EMPTY], "-aN").over(LOCAL_AND_SHELL),
    row("crtimes-off", &[BASIC, EMPTY], "-a --no-N --no-crtimes").over(LOCAL_AND_SHELL),
];
