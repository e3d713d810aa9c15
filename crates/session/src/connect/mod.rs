//! Reaching the other end: a remote shell, a daemon's socket.

pub mod auth;
pub mod daemon;
pub mod shell;
pub mod tcp;
