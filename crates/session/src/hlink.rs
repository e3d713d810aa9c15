//! What `--debug=HLINK` tells of the hard links in a list that is sent or received.
use crate::log::Log;
use std::collections::HashSet;
use wire::flist::HardLink;

/// The devices that linked files were found on so far (`--debug=HLINK3`).
#[derive(Debug, Default)]
pub(crate) struct Devices {
    seen: HashSet<u64>,
}

impl Devices {
    /// Tells of a device if it is a new one.
    pub fn say(&mut self, log: &Log, device: u64) {
        if self.seen.insert(device) {
            log.info(format!("[{}] created hashtable for dev {device}", log.role().name()));
        }
    }
}

/// Tells (since protocol 30) of the entry with index `ndx` (by arrival) in the list that starts at `base` if it is a later member of a group.
/// "unabbrev": the list does not have the group's first member, so that the entry travels whole.
pub(crate) fn say_member(log: &Log, link: &HardLink, ndx: i64, base: i32) {
    if let HardLink::Member(first) = *link {
        let whole = if i64::from(first) < i64::from(base) { "unabbrev" } else { "abbrev" };
        log.info(format!("[{}] #{ndx} hard-links #{first} ({whole})", log.role().name()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{log::Role, report::testing::Page};
    use std::sync::Arc;

    #[test]
    fn a_member_names_the_first_one_and_whether_this_list_has_it() {
        let page = Arc::new(Page::default());
        let log = Log::new(page.clone(), Role::Sender);
        say_member(&log, &HardLink::First, 5, 5);
        say_member(&log, &HardLink::Member(5), 6, 5);
        say_member(&log, &HardLink::Member(4), 7, 5);
        let wanted = "[sender] #6 hard-links #5 (abbrev)\n[sender] #7 hard-links #4 (unabbrev)\n";
        assert_eq!(page.text(), wanted);
        let mut devices = Devices::default();
        [7, 8, 7].into_iter().for_each(|device| devices.say(&log, device));
        let wanted = "[sender] created hashtable for dev 7\n[sender] created hashtable for dev 8\n";
        assert!(page.text().ends_with(wanted));
        assert_eq!(page.text().lines().count(), 4);
    }
}
