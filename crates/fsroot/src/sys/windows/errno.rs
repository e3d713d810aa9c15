//! Windows' error numbers, under the names that the rest of us uses.

use std::io;
use windows_sys::Win32::Foundation as w;

/// An error number of Windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errno(u32);

macro_rules! named {
    ($($name:ident = $code:ident),* $(,)?) => {
        /// The ones that are told apart somewhere.
        #[allow(missing_docs)]
        impl Errno {
            $(pub const $name: Errno = Errno(w::$code);)*
        }
    };
}

named! {
    ACCESS = ERROR_ACCESS_DENIED,
    AGAIN = ERROR_RETRY,
    CANCELED = ERROR_CANCELLED,
    EXIST = ERROR_ALREADY_EXISTS,
    FBIG = ERROR_FILE_TOO_LARGE,
    ILSEQ = ERROR_NO_UNICODE_TRANSLATION,
    INVAL = ERROR_INVALID_PARAMETER,
    ISDIR = ERROR_DIRECTORY_NOT_SUPPORTED,
    LOOP = ERROR_CANT_RESOLVE_FILENAME,
    MFILE = ERROR_TOO_MANY_OPEN_FILES,
    NAMETOOLONG = ERROR_FILENAME_EXCED_RANGE,
    NFILE = ERROR_NO_SYSTEM_RESOURCES,
    NODATA = ERROR_HANDLE_EOF,
    NOENT = ERROR_FILE_NOT_FOUND,
    NOSYS = ERROR_INVALID_FUNCTION,
    NOTDIR = ERROR_DIRECTORY,
    NOTSUP = ERROR_NOT_SUPPORTED,
    OPNOTSUPP = ERROR_NOT_SUPPORTED,
    OVERFLOW = ERROR_ARITHMETIC_OVERFLOW,
    ROFS = ERROR_WRITE_PROTECT,
    STALE = ERROR_FILE_INVALID,
    TXTBSY = ERROR_USER_MAPPED_FILE,
    XDEV = ERROR_NOT_SAME_DEVICE,
    // A name that Windows has taken, or a character that no name may have.
    BADNAME = ERROR_INVALID_NAME,
}

impl Errno {
    /// The number itself.
    pub fn raw_os_error(self) -> i32 {
        self.0 as i32
    }

    /// From a number of Windows. What says the same becomes one.
    pub(super) fn from_code(code: u32) -> Errno {
        match code {
            w::ERROR_PATH_NOT_FOUND => Errno::NOENT,
            w::ERROR_FILE_EXISTS => Errno::EXIST,
            other => Errno(other),
        }
    }

    /// From an error of a call of the standard library.
    pub(super) fn from_io(e: &io::Error) -> Errno {
        e.raw_os_error().map_or(Errno::INVAL, |code| Errno::from_code(code as u32))
    }
}

impl From<Errno> for io::Error {
    fn from(e: Errno) -> io::Error {
        io::Error::from_raw_os_error(e.raw_os_error())
    }
}
