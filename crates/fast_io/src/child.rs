//! What programs that are started inherit.

use std::{io, os::unix::process::CommandExt, process::Command};

/// Has a program be told by an error that nobody reads what it writes, and not be ended by SIGPIPE: how it ends is then what
/// it says itself. The standard library resets the signal for every child otherwise.
pub fn outlives_readers(command: &mut Command) {
    let ignore = || {
        // SAFETY: signal(2) may be called between fork and exec (signal-safety(7)), and SIG_IGN runs no code of ours.
        let before = unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
        if before == libc::SIG_ERR { Err(io::Error::last_os_error()) } else { Ok(()) }
    };
    // SAFETY: the closure calls nothing but signal(2), and allocates nothing.
    unsafe { command.pre_exec(ignore) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Stdio;

    #[test]
    fn a_child_sees_an_error_instead_of_a_signal() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "read line; printf x 2>/dev/null; exit 7"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        outlives_readers(&mut command);
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        drop(child.stdin.take());
        assert_eq!(child.wait().unwrap().code(), Some(7));
    }
}
