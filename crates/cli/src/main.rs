//! The `oxrsync` program: parse, present, exit code; nothing else prints.

mod client;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod platform;
mod server;
mod signals;

use session::options::{self, Aliases, Environment, OptionError, Request};
use std::{io::Write, path::Path, process::ExitCode as ProcessExit};

fn main() -> ProcessExit {
    let args: Vec<Vec<u8>> = std::env::args_os().skip(1).map(fsroot::text::bytes).collect();
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

/// Prints why the command line cannot be used, with the closing line.
fn option_error(e: &OptionError) -> i32 {
    let mut text = if e.usage { options::help().into_bytes() } else { Vec::new() };
    text.extend_from_slice(&e.text());
    let code = session::ExitCode(e.code);
    text.extend_from_slice(session::finish::closing_line(code, e.role).as_bytes());
    text.push(b'\n');
    // Nobody is left to tell if stderr is gone.
    let _gone = std::io::stderr().write_all(&text);
    e.code
}
