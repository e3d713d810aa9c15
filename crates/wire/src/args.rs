//! Argument blocks: the daemon's and secluded arguments (WIRE.md, Argument block).

use crate::{Cursor, Decode, DecodeError, Fault, Protocol, WireError};

/// Appends a block: each argument with its terminator (NUL for protocol 30 and later or `secluded`,
/// else LF), then an empty one. Empty arguments, which would end the block, become `.`.
pub fn encode_block(p: Protocol, secluded: bool, args: &[Vec<u8>], out: &mut Vec<u8>) {
    let end = if secluded || p.has_varints() { 0 } else { b'\n' };
    for arg in args {
        out.extend_from_slice(if arg.is_empty() { b"." } else { arg });
        out.push(end);
    }
    out.push(end);
}

/// Reads a block one argument at a time.
///
/// rsync cuts an argument that is too long, and then works on another file than the one that was
/// meant; we refuse it.
#[derive(Debug, Clone)]
pub struct ArgBlockDecoder {
    nul: bool,
    max_len: usize,
    args_left: usize,
}

impl ArgBlockDecoder {
    /// `nul`: arguments end in NUL, else in LF or CR. `max_len`: bytes of one argument;
    /// `max_args`: arguments of the block.
    pub fn new(nul: bool, max_len: usize, max_args: usize) -> Self {
        ArgBlockDecoder { nul, max_len, args_left: max_args }
    }

    /// The next argument; `None` at the end. Errors: code 2 `too many daemon arguments`, or for an
    /// argument that is too long.
    pub fn decode(&mut self, c: &mut Cursor<'_>) -> Decode<Option<Vec<u8>>> {
        let mut at = c.clone();
        let window = at.take(c.remaining().min(self.max_len.saturating_add(1)))?;
        let is_end = |&b: &u8| if self.nul { b == 0 } else { matches!(b, b'\n' | b'\r') };
        let Some(len) = window.iter().position(is_end) else {
            if window.len() <= self.max_len {
                return Err(DecodeError::Incomplete(1));
            }
            let text = format!("argument is longer than {} bytes", self.max_len);
            return Err(WireError::new(Fault::Protocol, text).into());
        };
        if len > 0 {
            let Some(left) = self.args_left.checked_sub(1) else {
                return Err(WireError::new(Fault::Protocol, "too many daemon arguments").into());
            };
            self.args_left = left;
        }
        c.take(len + 1)?;
        Ok((len > 0).then(|| window[..len].to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::NEWEST;

    /// Everything that a block holds, or the error's text.
    fn read(mut dec: ArgBlockDecoder, bytes: &[u8]) -> Result<Vec<String>, String> {
        let mut c = Cursor::new(bytes);
        let mut args = Vec::new();
        loop {
            match dec.decode(&mut c) {
                Ok(Some(arg)) => args.push(String::from_utf8(arg).unwrap()),
                Ok(None) => return Ok(args),
                Err(DecodeError::Incomplete(n)) => return Err(format!("{n} more")),
                Err(DecodeError::Bad(e)) => {
                    assert_eq!(e.fault, Fault::Protocol);
                    return Err(e.message("server"));
                }
            }
        }
    }

    fn args(list: &[&str]) -> Vec<Vec<u8>> {
        list.iter().map(|arg| arg.as_bytes().to_vec()).collect()
    }

    #[test]
    fn golden_blocks() {
        let mut out = Vec::new();
        let push = args(&["--server", "-re.iLsfxCIvu", "--timeout=50", ".", "rw/"]);
        encode_block(NEWEST, false, &push, &mut out);
        assert_eq!(out, b"--server\0-re.iLsfxCIvu\0--timeout=50\0.\0rw/\0\0");
        out.clear();
        let p29 = Protocol::new(29).unwrap();
        encode_block(p29, false, &args(&["--server", "."]), &mut out);
        assert_eq!(out, b"--server\n.\n\n");
        out.clear();
        encode_block(p29, true, &args(&["rsync", "", "/dst"]), &mut out);
        assert_eq!(out, b"rsync\0.\0/dst\0\0");
    }

    #[test]
    fn blocks_are_read_back() {
        let nul = || ArgBlockDecoder::new(true, 10, 3);
        let lines = || ArgBlockDecoder::new(false, 10, 3);
        assert_eq!(read(nul(), b"--server\0a\nb\0\0rest").unwrap(), ["--server", "a\nb"]);
        assert_eq!(read(lines(), b"--server\n.\rm/\n\n").unwrap(), ["--server", ".", "m/"]);
        assert_eq!(read(lines(), b"a\r\nb\n\n").unwrap(), ["a"]);
        assert_eq!(read(nul(), b"\0").unwrap(), [""; 0]);
        assert_eq!(read(nul(), b"a\0b").unwrap_err(), "1 more");
        assert_eq!(read(nul(), b"").unwrap_err(), "1 more");
    }

    #[test]
    fn blocks_have_limits() {
        let dec = || ArgBlockDecoder::new(true, 4, 3);
        assert_eq!(read(dec(), b"a\0b\0c\0\0").unwrap(), ["a", "b", "c"]);
        assert_eq!(read(dec(), b"a\0b\0c\0d\0\0").unwrap_err(), "too many daemon arguments");
        assert_eq!(read(dec(), b"abcd\0\0").unwrap(), ["abcd"]);
        assert_eq!(read(dec(), b"abcd").unwrap_err(), "1 more");
        let refused = "argument is longer than 4 bytes";
        assert_eq!(read(dec(), b"abcde").unwrap_err(), refused);
        assert_eq!(read(dec(), b"abcdefgh\0\0").unwrap_err(), refused);
    }
}
