//! What Windows says about a file and its volume.

use crate::{
    counters::Reason,
    eligibility::{FileFacts, VolumeFacts, Volumes},
};
use std::{
    fs::File,
    io,
    os::windows::io::{AsRawHandle, RawHandle},
    ptr,
};
use windows_sys::Win32::{
    Foundation::{
        ERROR_CALL_NOT_IMPLEMENTED, ERROR_INVALID_FUNCTION, ERROR_INVALID_PARAMETER,
        ERROR_NOT_SUPPORTED,
    },
    Storage::FileSystem::{
        BY_HANDLE_FILE_INFORMATION, FILE_REMOTE_PROTOCOL_INFO, FileRemoteProtocolInfo,
        GetFileInformationByHandle, GetFileInformationByHandleEx, GetVolumeInformationByHandleW,
    },
};

/// What speaks against sending a file by `TransmitFile`, as far as its volume and attributes go.
pub(super) fn refusal(volumes: &Volumes, file: &File) -> Option<Reason> {
    let handle = file.as_raw_handle();
    match file_facts(handle) {
        Ok(facts) => volumes.refusal(facts, || volume_facts(handle)),
        Err(e) => Some(Reason::Refused(e.to_string())),
    }
}

/// Notes that `TransmitFile` was refused for a file of this volume.
pub(super) fn withdraw(volumes: &Volumes, file: &File, error: &io::Error) -> io::Result<()> {
    let facts = file_facts(file.as_raw_handle())?;
    volumes.withdraw(facts.volume, Reason::Refused(error.to_string()));
    Ok(())
}

fn file_facts(handle: RawHandle) -> io::Result<FileFacts> {
    let mut info = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open and the pointer is to a live local.
    if unsafe { GetFileInformationByHandle(handle, &mut info) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(FileFacts { volume: info.dwVolumeSerialNumber.into(), attributes: info.dwFileAttributes })
}

fn volume_facts(handle: RawHandle) -> io::Result<VolumeFacts> {
    let mut flags = 0;
    // SAFETY: the handle is open; the one pointer that is not null is to a live local.
    let known = unsafe {
        GetVolumeInformationByHandleW(
            handle,
            ptr::null_mut(),
            0,
            ptr::null_mut(),
            ptr::null_mut(),
            &mut flags,
            ptr::null_mut(),
            0,
        )
    };
    if known == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(VolumeFacts { remote: is_remote(handle)?, flags })
}

/// Only files that are reached by a network protocol can name it.
fn is_remote(handle: RawHandle) -> io::Result<bool> {
    let mut info = FILE_REMOTE_PROTOCOL_INFO::default();
    // SAFETY: the handle is open; the pointer is to a live local, and the length is its own.
    let named = unsafe {
        GetFileInformationByHandleEx(
            handle,
            FileRemoteProtocolInfo,
            (&raw mut info).cast(),
            size_of::<FILE_REMOTE_PROTOCOL_INFO>() as u32,
        )
    };
    if named != 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error().map(|code| code as u32) {
        Some(
            ERROR_INVALID_PARAMETER
            | ERROR_INVALID_FUNCTION
            | ERROR_NOT_SUPPORTED
            | ERROR_CALL_NOT_IMPLEMENTED,
        ) => Ok(false),
        _ => Err(error),
    }
}
