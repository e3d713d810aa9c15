//! Signatures of basis files (WIRE.md, Sums).
use super::Generator;
use crate::{Error, log::named};
use delta::signature::block_sums;
use fast_io::SendHalf;
use std::{
    fs::File,
    io::{self, Read},
};
use wire::sums::SumHead;

/// About how much is read at once.
const CHUNK: usize = 256 * 1024;

impl<W: SendHalf> Generator<W> {
    /// What sums an entry gets (`--debug=DELTASUM2`), and of which file.
    pub(super) fn say_sums(&self, ndx: i32, head: &SumHead, basis: Option<&[u8]>) {
        let says = self.session.settings.debug.deltasum > 1;
        if let Some(basis) = basis {
            self.log.info(named("gen mapped ", basis, &format!(" of size {}", head.flength())));
        }
        self.log.debug(says, || format!("generating and sending sums for {ndx}"));
        self.log.debug(says && head.count > 0, || {
            let SumHead { count, remainder, blength, s2length } = head;
            let flength = head.flength();
            format!(
                "count={count} rem={remainder} blength={blength} s2length={s2length} \
                 flength={flength}"
            )
        });
    }

    /// Reads the basis and sends its sums. What cannot be read has the sums of zeros, which match nothing.
    pub(super) fn send_sums(&mut self, head: &SumHead, basis: &mut File) -> Result<(), Error> {
        let blength = head.blength.max(1) as usize;
        let chunk = (CHUNK / blength).max(1) * blength;
        let says = self.session.settings.debug.deltasum > 2;
        let mut next = 0u32;
        while next < head.count {
            let blocks = ((chunk / blength) as u32).min(head.count - next);
            let len: usize = (next..next + blocks).map(|i| head.block_len(i) as usize).sum();
            self.block.resize(len, 0);
            let got = fill(basis, &mut self.block).unwrap_or(0);
            self.block[got..].fill(0);
            let mut at = 0;
            for i in next..next + blocks {
                let end = at + head.block_len(i) as usize;
                let (weak, strong) = block_sums(&self.block[at..end], &mut self.hasher);
                head.encode_sum(weak, strong.as_bytes(), self.writer.buf());
                self.log.debug(says, || {
                    let (offset, len) = (u64::from(i) * u64::from(head.blength), end - at);
                    format!("chunk[{i}] offset={offset} len={len} sum1={weak:08x}")
                });
                at = end;
            }
            next += blocks;
            self.writer.spill()?;
            self.writer.keep_alive()?;
        }
        if self.block.len() > CHUNK * 4 {
            self.block = Vec::new();
        }
        Ok(())
    }
}

fn fill(file: &mut File, buf: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buf.len() {
        match file.read(&mut buf[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(got)
}
