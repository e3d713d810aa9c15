//! Aliases in `~/.popt`: what the server is told shows what they stand for, compared with the real rsync.

use std::{fs, path::Path};
use testkit::{
    Peers, Scratch,
    run::{command, run, write_script},
    scenario::words,
};

const ALIASES: &str = r"rsync alias --everything -a --max-size 5k
rsync alias -Z -avu \
  -m --stats
# rsync alias --comment -n
rsync alias --empty
other alias --other -n
rsync alias --quoted --temp-dir '.a b' -p
rsync alias --next --max-size=!#:+k --size-only
rsync alias --outer --everything -Z
rsync alias -v -v -c
rsync alias --loop --loop -n
rsync alias -YY -n
rsync alias plain -n
rsync	alias   --tabs	-u  -I
rsync alias --twice -n
rsync alias --twice -I
";

const LINES: &[&str] = &[
    "--everything",
    "-Z",
    "-tZr",
    "--comment",
    "--empty",
    "--other",
    "--quoted",
    "--next 7",
    "--next=7",
    "--outer",
    "-v",
    "-rv",
    "--loop",
    "-Y",
    "--plain",
    "--tabs",
    "--twice",
    "--max-size 3 --exclude --everything",
    "--exclude=--everything",
    "-e -Z --rsync-path --tabs",
    "-M--everything",
];

fn told(program: &Path, line: &str) -> String {
    let base = Scratch::new("alias", "x");
    fs::write(base.path.join(".popt"), ALIASES).expect("a scratch folder");
    let shell = base.path.join("shell");
    write_script(&shell, "#!/bin/sh\necho \"$@\" >\"$0.log\"\nexit 1\n");
    let mut command = command(program);
    command.env("HOME", &base.path).env("RSYNC_RSH", &shell).current_dir("/");
    command.args(words(line)).args(["/etc/hosts", "host:x"]);
    let finished = run(command, b"", &base.path);
    let said = String::from_utf8_lossy(&finished.stderr);
    let refused = said.lines().next().filter(|line| line.contains("option")).unwrap_or_default();
    let log = fs::read_to_string(base.path.join("shell.log")).unwrap_or_default();
    format!("{refused} {log}")
}

#[test]
fn aliases() {
    let peers = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    let mut wrong = Vec::new();
    for line in LINES {
        let (theirs, ours) = (told(&peers.rsync, line), told(&peers.ours, line));
        if theirs != ours {
            wrong.push(format!("{line}\n  rsync {theirs}  ours  {ours}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
