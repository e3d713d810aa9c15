//! One command line, run with each combination of the real rsync and our program at its two ends.
//!
//! The real rsync at both ends gives the truth. The other pairings start from an identical tree and must end with the
//! same exit code, the same output, the same tree (both sides of it: a source must not change either), and, over a
//! remote shell, the same command line sent to the server.

mod known;
mod stage;

use std::{
    collections::BTreeSet,
    sync::{
        Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use crate::{
    normalise,
    peers::Peers,
    row::{Row, Via},
};
use known::Known;
use stage::{Case, Ends, Outcome, run_ends};

/// A truth, and the pairings that must agree with it.
type Comparison<'a> = (Ends<'a>, Vec<Ends<'a>>);

/// What to compare over a connection.
fn comparisons<'a>(peers: &'a Peers, case: &Case<'_>) -> Vec<Comparison<'a>> {
    // A batch has a writer and a reader.
    let alone = case.via == Via::Local && !case.row.batch;
    let Peers { rsync, ours, old } = peers;
    let ends = |name, client, server| Ends { name, client, server };
    match old {
        None if alone => {
            vec![(ends("truth", rsync, rsync), vec![ends("ours", ours, ours)])]
        }
        None => vec![(
            ends("truth", rsync, rsync),
            vec![
                ends("ours", ours, ours),
                ends("our-client", ours, rsync),
                ends("our-server", rsync, ours),
            ],
        )],
        Some(_) if alone => Vec::new(),
        // The newer rsync in our place shows what each pair of versions agrees on.
        Some(old) => vec![
            (ends("truth-client", rsync, old), vec![ends("our-client", ours, old)]),
            (ends("truth-server", old, rsync), vec![ends("our-server", old, ours)]),
        ],
    }
}

/// Runs every row of a family and reports all that fail.
///
/// `known` holds the known failures: lines of `SCENARIO PAIRING: REASON`, where SCENARIO may end in
/// `*` and PAIRING may be `*`; a line that covers no failure fails the family. `OXRSYNC_SCENARIO` limits the
/// run to scenarios whose name contains it; `OXRSYNC_KEEP` keeps the folders.
///
/// # Panics
///
/// When a row fails that is not known to, or one passes that is known to fail.
pub fn run_family(peers: &Peers, family: &str, rows: &[Row<'_>], known: &str) {
    let only = std::env::var("OXRSYNC_SCENARIO").ok();
    let known = Known::parse(known, family);
    let mut names = BTreeSet::new();
    let mut cases = Vec::new();
    for row in rows {
        assert!(names.insert(row.name), "two rows are called {}", row.name);
        for &via in row.via {
            if row.protocols.is_empty() {
                cases.push(Case { row, via, protocol: None, space: None });
            }
            cases.extend(row.protocols.iter().map(|&version| Case {
                row,
                via,
                protocol: Some(version),
                space: None,
            }));
        }
    }
    if let Some(only) = &only {
        cases.retain(|case| case.name(family).contains(only));
    }
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..PERMITS {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let _permit = Permit::take();
                    let start = Instant::now();
                    let failed = run_case(peers, family, case, &known);
                    if start.elapsed().as_secs() >= 10 {
                        println!("{} took {:?}", case.name(family), start.elapsed());
                    }
                    failures.lock().expect("no holder panics").extend(failed);
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("no holder panics");
    failures.sort();
    if only.is_none() {
        failures.extend(known.unused());
    }
    println!("{family}: {} scenarios in {:.1} s", cases.len(), start.elapsed().as_secs_f32());
    assert!(
        failures.is_empty(),
        "\n{}\n{} failures in {} scenarios of {family}\n",
        failures.join("\n"),
        failures.len(),
        cases.len()
    );
}

/// Runs the local rows of a family as dry runs, which must announce the same and change as little as rsync's. Together with
/// the rows themselves that makes dry runs say what happens wherever rsync's do.
///
/// # Panics
///
/// As [`run_family`], whose family is called `dry-FAMILY` here.
pub fn run_family_dry(peers: &Peers, family: &str, rows: &[Row<'_>], known: &str) {
    let args: Vec<String> = rows.iter().map(|row| format!("{} -n", row.args)).collect();
    let local = rows.iter().zip(&args).filter(|(row, _)| row.via.contains(&Via::Local));
    let rows: Vec<_> = local.map(|(row, args)| Row { args, via: &[Via::Local], ..*row }).collect();
    run_family(peers, &format!("dry-{family}"), &rows, known);
}

/// How the pairings of a row differ from the truth: a report of each that does. Nothing is known of the row beforehand,
/// so that each run gets a small file system: a tree may grow without end where links are followed.
pub fn differences(peers: &Peers, row: &Row<'_>) -> Vec<String> {
    let known = Known::none();
    row.via
        .iter()
        .flat_map(|&via| {
            let case = Case { row, via, protocol: None, space: Some("1G,nr_inodes=100k") };
            run_case(peers, "random", &case, &known)
        })
        .collect()
}

fn run_case(peers: &Peers, family: &str, case: &Case<'_>, known: &Known) -> Vec<String> {
    let name = case.name(family);
    let outcome = |ends: Ends<'_>| {
        std::panic::catch_unwind(|| run_ends(&name, case, ends)).map_err(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("panic").to_owned()
        })
    };
    let mut failures = Vec::new();
    for (truth, pairings) in comparisons(peers, case) {
        let truth = match outcome(truth) {
            Ok(truth) => truth,
            Err(error) => {
                failures.push(format!("{name}: the truth cannot be found: {error}"));
                continue;
            }
        };
        for pairing in pairings {
            let differences = match outcome(pairing) {
                Ok(outcome) => compare(case.row, &truth, &outcome),
                Err(error) => format!("  {error}\n"),
            };
            if !differences.is_empty() && !known.covers(&name, pairing.name) {
                let end = &truth.end;
                failures.push(format!("{name} {} (truth: {end})\n{differences}", pairing.name));
            }
        }
    }
    failures
}

fn compare(row: &Row<'_>, truth: &Outcome, found: &Outcome) -> String {
    let mut text = String::new();
    if truth.end != found.end {
        text.push_str(&format!("  ended with {}, should be {}\n", found.end, truth.end));
        if !row.stderr {
            text.push_str(&format!("  stderr: {}\n", found.stderr));
        }
    }
    let mut section = |title: &str, difference: String| {
        if !difference.is_empty() {
            text.push_str(&format!(" {title}:\n{difference}"));
        }
    };
    if row.stdout {
        section("stdout", normalise::diff(&truth.stdout, &found.stdout));
    }
    if row.stderr {
        section("stderr", normalise::diff(&truth.stderr, &found.stderr));
    }
    section("log file", normalise::diff(&truth.log, &found.log));
    section("daemon's log", normalise::diff(&truth.daemon_log, &found.daemon_log));
    if row.server_args {
        section("server arguments", normalise::diff(&truth.server_args, &found.server_args));
    }
    if row.tree {
        let tree = truth.tree.diff(&found.tree);
        let mut lines: Vec<_> = tree.lines().take(20).map(|line| format!("{line}\n")).collect();
        let left = tree.lines().count().saturating_sub(20);
        if left > 0 {
            lines.push(format!("  … {left} differences more\n"));
        }
        section("tree", lines.concat());
    }
    text
}

/// The words of a command line: separated by spaces, kept together by single quotes.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for character in text.chars() {
        match character {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' | '\n' if !quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

/// How many scenarios run at once, over all families of a test program: most of their time is waiting.
const PERMITS: usize = 3;

static IN_USE: Mutex<usize> = Mutex::new(0);
static RETURNED: Condvar = Condvar::new();

struct Permit;

impl Permit {
    fn take() -> Self {
        let mut in_use = IN_USE.lock().expect("no holder panics");
        while *in_use >= PERMITS {
            in_use = RETURNED.wait(in_use).expect("no holder panics");
        }
        *in_use += 1;
        Self
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        *IN_USE.lock().expect("no holder panics") -= 1;
        RETURNED.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_command_line() {
        assert_eq!(words("-a 'b c'  --d='e f' ''"), ["-a", "b c", "--d=e f", ""]);
    }
}
