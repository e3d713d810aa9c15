//! Linux: `sendfile`, towards sockets and pipes alike.
//!
//! The head of a run goes first, marked as having more behind it, so that a socket puts both into the same segments. A
//! pipe needs no mark. A file system whose files cannot be spliced refuses with `EINVAL`; a filter on system calls may
//! answer `ENOSYS` or `EPERM`.
//!
//! Large buffers go to sockets by io_uring's `SEND_ZC` (`send_zc`).

use crate::lanes::{Lane, LinkKind};
use rustix::{fd::BorrowedFd, io::Errno};
use std::{fs::File, time::Duration};

pub(crate) const FILE_TO_SOCKET: Lane = Lane::SendFile;
pub(crate) const FILE_TO_PIPE: Lane = Lane::SendFile;
pub(crate) use send_zc::{BUFFER_TO_SOCKET, lender};

/// The processors for which the `io-uring` crate knows the kernel's structures.
#[cfg_attr(
    not(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64",
        target_arch = "loongarch64",
        target_arch = "powerpc64"
    )),
    path = "no_ring.rs"
)]
mod send_zc;

/// A larger pipe means fewer switches between us and the remote shell; this is what an unprivileged process may ask for.
const PIPE_SIZE: usize = 1 << 20;
/// The most that one call is asked for.
const MAX_CALL: u64 = 1 << 30;

/// Makes a new link ready.
pub(crate) fn prepare(fd: BorrowedFd<'_>, kind: LinkKind) {
    if kind == LinkKind::Pipe {
        // Only an optimisation: the limit on pipe sizes may refuse it.
        let _unchanged_on_error = rustix::pipe::fcntl_setpipe_size(fd, PIPE_SIZE);
    }
}

/// Writes some of `buf`, behind which more will follow at once.
pub(crate) fn send_head(
    fd: BorrowedFd<'_>,
    kind: LinkKind,
    buf: &[u8],
) -> rustix::io::Result<usize> {
    match kind {
        LinkKind::Socket => rustix::net::send(fd, buf, rustix::net::SendFlags::MORE),
        _ => rustix::io::write(fd, buf),
    }
}

/// Sends some of `head`, or if it is empty some of a run of a file.
pub(crate) fn send_file(
    fd: BorrowedFd<'_>,
    kind: LinkKind,
    head: &[u8],
    file: &File,
    mut offset: u64,
    len: u64,
) -> rustix::io::Result<usize> {
    if !head.is_empty() {
        return send_head(fd, kind, head);
    }
    rustix::fs::sendfile(fd, file, Some(&mut offset), len.min(MAX_CALL) as usize)
}

/// Whether an error of [`send_file`] means that this file cannot go this way.
pub(crate) fn refused(e: Errno) -> bool {
    [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP, Errno::PERM].contains(&e)
}

/// The processor time of the calling thread.
pub(crate) fn thread_time() -> Duration {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(t.tv_sec.unsigned_abs(), t.tv_nsec as u32)
}

/// What else the system offers, in words.
pub(crate) fn abilities() -> Vec<String> {
    vec![send_zc::ability()]
}
