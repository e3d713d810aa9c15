//! The generator: compares the lists with the destination, requests what is missing.
mod alternates;
mod confirm;
mod copy;
mod dirs;
mod entry;
mod events;
mod fuzzy;
mod item;
mod links;
mod phases;
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
    temp_dir::TempDir,
};
use crate::{
    Error, Session,
    conn::Writer,
    log::{Log, Role},
};
use confirm::Confirmed;
use delta::checksum::BlockHasher;
use fast_io::SendHalf;
use filters::{FilterList, Verdict};
use fsroot::{Errno, Kind, Root, Stat, is_errno};
use fuzzy::Fuzzy;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    io,
    sync::{Arc, mpsc},
    time::Instant,
};
use wire::{RelPath, ndx::NdxEncoder};

/// Owns the writing end.
pub(super) struct Generator<W> {
    pub shared: Arc<Shared>,
    pub session: Arc<Session>,
    pub writer: Writer<W>,
    ndx: NdxEncoder,
    inbox: mpsc::Receiver<Event>,
    pub root: Option<Root>,
    partial: Option<Partial>,
    /// `--temp-dir`.
    temp_dir: Option<TempDir>,
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
    /// What is in place, but waits for extended attributes; how it is to be confirmed then.
    undressed: HashMap<i32, Option<confirm::Confirmed>>,
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
    /// Directories that were opened up, and their modes, which are restored at the end where they forbid us to write.
    tweaked: Vec<(RelPath, u32)>,
    /// Incremental: directories whose times are set at the end.
    touch_later: Vec<Arc<Dir>>,
    /// The parent that was last found in the list.
    known_parent: Option<Vec<u8>>,
    /// The parent that was last found to be missing there.
    absent_parent: Option<Vec<u8>>,
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
            deleter: Deleter::new(
                &session,
                job.filters,
                job.loader.speaking(log.clone()),
                &dest.path,
            ),
            backup: Backup::new(&shared, &dest),
            alt_dirs: dest.alt_dirs,
            fuzzy: Fuzzy::default(),
            daemon_filters: job.daemon_filters,
            root: dest.root,
            partial: dest.partial,
            temp_dir: dest.temp_dir,
            root_is_new: dest.created,
            solo: dest.solo,
            live: VecDeque::new(),
            pending: VecDeque::new(),
            eof: !session.inc_recurse,
            entries: 0,
            done_seen: 0,
            redo: VecDeque::new(),
            undressed: HashMap::new(),
            redoing: false,
            closing: false,
            links: Links::new(session.settings.debug.hlink > 1),
            skipped: HashSet::new(),
            early: HashSet::new(),
            unmade: HashSet::new(),
            fresh: None,
            crowded: false,
            hurried: false,
            tweaked: Vec::new(),
            touch_later: Vec::new(),
            known_parent: None,
            absent_parent: None,
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

    fn say_generating<T: AsRef<[u8]>>(&self, text: impl FnOnce() -> T) {
        let settings = &self.session.settings;
        self.log.debug(settings.debug.genr > 0 && !settings.list_only, text);
    }

    fn say_entry(&self, name: &[u8], ndx: i32) {
        self.say_generating(|| [b"recv_generator(", name, format!(",{ndx})").as_bytes()].concat());
    }

    /// Handles the entries of a list.
    fn walk(&mut self, list: &Arc<List>) -> Result<(), Error> {
        self.live.push_back(State { list: list.clone(), walked: false });
        self.deleter.errors |= list.io_error;
        if let Some(dir) = &list.dir {
            self.say_entry(&dir.name, list.base() - 1);
            self.list_dir(list, dir)?;
        }
        self.walked(list.base() - 1);
        let says = self.session.settings.debug.genr > 0;
        for slot in 0..list.len() {
            if let Some(e) = list.get(slot).filter(|_| says) {
                self.say_entry(&e.name(), e.ndx());
            }
            self.entry(list, slot, false)?;
            self.forget_lists();
            if list.in_order() {
                self.walked(list.base() + slot as i32);
            }
            self.tick()?;
            if slot == 0 && list.len() > 1 && !self.session.inc_recurse {
                self.end_opening()?;
            }
        }
        self.walked(list.base() + list.len() as i32 - 1);
        if list.is_empty() {
            self.forget_lists();
        }
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

    /// lstat of what an entry replaces. Behind a link that is taken for a directory (`--keep-dirlinks`, `--no-implied-dirs`), but
    /// that leads out of the destination, a file's place cannot be told (for anything else, making it fails).
    fn lstat_entry(&mut self, node: &Node) -> io::Result<Option<Stat>> {
        let leads_out = |e: &io::Error| is_errno(e, Errno::LOOP);
        let follows = self.session.settings.keep_dirlinks
            || (self.leaves_implied_dirs() && self.shared.do_xfers);
        if follows
            && node.want.kind == Some(Kind::Regular)
            && let Some(root) = &mut self.root
            && let Some(e) = root.lstat(&node.path).err().filter(leads_out)
        {
            return Err(e);
        }
        self.lstat_to_make(node)
    }

    /// The same of anything. Making what is no regular file fails if its place cannot be looked at.
    fn lstat_to_make(&mut self, node: &Node) -> io::Result<Option<Stat>> {
        let denied = |e: &io::Error| e.kind() == io::ErrorKind::PermissionDenied;
        match self.lstat(&node.path) {
            // What --ignore-existing leaves in the way would have been left there.
            Ok(None) if self.stays_in_the_way(&node.path) => Err(Errno::NOTDIR.into()),
            // In a dry run its directory, which cannot be seen either, would have been made.
            Err(e) if !self.shared.do_xfers && denied(&e) => match node.path.parent() {
                Some(parent) if self.lstat(&parent).is_err() => Ok(None),
                _ => Err(e),
            },
            looked => looked,
        }
    }

    /// Whether a dry run meets something below what is no directory, and would not be replaced by one.
    fn stays_in_the_way(&mut self, path: &RelPath) -> bool {
        let asks = !self.shared.do_xfers && self.session.settings.ignore_existing;
        let Some(parent) = path.parent().filter(|_| asks) else { return false };
        let above = self.lstat(&parent).ok().flatten();
        above.is_some_and(|st| !matches!(st.kind, Kind::Directory | Kind::Symlink))
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
    fn back_up_replaced(&mut self, path: &RelPath, how: How) -> Result<bool, Error> {
        match self.back_up(path, how)? {
            Made::Failed(_, line) | Made::Nowhere(_, line) => {
                self.session.status.set_xfer_error();
                self.say_backup_failed(&line);
                Ok(false)
            }
            Made::Done | Made::Copied | Made::Skipped => Ok(true),
        }
    }

    fn name_text(&self, before: &str, name: &[u8], after: &str) -> Vec<u8> {
        [before.as_bytes(), name, after.as_bytes()].concat()
    }
}

/// Something that is no directory stands where a directory should.
fn is_in_the_way(e: &io::Error) -> bool {
    is_errno(e, Errno::NOTDIR)
}

/// Nothing can be there: also below something that is not a directory, or a symlink that is not followed.
pub(super) fn is_missing(e: &io::Error) -> bool {
    [Errno::NOENT, Errno::NOTDIR, Errno::LOOP].into_iter().any(|errno| is_errno(e, errno))
}
