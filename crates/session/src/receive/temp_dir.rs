//! `--temp-dir`: where files are until they are complete.
use super::{altdest::full, aside::Aside, attrs::about, dest::Dest};
use crate::{
    Error, ExitCode, Settings,
    log::{Class, Log, named, reason},
    operator::Refusal,
};
use fsroot::{Root, TempFile};
use std::io;
use wire::RelPath;

/// What is wrong with a directory that is not there.
const MISSING: &str = "does not exist";

/// The directory.
#[derive(Debug, Clone)]
pub(super) enum TempDir {
    /// It can be used.
    Open(Root),
    /// It may not be entered, which is said of each file that should be made there.
    Refused {
        /// Its path, for messages.
        shown: Vec<u8>,
        refusal: Refusal,
    },
}

impl TempDir {
    /// Opens what the option names.
    ///
    /// # Errors
    /// No directory has that name.
    pub fn open(settings: &Settings, dest: &Dest) -> Result<Option<TempDir>, Error> {
        let Some(typed) = &settings.temp_dir else { return Ok(None) };
        let fault = match TempDir::find(settings, dest, typed) {
            Ok(Ok(dir)) => return Ok(Some(dir)),
            Ok(Err(fault)) => fault,
            Err(e) if settings.served.is_none() => {
                let why = format!(": {}", reason(&e));
                let text = named("Failed to stat temp-dir ", typed, &why);
                return Err(Error::fatal(ExitCode::FILE_IO, text));
            }
            Err(_) => MISSING,
        };
        let mut text = format!("The temp-dir {fault}: ").into_bytes();
        if let Some(served) = settings.served.as_ref().filter(|served| !served.at_root)
            && typed.starts_with(b"/")
        {
            text.extend_from_slice(&served.module_path);
        }
        text.extend_from_slice(typed);
        Err(Error::fatal(ExitCode::SYNTAX, text))
    }

    /// The directory, or what is wrong with what is there.
    fn find(
        settings: &Settings,
        dest: &Dest,
        typed: &[u8],
    ) -> io::Result<Result<TempDir, &'static str>> {
        if typed.is_empty() {
            return Ok(Err(MISSING));
        }
        let mut aside = Aside::new(settings, dest, typed)?;
        Ok(match aside.is_dir()? {
            None => Err(MISSING),
            Some(false) => Err("is not a directory"),
            Some(true) => Ok(match aside.open() {
                Ok(root) => TempDir::Open(root),
                Err(e) => TempDir::Refused { shown: full(dest, typed), refusal: Refusal::take(e) },
            }),
        })
    }

    /// What temporary files are below. In a directory that may not be entered there are none.
    pub fn root(&mut self) -> Option<&mut Root> {
        match self {
            TempDir::Open(root) => Some(root),
            TempDir::Refused { .. } => None,
        }
    }
}

/// A temporary file beside the destination, or in the `--temp-dir`; that there is none was said.
pub(super) fn create_temp(
    root: &mut Root,
    temp_dir: Option<&mut TempDir>,
    path: &RelPath,
    mode: u32,
    log: &Log,
) -> Option<TempFile> {
    let leaf = path.split().map_or(&b""[..], |(_, leaf)| leaf);
    let (made, place) = match temp_dir {
        Some(TempDir::Open(dir)) => (TempFile::create_in(dir, leaf, mode), dir),
        Some(TempDir::Refused { shown, refusal }) => {
            refusal.say(log);
            let shown = [b"\"", &shown[..], b"/", leaf, b".XXXXXX\""].concat();
            let text = about("mkstemp", &shown, " failed");
            log.sys_error(Class::ErrorXfer, text, refusal.error());
            return None;
        }
        None => (TempFile::create(root, path, mode), root),
    };
    match made {
        Ok(temp) => Some(temp),
        Err(failed) => {
            let shown = place.quoted(failed.tried.as_ref().unwrap_or(path));
            let text = about("mkstemp", &shown, " failed");
            log.sys_error(Class::ErrorXfer, text, &failed.error);
            None
        }
    }
}
