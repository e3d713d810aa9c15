//! Folders for single runs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::mounted;

/// A folder for one run, removed afterwards unless it is to be kept.
#[derive(Debug)]
pub struct Scratch {
    /// Where it is.
    pub path: PathBuf,
}

impl Scratch {
    /// A new folder whose name contains both words.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    pub fn new(name: &str, ends: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        static LEFT: Once = Once::new();
        LEFT.call_once(|| remove_left(&scratch_base()));
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = name.replace(['/', '@', '#'], "-");
        let leaf = format!("oxrsync-{}-{count}-{name}-{ends}", std::process::id());
        let path = scratch_base().join(leaf);
        fs::create_dir_all(&path).expect("the folder for temporary files is writable");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("our own folder");
        Self { path }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if std::env::var_os("OXRSYNC_KEEP").is_some() {
            // Under a name that does not say that the next run may remove it.
            let kept = PathBuf::from(format!("{}.kept", self.path.display()));
            let _same_name = fs::rename(&self.path, &kept);
            println!("kept {}", kept.display());
        } else {
            remove(&self.path);
        }
    }
}

/// Where the trees of tests are built: in memory where there is such a place, unless `TMPDIR` says
/// otherwise. Most of the time of a run is spent making and removing files.
pub fn scratch_base() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if std::env::var_os("TMPDIR").is_none() && memory.is_dir() {
        memory.to_path_buf()
    } else {
        std::env::temp_dir()
    }
}

/// Removes the folders of runs that were killed: their processes are gone.
fn remove_left(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let pid = name.strip_prefix("oxrsync-").and_then(|rest| rest.split('-').next());
        let Some(pid) = pid.and_then(|pid| pid.parse::<u32>().ok()) else { continue };
        if name.ends_with(".kept") || Path::new(&format!("/proc/{pid}")).exists() {
            continue;
        }
        mounted::unmount_below(&entry.path());
        remove(&entry.path());
    }
}

fn remove(path: &Path) {
    if fs::remove_dir_all(path).is_err() {
        // Folders without rights: only root removes those without help.
        let _ = Command::new("chmod").args(["-R", "u+rwx"]).arg(path).status();
        let _ = fs::remove_dir_all(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_dead_runs_go() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let mut child = Command::new("true").spawn().expect("every system has it");
        let dead = child.id();
        child.wait().expect("our child");
        let alive = std::process::id();
        let names = [
            format!("oxrsync-{dead}-0-x-y"),
            format!("oxrsync-{dead}-1-x-y.kept"),
            format!("oxrsync-{alive}-0-x-y"),
            "oxrsync-bench-1".to_owned(),
            "other".to_owned(),
        ];
        for name in &names {
            fs::create_dir_all(base.path().join(name).join("d")).expect("a temporary folder");
        }
        remove_left(base.path());
        let left: Vec<_> = names.iter().filter(|name| base.path().join(name).exists()).collect();
        assert_eq!(left, names[1..].iter().collect::<Vec<_>>());
    }
}
