//! Taking out of an output what may differ between two correct runs.

/// Standard output without byte counts of the connection, rates and times; everything else stays.
///
/// What the sender says about names it leaves out comes first: the list is read ahead of the
/// transfer, and how far ahead is a matter of scheduling.
pub fn stdout(text: &[u8], replace: &[(String, &str)]) -> String {
    let text = without_head(replaced(text, replace));
    let (skipped, text): (Vec<_>, Vec<_>) =
        text.split('\n').partition(|line| line.starts_with("skipping non-regular file "));
    let text = text.join("\n");
    let mut lines: Vec<_> = skipped.into_iter().map(str::to_owned).collect();
    for line in text.split('\n').filter(|line| !is_closing_race(line)) {
        // Of the states of a progress line only the last one is the same in every run.
        let line = line.rsplit('\r').next().unwrap_or(line);
        lines.push(stdout_line(line));
    }
    lines.join("\n")
}

fn stdout_line(line: &str) -> String {
    if let Some(line) = log_line(line) {
        return line;
    }
    const COUNTS: [&str; 5] = [
        "Total bytes sent: ",
        "Total bytes received: ",
        "File list size: ",
        "File list generation time: ",
        "File list transfer time: ",
    ];
    if let Some(start) = COUNTS.iter().find(|start| line.starts_with(**start)) {
        return format!("{start}#");
    }
    if line.starts_with("sent ") && line.contains(" bytes  received ") {
        let tail = line.split_once("bytes/sec").map_or("", |(_, tail)| tail);
        return format!("sent # bytes  received # bytes  # bytes/sec{tail}");
    }
    if let Some((start, rest)) = line.split_once("  speedup is ") {
        let tail = rest.split_once(' ').map_or(String::new(), |(_, tail)| format!(" {tail}"));
        return format!("{start}  speedup is #{tail}");
    }
    if line.starts_with("total: matches=") {
        // False alarms depend on the table used to look sums up, which is nobody's business.
        return line
            .split_whitespace()
            .filter(|word| !is_matching_detail(word))
            .collect::<Vec<_>>()
            .join(" ");
    }
    // Temporary names and numbers of processes, in lines that --debug asks for.
    if let Some((name, to)) = line.strip_prefix("renaming ").and_then(|l| l.split_once(" to ")) {
        let name = name.rsplit_once('.').map_or(name, |(start, _)| start);
        return format!("renaming {name}.?????? to {to}");
    }
    if let Some((start, rest)) =
        line.split_once("id of ").filter(|(start, _)| start.starts_with("set "))
        && let Some((name, ids)) = rest.split_once(" from ")
        && let Some((name, end)) = name.rsplit_once('.').filter(|(_, end)| end.len() == 6)
        && end.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        return format!("{start}id of {name}.?????? from {ids}");
    }
    if line.contains("] copy_file ")
        && let Some((start, name)) = line.split_once(" => ")
        && let Some((name, error)) = name.split_once(": ")
    {
        let name = name.rsplit_once('.').map_or(name, |(start, _)| start);
        return format!("{start} => {name}.??????: {error}");
    }
    for start in [
        "server_recv(2) starting pid=",
        "generator starting pid=",
        "client_run waiting on ",
        "client_run2 waiting on ",
    ] {
        if line.starts_with(start) {
            return format!("{start}#");
        }
    }
    if let Some((start, rest)) = line.split_once("_exit_cleanup(code=")
        && let Some((code, rest)) = rest.split_once(", file=")
        && let Some((_, rest)) = rest.split_once("): ")
    {
        return format!("{start}_exit_cleanup(code={code}, file=#): {rest}");
    }
    if let Some((role, rest)) = line.split_once("] #")
        && let Some((_, kind)) =
            rest.split_once(" hard-links #").and_then(|(_, r)| r.split_once(' '))
    {
        // Entries are numbered as they stand in the directory, in any order.
        return format!("{role}] # hard-links # {kind}");
    }
    if let Some(rest) = line.strip_prefix("hlink for ")
        && let Some((name, found)) = rest.split_once("): ")
        && let Some((name, number)) = name.rsplit_once(',')
    {
        let number = if number == "-1" { number } else { "#" };
        return format!("hlink for {name},{number}): {found}");
    }
    // Each tree has a file system of its own.
    for start in ["[sender] dev:inode for #", "created hashtable for dev "] {
        if let Some((role, _)) = line.split_once(start) {
            return format!("{role}{start}#");
        }
    }
    progress(line).unwrap_or_else(|| line.to_owned())
}

/// A line of a log, `YYYY/MM/DD HH:MM:SS [PID] TEXT`.
fn log_line(line: &str) -> Option<String> {
    let (stamp, rest) = line.split_once("] ")?;
    let (time, pid) = stamp.split_once(" [")?;
    let is_stamp = time.len() == "YYYY/MM/DD HH:MM:SS".len()
        && time.bytes().all(|b| b.is_ascii_digit() || b"/ :".contains(&b))
        && pid.bytes().all(|b| b.is_ascii_digit());
    let rest = match rest.split_once(" bytes  total size ") {
        Some((_, total)) => format!("sent # bytes  received # bytes  total size {total}"),
        None if rest.starts_with("rsync") => stderr_line(rest),
        None => stdout_line(rest),
    };
    is_stamp.then(|| format!("TIME [#] {rest}"))
}

fn is_matching_detail(word: &str) -> bool {
    word.starts_with("hash_hits=") || word.starts_with("false_alarms=")
}

/// `SIZE 100% RATE TIME (xfr#…)` without rate and time.
fn progress(line: &str) -> Option<String> {
    let words: Vec<_> = line.split_whitespace().collect();
    let [size, percent, rate, _time, tail @ ..] = words.as_slice() else { return None };
    if !percent.ends_with('%') || !rate.ends_with("B/s") {
        return None;
    }
    Some(format!("{size:>15} {percent:>4} # # {}", tail.join(" ")))
}

/// Standard error without source positions and process numbers, in sorted order: two processes write it.
pub fn stderr(text: &[u8], replace: &[(String, &str)]) -> String {
    let text = without_head(replaced(text, replace));
    let raced = text.lines().any(is_closing_race);
    let mut lines: Vec<_> =
        text.lines().filter(|line| !is_closing_race(line)).map(stderr_line).collect();
    if raced && lines.iter().filter(|line| is_closing_line(line)).count() > 1 {
        lines.retain(|line| !is_closing_line(line) || !line.contains("(code 10)"));
    }
    lines.sort();
    lines.join("\n")
}

/// The sorted lines of a standard error as if one process had written them: what two processes found out alike is there
/// once, and so is the closing line, that of the process that was not ended by the other. What they found out about the version is
/// told by the client.
pub fn of_one_process(stderr: &str) -> String {
    let mut lines: Vec<&str> = stderr.lines().collect();
    lines.dedup();
    lines
        .retain(|line| !line.starts_with("--protocol must be ") || !line.ends_with(" the Server."));
    if lines.iter().filter(|line| is_closing_line(line)).count() > 1 {
        lines.retain(|line| !is_closing_line(line) || !line.contains("(code 19)"));
    }
    if lines.iter().filter(|line| is_closing_line(line)).count() > 1 {
        lines.retain(|line| !is_closing_line(line) || !line.ends_with("[Receiver]"));
    }
    lines.join("\n")
}

/// Whether a line only says that the peer, having reported its error, had already closed the
/// connection: whether that is noticed depends on who is faster.
fn is_closing_race(line: &str) -> bool {
    line.contains(" read error: Connection reset by peer ")
        || line.contains(" write error: Broken pipe ")
}

/// Whether a line is the last one of a process that failed.
fn is_closing_line(line: &str) -> bool {
    line.starts_with("rsync error: ")
}

fn stderr_line(line: &str) -> String {
    if let Some(line) = log_line(line) {
        return line;
    }
    let mut line = line.to_owned();
    // " at main.c(1852) [sender=3.5.0]" names a place in the program.
    if let Some(at) = line.rfind(" at ")
        && line[at..].contains(") [")
        && line.ends_with(']')
    {
        let role = line.rfind('[').map_or("", |open| &line[open + 1..]);
        let role = role.split('=').next().unwrap_or_default().to_owned();
        line.truncate(at);
        line.push_str(&format!(" [{role}]"));
    }
    // The end of a temporary name, in a path between quotes, is random, or the number of a process.
    let about_any = ["mkstemp", "rename", "copy", "write", "do_fallocate"];
    let in_any_dir = about_any.iter().any(|what| line.contains(&format!(" {what} \"")));
    let ends: Vec<_> = line.match_indices('"').map(|(at, _)| at).rev().collect();
    for end in ends {
        let leaf = line[..end].rfind('/').map_or(0, |slash| slash + 1);
        let Some((name, suffix)) = line[leaf..end].rsplit_once('.') else { continue };
        let digits = suffix.bytes().all(|byte| byte.is_ascii_digit()) && suffix.len() > 1;
        let random = suffix.bytes().all(|byte| byte.is_ascii_alphanumeric()) && suffix.len() == 6;
        if (digits && name.starts_with('.')) || (random && (in_any_dir || name.starts_with('.'))) {
            line.replace_range(leaf + name.len() + 1..end, "??????");
        }
    }
    line
}

/// A help text without what stands before `Usage:`, which names the program, its authors and what it can do, and without
/// the option that is ours alone. Everything else stays as it is.
fn without_head(text: String) -> String {
    match text.split_once("\nUsage: rsync ") {
        Some((head, tail)) if head.contains("rsync  version ") => {
            let own = |line: &&str| line.starts_with("--zero-copy");
            tail.split('\n').filter(|line| !own(line)).collect::<Vec<_>>().join("\n")
        }
        _ => text,
    }
}

fn replaced(text: &[u8], replace: &[(String, &str)]) -> String {
    let mut text = if let Ok(text) = std::str::from_utf8(text) {
        text.to_owned()
    } else {
        text.utf8_chunks()
            .map(|chunk| format!("{}{}", chunk.valid(), chunk.invalid().escape_ascii()))
            .collect()
    };
    for (from, to) in replace {
        text = text.replace(from, to);
    }
    text
}

/// The lines of `truth` and `found` that differ: `-` for what is missing, `+` for what is too much.
pub fn diff(truth: &str, found: &str) -> String {
    if truth == found {
        return String::new();
    }
    let (truth, found): (Vec<_>, Vec<_>) = (truth.lines().collect(), found.lines().collect());
    let start = truth.iter().zip(&found).take_while(|(a, b)| a == b).count();
    let rest = truth.len().min(found.len()) - start;
    let end =
        truth.iter().rev().zip(found.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let context = start.checked_sub(1).map(|index| format!("    {}", truth[index]));
    let changes = changes(&truth[start..truth.len() - end], &found[start..found.len() - end]);
    let mut text: String =
        context.iter().chain(changes.iter().take(40)).map(|line| format!("{line}\n")).collect();
    if changes.len() > 40 {
        text.push_str(&format!("  … {} lines more\n", changes.len() - 40));
    }
    if text.is_empty() {
        text.push_str("  a line feed at the end\n");
    }
    text
}

/// A shortest edit from `truth` to `found`, without the lines they share.
fn changes(truth: &[&str], found: &[&str]) -> Vec<String> {
    let removed = |line: &&str| format!("  - {line}");
    let added = |line: &&str| format!("  + {line}");
    if truth.len().saturating_mul(found.len()) > 4_000_000 {
        return truth.iter().map(removed).chain(found.iter().map(added)).collect();
    }
    // common[i][j]: the longest sequence that truth[i..] and found[j..] share.
    let mut common = vec![vec![0_u32; found.len() + 1]; truth.len() + 1];
    for i in (0..truth.len()).rev() {
        for j in (0..found.len()).rev() {
            common[i][j] = if truth[i] == found[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut changes) = (0, 0, Vec::new());
    while i < truth.len() && j < found.len() {
        if truth[i] == found[j] {
            (i, j) = (i + 1, j + 1);
        } else if common[i + 1][j] >= common[i][j + 1] {
            changes.push(removed(&truth[i]));
            i += 1;
        } else {
            changes.push(added(&found[j]));
            j += 1;
        }
    }
    changes.extend(truth[i..].iter().map(removed));
    changes.extend(found[j..].iter().map(added));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_variable_parts_go() {
        let text = b"a\n\r  1 10% 2.00kB/s 0:00:01\r  32,768 100%    0.00kB/s    0:00:00 (xfr#1, to-chk=0/2)\n\
            sent 1 bytes  received 2 bytes  6.00 bytes/sec\ntotal size is 5  speedup is 0.10 (DRY RUN)\n";
        let wanted = "a\n         32,768 100% # # (xfr#1, to-chk=0/2)\n\
            sent # bytes  received # bytes  # bytes/sec\ntotal size is 5  speedup is # (DRY RUN)\n";
        assert_eq!(stdout(text, &[]), wanted);
    }

    #[test]
    fn an_error_keeps_its_words_and_role() {
        let text = b"rsync error: some files (code 23) at main.c(1852) [sender=3.5.0]\nrsync: b\n";
        assert_eq!(stderr(text, &[]), "rsync error: some files (code 23) [sender]\nrsync: b");
    }

    #[test]
    fn a_help_text_begins_with_its_usage() {
        let help = b"rsync  version 1\nby me\n\nUsage: rsync X\n--a\n--zero-copy\n--b\n";
        assert_eq!(stdout(help, &[]), "X\n--a\n--b\n");
        assert_eq!(stdout(b"a\nUsage: rsync X\n", &[]), "a\nUsage: rsync X\n");
    }

    #[test]
    fn one_process_says_things_once() {
        let of_two = "x\nx\nrsync error: a (code 2) [Receiver]\nrsync error: a (code 2) [sender]";
        assert_eq!(of_one_process(of_two), "x\nrsync error: a (code 2) [sender]");
        let killed = "rsync error: a (code 2) [Receiver]\nrsync error: r (code 19) [sender]";
        assert_eq!(of_one_process(killed), "rsync error: a (code 2) [Receiver]");
    }

    #[test]
    fn who_finds_its_peer_gone_is_not_heard() {
        let refused = "rsync error: a (code 4) [Receiver]";
        let raced = "rsync: [sender] write error: Broken pipe (32)";
        let gone = "rsync error: s (code 10) [sender]";
        assert_eq!(stderr(format!("{refused}\n{raced}\n{gone}").as_bytes(), &[]), refused);
        assert_eq!(stderr(format!("{raced}\n{gone}").as_bytes(), &[]), gone);
        let both = format!("{refused}\n{gone}");
        assert_eq!(stderr(both.as_bytes(), &[]), both);
    }

    #[test]
    fn a_temporary_name_is_any_temporary_name() {
        let text = br#"rsync: [receiver] chown "/d/.a.TSLVD8" failed: x (1)"#;
        assert_eq!(stderr(text, &[]), r#"rsync: [receiver] chown "/d/.a.??????" failed: x (1)"#);
    }

    #[test]
    fn a_changed_line_is_shown() {
        assert_eq!(diff("a\nb\nc", "a\nx\nc"), "    a\n  - b\n  + x\n");
    }
}
