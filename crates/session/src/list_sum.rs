//! The checksum of a whole file that a list carries with `--checksum`.

use delta::checksum::{Checksum, FileHasher};
use std::{
    fs::File,
    io::{self, Read},
};

/// Bytes that are read at once.
const BLOCK: usize = 256 * 1024;

/// The checksum of a file of `len` bytes, with a buffer to read it to. As in rsync the length that was seen counts: what the file has got
/// beyond it is left out, and what it has lost is zeros.
pub(crate) fn list_sum(
    algo: Checksum,
    file: &mut File,
    len: u64,
    block: &mut Vec<u8>,
) -> io::Result<Vec<u8>> {
    let mut hasher = FileHasher::list(algo);
    block.resize(BLOCK, 0);
    let mut left = len;
    let mut ended = false;
    while left > 0 {
        let room = left.min(BLOCK as u64) as usize;
        let n = match ended {
            true => room,
            false => match file.read(&mut block[..room]) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                n => n?,
            },
        };
        if n == 0 {
            ended = true;
            block.fill(0);
        }
        hasher.update(&block[..n]);
        left -= n as u64;
    }
    Ok(hasher.finish().as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Seek, Write};

    #[test]
    fn the_length_that_was_seen_counts() {
        let algo = Checksum::Md5;
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(b"text").expect("room for it");
        for (len, content) in [(4, &b"text"[..]), (2, b"te"), (7, b"text\0\0\0"), (0, b"")] {
            file.rewind().expect("a file");
            // What is left of other blocks does not count.
            let mut block = vec![7; 10];
            let sum = list_sum(algo, &mut file, len, &mut block).expect("it can be read");
            assert_eq!(sum, delta::checksum::md5(content), "{len}");
        }
    }
}
