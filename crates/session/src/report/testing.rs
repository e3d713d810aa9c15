//! Sessions whose messages a test can read.

use crate::{
    Session, Settings,
    conn::Activity,
    log::{Class, Log, Role, Sink},
    session::{Stats, Status},
};
use delta::checksum::{Checksum, SumSpec};
use std::{
    sync::{Arc, Mutex},
    time::Instant,
};
use wire::{Protocol, compat::CompatFlags, token::Compressor};

#[derive(Default)]
pub struct Page(Mutex<Vec<Vec<u8>>>);

impl Page {
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().concat()).unwrap()
    }

    pub fn messages(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Sink for Page {
    fn message(&self, _class: Class, text: &[u8]) {
        self.0.lock().unwrap().push(text.to_vec());
    }
    fn log_only(&self, text: &[u8]) {
        self.0.lock().unwrap().push([b"LOG ", text, b"\n"].concat());
    }
    fn progress(&self, text: &[u8]) {
        self.message(Class::Client, text);
    }
}

pub fn session(protocol: u32, settings: Settings) -> (Session, Arc<Page>) {
    let page = Arc::new(Page::default());
    let session = Session {
        settings,
        protocol: Protocol::new(protocol).unwrap(),
        compat: CompatFlags(0),
        inc_recurse: false,
        transfer_sum: SumSpec {
            algo: Checksum::Xxh128,
            seed: 0,
            legacy_md4: false,
            seed_last: false,
        },
        list_sum: Checksum::Md5,
        compressor: Compressor::None,
        compress_level: 0,
        whole_file: false,
        delete: None,
        receiver_symlink_times: true,
        status: Arc::new(Status::default()),
        stats: Arc::new(Stats::default()),
        counters: Arc::default(),
        log: Log::new(page.clone(), Role::Sender),
        activity: Arc::new(Activity::new(0)),
        started: Instant::now(),
        charset: None,
        converts_targets: false,
        installed: None,
    };
    (session, page)
}
