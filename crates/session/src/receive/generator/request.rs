//! Requests: which basis a file is to be made from, and its sums (WIRE.md, Sums).
use super::{
    super::{
        altdest::{AltDirs, Found},
        attrs::about,
        backup::{How, Made},
        fuzzy::{self, Similar},
        shared::Transfer,
    },
    Generator, Node,
};
use crate::{Error, log::Class, settings::Append};
use fast_io::SendHalf;
use fsroot::{Kind, Root, Stat};
use std::fs::File;
use wire::{
    RelPath,
    item::{ItemFlags as F, basis},
    sums::SumHead,
};

/// A basis that the destination does not have under the file's own name.
pub(super) enum Elsewhere {
    /// The same name in an alternate directory.
    Alternate(Found),
    /// Another name.
    Similar(Similar),
}

impl Elsewhere {
    fn kind(&self) -> u8 {
        match self {
            Elsewhere::Alternate(found) => found.number,
            Elsewhere::Similar(similar) => similar.kind(),
        }
    }

    fn stat(&self) -> Stat {
        match self {
            Elsewhere::Alternate(found) => found.st,
            Elsewhere::Similar(similar) => similar.st,
        }
    }

    /// Where the basis of `wanted` is.
    fn locate<'a>(
        &self,
        root: &'a mut Root,
        dirs: Option<&'a mut AltDirs>,
        wanted: &RelPath,
    ) -> Option<(&'a mut Root, RelPath)> {
        match self {
            Elsewhere::Alternate(found) => Some((dirs?.root(found.number)?, wanted.clone())),
            Elsewhere::Similar(similar) => {
                fuzzy::locate(root, dirs, similar.kind(), wanted, &similar.name)
            }
        }
    }
}

/// What a file can be made from, the first that is there.
struct Candidate {
    /// What was kept of an earlier attempt.
    kept: Option<Stat>,
    /// What the destination has under the file's own name.
    have: Option<Stat>,
    elsewhere: Option<Elsewhere>,
}

impl Candidate {
    fn stat(&self) -> Option<Stat> {
        self.kept.or(self.have).or(self.elsewhere.as_ref().map(Elsewhere::stat))
    }

    /// Its number in an item.
    fn number(&self) -> u8 {
        match (self.kept, &self.elsewhere) {
            (Some(_), _) => basis::PARTIAL_DIR,
            (None, Some(found)) => found.kind(),
            (None, None) => basis::DEST,
        }
    }
}

impl<W: SendHalf> Generator<W> {
    /// The basis as lines about it name it.
    fn basis_name(&mut self, node: &Node, is_kept: bool, found: Option<&Elsewhere>) -> Vec<u8> {
        let own = node.path.as_bytes().to_vec();
        if is_kept {
            return self.partial.as_ref().map_or(own, |partial| partial.display(&node.path));
        }
        let (Some(found), Some(root)) = (found, &mut self.root) else { return own };
        match found.locate(root, self.alt_dirs.as_mut(), &node.path) {
            Some((_, path)) if found.kind() == basis::FUZZY => path.as_bytes().to_vec(),
            Some((root, path)) => root.display(&path),
            None => own,
        }
    }

    /// Requests a file's data, with the sums of what is there.
    pub(super) fn request(
        &mut self,
        node: &Node,
        have: Option<Stat>,
        elsewhere: Option<Elsewhere>,
        redo: bool,
    ) -> Result<(), Error> {
        let session = self.session.clone();
        let settings = &session.settings;
        let appends = settings.append != Append::Off && !redo;
        let delta =
            !session.whole_file && session.transfer_sum.algo != delta::checksum::Checksum::None;
        let asks = settings.asks_for_data() && self.shared.replay.is_none();
        let kept = self.partial_stat(&node.path);
        let mut from = Candidate { kept, have, elsewhere: elsewhere.filter(|_| kept.is_none()) };
        let st = from.stat();
        let shown = (settings.debug.deltasum > 2)
            .then(|| self.basis_name(node, kept.is_some(), from.elsewhere.as_ref()));
        let mut head = SumHead::default();
        let mut source = None;
        if (delta || appends)
            && asks
            && let Some(st) = st
            && let Some((sizes, file)) = self.open_basis(node, st, &mut from, redo)
            && (st.len > 0 || st.kind.is_device())
        {
            (head, source) = (sizes, Some(file));
        }
        let mut kind = from.number();
        if settings.inplace
            && settings.backup
            && self.shared.do_xfers
            && !redo
            && from.have.is_some_and(|st| st.kind == Kind::Regular || st.kind.is_device())
        {
            // Its content will be written over, so that the old one is to be found in the backup only.
            match self.back_up(&node.path, How::Copy)? {
                Made::Failed(_, line) | Made::Nowhere(_, line) => {
                    self.say_backup_failed(&line);
                    self.session.status.set_xfer_error();
                    self.cannot_lead(node);
                    return Ok(());
                }
                Made::Done | Made::Copied if source.is_some() => kind = basis::BACKUP,
                Made::Done | Made::Copied | Made::Skipped => {}
            }
        }
        let (flags, xname) = self.request_flags(node, &from, kind, redo);
        let old_perm = self.basis_perm(node, &from);
        if self.shared.do_xfers && !redo {
            self.fuzzy.begin(&node.path);
        }
        if self.shared.do_xfers {
            self.begin_one(node.ndx);
        }
        self.emit(node, flags, xname, Some(Transfer { head, redo, old_perm, basis: kind }))?;
        if self.shared.do_xfers
            && let Some(group) = node.group
        {
            self.links.begin(group, node.ndx);
        }
        if !settings.asks_for_data() {
            self.flush_soon()?;
            return self.lead(node);
        }
        if self.shared.replay.is_some() {
            return Ok(());
        }
        head.encode(self.writer.buf());
        let is_empty = from.stat().is_some_and(|st| st.kind == Kind::Regular && st.len == 0);
        if source.is_some() || (is_empty && (delta || appends) && asks) {
            self.say_sums(node.ndx, &head, shown.as_deref());
        }
        if let Some(mut file) = source.filter(|_| !appends) {
            self.send_sums(&head, &mut file)?;
        }
        self.flush_soon()?;
        if self.shared.do_xfers { Ok(()) } else { self.lead(node) }
    }

    /// Opens the basis, and chooses how it is divided. One that cannot be opened is reported, and is no candidate any more.
    fn open_basis(
        &mut self,
        node: &Node,
        st: Stat,
        from: &mut Candidate,
        redo: bool,
    ) -> Option<(SumHead, File)> {
        let (place, path) = match (&mut self.root, &mut self.partial, &from.elsewhere) {
            (Some(root), Some(partial), _) if from.kept.is_some() => {
                let path = partial.path(&node.path)?;
                (partial.root(root), path)
            }
            (Some(root), _, Some(found)) => {
                found.locate(root, self.alt_dirs.as_mut(), &node.path)?
            }
            (root, ..) => (root.as_mut()?, node.path.clone()),
        };
        let file = match place.open_read(&path) {
            Ok(file) => file,
            Err(e) => {
                let text = about("failed to open", &place.quoted(&path), ", continuing");
                self.log.sys_error(Class::Error, text, &e);
                from.have = from.have.filter(|_| from.kept.is_some());
                from.elsewhere = None;
                return None;
            }
        };
        let len = match st.kind {
            Kind::Regular => file.metadata().map_or(st.len, |m| m.len()),
            _ => fsroot::meta::device_len(&file),
        };
        let session = &self.session;
        let digest_len = session.transfer_sum.algo.digest_len();
        let size = session.settings.block_size;
        let head = SumHead::choose(session.protocol, len, size, digest_len, redo);
        if head.is_none() {
            let text = "WARNING: file is too large for checksum sending: ";
            self.log.warning(self.name_text(text, &node.name, ""));
        }
        Some((head?, file))
    }

    /// What the request's item says of a basis of this kind, and the name of a similar one.
    fn request_flags<'a>(
        &mut self,
        node: &Node,
        from: &'a Candidate,
        kind: u8,
        redo: bool,
    ) -> (u16, Option<&'a [u8]>) {
        let mut base = F::TRANSFER;
        if kind != basis::DEST {
            base |= F::BASIS_TYPE_FOLLOWS;
        }
        if self.session.settings.checksum && !redo {
            base |= F::REPORT_CHANGE;
        }
        match &from.elsewhere {
            Some(Elsewhere::Alternate(found)) => (self.alternate_flags(node, found, base), None),
            Some(Elsewhere::Similar(similar)) => {
                let flags = self.flags(node, None, base | F::XNAME_FOLLOWS, false);
                (flags, Some(&similar.name))
            }
            None => (self.flags(node, from.have.as_ref(), base, false), None),
        }
    }

    /// The permissions that the new file gets without --perms: those of its basis, even if that is a part of it.
    fn basis_perm(&mut self, node: &Node, from: &Candidate) -> Option<u32> {
        let perm = from.stat()?.perm;
        let is_own = from.kept.is_none() && from.elsewhere.is_none();
        // One that cannot be read is none.
        if perm & 0o444 != 0o444
            && is_own
            && let Some(root) = &mut self.root
            && !root.is_readable(&node.path)
        {
            return None;
        }
        Some(perm)
    }
}
