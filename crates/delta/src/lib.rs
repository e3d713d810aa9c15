//! Checksums, signatures and block matching: everything rsync's delta algorithm computes.
pub mod checksum;
pub mod matching;
pub mod rolling;
pub mod signature;
