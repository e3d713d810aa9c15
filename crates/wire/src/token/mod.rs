//! Token streams, plain and compressed (Uncompressed tokens; Compressed token streams).
//!
//! The content of a file is a sequence of literal runs and references to blocks of the basis. The
//! plain form is a row of 32-bit integers with the literals between them. The compressed form has
//! its own framing, shared by all compressors (`framing`), around chunks of compressed literals.
//!
//! [`TokenWriter`] and [`TokenReader`] live as long as the session, because a zstd stream does;
//! `begin` starts each file.

mod deflate;
mod framing;
mod lz4;
mod plain;
mod reader;
mod writer;
#[cfg(feature = "zstd")]
mod zstd;

pub use plain::{MAX_LITERAL, literal_head};
pub use reader::{MAX_TOKEN_DATA, Token, TokenReader};
pub use writer::TokenWriter;

/// Compression algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Compressor {
    None,
    Zlib,
    Zlibx,
    #[cfg(feature = "zstd")]
    Zstd,
    Lz4,
}

impl Compressor {
    /// Names for negotiation, in our order of preference, without `none`.
    pub const NAMES: &'static [&'static str] = &[
        #[cfg(feature = "zstd")]
        "zstd",
        "lz4",
        "zlibx",
        "zlib",
    ];

    const ALL: &'static [Compressor] = &[
        #[cfg(feature = "zstd")]
        Compressor::Zstd,
        Compressor::Lz4,
        Compressor::Zlibx,
        Compressor::Zlib,
        Compressor::None,
    ];

    /// By name (case-insensitive), including `none`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| name.eq_ignore_ascii_case(c.name()))
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Compressor::None => "none",
            Compressor::Zlib => "zlib",
            Compressor::Zlibx => "zlibx",
            #[cfg(feature = "zstd")]
            Compressor::Zstd => "zstd",
            Compressor::Lz4 => "lz4",
        }
    }

    /// The level that a requested `level` means, clamped (`None` = default); `None` if the level
    /// turns compression off (0 for zlib, zlibx) or there is no compression.
    pub fn level(self, level: Option<i32>) -> Option<i32> {
        match self {
            Compressor::None => None,
            Compressor::Zlib | Compressor::Zlibx => match level.unwrap_or(-1) {
                0 => None,
                -1 => Some(6),
                level => Some(level.clamp(1, 9)),
            },
            #[cfg(feature = "zstd")]
            Compressor::Zstd => match level.unwrap_or(0) {
                0 => Some(::zstd::DEFAULT_COMPRESSION_LEVEL),
                level => Some(zstd::clamp_level(level)),
            },
            Compressor::Lz4 => Some(0),
        }
    }
}

#[cfg(test)]
mod tests;
