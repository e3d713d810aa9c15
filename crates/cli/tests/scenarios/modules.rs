//! What the parameters of a module change: its root directory, user, rules, owners and refusals.

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
    // A refusal names an option as it was typed, and comes when it is read: what was read before it counts.
    row("refuse-spelling", &[BASIC, EMPTY], "-ai --stderr=client")
        .over(PUSH)
        .modules("refuse options = * !a !i !log-format"),
    row("refuse-other-spelling", &[BASIC, EMPTY], "-av -M--no-recursive")
        .over(PUSH)
        .modules("refuse options = no-r"),
    row("refuse-alias", &[BASIC, EMPTY], "-av -M--i-r")
        .over(PUSH)
        .modules("refuse options = inc-recursive"),
    row("refuse-long-behind-letters", &[BASIC, EMPTY], "-av --zc=lz4")
        .over(PUSH)
        .modules("refuse options = z"),
    row("refuse-letter-behind-letters", &[BASIC, EMPTY], "-av -M-z")
        .over(PUSH)
        .modules("refuse options = z"),
    row("refuse-letter", &[BASIC, EMPTY], "-avz").over(PUSH).modules("refuse options = z"),
    row("refuse-archive-dirs", &[BASIC, EMPTY], "-dv")
        .over(PUSH)
        .modules("refuse options = archive"),
    row("refuse-archive-itself", &[BASIC, EMPTY], "-rv -M--archive")
        .over(PUSH)
        .modules("refuse options = a"),
    row("accept-archive-dirs", &[BASIC, EMPTY], "-dlptgoD")
        .over(PUSH)
        .modules("refuse options = * !a"),
    // Without the word of a protocol about errors only the connection's end tells of them.
    row("read-only-old", &["f src/a size=3\nd dst"], "-a")
        .over(PUSH)
        .modules("read only = yes")
        .protocols(&[29, 32]),
    row("temp-dir-nowhere", &["d src\nd dst"], "-a")
        .over(PUSH)
        .modules("temp dir = tmp")
        .from_to("src/", "dst/new/")
        .protocols(&[30, 32]),
    // What is hidden, or lies elsewhere.
    row("refused-directory", &["d src/b\nf src/a.o/x size=3\nd dst"], "-a")
        .over(PUSH)
        .modules("exclude = /dst/b *.o"),
    row("links-out", &["l src/out -> /etc/passwd\nf src/a size=3\nd dst"], "-rL").over(PULL),
    row(
        "unsafe-links-out",
        &["l src/out -> /etc/passwd\nf src/a size=3\nf b size=4\nl src/up -> ../b\nd dst"],
        "-rl --copy-unsafe-links",
    )
    .over(PULL),
    // Owners that are not sent, or whose files are reached by links.
    row("fake-super-no-owners", &["f src/d/a size=3\nd dst"], "-rt")
        .from_to("src", "dst/")
        .over(PUSH)
        .modules("fake super = yes"),
    row("fake-super-no-group", &["p src/d/a\nd dst"], "-a --no-group")
        .from_to("src", "dst/")
        .over(PUSH)
        .modules("fake super = yes"),
    row("fake-super-links", &["f src/a size=3\nl src/l -> a\nf src/d/b\nd dst"], "-rL")
        .over(PULL)
        .modules("fake super = yes"),
    row(
        "fake-super-unsafe-links",
        &["f src/a size=3\nl src/l -> a\nd dst"],
        "-rl --copy-unsafe-links",
    )
    .over(PULL)
    .modules("fake super = yes"),
    row("fake-super-dir-links", &["f src/a size=3\nl src/l -> d\nf src/d/b\nd dst"], "-rlk")
        .over(PULL)
        .modules("fake super = yes"),
];
