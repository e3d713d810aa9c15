//! Hard links to a leader that is in place.
use super::{
    super::{attrs::about, hardlinks::Leader},
    Generator, Node,
    confirm::Confirmed,
};
use crate::{Error, settings::AltDestKind};
use fast_io::SendHalf;
use fsroot::{Kind, Stat};
use wire::{RelPath, item::ItemFlags as F};

impl<W: SendHalf> Generator<W> {
    /// The file with this index is in place: members of its group that wait are linked to it.
    pub(super) fn leader_done(&mut self, ndx: i32) -> Result<(), Error> {
        if !self.session.settings.hard_links {
            return Ok(());
        }
        match self.node(ndx) {
            Some((_, _, node)) => self.lead(&node),
            None => Ok(()),
        }
    }

    /// `node` is in place and leads its group from now on.
    pub(super) fn lead(&mut self, node: &Node) -> Result<(), Error> {
        let Some(group) = node.group else { return Ok(()) };
        if let Some(chains) = &mut self.links.chains {
            chains.lead(group, node.ndx);
        }
        let followers = self.links.finish(group, node.place, &node.path, &node.name);
        let leader = match followers.is_empty() {
            true => None,
            false => self.lstat(&node.path).unwrap_or(None),
        };
        for ndx in followers {
            self.end_one(ndx);
            if let Some((_, _, follower)) = self.node(ndx) {
                let have = self.lstat(&follower.path).unwrap_or(None);
                self.follow(&follower, have, (&node.path, leader), &node.name)?;
            }
        }
        Ok(())
    }

    /// What the group of `node` means for it: true if nothing else is to be done.
    pub(super) fn follows(&mut self, node: &Node, have: Option<&Stat>) -> Result<bool, Error> {
        let Some(group) = node.group else { return Ok(false) };
        self.say_group(node, group);
        match self.links.leader(group) {
            Leader::None => Ok(false),
            Leader::InProgress(leader) if leader == node.ndx => Ok(false),
            Leader::InProgress(_) => {
                self.links.wait(group, node.place, node.ndx);
                self.begin_one(node.ndx);
                Ok(true)
            }
            Leader::Done(path, name) => {
                let leader = self.lstat(&path).unwrap_or(None);
                self.follow(node, have.copied(), (&path, leader), &name)?;
                Ok(true)
            }
        }
    }

    /// `--debug=HLINK2`: what `node` finds out about its group.
    fn say_group(&mut self, node: &Node, group: u64) {
        let leader = self.links.chains.is_some().then(|| self.links.leader(group));
        let (Some(leader), Some(chains)) = (leader, &mut self.links.chains) else { return };
        // Without incremental recursion groups have no numbers.
        let number = if self.session.inc_recurse { group as i64 } else { -1 };
        for text in chains.findings((group, node.ndx), &leader) {
            let before = format!("hlink for {} (", node.ndx);
            let after = [format!(",{number}): ").as_bytes(), &text].concat();
            self.log.info([before.as_bytes(), &node.name, &after].concat());
        }
    }

    /// After each entry rsync forgets lists that are done with, oldest first.
    pub(super) fn forget_lists(&mut self) {
        let Some(chains) = &mut self.links.chains else { return };
        let open = self.live.iter().find(|state| !state.walked || !state.list.is_settled());
        if let Some(state) = open.filter(|_| self.session.inc_recurse) {
            chains.forget_before(state.list.base());
        }
    }

    /// Makes `node` a hard link of `leader`. Rsync looks at the ACL and the extended attributes when the link is made: what
    /// differs are at most attributes that the leader has not got yet.
    fn follow(
        &mut self,
        node: &Node,
        have: Option<Stat>,
        (leader, leader_stat): (&RelPath, Option<Stat>),
        name: &[u8],
    ) -> Result<(), Error> {
        let base = F::LOCAL_CHANGE | F::XNAME_FOLLOWS;
        if let (Some(have), Some(leader)) = (&have, &leader_stat)
            && have.dev == leader.dev
            && have.ino == leader.ino
        {
            let flags = self.flags(node, Some(have), base, true);
            self.emit(node, flags, Some(b""), None)?;
            self.say_unchanged(node, false);
            return self.confirm(node.ndx, Confirmed::Present);
        }
        let mut exists = have;
        if have.is_some_and(|st| st.kind == Kind::Directory) {
            if !self.make_room(&node.path, Kind::Directory, "regular file")? {
                return Ok(());
            }
            exists = None;
        }
        let known = match have {
            None => self.follower_alternate(node, (leader, leader_stat), base),
            Some(_) => None,
        };
        // Whatever stands there is what it is compared with, of its own kind or not.
        let flags = match known {
            Some(flags) => flags,
            None => {
                let flags = self.flags(node, have.as_ref(), base, false);
                match have {
                    Some(_) if self.shared.do_xfers => {
                        let undressed = self.lacks_xattrs(leader, node.want.xattr);
                        flags & !(F::REPORT_ACL | F::REPORT_XATTR) | undressed
                    }
                    _ => flags,
                }
            }
        };
        let made = self.put(
            node,
            exists,
            "regular file",
            |root, path| root.link(leader, path),
            |shown| [&about("link", shown, " => ")[..], name, b" failed"].concat(),
        )?;
        if !made {
            return Ok(());
        }
        // What is a link of the leader's own file in the alternate directory, too, is as silent as the leader.
        let linked = known.is_some() && self.alternates() == Some(AltDestKind::Link);
        let settings = &self.session.settings;
        if !linked || flags != base || settings.itemize >= 2 || settings.info.name >= 2 {
            self.emit(node, flags, Some(name), None)?;
        }
        self.confirm(node.ndx, Confirmed::Present)
    }

    /// [`F::REPORT_XATTR`] if what is at `path` does not have these attributes (yet).
    fn lacks_xattrs(&mut self, path: &RelPath, xattr: Option<u32>) -> u16 {
        let differ = self.session.settings.xattrs > 0
            && xattr.zip(self.root.as_mut()).is_some_and(|(k, root)| {
                self.shared.xattrs.differ(Some((root, path)), k).unwrap_or(false)
            });
        if differ { F::REPORT_XATTR } else { 0 }
    }

    /// A member that is skipped because of what is there: its group goes on as if it did not belong to it.
    pub(super) fn unasked_member(&mut self, node: &Node) {
        if let Some(chains) = &mut self.links.chains {
            chains.skip(node.ndx);
        }
    }

    /// A member that was about to lead, and cannot: if others wait for that, the next one does.
    pub(super) fn cannot_lead(&mut self, node: &Node) {
        if let Some(group) = node.group {
            self.links.give_up(group, node.ndx);
        }
    }
}
