//! Charset conversion where names are Unicode: the only local charset is UTF-8, whatever the code page is.

use std::io;

/// The charset of names.
pub fn locale_charset() -> String {
    "UTF-8".into()
}

/// A conversion between two spellings of UTF-8.
#[derive(Debug)]
pub struct Iconv(());

/// Why and where a conversion stopped.
#[derive(Debug)]
pub struct Stopped {
    /// Bytes of the input that were converted.
    pub at: usize,
    /// What is wrong there.
    pub reason: io::Error,
}

/// The error of what has no counterpart in the other charset.
pub fn unconvertible() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

impl Iconv {
    /// Opens a conversion.
    ///
    /// # Errors
    /// Any charset but UTF-8.
    pub fn open(to: &[u8], from: &[u8]) -> io::Result<Iconv> {
        let known = |name: &[u8]| {
            name.is_empty()
                || name.eq_ignore_ascii_case(b"UTF-8")
                || name.eq_ignore_ascii_case(b"UTF8")
        };
        match known(to) && known(from) {
            true => Ok(Iconv(())),
            false => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Appends the whole input to `out`: at most `limit` bytes.
    ///
    /// # Errors
    /// The first byte that is not UTF-8; what stands before it has been appended.
    pub fn convert(
        &mut self,
        input: &[u8],
        limit: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), Stopped> {
        let at = std::str::from_utf8(input).map_or_else(|e| e.valid_up_to(), str::len);
        if at > limit {
            return Err(Stopped { at: 0, reason: io::ErrorKind::InvalidInput.into() });
        }
        out.extend_from_slice(&input[..at]);
        match at == input.len() {
            true => Ok(()),
            false => Err(Stopped { at, reason: unconvertible() }),
        }
    }
}
