//! Prints how fast signatures are computed and files matched, for a look at the hot paths:
//! `cargo run --release -p oxrsync-delta --example match_speed [MIB] [ALGORITHM]`.

use delta::{
    checksum::{BlockHasher, Checksum, FileHasher, SumSpec},
    matching::{Matcher, Sink, Source, whole_file},
    rolling::Rolling,
    signature::Signature,
};
use std::{convert::Infallible, hint::black_box, io, time::Instant};

struct Slice<'a>(&'a [u8]);

impl Source for Slice<'_> {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }
    fn window(&mut self, offset: u64, len: usize) -> io::Result<&[u8]> {
        Ok(&self.0[offset as usize..][..len])
    }
}

struct Discard;

impl Sink for Discard {
    type Error = Infallible;
    fn literal(&mut self, _: u64, data: &[u8]) -> Result<(), Infallible> {
        black_box(data);
        Ok(())
    }
    fn matched(&mut self, _: u64, _: u32, data: &[u8]) -> Result<(), Infallible> {
        black_box(data);
        Ok(())
    }
}

fn timed<T>(what: &str, bytes: usize, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    let secs = start.elapsed().as_secs_f64();
    println!("{what:28} {:8.1} ms {:7.2} GB/s", secs * 1e3, bytes as f64 / secs / 1e9);
    result
}

fn main() {
    let mut args = std::env::args().skip(1);
    let mib: usize = args.next().map_or(256, |a| a.parse().expect("a number of MiB"));
    let algo = args.next().map_or(Checksum::Xxh128, |a| Checksum::from_name(&a).expect("a name"));
    let blength = 32 << 10;
    let spec = SumSpec { algo, seed: 77, legacy_md4: false, seed_last: false };
    let len = mib << 20;
    let mut rng = fastrand::Rng::with_seed(1);
    let mut basis = vec![0u8; len];
    rng.fill(&mut basis);

    timed("rolling sums", len, || {
        for block in basis.chunks(blength) {
            black_box(Rolling::of(block));
        }
    });
    timed("strong sums", len, || {
        let mut hasher = BlockHasher::new(&spec);
        for block in basis.chunks(blength) {
            black_box(hasher.digest(block));
        }
    });
    timed("whole-file hash, 256 KiB", len, || {
        let mut hasher = FileHasher::transfer(&spec);
        for piece in basis.chunks(256 << 10) {
            hasher.update(piece);
        }
        black_box(hasher.finish())
    });
    let mut sig = Signature::with_sizes(blength as u32, 0, 5);
    timed("signature", len, || sig.push_blocks(&basis, &mut BlockHasher::new(&spec)));
    timed("index", len, || {
        Matcher::new(&sig, &spec, false);
    });
    let run = |what: &str, data: &[u8], in_place| {
        let sig = sig.clone();
        let mut matcher = Matcher::new(&sig, &spec, in_place);
        let mut hasher = FileHasher::transfer(&spec);
        let stats = timed(what, data.len(), || {
            matcher.run(&mut Slice(data), &mut hasher, &mut Discard).expect("cannot fail")
        });
        println!("    {stats:?}");
    };
    run("same file", &basis, false);
    run("same file, in place", &basis, true);
    for _ in 0..1000 {
        let at = rng.usize(..len);
        basis[at] ^= 0x55;
    }
    run("1000 changed bytes", &basis, false);
    basis.remove(5);
    run("shifted by one", &basis, false);
    rng.fill(&mut basis);
    run("nothing in common", &basis, false);
    sig.weak.truncate(16);
    sig.strong.truncate(16 * 5);
    let mut matcher = Matcher::new(&sig, &spec, false);
    timed("nothing in common, 16 blocks", len, || {
        let mut hasher = FileHasher::transfer(&spec);
        matcher.run(&mut Slice(&basis), &mut hasher, &mut Discard).expect("cannot fail")
    });
    timed("whole file", len, || {
        whole_file(&mut Slice(&basis), &mut FileHasher::transfer(&spec), &mut Discard)
    })
    .expect("cannot fail");
}
