//! The receiving side: file list in, generator and receiver threads.
//!
//! The calling thread reads the first list and becomes the *generator*: it compares, creates directories and links, deletes, and
//! writes requests. A second thread is the *receiver*: it owns the reading end, decodes answers and further lists, and writes
//! files. The receiver tells the generator what happened through an unbounded channel and never waits for it; what the receiver
//! must know about a request stands in a shared queue in request order, so that every answer can be held against a request.

mod acls;
mod attrs;
mod data;
mod delete;
mod dest;
mod finish;
mod generator;
mod hardlinks;
mod ids;
mod links;
mod list;
mod reader;
mod receiver;
mod shared;
mod xattrs;

use crate::{
    Error, Session,
    conn::{Reader, Writer},
    error::ExitCode,
    log::Role,
    report::Reporter,
};
use fast_io::{RecvHalf, SendHalf};
use shared::{Event, Shared};
use std::sync::{Arc, Mutex, mpsc};
use wire::mux::Message;

/// Told once about the error that ends the session, before the peer is; see [`ReceiveJob::on_fatal`].
pub type FatalHook = Arc<dyn Fn(&Error) + Send + Sync>;

/// What the receiving side is given.
pub struct ReceiveJob {
    /** Destination as typed; `None` for a listing. */
    pub dest: Option<Vec<u8>>,
    /** The user's rules, as the receiver sees them. */
    pub filters: filters::FilterList,
    /** The rules as the sender sees them, to check names against; `None` = trust. */
    pub sender_filters: Option<filters::FilterList>,
    /** What was asked for; `None` = trust. */
    pub requested: Option<filters::RequestedNames>,
    /** Prints items when this process is the client. */
    pub reporter: Option<Arc<Mutex<Reporter>>>,
    /** Called with the fatal error before ERROR_EXIT goes to the peer, so that a server can send the error's text and trailer ahead of
    it. The error that [`run`] returns afterwards is the same. */
    pub on_fatal: Option<FatalHook>,
}

/// Runs the receiving side from the file list to the goodbye.
pub fn run<R: RecvHalf, W: SendHalf>(
    session: &Arc<Session>,
    reader: Reader<R>,
    mut writer: Writer<W>,
    mut job: ReceiveJob,
) -> Result<(), Error> {
    let on_fatal = job.on_fatal.take();
    let (events, inbox) = mpsc::channel();
    let shared = Arc::new(Shared::new(session.clone(), job.reporter.take()));
    let prepared = prepare(&shared, reader, events, &mut job);
    let (receiver, first, dest) = match prepared {
        Ok(Some(parts)) => parts,
        Ok(None) => return Ok(()),
        Err(e) => {
            let e = named(e, Role::ReceiverPresplit);
            tell_peer(session, &mut writer, on_fatal.as_ref(), &e);
            return Err(e);
        }
    };
    let generator = generator::Generator::new(shared.clone(), writer, inbox, dest, job.filters);
    std::thread::scope(|scope| {
        let receiving = std::thread::Builder::new()
            .name("receiver".into())
            .spawn_scoped(scope, move || receiver.run().map_err(|e| named(e, Role::Receiver)))
            .map_err(|e| {
                Error::fatal(
                    ExitCode::IPC,
                    crate::log::sys_error_line(Role::ReceiverPresplit, "fork failed", &e),
                )
            })?;
        let generated = generator.run(first).map_err(|(e, mut writer)| {
            // The receiver's own error comes first: it is why the generator stopped.
            let e = match shared.take_failure() {
                Some(failure) => failure,
                None => named(e, Role::Generator),
            };
            tell_peer(session, &mut writer, on_fatal.as_ref(), &e);
            // Dropping the writer closes this direction, so that a peer that is told nothing notices, too.
            drop(writer);
            e
        });
        let received = receiving.join().unwrap_or_else(|_| {
            Err(Error::fatal(ExitCode::CRASHED, "the receiver thread panicked"))
        });
        generated.and(received)
    })
}

/// The receiver, the first list and the destination.
type Prepared<R> = (receiver::Receiver<R>, Vec<Arc<list::List>>, dest::Dest);

/// Everything before the two threads part: the first list, and the destination that follows from it. `None`: nothing to do.
fn prepare<R: RecvHalf>(
    shared: &Arc<Shared>,
    reader: Reader<R>,
    events: mpsc::Sender<Event>,
    job: &mut ReceiveJob,
) -> Result<Option<Prepared<R>>, Error> {
    let settings = &shared.session.settings;
    let mut receiver = receiver::Receiver::new(shared.clone(), reader, events, job);
    let lists = receiver.first_lists(&job.filters)?;
    let entries: usize = lists.iter().map(|l| l.len()).sum();
    if entries == 0 && !settings.am_server && !settings.am_sender {
        // A server that has nothing to send ends here, without a transfer phase.
        return Ok(None);
    }
    let dest = dest::choose(shared, job.dest.as_deref(), &lists)?;
    receiver.set_dest(&dest);
    Ok(Some((receiver, lists, dest)))
}

/// Error text and ERROR_EXIT (errors and exit codes: ERROR_EXIT).
fn tell_peer<W: SendHalf>(
    session: &Session,
    writer: &mut Writer<W>,
    on_fatal: Option<&FatalHook>,
    e: &Error,
) {
    if let Some(hook) = on_fatal {
        hook(e);
    }
    let silent = matches!(e, Error::PeerExit(_) | Error::Closed { .. } | Error::Link { .. });
    let code = e.code();
    if silent
        || !session.protocol.has_error_exit()
        || [ExitCode::SOCKET_IO, ExitCode::STREAM_IO, ExitCode::SIGNAL1, ExitCode::TIMEOUT]
            .contains(&code)
    {
        let _ = writer.flush();
        return;
    }
    // Best effort: the link may be what failed.
    let _ = writer.message(&Message::ErrorExit(Some(code.0)));
    let _ = writer.flush();
}

/// Puts the role behind the texts that want it.
fn named(e: Error, role: Role) -> Error {
    match e {
        Error::Wire(mut w) if w.wants_role => {
            w.text = format!("{} [{}]", w.text, role.name());
            w.wants_role = false;
            Error::Wire(w)
        }
        e => e,
    }
}
