//! The receiving side: file list in, generator and receiver threads.
//!
//! First one thread reads the file list and chooses the destination. Then two threads work. The *generator* owns the writing end:
//! it compares, creates directories and links, deletes, and writes requests. The *receiver* owns the reading end: it decodes
//! answers and further lists, and writes files. The receiver tells the generator what happened through an unbounded channel and
//! never waits for it; what the receiver must know about a request stands in a shared queue in request order, so that every
//! answer can be held against a request.

mod acls;
mod altdest;
mod aside;
mod attrs;
mod backup;
mod chains;
mod data;
mod delete;
mod dest;
mod finish;
mod fuzzy;
mod generator;
mod hardlinks;
mod idmap;
mod ids;
mod list;
mod partial;
mod receiver;
mod replay;
mod shared;
mod temp_dir;
mod write;
mod xattrs;

use crate::{
    Error, Session,
    conn::{Reader, Writer},
    error::ExitCode,
    exit::Cause,
    finish::LINGER,
    log::Role,
    report::Reporter,
    session::RECEIVER,
};
pub(crate) use attrs::acts_as_root;
use fast_io::{RecvHalf, SendHalf};
use shared::{Event, Shared};
use std::{
    sync::{
        Arc, Mutex,
        atomic::Ordering,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

/// What the receiving side is given.
pub struct ReceiveJob {
    /// Destination as typed; `None` for a listing.
    pub dest: Option<Vec<u8>>,
    /// The user's rules, as the receiver sees them.
    pub filters: filters::FilterList,
    /// A daemon's rules, consulted first.
    pub daemon_filters: Option<filters::FilterList>,
    /// Opens per-directory merge files.
    pub loader: crate::rules::FsLoader,
    /// The rules as the sender sees them, to check names against; `None` = trust.
    pub sender_filters: Option<filters::FilterList>,
    /// What was asked for; `None` = trust.
    pub requested: Option<filters::RequestedNames>,
    /// Prints items, on a client.
    pub reporter: Option<Arc<Mutex<Reporter>>>,
}

impl ReceiveJob {
    /// What comes from a sender of our own, a batch or the other side of a local copy, which needs no checks.
    pub fn of_our_own(
        session: &Session,
        dest: Option<Vec<u8>>,
        filters: filters::FilterList,
        reporter: Option<Arc<Mutex<Reporter>>>,
    ) -> Self {
        Self {
            dest,
            filters,
            daemon_filters: None,
            loader: crate::rules::FsLoader::new(&session.settings),
            sender_filters: None,
            requested: None,
            reporter,
        }
    }
}

/// How long a thread may take to notice that the other one failed. One that is stuck in the link is left behind.
const GRACE: Duration = Duration::from_secs(3);

/// How a thread ended.
enum Ended<W> {
    Generator(Result<(), Error>, Box<Writer<W>>),
    Receiver(Result<(), Error>),
}

/// What is left of the link when the receiving side is done, so that the caller can tell the peer of a failure.
pub struct Left<R, W> {
    /// `None` if a thread still has it.
    pub reader: Option<Reader<R>>,
    /// `None` if a thread is stuck in it.
    pub writer: Option<Writer<W>>,
    /// Closed when the thread that has the reader is done with it.
    receiving: Option<mpsc::Receiver<()>>,
}

impl<R, W> Left<R, W> {
    /// The whole link, of a side whose threads have not begun.
    pub fn unused(reader: Reader<R>, writer: Writer<W>) -> Self {
        Self { reader: Some(reader), writer: Some(writer), receiving: None }
    }

    /// Waits until a receiver that failed has seen the end of what the peer, which was told, still sends.
    pub fn drained(&self) {
        if let Some(receiving) = &self.receiving {
            // Nothing is ever sent.
            let _closed = receiving.recv_timeout(LINGER);
        }
    }
}

/// Runs the receiving side from the file list to the goodbye.
pub fn run<R: RecvHalf + 'static, W: SendHalf + 'static>(
    session: &Arc<Session>,
    reader: Reader<R>,
    writer: Writer<W>,
    mut job: ReceiveJob,
) -> (Result<(), Error>, Left<R, W>) {
    let (events, inbox) = mpsc::channel();
    let shared = Arc::new(Shared::new(session.clone(), job.reporter.take()));
    let mut receiver = receiver::Receiver::new(shared.clone(), reader, events, &mut job);
    let (first, dest) = match prepare(&shared, &mut receiver, &mut job) {
        Ok(Some(parts)) => parts,
        other => {
            let ended =
                other.map(|_nothing_to_do| ()).map_err(|e| named(e, Role::ReceiverPresplit));
            return (ended, Left::unused(receiver.into_reader(), writer));
        }
    };
    session.status.set_split();
    let (ended, outcome) = mpsc::channel::<Ended<W>>();
    let receiver_ended = ended.clone();
    let (reading, receiving) = mpsc::channel();
    let stop = shared.clone();
    let receiver = spawn(RECEIVER, move || {
        let mut receiver = receiver;
        let result = receiver.run().map_err(|e| named(e, Role::Receiver));
        let failed = result.is_err();
        if matches!(&result, Err(e) if !matches!(e, Error::PeerExit(_))) {
            stop.session.status.set_cause(Cause::Receiver);
        }
        // The coordinator may have left already. It must hear the reason before the generator stops because of it.
        let _left = receiver_ended.send(Ended::Receiver(result));
        if failed {
            stop.stop.store(true, Ordering::Release);
            receiver.tell(Event::Abort);
            if !stop.session.settings.local {
                // What the peer sends until it hears of this must not meet a closed pipe, or it would report that instead.
                receiver.into_reader().drain(LINGER);
            }
        }
        drop(reading);
    });
    if let Err(e) = receiver {
        return (Err(e), Left { reader: None, writer: Some(writer), receiving: None });
    }
    let stop = shared.clone();
    let generating = spawn("generator", move || {
        let generator = generator::Generator::new(stop.clone(), writer, inbox, dest, job);
        let (result, writer) = generator.run(&first);
        if result.is_err() {
            stop.stop.store(true, Ordering::Release);
        }
        if let Some(replay) = &stop.replay {
            replay.close();
        }
        let result = result.map_err(|e| named(e, Role::Generator));
        let _left = ended.send(Ended::Generator(result, Box::new(writer)));
    });
    if let Err(e) = generating {
        return (Err(e), Left { reader: None, writer: None, receiving: None });
    }
    let (result, writer) = wait(&outcome);
    if let (Ok(()), Some((written, read))) = (&result, *shared::lock(&shared.bytes)) {
        // A pull reports what the sender counted, from its own point of view.
        session.stats.bytes_read.set(written);
        session.stats.bytes_written.set(read);
    }
    (result, Left { reader: None, writer, receiving: Some(receiving) })
}

/// Waits for both threads; after one fails, the other gets some time to notice.
fn wait<W>(outcome: &mpsc::Receiver<Ended<W>>) -> (Result<(), Error>, Option<Writer<W>>) {
    let mut writer = None;
    let mut error = None;
    for _ in 0..2 {
        let next = match error {
            None => outcome.recv().map_err(|_| RecvTimeoutError::Disconnected),
            // Without the writer nobody can be told of the failure, so this is worth a wait; the receiver is not.
            Some(_) if writer.is_some() => break,
            Some(_) => outcome.recv_timeout(GRACE),
        };
        match next {
            Ok(Ended::Generator(result, w)) => {
                writer = Some(*w);
                error = error.or(result.err());
            }
            Ok(Ended::Receiver(result)) => error = error.or(result.err()),
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => {
                error.get_or_insert(Error::fatal(
                    ExitCode::CRASHED,
                    "a thread of the receiving side panicked",
                ));
                break;
            }
        }
    }
    (error.map_or(Ok(()), Err), writer)
}

fn spawn(name: &str, f: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let started = thread::Builder::new().name(name.into()).spawn(f);
    started.map(drop).map_err(|e| Error::no_thread(Role::ReceiverPresplit, &e))
}

/// The first list (further ones come as events) and the destination.
type Prepared = (Arc<list::List>, dest::Dest);

/// Everything before the two threads part: the first list, and the destination that follows from it. `None`: nothing to do.
fn prepare<R: RecvHalf>(
    shared: &Arc<Shared>,
    receiver: &mut receiver::Receiver<R>,
    job: &mut ReceiveJob,
) -> Result<Option<Prepared>, Error> {
    let lists = receiver.first_lists(&job.filters)?;
    if lists.iter().all(|l| l.is_empty()) && !shared.session.settings.am_server {
        // A server that has nothing to send ends here, without a transfer phase.
        return Ok(None);
    }
    let log = shared.log(Role::ReceiverPresplit);
    log.debug(shared.session.settings.debug.recv > 0 && job.dest.is_some(), || {
        let count = lists.iter().map(|list| list.len()).sum::<usize>();
        let typed = job.dest.as_deref().unwrap_or_default();
        [format!("get_local_name count={count} ").as_bytes(), typed].concat()
    });
    let dest = dest::choose(shared, job.dest.as_deref(), &lists)?;
    if let Some(mut backup) = backup::Backup::new(shared, &dest) {
        backup.announce()?;
    }
    if let Some(rules) = &mut job.daemon_filters {
        // They are about names in the module, not in the destination.
        rules.set_cwd(dest.path.as_os_str().as_encoded_bytes());
    }
    receiver.set_dest(&dest, job.daemon_filters.as_ref());
    Ok(lists.into_iter().next().map(|first| (first, dest)))
}

/// Puts the role behind the texts that want it.
fn named(e: Error, role: Role) -> Error {
    match e {
        Error::Wire(w) if w.wants_role => Error::Wire(w.told_by(role.name())),
        e => e,
    }
}

#[cfg(test)]
mod tests;
