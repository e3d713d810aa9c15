use super::*;
use crate::settings::{DeleteTiming, FilesFrom, StderrMode};

fn words(args: &[&str]) -> Vec<Vec<u8>> {
    args.iter().map(|a| a.as_bytes().to_vec()).collect()
}

fn plan(args: &[&str]) -> Plan {
    match parse_args(&words(args), &Environment::default()) {
        Ok(Request::Client(mut plan)) => {
            plan.settle_operands().expect("good operands");
            *plan
        }
        Ok(Request::Server(plan)) => *plan,
        other => panic!("{args:?}: {other:?}"),
    }
}

#[test]
fn archive_and_overrides() {
    let s = plan(&["-a", "--no-o", "a", "b"]).settings;
    assert!(s.recurse && s.links && s.perms && s.times && s.group && s.devices && s.specials);
    assert!(!s.owner && !s.hard_links && s.local && s.am_sender && s.dirs && s.inc_recurse);
    assert!(plan(&["--no-o", "-a", "a", "b"]).settings.owner);
    assert_eq!(s.protocol_max, 32);
    assert_eq!((s.human, s.max_alloc, s.info.nonreg), (1, 1 << 30, 1));
}

#[test]
fn incremental_recursion_is_our_side_s() {
    let inc = |args: &[&str]| plan(args).settings.inc_recurse;
    assert!(inc(&["-r", "a", "host:b"]) && inc(&["-r", "host:a", "b"]));
    assert!(!inc(&["a", "host:b"]) && !inc(&["-r", "--no-i-r", "a", "host:b"]));
    assert!(
        inc(&["-rm", "a", "host:b"]) && !inc(&["-rm", "host:a", "b"]) && !inc(&["-rm", "a", "b"])
    );
    assert!(!inc(&["-r", "--delete-before", "a", "b"]));
    assert!(inc(&["-r", "--delete-delay", "a", "b"]));
    assert!(!inc(&["-r", "--qsort", "a", "host:b"]));
}

#[test]
fn formats_and_levels() {
    let format = |args: &[&str]| plan(args).settings.out_format;
    assert_eq!(format(&["a", "b"]), None);
    assert_eq!(format(&["-v", "a", "b"]).as_deref(), Some(&b"%n%L"[..]));
    assert_eq!(format(&["--progress", "a", "b"]).as_deref(), Some(&b"%n%L"[..]));
    assert_eq!(format(&["-vi", "a", "b"]).as_deref(), Some(&b"%i %n%L"[..]));
    assert_eq!(format(&["-v", "--info=name0", "a", "b"]), None);
    let s = plan(&["-vv", "--stats", "--info=progress2", "-P", "--debug=io", "a", "b"]).settings;
    assert_eq!((s.info.stats, s.info.progress, s.info.flist, s.info.name), (3, 2, 2, 2));
    assert_eq!((s.debug.io, s.debug.flist, s.debug.acl, s.stats), (1, 1, 0, true));
    let s = plan(&["--progress", "--out-format=%n", "a", "b"]).settings;
    assert_eq!(s.info.name, 0, "names come before the data");
    let s = plan(&["--progress", "--out-format=%n %b", "a", "b"]).settings;
    assert_eq!(s.info.name, 1);
}

#[test]
fn filters_keep_their_order() {
    let filter = |text: &str| RuleArg::Filter(text.into());
    let args =
        ["-C", "--exclude=a", "-F", "-f", "+ b", "-FF", "--include-from=c", "--old-dirs", "x", "y"];
    let expected = [
        RuleArg::Exclude(b"a".to_vec()),
        filter(": /.rsync-filter"),
        filter("+ b"),
        filter("- .rsync-filter"),
        RuleArg::IncludeFrom(b"c".to_vec()),
        filter("- /*/*"),
    ];
    let rules = |plan: Plan| plan.filters.into_iter().map(|f| f.rule).collect::<Vec<_>>();
    assert_eq!(rules(plan(&args)), expected);
    let Ok(Request::Client(plan)) =
        parse_args(&words(&["-rbC", "--delete", "--exclude=a", "x", "y"]), &Environment::default())
    else {
        panic!("a plan")
    };
    assert_eq!(rules(*plan), [RuleArg::Exclude(b"a".to_vec()), filter("P *~")]);
}

#[test]
fn from0_counts_from_where_it_stands() {
    let filters = plan(&["--exclude-from=a", "-0", "--exclude-from=b", "x", "y"]).filters;
    assert_eq!(filters.iter().map(|f| f.from0).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_lone_operand_lists() {
    let s = plan(&["a"]).settings;
    assert!(s.list_only && s.dirs && !s.recurse);
    assert!(!plan(&["--no-d", "a"]).settings.dirs);
    let mut p = plan(&["host:a", ":b"]);
    assert!(p.settings.list_only, "a last operand with a colon is one more source");
    let Ok(Operands::Pull { sources, dest, .. }) = p.settle_operands() else { panic!("a pull") };
    assert_eq!((sources, dest), (words(&["a", "b"]), None));
}

#[test]
fn names_are_not_checked_where_they_cannot_be() {
    let trust = |args: &[&str]| {
        let s = plan(args).settings;
        (s.trust_sender, s.trust_sender_args)
    };
    assert_eq!(trust(&["host:a", "b"]), (false, false));
    assert_eq!(trust(&["--old-args", "host:a", "b"]), (false, true));
    assert_eq!(trust(&["--files-from=:l", "host:a", "b"]), (false, true));
    assert_eq!(trust(&["--trust-sender", "host:a", "b"]), (true, true));
    assert_eq!(trust(&["a", "b"]), (true, true));
}

#[test]
fn files_from_sets_defaults() {
    let s = plan(&["-a", "--files-from=l", "host:a", "b"]).settings;
    assert_eq!(s.files_from, Some(FilesFrom::Local(b"l".to_vec())));
    assert!(!s.recurse && s.relative && s.implied_dirs && s.dirs);
    let s = plan(&["-ar", "--no-R", "--files-from=host:l", "host:a", "b"]).settings;
    assert_eq!(s.files_from, Some(FilesFrom::Remote(b"l".to_vec())));
    assert!(s.recurse && !s.relative && !s.implied_dirs);
    let server = ["--server", "--sender", "-Re.LsfxCIvu", "--files-from=-", "--from0", ".", "a"];
    assert_eq!(plan(&server).settings.files_from, Some(FilesFrom::Peer));
}

#[test]
fn servers_of_old_and_new_clients() {
    let p = plan(&["--server", "-vvlHogDtprxe.iLsfxCIvu", "--delete-delay", ".", "dst"]);
    let s = &p.settings;
    assert!(s.am_server && !s.am_sender && s.recurse && s.hard_links && s.devices);
    assert_eq!(p.client_caps, b".iLsfxCIvu");
    assert_eq!((s.delete_when, s.delete, s.verbose), (Some(DeleteTiming::Delay), true, 2));
    assert_eq!(p.server_paths(), words(&["dst"]));
    assert_eq!((&p.shell, p.shell_given), (&None, false));

    // 2.6.9: no capabilities, a value in the next argument.
    let args = ["--server", "--sender", "-lHogDtprz", "--bwlimit", "10", "--no-r", ".", "a", "b"];
    let p = plan(&args);
    let s = &p.settings;
    assert!(s.am_sender && s.compress && !s.recurse && p.client_caps.is_empty());
    assert_eq!((s.bwlimit, p.server_paths()), (10, words(&["a", "b"]).as_slice()));

    let args = [
        "--server",
        "-re.iLsfxCIvu",
        "--log-format=%i%I",
        "-B1024",
        "-@-1",
        "--max-delete=-1",
        "--new-compress",
        "--no-msgs2stderr",
        "--info=NAME,NEWER3",
        "--debug=BOGUS,IO2",
        ".",
        "d",
    ];
    let s = plan(&args).settings;
    assert_eq!((s.itemize, s.block_size, s.modify_window), (2, 1024, -1));
    assert_eq!((s.max_delete, s.stderr_mode), (Some(0), StderrMode::Client));
    assert_eq!((s.compress, s.compress_choice.as_deref()), (true, Some("zlibx")));
    assert_eq!((s.info.name, s.debug.io), (1, 2));
    assert_eq!(plan(&["--server", "-e.L", "--log-format=X", ".", "d"]).settings.itemize, 0);
}

#[test]
fn secluded_strings_count_on_top() {
    let env = Environment::default();
    let first = plan(&["--server", "--sender", "-sre.iLsfxCIvu"]);
    assert!(first.settings.secluded);
    let strings = words(&["rsync", "--size-only", "-n", ".", "a b", "c*"]);
    let p = first.with_secluded(&strings, &env, &mut |_| None).expect("good strings");
    assert!(p.settings.recurse && p.settings.dry_run && p.settings.size_only);
    assert_eq!(p.server_paths(), words(&["a b", "c*"]));
    let strings = words(&["rsync", "--foo", "."]);
    let e = first.with_secluded(&strings, &env, &mut |_| None).expect_err("unknown");
    assert_eq!(e.to_string(), "rsync: on remote machine: --foo: unknown option");
    let mut refuse =
        |g: &parse::Given| (g.entry.opt == table::Opt::SizeOnly).then(|| "no".to_string());
    let strings = words(&["rsync", "--size-only", "."]);
    let e = first.with_secluded(&strings, &env, &mut refuse).expect_err("refused");
    assert_eq!((e.to_string().as_str(), e.code), ("rsync: no", 4));
}

#[test]
fn a_daemon_s_client_is_held_back() {
    let run = |args: &[&str]| {
        let mut refuse = |g: &parse::Given| {
            let refused = g.entry.opt == table::Opt::Delete;
            refused.then(|| format!("The server is configured to refuse {}", g.entry.full_name()))
        };
        parse_daemon_client_args(&words(args), &Environment::default(), &mut refuse)
    };
    let p = run(&["--server", "-re.iLsfxCIvu", "--max-alloc=0", ".", "mod/x"]).expect("fine");
    assert!(p.settings.am_daemon && p.settings.am_server);
    assert_eq!(p.settings.max_alloc, 1 << 30);
    let e = run(&["--server", "-r", "--delete", ".", "mod/x"]).expect_err("refused");
    assert_eq!(e.to_string(), "rsync: The server is configured to refuse --delete");
    for arg in ["--config=x", "--daemon", "--dparam=a=b", "--no-detach"] {
        let e = run(&["--server", arg, ".", "mod/x"]).expect_err("a daemon option");
        assert_eq!(e.to_string(), "rsync: Attempt to hack rsync thwarted!");
    }
    assert!(run(&["--server", "--help"]).is_err());
}

#[test]
fn remote_options_of_a_local_copy_are_the_receiver_s() {
    let env = Environment::default();
    let p = plan(&[
        "-rb",
        "--delete",
        "-f- y",
        "-M--size-only",
        "-M--exclude=x",
        "-M",
        "--no-r",
        "-M-d",
        "a",
        "b",
    ]);
    let (receiver, rules, _) = p.local_receiver(&env).expect("known options");
    let rules: Vec<_> = rules.into_iter().map(|given| given.rule).collect();
    assert_eq!(rules, [RuleArg::Exclude(b"x".to_vec())]);
    assert!(receiver.size_only && !receiver.recurse && !receiver.am_sender && receiver.local);
    assert!(!p.settings.size_only && p.settings.recurse);
    let e = plan(&["-M--foo", "a", "b"]).local_receiver(&env).expect_err("unknown");
    assert_eq!(e.to_string(), "rsync: on remote machine: --foo: unknown option");
}

#[test]
fn the_charset_of_the_environment() {
    let env = Environment { iconv: Some(b"utf8".to_vec()), ..Environment::default() };
    let iconv = |args: &[&str]| match parse_args(&words(args), &env) {
        Ok(Request::Client(plan)) => plan.settings.iconv,
        Ok(Request::Server(plan)) => plan.settings.iconv,
        other => panic!("{args:?}: {other:?}"),
    };
    assert_eq!(iconv(&["a", "b"]).as_deref(), Some(&b"utf8"[..]));
    assert_eq!(iconv(&["--iconv=.", "a", "b"]).as_deref(), Some(&b"."[..]));
    assert_eq!(iconv(&["--iconv=", "a", "b"]).as_deref(), Some(&b""[..]));
    assert_eq!(iconv(&["--no-iconv", "a", "b"]), None);
    assert_eq!(iconv(&["--iconv=-", "a", "b"]), None);
    assert_eq!(iconv(&["--server", "-r", ".", "b"]), None);
}

#[test]
fn the_partial_dir_of_the_environment_needs_partial() {
    let env = Environment { partial_dir: Some(b"./.p/".to_vec()), ..Environment::default() };
    let dir = |args: &[&str]| match parse_args(&words(args), &env) {
        Ok(Request::Client(plan)) => plan.settings.partial_dir,
        other => panic!("{args:?}: {other:?}"),
    };
    assert_eq!(dir(&["a", "b"]), None);
    assert_eq!(dir(&["-P", "a", "b"]).as_deref(), Some(&b".p"[..]));
    assert_eq!(dir(&["--partial-dir=q", "a", "b"]).as_deref(), Some(&b"q"[..]));
    assert_eq!(dir(&["--delay-updates", "a", "b"]).as_deref(), Some(&b".~tmp~"[..]));
    assert_eq!(dir(&["--partial-dir=.", "-P", "a", "b"]), None);
    assert_eq!(dir(&["--inplace", "-P", "a", "b"]), None);
}

#[test]
fn texts_are_printed_as_soon_as_they_are_asked_for() {
    let text = |args: &[&str]| match parse_args(&words(args), &Environment::default()) {
        Ok(Request::Print { text, to_stderr: false }) => text,
        other => panic!("{args:?}: {other:?}"),
    };
    assert_eq!(text(&["--help", "--foo"]), help());
    assert_eq!(text(&["-ah"]), help());
    assert_eq!(text(&["-a", "--info=help", "--foo"]), levels::words_help(&levels::INFO));
    assert_eq!(text(&["--version", "--delete"]), version());
    for quiet in [&["--version", "-q"][..], &["-q", "--help"], &["-qh"]] {
        assert_eq!(text(quiet), "");
    }
    assert_eq!(text(&["--help", "-q"]), help());
    assert_eq!(text(&["-VV"]), version_json());
    assert_eq!(text(&["--version", "-v"]), format!("{}\n{}", version(), version_lanes()));
    assert_eq!(text(&["--daemon", "-h"]), daemon_help());
}
