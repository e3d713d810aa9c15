//! The receiving side: file list in, generator and receiver threads.
use crate::{
    Error, Session,
    conn::{Reader, Writer},
};
use fast_io::{RecvHalf, SendHalf};
use std::sync::Arc;
/// What the receiving side is given.
pub struct ReceiveJob {
    /** Destination as typed; `None` for a listing. */
    pub dest: Option<Vec<u8>>,
    /** The user's rules, as the receiver sees them. */
    pub filters: filters::FilterList,
    /** The rules as the sender sees them, to check names against; `None` = trust. */
    pub sender_filters: Option<filters::FilterList>,
    /** What was asked for; `None` = trust. */
    pub requested: Option<filters::RequestedNames>,
}
/// Runs the receiving side from the file list to the goodbye.
pub fn run<R: RecvHalf, W: SendHalf>(
    session: &Arc<Session>,
    reader: Reader<R>,
    writer: Writer<W>,
    job: ReceiveJob,
) -> Result<(), Error> {
    let _ = (session, reader, writer, job);
    todo!()
}
