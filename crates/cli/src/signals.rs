//! Being told to stop: temporary files are removed (or kept, for `--partial`), then the process exits.

use session::{
    ExitCode, finish,
    log::{Log, Role, Sink},
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use std::{sync::Arc, thread};

/// Watches for signals on a thread of its own. A write to a closed pipe or socket is an error, not a signal.
pub fn watch(sink: Arc<dyn Sink>, am_sender: bool) {
    let signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP, SIGUSR1]);
    // Without a handler the default action ends the process just as well, but for temporary files.
    let Ok(mut signals) = signals else { return };
    let role = if am_sender { Role::Sender } else { Role::Receiver };
    let watcher = move || {
        if let Some(signal) = signals.forever().next() {
            fsroot::temp::cleanup_all();
            let code = if signal == SIGUSR1 { ExitCode::SIGNAL1 } else { ExitCode::SIGNAL };
            finish::client(&Log::new(sink, role), code);
            std::process::exit(code.0);
        }
    };
    let _unwatched = thread::Builder::new().name("signals".into()).spawn(watcher);
}
