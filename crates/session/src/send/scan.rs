//! Looking at files and directories.

use super::{
    args::Arg,
    list::{Lister, Out},
    names::{Ahead, MANY, Names},
    source::quoted,
};
use crate::{
    Error, ExitCode,
    log::{Class, named},
    session::io_error,
    settings::MUNGE_PREFIX,
};
use fsroot::{Kind, Root, Stat};
use std::{
    io, thread,
    time::{SystemTime, UNIX_EPOCH},
};
use wire::{RelPath, limits::MAX_PATH};

/// A file that was looked at and will be listed.
pub(super) struct Found {
    /// Wire name.
    pub name: Vec<u8>,
    pub source: u32,
    pub rel: RelPath,
    pub st: Stat,
    /// Symlink target, if it is wanted.
    pub target: Vec<u8>,
    /// It was found where a source's own names are, as `./NAME`.
    pub in_dot: bool,
}

impl Found {
    pub fn is_dir(&self) -> bool {
        self.st.kind == Kind::Directory
    }
}

/// Why a file cannot be listed.
pub(super) enum Unseen {
    /// A link-following option met a link that leads nowhere.
    NoReferent,
    Io(io::Error),
    /// The run cannot go on.
    Fatal(Error),
}

/// Looks at the file behind a link. For a daemon's client a file outside the module does not exist.
fn behind(root: &mut Root, rel: &RelPath, unconfined: bool) -> Result<Stat, Unseen> {
    use fsroot::{Errno, is_errno};
    root.stat_follow(rel, unconfined).map_err(|e| {
        let outside = is_errno(&e, Errno::LOOP) || is_errno(&e, Errno::XDEV);
        let endless = |e: &io::Error| is_errno(e, Errno::LOOP);
        let hides =
            !unconfined && outside && !root.stat_follow(rel, true).is_err_and(|e| endless(&e));
        match e.kind() == io::ErrorKind::NotFound || hides {
            true => Unseen::NoReferent,
            false => Unseen::Io(e),
        }
    })
}

impl From<io::Error> for Unseen {
    fn from(e: io::Error) -> Self {
        match fsroot::fake::corrupt(&e) {
            Some(line) => Unseen::Fatal(Error::fatal(ExitCode::FILE_IO, line)),
            None => Unseen::Io(e),
        }
    }
}

fn invalid() -> Unseen {
    Unseen::Io(io::ErrorKind::InvalidInput.into())
}

/// A directory whose contents are to be listed.
#[derive(Clone)]
pub(super) struct Dir {
    /// Wire name.
    pub name: Vec<u8>,
    pub source: u32,
    /// The file system that `-x` keeps to; `None` to ask the directory itself.
    pub device: Option<u64>,
}

/// The full wire name of something in a directory.
pub(super) fn join(dir: &[u8], leaf: &[u8]) -> Vec<u8> {
    let dir: &[u8] = match dir {
        b"." => b"",
        b"/." => b"/",
        dir => dir,
    };
    let slash: &[u8] = if dir.is_empty() || dir.ends_with(b"/") { b"" } else { b"/" };
    [dir, slash, leaf].concat()
}

/// The name that filter rules and pushed directories are matched with.
pub(super) fn filter_name(name: &[u8]) -> &[u8] {
    match name.strip_prefix(b"/").unwrap_or(name) {
        b"." => b"",
        name => name,
    }
}

/// Whether following the link `name` -> `target` would leave the transfer.
pub(super) fn unsafe_target(target: &[u8], name: &[u8]) -> bool {
    if target.is_empty() || target.starts_with(b"/") {
        return true;
    }
    let mut rest = target;
    while let Some(more) = rest.strip_prefix(b"../") {
        rest = more.iter().position(|&b| b != b'/').map_or(b"", |i| &more[i..]);
    }
    if rest.windows(4).any(|w| w == b"/../") || target.ends_with(b"/..") {
        return true;
    }
    let mut depth: i64 = 0;
    for part in name.split(|&b| b == b'/').rev().skip(1) {
        match part {
            b"" | b"." => {}
            b".." => depth = 0,
            _ => depth += 1,
        }
    }
    for part in target.split(|&b| b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => depth -= 1,
            _ => depth += 1,
        }
        if depth < 0 {
            return true;
        }
    }
    false
}

impl Lister {
    /// Looks at one name as the link options say. `source` may be replaced: a followed directory
    /// link is a source of its own.
    pub fn examine(&mut self, source: u32, name: Vec<u8>, follow: bool) -> Result<Found, Unseen> {
        self.examine_seen(source, name, follow, None)
    }

    /// The same of what may have been looked at already.
    fn examine_seen(
        &mut self,
        source: u32,
        name: Vec<u8>,
        follow: bool,
        seen: Option<io::Result<Stat>>,
    ) -> Result<Found, Unseen> {
        self.filter_from(source);
        let s = &self.session.settings;
        let (copy_links, copy_unsafe) = (s.copy_links, s.copy_unsafe_links);
        let (dirlinks, links, munge) = (s.copy_dirlinks, s.links, s.munge_links);
        let copy_devices = s.copy_devices;
        let unconfined = self.sources.unconfined();
        let rel = self.sources.rel(source, &name).ok_or_else(invalid)?;
        let root = self.sources.root(source)?;
        let st = seen.unwrap_or_else(|| root.lstat(&rel))?;
        let unread = root.take_unread();
        let mut found = Found { name, source, rel, st, target: Vec::new(), in_dot: false };
        if let Some(e) = unread {
            let what = "failed to read xattr user.rsync.%stat for ";
            self.sources.complain(&self.log, what, source, &found.name, "", &e);
        }
        let root = self.sources.root(source)?;
        if st.kind != Kind::Symlink {
            if copy_devices && found.st.kind.is_device() {
                self.device_as_file(&mut found)?;
            }
            return Ok(found);
        }
        if copy_links {
            found.st = behind(root, &found.rel, unconfined)?;
            return self.entered(found, unconfined);
        }
        if (dirlinks || follow)
            && let Ok(st) = root.stat_follow(&found.rel, unconfined)
            && st.kind == Kind::Directory
        {
            found.st = st;
            return self.entered(found, unconfined);
        }
        if links || copy_unsafe {
            found.target = root.read_link(&found.rel)?;
        }
        if copy_unsafe && unsafe_target(&found.target, filter_name(&found.name)) {
            if self.session.settings.info.symsafe > 0 {
                let text = [
                    b"copying unsafe symlink ",
                    &quoted(&found.name)[..],
                    b" -> ",
                    &quoted(&found.target),
                ]
                .concat();
                self.log.info(text);
            }
            found.st = behind(self.sources.root(source)?, &found.rel, unconfined)?;
            found.target.clear();
            return self.entered(found, false);
        }
        // A link that was made useless leads nowhere, as it stands.
        if munge
            && let Some(plain) = found.target.strip_prefix(MUNGE_PREFIX)
            && !plain.is_empty()
        {
            found.target = plain.to_vec();
        }
        Ok(found)
    }

    /// `--copy-devices`: a device is listed as a file of its content's length. That it cannot be opened is said when it is asked
    /// for.
    fn device_as_file(&mut self, found: &mut Found) -> io::Result<()> {
        let file = self.sources.root(found.source)?.open_read(&found.rel);
        found.st.kind = Kind::Regular;
        found.st.len = file.map_or(0, |file| fsroot::meta::device_len(&file));
        found.st.rdev = (0, 0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        found.st.mtime = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        found.st.mtime_nsec = 0;
        Ok(())
    }

    /// What a followed link led to; a directory becomes a source of its own.
    /// For `late`, see [`super::source::Sources::add_link`].
    fn entered(&mut self, mut found: Found, late: bool) -> Result<Found, Unseen> {
        if found.is_dir() {
            found.source = self.sources.add_link(found.source, &found.name, late)?;
            found.rel = RelPath::root();
        }
        Ok(found)
    }

    /// Rules that name files or absolute paths mean them as seen from this source.
    fn filter_from(&mut self, source: u32) {
        let needed = !self.filters.is_empty() || self.filters.is_traced();
        if self.filter_source != Some(source) && needed {
            self.filter_source = Some(source);
            self.filters.set_cwd(&self.sources.rule_dir(source));
        }
    }

    /// That an entry is made: 0 for an argument, 2 for what was found below one.
    pub fn say_made(&self, name: &[u8], how: u8) {
        let says = self.session.settings.debug.flist > 1;
        self.log.debug(says, || named("[sender] make_file(", name, &format!(",*,{how})")));
    }

    /// Whether the user's rules hide a name.
    pub fn hidden(&self, name: &[u8], is_dir: bool) -> bool {
        !filter_name(name).is_empty()
            && !self.filters.is_empty()
            && crate::rules::excludes(
                &self.filters,
                self.session.settings.debug.filter,
                &self.log,
                name,
                is_dir,
                false,
            )
    }

    /// Whether they hide an argument that `--copy-unsafe-links` may follow: the link is looked at before what it leads to.
    pub fn hides_link(&mut self, source: u32, name: &[u8]) -> bool {
        let settings = &self.session.settings;
        let followed = settings.copy_links || settings.copy_dirlinks;
        if followed || !settings.copy_unsafe_links || self.filters.is_empty() {
            return false;
        }
        let rel = self.sources.rel(source, name);
        let st = rel.and_then(|rel| self.sources.root(source).ok()?.lstat(&rel).ok());
        st.is_some_and(|st| st.kind == Kind::Symlink) && self.hidden(name, false)
    }

    /// Whether they hide the top directory, where `--relative` only implies it.
    pub fn hides_dot(&self) -> bool {
        let level = self.session.settings.debug.filter;
        !self.filters.is_empty() && crate::rules::excludes_dot(&self.filters, level, &self.log)
    }

    /// Whether a daemon's rules hide a directory that an argument's name goes through.
    pub fn hides_parents(&self, arg: &Arg) -> bool {
        let end = arg.name.iter().rposition(|b| *b == b'/').unwrap_or(0);
        self.hides(&[&arg.dir[..], b"/", &arg.name[..end]].concat())
    }

    /// Whether a daemon's rules hide the path of a directory, or one above it.
    pub fn hides(&self, dir: &[u8]) -> bool {
        let Some(rules) = self.daemon_filters.as_ref().filter(|rules| !rules.is_empty()) else {
            return false;
        };
        let path = self.sources.absolute(dir);
        let ends = path.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(at, _)| at);
        ends.chain([path.len()])
            .filter(|at| *at > 0)
            .any(|at| rules.check_daemon(&path[..at], true) == filters::Verdict::Exclude)
    }

    /// Whether a daemon's rules hide a name.
    pub fn hidden_by_daemon(&self, source: u32, name: &[u8], is_dir: bool) -> bool {
        match &self.daemon_filters {
            Some(rules) if !rules.is_empty() => {
                let path = self.sources.shown(source, name);
                !path.is_empty() && rules.check(&path, is_dir, false) == filters::Verdict::Exclude
            }
            _ => false,
        }
    }

    fn is_hidden(&self, source: u32, name: &[u8], is_dir: bool) -> bool {
        self.hidden_by_daemon(source, name, is_dir) || self.hidden(name, is_dir)
    }

    /// Says that a symlink that is to be followed leads nowhere.
    pub(super) fn no_referent(&mut self, source: u32, name: &[u8]) {
        let path = self.sources.quoted(source, name);
        self.log.error_xfer([b"symlink has no referent: ", &path[..]].concat());
        self.session.status.add_io_error(io_error::GENERAL);
    }

    /// Reports why something found by scanning is not listed.
    fn report_unseen(&mut self, source: u32, name: &[u8], why: Unseen) {
        if self.is_hidden(source, name, false) || self.is_hidden(source, name, true) {
            return;
        }
        match why {
            Unseen::Fatal(_) => {}
            Unseen::NoReferent => self.no_referent(source, name),
            Unseen::Io(e) if e.kind() == io::ErrorKind::NotFound => {
                self.file_vanished(source, name);
            }
            Unseen::Io(e) => {
                self.sources.complain(&self.log, "readlink_stat(", source, name, ") failed", &e);
                self.session.status.add_io_error(io_error::GENERAL);
            }
        }
    }

    /// A warning about an item that was there a moment ago, or whose name tells that it should be.
    pub fn file_vanished(&mut self, source: u32, name: &[u8]) {
        let path = self.sources.quoted(source, name);
        self.vanished([b"file has vanished: ", &path[..]].concat());
    }

    /// A warning about something that vanished (an error before protocol 28 on a daemon).
    fn vanished(&self, text: Vec<u8>) {
        let old = self.session.settings.am_daemon && !self.session.protocol.has_extended_flags();
        self.log.line(if old { Class::Error } else { Class::Warning }, text);
        self.session.status.add_io_error(io_error::VANISHED);
    }

    /// Makes the merge files of a directory active instead of those of directories that are not above it.
    pub fn enter_filters(&mut self, source: u32, name: &[u8]) -> Result<(), Error> {
        let depth = filters::depth(filter_name(name));
        let above = self.entered.iter().take_while(|above| **above < depth).count();
        self.leave_filters(above, false);
        self.push_filters(source, name)
    }

    /// Makes the merge files of a directory active besides those that are.
    pub fn push_filters(&mut self, source: u32, name: &[u8]) -> Result<(), Error> {
        if !self.filters.has_dir_merge() && !self.filters.is_traced() {
            return Ok(());
        }
        self.filter_from(source);
        let (name, side) = (filter_name(name), filters::Side::Sender);
        let pushed = self.filters.push_dir(name, side, &self.rule_context, &mut self.loader);
        self.say_notices();
        pushed.map_err(|e| Error::fatal(ExitCode(e.code), e.text))?;
        self.entered.push(filters::depth(name));
        Ok(())
    }

    /// Keeps the merge files of the outermost directories alone; for `scanned`, see [`filters::FilterList::pop_dir`].
    pub fn leave_filters(&mut self, kept: usize, scanned: bool) {
        while self.entered.len() > kept {
            self.filters.pop_dir(scanned);
            self.say_notices();
            self.entered.pop();
        }
    }

    fn say_notices(&mut self) {
        crate::rules::say_notices(self.filters.take_notices(), &self.log, &self.session.status);
    }

    /// Lists the contents of a directory; the directories among them that are to be scanned next.
    pub fn scan(&mut self, dir: &Dir, out: &mut dyn Out) -> Result<Vec<Dir>, Error> {
        let Some(rel) = self.sources.rel(dir.source, &dir.name) else { return Ok(Vec::new()) };
        let (by_handle, looks_ahead) = (self.lists_by_handle(), self.looks_ahead());
        let read = self.sources.root(dir.source).and_then(|root| {
            let device = match dir.device {
                None if self.session.settings.one_file_system > 0 => Some(root.lstat(&rel)?.dev),
                known => known,
            };
            let names = Names::read(root, &rel)?;
            if by_handle && !root.is_searchable(&rel) {
                return Err(fsroot::Errno::ACCESS.into());
            }
            Ok((names, device))
        });
        let (names, device) = match read {
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let path = self.sources.quoted(dir.source, &dir.name);
                self.vanished([b"directory has vanished: ", &path[..]].concat());
                return Ok(Vec::new());
            }
            Err(e) => {
                self.cannot_scan(dir, &e);
                return Ok(Vec::new());
            }
        };
        match self.sources.root(dir.source).ok().filter(|_| looks_ahead && names.len() >= MANY) {
            Some(root) => {
                let root = root.clone();
                thread::scope(|scope| {
                    let ahead = Ahead::begin(scope, root, &rel, &names);
                    self.list_names(dir, device, &names, ahead, out)
                })
            }
            None => self.list_names(dir, device, &names, None, out),
        }
    }

    /// Whether files may be looked at before it is their turn: not those that rules may hide, for which nobody may have to wait.
    fn looks_ahead(&self) -> bool {
        let rules = |rules: &filters::FilterList| !rules.is_empty();
        let hides = rules(&self.filters) || self.daemon_filters.as_ref().is_some_and(rules);
        !hides && !self.session.settings.fake_super
    }

    /// Lists the names in a directory, as [`Self::scan`]. Sorted names compress better and make the list the same in every run.
    fn list_names(
        &mut self,
        dir: &Dir,
        device: Option<u64>,
        names: &Names,
        mut ahead: Option<Ahead>,
        out: &mut dyn Out,
    ) -> Result<Vec<Dir>, Error> {
        let mut below = Vec::new();
        for (leaf, kind) in names.iter() {
            let seen = ahead.as_mut().and_then(Ahead::next);
            let name = join(&dir.name, leaf);
            if name.len() >= MAX_PATH {
                self.too_long(&dir.name, leaf, name.len());
                continue;
            }
            let is_dir = match kind {
                Some(Kind::Symlink) | None => None,
                Some(kind) => Some(kind == Kind::Directory),
            };
            if is_dir.is_some_and(|is_dir| self.is_hidden(dir.source, &name, is_dir)) {
                continue;
            }
            let found = match self.examine_seen(dir.source, name, false, seen) {
                Ok(found) => Found { in_dot: dir.name == b".", ..found },
                Err(Unseen::Fatal(e)) => return Err(e),
                Err(why) => {
                    let name = join(&dir.name, leaf);
                    self.report_unseen(dir.source, &name, why);
                    continue;
                }
            };
            // Without recursion no file system is entered, and none is left out.
            let recurse = self.session.settings.recurse;
            let crosses = self.session.settings.one_file_system > 0
                && recurse
                && found.is_dir()
                && device.is_some_and(|d| d != found.st.dev);
            if crosses && self.session.settings.one_file_system > 1 {
                if self.session.settings.info.mount > 0 {
                    let mut text = b"[sender] skipping mount-point dir ".to_vec();
                    text.extend_from_slice(&found.name);
                    self.log.info(text);
                }
                continue;
            }
            if is_dir != Some(found.is_dir())
                && self.is_hidden(dir.source, &found.name, found.is_dir())
            {
                continue;
            }
            if self.session.settings.ignore_nonreadable
                && found.st.kind != Kind::Symlink
                && !self.sources.root(found.source).is_ok_and(|root| root.is_readable(&found.rel))
            {
                continue;
            }
            let enter = recurse && !crosses;
            self.say_made(&found.name, 2);
            let listed = self.emit(&found, false, !enter, out)?;
            if listed && enter && found.is_dir() {
                below.push(Dir { name: found.name, source: found.source, device });
            }
        }
        Ok(below)
    }

    fn cannot_scan(&self, dir: &Dir, e: &io::Error) {
        let path = self.sources.quoted_scanned(dir.source, &dir.name);
        self.log.sys_error(Class::ErrorXfer, named("opendir ", &path, " failed"), e);
        self.session.status.add_io_error(io_error::GENERAL);
    }

    /// Whether a directory that cannot be searched is not read either, be there something in it or not. A side that follows links, or
    /// is given names, and is not kept in a module finds fault with each name instead.
    fn lists_by_handle(&self) -> bool {
        let s = &self.session.settings;
        let follows = s.copy_links || s.copy_dirlinks || s.copy_unsafe_links;
        let in_module = s.served.as_ref().is_some_and(|served| !served.chrooted);
        !fsroot::names::am_root() && (in_module || !(follows || s.files_from.is_some()))
    }

    fn too_long(&mut self, dir: &[u8], leaf: &[u8], len: usize) {
        let over = len + 1 - MAX_PATH;
        let mut text = format!("filename overflows max-path len by {over}: ").into_bytes();
        text.extend_from_slice(&join(dir, leaf));
        self.log.error_xfer(text);
        self.session.status.add_io_error(io_error::GENERAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_joined_as_they_travel() {
        let j =
            |d: &str, l: &str| String::from_utf8(join(d.as_bytes(), l.as_bytes())).expect("ASCII");
        assert_eq!(
            [j(".", "a"), j("/.", "a"), j("/x", "a"), j("x/y", "a")],
            ["a", "/a", "/x/a", "x/y/a"]
        );
    }

    #[test]
    fn targets_that_leave_the_transfer() {
        let bad = [
            ("", "a"),
            ("/etc", "a"),
            ("..", "a"),
            ("../f", "a"),
            ("../../f", "d/a"),
            ("in/../../out/f", "a"),
            ("in/..", "a"),
            ("../x/../f", "d/e/a"),
        ];
        for (target, name) in bad {
            assert!(unsafe_target(target.as_bytes(), name.as_bytes()), "{target} at {name}");
        }
        let good = [("f", "a"), ("../f", "d/a"), ("..", "d/e/a"), ("a..b", "x"), ("./b/c", "x")];
        for (target, name) in good {
            let ends = target.ends_with("/..");
            assert!(
                !ends && !unsafe_target(target.as_bytes(), name.as_bytes()),
                "{target} at {name}"
            );
        }
    }
}
