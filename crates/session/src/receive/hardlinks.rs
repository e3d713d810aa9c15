//! Hard-link groups while they are worked on.
//!
//! One member of a group, its leader, is transferred or found up to date; the others wait until it is in place and are linked to
//! it then. A missing member that is not the last of its group in the lists so far waits even before there is a leader, since a later one
//! may have a basis. If a leader fails, the next member that waits takes its place.
use super::chains::Chains;
use std::collections::{HashMap, VecDeque};
use wire::RelPath;

/// What is known of a group.
#[derive(Debug, Default)]
struct Group {
    leader: Leader,
    /// Members that wait, in the order of the lists: place and index.
    waiting: Vec<(i32, i32)>,
    /// The index of the last member in the lists so far.
    last: Option<i32>,
    /// Who waited, and is to lead in its turn.
    chosen: Option<i32>,
}

/// The state of a group's leader.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) enum Leader {
    #[default]
    None,
    /// Requested under this index.
    InProgress(i32),
    /// In place; path, and name as displayed.
    Done(RelPath, Vec<u8>),
}

/// All groups of a session by number.
#[derive(Debug, Default)]
pub(super) struct Links {
    groups: HashMap<u64, Group>,
    /// Members that must lead because nobody before them could.
    pub promoted: VecDeque<i32>,
    /// `--debug=HLINK2`.
    pub chains: Option<Chains>,
}

impl Links {
    /// No groups; `traced`: what members find out about theirs is to be told.
    pub fn new(traced: bool) -> Links {
        Links { chains: traced.then(Chains::default), ..Links::default() }
    }

    pub fn leader(&self, group: u64) -> Leader {
        self.groups.get(&group).map_or(Leader::None, |g| g.leader.clone())
    }

    /// A member that a list brought; they come in the order of the lists.
    pub fn member(&mut self, group: u64, ndx: i32) {
        self.groups.entry(group).or_default().last = Some(ndx);
        if let Some(chains) = &mut self.chains {
            chains.member(group, ndx);
        }
    }

    /// Whether no later member is known.
    pub fn is_last(&self, group: u64, ndx: i32) -> bool {
        self.groups.get(&group).and_then(|g| g.last).is_none_or(|last| last == ndx)
    }

    /// `ndx`, which stands at `place` in the lists, waits for the group's leader.
    pub fn wait(&mut self, group: u64, place: i32, ndx: i32) {
        let g = self.groups.entry(group).or_default();
        g.chosen.take_if(|chosen| *chosen == ndx);
        let at = g.waiting.partition_point(|(before, _)| *before < place);
        g.waiting.insert(at, (place, ndx));
    }

    /// `ndx` was requested as leader.
    pub fn begin(&mut self, group: u64, ndx: i32) {
        let g = self.groups.entry(group).or_default();
        g.leader = Leader::InProgress(ndx);
        g.chosen = None;
    }

    /// The member at `place` leads and is in place; the waiting members, in the order in which they are linked: first those behind it, then those
    /// before it backwards.
    pub fn finish(&mut self, group: u64, place: i32, path: &RelPath, name: &[u8]) -> Vec<i32> {
        let g = self.groups.entry(group).or_default();
        g.leader = Leader::Done(path.clone(), name.to_vec());
        let mut before = std::mem::take(&mut g.waiting);
        let mut order = before.split_off(before.partition_point(|(at, _)| *at < place));
        order.extend(before.into_iter().rev());
        order.into_iter().map(|(_, ndx)| ndx).collect()
    }

    /// `ndx` will not lead the group: the next member that waits does, unless another one leads already or is to.
    pub fn give_up(&mut self, group: u64, ndx: i32) {
        let Some(g) = self.groups.get_mut(&group) else { return };
        if g.leader == Leader::InProgress(ndx) {
            g.leader = Leader::None;
        }
        g.chosen.take_if(|chosen| *chosen == ndx);
        if g.leader == Leader::None
            && g.chosen.is_none()
            && let Some((_, next)) = g.waiting.pop()
        {
            g.chosen = Some(next);
            self.promoted.push_back(next);
        }
    }

    /// It was the turn of `ndx`, for which others may wait. If it does not lead, and nobody else does, one of them has to.
    pub fn turn_is_over(&mut self, group: u64, ndx: i32) {
        if self.groups.get(&group).is_some_and(|g| g.leader == Leader::None) {
            self.give_up(group, ndx);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> RelPath {
        RelPath::new(name.as_bytes()).unwrap()
    }

    #[test]
    fn members_wait_for_the_leader_and_are_linked_from_where_it_stands() {
        let mut l = Links::default();
        l.wait(7, 2, 12);
        l.wait(7, 5, 11);
        l.wait(7, 3, 13);
        l.begin(7, 6);
        assert_eq!(l.leader(7), Leader::InProgress(6));
        l.wait(7, 9, 10);
        l.wait(7, 8, 14);
        assert_eq!(l.finish(7, 6, &path("x"), b"x"), [14, 10, 11, 13, 12]);
        assert_eq!(l.leader(7), Leader::Done(path("x"), b"x".to_vec()));
        l.give_up(7, 6);
        assert!(l.promoted.is_empty());
    }

    #[test]
    fn the_next_member_takes_over_from_a_failed_leader() {
        let mut l = Links::default();
        l.begin(1, 4);
        l.wait(1, 2, 2);
        l.wait(1, 3, 3);
        l.give_up(1, 9);
        assert!(l.promoted.is_empty());
        l.give_up(1, 4);
        assert_eq!(l.promoted, [3]);
        assert_eq!(l.leader(1), Leader::None);
        l.turn_is_over(1, 4);
        assert_eq!(l.promoted, [3]);
        l.give_up(1, 3);
        l.turn_is_over(1, 3);
        assert_eq!(l.promoted, [3, 2]);
    }

    #[test]
    fn whoever_waits_again_is_no_longer_the_next() {
        let mut l = Links::default();
        l.wait(1, 2, 2);
        l.wait(1, 3, 3);
        l.turn_is_over(1, 4);
        assert_eq!(l.promoted, [3]);
        l.begin(1, 5);
        l.wait(1, 3, 3);
        l.give_up(1, 5);
        assert_eq!(l.promoted, [3, 3]);
        l.begin(1, 3);
        l.turn_is_over(1, 3);
        assert_eq!(l.leader(1), Leader::InProgress(3));
        assert_eq!(l.promoted, [3, 3]);
    }
}
