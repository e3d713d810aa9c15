//! A server: the end that a client started through a remote shell, or a daemon's child after the text phase.

use crate::{
    Error, ExitCode, Session, Settings,
    charset::Charset,
    conn::{Activity, Outbox, Reader, Route, Writer},
    copy_as,
    files_from::{self, OpenList},
    finish,
    handshake::{self, VersionExchange},
    log::{Class, Log, Role, Sink, sys_error_line},
    options::FilterArg,
    receive::{self, Left, ReceiveJob},
    report::to_own_stderr,
    rules::{self, FsLoader},
    session::Status,
    settings::{FilesFrom, StderrMode},
};
use fast_io::{RecvHalf, SendHalf};
use filters::FilterList;
use fsroot::{names::Who, text};
use std::{sync::Arc, time::Instant};
use wire::{Protocol, compat::ClientCapabilities, mux::Message};

/// What a server was asked to do.
pub struct ServerJob {
    /// The options.
    pub settings: Settings,
    /// What the client's `-e` option said.
    pub caps: ClientCapabilities,
    /// The charset of names here, if the client has them converted.
    pub charset: Option<Arc<Charset>>,
    /// The first argument, which clients give as `.`: where the others lead from.
    pub dir: Vec<u8>,
    /// The arguments behind it: sources, or one destination.
    pub args: Vec<Vec<u8>>,
    /// The rule options among them, in order.
    pub rules: Vec<FilterArg>,
    /// How versions are exchanged.
    pub exchange: VersionExchange,
    /// A daemon's rules, consulted before the client's.
    pub daemon_filters: Option<FilterList>,
    /// An error that is told to the client instead of serving it (options that the daemon refuses, a read-only
    /// module).
    pub refusal: Option<Error>,
    /// This end's own log: a daemon's, or the log file that the client asks for (`-M--log-file`). It gets what the
    /// client is told but for names and progress, and what the client is not told: why the session could not begin, and
    /// how much went over the line.
    pub own_log: Option<Arc<dyn Sink>>,
}

/// Tells the client and this end's own log.
struct Tee {
    client: Arc<dyn Sink>,
    log: Arc<dyn Sink>,
}

/// What a role of a server says: to the client, and to the server's own log if there is one.
pub(crate) fn log(client: Arc<dyn Sink>, own: Option<&Arc<dyn Sink>>, role: Role) -> Log {
    match own {
        Some(own) => Log::new(Arc::new(Tee { client, log: own.clone() }), role),
        None => Log::new(client, role),
    }
}

impl Sink for Tee {
    fn message(&self, class: Class, text: &[u8]) {
        if class != Class::Client {
            self.log.message(class, text);
        }
        self.client.message(class, text);
    }

    fn message_in_utf8(&self, class: Class, text: &[u8]) {
        if class != Class::Client {
            self.log.message(class, text);
        }
        self.client.message_in_utf8(class, text);
    }

    fn log_only(&self, text: &[u8]) {
        self.log.message(Class::Info, text);
    }
}

/// Which way the messages of a server go.
pub(crate) fn route(settings: &Settings, protocol: Protocol) -> Route {
    match settings.stderr_mode {
        _ if settings.am_daemon => Route::Protocol,
        StderrMode::All => Route::AllToStderr,
        StderrMode::Client => Route::Protocol,
        StderrMode::Errors if !protocol.has_item_flags() => Route::Protocol,
        StderrMode::Errors => Route::ErrorsToStderr,
    }
}

/// Serves one client and returns the process's exit code. Errors were told to the client, or printed if it could not
/// be told.
pub fn run<R: RecvHalf + 'static, W: SendHalf + 'static>(
    job: ServerJob,
    mut reader: Reader<R>,
    mut writer: Writer<W>,
    activity: Arc<Activity>,
) -> ExitCode {
    let started = Instant::now();
    let ServerJob {
        settings,
        caps,
        charset,
        dir,
        args,
        rules,
        exchange,
        daemon_filters,
        refusal,
        own_log,
    } = job;
    let role = if settings.am_sender { Role::Sender } else { Role::ReceiverPresplit };
    let stderr = Outbox::new(Arc::default(), Route::AllToStderr, true).with_settings(&settings);
    let stderr: Arc<dyn Sink> = Arc::new(stderr);
    // A mistyped name is told before anything else is said; a daemon's client hears it over the protocol.
    let given = match settings.am_daemon {
        true => None,
        false => match handshake::allows_choices(&settings, true)
            .and_then(|()| Given::open(&settings, &rules, Role::Server))
        {
            Ok(given) => Some(given),
            Err(e) => {
                let log = Log::new(stderr, Role::Server);
                return finish::unstarted(&log, &e, &mut reader, &mut writer);
            }
        },
    };
    let tells = settings.debug.iconv > 0 && !settings.am_daemon && !settings.quiet;
    if let (Some(charset), true) = (&charset, tells) {
        to_own_stderr(&[&charset.debug_line(role)[..], b"\n"].concat(), false);
    }
    let agreed = handshake::server(&settings, exchange, &caps, &mut reader, &mut writer);
    let agreed = match agreed {
        Ok(agreed) => agreed,
        Err(e) => {
            let sink = own_log.unwrap_or(stderr);
            return finish::unstarted(&Log::new(sink, role), &e, &mut reader, &mut writer);
        }
    };
    let modern = agreed.protocol.has_varints();
    let targets = modern && caps.has(b's');
    let agreed = agreed.with_charset(charset.clone(), targets);
    let route = route(&settings, agreed.protocol);
    let status = Arc::new(Status::default());
    let outbox = Outbox::new(status.clone(), route, modern).with_charset(charset);
    let outbox = Arc::new(outbox.with_settings(&settings));
    let log = log(outbox.clone(), own_log.as_ref(), role);
    let symlink_times = caps.has(b'L');
    let session =
        Arc::new(agreed.into_session(settings, symlink_times, log, status, activity, started));
    // One that sends and is no daemon's gives its rights away before it has a stream to complain in.
    let early = session.settings.am_sender && !session.settings.am_daemon;
    if early && let Err(e) = copy_as::assume(Who::Process, &session.settings, role) {
        let sink = own_log.unwrap_or(stderr);
        return finish::unstarted(&Log::new(sink, role), &e, &mut reader, &mut writer);
    }
    writer.set_outbox(outbox);
    let begun = begin(&session, &dir, early, &mut reader, &mut writer);
    let begins = refusal.as_ref().is_none_or(|e| e.code() == ExitCode::FILE_SELECT);
    let own_log = own_log.map(|sink| Log::new(sink, role));
    if let (Ok(()), Some(log), true) = (&begun, &own_log, begins) {
        log.info(if role == Role::Sender { "building file list" } else { "receiving file list" });
    }
    let given = begun.and_then(|()| match (refusal, given) {
        (Some(refusal), _) => Err(refusal),
        (None, Some(given)) => Ok(given),
        (None, None) => Given::of_daemon(&session.settings, &rules, daemon_filters.as_ref(), role),
    });
    match given {
        Ok(given) if !session.settings.am_sender => {
            let (ended, mut left) =
                serve_receiver(&session, reader, writer, args, given, daemon_filters);
            finish::server(
                &session,
                own_log.as_ref(),
                ended,
                left.reader.as_mut(),
                left.writer.as_mut(),
            )
        }
        Ok(given) => {
            let ended =
                serve_sender(&session, &mut reader, &mut writer, args, given, daemon_filters);
            finish::server(&session, own_log.as_ref(), ended, Some(&mut reader), Some(&mut writer))
        }
        Err(e) => {
            finish::server(&session, own_log.as_ref(), Err(e), Some(&mut reader), Some(&mut writer))
        }
    }
}

/// Begins the messages, becomes whom and goes where the options say. `early`: the rights were given away before.
fn begin<R: RecvHalf, W: SendHalf>(
    session: &Session,
    dir: &[u8],
    early: bool,
    reader: &mut Reader<R>,
    writer: &mut Writer<W>,
) -> Result<(), Error> {
    let settings = &session.settings;
    handshake::start(session, reader, writer)?;
    let seconds = session.activity.timeout();
    if settings.am_daemon && session.protocol.has_error_exit() && seconds > 0 {
        writer.message(&Message::IoTimeout(seconds as i32))?;
    }
    if !early {
        copy_as::assume(Who::Process, settings, session.log.role)?;
    }
    match settings.am_daemon {
        true => Ok(()),
        false => enter(settings, dir, session.log.role),
    }
}

/// Goes to the directory that the arguments lead from. A sender with --relative stays, as rsync's does.
fn enter(settings: &Settings, dir: &[u8], role: Role) -> Result<(), Error> {
    let step = if settings.am_sender { "change_dir#3" } else { "change_dir#4" };
    if dir.is_empty() || dir == b"." || (settings.am_sender && settings.relative) {
        return Ok(());
    }
    let path = text::path(dir);
    std::env::set_current_dir(&path).map_err(|e| {
        let shown = text::shown(&std::path::absolute(&path).unwrap_or_else(|_| path.to_path_buf()));
        let line = [step.as_bytes(), b" \"", &shown, b"\" failed"].concat();
        Error::fatal(ExitCode::FILE_SELECT, sys_error_line(role, line, &e))
    })
}

/// What the server's own command line names.
struct Given {
    rules: FilterList,
    /// Not yet open in a daemon.
    names: Option<OpenList>,
}

impl Given {
    fn open(settings: &Settings, rules: &[FilterArg], role: Role) -> Result<Given, Error> {
        let mut loader = FsLoader::new(settings).for_own_options();
        let mut rules = rules::of_server(settings, rules, &mut loader, role)?;
        let status = Arc::new(Status::default());
        let stderr = Outbox::new(status.clone(), Route::AllToStderr, true);
        let log = Log::new(Arc::new(stderr.with_settings(settings)), Role::Server);
        rules::say_notices(rules.take_notices(), &log, &status);
        Ok(Given { rules, names: own_names(settings)? })
    }

    fn of_daemon(
        settings: &Settings,
        rules: &[FilterArg],
        daemon_filters: Option<&FilterList>,
        role: Role,
    ) -> Result<Given, Error> {
        let mut loader = FsLoader::new(settings).hiding(daemon_filters);
        Ok(Given { rules: rules::of_server(settings, rules, &mut loader, role)?, names: None })
    }
}

/// The files-from list, if it is a file of this host.
fn own_names(settings: &Settings) -> Result<Option<OpenList>, Error> {
    match &settings.files_from {
        Some(FilesFrom::Local(path)) => files_from::open(settings, path).map(Some),
        _ => Ok(None),
    }
}

fn serve_sender<R: RecvHalf, W: SendHalf>(
    session: &Arc<Session>,
    reader: &mut Reader<R>,
    writer: &mut Writer<W>,
    mut args: Vec<Vec<u8>>,
    given: Given,
    daemon_filters: Option<FilterList>,
) -> Result<(), Error> {
    let settings = &session.settings;
    reader.set_messages(Box::new(rules::Early::new(session.clone(), Role::Sender)));
    let mut loader = FsLoader::new(settings).hiding(daemon_filters.as_ref());
    let user_rules = rules::receive(session, reader, &mut loader, given.rules)?;
    if args.is_empty() && (settings.recurse || settings.dirs || settings.list_only) {
        args.push(b".".to_vec());
    }
    let names = match given.names {
        None => own_names(settings)?,
        names => names,
    };
    let files_from = match (names, &settings.files_from) {
        (Some(names), _) => Some(files_from::names(names, settings.from0)),
        (None, None) => None,
        (None, Some(_)) => Some(files_from::receive(session, reader)?),
    };
    let job = crate::send::SendJob {
        args,
        files_from,
        filters: user_rules,
        daemon_filters,
        loader,
        reporter: crate::report::Reporter::of_server(session),
    };
    crate::send::run(session, reader, writer, job)
}

/// That the receiving side of a local copy, or a server, begins.
pub(crate) fn say_receiving(session: &Session) {
    let says = session.settings.debug.recv > 0;
    session.log.debug(says, || format!("server_recv(2) starting pid={}", std::process::id()));
}

fn serve_receiver<R: RecvHalf + 'static, W: SendHalf + 'static>(
    session: &Arc<Session>,
    mut reader: Reader<R>,
    mut writer: Writer<W>,
    args: Vec<Vec<u8>>,
    given: Given,
    daemon_filters: Option<FilterList>,
) -> (Result<(), Error>, Left<R, W>) {
    let settings = &session.settings;
    say_receiving(session);
    reader.set_messages(Box::new(rules::Early::new(session.clone(), Role::ReceiverPresplit)));
    let mut loader = FsLoader::new(settings).hiding(daemon_filters.as_ref());
    let filters = if rules::pushed(session) {
        match rules::receive(session, &mut reader, &mut loader, given.rules) {
            Ok(rules) => rules,
            Err(e) => return (Err(e), Left::unused(reader, writer)),
        }
    } else {
        given.rules
    };
    let names = match given.names {
        None => own_names(settings),
        names => Ok(names),
    };
    let sent = names.and_then(|names| match names {
        Some(from) => files_from::forward(session, from, None, &mut reader, &mut writer),
        None => Ok(()),
    });
    if let Err(e) = sent {
        return (Err(e), Left::unused(reader, writer));
    }
    let job = ReceiveJob {
        dest: args.into_iter().next(),
        filters,
        daemon_filters,
        loader,
        sender_filters: None,
        requested: None,
        reporter: crate::report::Reporter::of_server(session),
    };
    receive::run(session, reader, writer, job)
}
