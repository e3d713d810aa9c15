//! A thread that panics ends the process: others wait for what it was to do, and the peer for them.
use crate::{ExitCode, finish::closing_line, log::Role, report::to_own_stderr};
use std::{
    io::Write,
    panic::{self, PanicHookInfo},
    process,
};

/// What a backtrace may need.
const BACKTRACE_ROOM: usize = 256 << 20;

/// From here on a panic, of whatever thread, ends the process with an error (code 15), once temporary files are removed
/// (or kept, for `--partial`).
pub fn end_the_process(role: Role) {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        tell(info, &*default);
        fsroot::temp::cleanup_all();
        to_own_stderr(format!("{}\n", closing_line(ExitCode::CRASHED, role)).as_bytes(), false);
        process::exit(ExitCode::CRASHED.0);
    }));
}

/// The library's text with the backtrace that the user may want. But while it makes one, it waits for itself for ever if it
/// finds no memory: where there is little, there is a text alone.
fn tell(info: &PanicHookInfo<'_>, default: &dyn Fn(&PanicHookInfo<'_>)) {
    match Vec::<u8>::new().try_reserve_exact(BACKTRACE_ROOM) {
        Ok(()) => default(info),
        // Nobody is left to tell if stderr is gone.
        Err(_) => drop(writeln!(std::io::stderr(), "{info}")),
    }
}
