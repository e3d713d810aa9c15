//! Checksums, signatures and block matching: everything rsync's delta algorithm computes.
//!
//! A [`signature::Signature`] holds the block sums of a basis file; a [`matching::Matcher`] finds
//! those blocks in a new file and hashes the new file on the way. Nothing here reads a file: bytes
//! come through [`matching::Source`] and leave through [`matching::Sink`].

pub mod checksum;
mod index;
pub mod matching;
pub mod rolling;
pub mod signature;
#[cfg(test)]
mod testdata;
