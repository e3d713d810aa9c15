//! Filter rules and files-from names: reading them from files, sending them to the peer, receiving them (WIRE.md, Filter
//! list; Files-from).

use crate::{
    Error, ExitCode, Session,
    charset::Charset,
    conn::{Messages, Reader, Writer},
    log::{Log, Role, named},
    messages::Common,
    operator::Trust,
    options::{FilterArg, RuleArg},
    session::{Status, io_error},
    settings::Settings,
};
use fast_io::{RecvHalf, SendHalf};
use filters::{FilterError, FilterList, Notice, NoticeKind, ParseContext, Verdict};
use fsroot::{LinkTrust, text};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use wire::{RelPath, filter_list, mux::Message};

/// Largest rule file that is read.
const MAX_RULE_FILE: u64 = 64 << 20;
/// Longest files-from name; what is longer is cut, as every rsync does.
const MAX_NAME: usize = wire::limits::MAX_PATH - 1;

/// The names of a files-from list.
pub type Names = Box<dyn Iterator<Item = io::Result<Vec<u8>>> + Send>;

/// A files-from list that is open for reading.
pub type OpenList = Box<dyn BufRead + Send>;

/// Opens merge files for `filters`; relative names hang below a base directory.
#[derive(Clone, Default)]
pub struct FsLoader {
    base: Option<PathBuf>,
    is_server: bool,
    trust: Trust,
    /// A daemon's client names files of the module only.
    in_module: bool,
    /// What the module hides is not there.
    hidden: Option<Arc<FilterList>>,
    /// Says of a file that cannot be opened that somebody else's link is the reason.
    log: Option<Log>,
}

impl FsLoader {
    /// For names relative to the current directory.
    pub fn new(settings: &Settings) -> FsLoader {
        FsLoader {
            base: None,
            is_server: settings.am_server && !settings.local,
            trust: Trust::of(settings),
            in_module: settings.am_daemon,
            hidden: None,
            log: None,
        }
    }

    /// The same, for what the process's own command line names.
    pub fn for_own_options(self) -> FsLoader {
        FsLoader { trust: self.trust.anywhere(), ..self }
    }

    /// The same, for a module that hides names.
    pub fn hiding(self, rules: Option<&FilterList>) -> FsLoader {
        FsLoader { hidden: rules.cloned().map(Arc::new), ..self }
    }

    /// The same, for files that may be missing: what else keeps them from being read is said.
    pub fn speaking(self, log: Log) -> FsLoader {
        FsLoader { log: Some(log), ..self }
    }

    /// The same, for names relative to `base`.
    pub fn below(&self, base: &Path) -> FsLoader {
        FsLoader { base: Some(base.to_path_buf()), ..self.clone() }
    }

    fn open(&self, path: &[u8]) -> io::Result<File> {
        let path = &text::path(path);
        let path = self.base.as_ref().map_or_else(|| path.to_path_buf(), |base| base.join(path));
        if self.in_module {
            open_in_module(&text::bytes(path), self.hidden.as_deref(), self.trust.links())
        } else {
            self.trust.read(&path)
        }
    }
}

impl filters::Loader for FsLoader {
    fn load(&mut self, path: &[u8]) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        if path == b"-" && !self.is_server {
            io::stdin().lock().take(MAX_RULE_FILE).read_to_end(&mut content)?;
            return Ok(content);
        }
        let file = self.open(path).inspect_err(|_| {
            if let Some(log) = &self.log
                && let Some(notice) = fsroot::take_notice()
            {
                log.error(notice);
            }
        })?;
        if !file.metadata()?.is_dir() {
            file.take(MAX_RULE_FILE).read_to_end(&mut content)?;
        }
        Ok(content)
    }

    fn load_own(&mut self, path: &[u8]) -> io::Result<Vec<u8>> {
        let trust = self.trust.clone().anywhere();
        FsLoader { base: None, in_module: false, trust, ..self.clone() }.load(path)
    }
}

/// Opens a file that a daemon's client named: below the module, which is the working directory, whatever `..` and links
/// say.
fn open_in_module(path: &[u8], hidden: Option<&FilterList>, links: LinkTrust) -> io::Result<File> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let name = RelPath::new(&parts.join(&b'/')).ok_or(io::ErrorKind::InvalidInput)?;
    let is_hidden =
        |rules: &FilterList| rules.check_daemon(name.as_bytes(), false) == Verdict::Exclude;
    if hidden.is_some_and(is_hidden) {
        return Err(fsroot::Errno::NOENT.into());
    }
    let mut root = fsroot::Root::open(Path::new("."))?;
    match links {
        LinkTrust::OwnerChecked => {
            let path = Path::new(".").join(text::path(name.as_bytes()));
            fsroot::operator::read_operator_file_beneath(&path, &root)
        }
        LinkTrust::Insecure => {
            root.set_follow_parents(fsroot::FollowParents::Beneath);
            root.open_read_follow(&name, false)
        }
    }
}

/// The constants of parsing for one side, in the words of `role`.
pub fn context(settings: &Settings, protocol_30: bool, role: Role) -> ParseContext {
    let variable = |name| std::env::var_os(name).map(text::bytes);
    let home = match &settings.served {
        Some(served) if served.chrooted => Some(b"/".to_vec()),
        _ => variable("HOME"),
    };
    ParseContext {
        from0: settings.from0,
        is_server: settings.am_server && !settings.local,
        protocol_30,
        delete_excluded: settings.delete_excluded,
        who: role.name().to_owned(),
        home,
        cvsignore: variable("CVSIGNORE"),
        root: match settings.served.as_deref() {
            Some(served) if !served.at_root => served.module_path.clone(),
            _ => Vec::new(),
        },
    }
}

/// The constants of parsing what was agreed upon by this end of a session.
pub fn agreed_context(session: &Session) -> ParseContext {
    let settings = &session.settings;
    let role = if settings.am_sender { Role::Sender } else { Role::ReceiverPresplit };
    context(settings, session.protocol.has_varints(), role)
}

/// The rules that a server's own command line has, in front of those it will be sent. Nothing is said about them to the
/// other side, so that they keep all their sides.
///
/// # Errors
/// Codes 1 and 11.
pub fn of_server(
    settings: &Settings,
    rules: &[FilterArg],
    loader: &mut FsLoader,
    role: Role,
) -> Result<FilterList, Error> {
    let cx =
        ParseContext { is_server: true, delete_excluded: false, ..context(settings, true, role) };
    let mut list = FilterList::new();
    add_options(&mut list, rules, &cx, loader, settings.am_sender)?;
    Ok(list)
}

fn failed(e: FilterError) -> Error {
    Error::fatal(ExitCode(e.code), e.text)
}

/// Says what a list has found out while rules were added and directories entered.
pub fn say_notices(notices: Vec<Notice>, log: &Log, status: &Status) {
    for Notice { text, kind } in notices {
        match kind {
            NoticeKind::Trace => log.info(named(&format!("[{}] ", log.role().name()), &text, "")),
            NoticeKind::Error => log.error(text),
            NoticeKind::IoError => {
                log.error(text);
                status.add_io_error(io_error::GENERAL);
            }
        }
    }
}

/// The list of a local copy's receiving side: what `-M` adds comes behind the rules that both sides have.
///
/// # Errors
/// Codes 1 and 11.
pub fn add_of_receiver(
    settings: &Settings,
    mut list: FilterList,
    rules: &[FilterArg],
) -> Result<FilterList, Error> {
    let role = Role::ReceiverPresplit;
    let cx =
        ParseContext { is_server: true, ..context(settings, settings.protocol_max >= 30, role) };
    add_options(&mut list, rules, &cx, &mut FsLoader::new(settings).for_own_options(), false)?;
    Ok(list)
}

/// Adds what options say to a list. `am_sender`: this side sends.
///
/// # Errors
/// Codes 1 and 11.
pub fn add_options(
    list: &mut FilterList,
    rules: &[FilterArg],
    cx: &ParseContext,
    loader: &mut FsLoader,
    am_sender: bool,
) -> Result<(), Error> {
    // An old receiver is not told of perishable rules.
    let perishable = cx.protocol_30 || !am_sender;
    for FilterArg { rule, from0, traced } in rules {
        list.trace(*traced);
        // A file named by an option is read as `--from0` stood at that option.
        let cx = &ParseContext { from0: *from0, ..cx.clone() };
        match rule {
            RuleArg::Filter(text) => list.add_rule(text, cx, loader),
            RuleArg::Exclude(text) => list.add_pattern(text, false, cx, loader),
            RuleArg::Include(text) => list.add_pattern(text, true, cx, loader),
            RuleArg::ExcludeFrom(path) => list.add_file(path, false, cx, loader),
            RuleArg::IncludeFrom(path) => list.add_file(path, true, cx, loader),
            RuleArg::PartialDir(dir) => list.add_partial_dir(dir, perishable, cx, loader),
        }
        .map_err(failed)?;
    }
    Ok(())
}

/// Whether a push sends the filter list (both ends compute this from the same options).
pub fn pushed(session: &Session) -> bool {
    let settings = &session.settings;
    settings.prune_empty_dirs
        || (settings.delete && (!settings.delete_excluded || session.protocol.has_item_flags()))
}

/// Sends the client's list, or nothing on a push that needs none. The list is classified for this end's role; `-C` adds its
/// rules, of which a peer that adds them itself is not told.
///
/// # Errors
/// Code 2 for rules that the protocol cannot express.
pub fn send<W: SendHalf>(
    session: &Session,
    writer: &mut Writer<W>,
    list: &mut FilterList,
) -> Result<(), Error> {
    let settings = &session.settings;
    let texts = client_list(session, list)?;
    if settings.am_sender && !pushed(session) {
        return Ok(());
    }
    for text in texts {
        filter_list::encode_rule(&text, writer.buf());
    }
    filter_list::encode_end(writer.buf());
    writer.flush()
}

fn client_list(session: &Session, list: &mut FilterList) -> Result<Vec<Vec<u8>>, Error> {
    let settings = &session.settings;
    let cx = agreed_context(session);
    let mut loader = FsLoader::new(settings).for_own_options();
    let (sends, protocol) = (settings.am_sender, session.protocol.number());
    let (excluded, cvs) = (settings.delete_excluded, settings.cvs_exclude);
    list.trace(settings.debug.filter > 1);
    let texts = list.client_list(sends, protocol, excluded, cvs, &cx, &mut loader);
    say_notices(list.take_notices(), &session.log, &session.status);
    texts.map_err(failed)
}

/// The list as one side of a local copy, or of a client without a peer, sees it. Nothing is sent, but what the protocol cannot
/// express is refused all the same.
///
/// # Errors
/// Code 2.
pub fn for_this_side(session: &Session, mut list: FilterList) -> Result<FilterList, Error> {
    let settings = &session.settings;
    if settings.am_sender {
        client_list(session, &mut list)?;
        return Ok(list);
    }
    let mut added = Ok(());
    if settings.cvs_exclude {
        list.trace(settings.debug.filter > 1);
        let cx = agreed_context(session);
        added = list.add_cvs(&cx, &mut FsLoader::new(settings).for_own_options());
    }
    say_notices(list.take_notices(), &session.log, &session.status);
    added.map_err(failed)?;
    let protocol = session.protocol.number();
    list.for_peer(false, protocol, settings.delete_excluded).map_err(failed)?;
    Ok(list)
}

/// Receives the client's list and puts it behind `list`, and behind it the CVS rules that a server with `-C` was not sent.
///
/// # Errors
/// Codes 1, 11 and 22 as the rules deserve, or the link's.
pub fn receive<R: RecvHalf>(
    session: &Session,
    reader: &mut Reader<R>,
    loader: &mut FsLoader,
    mut list: FilterList,
) -> Result<FilterList, Error> {
    let settings = &session.settings;
    let protocol = session.protocol.number();
    let cx = agreed_context(session);
    let say = |list: &mut FilterList| {
        say_notices(list.take_notices(), &session.log, &session.status);
    };
    say(&mut list);
    list.trace(settings.debug.filter > 1);
    while let Some(text) = reader.read(filter_list::decode_rule)? {
        let added = list.add_from_wire(&text, protocol, &cx, loader);
        say(&mut list);
        added.map_err(failed)?;
    }
    if settings.cvs_exclude {
        let mut own = FsLoader::new(settings);
        let added = list.add_server_cvs(settings.am_sender, protocol, &cx, &mut own);
        say(&mut list);
        added.map_err(failed)?;
    }
    Ok(list)
}

/// Opens the files-from list of this host.
///
/// # Errors
/// Code 1 if it cannot be opened, 4 in a daemon.
pub fn open_files_from(settings: &Settings, path: &[u8]) -> Result<OpenList, Error> {
    if path == b"-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let name = &text::path(path);
    let file = if path.is_empty() {
        Err(fsroot::Errno::INVAL.into())
    } else if settings.am_daemon {
        open_in_module(path, None, Trust::of(settings).links())
    } else {
        Trust::of(settings).anywhere().read(name)
    };
    match file {
        Ok(file) => Ok(Box::new(BufReader::new(file))),
        Err(e) if e.kind() == io::ErrorKind::IsADirectory => {
            Ok(Box::new(BufReader::new(Directory(e))))
        }
        Err(e) => {
            let reason = crate::log::reason(&e);
            let text =
                format!("rsync: failed to open files-from file {}: {reason}", name.display());
            // A daemon opens it while it looks whether the options can be granted.
            let code = if settings.am_daemon { ExitCode::UNSUPPORTED } else { ExitCode::SYNTAX };
            Err(Error::fatal(code, text))
        }
    }
}

/// A directory: it opens, and fails to be read.
struct Directory(io::Error);

impl Read for Directory {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.0.raw_os_error().map_or(self.0.kind().into(), io::Error::from_raw_os_error))
    }
}

/// One record: up to NUL, or up to LF or CR.
fn next_record(from: &mut dyn BufRead, nul: bool) -> io::Result<Option<Vec<u8>>> {
    let mut record = Vec::new();
    let is_end = |b: &u8| if nul { *b == 0 } else { *b == b'\n' || *b == b'\r' };
    loop {
        let chunk = from.fill_buf()?;
        if chunk.is_empty() {
            return Ok((!record.is_empty()).then_some(record));
        }
        let end = chunk.iter().position(is_end);
        let part = &chunk[..end.unwrap_or(chunk.len())];
        record.extend_from_slice(&part[..part.len().min(MAX_NAME - record.len())]);
        let used = end.map_or(chunk.len(), |e| e + 1);
        from.consume(used);
        if end.is_some() {
            return Ok(Some(record));
        }
    }
}

/// The names in a list that this host opened for its own sender: comments and empty records are dropped.
pub fn names(mut from: OpenList, nul: bool) -> Names {
    Box::new(std::iter::from_fn(move || {
        loop {
            match next_record(&mut *from, nul).transpose()? {
                Ok(name) if matches!(name.first(), None | Some(b'#' | b';')) => {}
                Ok(mut name) => {
                    // As in rsync a line is a name up to its first NUL, even if that leaves nothing.
                    let end = name.iter().position(|b| *b == 0);
                    name.truncate(end.unwrap_or(name.len()));
                    return Some(Ok(name));
                }
                failed => return Some(failed),
            }
        }
    }))
}

/// Forwards a list to the peer's sender: NUL-terminated names and an empty one. Meanwhile `reader` buffers what the peer
/// sends, since it starts its file list before it has read all names.
///
/// A list that cannot be read on ends where that happens, as in rsync.
///
/// # Errors
/// The link's.
pub fn forward_files_from<R: RecvHalf, W: SendHalf>(
    session: &Session,
    from: OpenList,
    requested: Option<&mut filters::RequestedNames>,
    reader: &mut Reader<R>,
    writer: &mut Writer<W>,
) -> Result<(), Error> {
    // Before protocol 31 the names travel outside the framing.
    let unframed = !session.protocol.has_error_exit() && writer.framed();
    writer.flush()?;
    if unframed {
        writer.set_framed(false);
    }
    let done = AtomicBool::new(false);
    let sent = std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let sent = send_names(session, from, requested, writer);
            done.store(true, Ordering::Release);
            sent
        });
        let spooled = reader.spool(|| done.load(Ordering::Acquire));
        let sent = sending.join().unwrap_or_else(|_| {
            Err(Error::fatal(ExitCode::CRASHED, "the files-from thread panicked"))
        });
        sent.and(spooled)
    });
    if unframed {
        writer.set_framed(true);
    }
    sent
}

fn send_names<W: SendHalf>(
    session: &Session,
    mut from: OpenList,
    mut requested: Option<&mut filters::RequestedNames>,
    writer: &mut Writer<W>,
) -> Result<(), Error> {
    let settings = &session.settings;
    while let Ok(Some(record)) = next_record(&mut *from, settings.from0) {
        // A NUL in a line ends a name for the peer, and an empty name the list.
        for name in record.split(|b| *b == 0).filter(|name| !name.is_empty()) {
            if let Some(requested) = &mut requested {
                requested.add(name, false, settings.relative, settings.recurse, settings.dirs);
            }
            match converts_names(session) {
                Some(charset) => writer.buf().extend_from_slice(&charset.text_to_wire(name)),
                None => writer.buf().extend_from_slice(name),
            }
            writer.buf().push(0);
            writer.spill()?;
        }
    }
    writer.buf().push(0);
    writer.flush()
}

/// Receives a forwarded list; nothing in it is a comment.
///
/// # Errors
/// The link's.
pub fn receive_files_from<R: RecvHalf>(
    session: &Session,
    reader: &mut Reader<R>,
) -> Result<Names, Error> {
    let unframed = !session.protocol.has_error_exit() && reader.framed();
    if unframed {
        reader.set_framed(false);
    }
    let mut names = Vec::new();
    loop {
        let mut name = Vec::new();
        loop {
            match reader.read(|c| c.byte())? {
                0 => break,
                b if name.len() < MAX_NAME => name.push(b),
                _ => {}
            }
        }
        if name.is_empty() {
            break;
        }
        names.push(match converts_names(session) {
            Some(charset) => charset.text_from_wire(&name),
            None => name,
        });
    }
    if unframed {
        reader.set_framed(true);
    }
    Ok(Box::new(names.into_iter().map(Ok)))
}

/// The charset that names of a files-from list are converted to and from on their way, as arguments are.
fn converts_names(session: &Session) -> Option<&Charset> {
    session.charset.as_deref().filter(|_| session.settings.secluded)
}

/// Whether the rules exclude a name from what `log` speaks for; `--debug=FILTER` says which rule decided.
pub fn excludes(
    rules: &FilterList,
    level: u8,
    log: &Log,
    name: &[u8],
    is_dir: bool,
    perishable: bool,
) -> bool {
    if level == 0 {
        return rules.check(name, is_dir, perishable) == Verdict::Exclude;
    }
    told(rules.find(name, is_dir, perishable), log, name, is_dir)
}

/// Whether the rules exclude the top directory where it is an entry that may be left out.
pub fn excludes_dot(rules: &FilterList, level: u8, log: &Log) -> bool {
    match rules.find_dot() {
        hit if level > 0 => told(hit, log, b".", true),
        hit => hit.is_some_and(|hit| hit.verdict() == Verdict::Exclude),
    }
}

/// What a rule says, which is told.
fn told(hit: Option<filters::Hit<'_>>, log: &Log, name: &[u8], is_dir: bool) -> bool {
    let Some(hit) = hit else { return false };
    let excluded = hit.verdict() == Verdict::Exclude;
    let what = match (log.role(), excluded) {
        (Role::Sender, true) => "hiding",
        (Role::Sender, false) => "showing",
        (_, true) => "protecting",
        (_, false) => "risking",
    };
    say_decision(log, what, name, is_dir, &hit.describe());
    excluded
}

/// Says which rule decided about a name.
pub fn say_decision(log: &Log, what: &str, name: &[u8], is_dir: bool, rule: &[u8]) {
    let kind = if is_dir { "directory" } else { "file" };
    let begin = format!("[{}] {what} {kind} ", log.role().name());
    log.info([begin.as_bytes(), name, b" because of pattern ", rule].concat());
}

/// Handles control messages while the lists before the file list are exchanged.
pub struct Early(Common);

impl Early {
    /// For one role.
    pub fn new(session: Arc<Session>, role: Role) -> Early {
        Early(Common::new(session, None, role))
    }
}

impl Messages for Early {
    fn message(&mut self, m: Message) -> Result<(), Error> {
        match self.0.handle(m)? {
            None => Ok(()),
            Some(Message::NoSend(_)) => Err(crate::messages::unexpected(wire::mux::Tag::NoSend, 4)),
            Some(_) => Err(crate::messages::unexpected(wire::mux::Tag::Success, 4)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &'static [u8], nul: bool) -> Vec<Vec<u8>> {
        names(Box::new(text), nul).map(Result::unwrap).collect()
    }

    #[test]
    fn names_end_at_cr_and_lf_and_comments_are_dropped() {
        assert_eq!(all(b"f\n\n\r\n# no\nd1/a\r\n;x\ng", false), [&b"f"[..], b"d1/a", b"g"]);
        assert_eq!(all(b"a\nb\0#c\0d", true), [&b"a\nb"[..], b"d"]);
    }

    #[test]
    fn a_long_name_is_cut() {
        let long: &'static [u8] = Box::leak(vec![b'x'; 10_000].into_boxed_slice());
        assert_eq!(all(long, false)[0].len(), MAX_NAME);
    }
}
