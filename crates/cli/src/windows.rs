//! Windows.

use session::{
    ExitCode,
    options::{DaemonArgs, OptionError},
};
use std::{
    io,
    os::windows::io::{AsHandle, OwnedHandle},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// There is no daemon.
pub fn daemon(_args: DaemonArgs) -> i32 {
    let text = "rsync: the daemon does not run on Windows";
    crate::option_error(&OptionError::line(session::log::Role::Server, 4, text))
}

/// Standard input and output.
pub fn standard_streams() -> io::Result<(OwnedHandle, OwnedHandle)> {
    let input = io::stdin().as_handle().try_clone_to_owned()?;
    Ok((input, io::stdout().as_handle().try_clone_to_owned()?))
}

/// Waits for Ctrl-C.
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Takes Ctrl-C over. Without that it ends the process just as well, but for temporary files.
    pub fn new() -> io::Result<Stop> {
        let asked = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(signal_hook::consts::SIGINT, asked.clone())?;
        Ok(Stop(asked))
    }

    /// Waits.
    pub fn wait(self) -> Option<ExitCode> {
        // Here a handler can wake nobody.
        while !self.0.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(ExitCode::SIGNAL)
    }
}
