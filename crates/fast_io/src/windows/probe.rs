//! Whether `TransmitFile` keeps its promise on this machine.
//!
//! A filter between us and the network (a virus scanner, a layered service provider) may turn `TransmitFile` into a
//! buffered copy that costs more than ours. So before the first file goes that way, the beginning of it is sent over a
//! loopback connection both ways and timed.

use super::{
    file::SequentialFile,
    pump::Pump,
    socket::OverlappedSocket,
    transmit::{Transmission, system_call},
};
use crate::policy::Verdict;
use std::{
    fs::File,
    io::{self, Read},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

/// Bytes sent each way.
const SAMPLE: u64 = 1 << 20;
/// Bytes sent at a time, each way.
const PIECE: u64 = 256 * 1024;
/// A shorter file never goes by `TransmitFile`, and would make very many pieces of the sample.
const SHORTEST: u64 = 32 * 1024;
/// Each way is taken this often; the shortest time counts, since whatever else runs only makes it longer.
const ROUNDS: usize = 3;
/// Nothing on a loopback connection takes this long.
const LIMIT: Option<Duration> = Some(Duration::from_secs(5));

/// What was found; `None` inside if it could not be found out.
pub(super) type Found = Mutex<Option<Option<Verdict>>>;

/// What `TransmitFile` costs on this machine. The first call with a file that is long enough finds out.
pub(super) fn verdict(
    found: &Found,
    file: &File,
    clock: &mut dyn FnMut() -> Duration,
) -> Option<Verdict> {
    if file.metadata().is_ok_and(|m| m.len() < SHORTEST) {
        return None;
    }
    let mut found = found.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    *found.get_or_insert_with(|| measure(file, clock).ok())
}

/// Sends the beginning of a file both ways, by turns. `clock` is asked before and after each.
fn measure(file: &File, clock: &mut dyn FnMut() -> Duration) -> io::Result<Verdict> {
    let file = SequentialFile::new(&Arc::new(file.try_clone()?))?;
    let piece = file.len()?.min(PIECE);
    if piece == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let pump = Pump::global()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (mut far, peer) = listener.accept()?;
    if peer != near.local_addr()? {
        return Err(io::Error::other("somebody else connected"));
    }
    let socket = OverlappedSocket::new(near.into(), &pump)?;
    let drain = std::thread::spawn(move || {
        let mut buf = vec![0; PIECE as usize];
        while far.read(&mut buf).is_ok_and(|n| n > 0) {}
    });
    let (mut transmitting, mut copying) = (Duration::MAX, Duration::MAX);
    let mut timed = |way: &mut dyn FnMut() -> io::Result<()>| {
        let before = clock();
        let mut left = SAMPLE;
        while left > 0 {
            way()?;
            left = left.saturating_sub(piece);
        }
        Ok::<_, io::Error>(clock().saturating_sub(before))
    };
    let mut buf = vec![0; piece as usize];
    let mut copy = || {
        file.read_at(&mut buf, 0)?;
        let mut sent = 0;
        while sent < buf.len() {
            sent += socket.send(&buf[sent..], LIMIT)?;
        }
        Ok(())
    };
    let mut transmit = || {
        Transmission::start(&socket, system_call, &[], &file, 0, piece)?.wait(LIMIT)?;
        Ok(())
    };
    for _ in 0..ROUNDS {
        copying = copying.min(timed(&mut copy)?);
        transmitting = transmitting.min(timed(&mut transmit)?);
    }
    socket.shutdown()?;
    let _drained = drain.join();
    // The sample is one MiB.
    Ok(Verdict { lane: transmitting.as_nanos() as f64, copying: copying.as_nanos() as f64 })
}
