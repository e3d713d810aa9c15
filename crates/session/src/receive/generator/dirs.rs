//! Directories: made before their contents, dressed, and touched up when nothing changes in them any more.
use super::{
    super::{
        altdest::{Found, Level},
        attrs::{Times, about},
        list::{Dir, DirEntry, List},
    },
    Generator, Node,
};
use crate::{
    Error,
    log::{Class, named},
    settings::DeleteTiming,
};
use fast_io::SendHalf;
use fsroot::{FollowParents, Kind, Stat};
use std::sync::Arc;
use wire::{RelPath, item::ItemFlags as F};

impl<W: SendHalf> Generator<W> {
    /// The directory that a list belongs to, under the list's gap index.
    pub(super) fn list_dir(&mut self, list: &Arc<List>, dir: &Arc<Dir>) -> Result<(), Error> {
        if self.session.settings.list_only {
            if !dir.base.implied || !self.leaves_implied_dirs() {
                self.list_dir_line(dir);
            }
            return Ok(());
        }
        let path = match &self.solo {
            Some(solo) => solo.clone(),
            None => match RelPath::new(&dir.name) {
                Some(path) => path,
                None => return Ok(()),
            },
        };
        let node = Node {
            ndx: list.base() - 1,
            place: list.base() - 1,
            path,
            name: dir.name.clone(),
            want: dir.base.want,
            group: None,
        };
        self.directory(list, &node, &dir.base)
    }

    /// Everything about a directory but its contents.
    pub(super) fn directory(
        &mut self,
        list: &Arc<List>,
        node: &Node,
        base: &DirEntry,
    ) -> Result<(), Error> {
        self.fresh = None;
        if self.unmade.remove(&node.name) {
            return self.report_unmade(node);
        }
        if self.below_skipped(&node.name) || self.skipped.contains(&node.name) {
            return Ok(());
        }
        if self.refused(node) {
            self.skip_contents(node);
            return Ok(());
        }
        let Some(mut have) = self.dir_stat(node)? else { return Ok(()) };
        let session = self.session.clone();
        let settings = &session.settings;
        // What cannot be looked at does not count as missing.
        if have.is_none() && settings.existing && self.lstat_to_make(node).is_ok() {
            if settings.info.skip >= 1 {
                let text = self.name_text("not creating new directory \"", &node.name, "\"");
                self.log.info(text);
            }
            // What is in the top directory is looked at all the same, in the list that follows.
            if !(self.session.inc_recurse && node.path.is_root()) {
                self.skipped.insert(node.name.clone());
            }
            return Ok(());
        }
        if settings.ignore_existing && have.is_some_and(|st| st.kind != Kind::Directory) {
            if settings.info.skip >= 1 {
                let why = if settings.info.skip >= 2 { " (type change)" } else { "" };
                self.log.info(self.name_text("", &node.name, &format!(" exists{why}")));
            }
            let linked = have.is_some_and(|st| st.kind == Kind::Symlink);
            if self.session.inc_recurse && base.content && !linked {
                self.delete_in_no_dir(&node.path);
            }
            return Ok(());
        }
        if base.implied && self.leaves_implied_dirs() {
            return self.scan_dir(list, node, base);
        }
        if have.is_some_and(|st| st.kind != Kind::Directory) {
            let kind = have.map_or(Kind::Regular, |st| st.kind);
            if !self.make_room(&node.path, kind, "directory")? {
                self.skip_contents(node);
                return Ok(());
            }
            have = None;
        }
        if have.is_none() && self.leaves_implied_dirs() {
            self.make_parent(node);
        }
        let made_now = have.is_none();
        // What this run has made already is as new as what it makes now.
        let early = self.early.remove(&node.name);
        let new =
            made_now || early || (node.path.is_root() && std::mem::take(&mut self.root_is_new));
        if made_now && self.shared.do_xfers && !self.make_dir(node, node.want.mode) {
            return self.report_unmade(node);
        }
        self.fresh = (self.shared.do_xfers && !self.crowded && (made_now || early))
            .then(|| node.name.clone());
        let shown = if new { None } else { have };
        let base_flags = if new { F::LOCAL_CHANGE } else { 0 };
        let found = if new { self.find_alternate(node, None) } else { None };
        let flags = match found {
            Some(found) => self.alternate_flags(node, &found, base_flags),
            None => self.flags(node, shown.as_ref(), base_flags, false),
        };
        if self.shared.do_xfers {
            if let (Some(_), true, Some(k), Some(root)) =
                (found, self.session.settings.xattrs > 0, node.want.xattr, &mut self.root)
            {
                // What it shares with the one that was found is not sent.
                self.attrs.apply_xattrs(root, &node.path, None, k);
            }
            self.dress_dir(node, have, new);
        } else if let Some(have) = have.filter(|_| !new) {
            self.attrs.say_new_owner(&node.path, &node.want, &have);
        }
        if self.session.protocol.has_item_flags() {
            // Deletions are reported before the directory, whoever prints them.
            self.scan_dir(list, node, base)?;
            self.emit(node, flags, None, None)?;
        } else {
            self.emit(node, flags, None, None)?;
            self.scan_dir(list, node, base)?;
        }
        self.say_like(node, found);
        Ok(())
    }

    /// Says of a directory that an alternate directory has one that is quite like it.
    fn say_like(&mut self, node: &Node, found: Option<Found>) {
        if found.is_some_and(|found| found.level == Level::Matches) {
            let shown = [&node.name[..], b"/"].concat();
            self.say_name_unchanged(&shown, false);
        }
    }

    /// The state of a directory's place; `None` if that cannot be told.
    fn dir_stat(&mut self, node: &Node) -> Result<Option<Option<Stat>>, Error> {
        let have = match self.lstat_to_make(node) {
            Ok(have) => have,
            // Making it fails.
            Err(e) if fsroot::fake::corrupt(&e).is_none() => None,
            Err(e) => {
                self.stat_failed(node, &e)?;
                self.skipped.insert(node.name.clone());
                return Ok(None);
            }
        };
        if have.is_some_and(|st| st.kind == Kind::Symlink)
            && self.session.settings.keep_dirlinks
            && let Some(root) = &mut self.root
            // One that leads out of the destination is a directory, too: what goes into it is refused one by one, and the link
            // stays.
            && let Ok(st) = root.stat_follow(&node.path, true)
            && st.kind == Kind::Directory
        {
            return Ok(Some(Some(st)));
        }
        Ok(Some(have))
    }

    /// A directory met in its parent's list: made now if it is missing, so that the parent's time can be set when that list is
    /// done, and handled when its own list comes.
    pub(super) fn early_dir(&mut self, node: &Node, implied: bool) -> Result<(), Error> {
        let settings = &self.session.settings;
        if !self.attrs.keeps_mtime(Some(Kind::Directory))
            || (!self.shared.do_xfers && !settings.backup && settings.debug.del < 2)
            || (implied && self.leaves_implied_dirs())
            || node.path.is_root()
            || self.daemon_excludes(&node.path, true)
        {
            return Ok(());
        }
        let (keep, creates) = (settings.ignore_existing, !settings.existing);
        match self.dir_stat(node)? {
            Some(None) if creates => {}
            Some(Some(st)) if st.kind != Kind::Directory && !keep => {
                if !self.make_room(&node.path, st.kind, "directory")? {
                    // It is tried again when its own list comes.
                    return Ok(());
                }
            }
            _ => return Ok(()),
        }
        if !self.shared.do_xfers {
            // What is in the way is only announced, here and again when its own list comes.
            return Ok(());
        }
        if self.leaves_implied_dirs() {
            self.make_parent(node);
        }
        match self.make_dir(node, node.want.mode & 0o700) {
            true => self.early.insert(node.name.clone()),
            false => self.unmade.insert(node.name.clone()),
        };
        Ok(())
    }

    /// A directory that could not be made is itemized all the same.
    fn report_unmade(&mut self, node: &Node) -> Result<(), Error> {
        let found = self.find_alternate(node, None);
        let flags = match found {
            Some(found) => self.alternate_flags(node, &found, F::LOCAL_CHANGE),
            None => self.flags(node, None, F::LOCAL_CHANGE, false),
        };
        self.emit(node, flags, None, None)?;
        self.say_like(node, found);
        Ok(())
    }

    /// Makes a directory. False if that failed, which skips its contents.
    fn make_dir(&mut self, node: &Node, mode: u32) -> bool {
        let Some(root) = &mut self.root else { return false };
        // Contents must be made in it, whatever its final mode.
        let mode = mode & 0o777 | 0o700;
        let mut made = root.mkdir(&node.path, mode);
        if let Err(e) = &made {
            if e.kind() == std::io::ErrorKind::AlreadyExists {
                self.crowded = true;
                made = Ok(());
            } else if e.kind() == std::io::ErrorKind::NotFound
                && self.session.settings.relative
                && let Some(parent) = node.path.parent()
            {
                // Parents that the list does not describe.
                made = root.mkdir_all(&parent, 0o777).and_then(|()| root.mkdir(&node.path, mode));
            }
        }
        let Err(e) = made else { return true };
        let text = about("recv_generator: mkdir", &root.quoted(&node.path), " failed");
        self.log.sys_error(Class::ErrorXfer, text, &e);
        self.skip_contents(node);
        false
    }

    fn skip_contents(&mut self, node: &Node) {
        self.log.error("*** Skipping any contents from this failed directory ***");
        self.skipped.insert(node.name.clone());
    }

    /// Attributes of a directory. Its time is set again when nothing changes in it any more.
    fn dress_dir(&mut self, node: &Node, had: Option<Stat>, new: bool) {
        let have = match had.filter(|_| !new) {
            Some(have) => have,
            None => match self.lstat(&node.path) {
                Ok(Some(have)) if have.kind == Kind::Directory => have,
                _ => return,
            },
        };
        let Some(root) = &mut self.root else { return };
        let existing = (!new).then_some(have.perm);
        let mut perm = self.attrs.dest_perm(root, &node.path, &node.want, existing);
        if new && !self.session.settings.perms {
            // Set by the parent's own bit.
            perm |= have.perm & 0o2000;
        }
        let opened = perm | 0o700;
        let opens = !self.attrs.root_user && perm != opened;
        if opens {
            self.tweaked.push((node.path.clone(), perm));
        }
        if opens && new {
            perm = opened;
        }
        // `--keep-dirlinks`: it is the directory behind the link that is dressed.
        let linked = self.session.settings.keep_dirlinks
            && root.lstat(&node.path).is_ok_and(|st| st.kind == Kind::Symlink);
        if linked {
            if let Ok(mut behind) = root.open_below(&node.path, FollowParents::Beneath) {
                let here = RelPath::root();
                self.attrs.apply(&mut behind, &here, &node.want, &have, perm, Times::IfDifferent);
            }
            return;
        }
        self.attrs.apply(root, &node.path, &node.want, &have, perm, Times::IfDifferent);
        if opens
            && !new
            && let Err(e) = root.chmod(&node.path, opened)
        {
            let text = about("failed to modify permissions on", &root.quoted(&node.path), "");
            self.log.sys_error(Class::ErrorXfer, text, &e);
        }
    }

    /// Deletion that happens when a directory is reached.
    fn scan_dir(&mut self, list: &Arc<List>, node: &Node, base: &DirEntry) -> Result<(), Error> {
        if self.solo.is_some() || self.skipped.contains(&node.name) {
            return Ok(());
        }
        match self.session.delete {
            Some(DeleteTiming::During | DeleteTiming::Delay) if !base.content => {
                self.pass_by(node.path.as_bytes())
            }
            Some(when @ (DeleteTiming::During | DeleteTiming::Delay)) => {
                let delay = when == DeleteTiming::Delay;
                self.delete_in_dir(&node.path, list, base.top, delay)
            }
            _ => Ok(()),
        }
    }

    /// Whether an entry lies below a directory whose contents are skipped.
    pub(super) fn below_skipped(&self, name: &[u8]) -> bool {
        if self.skipped.is_empty() {
            return false;
        }
        if self.skipped.contains(&b"."[..]) {
            return true;
        }
        let mut dir = name;
        while let Some(at) = dir.iter().rposition(|b| *b == b'/') {
            dir = &dir[..at];
            if self.skipped.contains(dir) {
                return true;
            }
        }
        false
    }

    /// The daemon's rules exclude the name.
    pub(super) fn refused(&self, node: &Node) -> bool {
        let is_dir = node.want.kind == Some(Kind::Directory);
        if node.path.is_root() || !self.daemon_excludes(&node.path, is_dir) {
            return false;
        }
        let what = match node.want.kind {
            Some(Kind::Directory) => "ERROR: daemon refused to receive directory \"",
            _ => "ERROR: daemon refused to receive file \"",
        };
        self.log.error_xfer(self.name_text(what, &node.name, "\""));
        true
    }

    /// Sets the time of one directory again.
    pub(super) fn touch_dir(&mut self, name: &[u8], base: &DirEntry) {
        let session = self.session.clone();
        let settings = &session.settings;
        if !self.attrs.keeps_mtime(Some(Kind::Directory))
            || !self.shared.do_xfers
            || settings.list_only
            || (base.implied && self.leaves_implied_dirs())
            || self.below_skipped(name)
            || self.skipped.contains(name)
        {
            return;
        }
        let path = match &self.solo {
            Some(solo) => solo.clone(),
            None => match RelPath::new(name) {
                Some(path) => path,
                None => return,
            },
        };
        let want = &base.want;
        if let Ok(Some(st)) = self.lstat(&path)
            && (st.kind == Kind::Directory || (settings.keep_dirlinks && st.kind == Kind::Symlink))
            && !self.attrs.same_mtime(want, &st)
            && let Some(root) = &mut self.root
        {
            // That it failed was said when the directory was reached.
            let _said = root.utimes(&path, None, Some((want.mtime, want.nsec)));
        }
    }

    pub(super) fn say_touched(&self, name: &[u8], i: usize) {
        let says = self.session.settings.debug.time > 1 && self.shared.do_xfers;
        self.log.debug(says, || named("touch_up_dirs: ", name, &format!(" ({i})")));
    }

    /// After the last change: times of directories, and the modes of those that were opened up.
    pub(super) fn touch_up(&mut self, first: &Arc<List>) -> Result<(), Error> {
        let tweaked = std::mem::take(&mut self.tweaked);
        if self.session.inc_recurse {
            for dir in std::mem::take(&mut self.touch_later) {
                self.say_touched(&dir.name, dir.number);
                self.touch_dir(&dir.name, &dir.base);
            }
        } else if self.attrs.keeps_mtime(Some(Kind::Directory)) || !tweaked.is_empty() {
            for i in 0..first.len() {
                let Some(e) = first.get(i).filter(|e| e.is_dir()) else { continue };
                let base = DirEntry {
                    want: self.attrs.want(e),
                    implied: e.implied(),
                    content: e.has_content(),
                    top: e.top_dir(),
                };
                self.say_touched(&e.name(), i);
                self.touch_dir(&e.name(), &base);
                if i % 256 == 0 {
                    self.writer.keep_alive()?;
                }
            }
        }
        let Some(root) = &mut self.root else { return Ok(()) };
        // As rsync does, which leaves those that their owner may write as they are then.
        let closed = |(_, perm): &&(RelPath, u32)| perm & 0o200 == 0;
        // Deepest first: a parent may lose the permission that leads to its children.
        for (path, perm) in tweaked.iter().rev().filter(closed) {
            // What is not ours was said when it was opened up.
            let _said = root.chmod(path, *perm);
        }
        Ok(())
    }
}
