//! ACLs of the list, held against and put onto local files (WIRE.md, ACL).
use super::{idmap::Ids, ids::IdMap};
use crate::log::named;
use fsroot::{Kind, Root, acl::Acl, names::NameCache};
use std::{
    io,
    sync::{Arc, PoisonError, RwLock},
};
use wire::{RelPath, acl::WireAcl};

/// An ACL that could not be read or set.
#[derive(Debug)]
pub(super) struct AclError {
    before: &'static str,
    after: &'static str,
    pub error: io::Error,
}

impl AclError {
    fn reading(error: io::Error) -> AclError {
        let before = "get_acl: sys_acl_get_file(";
        AclError { before, after: ", ACL_TYPE_ACCESS)", error }
    }

    fn setting_access(error: io::Error) -> AclError {
        AclError { before: "set_acl: xacl_set(", after: ", ACL_TYPE_ACCESS)", error }
    }

    fn setting_default(acl: Option<&Acl>, error: io::Error) -> AclError {
        match acl {
            Some(_) => {
                AclError { before: "set_acl: xacl_set(", after: ", ACL_TYPE_DEFAULT)", error }
            }
            None => AclError { before: "set_acl: sys_acl_delete_def_file(", after: ")", error },
        }
    }

    /// What failed; `name` is the file's as the process names it.
    pub fn text(&self, name: &[u8]) -> Vec<u8> {
        named(self.before, if name.is_empty() { b"." } else { name }, self.after)
    }
}

/// The session's ACLs by table index, with local ids.
#[derive(Debug, Default)]
pub(super) struct AclStore {
    access: RwLock<Vec<Arc<WireAcl>>>,
    default: RwLock<Vec<Arc<WireAcl>>>,
}

impl AclStore {
    /// Takes over what the decoder's tables have gained. `maps` says of users and groups whether their ids are mapped; `met` is
    /// told of those that are, with their names.
    pub fn extend(
        &self,
        access: &[WireAcl],
        default: &[WireAcl],
        ids: &mut IdMap,
        names: &mut NameCache,
        maps: impl Fn(Ids) -> bool,
        mut met: impl FnMut(&IdMap, Ids, u32, &[u8]),
    ) {
        for (table, new) in [(&self.access, access), (&self.default, default)] {
            let mut table = table.write().unwrap_or_else(PoisonError::into_inner);
            for acl in new.iter().skip(table.len()) {
                let mut acl = acl.clone();
                for n in &mut acl.names {
                    let kind = if n.is_user { Ids::Users } else { Ids::Groups };
                    if maps(kind) {
                        if let Some(name) = &n.name {
                            ids.add(kind, names, n.id, name);
                        }
                        met(ids, kind, n.id, n.name.as_deref().unwrap_or_default());
                        n.id = ids.get(kind, n.id);
                    }
                    n.name = None;
                }
                acl.names.sort_by_key(|n| (!n.is_user, n.id));
                table.push(Arc::new(acl));
            }
        }
    }

    fn access(&self, i: u32) -> Option<Arc<WireAcl>> {
        self.access.read().unwrap_or_else(PoisonError::into_inner).get(i as usize).cloned()
    }

    fn default(&self, i: u32) -> Option<Arc<WireAcl>> {
        self.default.read().unwrap_or_else(PoisonError::into_inner).get(i as usize).cloned()
    }

    /// Whether the ACLs of a file differ from those wanted.
    pub fn differ(
        &self,
        root: &mut Root,
        p: &RelPath,
        mode: u32,
        acl: (u32, Option<u32>),
    ) -> io::Result<bool> {
        if let Some(want) = self.access(acl.0)
            && !same_access(&want, mode, &root.access_acl(p)?)
        {
            return Ok(true);
        }
        if let Some(want) = acl.1.and_then(|i| self.default(i)) {
            return Ok(root.default_acl(p)? != whole_default(&want));
        }
        Ok(false)
    }

    /// Makes the ACLs those wanted; true if something was changed.
    pub fn apply(
        &self,
        root: &mut Root,
        p: &RelPath,
        mode: u32,
        acl: (u32, Option<u32>),
    ) -> Result<bool, AclError> {
        let mut changed = false;
        if let Some(want) = self.access(acl.0)
            && !same_access(&want, mode, &root.access_acl(p).map_err(AclError::reading)?)
        {
            root.set_access_acl(p, &expand(&want, mode)).map_err(AclError::setting_access)?;
            changed = true;
        }
        if let Some(want) = acl.1.and_then(|i| self.default(i)) {
            let want = whole_default(&want);
            changed |= set_default(root, p, want.as_ref())?;
        }
        Ok(changed)
    }
}

/// Gives a copy the ACLs of its original.
pub(super) fn copy(
    from: &mut Root,
    p: &RelPath,
    to: &mut Root,
    q: &RelPath,
    kind: Kind,
) -> Result<(), AclError> {
    let acl = from.access_acl(p).map_err(AclError::reading)?;
    if acl != to.access_acl(q).map_err(AclError::reading)? {
        // Also where the directory's default gave it one that the original does not have.
        to.set_access_acl(q, &acl).map_err(AclError::setting_access)?;
    }
    if kind == Kind::Directory {
        let acl = from.default_acl(p).map_err(AclError::reading)?;
        set_default(to, q, acl.as_ref())?;
    }
    Ok(())
}

/// Makes the default ACL the one wanted; true if something was changed.
fn set_default(root: &mut Root, p: &RelPath, want: Option<&Acl>) -> Result<bool, AclError> {
    if root.default_acl(p).map_err(AclError::reading)?.as_ref() == want {
        return Ok(false);
    }
    root.set_default_acl(p, want).map_err(|e| AclError::setting_default(want, e))?;
    Ok(true)
}

fn names(acl: &WireAcl) -> Vec<(bool, u32, u8)> {
    acl.names.iter().map(|n| (n.is_user, n.id, n.access)).collect()
}

/// The complete form of a condensed access ACL of a file with this mode.
fn expand(acl: &WireAcl, mode: u32) -> Acl {
    let group = (mode >> 3 & 7) as u8;
    Acl {
        user_obj: Some(acl.user_obj.unwrap_or((mode >> 6 & 7) as u8)),
        group_obj: Some(acl.group_obj.unwrap_or(group)),
        mask: match acl.mask {
            None if !acl.names.is_empty() => Some(group),
            mask => mask,
        },
        other: Some(acl.other.unwrap_or((mode & 7) as u8)),
        names: names(acl),
    }
}

/// Equal in everything that the permission bits do not say.
fn same_access(want: &WireAcl, mode: u32, have: &Acl) -> bool {
    let want = expand(want, mode);
    if want.names != have.names || want.mask.is_some() != have.mask.is_some() {
        return false;
    }
    // With a mask, the group bits of the mode are the mask, and the group's own access stands beside them.
    want.mask.is_none() || want.group_obj == have.group_obj
}

/// A default ACL as it is set; `None` removes it.
fn whole_default(acl: &WireAcl) -> Option<Acl> {
    if acl.user_obj.is_none()
        && acl.group_obj.is_none()
        && acl.mask.is_none()
        && acl.other.is_none()
        && acl.names.is_empty()
    {
        return None;
    }
    let names = names(acl);
    let mask = match acl.mask {
        None if !names.is_empty() => {
            Some(names.iter().fold(acl.group_obj.unwrap_or(0), |m, n| m | n.2))
        }
        mask => mask,
    };
    Some(Acl {
        user_obj: Some(acl.user_obj.unwrap_or(0)),
        group_obj: Some(acl.group_obj.unwrap_or(0)),
        mask,
        other: Some(acl.other.unwrap_or(0)),
        names,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::acl::AclName;

    fn named() -> WireAcl {
        WireAcl {
            names: vec![AclName { is_user: true, id: 1, access: 7, name: None }],
            group_obj: Some(4),
            ..WireAcl::default()
        }
    }

    #[test]
    fn a_condensed_acl_takes_the_rest_from_the_mode() {
        let acl = expand(&named(), 0o674);
        assert_eq!(acl.user_obj, Some(6));
        assert_eq!(acl.group_obj, Some(4));
        assert_eq!(acl.mask, Some(7));
        assert_eq!(acl.other, Some(4));
    }

    #[test]
    fn a_plain_mode_differs_only_from_an_extended_acl() {
        let plain = WireAcl::default();
        assert!(same_access(&plain, 0o644, &expand(&plain, 0o600)));
        assert!(!same_access(&plain, 0o644, &expand(&named(), 0o644)));
        assert!(same_access(&named(), 0o674, &expand(&named(), 0o674)));
        let mut other = named();
        other.group_obj = Some(5);
        assert!(!same_access(&named(), 0o674, &expand(&other, 0o674)));
    }

    #[test]
    fn an_absent_default_acl_is_removed_and_a_missing_mask_computed() {
        assert_eq!(whole_default(&WireAcl::default()), None);
        let mut acl = named();
        acl.user_obj = Some(7);
        assert_eq!(whole_default(&acl).unwrap().mask, Some(7));
    }
}
