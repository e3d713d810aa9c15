//! The receiving side of a client.
use crate::{
    Error, Session,
    batch::Recorder,
    conn::{Reader, Writer},
    files_from, finish, handshake,
    log::{Role, named},
    receive::{self, ReceiveJob},
    report::Reporter,
    rules::{self, FsLoader},
};
use fast_io::{RecvHalf, SendHalf};
use filters::{FilterList, RequestedNames};
use std::sync::{Arc, Mutex};

pub(super) struct Pull {
    pub requested: Vec<Vec<u8>>,
    pub dest: Option<Vec<u8>>,
    pub names: Option<files_from::OpenList>,
    pub recorder: Option<Recorder>,
    pub reporter: Arc<Mutex<Reporter>>,
}

impl Pull {
    pub fn run<R: RecvHalf + 'static, W: SendHalf + 'static>(
        self,
        session: &Arc<Session>,
        mut reader: Reader<R>,
        mut writer: Writer<W>,
        list: &mut FilterList,
    ) -> Result<(), Error> {
        let (reader, writer, job) = match self.prepare(session, &mut reader, &mut writer, list) {
            Ok(job) => (reader, writer, job),
            Err(e) => {
                finish::tell(session, &e, Some(&mut reader), &mut writer);
                return Err(e);
            }
        };
        let (ended, mut left) = receive::run(session, reader, writer, job);
        if let Some(mut writer) = left.writer.take() {
            match &ended {
                Ok(()) => {
                    let _gone = writer.flush();
                    let _gone = writer.shutdown();
                }
                Err(e) => {
                    if finish::tell(session, e, left.reader.as_mut(), &mut writer) {
                        left.drained();
                    }
                }
            }
        }
        ended
    }

    /// Sends the rules and names, and builds the checks of what comes back.
    fn prepare<R: RecvHalf, W: SendHalf>(
        self,
        session: &Arc<Session>,
        reader: &mut Reader<R>,
        writer: &mut Writer<W>,
        list: &mut FilterList,
    ) -> Result<ReceiveJob, Error> {
        let settings = &session.settings;
        handshake::start(session, reader, writer)?;
        reader.set_messages(Box::new(rules::Early::new(session.clone(), Role::ReceiverPresplit)));
        let as_sender = list.for_name_check(settings.delete_excluded);
        let sender_filters = (!settings.trust_sender && !list.has_dir_merge()).then_some(as_sender);
        rules::send(session, writer, list)?;

        let mut requested = RequestedNames::default();
        if settings.debug.filter > 2 && !settings.trust_sender_args {
            requested.tell();
        }
        match self.names {
            Some(from) => files_from::forward(session, from, Some(&mut requested), reader, writer)?,
            None => {
                for arg in &self.requested {
                    let dirs = settings.dirs || settings.list_only;
                    requested.add(
                        arg,
                        settings.am_daemon_client,
                        settings.relative,
                        settings.recurse,
                        dirs,
                    );
                }
            }
        }
        for pattern in requested.told() {
            session.log.info(named("[Receiver] add_implied_include(", pattern, ")"));
        }
        if let Some(recorder) = self.recorder {
            reader.set_recorder(recorder);
        }
        Ok(ReceiveJob {
            dest: self.dest,
            filters: list.clone(),
            daemon_filters: None,
            loader: FsLoader::new(settings),
            sender_filters,
            requested: (!settings.trust_sender_args && !requested.is_empty()).then_some(requested),
            reporter: Some(self.reporter),
        })
    }
}
