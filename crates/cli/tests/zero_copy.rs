//! `--zero-copy`: which lane ran, as its counters say, and files that change while they are sent.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use testkit::run::{Finished, command, run, write_script};
use testkit::{Daemon, Peers, Scratch, tree};

const SIZE: usize = 12 << 20;

fn peers() -> Peers {
    Peers::new(env!("CARGO_BIN_EXE_oxrsync"))
}

/// Pushes `src/` over a pipe.
fn push(client: &Path, server: &Path, args: &[&str], top: &Path) -> Finished {
    let shell = top.join("shell");
    write_script(&shell, "#!/bin/sh\nshift\nexec /bin/sh -c \"exec $*\"\n");
    let mut command = command(client);
    command.arg("-a").args(args).arg("-e").arg(&shell).current_dir(top);
    command.arg(format!("--rsync-path={}", server.display())).args(["src/", "host:dst/"]);
    run(command, b"", top)
}

fn scratch(name: &str) -> Scratch {
    let scratch = Scratch::new("zero_copy", name);
    tree::build(&scratch.path, &format!("f src/big size={SIZE}\nf src/small size=100\nd dst"));
    scratch
}

fn arrived(top: &Path) {
    for name in ["big", "small"] {
        let (sent, got) =
            (fs::read(top.join("src").join(name)), fs::read(top.join("dst").join(name)));
        assert!(sent.unwrap() == got.unwrap(), "{name} differs");
    }
}

/// Calls and bytes of a line of `--debug=IO`.
fn moved(finished: &Finished, what: &str) -> Option<(u64, u64)> {
    let text = String::from_utf8_lossy(&finished.stdout).into_owned();
    let line =
        text.lines().find_map(|line| line.strip_prefix(&format!("[sender] io: {what}: ")))?;
    let mut numbers = line.split(' ').filter_map(|word| word.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

#[test]
fn always_means_every_byte_of_every_file() {
    let Peers { rsync, ours, .. } = peers();
    // That the real server takes part shows that it is not told.
    for server in [&ours, &rsync] {
        let scratch = scratch("always");
        let done = push(&ours, server, &["--zero-copy", "--debug=IO2"], &scratch.path);
        assert_eq!(done.code(), Some(0), "{}", done.text());
        let (calls, bytes) = moved(&done, "literal runs by sendfile").unwrap();
        assert_eq!(bytes, SIZE as u64 + 100, "{}", done.text());
        assert!(calls >= (SIZE >> 15) as u64);
        assert!(
            done.text()
                .contains("[sender] io: policy always, lane for files sendfile, for buffers write")
        );
        arrived(&scratch.path);
    }
}

#[test]
fn never_means_never() {
    let Peers { ours, .. } = peers();
    for option in ["--no-zero-copy", "--zero-copy=never"] {
        let scratch = scratch("never");
        let done = push(&ours, &ours, &[option, "--debug=IO"], &scratch.path);
        assert_eq!(done.code(), Some(0), "{}", done.text());
        assert_eq!(moved(&done, "literal runs by sendfile"), None);
        assert!(moved(&done, "literal runs by read+write").unwrap().1 >= SIZE as u64);
        assert!(done.text().contains("not by sendfile: "), "{}", done.text());
        arrived(&scratch.path);
    }
}

#[test]
fn auto_measures_both_ways_and_decides() {
    let Peers { ours, .. } = peers();
    let scratch = scratch("auto");
    let done = push(&ours, &ours, &["--debug=IO2"], &scratch.path);
    assert_eq!(done.code(), Some(0), "{}", done.text());
    let (_, lane) = moved(&done, "literal runs by sendfile").unwrap();
    let (_, copied) = moved(&done, "literal runs by read+write").unwrap();
    assert!(lane >= 4 << 20 && copied >= 4 << 20, "{}", done.text());
    assert!(lane + copied >= SIZE as u64, "{}", done.text());
    assert!(done.text().contains("[sender] io: calibration: sendfile "), "{}", done.text());
    arrived(&scratch.path);
}

#[test]
fn a_delta_sends_its_literals_by_the_same_lanes() {
    let Peers { rsync, ours, .. } = peers();
    for server in [&ours, &rsync] {
        let scratch = scratch("delta");
        let top = &scratch.path;
        let content = fs::read(top.join("src/big")).unwrap();
        fs::write(top.join("dst/big"), &content[3 << 20..]).unwrap();
        let done = push(&ours, server, &["--zero-copy", "--debug=IO"], top);
        assert_eq!(done.code(), Some(0), "{}", done.text());
        let (_, bytes) = moved(&done, "literal runs by sendfile").unwrap();
        assert!((2 << 20..4 << 20).contains(&bytes), "{}", done.text());
        assert!(moved(&done, "matched blocks by write").is_some(), "{}", done.text());
        arrived(top);
    }
}

#[test]
fn a_local_copy_hands_files_over() {
    let Peers { ours, .. } = peers();
    let local = |option: &str| {
        let scratch = scratch("local");
        let mut command = command(&ours);
        command.args(["-a", "--debug=IO", option, "src/", "dst/"]).current_dir(&scratch.path);
        let done = run(command, b"", &scratch.path);
        assert_eq!(done.code(), Some(0), "{}", done.text());
        arrived(&scratch.path);
        moved(&done, "literal runs by handle").map(|(_, bytes)| bytes)
    };
    assert_eq!(local("--zero-copy=auto"), Some(SIZE as u64));
    assert_eq!(local("--zero-copy=always"), Some(SIZE as u64 + 100));
    assert_eq!(local("--no-zero-copy"), None);
}

/// Pushes words, compressed, to a daemon of `server`: the link is a socket and the large buffers are compressed runs.
fn push_compressed(server: &Path, args: &[&str], scratch: &Scratch) -> Finished {
    let top = &scratch.path;
    tree::build(top, "f src/words size=30000000 fill=words\nd control");
    fs::remove_dir_all(top.join("dst")).unwrap();
    let daemon = Daemon::start(server, top, &top.join("control"), "");
    let mut command = command(&peers().ours);
    command.args(["-az", "--compress-choice=zlibx", "--debug=IO2"]).args(args).current_dir(top);
    command.arg(format!("--port={}", daemon.port())).args(["src/", "127.0.0.1::mod/dst/"]);
    let done = run(command, b"", top);
    assert_eq!(done.code(), Some(0), "{}", done.text());
    for name in ["words", "big"] {
        let of = |dir: &str| fs::read(top.join(dir).join(name)).unwrap();
        assert!(of("src") == of("dst"), "{name} differs");
    }
    done
}

#[cfg(target_os = "linux")]
#[test]
fn compressed_runs_are_lent_to_the_kernel() {
    let Peers { rsync, ours, .. } = peers();
    for server in [&ours, &rsync] {
        let scratch = scratch("lent");
        let done = push_compressed(server, &["--zero-copy=always"], &scratch);
        let text = done.text();
        if text.contains("not by SEND_ZC: 1 times (refused: io_uring") {
            println!("skipped, no ring here: {text}");
            return;
        }
        let (calls, bytes) = moved(&done, "compressed runs by SEND_ZC").expect(&text);
        assert!(calls > 0 && bytes > 1 << 20, "{text}");
        assert_eq!(moved(&done, "compressed runs by write"), None, "{text}");
        assert!(text.contains("io: SEND_ZC: "), "{text}");

        // Copying is measured first, 4 MiB of it and what it takes to warm up, and the same by the lane.
        let done = push_compressed(server, &["--zero-copy=auto"], &scratch);
        let (_, lent) =
            moved(&done, "compressed runs by SEND_ZC").unwrap_or_else(|| panic!("{}", done.text()));
        let (_, copied) =
            moved(&done, "compressed runs by write").unwrap_or_else(|| panic!("{}", done.text()));
        assert!(lent >= 4 << 20 && copied >= 4 << 20, "{}", done.text());
        assert!(done.text().contains("[sender] io: calibration: SEND_ZC "), "{}", done.text());

        let done = push_compressed(server, &["--zero-copy=never"], &scratch);
        assert_eq!(moved(&done, "compressed runs by SEND_ZC"), None, "{}", done.text());
        let line = "[sender] io: compressed runs not by SEND_ZC: ";
        assert!(done.text().contains(line) && done.text().contains("(switched off)"));
    }
}

/// Runs `act` where a system call fails.
#[cfg(target_os = "linux")]
fn failing<T: Send>(call: libc::c_long, errno: i32, act: impl FnOnce() -> T + Send) -> T {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let (allow, refuse) = (SeccompAction::Allow, SeccompAction::Errno(errno as u32));
    let filter = SeccompFilter::new([(call, Vec::new())].into(), allow, refuse, arch).unwrap();
    let program: BpfProgram = filter.try_into().unwrap();
    // A thread's filter goes on to what it starts.
    std::thread::scope(|scope| {
        let filtered = || {
            seccompiler::apply_filter(&program).unwrap();
            act()
        };
        scope.spawn(filtered).join().unwrap()
    })
}

#[cfg(target_os = "linux")]
#[test]
fn what_sendfile_cannot_do_is_copied() {
    let Peers { ours, .. } = peers();
    // Two refusals, an error that may be the file's, and a link that never takes anything.
    for (errno, asked_again) in
        [(libc::EINVAL, false), (libc::ENOSYS, false), (libc::EIO, true), (libc::EAGAIN, true)]
    {
        let scratch = scratch("no_sendfile");
        let args = ["--zero-copy=always", "--debug=IO"];
        let done = failing(libc::SYS_sendfile, errno, || push(&ours, &ours, &args, &scratch.path));
        assert_eq!(done.code(), Some(0), "{}", done.text());
        arrived(&scratch.path);
        assert_eq!(moved(&done, "literal runs by sendfile"), None, "{}", done.text());
        let reason = format!("(refused: {})", std::io::Error::from_raw_os_error(errno));
        assert!(done.text().contains(&reason), "{}", done.text());
        assert_eq!(!done.text().contains("(volume refused before)"), asked_again, "{errno}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn without_io_uring_buffers_are_written_and_the_reason_is_told() {
    let Peers { ours, .. } = peers();
    for (errno, words) in
        [(libc::ENOSYS, "Function not implemented"), (libc::EPERM, "Operation not permitted")]
    {
        let scratch = scratch("no_ring");
        let done = failing(libc::SYS_io_uring_setup, errno, || {
            push_compressed(&ours, &["--zero-copy=always"], &scratch)
        });
        assert_eq!(moved(&done, "compressed runs by SEND_ZC"), None, "{}", done.text());
        assert!(moved(&done, "compressed runs by write").unwrap().1 > 1 << 20);
        let reason = format!("(refused: io_uring: {words} (os error {errno}))");
        let told = |line: &str| {
            line.starts_with("[sender] io: compressed runs not by SEND_ZC: ")
                && line.ends_with(&reason)
        };
        assert!(done.text().lines().any(told), "{}", done.text());
        let ability =
            format!("SEND_ZC of io_uring: not offered (io_uring: {words} (os error {errno}))");
        assert!(done.text().contains(&ability), "{}", done.text());
    }
}

#[test]
fn other_words_are_refused() {
    let Peers { ours, .. } = peers();
    let scratch = scratch("words");
    let mut command = command(&ours);
    command.args(["-a", "--zero-copy=sometimes", "src/", "dst/"]).current_dir(&scratch.path);
    let done = run(command, b"", &scratch.path);
    assert_eq!(done.code(), Some(1));
    assert!(done.text().contains("--zero-copy must be one of: auto, always, never"));
}

/// Runs a push while another thread keeps changing the big file.
fn while_changing(
    name: &str,
    client: &Path,
    server: &Path,
    args: &[&str],
    act: fn(&Path),
) -> Finished {
    let scratch = scratch(name);
    let top = &scratch.path;
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                act(&top.join("src/big"));
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let done = push(client, server, &[&["--bwlimit=16M"], args].concat(), top);
        over.store(true, Ordering::Relaxed);
        let got = fs::metadata(top.join("dst/big")).unwrap().len();
        assert!(got >= SIZE as u64, "{name}: {got} bytes arrived");
        done
    })
}

fn grow(file: &Path) {
    use std::io::Write;
    OpenOptions::new().append(true).open(file).unwrap().write_all(&[7; 5000]).unwrap();
}

fn rewrite(file: &Path) {
    let file = OpenOptions::new().write(true).open(file).unwrap();
    let mut rng = fastrand::Rng::new();
    let block = [rng.u8(..); 4096];
    file.write_all_at(&block, rng.u64(0..SIZE as u64 - 4096)).unwrap();
}

#[test]
fn files_that_are_written_to_all_the_time() {
    let Peers { rsync, ours, .. } = peers();
    for (name, act) in [("grow", grow as fn(&Path)), ("rewrite", rewrite)] {
        let truth = while_changing(name, &rsync, &rsync, &[], act);
        for option in ["--zero-copy=auto", "--zero-copy=always", "--zero-copy=never"] {
            for server in [&rsync, &ours] {
                let done = while_changing(name, &ours, server, &[option], act);
                assert_eq!(done.code(), truth.code(), "{name} {option}: {}", done.text());
                assert!(!done.text().contains("failed verification -- update"), "{}", done.text());
            }
        }
    }
}
