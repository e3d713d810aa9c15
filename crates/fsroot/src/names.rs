//! User and group names.
/// Looks names up and remembers the answers.
#[derive(Debug, Default)]
pub struct NameCache {
    _p: (),
}
#[allow(missing_docs)]
impl NameCache {
    pub fn user_name(&mut self, uid: u32) -> Option<Vec<u8>> {
        let _ = uid;
        todo!()
    }
    pub fn group_name(&mut self, gid: u32) -> Option<Vec<u8>> {
        let _ = gid;
        todo!()
    }
    pub fn uid_of(&mut self, name: &[u8]) -> Option<u32> {
        let _ = name;
        todo!()
    }
    pub fn gid_of(&mut self, name: &[u8]) -> Option<u32> {
        let _ = name;
        todo!()
    }
    /// Whether the process is a member of the group (effective or supplementary).
    pub fn in_group(&mut self, gid: u32) -> bool {
        let _ = gid;
        todo!()
    }
}
/// Effective uid is 0.
pub fn am_root() -> bool {
    todo!()
}
/// The process's umask, read once.
pub fn umask() -> u32 {
    todo!()
}
