//! Owners and groups of the sender, mapped to local ids (WIRE.md, Id lists): by the first rule of
//! `--usermap` or `--groupmap` that matches, else by name.
use super::idmap::{Ids, Rule};
use crate::log::{Log, named};
use fsroot::names::NameCache;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// The ids that have another number here. Ids that are not in it, and that no rule matches, stay as they are.
#[derive(Debug, Default)]
pub(super) struct IdMap {
    any: AtomicBool,
    users: Table,
    groups: Table,
    /// The name of id 0 does not travel with the others, so everybody's is `root`.
    zero_is_root: AtomicBool,
}

#[derive(Debug, Default)]
struct Table {
    ids: RwLock<HashMap<u32, u32>>,
    rules: OnceLock<Vec<Rule>>,
}

impl Table {
    fn ruled(&self, id: u32, name: &[u8]) -> Option<u32> {
        self.rules.get()?.iter().find(|rule| rule.matches(id, name)).map(|rule| rule.to)
    }
}

impl IdMap {
    /// Whether id 0 is taken to be named `root`.
    pub fn name_zero(&self, root: bool) {
        self.zero_is_root.store(root, Ordering::Release);
    }

    /// The rules of an option, given once before the first list.
    pub fn set_rules(&self, kind: Ids, rules: Vec<Rule>) {
        let rules = self.table(kind).rules.set(rules);
        debug_assert!(rules.is_ok(), "the rules are read once");
        self.any.store(true, Ordering::Release);
    }

    /// Whether an option maps these ids.
    pub fn has_rules(&self, kind: Ids) -> bool {
        self.table(kind).rules.get().is_some()
    }

    fn table(&self, kind: Ids) -> &Table {
        match kind {
            Ids::Users => &self.users,
            Ids::Groups => &self.groups,
        }
    }

    /// Notes the name of an id; an empty one is none.
    pub fn add(&self, kind: Ids, names: &mut NameCache, id: u32, name: &[u8]) {
        let table = self.table(kind);
        let local = table.ruled(id, name).or_else(|| {
            let known = id != 0 && !name.is_empty();
            known.then(|| kind.look_up(names, name)).flatten()
        });
        // With rules, a name that none of them wants may not be mapped as if it were missing.
        let local = local.or_else(|| table.rules.get().map(|_| id));
        if let Some(local) = local
            && (local != id || table.rules.get().is_some())
        {
            table.ids.write().unwrap_or_else(PoisonError::into_inner).insert(id, local);
            self.any.store(true, Ordering::Release);
        }
    }

    /// The local number of a user.
    pub fn user(&self, id: u32) -> u32 {
        self.get(Ids::Users, id)
    }

    /// The local number of a group.
    pub fn group(&self, id: u32) -> u32 {
        self.get(Ids::Groups, id)
    }

    /// The local number of an id.
    pub fn get(&self, kind: Ids, id: u32) -> u32 {
        if !self.any.load(Ordering::Acquire) {
            return id;
        }
        let table = self.table(kind);
        let named = table.ids.read().unwrap_or_else(PoisonError::into_inner).get(&id).copied();
        let name: &[u8] = match id {
            0 if self.zero_is_root.load(Ordering::Acquire) => b"root",
            _ => b"",
        };
        named.or_else(|| table.ruled(id, name)).unwrap_or(id)
    }
}

/// What `--debug=own2` says of the ids in the lists.
#[derive(Debug, Default)]
pub(super) struct IdNotes {
    said: BTreeSet<(Ids, u32)>,
    /// In an entry, but maybe without a name.
    met: BTreeSet<(Ids, u32)>,
    /// The groups of a process that is not root's, until they are told.
    memberships: Option<Vec<u32>>,
}

impl IdNotes {
    /// Nothing said so far; the groups of a process that is not root's matter.
    pub fn new(memberships: Option<Vec<u32>>) -> Self {
        IdNotes { memberships, ..IdNotes::default() }
    }

    /// An entry has this id.
    pub fn meet(&mut self, kind: Ids, id: u32) {
        self.met.insert((kind, id));
    }

    /// Says what becomes of an id. In rsync two processes read the lists after the first and say so.
    pub fn say(&mut self, log: &Log, ids: &IdMap, kind: Ids, id: u32, name: &[u8], first: bool) {
        if !self.said.insert((kind, id)) {
            return;
        }
        if kind == Ids::Groups
            && let Some(groups) = self.memberships.take()
        {
            let s = if groups.len() == 1 { "" } else { "s" };
            let list: String = groups.iter().map(|gid| format!(" {gid}")).collect();
            log.info(format!("process has {} gid{s}: {list}", groups.len()));
        }
        let what = if kind == Ids::Users { "uid" } else { "gid" };
        let before = format!("{what} {id}(");
        let after = format!(") maps to {}", ids.get(kind, id));
        for _ in 0..if first { 1 } else { 2 } {
            log.debug(true, || named(&before, name, &after));
        }
    }

    /// The same for those that turned out to have no name.
    pub fn say_met(&mut self, log: &Log, ids: &IdMap, first: bool) {
        for (kind, id) in std::mem::take(&mut self.met) {
            self.say(log, ids, kind, id, b"", first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receive::idmap::parse;

    fn map(text: &[u8]) -> IdMap {
        let map = IdMap::default();
        let rules = parse(text, Ids::Users, &mut NameCache::default(), &mut |_| {}).unwrap();
        map.set_rules(Ids::Users, rules);
        map
    }

    #[test]
    fn names_map_where_no_rule_does() {
        let mut names = NameCache::default();
        let map = map(b"alice:700,7:8");
        map.add(Ids::Users, &mut names, 5, b"alice");
        map.add(Ids::Users, &mut names, 6, b"root");
        map.add(Ids::Users, &mut names, 9, b"nobody at all");
        let root = if cfg!(unix) { 0 } else { 6 };
        assert_eq!([5, 6, 7, 9, 10].map(|id| map.user(id)), [700, root, 8, 9, 10]);
        assert_eq!(map.group(7), 7);
    }

    #[test]
    fn nameless_ids_and_zero() {
        let mut names = NameCache::default();
        let nameless = map(b":601");
        nameless.add(Ids::Users, &mut names, 5, b"alice");
        assert_eq!([0, 5, 6].map(|id| nameless.user(id)), [601, 5, 601]);
        let root = map(b"root:5");
        assert_eq!(root.user(0), 0);
        root.name_zero(true);
        assert_eq!(root.user(0), 5);
        root.name_zero(false);
        root.add(Ids::Users, &mut names, 0, b"root");
        assert_eq!(root.user(0), 5);
    }
}
