//! The order of a run: lists, second attempts, late files and deletions, with the DONE that ends each (WIRE.md, DONE).
use super::Generator;
use crate::{Error, receive::list::List, session::io_error, settings::DeleteTiming};
use fast_io::SendHalf;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use wire::{ndx, stats::DeleteStats};

/// With hard links, this many entries are awaited before the first is handled, so that groups are seen as a whole.
const LINK_AHEAD: usize = 500;
/// How long the end of a list waits for the next list before what was written is sent.
const LIST_PATIENCE: Duration = Duration::from_millis(10);

impl<W: SendHalf> Generator<W> {
    pub(super) fn work(&mut self, first: &Arc<List>) -> Result<(), Error> {
        let settings = &self.session.settings;
        self.say_generating(|| format!("generator starting pid={}", std::process::id()));
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
        if self.session.settings.debug.flist >= 1 {
            self.log.info(match self.session.whole_file {
                true => "delta-transmission disabled for local transfer or --whole-file",
                false => "delta-transmission enabled",
            });
        }
        loop {
            while let Some(list) = self.pending.pop_front() {
                self.walk(&list)?;
                if inc && !links && Arc::ptr_eq(&list, first) && !self.is_last() {
                    self.end_opening()?;
                }
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
        self.leave_rules();
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

    /// Whether there is no list behind the one that was handled last.
    fn is_last(&self) -> bool {
        self.eof && self.pending.is_empty()
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

    pub(super) fn send_done(&mut self) {
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

    fn deletions_stopped(&mut self) {
        let skipped = self.deleter.skipped_by_limit();
        if skipped > 0 {
            let text = format!("Deletions stopped due to --max-delete limit ({skipped} skipped)");
            self.log.warning(text);
            self.session.status.add_io_error(io_error::DEL_LIMIT);
        }
    }
}
