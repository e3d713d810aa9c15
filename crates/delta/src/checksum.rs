//! Strong checksums and where the seed goes (Strong block checksum; Whole-file checksum trailer).

use md4::Md4;
use md5::{Digest as _, Md5};
use sha1::Sha1;
use std::fmt;
use twox_hash::{XxHash64, xxhash3_64, xxhash3_128};

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

    const ALL: [Checksum; 7] = [
        Checksum::Xxh128,
        Checksum::Xxh3,
        Checksum::Xxh64,
        Checksum::Md5,
        Checksum::Md4,
        Checksum::Sha1,
        Checksum::None,
    ];

    /// By name, case-insensitive; `xxhash` is `xxh64`; includes `none`.
    pub fn from_name(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("xxhash") {
            return Some(Checksum::Xxh64);
        }
        Self::ALL.into_iter().find(|c| name.eq_ignore_ascii_case(c.name()))
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Checksum::Xxh128 => "xxh128",
            Checksum::Xxh3 => "xxh3",
            Checksum::Xxh64 => "xxh64",
            Checksum::Md5 => "md5",
            Checksum::Md4 => "md4",
            Checksum::Sha1 => "sha1",
            Checksum::None => "none",
        }
    }

    /// Bytes of a digest (`none`: 1).
    pub fn digest_len(self) -> usize {
        match self {
            Checksum::Xxh128 | Checksum::Md5 | Checksum::Md4 => 16,
            Checksum::Xxh3 | Checksum::Xxh64 => 8,
            Checksum::Sha1 => 20,
            Checksum::None => 1,
        }
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
    fn new(digest: &[u8]) -> Self {
        let mut bytes = [0; 20];
        bytes[..digest.len()].copy_from_slice(digest);
        Digest { bytes, len: digest.len() as u8 }
    }

    /// The 128-bit sum travels as two 64-bit numbers, the low one first: one little-endian number.
    fn of_u128(sum: u128) -> Self {
        Digest::new(&sum.to_le_bytes())
    }

    fn of_u64(sum: u64) -> Self {
        Digest::new(&sum.to_le_bytes())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len as usize]
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// The secret that belongs to seed 0, so that a streaming hasher needs no allocation.
type Secret = &'static [u8; xxhash3_128::DEFAULT_SECRET_LENGTH];

/// Streaming whole-file hash. Fastest when fed large pieces.
pub struct FileHasher(FileState);

// One value lives per open file and is never stored in bulk, so that the size of the XXH3 states
// costs less than a box would.
enum FileState {
    Xxh128(xxhash3_128::RawHasher<Secret>),
    Xxh3(xxhash3_64::RawHasher<Secret>),
    Xxh64(XxHash64),
    Md5(Md5),
    Md4(Md4),
    Sha1(Sha1),
    None,
}

impl FileHasher {
    /// The trailer of a transferred file.
    pub fn transfer(spec: &SumSpec) -> Self {
        let mut hasher = Self::list(spec.algo);
        if spec.algo == Checksum::Md4 && spec.legacy_md4 {
            hasher.update(&spec.seed.to_le_bytes());
        }
        hasher
    }

    /// The unseeded checksum of the list (`-c`).
    pub fn list(algo: Checksum) -> Self {
        FileHasher(match algo {
            Checksum::Xxh128 => {
                FileState::Xxh128(xxhash3_128::RawHasher::new(xxhash3_128::SecretBuffer::default()))
            }
            Checksum::Xxh3 => {
                FileState::Xxh3(xxhash3_64::RawHasher::new(xxhash3_64::SecretBuffer::default()))
            }
            Checksum::Xxh64 => FileState::Xxh64(XxHash64::with_seed(0)),
            Checksum::Md5 => FileState::Md5(Md5::new()),
            Checksum::Md4 => FileState::Md4(Md4::new()),
            Checksum::Sha1 => FileState::Sha1(Sha1::new()),
            Checksum::None => FileState::None,
        })
    }

    /// Adds bytes.
    pub fn update(&mut self, data: &[u8]) {
        match &mut self.0 {
            FileState::Xxh128(h) => h.write(data),
            FileState::Xxh3(h) => std::hash::Hasher::write(h, data),
            FileState::Xxh64(h) => std::hash::Hasher::write(h, data),
            FileState::Md5(h) => h.update(data),
            FileState::Md4(h) => h.update(data),
            FileState::Sha1(h) => h.update(data),
            FileState::None => {}
        }
    }

    /// The digest.
    pub fn finish(self) -> Digest {
        match self.0 {
            FileState::Xxh128(h) => Digest::of_u128(h.finish_128()),
            FileState::Xxh3(h) => Digest::of_u64(std::hash::Hasher::finish(&h)),
            FileState::Xxh64(h) => Digest::of_u64(std::hash::Hasher::finish(&h)),
            FileState::Md5(h) => Digest::new(&h.finalize()),
            FileState::Md4(h) => Digest::new(&h.finalize()),
            FileState::Sha1(h) => Digest::new(&h.finalize()),
            FileState::None => Digest::new(&[0]),
        }
    }
}

/// Computes block sums; reusable without allocation.
pub struct BlockHasher {
    algo: Checksum,
    /// XXH seeds are the session's seed, sign-extended.
    wide_seed: u64,
    /// The four bytes to hash, or none if the seed is 0.
    seed: Option<[u8; 4]>,
    seed_last: bool,
    /// The XXH3 secret that belongs to the seed, derived once instead of for each block.
    secret: [u8; xxhash3_128::DEFAULT_SECRET_LENGTH],
}

impl BlockHasher {
    /// For one transfer checksum.
    pub fn new(spec: &SumSpec) -> Self {
        let wide_seed = i64::from(spec.seed) as u64;
        let blank = [0; xxhash3_128::DEFAULT_SECRET_LENGTH];
        BlockHasher {
            algo: spec.algo,
            wide_seed,
            seed: (spec.seed != 0).then(|| spec.seed.to_le_bytes()),
            // MD4 has its seed behind the data whether it was implied or named.
            seed_last: spec.seed_last || spec.algo == Checksum::Md4,
            secret: xxhash3_128::SecretBuffer::with_seed(wide_seed, blank)
                .map(xxhash3_128::SecretBuffer::into_secret)
                .unwrap_or(blank),
        }
    }

    /// The full digest of one block (truncate to s2length).
    pub fn digest(&mut self, block: &[u8]) -> Digest {
        match self.algo {
            Checksum::Xxh128 => Digest::of_u128(
                xxhash3_128::Hasher::oneshot_with_seed_and_secret(
                    self.wide_seed,
                    &self.secret,
                    block,
                )
                .expect("a secret of the default length is long enough"),
            ),
            Checksum::Xxh3 => Digest::of_u64(
                xxhash3_64::Hasher::oneshot_with_seed_and_secret(
                    self.wide_seed,
                    &self.secret,
                    block,
                )
                .expect("a secret of the default length is long enough"),
            ),
            Checksum::Xxh64 => Digest::of_u64(XxHash64::oneshot(self.wide_seed, block)),
            Checksum::Md5 => self.seeded(Md5::new(), block),
            Checksum::Md4 => self.seeded(Md4::new(), block),
            Checksum::Sha1 => self.seeded(Sha1::new(), block),
            Checksum::None => Digest::new(&[0]),
        }
    }

    fn seeded<D: md5::Digest>(&self, mut hasher: D, block: &[u8]) -> Digest {
        let seed = self.seed.as_ref().map_or(&[][..], |seed| seed);
        if self.seed_last {
            hasher.update(block);
            hasher.update(seed);
        } else {
            hasher.update(seed);
            hasher.update(block);
        }
        Digest::new(&hasher.finalize())
    }
}

/// MD5 of an xattr value, unseeded.
pub fn md5(data: &[u8]) -> [u8; 16] {
    Md5::digest(data).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testdata::{captured_basis, captured_source};

    fn spec(algo: Checksum, seed: i32) -> SumSpec {
        SumSpec { algo, seed, legacy_md4: false, seed_last: false }
    }

    fn whole(spec: &SumSpec, data: &[u8]) -> String {
        let mut h = FileHasher::transfer(spec);
        h.update(data);
        format!("{:?}", h.finish())
    }

    fn block(spec: &SumSpec, data: &[u8]) -> String {
        format!("{:?}", BlockHasher::new(spec).digest(data))
    }

    #[test]
    fn names() {
        for name in Checksum::NAMES.into_iter().chain(["none"]) {
            assert_eq!(Checksum::from_name(name).map(Checksum::name), Some(name));
        }
        assert_eq!(Checksum::from_name("XXHash"), Some(Checksum::Xxh64));
        assert_eq!(Checksum::from_name("Md5"), Some(Checksum::Md5));
        assert_eq!(Checksum::from_name("md"), None);
        assert_eq!(Checksum::from_name(""), None);
    }

    #[test]
    fn digest_lengths() {
        for algo in Checksum::ALL {
            let h = FileHasher::list(algo);
            assert_eq!(h.finish().as_bytes().len(), algo.digest_len(), "{algo:?}");
            let d = BlockHasher::new(&spec(algo, 5)).digest(b"abc");
            assert_eq!(d.as_bytes().len(), algo.digest_len(), "{algo:?}");
        }
    }

    #[test]
    fn published_digests() {
        for (algo, data, digest) in [
            (Checksum::Xxh128, "", "7f498d4624c30160d8984701d306aa99"),
            (Checksum::Xxh3, "", "c294d3380580062d"),
            (Checksum::Xxh64, "", "99e9d85137db46ef"),
            (Checksum::Md5, "abc", "900150983cd24fb0d6963f7d28e17f72"),
            (Checksum::Md4, "abc", "a448017aaf21d8525fc10ae87aa6729d"),
            (Checksum::Sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (Checksum::None, "abc", "00"),
        ] {
            assert_eq!(whole(&spec(algo, 9), data.as_bytes()), digest, "{algo:?}");
        }
    }

    #[test]
    fn captured_trailers() {
        let source = captured_source();
        assert_eq!(whole(&spec(Checksum::Xxh128, 1), &source), "16847a8c3919b5397b426cb6eb11947b");
        let legacy = SumSpec { legacy_md4: true, ..spec(Checksum::Md4, 1) };
        assert_eq!(whole(&legacy, &source), "76572d1637d8b9994647e08c13448cd7");
    }

    #[test]
    fn captured_block_sums() {
        let basis = captured_basis(1500);
        let legacy = SumSpec { legacy_md4: true, ..spec(Checksum::Md4, 1) };
        for (spec, sums) in [
            (spec(Checksum::Xxh128, 1), ["606e", "9a22", "6474"]),
            (legacy, ["412d", "eb2f", "e1bb"]),
        ] {
            for (data, sum) in basis.chunks(700).zip(sums) {
                assert!(block(&spec, data).starts_with(sum), "{spec:?}");
            }
        }
    }

    #[test]
    fn where_the_seed_goes() {
        let data = b"some data";
        let seed = 0x0403_0201;
        let front = [&[1, 2, 3, 4][..], data].concat();
        let back = [&data[..], &[1, 2, 3, 4]].concat();
        let plain = |algo, data: &[u8]| whole(&spec(algo, 0), data);
        let last = |algo, seed| SumSpec { seed_last: true, ..spec(algo, seed) };
        for algo in [Checksum::Md5, Checksum::Sha1] {
            assert_eq!(block(&spec(algo, seed), data), plain(algo, &front));
        }
        assert_eq!(block(&last(Checksum::Md5, seed), data), plain(Checksum::Md5, &back));
        assert_eq!(block(&spec(Checksum::Md4, seed), data), plain(Checksum::Md4, &back));
        for algo in [Checksum::Md5, Checksum::Md4, Checksum::Sha1] {
            assert_eq!(block(&last(algo, 0), data), plain(algo, data));
        }
        // The implied MD4 hashes its seed in front of a file even when it is 0.
        let legacy = SumSpec { legacy_md4: true, ..spec(Checksum::Md4, 0) };
        assert_eq!(whole(&legacy, data), plain(Checksum::Md4, &[&[0; 4][..], data].concat()));
    }

    #[test]
    fn xxh_seeds_are_sign_extended() {
        let minus_five = u64::MAX - 4;
        for len in [0usize, 3, 100, 240, 241, 700, 5000] {
            let data = vec![7; len];
            for (algo, digest) in [
                (
                    Checksum::Xxh128,
                    Digest::of_u128(xxhash3_128::Hasher::oneshot_with_seed(minus_five, &data)),
                ),
                (
                    Checksum::Xxh3,
                    Digest::of_u64(xxhash3_64::Hasher::oneshot_with_seed(minus_five, &data)),
                ),
                (Checksum::Xxh64, Digest::of_u64(XxHash64::oneshot(minus_five, &data))),
            ] {
                let got = BlockHasher::new(&spec(algo, -5)).digest(&data);
                assert_eq!(got, digest, "{algo:?} {len}");
            }
        }
    }

    #[test]
    fn pieces_do_not_matter() {
        let data = captured_basis(5000);
        for algo in Checksum::ALL {
            let mut h = FileHasher::list(algo);
            for piece in data.chunks(77) {
                h.update(piece);
            }
            assert_eq!(format!("{:?}", h.finish()), whole(&spec(algo, 0), &data), "{algo:?}");
        }
    }
}
