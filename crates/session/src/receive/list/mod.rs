//! Receiving lists: entries, the sender's errors, and the numbers of directories (WIRE.md, File list; Incremental lists).
mod check;
mod id_names;
mod lines;
mod received;

pub(super) use received::{Dir, DirEntry, List};

use super::{
    ReceiveJob,
    attrs::Attrs,
    idmap::Ids,
    ids::{IdMap, IdNotes},
    shared::Shared,
};
use crate::{
    Error,
    chmod::Chmod,
    conn::Reader,
    flist::{Segment, SegmentBuilder, trace},
    hlink,
    log::{Role, named},
    session::io_error,
    settings::MUNGE_PREFIX,
};
use check::sanitize;
use fast_io::RecvHalf;
use filters::{FilterList, RequestedNames, Verdict};
use fsroot::{Kind, names::NameCache};
use lines::{Progress, say_duplicates};
use std::{sync::Arc, time::Instant};
use wire::{
    Fault, WireError,
    flist::{FileEntry, FlistDecoder, HardLink, ListItem},
    limits,
};

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
    ids: IdMap,
    names: NameCache,
    next_base: i64,
    dirs: Vec<Slot>,
    sender_filters: Option<FilterList>,
    requested: Option<RequestedNames>,
    /// The destination as it was typed.
    dest: Vec<u8>,
    /// `--chmod`.
    chmod: Option<Chmod>,
    attrs: Attrs,
    /// `--debug=own2`.
    id_notes: Option<IdNotes>,
    devices: hlink::Devices,
}

impl ListReader {
    pub fn new(shared: Arc<Shared>, job: &mut ReceiveJob) -> ListReader {
        let format = crate::flist::format(&shared.session);
        let log = shared.log(Role::Receiver);
        shared.xattrs.set_rules(&job.filters);
        let attrs = Attrs::new(shared.clone(), log);
        let mut names = NameCache::default();
        let id_notes = (shared.session.settings.debug.own > 1)
            .then(|| IdNotes::new((!attrs.root_user).then(|| names.memberships().to_vec())));
        ListReader {
            decoder: FlistDecoder::new(format),
            ids: IdMap::default(),
            names,
            next_base: i64::from(shared.session.inc_recurse),
            dirs: Vec::new(),
            sender_filters: job.sender_filters.take().filter(|f| !f.is_empty()),
            requested: job.requested.take().filter(|r| !r.is_empty()),
            dest: job.dest.clone().unwrap_or_default(),
            chmod: Chmod::of(shared.session.settings.chmod.as_ref()),
            attrs,
            devices: hlink::Devices::default(),
            id_notes,
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
        if !session.protocol.has_varints() {
            let bits = reader.read(|c| c.int32())?;
            if !session.settings.ignore_errors {
                session.status.add_io_error(bits);
                io_error |= bits & limits::IO_ERROR_BITS;
            }
        }
        let list = List::new(seg, None, io_error);
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
        let list = List::new(seg, dir, io_error);
        self.count(&list);
        session.stats.flist_size.add(session.stats.bytes_read.value() - bytes_before);
        Ok(Arc::new(self.adopt(list)))
    }

    /// Reads entries up to the end marker, and the names of ids that follow the only list. Returns also the sender's errors.
    /// `prune`: the rules that protect directories from `--prune-empty-dirs`, if that is on.
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
        let mut builder = SegmentBuilder::new(session.protocol, base)
            .with_options(session.settings.recurse, session.settings.relative)
            .numbered_by_arrival(session.charset.is_some());
        let first = matches!(parent, Parent::Any);
        let mut progress = Progress::begin(&self.shared, first);
        if first {
            self.read_id_rules()?;
        }
        let mut count = 0u64;
        // Nothing may be deleted for the want of a name that could not be converted.
        let mut unnamed = 0;
        let says = session.settings.debug.flist > 1;
        self.say_begins(parent);
        let io_error = loop {
            let decoder = &mut self.decoder;
            let mut e = match reader.read(|c| decoder.decode(c))? {
                ListItem::Entry(e) => e,
                ListItem::End { io_error } => {
                    if session.settings.ignore_errors {
                        break 0;
                    }
                    let bits = io_error as i32;
                    session.status.add_io_error(bits);
                    break bits | unnamed;
                }
            };
            if session.settings.debug.hlink > 0 {
                self.say_hard_link(&e, base, count);
            }
            count += 1;
            progress.entry(count);
            builder.room(session.settings.max_alloc)?;
            if matches!(parent, Parent::Unnamed(_)) || !self.convert(&mut e) {
                // ACLs and attributes are numbered by arrival, too.
                self.take_extras(&e, first);
                builder.push_unnamed(e.mode & 0o170000 == 0o040000);
                unnamed = io_error::GENERAL;
                continue;
            }
            let name = self.check(&mut e, parent)?;
            self.map_ids(&mut e, first);
            self.take_extras(&e, first);
            if says {
                self.say_by_each(|| named("recv_file_name(", &name, ")"));
            }
            self.change(&mut e, &name);
            builder.push(&e, &name, 0);
        };
        progress.end(count);
        if says {
            self.say_by_each(|| format!("received {count} names").into_bytes());
        }
        if !session.inc_recurse {
            self.id_lists(reader)?;
            self.map_all_ids(&mut builder);
            self.take_tables(first);
        }
        let seg = match prune {
            Some(rules) => {
                builder.finish_pruned(|e| rules.check(&e.name(), true, false) == Verdict::Exclude)
            }
            None => builder.finish(true),
        };
        self.say_list(&seg, first);
        self.shared.report(|r| r.list_added(base, seg.len()));
        if session.settings.debug.dup >= 1 {
            say_duplicates(&self.shared, &seg);
            if !first {
                // Rsync's generator reads further lists, too.
                say_duplicates(&self.shared, &seg);
            }
        }
        self.next_base = i64::from(base) + seg.len() as i64 + i64::from(session.inc_recurse);
        Ok((seg, io_error))
    }

    /// Changes an entry as the options of this side want it.
    fn change(&self, e: &mut FileEntry, name: &[u8]) {
        let settings = &self.shared.session.settings;
        if let Some(chmod) = &self.chmod
            && let Some(kind) = Kind::from_wire_mode(e.mode)
            && kind != Kind::Symlink
        {
            e.mode = chmod.apply(e.mode, kind == Kind::Directory);
        }
        if settings.munge_links && !e.link_target.is_empty() {
            e.link_target.splice(..0, MUNGE_PREFIX.iter().copied());
        }
        if settings.sanitize_links && !e.link_target.is_empty() {
            let depth = name.iter().filter(|b| **b == b'/').count();
            e.link_target = sanitize(&e.link_target, depth);
        }
    }

    /// `--debug=FLIST`: the list of a directory begins.
    fn say_begins(&self, parent: Parent<'_>) {
        let Some(number) = parent.number() else { return };
        let level = self.shared.session.settings.debug.flist;
        // Before the split that is not worth as much.
        let says = |role: &Role| level > if *role == Role::ReceiverPresplit { 2 } else { 1 };
        for role in self.readers().filter(says) {
            let text = format!("[{}] receiving flist for dir {number}", role.name());
            self.attrs.log.info(text);
        }
    }

    /// Who reads a list in rsync: further ones the generator, too.
    fn readers(&self) -> impl Iterator<Item = Role> + use<> {
        let also = match self.role() {
            Role::Receiver if self.shared.session.inc_recurse => Some(Role::Generator),
            _ => None,
        };
        [Some(self.role()), also].into_iter().flatten()
    }

    /// `--debug=FLIST`: a list that has been read.
    fn say_list(&mut self, seg: &Segment, first: bool) {
        let session = self.shared.session.clone();
        if session.settings.debug.flist > 2 {
            if first && !session.inc_recurse {
                self.shared.log(self.role()).info("[Receiver] flist_eof=1");
            }
            for role in self.readers() {
                let log = self.shared.log(role);
                let keeps_group = |gid| self.attrs.may_set_group(gid);
                trace::say(&log, &session, seg, trace::depth, keeps_group);
            }
        }
        if session.settings.debug.flist > 1 {
            self.say_by_each(|| b"recv_file_list done".to_vec());
        }
    }

    /// A line that does not say who reads the list.
    fn say_by_each(&self, text: impl Fn() -> Vec<u8>) {
        self.readers().for_each(|_| self.attrs.log.info(text()));
    }

    /// `--debug=HLINK`.
    fn say_hard_link(&mut self, e: &FileEntry, base: i32, before: u64) {
        if let HardLink::DevIno(device, _) = e.hard_link
            && self.shared.session.settings.debug.hlink > 2
        {
            // As it travels, one more than it is.
            self.devices.say(&self.shared.log(self.role()), device.wrapping_add(1));
        }
        let ndx = i64::from(base) + before as i64;
        for role in self.readers() {
            hlink::say_member(&self.shared.log(role), &e.hard_link, ndx, base);
        }
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

    /// Shares what an entry brought besides itself. Further entries of an incremental list need the names that an ACL has.
    fn take_extras(&mut self, e: &FileEntry, first: bool) {
        if e.acl.is_some() && self.shared.session.inc_recurse {
            self.take_tables(first);
        }
        if let Some(k) = e.xattr {
            self.take_xattrs(k);
        }
    }

    /// Shares the ACLs that came.
    fn take_tables(&mut self, first: bool) {
        let session = &self.shared.session;
        if session.settings.acls {
            let numeric = session.settings.numeric_ids;
            // The names of an incremental list come with its ids, and only there are maps not a reason of their own.
            let ruled = !session.inc_recurse
                && [Ids::Users, Ids::Groups].into_iter().any(|kind| self.ids.has_rules(kind));
            let root = self.attrs.root_user;
            let maps = |kind| !numeric || ruled || (kind == Ids::Groups && !root);
            self.shared.acls.extend(
                self.decoder.access_acls.entries(),
                self.decoder.default_acls.entries(),
                &mut self.ids,
                &mut self.names,
                maps,
                |ids, kind, id, name| {
                    if let Some(notes) = self.id_notes.as_mut().filter(|_| session.inc_recurse) {
                        notes.say(&self.attrs.log, ids, kind, id, name, first);
                    }
                },
            );
        }
    }

    /// Shares the attribute lists up to number `k`.
    fn take_xattrs(&mut self, k: u32) {
        while self.shared.xattrs.len() <= k as usize {
            let next = self.shared.xattrs.len() as u32;
            self.shared.xattrs.push(self.decoder.xattrs.take(next));
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
}
