//! What is refused, and with which words: rsync and our library are given the same command lines.
use session::options::{self, Environment, OptionError, Request};
use std::process::{Command, Stdio};

/// Lines for stderr before the help or the closing line, whether there is help, and the exit code.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    lines: Vec<String>,
    usage: bool,
    code: i32,
}

fn theirs(args: &[&str]) -> Refusal {
    let mut command = Command::new("/usr/bin/rsync");
    for name in ["RSYNC_OLD_ARGS", "RSYNC_PROTECT_ARGS", "POSIXLY_CORRECT"] {
        command.env_remove(name);
    }
    let output = command.args(args).stdin(Stdio::null()).current_dir("/").output();
    let output = output.expect("rsync is missing: apt-get install rsync");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let usage = text.contains("\nUsage: rsync ");
    let lines = text.lines().take_while(|l| !l.starts_with("rsync error: ") && !usage);
    Refusal {
        lines: lines.map(str::to_string).collect(),
        usage,
        code: output.status.code().expect("an exit code"),
    }
}

fn ours(args: &[&str]) -> Refusal {
    let typed: Vec<Vec<u8>> = args.iter().map(|a| a.as_bytes().to_vec()).collect();
    let env = Environment::default();
    let result = options::parse_args(&typed, &env).and_then(|request| match request {
        Request::Client(mut plan) => {
            let operands = plan.settle_operands()?;
            options::server_args::server_args(&plan, &operands)?;
            if let options::Operands::Pull { remote, .. } = &operands {
                plan.shell_command(remote, &[], session::log::Role::Client)?;
            }
            Ok(())
        }
        _ => Ok(()),
    });
    match result {
        Ok(()) => Refusal { lines: Vec::new(), usage: false, code: 0 },
        Err(OptionError { lines, usage, code, .. }) => Refusal {
            lines: lines.iter().map(|l| String::from_utf8_lossy(l).into_owned()).collect(),
            usage,
            code,
        },
    }
}

fn compare_all(command_lines: &[&[&str]]) {
    let wrong: Vec<String> = command_lines
        .iter()
        .map(|args| (args, ours(args), theirs(args)))
        .filter(|(_, ours, theirs)| ours != theirs || ours.code == 0)
        .map(|(args, ours, theirs)| format!("{args:?}\n  rsync {theirs:?}\n  ours  {ours:?}\n"))
        .collect();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.concat());
}

#[test]
fn arguments() {
    compare_all(&[
        &[],
        &["-v"],
        &["--"],
        &["-a", "-h"],
        &["--recurs", "a", "b"],
        &["-archive"],
        &["-aQ", "a", "b"],
        &["-4=5"],
        &["-P=3"],
        &["--no-a", "a", "b"],
        &["--no-archive"],
        &["--no-s=1"],
        &["--timeout"],
        &["-aB"],
        &["--timeout=5k", "a", "b"],
        &["--timeout", " ", "b"],
        &["--timeout=99999999999", "a", "b"],
        &["--delete=yes", "a", "b"],
        &["--help=3"],
        &["--version", "--foo"],
        &["--foo", "--help"],
        &["--foo", "--server"],
        &["--server", "--foo", ".", "x"],
        &["--server", "--timeout=x", ".", "x"],
        &["--server", "-N", ".", "x"],
        &["-N", "a", "b"],
        &["--crtimes", "a", "b"],
        &["--sender", "a", "b"],
        &["--use-qsort", "a", "b"],
        &["--daemon", "--foo"],
        &["--daemon", "-a"],
        &["--daemon", "--port=x"],
        &["--config=x"],
        &["--no-detach", "a", "b"],
        &["--dparam=foo", "--daemon"],
        &["--daemon", "--server", "--foo"],
        &["-M", "nodash", "a", "b"],
        &["-Mfoo", "a", "b"],
    ]);
}

#[test]
fn values() {
    compare_all(&[
        &["-B131073", "a", "b"],
        &["-B131073", "--protocol=29", "a", "b"],
        &["--server", "-B131073", ".", "b"],
        &["--bwlimit=0.4999", "a", "b"],
        &["--bwlimit=x", "a", "b"],
        &["--max-size=9223372036854775806", "a", "b"],
        &["--max-size=-1", "a", "b"],
        &["--min-size=1e3", "a", "b"],
        &["--max-size=+1", "a", "b"],
        &["--max-size=1k+2", "a", "b"],
        &["--max-alloc=500", "a", "b"],
        &["--max-alloc=x", "a", "b"],
        &["--cc=foo", "a", "b"],
        &["--cc=md5,foo", "a", "b"],
        &["--cc=md5,", "a", "b"],
        &["--cc=,md5", "a", "b"],
        &["--cc=", "a", "b"],
        &["--zc=foo", "a", "b"],
        &["--zc=", "a", "b"],
        &["--stderr=x", "a", "b"],
        &["--stderr=", "a", "b"],
        &["--stderr=errorss", "a", "b"],
        &["--outbuf=x", "a", "b"],
        &["--outbuf=", "a", "b"],
        &["--info=foo", "--foo"],
        &["--info=foo12", "a", "b"],
        &["--info=9foo", "a", "b"],
        &["--debug=foo1x", "a", "b"],
        &["--debug=1", "--version"],
        &["--suffix=a/b", "a", "b"],
        &["--suffix=", "a", "b"],
        &["-b", "--backup-dir=./", "a", "b"],
        &["--confine-root=x", "a", "b"],
        &["--usermap=a:b", "--usermap=b:c", "a", "b"],
        &["--chown=u:g", "--chown=:h", "a", "b"],
        &["--chown=:g", "--groupmap=a:b", "a", "b"],
        &["--usermap=a:b", "--chown=u", "a", "b"],
        &["-e", "a\"b", "h:a", "b"],
        &["-e", "'", "h:a", "b"],
    ]);
}

#[test]
fn conflicts() {
    let many: Vec<String> = (0..21).map(|n| format!("--link-dest={n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).chain(["a", "b"]).collect();
    let options: Vec<&str> = ["-M--x"; 150].into_iter().chain(["h:a", "b"]).collect();
    let long = format!("--temp-dir={}", "x".repeat(4086));
    let long_backup = format!("--backup-dir={}", "x".repeat(3969));
    compare_all(&[
        &many,
        &options,
        &[&long, "a", "b"],
        &[&long_backup, "a", "b"],
        &["--old-args", "-s", "a", "b"],
        &["--append", "-W", "a", "b"],
        &["--append", "--partial-dir=x", "a", "b"],
        &["--append", "--inplace", "--delay-updates", "a", "b"],
        &["--inplace", "--delay-updates", "--partial-dir=x", "a", "b"],
        &["--inplace", "--partial-dir=x", "a", "b"],
        &["--inplace", "--partial-dir=.", "a", "b"],
        &["--delete", "a", "b"],
        &["--delete", "--no-d", "--files-from=a", "a", "b"],
        &["--delete-before", "--delete-after", "-r", "a", "b"],
        &["--delete-before", "--del", "a", "b"],
        &["--fake-super", "-XX", "a", "b"],
        &["--write-batch=x", "--read-batch=y", "a", "b"],
        &["--read-batch=x", "--files-from=y", "a"],
        &["--read-batch=x", "--remove-source-files", "a"],
        &["--read-batch=x", "--remove-sent-files", "a"],
        &["--insecure-links", "--confine-root=/x", "a", "b"],
        &["--link-dest=x", "--copy-dest=y", "a", "b"],
        &["--files-from=x", "a", "b", "c"],
        &["--files-from=x", "a"],
        &["--files-from=:-", "h:a", "b"],
    ]);
}

#[test]
fn operands() {
    compare_all(&[
        &["h:a", "h2:b"],
        &["h:a", "a", "t"],
        &["h:a", "", "t"],
        &["h1:a", "h2:b", "t"],
        &["u@h:a", "h:b", "t"],
        &["h:a", "h::b", "t"],
        &["h:a", "::", "t"],
        &["h::a", "rsync://h:99/b", "t"],
        &["rsync://h:1/a", "rsync://h:873/b", "t"],
        &["--port=2", "h::a", "rsync://h:1/b", "t"],
        &["::a", "h:b", "t"],
        &["a", "h:a", "t"],
        &["a", "", "h:t"],
        &["", "h:x"],
        &[""],
        &["--", "-h1:"],
        &["--", "a", "-h1:"],
        &["-e", "x", "--", "-h::m", "b"],
        &["--files-from=g:x", "h:a", "b"],
        &["--files-from=u@h:x", "h:a", "b"],
        &["--files-from=h:x", "u@h:a", "b"],
        &["--files-from=:x", "a", "b"],
        &["--password-file=x", "h:a", "b"],
        &["--password-file=x", "/a", "/b"],
        &["--contimeout=3", "/a", "/b"],
        &["--contimeout=-1", "a", "h:b"],
        &["--contimeout=3", "-e", "ssh", "h::a", "b"],
        &["a", "rsync://localhost:1//foo/x"],
        &["localhost::/x", "y"],
        &["rsync://localhost:1/", "/tmp/xx", "rr"],
    ]);
}

/// What rsync says when this is its only option before `--version`.
fn complaint(arg: &str) -> String {
    let output = Command::new("/usr/bin/rsync").args(["--version", arg]).current_dir("/").output();
    let output = output.expect("rsync is missing: apt-get install rsync");
    String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_string()
}

#[test]
fn the_table_has_rsync_s_names() {
    use options::table::{Arg, OPTIONS, Opt, find_short};
    let mut wrong = Vec::new();
    for e in OPTIONS {
        let with = [e.long].into_iter().chain(e.aliases.iter().copied());
        for (name, arg) in with.map(|n| (n, e.arg)).chain(e.off.iter().map(|n| (*n, Arg::None))) {
            let option = format!("--{name}");
            // The daemon's options, and those that end the run, are told apart elsewhere.
            // --server changes the words even where it is wrong, and --zero-copy is ours alone.
            if name.is_empty() || matches!(e.opt, Opt::DaemonMode | Opt::Server | Opt::ZeroCopy) {
                continue;
            }
            let (typed, expected) = match arg {
                Arg::None => (format!("{option}=1"), "option does not take an argument"),
                _ => (option, "missing argument"),
            };
            let theirs = complaint(&typed);
            if theirs != format!("rsync: {typed}: {expected}") {
                wrong.push(format!("{typed}: {theirs}"));
            }
        }
    }
    for letter in b'!'..=b'~' {
        let option = format!("-{}", letter as char);
        let ours = find_short(OPTIONS, letter).is_some();
        let theirs = complaint(&option);
        if letter != b'-' && ours == theirs.ends_with(": unknown option") {
            wrong.push(format!("{option}: {theirs}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
