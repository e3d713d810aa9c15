//! Transports and the lanes that move bytes and file ranges over them; the only crate that talks to sendfile,
//! splice, copy_file_range and their relatives.
pub mod memory;
pub mod transport;
pub use transport::{FileRange, Received, RecvHalf, SendHalf};
