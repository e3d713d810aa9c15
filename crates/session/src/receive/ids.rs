//! Owners and groups of the sender, mapped to local ids by name (file list: id lists, mapping on the receiver).
use fsroot::names::NameCache;
use std::{
    collections::HashMap,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// The ids that have another number here. Ids that are not in it stay as they are.
#[derive(Debug, Default)]
pub(super) struct IdMap {
    any: AtomicBool,
    users: RwLock<HashMap<u32, u32>>,
    groups: RwLock<HashMap<u32, u32>>,
}

impl IdMap {
    /// Notes a user's name.
    pub fn add_user(&self, names: &mut NameCache, id: u32, name: &[u8]) {
        if id != 0 && !name.is_empty() {
            self.add(&self.users, id, names.uid_of(name));
        }
    }

    /// Notes a group's name.
    pub fn add_group(&self, names: &mut NameCache, id: u32, name: &[u8]) {
        if id != 0 && !name.is_empty() {
            self.add(&self.groups, id, names.gid_of(name));
        }
    }

    fn add(&self, map: &RwLock<HashMap<u32, u32>>, id: u32, local: Option<u32>) {
        if let Some(local) = local
            && local != id
        {
            map.write().unwrap_or_else(PoisonError::into_inner).insert(id, local);
            self.any.store(true, Ordering::Release);
        }
    }

    /// The local number of a user.
    pub fn user(&self, id: u32) -> u32 {
        self.get(&self.users, id)
    }

    /// The local number of a group.
    pub fn group(&self, id: u32) -> u32 {
        self.get(&self.groups, id)
    }

    fn get(&self, map: &RwLock<HashMap<u32, u32>>, id: u32) -> u32 {
        if !self.any.load(Ordering::Acquire) {
            return id;
        }
        map.read().unwrap_or_else(PoisonError::into_inner).get(&id).copied().unwrap_or(id)
    }
}
