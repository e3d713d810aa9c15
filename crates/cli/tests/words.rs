//! Every word of `--info` and `--debug`, at every level, in a local copy, a push and a pull: the same lines as the real
//! rsync's. Their order is not compared: in rsync three processes write them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use testkit::row::{LOCAL_AND_SHELL, row};
use testkit::{Peers, Row, scenario::differences};

#[path = "words/rows.rs"]
mod rows;

/// Something for most words to talk about.
const TREE: &str = r"
f src/a size=2000 mtime=1577836800
f src/b text=hi\n mtime=1577836800
h src/b2 -> src/b
f src/skipped size=3
f src/sub/c size=2
h src/sub/b3 -> src/b
f src/sub/deep/d size=3
f src/.rules text=-\sskip*\n:\s.more\n
f src/sub/.more text=-\snothing\n
f dst/.rules text=-\skept*\n
f dst/kept size=1
f dst/sub/old/kept size=1
d src/empty
l src/l -> a
l src/out -> ../../x
p src/p
f dst/a size=2000 edits=1 mtime=1500000000
f dst/b text=hi\n mtime=1500000000
f dst/extra size=6
f dst/sub/old/f size=4
l dst/l -> other
";

const OPTIONS: &str = "-aH --delete '--filter=: .rules' --no-W";

const INFO: &[&str] = &[
    "BACKUP", "COPY", "DEL", "FLIST", "MISC", "MOUNT", "NAME", "NONREG", "PROGRESS", "REMOVE",
    "SKIP", "STATS", "SYMSAFE", "ALL", "NONE",
];

const DEBUG: &[&str] = &[
    "ACL", "BACKUP", "BIND", "CHDIR", "CONNECT", "CMD", "DEL", "DELTASUM", "DUP", "EXIT", "FILTER",
    "FLIST", "FUZZY", "GENR", "HASH", "HLINK", "ICONV", "IO", "NSTR", "OWN", "PROTO", "RECV",
    "SEND", "TIME", "NONE",
];

/// Words that say something else than rsync's, or nothing, from some level on: they are about how rsync works inside.
const DIFFERENT: &[(&str, &str, u8, &str)] = &[
    ("info", "STATS", 3, "how rsync uses its memory"),
    ("info", "ALL", 3, "how rsync uses its memory"),
    ("debug", "DELTASUM", 4, "each byte that the search passes"),
    ("debug", "FLIST", 4, "lists of what may be deleted; sizes of structures"),
    ("debug", "HASH", 1, "addresses and sizes of rsync's hash tables"),
    ("debug", "IO", 1, "each message between rsync's processes; ours tells of lanes"),
];

/// A command line of each word at each level.
fn lines() -> Vec<String> {
    let mut lines = Vec::new();
    for (option, words) in [("info", INFO), ("debug", DEBUG)] {
        for word in words {
            for level in 1..=4 {
                let different =
                    |d: &&(&str, &str, u8, &str)| (d.0, d.1) == (option, *word) && level >= d.2;
                if !DIFFERENT.iter().any(|d| different(&d)) {
                    lines.push(format!("{OPTIONS} --{option}={word}{level}"));
                }
            }
        }
    }
    lines
}

#[test]
fn words_and_levels() {
    let lines = lines();
    let every = lines.iter().map(|line| row("word", &[TREE], line).over(LOCAL_AND_SHELL));
    compare(&every.collect::<Vec<_>>());
}

#[test]
fn words_of_their_own() {
    compare(rows::ROWS);
}

fn compare(rows: &[Row<'_>]) {
    let peers = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    let only = std::env::var("OXRSYNC_SCENARIO").unwrap_or_default();
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !row.args().contains(&only) {
                        continue;
                    }
                    let ours = differences(&peers, &row.distinct().any_server_args()).concat();
                    if !ours.is_empty() {
                        let line = row.args();
                        wrong.lock().expect("no holder panics").push(format!("{line}\n{ours}"));
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().expect("no holder panics");
    wrong.sort();
    assert!(wrong.is_empty(), "\n{}\n{} of {} differ", wrong.join("\n"), wrong.len(), rows.len());
}
