//! Wildcards in the daemon's own lists.

use filters::wildmatch::wildmatch;

/// Whether the pattern matches the whole text.
pub fn wild_match(pattern: &[u8], text: &[u8]) -> bool {
    wildmatch(pattern, text)
}

/// The same, ignoring the case of ASCII letters in both.
pub fn wild_match_nocase(pattern: &[u8], text: &[u8]) -> bool {
    wildmatch(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase())
}
