//! Extended attributes of the list, held against and put onto local files; long values are fetched once per table entry
//! (WIRE.md, Xattrs; Xattr exchange).
use super::shared::lock;
use delta::checksum::md5;
use filters::{FilterList, Verdict};
use fsroot::{Root, fake::DISGUISE};
use std::{
    io,
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
};
use wire::{
    RelPath, WireError,
    xattr::{self, Xattr, XattrValue},
};

#[derive(Debug, Clone)]
enum Value {
    Full(Vec<u8>),
    /// Not here yet.
    Digest {
        len: u32,
        md5: [u8; 16],
    },
}

#[derive(Debug)]
struct Attr {
    name: Vec<u8>,
    local: Local,
    value: Value,
    /// The value was asked for, which a sender allows once, and is still to come.
    requested: bool,
}

/// What an attribute is called here.
#[derive(Debug)]
enum Local {
    /// As the sender calls it.
    Same,
    Other(Box<[u8]>),
    /// This receiver does not keep it.
    Nothing,
}

impl Attr {
    /// Its name here; `None` if this receiver does not keep it.
    fn local(&self) -> Option<&[u8]> {
        match &self.local {
            Local::Same => Some(&self.name),
            Local::Other(name) => Some(name),
            Local::Nothing => None,
        }
    }
}

type Set = Arc<Mutex<Vec<Attr>>>;

/// What a receiver keeps of names that are not the user's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Foreign {
    /// As they are: what root may set.
    Keep,
    /// Nothing.
    Drop,
    /// Under a name of the user's (`--fake-super`).
    Disguise,
}

/// An attribute that could not be read, set or removed; without a name their list.
#[derive(Debug)]
pub(super) struct Failed {
    /// The system's call, without the letter for what it was given.
    pub call: &'static str,
    pub name: Vec<u8>,
    pub e: io::Error,
}

/// The session's attribute lists by table index.
#[derive(Debug)]
pub(super) struct XattrStore {
    sets: RwLock<Vec<Set>>,
    foreign: Foreign,
    /// As in `-X` (1) and `-XX` (2).
    level: u8,
    /// Rules about names, if there are any.
    rules: OnceLock<FilterList>,
}

impl XattrStore {
    /// `level` as in `-X` (1) and `-XX` (2).
    pub fn new(level: u8, foreign: Foreign) -> XattrStore {
        XattrStore { sets: RwLock::default(), foreign, level, rules: OnceLock::new() }
    }

    /// The user's rules, of which those about attributes count.
    pub fn set_rules(&self, rules: &FilterList) {
        if rules.check_xattr(b"user.x").is_some() {
            let _given_once = self.rules.set(rules.clone());
        }
    }

    /// What the rules say of a name; `None` without any.
    fn rule(&self, name: &[u8]) -> Option<bool> {
        Some(self.rules.get()?.check_xattr(name)? != Verdict::Exclude)
    }

    /// How many lists there are.
    pub fn len(&self) -> usize {
        self.sets.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Appends a list.
    pub fn push(&self, list: Vec<Xattr>) {
        let set = list
            .into_iter()
            .map(|x| Attr {
                local: self.local_name(&x.name),
                name: x.name,
                value: match x.value {
                    XattrValue::Full(v) => Value::Full(v),
                    XattrValue::Digest { len, md5 } => Value::Digest { len, md5 },
                },
                requested: false,
            })
            .collect();
        let mut sets = self.sets.write().unwrap_or_else(PoisonError::into_inner);
        sets.push(Arc::new(Mutex::new(set)));
    }

    /// Where an attribute of the sender is kept.
    fn local_name(&self, name: &[u8]) -> Local {
        // The system's own attributes are ACLs and the like, which a peer must not set this way.
        if name.is_empty() || name.contains(&0) || name.starts_with(b"system.") {
            return Local::Nothing;
        }
        let rule = self.rule(name);
        if self.is_internal(name) || rule == Some(false) {
            return Local::Nothing;
        }
        match self.foreign {
            _ if name.starts_with(b"user.") => Local::Same,
            Foreign::Keep => Local::Same,
            Foreign::Drop if rule.is_none() => Local::Nothing,
            Foreign::Drop | Foreign::Disguise => Local::Other([DISGUISE, name].concat().into()),
        }
    }

    /// rsync's own attributes travel with `-XX` only.
    fn is_internal(&self, name: &[u8]) -> bool {
        name.starts_with(b"user.rsync.%") && self.level < 2
    }

    /// Whether an attribute of a local file is held against the sender's, and removed if it is not among them.
    fn takes_part(&self, name: &[u8]) -> bool {
        let ours = self.rule(name).unwrap_or_else(|| match self.foreign {
            Foreign::Keep => !name.starts_with(b"system."),
            Foreign::Drop | Foreign::Disguise => name.starts_with(b"user."),
        });
        let kept_by_us = self.foreign == Foreign::Disguise && self.is_internal(name);
        ours && !kept_by_us
    }

    fn set(&self, k: u32) -> Option<Set> {
        self.sets.read().unwrap_or_else(PoisonError::into_inner).get(k as usize).cloned()
    }

    /// The names on a local file that take part, as the system orders them.
    fn local(&self, root: &mut Root, p: &RelPath) -> io::Result<Vec<Vec<u8>>> {
        let mut names = root.list_xattrs(p)?;
        names.retain(|n| self.takes_part(n));
        Ok(names)
    }

    /// Whether the attributes of a file (`None`: it does not exist) differ. Values that turn out to be here are remembered.
    pub fn differ(&self, root: Option<(&mut Root, &RelPath)>, k: u32) -> Result<bool, Failed> {
        let failed = |call, name: &[u8]| {
            let name = name.to_vec();
            move |e| Failed { call, name, e }
        };
        let Some(set) = self.set(k) else { return Ok(false) };
        let mut set = lock(&set);
        let Some((root, p)) = root else { return Ok(set.iter().any(|a| a.local().is_some())) };
        let names = self.local(root, p).map_err(failed("listxattr", b""))?;
        let mut differ = names.len() != set.iter().filter(|a| a.local().is_some()).count();
        for a in set.iter_mut() {
            let Some(local) = a.local() else { continue };
            if !names.iter().any(|name| name == local) {
                differ = true;
                continue;
            }
            let value = root.get_xattr(p, local).map_err(failed("getxattr", local))?;
            let mut value = value.unwrap_or_default();
            match &a.value {
                Value::Full(v) => differ |= *v != value,
                Value::Digest { len, md5: sum } => {
                    if value.len() != *len as usize || md5(&value) != *sum {
                        differ = true;
                    } else {
                        // It was read to a place with room for many.
                        value.shrink_to_fit();
                        a.value = Value::Full(value);
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
                if matches!(a.value, Value::Digest { .. }) && a.local().is_some() && !a.requested {
                    a.requested = true;
                    numbers.push(n);
                }
            }
        }
        numbers
    }

    /// Takes a fetched value, or with `unasked` one that nobody asked for. `file` is for the error text.
    pub fn fill(
        &self,
        k: u32,
        number: u32,
        value: Vec<u8>,
        unasked: bool,
        file: &[u8],
    ) -> Result<(), WireError> {
        let unknown = || xattr::unknown_number(number, file);
        let set = self.set(k).ok_or_else(unknown)?;
        let mut set = lock(&set);
        let slot = number.checked_sub(1).and_then(|i| set.get_mut(i as usize));
        let a = slot.ok_or_else(unknown)?;
        if !std::mem::take(&mut a.requested) && !unasked {
            return Err(xattr::not_abbreviated(file, &a.name, value.len()));
        }
        a.value = Value::Full(value);
        Ok(())
    }

    /// Gives a local file the attributes of another.
    pub fn copy(&self, from: &mut Root, p: &RelPath, to: &mut Root, q: &RelPath) -> io::Result<()> {
        for name in self.local(from, p)? {
            if let Some(value) = from.get_xattr(p, &name)? {
                to.set_xattr(q, &name, &value)?;
            }
        }
        Ok(())
    }

    /// Makes the attributes of a file those of list `k`, as far as possible. What failed is returned.
    pub fn apply(&self, root: &mut Root, p: &RelPath, k: u32) -> Vec<Failed> {
        let Some(set) = self.set(k) else { return Vec::new() };
        let set = lock(&set);
        let names = match self.local(root, p) {
            Ok(names) => names,
            Err(e) => return vec![Failed { call: "setxattr", name: Vec::new(), e }],
        };
        let mut failed = Vec::new();
        for a in set.iter() {
            let (Some(local), Value::Full(value)) = (a.local(), &a.value) else { continue };
            if names.iter().any(|name| name == local)
                && root.get_xattr(p, local).is_ok_and(|v| v.as_ref() == Some(value))
            {
                continue;
            }
            if let Err(e) = root.set_xattr(p, local, value) {
                failed.push(Failed { call: "setxattr", name: local.to_vec(), e });
            }
        }
        for name in names {
            if !set.iter().any(|a| a.local() == Some(&name))
                && let Err(e) = root.remove_xattr(p, &name)
            {
                failed.push(Failed { call: "removexattr", name, e });
            }
        }
        failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> XattrStore {
        let s = XattrStore::new(1, Foreign::Drop);
        let long = |n: &str| Xattr {
            name: n.as_bytes().to_vec(),
            value: XattrValue::Digest { len: 40, md5: [7; 16] },
        };
        s.push(vec![long("user.a"), long("trusted.b"), long("user.c"), long("user.rsync.%x")]);
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
        assert!(
            s.fill(0, 1, vec![1], false, b"f")
                .unwrap_err()
                .to_string()
                .contains("internal abbrev error")
        );
        s.request(0);
        s.fill(0, 1, vec![1], false, b"f").unwrap();
        assert!(
            s.fill(0, 1, vec![1], false, b"f")
                .unwrap_err()
                .to_string()
                .contains("internal abbrev error")
        );
        for n in [0, 5, u32::MAX] {
            assert!(
                s.fill(0, n, vec![1], false, b"f")
                    .unwrap_err()
                    .to_string()
                    .starts_with("could not find xattr")
            );
        }
    }

    #[test]
    fn a_new_file_differs_if_any_attribute_is_kept() {
        let s = store();
        assert!(s.differ(None, 0).unwrap());
        s.push(vec![Xattr { name: b"security.x".to_vec(), value: XattrValue::Full(vec![]) }]);
        assert!(!s.differ(None, 1).unwrap());
    }

    #[test]
    fn foreign_names_are_kept_dropped_or_disguised() {
        let names = |foreign, level| {
            let store = XattrStore::new(level, foreign);
            ["user.a", "trusted.b", "system.c", "user.rsync.%stat"].map(|name| {
                let value = XattrValue::Full(Vec::new());
                store.push(vec![Xattr { name: name.as_bytes().to_vec(), value }]);
                let set = store.set(store.len() as u32 - 1).unwrap();
                let set = lock(&set);
                set[0].local().map(|n| String::from_utf8(n.to_vec()).unwrap())
            })
        };
        let some = |name: &str| Some(name.to_string());
        assert_eq!(names(Foreign::Keep, 1), [some("user.a"), some("trusted.b"), None, None]);
        assert_eq!(names(Foreign::Drop, 1), [some("user.a"), None, None, None]);
        let disguised = some("user.rsync.trusted.b");
        assert_eq!(names(Foreign::Disguise, 1), [some("user.a"), disguised, None, None]);
        assert_eq!(names(Foreign::Drop, 2)[3], some("user.rsync.%stat"));
    }
}
