//! A daemon of a test: its files, how it is started and asked.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::{
        fd::OwnedFd,
        unix::{fs::MetadataExt, net::UnixStream},
    },
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};
use tempfile::TempDir;
use testkit::Port;

pub const GREETING: &str = "@RSYNCD: 32.0 sha256 md5\n";

pub fn program() -> &'static str {
    env!("CARGO_BIN_EXE_oxrsync")
}

/// A daemon's files: configuration, log, and what the modules serve.
pub struct Site {
    dir: TempDir,
}

impl Site {
    /// `DIR` in the configuration is the site's directory, and `BYTE` one that is no UTF-8.
    pub fn new(config: &str) -> Site {
        let site = Site { dir: tempfile::tempdir().unwrap() };
        // A test that runs as root serves as root: nobody could not enter its directories.
        let root = fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0);
        let identity = if root { "uid = 0\ngid = 0\n" } else { "" };
        let head =
            "use chroot = no\nreverse lookup = no\nlog file = DIR/log\nlock file = DIR/lock\n";
        let text = format!("{head}{identity}{config}");
        let text = text.replace("DIR", &site.dir.path().display().to_string());
        let parts: Vec<&[u8]> = text.split("BYTE").map(str::as_bytes).collect();
        fs::write(site.path("conf"), parts.join(&0xff)).unwrap();
        for name in ["ro", "rw"] {
            fs::create_dir(site.path(name)).unwrap();
        }
        site
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A path with a slash behind it, for an argument.
    pub fn dir(&self, name: &str) -> String {
        format!("{}/", self.path(name).display())
    }

    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.path("log")).unwrap_or_default()).into_owned()
    }

    /// The log's lines without their heads, once the last one is there, and without those of the connection; the log is emptied.
    pub fn take_log(&self, last: &str) -> Vec<String> {
        for _ in 0..1000 {
            let log = self.log();
            if log.lines().last().is_some_and(|line| line.contains(last)) {
                fs::write(self.path("log"), "").unwrap();
                let text = |line: &str| line.split_once("] ").unwrap().1.to_string();
                let lines = log.lines().map(text);
                return lines
                    .filter(|line| !line.contains("UNDETERMINED") && !line.contains("starting"))
                    .collect();
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("no {last:?} in\n{}", self.log());
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(program());
        command.arg("--daemon").arg(format!("--config={}", self.path("conf").display()));
        command
    }

    /// Serves one connection as inetd would.
    pub fn connect(&self) -> (UnixStream, Child) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let child = self.command().stdin(Stdio::from(OwnedFd::from(theirs))).spawn().unwrap();
        (ours, child)
    }

    /// What the daemon answers behind its greeting, and its exit code.
    pub fn ask(&self, request: &[u8]) -> (String, Option<i32>) {
        let (answer, code) = self.ask_bytes(request);
        (String::from_utf8_lossy(&answer).into_owned(), code)
    }

    pub fn ask_bytes(&self, request: &[u8]) -> (Vec<u8>, Option<i32>) {
        let (mut stream, mut child) = self.connect();
        // A daemon that refuses may stop reading.
        let _refused = stream.write_all(request);
        let mut reader = BufReader::new(stream);
        let mut hello = String::new();
        reader.read_line(&mut hello).unwrap();
        assert_eq!(hello, "@RSYNCD: 32.0 sha512 sha256 sha1 md5 md4\n");
        let mut answer = Vec::new();
        let _reset = reader.read_to_end(&mut answer);
        drop(reader);
        (answer, child.wait().unwrap().code())
    }

    pub fn module(&self, name: &str) -> String {
        self.ask(format!("{GREETING}{name}\n").as_bytes()).0
    }

    /// A listener; it ends with the value.
    pub fn listen(&self) -> Listener {
        let port = Port::keep();
        let pid_file = self.path("pid");
        let mut command = self.command();
        command
            .args(["--address=127.0.0.1", &format!("--port={}", port.number)])
            .arg(format!("--dparam=pid file={}", pid_file.display()));
        // It detaches, and returns once it listens.
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        Listener { port, pid_file }
    }
}

/// A daemon that listens, until it is dropped.
pub struct Listener {
    pub port: Port,
    pub pid_file: PathBuf,
}

impl Listener {
    pub fn url(&self, path: &str) -> String {
        format!("rsync://127.0.0.1:{}/{path}", self.port.number)
    }

    pub fn pid(&self) -> String {
        fs::read_to_string(&self.pid_file).unwrap_or_default().trim().to_string()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let pid = self.pid();
        if !pid.is_empty() {
            let _ended = Command::new("kill").arg(pid).status();
        }
    }
}

pub fn run(args: &[impl AsRef<OsStr>]) -> Output {
    run_with(program(), args)
}

pub fn run_with(program: &str, args: &[impl AsRef<OsStr>]) -> Output {
    Command::new(program).args(args).env("RSYNC_PASSWORD", "pw 1").output().unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
pub fn succeeds(output: &Output) {
    assert!(output.status.success(), "{}", stderr(output));
}

pub fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}
