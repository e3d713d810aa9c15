//! The last case that is allowed and the first that is not, beside the real rsync: batch files of a later protocol, chains
//! of merge files, deletion up to a mount point, a batch in place of a transfer.

use std::{collections::BTreeSet, fs, path::Path};
use testkit::{
    Mounted, Peers, Scratch, normalise,
    run::{command, run, write_script},
    scenario::words,
    tree,
};

/// Runs `program` in a folder that `prepare` has filled; how it ended, what it said (sorted: several processes speak) and
/// what is in `dst` then.
fn outcome(
    program: &Path,
    server: &Path,
    args: &str,
    prepare: &dyn Fn(&Path) -> Option<Mounted>,
) -> String {
    let base = Scratch::new("boundaries", "x");
    let top = base.path.join("top");
    fs::create_dir(&top).expect("a scratch folder");
    let _mounted = prepare(&top);
    let shell = base.path.join("shell");
    write_script(&shell, "#!/bin/sh\nshift\ncd \"$(dirname \"$0\")/top\" && eval \"$@\"\n");
    let mut command = command(program);
    command.env("RSYNC_RSH", &shell).args(words(args)).current_dir(&top);
    if args.contains("host:") {
        command.arg(format!("--rsync-path={}", server.display()));
    }
    let finished = run(command, b"", &base.path);
    let replace = [(base.path.display().to_string(), "{base}")];
    let mut lines = normalise::stdout(&finished.stdout, &replace);
    lines.push_str(&normalise::stderr(&finished.stderr, &replace));
    let mut lines: Vec<&str> = lines.lines().collect();
    lines.sort_unstable();
    let mut left = BTreeSet::new();
    names(&top.join("dst"), "", &mut left);
    format!("{}\n{}\n{left:?}", finished.end, lines.join("\n"))
}

fn names(folder: &Path, above: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{above}{}", entry.file_name().display());
        names(&entry.path(), &format!("{name}/"), found);
        found.insert(name);
    }
}

/// Compares the two programs; `expected` stands in what rsync does, so that the case is the one that was meant.
fn compare(args: &str, expected: &[&str], prepare: &dyn Fn(&Path) -> Option<Mounted>) {
    let Peers { rsync, ours, .. } = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    let theirs = outcome(&rsync, &rsync, args, prepare);
    for text in expected {
        assert!(theirs.contains(text), "{args}: no {text} in {theirs}");
    }
    assert_eq!(outcome(&ours, &ours, args, prepare), theirs, "{args}");
    if args.contains("host:") {
        assert_eq!(
            outcome(&rsync, &ours, args, prepare),
            theirs,
            "{args}, only the server is ours"
        );
        assert_eq!(
            outcome(&ours, &rsync, args, prepare),
            theirs,
            "{args}, only the client is ours"
        );
    }
}

#[test]
fn batches_of_a_later_protocol_are_refused() {
    let written = Scratch::new("boundaries", "batch");
    tree::build(&written.path, "f src/f text=hello\nd dst");
    let mut write = command(&Peers::new(env!("CARGO_BIN_EXE_oxrsync")).rsync);
    write.args(["-a", "--write-batch=b", "src/", "dst"]).current_dir(&written.path);
    assert_eq!(run(write, b"", &written.path.join("src")).end, "exit 0");
    let batch = fs::read(written.path.join("b")).expect("just written");
    // The flags come first, then the protocol.
    assert_eq!(batch[4..8], 32_i32.to_le_bytes());
    for (protocol, end) in [(32, "exit 0"), (33, "exit 2"), (41, "exit 2"), (i32::MAX, "exit 2")] {
        let changed = [&batch[..4], &i32::to_le_bytes(protocol), &batch[8..]].concat();
        compare("-a --read-batch=b dst", &[end], &|top| {
            fs::write(top.join("b"), &changed).expect("a scratch folder");
            fs::create_dir(top.join("dst")).expect("a scratch folder");
            None
        });
    }
}

#[test]
fn merge_files_32_deep() {
    for (depth, end) in [(31, "exit 0"), (32, "exit 0"), (33, "exit 11")] {
        let expected = [end, if depth > 32 { "depth limit (32)" } else { "{\"kept\"}" }];
        compare("-r '--filter=. m1' src/ dst", &expected, &|top| {
            tree::build(top, "f src/left_out\nf src/kept");
            for n in 1..=depth {
                let rule =
                    if n == depth { "- left_out\n".into() } else { format!(". m{}\n", n + 1) };
                fs::write(top.join(format!("m{n}")), rule).expect("a scratch folder");
            }
            None
        });
    }
}

#[test]
fn deletion_stops_at_mount_points() {
    for (option, expected) in [
        ("-x", ["exit 0", "\"a/m\", \"a/m/in\""]),
        // A dry run says of the directory around it that it stays, too.
        ("-xn", ["cannot delete non-empty directory: a", "\"a/m\", \"a/m/in\""]),
        ("", ["exit 23", "rmdir(a/m) failed: Device or resource busy (16)"]),
    ] {
        for when in ["--delete", "--delete-before", "--delete-after", "--delete-delay"] {
            compare(&format!("-aiO {option} {when} src/ dst"), &expected, &|top| {
                tree::build(top, "f src/f\nf dst/gone/x\nf dst/a/by\nd dst/a/m");
                let mounted = Mounted::tmpfs(top.join("dst/a/m"), "1m");
                fs::write(top.join("dst/a/m/in"), "1").expect("a scratch file system");
                Some(mounted)
            });
        }
    }
}

#[test]
fn a_batch_in_place_of_a_transfer_leaves_the_other_side_alone() {
    // The server is sent no data, and must not wait for any.
    compare("-aiO --only-write-batch=b src/ host:dst", &["exit 0", "<f", "{\"f\"}"], &|top| {
        tree::build(top, "f src/f size=300000\nf src/new size=300000\nf dst/f size=5");
        None
    });
}
