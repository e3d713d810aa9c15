//! Connecting to a daemon's socket (man page, CONNECTING TO AN RSYNC DAEMON; ENVIRONMENT VARIABLES).

use crate::{
    Error, ExitCode,
    log::{self, Log, Role},
    options::Family,
    platform,
    settings::DebugLevels,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use fast_io::fd::{self, FdReader, FdWriter};
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    io::{self, Read, Write},
    net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs},
    process::Command,
    time::Duration,
};

/// How to reach a daemon.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// Host name or address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// `-4`, `-6`.
    pub family: Family,
    /// `--address`.
    pub bind: Option<String>,
    /// `--contimeout`; nothing is left of a negative one.
    pub timeout: Option<Duration>,
    /// `--sockopts`.
    pub sockopts: Option<String>,
}

/// Send buffer of a connection to this machine; the system doubles it.
const LOOPBACK_BUFFER: usize = 256 * 1024;
/// What is said where a name has addresses of another family only.
const NO_FAMILY: &str = "Address family for hostname not supported";
/// Longest line of a proxy's answer.
const MAX_PROXY_LINE: usize = 1023;

fn fail(code: ExitCode, text: impl Into<Vec<u8>>) -> Error {
    Error::fatal(code, text)
}

/// Connects, directly, through `$RSYNC_PROXY`, or to the program of `$RSYNC_CONNECT_PROG`.
///
/// # Errors
/// Code 10, or 35 if the connection took longer than `--contimeout`.
pub fn connect(
    target: &Target,
    debug: &DebugLevels,
    log: &Log,
) -> Result<(FdReader, FdWriter), Error> {
    let (host, port) = (&target.host, target.port);
    if let Some(program) = variable("RSYNC_CONNECT_PROG") {
        let line = program_command(&program, host)?;
        log.debug(debug.connect > 0, || {
            let way = "Using RSYNC_CONNECT_PROG instead of opening tcp connection";
            format!("{way} to {host} port {port}")
        });
        log.debug(debug.cmd > 0, || format!("Running socket program: \"{line}\""));
        let shell = variable("RSYNC_SHELL");
        let mut command = Command::new(shell.as_deref().unwrap_or("/bin/sh"));
        if shell.is_none() {
            platform::call_it(&mut command, "sh");
        }
        command.arg("-c").arg(line);
        return platform::spawn_on_socket(command).map_err(|e| {
            let text = log::sys_error_line(log.role, "Failed to exec the shell", &e);
            fail(ExitCode::SOCKET_IO, text)
        });
    }
    log.debug(debug.connect > 0, || format!("opening tcp connection to {host} port {port}"));
    let stream = match variable("RSYNC_PROXY") {
        Some(proxy) => through_proxy(&proxy, target, debug.connect, log)?,
        None => open(host, port, target, debug.connect, log)?,
    };
    // Without it each small message may wait for the acknowledgement of the one before.
    let _slower_on_error = stream.set_nodelay(true);
    fd::socket(stream).map_err(|source| Error::Link { op: "read error", source })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn open(host: &str, port: u16, target: &Target, debug: u8, log: &Log) -> Result<TcpStream, Error> {
    let failed = |reason: &str| {
        fail(ExitCode::SOCKET_IO, format!("rsync: getaddrinfo: {host} {port}: {reason}"))
    };
    let addresses: Vec<SocketAddr> = (host, port)
        .to_socket_addrs()
        .map_err(|e| failed(&reason(&e)))?
        .filter(|a| match target.family {
            Family::V4 => a.is_ipv4(),
            Family::V6 => a.is_ipv6(),
            Family::Any => true,
        })
        .collect();
    if addresses.is_empty() {
        return Err(failed(NO_FAMILY));
    }
    let mut errors = Vec::new();
    for address in addresses {
        let local = target.bind.as_deref().map(|bind| local_address(bind, address)).transpose()?;
        match open_one(address, local, target, log) {
            Ok(stream) => {
                if debug > 1 {
                    log.info(format!("Connected to {host} ({})", address.ip()));
                }
                return Ok(stream);
            }
            Err(e) if e.kind() == io::ErrorKind::TimedOut && target.timeout.is_some() => {
                return Err(fail(ExitCode::CON_TIMEOUT, ""));
            }
            Err(e) => {
                let text = format!("failed to connect to {host} ({})", address.ip());
                if !errors.is_empty() {
                    errors.push(b'\n');
                }
                errors.extend(log::sys_error_line(log.role, text, &e));
            }
        }
    }
    Err(fail(ExitCode::SOCKET_IO, errors))
}

/// Why a name could not be resolved, in the system's words alone.
fn reason(e: &io::Error) -> String {
    let text = e.to_string();
    text.rsplit(": ").next().unwrap_or(&text).to_string()
}

/// The address to call `peer` from (`--address`).
fn local_address(bind: &str, peer: SocketAddr) -> Result<SocketAddr, Error> {
    let failed =
        |reason: &str| fail(ExitCode::SOCKET_IO, format!("rsync: getaddrinfo {bind}: {reason}"));
    let mut found = (bind, 0).to_socket_addrs().map_err(|e| failed(&reason(&e)))?;
    found.find(|a| a.is_ipv4() == peer.is_ipv4()).ok_or_else(|| failed(NO_FAMILY))
}

fn open_one(
    address: SocketAddr,
    local: Option<SocketAddr>,
    target: &Target,
    log: &Log,
) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    let options = target.sockopts.as_deref().unwrap_or_default();
    limit_loopback(&socket, address.ip(), options);
    if address.ip().to_canonical().is_loopback() {
        platform::do_not_pace(&socket);
    }
    set_options(&socket, options, log.role).into_iter().for_each(|line| log.error(line));
    if let Some(local) = local {
        socket.bind(&local.into())?;
    }
    match target.timeout {
        Some(Duration::ZERO) => return Err(io::ErrorKind::TimedOut.into()),
        Some(limit) => socket.connect_timeout(&address.into(), limit)?,
        None => socket.connect(&address.into())?,
    }
    Ok(socket.into())
}

/// Limits what waits in the send buffer of a connection to this same machine, unless `options` name a size. The network
/// is as fast as the memory there, so a buffer that the kernel lets grow does nothing but push its content out of the
/// processor's cache. On any other network the kernel knows the right size best.
pub fn limit_loopback(socket: &Socket, peer: IpAddr, options: &str) {
    if peer.to_canonical().is_loopback() && !options.contains("SO_SNDBUF") {
        let _slower_on_error = socket.set_send_buffer_size(LOOPBACK_BUFFER);
    }
}

/// Applies a `--sockopts` / `socket options` list; returns what could not be applied, as messages.
pub fn set_options(socket: &Socket, options: &str, role: Role) -> Vec<Vec<u8>> {
    let mut problems = Vec::new();
    for item in options.split([' ', '\t', ',']).filter(|item| !item.is_empty()) {
        let (name, value) = match item.split_once('=') {
            Some((name, value)) => (name, value.parse::<i64>().unwrap_or(0)),
            None => (item, 1),
        };
        let size = usize::try_from(value).unwrap_or(0);
        let time = Some(Duration::from_secs(size as u64)).filter(|t| !t.is_zero());
        let done = match name {
            "SO_KEEPALIVE" => socket.set_keepalive(value != 0),
            "SO_REUSEADDR" => socket.set_reuse_address(value != 0),
            "SO_BROADCAST" => socket.set_broadcast(value != 0),
            "TCP_NODELAY" => socket.set_tcp_nodelay(value != 0),
            "SO_SNDBUF" => socket.set_send_buffer_size(size),
            "SO_RCVBUF" => socket.set_recv_buffer_size(size),
            "SO_SNDTIMEO" => socket.set_write_timeout(time),
            "SO_RCVTIMEO" => socket.set_read_timeout(time),
            "IPTOS_LOWDELAY" | "IPTOS_THROUGHPUT" if item.contains('=') => {
                problems.push(format!("syntax error -- {name} does not take a value").into_bytes());
                continue;
            }
            "IPTOS_LOWDELAY" => socket.set_tos_v4(0x10),
            "IPTOS_THROUGHPUT" => socket.set_tos_v4(0x08),
            // Linux does not let these be changed.
            "SO_SNDLOWAT" | "SO_RCVLOWAT" => Err(platform::no_such_socket_option()),
            _ => {
                problems.push(format!("Unknown socket option {name}").into_bytes());
                continue;
            }
        };
        if let Err(e) = done {
            let text = format!("failed to set socket option {name}");
            problems.push(log::sys_error_line(role, text, &e));
        }
    }
    problems
}

/// The command of `$RSYNC_CONNECT_PROG` with `%H` and `%%` replaced.
fn program_command(template: &str, host: &str) -> Result<String, Error> {
    let mut command = String::new();
    let mut chars = template.chars();
    while let Some(c) = chars.next() {
        match (c, c == '%') {
            (_, false) => command.push(c),
            (_, true) => match chars.next() {
                Some('H') => {
                    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._:%+~-".contains(&b);
                    let safe = host.bytes().all(plain)
                        && host.bytes().next().is_some_and(|b| !b"-+~%".contains(&b));
                    if !safe {
                        let text = "unsafe host characters for RSYNC_CONNECT_PROG";
                        return Err(fail(ExitCode::SOCKET_IO, text));
                    }
                    command.push('\'');
                    command.push_str(host);
                    command.push('\'');
                }
                Some('%') => command.push('%'),
                Some(other) => command.extend(['%', other]),
                None => command.push('%'),
            },
        }
    }
    Ok(command)
}

/// Asks an HTTP proxy for a tunnel.
fn through_proxy(proxy: &str, target: &Target, debug: u8, log: &Log) -> Result<TcpStream, Error> {
    let invalid = |form: &str| {
        let text = format!("invalid proxy specification: should be {form}");
        fail(ExitCode::SOCKET_IO, text)
    };
    let (credentials, address) = match proxy.rsplit_once('@') {
        Some((credentials, address)) => (Some(credentials), address),
        None => (None, proxy),
    };
    if credentials.is_some_and(|c| !c.contains(':')) {
        return Err(invalid("USER:PASS@HOST:PORT"));
    }
    let (host, port) = address.rsplit_once(':').ok_or_else(|| invalid("HOST:PORT"))?;
    let port: u16 = port.parse().map_err(|_| invalid("HOST:PORT"))?;
    if target.host.bytes().any(|b| b < 0x20 || b == 0x7f) {
        return Err(fail(ExitCode::SOCKET_IO, "invalid control character in proxy CONNECT host"));
    }
    let mut request = match target.host.parse::<IpAddr>() {
        Ok(IpAddr::V6(ip)) => format!("CONNECT [{ip}]:{} HTTP/1.0\r\n", target.port),
        _ => format!("CONNECT {}:{} HTTP/1.0\r\n", target.host, target.port),
    };
    if let Some(credentials) = credentials {
        let encoded = STANDARD.encode(credentials);
        request.push_str(&format!("Proxy-Authorization: Basic {encoded}\r\n"));
    }
    request.push_str("\r\n");
    if request.len() > MAX_PROXY_LINE {
        return Err(fail(ExitCode::SOCKET_IO, "proxy CONNECT request too long"));
    }
    log.debug(debug > 0, || format!("connection via http proxy {host} port {port}"));
    let mut stream = open(host, port, target, debug, log)?;
    let link = |e: io::Error| {
        let text = log::sys_error_line(log::Role::Client, "failed to talk to the proxy", &e);
        fail(ExitCode::SOCKET_IO, text)
    };
    stream.write_all(request.as_bytes()).map_err(link)?;
    let status = proxy_line(&mut stream, "proxy response line too long")?;
    let accepted = status.starts_with(b"HTTP/")
        && status.split(|&b| b == b' ').nth(1).is_some_and(|code| code.starts_with(b"2"));
    if !accepted {
        let text = [b"bad response from proxy -- ", &status[..]].concat();
        return Err(fail(ExitCode::SOCKET_IO, text));
    }
    while !proxy_line(&mut stream, "proxy response header line too long")?.is_empty() {}
    Ok(stream)
}

/// One line of the proxy's answer, read bytewise: what follows the blank line is the daemon's.
fn proxy_line(stream: &mut TcpStream, too_long: &str) -> Result<Vec<u8>, Error> {
    let mut line = Vec::new();
    loop {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1) if byte[0] == b'\n' => break,
            Ok(1) if byte[0] != b'\r' => line.push(byte[0]),
            Ok(1) => {}
            _ => return Err(fail(ExitCode::SOCKET_IO, "failed to read the proxy's response")),
        }
        if line.len() >= MAX_PROXY_LINE {
            return Err(fail(ExitCode::SOCKET_IO, too_long));
        }
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn loopback_is_not_paced_and_its_buffer_is_short() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let log =
            Log::new(std::sync::Arc::new(crate::report::testing::Page::default()), Role::Client);
        let address = listener.local_addr().unwrap();
        let stream = open_one(address, None, &Target::default(), &log).unwrap();
        let socket = socket2::SockRef::from(&stream);
        assert!(socket.tcp_congestion().unwrap().starts_with(b"reno"));
        assert_eq!(socket.send_buffer_size().unwrap(), 2 * LOOPBACK_BUFFER);
    }

    #[test]
    fn the_connect_program_gets_a_quoted_host() {
        assert_eq!(program_command("nc %H 873 %%", "a.b").unwrap(), "nc 'a.b' 873 %");
        for bad in ["", "-x", "a b", "a;b", "$(x)"] {
            assert_eq!(program_command("nc %H", bad).unwrap_err().code(), ExitCode::SOCKET_IO);
        }
    }

    #[test]
    fn socket_options_are_checked() {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let problems = |options: &str| {
            let lines = set_options(&socket, options, Role::Sender);
            lines.into_iter().map(|line| String::from_utf8(line).unwrap()).collect::<Vec<_>>()
        };
        assert!(problems("SO_KEEPALIVE, TCP_NODELAY=1 SO_SNDBUF=65536").is_empty());
        assert!(socket.keepalive().unwrap());
        assert_eq!(problems("SO_X"), ["Unknown socket option SO_X"]);
        assert_eq!(
            problems("IPTOS_LOWDELAY=1"),
            ["syntax error -- IPTOS_LOWDELAY does not take a value"]
        );
    }
}
