//! Rule files, and what else a daemon's client may name.

use crate::{
    log::Log,
    operator::{Trust, say_foreign_link},
    settings::Settings,
};
use filters::{FilterList, Verdict};
use fsroot::{LinkTrust, text};
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use wire::RelPath;

/// Largest rule file that is read.
const MAX_RULE_FILE: u64 = 64 << 20;
/// A rule file was read from standard input.
static STDIN_IS_READ: AtomicBool = AtomicBool::new(false);

/// Whether rules have taken what there was on standard input.
pub(crate) fn stdin_is_read() -> bool {
    STDIN_IS_READ.load(Ordering::Relaxed)
}

/// Opens merge files for `filters`; relative names hang below a base directory.
#[derive(Clone, Default)]
pub struct FsLoader {
    base: Option<PathBuf>,
    is_server: bool,
    trust: Trust,
    /// A daemon's client names files of the module only.
    in_module: bool,
    /// What the module hides is not there.
    hidden: Option<Arc<FilterList>>,
    /// Says of a file that cannot be opened that somebody else's link is the reason.
    log: Option<Log>,
}

impl FsLoader {
    /// For names relative to the current directory.
    pub fn new(settings: &Settings) -> FsLoader {
        FsLoader {
            base: None,
            is_server: settings.am_server && !settings.local,
            trust: Trust::of(settings),
            in_module: settings.am_daemon,
            hidden: None,
            log: None,
        }
    }

    /// The same, for what the process's own command line names.
    pub fn for_own_options(self) -> FsLoader {
        FsLoader { trust: self.trust.anywhere(), ..self }
    }

    /// The same, for a module that hides names.
    pub fn hiding(self, rules: Option<&FilterList>) -> FsLoader {
        FsLoader { hidden: rules.cloned().map(Arc::new), ..self }
    }

    /// The same, for files that may be missing: what else keeps them from being read is said.
    pub fn speaking(self, log: Log) -> FsLoader {
        FsLoader { log: Some(log), ..self }
    }

    /// The same, for names relative to `base`.
    pub fn below(&self, base: &Path) -> FsLoader {
        FsLoader { base: Some(base.to_path_buf()), ..self.clone() }
    }

    fn open(&self, path: &[u8]) -> io::Result<File> {
        let path = &text::path(path);
        let path = self.base.as_ref().map_or_else(|| path.to_path_buf(), |base| base.join(path));
        if self.in_module {
            open_in_module(&text::bytes(path), self.hidden.as_deref(), self.trust.links())
        } else {
            self.trust.read(&path)
        }
    }
}

impl filters::Loader for FsLoader {
    fn load(&mut self, path: &[u8]) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        if path == b"-" && !self.is_server {
            STDIN_IS_READ.store(true, Ordering::Relaxed);
            io::stdin().lock().take(MAX_RULE_FILE).read_to_end(&mut content)?;
            return Ok(content);
        }
        let file = self.open(path).inspect_err(|_| {
            if let Some(log) = &self.log {
                say_foreign_link(log);
            }
        })?;
        if !file.metadata()?.is_dir() {
            file.take(MAX_RULE_FILE).read_to_end(&mut content)?;
        }
        Ok(content)
    }

    fn load_own(&mut self, path: &[u8]) -> io::Result<Vec<u8>> {
        let trust = self.trust.clone().anywhere();
        FsLoader { base: None, in_module: false, trust, ..self.clone() }.load(path)
    }
}

/// Opens a file that a daemon's client named: below the module, which is the working directory, whatever `..` and links
/// say.
pub(crate) fn open_in_module(
    path: &[u8],
    hidden: Option<&FilterList>,
    links: LinkTrust,
) -> io::Result<File> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let name = RelPath::new(&parts.join(&b'/')).ok_or(io::ErrorKind::InvalidInput)?;
    let is_hidden =
        |rules: &FilterList| rules.check_daemon(name.as_bytes(), false) == Verdict::Exclude;
    if hidden.is_some_and(is_hidden) {
        return Err(fsroot::Errno::NOENT.into());
    }
    let mut root = fsroot::Root::open(Path::new("."))?;
    match links {
        LinkTrust::OwnerChecked => {
            let path = Path::new(".").join(text::path(name.as_bytes()));
            fsroot::operator::read_operator_file_beneath(&path, &root)
        }
        LinkTrust::Insecure => {
            root.set_follow_parents(fsroot::FollowParents::Beneath);
            root.open_read_follow(&name, false)
        }
    }
}
