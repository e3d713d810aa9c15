//! Trees described in a few lines of text.
//!
//! One line makes one item: a kind, a path, and settings in any order.
//!
//! ```text
//! d src/sub mode=750                      directory (missing parents are made too)
//! f src/a size=10000                      file of pseudo-random bytes
//! f dst/a size=10000 edits=5 mtime=5      the same bytes, five of them changed
//! f src/t text=hello\n                    file with this text
//! f src/big size=5G data=0:4096,4G:10     holes except for the extents named
//! l src/l -> a                            symbolic link
//! h src/h -> src/a                        hard link (the target's path is from the top)
//! p src/fifo   s src/socket   c src/null dev=1:3   b src/loop dev=7:0
//! many src/m count=1000 per=100 size=0    files m/0/0 … m/9/99
//! ```
//!
//! Settings of every kind: `mode=` (octal), `uid=`, `gid=`, `mtime=` and `atime=` (seconds with an optional decimal
//! fraction), `acl=` and `dacl=` (as `setfacl -m` takes them, the second one the default ACL), `x:NAME=VALUE` (an
//! extended attribute). In paths and values `\s` is a space, `\n` a line feed, `\t` a tab, `\xHH` a byte and `\{c*N}`
//! N times the character c.
//!
//! A folder may have a small file system of its own (`tmpfs=64K`), or be read only once all is there (`ro=1`); `flags=i` makes
//! something immutable, `flags=a` lets it only grow. All that lasts as long as what [`build`] returns.
//!
//! What is not set is derived from the path below its first component, so that `src/a` and `dst/a` are the same file
//! unless a line says otherwise.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::mounted::{Flagged, Mounted};
use rustix::fs::{
    AtFlags, CWD, FileType, Gid, Mode, Timespec, Timestamps, Uid, XattrFlags, chmodat, chownat,
    lsetxattr, makedev, mknodat, utimensat,
};

/// The times of the top.
const FIXED: Timestamps = Timestamps {
    last_access: Timespec { tv_sec: 1_300_000_060, tv_nsec: 0 },
    last_modification: Timespec { tv_sec: 1_300_000_000, tv_nsec: 0 },
};

/// What must last while a tree is used.
#[derive(Debug, Default)]
pub struct Kept {
    flagged: Vec<Flagged>,
    mounted: Vec<Mounted>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.flagged.clear();
        // What was mounted last is in the way of what was mounted first.
        while let Some(mounted) = self.mounted.pop() {
            drop(mounted);
        }
    }
}

/// Builds the tree that `spec` describes below `top`, which must exist. Folders that are there already keep their times, so
/// that nothing in the tree tells when it was built; `top` itself gets a fixed time, too.
///
/// # Panics
///
/// On a malformed line, and when the system refuses to make an item.
pub fn build(top: &Path, spec: &str) -> Kept {
    let mut kept = Kept::default();
    let mut made: Vec<(PathBuf, Item)> = Vec::new();
    let mut old: BTreeMap<PathBuf, Timestamps> = BTreeMap::new();
    for line in spec.lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let item = Item::parse(line);
        let path = top.join(OsStr::from_bytes(&item.path));
        make_parents(top, &path, &mut made, &mut old);
        create(top, &path, &item, &mut made).unwrap_or_else(|error| panic!("{line}: {error}"));
        if let Some(size) = item.text("tmpfs") {
            kept.mounted.push(Mounted::tmpfs(path.clone(), size));
        }
        if item.kind == "d" {
            made.retain(|(other, _)| *other != path);
        }
        made.push((path, item));
    }
    set_times(top, &FIXED);
    for (path, times) in &old {
        set_times(path, times);
    }
    // Filling a folder changes its times, so the deepest items are finished first.
    made.sort_by_key(|(path, _)| std::cmp::Reverse(path.components().count()));
    for (path, item) in &made {
        finish(path, item).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    for (path, item) in made {
        if let Some(letters) = item.text("flags") {
            kept.flagged.push(Flagged::new(path.clone(), letters));
        }
        if item.text("ro").is_some() {
            kept.mounted.push(Mounted::read_only(path));
        }
    }
    kept
}

#[derive(Clone, Debug, Default)]
struct Item {
    kind: String,
    path: Vec<u8>,
    target: Vec<u8>,
    settings: BTreeMap<String, Vec<u8>>,
}

impl Item {
    fn parse(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let mut item = Self {
            kind: words.next().unwrap_or_default().to_owned(),
            path: unescape(words.next().unwrap_or_else(|| panic!("{line}: no path"))),
            ..Self::default()
        };
        while let Some(word) = words.next() {
            if word == "->" {
                let target = words.next().unwrap_or_else(|| panic!("{line}: no target"));
                item.target = unescape(target);
            } else {
                let (name, value) =
                    word.split_once('=').unwrap_or_else(|| panic!("{line}: no value: {word}"));
                item.settings.insert(name.to_owned(), unescape(value));
            }
        }
        item
    }

    fn folder(path: &[u8]) -> Self {
        Self { kind: "d".to_owned(), path: path.to_vec(), ..Self::default() }
    }

    fn text(&self, name: &str) -> Option<&str> {
        let value = self.settings.get(name)?;
        Some(std::str::from_utf8(value).unwrap_or_else(|_| panic!("{name} is not text")))
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.text(name).map(parse_size)
    }

    /// A number that is the same for the same path below any first component.
    fn seed(&self) -> u64 {
        let below = self.path.iter().position(|&byte| byte == b'/').map_or(0, |at| at + 1);
        let mut hasher = DefaultHasher::new();
        self.path[below..].hash(&mut hasher);
        hasher.finish()
    }
}

/// A number with an optional `K`, `M` or `G` (powers of 1024).
fn parse_size(text: &str) -> u64 {
    let (digits, unit) = match text.as_bytes().last() {
        Some(b'K') => (&text[..text.len() - 1], 1 << 10),
        Some(b'M') => (&text[..text.len() - 1], 1 << 20),
        Some(b'G') => (&text[..text.len() - 1], 1 << 30),
        _ => (text, 1),
    };
    digits.parse::<u64>().unwrap_or_else(|_| panic!("not a number: {text}")) * unit
}

/// The bytes that an escaped word stands for.
pub fn unescape(word: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = word;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let escape = &rest[at + 1..];
        let used = match escape.as_bytes().first() {
            Some(b's') => push(&mut bytes, b' '),
            Some(b'n') => push(&mut bytes, b'\n'),
            Some(b't') => push(&mut bytes, b'\t'),
            Some(b'\\') => push(&mut bytes, b'\\'),
            Some(b'x') => {
                let byte = u8::from_str_radix(&escape[1..3], 16);
                push(&mut bytes, byte.unwrap_or_else(|_| panic!("bad escape in {word}"))) + 2
            }
            Some(b'{') => {
                let end = escape.find('}').unwrap_or_else(|| panic!("bad repeat in {word}"));
                let (what, count) = escape[1..end].split_once('*').expect("a repeat has a star");
                let count = count.parse().expect("a repeat has a count");
                bytes.extend_from_slice(what.repeat(count).as_bytes());
                end + 1
            }
            _ => panic!("bad escape in {word}"),
        };
        rest = &escape[used..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

fn push(bytes: &mut Vec<u8>, byte: u8) -> usize {
    bytes.push(byte);
    1
}

/// Makes the folders above an item. The times of the one that is there already go into `old`, unless it was made just now.
fn make_parents(
    top: &Path,
    path: &Path,
    made: &mut Vec<(PathBuf, Item)>,
    old: &mut BTreeMap<PathBuf, Timestamps>,
) {
    let parent = path.parent().expect("an item lies below the top");
    if parent == top {
        return;
    }
    if parent.symlink_metadata().is_ok() {
        if !made.iter().any(|(path, _)| path == parent) {
            old.entry(parent.to_path_buf()).or_insert_with(|| times_of(parent));
        }
        return;
    }
    make_parents(top, parent, made, old);
    fs::create_dir(parent).unwrap_or_else(|error| panic!("{}: {error}", parent.display()));
    let below = parent.strip_prefix(top).expect("the parents lie below the top");
    made.push((parent.to_path_buf(), Item::folder(below.as_os_str().as_bytes())));
}

fn times_of(folder: &Path) -> Timestamps {
    let meta = fs::metadata(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    Timestamps {
        last_access: Timespec { tv_sec: meta.atime(), tv_nsec: meta.atime_nsec() },
        last_modification: Timespec { tv_sec: meta.mtime(), tv_nsec: meta.mtime_nsec() },
    }
}

fn set_times(folder: &Path, times: &Timestamps) {
    let set = utimensat(CWD, folder, times, AtFlags::empty());
    set.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
}

fn create(top: &Path, path: &Path, item: &Item, made: &mut Vec<(PathBuf, Item)>) -> io::Result<()> {
    let node = |kind: FileType| {
        let device = item.text("dev").map_or(0, |text| {
            let (major, minor) = text.split_once(':').expect("a device is major:minor");
            makedev(major.parse().expect("a major number"), minor.parse().expect("a minor number"))
        });
        mknodat(CWD, path, kind, Mode::from_raw_mode(0o644), device).map_err(io::Error::from)
    };
    match item.kind.as_str() {
        "d" if path.is_dir() => Ok(()),
        "d" => fs::create_dir(path),
        "f" => write_file(path, item),
        "l" => symlink(OsStr::from_bytes(&item.target), path),
        "h" => fs::hard_link(top.join(OsStr::from_bytes(&item.target)), path),
        "p" => node(FileType::Fifo),
        "s" => node(FileType::Socket),
        "c" => node(FileType::CharacterDevice),
        "b" => node(FileType::BlockDevice),
        "many" => {
            fs::create_dir(path)?;
            many(path, item, made)
        }
        kind => panic!("unknown kind {kind}"),
    }
}

fn many(path: &Path, item: &Item, made: &mut Vec<(PathBuf, Item)>) -> io::Result<()> {
    let count = item.number("count").expect("many needs a count");
    let per = item.number("per").unwrap_or(count).max(1);
    for index in 0..count {
        let mut folder = path.to_path_buf();
        let mut name = item.path.clone();
        if per < count {
            folder.push((index / per).to_string());
            name.extend_from_slice(format!("/{}", index / per).as_bytes());
            if index % per == 0 {
                fs::create_dir(&folder)?;
                made.push((folder.clone(), Item::folder(&name)));
            }
        }
        let leaf = (index % per).to_string();
        name.extend_from_slice(format!("/{leaf}").as_bytes());
        let file = Item {
            kind: "f".to_owned(),
            path: name,
            settings: item.settings.clone(),
            ..Item::default()
        };
        let file_path = folder.join(leaf);
        write_file(&file_path, &file)?;
        finish(&file_path, &file)?;
    }
    Ok(())
}

fn write_file(path: &Path, item: &Item) -> io::Result<()> {
    let size = item.number("size").unwrap_or(0);
    if let Some(extents) = item.text("data") {
        let file = File::create(path)?;
        file.set_len(size)?;
        for extent in extents.split(',') {
            let (offset, length) = extent.split_once(':').expect("an extent is offset:length");
            let mut bytes = vec![0; parse_size(length) as usize];
            fastrand::Rng::with_seed(item.seed()).fill(&mut bytes);
            file.write_all_at(&bytes, parse_size(offset))?;
        }
        return Ok(());
    }
    fs::write(path, content(item, size as usize))
}

fn content(item: &Item, size: usize) -> Vec<u8> {
    if let Some(text) = item.settings.get("text") {
        return text.clone();
    }
    let seed = item.number("seed").unwrap_or_else(|| item.seed());
    let mut bytes = vec![0; size];
    let mut rng = fastrand::Rng::with_seed(seed);
    match item.text("fill").unwrap_or("random") {
        "random" => rng.fill(&mut bytes),
        "zero" => {}
        // Compresses well, but not trivially.
        "words" => {
            const WORDS: [&[u8]; 8] =
                [b"basis ", b"generator ", b"the ", b"file list\n", b"of ", b"a ", b"sum ", b"x\n"];
            let mut at = 0;
            while at < size {
                let word = WORDS[rng.usize(..WORDS.len())];
                let length = word.len().min(size - at);
                bytes[at..at + length].copy_from_slice(&word[..length]);
                at += length;
            }
        }
        fill => panic!("unknown fill {fill}"),
    }
    for _ in 0..item.number("edits").unwrap_or(0) {
        let at = rng.usize(..size);
        bytes[at] ^= 0x55;
    }
    if let Some(insertion) = item.text("insert") {
        let (offset, length) = insertion.split_once(':').expect("an insertion is offset:length");
        let offset = parse_size(offset) as usize;
        let new = (0..parse_size(length)).map(|_| rng.u8(..)).collect::<Vec<_>>();
        bytes.splice(offset..offset, new);
    }
    if let Some(length) = item.number("append") {
        bytes.extend((0..length).map(|_| rng.u8(..)));
    }
    if let Some(length) = item.number("cut") {
        bytes.truncate(length as usize);
    }
    bytes
}

fn finish(path: &Path, item: &Item) -> io::Result<()> {
    if item.kind == "h" {
        return Ok(());
    }
    let link = item.kind == "l";
    if item.settings.contains_key("uid") || item.settings.contains_key("gid") {
        let uid = item.number("uid").map(|id| Uid::from_raw(id as u32));
        let gid = item.number("gid").map(|id| Gid::from_raw(id as u32));
        chownat(CWD, path, uid, gid, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    if !link {
        let octal = item.text("mode").map(|text| u32::from_str_radix(text, 8));
        let default = if matches!(item.kind.as_str(), "d" | "many") { 0o755 } else { 0o644 };
        let mode = octal.unwrap_or(Ok(default)).expect("a mode is octal");
        chmodat(CWD, path, Mode::from_raw_mode(mode), AtFlags::empty())?;
    }
    for (option, name) in [("-m", "acl"), ("-dm", "dacl")] {
        if let Some(acl) = item.text(name) {
            let status = Command::new("setfacl").args([option, acl]).arg(path).status()?;
            assert!(status.success(), "setfacl {option} {acl} {}", path.display());
        }
    }
    for (name, value) in &item.settings {
        if let Some(name) = name.strip_prefix("x:") {
            lsetxattr(path, name, value, XattrFlags::empty())?;
        }
    }
    let mtime = item.text("mtime").map_or_else(|| default_time(item), parse_time);
    let atime =
        item.text("atime").map_or(Timespec { tv_sec: mtime.tv_sec + 60, tv_nsec: 0 }, parse_time);
    let times = Timestamps { last_access: atime, last_modification: mtime };
    utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(())
}

fn default_time(item: &Item) -> Timespec {
    let seed = item.seed();
    Timespec {
        tv_sec: 1_400_000_000 + (seed % 100_000_000) as i64,
        tv_nsec: (seed >> 32) as i64 % 1_000_000_000,
    }
}

fn parse_time(text: &str) -> Timespec {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let nanoseconds = format!("{fraction:0<9}");
    Timespec {
        tv_sec: seconds.parse().expect("a time is a number"),
        tv_nsec: nanoseconds.parse().expect("a fraction has at most nine digits"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(unescape(r"a\sb\n\x80\{x*3}y\\"), b"a b\n\x80xxxy\\");
    }

    #[test]
    fn a_tree_does_not_tell_when_it_was_built() {
        let top = tempfile::tempdir().unwrap();
        let time = |name: &str| fs::metadata(top.path().join(name)).unwrap().mtime();
        build(top.path(), "f src/a/b\nd dst mtime=7\nd other mtime=8");
        let before = ["", "src", "src/a", "dst", "other"].map(time);
        assert_eq!((before[3], before[4]), (7, 8));
        build(top.path(), "f src/a/c\nf dst/new/x\nf src/d\nf other/y\nd other mtime=9\nf z");
        let after = ["", "src", "src/a", "dst", "other"].map(time);
        assert_eq!(after[..4], before[..4]);
        assert_eq!(after[4], 9);
    }

    #[test]
    fn the_same_name_is_the_same_file_until_a_line_says_otherwise() {
        let top = tempfile::tempdir().unwrap();
        build(
            top.path(),
            "f src/a size=5000\nf dst/a size=5000\nf src/b size=9 mtime=-5.25 mode=600\nf dst/b size=9 edits=1",
        );
        let read = |name: &str| fs::read(top.path().join(name)).unwrap();
        assert_eq!(read("src/a"), read("dst/a"));
        assert_eq!(read("src/a").len(), 5000);
        assert_ne!(read("src/b"), read("dst/b"));
        let a = fs::metadata(top.path().join("src/a")).unwrap();
        let other = fs::metadata(top.path().join("dst/a")).unwrap();
        assert_eq!((a.mtime(), a.mtime_nsec()), (other.mtime(), other.mtime_nsec()));
        let b = fs::metadata(top.path().join("src/b")).unwrap();
        assert_eq!(b.mode() & 0o7777, 0o600);
        // The fraction counts forward from the whole second, as in the system's own times.
        assert_eq!((b.mtime(), b.mtime_nsec()), (-5, 250_000_000));
    }
}
