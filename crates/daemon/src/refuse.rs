//! `refuse options`: which options a module's clients may not use (rsyncd.conf man page, refuse options).

use crate::wild::wild_match;
use session::{
    options::{
        parse::Given,
        table::{OPTIONS, Opt},
    },
    settings::{Append, RemoveSource, Settings},
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
/// What `--archive` stands for. The words `a` and `archive` are about these, itself and `--dirs`.
const ARCHIVE: &[Opt] = &[
    Opt::Recursive,
    Opt::Links,
    Opt::Perms,
    Opt::Times,
    Opt::Group,
    Opt::Owner,
    Opt::DevicesAndSpecials,
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
            for opt in ARCHIVE.iter().chain(&[Opt::Archive, Opt::Dirs]) {
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

    /// Why an option that a client gave is refused; `None` if it is not.
    pub fn check(&self, given: &Given) -> Option<String> {
        let (opt, on) = (given.entry.opt, given.on);
        if self.refused.contains(&(opt, on)) {
            return Some(message(&given.full_name()));
        }
        // What an option stands for.
        let parts: &[Opt] = match opt {
            Opt::Archive => ARCHIVE,
            Opt::PartialProgress => &[Opt::Partial, Opt::Progress],
            _ => &[],
        };
        parts.iter().find(|part| on && self.has(**part)).and_then(|part| told(*part))
    }

    /// Why what all options together come to is refused: who may not have something may not have what it is part of, either,
    /// and is told so. `None` if it is not.
    pub fn check_settled(&self, settings: &Settings) -> Option<String> {
        let compresses = settings.compress && settings.compress_choice.as_deref() != Some("none");
        if compresses && self.has(Opt::Compress) {
            return told(Opt::Compress);
        }
        if settings.iconv.is_none() && self.refused.contains(&(Opt::Iconv, false)) {
            return Some("The server is configured to refuse --no-iconv".into());
        }
        let removes = settings.am_sender && settings.remove_source != RemoveSource::Nothing;
        let any_time = settings.delete && settings.delete_when.is_none();
        let adds = settings.append != Append::Off;
        [
            (settings.delete || settings.delete_missing_args || removes, Opt::Delete),
            (any_time && self.has(Opt::DeleteDuring), Opt::DeleteBefore),
            (adds || settings.write_devices, Opt::Inplace),
            (settings.inplace, Opt::Partial),
        ]
        .into_iter()
        .find(|(used, part)| *used && self.has(*part))
        .and_then(|(_, part)| told(part))
    }
}

fn told(opt: Opt) -> Option<String> {
    OPTIONS.iter().find(|entry| entry.opt == opt).map(|entry| message(&entry.full_name()))
}
fn message(name: &str) -> String {
    format!("The server is configured to refuse {name}")
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
            told = refusals.check(given);
            told.clone()
        });
        assert_eq!(told.is_some(), plan.is_err());
        told.or_else(|| refusals.check_settled(&plan.ok()?.settings))
            .map(|text| text.replace("The server is configured to refuse ", ""))
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
        assert_eq!(refusal("archive", &["-a", "."]), told("--archive (-a)"));
        assert_eq!(refusal("r", &["-a", "."]), told("--recursive (-r)"));
        assert_eq!(refusal("archive", &["-d", "."]), told("--dirs (-d)"));
        assert_eq!(refusal("* !a", &["-ad", "."]), None);
        assert_eq!(refusal("no-W", &["--no-whole-file", "."]), told("--no-whole-file"));
        assert_eq!(refusal("no-whole-file", &["--no-W", "."]), told("--no-W"));
        assert_eq!(refusal("compress-choice", &["--zc=lz4", "."]), told("--zc"));
        assert_eq!(refusal("archive", &["-t", "."]), told("--times (-t)"));
        assert_eq!(refusal("delete-before", &["-r", "--delete", "."]), None);
        assert_eq!(
            refusal("delete-before delete-during", &["-r", "--delete", "."]),
            told("--delete-before")
        );
        assert_eq!(refusal("inplace", &["--append", "."]), told("--inplace"));
        assert_eq!(refusal("partial", &["--append", "."]), told("--partial"));
        assert_eq!(refusal("partial", &["--write-devices", "."]), told("--write-devices"));
    }

    #[test]
    fn what_is_given_comes_before_what_it_comes_to() {
        let told = |name: &str| Some(name.to_string());
        for (list, args, want) in [
            ("partial fuzzy", &["--append", "-y", "."][..], told("--fuzzy (-y)")),
            ("partial", &["--inplace", "--write-devices", "."], told("--write-devices")),
            ("partial !write-devices", &["--write-devices", "."], told("--partial")),
            (
                "delete compress",
                &["-r", "--delete-after", "--zc=zlib", "."],
                told("--compress (-z)"),
            ),
            ("partial inplace", &["--append", "."], told("--inplace")),
            ("partial", &["--inplace", "--no-inplace", "."], None),
            ("compress", &["--zc=zlib", "--no-z", "."], None),
            ("partial fuzzy", &["-P", "-y", "."], told("--partial")),
            ("progress", &["-P", "."], told("--progress")),
            ("delete-before delete-during", &["-r", "--delete-after", "."], None),
        ] {
            assert_eq!(refusal(list, args), want, "{list} {args:?}");
        }
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
        assert_eq!(refusal("no-iconv", &["-r", "."]), Some("--no-iconv".into()));
        assert_eq!(refusal("no-iconv", &["-r", "--iconv=utf8", "."]), None);
        assert_eq!(refusal("* !no-iconv iconv !r", &["-r", "."]), None);
    }
}
