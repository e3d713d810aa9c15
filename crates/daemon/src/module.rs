//! The session of one module: becoming what its configuration says, the arguments, and the transfer (rsyncd.conf man page, MODULE
//! PARAMETERS).

mod enter;
mod refusal;
mod settings;
#[cfg(test)]
mod tests;
mod words;

use crate::{
    arguments::{self, Expander},
    auth::LoggedIn,
    config::ModuleConfig,
    connection::{Client, Service, Stop},
    hooks::Hooks,
    refuse::Refusals,
};
use enter::{Entered, enter, normal};
use refusal::{grows, option_refusal, refusal};
use session::{
    Error, ExitCode, Settings, finish,
    handshake::VersionExchange,
    log::{Log, Role},
    options::{Environment, OptionError, parse_daemon_client_args},
    report::format::Served,
    server::{self, ServerJob},
};
use settings::{apply_chmod, apply_module, log_format};
use std::{os::unix::ffi::OsStringExt, sync::Arc};
use wire::{Fault, WireError, compat::ClientCapabilities};
use words::{Words, read_words};

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
    let chrooted = entered.chrooted;
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
        dir: Vec::new(),
        args: Vec::new(),
        rules: Vec::new(),
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
            job.rules = plan.filters;
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
        chrooted,
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
