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
use crate::{counters::Reason, eligibility::is_intercepted};
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

/// The time of each way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Costs {
    /// `TransmitFile`.
    pub transmit: Duration,
    /// Read and `WSASend`.
    pub copy: Duration,
}

/// What was found: the times, or why there are none.
pub(super) type Found = Mutex<Option<Result<Costs, String>>>;

/// What speaks against `TransmitFile` on this machine. The first call with a file that is long enough finds out.
pub(super) fn refusal(
    found: &Found,
    file: &File,
    clock: &mut dyn FnMut() -> Duration,
) -> Option<Reason> {
    if file.metadata().is_ok_and(|m| m.len() < SHORTEST) {
        return None;
    }
    let mut found = found.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    match found.get_or_insert_with(|| measure(file, clock).map_err(|e| e.to_string())) {
        Ok(costs) => is_intercepted(costs.transmit, costs.copy).then_some(Reason::Calibration),
        Err(e) => Some(Reason::Refused(e.clone())),
    }
}

/// Sends the beginning of a file both ways, by turns. `clock` is asked before and after each.
fn measure(file: &File, clock: &mut dyn FnMut() -> Duration) -> io::Result<Costs> {
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
    let mut costs = Costs { transmit: Duration::MAX, copy: Duration::MAX };
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
        costs.copy = costs.copy.min(timed(&mut copy)?);
        costs.transmit = costs.transmit.min(timed(&mut transmit)?);
    }
    socket.shutdown()?;
    let _drained = drain.join();
    Ok(costs)
}
