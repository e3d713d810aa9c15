//! The directories of `--compare-dest`, `--copy-dest` or `--link-dest`, where a file may be that the destination lacks (transfer:
//! alternate directories).
use super::{
    aside::Aside,
    dest::{Dest, absolute},
};
use crate::{
    Session,
    operator::{Refusal, Trust},
    options::clean_path,
    settings::AltDestKind,
};
use fsroot::{Root, Stat, text};
use std::{fs::File, io};
use wire::RelPath;

/// How much an item in such a directory is like the one that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// It is of the same type.
    Exists,
    /// Its content is the same.
    Same,
    /// So is everything else that is kept.
    Matches,
}

/// The best item found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    /// The number of its directory, which is the basis type too.
    pub number: u8,
    pub level: Level,
    pub st: Stat,
}

/// The directories, one thread's view.
#[derive(Debug, Clone)]
pub(super) struct AltDirs {
    pub kind: AltDestKind,
    pub dirs: Vec<AltDir>,
}

/// One of them.
#[derive(Debug, Clone)]
pub(super) enum AltDir {
    Open(Root),
    /// It cannot be entered, which may have to be said whenever something is looked for in it.
    Closed(Refusal),
}

impl AltDirs {
    /// Opens them, and says which are not there. `None` without such an option.
    pub fn open(session: &Session, dest: &Dest) -> Option<AltDirs> {
        let (kind, typed) = session.settings.alt_dest.as_ref()?;
        let open = |typed: &Vec<u8>| -> io::Result<Root> {
            let dir = match typed.strip_suffix(b"/") {
                Some(dir) if !dir.is_empty() => dir,
                _ => typed,
            };
            // A destination that a dry run has not made is left by its name.
            let typed = match &dest.root {
                None if !dir.starts_with(b"/") && session.settings.served.is_none() => {
                    clean_path(&full(dest, dir))
                }
                _ => dir.to_vec(),
            };
            let mut aside = Aside::new(&session.settings, dest, &typed)?;
            let fault = match aside.is_dir() {
                Ok(Some(true)) => None,
                Ok(Some(false)) => Some("is not a dir"),
                Ok(None) | Err(_) => Some("does not exist"),
            };
            if let Some(fault) = fault {
                let mut text = format!("{} arg {fault}: ", kind.option()).into_bytes();
                match session.settings.served.as_ref().filter(|served| !served.at_root) {
                    Some(served) => text.extend(within(&served.module_path, dest, dir)),
                    None => text.extend(full(dest, dir)),
                }
                session.log.warning(text);
            }
            let mut root = aside.open()?;
            if session.settings.served.is_none() {
                root.set_follow_parents(Trust::of(&session.settings).below());
                // As it was typed.
                let shown = full(dest, dir);
                let end = shown.iter().rposition(|byte| *byte != b'/');
                root.show_as(&shown[..end.map_or(1, |last| last + 1)], None);
            }
            Ok(root)
        };
        let open = |dir| match open(dir) {
            Ok(root) => AltDir::Open(root),
            Err(e) => AltDir::Closed(Refusal::take(e)),
        };
        Some(AltDirs { kind: *kind, dirs: typed.iter().map(open).collect() })
    }

    /// Opens a basis.
    pub fn open_read(&mut self, number: u8, p: &RelPath) -> io::Result<File> {
        match self.root(number) {
            Some(root) => root.open_read(p),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// The root of a directory that something was found in.
    pub fn root(&mut self, number: u8) -> Option<&mut Root> {
        match self.dirs.get_mut(usize::from(number))? {
            AltDir::Open(root) => Some(root),
            AltDir::Closed(_) => None,
        }
    }
}

/// An option's path as messages show it.
pub(super) fn full(dest: &Dest, typed: &[u8]) -> Vec<u8> {
    if typed.starts_with(b"/") {
        return typed.to_vec();
    }
    match &dest.root {
        Some(root) => [&root.display(&RelPath::root()), &b"/"[..], typed].concat(),
        None if dest.is_listing() => [&absolute(&dest.path), &b"/"[..], typed].concat(),
        None => from_unmade(absolute(&dest.path), typed),
    }
}

/// A client's path where the module is not the root of this process's own tree: it starts at the module's path or at the
/// destination, and climbs out of the latter no further than to the module.
fn within(module: &[u8], dest: &Dest, typed: &[u8]) -> Vec<u8> {
    let absolute = typed.starts_with(b"/");
    let named = |part: &std::path::Component<'_>| matches!(part, std::path::Component::Normal(_));
    let mut above = if absolute { 0 } else { dest.path.components().filter(named).count() };
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in typed.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => drop(parts.pop()),
            b".." if above == 0 => {}
            b".." => {
                above -= 1;
                parts.push(part);
            }
            part => parts.push(part),
        }
    }
    let clean = if parts.is_empty() { b".".to_vec() } else { parts.join(&b'/') };
    match (absolute, &dest.root) {
        (true, _) => [module, b"/", &clean].concat(),
        (false, Some(_)) => clean,
        (false, None) if dest.is_listing() => clean,
        (false, None) => from_unmade([module, b"/", &text::bytes(&dest.path)[..]].concat(), &clean),
    }
}

/// A path from a destination that a dry run has not made: rsync shows its parent.
fn from_unmade(mut dest: Vec<u8>, path: &[u8]) -> Vec<u8> {
    let up = path.strip_prefix(b"../");
    if let (Some(_), Some(end)) = (up, dest.iter().rposition(|byte| *byte == b'/')) {
        dest.truncate(end);
    }
    [&dest, &b"/"[..], up.unwrap_or(path)].concat()
}
