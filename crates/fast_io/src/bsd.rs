//! macOS and FreeBSD: `sendfile` towards sockets, with the head as its header vector.

use crate::{
    lanes::{Lane, LinkKind},
    lend::Lender,
};
use rustix::{
    fd::{AsRawFd, BorrowedFd, OwnedFd},
    io::Errno,
};
use std::{fs::File, io, ptr, sync::Arc, time::Duration};

pub(crate) const FILE_TO_SOCKET: Lane = Lane::SendFile;
pub(crate) const FILE_TO_PIPE: Lane = Lane::ReadWrite;
pub(crate) const BUFFER_TO_SOCKET: Lane = Lane::Write;

/// The most that one call is asked for.
const MAX_CALL: u64 = 1 << 30;

/// Makes a new link ready.
pub(crate) fn prepare(_fd: BorrowedFd<'_>, _kind: LinkKind) {}

/// Writes some of `buf`, behind which more will follow at once.
pub(crate) fn send_head(
    fd: BorrowedFd<'_>,
    _kind: LinkKind,
    buf: &[u8],
) -> rustix::io::Result<usize> {
    rustix::io::write(fd, buf)
}

/// Sends some of `head` and of a run of a file, in one call.
pub(crate) fn send_file(
    fd: BorrowedFd<'_>,
    kind: LinkKind,
    head: &[u8],
    file: &File,
    offset: u64,
    len: u64,
) -> rustix::io::Result<usize> {
    if kind != LinkKind::Socket {
        return Err(Errno::OPNOTSUPP);
    }
    let mut head_vec =
        libc::iovec { iov_base: head.as_ptr().cast_mut().cast(), iov_len: head.len() };
    let mut vectors = libc::sf_hdtr {
        headers: &raw mut head_vec,
        hdr_cnt: 1,
        trailers: ptr::null_mut(),
        trl_cnt: 0,
    };
    let vectors = if head.is_empty() { ptr::null_mut() } else { &raw mut vectors };
    let (result, sent) = call(fd, file, offset, len.min(MAX_CALL), head.len(), vectors);
    match Errno::from_io_error(&std::io::Error::last_os_error()) {
        // Part of it went out before the buffer was full.
        _ if result == 0 || sent > 0 => Ok(sent),
        Some(e) => Err(e),
        None => Err(Errno::IO),
    }
}

#[cfg(target_vendor = "apple")]
fn call(
    fd: BorrowedFd<'_>,
    file: &File,
    offset: u64,
    len: u64,
    head: usize,
    vectors: *mut libc::sf_hdtr,
) -> (i32, usize) {
    // The length covers the headers both ways.
    let mut moved = len as libc::off_t + head as libc::off_t;
    // SAFETY: both descriptors are open for the length of the call; `vectors` is null or points to one vector over a
    // live slice, which the call only reads; `moved` is a live local.
    let result = unsafe {
        libc::sendfile(
            file.as_raw_fd(),
            fd.as_raw_fd(),
            offset as libc::off_t,
            &raw mut moved,
            vectors,
            0,
        )
    };
    (result, moved as usize)
}

#[cfg(not(target_vendor = "apple"))]
fn call(
    fd: BorrowedFd<'_>,
    file: &File,
    offset: u64,
    len: u64,
    _head: usize,
    vectors: *mut libc::sf_hdtr,
) -> (i32, usize) {
    let mut moved: libc::off_t = 0;
    // SAFETY: both descriptors are open for the length of the call; `vectors` is null or points to one vector over a
    // live slice, which the call only reads; `moved` is a live local.
    let result = unsafe {
        libc::sendfile(
            file.as_raw_fd(),
            fd.as_raw_fd(),
            offset as libc::off_t,
            len as usize,
            vectors,
            &raw mut moved,
            0,
        )
    };
    (result, moved as usize)
}

/// Whether an error of [`send_file`] means that this file cannot go this way.
pub(crate) fn refused(e: Errno) -> bool {
    [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP, Errno::NOTSOCK].contains(&e)
}

/// The processor time of the calling thread.
pub(crate) fn thread_time() -> Duration {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(t.tv_sec.unsigned_abs(), t.tv_nsec as u32)
}

/// No buffer is lent.
pub(crate) fn lender(_fd: Arc<OwnedFd>) -> io::Result<Box<dyn Lender>> {
    Err(io::ErrorKind::Unsupported.into())
}

/// What else the system offers, in words.
pub(crate) fn abilities() -> Vec<String> {
    Vec::new()
}
