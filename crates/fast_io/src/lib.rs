//! Transports and the lanes that move bytes and file ranges over them; the only crate that talks to sendfile and
//! its relatives.
//!
//! A link has two halves, [`RecvHalf`] and [`SendHalf`], each owned by one thread. [`fd`] has the halves over
//! descriptors (TCP sockets, pipes to a remote shell, the standard streams of a server), [`memory`] those of a
//! local copy, where file ranges cross as handles.

pub mod fd;
pub mod memory;
pub mod transport;

pub use transport::{FileRange, Received, RecvHalf, SendHalf};
