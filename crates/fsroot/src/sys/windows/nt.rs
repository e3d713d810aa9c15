//! The calls of Windows, made safe.
//!
//! A name is opened relative to a held directory by `NtCreateFile`, which resolves a single component without ever
//! looking at the directory's own path again, so that it does not matter where the directory has been moved to
//! meanwhile. `FILE_OPEN_REPARSE_POINT` keeps it from following the component if that is a link.
//!
//! Renaming and removing first ask for POSIX semantics, by which a name goes at once however many handles are open, and
//! a read-only target is replaced as on other systems; where the file system does not know them (before Windows 10 1607;
//! FAT; Wine), the older way is taken, and the read-only attribute removed first.

#![allow(unsafe_code)]

use super::Errno;
use std::ffi::c_void;
use std::fs::File;
use std::mem::{offset_of, size_of};
use std::os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use windows_sys::Wdk::Foundation::OBJECT_ATTRIBUTES;
use windows_sys::Wdk::Storage::FileSystem as wdk;
use windows_sys::Win32::Foundation::{
    ERROR_MORE_DATA, ERROR_NO_MORE_FILES, FILETIME, GetLastError, HANDLE, NTSTATUS,
    OBJ_CASE_INSENSITIVE, RtlNtStatusToDosError, STATUS_FILE_IS_A_DIRECTORY, UNICODE_STRING,
};
use windows_sys::Win32::Storage::FileSystem as fs;
use windows_sys::Win32::System::IO::{DeviceIoControl, IO_STATUS_BLOCK};
use windows_sys::Win32::System::Ioctl::{
    FILE_ZERO_DATA_INFORMATION, FSCTL_GET_REPARSE_POINT, FSCTL_SET_SPARSE, FSCTL_SET_ZERO_DATA,
};

/// How to open or create.
#[derive(Clone, Copy)]
pub(super) struct How {
    /// Access rights; SYNCHRONIZE and FILE_READ_ATTRIBUTES are added.
    pub(super) access: u32,
    /// Attributes of a new file.
    pub(super) attributes: u32,
    /// FILE_OPEN or FILE_CREATE.
    pub(super) disposition: u32,
    /// More than synchronous use.
    pub(super) options: u32,
}

/// Opens or creates a component in a directory; an empty one is the directory itself.
pub(super) fn create(dir: &OwnedHandle, name: &[u16], how: How) -> Result<OwnedHandle, Errno> {
    let bytes = u16::try_from(size_of_val(name)).map_err(|_| Errno::NAMETOOLONG)?;
    let object_name =
        UNICODE_STRING { Length: bytes, MaximumLength: bytes, Buffer: name.as_ptr().cast_mut() };
    let attributes = OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: dir.as_raw_handle(),
        ObjectName: &raw const object_name,
        Attributes: OBJ_CASE_INSENSITIVE,
        SecurityDescriptor: ptr::null(),
        SecurityQualityOfService: ptr::null(),
    };
    let mut handle: HANDLE = ptr::null_mut();
    let mut status = IO_STATUS_BLOCK::default();
    // SAFETY: all pointers are to values that outlive the call, which keeps none of them; the name's buffer is only
    // read, and as long as its length says.
    let result = unsafe {
        wdk::NtCreateFile(
            &raw mut handle,
            how.access | fs::SYNCHRONIZE | fs::FILE_READ_ATTRIBUTES,
            &raw const attributes,
            &raw mut status,
            ptr::null(),
            how.attributes,
            fs::FILE_SHARE_READ | fs::FILE_SHARE_WRITE | fs::FILE_SHARE_DELETE,
            how.disposition,
            how.options | wdk::FILE_SYNCHRONOUS_IO_NONALERT,
            ptr::null(),
            0,
        )
    };
    check(result)?;
    // SAFETY: the call succeeded, so this is an open handle that nobody else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// What is known about an open file, without its times' meaning.
pub(super) struct Info {
    pub(super) attributes: u32,
    /// What kind of reparse point it is, if it is one.
    pub(super) reparse_tag: u32,
    pub(super) accessed: i64,
    pub(super) modified: i64,
    pub(super) changed: i64,
    pub(super) len: u64,
    pub(super) allocated: u64,
    pub(super) volume: u32,
    pub(super) index: u64,
    pub(super) links: u32,
}

pub(super) fn info(file: impl AsHandle) -> Result<Info, Errno> {
    let file = file.as_handle();
    let mut by_handle = fs::BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open, and the buffer is the structure that the call fills.
    win32(unsafe { fs::GetFileInformationByHandle(file.as_raw_handle(), &raw mut by_handle) })?;
    let basic: fs::FILE_BASIC_INFO = query(file, fs::FileBasicInfo)?;
    let standard: fs::FILE_STANDARD_INFO = query(file, fs::FileStandardInfo)?;
    let mut reparse_tag = 0;
    if by_handle.dwFileAttributes & fs::FILE_ATTRIBUTE_REPARSE_POINT != 0 {
        reparse_tag = tag(file)?;
    }
    let high_low = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
    Ok(Info {
        attributes: by_handle.dwFileAttributes,
        reparse_tag,
        accessed: basic.LastAccessTime,
        modified: basic.LastWriteTime,
        changed: basic.ChangeTime,
        len: high_low(by_handle.nFileSizeHigh, by_handle.nFileSizeLow),
        allocated: u64::try_from(standard.AllocationSize).unwrap_or(0),
        volume: by_handle.dwVolumeSerialNumber,
        index: high_low(by_handle.nFileIndexHigh, by_handle.nFileIndexLow),
        links: by_handle.nNumberOfLinks,
    })
}

/// The attributes, and the reparse tag if there is one.
pub(super) fn tag(file: impl AsHandle) -> Result<u32, Errno> {
    let info: fs::FILE_ATTRIBUTE_TAG_INFO = query(file, fs::FileAttributeTagInfo)?;
    let is_reparse = info.FileAttributes & fs::FILE_ATTRIBUTE_REPARSE_POINT != 0;
    Ok(if is_reparse { info.ReparseTag } else { 0 })
}

/// The attributes.
pub(super) fn attributes(file: impl AsHandle) -> Result<u32, Errno> {
    let info: fs::FILE_BASIC_INFO = query(file, fs::FileBasicInfo)?;
    Ok(info.FileAttributes)
}

/// Structures of plain numbers that Windows fills or reads, for which any bytes are a value.
trait Plain: Default {}
impl Plain for fs::FILE_BASIC_INFO {}
impl Plain for fs::FILE_STANDARD_INFO {}
impl Plain for fs::FILE_ATTRIBUTE_TAG_INFO {}
impl Plain for fs::FILE_ALLOCATION_INFO {}

fn query<T: Plain>(file: impl AsHandle, class: fs::FILE_INFO_BY_HANDLE_CLASS) -> Result<T, Errno> {
    let mut info = T::default();
    // SAFETY: the buffer is as long as is said, and holds numbers only.
    win32(unsafe {
        fs::GetFileInformationByHandleEx(
            file.as_handle().as_raw_handle(),
            class,
            (&raw mut info).cast(),
            size_of::<T>() as u32,
        )
    })?;
    Ok(info)
}

fn set<T: Plain>(
    file: impl AsHandle,
    class: fs::FILE_INFO_BY_HANDLE_CLASS,
    info: &T,
) -> Result<(), Errno> {
    // SAFETY: the buffer is as long as is said and only read.
    win32(unsafe {
        fs::SetFileInformationByHandle(
            file.as_handle().as_raw_handle(),
            class,
            ptr::from_ref(info).cast(),
            size_of::<T>() as u32,
        )
    })
}

/// Sets the attributes; a file without any has FILE_ATTRIBUTE_NORMAL.
pub(super) fn set_attributes(file: impl AsHandle, attributes: u32) -> Result<(), Errno> {
    // Times of 0 stay as they are.
    let info = fs::FILE_BASIC_INFO { FileAttributes: attributes, ..Default::default() };
    set(file, fs::FileBasicInfo, &info)
}

/// Sets the times, in 100 ns since 1601; `None` leaves that one.
pub(super) fn set_times(
    file: impl AsHandle,
    accessed: Option<i64>,
    modified: Option<i64>,
) -> Result<(), Errno> {
    let split = |t: i64| FILETIME { dwLowDateTime: t as u32, dwHighDateTime: (t >> 32) as u32 };
    let (accessed, modified) = (accessed.map(split), modified.map(split));
    let pointer = |t: &Option<FILETIME>| t.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: each pointer is null or to a value that outlives the call.
    win32(unsafe {
        fs::SetFileTime(
            file.as_handle().as_raw_handle(),
            ptr::null(),
            pointer(&accessed),
            pointer(&modified),
        )
    })
}

/// Reserves space without changing the length.
pub(super) fn allocate(file: &File, len: u64) -> Result<(), Errno> {
    let len = i64::try_from(len).map_err(|_| Errno::FBIG)?;
    set(file, fs::FileAllocationInfo, &fs::FILE_ALLOCATION_INFO { AllocationSize: len })
}

/// Makes a sparse file, and a hole in it.
pub(super) fn punch(file: &File, start: u64, end: u64) -> Result<(), Errno> {
    let offset = |n: u64| i64::try_from(n).map_err(|_| Errno::FBIG);
    let range =
        FILE_ZERO_DATA_INFORMATION { FileOffset: offset(start)?, BeyondFinalZero: offset(end)? };
    control(file, FSCTL_SET_SPARSE, ptr::null(), 0)?;
    let len = size_of::<FILE_ZERO_DATA_INFORMATION>() as u32;
    control(file, FSCTL_SET_ZERO_DATA, (&raw const range).cast(), len)
}

/// A control code without an answer. `input` is null or `len` bytes.
fn control(file: &File, code: u32, input: *const c_void, len: u32) -> Result<(), Errno> {
    let mut returned = 0;
    // SAFETY: the caller's input is as long as it says, there is no output, and the handle is a synchronous one.
    win32(unsafe {
        DeviceIoControl(
            file.as_raw_handle(),
            code,
            input,
            len,
            ptr::null_mut(),
            0,
            &raw mut returned,
            ptr::null_mut(),
        )
    })
}

/// The data of a reparse point.
pub(super) fn reparse_data(link: &OwnedHandle) -> Result<Vec<u8>, Errno> {
    let mut data = vec![0u8; 16 * 1024];
    let mut returned = 0;
    // SAFETY: the output buffer is as long as is said, there is no input, and the handle is a synchronous one.
    win32(unsafe {
        DeviceIoControl(
            link.as_raw_handle(),
            FSCTL_GET_REPARSE_POINT,
            ptr::null(),
            0,
            data.as_mut_ptr().cast(),
            data.len() as u32,
            &raw mut returned,
            ptr::null_mut(),
        )
    })?;
    data.truncate(returned as usize);
    Ok(data)
}

/// What a rename or link structure says.
#[derive(Clone, Copy)]
enum Naming {
    Rename,
    Link,
}

/// Renames an open file (opened with DELETE) to `name` in `dir`, replacing what is there.
pub(super) fn rename(file: &OwnedHandle, dir: &OwnedHandle, name: &[u16]) -> Result<(), Errno> {
    let flags = wdk::FILE_RENAME_REPLACE_IF_EXISTS
        | wdk::FILE_RENAME_POSIX_SEMANTICS
        | wdk::FILE_RENAME_IGNORE_READONLY_ATTRIBUTE;
    match name_file(file, dir, name, flags, wdk::FileRenameInformationEx, Naming::Rename) {
        Err(e) if is_unknown(e) => {}
        other => return other,
    }
    // ReplaceIfExists.
    let replace = || name_file(file, dir, name, 1, wdk::FileRenameInformation, Naming::Rename);
    match replace() {
        Err(Errno::ACCESS) if make_writable(dir, name) => replace(),
        other => other,
    }
}

/// Makes a hard link of an open file as `name` in `dir`, which must not exist.
pub(super) fn link(file: &OwnedHandle, dir: &OwnedHandle, name: &[u16]) -> Result<(), Errno> {
    name_file(file, dir, name, 0, wdk::FileLinkInformation, Naming::Link)
}

fn name_file(
    file: &OwnedHandle,
    dir: &OwnedHandle,
    name: &[u16],
    flags: u32,
    class: wdk::FILE_INFORMATION_CLASS,
    naming: Naming,
) -> Result<(), Errno> {
    // Both structures are the same: flags, a directory, a length, and the name behind them.
    let (root_at, length_at, name_at) = match naming {
        Naming::Rename => (
            offset_of!(wdk::FILE_RENAME_INFORMATION, RootDirectory),
            offset_of!(wdk::FILE_RENAME_INFORMATION, FileNameLength),
            offset_of!(wdk::FILE_RENAME_INFORMATION, FileName),
        ),
        Naming::Link => (
            offset_of!(wdk::FILE_LINK_INFORMATION, RootDirectory),
            offset_of!(wdk::FILE_LINK_INFORMATION, FileNameLength),
            offset_of!(wdk::FILE_LINK_INFORMATION, FileName),
        ),
    };
    let name_bytes: Vec<u8> = name.iter().flat_map(|unit| unit.to_ne_bytes()).collect();
    let len = (name_at + name_bytes.len()).max(size_of::<wdk::FILE_RENAME_INFORMATION>());
    // Words of 8 bytes, so that it is aligned as the structure is.
    let mut words = vec![0u64; len.div_ceil(8)];
    let mut put = |at: usize, bytes: &[u8]| {
        for (i, &b) in bytes.iter().enumerate() {
            let at = at + i;
            words[at / 8] |= u64::from(b) << (at % 8 * 8);
        }
    };
    put(0, &flags.to_ne_bytes());
    put(root_at, &(dir.as_raw_handle() as usize).to_ne_bytes());
    put(length_at, &(name_bytes.len() as u32).to_ne_bytes());
    put(name_at, &name_bytes);
    set_information(file, words.as_ptr().cast(), len as u32, class)
}

/// Removes the name that an open file (opened with DELETE) was opened by.
pub(super) fn delete(file: &OwnedHandle) -> Result<(), Errno> {
    let posix = wdk::FILE_DISPOSITION_INFORMATION_EX {
        Flags: wdk::FILE_DISPOSITION_DELETE
            | wdk::FILE_DISPOSITION_POSIX_SEMANTICS
            | wdk::FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE,
    };
    let len = size_of::<wdk::FILE_DISPOSITION_INFORMATION_EX>() as u32;
    let class = wdk::FileDispositionInformationEx;
    match set_information(file, (&raw const posix).cast(), len, class) {
        Err(e) if is_unknown(e) => {}
        other => return other,
    }
    let plain = wdk::FILE_DISPOSITION_INFORMATION { DeleteFile: true };
    let len = size_of::<wdk::FILE_DISPOSITION_INFORMATION>() as u32;
    set_information(file, (&raw const plain).cast(), len, wdk::FileDispositionInformation)
}

/// `data` is `len` bytes of the structure that `class` names.
fn set_information(
    file: &OwnedHandle,
    data: *const c_void,
    len: u32,
    class: wdk::FILE_INFORMATION_CLASS,
) -> Result<(), Errno> {
    let mut status = IO_STATUS_BLOCK::default();
    // SAFETY: the callers above give a pointer to as many bytes as they say, which are only read.
    check(unsafe {
        wdk::NtSetInformationFile(file.as_raw_handle(), &raw mut status, data, len, class)
    })
}

/// Takes the read-only attribute away; whether there was one.
pub(super) fn make_writable(dir: &OwnedHandle, name: &[u16]) -> bool {
    let how = How {
        access: fs::FILE_WRITE_ATTRIBUTES,
        attributes: 0,
        disposition: wdk::FILE_OPEN,
        options: wdk::FILE_OPEN_REPARSE_POINT | wdk::FILE_OPEN_FOR_BACKUP_INTENT,
    };
    let Ok(file) = create(dir, name, how) else { return false };
    let Ok(attributes) = attributes(&file) else { return false };
    let left = attributes & !fs::FILE_ATTRIBUTE_READONLY;
    left != attributes
        && set_attributes(&file, if left == 0 { fs::FILE_ATTRIBUTE_NORMAL } else { left }).is_ok()
}

/// One entry of a directory.
pub(super) struct Entry<'a> {
    pub(super) name: &'a [u16],
    pub(super) attributes: u32,
    pub(super) reparse_tag: u32,
    pub(super) index: u64,
}

/// Calls `found` for each entry of a directory opened for reading.
pub(super) fn list(
    dir: &OwnedHandle,
    buffer: &mut [u64],
    mut found: impl FnMut(Entry<'_>),
) -> Result<(), Errno> {
    let mut class = fs::FileIdBothDirectoryRestartInfo;
    loop {
        let len = size_of_val(buffer);
        // Room for the last entry's structure, whose name may be shorter than the structure allows for.
        let filled = len - size_of::<fs::FILE_ID_BOTH_DIR_INFO>();
        // SAFETY: the buffer is longer than is said, and aligned for the structures in it.
        let result = win32(unsafe {
            fs::GetFileInformationByHandleEx(
                dir.as_raw_handle(),
                class,
                buffer.as_mut_ptr().cast(),
                filled as u32,
            )
        });
        match result {
            Err(e) if e == Errno::from_code(ERROR_NO_MORE_FILES) => return Ok(()),
            Err(e) if e == Errno::from_code(ERROR_MORE_DATA) => {}
            other => other?,
        }
        class = fs::FileIdBothDirectoryInfo;
        let mut at = 0;
        loop {
            let name_at = at + offset_of!(fs::FILE_ID_BOTH_DIR_INFO, FileName);
            if at >= filled || at % 8 != 0 {
                return Err(Errno::INVAL);
            }
            // SAFETY: the structure lies inside of the buffer, as `filled` leaves room for a whole one, and is aligned;
            // it holds numbers only.
            let entry = unsafe {
                &*buffer.as_ptr().cast::<u8>().add(at).cast::<fs::FILE_ID_BOTH_DIR_INFO>()
            };
            let name_bytes = entry.FileNameLength as usize;
            if name_at + name_bytes > len {
                return Err(Errno::INVAL);
            }
            // SAFETY: the name's units lie inside of the buffer and are aligned.
            let name = unsafe {
                std::slice::from_raw_parts(
                    buffer.as_ptr().cast::<u8>().add(name_at).cast::<u16>(),
                    name_bytes / 2,
                )
            };
            let is_reparse = entry.FileAttributes & fs::FILE_ATTRIBUTE_REPARSE_POINT != 0;
            found(Entry {
                name,
                attributes: entry.FileAttributes,
                // Where the size of extended attributes would stand.
                reparse_tag: if is_reparse { entry.EaSize } else { 0 },
                index: entry.FileId as u64,
            });
            match entry.NextEntryOffset {
                0 => break,
                step => at += step as usize,
            }
        }
    }
}

/// The path of an open file, with the prefix that lifts limits.
pub(super) fn final_path(file: impl AsHandle) -> Result<Vec<u16>, Errno> {
    let mut path = vec![0u16; 512];
    loop {
        // SAFETY: the buffer is as long as is said.
        let len = unsafe {
            fs::GetFinalPathNameByHandleW(
                file.as_handle().as_raw_handle(),
                path.as_mut_ptr(),
                path.len() as u32,
                fs::FILE_NAME_NORMALIZED,
            )
        } as usize;
        match len {
            0 => return Err(last_error()),
            len if len < path.len() => {
                path.truncate(len);
                return Ok(path);
            }
            more => path.resize(more, 0),
        }
    }
}

/// The information class or a flag is one that this file system or system does not know.
fn is_unknown(e: Errno) -> bool {
    [Errno::NOSYS, Errno::NOTSUP, Errno::INVAL].contains(&e)
}

fn win32(ok: i32) -> Result<(), Errno> {
    if ok == 0 { Err(last_error()) } else { Ok(()) }
}

fn last_error() -> Errno {
    // SAFETY: it only reads a number of this thread.
    Errno::from_code(unsafe { GetLastError() })
}

fn check(status: NTSTATUS) -> Result<(), Errno> {
    match status {
        0.. => Ok(()),
        STATUS_FILE_IS_A_DIRECTORY => Err(Errno::ISDIR),
        // SAFETY: it only computes a number.
        _ => Err(Errno::from_code(unsafe { RtlNtStatusToDosError(status) })),
    }
}
