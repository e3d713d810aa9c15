//! A requested file: its sums are read, it is opened, and its data go out (WIRE.md, Sums).

use super::{
    Sender,
    file::{Outcome, Request},
    serve::{Wanted, lock},
};
use crate::{
    Error, ExitCode,
    log::{Class, named},
    platform,
    session::io_error,
    settings::Append,
};
use delta::signature::Signature;
use fast_io::{LinkKind, Reason, RecvHalf, SendHalf};
use std::{fs::File, io};
use wire::{
    compat::CompatFlags,
    item::{Item, basis},
    mux::Message,
    sums::SumHead,
};

/// Block sums decoded at a time, so that memory grows only with what really arrives.
const SUMS_AT_ONCE: usize = 1024;

impl<R: RecvHalf, W: SendHalf> Sender<'_, R, W> {
    /// Answers a request for a file's data. `path`: its name for `--debug`. `redo`: it was requested before.
    pub(super) fn transfer(
        &mut self,
        wanted: &Wanted<'_>,
        reply: Option<Vec<u8>>,
        path: &[u8],
        redo: bool,
    ) -> Result<(), Error> {
        let Wanted { n, entry, name, item } = *wanted;
        let session = self.session.clone();
        let settings = &session.settings;
        let debug = settings.debug;
        session.stats.transferred_files.add(1);
        session.stats.transferred_size.add(entry.len());
        if !redo {
            self.count_created(entry, item.flags);
        }
        if !settings.asks_for_data() {
            self.echo(wanted, reply);
            self.report(wanted, None, |r, e| {
                r.transfer_begins(e);
                r.transfer_ends(e, 0, 0);
            })?;
            return self.writer.spill();
        }
        let append = if redo { Append::Off } else { settings.append };
        let (head, signature) = self.read_sums(append)?;
        let Some((file, len)) = self.open(wanted)? else { return Ok(()) };
        let from = if append == Append::Off { 0 } else { head.flength().min(len) };
        if append != Append::Off && len < entry.len() {
            let path = self.lister.sources.quoted(entry.source(), name);
            self.log.warning([b"skipped diminished file: ", &path[..]].concat());
            return self.will_not_send(n);
        }
        let sent_before = self.produced();
        self.echo(wanted, reply);
        if settings.only_write_batch {
            // A client keeps the data, and its receiver does not wait for any.
            self.writer.divert(true)?;
        }
        head.encode(self.writer.buf());
        self.report(wanted, None, |r, e| r.transfer_begins(e))?;
        let sums = debug.deltasum > 1;
        self.log.debug(sums, || named("send_files mapped ", path, &format!(" of size {len}")));
        self.log.debug(sums, || named("calling match_sums ", path, ""));
        let changed = len != entry.len() || super::file::seconds(&file) != Some(entry.mtime());
        let request = Request {
            file,
            len,
            from,
            hash_all: append == Append::Verify || !session.protocol.has_varints(),
            signature,
            in_place: self.in_place(item),
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
        if let Some(e) = error.or_else(|| shrank.then(fsroot::meta::shrunk)) {
            let (source, text) = (entry.source(), "read errors mapping ");
            self.lister.sources.complain(&self.log, text, source, name, "", &e);
            session.status.add_io_error(io_error::GENERAL);
        }
        let sums = 16 + u64::from(head.count) * (4 + u64::from(head.s2length));
        self.report(wanted, Some(digest.as_bytes()), |r, e| {
            r.data_ends(e);
            r.transfer_ends(e, moved, sums);
        })?;
        self.log.debug(debug.send > 0, || named("sender finished ", path, ""));
        self.writer.spill()
    }

    /// Bytes of the stream produced so far, buffered ones included.
    fn produced(&mut self) -> u64 {
        self.session.stats.bytes_written.value() + self.writer.buf().len() as u64
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
        &Wanted { n, entry, name, .. }: &Wanted<'_>,
    ) -> Result<Option<(File, u64)>, Error> {
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
}
