//! Version exchange, compat flags, algorithm negotiation and seed (WIRE.md, Version exchange; Compat flags;
//! Algorithm lists; Seed), up to the switch to framing.

mod agreement;
mod names;
mod notes;

use crate::{
    Error, ExitCode, Session, Settings, batch,
    conn::{Reader, Writer},
    log::Log,
    settings::RemoveSource,
};
pub use agreement::Agreement;
use agreement::Algorithm;
use delta::checksum::Checksum;
use fast_io::{RecvHalf, SendHalf};
use names::Names;
use notes::Notes;
use wire::{
    Protocol,
    batch::BatchStart,
    compat::{ClientCapabilities, CompatFlags},
    negotiate,
    varint::Put,
};

/// How the versions are agreed on.
#[derive(Debug, Clone, Copy)]
pub enum VersionExchange {
    /// Each side writes its maximum (remote shell).
    Binary,
    /// The daemon's greeting did it; this is the common version.
    Greeting(u32),
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
) -> Result<Agreement, Error> {
    let (protocol, peer) =
        agree_on_version(settings, exchange, settings.protocol_max, reader, writer)?;
    let mut notes = Notes::default();
    notes.versions(settings, false, peer, protocol);
    let mut compat = CompatFlags(0);
    if protocol.has_varints() {
        compat = reader.read(CompatFlags::decode)?;
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
            let server = reader.read(negotiate::decode_list)?;
            let own = list.own.as_deref();
            let told = String::from_utf8_lossy(&server).into_owned();
            notes.lists(settings, false, list.what, [&list.joined(), &told]);
            let Some(name) = own.and_then(|own| negotiate::client_choice(own, &server)) else {
                let own = own.map_or("INVALID".into(), |own| own.join(" "));
                // The server is to find the same.
                negotiate::encode_list(Some(&[own.as_str()]), writer.buf());
                let _gone = writer.flush();
                return Err(negotiate::no_choice(list.what, &server, own.as_bytes()).into());
            };
            negotiate::encode_list(Some(&[name]), writer.buf());
            list.chosen = Some(name);
        }
        writer.flush()?;
    }
    let seed = reader.read(|c| c.int32())?;
    let mut agreement = names.agree(settings, protocol, compat, seed)?;
    notes.join(std::mem::take(&mut agreement.notes));
    Ok(Agreement { notes, ..agreement })
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
    // What the options ask for is refused before anything is said.
    let mut names = Names::new(settings, true)?;
    let newest = Protocol::new(settings.protocol_max);
    let own = newest.map_or(settings.protocol_max, |newest| newest.announced(caps.prerelease));
    let (protocol, peer) = agree_on_version(settings, exchange, own, reader, writer)?;
    let mut notes = Notes::default();
    notes.versions(settings, true, peer, protocol);
    let mut compat = CompatFlags(0);
    if protocol.has_varints() {
        compat = caps.server_flags(settings.inc_recurse);
        compat.encode(caps, writer.buf());
    }
    if protocol.has_varints() && caps.negotiates_names() {
        for list in names.open_lists() {
            negotiate::encode_list(list.own.as_deref(), writer.buf());
        }
        writer.flush()?;
        for list in names.open_lists() {
            let client = reader.read(negotiate::decode_list)?;
            let told = String::from_utf8_lossy(&client).into_owned();
            notes.lists(settings, true, list.what, [&told, &list.joined()]);
            let chosen = list.own.as_ref().and_then(|own| negotiate::server_choice(own, &client));
            list.chosen = Some(chosen.ok_or_else(|| Error::fatal(ExitCode::UNSUPPORTED, ""))?);
        }
    }
    let seed = match settings.checksum_seed {
        0 => random_seed(),
        given => given,
    };
    writer.buf().put_int32(seed);
    writer.flush()?;
    let mut agreement = names.agree(settings, protocol, compat, seed)?;
    notes.join(std::mem::take(&mut agreement.notes));
    Ok(Agreement { notes, ..agreement })
}

/// What a local copy, whose two ends are one program, would have agreed on.
///
/// # Errors
/// Code 2 for versions, 4 for algorithms.
pub fn local(settings: &Settings) -> Result<Agreement, Error> {
    let peer = settings.protocol_max.into();
    let protocol = common_version(settings, settings.protocol_max, peer)?;
    let mut notes = Notes::default();
    for is_server in [false, true] {
        notes.versions(settings, is_server, peer, protocol);
    }
    let caps = ClientCapabilities::parse(b".LsfxCIvui");
    let compat = if protocol.has_varints() {
        caps.server_flags(settings.inc_recurse)
    } else {
        CompatFlags(0)
    };
    let mut names = Names::new(settings, false)?;
    let mut server_names = Names::new(settings, true)?;
    if compat.has(CompatFlags::VARINT_FLIST_FLAGS) {
        for (list, server) in names.open_lists().zip(server_names.open_lists()) {
            let lists = [&*list.joined(), &*server.joined()];
            for is_server in [false, true] {
                notes.lists(settings, is_server, list.what, lists);
            }
            let own = list.own.as_deref().unwrap_or_default();
            let chosen = negotiate::client_choice(own, server.joined().as_bytes());
            let refused = || {
                let [client, server] = lists.map(|list| match list {
                    "" => b"INVALID",
                    names => names.as_bytes(),
                });
                Error::from(negotiate::no_choice(list.what, server, client))
            };
            list.chosen = Some(chosen.ok_or_else(refused)?);
        }
    }
    let seed = match settings.checksum_seed {
        0 => random_seed(),
        given => given,
    };
    let mut agreement = names.agree(settings, protocol, compat, seed)?;
    notes.join(std::mem::take(&mut agreement.notes));
    agreement.notes = notes;
    // Nothing lies between the two ends of a whole-file local copy that could damage a byte without an error,
    // so there is nothing for a checksum of the transfer to find.
    if settings.sends_whole_files()
        && settings.write_batch.is_none()
        && settings.checksum_choice.is_none()
        && !crate::report::wants_sums(settings)
    {
        agreement.transfer = Algorithm { algo: Checksum::None, implied: false };
    }
    Ok(agreement)
}

/// What the beginning of a batch says was agreed on; the options are changed to those that the stream was made with.
///
/// # Errors
/// Code 2 for versions, 1 for options that do not go together with the batch, or the file's.
pub fn replay<R: RecvHalf>(
    settings: &mut Settings,
    reader: &mut Reader<R>,
    log: &Log,
) -> Result<Agreement, Error> {
    let start = reader.read(BatchStart::decode)?;
    let own = settings.protocol_max;
    if i64::from(start.protocol) > i64::from(own) {
        let text = format!(
            "The protocol version in the batch file is too new ({} > {own}).",
            start.protocol
        );
        return Err(Error::fatal(ExitCode::PROTOCOL, text));
    }
    let version = i64::from(start.protocol);
    let protocol = Protocol::agree(version, version, "Client")?;
    let header = reader.read(|c| start.decode_rest(protocol, c))?;
    batch::match_options(settings, &header, log)?;
    check_options(settings, protocol)?;
    if header.compat.has(CompatFlags::INC_RECURSE) && !settings.inc_recurse {
        return Err(Error::fatal(
            ExitCode::SYNTAX,
            "Incompatible options specified for inc-recursive batch file.",
        ));
    }
    Names::new(settings, false)?.agree(settings, protocol, header.compat, header.seed)
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
) -> Result<(Protocol, i64), Error> {
    let peer = match exchange {
        VersionExchange::Greeting(common) => i64::from(common),
        VersionExchange::Binary => {
            writer.buf().put_int32(announced as i32);
            let written = writer.flush();
            // A peer that ends at once may do so before or after this write. Its closed stream is
            // looked at first, so that the exit code does not depend on which.
            let peer = reader.read(|c| c.int32())?;
            written?;
            i64::from(peer)
        }
    };
    Ok((common_version(settings, announced, peer)?, peer))
}

fn common_version(settings: &Settings, own: u32, peer: i64) -> Result<Protocol, Error> {
    let side = if settings.am_server { "Server" } else { "Client" };
    let protocol = Protocol::agree(peer, peer.min(i64::from(own)), side)?;
    check_options(settings, protocol)?;
    Ok(protocol)
}

/// Refuses options that are too new for the version.
fn check_options(settings: &Settings, protocol: Protocol) -> Result<(), Error> {
    if !settings.local {
        if settings.acls {
            protocol.require("--acls", 30)?;
        }
        if settings.xattrs > 0 {
            protocol.require("--xattrs", 30)?;
        }
    }
    if settings.fuzzy > 0 {
        protocol.require("--fuzzy", 29)?;
    }
    if settings.prune_empty_dirs {
        protocol.require("--prune-empty-dirs", 29)?;
    }
    if let Some((kind, dirs)) = &settings.alt_dest {
        if settings.inplace {
            protocol.require(&format!("{} with --inplace", kind.option()), 29)?;
        }
        if dirs.len() > 1 {
            protocol.require(&format!("Using more than one {} option", kind.option()), 29)?;
        }
    }
    Ok(())
}

/// Whether options and environment allow one end the algorithms that were chosen.
///
/// # Errors
/// Code 4.
pub fn allows_choices(settings: &Settings, is_server: bool) -> Result<(), Error> {
    Names::new(settings, is_server).map(drop)
}

/// Switches reader and writer to the session's framing (WIRE.md, Frames). The files-from exceptions of
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
    let settings = &session.settings;
    // A receiving client has messages for its sender even before protocol 30 if that is to remove files.
    let pull = settings.am_server == settings.am_sender;
    let confirms = pull && settings.remove_source != RemoveSource::Nothing;
    let client_framed = session.protocol.has_varints() || confirms;
    let (incoming, outgoing) = match session.settings.am_server {
        true => (client_framed, server_framed),
        false => (server_framed, client_framed),
    };
    reader.set_framed(incoming);
    reader.start(session);
    writer.set_framed(outgoing);
    session.activity.touch();
    writer.start(session)
}
