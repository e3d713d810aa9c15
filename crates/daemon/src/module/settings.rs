//! What the module's configuration changes in the settings that the client asks for.

use super::enter::Entered;
use crate::{arguments::clean, config::Section, log::DaemonLog};
use session::{
    Settings,
    chmod::{self, Chmod},
    log::named,
    options::levels,
};
use std::os::unix::ffi::OsStringExt;

/// Default of `log format`.
const LOG_FORMAT: &[u8] = b"%o %h [%a] %m (%u) %f %l";
/// From this `max verbosity` on nothing is capped.
const ANY_VERBOSITY: i64 = 6;

/// How the module logs transfers, if it does.
pub(super) fn log_format(module: &Section) -> Option<Vec<u8>> {
    let wanted = module.flag("transferlogging") == Some(true);
    wanted.then(|| module.text("logformat").unwrap_or_else(|| LOG_FORMAT.to_vec()))
}

/// What the module says goes before what the client asks for.
pub(super) fn apply_module(settings: &mut Settings, module: &Section, entered: &Entered) {
    settings.am_server = true;
    settings.am_daemon = true;
    // Under -q the client alone decides what is not shown; it logs that.
    settings.quiet = false;
    settings.munge_links = entered.munge;
    settings.sanitize_links = entered.below_root && !entered.munge;
    settings.insecure_links = module.flag("insecurelinks") == Some(true);
    if module.flag("fakesuper") == Some(true) {
        settings.fake_super = true;
        settings.super_user = None;
        // What keeps the faked attributes is not for clients.
        settings.xattrs = settings.xattrs.min(1);
    } else if settings.fake_super {
        settings.fake_super = false;
        settings.super_user = Some(true);
    }
    settings.temp_dir = match settings.temp_dir.take() {
        // A client's leads nowhere above its destination.
        Some(dir) if !dir.is_empty() && !dir.starts_with(b"/") => Some(clean(&dir, false)),
        None => module.path("tempdir").map(|dir| dir.into_os_string().into_vec()),
        given => given,
    };
    settings.ignore_nonreadable = module.flag("ignorenonreadable") == Some(true);
    settings.ignore_errors |= module.flag("ignoreerrors") == Some(true);
    let numeric = module.flag("numericids");
    let numeric = if entered.chrooted { numeric != Some(false) } else { numeric == Some(true) };
    settings.nameless_ids = numeric && !settings.numeric_ids;
    settings.numeric_ids |= numeric;
    if let Some(on) = module.flag("opennoatime") {
        settings.open_noatime = on;
    }
    let timeout = module.int("timeout").and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    if timeout > 0 && (settings.timeout == 0 || timeout < settings.timeout) {
        settings.timeout = timeout;
    }
    let verbosity = module.int("maxverbosity").unwrap_or(1);
    if verbosity < ANY_VERBOSITY {
        let (info, debug) = levels::of_verbosity(verbosity.max(0) as u8);
        settings.info = settings.info.min(info);
        settings.debug = settings.debug.min(debug);
        settings.verbose = settings.verbose.min(verbosity.max(0) as u8);
    }
    if module.string("dontcompress").split_whitespace().any(|suffix| suffix == "*") {
        // As little as can be: the stream stays compressed, for the client expects that.
        settings.compress_level = Some(1);
    }
}

/// The module's changes of modes come after those that the client asks for.
pub(super) fn apply_chmod(settings: &mut Settings, module: &Section, log: &DaemonLog) {
    let (key, name) = match settings.am_sender {
        true => ("outgoingchmod", "outgoing chmod"),
        false => ("incomingchmod", "incoming chmod"),
    };
    let Some(text) = module.text(key).filter(|text| !text.is_empty()) else { return };
    if Chmod::parse(&text, 0).is_none() {
        log.error(named(&format!("Invalid \"{name}\" directive: "), &text, ""));
        return;
    }
    settings.chmod = Some(chmod::joined(settings.chmod.take(), &text));
    if !settings.am_sender {
        settings.incoming_chmod = Some(text);
    }
}
