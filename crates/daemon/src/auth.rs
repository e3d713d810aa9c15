//! Logging in: `auth users` and the secrets file (WIRE.md, Authentication; rsyncd.conf man page, auth users).

use crate::wild::wild_match;
use session::connect::auth::AuthDigest;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

/// Longest line of a secrets file.
const MAX_LINE: usize = 1023;

/// What a user may do, as a rule's suffix says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// As the module says.
    Module,
    /// Reading only, whatever the module says.
    ReadOnly,
    /// Reading and writing, whatever the module says.
    ReadWrite,
}

/// The settings of one module.
#[derive(Debug)]
pub struct AuthRules<'a> {
    /// `auth users`.
    pub users: &'a [u8],
    /// `secrets file`.
    pub secrets: Option<&'a Path>,
    /// `strict modes`.
    pub strict: bool,
}

/// A login that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedIn {
    /// The user.
    pub user: Vec<u8>,
    /// What it may do.
    pub access: Access,
}

/// Why a login failed: for the log only, the client learns nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// A line of its own before it.
    pub notice: Option<String>,
    /// The reason.
    pub why: String,
}

impl From<&str> for Denial {
    fn from(why: &str) -> Denial {
        Denial { notice: None, why: why.into() }
    }
}

/// The names of the groups of a user of this system; none if there is no such user.
pub trait Groups {
    /// The names.
    fn of(&self, user: &[u8]) -> Vec<String>;
}

/// Checks the client's reply `USER RESPONSE` to `challenge`.
///
/// # Errors
/// What to log behind ` for USER: `.
pub fn check(
    rules: &AuthRules<'_>,
    digest: AuthDigest,
    challenge: &str,
    reply: &[u8],
    groups: &dyn Groups,
) -> Result<LoggedIn, (Vec<u8>, Denial)> {
    let Some(space) = reply.iter().position(|&b| b == b' ') else {
        return Err((Vec::new(), "invalid challenge response".into()));
    };
    let (user, response) = (&reply[..space], &reply[space + 1..]);
    let deny = |why: &str| Err((user.to_vec(), why.into()));
    let Some((access, group)) = rule_for(rules.users, user, groups) else {
        return deny("no matching rule");
    };
    let Some(access) = access else { return deny("denied by rule") };
    let Some(path) = rules.secrets else { return deny("no secrets file") };
    let file = match open_secrets(path, rules.strict) {
        Ok(file) => file,
        Err(why) => return Err((user.to_vec(), why)),
    };
    if user.is_empty() || matches!(user[0], b'#' | b'@') {
        return deny("invalid username");
    }
    let secrets = match secrets(file, user, group.as_deref()) {
        Ok(secrets) => secrets,
        Err(e) => {
            let notice = Some(e.to_string());
            return Err((user.to_vec(), Denial { notice, why: "ignoring secrets file".into() }));
        }
    };
    // As much work for an unknown user as for a known one.
    let mut matched = false;
    for secret in secrets.iter().flatten().map(Vec::as_slice).chain([&b""[..]]) {
        let expected = digest.response(secret, challenge.as_bytes());
        matched |= !secret.is_empty() && same(expected.as_bytes(), response);
    }
    if matched {
        Ok(LoggedIn { user: user.to_vec(), access })
    } else if secrets.iter().all(Option::is_none) {
        deny("secret not found")
    } else {
        deny("password mismatch")
    }
}

/// Compares without telling by its time how much agrees.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |diff, (x, y)| diff | (x ^ y)) == 0
}

/// The first rule that matches: `None` inside if it denies; and the group it matched by.
fn rule_for(
    users: &[u8],
    user: &[u8],
    groups: &dyn Groups,
) -> Option<(Option<Access>, Option<String>)> {
    let mut own_groups = None;
    for item in items(users) {
        let colon = item.iter().position(|&b| b == b':').unwrap_or(item.len());
        let (pattern, option) = item.split_at(colon);
        let access = match option.get(1..).unwrap_or_default().to_ascii_lowercase()[..] {
            [b'd', ..] => None,
            [b'r', b'o', ..] => Some(Access::ReadOnly),
            [b'r', b'w', ..] => Some(Access::ReadWrite),
            _ => Some(Access::Module),
        };
        match pattern.strip_prefix(b"@") {
            Some(pattern) => {
                let own = own_groups.get_or_insert_with(|| groups.of(user));
                let matches = |g: &&String| wild_match(pattern, g.as_bytes());
                if let Some(group) = own.iter().find(matches) {
                    return Some((access, Some(group.clone())));
                }
            }
            None if wild_match(pattern, user) => return Some((access, None)),
            None => {}
        }
    }
    None
}

/// The items of a list: at blanks and commas or, if it begins with a comma, at commas only.
pub fn items(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let commas_only = list.trim_ascii_start().starts_with(b",");
    let is_end = move |b: &u8| {
        if commas_only { *b == b',' } else { matches!(b, b' ' | b',' | b'\t' | b'\r' | b'\n') }
    };
    list.split(is_end).map(<[u8]>::trim_ascii).filter(|item| !item.is_empty())
}

fn open_secrets(path: &Path, strict: bool) -> Result<File, Denial> {
    use std::os::unix::fs::MetadataExt;
    let ignored =
        |notice: &str| Denial { notice: Some(notice.into()), why: "ignoring secrets file".into() };
    let file = fsroot::read_operator_file(path).map_err(|_| Denial {
        notice: fsroot::take_notice().map(str::to_string),
        why: "no secrets file".into(),
    })?;
    let meta = file.metadata().map_err(|e| ignored(&e.to_string()))?;
    if strict && meta.mode() & 0o006 != 0 {
        let text = "secrets file must not be other-accessible (see strict modes option)";
        return Err(ignored(text));
    }
    if strict && fsroot::names::am_root() && meta.uid() != 0 {
        let text = "secrets file must be owned by root when running as root (see strict modes)";
        return Err(ignored(text));
    }
    Ok(file)
}

/// The secrets of the user and of the group: for each the first line of that name.
fn secrets(file: File, user: &[u8], group: Option<&str>) -> io::Result<[Option<Vec<u8>>; 2]> {
    let mut found = [None, None];
    let wanted = [Some(user.to_vec()), group.map(|g| format!("@{g}").into_bytes())];
    let mut reader = BufReader::new(file);
    loop {
        let mut line = Vec::new();
        if reader.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line)? == 0 {
            return Ok(found);
        }
        if line.last() != Some(&b'\n') && line.len() > MAX_LINE {
            return Err(io::Error::other("a line is too long"));
        }
        while line.last().is_some_and(|b| matches!(b, b'\n' | b'\r')) {
            line.pop();
        }
        if line.first() == Some(&b'#') {
            continue;
        }
        let Some(colon) = line.iter().position(|b| *b == b':') else { continue };
        for (name, slot) in wanted.iter().zip(&mut found) {
            if slot.is_none() && name.as_ref().is_some_and(|n| *n == line[..colon]) {
                *slot = Some(line[colon + 1..].to_vec());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{io::Write, os::unix::fs::PermissionsExt};

    struct Staff;
    impl Groups for Staff {
        fn of(&self, user: &[u8]) -> Vec<String> {
            if user == b"ann" { vec!["users".into(), "staff".into()] } else { Vec::new() }
        }
    }

    fn login(users: &str, user: &str, password: &str) -> Result<LoggedIn, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "#c:x\nann:pw 1\nann:other\n@staff:gp\nbob:b:c").unwrap();
        file.as_file().set_permissions(PermissionsExt::from_mode(0o600)).unwrap();
        let rules = AuthRules { users: users.as_bytes(), secrets: Some(file.path()), strict: true };
        let digest = AuthDigest::Named(0);
        let reply = format!("{user} {}", digest.response(password.as_bytes(), b"CHAL"));
        check(&rules, digest, "CHAL", reply.as_bytes(), &Staff).map_err(|(_, denial)| denial.why)
    }

    #[test]
    fn the_first_matching_rule_decides() {
        let ok = |user: &str, access| Ok(LoggedIn { user: user.into(), access });
        assert_eq!(login("ann bob", "ann", "pw 1"), ok("ann", Access::Module));
        assert_eq!(login("a*:ro,bob:rw", "ann", "pw 1"), ok("ann", Access::ReadOnly));
        assert_eq!(login("a*:ro,bob:rw", "bob", "b:c"), ok("bob", Access::ReadWrite));
        assert_eq!(login("@staff", "ann", "gp"), ok("ann", Access::Module));
        assert_eq!(login("ann:deny *", "ann", "pw 1"), Err("denied by rule".into()));
        assert_eq!(login("bob", "ann", "pw 1"), Err("no matching rule".into()));
        assert_eq!(login("*", "ann", "other"), Err("password mismatch".into()));
        assert_eq!(login("*", "zed", ""), Err("secret not found".into()));
    }

    #[test]
    fn strict_modes_refuse_a_readable_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_permissions(PermissionsExt::from_mode(0o604)).unwrap();
        assert!(open_secrets(file.path(), true).is_err());
        assert!(open_secrets(file.path(), false).is_ok());
    }

    #[test]
    fn a_list_may_be_split_at_commas_only() {
        assert_eq!(items(b"a, b c").collect::<Vec<_>>(), [b"a", b"b", b"c"]);
        assert_eq!(items(b" , a b ,c").collect::<Vec<_>>(), [&b"a b"[..], b"c"]);
    }
}
