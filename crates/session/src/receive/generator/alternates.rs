//! Items that an alternate directory has (man page, --compare-dest).
use super::{
    super::{
        altdest::{AltDir, Found, Level},
        attrs::{Times, about},
    },
    Generator, Node,
    confirm::Confirmed,
};
use crate::{Error, flist::Entry, log::Class, operator::say_foreign_link, settings::AltDestKind};
use fast_io::SendHalf;
use fsroot::{Kind, Stat};
use std::io;
use wire::{RelPath, item::ItemFlags as F};

/// What an alternate directory means for an entry.
pub(super) enum Alternate {
    /// Nothing.
    None,
    /// Its file is the basis of the transfer.
    Basis(Found),
    /// Nothing else is to be done.
    Settled,
}

impl<W: SendHalf> Generator<W> {
    /// The best that the alternate directories have for an entry. The first of several is taken.
    pub(super) fn find_alternate(&mut self, node: &Node, e: Option<Entry<'_>>) -> Option<Found> {
        let mut dirs = self.alt_dirs.take()?;
        let mut best: Option<Found> = None;
        for (number, dir) in dirs.dirs.iter_mut().enumerate() {
            let root = match dir {
                AltDir::Open(root) => root,
                AltDir::Closed(refusal) => {
                    refusal.say(&self.log);
                    continue;
                }
            };
            let found = root.lstat(&node.path).inspect_err(|_| say_foreign_link(&self.log));
            let Some(st) = found.ok().filter(|st| Some(st.kind) == node.want.kind) else {
                continue;
            };
            // An atime alone is set, or not, but makes no other file of it.
            let differs =
                self.attrs.report(root, &node.path, &node.want, &st, 0, true) & !F::REPORT_ATIME;
            // Directories are compared by their times even if these are not set (`--omit-dir-times`).
            let other_time = st.kind == Kind::Directory
                && self.session.settings.times
                && !self.attrs.same_mtime(&node.want, &st);
            let level = match e {
                Some(e) if !self.same_content(root, node, e, &st) => Level::Exists,
                _ if differs != 0 || other_time => Level::Same,
                _ => Level::Matches,
            };
            if best.is_none_or(|best| best.level < level) {
                let number = u8::try_from(number).expect("at most 20 directories");
                best = Some(Found { number, level, st });
            }
            if level == Level::Matches {
                break;
            }
        }
        self.alt_dirs = Some(dirs);
        best
    }

    /// What becomes of what an alternate directory has, if there is one.
    pub(super) fn alternates(&self) -> Option<AltDestKind> {
        self.alt_dirs.as_ref().map(|dirs| dirs.kind)
    }

    /// The flags of an item that is made in the likeness of what was found.
    pub(super) fn alternate_flags(&mut self, node: &Node, found: &Found, base: u16) -> u16 {
        match self.alt_dirs.as_mut().and_then(|dirs| dirs.root(found.number)) {
            Some(root) => {
                let exact = found.level == Level::Matches;
                self.attrs.report(root, &node.path, &node.want, &found.st, base, exact)
            }
            None => base | F::IS_NEW,
        }
    }

    /// The same for what matches: at most the atime differs, which itemized lines alone tell.
    pub(super) fn matching_flags(&mut self, node: &Node, found: &Found, base: u16) -> u16 {
        if self.shared.itemizing { self.alternate_flags(node, found, base) } else { base }
    }

    /// A regular file. Where the destination has one already, only a perfect match counts.
    pub(super) fn regular_alternate(
        &mut self,
        node: &Node,
        e: Entry<'_>,
        have: Option<Stat>,
    ) -> Result<Alternate, Error> {
        let Some(kind) = self.alternates().filter(|k| have.is_none() || *k != AltDestKind::Copy)
        else {
            return Ok(Alternate::None);
        };
        let found = match self.find_alternate(node, Some(e)) {
            Some(found) if have.is_none() || found.level == Level::Matches => found,
            _ => return Ok(Alternate::None),
        };
        match found.level {
            Level::Exists => return Ok(Alternate::Basis(found)),
            // It is there already.
            Level::Matches
                if kind == AltDestKind::Link
                    && have.is_some_and(|have| have.same_inode(&found.st)) =>
            {
                return Ok(Alternate::None);
            }
            Level::Matches if kind == AltDestKind::Compare => {
                if have.is_some()
                    && self.shared.do_xfers
                    && let Some(root) = &mut self.root
                    && root.unlink(&node.path).is_err()
                {
                    // What cannot be removed is updated.
                    return Ok(Alternate::None);
                }
                let flags = self.matching_flags(node, &found, 0);
                self.emit(node, flags, None, None)?;
                self.say_unchanged(node, false);
                self.confirm(node.ndx, Confirmed::Present)?;
                return Ok(Alternate::Settled);
            }
            Level::Matches
                if kind == AltDestKind::Link && self.link_regular(node, &found, have) =>
            {
                let (want, st) = (&node.want, &found.st);
                if self.shared.do_xfers
                    && self.attrs.sets_atime(want, st)
                    && let Some(root) = &mut self.root
                {
                    self.attrs.apply(root, &node.path, want, st, st.perm, Times::IfDifferent);
                }
                self.report_linked(node, &found)?;
                self.confirm(node.ndx, Confirmed::Present)?;
                return Ok(Alternate::Settled);
            }
            Level::Same | Level::Matches => {}
        }
        if have.is_some() {
            // What is there is as good as a copy.
            return Ok(Alternate::None);
        }
        if self.shared.do_xfers && !self.copy_alternate(node, &found) {
            return Ok(Alternate::None);
        }
        // Nothing says that it is the same file, whose times need not be mentioned.
        let copied = Found { level: Level::Same, ..found };
        let flags = self.alternate_flags(node, &copied, F::LOCAL_CHANGE);
        self.emit(node, flags, None, None)?;
        if found.level == Level::Matches {
            self.say_unchanged(node, false);
        }
        self.confirm(node.ndx, Confirmed::Present)?;
        self.lead(node)?;
        Ok(Alternate::Settled)
    }

    /// A symlink or device that the destination lacks, if one that matches makes an end of it; else what is known of it.
    pub(super) fn special_alternate(
        &mut self,
        node: &Node,
        e: Entry<'_>,
    ) -> Result<Alternate, Error> {
        let Some(found) = self.find_alternate(node, Some(e)) else { return Ok(Alternate::None) };
        if found.level < Level::Matches {
            return Ok(Alternate::Basis(found));
        }
        match self.alternates() {
            Some(AltDestKind::Compare) => {
                self.emit(node, 0, None, None)?;
                self.say_unchanged(node, false);
                self.cannot_lead(node);
                Ok(Alternate::Settled)
            }
            Some(AltDestKind::Link) if self.link_alternate(node, &found, None).is_ok() => {
                self.report_linked(node, &found)?;
                Ok(Alternate::Settled)
            }
            _ => Ok(Alternate::Basis(found)),
        }
    }

    /// Reports what was linked, with the empty name that says so.
    fn report_linked(&mut self, node: &Node, found: &Found) -> Result<(), Error> {
        if let Some(chains) = &mut self.links.chains {
            chains.linked_from(node.ndx, found.number);
        }
        let flags = self.matching_flags(node, found, F::LOCAL_CHANGE | F::XNAME_FOLLOWS);
        self.emit(node, flags, Some(b""), None)?;
        self.say_unchanged(node, false);
        self.lead(node)
    }

    /// Makes the destination another link of what was found.
    fn link_alternate(&mut self, node: &Node, found: &Found, have: Option<Stat>) -> io::Result<()> {
        if !self.shared.do_xfers {
            return Ok(());
        }
        let gone = || io::Error::from(io::ErrorKind::NotFound);
        let (Some(dirs), Some(root)) = (&mut self.alt_dirs, &mut self.root) else {
            return Err(gone());
        };
        let from = dirs.root(found.number).ok_or_else(gone)?;
        match have {
            Some(_) => Ok(root.create_replacing(&node.path, |root, temp| {
                from.link_to(&node.path, root, temp, &found.st)
            })?),
            None => from.link_to(&node.path, root, &node.path, &found.st),
        }
    }

    /// The same of a regular file; false if that cannot be. Another file system, or too many links: a copy does as well.
    fn link_regular(&mut self, node: &Node, found: &Found, have: Option<Stat>) -> bool {
        let Err(e) = self.link_alternate(node, found, have) else { return true };
        if self.session.settings.info.copy >= 1
            && have.is_none()
            && let (Some(dirs), Some(root)) = (&mut self.alt_dirs, &self.root)
            && let Some(from) = dirs.root(found.number)
        {
            let mut text = about("link", &root.quoted(&node.path), " => ");
            text.extend_from_slice(&from.display(&node.path));
            text.extend_from_slice(b" failed");
            self.log.sys_error(Class::Info, text, &e);
        }
        false
    }

    /// The flags of a member of a hard-link group that the destination lacks and an alternate directory has: if it is the
    /// leader's other link there, or would be copied from there, it is not new.
    pub(super) fn follower_alternate(
        &mut self,
        node: &Node,
        leader: (&RelPath, Option<Stat>),
        base: u16,
    ) -> Option<u16> {
        let kind = self.alternates()?;
        let found = self.find_alternate(node, None)?;
        let leader = match leader {
            // A dry run has not made it; it would be a link of the one there.
            (path, None) if !self.shared.do_xfers => {
                self.alt_dirs.as_mut()?.root(found.number)?.lstat(path).ok()
            }
            (_, leader) => leader,
        };
        let known = match kind {
            AltDestKind::Link => leader.is_some_and(|leader| leader.same_inode(&found.st)),
            _ => found.st.kind == Kind::Regular && found.level == Level::Matches,
        };
        known.then(|| self.alternate_flags(node, &found, base))
    }
}
