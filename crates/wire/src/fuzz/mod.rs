//! Entry points that drive the decoders over arbitrary bytes. The fuzz targets call them, and a
//! test beside each group feeds them seeded noise.
//!
//! The first byte of the input picks the protocol version and options, the rest is what the peer
//! sends. Beside not panicking, every entry point checks what all decoders promise: a message that
//! is not complete consumes nothing and asks for no more than is missing, and what was decoded
//! reads the same after encoding it again.

mod lists;
mod session;
mod tokens;

pub use lists::*;
pub use session::*;
pub use tokens::*;

use crate::{Cursor, Decode, DecodeError, Protocol};
use std::fmt::Debug;

/// The version and options that the first byte picks, and the rest.
fn split(data: &[u8]) -> (Protocol, u8, &[u8]) {
    let (&first, rest) = data.split_first().unwrap_or((&0, &[]));
    let p = Protocol::new(27 + u32::from(first) % 6).expect("27 to 32 are spoken");
    (p, first / 6, rest)
}

/// Decodes one message and checks the promises about incomplete ones. `decode` must not change
/// anything outside; a decoder with a memory is cloned in it. `None` at the end of the input or of
/// what makes sense.
fn step<T: Debug>(
    c: &mut Cursor<'_>,
    decode: impl for<'a, 'b> Fn(&'a mut Cursor<'b>) -> Decode<T>,
) -> Option<T> {
    let start = c.clone();
    let got = match decode(c) {
        Ok(got) => got,
        Err(DecodeError::Incomplete(n)) => {
            assert!(n > 0, "asks for nothing");
            assert_eq!(c.position(), start.position(), "consumed an incomplete message");
            return None;
        }
        Err(DecodeError::Bad(_)) => return None,
    };
    let used = c.position() - start.position();
    let bytes = start.clone().take(used).expect("was just consumed");
    for cut in [0, 1, used / 2, used.saturating_sub(1)].into_iter().filter(|&cut| cut < used) {
        let mut short = Cursor::new(&bytes[..cut]);
        match decode(&mut short) {
            Err(DecodeError::Incomplete(n)) => {
                assert!(n > 0 && n <= used - cut, "asks for {n} of {used} at {cut}");
                assert_eq!(short.position(), 0);
            }
            other => panic!("{cut} of {used} bytes gave {other:?}"),
        }
    }
    Some(got)
}

/// Checks that `bytes` decode to `want` and nothing else.
fn reads_as<T: Debug + PartialEq>(
    bytes: &[u8],
    want: &T,
    decode: impl FnOnce(&mut Cursor<'_>) -> Decode<T>,
) {
    let mut c = Cursor::new(bytes);
    assert_eq!(decode(&mut c).as_ref(), Ok(want));
    assert_eq!(c.remaining(), 0, "{want:?} left bytes behind");
}

/// Feeds `entry` with seeded noise and with damaged copies of `valid`.
#[cfg(test)]
fn noise(entry: fn(&[u8]), valid: &[Vec<u8>]) {
    let mut rng = fastrand::Rng::with_seed(0x0072_7379_6e63);
    valid.iter().for_each(|bytes| entry(bytes));
    for _ in 0..20_000 {
        let mut bytes: Vec<u8>;
        if valid.is_empty() || rng.u8(..4) == 0 {
            bytes = vec![0; rng.usize(..120)];
            rng.fill(&mut bytes);
        } else {
            bytes = valid[rng.usize(..valid.len())].clone();
            for _ in 0..rng.u8(1..5) {
                let at = rng.usize(..=bytes.len());
                match rng.u8(..5) {
                    0 => bytes.insert(at, rng.u8(..)),
                    1 => bytes.truncate(at),
                    2 if at < bytes.len() => {
                        let edges = [0, 1, 0x7F, 0x80, 0xFE, 0xFF];
                        bytes[at] = edges[rng.usize(..edges.len())];
                    }
                    3 if at < bytes.len() => bytes[at] ^= 1 << rng.u8(..8),
                    _ => {
                        let tail = bytes[at..].to_vec();
                        bytes.extend(tail);
                    }
                }
            }
        }
        entry(&bytes);
    }
}
