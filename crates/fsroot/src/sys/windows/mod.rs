//! Windows: handles of directories and names below them.
//!
//! What Windows has not: owners and groups as numbers, permission bits but for one (the read-only attribute stands for
//! all `w` bits), devices, fifos and sockets. Times are kept to 100 ns. A link (symlink or junction) is never followed
//! but on purpose.

mod errno;
mod names;
mod nt;
mod operator;
mod resolve;
mod text;

pub use errno::Errno;
pub(crate) use names::*;
pub(crate) use operator::{
    absolute, open_operator_dir, open_operator_file, open_operator_file_checked,
};
pub(crate) use resolve::{Way, open_dir, open_following};
pub(crate) use text::{bytes, os, path, shown};

use crate::meta::{Kind, Stat, Time};
use crate::sys::{Enter, Open};
use nt::How;
use std::fs::File;
use std::io;
use std::os::windows::ffi::OsStringExt;
use std::os::windows::fs::FileExt;
use std::os::windows::io::{AsHandle, OwnedHandle};
use std::path::PathBuf;
use windows_sys::Wdk::Storage::FileSystem::{
    FILE_CREATE, FILE_DIRECTORY_FILE, FILE_NON_DIRECTORY_FILE, FILE_OPEN,
    FILE_OPEN_FOR_BACKUP_INTENT, FILE_OPEN_REPARSE_POINT, FILE_SEQUENTIAL_ONLY,
};
use windows_sys::Win32::Storage::FileSystem as fs;
use windows_sys::Win32::System::SystemServices::{
    IO_REPARSE_TAG_MOUNT_POINT, IO_REPARSE_TAG_SYMLINK,
};

/// A held directory.
pub(crate) type Dir = OwnedHandle;

/// What a file that became shorter is reported as.
pub(crate) const SHRUNK: Errno = Errno::NODATA;

/// Where directory entries are read to.
pub(crate) type ListBuffer = Vec<u64>;

/// Words of a [`ListBuffer`].
const LIST_WORDS: usize = 8 * 1024;

/// To enter a directory and to read it.
const DIR_ACCESS: u32 = fs::FILE_LIST_DIRECTORY | fs::FILE_TRAVERSE | fs::FILE_READ_ATTRIBUTES;

/// 100 ns steps from 1601 to 1970.
const EPOCH: i64 = 116_444_736_000_000_000;
const STEPS: i64 = 10_000_000;

/// Opens an existing name for its own sake, link or not.
const NAME: How = How {
    access: 0,
    attributes: 0,
    disposition: FILE_OPEN,
    options: FILE_OPEN_REPARSE_POINT | FILE_OPEN_FOR_BACKUP_INTENT,
};

/// Where a directory that was opened elsewhere is, for messages.
pub(crate) fn path_of(dir: &File) -> Vec<u8> {
    nt::final_path(dir).map_or_else(|_| b".".to_vec(), |path| text::shown(&from_wide(&path)))
}

/// The directory that `dir` is in; the topmost one is in itself.
pub(crate) fn parent_of(dir: &Dir) -> Result<Dir, Errno> {
    dir_of(dir)
}

/// The directory that an open file or directory is in.
fn dir_of(file: impl AsHandle) -> Result<Dir, Errno> {
    let path = from_wide(&nt::final_path(file)?);
    let parent = path.parent().unwrap_or(&path);
    open_operator_dir(parent, crate::LinkTrust::Insecure).map_err(|e| Errno::from_io(&e))
}

fn from_wide(path: &[u16]) -> PathBuf {
    std::ffi::OsString::from_wide(path).into()
}

/// The same directory again, to be read. Reading does not change access times here, unless the system was told so.
pub(crate) fn reopen_dir(dir: &Dir, _noatime: bool) -> Result<Dir, Errno> {
    open_dir_at(dir, b".", Enter::List)
}

/// Opens a directory; a link is ELOOP, anything else ENOTDIR.
fn open_dir_at(dir: &Dir, name: &[u8], enter: Enter) -> Result<Dir, Errno> {
    let wide = text::component(name)?;
    let open = |access| {
        nt::create(dir, &wide, How { access, options: NAME.options | FILE_DIRECTORY_FILE, ..NAME })
    };
    let opened = match open(DIR_ACCESS) {
        // To be a parent, search permission suffices.
        Err(Errno::ACCESS) if enter == Enter::Parent => open(fs::FILE_TRAVERSE),
        // A link to a file is no directory either.
        Err(Errno::NOTDIR) if is_link(&nt::create(dir, &wide, NAME)?)? => Err(Errno::LOOP),
        other => other,
    }?;
    if is_link(&opened)? { Err(Errno::LOOP) } else { Ok(opened) }
}

/// Opens a directory below another, wherever the links on the way lead.
fn open_dir_anywhere(dir: &Dir, path: &[u8]) -> Result<Dir, Errno> {
    let mut wide = Vec::new();
    for part in path.split(|&b| b == b'/').filter(|part| !part.is_empty()) {
        if !wide.is_empty() {
            wide.push(u16::from(b'\\'));
        }
        wide.extend(text::component(part)?);
    }
    let options = FILE_OPEN_FOR_BACKUP_INTENT | FILE_DIRECTORY_FILE;
    nt::create(dir, &wide, How { access: DIR_ACCESS, options, ..NAME })
}

/// Opens a name, never a link's target.
pub(crate) fn open_at(dir: &Dir, leaf: &[u8], how: Open) -> Result<File, Errno> {
    let name = text::component(leaf)?;
    let existing = |access, options| {
        let file = nt::create(dir, &name, How { access, options: NAME.options | options, ..NAME })?;
        match nt::tag(&file)? {
            0 => Ok(file),
            tag if names_another(tag) => Err(Errno::LOOP),
            // What a filter driver keeps elsewhere (deduplicated, in a cloud) is only there when asked for plainly.
            _ => {
                let options = (NAME.options | options) & !FILE_OPEN_REPARSE_POINT;
                nt::create(dir, &name, How { access, options, ..NAME })
            }
        }
    };
    let new = |access, mode: u32| {
        let read_only = mode & 0o200 == 0;
        let attributes =
            if read_only { fs::FILE_ATTRIBUTE_READONLY } else { fs::FILE_ATTRIBUTE_NORMAL };
        let options = FILE_NON_DIRECTORY_FILE | FILE_OPEN_REPARSE_POINT;
        nt::create(dir, &name, How { access, attributes, disposition: FILE_CREATE, options })
    };
    match how {
        Open::Read | Open::ReadNoAtime => existing(fs::FILE_GENERIC_READ, FILE_SEQUENTIAL_ONLY),
        Open::Write => existing(fs::FILE_GENERIC_WRITE, FILE_NON_DIRECTORY_FILE),
        Open::WriteNew { mode } => new(fs::FILE_GENERIC_WRITE, mode),
        Open::ReadWriteNew { mode } => new(fs::FILE_GENERIC_READ | fs::FILE_GENERIC_WRITE, mode),
    }
    .map(File::from)
}

/// Opens what a name leads to, wherever that is.
pub(crate) fn open_target_at(dir: &Dir, leaf: &[u8]) -> Result<File, Errno> {
    let options = FILE_SEQUENTIAL_ONLY | FILE_OPEN_FOR_BACKUP_INTENT;
    let how = How { access: fs::FILE_GENERIC_READ, options, ..NAME };
    nt::create(dir, &text::component(leaf)?, how).map(File::from)
}

/// Whether this process may read what the name leads to.
pub(crate) fn is_readable_at(dir: &Dir, leaf: &[u8]) -> bool {
    open_target_at(dir, leaf).is_ok()
}

/// Handles are not limited.
pub(crate) fn most_open_files() -> Option<usize> {
    None
}

/// Everybody may look at what is in a directory that can be opened: traversing is not checked.
pub(crate) fn is_searchable_at(_dir: &Dir, _leaf: &[u8]) -> bool {
    true
}

/// The text of a symlink, or the target of a junction, with `/` between its parts.
pub(crate) fn read_link_at(dir: &Dir, leaf: &[u8]) -> Result<Vec<u8>, Errno> {
    let link = nt::create(dir, &text::component(leaf)?, NAME)?;
    if !is_link(&link)? {
        return Err(Errno::INVAL);
    }
    link_target(&nt::reparse_data(&link)?).ok_or(Errno::INVAL)
}

/// Calls `found` with name, type and file index of each entry but `.` and `..`.
pub(crate) fn list(
    dir: &Dir,
    buffer: &mut ListBuffer,
    mut found: impl FnMut(&[u8], Option<Kind>, u64),
) -> Result<(), Errno> {
    buffer.resize(LIST_WORDS, 0);
    nt::list(dir, buffer, |entry| {
        let name = text::to_bytes(entry.name.iter().copied());
        if name != b"." && name != b".." {
            found(&name, Some(kind(entry.attributes, entry.reparse_tag)), entry.index);
        }
    })
}

pub(crate) fn mkdir_at(dir: &Dir, leaf: &[u8], _mode: u32) -> Result<(), Errno> {
    let how = How {
        access: fs::FILE_LIST_DIRECTORY,
        attributes: fs::FILE_ATTRIBUTE_NORMAL,
        disposition: FILE_CREATE,
        options: FILE_DIRECTORY_FILE | FILE_OPEN_REPARSE_POINT,
    };
    nt::create(dir, &text::component(leaf)?, how).map(drop)
}

pub(crate) fn rmdir_at(dir: &Dir, leaf: &[u8]) -> Result<(), Errno> {
    remove(dir, leaf, true)
}

/// Removes anything but a directory.
pub(crate) fn unlink_at(dir: &Dir, leaf: &[u8]) -> Result<(), Errno> {
    remove(dir, leaf, false)
}

fn remove(dir: &Dir, leaf: &[u8], directory: bool) -> Result<(), Errno> {
    let name = text::component(leaf)?;
    let file = nt::create(dir, &name, How { access: fs::DELETE, ..NAME })?;
    let is_directory =
        nt::attributes(&file)? & fs::FILE_ATTRIBUTE_DIRECTORY != 0 && !is_link(&file)?;
    match (is_directory, directory) {
        (true, false) => return Err(Errno::ISDIR),
        (false, true) => return Err(Errno::NOTDIR),
        _ => {}
    }
    match nt::delete(&file) {
        Err(Errno::ACCESS) if nt::make_writable(dir, &name) => nt::delete(&file),
        other => other,
    }
}

/// Renames, replacing what is there.
pub(crate) fn rename_at(from: &Dir, leaf: &[u8], to: &Dir, to_leaf: &[u8]) -> Result<(), Errno> {
    let file = nt::create(from, &text::component(leaf)?, How { access: fs::DELETE, ..NAME })?;
    nt::rename(&file, to, &text::component(to_leaf)?)
}

/// Makes a hard link of a name, which is not followed.
pub(crate) fn link_at(from: &Dir, leaf: &[u8], to: &Dir, to_leaf: &[u8]) -> Result<(), Errno> {
    let how = How { access: fs::FILE_WRITE_ATTRIBUTES, ..NAME };
    let file = nt::create(from, &text::component(leaf)?, how)?;
    nt::link(&file, to, &text::component(to_leaf)?)
}

/// Making a symlink takes a privilege that few processes have; we do without.
pub(crate) fn symlink_at(_target: &[u8], _dir: &Dir, leaf: &[u8]) -> Result<(), Errno> {
    text::component(leaf)?;
    Err(Errno::NOSYS)
}

/// There are no such files.
pub(crate) fn mknod_at(
    _dir: &Dir,
    leaf: &[u8],
    _kind: Kind,
    _mode: u32,
    _rdev: (u32, u32),
) -> Result<(), Errno> {
    text::component(leaf)?;
    Err(Errno::NOSYS)
}

/// Owners are no numbers here.
pub(crate) fn chown_at(
    _dir: &Dir,
    leaf: &[u8],
    _uid: Option<u32>,
    _gid: Option<u32>,
) -> Result<(), Errno> {
    text::component(leaf)?;
    Err(Errno::NOTSUP)
}

/// Sets or clears the read-only attribute by the owner's `w`. A link is EOPNOTSUPP.
pub(crate) fn chmod_at(dir: &Dir, leaf: &[u8], mode: u32) -> io::Result<()> {
    let how = How { access: fs::FILE_WRITE_ATTRIBUTES, ..NAME };
    let file = nt::create(dir, &text::component(leaf)?, how)?;
    if is_link(&file)? {
        return Err(Errno::OPNOTSUPP.into());
    }
    set_mode_of(&file, mode)
}

/// Sets the times without following; `None` leaves that time.
pub(crate) fn utimes_at(
    dir: &Dir,
    leaf: &[u8],
    atime: Option<Time>,
    mtime: Option<Time>,
) -> Result<(), Errno> {
    let how = How { access: fs::FILE_WRITE_ATTRIBUTES, ..NAME };
    let file = nt::create(dir, &text::component(leaf)?, how)?;
    set_times_of(&file, atime, mtime)
}

pub(crate) fn set_owner(_file: &File, _uid: Option<u32>, _gid: Option<u32>) -> io::Result<()> {
    Err(Errno::NOTSUP.into())
}

pub(crate) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    set_mode_of(file, mode)
}

fn set_mode_of(file: impl AsHandle, mode: u32) -> io::Result<()> {
    let file = file.as_handle();
    let before = nt::attributes(file)?;
    // A directory's attribute says something else.
    if before & fs::FILE_ATTRIBUTE_DIRECTORY != 0 {
        return Ok(());
    }
    let others = before & !(fs::FILE_ATTRIBUTE_READONLY | fs::FILE_ATTRIBUTE_NORMAL);
    let after = match (mode & 0o200 == 0, others) {
        (true, others) => others | fs::FILE_ATTRIBUTE_READONLY,
        (false, 0) => fs::FILE_ATTRIBUTE_NORMAL,
        (false, others) => others,
    };
    if after != before {
        nt::set_attributes(file, after)?;
    }
    Ok(())
}

pub(crate) fn set_times(file: &File, atime: Option<Time>, mtime: Option<Time>) -> io::Result<()> {
    Ok(set_times_of(file, atime, mtime)?)
}

fn set_times_of(
    file: impl AsHandle,
    atime: Option<Time>,
    mtime: Option<Time>,
) -> Result<(), Errno> {
    nt::set_times(file, atime.map(to_steps).transpose()?, mtime.map(to_steps).transpose()?)
}

/// The metadata of an open file or directory.
pub(crate) fn stat(file: impl AsHandle) -> io::Result<Stat> {
    let info = nt::info(file)?;
    let kind = kind(info.attributes, info.reparse_tag);
    let (accessed, modified) = (from_steps(info.accessed), from_steps(info.modified));
    Ok(Stat {
        kind,
        perm: permissions(kind, info.attributes),
        len: info.len,
        mtime: modified.0,
        mtime_nsec: modified.1,
        atime: accessed.0,
        atime_nsec: accessed.1,
        ctime: from_steps(info.changed).0,
        uid: names::NOBODY,
        gid: names::NOBODY,
        dev: u64::from(info.volume),
        ino: info.index,
        nlink: u64::from(info.links),
        rdev: (0, 0),
        blocks: info.allocated.div_ceil(512),
    })
}

/// The metadata of a name, or of what it leads to wherever that is.
pub(crate) fn stat_at(dir: &Dir, leaf: &[u8], follow: bool) -> io::Result<Stat> {
    let name = text::component(leaf)?;
    let options = if follow { FILE_OPEN_FOR_BACKUP_INTENT } else { NAME.options };
    let file = nt::create(dir, &name, How { options, ..NAME })?;
    let mut st = stat(&file)?;
    // A link's length is that of its text.
    if st.kind == Kind::Symlink {
        st.len = link_target(&nt::reparse_data(&file)?).map_or(0, |text| text.len() as u64);
    }
    Ok(st)
}

/// Reads at an offset.
pub(crate) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek_read(buf, offset)
}

/// Reads into several buffers, one behind the other (here into the first; see [`write_vectored_at`]).
pub(crate) fn read_vectored_at(
    file: &File,
    bufs: &mut [io::IoSliceMut<'_>],
    offset: u64,
) -> io::Result<usize> {
    bufs.iter_mut().find(|buf| !buf.is_empty()).map_or(Ok(0), |buf| read_at(file, buf, offset))
}

/// Reads at an offset into the spare room of `buf`.
pub(crate) fn read_at_spare(file: &File, buf: &mut Vec<u8>, offset: u64) -> io::Result<usize> {
    let before = buf.len();
    buf.resize(buf.capacity(), 0);
    let result = file.seek_read(&mut buf[before..], offset);
    buf.truncate(before + result.as_ref().map_or(0, |&n| n));
    result
}

/// Writes several pieces, one behind the other, from an offset on; how much of them is up to the system (here one: what
/// gathers needs a file opened without its cache).
pub(crate) fn write_vectored_at(
    file: &File,
    pieces: &[io::IoSlice<'_>],
    offset: u64,
) -> io::Result<usize> {
    pieces
        .iter()
        .find(|piece| !piece.is_empty())
        .map_or(Ok(0), |piece| write_at(file, piece, offset))
}

/// Writes at an offset.
pub(crate) fn write_at(file: &File, data: &[u8], offset: u64) -> io::Result<usize> {
    file.seek_write(data, offset)
}

/// Reserves space; `keep_len` leaves the file's length as it is.
pub(crate) fn preallocate(file: &File, len: u64, keep_len: bool) -> Result<(), Errno> {
    if keep_len {
        return nt::allocate(file, len);
    }
    file.set_len(len).map_err(|e| Errno::from_io(&e))
}

/// Makes a hole where bytes may stand.
pub(crate) fn punch_hole(file: &File, start: u64, len: u64) -> Result<(), Errno> {
    nt::punch(file, start, start.saturating_add(len))
}

/// No range is copied inside the kernel.
pub(crate) fn copy_range(
    _from: &File,
    _from_offset: u64,
    _to: &File,
    _to_offset: u64,
    _len: usize,
) -> Result<usize, Errno> {
    Ok(0)
}

fn is_link(file: &OwnedHandle) -> Result<bool, Errno> {
    Ok(names_another(nt::tag(file)?))
}

fn names_another(tag: u32) -> bool {
    tag == IO_REPARSE_TAG_SYMLINK || tag == IO_REPARSE_TAG_MOUNT_POINT
}

fn kind(attributes: u32, reparse_tag: u32) -> Kind {
    if names_another(reparse_tag) {
        Kind::Symlink
    } else if attributes & fs::FILE_ATTRIBUTE_DIRECTORY != 0 {
        Kind::Directory
    } else {
        Kind::Regular
    }
}

/// What the one attribute says, as it looks under our [`umask`].
fn permissions(kind: Kind, attributes: u32) -> u32 {
    match kind {
        Kind::Directory => 0o755,
        Kind::Symlink => 0o777,
        _ if attributes & fs::FILE_ATTRIBUTE_READONLY != 0 => 0o444,
        _ => 0o644,
    }
}

/// The target that the data of a symlink or junction names.
fn link_target(data: &[u8]) -> Option<Vec<u8>> {
    let u16_at = |at: usize| Some(u16::from_le_bytes([*data.get(at)?, *data.get(at + 1)?]));
    let tag = u32::from(u16_at(0)?) | u32::from(u16_at(2)?) << 16;
    // A symlink has flags between the offsets and the names.
    let names_at = match tag {
        IO_REPARSE_TAG_SYMLINK => 20,
        IO_REPARSE_TAG_MOUNT_POINT => 16,
        _ => return None,
    };
    // The name to show, or the one to resolve.
    let (mut start, mut len) = (usize::from(u16_at(12)?), usize::from(u16_at(14)?));
    if len == 0 {
        (start, len) = (usize::from(u16_at(8)?), usize::from(u16_at(10)?));
    }
    let name = data.get(names_at + start..names_at + start + len)?;
    let units = name.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let mut target = text::to_bytes(units);
    target.iter_mut().filter(|b| **b == b'\\').for_each(|b| *b = b'/');
    Some(target)
}

fn from_steps(steps: i64) -> Time {
    let since = steps - EPOCH;
    (since.div_euclid(STEPS), (since.rem_euclid(STEPS) * 100) as u32)
}

fn to_steps((sec, nsec): Time) -> Result<i64, Errno> {
    if nsec > 999_999_999 {
        return Err(Errno::INVAL);
    }
    let steps = sec.checked_mul(STEPS).and_then(|s| s.checked_add(EPOCH + i64::from(nsec / 100)));
    // 0 and less are no times but have meanings.
    steps.filter(|&s| s > 0).ok_or(Errno::INVAL)
}

#[cfg(test)]
mod tests;
