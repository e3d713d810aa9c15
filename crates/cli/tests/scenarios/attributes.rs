//! Metadata: rights, owners, times, links, devices, ACLs, extended attributes.

use super::trees::{BASIC, EMPTY, LINKED, LINKS, OLDER, OWNED, SPECIAL};
use testkit::row::{EVERY_WAY, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, row};

const ACLS: &str = r"
f src/a size=10 acl=u:1000:rw-,g:5:r--
f src/plain size=10
d src/d acl=u:7:rwx dacl=u:8:r-x,g:9:rwx
f src/d/inside size=4
f src/masked acl=u:3:rwx,m::r-- mode=640
f src/big acl=u:1:r--,u:2:r--,u:3:r--,u:4:r--,u:5:r--,u:6:r--,u:7:r--,u:8:r--,u:9:r--,g:1:r--,g:2:r--,g:3:r--,u:70000:rwx,u:80000:rwx
l src/l -> a
";

const ACLS_OLD: &str = r"
f dst/a size=10 acl=u:1001:r--
f dst/plain size=10 acl=u:5:rwx
d dst/d acl=u:7:r-x
";

const XATTRS: &str = r"
f src/a size=10 x:user.one=1 x:user.two=second\svalue
f src/long size=10 x:user.long=\{abcdefgh*40} x:user.short=s
f src/huge size=10 x:user.huge=\{0123456789*300}
f src/binary size=10 x:user.nul=a\x00b\xffc x:user.empty=
f src/trusted size=10 x:trusted.t=secret
d src/d x:user.dir=yes
f src/d/same x:user.long=\{abcdefgh*40}
f src/none size=3
";

const XATTRS_OLD: &str = r"
f dst/a size=10 x:user.one=1 x:user.three=gone
f dst/long size=10 x:user.long=\{abcdefgX*40} x:user.short=s
f dst/none size=3 x:user.remove=me
";

const TIMES: &str = r"
f src/epoch size=1 mtime=0
f src/before size=1 mtime=-100000.75
f src/long-before size=1 mtime=-2000000000
f src/y2038 size=1 mtime=2147483648.5
f src/y2106 size=1 mtime=4294967296.123456789
f src/far size=1 mtime=15000000000
f src/nano size=1 mtime=1500000000.000000001
d src/dir mtime=5
l src/link -> far mtime=77.5
";

const MODES: &str = r"
f src/a size=5 mode=4711
f src/b size=5 mode=0
f src/c size=5 mode=2070
f src/d size=5 mode=777
d src/sticky mode=1777
d src/setgid mode=2755
f src/setgid/file size=3 mode=640
d src/closed mode=0
f src/x size=5 mode=755
";

const MODES_OLD: &str = r"
f dst/a size=5 mode=600
f dst/b size=5 mode=644
f dst/c size=6 mode=777
f dst/x size=5 mode=644
d dst/sticky mode=700
";

const ATIMES: &str = r"
f src/a size=10 atime=1300000000.5
f src/b size=20 atime=1310000000
f src/same size=20 atime=1320000000
f dst/b size=20 atime=1200000000 mtime=5
f dst/same size=20 atime=1210000000
";

const ATIMES_OF_LINKS: &str = r"
l src/new -> x atime=1310000000
l src/other -> x atime=1310000000
l src/near -> x atime=1310000000
l src/same -> x atime=1310000000
f src/file atime=1310000000
l dst/other -> x atime=1210000000
l dst/near -> x atime=1310000005
l dst/same -> x atime=1310000000
f dst/file atime=1310000005
p src/fifo atime=1310000000
p dst/fifo atime=1310000005
";

/// Times that differ by less than a second.
const NANO: &str = r"
f src/f size=5 mtime=1000.125
f dst/f size=5 mtime=1000.25
l src/l -> f mtime=1000.125
l dst/l -> f mtime=1000.25
p src/p mtime=1000.125
p dst/p mtime=1000.25
d src/d mtime=1000.125
d dst/d mtime=1000.25
f src/whole size=5 mtime=1000
f dst/whole size=5 mtime=1000.25
d src/whole-d mtime=1000
d dst/whole-d mtime=1000.25
f src/x size=5 mtime=1000.125 x:user.a=1
f dst/x size=5 mtime=1000.25
d src/xd mtime=1000.125 x:user.a=1
d dst/xd mtime=1000.25
d src/filled mtime=1000.125
f src/filled/new size=3
d dst/filled mtime=1000.25
";

/// Set-id bits on what gets another owner.
const SET_ID: &str = r"
f src/f size=5 mode=755
f dst/f size=5 mode=4755 uid=1 gid=2
f src/same size=5 mode=6755
f dst/same size=5 mode=6755 uid=1
f src/group size=5 mode=2644
f dst/group size=5 mode=2644 gid=2
p src/p mode=644
p dst/p mode=4644 uid=1
d src/d mode=755
d dst/d mode=2755 uid=1 gid=70000
f src/changed size=6 mode=4755
f dst/changed size=5 mode=4755 uid=1
";

/// Members of groups, where something else stands already.
const LINKED_OVER: &str = r"
f src/f1 size=10
h src/f2 -> src/f1
h src/f3 -> src/f1
h src/f4 -> src/f1
l src/l1 -> target
h src/l2 -> src/l1
h src/l3 -> src/l1
h src/l4 -> src/l1
p src/p1
h src/p2 -> src/p1
h src/p3 -> src/p1
c src/c1 dev=1:3
h src/c2 -> src/c1
h src/c3 -> src/c1
l dst/f1 -> other
p dst/f2
d dst/f3 mode=700
f dst/l2 size=3
d dst/l3
c dst/l4 dev=1:5
f dst/p2 size=4
l dst/p3 -> other
p dst/c2
l dst/c3 -> other
";

pub const ROWS: &[Row] = &[
    row("perms", &[MODES, MODES_OLD], "-rpi").over(LOCAL_AND_SHELL),
    row("perms-times", &[MODES, MODES_OLD], "-rpti").over(EVERY_WAY),
    row("no-perms", &[MODES, MODES_OLD], "-rti").over(LOCAL_AND_SHELL),
    row("executability", &[MODES, MODES_OLD], "-rtiE").over(LOCAL_AND_SHELL),
    row("executability-unreadable", &["f src/a size=5 mode=755\nf src/b size=5 mode=755\nf src/c size=5 mode=755\nf dst/a size=5 mode=0\nf dst/b size=5 mode=200\nf dst/c size=5 mode=7000"], "-rtiE").over(LOCAL_AND_SHELL),
    row("chmod", &[MODES, MODES_OLD], "-rpti --chmod=Du=rwx,go=rx,Fa-x,g+w").over(LOCAL_AND_SHELL),
    row("chmod-octal", &[MODES, MODES_OLD], "-ai --chmod=D2750,F640").over(LOCAL_AND_SHELL),
    row("owner-dropped", &[OWNED, EMPTY], "-ai --no-o").over(LOCAL_AND_SHELL),
    row("owner-dropped-in-vain", &[OWNED, EMPTY], "-i --no-o -a").over(LOCAL_AND_SHELL),
    row("chmod-without-perms", &[MODES], "-rti --chmod=a-w").over(LOCAL_AND_SHELL),
    row("owners", &[OWNED, "f dst/a size=10\nf dst/b size=10 mode=4755"], "-aivv"),
    row("no-owner", &[OWNED, EMPTY], "-ai --no-o").over(LOCAL_AND_SHELL),
    row("no-group", &[OWNED, EMPTY], "-ai --no-g").over(LOCAL_AND_SHELL),
    row("chown", &[OWNED, EMPTY], "-ai --chown=33:44").over(LOCAL_AND_SHELL),
    row("usermap", &[OWNED, EMPTY], "-ai --usermap=1000:2000,65534:0,*:12 --groupmap=0-10:99")
        .over(LOCAL_AND_SHELL),
    row("owners-as-nobody", &["d dst uid=65534\nf src/a uid=65534 gid=65534 size=5\nf src/b size=7 mode=4755"], "-ai").as_nobody(),
    row("times-extremes", &[TIMES, EMPTY], "-ai").over(EVERY_WAY).protocols(&[32]),
    row("times-extremes-30", &[TIMES, EMPTY], "-ai").over(SHELL).protocols(&[30, 31]),
    row("times-before-30", &["f src/a size=1 mtime=4000000000\nf src/b mtime=0", EMPTY], "-ai").over(SHELL).protocols(&[27, 28, 29]),
    row("omit-dir-times", &[BASIC, OLDER], "-aOi").over(LOCAL_AND_SHELL),
    row("omit-link-times", &[BASIC, OLDER], "-aJi").over(LOCAL_AND_SHELL),
    row("no-times", &[BASIC, OLDER], "-ai --no-t").over(LOCAL_AND_SHELL),
    row("atimes", &[ATIMES], "-aUi").over(EVERY_WAY).atimes(),
    row("atimes-of-links", &[ATIMES_OF_LINKS], "-avvU").over(EVERY_WAY).atimes(),
    row("atimes-of-links-items", &[ATIMES_OF_LINKS], "-aiU").over(LOCAL_AND_SHELL).atimes(),
    row("atimes-of-links-omitted", &[ATIMES_OF_LINKS], "-avvUJ").over(LOCAL_AND_SHELL).atimes(),
    row("atimes-window", &[ATIMES_OF_LINKS], "-avvU --modify-window=10").over(LOCAL_AND_SHELL).atimes(),
    row("atimes-compare", &[ATIMES_OF_LINKS, "d new"], "-avvU --compare-dest=../dst").from_to("src/", "new/").atimes(),
    row("atimes-compare-items", &[ATIMES_OF_LINKS, "d new"], "-aiU --compare-dest=../dst").from_to("src/", "new/"),
    row("atimes-copy", &[ATIMES_OF_LINKS, "d new"], "-avvU --copy-dest=../dst").from_to("src/", "new/"),
    row("atimes-copy-items", &[ATIMES_OF_LINKS, "d new"], "-aiiU --copy-dest=../dst").from_to("src/", "new/"),
    row("atimes-link", &[ATIMES_OF_LINKS, "d new"], "-avvU --link-dest=../dst").from_to("src/", "new/").atimes(),
    row("atimes-link-items", &[ATIMES_OF_LINKS, "d new"], "-aiiU --link-dest=../dst").over(SHELL).from_to("src/", "new/").atimes(),
    row("atimes-of-links-delete", &["d src\nl src/same -> x atime=1310000000\nl dst/same -> x atime=1310000000"], "-avvU --delete"),
    row("atimes-of-read-links", &[r"
d src
l src/l -> x
d dst
"], "-avvU").over(SHELL).again_after("true"),
    row("atimes-list", &[ATIMES], "-aU --list-only").over(LOCAL_AND_SHELL),
    row("modify-window", &["f src/a size=5 mtime=1000\nf dst/a size=5 mtime=1002 edits=1\nf src/b size=5 mtime=1000\nf dst/b size=5 mtime=1003 edits=1"], "-ai --modify-window=2").over(LOCAL_AND_SHELL),
    row("modify-window-negative", &["f src/a size=5 mtime=1000.1\nf dst/a size=5 mtime=1000.2"], "-ai --modify-window=-1").over(LOCAL_AND_SHELL),
    row("nanoseconds", &["f src/a size=5 mtime=1000.1\nf dst/a size=5 mtime=1000.2"], "-ai").over(LOCAL_AND_SHELL),
    row("nanoseconds-of-all-kinds", &[NANO], "-ai").over(LOCAL_AND_SHELL),
    row("nanoseconds-of-all-kinds-checksum", &[NANO], "-aic").over(LOCAL_AND_SHELL),
    row("nanoseconds-of-all-kinds-xattrs", &[NANO], "-aXi").over(LOCAL_AND_SHELL),
    row("nanoseconds-of-all-kinds-protocol-30", &[NANO], "-aic").over(SHELL).protocols(&[29, 30]),
    row("set-id-given-away", &[SET_ID], "-aii").over(LOCAL_AND_SHELL),
    row("set-id-given-away-without-perms", &[SET_ID], "-rtogDii").over(LOCAL_AND_SHELL),
    row("set-id-given-away-dry-run", &[SET_ID], "-anii").over(LOCAL_AND_SHELL),
    row("devices-replacing-without-perms", &["p src/p mode=600\nf dst/p mode=751\nc src/c dev=1:3 mode=640\nb dst/c dev=7:9 mode=604\nf src/f mode=600\np dst/f mode=711\np src/d mode=600\nd dst/d mode=777", EMPTY], "-rltDi").over(LOCAL_AND_SHELL),
    row("hard-links", &[LINKED, EMPTY], "-aHi").over(EVERY_WAY),
    row("hard-links-no-inc", &[LINKED, EMPTY], "-aHi --no-inc-recursive").over(EVERY_WAY),
    row("hard-links-verbose", &[LINKED, EMPTY], "-aHvv").over(LOCAL_AND_SHELL).any_order(),
    row("hard-links-not-kept", &[LINKED, EMPTY], "-ai").over(LOCAL_AND_SHELL),
    row("hard-links-existing", &[LINKED, "f dst/a/one size=5000\nf dst/a/two size=5000\nf dst/b/three size=6\nf dst/c/four size=70000\nh dst/d/five -> dst/c/four"], "-aHi").over(EVERY_WAY),
    row("hard-links-to-break", &["f src/a size=10\nf src/b size=20", "f dst/a size=30\nh dst/b -> dst/a"], "-aHi").over(LOCAL_AND_SHELL),
    row("hard-links-over-others", &[LINKED_OVER], "-aHi").over(LOCAL_AND_SHELL),
    row("hard-links-over-others-dry-run", &[LINKED_OVER], "-aHni").over(LOCAL_AND_SHELL),
    row("hard-links-inplace", &[LINKED, "f dst/a/one size=4000"], "-aHi --inplace").over(LOCAL_AND_SHELL).any_order(),
    row("hard-links-dry-run", &[LINKED, EMPTY], "-aHin").over(LOCAL_AND_SHELL),
    row("hard-links-delete", &[LINKED, "f dst/a/old size=5\nh dst/b/old -> dst/a/old"], "-aHi --delete").over(LOCAL_AND_SHELL).any_order(),
    row("devices", &[SPECIAL, EMPTY], "-ai").over(EVERY_WAY),
    row("devices-old-protocols", &[SPECIAL, EMPTY], "-ai").over(SHELL).protocols(&[27, 28, 29, 30]),
    row("devices-only", &[SPECIAL, EMPTY], "-rtvi --devices").over(LOCAL_AND_SHELL),
    row("specials-only", &[SPECIAL, EMPTY], "-rtvi --specials").over(LOCAL_AND_SHELL),
    row("no-devices", &[SPECIAL, EMPTY], "-rtv").over(LOCAL_AND_SHELL),
    row("devices-changed", &["c src/a dev=1:3\np src/b\nf src/c size=4\nc src/d dev=5:6", "c dst/a dev=1:5\nf dst/b\np dst/c\nc dst/d dev=5:6"], "-ai").over(LOCAL_AND_SHELL),
    row("devices-of-one-number", &["b src/a dev=7:250 mtime=5\nc src/b dev=1:3", "c dst/a dev=7:250\nb dst/b dev=1:3 mode=600"], "-ai").over(LOCAL_AND_SHELL),
    row("set-id-in-place-as-nobody", &["d dst uid=65534\nf dst/a uid=65534 gid=65534 size=9 mode=6755\nf src/a uid=65534 gid=65534 size=5 mode=6755\nf dst/b uid=65534 gid=65534 size=9 mode=2711\nf src/b size=7"], "-rti --inplace").over(LOCAL_AND_SHELL).as_nobody(),
    row("set-id-in-place-as-nobody-perms", &["d dst uid=65534\nf dst/a uid=65534 gid=65534 size=9 mode=6755\nf src/a uid=65534 gid=65534 size=5 mode=6755\nf dst/b uid=65534 gid=65534 size=9 mode=2711\nf src/b size=7"], "-rtpi --append").over(LOCAL_AND_SHELL).as_nobody(),
    row("unreadable-in-place-as-nobody", &["d dst uid=65534\nf dst/a uid=65534 gid=65534 size=9 mode=0\nf src/a size=5\nf dst/b uid=65534 gid=65534 size=9 mode=111\nf src/b size=7\nf dst/c size=9 mode=111\nf src/c size=7"], "-rti --inplace").over(LOCAL_AND_SHELL).as_nobody(),
    row("unreadable-empty-as-nobody", &["d dst uid=65534\nf dst/c size=0 mode=600\nf src/c size=7"], "-rti --no-W").over(LOCAL_AND_SHELL).as_nobody(),
    row("unreadable-empty-in-place-as-nobody", &["d dst uid=65534\nf dst/c size=0 mode=600\nf src/c size=7"], "-rtib --inplace").over(SHELL).as_nobody().any_order(),
    row("sockets-where-nothing-may-be-made", &["s src/c/s\nd dst/c"], "-rD").over(LOCAL_AND_SHELL).as_nobody(),
    row("xattrs-unreadable-as-nobody", &["f src/a size=3 mode=0 x:user.one=v x:user.two=w x:user.a=x\nd dst uid=65534"], "-rpX").over(LOCAL_AND_SHELL).as_nobody(),
    row("unwritable-in-place-as-nobody", &["d dst uid=65534\nf dst/c size=9 mode=111\nf src/c size=7"], "-rtpi --inplace").over(LOCAL_AND_SHELL).as_nobody(),
    row("devices-as-nobody", &["d dst uid=65534\nc src/n dev=1:3\np src/p"], "-ai").as_nobody(),
    row("copy-devices", &["f src/a size=4\nb src/b dev=7:250", EMPTY], "-ai --copy-devices").over(LOCAL_AND_SHELL),
    row("links-none", &[LINKS, EMPTY], "-rtv").over(LOCAL_AND_SHELL),
    row("links-kept", &[LINKS, EMPTY], "-rtlvi").over(EVERY_WAY),
    row("links-followed", &[LINKS, EMPTY], "-rtLvi").over(LOCAL_AND_SHELL),
    row("links-unsafe-copied", &[LINKS, EMPTY], "-avvi --copy-unsafe-links").over(LOCAL_AND_SHELL),
    row("links-safe-only", &[LINKS, EMPTY], "-avvi --safe-links").over(LOCAL_AND_SHELL).any_order(),
    row("links-dirs-copied", &[LINKS, EMPTY], "-avik").over(LOCAL_AND_SHELL),
    row("links-dirlinks-kept", &[LINKS, "d real\nl dst/dir -> ../real"], "-aviK").over(LOCAL_AND_SHELL),
    row("links-dirlinks-out", &[LINKS, "f real/old\nl dst/dir -> ../real\nf src/dir/sub/deep"], "-aiK").over(LOCAL_AND_SHELL).any_order(),
    row("links-dirlinks-out-dry", &[LINKS, "f real/old\nl dst/dir -> ../real"], "-ainK").over(LOCAL_AND_SHELL).any_order(),
    row("links-dirlinks-in", &[LINKS, "f dst/real/old\nl dst/dir -> real\nf src/dir/sub/deep"], "-aiK --delete").over(LOCAL_AND_SHELL).any_order(),
    row("links-dirlinks-replaced", &[LINKS, "d real\nl dst/dir -> ../real"], "-avi").over(LOCAL_AND_SHELL),
    row("links-changed", &["l src/a -> one\nl src/b -> two\nf src/c size=4\nl src/d -> x", "l dst/a -> other\nf dst/b size=9\nl dst/c -> e\nd dst/d"], "-avi").over(EVERY_WAY),
    row("links-changed-old-protocols", &["l src/a -> one", "l dst/a -> other"], "-ai").over(SHELL).protocols(&[27, 28, 29, 30]),
    row("links-changed-old-protocols-local", &["l src/a -> one", "l dst/a -> other"], "-ai").protocols(&[28, 29, 30]),
    row("links-munged", &[LINKS, EMPTY], "-avi --munge-links").over(LOCAL_AND_SHELL),
    row("source-link-to-dir", &[LINKS, EMPTY], "-av").over(LOCAL_AND_SHELL).from_to("src/todir", "dst/"),
    row("source-link-to-dir-slash", &[LINKS, EMPTY], "-av").over(LOCAL_AND_SHELL).from_to("src/todir/", "dst/"),
    row("source-link-to-file", &[LINKS, EMPTY], "-av").over(LOCAL_AND_SHELL).from_to("src/tofile", "dst/"),
    row("destination-link-to-dir", &[BASIC, "d real\nl dst -> real"], "-av").over(LOCAL_AND_SHELL).from_to("src/", "dst"),
    row("acls", &[ACLS, EMPTY], "-aAi").over(EVERY_WAY),
    row("acls-update", &[ACLS, ACLS_OLD], "-aAi").over(EVERY_WAY),
    row("acls-not-kept", &[ACLS, ACLS_OLD], "-ai").over(LOCAL_AND_SHELL),
    row("acls-with-xattrs", &[ACLS, ACLS_OLD], "-aAXi").over(LOCAL_AND_SHELL),
    row("acls-without-perms", &[ACLS, ACLS_OLD], "-rtAi --no-perms").over(LOCAL_AND_SHELL),
    row("acls-without-perms-inplace", &[ACLS, ACLS_OLD, "f dst/masked mode=777"], "-rtAi --no-perms --inplace").over(LOCAL_AND_SHELL),
    row("acls-executability", &[ACLS, ACLS_OLD, "f dst/masked mode=777"], "-rtAEi --no-perms").over(LOCAL_AND_SHELL),
    row("acls-numeric", &[ACLS, ACLS_OLD], "-aAi --numeric-ids").over(SHELL),
    row("acls-protocol-30", &[ACLS, ACLS_OLD], "-aAi").over(SHELL).protocols(&[30, 31]),
    row("default-acl-at-destination", &[BASIC, "d dst dacl=u:5:rwx,g:6:r-x"], "-rti").over(LOCAL_AND_SHELL),
    row("xattrs", &[XATTRS, EMPTY], "-aXi").over(EVERY_WAY),
    row("xattrs-update", &[XATTRS, XATTRS_OLD], "-aXi").over(EVERY_WAY),
    row("xattrs-unchanged", &[XATTRS, "f dst/a size=10 x:user.one=1 x:user.two=second\\svalue"], "-aXii").over(LOCAL_AND_SHELL),
    row("xattrs-protocol-30", &[XATTRS, XATTRS_OLD], "-aXi").over(SHELL).protocols(&[30, 31]),
    row("xattrs-hard-links", &[XATTRS, "h src/e/huge -> src/huge\nh src/z -> src/d/same", EMPTY], "-aHXi").over(LOCAL_AND_SHELL),
    row("xattrs-dry-run", &[XATTRS, XATTRS_OLD], "-aXin").over(LOCAL_AND_SHELL),
    row("xattrs-no-inc", &[XATTRS, XATTRS_OLD], "-aXi --no-inc-recursive").over(SHELL),
    row("xattrs-with-delta", &["f src/a size=90000 x:user.long=\\{q*500}\nf dst/a size=90000 edits=3 x:user.long=\\{w*500} mtime=4"], "-aXi --no-whole-file").over(LOCAL_AND_SHELL),
    row("fake-super", &[OWNED, SPECIAL, EMPTY], "-aXi --fake-super").over(LOCAL_AND_SHELL),
    row("super-as-nobody", &["d dst uid=65534\nf src/a size=4"], "-ai --super").as_nobody(),
    row("acls-special-bits", &["f src/a size=3 acl=g:5:r--\nf dst/a size=3 mode=4755 acl=g:5:r--"], "-aA"),
    row("acls-refused", &["f src/a size=3\nf dst/a size=3 acl=u:7:rw- uid=1000\nd src/d mtime=5\nd dst/d dacl=u:7:rwx uid=1000 mtime=5\nd src/e mtime=5 dacl=u:8:rwx\nd dst/e uid=1000 mtime=5"], "-aAi").over(LOCAL_AND_SHELL).as_nobody(),
];
