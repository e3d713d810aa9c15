//! The rsync daemon: configuration, access, authentication, module sessions.

pub mod config;
