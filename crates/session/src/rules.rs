//! Filter rules: from options, from the peer and to the peer (WIRE.md, Filter list).

mod load;

use crate::{
    Error, ExitCode, Session,
    conn::{Messages, Reader, Writer},
    log::{Log, Role, named},
    messages::Common,
    options::{FilterArg, OptionError, RuleArg},
    session::{Status, io_error},
    settings::Settings,
};
use fast_io::{RecvHalf, SendHalf};
use filters::{FilterError, FilterList, Notice, NoticeKind, ParseContext, Verdict};
use fsroot::text;
pub use load::FsLoader;
pub(crate) use load::{open_in_module, stdin_is_read};
use std::sync::Arc;
use wire::{filter_list, mux::Message};

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
    add(list, rules, cx, loader, am_sender).map_err(failed)
}

fn add(
    list: &mut FilterList,
    rules: &[FilterArg],
    cx: &ParseContext,
    loader: &mut FsLoader,
    am_sender: bool,
) -> Result<(), FilterError> {
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
        }?;
    }
    Ok(())
}

/// The first mistake that [`add_options`] would find in what the process's own options have given so far.
pub fn mistake(rules: &[FilterArg], role: Role) -> Option<OptionError> {
    let settings = Settings { am_server: role == Role::Server, ..Settings::default() };
    let cx = context(&settings, true, role);
    let mut loader = FsLoader::new(&settings).for_own_options();
    let e = add(&mut FilterList::new(), rules, &cx, &mut loader, true).err()?;
    Some(OptionError::line(role, e.code, e.text))
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
