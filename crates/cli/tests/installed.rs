//! The program under rsync's name, as it is installed: a symlink called `rsync`, alone on the search path.

use std::{collections::BTreeSet, fs, os::unix::fs::symlink, path::Path};
use testkit::{
    Peers, Scratch, normalise,
    run::{Finished, command, run, write_script},
    scenario::words,
    tree,
};

/// What `rsync ARGS` does in a folder with a file `src/f`, where `installed` is the only `rsync` and a remote shell looks
/// for one.
fn run_as_rsync(installed: &Path, args: &str) -> (Finished, String) {
    let base = Scratch::new("installed", "x");
    let [bin, top, shell] = ["bin", "top", "shell"].map(|name| base.path.join(name));
    fs::create_dir(&bin).expect("a scratch folder");
    fs::create_dir(&top).expect("a scratch folder");
    tree::build(&top, "f src/f size=300000\nf src/g text=hello\nd dst");
    symlink(installed, bin.join("rsync")).expect("a scratch folder");
    write_script(&shell, "#!/bin/sh\ncd \"$(/usr/bin/dirname \"$0\")/top\"\nshift\neval \"$@\"\n");
    let mut command = command(&bin.join("rsync"));
    command.env("PATH", &bin).env("RSYNC_RSH", &shell).args(words(args)).current_dir(&top);
    let finished = run(command, b"", &base.path);
    let copied =
        fs::read(top.join("dst/f")).is_ok_and(|f| f == fs::read(top.join("src/f")).unwrap());
    let replace = [(base.path.display().to_string(), "{base}")];
    // How often an unfinished line is shown, and how fast, depends on the time.
    let out = normalise::stdout(&finished.stdout, &replace).replace('\r', "\n");
    let lines = out.lines().filter(|line| !line.contains('%') || line.contains("xfr#"));
    let lines = lines.map(|line| match line.split_once("% ") {
        Some((before, after)) => format!("{before}% {}", after.split_once('(').unwrap().1),
        None => line.to_string(),
    });
    let lines: Vec<String> = lines.filter(|line| !line.starts_with("sent ")).collect();
    let err = normalise::stderr(&finished.stderr, &replace);
    let text = format!("{}\n{}\n{err}\ncopied: {copied}", finished.end, lines.join("\n"));
    (finished, text)
}

/// The keys of a JSON text, each behind the key of the object that it stands in.
fn json_keys(text: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut object = "";
    for line in text.lines() {
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("\":") {
            let key = before.rsplit('"').next().unwrap_or_default();
            keys.insert(format!("{object}/{key}"));
            if after.trim() == "{" {
                object = key;
            }
            rest = after;
        }
        if line.trim_start().starts_with('}') {
            object = "";
        }
    }
    keys
}

fn stdout(program: &Path, args: &str) -> String {
    let (finished, text) = run_as_rsync(program, args);
    assert_eq!(finished.code(), Some(0), "{args}: {text}");
    String::from_utf8(finished.stdout).expect("plain text")
}

#[test]
fn version_and_help() {
    let Peers { rsync, ours, .. } = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    let first = |text: String| text.lines().next().map(str::to_string);
    assert_eq!(first(stdout(&ours, "--version")), first(stdout(&rsync, "--version")));
    let (theirs, mut found) = (json_keys(&stdout(&rsync, "-VV")), json_keys(&stdout(&ours, "-VV")));
    assert!(theirs.contains("capabilities/iconv") && theirs.contains("/license"), "{theirs:?}");
    assert!(found.remove("/oxrsync"), "our own version");
    assert_eq!(found, theirs);
    let options = |text: String| -> BTreeSet<String> {
        let lines = text.lines().filter(|line| line.starts_with('-'));
        lines.map(|line| line.split("  ").next().unwrap_or_default().to_string()).collect()
    };
    let (theirs, found) = (options(stdout(&rsync, "--help")), options(stdout(&ours, "--help")));
    let missing: Vec<_> = theirs.difference(&found).collect();
    assert!(
        theirs.len() > 100 && missing.is_empty(),
        "{} options, without {missing:?}",
        theirs.len()
    );
}

#[test]
fn local_and_remote_runs() {
    let Peers { rsync, ours, .. } = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    for args in [
        "-a --progress --no-i-r src/ dst",
        "-a --info=progress2 --no-i-r src/ dst",
        "-ai --progress src/ host:dst",
        "-ai --info=progress2 host:src/ dst",
        "-a src/nope dst",
        "-a host:src/nope dst",
        "-a src/ host:no/where/dst",
        "-a --nope src/ dst",
    ] {
        let ((_, theirs), (_, found)) = (run_as_rsync(&rsync, args), run_as_rsync(&ours, args));
        assert_eq!(found, theirs, "{args}");
        assert_eq!(found.contains("copied: true"), args.contains("progress"), "{found}");
    }
}
