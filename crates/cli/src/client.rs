//! From a plan to a client's run.

use crate::{
    option_error, option_exit,
    server::{self, Stderr},
    signals,
};
use session::{
    ExitCode,
    client::{self, ClientJob, DaemonRequest, Link},
    connect::{daemon::Login, tcp::Target},
    finish,
    log::{Log, Role},
    options::{
        Environment, Operands, OptionError, Outbuf, Plan, Remote, ServerArgs, Via,
        server_args::server_args,
    },
    report::{Buffering, Terminal},
    session::Status,
};
use std::{sync::Arc, time::Duration};

/// Runs a client and returns its exit code.
pub fn run(mut plan: Plan, args: &[Vec<u8>], env: &Environment) -> i32 {
    let (transfer, link) = match prepare(&mut plan) {
        Ok(prepared) => prepared,
        Err(e) => {
            let (log_file, exit_level) = (plan.settings.log_file, plan.settings.debug.exit);
            let eight_bit = plan.settings.eight_bit;
            return option_error(&OptionError { log_file, exit_level, eight_bit, ..e });
        }
    };
    let receiver = if plan.settings.local && !plan.remote_options.is_empty() {
        match plan.local_receiver(env) {
            Ok((settings, filters, messages)) => {
                server::say(&settings, &messages);
                Some((settings, filters))
            }
            Err(e) => return receiver_option_error(&e, plan.settings.debug.exit),
        }
    } else {
        None
    };
    let status = Arc::new(Status::default());
    let mut terminal = Terminal::new(&plan.settings, status.clone());
    match plan.outbuf {
        Some(Outbuf::None | Outbuf::Line) => terminal.set_buffering(Buffering::Checked),
        Some(Outbuf::Block) => terminal.set_buffering(Buffering::Block),
        None => {}
    }
    let terminal = Arc::new(terminal);
    let am_sender = plan.settings.am_sender;
    signals::watch(terminal.clone(), status.clone(), move |status| match status.is_split() {
        _ if am_sender => Role::Sender,
        true => Role::Generator,
        false => Role::ReceiverPresplit,
    });
    for line in &plan.messages {
        Log::new(terminal.clone(), Role::Client).info(line);
    }
    let program = std::env::args_os().next().map(fsroot::text::bytes).unwrap_or_default();
    let script = plan.script(program, args);
    let job = ClientJob {
        settings: plan.settings,
        receiver,
        rules: plan.filters,
        transfer,
        link,
        script,
    };
    let role = if job.settings.am_sender { Role::Sender } else { Role::Receiver };
    let code = client::run(job, terminal.clone(), status.clone());
    terminal.flush();
    if terminal.failed() {
        let log = Log::new(terminal, role);
        return finish::close(&log, &status.stats, ExitCode::MESSAGE_IO).0;
    }
    code.0
}

/// What an option that only the receiving side of a local copy gets ends with, if it is wrong: that side goes, and this one
/// is left alone.
fn receiver_option_error(e: &OptionError, exit_level: u8) -> i32 {
    option_error(&OptionError { role: Role::ReceiverPresplit, ..e.clone() });
    let log = Log::new(Arc::new(Stderr), Role::Sender);
    let code = finish::report(&log, &session::Error::Closed { received: 0 });
    option_exit(Role::Sender, exit_level, code)
}

/// Decides what is copied where, and how the other end is reached.
fn prepare(plan: &mut Plan) -> Result<(client::Transfer, Link), OptionError> {
    let operands = plan.settle_operands()?;
    let args = server_args(plan, &operands)?;
    let no_server =
        || OptionError::line(Role::Client, 1, "rsync: there is nothing to run remotely");
    Ok(match operands {
        Operands::Local { sources, dest } => {
            say_words(plan, None, dest.as_deref().unwrap_or(b"."), None);
            (client::Transfer::Local { sources, dest }, Link::Local)
        }
        Operands::Replay { dest } => {
            let name = plan.settings.read_batch.clone().unwrap_or_default();
            say_words(plan, None, &dest, None);
            (client::Transfer::Pull { requested: Vec::new(), dest: Some(dest) }, Link::Batch(name))
        }
        Operands::Push { sources, remote, dest } => {
            let args = args.ok_or_else(no_server)?;
            let link = link(plan, &remote, &[dest], args, Role::Sender)?;
            (client::Transfer::Push { sources }, link)
        }
        Operands::Pull { remote, sources, dest } => {
            let args = args.ok_or_else(no_server)?;
            let link = link(plan, &remote, &sources, args, Role::ReceiverPresplit)?;
            (client::Transfer::Pull { requested: sources, dest }, link)
        }
    })
}

/// `--debug=cmd2`: the pieces of the other end's command line. That of a local copy has none but the destination.
fn say_words(plan: &mut Plan, remote: Option<&Remote>, path: &[u8], command: Option<Vec<Vec<u8>>>) {
    if plan.settings.debug.cmd < 2 {
        return;
    }
    let or_null = |piece: Option<&[u8]>| piece.unwrap_or(b"<NULL>").to_vec();
    let path = if path.is_empty() && remote.is_none_or(|r| !r.is_daemon()) { b"." } else { path };
    let pieces = [
        (&b"cmd="[..], or_null(plan.shell.as_deref().filter(|_| plan.shell_given))),
        (b" machine=", or_null(remote.map(|r| &r.host[..]))),
        (b" user=", or_null(remote.and_then(|r| r.user.as_deref()))),
        (b" path=", path.to_vec()),
    ];
    let command = command.unwrap_or_else(|| vec![b".".to_vec(), path.to_vec()]);
    let words = command.iter().enumerate();
    let words = words.map(|(i, word)| [format!("cmd[{i}]=").as_bytes(), word, b" "].concat());
    let words = words.collect::<Vec<_>>().concat();
    plan.messages.push(pieces.map(|(name, piece)| [name, &piece].concat()).concat());
    plan.messages.push(words);
}

fn link(
    plan: &mut Plan,
    remote: &Remote,
    paths: &[Vec<u8>],
    args: ServerArgs,
    role: Role,
) -> Result<Link, OptionError> {
    let request = |plan: &Plan, args: ServerArgs| DaemonRequest {
        login: login(plan, remote, paths),
        args: args.argv,
        secluded: args.secluded,
    };
    let first = paths.first().map(Vec::as_slice).unwrap_or_default();
    Ok(match remote.via {
        Via::Shell => {
            let argv = plan.shell_command(remote, &args.argv, role)?.argv;
            // A missing word stands between what is on the command line and what is not.
            let hidden = args.secluded.iter().flat_map(|words| {
                std::iter::once(b"(null)".to_vec()).chain(words.iter().skip(1).cloned())
            });
            let words = argv.iter().cloned().chain(hidden).collect();
            say_words(plan, Some(remote), first, Some(words));
            Link::Shell { argv, secluded: args.secluded }
        }
        Via::DaemonOverShell { port } => {
            let argv = plan.shell_command(remote, &[], role)?.argv;
            say_words(plan, Some(remote), first, Some(argv.clone()));
            Link::DaemonShell { argv, port, request: request(plan, args) }
        }
        Via::Daemon { port } => Link::Daemon {
            target: Target {
                host: text(&remote.host),
                port,
                family: plan.family,
                bind: plan.address.as_deref().map(text),
                timeout: match plan.contimeout {
                    0 => None,
                    // A negative time has passed already.
                    seconds => Some(Duration::from_secs(seconds.max(0) as u64)),
                },
                sockopts: plan.sockopts.as_deref().map(text),
            },
            request: request(plan, args),
        },
    })
}

fn login(plan: &Plan, remote: &Remote, paths: &[Vec<u8>]) -> Login {
    let first = paths.first().map(Vec::as_slice).unwrap_or_default();
    let module = first.split(|b| *b == b'/').next().unwrap_or_default();
    Login {
        module: module.to_vec(),
        user: remote.user.clone(),
        password_file: plan
            .password_file
            .as_deref()
            .map(|path| fsroot::text::path(path).into_owned()),
        early_input: plan.early_input.as_deref().map(|path| fsroot::text::path(path).into_owned()),
        motd: plan.motd,
        protocol_max: plan.settings.protocol_max,
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
