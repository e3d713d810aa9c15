//! Why a request is not served.

use super::enter::Entered;
use crate::{
    arguments,
    auth::{Access, LoggedIn},
    config::Section,
    refuse::Refusals,
    rules,
};
use session::{
    Error, ExitCode,
    options::{OptionError, RuleArg, table::Opt},
    server::ServerJob,
    settings::{DeleteTiming, FilesFrom, RemoveSource},
};
use wire::RelPath;

/// Whether a client whose options are refused begins with an incremental list: its letters, what it is able to do among them, were
/// read before the option that is refused.
pub(super) fn grows(options: &[Vec<u8>], refusal: &Error) -> bool {
    let letters = options.iter().find(|word| word.starts_with(b"-") && !word.starts_with(b"--"));
    let Some(letters) = letters else { return false };
    let end = letters.windows(2).position(|pair| pair == b"e.").unwrap_or(letters.len());
    let (given, able) = letters.split_at(end);
    let is_letter = match refusal {
        Error::Fatal { text, .. } => {
            text.windows(4).any(|window| window.starts_with(b" (-") && given.contains(&window[3]))
        }
        _ => true,
    };
    given.contains(&b'r') && able.contains(&b'i') && !is_letter
}

/// Options that cannot be used are told in the stream; the code is the same for all.
pub(super) fn option_refusal(e: &OptionError) -> Error {
    let text = e.text();
    let text = text.strip_suffix(b"\n").unwrap_or(&text).to_vec();
    Error::fatal(ExitCode::UNSUPPORTED, text)
}

/// Why a request that is well formed is not served.
pub(super) fn refusal(
    job: &mut ServerJob,
    module: &Section,
    login: &LoggedIn,
    refusals: &Refusals,
    entered: &Entered,
) -> Option<Error> {
    let syntax = |text: &str| Some(Error::fatal(ExitCode::SYNTAX, text));
    let settings = &mut job.settings;
    let read_only = match login.access {
        Access::ReadOnly => true,
        Access::ReadWrite => false,
        Access::Module => module.flag("readonly").unwrap_or(true),
    };
    if settings.am_sender {
        if module.flag("writeonly") == Some(true) {
            return syntax("ERROR: module is write only");
        }
        if read_only && settings.remove_source != RemoveSource::Nothing {
            return syntax("ERROR: --remove-source-files cannot be used with a read-only module");
        }
    } else if read_only {
        return syntax("ERROR: module is read only");
    }
    if settings.delete && settings.delete_when.is_none() {
        if refusals.has(Opt::DeleteBefore) {
            settings.delete_when = Some(DeleteTiming::During);
        } else if refusals.has(Opt::DeleteDuring) {
            settings.delete_when = Some(DeleteTiming::Before);
        }
    }
    let filters = entered.filters.as_ref();
    let hidden = |path: &[u8]| {
        let name = RelPath::new(path).unwrap_or_default();
        rules::is_hidden(filters, name.as_bytes(), false)
            || rules::is_hidden(filters, name.as_bytes(), true)
    };
    let mut named: Vec<Vec<u8>> = Vec::new();
    if let Some(FilesFrom::Local(path)) = &mut settings.files_from {
        *path = arguments::clean(path, false);
        named.push(path.clone());
    }
    named.extend(job.rules.iter().filter_map(|given| match &given.rule {
        RuleArg::ExcludeFrom(path) | RuleArg::IncludeFrom(path) => {
            Some(arguments::clean(path, false))
        }
        _ => None,
    }));
    if named.iter().any(|path| hidden(path)) {
        let text = "rsync: Your options have been rejected by the server.";
        return Some(Error::fatal(ExitCode::UNSUPPORTED, text));
    }
    if !settings.am_sender
        && let Some(dest) = job.args.first()
        && hidden(dest)
    {
        let text = [b"ERROR: daemon has excluded destination \"", dest.as_slice(), b"\""].concat();
        return Some(Error::fatal(ExitCode::FILE_SELECT, text));
    }
    if !settings.am_sender {
        let dest = job.args.first().map_or(&b""[..], Vec::as_slice);
        let rejected = |dir: &[u8]| {
            let whole = match dir.first() {
                Some(b'/') => dir.to_vec(),
                _ => [dest, b"/", dir].concat(),
            };
            hidden(&arguments::clean(&whole, false))
        };
        let text = "Your options have been rejected by the server.";
        let set_aside = [&settings.temp_dir, &settings.backup_dir];
        if set_aside.into_iter().flatten().any(|dir| rejected(dir)) {
            return Some(Error::fatal(ExitCode::UNSUPPORTED, format!("rsync: {text}")));
        }
        // A relative one is a matter of each file.
        let absolute = settings.partial_dir.as_deref().filter(|dir| dir.starts_with(b"/"));
        let alternates = settings.alt_dest.iter().flat_map(|(_, dirs)| dirs);
        if absolute.into_iter().chain(alternates.map(Vec::as_slice)).any(rejected) {
            return syntax(text);
        }
    }
    None
}
