use super::*;
use crate::{
    checksum::Checksum,
    testdata::{captured_basis, captured_source},
};
use std::convert::Infallible;

const SPEC: SumSpec =
    SumSpec { algo: Checksum::Xxh128, seed: 1, legacy_md4: false, seed_last: false };

/// A source that checks how it is asked.
struct Checked<'a> {
    data: &'a [u8],
    furthest: u64,
}

impl Source for Checked<'_> {
    fn len(&self) -> u64 {
        self.data.len() as u64
    }
    fn window(&mut self, offset: u64, len: usize) -> io::Result<&[u8]> {
        assert!(len <= MAX_WINDOW);
        assert!(offset + MAX_WINDOW as u64 >= self.furthest);
        self.furthest = self.furthest.max(offset);
        Ok(&self.data[offset as usize..][..len])
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    /// Joined with its neighbours.
    Literal(usize),
    Block(u32),
}

/// Checks that what it is given is the source, in order and without gaps.
struct Record<'a> {
    data: &'a [u8],
    at: usize,
    ops: Vec<Op>,
    literals: Vec<usize>,
}

impl Record<'_> {
    fn take(&mut self, offset: u64, data: &[u8]) {
        assert_eq!(offset, self.at as u64);
        assert!(!data.is_empty());
        assert!(self.data[self.at..].starts_with(data));
        self.at += data.len();
    }
}

impl Sink for Record<'_> {
    type Error = Infallible;
    fn literal(&mut self, offset: u64, data: &[u8]) -> Result<(), Infallible> {
        assert!(data.len() <= MAX_LITERAL);
        self.take(offset, data);
        self.literals.push(data.len());
        match self.ops.last_mut() {
            Some(Op::Literal(n)) => *n += data.len(),
            _ => self.ops.push(Op::Literal(data.len())),
        }
        Ok(())
    }
    fn matched(&mut self, offset: u64, index: u32, data: &[u8]) -> Result<(), Infallible> {
        self.take(offset, data);
        self.ops.push(Op::Block(index));
        Ok(())
    }
}

fn signature(basis: &[u8], blength: usize, s2length: u32) -> Signature {
    let mut sig = Signature::with_sizes(blength as u32, (basis.len() % blength) as u32, s2length);
    sig.push_blocks(basis, &mut BlockHasher::new(&SPEC));
    sig
}

struct Outcome {
    ops: Vec<Op>,
    literals: Vec<usize>,
    stats: MatchStats,
}

/// Runs the matcher and checks everything that holds for any source and signature.
fn run(sig: &Signature, source: &[u8], in_place: bool) -> Outcome {
    let mut hasher = FileHasher::transfer(&SPEC);
    let mut sink = Record { data: source, at: 0, ops: Vec::new(), literals: Vec::new() };
    let mut src = Checked { data: source, furthest: 0 };
    let stats = Matcher::new(sig, &SPEC, in_place)
        .run(&mut src, &mut hasher, &mut sink)
        .expect("neither side fails");
    assert_eq!(sink.at, source.len());
    let mut whole = FileHasher::transfer(&SPEC);
    whole.update(source);
    assert!(hasher.finish() == whole.finish());
    let literal: usize = sink.literals.iter().sum();
    assert_eq!(stats.literal, literal as u64);
    assert_eq!(stats.literal + stats.matched, source.len() as u64);
    let blocks = sink.ops.iter().filter(|op| matches!(op, Op::Block(_))).count();
    assert_eq!(stats.matches, blocks as u64);
    Outcome { ops: sink.ops, literals: sink.literals, stats }
}

/// Rebuilds the file from a separate basis.
fn rebuild(ops: &[Op], sig: &Signature, basis: &[u8], source: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    for op in ops {
        match *op {
            Op::Literal(n) => out.extend_from_slice(&source[out.len()..][..n]),
            Op::Block(i) => {
                let at = i as usize * sig.blength as usize;
                out.extend_from_slice(&basis[at..][..sig.block_len(i) as usize]);
            }
        }
    }
    out
}

/// Rebuilds the file over the basis, as an in-place receiver does.
fn rebuild_in_place(ops: &[Op], sig: &Signature, basis: &[u8], source: &[u8]) -> Vec<u8> {
    let mut file = basis.to_vec();
    file.resize(basis.len().max(source.len()), 0);
    let mut at = 0;
    for op in ops {
        match *op {
            Op::Literal(n) => {
                file[at..at + n].copy_from_slice(&source[at..at + n]);
                at += n;
            }
            Op::Block(i) => {
                let from = i as usize * sig.blength as usize;
                let len = sig.block_len(i) as usize;
                file.copy_within(from..from + len, at);
                at += len;
            }
        }
    }
    file.truncate(at);
    file
}

fn random(rng: &mut fastrand::Rng, len: usize) -> Vec<u8> {
    (0..len).map(|_| rng.u8(..)).collect()
}

#[test]
fn captured_delta() {
    let sig = signature(&captured_basis(1500), 700, 2);
    let got = run(&sig, &captured_source(), false);
    assert_eq!(got.ops, [Op::Block(0), Op::Literal(5), Op::Block(1), Op::Block(2)]);
}

#[test]
fn nothing_to_match() {
    let data = captured_basis(1000);
    for sig in [Signature::default(), signature(&captured_basis(5000)[2000..], 700, 2)] {
        assert_eq!(run(&sig, &data, false).ops, [Op::Literal(1000)]);
        assert_eq!(run(&sig, &[], false).ops, []);
        assert_eq!(run(&sig, &data[..3], true).ops, [Op::Literal(3)]);
    }
}

#[test]
fn short_last_block_only_at_the_end() {
    let basis = captured_basis(1500);
    let sig = signature(&basis, 700, 4);
    assert_eq!(run(&sig, &basis[1400..], false).ops, [Op::Block(2)]);
    // In the middle of the file it is not looked for.
    let middle = [&basis[1400..], &[0; 900]].concat();
    assert_eq!(run(&sig, &middle, false).ops, [Op::Literal(1000)]);
    let end = [&[0; 900][..], &basis[1400..]].concat();
    assert_eq!(run(&sig, &end, false).ops, [Op::Literal(900), Op::Block(2)]);
    let behind = [&basis[..700], &basis[1400..]].concat();
    assert_eq!(run(&sig, &behind, false).ops, [Op::Block(0), Op::Block(2)]);
    // A basis of nothing but a short block.
    let tiny = signature(&basis[..50], 700, 4);
    assert_eq!(run(&tiny, &basis[..50], true).ops, [Op::Block(0)]);
    assert_eq!(run(&tiny, &basis[..49], false).ops, [Op::Literal(49)]);
}

#[test]
fn a_remainder_of_a_whole_block_is_a_whole_block() {
    let basis = captured_basis(1400);
    let sig = Signature { remainder: 700, ..signature(&basis, 700, 4) };
    let swapped = [&basis[700..], &basis[..700]].concat();
    assert_eq!(run(&sig, &swapped, false).ops, [Op::Block(1), Op::Block(0)]);
}

#[test]
fn malformed_signatures_match_nothing() {
    let data = captured_basis(2000);
    let good = signature(&data, 700, 4);
    for sig in [
        Signature { blength: 0, remainder: 0, ..good.clone() },
        Signature { remainder: 701, ..good.clone() },
        Signature { s2length: 5, ..good.clone() },
        Signature { blength: u32::MAX, ..good.clone() },
    ] {
        assert_eq!(run(&sig, &data, false).ops, [Op::Literal(2000)]);
    }
    // Longer strong sums than the checksum has.
    let long = Signature { s2length: 19, strong: vec![0; 19 * 3], ..good.clone() };
    assert_eq!(run(&long, &data, true).ops, [Op::Literal(2000)]);
    // No strong sums at all: the rolling sum decides.
    let none = Signature { s2length: 0, strong: Vec::new(), ..good };
    assert_eq!(run(&none, &data, false).ops, [Op::Block(0), Op::Block(1), Op::Block(2)]);
}

#[test]
fn equal_blocks_continue_the_run() {
    let basis = vec![0; 100 * 700];
    let sig = signature(&basis, 700, 2);
    let want: Vec<Op> = (0..100).map(Op::Block).collect();
    assert_eq!(run(&sig, &basis, false).ops, want);
    assert_eq!(run(&sig, &basis, true).ops, want);
    // More of them than the basis has.
    let got = run(&sig, &vec![0; 300 * 700], false);
    assert_eq!((got.stats.matches, got.stats.literal), (300, 0));
}

#[test]
fn random_edits_are_found_and_rebuilt() {
    let mut rng = fastrand::Rng::with_seed(1);
    for round in 0..150 {
        let blength = [16, 700, 1000, 5000][round % 4];
        let len = rng.usize(1..60 * blength);
        let mut basis = random(&mut rng, len);
        if round % 5 == 0 {
            // Many equal blocks.
            for i in 0..basis.len() {
                basis[i] = basis[i % blength] & 1;
            }
        }
        let mut source = basis.clone();
        let mut edits = 0;
        for _ in 0..rng.usize(0..6) {
            let at = rng.usize(0..=source.len());
            let end = (at + rng.usize(0..3 * blength)).min(source.len());
            match rng.u8(0..4) {
                0 => drop(source.drain(at..end)),
                1 => {
                    let n = rng.usize(0..3 * blength);
                    let new = random(&mut rng, n);
                    drop(source.splice(at..at, new));
                }
                2 => source[at..end].iter_mut().for_each(|b| *b ^= 1),
                _ => {
                    let part = source[at..end].to_vec();
                    source.extend(part);
                }
            }
            edits += 1;
        }
        let sig = signature(&basis, blength, 8);
        let got = run(&sig, &source, false);
        assert!(rebuild(&got.ops, &sig, &basis, &source) == source, "round {round}");
        // Each edit spoils at most what it changed and a block on either side.
        let spoilt = edits * 5 * blength;
        assert!(got.stats.literal as usize <= spoilt, "round {round}: {:?}", got.stats);
        let got = run(&sig, &source, true);
        assert!(rebuild_in_place(&got.ops, &sig, &basis, &source) == source, "round {round}");
    }
}

#[test]
fn blocks_are_found_at_every_alignment_to_the_window() {
    let mut rng = fastrand::Rng::with_seed(2);
    let block = random(&mut rng, 131_072);
    for blength in [700, 131_072] {
        let sig = signature(&block[..blength], blength, 8);
        for edge in [MAX_LITERAL, MAX_WINDOW - blength, MAX_WINDOW] {
            for at in [edge - 1, edge, edge + 1] {
                let mut source = vec![1; at];
                source.extend_from_slice(&block[..blength]);
                source.extend_from_slice(&[2; 5]);
                let got = run(&sig, &source, false);
                let want = [Op::Literal(at), Op::Block(0), Op::Literal(5)];
                assert_eq!(got.ops, want, "{blength} {at}");
            }
        }
    }
}

#[test]
fn literals_come_in_large_pieces() {
    let mut rng = fastrand::Rng::with_seed(3);
    let source = random(&mut rng, 3 * MAX_WINDOW + 1000);
    let far = signature(&captured_basis(7000), 700, 8);
    for sig in [Signature::default(), far] {
        let got = run(&sig, &source, false);
        assert_eq!(got.literals.len(), 13);
        assert!(got.literals[..12].iter().all(|&n| n == MAX_LITERAL));
    }
}

#[test]
fn in_place_uses_nothing_that_was_overwritten() {
    let mut rng = fastrand::Rng::with_seed(4);
    let basis = random(&mut rng, 3 * 700);
    let (a, b, c) = (&basis[..700], &basis[700..1400], &basis[1400..]);
    let sig = signature(&basis, 700, 8);
    let bac = [b, a, c].concat();
    assert_eq!(run(&sig, &bac, true).ops, [Op::Block(1), Op::Literal(700), Op::Block(2)]);
    assert_eq!(run(&sig, &bac, false).ops, [Op::Block(1), Op::Block(0), Op::Block(2)]);
    // What stayed in place can be used again.
    let abab = [a, b, a, b].concat();
    let want = [Op::Block(0), Op::Block(1), Op::Block(0), Op::Block(1)];
    assert_eq!(run(&sig, &abab, true).ops, want);
}

#[test]
fn in_place_prefers_the_block_at_its_own_offset() {
    let mut rng = fastrand::Rng::with_seed(5);
    let x = random(&mut rng, 700);
    let y = random(&mut rng, 700);
    let basis = [&x[..], &y, &x, &x].concat();
    let sig = signature(&basis, 700, 8);
    // After block 3 the run would go on with nothing, after 1 with 2; each is also at home.
    let got = run(&sig, &[&y[..], &y, &x, &x].concat(), true);
    assert_eq!(got.ops, [Op::Block(1), Op::Block(1), Op::Block(2), Op::Block(3)]);
    let got = run(&sig, &[&x[..], &x, &x, &x].concat(), true);
    // At offset 700, block 0 has stayed in place and block 2 is still to come.
    assert_eq!(got.ops[..1], [Op::Block(0)]);
    assert_eq!(got.ops[2..], [Op::Block(2), Op::Block(3)]);
    assert!(matches!(got.ops[1], Op::Block(0 | 2 | 3)));
}

#[test]
fn in_place_zeros_stay_where_they_are() {
    let of = |zeros: usize, rest: &[u8]| [&[1; 10][..], &vec![0; zeros], rest].concat();
    let sig = signature(&[0; 6 * 700], 700, 8);
    let home = |from, to| (from..to).map(Op::Block);
    let want: Vec<_> = [Op::Literal(700)].into_iter().chain(home(1, 4)).collect();
    let got = run(&sig, &of(4 * 700, &[]), true).ops;
    assert_eq!(got, [&want[..], &[Op::Literal(10)]].concat());
    // Elsewhere nothing is gained by that.
    let got = run(&sig, &of(4 * 700, &[]), false).ops;
    assert_eq!((got.len(), got[0]), (5, Op::Literal(10)));
    // The zeros end too soon.
    let got = run(&sig, &of(700, &[2; 700]), true).ops;
    assert_eq!((got.len(), got[0], got[2]), (3, Op::Literal(10), Op::Literal(700)));
    // At every place of the window's end.
    for blength in [700, MAX_WINDOW / 2] {
        let zeros = vec![0; 4 * MAX_WINDOW / blength * blength];
        let sig = signature(&zeros, blength, 8);
        for shift in [-1, 0, 1, 500] {
            let mut source = zeros.clone();
            let edit = (MAX_WINDOW as i64 - blength as i64 + shift) as usize;
            source[edit] = 1;
            let got = run(&sig, &source, true);
            assert!(rebuild_in_place(&got.ops, &sig, &zeros, &source) == source);
            assert_eq!(got.stats.literal, blength as u64, "{blength} {shift}");
        }
    }
}

#[test]
fn false_alarms_are_bounded() {
    // Rolling sums that agree everywhere with strong sums that never do.
    let blength = MAX_BLOCK as u32;
    let mut sig = Signature::with_sizes(blength, 0, 4);
    for i in 0..2000u32 {
        sig.push(0, &i.to_le_bytes());
    }
    let source = vec![0; MAX_BLOCK + 5000];
    let got = run(&sig, &source, false);
    assert_eq!(got.stats.matches, 0);
    let hashed = got.stats.false_alarms * u64::from(blength);
    let bound = FALSE_ALARM_START + FALSE_ALARM_SHARE * source.len() as u64;
    assert!(hashed <= bound + u64::from(blength), "{hashed}");
    assert!(got.stats.false_alarms > 100);
}

#[test]
fn errors_are_passed_on() {
    struct Broken(usize);
    impl Source for Broken {
        fn len(&self) -> u64 {
            1000
        }
        fn window(&mut self, _: u64, _: usize) -> io::Result<&[u8]> {
            match self.0 {
                0 => Err(io::ErrorKind::PermissionDenied.into()),
                // Shorter than it was asked for.
                _ => Ok(&[0; 10]),
            }
        }
    }
    struct Refuse;
    impl Sink for Refuse {
        type Error = &'static str;
        fn literal(&mut self, _: u64, _: &[u8]) -> Result<(), &'static str> {
            Err("full")
        }
        fn matched(&mut self, _: u64, _: u32, _: &[u8]) -> Result<(), &'static str> {
            Err("full too")
        }
    }
    let basis = captured_basis(1400);
    for sig in [Signature::default(), signature(&basis, 700, 2)] {
        let mut hasher = FileHasher::transfer(&SPEC);
        let mut matcher = Matcher::new(&sig, &SPEC, false);
        for (how, kind) in [(0, io::ErrorKind::PermissionDenied), (1, io::ErrorKind::UnexpectedEof)]
        {
            let got = matcher.run(&mut Broken(how), &mut hasher, &mut Refuse);
            assert!(matches!(got, Err(MatchError::Source(e)) if e.kind() == kind));
        }
        let mut src = Checked { data: &basis, furthest: 0 };
        let got = matcher.run(&mut src, &mut hasher, &mut Refuse);
        assert!(matches!(got, Err(MatchError::Sink(_))));
    }
}

#[test]
fn a_matcher_can_run_again() {
    let basis = captured_basis(5 * 700);
    let sig = signature(&basis, 700, 8);
    let swapped = [&basis[700..1400], &basis[..700]].concat();
    let mut matcher = Matcher::new(&sig, &SPEC, true);
    let mut ops = |source: &[u8]| {
        let mut sink = Record { data: source, at: 0, ops: Vec::new(), literals: Vec::new() };
        let mut src = Checked { data: source, furthest: 0 };
        matcher
            .run(&mut src, &mut FileHasher::transfer(&SPEC), &mut sink)
            .expect("neither side fails");
        sink.ops
    };
    assert_eq!(ops(&basis).len(), 5);
    // What the first run left in place says nothing about the second.
    assert_eq!(ops(&swapped), [Op::Block(1), Op::Literal(700)]);
}
