//! The names in a directory, and looking at their files ahead of whoever lists them.

use fsroot::{Kind, Root, Stat};
use std::{
    io,
    sync::mpsc::{self, Receiver},
    thread::{Builder, Scope},
    vec,
};
use wire::RelPath;

/// The names in a directory in the order of their bytes, all in one buffer.
#[derive(Default)]
pub(super) struct Names {
    bytes: Vec<u8>,
    sorted: Vec<Name>,
}

struct Name {
    /// The first bytes as a number, which decides nearly every comparison.
    head: u64,
    at: usize,
    len: u32,
    kind: Option<Kind>,
}

impl Name {
    fn of<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        &bytes[self.at..][..self.len as usize]
    }
}

/// Names have no zero bytes, so that what is behind the end of a short one is less than any other's byte.
fn head(name: &[u8]) -> u64 {
    let mut head = [0; 8];
    let len = name.len().min(head.len());
    head[..len].copy_from_slice(&name[..len]);
    u64::from_be_bytes(head)
}

impl Names {
    /// Reads a directory.
    pub fn read(root: &mut Root, dir: &RelPath) -> io::Result<Names> {
        let mut names = Names::default();
        root.scan_dir(dir, |name, kind, _| names.push(name, kind))?;
        names.sort();
        Ok(names)
    }

    fn push(&mut self, name: &[u8], kind: Option<Kind>) {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(name);
        self.sorted.push(Name { head: head(name), at, len: name.len() as u32, kind });
    }

    fn sort(&mut self) {
        let bytes = &self.bytes;
        self.sorted.sort_unstable_by(|a, b| {
            a.head.cmp(&b.head).then_with(|| a.of(bytes).cmp(b.of(bytes)))
        });
    }

    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Each name, with its file's type if that is known.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Option<Kind>)> {
        self.sorted.iter().map(|name| (name.of(&self.bytes), name.kind))
    }
}

/// Names from which on it is worth a thread to look ahead.
pub(super) const MANY: usize = 2000;
/// Files of which the thread tells at once.
const BATCH: usize = 128;
/// How often it may tell before anybody listens.
const WAITING: usize = 16;

/// What a thread of its own sees of the files of a directory, one after the other.
pub(super) struct Ahead {
    seen: Receiver<Vec<io::Result<Stat>>>,
    batch: vec::IntoIter<io::Result<Stat>>,
}

impl Ahead {
    /// Begins to look at all files of the directory `dir`; `None` if the system has no thread for that.
    pub fn begin<'s, 'e: 's>(
        scope: &'s Scope<'s, 'e>,
        mut root: Root,
        dir: &'e RelPath,
        names: &'e Names,
    ) -> Option<Ahead> {
        let (tell, seen) = mpsc::sync_channel(WAITING);
        let look = move || {
            for batch in names.sorted.chunks(BATCH) {
                let look = |name: &Name| match dir.join(name.of(&names.bytes)) {
                    Some(path) => root.lstat(&path),
                    None => Err(io::ErrorKind::InvalidInput.into()),
                };
                if tell.send(batch.iter().map(look).collect()).is_err() {
                    return;
                }
            }
        };
        Builder::new().name("looking ahead".into()).spawn_scoped(scope, look).ok()?;
        Some(Ahead { seen, batch: Vec::new().into_iter() })
    }
}

impl Iterator for Ahead {
    type Item = io::Result<Stat>;

    fn next(&mut self) -> Option<io::Result<Stat>> {
        self.batch.next().or_else(|| {
            self.batch = self.seen.recv().ok()?.into_iter();
            self.batch.next()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_their_bytes() {
        let mut names = Names::default();
        let mut want: Vec<&[u8]> = vec![
            b"a",
            b"a\x01",
            b"b",
            b"12345678",
            b"123456789",
            b"1234567",
            b"12345678a",
            b"\xff",
            b"a b",
            b"12345678\xff",
            b"123456780",
            b"A",
        ];
        want.iter().for_each(|name| names.push(name, None));
        names.sort();
        want.sort_unstable();
        assert_eq!(names.iter().map(|(name, _)| name).collect::<Vec<_>>(), want);
    }

    #[test]
    fn looking_ahead_sees_what_looking_sees() {
        let dir = tempfile::tempdir().expect("a directory");
        let count = 3 * BATCH + 1;
        for i in 0..count {
            std::fs::write(dir.path().join(i.to_string()), "x".repeat(i)).expect("a file");
        }
        let mut root = Root::open(dir.path()).expect("it is there");
        let top = RelPath::root();
        let names = Names::read(&mut root, &top).expect("it can be read");
        std::fs::remove_file(dir.path().join("7")).expect("it was there");
        let path = |name| RelPath::new(name).expect("legal");
        let want: Vec<_> =
            names.iter().map(|(name, _)| root.lstat(&path(name)).map(|st| st.len).ok()).collect();
        let seen: Vec<_> = std::thread::scope(|scope| {
            let ahead = Ahead::begin(scope, root.clone(), &top, &names).expect("a thread");
            ahead.map(|seen| seen.map(|st| st.len).ok()).collect()
        });
        assert_eq!(seen.len(), count);
        assert_eq!(seen, want);
        // Who does not listen any more is not told.
        std::thread::scope(|scope| drop(Ahead::begin(scope, root, &top, &names)));
    }
}
