//! Ends that die, disks that fill, files that change while they are read: no file is ever torn, and
//! the exit codes are those of the real rsync.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use testkit::run::{Finished, TIME_LIMIT, command, run, write_script};
use testkit::{Mounted, Peers, Scratch, normalise, tree};

fn peers() -> Peers {
    Peers::new(env!("CARGO_BIN_EXE_oxrsync"))
}

/// A remote shell that leaves the server's process number in a file.
fn shell(folder: &Path) -> PathBuf {
    let path = folder.join("shell");
    let script = format!(
        "#!/bin/sh\nshift\necho $$ >{}\nexec /bin/sh -c \"exec $*\"\n",
        folder.join("server.pid").display()
    );
    write_script(&path, &script);
    path
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < TIME_LIMIT, "{what}: not within {TIME_LIMIT:?}");
        sleep(Duration::from_millis(2));
    }
}

fn server_pid(top: &Path) -> Option<String> {
    let text = fs::read_to_string(top.join("server.pid")).ok()?;
    text.ends_with('\n').then(|| text.trim().to_owned())
}

fn kill(pid: &str) {
    // The process may have ended by itself; then there is nothing to kill.
    let _ = Command::new("kill").args(["-KILL", pid]).stderr(Stdio::null()).status();
}

fn gone(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_none_or(|rest| rest.is_empty() || rest.trim_start().starts_with('Z'))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

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

/// What a run ended with, in comparable form.
fn ending(finished: &Finished, top: &Path, program: &Path) -> (String, String) {
    let replace =
        [(top.display().to_string(), "{top}"), (program.display().to_string(), "{rsync}")];
    // A peer that ends at once is noticed by the write or by the read of the first bytes: rsync says
    // either, by chance.
    let said = normalise::stderr(&finished.stderr, &replace);
    let mut lines: Vec<_> = said
        .lines()
        .map(|line| {
            let role = line.strip_prefix("rsync: [").and_then(|rest| {
                rest.split_once("] safe_write failed to write 4 bytes to socket: Broken pipe (32)")
            });
            role.map_or(line.to_owned(), |(role, _)| {
                format!("rsync: connection unexpectedly closed (0 bytes received so far) [{role}]")
            })
        })
        .collect();
    lines.sort();
    (finished.end.clone(), lines.join("\n"))
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

/// Runs a slow copy of `src/` and does something once its first file is under way.
fn copy_while(
    client: &Path,
    server: Option<&Path>,
    args: &[&str],
    top: &Path,
    act: impl FnOnce(),
) -> Finished {
    let mut command = command(client);
    command.args(["-a", "--bwlimit=2M"]).args(args).current_dir(top);
    match server {
        Some(server) => {
            command.arg("-e").arg(shell(top)).arg(format!("--rsync-path={}", server.display()));
            command.args(["src/", "host:dst/"]);
        }
        None => {
            command.args(["src/", "dst/"]);
        }
    }
    std::thread::scope(|scope| {
        let running = scope.spawn(|| run(command, b"", top));
        wait_until("the first file is under way", || {
            running.is_finished()
                || names(&top.join("dst")).iter().any(|name| name.starts_with(".a."))
        });
        act();
        running.join().unwrap()
    })
}

/// A file is changed in some way during the transfer; ours must end as the real rsync does.
fn changing(name: &str, wanted: i32, act: fn(&Path)) {
    let Peers { rsync, ours, .. } = peers();
    let runs: [(&Path, Option<&Path>); 5] = [
        (&rsync, Some(&rsync)),
        (&ours, Some(&ours)),
        (&ours, Some(&rsync)),
        (&rsync, Some(&ours)),
        (&ours, None),
    ];
    let mut truth: Option<(Option<Vec<u8>>, String)> = None;
    for (client, server) in runs {
        let scratch = Scratch::new("faults", name);
        let top = &scratch.path;
        tree::build(top, "f src/a size=3000000\nf src/z size=500000\nd dst");
        let finished = copy_while(client, server, &[], top, || act(&top.join("src")));
        let what = format!("{name} {client:?} {server:?}");
        assert_eq!(finished.code(), Some(wanted), "{what}: {}", finished.text());
        let z = fs::read(top.join("dst/z")).ok();
        let replace = [(top.display().to_string(), "{top}")];
        let said = normalise::stderr(&finished.stderr, &replace);
        let (truth, said_then) = truth.get_or_insert_with(|| (z.clone(), said.clone()));
        assert!(*truth == z, "{what}: dst/z has {:?} bytes", z.map(|z| z.len()));
        assert_eq!(*said_then, said, "{what}");
        let left = names(&top.join("dst"));
        assert!(left.iter().all(|name| !name.starts_with('.')), "{what}: {left:?}");
    }
}

#[test]
fn a_file_that_vanishes() {
    changing("vanished", 24, |src| fs::remove_file(src.join("z")).unwrap());
}

#[test]
fn a_file_that_shrinks_before_its_turn() {
    changing("shrunk", 0, |src| {
        OpenOptions::new().write(true).open(src.join("z")).unwrap().set_len(1000).unwrap();
    });
}

#[test]
fn a_file_that_grows_before_its_turn() {
    changing("grown", 0, |src| {
        let mut file = OpenOptions::new().append(true).open(src.join("z")).unwrap();
        file.write_all(&[7; 300_000]).unwrap();
    });
}

#[test]
fn a_file_that_becomes_a_folder() {
    changing("replaced", 23, |src| {
        fs::remove_file(src.join("z")).unwrap();
        fs::create_dir(src.join("z")).unwrap();
    });
}

#[test]
fn a_file_that_shrinks_while_it_is_read() {
    changing("shrinking", 23, |src| {
        OpenOptions::new().write(true).open(src.join("a")).unwrap().set_len(1_000_000).unwrap();
    });
}

#[test]
fn a_file_that_grows_while_it_is_read() {
    changing("growing", 0, |src| {
        let mut file = OpenOptions::new().append(true).open(src.join("a")).unwrap();
        file.write_all(&[7; 300_000]).unwrap();
    });
}

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
