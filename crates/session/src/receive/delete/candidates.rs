//! What is in a directory and may be removed.

use super::super::{
    attrs,
    generator::{Generator, is_missing},
};
use crate::{
    Error,
    flist::trace::say_doomed,
    log::{Class, named},
    rules::excludes,
    session::io_error,
};
use fast_io::SendHalf;
use fsroot::{DirEntry, Errno, FollowParents, Kind, Root, Stat, is_errno, names::am_root};
use std::io;
use wire::RelPath;

/// A directory entry that may be removed.
pub(super) struct Candidate {
    pub path: RelPath,
    pub kind: Kind,
    pub dev: Option<u64>,
}

/// File-list order inside of a directory.
fn order(a: &Candidate, b: &Candidate, modern: bool) -> std::cmp::Ordering {
    let (x, y) = (a.path.as_bytes(), b.path.as_bytes());
    if !modern {
        return x.cmp(y);
    }
    let dir = |c: &Candidate| c.kind == Kind::Directory;
    dir(a).cmp(&dir(b)).then_with(|| match dir(a) {
        true => x.iter().chain(b"/").cmp(y.iter().chain(b"/")),
        false => x.cmp(y),
    })
}

impl Candidate {
    /// With `-x`, a directory on another device stays.
    pub fn is_mount_point(&self, device: Option<u64>) -> bool {
        self.kind == Kind::Directory && crosses(device, self.dev)
    }
}

/// Whether something is not on the device that deletion stays on.
fn crosses(device: Option<u64>, own: Option<u64>) -> bool {
    device.zip(own).is_some_and(|(device, own)| device != own)
}

/// A link in a name leads out of the destination.
fn leads_out(e: &io::Error) -> bool {
    is_errno(e, Errno::LOOP)
}

impl<W: SendHalf> Generator<W> {
    /// The device that deletion stays on (man page, --one-file-system).
    pub(super) fn file_system(&mut self) -> Option<u64> {
        if self.session.settings.one_file_system == 0 {
            return None;
        }
        if self.deleter.device.is_none() {
            self.deleter.device = self.lstat(&RelPath::root()).ok().flatten().map(|st| st.dev);
        }
        self.deleter.device
    }

    /// The entries of a directory that no rule protects, in file-list order, and whether any was protected. `None` if it cannot be
    /// read.
    pub(super) fn candidates(
        &mut self,
        dir: &RelPath,
        doomed: bool,
        dev: Option<u64>,
    ) -> Result<Option<(Vec<Candidate>, bool)>, Error> {
        let (entries, mut outside) = match self.read_dir(dir) {
            Ok(Some(read)) => read,
            Ok(None) => return Ok(None),
            Err(e) => {
                let out = self.session.settings.keep_dirlinks && leads_out(&e);
                if let Some(root) = self.root.as_ref().filter(|_| out || !is_missing(&e)) {
                    let text = attrs::about("opendir", &root.quoted(dir), " failed");
                    match out {
                        true => self.log.sys_error(Class::ErrorXfer, text, &e),
                        false => self.cannot_list(text, &e),
                    }
                }
                return Ok(None);
            }
        };
        match doomed {
            true => self.deleter.push(dir.as_bytes(), &self.log, &self.session.status)?,
            false => self.deleter.enter(dir.as_bytes(), &self.log, &self.session.status)?,
        }
        let mut found = Vec::with_capacity(entries.len());
        let mut protected = false;
        // With --fake-super a file is not what the directory says, and below a directory that cannot be searched nothing can
        // be removed, whatever it says.
        let known = !self.session.settings.fake_super
            && (outside.is_some() || self.can_look_below(dir, &entries));
        for e in entries {
            let Some(path) = dir.join(&e.name) else { continue };
            let mut stat: Option<Stat> = None;
            let kind = match e.kind.filter(|k| known && (dev.is_none() || *k != Kind::Directory)) {
                Some(kind) => kind,
                None => match self.lstat_at(&mut outside, &path, &e.name) {
                    Ok(Some(st)) => {
                        stat = Some(st);
                        st.kind
                    }
                    Ok(None) => continue,
                    Err(e) => {
                        // Nobody can tell what it is: a rule for either kind will do.
                        let hidden = [false, true].iter().any(|&d| self.keeps(&path, d, doomed));
                        if let Some(root) = self.root.as_ref().filter(|_| !hidden) {
                            let at = root.quoted(&path);
                            let text = [b"readlink_stat(", &at[..], b") failed"].concat();
                            self.cannot_list(text, &e);
                        }
                        continue;
                    }
                },
            };
            let is_dir = kind == Kind::Directory;
            let skips = is_dir && self.session.settings.one_file_system > 1;
            if skips && crosses(dev, stat.as_ref().map(|st| st.dev)) {
                let says = self.session.settings.info.mount > 0;
                let before = "[generator] skipping mount-point dir ";
                self.log.debug(says, || named(before, path.as_bytes(), ""));
                continue;
            }
            if self.keeps(&path, is_dir, doomed) {
                protected = true;
                continue;
            }
            let says = self.session.settings.debug.flist > 1;
            self.log.debug(says, || named("[generator] make_file(", path.as_bytes(), ",*,2)"));
            found.push(Candidate { path, kind, dev: stat.map(|st| st.dev) });
        }
        let modern = self.session.protocol.has_item_flags();
        found.sort_unstable_by(|a, b| order(a, b, modern));
        if self.session.settings.debug.flist > 2 {
            let stats: Vec<_> = found.iter().map(|c| self.lstat(&c.path).ok().flatten()).collect();
            let names = found.iter().map(|c| c.path.as_bytes());
            say_doomed(&self.log, &self.session, names.zip(stats));
        }
        Ok(Some((found, protected)))
    }

    /// What is in a directory, and its root if it is not in the destination but behind a kept link (`--keep-dirlinks`): nothing
    /// is removed there, but whoever asks for it learns what stays. A daemon does not look out of its module.
    fn read_dir(&mut self, dir: &RelPath) -> io::Result<Option<(Vec<DirEntry>, Option<Root>)>> {
        let settings = &self.session.settings;
        let looks_out = settings.keep_dirlinks && !settings.am_daemon;
        let Some(root) = &mut self.root else { return Ok(None) };
        match root.read_dir(dir) {
            Ok(entries) => Ok(Some((entries, None))),
            Err(e) if looks_out && leads_out(&e) => {
                let mut outside = root.open_below(dir, FollowParents::Unconfined)?;
                let entries = outside.read_dir(&RelPath::root())?;
                Ok(Some((entries, Some(outside))))
            }
            Err(e) => Err(e),
        }
    }

    /// lstat of an entry of a directory.
    fn lstat_at(
        &mut self,
        outside: &mut Option<Root>,
        path: &RelPath,
        name: &[u8],
    ) -> io::Result<Option<Stat>> {
        match (outside, RelPath::new(name)) {
            (Some(outside), Some(name)) => outside.lstat(&name).map(Some),
            _ => self.lstat(path),
        }
    }

    /// Whether something is behind a link that leads out of the destination, and so cannot be removed.
    pub(super) fn is_out_of_reach(&mut self, path: &RelPath) -> bool {
        let Some(root) = &mut self.root else { return false };
        root.lstat(path).is_err_and(|e| leads_out(&e))
    }

    /// Whether rules keep a name that the sender does not have.
    fn keeps(&self, path: &RelPath, is_dir: bool, doomed: bool) -> bool {
        let level = self.session.settings.debug.filter;
        let name = path.as_bytes();
        self.daemon_excludes(path, is_dir)
            || excludes(&self.deleter.rules, level, &self.log, name, is_dir, doomed)
    }

    /// What is in a directory is not known as it should be, so that nothing more may be deleted.
    pub(super) fn cannot_list(&mut self, text: Vec<u8>, e: &io::Error) {
        self.log.sys_error(Class::ErrorXfer, text, e);
        self.session.status.add_io_error(io_error::GENERAL);
        self.deleter.errors |= io_error::GENERAL;
    }

    /// Whether a directory can be searched, by its first entry. Root can search all.
    fn can_look_below(&mut self, dir: &RelPath, entries: &[DirEntry]) -> bool {
        let first = entries.first().filter(|_| !am_root()).and_then(|e| dir.join(&e.name));
        first.is_none_or(|path| self.lstat(&path).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_come_last_and_sort_as_if_they_ended_in_a_slash() {
        let c = |name: &str, kind| Candidate {
            path: RelPath::new(name.as_bytes()).unwrap(),
            kind,
            dev: None,
        };
        let dir = Kind::Directory;
        let mut all =
            [c("a0", dir), c("b", Kind::Regular), c("a", dir), c("a-", dir), c("~", Kind::Symlink)];
        all.sort_by(|a, b| order(a, b, true));
        let names: Vec<_> = all.iter().map(|c| c.path.as_bytes()).collect();
        assert_eq!(names, [&b"b"[..], b"~", b"a-", b"a", b"a0"]);
        all.sort_by(|a, b| order(a, b, false));
        assert_eq!(all[0].path.as_bytes(), b"a");
        assert_eq!(all[4].path.as_bytes(), b"~");
    }
}
