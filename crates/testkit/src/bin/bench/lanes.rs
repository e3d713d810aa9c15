//! The second table: the same transfers with every policy of `--zero-copy`.
//!
//! CPU is that of the sending side alone: of the client that pushes, or of the daemon that is pulled from.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use testkit::Daemon;
use testkit::peers::truth;
use testkit::tree;

use super::{children, median, ratio, stat};

#[derive(Clone, Copy, PartialEq)]
enum Link {
    /// A push to a daemon.
    Socket,
    /// A push through a remote shell.
    Pipe,
    /// Simultaneous pulls from a daemon.
    Pulls(usize),
}

struct Row {
    name: &'static str,
    source: &'static str,
    size: usize,
    link: Link,
    /// A short run is measured more often.
    times: usize,
}

const ROWS: &[Row] = &[
    Row {
        name: "10 MiB file, push to a daemon",
        source: "ten",
        size: 10 << 20,
        link: Link::Socket,
        times: 15,
    },
    Row {
        name: "10 MiB file, push through a remote shell",
        source: "ten",
        size: 10 << 20,
        link: Link::Pipe,
        times: 15,
    },
    Row {
        name: "1 GiB file, push to a daemon",
        source: "lanes",
        size: 1 << 30,
        link: Link::Socket,
        times: 1,
    },
    Row {
        name: "1 GiB file, push through a remote shell",
        source: "lanes",
        size: 1 << 30,
        link: Link::Pipe,
        times: 1,
    },
    Row {
        name: "64 pulls of 32 MiB at once from a daemon",
        source: "pulled",
        size: 32 << 20,
        link: Link::Pulls(64),
        times: 1,
    },
];

/// What `--zero-copy` may say.
const POLICIES: [&str; 3] = ["never", "always", "auto"];

#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
}

/// Measures the rows whose names contain `only`, and prints the table.
pub(super) fn measure(
    top: &Path,
    ours: &Path,
    runs: usize,
    scale: usize,
    only: &str,
) -> io::Result<()> {
    let rows: Vec<_> = ROWS.iter().filter(|row| row.name.contains(only)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    println!();
    println!(
        "| lanes | rsync | never | always | auto | always, to never | auto, to never | auto, to rsync |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for row in rows {
        if !top.join(row.source).exists() {
            let size = (row.size * scale / 100).max(1);
            tree::build(top, &format!("f {}/file size={size}", row.source));
        }
        println!("{}", measure_row(row, top, ours, runs)?);
    }
    Ok(())
}

fn measure_row(row: &Row, top: &Path, ours: &Path, runs: usize) -> io::Result<String> {
    let rsync = truth();
    let mut all: BTreeMap<&str, Vec<Cost>> = BTreeMap::new();
    for _ in 0..runs * row.times {
        all.entry("rsync").or_default().push(run(row, top, &rsync, None)?);
        for policy in POLICIES {
            all.entry(policy).or_default().push(run(row, top, ours, Some(policy))?);
        }
    }
    let of = |who: &str| Cost {
        wall: median(&all[who], |cost| cost.wall),
        cpu: median(&all[who], |cost| cost.cpu),
    };
    let cells = ["rsync", "never", "always", "auto"].map(|who| {
        let Cost { wall, cpu } = of(who);
        format!("{wall:.3} s, CPU {cpu:.2} s")
    });
    let against = |a: &str, b: &str| {
        let (a, b) = (of(a), of(b));
        let wall = ratio(a.wall, b.wall);
        // The system counts in hundredths of a second.
        match b.cpu >= 0.1 {
            true => format!("{wall:.2}×, CPU {:.2}×", ratio(a.cpu, b.cpu)),
            false => format!("{wall:.2}×"),
        }
    };
    Ok(format!(
        "| {} | {} | {} | {} | {} |",
        row.name,
        cells.join(" | "),
        against("always", "never"),
        against("auto", "never"),
        against("auto", "rsync")
    ))
}

fn run(row: &Row, top: &Path, program: &Path, policy: Option<&str>) -> io::Result<Cost> {
    let targets = top.join("dst");
    if targets.exists() {
        fs::remove_dir_all(&targets)?;
    }
    fs::create_dir(&targets)?;
    let control = top.join("control");
    fs::create_dir_all(&control)?;
    let source = format!("{}/", top.join(row.source).display());
    let cost = match row.link {
        Link::Socket => {
            let daemon = Daemon::start(program, top, &control, "");
            let mut command = client(program, policy.map(|p| format!("--zero-copy={p}")));
            command.arg(format!("--port={}", daemon.port()));
            push(command.arg(source).arg("127.0.0.1::mod/dst/0/"))?
        }
        Link::Pipe => {
            let shell = control.join("shell");
            fs::write(&shell, "#!/bin/sh\nshift\nexec /bin/sh -c \"exec $*\"\n")?;
            fs::set_permissions(&shell, fs::Permissions::from_mode(0o755))?;
            let mut command = client(program, policy.map(|p| format!("--zero-copy={p}")));
            command.arg("-e").arg(shell).arg(format!("--rsync-path={}", program.display()));
            push(command.arg(source).arg(format!("host:{}/0/", targets.display())))?
        }
        Link::Pulls(count) => {
            let daemon = Daemon::start(program, top, &control, "");
            let from = format!("rsync://127.0.0.1:{}/mod/{}/", daemon.port(), row.source);
            // The same clients for either daemon, so that only the serving side differs.
            let option = policy.map(|p| format!("-M--zero-copy={p}"));
            let clients: Vec<_> = (0..count)
                .map(|n| {
                    let mut command = client(&truth(), option.clone());
                    command.arg(&from).arg(targets.join(n.to_string()));
                    command
                })
                .collect();
            pull(clients, &daemon)?
        }
    };
    // A wrong copy is not a fast copy.
    let wanted = fs::metadata(top.join(row.source).join("file"))?.len();
    for target in fs::read_dir(&targets)? {
        if fs::metadata(target?.path().join("file"))?.len() != wanted {
            return Err(io::Error::other(format!("{}: wrong copy", row.name)));
        }
    }
    Ok(cost)
}

fn client(program: &Path, option: Option<String>) -> Command {
    let mut command = Command::new(program);
    command.arg("-a").args(option).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// The time of a client and its own processor time, without that of a remote shell below it.
fn push(command: &mut Command) -> io::Result<Cost> {
    let start = Instant::now();
    let mut child = command.spawn()?;
    // It stays to be asked what it used.
    let pid = Pid::from_child(&child);
    waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)?;
    let wall = start.elapsed().as_secs_f64();
    let cpu = stat(child.id(), 2);
    let status = child.wait()?;
    if !status.success() {
        return Err(io::Error::other(format!("{command:?}: {status}")));
    }
    Ok(Cost { wall, cpu })
}

/// The time of simultaneous clients, and the processor time of the daemon that serves them.
fn pull(clients: Vec<Command>, daemon: &Daemon) -> io::Result<Cost> {
    let before = stat(daemon.pid(), 4);
    let start = Instant::now();
    let running: io::Result<Vec<_>> = clients.into_iter().map(|mut c| c.spawn()).collect();
    for mut client in running? {
        let status = client.wait()?;
        if !status.success() {
            return Err(io::Error::other(format!("a pull: {status}")));
        }
    }
    let wall = start.elapsed().as_secs_f64();
    // A child is charged to the daemon once it has been waited for.
    while !children(daemon.pid()).is_empty() {
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(Cost { wall, cpu: stat(daemon.pid(), 4) - before })
}
