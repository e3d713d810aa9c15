//! From arguments to lists: the whole list at once, or segment by segment (WIRE.md, Incremental lists).

use super::{
    args::{self, Arg, ArgKind},
    list::{Lister, Out},
    scan::{Dir, Found, Unseen, filter_name, join},
};
use crate::{
    Error,
    flist::{DirRef, Entry, Live},
    session::io_error,
};
use std::{collections::HashMap, io};
use wire::{
    mux::Message,
    ndx::{self, NdxEncoder},
};

/// An argument that `--relative` hangs below a directory not yet listed.
struct Deeper {
    source: u32,
    /// Wire name.
    name: Vec<u8>,
    kind: ArgKind,
}

/// Directories of one name whose list is still to be sent, the first one's number being theirs.
struct Waiting {
    number: u32,
    first: DirRef,
    same_name: u32,
}

/// The tree of a session as it is listed.
pub(super) struct Tree {
    /// Incremental: what the arguments ask for below each directory, once for each entry that was sent for their sake.
    deeper: HashMap<Vec<u8>, Vec<Vec<Deeper>>>,
    /// Directories to send lists for; the last one is next.
    waiting: Vec<Waiting>,
    next_dir: u32,
    /// The parents of the previous argument, which are not repeated.
    last_parents: (u32, Vec<u8>),
    dot_sent: bool,
    /// The sources of directories reached through links, by source and name.
    resolved: HashMap<(u32, Vec<u8>), u32>,
    eof_sent: bool,
}

/// How an entry came into the list, for `--debug=FLIST`: as an argument or otherwise.
const FROM_ARGUMENT: u8 = 0;
const FROM_TREE: u8 = 2;

fn no_entry() -> io::Error {
    io::Error::from_raw_os_error(fsroot::Errno::NOENT.raw_os_error())
}

/// Whether `dir` is `name` or above it.
fn is_above(dir: &[u8], name: &[u8]) -> bool {
    name.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// The proper parents of a name, topmost first.
fn parents(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    name.iter().enumerate().filter(|(i, b)| **b == b'/' && *i > 0).map(|(i, _)| &name[..i])
}

impl Tree {
    pub fn new() -> Tree {
        Tree {
            deeper: HashMap::new(),
            waiting: Vec::new(),
            next_dir: 0,
            last_parents: (u32::MAX, Vec::new()),
            dot_sent: false,
            resolved: HashMap::new(),
            eof_sent: false,
        }
    }

    /// Whether every list has been sent.
    pub fn finished(&self) -> bool {
        self.eof_sent
    }

    /// Lists one argument; without incremental recursion with all that is below it.
    pub fn add(&mut self, lister: &mut Lister, arg: Arg, out: &mut dyn Out) -> Result<(), Error> {
        let added = match lister.hides(&arg.dir) {
            true => Err(no_entry()),
            false => lister.sources.add(&arg.dir),
        };
        let source = match added {
            Ok(source) => source,
            Err(e) => {
                lister.sources.cannot_enter(&lister.log, &arg.dir, &e);
                lister.session.status.add_io_error(io_error::GENERAL);
                return Ok(());
            }
        };
        lister.sources.enter(source, &lister.log);
        let session = lister.session.clone();
        let settings = &session.settings;
        let (inc, relative) = (session.inc_recurse, settings.relative);
        let nested = relative && parents(&arg.name).next().is_some();
        if arg.dot_entry && !self.dot_sent {
            self.dot_sent = true;
            if !settings.recurse && !settings.dirs {
                lister.log.info("skipping directory .");
            } else if let Ok(dot) = self.look(lister, source, b".", ArgKind::DotDir)
                && !lister.hides_dot()
            {
                self.emit_parent(lister, dot, out)?;
            }
        }
        let resolved = match nested {
            true if lister.hides_parents(&arg) => Err(no_entry()),
            true => self.resolve(lister, source, &arg.name),
            false => Ok(source),
        };
        let below = match resolved {
            Ok(below) => below,
            Err(e) => return self.missing(lister, source, arg, Unseen::Io(e), out),
        };
        if arg.kind == ArgKind::Normal && lister.hides_link(below, &arg.name) {
            return Ok(());
        }
        let found = match self.look(lister, below, &arg.name, arg.kind) {
            Ok(found) => found,
            Err(why) => return self.missing(lister, below, arg, why, out),
        };
        if arg.kind != ArgKind::DotDir && lister.hidden(&found.name, found.is_dir()) {
            return Ok(());
        }
        if found.is_dir() && !settings.recurse && !settings.dirs {
            let text = [b"skipping directory ", &found.name[..]].concat();
            lister.log.info(text);
            return Ok(());
        }
        if nested && inc {
            let first = parents(&arg.name).next().unwrap_or_default().to_vec();
            let fresh = self.emit_parents(lister, source, &arg.name, Some(1), out)?;
            self.postpone(first, Deeper { source, name: arg.name, kind: arg.kind }, fresh);
            return Ok(());
        }
        if nested {
            self.emit_parents(lister, source, &arg.name, None, out)?;
        }
        if let Some(dir) = self.emit_arg(lister, found, arg.kind, FROM_ARGUMENT, out)? {
            // The contents of `.` belong to its own list; others get lists of their own.
            if !inc {
                self.walk(lister, dir, out)?;
            } else if filter_name(&dir.name).is_empty() {
                // As rsync: of several roots the first one's merge files count, for all of them.
                if lister.entered.is_empty() {
                    lister.enter_filters(dir.source, &dir.name)?;
                }
                lister.scan(&dir, out)?;
            }
        }
        Ok(())
    }

    /// Looks at an argument.
    fn look(
        &mut self,
        lister: &mut Lister,
        source: u32,
        name: &[u8],
        kind: ArgKind,
    ) -> Result<Found, Unseen> {
        let found = lister.examine(source, name.to_vec(), kind != ArgKind::Normal)?;
        if lister.hidden_by_daemon(source, name, found.is_dir()) {
            return Err(Unseen::Io(no_entry()));
        }
        Ok(found)
    }

    /// Sends an argument's own entry; the directory to scan, if it is one.
    fn emit_arg(
        &mut self,
        lister: &mut Lister,
        found: Found,
        kind: ArgKind,
        from: u8,
        out: &mut dyn Out,
    ) -> Result<Option<Dir>, Error> {
        let content = lister.session.settings.recurse || kind != ArgKind::Normal;
        lister.say_made(if found.name.is_empty() { b"." } else { &found.name }, from);
        let listed = lister.emit(&found, content, !content, out)?;
        if !listed || !content || !found.is_dir() {
            return Ok(None);
        }
        let device = Some(found.st.dev);
        Ok(Some(Dir { name: found.name, source: found.source, device }))
    }

    /// Everything below a directory.
    fn walk(&mut self, lister: &mut Lister, top: Dir, out: &mut dyn Out) -> Result<(), Error> {
        let mut levels = vec![vec![top]];
        while let Some(level) = levels.last_mut() {
            let Some(dir) = level.pop() else {
                levels.pop();
                if !levels.is_empty() {
                    lister.leave_filters(lister.entered.len().saturating_sub(1), true);
                }
                continue;
            };
            lister.push_filters(dir.source, &dir.name)?;
            let mut below = lister.scan(&dir, out)?;
            below.reverse();
            levels.push(below);
        }
        Ok(())
    }

    /// The source that a name's last component hangs below: parents may be links, which
    /// `--relative` follows.
    fn resolve(&mut self, lister: &mut Lister, source: u32, name: &[u8]) -> io::Result<u32> {
        let Some(deepest) = parents(name).last() else { return Ok(source) };
        if let Some(&known) = self.resolved.get(&(source, deepest.to_vec())) {
            return Ok(known);
        }
        let mut here = source;
        for parent in parents(name) {
            let key = (source, parent.to_vec());
            if let Some(&known) = self.resolved.get(&key) {
                here = known;
                continue;
            }
            let rel = lister.sources.rel(here, parent).ok_or(io::ErrorKind::InvalidInput)?;
            let unconfined = lister.sources.unconfined();
            let root = lister.sources.root(here)?;
            if root.lstat(&rel)?.kind == fsroot::Kind::Symlink {
                if root.stat_follow(&rel, unconfined)?.kind != fsroot::Kind::Directory {
                    let not_a_dir = fsroot::Errno::NOTDIR.raw_os_error();
                    return Err(io::Error::from_raw_os_error(not_a_dir));
                }
                here = lister.sources.add_link(here, parent, false)?;
            }
            self.resolved.insert(key, here);
        }
        Ok(here)
    }

    /// Keeps what is asked for below `dir` for its list. `fresh`: an entry of `dir` was sent for it.
    fn postpone(&mut self, dir: Vec<u8>, deeper: Deeper, fresh: bool) {
        let lists = self.deeper.entry(dir).or_default();
        match lists.last_mut().filter(|_| !fresh) {
            Some(list) => list.push(deeper),
            None => lists.push(vec![deeper]),
        }
    }

    /// Sends the parents of a name that the previous argument did not bring, at most `limit` of
    /// them counted from the top; whether there were any. Their merge files stay in force until other parents come.
    fn emit_parents(
        &mut self,
        lister: &mut Lister,
        source: u32,
        name: &[u8],
        limit: Option<usize>,
        out: &mut dyn Out,
    ) -> Result<bool, Error> {
        let settings = &lister.session.settings;
        let wanted = lister.session.protocol.has_varints() || settings.implied_dirs;
        let deepest = parents(name).last().unwrap_or_default();
        if self.last_parents.0 == source && is_above(deepest, &self.last_parents.1) {
            return Ok(false);
        }
        let (last_source, last) = std::mem::take(&mut self.last_parents);
        let mut fresh = false;
        for parent in parents(name).take(limit.unwrap_or(usize::MAX)) {
            // As rsync: what was the deepest itself is sent again with what is below it.
            let again = parent == last && !lister.session.inc_recurse;
            let sent = last_source == source && !again && is_above(parent, &last);
            if wanted && !sent {
                fresh = true;
                self.emit_implied(lister, source, parent, out)?;
                if !lister.session.inc_recurse {
                    lister.enter_filters(source, parent)?;
                }
            }
        }
        self.last_parents = (source, deepest.to_vec());
        Ok(fresh)
    }

    /// Sends a directory for the sake of what is below it; whether it is there.
    fn emit_implied(
        &mut self,
        lister: &mut Lister,
        source: u32,
        parent: &[u8],
        out: &mut dyn Out,
    ) -> Result<bool, Error> {
        let found = self
            .resolve(lister, source, parent)
            .map_err(Unseen::Io)
            .and_then(|here| lister.examine(here, parent.to_vec(), true));
        match found {
            Ok(found) => self.emit_parent(lister, found, out).map(|()| true),
            Err(Unseen::Io(e)) if e.kind() == io::ErrorKind::NotFound => {
                lister.file_vanished(source, parent);
                Ok(false)
            }
            Err(why) => {
                let e = match why {
                    Unseen::Io(e) => e,
                    Unseen::NoReferent => no_entry(),
                    Unseen::Fatal(e) => return Err(e),
                };
                lister.sources.complain(&lister.log, "link_stat ", source, parent, " failed", &e);
                lister.session.status.add_io_error(io_error::GENERAL);
                Ok(false)
            }
        }
    }

    fn emit_parent(
        &mut self,
        lister: &mut Lister,
        found: Found,
        out: &mut dyn Out,
    ) -> Result<(), Error> {
        // Before protocol 30 the flag would mean that the contents are listed.
        let flagged = lister.session.protocol.has_varints();
        lister.say_made(&found.name, FROM_TREE);
        lister.emit(&found, flagged, true, out)?;
        Ok(())
    }

    /// Reports an argument that cannot be looked at, or turns it into a request to delete it.
    fn missing(
        &mut self,
        lister: &mut Lister,
        source: u32,
        arg: Arg,
        why: Unseen,
        out: &mut dyn Out,
    ) -> Result<(), Error> {
        let session = lister.session.clone();
        let settings = &session.settings;
        let e = match why {
            Unseen::Io(e) => e,
            Unseen::NoReferent if !settings.copy_links => {
                if !lister.hidden(&arg.name, false) {
                    lister.no_referent(source, &arg.name);
                }
                return Ok(());
            }
            Unseen::NoReferent => no_entry(),
            Unseen::Fatal(e) => return Err(e),
        };
        if e.kind() != io::ErrorKind::NotFound {
            lister.sources.complain(&lister.log, "link_stat ", source, &arg.name, " failed", &e);
            lister.session.status.add_io_error(io_error::GENERAL);
            return Ok(());
        }
        if settings.delete_missing_args {
            let first = parents(&arg.name).next().map(<[u8]>::to_vec);
            if lister.session.inc_recurse
                && settings.relative
                && let Some(first) = first
            {
                // Its entry travels with its parent's list, if there is such a parent.
                let parent = lister.examine(source, first.clone(), true);
                let fresh = self.emit_parents(lister, source, &arg.name, Some(1), out)?;
                if parent.is_err() {
                    // It is looked for anew for each name below it.
                    self.last_parents = Default::default();
                } else {
                    self.postpone(first, Deeper { source, name: arg.name, kind: arg.kind }, fresh);
                }
                return Ok(());
            }
            if settings.relative {
                self.emit_parents(lister, source, &arg.name, None, out)?;
            }
            lister.say_made(&arg.name, FROM_ARGUMENT);
            lister.emit_missing(arg.name, source, out);
        } else if !settings.ignore_missing_args {
            lister.sources.complain(&lister.log, "link_stat ", source, &arg.name, " failed", &e);
        }
        Ok(())
    }

    /// Closes the list being built: sorts it, numbers its directories and notes which of them get
    /// lists.
    pub fn close(
        &mut self,
        lister: &mut Lister,
        parent: Option<DirRef>,
        out: &mut dyn Out,
    ) -> Result<(Live, Option<Message>), Error> {
        let end = lister.end(out)?;
        let varints = lister.session.protocol.has_varints();
        lister.id_lists(out);
        if !varints {
            out.buf().extend_from_slice(&end.io_error.to_le_bytes());
            lister.session.stats.flist_size.add(4);
        }
        let safe_marker = lister.session.protocol.has_error_exit();
        let tell = varints && end.io_error != 0 && (!end.told || !safe_marker);
        let message = tell.then_some(Message::IoError(end.io_error));
        let fresh = crate::flist::SegmentBuilder::new(lister.session.protocol, 0);
        let segment = std::mem::replace(&mut lister.builder, fresh).finish(false);
        let parent = parent.or_else(|| {
            segment.get(0).filter(|e| e.is_root()).and_then(|_| DirRef::new(&segment, 0))
        });
        if !lister.session.inc_recurse {
            return Ok((Live { segment, parent }, message));
        }
        let mark = self.waiting.len();
        let mut previous: Option<Vec<u8>> = None;
        // Directories are numbered in the order of indexes.
        let mut numbers = vec![0; segment.len()];
        for pos in (0..segment.len()).filter_map(|n| segment.numbered(n)) {
            if segment.get(pos).is_some_and(Entry::is_dir) {
                numbers[pos] = self.next_dir;
                self.next_dir += 1;
            }
        }
        for e in segment.iter().filter(|e| e.is_dir()) {
            let number = numbers[e.position()];
            if filter_name(&e.name()).is_empty() {
                continue;
            }
            let mut name = Vec::new();
            e.push_wire_name(&mut name);
            if previous.as_ref() == Some(&name)
                && let Some(group) = self.waiting[mark..].last_mut()
            {
                group.same_name += 1;
                continue;
            }
            previous = Some(name);
            if let Some(first) = DirRef::new(&segment, e.position()) {
                self.waiting.push(Waiting { number, first, same_name: 1 });
            }
        }
        self.waiting[mark..].reverse();
        Ok((Live { segment, parent }, message))
    }

    /// Sends the next directory's list, or the mark that there are no more.
    pub fn next_list(
        &mut self,
        lister: &mut Lister,
        base: i32,
        ndx: &mut NdxEncoder,
        out: &mut dyn Out,
    ) -> Result<Option<(Live, Option<Message>)>, Error> {
        let Some(group) = self.waiting.pop() else {
            if !self.eof_sent {
                self.eof_sent = true;
                if self.next_dir > 0 {
                    lister.leave_filters(0, false);
                }
                ndx.encode(ndx::FLIST_EOF, out.buf());
            }
            return Ok(None);
        };
        ndx.encode(ndx::FLIST_OFFSET.saturating_sub_unsigned(group.number), out.buf());
        lister.begin(base);
        let mut name = Vec::new();
        group.first.entry().push_wire_name(&mut name);
        // As rsync: of those that are the same directory in the same source, every other one is scanned, up to the first that is
        // in another source. Those without content of their own were sent for the sake of what is asked for below them.
        let mut deeper = self.deeper.remove(&name).unwrap_or_default().into_iter();
        let mut last_implied = None;
        let (mut same, mut scanned) = (true, false);
        for i in 0..group.same_name as usize {
            let Some(dir) = group.first.sibling(i) else { break };
            let e = dir.entry();
            same &= e.source() == group.first.entry().source();
            scanned = e.has_content() && !(same && scanned);
            lister.sources.enter(e.source(), &lister.log);
            lister.enter_filters(e.source(), &name)?;
            if !e.has_content()
                && let Some(asked_for) = deeper.next()
            {
                self.list_deeper(lister, &name, asked_for, &mut last_implied, out)?;
            }
            if scanned {
                let name = name.clone();
                lister.scan(&Dir { name, source: e.source(), device: None }, out)?;
            }
        }
        for asked_for in deeper {
            self.list_deeper(lister, &name, asked_for, &mut last_implied, out)?;
        }
        self.close(lister, Some(group.first), out).map(Some)
    }

    /// What the arguments ask for below a directory, as part of its list.
    fn list_deeper(
        &mut self,
        lister: &mut Lister,
        dir: &[u8],
        asked_for: Vec<Deeper>,
        last_implied: &mut Option<(u32, Vec<u8>)>,
        out: &mut dyn Out,
    ) -> Result<(), Error> {
        for deeper in asked_for {
            let next = parents(&deeper.name).find(|p| p.len() > dir.len());
            if let Some(next) = next.map(<[u8]>::to_vec) {
                let key = (deeper.source, next.clone());
                let fresh = last_implied.as_ref() != Some(&key);
                if fresh {
                    let sent = self.emit_implied(lister, deeper.source, &next, out)?;
                    *last_implied = sent.then_some(key);
                }
                self.postpone(next, deeper, fresh);
                continue;
            }
            let found = self
                .resolve(lister, deeper.source, &deeper.name)
                .map_err(Unseen::Io)
                .and_then(|below| self.look(lister, below, &deeper.name, deeper.kind));
            match found {
                // Merge files on the way to it were not in force when the arguments were looked at.
                Ok(found) if lister.hidden(&found.name, found.is_dir()) => {}
                Ok(found) => {
                    self.emit_arg(lister, found, deeper.kind, FROM_TREE, out)?;
                }
                Err(Unseen::Io(e))
                    if e.kind() == io::ErrorKind::NotFound
                        && !lister.session.settings.delete_missing_args =>
                {
                    lister.file_vanished(deeper.source, &deeper.name);
                }
                Err(why) => {
                    let arg = Arg {
                        dir: Vec::new(),
                        name: deeper.name,
                        kind: deeper.kind,
                        dot_entry: false,
                    };
                    let settings = &lister.session.settings;
                    match why {
                        Unseen::Io(e)
                            if settings.delete_missing_args
                                && e.kind() == io::ErrorKind::NotFound =>
                        {
                            lister.say_made(&arg.name, FROM_TREE);
                            lister.emit_missing(arg.name, deeper.source, out);
                        }
                        why => self.missing(lister, deeper.source, arg, why, out)?,
                    }
                }
            }
        }
        Ok(())
    }
}

/// Splits a files-from name below the source directory `top`.
pub(super) fn split_files_from(top: &[u8], name: &[u8], relative: bool) -> Result<Arg, Error> {
    let name = args::sanitize(name, relative);
    let mut arg = args::split(&name, relative)?;
    // A name cannot leave the source directory, so neither can the part that selects one.
    let below = arg.dir.strip_prefix(b"/").unwrap_or(&arg.dir);
    arg.dir = match (top, below) {
        (top, b"") => top.to_vec(),
        (b"", below) => below.to_vec(),
        (top, below) => join(top, below),
    };
    Ok(arg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_from_the_top() {
        let p = |n: &str| {
            parents(n.as_bytes())
                .map(|p| String::from_utf8_lossy(p).into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(p("a/b/c"), ["a", "a/b"]);
        assert_eq!(p("/x/y"), ["/x"]);
        assert!(p("a").is_empty() && p("/.").is_empty());
        assert!(is_above(b"a/b", b"a/b/c") && is_above(b"a", b"a") && !is_above(b"a", b"ab"));
    }

    #[test]
    fn files_from_names_hang_below_the_argument() {
        let arg = |name: &str, relative| {
            let a = split_files_from(b"top", name.as_bytes(), relative).expect("legal");
            let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
            (text(&a.dir), text(&a.name), a.kind)
        };
        assert_eq!(arg("../f", true), ("top".into(), "f".into(), ArgKind::Normal));
        assert_eq!(arg("/d1/./sub/b", true), ("top/d1".into(), "sub/b".into(), ArgKind::Normal));
        assert_eq!(arg("d1/a", false), ("top/d1".into(), "a".into(), ArgKind::Normal));
        assert_eq!(arg("dir/", true), ("top".into(), "dir".into(), ArgKind::SlashEnding));
        assert_eq!(arg("/", true), ("top".into(), ".".into(), ArgKind::DotDir));
    }
}
