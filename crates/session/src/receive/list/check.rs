//! What is done with a name and a target before anything else sees them: our charset, and the checks that need to know the request
//! (WIRE.md, Charset; Limits).
use super::{ListReader, Parent};
use crate::{
    Error,
    log::{Class, Role},
    receive::dest::absolute,
    rules::{excludes, say_decision},
    session::io_error,
};
use filters::{FilterList, Requested, Verdict};
use fsroot::text;
use wire::{Fault, RelPath, WireError, flist::FileEntry};

impl ListReader {
    /// Who reads the list that is being read. rsync reads a second one before it splits where the first is a single entry.
    pub(super) fn role(&self) -> Role {
        let before = if self.shared.session.inc_recurse { 3 } else { 0 };
        if self.next_base <= before { Role::ReceiverPresplit } else { Role::Receiver }
    }

    /// Turns name and target into what they are in our charset; false if that is not possible.
    pub(super) fn convert(&self, e: &mut FileEntry) -> bool {
        let session = &self.shared.session;
        let Some(charset) = &session.charset else { return true };
        let role = self.role();
        let fail = |class, what: &str, name: &[u8], why: &std::io::Error| {
            let why = format!(" ({})", crate::log::reason(why));
            let what = format!("[{}] {what}", role.name());
            let line = [what.as_bytes(), name, why.as_bytes(), b"\n"].concat();
            self.shared.log(role).sink().message_in_utf8(class, &line);
            session.status.add_io_error(io_error::GENERAL);
            false
        };
        match charset.name_from_wire(&e.name) {
            Ok(name) => e.name = name,
            Err(why) => return fail(Class::Error, "cannot convert filename: ", &e.name, &why),
        }
        if session.converts_targets && !e.link_target.is_empty() {
            match charset.target_from_wire(&e.link_target) {
                Ok(target) => e.link_target = target,
                Err(why) => {
                    let path = self.quoted(&e.name, role == Role::ReceiverPresplit);
                    let what = "cannot convert symlink data for: ";
                    return fail(Class::ErrorXfer, what, &path, &why);
                }
            }
        }
        true
    }

    /// The path of an entry for messages. The first list comes before the destination is entered.
    fn quoted(&self, name: &[u8], first: bool) -> Vec<u8> {
        if let Some(served) = &self.shared.session.settings.served {
            return [b"\"", name, b"\" (in ", &served.module, b")"].concat();
        }
        let dir = if first { &b""[..] } else { &self.dest };
        [b"\"", &absolute(&text::path(dir))[..], b"/", name, b"\""].concat()
    }

    /// Whether the rules keep a name from being received. Rsync tells of its generator's look at further lists.
    fn excluded(&self, rules: &FilterList, name: &[u8], is_dir: bool) -> bool {
        let settings = &self.shared.session.settings;
        // With -C rsync checks nothing, so that there is nothing to tell.
        let tells = self.role() != Role::ReceiverPresplit && !settings.cvs_exclude;
        let level = if tells { settings.debug.filter } else { 0 };
        let log = self.attrs.log.with_role(Role::Generator);
        excludes(rules, level, &log, name, is_dir, false)
    }

    /// The checks of a name that need to know the request, and the name as it is used: cleaned, `.` for the root.
    pub(super) fn check(&self, e: &mut FileEntry, parent: Parent<'_>) -> Result<Vec<u8>, Error> {
        let refuse = |text: &str, name: &[u8]| {
            Error::from(WireError::about(Fault::Refused, format!("{text}: "), name))
        };
        let session = &self.shared.session;
        let absolute = e.name.first() == Some(&b'/');
        let stripped = match absolute && session.settings.relative {
            true => &e.name[e.name.iter().position(|b| *b != b'/').unwrap_or(e.name.len())..],
            false => &e.name[..],
        };
        let path = RelPath::new(stripped)
            .ok_or_else(|| refuse("ABORTING due to unsafe pathname from sender", &e.name))?;
        let is_dir = e.mode & 0o170000 == 0o040000;
        let is_root = path.is_root();
        let says = session.settings.debug.filter > 2 && !is_root && e.mode != 0;
        let shown = if says { e.name.clone() } else { Vec::new() };
        let say = |what, rule: &[u8]| {
            let log = self.attrs.log.with_role(self.role());
            say_decision(&log, what, &shown, is_dir, rule);
        };
        if !is_root
            && e.mode != 0
            && let Some(f) = &self.sender_filters
            && let Some(hit) = f.find(path.as_bytes(), is_dir, false)
        {
            if says && !session.settings.cvs_exclude {
                let hides = hit.verdict() == Verdict::Exclude;
                say(if hides { "hiding" } else { "showing" }, &hit.describe());
            }
            if self.excluded(f, path.as_bytes(), is_dir) {
                let text = "ERROR: rejecting excluded file-list name";
                return Err(refuse(text, path.as_bytes()));
            }
        }
        if let Some(requested) = &self.requested {
            let name = if is_root { b"." } else { path.as_bytes() };
            if let Some(pattern) = requested.why(name, is_dir).filter(|_| says) {
                say("showing", &[pattern, b" [implied]"].concat());
            }
            match requested.check(name, is_dir) {
                Requested::Yes => {}
                Requested::ParentOnly if is_dir => {
                    // What was asked for lies below, so the directory's own contents are not the sender's to list.
                    e.top_dir = true;
                    e.no_content = true;
                }
                _ if is_root => {}
                _ => {
                    let text = "ERROR: rejecting unrequested file-list name";
                    return Err(refuse(text, path.as_bytes()));
                }
            }
        }
        if session.inc_recurse {
            let dir = path.split().map(|(dir, _)| dir).unwrap_or_default();
            let parent = match parent {
                Parent::Dir(_, name) => Some(name),
                Parent::Any | Parent::Unnamed(_) => None,
            };
            let strays = parent.map_or(!dir.is_empty(), |parent| dir != parent || is_root);
            if strays {
                let slash: &[u8] = if dir.is_empty() && !is_root { b"/" } else { b"" };
                let shown = [slash, path.as_bytes()].concat();
                return Err(refuse("ABORTING due to invalid path from sender", &shown));
            }
        }
        Ok(if is_root { b".".to_vec() } else { path.as_bytes().to_vec() })
    }
}

/// A link's target that does not lead out of the tree whose root is `depth` directories up (rsyncd.conf man page, munge
/// symlinks).
pub(super) fn sanitize(target: &[u8], depth: usize) -> Vec<u8> {
    let mut depth = if target.starts_with(b"/") { 0 } else { depth };
    let mut parts: Vec<&[u8]> = Vec::new();
    let mut climbs = 0;
    for part in target.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.len() > climbs => {
                parts.pop();
            }
            b".." if depth > 0 => {
                depth -= 1;
                climbs += 1;
                parts.push(part);
            }
            b".." => {}
            _ => parts.push(part),
        }
    }
    if parts.is_empty() {
        return b".".to_vec();
    }
    let mut out = parts.join(&b'/');
    if target.ends_with(b"/") {
        out.push(b'/');
    }
    out
}
