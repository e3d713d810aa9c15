//! Choosing the destination: a directory that is entered, or the new name of a single item (off-wire semantics: destination).
use super::{list::List, shared::Shared};
use crate::{
    Error, ExitCode,
    log::{Role, strerror, sys_error_line},
};
use fsroot::{FollowParents, Root};
use std::{
    ffi::OsStr,
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::Arc,
};
use wire::RelPath;

/// Where received names go.
#[derive(Debug)]
pub(super) struct Dest {
    /// `None`: nothing is there, in a dry run or a listing.
    pub root: Option<Root>,
    /// The path of `root`, for merge files.
    pub path: PathBuf,
    /// The name that the single item gets.
    pub solo: Option<RelPath>,
    /// The destination directory was (or would be) created.
    pub created: bool,
}

/// Shown in messages.
pub(super) fn absolute(path: &Path) -> Vec<u8> {
    let path = match std::env::current_dir() {
        Ok(cwd) if path.is_relative() => cwd.join(path),
        _ => path.to_path_buf(),
    };
    let mut bytes = path.as_os_str().as_bytes();
    while bytes.len() > 1 && bytes.ends_with(b"/") {
        bytes = &bytes[..bytes.len() - 1];
    }
    bytes.to_vec()
}

fn failure(code: ExitCode, text: &str, path: &Path, e: &io::Error) -> Error {
    let text = super::attrs::quoted(text, &absolute(path), " failed");
    Error::fatal(code, sys_error_line(Role::ReceiverPresplit, text, e))
}

fn open(path: &Path, step: &str) -> Result<Root, Error> {
    Root::open(path).map_err(|e| failure(ExitCode::FILE_SELECT, step, path, &e))
}

/// Chooses the destination, and how names below it are found.
pub(super) fn choose(
    shared: &Arc<Shared>,
    typed: Option<&[u8]>,
    lists: &[Arc<List>],
) -> Result<Dest, Error> {
    let mut dest = find(shared, typed, lists)?;
    if let (Some(root), true) = (&mut dest.root, shared.session.settings.keep_dirlinks) {
        root.set_follow_parents(FollowParents::Beneath);
    }
    Ok(dest)
}

/// Chooses the destination for the lists that have arrived (the first, perhaps its first successor).
fn find(shared: &Arc<Shared>, typed: Option<&[u8]>, lists: &[Arc<List>]) -> Result<Dest, Error> {
    let settings = &shared.session.settings;
    let typed = match typed {
        Some(typed) if !settings.list_only => typed,
        _ => return Ok(Dest { root: None, path: PathBuf::new(), solo: None, created: false }),
    };
    let typed = if typed.is_empty() { b"." } else { typed };
    let path = Path::new(OsStr::from_bytes(typed));
    let count: usize = lists.iter().map(|l| l.len()).sum();
    let first = lists.first().and_then(|l| l.get(0));
    let code = ExitCode::FILE_SELECT;
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_dir() => {
            let root = Some(open(path, "change_dir#1")?);
            return Ok(Dest { root, path: path.to_path_buf(), solo: None, created: false });
        }
        Ok(_) if count > 1 => {
            let text = "ERROR: destination must be a directory when copying more than 1 file";
            return Err(Error::fatal(code, text));
        }
        Ok(_) if first.is_some_and(|e| e.is_dir()) => {
            let text = "ERROR: cannot overwrite non-directory with a directory";
            return Err(Error::fatal(code, text));
        }
        Ok(_) => {}
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => {
            let mut text = b"rsync: [Receiver] ERROR: cannot stat destination \"".to_vec();
            text.extend_from_slice(&absolute(path));
            text.extend_from_slice(format!("\": {}", strerror(&e)).as_bytes());
            return Err(Error::fatal(code, text));
        }
    }
    let missing = std::fs::symlink_metadata(path).is_err();
    if missing && (count > 1 || typed.ends_with(b"/")) {
        return create(shared, typed);
    }
    // A single item under a new name, below a directory that must exist.
    let (dir, leaf) = split(typed);
    let (Some(leaf), false) = (RelPath::new(leaf).filter(|p| !p.is_root()), leaf.contains(&b'/'))
    else {
        let e = io::Error::from(io::ErrorKind::NotFound);
        return Err(failure(code, "change_dir#3", path, &e));
    };
    let dir = Path::new(OsStr::from_bytes(dir));
    let root = Some(open(dir, "change_dir#3")?);
    Ok(Dest { root, path: dir.to_path_buf(), solo: Some(leaf), created: false })
}

/// Makes the destination directory.
fn create(shared: &Arc<Shared>, typed: &[u8]) -> Result<Dest, Error> {
    let settings = &shared.session.settings;
    let mut name = typed;
    while name.len() > 1 && name.ends_with(b"/") {
        name = &name[..name.len() - 1];
    }
    let path = Path::new(OsStr::from_bytes(name));
    let mut dest = Dest { root: None, path: path.to_path_buf(), solo: None, created: true };
    if !settings.dry_run {
        let (dir, leaf) = split(name);
        let dir = Path::new(OsStr::from_bytes(dir));
        let made = Root::open(dir).and_then(|mut parent| {
            let leaf = RelPath::new(leaf).ok_or(io::ErrorKind::InvalidInput)?;
            parent.mkdir(&leaf, 0o777)?;
            Ok(())
        });
        made.map_err(|e| failure(ExitCode::FILE_IO, "mkdir", path, &e))?;
        dest.root = Some(open(path, "change_dir#2")?);
    }
    if settings.info.name >= 1 || shared.itemizing {
        let mut line = b"created directory ".to_vec();
        line.extend_from_slice(name);
        shared.session.log.info(line);
    }
    Ok(dest)
}

/// Parent and last component of an operator's path, trailing slashes dropped.
fn split(mut name: &[u8]) -> (&[u8], &[u8]) {
    while name.len() > 1 && name.ends_with(b"/") {
        name = &name[..name.len() - 1];
    }
    match name.iter().rposition(|b| *b == b'/') {
        Some(0) => (b"/", &name[1..]),
        Some(i) => (&name[..i], &name[i + 1..]),
        None => (b".", name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operator_paths_split_at_the_last_component() {
        assert_eq!(split(b"a"), (&b"."[..], &b"a"[..]));
        assert_eq!(split(b"a/b//"), (&b"a"[..], &b"b"[..]));
        assert_eq!(split(b"/a"), (&b"/"[..], &b"a"[..]));
    }

    #[test]
    fn shown_paths_are_absolute_without_trailing_slash() {
        assert_eq!(absolute(Path::new("/a/b//")), b"/a/b");
        assert!(absolute(Path::new("x")).starts_with(b"/"));
    }
}
