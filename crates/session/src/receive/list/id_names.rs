//! The names of ids that come with entries or behind them (WIRE.md, Id lists).
use super::ListReader;
use crate::{
    Error, ExitCode,
    conn::Reader,
    receive::idmap::{self, Ids},
};
use fast_io::RecvHalf;
use wire::{compat::CompatFlags, flist::FileEntry, ids};

impl ListReader {
    /// Reads `--usermap` and `--groupmap`.
    pub(super) fn map_ids(&mut self) -> Result<(), Error> {
        let shared = self.shared.clone();
        let (log, s) = (&shared.session.log, &shared.session.settings);
        let id0 = shared.session.inc_recurse || shared.session.compat.has(CompatFlags::ID0_NAMES);
        shared.ids.name_zero(!id0 && !s.numeric_ids);
        for (map, kind) in [(&s.usermap, Ids::Users), (&s.groupmap, Ids::Groups)] {
            let Some(text) = map else { continue };
            let rules = idmap::parse(text, kind, &mut self.names, &mut |line| log.error(line))
                .map_err(|line| Error::fatal(ExitCode::SYNTAX, line))?;
            shared.ids.set_rules(kind, rules);
        }
        Ok(())
    }

    /// Takes over the name of an id, which came with the first list or a later one.
    pub(super) fn add_id(&mut self, kind: Ids, id: u32, name: &[u8], first: bool) {
        self.shared.ids.add(kind, &mut self.names, id, name);
        if let Some(notes) = &mut self.id_notes {
            notes.say(&self.attrs.log, &self.shared.ids, kind, id, name, first);
        }
    }

    /// Notes the ids of an entry that are mapped.
    pub(super) fn meet_ids(&mut self, e: &FileEntry) {
        let Some(notes) = &mut self.id_notes else { return };
        let o = &self.shared.session.settings;
        let wanted =
            [(Ids::Users, e.uid, o.owner && self.attrs.root_user), (Ids::Groups, e.gid, o.group)];
        for (kind, id, wanted) in wanted {
            // Who is not root has to know its groups in any case.
            let mapped = !o.numeric_ids || self.shared.ids.has_rules(kind);
            if wanted && (mapped || (kind == Ids::Groups && !self.attrs.root_user)) {
                notes.meet(kind, id);
            }
        }
    }

    /// The id lists (WIRE.md, Id lists).
    pub(super) fn id_lists<R: RecvHalf>(&mut self, reader: &mut Reader<R>) -> Result<(), Error> {
        let session = self.shared.session.clone();
        let o = &session.settings;
        if o.numeric_ids && !o.nameless_ids {
            return Ok(());
        }
        let p = session.protocol;
        let id0 = session.compat.has(CompatFlags::ID0_NAMES);
        for (kind, wanted) in [(Ids::Users, o.owner), (Ids::Groups, o.group)] {
            if !wanted && !o.acls {
                continue;
            }
            let mut add = |id, name: &[u8]| {
                if !o.nameless_ids {
                    self.add_id(kind, id, name, true);
                }
            };
            while let Some(item) = reader.read(|c| ids::decode_item(p, c))? {
                add(item.id, &item.name);
            }
            if id0 {
                add(0, &reader.read(ids::decode_id0)?);
            }
        }
        Ok(())
    }
}
