//! The Windows program, run under Wine, against the real rsync's daemon on loopback.
//!
//! `./test` builds the program and names it in `OXRSYNC_TEST_WINDOWS_EXE`; without that variable there is nothing to test
//! here. By hand:
//!
//!     tools/cross build -p oxrsync
//!     OXRSYNC_TEST_WINDOWS_EXE=$PWD/target/windows/x86_64-pc-windows-gnu/debug/oxrsync.exe \
//!         tools/cross with-wine cargo test -p oxrsync --test windows
#![cfg(target_os = "linux")]

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    time::{Duration, SystemTime},
};
use testkit::Daemon;

const BIG: usize = 64 << 20;

/// Runs the program; how it ended and what it said.
fn outcome(exe: &Path, args: &[&str]) -> Ended {
    let cross = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/cross");
    let mut command = Command::new(cross);
    let out = command.arg("wine").arg(exe).args(args).env("LC_ALL", "C.UTF-8").output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\r', "");
    let args = args.iter().map(|arg| arg.to_string()).collect();
    Ended { args, status: out.status, stdout: text(&out.stdout), stderr: text(&out.stderr) }
}

/// Shown whole where something is not as it should be.
#[derive(Debug)]
struct Ended {
    #[allow(dead_code, reason = "for messages")]
    args: Vec<String>,
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

/// Runs the program, which must succeed.
fn run(exe: &Path, args: &[&str]) -> Ended {
    let ended = outcome(exe, args);
    assert!(ended.status.success(), "{ended:#?}");
    ended
}

/// A directory as Wine names it.
fn drive(path: &Path) -> String {
    format!("Z:{}/", path.display())
}

fn set_time(path: &Path, seconds: u64) {
    File::open(path)
        .unwrap()
        .set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        .unwrap();
}

fn put(path: &Path, content: &[u8], seconds: u64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    set_time(path, seconds);
}

fn make_tree(root: &Path) {
    let mut random = fastrand::Rng::with_seed(7);
    let mut big = vec![0; BIG];
    random.fill(&mut big);
    put(&root.join("big"), &big, 1_000_000_000);
    for i in 0..300u64 {
        put(
            &root.join(format!("many/{i}")),
            format!("small {i}\n").repeat(i as usize).as_bytes(),
            1_100_000_000 + i,
        );
    }
    let long = ["d".repeat(49).as_str(); 8].join("/");
    put(&root.join(long).join("leaf"), b"deep", 1_200_000_000);
    put(&root.join("Größe/日本語 🦀"), "ünï".as_bytes(), 1_300_000_000);
}

/// Content and time of each file, by its path.
fn files(root: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let (mut found, mut todo) = (BTreeMap::new(), vec![root.to_path_buf()]);
    while let Some(dir) = todo.pop() {
        for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                todo.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(root).unwrap().to_path_buf();
                found.insert(
                    name,
                    (
                        fs::read(entry.path()).unwrap(),
                        entry.metadata().unwrap().modified().unwrap(),
                    ),
                );
            }
        }
    }
    found
}

fn assert_same(a: &Path, b: &Path) {
    let (a, b) = (files(a), files(b));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (name, file) in &a {
        assert!(file.0 == b[name].0, "{name:?}: content");
        assert_eq!(file.1, b[name].1, "{name:?}: time");
    }
}

/// Changes the middle of the large file.
fn edit(root: &Path, seconds: u64) {
    let path = root.join("big");
    let mut file = File::options().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(BIG as u64 / 2)).unwrap();
    file.write_all(&seconds.to_le_bytes()).unwrap();
    set_time(&path, seconds);
}

fn assert_delta(ended: &Ended) {
    let line = ended.stdout.lines().find_map(|line| line.strip_prefix("Matched data: "));
    let number = line.and_then(|line| line.split(' ').next()?.replace(',', "").parse().ok());
    let range = BIG * 9 / 10 + 1..BIG;
    assert!(number.is_some_and(|matched| range.contains(&matched)), "{ended:#?}");
}

#[test]
fn under_wine() {
    let Some(exe) = std::env::var_os("OXRSYNC_TEST_WINDOWS_EXE").map(PathBuf::from) else { return };
    assert!(exe.is_file(), "{exe:?} is missing: tools/cross build -p oxrsync");
    let dir = tempfile::tempdir().unwrap();
    let [source, module, back] = ["source", "module", "back"].map(|n| dir.path().join(n));
    for d in [&source, &module, &back] {
        fs::create_dir(d).unwrap();
    }
    make_tree(&source);
    let rsync = testkit::peers::find("rsync").expect("rsync is installed");
    let daemon = Daemon::start(&rsync, &module, dir.path(), "");
    let url = format!("rsync://127.0.0.1:{}/mod/", daemon.port());

    let said = run(&exe, &["-rt", "--zero-copy=always", "--debug=IO", &drive(&source), &url]);
    assert!(said.stdout.contains("TransmitFile"), "{said:#?}");
    assert_same(&source, &module);
    run(&exe, &["-rt", &url, &drive(&back)]);
    assert_same(&source, &back);

    for (option, what) in [("-rA", "ACLs"), ("-rX", "extended attributes")] {
        let ended = outcome(&exe, &[option, &drive(&source), &url]);
        let refusal = format!("rsync: {what} are not supported on this client\n");
        let refused = ended.status.code() == Some(1) && ended.stderr.starts_with(&refusal);
        assert!(refused, "{ended:#?}");
    }
    let version = run(&exe, &["--version", "-v"]);
    for part in [" no ACLs,", " no xattrs,", "TransmitFile to sockets", "registered I/O: "] {
        assert!(version.stdout.contains(part), "{part}: {version:#?}");
    }

    edit(&source, 1_400_000_000);
    assert_delta(&run(&exe, &["-rt", "--stats", &drive(&source), &url]));
    assert_same(&source, &module);
    assert_delta(&run(&exe, &["-rt", "--stats", &url, &drive(&back)]));
    assert_same(&source, &back);
}
