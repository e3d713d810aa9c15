//! Running one command to its end, or to the end of its time.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::peers::find;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// How long any command of a test may take: generous, since the machine may be busy.
pub const TIME_LIMIT: Duration = Duration::from_secs(120);

/// How a command ended and what it wrote.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The exit code, `signal N`, or that its time ran out.
    pub end: String,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Finished {
    /// The exit code, if it ended by exiting.
    pub fn code(&self) -> Option<i32> {
        self.end.strip_prefix("exit ").and_then(|code| code.parse().ok())
    }

    /// Adds what another command did after this one.
    pub fn extend(&mut self, next: Self) {
        self.end.push_str(", then ");
        self.end.push_str(&next.end);
        self.stdout.extend(next.stdout);
        self.stderr.extend(next.stderr);
    }

    /// Both outputs for a failure message.
    pub fn text(&self) -> String {
        let stdout = String::from_utf8_lossy(&self.stdout);
        let stderr = String::from_utf8_lossy(&self.stderr);
        format!("{}\nstdout:\n{stdout}\nstderr:\n{stderr}", self.end)
    }
}

/// A command with the same surroundings on every machine: no user settings, plain locale, UTC.
pub fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
    command.env("LC_ALL", "C").env("TZ", "UTC").env("HOME", "/nonexistent").env("USER", "root");
    command
}

/// The same for a server, which ends when the thread that starts it does, even if the test is killed.
///
/// # Panics
///
/// Without `setpriv`, which is part of every Debian system.
pub fn server_command(program: &Path) -> Command {
    let mut command = command(&find("setpriv").expect("it is part of every Debian system"));
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command
}

/// Writes a program for the shell that can be executed.
///
/// Another process writes it: a descriptor of ours, open for writing, would also be open in what other threads are just
/// starting, and while it is, nobody can execute the file.
///
/// # Panics
///
/// When it cannot be written.
pub fn write_script(path: &Path, text: &str) {
    let mut writer = Command::new("sh")
        .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("every system has a shell");
    let mut stdin = writer.stdin.take().expect("it was asked for");
    stdin.write_all(text.as_bytes()).expect("the shell reads it");
    drop(stdin);
    let status = writer.wait().expect("our child can be waited for");
    assert!(status.success(), "{} cannot be written", path.display());
}

/// Whether a process of the group is more than an entry that nobody has collected.
fn is_alive(group: Pid) -> bool {
    let processes = fs::read_dir("/proc").expect("/proc is mounted");
    processes.flatten().any(|process| {
        let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let (state, _parent) = (fields.next(), fields.next());
        state != Some("Z") && fields.next() == Some(&group.to_string())
    })
}

/// Runs `command` with `stdin` to its end; outputs pass through files in `scratch`, so that no amount of output can
/// block it.
///
/// # Panics
///
/// When the command cannot be started.
pub fn run(mut command: Command, stdin: &[u8], scratch: &Path) -> Finished {
    let stdout = scratch.join("stdout");
    let stderr = scratch.join("stderr");
    let input = scratch.join("stdin");
    fs::write(&input, stdin).expect("the scratch folder is writable");
    command.stdin(Stdio::from(File::open(&input).expect("just written")));
    // To be appended to, so that it can be a log file, too.
    let create = |path| File::options().append(true).create(true).open(path);
    for output in [&stdout, &stderr] {
        let _none_yet = fs::remove_file(output);
    }
    command.stdout(create(&stdout).expect("the scratch folder is writable"));
    command.stderr(create(&stderr).expect("the scratch folder is writable"));
    command.process_group(0);
    let mut child =
        command.spawn().unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
    let group = Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    let end = loop {
        match child.try_wait().expect("our child can be waited for") {
            Some(status) => match (status.code(), status.signal()) {
                (Some(code), _) => break format!("exit {code}"),
                (None, signal) => break format!("signal {}", signal.unwrap_or(0)),
            },
            None if start.elapsed() > TIME_LIMIT => {
                let _ = killpg(group, Signal::SIGKILL);
                let _ = child.wait();
                break format!("still running after {} seconds", TIME_LIMIT.as_secs());
            }
            None => sleep(pause),
        }
        pause = (pause * 2).min(Duration::from_millis(10));
    };
    // What ran at the other end may have something to say when its client has gone.
    while start.elapsed() < TIME_LIMIT && killpg(group, None).is_ok() && is_alive(group) {
        sleep(Duration::from_millis(2));
    }
    Finished {
        end,
        stdout: fs::read(&stdout).unwrap_or_default(),
        stderr: fs::read(&stderr).unwrap_or_default(),
    }
}
