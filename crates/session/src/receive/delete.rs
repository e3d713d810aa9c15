//! Removing what the sender does not have, and what stands in the way (man page, --delete).

mod candidates;

use super::{
    attrs::about,
    backup::{How as BackupHow, Made},
    generator::Generator,
    list::List,
};
use crate::{
    Error, Session,
    log::{Class, Log, named},
    rules::{FsLoader, excludes, say_notices},
    session::{Status, io_error},
    settings::DeleteTiming,
};
use fast_io::SendHalf;
use filters::{FilterList, ParseContext, Side};
use fsroot::{Errno, Kind};
use std::{io, path::Path, sync::Arc};
use wire::{RelPath, mux::Message};

/// What deletion remembers.
pub(super) struct Deleter {
    rules: FilterList,
    cx: ParseContext,
    loader: FsLoader,
    /// How deep the directories are whose merge files are active, outermost first.
    entered: Vec<usize>,
    deleted: u64,
    skipped: u64,
    /// I/O errors of the lists so far, and our own.
    pub errors: i32,
    /// "skipping file deletion" was said.
    noticed: bool,
    /// `--delete-delay`.
    queue: Vec<(RelPath, Kind, Arc<FilterList>)>,
    /// `-x`: the device that deletion stays on, that of the directory that the transfer last began with.
    device: Option<u64>,
}

/// What became of one removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Removed,
    NotEmpty,
    AtLimit,
    Failed,
}

/// How an item is removed.
#[derive(Debug, Clone, Copy)]
struct How {
    /// With everything below.
    recurse: bool,
    /// To make room for this kind of item, not because the sender lacks it.
    make_room: Option<&'static str>,
}

/// The flags of a removal as `--debug=del2` shows them.
mod flags {
    /// Ours, but not writable.
    pub const NOT_WRITABLE: u32 = 1;
    /// With everything below.
    pub const RECURSE: u32 = 2;
    /// What was below is dealt with.
    pub const EMPTIED: u32 = 4;
    /// To make room for this kind of item.
    pub const ROOM: [(&str, u32); 5] = [
        ("regular file", 8),
        ("directory", 16),
        ("symlink", 32),
        ("device file", 64),
        ("special file", 128),
    ];
}

impl Deleter {
    pub fn new(session: &Session, mut rules: FilterList, loader: FsLoader, dir: &Path) -> Deleter {
        // A daemon's rules and the files they name start at its module.
        rules.set_cwd(&match session.settings.am_daemon {
            true => fsroot::text::bytes(dir),
            false => super::dest::absolute(dir),
        });
        rules.trace(session.settings.debug.filter > 1);
        Deleter {
            cx: crate::rules::agreed_context(session),
            rules,
            loader,
            entered: Vec::new(),
            deleted: 0,
            skipped: 0,
            errors: 0,
            noticed: false,
            queue: Vec::new(),
            device: None,
        }
    }

    /// Removals that `--max-delete` prevented.
    pub fn skipped_by_limit(&self) -> u64 {
        self.skipped
    }

    /// Makes the merge files of `dir` active instead of those of directories that are not above it.
    fn enter(&mut self, dir: &[u8], log: &Log, status: &Status) -> Result<(), Error> {
        let depth = filters::depth(dir);
        let above = self.entered.iter().take_while(|above| **above < depth).count();
        self.leave(above, false, log, status);
        self.push(dir, log, status)
    }

    fn push(&mut self, dir: &[u8], log: &Log, status: &Status) -> Result<(), Error> {
        let pushed = self.rules.push_dir(dir, Side::Receiver, &self.cx, &mut self.loader);
        say_notices(self.rules.take_notices(), log, status);
        pushed.map_err(|e| Error::fatal(crate::ExitCode(e.code), e.text))?;
        self.entered.push(filters::depth(dir));
        Ok(())
    }

    /// Leaves all but the outermost directories; for `doomed`, see [`FilterList::pop_dir`].
    fn leave(&mut self, kept: usize, doomed: bool, log: &Log, status: &Status) {
        while self.entered.len() > kept {
            self.rules.pop_dir(doomed);
            say_notices(self.rules.take_notices(), log, status);
            self.entered.pop();
        }
    }
}

/// A directory, or what `--keep-dirlinks` may take for one.
fn may_be_dir(kind: Kind) -> bool {
    matches!(kind, Kind::Directory | Kind::Symlink)
}

impl<W: SendHalf> Generator<W> {
    /// Whether errors forbid deletion.
    fn deletion_is_off(&self) -> bool {
        // During the run those count that came with the lists so far, so that it does not depend on how far ahead lists are read
        // which directories are cleaned.
        let during = self.session.inc_recurse && self.session.protocol.has_error_exit();
        let errors = if during { self.deleter.errors } else { self.session.status.io_error() };
        errors & io_error::GENERAL != 0 && !self.session.settings.ignore_errors
    }

    /// A pass over all directories of a complete list.
    pub(super) fn delete_pass(&mut self, list: &Arc<List>) -> Result<(), Error> {
        // A list that is not the whole list must never be taken for it.
        if self.is_solo() || self.session.settings.list_only || self.session.inc_recurse {
            return Ok(());
        }
        if self.root.is_none() {
            // A dry run has not made the destination.
            return Ok(());
        }
        for i in 0..list.len() {
            let Some(e) = list.get(i) else { continue };
            let name = e.name();
            if !(e.is_dir() && e.has_content()) {
                // Merge files are looked for below everything that is listed: a link may lead to one, or be refused.
                if self.deleter.rules.has_dir_merge() || self.deleter.rules.is_traced() {
                    self.pass_by(&name)?;
                }
                continue;
            }
            if e.top_dir() && self.session.settings.debug.del >= 1 {
                self.log.info([b"deleting in ", &name[..]].concat());
            }
            if self.is_skipped(&name) {
                continue;
            }
            if let Some(path) = RelPath::new(&name) {
                self.delete_in_dir(&path, list, e.top_dir(), false)?;
            }
            self.writer.keep_alive()?;
        }
        self.leave_rules();
        Ok(())
    }

    /// Removes, or queues, what `list` does not have in a directory.
    pub(super) fn delete_in_dir(
        &mut self,
        dir: &RelPath,
        list: &Arc<List>,
        top: bool,
        delay: bool,
    ) -> Result<(), Error> {
        let says = self.session.settings.debug.del > 1;
        let off = self.deletion_is_off();
        // Where there is no directory nothing is to be deleted or said; in a dry run something else may still stand there.
        let missing = (says || off || !self.shared.do_xfers)
            && self.lstat(dir).is_ok_and(|st| st.is_none_or(|st| !may_be_dir(st.kind)));
        if missing {
            return Ok(());
        }
        let shown = if dir.is_root() { b"." } else { dir.as_bytes() };
        self.log.debug(says, || named("delete_in_dir(", shown, ")"));
        if off {
            if !std::mem::replace(&mut self.deleter.noticed, true) {
                self.log.info("IO error encountered -- skipping file deletion");
            }
            return Ok(());
        }
        if self.session.settings.one_file_system > 0 {
            let Ok(Some(st)) = self.lstat(dir) else { return Ok(()) };
            if top {
                self.deleter.device = Some(st.dev);
            } else if self.file_system() != Some(st.dev) {
                return Ok(());
            }
        }
        let dev = self.file_system();
        let Some((candidates, _)) = self.candidates(dir, false, dev)? else { return Ok(()) };
        let mut rules = None;
        for c in candidates.into_iter().rev() {
            if c.is_mount_point(dev) {
                let says = self.session.settings.info.mount > 0;
                self.log
                    .debug(says, || named("cannot delete mount point: ", c.path.as_bytes(), ""));
                continue;
            }
            if list.has_name(c.path.as_bytes()) {
                continue;
            }
            if delay {
                let rules = rules.get_or_insert_with(|| Arc::new(self.deleter.rules.clone()));
                self.deleter.queue.push((c.path, c.kind, rules.clone()));
            } else {
                let how = How { recurse: true, make_room: None };
                self.remove(&c.path, c.kind, how, dev)?;
            }
        }
        Ok(())
    }

    /// What is to be deleted below something that is no directory is looked for all the same, and nobody can look.
    pub(super) fn delete_in_no_dir(&mut self, path: &RelPath) {
        let during =
            matches!(self.session.delete, Some(DeleteTiming::During | DeleteTiming::Delay));
        if during
            && !self.deletion_is_off()
            && let Some(root) = &self.root
        {
            let text = about("opendir", &root.quoted(path), " failed");
            self.cannot_list(text, &Errno::NOTDIR.into());
        }
    }

    /// A directory that is not looked into, but whose merge files count below it.
    pub(super) fn pass_by(&mut self, dir: &[u8]) -> Result<(), Error> {
        self.deleter.enter(dir, &self.log, &self.session.status)
    }

    /// No directory's merge files are in force any more.
    pub(super) fn leave_rules(&mut self) {
        self.deleter.leave(0, false, &self.log, &self.session.status);
    }

    /// Removes what `--delete-delay` found.
    pub(super) fn delete_queued(&mut self) -> Result<(), Error> {
        for (path, kind, rules) in std::mem::take(&mut self.deleter.queue) {
            // The rules that were asked when it was queued protect what is below it, too (man page, --delete-delay; rsync forgets
            // those of merge files).
            self.deleter.rules = Arc::unwrap_or_clone(rules);
            let dev = match self.session.settings.one_file_system {
                0 => None,
                _ => self.lstat(&path).ok().flatten().map(|st| st.dev),
            };
            self.remove(&path, kind, How { recurse: true, make_room: None }, dev)?;
            self.writer.keep_alive()?;
        }
        Ok(())
    }

    /// `--delete-missing-args`: the source does not exist, so neither may this.
    pub(super) fn delete_missing(&mut self, path: &RelPath) -> Result<(), Error> {
        let level = self.session.settings.debug.filter;
        if excludes(&self.deleter.rules, level, &self.log, path.as_bytes(), false, false) {
            return Ok(());
        }
        let Ok(Some(st)) = self.lstat(path) else { return Ok(()) };
        let settings = &self.session.settings;
        let how = How { recurse: settings.delete || settings.force, make_room: None };
        let dev = self.file_system();
        self.remove(path, st.kind, how, dev)?;
        Ok(())
    }

    /// Removes what stands in the way of a new item. False if that failed, which was said.
    pub(super) fn make_room(
        &mut self,
        path: &RelPath,
        kind: Kind,
        what: &'static str,
    ) -> Result<bool, Error> {
        let how = self.how_to_make_room(what);
        let dev = self.file_system();
        let outcome = self.remove(path, kind, how, dev)?;
        if outcome != Outcome::Removed {
            self.say_in_the_way(path, what);
        }
        Ok(outcome == Outcome::Removed)
    }

    fn how_to_make_room(&self, what: &'static str) -> How {
        let settings = &self.session.settings;
        How { recurse: settings.delete || settings.force, make_room: Some(what) }
    }

    /// What [`Generator::make_room`] says first, of something that is replaced without being removed.
    pub(super) fn say_making_room(&mut self, path: &RelPath, kind: Kind, what: &'static str) {
        let bits = self.flags_of(path, self.how_to_make_room(what));
        self.say_item(path, kind, bits);
    }

    /// What it says if that fails.
    pub(super) fn say_no_room(&self, path: &RelPath, what: &str, e: &io::Error) {
        self.say_not_removed("unlink", path, e);
        self.say_in_the_way(path, what);
    }

    fn say_not_removed(&self, call: &str, path: &RelPath, e: &io::Error) {
        let text = named(&format!("delete_file: {call}("), path.as_bytes(), ") failed");
        self.log.sys_error(Class::ErrorXfer, text, e);
    }

    fn say_in_the_way(&self, path: &RelPath, what: &str) {
        let before = format!("could not make way for new {what}: ");
        self.log.error_xfer(named(&before, path.as_bytes(), ""));
    }

    /// Removes one item.
    fn remove(
        &mut self,
        path: &RelPath,
        kind: Kind,
        how: How,
        dev: Option<u64>,
    ) -> Result<Outcome, Error> {
        let is_dir = kind == Kind::Directory;
        let bits = self.flags_of(path, how);
        self.say_item(path, kind, bits);
        if is_dir {
            self.say_contents(path, bits);
            match self.empty(path, how, dev)? {
                Outcome::Removed => {}
                outcome => {
                    self.not_empty(path);
                    return Ok(outcome);
                }
            }
        }
        self.remove_leaf(path, kind, how)
    }

    /// Removes an item that has nothing below it.
    fn remove_leaf(&mut self, path: &RelPath, kind: Kind, how: How) -> Result<Outcome, Error> {
        if how.make_room.is_none()
            && let Some(max) = self.session.settings.max_delete
            && self.deleter.deleted >= max
        {
            self.deleter.skipped += 1;
            return Ok(Outcome::AtLimit);
        }
        let is_dir = kind == Kind::Directory;
        let perm = match &mut self.root {
            Some(root) if self.shared.wants_mode => root.lstat(path).map_or(0, |st| st.perm),
            _ => 0,
        };
        match self.backed_up_before_removal(path, is_dir)? {
            Some(Made::Failed(e, line)) => {
                self.say_backup_failed(&line);
                // As in rsync a client that has made that line fit for a terminal knows the reason no more.
                let settings = &self.session.settings;
                let forgets = !(settings.am_server || settings.eight_bit);
                let e = if forgets { io::Error::from_raw_os_error(0) } else { e };
                return self.not_backed_up(path, &e);
            }
            Some(Made::Nowhere(e, _)) => return self.not_backed_up(path, &e),
            Some(Made::Done | Made::Skipped) => {
                if how.make_room.is_none() {
                    self.removed(path, kind, perm)?;
                }
                return Ok(Outcome::Removed);
            }
            Some(Made::Copied) | None => {}
        }
        let removed = match (&mut self.root, self.shared.do_xfers) {
            (Some(root), true) if is_dir => root.rmdir(path),
            (Some(root), true) => root.unlink(path),
            _ => Ok(()),
        };
        match removed {
            Ok(()) => {
                if how.make_room.is_none() {
                    self.removed(path, kind, perm)?;
                }
                Ok(Outcome::Removed)
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Outcome::Removed),
            Err(e) if is_dir && e.kind() == std::io::ErrorKind::DirectoryNotEmpty => {
                self.not_empty(path);
                Ok(Outcome::NotEmpty)
            }
            Err(e) => {
                self.say_not_removed(if is_dir { "rmdir" } else { "unlink" }, path, &e);
                Ok(Outcome::Failed)
            }
        }
    }

    /// `--backup`: moves what would be removed. `None`: it is to be removed without a backup.
    fn backed_up_before_removal(
        &mut self,
        path: &RelPath,
        is_dir: bool,
    ) -> Result<Option<Made>, Error> {
        let aside = self.backup.as_ref().is_some_and(|b| !b.is_backup(path));
        // What cannot be reached stays, as the attempt to remove it says.
        if is_dir || !aside || self.is_out_of_reach(path) {
            return Ok(None);
        }
        self.back_up(path, BackupHow::Move).map(Some)
    }

    /// Says that something stays because it cannot be backed up.
    fn not_backed_up(&self, path: &RelPath, e: &io::Error) -> Result<Outcome, Error> {
        let text = [b"delete_file: make_backup(", path.as_bytes(), b") failed"].concat();
        self.log.sys_error(Class::ErrorXfer, text, e);
        Ok(Outcome::Failed)
    }

    /// Removes everything below a directory.
    fn empty(&mut self, dir: &RelPath, how: How, dev: Option<u64>) -> Result<Outcome, Error> {
        let above = self.deleter.entered.len();
        let outcome = self.empty_entered(dir, how, dev)?;
        self.deleter.leave(above, true, &self.log, &self.session.status);
        Ok(outcome)
    }

    fn empty_entered(
        &mut self,
        dir: &RelPath,
        how: How,
        dev: Option<u64>,
    ) -> Result<Outcome, Error> {
        if !self.root_user()
            && self.shared.do_xfers
            && let Ok(Some(st)) = self.lstat(dir)
            && st.perm & 0o200 == 0
            && let Some(root) = &mut self.root
        {
            // Only the owner can, and if we cannot, removing says so.
            let _not_ours = root.chmod(dir, st.perm | 0o200);
        }
        let Some((candidates, protected)) = self.candidates(dir, true, dev)? else {
            return Ok(Outcome::Removed);
        };
        let mut outcome = if protected { Outcome::NotEmpty } else { Outcome::Removed };
        if !how.recurse && !candidates.is_empty() {
            return Ok(Outcome::NotEmpty);
        }
        let inner = How { recurse: true, make_room: None };
        for c in candidates.into_iter().rev() {
            if c.is_mount_point(dev) {
                let says = self.session.settings.debug.del > 0;
                let name = c.path.as_bytes();
                self.log.debug(says, || named("mount point, ", name, ", pins parent directory"));
                outcome = Outcome::NotEmpty;
                continue;
            }
            let is_dir = c.kind == Kind::Directory;
            if is_dir {
                self.say_contents(&c.path, flags::RECURSE | flags::EMPTIED);
            }
            let emptied = !is_dir || self.empty(&c.path, inner, dev)? == Outcome::Removed;
            self.say_item(&c.path, c.kind, flags::EMPTIED);
            if !emptied {
                // The attempt below says so again, as rsync does.
                self.not_empty(&c.path);
                outcome = Outcome::NotEmpty;
                let _said = self.remove_leaf(&c.path, c.kind, inner)?;
                continue;
            }
            if self.remove_leaf(&c.path, c.kind, inner)? != Outcome::Removed {
                outcome = Outcome::NotEmpty;
            }
        }
        Ok(outcome)
    }

    /// What `--debug=del2` says of removing an item.
    fn say_item(&mut self, path: &RelPath, kind: Kind, bits: u32) {
        let says = self.session.settings.debug.del > 1;
        let perm = match says.then(|| self.lstat(path)) {
            Some(Ok(Some(st))) => st.perm,
            _ => 0,
        };
        let after = format!(") mode={:o} flags={bits}", kind.wire_bits() | perm);
        self.log.debug(says, || named("delete_item(", path.as_bytes(), &after));
    }

    /// What `--debug=del3` says of emptying a directory.
    fn say_contents(&self, dir: &RelPath, bits: u32) {
        let says = self.session.settings.debug.del > 2;
        let after = format!(") flags={bits}");
        self.log.debug(says, || named("delete_dir_contents(", dir.as_bytes(), &after));
    }

    /// The flags of a removal that was not begun by that of a directory around it.
    fn flags_of(&mut self, path: &RelPath, how: How) -> u32 {
        if self.session.settings.debug.del < 2 {
            return 0;
        }
        let room = flags::ROOM.iter().find(|(what, _)| how.make_room == Some(what));
        let guarded = how.make_room.is_none()
            && !self.root_user()
            && how.recurse
            && matches!(self.lstat(path), Ok(Some(st)) if st.perm & 0o200 == 0);
        let bit = |set, bit| if set { bit } else { 0 };
        bit(guarded, flags::NOT_WRITABLE)
            | bit(how.recurse, flags::RECURSE)
            | room.map_or(0, |(_, bit)| *bit)
    }

    fn not_empty(&self, path: &RelPath) {
        self.log.info([&b"cannot delete non-empty directory: "[..], path.as_bytes()].concat());
    }

    /// Counts and reports a removal.
    fn removed(&mut self, path: &RelPath, kind: Kind, perm: u32) -> Result<(), Error> {
        self.removed_name(path.as_bytes(), kind, perm)
    }

    /// The same for something that need not be in the destination.
    pub(super) fn removed_name(&mut self, name: &[u8], kind: Kind, perm: u32) -> Result<(), Error> {
        self.deleter.deleted += 1;
        let (s, settings) = (&self.session.stats, &self.session.settings);
        // What --delete-missing-args removes is in nobody's statistics.
        if settings.delete || settings.force || self.shared.replay.is_some() {
            match kind {
                Kind::Regular => s.deleted_files.add(1),
                Kind::Directory => s.deleted_dirs.add(1),
                Kind::Symlink => s.deleted_links.add(1),
                Kind::CharDevice | Kind::BlockDevice => s.deleted_devices.add(1),
                Kind::Fifo | Kind::Socket => s.deleted_specials.add(1),
            }
        }
        let path = self.shared.path_of(self.root.as_ref(), name);
        self.shared.report(|r| r.deleted_entry(name, kind.wire_bits() | perm, &path));
        if self.session.settings.am_server && self.session.protocol.has_item_flags() {
            let is_dir = kind == Kind::Directory;
            let converted = self.session.charset.as_ref().map(|c| c.text_to_wire(name));
            let fits = |name: &Vec<u8>| name.len() < wire::limits::MAX_PATH;
            let name = converted.filter(fits).unwrap_or_else(|| name.to_vec());
            self.writer.message(&Message::Deleted { name, is_dir })?;
        }
        Ok(())
    }
}
