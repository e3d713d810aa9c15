//! Values of extended attributes that the receiving side asks for (WIRE.md, Xattr exchange).

use super::Sender;
use crate::{Error, flist::Entry, log::named};
use fast_io::{RecvHalf, SendHalf};
use fsroot::Root;
use std::io;
use wire::{
    RelPath,
    compat::CompatFlags,
    item::ItemFlags,
    varint::Put,
    xattr::{self, XattrValue},
};

impl<R: RecvHalf, W: SendHalf> Sender<'_, R, W> {
    /// The attribute numbers that an item asks for, if it carries a request.
    pub(super) fn wanted_values(&mut self, flags: ItemFlags) -> Result<Option<Vec<u32>>, Error> {
        let s = &self.session;
        let optimised = s.protocol.has_error_exit()
            && !s.compat.has(CompatFlags::AVOID_XATTR_OPTIM)
            && flags.has(ItemFlags::XNAME_FOLLOWS)
            && flags.has(ItemFlags::LOCAL_CHANGE);
        let exchange = s.settings.xattrs > 0
            && flags.has(ItemFlags::REPORT_XATTR)
            && s.settings.asks_for_data()
            && !optimised;
        if exchange { self.reader.read(xattr::decode_request).map(Some) } else { Ok(None) }
    }

    /// The reply to a request for attribute values.
    pub(super) fn values(
        &mut self,
        entry: Entry<'_>,
        name: &[u8],
        mut numbers: Vec<u32>,
    ) -> Result<Vec<u8>, Error> {
        let mut reply = Vec::new();
        let unknown = |number| xattr::unknown_number(number, name);
        let mut prev = 0;
        // A receiver that stores them under other names asks in the order of those; the reply is in ours.
        numbers.sort_unstable();
        for number in numbers {
            let list = entry.xattr().ok_or_else(|| unknown(number))?;
            let attr = (number as usize)
                .checked_sub(1)
                .and_then(|i| self.lister.encoder.xattrs.get(list).get(i).cloned())
                .ok_or_else(|| unknown(number))?;
            let sent = self.values_sent.entry(list).or_default();
            let XattrValue::Digest { len, .. } = attr.value else {
                return Err(xattr::not_abbreviated(name, &attr.name, 0).into());
            };
            if sent.contains(&number) {
                return Err(xattr::not_abbreviated(name, &attr.name, len as usize).into());
            }
            sent.push(number);
            let source = entry.source();
            let sources = &mut self.lister.sources;
            let read = match sources.rel(source, name) {
                Some(rel) => sources.root(source).and_then(|r| listed_xattr(r, &rel, &attr.name)),
                None => Err(io::ErrorKind::InvalidInput.into()),
            };
            let value = read.and_then(|v| v.ok_or_else(|| io::ErrorKind::NotFound.into()));
            let value = match value {
                Ok(value) => value,
                Err(e) => {
                    let after = named(",\"", &attr.name, "\",0) failed");
                    let text = "get_xattr_data: lgetxattr(";
                    sources.complain(&self.log, text, source, name, &after, &e);
                    Vec::new()
                }
            };
            xattr::encode_value(number, prev, &value, &mut reply);
            prev = number;
        }
        reply.put_varint(0);
        Ok(reply)
    }
}

/// The value of a listed attribute, which may be stored under a disguised name.
fn listed_xattr(root: &mut Root, p: &RelPath, name: &[u8]) -> io::Result<Option<Vec<u8>>> {
    if root.fakes_super()
        && let Some(value) = root.get_xattr(p, &[fsroot::fake::DISGUISE, name].concat())?
    {
        return Ok(Some(value));
    }
    root.get_xattr(p, name)
}
