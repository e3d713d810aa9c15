//! A file system of its own for a test.

use std::path::PathBuf;
use std::process::Command;

/// A file system in memory, unmounted when dropped.
#[derive(Debug)]
pub struct Mounted(PathBuf);

impl Mounted {
    /// Mounts one of at most `size` (as `mount -o size=` takes it) on the folder `path`.
    ///
    /// # Panics
    ///
    /// When that is refused: the tests run as root.
    pub fn tmpfs(path: PathBuf, size: &str) -> Self {
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"])
            .arg(&path)
            .status()
            .expect("mount is part of every system");
        assert!(status.success(), "this test mounts a small tmpfs: run it as root");
        Self(path)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
