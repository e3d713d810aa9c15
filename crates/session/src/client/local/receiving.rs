//! The receiving side of a local copy: a server on a thread, with the ends of two in-memory links.

use crate::{
    Error, ExitCode, Settings,
    charset::Charset,
    conn::{Activity, Outbox, Reader, Writer},
    copy_as,
    exit::{Cause, Exits},
    finish,
    handshake::{self, Agreement},
    log::{Log, Role},
    options::FilterArg,
    receive::{self, Left, ReceiveJob},
    report::{self, Reporter},
    rules, server,
    session::{Installed, Session, Status},
};
use fast_io::memory::{MemoryReader, MemoryWriter};
use filters::FilterList;
use fsroot::names::Who;
use std::{sync::Arc, time::Instant};
use wire::compat::CompatFlags;

/// The side before it runs: what an error of is told by the client, which then does not begin either.
pub(super) struct Receiving {
    session: Arc<Session>,
    outbox: Arc<Outbox>,
    activity: Arc<Activity>,
    /// The log file that `-M--log-file` names.
    own_log: Option<Log>,
}

/// What the client gives the side to do.
pub(super) struct Task {
    /// As typed; `None` for a listing.
    pub dest: Option<Vec<u8>>,
    /// The user's rules, as this side sees them.
    pub filters: FilterList,
    /// Whether the side becomes another user than the client does.
    pub apart: bool,
    /// How its end is told, and where.
    pub exits: Exits,
    pub terminal: Log,
}

impl Receiving {
    /// # Errors
    /// The charset is not known here.
    pub fn new(
        settings: Settings,
        agreed: Agreement,
        activity: Arc<Activity>,
        installed: Option<Installed>,
        started: Instant,
    ) -> Result<Receiving, Error> {
        let status = Arc::new(Status::default());
        let modern = agreed.protocol.has_varints();
        let symlink_times = agreed.compat.has(CompatFlags::SYMLINK_TIMES);
        let charset = Charset::of(&settings)?;
        let tells = settings.debug.iconv > 0 && !settings.quiet;
        if let (Some(charset), true) = (&charset, tells) {
            let mut line = charset.debug_line(Role::ReceiverPresplit);
            line.push(b'\n');
            report::to_own_stderr(&line, false);
        }
        let route = server::route(&settings, agreed.protocol);
        let outbox = Outbox::new(status.clone(), route, modern)
            .with_charset(charset.clone())
            .with_settings(&settings);
        let outbox = Arc::new(outbox);
        let own_log = report::server_log(&settings, Role::ReceiverPresplit);
        let log = server::log(outbox.clone(), own_log.as_ref(), Role::ReceiverPresplit);
        let own_log = own_log.map(|sink| Log::new(sink, Role::ReceiverPresplit));
        let mut session = agreed.with_charset(charset, modern).into_session(
            settings,
            symlink_times,
            log,
            status,
            activity.clone(),
            started,
        );
        session.installed = installed;
        Ok(Receiving { session: Arc::new(session), outbox, activity, own_log })
    }

    /// The client's rules and those of `-M` options, as this side sees them.
    pub fn rules(&self, list: FilterList, own: &[FilterArg]) -> Result<FilterList, Error> {
        rules::add_of_receiver(&self.session.settings, list, own)
            .and_then(|list| rules::for_this_side(&self.session, list))
    }

    /// Receives, and tells the client how it ended.
    pub fn run(self, task: Task, input: MemoryReader, output: MemoryWriter) -> ExitCode {
        let Receiving { session, outbox, activity, own_log } = self;
        let Task { dest, filters, apart, exits, terminal } = task;
        server::say_receiving(&session);
        if let Some(log) = &own_log {
            log.info("receiving file list");
        }
        let mut reader = Reader::new(input, activity.clone());
        let mut writer = Writer::new(output, activity);
        writer.set_outbox(outbox);
        let started =
            handshake::start(&session, &mut reader, &mut writer).and_then(|()| match apart {
                true => copy_as::assume(Who::Thread, &session.settings, session.log.role),
                false => Ok(()),
            });
        reader.set_messages(Box::new(rules::Early::new(session.clone(), Role::ReceiverPresplit)));
        let (ended, mut left) = match started {
            Ok(()) => {
                let reporter = Reporter::of_server(&session);
                let job = ReceiveJob::of_our_own(&session, dest, filters, reporter);
                receive::run(&session, reader, writer, job)
            }
            Err(e) => (Err(e), Left::unused(reader, writer)),
        };
        let failed = ended.as_ref().err().filter(|e| !is_peer_s(e));
        if let Some(e) = failed {
            let (role, code) = (finish::ended_role(&session, e), e.code());
            match role {
                Role::Receiver => exits.say_receiver(&terminal, code),
                role => exits.say(&terminal.with_role(role), Cause::Own(code), code),
            }
        }
        let (reader, writer) = (left.reader.as_mut(), left.writer.as_mut());
        finish::server(&session, own_log.as_ref(), ended, reader, writer)
    }
}

/// Whether an error is but what the peer's made of this side.
fn is_peer_s(e: &Error) -> bool {
    matches!(e, Error::PeerExit(_) | Error::Closed { .. } | Error::Link { .. })
}
