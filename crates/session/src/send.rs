//! The sender: scan, file list, requests, frames.
use crate::{
    Error, Session,
    conn::{Reader, Writer},
};
use fast_io::{RecvHalf, SendHalf};
use std::sync::Arc;
/// What the sender is given.
pub struct SendJob {
    /// Source arguments as typed (host part removed).
    pub args: Vec<Vec<u8>>,
    /// Names from `--files-from`, if any.
    pub files_from: Option<crate::rules::Names>,
    /// The user's rules, as the sender sees them.
    pub filters: filters::FilterList,
    /// A daemon's rules, consulted first.
    pub daemon_filters: Option<filters::FilterList>,
    /// Opens per-directory merge files.
    pub loader: crate::rules::FsLoader,
    /// Prints items, on a client.
    pub reporter: Option<Arc<std::sync::Mutex<crate::report::Reporter>>>,
}
/// Runs the sender from the file list to the goodbye.
pub fn run<R: RecvHalf, W: SendHalf>(
    session: &Arc<Session>,
    reader: &mut Reader<R>,
    writer: &mut Writer<W>,
    job: SendJob,
) -> Result<(), Error> {
    let _ = (session, reader, writer, job);
    todo!()
}
