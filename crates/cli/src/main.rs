//! The `oxrsync` program.
fn main() {}
