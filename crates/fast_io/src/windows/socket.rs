//! Sockets that can be given overlapped calls.

use super::pump::Pump;
use std::{
    io::{self, IoSlice, Read, Write},
    net::{Shutdown, TcpStream},
    os::windows::io::{AsRawSocket, OwnedSocket, RawHandle},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use windows_sys::Win32::{
    Networking::WinSock::{
        POLLERR, POLLHUP, POLLNVAL, POLLRDNORM, POLLWRNORM, SOCKET, SOCKET_ERROR, WSAPOLLFD,
        WSAPoll,
    },
    System::IO::{CancelIoEx, OVERLAPPED},
};

/// A connected TCP socket that was made with `WSA_FLAG_OVERLAPPED` and whose completions come to a pump. Calls other than
/// `TransmitFile` do not block: they are preceded by a wait.
#[derive(Debug)]
pub(super) struct OverlappedSocket {
    stream: TcpStream,
    /// A `TransmitFile` is under way.
    transmitting: AtomicBool,
}

/// Which way to wait for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Direction {
    Read,
    Write,
}

impl OverlappedSocket {
    /// Takes a socket over.
    ///
    /// # Errors
    /// If it is not an overlapped one, or belongs to a completion port already.
    pub fn new(socket: OwnedSocket, pump: &Pump) -> io::Result<Arc<OverlappedSocket>> {
        let stream = TcpStream::from(socket);
        // This is the check, too: the kernel associates no other sockets.
        pump.associate(stream.as_raw_socket() as RawHandle)?;
        stream.set_nonblocking(true)?;
        Ok(Arc::new(OverlappedSocket { stream, transmitting: AtomicBool::new(false) }))
    }

    /// For calls of the system that nothing here stands for. It is closed with `self`.
    pub fn raw(&self) -> SOCKET {
        self.stream.as_raw_socket() as SOCKET
    }

    /// Waits until a read or write would do something; `TimedOut` after `timeout`.
    pub fn wait(&self, direction: Direction, timeout: Option<Duration>) -> io::Result<()> {
        let events = match direction {
            Direction::Read => POLLRDNORM,
            Direction::Write => POLLWRNORM,
        };
        self.poll(events, timeout).map(drop)
    }

    /// Whether the connection was reset or aborted, or the peer has closed it. (A peer that only ended its direction of
    /// the stream counts, too: no peer of ours does that while there is something for it to read.)
    pub fn is_broken(&self) -> bool {
        let gone = POLLERR | POLLHUP | POLLNVAL;
        self.poll(POLLWRNORM, Some(Duration::ZERO)).is_ok_and(|found| found & gone != 0)
    }

    /// The events of `events` that came within `timeout`, and those that are never asked for.
    fn poll(&self, events: i16, timeout: Option<Duration>) -> io::Result<i16> {
        let limit = timeout.map_or(-1, |t| t.as_millis().min(i32::MAX as u128) as i32);
        let mut entry = WSAPOLLFD { fd: self.raw(), events, revents: 0 };
        // SAFETY: one entry, a live local, of a socket that is open.
        match unsafe { WSAPoll(&mut entry, 1, limit) } {
            0 => Err(io::ErrorKind::TimedOut.into()),
            // Where Windows Sockets keep their errors is where std looks for them.
            SOCKET_ERROR => Err(io::Error::last_os_error()),
            _ => Ok(entry.revents),
        }
    }

    /// Reads what is there, waiting for it.
    pub fn recv(&self, buf: &mut [u8], timeout: Option<Duration>) -> io::Result<usize> {
        self.retry(Direction::Read, timeout, |mut stream| stream.read(buf))
    }

    /// Sends some of a buffer (`WSASend`), waiting for room.
    pub fn send(&self, buf: &[u8], timeout: Option<Duration>) -> io::Result<usize> {
        self.retry(Direction::Write, timeout, |mut stream| {
            stream.write_vectored(&[IoSlice::new(buf)])
        })
    }

    fn retry(
        &self,
        direction: Direction,
        timeout: Option<Duration>,
        mut attempt: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            match attempt(&self.stream) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.wait(direction, timeout)?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    /// Ends our direction of the stream.
    pub fn shutdown(&self) -> io::Result<()> {
        match self.stream.shutdown(Shutdown::Write) {
            Err(e) if e.kind() != io::ErrorKind::NotConnected => Err(e),
            _ => Ok(()),
        }
    }

    /// Asks the kernel to give an operation up. Its completion still arrives.
    pub fn cancel(&self, overlapped: *mut OVERLAPPED) {
        // SAFETY: the socket is open. The pointer is compared with those of pending operations, not followed: one that is
        // over already is answered with `ERROR_NOT_FOUND`, which is as good.
        let _over_already = unsafe { CancelIoEx(self.raw() as RawHandle, overlapped) };
    }
}

/// The right to have a `TransmitFile` under way on a socket, of which there is one. It keeps the socket open.
#[derive(Debug)]
pub(super) struct Flight {
    socket: Arc<OverlappedSocket>,
}

impl Flight {
    /// Takes it.
    ///
    /// # Errors
    /// `ResourceBusy` if somebody else has it.
    pub fn begin(socket: &Arc<OverlappedSocket>) -> io::Result<Flight> {
        if socket.transmitting.swap(true, Ordering::Acquire) {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        Ok(Flight { socket: socket.clone() })
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.socket.transmitting.store(false, Ordering::Release);
    }
}
