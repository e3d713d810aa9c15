//! The client's terminal: where messages of a run go in the end (man page, --stderr).

use super::{
    escape::{HighBytes, escape, escape_converted},
    logfile::{LogFile, say_unopened},
};
use crate::{
    Settings,
    charset::Charset,
    log::{Class, Role, Sink},
    session::Status,
    settings::StderrMode,
};
use std::{
    io::{self, Write},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Longest message.
const MAX_MESSAGE: usize = 5119;
/// Waits in our buffer until it is written.
const BUFFER: usize = 8192;

/// How stdout is buffered (`--outbuf`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Buffering {
    /// Each message is written at once. What cannot be written does not matter.
    AtOnce,
    /// The same, but what cannot be written makes the run fail.
    Checked,
    /// Messages are written when the buffer is full, before anything goes to stderr, and at the end.
    Block,
}

/// Stdout and stderr of a client.
pub struct Terminal {
    status: Arc<Status>,
    quiet: bool,
    /// Everything goes to stderr.
    one_stream: bool,
    eight_bit: bool,
    /// The locale's, once it counts.
    high: OnceLock<HighBytes>,
    buffering: Buffering,
    streams: Mutex<Streams>,
    failed: AtomicBool,
    log: Option<LogFile>,
}

struct Streams {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    waiting: Vec<u8>,
    /// Stdout did not take what was written (a closed pipe, a full disk), and gets nothing more.
    out_gone: bool,
    /// The last thing shown was a progress line without its newline.
    open_line: bool,
    /// The last message was the beginning of a line (`building file list ... `).
    open_header: bool,
    /// The last thing shown was how many files the list has so far (` 100 files...`), which the next count overwrites.
    open_count: bool,
}

impl Streams {
    /// Whether what is shown next is not at the beginning of a line. Asking once closes that line.
    fn take_open(&mut self) -> bool {
        std::mem::take(&mut self.open_header) | std::mem::take(&mut self.open_count)
    }
}

impl Terminal {
    /// The process's own streams, and the log file of the options. `status` is told of errors that mean exit code 23.
    pub fn new(settings: &Settings, status: Arc<Status>) -> Terminal {
        let mut terminal = Terminal {
            status,
            quiet: settings.quiet,
            one_stream: settings.stderr_mode == StderrMode::All,
            eight_bit: settings.eight_bit,
            high: OnceLock::new(),
            // A remote side may write to the same place without us, and readers of a pipe want to see what goes on.
            buffering: Buffering::AtOnce,
            streams: Mutex::new(Streams {
                out: Box::new(io::stdout()),
                err: Box::new(io::stderr()),
                waiting: Vec::new(),
                out_gone: false,
                open_line: false,
                open_header: false,
                open_count: false,
            }),
            failed: AtomicBool::new(false),
            log: None,
        };
        match LogFile::open(settings) {
            None => {}
            Some(Ok(log)) => terminal.log = Some(log),
            Some(Err(e)) => {
                let say = |class, line: &[u8]| terminal.message(class, line);
                say_unopened(settings, Role::Client, &e, say);
            }
        }
        terminal
    }

    /// Sets the buffering of stdout.
    pub fn set_buffering(&mut self, buffering: Buffering) {
        self.buffering = buffering;
    }

    fn high(&self) -> HighBytes {
        let early = if self.eight_bit { HighBytes::Raw } else { HighBytes::Escaped };
        self.high.get().copied().unwrap_or(early)
    }

    /// Writes what waits. To be called at the end of the run.
    pub fn flush(&self) {
        let mut streams = self.lock();
        if streams.open_line {
            streams.open_line = false;
            self.put(&mut streams, b"\n");
        }
        self.write_waiting(&mut streams);
    }

    /// Stderr did not take everything, or stdout where that counts, which means [`crate::ExitCode::MESSAGE_IO`].
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends to the stream of information.
    fn put(&self, streams: &mut Streams, text: &[u8]) {
        if self.one_stream {
            self.put_error(streams, text);
            return;
        }
        streams.waiting.extend_from_slice(text);
        if self.buffering != Buffering::Block || streams.waiting.len() >= BUFFER {
            self.write_waiting(streams);
        }
    }

    fn write_waiting(&self, streams: &mut Streams) {
        if streams.waiting.is_empty() {
            return;
        }
        let Streams { out, waiting, out_gone, .. } = streams;
        // After a failure the run goes on without its listing.
        if !*out_gone && out.write_all(waiting).and_then(|()| out.flush()).is_err() {
            *out_gone = true;
            if self.buffering == Buffering::Checked {
                self.failed.store(true, Ordering::Relaxed);
            }
        }
        waiting.clear();
    }

    fn put_error(&self, streams: &mut Streams, text: &[u8]) {
        // Nobody is left to tell, but the exit code.
        if streams.err.write_all(text).is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
    }

    /// Shows a message, whose control bytes `shown` has escaped, and logs it.
    fn show(&self, class: Class, text: &[u8], shown: impl FnOnce(&[u8]) -> Vec<u8>) {
        let to_stderr = match class {
            Class::ErrorXfer => {
                self.status.set_xfer_error();
                true
            }
            Class::Error | Class::Warning => true,
            Class::Info | Class::Client => false,
        };
        if class != Class::Client
            && let Some(log) = &self.log
        {
            log.line(text);
        }
        if text.is_empty() || (self.quiet && !to_stderr) {
            return;
        }
        let text = match text.len() > MAX_MESSAGE {
            true => [&text[..MAX_MESSAGE - 5], b"[...]\n"].concat(),
            false => text.to_vec(),
        };
        let text = shown(&text);
        let mut streams = self.lock();
        let open = std::mem::take(&mut streams.open_line);
        if to_stderr {
            self.write_waiting(&mut streams);
            // As rsync: the end of a progress line, or of `building file list ... `, goes where the message goes.
            if streams.take_open() | open {
                self.put_error(&mut streams, b"\n");
            }
            self.put_error(&mut streams, &text);
        } else {
            if (streams.take_open() && class == Class::Info) | open {
                self.put(&mut streams, b"\n");
            }
            streams.open_header = class == Class::Client && !text.ends_with(b"\n");
            self.put(&mut streams, &text);
        }
    }
}

impl Sink for Terminal {
    fn message(&self, class: Class, text: &[u8]) {
        self.show(class, text, |text| escape(text, self.high()));
    }

    fn message_from_peer(&self, class: Class, text: &[u8], charset: &Charset) {
        self.show(class, text, |text| escape_converted(text, charset));
    }

    fn know_locale(&self) {
        self.high.get_or_init(|| HighBytes::of_terminal(self.eight_bit));
    }

    fn log_only(&self, text: &[u8]) {
        if let Some(log) = &self.log {
            log.line(text);
        }
    }

    fn progress(&self, text: &[u8]) {
        if self.quiet || text.is_empty() {
            return;
        }
        let mut streams = self.lock();
        if std::mem::take(&mut streams.open_header) {
            self.put(&mut streams, b"\n");
        }
        // What begins with a CR overwrites the open line.
        if streams.open_line && !text.starts_with(b"\r") {
            self.put(&mut streams, b"\n");
        }
        streams.open_line = !matches!(text.last(), Some(b'\n' | b'\r'));
        streams.open_count = text.ends_with(b"\r");
        self.put(&mut streams, text);
        // It is worth nothing later.
        self.write_waiting(&mut streams);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ExitCode;

    /// One place for both streams, so that their order shows.
    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);

    struct Stream(Screen, &'static str);

    impl Write for Stream {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            let mut screen = self.0.0.lock().unwrap();
            screen.extend_from_slice(self.1.as_bytes());
            screen.extend_from_slice(text);
            Ok(text.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn terminal(settings: &Settings) -> (Terminal, Screen, Arc<Status>) {
        let (screen, status) = (Screen::default(), Arc::new(Status::default()));
        let mut terminal = Terminal::new(settings, status.clone());
        terminal.set_buffering(Buffering::Block);
        terminal.high = OnceLock::from(HighBytes::Utf8);
        let streams = terminal.streams.get_mut().unwrap();
        streams.out = Box::new(Stream(screen.clone(), "1>"));
        streams.err = Box::new(Stream(screen.clone(), "2>"));
        (terminal, screen, status)
    }

    fn shown(screen: &Screen) -> String {
        String::from_utf8(screen.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn streams_and_order() {
        let (terminal, screen, status) = terminal(&Settings::default());
        terminal.message(Class::Info, b"a\n");
        terminal.message(Class::Client, b"b\x1b\n");
        assert_eq!(shown(&screen), "");
        terminal.message(Class::Warning, b"w\n");
        assert_eq!(shown(&screen), "1>a\nb\\#033\n2>w\n");
        assert_eq!(status.exit_code(), ExitCode::OK);
        terminal.message(Class::Error, b"e\n");
        terminal.message(Class::ErrorXfer, b"x\n");
        assert_eq!(status.exit_code(), ExitCode::PARTIAL);
        terminal.message(Class::Info, b"c\n");
        terminal.flush();
        assert_eq!(shown(&screen), "1>a\nb\\#033\n2>w\n2>e\n2>x\n1>c\n");
    }

    #[test]
    fn one_stream_for_all() {
        let settings = Settings { stderr_mode: StderrMode::All, ..Settings::default() };
        let (terminal, screen, _) = terminal(&settings);
        terminal.message(Class::Info, b"a\n");
        terminal.progress(b"\r  1%");
        terminal.message(Class::Error, b"e\n");
        drop(terminal);
        assert_eq!(shown(&screen), "2>a\n2>\r  1%2>\n2>e\n");
    }

    #[test]
    fn the_log_gets_what_is_not_for_the_client_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let log_file = Some(path.as_os_str().as_encoded_bytes().to_vec());
        let settings = Settings { log_file, quiet: true, ..Settings::default() };
        let (terminal, screen, _) = terminal(&settings);
        terminal.message(Class::Client, b"item\n");
        terminal.message(Class::Info, b"info\n");
        terminal.message(Class::Error, b"error\n");
        terminal.log_only(b"line");
        terminal.progress(b"\r1%");
        assert_eq!(shown(&screen), "2>error\n");
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().map(|l| l.split_once("] ").unwrap().1).collect();
        assert_eq!(lines, ["info", "error", "line"]);
    }

    #[test]
    fn quiet_keeps_errors() {
        let (terminal, screen, status) = terminal(&Settings { quiet: true, ..Settings::default() });
        terminal.message(Class::Info, b"a\n");
        terminal.message(Class::Client, b"a\n");
        terminal.progress(b"\r  1%");
        terminal.message(Class::ErrorXfer, b"e\n");
        terminal.message(Class::Warning, b"w\n");
        drop(terminal);
        assert_eq!(shown(&screen), "2>e\n2>w\n");
        assert_eq!(status.exit_code(), ExitCode::PARTIAL);
    }

    #[test]
    fn open_lines_are_closed() {
        let (mut terminal, screen, _) = terminal(&Settings::default());
        terminal.set_buffering(Buffering::AtOnce);
        terminal.progress(b" 0 files...\r");
        terminal.progress(b" 100 files...\r");
        terminal.message(Class::Client, b"7 files to consider\n");
        terminal.progress(b"\r  1%");
        terminal.progress(b"\r  2%");
        terminal.message(Class::Error, b"e\n");
        terminal.progress(b"\r  3%");
        terminal.message(Class::Info, b"d\n");
        terminal.progress(b"\r  4%\n");
        terminal.message(Class::Info, b"f\n");
        terminal.progress(b"\r  5%");
        terminal.flush();
        assert_eq!(
            shown(&screen).replace("1>", ""),
            " 0 files...\r 100 files...\r7 files to consider\n\r  1%\r  2%2>\n2>e\n\r  3%\nd\n\r  4%\nf\n\r  5%\n"
        );
    }

    #[test]
    fn the_head_of_the_list_ends_where_something_else_is_said() {
        let (mut terminal, screen, _) = terminal(&Settings::default());
        terminal.set_buffering(Buffering::AtOnce);
        terminal.message(Class::Client, b"building file list ... ");
        terminal.progress(b" 0 files...\r");
        terminal.progress(b" 100 files...\r");
        terminal.message(Class::Error, b"e\n");
        terminal.progress(b" 200 files...\r");
        terminal.message(Class::Info, b"i\n");
        terminal.message(Class::Client, b"250 files to consider\n");
        assert_eq!(
            shown(&screen).replace("1>", "").replace("2>", "*"),
            "building file list ... \n 0 files...\r 100 files...\r*\n*e\n 200 files...\r\ni\n250 files to consider\n"
        );
    }

    #[test]
    fn full_buffers_are_written() {
        let (terminal, screen, _) = terminal(&Settings::default());
        for _ in 0..BUFFER / 100 + 1 {
            terminal.message(Class::Info, &[b'x'; 100]);
        }
        assert!(shown(&screen).len() >= BUFFER);
    }

    #[test]
    fn long_messages_are_cut() {
        let (terminal, screen, _) = terminal(&Settings::default());
        terminal.message(Class::Error, &[b'x'; MAX_MESSAGE + 1]);
        let text = shown(&screen);
        assert!(text.ends_with("xx[...]\n"));
        assert_eq!(text.len(), "2>".len() + MAX_MESSAGE + 1);
    }

    #[test]
    fn a_closed_stdout_counts_where_outbuf_was_given() {
        for (buffering, fails) in
            [(Buffering::AtOnce, false), (Buffering::Block, false), (Buffering::Checked, true)]
        {
            let (mut terminal, screen, _) = terminal(&Settings::default());
            terminal.set_buffering(buffering);
            terminal.streams.get_mut().unwrap().out = Box::new(Closed);
            terminal.message(Class::Info, b"a\n");
            terminal.flush();
            assert_eq!(terminal.failed(), fails);
            terminal.message(Class::Info, b"b\n");
            terminal.message(Class::Error, b"e\n");
            assert_eq!(shown(&screen), "2>e\n");
        }
    }

    #[test]
    fn a_closed_stderr_counts() {
        let (mut terminal, _, _) = terminal(&Settings::default());
        terminal.streams.get_mut().unwrap().err = Box::new(Closed);
        terminal.message(Class::Error, b"e\n");
        assert!(terminal.failed());
    }
}
