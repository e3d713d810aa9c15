//! What the operator named: ordinary opens.
//!
//! Links are followed. On Unix a link that somebody else planted in a writable directory is refused; on Windows making
//! one takes a privilege, and who has it needs no such trick.

use super::{Dir, text};
use crate::operator::{LinkTrust, OpenHow};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;
use windows_sys::Win32::Storage::FileSystem as fs;

pub(crate) fn open_operator_file(path: &Path, how: OpenHow, _trust: LinkTrust) -> io::Result<File> {
    let mut options = OpenOptions::new();
    match how {
        OpenHow::Read => options.read(true),
        OpenHow::Write { .. } => options.write(true).create(true).truncate(true),
        OpenHow::Append { .. } => options.append(true).create(true),
        OpenHow::Update { .. } => options.read(true).write(true).create(true).truncate(false),
    };
    options.open(path)
}

/// `check` sees the directory that the file, links followed, lies in.
pub(crate) fn open_operator_file_checked(
    path: &Path,
    how: OpenHow,
    check: &mut dyn FnMut(&Dir) -> io::Result<()>,
) -> io::Result<File> {
    let file = open_operator_file(path, how, LinkTrust::Insecure)?;
    check(&super::dir_of(&file)?)?;
    Ok(file)
}

pub(crate) fn open_operator_dir(path: &Path, _trust: LinkTrust) -> io::Result<Dir> {
    let dir = OpenOptions::new()
        .access_mode(super::DIR_ACCESS | fs::SYNCHRONIZE)
        .custom_flags(fs::FILE_FLAG_BACKUP_SEMANTICS)
        .open(path)?;
    if !dir.metadata()?.is_dir() {
        return Err(super::Errno::NOTDIR.into());
    }
    Ok(dir.into())
}

/// The absolute form of `path`, as text: joined to the current directory, `.` and `..` removed.
pub(crate) fn absolute(path: &Path) -> Vec<u8> {
    text::shown(&std::path::absolute(path).unwrap_or_else(|_| path.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn files_and_directories_of_the_operator() {
        let t = tempfile::tempdir().unwrap();
        let file = t.path().join("f");
        let open = |how| open_operator_file(&file, how, LinkTrust::OwnerChecked);
        assert!(open(OpenHow::Read).is_err());
        open(OpenHow::Write { mode: 0o600 }).unwrap().write_all(b"1").unwrap();
        open(OpenHow::Append { mode: 0o600 }).unwrap().write_all(b"2").unwrap();
        drop(open(OpenHow::Update { mode: 0o600 }).unwrap());
        assert_eq!(std::fs::read(&file).unwrap(), b"12");
        assert!(open_operator_dir(&file, LinkTrust::OwnerChecked).is_err());
        assert!(open_operator_dir(t.path(), LinkTrust::OwnerChecked).is_ok());
    }

    #[test]
    fn absolute_paths_are_clean() {
        assert_eq!(absolute(Path::new(r"C:\a\.\b\\..\c")), b"C:/a/c");
    }
}
