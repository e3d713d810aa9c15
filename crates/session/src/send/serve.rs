//! Answering requests (WIRE.md, Item).

use super::{
    AHEAD, IDLE_AHEAD, Sender,
    args::sanitize_xname,
    end::LEGACY_KEEP_ALIVE,
    file::{Outcome, Request},
};
use crate::{
    Error, ExitCode,
    flist::{Entry, Found, Live},
    log::{Class, named},
    platform,
    report::{ItemEvent, Reporter},
    session::io_error,
    settings::Append,
};
use delta::signature::Signature;
use fast_io::{LinkKind, Reason, RecvHalf, SendHalf};
use fsroot::Root;
use std::{io, sync::MutexGuard};
use wire::{
    Fault, RelPath, WireError,
    compat::CompatFlags,
    item::{Item, ItemFlags, basis},
    mux::Message,
    ndx,
    sums::SumHead,
    varint::Put,
    xattr::{self, XattrValue},
};

/// Block sums decoded at a time, so that memory grows only with what really arrives.
const SUMS_AT_ONCE: usize = 1024;

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
        let values = self.wanted_values(flags)?;
        let reply = match values {
            Some(numbers) => Some(self.values(entry, &name, &numbers)?),
            None => None,
        };
        if !flags.has(ItemFlags::TRANSFER) {
            self.echo(n, &item, reply);
            self.report(entry, n, &name, &item, None, |r, e| r.item(e))?;
            self.count_created(entry, flags);
            return self.writer.spill();
        }
        if subject.pos.is_none() || !entry.is_regular() {
            return Err(broken(format!("received request to transfer non-regular file: {n}")));
        }
        if last_phase {
            return Err(broken("got transfer request in phase 2".into()));
        }
        session.stats.transferred_files.add(1);
        session.stats.transferred_size.add(entry.len());
        let redo = self.note_request(&subject);
        if !redo {
            self.count_created(entry, flags);
        }
        if !settings.asks_for_data() {
            self.echo(n, &item, reply);
            self.report(entry, n, &name, &item, None, |r, e| {
                r.transfer_begins(e);
                r.transfer_ends(e, 0, 0);
            })?;
            return self.writer.spill();
        }
        let append = if redo { Append::Off } else { settings.append };
        let (head, signature) = self.read_sums(append)?;
        let Some((file, len)) = self.open(entry, n, &name)? else { return Ok(()) };
        let from = if append == Append::Off { 0 } else { head.flength().min(len) };
        if append != Append::Off && len < entry.len() {
            let path = self.lister.sources.quoted(entry.source(), &name);
            self.log.warning([b"skipped diminished file: ", &path[..]].concat());
            return self.will_not_send(n);
        }
        let sent_before = self.produced();
        self.echo(n, &item, reply);
        if settings.only_write_batch {
            // A client keeps the data, and its receiver does not wait for any.
            self.writer.divert(true)?;
        }
        head.encode(self.writer.buf());
        self.report(entry, n, &name, &item, None, |r, e| r.transfer_begins(e))?;
        let sums = debug.deltasum > 1;
        self.log.debug(sums, || named("send_files mapped ", &path, &format!(" of size {len}")));
        self.log.debug(sums, || named("calling match_sums ", &path, ""));
        let changed = len != entry.len() || super::file::seconds(&file) != Some(entry.mtime());
        let request = Request {
            file,
            len,
            from,
            hash_all: append == Append::Verify || !session.protocol.has_varints(),
            signature,
            in_place: self.in_place(&item),
            copied: match redo {
                true => Some(Reason::Redo),
                false => changed.then_some(Reason::Changing),
            },
        };
        let reporter = self.reporter.clone();
        let outcome = self.files.send(self.writer, request, |done| {
            if let Some(reporter) = &reporter {
                lock(reporter).progress(done, len);
            }
        })?;
        let moved = self.produced().saturating_sub(sent_before);
        if settings.only_write_batch {
            self.writer.divert(false)?;
        }
        let Outcome { digest, error } = outcome;
        // A run that crossed as a handle was found short by the other side, which asked again.
        let shrank = redo && self.writer.link() == LinkKind::Memory && len < entry.len();
        let error = error.or_else(|| shrank.then(fsroot::meta::shrunk));
        if let Some(e) = error {
            let source = entry.source();
            let text = "read errors mapping ";
            self.lister.sources.complain(&self.log, text, source, &name, "", &e);
            session.status.add_io_error(io_error::GENERAL);
        }
        let sums = 16 + u64::from(head.count) * (4 + u64::from(head.s2length));
        self.report(entry, n, &name, &item, Some(digest.as_bytes()), |r, e| {
            r.data_ends(e);
            r.transfer_ends(e, moved, sums);
        })?;
        self.log.debug(debug.send > 0, || named("sender finished ", &path, ""));
        self.writer.spill()
    }

    /// Bytes of the stream produced so far, buffered ones included.
    fn produced(&mut self) -> u64 {
        self.session.stats.bytes_written.value() + self.writer.buf().len() as u64
    }

    /// Repeats the request's header, with the attribute values that it asked for.
    fn echo(&mut self, n: i32, item: &Item, reply: Option<Vec<u8>>) {
        let buf = self.writer.buf();
        self.ndx_out.encode(n, buf);
        item.encode(self.session.protocol, buf);
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

    fn count_created(&self, entry: Entry<'_>, flags: ItemFlags) {
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

    /// Whether the receiver overwrites the basis while it reads it.
    fn in_place(&self, item: &Item) -> bool {
        let inplace = self.session.settings.inplace;
        if !self.session.protocol.has_item_flags() {
            return inplace && !self.session.settings.backup;
        }
        match item.basis {
            basis::DEST => inplace,
            basis::PARTIAL_DIR => self.session.compat.has(CompatFlags::INPLACE_PARTIAL),
            _ => false,
        }
    }

    /// Reads a signature. Its memory grows with what arrives, not with what is announced.
    fn read_sums(&mut self, append: Append) -> Result<(SumHead, Signature), Error> {
        let protocol = self.session.protocol;
        let digest_len = self.session.transfer_sum.algo.digest_len();
        let max_alloc = self.session.settings.max_alloc;
        let head = self.reader.read(|c| SumHead::decode(protocol, digest_len, max_alloc, c))?;
        let mut signature = Signature {
            blength: head.blength,
            remainder: head.remainder,
            s2length: head.s2length,
            ..Signature::default()
        };
        let size = 4 + head.s2length as usize;
        let mut left = if append == Append::Off { head.count as usize } else { 0 };
        while left > 0 {
            let n = left.min(SUMS_AT_ONCE);
            self.reader.read(|c| {
                for sum in c.take(n * size)?.chunks_exact(size) {
                    let (weak, strong) = sum.split_at(4);
                    signature
                        .push(u32::from_le_bytes([weak[0], weak[1], weak[2], weak[3]]), strong);
                }
                Ok(())
            })?;
            left -= n;
        }
        self.say_signature(&head, &signature);
        Ok((head, signature))
    }

    /// `--debug=DELTASUM3`: the sums that came.
    fn say_signature(&self, head: &SumHead, signature: &Signature) {
        if self.session.settings.debug.deltasum < 3 {
            return;
        }
        let SumHead { count, remainder, blength, .. } = head;
        self.log.info(format!("count={count} n={blength} rem={remainder}"));
        for (i, sum) in (0..).zip(&signature.weak) {
            let (len, offset) = (head.block_len(i), u64::from(i) * u64::from(*blength));
            self.log.info(format!("chunk[{i}] len={len} offset={offset} sum1={sum:08x}"));
        }
    }

    /// Opens the file to send; `None` (and no answer) if it cannot be.
    fn open(
        &mut self,
        entry: Entry<'_>,
        n: i32,
        name: &[u8],
    ) -> Result<Option<(std::fs::File, u64)>, Error> {
        let settings = &self.session.settings;
        let follow = settings.copy_links || settings.copy_unsafe_links;
        let copy_devices = settings.copy_devices;
        let source = entry.source();
        let sources = &mut self.lister.sources;
        let unconfined = sources.unconfined();
        let opened = match sources.rel(source, name) {
            Some(rel) => sources.root(source).and_then(|root| match follow {
                true => root.open_read_follow(&rel, unconfined),
                false => root.open_read(&rel),
            }),
            None => Err(io::ErrorKind::InvalidInput.into()),
        };
        let opened = opened.and_then(|file| file.metadata().map(|m| (file, m)));
        let e = match opened {
            Ok((file, metadata)) if metadata.is_file() => {
                return Ok(Some((file, metadata.len())));
            }
            Ok((file, metadata)) => {
                let is_device = platform::is_device(metadata.file_type());
                if is_device && copy_devices {
                    let len = fsroot::meta::device_len(&file);
                    return Ok(Some((file, len)));
                }
                if is_device {
                    return Err(Error::fatal(
                        ExitCode::PROTOCOL,
                        "attempt to copy device contents without --copy-devices",
                    ));
                }
                let errno = match metadata.is_dir() {
                    true => fsroot::Errno::ISDIR,
                    false => fsroot::Errno::INVAL,
                };
                errno.into()
            }
            Err(e) => e,
        };
        if e.kind() == io::ErrorKind::NotFound {
            let path = sources.quoted(source, name);
            let old = settings.am_daemon && !self.session.protocol.has_extended_flags();
            let class = if old { Class::Error } else { Class::Warning };
            self.log.line(class, [b"file has vanished: ", &path[..]].concat());
            self.session.status.add_io_error(io_error::VANISHED);
        } else {
            sources.complain(&self.log, "send_files failed to open ", source, name, "", &e);
            self.session.status.add_io_error(io_error::GENERAL);
        }
        self.will_not_send(n)?;
        Ok(None)
    }

    /// Tells the receiving side that a requested file will not come.
    fn will_not_send(&mut self, n: i32) -> Result<(), Error> {
        if self.session.protocol.has_varints() {
            self.writer.message(&Message::NoSend(n))?;
        }
        Ok(())
    }

    /// The attribute numbers that an item asks for, if it carries a request.
    fn wanted_values(&mut self, flags: ItemFlags) -> Result<Option<Vec<u32>>, Error> {
        let s = &self.session;
        let optimised = s.protocol.has_error_exit()
            && !s.compat.has(CompatFlags::AVOID_XATTR_OPTIM)
            && flags.has(ItemFlags::XNAME_FOLLOWS)
            && flags.has(ItemFlags::LOCAL_CHANGE);
        let exchange = s.settings.xattrs > 0
            && flags.has(ItemFlags::REPORT_XATTR)
            && s.settings.asks_for_data()
            && !optimised;
        if exchange { self.reader.read(xattr::decode_request).map(Some) } else { Ok(None) }
    }

    /// The reply to a request for attribute values.
    fn values(&mut self, entry: Entry<'_>, name: &[u8], numbers: &[u32]) -> Result<Vec<u8>, Error> {
        let mut reply = Vec::new();
        let shown = String::from_utf8_lossy(name);
        let unknown = |number: u32| {
            Error::fatal(ExitCode::PROTOCOL, format!("could not find xattr #{number} for {shown}"))
        };
        let mut prev = 0;
        for &number in numbers {
            let list = entry.xattr().ok_or_else(|| unknown(number))?;
            let attr = (number as usize)
                .checked_sub(1)
                .and_then(|i| self.lister.encoder.xattrs.get(list).get(i).cloned())
                .ok_or_else(|| unknown(number))?;
            let sent = self.values_sent.entry(list).or_default();
            let XattrValue::Digest { len, .. } = attr.value else {
                return Err(abbrev_error(&shown, &attr.name, None));
            };
            if sent.contains(&number) || number <= prev {
                return Err(abbrev_error(&shown, &attr.name, Some(len)));
            }
            sent.push(number);
            let source = entry.source();
            let sources = &mut self.lister.sources;
            let read = match sources.rel(source, name) {
                Some(rel) => sources.root(source).and_then(|r| listed_xattr(r, &rel, &attr.name)),
                None => Err(io::ErrorKind::InvalidInput.into()),
            };
            let value = read.and_then(|v| v.ok_or_else(|| io::ErrorKind::NotFound.into()));
            let value = match value {
                Ok(value) => value,
                Err(e) => {
                    let attr = String::from_utf8_lossy(&attr.name).into_owned();
                    let after = format!(",\"{attr}\",0) failed");
                    let text = "get_xattr_data: lgetxattr(";
                    sources.complain(&self.log, text, source, name, &after, &e);
                    Vec::new()
                }
            };
            xattr::encode_value(number, prev, &value, &mut reply);
            prev = number;
        }
        reply.put_varint(0);
        Ok(reply)
    }

    /// Has the reporter, if this process prints, say something about an item.
    fn report(
        &self,
        entry: Entry<'_>,
        n: i32,
        name: &[u8],
        item: &Item,
        sum: Option<&[u8]>,
        say: impl FnOnce(&mut Reporter, &ItemEvent<'_>),
    ) -> Result<(), Error> {
        let Some(reporter) = &self.reporter else { return Ok(()) };
        let mut path = Vec::new();
        self.lister.sources.push_typed(entry.source(), name, &mut path);
        let list_sum = entry.checksum();
        let event = ItemEvent {
            ndx: n,
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

/// An attribute that is not waiting to be fetched was asked for.
/// The value of a listed attribute, which may be stored under a disguised name.
fn listed_xattr(root: &mut Root, p: &RelPath, name: &[u8]) -> io::Result<Option<Vec<u8>>> {
    if root.fakes_super()
        && let Some(value) = root.get_xattr(p, &[fsroot::fake::DISGUISE, name].concat())?
    {
        return Ok(Some(value));
    }
    root.get_xattr(p, name)
}

fn abbrev_error(file: &str, attr: &[u8], len: Option<u32>) -> Error {
    let attr = String::from_utf8_lossy(attr);
    let len = len.unwrap_or(0);
    let text = format!("internal abbrev error on {file} ({attr}, len={len})!");
    Error::fatal(ExitCode::PROTOCOL, text)
}

/// The reporter, for a moment: control messages print through it too.
pub(super) fn lock(reporter: &std::sync::Mutex<Reporter>) -> MutexGuard<'_, Reporter> {
    reporter.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
