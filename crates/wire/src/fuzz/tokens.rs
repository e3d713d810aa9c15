//! Entry point for token streams.

use crate::{
    Cursor, DecodeError, Protocol,
    token::{Compressor, MAX_TOKEN_DATA, Token, TokenReader, TokenWriter},
};

const COMPRESSORS: &[Compressor] = &[
    Compressor::None,
    Compressor::Zlib,
    Compressor::Zlibx,
    #[cfg(feature = "zstd")]
    Compressor::Zstd,
    Compressor::Lz4,
];
/// Length of a block here: more than one piece of zlib history now and then.
const BLOCK: usize = 70_000;
/// How much output is looked at; a few bytes may expand to very much more.
const MAX_OUTPUT: usize = 8 << 20;

/// Reads `bytes` as a stream of any kind; and writes a stream that they describe, to read it back.
pub fn tokens(bytes: &[u8]) {
    let Some((&[version, kind], rest)) = bytes.split_first_chunk::<2>() else { return };
    let Some(p) = Protocol::new(27 + u32::from(version) % 6) else { return };
    let c = COMPRESSORS[usize::from(kind) % COMPRESSORS.len()];
    if kind < 128 { read_any(p, c, rest) } else { round_trip(p, c, rest) }
}

fn read_any(p: Protocol, compressor: Compressor, bytes: &[u8]) {
    let mut reader = TokenReader::new(p, compressor);
    let mut data = Vec::new();
    let mut c = Cursor::new(bytes);
    let mut output = 0;
    reader.begin(1000);
    while output < MAX_OUTPUT {
        let before = c.position();
        match reader.next(&mut c, &mut data) {
            Err(DecodeError::Incomplete(n)) => {
                assert!(n > 0 && c.position() == before);
                return;
            }
            Err(DecodeError::Bad(_)) => return,
            Ok(Token::Data) => {
                assert!(data.len() <= MAX_TOKEN_DATA);
                assert!(!data.is_empty() || c.position() > before);
                output += data.len();
            }
            Ok(Token::Raw(n)) => {
                if c.take(n as usize).is_err() {
                    return;
                }
            }
            Ok(Token::Block(i)) => {
                assert!(i < 1000);
                if reader.wants_matched() {
                    reader.matched(&[0; BLOCK]);
                }
                output += BLOCK;
            }
            Ok(Token::End) => reader.begin(1000),
        }
    }
}

fn round_trip(p: Protocol, compressor: Compressor, script: &[u8]) {
    let block = |i: u32| vec![i as u8; BLOCK];
    let mut writer = TokenWriter::new(p, compressor, 1);
    let (mut stream, mut content, mut blocks) = (Vec::new(), Vec::new(), Vec::new());
    writer.begin();
    for op in script.chunks(3).take(100) {
        match *op {
            [how, a, b] if how & 1 == 0 => {
                let literal = vec![a ^ how; usize::from(b) << (how >> 5)];
                writer.literal(&literal, &mut stream).expect("memory");
                content.extend_from_slice(&literal);
            }
            [_, a, b] => {
                let i = u32::from(u16::from_be_bytes([a & 1, b]));
                writer.block(i, &block(i), &mut stream).expect("memory");
                blocks.push(i);
            }
            _ => writer.literal(op, &mut stream).expect("memory"),
        }
        if op.len() < 3 {
            content.extend_from_slice(op);
        }
    }
    writer.end(&mut stream).expect("memory");

    let mut reader = TokenReader::new(p, compressor);
    let mut data = Vec::new();
    let mut c = Cursor::new(&stream);
    let (mut content, mut blocks) = (content.as_slice(), blocks.iter());
    reader.begin(512);
    loop {
        let literal = match reader.next(&mut c, &mut data).expect("our own stream") {
            Token::Data => &data[..],
            Token::Raw(n) => c.take(n as usize).expect("our own stream"),
            Token::Block(i) => {
                assert_eq!(blocks.next(), Some(&i));
                reader.matched(&block(i));
                continue;
            }
            Token::End => break,
        };
        content = content.strip_prefix(literal).expect("the same literals");
    }
    assert!(content.is_empty() && blocks.next().is_none() && c.remaining() == 0);
}

#[cfg(test)]
mod tests {
    #[test]
    fn random_input() {
        let mut rng = fastrand::Rng::with_seed(11);
        for _ in 0..2000 {
            let mut input: Vec<u8> = (0..rng.usize(0..80)).map(|_| rng.u8(..)).collect();
            // Steers towards chunks of plausible length.
            if input.len() > 10 && rng.bool() {
                input[2..4].copy_from_slice(&[0x40, rng.u8(1..60)]);
            }
            super::tokens(&input);
        }
    }
}
