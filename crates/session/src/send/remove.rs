//! `--remove-source-files`: what the receiving side has is removed here.

use super::Sender;
use crate::{Error, log::Class, settings::RemoveSource};
use fast_io::{RecvHalf, SendHalf};
use std::io;
use wire::xattr::{Xattr, XattrValue};

/// What became of a file that is to be removed.
enum Look {
    Removed,
    /// It is not what was sent.
    Changed,
    /// It is what the receiving side has made, in a local copy.
    Destination,
}

impl<R: RecvHalf, W: SendHalf> Sender<'_, R, W> {
    /// Removes the files that were confirmed since the last time.
    pub(super) fn remove_confirmed(&mut self) -> Result<(), Error> {
        let confirmed = {
            let mut waiting = self.confirmed.lock().unwrap_or_else(|e| e.into_inner());
            if waiting.is_empty() {
                return Ok(());
            }
            std::mem::take(&mut *waiting)
        };
        if self.session.settings.remove_source == RemoveSource::Nothing {
            return Ok(());
        }
        for n in confirmed {
            match self.may_be_asked_for_values(n)? {
                true => _ = self.held.insert(n),
                false => self.remove(n)?,
            }
        }
        Ok(())
    }

    /// Whether a file may be needed for values of its attributes that have not been asked for. Rsync's confirmations overtake its
    /// requests.
    fn may_be_asked_for_values(&self, n: i32) -> Result<bool, Error> {
        let subject = self.subject(n)?;
        let list = subject.entry().and_then(|entry| entry.xattr());
        Ok(list.is_some_and(|list| {
            let sent = self.values_sent.get(&list);
            let is_unsent = |(number, attr): (u32, &Xattr)| {
                matches!(attr.value, XattrValue::Digest { .. })
                    && !sent.is_some_and(|sent| sent.contains(&number))
            };
            (1..).zip(self.lister.encoder.xattrs.get(list)).any(is_unsent)
        }))
    }

    /// Removes a file that was held, now that its request was answered.
    pub(super) fn remove_answered(&mut self, n: i32) -> Result<(), Error> {
        if self.held.remove(&n) { self.remove(n) } else { Ok(()) }
    }

    /// Removes what is held of the oldest list, or of the only one: nothing of it will be asked for any more.
    pub(super) fn remove_held(&mut self) -> Result<(), Error> {
        let Some(oldest) = self.lists.oldest() else { return Ok(()) };
        let segment = oldest.segment.clone();
        let done = |n: &i32| segment.by_ndx(*n).is_some();
        for n in self.held.iter().copied().filter(done).collect::<Vec<_>>() {
            self.remove_answered(n)?;
        }
        Ok(())
    }

    fn remove(&mut self, n: i32) -> Result<(), Error> {
        let subject = self.subject(n)?;
        let Some(entry) = subject.entry().filter(|e| !e.is_dir()) else { return Ok(()) };
        let session = self.session.clone();
        let settings = &session.settings;
        // A link that was followed as an unsafe one is not what was sent, and stays.
        let follow = settings.copy_links;
        let mut name = Vec::new();
        entry.push_wire_name(&mut name);
        let sources = &mut self.lister.sources;
        sources.enter(entry.source(), &self.log);
        if let Err(e) = sources.check_way_to(entry.source(), &name)
            && e.kind() != io::ErrorKind::NotFound
        {
            let text = [b"sender failed to secure-open-parent ", &name[..]].concat();
            self.log.sys_error(Class::ErrorXfer, text, &e);
            return Ok(());
        }
        let unconfined = sources.unconfined();
        let Some(rel) = sources.rel(entry.source(), &name) else { return Ok(()) };
        let looked = sources.root(entry.source()).and_then(|root| {
            let st = if follow { root.stat_follow(&rel, unconfined) } else { root.lstat(&rel) }?;
            let installed = session.installed.as_ref().and_then(|installed| {
                installed.lock().unwrap_or_else(|e| e.into_inner()).remove(&n)
            });
            if installed == Some((st.dev, st.ino)) {
                return Ok(Look::Destination);
            }
            let same_time = st.mtime == entry.mtime()
                && (entry.mtime_nsec() == 0 || st.mtime_nsec == entry.mtime_nsec());
            let same_len = st.len == entry.len() || !(entry.is_regular() || entry.is_symlink());
            if !same_time || !same_len {
                return Ok(Look::Changed);
            }
            root.unlink(&rel).map(|()| Look::Removed)
        });
        match looked {
            Ok(Look::Removed) => {
                if settings.info.remove > 0 {
                    self.log.info([b"sender removed ", &name[..]].concat());
                }
            }
            Ok(look @ (Look::Changed | Look::Destination)) => {
                let text: &[u8] = match look {
                    Look::Destination => b"ERROR: Skipping sender remove of destination file: ",
                    _ => b"ERROR: Skipping sender remove for changed file: ",
                };
                self.log.error_xfer([text, &name].concat());
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                self.log.info([b"sender file already removed: ", &name[..]].concat());
            }
            Err(e) => {
                let text = [b"sender failed to remove ", &name[..]].concat();
                self.log.sys_error(Class::ErrorXfer, text, &e);
            }
        }
        Ok(())
    }
}
