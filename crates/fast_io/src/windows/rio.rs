//! Registered I/O: whether Windows offers it.
//!
//! It is worth its while for bytes that stay in one registered buffer for long. Nothing here sends such bytes, so this is
//! for information.

use std::{io, net::UdpSocket, os::windows::io::AsRawSocket, ptr};
use windows_sys::Win32::Networking::WinSock::{
    RIO_EXTENSION_FUNCTION_TABLE, SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER, SOCKET,
    WSAID_MULTIPLE_RIO, WSAIoctl,
};

/// Asks for the functions of Registered I/O.
///
/// # Errors
/// Why there are none.
pub(super) fn registered_io() -> io::Result<()> {
    let socket = UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    let id = WSAID_MULTIPLE_RIO;
    let mut table = RIO_EXTENSION_FUNCTION_TABLE::default();
    let size = size_of::<RIO_EXTENSION_FUNCTION_TABLE>() as u32;
    table.cbSize = size;
    let mut written = 0;
    // SAFETY: the socket is open; the pointers are to live locals, each with its own length, and the call is not
    // overlapped.
    let result = unsafe {
        WSAIoctl(
            socket.as_raw_socket() as SOCKET,
            SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER,
            (&raw const id).cast(),
            size_of_val(&id) as u32,
            (&raw mut table).cast(),
            size,
            &mut written,
            ptr::null_mut(),
            None,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
