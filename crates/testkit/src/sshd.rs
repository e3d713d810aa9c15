//! A real sshd on loopback with throw-away keys, ended when dropped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::peers::find;
use crate::port::Port;
use crate::run::{command, server_command};

/// A running sshd.
#[derive(Debug)]
pub struct Sshd {
    child: Child,
    port: Port,
    key: PathBuf,
}

impl Sshd {
    /// Starts one with its keys and configuration in `control`.
    ///
    /// # Panics
    ///
    /// When sshd is not installed or does not come up.
    pub fn start(control: &Path) -> Self {
        let sshd =
            find("sshd").expect("sshd is not installed: sudo apt-get install openssh-server");
        let keygen = find("ssh-keygen").expect("ssh-keygen is not installed");
        // sshd wants this folder to exist; the package makes it only when the service starts.
        let _ = fs::create_dir_all("/run/sshd");
        for key in ["host", "user"] {
            let made = command(&keygen)
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(control.join(key))
                .status()
                .expect("ssh-keygen runs");
            assert!(made.success(), "ssh-keygen makes a key");
        }
        fs::copy(control.join("user.pub"), control.join("authorized")).expect("writable");
        let log = control.join("sshd.log");
        let port = Port::keep();
        let config = control.join("sshd.conf");
        let here = control.display();
        let text = format!(
            "Port {}\nListenAddress 127.0.0.1\nHostKey {here}/host\n\
             AuthorizedKeysFile {here}/authorized\nPidFile none\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nPermitRootLogin prohibit-password\nMaxStartups 100\n",
            port.number
        );
        fs::write(&config, text).expect("writable");
        let mut child = server_command(&sshd)
            .args(["-D", "-f"])
            .arg(&config)
            .arg("-E")
            .arg(&log)
            .stdin(Stdio::null())
            .spawn()
            .expect("sshd starts");
        let ready = port.comes_up(&mut child, |_| true);
        let said = || fs::read_to_string(&log).unwrap_or_default();
        let server = Self { child, port, key: control.join("user") };
        assert!(ready, "sshd does not come up: {}", said());
        server
    }

    /// The value of `-e` that reaches it.
    pub fn shell(&self) -> String {
        format!(
            "ssh -F /dev/null -p {} -i {} -o IdentitiesOnly=yes -o BatchMode=yes \
             -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR",
            self.port.number,
            self.key.display()
        )
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
