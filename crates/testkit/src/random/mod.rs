//! Random cases: a tree, another state of it at the destination, and a command line, all from one number.
//!
//! A case is checked like a row of the scenarios: the real rsync on both sides gives the truth. One that fails is made
//! smaller while it still fails, and printed as a row that can be kept.

mod options;
mod setting;
mod spared;
mod trees;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::peers::Peers;
use crate::row::{EVERY_WAY, Row, Via, row};
use crate::scenario::differences;
use options::Group;
use setting::Setting;
use trees::{Entry, Extent};

/// How many attempts to make a failing case smaller.
const SHRINKS: usize = 120;

/// A case in parts that can be left out.
#[derive(Clone, Debug)]
struct Case {
    seed: u64,
    /// What it has whatever the seed.
    with: Vec<Group>,
    via: Via,
    groups: Vec<Group>,
    entries: Vec<Entry>,
    from: &'static str,
    to: &'static str,
    setting: Setting,
}

/// What became of a case.
enum Verdict {
    Same,
    Different(String),
}

impl Case {
    fn new(seed: u64, with: &[Group]) -> Self {
        let mut rng = Rng::with_seed(seed);
        let via = EVERY_WAY[[0, 0, 0, 1, 1, 2, 2, 3, 4][rng.usize(..9)]];
        let mut groups = options::command_line(&mut rng, with);
        if matches!(via, Via::DaemonPush | Via::DaemonPull) {
            // A module without a charset refuses this, and which end is heard is chance.
            groups.retain(|group| !group.starts_with("--iconv"));
            if rng.u32(..15) == 0 {
                groups.push(setting::CONVERTED);
            }
        }
        spared::groups(via, &mut groups);
        let has = |word: &str| groups.iter().any(|group| group.contains(word));
        let extent = Extent {
            acls: has("-A") || rng.u32(..20) == 0,
            xattrs: has("-pX") || has("--fake") || rng.u32(..10) == 0,
            large: rng.u32(..6) == 0,
        };
        let source = trees::tree(&mut rng, "src", extent);
        let mut entries = source.clone();
        entries.extend(trees::mutated(&mut rng, &source, "dst", extent));
        if has("../alt") {
            entries.extend(trees::mutated(&mut rng, &source, "alt", extent));
            entries.extend(trees::mutated(&mut rng, &source, "alt2", extent));
        }
        spared::entries(via, &groups, &source, &mut entries);
        let mut setting = Setting::new(&mut rng, via, has);
        spared::setting(&groups, &mut setting);
        if setting.nobody || setting.served_by_nobody {
            entries.iter_mut().for_each(|entry| entry.belong_to("65534"));
            spared::entries_of_nobody(&groups, &mut entries);
        }
        let (from, to) = match rng.u32(..19) {
            _ if groups.iter().any(|group| group.contains("/list")) => ("src/", "dst/"),
            0..3 if groups.iter().any(|group| group.contains("missing")) => {
                ("src/a src/none src/dir/", "dst/")
            }
            0 => ("src", "dst/"),
            1 => ("src/", "dst"),
            2 => ("src/dir", "dst/"),
            3 => ("src/a src/dir/", "dst/"),
            4 => ("src/a", "dst/b"),
            5 => ("src/./dir src/b", "dst/"),
            6 => ("src/ src/dir src/dir", "dst/"),
            7 => ("src/", "dst/new/"),
            9 => ("lsrc", "dst/"),
            10 => ("lsrc/", "ldst"),
            11 => ("src/", "ldst/"),
            12 if via == Via::Pull => ("src/dir :src/a :src/b", "dst/"),
            12 if via == Via::DaemonPull => ("src/a ::mod/src/dir/", "dst/"),
            8 if has("--mkpath") => ("src/", "dst/new/deep/"),
            _ => ("src/", "dst/"),
        };
        if !setting.modules.is_empty() {
            setting.spare(via, &mut groups, &mut entries);
        }
        Self { seed, with: with.to_vec(), via, groups, entries, from, to, setting }
    }

    fn args(&self) -> String {
        self.groups.iter().filter(|group| !group.is_empty()).copied().collect::<Vec<_>>().join(" ")
    }

    fn trees(&self) -> String {
        let mut text = trees::lines(&self.entries);
        if self.from.contains("lsrc") {
            text.push_str("l lsrc -> src\n");
        }
        if self.to.contains("ldst") {
            text.push_str("l ldst -> dst\n");
        }
        if self.groups.iter().any(|group| group.contains("early")) {
            text.push_str("f early size=70\n");
        }
        if self.groups.iter().any(|group| group.contains("/tmp"))
            || self.setting.modules.contains("tmp")
        {
            text.push_str("d tmp\n");
        }
        if self.groups.iter().any(|group| group.contains("/rules")) {
            text.push_str(&trees::rules(&mut Rng::with_seed(self.seed ^ 2)));
        }
        if self.groups.iter().any(|group| group.contains("/list")) {
            let mut rng = Rng::with_seed(self.seed ^ 1);
            // With a charset rsync's receiver loses the source directory if it does not come first (`iconv/dot-second`).
            let names_dot = !self.groups.iter().any(|group| group.starts_with("--iconv"));
            text.push_str(&trees::list(&mut rng, &self.entries, names_dot));
        }
        text
    }

    fn check(&self, peers: &Peers) -> Verdict {
        let (args, tree, name) = (self.args(), self.trees(), format!("seed-{}", self.seed));
        let (trees, via) = ([tree.as_str()], [self.via]);
        let found = differences(peers, &self.row(&name, &trees, &args, &via)).join("\n");
        if found.contains("the truth cannot be found") {
            // A link to its own parent, followed, makes paths that are too long for the comparison, or fills the disk.
            Verdict::Same
        } else if found.is_empty() {
            Verdict::Same
        } else {
            Verdict::Different(found)
        }
    }

    /// Of a directory that is in the way the generator says that it stays.
    fn any_order(&self) -> bool {
        options::any_order(&self.groups)
            || self
                .entries
                .iter()
                .any(|entry| entry.top == "dst" && trees::is_replaced_dir(entry, &self.entries))
    }

    fn row<'a>(
        &'a self,
        name: &'a str,
        trees: &'a [&'a str],
        args: &'a str,
        via: &'a [Via],
    ) -> Row<'a> {
        let row = self.setting.of(row(name, trees, args).over(via).from_to(self.from, self.to));
        if self.any_order() { row.any_order() } else { row }
    }

    /// Leaves out what the failure does not need; with what is then different.
    fn shrink(mut self, peers: &Peers, mut found: String) -> (Self, String) {
        let mut left = SHRINKS;
        let mut fails = |case: &Self| {
            left = left.saturating_sub(1);
            match case.check(peers) {
                Verdict::Different(found) if left > 0 => Some(found),
                _ => None,
            }
        };
        for index in (0..self.groups.len()).rev() {
            let mut smaller = self.clone();
            smaller.groups.remove(index);
            if let Some(now) = fails(&smaller) {
                (self, found) = (smaller, now);
            }
        }
        let mut chunk = self.entries.len().div_ceil(2);
        while chunk > 0 {
            let mut at = 0;
            while at < self.entries.len() {
                let mut smaller = self.clone();
                let end = (at + chunk).min(smaller.entries.len());
                let mut index = 0;
                smaller.entries.retain(|entry| {
                    index += 1;
                    entry.is_top() || !(at..end).contains(&(index - 1))
                });
                match fails(&smaller) {
                    Some(now) => (self, found) = (smaller, now),
                    None => at = end,
                }
            }
            chunk /= 2;
        }
        for setting in [
            Setting { nobody: false, ..self.setting.clone() },
            Setting { modules: String::new(), ..self.setting.clone() },
            Setting { batch: false, ..self.setting.clone() },
            Setting { between: "", ..self.setting.clone() },
        ] {
            let simpler = Self { setting, ..self.clone() };
            if let Some(now) = fails(&simpler) {
                (self, found) = (simpler, now);
            }
        }
        if self.via != Via::Local && !self.from.contains(':') {
            let local = Self { via: Via::Local, ..self.clone() };
            if let Some(now) = fails(&local) {
                (self, found) = (local, now);
            }
        }
        (self, found)
    }

    fn report(&self, found: &str) -> String {
        let order = if self.any_order() { ".any_order()" } else { "" };
        format!(
            "OXRSYNC_RANDOM='{}{}' cargo test -p oxrsync --test random\n    row(\"NAME\", &[r\"\n{}\"], \"{}\").over(&[Via::{:?}]).from_to(\"{}\", \"{}\"){order}{},\n{found}",
            self.seed,
            self.with.iter().map(|group| format!(";{group}")).collect::<String>(),
            self.trees(),
            self.args(),
            self.via,
            self.from,
            self.to,
            self.setting.report()
        )
    }
}

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The first seed; the others follow it.
    pub first: u64,
    /// At most so many cases.
    pub cases: u64,
    /// None is begun later than this.
    pub time: Duration,
    /// How many at once.
    pub threads: usize,
    /// Options that each case has.
    pub with: Vec<Group>,
}

impl Plan {
    /// Cases as `SEED[,SECONDS][;OPTIONS]…` asks for them: the case of one seed, or those from there on for so long.
    ///
    /// # Panics
    /// It is something else.
    pub fn new(text: &str) -> Self {
        let mut parts = text.split(';');
        let seeds = parts.next().unwrap_or_default();
        let with = parts.map(options::group).collect();
        let number = |text: &str| text.parse().expect("OXRSYNC_RANDOM=SEED[,SECONDS][;OPTIONS]…");
        match seeds.split_once(',') {
            None => Self { first: number(seeds), cases: 1, with, ..Self::short() },
            Some((first, seconds)) => Self {
                first: number(first),
                cases: u64::MAX,
                time: Duration::from_secs(number(seconds)),
                threads: 4,
                with,
            },
        }
    }

    /// A few cases, always the same.
    pub fn short() -> Self {
        let time = Duration::from_secs(30);
        Self { first: 0, cases: 150, time, threads: 3, with: Vec::new() }
    }
}

/// Runs random cases and returns a report of each that fails.
pub fn run(peers: &Peers, plan: &Plan) -> Vec<String> {
    let next = AtomicU64::new(0);
    let failures = Mutex::new(Vec::new());
    let start = Instant::now();
    let over = AtomicBool::new(false);
    let work = || {
        while start.elapsed() < plan.time && !over.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= plan.cases {
                break;
            }
            let case = Case::new(plan.first + index, &plan.with);
            let begun = Instant::now();
            let verdict = case.check(peers);
            if begun.elapsed().as_secs() >= 10 {
                println!("seed {} took {:?}", case.seed, begun.elapsed());
            }
            match verdict {
                Verdict::Same => {}
                Verdict::Different(found) => {
                    // Rsync itself may hang on what is left out next.
                    println!("to be made smaller:\n{}", case.report(&found));
                    let (case, found) = case.shrink(peers, found);
                    let report = case.report(&found);
                    println!("{report}");
                    failures.lock().expect("no holder panics").push(report);
                }
            }
        }
        over.store(true, Ordering::Relaxed);
    };
    thread::scope(|scope| {
        for _ in 0..plan.threads {
            scope.spawn(work);
        }
    });
    let cases = next.load(Ordering::Relaxed).min(plan.cases);
    println!("{cases} random cases from {} in {:.1} s", plan.first, start.elapsed().as_secs_f32());
    failures.into_inner().expect("no holder panics")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_case() {
        for seed in 0..200 {
            let (one, other) = (Case::new(seed, &[]), Case::new(seed, &[]));
            assert_eq!(
                (one.args(), one.trees(), one.via),
                (other.args(), other.trees(), other.via)
            );
            assert!(one.trees().starts_with("d src\n"), "{}", one.trees());
        }
        assert_ne!(Case::new(1, &[]).trees(), Case::new(2, &[]).trees());
    }
}
