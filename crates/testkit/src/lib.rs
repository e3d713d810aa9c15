//! Tools for the tests that compare this rsync with the real one: finding the real programs, building a tree from a
//! few lines of text, describing a tree with all its metadata, and running one command line with each combination of
//! our program and the real one at its two ends.

pub mod daemon;
mod mounted;
pub mod normalise;
pub mod peers;
pub mod port;
pub mod random;
pub mod row;
pub mod run;
pub mod scenario;
pub mod scratch;
pub mod snapshot;
pub mod sshd;
pub mod tree;

pub use daemon::Daemon;
pub use mounted::{Looped, Mounted};
pub use peers::Peers;
pub use port::Port;
pub use row::{Row, Via, row};
pub use scenario::{run_family, run_family_dry};
pub use scratch::Scratch;
pub use snapshot::Snapshot;
