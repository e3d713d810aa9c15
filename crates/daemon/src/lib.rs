//! The rsync daemon: configuration, access, authentication, module sessions.

pub mod access;
pub mod auth;
pub mod config;
mod wild;
