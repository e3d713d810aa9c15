//! One run of a scenario: the folder, the programs in it, and what they leave.

use std::{
    cmp::Reverse,
    ffi::OsString,
    fs,
    os::unix::{
        ffi::OsStringExt,
        fs::{PermissionsExt, chown},
    },
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant, SystemTime},
};

use super::words;
use crate::{
    daemon::Daemon,
    mounted::Mounted,
    normalise,
    peers::find,
    row::{Row, Via},
    run::{Finished, command, run, write_script},
    scratch::Scratch,
    snapshot::{Details, Snapshot},
    tree::{self, Kept},
};

/// Two programs at the two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends<'a> {
    pub(super) name: &'static str,
    pub(super) client: &'a Path,
    pub(super) server: &'a Path,
}

/// One run that a row asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case<'a> {
    pub(super) row: &'a Row<'a>,
    pub(super) via: Via,
    pub(super) protocol: Option<u32>,
    /// The size of a file system that it gets for itself, instead of a share of all there is.
    pub(super) space: Option<&'a str>,
}

impl Case<'_> {
    /// A program with the limits and the user that the row asks for.
    fn command(&self, program: &Path) -> Command {
        let mut before = Vec::new();
        let umask = format!("umask {}; exec \"$@\"", self.row.umask);
        if !self.row.umask.is_empty() {
            before.extend(["sh", "-c", &umask, "sh"]);
        }
        if !self.row.limit.is_empty() {
            before.extend(["prlimit", self.row.limit]);
        }
        if self.row.nobody {
            before.extend(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]);
        }
        let Some((first, rest)) = before.split_first() else { return command(program) };
        let mut command = command(&find(first).expect("it is part of every Debian system"));
        command.args(rest).arg(program);
        command
    }

    pub(super) fn name(&self, family: &str) -> String {
        let protocol = self.protocol.map_or(String::new(), |version| format!("#{version}"));
        format!("{family}/{}@{}{protocol}", self.row.name, self.via.name())
    }
}

/// What a run left behind, ready to compare.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) end: String,
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) server_args: String,
    /// What `--log-file` names.
    pub(super) log: String,
    pub(super) daemon_log: String,
    pub(super) tree: Snapshot,
}

/// Runs a case with the programs at its ends.
pub(super) fn run_ends(name: &str, case: &Case<'_>, ends: Ends<'_>) -> Outcome {
    let started = SystemTime::now();
    let mut stage = Stage::new(name, case, ends);
    let finished = stage.play();
    let said = String::from_utf8_lossy(&finished.stderr);
    let full = case.space.is_some() && said.contains("No space left on device");
    assert!(!full, "the trees outgrow their file system: {said}");
    stage.outcome(finished, started)
}

/// The folder of a run, with the trees and what stands at the far end. The fields go in this order.
struct Stage<'a> {
    daemon: Option<Daemon>,
    kept: Vec<Kept>,
    _limit: Option<Mounted>,
    base: Scratch,
    /// Where the programs run.
    top: PathBuf,
    /// What each command line begins with.
    args: Vec<String>,
    case: &'a Case<'a>,
    ends: Ends<'a>,
}

impl<'a> Stage<'a> {
    fn new(name: &str, case: &'a Case<'a>, ends: Ends<'a>) -> Self {
        let base = Scratch::new(name, ends.name);
        let limit = case.space.map(|space| Mounted::tmpfs(base.path.clone(), space));
        let top = base.path.join("top");
        fs::create_dir(&top).expect("the scratch folder is writable");
        if case.row.nobody {
            chown(&top, Some(65534), Some(65534)).expect("the tests run as root");
        }
        let kept = case.row.trees.iter().map(|spec| tree::build(&top, spec)).collect();
        let mut stage =
            Self { daemon: None, kept, _limit: limit, base, top, args: Vec::new(), case, ends };
        stage.write_shell();
        stage.args.extend(case.protocol.map(|version| format!("--protocol={version}")));
        match case.via {
            Via::Local => {}
            Via::Push | Via::Pull => stage.args.extend([
                "-e".to_owned(),
                stage.shell().display().to_string(),
                format!("--rsync-path={}", ends.server.display()),
            ]),
            Via::DaemonPush | Via::DaemonPull => {
                let more = case.row.modules.replace("{top}", &stage.top.display().to_string());
                let daemon = Daemon::start(ends.server, &stage.top, &stage.base.path, &more);
                stage.args.push(format!("--port={}", daemon.port()));
                stage.daemon = Some(daemon);
            }
        }
        stage
    }

    /// The remote shell.
    fn shell(&self) -> PathBuf {
        self.base.path.join("shell")
    }

    /// The command lines that the remote shell was given.
    fn shell_log(&self) -> PathBuf {
        self.base.path.join("shell.log")
    }

    /// What `{log}` stands for.
    fn log(&self) -> PathBuf {
        self.base.path.join("log")
    }

    fn write_shell(&self) {
        let log = self.shell_log();
        let script = format!(
            "#!/bin/sh\nshift\nprintf '%s\\n' \"$*\" >>{}\nexec /bin/sh -c \"$*\"\n",
            log.display()
        );
        write_script(&self.shell(), &script);
        fs::write(&log, "").expect("the scratch folder is writable");
        fs::set_permissions(&log, fs::Permissions::from_mode(0o666)).expect("our own file");
    }

    /// Runs what the row asks for, one program after the other.
    fn play(&mut self) -> Finished {
        let row = self.case.row;
        let batch = format!("batch={}", self.base.path.join("batch").display());
        let writing = row.batch.then(|| format!("--write-{batch}"));
        let client = self.ends.client;
        let mut all = self.start(client, &self.top, writing.as_deref(), true);
        if !row.between.is_empty() {
            let mut shell = command(&find("sh").expect("every system has a shell"));
            shell.args(["-c", row.between]).current_dir(&self.top);
            assert!(shell.status().is_ok_and(|status| status.success()), "{}", row.between);
            all.extend(self.start(client, &self.top, writing.as_deref(), true));
        }
        if row.batch {
            let copy = self.top.join("copy");
            fs::create_dir(&copy).expect("the scratch folder is writable");
            self.kept.extend(row.trees.iter().map(|spec| tree::build(&copy, spec)));
            let reading = format!("--read-{batch}");
            all.extend(self.start(self.ends.server, &copy, Some(&reading), false));
        }
        all
    }

    fn start(&self, program: &Path, top: &Path, batch: Option<&str>, sources: bool) -> Finished {
        let Case { row, via, .. } = *self.case;
        let host = via.host();
        let (remote_from, remote_to) = match via {
            Via::Local => ("", ""),
            Via::Push | Via::DaemonPush => ("", host),
            Via::Pull | Via::DaemonPull => (host, ""),
        };
        let mut command = self.case.command(program);
        command.current_dir(top).args(&self.args);
        let environment = row.environment.iter();
        command.envs(environment.map(|(name, value)| (name, self.filled(value, top))));
        command.args(words(row.args).iter().map(|word| self.filled(word, top)));
        command.args(batch);
        let from = words(row.from);
        command.args(from.iter().filter(|_| sources).map(|from| match from.starts_with(':') {
            true => from.clone(),
            false => format!("{remote_from}{from}"),
        }));
        command.args(words(row.to).iter().map(|to| format!("{remote_to}{to}")));
        run(command, row.stdin.as_bytes(), &self.base.path)
    }

    /// A word of the row for a program that runs in `top`.
    fn filled(&self, word: &str, top: &Path) -> OsString {
        let word = word
            .replace("{host}", self.case.via.host())
            .replace("{top}", &top.display().to_string())
            .replace("{shell}", &self.shell().display().to_string())
            .replace("{log}", &self.log().display().to_string())
            .replace("{rsync}", &self.ends.server.display().to_string())
            .replace("{apostrophe}", "'");
        let parts: Vec<&[u8]> = word.split("{byte}").map(str::as_bytes).collect();
        OsString::from_vec(parts.join(&0xff))
    }

    /// What is left, without what differs from run to run.
    fn outcome(mut self, finished: Finished, started: SystemTime) -> Outcome {
        let Case { row, protocol, .. } = *self.case;
        let port = self.daemon.as_ref().map(Daemon::port);
        // The daemon's own process may still be finishing its side when the client is done.
        let logged = self.daemon.take().map_or(String::new(), |daemon| {
            settle(&daemon);
            daemon.log()
        });
        let details = Details { atimes: row.atimes, holes: row.holes };
        let tree = Snapshot::take(&self.top, details, started);
        let mut replace = vec![
            (self.base.path.display().to_string(), "{base}"),
            (self.ends.client.display().to_string(), "{rsync}"),
            (self.ends.server.display().to_string(), "{rsync}"),
        ];
        replace.extend(port.map(|port| (format!("port {port}"), "port #")));
        replace.sort_by_key(|(from, _)| Reverse(from.len()));
        let mut stdout = normalise::stdout(&finished.stdout, &replace);
        // Before protocol 29 items are shown by two processes, not by the one that transfers.
        if !row.ordered || protocol.is_some_and(|version| version < 29) {
            let mut lines: Vec<_> = stdout.lines().collect();
            lines.sort_unstable();
            if row.distinct {
                lines.dedup();
            }
            stdout = lines.join("\n");
        }
        let logs = |text: &[u8]| {
            let text = normalise::stdout(text, &replace);
            // A daemon's start and end, and those who ask whether it is there, are the harness's business.
            let mut lines: Vec<_> = text.lines().filter(|line| !is_of_listener(line)).collect();
            // Two processes of rsync write it.
            lines.sort_unstable();
            lines.join("\n")
        };
        Outcome {
            end: finished.end,
            log: logs(&fs::read(self.log()).unwrap_or_default()),
            daemon_log: if row.daemon_log { logs(logged.as_bytes()) } else { String::new() },
            stdout,
            stderr: match row.one_process {
                true => normalise::of_one_process(&normalise::stderr(&finished.stderr, &replace)),
                false => normalise::stderr(&finished.stderr, &replace),
            },
            server_args: normalise::stdout(
                &fs::read(self.shell_log()).unwrap_or_default(),
                &replace,
            ),
            tree,
        }
    }
}

/// Whether a line of a daemon's log is about what every daemon does, or about who only looked whether it is there.
fn is_of_listener(line: &str) -> bool {
    [
        "starting, listening on port",
        "connect from ",
        "sent SIGTERM",
        "safe_read failed to read 1 bytes",
        "rsync error: error in rsync protocol data stream (code 12) [Receiver]",
    ]
    .iter()
    .any(|words| line.contains(words))
}

/// Waits until the daemon's process for the connection has ended: it may still set a folder's times when the client
/// has gone.
fn settle(daemon: &Daemon) {
    let children = format!("/proc/{0}/task/{0}/children", daemon.pid());
    let start = Instant::now();
    while start.elapsed().as_secs() < 10 {
        let running = fs::read_to_string(&children).unwrap_or_default();
        let running = running.split_whitespace().any(|pid| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z')
                && !stat.is_empty()
        });
        if !running {
            return;
        }
        thread::sleep(Duration::from_millis(2));
    }
}
