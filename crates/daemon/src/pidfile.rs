//! The pid file: locked for life, never written through a link (rsyncd.conf man page, pid file).

use crate::lock::lock;
use rustix::{
    fs::{self, AtFlags, FileType, Mode, OFlags},
    io::Errno,
};
use std::{
    fs::File,
    io::{self, Write},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

/// More than this is no pid file of ours.
const MAX_SIZE: i64 = 32;

/// A pid file that this process holds.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    #[expect(dead_code, reason = "the lock lasts as long as the file is open")]
    file: File,
}

impl PidFile {
    /// Makes it, or takes over one that nobody holds.
    ///
    /// # Errors
    /// The text for stderr and the log.
    pub fn take(path: &Path) -> Result<PidFile, String> {
        let failed = |step: &'static str| {
            move |e: io::Error| {
                let e = session::log::strerror(&e);
                format!("failed to {step} pid file {}: {e}", path.display())
            }
        };
        let step = |name, e: Errno| failed(name)(e.into());
        let leaf = path.file_name().ok_or_else(|| step("open", Errno::ISDIR))?;
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir: OwnedFd = fs::open(parent, flags, Mode::empty()).map_err(|e| step("open", e))?;
        let kind = |mode| FileType::from_raw_mode(mode);
        if let Ok(stat) = fs::statat(&dir, leaf, AtFlags::SYMLINK_NOFOLLOW)
            && kind(stat.st_mode) != FileType::RegularFile
        {
            fs::unlinkat(&dir, leaf, AtFlags::empty()).map_err(|e| step("unlink", e))?;
        }
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file: File = fs::openat(&dir, leaf, flags, Mode::from_raw_mode(0o664))
            .map_err(|e| step("create", e))?
            .into();
        lock(&file, 0).map_err(|e| failed("lock")(e.into()))?;
        let opened = fs::fstat(&file).map_err(|e| step("fstat opened", e))?;
        if opened.st_size > MAX_SIZE {
            return Err(step("find small", Errno::FBIG));
        }
        let named =
            fs::statat(&dir, leaf, AtFlags::SYMLINK_NOFOLLOW).map_err(|e| step("lstat", e))?;
        if (named.st_dev, named.st_ino) != (opened.st_dev, opened.st_ino) {
            return Err(step("avoid file overwrite race for", Errno::EXIST));
        }
        if kind(named.st_mode) != FileType::RegularFile {
            return Err(step("verify stat info for", Errno::INVAL));
        }
        file.set_len(0).map_err(failed("truncate"))?;
        writeln!(&file, "{}", std::process::id()).map_err(failed("write"))?;
        // The working directory may be another when the file is removed.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        Ok(PidFile { path, file })
    }

    /// Removes it.
    pub fn remove(&self) {
        // Somebody else's removal is as good.
        let _gone = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_small_regular_file_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pid");
        let held = PidFile::take(&path).unwrap();
        let pid = format!("{}\n", std::process::id());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), pid);
        held.remove();
        assert!(!path.exists());

        std::fs::write(&path, [b'1'; 33]).unwrap();
        assert!(PidFile::take(&path).unwrap_err().contains("find small"));
        assert_eq!(std::fs::read(&path).unwrap().len(), 33);

        let target = dir.path().join("target");
        std::fs::write(&target, "precious").unwrap();
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        PidFile::take(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious");
        assert!(path.symlink_metadata().unwrap().is_file());

        let missing = dir.path().join("no/pid");
        assert!(PidFile::take(&missing).unwrap_err().starts_with("failed to open pid file"));
    }
}
