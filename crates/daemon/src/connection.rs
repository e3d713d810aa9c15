//! One connection until a module is chosen and its session runs (WIRE.md, Greeting; Request; Authentication).

use crate::{
    access::UNDETERMINED,
    access::{HostRules, Peer},
    auth::LoggedIn,
    auth::{self, Access, AuthRules},
    config::{Config, ModuleConfig, Override, Section},
    identity::{Identity, SystemGroups},
    limit,
    log::DaemonLog,
    module, proxy, signals,
};
use fast_io::fd::{FdReader, FdWriter};
use session::{
    Error, ExitCode,
    charset::Charset,
    conn::{Activity, Reader, Writer},
    connect::{auth::AuthDigest, daemon::decode_line},
    finish,
    log::{Log, Role, named},
};
use std::{
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use wire::{
    greeting::{DIGESTS, Greeting},
    limits::{MAX_EARLY_INPUT, MAX_REQUEST_LINE, MAX_TEXT_LINE},
    version,
};

/// Longest a phase of the handshake may take.
const MAX_HANDSHAKE: u64 = 60;
/// Default of `lock file`.
const LOCK_FILE: &str = "/var/run/rsyncd.lock";
/// Exit code of a connection that was refused or only listed modules.
pub(crate) const NOT_SERVED: i32 = 255;
/// How long a client that was refused may take to read why.
const LINGER: Duration = Duration::from_secs(1);

/// What a daemon process was started with.
#[derive(Debug, Clone)]
pub struct Service {
    /// The configuration file.
    pub config: PathBuf,
    /// `--dparam`.
    pub overrides: Vec<Override>,
    /// `--log-file`.
    pub log_file: Option<PathBuf>,
    /// `--log-file-format`: how transfers are logged, for every module.
    pub log_format: Option<Vec<u8>>,
    /// `--bwlimit`, KiB/s, 0 for none.
    pub bwlimit: u32,
    /// Our highest protocol.
    pub protocol_max: u32,
    /// The connection came through a remote shell, not a socket.
    pub over_shell: bool,
}

/// A client that asked for a module, with what it said so far.
pub(crate) struct Client {
    pub reader: Reader<FdReader>,
    pub writer: Writer<FdWriter>,
    pub activity: Arc<Activity>,
    pub peer: Peer,
    pub log: Arc<DaemonLog>,
    /// The phases of the handshake have a deadline: not over a remote shell.
    pub timed: bool,
    /// What it sent ahead for a hook.
    pub early_input: Vec<u8>,
    /// The charset of the module's names.
    pub charset: Option<Arc<Charset>>,
    /// The version that both greetings make.
    pub common: u32,
    pub greeting: Greeting,
}

/// Ends a connection: silently, or with an `@ERROR` line.
#[derive(Debug)]
pub(crate) enum Stop {
    /// With this exit code.
    Silent(i32),
    /// With this text and exit code.
    Refuse(Vec<u8>, i32),
    /// The link failed, or the client took too long.
    Link(Error),
}

impl Stop {
    /// The usual refusal.
    pub fn refuse(text: impl Into<Vec<u8>>) -> Stop {
        Stop::Refuse(text.into(), NOT_SERVED)
    }
}

impl From<Error> for Stop {
    fn from(e: Error) -> Stop {
        Stop::Link(e)
    }
}

/// Serves one client; returns the process's exit code.
pub fn serve(service: &Service, reader: FdReader, writer: FdWriter, peer: Peer) -> i32 {
    let config = match Config::load(&service.config, &service.overrides) {
        Ok(config) => config,
        Err(e) => {
            let log = DaemonLog::open(&Default::default(), service.log_file.as_deref());
            log.error(e.0);
            let code = ExitCode::SYNTAX;
            eprintln!("{}", finish::closing_line(code, Role::ReceiverPresplit));
            return code.0;
        }
    };
    let global = config.global();
    let log = Arc::new(DaemonLog::open(&global, service.log_file.as_deref()));
    for warning in &config.warnings {
        log.error(warning);
    }
    signals::watch_connection(log.clone());
    let activity = Arc::new(Activity::new(0));
    let greeting = Greeting { major: 0, sub: None, digests: None };
    let mut client = Client {
        reader: Reader::new(reader, activity.clone()),
        writer: Writer::new(writer, activity.clone()),
        activity,
        peer,
        log,
        timed: !service.over_shell,
        early_input: Vec::new(),
        charset: None,
        common: 0,
        greeting,
    };
    client.arm(global.int("timeout"));
    let chosen = match talk(service, &config, &mut client) {
        Ok(Some(chosen)) => chosen,
        Ok(None) => return NOT_SERVED,
        Err(stop) => return client.end(stop),
    };
    let (module, login) = chosen;
    module::serve(service, client, &module, &login)
}

/// The absolute end of a handshake phase, for a configured timeout.
fn deadline(timeout: Option<i64>) -> Instant {
    let seconds = match timeout {
        Some(n) if n > 0 => (n as u64).min(MAX_HANDSHAKE),
        _ => MAX_HANDSHAKE,
    };
    Instant::now() + Duration::from_secs(seconds)
}

impl Client {
    /// Says why and ends the stream.
    pub fn refuse(&mut self, text: &[u8]) {
        // A client that is gone cannot be told.
        let _gone = self.say(named("@ERROR: ", text, "\n"));
        let _gone = self.writer.shutdown();
        // Closing while something is unread would take the line back.
        self.reader.drain(LINGER);
    }

    /// Ends the connection; returns the exit code.
    pub fn end(mut self, stop: Stop) -> i32 {
        match stop {
            Stop::Silent(code) => code,
            Stop::Refuse(text, code) => {
                self.refuse(&text);
                code
            }
            Stop::Link(Error::Deadline) => {
                self.log.error("[Receiver] daemon handshake timeout -- exiting");
                ExitCode::TIMEOUT.0
            }
            Stop::Link(_) => NOT_SERVED,
        }
    }

    /// The peer must be done with the next phase before the deadline that the timeout sets.
    pub fn arm(&mut self, timeout: Option<i64>) {
        self.reader.set_deadline(self.timed.then(|| deadline(timeout)));
    }

    /// What takes time now is our own work.
    pub fn disarm(&mut self) {
        self.reader.set_deadline(None);
    }

    pub fn say(&mut self, text: impl AsRef<[u8]>) -> Result<(), Error> {
        self.writer.buf().extend_from_slice(text.as_ref());
        self.writer.flush()
    }

    /// The next line; an over-long one, a NUL or the end of the stream closes silently.
    fn line(&mut self, limit: usize) -> Result<Vec<u8>, Stop> {
        match self.reader.read(|c| decode_line(c, limit)) {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(())) | Err(Error::Closed { .. }) => Err(Stop::Silent(NOT_SERVED)),
            Err(e) => Err(e.into()),
        }
    }
}

/// Greets and finds out what the client wants: a module, with what its login may do, or nothing more.
fn talk(
    service: &Service,
    config: &Config,
    client: &mut Client,
) -> Result<Option<(ModuleConfig, LoggedIn)>, Stop> {
    let global = config.global();
    if global.flag("proxyprotocol") == Some(true) {
        client.peer = behind_proxy(&global.string("proxyprotocolhosts"), client)?;
    }
    let by_default = global.flag("reverselookup").unwrap_or(true);
    let looked_up =
        by_default || config.modules().any(|m| m.values().flag("reverselookup") == Some(true));
    // Now, for after a chroot the resolver may not work.
    if looked_up && let Some(problem) = client.peer.look_up() {
        client.log.info(problem);
    }
    enter_daemon(&global, client)?;
    let Peer { addr, name } = client.peer.clone();
    let shown = if by_default { &name } else { UNDETERMINED };
    client.log.info(format!("connect from {shown} ({addr})"));

    greet(service, &global, client)?;
    let request = read_request(client)?;
    if request.is_empty() || request == b"#list" {
        client.log.info(format!("module-list request from {name} ({addr})"));
        list_modules(config, client)?;
        return Ok(None);
    }
    if request.starts_with(b"#") {
        return Err(Stop::refuse(named("Unknown command '", &request, "'")));
    }
    let Some(mut module) = config.module(&request) else {
        let after = format!("' tried from {name} ({addr})");
        client.log.error(named("unknown module '", &request, &after));
        return Err(Stop::refuse(named("Unknown module '", &request, "'")));
    };
    if module.values().flag("reverselookup") == Some(false) {
        client.peer.name = UNDETERMINED.into();
    }
    if let Some(name) = module.values().text("charset").filter(|name| !name.is_empty()) {
        // Now, for after a chroot the system does not find it.
        let charset = Charset::open(&name).map_err(|e| {
            let log = Log::new(client.log.clone(), Role::ReceiverPresplit);
            Stop::Silent(finish::report(&log, &e).0)
        })?;
        client.charset = Some(Arc::new(charset));
    }
    module.set_variable("RSYNC_MODULE_NAME", module.name.clone());
    module.set_variable("RSYNC_HOST_ADDR", addr.to_string());
    module.set_variable("RSYNC_HOST_NAME", client.peer.name.clone());
    module.set_variable("RSYNC_PID", std::process::id().to_string());
    let login = admit(client, &module)?;
    module.set_variable("RSYNC_USER_NAME", login.user.clone());
    Ok(Some((module, login)))
}

/// Both greetings, with the text of the day behind ours.
fn greet(service: &Service, global: &Section, client: &mut Client) -> Result<(), Stop> {
    let mut hello = Greeting::own(service.protocol_max).into_bytes();
    if let Some(path) = global.path("motdfile") {
        if let Ok(mut file) = fsroot::read_operator_file(&path) {
            let mut motd = Vec::new();
            if std::io::Read::read_to_end(&mut file, &mut motd).is_ok() {
                hello.extend_from_slice(&motd);
            }
        }
        hello.push(b'\n');
    }
    client.writer.buf().extend_from_slice(&hello);
    client.writer.flush()?;

    let line = client.line(MAX_REQUEST_LINE)?;
    let greeting = Greeting::parse(&line).ok_or_else(|| Stop::refuse("protocol startup error"))?;
    if let Some(omitted) = greeting.omitted() {
        let text = format!("your client omitted the {omitted}: ");
        return Err(Stop::refuse(named(&text, &line, "")));
    }
    client.common = greeting.common(service.protocol_max);
    client.greeting = greeting;
    Ok(())
}

/// The line that names a module or asks for the list of them; early input may come before it, once.
fn read_request(client: &mut Client) -> Result<Vec<u8>, Stop> {
    let mut early_input_seen = false;
    loop {
        let line = client.line(MAX_REQUEST_LINE)?;
        let length = line.strip_prefix(b"#early_input=").filter(|_| !early_input_seen);
        let Some(length) = length else { return Ok(line) };
        let length = std::str::from_utf8(length).ok().and_then(|n| n.parse::<usize>().ok());
        match length {
            Some(n @ 1..=MAX_EARLY_INPUT) => {
                early_input_seen = true;
                client.early_input = client.reader.read(|c| c.take(n).map(<[u8]>::to_vec))?;
            }
            _ => return Err(Stop::refuse("invalid early_input length")),
        }
    }
}

/// Sends the names and comments of the modules that may be seen.
fn list_modules(config: &Config, client: &mut Client) -> Result<(), Error> {
    let mut listing = Vec::new();
    for module in config.modules().filter(|m| m.values().flag("list").unwrap_or(true)) {
        let comment = module.values().text("comment").unwrap_or_default();
        listing.extend_from_slice(&module.name);
        listing.resize(listing.len() + 15usize.saturating_sub(module.name.len()), b' ');
        listing.push(b'\t');
        listing.extend_from_slice(&comment);
        listing.push(b'\n');
    }
    if version::listing_has_exit(client.common) {
        listing.extend_from_slice(b"@RSYNCD: EXIT\n");
    }
    client.writer.buf().extend_from_slice(&listing);
    client.writer.flush()
}

/// The client that a trusted proxy speaks for.
fn behind_proxy(hosts: &str, client: &mut Client) -> Result<Peer, Stop> {
    let trusted = HostRules { allow: hosts.into(), deny: "*".into(), forward_lookup: false };
    let Peer { addr, name } = &client.peer;
    let log = client.log.clone();
    let mut complain = |problem| log.error(problem);
    if hosts.trim().is_empty() || !trusted.allows(&client.peer, &mut complain) {
        log.error(format!("proxy protocol rejected from untrusted peer {name} ({addr})"));
        return Err(Stop::Silent(NOT_SERVED));
    }
    match client.reader.read(proxy::decode) {
        Ok(source) => Ok(source.map_or_else(|| client.peer.clone(), Peer::new)),
        Err(Error::Wire(_)) => Err(Stop::Silent(NOT_SERVED)),
        Err(e) => Err(e.into()),
    }
}

/// `daemon chroot`, `daemon gid`, `daemon uid`.
fn enter_daemon(global: &Section, client: &Client) -> Result<(), Stop> {
    let failed = |why: Vec<u8>| {
        client.log.error(why);
        Stop::Silent(NOT_SERVED)
    };
    let identity = Identity::of_daemon(global).map_err(|why| failed(why.into()))?;
    if let Some(path) = global.path("daemonchroot") {
        client.log.keep_time_zone();
        fsroot::chroot(&path).map_err(|e| {
            let path = path.as_os_str().as_bytes();
            failed(named("daemon chroot(", path, &format!(") failed: {e}")))
        })?;
    }
    identity.assume().map_err(|why| failed(why.into()))
}

/// Host access, connection limit and login.
fn admit(client: &mut Client, module: &ModuleConfig) -> Result<LoggedIn, Stop> {
    let values = module.values();
    let (name, Peer { addr, name: host }) = (&module.name, client.peer.clone());
    let rules = HostRules {
        allow: values.string("hostsallow"),
        deny: values.string("hostsdeny"),
        forward_lookup: values.flag("forwardlookup").unwrap_or(true),
    };
    let log = client.log.clone();
    if !rules.allows(&client.peer, &mut |problem| log.error(problem)) {
        let from = format!(" from {host} ({addr})");
        log.error(named("rsync denied on module ", name, &from));
        return Err(Stop::refuse(if values.flag("list").unwrap_or(true) {
            named("access denied to ", name, &from)
        } else {
            named("Unknown module '", name, "'")
        }));
    }
    if client.timed {
        let from = format!(" from {host} ({addr})");
        log.info(named("rsync allowed access on module ", name, &from));
    }
    let lock_file = values.path("lockfile").unwrap_or_else(|| LOCK_FILE.into());
    let slot =
        limit::take(values.int("maxconnections").unwrap_or(0), &lock_file).map_err(|text| {
            log.error(text.strip_suffix(" -- try again later").unwrap_or(&text));
            Stop::refuse(text)
        })?;
    // Held until the process ends.
    std::mem::forget(slot);
    if let Some(parameter) = module.unsupported() {
        log.error(named(
            "module ",
            name,
            &format!(" sets {parameter}, which is not supported yet"),
        ));
        let after = format!(" sets {parameter}: not supported yet");
        return Err(Stop::refuse(named("module ", name, &after)));
    }
    let users = values.text("authusers").unwrap_or_default();
    if users.trim_ascii().is_empty() {
        return Ok(LoggedIn { user: Vec::new(), access: Access::Module });
    }
    let secrets = values.path("secretsfile");
    let rules = AuthRules {
        users: &users,
        secrets: secrets.as_deref(),
        strict: values.flag("strictmodes").unwrap_or(true),
    };
    client.arm(values.int("timeout"));
    login(client, &rules, &values.string("authdigest")).map_err(|stop| match stop {
        Ok(why) => {
            let from = format!(" from {host} ({addr})").into_bytes();
            log.error([b"auth failed on module ", &name[..], &from, &why].concat());
            Stop::refuse(named("auth failed on module ", name, ""))
        }
        Err(stop) => stop,
    })
}

/// `Ok` inside the error is a failed login and what to log of it.
fn login(
    client: &mut Client,
    rules: &AuthRules<'_>,
    floor: &str,
) -> Result<LoggedIn, Result<Vec<u8>, Stop>> {
    let digests = client.greeting.digests.as_deref();
    let Some(digest) = AuthDigest::choose(digests, client.common >= 30) else {
        let text = format!(
            "your client does not support one of our daemon-auth checksums: {}",
            DIGESTS.join(" ")
        );
        return Err(Err(Stop::Refuse(text.into(), ExitCode::UNSUPPORTED.0)));
    };
    if !floor.is_empty() {
        let Some(least) = DIGESTS.iter().position(|name| *name == floor) else {
            return Err(Ok(format!(
                ": the configured 'auth digest = {floor}' is not a supported digest on this build"
            )
            .into_bytes()));
        };
        let own = DIGESTS.iter().position(|name| *name == digest.name()).unwrap_or(DIGESTS.len());
        if own > least || digest == AuthDigest::LegacyMd4 {
            let name = digest.name();
            return Err(Ok(format!(
                ": negotiated auth digest {name} is weaker than the required 'auth digest = {floor}'"
            )
            .into_bytes()));
        }
    }
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|e| Ok(format!(": no randomness: {e}").into_bytes()))?;
    let challenge = digest.of(&[&random, client.peer.addr.to_string().as_bytes()]);
    client.say(format!("@RSYNCD: AUTHREQD {challenge}\n")).map_err(|e| Err(e.into()))?;
    let reply = client.line(MAX_TEXT_LINE).map_err(|stop| match stop {
        Stop::Silent(_) => Ok(b": invalid challenge response".to_vec()),
        stop => Err(stop),
    })?;
    match auth::check(rules, digest, &challenge, &reply, &SystemGroups) {
        Ok(login) => Ok(login),
        Err((user, denial)) => {
            if let Some(notice) = &denial.notice {
                client.log.error(notice);
            }
            let of = if user.is_empty() { Vec::new() } else { named(" for ", &user, "") };
            Err(Ok(named("", &of, &format!(": {}", denial.why))))
        }
    }
}

/// The default configuration file.
pub fn default_config(over_shell: bool) -> PathBuf {
    if over_shell && !fsroot::names::am_root() {
        Path::new("rsyncd.conf").to_path_buf()
    } else {
        Path::new("/etc/rsyncd.conf").to_path_buf()
    }
}
