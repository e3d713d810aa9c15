//! A daemon of either program on loopback, ended when dropped.

use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{LazyLock, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::run::command;

/// Ports given out by this process: never twice, or a connection could reach the daemon of another scenario.
static USED_PORTS: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);

/// A running daemon.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    /// The port it listens on.
    pub port: u16,
    log: PathBuf,
}

impl Daemon {
    /// Starts `program` as a daemon with one module `mod` for `top`, and `more` configuration after it; `control` is a
    /// folder for its files.
    ///
    /// # Panics
    ///
    /// When it does not come up.
    pub fn start(program: &Path, top: &Path, control: &Path, more: &str) -> Self {
        let modules = format!(
            "[mod]\npath = {}\ncomment = the tree\nread only = no\n{more}\n",
            top.display()
        );
        Self::start_with(program, control, &modules)
    }

    /// Starts `program` as a daemon with the modules written in `modules`.
    ///
    /// # Panics
    ///
    /// When it does not come up.
    pub fn start_with(program: &Path, control: &Path, modules: &str) -> Self {
        let log = control.join("daemon.log");
        for _ in 0..5 {
            let port = free_port();
            let config = control.join("daemon.conf");
            let text = format!(
                "address = 127.0.0.1\nport = {port}\nuse chroot = no\nmunge symlinks = no\nuid = 0\ngid = 0\n\
                 log file = {}\nreverse lookup = no\nlist = yes\n{modules}",
                log.display()
            );
            fs::write(&config, text).expect("the control folder is writable");
            let output = fs::File::create(control.join("daemon.out")).expect("writable");
            let errors = output.try_clone().expect("a descriptor can be copied");
            let child = command(program)
                .args(["--daemon", "--no-detach"])
                .arg(format!("--config={}", config.display()))
                .current_dir("/")
                .stdin(Stdio::null())
                .stdout(output)
                .stderr(errors)
                .spawn()
                .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
            let mut daemon = Self { child, port, log: log.clone() };
            if daemon.ready() {
                return daemon;
            }
        }
        let said = fs::read_to_string(control.join("daemon.out")).unwrap_or_default();
        let logged = fs::read_to_string(&log).unwrap_or_default();
        panic!("the daemon of {} did not come up:\n{said}\n{logged}", program.display());
    }

    fn ready(&mut self) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(20) {
            if let Ok(Some(_)) = self.child.try_wait() {
                return false;
            }
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
            if let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(5)) {
                let mut greeting = [0; 8];
                let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
                if stream.read_exact(&mut greeting).is_ok() && greeting == *b"@RSYNCD:" {
                    return true;
                }
            }
            sleep(Duration::from_millis(2));
        }
        false
    }

    /// The process id of the listening process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that is free and was not given out before.
pub(crate) fn free_port() -> u16 {
    loop {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        if USED_PORTS.lock().expect("no holder panics").insert(port) {
            return port;
        }
    }
}
