//! Where the sender's files are: one open root for each directory that arguments start from.
//!
//! Names are resolved below a root without following links on the way. Where an option says that
//! a symlinked directory is entered, the directory that it leads to becomes a source of its own,
//! with the link's name as the prefix of the names below it.

use crate::log::{Log, Role, named};
use crate::{Session, log::Class, options::clean_path};
use fsroot::{NoAtime, Root, root::FollowParents, text};
use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
};
use wire::RelPath;

/// Roots open at the same time; the least recently used one is closed first.
const MAX_OPEN: usize = 32;

struct SourceDir {
    /// How to open it: a path, or a link below another source.
    place: Place,
    /// Names in this source begin with this.
    prefix: Vec<u8>,
    /// Absolute path (inside a daemon: below the module).
    shown: Vec<u8>,
    /// The directory as typed, for `%f`.
    typed: Vec<u8>,
    root: Option<Root>,
    used: u64,
}

impl SourceDir {
    /// What a name is below the directory.
    fn below<'n>(&self, name: &'n [u8]) -> &'n [u8] {
        let below = without(&self.prefix, name);
        below.strip_prefix(b"/").unwrap_or(below)
    }
}

enum Place {
    Path(Vec<u8>),
    Link { parent: u32, rel: RelPath },
}

/// All sources of a session.
pub(super) struct Sources {
    dirs: Vec<SourceDir>,
    /// The directory of each source: as rsync, arguments that start from one directory other than `start` share a source only
    /// if no other comes between them.
    numbers: Vec<u32>,
    /// The last argument's source.
    last: Option<u32>,
    by_path: HashMap<Vec<u8>, u32>,
    by_link: HashMap<(u32, Vec<u8>), u32>,
    /// A daemon's sources stay inside its module, the directory that it serves from.
    module: Option<Root>,
    confined: bool,
    /// A daemon's sources follow links out of it all the same (`insecure links`).
    insecure: bool,
    /// The module's name, for messages.
    module_name: Vec<u8>,
    /// The module's directory is `/`.
    at_root: bool,
    /// `--fake-super`.
    fake: bool,
    noatime: NoAtime,
    open: usize,
    clock: u64,
    /// `--debug=CHDIR`: the directory that rsync would be in, as typed.
    entered: Option<Vec<u8>>,
    /// Where it began.
    start: Vec<u8>,
}

impl Sources {
    pub fn new(session: &Session) -> Sources {
        Sources {
            dirs: Vec::new(),
            numbers: Vec::new(),
            last: None,
            by_path: HashMap::new(),
            by_link: HashMap::new(),
            module: None,
            confined: session.settings.am_daemon,
            insecure: session.settings.insecure_links,
            module_name: session.settings.module().to_vec(),
            at_root: session.settings.served.as_ref().is_some_and(|served| served.at_root),
            fake: session.settings.fake_super,
            noatime: match session.settings.open_noatime {
                true => NoAtime::All,
                false => NoAtime::Nothing,
            },
            open: 0,
            clock: 0,
            start: Vec::new(),
            entered: (session.settings.debug.chdir > 0 && !session.settings.am_daemon)
                .then(Vec::new),
        }
    }

    /// Something is to be done in a source. Nobody changes to its directory here, but rsync does, and says so.
    pub fn enter(&mut self, id: u32, log: &Log) {
        let typed = &self.dir(id).typed;
        if self.entered.as_ref().is_some_and(|entered| entered != typed) {
            self.entered = Some(typed.clone());
            self.say_entered(log);
        }
    }

    /// The directory that names of a files-from list hang below; entering the current one is not worth a line.
    pub fn enter_top(&mut self, id: u32, log: &Log) {
        self.start = self.dir(id).typed.clone();
        match &mut self.entered {
            Some(entered) if self.start == b"." => entered.clone_from(&self.start),
            _ => self.enter(id, log),
        }
    }

    /// An argument's directory cannot be entered, so that rsync goes back to where it began.
    fn back_out(&mut self, log: &Log) {
        if let Some(entered) = &mut self.entered {
            entered.clone_from(&self.start);
            self.say_entered(log);
        }
    }

    fn say_entered(&self, log: &Log) {
        if let Some(entered) = &self.entered {
            let path = clean_path(&self.absolute(entered));
            log.info(named("[sender] change_dir(", &path, ")"));
        }
    }

    /// Links may lead anywhere.
    pub fn unconfined(&self) -> bool {
        !self.confined || self.insecure
    }

    /// The source that an argument's directory part means; it can be opened.
    pub fn add(&mut self, dir: &[u8]) -> io::Result<u32> {
        if let Some(&first) = self.by_path.get(dir) {
            let known = self.numbers[first as usize];
            let id = match self.last {
                Some(last) if self.numbers[last as usize] == known => last,
                _ if dir == self.start => first,
                _ => self.number(known),
            };
            self.last = Some(id);
            return Ok(id);
        }
        let id = self.push(SourceDir {
            place: Place::Path(dir.to_vec()),
            prefix: Vec::new(),
            shown: self.absolute(dir),
            typed: dir.to_vec(),
            root: None,
            used: 0,
        });
        // Changing to a directory needs the right to search it.
        match self.root(id).and_then(|root| root.lstat(&RelPath::root())) {
            Ok(_) => {
                self.by_path.insert(dir.to_vec(), id);
                self.last = Some(id);
                Ok(id)
            }
            Err(e) => {
                self.withdraw();
                Err(e)
            }
        }
    }

    /// The source behind the directory link `name` of source `parent`. `late`: if there are too many links on the way to it, that
    /// is found when it is read.
    pub fn add_link(&mut self, parent: u32, name: &[u8], late: bool) -> io::Result<u32> {
        let key = (parent, name.to_vec());
        if let Some(&id) = self.by_link.get(&key) {
            return Ok(id);
        }
        let rel = self.rel(parent, name).ok_or(io::ErrorKind::InvalidInput)?;
        let of = self.dir(parent);
        let dir = SourceDir {
            place: Place::Link { parent, rel },
            prefix: name.to_vec(),
            shown: self.shown(parent, name),
            typed: of.typed.clone(),
            root: None,
            used: 0,
        };
        let id = self.push(dir);
        match self.root(id).err().filter(|e| !late || !fsroot::is_errno(e, fsroot::Errno::LOOP)) {
            None => {
                self.by_link.insert(key, id);
                Ok(id)
            }
            Some(e) => {
                self.withdraw();
                Err(e)
            }
        }
    }

    fn push(&mut self, dir: SourceDir) -> u32 {
        self.dirs.push(dir);
        self.number(self.dirs.len() as u32 - 1)
    }

    /// Takes back what was pushed last.
    fn withdraw(&mut self) {
        self.dirs.pop();
        self.numbers.pop();
    }

    /// A new source in a directory that is known.
    fn number(&mut self, dir: u32) -> u32 {
        self.numbers.push(dir);
        self.numbers.len() as u32 - 1
    }

    fn dir(&self, id: u32) -> &SourceDir {
        &self.dirs[self.numbers[id as usize] as usize]
    }

    /// The root of a source, opened if need be.
    pub fn root(&mut self, id: u32) -> io::Result<&mut Root> {
        self.clock += 1;
        let at = self.numbers[id as usize] as usize;
        if self.dirs[at].root.is_none() {
            if self.open >= MAX_OPEN {
                let oldest =
                    self.dirs.iter_mut().filter(|d| d.root.is_some()).min_by_key(|d| d.used);
                if let Some(oldest) = oldest {
                    oldest.root = None;
                    self.open -= 1;
                }
            }
            let mut root = self.open_root(id)?;
            root.set_fake_super(self.fake);
            root.set_noatime(self.noatime);
            self.dirs[at].root = Some(root);
            self.open += 1;
        }
        let clock = self.clock;
        let dir = &mut self.dirs[at];
        dir.used = clock;
        dir.root.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn open_root(&mut self, id: u32) -> io::Result<Root> {
        match &self.dir(id).place {
            Place::Path(path) if self.confined => {
                let rel = below_module(path);
                let follow = self.following();
                self.module()?.open_below_anchored(&rel, follow)
            }
            Place::Path(path) => {
                let path: &[u8] = if path.is_empty() { b"." } else { path };
                Root::open_unchecked(&text::path(path))
            }
            Place::Link { parent, rel } => {
                let (parent, rel) = (*parent, rel.clone());
                if self.confined {
                    let follow = self.following();
                    return self.root(parent)?.open_below_anchored(&rel, follow);
                }
                let path = self.root(parent)?.display(&rel);
                Root::open_unchecked(&text::path(&path))
            }
        }
    }

    /// Which links a daemon's sources follow.
    fn following(&self) -> FollowParents {
        if self.insecure { FollowParents::Unconfined } else { FollowParents::Beneath }
    }

    fn module(&mut self) -> io::Result<&mut Root> {
        if self.module.is_none() {
            self.module = Some(Root::open_unchecked(Path::new("."))?);
        }
        self.module.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// A name's path below its source's root; `None` if it is not a legal one.
    pub fn rel(&self, id: u32, name: &[u8]) -> Option<RelPath> {
        RelPath::new(self.dir(id).below(name))
    }

    /// Fails if a link on the way to a name leads out of the directory that it stands in: what is sent from behind such a link
    /// is not removed. A daemon's sources stay inside its module anyway.
    pub fn check_way_to(&mut self, id: u32, name: &[u8]) -> io::Result<()> {
        let mut base = id;
        while let Place::Link { parent, .. } = self.dir(base).place {
            base = parent;
        }
        let above = self.rel(base, name).and_then(|rel| rel.parent());
        let Some(above) =
            above.filter(|above| !self.insecure && !self.confined && !above.is_root())
        else {
            return Ok(());
        };
        let mut reached = None;
        for leaf in above.as_bytes().split(|b| *b == b'/').filter_map(RelPath::new) {
            let dir = match &mut reached {
                Some(dir) => dir,
                None => self.root(base)?,
            };
            reached = Some(dir.open_below(&leaf, FollowParents::Beneath)?);
        }
        Ok(())
    }

    /// The path of a name for messages.
    pub fn shown(&self, id: u32, name: &[u8]) -> Vec<u8> {
        let dir = self.dir(id);
        let below = dir.below(name);
        let mut out = dir.shown.clone();
        if below != b"." && !below.is_empty() {
            if !out.is_empty() && !out.ends_with(b"/") {
                out.push(b'/');
            }
            out.extend_from_slice(below);
        }
        out
    }

    /// The path of a name in quotes, with the module that it lies in. There the directory that an argument starts from is seen from
    /// the module's root.
    pub fn quoted(&self, id: u32, name: &[u8]) -> Vec<u8> {
        self.quoted_shown(id, self.shown(id, name))
    }

    /// The same of a directory whose names are read; the top one's own name is seen.
    pub fn quoted_scanned(&self, id: u32, name: &[u8]) -> Vec<u8> {
        let mut shown = self.shown(id, name);
        if name == b"." {
            shown.extend_from_slice(if shown.ends_with(b"/") { b"." } else { b"/." });
        }
        self.quoted_shown(id, shown)
    }

    fn quoted_shown(&self, id: u32, shown: Vec<u8>) -> Vec<u8> {
        if !self.confined {
            return quoted(&shown);
        }
        let below = self.at_root || !below_module(&self.dir(id).typed).is_root();
        let slash: &[u8] = if below { b"/" } else { b"" };
        self.in_module(&[slash, &shown].concat())
    }

    fn in_module(&self, path: &[u8]) -> Vec<u8> {
        [b"\"", path, b"\" (in ", &self.module_name, b")"].concat()
    }

    /// A directory argument's path in quotes.
    pub fn quoted_dir(&self, dir: &[u8]) -> Vec<u8> {
        let path = self.absolute(dir);
        match self.confined {
            true if self.at_root => self.in_module(&[b"/", &path[..]].concat()),
            true => self.in_module(&path),
            false => quoted(&path),
        }
    }

    /// The directory of a files-from list for messages: as it was typed, behind where we are.
    pub fn quoted_typed(&self, dir: &[u8]) -> Vec<u8> {
        if self.confined {
            let root: &[u8] = if self.at_root { b"/" } else { b"" };
            return self.in_module(&[root, dir].concat());
        }
        match std::env::current_dir() {
            Ok(here) if !dir.starts_with(b"/") => quoted(&[&text::shown(&here), dir].join(&b'/')),
            _ => quoted(dir),
        }
    }

    /// `TEXT "PATH" AFTER: STRERROR (ERRNO)`, the shape of the sender's complaints.
    pub fn complain(
        &self,
        log: &Log,
        text: &str,
        id: u32,
        name: &[u8],
        after: impl AsRef<[u8]>,
        e: &io::Error,
    ) {
        let line = [text.as_bytes(), &self.quoted(id, name), after.as_ref()].concat();
        log.sys_error(Class::ErrorXfer, line, e);
    }

    /// Appends the path for `%f`: the directory as typed but for `.` components, then the name, without leading slash. What a
    /// files-from list hangs below is not seen.
    pub fn push_typed(&self, id: u32, name: &[u8], out: &mut Vec<u8>) {
        let typed = &self.dir(id).typed[..];
        let dir = without(&self.start, typed).split(|b| *b == b'/');
        let parts: Vec<_> = dir.filter(|part| !part.is_empty() && *part != b".").collect();
        out.extend_from_slice(&parts.join(&b'/'));
        if !out.is_empty() && !out.ends_with(b"/") {
            out.push(b'/');
        }
        out.extend_from_slice(name.strip_prefix(b"/").unwrap_or(name));
    }

    /// The directory as typed.
    pub fn typed(&self, id: u32) -> Vec<u8> {
        let dir = &self.dirs[id as usize].typed;
        if dir.is_empty() { b"<NULL>".to_vec() } else { dir.clone() }
    }

    /// The directory that merge-file names of this source start from.
    pub fn rule_dir(&self, id: u32) -> Vec<u8> {
        self.absolute(&self.dir(id).typed)
    }

    /// A directory argument's path for messages.
    pub fn absolute(&self, dir: &[u8]) -> Vec<u8> {
        if self.confined {
            return below_module(dir).as_bytes().to_vec();
        }
        let path = &text::path(dir);
        let absolute =
            if dir.is_empty() { std::env::current_dir() } else { std::path::absolute(path) };
        let absolute = absolute.unwrap_or_else(|_| path.to_path_buf());
        let parts = absolute.components().collect::<PathBuf>();
        text::shown(&parts)
    }

    /// The sender's log line for a directory that cannot be entered.
    pub fn cannot_enter(&mut self, log: &Log, dir: &[u8], e: &io::Error) {
        let line = [b"change_dir ", &self.quoted_dir(dir)[..], b" failed"].concat();
        log.with_role(Role::Sender).sys_error(Class::ErrorXfer, line, e);
        self.back_out(log);
    }
}

/// A daemon's paths hang below its module; `..` does not leave it.
fn below_module(path: &[u8]) -> RelPath {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&b| b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    RelPath::new(&parts.join(&b'/')).unwrap_or_default()
}

/// A name without what it begins with. The C library's comparison of no bytes looks where an empty vector points, and the processor
/// takes long to find out that this is nowhere.
fn without<'n>(prefix: &[u8], name: &'n [u8]) -> &'n [u8] {
    if prefix.is_empty() { name } else { name.strip_prefix(prefix).unwrap_or(name) }
}

/// A path in double quotes.
pub(super) fn quoted(path: &[u8]) -> Vec<u8> {
    [b"\"", path, b"\""].concat()
}
