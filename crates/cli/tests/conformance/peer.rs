//! The scripted end of a session.

use crate::process::{Guard, Link, Source};
use std::process::Child;

pub use crate::{entries::*, site::*, steps::*};

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
    pub name: Vec<u8>,
    /// Its mode, likewise.
    pub mode: i32,
    /// Every control message so far.
    pub messages: Vec<(u8, Vec<u8>)>,
    /// How many empty DATA frames came.
    pub empty_frames: usize,
}

impl Peer {
    pub fn new(site: Site, child: Child, input: Source, output: Link) -> Peer {
        Peer::with_guard(site, Guard::new(child, Vec::new()), input, output)
    }

    pub fn with_guard(site: Site, guard: Guard, input: Source, output: Link) -> Peer {
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
        let _gone = self.output.as_mut().expect("closed").write_all(bytes);
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
        if let Some(output) = self.output.take() {
            output.close();
        }
    }

    fn receive_exact(&mut self, len: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; len];
        let mut have = 0;
        while have < len {
            match self.input.read(&mut bytes[have..]) {
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
            let n = self.input.read(&mut buffer);
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
        self.guard.signal(name);
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
