//! The names of a `--files-from` list: reading them from a file, forwarding them to the peer's sender, receiving them
//! (WIRE.md, Files-from).

use crate::{
    Error, ExitCode, Session,
    charset::Charset,
    conn::{Reader, Writer},
    log::{Role, named, reason},
    operator::Trust,
    rules::{open_in_module, stdin_is_read},
    settings::Settings,
};
use fast_io::{RecvHalf, SendHalf};
use fsroot::text;
use std::{
    io::{self, BufRead, BufReader, Read},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

/// Longest files-from name; what is longer is cut, as every rsync does.
const MAX_NAME: usize = wire::limits::MAX_PATH - 1;

/// The names of a files-from list.
pub type Names = Box<dyn Iterator<Item = io::Result<Vec<u8>>> + Send>;

/// A files-from list that is open for reading.
pub type OpenList = Box<dyn BufRead + Send>;

/// Opens the files-from list of this host.
///
/// # Errors
/// Code 1 if it cannot be opened, 4 in a daemon; 11 if it is the standard input and rules were read from there.
pub fn open(settings: &Settings, path: &[u8]) -> Result<OpenList, Error> {
    if path == b"-" {
        // An empty list would be taken for what was asked for.
        if stdin_is_read() {
            let text = "rsync: --files-from=-: filter rules have been read from standard input";
            return Err(Error::fatal(ExitCode::FILE_IO, text));
        }
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
            let after = format!(": {}", reason(&e));
            let text = named("rsync: failed to open files-from file ", path, &after);
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
pub fn forward<R: RecvHalf, W: SendHalf>(
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
    let sent = thread::scope(|scope| {
        let send = || {
            let sent = send_names(session, from, requested, writer);
            done.store(true, Ordering::Release);
            sent
        };
        let sending = thread::Builder::new().spawn_scoped(scope, send);
        let sending = sending.map_err(|e| Error::no_thread(Role::Client, &e))?;
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
pub fn receive<R: RecvHalf>(session: &Session, reader: &mut Reader<R>) -> Result<Names, Error> {
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
