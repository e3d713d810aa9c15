//! `--fake-super` in every role, and a daemon's `fake super`, `incoming chmod` and `outgoing chmod`.

use super::trees::{BASIC, EMPTY, LINKED, LINKS, OLDER, OWNED, SPECIAL};
use testkit::row::{DAEMON, EVERY_WAY, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, Via, row};

/// Ordinary files that stand for others.
const STORED: &str = r"
f src/file size=10 mode=711 x:user.rsync.%stat=100711\s0,0\s12:34
f src/setid size=10 mode=755 x:user.rsync.%stat=106755\s0,0\s65534:4000000000
f src/char x:user.rsync.%stat=20640\s10,20\s0:6
f src/block x:user.rsync.%stat=60644\s300,70000\s1:2
f src/fifo x:user.rsync.%stat=10600\s0,0\s3:4
f src/socket x:user.rsync.%stat=140755\s0,0\s0:0
f src/link text=file mode=777 x:user.rsync.%stat=120777\s0,0\s5:5
d src/dir x:user.rsync.%stat=42751\s0,0\s5:6
f src/dir/plain size=5
f src/named size=4 x:user.rsync.trusted.t=secret x:user.rsync.security.s=\{s*50} x:user.own=1
";

const ATTRIBUTES: &str = r"
f src/a size=10 mode=4751 uid=12 gid=34 x:user.one=1 x:trusted.two=2 x:trusted.long=\{abcd*40}
f src/acl size=10 acl=u:1:rw-,g:2:r-- x:user.big=\{0123456789*40}
f src/masked size=10 acl=m::r--
d src/d mode=3777 uid=5 acl=u:7:rwx dacl=u:8:r-x,g:9:rwx x:trusted.dir=yes
f src/d/inside size=4 uid=1
l src/l -> a
p src/p mode=640
c src/c dev=1:5 mode=666
d src mtime=5
";

const ATTRIBUTES_OLD: &str = r"
f dst/a size=10 mode=755 x:user.rsync.%stat=104751\s0,0\s12:35 x:user.rsync.trusted.two=3 x:user.rsync.trusted.gone=x
f dst/acl size=10
f dst/masked size=10 x:user.rsync.%stat=100400\s0,0\s7:8
d dst/d x:user.rsync.%stat=40700\s0,0\s5:0
f dst/l text=b mode=777 x:user.rsync.%stat=120777\s0,0\s0:0
f dst/p mode=640 x:user.rsync.%stat=10640\s0,0\s0:0
f dst/c x:user.rsync.%stat=20666\s1,6\s0:0
f dst/extra x:user.rsync.%stat=20666\s1,6\s0:0
";

const PUSH: &[Via] = &[Via::DaemonPush];

const LONG_VALUES: &str = r"
f src/f size=3 x:trusted.t=\{long*400} x:user.one=\{long*300} x:user.zz=\{w*40} x:user.short=v
d src/d x:trusted.a=\{long*400} x:trusted.t=\{w*33} x:user.one=\{long*400}
f src/d/same size=4 x:trusted.t=\{long*400} x:user.one=\{long*300} x:user.zz=\{w*40} x:user.short=v
";
const NOBODY: &str = "uid = 65534\ngid = 65534\nfake super = yes";
const INCOMING: &str = "incoming chmod = Fa-x,Dg+s,o=";

pub const ROWS: &[Row] = &[
    row("client", &[OWNED, SPECIAL, EMPTY], "-ai --fake-super").over(EVERY_WAY),
    row("server", &[OWNED, SPECIAL, EMPTY], "-ai -M--fake-super").over(LOCAL_AND_SHELL),
    row("acls", &[ATTRIBUTES, EMPTY], "-aAi -M--fake-super").over(LOCAL_AND_SHELL),
    row("acls-client", &[ATTRIBUTES, EMPTY], "-aAi --fake-super").over(SHELL),
    row("acls-update", &[ATTRIBUTES, ATTRIBUTES_OLD], "-aAi -M--fake-super").over(LOCAL_AND_SHELL),
    row("xattrs", &[ATTRIBUTES, EMPTY], "-aXi -M--fake-super").over(LOCAL_AND_SHELL),
    row("xattrs-client", &[ATTRIBUTES, EMPTY], "-aXi --fake-super").over(SHELL),
    row("xattrs-update", &[ATTRIBUTES, ATTRIBUTES_OLD], "-aXi -M--fake-super").over(LOCAL_AND_SHELL),
    row("acls-and-xattrs", &[ATTRIBUTES, EMPTY], "-aAXi -M--fake-super").over(LOCAL_AND_SHELL),
    row("update-dry-run", &[ATTRIBUTES, ATTRIBUTES_OLD], "-aAXin --fake-super").over(LOCAL_AND_SHELL),
    row("update-inplace", &[ATTRIBUTES, ATTRIBUTES_OLD], "-aXiI --inplace --fake-super").over(SHELL),
    row("update-delete", &[ATTRIBUTES, ATTRIBUTES_OLD], "-aXi --delete --stats --fake-super -M--fake-super").over(LOCAL_AND_SHELL),
    row("links-made-omit-times", &["l src/a -> x mtime=5\nl src/b -> y mtime=6\nl dst/b -> y mtime=7"], "-aiJ --fake-super").over(SHELL),
    row("link-dest-as-they-are", &["f src/a size=3 mode=444\nf src/s size=3 mode=4755\nl src/l -> x mtime=5\nf alt/a size=3 mode=444\nf alt/s size=3 mode=4755\nl alt/l -> x mtime=5", EMPTY], "-ai --fake-super --link-dest=../alt").over(SHELL),
    row("compare-dest-links", &["l src/l -> x mtime=5\nl alt/l -> x mtime=5", EMPTY], "-ai --fake-super --compare-dest=../alt").over(SHELL),
    row("again", &[STORED, EMPTY], "-aAXii --fake-super").over(LOCAL_AND_SHELL).from_to("src/", "src/"),
    row("replace", &[SPECIAL, "f dst/fifo size=3\nd dst/null\nf dst/file x:user.rsync.%stat=20666\\s1,6\\s0:0\nl dst/big -> x"], "-ai --fake-super").over(LOCAL_AND_SHELL),
    row("restore", &[STORED, EMPTY], "-aAXi --fake-super -M--super").over(LOCAL_AND_SHELL),
    row("restore-client", &[STORED, EMPTY], "-aXi --super -M--fake-super").over(SHELL),
    row("restore-links", &[STORED, EMPTY], "-rtgoi --fake-super -M--super").over(LOCAL_AND_SHELL),
    row("restore-list", &[STORED, EMPTY], "-a --list-only --fake-super").over(LOCAL_AND_SHELL),
    row("restore-without-fake-super", &[STORED, EMPTY], "-aXi").over(LOCAL_AND_SHELL),
    row("twice-x", &[STORED, EMPTY], "-aXXi").over(LOCAL_AND_SHELL),
    row("twice-x-conflict", &[STORED, EMPTY], "-aXXi --fake-super"),
    row("corrupt", &["f src/d/a size=1 x:user.rsync.%stat=nonsense", EMPTY], "-ai --fake-super").over(LOCAL_AND_SHELL).any_stderr().any_stdout().any_tree(),
    row("corrupt-at-receiver", &["f src/a size=1", "f dst/a x:user.rsync.%stat=100644\\s0"], "-ai -M--fake-super").over(LOCAL_AND_SHELL).any_stdout().any_stderr().any_tree(),
    row("hard-links", &[LINKED, "p src/p3\nh src/p4 -> src/p3\nc src/c1 dev=1:3\nh src/c2 -> src/c1", EMPTY], "-aHi --fake-super").over(LOCAL_AND_SHELL),
    row("links", &[LINKS, EMPTY], "-aivv --fake-super --safe-links").over(LOCAL_AND_SHELL).any_order(),
    row("no-perms", &[OWNED, SPECIAL, LINKS, EMPTY], "-rltgoDi --fake-super").over(LOCAL_AND_SHELL),
    row("modes", &["d src/d mode=444\nf src/d/a mode=0 uid=5\nd src/e mode=0\nf src/b mode=77"], "-ai --fake-super").over(LOCAL_AND_SHELL),
    row("older", &[BASIC, OLDER], "-ai --fake-super --chmod=F-w").over(LOCAL_AND_SHELL),
    row("chown", &[OWNED, EMPTY], "-ai --chown=7:8 --fake-super").over(LOCAL_AND_SHELL),
    row("as-nobody", &["d dst uid=65534 gid=65534", "f src/a size=4\nf src/ro size=3 mode=444\nd src/d mode=2755 gid=3\nc src/c dev=1:3\nl src/l -> a\np src/p mode=600"], "-aXi --fake-super").as_nobody(),
    row("as-nobody-no-perms", &["d dst uid=65534 gid=65534", "f src/a size=4\nf src/ro size=3 mode=444\nd src/d mode=2755 gid=3\nc src/c dev=1:3\nl src/l -> a\np src/p mode=644"], "-rltgoDi --fake-super").as_nobody(),
    row("protocol-30", &[ATTRIBUTES, EMPTY], "-aAi -M--fake-super").over(SHELL).protocols(&[30, 31]),
    row("over-real-links", &["l src/same -> file\nl src/other -> file\nl src/file -> nowhere\nf src/link size=5", "l dst/same -> file\nl dst/other -> elsewhere\nf dst/file size=9\nl dst/link -> file"], "-ai -M--fake-super").over(&[Via::Push]),
    row("over-real-links-local", &["l src/same -> file\nl src/other -> file", "l dst/same -> file\nl dst/other -> elsewhere"], "-aiI --fake-super"),
    row("over-real-links-dry", &["l src/same -> file\nl src/other -> file", "l dst/same -> file\nl dst/other -> elsewhere"], "-ain --fake-super"),
    row("protocol-29", &[OWNED, SPECIAL, EMPTY], "-ai -M--fake-super").over(SHELL).protocols(&[28, 29]),
    // Values that the receiver asks for in the order of the names that it stores them under.
    row("daemon-push-long-values", &[LONG_VALUES, EMPTY], "-aXi").over(&[Via::DaemonPush]).modules("fake super = yes"),
    row("push-long-values", &[LONG_VALUES, EMPTY], "-aXi -M--fake-super").over(&[Via::Push]),
    row("pull-long-values", &[LONG_VALUES, EMPTY], "-aXi --fake-super").over(LOCAL_AND_SHELL),
    row("daemon-pull-copy-links", &["f src/f size=3\nd dst"], "-aL").over(&[Via::DaemonPull]).modules("fake super = yes"),
    row("daemon-push", &[ATTRIBUTES, ATTRIBUTES_OLD], "-aAi").over(PUSH).modules("fake super = yes"),
    row("daemon-push-nobody", &["d dst uid=65534 gid=65534", SPECIAL], "-aXXi").over(PUSH).modules(NOBODY),
    row("daemon-off", &[SPECIAL, EMPTY], "-aXi -M--fake-super").over(DAEMON),
    row("incoming-chmod", &["f src/a size=3 mode=755\nd src/d\nl src/l -> a", "f dst/a size=3 mode=777 mtime=5"], "-ai --chmod=Fg+x").over(PUSH).modules(INCOMING),
    row("incoming-chmod-no-perms", &["f src/a size=3 mode=755\nf src/b size=3 mode=755\nf src/c size=3\nd src/d", "f dst/a size=3 mode=777 mtime=5\nf dst/b size=3 mode=777"], "-rtiE").over(PUSH).modules(INCOMING),
    row("incoming-chmod-wrong", &["f src/a size=3 mode=755", EMPTY], "-ai").over(PUSH).modules("incoming chmod = u=rg"),
];
