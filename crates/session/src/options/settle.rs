//! The single steps of `resolve`.
use super::{
    OptionError, operands,
    plan::{Environment, Outbuf, RuleArg},
    sizes::{self, SizeRule},
    state::{Recurse, State},
};
use crate::settings::{Append, DeleteTiming, FilesFrom, RemoveSource};
use wire::{
    limits::{DEFAULT_MAX_ALLOC, MAX_PATH},
    token::Compressor,
};

/// Longest name of a batch file.
const MAX_BATCH_NAME: usize = 256;
/// Room that a temporary file's name needs behind its directory's.
const TEMP_NAME: usize = 10;
/// Room that a backup's name needs behind its directory's.
const BACKUP_NAME: usize = 128;

const CHECKSUMS: &[&str] =
    &["xxh128", "xxh3", "xxh64", "xxhash", "md5", "md4", "sha1", "none", "auto"];

pub(super) fn max_alloc(s: &mut State, env: &Environment) -> Result<u64, OptionError> {
    if s.max_alloc.is_none() {
        s.max_alloc = env.max_alloc.clone().filter(|v| !v.is_empty());
    }
    let Some(text) = &s.max_alloc else { return Ok(DEFAULT_MAX_ALLOC) };
    let rule = SizeRule {
        name: "max-alloc",
        unit: b'B',
        min: 1 << 20,
        max: None,
        zero_is_unlimited: true,
    };
    match sizes::parse_size(&rule, text).map_err(|e| s.error(e))? {
        // Someone else's daemon is not to allocate without limit.
        0 if s.am_daemon => Ok(DEFAULT_MAX_ALLOC),
        0 => Ok(u64::MAX),
        n => Ok(n),
    }
}

/// `--old-args` against `-s`, and their variables.
pub(super) fn settle_args(s: &mut State, env: &Environment) -> Result<(), OptionError> {
    if s.am_server {
        return Ok(());
    }
    let level = env.old_args.as_deref().filter(|v| !v.is_empty());
    if let (None, Some(text), None | Some(false)) = (s.old_args, level, s.secluded) {
        s.old_args = Some(match leading_int(text) {
            0 => 0,
            2.. => 2,
            _ => 1,
        });
        s.secluded = Some(false);
    }
    if s.secluded.is_none() && s.old_args.unwrap_or(0) == 0 {
        let wanted = env.protect_args.as_deref().is_some_and(|v| leading_int(v) != 0);
        s.secluded = Some(wanted);
    }
    if s.secluded == Some(true) && s.old_args.unwrap_or(0) > 0 {
        return Err(s.error("--secluded-args conflicts with --old-args."));
    }
    Ok(())
}

/// As C's `atoi`.
pub(super) fn leading_int(text: &[u8]) -> i64 {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let digits = digits.iter().take_while(|b| b.is_ascii_digit());
    let n = digits.fold(0i64, |n, b| n.saturating_mul(10).saturating_add(i64::from(b - b'0')));
    if negative { -n } else { n }
}

fn known(list: &[&str], name: &[u8]) -> bool {
    list.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

pub(super) fn check_checksum_choice(s: &State) -> Result<(), OptionError> {
    let Some(choice) = &s.checksum_choice else { return Ok(()) };
    let (transfer, file) = match choice.iter().position(|&b| b == b',') {
        Some(at) if at > 0 => (&choice[..at], &choice[at + 1..]),
        _ => (&choice[..], &choice[..]),
    };
    for name in [transfer, file] {
        if !known(CHECKSUMS, name) {
            return Err(s.bare(4, [b"unknown checksum name: ", name].concat()));
        }
    }
    Ok(())
}

/// The choice unless it leaves everything to negotiation.
pub(super) fn named_checksum(choice: Option<&[u8]>) -> Option<String> {
    let choice = String::from_utf8_lossy(choice?).into_owned();
    let auto = |name: &str| choice.eq_ignore_ascii_case(name);
    if auto("auto") || auto("auto,auto") { None } else { Some(choice) }
}

/// `--checksum-choice` leaves the transfer without a checksum.
fn has_no_checksum(s: &State) -> bool {
    let transfer = s.checksum_choice.as_deref().and_then(|c| c.split(|&b| b == b',').next());
    transfer.is_some_and(|name| name.eq_ignore_ascii_case(b"none"))
}

/// Without a checksum there is nothing to find differences with; appending needs what is there, and sends differences when
/// that turns out to be something else.
pub(super) fn whole_file(s: &State) -> Option<bool> {
    match s.append {
        _ if has_no_checksum(s) => Some(true),
        append if append != Append::Off => Some(false),
        _ => s.whole_file,
    }
}

pub(super) fn check_compress_choice(s: &State) -> Result<(), OptionError> {
    match &s.compress_choice {
        Some(choice) if !known(Compressor::NAMES, choice) && !known(&["none", "auto"], choice) => {
            Err(s.bare(4, [b"unknown compress name: ", choice.as_slice()].concat()))
        }
        _ => Ok(()),
    }
}

/// The compressor that is asked for by name, as it was typed, but for `none`.
pub(super) fn compress_choice(s: &State) -> Option<Vec<u8>> {
    match &s.compress_choice {
        Some(choice) if choice.eq_ignore_ascii_case(b"none") => Some(b"none".to_vec()),
        Some(choice) if !choice.eq_ignore_ascii_case(b"auto") => Some(choice.clone()),
        _ if s.compress > 1 => Some(b"zlibx".to_vec()),
        _ => None,
    }
}

pub(super) fn outbuf(s: &State) -> Result<Option<Outbuf>, OptionError> {
    let Some(text) = &s.outbuf else { return Ok(None) };
    match text.first().map(u8::to_ascii_uppercase) {
        Some(b'N' | b'U') => Ok(Some(Outbuf::None)),
        Some(b'L') => Ok(Some(Outbuf::Line)),
        Some(b'B' | b'F') => Ok(Some(Outbuf::Block)),
        _ => Err(s.error("Invalid --outbuf setting -- specify N, L, or B.")),
    }
}

pub(super) fn settle_iconv(s: &mut State, env: &Environment) {
    let from_env = || env.iconv.clone().filter(|v| !v.is_empty() && !s.am_server);
    // --no-iconv stands for "-" here, but nothing typed asks the environment.
    s.iconv = s.iconv.take().or_else(from_env).filter(|v| v != b"-");
}

pub(super) fn settle_batch(s: &mut State) -> Result<Vec<Vec<u8>>, OptionError> {
    if s.write_batch && s.read_batch {
        return Err(s.error("--write-batch and --read-batch can not be used together"));
    }
    let mut messages = Vec::new();
    if s.am_server {
        for (given, name) in
            [(s.write_batch && !s.only_write_batch, "write"), (s.read_batch, "read")]
        {
            if given {
                messages
                    .push(format!("ignoring --{name}-batch option sent to server").into_bytes());
            }
        }
        s.write_batch = false;
        s.read_batch = false;
    } else if s.dry_run {
        s.write_batch = false;
        s.only_write_batch = false;
    }
    if s.read_batch && s.files_from.is_some() {
        return Err(s.error("--read-batch cannot be used with --files-from"));
    }
    if s.read_batch && s.remove_source != RemoveSource::Nothing {
        let name = match s.remove_source {
            RemoveSource::Sent => "sent",
            _ => "source",
        };
        return Err(s.error(format!("--read-batch cannot be used with --remove-{name}-files")));
    }
    if (s.write_batch || s.read_batch) && s.batch_name.len() > MAX_BATCH_NAME {
        return Err(s.error("the batch-file name must be 256 characters or less."));
    }
    if s.temp_dir.as_ref().is_some_and(|dir| dir.len() >= MAX_PATH - TEMP_NAME) {
        return Err(s.error("the --temp-dir path is WAY too long."));
    }
    Ok(messages)
}

/// Settles recursion, directories and listing. The answer is whether directories are transferred.
pub(super) fn settle_dirs(s: &mut State, operand_count: usize) -> bool {
    if s.files_from.is_some() {
        if s.recurse == Recurse::Implied {
            s.recurse = Recurse::No;
        }
        s.dirs.get_or_insert(true);
    }
    if operand_count < 2 && !s.am_server && !s.read_batch {
        s.list_only = true;
    }
    if s.old_dirs {
        if !s.am_server {
            s.filter(RuleArg::Filter(b"- /*/*".to_vec()));
        }
        s.recurse = Recurse::Yes;
    }
    s.recurse != Recurse::No || s.dirs.unwrap_or(s.list_only)
}

pub(super) fn settle_delete(s: &State, dirs: bool) -> Result<Option<DeleteTiming>, OptionError> {
    let whens = [s.delete_before, s.delete_during.is_some(), s.delete_after];
    if whens.iter().filter(|&&w| w).count() > 1 {
        return Err(s.error("You may not combine multiple --delete-WHEN options."));
    }
    if s.delete_any() && !dirs {
        let text = "--delete does not work without --recursive (-r) or --dirs (-d).";
        return Err(s.error(text));
    }
    Ok(match s.delete_during {
        _ if s.delete_before => Some(DeleteTiming::Before),
        _ if s.delete_after => Some(DeleteTiming::After),
        Some(true) => Some(DeleteTiming::Delay),
        Some(false) => Some(DeleteTiming::During),
        None => None,
    })
}

/// Cleans the backup options; the answer is the suffix in force.
pub(super) fn settle_backup(s: &mut State) -> Result<Vec<u8>, OptionError> {
    if let Some(suffix) = s.suffix.as_ref().filter(|suffix| suffix.contains(&b'/')) {
        return Err(s.error([b"--suffix cannot contain slashes: ", suffix.as_slice()].concat()));
    }
    let named_dir = s.backup_dir.is_some();
    if let Some(dir) = &mut s.backup_dir {
        s.backup = true;
        while dir.starts_with(b"./") {
            let slashes = dir[1..].iter().take_while(|&&b| b == b'/').count();
            dir.drain(..1 + slashes);
        }
        if dir == b"." {
            dir.clear();
        }
        if dir.len() > MAX_PATH - BACKUP_NAME {
            return Err(s.error("the --backup-dir path is WAY too long."));
        }
        if dir.is_empty() {
            s.backup_dir = None;
        }
    }
    let default: &[u8] = if named_dir { b"" } else { b"~" };
    let suffix = s.suffix.clone().unwrap_or_else(|| default.to_vec());
    if suffix.is_empty() && s.backup_dir.is_none() {
        let text = match named_dir {
            true => "--suffix cannot be empty when --backup-dir is the same as the dest dir",
            false => "--suffix cannot be empty without a --backup-dir",
        };
        return Err(s.error(text));
    }
    Ok(suffix)
}

/// The format of the lines about items, and what `--progress` adds.
pub(super) fn settle_format(s: &mut State) {
    if s.out_format.is_none() && s.itemize > 0 {
        s.out_format = Some(b"%i %n%L".to_vec());
    }
    let by_name = |s: &mut State| {
        if s.out_format.is_none() && s.info.level("NAME") > 0 {
            s.out_format = Some(b"%n%L".to_vec());
        }
    };
    by_name(s);
    if s.progress && !s.am_server {
        let format = s.out_format.as_deref();
        if format.is_none_or(|f| b"bcC".iter().any(|&c| format_has(f, c))) {
            s.info.imply("NAME");
        }
        s.info.imply("FLIST2,PROGRESS");
        by_name(s);
    }
}

/// Whether a format has the escape with this letter, with whatever width.
pub(super) fn format_has(format: &[u8], letter: u8) -> bool {
    let mut rest = format;
    while let Some(at) = rest.iter().position(|&b| b == b'%') {
        rest = &rest[at + 1..];
        let modifier = |b: &&u8| matches!(b, b'\'' | b'-' | b'0'..=b'9');
        rest = &rest[rest.iter().take_while(modifier).count()..];
        match rest.split_first() {
            Some((&b, _)) if b == letter => return true,
            Some((_, tail)) => rest = tail,
            None => return false,
        }
    }
    false
}

/// How much itemizing: 2 names unchanged items too. A server is told so with `%I`.
pub(super) fn itemize(typed: u8, format: Option<&[u8]>) -> u8 {
    match format {
        Some(format) if format_has(format, b'I') => 2,
        Some(format) if format_has(format, b'i') => typed.max(1),
        _ => typed,
    }
}

/// The conflicts of in-place writing, and the partial directory.
pub(super) fn settle_partial(
    s: &mut State,
    env: &Environment,
) -> Result<Option<Vec<u8>>, OptionError> {
    if s.append != Append::Off && (s.whole_file == Some(true) || has_no_checksum(s)) {
        return Err(s.error("--append cannot be used with --whole-file"));
    }
    let inplace = if s.append != Append::Off { "append" } else { "inplace" };
    s.inplace |= s.append != Append::Off || s.write_devices;
    let in_place = s.inplace;
    let mut dir = s.partial_dir.take();
    if in_place && (s.delay_updates || dir.is_some()) {
        let other = if s.delay_updates { "delay-updates" } else { "partial-dir" };
        return Err(s.error(format!("--{inplace} cannot be used with --{other}")));
    }
    if in_place {
        // What was written stays anyway.
        s.partial = false;
    }
    if dir.is_none() && s.partial && !s.delay_updates && !s.am_server {
        dir = env.partial_dir.clone();
    }
    Ok(dir.map(|dir| clean_path(&dir)).filter(|dir| !dir.is_empty()))
}

/// A path without `.` and inner `..` components and repeated slashes; empty if nothing is left.
pub(crate) fn clean_path(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    let absolute = path.starts_with(b"/");
    for part in path.split(|&b| b == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => {
                parts.pop();
            }
            b".." if absolute => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join(&b'/');
    if absolute { [b"/", joined.as_slice()].concat() } else { joined }
}

pub(super) fn settle_files_from(
    s: &State,
    operand_count: usize,
) -> Result<Option<FilesFrom>, OptionError> {
    let Some(name) = &s.files_from else { return Ok(None) };
    if !s.am_server && operand_count != 2 || operand_count > 2 {
        return Err(OptionError::usage(s.role()));
    }
    if s.am_server {
        let peer = name == b"-";
        return Ok(Some(if peer { FilesFrom::Peer } else { FilesFrom::Local(name.clone()) }));
    }
    match operands::Hostspec::parse(name, 0) {
        Some(spec) => {
            if spec.path == b"-" {
                return Err(s.error("Invalid --files-from remote filename"));
            }
            Ok(Some(FilesFrom::Remote(spec.path)))
        }
        None => Ok(Some(FilesFrom::Local(name.clone()))),
    }
}
