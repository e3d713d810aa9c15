//! Random trees, and random changes to them.

use fastrand::Rng;
use std::collections::BTreeMap;

/// An item of a tree: a line of [`crate::tree`] in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The first component of its path: which of the trees it is in.
    pub top: &'static str,
    kind: &'static str,
    /// Escaped, below `top`.
    path: String,
    /// For a hard link the path below the same `top`.
    target: String,
    settings: BTreeMap<&'static str, String>,
}

/// What the entries of a case may have.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// ACLs: making them takes a process each.
    pub acls: bool,
    /// Extended attributes.
    pub xattrs: bool,
    /// Few items, or more.
    pub large: bool,
}

const NAMES: &[&str] = &[
    "a",
    "b",
    "c",
    "d",
    "e",
    "f.o",
    "g.o",
    "h.c",
    "z.gz",
    "dir",
    "sub",
    "lib",
    ".hidden",
    "core",
    "keep~",
    "two\\swords",
    "\\slead",
    "line\\nfeed",
    "tab\\t",
    "\\xff\\xe9",
    "\\xc3\\xbc",
    "-dash",
    "st*r",
    "q?",
    "br[ack]et",
    "#hash",
    ":colon",
    "back\\\\slash",
    "a\\x01b",
    "\\\\#012",
    "...",
    "\\{n*255}",
    "\\{x*250}.",
    "A",
    "~",
    "a.b.c",
    "quote'",
    "$dollar",
];
/// Files with rules, and what they may say.
const RULES: &[(&str, &str)] = &[
    (".rsync-filter", "-\\s*.o\\n"),
    (".rsync-filter", "-\\s/b\\nP\\sc\\n"),
    (".rsync-filter", "H\\sa\\nS\\sb\\n#x\\n"),
    (".rsync-filter", "+\\s*/\\n-\\s!\\sdir\\n-\\s*\\n"),
    (".rsync-filter", "!\\n-p\\sf.o\\n:\\s.rules\\n"),
    (".cvsignore", "a\\sb\\n*.c\\n"),
    (".cvsignore", "!\\sdir"),
    (".rules", "-\\sa\\n"),
    (".rules", "-\\sdir/\\n-\\sb\\n"),
    (".rules", "-\\s/sub\\n"),
];
const SIZES: &[&str] = &[
    "0", "1", "2", "3", "699", "700", "701", "1399", "1400", "1401", "4095", "4096", "4097",
    "32767", "32768", "32769", "65535", "65536", "65537", "100000", "262143", "262144", "262145",
];
const MODES: &[&str] = &[
    "600", "640", "644", "664", "755", "777", "444", "400", "0", "111", "711", "1777", "2755",
    "4755",
];
const MTIMES: &[&str] = &[
    "0",
    "1",
    "-5.25",
    "-2000000000",
    "1000000000",
    "1000000000.123456789",
    "1000000001",
    "1500000000.000000001",
    "2147483647",
    "2147483648.5",
    "4294967296.25",
    "15000000000",
];
const OWNERS: &[&str] = &["1", "5", "1000", "65534", "70000"];
const TARGETS: &[&str] = &[
    "a",
    "b",
    "dir",
    "sub",
    "../a",
    "../../out",
    "dir/../a",
    "/etc/passwd",
    "nowhere",
    "./a",
    "two\\swords",
    "\\xff",
    "/rsyncd-munged/a",
    "dir/",
];
const DEVICES: &[&str] = &["1:3", "1:5", "7:250", "5:6", "300:70000"];
const ACLS: &[&str] =
    &["u:1000:rw-", "u:7:rwx,g:9:r-x", "g:5:r--", "u:3:rwx,m::r--", "u:70000:---,u:1:r--,g:1:rw-"];

/// One of them.
pub fn pick<'a>(rng: &mut Rng, from: &[&'a str]) -> &'a str {
    from[rng.usize(..from.len())]
}

/// One in `n`.
fn one_in(rng: &mut Rng, n: u32) -> bool {
    rng.u32(..n) == 0
}

impl Entry {
    fn new(top: &'static str, kind: &'static str, path: String) -> Self {
        Self { top, kind, path, target: String::new(), settings: BTreeMap::new() }
    }

    /// Whether it is a link with `..` in it.
    pub fn leads_up(&self) -> bool {
        self.kind == "l" && self.target.contains("..")
    }

    /// Whether it is a link to a path from the root.
    pub fn leads_out(&self) -> bool {
        self.kind == "l" && self.target.starts_with('/')
    }

    /// Whether it is, or is in, a directory whose name ends so.
    pub fn is_in_dir(&self, endings: &[&str]) -> bool {
        let mut dirs: Vec<_> = self.path.split('/').collect();
        if self.kind != "d" {
            dirs.pop();
        }
        dirs.iter().any(|dir| endings.iter().any(|end| dir.ends_with(end)))
    }

    /// Whether a part of its name is about as long as one may be.
    pub fn has_long_name(&self) -> bool {
        self.path.contains("*25")
    }

    /// Whether its name, or its target, is no UTF-8.
    pub fn is_binary(&self) -> bool {
        self.path.contains("\\xff") || self.target.contains("\\xff")
    }

    /// Whether it is a file that something else at `top` has the name of.
    pub fn rivals(&self, source: &[Self]) -> bool {
        self.kind == "f" && source.iter().any(|other| other.path == self.path)
    }

    /// Gives it to somebody, unless it has an owner.
    pub fn belong_to(&mut self, id: &str) {
        if !self.settings.contains_key("uid") {
            self.set("uid", id);
            self.set("gid", id);
        }
    }

    /// Whether its mode, if one is set, has all of these bits.
    fn permits(&self, bits: u32) -> bool {
        self.settings
            .get("mode")
            .is_none_or(|mode| u32::from_str_radix(mode, 8).is_ok_and(|mode| mode & bits == bits))
    }

    /// Whether its owner may write it.
    pub fn is_writable(&self) -> bool {
        self.permits(0o200)
    }

    /// Whether it is a directory of this owner's, and no top, which is nobody's in particular.
    pub fn is_dir_of(&self, id: &str) -> bool {
        self.kind == "d" && !self.is_top() && self.settings.get("uid").is_some_and(|uid| uid == id)
    }

    /// Whether it is an entry of this directory.
    pub fn is_directly_in(&self, dir: &Self) -> bool {
        let parent = self.path.rsplit_once('/').map(|(parent, _)| parent);
        self.top == dir.top && parent == Some(&dir.path)
    }

    /// Whether everybody may read it.
    pub fn is_readable(&self) -> bool {
        self.permits(0o444)
    }

    /// Whether it has an ACL.
    pub fn has_acl(&self) -> bool {
        self.settings.contains_key("acl")
    }

    /// Whether it is a symlink.
    pub fn is_link(&self) -> bool {
        self.kind == "l"
    }

    /// Whether it is a file, with a name of its own, or a directory.
    pub fn is_file_or_dir(&self) -> bool {
        matches!(self.kind, "f" | "d")
    }

    /// Whether it is a socket.
    pub fn is_socket(&self) -> bool {
        self.kind == "s"
    }

    /// Whether it is another name of a file.
    pub fn is_hard_link(&self) -> bool {
        self.kind == "h"
    }

    /// Whether it is the top of a tree.
    pub fn is_top(&self) -> bool {
        self.path == "."
    }

    fn line(&self) -> String {
        let mut line = format!("{} {}/{}", self.kind, self.top, self.path);
        match self.kind {
            "l" => line.push_str(&format!(" -> {}", self.target)),
            "h" => line.push_str(&format!(" -> {}/{}", self.top, self.target)),
            _ => {}
        }
        for (name, value) in &self.settings {
            line.push_str(&format!(" {name}={value}"));
        }
        line
    }

    fn set(&mut self, name: &'static str, value: &str) {
        self.settings.insert(name, value.to_owned());
    }

    /// Settings that any item of its kind may have.
    fn dress(&mut self, rng: &mut Rng, extent: Extent) {
        if one_in(rng, 4) {
            self.set("mtime", pick(rng, MTIMES));
        }
        if one_in(rng, 8) {
            self.set("uid", pick(rng, OWNERS));
        }
        if one_in(rng, 8) {
            self.set("gid", pick(rng, OWNERS));
        }
        if self.kind != "l" && one_in(rng, 3) {
            self.set("mode", pick(rng, MODES));
        }
        if extent.acls && matches!(self.kind, "f" | "d") && one_in(rng, 4) {
            self.set("acl", pick(rng, ACLS));
            // A special bit makes rsync forget the owning group's entry.
            self.settings.remove("mode");
            if self.kind == "d" && one_in(rng, 2) {
                self.set("dacl", pick(rng, ACLS));
            }
        }
        if extent.xattrs && matches!(self.kind, "f" | "d") && one_in(rng, 3) {
            let values =
                ["", "v", "\\{w*31}", "\\{w*32}", "\\{w*33}", "a\\x00b\\xff", "\\{long*400}"];
            self.set("x:user.one", pick(rng, &values));
            if one_in(rng, 3) {
                self.set("x:user.two", pick(rng, &values));
            }
            if one_in(rng, 5) {
                self.set("x:trusted.t", pick(rng, &values));
            }
        }
    }

    fn file(&mut self, rng: &mut Rng) {
        self.set("size", pick(rng, SIZES));
        match rng.u32(..8) {
            0 | 1 => self.set("fill", "words"),
            2 => self.set("fill", "zero"),
            3 => {
                self.set("size", pick(rng, &["70000", "300000", "1M"]));
                self.set(
                    "data",
                    pick(rng, &["0:10", "4096:5000", "60000:10000", "0:4096,40000:30000"]),
                );
            }
            _ => {}
        }
    }

    fn random(rng: &mut Rng, top: &'static str, path: String, extent: Extent) -> Self {
        let kind = match rng.u32(..40) {
            0..20 => "f",
            20..28 => "d",
            28..34 => "l",
            34 | 35 => "p",
            36 => "c",
            37 => "b",
            38 => "s",
            _ => "h",
        };
        let mut entry = Self::new(top, kind, path);
        let rules =
            entry.path.rsplit('/').next().filter(|leaf| RULES.iter().any(|(n, _)| n == leaf));
        if let Some(leaf) = rules {
            let texts = RULES.iter().filter(|(name, _)| *name == leaf).map(|(_, text)| *text);
            let texts: Vec<_> = texts.collect();
            entry.kind = "f";
            entry.set("text", pick(rng, &texts));
            return entry;
        }
        match kind {
            "f" => entry.file(rng),
            "l" => entry.target = pick(rng, TARGETS).to_owned(),
            "c" | "b" => entry.set("dev", pick(rng, DEVICES)),
            _ => {}
        }
        entry.dress(rng, extent);
        entry
    }
}

/// A random tree below `top`.
pub fn tree(rng: &mut Rng, top: &'static str, extent: Extent) -> Vec<Entry> {
    let mut entries = vec![Entry::new(top, "d", ".".to_owned())];
    let budget = if extent.large { rng.usize(10..60) } else { rng.usize(1..14) };
    let mut dirs = vec![String::new()];
    let mut files: Vec<String> = Vec::new();
    for _ in 0..budget {
        let parent = &dirs[rng.usize(..dirs.len())];
        let leaf =
            if one_in(rng, 16) { RULES[rng.usize(..RULES.len())].0 } else { pick(rng, NAMES) };
        let path = format!("{parent}{leaf}");
        if entries.iter().any(|entry| entry.path == path) {
            continue;
        }
        let mut entry = Entry::random(rng, top, path, extent);
        match entry.kind {
            "d" if entry.path.matches('/').count() < 3 => dirs.push(format!("{}/", entry.path)),
            "h" if files.is_empty() => continue,
            "h" => entry.target.clone_from(&files[rng.usize(..files.len())]),
            "f" | "p" | "c" | "l" => files.push(entry.path.clone()),
            _ => {}
        }
        entries.push(entry);
    }
    entries
}

/// A file `rules` with patterns.
pub fn rules(rng: &mut Rng) -> String {
    const PATTERNS: &[&str] = &[
        "*.o",
        "/dir",
        "sub/",
        "-\\s*.c",
        "+\\sa",
        "#\\sno",
        ";x",
        "b?",
        "[a-c]",
        "**/dir/a",
        "!",
        "keep~\\x0d",
        "",
        "\\xff*",
        "dir/***",
        "two\\swords",
    ];
    let lines: Vec<_> = (0..rng.usize(1..5)).map(|_| pick(rng, PATTERNS)).collect();
    format!("f rules text={}\\n\n", lines.join("\\n"))
}

/// A file `list` with names for `--files-from`: most of them in `src`, some with a slash at the end, some missing; if it
/// `names_dot`, some that stand for a directory itself.
pub fn list(rng: &mut Rng, entries: &[Entry], names_dot: bool) -> String {
    let mut text = String::new();
    let names = entries.iter().filter(|entry| entry.top == "src" && entry.path != ".");
    for entry in names.filter(|entry| !entry.path.contains("\\n")) {
        match rng.u32(..8) {
            0..3 => text.push_str(&format!("{}\\n", entry.path)),
            3 if entry.kind == "d" && names_dot => text.push_str(&format!("{}/\\n", entry.path)),
            3 if entry.kind == "d" => text.push_str(&format!("{}\\n", entry.path)),
            4 if names_dot => text.push_str(&format!("./{}\\n", entry.path)),
            4 => text.push_str(&format!("{}\\n", entry.path)),
            _ => {}
        }
    }
    if one_in(rng, 3) {
        let last = pick(rng, &["none\\n", "dir/none\\n", "#\\scomment\\n", ".\\n", "\\n\\n"]);
        if names_dot || last != ".\\n" {
            text.push_str(last);
        }
    }
    format!("f list text={text}\n")
}

/// What another tree, `top`, may look like where `entries` are to be copied: some missing, most of the rest the
/// same or changed in a way or two, and some that have no origin.
pub fn mutated(rng: &mut Rng, entries: &[Entry], top: &'static str, extent: Extent) -> Vec<Entry> {
    let mut changed = vec![Entry::new(top, "d", ".".to_owned())];
    let missing = rng.u32(1..8);
    for entry in entries {
        if entry.path == "." || rng.u32(..8) < missing / 2 {
            continue;
        }
        let mut entry = Entry { top, ..entry.clone() };
        if one_in(rng, 2) {
            for _ in 0..rng.u32(1..3) {
                mutate(rng, &mut entry, extent);
            }
        }
        changed.push(entry);
    }
    for extra in tree(rng, top, Extent { large: false, ..extent }).into_iter().skip(1) {
        if one_in(rng, 2) {
            changed.push(extra);
        }
    }
    changed
}

fn mutate(rng: &mut Rng, entry: &mut Entry, extent: Extent) {
    let has_content = entry.kind == "f"
        && !entry.settings.contains_key("data")
        && entry.settings.get("size").is_some_and(|size| size != "0");
    match rng.u32(..10) {
        0..3 if has_content => entry.set("edits", pick(rng, &["1", "3", "20"])),
        3 if has_content => entry.set("insert", pick(rng, &["0:1", "0:700", "1:33"])),
        4 if has_content => entry.set("append", pick(rng, &["1", "700", "5000"])),
        5 if has_content => entry.set("cut", pick(rng, &["0", "1", "600", "30000"])),
        6 => {
            *entry = Entry::random(rng, entry.top, entry.path.clone(), extent);
            if entry.kind == "h" {
                entry.kind = "p";
            }
        }
        7 if entry.kind == "l" => entry.target = pick(rng, TARGETS).to_owned(),
        _ => {
            entry.settings.remove("mtime");
            entry.settings.remove("mode");
            entry.dress(rng, extent);
            if entry.has_acl() {
                // It may be an old one.
                entry.settings.remove("mode");
            }
        }
    }
}

/// Whether something else stands where `source` has a directory.
pub fn replaces_dir(entry: &Entry, source: &[Entry]) -> bool {
    entry.kind != "d" && source.iter().any(|other| other.kind == "d" && other.path == entry.path)
}

/// Whether a directory stands where `source` has something else.
pub fn is_replaced_dir(entry: &Entry, source: &[Entry]) -> bool {
    source.iter().filter(|other| other.kind != "d").any(|other| {
        let below = entry.path.strip_prefix(&other.path);
        below.is_some_and(|rest| rest.starts_with('/') || rest.is_empty() && entry.kind == "d")
    })
}

/// Whether a symlink stands where `source` has a file.
pub fn is_link_over_file(entry: &Entry, source: &[Entry]) -> bool {
    entry.kind == "l" && source.iter().any(|other| other.kind == "f" && other.path == entry.path)
}

/// Whether a symlink stands where `source` has a device or its like.
pub fn is_replaced_link(entry: &Entry, source: &[Entry]) -> bool {
    let special = |kind: &str| matches!(kind, "c" | "b" | "p" | "s");
    entry.kind == "l" && source.iter().any(|other| special(other.kind) && other.path == entry.path)
}

/// The lines of a tree that can be built: without what lies below something that is no directory, comes twice, or is
/// a hard link to nothing.
pub fn lines(entries: &[Entry]) -> String {
    let mut kinds: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let mut text = String::new();
    for entry in entries {
        let (top, path) = (entry.top, entry.path.as_str());
        let mut parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        let blocked =
            parents.any(|parent| kinds.get(&(top, parent)).is_some_and(|kind| *kind != "d"));
        let unlinked = entry.kind == "h"
            && kinds.get(&(top, entry.target.as_str())).is_none_or(|kind| *kind == "d");
        // A longer path has made it a directory already.
        let filled = kinds.keys().any(|(other, below)| {
            *other == top && below.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
        });
        if blocked || unlinked || kinds.contains_key(&(top, path)) || (filled && entry.kind != "d")
        {
            continue;
        }
        kinds.insert((top, path), entry.kind);
        text.push_str(&if path == "." { format!("d {top}") } else { entry.line() });
        text.push('\n');
    }
    text
}
