//! What surrounds a random command line: the user, the module, a batch, a second run, links in front of the trees.

use fastrand::Rng;

use super::options::Group;
use super::trees::{Entry, pick};
use crate::row::{Row, Via};

/// What may be said of a module.
const MODULE: &[&str] = &[
    "exclude = *.o",
    "exclude = /src/dir /dst/b",
    "exclude = .hidden",
    "filter = - *.c",
    "include = f.o\nexclude = *.o",
    "read only = yes",
    "write only = yes",
    "incoming chmod = Du+w,F600",
    "outgoing chmod = go-rwx",
    "munge symlinks = yes",
    "max verbosity = 0",
    "refuse options = delete",
    "refuse options = c z",
    "refuse options = * !a !recursive !v",
    "ignore errors = yes",
    "ignore nonreadable = yes",
    "numeric ids = yes",
    "transfer logging = yes",
    "transfer logging = yes\nlog format = %o %m %f %l",
    "dont compress = *",
    "temp dir = tmp",
    "timeout = 60",
    "strict modes = no",
    "open noatime = yes",
    "max connections = 4\nlock file = {top}/../lock",
    "use chroot = yes",
    "use chroot = yes\nnumeric ids = no",
    "use chroot = yes\npath = {top}/./",
    NOBODYS,
    "fake super = yes",
    "ignore nonreadable = yes\nuse chroot = yes",
];

/// Endings of what these hide.
const HIDDEN: &[&str] = &[".o", "b", ".hidden", ".c"];

/// A module whose user is nobody.
const NOBODYS: &str = "uid = 65534\ngid = 65534";

/// What goes with [`LATIN`].
pub const CONVERTED: &str = "--iconv=UTF-8";

/// A module whose names are not in the charset of the client.
const LATIN: &str = "charset = ISO-8859-1\n";

/// What happens between two runs: files go, grow, come and change their types.
const BETWEEN: &[&str] = &[
    "true",
    "find src -type f -print0 | sort -z | head -zn 2 | xargs -0r rm -f",
    "find dst -type f -print0 | sort -zr | head -zn 1 | xargs -0r rm -f",
    "find src -type f -print0 | sort -zr | head -zn 2 | xargs -0r touch -d @1234567890",
    "find dst -type f -print0 | sort -z | head -zn 2 | xargs -0r truncate -s +3",
    "find src -mindepth 1 -type d -print0 | sort -z | head -zn 1 | xargs -0r rm -rf; echo new >src/newer; touch -d @5 src/newer",
    "find src -type f -print0 | sort -z | head -zn 1 | xargs -0r sh -c 'rm \"$0\"; mkdir \"$0\"; touch -d @7 \"$0\"'",
    "find dst -type f -print0 | sort -z | head -zn 1 | xargs -0r sh -c 'rm \"$0\"; ln -s nowhere \"$0\"'",
];

/// The surroundings of a case.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// Everything belongs to nobody, who runs the client.
    pub nobody: bool,
    /// Everything belongs to nobody, as whom the daemon serves.
    pub served_by_nobody: bool,
    /// Of a daemon's module.
    pub modules: String,
    pub batch: bool,
    pub between: &'static str,
}

impl Setting {
    /// What goes with a way of connecting.
    pub fn new(rng: &mut Rng, via: Via, has: impl Fn(&str) -> bool) -> Self {
        let mut setting = Self::default();
        let daemon = matches!(via, Via::DaemonPush | Via::DaemonPull);
        let roots_own = [
            "--copy-as",
            "-pX",
            "{log}",
            "-H",
            "--super",
            "--fake",
            // Rsync does not say that it cannot make one (`backup/unmade-links`).
            "--backup-dir",
            "-UU",
            "--compare-dest",
        ];
        if daemon && has(CONVERTED) {
            setting.modules.push_str(LATIN);
        }
        if daemon && rng.u32(..3) == 0 {
            for _ in 0..rng.u32(1..3) {
                let line = pick(rng, MODULE);
                if line == NOBODYS && roots_own.iter().any(|word| has(word)) {
                    continue;
                }
                setting.served_by_nobody |= line == NOBODYS;
                // A client that is refused while it still has something to say may not hear why.
                if via == Via::DaemonPush || !line.starts_with("refuse") {
                    setting.modules.push_str(line);
                    setting.modules.push('\n');
                }
            }
        }
        if !daemon && rng.u32(..12) == 0 && !roots_own.iter().any(|word| has(word)) {
            setting.nobody = true;
        }
        let twice = ["--append", "--list-only", "-y", "--remove", "-n", "--max-delete"];
        if !setting.nobody && rng.u32(..12) == 0 && !twice.iter().any(|word| has(word)) {
            setting.between = pick(rng, BETWEEN);
        } else if via == Via::Local
            && rng.u32(..10) == 0
            && !setting.nobody
            && !has("--cc")
            && !has("--zc")
        {
            // Of a batch with algorithms that were asked for rsync waits for more.
            setting.batch = true;
        }
        setting
    }

    /// Leaves out what rsync's daemon does wrong with the module, and what is chance.
    pub fn spare(&mut self, via: Via, groups: &mut Vec<Group>, entries: &mut Vec<Entry>) {
        let has = |word: &str| self.modules.contains(word);
        let push = via == Via::DaemonPush;
        if push && (has("exclude") || has("filter")) {
            // Rsync makes directories that it then refuses.
            entries.retain(|entry| entry.top != "src" || !entry.is_in_dir(HIDDEN));
            if self.between.contains("mkdir") {
                self.between = "true";
            }
        }
        let refused = groups.contains(&"--remove-source-files") && has("read only");
        if refused || push && (has("read only") || has("refuse") || has("temp dir")) {
            // Only newer clients are told why a connection ends.
            groups.retain(|group| !group.starts_with("--protocol"));
        }
        if push && has("fake super") {
            // Rsync stores owners that were not sent as what happens to be in its memory.
            groups.retain(|group| !group.starts_with("--no-o") && !group.starts_with("--no-g"));
            groups.push("-og");
        }
        if !push && has("fake super") {
            // Rsync finds no file when it follows links.
            groups.retain(|group| !matches!(*group, "-L" | "-k" | "--copy-unsafe-links"));
        }
    }

    /// The settings of a row.
    pub fn of<'a>(&'a self, row: Row<'a>) -> Row<'a> {
        let mut row = row.modules(&self.modules).again_after(self.between);
        if self.nobody {
            row = row.as_nobody();
        }
        if self.batch {
            row = row.batch();
        }
        row
    }

    /// The same as text.
    pub fn report(&self) -> String {
        let mut text = String::new();
        if self.nobody {
            text.push_str(".as_nobody()");
        }
        if self.batch {
            text.push_str(".batch()");
        }
        if !self.modules.is_empty() {
            text.push_str(&format!(".modules({:?})", self.modules));
        }
        if !self.between.is_empty() {
            text.push_str(&format!(".again_after({:?})", self.between));
        }
        text
    }
}
