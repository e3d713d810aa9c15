//! What the receiver reports, the lists that are worked on, and when what was written is sent.
use super::{Confirmed, Generator};
use crate::{
    Error,
    receive::{list::List, shared::Event},
    settings::DeleteTiming,
};
use fast_io::SendHalf;
use std::{
    sync::{Arc, mpsc::RecvTimeoutError},
    time::{Duration, Instant},
};

/// Entries between two looks at events and keep-alives.
const TICK: u32 = 32;
/// The most items that wait in the buffer for company.
const BURST: u32 = 64;
/// How long an item may wait in the buffer while other entries are looked at.
const PATIENCE: Duration = Duration::from_millis(10);

impl<W: SendHalf> Generator<W> {
    pub(super) fn accept(&mut self, list: Arc<List>) {
        self.entries += list.len();
        if self.session.settings.hard_links {
            for i in 0..list.len() {
                if let Some(e) = list.get(i)
                    && let Some(group) = e.hard_link_group()
                {
                    self.links.member(group, e.ndx());
                }
            }
        }
        self.pending.push_back(list);
    }

    /// Now and then: events, keep-alives.
    pub(super) fn tick(&mut self) -> Result<(), Error> {
        self.ticks += 1;
        if self.ticks.is_multiple_of(TICK) {
            self.writer.keep_alive()?;
            if self.unflushed > 0 && self.unflushed_since.elapsed() >= PATIENCE {
                self.unflushed = 0;
                self.writer.flush()?;
            }
            self.writer.spill()?;
            self.work_off()?;
        }
        Ok(())
    }

    /// Handles what has been reported, without waiting.
    pub(super) fn work_off(&mut self) -> Result<(), Error> {
        while let Ok(event) = self.inbox.try_recv() {
            self.event(event)?;
        }
        self.catch_up()
    }

    /// Waits for something to be reported, and handles it.
    pub(super) fn wait_event(&mut self) -> Result<(), Error> {
        self.catch_up()?;
        // Whoever waits must not leave anything unsaid.
        self.writer.flush()?;
        self.unflushed = 0;
        let event = loop {
            let got = match self.writer.keep_alive_interval() {
                Some(interval) => self.inbox.recv_timeout(interval),
                None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match got {
                Ok(event) => break event,
                Err(RecvTimeoutError::Timeout) => self.writer.keep_alive()?,
                Err(RecvTimeoutError::Disconnected) => break Event::Abort,
            }
        };
        self.event(event)?;
        self.work_off()
    }

    /// Second attempts, and members of hard-link groups that take over.
    fn catch_up(&mut self) -> Result<(), Error> {
        while let Some(ndx) = self.links.promoted.pop_front() {
            self.end_one(ndx);
            if !self.closing {
                self.entry_again(ndx, false)?;
            }
        }
        // Without incremental recursion the sender takes second requests in their own phase.
        while self.session.inc_recurse || self.redoing {
            let Some(ndx) = self.redo.pop_front() else { break };
            if self.closing {
                self.failed(ndx)?;
            } else {
                self.end_one(ndx);
                self.entry_again(ndx, true)?;
            }
            if let Some(replay) = &self.shared.replay {
                replay.retried(ndx);
            }
        }
        Ok(())
    }

    pub(super) fn event(&mut self, event: Event) -> Result<(), Error> {
        match event {
            Event::List(list) => self.accept(list),
            Event::ListEof => self.eof = true,
            Event::Done => self.done_seen += 1,
            Event::Finished(ndx) => {
                self.confirm(ndx, Confirmed::Transferred)?;
                self.end_one(ndx);
                self.leader_done(ndx)?;
            }
            Event::Dressed(ndx) => self.confirm_dressed(ndx)?,
            Event::Settled => {}
            Event::Hurry => self.hurried = true,
            Event::Redo(ndx) => self.redo.push_back(ndx),
            Event::Failed(ndx) => self.failed(ndx)?,
            Event::Abort => {
                // The receiver says why.
                return Err(Error::fatal(crate::ExitCode::STREAM_IO, Vec::new()));
            }
        }
        Ok(())
    }

    fn failed(&mut self, ndx: i32) -> Result<(), Error> {
        self.end_one(ndx);
        let group = self.node(ndx).and_then(|(_, _, node)| node.group);
        if let Some(group) = group {
            self.links.give_up(group, ndx);
        }
        Ok(())
    }

    /// Something more is open in the list that `ndx` belongs to.
    pub(super) fn begin_one(&self, ndx: i32) {
        if let Some(state) = self.live.iter().find(|s| s.list.contains(ndx)) {
            state.list.begin_one();
        }
    }

    /// Something less is open in the list that `ndx` belongs to.
    pub(super) fn end_one(&self, ndx: i32) {
        if let Some(state) = self.live.iter().find(|s| s.list.contains(ndx)) {
            state.list.end_one();
        }
    }

    /// Incremental: gives up lists that nothing is open in, oldest first, but never the one that is being worked on.
    pub(super) fn free_finished(&mut self) -> Result<(), Error> {
        if !self.session.inc_recurse {
            return Ok(());
        }
        while let Some(front) = self.live.front() {
            let last = self.live.len() == 1 && self.pending.is_empty() && !self.eof;
            if !front.walked || !front.list.is_settled() || last {
                break;
            }
            if let Some(state) = self.live.pop_front() {
                if let Some(dir) = &state.list.dir {
                    if self.session.delete != Some(DeleteTiming::Delay) {
                        self.say_touched(&dir.name, dir.number);
                    }
                    match self.session.delete {
                        Some(DeleteTiming::Delay) => self.touch_later.push(dir.clone()),
                        _ => self.touch_dir(&dir.name, &dir.base),
                    }
                }
                self.send_done();
                self.flush_soon()?;
            }
        }
        Ok(())
    }

    /// Sends what a run begins with. A server's messages go ahead of items that wait in the buffer, in rsync as here,
    /// but rsync has sent the first entry by then or, with incremental recursion, the first list (unless it had awaited more
    /// lists before, for hard links).
    pub(super) fn end_opening(&mut self) -> Result<(), Error> {
        if !self.session.settings.am_server || self.session.settings.local {
            return Ok(());
        }
        self.unflushed = 0;
        self.writer.flush()
    }

    /// Sends what was written, if enough has gathered.
    pub(super) fn flush_soon(&mut self) -> Result<(), Error> {
        if self.unflushed == 0 {
            self.unflushed_since = Instant::now();
        }
        self.unflushed += 1;
        // A peer that has read many messages may have sent nothing more meanwhile, and wait for what comes behind them.
        if self.unflushed >= BURST || self.writer.has_many_messages() {
            self.unflushed = 0;
            return self.writer.flush();
        }
        self.writer.spill()
    }
}
