//! The sender: scan, file list, requests, frames.
use crate::{
    Error, Session,
    conn::{Reader, Writer},
};
use fast_io::{RecvHalf, SendHalf};
use std::sync::Arc;
/// What the sender is given.
pub struct SendJob {
    /** Source arguments as typed (host part removed). */
    pub args: Vec<Vec<u8>>,
    /** Names from `--files-from`, if any. */
    pub files_from: Option<Box<dyn Iterator<Item = std::io::Result<Vec<u8>>> + Send>>,
    /** The user's rules, as the sender sees them. */
    pub filters: filters::FilterList,
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
