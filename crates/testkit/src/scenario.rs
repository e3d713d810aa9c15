//! One command line, run with each combination of the real rsync and our program at its two ends.
//!
//! The real rsync at both ends gives the truth. The other pairings start from an identical tree and must end with the
//! same exit code, the same output, the same tree (both sides of it: a source must not change either), and, over a
//! remote shell, the same command line sent to the server.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Instant, SystemTime};

use crate::daemon::Daemon;
use crate::mounted::Mounted;
use crate::normalise;
use crate::peers::{Peers, find};
use crate::row::{Row, Via};
use crate::run::{command, run, write_script};
use crate::scratch::Scratch;
use crate::snapshot::{Details, Snapshot};
use crate::tree;

/// Two programs at the two ends of a connection.
#[derive(Clone, Copy, Debug)]
struct Ends<'a> {
    name: &'static str,
    client: &'a Path,
    server: &'a Path,
}

/// A truth, and the pairings that must agree with it.
type Comparison<'a> = (Ends<'a>, Vec<Ends<'a>>);

/// What to compare over a connection.
fn comparisons<'a>(peers: &'a Peers, case: &Case<'_>) -> Vec<Comparison<'a>> {
    // A batch has a writer and a reader.
    let alone = case.via == Via::Local && !case.row.batch;
    let Peers { rsync, ours, old } = peers;
    let ends = |name, client, server| Ends { name, client, server };
    match old {
        None if alone => {
            vec![(ends("truth", rsync, rsync), vec![ends("ours", ours, ours)])]
        }
        None => vec![(
            ends("truth", rsync, rsync),
            vec![
                ends("ours", ours, ours),
                ends("our-client", ours, rsync),
                ends("our-server", rsync, ours),
            ],
        )],
        Some(_) if alone => Vec::new(),
        // The newer rsync in our place shows what each pair of versions agrees on.
        Some(old) => vec![
            (ends("truth-client", rsync, old), vec![ends("our-client", ours, old)]),
            (ends("truth-server", old, rsync), vec![ends("our-server", old, ours)]),
        ],
    }
}

/// One run that a row asks for.
#[derive(Clone, Copy, Debug)]
struct Case<'a> {
    row: &'a Row<'a>,
    via: Via,
    protocol: Option<u32>,
    /// The size of a file system that it gets for itself, instead of a share of all there is.
    space: Option<&'a str>,
}

impl Case<'_> {
    /// A program with the limits and the user that the row asks for.
    fn command(&self, program: &Path) -> Command {
        let mut before = Vec::new();
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

    fn name(&self, family: &str) -> String {
        let protocol = self.protocol.map_or(String::new(), |version| format!("#{version}"));
        format!("{family}/{}@{}{protocol}", self.row.name, self.via.name())
    }
}

/// What a run left behind, ready to compare.
#[derive(Clone, Debug)]
struct Outcome {
    end: String,
    stdout: String,
    stderr: String,
    server_args: String,
    /// What `--log-file` names.
    log: String,
    daemon_log: String,
    tree: Snapshot,
}

/// Runs every row of a family and reports all that fail.
///
/// `known` holds the known failures: lines of `SCENARIO PAIRING: REASON`, where SCENARIO may end in
/// `*` and PAIRING may be `*`; a line that covers no failure fails the family. `OXRSYNC_SCENARIO` limits the
/// run to scenarios whose name contains it; `OXRSYNC_KEEP` keeps the folders.
///
/// # Panics
///
/// When a row fails that is not known to, or one passes that is known to fail.
pub fn run_family(peers: &Peers, family: &str, rows: &[Row<'_>], known: &str) {
    let only = std::env::var("OXRSYNC_SCENARIO").ok();
    let known = Known::parse(known, family);
    let mut names = BTreeSet::new();
    let mut cases = Vec::new();
    for row in rows {
        assert!(names.insert(row.name), "two rows are called {}", row.name);
        for &via in row.via {
            if row.protocols.is_empty() {
                cases.push(Case { row, via, protocol: None, space: None });
            }
            cases.extend(row.protocols.iter().map(|&version| Case {
                row,
                via,
                protocol: Some(version),
                space: None,
            }));
        }
    }
    if let Some(only) = &only {
        cases.retain(|case| case.name(family).contains(only));
    }
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..PERMITS {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let _permit = Permit::take();
                    let start = Instant::now();
                    let failed = run_case(peers, family, case, &known);
                    if start.elapsed().as_secs() >= 10 {
                        println!("{} took {:?}", case.name(family), start.elapsed());
                    }
                    failures.lock().expect("no holder panics").extend(failed);
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("no holder panics");
    failures.sort();
    if only.is_none() {
        failures.extend(known.unused());
    }
    println!("{family}: {} scenarios in {:.1} s", cases.len(), start.elapsed().as_secs_f32());
    assert!(
        failures.is_empty(),
        "\n{}\n{} failures in {} scenarios of {family}\n",
        failures.join("\n"),
        failures.len(),
        cases.len()
    );
}

/// Runs the local rows of a family as dry runs, which must announce the same and change as little as rsync's. Together with
/// the rows themselves that makes dry runs say what happens wherever rsync's do.
///
/// # Panics
///
/// As [`run_family`], whose family is called `dry-FAMILY` here.
pub fn run_family_dry(peers: &Peers, family: &str, rows: &[Row<'_>], known: &str) {
    let args: Vec<String> = rows.iter().map(|row| format!("{} -n", row.args)).collect();
    let local = rows.iter().zip(&args).filter(|(row, _)| row.via.contains(&Via::Local));
    let rows: Vec<_> = local.map(|(row, args)| Row { args, via: &[Via::Local], ..*row }).collect();
    run_family(peers, &format!("dry-{family}"), &rows, known);
}

/// How the pairings of a row differ from the truth: a report of each that does. Nothing is known of the row beforehand,
/// so that each run gets a small file system: a tree may grow without end where links are followed.
pub fn differences(peers: &Peers, row: &Row<'_>) -> Vec<String> {
    let known = Known { lines: Vec::new() };
    row.via
        .iter()
        .flat_map(|&via| {
            let case = Case { row, via, protocol: None, space: Some("1G,nr_inodes=100k") };
            run_case(peers, "random", &case, &known)
        })
        .collect()
}

fn run_case(peers: &Peers, family: &str, case: &Case<'_>, known: &Known) -> Vec<String> {
    let name = case.name(family);
    let outcome = |ends: Ends<'_>| {
        std::panic::catch_unwind(|| run_ends(&name, case, ends)).map_err(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("panic").to_owned()
        })
    };
    let mut failures = Vec::new();
    for (truth, pairings) in comparisons(peers, case) {
        let truth = match outcome(truth) {
            Ok(truth) => truth,
            Err(error) => {
                failures.push(format!("{name}: the truth cannot be found: {error}"));
                continue;
            }
        };
        for pairing in pairings {
            let differences = match outcome(pairing) {
                Ok(outcome) => compare(case.row, &truth, &outcome),
                Err(error) => format!("  {error}\n"),
            };
            if !differences.is_empty() && !known.covers(&name, pairing.name) {
                let end = &truth.end;
                failures.push(format!("{name} {} (truth: {end})\n{differences}", pairing.name));
            }
        }
    }
    failures
}

fn compare(row: &Row<'_>, truth: &Outcome, found: &Outcome) -> String {
    let mut text = String::new();
    if truth.end != found.end {
        text.push_str(&format!("  ended with {}, should be {}\n", found.end, truth.end));
        if !row.stderr {
            text.push_str(&format!("  stderr: {}\n", found.stderr));
        }
    }
    let mut section = |title: &str, difference: String| {
        if !difference.is_empty() {
            text.push_str(&format!(" {title}:\n{difference}"));
        }
    };
    if row.stdout {
        section("stdout", normalise::diff(&truth.stdout, &found.stdout));
    }
    if row.stderr {
        section("stderr", normalise::diff(&truth.stderr, &found.stderr));
    }
    section("log file", normalise::diff(&truth.log, &found.log));
    section("daemon's log", normalise::diff(&truth.daemon_log, &found.daemon_log));
    if row.server_args {
        section("server arguments", normalise::diff(&truth.server_args, &found.server_args));
    }
    if row.tree {
        let tree = truth.tree.diff(&found.tree);
        let mut lines: Vec<_> = tree.lines().take(20).map(|line| format!("{line}\n")).collect();
        let left = tree.lines().count().saturating_sub(20);
        if left > 0 {
            lines.push(format!("  … {left} differences more\n"));
        }
        section("tree", lines.concat());
    }
    text
}

fn run_ends(name: &str, case: &Case<'_>, ends: Ends<'_>) -> Outcome {
    let started = SystemTime::now();
    let base = Scratch::new(name, ends.name);
    let _limit = case.space.map(|space| Mounted::tmpfs(base.path.clone(), space));
    let top = base.path.join("top");
    fs::create_dir(&top).expect("the scratch folder is writable");
    if case.row.nobody {
        std::os::unix::fs::chown(&top, Some(65534), Some(65534)).expect("the tests run as root");
    }
    let _kept: Vec<_> = case.row.trees.iter().map(|spec| tree::build(&top, spec)).collect();
    let Ends { client, server, .. } = ends;
    let shell = base.path.join("shell");
    let shell_log = base.path.join("shell.log");
    let script = format!(
        "#!/bin/sh\nshift\nprintf '%s\\n' \"$*\" >>{}\nexec /bin/sh -c \"$*\"\n",
        shell_log.display()
    );
    write_script(&shell, &script);
    fs::write(&shell_log, "").expect("the scratch folder is writable");
    fs::set_permissions(&shell_log, fs::Permissions::from_mode(0o666)).expect("our own file");

    let mut args: Vec<String> = Vec::new();
    let mut daemon = None;
    let mut port = None;
    if let Some(version) = case.protocol {
        args.push(format!("--protocol={version}"));
    }
    match case.via {
        Via::Local => {}
        Via::Push | Via::Pull => {
            args.push("-e".to_owned());
            args.push(shell.display().to_string());
            args.push(format!("--rsync-path={}", server.display()));
        }
        Via::DaemonPush | Via::DaemonPull => {
            let more = case.row.modules.replace("{top}", &top.display().to_string());
            let started = Daemon::start(server, &top, &base.path, &more);
            args.push(format!("--port={}", started.port()));
            port = Some(started.port());
            daemon = Some(started);
        }
    }
    let log = base.path.join("log");
    let host = case.via.host();
    let filled = |word: &str, top: &Path| {
        word.replace("{host}", host)
            .replace("{top}", &top.display().to_string())
            .replace("{shell}", &shell.display().to_string())
            .replace("{log}", &log.display().to_string())
            .replace("{rsync}", &server.display().to_string())
            .replace("{apostrophe}", "'")
    };
    let (remote_from, remote_to) = match case.via {
        Via::Local => ("", ""),
        Via::Push | Via::DaemonPush => ("", host),
        Via::Pull | Via::DaemonPull => (host, ""),
    };
    let start = |program: &Path, top: &Path, batch: Option<&str>, sources: bool| {
        let mut command = case.command(program);
        let environment = case.row.environment.iter();
        command.current_dir(top).args(&args);
        command.envs(environment.map(|(name, value)| (name, filled(value, top))));
        command.args(words(case.row.args).iter().map(|word| filled(word, top)));
        command.args(batch);
        let from = words(case.row.from);
        command.args(from.iter().filter(|_| sources).map(|from| match from.starts_with(':') {
            true => from.clone(),
            false => format!("{remote_from}{from}"),
        }));
        command.args(words(case.row.to).iter().map(|to| format!("{remote_to}{to}")));
        run(command, case.row.stdin.as_bytes(), &base.path)
    };
    let batch = format!("batch={}", base.path.join("batch").display());
    let writing = case.row.batch.then(|| format!("--write-{batch}"));
    let mut all = start(client, &top, writing.as_deref(), true);
    if !case.row.between.is_empty() {
        let mut shell = command(&find("sh").expect("every system has a shell"));
        shell.args(["-c", case.row.between]).current_dir(&top);
        assert!(shell.status().is_ok_and(|status| status.success()), "{}", case.row.between);
        all.extend(start(client, &top, writing.as_deref(), true));
    }
    let mut copies = Vec::new();
    if case.row.batch {
        let copy = top.join("copy");
        fs::create_dir(&copy).expect("the scratch folder is writable");
        copies.extend(case.row.trees.iter().map(|spec| tree::build(&copy, spec)));
        all.extend(start(server, &copy, Some(&format!("--read-{batch}")), false));
    }
    let finished = all;
    let said = String::from_utf8_lossy(&finished.stderr);
    let full = case.space.is_some() && said.contains("No space left on device");
    assert!(!full, "the trees outgrow their file system: {said}");
    // The daemon's own process may still be finishing its side when the client is done.
    let mut logged = String::new();
    if let Some(daemon) = daemon {
        settle(&daemon);
        logged = daemon.log();
    }
    let details = Details { atimes: case.row.atimes, holes: case.row.holes };
    let tree = Snapshot::take(&top, details, started);
    let mut replace = vec![
        (base.path.display().to_string(), "{base}"),
        (client.display().to_string(), "{rsync}"),
        (server.display().to_string(), "{rsync}"),
    ];
    replace.extend(port.map(|port| (format!("port {port}"), "port #")));
    replace.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    let mut stdout = normalise::stdout(&finished.stdout, &replace);
    // Before protocol 29 items are shown by two processes, not by the one that transfers.
    if !case.row.ordered || case.protocol.is_some_and(|version| version < 29) {
        let mut lines: Vec<_> = stdout.lines().collect();
        lines.sort_unstable();
        if case.row.distinct {
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
        log: logs(&fs::read(&log).unwrap_or_default()),
        daemon_log: if case.row.daemon_log { logs(logged.as_bytes()) } else { String::new() },
        stdout,
        stderr: match case.row.one_process {
            true => normalise::of_one_process(&normalise::stderr(&finished.stderr, &replace)),
            false => normalise::stderr(&finished.stderr, &replace),
        },
        server_args: normalise::stdout(&fs::read(&shell_log).unwrap_or_default(), &replace),
        tree,
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
        thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// The words of a command line: separated by spaces, kept together by single quotes.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for character in text.chars() {
        match character {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' | '\n' if !quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

/// The known failures of a family.
struct Known {
    lines: Vec<KnownLine>,
}

struct KnownLine {
    scenario: String,
    pairing: String,
    reason: String,
    used: AtomicBool,
}

impl Known {
    fn parse(text: &str, family: &str) -> Self {
        let mut lines = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let parts = line.split_once(": ").and_then(|(names, reason)| {
                let (scenario, pairing) = names.split_once(' ')?;
                Some((scenario, pairing, reason))
            });
            let Some((scenario, pairing, reason)) = parts else {
                panic!("a known failure is SCENARIO PAIRING: REASON, not {line}")
            };
            if scenario.split('/').next() == Some(family) {
                lines.push(KnownLine {
                    scenario: scenario.to_owned(),
                    pairing: pairing.to_owned(),
                    reason: reason.to_owned(),
                    used: AtomicBool::new(false),
                });
            }
        }
        Self { lines }
    }

    /// Whether a failure is known; the line that says so has then served its purpose.
    fn covers(&self, scenario: &str, pairing: &str) -> bool {
        let line = self.lines.iter().find(|line| {
            let name = match line.scenario.strip_suffix('*') {
                Some(start) => scenario.starts_with(start),
                None => scenario == line.scenario,
            };
            name && (line.pairing == "*" || line.pairing == pairing)
        });
        if let Some(line) = line {
            line.used.store(true, Ordering::Relaxed);
        }
        line.is_some()
    }

    fn unused(&self) -> Vec<String> {
        let unused = self.lines.iter().filter(|line| !line.used.load(Ordering::Relaxed));
        unused
            .map(|line| {
                let KnownLine { scenario, pairing, reason, .. } = line;
                format!(
                    "listed as failing, but nothing it names fails: {scenario} {pairing}: {reason}"
                )
            })
            .collect()
    }
}

/// How many scenarios run at once, over all families of a test program: most of their time is waiting.
const PERMITS: usize = 3;

static IN_USE: Mutex<usize> = Mutex::new(0);
static RETURNED: Condvar = Condvar::new();

struct Permit;

impl Permit {
    fn take() -> Self {
        let mut in_use = IN_USE.lock().expect("no holder panics");
        while *in_use >= PERMITS {
            in_use = RETURNED.wait(in_use).expect("no holder panics");
        }
        *in_use += 1;
        Self
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        *IN_USE.lock().expect("no holder panics") -= 1;
        RETURNED.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_command_line() {
        assert_eq!(words("-a 'b c'  --d='e f' ''"), ["-a", "b c", "--d=e f", ""]);
    }
}
