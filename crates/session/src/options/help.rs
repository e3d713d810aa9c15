//! The texts of `--help`.
use super::{
    table::{Arg, DAEMON_OPTIONS, Entry, OPTIONS},
    version,
};
use std::fmt::Write as _;

/// `--help`.
pub fn help() -> String {
    let mut out = version();
    out.push_str(
        "
rsync is a file transfer program capable of efficient remote update
via a fast differencing algorithm.

Usage: rsync [OPTION]... SRC [SRC]... DEST
  or   rsync [OPTION]... SRC [SRC]... [USER@]HOST:DEST
  or   rsync [OPTION]... SRC [SRC]... [USER@]HOST::DEST
  or   rsync [OPTION]... SRC [SRC]... rsync://[USER@]HOST[:PORT]/DEST
  or   rsync [OPTION]... [USER@]HOST:SRC [DEST]
  or   rsync [OPTION]... [USER@]HOST::SRC [DEST]
  or   rsync [OPTION]... rsync://[USER@]HOST[:PORT]/SRC [DEST]
The ':' usages connect via remote shell, while '::' & 'rsync://' usages connect
to an rsync daemon, and require SRC or DEST to start with a module name.

Options
",
    );
    lines(&mut out, OPTIONS);
    out.push_str(
        "
Use \"rsync --daemon --help\" to see the daemon-mode command-line options.
Please see the rsync(1) and rsyncd.conf(5) manpages for full documentation.
See https://rsync.samba.org/ for updates, bug reports, and answers
",
    );
    out
}

/// `--daemon --help`.
pub fn daemon_help() -> String {
    let mut out = version();
    out.push_str("\nUsage: rsync --daemon [OPTION]...\n");
    lines(&mut out, DAEMON_OPTIONS);
    out.push_str(
        "
If you were not trying to invoke rsync as a daemon, avoid using any of the
daemon-specific rsync options.  See also the rsyncd.conf(5) manpage.
",
    );
    out
}

fn lines(out: &mut String, table: &[Entry]) {
    for e in table {
        let more = e.more_help.iter().map(|(column, text)| (column.to_string(), *text));
        let own = (!e.help.is_empty()).then(|| (column(e), e.help));
        for (column, text) in own.into_iter().chain(more) {
            let _never_fails = writeln!(out, "{column:<24} {text}");
        }
    }
}

fn column(e: &Entry) -> String {
    let value = match e.arg {
        Arg::None => String::new(),
        Arg::Text(name) | Arg::Int(name) => format!("={name}"),
        Arg::Optional(name) => format!("[={name}]"),
    };
    match e.short {
        Some(letter) if e.long.is_empty() => format!("-{}", letter as char),
        Some(letter) => format!("--{}{value}, -{}", e.long, letter as char),
        None => format!("--{}{value}", e.long),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_look_like_rsync_s() {
        let text = help();
        for column in [
            "\n--verbose, -v            ",
            "\n--stderr=e|a|c           ",
            "\n--inc-recursive, --i-r   ",
            "\n--no-whole-file, --no-W  ",
            "\n--modify-window=NUM, -@  ",
            "\n-D                       ",
            "\n                         repeated: ",
            "\n--only-write-batch=FILE  ",
            "\n--help, -h (*)           ",
        ] {
            assert!(text.contains(column), "{column:?}");
        }
        assert!(!text.contains("--server"), "internal options are not shown");
        assert!(daemon_help().contains("\n--dparam=OVERRIDE, -M    "));
    }
}
