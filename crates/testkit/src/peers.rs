//! Finding the programs under comparison.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version that counts as the truth.
pub const TRUTH_VERSION: &str = "3.5.0";

/// The older version that we must also speak to.
pub const OLD_VERSION: &str = "3.2.7";

/// The two programs a scenario compares.
#[derive(Clone, Debug)]
pub struct Peers {
    /// The real rsync.
    pub rsync: PathBuf,
    /// The program under test.
    pub ours: PathBuf,
    /// An older rsync that each of the two is paired with, instead of with each other.
    pub old: Option<PathBuf>,
}

impl Peers {
    /// The real rsync 3.5.0 and `ours`; `OXRSYNC_TEST_BINARY` replaces `ours`, for example by the real rsync to
    /// check the harness itself.
    ///
    /// # Panics
    ///
    /// When the real rsync is not installed: nothing can be compared then, and a silent skip would look like a pass.
    pub fn new(ours: impl AsRef<Path>) -> Self {
        let ours = env::var_os("OXRSYNC_TEST_BINARY")
            .map_or_else(|| ours.as_ref().to_path_buf(), PathBuf::from);
        Self { rsync: truth(), ours, old: None }
    }

    /// Rsync 3.2.7 as the peer of the other two.
    ///
    /// # Panics
    ///
    /// When it was not unpacked.
    pub fn with_old_rsync(ours: impl AsRef<Path>) -> Self {
        Self { old: Some(old_rsync()), ..Self::new(ours) }
    }
}

/// The real rsync 3.5.0.
///
/// # Panics
///
/// When no program of that version is on the search path.
pub fn truth() -> PathBuf {
    let path = find("rsync")
        .unwrap_or_else(|| panic!("rsync is not installed: sudo apt-get install rsync"));
    let version = version(&path);
    assert_eq!(
        version,
        TRUTH_VERSION,
        "{} is version {version}; the tests compare with {TRUTH_VERSION}",
        path.display()
    );
    path
}

/// The real rsync 3.2.7, from `OXRSYNC_TEST_OLD_RSYNC` or where `./test` unpacks it.
///
/// # Panics
///
/// When it is in neither place.
pub fn old_rsync() -> PathBuf {
    let unpacked = workspace().join("target/peers/rsync-3.2.7/usr/bin/rsync");
    let path = env::var_os("OXRSYNC_TEST_OLD_RSYNC").map_or(unpacked, PathBuf::from);
    assert!(
        path.is_file(),
        "{} does not exist: run ./test once, which unpacks rsync {OLD_VERSION} there",
        path.display()
    );
    assert_eq!(version(&path), OLD_VERSION, "{}", path.display());
    path
}

/// The program `name` on the search path, or in the system directories that an ordinary user's path lacks.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
        .map(|dir| dir.join(name))
        .find(|candidate| candidate.is_file())
}

/// The folder of the workspace.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("a crate lies two levels below the workspace").to_path_buf()
}

fn version(rsync: &Path) -> String {
    let output = Command::new(rsync)
        .arg("--version")
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", rsync.display()));
    let text = String::from_utf8_lossy(&output.stdout);
    text.split_whitespace().nth(2).unwrap_or_default().to_owned()
}
