//! The ids of entries become local ones, by the names that come with them or behind the list (WIRE.md, Id lists).
use super::ListReader;
use crate::{
    Error, ExitCode,
    conn::Reader,
    flist::SegmentBuilder,
    receive::idmap::{self, Ids},
};
use fast_io::RecvHalf;
use wire::{compat::CompatFlags, flist::FileEntry, ids};

impl ListReader {
    /// Reads `--usermap` and `--groupmap`.
    pub(super) fn read_id_rules(&mut self) -> Result<(), Error> {
        let shared = self.shared.clone();
        let (log, s) = (&shared.session.log, &shared.session.settings);
        let id0 = shared.session.inc_recurse || shared.session.compat.has(CompatFlags::ID0_NAMES);
        self.ids.name_zero(!id0 && !s.numeric_ids);
        for (map, kind) in [(&s.usermap, Ids::Users), (&s.groupmap, Ids::Groups)] {
            let Some(text) = map else { continue };
            let rules = idmap::parse(text, kind, &mut self.names, &mut |line| log.error(line))
                .map_err(|line| Error::fatal(ExitCode::SYNTAX, line))?;
            self.ids.set_rules(kind, rules);
        }
        Ok(())
    }

    /// Takes over the name of an id, which came with the first list or a later one.
    fn add_id(&mut self, kind: Ids, id: u32, name: &[u8], first: bool) {
        self.ids.add(kind, &mut self.names, id, name);
        if let Some(notes) = &mut self.id_notes {
            notes.say(&self.attrs.log, &self.ids, kind, id, name, first);
        }
    }

    /// The ids of an entry. Those of an incremental list are mapped as they come; as rsync, which shows it in `%U`, also for
    /// somebody who cannot give files away, but then only users that come with their names.
    pub(super) fn map_ids(&mut self, e: &mut FileEntry, first: bool) {
        let session = self.shared.session.clone();
        let s = &session.settings;
        let incremental = session.inc_recurse;
        if let Some(name) = e.uid_name.as_ref().filter(|_| !s.numeric_ids) {
            self.add_id(Ids::Users, e.uid, name, first);
        }
        let shown = s.owner && self.decoder.user_was_named();
        if incremental && (shown || self.maps(Ids::Users)) {
            e.uid = self.local_id(Ids::Users, e.uid, first);
        }
        if let Some(name) = e.gid_name.as_ref().filter(|_| !s.numeric_ids) {
            self.add_id(Ids::Groups, e.gid, name, first);
        }
        if incremental && self.maps(Ids::Groups) {
            e.gid = self.local_id(Ids::Groups, e.gid, first);
        }
    }

    /// The ids of the entries of a whole list.
    pub(super) fn map_all_ids(&mut self, list: &mut SegmentBuilder) {
        if self.maps(Ids::Users) {
            list.uids_mut().for_each(|uid| *uid = self.local_id(Ids::Users, *uid, true));
        }
        if self.maps(Ids::Groups) {
            list.gids_mut().for_each(|gid| *gid = self.local_id(Ids::Groups, *gid, true));
        }
    }

    /// Whether all ids of a kind are mapped. Who is not root has to know its groups in any case.
    fn maps(&self, kind: Ids) -> bool {
        let s = &self.shared.session.settings;
        let (kept, root) =
            (if kind == Ids::Users { s.owner } else { s.group }, self.attrs.root_user);
        let mapped = !s.numeric_ids || self.ids.has_rules(kind);
        kept && if root { mapped } else { kind == Ids::Groups }
    }

    fn local_id(&mut self, kind: Ids, id: u32, first: bool) -> u32 {
        if let Some(notes) = &mut self.id_notes {
            notes.say(&self.attrs.log, &self.ids, kind, id, b"", first);
        }
        self.ids.get(kind, id)
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
