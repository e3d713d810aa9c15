//! The end of a run: closing lines and the exit code (man page, EXIT VALUES).
use crate::{
    Error, ExitCode, Session,
    connect::shell::Shell,
    exit::Cause,
    finish::{self, Ending},
    log::Role,
    report::{self, Reporter},
    session::Status,
};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// How long a failed run waits for the status of its remote shell.
const CHILD_GRACE: Duration = Duration::from_millis(400);

/// The closing lines of a client with one role, and its exit code.
pub(super) fn conclude(
    session: &Session,
    reporter: &Mutex<Reporter>,
    ended: Result<(), Error>,
    shell: Option<Shell>,
) -> ExitCode {
    let ended = close_reports(session, reporter, ended);
    // Of a receiving side it is the generator that outlives the run, and the receiver that meets its errors.
    let role = match &ended {
        _ if session.settings.am_sender => Role::Sender,
        _ if !session.status.is_split() => Role::ReceiverPresplit,
        Ok(()) => Role::Generator,
        Err(_) => Role::Receiver,
    };
    let log = session.log.with_role(role);
    if let (Some(shell), Ok(())) = (&shell, &ended) {
        match session.settings.am_sender {
            true => say_waiting(session, shell.id()),
            false => {
                let says = session.settings.debug.recv > 0;
                log.debug(says, || format!("client_run2 waiting on {}", shell.id()));
            }
        }
    }
    end_with_child(&Ending::new(session, &log), ended, shell, &session.status)
}

/// A sender that is done waits for the process of the other side; that of a local copy is its own.
pub(super) fn say_waiting(session: &Session, process: u32) {
    let says = session.settings.debug.exit > 1;
    session.log.debug(says, || format!("client_run waiting on {process}"));
}

/// Ends the progress lines of a run that went well and prints its summary.
pub(super) fn close_reports(
    session: &Session,
    reporter: &Mutex<Reporter>,
    ended: Result<(), Error>,
) -> Result<(), Error> {
    let mut reporter = reporter.lock().unwrap_or_else(PoisonError::into_inner);
    let ended = ended.and_then(|()| reporter.take_failure().map_or(Ok(()), Err));
    if ended.is_ok() {
        reporter.finish();
        report::summary(session);
    }
    ended
}

/// The exit code of a run with a remote shell (man page, EXIT VALUES).
pub(super) fn end_with_child(
    ending: &Ending<'_>,
    ended: Result<(), Error>,
    shell: Option<Shell>,
    status: &Status,
) -> ExitCode {
    match ended {
        Ok(()) => {
            let child = shell.map_or(Ok(ExitCode::OK), |mut shell| shell.wait());
            // What was noted on this side matters only if the other side found nothing to complain about.
            let of_child = match child {
                Ok(ExitCode::OK) if status.is_split() => status.receiver_code(),
                Ok(code) => code,
                Err(_) => ExitCode::OK,
            };
            status.set_cause(Cause::Done(of_child));
            let code = match child {
                Ok(ExitCode::OK) => status.exit_code(),
                Ok(child) => child,
                Err(e) => e.code(),
            };
            ending.close(code)
        }
        Err(e) => {
            match e {
                Error::PeerExit(_) => status.set_cause(Cause::Peer),
                _ if status.cause().is_none() => status.set_cause(Cause::Own(e.code())),
                _ => {}
            }
            // A broken connection is the child's doing, and the child about to say why. Of another error only a child that
            // has ended already can know more, and it does not if all it has seen is that we are gone.
            let broken = matches!(e, Error::Closed { .. } | Error::Link { .. });
            let grace = if broken { CHILD_GRACE } else { Duration::ZERO };
            let child = shell.and_then(|mut shell| shell.wait_for(grace));
            let reaction = [ExitCode::SOCKET_IO, ExitCode::STREAM_IO];
            let child = child.filter(|code| broken || !reaction.contains(code));
            match child {
                Some(child) if child > e.code() && !matches!(e, Error::PeerExit(_)) => {
                    finish::explain(ending.log, &e);
                    ending.close(child)
                }
                _ => ending.report(&e),
            }
        }
    }
}
