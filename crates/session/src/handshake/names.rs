//! Which checksum and compressor the two ends use (WIRE.md, Algorithm lists).

use super::{
    agreement::{Agreement, Algorithm},
    notes::{Notes, side},
};
use crate::{Error, ExitCode, Settings};
use delta::checksum::Checksum;
use wire::{Protocol, compat::CompatFlags, negotiate, token::Compressor};

/// What a server says to a choice that it may not make.
fn refused(what: &str, name: &str) -> Error {
    let text = format!("Your --{what}-choice value ({name}) was refused by the server.");
    Error::fatal(ExitCode::UNSUPPORTED, text)
}

/// The names that are negotiated, given or implied.
pub(super) struct Names {
    checksum: NameList,
    compress: NameList,
}

/// The names of one kind of algorithm.
pub(super) struct NameList {
    pub what: &'static str,
    /// Allowed names in order of preference; `None` if the environment leaves none.
    pub own: Option<Vec<&'static str>>,
    /// The environment restricts the list.
    restricted: bool,
    /// A list is exchanged (if the peer does that at all).
    open: bool,
    pub chosen: Option<&'static str>,
}

impl NameList {
    fn new(
        what: &'static str,
        all: &[&'static str],
        allowed: Option<&str>,
        is_server: bool,
        open: bool,
    ) -> NameList {
        let allowed = allowed.unwrap_or_default();
        let restricted = !allowed.trim().is_empty();
        let all: Vec<_> = all.iter().copied().chain(["none"]).collect();
        let own = negotiate::environment_list(&all, allowed, is_server);
        NameList { what, own, restricted, open, chosen: None }
    }

    /// A single name, whatever the environment says.
    fn only(what: &'static str, name: &'static str, open: bool) -> NameList {
        NameList { what, own: Some(vec![name]), restricted: false, open, chosen: None }
    }

    pub fn joined(&self) -> String {
        self.own.as_deref().unwrap_or_default().join(" ")
    }

    fn allows(&self, name: &str) -> bool {
        !self.restricted || self.own.iter().flatten().any(|own| own.eq_ignore_ascii_case(name))
    }
}

impl Names {
    /// What the options and the environment of one end leave.
    ///
    /// # Errors
    /// Code 4.
    pub fn new(settings: &Settings, is_server: bool) -> Result<Names, Error> {
        let open_sums = settings.checksum_choice.is_none();
        let open_compressors = settings.compress && settings.compress_choice.is_none();
        let recorded = is_server && settings.only_write_batch;
        if settings.write_batch.is_some() || settings.read_batch.is_some() || recorded {
            // A batch does not say what was negotiated, so it can only be what every reader assumes.
            for (what, choice, only) in [
                ("checksum", &settings.checksum_choice, "md5"),
                ("compress", &settings.compress_choice, "zlib"),
            ] {
                if let Some(name) = choice.as_ref().filter(|name| !name.eq_ignore_ascii_case(only))
                    && is_server
                {
                    return Err(refused(what, name));
                }
            }
            return Ok(Names {
                checksum: NameList::only("checksum", "md5", open_sums),
                compress: NameList::only("compress", "zlib", open_compressors),
            });
        }
        let names = Names {
            checksum: NameList::new(
                "checksum",
                &Checksum::NAMES,
                settings.checksum_list.as_deref(),
                is_server,
                open_sums,
            ),
            compress: NameList::new(
                "compress",
                Compressor::NAMES,
                settings.compress_list.as_deref(),
                is_server,
                open_compressors,
            ),
        };
        if is_server {
            for name in settings.checksum_choice.iter().flat_map(|choice| choice.split(',')) {
                if name != "none" && name != "auto" && !names.checksum.allows(name) {
                    return Err(refused(names.checksum.what, name));
                }
            }
            if let Some(name) = &settings.compress_choice
                && name != "none"
                && !names.compress.allows(name)
            {
                return Err(refused(names.compress.what, name));
            }
        }
        Ok(names)
    }

    /// The lists that are exchanged.
    pub fn open_lists(&mut self) -> impl Iterator<Item = &mut NameList> {
        [&mut self.checksum, &mut self.compress].into_iter().filter(|list| list.open)
    }

    /// Resolves names to algorithms.
    pub fn agree(
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
        // The sender finds it out, and the receiver that it is gone.
        if settings.am_sender && settings.checksum && list.algo == Checksum::None {
            let text = "Invalid checksum-choice for --checksum: none (0)";
            return Err(Error::fatal(ExitCode::UNSUPPORTED, text));
        }
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
        let notes = self.notes(settings, transfer.algo, compressor);
        Ok(Agreement {
            protocol,
            compat,
            seed,
            transfer,
            list_sum: list.algo,
            compressor,
            charset: None,
            converts_targets: false,
            notes,
        })
    }

    /// What `--debug=NSTR` says about the outcome.
    fn notes(&self, settings: &Settings, sum: Checksum, compressor: Compressor) -> Notes {
        let mut notes = Notes::default();
        let sides = [
            (false, settings.local || !settings.am_server),
            (true, settings.local || settings.am_server),
        ];
        for is_server in sides.into_iter().filter_map(|(side, here)| here.then_some(side)) {
            let mut add = |list: &NameList, name: String| {
                let how = if list.chosen.is_some() { " negotiated" } else { "" };
                let text = format!("{}{how} {}: {name}", side(is_server), list.what);
                notes.add(settings, is_server, settings.debug.nstr, 1, text);
            };
            // What was asked for is told as it was typed.
            add(&self.checksum, settings.checksum_choice.as_deref().unwrap_or(sum.name()).into());
            let typed = settings.compress_choice.as_deref().unwrap_or(compressor.name());
            match compressor.level(settings.compress_level) {
                Some(level) => add(&self.compress, format!("{typed} (level {level})")),
                None if compressor == Compressor::None => {}
                None => add(&self.compress, "none (level 0)".to_string()),
            }
        }
        notes
    }
}
