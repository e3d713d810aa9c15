//! What a client prints about items: names, itemized lines, progress, statistics, summary, listings (man page, --info, --out-format).
//!
//! The texts are made by functions that know no terminal ([`mod@format`], [`itemize`], [`listing`], [`progress`], [`mod@summary`]);
//! [`Reporter`] decides which of them a run shows, [`Terminal`] shows them.

pub mod escape;
pub mod format;
pub mod human;
pub mod itemize;
pub(crate) mod lanes;
pub mod listing;
pub mod logfile;
pub mod progress;
pub mod summary;
pub mod terminal;
#[cfg(test)]
pub(crate) mod testing;
pub mod time;

use crate::{Error, Session, Settings, log::Class, platform};
pub use escape::to_own_stderr;
use format::{Context, Format, Moved, Operation};
use itemize::significant;
pub use listing::{ListEntry, list_line};
use listing::{REGULAR, is};
pub use logfile::server_log;
use progress::{Progress, Standing};
use std::{
    io::IsTerminal,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};
pub use summary::summary;
pub use terminal::{Buffering, Terminal};
use wire::item::{Item, ItemFlags};

/// One item as it is reported.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct ItemEvent<'a> {
    /** Where it stands: its list's first index and its sorted position. */
    pub place: i32,
    pub name: &'a [u8],
    pub mode: u32,
    pub len: u64,
    pub mtime: i64,
    pub uid: u32,
    /** `None`: a group that this process may not give away. */
    pub gid: Option<u32>,
    pub link_target: &'a [u8],
    pub item: &'a Item,
    /** Digest for `%C`, if known. */
    pub sum: Option<&'a [u8]>,
    /** Full path for `%f`. */
    pub path: &'a [u8],
}

/// Whether the output or the log shows checksums of transfers, or counts their bytes, so that they must be computed.
pub fn wants_sums(settings: &Settings) -> bool {
    let logged = settings.log_file_format.as_deref().filter(|_| logs(settings));
    let formats = [settings.out_format.as_deref(), logged].into_iter().flatten().map(Format::new);
    formats.flatten().any(|format| format.has(b'C') || format.has(b'b'))
}

/// Prints items. One per process side; the side that is the client (or logs to a file) prints, others do nothing.
///
/// Before protocol 29 a client that sends learns of nothing but transfers. There the server reports the rest, as information:
/// deletions, and names with `-v`.
pub struct Reporter {
    session: Arc<Session>,
    context: Context,
    format: Option<Format>,
    /// The format of what is not transferred.
    still: Option<Format>,
    /// The format shows what differs, so that items whose attributes differ are worth a line.
    itemizes: bool,
    /// Deletions are lines of their own.
    deletions: Option<Format>,
    /// Lines about items for the log file.
    log_format: Option<Format>,
    /// Lines about deletions for the log file.
    log_deletions: Option<Format>,
    /// Names as a daemon logs them when its client is verbose.
    plain: Option<Format>,
    /// Transfers are reported here.
    transfers: bool,
    progress: Option<Progress>,
    /// The first index and the length of each list so far.
    lists: Vec<(i32, usize)>,
    complete: bool,
    current: i32,
    /// The item's line is printed before its data moves.
    early: bool,
    asked: Option<Arc<AtomicBool>>,
    failure: Option<Error>,
}

impl Reporter {
    /// The reporter of a server, if the protocol leaves it something to report, or a daemon logs transfers.
    pub fn of_server(session: &Arc<Session>) -> Option<Arc<Mutex<Reporter>>> {
        let settings = &session.settings;
        let any =
            helps(session) || logs(settings) || (has_own_log(settings) && settings.info.name > 0);
        any.then(|| Arc::new(Mutex::new(Reporter::new(session.clone()))))
    }

    /// For one side of a session. A server's prints nothing but what its client cannot know.
    pub fn new(session: Arc<Session>) -> Self {
        let settings = &session.settings;
        let helps = helps(&session);
        let shows = (!settings.am_server || helps) && !settings.list_only && !settings.quiet;
        let mut failure = None;
        let typed = settings.out_format.as_deref().map(Format::new);
        let typed = typed.and_then(|parsed| parsed.map_err(|e| failure = Some(e)).ok());
        let itemizes = typed.as_ref().is_some_and(|format| format.has(b'i'));
        let mut format = typed.filter(|_| shows);
        let mut deletions = match &format {
            Some(format) if format.has(b'i') || format.has(b'o') => Some(format.clone()),
            None if !shows || settings.info.del == 0 => None,
            _ => Format::new(b"deleting %n").ok(),
        };
        let names = (settings.info.name > 0).then(|| Format::new(b"%n%L").ok()).flatten();
        if helps {
            // What a client passes on of its format names nothing.
            let nameless = |f: &Format| !f.has(b'n') && !f.has(b'f');
            if deletions.as_ref().is_some_and(nameless) {
                let typed = settings.out_format.as_deref().unwrap_or_default();
                deletions = Format::new(&[typed, b" %n"].concat()).ok();
            }
            format.clone_from(&names);
        }
        // Before protocol 29 a format is for transfers, unless it itemizes.
        let still = match (session.protocol.has_item_flags(), itemizes) {
            // A batch of that time says nothing of what was not transferred.
            (false, true) if settings.read_batch.is_some() => None,
            (true, _) | (_, true) => format.clone(),
            (false, false) => names.filter(|_| shows),
        };
        let logs = logs(settings);
        let typed = settings.log_file_format.as_deref().unwrap_or(logfile::DEFAULT_FORMAT);
        let log_format = match Format::new(typed) {
            Ok(format) if logs && !typed.is_empty() => Some(format),
            Ok(_) => None,
            Err(e) => {
                failure.get_or_insert(e);
                None
            }
        };
        let log_deletions = match &log_format {
            _ if settings.dry_run => None,
            Some(format) if !format.has(b'i') && !format.has(b'o') => {
                Format::new(b"deleting %n").ok()
            }
            format => format.clone(),
        };
        let level = if settings.am_server { 0 } else { settings.info.progress };
        // That of the whole run ends with a line, even if it only lists.
        let progresses = if level > 1 { !settings.quiet } else { shows && level > 0 };
        let progress = progresses.then(|| Progress::new(level, settings.human));
        let early = settings.dry_run || format.as_ref().is_none_or(|f| !f.waits_for_transfer());
        Reporter {
            context: Context::of(&session),
            format,
            still,
            itemizes,
            deletions,
            log_format,
            log_deletions,
            plain: (!settings.am_sender && (has_own_log(settings) || settings.log_file.is_some()))
                .then(|| Format::new(b"%n%L").ok())
                .flatten(),
            transfers: !helps,
            progress,
            lists: Vec::new(),
            complete: !session.inc_recurse,
            current: 0,
            early,
            asked: None,
            failure,
            session,
        }
    }

    /// A list of `count` items whose first has index `first` is part of the transfer, for the counts of progress lines.
    pub fn list_added(&mut self, first: i32, count: usize) {
        if self.progress.is_some() || self.asked.is_some() {
            self.lists.push((first, count));
        }
    }

    /// No further lists will come.
    pub fn lists_complete(&mut self) {
        self.complete = true;
    }

    /// When `asked` becomes true, a run without progress lines shows one at the end of the current file.
    pub fn show_when_asked(&mut self, asked: Arc<AtomicBool>) {
        self.asked = Some(asked);
    }

    /// An item without transfer (created, changed locally, unchanged under -ii/-vv).
    pub fn item(&mut self, e: &ItemEvent<'_>) {
        let flags = e.item.flags;
        if flags.has(ItemFlags::TRANSFER) {
            return self.transfer_begins(e);
        }
        let settings = &self.session.settings;
        let matters = significant(flags);
        let names_a_link = e.item.xname.as_ref().is_some_and(|name| !name.is_empty());
        let unchanged = settings.itemize > 1 || settings.info.name >= 2;
        let itemized = self.itemizes && (matters || unchanged);
        let named =
            matters && (flags.has(ItemFlags::LOCAL_CHANGE) || is(e.mode, listing::DIRECTORY));
        let log_columns = self.log_format.as_ref().is_some_and(|format| format.has(b'i'));
        // A server decides by the format of its log alone what a line is worth.
        let served = settings.am_server && log_columns;
        let unlogged = settings.am_server && (settings.dry_run || !log_columns);
        // A new directory that gets no attributes is not worth a line to a daemon, or before protocol 29.
        let old = !self.session.protocol.has_item_flags();
        let undressed = flags.has(ItemFlags::IS_NEW)
            && is(e.mode, listing::DIRECTORY)
            && !(settings.perms || (settings.times && !settings.omit_dir_times));
        let told = settings.info.name > 0 && (self.transfers || !settings.dry_run);
        // Before protocol 29 they are named by what is said of them.
        let by_name = told && !log_columns && (names_a_link || named) && !undressed;
        let named = named && (settings.dry_run || !old || !undressed);
        let logged = match old && !settings.am_server {
            true => self.itemizes && log_columns,
            false => matters || names_a_link || log_columns,
        };
        if by_name && (settings.am_server || !old) {
            let line = self.plain.as_ref().map(|format| {
                format.expand(&self.context, self.context.operation(), e, Moved::default())
            });
            if let Some(line) = line {
                self.log(line);
            }
        }
        // Before protocol 29 a daemon that itemizes in its log does not name what only gets other attributes.
        if served && !self.transfers && !flags.has(ItemFlags::LOCAL_CHANGE) && is(e.mode, REGULAR) {
            return self.log_item(e, Moved::default());
        }
        if names_a_link || itemized || named || (served && (matters || unchanged)) {
            self.print_still(e, old && !self.itemizes);
            if !unlogged && logged {
                self.log_item(e, Moved::default());
            }
        }
    }

    /// A transfer is about to move data (prints now, unless the format needs after-transfer values).
    pub fn transfer_begins(&mut self, e: &ItemEvent<'_>) {
        self.current = e.place;
        let settings = &self.session.settings;
        if !self.transfers || (settings.am_server && !settings.dry_run) {
            return;
        }
        let asks = settings.asks_for_data();
        let waits = !settings.dry_run && !settings.am_sender && e.len > 0;
        if settings.dry_run {
            // Nothing will be known later; the sum of what was not read is shown as zeros.
            let zeros = vec![0; self.context.sum_len];
            let sum = e.sum.or((!settings.checksum && is(e.mode, REGULAR)).then_some(&zeros));
            self.print(&ItemEvent { sum, ..*e }, Moved::default());
            if !asks && self.progress.as_ref().is_some_and(Progress::whole_run) {
                self.end_line(e.len, false);
            }
        } else if self.early {
            self.print(e, Moved::default());
        } else if settings.info.name > 0 && settings.info.progress == 1 && self.progress.is_some() {
            // The line that comes after the data does not say whose progress this is.
            self.session.log.line(Class::Client, e.name);
        }
        if waits {
            // A receiver waits for the data, and shows that it does.
            self.progress(0, e.len);
        }
    }

    /// Data of the current file so far (`--progress`), out of `total`.
    pub fn progress(&mut self, done: u64, total: u64) {
        let Some(progress) = &mut self.progress else { return };
        let (mut done, mut size) = (done, total);
        if progress.whole_run() {
            let stats = &self.session.stats;
            let before = stats.transferred_size.value().saturating_sub(total);
            (done, size) = (before.saturating_add(done), stats.total_size.value());
        }
        if let Some(line) = progress.update(done, size, Instant::now(), visible) {
            self.session.log.sink().progress(line.as_bytes());
        }
    }

    /// All data of the current file have gone by, wherever they went.
    pub fn data_ends(&mut self, e: &ItemEvent<'_>) {
        if !self.session.settings.asks_for_data() || !self.transfers {
            return;
        }
        self.current = e.place;
        if self.progress.is_some() {
            self.end_line(e.len, false);
        } else if self.asked.as_ref().is_some_and(|asked| asked.swap(false, Ordering::Relaxed)) {
            self.answer(e);
        }
    }

    /// The transfer ended; `moved` data bytes and `sum_bytes` checksum bytes for `%b`, `%c`.
    pub fn transfer_ends(&mut self, e: &ItemEvent<'_>, moved: u64, sum_bytes: u64) {
        if self.session.settings.dry_run {
            return;
        }
        self.current = e.place;
        let moved = Moved { data: moved, sums: sum_bytes };
        if self.transfers && !self.early {
            self.print(e, moved);
        }
        self.log_item(e, moved);
    }

    /// A deletion that the peer reports (MSG_DELETED), which does not tell more.
    pub fn deleted(&mut self, name: &[u8], is_dir: bool) {
        self.deleted_entry(name, if is_dir { listing::DIRECTORY } else { REGULAR }, name);
    }

    /// A deletion of this side; `path` is for `%f`.
    pub fn deleted_entry(&mut self, name: &[u8], mode: u32, path: &[u8]) {
        let item = Item::default();
        let e = ItemEvent {
            place: -1,
            name,
            mode,
            len: 0,
            mtime: 0,
            uid: 0,
            gid: Some(0),
            link_target: b"",
            item: &item,
            sum: None,
            path,
        };
        let expand =
            |format: &Format| format.expand(&self.context, Operation::Delete, &e, Moved::default());
        let shown = self.deletions.as_ref().map(expand);
        let logged = self.log_deletions.as_ref().map(expand);
        if let Some(line) = shown {
            self.show(line);
        }
        if let Some(line) = logged {
            self.log(line);
        }
    }

    /// Ends the progress of the whole run, when everything went well.
    pub fn finish(&mut self) {
        if self.progress.as_ref().is_some_and(Progress::whole_run) {
            self.current = i32::MAX;
            self.complete = true;
            self.end_line(0, true);
            self.progress = None;
        }
    }

    /// The error that ended the printing of items, if any; it ends the run as well.
    pub fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    fn print(&mut self, e: &ItemEvent<'_>, moved: Moved) {
        if let Some(format) = &self.format {
            let line = format.expand(&self.context, self.context.operation(), e, moved);
            self.show(line);
        }
    }

    /// The line of what is not transferred; as `information` it is logged, too.
    fn print_still(&mut self, e: &ItemEvent<'_>, information: bool) {
        let Some(format) = &self.still else { return };
        let line = format.expand(&self.context, self.context.operation(), e, Moved::default());
        match line {
            Ok(line) if information => self.session.log.info(line),
            line => self.show(line),
        }
    }

    fn log_item(&mut self, e: &ItemEvent<'_>, moved: Moved) {
        if let Some(format) = &self.log_format {
            let line = format.expand(&self.context, self.context.operation(), e, moved);
            self.log(line);
        }
    }

    fn show(&mut self, line: Result<Vec<u8>, Error>) {
        match line {
            Ok(line) => self.session.log.line(Class::Client, line),
            Err(e) => self.give_up(e),
        }
    }

    fn log(&mut self, line: Result<Vec<u8>, Error>) {
        match line {
            Ok(line) => self.session.log.sink().log_only(&line),
            Err(e) => self.give_up(e),
        }
    }

    fn give_up(&mut self, e: Error) {
        self.failure.get_or_insert(e);
        self.format = None;
        self.still = None;
        self.deletions = None;
        self.log_format = None;
        self.log_deletions = None;
    }

    /// The closing progress line of a file of `len` bytes, or of the run.
    fn end_line(&mut self, len: u64, over: bool) {
        let standing = self.standing();
        let Some(progress) = &mut self.progress else { return };
        let stats = &self.session.stats;
        let now = Instant::now();
        let line = match progress.whole_run() {
            true => {
                let (done, size) = (stats.transferred_size.value(), stats.total_size.value());
                progress.end_at(done, size, standing, over, now)
            }
            false => progress.end(len, standing, over, now),
        };
        self.session.log.sink().progress(line.as_bytes());
    }

    /// The user asked (by a signal) how far the run is.
    fn answer(&mut self, e: &ItemEvent<'_>) {
        if self.session.settings.info.name == 0 {
            self.session.log.line(Class::Client, e.name);
        }
        let began = self.session.started;
        let mut progress = Progress::new(2, self.session.settings.human);
        let stats = &self.session.stats;
        let (done, size) = (stats.transferred_size.value(), stats.total_size.value());
        // The rate is that of the whole run.
        let _first = progress.update(0, size, began, || false);
        let line = progress.end_at(done, size, self.standing(), true, Instant::now());
        self.session.log.sink().progress(line.as_bytes());
    }

    fn standing(&self) -> Standing {
        let stats = &self.session.stats;
        let counted = [&stats.files, &stats.dirs, &stats.links, &stats.devices, &stats.specials];
        let total = match self.lists.is_empty() {
            true => counted.iter().map(|n| n.value()).sum(),
            false => self.lists.iter().map(|&(_, count)| count as u64).sum(),
        };
        // Between the indexes of two lists is a gap of one.
        let earlier = self.lists.partition_point(|&(first, _)| first <= self.current);
        let base = self.lists.first().map_or(0, |&(first, _)| i64::from(first));
        let gaps = earlier.saturating_sub(1) as i64;
        let index = (i64::from(self.current) - base - gaps).max(0) as u64;
        let index = index.min(u64::saturating_sub(total, 1));
        let transfers = stats.transferred_files.value();
        Standing { transfers, index, total, complete: self.complete }
    }
}

/// Whether this is a server whose client cannot report what happens here.
fn helps(session: &Session) -> bool {
    let settings = &session.settings;
    settings.am_server && !settings.am_sender && !session.protocol.has_item_flags()
}

/// Whether this is a server with a log of its own: a daemon's, or the log file that it was asked for.
fn has_own_log(settings: &Settings) -> bool {
    settings.am_daemon || (settings.am_server && settings.log_file.is_some())
}

/// Whether items are logged: to a log file, or to a daemon's log.
fn logs(settings: &Settings) -> bool {
    let daemon = settings.served.is_some() && settings.log_file_format.is_some();
    (daemon || settings.log_file.is_some()) && !settings.list_only
}

/// Whether a line that will be overwritten is worth printing: not when it would come from the background.
fn visible() -> bool {
    let out = std::io::stdout();
    !out.is_terminal() || platform::in_foreground(&out)
}

#[cfg(test)]
mod tests;
