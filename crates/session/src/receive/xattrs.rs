//! Extended attributes of the list, held against and put onto local files; long values are fetched once per table entry
//! (file list: extended attributes; full-value xattr exchange).
use super::shared::lock;
use delta::checksum::md5;
use fsroot::Root;
use std::{
    io,
    sync::{Arc, Mutex, PoisonError, RwLock},
};
use wire::{
    Fault, RelPath, WireError,
    xattr::{Xattr, XattrValue},
};

#[derive(Debug, Clone)]
enum Value {
    Full(Vec<u8>),
    /// Not here yet; `requested` once it was asked for, which a sender allows once.
    Digest {
        len: u32,
        md5: [u8; 16],
        requested: bool,
    },
}

#[derive(Debug)]
struct Attr {
    name: Vec<u8>,
    value: Value,
    /// Kept by this receiver's policy on names.
    wanted: bool,
}

type Set = Arc<Mutex<Vec<Attr>>>;

/// The session's attribute lists by table index.
#[derive(Debug)]
pub(super) struct XattrStore {
    sets: RwLock<Vec<Set>>,
    root: bool,
    level: u8,
}

impl XattrStore {
    /// `level` as in `-X` (1) and `-XX` (2); `root` keeps what only root may set.
    pub fn new(level: u8, root: bool) -> XattrStore {
        XattrStore { sets: RwLock::default(), root, level }
    }

    /// How many lists there are.
    pub fn len(&self) -> usize {
        self.sets.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Appends a list. `rule` is the verdict of xattr filter rules on a name, if there are any.
    pub fn push(&self, list: &[Xattr], rule: impl Fn(&[u8]) -> Option<bool>) {
        let set = list
            .iter()
            .map(|x| Attr {
                wanted: self.keeps(&x.name, rule(&x.name)),
                name: x.name.clone(),
                value: match &x.value {
                    XattrValue::Full(v) => Value::Full(v.clone()),
                    XattrValue::Digest { len, md5 } => {
                        Value::Digest { len: *len, md5: *md5, requested: false }
                    }
                },
            })
            .collect();
        let mut sets = self.sets.write().unwrap_or_else(PoisonError::into_inner);
        sets.push(Arc::new(Mutex::new(set)));
    }

    fn keeps(&self, name: &[u8], rule: Option<bool>) -> bool {
        // The system's own attributes are ACLs and the like, which a peer must not set this way.
        if name.is_empty() || name.contains(&0) || name.starts_with(b"system.") {
            return false;
        }
        if name.starts_with(b"user.rsync.%") && self.level < 2 {
            return false;
        }
        if let Some(keep) = rule {
            return keep && (self.root || name.starts_with(b"user."));
        }
        self.root || name.starts_with(b"user.")
    }

    fn set(&self, k: u32) -> Option<Set> {
        self.sets.read().unwrap_or_else(PoisonError::into_inner).get(k as usize).cloned()
    }

    /// The names on a local file that take part.
    fn local(&self, root: &mut Root, p: &RelPath) -> io::Result<Vec<Vec<u8>>> {
        let mut names = root.list_xattrs(p)?;
        names.retain(|n| self.keeps(n, None));
        names.sort();
        Ok(names)
    }

    /// Whether the attributes of a file (`None`: it does not exist) differ. Values that turn out to be here are remembered.
    pub fn differ(&self, root: Option<(&mut Root, &RelPath)>, k: u32) -> io::Result<bool> {
        let Some(set) = self.set(k) else { return Ok(false) };
        let mut set = lock(&set);
        let Some((root, p)) = root else { return Ok(set.iter().any(|a| a.wanted)) };
        let names = self.local(root, p)?;
        let mut differ = names.len() != set.iter().filter(|a| a.wanted).count();
        for a in set.iter_mut().filter(|a| a.wanted) {
            if names.binary_search(&a.name).is_err() {
                differ = true;
                continue;
            }
            let value = root.get_xattr(p, &a.name)?.unwrap_or_default();
            match &a.value {
                Value::Full(v) => differ |= *v != value,
                Value::Digest { len, md5: sum, .. } => {
                    if value.len() == *len as usize && md5(&value) == *sum {
                        a.value = Value::Full(value);
                    } else {
                        differ = true;
                    }
                }
            }
        }
        Ok(differ)
    }

    /// The numbers of the values that must be fetched for list `k`; they are then on their way.
    pub fn request(&self, k: u32) -> Vec<u32> {
        let mut numbers = Vec::new();
        if let Some(set) = self.set(k) {
            for (a, n) in lock(&set).iter_mut().zip(1u32..) {
                if let Value::Digest { requested, .. } = &mut a.value
                    && a.wanted
                    && !*requested
                {
                    *requested = true;
                    numbers.push(n);
                }
            }
        }
        numbers
    }

    /// Takes a fetched value. `file` is for the error text.
    pub fn fill(&self, k: u32, number: u32, value: Vec<u8>, file: &[u8]) -> Result<(), WireError> {
        let file = String::from_utf8_lossy(file);
        let unknown = || {
            WireError::new(Fault::Protocol, format!("could not find xattr #{number} for {file}"))
        };
        let set = self.set(k).ok_or_else(unknown)?;
        let mut set = lock(&set);
        let slot = number.checked_sub(1).and_then(|i| set.get_mut(i as usize));
        let a = slot.ok_or_else(unknown)?;
        if !matches!(a.value, Value::Digest { requested: true, .. }) {
            let name = String::from_utf8_lossy(&a.name);
            let len = value.len();
            return Err(WireError::new(
                Fault::Protocol,
                format!("internal abbrev error on {file} ({name}, len={len})!"),
            ));
        }
        a.value = Value::Full(value);
        Ok(())
    }

    /// Makes the attributes of a file those of list `k`; true if something was changed. The first failure is returned, after all
    /// others were tried.
    pub fn apply(
        &self,
        root: &mut Root,
        p: &RelPath,
        k: u32,
    ) -> (bool, Option<(Vec<u8>, io::Error)>) {
        let Some(set) = self.set(k) else { return (false, None) };
        let set = lock(&set);
        let names = match self.local(root, p) {
            Ok(names) => names,
            Err(e) => return (false, Some((Vec::new(), e))),
        };
        let (mut changed, mut failed) = (false, None);
        for a in set.iter().filter(|a| a.wanted) {
            let Value::Full(value) = &a.value else { continue };
            let there = names.binary_search(&a.name).is_ok();
            if there && root.get_xattr(p, &a.name).is_ok_and(|v| v.as_ref() == Some(value)) {
                continue;
            }
            match root.set_xattr(p, &a.name, value) {
                Ok(()) => changed = true,
                Err(e) => {
                    failed.get_or_insert((a.name.clone(), e));
                }
            }
        }
        for name in &names {
            if !set.iter().any(|a| a.wanted && a.name == *name) {
                match root.remove_xattr(p, name) {
                    Ok(()) => changed = true,
                    Err(e) => {
                        failed.get_or_insert((name.clone(), e));
                    }
                }
            }
        }
        (changed, failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> XattrStore {
        let s = XattrStore { sets: RwLock::default(), root: false, level: 1 };
        let long = |n: &str| Xattr {
            name: n.as_bytes().to_vec(),
            value: XattrValue::Digest { len: 40, md5: [7; 16] },
        };
        s.push(&[long("user.a"), long("trusted.b"), long("user.c"), long("user.rsync.%x")], |_| {
            None
        });
        s
    }

    #[test]
    fn values_are_requested_once_and_by_their_number_in_the_list() {
        let s = store();
        assert_eq!(s.request(0), [1, 3]);
        assert!(s.request(0).is_empty());
        assert!(s.request(9).is_empty());
    }

    #[test]
    fn only_requested_values_are_taken() {
        let s = store();
        assert!(s.fill(0, 1, vec![1], b"f").unwrap_err().text.contains("internal abbrev error"));
        s.request(0);
        s.fill(0, 1, vec![1], b"f").unwrap();
        assert!(s.fill(0, 1, vec![1], b"f").unwrap_err().text.contains("internal abbrev error"));
        for n in [0, 5, u32::MAX] {
            assert!(
                s.fill(0, n, vec![1], b"f").unwrap_err().text.starts_with("could not find xattr")
            );
        }
    }

    #[test]
    fn a_new_file_differs_if_any_attribute_is_kept() {
        let s = store();
        assert!(s.differ(None, 0).unwrap());
        s.push(&[Xattr { name: b"security.x".to_vec(), value: XattrValue::Full(vec![]) }], |_| {
            None
        });
        assert!(!s.differ(None, 1).unwrap());
    }
}
