//! Becoming what the module's configuration says: root directory, user, log.

use crate::{
    auth::LoggedIn,
    config::ModuleConfig,
    connection::{Client, Service, Stop},
    hooks::Hooks,
    identity::Identity,
    log::DaemonLog,
    rules,
};
use filters::FilterList;
use fsroot::{FollowParents, LinkTrust, Root};
use session::{
    ExitCode,
    log::{named, strerror},
};
use std::{
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// Links whose text begins with this are defused; a directory of that name would arm them.
const MUNGE_DIR: &str = "/rsyncd-munged";

/// A module that this process has entered.
pub(super) struct Entered {
    pub root: Root,
    pub chrooted: bool,
    /// The module's root is not `/` as this process sees it.
    pub below_root: bool,
    pub munge: bool,
    pub filters: Option<FilterList>,
}

fn no_chdir(path: &Path, e: &std::io::Error) -> Vec<u8> {
    let path = path.as_os_str().as_bytes();
    named("rsync: [Receiver] chdir ", path, &format!(" failed: {}", strerror(e)))
}

/// Becomes what the module's configuration says: root directory, user, log.
pub(super) fn enter(
    hooks: &mut Hooks,
    service: &Service,
    client: &Client,
    module: &ModuleConfig,
    login: &LoggedIn,
) -> Result<Entered, Stop> {
    let (name, values, log) = (&module.name, module.values(), &client.log);
    let refuse = |text: &str| {
        log.error(text);
        Stop::refuse(text)
    };
    let identity = Identity::of(values).map_err(|text| refuse(&text))?;
    let Some(path) = values.path("path") else {
        log.error(named("No path specified for module ", name, ""));
        return Err(Stop::refuse("no path setting."));
    };
    let place = Place::choose(&path, values.flag("usechroot"), log);
    let filters = rules::load(values).map_err(|text| {
        log.error(text);
        Stop::Silent(ExitCode::FILE_IO.0)
    })?;
    log.switch(values, service.log_file.as_deref());
    hooks.start(client, module, &login.user)?;
    if let Some(outer) = &place.chroot {
        log.keep_time_zone();
        let result = Root::open(outer).map_err(Some).and_then(|outer| {
            rustix::process::fchdir(outer.as_dir()).map_err(|e| Some(e.into()))?;
            fsroot::chroot(Path::new(".")).map_err(|_| None)
        });
        result.map_err(|e| match e {
            Some(e) => {
                log.error(no_chdir(outer, &e));
                Stop::refuse("chdir failed")
            }
            None => {
                log.error(named("chroot ", outer.as_os_str().as_bytes(), " failed"));
                Stop::refuse("chroot failed")
            }
        })?;
    }
    // Opened while still privileged: a module below a directory that its user cannot search works.
    let insecure = values.flag("insecurelinks") == Some(true);
    let trust = if insecure { LinkTrust::Insecure } else { LinkTrust::OwnerChecked };
    let mut root = Root::open_trusting(&place.inner, trust)
        .and_then(|root| {
            rustix::process::fchdir(root.as_dir())?;
            Ok(root)
        })
        .map_err(|e| {
            if let Some(notice) = fsroot::take_notice() {
                log.error(notice);
            }
            log.error(no_chdir(&place.inner, &e));
            Stop::refuse("chdir failed")
        })?;
    let below_root = place.inner != Path::new("/");
    let munge = values.flag("mungesymlinks").unwrap_or(place.chroot.is_none() || below_root);
    if munge && std::fs::metadata(MUNGE_DIR).is_ok_and(|meta| meta.is_dir()) {
        log.error(format!("Symlink munging is unsafe when a {MUNGE_DIR} directory exists."));
        let text = "daemon security issue -- contact admin";
        return Err(Stop::Refuse(text.into(), ExitCode::UNSUPPORTED.0));
    }
    identity.assume().map_err(|text| refuse(&text))?;
    root.set_follow_parents(match insecure {
        true => FollowParents::Unconfined,
        false => FollowParents::Beneath,
    });
    Ok(Entered { root, chrooted: place.chroot.is_some(), below_root, munge, filters })
}

/// Where the module's root is: behind a chroot or not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub chroot: Option<PathBuf>,
    /// Absolute, as seen from behind the chroot.
    pub inner: PathBuf,
}

impl Place {
    pub fn choose(path: &Path, use_chroot: Option<bool>, log: &DaemonLog) -> Place {
        let (outer, inner) = split_at_dot(path);
        let use_chroot = use_chroot.unwrap_or_else(|| {
            inner.is_some() || {
                let possible = fsroot::chroot(Path::new("/"));
                if let Err(e) = possible {
                    log.info(format!(
                        "chroot test failed: {}. Switching 'use chroot' from unset to false.",
                        e.desc()
                    ));
                }
                possible.is_ok()
            }
        });
        if use_chroot {
            let inner =
                inner.map_or_else(|| "/".into(), |inner| normal(&Path::new("/").join(inner)));
            return Place { chroot: Some(outer), inner };
        }
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        Place { chroot: None, inner: normal(&path) }
    }
}

/// `/outer/./inner` at the first `/./`.
fn split_at_dot(path: &Path) -> (PathBuf, Option<PathBuf>) {
    let bytes = path.as_os_str().as_bytes();
    let of = |bytes: &[u8]| PathBuf::from(std::ffi::OsStr::from_bytes(bytes));
    match bytes.windows(3).position(|window| window == b"/./") {
        Some(0) => (of(b"/"), Some(of(&bytes[3..]))),
        Some(at) => (of(&bytes[..at]), Some(of(&bytes[at + 3..]))),
        None => (path.to_path_buf(), None),
    }
}

/// Without `.` components and repeated slashes.
pub(super) fn normal(path: &Path) -> PathBuf {
    path.components().collect()
}
