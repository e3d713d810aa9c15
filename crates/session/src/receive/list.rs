//! Receiving lists: entries, id lists, checks of what was received, and the table of directories (file list: validating received
//! lists; incremental recursion).
use super::{
    ReceiveJob,
    attrs::Want,
    dest::absolute,
    idmap::{self, Ids},
    ids::IdNotes,
    shared::Shared,
};
use crate::{
    Error, ExitCode,
    chmod::Chmod,
    conn::Reader,
    flist::{Entry, Segment, SegmentBuilder},
    log::{Class, Role, named},
    session::io_error,
    settings::MUNGE_PREFIX,
};
use fast_io::RecvHalf;
use filters::{FilterList, Requested, RequestedNames, Verdict};
use fsroot::{Kind, names::NameCache, text};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};
use wire::{
    Fault, RelPath, WireError,
    compat::CompatFlags,
    flist::{FileEntry, FlistDecoder, ListItem},
    ids,
};

/// A received list: the segment, what was pruned from it, and the directory that it belongs to.
#[derive(Debug)]
pub(super) struct List {
    seg: Arc<Segment>,
    /// Incremental: the directory that the gap index stands for.
    pub dir: Option<Arc<Dir>>,
    /// The sender's errors, as they stood at the end of this list.
    pub io_error: i32,
    /// Requests without outcome, and members of hard-link groups that wait. Both threads count down; only the generator counts
    /// up, before it asks.
    open: AtomicUsize,
}

/// A directory of an incremental session, kept for its own list.
#[derive(Debug)]
pub(super) struct Dir {
    /// Its number among the directories.
    pub number: usize,
    pub name: Vec<u8>,
    pub base: DirEntry,
}

/// What is kept of a directory's entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct DirEntry {
    pub want: Want,
    pub implied: bool,
    pub content: bool,
    pub top: bool,
}

impl List {
    /// First index.
    pub fn base(&self) -> i32 {
        self.seg.base()
    }
    /// Entries, blanked slots included.
    pub fn len(&self) -> usize {
        self.seg.len()
    }
    pub fn is_empty(&self) -> bool {
        self.seg.len() == 0
    }
    /// The entry in a slot.
    pub fn get(&self, i: usize) -> Option<Entry<'_>> {
        self.seg.get(i)
    }
    /// Whether an index belongs to the list, the gap index included.
    pub fn contains(&self, ndx: i32) -> bool {
        let offset = i64::from(ndx) - i64::from(self.base());
        offset >= -1 && offset < self.len() as i64
    }
    /// The slot of an index; `None` for the gap index.
    pub fn slot(&self, ndx: i32) -> Option<usize> {
        self.seg.position_of(ndx)
    }
    /// Whether the entries stand in the order of their indexes.
    pub fn in_order(&self) -> bool {
        self.seg.in_order()
    }
    /// One more thing is open.
    pub fn begin_one(&self) {
        self.open.fetch_add(1, Ordering::AcqRel);
    }
    /// One thing less is open; true if it was the last.
    pub fn end_one(&self) -> bool {
        let before =
            self.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| n.checked_sub(1));
        before == Ok(1)
    }
    /// Whether nothing is open.
    pub fn is_settled(&self) -> bool {
        self.open.load(Ordering::Acquire) == 0
    }
    /// Whether a name stands in the list, whatever its type.
    pub fn has_name(&self, name: &[u8]) -> bool {
        [false, true]
            .into_iter()
            .any(|dir| self.seg.find(name, dir).is_some_and(|i| self.get(i).is_some()))
    }
    /// Whether a directory stands in the list.
    pub fn has_dir(&self, name: &[u8]) -> bool {
        self.seg.find(name, true).is_some_and(|i| self.get(i).is_some())
    }
}

/// A link's target that does not lead out of the tree whose root is `depth` directories up (client-supplied paths: the
/// sanitiser).
fn sanitize(target: &[u8], depth: usize) -> Vec<u8> {
    let mut depth = if target.starts_with(b"/") { 0 } else { depth };
    let mut parts: Vec<&[u8]> = Vec::new();
    let mut climbs = 0;
    for part in target.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.len() > climbs => {
                parts.pop();
            }
            b".." if depth > 0 => {
                depth -= 1;
                climbs += 1;
                parts.push(part);
            }
            b".." => {}
            _ => parts.push(part),
        }
    }
    if parts.is_empty() {
        return b".".to_vec();
    }
    let mut out = parts.join(&b'/');
    if target.ends_with(b"/") {
        out.push(b'/');
    }
    out
}

/// One number of the directory table.
enum Slot {
    Waiting(Arc<Dir>),
    Served,
    Cleared,
    /// A directory that has no name here, so that nothing below it has one either.
    Unnamed,
}

/// What a list's entries hang below.
#[derive(Clone, Copy)]
enum Parent<'a> {
    /// The first list's, wherever they like.
    Any,
    /// A directory's list.
    Dir(u32, &'a [u8]),
    /// The list of a directory that has no name here.
    Unnamed(u32),
}

impl Parent<'_> {
    fn number(self) -> Option<u32> {
        match self {
            Parent::Any => None,
            Parent::Dir(d, _) | Parent::Unnamed(d) => Some(d),
        }
    }
}

/// Reads the lists of a session.
pub(super) struct ListReader {
    shared: Arc<Shared>,
    decoder: FlistDecoder,
    names: NameCache,
    next_base: i64,
    dirs: Vec<Slot>,
    sender_filters: Option<FilterList>,
    requested: Option<RequestedNames>,
    /// The destination as it was typed.
    dest: Vec<u8>,
    /// `--chmod`.
    chmod: Option<Chmod>,
    attrs: super::attrs::Attrs,
    /// `--debug=own2`.
    id_notes: Option<IdNotes>,
}

impl ListReader {
    pub fn new(shared: Arc<Shared>, job: &mut ReceiveJob) -> ListReader {
        let format = crate::flist::format(&shared.session);
        let log = shared.log(Role::Receiver);
        shared.xattrs.set_rules(&job.filters);
        ListReader {
            decoder: FlistDecoder::new(format),
            names: NameCache::default(),
            next_base: i64::from(shared.session.inc_recurse),
            dirs: Vec::new(),
            sender_filters: job
                .sender_filters
                .take()
                .filter(|f| !f.is_empty() && !f.has_dir_merge()),
            requested: job.requested.take().filter(|r| !r.is_empty()),
            dest: job.dest.clone().unwrap_or_default(),
            chmod: Chmod::of(shared.session.settings.chmod.as_ref()),
            attrs: super::attrs::Attrs::new(shared.clone(), log),
            id_notes: (shared.session.settings.debug.own > 1).then(IdNotes::default),
            shared,
        }
    }

    /// The first list, with what follows it in a session without incremental recursion. `prune` are the rules that keep a
    /// directory from being pruned.
    pub fn first<R: RecvHalf>(
        &mut self,
        reader: &mut Reader<R>,
        prune: &FilterList,
    ) -> Result<Arc<List>, Error> {
        let began = Instant::now();
        let session = self.shared.session.clone();
        let bytes_before = session.stats.bytes_read.value();
        let prune = session.settings.prune_empty_dirs.then_some(prune);
        let (seg, mut io_error) = self.entries(reader, Parent::Any, prune)?;
        if !session.inc_recurse {
            self.id_lists(reader)?;
            if let Some(notes) = &mut self.id_notes {
                notes.say_met(&self.attrs.log, &self.shared.ids, true);
            }
            if !session.protocol.has_varints() {
                let bits = reader.read(|c| c.int32())?;
                if !session.settings.ignore_errors {
                    session.status.add_io_error(bits);
                    io_error |= bits & 7;
                }
            }
        }
        self.take_tables();
        let list = List { seg, dir: None, io_error, open: AtomicUsize::new(0) };
        self.count(&list);
        session.stats.flist_xfer_ms.set(began.elapsed().as_millis() as u64);
        session.stats.flist_size.add(session.stats.bytes_read.value() - bytes_before);
        Ok(Arc::new(self.adopt(list)))
    }

    /// The list of directory number `d`.
    pub fn further<R: RecvHalf>(
        &mut self,
        reader: &mut Reader<R>,
        d: usize,
    ) -> Result<Arc<List>, Error> {
        let last = self.dirs.len() as i64 - 1;
        let refuse = |text: String| Err(WireError::new(Fault::Protocol, text).with_role().into());
        let dir = match self.dirs.get(d) {
            None => {
                let ndx = -101 - d as i64;
                let text = format!("Invalid dir index: {ndx} (-101 - {})", -101 - last);
                return refuse(text);
            }
            Some(Slot::Waiting(dir)) => Some(dir.clone()),
            Some(Slot::Unnamed) => None,
            Some(Slot::Served) => {
                return refuse(format!("rsync: refusing malicious duplicate flist for dir {d}"));
            }
            Some(Slot::Cleared) => {
                return refuse(format!("rsync: refusing flist for cleared dir_ndx {d}"));
            }
        };
        self.dirs[d] = Slot::Served;
        let session = self.shared.session.clone();
        let bytes_before = session.stats.bytes_read.value();
        let parent = match &dir {
            Some(dir) => Parent::Dir(d as u32, &dir.name),
            None => Parent::Unnamed(d as u32),
        };
        let (seg, io_error) = self.entries(reader, parent, None)?;
        self.take_tables();
        let list = List { seg, dir, io_error, open: AtomicUsize::new(0) };
        self.count(&list);
        session.stats.flist_size.add(session.stats.bytes_read.value() - bytes_before);
        Ok(Arc::new(self.adopt(list)))
    }

    /// Reads entries up to the end marker. Returns also the sender's errors. `prune`: the rules that protect
    /// directories from `--prune-empty-dirs`, if that is on.
    fn entries<R: RecvHalf>(
        &mut self,
        reader: &mut Reader<R>,
        parent: Parent<'_>,
        prune: Option<&FilterList>,
    ) -> Result<(Arc<Segment>, i32), Error> {
        let session = self.shared.session.clone();
        let base = i32::try_from(self.next_base).map_err(|_| {
            WireError::new(Fault::Memory, "file list has too many entries").with_role()
        })?;
        self.decoder.begin(base as u32);
        let mut builder = SegmentBuilder::new(session.protocol, base, parent.number())
            .with_options(session.settings.recurse, session.settings.relative)
            .numbered_by_arrival(session.charset.is_some());
        let first = matches!(parent, Parent::Any);
        let mut progress = Progress::begin(&self.shared, first);
        if first {
            self.map_ids()?;
        }
        let mut count = 0u64;
        // Nothing may be deleted for the want of a name that could not be converted.
        let mut unnamed = 0;
        let says = session.settings.debug.flist > 1;
        if let Some(number) = parent.number() {
            self.attrs.log.debug(says, || format!("[receiver] receiving flist for dir {number}"));
        }
        let io_error = loop {
            let decoder = &mut self.decoder;
            let mut e = match reader.read(|c| decoder.decode(c))? {
                ListItem::Entry(e) => e,
                ListItem::End { io_error } => {
                    if session.settings.ignore_errors {
                        break 0;
                    }
                    let bits = (io_error & 7) as i32;
                    session.status.add_io_error(bits);
                    break bits | unnamed;
                }
            };
            count += 1;
            progress.entry(count);
            if matches!(parent, Parent::Unnamed(_)) || !self.convert(&mut e, first) {
                // ACLs and attributes are numbered by arrival, too.
                if let Some(k) = e.xattr {
                    self.take_xattrs(k);
                }
                builder.push_unnamed(e.mode & 0o170000 == 0o040000);
                unnamed = io_error::GENERAL;
                continue;
            }
            let name = self.check(&mut e, parent)?;
            self.attrs.log.debug(says, || named("recv_file_name(", &name, ")"));
            if let Some(chmod) = &self.chmod
                && let Some(kind) = Kind::from_wire_mode(e.mode)
                && kind != Kind::Symlink
            {
                e.mode = chmod.apply(e.mode, kind == Kind::Directory);
            }
            if session.settings.munge_links && !e.link_target.is_empty() {
                e.link_target.splice(..0, MUNGE_PREFIX.iter().copied());
            }
            if session.settings.sanitize_links && !e.link_target.is_empty() {
                let depth = name.iter().filter(|b| **b == b'/').count();
                e.link_target = sanitize(&e.link_target, depth);
            }
            if !session.settings.numeric_ids {
                if let Some(user) = &e.uid_name {
                    self.add_id(Ids::Users, e.uid, user, first);
                }
                if let Some(group) = &e.gid_name {
                    self.add_id(Ids::Groups, e.gid, group, first);
                }
            }
            self.meet_ids(&e);
            if let Some(k) = e.xattr {
                self.take_xattrs(k);
            }
            builder.push(&e, &name, 0);
        };
        if let Some(notes) = self.id_notes.as_mut().filter(|_| session.inc_recurse) {
            notes.say_met(&self.attrs.log, &self.shared.ids, first);
        }
        progress.end(count);
        self.attrs.log.debug(says, || format!("received {count} names"));
        self.attrs.log.debug(says, || "recv_file_list done");
        let seg = match prune {
            Some(rules) => {
                builder.finish_pruned(|e| rules.check(&e.name(), true, false) == Verdict::Exclude)
            }
            None => builder.finish(true),
        };
        self.shared.report(|r| r.list_added(base, seg.len()));
        if session.settings.debug.dup >= 1 {
            say_duplicates(&self.shared, &seg);
        }
        self.next_base = i64::from(base) + seg.len() as i64 + i64::from(session.inc_recurse);
        Ok((seg, io_error))
    }

    /// Turns name and target into what they are in our charset; false if that is not possible.
    fn convert(&self, e: &mut FileEntry, first: bool) -> bool {
        let session = &self.shared.session;
        let Some(charset) = &session.charset else { return true };
        let role = if first { Role::ReceiverPresplit } else { Role::Receiver };
        let fail = |what: &str, name: &[u8], why: &std::io::Error| {
            let why = format!(" ({})", crate::log::reason(why));
            let what = format!("[{}] {what}", role.name());
            let line = [what.as_bytes(), name, why.as_bytes(), b"\n"].concat();
            self.shared.log(role).sink().message_in_utf8(Class::ErrorXfer, &line);
            session.status.add_io_error(io_error::GENERAL);
            false
        };
        match charset.name_from_wire(&e.name) {
            Ok(name) => e.name = name,
            Err(why) => return fail("cannot convert filename: ", &e.name, &why),
        }
        if session.converts_targets && !e.link_target.is_empty() {
            match charset.target_from_wire(&e.link_target) {
                Ok(target) => e.link_target = target,
                Err(why) => {
                    let path = self.quoted(&e.name, first);
                    return fail("cannot convert symlink data for: ", &path, &why);
                }
            }
        }
        true
    }

    /// The path of an entry for messages. The first list comes before the destination is entered.
    fn quoted(&self, name: &[u8], first: bool) -> Vec<u8> {
        if let Some(served) = &self.shared.session.settings.served {
            return [b"\"", name, b"\" (in ", &served.module, b")"].concat();
        }
        let dir = if first { &b""[..] } else { &self.dest };
        [b"\"", &absolute(&text::path(dir))[..], b"/", name, b"\""].concat()
    }

    /// The checks of a name that need to know the request, and the name as it is used: cleaned, `.` for the root.
    fn check(&self, e: &mut FileEntry, parent: Parent<'_>) -> Result<Vec<u8>, Error> {
        let refuse = |text: &str, name: &[u8]| {
            let text = format!("{text}: {}", String::from_utf8_lossy(name));
            Error::from(WireError::new(Fault::Refused, text))
        };
        let session = &self.shared.session;
        let absolute = e.name.first() == Some(&b'/');
        let stripped = match absolute && session.settings.relative {
            true => &e.name[e.name.iter().position(|b| *b != b'/').unwrap_or(e.name.len())..],
            false => &e.name[..],
        };
        let path = RelPath::new(stripped)
            .ok_or_else(|| refuse("ABORTING due to unsafe pathname from sender", &e.name))?;
        let is_dir = e.mode & 0o170000 == 0o040000;
        let is_root = path.is_root();
        if !is_root
            && e.mode != 0
            && let Some(f) = &self.sender_filters
            && f.check(path.as_bytes(), is_dir, false) == Verdict::Exclude
        {
            return Err(refuse("ERROR: rejecting excluded file-list name", path.as_bytes()));
        }
        if let Some(requested) = &self.requested {
            let name = if is_root { b"." } else { path.as_bytes() };
            match requested.check(name, is_dir) {
                Requested::Yes => {}
                Requested::ParentOnly if is_dir => {
                    // What was asked for lies below, so the directory's own contents are not the sender's to list.
                    e.top_dir = true;
                    e.no_content = true;
                }
                _ if is_root => {}
                _ => {
                    let text = "ERROR: rejecting unrequested file-list name";
                    return Err(refuse(text, path.as_bytes()));
                }
            }
        }
        if session.inc_recurse {
            let dir = path.split().map(|(dir, _)| dir).unwrap_or_default();
            let parent = match parent {
                Parent::Dir(_, name) => Some(name),
                Parent::Any | Parent::Unnamed(_) => None,
            };
            if dir != parent.unwrap_or_default() || (is_root && parent.is_some()) {
                let slash: &[u8] = if dir.is_empty() && !is_root { b"/" } else { b"" };
                let shown = [slash, path.as_bytes()].concat();
                return Err(refuse("ABORTING due to invalid path from sender", &shown));
            }
        }
        Ok(if is_root { b".".to_vec() } else { path.as_bytes().to_vec() })
    }

    /// Reads `--usermap` and `--groupmap`.
    fn map_ids(&mut self) -> Result<(), Error> {
        let shared = self.shared.clone();
        let (log, s) = (&shared.session.log, &shared.session.settings);
        let id0 = shared.session.inc_recurse || shared.session.compat.has(CompatFlags::ID0_NAMES);
        shared.ids.name_zero(!id0 && !s.numeric_ids);
        for (map, kind) in [(&s.usermap, Ids::Users), (&s.groupmap, Ids::Groups)] {
            let Some(text) = map else { continue };
            let rules = idmap::parse(text, kind, &mut self.names, &mut |line| log.error(line))
                .map_err(|line| Error::fatal(ExitCode::SYNTAX, line))?;
            shared.ids.set_rules(kind, rules);
        }
        Ok(())
    }

    /// Takes over the name of an id, which came with the first list or a later one.
    fn add_id(&mut self, kind: Ids, id: u32, name: &[u8], first: bool) {
        self.shared.ids.add(kind, &mut self.names, id, name);
        if let Some(notes) = &mut self.id_notes {
            notes.say(&self.attrs.log, &self.shared.ids, kind, id, name, first);
        }
    }

    /// Notes the ids of an entry that are mapped.
    fn meet_ids(&mut self, e: &FileEntry) {
        let Some(notes) = &mut self.id_notes else { return };
        let o = &self.shared.session.settings;
        let wanted =
            [(Ids::Users, e.uid, o.owner && self.attrs.root_user), (Ids::Groups, e.gid, o.group)];
        for (kind, id, wanted) in wanted {
            if wanted && (!o.numeric_ids || self.shared.ids.has_rules(kind)) {
                notes.meet(kind, id);
            }
        }
    }

    /// The id lists (file list: id lists).
    fn id_lists<R: RecvHalf>(&mut self, reader: &mut Reader<R>) -> Result<(), Error> {
        let session = self.shared.session.clone();
        let o = &session.settings;
        if o.numeric_ids && !o.nameless_ids {
            return Ok(());
        }
        let p = session.protocol;
        let id0 = session.compat.has(CompatFlags::ID0_NAMES);
        for (kind, wanted) in [(Ids::Users, o.owner), (Ids::Groups, o.group)] {
            if !wanted && !o.acls {
                continue;
            }
            let mut add = |id, name: &[u8]| {
                if !o.nameless_ids {
                    self.add_id(kind, id, name, true);
                }
            };
            while let Some(item) = reader.read(|c| ids::decode_item(p, c))? {
                add(item.id, &item.name);
            }
            if id0 {
                add(0, &reader.read(ids::decode_id0)?);
            }
        }
        Ok(())
    }

    /// Shares the ACLs that a list brought.
    fn take_tables(&mut self) {
        let (session, ids) = (&self.shared.session, &self.shared.ids);
        if session.settings.acls {
            let numeric = session.settings.numeric_ids;
            // The names of an incremental list come with its ids, and only there are maps not a reason of their own.
            let ruled = !session.inc_recurse
                && [Ids::Users, Ids::Groups].into_iter().any(|kind| ids.has_rules(kind));
            let root = self.attrs.root_user;
            let maps = |kind| !numeric || ruled || (kind == Ids::Groups && !root);
            self.shared.acls.extend(
                self.decoder.access_acls.entries(),
                self.decoder.default_acls.entries(),
                ids,
                &mut self.names,
                maps,
            );
        }
    }

    /// Shares the attribute lists up to number `k`.
    fn take_xattrs(&mut self, k: u32) {
        while self.shared.xattrs.len() <= k as usize {
            let next = self.shared.xattrs.len() as u32;
            self.shared.xattrs.push(self.decoder.xattrs.get(next));
        }
    }

    /// Numbers the list's directories.
    fn adopt(&mut self, mut list: List) -> List {
        if !self.shared.session.inc_recurse {
            return list;
        }
        let mut root = None;
        for i in (0..list.len()).filter_map(|n| list.seg.numbered(n)) {
            let Some(e) = list.get(i) else {
                // Duplicates have numbers, too.
                if let Some(e) = list.seg.get_blanked(i).filter(|e| e.is_dir()) {
                    let unnamed = e.basename().is_empty();
                    self.dirs.push(if unnamed { Slot::Unnamed } else { Slot::Cleared });
                }
                continue;
            };
            if !e.is_dir() {
                continue;
            }
            let dir = Arc::new(Dir {
                number: self.dirs.len(),
                name: e.name(),
                base: DirEntry {
                    want: self.attrs.want(e),
                    implied: e.implied(),
                    content: e.has_content(),
                    top: e.top_dir(),
                },
            });
            if dir.name == b"." {
                self.dirs.push(Slot::Served);
                if i == 0 {
                    root = Some(dir);
                }
            } else {
                self.dirs.push(Slot::Waiting(dir));
            }
        }
        if list.dir.is_none() {
            list.dir = root;
        }
        list
    }

    /// Counts entries by type: those that are duplicates or pruned came, too.
    fn count(&self, list: &List) {
        let stats = &self.shared.session.stats;
        for i in 0..list.len() {
            let Some(e) = list.seg.get_blanked(i) else { continue };
            match e.mode() & 0o170000 {
                0o100000 => stats.files.add(1),
                0o040000 => stats.dirs.add(1),
                0o120000 => stats.links.add(1),
                0o020000 | 0o060000 => stats.devices.add(1),
                _ => stats.specials.add(1),
            }
            if e.is_regular() || e.is_symlink() {
                stats.total_size.add(e.len());
            }
        }
    }
}

/// Names what was blanked as a duplicate of the entry before it.
fn say_duplicates(shared: &Shared, seg: &Segment) {
    for i in 1..seg.len() {
        if seg.get(i).is_none()
            && let (Some(before), Some(e)) = (seg.get_blanked(i - 1), seg.get_blanked(i))
            && before.name() == e.name()
            && !e.basename().is_empty()
        {
            let text = [
                b"removing duplicate name ",
                &*e.name(),
                format!(" from file list ({i})").as_bytes(),
            ]
            .concat();
            shared.session.log.info(text);
        }
    }
}

/// The start-of-run lines about the list (output: start-of-run lines).
struct Progress {
    shared: Arc<Shared>,
    level: u8,
}

impl Progress {
    fn begin(shared: &Arc<Shared>, first: bool) -> Progress {
        let o = &shared.session.settings;
        let mut level = if first && !o.am_server { o.info.flist } else { 0 };
        if level > 0 && shared.session.inc_recurse {
            shared.session.log.line(Class::Client, "receiving incremental file list");
            level = 0;
        } else if level > 0 && (o.dirs || o.recurse || o.files_from.is_some()) {
            shared.session.log.sink().message(Class::Client, b"receiving file list ... ");
        } else {
            level = 0;
        }
        Progress { shared: shared.clone(), level }
    }

    fn entry(&mut self, count: u64) {
        if self.level > 1 && count.is_multiple_of(100) {
            let sink = self.shared.session.log.sink();
            if count == 100 {
                sink.message(Class::Client, b"\n");
            }
            sink.progress(format!(" {count} files...\r").as_bytes());
        }
    }

    fn end(&mut self, count: u64) {
        match self.level {
            0 => {}
            1 => self.shared.session.log.line(Class::Client, "done"),
            _ => {
                let s = if count == 1 { "" } else { "s" };
                let text = format!("{count} file{s} to consider");
                self.shared.session.log.line(Class::Client, text);
            }
        }
    }
}
