//! Frames and control messages (spec chapter 01, Multiplexing).
use crate::{Cursor, Decode};
/// Bytes of a frame header.
pub const HEADER_LEN: usize = 4;
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
/// A decoded frame header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// The tag.
    pub tag: Tag,
    /// Payload bytes, 0 to 0xFFFFFF.
    pub len: usize,
}
impl FrameHeader {
    /// Decodes a header. Errors: code 12 `unexpected tag N` (N = byte - 7) with role; also, for a control
    /// tag, a length that the tag does not allow (`invalid multi-message TAG:LEN`, or for text and
    /// names `multiplexing overflow TAG:LEN`), so that a payload may be buffered without fear.
    /// Which tags are legal for the reading role is the session's to check.
    pub fn decode(c: &mut Cursor<'_>) -> Decode<FrameHeader> {
        let _ = c;
        todo!()
    }
    /// The four bytes of a header.
    pub fn encode(tag: Tag, len: usize) -> [u8; HEADER_LEN] {
        let _ = (tag, len);
        todo!()
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
    pub fn parse(tag: Tag, payload: &[u8]) -> Result<Message, crate::WireError> {
        let _ = (tag, payload);
        todo!()
    }
    /// Appends header and payload. Text longer than the limit is cut.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let _ = out;
        todo!()
    }
}
