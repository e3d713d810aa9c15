//! What a client is asked to do.
use crate::{
    Settings,
    batch::Script,
    connect::{daemon::Login, tcp::Target},
    options::FilterArg,
};

/// What the user asked for.
pub struct ClientJob {
    /// The options.
    pub settings: Settings,
    /// For a local copy: the receiving side's options where `-M` makes them differ, and the rules that are its alone.
    pub receiver: Option<(Settings, Vec<FilterArg>)>,
    /// The rule options in order.
    pub rules: Vec<FilterArg>,
    /// The local ends of the transfer.
    pub transfer: Transfer,
    /// How to reach the other end.
    pub link: Link,
    /// For `--write-batch`: what the script beside the batch is made of.
    pub script: Script,
}

/// The local ends of the transfer.
#[derive(Debug, Clone)]
pub enum Transfer {
    /// Both ends are here.
    Local {
        /// Sources.
        sources: Vec<Vec<u8>>,
        /// Destination; `None` for a listing.
        dest: Option<Vec<u8>>,
    },
    /// The sources are here.
    Push {
        /// Sources.
        sources: Vec<Vec<u8>>,
    },
    /// The destination is here.
    Pull {
        /// What was asked of the peer, host part removed; a daemon's paths begin with the module.
        requested: Vec<Vec<u8>>,
        /// Destination; `None` for a listing.
        dest: Option<Vec<u8>>,
    },
}

/// How to reach the other end.
#[derive(Debug, Clone)]
pub enum Link {
    /// Not at all: a local copy.
    Local,
    /// The other end is a batch file with this name.
    Batch(Vec<u8>),
    /// `rsync --server …` through a remote shell.
    Shell {
        /// The complete command.
        argv: Vec<Vec<u8>>,
        /// Strings sent before anything else (secluded arguments).
        secluded: Option<Vec<Vec<u8>>>,
    },
    /// A daemon's socket.
    Daemon {
        /// Where it listens.
        target: Target,
        /// What to say to it.
        request: DaemonRequest,
    },
    /// A daemon started through a remote shell.
    DaemonShell {
        /// The complete command.
        argv: Vec<Vec<u8>>,
        /// `$RSYNC_PORT` for the remote shell.
        port: u16,
        /// What to say to it.
        request: DaemonRequest,
    },
}

impl Link {
    /// Whether another process is at the other end.
    pub(super) fn is_remote(&self) -> bool {
        !matches!(self, Link::Local | Link::Batch(_))
    }
}

/// What a client says to a daemon.
#[derive(Debug, Clone)]
pub struct DaemonRequest {
    /// The text phase.
    pub login: Login,
    /// The arguments: options, `.`, paths.
    pub args: Vec<Vec<u8>>,
    /// The second block (secluded arguments).
    pub secluded: Option<Vec<Vec<u8>>>,
}
