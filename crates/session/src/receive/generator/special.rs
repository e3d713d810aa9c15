//! Symlinks, devices, fifos and sockets.
use super::{
    super::{
        altdest::Level,
        attrs::{Times, Want, about},
        backup::How,
    },
    Generator, Node,
    alternates::Alternate,
    confirm::Confirmed,
};
use crate::{
    Error,
    flist::Entry,
    log::{Class, named},
};
use fast_io::SendHalf;
use fsroot::{
    Errno, Kind, Root, Stat, TempError, is_errno,
    names::{am_root, is_me},
};
use std::io;
use wire::{RelPath, item::ItemFlags as F};

impl<W: SendHalf> Generator<W> {
    pub(super) fn symlink(
        &mut self,
        node: &Node,
        e: Entry<'_>,
        have: Option<Stat>,
    ) -> Result<(), Error> {
        let target = e.link_target();
        if self.session.settings.safe_links && unsafe_symlink(target, node.path.as_bytes()) {
            if self.session.settings.info.name >= 1 {
                let mut text = self.name_text("ignoring unsafe symlink \"", &node.name, "\" -> \"");
                text.extend_from_slice(target);
                text.push(b'"');
                self.log.info(text);
            }
            return Ok(());
        }
        let same = match (&have, &mut self.root) {
            (Some(st), Some(root)) if st.kind == Kind::Symlink => {
                leads_to(root, &node.path, target)
            }
            _ => false,
        };
        if same {
            return self.in_place_already(node, have);
        }
        let target = target.to_vec();
        self.create(
            node,
            e,
            have,
            "symlink",
            |root, path| root.symlink(&target, path),
            |shown| {
                let mut text = about("symlink", shown, " -> \"");
                text.extend_from_slice(&target);
                text.extend_from_slice(b"\" failed");
                text
            },
        )
    }

    pub(super) fn device(
        &mut self,
        node: &Node,
        e: Entry<'_>,
        have: Option<Stat>,
    ) -> Result<(), Error> {
        let Some(kind) = node.want.kind else { return Ok(()) };
        // For rsync the number alone makes a device.
        let same = have.is_some_and(|st| match kind.is_device() {
            true => st.kind.is_device() && st.rdev == node.want.rdev,
            false => st.kind == kind,
        });
        if same {
            return self.in_place_already(node, have);
        }
        let (mode, rdev) = (node.want.mode & 0o777, node.want.rdev);
        self.say_generating(|| {
            let numbers = format!(", 0{:o}, [{},{}])", node.want.mode, rdev.0, rdev.1);
            named("mknod(", &node.name, &numbers)
        });
        let what = if kind.is_device() { "device file" } else { "special file" };
        self.create(
            node,
            e,
            have,
            what,
            |root, path| root.mknod(path, kind, mode, rdev),
            |shown| about("mknod", shown, " failed"),
        )
    }

    /// The item is there; only its attributes may differ.
    pub(super) fn in_place_already(
        &mut self,
        node: &Node,
        have: Option<Stat>,
    ) -> Result<(), Error> {
        let Some(mut have) = have else { return Ok(()) };
        let fake = self.session.settings.fake_super;
        let (mut changed, mut failed) = (false, false);
        let old_perm = have.perm;
        let mut given = None;
        let set_id = have.perm & 0o6000 != 0;
        let dressed = self.session.settings.xattrs > 0 && have.kind == Kind::Regular;
        if (set_id || dressed)
            && self.shared.do_xfers
            && let Some(root) = &mut self.root
        {
            given = self.attrs.give_away(root, &node.path, &node.want, &have);
            changed = given.is_some();
        }
        if set_id && let Some(given) = given {
            // What becomes of the set-id bits is seen only then, and the new state is the one that is reported.
            have = given;
        }
        let mut flags = self.flags(node, Some(&have), 0, false);
        if flags & F::REPORT_ACL != 0 && self.shared.do_xfers && !fake {
            // Setting the ACL sets the permission bits too; only the others are reported beside it, and all where it fails.
            let special = |mode: u32| mode & 0o7000;
            let ours = am_root() || is_me(have.uid);
            if ours && special(node.want.mode) == special(have.perm) {
                flags &= !F::REPORT_PERMS;
            }
        }
        self.emit(node, flags, None, None)?;
        if self.shared.do_xfers
            && let Some(root) = &mut self.root
        {
            let perm = match have.kind {
                Kind::Symlink if !fake => have.perm,
                _ => self.attrs.dest_perm(root, &node.path, &node.want, Some(old_perm)),
            };
            // Where the content was looked at, nanoseconds count too.
            let read = self.session.settings.checksum && have.kind == Kind::Regular;
            let times = if read { Times::Exact } else { Times::IfDifferent };
            let now = given.unwrap_or(have);
            match self.attrs.apply(root, &node.path, &node.want, &now, perm, times) {
                Some(now) => changed |= now,
                None => failed = true,
            }
            // They are set, too, where changing attributes touches the file anyway, but do not count.
            let want = &node.want;
            if flags & F::REPORT_XATTR != 0
                && !failed
                && self.attrs.same_mtime(want, &have)
                && (want.mtime, want.nsec) != (have.mtime, have.mtime_nsec)
            {
                self.attrs.set_exact_mtime(root, &node.path, want);
            }
        }
        if !self.shared.do_xfers {
            self.attrs.say_new_owner(&node.path, &node.want, &have);
            const TOLD: u16 = F::REPORT_TIME
                | F::REPORT_PERMS
                | F::REPORT_OWNER
                | F::REPORT_GROUP
                | F::REPORT_ACL;
            changed |= flags & TOLD != 0 || self.attrs.sets_atime(&node.want, &have);
        }
        if !failed {
            self.say_unchanged(node, changed);
        }
        self.confirm(node.ndx, Confirmed::Present)?;
        self.lead(node)
    }

    /// Makes a new item, replacing what is there.
    fn create(
        &mut self,
        node: &Node,
        e: Entry<'_>,
        have: Option<Stat>,
        what: &'static str,
        make: impl FnMut(&mut Root, &RelPath) -> io::Result<()>,
        failure: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Result<(), Error> {
        let mut exists = have;
        if have.is_some_and(|st| st.kind == Kind::Directory) {
            if !self.make_room(&node.path, Kind::Directory, what)? {
                return Ok(());
            }
            exists = None;
        }
        // One device is as good as another, and so is a fifo as a socket.
        let same_kind = exists.filter(|st| {
            node.want.kind.is_some_and(|kind| {
                let special = |kind| matches!(kind, Kind::Fifo | Kind::Socket);
                st.kind == kind
                    || (st.kind.is_device() && kind.is_device())
                    || (special(st.kind) && special(kind))
            })
        });
        let found = match have {
            None => self.special_alternate(node, e)?,
            Some(_) => Alternate::None,
        };
        let likened = matches!(found, Alternate::Basis(_));
        let matches = matches!(&found, Alternate::Basis(found) if found.level == Level::Matches);
        let flags = match found {
            Alternate::Settled => return Ok(()),
            Alternate::Basis(found) if matches => {
                self.matching_flags(node, &found, F::LOCAL_CHANGE)
            }
            Alternate::Basis(found) => {
                self.alternate_flags(node, &found, F::LOCAL_CHANGE | F::REPORT_CHANGE)
            }
            Alternate::None => {
                let changed = if same_kind.is_some() { F::REPORT_CHANGE } else { 0 };
                self.flags(node, same_kind.as_ref(), F::LOCAL_CHANGE | changed, false)
            }
        };
        if matches {
            // As in rsync this is said before anything is made.
            self.emit(node, flags, None, None)?;
            self.say_unchanged(node, false);
        }
        if !self.put(node, exists, what, make, failure)? {
            self.cannot_lead(node);
            return Ok(());
        }
        let fake = self.session.settings.fake_super;
        if self.shared.do_xfers {
            let Some(root) = &mut self.root else { return Ok(()) };
            if let Ok(now) = root.lstat(&node.path) {
                // Without --perms it gets those of what it replaces. A symlink's say nothing about what may be done.
                let existing = exists.filter(|st| st.kind != Kind::Symlink).map(|st| st.perm);
                let perm = match now.kind {
                    Kind::Symlink if !fake => now.perm,
                    _ => self.attrs.dest_perm(root, &node.path, &node.want, existing),
                };
                if let (true, true, Some(k)) =
                    (likened, self.session.settings.xattrs > 0, node.want.xattr)
                {
                    // What it shares with the one that was found is not sent.
                    self.attrs.apply_xattrs(root, &node.path, None, k);
                }
                // What was made in disguise is a file, whose time counts in spite of --omit-link-times.
                let kind = if fake { Some(Kind::Regular) } else { node.want.kind };
                let want = Want { kind, ..node.want };
                // What was made in the same second, or modify window, has the right time already, as in rsync.
                self.attrs.apply(root, &node.path, &want, &now, perm, Times::IfDifferent);
            }
        }
        if !matches {
            self.emit(node, flags, None, None)?;
        }
        self.confirm(node.ndx, Confirmed::Made(node.want.kind))?;
        self.lead(node)
    }

    /// Makes something where there is nothing, or this, which it is to replace. False if that failed, which was said.
    ///
    /// What is replaced stays until the new is there. With --temp-dir it first goes to be the backup. Where none is wanted rsync
    /// then removes it, and loses what it cannot replace; here it stays, and errors alone are said as if it had been removed.
    pub(super) fn put(
        &mut self,
        node: &Node,
        exists: Option<Stat>,
        what: &'static str,
        mut make: impl FnMut(&mut Root, &RelPath) -> io::Result<()>,
        failure: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Result<bool, Error> {
        let path = &node.path;
        let temp_dir = self.session.settings.temp_dir.is_some();
        let moved = temp_dir && self.backup.is_some();
        let removed = exists.filter(|_| temp_dir && !moved);
        if exists.is_some()
            && !self.back_up_replaced(path, if moved { How::Move } else { How::Keep })?
        {
            return Ok(false);
        }
        if let Some(st) = removed {
            self.say_making_room(path, st.kind, what);
        }
        let Some(root) = self.root.as_mut().filter(|_| self.shared.do_xfers) else {
            return Ok(true);
        };
        let made = match exists {
            Some(_) if !moved => root.create_replacing(path, make),
            _ => make(root, path).map_err(TempError::from),
        };
        let Err(e) = made else { return Ok(true) };
        if removed.is_some() && (e.made || is_shut(&e.error)) {
            self.say_no_room(path, what, &e.error);
            return Ok(false);
        }
        let tried = e.tried.as_ref().filter(|_| removed.is_none());
        let shown = root.quoted(tried.unwrap_or(path));
        let text = match e.made {
            // rsync puts its quotes between quotes.
            true => about("rename", &shown, " -> \"")
                .into_iter()
                .chain(root.quoted(path))
                .chain(*b"\" failed")
                .collect(),
            false => failure(&shown),
        };
        self.log.sys_error(Class::ErrorXfer, text, &e.error);
        Ok(false)
    }
}

/// Whether the symlink at `path` has the target that it should have. A real one does not do where one in disguise is wanted.
pub(super) fn leads_to(root: &mut Root, path: &RelPath, target: &[u8]) -> bool {
    !(root.fakes_super() && root.is_real_link(path))
        && root.read_link(path).is_ok_and(|there| there == target)
}

/// Nothing in the directory can be made, nor removed.
fn is_shut(e: &io::Error) -> bool {
    [Errno::ACCESS, Errno::ROFS].into_iter().any(|errno| is_errno(e, errno))
}

/// Whether a link leads out of the tree: it is absolute, climbs above the root, or climbs anywhere but at its beginning.
pub(in crate::receive) fn unsafe_symlink(target: &[u8], name: &[u8]) -> bool {
    if target.is_empty() || target[0] == b'/' {
        return true;
    }
    let mut depth = name.split(|b| *b == b'/').count() - 1;
    let mut descended = false;
    for part in target.split(|b| *b == b'/') {
        match part {
            b"" => {}
            b".." if descended || depth == 0 => return true,
            b".." => depth -= 1,
            _ => descended = true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::unsafe_symlink;

    #[test]
    fn links_may_climb_only_at_their_beginning_and_not_too_far() {
        for safe in ["../f", ".", "..", "..//f", "x/y", "./z", "a/."] {
            assert!(!unsafe_symlink(safe.as_bytes(), b"sub/l"), "{safe}");
        }
        for bad in
            ["../../f", "x/../y", "x/../../y", "/abs", "../..", "./../z", "../sub/../f", "a/..", ""]
        {
            assert!(unsafe_symlink(bad.as_bytes(), b"sub/l"), "{bad}");
        }
        assert!(unsafe_symlink(b"../f", b"l"));
        assert!(!unsafe_symlink(b"../../f", b"a/b/l"));
    }
}
