//! Signatures: the block sums of a basis file.
/// Block sums as received or computed; stored flat.
#[derive(Debug, Clone, Default)]
pub struct Signature {
    /// Bytes of each block but the last.
    pub blength: u32,
    /// Bytes of the last block if shorter, else 0.
    pub remainder: u32,
    /// Bytes of each strong sum.
    pub s2length: u32,
    /// Rolling sums.
    pub weak: Vec<u32>,
    /// Strong sums, `s2length` bytes each.
    pub strong: Vec<u8>,
}
impl Signature {
    /// Number of blocks.
    pub fn count(&self) -> u32 {
        self.weak.len() as u32
    }
    /// Adds one block's sums.
    pub fn push(&mut self, weak: u32, strong: &[u8]) {
        self.weak.push(weak);
        self.strong.extend_from_slice(strong);
    }
    /// Strong sum of block `i`.
    pub fn strong_of(&self, i: u32) -> &[u8] {
        let n = self.s2length as usize;
        &self.strong[i as usize * n..][..n]
    }
    /// Length of block `i`.
    pub fn block_len(&self, i: u32) -> u32 {
        if i + 1 == self.count() && self.remainder != 0 { self.remainder } else { self.blength }
    }
}
