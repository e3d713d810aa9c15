//! Paths that the operator named, opened as `--insecure-links` and `--confine-root` say.

use crate::{Settings, log::Log};
use fsroot::{FollowParents, LinkTrust, OpenHow, Root, text};
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// How a side trusts the links and places of such paths.
#[derive(Debug, Clone)]
pub struct Trust {
    links: LinkTrust,
    /// Paths of options lead nowhere else.
    within: Option<PathBuf>,
}

impl Default for Trust {
    fn default() -> Self {
        Trust { links: LinkTrust::OwnerChecked, within: None }
    }
}

impl Trust {
    /// As the options say. A daemon is confined by its module instead.
    pub fn of(settings: &Settings) -> Trust {
        let within = settings.confine_root.as_ref().filter(|_| !settings.am_daemon);
        Trust {
            links: match settings.insecure_links {
                true => LinkTrust::Insecure,
                false => LinkTrust::OwnerChecked,
            },
            within: within.map(|dir| text::path(dir).to_path_buf()),
        }
    }

    /// Whose links are followed.
    pub fn links(&self) -> LinkTrust {
        self.links
    }

    /// The same without `--confine-root`: the destination, and what the process's own command line names.
    pub fn anywhere(self) -> Trust {
        Trust { within: None, ..self }
    }

    /// Opens a directory that an option names.
    ///
    /// # Errors
    /// The system's; `ELOOP` for a link that is not to be followed, or a directory outside.
    pub fn open_dir(&self, path: &Path) -> io::Result<Root> {
        let dir = Root::open_trusting(path, self.links)?;
        match &self.within {
            Some(within) if !dir.is_beneath(&Root::open(within)?)? => {
                Err(fsroot::Errno::LOOP.into())
            }
            _ => Ok(dir),
        }
    }

    /// Which links are followed on the way to what is below such a directory.
    pub fn below(&self) -> FollowParents {
        match (&self.within, self.links) {
            (Some(_), _) => FollowParents::Beneath,
            (None, LinkTrust::OwnerChecked) => FollowParents::Trusted,
            (None, LinkTrust::Insecure) => FollowParents::Unconfined,
        }
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// As [`Trust::open_dir`].
    pub fn read(&self, path: &Path) -> io::Result<File> {
        match &self.within {
            Some(within) => {
                fsroot::operator::read_operator_file_beneath(path, &Root::open(within)?)
            }
            None => fsroot::open_operator_file(path, OpenHow::Read, self.links),
        }
    }
}

/// Says that the last path that this thread tried to open leads over somebody else's link, if it does.
pub fn say_foreign_link(log: &Log) {
    if let Some(notice) = fsroot::take_notice() {
        log.error(notice);
    }
}

/// Why a directory cannot be entered.
#[derive(Debug, Clone)]
pub struct Refusal {
    error: Arc<io::Error>,
    /// What is said of somebody else's link.
    notice: Option<&'static str>,
}

impl Refusal {
    /// Of the last path that this thread tried to open.
    pub fn take(error: io::Error) -> Refusal {
        Refusal { error: Arc::new(error), notice: fsroot::take_notice() }
    }

    /// The system's error.
    pub fn error(&self) -> &io::Error {
        &self.error
    }

    /// Says that it is because of somebody else's link, if it is.
    pub fn say(&self, log: &Log) {
        if let Some(notice) = self.notice {
            log.error(notice);
        }
    }
}

// What it checks are symlinks.
#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn confined_paths_lead_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("in/sub")).unwrap();
        fs::create_dir(at("out")).unwrap();
        fs::write(at("in/f"), "").unwrap();
        fs::write(at("out/f"), "").unwrap();
        std::os::unix::fs::symlink("../out", at("in/escape")).unwrap();
        std::os::unix::fs::symlink("sub/../f", at("in/inner")).unwrap();
        let within = at("in").into_os_string().into_encoded_bytes();
        let mut settings = Settings { confine_root: Some(within), ..Settings::default() };
        let trust = Trust::of(&settings);
        for path in ["in", "in/sub", "out/../in/sub"] {
            assert!(trust.open_dir(&at(path)).is_ok(), "{path}");
        }
        for path in ["out", "in/escape", "in/sub/../../out", "."] {
            let e = trust.open_dir(&at(path)).unwrap_err();
            assert_eq!(e.raw_os_error(), Some(40), "{path}");
        }
        for path in ["in/f", "in/inner", "in/sub/../f"] {
            assert!(trust.read(&at(path)).is_ok(), "{path}");
        }
        for path in ["out/f", "in/escape/f"] {
            assert_eq!(trust.read(&at(path)).unwrap_err().raw_os_error(), Some(40), "{path}");
            assert!(trust.clone().anywhere().read(&at(path)).is_ok());
        }
        settings.confine_root = Some(b"/".to_vec());
        assert!(Trust::of(&settings).open_dir(&at("out")).is_ok());
    }
}
