//! The rsync daemon: configuration, access, authentication, module sessions.

pub mod access;
pub mod auth;
pub mod config;
pub mod identity;
mod limit;
pub mod log;
mod wild;

/// Runs a daemon.
pub fn run(_: session::options::DaemonArgs) -> i32 {
    todo!()
}
