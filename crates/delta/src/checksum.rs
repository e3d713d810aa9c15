//! Strong checksums and where the seed goes (spec chapter 03, Strong block checksum; Whole-file checksum trailer).
/// Checksum algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Checksum {
    Xxh128,
    Xxh3,
    Xxh64,
    Md5,
    Md4,
    Sha1,
    None,
}
impl Checksum {
    /// Names in our order of preference, without `none`.
    pub const NAMES: [&'static str; 6] = ["xxh128", "xxh3", "xxh64", "md5", "md4", "sha1"];
    /// By name, case-insensitive; `xxhash` is `xxh64`; includes `none`.
    pub fn from_name(name: &str) -> Option<Self> {
        let _ = name;
        todo!()
    }
    /// The name.
    pub fn name(self) -> &'static str {
        todo!()
    }
    /// Bytes of a digest (`none`: 1).
    pub fn digest_len(self) -> usize {
        todo!()
    }
}
/// A transfer checksum with its seed rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SumSpec {
    /// The algorithm.
    pub algo: Checksum,
    /// The session's seed.
    pub seed: i32,
    /// MD4 implied by protocol 27-29: seed always hashed, in front of the file.
    pub legacy_md4: bool,
    /// MD5 implied without the seed-fix flag: block sums hash data, then seed.
    pub seed_last: bool,
}
/// Digest bytes, at most 20.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    bytes: [u8; 20],
    len: u8,
}
impl Digest {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len as usize]
    }
}
/// Streaming whole-file hash.
pub struct FileHasher {
    _p: (),
}
impl FileHasher {
    /// The trailer of a transferred file.
    pub fn transfer(spec: &SumSpec) -> Self {
        let _ = spec;
        todo!()
    }
    /// The unseeded checksum of the list (`-c`) .
    pub fn list(algo: Checksum) -> Self {
        let _ = algo;
        todo!()
    }
    /// Adds bytes.
    pub fn update(&mut self, data: &[u8]) {
        let _ = data;
        todo!()
    }
    /// The digest.
    pub fn finish(self) -> Digest {
        todo!()
    }
}
/// Computes block sums; reusable without allocation.
pub struct BlockHasher {
    _p: (),
}
impl BlockHasher {
    /// For one transfer checksum.
    pub fn new(spec: &SumSpec) -> Self {
        let _ = spec;
        todo!()
    }
    /// The full digest of one block (truncate to s2length).
    pub fn digest(&mut self, block: &[u8]) -> Digest {
        let _ = block;
        todo!()
    }
}
/// MD5 of an xattr value, unseeded.
pub fn md5(data: &[u8]) -> [u8; 16] {
    let _ = data;
    todo!()
}
