//! Batch files: written by the real rsync and by this one, each applied by both. The real rsync doing both is the truth.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};
use testkit::{
    Peers, Scratch, Snapshot, normalise,
    run::{Finished, command, run, write_script},
    scenario::words,
    snapshot::Details,
    tree,
};

/// A source and a destination that differ in every way, the destination twice.
const TREE: &str = r"
f src/empty
f src/small text=hello\n
f src/medium size=33000
f src/large size=300000 mode=600
f src/sub/one size=1000
f src/sub/two size=2000 mode=444
h src/sub/twin -> src/small
f src/sub/deeper/three size=3000
f src/name.o size=10
l src/link -> small
d src/emptydir
f dst/empty mode=600
f dst/small text=older\n mtime=1000000000
f dst/medium size=33000 edits=3 mtime=1000000000.5
f dst/large size=300000 mode=644
f dst/extra size=50
f dst/sub/one size=1000 mtime=1100000000
l dst/link -> other
f other/empty mode=600
f other/small text=older\n mtime=1000000000
f other/medium size=33000 edits=3 mtime=1000000000.5
f other/large size=300000 mode=644
f other/extra size=50
f other/sub/one size=1000 mtime=1100000000
l other/link -> other
";

#[derive(Clone, Copy)]
struct Row {
    /// What changes in the second destination before the batch is applied.
    changes: &'static str,
    /// Options when it is written; `-O`, because the times of directories that a batch leaves depend on which of rsync's
    /// processes ends last.
    write: &'static str,
    read: &'static str,
}

const fn row(write: &'static str, read: &'static str) -> Row {
    Row { changes: "", write, read }
}

const ROWS: &[Row] = &[
    row("-aHO --write-batch=b", "-aHO"),
    row("-aHOi --write-batch=b", "-aHOi"),
    row("-aHOi --no-i-r --write-batch=b", "-aHOi --no-i-r"),
    row("-aOv --delete --write-batch=b", "-aOv --delete"),
    row("-aOi --delete-after --write-batch=b", "-aOi --delete-after"),
    row("-aOz --stats --write-batch=b", "-aO --stats"),
    row("-aOW --write-batch b", "-vaO"),
    row("-aOc --write-batch=b --checksum-seed=5", "-avO"),
    row("-aO --protocol=30 --write-batch=b", "-aOv"),
    row("-aO --protocol=29 --write-batch=b", "-aOv --no-i-r"),
    row("-aOX --write-batch=b", "-aOv"),
    row("-aOA --write-batch=b", "-aOv"),
    row("-aO --inplace --write-batch=b", "-aOv"),
    row("-aO --write-batch=b", "-aOHAXzcv --inplace"),
    row("-rO --no-i-r --write-batch=b", "-vO"),
    row("-aO --only-write-batch=b", "-aOi"),
    row("-aOiv --only-write-batch=b", "-aOin"),
    row("-aOX --only-write-batch=b --stats", "-aOX"),
    row("-aO --cc=md5 --write-batch=b", "-aO --cc=md5"),
    row("-aO --exclude=*.o --write-batch=b", "-aO"),
    row("-aO --exclude=*.o --protocol=28 --write-batch=b", "-aO"),
    row("-aO --filter=-C '--filter=-p x' --write-batch=b", "-aO"),
    row("-aO -f '- *.o' --filter='P extra' --delete --write-batch=b", "-aOi --delete"),
    row("-aOf '- *.o' -C --from0 --include-from=/dev/null --write-batch=b", "-aO"),
    row("--write-batch=b -avO '--out-format=%n %l' --max-size 40000", "-avO"),
    Row {
        // Updates that the other destination has already, and one that it lacks.
        changes: "f other/medium size=33000\nf other/small text=newer\\n mtime=1234567890",
        ..row("-aO --write-batch=b", "-aOv")
    },
    Row {
        changes: "f other/sub/deeper/three size=3001 mtime=1000000000\nf other/empty size=1",
        ..row("-rlpOt --no-i-r --write-batch=b", "-rlptOi --no-i-r")
    },
];

const WAYS: [&str; 3] = ["local", "push", "pull"];

struct Outcome {
    written: String,
    script: String,
    read: String,
    tree: Snapshot,
}

fn shown(f: &Finished, base: &Path, programs: &[&Path]) -> String {
    let mut replace = vec![(base.display().to_string(), "{base}")];
    replace.extend(programs.iter().map(|p| (p.display().to_string(), "{rsync}")));
    replace.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    let (out, err) =
        (normalise::stdout(&f.stdout, &replace), normalise::stderr(&f.stderr, &replace));
    format!("{}\n{out}\n{err}", f.end)
}

fn run_row(row: &Row, way: &str, writer: &Path, server: &Path, reader: &Path) -> Outcome {
    let base = Scratch::new("batch", way);
    let top = base.path.join("top");
    fs::create_dir(&top).expect("a scratch folder");
    tree::build(&top, TREE);
    tree::build(&top, row.changes);
    let shell = base.path.join("shell");
    write_script(&shell, "#!/bin/sh\nshift\nexec /bin/sh -c \"$*\"\n");
    let here = top.display();
    let mut write = command(writer);
    write.args(words(row.write)).current_dir(&top);
    if way != "local" {
        write.arg("-e").arg(&shell).arg(format!("--rsync-path={}", server.display()));
    }
    match way {
        "local" => write.args(["src/", "dst"]),
        "push" => write.args(["src/".into(), format!("host:{here}/dst")]),
        _ => write.args([format!("host:{here}/src/"), "dst".into()]),
    };
    let programs = [writer, server, reader];
    let written = shown(&run(write, b"", &base.path), &base.path, &programs);
    let script = fs::read(top.join("b.sh")).unwrap_or_default();
    let script = normalise::stdout(
        &script,
        &[
            (writer.display().to_string(), "{rsync}"),
            (server.display().to_string(), "{rsync}"),
            (base.path.display().to_string(), "{base}"),
        ],
    );
    let started = SystemTime::now();
    let mut read = command(reader);
    read.args(words(row.read)).args(["--read-batch=b", "other"]).current_dir(&top);
    let mut read = shown(&run(read, b"", &base.path), &base.path, &programs);
    if row.read.contains("--delete") {
        // One process deletes, another applies.
        let mut lines: Vec<_> = read.lines().collect();
        lines.sort_unstable();
        read = lines.join("\n");
    }
    let tree = Snapshot::take(&top.join("other"), Details::default(), started);
    Outcome { written, script, read, tree }
}

fn pairings(peers: &Peers) -> Vec<[&PathBuf; 3]> {
    let Peers { rsync, ours, .. } = peers;
    vec![[ours, ours, ours], [ours, rsync, rsync], [rsync, ours, rsync], [rsync, rsync, ours]]
}

#[test]
fn batches() {
    let peers = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    let rsync = &peers.rsync;
    let mut failures = Vec::new();
    for (at, row) in ROWS.iter().enumerate() {
        // Every way for the first, which are about all parts of the stream; the others take turns.
        let ways = if at < 4 { 0..3 } else { at % 3..at % 3 + 1 };
        for way in &WAYS[ways] {
            let truth = run_row(row, way, rsync, rsync, rsync);
            for [writer, server, reader] in pairings(&peers) {
                let found = run_row(row, way, writer, server, reader);
                let text = [
                    normalise::diff(&truth.written, &found.written),
                    normalise::diff(&truth.script, &found.script),
                    normalise::diff(&truth.read, &found.read),
                    truth.tree.diff(&found.tree),
                ]
                .concat();
                if !text.is_empty() {
                    let who =
                        [writer, server, reader].map(|p| if p == rsync { "rsync" } else { "ours" });
                    failures.push(format!("{} | {} {way} {who:?}\n{text}", row.write, row.read));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}\n{} failures", failures.join("\n"), failures.len());
}

#[test]
fn a_batch_file_that_takes_nothing() {
    let Peers { rsync, ours, .. } = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    let outcomes = [rsync, ours].map(|program| {
        let scratch = Scratch::new("batch", "full");
        tree::build(&scratch.path, "f src/a size=5\nf dst/old size=3\nl full -> /dev/full");
        let mut write = command(&program);
        write.args(["-a", "--write-batch=full", "src/", "dst"]).current_dir(&scratch.path);
        let done = run(write, b"", &scratch.path.join("src"));
        let said = normalise::stderr(&done.stderr, &[]);
        // How much was to be written at once is nobody's business.
        let words =
            said.split(' ').map(|word| if word.parse::<u32>().is_ok() { "#" } else { word });
        let left: Vec<_> = fs::read_dir(scratch.path.join("dst")).unwrap().flatten().collect();
        let left: Vec<_> = left.iter().map(fs::DirEntry::file_name).collect();
        (done.end, words.collect::<Vec<_>>().join(" "), left)
    });
    assert_eq!(outcomes[0].0, "exit 12");
    assert_eq!(outcomes[1], outcomes[0]);
}

/// A batch ends with the goodbye. Before protocol 31 there is none, and rsync sees by chance what follows.
#[test]
fn something_behind_the_end() {
    let Peers { rsync, ours, .. } = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    for (protocol, junk, end) in
        [(32, "", "exit 0"), (32, "junk", "exit 12"), (31, "\0", "exit 12")]
    {
        for program in [&rsync, &ours] {
            let scratch = Scratch::new("batch", "junk");
            let top = &scratch.path;
            tree::build(top, "f src/a size=5\nd dst\nd other");
            let mut write = command(program);
            write.args(["-a", "--write-batch=b", "src/", "dst"]).current_dir(top);
            write.arg(format!("--protocol={protocol}"));
            assert_eq!(run(write, b"", &top.join("src")).end, "exit 0");
            let batch = [fs::read(top.join("b")).unwrap(), junk.into()].concat();
            fs::write(top.join("b"), batch).unwrap();
            let mut read = command(program);
            read.args(["-a", "--read-batch=b", "other"]).current_dir(top);
            let done = run(read, b"", &top.join("src"));
            assert_eq!(done.end, end, "{program:?} {protocol} {junk:?}: {}", done.text());
            assert!(top.join("other/a").exists(), "what came before is done");
        }
    }
}
