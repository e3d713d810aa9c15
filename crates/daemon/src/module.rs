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
    options::{Environment, OptionError, Plan, parse_daemon_client_args},
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
    let visit = Visit::new(service, &client, module, login, &words);
    let job = match visit.prepare(hooks, entered) {
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

/// A client's visit to a module: what it wants and may.
struct Visit<'a> {
    service: &'a Service,
    client: &'a Client,
    module: &'a ModuleConfig,
    login: &'a LoggedIn,
    words: &'a Words,
    /// How many of the words come before the paths.
    dot: usize,
    refusals: Refusals,
}

impl<'a> Visit<'a> {
    fn new(
        service: &'a Service,
        client: &'a Client,
        module: &'a ModuleConfig,
        login: &'a LoggedIn,
        words: &'a Words,
    ) -> Visit<'a> {
        let refused = module.values().string("refuseoptions");
        let mut refusals = Refusals::new(&refused, client.charset.is_some());
        for word in std::mem::take(&mut refusals.unknown) {
            client.log.error(format!("No match for refuse-options string \"{word}\""));
        }
        let all = &words.all;
        let dot = all.iter().position(|word| word == b".").map_or(all.len(), |at| at + 1);
        Visit { service, client, module, login, words, dot, refusals }
    }

    /// From the client's words to what the server does.
    fn prepare(
        &self,
        hooks: &mut Hooks,
        entered: Entered,
    ) -> Result<ServerJob, arguments::TooMany> {
        let (client, all) = (self.client, &self.words.all);
        let sending = all.iter().take_while(|word| *word != b".").any(|word| word == b"--sender");
        let (at_root, chrooted) = (!entered.below_root, entered.chrooted);
        log_request(client, self.login, sending, &all[self.dot..]);
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
        match self.plan() {
            Ok(plan) => self.take_plan(hooks, &mut job, plan, entered)?,
            Err(e) => {
                let refusal = option_refusal(&e);
                if grows(&all[..self.dot], &refusal) {
                    job.settings.recurse = true;
                    job.settings.inc_recurse = true;
                    job.caps = ClientCapabilities::parse(b".i");
                }
                job.refusal = Some(refusal);
            }
        }
        let path = normal(&self.module.values().path("path").unwrap_or_default());
        job.settings.served = Some(Arc::new(Served {
            host: client.peer.name.clone().into_bytes(),
            address: client.peer.addr.to_string().into_bytes(),
            module: self.module.name.clone(),
            at_root,
            chrooted,
            module_path: path.into_os_string().into_vec(),
            user: self.login.user.clone(),
        }));
        job.settings.protocol_max = self.service.protocol_max;
        job.settings.bwlimit = match (self.service.bwlimit, job.settings.bwlimit) {
            (0, limit) | (limit, 0) => limit,
            (own, theirs) => own.min(theirs),
        };
        Ok(job)
    }

    /// What the words mean, if the module grants it.
    fn plan(&self) -> Result<Plan, OptionError> {
        let (env, words) = (Environment::from_process(), &self.words.all);
        let plan = parse_daemon_client_args(words, &env, &mut |given| self.refusals.check(given))?;
        match self.refusals.check_settled(&plan.settings) {
            Some(text) => Err(OptionError::line(Role::Server, 4, format!("rsync: {text}"))),
            None => Ok(plan),
        }
    }

    /// Expands the paths, has the hook look at them, and puts the module's parameters over the client's options.
    fn take_plan(
        &self,
        hooks: &mut Hooks,
        job: &mut ServerJob,
        plan: Plan,
        entered: Entered,
    ) -> Result<(), arguments::TooMany> {
        let (client, values) = (self.client, self.module.values());
        let (options, paths) = self.words.all.split_at(self.dot);
        let Entered { mut root, filters, .. } = entered;
        let mut expander = Expander {
            module: &self.module.name,
            secluded: self.words.secluded,
            relative: plan.settings.relative,
            root: &mut root,
            filters: filters.as_ref(),
        };
        job.args = expander.expand(plan.server_paths())?;
        if !plan.settings.am_sender && job.args.is_empty() {
            job.args.push(b".".to_vec());
        }
        let args: Vec<&[u8]> = options.iter().chain(&job.args).map(Vec::as_slice).collect();
        let stopped = hooks.before(&arguments::shown(paths), &args).err();
        job.caps = ClientCapabilities::parse(&plan.client_caps);
        job.settings = plan.settings;
        job.rules = plan.filters;
        // Whatever charset the client thinks that we have.
        job.charset = client.charset.clone().filter(|_| job.settings.iconv.is_some());
        let entered = Entered { root, filters, ..entered };
        apply_module(&mut job.settings, values, &entered);
        apply_chmod(&mut job.settings, values, &client.log);
        job.settings.log_file_format =
            self.service.log_format.clone().or_else(|| log_format(values));
        job.refusal = refusal(job, values, self.login, &self.refusals, &entered);
        if let Some(text) = stopped {
            job.refusal = Some(WireError::of_lines(Fault::Refused, &text).into());
        }
        job.daemon_filters = entered.filters;
        Ok(())
    }
}

fn log_request(client: &Client, login: &LoggedIn, sending: bool, paths: &[Vec<u8>]) {
    if paths.is_empty() {
        return;
    }
    let direction = if sending { "on" } else { "to" };
    let at: &[u8] = if login.user.is_empty() { b"" } else { b"@" };
    let (host, addr) = (&client.peer.name, client.peer.addr);
    let shown = arguments::shown(paths);
    client.log.info(
        [
            format!("rsync {direction} ").as_bytes(),
            &shown,
            b" from ",
            &login.user,
            at,
            format!("{host} ({addr})").as_bytes(),
        ]
        .concat(),
    );
}
