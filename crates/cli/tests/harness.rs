//! The comparison itself: it must see what a wrong program does wrong.

use std::panic::catch_unwind;

use testkit::peers::truth;
use testkit::row::LOCAL_AND_SHELL;
use testkit::run::write_script;
use testkit::{Peers, Row, Scratch, row, run_family};

const TREE: &str = "f src/a size=5000 mode=666\nf src/sub/b size=3\nl src/l -> a\nf dst/old";

const ROWS: &[Row] = &[row("copy", &[TREE], "-ai").over(LOCAL_AND_SHELL)];

/// The failure report for a program that runs the real rsync through `script`.
fn report(script: &str) -> Option<String> {
    let scratch = Scratch::new("harness", "wrong");
    let wrong = scratch.path.join("wrong");
    let rsync = truth();
    let script = script.replace("RSYNC", &rsync.display().to_string());
    write_script(&wrong, &format!("#!/bin/sh\n{script}\n"));
    let peers = Peers { rsync, ours: wrong, old: None };
    let panic = catch_unwind(|| run_family(&peers, "harness", ROWS, "")).err()?;
    Some(*panic.downcast::<String>().expect("a report is text"))
}

#[test]
fn the_same_program_passes() {
    assert_eq!(report("exec RSYNC \"$@\""), None);
}

#[test]
fn another_tree_is_seen() {
    let report = report("exec RSYNC \"$@\" --no-perms").unwrap();
    assert!(report.contains("dst/a: mode is 0644, should be 0666"), "{report}");
}

#[test]
fn other_output_is_seen() {
    let report = report("echo extra; exec RSYNC \"$@\"").unwrap();
    assert!(report.contains("harness/copy@local ours"), "{report}");
    assert!(report.contains("+ extra"), "{report}");
}

#[test]
fn another_exit_code_is_seen() {
    let report = report("RSYNC \"$@\"; exit 5").unwrap();
    assert!(report.contains("ended with exit 5, should be exit 0"), "{report}");
}

#[test]
fn other_arguments_for_the_server_are_seen() {
    let report = report("exec RSYNC \"$@\" --omit-dir-times").unwrap();
    assert!(report.contains("server arguments"), "{report}");
}

#[test]
fn a_changed_source_is_seen() {
    let report = report("touch -d @99 src/a 2>/dev/null; exec RSYNC \"$@\"").unwrap();
    assert!(report.contains("src/a: mtime is 99"), "{report}");
}

#[test]
fn a_listed_failure_must_fail() {
    let rsync = truth();
    let peers = Peers { ours: rsync.clone(), rsync, old: None };
    let known = "harness/copy@local ours: a reason";
    let panic = catch_unwind(|| run_family(&peers, "harness", ROWS, known)).unwrap_err();
    let report = panic.downcast::<String>().unwrap();
    assert!(report.contains("a reason"), "{report}");
}
