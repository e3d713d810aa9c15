//! Items as they go out (WIRE.md, Item).
use super::{
    super::shared::{Request, Transfer},
    Generator, Node,
};
use crate::{Error, log::Class, report::ItemEvent, settings::RemoveSource};
use fast_io::SendHalf;
use fsroot::Stat;
use wire::{
    item::{Item, ItemFlags as F},
    xattr,
};

impl<W: SendHalf> Generator<W> {
    /// The flags of an item that exists (`have`) or is new.
    pub(super) fn flags(
        &mut self,
        node: &Node,
        have: Option<&Stat>,
        base: u16,
        empty_xname: bool,
    ) -> u16 {
        if let (Some(have), Some(root)) = (have, &mut self.root) {
            return self.attrs.report(root, &node.path, &node.want, have, base, empty_xname);
        }
        let mut flags = base | F::IS_NEW;
        if let (true, Some(k)) = (self.session.settings.xattrs > 0, node.want.xattr)
            && self.shared.xattrs.differ(None, k).unwrap_or(false)
        {
            flags |= F::REPORT_XATTR;
        }
        flags
    }

    /// Sends an item, if it is worth it; `transfer` asks for data, whose sums are the caller's next step.
    pub(super) fn emit(
        &mut self,
        node: &Node,
        flags: u16,
        xname: Option<&[u8]>,
        transfer: Option<Transfer>,
    ) -> Result<(), Error> {
        let settings = &self.session.settings;
        let p = self.session.protocol;
        let quiet = F::BASIS_TYPE_FOLLOWS | F::XNAME_FOLLOWS | F::LOCAL_CHANGE;
        let worth = flags & !quiet != 0
            || xname.is_some_and(|x| !x.is_empty())
            || settings.itemize >= 2
            || settings.info.name >= 2;
        if !worth {
            return Ok(());
        }
        let item = Item {
            flags: F(flags),
            basis: transfer.map_or(wire::item::basis::DEST, |t| t.basis),
            xname: xname.map(<[u8]>::to_vec),
        };
        if !p.has_item_flags() && transfer.is_none() {
            // Such items do not travel; whoever is the client here reports them.
            if flags & F::IS_NEW != 0 {
                super::super::finish::count_created(&self.session, node.want.kind);
            }
            self.report_here(node, &item);
            return Ok(());
        }
        if let Some(replay) = &self.shared.replay {
            // Everything else about the entry stands in the batch.
            if let Some(transfer) = transfer {
                replay.want(node.ndx, transfer);
            }
            return Ok(());
        }
        // The answer may be here before the next line, so the receiver must know of the request already.
        self.shared.requests().push_back(Request::new(node.ndx, flags, xname, transfer));
        self.ndx.encode(node.ndx, self.writer.buf());
        item.encode(p, self.writer.buf());
        if self.shared.exchanges_xattrs(flags) {
            if transfer.is_none() && settings.remove_source != RemoveSource::Nothing {
                self.undressed.insert(node.ndx, None);
            }
            let numbers = node.want.xattr.map(|k| self.shared.xattrs.request(k));
            xattr::encode_request(&numbers.unwrap_or_default(), self.writer.buf());
        }
        if transfer.is_none() { self.flush_soon() } else { Ok(()) }
    }

    fn report_here(&self, node: &Node, item: &Item) {
        let path = self.shared.path_of(self.root.as_ref(), &node.name);
        let entry = self.live.iter().find_map(|s| s.list.get(s.list.slot(node.ndx)?));
        let link = entry.map_or(&b""[..], |e| e.link_target());
        self.shared.report(|r| {
            r.item(&ItemEvent {
                place: entry.map_or(node.ndx, |e| e.place()),
                name: &node.name,
                mode: node.want.mode,
                len: node.want.len,
                mtime: node.want.mtime,
                uid: node.want.uid,
                gid: node.want.gid,
                link_target: link,
                item,
                sum: entry.map(|e| e.checksum()).filter(|sum| !sum.is_empty()),
                path: &path,
            });
        });
    }

    /// Says of something that was not transferred whether its attributes were changed.
    pub(super) fn say_unchanged(&self, node: &Node, changed: bool) {
        self.say_name_unchanged(&node.name, changed);
    }

    /// The same for a name as it is shown.
    pub(super) fn say_name_unchanged(&self, name: &[u8], changed: bool) {
        if self.session.settings.info.name >= 2 && !self.shared.itemizing {
            let after = if changed { "" } else { " is uptodate" };
            self.log.line(Class::Client, self.name_text("", name, after));
        }
    }
}
