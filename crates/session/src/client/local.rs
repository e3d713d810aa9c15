//! A local copy: a client whose server is a thread of the same process.

use super::{
    Run, Transfer,
    end::{close_reports, say_waiting},
    new_reporter,
    push::Push,
};
use crate::{
    Error, ExitCode, Settings,
    batch::Recorder,
    charset::Charset,
    conn::{Activity, Outbox, Reader, Writer},
    copy_as,
    exit::{Cause, Exits},
    finish::{self, Ending},
    handshake,
    log::{Log, Role},
    receive::{self, Left, ReceiveJob},
    report::{self, Reporter},
    rules::{self, FsLoader},
    server,
    session::{Installed, Status},
    settings::RemoveSource,
};
use fast_io::memory;
use fsroot::names::Who;
use std::{sync::Arc, thread};
use wire::compat::CompatFlags;

impl Run {
    /// A local copy: the same two sides, joined by an in-memory link.
    pub(super) fn local(self) -> ExitCode {
        let Run { settings, charset, receiver, list, names, transfer, log, status, started, batch } =
            self;
        let Transfer::Local { sources, dest } = transfer else { return ExitCode::SYNTAX };
        if let Err(e) = handshake::allows_choices(&settings, false) {
            return finish::report(&log, &e);
        }
        if let Err(e) = handshake::allows_choices(&settings, true) {
            // As two processes would end.
            finish::report(&log.with_role(Role::ReceiverPresplit), &e);
            return finish::report(&log, &Error::Closed { received: 0 });
        }
        let agreed = match handshake::local(&settings) {
            Ok(agreed) => agreed,
            Err(e) => return finish::report(&log, &e),
        };
        let (receiver_settings, receiver_rules) = receiver.unzip();
        // The two sides are threads of one process, which both may be somebody else.
        let apart = receiver_settings.as_ref().is_some_and(|s| s.copy_as != settings.copy_as);
        if !apart && let Err(e) = copy_as::assume(Who::Process, &settings, log.role) {
            return finish::report(&log, &e);
        }
        let activity = Arc::new(Activity::new(settings.timeout).until(settings.stop_at));
        let server_activity = Arc::new(Activity::new(settings.timeout).until(settings.stop_at));
        let (from_server, to_client) = memory::channel();
        let (from_client, to_server) = memory::channel();

        let server_status = Arc::new(Status::default());
        let modern = agreed.protocol.has_varints();
        // Modes are changed once, by the sender, which is also the side that knows munged links.
        let inherited = receiver_settings.unwrap_or_else(|| Settings {
            chmod: None,
            munge_links: false,
            log_file: None,
            ..settings.clone()
        });
        let server_settings = Settings { am_server: true, am_sender: false, ..inherited };
        let symlink_times = agreed.compat.has(CompatFlags::SYMLINK_TIMES);
        let server_charset = match Charset::of(&server_settings) {
            Ok(charset) => charset,
            Err(e) => {
                // As two processes would end.
                finish::report(&log.with_role(Role::ReceiverPresplit), &e);
                return finish::report(&log, &Error::Closed { received: 0 });
            }
        };
        if let (Some(charset), true) = (&server_charset, server_settings.debug.iconv > 0) {
            let line = format!("{}\n", charset.debug_line(Role::ReceiverPresplit));
            report::to_own_stderr(line.as_bytes(), false);
        }
        let route = server::route(&server_settings, agreed.protocol);
        let outbox = Outbox::new(server_status.clone(), route, modern)
            .with_charset(server_charset.clone())
            .with_settings(&server_settings);
        let outbox = Arc::new(outbox);
        let own_log = report::server_log(&server_settings, Role::ReceiverPresplit);
        let server_log = server::log(outbox.clone(), own_log.as_ref(), Role::ReceiverPresplit);
        let own_log = own_log.map(|sink| Log::new(sink, Role::ReceiverPresplit));
        let mut server = agreed.clone().with_charset(server_charset, modern).into_session(
            server_settings,
            symlink_times,
            server_log,
            server_status,
            server_activity.clone(),
            started,
        );
        let removes = settings.remove_source != RemoveSource::Nothing;
        let installed = removes.then(Installed::default);
        server.installed.clone_from(&installed);
        let server = Arc::new(server);
        let mut session = agreed.with_charset(charset, modern).into_session(
            settings,
            symlink_times,
            log,
            status,
            activity.clone(),
            started,
        );
        session.installed = installed;
        let session = Arc::new(session);
        let recorder = match batch.map(|file| Recorder::begin(file, &session)).transpose() {
            Ok(recorder) => recorder,
            Err(e) => {
                return finish::report(&session.log.with_role(Role::ReceiverPresplit), &e);
            }
        };
        let sender_rules = match rules::for_this_side(&session, list.clone()) {
            Ok(rules) => rules,
            Err(e) => return finish::report(&session.log, &e),
        };
        let own_rules = receiver_rules.unwrap_or_default();
        let receiver_rules = rules::add_of_receiver(&server.settings, list, &own_rules)
            .and_then(|list| rules::for_this_side(&server, list));
        let receiver_rules = match receiver_rules {
            Ok(rules) => rules,
            Err(e) => {
                // As two processes would end.
                finish::report(&session.log.with_role(Role::ReceiverPresplit), &e);
                return finish::report(&session.log, &Error::Closed { received: 0 });
            }
        };
        let exits = Exits {
            level: session.settings.debug.exit,
            dry_run: session.settings.dry_run,
            daemon: false,
        };
        let terminal = session.log.clone();
        let receiving = thread::Builder::new().name("receiving side".into()).spawn(move || {
            server::say_receiving(&server);
            if let Some(log) = &own_log {
                log.info("receiving file list");
            }
            let mut reader = Reader::new(from_client, server_activity.clone());
            let mut writer = Writer::new(to_client, server_activity);
            writer.set_outbox(outbox);
            let started =
                handshake::start(&server, &mut reader, &mut writer).and_then(|()| match apart {
                    true => copy_as::assume(Who::Thread, &server.settings, server.log.role),
                    false => Ok(()),
                });
            reader
                .set_messages(Box::new(rules::Early::new(server.clone(), Role::ReceiverPresplit)));
            let (ended, mut left) = match started {
                Ok(()) => {
                    let job = ReceiveJob {
                        dest,
                        filters: receiver_rules,
                        daemon_filters: None,
                        loader: FsLoader::new(&server.settings),
                        sender_filters: None,
                        requested: None,
                        reporter: Reporter::of_server(&server),
                    };
                    receive::run(&server, reader, writer, job)
                }
                Err(e) => (Err(e), Left { reader: Some(reader), writer: Some(writer) }),
            };
            let failed = ended.as_ref().err().filter(|e| !is_peer_s(e));
            if let Some(e) = failed {
                let (role, code) = (finish::ended_role(&server, e), e.code());
                match role {
                    Role::Receiver => exits.say_receiver(&terminal, code),
                    role => exits.say(&terminal.with_role(role), Cause::Own(code), code),
                }
            }
            finish::server(
                &server,
                own_log.as_ref(),
                ended,
                left.reader.as_mut(),
                left.writer.as_mut(),
            )
        });
        let receiving = match receiving {
            Ok(thread) => thread,
            Err(e) => {
                let line = crate::log::sys_error_line(Role::Client, "failed to start a thread", &e);
                return finish::report(&session.log, &Error::fatal(ExitCode::IPC, line));
            }
        };
        let reporter = new_reporter(&session);
        let mut reader = Reader::new(from_server, activity.clone());
        let mut writer = Writer::new(to_server, activity);
        let ended = handshake::start(&session, &mut reader, &mut writer).and_then(|()| {
            if apart {
                copy_as::assume(Who::Thread, &session.settings, session.log.role)?;
            }
            let list = sender_rules;
            let push = Push { sources, list, names, recorder, reporter: reporter.clone() };
            push.send(&session, &mut reader, &mut writer)
        });
        match &ended {
            Ok(()) => say_waiting(&session, std::process::id()),
            Err(e) => finish::tell(&session, e, Some(&mut reader), &mut writer),
        }
        drop(writer);
        drop(reader);
        let server_code = receiving.join().unwrap_or(ExitCode::CRASHED);
        let ended = close_reports(&session, &reporter, ended);
        let ending = Ending::new(&session, &session.log);
        match ended {
            Ok(()) => {
                session.status.set_cause(Cause::Done(server_code));
                let code = match server_code {
                    ExitCode::OK => session.status.exit_code(),
                    code => code,
                };
                ending.close(code)
            }
            Err(e) => {
                if matches!(e, Error::PeerExit(_)) {
                    session.status.set_cause(Cause::Peer);
                }
                ending.report(&e)
            }
        }
    }
}

/// Whether an error is but what the peer's made of this side.
fn is_peer_s(e: &Error) -> bool {
    matches!(e, Error::PeerExit(_) | Error::Closed { .. } | Error::Link { .. })
}
