//! No ring on this processor: buffers are written.

use crate::{lanes::Lane, lend::Lender};
use rustix::fd::OwnedFd;
use std::{io, sync::Arc};

pub(crate) const BUFFER_TO_SOCKET: Lane = Lane::Write;

/// No buffer is lent.
pub(crate) fn lender(_fd: Arc<OwnedFd>) -> io::Result<Box<dyn Lender>> {
    Err(io::ErrorKind::Unsupported.into())
}

/// That there is no ring.
pub(crate) fn ability() -> String {
    "SEND_ZC of io_uring: not built for this processor".into()
}
