//! What a decoder answers when it cannot return a message.

use std::fmt;
use std::panic::Location;

/// The answer of a decoder.
pub type Decode<T> = Result<T, DecodeError>;

/// Why a decoder returned no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// At least this many more bytes are needed (a lower bound, never 0). Nothing was consumed
    /// and no state changed: call again with more bytes.
    Incomplete(usize),
    /// The peer broke the protocol; the session cannot go on.
    Bad(WireError),
}

/// A violation of the protocol by the peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireError {
    /// Which class of error this is; it decides the exit code.
    pub fault: Fault,
    /// The message in rsync's words, without a trailing newline. Where rsync ends the text with
    /// ` [role]`, [`WireError::wants_role`] is set and the role is appended by whoever knows it.
    pub text: Vec<u8>,
    /// Lines that are told before it.
    pub before: Vec<Vec<u8>>,
    /// Whether ` [role]` is to be appended to the text.
    pub wants_role: bool,
    /// Whether `[role] ` is to be put before the text.
    pub role_leads: bool,
}

/// The classes of protocol violations (WIRE.md, Limits).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Bad rule syntax: exit code 1.
    Syntax,
    /// Bad index, length or value: exit code 2.
    Protocol,
    /// An unsafe or unrequested name, or an unsupported feature: exit code 4.
    Refused,
    /// An invalid xattr name: exit code 11.
    FileIo,
    /// A broken data stream: exit code 12.
    Stream,
    /// A length beyond a buffer limit: exit code 22.
    Memory,
}

impl WireError {
    /// A violation with the given text.
    pub fn new(fault: Fault, text: impl Into<Vec<u8>>) -> Self {
        WireError {
            fault,
            before: Vec::new(),
            text: text.into(),
            wants_role: false,
            role_leads: false,
        }
    }

    /// A violation whose text ends in a name.
    pub fn about(fault: Fault, text: impl AsRef<[u8]>, name: &[u8]) -> Self {
        WireError::new(fault, [text.as_ref(), name].concat())
    }

    /// A violation with as many lines as the text has.
    pub fn of_lines(fault: Fault, text: &[u8]) -> Self {
        let mut before: Vec<Vec<u8>> = text.split(|&b| b == b'\n').map(<[u8]>::to_vec).collect();
        let text = before.pop().unwrap_or_default();
        WireError { before, ..WireError::new(fault, text) }
    }

    /// Asks for ` [role]` behind the text.
    pub fn with_role(mut self) -> Self {
        self.wants_role = true;
        self
    }

    /// A length beyond a buffer: rsync names the place in its source, so we name ours.
    #[track_caller]
    pub(crate) fn memory(text: impl fmt::Display) -> Self {
        let place = Location::caller();
        let file = place.file().rsplit(['/', '\\']).next().unwrap_or_default();
        let text = format!("{text} (file={file}, line={})", place.line());
        WireError { role_leads: true, ..WireError::new(Fault::Memory, text) }
    }

    /// An array that `--max-alloc` does not allow.
    #[track_caller]
    pub fn max_alloc(limit: u64) -> Self {
        WireError::memory(format!("exceeded --max-alloc={limit} setting"))
    }

    /// A value outside its range.
    pub(crate) fn value(what: &str, n: i32, max: i32) -> Self {
        let text = format!("wire value {what} out of range: {n} not in [0,{max}]");
        WireError::new(Fault::Protocol, text).with_role()
    }

    /// A length beyond its limit, or a negative one.
    pub(crate) fn size(what: &str, n: i32, max: usize) -> Self {
        let text = format!("wire size {what} out of range: {n} > {max}");
        WireError::new(Fault::Protocol, text).with_role()
    }

    /// Says a line of its own before the text.
    pub(crate) fn behind(mut self, line: impl Into<Vec<u8>>) -> Self {
        self.before.push(line.into());
        self
    }

    /// The lines with the role where it belongs: `sender`, `receiver`, `generator` ... Of two lines
    /// the first can have it at its end and the last at its beginning. What looks like a line's end
    /// in one of them is part of a name.
    pub fn lines(&self, role: &str) -> Vec<Vec<u8>> {
        let (mut lines, mut text) = (self.before.clone(), self.text.clone());
        let mut end = Some(&mut text);
        if self.role_leads {
            end = lines.last_mut();
        }
        if let Some(line) = end.filter(|_| self.wants_role) {
            line.extend_from_slice(format!(" [{role}]").as_bytes());
        }
        if self.role_leads {
            text.splice(..0, format!("[{role}] ").into_bytes());
        }
        lines.push(text);
        lines
    }

    /// The same with this role in its text.
    pub fn told_by(self, role: &str) -> Self {
        let mut lines = self.lines(role);
        let text = lines.pop().unwrap_or_default();
        WireError { before: lines, ..WireError::new(self.fault, text) }
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.before.iter().try_for_each(|line| writeln!(f, "{}", String::from_utf8_lossy(line)))?;
        f.write_str(&String::from_utf8_lossy(&self.text))
    }
}

impl std::error::Error for WireError {}

impl From<WireError> for DecodeError {
    fn from(e: WireError) -> Self {
        DecodeError::Bad(e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_stand_where_rsync_puts_them() {
        let e = WireError::new(Fault::Stream, "unexpected tag 50");
        assert_eq!(e.message("receiver"), "unexpected tag 50");
        assert_eq!(e.with_role().message("receiver/inc"), "unexpected tag 50 [receiver/inc]");
        let e = WireError::memory("buffer overflow: recv_rules");
        assert_eq!(e.fault, Fault::Memory);
        let text = e.with_role().message("sender");
        let head = "[sender] buffer overflow: recv_rules (file=error.rs, line=";
        assert!(text.starts_with(head) && text.ends_with(')'), "{text}");
        let e = WireError::new(Fault::Memory, "overflow").behind("length");
        let e = WireError { role_leads: true, ..e };
        assert_eq!(e.message("sender"), "length\n[sender] overflow");
        assert_eq!(e.with_role().message("sender"), "length [sender]\n[sender] overflow");
    }
}
