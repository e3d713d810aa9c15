//! Command lines that cannot work, or not as typed: the same words on both streams, the same exit code, the same files
//! as with the real rsync. The table is `command_lines/bad.txt`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use testkit::run::{command, run};
use testkit::{Peers, Scratch, row, scenario::differences};

const TREE: &str =
    "f src/a text=one mtime=1577836800\nf src/d/b text=two mtime=1577836800\nl src/l -> a\nd dst";

/// How many run at once: most of them wait for something.
const AT_ONCE: usize = 3;

/// How often the real rsync may say something else than ours where that is a matter of timing.
const TRIES: usize = 20;

/// What a line is meant to do.
#[derive(Clone, Copy)]
enum Expected<'a> {
    Same,
    /// `! REASON` before it.
    Differs(&'a str),
    /// `~ REASON` before it: what the real rsync says is a matter of timing; it must sometimes be what we say.
    Sometimes,
}

/// A line with `{WORDS*N}` replaced by so many of the words.
fn repeated(line: &str) -> String {
    let Some((before, rest)) = line.split_once('{') else { return line.to_owned() };
    let (inside, after) = rest.split_once('}').expect("a brace is closed");
    let many = inside.rsplit_once('*').and_then(|(text, n)| Some(text.repeat(n.parse().ok()?)));
    format!("{before}{}{}", many.unwrap_or(format!("{{{inside}}}")), repeated(after))
}

/// The lines of a table.
fn lines(table: &str) -> Vec<(String, Expected<'_>)> {
    let mut expected = Expected::Same;
    let mut lines = Vec::new();
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match (line.strip_prefix("! "), line.strip_prefix("~ ")) {
            (Some(reason), _) => expected = Expected::Differs(reason),
            (_, Some(_)) => expected = Expected::Sometimes,
            (None, None) => {
                let line = repeated(line).replace("{remote}", "-e {shell} --rsync-path={rsync}");
                lines.push((line, std::mem::replace(&mut expected, Expected::Same)));
            }
        }
    }
    lines
}

#[test]
fn bad_command_lines() {
    let peers = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    let only = std::env::var("OXRSYNC_SCENARIO").unwrap_or_default();
    let lines = lines(include_str!("command_lines/bad.txt"));
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((line, expected)) = lines.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !line.contains(&only) {
                        continue;
                    }
                    // Both processes of a local copy may speak; at two ends of a link, both do.
                    let row = row("line", &[TREE], line).from_to("", "").any_server_args();
                    let row = if line.contains("{shell}") { row } else { row.one_process() };
                    let start = std::time::Instant::now();
                    let mut differs = differences(&peers, &row).concat();
                    if let Expected::Sometimes = expected {
                        for _ in 1..TRIES {
                            if differs.is_empty() {
                                break;
                            }
                            differs = differences(&peers, &row).concat();
                        }
                    }
                    if start.elapsed().as_secs() >= 2 {
                        println!("{line} took {:?}", start.elapsed());
                    }
                    let unexpected = match expected {
                        Expected::Differs(reason) if differs.is_empty() => {
                            format!("  is said to differ ({reason}), but does not\n")
                        }
                        Expected::Differs(_) => continue,
                        _ if differs.is_empty() => continue,
                        _ => differs,
                    };
                    wrong.lock().expect("no holder panics").push(format!("{line}\n{unexpected}"));
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().expect("no holder panics");
    wrong.sort();
    assert!(wrong.is_empty(), "\n{}\n{} of {} differ", wrong.join("\n"), wrong.len(), lines.len());
}

/// The real rsync fails, too, with code 11 or 10, over a descriptor that is closed.
#[test]
fn standard_input_is_read_once() {
    let scratch = Scratch::new("command_lines", "stdin");
    std::fs::create_dir(scratch.path.join("src")).unwrap();
    std::fs::write(scratch.path.join("src/a"), "one").unwrap();
    for rule in ["--exclude-from=-", "--filter=.- -"] {
        let mut client = command(env!("CARGO_BIN_EXE_oxrsync").as_ref());
        client.args(["-a", rule, "--files-from=-", "src", "dst"]);
        let done = run(client, b"b\n", &scratch.path);
        assert_eq!(done.code(), Some(11), "{}", done.text());
        assert!(done.text().contains("--files-from=-"), "{}", done.text());
        assert!(!scratch.path.join("dst").exists());
    }
}

/// What nobody can read makes a run fail only where a user asked for its buffering, or where it is an error.
#[test]
fn messages_that_cannot_be_written() {
    let Peers { rsync, ours, .. } = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    for (words, to, code) in [
        ("-av src/ dst", ">", 0),
        ("-av --outbuf=B src/ dst", ">", 0),
        ("-av --outbuf=L src/ dst", ">", 13),
        ("-av --outbuf=N src/ dst", ">", 13),
        ("-r src/", ">", 0),
        ("-a src/ nosuch dst", ">", 23),
        ("-a src/ nosuch dst", "2>", 13),
    ] {
        for program in [&rsync, &ours] {
            let scratch = Scratch::new("command_lines", "full");
            testkit::tree::build(&scratch.path, TREE);
            let mut shell = command("/bin/sh".as_ref());
            let line = format!("\"$0\" {words} {to}/dev/full");
            shell.arg("-c").arg(line).arg(program).current_dir(&scratch.path);
            let done = run(shell, b"", &scratch.path);
            assert_eq!(done.code(), Some(code), "{program:?} {words} {to}: {}", done.text());
        }
    }
}

/// The real rsync says one of three things, as the child that was to become the shell ends sooner or later.
#[test]
fn a_shell_that_is_not_there() {
    let scratch = Scratch::new("command_lines", "no_shell");
    let mut client = command(env!("CARGO_BIN_EXE_oxrsync").as_ref());
    client.args(["-a", "-e", "/nonexistent", "h:x", "dst"]);
    let done = run(client, b"", &scratch.path);
    assert_eq!(done.code(), Some(14), "{}", done.text());
    let text = String::from_utf8(done.stderr).unwrap();
    let lines: Vec<_> =
        text.lines().map(|line| line.split(" at ").next().unwrap_or(line)).collect();
    let of_child = "rsync: [Receiver] Failed to exec /nonexistent: No such file or directory (2)";
    let of_parent = "rsync: connection unexpectedly closed (0 bytes received so far) [Receiver]";
    let end = "rsync error: error in IPC code (code 14)";
    assert_eq!(lines, [of_child, end, of_parent, end]);
}
