//! From the state of the options to a [`Plan`]: defaults, implications and conflicts, in rsync's
//! order, so that of two mistakes the same one is reported.
use super::{
    OptionError, Request, daemon_args, operands,
    parse::{Given, Typed},
    plan::{Environment, FilterArg, Forward, Plan, RuleArg},
    settle::*,
    state::{IdMap, Recurse, State, Stop},
    table::Opt,
};
use crate::{
    Settings, chmod,
    log::Role,
    rules,
    settings::{DeleteTiming, FilesFrom, StderrMode},
};

/// Links whose text begins with this are defused; a directory of that name would arm them.
const MUNGE_DIR: &str = "/rsyncd-munged";
/// The most `--compress-threads` that a daemon grants.
const DAEMON_COMPRESS_THREADS: u32 = 8;

pub(super) fn request(
    typed: Typed,
    args: &[Vec<u8>],
    env: &Environment,
) -> Result<Request, OptionError> {
    let mut state = State::new();
    let walked = walk(&mut state, &typed, &mut |_| None);
    let (am_server, role) = (state.am_server, state.role());
    let (log_file, exit_level) = (state.log_file.clone(), state.exit_level());
    let eight_bit = state.eight_bit;
    let rules = state.filters.clone();
    let stop = match walked.and_then(|()| settle(state, typed, env)) {
        Ok(plan) if plan.settings.am_server => return Ok(Request::Server(Box::new(plan))),
        Ok(plan) => return Ok(Request::Client(Box::new(plan))),
        Err(stop) => stop,
    };
    // Rules count, and files with rules are read, where they are given: a mistake there comes before what ended the rest.
    let stop = rules::mistake(&rules, role).map_or(stop, Stop::Error);
    match stop {
        Stop::Error(e) => Err(OptionError { log_file, exit_level, eight_bit, ..e }),
        Stop::Print(text) => Ok(Request::Print { text, to_stderr: am_server }),
        Stop::Daemon => daemon_args::request(args, env),
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
    as_server(state, typed, env, refuse)
}

/// Where neither a text for the user nor a daemon can come of it.
fn as_server(
    mut state: State,
    typed: Typed,
    env: &Environment,
    refuse: &mut dyn FnMut(&Given) -> Option<String>,
) -> Result<Plan, OptionError> {
    let plan = walk(&mut state, &typed, refuse).and_then(|()| settle(state, typed, env));
    plan.map_err(|stop| match stop {
        Stop::Error(e) => e,
        Stop::Print(_) => OptionError::usage(Role::Server),
        Stop::Daemon => {
            OptionError::line(Role::Server, 1, "rsync: Attempt to hack rsync thwarted!")
        }
    })
}

/// The receiving side of a local copy: its settings, the rules that are its own, and what is to be said of its options.
pub type LocalReceiver = (Settings, Vec<FilterArg>, Vec<Vec<u8>>);

impl Plan {
    /// The plan of a server that was given `-s`: `strings` are the arguments that the client sent
    /// past the shell, its dummy program name first. They count on top of those of the command
    /// line. A daemon refuses options here as in [`super::parse_daemon_client_args`].
    pub fn with_secluded(
        &self,
        strings: &[Vec<u8>],
        env: &Environment,
        refuse: &mut dyn FnMut(&Given) -> Option<String>,
    ) -> Result<Plan, OptionError> {
        let more = strings.get(1..).unwrap_or_default();
        self.with_more(super::parse::parse(super::table::OPTIONS, more, false), env, refuse)
    }

    /// For a local copy with `-M` options: the settings of the receiving side, which those options
    /// are for, the filter rules among them, and what is to be said of them.
    pub fn local_receiver(&self, env: &Environment) -> Result<LocalReceiver, OptionError> {
        let mut args = vec![b"--server".to_vec()];
        let none = super::parse::parse(super::table::OPTIONS, &args, false);
        args.extend(self.remote_options.iter().cloned());
        let more = super::parse::parse(super::table::OPTIONS, &args, false);
        let munge = more.options.iter().rfind(|given| given.entry.opt == Opt::MungeLinks);
        let munge = munge.is_some_and(|given| given.on);
        let chmods = more.options.iter().filter(|given| given.entry.opt == Opt::Chmod);
        let chmod = chmods.fold(None, |all, given| Some(chmod::joined(all, given.text())));
        let shared = self.with_more(none, env, &mut |_| None)?.filters.len();
        let Plan { mut settings, mut filters, messages, .. } =
            self.with_more(more, env, &mut |_| None)?;
        settings.am_server = self.settings.am_server;
        settings.am_sender = false;
        settings.local = true;
        settings.inc_recurse = self.settings.inc_recurse;
        settings.dirs = self.settings.dirs;
        settings.files_from = self.settings.files_from.clone();
        settings.trust_sender = self.settings.trust_sender;
        settings.whole_file = self.settings.whole_file;
        // Modes are changed once, by the sender, which also knows munged links; only what was asked of this side counts.
        settings.chmod = chmod;
        settings.munge_links = munge;
        Ok((settings, filters.split_off(shared), messages))
    }

    fn with_more(
        &self,
        more: Typed,
        env: &Environment,
        refuse: &mut dyn FnMut(&Given) -> Option<String>,
    ) -> Result<Plan, OptionError> {
        let mut typed = self.typed.clone();
        typed.options.extend(more.options);
        typed.operands.extend(more.operands);
        typed.error = more.error;
        let mut state = State::new();
        state.am_daemon = self.settings.am_daemon;
        state.am_server = self.settings.am_daemon;
        state.list_only = self.settings.list_only;
        as_server(state, typed, env, refuse)
    }
}

/// Applies the options in order, then the error that ended them.
fn walk(
    state: &mut State,
    typed: &Typed,
    refuse: &mut dyn FnMut(&Given) -> Option<String>,
) -> Result<(), Stop> {
    for given in &typed.options {
        if let Some(text) = refuse(given) {
            return Err(state.bare(4, format!("rsync: {text}")).into());
        }
        state.apply(given)?;
    }
    match &typed.error {
        Some(e) => {
            let text = [state.prefix().as_bytes(), &e.arg, b": ", e.reason.as_bytes()].concat();
            Err(state.bare(1, text).into())
        }
        None => Ok(()),
    }
}

fn settle(mut s: State, typed: Typed, env: &Environment) -> Result<Plan, Stop> {
    if s.show_version > 0 && !s.am_daemon {
        return Err(match s.show_version {
            1 if s.verbose > 0 => s.shown(super::version() + "\n" + &super::version_lanes()),
            1 => s.shown(super::version()),
            _ => Stop::Print(super::version_json()),
        });
    }
    let max_alloc = max_alloc(&mut s, env)?;
    settle_args(&mut s, env)?;
    check_checksum_choice(&s)?;
    // -h as the only argument asks for help.
    if s.human > 1 && typed.arg_count == 1 && !s.am_server {
        return Err(s.shown(super::help()));
    }
    check_compress_choice(&s)?;
    let outbuf = outbuf(&s)?;
    let verbosity = u8::try_from(s.verbose.min(9)).expect("at most 9");
    s.info.add_verbosity(verbosity);
    s.debug.add_verbosity(verbosity);
    if s.stats {
        s.info.imply(if s.verbose > 1 { "STATS3" } else { "STATS2" });
    }
    settle_iconv(&mut s, env);
    if s.fake_super && s.xattrs > 1 {
        return Err(s.error("--fake-super conflicts with -XX").into());
    }
    let messages = settle_batch(&mut s)?;
    let operand_count = typed.operands.len();
    let explicit_list_only = s.list_only;
    let dirs = settle_dirs(&mut s, operand_count);
    let delete_when = settle_delete(&s, dirs)?;
    if s.munge_links && std::fs::metadata(MUNGE_DIR).is_ok_and(|meta| meta.is_dir()) {
        let text = format!("Symlink munging is unsafe when a {MUNGE_DIR} directory exists.");
        return Err(s.bare(4, text).into());
    }
    if s.confine_root.as_ref().is_some_and(|dir| !dir.starts_with(b"/")) {
        return Err(s.error("--confine-root must be an absolute path").into());
    }
    if s.confine_root.is_some() && s.insecure_links {
        return Err(s.error("--insecure-links cannot be combined with --confine-root").into());
    }
    let suffix = settle_backup(&mut s)?;
    settle_format(&mut s);
    let partial_dir = settle_partial(&mut s, env)?;
    let files_from = settle_files_from(&s, operand_count)?;
    let relative = s.relative.unwrap_or(files_from.is_some());
    let backup_protects = s.backup
        && (s.delete_any() && !s.delete_excluded)
        && s.backup_dir.is_none()
        && !s.am_server;
    if backup_protects {
        s.filter(RuleArg::Filter([b"P *", suffix.as_slice()].concat()));
    }

    let waiting = s.delay_updates.then(|| b".~tmp~".to_vec());
    let kept_in = partial_dir.clone().or(waiting);
    if let Some(dir) = kept_in.clone().filter(|dir| !dir.starts_with(b"/") && !s.am_server) {
        s.filter(RuleArg::PartialDir(dir));
    }

    let compress_choice = compress_choice(&s);
    let given = forward(&s, &compress_choice, &partial_dir, explicit_list_only, env);
    let settled = Settled {
        verbosity,
        dirs,
        relative,
        files_from,
        max_alloc,
        delete_when,
        suffix,
        kept_in,
        compress_choice,
    };
    Ok(Plan {
        settings: settings(&s, settled, env),
        operands: typed.operands.clone(),
        filters: s.filters,
        shell_given: s.shell.is_some() && !s.am_server,
        client_caps: match s.am_server {
            true => s.shell.clone().unwrap_or_default(),
            false => Vec::new(),
        },
        shell: match s.am_server {
            true => None,
            false => s.shell.or_else(|| env.rsync_rsh.clone()),
        },
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
        blocking_io: s.blocking_io,
        outbuf,
        messages,
        given,
        typed,
    })
}

/// What is no longer as the options say it.
struct Settled {
    verbosity: u8,
    dirs: bool,
    relative: bool,
    files_from: Option<FilesFrom>,
    max_alloc: u64,
    delete_when: Option<DeleteTiming>,
    suffix: Vec<u8>,
    /// The directory for parts of files and for files that wait.
    kept_in: Option<Vec<u8>>,
    compress_choice: Option<Vec<u8>>,
}

/// What the roles see.
fn settings(s: &State, settled: Settled, env: &Environment) -> Settings {
    let Settled {
        verbosity,
        dirs,
        relative,
        files_from,
        max_alloc,
        delete_when,
        suffix,
        kept_in,
        compress_choice,
    } = settled;
    let whole_list = s.prune_empty_dirs
        || s.delay_updates
        || matches!(delete_when, Some(DeleteTiming::Before | DeleteTiming::After));
    Settings {
        am_server: s.am_server,
        am_daemon_client: false,
        am_sender: s.am_sender,
        local: false,
        am_daemon: s.am_daemon,
        served: None,
        ignore_nonreadable: false,
        recurse: s.recurse != Recurse::No,
        recurse_given: s.recurse == Recurse::Yes && !s.old_dirs,
        dirs_given: s.explicit_dirs && s.recurse == Recurse::No,
        dirs,
        // A server that receives needs the whole list before it can do these; a client looks at them
        // when it knows which side it is.
        inc_recurse: s.inc_recurse
            && !s.qsort
            && s.recurse != Recurse::No
            && !(s.am_server && !s.am_sender && whole_list),
        relative,
        implied_dirs: s.implied_dirs && relative,
        links: s.links,
        copy_links: s.copy_links,
        copy_unsafe_links: s.copy_unsafe_links,
        safe_links: s.safe_links,
        copy_dirlinks: s.copy_dirlinks,
        keep_dirlinks: s.keep_dirlinks,
        hard_links: s.hard_links > 0,
        hard_links_again: s.hard_links > 1,
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
        only_write_batch: s.only_write_batch,
        write_batch: s.write_batch.then(|| s.batch_name.clone()),
        read_batch: s.read_batch.then(|| s.batch_name.clone()),
        remove_source: s.remove_source,
        mkpath: s.mkpath,
        munge_links: s.munge_links,
        sanitize_links: false,
        insecure_links: s.insecure_links,
        confine_root: s.confine_root.clone(),
        chmod: s.chmod.clone(),
        incoming_chmod: None,
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
        nameless_ids: false,
        open_noatime: s.open_noatime || s.atimes > 1,
        // Who becomes somebody else is what that user is.
        super_user: s.super_user.filter(|_| s.copy_as.is_none()),
        fake_super: s.fake_super && s.copy_as.is_none(),
        drop_devices: s.drop_devices,
        copy_devices: s.copy_devices,
        write_devices: s.write_devices,
        usermap: s.usermap.as_ref().map(IdMap::to_text),
        groupmap: s.groupmap.as_ref().map(IdMap::to_text),
        copy_as: s.copy_as.clone(),
        iconv: s.iconv.clone(),
        secluded: s.secluded == Some(true),
        whole_file: whole_file(s),
        block_size: s.block_size,
        checksum_choice: named_checksum(s.checksum_choice.as_deref()),
        checksum_seed: s.checksum_seed,
        compress: s.compress > 0 || compress_choice.is_some() || s.compress_level.is_some(),
        compress_choice: compress_choice.map(|c| String::from_utf8_lossy(&c).into_owned()),
        compress_level: s.compress_level,
        // Whoever calls a daemon does not decide how many threads it runs.
        compress_threads: if s.am_daemon {
            s.compress_threads.min(DAEMON_COMPRESS_THREADS)
        } else {
            s.compress_threads
        },
        skip_compress: s.skip_compress.clone(),
        checksum_list: env.checksum_list.as_deref().map(lossy),
        compress_list: env.compress_list.as_deref().map(lossy),
        inplace: s.inplace,
        append: s.append,
        partial: s.partial || kept_in.is_some(),
        partial_dir: kept_in,
        delay_updates: s.delay_updates,
        temp_dir: s.temp_dir.clone(),
        sparse: s.sparse,
        preallocate: s.preallocate,
        fsync: s.fsync,
        fuzzy: s.fuzzy,
        alt_dest: s.alt_dest.clone(),
        backup: s.backup,
        backup_dir: s.backup_dir.clone(),
        suffix,
        delete: delete_when.is_some() || s.delete || s.delete_excluded,
        delete_when,
        delete_excluded: s.delete_excluded,
        force: s.force,
        ignore_errors: s.ignore_errors,
        max_delete: s.max_delete.map(|n| u64::try_from(n).unwrap_or(0)),
        bwlimit: s.bwlimit,
        stop_at: s.stop_at,
        zero_copy: s.zero_copy,
        timeout: s.timeout,
        max_alloc,
        protocol_max: s.protocol.max(0).unsigned_abs(),
        trust_sender: s.trust_sender,
        trust_sender_args: s.trust_sender,
        verbose: verbosity,
        quiet: s.quiet,
        info: s.info.info(),
        debug: s.debug.debug(),
        stderr_mode: s.stderr.unwrap_or_default(),
        itemize: itemize(s.itemize, s.out_format.as_deref()),
        out_format: s.out_format.clone(),
        stats: s.stats,
        human: s.human,
        eight_bit: s.eight_bit,
        log_file: s.log_file.clone(),
        log_file_format: s.log_file_format.clone(),
    }
}

impl IdMap {
    fn to_text(&self) -> Vec<u8> {
        match self {
            IdMap::Map(text) | IdMap::Chown(text) => text.clone(),
        }
    }
}

impl State {
    pub(super) fn delete_any(&self) -> bool {
        self.delete
            || self.delete_excluded
            || self.delete_before
            || self.delete_after
            || self.delete_during.is_some()
    }
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
            Some(choice) => choice.eq_ignore_ascii_case(b"zlib"),
            None => s.compress > 0,
        },
        compress_choice: compress_choice.clone(),
        // What --backup implies both sides know, and rsync then leaves out what was typed, too.
        omit_dir_times: s.omit_dir_times && !(s.backup && s.backup_dir.is_none()),
        max_alloc: typed_alloc,
        modify_window: s.modify_window,
        bare_delete: s.delete,
        partial_dir: partial_dir.clone(),
        only_write_batch: s.only_write_batch,
        use_super: s.super_user == Some(true),
        log_format,
    }
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}
