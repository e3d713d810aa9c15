//! The session of one module: becoming what its configuration says, the arguments, and the transfer (off-wire semantics:
//! identity, client-supplied arguments and paths).

use crate::{
    arguments::{self, Expander, MAX_ARGS},
    auth::{Access, LoggedIn},
    config::{ModuleConfig, Section},
    connection::{Client, Service, Stop},
    hooks::Hooks,
    identity::{self, Identity},
    log::DaemonLog,
    refuse::Refusals,
    rules,
};
use filters::FilterList;
use fsroot::{FollowParents, LinkTrust, Root};
use session::{
    Error, ExitCode, Settings,
    chmod::{self, Chmod},
    finish,
    handshake::VersionExchange,
    log::{Log, Role},
    options::{
        Environment, OptionError, levels, parse_daemon_client_args,
        table::{OPTIONS, Opt},
    },
    report::format::Served,
    server::{self, ServerJob},
    settings::{DeleteTiming, FilesFrom},
};
use std::{
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
    sync::Arc,
};
use wire::{
    Fault, Protocol, RelPath, WireError, args::ArgBlockDecoder, compat::ClientCapabilities,
};

/// Longest argument.
const MAX_ARG: usize = 5119;
/// Links whose text begins with this are defused; a directory of that name would arm them.
const MUNGE_DIR: &str = "/rsyncd-munged";
/// Default of `log format`.
const LOG_FORMAT: &[u8] = b"%o %h [%a] %m (%u) %f %l";
/// From this `max verbosity` on nothing is capped.
const ANY_VERBOSITY: i64 = 6;

/// A module that this process has entered.
struct Entered {
    root: Root,
    chrooted: bool,
    /// The module's root is not `/` as this process sees it.
    below_root: bool,
    munge: bool,
    filters: Option<FilterList>,
}

/// Serves a client that was let in; returns the exit code.
pub(crate) fn serve(
    service: &Service,
    client: Client,
    module: &ModuleConfig,
    login: &LoggedIn,
) -> i32 {
    let mut hooks = Hooks::default();
    let code = serve_with(&mut hooks, service, client, module, login);
    hooks.ended(code);
    code
}

fn serve_with(
    hooks: &mut Hooks,
    service: &Service,
    mut client: Client,
    module: &ModuleConfig,
    login: &LoggedIn,
) -> i32 {
    client.disarm();
    let entered = match enter(hooks, service, &client, module, login) {
        Ok(entered) => entered,
        Err(stop) => return client.end(stop),
    };
    if let Err(e) = client.say("@RSYNCD: OK\n") {
        return client.end(e.into());
    }
    let words = match read_words(&mut client, module.values()) {
        Ok(words) => words,
        Err(Stop::Link(e)) if !matches!(e, Error::Deadline) => {
            let log = Log::new(client.log.clone(), Role::ReceiverPresplit);
            return finish::report(&log, &e).0;
        }
        Err(stop) => return client.end(stop),
    };
    client.disarm();
    let job = match prepare(hooks, service, &client, module, login, entered, &words) {
        Ok(job) => job,
        Err(arguments::TooMany) => {
            client.log.error("too many daemon arguments");
            return ExitCode::PROTOCOL.0;
        }
    };
    client.activity.set_timeout(job.settings.timeout);
    let code = server::run(job, client.reader, client.writer, client.activity);
    code.0
}

/// Becomes what the module's configuration says: root directory, user, log.
fn enter(
    hooks: &mut Hooks,
    service: &Service,
    client: &Client,
    module: &ModuleConfig,
    login: &LoggedIn,
) -> Result<Entered, Stop> {
    let (name, values, log) = (&module.name, module.values(), &client.log);
    let refuse = |text: &str| {
        log.error(text);
        Stop::refuse(text)
    };
    let identity = Identity::of(values).map_err(|text| refuse(&text))?;
    let Some(path) = values.path("path") else {
        log.error(format!("No path specified for module {name}"));
        return Err(Stop::refuse("no path setting."));
    };
    let place = Place::choose(&path, values.flag("usechroot"), log);
    let filters = rules::load(values).map_err(|text| {
        log.error(text);
        Stop::Silent(ExitCode::FILE_IO.0)
    })?;
    log.switch(values, service.log_file.as_deref());
    hooks.start(client, module, &login.user)?;
    if let Some(outer) = &place.chroot {
        log.keep_time_zone();
        let result = Root::open(outer).map_err(Some).and_then(|outer| {
            rustix::process::fchdir(outer.as_dir()).map_err(|e| Some(e.into()))?;
            identity::chroot(Path::new(".")).map_err(|_| None)
        });
        result.map_err(|e| match e {
            Some(e) => {
                let e = session::log::strerror(&e);
                log.error(format!("rsync: [Receiver] chdir {} failed: {e}", outer.display()));
                Stop::refuse("chdir failed")
            }
            None => {
                log.error(format!("chroot {} failed", outer.display()));
                Stop::refuse("chroot failed")
            }
        })?;
    }
    // Opened while still privileged: a module below a directory that its user cannot search works.
    let insecure = values.flag("insecurelinks") == Some(true);
    let trust = if insecure { LinkTrust::Insecure } else { LinkTrust::OwnerChecked };
    let mut root = Root::open_trusting(&place.inner, trust)
        .and_then(|root| {
            rustix::process::fchdir(root.as_dir())?;
            Ok(root)
        })
        .map_err(|e| {
            if let Some(notice) = fsroot::take_notice() {
                log.error(notice);
            }
            let e = session::log::strerror(&e);
            log.error(format!("rsync: [Receiver] chdir {} failed: {e}", place.inner.display()));
            Stop::refuse("chdir failed")
        })?;
    let below_root = place.inner != Path::new("/");
    let munge = values.flag("mungesymlinks").unwrap_or(place.chroot.is_none() || below_root);
    if munge && std::fs::metadata(MUNGE_DIR).is_ok_and(|meta| meta.is_dir()) {
        log.error(format!("Symlink munging is unsafe when a {MUNGE_DIR} directory exists."));
        let text = "daemon security issue -- contact admin";
        return Err(Stop::Refuse(text.into(), ExitCode::UNSUPPORTED.0));
    }
    identity.assume().map_err(|text| refuse(&text))?;
    root.set_follow_parents(match insecure {
        true => FollowParents::Unconfined,
        false => FollowParents::Beneath,
    });
    Ok(Entered { root, chrooted: place.chroot.is_some(), below_root, munge, filters })
}

/// Where the module's root is: behind a chroot or not.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    chroot: Option<PathBuf>,
    /// Absolute, as seen from behind the chroot.
    inner: PathBuf,
}

impl Place {
    fn choose(path: &Path, use_chroot: Option<bool>, log: &DaemonLog) -> Place {
        let (outer, inner) = split_at_dot(path);
        let use_chroot = use_chroot.unwrap_or_else(|| {
            inner.is_some() || {
                let possible = identity::chroot(Path::new("/"));
                if let Err(e) = possible {
                    log.info(format!(
                        "chroot test failed: {}. Switching 'use chroot' from unset to false.",
                        e.desc()
                    ));
                }
                possible.is_ok()
            }
        });
        if use_chroot {
            let inner =
                inner.map_or_else(|| "/".into(), |inner| normal(&Path::new("/").join(inner)));
            return Place { chroot: Some(outer), inner };
        }
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        Place { chroot: None, inner: normal(&path) }
    }
}

/// `/outer/./inner` at the first `/./`.
fn split_at_dot(path: &Path) -> (PathBuf, Option<PathBuf>) {
    let bytes = path.as_os_str().as_bytes();
    let of = |bytes: &[u8]| PathBuf::from(std::ffi::OsStr::from_bytes(bytes));
    match bytes.windows(3).position(|window| window == b"/./") {
        Some(0) => (of(b"/"), Some(of(&bytes[3..]))),
        Some(at) => (of(&bytes[..at]), Some(of(&bytes[at + 3..]))),
        None => (path.to_path_buf(), None),
    }
}

/// Without `.` components and repeated slashes.
fn normal(path: &Path) -> PathBuf {
    path.components().collect()
}

/// What the client sent behind `@RSYNCD: OK`.
struct Words {
    /// Options, unescaped, then the lone `.` and the paths as they came.
    all: Vec<Vec<u8>>,
    secluded: bool,
}

fn read_words(client: &mut Client, module: &Section) -> Result<Words, Stop> {
    client.arm(module.int("timeout"));
    // A version that we do not speak is an old one, for a newer client takes ours.
    let modern = Protocol::new(client.common).is_some_and(Protocol::has_varints);
    let first = read_block(client, modern)?;
    let dot = first.iter().position(|word| word == b".").unwrap_or(first.len());
    let mut all: Vec<Vec<u8>> = first
        .iter()
        .enumerate()
        .map(|(i, word)| if i < dot { arguments::unescape(word) } else { word.clone() })
        .collect();
    // The options of the first block end in the second one if the client secluded them.
    let secluded = {
        let typed = session::options::parse::parse(OPTIONS, &all, true);
        typed.has(Opt::SecludedArgs)
    };
    if secluded {
        all.truncate(dot);
        // Its first word is a dummy program name.
        let more = read_block(client, true)?.into_iter().skip(1);
        match &client.charset {
            Some(charset) => all.extend(more.map(|word| charset.text_from_wire(&word))),
            None => all.extend(more),
        }
    }
    Ok(Words { all, secluded })
}

fn read_block(client: &mut Client, nul: bool) -> Result<Vec<Vec<u8>>, Stop> {
    let mut block = ArgBlockDecoder::new(nul, MAX_ARG, MAX_ARGS);
    let mut words = Vec::new();
    loop {
        match client.reader.read(|c| block.decode(c)) {
            Ok(Some(word)) => words.push(word),
            Ok(None) => return Ok(words),
            Err(e) => return Err(e.into()),
        }
    }
}

/// From the client's words to what the server does.
fn prepare(
    hooks: &mut Hooks,
    service: &Service,
    client: &Client,
    module: &ModuleConfig,
    login: &LoggedIn,
    entered: Entered,
    words: &Words,
) -> Result<ServerJob, arguments::TooMany> {
    let values = module.values();
    let mut refusals = Refusals::new(&values.string("refuseoptions"), client.charset.is_some());
    for word in std::mem::take(&mut refusals.unknown) {
        client.log.error(format!("No match for refuse-options string \"{word}\""));
    }
    let at_root = !entered.below_root;
    let sending = words.all.iter().take_while(|word| *word != b".").any(|word| word == b"--sender");
    let dot = words.all.iter().position(|word| word == b".").map_or(words.all.len(), |at| at + 1);
    log_request(client, login, sending, &words.all[dot..]);
    let env = Environment::from_process();
    let plan =
        parse_daemon_client_args(&words.all, &env, &mut |given| refusals.check(given, sending));
    let plan = plan.and_then(|plan| match refusals.check_unconverted() {
        Some(text) if plan.settings.iconv.is_none() => {
            Err(OptionError::line(Role::Server, 4, format!("rsync: {text}")))
        }
        _ => Ok(plan),
    });
    let mut job = ServerJob {
        settings: Settings {
            am_server: true,
            am_sender: sending,
            am_daemon: true,
            ..Settings::default()
        },
        caps: ClientCapabilities::parse(b""),
        charset: None,
        args: Vec::new(),
        exchange: VersionExchange::Greeting(client.common),
        daemon_filters: None,
        refusal: None,
        own_log: Some(client.log.clone()),
    };
    match plan {
        Ok(plan) => {
            let Entered { mut root, filters, .. } = entered;
            let mut expander = Expander {
                module: module.name.as_bytes(),
                secluded: words.secluded,
                relative: plan.settings.relative,
                root: &mut root,
                filters: filters.as_ref(),
            };
            job.args = expander.expand(plan.server_paths())?;
            if !plan.settings.am_sender && job.args.is_empty() {
                job.args.push(b".".to_vec());
            }
            let request = arguments::shown(&words.all[dot..]);
            let args = words.all[..dot].iter().chain(&job.args);
            let args: Vec<&[u8]> = args.map(Vec::as_slice).collect();
            let stopped = hooks.before(&request, &args).err();
            job.caps = ClientCapabilities::parse(&plan.client_caps);
            job.settings = plan.settings;
            // Whatever charset the client thinks that we have.
            job.charset = client.charset.clone().filter(|_| job.settings.iconv.is_some());
            let entered = Entered { root, filters, ..entered };
            apply_module(&mut job.settings, values, &entered);
            apply_chmod(&mut job.settings, values, &client.log);
            job.settings.log_file_format =
                service.log_format.clone().or_else(|| log_format(values));
            job.refusal = refusal(&mut job, values, login, &refusals, &entered);
            if let Some(text) = stopped {
                job.refusal = Some(WireError::new(Fault::Refused, text).into());
            }
            job.daemon_filters = entered.filters;
        }
        Err(e) => {
            let refusal = option_refusal(&e);
            if grows(&words.all[..dot], &refusal) {
                job.settings.recurse = true;
                job.settings.inc_recurse = true;
                job.caps = ClientCapabilities::parse(b".i");
            }
            job.refusal = Some(refusal);
        }
    }
    job.settings.served = Some(Arc::new(Served {
        host: client.peer.name.clone().into_bytes(),
        address: client.peer.addr.to_string().into_bytes(),
        module: module.name.clone().into_bytes(),
        at_root,
        module_path: normal(&values.path("path").unwrap_or_default()).into_os_string().into_vec(),
        user: login.user.clone().into_bytes(),
    }));
    job.settings.protocol_max = service.protocol_max;
    job.settings.bwlimit = match (service.bwlimit, job.settings.bwlimit) {
        (0, limit) | (limit, 0) => limit,
        (own, theirs) => own.min(theirs),
    };
    Ok(job)
}

fn log_request(client: &Client, login: &LoggedIn, sending: bool, paths: &[Vec<u8>]) {
    if paths.is_empty() {
        return;
    }
    let direction = if sending { "on" } else { "to" };
    let user = if login.user.is_empty() { String::new() } else { format!("{}@", login.user) };
    let (host, addr) = (&client.peer.name, client.peer.addr);
    let shown = arguments::shown(paths);
    client.log.info(
        [
            format!("rsync {direction} ").as_bytes(),
            &shown,
            format!(" from {user}{host} ({addr})").as_bytes(),
        ]
        .concat(),
    );
}

/// How the module logs transfers, if it does.
fn log_format(module: &Section) -> Option<Vec<u8>> {
    let wanted = module.flag("transferlogging") == Some(true);
    wanted.then(|| module.text("logformat").unwrap_or_else(|| LOG_FORMAT.to_vec()))
}

/// Whether a client whose options are refused begins with an incremental list: its letters, what it is able to do among them, were
/// read before the option that is refused.
fn grows(options: &[Vec<u8>], refusal: &Error) -> bool {
    let letters = options.iter().find(|word| word.starts_with(b"-") && !word.starts_with(b"--"));
    let Some(letters) = letters else { return false };
    let end = letters.windows(2).position(|pair| pair == b"e.").unwrap_or(letters.len());
    let (given, able) = letters.split_at(end);
    let is_letter = match refusal {
        Error::Fatal { text, .. } => text.windows(3).any(|window| window == b" (-"),
        _ => true,
    };
    given.contains(&b'r') && able.contains(&b'i') && !is_letter
}

/// Options that cannot be used are told in the stream; the code is the same for all.
fn option_refusal(e: &OptionError) -> Error {
    let text = e.text();
    let text = text.strip_suffix(b"\n").unwrap_or(&text).to_vec();
    Error::fatal(ExitCode::UNSUPPORTED, text)
}

/// What the module says goes before what the client asks for.
fn apply_module(settings: &mut Settings, module: &Section, entered: &Entered) {
    settings.am_server = true;
    settings.am_daemon = true;
    settings.munge_links = entered.munge;
    settings.sanitize_links = entered.below_root && !entered.munge;
    settings.insecure_links = module.flag("insecurelinks") == Some(true);
    if module.flag("fakesuper") == Some(true) {
        settings.fake_super = true;
        settings.super_user = None;
        // What keeps the faked attributes is not for clients.
        settings.xattrs = settings.xattrs.min(1);
    } else if settings.fake_super {
        settings.fake_super = false;
        settings.super_user = Some(true);
    }
    if settings.temp_dir.is_none() {
        settings.temp_dir = module.path("tempdir").map(|dir| dir.into_os_string().into_vec());
    }
    settings.ignore_nonreadable = module.flag("ignorenonreadable") == Some(true);
    settings.ignore_errors |= module.flag("ignoreerrors") == Some(true);
    let numeric = module.flag("numericids");
    let numeric = if entered.chrooted { numeric != Some(false) } else { numeric == Some(true) };
    settings.nameless_ids = numeric && !settings.numeric_ids;
    settings.numeric_ids |= numeric;
    if let Some(on) = module.flag("opennoatime") {
        settings.open_noatime = on;
    }
    let timeout = module.int("timeout").and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    if timeout > 0 && (settings.timeout == 0 || timeout < settings.timeout) {
        settings.timeout = timeout;
    }
    let verbosity = module.int("maxverbosity").unwrap_or(1);
    if verbosity < ANY_VERBOSITY {
        let (info, debug) = levels::of_verbosity(verbosity.max(0) as u8);
        settings.info = settings.info.min(info);
        settings.debug = settings.debug.min(debug);
        settings.verbose = settings.verbose.min(verbosity.max(0) as u8);
    }
    if module.string("dontcompress").split_whitespace().any(|suffix| suffix == "*") {
        // As little as can be: the stream stays compressed, for the client expects that.
        settings.compress_level = Some(1);
    }
}

/// The module's changes of modes come after those that the client asks for.
fn apply_chmod(settings: &mut Settings, module: &Section, log: &DaemonLog) {
    let (key, name) = match settings.am_sender {
        true => ("outgoingchmod", "outgoing chmod"),
        false => ("incomingchmod", "incoming chmod"),
    };
    let Some(text) = module.text(key).filter(|text| !text.is_empty()) else { return };
    if Chmod::parse(&text, 0).is_none() {
        let shown = String::from_utf8_lossy(&text);
        log.error(format!("Invalid \"{name}\" directive: {shown}"));
        return;
    }
    settings.chmod = Some(chmod::joined(settings.chmod.take(), &text));
    if !settings.am_sender {
        settings.incoming_chmod = Some(text);
    }
}

/// Why a request that is well formed is not served.
fn refusal(
    job: &mut ServerJob,
    module: &Section,
    login: &LoggedIn,
    refusals: &Refusals,
    entered: &Entered,
) -> Option<Error> {
    let syntax = |text: &str| Some(Error::fatal(ExitCode::SYNTAX, text));
    let settings = &mut job.settings;
    let read_only = match login.access {
        Access::ReadOnly => true,
        Access::ReadWrite => false,
        Access::Module => module.flag("readonly").unwrap_or(true),
    };
    if settings.am_sender {
        if module.flag("writeonly") == Some(true) {
            return syntax("ERROR: module is write only");
        }
        if read_only && settings.remove_source != session::settings::RemoveSource::Nothing {
            return syntax("ERROR: --remove-source-files cannot be used with a read-only module");
        }
    } else if read_only {
        return syntax("ERROR: module is read only");
    }
    if settings.delete && settings.delete_when.is_none() {
        if refusals.has(Opt::DeleteBefore) {
            settings.delete_when = Some(DeleteTiming::During);
        } else if refusals.has(Opt::DeleteDuring) {
            settings.delete_when = Some(DeleteTiming::Before);
        }
    }
    let filters = entered.filters.as_ref();
    let hidden = |path: &[u8]| {
        let name = RelPath::new(path).unwrap_or_default();
        rules::is_hidden(filters, name.as_bytes(), false)
            || rules::is_hidden(filters, name.as_bytes(), true)
    };
    if let Some(FilesFrom::Local(path)) = &mut settings.files_from {
        *path = arguments::clean(path, false);
        if hidden(path) {
            let text = "Your options have been rejected by the server.";
            return Some(Error::fatal(ExitCode::UNSUPPORTED, text));
        }
    }
    if !settings.am_sender
        && let Some(dest) = job.args.first()
        && hidden(dest)
    {
        let text = [b"ERROR: daemon has excluded destination \"", dest.as_slice(), b"\""].concat();
        return Some(Error::fatal(ExitCode::FILE_SELECT, text));
    }
    if !settings.am_sender {
        let dest = job.args.first().map_or(&b""[..], Vec::as_slice);
        let rejected = |dir: &[u8]| {
            let whole = match dir.first() {
                Some(b'/') => dir.to_vec(),
                _ => [dest, b"/", dir].concat(),
            };
            hidden(&arguments::clean(&whole, false))
        };
        let text = "Your options have been rejected by the server.";
        if settings.temp_dir.as_deref().is_some_and(rejected) {
            return Some(Error::fatal(ExitCode::UNSUPPORTED, text));
        }
        if settings.backup_dir.as_deref().is_some_and(rejected) {
            return Some(Error::fatal(ExitCode::UNSUPPORTED, format!("rsync: {text}")));
        }
        // A relative one is a matter of each file.
        let absolute = settings.partial_dir.as_deref().filter(|dir| dir.starts_with(b"/"));
        let alternates = settings.alt_dest.iter().flat_map(|(_, dirs)| dirs);
        if absolute.into_iter().chain(alternates.map(Vec::as_slice)).any(rejected) {
            return syntax(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn module(parameters: &str) -> ModuleConfig {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c");
        std::fs::write(&path, format!("[m]\npath=/x\n{parameters}\n")).unwrap();
        Config::load(&path, &[]).unwrap().module(b"m").unwrap()
    }

    fn entered(chrooted: bool, below_root: bool, munge: bool) -> Entered {
        let root = Root::open(Path::new("/")).unwrap();
        Entered { root, chrooted, below_root, munge, filters: None }
    }

    fn applied(parameters: &str, settings: Settings, entered: &Entered) -> Settings {
        let mut settings = settings;
        apply_module(&mut settings, module(parameters).values(), entered);
        settings
    }

    fn refused(parameters: &str, access: Access, sending: bool) -> Option<String> {
        let mut job = ServerJob {
            settings: Settings { am_sender: sending, ..Settings::default() },
            caps: ClientCapabilities::parse(b""),
            charset: None,
            args: vec![b"x".to_vec()],
            exchange: VersionExchange::Greeting(32),
            daemon_filters: None,
            refusal: None,
            own_log: None,
        };
        let module = module(parameters);
        let login = LoggedIn { user: "ann".into(), access };
        let mut entered = entered(true, false, false);
        entered.filters = rules::load(module.values()).unwrap();
        let refusals = Refusals::new("", false);
        refusal(&mut job, module.values(), &login, &refusals, &entered).map(|e| match e {
            Error::Fatal { code, text } => {
                format!("{} {}", code.0, String::from_utf8_lossy(&text))
            }
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn a_path_may_say_where_the_chroot_ends() {
        let log = DaemonLog::open(&Section::default(), Some(Path::new("/dev/null")));
        let place = |path: &str, chroot| Place::choose(Path::new(path), chroot, &log);
        let of = |chroot: Option<&str>, inner: &str| Place {
            chroot: chroot.map(PathBuf::from),
            inner: inner.into(),
        };
        assert_eq!(place("/srv/a/./b/./c", None), of(Some("/srv/a"), "/b/c"));
        assert_eq!(place("/srv/a/./", Some(true)), of(Some("/srv/a"), "/"));
        assert_eq!(place("/srv/a", Some(true)), of(Some("/srv/a"), "/"));
        assert_eq!(place("/./a", Some(true)), of(Some("/"), "/a"));
        assert_eq!(place("/srv/./a/", Some(false)), of(None, "/srv/a"));
    }

    #[test]
    fn the_module_s_limits_win() {
        let inside = entered(true, false, false);
        let client = Settings {
            timeout: 60,
            verbose: 3,
            info: levels::of_verbosity(3).0,
            ..Settings::default()
        };
        let capped = applied("timeout = 10", client.clone(), &inside);
        assert_eq!((capped.timeout, capped.verbose), (10, 1));
        assert_eq!(capped.info, levels::of_verbosity(1).0);
        let open = applied("timeout = 100\nmax verbosity = 9", client.clone(), &inside);
        assert_eq!((open.timeout, open.verbose), (60, 3));
        assert_eq!(open.info, client.info);
        assert_eq!(applied("timeout = 5", Settings::default(), &inside).timeout, 5);
    }

    #[test]
    fn names_of_owners_and_link_targets_depend_on_the_chroot() {
        let plain = Settings::default;
        let numeric =
            |text, chrooted| applied(text, plain(), &entered(chrooted, false, false)).numeric_ids;
        assert!(numeric("", true) && !numeric("", false));
        assert!(!numeric("numeric ids = no", true) && numeric("numeric ids = yes", false));
        let links = |below, munge| {
            let settings = applied("", plain(), &entered(false, below, munge));
            (settings.munge_links, settings.sanitize_links)
        };
        assert_eq!(links(true, true), (true, false));
        assert_eq!(links(true, false), (false, true));
        assert_eq!(links(false, false), (false, false));
    }

    #[test]
    fn the_direction_must_be_allowed() {
        let read_only = Some("1 ERROR: module is read only".to_string());
        let write_only = Some("1 ERROR: module is write only".to_string());
        assert_eq!(refused("", Access::Module, true), None);
        assert_eq!(refused("", Access::Module, false), read_only);
        assert_eq!(refused("", Access::ReadWrite, false), None);
        assert_eq!(refused("read only = no", Access::Module, false), None);
        assert_eq!(refused("read only = no", Access::ReadOnly, false), read_only);
        assert_eq!(refused("write only = yes", Access::Module, true), write_only);
        let hidden = Some("3 ERROR: daemon has excluded destination \"x\"".to_string());
        assert_eq!(refused("read only = no\nexclude = /x", Access::Module, false), hidden);
    }
}
