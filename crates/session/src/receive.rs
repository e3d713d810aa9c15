//! The receiving side: file list in, generator and receiver threads.
use crate::{
    Error, Session,
    conn::{Reader, Writer},
};
use fast_io::{RecvHalf, SendHalf};
use std::sync::Arc;
/// What the receiving side is given.
pub struct ReceiveJob {
    /// Destination as typed; `None` for a listing.
    pub dest: Option<Vec<u8>>,
    /// The user's rules, as the receiver sees them.
    pub filters: filters::FilterList,
    /// A daemon's rules, consulted first.
    pub daemon_filters: Option<filters::FilterList>,
    /// Opens per-directory merge files.
    pub loader: crate::rules::FsLoader,
    /// The rules as the sender sees them, to check names against; `None` = trust.
    pub sender_filters: Option<filters::FilterList>,
    /// What was asked for; `None` = trust.
    pub requested: Option<filters::RequestedNames>,
    /// Prints items, on a client.
    pub reporter: Option<Arc<std::sync::Mutex<crate::report::Reporter>>>,
}
/// Runs the receiving side from the file list to the goodbye. Returns the writer, so that the caller can tell
/// the peer of a failure (`None` if its thread is stuck in it).
pub fn run<R: RecvHalf + 'static, W: SendHalf + 'static>(
    session: &Arc<Session>,
    reader: Reader<R>,
    writer: Writer<W>,
    job: ReceiveJob,
) -> (Result<(), Error>, Option<Writer<W>>) {
    let _ = (session, reader, writer, job);
    todo!()
}
