//! The sender: scan, file list, requests, frames.
//!
//! One loop serves every kind of session. Without incremental recursion there is one list, built
//! before the first request is read; with it lists are sent ahead of the requests, a directory
//! each, and forgotten when the receiving side is done with them.

mod args;
mod data;
mod end;
mod file;
mod list;
mod names;
mod remove;
mod scan;
mod serve;
mod source;
mod tree;
mod xattrs;

use crate::{
    Error, ExitCode, Session,
    conn::{Messages, Reader, Writer},
    flist::{Lists, Live, trace},
    log::{Class, Log, Role},
    messages::{self, Common},
    report::Reporter,
};
use fast_io::{RecvHalf, SendHalf};
use file::FileSender;
use list::Lister;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::Instant,
};
use tree::Tree;
use wire::{
    mux::{Message, Tag},
    ndx::{NdxDecoder, NdxEncoder},
};

/// What the sender is given.
pub struct SendJob {
    /// Source arguments as typed (host part removed).
    pub args: Vec<Vec<u8>>,
    /// Names from `--files-from`, if any.
    pub files_from: Option<crate::files_from::Names>,
    /// The user's rules, as the sender sees them.
    pub filters: filters::FilterList,
    /// A daemon's rules, consulted first.
    pub daemon_filters: Option<filters::FilterList>,
    /// Opens per-directory merge files.
    pub loader: crate::rules::FsLoader,
    /// Prints items, on a client.
    pub reporter: Option<Arc<Mutex<Reporter>>>,
}

/// Entries that are sent ahead of the requests.
const AHEAD: u64 = 1000;
/// Entries that may be sent ahead while there is nothing else to do.
const IDLE_AHEAD: u64 = 10_000;

/// rsync's sender shows as the list's size what of its first list has left a buffer of this size by the time it is complete:
/// nothing of most lists.
const SHOWN: u64 = 65536;

/// Runs the sender from the file list to the goodbye.
///
/// # Errors
/// What ended the session early. Files that cannot be sent are no errors: they count in the
/// session's status.
pub fn run<R: RecvHalf, W: SendHalf>(
    session: &Arc<Session>,
    reader: &mut Reader<R>,
    writer: &mut Writer<W>,
    job: SendJob,
) -> Result<(), Error> {
    let SendJob { args, files_from, filters, daemon_filters, loader, reporter } = job;
    let confirmed = Arc::new(Mutex::new(Vec::new()));
    reader.set_messages(Box::new(SenderMessages {
        common: Common::new(session.clone(), reporter.clone(), Role::Sender),
        confirmed: confirmed.clone(),
    }));
    let mut sender = Sender {
        log: session.log.with_role(Role::Sender),
        lister: Lister::new(session, filters, daemon_filters, loader),
        tree: Tree::new(),
        lists: Lists::new(session.inc_recurse),
        ndx_in: NdxDecoder::new(session.protocol),
        ndx_out: NdxEncoder::new(session.protocol),
        files: FileSender::new(session),
        session: session.clone(),
        reader,
        writer,
        reporter,
        current: 0,
        requested: HashMap::new(),
        values_sent: HashMap::new(),
        confirmed,
        held: BTreeSet::new(),
    };
    sender.first_list(args, files_from)?;
    if session.settings.am_server && sender.lists.oldest().is_some_and(|l| l.segment.len() == 0) {
        // Nothing to transfer: the receiving side stops here too.
        sender.fill_ahead(AHEAD)?;
        return sender.writer.flush();
    }
    sender.serve()?;
    sender.goodbye()?;
    sender.remove_held()?;
    if let Some(reporter) = &sender.reporter {
        serve::lock(reporter).finish();
    }
    Ok(())
}

/// Control messages that reach a sender.
struct SenderMessages {
    common: Common,
    /// Indexes of files that the receiving side has, for `--remove-source-files`.
    confirmed: Arc<Mutex<Vec<i32>>>,
}

impl Messages for SenderMessages {
    fn message(&mut self, m: Message) -> Result<(), Error> {
        match self.common.handle(m)? {
            Some(Message::NoSend(_)) => Err(messages::unexpected(Tag::NoSend, 4)),
            Some(Message::Success(n)) => {
                self.confirmed.lock().unwrap_or_else(|e| e.into_inner()).push(n);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

struct Sender<'a, R, W> {
    session: Arc<Session>,
    log: Log,
    reader: &'a mut Reader<R>,
    writer: &'a mut Writer<W>,
    lister: Lister,
    tree: Tree,
    lists: Lists,
    ndx_in: NdxDecoder,
    ndx_out: NdxEncoder,
    files: FileSender,
    reporter: Option<Arc<Mutex<Reporter>>>,
    /// The index requested last.
    current: i32,
    /// For each live list (by its base), which of its files were requested: a second request is a
    /// redo.
    requested: HashMap<i32, Vec<u64>>,
    /// For each entry of the attribute table, the numbers of the values that were fetched.
    values_sent: HashMap<u32, Vec<u32>>,
    /// What [`SenderMessages`] gathered.
    confirmed: Arc<Mutex<Vec<i32>>>,
    /// What was confirmed and not removed yet: a request for values of its attributes may be on its way.
    held: BTreeSet<i32>,
}

impl<R: RecvHalf, W: SendHalf> Sender<'_, R, W> {
    /// Builds and sends the first list (the only one without incremental recursion).
    fn first_list(
        &mut self,
        args: Vec<Vec<u8>>,
        files_from: Option<crate::files_from::Names>,
    ) -> Result<(), Error> {
        let started = Instant::now();
        let session = self.session.clone();
        let settings = &session.settings;
        let shown = !settings.am_server && settings.info.flist > 0;
        let building = shown
            && !session.inc_recurse
            && (settings.dirs || settings.recurse || settings.files_from.is_some());
        if shown && session.inc_recurse {
            self.log.line(Class::Client, "sending incremental file list");
        } else if building {
            self.lister.show_count = settings.info.flist > 1;
            self.log.sink().message(Class::Client, b"building file list ... ");
        }
        self.lister.begin(self.lists.next_base());
        match files_from {
            Some(names) => self.add_names(args.first().map_or(b"", |a| a), names)?,
            None => {
                for arg in &args {
                    let arg = args::split(arg, settings.relative)?;
                    self.tree.add(&mut self.lister, arg, self.writer)?;
                }
            }
        }
        let count = self.lister.builder.len();
        if self.lister.show_count {
            let s = if count == 1 { "" } else { "s" };
            self.log.rest_of_line(format!("{count} file{s} to consider"));
            self.lister.show_count = false;
        } else if building {
            self.log.rest_of_line("done");
        }
        let built = Instant::now();
        session.stats.flist_build_ms.set((built - started).as_millis().max(1) as u64);
        let (live, message) = self.tree.close(&mut self.lister, None, self.writer)?;
        self.add_list(live);
        if let Some(message) = message {
            self.writer.message(&message)?;
        }
        session.stats.flist_shown.set(session.stats.flist_size.value() / SHOWN * SHOWN);
        if !session.inc_recurse {
            self.writer.flush()?;
        }
        session.stats.flist_xfer_ms.set(built.elapsed().as_millis() as u64);
        let level = settings.debug.flist;
        self.log.debug(level > 1, || "send_file_list done");
        self.log.debug(level > 2 && !session.inc_recurse, || "[sender] flist_eof=1");
        self.log.debug(level > 2, || "file list sent");
        Ok(())
    }

    /// Lists the names of a files-from list below the source argument `top`.
    fn add_names(&mut self, top: &[u8], names: crate::files_from::Names) -> Result<(), Error> {
        match self.lister.sources.add(top) {
            Ok(source) => self.lister.sources.enter_top(source, &self.log),
            Err(e) => {
                let path = self.lister.sources.quoted_typed(top);
                let text = [b"change_dir ", &path[..], b" failed"].concat();
                let line = crate::log::sys_error_line(Role::Sender, text, &e);
                return Err(Error::fatal(ExitCode::FILE_SELECT, line));
            }
        }
        let relative = self.session.settings.relative;
        for name in names {
            let name = name.map_err(|e| {
                let text = "safe_read failed to read 1 bytes";
                Error::fatal(
                    ExitCode::STREAM_IO,
                    crate::log::sys_error_line(Role::Sender, text, &e),
                )
            })?;
            let arg = tree::split_files_from(top, &name, relative)?;
            self.tree.add(&mut self.lister, arg, self.writer)?;
        }
        Ok(())
    }

    /// Sends one more list, or the mark that there are no more.
    fn send_list(&mut self) -> Result<(), Error> {
        let base = self.lists.next_base();
        let next = self.tree.next_list(&mut self.lister, base, &mut self.ndx_out, self.writer)?;
        if let Some((live, message)) = next {
            self.add_list(live);
            if let Some(message) = message {
                // Ahead of what is buffered: the earlier the receiver knows, the less it deletes.
                self.writer.message(&message)?;
            }
        }
        let ends = self.tree.finished() && self.session.inc_recurse;
        self.log.debug(ends && self.session.settings.debug.flist > 2, || "[sender] flist_eof=1");
        if self.tree.finished()
            && let Some(reporter) = &self.reporter
        {
            serve::lock(reporter).lists_complete();
        }
        self.writer.spill()
    }

    /// A list that was sent counts from now on.
    fn add_list(&mut self, live: Live) {
        if let Some(reporter) = &self.reporter {
            serve::lock(reporter).list_added(live.segment.base(), live.segment.len());
        }
        if self.session.settings.debug.flist > 2 {
            let sources = &self.lister.sources;
            trace::say(
                &self.log,
                &self.session,
                &live.segment,
                |e| sources.typed(e.source()),
                |_| true,
            );
        }
        self.lists.push(live);
    }

    /// Sends lists until `ahead` entries lie beyond the current one.
    fn fill_ahead(&mut self, ahead: u64) -> Result<(), Error> {
        while self.session.inc_recurse
            && !self.tree.finished()
            && (self.lists.is_empty() || self.lists.ahead_of(self.current) < ahead)
        {
            self.send_list()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
