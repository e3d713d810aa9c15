//! Backup tools and scripts, with the real rsync and with this one in its place: what they leave behind must be equal.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use testkit::run::{Finished, command, run};
use testkit::snapshot::Details;
use testkit::{Mounted, Peers, Scratch, Snapshot, tree};

const TREE: &str = r"
d src mode=755 mtime=1000000000
f src/etc/passwd text=root:x:0:0\n mode=644
f src/etc/shadow size=900 mode=640 gid=42
f src/home/big size=2000000
f src/home/name\swith\sspace size=70000 uid=1000 gid=1000
f src/home/latin\xe9 size=3
l src/home/link -> big
h src/home/hard -> src/home/big
p src/run/fifo mode=600
many src/var/many count=400 per=40 size=3000
d src/empty mode=711
";

/// What happens to the sources between two backups.
const CHANGES: [&str; 4] = [
    "f src/home/big size=2000000 edits=3 mtime=1200000000\nf src/new/file size=12",
    "f src/etc/passwd text=root:x:0:1\\n mode=600\nf src/var/many/3/7 size=10 mtime=1300000000",
    "f src/home/latin\\xe9 size=3 mode=400\nl src/home/link2 -> hard",
    "f src/new/file size=12 uid=7",
];

/// How many days there are in a week of backups.
const DAYS: u32 = 7;
/// 2024-01-01, the first day of the week.
const START: i64 = 1_704_067_200;

fn finished(command: Command, top: &Path, what: &str) -> Finished {
    let done = run(command, b"", top);
    assert_eq!(done.code(), Some(0), "{what}: {}", done.text());
    done
}

fn at(top: &Path, now: SystemTime) -> Snapshot {
    Snapshot::take(top, Details::default(), now)
}

/// The next day: a change, and something that is gone.
fn change(top: &Path, day: usize) {
    let gone = format!("src/var/many/{day}/{day}");
    fs::remove_file(top.join(gone)).expect("the tree has it");
    tree::build(top, CHANGES[day % CHANGES.len()]);
}

/// `rsnapshot` makes and rotates snapshots, by `cp -al` and by `--link-dest`.
#[test]
fn rsnapshot_rotates() {
    let Peers { rsync, ours, .. } = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    let scratch = Scratch::new("rsnapshot", "rotates");
    let top = &scratch.path;
    for link_dest in [0, 1] {
        let now = SystemTime::now();
        let mut snapshots = Vec::new();
        for program in [&rsync, &ours] {
            tree::build(top, TREE);
            let lines = [
                "config_version\t1.2".to_owned(),
                format!("snapshot_root\t{}/snapshots/", top.display()),
                "cmd_cp\t/bin/cp".to_owned(),
                "cmd_rm\t/bin/rm".to_owned(),
                format!("cmd_rsync\t{}", program.display()),
                "retain\talpha\t3".to_owned(),
                "retain\tbeta\t2".to_owned(),
                "verbose\t2".to_owned(),
                format!("link_dest\t{link_dest}"),
                format!("lockfile\t{}/lock", top.display()),
                "exclude\tvar/many/2/".to_owned(),
                format!("backup\t{}/src/\tlocalhost/", top.display()),
            ];
            let config = top.join("rsnapshot.conf");
            fs::write(&config, lines.join("\n") + "\n").expect("the folder is writable");
            let rsnapshot = |level: &str| {
                let mut command = Command::new("rsnapshot");
                command.arg("-c").arg(&config).arg(level);
                finished(command, top, "rsnapshot (sudo apt-get install rsnapshot)")
            };
            for day in 0..4 {
                rsnapshot("alpha");
                change(top, day);
            }
            rsnapshot("beta");
            rsnapshot("alpha");
            snapshots.push(at(&top.join("snapshots"), now));
            for tree in ["src", "snapshots"] {
                fs::remove_dir_all(top.join(tree)).expect("it was made");
            }
        }
        assert_eq!(snapshots[0].diff(&snapshots[1]), "", "link_dest {link_dest}");
    }
}

/// A hundred thousand names on standard input, every third of 150,000 files left out.
#[test]
fn a_long_list_of_names() {
    let Peers { rsync, ours, .. } = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    let scratch = Scratch::new("files-from", "long");
    let top = &scratch.path;
    tree::build(top, "many src/m count=150000 per=1000 size=0");
    let mut names = String::new();
    for n in (0..150_000).filter(|n| n % 3 != 1) {
        let _ = writeln!(names, "m/{}/{}", n / 1000, n % 1000);
    }
    let count = names.lines().filter(|name| top.join("src").join(name).exists()).count();
    assert_eq!(count, 100_000, "the names are those of the tree");
    let now = SystemTime::now();
    for (to, program) in [("theirs", &rsync), ("ours", &ours)] {
        let mut command = command(program);
        command.args(["-a", "--files-from=-", "src/", to]).current_dir(top);
        let done = run(command, names.as_bytes(), top);
        assert_eq!(done.code(), Some(0), "{}", done.text());
    }
    assert_eq!(at(&top.join("theirs"), now).diff(&at(&top.join("ours"), now)), "");
}

/// A mirror that is steered by files in the sources: what they hide is neither sent nor deleted.
#[test]
fn a_mirror_with_filter_files() {
    let Peers { rsync, ours, .. } = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    let scratch = Scratch::new("filter-files", "mirror");
    let top = &scratch.path;
    tree::build(top, TREE);
    let rules = [
        ("src/.rsync-filter", "- *.tmp\n- /run/\nP keep.*\n"),
        ("src/home/.rsync-filter", "+ special.tmp\n-! link*\n"),
        ("src/var/.rsync-filter", "-p cache/\n- [0-4]\nH hidden\n"),
    ];
    for (path, text) in rules {
        fs::write(top.join(path), text).expect("the folder is there");
    }
    tree::build(
        top,
        "f src/a.tmp\nf src/home/special.tmp\nf src/var/cache/x\nf src/var/hidden\nf src/var/b.tmp",
    );
    let now = SystemTime::now();
    let mut outputs = Vec::new();
    for (to, program) in [("theirs", &rsync), ("ours", &ours)] {
        let stale = ["keep.me", "stale", "home/old", "var/hidden", "run/old", "var/many/1/y.tmp"];
        let stale: String = stale.iter().fold(String::new(), |s, f| s + &format!("f {to}/{f}\n"));
        tree::build(top, &stale);
        for _ in 0..2 {
            let mut command = command(program);
            command.args(["-aiFF", "--delete", "src/", to]).current_dir(top);
            // Two processes of rsync's write these lines.
            let text = finished(command, top, to).text();
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.sort_unstable();
            outputs.push(lines);
        }
    }
    assert_eq!(outputs[..2], outputs[2..]);
    assert_eq!(at(&top.join("theirs"), now).diff(&at(&top.join("ours"), now)), "");
}

/// What `--fake-super` stored, the other program restores.
#[test]
fn fake_super_backups_restore() {
    let Peers { rsync, ours, .. } = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    let scratch = Scratch::new("fake-super", "restore");
    let top = &scratch.path;
    tree::build(top, TREE);
    tree::build(
        top,
        "c src/dev/null dev=1:3 mode=666\nf src/set size=10 mode=4755 uid=3\nf src/x size=1 x:user.a=1",
    );
    let now = SystemTime::now();
    let source = at(&top.join("src"), now);
    for (name, backup, restore) in [("ours first", &ours, &rsync), ("rsync first", &rsync, &ours)] {
        let mut there = command(backup);
        there.args(["-aHX", "-M--fake-super", "src/", "stored/"]).current_dir(top);
        finished(there, top, name);
        let mut back = command(restore);
        back.args(["-aHX", "--fake-super", "-M--super", "stored/", "back/"]).current_dir(top);
        finished(back, top, name);
        let restored = at(&top.join("back"), now);
        for tree in ["stored", "back"] {
            fs::remove_dir_all(top.join(tree)).expect("it was made");
        }
        assert_eq!(source.diff(&restored), "", "{name}");
    }
}

/// What happens to the source on one day: some files change, appear, vanish, move, get other modes or links.
fn live(src: &Path, day: u32, random: &mut fastrand::Rng) {
    for i in 0..30 {
        let dir = src.join(format!("dir{}", i % 5));
        fs::create_dir_all(&dir).expect("our own folder");
        let file = dir.join(format!("file{i}"));
        let there = file.symlink_metadata().is_ok();
        match (there, random.u32(..10)) {
            (false, 0..4) | (true, 0) => {
                let _old = fs::remove_file(&file);
                fs::write(&file, format!("{i} on {day}: {}", random.u64(..)))
                    .expect("our own file");
            }
            (true, 1) => fs::remove_file(&file).expect("it is there"),
            (true, 2) => {
                let mode = if random.bool() { 0o600 } else { 0o644 };
                if file.is_file() {
                    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("our own");
                }
            }
            (true, 3) => {
                let to = dir.join(format!("moved{i}"));
                fs::rename(&file, to).expect("our own file");
            }
            (false, 4) => {
                let entries = fs::read_dir(&dir).expect("it was made").flatten();
                if let Some(first) = entries.map(|entry| entry.path()).min() {
                    fs::hard_link(first, &file).expect("the same folder");
                }
            }
            (false, 5) => {
                symlink(format!("file{day}"), &file).expect("a free name");
            }
            _ => continue,
        }
        if file.is_file() {
            let time = SystemTime::UNIX_EPOCH
                + Duration::from_secs((START + i64::from(day * 86400 + i)) as u64);
            File::open(&file).and_then(|f| f.set_modified(time)).expect("our own file");
        }
    }
}

/// Runs the week with programs that take turns; what is left behind.
fn week(programs: &[&Path], name: &str, more: &[&str]) -> Snapshot {
    let scratch = Scratch::new("daily", name);
    let top = scratch.path.join("top");
    let src = top.join("src");
    fs::create_dir_all(&src).expect("the scratch folder is writable");
    let mut random = fastrand::Rng::with_seed(7);
    let started = SystemTime::now();
    for day in 0..DAYS {
        live(&src, day, &mut random);
        let mut command = command(programs[day as usize % programs.len()]);
        command.arg("-aH").args(more).current_dir(&top);
        for before in (0..day).rev().take(2) {
            command.arg(format!("--link-dest=../day{before}"));
        }
        command.args(["src/".to_owned(), format!("day{day}/")]);
        finished(command, &scratch.path, &format!("{name}, day {day}"));
    }
    at(&top, started)
}

/// A week of `--link-dest`: what shares an inode with what is the same whoever makes the backups, in turns, too.
#[test]
fn days_share_what_did_not_change() {
    let Peers { rsync, ours, .. } = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    for more in [&["--delete"][..], &["--checksum"], &["--no-perms"]] {
        let truth = week(&[&rsync], "truth", more);
        for (name, programs) in [("ours", &[ours.as_path()][..]), ("turns", &[&ours, &rsync])] {
            assert_eq!(truth.diff(&week(programs, name, more)), "", "{name} {more:?}");
        }
    }
}

const REPLACED: &str = r"
d src mtime=1200000000
f src/f size=10 mtime=1200000000
f src/was-folder size=20
f src/sub/h size=30 mtime=1200000000
f dst/f size=100 mode=4751 uid=12 gid=34 mtime=1000000000.5 x:user.one=1
f dst/was-folder/in size=4
l src/link -> new
l dst/link -> old
p dst/sub/p mode=640
c dst/sub/c dev=1:3 uid=7
l dst/sub/gone/link -> q uid=3
f dst/sub/h size=5 mode=400
d dst/sub/gone mode=750 uid=5 mtime=1000000000
f dst/sub/gone/x size=70000 acl=u:1:r--
h dst/sub/gone/y -> dst/sub/gone/x
";

/// What is replaced or removed is copied where it cannot be linked or renamed to. rsync 3.5.0 fails at
/// parts of it if the option's path climbs.
#[test]
fn the_backup_directory_is_on_another_file_system() {
    let Peers { rsync, ours, .. } = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    for options in [
        "-aib --delete",
        "-aHAXib --delete",
        "-aib --delete-after --inplace",
        "-rib --delete",
        "-aib --delete --delay-updates --suffix=.old",
        "-aibn --delete",
    ] {
        let mut outcomes = Vec::new();
        for program in [&rsync, &ours] {
            let scratch = Scratch::new("backups", "elsewhere");
            let top = &scratch.path;
            let now = SystemTime::now();
            tree::build(top, REPLACED);
            fs::create_dir(top.join("bak")).expect("the scratch folder is writable");
            let mounted = Mounted::tmpfs(top.join("bak"), "8m");
            let mut rsync = command(program);
            let dir = format!("--backup-dir={}/bak/a/b", top.display());
            rsync.args(options.split(' ')).args([&dir, "src/", "dst/"]);
            rsync.current_dir(top);
            let done = finished(rsync, top, options);
            let mut lines: Vec<_> = done.text().lines().map(str::to_owned).collect();
            lines.sort();
            outcomes.push((lines, ["src", "dst", "bak"].map(|dir| at(&top.join(dir), now))));
            drop(mounted);
        }
        let [(said, truth), (ours_said, ours)] = &outcomes[..] else {
            unreachable!("two programs")
        };
        assert_eq!(said, ours_said, "{options}");
        for (truth, ours) in truth.iter().zip(ours) {
            assert_eq!(truth.diff(ours), "", "{options}");
        }
    }
}
