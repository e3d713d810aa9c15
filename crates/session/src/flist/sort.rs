//! The order of a list (WIRE.md, Sorting).

use std::cmp::Ordering;

/// A name as it is compared. `dir` ends in a slash unless it is empty, and keeps the leading slash
/// that `--relative` may have sent: it takes part in the order as an empty first directory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<'a> {
    pub dir: &'a [u8],
    pub base: &'a [u8],
    pub is_dir: bool,
}

impl<'a> Key<'a> {
    pub fn of_name(name: &'a [u8], is_dir: bool) -> Self {
        let (dir, base) = split(name);
        Key { dir, base, is_dir }
    }
    /// A directory's key ends in a slash, but `.` counts as an empty file name: it comes first.
    fn class(self) -> (bool, &'a [u8]) {
        match (self.is_dir, self.base) {
            (true, b".") => (false, b""),
            (is_dir, base) => (is_dir, base),
        }
    }
}

/// Directory part with its trailing slash, and base name.
pub(super) fn split(name: &[u8]) -> (&[u8], &[u8]) {
    name.split_at(name.iter().rposition(|&b| b == b'/').map_or(0, |i| i + 1))
}

pub(super) fn compare(a: Key<'_>, b: Key<'_>, plain: bool) -> Ordering {
    if plain {
        return if a.dir == b.dir {
            a.base.cmp(b.base)
        } else {
            a.dir.iter().chain(a.base).cmp(b.dir.iter().chain(b.base))
        };
    }
    if a.dir == b.dir {
        return compare_base(a, b);
    }
    let common = a.dir.iter().zip(b.dir).position(|(x, y)| x != y);
    match common {
        // Both differ inside path elements, which are directories on either side.
        Some(i) => a.dir[i].cmp(&b.dir[i]),
        None if a.dir.len() < b.dir.len() => compare_to_element(a, &b.dir[a.dir.len()..]),
        None => compare_to_element(b, &a.dir[b.dir.len()..]).reverse(),
    }
}

fn compare_base(a: Key<'_>, b: Key<'_>) -> Ordering {
    match (a.class(), b.class()) {
        ((false, x), (false, y)) => x.cmp(y),
        ((true, x), (true, y)) => compare_with_slash(x, y),
        ((x, _), (y, _)) => x.cmp(&y),
    }
}

/// Compares `a`, an entry of some directory, with something below another directory of the same
/// parent; `rest` is that one's path from there, ending in a slash.
fn compare_to_element(a: Key<'_>, rest: &[u8]) -> Ordering {
    let (is_dir, base) = a.class();
    if !is_dir {
        return Ordering::Less;
    }
    let element = rest.split(|&b| b == b'/').next().unwrap_or_default();
    compare_with_slash(base, element).then(Ordering::Less)
}

/// As if both ended in a slash.
fn compare_with_slash(x: &[u8], y: &[u8]) -> Ordering {
    let n = x.len().min(y.len());
    x[..n].cmp(&y[..n]).then_with(|| {
        let next = |s: &[u8]| s.get(n).copied().unwrap_or(b'/');
        if x.len() == y.len() { Ordering::Equal } else { next(x).cmp(&next(y)) }
    })
}
