use super::{zeros::*, *};
use crate::Stat;
use std::io::{Seek, SeekFrom, Write};

fn temp() -> File {
    tempfile::tempfile().unwrap()
}

fn content(f: &File) -> Vec<u8> {
    let mut out = vec![0; f.metadata().unwrap().len() as usize];
    assert_eq!(sys::read_at(f, &mut out, 0).unwrap(), out.len());
    out
}

fn noise(rng: &mut fastrand::Rng, len: usize) -> Vec<u8> {
    (0..len).map(|_| rng.u8(1..)).collect()
}

/// Data with zero runs of all lengths about the limits.
fn holey(rng: &mut fastrand::Rng) -> Vec<u8> {
    let mut data = Vec::new();
    for _ in 0..rng.usize(0..12) {
        let n = *rng.choice(&[1, 63, 64, 700, 1023, 1024, 1025, 5000, 40_000]).unwrap();
        if rng.bool() {
            data.resize(data.len() + n, 0);
        } else {
            data.extend(noise(rng, n));
        }
    }
    data
}

#[test]
fn zero_runs_are_found() {
    let mut rng = fastrand::Rng::with_seed(3);
    for _ in 0..500 {
        let data = holey(&mut rng);
        let plain = |d: &[u8]| d.iter().take_while(|&&b| b == 0).count();
        assert_eq!(leading_zeros(&data), plain(&data));
        let reversed: Vec<u8> = data.iter().rev().copied().collect();
        assert_eq!(trailing_zeros(&data), plain(&reversed));
        let mut expected = None;
        let mut i = 0;
        while i < data.len() && expected.is_none() {
            let n = plain(&data[i..]);
            expected = (n >= MIN_HOLE).then_some(i..i + n);
            i += n.max(1);
        }
        assert_eq!(zero_run(&data), expected);
    }
}

#[test]
fn every_mix_of_calls_gives_the_content() {
    for seed in 0..300 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (sparse, in_place) = (rng.bool(), rng.bool());
        let mut f = temp();
        let mut old = Vec::new();
        if in_place {
            let len = rng.usize(0..200_000);
            old = noise(&mut rng, len);
            f.write_all(&old).unwrap();
        }
        let mut w = FileWriter::new(sparse, in_place);
        if rng.u8(0..4) == 0 {
            let reserved = w.preallocate(&f, rng.u64(0..300_000));
            // Not every file system can.
            assert!(reserved.is_ok() || cfg!(windows));
        }
        let mut expected: Vec<u8> = Vec::new();
        for _ in 0..rng.usize(0..12) {
            match rng.u8(0..4) {
                0 if expected.len() < old.len() => {
                    let n = rng.usize(0..=old.len() - expected.len());
                    w.skip(n as u64);
                    expected.extend_from_slice(&old[expected.len()..][..n]);
                }
                1 => {
                    let mut src = temp();
                    let data = holey(&mut rng);
                    src.write_all(&data).unwrap();
                    src.seek(SeekFrom::Start(5)).unwrap();
                    let offset = rng.usize(0..=data.len());
                    let len = rng.usize(0..=data.len() - offset + 3000);
                    let there = len.min(data.len() - offset);
                    let n = w.copy_range(&f, &src, offset as u64, len as u64).unwrap();
                    assert_eq!(n, there as u64, "seed {seed}");
                    expected.extend_from_slice(&data[offset..offset + there]);
                    expected.resize(expected.len() + len - there, 0);
                }
                _ => {
                    let data = holey(&mut rng);
                    w.write(&f, &data).unwrap();
                    expected.extend_from_slice(&data);
                }
            }
            assert_eq!(w.offset(), expected.len() as u64);
        }
        w.finish(&f).unwrap();
        assert!(content(&f) == expected, "seed {seed}: sparse {sparse}, in place {in_place}");
        let moved = w.moved();
        assert!(sparse || moved.holes == 0);
    }
}

#[test]
fn the_kernel_copies_large_ranges() {
    let (mut src, f) = (temp(), temp());
    let data = noise(&mut fastrand::Rng::with_seed(9), 300_000);
    src.write_all(&data).unwrap();
    let mut w = FileWriter::new(false, false);
    w.write(&f, b"before").unwrap();
    assert_eq!(w.copy_range(&f, &src, 1000, 299_000).unwrap(), 299_000);
    w.copy_range(&f, &src, 0, 1000).unwrap();
    w.finish(&f).unwrap();
    assert_eq!(content(&f), [b"before", &data[1000..], &data[..1000]].concat());
    if w.moved().copied_by_kernel == 0 {
        eprintln!("skipped: no copy_file_range here");
        return;
    }
    assert_eq!(w.moved(), Moved { written: 1006, copied_by_kernel: 299_000, holes: 0 });
}

#[test]
fn a_file_may_move_down_within_itself() {
    let mut f = temp();
    let data = noise(&mut fastrand::Rng::with_seed(5), 900_000);
    f.write_all(&data).unwrap();
    let mut w = FileWriter::new(false, true);
    let same = f.try_clone().unwrap();
    w.copy_range(&f, &same, 1234, 800_000).unwrap();
    w.finish(&f).unwrap();
    assert!(content(&f) == data[1234..801_234]);
}

#[test]
fn holes_take_no_space() {
    let mut f = temp();
    f.write_all(&vec![1; 1 << 20]).unwrap();
    let mut w = FileWriter::new(true, true);
    w.write(&f, b"x").unwrap();
    for _ in 0..10 {
        w.write(&f, &vec![0; 100_000]).unwrap();
    }
    w.finish(&f).unwrap();
    assert_eq!(f.metadata().unwrap().len(), 1_000_001);
    assert!(content(&f)[1..].iter().all(|&b| b == 0));
    if w.moved().holes == 0 {
        eprintln!("skipped: no punching here");
    } else {
        assert!(Stat::of(&f).unwrap().blocks < 100);
    }

    let f = temp();
    let mut w = FileWriter::new(true, false);
    w.write(&f, &vec![0; 10 << 20]).unwrap();
    w.finish(&f).unwrap();
    assert_eq!(f.metadata().unwrap().len(), 10 << 20);
    assert!(Stat::of(&f).unwrap().blocks < 100);
    assert_eq!(w.moved().written, 0);
}

#[test]
fn preallocated_space_is_trimmed() {
    let f = temp();
    let mut w = FileWriter::new(false, false);
    if let Err(e) = w.preallocate(&f, 4 << 20) {
        eprintln!("skipped: no fallocate here: {e}");
        return;
    }
    assert_eq!(f.metadata().unwrap().len(), 0);
    w.write(&f, b"short").unwrap();
    w.finish(&f).unwrap();
    assert_eq!(content(&f), b"short");
    assert!(Stat::of(&f).unwrap().blocks < 100);
}

#[test]
fn impossible_ranges_are_errors() {
    let (src, f) = (temp(), temp());
    let mut w = FileWriter::new(false, false);
    assert!(w.copy_range(&f, &src, u64::MAX, 2).is_err());
    w.skip(u64::MAX);
    assert!(w.write(&f, b"xx").is_err());
}

#[test]
fn pieces_are_written_like_their_sum() {
    let mut rng = fastrand::Rng::with_seed(11);
    for round in 0..60 {
        let f = temp();
        let mut w = FileWriter::new(round % 2 == 0, false);
        let mut expected = Vec::new();
        for _ in 0..rng.usize(1..6) {
            let parts: Vec<Vec<u8>> = (0..rng.usize(0..8)).map(|_| holey(&mut rng)).collect();
            let mut pieces: Vec<_> = parts.iter().map(|part| io::IoSlice::new(part)).collect();
            w.write_pieces(&f, &mut pieces).unwrap();
            w.write(&f, b"between").unwrap();
            expected.extend(parts.concat());
            expected.extend_from_slice(b"between");
        }
        w.finish(&f).unwrap();
        assert!(content(&f) == expected, "round {round}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn zeros_that_stay_become_holes() {
    use std::os::unix::fs::MetadataExt;
    let mut f = temp();
    let mut data = vec![0; 200_000];
    data.extend(vec![7; 100_000]);
    data.extend(vec![0; 300_000]);
    data.extend(vec![8; 10]);
    f.write_all(&data).unwrap();
    let dense = f.metadata().unwrap().blocks();
    let mut writer = FileWriter::new(true, true);
    for piece in data.chunks(768) {
        writer.keep(&f, piece).unwrap();
    }
    writer.finish(&f).unwrap();
    assert_eq!(content(&f), data);
    assert!(f.metadata().unwrap().blocks() < dense / 2);
    assert_eq!(writer.moved().written, 0);
}
