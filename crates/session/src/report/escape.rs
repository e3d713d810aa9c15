//! What keeps messages from steering a terminal: control bytes are shown as `\#ooo` (man page, --8-bit-output).
use crate::charset::{Charset, Piece};
use std::io::Write;

/// What becomes of bytes from 0x80 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HighBytes {
    /// They stay (`-8`).
    Raw,
    /// UTF-8 stays, other bytes are escaped.
    Utf8,
    /// They are escaped.
    Escaped,
    /// 0x80 to 0x9f are escaped (log files).
    Log,
}

impl HighBytes {
    /// What suits a terminal of this environment.
    pub fn of_terminal(eight_bit: bool) -> HighBytes {
        if eight_bit {
            return HighBytes::Raw;
        }
        HighBytes::of_charset(&fast_io::iconv::locale_charset())
    }

    /// What suits a charset: every byte is a character of an 8-bit charset, none is one of the C locale's.
    fn of_charset(charset: &str) -> HighBytes {
        match charset.to_ascii_lowercase().replace('-', "").as_str() {
            "utf8" => HighBytes::Utf8,
            set if set.starts_with("iso8859")
                || set.starts_with("koi8")
                || set.starts_with("cp") =>
            {
                HighBytes::Raw
            }
            _ => HighBytes::Escaped,
        }
    }
}

/// Writes a message of a server to its own stderr, which a remote shell carries to the client's. `eight_bit`: `-8`.
pub fn to_own_stderr(text: &[u8], eight_bit: bool) {
    // Only a client asks whether its locale's characters have more than one byte.
    let high = match HighBytes::of_terminal(eight_bit) {
        HighBytes::Utf8 => HighBytes::Escaped,
        high => high,
    };
    // Nobody is left to tell if stderr is gone.
    let _gone = std::io::stderr().write_all(&escape(text, high));
}

/// A message as a terminal or a log file gets it. A LF at its end stays, on a terminal also one CR at either end.
pub fn escape(text: &[u8], high: HighBytes) -> Vec<u8> {
    framed(text, high, |body, out| match high {
        HighBytes::Utf8 => {
            for chunk in body.utf8_chunks() {
                bytes(chunk.valid().as_bytes(), HighBytes::Raw, out);
                bytes(chunk.invalid(), HighBytes::Escaped, out);
            }
        }
        high => bytes(body, high, out),
    })
}

/// A message from a peer for a terminal. It is shown in the charset of names, whatever the locale says.
pub fn escape_converted(text: &[u8], charset: &Charset) -> Vec<u8> {
    framed(text, HighBytes::Raw, |body, out| {
        charset.pieces_from_wire(body, |piece| match piece {
            Piece::Converted(part) => bytes(part, HighBytes::Raw, out),
            Piece::Alien(byte) => bytes(&[byte], HighBytes::Escaped, out),
        });
    })
}

/// Leaves the ends of a line to themselves, and the rest to `body`.
fn framed(text: &[u8], high: HighBytes, escape: impl FnOnce(&[u8], &mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let (mut body, mut end) = (text, &b""[..]);
    if high != HighBytes::Log
        && let Some(rest) = body.strip_prefix(b"\r")
    {
        out.push(b'\r');
        body = rest;
    }
    if let [rest @ .., last @ (b'\r' | b'\n')] = body
        && (*last == b'\n' || high != HighBytes::Log)
    {
        end = &body[rest.len()..];
        body = rest;
    }
    escape(body, &mut out);
    out.extend_from_slice(end);
    out
}

fn bytes(mut rest: &[u8], high: HighBytes, out: &mut Vec<u8>) {
    while let Some((&b, tail)) = rest.split_first() {
        let escaped = match b {
            b'\t' => false,
            0..0x20 => true,
            b'\\' => {
                matches!(tail, [b'#', d @ ..] if d.len() >= 3 && d[..3].iter().all(u8::is_ascii_digit))
            }
            0x80.. => match high {
                HighBytes::Raw => false,
                HighBytes::Log => b < 0xa0,
                HighBytes::Utf8 | HighBytes::Escaped => true,
            },
            _ => false,
        };
        if escaped {
            out.extend_from_slice(format!("\\#{b:03o}").as_bytes());
        } else {
            out.push(b);
        }
        rest = tail;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_texts() {
        for (text, utf8, ascii) in [
            (&b"a\x1bb\t\n"[..], &b"a\\#033b\t\n"[..], &b"a\\#033b\t\n"[..]),
            (b"\\#123\n", b"\\#134#123\n", b"\\#134#123\n"),
            (b"\\#12\n", b"\\#12\n", b"\\#12\n"),
            (b"\\#12", b"\\#12", b"\\#12"),
            (b"nl\nx\n", b"nl\\#012x\n", b"nl\\#012x\n"),
            (b"cr\r\n", b"cr\\#015\n", b"cr\\#015\n"),
            (b"\rlead\n", b"\rlead\n", b"\rlead\n"),
            (b"\r\rlead\r", b"\r\\#015lead\r", b"\r\\#015lead\r"),
            (b"\r", b"\r", b"\r"),
            (b"", b"", b""),
            (b"\0\x7f", b"\\#000\x7f", b"\\#000\x7f"),
            (b"latin\xe9x\n", b"latin\\#351x\n", b"latin\\#351x\n"),
            (b"utf\xc3\xa9x\n", b"utf\xc3\xa9x\n", b"utf\\#303\\#251x\n"),
            (b"c1\xc2\x85x\n", b"c1\xc2\x85x\n", b"c1\\#302\\#205x\n"),
            (b"inc\xc3\n", b"inc\\#303\n", b"inc\\#303\n"),
            (b"sur\xed\xa0\x80\n", b"sur\\#355\\#240\\#200\n", b"sur\\#355\\#240\\#200\n"),
            (b"4b\xf0\x9f\x98\x80\n", b"4b\xf0\x9f\x98\x80\n", b"4b\\#360\\#237\\#230\\#200\n"),
        ] {
            assert_eq!(escape(text, HighBytes::Utf8), utf8, "{text:?}");
            assert_eq!(escape(text, HighBytes::Escaped), ascii, "{text:?}");
        }
        assert_eq!(escape(b"inc\xc3 \x1b\xff\n", HighBytes::Raw), b"inc\xc3 \\#033\xff\n");
        assert_eq!(
            escape(b"\r\x80\x9f\xa0\xff\r", HighBytes::Log),
            b"\\#015\\#200\\#237\xa0\xff\\#015"
        );
    }

    #[test]
    fn charsets() {
        for (charset, want) in [
            ("UTF-8", HighBytes::Utf8),
            ("ISO-8859-15", HighBytes::Raw),
            ("KOI8-R", HighBytes::Raw),
            ("CP1251", HighBytes::Raw),
            ("ANSI_X3.4-1968", HighBytes::Escaped),
            ("", HighBytes::Escaped),
        ] {
            assert_eq!(HighBytes::of_charset(charset), want, "{charset}");
        }
    }
}
