//! What `--debug=EXIT` tells of the end of a run, where rsync has processes.

use crate::{
    ExitCode,
    log::{Log, Role},
};

/// Why a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It met an error when it had this role still.
    Early(Role),
    /// It met an error, of this code.
    Own(ExitCode),
    /// The receiver met an error, of which the generator was told.
    Receiver,
    /// The peer told it of an error.
    Peer,
    /// Nothing is left to be done. Its child ended with this code.
    Done(ExitCode),
}

/// What is told.
#[derive(Debug, Clone, Copy)]
pub struct Exits {
    /// That of the word.
    pub level: u8,
    /// The run changes nothing.
    pub dry_run: bool,
    /// The peer is a daemon, which echoes what it is told.
    pub daemon: bool,
}

impl Exits {
    /// The role of `log` ends with `code`.
    pub fn say(self, log: &Log, cause: Cause, code: ExitCode) {
        let told = match cause {
            Cause::Early(_) | Cause::Own(_) => code.is_told(),
            Cause::Done(_) => code != ExitCode::OK && log.role() == Role::ReceiverPresplit,
            Cause::Peer | Cause::Receiver => false,
        };
        match cause {
            Cause::Peer => {
                self.say_message(log, "got MSG_ERROR_EXIT with 4 bytes");
                self.say_message(log, "sending MSG_ERROR_EXIT (len 0)");
                if log.role() == Role::Sender {
                    self.say_echo(log);
                }
            }
            Cause::Receiver => self.say_receiver(log, code),
            Cause::Early(_) | Cause::Own(_) | Cause::Done(_) => {}
        }
        let entered = match cause {
            Cause::Own(code) | Cause::Done(code) => code,
            Cause::Early(_) | Cause::Receiver | Cause::Peer => code,
        };
        self.say_cleanup(log, entered, code);
        if told {
            self.say_message(log, &format!("sending MSG_ERROR_EXIT with exit_code {}", code.0));
            if matches!(cause, Cause::Own(_)) && log.role() == Role::ReceiverPresplit {
                self.say_echo(log);
                self.say_message_if(self.daemon, log, "sending MSG_ERROR_EXIT (len 0)");
            }
        }
    }

    /// The receiver ends with `code`, and tells the generator, which tells the peer.
    pub fn say_receiver(self, log: &Log, code: ExitCode) {
        let (receiver, generator) = (log.with_role(Role::Receiver), log.with_role(Role::Generator));
        self.say_cleanup(&receiver, code, code);
        let sends = format!("sending MSG_ERROR_EXIT with exit_code {}", code.0);
        self.say_message(&receiver, &sends);
        self.say_message(&generator, "got MSG_ERROR_EXIT with 4 bytes");
        self.say_message(&generator, &sends);
        self.say_echo(&receiver);
        self.say_message_if(self.daemon, &receiver, "sending MSG_ERROR_EXIT (len 0)");
        self.say_echo(&generator);
    }

    fn say_cleanup(self, log: &Log, entered: ExitCode, code: ExitCode) {
        // Where in the program is as little said as in the closing line of an error.
        let (role, number) = (log.role().name(), entered.0);
        let start = || format!("[{role}] _exit_cleanup(code={number}, file=main.rs, line=1): ");
        log.debug(self.level > 1, || start() + "entered");
        let dry_run = if self.dry_run { " (DRY RUN)" } else { "" };
        log.debug(self.level > 0, || format!("{}about to call exit({}){dry_run}", start(), code.0));
    }

    fn say_echo(self, log: &Log) {
        self.say_message_if(self.daemon, log, "got MSG_ERROR_EXIT with 0 bytes");
    }

    fn say_message(self, log: &Log, what: &str) {
        self.say_message_if(true, log, what);
    }

    fn say_message_if(self, sent: bool, log: &Log, what: &str) {
        log.debug(sent && self.level > 2, || format!("[{}] {what}", log.role().name()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::Page;
    use std::sync::Arc;

    fn lines(role: Role, cause: Cause, code: i32, level: u8, daemon: bool) -> String {
        let page = Arc::new(Page::default());
        let exits = Exits { level, dry_run: level == 1, daemon };
        exits.say(&Log::new(page.clone(), role), cause, ExitCode(code));
        page.text().replace("_exit_cleanup(code=", "").replace(", file=main.rs, line=1):", "")
    }

    #[test]
    fn each_level_tells_more() {
        let done = |level| lines(Role::Sender, Cause::Done(ExitCode::OK), 23, level, false);
        assert_eq!(done(0), "");
        assert_eq!(done(1), "[sender] 0 about to call exit(23) (DRY RUN)\n");
        assert_eq!(done(2), "[sender] 0 entered\n[sender] 0 about to call exit(23)\n");
        assert_eq!(done(3), done(2));
        let own = lines(Role::Client, Cause::Own(ExitCode(1)), 1, 3, false);
        assert!(own.ends_with("[client] sending MSG_ERROR_EXIT with exit_code 1\n"));
        let closed = lines(Role::Sender, Cause::Own(ExitCode::STREAM_IO), 12, 3, false);
        assert!(!closed.contains("MSG"));
    }

    #[test]
    fn who_is_told_says_so() {
        let peer = lines(Role::Sender, Cause::Peer, 3, 3, true);
        let got: Vec<_> = peer.lines().filter_map(|line| line.split("with ").nth(1)).collect();
        assert_eq!(got, ["4 bytes", "0 bytes"]);
        let receiver = lines(Role::Generator, Cause::Receiver, 11, 3, false);
        let ends = |role: &str| receiver.lines().filter(|line| line.starts_with(role)).count();
        assert_eq!((ends("[receiver]"), ends("[generator]")), (3, 4));
    }
}
