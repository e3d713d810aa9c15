//! Version exchange, compat flags, algorithm negotiation and seed (wire: version exchange, compat flags,
//! negotiation, seed), up to the switch to framing.

use crate::{
    Error, ExitCode, Session, Settings,
    conn::{Activity, Reader, Writer},
    log::Log,
    session::{Stats, Status},
    settings::DeleteTiming,
};
use delta::checksum::{Checksum, SumSpec};
use fast_io::{RecvHalf, SendHalf};
use std::{sync::Arc, time::Instant};
use wire::{
    Protocol,
    compat::{ClientCapabilities, CompatFlags},
    limits::MAX_ALGORITHM_LIST,
    negotiate,
    token::Compressor,
    varint::Put,
};

/// Oldest and newest version number that a peer may announce.
const PEER_VERSIONS: std::ops::RangeInclusive<u32> = 20..=40;

/// How the versions are agreed on.
#[derive(Debug, Clone, Copy)]
pub enum VersionExchange {
    /// Each side writes its maximum (remote shell).
    Binary,
    /// The daemon's greeting did it; this is the common version.
    Greeting(u32),
}

/// What the handshake decides.
#[derive(Debug, Clone)]
pub struct Agreement {
    /// The version.
    pub protocol: Protocol,
    /// The compat flags, 0 before protocol 30.
    pub compat: CompatFlags,
    /// The checksum seed.
    pub seed: i32,
    transfer: Algorithm<Checksum>,
    list_sum: Checksum,
    compressor: Compressor,
}

/// An algorithm and whether a name was exchanged or given for it, or the version implies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Algorithm<T> {
    algo: T,
    implied: bool,
}

/// Performs the client's part.
///
/// # Errors
/// Code 2 for versions, 4 for algorithms, or the link's.
pub fn client<R: RecvHalf, W: SendHalf>(
    settings: &Settings,
    exchange: VersionExchange,
    reader: &mut Reader<R>,
    writer: &mut Writer<W>,
    log: &Log,
) -> Result<Agreement, Error> {
    let protocol = agree_on_version(settings, exchange, settings.protocol_max, reader, writer)?;
    let mut compat = CompatFlags(0);
    if protocol.has_varints() {
        compat = CompatFlags(reader.read(|c| c.varint())? as u32);
        if compat.has(CompatFlags::INC_RECURSE) && !settings.inc_recurse {
            return Err(Error::fatal(
                ExitCode::SYNTAX,
                "Incompatible options specified for inc-recursive connection.",
            ));
        }
    }
    let mut names = Names::new(settings, false)?;
    if compat.has(CompatFlags::VARINT_FLIST_FLAGS) {
        // The server writes first and waits for nothing, so reading first costs no round trip, and a reply with
        // only the chosen name is understood alike by every server version.
        for list in names.open_lists() {
            let server = reader.read(|c| c.vstring(MAX_ALGORITHM_LIST))?;
            match list.own.as_ref().and_then(|own| negotiate::client_choice(own, &server)) {
                Some(name) => {
                    writer.buf().put_vstring(name.as_bytes());
                    list.chosen = Some(name);
                }
                None => {
                    let own = list.own.as_ref().map_or("INVALID".into(), |own| own.join(" "));
                    log.error(format!("Failed to negotiate a {} choice.", list.what));
                    log.error(format!("Server list: {}", String::from_utf8_lossy(&server)));
                    log.error(format!("Client list: {own}"));
                    return Err(Error::fatal(ExitCode::UNSUPPORTED, ""));
                }
            }
        }
        writer.flush()?;
    }
    let seed = reader.read(|c| c.int32())?;
    names.agree(settings, protocol, compat, seed)
}

/// Performs the server's part; `caps` is what the client's `-e` option said.
///
/// # Errors
/// As [`client`].
pub fn server<R: RecvHalf, W: SendHalf>(
    settings: &Settings,
    exchange: VersionExchange,
    caps: &ClientCapabilities,
    reader: &mut Reader<R>,
    writer: &mut Writer<W>,
) -> Result<Agreement, Error> {
    let own = match caps.prerelease {
        Some((major, _)) if major < settings.protocol_max => major - 1,
        Some((major, _)) if major == settings.protocol_max => settings.protocol_max - 1,
        _ => settings.protocol_max,
    };
    let protocol = agree_on_version(settings, exchange, own, reader, writer)?;
    let mut compat = CompatFlags(0);
    if protocol.has_varints() {
        compat = caps.server_flags(settings.inc_recurse);
        if caps.raw_byte_flags() {
            writer.buf().put_byte(compat.0 as u8);
        } else {
            writer.buf().put_varint(compat.0 as i32);
        }
    }
    let mut names = Names::new(settings, true)?;
    if compat.has(CompatFlags::VARINT_FLIST_FLAGS) {
        for list in names.open_lists() {
            let own = list.own.as_ref().map_or("INVALID".into(), |own| own.join(" ") + " none");
            writer.buf().put_vstring(own.as_bytes());
        }
        writer.flush()?;
        for list in names.open_lists() {
            let client = reader.read(|c| c.vstring(MAX_ALGORITHM_LIST))?;
            let own = list.own.as_ref();
            let chosen = own.and_then(|own| negotiate::server_choice(own, &client));
            list.chosen = Some(chosen.ok_or_else(|| Error::fatal(ExitCode::UNSUPPORTED, ""))?);
        }
    }
    let seed = match settings.checksum_seed {
        0 => random_seed(),
        given => given,
    };
    writer.buf().put_int32(seed);
    writer.flush()?;
    names.agree(settings, protocol, compat, seed)
}

/// What a local copy, whose two ends are one program, would have agreed on.
///
/// # Errors
/// Code 2 for versions, 4 for algorithms.
pub fn local(settings: &Settings) -> Result<Agreement, Error> {
    let protocol = common_version(settings, settings.protocol_max, settings.protocol_max)?;
    let caps = ClientCapabilities::parse(b".LsfxCIvui");
    let compat = if protocol.has_varints() {
        caps.server_flags(settings.inc_recurse)
    } else {
        CompatFlags(0)
    };
    let mut names = Names::new(settings, false)?;
    if compat.has(CompatFlags::VARINT_FLIST_FLAGS) {
        for list in names.open_lists() {
            list.chosen = list.own.as_ref().and_then(|own| own.first().copied());
        }
    }
    let seed = match settings.checksum_seed {
        0 => random_seed(),
        given => given,
    };
    let mut agreement = names.agree(settings, protocol, compat, seed)?;
    // Nothing lies between the two ends of a whole-file local copy that could damage a byte without an error,
    // so there is nothing for a checksum of the transfer to find.
    if settings.whole_file.unwrap_or(true) && settings.checksum_choice.is_none() {
        agreement.transfer = Algorithm { algo: Checksum::None, implied: false };
    }
    Ok(agreement)
}

fn random_seed() -> i32 {
    let mut bytes = [0; 4];
    // Any value will do: the seed only has to vary between sessions.
    if getrandom::fill(&mut bytes).is_err() {
        bytes = std::process::id().to_le_bytes();
    }
    i32::from_le_bytes(bytes).max(1)
}

fn agree_on_version<R: RecvHalf, W: SendHalf>(
    settings: &Settings,
    exchange: VersionExchange,
    announced: u32,
    reader: &mut Reader<R>,
    writer: &mut Writer<W>,
) -> Result<Protocol, Error> {
    let peer = match exchange {
        VersionExchange::Greeting(common) => common,
        VersionExchange::Binary => {
            writer.buf().put_int32(announced as i32);
            writer.flush()?;
            reader.read(|c| c.int32())? as u32
        }
    };
    common_version(settings, announced, peer)
}

fn common_version(settings: &Settings, own: u32, peer: u32) -> Result<Protocol, Error> {
    if !PEER_VERSIONS.contains(&peer) {
        return Err(Error::fatal(
            ExitCode::PROTOCOL,
            "protocol version mismatch -- is your shell clean?\n(see the rsync manpage for an explanation)",
        ));
    }
    let common = own.min(peer);
    let protocol = Protocol::new(common).ok_or_else(|| {
        let side = if settings.am_server { "Server" } else { "Client" };
        Error::fatal(
            ExitCode::PROTOCOL,
            format!(
                "--protocol must be at least {} on the {side}.",
                wire::version::OLDEST.number()
            ),
        )
    })?;
    let needs = |name: &str, least: u32| {
        let text = format!("{name} requires protocol {least} or higher (negotiated {common}).");
        Err(Error::fatal(ExitCode::PROTOCOL, text))
    };
    if !protocol.has_varints() && !settings.local {
        if settings.acls {
            return needs("--acls", 30);
        }
        if settings.xattrs > 0 {
            return needs("--xattrs", 30);
        }
    }
    if !protocol.has_item_flags() && settings.prune_empty_dirs {
        return needs("--prune-empty-dirs", 29);
    }
    Ok(protocol)
}

/// The names that are negotiated, given or implied.
struct Names {
    checksum: NameList,
    compress: NameList,
}

struct NameList {
    what: &'static str,
    /// Allowed names in order of preference; `None` if the environment leaves none.
    own: Option<Vec<&'static str>>,
    /// The environment restricts the list.
    restricted: bool,
    /// A list is exchanged (if the peer does that at all).
    open: bool,
    chosen: Option<&'static str>,
}

impl NameList {
    fn new(
        what: &'static str,
        all: &[&'static str],
        variable: &str,
        is_server: bool,
        open: bool,
    ) -> NameList {
        let value = std::env::var(variable).unwrap_or_default();
        let restricted = !value.trim().is_empty();
        let own = if restricted {
            negotiate::environment_list(all, &value, is_server)
        } else {
            Some(all.to_vec())
        };
        NameList { what, own, restricted, open, chosen: None }
    }

    fn allows(&self, name: &str) -> bool {
        !self.restricted || self.own.as_ref().is_some_and(|own| own.contains(&name))
    }
}

impl Names {
    fn new(settings: &Settings, is_server: bool) -> Result<Names, Error> {
        let names = Names {
            checksum: NameList::new(
                "checksum",
                &Checksum::NAMES,
                "RSYNC_CHECKSUM_LIST",
                is_server,
                settings.checksum_choice.is_none(),
            ),
            compress: NameList::new(
                "compress",
                &Compressor::NAMES,
                "RSYNC_COMPRESS_LIST",
                is_server,
                settings.compress && settings.compress_choice.is_none(),
            ),
        };
        if is_server {
            let refused = |list: &NameList, name: &str| {
                let text = format!(
                    "Your --{}-choice value ({name}) was refused by the server.",
                    list.what
                );
                Err(Error::fatal(ExitCode::UNSUPPORTED, text))
            };
            for name in settings.checksum_choice.iter().flat_map(|choice| choice.split(',')) {
                if name != "none" && name != "auto" && !names.checksum.allows(name) {
                    return refused(&names.checksum, name);
                }
            }
            if let Some(name) = &settings.compress_choice
                && name != "none"
                && !names.compress.allows(name)
            {
                return refused(&names.compress, name);
            }
        }
        Ok(names)
    }

    fn open_lists(&mut self) -> impl Iterator<Item = &mut NameList> {
        [&mut self.checksum, &mut self.compress].into_iter().filter(|list| list.open)
    }

    /// Resolves names to algorithms.
    fn agree(
        self,
        settings: &Settings,
        protocol: Protocol,
        compat: CompatFlags,
        seed: i32,
    ) -> Result<Agreement, Error> {
        let fallback = if protocol.has_varints() { Checksum::Md5 } else { Checksum::Md4 };
        let fallback = || {
            if self.checksum.allows(fallback.name()) {
                Ok(Algorithm { algo: fallback, implied: true })
            } else {
                let text = format!("the checksum list does not allow {}", fallback.name());
                Err(Error::fatal(ExitCode::UNSUPPORTED, text))
            }
        };
        let by_name = |name: &str| match Checksum::from_name(name) {
            _ if name == "auto" => fallback(),
            Some(algo) => Ok(Algorithm { algo, implied: false }),
            None => {
                Err(Error::fatal(ExitCode::UNSUPPORTED, format!("unknown checksum name: {name}")))
            }
        };
        let (transfer, list) = match (&settings.checksum_choice, self.checksum.chosen) {
            (Some(choice), _) => match choice.split_once(',') {
                Some((transfer, list)) => (by_name(transfer)?, by_name(list)?),
                None => (by_name(choice)?, by_name(choice)?),
            },
            (None, Some(name)) => (by_name(name)?, by_name(name)?),
            (None, None) => (fallback()?, fallback()?),
        };
        let compressor = match (&settings.compress_choice, self.compress.chosen) {
            (Some(name), _) => Compressor::from_name(name).ok_or_else(|| {
                Error::fatal(ExitCode::UNSUPPORTED, format!("unknown compress name: {name}"))
            })?,
            _ if !settings.compress => Compressor::None,
            (None, Some(name)) => Compressor::from_name(name).unwrap_or(Compressor::Zlib),
            (None, None) if self.compress.allows("zlib") => Compressor::Zlib,
            (None, None) => {
                let text = "the compress list does not allow zlib";
                return Err(Error::fatal(ExitCode::UNSUPPORTED, text));
            }
        };
        Ok(Agreement { protocol, compat, seed, transfer, list_sum: list.algo, compressor })
    }
}

impl Agreement {
    /// The session that both sides agreed on.
    pub fn into_session(
        self,
        settings: Settings,
        receiver_symlink_times: bool,
        log: Log,
        status: Arc<Status>,
        activity: Arc<Activity>,
        started: Instant,
    ) -> Session {
        let Agreement { protocol, compat, seed, transfer, list_sum, compressor } = self;
        let level = compressor.level(settings.compress_level);
        let whole_file =
            settings.whole_file.unwrap_or(settings.local) || transfer.algo == Checksum::None;
        let delete = settings.delete.then(|| {
            settings.delete_when.unwrap_or(match protocol.has_varints() {
                true => DeleteTiming::During,
                false => DeleteTiming::Before,
            })
        });
        Session {
            protocol,
            compat,
            inc_recurse: compat.has(CompatFlags::INC_RECURSE),
            transfer_sum: SumSpec {
                algo: transfer.algo,
                seed,
                legacy_md4: transfer.implied && transfer.algo == Checksum::Md4,
                seed_last: transfer.implied
                    && transfer.algo == Checksum::Md5
                    && !compat.has(CompatFlags::CHKSUM_SEED_FIX),
            },
            list_sum,
            compressor: if level.is_some() { compressor } else { Compressor::None },
            compress_level: level.unwrap_or_default(),
            whole_file,
            delete,
            receiver_symlink_times,
            status,
            stats: Arc::new(Stats::default()),
            log,
            activity,
            started,
            settings,
        }
    }
}

/// Switches reader and writer to the session's framing (wire: framing, when it starts). The files-from exceptions of
/// protocol 30 and before are the business of whoever sends or reads those names.
///
/// # Errors
/// The link's.
pub fn start<R: RecvHalf, W: SendHalf>(
    session: &Session,
    reader: &mut Reader<R>,
    writer: &mut Writer<W>,
) -> Result<(), Error> {
    writer.flush()?;
    let server_framed = true;
    let client_framed = session.protocol.has_varints();
    let (incoming, outgoing) = match session.settings.am_server {
        true => (client_framed, server_framed),
        false => (server_framed, client_framed),
    };
    reader.set_framed(incoming);
    reader.start(session);
    writer.set_framed(outgoing);
    writer.start(session);
    session.activity.touch();
    Ok(())
}
