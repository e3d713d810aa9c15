//! Frames and control messages (WIRE.md, Frames; Control messages).

use crate::limits::{IO_ERROR_BITS, MAX_FRAME, MAX_TEXT};
use crate::{Cursor, Decode, Fault, WireError};

/// Bytes of a frame header.
pub const HEADER_LEN: usize = 4;

/// What is added to a tag to make the fourth byte of a header.
const TAG_BASE: u8 = 7;

/// Message tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Tag {
    Data = 0,
    ErrorXfer = 1,
    Info = 2,
    Error = 3,
    Warning = 4,
    ErrorSocket = 5,
    Log = 6,
    Client = 7,
    ErrorUtf8 = 8,
    Redo = 9,
    Stats = 10,
    IoError = 22,
    IoTimeout = 33,
    Noop = 42,
    ErrorExit = 86,
    Success = 100,
    Deleted = 101,
    NoSend = 102,
}

impl Tag {
    const ALL: [Tag; 18] = [
        Tag::Data,
        Tag::ErrorXfer,
        Tag::Info,
        Tag::Error,
        Tag::Warning,
        Tag::ErrorSocket,
        Tag::Log,
        Tag::Client,
        Tag::ErrorUtf8,
        Tag::Redo,
        Tag::Stats,
        Tag::IoError,
        Tag::IoTimeout,
        Tag::Noop,
        Tag::ErrorExit,
        Tag::Success,
        Tag::Deleted,
        Tag::NoSend,
    ];

    fn from_number(n: i32) -> Option<Tag> {
        Tag::ALL.into_iter().find(|&tag| tag as i32 == n)
    }

    /// Whether the payload is text for a person.
    pub fn is_text(self) -> bool {
        matches!(self, Tag::ErrorXfer | Tag::Info | Tag::Error | Tag::Warning)
    }

    /// Checks the length of a payload. Tags that only ever join the two processes of a stock
    /// receiving side allow none.
    fn check_len(self, len: usize) -> Result<(), WireError> {
        let (fits, what) = match self {
            Tag::Data => (len <= MAX_FRAME, "multiplexing overflow"),
            Tag::ErrorXfer | Tag::Info | Tag::Error | Tag::Warning | Tag::Deleted => {
                (len < MAX_TEXT, "multiplexing overflow")
            }
            Tag::IoError | Tag::IoTimeout | Tag::Success | Tag::NoSend => {
                (len == 4, INVALID_MESSAGE)
            }
            Tag::ErrorExit => (matches!(len, 0 | 4), INVALID_MESSAGE),
            Tag::Noop => (len == 0, INVALID_MESSAGE),
            Tag::ErrorSocket | Tag::Log | Tag::Client | Tag::ErrorUtf8 | Tag::Redo | Tag::Stats => {
                (false, INVALID_MESSAGE)
            }
        };
        if fits { Ok(()) } else { Err(self.refused(what, len)) }
    }

    fn refused(self, what: &str, len: usize) -> WireError {
        WireError::new(Fault::Stream, format!("{what} {}:{len}", self as u8)).with_role()
    }

    /// The error for a message of this tag and length that the reading role must not get: code 12.
    pub fn invalid(self, len: usize) -> WireError {
        self.refused(INVALID_MESSAGE, len)
    }
}

const INVALID_MESSAGE: &str = "invalid multi-message";

/// A decoded frame header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// The tag.
    pub tag: Tag,
    /// Payload bytes, 0 to 0xFFFFFF.
    pub len: usize,
}

impl FrameHeader {
    /// Decodes a header. Errors: code 12 `unexpected tag N` (N = byte - 7) with role; also, for a
    /// control tag, a length that the tag does not allow (`invalid multi-message TAG:LEN`, or for
    /// text and names `multiplexing overflow TAG:LEN`), so that a payload may be buffered without
    /// fear. Which tags are legal for the reading role is the session's to check.
    pub fn decode(c: &mut Cursor<'_>) -> Decode<FrameHeader> {
        let [b0, b1, b2, byte] = c.array()?;
        let len = u32::from_le_bytes([b0, b1, b2, 0]) as usize;
        let number = i32::from(byte) - i32::from(TAG_BASE);
        let Some(tag) = Tag::from_number(number) else {
            // The top byte is signed where rsync prints it.
            let shown = i32::from(byte as i8) - i32::from(TAG_BASE);
            let text = format!("unexpected tag {shown}");
            return Err(WireError::new(Fault::Stream, text).with_role().into());
        };
        tag.check_len(len)?;
        Ok(FrameHeader { tag, len })
    }

    /// The four bytes of a header.
    pub fn encode(tag: Tag, len: usize) -> [u8; HEADER_LEN] {
        debug_assert!(len <= MAX_FRAME);
        let [b0, b1, b2, ..] = len.to_le_bytes();
        [b0, b1, b2, TAG_BASE + tag as u8]
    }
}

/// A control message: what a frame other than DATA means.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Message {
    Text {
        tag: Tag,
        text: Vec<u8>,
    },
    /// The sender's I/O error bits, unknown ones removed.
    IoError(i32),
    IoTimeout(i32),
    Noop,
    /// Empty (`None`) or with a code.
    ErrorExit(Option<i32>),
    Success(i32),
    /// A deleted name; a directory's payload ends in NUL (removed here).
    Deleted {
        name: Vec<u8>,
        is_dir: bool,
    },
    NoSend(i32),
}

impl Message {
    /// The message in the payload of a frame whose header was accepted by [`FrameHeader::decode`].
    ///
    /// # Errors
    /// The payload does not have the form that the tag asks for, or no message has this tag.
    pub fn parse(tag: Tag, payload: &[u8]) -> Result<Message, WireError> {
        tag.check_len(payload.len())?;
        let int = || {
            let bytes = payload.try_into().map_err(|_| tag.invalid(payload.len()))?;
            Ok(i32::from_le_bytes(bytes))
        };
        Ok(match tag {
            tag if tag.is_text() => Message::Text { tag, text: payload.to_vec() },
            Tag::IoError => Message::IoError(int()? & IO_ERROR_BITS),
            Tag::IoTimeout => Message::IoTimeout(int()?),
            Tag::Noop => Message::Noop,
            Tag::ErrorExit if payload.is_empty() => Message::ErrorExit(None),
            Tag::ErrorExit => Message::ErrorExit(Some(int()?)),
            Tag::Success => Message::Success(int()?),
            Tag::Deleted => match payload.strip_suffix(&[0]) {
                Some(name) => Message::Deleted { name: name.to_vec(), is_dir: true },
                None => Message::Deleted { name: payload.to_vec(), is_dir: false },
            },
            Tag::NoSend => Message::NoSend(int()?),
            _ => return Err(tag.invalid(payload.len())),
        })
    }

    /// The tag of the frame that carries this message.
    pub fn tag(&self) -> Tag {
        match self {
            Message::Text { tag, .. } => *tag,
            Message::IoError(_) => Tag::IoError,
            Message::IoTimeout(_) => Tag::IoTimeout,
            Message::Noop => Tag::Noop,
            Message::ErrorExit(_) => Tag::ErrorExit,
            Message::Success(_) => Tag::Success,
            Message::Deleted { .. } => Tag::Deleted,
            Message::NoSend(_) => Tag::NoSend,
        }
    }

    /// Appends header and payload. Text longer than the limit is cut.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; HEADER_LEN]);
        match self {
            Message::Text { text, .. } => {
                out.extend_from_slice(&text[..text.len().min(MAX_TEXT - 1)]);
            }
            Message::Deleted { name, is_dir } => {
                let mark: &[u8] = if *is_dir { &[0] } else { &[] };
                out.extend_from_slice(&name[..name.len().min(MAX_TEXT - 1 - mark.len())]);
                out.extend_from_slice(mark);
            }
            Message::Noop | Message::ErrorExit(None) => {}
            Message::IoError(n)
            | Message::IoTimeout(n)
            | Message::ErrorExit(Some(n))
            | Message::Success(n)
            | Message::NoSend(n) => out.extend_from_slice(&n.to_le_bytes()),
        }
        let len = out.len() - start - HEADER_LEN;
        out[start..][..HEADER_LEN].copy_from_slice(&FrameHeader::encode(self.tag(), len));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DecodeError, testing::hex};

    fn bad(bytes: [u8; 4]) -> String {
        match FrameHeader::decode(&mut Cursor::new(&bytes)) {
            Err(DecodeError::Bad(e)) => {
                assert_eq!(e.fault, Fault::Stream);
                e.message("receiver")
            }
            other => panic!("{bytes:02x?}: {other:?}"),
        }
    }

    /// A header of any tag number and length.
    fn raw(number: u8, len: usize) -> [u8; 4] {
        let [b0, b1, b2, ..] = len.to_le_bytes();
        [b0, b1, b2, number.wrapping_add(7)]
    }

    #[test]
    fn headers() {
        assert_eq!(FrameHeader::encode(Tag::Data, 5), [5, 0, 0, 7]);
        assert_eq!(FrameHeader::encode(Tag::Data, 0xFFFFFF), [0xFF, 0xFF, 0xFF, 7]);
        for tag in Tag::ALL.into_iter().filter(|tag| !(5..=10).contains(&(*tag as u8))) {
            let len = (0..5).find(|&len| tag.check_len(len).is_ok()).unwrap();
            let bytes = FrameHeader::encode(tag, len);
            assert_eq!(FrameHeader::decode(&mut Cursor::new(&bytes)), Ok(FrameHeader { tag, len }));
            assert_eq!(
                FrameHeader::decode(&mut Cursor::new(&bytes[..3])),
                Err(DecodeError::Incomplete(1))
            );
        }
        let mut c = Cursor::new(&[0xFF, 0xFF, 0xFF, 7]);
        assert_eq!(FrameHeader::decode(&mut c).unwrap().len, MAX_FRAME);
    }

    #[test]
    fn golden_messages() {
        let text = |tag, text: &[u8]| Message::Text { tag, text: text.to_vec() };
        let deleted = |name: &[u8], is_dir| Message::Deleted { name: name.to_vec(), is_dir };
        for (message, bytes) in [
            (Message::IoTimeout(50), "04000028 32000000"),
            (Message::ErrorExit(Some(4)), "0400005d 04000000"),
            (Message::ErrorExit(None), "0000005d"),
            (Message::Noop, "00000031"),
            (Message::IoError(3), "0400001d 03000000"),
            (Message::Success(258), "0400006b 02010000"),
            (Message::NoSend(-1), "0400006d ffffffff"),
            (text(Tag::ErrorXfer, b"a"), "01000008 61"),
            (text(Tag::Info, b""), "00000009"),
            (text(Tag::Error, b"ab\n"), "0300000a 61620a"),
            (text(Tag::Warning, b"w"), "0100000b 77"),
            (deleted(b"d/f", false), "0300006c 642f66"),
            (deleted(b"d", true), "0200006c 6400"),
            (deleted(b"", false), "0000006c"),
        ] {
            let mut out = vec![0xEE];
            message.encode(&mut out);
            assert_eq!(out[1..], hex(bytes)[..], "{message:?}");
            let mut c = Cursor::new(&out[1..]);
            let header = FrameHeader::decode(&mut c).unwrap();
            let payload = c.take(header.len).unwrap();
            assert_eq!(Message::parse(header.tag, payload), Ok(message));
            assert_eq!(c.remaining(), 0);
        }
    }

    #[test]
    fn unknown_bits_of_an_io_error_are_dropped() {
        assert_eq!(Message::parse(Tag::IoError, &hex("fdffff7f")), Ok(Message::IoError(5)));
    }

    #[test]
    fn refuses_what_rsync_refuses() {
        for (number, len, text) in [
            (5, 4, "invalid multi-message 5:4"),
            (5, 6000, "invalid multi-message 5:6000"),
            (8, 0, "invalid multi-message 8:0"),
            (9, 4, "invalid multi-message 9:4"),
            (10, 8, "invalid multi-message 10:8"),
            (22, 3, "invalid multi-message 22:3"),
            (33, 5, "invalid multi-message 33:5"),
            (42, 1, "invalid multi-message 42:1"),
            (86, 3, "invalid multi-message 86:3"),
            (100, 20, "invalid multi-message 100:20"),
            (102, 0, "invalid multi-message 102:0"),
            (1, 5120, "multiplexing overflow 1:5120"),
            (4, 0xFFFFFF, "multiplexing overflow 4:16777215"),
            (101, 5120, "multiplexing overflow 101:5120"),
            (50, 0, "unexpected tag 50"),
            (11, 0, "unexpected tag 11"),
            (0xFF, 0, "unexpected tag -1"),
            (0xF9, 0, "unexpected tag -7"),
            (0xF8, 0, "unexpected tag -8"),
        ] {
            assert_eq!(bad(raw(number, len)), format!("{text} [receiver]"));
        }
        for number in [1, 2, 3, 4, 101] {
            assert!(FrameHeader::decode(&mut Cursor::new(&raw(number, 5119))).is_ok());
        }
    }

    #[test]
    fn a_payload_that_does_not_fit_its_tag_is_refused() {
        for (tag, payload) in [
            (Tag::Success, &[0u8; 5][..]),
            (Tag::Data, &[]),
            (Tag::Redo, &[0; 4]),
            (Tag::ErrorExit, &[0; 2]),
            (Tag::Info, &[0; 5120]),
        ] {
            assert!(Message::parse(tag, payload).is_err(), "{tag:?}");
        }
    }

    #[test]
    fn long_text_is_cut() {
        for (message, last) in [
            (Message::Text { tag: Tag::Info, text: vec![b'x'; 6000] }, b'x'),
            (Message::Deleted { name: vec![b'x'; 6000], is_dir: true }, 0),
        ] {
            let mut out = Vec::new();
            message.encode(&mut out);
            let header = FrameHeader::decode(&mut Cursor::new(&out)).unwrap();
            assert_eq!((header.len, out.len()), (5119, 5123));
            assert_eq!(out.last(), Some(&last));
        }
    }
}
