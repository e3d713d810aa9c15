//! The end of a run (WIRE.md, DONE; Goodbye).

use super::Sender;
use crate::{
    Error,
    report::lanes::{self, Ways},
};
use fast_io::{RecvHalf, SendHalf};
use wire::{
    Fault, WireError, item::Item, mux::Message, ndx, stats::DeleteStats, stats::TransferStats,
};

/// The keep-alive of protocol 29: an item for an index that does not exist.
pub(super) const LEGACY_KEEP_ALIVE: u16 = 0x2000;

impl<R: RecvHalf, W: SendHalf> Sender<'_, R, W> {
    /// Deletion counts of the receiving side; a server passes them on to its client.
    pub(super) fn delete_stats(&mut self) -> Result<(), Error> {
        let counts = self.reader.read(DeleteStats::decode)?;
        let stats = &self.session.stats;
        stats.deleted_files.set(counts.files.into());
        stats.deleted_dirs.set(counts.dirs.into());
        stats.deleted_links.set(counts.links.into());
        stats.deleted_devices.set(counts.devices.into());
        stats.deleted_specials.set(counts.specials.into());
        if self.session.settings.am_server {
            self.ndx_out.encode(ndx::DEL_STATS, self.writer.buf());
            counts.encode(self.writer.buf());
            self.writer.spill()?;
        }
        Ok(())
    }

    /// The final DONE, statistics and the goodbye.
    pub(super) fn goodbye(&mut self) -> Result<(), Error> {
        let session = self.session.clone();
        let protocol = session.protocol;
        if session.settings.debug.deltasum > 0 {
            let m = self.files.match_stats;
            let data = session.stats.literal.value();
            self.log.info(format!(
                "total: matches={}  hash_hits={}  false_alarms={} data={data}",
                m.matches, m.hash_hits, m.false_alarms
            ));
        }
        self.report_lanes()?;
        if protocol.has_varints()
            && let Some(bits) = self.lister.untold_io_error()
        {
            self.writer.message(&Message::IoError(bits))?;
        }
        self.ndx_out.encode(ndx::DONE, self.writer.buf());
        let told = session.settings.am_server;
        if told || self.writer.is_recording() {
            // The counts are of what was written, so what is buffered has to go first.
            self.writer.flush()?;
            let s = &session.stats;
            let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            let stats = TransferStats {
                bytes_read: number(s.bytes_read.value()),
                bytes_written: number(s.bytes_written.value()),
                total_size: number(s.total_size.value()),
                flist_build_ms: number(s.flist_build_ms.value()),
                flist_xfer_ms: number(s.flist_xfer_ms.value()),
            };
            // A batch is read as if its writer had been a server.
            self.writer.divert(!told)?;
            stats.encode(protocol, self.writer.buf());
            self.writer.divert(false)?;
        }
        self.writer.flush()?;
        if protocol.has_error_exit() {
            self.final_mark()?;
            self.ndx_out.encode(ndx::DONE, self.writer.buf());
            self.writer.flush()?;
        }
        self.final_mark()
    }

    /// `--debug=IO`. What is buffered goes first, or it would not be counted.
    fn report_lanes(&mut self) -> Result<(), Error> {
        let level = self.session.settings.debug.io;
        if level == 0 {
            return Ok(());
        }
        self.writer.flush()?;
        let ways = Ways {
            policy: self.session.settings.zero_copy,
            files: self.writer.calibration(),
            buffers: self.writer.buffers(),
            loans: self.writer.lend_report(),
        };
        for line in lanes::lines(level, &ways, &self.session.counters) {
            self.log.info(format!("[sender] io: {line}"));
        }
        Ok(())
    }

    /// Waits for a DONE at the end of the run.
    fn final_mark(&mut self) -> Result<(), Error> {
        loop {
            match self.read_ndx()? {
                ndx::DONE => return Ok(()),
                ndx::DEL_STATS if self.session.protocol.has_error_exit() => self.delete_stats()?,
                n if self.is_legacy_keep_alive(n)? => {}
                n => {
                    let text = format!("Invalid packet at end of run ({n})");
                    return Err(WireError::new(Fault::Protocol, text).with_role().into());
                }
            }
        }
    }

    /// At the end of the run only a keep-alive may follow an index.
    fn is_legacy_keep_alive(&mut self, n: i32) -> Result<bool, Error> {
        let protocol = self.session.protocol;
        if protocol.has_varints() || !protocol.has_item_flags() || n != self.lists.next_base() - 1 {
            return Ok(false);
        }
        let item = self.reader.read(|c| Item::decode(protocol, c))?;
        Ok(item.flags.0 == LEGACY_KEEP_ALIVE)
    }
}
