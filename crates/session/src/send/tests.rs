//! The sender against a scripted receiving side.

use super::*;
use crate::{Settings, log::Sink, report::testing, rules::FsLoader, settings::RemoveSource};
use delta::checksum::{Checksum, FileHasher, SumSpec};
use fast_io::memory::{MemoryReader, MemoryWriter, channel};
use std::{path::Path, thread};
use wire::{
    compat::CompatFlags,
    flist::{FlistDecoder, ListItem},
    item::{Item, ItemFlags, basis},
    ndx,
    sums::SumHead,
};

const TRANSFER: u16 = ItemFlags::TRANSFER;

/// Remembers what was said.
#[derive(Default)]
struct Said(Mutex<Vec<(Class, String)>>);

impl Sink for Said {
    fn message(&self, class: Class, text: &[u8]) {
        let text = String::from_utf8_lossy(text).into_owned();
        self.0.lock().expect("not poisoned").push((class, text));
    }
}

impl Said {
    fn contains(&self, what: &str) -> bool {
        self.0.lock().expect("not poisoned").iter().any(|(_, text)| text.contains(what))
    }
}

fn session(settings: Settings, protocol: u32, inc_recurse: bool, said: Arc<Said>) -> Arc<Session> {
    let compat = CompatFlags::SAFE_FLIST | CompatFlags::VARINT_FLIST_FLAGS;
    let (session, _page) = testing::session(protocol, settings);
    Arc::new(Session {
        compat: CompatFlags(if protocol >= 30 { compat } else { 0 }),
        inc_recurse,
        transfer_sum: SumSpec { algo: Checksum::Md5, seed: 0, legacy_md4: false, seed_last: false },
        whole_file: true,
        log: Log::new(said, Role::Server),
        ..session
    })
}

/// Control messages that the peer got.
#[derive(Clone, Default)]
struct Got(Arc<Mutex<Vec<Message>>>);

impl Messages for Got {
    fn message(&mut self, m: Message) -> Result<(), Error> {
        self.0.lock().expect("not poisoned").push(m);
        Ok(())
    }
}

/// The receiving side of a test.
struct Peer {
    session: Arc<Session>,
    said: Arc<Said>,
    reader: Reader<MemoryReader>,
    writer: Writer<MemoryWriter>,
    got: Got,
    decoder: FlistDecoder,
    ndx_in: NdxDecoder,
    ndx_out: NdxEncoder,
    sender: Option<thread::JoinHandle<Result<(), Error>>>,
}

impl Peer {
    fn start(dir: &Path, mut settings: Settings, protocol: u32, inc: bool) -> Peer {
        settings.recurse = true;
        settings.am_server = true;
        settings.am_sender = true;
        settings.max_alloc = 1 << 30;
        let said = Arc::new(Said::default());
        let session = session(settings, protocol, inc, said.clone());
        let ((from_peer, to_sender), (from_sender, to_peer)) = (channel(), channel());
        let activity = session.activity.clone();
        let framed = protocol >= 30;
        let arg = crate::platform::local_path(dir.join(".").as_os_str().as_encoded_bytes());
        let of_sender = session.clone();
        let sender = thread::spawn(move || {
            let session = of_sender;
            let mut reader = Reader::new(from_peer, session.activity.clone());
            let mut writer = Writer::new(to_peer, session.activity.clone());
            reader.set_framed(framed);
            writer.set_framed(true);
            reader.start(&session);
            writer.start(&session).expect("lanes");
            let job = SendJob {
                args: vec![arg],
                files_from: None,
                filters: filters::FilterList::new(),
                daemon_filters: None,
                loader: FsLoader::new(&session.settings),
                reporter: None,
            };
            run(&session, &mut reader, &mut writer, job)
        });
        let mut reader = Reader::new(from_sender, activity.clone());
        let mut writer = Writer::new(to_sender, activity);
        reader.set_framed(true);
        writer.set_framed(framed);
        let got = Got::default();
        reader.set_messages(Box::new(got.clone()));
        Peer {
            decoder: FlistDecoder::new(crate::flist::format(&session)),
            ndx_in: NdxDecoder::new(session.protocol),
            ndx_out: NdxEncoder::new(session.protocol),
            sender: Some(sender),
            session,
            said,
            reader,
            writer,
            got,
        }
    }

    /// The names of one list.
    fn list(&mut self, base: u32) -> Vec<String> {
        self.decoder.begin(base);
        let mut names = Vec::new();
        loop {
            match self.reader.read(|c| self.decoder.decode(c)).expect("an entry") {
                ListItem::Entry(e) => names.push(String::from_utf8(e.name).expect("ASCII")),
                ListItem::End { .. } => return names,
            }
        }
    }

    fn ndx(&mut self) -> i32 {
        let ndx_in = &mut self.ndx_in;
        self.reader.read(|c| ndx_in.decode(c)).expect("an index")
    }

    fn mark(&mut self) {
        self.ndx_out.encode(ndx::DONE, self.writer.buf());
        self.writer.flush().expect("sent");
    }

    /// Asks for a whole file.
    fn request(&mut self, n: i32, flags: u16) {
        self.ndx_out.encode(n, self.writer.buf());
        let item = Item { flags: ItemFlags(flags), basis: basis::DEST, xname: None };
        item.encode(self.session.protocol, self.writer.buf());
        if flags & TRANSFER != 0 {
            SumHead::default().encode(self.writer.buf());
        }
        self.writer.flush().expect("sent");
    }

    /// Reads the answer to a request: content and whether the checksum is right.
    fn answer(&mut self, n: i32) -> (Vec<u8>, bool) {
        assert_eq!(self.ndx(), n);
        let protocol = self.session.protocol;
        self.reader.read(|c| Item::decode(protocol, c)).expect("an item");
        self.reader.read(|c| SumHead::decode(protocol, 16, 1 << 30, c)).expect("a head");
        let mut content = Vec::new();
        loop {
            let n = self.reader.read(|c| c.int32()).expect("a token");
            if n == 0 {
                break;
            }
            let mut left = usize::try_from(n).expect("no blocks without a basis");
            while left > 0 {
                match self.reader.literal(left).expect("data") {
                    crate::conn::Literal::Bytes(b) => {
                        content.extend_from_slice(&b);
                        left -= b.len();
                    }
                    crate::conn::Literal::Range(r) => {
                        let mut buf = vec![0; r.len as usize];
                        let n = fsroot::meta::read_at(&r.file, &mut buf, r.offset).expect("read");
                        assert_eq!(n, buf.len(), "the run");
                        left -= buf.len();
                        content.extend_from_slice(&buf);
                    }
                }
            }
        }
        let digest = self.reader.read(|c| c.array::<16>()).expect("a checksum");
        let mut hasher = FileHasher::transfer(&self.session.transfer_sum);
        hasher.update(&content);
        let right = hasher.finish().as_bytes() == digest;
        (content, right)
    }

    /// The error that the sender ends with.
    fn failure(mut self) -> (i32, String) {
        let sender = self.sender.take().expect("not joined");
        let e = sender.join().expect("no panic").expect_err("accepted");
        let lines = crate::finish::lines(&e, Role::Sender).join(&b'\n');
        let text = String::from_utf8_lossy(&lines).into_owned();
        (e.code().0, text)
    }

    fn success(mut self) -> Arc<Said> {
        let sender = self.sender.take().expect("not joined");
        sender.join().expect("no panic").expect("a clean end");
        self.said.clone()
    }
}

fn tree(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    for (name, content) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("has one")).expect("made");
        std::fs::write(path, content).expect("written");
    }
    dir
}

#[test]
fn a_session_from_list_to_goodbye() {
    let big: Vec<u8> = (0..1_500_000u32).map(|i| ((i * 7) >> 3) as u8).collect();
    for protocol in [28, 29, 30, 31, 32] {
        let dir = tree(&[("a", b"hello"), ("big", &big), ("d/e", b"")]);
        let mut peer = Peer::start(dir.path(), Settings::default(), protocol, false);
        assert_eq!(peer.list(0), [".", "a", "big", "d", "d/e"]);
        if protocol < 30 {
            assert_eq!(peer.reader.read(|c| c.int32()).expect("io_error"), 0);
        }
        // Sorted: `.`, then files, then directories; before protocol 29 the same here.
        peer.request(1, TRANSFER);
        assert_eq!(peer.answer(1), (b"hello".to_vec(), true));
        peer.request(2, TRANSFER);
        peer.request(4, TRANSFER);
        assert_eq!(peer.answer(2), (big.clone(), true));
        assert_eq!(peer.answer(4), (Vec::new(), true));
        peer.mark();
        assert_eq!(peer.ndx(), ndx::DONE);
        // A redo sends the same bytes again.
        peer.request(2, TRANSFER);
        assert_eq!(peer.answer(2), (big.clone(), true));
        peer.mark();
        assert_eq!(peer.ndx(), ndx::DONE);
        if protocol >= 29 {
            peer.mark();
            assert_eq!(peer.ndx(), ndx::DONE);
        }
        let protocol_ = peer.session.protocol;
        let stats = peer.reader.read(|c| wire::stats::TransferStats::decode(protocol_, c));
        assert_eq!(stats.expect("statistics").total_size, 1_500_005);
        if protocol >= 31 {
            peer.mark();
            assert_eq!(peer.ndx(), ndx::DONE);
        }
        peer.mark();
        let s = peer.session.stats.clone();
        assert_eq!((s.files.value(), s.dirs.value(), s.transferred_files.value()), (3, 2, 4));
        peer.success();
    }
}

#[test]
fn lists_run_ahead_of_requests_and_stop() {
    let names: Vec<String> =
        (0..30).flat_map(|d| (0..100).map(move |f| format!("d{d:02}/f{f}"))).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), &b""[..])).collect();
    let dir = tree(&files);
    let mut peer = Peer::start(dir.path(), Settings::default(), 32, true);
    assert_eq!(peer.list(1).len(), 31);
    let mut base = 33;
    let mut lists = 1;
    let mut entries = 0;
    loop {
        match peer.ndx() {
            ndx::FLIST_EOF => break,
            // `.` has number 0 and no list of its own.
            n => assert_eq!(n, ndx::FLIST_OFFSET - lists),
        }
        let names = peer.list(base);
        assert_eq!(names[0], format!("d{:02}/f0", lists - 1));
        base += names.len() as u32 + 1;
        entries += names.len();
        lists += 1;
    }
    assert_eq!((lists, entries), (31, 3000));
    // An entry of a segment, the directory that it belongs to, then every list's mark.
    peer.request(33, TRANSFER);
    assert_eq!(peer.answer(33), (Vec::new(), true));
    peer.request(32, 0);
    assert_eq!(peer.ndx(), 32);
    let protocol = peer.session.protocol;
    peer.reader.read(|c| Item::decode(protocol, c)).expect("an item");
    for _ in 0..lists {
        peer.mark();
        assert_eq!(peer.ndx(), ndx::DONE);
    }
    peer.request(33, TRANSFER);
    let (code, text) = peer.failure();
    assert_eq!(code, 2);
    assert!(text.starts_with("File-list index 33 not in"), "{text}");
}

#[test]
fn requests_that_break_the_rules() {
    let ask = |n: i32, flags: u16, marks: usize| {
        let dir = tree(&[("a", b"hello")]);
        let mut peer = Peer::start(dir.path(), Settings::default(), 31, false);
        peer.list(0);
        for _ in 0..marks {
            peer.mark();
            assert_eq!(peer.ndx(), ndx::DONE);
        }
        peer.request(n, flags);
        peer.failure()
    };
    assert_eq!(
        ask(2, TRANSFER, 0),
        (2, "File-list index 2 not in -1 - 1 (read_ndx_and_attrs) [sender]".into())
    );
    assert_eq!(ask(-2, TRANSFER, 0), (2, "Invalid file index: -2 (-1 - 1) [sender]".into()));
    assert_eq!(
        ask(0, TRANSFER, 0),
        (2, "received request to transfer non-regular file: 0 [sender]".into())
    );
    assert_eq!(ask(1, TRANSFER, 2), (2, "got transfer request in phase 2 [sender]".into()));
}

#[test]
fn a_vanished_file_is_not_answered() {
    let dir = tree(&[("a", b"hello"), ("b", b"there")]);
    let mut peer = Peer::start(dir.path(), Settings::default(), 31, false);
    peer.list(0);
    std::fs::remove_file(dir.path().join("a")).expect("removed");
    peer.request(1, TRANSFER);
    peer.request(2, TRANSFER);
    assert_eq!(peer.answer(2), (b"there".to_vec(), true));
    assert_eq!(*peer.got.0.lock().expect("not poisoned"), [Message::NoSend(1)]);
    for _ in 0..3 {
        peer.mark();
        assert_eq!(peer.ndx(), ndx::DONE);
    }
    let got = peer.got.0.lock().expect("not poisoned").clone();
    assert_eq!(got, [Message::NoSend(1), Message::IoError(crate::session::io_error::VANISHED)]);
    assert!(peer.said.contains("file has vanished: \""));
    assert_eq!(peer.session.status.exit_code(), ExitCode::VANISHED);
}

#[test]
fn confirmed_sources_are_removed_unless_they_changed() {
    let dir = tree(&[("a", b"hello"), ("b", b"there")]);
    let settings = Settings { remove_source: RemoveSource::Source, ..Settings::default() };
    let mut peer = Peer::start(dir.path(), settings, 31, false);
    peer.list(0);
    std::fs::write(dir.path().join("b"), b"longer than before").expect("written");
    for n in [1, 2] {
        peer.writer.message(&Message::Success(n)).expect("sent");
    }
    peer.mark();
    assert_eq!(peer.ndx(), ndx::DONE);
    assert!(!dir.path().join("a").exists() && dir.path().join("b").exists());
    assert!(peer.said.contains("ERROR: Skipping sender remove for changed file: b"));
    peer.writer.message(&Message::Success(9)).expect("sent");
    peer.mark();
    assert_eq!(peer.failure().0, 2);
}
