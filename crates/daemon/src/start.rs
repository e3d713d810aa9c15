//! The ways in which a daemon is started (rsyncd.conf man page, LAUNCHING THE RSYNC DAEMON).

use crate::{
    access::Peer,
    config,
    connection::{self, Service},
    detach, hooks, listener,
};
use fast_io::fd::{self, FdReader, FdWriter};
use session::{
    ExitCode, finish,
    log::Role,
    options::{DaemonArgs, plan::Family},
    report,
};
use socket2::SockRef;
use std::{
    ffi::{OsStr, OsString},
    io,
    net::IpAddr,
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::{OsStrExt, OsStringExt},
    },
    path::PathBuf,
};

/// Our highest protocol.
const NEWEST: u32 = 32;

/// Runs a daemon as its command line says and returns the exit code.
pub fn run(args: DaemonArgs) -> i32 {
    if let Some(code) = hooks::help() {
        return code;
    }
    if let Some(option) = unsupported(&args) {
        return fail(ExitCode::SYNTAX, &format!("a daemon does not support {option} yet"));
    }
    let service = service(&args);
    if let Err(e) = config::known(&service.overrides) {
        let (code, role) =
            (ExitCode::SYNTAX, if args.server { Role::Server } else { Role::Client });
        let end = finish::closing_line(code, role);
        for line in [&e.0[..], end.as_bytes()] {
            report::to_own_stderr(&[line, b"\n"].concat(), false);
        }
        return code.0;
    }
    if args.server {
        return serve_shell(&service);
    }
    let stdin = io::stdin();
    if rustix::net::sockopt::socket_type(&stdin).is_ok() {
        return serve_inetd(&service);
    }
    if args.detach != Some(false) && !detach::is_child() {
        return match detach::start(&words(&args, Some("--no-detach"))) {
            Ok(code) => code,
            Err(e) => fail(ExitCode::IPC, &format!("failed to go to the background: {e}")),
        };
    }
    listener::run(&args, &service)
}

fn unsupported(args: &DaemonArgs) -> Option<&'static str> {
    args.temp_dir.is_some().then_some("--temp-dir")
}

/// Says why there is no daemon.
pub(crate) fn fail(code: ExitCode, text: &str) -> i32 {
    eprintln!("{text}\n{}", finish::closing_line(code, Role::Server));
    code.0
}

fn service(args: &DaemonArgs) -> Service {
    let path = |text: &Vec<u8>| PathBuf::from(OsString::from_vec(text.clone()));
    Service {
        config: args.config.as_ref().map_or_else(|| connection::default_config(args.server), path),
        overrides: args.dparams.clone(),
        log_file: args.log_file.as_ref().map(path),
        log_format: args.log_file_format.clone(),
        bwlimit: args.bwlimit,
        protocol_max: args
            .protocol
            .and_then(|n| u32::try_from(n).ok())
            .map_or(NEWEST, |n| n.min(NEWEST)),
        over_shell: args.server,
    }
}

/// The command line of a process that serves a connection, or of one in the background.
pub(crate) fn words(args: &DaemonArgs, more: Option<&str>) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["--daemon".into()];
    words.extend(more.map(OsString::from));
    let mut option = |name: &str, value: Option<&[u8]>| {
        if let Some(value) = value {
            words.push(OsString::from_vec([name.as_bytes(), b"=", value].concat()));
        }
    };
    option("--config", args.config.as_deref());
    for (name, value) in &args.dparams {
        option("--dparam", Some(&[name.as_slice(), b"=", value].concat()));
    }
    option("--address", args.address.as_deref());
    option("--log-file", args.log_file.as_deref());
    option("--log-file-format", args.log_file_format.as_deref());
    option("--sockopts", args.sockopts.as_deref());
    let mut number = |name: &str, value: i64| {
        if value > 0 {
            option(name, Some(value.to_string().as_bytes()));
        }
    };
    number("--port", args.port.into());
    number("--bwlimit", args.bwlimit.into());
    number("--protocol", args.protocol.unwrap_or(0).into());
    match args.family {
        Family::Any => {}
        Family::V4 => words.push("--ipv4".into()),
        Family::V6 => words.push("--ipv6".into()),
    }
    words
}

/// One connection on the standard input.
fn serve_inetd(service: &Service) -> i32 {
    detach::close_output();
    let connection = (|| {
        let fd: OwnedFd = io::stdin().as_fd().try_clone_to_owned()?;
        let peer = {
            let socket = SockRef::from(&fd);
            // Not every kind of socket can be kept alive.
            let _not_kept = socket.set_keepalive(true);
            let _slower_on_error = socket.set_tcp_nodelay(true);
            match socket.peer_addr()?.as_socket() {
                Some(addr) => Peer::new(addr.ip()),
                None => Peer::local(),
            }
        };
        let (reader, writer) = fd::socket(fd)?;
        Ok::<_, io::Error>((reader, writer, peer))
    })();
    match connection {
        Ok((reader, writer, peer)) => connection::serve(service, reader, writer, peer),
        Err(_) => ExitCode::SOCKET_IO.0,
    }
}

/// One connection through a remote shell, on the standard streams.
fn serve_shell(service: &Service) -> i32 {
    let halves = (|| {
        let reader = FdReader::new(io::stdin().as_fd().try_clone_to_owned()?)?;
        let writer = FdWriter::new(io::stdout().as_fd().try_clone_to_owned()?)?;
        Ok::<_, io::Error>((reader, writer))
    })();
    let peer = match shell_peer(|name| std::env::var_os(name)) {
        Ok(peer) => Some(peer),
        // What is no address may still be a socket's.
        Err(()) => {
            let stdin = io::stdin();
            let addr = SockRef::from(&stdin).peer_addr().ok().and_then(|addr| addr.as_socket());
            addr.map(|addr| Peer::new(addr.ip()))
        }
    };
    match (halves, peer) {
        (Ok((reader, writer)), Some(peer)) => connection::serve(service, reader, writer, peer),
        (Err(e), _) => fail(ExitCode::IPC, &format!("failed to use stdin and stdout: {e}")),
        (_, None) => fail(ExitCode::SOCKET_IO, "the remote shell's client address is malformed"),
    }
}

/// The client as the remote shell's variables tell it; `Err` for something that is no address.
fn shell_peer(variable: impl Fn(&str) -> Option<OsString>) -> Result<Peer, ()> {
    let names = ["REMOTE_HOST", "SSH_CONNECTION", "SSH_CLIENT", "SSH2_CLIENT"];
    let Some(value) = names.iter().find_map(|name| variable(name)) else {
        return Ok(Peer::unknown());
    };
    let text = first_word(&value);
    let literal = text.split('%').next().unwrap_or_default();
    literal.parse::<IpAddr>().map(Peer::new).map_err(drop)
}

fn first_word(value: &OsStr) -> String {
    let word = value.as_bytes().split(|b| *b == b' ').next().unwrap_or_default();
    String::from_utf8_lossy(word).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use session::options::{self, Environment, Request};

    #[test]
    fn a_connection_is_served_with_the_listener_s_options() {
        let line = [
            "--daemon",
            "--no-detach",
            "--config=/x y",
            "-M",
            "motd file=a=b",
            "--port=99",
            "--bwlimit=5",
            "--protocol=30",
            "--log-file=l",
            "-4",
        ];
        let parse = |args: &[Vec<u8>]| match options::parse_args(args, &Environment::default()) {
            Ok(Request::Daemon(args)) => *args,
            other => panic!("{other:?}"),
        };
        let args = parse(&line.map(|arg| arg.as_bytes().to_vec()));
        let again: Vec<Vec<u8>> =
            words(&args, Some("--no-detach")).into_iter().map(OsString::into_vec).collect();
        assert_eq!(parse(&again), args);
    }

    #[test]
    fn the_remote_shell_tells_the_client_s_address() {
        let peer = |name: &'static str, value: &'static str| {
            shell_peer(move |asked| (asked == name).then(|| value.into()))
        };
        assert_eq!(
            peer("SSH_CONNECTION", "10.0.0.7 99 10.0.0.1 22").unwrap().addr.to_string(),
            "10.0.0.7"
        );
        assert_eq!(peer("SSH_CLIENT", "fe80::1%eth0 9 22").unwrap().addr.to_string(), "fe80::1");
        assert_eq!(peer("OTHER", "x"), Ok(Peer::unknown()));
        assert_eq!(peer("REMOTE_HOST", "somebody"), Err(()));
    }
}
