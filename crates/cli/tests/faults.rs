//! Ends that die, disks that fill, files that change while they are read: no file is ever torn, and
//! the exit codes are those of the real rsync.

#[path = "faults/broken.rs"]
mod broken;
#[path = "faults/changing.rs"]
mod changing;
#[path = "faults/tools.rs"]
mod tools;

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};
use testkit::{
    Mounted, Peers, Scratch,
    run::{command, run},
    tree,
};
use tools::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Victim {
    Client,
    Server,
}

/// Kills one end somewhere in the middle; returns what the client said if it survived.
fn interrupted(
    client: &Path,
    server: &Path,
    args: &[&str],
    top: &Path,
    victim: Victim,
    after: Duration,
) -> Option<i32> {
    let _ = fs::remove_file(top.join("server.pid"));
    let mut child: Child = command(client)
        .args(["-a", "-e"])
        .arg(shell(top))
        .arg(format!("--rsync-path={}", server.display()))
        .args(args)
        .current_dir(top)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the server starts", || server_pid(top).is_some());
    let server_pid = server_pid(top).unwrap();
    sleep(after);
    match victim {
        Victim::Client => child.kill().unwrap(),
        Victim::Server => kill(&server_pid),
    }
    let status = child.wait().unwrap();
    wait_until("the server ends", || gone(&server_pid));
    // A receiver may be a child of the server: its last act is to remove its temporary file, so the
    // folder is quiet once it has ended.
    sleep(Duration::from_millis(100));
    status.code()
}

const TREE: &str = r"
f src/a size=2000000
f src/b size=2000000
f src/c size=2000000
f dst/a size=2000000 edits=50 mtime=1000000000
f dst/b size=1500000 mtime=1000000000
";

#[test]
fn a_killed_end_never_leaves_a_torn_file() {
    let Peers { rsync, ours, .. } = peers();
    let mut rng = fastrand::Rng::with_seed(5);
    for (client, server) in [(&ours, &ours), (&ours, &rsync), (&rsync, &ours)] {
        for operands in [["src/", "host:dst/"], ["host:src/", "dst/"]] {
            for victim in [Victim::Client, Victim::Server] {
                let scratch = Scratch::new("faults", "killed");
                let top = &scratch.path;
                tree::build(top, TREE);
                let read = |name: &str| fs::read(top.join(name)).ok();
                let old: Vec<_> = ["dst/a", "dst/b", "dst/c"].map(read).into();
                let new: Vec<_> = ["src/a", "src/b", "src/c"].map(read).into();
                let after = Duration::from_millis(rng.u64(0..600));
                let mut args = vec!["--bwlimit=6M"];
                args.extend(operands);
                interrupted(client, server, &args, top, victim, after);
                let what = format!("{client:?} {server:?} {operands:?} {victim:?} {after:?}");
                for (index, name) in ["dst/a", "dst/b", "dst/c"].into_iter().enumerate() {
                    let found = read(name);
                    assert!(found == old[index] || found == new[index], "{what}: {name} is torn");
                }
                let pulling = operands[1] == "dst/";
                let receiver_killed = (victim == Victim::Client) == pulling;
                // The real receiver is left alone here: it may be slow to notice.
                let receiver_ours = if pulling { client == &ours } else { server == &ours };
                if !receiver_killed && receiver_ours {
                    let left: Vec<_> = names(&top.join("dst"));
                    assert!(
                        left.iter().all(|name| !name.starts_with('.')),
                        "{what}: temporary files stay: {left:?}"
                    );
                }
                let mut again = command(client);
                again.args(["-a", "-e"]).arg(shell(top));
                again.arg(format!("--rsync-path={}", server.display()));
                again.args(operands).current_dir(top);
                let again = run(again, b"", top);
                assert_eq!(again.code(), Some(0), "{what}: {}", again.text());
                let found: Vec<_> = ["dst/a", "dst/b", "dst/c"].map(read).into();
                assert!(found == new, "{what}: the next run completes the copy");
            }
        }
    }
}

#[test]
fn partial_keeps_what_has_arrived() {
    let Peers { rsync, ours, .. } = peers();
    for (client, server) in [(&rsync, &rsync), (&ours, &ours), (&ours, &rsync), (&rsync, &ours)] {
        let scratch = Scratch::new("faults", "partial");
        let top = &scratch.path;
        tree::build(top, "f src/a size=8000000\nd dst");
        let args = ["--partial", "--bwlimit=4M", "host:src/", "dst/"];
        let after = Duration::from_millis(900);
        let code = interrupted(client, server, &args, top, Victim::Server, after);
        assert_eq!(code, Some(12), "{client:?} {server:?}");
        let whole = fs::read(top.join("src/a")).unwrap();
        let part = fs::read(top.join("dst/a")).expect("the part is kept under the file's name");
        assert!(!part.is_empty() && part.len() < whole.len(), "{client:?} {}", part.len());
        assert!(whole.starts_with(&part), "{client:?}: the part is the start of the file");
        assert_eq!(names(&top.join("dst")), ["a"]);
    }
}

#[test]
fn a_full_destination() {
    let Peers { rsync, ours, .. } = peers();
    for (remote, extra) in
        [(false, "-W"), (false, "--no-whole-file"), (true, "-W"), (false, "--inplace")]
    {
        let mut endings = Vec::new();
        for program in [&rsync, &ours] {
            let scratch = Scratch::new("faults", "full");
            let top = &scratch.path;
            tree::build(top, "f src/a size=10000\nf src/b size=3000000\nf src/c size=10000");
            fs::create_dir(top.join("dst")).unwrap();
            let small = Mounted::tmpfs(top.join("dst"), "1m");
            let mut command = command(program);
            command.args(["-a", extra, "src/"]).current_dir(top);
            if remote {
                command.arg("-e").arg(shell(top));
                command.arg(format!("--rsync-path={}", program.display())).arg("host:dst/");
            } else {
                command.arg("dst/");
            }
            let finished = run(command, b"", top);
            assert_eq!(finished.code(), Some(11), "{program:?} {extra}: {}", finished.text());
            let said = String::from_utf8_lossy(&finished.stderr).into_owned();
            assert!(said.contains("No space left on device (28)"), "{said}");
            if extra != "--inplace" {
                let left = names(&top.join("dst"));
                assert!(!left.contains(&"b".to_owned()), "{program:?} {extra}: {left:?}");
                assert!(
                    left.iter().all(|name| !name.starts_with('.')),
                    "{program:?} {extra}: {left:?}"
                );
            }
            endings.push(finished.end);
            drop(small);
        }
        assert_eq!(endings[0], endings[1], "{extra}");
    }
}

/// What got there before there was no room is kept, and nothing behind it.
#[test]
fn a_full_destination_keeps_what_has_arrived() {
    let Peers { rsync, ours, .. } = peers();
    let ways = ["-W", "--no-W", "-S", "--preallocate", "--checksum-choice=none", "-z"];
    for (way, size) in ways.into_iter().flat_map(|way| [(way, "300000"), (way, "3000000")]) {
        let kept = [&rsync, &ours].map(|program| {
            let scratch = Scratch::new("faults", "full-partial");
            let top = &scratch.path;
            tree::build(top, &format!("f src/a size={size}"));
            fs::create_dir(top.join("dst")).unwrap();
            let small = Mounted::tmpfs(top.join("dst"), "200k");
            let mut command = command(program);
            command.args(["-r", "--partial", way, "src/", "dst/"]).current_dir(top);
            let finished = run(command, b"", top);
            assert_eq!(finished.code(), Some(11), "{program:?} {way}: {}", finished.text());
            assert_eq!(names(&top.join("dst")), ["a"], "{program:?} {way}");
            let part = fs::read(top.join("dst/a")).unwrap();
            let whole = fs::read(top.join("src/a")).unwrap();
            assert!(whole.starts_with(&part), "{program:?} {way}: {}", part.len());
            drop(small);
            part.len()
        });
        assert_eq!(kept[0], kept[1], "{way} {size}");
    }
}

const OLD_AND_NEW: &str = r"
f src/a size=3000000
f src/b size=2000000
f dst/a size=3000000 edits=300 mtime=1000000000
";

/// Copies until nothing is missing any more.
fn complete(client: &Path, server: &Path, args: &[&str], top: &Path, what: &str) {
    let mut again = command(client);
    again.args(["-a", "-e"]).arg(shell(top));
    again.arg(format!("--rsync-path={}", server.display()));
    again.args(args).current_dir(top);
    let again = run(again, b"", top);
    assert_eq!(again.code(), Some(0), "{what}: {}", again.text());
    for name in ["a", "b"] {
        let read = |side: &str| fs::read(top.join(side).join(name)).ok();
        assert!(read("src") == read("dst"), "{what}: {name} is not complete");
    }
}

/// An interrupted file is in the partial directory and nowhere else, the file that it was to replace stays, and the next
/// run goes on from there.
#[test]
fn a_partial_dir_keeps_what_has_arrived() {
    let Peers { rsync, ours, .. } = peers();
    for (client, server) in [(&rsync, &rsync), (&ours, &ours), (&ours, &rsync), (&rsync, &ours)] {
        let scratch = Scratch::new("faults", "partial-dir");
        let top = &scratch.path;
        tree::build(top, OLD_AND_NEW);
        let old = fs::read(top.join("dst/a")).unwrap();
        let operands = ["-W", "--partial-dir=.kept", "host:src/", "dst/"];
        let slow: Vec<_> = ["--bwlimit=2M"].into_iter().chain(operands).collect();
        let after = Duration::from_millis(900);
        let code = interrupted(client, server, &slow, top, Victim::Server, after);
        let what = format!("{client:?} {server:?}");
        assert_eq!(code, Some(12), "{what}");
        let whole = fs::read(top.join("src/a")).unwrap();
        let part = fs::read(top.join("dst/.kept/a")).expect("the part is in the partial directory");
        assert!(!part.is_empty() && part.len() < whole.len(), "{what}: {}", part.len());
        assert!(whole.starts_with(&part), "{what}: the part is the start of the file");
        assert!(fs::read(top.join("dst/a")).unwrap() == old, "{what}: the old file stays");
        assert_eq!(names(&top.join("dst")), [".kept", "a"], "{what}");
        let args = ["--no-W", "--partial-dir=.kept", "host:src/", "dst/"];
        complete(client, server, &args, top, &what);
        assert_eq!(names(&top.join("dst")), ["a", "b"], "{what}");
    }
}

/// A signal is no different: the receiver keeps what it has, and says that it was a signal.
#[test]
fn a_signal_keeps_what_has_arrived() {
    let Peers { ours, .. } = peers();
    for option in ["--partial-dir=.kept", "--partial"] {
        let scratch = Scratch::new("faults", "signal");
        let top = &scratch.path;
        tree::build(top, "f src/a size=8000000\nd dst");
        let mut child = command(&ours)
            .args(["-a", "--bwlimit=2M", option, "src/", "dst/"])
            .current_dir(top)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("some of it has arrived", || {
            let found = names(&top.join("dst"));
            found.iter().any(|name| {
                name.starts_with(".a.")
                    && fs::metadata(top.join("dst").join(name)).is_ok_and(|m| m.len() > 300_000)
            })
        });
        let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        assert_eq!(child.wait().unwrap().code(), Some(20), "{option}");
        let (place, left) = match option {
            "--partial" => ("dst/a", "a"),
            _ => ("dst/.kept/a", ".kept"),
        };
        let part = fs::read(top.join(place)).unwrap_or_default();
        let whole = fs::read(top.join("src/a")).unwrap();
        assert!(!part.is_empty() && whole.starts_with(&part), "{option}: {}", part.len());
        assert_eq!(names(&top.join("dst")), [left], "{option}");
    }
}

/// Killed anywhere, files that are to appear together are old or new, and never torn.
#[test]
fn delayed_updates_are_never_torn() {
    let Peers { rsync, ours, .. } = peers();
    let mut rng = fastrand::Rng::with_seed(8);
    for (client, server) in [(&ours, &ours), (&ours, &rsync), (&rsync, &ours)] {
        for operands in [["src/", "host:dst/"], ["host:src/", "dst/"]] {
            for victim in [Victim::Client, Victim::Server] {
                let scratch = Scratch::new("faults", "delayed");
                let top = &scratch.path;
                tree::build(top, OLD_AND_NEW);
                let read = |name: &str| fs::read(top.join(name)).ok();
                let old: Vec<_> = ["dst/a", "dst/b"].map(read).into();
                let new: Vec<_> = ["src/a", "src/b"].map(read).into();
                let after = Duration::from_millis(rng.u64(0..900));
                let mut args = vec!["--bwlimit=6M", "--delay-updates"];
                args.extend(operands);
                interrupted(client, server, &args, top, victim, after);
                let what = format!("{client:?} {server:?} {operands:?} {victim:?} {after:?}");
                for (index, name) in ["dst/a", "dst/b"].into_iter().enumerate() {
                    let found = read(name);
                    assert!(found == old[index] || found == new[index], "{what}: {name} is torn");
                }
                let args = ["--delay-updates", operands[0], operands[1]];
                complete(client, server, &args, top, &what);
                let mut left = names(&top.join("dst"));
                // A receiver that was killed leaves its temporary file, as the real one does.
                left.retain(|name| !name.starts_with(".a.") && !name.starts_with(".b."));
                assert_eq!(left, ["a", "b"], "{what}");
            }
        }
    }
}

/// Files that are written in place go on where they were: what an end that died has left is the start of the new file
/// (appending), or is mended by the next run.
#[test]
fn writing_in_place_goes_on() {
    let Peers { rsync, ours, .. } = peers();
    let mut rng = fastrand::Rng::with_seed(9);
    for option in ["--append", "--append-verify", "--inplace"] {
        for (client, server) in [(&ours, &ours), (&ours, &rsync), (&rsync, &ours)] {
            for operands in [["src/", "host:dst/"], ["host:src/", "dst/"]] {
                let victim = if rng.bool() { Victim::Client } else { Victim::Server };
                let scratch = Scratch::new("faults", "in-place");
                let top = &scratch.path;
                let mut spec = OLD_AND_NEW.replace("edits=300", "cut=500000");
                if option == "--inplace" {
                    spec = OLD_AND_NEW.into();
                }
                tree::build(top, &spec);
                let after = Duration::from_millis(rng.u64(0..900));
                let slow = ["--bwlimit=4M", option, operands[0], operands[1]];
                interrupted(client, server, &slow, top, victim, after);
                let what =
                    format!("{option} {client:?} {server:?} {operands:?} {victim:?} {after:?}");
                if option != "--inplace" {
                    for name in ["a", "b"] {
                        let part = fs::read(top.join("dst").join(name)).unwrap_or_default();
                        let whole = fs::read(top.join("src").join(name)).unwrap();
                        assert!(whole.starts_with(&part), "{what}: {name} is not its start");
                    }
                }
                complete(client, server, &[option, operands[0], operands[1]], top, &what);
            }
        }
    }
}

/// Sources are removed only once they have arrived, wherever a run is cut short.
#[test]
fn sources_are_removed_only_when_they_have_arrived() {
    let Peers { rsync, ours, .. } = peers();
    let mut rng = fastrand::Rng::with_seed(10);
    for (client, server) in [(&ours, &ours), (&ours, &rsync), (&rsync, &ours)] {
        for operands in [["src/", "host:dst/"], ["host:src/", "dst/"]] {
            for victim in [Victim::Client, Victim::Server] {
                let scratch = Scratch::new("faults", "removed");
                let top = &scratch.path;
                tree::build(top, "many src/m count=60 per=20 size=60000\nd dst");
                tree::build(top, "many all/m count=60 per=20 size=60000");
                let after = Duration::from_millis(rng.u64(0..700));
                let args = ["--bwlimit=5M", "--remove-source-files", operands[0], operands[1]];
                interrupted(client, server, &args, top, victim, after);
                let what = format!("{client:?} {server:?} {operands:?} {victim:?} {after:?}");
                let mut files = 0;
                for folder in names(&top.join("all/m")) {
                    for name in names(&top.join("all/m").join(&folder)) {
                        let read = |side: &str| {
                            fs::read(top.join(side).join("m").join(&folder).join(&name))
                        };
                        let content = read("all").unwrap();
                        let there = |side| read(side).is_ok_and(|found| found == content);
                        assert!(there("src") || there("dst"), "{what}: {folder}/{name} is lost");
                        files += 1;
                    }
                }
                assert_eq!(files, 60);
            }
        }
    }
}

/// The real rsync destroys such a file: what is there is skipped, and holes are made behind it.
#[test]
fn appending_to_a_sparse_file() {
    let Peers { ours, .. } = peers();
    let scratch = Scratch::new("faults", "append-sparse");
    let top = &scratch.path;
    tree::build(top, "f src/a size=1M data=0:1000,800K:500\nf dst/a size=1000 mtime=4");
    fs::write(top.join("dst/a"), &fs::read(top.join("src/a")).unwrap()[..1000]).unwrap();
    let mut copy = command(&ours);
    copy.args(["-aS", "--append-verify", "src/", "dst/"]).current_dir(top);
    let copy = run(copy, b"", top);
    assert_eq!(copy.code(), Some(0), "{}", copy.text());
    assert!(fs::read(top.join("src/a")).unwrap() == fs::read(top.join("dst/a")).unwrap());
}
