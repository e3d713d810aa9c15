//! Programs that are watched and killed, and what they leave.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};
use testkit::{
    Peers, normalise,
    run::{Finished, TIME_LIMIT, write_script},
};

pub fn peers() -> Peers {
    Peers::new(env!("CARGO_BIN_EXE_oxrsync"))
}

/// A remote shell that leaves the server's process number in a file.
pub fn shell(folder: &Path) -> PathBuf {
    let path = folder.join("shell");
    let script = format!(
        "#!/bin/sh\nshift\necho $$ >{}\nexec /bin/sh -c \"exec $*\"\n",
        folder.join("server.pid").display()
    );
    write_script(&path, &script);
    path
}

pub fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < TIME_LIMIT, "{what}: not within {TIME_LIMIT:?}");
        sleep(Duration::from_millis(2));
    }
}

pub fn server_pid(top: &Path) -> Option<String> {
    let text = fs::read_to_string(top.join("server.pid")).ok()?;
    text.ends_with('\n').then(|| text.trim().to_owned())
}

pub fn kill(pid: &str) {
    // The process may have ended by itself; then there is nothing to kill.
    let _ = Command::new("kill").args(["-KILL", pid]).stderr(Stdio::null()).status();
}

pub fn gone(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_none_or(|rest| rest.is_empty() || rest.trim_start().starts_with('Z'))
}

pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// What a run ended with, in comparable form.
pub fn ending(finished: &Finished, top: &Path, program: &Path) -> (String, String) {
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
