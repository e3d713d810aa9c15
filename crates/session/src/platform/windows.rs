//! Windows.

use fast_io::fd::{FdReader, FdWriter};
use std::{
    fs::{FileType, Metadata},
    io::{self, Stdout},
    process::{Command, ExitStatus, Stdio},
    sync::{Arc, atomic::AtomicBool},
};

/// Whether an operand is a local path although it may look like `host:path`: with a drive letter (a host's name has more
/// than one character) or two backslashes in front.
pub fn is_local(operand: &[u8]) -> bool {
    match operand {
        [letter, b':', rest @ ..] => letter.is_ascii_alphabetic() && rest.first() != Some(&b':'),
        [b'\\', b'\\', ..] => true,
        _ => false,
    }
}

/// A local operand with `/` between its parts, and without the prefix that lifts limits, for there are none here.
pub fn local_path(operand: &[u8]) -> Vec<u8> {
    let slashes: Vec<u8> = operand.iter().map(|&b| if b == b'\\' { b'/' } else { b }).collect();
    if let Some(share) = slashes.strip_prefix(b"//?/UNC/") {
        return [b"//", share].concat();
    }
    slashes.strip_prefix(b"//?/").map(<[u8]>::to_vec).unwrap_or(slashes)
}

/// Whether this process has the rights of whoever started it, and not somebody else's.
pub fn has_own_rights() -> bool {
    true
}

/// No signal ends a program that writes what nobody reads.
pub fn outlives_readers(_command: &mut Command) {}

/// Files are never devices.
pub fn is_device(_kind: FileType) -> bool {
    false
}

/// The error of a socket option that this system does not let be changed.
pub fn no_such_socket_option() -> io::Error {
    io::ErrorKind::Unsupported.into()
}

/// Connections to this same machine are not paced.
pub fn do_not_pace(_socket: &socket2::Socket) {}

/// A program's name is its path.
pub fn call_it(_command: &mut Command, _name: &str) {}

/// Nor are files pipes.
pub fn is_fifo(_kind: FileType) -> bool {
    false
}

/// Starts a program with pipes as its standard input and output, which cannot be a socket here. Nobody waits for it.
pub fn spawn_on_socket(mut command: Command) -> io::Result<(FdReader, FdWriter)> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    Ok((FdReader::new(stdout)?, FdWriter::new(stdin)?))
}

/// Processes are not ended by signals.
pub fn crashed(_status: ExitStatus) -> bool {
    false
}

/// Who may read a file is not told by its metadata.
pub fn distrust_password_file(_meta: &Metadata) -> Option<&'static str> {
    None
}

/// There is no way here to ask without showing the answer.
pub fn ask_password(_max: u64) -> io::Result<Vec<u8>> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "use --password-file or RSYNC_PASSWORD on Windows",
    ))
}

/// A console is for all that run in it.
pub fn in_foreground(_out: &Stdout) -> bool {
    true
}

/// There is no such signal.
pub fn show_progress_when_asked(_asked: &Arc<AtomicBool>) -> bool {
    false
}

/// The text of a system error and its number, both as on other systems, so that messages read the same everywhere; of one
/// that they do not have, Windows' own.
pub fn strerror(err: &io::Error) -> (String, i32) {
    let code = err.raw_os_error();
    if let Some((number, text)) = code.and_then(posix) {
        return (text.to_string(), number);
    }
    let text = err.to_string();
    let reason = text.split(" (os error").next().unwrap_or_default().trim_end_matches('.');
    (reason.to_string(), code.unwrap_or(0))
}

fn posix(code: i32) -> Option<(i32, &'static str)> {
    Some(match code {
        // ERROR_INVALID_FUNCTION, ERROR_CALL_NOT_IMPLEMENTED
        1 | 120 => (38, "Function not implemented"),
        // ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND, ERROR_INVALID_DRIVE, ERROR_BAD_NETPATH, ERROR_BAD_NET_NAME
        2 | 3 | 15 | 53 | 67 => (2, "No such file or directory"),
        // ERROR_TOO_MANY_OPEN_FILES
        4 => (24, "Too many open files"),
        // ERROR_ACCESS_DENIED
        5 => (13, "Permission denied"),
        // ERROR_INVALID_HANDLE
        6 => (9, "Bad file descriptor"),
        // ERROR_NOT_ENOUGH_MEMORY, ERROR_OUTOFMEMORY
        8 | 14 => (12, "Cannot allocate memory"),
        // ERROR_NOT_SAME_DEVICE
        17 => (18, "Invalid cross-device link"),
        // ERROR_WRITE_PROTECT
        19 => (30, "Read-only file system"),
        // ERROR_CRC, ERROR_READ_FAULT, ERROR_GEN_FAILURE, ERROR_IO_DEVICE
        23 | 30 | 31 | 1117 => (5, "Input/output error"),
        // ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION, ERROR_BUSY
        32 | 33 | 170 => (16, "Device or resource busy"),
        // ERROR_HANDLE_EOF
        38 => (61, "No data available"),
        // ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL
        39 | 112 => (28, "No space left on device"),
        // ERROR_NOT_SUPPORTED
        50 => (95, "Operation not supported"),
        // ERROR_FILE_EXISTS, ERROR_ALREADY_EXISTS
        80 | 183 => (17, "File exists"),
        // ERROR_INVALID_PARAMETER
        87 => (22, "Invalid argument"),
        // ERROR_BROKEN_PIPE, ERROR_NO_DATA
        109 | 232 => (32, "Broken pipe"),
        // ERROR_INVALID_NAME
        123 => (22, "Windows does not allow this name"),
        // ERROR_DIR_NOT_EMPTY
        145 => (39, "Directory not empty"),
        // ERROR_FILENAME_EXCED_RANGE
        206 => (36, "File name too long"),
        // ERROR_FILE_TOO_LARGE
        223 => (27, "File too large"),
        // ERROR_DIRECTORY
        267 => (20, "Not a directory"),
        // ERROR_DIRECTORY_NOT_SUPPORTED
        336 => (21, "Is a directory"),
        // ERROR_NO_UNICODE_TRANSLATION
        1113 => (84, "Invalid or incomplete multibyte or wide character"),
        // ERROR_PRIVILEGE_NOT_HELD
        1314 => (1, "Operation not permitted"),
        // ERROR_CANT_RESOLVE_FILENAME
        1921 => (40, "Too many levels of symbolic links"),
        // WSAENETUNREACH, WSAECONNABORTED, WSAECONNRESET, WSAENOTCONN, WSAETIMEDOUT, WSAECONNREFUSED, WSAEHOSTUNREACH
        10051 => (101, "Network is unreachable"),
        10053 => (103, "Software caused connection abort"),
        10054 => (104, "Connection reset by peer"),
        10057 => (107, "Transport endpoint is not connected"),
        10060 => (110, "Connection timed out"),
        10061 => (111, "Connection refused"),
        10065 => (113, "No route to host"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drives_and_shares_are_local() {
        for local in ["C:/x", r"c:\x", "d:", r"\\server\share\x", r"\\?\C:\x"] {
            assert!(is_local(local.as_bytes()), "{local}");
        }
        for remote in ["host:x", "h::x", "rsync://h/m", "x", "/x", "1:x"] {
            assert!(!is_local(remote.as_bytes()), "{remote}");
        }
    }

    #[test]
    fn local_paths_have_slashes() {
        for (typed, path) in [
            (r"C:\a\b", "C:/a/b"),
            (r"\\?\C:\a", "C:/a"),
            (r"\\?\UNC\s\share", "//s/share"),
            (r"\\s\share\x\", "//s/share/x/"),
            ("a/b", "a/b"),
        ] {
            assert_eq!(local_path(typed.as_bytes()), path.as_bytes());
        }
    }

    #[test]
    fn errors_read_as_elsewhere() {
        let said = |e: io::Error| strerror(&e);
        assert_eq!(said(fsroot::Errno::NOENT.into()), ("No such file or directory".into(), 2));
        assert_eq!(said(fsroot::Errno::LOOP.into()).1, 40);
        assert_eq!(said(io::Error::other("text")), ("text".into(), 0));
    }
}
