//! Finishing received files: attributes, the rename into place, verdicts.
use super::{
    attrs::about,
    backup::{How, Made},
    partial::Partial,
    receiver::{Receiver, Target},
    shared::{Event, Transfer},
    write::root_of,
};
use crate::{
    Error, ExitCode, Session,
    log::{Class, named},
};
use fast_io::RecvHalf;
use fsroot::{Kind, Root, Stat, TempFile, meta};
use std::{fs::File, io};
use wire::RelPath;

/// Where a file is that has its content and not its name yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    /// In the `--temp-dir`, or where there is none beside the destination.
    Temp,
    /// Beside the destination.
    Beside,
    /// In the partial directory.
    Partial,
}

/// A file that has its content.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filled<'a> {
    pub spot: Spot,
    pub path: &'a RelPath,
    pub file: &'a File,
    /// The permissions that it has.
    pub perm: u32,
    /// Its content is the source's.
    pub verified: bool,
}

/// Where a temporary file is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    Destination,
    Partial,
}

/// What is kept of a file that failed verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// It was written over the old one.
    InPlace,
    /// It was completed where it was kept.
    InPartialDir,
    /// Nothing, or what `--partial` keeps, which goes without saying.
    Aside,
}

impl<R: RecvHalf> Receiver<R> {
    /// Attributes onto the temporary file, and its name onto the destination or into the partial directory.
    pub(super) fn install(
        &mut self,
        t: &Target,
        temp: TempFile,
        request: &Transfer,
        verified: bool,
        goal: Goal,
    ) -> bool {
        if goal == Goal::Destination && !self.back_up(t, request) {
            return false;
        }
        let Some(root) = &mut self.root else { return false };
        let (spot, to) = match (goal, &mut self.partial) {
            (Goal::Partial, Some(partial)) => {
                if !partial.make_dir(root, &t.path) {
                    let what = if verified { "completed" } else { "partial" };
                    let after = format!(" -- discarding {what} file.");
                    let line = named("Unable to create partial-dir for ", &t.name, &after);
                    self.attrs.log.error_xfer(line);
                    return false;
                }
                (Spot::Partial, partial.path(&t.path))
            }
            _ => (Spot::Beside, Some(t.path.clone())),
        };
        let Some(to) = to else { return false };
        self.dress_temp(t, Spot::Temp, &temp, request, verified);
        let path = temp.path().clone();
        let says = self.session.settings.debug.recv > 0;
        self.attrs
            .log
            .debug(says, || [b"renaming ", path.as_bytes(), b" to ", to.as_bytes()].concat());
        let Some(place) = self.root_of(spot) else { return false };
        let e = match temp.try_commit(place, &to) {
            Ok(()) => return true,
            Err((e, temp)) if e.kind() == io::ErrorKind::CrossesDevices => {
                let copied = TempFile::create(place, &to, t.want.mode)
                    .map_err(|failed| ("open", failed.error))
                    .and_then(|copy| match copy.fill_from(temp.file()) {
                        Ok(()) => Ok(copy),
                        Err(e) => Err(("write", e)),
                    });
                let (what, e) = match copied {
                    Ok(copy) => {
                        if !verified && let Ok(st) = temp.stat() {
                            let _as_good_as_new =
                                meta::set_times(copy.file(), None, Some((st.mtime, st.mtime_nsec)));
                        }
                        return self.install_copy(t, copy, &to, spot, request, verified);
                    }
                    Err(failed) => failed,
                };
                let text = about(what, &place.quoted(&to), "");
                self.attrs.log.sys_error(Class::ErrorXfer, text, &e);
                self.not_moved("copy", Spot::Temp, &path, &to, &e);
                return false;
            }
            Err((e, _)) => e,
        };
        self.not_moved("rename", Spot::Temp, &path, &to, &e);
        false
    }

    /// A copy, made where a rename was not possible, gets attributes and name.
    fn install_copy(
        &mut self,
        t: &Target,
        copy: TempFile,
        to: &RelPath,
        spot: Spot,
        request: &Transfer,
        verified: bool,
    ) -> bool {
        self.dress_temp(t, spot, &copy, request, verified);
        let path = copy.path().clone();
        let Some(place) = self.root_of(spot) else { return false };
        if let Err(e) = copy.commit(place, to) {
            self.not_moved("rename", spot, &path, to, &e);
            return false;
        }
        true
    }

    fn root_of(&mut self, spot: Spot) -> Option<&mut Root> {
        root_of(spot, &mut self.root, &mut self.temp_dir, &mut self.partial)
    }

    fn not_moved(&mut self, how: &str, spot: Spot, from: &RelPath, to: &RelPath, e: &io::Error) {
        let shown = self.root_of(spot).map(|root| root.quoted(from));
        let mut text = about(how, &shown.unwrap_or_default(), " -> \"");
        text.extend_from_slice(to.as_bytes());
        text.push(b'"');
        self.attrs.log.sys_error(Class::ErrorXfer, text, e);
    }

    fn not_promoted(&mut self, path: &RelPath, e: &io::Error) {
        let (Some(root), Some(partial)) = (&self.root, &self.partial) else { return };
        let from = partial.display(path);
        let text = [b"rename failed for ", &root.quoted(path)[..], b" (from ", &from, b")"];
        self.attrs.log.sys_error(Class::ErrorXfer, text.concat(), e);
    }

    /// A complete file moves from the partial directory to the destination.
    pub(super) fn promote(&mut self, t: &Target, request: &Transfer) -> bool {
        if !self.back_up(t, request) {
            return false;
        }
        let (Some(root), Some(partial)) = (&mut self.root, &mut self.partial) else { return false };
        let Some(from) = partial.path(&t.path) else { return false };
        self.attrs.log.debug(self.session.settings.debug.recv > 0, || {
            [b"renaming ", &partial.display(&t.path)[..], b" to ", t.path.as_bytes()].concat()
        });
        let moved = match partial {
            Partial::Apart { root: Some(own), .. } => own.rename_to(&from, root, &t.path),
            _ => root.rename(&from, &t.path),
        };
        let e = match moved {
            Ok(()) => None,
            Err(e) if e.kind() == io::ErrorKind::CrossesDevices => {
                let copy = partial
                    .open(root, &t.path)
                    .and_then(|file| TempFile::copy_of(&file, root, &t.path, t.want.mode));
                match copy {
                    Ok(copy) => {
                        if !self.install_copy(t, copy, &t.path, Spot::Beside, request, true) {
                            return false;
                        }
                        None
                    }
                    Err(e) => Some(e),
                }
            }
            Err(e) => Some(e),
        };
        if let Some(e) = e {
            match self.session.settings.delay_updates {
                true => self.not_promoted(&t.path, &e),
                false => self.not_moved("rename", Spot::Partial, &from, &t.path, &e),
            }
            return false;
        }
        if let (Some(root), Some(partial)) = (&mut self.root, &mut self.partial) {
            partial.remove(root, &t.path);
        }
        true
    }

    /// Backs up what a file is about to replace. False if that failed: the session must not go on then.
    fn back_up(&mut self, t: &Target, request: &Transfer) -> bool {
        // What a second attempt replaces is the result of the first.
        let (false, Some(backup), Some(root)) = (request.redo, &mut self.backup, &mut self.root)
        else {
            return true;
        };
        let made = backup.make(root, &mut self.attrs, &t.path, How::Keep);
        for (name, kind) in backup.take_cleared() {
            self.shared.report(|r| r.deleted_entry(&name, kind.wire_bits(), &name));
            if self.session.settings.am_server && self.session.settings.info.del >= 1 {
                let slash: &[u8] = if kind == Kind::Directory { b"/" } else { b"" };
                self.attrs.log.info([&b"deleting "[..], &name, slash].concat());
            }
        }
        let line = match made {
            Made::Done | Made::Copied | Made::Skipped => return true,
            Made::Failed(_, line) => line,
            Made::Nowhere(..) => Vec::new(),
        };
        self.doom = Some(Error::fatal(ExitCode::FILE_IO, line));
        false
    }

    fn dress_temp(
        &mut self,
        t: &Target,
        spot: Spot,
        temp: &TempFile,
        request: &Transfer,
        verified: bool,
    ) {
        let perm = (t.want.mode | 0o200) & 0o700 & !self.umask;
        let filled = Filled { spot, path: temp.path(), file: temp.file(), perm, verified };
        self.dress(t, &filled, request);
    }

    /// Attributes onto a file that has its content; what failed is said.
    pub(super) fn dress(&mut self, t: &Target, filled: &Filled<'_>, request: &Transfer) {
        let failed = self.set_attributes(t, filled, request);
        if failed.is_empty() {
            return;
        }
        let shown = self.root_of(filled.spot).map(|root| root.quoted(filled.path));
        for (what, after, e) in failed {
            let text = about(what, shown.as_deref().unwrap_or_default(), after);
            self.attrs.log.sys_error(Class::ErrorXfer, text, &e);
        }
    }

    /// Attributes onto a file; what failed, as the words around its name and the error. A file that cannot be
    /// given to its owner gets nothing else: its mode may be meant for that owner only.
    fn set_attributes(
        &mut self,
        t: &Target,
        filled: &Filled<'_>,
        request: &Transfer,
    ) -> Vec<(&'static str, &'static str, io::Error)> {
        let Some(root) = &mut self.root else { return Vec::new() };
        let settings = &self.session.settings;
        let want = &t.want;
        let Filled { spot, path, file, perm: have, verified } = *filled;
        let perm = self.attrs.dest_perm(root, &t.path, want, request.old_perm);
        let root = root_of(spot, &mut self.root, &mut self.temp_dir, &mut self.partial);
        let Some(root) = root else { return Vec::new() };
        let fake = settings.fake_super;
        if fake
            && settings.debug.own > 0
            && let Ok(st) = Stat::of(file)
        {
            self.attrs.say_new_owner(path, want, &st);
        }
        if !fake && (want.gid.is_some() || (settings.owner && self.attrs.root_user)) {
            let st = match Stat::of(file) {
                Ok(st) => st,
                Err(e) => return vec![("fstat", " failed", e)],
            };
            let (uid, gid) = self.attrs.owner_to_set(want, &st, || root.quoted(path));
            self.attrs.say_owner(path, &st, uid, gid);
            if (uid.is_some() || gid.is_some())
                && let Err(e) = meta::set_owner(file, uid, gid)
            {
                return vec![(if uid.is_some() { "chown" } else { "chgrp" }, " failed", e)];
            }
        }
        let mut errors = Vec::new();
        if let (true, Some(k)) = (settings.xattrs > 0, want.xattr) {
            self.attrs.apply_xattrs(root, path, Some(have), k);
        }
        if verified {
            let mtime = self.attrs.keeps_mtime(want.kind).then_some((want.mtime, want.nsec));
            let atime = (settings.atimes > 0).then_some((want.atime, 0));
            if (mtime.is_some() || atime.is_some())
                && let Err(e) = meta::set_times(file, atime, mtime)
            {
                errors.push(("failed to set times on", "", e));
                return errors;
            }
        }
        if let (true, Some(acl)) = (settings.acls, want.acl)
            && let Err(e) = self.shared.acls.apply(root, path, perm, acl)
        {
            let name = match (spot, &settings.temp_dir) {
                (Spot::Temp, Some(dir)) => &[dir, &b"/"[..], path.as_bytes()].concat(),
                _ => path.as_bytes(),
            };
            self.attrs.log.sys_error(Class::ErrorXfer, e.text(name), &e.error);
        }
        if fake {
            self.attrs.fake(root, path, want, perm);
        } else if (perm != have || settings.acls)
            && let Err(e) = meta::set_mode(file, perm)
        {
            errors.push(("failed to set permissions on", "", e));
        }
        errors
    }

    /// Verification failed: once is a warning and another try, twice an error.
    pub(super) fn mismatch(&self, t: &Target, request: &Transfer, kept: Kept) -> Event {
        let what = match kept {
            Kept::Aside => "discarded",
            Kept::InPlace => "retained",
            Kept::InPartialDir => "put into partial-dir",
        };
        let mut text = if request.redo { b"ERROR: ".to_vec() } else { b"WARNING: ".to_vec() };
        text.extend_from_slice(&t.name);
        text.extend_from_slice(format!(" failed verification -- update {what}").as_bytes());
        if request.redo {
            text.push(b'.');
            self.attrs.log.error_xfer(text);
            return Event::Failed(t.ndx);
        }
        if self.session.settings.info.name >= 1 || self.shared.itemizing {
            let verb = if self.shared.replay.is_some() { "may" } else { "will" };
            text.extend_from_slice(format!(" ({verb} try again).").as_bytes());
            self.attrs.log.warning(text);
        }
        Event::Redo(t.ndx)
    }
}

/// Keeps an interrupted file: in the partial directory, or as the destination, recognisably old (man page, --partial).
pub(super) fn keep_partial(
    from: (&mut Root, &RelPath),
    partial: Option<Partial>,
    to: (&mut Root, &RelPath),
    (perm, nsec): (u32, u32),
) {
    let ((from_root, from), (root, target)) = (from, to);
    // Nobody is left to be told of a failure; the file then stays under its temporary name.
    let _best_effort = from_root.chmod(from, perm);
    let _best_effort = match partial {
        Some(mut partial) => partial.make_dir(root, target).then(|| {
            let path = partial.path(target)?;
            from_root.rename_to(from, partial.root(root), &path).ok()
        }),
        None => {
            let _best_effort = from_root.utimes(from, None, Some((0, nsec)));
            Some(from_root.rename_to(from, root, target).ok())
        }
    };
}

/// Counts a created item by type.
pub(super) fn count_created(session: &Session, kind: Option<Kind>) {
    let s = &session.stats;
    match kind {
        Some(Kind::Regular) => s.created_files.add(1),
        Some(Kind::Directory) => s.created_dirs.add(1),
        Some(Kind::Symlink) => s.created_links.add(1),
        Some(Kind::CharDevice | Kind::BlockDevice) => s.created_devices.add(1),
        Some(Kind::Fifo | Kind::Socket) => s.created_specials.add(1),
        None => {}
    }
}
