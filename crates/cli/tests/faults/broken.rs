//! Peers that are silent, absent, or no rsync.

use crate::tools::*;
use testkit::{
    Peers, Scratch, normalise,
    run::{command, run, write_script},
    tree,
};

/// The real rsync and ours meet the same broken remote shell. Where several exit codes are right, rsync's depends on what
/// it notices first, and its words with it; ours ends with the last of them.
fn broken_shell(name: &str, script: &str, args: &[&str], wanted: &[i32]) {
    let Peers { rsync, ours, .. } = peers();
    let mut endings = Vec::new();
    for program in [&rsync, &ours] {
        let scratch = Scratch::new("faults", name);
        let top = &scratch.path;
        tree::build(top, "f src/a size=100\nd dst");
        let shell = top.join("shell");
        if !script.is_empty() {
            write_script(&shell, &format!("#!/bin/sh\n{script}\n"));
        }
        let mut command = command(program);
        command.arg("-a").args(args).arg("-e").arg(&shell).current_dir(top);
        let finished = run(command, b"", top);
        let wanted = if *program == ours { &wanted[wanted.len() - 1..] } else { wanted };
        let expected = finished.code().is_some_and(|code| wanted.contains(&code));
        assert!(expected, "{name} {program:?}: {}", finished.text());
        endings.push(ending(&finished, top, program));
    }
    if wanted.len() > 1 {
        return;
    }
    let diff = normalise::diff(&endings[0].1, &endings[1].1);
    assert!(diff.is_empty(), "{name} {args:?}: stderr\n{diff}");
}

const PUSH: &[&str] = &["src/", "host:dst/"];
const PULL: &[&str] = &["host:src/", "dst/"];

#[test]
fn a_peer_that_ends_at_once() {
    for args in [PUSH, PULL] {
        broken_shell("ends", "exit 0", args, &[12]);
        broken_shell("fails", "exit 3", args, &[12]);
        broken_shell("not-found", "exit 127", args, &[12, 127]);
        broken_shell("refused", "sleep 0.1; exit 255", args, &[12, 255]);
        broken_shell("dies", "kill -9 $$", args, &[12]);
    }
}

#[test]
fn a_peer_that_is_no_rsync() {
    for args in [PUSH, PULL] {
        broken_shell("chatty", "echo Welcome to this machine; cat >/dev/null", args, &[2]);
        broken_shell("missing", "", args, &[12, 14]);
    }
}

/// It is no signal that ends who says something when the transfer is over.
#[test]
fn a_shell_that_says_goodbye() {
    for args in [PUSH, PULL] {
        let says = "shift; \"$@\"; sleep 0.1; echo goodbye; exit";
        broken_shell("goodbye", &format!("{says} 0"), args, &[0]);
        broken_shell("goodbye-failing", &format!("{says} 4"), args, &[4]);
    }
}

#[test]
fn a_peer_that_is_silent() {
    for operands in [PUSH, PULL] {
        let args: Vec<_> = ["--timeout=1"].into_iter().chain(operands.iter().copied()).collect();
        broken_shell("silent", "exec sleep 60", &args, &[30]);
    }
}

#[test]
fn a_daemon_that_is_silent_or_absent() {
    let Peers { rsync, ours, .. } = peers();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let absent = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    for (port, wanted) in [(port, 30), (absent, 10)] {
        let mut endings = Vec::new();
        for program in [&rsync, &ours] {
            let scratch = Scratch::new("faults", "daemon");
            let mut command = command(program);
            command.args(["-a", "--timeout=1", &format!("--port={port}"), "127.0.0.1::m/", "d/"]);
            command.current_dir(&scratch.path);
            let finished = run(command, b"", &scratch.path);
            assert_eq!(finished.code(), Some(wanted), "{program:?}: {}", finished.text());
            endings.push(ending(&finished, &scratch.path, program));
        }
        assert_eq!(endings[0], endings[1]);
    }
}
