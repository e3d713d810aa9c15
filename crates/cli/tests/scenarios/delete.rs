//! Deleting what the source does not have.

use super::trees::{BASIC, EMPTY, OLDER};
use testkit::row::{EVERY_WAY, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, row};

const EXTRA: &str = r"
f dst/a-file size=5
f dst/z-file size=5
f dst/sub/extra size=5
f dst/sub/deeper/extra/deep/file size=5
d dst/empty-extra/one/two
l dst/extra-link -> nowhere
p dst/extra-fifo
f dst/keep.o size=5
f dst/cache/keep.o size=5
f dst/cache/go.c size=5
";

/// Names that sort differently with a slash behind them.
const ORDER: &str = r"
d dst/x/x
d dst/x-/x
d dst/x0
f dst/xx
";

/// File systems below the destination: where something is to make way, where it is extraneous, and where both sides have it.
const MOUNTS: &str = r"
f src/d size=3
f src/f size=3
d src/both tmpfs=64K mode=750 mtime=44
d src/k
f dst/d/x size=4
d dst/d/m tmpfs=64K
f dst/d/m/kept size=5
f dst/f/g/x size=4
d dst/both tmpfs=64K
f dst/both/kept size=5
d dst/extra tmpfs=64K
f dst/extra/kept size=5
d dst/k/old tmpfs=64K
f dst/k/old/kept size=5
f dst/l/ll/x size=4
d dst/l/ll/m tmpfs=64K
f dst/l/ll/m/kept size=5
d src mtime=5
";

pub const ROWS: &[Row] = &[
    row("delete", &[BASIC, EXTRA], "-av --delete").over(EVERY_WAY).any_order(),
    row("before", &[BASIC, EXTRA], "-av --delete-before").over(EVERY_WAY).any_order(),
    row("during", &[BASIC, EXTRA], "-avi --delete-during").over(EVERY_WAY).any_order(),
    row("delay", &[BASIC, EXTRA], "-av --delete-delay").over(EVERY_WAY).any_order(),
    row("after", &[BASIC, EXTRA], "-av --delete-after").over(EVERY_WAY).any_order(),
    row("before-order", &["f src/a size=4", ORDER, EXTRA], "-ai --delete-before")
        .over(LOCAL_AND_SHELL),
    row("after-order", &["f src/a size=4", ORDER, EXTRA], "-ai --delete-after")
        .over(LOCAL_AND_SHELL),
    row("delay-order", &["f src/a size=4", ORDER, EXTRA], "-ai --delete-delay")
        .over(LOCAL_AND_SHELL),
    row("before-verbose-2", &[BASIC, EXTRA], "-avv --delete-before")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("after-verbose-2", &[BASIC, EXTRA], "-avv --delete-after")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("before-verbose-2-new", &[BASIC, "d more/x"], "-avv --delete-before")
        .from_to("src more", "dst")
        .any_order(),
    row("short", &[BASIC, OLDER], "-ai --del").over(LOCAL_AND_SHELL).any_order(),
    row("no-inc", &[BASIC, EXTRA], "-av --delete --no-inc-recursive").over(EVERY_WAY).any_order(),
    row("protocols", &[BASIC, EXTRA], "-av --delete --stats")
        .over(SHELL)
        .protocols(&[27, 28, 29, 30, 31])
        .any_order(),
    row("delay-protocols", &[BASIC, EXTRA], "-av --delete-delay")
        .over(SHELL)
        .protocols(&[29, 30])
        .any_order(),
    row("excluded-kept", &[BASIC, EXTRA], "-av --delete --exclude=*.o").over(EVERY_WAY).any_order(),
    row("excluded-deleted", &[BASIC, EXTRA], "-av --delete --exclude=*.o --delete-excluded")
        .over(EVERY_WAY)
        .any_order(),
    row("protected", &[BASIC, EXTRA], "-av --delete '--filter=P *.o'")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("risk", &[BASIC, EXTRA], "-av --delete '--filter=R keep.o' --exclude=*.o")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("hidden", &[BASIC, "f src/hide.me size=4", EXTRA], "-av --delete '--filter=H hide.*'")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("max-delete", &[BASIC, EXTRA], "-av --delete --max-delete=3").over(EVERY_WAY).any_order(),
    row("max-delete-zero", &[BASIC, EXTRA], "-av --delete --max-delete=0")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("max-delete-negative", &[BASIC, EXTRA], "-av --delete --max-delete=-1")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row(
        "force",
        &["f src/x size=4\nl src/y -> x", "f dst/x/inside size=4\nf dst/y/in/side size=4"],
        "-avi --force",
    )
    .over(EVERY_WAY),
    row(
        "room-debug",
        &["f src/x size=4\nl src/l -> x\np src/p\nf dst/x/in/side size=4\nf dst/l size=2\nd dst/p"],
        "-a --force --debug=DEL3",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row("force-with-delete", &["f src/x size=4", "f dst/x/inside size=4"], "-avi --delete")
        .over(LOCAL_AND_SHELL),
    row("without-recursion", &[BASIC, EXTRA], "-v --delete").over(LOCAL_AND_SHELL),
    row("dirs", &[BASIC, EXTRA], "-dav --no-r --delete").over(LOCAL_AND_SHELL).any_order(),
    // With nothing to receive, the receiver of rsync stops at a connection that its peer has
    // closed already; ours ends in order. Only the name of the process in the last line differs.
    row("missing-source-dir", &[BASIC, EXTRA], "-av --delete")
        .over(LOCAL_AND_SHELL)
        .from_to("none/", "dst/")
        .any_order()
        .any_stderr(),
    row(
        "two-sources",
        &[BASIC, "f more/a-file size=5\nf more/sub/extra size=5", EXTRA],
        "-av --delete",
    )
    .over(LOCAL_AND_SHELL)
    .from_to("src/ more/", "dst/")
    .any_order(),
    row("one-file", &[BASIC, EXTRA], "-av --delete")
        .over(LOCAL_AND_SHELL)
        .from_to("src/small", "dst/"),
    row("dry-run", &[BASIC, EXTRA], "-avn --delete-after").over(EVERY_WAY).any_order(),
    row("quiet", &[BASIC, EXTRA], "-aq --delete").over(SHELL),
    row("info", &[BASIC, EXTRA], "-a --delete --info=del1").over(LOCAL_AND_SHELL),
    row("info-2", &[BASIC, EXTRA], "-a --delete --info=del2").over(LOCAL_AND_SHELL).any_order(),
    row("stats", &[BASIC, EXTRA], "-a --delete --info=stats2").over(LOCAL_AND_SHELL),
    row(
        "non-empty-mismatch",
        &["d src/sub\nf src/sub/x size=3", "f dst/sub size=4"],
        "-avi --delete",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "per-dir-rules",
        &[BASIC, EXTRA, "f src/.rsync-filter text=-\\s*.o\\n\nf src/cache/x size=3"],
        "-avF --delete",
    )
    .over(EVERY_WAY)
    .any_order(),
    row("ignore-existing", &[BASIC, EXTRA], "-ai --delete --ignore-existing")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("nothing", &["d src", EXTRA], "-ai --delete").over(LOCAL_AND_SHELL),
    row("whole-tree", &["d src", EXTRA], "-a --delete --stats").over(LOCAL_AND_SHELL),
    row(
        "prune",
        &["f src/full/x size=4\nd src/hollow", EXTRA, "f dst/hollow/old"],
        "-avm --delete",
    )
    .over(LOCAL_AND_SHELL)
    .any_order(),
    row(
        "prune-without-recursion",
        &["f src/full/x size=4\nf src/g size=3\nd src/hollow", EMPTY],
        "-dlti -m",
    )
    .over(LOCAL_AND_SHELL),
    row(
        "existing-dir-over-file",
        &["f src/a/f size=3\nd src/b\nf src/c size=3", "f dst/a size=4\nd dst/c"],
        "-ai --existing --force",
    )
    .over(LOCAL_AND_SHELL),
    row("max-delete-very-negative", &[BASIC, EXTRA], "-av --delete --max-delete=-5")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("no-room", &["f src/x size=4\nl src/y -> x", "f dst/x/in size=4\nd dst/y/in"], "-avi")
        .over(EVERY_WAY)
        .any_order(),
    row(
        "room-by-delete",
        &["f src/x size=4\nl src/y -> x", "f dst/x/in size=4\nd dst/y/in"],
        "-avi --delete",
    )
    .over(EVERY_WAY)
    .any_order(),
    row(
        "dirs-without-slash",
        &["f src/d/a\nf src/b", "f dst/src/old\nf dst/src/d/old\nf dst/old"],
        "-dti --delete",
    )
    .over(EVERY_WAY)
    .from_to("src", "dst/")
    .any_order(),
    row(
        "dirs-with-slash",
        &["f src/d/a\nf src/b", "f dst/src/old\nf dst/d/old\nf dst/old"],
        "-dti --delete",
    )
    .over(EVERY_WAY)
    .any_order(),
    // Only directories, which one process tells of: that deletions come first shows in the order.
    row(
        "first-with-an-old-protocol",
        &[
            "d src/d/e\nd src/f",
            "d dst/d/e/x\nd dst/d/y\nd dst/f/z\nd dst/w",
            "d src/d/e mtime=5\nd src/d mtime=5\nd src/f mtime=5\nd src mtime=5",
        ],
        "-ai --delete",
    )
    .over(LOCAL_AND_SHELL)
    .protocols(&[29]),
    // Only a pass over everything says where it is.
    row("when-by-protocol", &[BASIC, EXTRA], "-a --delete --debug=DEL2")
        .over(LOCAL_AND_SHELL)
        .protocols(&[29, 30, 32])
        .any_order(),
    row(
        "dirs-before",
        &["f src/d/a\nf src/b", "f dst/src/old\nf dst/src/d/old\nf dst/old"],
        "-dti --delete-before",
    )
    .over(LOCAL_AND_SHELL)
    .from_to("src", "dst/")
    .any_order(),
    row("empty-dest", &[BASIC, EMPTY], "-ai --delete").over(LOCAL_AND_SHELL),
    // What keeps to one file system does not delete in another one.
    row("mounts", &[MOUNTS], "-aix --delete --info=mount").over(LOCAL_AND_SHELL).any_order(),
    row("mounts-omitted", &[MOUNTS], "-aixx --delete --info=mount")
        .over(LOCAL_AND_SHELL)
        .any_order(),
    row("mounts-omitted-excluded", &[MOUNTS], "-aixx --delete --exclude=m --info=mount")
        .any_order(),
    row("mounts-make-way", &[MOUNTS], "-aix --force --debug=del").over(LOCAL_AND_SHELL).any_order(),
    row("mounts-omitted-make-way", &[MOUNTS], "-aixx --force --debug=del").any_order(),
    row("mounts-after", &[MOUNTS], "-aix --delete-after --debug=del").any_order(),
    row("mounts-delay", &[MOUNTS], "-aix --delete-delay --debug=del").any_order(),
    row("mounts-max-delete", &[MOUNTS], "-aix --delete --max-delete=0").any_order(),
    row("mounts-missing-args", &[MOUNTS], "-ix --delete-missing-args --force --debug=del,flist2")
        .from_to("src/d src/l src/none", "dst/")
        .any_order(),
    // Without recursion nothing is on the other side of a border.
    row("mounts-flat", &[MOUNTS], "-dtixx --delete --info=mount").over(LOCAL_AND_SHELL).any_order(),
    // In a dry run what is not empty seems to go, too.
    row(
        "dry-run-protected",
        &["d src", "f dst/l/ll/m\nf dst/l/ll/x\nf dst/l/z/m"],
        "-ain --delete --exclude=m",
    )
    .over(LOCAL_AND_SHELL),
    // Where there was nothing, nothing is said to be left.
    row("errors-and-nothing-there", &["l src/a -> nowhere\nd dst"], "-rL --delete-before")
        .over(LOCAL_AND_SHELL)
        .from_to("src", "dst/")
        .any_order(),
];
