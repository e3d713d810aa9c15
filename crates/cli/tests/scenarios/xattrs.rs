//! Names and namespaces of extended attributes, filter rules about them, ACLs at the edges.

use super::trees::{BASIC, EMPTY};
use testkit::row::{DAEMON, EVERY_WAY, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, Via, row};

const SPACES: &str = r"
f src/a size=10 x:user.one=1 x:trusted.two=2 x:user.rsync.own=3
f src/long size=10 x:user.long=\{abcdefgh*40} x:trusted.long=\{hgfedcba*50}
f src/internal size=5 x:user.rsync.%stat=100600\s0,0\s7:8 x:user.rsync.%other=x
d src/d x:trusted.dir=yes x:user.dir=\{q*33}
f src/d/edge size=1 x:user.edge=\{e*32} x:user.over=\{o*33}
l src/l -> a
";

const SPACES_OLD: &str = r"
f dst/a size=10 x:user.one=2 x:trusted.two=2 x:trusted.gone=1 x:user.rsync.%stat=100600\s0,0\s7:8
f dst/long size=10 x:user.long=\{abcdefgh*40} x:trusted.long=\{other*50}
d dst/d x:trusted.more=1
";

const ACLS: &str = r"
f src/a size=10 acl=u:1:rw-,u:54321:r--,g:2:r--,g:54322:-wx
f src/mask size=10 acl=m::r--,u:3:rwx mode=640
d src/d acl=u:7:rwx,g:9:r-x dacl=u:8:r-x,g:9:rwx,m::r-x
d src/plain-default dacl=u::rwx,g::r-x,o::---
d src/d/none
f src/d/inside size=4
f src/readonly size=1 mode=444 acl=u:1:r--
";

const ACLS_OLD: &str = r"
f dst/a size=10 acl=u:1:rw-
d dst/d/none dacl=u:8:r-x
d dst/plain-default dacl=u:1:rwx
f dst/readonly size=1 mode=444
";

/// Of files that are another user's nothing can be set or removed.
const REFUSED: &str = r"
f src/removed size=3
f dst/removed size=3 x:user.c=1 x:user.a=1 x:user.b=1
f src/set size=3 x:user.c=1 x:user.a=1 x:user.b=1
f dst/set size=3
f src/both size=3 x:user.a=2 x:user.b=1
f dst/both size=3 x:user.a=1 x:user.c=1
d src/dir x:user.a=2 mtime=1000000000
d dst/dir x:user.c=1 mtime=1000000000
d src/own uid=65534 mode=500
d dst/own x:user.a=1 uid=65534 mode=500
d src mtime=1000000000
d dst mtime=1000000000
";

/// A capability, as an attribute of a tree's line.
macro_rules! capable {
    () => {
        r"x:security.capability=\x01\x00\x00\x02\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    };
}

/// The system takes a file's capabilities away when it changes hands.
const CAPABLE: &str = concat!(
    "f src/a size=3 ",
    capable!(),
    "\nf src/grown size=9 ",
    capable!(),
    "\nf src/set-id size=3 mode=4755 ",
    capable!(),
    "\nf src/lost size=3",
);

const CAPABLE_OLD: &str = concat!(
    "f dst/a size=3 uid=7 gid=8 ",
    capable!(),
    "\nf dst/grown size=3 uid=7 gid=8 ",
    capable!(),
    "\nf dst/set-id size=3 mode=4755 uid=7 gid=8 ",
    capable!(),
    "\nf dst/lost size=3 uid=7 gid=8 ",
    capable!(),
);

const PUSH: &[Via] = &[Via::DaemonPush];

pub const ROWS: &[Row] = &[
    row("spaces", &[SPACES, EMPTY], "-aXi").over(EVERY_WAY),
    row("spaces-update", &[SPACES, SPACES_OLD], "-aXi").over(LOCAL_AND_SHELL),
    row("spaces-twice", &[SPACES, SPACES_OLD], "-aXXi").over(LOCAL_AND_SHELL),
    row("spaces-whole-list", &[SPACES, SPACES_OLD], "-aXi --no-inc-recursive").over(SHELL),
    row("spaces-as-nobody", &["d dst uid=65534 gid=65534", SPACES], "-rtXi").as_nobody(),
    row("spaces-to-nobody", &["d dst uid=65534 gid=65534", SPACES], "-rtXi").over(PUSH).modules("uid = 65534\ngid = 65534"),
    row("filter-exclude", &[SPACES, SPACES_OLD], "-aXi '--filter=-x trusted.*'").over(LOCAL_AND_SHELL),
    row("filter-only", &[SPACES, SPACES_OLD], "-aXi '--filter=-x! user.*'").over(LOCAL_AND_SHELL),
    row("filter-include", &[SPACES, SPACES_OLD], "-aXi '--filter=+x user.long' '--filter=-x *'").over(LOCAL_AND_SHELL),
    row("filter-daemon", &[SPACES, SPACES_OLD], "-aXi '--filter=-x user.*'").over(DAEMON),
    row("filter-as-nobody", &["d dst uid=65534 gid=65534", SPACES], "-rtXi '--filter=-x user.one'").as_nobody(),
    row("hard-links-otherwise-dressed", &["f src/1/a size=3 acl=u:7:r-- x:user.one=v\nh src/2/b -> src/1/a\nf src/3/c size=3\nh src/4/d -> src/3/c\nf dst/1/a size=9\nf dst/2/b size=9 acl=u:8:r-- x:user.one=w\nf dst/3/c size=9 x:user.one=w\nh dst/4/d -> dst/3/c"], "-aiHAX").over(LOCAL_AND_SHELL),
    row("hard-links-otherwise-dressed-only", &["f src/1/a size=3 mtime=5 acl=u:7:r-- x:user.one=v\nh src/2/b -> src/1/a\nf dst/1/a size=3 mtime=5\nf dst/2/b size=3 mtime=5 acl=u:8:r-- x:user.one=w"], "-aiHAX").over(LOCAL_AND_SHELL),
    row("times-without-fractions", &["f src/a size=3 mtime=5.25\nf dst/a size=3 mtime=5.25 x:user.one=v\nf src/b size=3 mtime=5\nf dst/b size=3 mtime=5.5\nl src/l -> a mtime=5.25\nl dst/l -> a mtime=5.25"], "-rlt -vv -X --protocol=30").over(LOCAL_AND_SHELL),
    row("hard-links-undressed", &["f src/1/a size=3 mtime=5 x:user.one=v\nh src/2/b -> src/1/a\nf dst/1/a size=3 mtime=5 x:user.one=v\nf dst/2/b size=9 mtime=6"], "-aiHX").over(LOCAL_AND_SHELL),
    row("unreadable-in-alternate", &["f src/f size=3 mtime=5 mode=0 x:user.one=v\nf dst/f size=9 mtime=6\nf alt/f size=3 mtime=5 mode=0 x:user.one=v"], "-rtpX --link-dest=../alt --copy-as=33:44").over(&[Via::Pull]),
    row("hard-links-otherwise-dressed-dry", &["f src/1/a size=3 acl=u:7:r-- x:user.one=v\nh src/2/b -> src/1/a\nf dst/1/a size=9\nf dst/2/b size=9 acl=u:8:r-- x:user.one=w"], "-aniHAX").over(LOCAL_AND_SHELL),
    row("hard-links-across-lists", &["f src/a/one size=3 x:user.long=\\{a*80}\nh src/b/two -> src/a/one\nf src/b/three size=3 x:user.long=\\{a*80}", EMPTY], "-aHXi").over(EVERY_WAY),
    row("unreadable", &["d dst uid=65534 gid=65534\nf src/d/a size=3 mode=600 x:user.a=1\nf src/d/b size=3"], "-rtX").as_nobody(),
    row("refused", &[REFUSED], "-rtpX").over(LOCAL_AND_SHELL).as_nobody().any_order(),
    row("acls", &[ACLS, EMPTY], "-aAi").over(EVERY_WAY),
    row("acls-update", &[ACLS, ACLS_OLD], "-aAi").over(LOCAL_AND_SHELL),
    row("acls-update-dry-run", &[ACLS, ACLS_OLD], "-aAin").over(LOCAL_AND_SHELL),
    row("acls-whole-list", &[ACLS, ACLS_OLD], "-aAi --no-inc-recursive").over(SHELL),
    row("acls-as-nobody", &["d dst uid=65534 gid=65534", ACLS], "-rtAi").as_nobody(),
    row("acls-hard-links", &["f src/a/one size=3 acl=u:1:r--\nh src/b/two -> src/a/one", EMPTY], "-aAHi").over(SHELL),
    row("acls-daemon-numeric", &[ACLS, ACLS_OLD], "-aAi").over(DAEMON).modules("numeric ids = yes"),
    row("acls-daemon-numeric-whole-list", &[ACLS, ACLS_OLD], "-aAi --no-inc-recursive").over(DAEMON).modules("numeric ids = yes"),
    row("daemon-numeric-whole-list", &[BASIC, EMPTY], "-ai --no-inc-recursive").over(DAEMON).modules("numeric ids = yes"),
    row("daemon-temp-dir", &[BASIC, "d tmp\nd dst"], "-ai").over(PUSH).modules("temp dir = /tmp"),
    row("daemon-temp-dir-missing", &[BASIC, EMPTY], "-ai").over(PUSH).modules("temp dir = /none").any_stderr(),
    row("daemon-temp-dir-client", &[BASIC, "d own\nd dst"], "-ai --temp-dir=/own").over(PUSH).modules("temp dir = /none"),
    row("unreadable-value", &["f src/e size=3 mode=640 x:user.one=v\nd src/d mode=700 x:user.two=w\nf dst/e size=3 mode=640 x:user.one=v\nd dst/d mode=700 x:user.two=w"], "-rltpX -ii --copy-as=33:44").over(&[Via::Pull]),
    row("capabilities", &[CAPABLE, CAPABLE_OLD], "-aXi").over(EVERY_WAY),
    row("capabilities-dry", &[CAPABLE, CAPABLE_OLD], "-naXi").over(LOCAL_AND_SHELL),
    row("capabilities-group", &[CAPABLE, CAPABLE_OLD], "-rlptgXi").over(LOCAL_AND_SHELL),
    row("capabilities-in-place", &[CAPABLE, CAPABLE_OLD], "-aXi --inplace").over(EVERY_WAY),
    row("capabilities-in-place-backup", &[CAPABLE, CAPABLE_OLD], "-aXi --inplace -b").over(LOCAL_AND_SHELL),
    row("capabilities-by-size", &[CAPABLE, CAPABLE_OLD], "-aXi --size-only --chown=9:9").over(LOCAL_AND_SHELL),
    row("capabilities-new", &[CAPABLE, EMPTY], "-aXi --chown=9:9").over(LOCAL_AND_SHELL),
    row("capabilities-copied", &[concat!("f src/a size=3 ", capable!()), "f alt/a size=3\nd dst"], "-aXi --copy-dest=../alt --chown=9:9").over(LOCAL_AND_SHELL),
    row("atimes-without-times", &["f src/a size=5 x:user.one=v\nf dst/a size=6 x:user.one=v"], "-rUXi").over(LOCAL_AND_SHELL),
];
