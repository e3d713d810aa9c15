//! What the operands mean: which side is remote, how it is reached, and what is copied where.
use super::{OptionError, Plan};
use crate::{
    log::Role,
    platform,
    settings::{DeleteTiming, FilesFrom},
};

/// The daemon's port unless another is given.
const DAEMON_PORT: u16 = 873;

/// How an operand reaches its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hosttype {
    /// `host:path`.
    Shell,
    /// `host::path` or a URL, with the port to use.
    Daemon {
        /// The port.
        port: u16,
        /// Whether the user gave it.
        port_given: bool,
    },
}

/// A remote operand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hostspec {
    /// The user, if there is an `@`.
    pub user: Option<Vec<u8>>,
    /// The host, without brackets; empty means that of the first operand.
    pub host: Vec<u8>,
    /// The rest.
    pub path: Vec<u8>,
    /// How it is reached.
    pub kind: Hosttype,
}

impl Hostspec {
    /// Reads an operand; `None` is a local path. `port` is the `--port` value, 0 for none.
    pub fn parse(arg: &[u8], port: u16) -> Option<Hostspec> {
        if platform::is_local(arg) {
            return None;
        }
        const URL: &[u8] = b"rsync://";
        if arg.len() >= URL.len()
            && arg[..URL.len()].eq_ignore_ascii_case(URL)
            && let Some(spec) = Hostspec::parse_url(&arg[URL.len()..], port)
        {
            return Some(spec);
        }
        let (user, host, rest) = split_host(arg)?;
        let (path, kind) = match rest {
            [b':', b':', path @ ..] => (path, Hosttype::daemon(port)),
            [b':', path @ ..] => (path, Hosttype::Shell),
            _ => return None,
        };
        Some(Hostspec { user, host, path: path.to_vec(), kind })
    }

    /// Whether this is the host of the first operand, or none at all.
    fn same_host(&self, first: &Hostspec) -> bool {
        let unnamed = self.user.is_none() && self.host.is_empty();
        unnamed || (&self.user, &self.host) == (&first.user, &first.host)
    }

    fn parse_url(arg: &[u8], port: u16) -> Option<Hostspec> {
        let (user, host, rest) = split_host(arg)?;
        let (path, kind) = match rest {
            [] => (rest, Hosttype::daemon(port)),
            [b'/', path @ ..] => (path, Hosttype::daemon(port)),
            [_, rest @ ..] => {
                let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
                let (number, rest) = rest.split_at(digits);
                let path = match rest {
                    [] => rest,
                    [b'/', path @ ..] => path,
                    _ => return None,
                };
                let number = std::str::from_utf8(number).ok()?;
                (path, Hosttype::daemon(number.parse().unwrap_or(0)))
            }
        };
        Some(Hostspec { user, host, path: path.to_vec(), kind })
    }
}

impl Hosttype {
    fn daemon(port: u16) -> Hosttype {
        match port {
            0 => Hosttype::Daemon { port: DAEMON_PORT, port_given: false },
            port => Hosttype::Daemon { port, port_given: true },
        }
    }
}

/// User, host and what follows from the `:` or `/` on.
type SplitHost<'a> = (Option<Vec<u8>>, Vec<u8>, &'a [u8]);

/// `[USER@]HOST` up to the first `:` or `/` or the end. A bracket must be the whole host.
fn split_host(arg: &[u8]) -> Option<SplitHost<'_>> {
    let mut start = 0;
    let mut at = 0;
    while at < arg.len() {
        match arg[at] {
            b':' | b'/' => break,
            b'@' => start = at + 1,
            b'[' if at == start => {
                let close = at + arg[at..].iter().position(|&b| b == b']')?;
                let empty = close == at + 1;
                if empty || !matches!(arg.get(close + 1), None | Some(b':' | b'/')) {
                    return None;
                }
                let user = (start > 0).then(|| arg[..start - 1].to_vec());
                return Some((user, arg[at + 1..close].to_vec(), &arg[close + 1..]));
            }
            b'[' | b']' => return None,
            _ => {}
        }
        at += 1;
    }
    let user = (start > 0).then(|| arg[..start - 1].to_vec());
    Some((user, arg[start..at].to_vec(), &arg[at..]))
}

/// How the remote side is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// `rsync --server` over a remote shell.
    Shell,
    /// A daemon's socket.
    Daemon {
        /// The port.
        port: u16,
    },
    /// A daemon for this transfer only, over a remote shell.
    DaemonOverShell {
        /// What `RSYNC_PORT` is set to: the port given, or 0.
        port: u16,
    },
}

/// The remote side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// The user given.
    pub user: Option<Vec<u8>>,
    /// The host.
    pub host: Vec<u8>,
    /// How it is reached.
    pub via: Via,
}

impl Remote {
    /// Whether a daemon answers.
    pub fn is_daemon(&self) -> bool {
        self.via != Via::Shell
    }
}

/// What is copied where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operands {
    /// Within this host; without a destination the sources are listed.
    Local {
        /// The sources.
        sources: Vec<Vec<u8>>,
        /// The destination.
        dest: Option<Vec<u8>>,
    },
    /// To the remote side.
    Push {
        /// The sources.
        sources: Vec<Vec<u8>>,
        /// The remote side.
        remote: Remote,
        /// The path there.
        dest: Vec<u8>,
    },
    /// From a batch file.
    Replay {
        /// The destination.
        dest: Vec<u8>,
    },
    /// From the remote side; without a destination the sources are listed.
    Pull {
        /// The remote side.
        remote: Remote,
        /// The paths there, as typed; the first one empty on a daemon asks for its modules.
        sources: Vec<Vec<u8>>,
        /// The destination.
        dest: Option<Vec<u8>>,
    },
}

impl Plan {
    /// Decides what the operands mean and settles what depends on it.
    pub fn settle_operands(&mut self) -> Result<Operands, OptionError> {
        let transfer = classify(self)?;
        let listing = match &transfer {
            Operands::Local { dest, .. } | Operands::Pull { dest, .. } => dest.is_none(),
            Operands::Push { .. } | Operands::Replay { .. } => false,
        };
        let settings = &mut self.settings;
        if listing && !settings.list_only {
            settings.list_only = true;
            settings.dirs |= self.given.dirs_undecided;
        }
        settings.local = matches!(transfer, Operands::Local { .. });
        settings.am_sender = !matches!(transfer, Operands::Pull { .. } | Operands::Replay { .. });
        settings.am_daemon_client = match &transfer {
            Operands::Push { remote, .. } | Operands::Pull { remote, .. } => remote.is_daemon(),
            Operands::Local { .. } | Operands::Replay { .. } => false,
        };
        // A receiving side of ours needs the whole list before it can do these.
        let receiving = settings.local || !settings.am_sender;
        if receiving
            && (settings.prune_empty_dirs
                || settings.delay_updates
                || matches!(settings.delete_when, Some(DeleteTiming::Before | DeleteTiming::After)))
        {
            settings.inc_recurse = false;
        }
        settings.trust_sender |= settings.local || settings.read_batch.is_some();
        settings.trust_sender_args |= settings.trust_sender
            || self.old_args > 0
            || matches!(settings.files_from, Some(FilesFrom::Remote(_)));
        Ok(transfer)
    }
}

fn classify(plan: &Plan) -> Result<Operands, OptionError> {
    let operands = &plan.operands;
    let Some(first) = operands.first() else {
        let role = match plan.typed.arg_count {
            0 => Role::Client,
            _ => Role::ReceiverPresplit,
        };
        return Err(OptionError::usage(role));
    };
    if let (Some(_), Some(dest)) = (&plan.settings.read_batch, plan.operands.last()) {
        return Ok(Operands::Replay { dest: dest.clone() });
    }
    match Hostspec::parse(first, plan.port) {
        Some(spec) => pull(plan, spec),
        None => push_or_local(plan),
    }
}

fn pull(plan: &Plan, first: Hostspec) -> Result<Operands, OptionError> {
    let err = |lines: &[&[u8]]| OptionError {
        lines: lines.iter().map(|line| line.to_vec()).collect(),
        ..OptionError::line(Role::ReceiverPresplit, 1, "")
    };
    // A last operand with a colon in front can only be one more source.
    let (dest, sources) = match plan.operands.split_last() {
        Some((last, sources)) if !sources.is_empty() && !last.starts_with(b":") => {
            (Some(last), sources)
        }
        _ => (None, plan.operands.as_slice()),
    };
    if dest.is_some_and(|dest| Hostspec::parse(dest, plan.port).is_some()) {
        return Err(err(&[b"The source and destination cannot both be remote."]));
    }
    check_files_from(plan, Some(&first), Role::ReceiverPresplit)?;
    let mut paths = vec![first.path.clone()];
    for source in sources.iter().skip(1) {
        // Without --port: only a port in the operand itself can differ from the first one's.
        let Some(spec) = Hostspec::parse(source, 0) else {
            return Err(err(&[
                &[b"Unexpected local arg: ", source.as_slice()].concat(),
                b"If arg is a remote file/dir, prefix it with a colon (:).",
            ]));
        };
        if !spec.same_host(&first) {
            return Err(err(&[b"All source args must come from the same machine."]));
        }
        match (spec.kind, first.kind) {
            (Hosttype::Shell, Hosttype::Shell) => {}
            (Hosttype::Daemon { port, port_given }, Hosttype::Daemon { port: other, .. }) => {
                if port_given && port != other {
                    return Err(err(&[b"All source args must use the same port number."]));
                }
            }
            _ => return Err(err(&[b"All source args must use the same hostspec format."])),
        }
        paths.push(spec.path);
    }
    let remote = remote(plan, first, &paths[0], Role::ReceiverPresplit)?;
    let dest = match dest {
        Some(dest) => Some(local_dest(plan, dest, Role::ReceiverPresplit)?),
        None => None,
    };
    Ok(Operands::Pull { remote, sources: paths, dest })
}

fn push_or_local(plan: &Plan) -> Result<Operands, OptionError> {
    let err = |text: &[u8]| OptionError::line(Role::Sender, 1, text);
    let (dest, sources) = match plan.operands.split_last() {
        Some((last, sources)) if !sources.is_empty() => (Some(last), sources),
        _ => (None, plan.operands.as_slice()),
    };
    let spec = dest.and_then(|dest| Hostspec::parse(dest, plan.port));
    check_files_from(plan, spec.as_ref(), Role::Sender)?;
    for source in sources {
        if source.is_empty() {
            return Err(err(b"Empty source arg specified."));
        }
        if Hostspec::parse(source, plan.port).is_some() {
            return Err(err(&[b"Unexpected remote arg: ", source.as_slice()].concat()));
        }
    }
    let sources = sources.iter().map(|source| platform::local_path(source)).collect();
    match (spec, dest) {
        (Some(spec), _) => {
            let dest = spec.path.clone();
            let remote = remote(plan, spec, &dest, Role::Sender)?;
            Ok(Operands::Push { sources, remote, dest })
        }
        (None, dest) => {
            check_daemon_options(plan, None, Role::Sender)?;
            let dest = dest.map(|dest| local_dest(plan, dest, Role::Sender)).transpose()?;
            // As it would travel to another host, where it must not be taken for an option.
            let apart = |dest: Vec<u8>| match dest.starts_with(b"-") {
                true => [b"./", &dest[..]].concat(),
                false => dest,
            };
            Ok(Operands::Local { sources, dest: dest.map(apart) })
        }
    }
}

fn local_dest(plan: &Plan, dest: &[u8], role: Role) -> Result<Vec<u8>, OptionError> {
    if !dest.is_empty() {
        return Ok(platform::local_path(dest));
    }
    if plan.old_args > 0 {
        return Ok(b".".to_vec());
    }
    let text = "Empty destination arg specified (use \".\" or see --old-args).";
    Err(OptionError::line(role, 1, text))
}

/// The host of a remote `--files-from` must be the transfer's.
fn check_files_from(plan: &Plan, host: Option<&Hostspec>, role: Role) -> Result<(), OptionError> {
    if !matches!(plan.settings.files_from, Some(FilesFrom::Remote(_))) {
        return Ok(());
    }
    let named = &plan.given.files_from;
    let text = match host {
        None => "--files-from cannot be remote when the transfer is local",
        Some(spec) if !named.as_ref().is_some_and(|named| named.same_host(spec)) => {
            "--files-from hostname is not the same as the transfer hostname"
        }
        Some(_) => return Ok(()),
    };
    Err(OptionError::line(role, 1, text))
}

/// Options that only make sense with a daemon.
fn check_daemon_options(plan: &Plan, via: Option<Via>, role: Role) -> Result<(), OptionError> {
    let daemon = matches!(via, Some(Via::Daemon { .. } | Via::DaemonOverShell { .. }));
    if plan.password_file.is_some() && !daemon {
        let text = "The --password-file option may only be used when accessing an rsync daemon.";
        return Err(OptionError::line(role, 1, text));
    }
    if plan.contimeout != 0 && !matches!(via, Some(Via::Daemon { .. })) {
        let text = "The --contimeout option may only be used when connecting to an rsync daemon.";
        return Err(OptionError::line(role, 1, text));
    }
    Ok(())
}

fn remote(plan: &Plan, spec: Hostspec, path: &[u8], role: Role) -> Result<Remote, OptionError> {
    let via = match spec.kind {
        Hosttype::Shell => Via::Shell,
        Hosttype::Daemon { port, port_given } if plan.shell_given => {
            Via::DaemonOverShell { port: if port_given { port } else { 0 } }
        }
        Hosttype::Daemon { port, .. } => Via::Daemon { port },
    };
    check_daemon_options(plan, Some(via), role)?;
    if spec.host.starts_with(b"-") && !matches!(via, Via::Daemon { .. }) {
        let text = "Invalid remote host: hostnames may not start with '-'.";
        return Err(OptionError::line(role, 1, text));
    }
    if via != Via::Shell && path.starts_with(b"/") {
        let text = match via {
            Via::Daemon { .. } => "ERROR: The remote path must start with a module name not a /",
            _ => "ERROR: The remote path must start with a module name",
        };
        return Err(OptionError::line(role, 5, text));
    }
    Ok(Remote { user: spec.user, host: spec.host, via })
}
