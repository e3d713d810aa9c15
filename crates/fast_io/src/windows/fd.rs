//! Halves over what Windows has in place of descriptors: sockets, and the handles of pipes and standard streams.

use super::{
    file::SequentialFile,
    pipe::{PipeReader, PipeWriter},
    probe,
    pump::Pump,
    socket::{Direction, OverlappedSocket},
    transmit::{Transmission, TransmitFn, system_call},
    volume,
};
use crate::{
    counters::Reason,
    eligibility::{Volumes, call_len},
    lanes::{self, Lane, LinkKind, Producer},
    policy::Verdict,
    send_file::PlatformSendFile,
    transport::{FileRange, Received, RecvHalf, SendHalf},
};
use std::{
    fs::File,
    io,
    os::windows::io::{OwnedHandle, OwnedSocket},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// What this process knows about `TransmitFile`.
#[derive(Debug)]
struct Lanes {
    transmit: TransmitFn,
    volumes: Volumes,
    costs: probe::Found,
}

static LANES: Lanes =
    Lanes { transmit: system_call, volumes: Volumes::new(), costs: Mutex::new(None) };

/// The reading half of a socket or handle.
#[derive(Debug)]
pub struct FdReader(Source);

#[derive(Debug)]
enum Source {
    Socket(Arc<OverlappedSocket>),
    Handle(PipeReader),
}

/// The writing half of a socket or handle.
#[derive(Debug)]
pub struct FdWriter(Sink);

#[derive(Debug)]
enum Sink {
    Socket(SocketWriter),
    Handle(PipeWriter),
    Closed,
}

/// Both halves of a connected TCP socket.
///
/// # Errors
/// If it was not made for overlapped calls.
pub fn socket(socket: impl Into<OwnedSocket>) -> io::Result<(FdReader, FdWriter)> {
    let pump = Pump::global()?;
    halves(socket.into(), &pump, &LANES)
}

fn halves(
    socket: OwnedSocket,
    pump: &Pump,
    lanes: &'static Lanes,
) -> io::Result<(FdReader, FdWriter)> {
    let socket = OverlappedSocket::new(socket, pump)?;
    let writer = SocketWriter { socket: socket.clone(), lanes, transmission: None, file: None };
    Ok((FdReader(Source::Socket(socket)), FdWriter(Sink::Socket(writer))))
}

impl FdReader {
    /// Takes over a handle.
    ///
    /// # Errors
    /// If no thread can be started for it.
    pub fn new(handle: impl Into<OwnedHandle>) -> io::Result<FdReader> {
        Ok(FdReader(Source::Handle(PipeReader::new(handle.into())?)))
    }
}

impl FdWriter {
    /// Takes over a handle.
    ///
    /// # Errors
    /// If no thread can be started for it.
    pub fn new(handle: impl Into<OwnedHandle>) -> io::Result<FdWriter> {
        Ok(FdWriter(Sink::Handle(PipeWriter::new(handle.into())?)))
    }
}

impl RecvHalf for FdReader {
    fn recv(&mut self, buf: &mut [u8], timeout: Option<Duration>) -> io::Result<Received> {
        match &mut self.0 {
            Source::Socket(socket) => Ok(Received::Bytes(socket.recv(buf, timeout)?)),
            Source::Handle(pipe) => pipe.recv(buf, timeout),
        }
    }

    fn ready(&mut self) -> io::Result<bool> {
        match &mut self.0 {
            Source::Socket(socket) => match socket.wait(Direction::Read, Some(Duration::ZERO)) {
                Ok(()) => Ok(true),
                Err(e) if e.kind() == io::ErrorKind::TimedOut => Ok(false),
                Err(e) => Err(e),
            },
            Source::Handle(pipe) => pipe.ready(),
        }
    }
}

impl SendHalf for FdWriter {
    fn send(&mut self, buf: &[u8], timeout: Option<Duration>) -> io::Result<usize> {
        match &mut self.0 {
            Sink::Socket(writer) => writer.send(buf, timeout),
            Sink::Handle(pipe) => pipe.send(buf, timeout),
            Sink::Closed => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn shutdown(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.0, Sink::Closed) {
            Sink::Socket(writer) => writer.socket.shutdown(),
            Sink::Handle(_) | Sink::Closed => Ok(()),
        }
    }
}

impl PlatformSendFile for FdWriter {
    fn send_file(
        &mut self,
        head: &[u8],
        range: &FileRange,
        timeout: Option<Duration>,
    ) -> io::Result<u64> {
        match &mut self.0 {
            Sink::Socket(writer) => writer.send_file(head, range, timeout),
            Sink::Handle(_) => Err(io::ErrorKind::Unsupported.into()),
            Sink::Closed => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn method(&self) -> Lane {
        lanes::lane(Producer::LiteralRun, self.link())
    }

    fn link(&self) -> LinkKind {
        match &self.0 {
            Sink::Socket(_) => LinkKind::Socket,
            Sink::Handle(_) => LinkKind::Pipe,
            Sink::Closed => LinkKind::Other,
        }
    }

    fn refusal(&self, file: &File) -> Option<Reason> {
        match &self.0 {
            Sink::Socket(writer) => volume::refusal(&writer.lanes.volumes, file),
            _ => None,
        }
    }

    fn probe(&self, file: &File) -> Option<Verdict> {
        match &self.0 {
            Sink::Socket(writer) => {
                let start = Instant::now();
                probe::verdict(&writer.lanes.costs, file, &mut || start.elapsed())
            }
            _ => None,
        }
    }
}

/// The writing half of a socket.
#[derive(Debug)]
struct SocketWriter {
    socket: Arc<OverlappedSocket>,
    lanes: &'static Lanes,
    /// The call under way, which the last wait did not see to its end.
    transmission: Option<Transmission>,
    /// The file of the last run, and how it is sent.
    file: Option<(Arc<File>, SequentialFile)>,
}

impl SocketWriter {
    fn send(&mut self, buf: &[u8], timeout: Option<Duration>) -> io::Result<usize> {
        match self.transmission {
            // What follows a run must not overtake it.
            Some(_) => Err(io::ErrorKind::ResourceBusy.into()),
            None => self.socket.send(buf, timeout),
        }
    }

    fn send_file(
        &mut self,
        head: &[u8],
        range: &FileRange,
        timeout: Option<Duration>,
    ) -> io::Result<u64> {
        let mut transmission = match self.transmission.take() {
            Some(under_way) => under_way,
            None => {
                let file = self.sequential(&range.file)?;
                let len = call_len(range.len, range.offset, file.len()?);
                if len == 0 && head.is_empty() {
                    return Ok(0);
                }
                if len == 0 {
                    return Ok(self.send(head, timeout)? as u64);
                }
                let call = self.lanes.transmit;
                let started =
                    Transmission::start(&self.socket, call, head, &file, range.offset, len);
                self.noted(range, started)?
            }
        };
        match transmission.wait(timeout) {
            Err(e) if e.kind() == io::ErrorKind::TimedOut => {
                self.transmission = Some(transmission);
                Err(e)
            }
            done => self.noted(range, done),
        }
    }

    fn sequential(&mut self, file: &Arc<File>) -> io::Result<SequentialFile> {
        if let Some((known, sequential)) = &self.file
            && Arc::ptr_eq(known, file)
        {
            return Ok(sequential.clone());
        }
        let sequential =
            SequentialFile::new(file).map_err(|e| io::Error::new(io::ErrorKind::Unsupported, e))?;
        self.file = Some((file.clone(), sequential.clone()));
        Ok(sequential)
    }

    /// The volume of a file that was refused is not asked again.
    fn noted<T>(&self, range: &FileRange, done: io::Result<T>) -> io::Result<T> {
        if let Err(e) = &done
            && e.kind() == io::ErrorKind::Unsupported
        {
            volume::withdraw(&self.lanes.volumes, &range.file, e)?;
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream},
    };
    use windows_sys::Win32::{
        Foundation::{ERROR_NOT_SUPPORTED, HANDLE},
        Networking::WinSock::{SOCKET, TRANSMIT_FILE_BUFFERS, WSASetLastError},
        System::IO::OVERLAPPED,
    };

    unsafe extern "system" fn not_supported(
        _: SOCKET,
        _: HANDLE,
        _: u32,
        _: u32,
        _: *mut OVERLAPPED,
        _: *const TRANSMIT_FILE_BUFFERS,
        _: u32,
    ) -> windows_sys::core::BOOL {
        // SAFETY: it only sets a value of this thread.
        unsafe { WSASetLastError(ERROR_NOT_SUPPORTED as i32) };
        0
    }

    fn lanes(transmit: TransmitFn) -> &'static Lanes {
        Box::leak(Box::new(Lanes { transmit, volumes: Volumes::new(), costs: Mutex::new(None) }))
    }

    fn pair(lanes: &'static Lanes) -> (FdWriter, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let far = listener.accept().unwrap().0;
        (halves(near.into(), &Pump::global().unwrap(), lanes).unwrap().1, far)
    }

    fn file(len: usize) -> (FileRange, tempfile::TempPath) {
        let (mut file, path) = tempfile::NamedTempFile::new().unwrap().into_parts();
        file.write_all(&vec![5; len]).unwrap();
        (FileRange { file: Arc::new(file), offset: 0, len: len as u64 }, path)
    }

    #[test]
    fn a_refusal_holds_for_the_volume_and_breaks_nothing() {
        let lanes = lanes(not_supported);
        let (mut w, mut far) = pair(lanes);
        let (first, _path) = file(1000);
        let (second, _other) = file(2000);
        assert_eq!(w.refusal(&first.file), None);
        let refused = w.send_file(b"head", &first, None).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::Unsupported);
        assert_eq!(w.refusal(&second.file), Some(Reason::Refused(refused.to_string())));
        // Nothing of it went out, so that the bytes can be sent otherwise.
        w.send(b"headrun", None).unwrap();
        w.shutdown().unwrap();
        drop(w);
        let mut all = Vec::new();
        far.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"headrun");
    }

    #[test]
    fn what_follows_a_run_does_not_overtake_it() {
        let (mut w, mut far) = pair(lanes(system_call));
        let (run, _path) = file(12 << 20);
        let limit = Some(Duration::from_millis(50));
        let late = w.send_file(b"head", &run, limit).unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
        assert_eq!(w.send(b"x", limit).unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        let reader = std::thread::spawn(move || io::copy(&mut far, &mut io::sink()).unwrap());
        // The same call goes on.
        assert_eq!(w.send_file(b"head", &run, None).unwrap(), (12 << 20) + 4);
        w.send(b"x", None).unwrap();
        w.shutdown().unwrap();
        assert_eq!(reader.join().unwrap(), (12 << 20) + 5);
    }
}
