//! The generator: compares the lists with the destination, requests what is missing (transfer: generator decisions; phases, redo,
//! DONE choreography).
mod alternates;
mod confirm;
mod dirs;
mod entry;
mod fuzzy;
mod item;
mod links;
mod request;
mod special;
pub(super) use special::unsafe_symlink;
mod sums;

use super::{
    ReceiveJob,
    altdest::AltDirs,
    attrs::{Attrs, Want},
    backup::{Backup, How, Made},
    delete::Deleter,
    dest::Dest,
    hardlinks::Links,
    list::{Dir, List},
    partial::Partial,
    shared::{Event, Shared},
};
use crate::{
    Error, Session,
    conn::Writer,
    log::{Log, Role},
    session::io_error,
    settings::DeleteTiming,
};
use confirm::Confirmed;
use delta::checksum::BlockHasher;
use fast_io::SendHalf;
use filters::{FilterList, Verdict};
use fsroot::{Kind, Root, Stat};
use fuzzy::Fuzzy;
use std::{
    collections::{HashSet, VecDeque},
    io,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{self, RecvTimeoutError},
    },
    time::{Duration, Instant},
};
use wire::{
    RelPath,
    ndx::{self, NdxEncoder},
    stats::DeleteStats,
};

/// With hard links, this many entries are awaited before the first is handled, so that groups are seen as a whole.
const LINK_AHEAD: usize = 500;
/// Entries between two looks at events and keep-alives.
const TICK: u32 = 32;
/// The most items that wait in the buffer for company.
const BURST: u32 = 64;
/// How long an item may wait in the buffer while other entries are looked at.
const PATIENCE: Duration = Duration::from_millis(10);
/// How long the end of a list waits for the next list before what was written is sent.
const LIST_PATIENCE: Duration = Duration::from_millis(10);

/// Owns the writing end.
pub(super) struct Generator<W> {
    pub shared: Arc<Shared>,
    pub session: Arc<Session>,
    pub writer: Writer<W>,
    ndx: NdxEncoder,
    inbox: mpsc::Receiver<Event>,
    pub root: Option<Root>,
    partial: Option<Partial>,
    solo: Option<RelPath>,
    /// The root was (or would be) made by this run and has not been reported yet.
    root_is_new: bool,
    pub log: Log,
    attrs: Attrs,
    daemon_filters: Option<FilterList>,
    pub deleter: Deleter,
    pub backup: Option<Backup>,
    alt_dirs: Option<AltDirs>,
    fuzzy: Fuzzy,
    /// Lists whose indexes may still be used, oldest first; all but those in `pending` were begun.
    live: VecDeque<State>,
    /// Lists not begun.
    pending: VecDeque<Arc<List>>,
    eof: bool,
    /// Entries received so far.
    entries: usize,
    done_seen: u32,
    redo: VecDeque<i32>,
    redoing: bool,
    /// No further transfer may be requested.
    closing: bool,
    links: Links,
    /// Directories whose content is not handled.
    skipped: HashSet<Vec<u8>>,
    /// Directories made before their own list came.
    early: HashSet<Vec<u8>>,
    /// Directories that could not be made before their own list came, where they are still to be reported.
    unmade: HashSet<Vec<u8>>,
    /// The directory that was handled last, if this run has made it: nothing but what the list names can be in it.
    fresh: Option<Vec<u8>>,
    /// Somebody else makes directories, too, so that none counts as fresh.
    crowded: bool,
    /// The receiver waits for a decision (applying a batch).
    hurried: bool,
    /// Modes to be restored at the end, of directories that we may not write otherwise.
    tweaked: Vec<(RelPath, u32)>,
    /// Incremental: directories whose times are set at the end.
    touch_later: Vec<Arc<Dir>>,
    /// The parent that was last found in the list.
    known_parent: Option<Vec<u8>>,
    ticks: u32,
    unflushed: u32,
    /// When the first of them was written.
    unflushed_since: Instant,
    hasher: BlockHasher,
    block: Vec<u8>,
}

/// A list that is being worked on.
struct State {
    list: Arc<List>,
    walked: bool,
}

/// An entry on its way through the generator.
struct Node {
    ndx: i32,
    /// Where it stands among all entries as they are sorted; the index where those follow that order.
    place: i32,
    path: RelPath,
    /// As in the list, for messages.
    name: Vec<u8>,
    want: Want,
    group: Option<u64>,
}

impl<W: SendHalf> Generator<W> {
    pub fn new(
        shared: Arc<Shared>,
        writer: Writer<W>,
        inbox: mpsc::Receiver<Event>,
        dest: Dest,
        job: ReceiveJob,
    ) -> Generator<W> {
        let session = shared.session.clone();
        let log = shared.log(Role::Generator);
        Generator {
            ndx: NdxEncoder::new(session.protocol),
            attrs: Attrs::new(shared.clone(), log.clone()),
            deleter: Deleter::new(&session, job.filters, job.loader, &dest.path),
            backup: Backup::new(&shared, &dest),
            alt_dirs: dest.alt_dirs,
            fuzzy: Fuzzy::default(),
            daemon_filters: job.daemon_filters,
            root: dest.root,
            partial: dest.partial,
            root_is_new: dest.created,
            solo: dest.solo,
            live: VecDeque::new(),
            pending: VecDeque::new(),
            eof: !session.inc_recurse,
            entries: 0,
            done_seen: 0,
            redo: VecDeque::new(),
            redoing: false,
            closing: false,
            links: Links::default(),
            skipped: HashSet::new(),
            early: HashSet::new(),
            unmade: HashSet::new(),
            fresh: None,
            crowded: false,
            hurried: false,
            tweaked: Vec::new(),
            touch_later: Vec::new(),
            known_parent: None,
            ticks: 0,
            unflushed: 0,
            unflushed_since: Instant::now(),
            hasher: BlockHasher::new(&session.transfer_sum),
            block: Vec::new(),
            log,
            inbox,
            writer,
            session,
            shared,
        }
    }

    /// Works until the goodbye is sent; gives the writer back.
    pub fn run(mut self, first: &Arc<List>) -> (Result<(), Error>, Writer<W>) {
        let result = self.work(first);
        (result, self.writer)
    }

    fn work(&mut self, first: &Arc<List>) -> Result<(), Error> {
        let settings = &self.session.settings;
        self.say_generating(|| format!("generator starting pid={}", std::process::id()));
        if settings.debug.flist >= 1 && !settings.list_only {
            self.log.info(match self.session.whole_file {
                true => "delta-transmission disabled for local transfer or --whole-file",
                false => "delta-transmission enabled",
            });
        }
        let (inc, links) = (self.session.inc_recurse, settings.hard_links);
        let (before, late) = match self.session.delete {
            Some(DeleteTiming::Before) => (true, None),
            Some(t @ (DeleteTiming::After | DeleteTiming::Delay)) => (false, Some(t)),
            _ => (false, None),
        };
        self.accept(first.clone());
        while inc && links && !self.eof && self.entries < LINK_AHEAD && !self.hurried {
            self.wait_event()?;
        }
        if before {
            self.delete_pass(first)?;
        }
        loop {
            while let Some(list) = self.pending.pop_front() {
                self.walk(&list)?;
                self.free_finished()?;
            }
            if self.eof {
                break;
            }
            // The next list is mostly on its way already, and more can be said in one go then.
            match self.inbox.recv_timeout(LIST_PATIENCE) {
                Ok(event) => {
                    self.event(event)?;
                    self.work_off()?;
                }
                Err(_) => self.wait_event()?,
            }
            self.free_finished()?;
        }
        self.say_generating(|| "generate_files phase=1");
        // Redo, with every list still known to the sender.
        if inc {
            while !self.live.is_empty() {
                self.wait_event()?;
                self.free_finished()?;
            }
        } else {
            self.send_done();
        }
        self.await_dones()?;
        self.redoing = true;
        self.work_off()?;
        self.closing = true;
        self.say_generating(|| "generate_files phase=2");
        if let Some(replay) = &self.shared.replay {
            replay.close();
        }
        self.send_done();
        let delayed = self.session.settings.delay_updates;
        if delayed && late.is_none() {
            self.send_delete_stats();
        }
        if delayed {
            // The files that waited have got their names when that comes back.
            self.await_dones()?;
        }
        if self.live.iter().any(|s| !s.list.is_settled()) {
            // Links to redone files are still to be reported, for which this is the last chance.
            self.await_dones()?;
        }
        let protocol = self.session.protocol;
        if protocol.has_item_flags() {
            self.say_generating(|| "generate_files phase=3");
            self.send_done();
        }
        if late.is_none() {
            self.late_done();
        }
        self.await_dones()?;
        match late {
            Some(DeleteTiming::After) => self.delete_pass(first)?,
            Some(_) => self.delete_queued()?,
            None => {}
        }
        self.deletions_stopped();
        if late.is_some() {
            self.late_done();
            self.await_dones()?;
        }
        self.touch_up(first)?;
        self.send_done();
        self.say_generating(|| "generate_files finished");
        self.writer.flush()
    }

    fn say_generating<T: AsRef<[u8]>>(&self, text: impl FnOnce() -> T) {
        let settings = &self.session.settings;
        self.log.debug(settings.debug.genr > 0 && !settings.list_only, text);
    }

    fn say_entry(&self, name: &[u8], ndx: i32) {
        self.say_generating(|| [b"recv_generator(", name, format!(",{ndx})").as_bytes()].concat());
    }

    /// DEL_STATS, unless that was sent before, and the DONE of late deletion.
    fn late_done(&mut self) {
        if !self.session.protocol.has_error_exit() {
            return;
        }
        let before = self.session.settings.delay_updates
            && !matches!(self.session.delete, Some(DeleteTiming::After | DeleteTiming::Delay));
        if !before {
            self.send_delete_stats();
        }
        self.send_done();
    }

    fn send_delete_stats(&mut self) {
        if !self.session.protocol.has_error_exit() {
            return;
        }
        let settings = &self.session.settings;
        if settings.delete || settings.force {
            self.ndx.encode(ndx::DEL_STATS, self.writer.buf());
            let s = &self.session.stats;
            let max = wire::limits::MAX_DELETE_COUNT as u64;
            let n = |c: &crate::session::Counter| c.value().min(max) as u32;
            let stats = DeleteStats {
                files: n(&s.deleted_files),
                dirs: n(&s.deleted_dirs),
                links: n(&s.deleted_links),
                devices: n(&s.deleted_devices),
                specials: n(&s.deleted_specials),
            };
            stats.encode(self.writer.buf());
        }
    }

    fn send_done(&mut self) {
        self.shared.count_done();
        self.ndx.encode(ndx::DONE, self.writer.buf());
    }

    /// Waits until every DONE so far was echoed.
    fn await_dones(&mut self) -> Result<(), Error> {
        while self.done_seen < self.shared.dones.load(Ordering::Relaxed) {
            self.wait_event()?;
        }
        Ok(())
    }

    fn accept(&mut self, list: Arc<List>) {
        self.entries += list.len();
        if self.session.settings.hard_links {
            for i in 0..list.len() {
                if let Some(e) = list.get(i)
                    && let Some(group) = e.hard_link_group()
                {
                    self.links.member(group, e.ndx());
                }
            }
        }
        self.pending.push_back(list);
    }

    /// Handles the entries of a list.
    fn walk(&mut self, list: &Arc<List>) -> Result<(), Error> {
        self.live.push_back(State { list: list.clone(), walked: false });
        self.deleter.errors |= list.io_error;
        if let Some(dir) = &list.dir {
            self.say_entry(&dir.name, list.base() - 1);
            self.list_dir(list, dir)?;
        } else if self.session.inc_recurse {
            self.say_entry(b".", list.base() - 1);
        }
        self.walked(list.base() - 1);
        let says = self.session.settings.debug.genr > 0;
        for slot in 0..list.len() {
            if let Some(e) = list.get(slot).filter(|_| says) {
                self.say_entry(&e.name(), e.ndx());
            }
            self.entry(list, slot, false)?;
            if list.in_order() {
                self.walked(list.base() + slot as i32);
            }
            self.tick()?;
        }
        self.walked(list.base() + list.len() as i32 - 1);
        if let Some(state) = self.live.back_mut() {
            state.walked = true;
        }
        self.work_off()
    }

    /// Every entry up to this index was decided about.
    fn walked(&self, ndx: i32) {
        if let Some(replay) = &self.shared.replay {
            replay.walked(ndx);
        }
    }

    /// Now and then: events, keep-alives.
    fn tick(&mut self) -> Result<(), Error> {
        self.ticks += 1;
        if self.ticks.is_multiple_of(TICK) {
            self.writer.keep_alive()?;
            if self.unflushed > 0 && self.unflushed_since.elapsed() >= PATIENCE {
                self.unflushed = 0;
                self.writer.flush()?;
            }
            self.writer.spill()?;
            self.work_off()?;
        }
        Ok(())
    }

    /// Handles what has been reported, without waiting.
    fn work_off(&mut self) -> Result<(), Error> {
        while let Ok(event) = self.inbox.try_recv() {
            self.event(event)?;
        }
        self.catch_up()
    }

    /// Waits for something to be reported, and handles it.
    fn wait_event(&mut self) -> Result<(), Error> {
        self.catch_up()?;
        // Whoever waits must not leave anything unsaid.
        self.writer.flush()?;
        self.unflushed = 0;
        let event = loop {
            let got = match self.writer.keep_alive_interval() {
                Some(interval) => self.inbox.recv_timeout(interval),
                None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match got {
                Ok(event) => break event,
                Err(RecvTimeoutError::Timeout) => self.writer.keep_alive()?,
                Err(RecvTimeoutError::Disconnected) => break Event::Abort,
            }
        };
        self.event(event)?;
        self.work_off()
    }

    /// Second attempts, and members of hard-link groups that take over.
    fn catch_up(&mut self) -> Result<(), Error> {
        while let Some(ndx) = self.links.promoted.pop_front() {
            self.end_one(ndx);
            if !self.closing {
                self.entry_again(ndx, false)?;
            }
        }
        // Without incremental recursion the sender takes second requests in their own phase.
        while self.session.inc_recurse || self.redoing {
            let Some(ndx) = self.redo.pop_front() else { break };
            if self.closing {
                self.failed(ndx)?;
            } else {
                self.end_one(ndx);
                self.entry_again(ndx, true)?;
            }
            if let Some(replay) = &self.shared.replay {
                replay.retried(ndx);
            }
        }
        Ok(())
    }

    fn event(&mut self, event: Event) -> Result<(), Error> {
        match event {
            Event::List(list) => self.accept(list),
            Event::ListEof => self.eof = true,
            Event::Done => self.done_seen += 1,
            Event::Finished(ndx) => {
                self.confirm(ndx, Confirmed::Transferred)?;
                self.end_one(ndx);
                self.leader_done(ndx)?;
            }
            Event::Settled => {}
            Event::Hurry => self.hurried = true,
            Event::Redo(ndx) => self.redo.push_back(ndx),
            Event::Failed(ndx) => self.failed(ndx)?,
            Event::Abort => {
                // The receiver says why.
                return Err(Error::fatal(crate::ExitCode::STREAM_IO, Vec::new()));
            }
        }
        Ok(())
    }

    fn failed(&mut self, ndx: i32) -> Result<(), Error> {
        self.end_one(ndx);
        let group = self.node(ndx).and_then(|(_, _, node)| node.group);
        if let Some(group) = group {
            self.links.give_up(group, ndx);
        }
        Ok(())
    }

    /// Something more is open in the list that `ndx` belongs to.
    fn begin_one(&self, ndx: i32) {
        if let Some(state) = self.live.iter().find(|s| s.list.contains(ndx)) {
            state.list.begin_one();
        }
    }

    /// Something less is open in the list that `ndx` belongs to.
    fn end_one(&self, ndx: i32) {
        if let Some(state) = self.live.iter().find(|s| s.list.contains(ndx)) {
            state.list.end_one();
        }
    }

    /// The entry with an index, in a list that is being worked on.
    fn node(&mut self, ndx: i32) -> Option<(Arc<List>, usize, Node)> {
        let list = self.live.iter().find(|s| s.list.contains(ndx))?.list.clone();
        let slot = list.slot(ndx)?;
        let node = self.make_node(&list, slot)?;
        Some((list, slot, node))
    }

    fn make_node(&mut self, list: &Arc<List>, slot: usize) -> Option<Node> {
        let e = list.get(slot)?;
        let name = e.name();
        let path = match &self.solo {
            Some(solo) => solo.clone(),
            None => RelPath::new(&name)?,
        };
        let group = e.hard_link_group().filter(|_| self.session.settings.hard_links);
        let place = list.base().saturating_add(slot as i32);
        Some(Node { ndx: e.ndx(), place, path, name, want: self.attrs.want(e), group })
    }

    /// Incremental: gives up lists that nothing is open in, oldest first, but never the one that is being worked on.
    fn free_finished(&mut self) -> Result<(), Error> {
        if !self.session.inc_recurse {
            return Ok(());
        }
        while let Some(front) = self.live.front() {
            let last = self.live.len() == 1 && self.pending.is_empty() && !self.eof;
            if !front.walked || !front.list.is_settled() || last {
                break;
            }
            if let Some(state) = self.live.pop_front() {
                if let Some(dir) = &state.list.dir {
                    if self.session.delete != Some(DeleteTiming::Delay) {
                        self.say_touched(&dir.name, dir.number);
                    }
                    match self.session.delete {
                        Some(DeleteTiming::Delay) => self.touch_later.push(dir.clone()),
                        _ => self.touch_dir(&dir.name, &dir.base),
                    }
                }
                self.send_done();
                self.flush_soon()?;
            }
        }
        Ok(())
    }

    /// Sends what was written, if enough has gathered.
    fn flush_soon(&mut self) -> Result<(), Error> {
        if self.unflushed == 0 {
            self.unflushed_since = Instant::now();
        }
        self.unflushed += 1;
        // A peer that has read many messages may have sent nothing more meanwhile, and wait for what comes behind them.
        if self.unflushed >= BURST || self.writer.has_many_messages() {
            self.unflushed = 0;
            return self.writer.flush();
        }
        self.writer.spill()
    }

    /// lstat; what cannot exist does not exist.
    pub fn lstat(&mut self, p: &RelPath) -> io::Result<Option<Stat>> {
        let Some(root) = &mut self.root else { return Ok(None) };
        match root.lstat(p) {
            Ok(st) => {
                self.attrs.say_unread(root, p);
                Ok(Some(st))
            }
            // Only a dry run leaves things in the way of directories; otherwise that is an error of its own.
            Err(e) if is_missing(&e) && (!self.shared.do_xfers || !is_in_the_way(&e)) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// lstat of what an entry replaces. Behind a link that `--keep-dirlinks` takes for a directory, but that leads out of the
    /// destination, a file's place cannot be told (for anything else, making it fails).
    fn lstat_entry(&mut self, node: &Node) -> io::Result<Option<Stat>> {
        let leads_out =
            |e: &io::Error| e.raw_os_error() == Some(fsroot::Errno::LOOP.raw_os_error());
        if self.session.settings.keep_dirlinks
            && node.want.kind == Some(Kind::Regular)
            && let Some(root) = &mut self.root
            && let Some(e) = root.lstat(&node.path).err().filter(leads_out)
        {
            return Err(e);
        }
        self.lstat(&node.path)
    }

    /// `--no-implied-dirs`: parents that were not asked for keep their attributes.
    fn leaves_implied_dirs(&self) -> bool {
        let settings = &self.session.settings;
        settings.relative && !settings.implied_dirs
    }

    /// A single item under a new name: nothing around it is the transfer's business.
    pub fn is_solo(&self) -> bool {
        self.solo.is_some()
    }

    pub fn is_skipped(&self, name: &[u8]) -> bool {
        self.skipped.contains(name) || self.below_skipped(name)
    }

    pub fn root_user(&self) -> bool {
        self.attrs.root_user
    }

    /// The daemon's rules hide the name from this session.
    pub fn daemon_excludes(&self, path: &RelPath, is_dir: bool) -> bool {
        let rules = self.daemon_filters.as_ref();
        rules.is_some_and(|f| f.check(path.as_bytes(), is_dir, false) == Verdict::Exclude)
    }

    /// Makes a backup, if that is wanted; without it, what is there must stay.
    pub fn back_up(&mut self, path: &RelPath, how: How) -> Result<Made, Error> {
        let (Some(backup), Some(root)) = (&mut self.backup, &mut self.root) else {
            return Ok(Made::Done);
        };
        let made = backup.make(root, &mut self.attrs, path, how);
        for (name, kind) in backup.take_cleared() {
            self.removed_name(&name, kind, 0)?;
        }
        Ok(made)
    }

    /// What [`Made::Failed`] says.
    pub fn say_backup_failed(&self, line: &[u8]) {
        if !line.is_empty() {
            self.log.error(line);
        }
    }

    /// Backs up what a new item will replace. False if that failed: then it must stay.
    fn back_up_replaced(&mut self, path: &RelPath) -> Result<bool, Error> {
        match self.back_up(path, How::Keep)? {
            Made::Failed(_, line) => {
                self.session.status.set_xfer_error();
                self.say_backup_failed(&line);
                Ok(false)
            }
            Made::Done | Made::Skipped => Ok(true),
        }
    }

    fn deletions_stopped(&mut self) {
        let skipped = self.deleter.skipped_by_limit();
        if skipped > 0 {
            let text = format!("Deletions stopped due to --max-delete limit ({skipped} skipped)");
            self.log.warning(text);
            self.session.status.add_io_error(io_error::DEL_LIMIT);
        }
    }

    fn name_text(&self, before: &str, name: &[u8], after: &str) -> Vec<u8> {
        [before.as_bytes(), name, after.as_bytes()].concat()
    }
}

/// Something that is no directory stands where a directory should.
fn is_in_the_way(e: &io::Error) -> bool {
    e.raw_os_error() == Some(fsroot::Errno::NOTDIR.raw_os_error())
}

/// Nothing can be there: also below something that is not a directory, or a symlink that is not followed.
pub(super) fn is_missing(e: &io::Error) -> bool {
    use fsroot::Errno;
    let errno = e.raw_os_error();
    [Errno::NOENT, Errno::NOTDIR, Errno::LOOP].iter().any(|n| errno == Some(n.raw_os_error()))
}
