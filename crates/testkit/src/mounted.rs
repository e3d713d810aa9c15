//! What a test does to the system besides making files, undone afterwards: file systems of its own, files that may not change.

use std::path::{Path, PathBuf};
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
        mount(["-t", "tmpfs", "-o", &format!("size={size},mode=755"), "none"], &path);
        Self(path)
    }

    /// Lets the folder `path` be read only from now on.
    ///
    /// # Panics
    ///
    /// When that is refused: the tests run as root.
    pub fn read_only(path: PathBuf) -> Self {
        mount(["--bind", &path.display().to_string()], &path);
        mount(["-o", "remount,bind,ro"], &path);
        Self(path)
    }
}

fn mount<const N: usize>(args: [&str; N], path: &Path) {
    let status = Command::new("mount").args(args).arg(path).status();
    let done = status.expect("mount is part of every system").success();
    assert!(done, "this test mounts something on {}: run it as root", path.display());
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A block device whose content is a file's, taken away when dropped.
#[derive(Debug)]
pub struct Looped(PathBuf);

impl Looped {
    /// Makes one of the file `image`.
    ///
    /// # Panics
    ///
    /// When that is refused: the tests run as root.
    pub fn new(image: &Path) -> Self {
        let output = Command::new("losetup").args(["--find", "--show"]).arg(image).output();
        let output = output.expect("losetup is part of every system");
        let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "this test needs a loop device: run it as root: {said}");
        Self(name.into())
    }

    /// Its name below `/dev`.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Looped {
    fn drop(&mut self) {
        let _ = Command::new("losetup").arg("-d").arg(&self.0).status();
    }
}

/// Unmounts what is mounted on or below a folder.
pub(crate) fn unmount_below(folder: &Path) {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(1).map(Path::new));
    let mut below: Vec<_> = places.filter(|place| place.starts_with(folder)).collect();
    // What was mounted last is in the way of what was mounted first.
    below.reverse();
    for place in below {
        let _ = Command::new("umount").arg("-l").arg(place).status();
    }
}

/// A file with attributes that `chattr` knows, taken away when dropped.
#[derive(Debug)]
pub struct Flagged(PathBuf);

impl Flagged {
    /// Gives it some, by their letters (`i`: it never changes, `a`: it only grows).
    ///
    /// # Panics
    ///
    /// When that is refused: the tests run as root.
    pub fn new(path: PathBuf, letters: &str) -> Self {
        let status = Command::new("chattr").arg(format!("+{letters}")).arg(&path).status();
        let done = status.expect("chattr is part of e2fsprogs").success();
        assert!(done, "{} cannot get the attributes {letters}", path.display());
        Self(path)
    }
}

impl Drop for Flagged {
    fn drop(&mut self) {
        let _ = Command::new("chattr").arg("-ia").arg(&self.0).status();
    }
}
