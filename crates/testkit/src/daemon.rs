//! A daemon of either program on loopback, ended when dropped.

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::port::Port;
use crate::run::server_command;

/// A running daemon.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    port: Port,
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
        let port = Port::keep();
        let config = control.join("daemon.conf");
        let text = format!(
            "address = 127.0.0.1\nport = {}\nuse chroot = no\nmunge symlinks = no\nuid = 0\ngid = 0\n\
             log file = {}\nreverse lookup = no\nlist = yes\n{modules}",
            port.number,
            log.display()
        );
        fs::write(&config, text).expect("the control folder is writable");
        let said = control.join("daemon.out");
        let output = fs::File::create(&said).expect("writable");
        let errors = output.try_clone().expect("a descriptor can be copied");
        let mut child = server_command(program)
            .args(["--daemon", "--no-detach"])
            .arg(format!("--config={}", config.display()))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let ready = port.comes_up(&mut child, greets);
        let daemon = Self { child, port, log };
        let said = fs::read_to_string(said).unwrap_or_default();
        let logged = daemon.log();
        assert!(ready, "the daemon of {} did not come up:\n{said}\n{logged}", program.display());
        daemon
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port.number
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
        if std::thread::panicking() {
            eprintln!("the daemon's log:\n{}", self.log());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether who listens says what a daemon begins with.
fn greets(mut stream: TcpStream) -> bool {
    let mut greeting = [0; 8];
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    stream.read_exact(&mut greeting).is_ok() && greeting == *b"@RSYNCD:"
}
