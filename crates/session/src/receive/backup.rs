//! `--backup`: what is replaced or deleted goes beside itself under another name, or into a tree of its own (man page,
//! --backup).
//!
//! A file that will be replaced keeps its name while the backup is another link to it, so that the name is never missing; what
//! is deleted is renamed. Only where neither is possible, on another file system, the content is copied.
use super::{
    acls,
    aside::Aside,
    attrs::{Attrs, Times, Want, about},
    dest::Dest,
    generator::unsafe_symlink,
    shared::Shared,
};
use crate::{
    Error, ExitCode,
    log::{Class, named, reason, sys_error_line},
    operator::say_foreign_link,
};
use fsroot::{FileWriter, Kind, Root, Stat};
use std::{fs::File, io, sync::Arc};
use wire::RelPath;

/// What happens to the name of the item that is backed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// It goes, as the item is deleted.
    Move,
    /// It stays until something is renamed over it.
    Keep,
    /// It stays for good, for its content will be written over: the backup is a copy.
    Copy,
}

/// What became of it.
#[derive(Debug)]
pub(super) enum Made {
    /// There is a backup, or nothing to back up.
    Done,
    /// There is a backup, but the item that was to go is still there.
    Copied,
    /// It is of a type that cannot be copied to where backups are; that was said.
    Skipped,
    /// There is none. The line says why; it is empty where that was said.
    Failed(io::Error, Vec<u8>),
    /// The directory for backups cannot be made. As in rsync its line is for where nothing else says that something is not done.
    Nowhere(io::Error, Vec<u8>),
}

/// Where an item has got to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placed {
    /// To where backups are.
    There,
    /// There is a copy where backups are.
    Copied,
    /// Its type does not allow that.
    Nowhere,
}

/// What of a copy failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Opening the original.
    Source,
    /// Making the copy.
    Open,
    /// Writing it.
    Write,
}

/// One thread's way to make backups.
pub(super) struct Backup {
    shared: Arc<Shared>,
    /// `--backup-dir`; `None`: beside.
    dir: Option<Aside>,
    /// Where backups go, opened when the first is made.
    root: Option<Root>,
    /// What stands before names in messages: empty, or ends in a slash.
    shown: Vec<u8>,
    suffix: Vec<u8>,
    /// The parent of the last backup, which is there.
    last_dir: Option<RelPath>,
    /// What had to be removed from where a backup was to go, as shown.
    cleared: Vec<(Vec<u8>, Kind)>,
}

impl Backup {
    /// `None` without `--backup`.
    pub fn new(shared: &Arc<Shared>, dest: &Dest) -> Option<Backup> {
        let settings = &shared.session.settings;
        if !settings.backup {
            return None;
        }
        let mut shown = settings.backup_dir.clone().unwrap_or_default();
        if !shown.is_empty() && !shown.ends_with(b"/") {
            shown.push(b'/');
        }
        let dir = settings.backup_dir.as_deref().map(|dir| Aside::for_backups(settings, dest, dir));
        // If the module's own directory cannot be opened, neither can the destination.
        let dir = dir.and_then(Result::ok);
        Some(Backup {
            shared: shared.clone(),
            root: if dir.is_some() { None } else { dest.root.clone() },
            dir,
            shown,
            suffix: settings.suffix.clone(),
            last_dir: None,
            cleared: Vec::new(),
        })
    }

    /// Before the transfer: says where backups go, and refuses a place that is no directory.
    pub fn announce(&mut self) -> Result<(), Error> {
        let Some(dir) = &mut self.dir else { return Ok(()) };
        let named = self.shown.strip_suffix(b"/").unwrap_or(&self.shown);
        let new = match dir.is_dir() {
            Ok(Some(false)) => {
                let text = [&b"The backup-dir is not a directory: "[..], named].concat();
                return Err(Error::fatal(ExitCode::SYNTAX, text));
            }
            Ok(Some(true)) => "",
            Err(e) if self.shared.session.settings.served.is_none() => {
                let text = [b"Failed to stat ", named, b": ", reason(&e).as_bytes()].concat();
                return Err(Error::fatal(ExitCode::FILE_IO, text));
            }
            Ok(None) | Err(_) => "(new) ",
        };
        if self.shared.session.settings.info.backup >= 1 {
            let text = format!("{new}backup_dir is ").into_bytes();
            self.shared.session.log.info([&text[..], named].concat());
        }
        Ok(())
    }

    /// Whether a name is a backup's own, so that it is deleted without another.
    pub fn is_backup(&self, p: &RelPath) -> bool {
        let name = p.as_bytes();
        self.dir.is_none() && name.len() > self.suffix.len() && name.ends_with(&self.suffix)
    }

    /// What was removed to make way for backups since this was asked last.
    pub fn take_cleared(&mut self) -> Vec<(Vec<u8>, Kind)> {
        std::mem::take(&mut self.cleared)
    }

    /// The backup's own name.
    fn target(&self, p: &RelPath) -> Option<RelPath> {
        RelPath::new(&[p.as_bytes(), &self.suffix].concat())
    }

    /// Opens the backup of a file, as a basis.
    pub fn open(&mut self, p: &RelPath) -> io::Result<File> {
        let target = self.target(p).ok_or(io::ErrorKind::InvalidFilename)?;
        self.root()?.open_read(&target)
    }

    /// The backup's path for messages.
    pub fn shown(&self, p: &RelPath) -> Vec<u8> {
        let target = self.target(p).unwrap_or_default();
        [&self.shown, target.as_bytes()].concat()
    }

    /// Whether the directory for backups has yet to be made.
    fn is_missing(&mut self) -> bool {
        self.root.is_none() && self.dir.as_mut().is_some_and(|dir| matches!(dir.is_dir(), Ok(None)))
    }

    fn root(&mut self) -> io::Result<&mut Root> {
        if self.root.is_none()
            && let Some(dir) = &mut self.dir
        {
            let opened = dir.open_or_make();
            self.root = Some(opened.inspect_err(|_| say_foreign_link(&self.shared.session.log))?);
        }
        self.root.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Backs up what is at `p` below `root`.
    pub fn make(&mut self, root: &mut Root, attrs: &mut Attrs, p: &RelPath, how: How) -> Made {
        let st = match root.lstat(p) {
            // No file replaces that, as the attempt will say.
            Ok(st) if how == How::Keep && st.kind == Kind::Directory => return Made::Done,
            Ok(st) => st,
            Err(_) => return Made::Done,
        };
        let Some(target) = self.target(p) else {
            return Made::Failed(
                io::ErrorKind::InvalidFilename.into(),
                b"backup filename too long".to_vec(),
            );
        };
        let shown = [&self.shown[..], target.as_bytes()].concat();
        let left_out = st.kind == Kind::Symlink && self.leaves_out(root, attrs, p);
        let mut copied = false;
        if !self.shared.do_xfers {
            say_made(&self.shared, attrs, if how == How::Move { "RENAME" } else { "HLINK" }, p);
        } else {
            if self.is_missing()
                && let Some(e) = self.root().err()
            {
                let line = self.unmade(attrs, "mkdir", &RelPath::root(), &e);
                return Made::Nowhere(e, line);
            }
            if let Err((e, line)) = self.make_parents(root, attrs, p) {
                return Made::Failed(e, line);
            }
            let placed = match left_out {
                // The directory for backups is made all the same.
                true => self.root().and_then(|_| match how {
                    How::Move => root.unlink(p).map(|()| Placed::There),
                    _ => Ok(Placed::There),
                }),
                false => self.place(root, attrs, p, &target, &st, how),
            };
            match placed {
                Ok(Placed::There) => {}
                Ok(Placed::Copied) => copied = how == How::Move,
                Ok(Placed::Nowhere) => {
                    let text = b"make_bak: skipping non-regular file ";
                    attrs.log.info([&text[..], p.as_bytes()].concat());
                    return Made::Skipped;
                }
                // The copy was what failed, and has said so.
                Err(e) if how == How::Copy => return Made::Failed(e, Vec::new()),
                Err(e) => {
                    let mut text = about("keep_backup failed:", &root.quoted(p), " -> \"");
                    text.extend_from_slice(&shown);
                    text.push(b'"');
                    let line = sys_error_line(attrs.log.role, text, &e);
                    return Made::Failed(e, line);
                }
            }
        }
        if self.shared.session.settings.info.backup >= 1 {
            let text = [b"backed up ", p.as_bytes(), b" to ", &shown[..]].concat();
            attrs.log.info(text);
        }
        if copied { Made::Copied } else { Made::Done }
    }

    /// Puts the item there.
    fn place(
        &mut self,
        root: &mut Root,
        attrs: &mut Attrs,
        p: &RelPath,
        target: &RelPath,
        st: &Stat,
        how: How,
    ) -> io::Result<Placed> {
        let old = match self.root() {
            Ok(there) => there.lstat(target).ok(),
            Err(e) => {
                if how != How::Copy {
                    // rsync tries to link and to rename before it removes what is in the way.
                    let _said = (self.root().err(), self.root().err());
                }
                let text = about("unlink", &self.quoted(root, target), "");
                attrs.log.sys_error(Class::ErrorXfer, text, &e);
                return Err(e);
            }
        };
        if old.is_some_and(|old| old.same_inode(st)) {
            if self.is_itself(root, p, target)? {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            // Renaming would leave both names.
            self.root()?.unlink(target)?;
        } else if old.is_some_and(|old| old.kind == Kind::Directory) {
            self.clear_below(target)?;
            self.root()?.rmdir(target)?;
        }
        let there = self.root()?;
        let mut made = if how == How::Move { "RENAME" } else { "HLINK" };
        let placed = match how {
            How::Move => root.rename_to(p, there, target),
            How::Keep => {
                let linked = match root.link_to(p, there, target, st) {
                    Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                        there.unlink(target)?;
                        root.link_to(p, there, target, st)
                    }
                    linked => linked,
                };
                // Files of others may not be linked everywhere; what replaces it is complete.
                linked.or_else(|_| {
                    made = "RENAME";
                    root.rename_to(p, there, target)
                })
            }
            How::Copy => Err(io::ErrorKind::CrossesDevices.into()),
        };
        if placed.is_ok() {
            say_made(&self.shared, attrs, made, p);
            return Ok(Placed::There);
        }
        let shared = self.shared.clone();
        let there = self.root()?;
        if let Err(e) = there.unlink(target)
            && e.kind() != io::ErrorKind::NotFound
        {
            let text = about("unlink", &self.quoted(root, target), "");
            attrs.log.sys_error(Class::ErrorXfer, text, &e);
            return Err(e);
        }
        match copy_item(&shared, root, p, there, target, st, how) {
            Ok(true) if how == How::Copy => {}
            Ok(true) => {
                let what = match st.kind {
                    Kind::Regular => "COPY",
                    Kind::Symlink => "SYMLINK",
                    _ => "DEVICE",
                };
                say_made(&shared, attrs, what, p);
            }
            Ok(false) => return Ok(Placed::Nowhere),
            Err((failed, e)) => {
                let text = match failed {
                    Step::Source => about("open", &root.quoted(p), ""),
                    Step::Open => about("open", &self.quoted(root, target), ""),
                    Step::Write => about("write", &self.quoted(root, target), ""),
                };
                attrs.log.sys_error(Class::ErrorXfer, text, &e);
                return Err(e);
            }
        }
        dress_like(&shared, attrs, root, p, there, target, st);
        Ok(Placed::Copied)
    }

    /// `--safe-links`: whether a symlink is not to be kept.
    fn leaves_out(&self, root: &mut Root, attrs: &Attrs, p: &RelPath) -> bool {
        let settings = &self.shared.session.settings;
        if !settings.safe_links {
            return false;
        }
        let Ok(target) = root.read_link(p) else { return false };
        let unsafe_ = unsafe_symlink(&target, p.as_bytes());
        if unsafe_ && settings.info.symsafe >= 1 {
            let name = p.as_bytes();
            let text =
                [&b"not backing up unsafe symlink \""[..], name, b"\" -> \"", &target, b"\""];
            attrs.log.info(text.concat());
        }
        unsafe_
    }

    /// The full name of a backup, in quotes.
    fn quoted(&self, root: &Root, target: &RelPath) -> Vec<u8> {
        let mut out = vec![b'"'];
        if !self.shown.starts_with(b"/") {
            out.extend_from_slice(&root.display(&RelPath::root()));
            out.push(b'/');
        }
        out.extend_from_slice(&self.shown);
        out.extend_from_slice(target.as_bytes());
        out.push(b'"');
        out
    }

    /// Whether the backup would have the item's own name in its own directory.
    fn is_itself(&mut self, root: &mut Root, p: &RelPath, target: &RelPath) -> io::Result<bool> {
        let leaf = |p: &RelPath| p.split().map(|(_, leaf)| leaf.to_vec());
        let there = self.root()?;
        let (ours, theirs) = (p.parent().unwrap_or_default(), target.parent().unwrap_or_default());
        let same_dir = root.lstat(&ours)?.same_inode(&there.lstat(&theirs)?);
        Ok(same_dir && leaf(p) == leaf(target))
    }

    /// Removes what is in a directory that is in a backup's way.
    fn clear_below(&mut self, dir: &RelPath) -> io::Result<()> {
        let mut entries = self.root()?.read_dir(dir)?;
        entries.sort_by(|a, b| b.name.cmp(&a.name));
        for entry in entries {
            let Some(path) = dir.join(&entry.name) else { continue };
            let kind = self.root()?.lstat(&path)?.kind;
            if kind == Kind::Directory {
                self.clear_below(&path)?;
                self.root()?.rmdir(&path)?;
            } else {
                self.root()?.unlink(&path)?;
            }
            self.cleared.push(([&self.shown[..], path.as_bytes()].concat(), kind));
        }
        Ok(())
    }

    /// Before protocol 29 rsync's receiver, which is not told of the basis, makes the directories where the backup of what it
    /// writes over would be, even of a file that is new.
    pub fn make_room(&mut self, root: &mut Root, attrs: &mut Attrs, p: &RelPath) {
        if self.root().is_ok() {
            let _unsaid = self.make_parents(root, attrs, p);
        }
    }

    /// Makes the directories of a backup, in the likeness of those of the item. An error comes with the line that says so.
    fn make_parents(
        &mut self,
        root: &mut Root,
        attrs: &mut Attrs,
        p: &RelPath,
    ) -> Result<(), (io::Error, Vec<u8>)> {
        let parent = p.parent().unwrap_or_default();
        if self.dir.is_none() || self.last_dir.as_ref() == Some(&parent) {
            return Ok(());
        }
        let shared = self.shared.clone();
        let mut dir = RelPath::root();
        for part in parent.as_bytes().split(|b| *b == b'/').filter(|part| !part.is_empty()) {
            let Some(next) = dir.join(part) else { break };
            dir = next;
            let made = match self.root() {
                Ok(there) => make_dir(there, &dir),
                Err(e) => Err(("lstat", e)),
            };
            match made {
                Ok(false) => {}
                Ok(true) => {
                    if let (Ok(st), Ok(there)) = (root.lstat(&dir), self.root()) {
                        dress_like(&shared, attrs, root, &dir, there, &dir, &st);
                    }
                }
                Err((what, e)) => {
                    let line = self.unmade(attrs, what, &dir, &e);
                    return Err((e, line));
                }
            }
        }
        self.last_dir = Some(parent);
        Ok(())
    }

    /// That `what` failed for a directory of backups.
    fn unmade(&self, attrs: &Attrs, what: &str, dir: &RelPath, e: &io::Error) -> Vec<u8> {
        let path = [&self.shown[..], dir.as_bytes()].concat();
        let path = path.strip_suffix(b"/").unwrap_or(&path);
        let text = named(&format!("backup {what} "), path, " failed");
        sys_error_line(attrs.log.role, text, e)
    }
}

/// Makes a directory in place of whatever else is there; false if there is one. An error comes with the name of what failed.
fn make_dir(root: &mut Root, dir: &RelPath) -> Result<bool, (&'static str, io::Error)> {
    let cleared = match root.lstat(dir) {
        Ok(st) if st.kind == Kind::Directory => return Ok(false),
        Ok(_) => root.unlink(dir),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => return Err(("lstat", e)),
    };
    cleared.and_then(|()| root.mkdir(dir, 0o777)).map_err(|e| ("mkdir", e))?;
    Ok(true)
}

/// What `--debug=backup` says of how a backup was made.
fn say_made(shared: &Shared, attrs: &Attrs, what: &str, p: &RelPath) {
    let says = shared.session.settings.debug.backup > 0;
    let before = format!("make_backup: {what} ");
    attrs.log.debug(says, || named(&before, p.as_bytes(), " successful."));
}

/// Copies an item that is no directory to a name that is free; false if its type does not allow that. It has no attributes yet.
fn copy_item(
    shared: &Shared,
    from: &mut Root,
    p: &RelPath,
    to: &mut Root,
    q: &RelPath,
    st: &Stat,
    how: How,
) -> Result<bool, (Step, io::Error)> {
    let s = &shared.session.settings;
    let made = match st.kind {
        // What is written to is a device's content.
        k if k == Kind::Regular || (how == How::Copy && k.is_device()) => {
            let source = from.open_read(p).map_err(|e| (Step::Source, e))?;
            return copy_content(&source, to, q).map(|()| true);
        }
        Kind::Symlink if s.links => from.read_link(p).and_then(|target| to.symlink(&target, q)),
        k if k.is_device() && s.devices && super::attrs::acts_as_root(s) => {
            to.mknod(q, k, st.perm, st.rdev)
        }
        k if k.is_special() && s.specials => to.mknod(q, k, st.perm, st.rdev),
        _ => return Ok(false),
    };
    made.map(|()| true).map_err(|e| (Step::Open, e))
}

fn copy_content(source: &File, to: &mut Root, q: &RelPath) -> Result<(), (Step, io::Error)> {
    let file = to.create_new(q, 0o600).map_err(|e| (Step::Open, e))?;
    let copied = source.metadata().and_then(|metadata| {
        let len = match metadata.is_file() {
            true => metadata.len(),
            false => fsroot::meta::device_len(source),
        };
        let mut writer = FileWriter::new(false, false);
        let copied = writer.copy_range(&file, source, 0, len)?;
        writer.finish(&file)?;
        if copied < len { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    });
    copied.map_err(|e| {
        // Half of a backup is none.
        let _gone = to.unlink(q);
        (Step::Write, e)
    })
}

/// Gives a copy the attributes of the original, as far as they are kept at all. Permissions always are.
fn dress_like(
    shared: &Shared,
    attrs: &mut Attrs,
    from: &mut Root,
    p: &RelPath,
    to: &mut Root,
    q: &RelPath,
    st: &Stat,
) {
    let says = shared.session.settings.debug.flist > 1;
    let role = attrs.log.role.name();
    attrs.log.debug(says, || named(&format!("[{role}] make_file("), p.as_bytes(), ",*,0)"));
    let s = &shared.session.settings;
    let Ok(have) = to.lstat(q) else { return };
    let want = Want::of(st, s.group);
    let have = attrs.give_away(to, q, &want, &have).unwrap_or(have);
    if s.xattrs > 0
        && st.kind != Kind::Directory
        && let Err(e) = shared.xattrs.copy(from, p, to, q)
    {
        let text = about("rsync_xal_set: lsetxattr failed on", &to.quoted(q), "");
        attrs.log.sys_error(Class::ErrorXfer, text, &e);
    }
    let perm = match st.kind {
        Kind::Symlink => have.perm,
        // Set by the parent's own bit.
        Kind::Directory if !s.perms => st.perm | have.perm & 0o2000,
        _ => st.perm,
    };
    attrs.apply(to, q, &want, &have, perm, Times::Exact);
    if s.acls
        && st.kind != Kind::Symlink
        && let Err(e) = acls::copy(from, p, to, q, st.kind)
    {
        let name = match &s.backup_dir {
            Some(dir) => &[dir, &b"/"[..], q.as_bytes()].concat(),
            None => q.as_bytes(),
        };
        attrs.log.sys_error(Class::ErrorXfer, e.text(name), &e.error);
    }
}
