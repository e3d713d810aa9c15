//! Building and encoding list entries (WIRE.md, File list; ACL; Xattrs; Id lists).

use super::{scan::Found, source::Sources};
use crate::{
    Error, Session,
    chmod::Chmod,
    conn::Writer,
    flist::{self, SegmentBuilder},
    hlink,
    list_sum::list_sum,
    log::{Log, Role, named},
    rules::FsLoader,
    session::io_error,
};
use fast_io::{Producer, SendHalf};
use filters::{FilterList, ParseContext};
use fsroot::{Kind, acl::Acl, names::NameCache};
use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    io,
    sync::Arc,
};
use wire::{
    acl::{AclName, WireAcl},
    compat::CompatFlags,
    flist::{Extras, FileEntry, FlistEncoder, HardLink},
    ids::{self, IdName},
    xattr::{Xattr, XattrValue},
};

/// Name and symlink target as they travel.
type Converted<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// Where encoded entries go.
pub(super) trait Out {
    /// The buffer to append to.
    fn buf(&mut self) -> &mut Vec<u8>;
    /// Called between entries: sends what has gathered and keeps the link alive.
    fn breathe(&mut self) -> Result<(), Error>;
}

impl<W: SendHalf> Out for Writer<W> {
    fn buf(&mut self) -> &mut Vec<u8> {
        self.buf_of(Producer::FileList)
    }
    fn breathe(&mut self) -> Result<(), Error> {
        self.spill()?;
        self.keep_alive()
    }
}

/// Longest user or group name that travels.
const MAX_ID_NAME: usize = 255;
/// Longer attribute values are listed by their digest.
const MAX_INLINE_XATTR: usize = 32;
/// Entries between two breaths.
const BREATH: usize = 64;

/// Ids that were listed, and their names.
#[derive(Default)]
struct Ids {
    users: HashSet<u32>,
    groups: HashSet<u32>,
    last: (Option<u32>, Option<u32>),
    names: NameCache,
}

impl Ids {
    /// Notes a user or group; true the first time.
    fn first(&mut self, is_user: bool, id: u32) -> bool {
        let (last, seen) = match is_user {
            true => (&mut self.last.0, &mut self.users),
            false => (&mut self.last.1, &mut self.groups),
        };
        *last != Some(id) && {
            *last = Some(id);
            seen.insert(id)
        }
    }
    fn name(&mut self, is_user: bool, id: u32) -> Option<Vec<u8>> {
        let name = match is_user {
            true => self.names.user_name(id),
            false => self.names.group_name(id),
        }?;
        (!name.is_empty() && name.len() <= MAX_ID_NAME).then_some(name)
    }
}

/// Turns files into list entries, for all lists of a session.
pub(super) struct Lister {
    pub session: Arc<Session>,
    pub log: Log,
    pub sources: Sources,
    pub filters: FilterList,
    pub daemon_filters: Option<FilterList>,
    pub loader: FsLoader,
    pub rule_context: ParseContext,
    /// How deep the directories are whose merge files are in force, outermost first.
    pub entered: Vec<usize>,
    /// The source that the rules are seen from.
    pub filter_source: Option<u32>,
    /// `--chmod`.
    chmod: Option<Chmod>,
    /// Shows how many files were found so far (`--info=flist2`).
    pub show_count: bool,
    pub encoder: FlistEncoder,
    /// The list being built.
    pub builder: SegmentBuilder,
    entry: FileEntry,
    ids: Ids,
    /// Group numbers by device and inode.
    links: HashMap<(u64, u64), u32>,
    devices: hlink::Devices,
    /// What the receiver was told of our I/O errors.
    told_io_error: i32,
    hash_buf: Vec<u8>,
}

impl Lister {
    pub fn new(
        session: &Arc<Session>,
        mut filters: FilterList,
        daemon_filters: Option<FilterList>,
        loader: FsLoader,
    ) -> Lister {
        filters.trace(session.settings.debug.filter > 1);
        let log = session.log.with_role(Role::Sender);
        Lister {
            session: session.clone(),
            sources: Sources::new(session),
            filters,
            daemon_filters,
            loader: loader.speaking(log.clone()),
            log,
            rule_context: crate::rules::agreed_context(session),
            entered: Vec::new(),
            filter_source: None,
            chmod: Chmod::of(session.settings.chmod.as_ref()),
            show_count: false,
            encoder: FlistEncoder::new(flist::format(session)),
            builder: SegmentBuilder::new(session.protocol, 0),
            entry: FileEntry::default(),
            ids: Ids::default(),
            links: HashMap::new(),
            devices: hlink::Devices::default(),
            told_io_error: 0,
            hash_buf: Vec::new(),
        }
    }

    /// Starts a list.
    pub fn begin(&mut self, base: i32) {
        self.builder = SegmentBuilder::new(self.session.protocol, base)
            .numbered_by_arrival(self.session.charset.is_some());
        self.encoder.begin(base.max(0) as u32);
    }

    /// Ends the list: its marker, and our I/O errors if they changed since the last list.
    pub fn end(&mut self, out: &mut dyn Out) -> Result<EndOfList, Error> {
        let s = &self.session;
        let now = s.status.io_error();
        let news = if now == self.told_io_error || s.settings.ignore_errors { 0 } else { now };
        let safe = s.protocol.has_error_exit() || s.compat.has(CompatFlags::SAFE_FLIST);
        if s.inc_recurse
            && !safe
            && news != 0
            && s.delete == Some(crate::settings::DeleteTiming::During)
        {
            return Err(Error::fatal(
                crate::ExitCode::UNSUPPORTED,
                "FATAL I/O ERROR: dying to avoid a --delete-during issue with a pre-3.0.7 receiver.",
            ));
        }
        let before = out.buf().len();
        let told = self.encoder.end(news as u32, out.buf());
        let bytes = out.buf().len() - before;
        self.session.stats.flist_size.add(bytes as u64);
        self.told_io_error = now;
        Ok(EndOfList { io_error: news, told })
    }

    /// What the receiver does not know yet of our I/O errors.
    pub fn untold_io_error(&self) -> Option<i32> {
        let now = self.session.status.io_error();
        (now != self.told_io_error).then_some(now)
    }

    /// Appends the id lists of a non-incremental session.
    pub fn id_lists(&mut self, out: &mut dyn Out) {
        let s = self.session.clone();
        let settings = &s.settings;
        if s.inc_recurse || (settings.numeric_ids && !settings.nameless_ids) {
            return;
        }
        let before = out.buf().len();
        let id0 = s.compat.has(CompatFlags::ID0_NAMES);
        for (is_user, wanted) in [(true, settings.owner), (false, settings.group)] {
            if !wanted && !settings.acls {
                continue;
            }
            let seen = if is_user { &self.ids.users } else { &self.ids.groups };
            let mut numbers: Vec<u32> = seen.iter().copied().filter(|&id| id != 0).collect();
            numbers.sort_unstable();
            let mut list = Vec::with_capacity(numbers.len());
            let mut name = |id| {
                if settings.nameless_ids { None } else { self.ids.name(is_user, id) }
            };
            list.extend(numbers.into_iter().filter_map(|id| Some(IdName { id, name: name(id)? })));
            let zero = id0.then(|| name(0).unwrap_or_default());
            ids::encode_list(s.protocol, &list, zero.as_deref(), out.buf());
        }
        s.stats.flist_size.add((out.buf().len() - before) as u64);
    }

    /// An entry that asks the receiver to delete a missing argument.
    pub fn emit_missing(&mut self, name: Vec<u8>, source: u32, out: &mut dyn Out) {
        let Some((wire_name, _)) = self.converted(source, &name, b"") else { return };
        self.entry = FileEntry { name: wire_name.into_owned(), ..FileEntry::default() };
        self.encode(&name, b"", source, Extras::default(), out);
    }

    /// Lists a file. False if it was dropped because something about it cannot be read.
    pub fn emit(
        &mut self,
        found: &Found,
        top: bool,
        no_content: bool,
        out: &mut dyn Out,
    ) -> Result<bool, Error> {
        if self.builder.len().is_multiple_of(BREATH) {
            out.breathe()?;
        }
        self.builder.room(self.session.settings.max_alloc)?;
        let session = self.session.clone();
        let s = &session.settings;
        let st = &found.st;
        let protocol = session.protocol;
        if st.kind == Kind::Symlink && s.links && found.target.is_empty() {
            let path = self.sources.quoted(found.source, &found.name);
            self.drop_entry([b"skipping symlink with 0-length value: ", &path[..]].concat());
            return Ok(false);
        }
        let is_dir = found.is_dir();
        let converted = self.converted(found.source, &found.name, &found.target);
        let Some((name, target)) = converted else { return Ok(false) };
        let e = &mut self.entry;
        e.name.clear();
        e.name.extend_from_slice(&name);
        e.top_dir = top && is_dir;
        e.no_content = no_content && is_dir;
        e.len = match st.kind {
            Kind::Regular | Kind::Symlink | Kind::Directory => st.len,
            _ => 0,
        };
        e.mtime = st.mtime;
        e.mtime_nsec = st.mtime_nsec;
        e.mode = st.wire_mode();
        if let Some(chmod) = &self.chmod
            && st.kind != Kind::Symlink
        {
            e.mode = chmod.apply(e.mode, is_dir);
        }
        e.atime = if s.atimes > 0 && !is_dir { st.atime } else { 0 };
        e.crtime = if s.crtimes { st.mtime } else { 0 };
        e.uid = if s.owner { st.uid } else { 0 };
        e.gid = if s.group { st.gid } else { 0 };
        e.rdev = if st.kind.is_device() { st.rdev } else { (0, 0) };
        e.link_target.clear();
        e.link_target.extend_from_slice(&target);
        e.checksum.clear();
        e.hard_link = HardLink::None;
        e.uid_name = None;
        e.gid_name = None;

        let inline_names = session.inc_recurse && !s.numeric_ids;
        if s.owner && self.ids.first(true, st.uid) && inline_names {
            self.entry.uid_name = self.ids.name(true, st.uid);
        }
        if s.group && self.ids.first(false, st.gid) && inline_names {
            self.entry.gid_name = self.ids.name(false, st.gid);
        }
        if s.checksum {
            if st.kind == Kind::Regular {
                self.entry.checksum = self.list_sum(found);
            } else if !protocol.has_extended_flags() {
                self.entry.checksum = vec![0; session.list_sum.digest_len()];
            }
        }
        let extras = match self.extras(found) {
            Ok(extras) => extras,
            Err(Unread { what, after, e }) => {
                let dot: &[u8] = if found.in_dot { b"./" } else { b"" };
                let name = [dot, &found.name].concat();
                self.sources.complain(&self.log, what, found.source, &name, &after, &e);
                session.status.add_io_error(io_error::GENERAL);
                return Ok(false);
            }
        };
        if s.hard_links && !is_dir {
            self.entry.hard_link = self.hard_link(found);
            if s.debug.hlink > 0 {
                let base = self.builder.base();
                let ndx = i64::from(base) + self.builder.len() as i64;
                if s.debug.hlink > 2 && self.entry.hard_link == HardLink::First {
                    self.devices.say(&self.log, st.dev);
                    let text = format!("dev:inode for #{ndx} is {}:{}", st.dev, st.ino);
                    self.log.info(format!("[sender] {text}"));
                }
                hlink::say_member(&self.log, &self.entry.hard_link, ndx, base);
            }
        }
        self.encode(&found.name, &found.target, found.source, extras, out);
        Ok(true)
    }

    /// Name and target as they travel; `None` if they cannot, which has been told.
    fn converted<'a>(
        &self,
        source: u32,
        name: &'a [u8],
        target: &'a [u8],
    ) -> Option<Converted<'a>> {
        let Some(charset) = &self.session.charset else {
            return Some((name.into(), target.into()));
        };
        let fail = |what: &str, name: &[u8], why: io::Error| {
            let why = format!(" ({})", crate::log::reason(&why));
            let what = format!("[{}] cannot convert {what}: ", self.log.role().name());
            self.drop_entry([what.as_bytes(), name, why.as_bytes()].concat());
        };
        let wire_name = match charset.name_to_wire(name) {
            Ok(wire_name) => wire_name,
            Err(why) => {
                fail("filename", name, why);
                return None;
            }
        };
        if target.is_empty() || !self.session.converts_targets {
            return Some((wire_name.into(), target.into()));
        }
        match charset.target_to_wire(target) {
            Ok(target) => Some((wire_name.into(), target.into())),
            Err(why) => {
                fail("symlink data for", &self.sources.quoted(source, name), why);
                None
            }
        }
    }

    fn drop_entry(&self, text: Vec<u8>) {
        self.log.error_xfer(text);
        self.session.status.add_io_error(io_error::GENERAL);
    }

    /// Sends the entry that was prepared and keeps it with the name and the target that it has here.
    fn encode(
        &mut self,
        name: &[u8],
        target: &[u8],
        source: u32,
        extras: Extras,
        out: &mut dyn Out,
    ) {
        if self.show_count && self.builder.len().is_multiple_of(100) {
            self.log.sink().progress(format!(" {} files...\r", self.builder.len()).as_bytes());
        }
        let buf = out.buf();
        let before = buf.len();
        self.entry.xattr = self.encoder.encode(&self.entry, extras, buf);
        let stats = &self.session.stats;
        stats.flist_size.add((buf.len() - before) as u64);
        if self.session.converts_targets {
            self.entry.link_target.clear();
            self.entry.link_target.extend_from_slice(target);
        }
        let e = &self.entry;
        match Kind::from_wire_mode(e.mode) {
            Some(Kind::Directory) => stats.dirs.add(1),
            Some(Kind::Symlink) => {
                stats.links.add(1);
                stats.total_size.add(e.len);
            }
            Some(Kind::CharDevice | Kind::BlockDevice) => stats.devices.add(1),
            Some(Kind::Fifo | Kind::Socket) => stats.specials.add(1),
            _ => {
                stats.files.add(1);
                stats.total_size.add(e.len);
            }
        }
        self.builder.push(e, name, source);
    }

    fn hard_link(&mut self, found: &Found) -> HardLink {
        let protocol = self.session.protocol;
        let st = &found.st;
        if !protocol.has_varints() {
            // Protocol 27 has no flag, so there every regular file carries the numbers.
            let always = !protocol.has_extended_flags() && st.kind == Kind::Regular;
            let linked = always || (st.nlink > 1 && protocol.has_extended_flags());
            return if linked { HardLink::DevIno(st.dev, st.ino) } else { HardLink::None };
        }
        if st.nlink < 2 {
            return HardLink::None;
        }
        let here = self.builder.base().max(0) as u32 + self.builder.len() as u32;
        match *self.links.entry((st.dev, st.ino)).or_insert(here) {
            gnum if gnum == here => HardLink::First,
            gnum => HardLink::Member(gnum),
        }
    }

    /// The list checksum of a regular file; zeros if it cannot be read.
    fn list_sum(&mut self, found: &Found) -> Vec<u8> {
        let algo = self.session.list_sum;
        let follow = self.session.settings.copy_links || self.session.settings.copy_unsafe_links;
        let unconfined = self.sources.unconfined();
        let opened = self.sources.root(found.source).and_then(|root| match follow {
            true => root.open_read_follow(&found.rel, unconfined),
            false => root.open_read(&found.rel),
        });
        let sum =
            opened.and_then(|mut file| list_sum(algo, &mut file, found.st.len, &mut self.hash_buf));
        sum.unwrap_or_else(|_| vec![0; algo.digest_len()])
    }

    fn extras(&mut self, found: &Found) -> Result<Extras, Unread> {
        let mut extras = Extras::default();
        let (acls, xattrs) = (self.session.settings.acls, self.session.settings.xattrs);
        if acls && found.st.kind != Kind::Symlink {
            let what = "get_acl: sys_acl_get_file(";
            let acls = self.acls(found).map_err(|e| Unread { what, after: " failed".into(), e });
            extras.acl = Some(acls?);
        }
        if xattrs > 0 {
            extras.xattrs = Some(self.xattrs(found)?);
        }
        Ok(extras)
    }

    fn acls(&mut self, found: &Found) -> io::Result<(WireAcl, Option<WireAcl>)> {
        let root = self.sources.root(found.source)?;
        let mut access = root.access_acl(&found.rel)?;
        let default = if found.is_dir() { root.default_acl(&found.rel)? } else { None };
        // A directory without a default ACL says so with an empty one.
        let default = found.is_dir().then(|| default.unwrap_or_default());
        access.condense(self.entry.mode);
        let access = self.named(plain(&access));
        Ok((access, default.map(|acl| self.named(plain(&acl)))))
    }

    /// Adds the names of ids that appear for the first time.
    fn named(&mut self, mut acl: WireAcl) -> WireAcl {
        let inline = self.session.inc_recurse && !self.session.settings.numeric_ids;
        for n in &mut acl.names {
            if self.ids.first(n.is_user, n.id) && inline {
                n.name = self.ids.name(n.is_user, n.id);
            }
        }
        acl
    }

    fn xattrs(&mut self, found: &Found) -> Result<Vec<Xattr>, Unread> {
        let s = &self.session.settings;
        let travels = match found.st.kind {
            Kind::CharDevice | Kind::BlockDevice => s.devices,
            Kind::Fifo | Kind::Socket => s.specials,
            Kind::Symlink => s.links,
            Kind::Regular | Kind::Directory => true,
        };
        if !travels {
            return Ok(Vec::new());
        }
        let (internal, fake) = (s.xattrs > 1, s.fake_super);
        let what = "get_xattr_names: llistxattr(";
        let names = |e| Unread { what, after: " failed".into(), e };
        let root = self.sources.root(found.source).map_err(names)?;
        let mut names = root.list_xattrs(&found.rel).map_err(names)?;
        names.retain(|name| match self.filters.check_xattr(name) {
            Some(verdict) => verdict != filters::Verdict::Exclude,
            None => !name.starts_with(b"system."),
        });
        names.retain(|name| internal || !name.starts_with(b"user.rsync.%"));
        let mut values = Vec::with_capacity(names.len());
        for name in names {
            let value = root.get_xattr(&found.rel, &name).map_err(|e| Unread {
                what: "get_xattr_data: lgetxattr(",
                after: named(",\"", &name, "\",0) failed"),
                e,
            })?;
            values.extend(value.map(|value| (name, value)));
        }
        values.sort_unstable();
        let mut list = Vec::with_capacity(values.len());
        for (mut name, value) in values {
            // What a fake-super receiver disguised goes out under its own name.
            if fake
                && let Some(own) = name.strip_prefix(fsroot::fake::DISGUISE)
                && !own.starts_with(b"%")
            {
                name = own.to_vec();
            }
            let value = if value.len() <= MAX_INLINE_XATTR {
                XattrValue::Full(value)
            } else {
                let md5 = delta::checksum::md5(&value);
                XattrValue::Digest { len: value.len() as u32, md5 }
            };
            list.push(Xattr { name, value });
        }
        Ok(list)
    }
}

/// Something of a file that cannot be read: the words around its path, and why.
struct Unread {
    what: &'static str,
    after: Vec<u8>,
    e: io::Error,
}

/// How the I/O errors of a finished list travel.
pub(super) struct EndOfList {
    /// The bits to tell, 0 for none.
    pub io_error: i32,
    /// They were told in the end marker.
    pub told: bool,
}

fn plain(acl: &Acl) -> WireAcl {
    let name =
        |&(is_user, id, access): &(bool, u32, u8)| AclName { is_user, id, access, name: None };
    WireAcl {
        user_obj: acl.user_obj,
        group_obj: acl.group_obj,
        mask: acl.mask,
        other: acl.other,
        names: acl.names.iter().map(name).collect(),
    }
}
