//! The receiver: answers and lists in, files out (transfer: receiver).
use super::{
    ReceiveJob,
    altdest::AltDirs,
    attrs::{Attrs, Want, about},
    backup::Backup,
    data::{self, Incoming, Output, Scratch, Stop, Tally},
    dest::Dest,
    finish::count_created,
    list::{List, ListReader},
    partial::Partial,
    shared::{Event, Request, Shared, Transfer, lock},
    write::{Answer, Sink},
};
use crate::{
    Error, ExitCode, Session,
    conn::{Messages, Reader},
    log::{Class, Role, named, sys_error_line},
    messages::{Common, unexpected},
    report::ItemEvent,
    settings::RemoveSource,
};
use fast_io::RecvHalf;
use filters::{FilterList, Verdict};
use fsroot::{Kind, Root};
use std::{
    collections::{HashSet, VecDeque},
    io,
    sync::{Arc, atomic::Ordering, mpsc},
};
use wire::{
    Fault, RelPath, WireError,
    item::{Item, ItemFlags as F},
    mux::{Message, Tag},
    ndx::{self, NdxDecoder},
    stats::{DeleteStats, TransferStats},
    sums::SumHead,
    token::TokenReader,
    xattr,
};

/// From this length on a file is hashed and written on a thread of its own.
const ASIDE_FLOOR: u64 = 1 << 20;

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
    pub temp_dir: Option<Root>,
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

/// What an item is about.
pub(super) struct Target {
    pub ndx: i32,
    list: Arc<List>,
    /// The generator must be told when the file is in place.
    told: bool,
    pub path: RelPath,
    pub name: Vec<u8>,
    link: Vec<u8>,
    pub want: Want,
    /// The mode that the output shows.
    shown_mode: u32,
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
        }
        self.reader.finish_recording()
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

    /// What an index stands for.
    pub(super) fn target(&mut self, n: i32) -> Result<Target, Error> {
        let Some(list) = self.live.iter().find(|l| l.contains(n)).cloned() else {
            let (first, last) = match (self.live.front(), self.live.back()) {
                (Some(a), Some(b)) => {
                    (i64::from(a.base()) - 1, i64::from(b.base()) + b.len() as i64 - 1)
                }
                _ => (0, -1),
            };
            let text = format!("File-list index {n} not in {first} - {last} (read_ndx_and_attrs)");
            return Err(WireError::new(Fault::Protocol, text).with_role().into());
        };
        let cleared = || {
            let text = format!("rsync: refusing transfer of cleared file index {n}");
            Error::from(WireError::new(Fault::Protocol, text).with_role())
        };
        let settings = &self.session.settings;
        let mut told = settings.remove_source != RemoveSource::Nothing;
        let (name, link, want) = match list.slot(n) {
            Some(slot) => {
                let e = list.get(slot).ok_or_else(cleared)?;
                told |= settings.hard_links && e.hard_link_group().is_some();
                (e.name(), e.link_target().to_vec(), self.attrs.want(e))
            }
            None => {
                let dir = list.dir.as_ref().ok_or_else(cleared)?;
                (dir.name.clone(), Vec::new(), dir.base.want)
            }
        };
        let path = match &self.solo {
            Some(solo) => solo.clone(),
            // Checked when the list came.
            None => RelPath::new(&name).ok_or_else(cleared)?,
        };
        Ok(Target { ndx: n, list, told, path, name, link, shown_mode: want.mode, want })
    }

    /// The request that this item answers. Requests before it were not answered, which is the sender's right for transfers.
    fn answered(&mut self, t: &Target, item: &Item) -> Result<Request, Error> {
        let flags = self.session.protocol.has_item_flags();
        loop {
            let next = self.shared.requests().pop_front();
            match next {
                Some(r)
                    if r.ndx == t.ndx
                        && (!flags
                            || (r.flags == item.flags.0
                                && r.xname.as_deref() == item.xname.as_deref()
                                && r.basis() == item.basis)) =>
                {
                    return Ok(r);
                }
                Some(r) if r.transfer().is_some() => self.tell(Event::Failed(r.ndx)),
                _ => {
                    let text = format!(
                        "refusing item {} ({:04x}) that was not requested",
                        t.ndx, item.flags.0
                    );
                    return Err(WireError::new(Fault::Protocol, text).with_role().into());
                }
            }
        }
    }

    /// One item.
    fn item(&mut self, n: i32) -> Result<(), Error> {
        if self.shared.stop.load(Ordering::Acquire) {
            // The generator failed and has said why.
            return Err(Error::fatal(ExitCode::STREAM_IO, Vec::new()));
        }
        let p = self.session.protocol;
        let item = self.reader.read(|c| Item::decode(p, c))?;
        if p.has_item_flags() && !p.has_varints() && item.flags.0 == F::IS_NEW {
            // A keep-alive of this protocol: the index behind the last entry.
            let end = self.live.back().map_or(0, |l| i64::from(l.base()) + l.len() as i64);
            if i64::from(n) == end {
                return Ok(());
            }
        }
        let mut t = self.target(n)?;
        let says = self.session.settings.debug.recv > 0;
        self.attrs.log.debug(says, || named("recv_files(", &t.name, ")"));
        let transfers = item.flags.has(F::TRANSFER);
        if transfers {
            if t.want.kind != Some(Kind::Regular) {
                let text = format!("received request to transfer non-regular file: {n}");
                return Err(WireError::new(Fault::Protocol, text).with_role().into());
            }
            if self.phase >= 2 {
                let text = "got transfer request in phase 2";
                return Err(WireError::new(Fault::Protocol, text).with_role().into());
            }
        }
        if let Some(replay) = &self.shared.clone().replay {
            return self.replay_item(replay, &mut t, &item);
        }
        let request = self.answered(&t, &item)?;
        if let Some(f) = &self.daemon_filters
            && f.check(&t.name, t.want.kind == Some(Kind::Directory), false) == Verdict::Exclude
        {
            let name = String::from_utf8_lossy(&t.name);
            let text =
                format!("ERROR: rejecting file transfer request for daemon excluded file: {name}");
            return Err(WireError::new(Fault::Protocol, text).into());
        }
        if self.shared.exchanges_xattrs(item.flags.0) {
            self.xattr_values(&t)?;
        }
        let asked = request.transfer();
        let redo = asked.is_some_and(|r| r.redo);
        if item.flags.has(F::IS_NEW) && !redo {
            count_created(&self.session, t.want.kind);
        }
        match asked {
            Some(request) if transfers => self.transfer(&mut t, &item, &request),
            _ => {
                self.local_change(&t, &item);
                Ok(())
            }
        }
    }

    /// An item without data.
    pub(super) fn local_change(&mut self, t: &Target, item: &Item) {
        if let (Some(k), Some(root), true) = (
            t.want.xattr.filter(|_| item.flags.has(F::REPORT_XATTR)),
            &mut self.root,
            self.session.settings.xattrs > 0 && self.shared.do_xfers,
        ) {
            self.attrs.apply_xattrs(root, &t.path, None, k);
            if t.want.kind == Some(Kind::Directory) {
                self.attrs.set_exact_mtime(root, &t.path, &t.want);
            }
        }
        self.report(t, item, None, |r, e| r.item(e));
    }

    /// Fetched values (full-value xattr exchange).
    pub(super) fn xattr_values(&mut self, t: &Target) -> Result<(), Error> {
        let mut number = 0;
        while let Some((n, value)) = self.reader.read(|c| xattr::decode_value(number, c))? {
            number = n;
            let list = t.want.xattr.ok_or_else(|| {
                let text = format!("could not find xattr #{n} for item {}", t.ndx);
                WireError::new(Fault::Protocol, text).with_role()
            })?;
            let unasked = self.shared.replay.is_some();
            self.shared.xattrs.fill(list, n, value, unasked, &t.name)?;
        }
        Ok(())
    }

    fn report(
        &self,
        t: &Target,
        item: &Item,
        sum: Option<&[u8]>,
        f: impl FnOnce(&mut crate::report::Reporter, &ItemEvent<'_>),
    ) {
        let path = self.shared.path_of(self.root.as_ref(), &t.name);
        let entry = t.list.slot(t.ndx).and_then(|slot| t.list.get(slot));
        let listed = entry.map(|e| e.checksum()).filter(|sum| !sum.is_empty());
        self.shared.report(|r| {
            let event = ItemEvent {
                ndx: t.ndx,
                name: &t.name,
                mode: t.shown_mode,
                len: t.want.len,
                mtime: t.want.mtime,
                uid: t.want.uid,
                gid: t.want.gid.unwrap_or(0),
                link_target: &t.link,
                item,
                sum: listed.or(sum),
                path: &path,
            };
            f(r, &event);
        });
    }

    /// An answer with data.
    pub(super) fn transfer(
        &mut self,
        t: &mut Target,
        item: &Item,
        request: &Transfer,
    ) -> Result<(), Error> {
        if let (true, true, Some(root)) =
            (self.shared.wants_mode, self.shared.do_xfers, &mut self.root)
        {
            // Of what is written here, that is the mode that it gets.
            let perm = self.attrs.dest_perm(root, &t.path, &t.want, request.old_perm);
            t.shown_mode = t.want.mode & !0o7777 | perm;
        }
        let t = &*t;
        let stats = self.session.stats.clone();
        stats.transferred_files.add(1);
        stats.transferred_size.add(t.want.len);
        let replaying = self.shared.replay.is_some();
        if !self.shared.do_xfers {
            self.report(t, item, None, |r, e| r.transfer_begins(e));
            let settings = &self.session.settings;
            if replaying || (settings.only_write_batch && !settings.am_server) {
                self.drain(t)?;
            }
            self.report(t, item, None, |r, e| r.transfer_ends(e, 0, 0));
            return Ok(());
        }
        let read_before = self.reader.consumed();
        let head = self.sum_head()?;
        if head != request.head && !replaying {
            let text = format!("sum head of item {} is not the one that was requested", t.ndx);
            return Err(WireError::new(Fault::Protocol, text).with_role().into());
        }
        let (sum, event) = self.write_file(&Answer { t, item, request, head: &head })?;
        if let Some(e) = self.doom.take() {
            return Err(e);
        }
        let moved = self.reader.consumed() - read_before;
        // What could not be written is an error, and no transfer.
        if !matches!(event, Some(Event::Failed(_))) {
            self.report(t, item, sum.as_deref(), |r, e| {
                r.transfer_ends(e, moved, 0);
            });
        }
        if let Some(event) = event {
            self.settle(t, event);
        }
        Ok(())
    }

    /// A transfer has come to its end, which the generator must know of.
    pub(super) fn settle(&mut self, t: &Target, event: Event) {
        if let (Event::Redo(ndx), true) = (&event, self.shared.replay.is_some()) {
            self.retrying.insert(*ndx);
        }
        match event {
            Event::Finished(_) if !t.told => {
                if t.list.end_one() {
                    self.tell(Event::Settled);
                }
            }
            event => self.tell(event),
        }
    }

    fn sum_head(&mut self) -> Result<SumHead, Error> {
        let p = self.session.protocol;
        let digest_len = self.session.transfer_sum.algo.digest_len();
        self.reader.read(|c| SumHead::decode(p, digest_len, u64::MAX, c))
    }

    /// Reads data that nobody wants.
    pub(super) fn drain(&mut self, t: &Target) -> Result<(), Error> {
        let head = self.sum_head()?;
        // Nothing is shown of it, and nothing depends on what was asked.
        let (item, request) = (Item::default(), Transfer::default());
        self.take(&Answer { t, item: &item, request: &request, head: &head }, &Sink::default())?;
        Ok(())
    }

    pub(super) fn sys_error(&self, what: &str, path: &RelPath, after: &str, e: &io::Error) {
        let shown = match &self.root {
            Some(root) => root.quoted(path),
            None => [b"\"", path.as_bytes(), b"\""].concat(),
        };
        self.attrs.log.sys_error(Class::ErrorXfer, about(what, &shown, after), e);
    }

    /// Takes tokens and trailer. Returns whether the content is what the sender has, and its digest.
    pub(super) fn take(
        &mut self,
        answer: &Answer<'_>,
        sink: &Sink<'_>,
    ) -> Result<(bool, Option<Vec<u8>>), Error> {
        let Answer { t, item, head, .. } = *answer;
        let sums = self.session.settings.debug.deltasum > 1;
        self.attrs.log.debug(sums && sink.basis.is_some(), || {
            named("recv mapped ", &t.name, &format!(" of size {}", sink.basis_len()))
        });
        if sink.file.is_some() {
            // What could not be opened is an error, and no transfer.
            self.report(t, item, None, |r, e| r.transfer_begins(e));
        }
        let Sink { file, basis, in_place, .. } = *sink;
        let tally = &mut Tally::default();
        let (writer, hasher) = self.begin_output(t, sink);
        let settings = &self.session.settings;
        let spec = self.session.transfer_sum;
        let hashing = hasher.is_some();
        let root = &self.root;
        let shown = || root.as_ref().map_or(t.name.clone(), |r| r.quoted(&t.path));
        let mut out = file.map(|file| Output {
            file,
            writer,
            hasher,
            basis,
            basis_len: sink.basis_len(),
            in_place,
            short: false,
            piece: std::mem::take(&mut self.scratch.piece),
        });
        let shared = self.shared.clone();
        let showing = settings.info.progress > 0 && shared.reporter.is_some();
        let mut progress = |tally: &Tally| {
            if let Some(fresh) = sink.fresh.filter(|_| tally.literal > 0) {
                fresh.store(true, Ordering::Relaxed);
            }
            if showing {
                let done = sink.kept + tally.literal + tally.matched;
                shared.report(|r| r.progress(done, t.want.len));
            }
        };
        let incoming = Incoming {
            reader: &mut self.reader,
            tokens: &mut self.tokens,
            scratch: &mut self.scratch,
            head,
            basis,
            discarding: file.is_none(),
            name: &t.name,
            tally,
            progress: &mut progress,
        };
        let taken = data::take(incoming, out.as_mut(), t.want.len >= ASIDE_FLOOR);
        self.session.stats.literal.add(tally.literal);
        self.session.stats.matched.add(tally.matched);
        if let Some(out) = &mut out {
            self.scratch.piece = std::mem::take(&mut out.piece);
        }
        let write_failed = |e: &io::Error| {
            let text = about("write failed on", &shown(), "");
            Error::fatal(ExitCode::FILE_IO, sys_error_line(Role::Receiver, text, e))
        };
        if let (Err(_), Some(out)) = (&taken, &mut out) {
            // What has arrived may be kept; why the rest did not come is what matters now.
            let _best_effort =
                if in_place { out.writer.flush(out.file) } else { out.writer.finish(out.file) };
        }
        taken.map_err(|stop| match stop {
            Stop::Stream(e) => e,
            Stop::Output(e) => write_failed(&e),
        })?;
        let n = spec.algo.digest_len();
        let trailer = self.reader.read(|c| c.take(n).map(<[u8]>::to_vec))?;
        self.attrs.log.debug(sums, || "got file_sum");
        let Some(mut out) = out else { return Ok((false, None)) };
        out.writer.finish(out.file).map_err(|e| write_failed(&e))?;
        if settings.fsync
            && let Err(e) = out.file.sync_all()
        {
            let text = about("fsync failed on", &shown(), "");
            let line = sys_error_line(Role::Receiver, text, &e);
            return Err(Error::fatal(ExitCode::FILE_IO, line));
        }
        let good = match out.hasher {
            Some(hasher) => hasher.finish().as_bytes() == trailer,
            // Even without a checksum a sender that met an error says so with a wrong one.
            None => trailer.iter().all(|b| *b == 0),
        };
        Ok((good && !out.short, (good && hashing).then_some(trailer)))
    }
}
