//! From the state of the options to a [`Plan`]: defaults, implications and conflicts, in rsync's order, so that of two
//! mistakes the same one is reported.
use super::{
    OptionError, Request,
    apply::{IdMap, PROTOCOL_MAX, Recurse, State, Stop},
    daemon_args, operands,
    parse::{Given, Typed},
    plan::{Environment, Forward, Outbuf, Plan, RuleArg},
    sizes::{self, SizeRule},
};
use crate::{
    Settings,
    log::Role,
    settings::{Append, DeleteTiming, FilesFrom, StderrMode},
};

/// What becomes of options that are not built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unbuilt {
    Refuse,
    Allow,
}

/// The lowest protocol that we speak.
const PROTOCOL_MIN: i32 = 27;
/// The default of `--max-alloc`.
const MAX_ALLOC: u64 = 1 << 30;
/// Paths this long or longer are refused.
const MAX_PATH: usize = 4096;
/// Room that a temporary file's name needs behind its directory's.
const TEMP_NAME: usize = 10;
/// Room that a backup's name needs behind its directory's.
const BACKUP_NAME: usize = 128;

const CHECKSUMS: &[&str] =
    &["xxh128", "xxh3", "xxh64", "xxhash", "md5", "md4", "sha1", "none", "auto"];
const COMPRESSORS: &[&str] = &["zstd", "lz4", "zlibx", "zlib", "none", "auto"];

pub(super) fn request(
    typed: Typed,
    args: &[Vec<u8>],
    env: &Environment,
    unbuilt: Unbuilt,
) -> Result<Request, OptionError> {
    let mut state = State::new();
    match walk(&mut state, &typed, unbuilt, &mut |_| None) {
        Ok(()) => {}
        Err(Stop::Error(e)) => return Err(e),
        Err(Stop::Print(text)) => return Ok(Request::Print(text)),
        Err(Stop::Daemon) => return daemon_args::request(args, env),
    }
    match settle(state, typed, env, unbuilt) {
        Ok(plan) if plan.settings.am_server => Ok(Request::Server(Box::new(plan))),
        Ok(plan) => Ok(Request::Client(Box::new(plan))),
        Err(Stop::Error(e)) => Err(e),
        Err(Stop::Print(text)) => Ok(Request::Print(text)),
        Err(Stop::Daemon) => daemon_args::request(args, env),
    }
}

pub(super) fn daemon_client(
    typed: Typed,
    env: &Environment,
    refuse: &mut dyn FnMut(&Given) -> Option<String>,
) -> Result<Plan, OptionError> {
    let mut state = State::new();
    // A daemon's client cannot make it anything but a server.
    state.am_server = true;
    state.am_daemon = true;
    let plan = walk(&mut state, &typed, Unbuilt::Refuse, refuse)
        .and_then(|()| settle(state, typed, env, Unbuilt::Refuse));
    plan.map_err(|stop| match stop {
        Stop::Error(e) => e,
        Stop::Print(_) => OptionError::usage(Role::Server),
        Stop::Daemon => OptionError::line(Role::Server, 1, "Attempt to hack rsync thwarted!"),
    })
}

impl Plan {
    /// The plan of a server that was given `-s`: `strings` are the arguments that the client sent past the shell,
    /// its dummy program name first. They count on top of those of the command line.
    pub fn with_secluded(
        &self,
        strings: &[Vec<u8>],
        env: &Environment,
    ) -> Result<Plan, OptionError> {
        let more = strings.get(1..).unwrap_or_default();
        self.with_more(super::parse::parse(super::table::OPTIONS, more, false), env)
    }

    /// For a local copy with `-M` options: the settings of the receiving side, which those options are for.
    pub fn local_receiver(&self, env: &Environment) -> Result<Settings, OptionError> {
        let server = vec![b"--server".to_vec()];
        let args: Vec<_> = server.into_iter().chain(self.remote_options.iter().cloned()).collect();
        let more = super::parse::parse(super::table::OPTIONS, &args, false);
        let mut settings = self.with_more(more, env)?.settings;
        settings.am_server = self.settings.am_server;
        settings.am_sender = false;
        settings.local = true;
        settings.inc_recurse = self.settings.inc_recurse;
        settings.trust_sender = self.settings.trust_sender;
        settings.whole_file = self.settings.whole_file;
        Ok(settings)
    }

    fn with_more(&self, more: Typed, env: &Environment) -> Result<Plan, OptionError> {
        let mut typed = self.typed.clone();
        typed.options.extend(more.options);
        typed.operands.extend(more.operands);
        typed.error = more.error;
        let mut state = State::new();
        state.am_daemon = self.settings.am_daemon;
        state.am_server = self.settings.am_daemon;
        let plan = walk(&mut state, &typed, Unbuilt::Refuse, &mut |_| None)
            .and_then(|()| settle(state, typed, env, Unbuilt::Refuse));
        plan.map_err(|stop| match stop {
            Stop::Error(e) => e,
            Stop::Print(_) | Stop::Daemon => OptionError::usage(Role::Server),
        })
    }
}

/// Applies the options in order, then the error that ended them.
fn walk(
    state: &mut State,
    typed: &Typed,
    unbuilt: Unbuilt,
    refuse: &mut dyn FnMut(&Given) -> Option<String>,
) -> Result<(), Stop> {
    for given in &typed.options {
        if let Some(text) = refuse(given) {
            return Err(state.bare(4, format!("rsync: {text}")).into());
        }
        state.apply(given, unbuilt == Unbuilt::Allow)?;
    }
    match &typed.error {
        Some(e) => {
            let text = [state.prefix().as_bytes(), &e.arg, b": ", e.reason.as_bytes()].concat();
            Err(state.bare(1, text).into())
        }
        None => Ok(()),
    }
}

fn settle(mut s: State, typed: Typed, env: &Environment, unbuilt: Unbuilt) -> Result<Plan, Stop> {
    if s.show_version > 0 && !s.am_server {
        return Err(Stop::Print(match s.show_version {
            1 => super::version(),
            _ => super::version_json(),
        }));
    }
    let max_alloc = max_alloc(&mut s, env)?;
    settle_args(&mut s, env)?;
    check_checksum_choice(&s)?;
    // -h as the only argument asks for help.
    if s.human > 1 && typed.arg_count == 1 && !s.am_server {
        return Err(Stop::Print(super::help()));
    }
    check_compress_choice(&s)?;
    let outbuf = outbuf(&s)?;
    let verbosity = u8::try_from(s.verbose.min(9)).expect("at most 9");
    s.info.add_verbosity(verbosity);
    s.debug.add_verbosity(verbosity);
    if s.stats {
        s.info.imply(if s.verbose > 1 { "STATS3" } else { "STATS2" });
    }
    settle_iconv(&mut s, env, unbuilt)?;
    if s.fake_super && s.xattrs > 1 {
        return Err(s.error("--fake-super conflicts with -XX").into());
    }
    let messages = settle_batch(&mut s)?;
    let operand_count = typed.operands.len();
    let explicit_list_only = s.list_only;
    let dirs = settle_dirs(&mut s, operand_count);
    let delete_when = settle_delete(&s, dirs)?;
    if s.confine_root.as_ref().is_some_and(|dir| !dir.starts_with(b"/")) {
        return Err(s.error("--confine-root must be an absolute path").into());
    }
    if s.confine_root.is_some() && s.insecure_links {
        return Err(s.error("--insecure-links cannot be combined with --confine-root").into());
    }
    let suffix = settle_backup(&mut s)?;
    settle_format(&mut s);
    let partial_dir = settle_partial(&mut s, env, unbuilt)?;
    let files_from = settle_files_from(&s, operand_count)?;
    if s.protocol < PROTOCOL_MIN && unbuilt == Unbuilt::Refuse {
        let side = if s.am_server { "Server" } else { "Client" };
        let text = format!("--protocol must be at least {PROTOCOL_MIN} on the {side}.");
        return Err(s.bare(2, text).into());
    }
    let relative = s.relative.unwrap_or(files_from.is_some());
    if s.cvs_exclude {
        s.filters.push(RuleArg::Cvs);
    }
    let backup_protects = s.backup
        && (s.delete_any() && !s.delete_excluded)
        && s.backup_dir.is_none()
        && !s.am_server;
    if backup_protects {
        let at = s.filters.len() - usize::from(s.cvs_exclude);
        s.filters.insert(at, RuleArg::Filter([b"P *", suffix.as_slice()].concat()));
    }

    let compress_choice = compress_choice(&s);
    let given = forward(&s, &compress_choice, &partial_dir, explicit_list_only, env);
    let append = s.append;
    let shell_given = s.shell.is_some();
    let settings = Settings {
        am_server: s.am_server,
        am_daemon_client: false,
        am_sender: s.am_sender,
        local: false,
        am_daemon: s.am_daemon,
        recurse: s.recurse != Recurse::No,
        dirs,
        inc_recurse: s.inc_recurse && !s.qsort && s.recurse != Recurse::No,
        relative,
        implied_dirs: s.implied_dirs && relative,
        links: s.links,
        copy_links: s.copy_links,
        copy_unsafe_links: s.copy_unsafe_links,
        safe_links: s.safe_links,
        copy_dirlinks: s.copy_dirlinks,
        keep_dirlinks: s.keep_dirlinks,
        hard_links: s.hard_links > 0,
        one_file_system: s.one_file_system,
        existing: s.existing,
        ignore_existing: s.ignore_existing,
        update: s.update,
        ignore_times: s.ignore_times,
        size_only: s.size_only,
        checksum: s.checksum,
        max_size: s.max_size,
        min_size: s.min_size,
        prune_empty_dirs: s.prune_empty_dirs,
        cvs_exclude: s.cvs_exclude,
        files_from,
        from0: s.from0,
        ignore_missing_args: s.ignore_missing_args && !s.delete_missing_args,
        delete_missing_args: s.delete_missing_args,
        list_only: s.list_only,
        dry_run: s.dry_run || s.only_write_batch,
        remove_source: s.remove_source,
        mkpath: s.mkpath,
        munge_links: s.munge_links,
        insecure_links: s.insecure_links,
        confine_root: s.confine_root,
        chmod: s.chmod,
        perms: s.perms,
        executability: s.executability,
        acls: s.acls,
        xattrs: s.xattrs,
        owner: s.owner,
        group: s.group,
        devices: s.devices,
        specials: s.specials,
        times: s.times,
        atimes: s.atimes,
        crtimes: false,
        omit_dir_times: s.omit_dir_times || (s.backup && s.backup_dir.is_none()),
        omit_link_times: s.omit_link_times,
        modify_window: s.modify_window.unwrap_or(0),
        numeric_ids: s.numeric_ids,
        open_noatime: s.open_noatime || s.atimes > 1,
        super_user: s.super_user,
        fake_super: s.fake_super,
        drop_devices: s.drop_devices,
        copy_devices: s.copy_devices,
        write_devices: s.write_devices,
        usermap: s.usermap.map(IdMap::into_text),
        groupmap: s.groupmap.map(IdMap::into_text),
        copy_as: s.copy_as,
        iconv: s.iconv,
        whole_file: whole_file(s.whole_file, s.checksum_choice.as_deref()),
        block_size: s.block_size,
        checksum_choice: named_checksum(s.checksum_choice.as_deref()),
        checksum_seed: s.checksum_seed,
        compress: s.compress > 0 || compress_choice.is_some() || s.compress_level.is_some(),
        compress_choice: compress_choice.map(|c| String::from_utf8_lossy(&c).into_owned()),
        compress_level: s.compress_level,
        compress_threads: s.compress_threads,
        skip_compress: s.skip_compress,
        checksum_list: list_part(env.checksum_list.as_deref(), s.am_server),
        compress_list: list_part(env.compress_list.as_deref(), s.am_server),
        inplace: s.inplace || append != Append::Off || s.write_devices,
        append,
        partial: s.partial,
        partial_dir: match partial_dir {
            None if s.delay_updates => Some(b".~tmp~".to_vec()),
            dir => dir,
        },
        delay_updates: s.delay_updates,
        temp_dir: s.temp_dir,
        sparse: s.sparse,
        preallocate: s.preallocate,
        fsync: s.fsync,
        fuzzy: s.fuzzy,
        alt_dest: s.alt_dest,
        backup: s.backup,
        backup_dir: s.backup_dir,
        suffix,
        delete: delete_when.is_some() || s.delete || s.delete_excluded,
        delete_when,
        delete_excluded: s.delete_excluded,
        force: s.force,
        ignore_errors: s.ignore_errors,
        max_delete: s.max_delete.map(|n| u64::try_from(n).unwrap_or(0)),
        bwlimit: s.bwlimit,
        timeout: s.timeout,
        max_alloc,
        protocol_max: s.protocol.clamp(0, PROTOCOL_MAX).unsigned_abs(),
        trust_sender: s.trust_sender,
        trust_sender_args: s.trust_sender,
        verbose: verbosity,
        quiet: s.quiet,
        info: s.info.info(),
        debug: s.debug.debug(),
        stderr_mode: s.stderr.unwrap_or_default(),
        itemize: itemize(s.itemize, s.out_format.as_deref()),
        out_format: s.out_format,
        stats: s.stats,
        human: s.human,
        eight_bit: s.eight_bit,
        log_file: s.log_file,
        log_file_format: s.log_file_format,
    };
    Ok(Plan {
        settings,
        operands: typed.operands.clone(),
        filters: s.filters,
        shell: match s.am_server {
            true => None,
            false => s.shell.clone().or_else(|| env.rsync_rsh.clone()),
        },
        shell_given: shell_given && !s.am_server,
        rsync_path: s.rsync_path,
        remote_options: s.remote_options,
        port: u16::try_from(s.port).unwrap_or(0),
        address: s.address,
        family: s.family,
        contimeout: s.contimeout,
        password_file: s.password_file,
        motd: s.motd,
        sockopts: s.sockopts,
        early_input: s.early_input,
        old_args: s.old_args.unwrap_or(0),
        secluded: s.secluded == Some(true),
        blocking_io: s.blocking_io,
        outbuf,
        client_caps: if s.am_server { s.shell.unwrap_or_default() } else { Vec::new() },
        messages,
        given,
        typed,
    })
}

impl IdMap {
    fn into_text(self) -> Vec<u8> {
        match self {
            IdMap::Map(text) | IdMap::Chown(text) => text,
        }
    }
}

impl State {
    fn delete_any(&self) -> bool {
        self.delete
            || self.delete_excluded
            || self.delete_before
            || self.delete_after
            || self.delete_during.is_some()
    }
}

fn max_alloc(s: &mut State, env: &Environment) -> Result<u64, OptionError> {
    if s.max_alloc.is_none() {
        s.max_alloc = env.max_alloc.clone().filter(|v| !v.is_empty());
    }
    let Some(text) = &s.max_alloc else { return Ok(MAX_ALLOC) };
    let rule = SizeRule {
        name: "max-alloc",
        unit: b'B',
        min: 1 << 20,
        max: None,
        zero_is_unlimited: true,
    };
    match sizes::parse_size(&rule, text).map_err(|e| s.error(e))? {
        // Someone else's daemon is not to allocate without limit.
        0 if s.am_daemon => Ok(MAX_ALLOC),
        0 => Ok(u64::MAX),
        n => Ok(n),
    }
}

/// `--old-args` against `-s`, and their variables.
fn settle_args(s: &mut State, env: &Environment) -> Result<(), OptionError> {
    if s.am_server {
        return Ok(());
    }
    if s.old_args.is_none() && s.secluded != Some(true) {
        if let Some(text) = env.old_args.as_deref().filter(|v| !v.is_empty()) {
            s.old_args = Some(u8::try_from(leading_int(text).clamp(0, 2)).expect("at most 2"));
            s.secluded = Some(false);
        }
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
fn leading_int(text: &[u8]) -> i64 {
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

fn check_checksum_choice(s: &State) -> Result<(), OptionError> {
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
    if s.checksum && file.eq_ignore_ascii_case(b"none") {
        return Err(s.bare(4, "Invalid checksum-choice for --checksum: none (0)"));
    }
    Ok(())
}

/// The choice unless it leaves everything to negotiation.
fn named_checksum(choice: Option<&[u8]>) -> Option<String> {
    let choice = String::from_utf8_lossy(choice?).into_owned();
    let auto = |name: &str| choice.eq_ignore_ascii_case(name);
    if auto("auto") || auto("auto,auto") { None } else { Some(choice) }
}

/// Without a checksum there is nothing to find differences with.
fn whole_file(typed: Option<bool>, checksum: Option<&[u8]>) -> Option<bool> {
    let transfer = checksum.and_then(|c| c.split(|&b| b == b',').next());
    match transfer {
        Some(name) if name.eq_ignore_ascii_case(b"none") => Some(true),
        _ => typed,
    }
}

fn check_compress_choice(s: &State) -> Result<(), OptionError> {
    match &s.compress_choice {
        Some(choice) if !known(COMPRESSORS, choice) => {
            Err(s.bare(4, [b"unknown compress name: ", choice.as_slice()].concat()))
        }
        _ => Ok(()),
    }
}

/// The compressor that is asked for by name, in its canonical spelling.
fn compress_choice(s: &State) -> Option<Vec<u8>> {
    match &s.compress_choice {
        Some(choice) if !choice.eq_ignore_ascii_case(b"auto") => Some(choice.to_ascii_lowercase()),
        _ if s.compress > 1 => Some(b"zlibx".to_vec()),
        _ => None,
    }
}

fn outbuf(s: &State) -> Result<Option<Outbuf>, OptionError> {
    let Some(text) = &s.outbuf else { return Ok(None) };
    match text.first().map(u8::to_ascii_uppercase) {
        Some(b'N' | b'U') => Ok(Some(Outbuf::None)),
        Some(b'L') => Ok(Some(Outbuf::Line)),
        Some(b'B' | b'F') => Ok(Some(Outbuf::Block)),
        _ => Err(s.error("Invalid --outbuf setting -- specify N, L, or B.")),
    }
}

fn settle_iconv(s: &mut State, env: &Environment, unbuilt: Unbuilt) -> Result<(), OptionError> {
    let from_env = || env.iconv.clone().filter(|v| !v.is_empty() && !s.am_server);
    if s.iconv.is_none() {
        // --no-iconv stands for "-" here, but nothing typed asks the environment.
        s.iconv = from_env();
        let on = s.iconv.as_deref().is_some_and(|v| v != b"-");
        if on && unbuilt == Unbuilt::Refuse {
            return Err(s.bare(4, "rsync: RSYNC_ICONV: not supported yet"));
        }
    }
    if s.iconv.as_deref() == Some(b"-") {
        s.iconv = None;
    }
    Ok(())
}

fn settle_batch(s: &mut State) -> Result<Vec<String>, OptionError> {
    if s.write_batch && s.read_batch {
        return Err(s.error("--write-batch and --read-batch can not be used together"));
    }
    let mut messages = Vec::new();
    if s.am_server {
        for (given, name) in
            [(s.write_batch && !s.only_write_batch, "write"), (s.read_batch, "read")]
        {
            if given {
                messages.push(format!("ignoring --{name}-batch option sent to server"));
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
    if s.read_batch && s.remove_source != crate::settings::RemoveSource::Nothing {
        let name = match s.remove_source {
            crate::settings::RemoveSource::Sent => "sent",
            _ => "source",
        };
        return Err(s.error(format!("--read-batch cannot be used with --remove-{name}-files")));
    }
    if s.temp_dir.as_ref().is_some_and(|dir| dir.len() >= MAX_PATH - TEMP_NAME) {
        return Err(s.error("the --temp-dir path is WAY too long."));
    }
    Ok(messages)
}

/// Settles recursion, directories and listing. The answer is whether directories are transferred.
fn settle_dirs(s: &mut State, operand_count: usize) -> bool {
    if s.files_from.is_some() {
        if s.recurse == Recurse::Implied {
            s.recurse = Recurse::No;
        }
        s.dirs.get_or_insert(true);
    }
    if operand_count == 1 && !s.am_server && !s.read_batch {
        s.list_only = true;
    }
    if s.old_dirs {
        s.filters.push(RuleArg::Filter(b"- /*/*".to_vec()));
        s.recurse = Recurse::Yes;
    }
    s.recurse != Recurse::No || s.dirs.unwrap_or(s.list_only)
}

fn settle_delete(s: &State, dirs: bool) -> Result<Option<DeleteTiming>, OptionError> {
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
fn settle_backup(s: &mut State) -> Result<Vec<u8>, OptionError> {
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
fn settle_format(s: &mut State) {
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
fn itemize(typed: u8, format: Option<&[u8]>) -> u8 {
    match format {
        Some(format) if format_has(format, b'I') => 2,
        Some(format) if format_has(format, b'i') => typed.max(1),
        _ => typed,
    }
}

/// The conflicts of in-place writing, and the partial directory.
fn settle_partial(
    s: &mut State,
    env: &Environment,
    unbuilt: Unbuilt,
) -> Result<Option<Vec<u8>>, OptionError> {
    if s.append != Append::Off && s.whole_file == Some(true) {
        return Err(s.error("--append cannot be used with --whole-file"));
    }
    let inplace = if s.append != Append::Off { "append" } else { "inplace" };
    let in_place = s.append != Append::Off || s.inplace;
    let mut dir = s.partial_dir.take();
    if in_place && (s.delay_updates || dir.is_some()) {
        let other = if s.delay_updates { "delay-updates" } else { "partial-dir" };
        return Err(s.error(format!("--{inplace} cannot be used with --{other}")));
    }
    if dir.is_none() && s.partial && !s.am_server && !in_place {
        dir = env.partial_dir.clone();
        let used = dir.as_ref().is_some_and(|dir| !clean_path(dir).is_empty());
        if used && unbuilt == Unbuilt::Refuse {
            return Err(s.bare(4, "rsync: RSYNC_PARTIAL_DIR: not supported yet"));
        }
    }
    Ok(dir.map(|dir| clean_path(&dir)).filter(|dir| !dir.is_empty()))
}

/// A path without `.` and inner `..` components and repeated slashes; empty if nothing is left.
fn clean_path(path: &[u8]) -> Vec<u8> {
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

fn settle_files_from(s: &State, operand_count: usize) -> Result<Option<FilesFrom>, OptionError> {
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

/// This side's part of a list in the environment: `client & server`, or the same for both.
fn list_part(value: Option<&[u8]>, server: bool) -> Option<String> {
    let text = String::from_utf8_lossy(value?).into_owned();
    let part = match text.split_once('&') {
        Some((_, second)) if server => second,
        Some((first, _)) => first,
        None => &text,
    };
    Some(part.trim().to_string()).filter(|part| !part.is_empty())
}

fn forward(
    s: &State,
    compress_choice: &Option<Vec<u8>>,
    partial_dir: &Option<Vec<u8>>,
    explicit_list_only: bool,
    env: &Environment,
) -> Forward {
    let typed_alloc = s.max_alloc.clone().or_else(|| env.max_alloc.clone());
    let log_format = s.out_format.as_deref().and_then(|format| {
        if format_has(format, b'i') {
            Some(if s.itemize > 1 { "%i%I" } else { "%i" })
        } else if format_has(format, b'o') {
            Some("%o")
        } else {
            (s.verbose == 0).then_some("X")
        }
    });
    Forward {
        verbose: s.verbose,
        info: s.info.clone(),
        stderr: s.stderr.filter(|&mode| mode != StderrMode::Errors),
        explicit_dirs: s.explicit_dirs,
        dirs_undecided: s.dirs.is_none(),
        files_from: match s.am_server {
            true => None,
            false => s.files_from.as_deref().and_then(|name| operands::Hostspec::parse(name, 0)),
        },
        explicit_list_only,
        hard_links: s.hard_links,
        compress_letter: match compress_choice {
            Some(choice) => choice == b"zlib",
            None => s.compress > 0,
        },
        compress_choice: compress_choice.clone().map(|choice| match &s.compress_choice {
            Some(typed) if !typed.eq_ignore_ascii_case(b"auto") => typed.clone(),
            _ => choice,
        }),
        omit_dir_times: s.omit_dir_times,
        max_alloc: typed_alloc,
        modify_window: s.modify_window,
        bare_delete: s.delete,
        partial_dir: partial_dir.clone(),
        only_write_batch: s.only_write_batch,
        use_super: s.super_user == Some(true),
        log_format,
    }
}
