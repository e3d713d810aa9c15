//! Files that can be given to `TransmitFile`.

use std::{
    fs::File,
    io,
    os::windows::{
        fs::FileExt,
        io::{AsRawHandle, FromRawHandle, OwnedHandle, RawHandle},
    },
    sync::Arc,
};
use windows_sys::{
    Wdk::Storage::FileSystem::{
        FILE_MODE_INFORMATION, FILE_SEQUENTIAL_ONLY, FileModeInformation, NtQueryInformationFile,
    },
    Win32::{
        Foundation::{GENERIC_READ, INVALID_HANDLE_VALUE},
        Storage::FileSystem::{
            FILE_FLAG_SEQUENTIAL_SCAN, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE,
            ReOpenFile,
        },
        System::IO::IO_STATUS_BLOCK,
    },
};

/// A file that was opened with `FILE_FLAG_SEQUENTIAL_SCAN`: the cache reads ahead of `TransmitFile` and forgets behind
/// it.
#[derive(Debug, Clone)]
pub(super) struct SequentialFile {
    file: Arc<File>,
}

impl SequentialFile {
    /// The same file with the flag: as it is if it was opened that way, else through a handle of its own.
    ///
    /// # Errors
    /// If the file cannot be opened again.
    pub fn new(file: &Arc<File>) -> io::Result<SequentialFile> {
        if is_sequential(file) {
            return Ok(SequentialFile { file: file.clone() });
        }
        // SAFETY: the handle is open for the length of the call; the result is checked.
        let handle = unsafe {
            ReOpenFile(
                file.as_raw_handle(),
                GENERIC_READ,
                FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                FILE_FLAG_SEQUENTIAL_SCAN,
            )
        };
        if handle == INVALID_HANDLE_VALUE {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle was just opened and belongs to nobody else.
        let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
        Ok(SequentialFile { file: Arc::new(File::from(handle)) })
    }

    /// Its length now.
    pub fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Reads at an offset.
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.seek_read(buf, offset)
    }

    /// For calls of the system that nothing here stands for. It is closed with `self`.
    pub fn raw(&self) -> RawHandle {
        self.file.as_raw_handle()
    }
}

/// Whether a file was opened with the flag. Not if the system does not say.
fn is_sequential(file: &File) -> bool {
    let mut status = IO_STATUS_BLOCK::default();
    let mut mode = FILE_MODE_INFORMATION::default();
    // SAFETY: the handle is open; both pointers are to live locals, and the length is that of the second.
    let result = unsafe {
        NtQueryInformationFile(
            file.as_raw_handle(),
            &mut status,
            (&raw mut mode).cast(),
            size_of::<FILE_MODE_INFORMATION>() as u32,
            FileModeInformation,
        )
    };
    result >= 0 && mode.Mode & FILE_SEQUENTIAL_ONLY != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs::OpenOptions, os::windows::fs::OpenOptionsExt};

    #[test]
    fn files_are_opened_again_only_if_they_must_be() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, b"content").unwrap();
        let plain = Arc::new(File::open(&path).unwrap());
        let other = SequentialFile::new(&plain).unwrap();
        assert!(!Arc::ptr_eq(&plain, &other.file));
        assert!(is_sequential(&other.file));
        assert_eq!(other.len().unwrap(), 7);

        let mut options = OpenOptions::new();
        options.read(true).custom_flags(FILE_FLAG_SEQUENTIAL_SCAN);
        let sequential = Arc::new(options.open(&path).unwrap());
        let same = SequentialFile::new(&sequential).unwrap();
        assert!(Arc::ptr_eq(&sequential, &same.file));
    }
}
