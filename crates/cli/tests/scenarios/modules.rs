//! What the parameters of a module change: its root directory, user, rules and owners.

use super::trees::{BASIC, EMPTY, OLDER};
use testkit::row::DAEMON;
use testkit::{Row, Via, row};

const PULL: &[Via] = &[Via::DaemonPull];
const PUSH: &[Via] = &[Via::DaemonPush];

const CHROOT: &str = "use chroot = yes\n";

/// A chroot as nobody.
const NOBODYS: &str = "use chroot = yes\nuid = 65534\ngid = 65534\n";

/// What cannot be opened to be changed.
const SPECIALS: &str = r"
p src/fifo mode=4755
s src/socket mode=600
b src/block dev=7:250 mode=0
c src/char dev=1:3 mode=660
l src/link -> block
f src/shut mode=200 size=3
d src";
const SPECIALS_OLD: &str = r"
p dst/fifo mode=711 mtime=1
s dst/socket mode=1777 mtime=1
b dst/block dev=7:250 mode=644
c dst/char dev=1:3 mode=600 uid=5
l dst/link -> block
f dst/shut mode=600 size=3
d dst";

/// The same with attributes.
const DRESSED: &str = r"
p src/fifo acl=u:5:rwx mode=755 x:trusted.one=1
s src/socket acl=g:7:r
b src/block dev=7:250 x:trusted.two=2
l src/link -> block x:trusted.three=3
f src/shut mode=200 size=3 acl=u:5:rwx x:user.one=1
d src acl=u:5:rwx dacl=u:5:r x:user.two=2";
const DRESSED_OLD: &str = r"
p dst/fifo acl=u:6:rx x:trusted.old=1
s dst/socket
b dst/block dev=7:250 acl=u:6:rw x:trusted.two=other
l dst/link -> block x:trusted.old=3
f dst/shut mode=200 size=3 acl=u:5:rwx x:user.old=1
d dst";

/// What nobody has.
const OWN: &str = r"
p src/fifo mode=4755 uid=65534 gid=65534
f src/shut mode=200 size=3 acl=u:5:rwx x:user.one=1 uid=65534 gid=65534
f src/open size=3 acl=u:5:rwx x:user.one=1 uid=65534 gid=65534
d src uid=65534 gid=65534";
const OWN_OLD: &str = r"
p dst/fifo mode=711 uid=65534 gid=65534
f dst/shut mode=200 size=3 uid=65534 gid=65534
f dst/open size=3 acl=u:6:r x:user.two=1 uid=65534 gid=65534
d dst uid=65534 gid=65534";

pub const ROWS: &[Row] = &[
    // There is no /proc behind a chroot.
    row("chroot-specials", &[SPECIALS, SPECIALS_OLD], "-ai").over(DAEMON).modules(CHROOT),
    row("chroot-specials-new", &[SPECIALS, EMPTY], "-aib").over(DAEMON).modules(CHROOT),
    row("chroot-attributes", &[DRESSED, DRESSED_OLD], "-aiAX").over(DAEMON).modules(CHROOT),
    row("chroot-attributes-new", &[DRESSED, EMPTY], "-aiAX").over(DAEMON).modules(CHROOT),
    row("chroot-nobody", &[OWN, OWN_OLD], "-rlptAXDi").over(PUSH).modules(NOBODYS),
    row("chroot-nobody-new", &[OWN, "d dst uid=65534"], "-rlptAXDi").over(PUSH).modules(NOBODYS),
    row("chroot-nobody-from", &[OWN, OWN_OLD], "-rlptAXDi").over(PULL).modules(NOBODYS),
    row("chroot-fake-super", &[SPECIALS, OLDER], "-aiAX")
        .over(DAEMON)
        .modules("use chroot = yes\nfake super = yes\n"),
    row(
        "chroot-many-ways",
        &[BASIC, OLDER, "d dst/bak"],
        "-aiHS --delete --delay-updates -b --backup-dir=bak",
    )
    .over(DAEMON)
    .modules(CHROOT)
    .any_order(),
    row("chroot-of-the-path", &[DRESSED, DRESSED_OLD], "-aiAX --inplace")
        .over(DAEMON)
        .modules("path = {top}/./\n"),
];
