//! User and group names, and who the process is.

use crate::sys;
use std::{collections::HashMap, io};

/// Answers kept per table; a peer that sends more names than this only loses the cache.
const MAX_CACHED: usize = 65_536;

/// Looks names up and remembers the answers, also the missing ones.
#[derive(Debug, Default)]
pub struct NameCache {
    users: HashMap<u32, Option<Vec<u8>>>,
    groups: HashMap<u32, Option<Vec<u8>>>,
    uids: HashMap<Vec<u8>, Option<u32>>,
    gids: HashMap<Vec<u8>, Option<u32>>,
    memberships: Option<Vec<u32>>,
}

impl NameCache {
    /// The name of a user id.
    pub fn user_name(&mut self, uid: u32) -> Option<Vec<u8>> {
        cached(&mut self.users, &uid, |uid| sys::user_name(*uid))
    }

    /// The name of a group id.
    pub fn group_name(&mut self, gid: u32) -> Option<Vec<u8>> {
        cached(&mut self.groups, &gid, |gid| sys::group_name(*gid))
    }

    /// The user id of a name.
    pub fn uid_of(&mut self, name: &[u8]) -> Option<u32> {
        if let Some(answer) = self.uids.get(name) {
            return *answer;
        }
        cached(&mut self.uids, &name.to_vec(), |name| sys::uid_of(name))
    }

    /// The group id of a name.
    pub fn gid_of(&mut self, name: &[u8]) -> Option<u32> {
        if let Some(answer) = self.gids.get(name) {
            return *answer;
        }
        cached(&mut self.gids, &name.to_vec(), |name| sys::gid_of(name))
    }

    /// Whether the process is a member of the group (effective or supplementary), as it was when
    /// this cache was first asked.
    pub fn in_group(&mut self, gid: u32) -> bool {
        self.memberships().contains(&gid)
    }

    /// The groups that the process is a member of, as [`in_group`](Self::in_group) knows them.
    pub fn memberships(&mut self) -> &[u32] {
        self.memberships.get_or_insert_with(sys::memberships)
    }
}

/// Why a process cannot become another user.
#[derive(Debug)]
pub enum AssumeError {
    /// There is no such user.
    User,
    /// There is no such group.
    Group,
    /// The user is not in the database, so its groups are not known.
    Groups,
    /// The system refused this call.
    System(&'static str, io::Error),
}

/// Who becomes a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The whole process.
    Process,
    /// The calling thread, and those that it starts from then on. Linux alone can do that.
    Thread,
}

/// Becomes a user, by name or number, with the given group only or with the user's own groups.
///
/// # Errors
/// As [`AssumeError`] says.
pub fn assume(who: Who, user: &[u8], group: Option<&[u8]>) -> Result<(), AssumeError> {
    let number = |text: &[u8]| -> Option<u32> {
        let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        digits.then(|| std::str::from_utf8(text).ok()?.parse().ok()).flatten()
    };
    let id = |text: &[u8], look_up: fn(&[u8]) -> Option<u32>| {
        if text.is_empty() { None } else { number(text).or_else(|| look_up(text)) }
    };
    let uid = id(user, sys::uid_of).ok_or(AssumeError::User)?;
    let (gid, groups) = match group {
        Some(group) => {
            let gid = id(group, sys::gid_of).ok_or(AssumeError::Group)?;
            (gid, vec![gid])
        }
        None => sys::groups_of(uid).ok_or(AssumeError::Groups)?,
    };
    let assumed = match who {
        Who::Process => sys::assume(uid, gid, &groups),
        Who::Thread => sys::assume_in_thread(uid, gid, &groups),
    };
    assumed.map_err(|(call, e)| AssumeError::System(call, e))
}

/// Effective uid is 0. Not remembered, for a process may give its rights away.
pub fn am_root() -> bool {
    sys::am_root()
}

/// Whether it is the effective uid, so that its files are ours to change.
pub fn is_me(uid: u32) -> bool {
    sys::is_me(uid)
}

/// The process's umask, read once.
pub fn umask() -> u32 {
    sys::umask()
}

fn cached<K, V>(
    table: &mut HashMap<K, Option<V>>,
    key: &K,
    look_up: impl FnOnce(&K) -> Option<V>,
) -> Option<V>
where
    K: std::hash::Hash + Eq + Clone,
    V: Clone,
{
    if let Some(answer) = table.get(key) {
        return answer.clone();
    }
    if table.len() >= MAX_CACHED {
        table.clear();
    }
    let answer = look_up(key);
    table.insert(key.clone(), answer.clone());
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn root_is_known_both_ways() {
        let mut names = NameCache::default();
        for _ in 0..2 {
            assert_eq!(names.user_name(0).as_deref(), Some(&b"root"[..]));
            assert_eq!(names.uid_of(b"root"), Some(0));
            assert_eq!(names.gid_of(b"no such group!"), None);
            assert_eq!(names.uid_of(b"bad\xffname"), None);
            assert_eq!(names.uid_of(b"nul\0name"), None);
        }
        assert_eq!(names.gids.get(&b"no such group!"[..]), Some(&None));
        let group = names.group_name(0).unwrap();
        assert_eq!(names.gid_of(&group), Some(0));
    }

    #[cfg(unix)]
    #[test]
    fn own_groups_are_ours() {
        let mut names = NameCache::default();
        assert!(names.in_group(rustix::process::getegid().as_raw()));
        assert!(!names.in_group(3_999_999_999));
    }

    #[test]
    fn the_cache_stays_bounded() {
        let mut table = HashMap::new();
        for i in 0..(MAX_CACHED + 10) {
            assert_eq!(cached(&mut table, &i, |i| Some(*i)), Some(i));
        }
        assert!(table.len() <= MAX_CACHED);
    }
}
