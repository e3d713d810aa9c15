//! A running program: its streams, and its end when its time is up.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    os::unix::{fs::OpenOptionsExt, net::UnixStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

/// How long a session may take: generous, since the machine may be busy.
const LIMIT: Duration = Duration::from_secs(40);
/// `O_NONBLOCK`.
const NONBLOCK: i32 = 0o4000;

/// Where what the test sends goes.
pub enum Link {
    Unix(UnixStream),
    Tcp(TcpStream),
    File(File),
}

impl Link {
    pub fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Link::Unix(stream) => stream.write_all(bytes),
            Link::Tcp(stream) => stream.write_all(bytes),
            Link::File(file) => file.write_all(bytes),
        }
    }

    /// No more will be sent.
    pub fn close(self) {
        let _gone = match self {
            Link::Unix(stream) => stream.shutdown(Shutdown::Write),
            Link::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Link::File(_) => Ok(()),
        };
    }
}

/// Where what the program says comes from.
pub enum Source {
    Unix(UnixStream),
    Tcp(TcpStream),
    File(File),
}

impl Source {
    /// How many bytes came; none at the end, and a reset is an end, too.
    pub fn read(&mut self, buffer: &mut [u8]) -> usize {
        let received = match self {
            Source::Unix(stream) => stream.read(buffer),
            Source::Tcp(stream) => stream.read(buffer),
            Source::File(file) => file.read(buffer),
        };
        received.unwrap_or(0)
    }
}

impl From<UnixStream> for Source {
    fn from(stream: UnixStream) -> Source {
        Source::Unix(stream)
    }
}

impl From<TcpStream> for Source {
    fn from(stream: TcpStream) -> Source {
        Source::Tcp(stream)
    }
}

impl From<File> for Source {
    fn from(file: File) -> Source {
        Source::File(file)
    }
}

/// Kills the program when its time is up.
pub struct Guard {
    child: Arc<Mutex<Child>>,
    done: Sender<()>,
    ended: bool,
}

/// Kills the program and what it started.
fn end_group(child: &Child) {
    let group = format!("-{}", child.id());
    let _gone = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
}

impl Guard {
    pub fn new(child: Child, fifos: Vec<PathBuf>) -> Guard {
        let child = Arc::new(Mutex::new(child));
        let (done, over) = mpsc::channel();
        let watched = child.clone();
        thread::spawn(move || {
            if over.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
                let child = watched.lock().unwrap_or_else(PoisonError::into_inner);
                end_group(&child);
                drop(child);
                // Whoever waits for the other end of a pipe that nobody will open.
                let open = |path: &PathBuf| {
                    OpenOptions::new().read(true).write(true).custom_flags(NONBLOCK).open(path)
                };
                let held: Vec<_> = fifos.iter().map(open).collect();
                thread::sleep(Duration::from_millis(500));
                drop(held);
            }
        });
        Guard { child, done, ended: false }
    }

    /// Sends the program a signal.
    pub fn signal(&self, name: &str) {
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// The exit code; none after a signal.
    pub fn wait(&mut self) -> Option<i32> {
        let mut pause = Duration::from_millis(1);
        loop {
            let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(status) = child.try_wait().unwrap() {
                self.ended = true;
                return status.code();
            }
            drop(child);
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _gone = self.done.send(());
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.ended {
            end_group(&child);
        }
        let _reaped = child.wait();
    }
}
