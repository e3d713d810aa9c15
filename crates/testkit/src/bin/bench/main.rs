//! Measures rsync, `cp -a` and the program named on the command line in turn on the same data.
//!
//! CPU is that of both ends: what the kernel charges for the children of this process and of the
//! daemon (and the little that this process spends on watching them). Peak memory is the sum of the peaks of all processes of both ends, sampled while they run.

mod lanes;

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use testkit::Daemon;
use testkit::peers::truth;
use testkit::tree;

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Local,
    Push,
    Pull,
}

/// What stands at the destination before each run.
#[derive(Clone, Copy)]
enum Before {
    Nothing,
    Copy,
    Edited,
}

struct Job {
    name: &'static str,
    source: &'static str,
    way: Way,
    args: &'static [&'static str],
    before: Before,
    cp: bool,
}

const fn job(name: &'static str, source: &'static str, way: Way) -> Job {
    Job { name, source, way, args: &[], before: Before::Nothing, cp: matches!(way, Way::Local) }
}

const JOBS: &[Job] = &[
    job("1 GiB file, local", "big", Way::Local),
    job("1 GiB file, daemon push", "big", Way::Push),
    job("1 GiB file, daemon pull", "big", Way::Pull),
    job("50,000 files, local", "small", Way::Local),
    job("50,000 files, daemon push", "small", Way::Push),
    job("50,000 files, daemon pull", "small", Way::Pull),
    Job {
        before: Before::Copy,
        cp: false,
        ..job("50,000 files, no change, local", "small", Way::Local)
    },
    Job { before: Before::Copy, ..job("50,000 files, no change, daemon pull", "small", Way::Pull) },
    Job {
        args: &["--no-whole-file"],
        before: Before::Edited,
        cp: false,
        ..job("1 GiB file, 1000 edits, local delta", "big", Way::Local)
    },
    Job { before: Before::Edited, ..job("1 GiB file, 1000 edits, daemon pull", "big", Way::Pull) },
    Job { args: &["-z"], ..job("256 MiB text, -z, daemon push", "text", Way::Push) },
];

#[derive(Clone, Copy, Default)]
struct Measure {
    wall: f64,
    cpu: f64,
    peak_kib: u64,
}

fn main() -> ExitCode {
    let Some(ours) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: bench PATH-OF-OXRSYNC");
        return ExitCode::FAILURE;
    };
    let ours = fs::canonicalize(ours).expect("the program exists");
    let setting = |name: &str, default: usize| {
        env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
    };
    let runs = setting("BENCH_RUNS", 3);
    let scale = setting("BENCH_SCALE", 100);
    let only = env::var("BENCH_ONLY").unwrap_or_default();
    let base = env::var_os("BENCH_DIR").map_or_else(|| PathBuf::from("/dev/shm"), PathBuf::from);
    let top = base.join(format!("oxrsync-bench-{}", std::process::id()));
    fs::create_dir(&top).expect("the folder for the data is writable");
    let result = measure_all(&top, &ours, runs, scale, &only)
        .and_then(|()| lanes::measure(&top, &ours, runs, scale, &only));
    let _ = fs::remove_dir_all(&top);
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure_all(top: &Path, ours: &Path, runs: usize, scale: usize, only: &str) -> io::Result<()> {
    let rsync = truth();
    let percent = |full: usize| (full * scale / 100).max(1);
    let jobs: Vec<_> = JOBS.iter().filter(|job| job.name.contains(only)).collect();
    let needs = |source: &str| jobs.iter().any(|job| job.source == source);
    if needs("big") {
        tree::build(top, &format!("f big/file size={}", percent(1 << 30)));
        fs::create_dir(top.join("edited"))?;
        let size = percent(1 << 30);
        tree::build(
            top,
            &format!("f edited/file size={size} edits={} mtime=1000000000", percent(1000)),
        );
    }
    if needs("small") {
        small_files(top, percent(50_000))?;
    }
    if needs("text") {
        tree::build(top, &format!("f text/file size={} fill=words", percent(256 << 20)));
    }
    if jobs.is_empty() {
        return Ok(());
    }
    println!("| | rsync | cp -a | oxrsync | time | CPU | memory |");
    println!("|---|---|---|---|---|---|---|");
    for job in jobs {
        let mut results: BTreeMap<&str, Vec<Measure>> = BTreeMap::new();
        for _ in 0..runs {
            results.entry("rsync").or_default().push(run_job(job, top, Some(&rsync))?);
            if job.cp {
                results.entry("cp").or_default().push(run_job(job, top, None)?);
            }
            results.entry("ours").or_default().push(run_job(job, top, Some(ours))?);
        }
        println!("{}", table_row(job, &results));
    }
    Ok(())
}

fn small_files(top: &Path, count: usize) -> io::Result<()> {
    let mut rng = fastrand::Rng::with_seed(1);
    let mut content = vec![0; 8192];
    rng.fill(&mut content);
    for index in 0..count {
        let folder = top.join(format!("small/{}", index / 200));
        if index % 200 == 0 {
            fs::create_dir_all(&folder)?;
        }
        fs::write(folder.join(format!("file{index}")), &content[..rng.usize(..8192)])?;
    }
    Ok(())
}

fn table_row(job: &Job, results: &BTreeMap<&str, Vec<Measure>>) -> String {
    let middle = |who: &str| {
        let all = results.get(who)?;
        Some((
            median(all, |one| one.wall),
            median(all, |one| one.cpu),
            median(all, |one| one.peak_kib as f64 / 1024.0),
        ))
    };
    let mut row = format!("| {} ", job.name);
    for who in ["rsync", "cp", "ours"] {
        let _ = match middle(who) {
            Some((wall, cpu, peak)) => {
                write!(row, "| {wall:.2} s, CPU {cpu:.2} s, {peak:.0} MiB ")
            }
            None => write!(row, "| "),
        };
    }
    if let (Some(rsync), Some(ours)) = (middle("rsync"), middle("ours")) {
        let _ = write!(
            row,
            "| {:.2}× as fast | {:.2}× | {:.2}× |",
            ratio(rsync.0, ours.0),
            ratio(ours.1, rsync.1),
            ratio(ours.2, rsync.2)
        );
    }
    row
}

/// Runs a job with `program`, or with `cp -a`.
fn run_job(job: &Job, top: &Path, program: Option<&Path>) -> io::Result<Measure> {
    let target = top.join("dst");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    let source = top.join(job.source);
    match job.before {
        Before::Nothing => {}
        Before::Copy => copy(&source, &target)?,
        Before::Edited => copy(&top.join("edited"), &target)?,
    }
    // The daemon of an earlier run must not share the control files of this one.
    let control = top.join("control");
    fs::create_dir_all(&control)?;
    let Some(program) = program else {
        let mut command = Command::new("cp");
        command.arg("-a").arg(&source).arg(&target);
        return measure(command, None);
    };
    let mut command = Command::new(program);
    command.arg("-a").args(job.args);
    let slash = |path: &Path| format!("{}/", path.display());
    let daemon = match job.way {
        Way::Local => {
            command.arg(slash(&source)).arg(slash(&target));
            None
        }
        Way::Push | Way::Pull => {
            let daemon = Daemon::start(program, top, &control, "");
            command.arg(format!("--port={}", daemon.port()));
            if job.way == Way::Push {
                command.arg(slash(&source)).arg("127.0.0.1::mod/dst/");
            } else {
                command.arg(format!("127.0.0.1::mod/{}/", job.source)).arg(slash(&target));
            }
            Some(daemon)
        }
    };
    let measured = measure(command, daemon.as_ref())?;
    // A wrong copy is not a fast copy.
    for name in ["file", "0/file0", "100/file20000"] {
        let (wanted, found) = (source.join(name), target.join(name));
        if wanted.exists() && fs::metadata(&wanted)?.len() != fs::metadata(&found)?.len() {
            return Err(io::Error::other(format!("{}: wrong copy of {name}", job.name)));
        }
    }
    Ok(measured)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other("cp -a failed")) }
}

fn measure(mut command: Command, daemon: Option<&Daemon>) -> io::Result<Measure> {
    let cpu_before = cpu(daemon);
    let start = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let mut peaks: BTreeMap<u32, u64> = BTreeMap::new();
    let status = loop {
        sample(child.id(), &mut peaks);
        if let Some(daemon) = daemon {
            sample(daemon.pid(), &mut peaks);
        }
        if let Some(status) = child.try_wait()? {
            break status;
        }
        sleep(Duration::from_millis(2));
    };
    let wall = start.elapsed().as_secs_f64();
    if !status.success() {
        return Err(io::Error::other(format!("{command:?}: {status}")));
    }
    if let Some(daemon) = daemon {
        // The daemon's child is charged to it once it has been waited for.
        while !children(daemon.pid()).is_empty() {
            sleep(Duration::from_millis(2));
        }
    }
    let cpu_after = cpu(daemon);
    Ok(Measure { wall, cpu: cpu_after - cpu_before, peak_kib: peaks.values().sum() })
}

/// CPU seconds of this process and the daemon, and of their children that have ended.
fn cpu(daemon: Option<&Daemon>) -> f64 {
    stat(std::process::id(), 4) + daemon.map_or(0.0, |daemon| stat(daemon.pid(), 4))
}

/// CPU seconds of a process: the first `times` of utime, stime, cutime and cstime.
fn stat(pid: u32, times: usize) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    // Counted from the state field; Linux counts hundredths.
    let fields = after_name.split_whitespace().skip(11).take(times);
    fields.filter_map(|text| text.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// The middle one of some values.
fn median<T>(all: &[T], value: impl Fn(&T) -> f64) -> f64 {
    let mut values: Vec<_> = all.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { f64::NAN }
}

fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// Records the peak memory of a process and of all below it.
fn sample(pid: u32, peaks: &mut BTreeMap<u32, u64>) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    if let Some(kib) = peak.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok()) {
        let peak = peaks.entry(pid).or_default();
        *peak = kib.max(*peak);
    }
    for child in children(pid) {
        sample(child, peaks);
    }
}
