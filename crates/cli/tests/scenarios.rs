//! Command lines run with the real rsync and with this one at either end: see `testkit::scenario`.

use testkit::{Peers, Row, run_family};

#[path = "scenarios/attributes.rs"]
mod attributes;
#[path = "scenarios/backup.rs"]
mod backup;
#[path = "scenarios/basis.rs"]
mod basis;
#[path = "scenarios/big.rs"]
mod big;
#[path = "scenarios/daemon.rs"]
mod daemon;
#[path = "scenarios/delete.rs"]
mod delete;
#[path = "scenarios/everyday.rs"]
mod everyday;
#[path = "scenarios/fake.rs"]
mod fake;
#[path = "scenarios/fuzzy.rs"]
mod fuzzy;
#[path = "scenarios/guards.rs"]
mod guards;
#[path = "scenarios/iconv.rs"]
mod iconv;
#[path = "scenarios/names.rs"]
mod names;
#[path = "scenarios/output.rs"]
mod output;
#[path = "scenarios/owners.rs"]
mod owners;
#[path = "scenarios/selection.rs"]
mod selection;
#[path = "scenarios/transfer.rs"]
mod transfer;
#[path = "scenarios/trees.rs"]
mod trees;
#[path = "scenarios/writing.rs"]
mod writing;
#[path = "scenarios/xattrs.rs"]
mod xattrs;

fn family(name: &str, rows: &[Row]) {
    let peers = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    run_family(&peers, name, rows, include_str!("scenarios/known_failures.txt"));
}

#[test]
fn everyday() {
    family("everyday", everyday::ROWS);
}

#[test]
fn attributes() {
    family("attributes", attributes::ROWS);
}

#[test]
fn xattrs() {
    family("xattrs", xattrs::ROWS);
}

#[test]
fn owners() {
    family("owners", owners::ROWS);
}

#[test]
fn fake() {
    family("fake", fake::ROWS);
}

#[test]
fn writing() {
    family("writing", writing::ROWS);
}

#[test]
fn fuzzy() {
    family("fuzzy", fuzzy::ROWS);
}

#[test]
fn guards() {
    family("guards", guards::ROWS);
}

#[test]
fn transfer() {
    family("transfer", transfer::ROWS);
}

#[test]
fn basis() {
    family("basis", basis::ROWS);
}

#[test]
fn backup() {
    family("backup", backup::ROWS);
}

#[test]
fn output() {
    family("output", output::ROWS);
}

#[test]
fn selection() {
    family("selection", selection::ROWS);
}

#[test]
fn delete() {
    family("delete", delete::ROWS);
}

#[test]
fn iconv() {
    family("iconv", iconv::ROWS);
}

#[test]
fn names() {
    family("names", names::ROWS);
}

#[test]
fn daemon() {
    family("daemon", daemon::ROWS);
}

#[test]
fn big() {
    family("big", big::ROWS);
}

/// The everyday command lines with rsync 3.2.7 at the other end, where the newer rsync in our place is
/// the truth.
#[test]
fn old_peer() {
    let peers = Peers::with_old_rsync(env!("CARGO_BIN_EXE_oxrsync"));
    run_family(&peers, "old-peer", everyday::ROWS, include_str!("scenarios/known_failures.txt"));
}
