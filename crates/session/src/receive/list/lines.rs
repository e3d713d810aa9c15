//! Lines about a list that is being received.
use crate::{flist::Segment, log::Class, receive::shared::Shared};
use std::{collections::HashMap, sync::Arc};

/// Names what was blanked as a duplicate of the entry before it, or because a directory of the same name came later.
pub(super) fn say_duplicates(shared: &Shared, seg: &Segment) {
    let say = |name: &[u8], at: usize| {
        let number = format!(" from file list ({})", i64::from(seg.base()) + at as i64);
        let text = [b"removing duplicate name ", name, number.as_bytes()].concat();
        shared.session.log.info(text);
    };
    let mut rivals: HashMap<Vec<u8>, usize> = HashMap::new();
    for i in 0..seg.len() {
        if let Some(e) = seg.get(i) {
            if e.is_dir()
                && let Some(at) = rivals.remove(&e.name())
            {
                say(&e.name(), at);
            }
            continue;
        }
        let Some(e) = seg.get_blanked(i).filter(|e| !e.basename().is_empty()) else { continue };
        let before = i.checked_sub(1).and_then(|before| seg.get_blanked(before));
        if before.is_some_and(|before| before.name() == e.name()) {
            say(&e.name(), i);
        } else if !e.is_dir() {
            rivals.insert(e.name(), i);
        }
    }
}

/// The start-of-run lines about the list.
pub(super) struct Progress {
    shared: Arc<Shared>,
    level: u8,
}

impl Progress {
    pub fn begin(shared: &Arc<Shared>, first: bool) -> Progress {
        let o = &shared.session.settings;
        let mut level = if first && !o.am_server { o.info.flist } else { 0 };
        if level > 0 && shared.session.inc_recurse {
            shared.session.log.line(Class::Client, "receiving incremental file list");
            level = 0;
        } else if level > 0 && (o.dirs || o.recurse || o.files_from.is_some()) {
            shared.session.log.sink().message(Class::Client, b"receiving file list ... ");
        } else {
            level = 0;
        }
        Progress { shared: shared.clone(), level }
    }

    pub fn entry(&mut self, count: u64) {
        if self.level > 1 && count.is_multiple_of(100) {
            let sink = self.shared.session.log.sink();
            if count == 100 {
                sink.message(Class::Client, b"\n");
            }
            sink.progress(format!(" {count} files...\r").as_bytes());
        }
    }

    pub fn end(&mut self, count: u64) {
        match self.level {
            0 => {}
            1 => self.shared.session.log.rest_of_line("done"),
            _ => {
                let s = if count == 1 { "" } else { "s" };
                let text = format!("{count} file{s} to consider");
                self.shared.session.log.rest_of_line(text);
            }
        }
    }
}
