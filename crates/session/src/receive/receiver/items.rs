//! Items: what each is about, which request it answers, and what is shown of it (WIRE.md, Item).
use super::Receiver;
use crate::{
    Error, ExitCode,
    log::named,
    receive::{
        attrs::Want,
        finish::count_created,
        list::List,
        shared::{Event, Request, Transfer},
        write::Answer,
    },
    report::{ItemEvent, Reporter},
    settings::RemoveSource,
};
use fast_io::RecvHalf;
use filters::Verdict;
use fsroot::{Kind, Stat};
use std::sync::{Arc, atomic::Ordering};
use wire::{
    Fault, RelPath, WireError,
    item::{Item, ItemFlags as F},
    xattr,
};

/// What an item is about.
pub(in crate::receive) struct Target {
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

impl<R: RecvHalf> Receiver<R> {
    /// What an index stands for.
    pub(in crate::receive) fn target(&mut self, n: i32) -> Result<Target, Error> {
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
    pub(super) fn item(&mut self, n: i32) -> Result<(), Error> {
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
            let text = "ERROR: rejecting file transfer request for daemon excluded file: ";
            return Err(WireError::about(Fault::Protocol, text, &t.name).into());
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
                if t.told && self.shared.exchanges_xattrs(item.flags.0) {
                    self.tell(Event::Dressed(n));
                }
                Ok(())
            }
        }
    }

    /// An item without data.
    pub(in crate::receive) fn local_change(&mut self, t: &Target, item: &Item) {
        if let (Some(k), Some(root), true) = (
            t.want.xattr.filter(|_| item.flags.has(F::REPORT_XATTR)),
            &mut self.root,
            self.session.settings.xattrs > 0 && self.shared.do_xfers,
        ) {
            let set = self.attrs.apply_xattrs(root, &t.path, None, k);
            if t.want.kind == Some(Kind::Directory) {
                // rsync looks closer once they are set.
                let differs = |st: Stat| !self.attrs.same_mtime(&t.want, &st);
                if set || root.lstat(&t.path).is_ok_and(differs) {
                    self.attrs.set_exact_mtime(root, &t.path, &t.want);
                }
            }
        }
        self.report(t, item, None, |r, e| r.item(e));
    }

    /// Fetched values (full-value xattr exchange).
    pub(in crate::receive) fn xattr_values(&mut self, t: &Target) -> Result<(), Error> {
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

    pub(super) fn report(
        &self,
        t: &Target,
        item: &Item,
        sum: Option<&[u8]>,
        f: impl FnOnce(&mut Reporter, &ItemEvent<'_>),
    ) {
        let path = self.shared.path_of(self.root.as_ref(), &t.name);
        let entry = t.list.slot(t.ndx).and_then(|slot| t.list.get(slot));
        let listed = entry.map(|e| e.checksum()).filter(|sum| !sum.is_empty());
        self.shared.report(|r| {
            let event = ItemEvent {
                place: entry.map_or(t.ndx, |e| e.place()),
                name: &t.name,
                mode: t.shown_mode,
                len: t.want.len,
                mtime: t.want.mtime,
                uid: t.want.uid,
                gid: t.want.gid,
                link_target: &t.link,
                item,
                sum: listed.or(sum),
                path: &path,
            };
            f(r, &event);
        });
    }

    /// An answer with data.
    pub(in crate::receive) fn transfer(
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
        self.count_transfer(t);
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
        let began = self.reader.consumed();
        let head = self.sum_head()?;
        if head != request.head && !replaying {
            let text = format!("sum head of item {} is not the one that was requested", t.ndx);
            return Err(WireError::new(Fault::Protocol, text).with_role().into());
        }
        let event = self.write_file(&Answer { t, item, request, head: &head, began })?;
        if let Some(e) = self.doom.take() {
            return Err(e);
        }
        if let Some(event) = event {
            self.settle(t, event);
        }
        Ok(())
    }

    /// A transfer counts whatever becomes of it.
    pub(in crate::receive) fn count_transfer(&self, t: &Target) {
        let stats = &self.session.stats;
        stats.transferred_files.add(1);
        stats.transferred_size.add(t.want.len);
    }

    /// A transfer has come to its end, which the generator must know of.
    pub(in crate::receive) fn settle(&mut self, t: &Target, event: Event) {
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
}
