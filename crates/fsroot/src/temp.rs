//! Temporary files beside the file they will replace (spec chapter 03, Temporary file; Partial files).
use crate::Root;
use std::{fs::File, io};
use wire::RelPath;
/// A temporary file that is removed when dropped, unless committed or kept.
#[derive(Debug)]
pub struct TempFile {
    _p: (),
}
#[allow(missing_docs)]
impl TempFile {
    /// Creates `.NAME.XXXXXX` beside `target` (rules of chapter 03), mode `(mode | 0200) & 0700`, O_EXCL|O_NOFOLLOW.
    pub fn create(root: &mut Root, target: &RelPath, mode: u32) -> io::Result<TempFile> {
        let _ = (root, target, mode);
        todo!()
    }
    pub fn file(&self) -> &File {
        todo!()
    }
    pub fn path(&self) -> &RelPath {
        todo!()
    }
    /// Renames over `to`.
    pub fn commit(self, root: &mut Root, to: &RelPath) -> io::Result<()> {
        let _ = (root, to);
        todo!()
    }
    /// Leaves the file under its temporary name.
    pub fn keep(self) -> RelPath {
        todo!()
    }
    /// Removes it.
    pub fn discard(self, root: &mut Root) {
        let _ = root;
        todo!()
    }
}
/// The temporary name for a leaf, given 6 random characters.
pub fn temp_name(leaf: &[u8], suffix: &[u8; 6]) -> Vec<u8> {
    let _ = (leaf, suffix);
    todo!()
}
