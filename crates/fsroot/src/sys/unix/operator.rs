//! The owner-trust walk to what the operator named.
//!
//! No root confines such a path. But whoever can write a directory on the way could plant a symlink
//! there and so redirect a process with more rights. The walk goes component by component on held
//! handles and follows a symlink, be it a parent or the last component, only if the link itself
//! belongs to root or to us; otherwise ELOOP. The owners of other components do not matter.
//!
//! Links of the proc file system are magic: their text is no path (`/dev/fd/63` ends at
//! `pipe:[1234]`). They belong to the process's owner, and the kernel follows them for us.

use super::kernel::{self, PARENT};
use super::resolve::{MAX_LINKS, push_components};
use crate::operator::{LinkTrust, OpenHow, refuse};
use rustix::fs::{self as rfs, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

impl OpenHow {
    fn flags(self) -> OFlags {
        OFlags::CLOEXEC
            | OFlags::NOCTTY
            | match self {
                OpenHow::Read => OFlags::RDONLY,
                OpenHow::Write { .. } => OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC,
                OpenHow::Append { .. } => OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND,
                OpenHow::Update { .. } => OFlags::RDWR | OFlags::CREATE,
            }
    }

    fn mode(self) -> Mode {
        match self {
            OpenHow::Read => Mode::empty(),
            OpenHow::Write { mode } | OpenHow::Append { mode } | OpenHow::Update { mode } => {
                super::mode_arg(mode)
            }
        }
    }
}

pub(crate) fn open_operator_file(path: &Path, how: OpenHow, trust: LinkTrust) -> io::Result<File> {
    let path = path.as_os_str().as_bytes();
    let fd = match trust {
        LinkTrust::Insecure => rfs::openat(rfs::CWD, path, how.flags(), how.mode())?,
        LinkTrust::OwnerChecked => walk(start(path)?, path, Some(how), &mut |_| Ok(()))?,
    };
    Ok(File::from(fd))
}

/// By the owner-trust walk; `check` sees the directory that the file lies in before it is opened.
pub(crate) fn open_operator_file_checked(
    path: &Path,
    how: OpenHow,
    check: &mut dyn FnMut(&OwnedFd) -> io::Result<()>,
) -> io::Result<File> {
    let path = path.as_os_str().as_bytes();
    Ok(File::from(walk(start(path)?, path, Some(how), check)?))
}

pub(crate) fn open_operator_dir(path: &Path, trust: LinkTrust) -> io::Result<OwnedFd> {
    let path = path.as_os_str().as_bytes();
    Ok(match trust {
        LinkTrust::Insecure => rfs::openat(rfs::CWD, path, ENTER, Mode::empty())?,
        LinkTrust::OwnerChecked => walk(start(path)?, path, None, &mut |_| Ok(()))?,
    })
}

/// The directory `path`, seen from `base`.
pub(super) fn walk_below(base: BorrowedFd<'_>, path: &[u8]) -> Result<OwnedFd, Errno> {
    let base = rfs::openat(base, ".", ENTER, Mode::empty())?;
    walk(base, path, None, &mut |_| Ok(()))
        .map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::IO))
}

const ENTER: OFlags = PARENT.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
const SEE: OFlags = kernel::SEE.union(OFlags::CLOEXEC);

/// From `here`. `file` is how to open the last component; `None` opens a directory. `check` sees the directory that a file
/// lies in.
fn walk(
    mut here: OwnedFd,
    path: &[u8],
    file: Option<OpenHow>,
    check: &mut dyn FnMut(&OwnedFd) -> io::Result<()>,
) -> io::Result<OwnedFd> {
    if path.is_empty() {
        return Err(Errno::NOENT.into());
    }
    let me = rustix::process::geteuid().as_raw();
    let mut pending = Vec::new();
    push_components(&mut pending, path);
    let mut links = 0;
    while let Some(name) = pending.pop() {
        let last = pending.is_empty();
        if name == b"." || name == b".." {
            here = rfs::openat(&here, &name[..], ENTER, Mode::empty())?;
            continue;
        }
        let seen = match rfs::openat(&here, &name[..], SEE, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::NOENT) if last => match file {
                Some(how) if how.flags().contains(OFlags::CREATE) => {
                    check(&here)?;
                    let flags = how.flags() | OFlags::NOFOLLOW;
                    return Ok(rfs::openat(&here, &name[..], flags, how.mode())?);
                }
                _ => return Err(Errno::NOENT.into()),
            },
            Err(e) => return Err(e.into()),
        };
        let st = rfs::fstat(&seen)?;
        match (FileType::from_raw_mode(st.st_mode), file) {
            (FileType::Symlink, _) => {
                if st.st_uid != 0 && st.st_uid != me {
                    refuse();
                    return Err(Errno::LOOP.into());
                }
                links += 1;
                if links > MAX_LINKS {
                    return Err(Errno::LOOP.into());
                }
                if kernel::is_magic(&seen)? {
                    match file {
                        Some(how) if last => {
                            let flags = how.flags() - OFlags::CREATE;
                            check(&here)?;
                            return Ok(rfs::openat(&here, &name[..], flags, how.mode())?);
                        }
                        _ => here = rfs::openat(&here, &name[..], ENTER, Mode::empty())?,
                    }
                    continue;
                }
                let target = kernel::link_text(&seen, &here, &name)?;
                let target = target.to_bytes();
                if target.first() == Some(&b'/') {
                    here = start(target)?;
                }
                push_components(&mut pending, target);
            }
            (FileType::Directory, Some(_)) if last => return Err(Errno::ISDIR.into()),
            (FileType::Directory, _) => here = seen,
            (_, Some(how)) if last => {
                // Existing by now. Without O_CREAT the sticky-directory rules for other people's
                // files stay out of it, as for a file opened by its owner.
                let flags = how.flags() - OFlags::CREATE;
                check(&here)?;
                return Ok(rfs::openat(&here, &name[..], flags | OFlags::NOFOLLOW, how.mode())?);
            }
            _ => return Err(Errno::NOTDIR.into()),
        }
    }
    match file {
        Some(_) => Err(Errno::ISDIR.into()),
        None => Ok(here),
    }
}

fn start(path: &[u8]) -> Result<OwnedFd, Errno> {
    let from = if path.first() == Some(&b'/') { "/" } else { "." };
    rfs::openat(rfs::CWD, from, ENTER, Mode::empty())
}

/// The absolute form of `path`, as text: joined to the current directory, `.` and `..` removed.
pub(crate) fn absolute(path: &Path) -> Vec<u8> {
    let given = path.as_os_str().as_bytes();
    let mut parts: Vec<&[u8]> = Vec::new();
    let cwd = match given.first() {
        Some(b'/') => None,
        _ => std::env::current_dir().ok(),
    };
    let before = cwd.as_ref().map_or(&b""[..], |d| d.as_os_str().as_bytes());
    for part in before.split(|&b| b == b'/').chain(given.split(|&b| b == b'/')) {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let mut out = Vec::with_capacity(before.len() + given.len() + 1);
    for part in parts {
        out.push(b'/');
        out.extend_from_slice(part);
    }
    if out.is_empty() {
        out.push(b'/');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::{
        UNTRUSTED_LINK_NOTICE, open_operator_dir, open_operator_file, take_notice,
    };
    use std::fs;
    use std::io::{Read, Write};
    use std::os::unix::fs::{lchown, symlink};

    fn open(path: &Path, how: OpenHow) -> io::Result<File> {
        open_operator_file(path, how, LinkTrust::OwnerChecked)
    }

    fn errno<T>(r: io::Result<T>) -> Option<i32> {
        r.err().and_then(|e| e.raw_os_error())
    }

    #[test]
    fn own_links_are_followed() {
        let t = tempfile::tempdir().unwrap();
        let at = |p: &str| t.path().join(p);
        fs::create_dir_all(at("real/sub")).unwrap();
        fs::write(at("real/sub/f"), "text").unwrap();
        symlink("real", at("rel")).unwrap();
        symlink(at("real"), at("abs")).unwrap();
        symlink("../rel/sub/f", at("real/leaf")).unwrap();
        symlink("later", at("dangling")).unwrap();
        for path in ["rel/sub/f", "abs/sub/f", "abs/leaf", "real/sub/../leaf", "rel//./leaf"] {
            let mut text = String::new();
            open(&at(path), OpenHow::Read).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "text", "{path}");
        }
        assert_eq!(errno(open(&at("rel/sub/f/"), OpenHow::Read)), Some(20));
        assert_eq!(errno(open(&at("rel/sub"), OpenHow::Read)), Some(21));
        assert_eq!(errno(open(&at("rel/none"), OpenHow::Read)), Some(2));
        assert_eq!(errno(open(&at("rel/sub/f/x"), OpenHow::Read)), Some(20));
        assert_eq!(errno(open_operator_dir(&at("abs/leaf"), LinkTrust::OwnerChecked)), Some(20));
        assert!(open_operator_dir(&at("abs/sub"), LinkTrust::OwnerChecked).is_ok());
        open(&at("dangling"), OpenHow::Write { mode: 0o600 }).unwrap().write_all(b"1").unwrap();
        open(&at("later"), OpenHow::Append { mode: 0o600 }).unwrap().write_all(b"2").unwrap();
        assert_eq!(fs::read(at("later")).unwrap(), b"12");
        assert_eq!(take_notice(), None);
    }

    #[test]
    fn foreign_links_are_refused() {
        if !crate::names::am_root() {
            eprintln!("skipped: needs root to make another user's link");
            return;
        }
        let t = tempfile::tempdir().unwrap();
        let at = |p: &str| t.path().join(p);
        fs::create_dir(at("real")).unwrap();
        fs::write(at("real/f"), "x").unwrap();
        for (name, target) in [
            ("relparent", Path::new("real")),
            ("absparent", &at("real")),
            ("relleaf", Path::new("real/f")),
            ("absleaf", &at("real/f")),
        ] {
            symlink(target, at(name)).unwrap();
            let path = if name.ends_with("parent") { at(name).join("f") } else { at(name) };
            assert!(open(&path, OpenHow::Read).is_ok(), "{name}");
            lchown(at(name), Some(12345), None).unwrap();
            for how in [OpenHow::Read, OpenHow::Append { mode: 0o600 }] {
                assert_eq!(errno(open(&path, how)), Some(40), "{name}");
                assert_eq!(take_notice(), Some(UNTRUSTED_LINK_NOTICE));
                assert_eq!(take_notice(), None);
                assert!(open_operator_file(&path, how, LinkTrust::Insecure).is_ok());
            }
        }
        assert_eq!(errno(open_operator_dir(&at("relparent"), LinkTrust::OwnerChecked)), Some(40));
        assert!(open_operator_dir(&at("relparent"), LinkTrust::Insecure).is_ok());
    }

    #[test]
    fn descriptors_of_the_shell_work() {
        let (read, write) = rustix::pipe::pipe().unwrap();
        File::from(write).write_all(b"list").unwrap();
        let path = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&read));
        let mut text = String::new();
        open(Path::new(&path), OpenHow::Read).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "list");
    }

    #[test]
    fn absolute_paths_are_clean() {
        assert_eq!(absolute(Path::new("/a/./b//../c/")), b"/a/c");
        assert_eq!(absolute(Path::new("/../")), b"/");
        let cwd = std::env::current_dir().unwrap();
        assert_eq!(absolute(Path::new("x/..")), cwd.as_os_str().as_bytes());
    }
}
