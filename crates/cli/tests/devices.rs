//! `--write-devices` and `--copy-devices` with real block devices, beside the real rsync.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use testkit::{
    Looped, Peers, Scratch, normalise,
    run::{command, run, write_script},
    scenario::words,
};

/// The size of each device.
const SIZE: usize = 512 * 1024;

/// `text` over and over, `len` bytes of it.
fn filled(text: &str, len: usize) -> Vec<u8> {
    text.bytes().cycle().take(len).collect()
}

/// A folder with `src/a`, a file, `src/d`, a device, `dst/a`, another device, and `dst/d`, a file.
struct Site {
    base: Scratch,
    top: PathBuf,
    written: Looped,
    _read: Looped,
}

impl Site {
    fn new(source: &[u8]) -> Site {
        let base = Scratch::new("devices", "x");
        let top = base.path.join("top");
        let [src, dst] = ["src", "dst"].map(|name| top.join(name));
        fs::create_dir_all(&src).expect("a scratch folder");
        fs::create_dir_all(&dst).expect("a scratch folder");
        let device = |name: &str, text: &str, node: &Path| {
            let image = base.path.join(name);
            fs::write(&image, filled(text, SIZE)).expect("a scratch folder");
            let looped = Looped::new(&image);
            let copied = Command::new("cp").arg("-a").arg(looped.path()).arg(node).status();
            assert!(copied.expect("cp").success());
            looped
        };
        let read = device("read", "9876\n", &src.join("d"));
        let written = device("written", "54321\n", &dst.join("a"));
        fs::write(src.join("a"), source).expect("a scratch folder");
        fs::write(dst.join("d"), filled("9876\n", 70_000)).expect("a scratch folder");
        let old = ["-d", "@1000000000"];
        for item in [src.join("a"), src.join("d"), dst.join("d"), src, dst] {
            let touched = Command::new("touch").args(old).arg(item).status();
            assert!(touched.expect("touch").success());
        }
        Site { base, top, written, _read: read }
    }

    /// Runs `client`; how it ended and what it said.
    fn run(&self, client: &Path, server: &Path, args: &str) -> String {
        let shell = self.base.path.join("shell");
        write_script(&shell, "#!/bin/sh\nshift\neval \"$@\"\n");
        let mut command = command(client);
        command.env("RSYNC_RSH", &shell).args(words(args)).current_dir(&self.top);
        if args.contains("host:") {
            command.arg(format!("--rsync-path={}", server.display()));
        }
        let finished = run(command, b"", &self.base.path);
        let replace = [(self.base.path.display().to_string(), "{base}")];
        let said = normalise::stdout(&finished.stdout, &replace);
        let errors = normalise::stderr(&finished.stderr, &replace);
        format!("{}\n{said}\n{errors}", finished.end)
    }

    fn content(&self) -> Vec<u8> {
        fs::read(self.written.path()).expect("a device of ours")
    }

    /// What is where something may have been written; `None` where nothing is.
    fn left(&self) -> [Option<Vec<u8>>; 3] {
        let file = |name: &str| fs::read(self.top.join(name)).ok();
        [Some(self.content()), file("dst/a~"), file("dst/d")]
    }
}

/// Whether the system gives loop devices away, which containers may not.
fn has_loops() -> bool {
    let free = Command::new("losetup").arg("--find").output().expect("losetup is part of Debian");
    if !free.status.success() {
        println!("nothing tested: no loop device: {}", String::from_utf8_lossy(&free.stderr));
    }
    free.status.success()
}

fn compare(args: &str) {
    let Peers { rsync, ours, .. } = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    let source = filled("12345\n", 150_000);
    let outcome = |client: &Path, server: &Path| {
        let site = Site::new(&source);
        (site.run(client, server, args), site.left())
    };
    let (said, left) = outcome(&rsync, &rsync);
    let pairs = [(&ours, &ours), (&ours, &rsync), (&rsync, &ours)];
    for (client, server) in &pairs[..if args.contains("host:") { 3 } else { 1 }] {
        let (ours_said, ours_left) = outcome(client, server);
        assert_eq!(ours_said, said, "{args} {client:?} {server:?}");
        assert!(ours_left == left, "{args} {client:?} {server:?}: not what rsync leaves");
    }
}

#[test]
fn devices_are_written_as_rsync_does() {
    if !has_loops() {
        return;
    }
    for options in ["", "-I --no-W", "-c", "-b -W", "--append", "-n", "--inplace -B 4096"] {
        for paths in ["src/ dst/", "src/ host:dst/", "host:src/ dst/"] {
            compare(&format!("-rti --write-devices {options} {paths}"));
        }
    }
}

#[test]
fn devices_are_copied_as_rsync_does() {
    if !has_loops() {
        return;
    }
    for options in ["", "-I --no-W", "-c", "-n", "-S", "--inplace", "--write-devices"] {
        for paths in ["src/ dst/", "src/ host:dst/", "host:src/ dst/"] {
            compare(&format!("-rti --copy-devices {options} {paths}"));
        }
    }
}

/// rsync leaves what it has skipped as holes as it was, and ends with an error.
#[test]
fn zeros_are_written_to_a_device_even_if_files_would_get_holes() {
    if !has_loops() {
        return;
    }
    let ours = Path::new(env!("CARGO_BIN_EXE_oxrsync"));
    let mut source = vec![0; 60_000];
    source.extend(filled("12345\n", 50_000));
    source.extend(vec![0; 70_000]);
    for options in ["", "--no-W"] {
        let site = Site::new(&source);
        let said =
            site.run(ours, ours, &format!("-rt --write-devices --sparse {options} src/a dst/a"));
        assert!(said.starts_with("exit 0"), "{said}");
        let content = site.content();
        assert!(content[..source.len()] == source, "{options}");
        assert!(content[source.len()..] == filled("54321\n", SIZE)[source.len()..], "{options}");
    }
}

/// rsync 3.5.0 says that it cannot cut the device, and fails.
#[test]
fn a_backup_of_a_device_is_a_basis() {
    if !has_loops() {
        return;
    }
    let ours = Path::new(env!("CARGO_BIN_EXE_oxrsync"));
    let source = filled("54321\n", 150_001);
    let site = Site::new(&source);
    let said = site.run(ours, ours, "-rt --write-devices --no-W --backup --stats src/a dst/a");
    assert!(said.starts_with("exit 0") && !said.contains("Matched data: 0 bytes"), "{said}");
    assert!(site.content()[..source.len()] == source);
    assert!(site.left()[1] == Some(filled("54321\n", SIZE)));
}
