//! One entry: what is to be done about it.
use super::{
    super::{
        attrs::about,
        list::{Dir, DirEntry, List},
    },
    Generator, Node,
    alternates::Alternate,
    is_in_the_way,
    request::Elsewhere,
    special::leads_to,
};
use crate::{
    Error, ExitCode,
    flist::Entry,
    list_sum::list_sum,
    log::Class,
    report::{ListEntry, listing},
    settings::Append,
};
use fast_io::SendHalf;
use fsroot::{Kind, Root, Stat};
use std::sync::Arc;
use wire::{Fault, RelPath, WireError};

impl<W: SendHalf> Generator<W> {
    /// An entry in its turn. `forced`: it must lead its hard-link group.
    pub(super) fn entry(
        &mut self,
        list: &Arc<List>,
        slot: usize,
        forced: bool,
    ) -> Result<(), Error> {
        let Some(e) = list.get(slot) else { return Ok(()) };
        self.take_up(list, slot, e, forced)?;
        if self.session.settings.hard_links
            && let Some(group) = e.hard_link_group()
            && (forced || self.links.is_last(group, e.ndx()))
        {
            self.links.turn_is_over(group, e.ndx());
        }
        Ok(())
    }

    /// Does what an entry needs, or what can be done without the receiver.
    fn take_up(
        &mut self,
        list: &Arc<List>,
        slot: usize,
        e: Entry<'_>,
        forced: bool,
    ) -> Result<(), Error> {
        let session = self.session.clone();
        let settings = &session.settings;
        let inc = session.inc_recurse;
        if settings.list_only {
            // In an incremental session a directory is listed with its own list.
            if !(e.is_dir() && (inc || (e.implied() && self.leaves_implied_dirs()))) {
                self.list_line(list, slot);
            }
            return Ok(());
        }
        let Some(node) = self.make_node(list, slot) else { return Ok(()) };
        if self.below_skipped(&node.name) {
            if e.is_dir() {
                self.skipped.insert(node.name);
            } else {
                self.unasked_member(&node);
            }
            return Ok(());
        }
        // Directories have lists of their own, unless they are implied and not made.
        if !inc || (e.mode() == 0 && self.leaves_implied_dirs()) {
            self.check_parent(list, &node)?;
        } else if e.mode() == 0 {
            self.look_at_parent(&node);
        }
        if e.is_dir() {
            if inc {
                return self.early_dir(&node, e.implied());
            }
            let base = DirEntry {
                want: node.want,
                implied: e.implied(),
                content: e.has_content(),
                top: e.top_dir(),
            };
            return self.directory(list, &node, &base);
        }
        if self.refused(&node) {
            return Ok(());
        }
        if e.mode() == 0 {
            return self.delete_missing(&node.path);
        }
        if self.leaves_implied_dirs() {
            self.make_parent(&node);
        }
        let have = match self.is_in_fresh_dir(&node) {
            true => Ok(None),
            false => self.lstat_entry(&node),
        };
        let (have, unseen) = match have {
            Ok(have) => (have, None),
            // Rules that ask for the size alone come first, and what is no regular file fails when it is made.
            Err(e) if fsroot::fake::corrupt(&e).is_none() => (None, Some(e)),
            Err(e) => return self.stat_failed(&node, &e),
        };
        if unseen.as_ref().is_some_and(is_in_the_way) {
            self.say_no_parent(&node);
        }
        let last = forced || node.group.is_none_or(|g| self.links.is_last(g, node.ndx));
        if settings.existing && have.is_none() && unseen.is_none() {
            if settings.info.skip >= 1 {
                let text = self.name_text("not creating new file \"", node.path.as_bytes(), "\"");
                self.log.info(text);
            }
            self.unasked_member(&node);
            return Ok(());
        }
        if let (true, Some(st)) = (settings.ignore_existing, &have) {
            if settings.info.skip >= 1 {
                let why = if settings.info.skip >= 2 { self.why_exists(&node, e, st) } else { "" };
                self.log.info(self.name_text("", &node.name, &format!(" exists{why}")));
            }
            self.unasked_member(&node);
            return Ok(());
        }
        if self.follows(&node, have.as_ref())? {
            return Ok(());
        }
        match node.want.kind {
            Some(Kind::Regular) => self.regular(&node, e, have, unseen, last),
            Some(Kind::Symlink) if settings.links => self.symlink(&node, e, have),
            Some(k)
                if k.is_device()
                    && settings.devices
                    && self.attrs.root_user
                    && !settings.drop_devices =>
            {
                self.device(&node, e, have)
            }
            Some(k) if k.is_special() && settings.specials && !settings.drop_devices => {
                self.device(&node, e, have)
            }
            _ => {
                if settings.info.nonreg >= 1 {
                    let text = self.name_text("skipping non-regular file \"", &node.name, "\"");
                    self.log.info(text);
                }
                Ok(())
            }
        }
    }

    /// Whether a regular file lies in a directory that this run has just made, so that there is nothing to look at.
    fn is_in_fresh_dir(&self, node: &Node) -> bool {
        let Some(fresh) = &self.fresh else { return false };
        let leaf = node.name.strip_prefix(&fresh[..]).and_then(|rest| rest.strip_prefix(b"/"));
        node.want.kind == Some(Kind::Regular)
            && node.group.is_none()
            && self.solo.is_none()
            && leaf.is_some_and(|leaf| !leaf.contains(&b'/'))
    }

    /// An entry again: in place of a leader that failed, or because its data were wrong (`redo`).
    pub(super) fn entry_again(&mut self, ndx: i32, redo: bool) -> Result<(), Error> {
        let Some((list, slot, node)) = self.node(ndx) else { return Ok(()) };
        if !redo {
            self.say_entry(&node.name, ndx);
            return self.entry(&list, slot, true);
        }
        // Everything that could keep the file from being transferred was decided the first time.
        match self.lstat(&node.path) {
            Ok(have) => {
                let devices = self.session.settings.write_devices;
                let fits = |st: &Stat| st.kind == Kind::Regular || (devices && st.kind.is_device());
                self.request(&node, have.filter(fits), None, true)
            }
            Err(e) => self.stat_failed(&node, &e),
        }
    }

    /// Every entry's parent must be a directory in the list (WIRE.md, Limits).
    fn check_parent(&mut self, list: &Arc<List>, node: &Node) -> Result<(), Error> {
        let session = &self.session;
        let Some((parent, _)) =
            node.name.iter().rposition(|b| *b == b'/').map(|i| node.name.split_at(i))
        else {
            return Ok(());
        };
        if node.want.mode == 0 {
            // It is to be deleted, which needs no parent.
            if self.absent_parent.as_deref() != Some(parent) && !self.would_be_made(list, parent) {
                self.say_absent(list, parent);
                self.look_at_parent(node);
                self.absent_parent = Some(parent.to_vec());
            }
            return Ok(());
        }
        if self.known_parent.as_deref() == Some(parent) {
            return Ok(());
        }
        if list.has_dir(parent) {
            self.known_parent = Some(parent.to_vec());
            return Ok(());
        }
        if self.leaves_implied_dirs() && !session.protocol.has_varints() {
            // Such a sender leaves the parents out.
            return Ok(());
        }
        let text = "ABORTING due to invalid path from sender: ";
        Err(WireError::about(Fault::Protocol, text, &node.name).into())
    }

    /// Whether a dry run would have made a directory of the list on the way to `dir`.
    fn would_be_made(&mut self, list: &Arc<List>, dir: &[u8]) -> bool {
        if self.shared.do_xfers {
            return false;
        }
        let own = !self.leaves_implied_dirs();
        let ends = dir.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(i, _)| i);
        let listed = ends.chain([dir.len()]).filter(|&end| list.has_dir(&dir[..end]));
        let listed: Vec<_> = listed.filter_map(|end| RelPath::new(&dir[..end])).collect();
        match &mut self.root {
            None => true,
            Some(root) => own && listed.iter().any(|path| root.lstat(path).is_err()),
        }
    }

    /// Says that the parent of something that is to be deleted is not in the list.
    fn say_absent(&mut self, list: &Arc<List>, parent: &[u8]) {
        if !self.session.inc_recurse && !list.has_dir(parent) {
            let text = "WARNING: parent dir is absent in the file list: ";
            self.log.error(self.name_text(text, parent, ""));
        }
    }

    /// What new files beside something may do: as rsync, it is asked for something that is to be deleted, too.
    fn look_at_parent(&mut self, node: &Node) {
        if let (true, false, Some(root)) =
            (self.shared.do_xfers, self.session.settings.perms, &mut self.root)
        {
            self.attrs.default_perms(root, &node.path);
        }
    }

    /// Says that what should be a directory is none, so that nobody knows what new files in it may do.
    fn say_no_parent(&mut self, node: &Node) {
        let Some(parent) = node.path.parent().filter(|_| !self.session.settings.perms) else {
            return;
        };
        if self.absent_parent.as_deref() != Some(parent.as_bytes()) {
            self.attrs.say_no_default(parent.as_bytes(), "Permission denied");
            self.absent_parent = Some(parent.as_bytes().to_vec());
        }
    }

    /// `--no-implied-dirs`: parents that the list does not describe are made with default attributes.
    pub(super) fn make_parent(&mut self, node: &Node) {
        let (true, Some(root), Some(parent)) =
            (self.shared.do_xfers, &mut self.root, node.path.parent())
        else {
            return;
        };
        if !parent.is_root()
            && self.absent_parent.as_deref() != Some(parent.as_bytes())
            && root.lstat(&parent).is_err()
            && let Err(e) = root.mkdir_all(&parent, 0o777)
        {
            let text = about("recv_generator: mkdir", &root.quoted(&parent), " failed");
            self.log.sys_error(Class::ErrorXfer, text, &e);
            self.look_at_parent(node);
            self.absent_parent = Some(parent.as_bytes().to_vec());
        }
    }

    /// A file that cannot be looked at is skipped, but for one that `--fake-super` wrote nonsense about.
    pub(super) fn stat_failed(&self, node: &Node, e: &std::io::Error) -> Result<(), Error> {
        if let Some(line) = fsroot::fake::corrupt(e) {
            return Err(Error::fatal(ExitCode::FILE_IO, line));
        }
        let shown = match &self.root {
            Some(root) => root.quoted(&node.path),
            None => [b"\"", &node.name[..], b"\""].concat(),
        };
        let text = about("recv_generator: failed to stat", &shown, "");
        self.log.sys_error(Class::ErrorXfer, text, e);
        Ok(())
    }

    /// `--ignore-existing` with `--info=skip2`: in what way the file differs.
    fn why_exists(&mut self, node: &Node, e: Entry<'_>, st: &Stat) -> &'static str {
        if Some(st.kind) != node.want.kind {
            return " (type change)";
        }
        if !self.unchanged(node, e, st) {
            return if self.session.settings.checksum { " (sum change)" } else { " (file change)" };
        }
        let same = self.flags(node, Some(st), 0, false) == 0;
        if same { " (uptodate)" } else { " (attr change)" }
    }

    /// A regular file.
    fn regular(
        &mut self,
        node: &Node,
        e: Entry<'_>,
        mut have: Option<Stat>,
        unseen: Option<std::io::Error>,
        last: bool,
    ) -> Result<(), Error> {
        let session = self.session.clone();
        let settings = &session.settings;
        let len = node.want.len;
        let skip = if settings.max_size.is_some_and(|max| len > max) {
            " is over max-size"
        } else if settings.min_size.is_some_and(|min| len < min) {
            " is under min-size"
        } else if settings.update
            && let Some(st) = have.filter(|st| st.kind == Kind::Regular)
            && node.want.mtime.saturating_sub(st.mtime) < i64::from(settings.modify_window)
        {
            " is newer"
        } else {
            ""
        };
        if !skip.is_empty() {
            if settings.info.skip >= 1 {
                self.log.info(self.name_text("", &node.name, skip));
            }
            if skip == " is newer" {
                self.unasked_member(node);
            }
            return Ok(());
        }
        if let Some(e) = unseen {
            return self.stat_failed(node, &e);
        }
        let device = settings.write_devices && have.is_some_and(|st| st.kind.is_device());
        if let Some(st) = have.filter(|st| st.kind != Kind::Regular && !device) {
            if !self.make_room(&node.path, st.kind, "regular file")? {
                return Ok(());
            }
            have = None;
        }
        let mut found = None;
        // A basis elsewhere is not what there is to be added to: rsync leaves a hole for it.
        let elsewhere = !device && settings.append == Append::Off;
        if !device {
            match self.regular_alternate(node, e, have)? {
                Alternate::Settled => return Ok(()),
                Alternate::Basis(basis) if elsewhere => found = Some(Elsewhere::Alternate(basis)),
                Alternate::Basis(_) | Alternate::None => {}
            }
        }
        let kept = self.partial_stat(&node.path);
        if elsewhere && have.is_none() && kept.is_none() && found.is_none() {
            found = self.find_similar(node).map(Elsewhere::Similar);
        }
        match have {
            None if !last && kept.is_none() && found.is_none() => {
                // A later member may have a basis.
                if let Some(group) = node.group {
                    self.links.wait(group, node.place, node.ndx);
                    self.begin_one(node.ndx);
                }
                return Ok(());
            }
            Some(st) if !device && self.unchanged(node, e, &st) => {
                self.in_place_already(node, Some(st))?;
                self.forget_partial(node, kept);
                return Ok(());
            }
            // There is nothing to add to a file that is as long already.
            Some(st) if settings.append != Append::Off && self.content_len(node, &st) >= len => {
                return Ok(());
            }
            _ => {}
        }
        self.request(node, have, found, false)
    }

    /// How long the content of a file or of a device is that is to be written to.
    fn content_len(&mut self, node: &Node, st: &Stat) -> u64 {
        match &mut self.root {
            Some(root) if st.kind.is_device() => {
                root.open_read(&node.path).map_or(0, |file| fsroot::meta::device_len(&file))
            }
            _ => st.len,
        }
    }

    /// The quick check.
    fn unchanged(&mut self, node: &Node, e: Entry<'_>, st: &Stat) -> bool {
        let Some(mut root) = self.root.take() else { return false };
        let same = self.same_content(&mut root, node, e, st);
        self.root = Some(root);
        same
    }

    /// The quick check of what is below any root.
    pub(super) fn same_content(
        &mut self,
        root: &mut Root,
        node: &Node,
        e: Entry<'_>,
        st: &Stat,
    ) -> bool {
        let session = self.session.clone();
        let settings = &session.settings;
        match st.kind {
            Kind::Regular => {}
            Kind::Symlink => return leads_to(root, &node.path, e.link_target()),
            k if k.is_device() => return st.rdev == node.want.rdev,
            _ => return true,
        }
        if st.len != node.want.len {
            return false;
        }
        if settings.checksum {
            let sum = root
                .open_read(&node.path)
                .and_then(|mut f| list_sum(session.list_sum, &mut f, st.len, &mut self.block));
            return sum.is_ok_and(|sum| sum == e.checksum());
        }
        if settings.size_only {
            return true;
        }
        !settings.ignore_times && self.attrs.same_mtime(&node.want, st)
    }

    /// A line of a listing.
    pub(super) fn list_line(&self, list: &Arc<List>, slot: usize) {
        let Some(e) = list.get(slot) else { return };
        let link_target = if self.session.settings.links { e.link_target() } else { b"" };
        self.list_entry(&ListEntry {
            name: &e.name(),
            mode: e.mode(),
            len: e.len(),
            mtime: e.mtime(),
            atime: e.atime(),
            crtime: e.crtime(),
            link_target,
        });
    }

    /// The line of a directory in an incremental session.
    pub(super) fn list_dir_line(&self, dir: &Dir) {
        let want = &dir.base.want;
        self.list_entry(&ListEntry {
            name: &dir.name,
            mode: want.mode,
            len: want.len,
            mtime: want.mtime,
            atime: want.atime,
            ..ListEntry::default()
        });
    }

    fn list_entry(&self, e: &ListEntry<'_>) {
        self.log.info(listing::list_line(&self.session.settings, e));
    }
}
