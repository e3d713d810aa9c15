//! The listener: one socket an address family, one process a connection (man page, --daemon).

use crate::{
    config::{Config, Section},
    connection::Service,
    detach,
    log::DaemonLog,
    pidfile::PidFile,
    signals,
    start::{fail, words},
};
use nix::sys::wait::{WaitPidFlag, waitpid};
use rustix::event::{PollFd, PollFlags, poll};
use session::{
    ExitCode,
    connect::tcp::{limit_loopback, set_options},
    finish::RSYNC_VERSION,
    log::{Role, named, strerror},
    options::{DaemonArgs, plan::Family},
};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::{
    ffi::OsString,
    io::{self, Write},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs},
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    process::Stdio,
    time::Duration,
};

/// The port of rsync daemons.
const PORT: u16 = 873;
/// Default of `listen backlog`.
const BACKLOG: i32 = 5;
/// How long to wait after a process could not be started.
const PAUSE: Duration = Duration::from_secs(2);

/// Listens until a signal ends it; returns the exit code.
pub fn run(args: &DaemonArgs, service: &Service) -> i32 {
    let config = match Config::load_globals(&service.config, &service.overrides) {
        Ok(config) => config,
        Err(e) => {
            DaemonLog::open(&Default::default(), service.log_file.as_deref()).error(e.0);
            let path = service.config.as_os_str().as_bytes();
            // As it is: rsync does not take this for a message.
            let _gone = io::stderr().write_all(&named("Failed to parse config file: ", path, "\n"));
            return ExitCode::SYNTAX.0;
        }
    };
    let global = config.global();
    let open_log = || DaemonLog::open(&global, service.log_file.as_deref());
    let log = open_log();
    for warning in &config.warnings {
        log.error(warning);
    }
    if global.flag("proxyprotocol") == Some(true) && global.string("proxyprotocolhosts").is_empty()
    {
        log.error("proxy protocol is on, but no proxy protocol hosts are trusted");
    }
    let stop = |code, text: &str| {
        log.error(text);
        fail(code, text)
    };
    if detach::is_child() {
        detach::lead_session();
    }
    let pid_file = match global.path("pidfile").map(|path| PidFile::take(&path)).transpose() {
        Ok(pid_file) => pid_file,
        Err(text) => return stop(ExitCode::FILE_IO, &text),
    };
    signals::survive_file_limits();
    signals::on_signal(&[SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD], move |signal| {
        let code = match signal {
            SIGCHLD => return reap(),
            SIGTERM => ExitCode::OK,
            SIGUSR1 => ExitCode::SIGNAL1,
            _ => ExitCode::SIGNAL,
        };
        if let Some(pid_file) = &pid_file {
            pid_file.remove();
        }
        std::process::exit(code.0);
    });

    let port = match (args.port, global.int("port").and_then(|n| u16::try_from(n).ok())) {
        (0, None | Some(0)) => PORT,
        (0, Some(port)) | (port, _) => port,
    };
    let options = match &args.sockopts {
        Some(options) => String::from_utf8_lossy(options).into_owned(),
        None => global.string("socketoptions"),
    };
    let listeners = bind(args, &global, port, &options, &log);
    if listeners.is_empty() {
        let text = format!("unable to bind any inbound sockets on port {port}");
        let code = stop(ExitCode::SOCKET_IO, &text);
        if let Some(path) = global.path("pidfile") {
            // It is ours.
            let _gone = std::fs::remove_file(path);
        }
        return code;
    }
    log.info(format!("rsyncd version {RSYNC_VERSION} starting, listening on port {port}"));
    // Closed, so that it can be rotated: each process opens it anew.
    drop(log);
    if detach::is_child() {
        detach::ready();
    }
    accept(&listeners, &options, &words(args, None), open_log)
}

/// Starts a process for each client, for ever.
fn accept(
    listeners: &[TcpListener],
    options: &str,
    words: &[OsString],
    open_log: impl Fn() -> DaemonLog,
) -> ! {
    loop {
        let mut fds: Vec<PollFd<'_>> =
            listeners.iter().map(|socket| PollFd::new(socket, PollFlags::IN)).collect();
        match poll(&mut fds, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => {
                std::thread::sleep(PAUSE);
                continue;
            }
        }
        let ready = fds.iter().map(|fd| !fd.revents().is_empty()).collect::<Vec<_>>();
        for (listener, ready) in listeners.iter().zip(ready) {
            if !ready {
                continue;
            }
            // A client that gave up while it waited is not there any more.
            let Ok((stream, peer)) = listener.accept() else { continue };
            limit_loopback(&SockRef::from(&stream), peer.ip(), options);
            let started = detach::own_command(words)
                .and_then(|mut command| command.stdin(Stdio::from(OwnedFd::from(stream))).spawn());
            if let Err(e) = started {
                open_log().error(format!("could not start a process: {}", strerror(&e)));
                std::thread::sleep(PAUSE);
            }
        }
    }
}

/// Lets go of the processes that have ended.
fn reap() {
    while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        if status.pid().is_none() {
            return;
        }
    }
}

/// A socket for each address that can be had.
fn bind(
    args: &DaemonArgs,
    global: &Section,
    port: u16,
    options: &str,
    log: &DaemonLog,
) -> Vec<TcpListener> {
    let host = match &args.address {
        Some(address) => String::from_utf8_lossy(address).into_owned(),
        None => global.string("address"),
    };
    let complain = |text: String| {
        log.error(&text);
        eprintln!("{text}");
    };
    let addresses = match host.trim() {
        "" => vec![
            SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)),
            SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)),
        ],
        host => match (host.trim_matches(['[', ']']), port).to_socket_addrs() {
            Ok(found) => found.collect(),
            Err(e) => {
                complain(format!("rsync: getaddrinfo: {host} {port}: {e}"));
                Vec::new()
            }
        },
    };
    let backlog = global.int("listenbacklog").and_then(|n| i32::try_from(n).ok());
    let backlog = backlog.unwrap_or(BACKLOG);
    let mut listeners = Vec::new();
    let mut problems = Vec::new();
    for address in addresses {
        let wanted = match args.family {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        };
        if !wanted {
            continue;
        }
        match bind_one(address, options, backlog, &mut |text| log.error(text)) {
            Ok(listener) => listeners.push(listener),
            Err(e) => {
                let family = if address.is_ipv4() { 2 } else { 10 };
                problems.push(format!("bind() failed: {} (address-family {family})", strerror(&e)));
            }
        }
    }
    // A host may have only one of the families.
    if listeners.is_empty() {
        problems.into_iter().for_each(complain);
    }
    listeners
}

fn bind_one(
    address: SocketAddr,
    options: &str,
    backlog: i32,
    log: &mut dyn FnMut(Vec<u8>),
) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    set_options(&socket, options, Role::ReceiverPresplit).into_iter().for_each(log);
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(backlog)?;
    // A client that gives up between poll and accept must not make the loop wait.
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
