//! Everything about a tree that a copy can get right or wrong.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::hash::Hasher;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{lgetxattr, llistxattr};

/// What a snapshot records beyond type, rights, owner, modification time, content, links and attributes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Details {
    /// Access times.
    pub atimes: bool,
    /// Whether a file has holes.
    pub holes: bool,
}

/// A tree: each path below the top with its properties, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    nodes: BTreeMap<Vec<u8>, BTreeMap<&'static str, String>>,
}

impl Snapshot {
    /// Describes the tree below `top`. Times from `now` on are recorded as `now`: two runs cannot agree on them.
    ///
    /// # Panics
    ///
    /// When a part of the tree cannot be read.
    pub fn take(top: &Path, details: Details, now: SystemTime) -> Self {
        let now = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        let mut walk = Walk { details, now, groups: BTreeMap::new(), nodes: BTreeMap::new() };
        walk.folder(top, b"").unwrap_or_else(|error| panic!("{}: {error}", top.display()));
        for mut paths in walk.groups.into_values() {
            // Folders are read in whatever order the file system has.
            paths.sort_unstable();
            if let [first, _, ..] = paths.as_slice() {
                let first = first.escape_ascii().to_string();
                for path in &paths {
                    let node = walk.nodes.get_mut(path).expect("a grouped path was recorded");
                    node.insert("linked with", first.clone());
                }
            }
        }
        Self { nodes: walk.nodes }
    }

    /// How `self`, the truth, differs from `other`: one line a property, empty when nothing does.
    pub fn diff(&self, other: &Self) -> String {
        let mut text = String::new();
        for (path, truth) in &self.nodes {
            let name = path.escape_ascii();
            let Some(node) = other.nodes.get(path) else {
                let _ = writeln!(text, "  {name}: missing");
                continue;
            };
            let mut keys: Vec<_> = truth.keys().chain(node.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                let (wanted, found) = (truth.get(key), node.get(key));
                if wanted != found {
                    let wanted = wanted.map_or("none", String::as_str);
                    let found = found.map_or("none", String::as_str);
                    let _ = writeln!(text, "  {name}: {key} is {found}, should be {wanted}");
                }
            }
        }
        for (path, node) in &other.nodes {
            if !self.nodes.contains_key(path) {
                let _ = writeln!(text, "  {}: unexpected {}", path.escape_ascii(), node["type"]);
            }
        }
        text
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether the tree has an item at `path`.
    pub fn contains(&self, path: &str) -> bool {
        self.nodes.contains_key(path.as_bytes())
    }
}

struct Walk {
    details: Details,
    now: i64,
    groups: BTreeMap<(u64, u64), Vec<Vec<u8>>>,
    nodes: BTreeMap<Vec<u8>, BTreeMap<&'static str, String>>,
}

impl Walk {
    fn folder(&mut self, folder: &Path, below: &[u8]) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let path = folder.join(&name);
            let mut relative = below.to_vec();
            if !relative.is_empty() {
                relative.push(b'/');
            }
            relative.extend_from_slice(name.as_bytes());
            let node = self.node(&path, &relative)?;
            let is_folder = node["type"] == "directory";
            self.nodes.insert(relative.clone(), node);
            if is_folder {
                self.folder(&path, &relative)?;
            }
        }
        Ok(())
    }

    fn node(&mut self, path: &Path, relative: &[u8]) -> io::Result<BTreeMap<&'static str, String>> {
        // Before the content: reading changes the access time.
        let meta = fs::symlink_metadata(path)?;
        let kind = meta.file_type();
        let mut node = BTreeMap::new();
        let name = if kind.is_dir() {
            "directory"
        } else if kind.is_file() {
            "file"
        } else if kind.is_symlink() {
            "symlink"
        } else if kind.is_fifo() {
            "fifo"
        } else if kind.is_socket() {
            "socket"
        } else if kind.is_char_device() {
            "character device"
        } else {
            "block device"
        };
        node.insert("type", name.to_owned());
        node.insert("owner", format!("{}:{}", meta.uid(), meta.gid()));
        node.insert("mtime", self.time(meta.mtime(), meta.mtime_nsec()));
        if self.details.atimes && !kind.is_dir() {
            node.insert("atime", self.time(meta.atime(), meta.atime_nsec()));
        }
        if kind.is_symlink() {
            let target = fs::read_link(path)?;
            node.insert("target", target.as_os_str().as_bytes().escape_ascii().to_string());
        } else {
            node.insert("mode", format!("{:04o}", meta.mode() & 0o7777));
        }
        if kind.is_char_device() || kind.is_block_device() {
            node.insert("device", format!("{:x}", meta.rdev()));
        }
        if kind.is_file() {
            node.insert("size", meta.size().to_string());
            node.insert("content", content(path, meta.size())?);
            if self.details.holes {
                let holes = meta.blocks() * 512 + 4096 < meta.size();
                node.insert("holes", holes.to_string());
            }
        }
        if !kind.is_dir() && meta.nlink() > 1 {
            self.groups.entry((meta.dev(), meta.ino())).or_default().push(relative.to_vec());
        }
        let attributes = attributes(path)?;
        if !attributes.is_empty() {
            node.insert("attributes", attributes);
        }
        Ok(node)
    }

    fn time(&self, seconds: i64, nanoseconds: i64) -> String {
        // A day is far longer than a run and far shorter than the distance to any time a scenario sets.
        if (self.now - 5..self.now + 86_400).contains(&seconds) {
            "now".to_owned()
        } else {
            format!("{seconds}.{nanoseconds:09}")
        }
    }
}

/// A hash of the content that does not depend on holes: blocks of zeros do not enter it.
fn content(path: &Path, size: u64) -> io::Result<String> {
    const BLOCK: u64 = 4096;
    let file = File::open(path)?;
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write_u64(size);
    let mut buffer = vec![0; 256 << 10];
    let shown = file.read_at(&mut buffer[..24], 0)?;
    let start = buffer[..shown].escape_ascii().to_string();
    let mut at = 0;
    while at < size {
        match rustix::fs::seek(&file, rustix::fs::SeekFrom::Data(at)) {
            Ok(data) => at = data / BLOCK * BLOCK,
            Err(rustix::io::Errno::NXIO) => break,
            Err(error) => return Err(error.into()),
        }
        let read = file.read_at(&mut buffer, at)?;
        if read == 0 {
            break;
        }
        // A short read inside the file would shift the blocks.
        let used = if read as u64 > BLOCK { read as u64 / BLOCK * BLOCK } else { read as u64 };
        for (index, block) in buffer[..used as usize].chunks(BLOCK as usize).enumerate() {
            if block.iter().any(|&byte| byte != 0) {
                hasher.write_u64(at / BLOCK + index as u64);
                hasher.write(block);
            }
        }
        at += used;
    }
    Ok(format!("{:016x} ({start}…)", hasher.finish()))
}

fn attributes(path: &Path) -> io::Result<String> {
    let mut list = vec![0; 64 << 10];
    let length = match llistxattr(path, list.as_mut_slice()) {
        Ok(length) => length,
        Err(rustix::io::Errno::OPNOTSUPP) => return Ok(String::new()),
        Err(error) => return Err(error.into()),
    };
    let mut names: Vec<_> =
        list[..length].split(|&byte| byte == 0).filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    let mut text = Vec::new();
    for name in names {
        let mut value = vec![0; 64 << 10];
        let length = lgetxattr(path, OsStr::from_bytes(name), value.as_mut_slice())?;
        let value = &value[..length];
        let shown = match name {
            b"system.posix_acl_access" | b"system.posix_acl_default" => acl(value),
            _ if length > 100 => {
                let mut hasher = std::hash::DefaultHasher::new();
                hasher.write(value);
                format!("{length} bytes, {:016x}", hasher.finish())
            }
            _ => value.escape_ascii().to_string(),
        };
        text.push(format!("{}={shown}", name.escape_ascii()));
    }
    Ok(text.join(" "))
}

/// The kernel's form of an ACL in words.
fn acl(value: &[u8]) -> String {
    let mut text = Vec::new();
    for entry in value.get(4..).unwrap_or_default().chunks_exact(8) {
        let tag = u16::from_le_bytes([entry[0], entry[1]]);
        let rights = u16::from_le_bytes([entry[2], entry[3]]);
        let id = u32::from_le_bytes([entry[4], entry[5], entry[6], entry[7]]);
        let who = match tag {
            1 => "u:".to_owned(),
            2 => format!("u:{id}"),
            4 => "g:".to_owned(),
            8 => format!("g:{id}"),
            16 => "mask".to_owned(),
            _ => "other".to_owned(),
        };
        text.push(format!("{who}:{rights:o}"));
    }
    text.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::build;

    fn of(spec: &str) -> Snapshot {
        let top = tempfile::tempdir().unwrap();
        build(top.path(), spec);
        Snapshot::take(top.path(), Details::default(), SystemTime::now())
    }

    #[test]
    fn equal_trees_do_not_differ() {
        let spec = "f s/a size=70000\nh s/b -> s/a\nl s/l -> a\np s/p\nf s/h size=1M data=500K:10";
        assert_eq!(of(spec).diff(&of(spec)), "");
    }

    #[test]
    fn every_property_is_seen() {
        let base = "f s/a size=10 x:user.n=v\nf s/b size=10\nl s/l -> a";
        for (changed, word) in [
            ("f s/a size=10 x:user.n=w\nf s/b size=10\nl s/l -> a", "attributes"),
            ("f s/a size=10 x:user.n=v mtime=7\nf s/b size=10\nl s/l -> a", "mtime"),
            ("f s/a size=10 x:user.n=v mode=600\nf s/b size=10\nl s/l -> a", "mode"),
            ("f s/a size=10 x:user.n=v edits=1\nf s/b size=10\nl s/l -> a", "content"),
            ("f s/a size=11 x:user.n=v\nf s/b size=10\nl s/l -> a", "size"),
            ("f s/a size=10 x:user.n=v\nf s/b size=10\nl s/l -> b", "target"),
            ("f s/a size=10 x:user.n=v\nh s/b -> s/a\nl s/l -> a", "linked with"),
            ("f s/a size=10 x:user.n=v\nl s/l -> a", "missing"),
            ("f s/a size=10 x:user.n=v\nf s/b size=10\nf s/c\nl s/l -> a", "unexpected"),
            ("f s/a size=10 x:user.n=v\nd s/b\nl s/l -> a", "type"),
        ] {
            let diff = of(base).diff(&of(changed));
            assert!(diff.contains(word), "{word}: {diff}");
        }
    }

    #[test]
    fn holes_do_not_change_the_content() {
        let sparse = of("f s/h size=1M data=500K:10 mtime=1");
        let top = tempfile::tempdir().unwrap();
        build(top.path(), "f s/h size=1M data=500K:10 mtime=1");
        let dense = fs::read(top.path().join("s/h")).unwrap();
        fs::write(top.path().join("s/h"), dense).unwrap();
        let dense = Snapshot::take(top.path(), Details::default(), SystemTime::now());
        assert!(!sparse.diff(&dense).contains("content"));
    }
}
