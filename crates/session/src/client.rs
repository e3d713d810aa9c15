//! A client: the end that the user started. One run is a local copy, a push or a pull.

mod end;
mod job;
mod local;
mod pull;
mod push;

pub use job::{ClientJob, DaemonRequest, Link, Transfer};

use crate::{
    Error, ExitCode, Session, Settings,
    batch::{self, Recorder},
    charset::Charset,
    conn::{Activity, Reader, Writer},
    connect::{
        daemon::{self, Outcome},
        shell::Shell,
        tcp::{self, Target},
    },
    copy_as,
    exit::{Cause, Exits},
    files_from,
    finish::{self, Ending},
    handshake::{self, VersionExchange},
    log::{Class, Log, Role, Sink},
    options::{FilterArg, Hostspec, RuleArg},
    platform,
    receive::{self, ReceiveJob},
    report::Reporter,
    rules::{self, FsLoader},
    session::Status,
    settings::FilesFrom,
};
use end::{conclude, end_with_child};
use fast_io::{
    RecvHalf, SendHalf,
    fd::{FdReader, FdWriter},
};
use filters::FilterList;
use fsroot::names::Who;
use pull::Pull;
use push::Push;
use std::{
    fs::File,
    sync::{Arc, Mutex, atomic::AtomicBool},
    time::Instant,
};
use wire::{Protocol, args, compat::CompatFlags};

/// Runs a client. `sink` is the user's terminal.
pub fn run(job: ClientJob, sink: Arc<dyn Sink>, status: Arc<Status>) -> ExitCode {
    let (level, dry_run) = (job.settings.debug.exit, job.settings.dry_run);
    let daemon = matches!(job.link, Link::Daemon { .. });
    let role = match &job.transfer {
        Transfer::Pull { .. } => Role::Generator,
        _ => Role::Sender,
    };
    let code = work(job, sink.clone(), status.clone());
    let role = match role {
        Role::Generator if !status.is_split() => Role::ReceiverPresplit,
        role => role,
    };
    let cause = status.cause();
    let role = match cause {
        Some(Cause::Early(role)) => role,
        _ => role,
    };
    // Before the session there is nothing that a daemon could echo.
    let exits = Exits { level, dry_run, daemon: daemon && cause.is_some() };
    exits.say(&Log::new(sink, role), cause.unwrap_or(Cause::Own(code)), code);
    code
}

fn work(job: ClientJob, sink: Arc<dyn Sink>, status: Arc<Status>) -> ExitCode {
    let started = Instant::now();
    let role = match (&job.transfer, &job.link) {
        (Transfer::Pull { .. }, _) => Role::ReceiverPresplit,
        _ => Role::Sender,
    };
    let log = Log::new(sink, Role::Client);
    let ClientJob { settings, receiver, rules, transfer, link, script } = job;
    let cx = rules::context(&settings, settings.protocol_max >= 30, Role::Client);
    let mut loader = FsLoader::new(&settings).for_own_options();
    // What each role adds itself comes last, and is told by each.
    let is_early = |arg: &FilterArg| !matches!(arg.rule, RuleArg::PartialDir(_));
    let (early, late) = rules.split_at(rules.partition_point(is_early));
    let mut list = FilterList::new();
    let mut added = rules::add_options(&mut list, early, &cx, &mut loader, settings.am_sender);
    rules::say_notices(list.take_notices(), &log, &status);
    if added.is_ok() {
        added = rules::add_options(&mut list, late, &cx, &mut loader, settings.am_sender);
    }
    let script = added.and_then(|()| {
        settings.write_batch.is_some().then(|| script.text(&settings, &list)).transpose()
    });
    let early = |log: &Log, e: &Error| {
        status.set_cause(Cause::Early(log.role()));
        finish::report(log, e)
    };
    let script = match script {
        Ok(script) => script,
        Err(e) => return early(&log, &e),
    };
    // Opened before anything else happens, so that a mistyped name costs nothing.
    let names = match &settings.files_from {
        Some(FilesFrom::Local(path)) => match files_from::open(&settings, path) {
            Ok(names) => Some(names),
            Err(e) => return early(&log, &e),
        },
        _ => None,
    };
    let log = log.with_role(role);
    if link.is_remote() && settings.protocol_max < wire::version::OLDEST.number() {
        let text = format!("--protocol must be at least {} on the Client.", wire::version::OLDEST);
        return finish::report(&log, &Error::fatal(ExitCode::PROTOCOL, text));
    }
    let batch = match (&settings.write_batch, script) {
        (Some(name), Some(script)) => match batch::create(&settings, name, &script) {
            Ok(batch) => Some(batch),
            Err(e) => return early(&log.with_role(Role::ReceiverPresplit), &e),
        },
        _ => None,
    };
    let run = Run {
        settings,
        charset: None,
        receiver,
        list,
        names,
        transfer,
        log,
        status,
        started,
        batch,
    };
    match link {
        Link::Local => run.local(),
        Link::Batch(name) => run.replay(&name),
        Link::Shell { argv, secluded } => run.shell(&argv, secluded),
        Link::Daemon { target, request } => run.daemon(&target, request),
        Link::DaemonShell { argv, port, request } => run.daemon_shell(&argv, port, request),
    }
}

struct Run {
    settings: Settings,
    /// `--iconv`, once [`Run::know_charsets`] was called.
    charset: Option<Arc<Charset>>,
    receiver: Option<(Settings, Vec<FilterArg>)>,
    list: FilterList,
    /// The files-from list, if it is here.
    names: Option<files_from::OpenList>,
    transfer: Transfer,
    log: Log,
    status: Arc<Status>,
    started: Instant,
    /// The batch file, to be recorded.
    batch: Option<File>,
}

impl Run {
    fn fail(&self, e: &Error) -> ExitCode {
        finish::report(&self.log, e)
    }

    /// Looks up the charsets of messages and names. What goes wrong before is told in ASCII.
    fn know_charsets(&mut self) -> Result<(), Error> {
        self.log.sink().know_locale();
        if self.settings.debug.iconv > 1 {
            self.log.info(format!("msg checking charset: {}", fast_io::iconv::locale_charset()));
        }
        self.charset = Charset::of(&self.settings)?;
        if let (Some(charset), true) = (&self.charset, self.settings.debug.iconv > 0) {
            self.log.info(charset.debug_line(self.log.role));
        }
        Ok(())
    }

    /// The remote shell cannot be started: the child that was to become it says so, then the parent that nobody is there.
    fn not_started(&self, e: &Error) -> ExitCode {
        let code = self.fail(e);
        finish::explain(&self.log, &Error::Closed { received: 0 });
        finish::close(&self.log, &self.status.stats, code)
    }

    /// Secluded arguments as they travel.
    fn converted(&self, strings: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        match &self.charset {
            Some(charset) => strings.iter().map(|string| charset.text_to_wire(string)).collect(),
            None => strings,
        }
    }

    /// `opening connection using:`, `sending daemon args:`.
    fn say_command(&self, what: &str, argv: &[Vec<u8>]) {
        if self.settings.debug.cmd == 0 {
            return;
        }
        let mut line = format!("{what}: ").into_bytes();
        for arg in argv {
            let plain = |b: &u8| b.is_ascii_alphanumeric() || b",.-_=+@/".contains(b);
            let quote: &[u8] = if arg.iter().all(plain) { b"" } else { b"\"" };
            line.extend_from_slice(&[quote, arg, quote, b" "].concat());
        }
        line.extend_from_slice(format!(" ({} args)", argv.len()).as_bytes());
        self.log.line(Class::Client, line);
    }

    fn shell(mut self, argv: &[Vec<u8>], secluded: Option<Vec<Vec<u8>>>) -> ExitCode {
        self.say_command("opening connection using", argv);
        let (shell, reader, writer) = match Shell::spawn(argv, &[], self.log.role) {
            Ok(started) => started,
            Err(e) => return self.not_started(&e),
        };
        if let Err(e) = self.know_charsets() {
            return self.fail(&e);
        }
        let activity = Arc::new(Activity::new(self.settings.timeout).until(self.settings.stop_at));
        let reader = Reader::new(reader, activity.clone());
        let mut writer = Writer::new(writer, activity.clone());
        if let Some(strings) = secluded {
            self.say_command("protected args", strings.get(1..).unwrap_or_default());
            let strings = self.converted(strings);
            args::encode_block(wire::version::NEWEST, true, &strings, writer.buf());
        }
        self.remote(VersionExchange::Binary, reader, writer, activity, Some(shell))
    }

    fn daemon(self, target: &Target, request: DaemonRequest) -> ExitCode {
        match tcp::connect(target, &self.settings.debug, &self.log) {
            Ok((reader, writer)) => self.greet(request, reader, writer, None),
            Err(e) => self.fail(&e),
        }
    }

    fn daemon_shell(self, argv: &[Vec<u8>], port: u16, request: DaemonRequest) -> ExitCode {
        self.say_command("opening connection using", argv);
        match Shell::spawn(argv, &[("RSYNC_PORT", port.to_string())], self.log.role) {
            Ok((shell, reader, writer)) => self.greet(request, reader, writer, Some(shell)),
            Err(e) => self.not_started(&e),
        }
    }

    fn greet(
        mut self,
        request: DaemonRequest,
        reader: FdReader,
        writer: FdWriter,
        shell: Option<Shell>,
    ) -> ExitCode {
        if let Err(e) = self.know_charsets() {
            return self.fail(&e);
        }
        let activity = Arc::new(Activity::new(self.settings.timeout).until(self.settings.stop_at));
        let mut reader = Reader::new(reader, activity.clone());
        let mut writer = Writer::new(writer, activity.clone());
        let greeted = || self.say_command("sending daemon args", &request.args);
        let login = daemon::login(&request.login, &mut reader, &mut writer, &self.log, greeted);
        let common = match login {
            Ok(Outcome::Ready(common)) => common,
            Ok(Outcome::Listed) => return ExitCode::OK,
            Err(e) => return self.fail(&e),
        };
        // Versions we do not speak are refused by the handshake; until then only the terminator matters.
        let protocol = Protocol::new(common).unwrap_or(wire::version::OLDEST);
        args::encode_block(protocol, false, &request.args, writer.buf());
        if let Some(strings) = request.secluded {
            self.say_command("protected args", strings.get(1..).unwrap_or_default());
            args::encode_block(protocol, true, &self.converted(strings), writer.buf());
        }
        if let Err(e) = writer.flush() {
            return self.fail(&e);
        }
        self.remote(VersionExchange::Greeting(common), reader, writer, activity, shell)
    }

    /// The handshake, then the client's role.
    fn remote<R: RecvHalf + 'static, W: SendHalf + 'static>(
        self,
        exchange: VersionExchange,
        mut reader: Reader<R>,
        mut writer: Writer<W>,
        activity: Arc<Activity>,
        shell: Option<Shell>,
    ) -> ExitCode {
        let Run {
            settings, charset, mut list, names, transfer, log, status, started, batch, ..
        } = self;
        let agreed = handshake::client(&settings, exchange, &mut reader, &mut writer);
        let agreed = match agreed {
            Ok(agreed) => agreed,
            Err(e) => {
                drop(writer);
                // What the other end makes of our refusal is of no interest.
                let shell = shell.filter(|_| e.code() != ExitCode::PROTOCOL);
                let ending = Ending { log: &log, stats: &status.stats, unsummarised: false };
                return end_with_child(&ending, Err(e), shell, &status);
            }
        };
        let symlink_times = agreed.compat.has(CompatFlags::SYMLINK_TIMES);
        let targets = agreed.compat.has(CompatFlags::SYMLINK_ICONV);
        let agreed = agreed.with_charset(charset, targets);
        let session = agreed.into_session(settings, symlink_times, log, status, activity, started);
        let session = Arc::new(session);
        if let Err(e) = copy_as::assume(Who::Process, &session.settings, session.log.role) {
            if !session.settings.am_sender {
                // A server that sends is told of it.
                let _told_of_our_own = handshake::start(&session, &mut reader, &mut writer);
            }
            finish::tell(&session, &e, Some(&mut reader), &mut writer);
            return finish::report(&session.log, &e);
        }
        let recorder = match batch.map(|file| Recorder::begin(file, &session)).transpose() {
            Ok(recorder) => recorder,
            Err(e) => {
                drop(writer);
                let log = session.log.with_role(Role::ReceiverPresplit);
                let ending = Ending::new(&session, &log);
                return end_with_child(&ending, Err(e), shell, &session.status);
            }
        };
        let reporter = new_reporter(&session);
        let ended = match transfer {
            Transfer::Pull { requested, dest } => {
                let pull = Pull { requested, dest, names, recorder, reporter: reporter.clone() };
                pull.run(&session, reader, writer, &mut list)
            }
            Transfer::Push { sources } | Transfer::Local { sources, .. } => {
                let push = Push { sources, list, names, recorder, reporter: reporter.clone() };
                let ended = push.run(&session, &mut reader, &mut writer);
                match &ended {
                    Err(e) => {
                        finish::tell(&session, e, Some(&mut reader), &mut writer);
                    }
                    Ok(()) => {
                        let _closed = writer.shutdown();
                    }
                }
                ended
            }
        };
        conclude(&session, &reporter, ended, shell)
    }

    /// Applies a batch.
    fn replay(mut self, name: &[u8]) -> ExitCode {
        let input = batch::open_to_read(&self.settings, name);
        let input = input.and_then(|input| self.know_charsets().map(|()| input));
        let Run { mut settings, charset, list, transfer, log, status, started, .. } = self;
        let Transfer::Pull { dest, .. } = transfer else { return ExitCode::SYNTAX };
        let activity = Arc::new(Activity::new(0));
        let agreed = input.and_then(|input| {
            if dest.as_ref().is_some_and(|dest| Hostspec::parse(dest, 0).is_some()) {
                let text = "remote destination is not allowed with --read-batch";
                return Err(Error::fatal(ExitCode::SYNTAX, text));
            }
            let mut reader = Reader::new(input, activity.clone());
            let agreed = handshake::replay(&mut settings, &mut reader, &log)?;
            Ok((agreed, reader))
        });
        let (agreed, reader) = match agreed {
            Ok(agreed) => agreed,
            Err(e) => return finish::report(&log, &e),
        };
        let writer = Writer::new(batch::Unheard, activity.clone());
        let symlink_times = agreed.compat.has(CompatFlags::SYMLINK_TIMES);
        let targets = agreed.compat.has(CompatFlags::SYMLINK_ICONV);
        let agreed = agreed.with_charset(charset, targets);
        let session = agreed.into_session(settings, symlink_times, log, status, activity, started);
        let session = Arc::new(session);
        if let Err(e) = copy_as::assume(Who::Process, &session.settings, session.log.role) {
            return finish::report(&session.log, &e);
        }
        let filters = match rules::for_this_side(&session, list) {
            Ok(rules) => rules,
            Err(e) => return finish::report(&session.log, &e),
        };
        let reporter = new_reporter(&session);
        let job = ReceiveJob::of_our_own(&session, dest, filters, Some(reporter.clone()));
        let (ended, _writer) = receive::run(&session, reader, writer, job);
        conclude(&session, &reporter, ended, None)
    }
}

fn new_reporter(session: &Arc<Session>) -> Arc<Mutex<Reporter>> {
    let mut reporter = Reporter::new(session.clone());
    let list = if session.settings.am_sender { "building" } else { "receiving" };
    session.log.sink().log_only(format!("{list} file list").as_bytes());
    let asked = Arc::new(AtomicBool::new(false));
    if platform::show_progress_when_asked(&asked) {
        reporter.show_when_asked(asked);
    }
    Arc::new(Mutex::new(reporter))
}
