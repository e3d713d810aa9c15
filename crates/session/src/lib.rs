//! A transfer session: options and plan, connecting, handshake, and the three roles (sender, generator, receiver).
//!
//! A session is a value ([`session::Session`]); nothing here is global, so two sessions can run in one process.

pub mod batch;
pub mod charset;
pub mod chmod;
pub mod client;
pub mod conn;
pub mod connect;
pub mod copy_as;
pub mod error;
pub mod expand;
pub mod finish;
pub mod flist;
pub mod handshake;
pub mod log;
pub mod messages;
pub mod operator;
pub mod options;
mod platform;
pub mod receive;
pub mod report;
pub mod rules;
pub mod send;
pub mod server;
pub mod session;
pub mod settings;

pub use error::{Error, ExitCode};
pub use session::Session;
pub use settings::Settings;
