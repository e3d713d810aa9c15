//! Aliases for options from `/etc/popt`, `/etc/popt.d/*` and `~/.popt` (see `popt(3)`).
//!
//! A line is `rsync alias OPTION WORD...`: the option, spelled exactly so, stands for the words. They may hold other aliases, but not
//! the same one again. `!#:+` in a word stands for the argument behind the option. What belongs to other programs or makes no sense
//! is skipped, as popt does it; so are `exec` lines, since no option of ours runs a program of somebody's choice.
use super::table::{self, Arg, OPTIONS, Opt};
use crate::platform;
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

/// Longest file that is read.
const MAX_FILE: u64 = 1 << 20;
/// Most arguments that aliases may make of a command line.
const MAX_ARGS: usize = 1 << 16;
/// What stands for the next argument.
const NEXT: &[u8] = b"!#:+";

/// One alias.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Alias {
    /// With its dashes.
    option: Vec<u8>,
    words: Vec<Vec<u8>>,
}

/// Aliases, the later ones first in rank.
#[derive(Debug, Clone, Default)]
pub struct Aliases(Vec<Alias>);

impl Aliases {
    /// Those of the system and of the user whose home this is.
    pub fn of_user(home: Option<&Path>) -> Aliases {
        let mut files = vec![PathBuf::from("/etc/popt")];
        if let Ok(dir) = std::fs::read_dir("/etc/popt.d") {
            let mut more: Vec<_> = dir.flatten().map(|entry| entry.path()).collect();
            more.sort();
            files.extend(more);
        }
        // Who runs this with somebody else's rights does not get to change what it does.
        files.extend(home.filter(|_| platform::has_own_rights()).map(|home| home.join(".popt")));
        let mut all = Aliases::default();
        for file in files {
            let mut text = Vec::new();
            // Hardly anybody has such a file.
            let read = File::open(file).and_then(|f| f.take(MAX_FILE).read_to_end(&mut text));
            if read.is_ok() {
                all.add(&text);
            }
        }
        all
    }

    /// Adds the lines of a file.
    fn add(&mut self, text: &[u8]) {
        let mut line = Vec::new();
        let mut bytes = text.iter().copied().peekable();
        while let Some(b) = bytes.next() {
            match b {
                b'\n' => self.add_line(&std::mem::take(&mut line)),
                b'\\' if bytes.peek() == Some(&b'\n') => drop(bytes.next()),
                b'\\' => {
                    line.push(b);
                    line.extend(bytes.next());
                }
                b => line.push(b),
            }
        }
        self.add_line(&line);
    }

    fn add_line(&mut self, line: &[u8]) {
        let line = line.trim_ascii();
        if line.first() == Some(&b'#') {
            return;
        }
        let Some(words) = split(line) else { return };
        let [program, kind, option, rest @ ..] = &words[..] else { return };
        let is_option = match &option[..] {
            [b'-', b'-', name @ ..] => !name.is_empty() && !name.contains(&b'='),
            [b'-', letter] => *letter != b'-',
            _ => false,
        };
        // What this program runs as is decided before options are looked at.
        let fixed = [&b"--server"[..], b"--daemon"].contains(&&option[..]);
        if program == b"rsync" && kind == b"alias" && is_option && !rest.is_empty() && !fixed {
            self.0.push(Alias { option: option.clone(), words: rest.to_vec() });
        }
    }

    fn find(&self, option: &[u8], skip: &[usize]) -> Option<(usize, &Alias)> {
        let mut all = self.0.iter().enumerate().rev();
        all.find(|(at, alias)| alias.option == option && !skip.contains(at))
    }

    /// The arguments with every alias replaced.
    pub fn expand(&self, args: &[Vec<u8>]) -> Vec<Vec<u8>> {
        if self.0.is_empty() {
            return args.to_vec();
        }
        let mut pending: Vec<Pending> =
            args.iter().rev().map(|arg| Pending { arg: arg.clone(), from: Vec::new() }).collect();
        let mut out = Vec::new();
        while let Some(Pending { arg, from }) = pending.pop() {
            if out.len() + pending.len() > MAX_ARGS {
                return args.to_vec();
            }
            match &arg[..] {
                b"--" => {
                    out.push(arg);
                    break;
                }
                [b'-', b'-', long @ ..] => {
                    let equals = long.iter().position(|b| *b == b'=');
                    let name = equals.map_or(long, |at| &long[..at]);
                    let option = [b"--", name].concat();
                    if let Some((at, alias)) = self.find(&option, &from) {
                        if let Some(at) = equals {
                            pending.push(Pending { arg: long[at + 1..].to_vec(), from: vec![] });
                        }
                        replace(&mut pending, at, alias, &from);
                        continue;
                    }
                    let found = table::find_long(OPTIONS, name);
                    out.push(arg.clone());
                    match found {
                        Some((e, ..)) if matches!(e.opt, Opt::Server | Opt::DaemonMode) => break,
                        Some((e, _, true)) if e.arg != Arg::None && equals.is_none() => {
                            out.extend(pending.pop().map(|p| p.arg));
                        }
                        _ => {}
                    }
                }
                [b'-', cluster @ ..] if !cluster.is_empty() => {
                    self.cluster(cluster, &from, &mut pending, &mut out);
                }
                _ => out.push(arg),
            }
        }
        out.extend(pending.into_iter().rev().map(|p| p.arg));
        out
    }

    fn cluster(
        &self,
        cluster: &[u8],
        from: &[usize],
        pending: &mut Vec<Pending>,
        out: &mut Vec<Vec<u8>>,
    ) {
        let mut plain = vec![b'-'];
        for (place, letter) in cluster.iter().enumerate() {
            let rest = &cluster[place + 1..];
            if let Some((at, alias)) = self.find(&[b'-', *letter], from) {
                if plain.len() > 1 {
                    out.push(plain);
                }
                if !rest.is_empty() {
                    let arg = [b"-", rest].concat();
                    pending.push(Pending { arg, from: from.to_vec() });
                }
                replace(pending, at, alias, from);
                return;
            }
            plain.push(*letter);
            let takes = table::find_short(OPTIONS, *letter).is_some_and(|e| e.arg != Arg::None);
            if takes {
                plain.extend_from_slice(rest);
                out.push(plain);
                if rest.is_empty() {
                    out.extend(pending.pop().map(|p| p.arg));
                }
                return;
            }
        }
        out.push(plain);
    }
}

/// An argument, and the aliases that it came from.
struct Pending {
    arg: Vec<u8>,
    from: Vec<usize>,
}

/// Puts an alias's words in front of what is pending.
fn replace(pending: &mut Vec<Pending>, at: usize, alias: &Alias, from: &[usize]) {
    let from: Vec<usize> = from.iter().copied().chain([at]).collect();
    let mut words = Vec::new();
    for word in &alias.words {
        let mut word = word.clone();
        if let Some(place) = word.windows(NEXT.len()).position(|w| w == NEXT)
            && let Some(next) = pending.pop()
        {
            word.splice(place..place + NEXT.len(), next.arg);
        }
        words.push(Pending { arg: word, from: from.clone() });
    }
    pending.extend(words.into_iter().rev());
}

/// Words as a shell would split them; `None` for an open quote.
fn split(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quote = None;
    let mut bytes = line.iter().copied().peekable();
    while let Some(b) = bytes.next() {
        match (quote, b) {
            (Some(q), b) if b == q => quote = None,
            (Some(q), b'\\') if bytes.peek() == Some(&q) => {
                word.get_or_insert_default().extend(bytes.next());
            }
            (Some(_), b) => word.get_or_insert_default().push(b),
            (None, b'\'' | b'"') => {
                quote = Some(b);
                word.get_or_insert_default();
            }
            (None, b'\\') => word.get_or_insert_default().extend(bytes.next()),
            (None, b) if b.is_ascii_whitespace() => words.extend(word.take()),
            (None, b) => word.get_or_insert_default().push(b),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(file: &str, line: &str) -> String {
        let mut aliases = Aliases::default();
        aliases.add(file.as_bytes());
        let args: Vec<_> = line.split(' ').map(|arg| arg.as_bytes().to_vec()).collect();
        String::from_utf8(aliases.expand(&args).join(&b'|')).expect("text")
    }

    #[test]
    fn options_stand_for_words() {
        let file = "rsync alias --foo -a --exclude 'x y'\n# no\nrsync alias -Z -av \\\n --stats\n\
            rsync alias --bar\nother alias --foo -n\nrsync alias --two --foo -Z\nrsync alias -v -v -i\n";
        assert_eq!(expand(file, "--foo s d"), "-a|--exclude|x y|s|d");
        assert_eq!(expand(file, "-nZr s"), "-n|-a|-v|-i|--stats|-r|s");
        assert_eq!(expand(file, "--two"), "-a|--exclude|x y|-a|-v|-i|--stats");
        assert_eq!(expand(file, "--bar s"), "--bar|s");
    }

    #[test]
    fn values_and_what_follows_a_double_dash_are_no_options() {
        let file = "rsync alias --foo -n\n";
        assert_eq!(expand(file, "--exclude --foo --foo -f --foo"), "--exclude|--foo|-n|-f|--foo");
        assert_eq!(expand(file, "-- --foo"), "--|--foo");
        assert_eq!(expand(file, "--server --foo ."), "--server|--foo|.");
        assert_eq!(expand(file, "--foo=3 s"), "-n|3|s");
    }

    #[test]
    fn the_next_argument_may_be_a_part_of_a_word() {
        let file = "rsync alias --no --exclude=*.!#:+ -n\nrsync alias --loop --loop --no\n";
        assert_eq!(expand(file, "--no o s"), "--exclude=*.o|-n|s");
        assert_eq!(expand(file, "--no=o s"), "--exclude=*.o|-n|s");
        assert_eq!(expand(file, "--loop o"), "--loop|--exclude=*.o|-n");
    }
}
