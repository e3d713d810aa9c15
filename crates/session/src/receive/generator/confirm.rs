//! Telling the sender what is in place, so that it can remove its own (`--remove-source-files`).
use super::Generator;
use crate::{Error, settings::RemoveSource};
use fast_io::SendHalf;
use fsroot::{Kind, Stat};
use wire::{RelPath, mux::Message};

/// How an item came to be in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Confirmed {
    /// Its data came.
    Transferred,
    /// It was made here.
    Made(Option<Kind>),
    /// It had been there before, or was linked to what is.
    Present,
}

impl<W: SendHalf> Generator<W> {
    /// Tells the sender that the item is in place, if that is to remove such.
    pub(super) fn confirm(&mut self, ndx: i32, how: Confirmed) -> Result<(), Error> {
        let wanted = match self.session.settings.remove_source {
            RemoveSource::Nothing => false,
            RemoveSource::Source => true,
            RemoveSource::Sent => {
                matches!(how, Confirmed::Transferred | Confirmed::Made(Some(Kind::Symlink)))
            }
        };
        if !wanted || !self.shared.do_xfers {
            return Ok(());
        }
        if let Some(later) = self.undressed.get_mut(&ndx) {
            *later = Some(how);
            self.begin_one(ndx);
            return Ok(());
        }
        if let Some(installed) = self.session.installed.clone()
            && let Some((_, _, node)) = self.node(ndx)
            && let Ok(Some(Stat { dev, ino, .. })) = self.lstat(&node.path)
        {
            // The source may be the destination.
            installed.lock().unwrap_or_else(|e| e.into_inner()).insert(ndx, (dev, ino));
        }
        self.writer.message(&Message::Success(ndx))
    }

    /// The same of an item whose extended attributes had to come from the sender, which still needed its own for that.
    pub(super) fn confirm_dressed(&mut self, ndx: i32) -> Result<(), Error> {
        if let Some(Some(how)) = self.undressed.remove(&ndx) {
            self.confirm(ndx, how)?;
            self.end_one(ndx);
        }
        Ok(())
    }

    /// The state of what is kept of a file in the partial directory, if that may be looked at.
    pub(super) fn partial_stat(&mut self, path: &RelPath) -> Option<Stat> {
        let partial = self.partial.as_ref()?;
        if let (super::Partial::Beside(_), Some(dir), Some(file)) =
            (partial, partial.dir(path), partial.path(path))
            && (self.daemon_excludes(&dir, true) || self.daemon_excludes(&file, false))
        {
            return None;
        }
        self.partial.as_mut()?.stat(self.root.as_mut()?, path)
    }

    /// What is `kept` of a file that is complete already is of no more use.
    pub(super) fn forget_partial(&mut self, node: &super::Node, kept: Option<Stat>) {
        if let (true, Some(_), Some(partial), Some(root)) =
            (self.shared.do_xfers, kept, &mut self.partial, &mut self.root)
        {
            partial.remove(root, &node.path);
        }
    }
}
