//! Owners and groups of the sender, mapped to local ids (WIRE.md, Id lists): by the first rule of
//! `--usermap` or `--groupmap` that matches, else by name.
use super::idmap::{Ids, Rule};
use crate::log::{Log, named};
use fsroot::names::NameCache;
use std::collections::{BTreeSet, HashMap};

/// The ids that have another number here. Ids that are not in it, and that no rule matches, stay as they are.
#[derive(Debug, Default)]
pub(super) struct IdMap {
    users: Table,
    groups: Table,
    /// The name of id 0 does not travel with the others, so everybody's is `root`.
    zero_is_root: bool,
}

#[derive(Debug, Default)]
struct Table {
    ids: HashMap<u32, u32>,
    rules: Option<Vec<Rule>>,
}

impl Table {
    fn ruled(&self, id: u32, name: &[u8]) -> Option<u32> {
        self.rules.as_ref()?.iter().find(|rule| rule.matches(id, name)).map(|rule| rule.to)
    }
}

impl IdMap {
    /// Whether id 0 is taken to be named `root`.
    pub fn name_zero(&mut self, root: bool) {
        self.zero_is_root = root;
    }

    /// The rules of an option, given before the first list.
    pub fn set_rules(&mut self, kind: Ids, rules: Vec<Rule>) {
        self.table_mut(kind).rules = Some(rules);
    }

    /// Whether an option maps these ids.
    pub fn has_rules(&self, kind: Ids) -> bool {
        self.table(kind).rules.is_some()
    }

    fn table(&self, kind: Ids) -> &Table {
        match kind {
            Ids::Users => &self.users,
            Ids::Groups => &self.groups,
        }
    }

    fn table_mut(&mut self, kind: Ids) -> &mut Table {
        match kind {
            Ids::Users => &mut self.users,
            Ids::Groups => &mut self.groups,
        }
    }

    /// Notes the name of an id; an empty one is none.
    pub fn add(&mut self, kind: Ids, names: &mut NameCache, id: u32, name: &[u8]) {
        let table = self.table_mut(kind);
        let local = table.ruled(id, name).or_else(|| {
            let known = id != 0 && !name.is_empty();
            known.then(|| kind.look_up(names, name)).flatten()
        });
        // With rules, a name that none of them wants may not be mapped as if it were missing.
        let local = local.or_else(|| table.rules.as_ref().map(|_| id));
        if let Some(local) = local
            && (local != id || table.rules.is_some())
        {
            table.ids.insert(id, local);
        }
    }

    /// The local number of an id.
    pub fn get(&self, kind: Ids, id: u32) -> u32 {
        let table = self.table(kind);
        let named = table.ids.get(&id).copied();
        let name: &[u8] = match id {
            0 if self.zero_is_root => b"root",
            _ => b"",
        };
        named.or_else(|| table.ruled(id, name)).unwrap_or(id)
    }
}

/// What `--debug=own2` says of the ids in the lists.
#[derive(Debug, Default)]
pub(super) struct IdNotes {
    said: BTreeSet<(Ids, u32)>,
    /// The groups of a process that is not root's, until they are told.
    memberships: Option<Vec<u32>>,
}

impl IdNotes {
    /// Nothing said so far; the groups of a process that is not root's matter.
    pub fn new(memberships: Option<Vec<u32>>) -> Self {
        IdNotes { memberships, ..IdNotes::default() }
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receive::idmap::parse;

    fn map(text: &[u8]) -> IdMap {
        let mut map = IdMap::default();
        let rules = parse(text, Ids::Users, &mut NameCache::default(), &mut |_| {}).unwrap();
        map.set_rules(Ids::Users, rules);
        map
    }

    #[test]
    fn names_map_where_no_rule_does() {
        let mut names = NameCache::default();
        let mut map = map(b"alice:700,7:8");
        map.add(Ids::Users, &mut names, 5, b"alice");
        map.add(Ids::Users, &mut names, 6, b"root");
        map.add(Ids::Users, &mut names, 9, b"nobody at all");
        let root = if cfg!(unix) { 0 } else { 6 };
        assert_eq!([5, 6, 7, 9, 10].map(|id| map.get(Ids::Users, id)), [700, root, 8, 9, 10]);
        assert_eq!(map.get(Ids::Groups, 7), 7);
    }

    #[test]
    fn nameless_ids_and_zero() {
        let mut names = NameCache::default();
        let user = |map: &IdMap, id| map.get(Ids::Users, id);
        let mut nameless = map(b":601");
        nameless.add(Ids::Users, &mut names, 5, b"alice");
        assert_eq!([0, 5, 6].map(|id| user(&nameless, id)), [601, 5, 601]);
        let mut root = map(b"root:5");
        assert_eq!(user(&root, 0), 0);
        root.name_zero(true);
        assert_eq!(user(&root, 0), 5);
        root.name_zero(false);
        root.add(Ids::Users, &mut names, 0, b"root");
        assert_eq!(user(&root, 0), 5);
    }
}
