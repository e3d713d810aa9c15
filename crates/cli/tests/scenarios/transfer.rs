//! How content crosses: deltas, compression, checksums, ways of writing.

use super::trees::{BASIC, DELTA, EMPTY, OLDER};
use testkit::row::{EVERY_WAY, LOCAL_AND_SHELL, SHELL};
use testkit::{Row, Via, row};

const PUSH_PULL_DAEMON: &[Via] = &[Via::Push, Via::Pull, Via::DaemonPull];

const SPARSE: &str = r"
f src/holes size=1M data=500K:5000
f src/end size=300K data=0:100
f src/zeros size=100K fill=zero
f src/none size=65536
";

/// Files of which only a part has to come, in a folder where nothing can be made.
const UNWRITABLE: &str = r"
f src/a size=100000
f src/b size=90000 fill=words
d src/other mtime=6
f src/other/c size=5000
d src mtime=7
f dst/a size=100000 edits=3 mtime=5
f dst/b size=90000 fill=words edits=3 mtime=5
d dst/other uid=65534
f dst/other/c size=5000 edits=1 mtime=5
";

pub const ROWS: &[Row] = &[
    // What the server is told shows what a number was taken for.
    row("numbers", &["f src/a size=9", EMPTY], "-ai --timeout=0x10 --checksum-seed=010 --bwlimit=1.5m --modify-window=+5 --max-delete=0x3 --delete")
        .over(SHELL),
    row("numbers-rounded", &["f src/a size=9", EMPTY], "-ai --bwlimit=0.5 --max-size=1.5k-1 --min-size=.4 -B700")
        .over(SHELL),
    row("delta", &[DELTA], "-ai --no-whole-file --stats").over(EVERY_WAY),
    row("delta-whole-file", &[DELTA], "-aiW --stats").over(EVERY_WAY),
    row("delta-verbose", &[DELTA], "-avv --no-whole-file").over(LOCAL_AND_SHELL).any_order(),
    row("delta-protocols", &[DELTA], "-ai --no-whole-file --stats")
        .over(SHELL)
        .protocols(&[27, 28, 29, 30, 31]),
    row("delta-compressed", &[DELTA], "-aiz --stats").over(PUSH_PULL_DAEMON),
    row("delta-compressed-protocols", &[DELTA], "-aiz --stats")
        .over(SHELL)
        .protocols(&[27, 28, 29, 30, 31]),
    row("zlib", &[DELTA], "-ai --compress-choice=zlib --stats").over(PUSH_PULL_DAEMON),
    row("zlibx", &[DELTA], "-ai --zc=zlibx --stats").over(PUSH_PULL_DAEMON),
    row("zstd", &[DELTA], "-ai --zc=zstd --stats").over(PUSH_PULL_DAEMON),
    row("lz4", &[DELTA], "-ai --zc=lz4 --stats").over(PUSH_PULL_DAEMON),
    row("compress-none", &[DELTA], "-aiz --zc=none --stats").over(PUSH_PULL_DAEMON),
    row("compress-auto", &[DELTA], "-aiz --zc=auto").over(SHELL),
    row("compress-unknown", &[DELTA], "-aiz --zc=rar").over(SHELL),
    row("old-compress", &[DELTA], "-ai --old-compress").over(SHELL),
    row("new-compress", &[DELTA], "-ai --new-compress").over(SHELL),
    row("zlib-level-1", &[DELTA], "-aiz --zc=zlib --zl=1").over(SHELL),
    row("zlib-level-9", &[DELTA], "-aiz --zc=zlib --compress-level=9").over(SHELL),
    row("zstd-level-1", &[DELTA], "-aiz --zc=zstd --zl=1").over(SHELL),
    row("zstd-level-19", &[DELTA], "-aiz --zc=zstd --zl=19").over(SHELL),
    row("zstd-level-negative", &[DELTA], "-aiz --zc=zstd --zl=-5").over(SHELL),
    row("level-0", &[DELTA], "-aiz --zl=0").over(SHELL),
    row("zstd-level-too-big", &[DELTA], "-aiz --zc=zstd --zl=99").over(SHELL),
    row("skip-compress", &[DELTA, "f src/a.gz size=40000\nf src/b.jpg size=40000\nf src/c.txt size=40000 fill=words"], "-aiz --zc=zlib --skip-compress=gz/jpg").over(SHELL),
    row("skip-compress-default", &["f src/a.gz size=40000\nf src/b.JPG size=40000\nf src/c.txt size=40000 fill=words"], "-aiz").over(PUSH_PULL_DAEMON),
    row("skip-compress-none", &["f src/a.gz size=40000"], "-aiz --skip-compress=").over(SHELL),
    row("local-compressed", &[DELTA], "-aiz --no-whole-file"),
    row("checksum-xxh128", &[DELTA], "-aic --checksum-choice=xxh128 --no-whole-file").over(LOCAL_AND_SHELL),
    row("checksum-xxh3", &[DELTA], "-aic --cc=xxh3 --no-whole-file").over(LOCAL_AND_SHELL),
    row("checksum-xxh64", &[DELTA], "-aic --cc=xxh64 --no-whole-file").over(LOCAL_AND_SHELL),
    row("checksum-md5", &[DELTA], "-aic --cc=md5 --no-whole-file").over(LOCAL_AND_SHELL),
    row("checksum-md4", &[DELTA], "-aic --cc=md4 --no-whole-file").over(LOCAL_AND_SHELL),
    row("checksum-sha1", &[DELTA], "-aic --cc=sha1 --no-whole-file").over(LOCAL_AND_SHELL),
    row("checksum-none-compared", &[DELTA], "-aic --cc=none").over(&[Via::Local, Via::Push]).one_process(),
    row("checksum-none-for-lists", &[DELTA], "-aic --cc=md5,none").over(&[Via::Local, Via::Push]).one_process(),
    row("checksum-none", &[DELTA], "-ai --cc=none").over(LOCAL_AND_SHELL),
    row("checksum-two", &[DELTA], "-aic --cc=xxh64,md5 --no-whole-file").over(LOCAL_AND_SHELL),
    row("checksum-auto", &[DELTA], "-aic --cc=auto --no-whole-file").over(SHELL),
    row("checksum-unknown", &[DELTA], "-aic --cc=crc32").over(SHELL),
    row("checksum-names-in-output", &[DELTA], "-ac --out-format=%C:%n --no-whole-file").over(LOCAL_AND_SHELL),
    row("checksum-list-environment", &[DELTA], "-aic --no-whole-file").over(SHELL).environment(&[("RSYNC_CHECKSUM_LIST", "md5 sha1")]),
    row("compress-list-environment", &[DELTA], "-aiz").over(SHELL).environment(&[("RSYNC_COMPRESS_LIST", "lz4 zlibx")]),
    row("checksum-protocols", &[DELTA], "-aic --no-whole-file").over(SHELL).protocols(&[27, 28, 29, 30, 31]),
    row("checksum-seed", &[DELTA], "-aic --checksum-seed=12345 --no-whole-file").over(LOCAL_AND_SHELL),
    row("block-size", &[DELTA], "-ai -B 1000 --no-whole-file --stats").over(LOCAL_AND_SHELL),
    row("block-size-large", &[DELTA], "-ai --block-size=128K --no-whole-file --stats").over(LOCAL_AND_SHELL),
    row("block-size-too-large", &[DELTA], "-ai --block-size=1G").over(LOCAL_AND_SHELL),
    row("block-size-old", &[DELTA], "-ai --block-size=20000 --stats").over(SHELL).protocols(&[27, 29]),
    row("inplace", &[DELTA], "-ai --inplace --no-whole-file --stats").over(EVERY_WAY),
    row("inplace-whole", &[DELTA], "-ai --inplace").over(LOCAL_AND_SHELL),
    row("inplace-hard-linked", &["f src/a size=10\nf dst/a size=20\nh dst/other -> dst/a"], "-ai --inplace").over(LOCAL_AND_SHELL),
    row("remove-source-links", &["f src/a size=5\nl src/in -> a\nl src/none -> nowhere\nl src/out -> /etc/passwd\nl src/up -> ../other\nf other size=7", EMPTY], "-ai --remove-source-files --copy-unsafe-links").over(LOCAL_AND_SHELL).any_order(),
    row("unwritable-delta", &[UNWRITABLE], "-rti --no-whole-file").over(&[Via::Local, Via::Push]).as_nobody(),
    row("unwritable-delta-zlib", &[UNWRITABLE], "-rtiz --zc=zlib --no-whole-file").over(&[Via::Local, Via::Push]).as_nobody(),
    row("unwritable-delta-zlibx", &[UNWRITABLE], "-rtiz --zc=zlibx --no-whole-file").over(&[Via::Local, Via::Push]).as_nobody(),
    row("unwritable-delta-lz4", &[UNWRITABLE], "-rtiz --zc=lz4 --no-whole-file").over(&[Via::Local, Via::Push]).as_nobody(),
    row("unwritable-delta-zstd", &[UNWRITABLE], "-rtiz --zc=zstd --no-whole-file").over(&[Via::Local, Via::Push]).as_nobody(),
    row("inplace-read-only", &["f src/a size=10 mode=444\nf dst/a size=20 mode=444\nd dst uid=65534\n", "f dst/a size=20 mode=444 uid=65534"], "-rti --inplace").as_nobody(),
    row("append", &["f src/a size=100000\nf dst/a size=100000 cut=60000 mtime=3\nf src/b size=9\nf dst/b size=20"], "-ai --append").over(EVERY_WAY),
    row("append-verify", &["f src/a size=100000\nf dst/a size=100000 cut=60000 edits=1 mtime=3"], "-ai --append-verify").over(EVERY_WAY),
    row("append-protocol-29", &["f src/a size=100000\nf dst/a size=100000 cut=60000 mtime=3"], "-ai --append").over(SHELL).protocols(&[29]),
    row("partial", &[DELTA], "-ai --partial").over(LOCAL_AND_SHELL),
    row("partial-basis", &["f src/a size=100000\nf dst/.~tmp/a size=100000 cut=60000"], "-ai --partial-dir=.~tmp --no-whole-file --stats").over(EVERY_WAY),
    row("partial-and-progress", &[BASIC, OLDER], "-aP").over(LOCAL_AND_SHELL),
    row("temp-dir", &[BASIC, OLDER, "d tmp"], "-ai --temp-dir={top}/tmp").over(LOCAL_AND_SHELL),
    row("temp-dir-missing", &[BASIC, OLDER], "-ai --temp-dir={top}/tmp").over(LOCAL_AND_SHELL),
    row("delay-updates", &[BASIC, OLDER], "-ai --delay-updates").over(EVERY_WAY),
    row("sparse", &[SPARSE, EMPTY], "-aiS").over(EVERY_WAY).holes(),
    row("sparse-update", &[SPARSE, "f dst/holes size=1M\nf dst/none size=65536 edits=4 mtime=6"], "-aiS --no-whole-file").over(LOCAL_AND_SHELL).holes(),
    row("sparse-inplace", &[SPARSE, "f dst/holes size=1M\nf dst/zeros size=100K"], "-aiS --inplace").over(LOCAL_AND_SHELL),
    row("preallocate", &[SPARSE, EMPTY], "-ai --preallocate").over(LOCAL_AND_SHELL),
    row("fsync", &[BASIC, EMPTY], "-ai --fsync").over(LOCAL_AND_SHELL),
    row("bwlimit", &["f src/a size=100000"], "-ai --bwlimit=1M").over(LOCAL_AND_SHELL),
    row("timeout-not-reached", &[BASIC], "-ai --timeout=30").over(EVERY_WAY),
    row("compare-dest", &[BASIC, "f other/medium size=33000\nf other/small text=no\nf other/sub/one size=1000", EMPTY], "-avi --compare-dest=../other").over(LOCAL_AND_SHELL),
    row("copy-dest", &[BASIC, "f other/medium size=33000\nf other/small text=no\nf other/sub/one size=1000 mode=600", EMPTY], "-avi --copy-dest=../other").over(LOCAL_AND_SHELL),
    row("link-dest", &[BASIC, "f other/medium size=33000\nf other/small text=no\nf other/sub/one size=1000 mode=600\nl other/link -> small", EMPTY], "-avi --link-dest=../other").over(LOCAL_AND_SHELL),
    row("link-dest-daemon", &[BASIC, "f other/medium size=33000\nf other/sub/one size=1000", EMPTY], "-avi --link-dest=/other").over(&[Via::DaemonPush]),
    row("backup", &[BASIC, OLDER], "-avib").over(LOCAL_AND_SHELL),
    row("backup-suffix", &[BASIC, OLDER], "-aib --suffix=.orig").over(LOCAL_AND_SHELL),
    row("backup-dir", &[BASIC, OLDER], "-avib --backup-dir=../bak").over(LOCAL_AND_SHELL),
    row("backup-dir-delete", &[BASIC, OLDER], "-avib --backup-dir=../bak --delete").over(LOCAL_AND_SHELL).any_order(),
    row("backup-delete", &[BASIC, OLDER], "-aib --delete").over(LOCAL_AND_SHELL).any_order(),
    row("remove-source-files", &[BASIC, OLDER], "-ai --remove-source-files").over(EVERY_WAY),
    row("remove-source-files-verbose", &[BASIC, OLDER], "-avv --remove-source-files").over(SHELL).any_order(),
];
