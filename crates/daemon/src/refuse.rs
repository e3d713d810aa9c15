//! `refuse options`: which options a module's clients may not use (rsyncd.conf man page, refuse options).

use crate::wild::wild_match;
use session::options::{
    parse::Given,
    table::{Entry, OPTIONS, Opt},
};
use std::collections::HashSet;

/// Options that no wildcard touches: a transfer cannot do without them, or they must be named to be changed.
const NOT_WILD: &[Opt] = &[
    Opt::Rsh,
    Opt::From0,
    Opt::SecludedArgs,
    Opt::DryRun,
    Opt::Iconv,
    Opt::ChecksumSeed,
    Opt::CopyDevices,
    Opt::WriteDevices,
    Opt::OutFormat,
    Opt::Sender,
    Opt::Server,
];
/// What `a` and `archive` stand for.
const ARCHIVE: &[Opt] = &[
    Opt::Recursive,
    Opt::Links,
    Opt::Perms,
    Opt::Times,
    Opt::Group,
    Opt::Owner,
    Opt::DevicesAndSpecials,
];
const DELETE: &[Opt] = &[
    Opt::Delete,
    Opt::DeleteBefore,
    Opt::DeleteDuring,
    Opt::DeleteDelay,
    Opt::DeleteAfter,
    Opt::DeleteExcluded,
    Opt::DeleteMissingArgs,
];
const COMPRESS: &[Opt] = &[
    Opt::Compress,
    Opt::OldCompress,
    Opt::NewCompress,
    Opt::CompressChoice,
    Opt::CompressLevel,
    Opt::CompressThreads,
];

/// An effect: what an option is about, and whether it switches it on.
type Effect = (Opt, bool);

/// What one module refuses.
#[derive(Debug, Clone, Default)]
pub struct Refusals {
    refused: HashSet<Effect>,
    /// Words that name no option, for the log.
    pub unknown: Vec<String>,
}

impl Refusals {
    /// From the value of `refuse options`: words at spaces, `!` in front accepts again, the last word wins. `has_charset`: the
    /// module has one.
    pub fn new(list: &str, has_charset: bool) -> Refusals {
        let mut refusals = Refusals::default();
        refusals.refused.extend([(Opt::CopyDevices, true), (Opt::WriteDevices, true)]);
        for word in list.split(' ').filter(|word| !word.is_empty()) {
            refusals.apply(word);
        }
        // Nobody but the operator says where this process writes and which links it trusts.
        refusals.refused.extend([
            (Opt::LogFile, true),
            (Opt::LogFileFormat, true),
            (Opt::InsecureLinks, true),
        ]);
        // Without a charset of the module there is nothing to convert names to.
        if !has_charset {
            refusals.refused.insert((Opt::Iconv, true));
        }
        refusals
    }

    fn apply(&mut self, word: &str) {
        let (name, refuse) = match word.strip_prefix('!') {
            Some(name) => (name, false),
            None => (word, true),
        };
        let mut change = |effect: Effect| {
            if refuse {
                self.refused.insert(effect);
            } else {
                self.refused.remove(&effect);
            }
        };
        if name == "a" || name == "archive" {
            for opt in ARCHIVE {
                change((*opt, true));
            }
            return;
        }
        let wild = name.contains(['*', '?', '[']);
        let matches = |spelling: &str| {
            if wild { wild_match(name.as_bytes(), spelling.as_bytes()) } else { name == spelling }
        };
        let mut known = false;
        for entry in OPTIONS {
            if wild && NOT_WILD.contains(&entry.opt) {
                continue;
            }
            let letter = entry.short.map(|b| (b as char).to_string()).unwrap_or_default();
            let on = [entry.long, letter.as_str()].into_iter().chain(entry.aliases.iter().copied());
            if on.filter(|spelling| !spelling.is_empty()).any(matches) {
                known = true;
                change((entry.opt, true));
            }
            if entry.off.iter().any(|spelling| matches(spelling)) {
                known = true;
                change((entry.opt, false));
            }
        }
        if !known {
            self.unknown.push(word.into());
        }
    }

    /// Whether the option by itself is refused.
    pub fn has(&self, opt: Opt) -> bool {
        self.refused.contains(&(opt, true))
    }

    /// Why a transfer without `--iconv` is refused; `None` if it is not.
    pub fn check_unconverted(&self) -> Option<&'static str> {
        self.refused
            .contains(&(Opt::Iconv, false))
            .then_some("The server is configured to refuse --no-iconv")
    }

    /// Why an option that a client gave is refused; `None` if it is not. `sending`: the daemon is the sender.
    pub fn check(&self, given: &Given, sending: bool) -> Option<String> {
        let (opt, on) = (given.entry.opt, given.on);
        if self.refused.contains(&(opt, on)) {
            return Some(message(given.entry));
        }
        if !on {
            return None;
        }
        // Who may not have something may not have what it is part of, either, and is told so.
        let implies = |of: &[Opt], part| (of.contains(&opt) && self.has(part)).then_some(part);
        let in_place = [Opt::Append, Opt::AppendVerify, Opt::WriteDevices];
        let partial = [Opt::Append, Opt::AppendVerify, Opt::Inplace, Opt::PartialProgress];
        let part = implies(DELETE, Opt::Delete)
            .or(implies(&[Opt::RemoveSourceFiles, Opt::RemoveSentFiles], Opt::Delete)
                .filter(|_| sending))
            .or(implies(COMPRESS, Opt::Compress).filter(|_| given.text() != b"none"))
            .or(implies(&in_place, Opt::Inplace))
            .or(implies(&partial, Opt::Partial))
            .or(implies(&[Opt::PartialProgress], Opt::Progress));
        if let Some(part) = part {
            return entry(part).map(message);
        }
        if opt == Opt::Archive {
            let part = ARCHIVE.iter().find(|part| self.has(**part))?;
            return entry(*part).map(message);
        }
        let deletes = [Opt::Delete, Opt::DeleteExcluded].contains(&opt);
        if deletes && self.has(Opt::DeleteBefore) && self.has(Opt::DeleteDuring) {
            return entry(Opt::DeleteBefore).map(message);
        }
        None
    }
}

fn entry(opt: Opt) -> Option<&'static Entry> {
    OPTIONS.iter().find(|entry| entry.opt == opt)
}

fn message(entry: &Entry) -> String {
    format!("The server is configured to refuse {}", entry.full_name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use session::options::{Environment, parse_daemon_client_args};

    /// What the client of a module with this list is told about these options.
    fn refusal(list: &str, args: &[&str]) -> Option<String> {
        let refusals = Refusals::new(list, true);
        let args: Vec<Vec<u8>> = args.iter().map(|arg| arg.as_bytes().to_vec()).collect();
        let mut told = None;
        let plan = parse_daemon_client_args(&args, &Environment::default(), &mut |given| {
            told = refusals.check(given, false);
            told.clone()
        });
        assert_eq!(told.is_some(), plan.is_err());
        told.map(|text| text.replace("The server is configured to refuse ", ""))
    }

    #[test]
    fn names_letters_and_wildcards() {
        let told = |name: &str| Some(name.to_string());
        assert_eq!(refusal("", &["-r", "--delete", "."]), None);
        assert_eq!(refusal("delete", &["-r", "--delete", "."]), told("--delete"));
        assert_eq!(refusal("delete", &["-r", "--delete-after", "."]), told("--delete"));
        assert_eq!(refusal("c", &["-rc", "."]), told("--checksum (-c)"));
        assert_eq!(refusal("checksum !checksum", &["-rc", "."]), None);
        assert_eq!(refusal("del*", &["-r", "--delete-delay", "."]), told("--delete-delay"));
        assert_eq!(refusal("* !r !recursive", &["-nre.", "."]), None);
        assert_eq!(refusal("*", &["-e.", "-r", "."]), told("--recursive (-r)"));
        assert_eq!(refusal("compress", &["--compress-level=3", "."]), told("--compress (-z)"));
        assert_eq!(refusal("archive", &["-a", "."]), told("--recursive (-r)"));
        assert_eq!(refusal("archive", &["-t", "."]), told("--times (-t)"));
        assert_eq!(refusal("delete-before", &["-r", "--delete", "."]), None);
        assert_eq!(
            refusal("delete-before delete-during", &["--delete", "."]),
            told("--delete-before")
        );
        assert_eq!(refusal("inplace", &["--append", "."]), told("--inplace"));
        assert_eq!(refusal("partial", &["--append", "."]), told("--partial"));
        assert_eq!(refusal("partial", &["--write-devices", "."]), told("--write-devices"));
    }

    #[test]
    fn some_are_refused_whatever_the_list_says() {
        assert!(refusal("!log-file !log-*", &["--log-file=x", "."]).is_some());
        assert!(refusal("!insecure-links", &["--insecure-links", "."]).is_some());
        assert!(Refusals::new("!w*", true).has(Opt::WriteDevices));
        assert!(!Refusals::new("!write-devices", true).has(Opt::WriteDevices));
        assert!(Refusals::new("!iconv", false).has(Opt::Iconv));
        assert!(!Refusals::new("*", true).has(Opt::Iconv));
    }

    #[test]
    fn words_that_name_nothing_are_reported() {
        assert_eq!(Refusals::new("delete bogus zz*", true).unknown, ["bogus", "zz*"]);
    }

    #[test]
    fn conversion_can_be_insisted_on() {
        assert!(Refusals::new("no-iconv", true).check_unconverted().is_some());
        assert!(Refusals::new("* !no-iconv iconv", true).check_unconverted().is_none());
    }
}
