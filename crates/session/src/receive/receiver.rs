//! The receiver: answers and lists in, files out (WIRE.md, Index; Item; DONE).
mod content;
mod items;
mod notes;

pub(super) use items::Target;

use super::{
    ReceiveJob,
    altdest::AltDirs,
    attrs::{Attrs, about},
    backup::Backup,
    data::Scratch,
    dest::Dest,
    list::{List, ListReader},
    partial::Partial,
    shared::{Event, Shared, Transfer, lock},
    temp_dir::TempDir,
};
use crate::{
    Error, Session,
    conn::{Messages, Reader},
    log::{Class, Role},
    messages::{Common, unexpected},
};
use fast_io::RecvHalf;
use filters::FilterList;
use fsroot::Root;
use std::{
    collections::{HashSet, VecDeque},
    io,
    sync::{Arc, atomic::Ordering, mpsc},
};
use wire::{
    Fault, RelPath, WireError,
    mux::{Message, Tag},
    ndx::{self, NdxDecoder},
    stats::{DeleteStats, TransferStats},
    token::TokenReader,
};

/// Owns the reading end.
pub(super) struct Receiver<R> {
    pub shared: Arc<Shared>,
    pub session: Arc<Session>,
    reader: Reader<R>,
    pub events: mpsc::Sender<Event>,
    lists: ListReader,
    /// Lists whose indexes are valid, oldest first.
    live: VecDeque<Arc<List>>,
    ndx: NdxDecoder,
    eof: bool,
    phase: u32,
    pub dones: u32,
    pub root: Option<Root>,
    /// `--temp-dir`.
    pub temp_dir: Option<TempDir>,
    pub partial: Option<Partial>,
    /// `--delay-updates`: files in the partial directory that are complete.
    pub waiting: Vec<(i32, Transfer)>,
    solo: Option<RelPath>,
    pub backup: Option<Backup>,
    pub alt_dirs: Option<AltDirs>,
    /// Why the session cannot go on after the file that is being finished.
    pub doom: Option<Error>,
    daemon_filters: Option<FilterList>,
    pub attrs: Attrs,
    tokens: TokenReader,
    scratch: Scratch,
    pub umask: u32,
    /// Applying a batch: files that need a second attempt.
    pub retrying: HashSet<i32>,
}

/// Control messages that reach the receiver.
struct Control {
    common: Common,
    shared: Arc<Shared>,
    events: mpsc::Sender<Event>,
}

impl Messages for Control {
    fn message(&mut self, m: Message) -> Result<(), Error> {
        match self.common.handle(m)? {
            None => Ok(()),
            Some(Message::NoSend(ndx)) => {
                let mut requests = self.shared.requests();
                let at = requests.iter().position(|r| r.ndx == ndx && r.transfer().is_some());
                if let Some(at) = at {
                    requests.remove(at);
                    // The generator is gone only if it failed, which ends the session.
                    let _gone = self.events.send(Event::Failed(ndx));
                }
                Ok(())
            }
            Some(_) => Err(unexpected(Tag::Success, 4)),
        }
    }
}

impl<R: RecvHalf> Receiver<R> {
    pub fn new(
        shared: Arc<Shared>,
        mut reader: Reader<R>,
        events: mpsc::Sender<Event>,
        job: &mut ReceiveJob,
    ) -> Receiver<R> {
        let session = shared.session.clone();
        reader.set_messages(Box::new(Control {
            common: Common::new(session.clone(), shared.reporter.clone(), Role::Receiver),
            shared: shared.clone(),
            events: events.clone(),
        }));
        let log = shared.log(Role::Receiver);
        Receiver {
            lists: ListReader::new(shared.clone(), job),
            live: VecDeque::new(),
            ndx: NdxDecoder::new(session.protocol),
            eof: !session.inc_recurse,
            phase: 0,
            dones: 0,
            root: None,
            temp_dir: None,
            partial: None,
            waiting: Vec::new(),
            solo: None,
            backup: None,
            alt_dirs: None,
            doom: None,
            daemon_filters: None,
            attrs: Attrs::new(shared.clone(), log),
            tokens: TokenReader::new(session.protocol, session.compressor),
            scratch: Scratch::default(),
            umask: fsroot::names::umask(),
            retrying: HashSet::new(),
            reader,
            events,
            session,
            shared,
        }
    }

    /// Gives the link back, before anything else was done with it.
    pub fn into_reader(self) -> Reader<R> {
        self.reader
    }

    /// The first list; with a single entry in an incremental session also what follows it, which tells one file from one
    /// directory with content.
    pub fn first_lists(&mut self, filters: &FilterList) -> Result<Vec<Arc<List>>, Error> {
        let first = self.lists.first(&mut self.reader, filters)?;
        let single = first.len() == 1;
        self.live.push_back(first);
        if self.session.inc_recurse && single {
            self.list_marker()?;
        }
        Ok(self.live.iter().cloned().collect())
    }

    pub fn set_dest(&mut self, dest: &Dest, daemon_filters: Option<&FilterList>) {
        self.daemon_filters = daemon_filters.cloned();
        self.root = dest.root.clone();
        self.temp_dir = dest.temp_dir.clone();
        self.partial = dest.partial.clone();
        self.backup = Backup::new(&self.shared, dest);
        self.alt_dirs = dest.alt_dirs.clone();
        self.solo = dest.solo.clone();
    }

    /// Tells the generator, if it is still there.
    pub fn tell(&self, event: Event) {
        let _gone = self.events.send(event);
    }

    /// One marker and what follows it, where only a list or the end of lists may come.
    fn list_marker(&mut self) -> Result<(), Error> {
        let decoder = &mut self.ndx;
        let n = self.reader.read(|c| decoder.decode(c))?;
        if self.absorb(n)? { Ok(()) } else { Err(self.invalid(n)) }
    }

    /// Handles a list or the end of lists; false if `n` is something else.
    fn absorb(&mut self, n: i32) -> Result<bool, Error> {
        if !self.session.inc_recurse || (n != ndx::FLIST_EOF && n > ndx::FLIST_OFFSET) {
            return Ok(false);
        }
        if self.eof {
            let text = match n {
                ndx::FLIST_EOF => "rsync: refusing a second end of file lists",
                _ => "rsync: refusing sub-flist after final flist was freed",
            };
            return Err(WireError::new(Fault::Protocol, text).with_role().into());
        }
        if n == ndx::FLIST_EOF {
            self.eof = true;
            self.shared.report(|r| r.lists_complete());
            if self.session.settings.debug.flist > 2 {
                // Rsync's generator reads that, too, once there is one.
                let split = self.session.status.is_split();
                let (before, after) =
                    ([Role::ReceiverPresplit].iter(), [Role::Receiver, Role::Generator].iter());
                for role in if split { after } else { before } {
                    self.attrs.log.info(format!("[{}] flist_eof=1", role.name()));
                }
            }
            self.tell(Event::ListEof);
            return Ok(true);
        }
        let d = (i64::from(ndx::FLIST_OFFSET) - i64::from(n)) as usize;
        let list = self.lists.further(&mut self.reader, d)?;
        self.live.push_back(list.clone());
        self.tell(Event::List(list));
        Ok(true)
    }

    fn invalid(&self, n: i32) -> Error {
        let last = self.live.back().map_or(-1, |l| i64::from(l.base()) + l.len() as i64 - 1);
        let text = format!("Invalid file index: {n} (-1 - {last})");
        WireError::new(Fault::Protocol, text).with_role().into()
    }

    /// The next index that is an item or a DONE; lists and statistics are absorbed.
    fn next_ndx(&mut self) -> Result<i32, Error> {
        loop {
            let decoder = &mut self.ndx;
            let n = self.reader.read(|c| decoder.decode(c))?;
            if n >= 0 || n == ndx::DONE {
                return Ok(n);
            }
            if n == ndx::DEL_STATS && self.session.protocol.has_error_exit() {
                // Our own counts, echoed by a server.
                self.reader.read(DeleteStats::decode)?;
            } else if !self.absorb(n)? {
                return Err(self.invalid(n));
            }
        }
    }

    /// Works until the goodbye.
    pub fn run(&mut self) -> Result<(), Error> {
        let last_phase = if self.session.protocol.has_item_flags() { 2 } else { 1 };
        let says = self.session.settings.debug.recv > 0;
        let count = self.live.front().map_or(0, |list| list.len());
        self.attrs.log.debug(says, || format!("recv_files({count}) starting"));
        while self.phase <= last_phase {
            match self.next_ndx()? {
                ndx::DONE => self.done()?,
                n => self.item(n)?,
            }
        }
        self.attrs.log.debug(says, || "recv_files finished");
        if !self.session.settings.am_server {
            let p = self.session.protocol;
            let theirs = self.reader.read(|c| TransferStats::decode(p, c))?;
            let stats = &self.session.stats;
            if p.has_item_flags() {
                stats.flist_build_ms.set(theirs.flist_build_ms.max(0) as u64);
                stats.flist_xfer_ms.set(theirs.flist_xfer_ms.max(0) as u64);
            }
            stats.total_size.set(theirs.total_size.max(0) as u64);
            let bytes = (theirs.bytes_written.max(0) as u64, theirs.bytes_read.max(0) as u64);
            *lock(&self.shared.bytes) = Some(bytes);
        }
        if self.session.protocol.has_error_exit() {
            match self.next_ndx()? {
                ndx::DONE => self.count_done()?,
                n => {
                    let text = format!("Invalid packet at end of run ({n})");
                    return Err(WireError::new(Fault::Protocol, text).with_role().into());
                }
            }
            self.batch_ends()?;
        }
        self.reader.finish_recording()
    }

    /// Nothing follows the goodbye in a batch. The end of a pipe is not waited for.
    fn batch_ends(&mut self) -> Result<(), Error> {
        if self.shared.replay.is_none() {
            return Ok(());
        }
        match self.reader.try_read(|c| c.byte()) {
            Ok(None) | Err(Error::Closed { .. }) => Ok(()),
            Ok(Some(_)) => {
                let text = "Invalid packet at end of run";
                Err(WireError::new(Fault::Stream, text).with_role().into())
            }
            Err(e) => Err(e),
        }
    }

    /// A DONE: the oldest list is finished, or a phase.
    fn done(&mut self) -> Result<(), Error> {
        let list = self.live.front().filter(|_| self.live.len() > 1);
        let end = list.map(|l| l.base() + l.len() as i32);
        self.replay_done(end)?;
        if self.live.len() > 1 {
            self.live.pop_front();
        } else {
            self.phase += 1;
            let last_phase = if self.session.protocol.has_item_flags() { 2 } else { 1 };
            let says = self.session.settings.debug.recv > 0 && self.phase <= last_phase;
            self.attrs.log.debug(says, || format!("recv_files phase={}", self.phase));
            if self.phase == 2 {
                self.finish_delayed()?;
            }
        }
        self.count_done()
    }

    fn count_done(&mut self) -> Result<(), Error> {
        self.dones += 1;
        let asked = self.shared.dones.load(Ordering::Acquire);
        if self.shared.replay.is_none() && self.dones > asked {
            let text = "unexpected end of a phase";
            return Err(WireError::new(Fault::Protocol, text).with_role().into());
        }
        self.tell(Event::Done);
        Ok(())
    }

    pub(super) fn sys_error(&self, what: &str, path: &RelPath, after: &str, e: &io::Error) {
        let shown = match &self.root {
            Some(root) => root.quoted(path),
            None => [b"\"", path.as_bytes(), b"\""].concat(),
        };
        self.attrs.log.sys_error(Class::ErrorXfer, about(what, &shown, after), e);
    }
}
