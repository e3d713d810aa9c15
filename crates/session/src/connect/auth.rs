//! Daemon authentication, both sides' arithmetic (WIRE.md, Authentication).

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use md4::Md4;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use wire::greeting::DIGESTS;

/// The digest of one login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthDigest {
    /// One of [`DIGESTS`], by position; a smaller position is stronger.
    Named(usize),
    /// MD4 behind four zero bytes: a peer before protocol 30, which sends no list.
    LegacyMd4,
}

impl AuthDigest {
    /// Both sides choose alike: the strongest that both know. `peer` is the list of the peer's greeting, `None` if it
    /// had none. `None` if there is no common one.
    pub fn choose(peer: Option<&[String]>, modern: bool) -> Option<AuthDigest> {
        match peer {
            Some(names) => {
                let known = |own: &&str| names.iter().any(|name| name == own);
                DIGESTS.iter().position(known).map(AuthDigest::Named)
            }
            None if modern => DIGESTS.iter().position(|own| *own == "md5").map(AuthDigest::Named),
            None => Some(AuthDigest::LegacyMd4),
        }
    }

    /// Its name in configuration and messages.
    pub fn name(self) -> &'static str {
        match self {
            AuthDigest::Named(i) => DIGESTS[i],
            AuthDigest::LegacyMd4 => "md4",
        }
    }

    /// Unpadded base64 of the digest of `parts` one behind the other.
    pub fn of(self, parts: &[&[u8]]) -> String {
        fn run<D: Digest>(parts: &[&[u8]]) -> String {
            let mut digest = D::new();
            for part in parts {
                digest.update(part);
            }
            STANDARD_NO_PAD.encode(digest.finalize())
        }
        match self.name() {
            "sha512" => run::<Sha512>(parts),
            "sha256" => run::<Sha256>(parts),
            "sha1" => run::<Sha1>(parts),
            "md5" => run::<Md5>(parts),
            _ => run::<Md4>(parts),
        }
    }

    /// The response to a challenge.
    pub fn response(self, password: &[u8], challenge: &[u8]) -> String {
        match self {
            AuthDigest::LegacyMd4 => self.of(&[&[0; 4], password, challenge]),
            AuthDigest::Named(_) => self.of(&[password, challenge]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_match_the_published_vectors() {
        let vectors = [
            (
                "sha512",
                "gSTbJiYN4ShEfoHzorn/IdSteffabE2cuYw9YhmwT0PjlyyA82YoaliKe9Ysg+vNQvB7KpFVe9wWr70OZak8iw",
            ),
            ("sha256", "1ZjSU59psm2SysvtA5t4fkyTlkh7QWPYoJVWV3cTYjk"),
            ("sha1", "+iuj8oVB7XggwE/IkpAVcFrfrD4"),
            ("md5", "I+bCt4c/61DrsFNTGV8qrw"),
            ("md4", "/6q4DcSEX7v32Zba1elcvA"),
        ];
        for (name, response) in vectors {
            let digest = AuthDigest::choose(Some(&[name.to_string()]), true).unwrap();
            assert_eq!(digest.response(b"pw d", b"QUJD"), response, "{name}");
        }
        assert_eq!(AuthDigest::LegacyMd4.response(b"pw d", b"QUJD"), "cQfqafjXUAZ3yHwMn8SFzw");
    }

    #[test]
    fn the_strongest_common_digest_wins_whatever_the_order() {
        let list = |names: &str| names.split(' ').map(String::from).collect::<Vec<_>>();
        let chosen = |names| AuthDigest::choose(Some(&list(names)), true).map(AuthDigest::name);
        assert_eq!(chosen("md4 sha1 sha256 crc"), Some("sha256"));
        assert_eq!(chosen("crc"), None);
        assert_eq!(AuthDigest::choose(None, true).unwrap().name(), "md5");
        assert_eq!(AuthDigest::choose(None, false), Some(AuthDigest::LegacyMd4));
    }
}
