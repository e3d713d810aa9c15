//! Entry points for fuzzing: each takes arbitrary bytes and must not panic.

pub mod tokens;
pub use tokens::tokens;
