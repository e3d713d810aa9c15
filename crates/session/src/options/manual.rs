//! The manual page (`--generate=man`): the table of options, and what stands about them in `manual/options.txt`,
//! `manual/daemon.txt` and `manual/topics.txt`.
//!
//! Those files are plain text. A line `= NAME` begins what belongs to an option or, in the topics, a section; `== NAME` begins a
//! part of it. Paragraphs are separated by empty lines; lines that begin with four spaces are examples; a line `* TERM`
//! begins an item whose text is the lines behind it, each with two spaces in front.

use super::{
    generate::{KINDS, shown},
    table::{DAEMON_OPTIONS, Entry, OPTIONS},
};
use std::fmt::Write as _;

const ABOUT_OPTIONS: &str = include_str!("manual/options.txt");
const ABOUT_DAEMON: &str = include_str!("manual/daemon.txt");
const TOPICS: &str = include_str!("manual/topics.txt");

const HEAD: &str = ".TH OXRSYNC 1 2026-11-28 \"oxrsync\" \"User Commands\"
.SH NAME
oxrsync \\- copy files, here or to and from other hosts, by what differs
.SH SYNOPSIS
.nf
\\fBoxrsync\\fR [\\fIOPTION\\fR]... \\fISRC\\fR... \\fIDEST\\fR
\\fBoxrsync\\fR [\\fIOPTION\\fR]... \\fISRC\\fR... [\\fIUSER\\fR@]\\fIHOST\\fR:\\fIDEST\\fR
\\fBoxrsync\\fR [\\fIOPTION\\fR]... [\\fIUSER\\fR@]\\fIHOST\\fR:\\fISRC\\fR... [\\fIDEST\\fR]
\\fBoxrsync\\fR [\\fIOPTION\\fR]... rsync://\\fIHOST\\fR[:\\fIPORT\\fR]/\\fISRC\\fR... [\\fIDEST\\fR]
\\fBoxrsync \\-\\-daemon\\fR [\\fIOPTION\\fR]...
.B oxrsync \\-\\-generate=\\fIKIND\\fR
.fi
.SH DESCRIPTION
.B oxrsync
does what
.BR rsync (1)
does, with the same options, the same output and the same exit codes,
and speaks with any rsync.
.PP
A path with a single colon is reached through a remote shell,
one with two colons or an rsync:// URL at a daemon,
where it begins with the name of a module.
.SH OPTIONS
";

/// The page.
pub fn page() -> String {
    let mut out = String::from(HEAD);
    options(&mut out, OPTIONS, ABOUT_OPTIONS);
    out.push_str(".SH DAEMON OPTIONS\nWith \\fB\\-\\-daemon\\fR these count instead:\n");
    options(&mut out, DAEMON_OPTIONS, ABOUT_DAEMON);
    for (name, text) in blocks(TOPICS) {
        let _never_fails = writeln!(out, ".SH {}", roff(name));
        body(&mut out, text, ".PP");
    }
    out.push_str(".SH GENERATED TEXTS\n.B \\-\\-generate=\\fIKIND\\fR\nas the only argument writes a text to standard output. Kinds:\n");
    for kind in KINDS {
        let _never_fails = writeln!(out, ".br\n{}", roff(kind));
    }
    out.push_str(".SH FILES\n.TP\n~/.popt, /etc/popt, /etc/popt.d/*\nAliases for options; see\n.BR popt (3).\n");
    out.push_str(".SH SEE ALSO\n.BR rsync (1),\n.BR rsyncd.conf (5)\n");
    out
}

fn options(out: &mut String, table: &'static [Entry], about: &str) {
    for option in shown(table) {
        let value = option.value.map_or(String::new(), |value| format!("=\\fI{}\\fR", roff(value)));
        let names: Vec<String> = option
            .names
            .iter()
            .map(|name| match name.starts_with("--") {
                true => format!("\\fB{}\\fR{value}", roff(name)),
                false => format!("\\fB{}\\fR", roff(name)),
            })
            .collect();
        let _never_fails = writeln!(out, ".TP\n{}", names.join(", "));
        match (option.about, details(about, &option.names)) {
            (None, text) => body(out, text.unwrap_or_default(), ""),
            (Some(line), text) => {
                let _never_fails = writeln!(out, "{}", roff(&line));
                body(out, text.unwrap_or_default(), ".IP");
            }
        }
    }
}

/// What there is to say about an option beyond its line.
fn details<'a>(about: &'a str, names: &[String]) -> Option<&'a str> {
    let name = names.first()?;
    blocks(about).find(|(heading, _)| heading == name).map(|(_, text)| text)
}

/// The blocks of a text: what stands behind `= `, and what follows.
fn blocks(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let text = text.strip_prefix("= ").unwrap_or_default();
    text.split("\n= ").map(|block| block.split_once('\n').unwrap_or((block, "")))
}

/// Paragraphs, each begun by `start`; if that is empty, as those of an option, whose first begins with its name.
fn body(out: &mut String, text: &str, start: &str) {
    // Behind a heading there is a paragraph already.
    let mut begun = start != ".IP";
    let start = if start.is_empty() { ".IP" } else { start };
    for paragraph in text.split("\n\n").map(|p| p.trim_matches('\n')).filter(|p| !p.is_empty()) {
        let lines = paragraph.lines();
        let start = if begun { String::new() } else { format!("{start}\n") };
        begun = paragraph.starts_with("== ");
        if let Some(name) = paragraph.strip_prefix("== ") {
            let _never_fails = writeln!(out, ".SS {}", roff(name));
        } else if paragraph.starts_with("    ") {
            let example: Vec<String> = lines.map(|line| roff(line.trim_start())).collect();
            let _never_fails = writeln!(out, "{start}.nf\n{}\n.fi", example.join("\n"));
        } else if paragraph.starts_with("* ") {
            let _never_fails = writeln!(out, ".RS");
            for line in lines {
                let _never_fails = match line.strip_prefix("* ") {
                    Some(term) => writeln!(out, ".TP\n{}", bold_options(term)),
                    None => writeln!(out, "{}", bold_options(line.trim_start())),
                };
            }
            let _never_fails = writeln!(out, ".RE");
        } else {
            let text: Vec<String> = lines.map(bold_options).collect();
            let _never_fails = writeln!(out, "{start}{}", text.join("\n"));
        }
    }
}

/// A line in which options stand out.
fn bold_options(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let at = word.find(|c| c != '(').unwrap_or(0);
        let (open, word) = word.split_at(at);
        let letter = word.trim_start_matches('-').starts_with(|c: char| c.is_ascii_alphanumeric());
        if !word.starts_with('-') || !letter {
            return format!("{open}{}", roff(word));
        }
        let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(word.len());
        let (name, rest) = word.split_at(end);
        format!("{open}\\fB{}\\fR{}", roff(name), roff_inside(rest))
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Text that means itself to `troff`.
fn roff(text: &str) -> String {
    let inside = roff_inside(text);
    match text.starts_with(['.', '\'']) {
        true => format!("\\&{inside}"),
        false => inside,
    }
}

/// The same for text that begins no line.
fn roff_inside(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('~', "\\(ti").replace('^', "\\(ha")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn texts_are_about_options_that_there_are() {
        for (table, about) in [(OPTIONS, ABOUT_OPTIONS), (DAEMON_OPTIONS, ABOUT_DAEMON)] {
            let names: Vec<String> = shown(table).into_iter().flat_map(|o| o.names).collect();
            let mut seen = HashSet::new();
            for (heading, text) in blocks(about) {
                assert!(names.iter().any(|name| name == heading), "{heading}");
                assert!(seen.insert(heading), "{heading} twice");
                assert!(!text.trim().is_empty(), "{heading}");
            }
        }
    }

    #[test]
    fn every_option_has_its_meaning() {
        for (table, about) in [(OPTIONS, ABOUT_OPTIONS), (DAEMON_OPTIONS, ABOUT_DAEMON)] {
            for option in shown(table) {
                let told = option.about.is_some() || details(about, &option.names).is_some();
                assert!(told, "{:?}", option.names);
            }
        }
    }

    #[test]
    fn options_stand_out() {
        assert_eq!(
            bold_options("(-x) a - --no-R, x"),
            "(\\fB\\-x\\fR) a \\- \\fB\\-\\-no\\-R\\fR, x"
        );
    }
}
