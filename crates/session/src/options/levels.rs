//! `-v`, `--info` and `--debug`: the tables of words, how the three are merged, what the server is
//! told, and the `help` texts.
use crate::settings::{DebugLevels, InfoLevels};
use std::fmt::Write as _;

/// The largest level; more is cut.
const MAX_LEVEL: u8 = 4;
/// A level shared by this many words is named once (`ALL2`) when the server is told.
const COLLAPSE_AT: usize = 5;

/// Who set a level. An explicit setting is never overridden by an implied one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Implied by `-v`, `--stats`, `--progress`.
    #[default]
    Implied,
    /// Asked for.
    User,
}

/// One word of `--info` or `--debug`.
#[derive(Debug)]
pub struct Word {
    name: &'static str,
    help: &'static str,
    /// Of interest to a remote sender.
    sender: bool,
    /// Of interest to a remote receiver.
    receiver: bool,
}

const fn word(name: &'static str, sender: bool, receiver: bool, help: &'static str) -> Word {
    Word { name, help, sender, receiver }
}
const fn debug(name: &'static str, help: &'static str) -> Word {
    word(name, false, false, help)
}

/// A table of words with what `-v` adds to it.
#[derive(Debug)]
pub struct Words {
    option: &'static str,
    words: &'static [Word],
    verbosity: &'static [&'static str],
}

/// `--info`.
pub static INFO: Words = Words {
    option: "info",
    words: &[
        word("BACKUP", false, true, "Mention files backed up"),
        word("COPY", false, true, "Mention files copied locally on the receiving side"),
        word("DEL", false, true, "Mention deletions on the receiving side"),
        word("FLIST", false, false, "Mention file-list receiving/sending (levels 1-2)"),
        word("MISC", true, true, "Mention miscellaneous information (levels 1-2)"),
        word("MOUNT", true, true, "Mention mounts that were found or skipped"),
        word("NAME", true, true, "Mention 1) updated file/dir names, 2) unchanged names"),
        word("NONREG", false, true, "Mention skipped non-regular files (default 1, 0 disables)"),
        word(
            "PROGRESS",
            false,
            false,
            "Mention 1) per-file progress or 2) total transfer progress",
        ),
        word("REMOVE", true, false, "Mention files removed on the sending side"),
        word("SKIP", false, true, "Mention files skipped due to transfer overrides (levels 1-2)"),
        word("STATS", true, true, "Mention statistics at end of run (levels 1-3)"),
        word("SYMSAFE", true, true, "Mention symlinks that are unsafe"),
    ],
    verbosity: &[
        "NONREG",
        "COPY,DEL,FLIST,MISC,NAME,STATS,SYMSAFE",
        "BACKUP,MISC2,MOUNT,NAME2,REMOVE,SKIP",
    ],
};

/// `--debug`.
pub static DEBUG: Words = Words {
    option: "debug",
    words: &[
        debug("ACL", "Debug extra ACL info"),
        debug("BACKUP", "Debug backup actions (levels 1-2)"),
        debug("BIND", "Debug socket bind actions"),
        debug("CHDIR", "Debug when the current directory changes"),
        debug("CONNECT", "Debug connection events (levels 1-2)"),
        debug("CMD", "Debug commands+options that are issued (levels 1-2)"),
        debug("DEL", "Debug delete actions (levels 1-3)"),
        debug("DELTASUM", "Debug delta-transfer checksumming (levels 1-4)"),
        debug("DUP", "Debug weeding of duplicate names"),
        debug("EXIT", "Debug exit events (levels 1-3)"),
        debug("FILTER", "Debug filter actions (levels 1-3)"),
        debug("FLIST", "Debug file-list operations (levels 1-4)"),
        debug("FUZZY", "Debug fuzzy scoring (levels 1-2)"),
        debug("GENR", "Debug generator functions"),
        debug("HASH", "Debug hashtable code"),
        debug("HLINK", "Debug hard-link actions (levels 1-3)"),
        debug("ICONV", "Debug iconv character conversions (levels 1-2)"),
        debug("IO", "Debug I/O routines (levels 1-4)"),
        debug("NSTR", "Debug negotiation strings"),
        debug("OWN", "Debug ownership changes in users & groups (levels 1-2)"),
        debug("PROTO", "Debug protocol information"),
        debug("RECV", "Debug receiver functions"),
        debug("SEND", "Debug sender functions"),
        debug("TIME", "Debug setting of modified times (levels 1-2)"),
    ],
    verbosity: &[
        "",
        "",
        "BIND,CONNECT,CMD,DEL,DELTASUM,DUP,FILTER,FLIST,ICONV",
        "ACL,BACKUP,CONNECT2,DEL2,DELTASUM2,EXIT,FILTER2,FLIST2,FUZZY,GENR,OWN,RECV,SEND,TIME",
        "CMD2,DEL3,DELTASUM3,EXIT2,FLIST3,ICONV2,OWN2,PROTO,TIME2",
        "CHDIR,DELTASUM4,FLIST4,FUZZY2,HASH,HLINK",
    ],
};

/// What a list of words asked for besides levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WordsError {
    /// `HELP`: show the table and exit.
    Help,
    /// No such word.
    Unknown(Vec<u8>),
}

/// The levels of one table.
#[derive(Debug, Clone)]
pub struct Levels {
    table: &'static Words,
    levels: Vec<(u8, Priority)>,
}

impl Default for Levels {
    /// Of a table without words.
    fn default() -> Levels {
        static NONE: Words = Words { option: "", words: &[], verbosity: &[] };
        Levels::new(&NONE)
    }
}

impl Levels {
    /// All silent.
    pub fn new(table: &'static Words) -> Levels {
        Levels { table, levels: vec![(0, Priority::Implied); table.words.len()] }
    }

    /// Takes a list of words. A server ignores unknown words, since they may be a newer client's.
    pub fn set(&mut self, text: &[u8], by: Priority, server: bool) -> Result<(), WordsError> {
        for item in text.split(|&b| b == b',').filter(|item| !item.is_empty()) {
            let letters =
                item.iter().rposition(|b| !b.is_ascii_digit()).map_or(item.len(), |n| n + 1);
            let (name, digits) = item.split_at(letters);
            let level = match digits {
                [] => 1,
                _ => digits.iter().fold(0u8, |n, d| n.saturating_mul(10).saturating_add(d - b'0')),
            };
            let level = level.min(MAX_LEVEL);
            let is = |word: &str| name.eq_ignore_ascii_case(word.as_bytes());
            if is("help") {
                if !server {
                    return Err(WordsError::Help);
                }
            } else if is("all") || is("none") {
                let level = if is("all") { level } else { 0 };
                (0..self.levels.len()).for_each(|at| self.set_one(at, level, by));
            } else if let Some(at) = self.table.words.iter().position(|w| is(w.name)) {
                self.set_one(at, level, by);
            } else if !server {
                return Err(WordsError::Unknown(name.to_vec()));
            }
        }
        Ok(())
    }

    fn set_one(&mut self, at: usize, level: u8, by: Priority) {
        if by >= self.levels[at].1 {
            self.levels[at] = (level, by);
        }
    }

    /// Adds what a number of `-v` implies.
    pub fn add_verbosity(&mut self, verbose: u8) {
        let implied = self.table.verbosity.iter().take(usize::from(verbose) + 1);
        for words in implied {
            self.imply(words);
        }
    }

    /// Adds words that something else implies.
    pub fn imply(&mut self, words: &'static str) {
        // Our own words are known; as a server nothing is an error anyway.
        let _known = self.set(words.as_bytes(), Priority::Implied, true);
    }

    /// The level of a word; 0 for a word that is not in the table.
    pub fn level(&self, name: &str) -> u8 {
        let at = self.table.words.iter().position(|w| w.name == name);
        at.map_or(0, |at| self.levels[at].0)
    }

    /// The `--info` value for the server: the words that the user set and that are of interest to
    /// its role.
    pub fn for_server(&self, server_sends: bool) -> Option<String> {
        let relevant = || {
            let both = self.table.words.iter().zip(&self.levels);
            both.filter(move |(w, _)| if server_sends { w.sender } else { w.receiver })
        };
        let by_user = |&(_, &(_, by)): &(&Word, &(u8, Priority))| by == Priority::User;
        let mut common = None;
        if relevant().all(|item| by_user(&item)) {
            // Where two levels qualify, the one that gets there first in table order.
            let mut sharing = [0; MAX_LEVEL as usize + 1];
            common = relevant().map(|(_, &(level, _))| level).find(|&level| {
                sharing[usize::from(level)] += 1;
                sharing[usize::from(level)] == COLLAPSE_AT
            });
        }
        let show = |name: &str, level: u8| match level {
            1 => name.to_string(),
            n => format!("{name}{n}"),
        };
        let mut items = Vec::new();
        match common {
            Some(0) => items.push("NONE".to_string()),
            Some(n) => items.push(show("ALL", n)),
            None => {}
        }
        for (word, &(level, _)) in relevant().filter(by_user) {
            if Some(level) != common {
                items.push(show(word.name, level));
            }
        }
        if items.is_empty() { None } else { Some(items.join(",")) }
    }

    /// As the roles see `--info`.
    pub fn info(&self) -> InfoLevels {
        InfoLevels {
            backup: self.level("BACKUP"),
            copy: self.level("COPY"),
            del: self.level("DEL"),
            flist: self.level("FLIST"),
            misc: self.level("MISC"),
            mount: self.level("MOUNT"),
            name: self.level("NAME"),
            nonreg: self.level("NONREG"),
            progress: self.level("PROGRESS"),
            remove: self.level("REMOVE"),
            skip: self.level("SKIP"),
            stats: self.level("STATS"),
            symsafe: self.level("SYMSAFE"),
        }
    }

    /// As the roles see `--debug`.
    pub fn debug(&self) -> DebugLevels {
        DebugLevels {
            acl: self.level("ACL"),
            backup: self.level("BACKUP"),
            bind: self.level("BIND"),
            chdir: self.level("CHDIR"),
            connect: self.level("CONNECT"),
            cmd: self.level("CMD"),
            del: self.level("DEL"),
            deltasum: self.level("DELTASUM"),
            dup: self.level("DUP"),
            exit: self.level("EXIT"),
            filter: self.level("FILTER"),
            flist: self.level("FLIST"),
            fuzzy: self.level("FUZZY"),
            genr: self.level("GENR"),
            hash: self.level("HASH"),
            hlink: self.level("HLINK"),
            iconv: self.level("ICONV"),
            io: self.level("IO"),
            nstr: self.level("NSTR"),
            own: self.level("OWN"),
            proto: self.level("PROTO"),
            recv: self.level("RECV"),
            send: self.level("SEND"),
            time: self.level("TIME"),
        }
    }
}

/// The levels that a number of `-v` implies, for `--info` and `--debug`.
pub fn of_verbosity(verbose: u8) -> (InfoLevels, DebugLevels) {
    let of = |table| {
        let mut levels = Levels::new(table);
        levels.add_verbosity(verbose);
        levels
    };
    (of(&INFO).info(), of(&DEBUG).debug())
}

/// The text of `--info=help` and `--debug=help`.
pub fn words_help(table: &Words) -> String {
    let option = table.option;
    let mut out = "Use OPT or OPT1 for level 1 output, OPT2 for level 2, etc.; OPT0 silences.\n\n"
        .to_string();
    let mut line = |name: &str, text: &str| {
        let _infallible = writeln!(out, "{name:<10} {text}");
    };
    for word in table.words {
        line(word.name, word.help);
    }
    line("", "");
    line("ALL", &format!("Set all --{option} options (e.g. all4)"));
    line("NONE", &format!("Silence all --{option} options (same as all0)"));
    line("HELP", "Output this help message");
    let mut out = out.replace("           \n", "\n");
    out.push_str("\nOptions added at each level of verbosity:\n");
    for (level, words) in table.verbosity.iter().enumerate().filter(|(_, w)| !w.is_empty()) {
        let _infallible = writeln!(out, "{level}) {words}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(words: &str) -> Levels {
        let mut levels = Levels::new(&INFO);
        levels.set(words.as_bytes(), Priority::User, false).expect("known words");
        levels
    }

    #[test]
    fn explicit_beats_implied() {
        let mut levels = user("name0,,Stats9");
        levels.add_verbosity(1);
        assert_eq!((levels.level("NAME"), levels.level("STATS"), levels.level("DEL")), (0, 4, 1));
        levels.add_verbosity(200);
        assert_eq!((levels.level("NAME"), levels.level("MISC")), (0, 2));
    }

    #[test]
    fn unknown_words() {
        let mut levels = Levels::new(&DEBUG);
        let mut error =
            |text: &str| levels.set(text.as_bytes(), Priority::User, false).unwrap_err();
        assert_eq!(error("bogus7"), WordsError::Unknown(b"bogus".into()));
        assert_eq!(error("9foo"), WordsError::Unknown(b"9foo".into()));
        assert_eq!(error("foo1x"), WordsError::Unknown(b"foo1x".into()));
        assert_eq!(error("1"), WordsError::Unknown(b"1".into()));
        assert_eq!(error("io,help"), WordsError::Help);
        assert_eq!(levels.set(b"bogus,help,io3", Priority::User, true), Ok(()));
        assert_eq!(levels.debug().io, 3);
    }

    #[test]
    fn what_the_server_is_told() {
        let push = |words| user(words).for_server(false);
        let pull = |words| user(words).for_server(true);
        assert_eq!(push("progress2,flist"), None);
        assert_eq!(push("stats3,misc0").as_deref(), Some("MISC0,STATS3"));
        assert_eq!(push("none").as_deref(), Some("NONE"));
        assert_eq!(push("all4").as_deref(), Some("ALL4"));
        assert_eq!(
            push("all,copy2,del2,misc2,mount2,name2").as_deref(),
            Some("ALL2,BACKUP,NONREG,SKIP,STATS,SYMSAFE")
        );
        assert_eq!(push("all,name0").as_deref(), Some("ALL,NAME0"));
        assert_eq!(
            pull("all2,name0,stats3").as_deref(),
            Some("MISC2,MOUNT2,NAME0,REMOVE2,STATS3,SYMSAFE2")
        );
        let mut implied = Levels::new(&INFO);
        implied.add_verbosity(2);
        assert_eq!(implied.for_server(false), None);
    }

    #[test]
    fn help_has_every_word() {
        let text = words_help(&DEBUG);
        assert!(
            text.contains(
                "\nTIME       Debug setting of modified times (levels 1-2)\n\nALL        "
            )
        );
        assert!(text.ends_with("\n5) CHDIR,DELTASUM4,FLIST4,FUZZY2,HASH,HLINK\n"));
    }
}
