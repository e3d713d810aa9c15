//! The `oxrsync` program: parse, present, exit code; nothing else prints.

mod client;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod platform;
mod server;
mod signals;

use session::{
    ExitCode, Settings,
    exit::{Cause, Exits},
    finish,
    log::{Class, Log, Role, Sink},
    options::{self, Aliases, Environment, OptionError, Request},
    panics,
    report::{
        self,
        escape::{HighBytes, escape},
    },
    session::Stats,
};
use std::{io::Write, path::Path, process::ExitCode as ProcessExit, sync::Arc};

fn main() -> ProcessExit {
    let args: Vec<Vec<u8>> = std::env::args_os().skip(1).map(fsroot::text::bytes).collect();
    let serves = args.first().is_some_and(|first| first == b"--server");
    panics::end_the_process(if serves { Role::Server } else { Role::Client });
    // Not an option of rsync's, so it is none among others either.
    if let [only] = &args[..]
        && let Some(kind) = only.strip_prefix(b"--generate=")
        && let Some(text) = options::generate::generate(&String::from_utf8_lossy(kind))
    {
        let _unread = std::io::stdout().write_all(text.as_bytes());
        return ProcessExit::SUCCESS;
    }
    let home = std::env::var_os("HOME");
    let args = Aliases::of_user(home.as_deref().map(Path::new)).expand(&args);
    let env = Environment::from_process();
    let code = match options::parse_args(&args, &env) {
        Ok(Request::Print { text, to_stderr }) => {
            // A closed stream (`--help | head`) is the reader's choice.
            let _unread = match to_stderr {
                true => std::io::stderr().write_all(text.as_bytes()),
                false => std::io::stdout().write_all(text.as_bytes()),
            };
            0
        }
        Ok(Request::Client(plan)) => client::run(*plan, &args, &env),
        Ok(Request::Server(plan)) => server::run(*plan, &env),
        Ok(Request::Daemon(args)) => platform::daemon(*args),
        Err(e) => option_error(&e),
    };
    ProcessExit::from(code as u8)
}

/// Prints why the command line cannot be used, with the closing line; into the log file that it names, too.
fn option_error(e: &OptionError) -> i32 {
    let settings = Settings { log_file: e.log_file.clone(), ..Settings::default() };
    let log = report::server_log(&settings, e.role);
    // No locale counts yet.
    let high = if e.eight_bit { HighBytes::Raw } else { HighBytes::Escaped };
    let log = Log::new(Arc::new(Streams { log, high }), e.role);
    if e.usage {
        options::help().lines().for_each(|line| log.error(line));
    }
    e.lines.iter().for_each(|line| log.error(line));
    let code = finish::close(&log, &Stats::default(), ExitCode(e.code));
    option_exit(e.role, e.exit_level, code)
}

/// Tells of the end that an option brought about, with the code that it returns.
fn option_exit(role: Role, level: u8, code: ExitCode) -> i32 {
    let exits = Exits { level, dry_run: false, daemon: false };
    let streams = Streams { log: None, high: HighBytes::Escaped };
    exits.say(&Log::new(Arc::new(streams), role), Cause::Own(code), code);
    code.0
}

/// Stderr, and a log file if there is one.
struct Streams {
    log: Option<Arc<dyn Sink>>,
    high: HighBytes,
}

impl Sink for Streams {
    fn message(&self, class: Class, text: &[u8]) {
        if let Some(log) = &self.log {
            log.message(class, text);
        }
        let text = escape(text, self.high);
        // Nobody is left to tell if the stream is gone.
        let _gone = match class {
            Class::Info => std::io::stdout().write_all(&text),
            _ => std::io::stderr().write_all(&text),
        };
    }

    fn log_only(&self, text: &[u8]) {
        if let Some(log) = &self.log {
            log.log_only(text);
        }
    }
}
