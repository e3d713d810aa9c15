//! What a receiver sees is the same by every lane and by the portable one.

#![cfg(unix)]

use fast_io::{
    FileRange, PlatformSendFile, ReadWriteSendFile, Reason, Received, RecvHalf, SendHalf,
    fd::{self, FdReader, FdWriter},
    memory,
};
use std::{
    io::{self, Read, Seek, SeekFrom, Write},
    net::{TcpListener, TcpStream},
    os::{fd::OwnedFd, unix::net::UnixStream},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Link {
    Tcp,
    Unix,
    Pipe,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Platform,
    Portable,
}

/// How a receiver reads.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// Bytes at a time.
    piece: usize,
    /// Stops now and then.
    stalls: bool,
}

const FAST: Pace = Pace { piece: 1 << 18, stalls: false };

fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}

fn link(kind: Link) -> (FdReader, FdWriter) {
    match kind {
        Link::Tcp => {
            let (near, far) = tcp();
            (FdReader::new(OwnedFd::from(far)).unwrap(), fd::socket(OwnedFd::from(near)).unwrap().1)
        }
        Link::Unix => {
            let (near, far) = UnixStream::pair().unwrap();
            (FdReader::new(OwnedFd::from(far)).unwrap(), fd::socket(OwnedFd::from(near)).unwrap().1)
        }
        Link::Pipe => {
            let (r, w) = io::pipe().unwrap();
            (FdReader::new(OwnedFd::from(r)).unwrap(), FdWriter::new(OwnedFd::from(w)).unwrap())
        }
    }
}

/// Sends frames: each a head and a run. What the file does not have is left out.
fn send_all(w: &mut FdWriter, way: Way, frames: &[(Vec<u8>, FileRange)]) -> io::Result<()> {
    for (head, range) in frames {
        let (mut head, mut range) = (&head[..], range.clone());
        while !head.is_empty() || range.len > 0 {
            let n = match way {
                Way::Platform => w.send_file(head, &range, None)?,
                Way::Portable => ReadWriteSendFile::new(w).send_file(head, &range, None)?,
            };
            if n == 0 {
                break;
            }
            let of_head = n.min(head.len() as u64);
            head = &head[of_head as usize..];
            range.offset += n - of_head;
            range.len -= n - of_head;
        }
    }
    w.shutdown()
}

/// Sum and length of what arrives. A sum that depends on the order is enough to compare two streams.
fn receive(mut r: FdReader, pace: Pace) -> (u64, u64) {
    let mut buf = vec![0; pace.piece];
    let (mut sum, mut len, mut reads) = (0u64, 0u64, 0u32);
    while let Received::Bytes(n) = r.recv(&mut buf, None).unwrap() {
        if n == 0 {
            break;
        }
        for &b in &buf[..n] {
            sum = sum.wrapping_mul(31).wrapping_add(b.into());
        }
        len += n as u64;
        reads += 1;
        if pace.stalls && reads.is_multiple_of(64) {
            thread::sleep(Duration::from_millis(2));
        }
    }
    (sum, len)
}

fn passes(kind: Link, way: Way, pace: Pace, frames: &[(Vec<u8>, FileRange)]) -> (u64, u64) {
    let (r, mut w) = link(kind);
    let receiver = thread::spawn(move || receive(r, pace));
    send_all(&mut w, way, frames).unwrap();
    drop(w);
    receiver.join().unwrap()
}

fn file(len: usize) -> Arc<std::fs::File> {
    let mut file = tempfile::tempfile().unwrap();
    let mut rng = fastrand::Rng::with_seed(len as u64);
    let mut block = vec![0; 1 << 16];
    let mut left = len;
    while left > 0 {
        rng.fill(&mut block);
        let n = left.min(block.len());
        file.write_all(&block[..n]).unwrap();
        left -= n;
    }
    Arc::new(file)
}

fn head(n: usize) -> Vec<u8> {
    (0..n).map(|i| i as u8).collect()
}

#[test]
fn every_length_arrives_alike() {
    for len in [0, 1, 1 << 10, 1 << 16, 1 << 20, (16 << 20) - 1] {
        let range = FileRange { file: file(len), offset: 0, len: len as u64 };
        for kind in [Link::Tcp, Link::Unix, Link::Pipe] {
            let frames = [(head(8), range.clone()), (head(4), range.clone())];
            let by = |way| passes(kind, way, FAST, &frames);
            let wanted = by(Way::Portable);
            assert_eq!(wanted.1, 12 + 2 * len as u64);
            assert_eq!(by(Way::Platform), wanted, "{kind:?} {len}");
        }
    }
}

#[test]
fn random_runs_arrive_alike() {
    let data = file(3_000_000);
    let mut rng = fastrand::Rng::with_seed(7);
    for round in 0..24 {
        let frames: Vec<_> = (0..rng.usize(1..12))
            .map(|_| {
                // Some end behind the end of the file.
                let range = FileRange {
                    file: data.clone(),
                    offset: rng.u64(0..3_100_000),
                    len: rng.u64(0..400_000),
                };
                (head(rng.usize(0..70_000)), range)
            })
            .collect();
        let kind = [Link::Tcp, Link::Unix, Link::Pipe][round % 3];
        let pace = match round % 4 {
            0 => Pace { piece: 700, stalls: true },
            1 => Pace { piece: 65_537, stalls: true },
            _ => FAST,
        };
        let wanted = passes(kind, Way::Portable, pace, &frames);
        assert_eq!(passes(kind, Way::Platform, pace, &frames), wanted, "{kind:?} {pace:?}");
    }
}

#[test]
fn a_peer_that_reads_single_bytes() {
    let range = FileRange { file: file(200_000), offset: 1, len: 60_000 };
    for kind in [Link::Tcp, Link::Unix, Link::Pipe] {
        let slow = Pace { piece: 1, stalls: false };
        let frames = [(head(8), range.clone())];
        let wanted = passes(kind, Way::Portable, FAST, &frames);
        assert_eq!(passes(kind, Way::Platform, slow, &frames), wanted, "{kind:?}");
    }
}

#[test]
fn a_peer_that_goes_away() {
    let range = FileRange { file: file(8 << 20), offset: 0, len: 8 << 20 };
    for kind in [Link::Tcp, Link::Unix, Link::Pipe] {
        for way in [Way::Platform, Way::Portable] {
            let (r, mut w) = link(kind);
            drop(r);
            let frames = vec![(head(8), range.clone()); 4];
            let error = send_all(&mut w, way, &frames).unwrap_err();
            let gone = [io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset];
            assert!(gone.contains(&error.kind()), "{kind:?} {way:?} {error}");
        }
    }
}

#[test]
fn far_into_a_huge_file() {
    const FAR: u64 = 5 << 30;
    let mut sparse = tempfile::tempfile().unwrap();
    sparse.seek(SeekFrom::Start(FAR - 5)).unwrap();
    sparse.write_all(b"tail!").unwrap();
    let file = Arc::new(sparse);
    for kind in [Link::Tcp, Link::Unix, Link::Pipe] {
        let runs = [(FAR - 100_000, 100_000), ((4 << 30) - 7, 70_000)];
        let frames: Vec<_> = runs
            .iter()
            .map(|&(offset, len)| (head(4), FileRange { file: file.clone(), offset, len }))
            .collect();
        let wanted = passes(kind, Way::Portable, FAST, &frames);
        assert_eq!(wanted.1, 170_008);
        assert_eq!(passes(kind, Way::Platform, FAST, &frames), wanted, "{kind:?}");
    }
}

#[test]
fn handles_cross_with_their_heads_in_front() {
    let (mut r, mut w) = memory::channel();
    let range = FileRange { file: file(100), offset: 3, len: 50 };
    assert_eq!(w.send_file(b"head", &range, None).unwrap(), 4);
    assert_eq!(w.send_file(b"", &range, None).unwrap(), 50);
    let mut buf = [0; 16];
    assert!(matches!(r.recv(&mut buf, None).unwrap(), Received::Bytes(4)));
    let Received::Range(got) = r.recv(&mut buf, None).unwrap() else { panic!("no range") };
    assert_eq!((got.offset, got.len), (3, 50));
}

/// Some files of `/proc` can only be read.
#[cfg(target_os = "linux")]
#[test]
fn a_refused_volume_is_not_asked_again() {
    let open = || Arc::new(std::fs::File::open("/proc/self/environ").unwrap());
    let mut content = Vec::new();
    std::fs::File::open("/proc/self/environ").unwrap().read_to_end(&mut content).unwrap();
    let range = FileRange { file: open(), offset: 0, len: content.len() as u64 };
    for kind in [Link::Tcp, Link::Pipe] {
        let (_r, mut w) = link(kind);
        let error = w.send_file(b"", &range, None).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        assert!(error.to_string().contains("Invalid argument"), "{error}");
        assert_eq!(w.refusal(&open()), Some(Reason::Volume));
        assert_eq!(w.refusal(&file(1)), None);
        // The portable way takes what the other refused.
        assert_eq!(
            passes(kind, Way::Portable, FAST, &[(head(4), range.clone())]).1,
            content.len() as u64 + 4
        );
    }
}

/// Simultaneous transfers share the machine, by either lane: the slowest is not far behind the middle one.
#[test]
fn transfers_are_fair() {
    const LEN: u64 = 64 << 20;
    let sparse = tempfile::tempfile().unwrap();
    sparse.set_len(LEN).unwrap();
    let file = Arc::new(sparse);
    for (way, count) in
        [(Way::Platform, 16), (Way::Platform, 64), (Way::Portable, 16), (Way::Portable, 64)]
    {
        let began = Instant::now();
        let transfers: Vec<_> = (0..count)
            .map(|_| {
                let file = file.clone();
                thread::spawn(move || {
                    let (mut r, mut w) = link(Link::Tcp);
                    let receiver = thread::spawn(move || {
                        let (mut buf, mut len) = (vec![0; 1 << 17], 0);
                        while let Received::Bytes(n @ 1..) = r.recv(&mut buf, None).unwrap() {
                            len += n as u64;
                        }
                        assert_eq!(len, LEN);
                    });
                    let frames: Vec<_> = (0..LEN >> 15)
                        .map(|n| {
                            let file = file.clone();
                            (Vec::new(), FileRange { file, offset: n << 15, len: 1 << 15 })
                        })
                        .collect();
                    send_all(&mut w, way, &frames).unwrap();
                    drop(w);
                    receiver.join().unwrap();
                    began.elapsed()
                })
            })
            .collect();
        let mut times: Vec<_> = transfers.into_iter().map(|t| t.join().unwrap()).collect();
        times.sort();
        let (middle, slowest) = (times[count / 2], times[count - 1]);
        assert!(
            slowest <= middle * 3 / 2,
            "{count} transfers, {way:?}: {middle:?}, slowest {slowest:?}"
        );
    }
}
