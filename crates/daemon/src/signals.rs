//! Being told to stop.

use crate::log::DaemonLog;
use session::{
    ExitCode, finish,
    log::{Log, Role},
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXFSZ},
    iterator::Signals,
};
use std::{
    sync::{Arc, atomic::AtomicBool},
    thread,
};

/// Ends a process that serves a connection in good order: no temporary file is left behind.
pub fn watch_connection(log: Arc<DaemonLog>) {
    survive_file_limits();
    on_signal(&[SIGINT, SIGTERM, SIGHUP, SIGUSR1], move |signal| {
        fsroot::temp::cleanup_all();
        let code = if signal == SIGUSR1 { ExitCode::SIGNAL1 } else { ExitCode::SIGNAL };
        let stats = session::session::Stats::default();
        finish::close(&Log::new(log.clone(), Role::Server), &stats, code);
        std::process::exit(code.0);
    });
}

/// Calls `act` on a thread of its own for each of these signals.
pub fn on_signal(signals: &[i32], mut act: impl FnMut(i32) + Send + 'static) {
    // Without a handler the default action is left, which is to end.
    let Ok(mut signals) = Signals::new(signals) else { return };
    let watcher = move || {
        for signal in signals.forever() {
            act(signal);
        }
    };
    let _unwatched = thread::Builder::new().name("signals".into()).spawn(watcher);
}

/// A write beyond the limit on file sizes is an error of that write, not the end.
pub fn survive_file_limits() {
    let _default_on_error = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
}
