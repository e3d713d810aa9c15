//! The same bytes by every lane: what a peer sees of runs of files with their heads is what the portable way sends.
//!
//! These tests run over whatever the system's own halves are: descriptors, or on Windows overlapped sockets.

use fast_io::{
    FileRange, Lane, PlatformSendFile, ReadWriteSendFile, Received, RecvHalf, SendHalf,
    fd::{self, FdReader, FdWriter},
};
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};
use tempfile::TempPath;

/// A run and what goes before it.
#[derive(Debug, Clone)]
struct Frame {
    head: Vec<u8>,
    offset: u64,
    len: u64,
}

#[derive(Debug, Clone, Copy)]
enum Way {
    /// By the link's own lane.
    Own,
    Portable,
}

/// How the other end reads.
#[derive(Debug, Clone, Copy)]
enum Peer {
    Eager,
    /// One byte at a time, as long as a test may take.
    Slow,
    /// Not for a while, so that the sender's buffers are full and its time limit passes.
    Stalling,
}

/// A peer that stalls does so for a shorter time than this many waits.
const MAX_WAITS: usize = 500;

fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let near = TcpStream::connect(listener.local_addr().expect("bound")).expect("connected");
    let (far, _) = listener.accept().expect("accepted");
    (near, far)
}

fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; len];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    bytes
}

/// A file that is removed when it is dropped. (One without a name may be opened once only on Windows.)
struct Sample {
    file: Arc<File>,
    _path: TempPath,
}

fn sample(fill: impl FnOnce(&mut File)) -> Sample {
    let (mut file, path) = tempfile::NamedTempFile::new().expect("a temporary file").into_parts();
    fill(&mut file);
    Sample { file: Arc::new(file), _path: path }
}

fn sample_of(content: &[u8]) -> Sample {
    sample(|file| file.write_all(content).expect("written"))
}

/// Sends a frame, as the sender of a session does; what the file lacks goes out as zeros. Returns how often it had to wait
/// for longer than it wanted to.
fn send(w: &mut FdWriter, way: Way, file: &Sample, frame: &Frame) -> io::Result<usize> {
    let mut range = FileRange { file: file.file.clone(), offset: frame.offset, len: frame.len };
    let (mut head, mut waits, mut refused) = (&frame.head[..], 0, false);
    while range.len > 0 {
        let limit = Some(Duration::from_millis(20));
        let sent = match way {
            Way::Own if !refused => w.send_file(head, &range, limit),
            _ => ReadWriteSendFile::new(w).send_file(head, &range, limit),
        };
        match sent {
            Ok(0) => break,
            Ok(n) => {
                let of_head = n.min(head.len() as u64);
                head = &head[of_head as usize..];
                range.offset += n - of_head;
                range.len -= n - of_head;
            }
            Err(e) if e.kind() == io::ErrorKind::TimedOut && waits < MAX_WAITS => waits += 1,
            Err(e) if e.kind() == io::ErrorKind::Unsupported && w.method() == Lane::ReadWrite => {
                refused = true;
            }
            Err(e) => return Err(e),
        }
    }
    let rest = [head, &vec![0; range.len as usize]].concat();
    let mut rest = &rest[..];
    while !rest.is_empty() {
        rest = &rest[w.send(rest, None)?..];
    }
    Ok(waits)
}

fn read(mut far: impl Read, peer: Peer) -> Vec<u8> {
    let mut all = Vec::new();
    match peer {
        Peer::Eager => {}
        Peer::Stalling => thread::sleep(Duration::from_millis(200)),
        Peer::Slow => {
            let mut byte = [0];
            while all.len() < 5000 && far.read(&mut byte).expect("read") == 1 {
                all.push(byte[0]);
            }
        }
    }
    far.read_to_end(&mut all).expect("read");
    all
}

/// What a peer sees, and how often the sender had to wait.
fn seen(
    (mut near, far): (FdWriter, impl Read + Send + 'static),
    way: Way,
    file: &Sample,
    frames: &[Frame],
    peer: Peer,
) -> (Vec<u8>, usize) {
    let reader = thread::spawn(move || read(far, peer));
    let waits = frames.iter().map(|frame| send(&mut near, way, file, frame).expect("sent")).sum();
    near.shutdown().expect("shut down");
    drop(near);
    (reader.join().expect("the reader ended"), waits)
}

fn over_tcp() -> (FdWriter, TcpStream) {
    let (near, far) = tcp();
    (fd::socket(near).expect("halves").1, far)
}

fn over_pipe() -> (FdWriter, io::PipeReader) {
    let (far, near) = io::pipe().expect("a pipe");
    (FdWriter::new(near).expect("a half"), far)
}

fn expected(content: &[u8], frames: &[Frame]) -> Vec<u8> {
    let mut all = Vec::new();
    for frame in frames {
        all.extend_from_slice(&frame.head);
        let end = all.len() + frame.len as usize;
        let from = content.len().min(frame.offset as usize);
        let to = content.len().min(from + frame.len as usize);
        all.extend_from_slice(&content[from..to]);
        all.resize(end, 0);
    }
    all
}

#[track_caller]
fn check(file: &Sample, right: &[u8], frames: &[Frame], peer: Peer) {
    for way in [Way::Own, Way::Portable] {
        assert!(seen(over_tcp(), way, file, frames, peer).0 == right, "{way:?}, {peer:?}, socket");
        assert!(seen(over_pipe(), way, file, frames, peer).0 == right, "{way:?}, {peer:?}, pipe");
    }
}

/// Frames that together are a file.
fn whole(len: u64, head: usize, run: u64) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut offset = 0;
    while offset < len {
        let n = run.min(len - offset);
        frames.push(Frame { head: noise(head, offset), offset, len: n });
        offset += n;
    }
    frames
}

#[test]
fn whole_files_of_all_sizes() {
    for size in [0, 1, 1 << 10, 64 << 10, 1 << 20, (16 << 20) - 1] {
        let content = noise(size, 1);
        let file = sample_of(&content);
        // A token alone in front of the run, or the header of a frame, too.
        for (head, run) in [(4, 32 << 10), (8, 32 << 10), (8, 256 << 10), (4, u64::MAX)] {
            let frames = whole(size as u64, head, run);
            check(&file, &expected(&content, &frames), &frames, Peer::Eager);
        }
    }
}

#[test]
fn random_runs_with_random_heads() {
    let mut rng = fastrand::Rng::with_seed(7);
    let content = noise(3_000_000, 2);
    let file = sample_of(&content);
    for round in 0..12 {
        let frames: Vec<Frame> = (0..rng.usize(1..40))
            .map(|_| {
                let head = match rng.u8(..3) {
                    0 => 0,
                    1 => rng.usize(1..16),
                    _ => rng.usize(16..70_000),
                };
                let len = if rng.bool() { rng.u64(1..2000) } else { rng.u64(2000..400_000) };
                // Some lie beyond the end of the file, in part or altogether.
                Frame { head: noise(head, rng.u64(..)), offset: rng.u64(..3_100_000), len }
            })
            .collect();
        let peer = [Peer::Eager, Peer::Slow, Peer::Stalling][round % 3];
        check(&file, &expected(&content, &frames), &frames, peer);
    }
}

#[test]
fn offsets_above_four_gigabytes() {
    const SIZE: u64 = 5 << 30;
    let file = sample(|file| file.set_len(SIZE).expect("a hole"));
    let mut frames = Vec::new();
    let mut right = Vec::new();
    // The first run goes across the mark.
    for offset in [(4 << 30) - 50_000, (4 << 30) + 1_000_000, SIZE - 100_000] {
        let content = noise(100_000, offset);
        (&*file.file).seek(SeekFrom::Start(offset)).expect("sought");
        (&*file.file).write_all(&content).expect("written");
        right.extend_from_slice(&[9; 8]);
        right.extend_from_slice(&content);
        frames.push(Frame { head: vec![9; 8], offset, len: 100_000 });
    }
    check(&file, &right, &frames, Peer::Eager);
}

#[test]
fn a_stalled_peer_is_waited_for() {
    let content = noise(8 << 20, 3);
    let file = sample_of(&content);
    let frames = whole(8 << 20, 8, 4 << 20);
    for way in [Way::Own, Way::Portable] {
        let (bytes, waits) = seen(over_tcp(), way, &file, &frames, Peer::Stalling);
        assert!(bytes == expected(&content, &frames), "{way:?}");
        assert_ne!(waits, 0, "{way:?}: the peer did not stall");
    }
}

#[test]
fn a_closed_link_is_an_error() {
    let content = noise(1 << 20, 4);
    let file = sample_of(&content);
    let frames = vec![Frame { head: vec![1; 4], offset: 0, len: 1 << 20 }; 64];
    for way in [Way::Own, Way::Portable] {
        let (mut w, far) = over_tcp();
        drop(far);
        let failed = frames.iter().find_map(|frame| send(&mut w, way, &file, frame).err());
        let kind = failed.expect("nobody reads, and nobody said so").kind();
        let closed = [
            io::ErrorKind::BrokenPipe,
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::ConnectionAborted,
        ];
        assert!(closed.contains(&kind), "{way:?}: {kind:?}");

        let (mut w, far) = over_pipe();
        drop(far);
        let failed = frames.iter().find_map(|frame| send(&mut w, way, &file, frame).err());
        assert_eq!(failed.expect("an error").kind(), io::ErrorKind::BrokenPipe, "{way:?}, pipe");
    }
}

#[test]
fn reading_halves_read() {
    let (near, mut far) = tcp();
    let (mut r, w) = fd::socket(near).expect("halves");
    let (pipe, mut end) = io::pipe().expect("a pipe");
    let mut p = FdReader::new(pipe).expect("a half");
    let limit = Some(Duration::from_millis(20));
    let halves: [(&mut FdReader, &mut dyn Write); 2] = [(&mut r, &mut far), (&mut p, &mut end)];
    for (half, other) in halves {
        let mut buf = [0; 16];
        assert!(!half.ready().expect("asked"));
        assert_eq!(half.recv(&mut buf, limit).unwrap_err().kind(), io::ErrorKind::TimedOut);
        other.write_all(b"some bytes").expect("written");
        assert!(matches!(half.recv(&mut buf[..4], None).expect("read"), Received::Bytes(4)));
        assert!(half.ready().expect("asked"));
        assert!(matches!(half.recv(&mut buf[4..], None).expect("read"), Received::Bytes(6)));
        assert_eq!(&buf[..10], b"some bytes");
    }
    drop((far, end, w));
    for half in [&mut r, &mut p] {
        assert!(matches!(half.recv(&mut [0; 4], None).expect("the end"), Received::Bytes(0)));
        assert!(half.ready().expect("asked"));
    }
}
