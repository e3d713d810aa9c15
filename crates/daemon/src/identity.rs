//! Who a module's child is: chroot, groups and user (rsyncd.conf man page, use chroot, uid, gid).

use crate::system;
use crate::{auth::items, config::Section};
use nix::unistd::{self, Gid, Group, Uid, User};
use std::ffi::CString;

/// The user and groups to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    uid: Option<Uid>,
    groups: Vec<Gid>,
}

/// Why it cannot be: the text of the `@ERROR` line.
pub type Refusal = String;

impl Identity {
    /// What the module's `uid` and `gid` ask for.
    ///
    /// # Errors
    /// An unknown name.
    pub fn of(module: &Section) -> Result<Identity, Refusal> {
        let root = Uid::effective().is_root();
        let uid = module.string("uid");
        let user = match uid.trim() {
            "" if root => lookup_user("nobody").map(Some).ok_or("getpwnam nobody failed")?,
            "" => None,
            name => Some(lookup_user(name).ok_or_else(|| format!("invalid uid {name}"))?),
        };
        let mut groups = Vec::new();
        let list = module.string("gid");
        for (i, name) in items(list.as_bytes()).map(String::from_utf8_lossy).enumerate() {
            if name == "*" && i == 0 {
                let uid = user.unwrap_or_else(Uid::current);
                let user = User::from_uid(uid).ok().flatten().ok_or("getpwuid failed")?;
                groups.push(user.gid);
                let name = CString::new(user.name).map_err(|_| "getgrouplist failed")?;
                let all = system::groups_of(&name, user.gid).map_err(|_| "getgrouplist failed")?;
                groups.extend(all.into_iter().filter(|gid| *gid != user.gid));
            } else {
                groups.push(lookup_group(&name).ok_or_else(|| format!("invalid gid {name}"))?);
            }
        }
        if groups.is_empty() && root {
            let nobody = lookup_group("nogroup").or_else(|| lookup_group("nobody"));
            groups.push(nobody.ok_or("invalid gid nobody")?);
        }
        Ok(Identity { uid: user, groups })
    }

    /// What `daemon uid` and `daemon gid` ask for; unset means no change.
    ///
    /// # Errors
    /// An unknown name.
    pub fn of_daemon(global: &Section) -> Result<Identity, Refusal> {
        let (uid, gid) = (global.string("daemonuid"), global.string("daemongid"));
        let (uid, gid) = (uid.trim(), gid.trim());
        let user = match uid {
            "" => None,
            name => Some(lookup_user(name).ok_or_else(|| format!("invalid uid {name}"))?),
        };
        let groups = match gid {
            "" => Vec::new(),
            name => vec![lookup_group(name).ok_or_else(|| format!("invalid gid {name}"))?],
        };
        Ok(Identity { uid: user, groups })
    }

    /// Becomes it, for good.
    ///
    /// # Errors
    /// The call that the system refused.
    pub fn assume(&self) -> Result<(), Refusal> {
        if let Some(first) = self.groups.first() {
            unistd::setgid(*first).map_err(|_| "setgid failed")?;
            if Uid::effective().is_root() {
                system::set_groups(&self.groups).map_err(|_| "setgroups failed")?;
            }
        }
        if let Some(uid) = self.uid {
            unistd::setuid(uid).map_err(|_| "setuid failed")?;
        }
        Ok(())
    }
}

fn lookup_user(name: &str) -> Option<Uid> {
    match name.parse::<u32>() {
        Ok(id) => Some(Uid::from_raw(id)),
        Err(_) => User::from_name(name).ok().flatten().map(|user| user.uid),
    }
}

fn lookup_group(name: &str) -> Option<Gid> {
    match name.parse::<u32>() {
        Ok(id) => Some(Gid::from_raw(id)),
        Err(_) => Group::from_name(name).ok().flatten().map(|group| group.gid),
    }
}

/// The groups of this system's users, for `@group` rules.
pub struct SystemGroups;

impl crate::auth::Groups for SystemGroups {
    fn of(&self, user: &[u8]) -> Vec<String> {
        let Ok(user) = std::str::from_utf8(user) else { return Vec::new() };
        let Ok(Some(user)) = User::from_name(user) else { return Vec::new() };
        let Ok(name) = CString::new(user.name) else { return Vec::new() };
        let gids = system::groups_of(&name, user.gid).unwrap_or_default();
        let name_of = |gid: Gid| Group::from_gid(gid).ok().flatten().map(|group| group.name);
        gids.into_iter().filter_map(name_of).collect()
    }
}
