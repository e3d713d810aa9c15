//! A local copy: a client whose server is a thread of the same process.

mod receiving;

use super::{
    Run, Transfer,
    end::{close_reports, say_waiting},
    new_reporter,
    push::Push,
};
use crate::{
    Error, ExitCode, Settings,
    batch::Recorder,
    conn::{Activity, Reader, Writer},
    copy_as,
    exit::{Cause, Exits},
    finish::{self, Ending},
    handshake,
    log::{Log, Role},
    rules,
    session::{Installed, Session},
    settings::RemoveSource,
};
use fast_io::memory;
use fsroot::names::Who;
use receiving::{Receiving, Task};
use std::{sync::Arc, thread};
use wire::compat::CompatFlags;

impl Run {
    /// A local copy: the same two sides, joined by an in-memory link.
    pub(super) fn local(mut self) -> ExitCode {
        if let Err(e) = self.know_charsets() {
            return self.fail(&e);
        }
        let Run { settings, charset, receiver, list, names, transfer, log, status, started, batch } =
            self;
        let Transfer::Local { sources, dest } = transfer else { return ExitCode::SYNTAX };
        if let Err(e) = handshake::allows_choices(&settings, false) {
            return finish::report(&log, &e);
        }
        if let Err(e) = handshake::allows_choices(&settings, true) {
            return refused_by_receiver(&log, &e);
        }
        let agreed = match handshake::local(&settings) {
            Ok(agreed) => agreed,
            Err(e) => return finish::report(&log, &e),
        };
        let (receiver_settings, own_rules) = receiver.unzip();
        // The two sides are threads of one process, which both may be somebody else.
        let apart = receiver_settings.as_ref().is_some_and(|s| s.copy_as != settings.copy_as);
        if !apart && let Err(e) = copy_as::assume(Who::Process, &settings, log.role) {
            return finish::report(&log, &e);
        }
        let activity = || Arc::new(Activity::new(settings.timeout).until(settings.stop_at));
        let (activity, activity_there) = (activity(), activity());
        let modern = agreed.protocol.has_varints();
        let symlink_times = agreed.compat.has(CompatFlags::SYMLINK_TIMES);
        let removes = settings.remove_source != RemoveSource::Nothing;
        let installed = removes.then(Installed::default);
        let of_receiver = settings_of_receiver(receiver_settings, &settings);
        let receiving =
            Receiving::new(of_receiver, agreed.clone(), activity_there, installed.clone(), started);
        let receiving = match receiving {
            Ok(receiving) => receiving,
            Err(e) => return refused_by_receiver(&log, &e),
        };
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
        let filters = match receiving.rules(list, &own_rules.unwrap_or_default()) {
            Ok(rules) => rules,
            Err(e) => return refused_by_receiver(&session.log, &e),
        };
        let exits = Exits {
            level: session.settings.debug.exit,
            dry_run: session.settings.dry_run,
            daemon: false,
        };
        let task = Task { dest, filters, apart, exits, terminal: session.log.clone() };
        let (from_server, to_client) = memory::channel();
        let (from_client, to_server) = memory::channel();
        let receiving = thread::Builder::new()
            .name("receiving side".into())
            .spawn(move || receiving.run(task, from_client, to_client));
        let receiving = match receiving {
            Ok(thread) => thread,
            Err(e) => {
                return finish::report(&session.log, &Error::no_thread(Role::Client, &e));
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
            Err(e) => {
                finish::tell(&session, e, Some(&mut reader), &mut writer);
            }
        }
        drop(writer);
        drop(reader);
        let server_code = receiving.join().unwrap_or(ExitCode::CRASHED);
        let ended = close_reports(&session, &reporter, ended);
        close(&session, ended, server_code)
    }
}

/// The settings of the receiving side. Modes are changed once, by the sender, which is also the side that knows munged
/// links, unless the receiving side has options of its own.
fn settings_of_receiver(own: Option<Settings>, settings: &Settings) -> Settings {
    let inherited = own.unwrap_or_else(|| Settings {
        chmod: None,
        munge_links: false,
        log_file: None,
        ..settings.clone()
    });
    Settings { am_server: true, am_sender: false, ..inherited }
}

/// Ends as two processes would of which the receiving one does not begin.
fn refused_by_receiver(log: &Log, e: &Error) -> ExitCode {
    finish::report(&log.with_role(Role::ReceiverPresplit), e);
    finish::report(log, &Error::Closed { received: 0 })
}

/// The last words, when the receiving side has ended with `code`.
fn close(session: &Session, ended: Result<(), Error>, code: ExitCode) -> ExitCode {
    let ending = Ending::new(session, &session.log);
    match ended {
        Ok(()) => {
            session.status.set_cause(Cause::Done(code));
            ending.close(match code {
                ExitCode::OK => session.status.exit_code(),
                code => code,
            })
        }
        Err(e) => {
            if matches!(e, Error::PeerExit(_)) {
                session.status.set_cause(Cause::Peer);
            }
            ending.report(&e)
        }
    }
}
