//! POSIX ACLs (system.posix_acl_access / _default), in the system's own form.
use crate::Root;
use std::io;
use wire::RelPath;
/// A POSIX ACL. `None` objects are absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct Acl {
    pub user_obj: Option<u8>,
    pub group_obj: Option<u8>,
    pub mask: Option<u8>,
    pub other: Option<u8>,
    /** (is_user, id, access), users then groups, ascending. */
    pub names: Vec<(bool, u32, u8)>,
}
#[allow(missing_docs)]
impl Root {
    /// The access ACL; a file without one yields the three objects from its mode. Unsupported file systems likewise.
    pub fn access_acl(&mut self, p: &RelPath) -> io::Result<Acl> {
        let _ = p;
        todo!()
    }
    /// The default ACL; `None` if there is none.
    pub fn default_acl(&mut self, p: &RelPath) -> io::Result<Option<Acl>> {
        let _ = p;
        todo!()
    }
    pub fn set_access_acl(&mut self, p: &RelPath, acl: &Acl) -> io::Result<()> {
        let _ = (p, acl);
        todo!()
    }
    /// `None` removes it.
    pub fn set_default_acl(&mut self, p: &RelPath, acl: Option<&Acl>) -> io::Result<()> {
        let _ = (p, acl);
        todo!()
    }
}
