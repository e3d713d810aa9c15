//! Buffers that are lent to the kernel: what the receiver sees is what was in them, and nobody gets one back too early.

#![cfg(target_os = "linux")]

use fast_io::{
    Reason, SendHalf,
    fd::{self, FdWriter},
};
use std::{
    io::{self, Read},
    net::{TcpListener, TcpStream},
    os::{fd::OwnedFd, unix::net::UnixStream},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

fn tcp() -> (FdWriter, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // Before the connection, or the window is large already.
    socket2::SockRef::from(&listener).set_recv_buffer_size(8 << 10).unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    socket2::SockRef::from(&near).set_send_buffer_size(4 << 20).unwrap();
    let far = listener.accept().unwrap().0;
    (fd::socket(OwnedFd::from(near)).unwrap().1, far)
}

/// The tests that need a ring have nothing to show without one.
fn has_ring(w: &mut FdWriter) -> bool {
    match w.lends() {
        Ok(()) => true,
        Err(reason) => {
            println!("skipped, no ring here: {reason}");
            false
        }
    }
}

/// Sends all of a buffer, and gives another.
fn lend(w: &mut FdWriter, bytes: Vec<u8>, limit: Option<Duration>) -> io::Result<Vec<u8>> {
    let buf = Arc::new(bytes);
    let mut at = 0;
    while at < buf.len() {
        at += w.lend(&buf, at, usize::MAX, limit)?;
    }
    Ok(w.recycle(buf))
}

fn write(w: &mut FdWriter, bytes: &[u8]) {
    let mut at = 0;
    while at < bytes.len() {
        at += w.send(&bytes[at..], None).unwrap();
    }
}

/// Random pieces in random order by both ways: the portable one says what must arrive.
#[test]
fn what_is_lent_arrives_as_what_is_written() {
    let mut rng = fastrand::Rng::with_seed(11);
    // Bytes at a time and pauses; single bytes last.
    for (round, (piece, pause)) in
        [(1 << 17, 0), (70_001, 1), (3000, 0), (1, 0)].into_iter().enumerate()
    {
        let (mut w, mut far) = tcp();
        if !has_ring(&mut w) {
            return;
        }
        let total = if piece == 1 { 300_000 } else { 12_000_000 };
        let reader = thread::spawn(move || {
            let (mut all, mut buf) = (Vec::new(), vec![0; piece]);
            loop {
                match far.read(&mut buf).unwrap() {
                    0 => return all,
                    n => all.extend_from_slice(&buf[..n]),
                }
                thread::sleep(Duration::from_millis(pause));
            }
        });
        let mut wanted = Vec::new();
        let mut buf = Vec::new();
        let mut lent = 0;
        while wanted.len() < total {
            let len = if rng.bool() { rng.usize(1..5000) } else { rng.usize(5000..300_000) };
            buf.clear();
            buf.resize(len, 0);
            rng.fill(&mut buf);
            wanted.extend_from_slice(&buf);
            if rng.u8(..4) == 0 {
                write(&mut w, &buf);
            } else {
                lent += 1;
                buf = lend(&mut w, buf, None).unwrap();
                assert!(buf.is_empty());
            }
        }
        w.shutdown().unwrap();
        assert!(reader.join().unwrap() == wanted, "round {round}");
        assert!(lent > 0);
        let report = w.lend_report().unwrap();
        assert!(report.starts_with("SEND_ZC: "), "{report}");
    }
}

/// What has been taken by the socket but not by the peer lies in our buffers. Whoever gives one of them out again changes
/// what the peer sees.
#[test]
fn no_buffer_comes_back_before_its_notification() {
    const LEN: usize = 64 << 10;
    let (mut w, mut far) = tcp();
    if !has_ring(&mut w) {
        return;
    }
    let mut wanted = Vec::new();
    let mut buf = Vec::new();
    let mut addresses = Vec::new();
    // The peer does not read, and its window is far smaller than this.
    for round in 0..7u8 {
        buf.clear();
        buf.resize(LEN, round + 1);
        wanted.extend_from_slice(&buf);
        addresses.push(buf.as_ptr());
        buf = lend(&mut w, buf, Some(Duration::from_secs(5))).unwrap();
        // As a careless user would: all that can be had is overwritten.
        buf.resize(LEN, 0xee);
    }
    let report = w.lend_report().unwrap();
    w.shutdown().unwrap();
    let mut all = Vec::new();
    far.read_to_end(&mut all).unwrap();
    assert!(all == wanted, "the peer has seen what was written later");
    // The first few may have been with the peer, the last one cannot.
    assert_ne!(addresses[6], buf.as_ptr());
    assert!(!report.contains(" 0 still out"), "{report}");
}

/// At most half of the queue: then a notification is waited for, as long as the caller says.
#[test]
fn a_peer_that_stalls_holds_nothing_up_for_longer_than_allowed() {
    let (mut w, mut far) = tcp();
    if !has_ring(&mut w) {
        return;
    }
    let began = Instant::now();
    let mut sent = 0;
    let stuck = loop {
        let buf = Arc::new(vec![7; 64 << 10]);
        match w.lend(&buf, 0, usize::MAX, Some(Duration::from_millis(60))) {
            Ok(n) => sent += n,
            Err(e) => break e,
        }
        assert!(sent < 64 << 20, "never stuck");
    };
    assert_eq!(stuck.kind(), io::ErrorKind::TimedOut);
    assert!(began.elapsed() < Duration::from_secs(20));
    // Half of the queue waits for a notification; the socket would take more.
    let report = w.lend_report().unwrap();
    assert!(report.ends_with(", 8 still out"), "{report}");

    // The ring is none the worse for it.
    let reader = thread::spawn(move || {
        let mut all = Vec::new();
        far.read_to_end(&mut all).unwrap();
        all.len()
    });
    for _ in 0..40 {
        lend(&mut w, vec![8; 64 << 10], Some(Duration::from_secs(20))).unwrap();
    }
    w.shutdown().unwrap();
    assert_eq!(reader.join().unwrap(), sent + 40 * (64 << 10));
}

/// The socket itself is full before the queue is: the linked timeout ends the wait.
#[test]
fn a_full_socket_is_waited_for_and_no_longer_than_allowed() {
    let (mut w, far) = tcp();
    if !has_ring(&mut w) {
        return;
    }
    // By the other way, so that no notification is waited for.
    while w.send(&[1; 65536], Some(Duration::from_millis(20))).is_ok() {}
    let buf = Arc::new(vec![2; 64 << 10]);
    let began = Instant::now();
    let stuck = w.lend(&buf, 0, usize::MAX, Some(Duration::from_millis(80))).unwrap_err();
    assert_eq!(stuck.kind(), io::ErrorKind::TimedOut);
    assert!(began.elapsed() >= Duration::from_millis(79), "it did not wait");
    let (told, go) = mpsc::channel();
    let mut reading = far.try_clone().unwrap();
    let reader = thread::spawn(move || {
        go.recv().unwrap();
        thread::sleep(Duration::from_millis(30));
        io::copy(&mut reading, &mut io::sink()).unwrap()
    });
    told.send(()).unwrap();
    assert_ne!(w.lend(&buf, 0, usize::MAX, Some(Duration::from_secs(20))).unwrap(), 0);
    w.shutdown().unwrap();
    reader.join().unwrap();
}

#[test]
fn a_peer_that_closes_is_an_error() {
    let (mut w, far) = tcp();
    if !has_ring(&mut w) {
        return;
    }
    drop(far);
    let error = (0..1000)
        .find_map(|_| lend(&mut w, vec![1; 64 << 10], Some(Duration::from_secs(5))).err())
        .expect("nobody reads, and nobody said so");
    let gone = [io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset];
    assert!(gone.contains(&error.kind()), "{error}");
}

/// Sockets that cannot take pages say so, and the link is not asked again.
#[test]
fn a_unix_socket_refuses() {
    let (near, _far) = UnixStream::pair().unwrap();
    let mut w = fd::socket(OwnedFd::from(near)).unwrap().1;
    if !has_ring(&mut w) {
        return;
    }
    let buf = Arc::new(vec![1; 64 << 10]);
    for _ in 0..2 {
        let error = w.lend(&buf, 0, usize::MAX, None).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
    }
    let Err(Reason::Refused(why)) = w.lends() else { panic!("asked again") };
    assert!(why.contains("SEND_ZC: Operation not supported"), "{why}");
    assert!(w.lend_report().is_none());
    assert_eq!(Arc::strong_count(&buf), 1, "nothing of it is in flight");
}
