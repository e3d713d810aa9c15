//! The program under test: where it runs and how it is started.

use crate::{
    peer::{End, Peer},
    process::{Guard, Link},
};
use std::{
    env,
    ffi::OsString,
    fs::{self, File, OpenOptions},
    net::TcpListener,
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream, process::CommandExt},
    },
    path::PathBuf,
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// The program under test.
pub fn program() -> OsString {
    env::var_os("OXRSYNC_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_oxrsync").into())
}

/// Whether the program under test is not ours: what only ours promises is not asked of it.
pub fn is_rsync() -> bool {
    env::var_os("OXRSYNC_TEST_BINARY").is_some()
}

/// A daemon that runs as root serves as root: nobody could not enter the test's folders.
pub fn identity() -> &'static str {
    use std::os::unix::fs::MetadataExt;
    let root = fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0);
    if root { "uid = 0\ngid = 0\n" } else { "" }
}

/// A folder for one session, and how the program is to be started in it.
pub struct Site {
    dir: TempDir,
    env: Vec<(String, String)>,
}

impl Site {
    pub fn new() -> Site {
        let site = Site { dir: tempfile::tempdir().unwrap(), env: Vec::new() };
        fs::create_dir(site.path("dest")).unwrap();
        fs::create_dir(site.path("src")).unwrap();
        site
    }

    pub fn env(mut self, name: &str, value: &str) -> Site {
        self.env.push((name.into(), value.into()));
        self
    }

    /// With a file in it.
    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Site {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.path(name)).ok()
    }

    /// Names in `dest`, sorted.
    pub fn dest(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("dest")).unwrap();
        let mut names: Vec<_> =
            entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn command(&self) -> Command {
        let mut command = Command::new(program());
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
        command.env("LC_ALL", "C").env("TZ", "UTC").env("HOME", "/nonexistent").env("USER", "ann");
        command.envs(self.env.iter().cloned()).current_dir(self.dir.path());
        command.process_group(0);
        command.stdout(File::create(self.path("stdout")).unwrap());
        command.stderr(File::create(self.path("stderr")).unwrap());
        command
    }

    /// `--server` with `words` behind it; the test is its client.
    pub fn server(self, words: &str) -> Peer {
        let words: Vec<_> = words.split_whitespace().map(String::from).collect();
        self.server_words(&words)
    }

    pub fn server_words(self, words: &[String]) -> Peer {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut command = self.command();
        command.arg("--server").args(words);
        command.stdin(OwnedFd::from(theirs.try_clone().unwrap())).stdout(OwnedFd::from(theirs));
        let child = command.spawn().unwrap();
        drop(command);
        Peer::new(self, child, ours.try_clone().unwrap().into(), Link::Unix(ours))
    }

    /// A daemon for one connection, as inetd would start it, with `config` behind what every site needs.
    pub fn daemon(self, config: &str) -> Peer {
        let head = format!(
            "use chroot = no\nreverse lookup = no\n{}log file = {}\n",
            identity(),
            self.path("log").display()
        );
        let config = config.replace("DIR", &self.dir.path().display().to_string());
        fs::write(self.path("conf"), head + &config).unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut command = self.command();
        command.arg("--daemon").arg(format!("--config={}", self.path("conf").display()));
        command.stdin(OwnedFd::from(theirs));
        let child = command.spawn().unwrap();
        drop(command);
        Peer::new(self, child, ours.try_clone().unwrap().into(), Link::Unix(ours))
    }

    /// A client of the daemon that the test plays; `URL` in the words is its address.
    pub fn daemon_client(self, words: &[&str]) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("rsync://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let mut command = self.command();
        command.args(words.iter().map(|word| word.replace("URL", &url))).stdin(Stdio::null());
        let child = command.spawn().unwrap();
        let (stream, _) = listener.accept().unwrap();
        Peer::new(self, child, stream.try_clone().unwrap().into(), Link::Tcp(stream))
    }

    /// A client whose remote shell ends at the test; the shell's words are in `argv`.
    pub fn shell_client(self, words: &[&str]) -> Peer {
        let script = "#!/bin/sh\n\
            cd \"${0%/*}\"\n\
            printf '%s\\n' \"$@\" > argv\n\
            exec 3>&1 4<&0 1>/dev/null\n\
            cat <&4 > up 3>&- 4<&- &\n\
            exec 4<&-\n\
            exec cat < down >&3 3>&-\n";
        fs::write(self.path("shell"), script).unwrap();
        let fifos = [self.path("down"), self.path("up")];
        assert!(Command::new("mkfifo").args(&fifos).status().unwrap().success());
        let mut command = self.command();
        command.arg(format!("--rsh=sh {}", self.path("shell").display())).args(words);
        let child = command.stdin(Stdio::null()).spawn().unwrap();
        let guard = Guard::new(child, fifos.to_vec());
        let down = OpenOptions::new().write(true).open(&fifos[0]).unwrap();
        let up = File::open(&fifos[1]).unwrap();
        Peer::with_guard(self, guard, up.into(), Link::File(down))
    }

    /// Runs a client to its end.
    pub fn run(self, words: &[&str]) -> End {
        let mut command = self.command();
        command.args(words).stdin(Stdio::null());
        let child = command.spawn().unwrap();
        let (ours, _) = UnixStream::pair().unwrap();
        Peer::new(self, child, ours.try_clone().unwrap().into(), Link::Unix(ours)).end()
    }
}
