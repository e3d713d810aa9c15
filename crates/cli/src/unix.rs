//! What the program does on Unix alone: a daemon, signals, a server's streams.

use session::{ExitCode, options::DaemonArgs};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXFSZ};
use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    sync::{Arc, atomic::AtomicBool},
};

/// Runs as a daemon.
pub fn daemon(args: DaemonArgs) -> i32 {
    daemon::run(args)
}

/// Standard input and output.
pub fn standard_streams() -> io::Result<(OwnedFd, OwnedFd)> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    Ok((input, io::stdout().as_fd().try_clone_to_owned()?))
}

/// Waits for a signal that asks us to stop, and says with which code.
pub struct Stop(signal_hook::iterator::Signals);

impl Stop {
    /// Takes the signals over. Without that the default action ends the process just as well, but for temporary files. A
    /// write beyond the limit on file sizes is an error of that write from now on, and no signal.
    pub fn new() -> io::Result<Stop> {
        signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
        signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP, SIGUSR1]).map(Stop)
    }

    /// Waits; `None`: nothing will come.
    pub fn wait(mut self) -> Option<ExitCode> {
        let signal = self.0.forever().next()?;
        Some(if signal == SIGUSR1 { ExitCode::SIGNAL1 } else { ExitCode::SIGNAL })
    }
}
