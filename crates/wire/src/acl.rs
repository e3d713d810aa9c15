//! ACLs in the file list (spec chapter 02, ACLs).
use crate::{Cursor, Decode};
/// One named entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub struct AclName {
    pub is_user: bool,
    pub id: u32,
    pub access: u8,
    pub name: Option<Vec<u8>>,
}
/// An ACL as it travels (condensed for access ACLs): absent objects are `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct WireAcl {
    pub user_obj: Option<u8>,
    pub group_obj: Option<u8>,
    pub mask: Option<u8>,
    pub other: Option<u8>,
    pub names: Vec<AclName>,
}
/// The tables of one direction of a session: access ACLs and default ACLs, in order of first appearance.
#[derive(Debug, Clone, Default)]
pub struct AclTable {
    _priv: (),
}
impl AclTable {
    /// Appends `acl` as an index into the table, or as a literal that is added to it. Names are written iff present in `names[..].name`.
    pub fn encode(&mut self, acl: WireAcl, out: &mut Vec<u8>) {
        let _ = (acl, out);
        todo!()
    }
    /// The 0-based table index of the next ACL; a literal is appended. State changes only on success.
    pub fn decode(&mut self, c: &mut Cursor<'_>) -> Decode<u32> {
        let _ = c;
        todo!()
    }
    /// The entry at a table index.
    pub fn get(&self, index: u32) -> &WireAcl {
        let _ = index;
        todo!()
    }
    /// All entries.
    pub fn entries(&self) -> &[WireAcl] {
        todo!()
    }
    /// All entries, for mapping ids after the id lists have arrived.
    pub fn entries_mut(&mut self) -> &mut [WireAcl] {
        todo!()
    }
}
