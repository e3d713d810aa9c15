//! The trees that many scenarios share.

/// A few files of different sizes, folders, symbolic links.
pub const BASIC: &str = r"
f src/empty
f src/small text=hello\n
f src/medium size=33000
f src/large size=300000 mode=600
f src/exec size=100 mode=755
d src/emptydir mode=700
f src/sub/one size=1000
f src/sub/two size=2000 mode=444
f src/sub/deeper/three size=3000
l src/link -> small
l src/sub/up -> ../small
l src/broken -> nowhere
";

/// A destination of BASIC: some files the same, some changed, some only there.
pub const OLDER: &str = r"
f dst/empty
f dst/small text=older\n mtime=1000000000
f dst/medium size=33000 edits=3 mtime=1000000000.5
f dst/large size=300000 mode=644
f dst/extra size=50
f dst/sub/one size=1000 mtime=1100000000
f dst/sub/old/file size=10
l dst/link -> other
d dst/gone
";

/// An empty destination.
pub const EMPTY: &str = "d dst";

/// Hard links within and across folders.
pub const LINKED: &str = r"
f src/a/one size=5000
h src/a/two -> src/a/one
h src/b/three -> src/a/one
f src/c/four size=70000
h src/d/five -> src/c/four
f src/z/alone size=10
l src/l1 -> a/one
h src/l2 -> src/l1
p src/p1
h src/p2 -> src/p1
";

/// Special files and devices.
pub const SPECIAL: &str = r"
p src/fifo mode=640
s src/socket
c src/null dev=1:3 mode=666
b src/loop dev=7:130
c src/big dev=300:70000
p src/sub/fifo
f src/file size=10
";

/// Symbolic links of every kind.
pub const LINKS: &str = r"
f src/file size=100
d src/dir
f src/dir/inside size=200
l src/tofile -> file
l src/todir -> dir
l src/dir/up -> ../file
l src/outside -> ../other/file
l src/absolute -> /etc/hostname
l src/broken -> missing
l src/dir/escape -> ../../other/file
f other/file size=50
";

/// Files that a delta can update.
pub const DELTA: &str = r"
f src/edited size=400000
f src/inserted size=200000 insert=1000:77
f src/appended size=100000 append=5000
f src/cut size=100000 cut=54321
f src/same size=50000 mtime=1600000000
f src/text size=150000 fill=words
f src/zeros size=100000 fill=zero
f src/new size=20000
f dst/edited size=400000 edits=20 mtime=1000000001
f dst/inserted size=200000 mtime=1000000002
f dst/appended size=100000 mtime=1000000003
f dst/cut size=100000 mtime=1000000004
f dst/same size=50000 mtime=1500000000
f dst/text size=150000 fill=words edits=9 mtime=1000000005
f dst/zeros size=90000 fill=zero mtime=1000000006
";

/// Owners, set-id bits and unusual modes.
pub const OWNED: &str = r"
f src/a size=10 uid=1000 gid=1000
f src/b size=10 uid=65534 gid=65534 mode=4755
f src/c size=10 gid=2 mode=2755
d src/d uid=1 gid=1 mode=3777
f src/d/e uid=4000000000 gid=4000000001 mode=0
l src/l -> a uid=5 gid=6
";
