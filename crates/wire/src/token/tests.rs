use super::*;
use crate::{Cursor, DecodeError, Fault, Protocol, WireError};

const ALL: [Compressor; 5] =
    [Compressor::None, Compressor::Zlib, Compressor::Zlibx, Compressor::Zstd, Compressor::Lz4];

fn protocol(n: u32) -> Protocol {
    Protocol::new(n).expect("a known version")
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|d| u8::from_str_radix(std::str::from_utf8(d).expect("ASCII"), 16).expect("hex"))
        .collect()
}

/// One element of a file's content, with neighbouring literals joined.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Op {
    Literal(Vec<u8>),
    Block(u32),
}

fn literal(data: &[u8]) -> Op {
    Op::Literal(data.to_vec())
}

/// Reads one file; `arrive` is how many bytes arrive at a time. Blocks have the content that
/// `block` gives. Returns the content and how many bytes it took.
fn read(
    reader: &mut TokenReader,
    bytes: &[u8],
    arrive: usize,
    count: u32,
    block: &dyn Fn(u32) -> Vec<u8>,
) -> Result<(Vec<Op>, usize), WireError> {
    let mut ops = Vec::new();
    let mut data = Vec::new();
    let (mut at, mut have) = (0, 0);
    let add = |ops: &mut Vec<Op>, data: &[u8]| match ops.last_mut() {
        Some(Op::Literal(l)) => l.extend_from_slice(data),
        _ if data.is_empty() => {}
        _ => ops.push(literal(data)),
    };
    reader.begin(count);
    loop {
        let mut c = Cursor::new(&bytes[at..have]);
        let token = reader.next(&mut c, &mut data);
        match token {
            Err(DecodeError::Incomplete(n)) => {
                assert_eq!(c.position(), 0);
                assert!(n > 0);
                // The lower bound must be one: never more than what there is.
                assert!(have + n <= bytes.len(), "needs {n} beyond {have} of {}", bytes.len());
                have = bytes.len().min(have + arrive);
                continue;
            }
            Err(DecodeError::Bad(e)) => return Err(e),
            Ok(Token::Data) => {
                assert!(data.len() <= MAX_TOKEN_DATA);
                add(&mut ops, &data);
            }
            Ok(Token::Raw(n)) => loop {
                if let Ok(raw) = c.take(n as usize) {
                    add(&mut ops, raw);
                    break;
                }
                have = bytes.len().min(have + arrive);
                let taken = c.position();
                c = Cursor::new(&bytes[at..have]);
                c.take(taken).expect("these were there before");
            },
            Ok(Token::Block(i)) => {
                ops.push(Op::Block(i));
                if reader.wants_matched() {
                    reader.matched(&block(i));
                }
            }
            Ok(Token::End) => {
                return Ok((ops, at + c.position()));
            }
        }
        at += c.position();
    }
}

fn write(writer: &mut TokenWriter, ops: &[Op], block: &dyn Fn(u32) -> Vec<u8>) -> Vec<u8> {
    let mut out = Vec::new();
    writer.begin();
    for op in ops {
        let written = match op {
            Op::Literal(data) => writer.literal(data, &mut out),
            Op::Block(i) if writer.wants_matched() => writer.block(*i, &block(*i), &mut out),
            Op::Block(i) => writer.block(*i, &[], &mut out),
        };
        written.expect("there is memory");
    }
    writer.end(&mut out).expect("there is memory");
    out
}

fn captured_basis(len: usize) -> Vec<u8> {
    let mut x: u32 = 1;
    let step = || {
        x = x.wrapping_mul(1_103_515_245).wrapping_add(12_345) & 0x7fff_ffff;
        (x >> 16) as u8
    };
    std::iter::repeat_with(step).take(len).collect()
}

fn captured_block(i: u32) -> Vec<u8> {
    captured_basis(5600)[i as usize * 700..][..700].to_vec()
}

fn captured_ops() -> Vec<Op> {
    vec![
        literal(&[b'A'; 48]),
        Op::Block(0),
        Op::Block(1),
        Op::Block(2),
        literal(b"hello hello hello hello "),
        Op::Block(3),
        Op::Block(6),
        Op::Block(7),
        literal(b"tail"),
    ]
}

fn captured_stream(c: Compressor) -> Vec<u8> {
    let mut plain = hex("30000000");
    plain.extend_from_slice(&[b'A'; 48]);
    plain.extend(hex("ffffffff feffffff fdffffff 18000000"));
    plain.extend_from_slice(b"hello hello hello hello ");
    plain.extend(hex("fcffffff f9ffffff f8ffffff 04000000 7461696c 00000000"));
    match c {
        Compressor::None => plain,
        Compressor::Zlib | Compressor::Zlibx => {
            hex("40 06 72 74 24 0d 00 00 c0 02 00 40 0a ca 48 cd c9 c9 57 c0 24 01 00 81 c3 01 00
             40 06 2a 49 cc cc 01 00 00")
        }
        Compressor::Zstd => hex("40 11 28b52ffd 00 58 44 00 00 10 41 41 01 00 9b 00 0b c0 02 00
             40 0f 64 00 00 30 68656c6c6f20 01 00 f1 4a 11 81 c3 01 00
             40 07 20 00 00 7461696c 00"),
        Compressor::Lz4 => hex("40 0b 1f 41 01 00 17 50 41 41 41 41 41 c0 02 00
             40 0f 69 68656c6c6f20 06 00 50 656c6c6f20 81 c3 01 00 40 05 40 7461696c 00"),
    }
}

#[test]
fn captured_streams_decode_however_they_arrive() {
    for c in ALL {
        let stream = captured_stream(c);
        for arrive in (1..20).chain([stream.len()]) {
            let mut reader = TokenReader::new(protocol(32), c);
            let got = read(&mut reader, &stream, arrive, 8, &captured_block);
            assert_eq!(got, Ok((captured_ops(), stream.len())), "{c:?} {arrive}");
        }
    }
}

#[test]
fn captured_content_encodes_to_the_captured_framing() {
    for c in ALL {
        let mut writer = TokenWriter::new(protocol(32), c, c.level(None).unwrap_or(0));
        let stream = write(&mut writer, &captured_ops(), &captured_block);
        // lz4 and deflate encoders differ in their choices; the rest is exact.
        match c {
            Compressor::None | Compressor::Zstd => assert_eq!(stream, captured_stream(c), "{c:?}"),
            _ => {
                let (mine, theirs) = (tokens_of(&stream), tokens_of(&captured_stream(c)));
                assert_eq!(mine, theirs, "{c:?}");
            }
        }
    }
}

/// A compressed stream without its data.
fn tokens_of(stream: &[u8]) -> Vec<u8> {
    let mut tokens = Vec::new();
    let mut c = Cursor::new(stream);
    while c.remaining() > 0 {
        let at = c.position();
        match framing::record(&mut c, 0).expect("well-formed") {
            framing::Record::Data(_) => tokens.push(0x40),
            _ => tokens.extend_from_slice(&stream[at..c.position()]),
        }
    }
    tokens
}

#[test]
fn random_content_round_trips() {
    let mut rng = fastrand::Rng::with_seed(7);
    // Blocks that the literals repeat parts of, so that the history matters.
    let basis: Vec<u8> = (0..200_000).map(|_| rng.u8(..)).collect();
    for p in [27, 29, 30, 31, 32] {
        for c in ALL {
            let mut writer = TokenWriter::new(protocol(p), c, c.level(None).unwrap_or(0));
            let mut reader = TokenReader::new(protocol(p), c);
            for file in 0..12 {
                let len = [1, 700, 5000, 40_000, 66_000, 140_000][file % 6];
                let block = |i: u32| basis[i as usize % 50 * 1000..][..len].to_vec();
                let count = 200_000;
                let mut ops: Vec<Op> = Vec::new();
                let mut next = 0;
                for _ in 0..rng.usize(0..12) {
                    match rng.u8(0..6) {
                        0 | 1 if !matches!(ops.last(), Some(Op::Literal(_))) => {
                            let n = rng.usize(1..40_000);
                            let at = rng.usize(0..basis.len() - n);
                            ops.push(literal(&basis[at..at + n]));
                        }
                        2 => next = rng.u32(0..count - 1),
                        3 => next = (next + rng.u32(0..70)) % (count - 1),
                        _ => {
                            for _ in 0..rng.u32(1..4) {
                                ops.push(Op::Block(next));
                                next = (next + 1) % count;
                            }
                        }
                    }
                }
                let stream = write(&mut writer, &ops, &block);
                let arrive = [stream.len(), 1000, 1][file % 3];
                let got = read(&mut reader, &stream, arrive, count, &block);
                let same = got == Ok((ops, stream.len()));
                assert!(same, "{c:?} protocol {p} file {file}");
            }
        }
    }
}

#[test]
fn matched_data_enters_the_zlib_history_only() {
    let mut rng = fastrand::Rng::with_seed(8);
    let content: Vec<u8> = (0..20_000).map(|_| rng.u8(..)).collect();
    let block = |_| content.clone();
    let ops = [Op::Block(0), literal(&content)];
    let size = |c| write(&mut TokenWriter::new(protocol(32), c, 6), &ops, &block).len();
    assert!(size(Compressor::Zlib) < 1000, "{}", size(Compressor::Zlib));
    assert!(size(Compressor::Zlibx) > 19_000);
}

#[test]
fn long_blocks_repeat_their_start_before_protocol_31() {
    let mut rng = fastrand::Rng::with_seed(9);
    let content: Vec<u8> = (0..131_072).map(|_| rng.u8(..)).collect();
    let block = |_| content.clone();
    // The second piece is the start of the block again, the third its first two bytes.
    let early = [Op::Block(0), literal(&content[50_000..60_000])];
    let late = [Op::Block(0), literal(&content[115_000..125_000])];
    let size = |p, ops: &[Op]| {
        write(&mut TokenWriter::new(protocol(p), Compressor::Zlib, 6), ops, &block).len()
    };
    assert!(size(30, &early) < 1000 && size(30, &late) > 9000);
    assert!(size(31, &late) < 1000 && size(31, &early) > 9000);
}

#[test]
fn discarding_keeps_the_zlib_history_aligned() {
    let content = captured_basis(5000);
    let ops = [Op::Block(0), literal(&content[..3000]), Op::Block(1), literal(&content[1000..])];
    let mut writer = TokenWriter::new(protocol(32), Compressor::Zlib, 6);
    let stream = write(&mut writer, &ops, &|_| content.clone());
    let mut reader = TokenReader::new(protocol(32), Compressor::Zlib);
    let (got, taken) =
        read(&mut reader, &stream, 100, 2, &|_| vec![0; 5000]).expect("still decodes");
    assert_eq!(taken, stream.len());
    let lens = |ops: &[Op]| -> Vec<usize> {
        ops.iter().map(|op| if let Op::Literal(l) = op { l.len() } else { 0 }).collect()
    };
    assert_eq!(lens(&got), lens(&ops));
}

#[test]
fn one_zstd_frame_for_the_session() {
    let mut writer = TokenWriter::new(protocol(32), Compressor::Zstd, 3);
    let mut reader = TokenReader::new(protocol(32), Compressor::Zstd);
    let ops = [literal(b"some text, some text")];
    let magic = [0x28, 0xb5, 0x2f, 0xfd];
    for file in 0..3 {
        let stream = write(&mut writer, &ops, &|_| Vec::new());
        assert_eq!(stream.windows(4).filter(|w| *w == magic).count(), usize::from(file == 0));
        let got = read(&mut reader, &stream, 3, 0, &|_| Vec::new());
        assert_eq!(got, Ok((ops.to_vec(), stream.len())));
    }
}

#[test]
fn zstd_compresses_on_threads() {
    let mut rng = fastrand::Rng::with_seed(7);
    let words: Vec<Vec<u8>> = (0..500).map(|n| format!("word{n:x} ").into_bytes()).collect();
    let mut text = Vec::new();
    while text.len() < 6 << 20 {
        text.extend_from_slice(rng.choice(&words).expect("there are some"));
    }
    let ops: Vec<Op> = text.chunks(200_000).map(literal).collect();
    let mut streams = Vec::new();
    for threads in [0, 2] {
        let mut writer = TokenWriter::new(protocol(32), Compressor::Zstd, 3).with_threads(threads);
        let mut reader = TokenReader::new(protocol(32), Compressor::Zstd);
        for file in [&ops[..], &ops[..3]] {
            let stream = write(&mut writer, file, &|_| Vec::new());
            let (got, _) = read(&mut reader, &stream, 1, 0, &|_| Vec::new()).expect("valid");
            let content = |ops: &[Op]| {
                let parts = ops.iter().map(|op| match op {
                    Op::Literal(l) => l.as_slice(),
                    _ => panic!("only literals"),
                });
                parts.collect::<Vec<_>>().concat()
            };
            assert!(content(&got) == content(file), "{threads} threads");
            streams.push(stream);
        }
    }
    // Jobs of several threads do not see each other's history, which shows in what they make of it.
    assert!(streams[0] != streams[2], "the threads had no part in it");
}

#[test]
fn a_zstd_frame_for_each_file_is_accepted() {
    let mut reader = TokenReader::new(protocol(32), Compressor::Zstd);
    for text in ["first", "second"] {
        let frame = ::zstd::stream::encode_all(text.as_bytes(), 3).expect("in memory");
        let mut stream = Vec::new();
        framing::put_data(&frame, &mut stream);
        framing::put_end(&mut stream);
        let got = read(&mut reader, &stream, 2, 0, &|_| Vec::new());
        assert_eq!(got, Ok((vec![literal(text.as_bytes())], stream.len())));
    }
}

#[test]
fn expansion_is_handed_out_in_bounded_pieces() {
    for c in [Compressor::Zlib, Compressor::Zstd, Compressor::Lz4] {
        let ops = [literal(&vec![0; 10 << 20])];
        let mut writer = TokenWriter::new(protocol(32), c, 6);
        let stream = write(&mut writer, &ops, &|_| Vec::new());
        let mut reader = TokenReader::new(protocol(32), c);
        // `read` checks the size of each piece.
        let got = read(&mut reader, &stream, stream.len(), 0, &|_| Vec::new());
        assert!(got == Ok((ops.to_vec(), stream.len())), "{c:?}");
    }
}

#[test]
fn incompressible_literals_stay_within_chunks() {
    let mut rng = fastrand::Rng::with_seed(10);
    let ops = [literal(&(0..300_000).map(|_| rng.u8(..)).collect::<Vec<_>>())];
    for c in ALL {
        let mut writer = TokenWriter::new(protocol(32), c, c.level(None).unwrap_or(0));
        let stream = write(&mut writer, &ops, &|_| Vec::new());
        let got = read(&mut TokenReader::new(protocol(32), c), &stream, 5000, 0, &|_| Vec::new());
        assert!(got == Ok((ops.to_vec(), stream.len())), "{c:?}");
    }
}

#[test]
fn stored_blocks_at_level_zero() {
    for c in [Compressor::Zlib, Compressor::Zlibx] {
        let block = |i: u32| captured_block(i % 8);
        let ops = [literal(&captured_basis(50_000)), Op::Block(4), literal(b"more"), Op::Block(9)];
        let stream = write(&mut TokenWriter::new(protocol(32), c, 0), &ops, &block);
        let mut reader = TokenReader::new(protocol(32), c);
        assert_eq!(read(&mut reader, &stream, 999, 10, &block), Ok((ops.to_vec(), stream.len())));
    }
}

#[test]
fn runs() {
    let encode = |blocks: &[u32]| {
        let ops: Vec<Op> = blocks.iter().map(|&i| Op::Block(i)).collect();
        let mut writer = TokenWriter::new(protocol(32), Compressor::Zlibx, 6);
        let stream = write(&mut writer, &ops, &|_| Vec::new());
        let mut reader = TokenReader::new(protocol(32), Compressor::Zlibx);
        let got = read(&mut reader, &stream, 1, u32::MAX, &|_| Vec::new());
        assert!(got == Ok((ops, stream.len())));
        stream
    };
    assert_eq!(encode(&[0, 1, 2]), hex("c00200 00"));
    assert_eq!(encode(&[0]), hex("80 00"));
    assert_eq!(encode(&[63, 126, 190]), hex("bf bf 20be000000 00"));
    assert_eq!(encode(&[64, 65]), hex("2140000000 0100 00"));
    assert_eq!(encode(&[5, 5, 4]), hex("85 80 2004000000 00"));
    assert_eq!(encode(&[0x0102_0304]), hex("2004030201 00"));
    let long: Vec<u32> = (10..65_548).collect();
    assert_eq!(encode(&long), hex("caffff c10100 00"));
}

fn error_of(c: Compressor, stream: &[u8], count: u32) -> WireError {
    let mut reader = TokenReader::new(protocol(32), c);
    // More bytes behind it, so that an error is not mistaken for a short stream.
    let stream = [stream, &[0; 64]].concat();
    let got = read(&mut reader, &stream, stream.len(), count, &captured_block);
    got.expect_err("malformed")
}

#[test]
fn bad_tokens_are_protocol_errors() {
    let invalid = "invalid token number in compressed stream";
    for stream in [
        "20 ffffffff",
        "21 ffffffff 0100",
        "21 01000000 0000",
        "c0 0000",
        "21 ffffff7f 0100",
        "20 ffffff7f 81",
    ] {
        let e = error_of(Compressor::Lz4, &hex(stream), u32::MAX);
        assert_eq!((e.fault, e.to_string().as_str()), (Fault::Protocol, invalid), "{stream}");
    }
    for (c, stream) in [
        (Compressor::Lz4, "83"),
        (Compressor::Zstd, "c0 0300"),
        (Compressor::Zlibx, "20 03000000"),
        (Compressor::None, "fcffffff"),
    ] {
        let e = error_of(c, &hex(stream), 3);
        assert_eq!(e.fault, Fault::Protocol);
        assert_eq!(e.to_string(), "Invalid block index 3 (count=3)", "{stream}");
        assert!(e.wants_role);
    }
    let e = error_of(Compressor::None, &hex("00000080"), 0);
    assert_eq!(e.to_string(), "Invalid block index 2147483647 (count=0)");
}

#[test]
fn broken_streams_are_stream_errors() {
    for (c, stream) in [
        // Undefined flag bytes.
        (Compressor::Zlib, "01"),
        (Compressor::Zlib, "1f"),
        (Compressor::Zstd, "22"),
        (Compressor::Lz4, "3f"),
        // An empty chunk.
        (Compressor::Zlib, "40 00"),
        // A flush whose tail was sent, with and without a block behind it.
        (Compressor::Zlib, "40 0a 72 74 24 0d 00 00 0000ffff 80 00"),
        (Compressor::Zlibx, "40 0a 72 74 24 0d 00 00 0000ffff 00"),
        // No flush.
        (Compressor::Zlibx, "40 05 72 74 24 0d 00 00"),
        (Compressor::Zlibx, "40 02 72 74 00"),
        // A final block.
        (Compressor::Zlibx, "40 04 4b 04 00 00 00"),
        // A reserved block type; a distance before the beginning.
        (Compressor::Zlibx, "40 01 ff 00"),
        (Compressor::Zlibx, "40 04 4a 04 11 00 00"),
        // Not zstd.
        (Compressor::Zstd, "40 05 0102030405"),
        // lz4: offset 0, an offset before the beginning, and nothing at all.
        (Compressor::Lz4, "40 04 1f 41 00 00"),
        (Compressor::Lz4, "40 06 10 41 05 00 10 41"),
        (Compressor::Lz4, "40 01 00"),
    ] {
        let e = error_of(c, &hex(stream), 8);
        assert_eq!(e.fault, Fault::Stream, "{c:?} {stream}: {e}");
    }
}

#[test]
fn lz4_blocks_are_bounded() {
    let block = |len: usize| {
        let mut stream = Vec::new();
        framing::put_data(&lz4_flex::block::compress(&vec![0; len]), &mut stream);
        framing::put_end(&mut stream);
        stream
    };
    let stream = block(32912);
    let mut reader = TokenReader::new(protocol(32), Compressor::Lz4);
    let got = read(&mut reader, &stream, 9999, 0, &|_| Vec::new());
    assert_eq!(got, Ok((vec![literal(&[0; 32912])], stream.len())));
    assert_eq!(error_of(Compressor::Lz4, &block(32913), 0).fault, Fault::Stream);
}

#[test]
fn a_reader_that_lost_the_stream_stays_lost() {
    let mut reader = TokenReader::new(protocol(32), Compressor::Zlib);
    reader.begin(1);
    let mut data = Vec::new();
    let stream = hex("40 01 ff 80 00");
    let mut c = Cursor::new(&stream);
    assert!(matches!(reader.next(&mut c, &mut data), Err(DecodeError::Bad(_))));
    reader.matched(b"block");
    assert!(matches!(reader.next(&mut c, &mut data), Err(DecodeError::Bad(_))));
}

#[test]
fn plain_literals_of_any_length() {
    let mut out = Vec::new();
    out.extend_from_slice(&literal_head(200_000));
    out.resize(out.len() + 200_000, 7);
    plain::put_end(&mut out);
    let mut reader = TokenReader::new(protocol(32), Compressor::None);
    let got = read(&mut reader, &out, 7000, 0, &|_| Vec::new());
    assert_eq!(got, Ok((vec![literal(&vec![7; 200_000])], out.len())));
}

#[test]
fn plain_literals_are_sent_in_pieces() {
    let mut writer = TokenWriter::new(protocol(32), Compressor::None, 0);
    assert!(writer.is_plain() && !writer.wants_matched());
    let stream = write(&mut writer, &[literal(&[1; 70_000])], &|_| Vec::new());
    assert_eq!(stream.len(), 70_000 + 4 * 3 + 4);
    assert_eq!(stream[..4], 32768u32.to_le_bytes());
    assert_eq!(stream[65544..][..4], 4464u32.to_le_bytes());
}

#[test]
fn names() {
    for c in ALL {
        assert_eq!(Compressor::from_name(c.name()), Some(c));
        assert_eq!(Compressor::from_name(&c.name().to_uppercase()), Some(c));
    }
    assert_eq!(Compressor::from_name("gzip"), None);
    assert!(Compressor::NAMES.iter().all(|n| Compressor::from_name(n).is_some()));
}

#[test]
fn levels() {
    for (c, level, meaning) in [
        (Compressor::Zlib, None, Some(6)),
        (Compressor::Zlib, Some(-1), Some(6)),
        (Compressor::Zlib, Some(0), None),
        (Compressor::Zlibx, Some(0), None),
        (Compressor::Zlibx, Some(1), Some(1)),
        (Compressor::Zlib, Some(99), Some(9)),
        (Compressor::Zlib, Some(-7), Some(1)),
        (Compressor::Zstd, None, Some(3)),
        (Compressor::Zstd, Some(0), Some(3)),
        (Compressor::Zstd, Some(-1), Some(-1)),
        (Compressor::Zstd, Some(99), Some(22)),
        (Compressor::Lz4, Some(5), Some(0)),
        (Compressor::None, Some(5), None),
    ] {
        assert_eq!(c.level(level), meaning, "{c:?} {level:?}");
    }
    assert!(Compressor::Zstd.level(Some(i32::MIN)).is_some_and(|l| l < -1000));
}

#[test]
fn only_old_zlib_wants_matched_data() {
    for c in ALL {
        let wants = c == Compressor::Zlib;
        assert_eq!(TokenWriter::new(protocol(32), c, 6).wants_matched(), wants);
        assert_eq!(TokenReader::new(protocol(32), c).wants_matched(), wants);
    }
}
