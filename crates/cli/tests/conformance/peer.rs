//! The scripted end of a session.

use std::{
    env,
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::{
        fd::OwnedFd,
        unix::{fs::OpenOptionsExt, net::UnixStream, process::CommandExt},
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};
use tempfile::TempDir;

pub use crate::entries::*;

/// How long a session may take: generous, since the machine may be busy.
const LIMIT: Duration = Duration::from_secs(40);
/// `O_NONBLOCK`.
const NONBLOCK: i32 = 0o4000;

/// Numbers of the message tags.
pub mod tag {
    pub const ERROR_XFER: u8 = 1;
    pub const INFO: u8 = 2;
    pub const ERROR: u8 = 3;
    pub const WARNING: u8 = 4;
    pub const IO_ERROR: u8 = 22;
    pub const IO_TIMEOUT: u8 = 33;
    pub const NOOP: u8 = 42;
    pub const ERROR_EXIT: u8 = 86;
    pub const SUCCESS: u8 = 100;
    pub const DELETED: u8 = 101;
    pub const NO_SEND: u8 = 102;
}

/// Bytes written as hexadecimal digits, with spaces anywhere, and text in double quotes.
pub fn hex(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut digits = String::new();
    for (i, part) in text.split('"').enumerate() {
        if i % 2 == 1 {
            bytes.extend_from_slice(part.as_bytes());
            continue;
        }
        digits.clear();
        digits.extend(part.chars().filter(|c| !c.is_whitespace()));
        for at in (0..digits.len()).step_by(2) {
            bytes.push(u8::from_str_radix(&digits[at..at + 2], 16).expect(text));
        }
    }
    bytes
}

fn show(bytes: &[u8]) -> String {
    let mut text = String::new();
    for b in bytes {
        text.push_str(&format!("{b:02x} "));
    }
    format!("{text}({:?})", String::from_utf8_lossy(bytes))
}

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

enum Link {
    Unix(UnixStream),
    Tcp(TcpStream),
    File(File),
}

/// Kills the program when its time is up.
struct Guard {
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
    fn new(child: Child, fifos: Vec<PathBuf>) -> Guard {
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

    fn wait(&mut self) -> Option<i32> {
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

/// The test's end of a session.
pub struct Peer {
    pub site: Site,
    guard: Guard,
    input: Source,
    output: Option<Link>,
    framed_in: bool,
    framed_out: bool,
    /// Stream bytes not yet taken.
    data: Vec<u8>,
    /// The last name of a list, which the next one is relative to.
    name: Vec<u8>,
    /// Its mode, likewise.
    mode: i32,
    /// Every control message so far.
    pub messages: Vec<(u8, Vec<u8>)>,
    /// How many empty DATA frames came.
    pub empty_frames: usize,
}

enum Source {
    Unix(UnixStream),
    Tcp(TcpStream),
    File(File),
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

impl Peer {
    fn new(site: Site, child: Child, input: Source, output: Link) -> Peer {
        Peer::with_guard(site, Guard::new(child, Vec::new()), input, output)
    }

    fn with_guard(site: Site, guard: Guard, input: Source, output: Link) -> Peer {
        Peer {
            site,
            guard,
            input,
            output: Some(output),
            framed_in: false,
            framed_out: false,
            data: Vec::new(),
            name: Vec::new(),
            mode: 0,
            messages: Vec::new(),
            empty_frames: 0,
        }
    }

    /// What comes from here on is framed.
    pub fn frame_in(&mut self) {
        assert!(self.data.is_empty(), "before the framing: {}", show(&self.data));
        self.framed_in = true;
    }

    /// What is sent from here on is framed.
    pub fn frame_out(&mut self) {
        self.framed_out = true;
    }

    pub fn frame_both(&mut self) {
        self.frame_in();
        self.frame_out();
    }

    /// What is sent meanwhile is not framed.
    pub fn unframed(&mut self, act: impl FnOnce(&mut Peer)) {
        self.framed_out = false;
        act(self);
        self.framed_out = true;
    }

    /// What comes meanwhile is not framed.
    #[track_caller]
    pub fn unframed_in(&mut self, act: impl FnOnce(&mut Peer)) {
        assert!(self.data.is_empty(), "before the raw bytes: {}", show(&self.data));
        self.framed_in = false;
        act(self);
        self.framed_in = true;
    }

    /// Sends bytes as they are. A peer that has gone is no error: why it went is what the test asks.
    pub fn raw(&mut self, bytes: &[u8]) {
        let _gone = match &mut self.output {
            Some(Link::Unix(stream)) => stream.write_all(bytes),
            Some(Link::Tcp(stream)) => stream.write_all(bytes),
            Some(Link::File(file)) => file.write_all(bytes),
            None => panic!("closed"),
        };
    }

    pub fn frame(&mut self, tag: u8, payload: &[u8]) {
        let len = u32::try_from(payload.len()).unwrap().to_le_bytes();
        let header = [len[0], len[1], len[2], tag.wrapping_add(7)];
        self.raw(&[&header, payload].concat());
    }

    /// Sends bytes of the stream.
    pub fn put(&mut self, bytes: &[u8]) {
        if self.framed_out { self.frame(0, bytes) } else { self.raw(bytes) }
    }

    /// Sends bytes of the stream, written as in [`hex`].
    pub fn send(&mut self, text: &str) {
        self.put(&hex(text));
    }

    /// No more will be sent.
    pub fn close(&mut self) {
        match self.output.take() {
            Some(Link::Unix(stream)) => {
                let _gone = stream.shutdown(Shutdown::Write);
            }
            Some(Link::Tcp(stream)) => {
                let _gone = stream.shutdown(Shutdown::Write);
            }
            _ => {}
        }
    }

    fn receive(&mut self, buffer: &mut [u8]) -> usize {
        let received = match &mut self.input {
            Source::Unix(stream) => stream.read(buffer),
            Source::Tcp(stream) => stream.read(buffer),
            Source::File(file) => file.read(buffer),
        };
        // A reset is an end, too.
        received.unwrap_or(0)
    }

    fn receive_exact(&mut self, len: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; len];
        let mut have = 0;
        while have < len {
            match self.receive(&mut bytes[have..]) {
                0 => return None,
                n => have += n,
            }
        }
        Some(bytes)
    }

    /// Receives a frame, or some raw bytes; false at the end.
    fn more(&mut self) -> bool {
        if !self.framed_in {
            let mut buffer = [0; 4096];
            let n = self.receive(&mut buffer);
            self.data.extend_from_slice(&buffer[..n]);
            return n > 0;
        }
        let Some(header) = self.receive_exact(4) else { return false };
        let len = u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize;
        let Some(payload) = self.receive_exact(len) else { return false };
        match header[3].wrapping_sub(7) {
            0 if len == 0 => self.empty_frames += 1,
            0 => self.data.extend_from_slice(&payload),
            tag => self.messages.push((tag, payload)),
        }
        true
    }

    /// Receives one frame.
    pub fn next_frame(&mut self) {
        if !self.more() {
            panic!("closed; {}", self.said());
        }
    }

    /// The next `len` bytes of the stream.
    #[track_caller]
    pub fn take(&mut self, len: usize) -> Vec<u8> {
        while self.data.len() < len {
            if !self.more() {
                let data = show(&self.data);
                panic!("{len} bytes expected, closed behind {data}; {}", self.said());
            }
        }
        self.data.drain(..len).collect()
    }

    /// Up to and with a LF.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let mut line = Vec::new();
        loop {
            let byte = self.take_raw_byte();
            line.push(byte);
            if byte == b'\n' {
                return String::from_utf8_lossy(&line).into_owned();
            }
        }
    }

    /// One byte and not more, since what follows may be framed.
    #[track_caller]
    fn take_raw_byte(&mut self) -> u8 {
        if !self.data.is_empty() || self.framed_in {
            return self.take(1)[0];
        }
        match self.receive_exact(1) {
            Some(byte) => byte[0],
            None => panic!("closed inside a line; {}", self.said()),
        }
    }

    /// The next `len` bytes, read from the unframed stream without looking beyond them.
    #[track_caller]
    pub fn take_raw(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.take_raw_byte()).collect()
    }

    /// The stream must go on like this.
    #[track_caller]
    pub fn expect(&mut self, text: &str) {
        let expected = hex(text);
        let got =
            if self.framed_in { self.take(expected.len()) } else { self.take_raw(expected.len()) };
        if got != expected {
            panic!("expected {}\n     got {}\n{}", show(&expected), show(&got), self.said());
        }
    }

    /// Everything up to the end of the stream.
    pub fn rest(&mut self) -> Vec<u8> {
        while self.more() {}
        std::mem::take(&mut self.data)
    }

    /// Sends the program a signal.
    pub fn signal(&self, name: &str) {
        let child = self.guard.child.lock().unwrap_or_else(PoisonError::into_inner);
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    fn said(&mut self) -> String {
        let text = |name| {
            self.site.read(name).map_or(String::new(), |b| String::from_utf8_lossy(&b).into_owned())
        };
        let (out, err) = (text("stdout"), text("stderr"));
        format!("messages {:?}\nstdout:\n{out}\nstderr:\n{err}", self.messages)
    }

    /// Closes, reads what is left and waits for the program's end.
    pub fn end(mut self) -> End {
        self.close();
        let rest = self.rest();
        let code = self.guard.wait();
        let text =
            |name| String::from_utf8_lossy(&self.site.read(name).unwrap_or_default()).into_owned();
        let mut stderr = text("stderr");
        for (tag, text) in &self.messages {
            if matches!(*tag, tag::ERROR_XFER | tag::ERROR | tag::WARNING) {
                stderr.push_str(&String::from_utf8_lossy(text));
            }
        }
        let mut stdout = text("stdout");
        for (_, text) in self.messages.iter().filter(|m| m.0 == tag::INFO) {
            stdout.push_str(&String::from_utf8_lossy(text));
        }
        End { code, stdout, stderr, rest, messages: self.messages, site: self.site }
    }

    /// Ends with `code`, and stderr or the error messages have a line with `text` in it.
    #[track_caller]
    pub fn fails(self, code: i32, text: &str) -> End {
        let end = self.end();
        assert_eq!(end.code, Some(code), "{text:?} expected:\n{}", end.stderr);
        assert!(end.stderr.contains(text), "{text:?} expected:\n{}", end.stderr);
        assert!(!end.stderr.contains("panicked"), "{}", end.stderr);
        end
    }

    #[track_caller]
    pub fn succeeds(mut self) -> End {
        // What is written between both closings must not meet a closed connection.
        let rest = self.rest();
        self.data = rest;
        let end = self.end();
        assert_eq!(end.code, Some(0), "{}", end.stderr);
        end
    }
}

/// How a session ended.
pub struct End {
    pub code: Option<i32>,
    /// With the messages that are no errors.
    pub stdout: String,
    /// With the errors that came as messages.
    pub stderr: String,
    /// What was left of the stream.
    pub rest: Vec<u8>,
    pub messages: Vec<(u8, Vec<u8>)>,
    pub site: Site,
}

impl End {
    /// Payloads of one kind of message.
    pub fn payloads(&self, tag: u8) -> Vec<&[u8]> {
        self.messages.iter().filter(|m| m.0 == tag).map(|m| &m.1[..]).collect()
    }
}

/// The list of algorithms that a server sends.
pub const SERVER_LIST: &str = "23 \"xxh128 xxh3 xxh64 md5 md4 sha1 none\"";

/// The part of a protocol 32 client up to the framing, with `LsfxCIvu` (and `i`) as the capabilities and
/// `--checksum-seed=1`.
impl Peer {
    #[track_caller]
    pub fn greet_server(&mut self, compat: &str) {
        self.send("20000000");
        self.expect("20000000");
        self.expect(compat);
        self.expect(SERVER_LIST);
        self.send("06 \"xxh128\"");
        self.expect("01000000");
        self.frame_both();
    }

    /// As [`Self::greet_server`] with an algorithm in the options, so that no lists are exchanged.
    #[track_caller]
    pub fn greet_server_chosen(&mut self, compat: &str) {
        self.send("20000000");
        self.expect("20000000");
        self.expect(compat);
        self.expect("01000000");
        self.frame_both();
    }

    /// The part of a daemon up to the framing, for a client that is given `--checksum-choice`. Returns the arguments.
    #[track_caller]
    pub fn greet_daemon_client(&mut self, compat: &str) -> Vec<String> {
        self.raw(b"@RSYNCD: 32.0 sha512 sha256 sha1 md5 md4\n");
        assert_eq!(self.line(), "@RSYNCD: 32.0 sha512 sha256 sha1 md5 md4\n");
        self.line();
        self.raw(b"@RSYNCD: OK\n");
        let mut args = Vec::new();
        loop {
            let mut arg = Vec::new();
            loop {
                match self.take_raw(1)[0] {
                    0 => break,
                    byte => arg.push(byte),
                }
            }
            if arg.is_empty() {
                break;
            }
            args.push(String::from_utf8_lossy(&arg).into_owned());
        }
        self.send(compat);
        self.send("01000000");
        self.frame_both();
        args
    }
}

impl Peer {
    #[track_caller]
    fn take_varint(&mut self) -> i32 {
        let first = self.take(1)[0];
        let extra = first.leading_ones() as usize;
        let mut value = [0; 4];
        value[..extra].copy_from_slice(&self.take(extra));
        if extra < 4 {
            value[extra] = first & ((1 << (8 - extra)) - 1) as u8;
        }
        i32::from_le_bytes(value)
    }

    #[track_caller]
    fn skip_varlong(&mut self, min: usize) {
        let first = self.take(1)[0];
        self.take(min - 1 + first.leading_ones() as usize);
    }

    /// The names of [`Self::take_entries`].
    #[track_caller]
    pub fn take_list(&mut self) -> Vec<String> {
        self.take_entries().0.into_iter().map(|entry| entry.name).collect()
    }

    /// A list with varint flags, without owners and targets of links, and its I/O error.
    #[track_caller]
    pub fn take_entries(&mut self) -> (Vec<Listed>, i32) {
        let mut entries: Vec<Listed> = Vec::new();
        loop {
            let flags = self.take_varint();
            if flags == 0 {
                return (entries, self.take_varint());
            }
            let shared = if flags & 0x20 != 0 { self.take(1)[0].into() } else { 0 };
            let len = match flags & 0x40 {
                0 => self.take(1)[0].into(),
                _ => self.take_varint() as usize,
            };
            self.name.truncate(shared);
            let suffix = self.take(len);
            self.name.extend(suffix);
            self.skip_varlong(3);
            if flags & 0x80 == 0 {
                self.skip_varlong(4);
            }
            if flags & 0x2000 != 0 {
                self.take_varint();
            }
            if flags & 2 == 0 {
                let mode = self.take(4);
                self.mode = i32::from_le_bytes([mode[0], mode[1], mode[2], mode[3]]);
            }
            let name = String::from_utf8_lossy(&self.name).into_owned();
            entries.push(Listed { flags, name, mode: self.mode });
        }
    }
}

/// An entry that came.
#[derive(Debug)]
pub struct Listed {
    pub flags: i32,
    pub name: String,
    pub mode: i32,
}
