//! Codecs of the rsync protocol, versions 27 to 32: bytes in, messages out.
//!
//! Nothing here opens a file, owns a socket, starts a thread or reads a clock. Decoders take a
//! [`Cursor`] over the bytes that have arrived and either return a message and leave the cursor
//! behind it, or answer [`DecodeError::Incomplete`] and may be called again with more bytes;
//! a decoder that keeps state between messages changes it only when it succeeds. Encoders append
//! to a `Vec<u8>`.
//!
//! Every length, index and name from a peer is checked here, once, against [`limits`]; code past
//! this crate only holds checked values.

pub mod acl;
pub mod args;
pub mod batch;
pub mod compat;
pub mod cursor;
pub mod error;
pub mod filter_list;
pub mod flist;
#[doc(hidden)]
pub mod fuzz;
pub mod greeting;
mod hash_index;
pub mod ids;
pub mod item;
pub mod limits;
pub mod mux;
pub mod name;
pub mod ndx;
pub mod negotiate;
pub mod stats;
pub mod sums;
#[cfg(test)]
mod testing;
pub mod token;
pub mod varint;
pub mod version;
pub mod xattr;

pub use cursor::Cursor;
pub use error::{Decode, DecodeError, Fault, WireError};
pub use name::RelPath;
pub use version::Protocol;
