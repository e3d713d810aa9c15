//! Answering requests (WIRE.md, Item).

use super::{AHEAD, IDLE_AHEAD, Sender, args::sanitize_xname, end::LEGACY_KEEP_ALIVE};
use crate::{
    Error, ExitCode,
    flist::{Entry, Found, Live},
    log::named,
    report::{ItemEvent, Reporter},
};
use fast_io::{RecvHalf, SendHalf};
use std::sync::MutexGuard;
use wire::{
    Fault, WireError,
    item::{Item, ItemFlags, basis},
    ndx,
};

/// A broken rule of the protocol, with the role behind the text.
fn broken(text: String) -> Error {
    WireError::new(Fault::Protocol, text).with_role().into()
}

/// What a request is about: an entry of a live list, or the directory that a list belongs to.
pub(super) struct Subject {
    live: Live,
    /// Sorted position; `None` for the list's own directory.
    pos: Option<usize>,
}

impl Subject {
    pub(super) fn entry(&self) -> Option<Entry<'_>> {
        match self.pos {
            Some(pos) => self.live.segment.get(pos),
            None => self.live.parent.as_ref().map(|dir| dir.entry()),
        }
    }
}

/// A request, with the entry that it is about.
pub(super) struct Wanted<'a> {
    pub n: i32,
    pub entry: Entry<'a>,
    /// As it travels.
    pub name: &'a [u8],
    pub item: &'a Item,
}

impl<R: RecvHalf, W: SendHalf> Sender<'_, R, W> {
    /// The next index; flushes and keeps the link alive if it has to wait.
    pub(super) fn read_ndx(&mut self) -> Result<i32, Error> {
        let n = self.wait_for_ndx()?;
        self.remove_confirmed()?;
        Ok(n)
    }

    fn wait_for_ndx(&mut self) -> Result<i32, Error> {
        let ndx_in = &mut self.ndx_in;
        if let Some(n) = self.reader.try_read(|c| ndx_in.decode(c))? {
            return Ok(n);
        }
        // The peer may be waiting for what is buffered here.
        self.writer.flush()?;
        loop {
            self.writer.keep_alive()?;
            if self.reader.wait(self.writer.keep_alive_interval())?
                && let Some(n) = self.reader.try_read(|c| ndx_in.decode(c))?
            {
                return Ok(n);
            }
        }
    }

    /// Sends lists ahead of the requests, more of them while nothing is asked for.
    fn look_ahead(&mut self) -> Result<(), Error> {
        self.fill_ahead(AHEAD)?;
        let mut flushed = false;
        while self.session.inc_recurse
            && !self.tree.finished()
            && self.lists.ahead_of(self.current) < IDLE_AHEAD
            && !self.reader.ready()?
        {
            if !flushed {
                self.writer.flush()?;
                flushed = true;
            }
            self.send_list()?;
        }
        Ok(())
    }

    /// Answers requests until the receiving side has finished its last phase.
    pub(super) fn serve(&mut self) -> Result<(), Error> {
        let protocol = self.session.protocol;
        let last_phase = if protocol.has_item_flags() { 2 } else { 1 };
        let mut phase = 0;
        let says = self.session.settings.debug.send > 0;
        let log = self.log.clone();
        let say_phase = |n| log.debug(says, || format!("send_files phase={n}"));
        log.debug(says, || "send_files starting");
        loop {
            self.look_ahead()?;
            match self.read_ndx()? {
                ndx::DONE => {
                    self.remove_held()?;
                    if self.session.inc_recurse && !self.lists.is_empty() {
                        if let Some(freed) = self.lists.free_oldest() {
                            self.requested.remove(&freed.segment.base());
                        }
                        if self.lists.is_empty() && self.tree.finished() {
                            phase = 1;
                            say_phase(phase);
                        }
                    } else {
                        phase += 1;
                        if phase > last_phase {
                            log.debug(says, || "send files finished");
                            return Ok(());
                        }
                        say_phase(phase);
                    }
                    self.ndx_out.encode(ndx::DONE, self.writer.buf());
                    self.writer.spill()?;
                }
                ndx::DEL_STATS if protocol.has_error_exit() => self.delete_stats()?,
                n if n < 0 => {
                    let last = self.lists.range().1;
                    return Err(broken(format!("Invalid file index: {n} (-1 - {last})")));
                }
                n => {
                    let item = self.reader.read(|c| Item::decode(protocol, c))?;
                    let beyond = !protocol.has_varints()
                        && protocol.has_item_flags()
                        && n as u64 == self.lists.total();
                    if beyond && item.flags.0 == LEGACY_KEEP_ALIVE {
                        self.writer.keep_alive()?;
                        continue;
                    }
                    self.answer(n, item, phase == 2)?;
                }
            }
        }
    }

    pub(super) fn subject(&self, n: i32) -> Result<Subject, Error> {
        match self.lists.find(n) {
            Some(Found::Entry(live, pos)) => Ok(Subject { live, pos: Some(pos) }),
            Some(Found::Gap(live)) if live.parent.is_some() => Ok(Subject { live, pos: None }),
            Some(Found::Blank) => {
                let text = format!("rsync: refusing transfer of cleared file index {n}");
                Err(Error::fatal(ExitCode::PROTOCOL, text))
            }
            _ => {
                let (first, last) = self.lists.range();
                // The range begins with the index of the first list's directory, whether it has one or not.
                let first = first - 1;
                Err(broken(format!(
                    "File-list index {n} not in {first} - {last} (read_ndx_and_attrs)"
                )))
            }
        }
    }

    /// Answers one request.
    fn answer(&mut self, n: i32, mut item: Item, last_phase: bool) -> Result<(), Error> {
        let session = self.session.clone();
        let settings = &session.settings;
        let subject = self.subject(n)?;
        self.current = n;
        let Some(entry) = subject.entry() else {
            return Err(broken(format!("File-list index {n} not in a list (read_ndx_and_attrs)")));
        };
        if item.basis >= basis::FUZZY
            && let Some(xname) = &mut item.xname
        {
            *xname = sanitize_xname(xname);
        }
        let mut name = Vec::new();
        entry.push_wire_name(&mut name);
        let flags = item.flags;
        let debug = settings.debug;
        self.lister.sources.enter(entry.source(), &self.log);
        let mut path = Vec::new();
        if debug.send > 0 || debug.deltasum > 1 {
            self.lister.sources.push_typed(entry.source(), &name, &mut path);
        }
        self.log.debug(debug.send > 0, || named(&format!("send_files({n}, "), &path, ")"));
        let reply = match self.wanted_values(flags)? {
            Some(numbers) => Some(self.values(entry, &name, numbers)?),
            None => None,
        };
        let wanted = Wanted { n, entry, name: &name, item: &item };
        if !flags.has(ItemFlags::TRANSFER) {
            self.echo(&wanted, reply);
            self.report(&wanted, None, |r, e| r.item(e))?;
            self.count_created(entry, flags);
            self.remove_answered(n)?;
            return self.writer.spill();
        }
        if subject.pos.is_none() || !entry.is_regular() {
            return Err(broken(format!("received request to transfer non-regular file: {n}")));
        }
        if last_phase {
            return Err(broken("got transfer request in phase 2".into()));
        }
        let again = self.note_request(&subject);
        self.transfer(&wanted, reply, &path, again)
    }

    /// Repeats the request's header, with the attribute values that it asked for.
    pub(super) fn echo(&mut self, wanted: &Wanted<'_>, reply: Option<Vec<u8>>) {
        let buf = self.writer.buf();
        self.ndx_out.encode(wanted.n, buf);
        wanted.item.encode(self.session.protocol, buf);
        if let Some(reply) = reply {
            buf.extend_from_slice(&reply);
        }
    }

    /// Notes that a file was requested; true if it had been requested before.
    fn note_request(&mut self, subject: &Subject) -> bool {
        let segment = &subject.live.segment;
        let Some(pos) = subject.pos else { return false };
        let bits = self
            .requested
            .entry(segment.base())
            .or_insert_with(|| vec![0; segment.len().div_ceil(64)]);
        let before = bits[pos / 64] >> (pos % 64) & 1 == 1;
        bits[pos / 64] |= 1 << (pos % 64);
        before
    }

    /// Counts what the receiving side did not have.
    pub(super) fn count_created(&self, entry: Entry<'_>, flags: ItemFlags) {
        if !flags.has(ItemFlags::IS_NEW) {
            return;
        }
        let stats = &self.session.stats;
        match fsroot::Kind::from_wire_mode(entry.mode()) {
            Some(fsroot::Kind::Directory) => stats.created_dirs.add(1),
            Some(fsroot::Kind::Symlink) => stats.created_links.add(1),
            Some(kind) if kind.is_device() => stats.created_devices.add(1),
            Some(kind) if kind.is_special() => stats.created_specials.add(1),
            _ => stats.created_files.add(1),
        }
    }

    /// Has the reporter, if this process prints, say something about an item.
    pub(super) fn report(
        &self,
        wanted: &Wanted<'_>,
        sum: Option<&[u8]>,
        say: impl FnOnce(&mut Reporter, &ItemEvent<'_>),
    ) -> Result<(), Error> {
        let Wanted { entry, name, item, .. } = *wanted;
        let Some(reporter) = &self.reporter else { return Ok(()) };
        let mut path = Vec::new();
        self.lister.sources.push_typed(entry.source(), name, &mut path);
        let list_sum = entry.checksum();
        let event = ItemEvent {
            place: entry.place(),
            name,
            mode: entry.mode(),
            len: entry.len(),
            mtime: entry.mtime(),
            uid: entry.uid(),
            gid: Some(entry.gid()),
            link_target: entry.link_target(),
            item,
            sum: if list_sum.is_empty() { sum } else { Some(list_sum) },
            path: &path,
        };
        let mut reporter = lock(reporter);
        say(&mut reporter, &event);
        reporter.take_failure().map_or(Ok(()), Err)
    }
}

/// The reporter, for a moment: control messages print through it too.
pub(super) fn lock(reporter: &std::sync::Mutex<Reporter>) -> MutexGuard<'_, Reporter> {
    reporter.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
