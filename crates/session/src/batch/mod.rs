//! Batch files: a transfer that is recorded while it runs (`--write-batch`) and applied elsewhere later (`--read-batch`).
//!
//! A batch holds what the sender said. A client that sends records what it writes ([`Recorder`] in the [`crate::conn::Writer`]),
//! one that receives what it reads. Applying a batch is a pull whose sender is the file and whose requests nobody hears; what the
//! batch answers is then held against what this destination would have asked for (`receive::replay`).
mod script;

pub use script::Script;

use crate::{
    Error, ExitCode, Session, Settings,
    log::{Log, Role, sys_error_line},
    platform,
    settings::Append,
};
use fast_io::{FileRange, Lane, LinkKind, PlatformSendFile, Received, RecvHalf, SendHalf};
use fsroot::{
    operator::{LinkTrust, OpenHow, open_operator_file},
    text,
};
use std::{
    fs::File,
    io::{self, BufWriter, Read, Write},
    time::Duration,
};
use wire::batch::{BatchHeader, StreamFlags};

/// Bytes gathered before they are written to the batch.
const BUFFER: usize = 64 * 1024;

fn open(settings: &Settings, name: &[u8], how: OpenHow) -> io::Result<File> {
    if name.is_empty() {
        return Err(io::Error::from_raw_os_error(fsroot::Errno::INVAL.raw_os_error()));
    }
    let trust = match settings.insecure_links {
        true => LinkTrust::Insecure,
        false => LinkTrust::OwnerChecked,
    };
    open_operator_file(&text::path(name), how, trust)
}

/// A batch's name from the root on.
fn full(name: &[u8]) -> Vec<u8> {
    let mut path = Vec::new();
    if text::path(name).is_relative()
        && let Ok(here) = std::env::current_dir()
    {
        path.extend_from_slice(&text::shown(&here));
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

fn not_open(name: &[u8], e: &io::Error, code: ExitCode) -> Error {
    let text = [b"Batch file \"", &full(name)[..], b"\" open error"].concat();
    Error::fatal(code, sys_error_line(Role::ReceiverPresplit, text, e))
}

/// Makes the batch file and the script that applies it.
///
/// # Errors
/// Code 3 for the script, 11 for the batch.
pub fn create(settings: &Settings, name: &[u8], script: &[u8]) -> Result<File, Error> {
    let script_name = [name, b".sh"].concat();
    let unmade = |e: io::Error| not_open(&script_name, &e, ExitCode::FILE_SELECT);
    let mut file = open(settings, &script_name, OpenHow::Write { mode: 0o700 }).map_err(unmade)?;
    let made = open(settings, name, OpenHow::Write { mode: 0o600 });
    let made = made.map_err(|e| not_open(name, &e, ExitCode::FILE_IO))?;
    // A script is worth something only beside its batch.
    file.write_all(script).map_err(unmade)?;
    Ok(made)
}

/// Opens a batch to be applied; `-` is stdin.
///
/// # Errors
/// Code 11.
pub fn open_to_read(settings: &Settings, name: &[u8]) -> Result<BatchInput, Error> {
    if name == b"-" {
        return Ok(BatchInput { from: Box::new(io::stdin()), waits: true });
    }
    let file = open(settings, name, OpenHow::Read);
    let opened = file.and_then(|file| file.metadata().map(|m| (file, m.file_type())));
    let is_dir = |e: &io::Error| fsroot::is_errno(e, fsroot::Errno::ISDIR);
    let (file, kind) = match opened {
        Ok((file, kind)) if kind.is_file() || platform::is_fifo(kind) => (file, kind),
        Err(e) if !is_dir(&e) => return Err(not_open(name, &e, ExitCode::FILE_IO)),
        _ => {
            let text =
                [b"Batch file \"", &full(name)[..], b"\" is neither a regular file nor a FIFO"];
            return Err(Error::fatal(ExitCode::FILE_IO, text.concat()));
        }
    };
    Ok(BatchInput { from: Box::new(file), waits: !kind.is_file() })
}

/// The recording end of a batch file.
#[derive(Debug)]
pub struct Recorder {
    file: BufWriter<File>,
}

impl Recorder {
    /// Begins the recording of a session.
    ///
    /// # Errors
    /// Code 12, as for everything that cannot be written to a batch.
    pub fn begin(file: File, session: &Session) -> Result<Recorder, Error> {
        let mut recorder = Recorder { file: BufWriter::with_capacity(BUFFER, file) };
        let mut header = Vec::new();
        let (protocol, compat) = (session.protocol, session.compat);
        let seed = session.transfer_sum.seed;
        let flags = stream_flags(&session.settings);
        BatchHeader { flags, protocol, compat, seed }.encode(&mut header);
        recorder.record(&header)?;
        // A full disk shows before anything is transferred.
        recorder.flush()?;
        Ok(recorder)
    }

    /// Adds bytes of the stream.
    ///
    /// # Errors
    /// As for [`Self::begin`].
    pub fn record(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(|e| unwritten(bytes.len(), &e))
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    /// As for [`Self::begin`].
    pub fn flush(&mut self) -> Result<(), Error> {
        let waiting = self.file.buffer().len();
        self.file.flush().map_err(|e| unwritten(waiting, &e))
    }
}

fn unwritten(len: usize, e: &io::Error) -> Error {
    let text = format!("safe_write failed to write {len} bytes to batch file");
    Error::fatal(ExitCode::STREAM_IO, sys_error_line(Role::ReceiverPresplit, text, e))
}

/// The flags of the options that change the stream.
fn stream_flags(s: &Settings) -> StreamFlags {
    let set = [
        (StreamFlags::RECURSE, s.recurse),
        (StreamFlags::OWNER, s.owner),
        (StreamFlags::GROUP, s.group),
        (StreamFlags::LINKS, s.links),
        (StreamFlags::DEVICES, s.devices),
        (StreamFlags::HARD_LINKS, s.hard_links),
        (StreamFlags::CHECKSUM, s.checksum),
        (StreamFlags::DIRS, s.dirs),
        (StreamFlags::COMPRESS, s.compress),
        (StreamFlags::ICONV, s.iconv.is_some()),
        (StreamFlags::ACLS, s.acls),
        (StreamFlags::XATTRS, s.xattrs > 0),
        (StreamFlags::INPLACE, s.inplace),
        (StreamFlags::APPEND, s.append == Append::Append),
        (StreamFlags::APPEND_VERIFY, s.append == Append::Verify),
    ];
    StreamFlags(set.into_iter().filter(|(_, on)| *on).fold(0, |all, (bit, _)| all | bit))
}

/// The same options with their names, in the order of the messages.
const NAMES: [(u32, &str); 15] = [
    (StreamFlags::RECURSE, "--recurse (-r)"),
    (StreamFlags::OWNER, "--owner (-o)"),
    (StreamFlags::GROUP, "--group (-g)"),
    (StreamFlags::LINKS, "--links (-l)"),
    (StreamFlags::DEVICES, "--devices (-D)"),
    (StreamFlags::HARD_LINKS, "--hard-links (-H)"),
    (StreamFlags::CHECKSUM, "--checksum (-c)"),
    (StreamFlags::DIRS, "--dirs (-d)"),
    (StreamFlags::COMPRESS, "--compress (-z)"),
    (StreamFlags::ICONV, "--iconv"),
    (StreamFlags::ACLS, "--acls (-A)"),
    (StreamFlags::XATTRS, "--xattrs (-X)"),
    (StreamFlags::INPLACE, "--inplace"),
    (StreamFlags::APPEND, "--append"),
    (StreamFlags::APPEND_VERIFY, "--append-verify"),
];

/// Changes the options of this run to those of the batch where the stream depends on them.
///
/// # Errors
/// Code 1 for `--iconv`, which cannot be changed.
pub fn match_options(
    settings: &mut Settings,
    header: &BatchHeader,
    log: &Log,
) -> Result<(), Error> {
    let (flags, known) = (header.flags, StreamFlags::known(header.protocol));
    let own = stream_flags(settings);
    for (bit, name) in NAMES.into_iter().filter(|(bit, _)| known & bit != 0) {
        let on = flags.has(bit);
        // As rsync: `-r` and `-d` are not quite what a batch says, nor is what is counted.
        let alike = match bit {
            StreamFlags::RECURSE => !settings.recurse_given,
            StreamFlags::DIRS => !settings.dirs_given,
            StreamFlags::HARD_LINKS => !settings.hard_links_again,
            StreamFlags::XATTRS => settings.xattrs < 2,
            _ => true,
        };
        if alike && on == own.has(bit) {
            continue;
        }
        if bit == StreamFlags::ICONV {
            let article = if on { "Please specify the" } else { "Do not specify the" };
            let text = format!("{article} --iconv option to use this batch file.");
            return Err(Error::fatal(ExitCode::SYNTAX, text));
        }
        if settings.info.misc > 0 {
            let verb = if on { "Setting" } else { "Clearing" };
            log.info(format!("{verb} the {name} option to match the batchfile."));
        }
    }
    let set = |bit: u32, on: &mut bool| {
        if known & bit != 0 {
            *on = flags.has(bit);
        }
    };
    set(StreamFlags::RECURSE, &mut settings.recurse);
    set(StreamFlags::OWNER, &mut settings.owner);
    set(StreamFlags::GROUP, &mut settings.group);
    set(StreamFlags::LINKS, &mut settings.links);
    set(StreamFlags::DEVICES, &mut settings.devices);
    set(StreamFlags::HARD_LINKS, &mut settings.hard_links);
    set(StreamFlags::CHECKSUM, &mut settings.checksum);
    set(StreamFlags::DIRS, &mut settings.dirs);
    set(StreamFlags::COMPRESS, &mut settings.compress);
    set(StreamFlags::ACLS, &mut settings.acls);
    set(StreamFlags::INPLACE, &mut settings.inplace);
    if known & StreamFlags::XATTRS != 0 {
        settings.xattrs = match flags.has(StreamFlags::XATTRS) {
            true => settings.xattrs.max(1),
            false => 0,
        };
        settings.append = match flags {
            _ if flags.has(StreamFlags::APPEND_VERIFY) => Append::Verify,
            _ if flags.has(StreamFlags::APPEND) => Append::Append,
            _ => Append::Off,
        };
    }
    Ok(())
}

/// The reading half of a link whose other end is a batch.
pub struct BatchInput {
    from: Box<dyn Read + Send>,
    /// It may be a pipe, which one has to wait for.
    waits: bool,
}

impl RecvHalf for BatchInput {
    fn recv(&mut self, buf: &mut [u8], _timeout: Option<Duration>) -> io::Result<Received> {
        loop {
            match self.from.read(buf) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => return other.map(Received::Bytes),
            }
        }
    }

    fn ready(&mut self) -> io::Result<bool> {
        Ok(!self.waits)
    }
}

/// The writing half of the same link: nobody hears what is said.
pub struct Unheard;

impl PlatformSendFile for Unheard {
    fn send_file(
        &mut self,
        head: &[u8],
        range: &FileRange,
        _timeout: Option<Duration>,
    ) -> io::Result<u64> {
        Ok(head.len() as u64 + range.len)
    }

    fn method(&self) -> Lane {
        Lane::ReadWrite
    }

    fn link(&self) -> LinkKind {
        LinkKind::Memory
    }
}

impl SendHalf for Unheard {
    fn send(&mut self, buf: &[u8], _timeout: Option<Duration>) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }
}
