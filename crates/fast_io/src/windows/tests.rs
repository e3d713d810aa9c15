//! `TransmitFile` as the system does it, refuses it, cuts it short, or does not end it.

use super::{
    file::SequentialFile,
    probe,
    pump::Pump,
    socket::{Direction, Flight, OverlappedSocket},
    transmit::{Transmission, system_call},
    volume,
};
use crate::{counters::Reason, eligibility::Volumes};
use std::{
    fs::File,
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::windows::io::{FromRawSocket, OwnedSocket, RawSocket},
    ptr,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};
use tempfile::TempPath;
use windows_sys::Win32::{
    Foundation::{ERROR_NOT_SUPPORTED, HANDLE},
    Networking::WinSock::{
        AF_INET, INVALID_SOCKET, IPPROTO_TCP, SOCK_STREAM, SOCKET, TRANSMIT_FILE_BUFFERS,
        WSASetLastError, WSASocketW,
    },
    System::IO::OVERLAPPED,
};
use windows_sys::core::BOOL;

const SHORT: Option<Duration> = Some(Duration::from_millis(50));

fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}

fn sample(len: usize) -> (Vec<u8>, Arc<File>, TempPath) {
    let mut content = vec![0; len];
    fastrand::Rng::with_seed(len as u64).fill(&mut content);
    let (mut file, path) = tempfile::NamedTempFile::new().unwrap().into_parts();
    file.write_all(&content).unwrap();
    (content, Arc::new(file), path)
}

/// A system without `TransmitFile`.
unsafe extern "system" fn not_supported(
    _: SOCKET,
    _: HANDLE,
    _: u32,
    _: u32,
    _: *mut OVERLAPPED,
    _: *const TRANSMIT_FILE_BUFFERS,
    _: u32,
) -> BOOL {
    // SAFETY: it only sets a value of this thread.
    unsafe { WSASetLastError(ERROR_NOT_SUPPORTED as i32) };
    0
}

/// A system that sends a byte less than it was told to.
unsafe extern "system" fn cuts_short(
    socket: SOCKET,
    file: HANDLE,
    len: u32,
    per_send: u32,
    overlapped: *mut OVERLAPPED,
    buffers: *const TRANSMIT_FILE_BUFFERS,
    flags: u32,
) -> BOOL {
    // SAFETY: the caller's promises hold for one byte less, too.
    unsafe { system_call(socket, file, len - 1, per_send, overlapped, buffers, flags) }
}

#[test]
fn a_head_and_its_run_are_one_call() {
    let (near, mut far) = tcp();
    let pump = Pump::new().unwrap();
    let socket = OverlappedSocket::new(near.into(), &pump).unwrap();
    let (content, file, _path) = sample(16 << 20);
    let file = SequentialFile::new(&file).unwrap();
    let reader = thread::spawn(move || {
        let mut all = Vec::new();
        far.read_to_end(&mut all).unwrap();
        all
    });
    let len = (16 << 20) - 1;
    let mut call = Transmission::start(&socket, system_call, b"head", &file, 1, len).unwrap();
    while !pump.turn(SHORT).unwrap() {}
    assert_eq!(call.wait(SHORT).unwrap(), 4 + len);
    // One byte more is not given to a call, and neither are none.
    for wrong in [16 << 20, 0] {
        let refused = Transmission::start(&socket, system_call, b"", &file, 0, wrong);
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
    drop(call);
    socket.shutdown().unwrap();
    assert!(reader.join().unwrap() == [b"head", &content[1..]].concat());
}

#[test]
fn fewer_bytes_than_announced_are_an_error() {
    let (near, _far) = tcp();
    let socket = OverlappedSocket::new(near.into(), &Pump::global().unwrap()).unwrap();
    let (_, file, _path) = sample(5000);
    let file = SequentialFile::new(&file).unwrap();
    let mut call = Transmission::start(&socket, cuts_short, b"head", &file, 0, 5000).unwrap();
    assert_eq!(call.wait(None).unwrap_err().kind(), io::ErrorKind::WriteZero);
}

#[test]
fn one_call_at_a_time() {
    let (near, mut far) = tcp();
    let socket = OverlappedSocket::new(near.into(), &Pump::global().unwrap()).unwrap();
    let (_, file, _path) = sample(12 << 20);
    let file = SequentialFile::new(&file).unwrap();
    let mut first = Transmission::start(&socket, system_call, b"", &file, 0, 12 << 20).unwrap();
    // Nobody reads yet.
    assert_eq!(first.wait(SHORT).unwrap_err().kind(), io::ErrorKind::TimedOut);
    let second = Transmission::start(&socket, system_call, b"", &file, 0, 1);
    assert_eq!(second.unwrap_err().kind(), io::ErrorKind::ResourceBusy);
    let reader = thread::spawn(move || io::copy(&mut far, &mut io::sink()).unwrap());
    assert_eq!(first.wait(None).unwrap(), 12 << 20);
    Transmission::start(&socket, system_call, b"", &file, 0, 1).unwrap().wait(None).unwrap();
    socket.shutdown().unwrap();
    assert_eq!(reader.join().unwrap(), (12 << 20) + 1);
}

#[test]
fn buffers_outlive_a_cancelled_call() {
    let (near, _far) = tcp();
    let pump = Pump::new().unwrap();
    let socket = OverlappedSocket::new(near.into(), &pump).unwrap();
    let (_, file, _path) = sample(12 << 20);
    let file = SequentialFile::new(&file).unwrap();
    let mut call = Transmission::start(&socket, system_call, b"head", &file, 0, 12 << 20).unwrap();
    assert_eq!(call.wait(SHORT).unwrap_err().kind(), io::ErrorKind::TimedOut);
    drop(call);
    // The kernel still has it: the payload owns the flight, and nobody turned the pump.
    assert_eq!(Flight::begin(&socket).unwrap_err().kind(), io::ErrorKind::ResourceBusy);
    assert!(pump.turn(Some(Duration::from_secs(10))).unwrap(), "the call was not cancelled");
    drop(Flight::begin(&socket).expect("the payload is gone"));
    assert_eq!(Arc::strong_count(&socket), 1);
}

#[test]
fn a_refused_call_frees_its_buffers() {
    let (near, _far) = tcp();
    let socket = OverlappedSocket::new(near.into(), &Pump::global().unwrap()).unwrap();
    let (_, file, _path) = sample(100);
    let file = SequentialFile::new(&file).unwrap();
    let refused = Transmission::start(&socket, not_supported, b"head", &file, 0, 100);
    assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::Unsupported);
    assert_eq!(Arc::strong_count(&socket), 1);
    drop(Flight::begin(&socket).unwrap());
}

#[test]
fn only_overlapped_sockets_are_taken() {
    let pump = Pump::new().unwrap();
    // Windows Sockets start with the first socket of std.
    let (near, _far) = tcp();
    // SAFETY: there are no pointers but one that may be null.
    let raw = unsafe { WSASocketW(AF_INET.into(), SOCK_STREAM, IPPROTO_TCP, ptr::null(), 0, 0) };
    assert_ne!(raw, INVALID_SOCKET);
    // SAFETY: it was just made and belongs to nobody else.
    let plain = unsafe { OwnedSocket::from_raw_socket(raw as RawSocket) };
    assert!(OverlappedSocket::new(plain, &pump).is_err());
    let twin = near.try_clone().unwrap();
    OverlappedSocket::new(near.into(), &pump).unwrap();
    // The association is the socket's, whatever the handle.
    assert!(OverlappedSocket::new(twin.into(), &pump).is_err());
}

#[test]
fn sends_wait_for_room_and_reads_for_bytes() {
    let (near, mut far) = tcp();
    let socket = OverlappedSocket::new(near.into(), &Pump::global().unwrap()).unwrap();
    let late = |done: io::Result<usize>| done.is_err_and(|e| e.kind() == io::ErrorKind::TimedOut);
    assert!(late(socket.recv(&mut [0; 4], SHORT)));
    assert!(!socket.is_broken());
    let mut sent = 0;
    loop {
        match socket.send(&[7; 65536], SHORT) {
            Ok(n) => sent += n,
            full => break assert!(late(full)),
        }
    }
    let mut buf = vec![0; sent];
    far.read_exact(&mut buf).unwrap();
    socket.wait(Direction::Write, None).unwrap();
    far.write_all(b"back").unwrap();
    assert_eq!(socket.recv(&mut buf, None).unwrap(), 4);
}

#[test]
fn the_clock_decides_about_interception() {
    let (_, file, _path) = sample(300_000);
    // Asked before and after each way, reading and writing first: the second way takes `transmit`, the first 10 ms.
    let pays = |transmit: u64| {
        let found = Mutex::new(None);
        let (mut now, mut calls) = (Duration::ZERO, 0);
        let mut clock = || {
            let step = [0, 10, 0, transmit][calls % 4];
            calls += 1;
            now += Duration::from_millis(step);
            now
        };
        let first = probe::verdict(&found, &file, &mut clock).expect("measured");
        // It is not measured again.
        let second = probe::verdict(&found, &file, &mut || panic!("measured again"));
        assert_eq!(Some(first), second);
        assert_eq!(calls, 12);
        first.lane <= first.copying * crate::policy::THRESHOLD
    };
    assert!(pays(7));
    assert!(!pays(8));
}

#[test]
fn the_real_volume_is_eligible_until_it_refuses() {
    let volumes = Volumes::new();
    let (_, first, _path) = sample(10);
    let (_, second, _other) = sample(11);
    assert_eq!(volume::refusal(&volumes, &first), None);
    let error = io::Error::from_raw_os_error(ERROR_NOT_SUPPORTED as i32);
    volume::withdraw(&volumes, &first, &error).unwrap();
    assert_eq!(volume::refusal(&volumes, &second), Some(Reason::Refused(error.to_string())));
}
