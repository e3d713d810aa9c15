//! Finishing received files: attributes, the rename into place, verdicts (receiver: finishing and failures).
use super::{
    attrs::about,
    receiver::{Receiver, Target},
    shared::{Event, Transfer},
};
use crate::{Session, log::Class};
use fast_io::RecvHalf;
use fsroot::{Kind, Root, TempFile, meta};
use std::io;
use wire::RelPath;

impl<R: RecvHalf> Receiver<R> {
    /// Attributes onto the temporary file, and its name onto the destination.
    pub(super) fn install(
        &mut self,
        t: &Target,
        temp: TempFile,
        request: &Transfer,
        verified: bool,
    ) -> bool {
        let Some(root) = &self.root else { return false };
        let temp_shown = root.quoted(temp.path());
        for (what, after, e) in self.dress(t, &temp, request, verified) {
            self.attrs.log.sys_error(Class::ErrorXfer, about(what, &temp_shown, after), &e);
        }
        let Some(root) = &mut self.root else { return false };
        if let Err(e) = temp.commit(root, &t.path) {
            let mut text = about("rename", &temp_shown, " -> \"");
            text.extend_from_slice(t.path.as_bytes());
            text.push(b'"');
            self.attrs.log.sys_error(Class::ErrorXfer, text, &e);
            return false;
        }
        true
    }

    /// Attributes onto the temporary file; what failed, as the words around its name and the error. A file that cannot be
    /// given to its owner gets nothing else: its mode may be meant for that owner only.
    fn dress(
        &mut self,
        t: &Target,
        temp: &TempFile,
        request: &Transfer,
        verified: bool,
    ) -> Vec<(&'static str, &'static str, io::Error)> {
        let Some(root) = &mut self.root else { return Vec::new() };
        let settings = &self.session.settings;
        let want = &t.want;
        let file = temp.file();
        let fake = settings.fake_super;
        if !fake && (want.gid.is_some() || (settings.owner && self.attrs.root_user)) {
            let st = match temp.stat() {
                Ok(st) => st,
                Err(e) => return vec![("fstat", " failed", e)],
            };
            let (uid, gid) = self.attrs.owner_to_set(want, &st, || root.quoted(temp.path()));
            if (uid.is_some() || gid.is_some())
                && let Err(e) = meta::set_owner(file, uid, gid)
            {
                return vec![(if uid.is_some() { "chown" } else { "chgrp" }, " failed", e)];
            }
        }
        let mut errors = Vec::new();
        if let (true, Some(k)) = (settings.xattrs > 0, want.xattr) {
            let perm = (want.mode | 0o200) & 0o700;
            self.attrs.apply_xattrs(root, temp.path(), Some(perm), k);
        }
        if verified {
            let mtime = self.attrs.keeps_mtime(want.kind).then_some((want.mtime, want.nsec));
            let atime = (settings.atimes > 0).then_some((want.atime, 0));
            if (mtime.is_some() || atime.is_some())
                && let Err(e) = meta::set_times(file, atime, mtime)
            {
                errors.push(("failed to set times on", "", e));
            }
        }
        if let (true, Some(acl)) = (settings.acls, want.acl)
            && let Err(e) = self.shared.acls.apply(root, temp.path(), want.mode, acl)
        {
            errors.push(("set_acl: sys_acl_set_file failed on", "", e));
        }
        let perm = self.attrs.dest_perm(root, &t.path, want, request.old_perm);
        let created = (want.mode | 0o200) & 0o700 & !self.umask;
        if fake {
            self.attrs.fake(root, temp.path(), want, perm);
        } else if (perm != created || settings.acls)
            && let Err(e) = meta::set_mode(file, perm)
        {
            errors.push(("failed to set permissions on", "", e));
        }
        errors
    }

    /// Verification failed: once is a warning and another try, twice an error.
    pub(super) fn mismatch(&self, t: &Target, request: &Transfer, retained: bool) -> Event {
        let what = if retained { "retained" } else { "discarded" };
        let mut text = if request.redo { b"ERROR: ".to_vec() } else { b"WARNING: ".to_vec() };
        text.extend_from_slice(&t.name);
        text.extend_from_slice(format!(" failed verification -- update {what}").as_bytes());
        if request.redo {
            text.push(b'.');
            self.attrs.log.error_xfer(text);
            return Event::Failed(t.ndx);
        }
        if self.session.settings.info.name >= 1 || self.shared.itemizing {
            text.extend_from_slice(b" (will try again).");
            self.attrs.log.warning(text);
        }
        Event::Redo(t.ndx)
    }
}

/// Makes an interrupted file the destination, recognisably old (receiver: partial files).
pub(super) fn keep_partial(root: &mut Root, from: &RelPath, to: &RelPath, perm: u32) {
    // Nobody is left to be told of a failure; the file then stays under its temporary name.
    let _best_effort = root.chmod(from, perm);
    let _best_effort = root.utimes(from, None, Some((0, 0)));
    let _best_effort = root.rename(from, to);
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
