//! The content of a file: tokens in, bytes out, and the checksum of the whole (WIRE.md, Tokens; Trailer).
use super::{Receiver, Target};
use crate::{
    Error, ExitCode,
    log::{Role, sys_error_line},
    receive::{
        attrs::about,
        data::{self, Incoming, Output, Stop, Tally},
        shared::Transfer,
        write::{Answer, Sink},
    },
};
use fast_io::RecvHalf;
use std::io;
use wire::{item::Item, sums::SumHead};

/// From this length on a file is hashed and written on a thread of its own.
const ASIDE_FLOOR: u64 = 1 << 20;

impl<R: RecvHalf> Receiver<R> {
    pub(super) fn sum_head(&mut self) -> Result<SumHead, Error> {
        let p = self.session.protocol;
        let digest_len = self.session.transfer_sum.algo.digest_len();
        self.reader.read(|c| SumHead::decode(p, digest_len, u64::MAX, c))
    }

    /// Reads data that nobody wants.
    pub(in crate::receive) fn drain(&mut self, t: &Target) -> Result<(), Error> {
        let began = self.reader.consumed();
        let head = self.sum_head()?;
        // Nothing is shown of it but progress, and nothing depends on what was asked.
        let (item, request) = (&Item::default(), &Transfer::default());
        self.take(&Answer { t, item, request, head: &head, began }, &Sink::default())?;
        Ok(())
    }

    /// Takes tokens and trailer. Returns whether the content is what the sender has.
    pub(in crate::receive) fn take(
        &mut self,
        answer: &Answer<'_>,
        sink: &Sink<'_>,
    ) -> Result<bool, Error> {
        let Answer { t, item, head, began, .. } = *answer;
        let sums = self.session.settings.debug.deltasum > 1;
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
            in_place,
            discarding: file.is_none(),
            log: (settings.debug.deltasum > 2).then_some(&self.attrs.log),
            kept: sink.kept,
            name: &t.name,
            tally,
            fresh: sink.fresh,
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
        let Some(mut out) = out else {
            self.report(t, item, None, |r, e| r.data_ends(e));
            return Ok(false);
        };
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
        let sum = hashing.then_some(&trailer[..]);
        let moved = self.reader.consumed() - began;
        self.report(t, item, sum, |r, e| {
            r.data_ends(e);
            r.transfer_ends(e, moved, 0);
        });
        Ok(good && !out.short)
    }
}
