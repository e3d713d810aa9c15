//! What the receiver tells of a file whose data come (`--debug=DELTASUM`).
use super::{super::write::Answer, Receiver};
use crate::{log::named, receive::fuzzy};
use fast_io::RecvHalf;
use fsroot::Kind;
use wire::item::basis;

impl<R: RecvHalf> Receiver<R> {
    /// The basis and its size, even if no data of it were asked for; an empty one is none.
    pub(in crate::receive) fn say_mapped(&mut self, answer: &Answer<'_>) {
        if self.session.settings.debug.deltasum < 2 {
            return;
        }
        if let Some((name, len)) = self.mapped(answer).filter(|(_, len)| *len > 0) {
            self.attrs.log.info(named("recv mapped ", &name, &format!(" of size {len}")));
        }
    }

    /// Name and size of the basis.
    fn mapped(&mut self, answer: &Answer<'_>) -> Option<(Vec<u8>, u64)> {
        let Answer { t, item, request, .. } = *answer;
        let own = self.root.as_mut()?;
        let dirs = self.alt_dirs.as_mut();
        let (root, path, is_apart) = match request.basis {
            number if number < basis::DEST => (dirs?.root(number)?, t.path.clone(), true),
            basis::PARTIAL_DIR => {
                let partial = self.partial.as_mut()?;
                let len = partial.stat(own, &t.path)?.len;
                return Some((partial.display(&t.path), len));
            }
            basis::BACKUP => {
                let backup = self.backup.as_mut()?;
                let len = backup.open(&t.path).ok()?.metadata().ok()?.len();
                return Some((backup.shown(&t.path), len));
            }
            kind if kind >= basis::FUZZY => {
                let (root, path) = fuzzy::locate(own, dirs, kind, &t.path, item.xname.as_deref()?)?;
                (root, path, kind > basis::FUZZY)
            }
            _ => (own, t.path.clone(), false),
        };
        let st = root.lstat(&path).ok();
        let len = st.filter(|st| st.kind == Kind::Regular)?.len;
        let name = if is_apart { root.display(&path) } else { path.as_bytes().to_vec() };
        Some((name, len))
    }
}
