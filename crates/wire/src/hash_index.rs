//! Finds equal entries of a table without keeping a second copy of them.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, DefaultHasher, Hasher};

/// Positions of a table by the hash of what stands there. The table stays with its owner, who is
/// asked to compare.
#[derive(Debug, Clone, Default)]
pub(crate) struct HashIndex {
    /// Keyed, so that nobody can choose contents that collide.
    keys: RandomState,
    newest: HashMap<u64, u32>,
    /// By position: the position before it that has the same hash.
    older: Vec<Option<u32>>,
}

impl HashIndex {
    /// The hash of what `write` feeds.
    pub fn hash(&self, write: impl FnOnce(&mut DefaultHasher)) -> u64 {
        let mut hasher = self.keys.build_hasher();
        write(&mut hasher);
        hasher.finish()
    }

    /// The position with this hash for which `same` holds.
    pub fn find(&self, hash: u64, mut same: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut at = self.newest.get(&hash).copied();
        while let Some(position) = at {
            if same(position) {
                return Some(position);
            }
            at = self.older[position as usize];
        }
        None
    }

    /// Adds the next position; positions are added in order from 0.
    pub fn insert(&mut self, hash: u64, position: u32) {
        debug_assert_eq!(position as usize, self.older.len());
        self.older.push(self.newest.insert(hash, position));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collisions_are_told_apart() {
        let table = ["a", "b", "c", "d"];
        let hash = |s: &str| (s == "d") as u64;
        let mut index = HashIndex::default();
        for (i, s) in table.iter().enumerate() {
            assert_eq!(index.find(hash(s), |p| table[p as usize] == *s), None);
            index.insert(hash(s), i as u32);
        }
        for (i, s) in table.iter().enumerate() {
            assert_eq!(index.find(hash(s), |p| table[p as usize] == *s), Some(i as u32));
        }
        assert_eq!(index.find(hash("e"), |p| table[p as usize] == "e"), None);
    }
}
