//! The server's command line compared with rsync's own: rsync is run with a remote shell that only
//! records its arguments (and what follows on stdin with `-s`), and the same command line is given
//! to our library.
use session::options::{self, Environment, Operands, Request, server_args, table};
use std::{
    collections::HashSet,
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::PathBuf,
    process::{Command, Stdio},
};

/// What a remote shell saw.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    argv: Vec<String>,
    stdin: String,
}

struct Lab {
    dir: tempfile::TempDir,
    shell: PathBuf,
}

impl Lab {
    fn new() -> Lab {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("a"), "").expect("a file");
        let shell = dir.path().join("shell");
        // The client writes the strings of -s at once and then waits for our end of the handshake.
        let script = "#!/bin/sh\nprintf '%s\\0' \"$@\" > \"$0.argv\"\ncase \" $* \" in *' -s'*)\n\
             timeout 0.3 cat > \"$0.stdin\" ;; esac\nexit 1\n";
        fs::write(&shell, script).expect("a script");
        Lab { dir, shell }
    }

    /// The remote shell: not run by its name, since what another thread starts may have it open for writing still.
    fn rsh(&self) -> String {
        format!("sh {}", self.shell.display())
    }

    /// What rsync runs.
    fn theirs(&self, args: &[&str], env: &[(&str, &str)]) -> Seen {
        let recorded = ["argv", "stdin"].map(|name| self.shell.with_extension(name));
        for file in &recorded {
            let _ = fs::remove_file(file);
        }
        let mut command = Command::new("/usr/bin/rsync");
        for name in ["RSYNC_OLD_ARGS", "RSYNC_PROTECT_ARGS", "POSIXLY_CORRECT"] {
            command.env_remove(name);
        }
        command.current_dir(self.dir.path()).env("RSYNC_RSH", self.rsh());
        command.envs(env.iter().copied()).args(args).stdin(Stdio::null());
        let output = command.output().expect("rsync is missing: apt-get install rsync");
        let argv = fs::read(&recorded[0]).unwrap_or_else(|_| {
            panic!("rsync {args:?}: {}", String::from_utf8_lossy(&output.stderr))
        });
        let mut argv: Vec<String> =
            argv.split(|&b| b == 0).map(|s| String::from_utf8_lossy(s).into_owned()).collect();
        argv.pop();
        let sent = fs::read(&recorded[1]).unwrap_or_default();
        // Behind the strings comes the handshake, which does not concern us.
        let end = sent.windows(2).position(|w| w == [0, 0]).map_or(0, |at| at + 2);
        Seen { argv, stdin: String::from_utf8_lossy(&sent[..end]).into_owned() }
    }

    /// What we would run.
    fn ours(&self, args: &[&str], env: &[(&str, &str)]) -> Seen {
        let get = |name: &str| {
            env.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_bytes().to_vec())
        };
        let env = Environment {
            rsync_rsh: Some(self.rsh().into_bytes()),
            partial_dir: get("RSYNC_PARTIAL_DIR"),
            old_args: get("RSYNC_OLD_ARGS"),
            protect_args: get("RSYNC_PROTECT_ARGS"),
            max_alloc: get("RSYNC_MAX_ALLOC"),
            ..Environment::default()
        };
        let typed: Vec<Vec<u8>> = args.iter().map(|a| a.as_bytes().to_vec()).collect();
        let request = options::parse_args(&typed, &env);
        let Ok(Request::Client(mut plan)) = request else { panic!("{args:?}: {request:?}") };
        let operands = plan.settle_operands().unwrap_or_else(|e| panic!("{args:?}: {e}"));
        let server = server_args::server_args(&plan, &operands).expect("not too many");
        let server = server.expect("a remote transfer");
        let (Operands::Push { remote, .. } | Operands::Pull { remote, .. }) = &operands else {
            panic!("{args:?} is local");
        };
        let role = session::log::Role::Client;
        let command = plan.shell_command(remote, &server.argv, role).expect("a shell");
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        Seen {
            argv: command.argv[2..].iter().map(text).collect(),
            stdin: String::from_utf8_lossy(&server.payload()).into_owned(),
        }
    }

    fn compare(&self, args: &[&str], env: &[(&str, &str)]) -> Result<(), String> {
        let (ours, theirs) = (self.ours(args, env), self.theirs(args, env));
        if ours == theirs {
            return Ok(());
        }
        Err(format!("{args:?} {env:?}\n  rsync {theirs:?}\n  ours  {ours:?}\n"))
    }

    fn compare_all<'a>(&self, lines: impl IntoIterator<Item = Vec<&'a str>>) {
        let results = lines.into_iter().map(|args| self.compare(&args, &[]));
        let wrong: Vec<String> = results.filter_map(Result::err).collect();
        assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.concat());
    }
}

/// One set of options a line; each is tried as a push and as a pull. Left out: `--qsort`, for which
/// rsync sends an option that no server knows, and `--bwlimit=9p`, which overflows there.
const OPTIONS: &str = include_str!("server_args/options.txt");

/// Options without a row, and why.
const ELSEWHERE: &[(&str, &str)] = &[
    ("--zero-copy", "rsync has none; see `zero_copy_stays_here`"),
    ("--rsh", "every line has one, in the environment"),
    ("--crtimes", "refused where files have no creation times to be set"),
    ("--read-batch", "has no remote side"),
    ("--contimeout", "only for a connection with a daemon"),
    ("--password-file", "only for a connection with a daemon"),
    ("--qsort", "rsync sends it, and its server refuses it"),
    ("--version", "ends before anything is started"),
    ("--help", "ends before anything is started"),
    ("--server", "for a server"),
    ("--sender", "for a server"),
    ("--daemon", "for a daemon"),
    ("--config", "for a daemon"),
    ("--dparam", "for a daemon"),
    ("--detach", "for a daemon"),
];

#[test]
fn every_option_has_a_row() {
    let mut seen = HashSet::new();
    for line in OPTIONS.lines() {
        let words: Vec<Vec<u8>> = line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
        let typed = options::parse::parse(table::OPTIONS, &words, false);
        assert!(typed.error.is_none(), "{line}: {:?}", typed.error);
        seen.extend(typed.options.iter().map(|given| (given.entry.name(), given.on)));
    }
    let mut wrong = Vec::new();
    let elsewhere: HashSet<&str> = ELSEWHERE.iter().map(|(name, _)| *name).collect();
    for entry in table::OPTIONS {
        let name = entry.name();
        for on in [true, false] {
            let exists = on || !entry.off.is_empty();
            let covered = seen.contains(&(name.clone(), on));
            if exists && !covered && !elsewhere.contains(name.as_str()) {
                wrong.push(format!("{name} (on: {on}) has no row"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn zero_copy_stays_here() {
    let lab = Lab::new();
    for option in ["--zero-copy", "--zero-copy=never", "--no-zero-copy"] {
        for operands in [["a", "h:dst"], ["h:src", "dst"]] {
            let ours = lab.ours(&["-a", option, operands[0], operands[1]], &[]);
            assert_eq!(ours, lab.theirs(&["-a", operands[0], operands[1]], &[]), "{option}");
        }
    }
}

fn with_operands<'a>(line: &'a str, operands: [&'a str; 2]) -> Vec<&'a str> {
    line.split(' ').chain(operands).collect()
}

#[test]
fn pushes() {
    Lab::new().compare_all(OPTIONS.lines().map(|line| with_operands(line, ["a", "h:dst"])));
}

#[test]
fn pulls() {
    Lab::new().compare_all(OPTIONS.lines().map(|line| with_operands(line, ["h:src", "dst"])));
}

#[test]
fn random_combinations() {
    const FLAGS: &str = "\
        -a -r -l -p -t -g -o -D -v -q -n -i -h -c -z -u -W -P -I -x -L -k -K -H -A -X -U -S -R \
        -d -m -E -O -J -C -8 --no-r --no-l --no-p --no-t --no-g --no-o --no-D --no-v --no-i \
        --no-c --no-z --no-W --no-x --no-H --no-A --no-X --no-U --no-S --no-R --no-d --no-m \
        --no-O --no-J --numeric-ids --size-only --partial --inplace --existing --stats \
        --delete --no-inc-recursive --specials --info=name2 --info=stats0 --zc=zstd --force \
        --list-only --no-implied-dirs --progress --safe-links --super --stderr=all \
        --out-format=%i%n -b --delete-after --files-from=a --del";
    let flags: Vec<&str> = FLAGS.split_whitespace().collect();
    let mut rng = fastrand::Rng::with_seed(7);
    let lines = (0..300).map(|_| {
        let mut args: Vec<&str> = vec!["--debug=none"];
        for _ in 0..rng.usize(1..12) {
            let flag = flags[rng.usize(..flags.len())];
            // Only one time to delete at.
            if !(flag.starts_with("--del") && args.iter().any(|arg| arg.starts_with("--del"))) {
                args.push(flag);
            }
        }
        // Deleting needs -r, whatever switched it off.
        args.extend(args.iter().any(|arg| arg.starts_with("--del")).then_some("-r"));
        args.extend(if rng.bool() { ["a", "h:dst"] } else { ["h:src/", "dst"] });
        args
    });
    Lab::new().compare_all(lines);
}

#[test]
fn operands_and_escapes() {
    const LINES: &[&[&str]] = &[
        &["h:~x", ":b c", "h:~/z", "h:", "h:-x", "h:x~", "h:~", "b"],
        &["-R", "h:~x", "h:~/y", "h:~/./y", "b"],
        &["--trust-sender", "h:~x", "b"],
        &["--files-from=:x", "h:~x", "b"],
        &["h:a\\*b", "h:a\\b", "h:a*?[x]", "b"],
        &["u@h:a", "b"],
        &["u@v@h:a", "b"],
        &["@h:a", "b"],
        &["[::1]:a", "b"],
        &["u@[::1]:a", "b"],
        &["h:"],
        &["h:a"],
        &["h:a/"],
        &["-d", "h:a"],
        &["-r", "h:a"],
        &["--list-only", "-r", "h:a"],
        &["a", "h:"],
        &["a", "h:-x"],
        &["a", "a", "h:d/"],
        &["rsync://h:1x/", "b"],
        &["--rsync-path=my rsync", "a", "h:b"],
        &["--rsync-path=", "a", "h:b"],
        &["-s", "a", "h:-x"],
        &["-s", "h:x", ":y z", "b"],
        &["-s", "-a", "h:", "b"],
        &["-s", "--info=name0", "-M--x y", "h:a*b", "b"],
        &["--old-args", "h:~x", "b"],
        &["--old-args", "h:a*b", "b"],
        &["--old-args", "--old-args", "-T", "a*b", "a", "h:"],
        &["--no-old-args", "a", "h:x*"],
        &["-6", "h:x", "y"],
    ];
    let lab = Lab::new();
    lab.compare_all(LINES.iter().map(|args| args.to_vec()));
    let value = "a b*?[c]\\d\\*e$(f)'g\"";
    let spelled = format!("-M-x{value}");
    lab.compare_all([vec![spelled.as_str(), "a", "h:b"]]);
    for option in ["-T", "--suffix", "--usermap", "--partial-dir", "--link-dest"] {
        lab.compare_all([vec![option, value, "a", "h:b"]]);
    }
    let tricky = "h:q\"'`!#$&;|<>(){}\t x\\y";
    for level in ["-v", "--old-args", "-s"] {
        lab.compare_all([vec![level, tricky, "dst"]]);
    }
}

#[test]
fn environment() {
    const ARGS: [&[&str]; 5] = [
        &["-T", "x y", "a", "h:b c"],
        &["--no-old-args", "a", "h:b c"],
        &["-s", "--no-s", "a", "h:b c"],
        &["--no-s", "a", "h:b c"],
        &["-s", "a", "h:b c"],
    ];
    let lab = Lab::new();
    let mut wrong = Vec::new();
    for old in [None, Some(""), Some("0"), Some("1"), Some("2"), Some("x"), Some("1x")] {
        for protect in [None, Some(""), Some("0"), Some("1"), Some("x")] {
            let mut env = Vec::new();
            env.extend(old.map(|v| ("RSYNC_OLD_ARGS", v)));
            env.extend(protect.map(|v| ("RSYNC_PROTECT_ARGS", v)));
            wrong.extend(ARGS.iter().filter_map(|args| lab.compare(args, &env).err()));
        }
    }
    let partial: [&[&str]; 3] =
        [&["--partial", "a", "h:b"], &["a", "h:b"], &["--partial", "--inplace", "a", "h:b"]];
    for env in [
        ("RSYNC_MAX_ALLOC", "2g"),
        ("RSYNC_MAX_ALLOC", ""),
        ("RSYNC_PARTIAL_DIR", "xx"),
        ("RSYNC_PARTIAL_DIR", "."),
    ] {
        wrong.extend(partial.iter().filter_map(|args| lab.compare(args, &[env]).err()));
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.concat());
}

/// A daemon that accepts anything and answers with what the client asked for.
fn ask_daemon(args: &[&str]) -> (String, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port().to_string();
    let mut client = Command::new("/usr/bin/rsync");
    for name in ["RSYNC_OLD_ARGS", "RSYNC_PROTECT_ARGS", "POSIXLY_CORRECT"] {
        client.env_remove(name);
    }
    client.args(["--contimeout=20", "--port"]).arg(port).args(args).stdin(Stdio::null());
    client.stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
    let mut client = client.spawn().expect("rsync is missing: apt-get install rsync");
    let (mut socket, _) = listener.accept().expect("rsync calls");
    socket.write_all(b"@RSYNCD: 32.0 sha512\n").expect("writable");
    let mut line = || {
        let mut text = Vec::new();
        let mut byte = [0];
        while socket.read(&mut byte).expect("readable") == 1 && byte != *b"\n" {
            text.push(byte[0]);
        }
        String::from_utf8_lossy(&text).into_owned()
    };
    let _greeting = line();
    let module = line();
    socket.write_all(b"@RSYNCD: OK\n").expect("writable");
    let mut sent = Vec::new();
    let mut byte = [0];
    let blocks = if args.contains(&"-s") { 2 } else { 1 };
    for _ in 0..blocks {
        let from = sent.len();
        while sent[from..] != [0] && !sent[from..].ends_with(&[0, 0]) {
            assert_eq!(socket.read(&mut byte).expect("readable"), 1, "cut short: {sent:?}");
            sent.push(byte[0]);
        }
    }
    drop(socket);
    client.wait().expect("rsync ends");
    let mut words: Vec<String> =
        sent.split(|&b| b == 0).map(|s| String::from_utf8_lossy(s).into_owned()).collect();
    words.pop();
    (module, words)
}

#[test]
fn daemon_arguments() {
    const LINES: &[&[&str]] = &[
        &["-av", "127.0.0.1::mod", "d"],
        &["-av", "127.0.0.1::mod/", "d"],
        &["-av", "--delete", "/etc/hostname", "127.0.0.1::mod"],
        &["/etc/hostname", "127.0.0.1::mod/a b"],
        &["127.0.0.1::mod/a b*", "::mod/c mod/d", "::other/x mod/y", "d"],
        &["127.0.0.1::mod/~x", "::mod/-y", "::-z/a", "d"],
        &["127.0.0.1::-z/a", "d"],
        &["-T", "x y*", "--info=name0", "/etc/hostname", "127.0.0.1::mod/a\\b$c"],
        &["-M-x y", "--old-args", "/etc/hostname", "127.0.0.1::mod/a mod/b"],
        &["--old-args", "--old-args", "-T", "x y", "/etc/hostname", "127.0.0.1::mod/a mod/b"],
        // With -s a daemon splits nothing, yet rsync would guard "mod/a mod/b" against it; we do
        // not.
        &["-s", "-a", "127.0.0.1::mod/a b", "::mod/c", "d"],
        &["-s", "-T", "x y", "/etc/hostname", "127.0.0.1::mod"],
        &["--protocol=31", "-r", "127.0.0.1::mod/x", "d"],
    ];
    let mut wrong = String::new();
    for args in LINES {
        let typed: Vec<Vec<u8>> = args.iter().map(|a| a.as_bytes().to_vec()).collect();
        let request = options::parse_args(&typed, &Environment::default());
        let Ok(Request::Client(mut plan)) = request else { panic!("{args:?}: {request:?}") };
        let operands = plan.settle_operands().expect("operands that rsync takes");
        let server = server_args::server_args(&plan, &operands).expect("not too many");
        let server = server.expect("a remote transfer");
        let mut ours: Vec<String> =
            server.argv.iter().map(|s| String::from_utf8_lossy(s).into_owned()).collect();
        ours.push(String::new());
        if server.secluded.is_some() {
            let payload = String::from_utf8_lossy(&server.payload()).into_owned();
            ours.extend(payload.split_terminator('\0').map(str::to_string));
        }
        let (_, theirs) = ask_daemon(args);
        if ours != theirs {
            wrong.push_str(&format!("{args:?}\n  rsync {theirs:?}\n  ours  {ours:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
