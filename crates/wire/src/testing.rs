//! Helpers of the unit tests.

/// The bytes that `text` spells in hex, blanks ignored.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

impl crate::WireError {
    /// The lines as one text.
    pub fn message(&self, role: &str) -> String {
        String::from_utf8(self.lines(role).join(&b'\n')).expect("a test's own names")
    }
}
