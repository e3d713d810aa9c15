//! Runs of zeros in a piece of data.
use std::ops::Range;

/// Shortest run of zeros inside of data that becomes a hole.
pub(super) const MIN_HOLE: usize = 1024;

/// How many zeros stand at the beginning.
pub(super) fn leading_zeros(data: &[u8]) -> usize {
    let (chunks, _) = data.as_chunks::<64>();
    let whole = chunks.iter().take_while(|c| **c == [0; 64]).count() * 64;
    whole + data[whole..].iter().take_while(|&&b| b == 0).count()
}

/// How many zeros stand at the end.
pub(super) fn trailing_zeros(data: &[u8]) -> usize {
    let (_, chunks) = data.as_rchunks::<64>();
    let whole = chunks.iter().rev().take_while(|c| **c == [0; 64]).count() * 64;
    let rest = &data[..data.len() - whole];
    whole + rest.iter().rev().take_while(|&&b| b == 0).count()
}

/// The first run of at least [`MIN_HOLE`] zeros. Such a run covers one of any bytes that far apart,
/// so only those need a look.
pub(super) fn zero_run(data: &[u8]) -> Option<Range<usize>> {
    let mut after = 0;
    loop {
        let probe = after + MIN_HOLE - 1;
        if *data.get(probe)? != 0 {
            after = probe + 1;
            continue;
        }
        let start = probe - trailing_zeros(&data[after..probe]);
        let end = probe + leading_zeros(&data[probe..]);
        if end - start >= MIN_HOLE {
            return Some(start..end);
        }
        after = end;
    }
}
