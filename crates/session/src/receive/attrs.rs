//! Comparing and setting what is kept of a file besides its content.
use super::{shared::Shared, xattrs::Failed};
use crate::{
    chmod::Chmod,
    flist::Entry,
    log::{Class, Log, named, reason},
    settings::Settings,
};
use fsroot::{Errno, Kind, Root, Stat, is_errno, names::NameCache};
use std::{collections::HashMap, sync::Arc};
use wire::{RelPath, item::ItemFlags as F};

/// What an entry wants of the file, with local ids.
#[derive(Debug, Clone, Copy)]
pub(super) struct Want {
    /// `None`: not one of the seven types (a missing argument).
    pub kind: Option<Kind>,
    pub mode: u32,
    pub len: u64,
    pub mtime: i64,
    pub nsec: u32,
    pub atime: i64,
    pub uid: u32,
    /// `None`: a group that cannot be set.
    pub gid: Option<u32>,
    pub rdev: (u32, u32),
    pub acl: Option<(u32, Option<u32>)>,
    pub xattr: Option<u32>,
}

impl Want {
    /// What a local item has, for a copy of it; `group`: its group is kept.
    pub fn of(st: &Stat, group: bool) -> Want {
        Want {
            kind: Some(st.kind),
            mode: st.wire_mode(),
            len: st.len,
            mtime: st.mtime,
            nsec: st.mtime_nsec,
            atime: st.atime,
            uid: st.uid,
            gid: group.then_some(st.gid),
            rdev: st.rdev,
            acl: None,
            xattr: None,
        }
    }
}

/// One thread's view of the attribute options, with its caches.
pub(super) struct Attrs {
    shared: Arc<Shared>,
    pub root_user: bool,
    umask: u32,
    /// A daemon's `incoming chmod`.
    incoming: Option<Chmod>,
    names: NameCache,
    groups: HashMap<u32, bool>,
    /// The last directory whose default permissions were asked for.
    last_default: Option<(Vec<u8>, u32)>,
    pub log: Log,
}

/// Permission bits that chmod sets.
const CHMOD_BITS: u32 = 0o7777;

impl Attrs {
    pub fn new(shared: Arc<Shared>, log: Log) -> Attrs {
        Attrs {
            root_user: acts_as_root(&shared.session.settings),
            umask: fsroot::names::umask(),
            incoming: Chmod::of(shared.session.settings.incoming_chmod.as_ref()),
            names: NameCache::default(),
            groups: HashMap::new(),
            last_default: None,
            shared,
            log,
        }
    }

    fn settings(&self) -> &Settings {
        &self.shared.session.settings
    }

    /// What `e` wants.
    pub fn want(&mut self, e: Entry<'_>) -> Want {
        let gid = e.gid();
        let gid = (self.settings().group && self.may_set_group(gid)).then_some(gid);
        Want {
            kind: Kind::from_wire_mode(e.mode()),
            mode: e.mode(),
            len: e.len(),
            mtime: e.mtime(),
            nsec: e.mtime_nsec(),
            atime: e.atime(),
            uid: e.uid(),
            gid,
            rdev: e.rdev(),
            acl: e.acl(),
            xattr: e.xattr(),
        }
    }

    /// Whether a file can be given this group.
    pub fn may_set_group(&mut self, gid: u32) -> bool {
        let names = &mut self.names;
        self.root_user || *self.groups.entry(gid).or_insert_with(|| names.in_group(gid))
    }

    /// Whether mtimes are kept for this type.
    pub fn keeps_mtime(&self, kind: Option<Kind>) -> bool {
        let s = self.settings();
        s.times
            && match kind {
                Some(Kind::Directory) => !s.omit_dir_times,
                Some(Kind::Symlink) => !s.omit_link_times,
                _ => true,
            }
    }

    /// Whether atimes are kept for this type.
    fn keeps_atime(&self, kind: Option<Kind>) -> bool {
        let s = self.settings();
        s.atimes > 0
            && match kind {
                Some(Kind::Directory) => false,
                Some(Kind::Symlink) => !s.omit_link_times,
                _ => true,
            }
    }

    /// The mtime of a directory whose attributes were changed; within the modify window nobody else would set it.
    pub fn set_exact_mtime(&self, root: &mut Root, p: &RelPath, want: &Want) {
        if self.keeps_mtime(want.kind)
            && let Err(e) = root.utimes(p, None, Some((want.mtime, want.nsec)))
        {
            self.failed("failed to set times on", root, p, &e);
        }
    }

    /// Equality of mtimes under `--modify-window`.
    pub fn same_mtime(&self, want: &Want, have: &Stat) -> bool {
        same_time(
            self.settings().modify_window,
            (want.mtime, want.nsec),
            (have.mtime, have.mtime_nsec),
        )
    }

    /// Whether the atime is to be set: it differs in its seconds, which alone travel, under `--modify-window`.
    pub fn sets_atime(&self, want: &Want, have: &Stat) -> bool {
        let window = self.settings().modify_window.max(0);
        self.keeps_atime(want.kind) && !same_time(window, (want.atime, 0), (have.atime, 0))
    }

    /// The permissions that the file is to have. `existing` are those of the file that it replaces or is.
    pub fn dest_perm(
        &mut self,
        root: &mut Root,
        p: &RelPath,
        want: &Want,
        existing: Option<u32>,
    ) -> u32 {
        let perm = self.kept_perm(root, p, want, existing);
        match &self.incoming {
            Some(chmod) if want.kind != Some(Kind::Symlink) => {
                chmod.apply(perm, want.kind == Some(Kind::Directory))
            }
            _ => perm,
        }
    }

    fn kept_perm(
        &mut self,
        root: &mut Root,
        p: &RelPath,
        want: &Want,
        existing: Option<u32>,
    ) -> u32 {
        let perm = want.mode & CHMOD_BITS;
        if self.settings().perms {
            return perm;
        }
        match existing {
            Some(have) => {
                if self.settings().executability && want.kind == Some(Kind::Regular) {
                    executable_like(perm, have)
                } else {
                    have
                }
            }
            None => perm & self.default_perms(root, p),
        }
    }

    /// The bits that a new file beside `p` may have: the directory's default ACL, or the umask. That nobody knows is said.
    pub fn default_perms(&mut self, root: &mut Root, p: &RelPath) -> u32 {
        let dir = p.split().map(|(dir, _)| dir).unwrap_or_default();
        if let Some((last, perms)) = &self.last_default
            && last == dir
        {
            return *perms;
        }
        let mut perms = 0o777 & !self.umask;
        match RelPath::new(dir).map(|parent| root.inherited_acl(&parent)) {
            Some(Ok(Some(acl))) => {
                let user = u32::from(acl.user_obj.unwrap_or(0));
                let group = u32::from(acl.mask.or(acl.group_obj).unwrap_or(0));
                let other = u32::from(acl.other.unwrap_or(0));
                perms = (user << 6 | group << 3 | other) & 0o777;
            }
            // Rsync looks behind links that lead out of the destination, too.
            Some(Err(e)) if self.shared.do_xfers && !is_errno(&e, Errno::LOOP) => {
                self.say_no_default(dir, &reason(&e));
            }
            _ => {}
        }
        self.last_default = Some((dir.to_vec(), perms));
        perms
    }

    /// Says that nobody knows what new files in a directory may do.
    pub fn say_no_default(&self, dir: &[u8], why: &str) {
        let what = "default_perms_for_dir: sys_acl_get_file(";
        let after = format!(", ACL_TYPE_DEFAULT): {why}, falling back on umask");
        self.log.warning(named(what, dir, &after));
    }

    /// The REPORT bits of an existing item (item header). `base` are the flags known already, `empty_xname` says that the item
    /// carries an empty xname.
    pub fn report(
        &mut self,
        root: &mut Root,
        p: &RelPath,
        want: &Want,
        have: &Stat,
        base: u16,
        empty_xname: bool,
    ) -> u16 {
        let s = &self.shared.session.settings;
        let mut flags = base;
        if want.kind == Some(Kind::Regular) && want.len != have.len {
            flags |= F::REPORT_SIZE;
        }
        // Of links it is not shown.
        if want.kind != Some(Kind::Symlink) && self.sets_atime(want, have) {
            flags |= F::REPORT_ATIME;
        }
        let time = match self.keeps_mtime(want.kind) {
            true => !self.same_mtime(want, have),
            false => flags & (F::TRANSFER | F::LOCAL_CHANGE) != 0 && !empty_xname,
        };
        if time {
            flags |= F::REPORT_TIME;
        }
        if want.kind != Some(Kind::Symlink) || have.kind != Kind::Symlink {
            let perm = match s.perms {
                true => want.mode & CHMOD_BITS != have.perm,
                false => {
                    s.executability
                        && want.kind == Some(Kind::Regular)
                        && executable_like(want.mode, have.perm) != have.perm
                }
            };
            if perm {
                flags |= F::REPORT_PERMS;
            }
        }
        if s.owner && self.root_user && want.uid != have.uid {
            flags |= F::REPORT_OWNER;
        }
        if want.gid.is_some_and(|gid| gid != have.gid) {
            flags |= F::REPORT_GROUP;
        }
        if let (true, Some(acl), true) = (s.acls, want.acl, want.kind != Some(Kind::Symlink)) {
            match self.shared.acls.differ(root, p, want.mode, acl) {
                Ok(true) => flags |= F::REPORT_ACL,
                Ok(false) => {}
                Err(e) => self.failed("get_acl: sys_acl_get_file failed on", root, p, &e),
            }
        }
        if let (true, Some(k)) = (s.xattrs > 0, want.xattr) {
            match self.shared.xattrs.differ(Some((root, p)), k) {
                Ok(true) => flags |= F::REPORT_XATTR,
                Ok(false) => {}
                Err(Failed { name, e, .. }) if name.is_empty() => {
                    self.failed("rsync_xal_get: llistxattr failed on", root, p, &e);
                }
                Err(Failed { name, e, .. }) => {
                    let after = [b",\"", &name[..], b"\",0) failed"].concat();
                    let text =
                        [b"get_xattr_data: lgetxattr(", &root.quoted(p)[..], &after].concat();
                    self.log.sys_error(Class::ErrorXfer, text, &e);
                    // As in rsync what cannot be read is as good as none.
                    if self.shared.xattrs.differ(None, k).unwrap_or(false) {
                        flags |= F::REPORT_XATTR;
                    }
                }
            }
        }
        flags
    }

    /// The owner and group that a file in another state is to get. The ids that no file can have are reported; `quoted` names
    /// the file.
    pub fn owner_to_set(
        &self,
        want: &Want,
        have: &Stat,
        quoted: impl Fn() -> Vec<u8>,
    ) -> (Option<u32>, Option<u32>) {
        let (uid, gid) = self.new_owner(want, have);
        let possible = |id: &u32, what| {
            if *id == u32::MAX {
                let before = format!("{what} {id} (-1) is impossible to set on");
                self.log.error_xfer(about(&before, &quoted(), ""));
            }
            *id != u32::MAX
        };
        (uid.filter(|id| possible(id, "uid")), gid.filter(|id| possible(id, "gid")))
    }

    fn new_owner(&self, want: &Want, have: &Stat) -> (Option<u32>, Option<u32>) {
        let owner = self.settings().owner && self.root_user;
        let uid = (owner && want.uid != have.uid).then_some(want.uid);
        (uid, want.gid.filter(|gid| *gid != have.gid))
    }

    /// Says of a change that a dry run does not make, or `--fake-super` only writes down, what is said of others.
    pub fn say_new_owner(&self, p: &RelPath, want: &Want, have: &Stat) {
        let (uid, gid) = self.new_owner(want, have);
        self.say_owner(p, have, uid, gid);
    }

    /// What `--debug=own` says of a change of hands.
    pub fn say_owner(&self, p: &RelPath, have: &Stat, uid: Option<u32>, gid: Option<u32>) {
        let says = self.shared.session.settings.debug.own > 0;
        let name = if p.is_root() { b"." } else { p.as_bytes() };
        for (what, from, to) in [("uid", have.uid, uid), ("gid", have.gid, gid)] {
            let Some(to) = to.filter(|_| says) else { continue };
            let (before, after) = (format!("set {what} of "), format!(" from {from} to {to}"));
            self.log.debug(says, || named(&before, name, &after));
        }
    }

    /// Sets owner and group if they differ; what the item is like then. To be called before anything that the system takes
    /// away from what changes hands: set-id bits and capabilities.
    pub fn give_away(
        &mut self,
        root: &mut Root,
        p: &RelPath,
        want: &Want,
        have: &Stat,
    ) -> Option<Stat> {
        if have.kind == Kind::Symlink || self.settings().fake_super {
            return None;
        }
        let (uid, gid) = self.new_owner(want, have);
        let possible = |id: &u32| *id != u32::MAX;
        let (uid, gid) = (uid.filter(possible), gid.filter(possible));
        if uid.is_none() && gid.is_none() {
            return None;
        }
        // What cannot be done fails again, and is reported, where the rest is set.
        root.chown(p, uid, gid).ok()?;
        self.say_owner(p, have, uid, gid);
        root.lstat(p).ok()
    }

    /// Sets whatever differs on an item at `p`, `have` being its state. `perm` is the wanted mode. Extended attributes are the
    /// receiver's business. Whether something was changed; `None` if that failed, which was said.
    pub fn apply(
        &mut self,
        root: &mut Root,
        p: &RelPath,
        want: &Want,
        have: &Stat,
        perm: u32,
        times: Times,
    ) -> Option<bool> {
        let s = &self.shared.session.settings;
        let link = want.kind == Some(Kind::Symlink);
        let mut have_perm = have.perm;
        let (mut changed, mut failed) = (false, false);
        let (uid, gid) = match s.fake_super {
            true => {
                self.say_new_owner(p, want, have);
                (None, None)
            }
            false => self.owner_to_set(want, have, || root.quoted(p)),
        };
        if uid.is_some() || gid.is_some() {
            self.say_owner(p, have, uid, gid);
            match root.chown(p, uid, gid) {
                Ok(()) => {
                    changed = true;
                    if have_perm & 0o6000 != 0 && !link {
                        // The system may have taken the set-id bits away from what changes hands.
                        have_perm = root.lstat(p).map_or(have_perm & !0o6000, |st| st.perm);
                    }
                }
                Err(e) => {
                    let what = if uid.is_some() { "chown" } else { "chgrp" };
                    self.failed_after(what, root, p, &e);
                    return None;
                }
            }
        }
        if s.fake_super {
            changed |= self.fake(root, p, want, perm);
        }
        let exact = times == Times::Exact;
        let mtime = (times != Times::Keep && self.keeps_mtime(want.kind))
            .then_some((want.mtime, want.nsec))
            .filter(|_| match exact {
                true => (want.mtime, want.nsec) != (have.mtime, have.mtime_nsec),
                false => !self.same_mtime(want, have),
            });
        let atime =
            (times != Times::Keep && self.sets_atime(want, have)).then_some((want.atime, 0));
        if mtime.is_some() || atime.is_some() {
            match root.utimes(p, atime, mtime) {
                Ok(()) => changed = true,
                // Whose times cannot be set is not ours to change otherwise.
                Err(e) => {
                    self.failed("failed to set times on", root, p, &e);
                    return None;
                }
            }
        }
        if link {
            return Some(changed).filter(|_| !failed);
        }
        let mut acl_set = false;
        if let (true, Some(acl)) = (s.acls, want.acl) {
            match self.shared.acls.apply(root, p, perm, acl) {
                Ok(set) => acl_set = set,
                Err(e) => {
                    self.log.sys_error(Class::ErrorXfer, e.text(p.as_bytes()), &e.error);
                    failed = true;
                }
            }
        }
        if !s.fake_super && (perm != have_perm || (acl_set && perm & 0o7000 != 0)) {
            changed |= perm != have.perm;
            if let Err(e) = root.chmod(p, perm) {
                self.failed("failed to set permissions on", root, p, &e);
                failed = true;
            }
        }
        (!failed).then_some(changed || acl_set)
    }

    /// `--fake-super`: writes down mode, device and owner; true if that changed something. Owners that are not kept are root's.
    pub fn fake(&self, root: &mut Root, p: &RelPath, want: &Want, perm: u32) -> bool {
        let s = self.settings();
        let uid = if s.owner { want.uid } else { 0 };
        let gid = if s.group { want.gid.unwrap_or(0) } else { 0 };
        let mode = want.mode & !CHMOD_BITS | perm & CHMOD_BITS;
        let dressed = root.fake_dress(p, mode, want.rdev, uid, gid);
        self.say_unread(root, p);
        match dressed {
            Ok(changed) => changed,
            Err(e) => {
                self.failed("failed to write xattr user.rsync.%stat for", root, p, &e);
                false
            }
        }
    }

    /// Sets the extended attributes of list `k`; false if that failed, which was said.
    pub fn apply_xattrs(
        &mut self,
        root: &mut Root,
        p: &RelPath,
        have_perm: Option<u32>,
        k: u32,
    ) -> bool {
        let mut failed = self.shared.xattrs.apply(root, p, k);
        // A file without owner-write refuses new attributes to its owner.
        if failed.iter().any(|failed| failed.e.kind() == std::io::ErrorKind::PermissionDenied) {
            let perm = have_perm.or_else(|| {
                root.lstat(p).ok().filter(|st| st.kind != Kind::Symlink).map(|st| st.perm)
            });
            if let Some(perm) = perm
                && perm & 0o200 == 0
                && root.chmod(p, perm | 0o200).is_ok()
            {
                failed = self.shared.xattrs.apply(root, p, k);
                if let Err(e) = root.chmod(p, perm) {
                    self.failed("failed to set permissions on", root, p, &e);
                }
            }
        }
        if failed.is_empty() {
            return true;
        }
        // Rsync sets them by handle on what it can open.
        let opens = match root.lstat(p).map(|st| st.kind) {
            Ok(Kind::Regular) => root.open_read(p).is_ok(),
            Ok(Kind::Directory) => root.read_dir(p).is_ok(),
            Ok(_) => false,
            Err(e) => {
                self.failed_after("stat", root, p, &e);
                return false;
            }
        };
        let letter = if opens { "f" } else { "l" };
        for Failed { call, name, e } in failed {
            let mut text = format!("rsync_xal_set: {letter}{call}(").into_bytes();
            text.extend_from_slice(&root.quoted(p));
            text.extend_from_slice(b",\"");
            text.extend_from_slice(&name);
            text.extend_from_slice(b"\") failed");
            self.log.sys_error(Class::ErrorXfer, text, &e);
        }
        false
    }

    /// Says if what `--fake-super` keeps of a file could not be read.
    pub fn say_unread(&self, root: &mut Root, p: &RelPath) {
        if let Some(e) = root.take_unread() {
            self.failed("failed to read xattr user.rsync.%stat for", root, p, &e);
        }
    }

    /// `WHAT "P"`.
    fn failed(&self, what: &str, root: &Root, p: &RelPath, e: &std::io::Error) {
        self.log.sys_error(Class::ErrorXfer, about(what, &root.quoted(p), ""), e);
    }

    /// `WHAT "P" failed`.
    fn failed_after(&self, what: &str, root: &Root, p: &RelPath, e: &std::io::Error) {
        self.log.sys_error(Class::ErrorXfer, about(what, &root.quoted(p), " failed"), e);
    }
}

/// Permissions of a file that is to be as executable as another (man page, --executability): by those who may read it.
fn executable_like(other: u32, have: u32) -> u32 {
    match (other & 0o111 != 0, have & 0o111 != 0) {
        (false, _) => have & !0o111,
        (true, false) => have | (have & 0o444) >> 2,
        (true, true) => have,
    }
}

/// What happens to the times of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// Nothing: its content is not the source's.
    Keep,
    /// Set if they differ by more than the modify window.
    IfDifferent,
    /// Set to the source's.
    Exact,
}

/// Whether root's rights are to be used, or at least tried (`--super`) or faked.
pub(crate) fn acts_as_root(settings: &crate::Settings) -> bool {
    settings.fake_super || settings.super_user.unwrap_or_else(fsroot::names::am_root)
}

/// `before PATHafter` for a path in quotes.
pub(super) fn about(before: &str, quoted: &[u8], after: &str) -> Vec<u8> {
    [before.as_bytes(), b" ", quoted, after.as_bytes()].concat()
}

/// Time equality (man page, --modify-window).
pub(super) fn same_time(window: i32, a: (i64, u32), b: (i64, u32)) -> bool {
    match window {
        0 => a.0 == b.0,
        w if w < 0 => a == b,
        w => a.0.abs_diff(b.0) <= u64::from(w.unsigned_abs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_compare_by_the_window() {
        assert!(same_time(0, (5, 1), (5, 9)));
        assert!(!same_time(0, (5, 0), (6, 0)));
        assert!(same_time(1, (5, 0), (6, 9)));
        assert!(!same_time(1, (5, 0), (7, 0)));
        assert!(!same_time(-1, (5, 1), (5, 9)));
        assert!(same_time(-1, (5, 1), (5, 1)));
        assert!(!same_time(i32::MAX, (i64::MIN, 0), (i64::MAX, 0)));
    }

    #[test]
    fn texts_quote_the_path() {
        assert_eq!(about("chown", b"\"/a/b\"", " failed"), b"chown \"/a/b\" failed");
    }
}
