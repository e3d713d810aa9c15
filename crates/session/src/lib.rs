//! A transfer session: options and plan, connecting, handshake, and the three roles (sender, generator, receiver).
//!
//! A session is a value ([`session::Session`]); nothing here is global, so two sessions can run in one process.

mod batch;
pub mod charset;
pub mod chmod;
pub mod client;
pub mod conn;
pub mod connect;
mod copy_as;
mod error;
pub mod exit;
pub mod expand;
pub mod files_from;
pub mod finish;
mod flist;
pub mod handshake;
mod hlink;
mod list_sum;
pub mod log;
mod messages;
mod operator;
pub mod options;
pub mod panics;
mod platform;
mod receive;
pub mod report;
pub mod rules;
mod send;
pub mod server;
pub mod session;
pub mod settings;

pub use error::{Error, ExitCode};
pub use session::Session;
pub use settings::Settings;
