//! Which lane carries what: producers of outgoing bytes, the table that gives each its lane, and the policy.

use crate::imp;
use std::fmt;

/// The kinds of outgoing bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Producer {
    /// Version exchange and negotiation, once a session.
    Greeting,
    /// Message frames, item headers, requests, block sums, checksums.
    Message,
    /// Encoded file lists.
    FileList,
    /// Runs of a source file that go out as they are.
    LiteralRun,
    /// Runs of a source file that were compressed.
    CompressedRun,
    /// Tokens that name blocks of the basis. The blocks themselves never go out.
    MatchedBlock,
}

impl Producer {
    /// All, in the order in which they are reported.
    pub const ALL: [Producer; 6] = [
        Producer::Greeting,
        Producer::Message,
        Producer::FileList,
        Producer::LiteralRun,
        Producer::CompressedRun,
        Producer::MatchedBlock,
    ];
}

impl fmt::Display for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Producer::Greeting => "greeting",
            Producer::Message => "messages",
            Producer::FileList => "file lists",
            Producer::LiteralRun => "literal runs",
            Producer::CompressedRun => "compressed runs",
            Producer::MatchedBlock => "matched blocks",
        })
    }
}

/// A way for bytes to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// From a buffer of ours: `write`, `send`, `WSASend`.
    Write,
    /// A run of a file, read into a buffer of ours and written from there.
    ReadWrite,
    /// A run of a file, by `sendfile`.
    SendFile,
    /// A run of a file, by `TransmitFile`.
    TransmitFile,
    /// A run of a file, as a handle (in-memory links).
    Handle,
    /// From a buffer of ours that the kernel borrows: io_uring's `SEND_ZC`.
    SendZc,
}

impl Lane {
    /// All, in the order in which they are reported.
    pub const ALL: [Lane; 6] = [
        Lane::Write,
        Lane::ReadWrite,
        Lane::SendFile,
        Lane::TransmitFile,
        Lane::Handle,
        Lane::SendZc,
    ];

    /// The shortest run that is worth a call of its own.
    pub fn floor(self) -> u64 {
        match self {
            // Sharing and cloning a handle costs more than one call.
            Lane::Handle | Lane::TransmitFile => 64 * 1024,
            Lane::SendZc => 4 * 1024,
            _ => 32 * 1024,
        }
    }

    /// Whether the bytes do not pass through memory of this process on their way.
    pub fn is_zero_copy(self) -> bool {
        !matches!(self, Lane::Write | Lane::ReadWrite)
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lane::Write => "write",
            Lane::ReadWrite => "read+write",
            Lane::SendFile => "sendfile",
            Lane::TransmitFile => "TransmitFile",
            Lane::Handle => "handle",
            Lane::SendZc => "SEND_ZC",
        })
    }
}

/// What a link is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// A TCP or Unix socket.
    Socket,
    /// A pipe, as to a remote shell.
    Pipe,
    /// The two sides of a local copy.
    Memory,
    /// Anything else: files, terminals.
    Other,
}

impl fmt::Display for LinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LinkKind::Socket => "sockets",
            LinkKind::Pipe => "pipes",
            LinkKind::Memory => "memory",
            LinkKind::Other => "other links",
        })
    }
}

/// The table: the lane that was decided for a producer on a kind of link. Whether a run goes that way also depends on
/// its length, its file and the policy; if not, file runs go by [`Lane::ReadWrite`] and buffers by [`Lane::Write`].
///
/// Matched blocks are tokens and nothing else; greetings and messages are too small for anything but a write.
pub const fn lane(producer: Producer, link: LinkKind) -> Lane {
    match (producer, link) {
        (Producer::LiteralRun, LinkKind::Memory) => Lane::Handle,
        (Producer::LiteralRun, LinkKind::Socket) => imp::FILE_TO_SOCKET,
        (Producer::LiteralRun, LinkKind::Pipe) => imp::FILE_TO_PIPE,
        (Producer::LiteralRun, LinkKind::Other) => Lane::ReadWrite,
        (Producer::CompressedRun | Producer::FileList, LinkKind::Socket) => imp::BUFFER_TO_SOCKET,
        (Producer::CompressedRun | Producer::FileList, _) => Lane::Write,
        (Producer::Greeting | Producer::Message | Producer::MatchedBlock, _) => Lane::Write,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_large_producers_leave_the_buffer() {
        for link in [LinkKind::Socket, LinkKind::Pipe, LinkKind::Memory, LinkKind::Other] {
            for small in [Producer::Greeting, Producer::Message, Producer::MatchedBlock] {
                assert_eq!(lane(small, link), Lane::Write);
            }
        }
        assert_eq!(lane(Producer::LiteralRun, LinkKind::Memory), Lane::Handle);
    }
}
