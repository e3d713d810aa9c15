//! What the handshake decides, and the session that comes of it.

use super::notes::Notes;
use crate::{
    Session, Settings, charset::Charset, conn::Activity, log::Log, report::to_own_stderr,
    session::Status, settings::DeleteTiming,
};
use delta::checksum::{Checksum, SumSpec};
use std::{sync::Arc, time::Instant};
use wire::{Protocol, compat::CompatFlags, token::Compressor};

/// What the handshake decides.
#[derive(Debug, Clone)]
pub struct Agreement {
    /// The version.
    pub protocol: Protocol,
    /// The compat flags, 0 before protocol 30.
    pub compat: CompatFlags,
    /// The checksum seed.
    pub seed: i32,
    pub(super) transfer: Algorithm<Checksum>,
    pub(super) list_sum: Checksum,
    pub(super) compressor: Compressor,
    pub(super) charset: Option<Arc<Charset>>,
    pub(super) converts_targets: bool,
    pub(super) notes: Notes,
}

/// An algorithm and whether a name was exchanged or given for it, or the version implies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Algorithm<T> {
    pub algo: T,
    pub implied: bool,
}

impl Agreement {
    /// With the charset of the side whose session it becomes. `targets`: the peer converts symlink targets, too.
    pub fn with_charset(self, charset: Option<Arc<Charset>>, targets: bool) -> Agreement {
        let converts_targets = targets && charset.is_some();
        Agreement { charset, converts_targets, ..self }
    }

    /// The session that both sides agreed on. `symlink_times`: the peer has said that the receiver sets the times of symlinks.
    pub fn into_session(
        self,
        settings: Settings,
        symlink_times: bool,
        log: Log,
        status: Arc<Status>,
        activity: Arc<Activity>,
        started: Instant,
    ) -> Session {
        let Agreement { protocol, compat, seed, transfer, list_sum, compressor, notes, .. } = self;
        if !settings.am_server {
            notes.client.iter().for_each(|note| log.info(note));
        } else if !settings.am_daemon && !settings.quiet {
            // The stream's messages have not begun for a server that says this.
            notes
                .server
                .iter()
                .for_each(|note| to_own_stderr(format!("{note}\n").as_bytes(), false));
        }
        // Who receives knows what it can do, whatever an old protocol leaves unsaid.
        let receives = !settings.am_sender && protocol.has_item_flags();
        let level = compressor.level(settings.compress_level);
        let whole_file = settings.sends_whole_files() || transfer.algo == Checksum::None;
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
            receiver_symlink_times: receives || symlink_times,
            stats: status.stats.clone(),
            status,
            counters: Arc::default(),
            log,
            activity,
            started,
            charset: self.charset,
            converts_targets: self.converts_targets,
            installed: None,
            settings,
        }
    }
}
