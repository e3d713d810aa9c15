//! From a plan to a server's run on the standard streams.

use crate::{option_error, platform, signals};
use fast_io::fd::{FdReader, FdWriter};
use session::{
    Error, ExitCode, Settings,
    charset::Charset,
    conn::{Activity, Reader, Writer},
    expand, finish,
    handshake::VersionExchange,
    log::{Class, Log, Role, Sink},
    options::{Environment, Plan},
    report::{self, to_own_stderr},
    server::{self, ServerJob},
    session::Stats,
};
use std::sync::Arc;
use wire::{args::ArgBlockDecoder, compat::ClientCapabilities};

/// Longest secluded argument, in bytes.
const MAX_SECLUDED: usize = wire::limits::MAX_PATH - 1;
/// Most secluded arguments.
const MAX_SECLUDED_ARGS: usize = 1 << 20;

/// Messages of a server that has no session yet: stderr, which the remote shell carries.
pub struct Stderr;

impl Sink for Stderr {
    fn message(&self, _class: Class, text: &[u8]) {
        to_own_stderr(text, false);
    }
}

/// Says what became of a server's options.
pub fn say(settings: &Settings, messages: &[Vec<u8>]) {
    let log = Log::new(Arc::new(Stderr), Role::Server);
    messages.iter().filter(|_| !settings.quiet).for_each(|line| log.info(line));
}

/// Serves the client on stdin and stdout and returns the exit code.
pub fn run(plan: Plan, env: &Environment) -> i32 {
    let role = if plan.settings.am_sender { Role::Sender } else { Role::Generator };
    signals::watch(Arc::new(Stderr), Arc::default(), move |_| role);
    let activity = Arc::new(Activity::new(plan.settings.timeout).until(plan.settings.stop_at));
    let halves = (|| {
        let (input, output) = platform::standard_streams()?;
        Ok::<_, std::io::Error>((FdReader::new(input)?, FdWriter::new(output)?))
    })();
    let (reader, writer) = match halves {
        Ok(halves) => halves,
        Err(e) => {
            let log = Log::new(Arc::new(Stderr), Role::Server);
            log.sys_error(Class::Error, "failed to use stdin and stdout", &e);
            return finish::close(&log, &Stats::default(), ExitCode::IPC).0;
        }
    };
    let mut reader = Reader::new(reader, activity.clone());
    let writer = Writer::new(writer, activity.clone());
    let role = if plan.settings.am_sender { Role::Sender } else { Role::ReceiverPresplit };
    let fail = |e: &Error| finish::report(&Log::new(Arc::new(Stderr), role), e).0;
    let charset = match Charset::of(&plan.settings) {
        Ok(charset) => charset,
        Err(e) => return fail(&e),
    };
    let plan = if plan.settings.secluded {
        let mut strings = Vec::new();
        let mut block = ArgBlockDecoder::new(true, MAX_SECLUDED, MAX_SECLUDED_ARGS);
        loop {
            match reader.read(|c| block.decode(c)) {
                Ok(Some(string)) => strings.push(match &charset {
                    Some(charset) => charset.text_from_wire(&string),
                    None => string,
                }),
                Ok(None) => break,
                Err(e) => {
                    let log = Log::new(Arc::new(Stderr), Role::Server);
                    return finish::report(&log, &e).0;
                }
            }
        }
        match plan.with_secluded(&strings, env, &mut |_| None) {
            Ok(plan) => plan,
            Err(e) => return option_error(&e),
        }
    } else {
        plan
    };
    say(&plan.settings, &plan.messages);
    // The remote shell expands what it is given, but it was not given these.
    let args = match plan.settings.secluded {
        true => plan.server_paths().iter().flat_map(|path| expand::wildcards(path)).collect(),
        false => plan.server_paths().to_vec(),
    };
    let job = ServerJob {
        caps: ClientCapabilities::parse(&plan.client_caps),
        charset,
        dir: plan.server_dir().to_vec(),
        args,
        rules: plan.filters,
        exchange: VersionExchange::Binary,
        daemon_filters: None,
        refusal: None,
        own_log: report::server_log(&plan.settings, Role::Server),
        settings: plan.settings,
    };
    server::run(job, reader, writer, activity).0
}
