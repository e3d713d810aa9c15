//! What programs around rsync look for in its output: their patterns find the same in ours as in the real rsync's.
//!
//! Patterns are `grep -P`'s; `\K` leaves out of the comparison what differs from run to run.

use std::{fs, path::Path, process::Command};
use testkit::{
    Peers, Scratch,
    run::{command, run},
    scenario::words,
    tree,
};

const TREE: &str = r"
f src/empty
f src/small text=hello\n
f src/large size=300000 mode=600
f src/with\x20space size=100 mode=755
f src/sub/one size=1000
h src/sub/twin -> src/small
l src/link -> small
p src/pipe
f dst/small text=older\n mtime=1000000000
f dst/extra size=50
f dst/sub/one size=1000 mode=600
l dst/link -> other
d dst/gone
";

/// Who looks, with which options, for what.
const CORPUS: &[(&str, &str, &str)] = &[
    // The version, as tools that want at least some release read it.
    (
        "version, first line",
        "--version",
        r"^rsync +version (v?[0-9]+\.[0-9]+(\.[0-9]+)?) +protocol version [0-9]+$",
    ),
    ("version, ansible's and others' number", "--version", r"version v?\K\d+\.\d+\.\d+"),
    (
        "version, capabilities of Back In Time",
        "--version",
        r"(?<=[ ,])(no )?(xattrs|hardlinks|symlinks|batchfiles)(?=,)",
    ),
    ("version, lists", "--version", r"^(Checksum|Compress|Daemon auth) list:$"),
    (
        "version, JSON keys",
        "-VV",
        "^ *\"\\K(program|version|protocol|capabilities|optimizations|checksum_list|compress_list|daemon_auth_list)(?=\":)",
    ),
    ("version, JSON program", "-VV", "\"(program|version|protocol)\": \"[^\"]*\""),
    ("version, all JSON keys", "-VV", r#""\K(?!oxrsync")\w+(?=": )"#),
    (
        "version, what there is in JSON",
        "-VV",
        r#""(?!oxrsync|SIMD_roll|openssl_crypto|caveat)\w+": ("optional"|true|false|\d+)"#,
    ),
    // Back In Time: changed files, and its own marks.
    (
        "Back In Time, changes",
        "-aHAXv -i --out-format=BACKINTIME:\\ %i\\ %n%L --delete src/ dst",
        r"^BACKINTIME: ([<>ch.*][fdLDS ]?[^ ]*) +(.*)$",
    ),
    (
        "Back In Time, progress",
        "-a --info=progress2 --no-inc-recursive src/large dst",
        r"(?<=\s)100%",
    ),
    // rsnapshot and other log readers.
    (
        "rsnapshot, files",
        "-av --delete --numeric-ids --relative --delete-excluded src dst",
        r"^(deleting |src/).*$",
    ),
    (
        "rsnapshot, statistics",
        "-a --stats src/ dst",
        r"^Number of (files|created files|deleted files|regular files transferred): [0-9,]+( \(.*\))?$",
    ),
    (
        "rsnapshot, sizes",
        "-a --stats src/ dst",
        r"^(Total file size|Total transferred file size|Literal data|Matched data): [0-9,.]+[KMGTP]? bytes$",
    ),
    ("statistics, all labels", "-a --stats src/ dst", r"^[A-Z][A-Za-z ]+(?=: )"),
    (
        "statistics, the totals",
        "-a --stats src/ dst",
        r"^total size is [0-9,]+(?=  speedup is [0-9,.]+$)",
    ),
    (
        "statistics, the traffic",
        "-a --stats src/ dst",
        r"^sent (?=[0-9,]+ bytes  received [0-9,]+ bytes  [0-9,.]+ bytes/sec$)",
    ),
    // Ansible's synchronize.
    (
        "ansible, changed",
        "--delay-updates -F --compress --archive --out-format=<<CHANGED>>%i\\ %n%L src/ dst",
        r"^<<CHANGED>>\K.*$",
    ),
    (
        "ansible, nothing changed",
        "-a --out-format=<<CHANGED>>%i\\ %n%L src/small src/small2",
        r"^<<CHANGED>>\K.*$",
    ),
    // jc, by columns.
    (
        "jc, items",
        "-ai --delete src/ dst",
        r"^([<>ch.*])([fdlLDS])?(?:([.+ c?])([.+ s?])([.+ tT?])([.+ p?])([.+ o?])([.+ g?])([.+ unb?])([.+ a?])([.+ x?]))? (.+)$",
    ),
    ("jc, deletions", "-ai --delete src/ dst", r"^\*deleting   (.+)$"),
    ("jc, unchanged items", "-aii src/ dst", r"^\.[fdLDS] {9} .*$"),
    ("jc, hard links", "-aHi src/ dst", r"^hf\S+ (.*) => (.*)$"),
    ("jc, symbolic links", "-ai src/ dst", r"^cL\S+ (.*) -> (.*)$"),
    // Readers of progress, who split lines at CR.
    (
        "progress, to-chk",
        "-a --progress --no-inc-recursive src/ dst",
        r"\(xfr#(\d+), to-chk=(\d+)/(\d+)\)",
    ),
    ("progress, ir-chk or to-chk", "-a --progress src/ dst", r"(to|ir)-chk=\d+/\d+"),
    (
        "progress, finished lines",
        "-a --progress src/ dst",
        r"^ +[0-9,]+ +100%(?= +[0-9.]+[kMGT]?B/s +\d+:\d\d:\d\d \(xfr)",
    ),
    ("progress, sizes", "-ah --progress src/ dst", r"^ +\K[0-9.,]+[KMG]?(?= +100%)"),
    (
        "progress2, the end",
        "-a --info=progress2 --no-inc-recursive src/ dst",
        r"\(xfr#\d+, to-chk=0/\d+\)",
    ),
    (
        "progress2, shape",
        "-a --info=progress2 --no-inc-recursive src/large dst",
        r"\s+300,000\s+100%(?=\s+\d+\.\d\d[kMG]B/s\s+\d+:\d\d:\d\d \(xfr#1, to-chk=0/1\))",
    ),
    ("progress2, quiet names", "-a --info=progress2,name0 --no-inc-recursive src/ dst", r"^\w.*$"),
    // Lists of files.
    (
        "list, columns",
        "-r --list-only src/",
        r"^([dlbcps-][rwxsStT-]{9}) +([\d,.]+[KMGT]?) (\d{4}/\d\d/\d\d) (\d\d:\d\d:\d\d) (.*)$",
    ),
    ("list, links", "-rl --list-only src/", r"^l\S+ .* -> .*$"),
    // Dry runs that count what would happen.
    ("dry run, count", "-an --stats --delete src/ dst", r"^Number of .*$"),
    ("dry run, mark", "-anv src/ dst", r"\(DRY RUN\)$"),
    ("dry run, names", "-avn --delete src/ dst", r"^(deleting .*|created directory .*|.*/)$"),
    // Errors and closing lines.
    (
        "errors, the code",
        "-a src/nope dst",
        r"^rsync error: .* \(code \K\d+(?=\) at .+\(\d+\) \[\w+=3\.5\.0\]$)",
    ),
    (
        "errors, the file",
        "-a src/nope dst",
        r#"^rsync: \[sender\] link_stat ".*/\Knope" failed: No such file or directory \(2\)$"#,
    ),
    ("errors, unknown option", "--nope", r"^rsync: (\S+): unknown option$"),
    ("skipped", "-r src/ dst", r#"^skipping non-regular file "(.*)"$"#),
    // Log files, as duplicity, Unison and admin scripts read them.
    (
        "log, items",
        "-a --log-file=/dev/stdout src/ dst",
        r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[\d+\] \K(?!sent ).*$",
    ),
    (
        "log, format",
        "-a --log-file=/dev/stdout --log-file-format=%o:%f:%l src/ dst",
        r"\] \K(send|recv|del\.):.*:\d+$",
    ),
    (
        "out-format, columns",
        "-a --out-format=%t\\ [%p]\\ %o\\ %f\\ %l src/ dst",
        r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[\d+\] \K.*$",
    ),
    (
        "out-format, mtime",
        "-a --out-format=%M\\ %n src/ dst",
        r"^\d{4}/\d\d/\d\d-\d\d:\d\d:\d\d .*$",
    ),
    ("out-format, sums", "-a --cc=md5 --out-format=%C\\ %n src/ dst", r"^([0-9a-f]{32}| {32}) .*$"),
];

/// What the pattern finds, line by line; a CR ends a line, too.
fn found(program: &Path, args: &str, pattern: &str) -> String {
    let base = Scratch::new("wrapper", "x");
    let top = base.path.join("top");
    fs::create_dir(&top).expect("a scratch folder");
    tree::build(&top, TREE);
    let mut command = command(program);
    // A backslash keeps a space within a word.
    let args = words(args.replace("\\ ", "\u{1}").as_str());
    command.args(args.iter().map(|arg| arg.replace('\u{1}', " "))).current_dir(&top);
    let finished = run(command, b"", &base.path);
    let mut text = [finished.stdout, finished.stderr].concat();
    text.iter_mut().filter(|b| **b == b'\r').for_each(|b| *b = b'\n');
    let file = base.path.join("said");
    fs::write(&file, text).expect("a scratch folder");
    let output = Command::new("grep").args(["-aoP", "--", pattern]).arg(&file).output();
    let output = output.expect("grep is part of every Debian system");
    assert!(
        output.status.code() < Some(2),
        "{pattern}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout);
    // How often an unfinished line is shown depends on the time.
    let mut lines: Vec<&str> = text.lines().collect();
    lines.dedup();
    lines.join("\n")
}

#[test]
fn wrappers() {
    let peers = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    let mut wrong = Vec::new();
    for (who, args, pattern) in CORPUS {
        let theirs = found(&peers.rsync, args, pattern);
        let ours = found(&peers.ours, args, pattern);
        let nothing = theirs.is_empty() && !who.contains("quiet") && !who.contains("nothing");
        if theirs != ours || nothing {
            wrong.push(format!("{who}: {pattern}\n  rsync:\n{theirs}\n  ours:\n{ours}\n"));
        }
    }
    assert!(wrong.is_empty(), "{}{} differ", wrong.join("\n"), wrong.len());
}
