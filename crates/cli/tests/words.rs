//! Every word of `--info` and `--debug`, at every level, in a local copy, a push and a pull: the same lines as the real
//! rsync's. Their order is not compared: in rsync three processes write them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use testkit::{Peers, Row, Via, row, scenario::differences};

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
    (
        "debug",
        "CHDIR",
        1,
        "we never change the directory; rsync does so whenever the next file has another source",
    ),
    ("debug", "DELTASUM", 3, "each block as the matching goes, and the maps of files"),
    ("debug", "FLIST", 3, "rsync's memory of a list"),
    ("debug", "HASH", 1, "addresses and sizes of rsync's hash tables"),
    ("debug", "IO", 1, "each message between rsync's processes; ours tells of lanes"),
];

/// Groups of hard links: up to date, to be sent, in part of either, in an alternate directory.
const LINKS: &str = r"
f src/a1 text=a\n mtime=1577836800
h src/a2 -> src/a1
h src/a3 -> src/a1
h src/s/a4 -> src/a1
h src/s/t/a5 -> src/a1
f src/b1 text=b\n mtime=1577836800
h src/b2 -> src/b1
h src/b3 -> src/b1
h src/s/b4 -> src/b1
f src/c1 text=c\n mtime=1577836800
h src/c2 -> src/c1
h src/s/c3 -> src/c1
f src/d1 text=d\n mtime=1577836800
h src/d2 -> src/d1
h src/s/d3 -> src/d1
p src/p1
h src/p2 -> src/p1
f dst/a2 text=older
f dst/b2 text=b\n mtime=1577836800
f dst/s/b4 text=newer mtime=2000000000
f alt/c1 text=c\n mtime=1577836800
f more/d1 text=d\n mtime=1577836800
h more/d2 -> more/d1
";

/// Words over trees and options of their own.
const MORE: &[(&str, &str, &[Via])] = &[
    (LINKS, "-aH --debug=hlink3,genr", &[Via::Local, Via::Push, Via::Pull]),
    (LINKS, "-aH --debug=hlink3,genr --no-i-r", &[Via::Local, Via::Push, Via::Pull]),
    (LINKS, "-aH --debug=hlink3,genr --no-i-r -n", &[Via::Local]),
    (LINKS, "-aH --debug=hlink3,genr --no-i-r --existing", &[Via::Local]),
    (LINKS, "-aH --debug=hlink3,genr --no-i-r --ignore-existing", &[Via::Local]),
    (LINKS, "-aH --debug=hlink3,genr --no-i-r --update", &[Via::Local]),
    (LINKS, "-aH --debug=hlink3,genr --no-i-r --max-size=1", &[Via::Local]),
    (
        LINKS,
        "-aH --debug=hlink3,genr --no-i-r -c --link-dest=../alt --link-dest=../more",
        &[Via::Local],
    ),
    (
        LINKS,
        "-aH --debug=hlink3,genr --no-i-r --copy-dest=../alt --copy-dest=../more",
        &[Via::Local],
    ),
    (
        LINKS,
        "-aHn --debug=hlink3,genr --no-i-r --compare-dest=../alt --compare-dest=../more",
        &[Via::Local],
    ),
    (LINKS, "-aH --debug=hlink3,genr --protocol=29", &[Via::Local, Via::Push, Via::Pull]),
];

fn rows() -> Vec<(&'static str, String, Via)> {
    let mut lines = Vec::new();
    for (option, words) in [("info", INFO), ("debug", DEBUG)] {
        for word in words {
            for level in 1..=4 {
                let different =
                    |d: &&(&str, &str, u8, &str)| (d.0, d.1) == (option, *word) && level >= d.2;
                if DIFFERENT.iter().any(|d| different(&d)) {
                    continue;
                }
                for via in [Via::Local, Via::Push, Via::Pull] {
                    lines.push((TREE, format!("{OPTIONS} --{option}={word}{level}"), via));
                }
            }
        }
    }
    for (tree, line, vias) in MORE {
        lines.extend(vias.iter().map(|via| (*tree, (*line).to_owned(), *via)));
    }
    lines
}

#[test]
fn words_and_levels() {
    let peers = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    let only = std::env::var("OXRSYNC_SCENARIO").unwrap_or_default();
    let rows = rows();
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some((tree, line, via)) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !line.contains(&only) {
                        continue;
                    }
                    let (trees, via) = ([*tree], [*via]);
                    let row: Row<'_> =
                        row("word", &trees, line).over(&via).distinct().any_server_args();
                    let ours = differences(&peers, &row).concat();
                    if !ours.is_empty() {
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
