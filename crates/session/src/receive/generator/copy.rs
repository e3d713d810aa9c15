//! `--copy-dest`, and `--link-dest` where linking fails: the destination gets a copy of what an alternate directory has.
use super::{
    super::{
        altdest::Found,
        attrs::{Times, about},
        temp_dir::{TempDir, create_temp},
    },
    Generator, Node,
};
use crate::log::Class;
use fast_io::SendHalf;
use fsroot::{FileWriter, TempFile};
use std::{fs::File, io};
use wire::RelPath;

impl<W: SendHalf> Generator<W> {
    /// Copies the content of what was found, and gives it the attributes that are wanted. False if that failed, which was said.
    pub(super) fn copy_alternate(&mut self, node: &Node, found: &Found) -> bool {
        // In place nothing is touched before the content is at hand.
        let first = match self.session.settings.inplace.then(|| self.open_found(node, found)) {
            Some(Err(e)) => {
                self.say_not_copied(node, found, &node.path, &e);
                return false;
            }
            first => first,
        };
        let Some(temp) = self.new_copy(node, found) else { return false };
        let content = first.unwrap_or_else(|| self.open_found(node, found));
        if let Err(e) = content.and_then(|file| self.fill_copy(node, found, &temp, &file)) {
            self.say_not_copied(node, found, temp.path(), &e);
            return false;
        }
        let in_temp_dir = self.temp_dir.is_some() && !self.session.settings.inplace;
        let Err((mut e, temp)) = self.install_copy(node, temp, in_temp_dir) else { return true };
        if e.kind() == io::ErrorKind::CrossesDevices
            && let Some(root) = &mut self.root
        {
            e = match TempFile::copy_of(temp.file(), root, &node.path, node.want.mode) {
                Ok(copy) => match self.install_copy(node, copy, false) {
                    Ok(()) => return true,
                    Err((e, _)) => e,
                },
                Err(e) => e,
            };
        }
        let temp_root = self.temp_dir.as_mut().and_then(TempDir::root);
        let place = temp_root.or(self.root.as_mut());
        let quoted = place.map_or(Vec::new(), |place| place.quoted(temp.path()));
        let mut text = about("rename", &quoted, " -> \"");
        text.extend_from_slice(node.path.as_bytes());
        text.push(b'"');
        self.log.sys_error(Class::ErrorXfer, text, &e);
        false
    }

    /// A file under another name. With `--inplace` what fails is said of the file's own name, which other names are no help for.
    fn new_copy(&mut self, node: &Node, found: &Found) -> Option<TempFile> {
        let root = self.root.as_mut()?;
        if !self.session.settings.inplace {
            let temp_dir = self.temp_dir.as_mut();
            return create_temp(root, temp_dir, &node.path, node.want.mode, &self.log);
        }
        let made = match root.unlink(&node.path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(("unlink", e)),
            _ => TempFile::create(root, &node.path, node.want.mode)
                .map_err(|failed| ("open", failed.error)),
        };
        match made {
            Ok(temp) => Some(temp),
            Err((what, e)) => {
                let text = about(what, &root.quoted(&node.path), "");
                self.log.sys_error(Class::ErrorXfer, text, &e);
                self.say_not_copied(node, found, &node.path, &e);
                None
            }
        }
    }

    /// Opens what is to be copied; a failure was said.
    fn open_found(&mut self, node: &Node, found: &Found) -> io::Result<File> {
        let Some(dirs) = &mut self.alt_dirs else { return Err(io::ErrorKind::NotFound.into()) };
        dirs.open_read(found.number, &node.path).inspect_err(|e| {
            let from = dirs.root(found.number).map(|from| from.quoted(&node.path));
            let text = about("open", &from.unwrap_or_default(), "");
            self.log.sys_error(Class::ErrorXfer, text, e);
        })
    }

    /// The content; what failed was said.
    fn fill_copy(
        &mut self,
        node: &Node,
        found: &Found,
        temp: &TempFile,
        file: &File,
    ) -> io::Result<()> {
        let Some(root) = &mut self.root else { return Err(io::ErrorKind::NotFound.into()) };
        let settings = &self.session.settings;
        let temp_root = self.temp_dir.as_mut().and_then(TempDir::root);
        let shown = match (settings.inplace, temp_root) {
            (true, _) => root.quoted(&node.path),
            (false, Some(dir)) => dir.quoted(temp.path()),
            (false, None) => root.quoted(temp.path()),
        };
        if settings.preallocate
            && let Err(e) = FileWriter::new(false, false).preallocate(temp.file(), found.st.len)
        {
            self.log.sys_error(Class::Warning, about("do_fallocate", &shown, ""), &e);
        }
        temp.fill_from(file)
            .inspect_err(|e| self.log.sys_error(Class::ErrorXfer, about("write", &shown, ""), e))
    }

    /// `--info=copy` says what was to become of it.
    fn say_not_copied(&mut self, node: &Node, found: &Found, temp: &RelPath, e: &io::Error) {
        let settings = &self.session.settings;
        let Some(from) = self.alt_dirs.as_mut().and_then(|dirs| dirs.root(found.number)) else {
            return;
        };
        if settings.info.copy == 0 {
            return;
        }
        let to = match (&settings.temp_dir, settings.inplace) {
            (_, true) => node.path.as_bytes().to_vec(),
            (Some(dir), false) => [&dir[..], b"/", temp.as_bytes()].concat(),
            (None, false) => temp.as_bytes().to_vec(),
        };
        let text = about("copy_file", &from.quoted(&node.path), " => ");
        self.log.sys_error(Class::Info, [&text[..], &to].concat(), e);
    }

    /// Attributes and name.
    fn install_copy(
        &mut self,
        node: &Node,
        temp: TempFile,
        in_temp_dir: bool,
    ) -> Result<(), (io::Error, TempFile)> {
        let Some(root) = &mut self.root else { return Ok(()) };
        let perm = self.attrs.dest_perm(root, &node.path, &node.want, None);
        let path = temp.path().clone();
        let have = match temp.stat() {
            Ok(have) => have,
            Err(e) => return Err((e, temp)),
        };
        let place = match self.temp_dir.as_mut().and_then(TempDir::root) {
            Some(dir) if in_temp_dir => dir,
            _ => root,
        };
        let have = self.attrs.give_away(place, &path, &node.want, &have).unwrap_or(have);
        if let (true, Some(k)) = (self.session.settings.xattrs > 0, node.want.xattr) {
            // Their values are here: they are those of the file that was found, or small.
            self.attrs.apply_xattrs(place, &path, Some(have.perm), k);
        }
        self.attrs.apply(place, &path, &node.want, &have, perm, Times::Exact);
        let Some(root) = &mut self.root else { return Ok(()) };
        temp.try_commit(root, &node.path)
    }
}
