//! What the cases leave out: what is chance, what rsync does wrong, and what we do otherwise on purpose. Known differences
//! with a scenario of their own are named by it.

use super::options::{self, Group};
use super::setting::Setting;
use super::trees::{self, Entry};
use crate::row::Via;

fn has(groups: &[Group], word: &str) -> bool {
    groups.iter().any(|group| group.contains(word))
}

/// Whether the protocol is one that knows no fractions of seconds.
fn is_old(groups: &[Group]) -> bool {
    ["--protocol=28", "--protocol=29", "--protocol=30"].iter().any(|old| groups.contains(old))
}

fn is_daemon(via: Via) -> bool {
    matches!(via, Via::DaemonPush | Via::DaemonPull)
}

/// Options that do not go with the way of connecting, or with others.
pub fn groups(via: Via, groups: &mut Vec<Group>) {
    let pulls = matches!(via, Via::Pull | Via::DaemonPull);
    if is_daemon(via) {
        // There a path begins at the module.
        groups.retain(|group| !group.contains("{top}"));
        if has(groups, "--backup-dir") {
            // What is said where the directory for backups is deleted as empty before a backup that belongs there.
            groups.retain(|group| *group != "--safe-links");
        }
        // Rsync's daemon loses the files of alternate directories.
        groups.retain(|group| !group.starts_with("-yy"));
    } else {
        groups.retain(|group| !group.contains("--contimeout"));
    }
    if via == Via::Local {
        // What is meant for the other side alone gives rsync's child other options than those it has inherited.
        groups.retain(|group| !group.starts_with("-M"));
    }
    let listed = has(groups, "/list");
    if pulls && groups.iter().any(|group| options::hides(group)) {
        // A hidden name that is to be deleted is refused by rsync's own client; ours does not receive it.
        groups.retain(|group| !group.contains("--delete-missing-args"));
    }
    if has(groups, "--files-from={top}/list --no-R") {
        // What is listed in a directory that is listed too has two names, and when it is removed is a matter of time.
        groups.retain(|group| *group != "--remove-source-files");
    }
    let recursive = groups[0] != "-a" || groups.iter().any(|group| group.ends_with("list -r"));
    if recursive && pulls && listed {
        // What rsync's client has done before it is sent a name that it hides is chance.
        groups.retain(|group| !options::hides(group));
    }
    if groups.contains(&"--protocol=28") && has(groups, "../alt") {
        // Both ends refuse the two, and which of them is heard is chance.
        groups.retain(|group| *group != "--inplace");
    }
    if is_old(groups) && has(groups, "-b") {
        // Rsync's backups lose the fractions (`backup/inplace-before-31`).
        groups.retain(|group| *group != "--inplace");
    }
    if groups.contains(&"-pX") {
        let keeps_times = groups[0].contains('a') || groups[0].contains('t');
        if groups.contains(&"--no-times") || !keeps_times {
            // Rsync gives what it has updated a time before 1970 (`xattrs/atimes-without-times`).
            groups.retain(|group| !group.starts_with("-U"));
        }
        if has(groups, "../alt") {
            // Rsync fails to copy attributes to a directory that it has not made.
            groups.retain(|group| *group != "-n");
        }
    }
    if has(groups, "%U") {
        // Whose name comes with an entry depends on what the directory has before it.
        groups.retain(|group| !group.starts_with("--copy-as"));
    }
    if groups.iter().any(|group| group.starts_with("--copy-as")) {
        // Rsync forgets that it skips what lies below a directory (`failures/hard-link-and-more-below-skipped`).
        groups.retain(|group| !group.starts_with("-H"));
    }
    if !pulls && has(groups, "--iconv") {
        // Rsync shows deleted names as if they came from this end (`iconv/push-delete-from-latin1`).
        groups.retain(|group| !group.starts_with("--del"));
    }
}

/// Files that do not go with the options. `source` is what is copied.
pub fn entries(via: Via, groups: &[Group], source: &[Entry], entries: &mut Vec<Entry>) {
    let has = |word: &str| has(groups, word);
    if has("--ignore-existing") {
        // Rsync sets the time of whatever it ignores in the place of a directory; we leave it alone.
        entries.retain(|entry| entry.top == "src" || !trees::replaces_dir(entry, source));
    }
    let follows = groups.iter().any(|group| matches!(*group, "-L" | "-k"));
    if follows {
        // Two links up, each followed, make a tree that fills the memory.
        entries.retain(|entry| !entry.leads_up());
    }
    if (follows || has("--copy-unsafe")) && is_daemon(via) {
        // What leads out of a module our daemon does not even look at.
        entries.retain(|entry| !entry.leads_out());
    }
    // Without --perms what replaces a link is open to everybody; ours is as if nothing had been there.
    entries.retain(|entry| entry.top == "src" || !trees::is_replaced_link(entry, source));
    if has("--copy-dest") {
        // So is a copy from elsewhere.
        entries.retain(|entry| entry.top == "src" || !trees::is_link_over_file(entry, source));
    }
    if ["--inplace", "--append", "--write-devices"].iter().any(|word| has(word)) {
        // What is written under one name may be looked at under the other one before, meanwhile or after.
        entries.retain(|entry| entry.top != "dst" || !entry.is_hard_link());
    }
    if has("-H") {
        // Rsync hangs, or breaks off, where a directory with something in it is in the way of a file with several names.
        entries.retain(|entry| entry.top != "dst" || !trees::is_replaced_dir(entry, source));
    }
    if follows && has("--ignore-existing") {
        // Rsync writes behind a link in the place of a directory (`borders/ignore-existing-link-to-a-directory`).
        entries.retain(|entry| entry.top != "dst" || !entry.is_link());
    }
    if has("-U") {
        // Looking at a link may change its access time, or not.
        entries.retain(|entry| !entry.is_link());
    }
    if has("-L") {
        entries.retain(|entry| entry.top == "src" || !entry.is_link());
    }
    if has("-b") {
        // Rsync loses links and devices whose backups' names are too long.
        entries.retain(|entry| !entry.has_long_name());
    }
    if has("-b") && has("--copy-as") {
        // Where no backup can be made rsync loses links, fifos and devices (`backup/links-lost`).
        entries.retain(|entry| entry.top != "dst" || entry.is_file_or_dir());
    }
    if has("-yy") {
        // How often somebody else's link in an alternate directory is refused.
        entries.retain(|entry| !(entry.top.starts_with("alt") && entry.is_link()));
    }
    if has("-y") {
        // Rsync takes files for a basis that it replaces meanwhile.
        entries.retain(|entry| entry.top != "dst" || !entry.rivals(source));
    }
    if has("-b") && has("--inplace") && has("-A") {
        // Rsync's copies of what is written over have no ACLs.
        entries.retain(|entry| entry.top != "dst" || !entry.has_acl());
    }
    if let Some(from) = options::charset(groups, via) {
        // A name that cannot be converted ends rsync's transfer; we leave it out.
        let (there, here) = if from == "UTF-8" { ("dst", "src") } else { ("src", "dst") };
        entries.retain(|entry| entry.top == there || !(entry.is_binary() && entry.top == here));
    }
}

/// Surroundings that do not go with the options.
pub fn setting(groups: &[Group], setting: &mut Setting) {
    if groups.iter().filter(|group| group.starts_with("-z")).count() > 1 {
        // Twice is a choice of an algorithm, too, for which no batch can be written.
        setting.batch = false;
    }
    if has(groups, "../alt") && has(groups, "-pX") {
        // What a batch finds in an alternate directory rsync does not give its attributes.
        setting.batch = false;
    }
    if has(groups, "--ignore-existing") && setting.between.contains("mkdir") {
        // As of other entries.
        setting.between = "true";
    }
    if is_old(groups) {
        // Rsync's client is not told why it is refused (`daemon/write-only-before-31`).
        setting.modules = setting.modules.replace("write only = yes\n", "");
    }
    if has(groups, "%M") {
        // What a second run finds changed has the time of the change.
        setting.between = "";
    }
}

/// Files that do not go with a receiver or a sender that is not root.
pub fn entries_of_nobody(groups: &[Group], entries: &mut Vec<Entry>) {
    // What cannot be deleted rsync leaves as it has made it writable before. Sockets that may not be made it calls
    // unsupported.
    entries.retain(|entry| entry.top == "src" || entry.is_writable());
    entries.retain(|entry| !entry.is_socket());
    if has(groups, "-b") && has(groups, "--del") {
        // So it leaves the backups of what goes between two runs (`errors/unwritable-deleted-backup`).
        entries.retain(Entry::is_writable);
    }
    if has(groups, "-b") {
        // Where no backup can be made rsync loses links, fifos and devices (`backup/links-lost`, `backup/links-shut`), and
        // gives a device in a directory's way its permissions (`backup/shut-for-a-directory`).
        let open: Vec<_> =
            entries.iter().filter(|entry| entry.is_dir_of("65534")).cloned().collect();
        entries.retain(|entry| {
            entry.top != "dst"
                || entry.is_file_or_dir()
                || open.iter().any(|dir| entry.is_directly_in(dir))
        });
    }
    if groups.iter().any(|group| matches!(*group, "-c" | "--ignore-times --checksum")) {
        // Two files that cannot be read are the same to rsync.
        entries.retain(|entry| entry.top != "src" || entry.is_readable());
    }
}
