//! What `--debug=HLINK2` tells of hard-link groups.
//!
//! For rsync each member of a group knows the one before it. A member asks those before it, nearest first and leaving out those that
//! were skipped, whether the group has a leader. Kept only while somebody listens.
use super::hardlinks::Leader;
use crate::log::named;
use std::collections::{HashMap, HashSet};

/// Stands for no member.
const NONE: i32 = -1;

/// The members of all groups, each with the one before it.
#[derive(Debug, Default)]
pub(super) struct Chains {
    before: HashMap<i32, i32>,
    last: HashMap<u64, i32>,
    skipped: HashSet<i32>,
    /// Leaders that are in place.
    leaders: HashMap<u64, i32>,
    /// The alternate directories from which members were linked.
    alternates: HashMap<i32, u8>,
    /// The lists before this index are forgotten.
    kept: i32,
}

impl Chains {
    /// A member that a list brought; they come in the order of the lists.
    pub fn member(&mut self, group: u64, ndx: i32) {
        let before = self.last.insert(group, ndx);
        self.before.insert(ndx, before.unwrap_or(NONE));
    }

    /// A member that nobody is to ask.
    pub fn skip(&mut self, ndx: i32) {
        self.skipped.insert(ndx);
    }

    /// A member that was linked from an alternate directory.
    pub fn linked_from(&mut self, ndx: i32, alternate: u8) {
        self.alternates.insert(ndx, alternate);
    }

    /// The lists before this index are done with, so that rsync forgets them.
    pub fn forget_before(&mut self, ndx: i32) {
        self.kept = ndx;
    }

    /// The group's leader is in place.
    pub fn lead(&mut self, group: u64, ndx: i32) {
        self.leaders.insert(group, ndx);
    }

    /// What a member finds out when its turn comes; nothing if it is the first one.
    pub fn findings(&mut self, (group, ndx): (u64, i32), leader: &Leader) -> Vec<Vec<u8>> {
        let mut nearest = self.before(ndx);
        if nearest == NONE {
            return Vec::new();
        }
        while nearest != NONE && self.skipped.contains(&nearest) {
            nearest = self.before(nearest);
        }
        if nearest < self.kept {
            nearest = NONE;
        }
        self.before.insert(ndx, nearest);
        match leader {
            Leader::None if nearest == NONE => vec![b"virtual first".to_vec()],
            Leader::None => vec![b"looking for a leader".to_vec()],
            Leader::InProgress(leader) => {
                vec![format!("waiting for {}", self.before(*leader)).into_bytes()]
            }
            Leader::Done(_, name) => {
                let leads = self.leaders.get(&group).copied().filter(|leads| *leads >= self.kept);
                let found = leads.map(|leads| {
                    let alternate = self.alternates.get(&leads).copied().map_or(NONE, i32::from);
                    format!("found flist match (alt {alternate})").into_bytes()
                });
                let leads = format!("leader is {} (", leads.unwrap_or(NONE));
                found.into_iter().chain([named(&leads, name, ")")]).collect()
            }
        }
    }

    fn before(&self, ndx: i32) -> i32 {
        self.before.get(&ndx).copied().unwrap_or(NONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::RelPath;

    /// What a member of group 7 finds out.
    fn found(chains: &mut Chains, ndx: i32, leader: &Leader) -> String {
        let found = chains.findings((7, ndx), leader);
        String::from_utf8(found.join(&b"; "[..])).expect("plain text")
    }

    #[test]
    fn members_ask_those_before_them() {
        let mut chains = Chains::default();
        (1..8).for_each(|ndx| chains.member(7, ndx));
        assert_eq!(found(&mut chains, 1, &Leader::None), "");
        chains.forget_before(2);
        assert_eq!(found(&mut chains, 2, &Leader::None), "virtual first");
        assert_eq!(found(&mut chains, 3, &Leader::None), "looking for a leader");
        chains.skip(3);
        assert_eq!(found(&mut chains, 4, &Leader::None), "looking for a leader");
        assert_eq!(found(&mut chains, 5, &Leader::InProgress(4)), "waiting for 2");
        let done = Leader::Done(RelPath::new(b"d/x").expect("a path"), b"d/x".to_vec());
        chains.linked_from(4, 1);
        chains.lead(7, 4);
        let text = "found flist match (alt 1); leader is 4 (d/x)";
        assert_eq!(found(&mut chains, 6, &done), text);
        chains.lead(7, 1);
        assert_eq!(found(&mut chains, 7, &done), "leader is -1 (d/x)");
    }
}
