//! The receiving side against a scripted sender, honest and not.

use super::*;
use crate::{
    Settings,
    conn::Activity,
    log::{Class, Log, Sink},
    report::testing,
    rules::FsLoader,
    session::Status,
    settings::DeleteTiming,
};
use delta::checksum::{Checksum, FileHasher, SumSpec};
use fast_io::memory::{MemoryReader, MemoryWriter, channel};
use std::{fs, path::Path, thread::JoinHandle, time::SystemTime};
use tempfile::TempDir;
use wire::{
    Protocol,
    compat::CompatFlags,
    flist::{Extras, FileEntry, FlistEncoder},
    item::{Item, ItemFlags as F},
    mux::{FrameHeader, Message, Tag},
    ndx::{self, NdxDecoder, NdxEncoder},
    sums::SumHead,
};

const MD5: SumSpec = SumSpec { algo: Checksum::Md5, seed: 0, legacy_md4: false, seed_last: false };

/// Remembers what was said.
#[derive(Default)]
struct Said(Mutex<String>);

impl Sink for Said {
    fn message(&self, _: Class, text: &[u8]) {
        self.0.lock().unwrap().push_str(&String::from_utf8_lossy(text));
    }
}

/// Deletions and texts are not what the script looks at.
struct Ignored;

impl crate::conn::Messages for Ignored {
    fn message(&mut self, _: Message) -> Result<(), Error> {
        Ok(())
    }
}

/// What a test asks for.
struct Setup {
    dest: TempDir,
    settings: Settings,
    protocol: u32,
    inc: bool,
    requested: Option<filters::RequestedNames>,
    delete: Option<DeleteTiming>,
}

impl Setup {
    fn new() -> Setup {
        let settings = Settings {
            am_server: true,
            recurse: true,
            links: true,
            perms: true,
            times: true,
            ..Settings::default()
        };
        let dest = tempfile::tempdir().unwrap();
        Setup { dest, settings, protocol: 32, inc: false, requested: None, delete: None }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dest.path().join(name)
    }

    fn start(&self) -> Script {
        let said = Arc::new(Said::default());
        let protocol = Protocol::new(self.protocol).unwrap();
        let compat = CompatFlags::SAFE_FLIST | CompatFlags::VARINT_FLIST_FLAGS;
        let status = Arc::new(Status::default());
        let activity = Arc::new(Activity::new(0));
        let (session, _page) = testing::session(self.protocol, self.settings.clone());
        let session = Arc::new(Session {
            compat: CompatFlags(if protocol.has_varints() { compat } else { 0 }),
            inc_recurse: self.inc,
            transfer_sum: MD5,
            delete: self.delete,
            status: status.clone(),
            log: Log::new(said.clone(), Role::ReceiverPresplit),
            activity: activity.clone(),
            ..session
        });
        let (from_script, to_receiver) = channel();
        let (from_receiver, to_script) = channel();
        let mut reader = Reader::new(from_script, activity.clone());
        reader.set_framed(true);
        let mut writer = Writer::new(to_script, activity.clone());
        writer.set_framed(true);
        let job = ReceiveJob {
            dest: Some(self.dest.path().as_os_str().as_encoded_bytes().to_vec()),
            filters: filters::FilterList::new(),
            daemon_filters: None,
            loader: FsLoader::new(&self.settings),
            sender_filters: None,
            requested: self.requested.clone(),
            reporter: None,
        };
        let format = crate::flist::format(&session);
        let running = session.clone();
        let run = std::thread::spawn(move || {
            let (result, left) = run(&running, reader, writer, job);
            // As the caller does, who tells the peer and closes.
            drop(left.writer);
            result
        });
        let mut reader = Reader::new(from_receiver, activity.clone());
        reader.set_framed(true);
        reader.set_messages(Box::new(Ignored));
        Script {
            run,
            said,
            status,
            reader,
            writer: to_receiver,
            flist: FlistEncoder::new(format),
            out: NdxEncoder::new(protocol),
            inn: NdxDecoder::new(protocol),
            protocol,
        }
    }
}

/// The sender's end.
struct Script {
    run: JoinHandle<Result<(), Error>>,
    said: Arc<Said>,
    status: Arc<Status>,
    reader: Reader<MemoryReader>,
    writer: MemoryWriter,
    flist: FlistEncoder,
    out: NdxEncoder,
    inn: NdxDecoder,
    protocol: Protocol,
}

fn file(name: &str, content: &[u8]) -> FileEntry {
    FileEntry {
        name: name.into(),
        len: content.len() as u64,
        mtime: 1_000_000,
        mode: 0o100644,
        ..FileEntry::default()
    }
}

fn dir(name: &str) -> FileEntry {
    FileEntry { name: name.into(), mtime: 2_000_000, mode: 0o040755, ..FileEntry::default() }
}

impl Script {
    fn send(&mut self, bytes: &[u8]) {
        use fast_io::SendHalf;
        let head = FrameHeader::encode(Tag::Data, bytes.len());
        // A receiver that has given up is what some tests are about.
        let _gone = self.writer.send(&[&head[..], bytes].concat(), None);
    }

    fn message(&mut self, m: &Message) {
        use fast_io::SendHalf;
        let mut bytes = Vec::new();
        m.encode(&mut bytes);
        let _gone = self.writer.send(&bytes, None);
    }

    fn list(&mut self, base: u32, entries: &[FileEntry]) {
        let mut bytes = Vec::new();
        self.flist.begin(base);
        for e in entries {
            self.flist.encode(e, Extras::default(), &mut bytes);
        }
        self.flist.end(0, &mut bytes);
        // No owner or group is kept, so no id lists follow.
        self.send(&bytes);
    }

    fn ndx(&mut self, n: i32) {
        let mut bytes = Vec::new();
        self.out.encode(n, &mut bytes);
        self.send(&bytes);
    }

    fn item(&mut self, n: i32, flags: u16) {
        let mut bytes = Vec::new();
        self.out.encode(n, &mut bytes);
        let item = Item { flags: F(flags), basis: wire::item::basis::DEST, xname: None };
        item.encode(self.protocol, &mut bytes);
        self.send(&bytes);
    }

    /// The next index from the generator, with flags and sum head (sums skipped) of a transfer.
    fn request(&mut self) -> (i32, u16, SumHead) {
        let n = self.index();
        if n < 0 {
            return (n, 0, SumHead::default());
        }
        let p = self.protocol;
        let item = self.reader.read(|c| Item::decode(p, c)).unwrap();
        let mut head = SumHead::default();
        if item.flags.has(F::TRANSFER) {
            head = self.reader.read(|c| SumHead::decode(p, 16, u64::MAX, c)).unwrap();
            for _ in 0..head.count {
                self.reader.read(|c| head.decode_sum(c).map(|_| ())).unwrap();
            }
        }
        (n, item.flags.0, head)
    }

    fn index(&mut self) -> i32 {
        let inn = &mut self.inn;
        self.reader.read(|c| inn.decode(c)).unwrap()
    }

    /// Reads items up to a request for data, echoing them.
    fn transfer_request(&mut self) -> (i32, u16, SumHead) {
        loop {
            let (n, flags, head) = self.request();
            if n == ndx::DONE {
                // A list without anything to be done.
                self.ndx(n);
                continue;
            }
            assert!(n >= 0, "a request, not {n}");
            if flags & F::TRANSFER != 0 {
                return (n, flags, head);
            }
            self.item(n, flags);
        }
    }

    fn data(&mut self, head: &SumHead, literal: &[u8], sum: &[u8]) {
        let mut bytes = Vec::new();
        head.encode(&mut bytes);
        if !literal.is_empty() {
            bytes.extend((literal.len() as i32).to_le_bytes());
            bytes.extend(literal);
        }
        bytes.extend(0i32.to_le_bytes());
        bytes.extend(sum);
        self.send(&bytes);
    }

    /// Echoes everything up to the goodbye.
    fn finish(mut self) -> (Result<(), Error>, Arc<Said>, Arc<Status>) {
        let mut dones = if self.protocol.has_error_exit() { 4 } else { 3 };
        while dones > 0 {
            match self.request() {
                (ndx::DONE, ..) => {
                    dones -= 1;
                    self.ndx(ndx::DONE);
                }
                (ndx::DEL_STATS, ..) => {
                    self.reader.read(wire::stats::DeleteStats::decode).unwrap();
                }
                (n, flags, _) => self.item(n, flags),
            }
        }
        assert_eq!(self.index(), ndx::DONE, "the goodbye");
        let Script { run, said, status, .. } = self;
        (run.join().unwrap(), said, status)
    }

    fn error(self) -> Error {
        let Script { run, .. } = self;
        run.join().unwrap().expect_err("the session must fail")
    }
}

fn md5(data: &[u8]) -> Vec<u8> {
    let spec = MD5;
    let mut h = FileHasher::transfer(&spec);
    h.update(data);
    h.finish().as_bytes().to_vec()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Whole seconds since 1970.
fn mtime(path: &Path) -> u64 {
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    modified.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn a_file_arrives() {
    let setup = Setup::new();
    let mut s = setup.start();
    s.list(0, &[file("f", b"hello")]);
    let (n, flags, head) = s.transfer_request();
    assert_eq!((n, flags), (0, F::TRANSFER | F::IS_NEW));
    s.item(n, flags);
    s.data(&head, b"hello", &md5(b"hello"));
    let (result, _, status) = s.finish();
    result.unwrap();
    assert_eq!(status.exit_code(), ExitCode::OK);
    assert_eq!(fs::read(setup.path("f")).unwrap(), b"hello");
    assert_eq!(mtime(&setup.path("f")), 1_000_000);
    #[cfg(unix)]
    {
        let meta = fs::metadata(setup.path("f")).unwrap();
        assert_eq!(std::os::unix::fs::MetadataExt::mode(&meta) & 0o7777, 0o644);
    }
    assert_eq!(names(setup.dest.path()), ["f"]);
}

#[test]
fn a_wrong_checksum_is_tried_twice_and_the_old_file_stays() {
    let mut setup = Setup::new();
    setup.settings.info.name = 1;
    fs::write(setup.path("f"), b"old").unwrap();
    let mut s = setup.start();
    s.list(0, &[file("f", b"hello")]);
    let (n, flags, head) = s.transfer_request();
    s.item(n, flags);
    s.data(&head, b"hellO", &md5(b"hello"));
    // The first pass ends before the second attempt.
    assert_eq!(s.index(), ndx::DONE);
    s.ndx(ndx::DONE);
    let (n, flags, head) = s.transfer_request();
    assert_eq!((n, head.s2length), (0, 16), "full sums the second time");
    s.item(n, flags);
    s.data(&head, b"hellO", &md5(b"hello"));
    for _ in 0..3 {
        while s.index() != ndx::DONE {}
        s.ndx(ndx::DONE);
    }
    assert_eq!(s.index(), ndx::DONE);
    let said = s.said.clone();
    let status = s.status.clone();
    s.run.join().unwrap().unwrap();
    let _counted_by_the_real_sink = status;
    let said = said.0.lock().unwrap();
    assert!(said.contains("WARNING: f failed verification -- update discarded (will try again)."));
    assert!(said.contains("ERROR: f failed verification -- update discarded."));
    assert_eq!(fs::read(setup.path("f")).unwrap(), b"old");
    assert_eq!(names(setup.dest.path()), ["f"]);
}

#[test]
fn a_transfer_that_nobody_asked_for_is_refused() {
    let setup = Setup::new();
    fs::write(setup.path("f"), b"hello").unwrap();
    let old = filetime(1_000_000);
    fs::File::options().write(true).open(setup.path("f")).unwrap().set_times(old).unwrap();
    let mut s = setup.start();
    s.list(0, &[file("f", b"hello")]);
    s.item(0, F::TRANSFER);
    s.data(&SumHead::default(), b"EVIL!", &md5(b"EVIL!"));
    assert_eq!(s.error().code(), ExitCode::PROTOCOL);
    assert_eq!(fs::read(setup.path("f")).unwrap(), b"hello");
}

fn filetime(secs: u64) -> fs::FileTimes {
    let at = std::time::UNIX_EPOCH + Duration::from_secs(secs);
    fs::FileTimes::new().set_modified(at).set_accessed(at)
}

#[test]
fn answers_must_repeat_the_request() {
    let tamper: [fn(&mut Script, i32, u16, SumHead); 4] = [
        // Other flags, another head.
        |s, n, flags, _| s.item(n, flags | F::REPORT_OWNER),
        |s, n, flags, head| {
            s.item(n, flags);
            s.data(&SumHead { count: 1, blength: 700, s2length: 2, ..head }, b"x", &md5(b"x"));
        },
        // An index out of the list, a block without a basis.
        |s, _, flags, _| s.item(77, flags),
        |s, n, flags, head| {
            s.item(n, flags);
            let mut bytes = Vec::new();
            head.encode(&mut bytes);
            bytes.extend((-1i32).to_le_bytes());
            s.send(&bytes);
        },
    ];
    for (i, tamper) in tamper.into_iter().enumerate() {
        let setup = Setup::new();
        let mut s = setup.start();
        s.list(0, &[file("f", b"hello")]);
        let (n, flags, head) = s.transfer_request();
        tamper(&mut s, n, flags, head);
        assert_eq!(s.error().code(), ExitCode::PROTOCOL, "case {i}");
        let left = names(setup.dest.path());
        assert!(left.is_empty(), "case {i} left {left:?}");
    }
}

#[test]
fn an_end_that_nobody_announced_is_refused() {
    let setup = Setup { inc: true, ..Setup::new() };
    let mut s = setup.start();
    s.list(0, &[file("f", b"hello"), file("g", b"x")]);
    s.ndx(ndx::DONE);
    // Lists may follow, so nothing can be at its end yet.
    assert_eq!(s.error().code(), ExitCode::PROTOCOL);
}

#[test]
fn names_lead_nowhere_but_below_the_destination() {
    for name in ["../x", "a/../../x", "/etc/x"] {
        let setup = Setup::new();
        let mut s = setup.start();
        s.list(0, &[file(name, b"hello")]);
        assert_eq!(s.error().code(), ExitCode::UNSUPPORTED, "{name}");
    }
    // A symlink that arrives first does not lead out either.
    let outside = tempfile::tempdir().unwrap();
    let setup = Setup::new();
    let mut s = setup.start();
    let target = outside.path().as_os_str().as_encoded_bytes().to_vec();
    let link = FileEntry {
        name: "d".into(),
        mode: 0o120777,
        len: target.len() as u64,
        link_target: target,
        ..FileEntry::default()
    };
    s.list(0, &[link, file("d/x", b"hello")]);
    assert_eq!(s.error().code(), ExitCode::PROTOCOL);
    assert!(names(outside.path()).is_empty());
}

#[test]
fn names_that_were_not_asked_for_are_refused() {
    let mut setup = Setup::new();
    let mut requested = filters::RequestedNames::default();
    requested.add(b"dir/wanted", false, false, true, false);
    setup.requested = Some(requested);
    let mut s = setup.start();
    s.list(0, &[file("wanted", b"a"), file(".bashrc", b"evil")]);
    assert_eq!(s.error().code(), ExitCode::UNSUPPORTED);
    assert!(names(setup.dest.path()).is_empty());
}

#[test]
fn a_file_that_the_sender_lost_is_let_go() {
    let setup = Setup::new();
    let mut s = setup.start();
    s.list(0, &[file("f", b"hello"), file("g", b"x")]);
    let (f, ..) = s.transfer_request();
    let (g, flags, head) = s.transfer_request();
    s.message(&Message::NoSend(f));
    s.item(g, flags);
    s.data(&head, b"x", &md5(b"x"));
    let (result, ..) = s.finish();
    result.unwrap();
    assert_eq!(names(setup.dest.path()), ["g"]);
}

#[test]
fn incremental_lists_are_given_up_one_by_one_and_deletion_follows_them() {
    let mut setup = Setup::new();
    setup.inc = true;
    setup.settings.delete = true;
    setup.delete = Some(DeleteTiming::During);
    fs::create_dir_all(setup.path("sub")).unwrap();
    fs::write(setup.path("sub/old"), b"").unwrap();
    fs::write(setup.path("old"), b"").unwrap();
    let mut s = setup.start();
    s.list(1, &[dir("."), dir("sub")]);
    s.ndx(ndx::FLIST_OFFSET - 1);
    s.list(4, &[file("sub/f", b"hi")]);
    s.ndx(ndx::FLIST_EOF);
    let (n, flags, head) = s.transfer_request();
    assert_eq!(n, 4);
    s.item(n, flags);
    s.data(&head, b"hi", &md5(b"hi"));
    // The empty-handed first list was given up before; the rest is as without incremental recursion.
    let (result, ..) = s.finish();
    result.unwrap();
    assert_eq!(names(setup.dest.path()), ["sub"]);
    assert_eq!(names(&setup.path("sub")), ["f"]);
    assert_eq!(mtime(&setup.path("sub")), 2_000_000);
}

#[test]
fn wrong_lists_end_an_incremental_session() {
    let wrong: [fn(&mut Script); 5] = [
        |s| s.ndx(ndx::FLIST_OFFSET - 7),
        |s| s.ndx(ndx::FLIST_OFFSET),
        |s| {
            for _ in 0..2 {
                s.ndx(ndx::FLIST_OFFSET - 1);
                s.list(4, &[]);
            }
        },
        |s| {
            s.ndx(ndx::FLIST_EOF);
            s.ndx(ndx::FLIST_OFFSET - 1);
            s.list(4, &[]);
        },
        |s| {
            s.ndx(ndx::FLIST_OFFSET - 1);
            s.list(4, &[file("elsewhere/f", b"")]);
        },
    ];
    for (i, wrong) in wrong.into_iter().enumerate() {
        let mut setup = Setup::new();
        setup.inc = true;
        let mut s = setup.start();
        s.list(1, &[dir("."), dir("sub")]);
        wrong(&mut s);
        let code = s.error().code();
        let expected = if i == 4 { ExitCode::UNSUPPORTED } else { ExitCode::PROTOCOL };
        assert_eq!(code, expected, "case {i}");
    }
}

#[test]
fn an_interrupted_file_is_kept_only_on_request_and_looks_old() {
    for partial in [false, true] {
        let mut setup = Setup::new();
        setup.settings.partial = partial;
        fs::write(setup.path("f"), b"old").unwrap();
        let mut s = setup.start();
        s.list(0, &[file("f", b"hello world")]);
        let (n, flags, head) = s.transfer_request();
        s.item(n, flags);
        let mut bytes = Vec::new();
        head.encode(&mut bytes);
        bytes.extend(5i32.to_le_bytes());
        bytes.extend(b"hello");
        s.send(&bytes);
        let Script { run, writer, reader, .. } = s;
        drop((writer, reader));
        assert_eq!(run.join().unwrap().unwrap_err().code(), ExitCode::STREAM_IO);
        assert_eq!(names(setup.dest.path()), ["f"]);
        let kept: &[u8] = if partial { b"hello" } else { b"old" };
        assert_eq!(fs::read(setup.path("f")).unwrap(), kept);
        assert_eq!(mtime(&setup.path("f")) == 0, partial);
    }
}

#[test]
fn errors_of_the_sender_stop_deletion() {
    let mut setup = Setup::new();
    setup.settings.delete = true;
    setup.delete = Some(DeleteTiming::Before);
    fs::write(setup.path("old"), b"").unwrap();
    let mut s = setup.start();
    let mut bytes = Vec::new();
    s.flist.begin(0);
    s.flist.encode(&dir("."), Extras::default(), &mut bytes);
    s.flist.end(1, &mut bytes);
    s.send(&bytes);
    let (result, said, _) = s.finish();
    result.unwrap();
    assert!(said.0.lock().unwrap().contains("IO error encountered -- skipping file deletion"));
    assert_eq!(names(setup.dest.path()), ["old"]);
}

#[test]
fn random_bytes_never_hang_or_panic() {
    fastrand::seed(7);
    for round in 0..60 {
        let mut setup = Setup::new();
        setup.inc = round % 2 == 0;
        setup.protocol = [27, 28, 29, 30, 31, 32][round % 6];
        setup.inc &= setup.protocol >= 30;
        let mut s = setup.start();
        if round % 3 > 0 && setup.protocol >= 30 {
            s.list(u32::from(setup.inc), &[dir("."), file("f", b"hello")]);
        }
        let bytes: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(300).collect();
        s.send(&bytes);
        let Script { run, writer, reader, .. } = s;
        drop(writer);
        run.join().expect("no panic").expect_err("noise is no session");
        drop(reader);
    }
}
