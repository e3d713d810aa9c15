//! A similar file as the basis of one that the destination lacks (`--fuzzy`).
//!
//! Candidates are the regular files with content beside the missing one and, with `-yy`, those in the same place of each alternate
//! directory. One of equal size and mtime is taken at once; else the one whose name is most alike. Each directory is read once, so
//! only the candidates of the directory that is being worked on are kept.
use super::{
    super::{altdest::AltDir, attrs::about, fuzzy::Similar},
    Generator, Node, is_missing,
};
use crate::{log::Class, log::named, operator::say_foreign_link, session::io_error};
use fast_io::SendHalf;
use filters::Verdict;
use fsroot::Kind;
use std::collections::HashSet;
use wire::RelPath;

/// What a difference of one byte costs at least.
const UNIT: u32 = 1 << 16;
/// A name that costs more is not similar.
const CEILING: u32 = 25 * UNIT;
/// Differences of suffixes count this many times more.
const SUFFIX_WEIGHT: u32 = 10;
/// A name whose length alone makes it too different.
const TOO_DIFFERENT: u32 = 0xffff * UNIT + 1;

/// A file that may serve as a basis.
#[derive(Debug)]
struct Candidate {
    name: Box<[u8]>,
    len: u64,
    mtime: i64,
}

/// The candidates of one directory.
#[derive(Debug)]
struct Place {
    /// The alternate directory that it lies in; `None`: the destination.
    alternate: Option<u8>,
    /// By name.
    candidates: Vec<Candidate>,
}

/// What there is to choose from.
#[derive(Debug, Default)]
pub(super) struct Fuzzy {
    /// The directory that the rest is about.
    dir: Option<RelPath>,
    /// Empty until something is looked for.
    places: Vec<Place>,
    searched: bool,
    /// Files in it that this run replaces: by the time of the answer they may be others.
    begun: HashSet<Box<[u8]>>,
}

impl Fuzzy {
    fn enter(&mut self, dir: RelPath) {
        if self.dir.as_ref() != Some(&dir) {
            *self = Fuzzy { dir: Some(dir), ..Fuzzy::default() };
        }
    }

    /// A file is about to be replaced.
    pub fn begin(&mut self, path: &RelPath) {
        let (Some(dir), Some((_, leaf))) = (path.parent(), path.split()) else { return };
        self.enter(dir);
        self.begun.insert(leaf.into());
    }

    /// The candidates that will stay as they are, in their order.
    fn candidates(&self) -> impl Iterator<Item = (Option<u8>, &Candidate)> {
        let all = self.places.iter().flat_map(|p| p.candidates.iter().map(|c| (p.alternate, c)));
        all.filter(|(alternate, c)| alternate.is_some() || !self.begun.contains(&c.name))
    }

    /// The first of this size and mtime.
    fn same(&self, len: u64, mtime: i64, window: u64) -> Option<(Option<u8>, &Candidate)> {
        self.candidates().find(|(_, c)| c.len == len && c.mtime.abs_diff(mtime) <= window)
    }

    /// The last of those whose names are most alike; `seen` is told of every score.
    fn alike(
        &self,
        target: &[u8],
        mut seen: impl FnMut(Option<u8>, &Candidate, u32),
    ) -> Option<(Option<u8>, &Candidate)> {
        let (mut best, mut lowest) = (None, CEILING);
        for (alternate, c) in self.candidates() {
            let score = score(&c.name, target, lowest);
            seen(alternate, c, score);
            if score <= lowest {
                (best, lowest) = (Some((alternate, c)), score);
            }
        }
        best
    }
}

impl<W: SendHalf> Generator<W> {
    /// A file that is similar to one that the destination lacks.
    pub(super) fn find_similar(&mut self, node: &Node) -> Option<Similar> {
        let session = self.session.clone();
        let (depth, debug) = (session.settings.fuzzy, session.settings.debug.fuzzy);
        // A dry run does not look for anything below a destination that does not exist.
        if depth == 0 || self.root.is_none() {
            return None;
        }
        // It is the name at the source that counts, even if the file is to have another.
        let (dir, target) = (node.path.parent()?, leaf(&node.name));
        let mut fuzzy = std::mem::take(&mut self.fuzzy);
        fuzzy.enter(dir.clone());
        if !std::mem::replace(&mut fuzzy.searched, true) {
            fuzzy.places.extend(self.read_place(&dir, None));
            let alternates = self.alt_dirs.as_ref().map_or(0, |dirs| dirs.dirs.len());
            for number in (0..alternates).filter(|_| depth >= 2) {
                fuzzy.places.extend(self.read_place(&dir, u8::try_from(number).ok()));
            }
        }
        let window = u64::try_from(session.settings.modify_window).unwrap_or(0);
        let mut found = fuzzy.same(node.want.len, node.want.mtime, window);
        if let (Some((alternate, c)), true) = (found, debug >= 2) {
            let shown = self.shown_candidate(&dir, alternate, &c.name);
            self.log.info([b"fuzzy size/modtime match for ", &shown[..]].concat());
        }
        if found.is_none() {
            found = fuzzy.alike(target, |alternate, c, score| {
                if debug >= 2 {
                    let shown = self.shown_candidate(&dir, alternate, &c.name);
                    let score = format!(" = {}.{:05}", score / UNIT, score % UNIT);
                    let text = [b"fuzzy distance for ", &shown[..], score.as_bytes()].concat();
                    self.log.info(text);
                }
            });
        }
        let found = found.and_then(|(alternate, c)| {
            let path = dir.join(&c.name)?;
            let st = match alternate {
                None => self.root.as_mut()?.lstat(&path),
                Some(number) => self.alt_dirs.as_mut()?.root(number)?.lstat(&path),
            };
            // It may have changed meanwhile.
            let st = st.ok().filter(|st| st.kind == Kind::Regular && st.len > 0)?;
            if debug >= 1 {
                let mut text = [b"fuzzy basis selected for ", node.path.as_bytes(), b": "].concat();
                text.extend_from_slice(&self.shown_candidate(&dir, alternate, &c.name));
                self.log.info(text);
            }
            Some(Similar { alternate, name: c.name.to_vec(), st })
        });
        self.fuzzy = fuzzy;
        found
    }

    /// The candidates in one directory.
    fn read_place(&mut self, dir: &RelPath, alternate: Option<u8>) -> Option<Place> {
        let root = match alternate {
            None => self.root.as_mut()?,
            Some(number) => match self.alt_dirs.as_mut()?.dirs.get_mut(usize::from(number))? {
                AltDir::Open(root) => root,
                AltDir::Closed(refusal) => {
                    refusal.say(&self.log);
                    return None;
                }
            },
        };
        let entries = match root.read_dir(dir) {
            Ok(entries) => entries,
            Err(e) => {
                say_foreign_link(&self.log);
                if !is_missing(&e) {
                    let text = about("opendir", &root.quoted(dir), " failed");
                    self.log.sys_error(Class::ErrorXfer, text, &e);
                    self.session.status.add_io_error(io_error::GENERAL);
                    self.deleter.errors |= io_error::GENERAL;
                }
                return None;
            }
        };
        if self.session.settings.debug.flist > 1 {
            for path in entries.iter().filter_map(|e| dir.join(&e.name)) {
                let shown = match alternate {
                    None => path.as_bytes().to_vec(),
                    Some(_) => root.display(&path),
                };
                self.log.info(named("[generator] make_file(", &shown, ",*,1)"));
            }
        }
        let hidden = self.daemon_filters.as_ref();
        let mut candidates: Vec<Candidate> = entries
            .into_iter()
            .filter(|e| e.kind.is_none_or(|kind| kind == Kind::Regular))
            .filter_map(|e| {
                let path = dir.join(&e.name)?;
                if hidden
                    .is_some_and(|f| f.check(path.as_bytes(), false, false) == Verdict::Exclude)
                {
                    return None;
                }
                let st = root.lstat(&path).ok()?;
                let fits = st.kind == Kind::Regular && st.len > 0;
                fits.then(|| Candidate { name: e.name.into(), len: st.len, mtime: st.mtime })
            })
            .collect();
        candidates.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Some(Place { alternate, candidates })
    }

    /// A candidate's path as messages show it.
    fn shown_candidate(&self, dir: &RelPath, alternate: Option<u8>, name: &[u8]) -> Vec<u8> {
        let path = dir.join(name).unwrap_or_else(RelPath::root);
        let dirs = self.alt_dirs.as_ref().map(|dirs| &dirs.dirs);
        match alternate.and_then(|number| dirs?.get(usize::from(number))) {
            Some(AltDir::Open(root)) => root.display(&path),
            _ => path.as_bytes().to_vec(),
        }
    }
}

/// The last component of a name.
fn leaf(name: &[u8]) -> &[u8] {
    name.rsplit(|byte| *byte == b'/').next().unwrap_or(name)
}

/// How much a candidate's name differs from the one that is wanted.
fn score(name: &[u8], target: &[u8], limit: u32) -> u32 {
    match distance(name, target, limit) {
        TOO_DIFFERENT => TOO_DIFFERENT,
        names => {
            let suffixes = distance(suffix(name), suffix(target), u32::MAX);
            names.saturating_add(suffixes.saturating_mul(SUFFIX_WEIGHT))
        }
    }
}

/// An edit distance in which the values of the bytes count as well, though little. Names whose lengths differ by more than `limit`
/// are not compared.
fn distance(a: &[u8], b: &[u8], limit: u32) -> u32 {
    // Names and their differences are short, so that nothing overflows: 255 bytes cost at most 255 units and 255 * 255.
    let units = |n: usize| u32::try_from(n).unwrap_or(0xfffe).min(0xfffe) * UNIT;
    if units(a.len().abs_diff(b.len())) > limit {
        return TOO_DIFFERENT;
    }
    if a.is_empty() || b.is_empty() {
        let rest = if a.is_empty() { b } else { a };
        let values: i32 = rest.iter().map(|byte| i32::from(*byte as i8)).sum();
        return units(rest.len()).saturating_add_signed(values);
    }
    let mut row: Vec<u32> = (1..=b.len()).map(units).collect();
    for (i, x) in a.iter().enumerate() {
        let (mut diagonal, mut left) = (units(i), units(i + 1));
        for (y, cell) in b.iter().zip(&mut row) {
            let above = *cell;
            let replaced =
                if x == y { diagonal } else { diagonal + UNIT + u32::from(x.abs_diff(*y)) };
            let other = match left <= above {
                true => left + UNIT + u32::from(*y),
                false => above + UNIT + u32::from(*x),
            };
            diagonal = above;
            left = replaced.min(other);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(TOO_DIFFERENT)
}

/// The part of a name that says what kind of file it is, past numbers and what marks old versions (`.bak`, `.~1~`).
fn suffix(name: &[u8]) -> &[u8] {
    let dots = name.iter().take_while(|byte| **byte == b'.').count();
    let mut rest = &name[dots..];
    let tilde = rest.ends_with(b"~");
    if tilde {
        rest = &rest[..rest.len() - 1];
    }
    let (mut number, mut first): (&[u8], bool) = (b"", true);
    while let Some(at) = rest.iter().rposition(|byte| *byte == b'.') {
        let part;
        (rest, part) = rest.split_at(at);
        let marks_old = match tilde {
            // Of two and three digits rsync thinks otherwise.
            true => {
                part.starts_with(b".~")
                    && part.get(2).is_some_and(u8::is_ascii_digit)
                    && !matches!(part.len(), 4 | 5)
            }
            false => {
                std::mem::replace(&mut first, false) && matches!(part, b".bak" | b".old" | b".orig")
            }
        };
        if marks_old {
            continue;
        }
        if part.len() == 1 || !part[1..].iter().all(u8::is_ascii_digit) {
            return part;
        }
        number = part;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes() {
        for (name, expected) in [
            ("x.c", ".c"),
            ("plain", ""),
            (".c", ""),
            ("..x.c", ".c"),
            ("x.", "."),
            ("x.c~", ".c"),
            // One mark of an old version is looked behind, the next one is a suffix.
            ("x.bak", ""),
            ("x.tar.bak", ".tar"),
            ("x.bak.old.orig", ".old"),
            ("x.c.bak~", ".bak"),
            ("x.c.~1~", ".c"),
            ("x.c.~1.~2~", ".c"),
            ("x.c.~12~", ".~12"),
            ("x.c.~1234~", ".c"),
            ("x.c.~1", ".~1"),
            ("x.~a~", ".~a"),
            // Numbers count only if there is nothing better, and then the first.
            ("x.1.23", ".1"),
            ("x.c.1.2", ".c"),
            ("x.1.bak", ".1"),
            ("x.bak.1", ".bak"),
            ("x..1", "."),
            ("x.1a", ".1a"),
            ("", ""),
            ("~", ""),
            ("...", ""),
        ] {
            let found = suffix(name.as_bytes());
            assert_eq!(String::from_utf8_lossy(found), expected, "{name}");
        }
    }

    #[test]
    fn scores() {
        // As `--debug=FUZZY2` of rsync 3.5.0 shows them.
        for (name, target, units, rest) in [
            (".foo-1.2.tar.gz.bak", "foo-1.2.tar.gz", 5, 348),
            ("bar-1.2.tar.gz", "foo-1.2.tar.gz", 3, 21),
            ("foo-1.1.tar.gz", "foo-1.2.tar.gz", 1, 1),
            ("foo-1.2.tar.bz2", "foo-1.2.tar.gz", 22, 605),
            ("foo-1.2.tar.gz~", "foo-1.2.tar.gz", 1, 126),
            ("neu", "new1", 2, 51),
            ("zzz", "new1", 4, 85),
        ] {
            let found = score(name.as_bytes(), target.as_bytes(), CEILING);
            assert_eq!((found / UNIT, found % UNIT), (units, rest), "{name}");
        }
        assert_eq!(score(b"x", b"foo-1.2.tar.gz", UNIT + 1), TOO_DIFFERENT);
        assert_eq!(score(b"", b"", 0), 0);
        // Bytes of a suffix that there is nothing to compare with have a sign.
        assert_eq!(
            score(b"a.\xc3", b"a", CEILING),
            2 * UNIT + 46 + 195 + 10 * (2 * UNIT + 46 - 61)
        );
        let long = vec![b'a'; 4000];
        assert_eq!(score(b"a", &long, u32::MAX) / UNIT, 3999);
    }

    fn place(alternate: Option<u8>, files: &[(&str, u64, i64)]) -> Place {
        let candidate = |(name, len, mtime): &(&str, u64, i64)| Candidate {
            name: name.as_bytes().into(),
            len: *len,
            mtime: *mtime,
        };
        Place { alternate, candidates: files.iter().map(candidate).collect() }
    }

    fn shown(found: Option<(Option<u8>, &Candidate)>) -> Option<(Option<u8>, String)> {
        found.map(|(alternate, c)| (alternate, String::from_utf8_lossy(&c.name).into_owned()))
    }

    #[test]
    fn the_first_of_equal_size_and_time_or_the_last_of_the_most_alike() {
        let mut fuzzy = Fuzzy {
            places: vec![
                place(None, &[("new0", 10, 5), ("new2", 11, 5)]),
                place(Some(0), &[("new2", 10, 7), ("other", 10, 5)]),
            ],
            ..Fuzzy::default()
        };
        assert_eq!(shown(fuzzy.same(10, 5, 0)), Some((None, "new0".into())));
        assert_eq!(shown(fuzzy.same(10, 8, 1)), Some((Some(0), "new2".into())));
        assert_eq!(shown(fuzzy.same(12, 5, 9)), None);
        let mut seen = 0;
        let found = fuzzy.alike(b"new1", |_, _, _| seen += 1);
        assert_eq!(shown(found), Some((Some(0), "new2".into())));
        assert_eq!(seen, 4);
        assert_eq!(shown(fuzzy.alike(&[b'x'; 40], |_, _, _| ())), None);
        // What is being replaced in the destination does not count any more.
        let path = |name: &str| RelPath::new(name.as_bytes()).unwrap();
        fuzzy.dir = Some(path("d"));
        fuzzy.begin(&path("d/new0"));
        fuzzy.begin(&path("d/new2"));
        assert_eq!(shown(fuzzy.same(10, 5, 0)), Some((Some(0), "other".into())));
        assert_eq!(shown(fuzzy.alike(b"new1", |_, _, _| ())), Some((Some(0), "new2".into())));
        fuzzy.begin(&path("e/x"));
        assert_eq!(fuzzy.candidates().count(), 0);
    }
}
