//! Open directories by path, the most recently used few.
//!
//! A handle stays good when its directory is moved or removed, but it then stands for something
//! else than its path. Whoever removes or renames a directory therefore tells all caches of the
//! process by raising the epoch; a cache that is behind empties itself before it answers.

use crate::sys::{self, Dir};
use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicU64, Ordering},
};

/// Enough for the ancestors of a deep tree and a few neighbours; a process may hold one cache per
/// thread and has often only 1024 descriptors.
const MOST: usize = 32;

/// The caches of a process take no more than a part of what it may open.
static CAPACITY: LazyLock<usize> =
    LazyLock::new(|| sys::most_open_files().map_or(MOST, |limit| (limit / 16).clamp(1, MOST)));

static EPOCH: AtomicU64 = AtomicU64::new(0);

#[derive(Debug, Default)]
pub(crate) struct DirCache {
    slots: Vec<Slot>,
    clock: u64,
    epoch: u64,
}

#[derive(Debug)]
struct Slot {
    path: Vec<u8>,
    fd: Arc<Dir>,
    used: u64,
}

impl DirCache {
    pub(crate) fn find(&mut self, path: &[u8]) -> Option<Arc<Dir>> {
        let epoch = EPOCH.load(Ordering::Acquire);
        if epoch != self.epoch {
            self.slots.clear();
            self.epoch = epoch;
        }
        self.clock += 1;
        let slot = self.slots.iter_mut().find(|s| s.path == path)?;
        slot.used = self.clock;
        Some(Arc::clone(&slot.fd))
    }

    pub(crate) fn insert(&mut self, path: &[u8], fd: Arc<Dir>) {
        self.clock += 1;
        let used = self.clock;
        if let Some(slot) = self.slots.iter_mut().find(|s| s.path == path) {
            slot.fd = fd;
            slot.used = used;
        } else if self.slots.len() < *CAPACITY {
            self.slots.push(Slot { path: path.to_vec(), fd, used });
        } else if let Some(oldest) = self.slots.iter_mut().min_by_key(|s| s.used) {
            oldest.path.clear();
            oldest.path.extend_from_slice(path);
            oldest.fd = fd;
            oldest.used = used;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.slots.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Drops what is at and below `path`, here only.
    pub(crate) fn forget(&mut self, path: &[u8]) {
        self.slots.retain(|s| !at_or_below(&s.path, path));
    }

    /// `path` no longer names the directory it named: here its part is dropped, every other cache
    /// of the process starts afresh.
    pub(crate) fn invalidate(&mut self, path: &[u8]) {
        self.forget(path);
        let before = EPOCH.fetch_add(1, Ordering::AcqRel);
        if self.epoch == before {
            self.epoch = before.wrapping_add(1);
        }
    }
}

fn at_or_below(path: &[u8], top: &[u8]) -> bool {
    top.is_empty()
        || path.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fd() -> Arc<Dir> {
        Arc::new(tempfile::tempfile().unwrap().into())
    }

    #[test]
    fn keeps_the_recent_ones() {
        let mut cache = DirCache::default();
        let fd = fd();
        // Other tests of the process may raise the epoch at any time, so look without it.
        let has = |c: &DirCache, p: &[u8]| c.slots.iter().any(|s| s.path == p);
        for i in 0..*CAPACITY {
            cache.insert(format!("d{i}").as_bytes(), Arc::clone(&fd));
        }
        cache.insert(b"d0", Arc::clone(&fd));
        cache.insert(b"new", fd);
        assert!(has(&cache, b"d0") && has(&cache, b"new") && !has(&cache, b"d1"));
        assert_eq!(cache.slots.len(), *CAPACITY);
    }

    #[test]
    fn forgets_a_subtree_only() {
        let mut cache = DirCache::default();
        let fd = fd();
        for p in ["a", "a/b", "ab", "b"] {
            cache.insert(p.as_bytes(), Arc::clone(&fd));
        }
        cache.forget(b"a");
        let left: Vec<_> = cache.slots.iter().map(|s| &s.path[..]).collect();
        assert_eq!(left, [&b"ab"[..], b"b"]);
        cache.forget(b"");
        assert!(cache.is_empty());
    }

    #[test]
    fn another_cache_starts_afresh() {
        let (mut one, mut two) = (DirCache::default(), DirCache::default());
        two.insert(b"x", fd());
        one.invalidate(b"y");
        assert!(two.find(b"x").is_none());
    }
}
