//! The rsync daemon: configuration, access, authentication, module sessions.
//!
//! A listener accepts connections and starts this program once for each of them, with the connection as its standard
//! input, as inetd does: whatever a connection becomes (its root directory, its user) it becomes alone, and it begins
//! with the configuration as it is by then.

pub mod access;
mod arguments;
pub mod auth;
pub mod config;
pub mod connection;
mod detach;
mod hooks;
pub mod identity;
mod limit;
mod listener;
mod lock;
pub mod log;
mod module;
mod pidfile;
mod proxy;
mod refuse;
mod rules;
mod signals;
mod start;
#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "system/linux.rs")]
#[cfg_attr(target_os = "freebsd", path = "system/freebsd.rs")]
#[cfg_attr(target_vendor = "apple", path = "system/apple.rs")]
mod system;
mod wild;

pub use start::run;
