//! Being told to stop: temporary files are removed (or kept, for `--partial`), then the process exits.

use crate::platform::Stop;
use session::{
    finish,
    log::{Log, Role, Sink},
    session::Status,
};
use std::{sync::Arc, thread};

/// Watches for signals on a thread of its own, and tells of one as `role`. A write to a closed pipe or socket is an error, not a
/// signal.
pub fn watch(
    sink: Arc<dyn Sink>,
    status: Arc<Status>,
    role: impl Fn(&Status) -> Role + Send + 'static,
) {
    let Ok(stop) = Stop::new() else { return };
    let watcher = move || {
        if let Some(code) = stop.wait() {
            fsroot::temp::cleanup_all();
            finish::close(&Log::new(sink, role(&status)), &status.stats, code);
            std::process::exit(code.0);
        }
    };
    let _unwatched = thread::Builder::new().name("signals".into()).spawn(watcher);
}
