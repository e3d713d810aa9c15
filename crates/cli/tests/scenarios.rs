//! Command lines run with the real rsync and with this one at either end: see `testkit::scenario`.

use testkit::{Peers, Row, run_family, run_family_dry};

#[path = "scenarios/attributes.rs"]
mod attributes;
#[path = "scenarios/backup.rs"]
mod backup;
#[path = "scenarios/basis.rs"]
mod basis;
#[path = "scenarios/big.rs"]
mod big;
#[path = "scenarios/borders.rs"]
mod borders;
#[path = "scenarios/combined.rs"]
mod combined;
#[path = "scenarios/daemon.rs"]
mod daemon;
#[path = "scenarios/delete.rs"]
mod delete;
#[path = "scenarios/errors.rs"]
mod errors;
#[path = "scenarios/everyday.rs"]
mod everyday;
#[path = "scenarios/failures.rs"]
mod failures;
#[path = "scenarios/fake.rs"]
mod fake;
#[path = "scenarios/formats.rs"]
mod formats;
#[path = "scenarios/fuzzy.rs"]
mod fuzzy;
#[path = "scenarios/guards.rs"]
mod guards;
#[path = "scenarios/iconv.rs"]
mod iconv;
#[path = "scenarios/listed.rs"]
mod listed;
#[path = "scenarios/modules.rs"]
mod modules;
#[path = "scenarios/names.rs"]
mod names;
#[path = "scenarios/output.rs"]
mod output;
#[path = "scenarios/owners.rs"]
mod owners;
#[path = "scenarios/per_dir.rs"]
mod per_dir;
#[path = "scenarios/repeated.rs"]
mod repeated;
#[path = "scenarios/rules.rs"]
mod rules;
#[path = "scenarios/rules_daemon.rs"]
mod rules_daemon;
#[path = "scenarios/rules_mixed.rs"]
mod rules_mixed;
#[path = "scenarios/selection.rs"]
mod selection;
#[path = "scenarios/sides.rs"]
mod sides;
#[path = "scenarios/transfer.rs"]
mod transfer;
#[path = "scenarios/trees.rs"]
mod trees;
#[path = "scenarios/writing.rs"]
mod writing;
#[path = "scenarios/xattrs.rs"]
mod xattrs;

const KNOWN: &str = include_str!("scenarios/known_failures.txt");

fn family(name: &str, rows: &[Row]) {
    let peers = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    run_family(&peers, name, rows, KNOWN);
}

/// The local rows are run once more with `-n`.
fn family_and_dry_runs(name: &str, rows: &[Row]) {
    family(name, rows);
    run_family_dry(&Peers::new(env!("CARGO_BIN_EXE_oxrsync")), name, rows, KNOWN);
}

#[test]
fn repeated() {
    family_and_dry_runs("repeated", repeated::ROWS);
}

#[test]
fn everyday() {
    family_and_dry_runs("everyday", everyday::ROWS);
}

#[test]
fn errors() {
    family("errors", errors::ROWS);
}

#[test]
fn attributes() {
    family_and_dry_runs("attributes", attributes::ROWS);
}

#[test]
fn xattrs() {
    family_and_dry_runs("xattrs", xattrs::ROWS);
}

#[test]
fn owners() {
    family_and_dry_runs("owners", owners::ROWS);
}

#[test]
fn fake() {
    family_and_dry_runs("fake", fake::ROWS);
}

#[test]
fn writing() {
    family_and_dry_runs("writing", writing::ROWS);
}

#[test]
fn fuzzy() {
    family_and_dry_runs("fuzzy", fuzzy::ROWS);
}

#[test]
fn guards() {
    family("guards", guards::ROWS);
}

#[test]
fn transfer() {
    family_and_dry_runs("transfer", transfer::ROWS);
}

#[test]
fn borders() {
    family("borders", borders::ROWS);
}

#[test]
fn basis() {
    family_and_dry_runs("basis", basis::ROWS);
}

#[test]
fn backup() {
    family_and_dry_runs("backup", backup::ROWS);
}

#[test]
fn output() {
    family("output", output::ROWS);
}

#[test]
fn rules() {
    family("rules", rules::ROWS);
}

#[test]
fn rules_daemon() {
    family("rules-daemon", rules_daemon::ROWS);
}

#[test]
fn per_dir() {
    family("per-dir", per_dir::ROWS);
}

#[test]
fn listed() {
    family("listed", listed::ROWS);
}

#[test]
fn failures() {
    family("failures", failures::ROWS);
}

#[test]
fn rules_mixed() {
    family("rules-mixed", rules_mixed::ROWS);
}

#[test]
fn sides() {
    family("sides", sides::ROWS);
}

#[test]
fn formats() {
    family("formats", formats::ROWS);
}

#[test]
fn selection() {
    family_and_dry_runs("selection", selection::ROWS);
}

#[test]
fn delete() {
    family_and_dry_runs("delete", delete::ROWS);
}

#[test]
fn combined() {
    family("combined", combined::ROWS);
}

#[test]
fn iconv() {
    family_and_dry_runs("iconv", iconv::ROWS);
}

#[test]
fn modules() {
    family("modules", modules::ROWS);
}

#[test]
fn names() {
    family_and_dry_runs("names", names::ROWS);
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
    run_family(&peers, "old-peer", everyday::ROWS, KNOWN);
}
