//! The sending side of a client.
use crate::{
    Error, Session,
    batch::Recorder,
    conn::{Reader, Writer},
    files_from, handshake,
    log::Role,
    report::Reporter,
    rules::{self, FsLoader},
    send::{self, SendJob},
};
use fast_io::{RecvHalf, SendHalf};
use filters::FilterList;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// How long a run that cannot write any more waits for what the other end has to say about it.
const LAST_WORDS: Duration = Duration::from_millis(400);

/// The sending side of a client.
pub(super) struct Push {
    pub sources: Vec<Vec<u8>>,
    pub list: FilterList,
    pub names: Option<files_from::OpenList>,
    pub recorder: Option<Recorder>,
    pub reporter: Arc<Mutex<Reporter>>,
}

impl Push {
    /// Sends the rules that the other process needs, then the files.
    pub fn run<R: RecvHalf, W: SendHalf>(
        mut self,
        session: &Arc<Session>,
        reader: &mut Reader<R>,
        writer: &mut Writer<W>,
    ) -> Result<(), Error> {
        handshake::start(session, reader, writer)?;
        rules::send(session, writer, &mut self.list)?;
        self.send(session, reader, writer)
    }

    pub fn send<R: RecvHalf, W: SendHalf>(
        self,
        session: &Arc<Session>,
        reader: &mut Reader<R>,
        writer: &mut Writer<W>,
    ) -> Result<(), Error> {
        let settings = &session.settings;
        reader.set_messages(Box::new(rules::Early::new(session.clone(), Role::Sender)));
        let files_from = match (self.names, &settings.files_from) {
            (Some(list), _) => Some(files_from::names(list, settings.from0)),
            (None, None) => None,
            (None, Some(_)) => Some(files_from::receive(session, reader)?),
        };
        let job = SendJob {
            args: self.sources,
            files_from,
            filters: self.list,
            daemon_filters: None,
            loader: FsLoader::new(settings),
            reporter: Some(self.reporter),
        };
        if let Some(recorder) = self.recorder {
            writer.set_recorder(recorder);
        }
        let sent = send::run(session, reader, writer, job).and_then(|()| writer.finish_recording());
        sent.map_err(|e| match e {
            // A peer that stopped reading may have said why.
            Error::Link { .. } => reader.last_words(e, LAST_WORDS),
            e => e,
        })
    }
}
