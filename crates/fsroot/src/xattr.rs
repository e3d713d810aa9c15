//! Extended attributes without following symlinks.
use crate::Root;
use std::io;
use wire::RelPath;
#[allow(missing_docs)]
impl Root {
    /// All names (full, with namespace), unsorted. ENOTSUP gives an empty list.
    pub fn list_xattrs(&mut self, p: &RelPath) -> io::Result<Vec<Vec<u8>>> {
        let _ = p;
        todo!()
    }
    /// `None` if it does not exist.
    pub fn get_xattr(&mut self, p: &RelPath, name: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let _ = (p, name);
        todo!()
    }
    pub fn set_xattr(&mut self, p: &RelPath, name: &[u8], value: &[u8]) -> io::Result<()> {
        let _ = (p, name, value);
        todo!()
    }
    pub fn remove_xattr(&mut self, p: &RelPath, name: &[u8]) -> io::Result<()> {
        let _ = (p, name);
        todo!()
    }
}
