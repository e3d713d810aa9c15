//! `TransmitFile`, overlapped, with the head of a run in front of it.
//!
//! A call is under way until its completion arrives at the pump; it can be waited for in slices of time. Dropped before
//! that it is cancelled, and what the kernel reads lives on in the pump's block.
//!
//! `TF_WRITE_BEHIND` lets a call end when the stack has taken the bytes. Without it a call ends when the peer has
//! acknowledged them, and with one call in flight each run would cost a round trip.

use super::{
    file::SequentialFile,
    pump::{Block, Outcome},
    socket::{Flight, OverlappedSocket},
};
use crate::eligibility::{MAX_RUN, is_refusal};
use std::{
    io, ptr,
    sync::Arc,
    time::{Duration, Instant},
};
use windows_sys::Win32::{
    Foundation::{ERROR_CONNECTION_ABORTED, ERROR_NETNAME_DELETED, HANDLE},
    Networking::WinSock::{
        SOCKET, TF_WRITE_BEHIND, TRANSMIT_FILE_BUFFERS, TransmitFile, WSA_IO_PENDING,
        WSAGetLastError,
    },
    System::IO::OVERLAPPED,
};
use windows_sys::core::BOOL;

/// `TransmitFile`, or what a test has in its place.
pub(super) type TransmitFn = unsafe extern "system" fn(
    SOCKET,
    HANDLE,
    u32,
    u32,
    *mut OVERLAPPED,
    *const TRANSMIT_FILE_BUFFERS,
    u32,
) -> BOOL;

/// The call of the system.
pub(super) unsafe extern "system" fn system_call(
    socket: SOCKET,
    file: HANDLE,
    len: u32,
    per_send: u32,
    overlapped: *mut OVERLAPPED,
    buffers: *const TRANSMIT_FILE_BUFFERS,
    flags: u32,
) -> BOOL {
    // SAFETY: the caller's promises are those that the system asks for.
    unsafe { TransmitFile(socket, file, len, per_send, overlapped, buffers, flags) }
}

/// Bytes that the stack handles at a time.
const PER_SEND: u32 = 65536;

/// How long a call may take before the link is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What the kernel reads in the course of a call.
struct Call {
    head: Vec<u8>,
    buffers: TRANSMIT_FILE_BUFFERS,
    file: SequentialFile,
    _flight: Flight,
}

// SAFETY: the pointers in `buffers` lead into `head`, which moves with it.
unsafe impl Send for Call {}

/// A call under way.
#[derive(Debug)]
pub(super) struct Transmission {
    socket: Arc<OverlappedSocket>,
    block: Arc<Block>,
    /// Bytes of head and run.
    expected: u64,
    started: Instant,
    over: bool,
}

impl Transmission {
    /// Starts to send `head` and `len` bytes of a file, at least one of them and at most [`MAX_RUN`].
    ///
    /// # Errors
    /// `ResourceBusy` if a call is under way on the socket, `Unsupported` if this file cannot go this way, or the link's.
    pub fn start(
        socket: &Arc<OverlappedSocket>,
        transmit: TransmitFn,
        head: &[u8],
        file: &SequentialFile,
        offset: u64,
        len: u64,
    ) -> io::Result<Transmission> {
        // A length of 0 would mean the whole file.
        if len == 0 || len > MAX_RUN || head.len() > MAX_RUN as usize {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let flight = Flight::begin(socket)?;
        let mut call = Box::new(Call {
            head: head.to_vec(),
            buffers: TRANSMIT_FILE_BUFFERS::default(),
            file: file.clone(),
            _flight: flight,
        });
        call.buffers = TRANSMIT_FILE_BUFFERS {
            Head: call.head.as_mut_ptr().cast(),
            HeadLength: call.head.len() as u32,
            Tail: ptr::null_mut(),
            TailLength: 0,
        };
        let buffers = &raw const call.buffers;
        let file = call.file.raw();
        let block = Block::new(offset, call);
        // SAFETY: one overlapped call on a socket that is associated with a pump (every `OverlappedSocket` is). Its buffers
        // and the file's handle belong to the payload, a box that does not move. `Ok` means success or pending.
        let started = unsafe {
            block.start(|overlapped| {
                let done = transmit(
                    socket.raw(),
                    file,
                    len as u32,
                    PER_SEND,
                    overlapped,
                    buffers,
                    TF_WRITE_BEHIND,
                );
                match WSAGetLastError() {
                    _ if done != 0 => Ok(()),
                    WSA_IO_PENDING => Ok(()),
                    code => Err(io::Error::from_raw_os_error(code)),
                }
            })
        };
        started.map_err(|e| if is_refusal(&e) { refusal(e) } else { link_error(e) })?;
        let expected = head.len() as u64 + len;
        Ok(Transmission {
            socket: socket.clone(),
            block,
            expected,
            started: Instant::now(),
            over: false,
        })
    }

    /// Waits for the end and returns the bytes sent, which is all of them.
    ///
    /// # Errors
    /// `TimedOut` if the end does not come within `timeout`: wait again, or drop the call to cancel it. `WriteZero` if
    /// fewer bytes went out. `Unsupported` if nothing went out because this file cannot go this way. Otherwise the link's
    /// error.
    pub fn wait(&mut self, timeout: Option<Duration>) -> io::Result<u64> {
        let outcome = self.outcome(timeout)?;
        self.over = true;
        match outcome.error {
            None if outcome.bytes == self.expected => Ok(outcome.bytes),
            None => Err(io::ErrorKind::WriteZero.into()),
            Some(e) if outcome.bytes == 0 && is_refusal(&e) => Err(refusal(e)),
            Some(e) => Err(link_error(e)),
        }
    }
}

impl Transmission {
    /// Waits, and looks at the link now and then: not every system ends a call whose connection was lost.
    fn outcome(&self, timeout: Option<Duration>) -> io::Result<Outcome> {
        let deadline = timeout.map(|t| Instant::now() + t);
        loop {
            let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
            if let Some(outcome) = self.block.wait(Some(left.map_or(LOOK, |left| left.min(LOOK)))) {
                return Ok(outcome);
            }
            if self.started.elapsed() >= LOOK && self.socket.is_broken() {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            if left.is_some_and(|left| left <= LOOK) {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }
}

impl Drop for Transmission {
    fn drop(&mut self) {
        if !self.over {
            self.socket.cancel(self.block.overlapped());
        }
    }
}

fn refusal(error: io::Error) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, error)
}

/// A completion names what happened to a socket in the file system's words.
fn link_error(error: io::Error) -> io::Error {
    match error.raw_os_error().map(|code| code as u32) {
        Some(ERROR_NETNAME_DELETED) => io::ErrorKind::ConnectionReset.into(),
        Some(ERROR_CONNECTION_ABORTED) => io::ErrorKind::ConnectionAborted.into(),
        _ => error,
    }
}
