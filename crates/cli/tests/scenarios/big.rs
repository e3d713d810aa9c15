//! Sizes and counts beyond what small integers hold.

use super::trees::EMPTY;
use testkit::row::{EVERY_WAY, SHELL};
use testkit::{Row, Via, row};

const HUGE: &str = "f src/huge size=4200M data=0:4096,2G:4096,4G:9,4199M:100\nf src/small size=4";
const MANY: &str = "many src/m count=100000 per=1000 mtime=1500000000";
const SOME: &str = "many src/m count=1500 per=40 size=20";

pub const ROWS: &[Row] = &[
    row("sparse-huge", &[HUGE, EMPTY], "-avS --stats").holes(),
    row("huge-list", &[HUGE], "-r --list-only").from_to("src/", "").over(&[Via::Pull]),
    row("huge-list-29", &[HUGE], "-r").from_to("src/", "").over(&[Via::Pull]).protocols(&[27, 29]),
    row(
        "huge-unchanged",
        &["f src/huge size=4200M data=4G:9\nf dst/huge size=4200M data=4G:9"],
        "-aiv",
    )
    .over(EVERY_WAY),
    row("hundred-thousand", &[MANY, EMPTY], "-a --stats"),
    row("hundred-thousand-listed-no-inc", &[MANY], "-an --no-inc-recursive --stats")
        .over(&[Via::DaemonPull]),
    row("thousands", &[SOME, EMPTY], "-ai --stats").over(EVERY_WAY),
    row("thousands-no-inc", &[SOME, EMPTY], "-ai --no-inc-recursive --stats").over(EVERY_WAY),
    row("thousands-protocols", &[SOME, EMPTY], "-ai").over(SHELL).protocols(&[27, 29, 30]),
    row(
        "thousands-delete",
        &["d src\nf src/m/1/x", "many dst/m count=1500 per=40"],
        "-a --delete --stats",
    )
    .over(EVERY_WAY),
    row(
        "thousands-update",
        &[SOME, "many dst/m count=1500 per=40 size=20 mtime=1000000000"],
        "-ai --stats",
    )
    .over(EVERY_WAY),
    row(
        "thousands-hard-linked",
        &[
            SOME,
            "h src/z0 -> src/m/0/0\nh src/z1 -> src/m/30/39\nh src/m/0/zz -> src/m/20/1",
            EMPTY,
        ],
        "-aHi",
    )
    .over(EVERY_WAY)
    // Which member of a group is transferred depends on how far the list has come.
    .any_stdout(),
];
