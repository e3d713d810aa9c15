//! Applying a batch: nobody hears our requests, so the answers that stand in the file are held against what the generator would have
//! asked for.
//!
//! The receiver cannot go on before the generator has decided about the entry that the batch has data for. It therefore waits for
//! the generator, which otherwise never happens, and the generator must not wait for something that only comes behind that data:
//! [`super::shared::Event::Hurry`] tells it so.
use super::{
    finish::count_created,
    receiver::{Receiver, Target},
    shared::{Event, Transfer, lock},
};
use crate::Error;
use fast_io::RecvHalf;
use std::{
    collections::{BTreeMap, HashSet},
    sync::{Condvar, Mutex, PoisonError},
};
use wire::{
    Fault, WireError,
    item::{Item, ItemFlags as F, basis},
};

/// How far the generator is.
#[derive(Debug, Default)]
struct Progress {
    /// Files it asked for that the batch has not had data for.
    wanted: BTreeMap<i32, Transfer>,
    /// Every entry up to this index was decided about.
    walked: i32,
    /// Entries whose second attempt was decided about.
    retried: HashSet<i32>,
    /// DONE marks written.
    dones: u32,
    /// No more transfers will be asked for.
    closed: bool,
}

/// Shared by generator and receiver.
#[derive(Debug)]
pub(super) struct Replay {
    progress: Mutex<Progress>,
    moved: Condvar,
}

impl Default for Replay {
    fn default() -> Replay {
        let progress = Progress { walked: i32::MIN, ..Progress::default() };
        Replay { progress: Mutex::new(progress), moved: Condvar::new() }
    }
}

impl Replay {
    fn note(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut lock(&self.progress));
        self.moved.notify_all();
    }

    /// The generator wants this file.
    pub fn want(&self, ndx: i32, transfer: Transfer) {
        self.note(|p| {
            p.wanted.insert(ndx, transfer);
        });
    }
    /// The generator has decided about every entry up to this index.
    pub fn walked(&self, ndx: i32) {
        self.note(|p| p.walked = p.walked.max(ndx));
    }
    /// The generator has looked at an entry once more.
    pub fn retried(&self, ndx: i32) {
        self.note(|p| {
            p.retried.insert(ndx);
        });
    }
    /// The generator has written a DONE.
    pub fn done(&self) {
        self.note(|p| p.dones += 1);
    }
    /// No more transfers will be asked for, because the generator is about to end or has failed.
    pub fn close(&self) {
        self.note(|p| p.closed = true);
    }

    /// Waits until `ready` gives an answer; `hurry` is called before the first wait.
    fn wait<T>(&self, hurry: impl FnOnce(), ready: impl Fn(&mut Progress) -> Option<T>) -> T {
        let mut progress = lock(&self.progress);
        if let Some(answer) = ready(&mut progress) {
            return answer;
        }
        hurry();
        loop {
            progress = self.moved.wait(progress).unwrap_or_else(PoisonError::into_inner);
            if let Some(answer) = ready(&mut progress) {
                return answer;
            }
        }
    }

    /// Waits until the generator has decided about an entry.
    pub fn await_entry(&self, ndx: i32, hurry: impl FnOnce()) {
        self.wait(hurry, |p| (p.walked >= ndx || p.closed).then_some(()));
    }

    /// Whether the generator wants the file that the batch has data for; `again` if a first attempt went wrong.
    pub fn take(&self, ndx: i32, again: bool, hurry: impl FnOnce()) -> Option<Transfer> {
        self.wait(hurry, |p| {
            let decided = match again {
                true => p.retried.contains(&ndx),
                false => p.walked >= ndx,
            };
            match p.wanted.remove(&ndx) {
                Some(transfer) => Some(Some(transfer)),
                None => (decided || p.closed).then_some(None),
            }
        })
    }

    /// The batch has no more data for a list that ends before `end`: takes the files that it lacks.
    pub fn lacking(&self, end: i32, hurry: impl FnOnce()) -> Vec<i32> {
        self.wait(hurry, |p| {
            (p.walked >= end - 1 || p.closed).then(|| {
                let rest = p.wanted.split_off(&end);
                std::mem::replace(&mut p.wanted, rest).into_keys().collect()
            })
        })
    }

    /// The batch is at the end of a phase, its `dones`th mark: takes the files that it lacks, or, when the generator is there too,
    /// nothing.
    pub fn phase_end(&self, dones: u32, hurry: impl FnOnce()) -> Vec<i32> {
        self.wait(hurry, |p| {
            let here = p.dones >= dones || p.closed;
            (here || !p.wanted.is_empty())
                .then(|| std::mem::take(&mut p.wanted).into_keys().collect())
        })
    }
}

impl<R: RecvHalf> Receiver<R> {
    /// One item of a batch.
    pub(super) fn replay_item(
        &mut self,
        replay: &Replay,
        t: &mut Target,
        item: &Item,
    ) -> Result<(), Error> {
        if self.shared.exchanges_xattrs(item.flags.0) {
            self.xattr_values(t)?;
        }
        let again = self.retrying.remove(&t.ndx);
        if item.flags.has(F::IS_NEW) && !again {
            count_created(&self.session, t.want.kind);
        }
        let events = self.events.clone();
        let hurry = || drop(events.send(Event::Hurry));
        if !item.flags.has(F::TRANSFER) {
            if item.flags.has(F::REPORT_XATTR) {
                replay.await_entry(t.ndx, hurry);
            }
            self.local_change(t, item);
            return Ok(());
        }
        match replay.take(t.ndx, again, hurry) {
            Some(mut request) => {
                let similar = item.basis >= basis::FUZZY;
                if similar && self.session.settings.fuzzy == 0 {
                    let name = item.xname.as_deref().unwrap_or_default();
                    let text = "rsync: refusing malicious fuzzy operation for ";
                    return Err(WireError::about(Fault::Protocol, text, name).into());
                }
                if similar || request.basis >= basis::FUZZY {
                    // Other files may be similar now than when the batch was written.
                    request.basis = item.basis;
                }
                self.transfer(t, item, &request)
            }
            None => {
                self.count_transfer(t);
                self.attrs.log.info(about(b"Skipping", &t.name));
                self.drain(t)
            }
        }
    }

    /// The batch has a DONE: for the list that ends before `end`, or else for a phase. What the generator asked for until then will
    /// not come.
    pub(super) fn replay_done(&mut self, end: Option<i32>) -> Result<(), Error> {
        let shared = self.shared.clone();
        let Some(replay) = &shared.replay else { return Ok(()) };
        let events = self.events.clone();
        let hurry = || drop(events.send(Event::Hurry));
        loop {
            let lacking = match end {
                Some(end) => replay.lacking(end, hurry),
                None => replay.phase_end(self.dones + 1, hurry),
            };
            for ndx in &lacking {
                let t = self.target(*ndx)?;
                self.attrs.log.error_xfer(about(b"No", &t.name));
                self.tell(Event::Failed(*ndx));
            }
            if end.is_some() || lacking.is_empty() {
                return Ok(());
            }
        }
    }
}

/// The line about an update that is there in vain, or is not there.
fn about(what: &[u8], name: &[u8]) -> Vec<u8> {
    [b"(", what, b" batched update for \"", name, b"\")"].concat()
}
