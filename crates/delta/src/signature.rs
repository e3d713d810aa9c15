//! Signatures: the block sums of a basis file (Sum head and block checksums).

use crate::{
    checksum::{BlockHasher, Digest},
    rolling::Rolling,
};

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
    /// A signature without blocks yet, of the given sizes.
    pub fn with_sizes(blength: u32, remainder: u32, s2length: u32) -> Self {
        Signature { blength, remainder, s2length, ..Signature::default() }
    }

    /// Number of blocks.
    pub fn count(&self) -> u32 {
        self.weak.len() as u32
    }

    /// Adds one block's sums.
    pub fn push(&mut self, weak: u32, strong: &[u8]) {
        self.weak.push(weak);
        self.strong.extend_from_slice(strong);
    }

    /// Computes and adds the sums of the blocks that `data` consists of: whole blocks, but for the
    /// last one of the file. `hasher` is of the transfer checksum, whose digests are at least
    /// `s2length` bytes long.
    pub fn push_blocks(&mut self, data: &[u8], hasher: &mut BlockHasher) {
        for block in data.chunks((self.blength as usize).max(1)) {
            let (weak, strong) = block_sums(block, hasher);
            self.push(weak, &strong.as_bytes()[..self.s2length as usize]);
        }
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

/// Both sums of one block: the rolling sum, and the digest to be cut to the strong sums' length.
pub fn block_sums(block: &[u8], hasher: &mut BlockHasher) -> (u32, Digest) {
    (Rolling::of(block).value(), hasher.digest(block))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checksum::{Checksum, SumSpec},
        testdata::captured_basis,
    };

    #[test]
    fn captured_signature() {
        let spec = SumSpec { algo: Checksum::Xxh128, seed: 1, legacy_md4: false, seed_last: false };
        let mut sig = Signature::with_sizes(700, 100, 2);
        let basis = captured_basis(1500);
        let mut hasher = BlockHasher::new(&spec);
        sig.push_blocks(&basis[..1400], &mut hasher);
        sig.push_blocks(&basis[1400..], &mut hasher);
        assert_eq!(sig.weak, [0xf78e_078b, 0xecbb_020b, 0xe8bc_0454]);
        assert_eq!(sig.strong, [0x60, 0x6e, 0x9a, 0x22, 0x64, 0x74]);
        assert_eq!((sig.count(), sig.block_len(1), sig.block_len(2)), (3, 700, 100));
        assert_eq!(sig.strong_of(1), [0x9a, 0x22]);
    }
}
