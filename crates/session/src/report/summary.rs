//! The statistics and the closing lines of a run (man page, --stats).

use super::human::{amount, bytes, count, ratio};
use crate::{Session, log::Class, session::Counter};
use std::fmt::Write;

/// Prints the closing statistics and summary of a client (man page, --stats).
pub fn summary(session: &Session) {
    let info = session.settings.info.stats;
    let print = |lines: &[String]| {
        // A log file does without the blank line.
        session.log.line(Class::Client, "");
        for line in lines {
            session.log.info(line);
        }
    };
    if info >= 2 {
        print(&statistics(session));
    }
    if info >= 1 {
        print(&closing(session, session.started.elapsed().as_secs()));
    }
}

/// `T (reg: A, dir: B, …)`.
fn kinds(level: u8, counts: [&Counter; 5]) -> String {
    let counts = counts.map(Counter::value);
    let total = counts.iter().fold(0u64, |sum, n| sum.saturating_add(*n));
    let mut text = count(level, total);
    let mut before = " (";
    for (n, label) in counts.into_iter().zip(["reg", "dir", "link", "dev", "special"]) {
        if n > 0 {
            // Writing to a string cannot fail.
            let _ok = write!(text, "{before}{label}: {}", count(level, n));
            before = ", ";
        }
    }
    if total > 0 {
        text.push(')');
    }
    text
}

/// The lines of `--stats`.
pub fn statistics(session: &Session) -> Vec<String> {
    let (s, level) = (&session.stats, session.settings.human);
    let amount = |n: &Counter| bytes(level, n.value());
    let mut lines = vec![format!(
        "Number of files: {}",
        kinds(level, [&s.files, &s.dirs, &s.links, &s.devices, &s.specials])
    )];
    if session.protocol.has_item_flags() {
        let created = [
            &s.created_files,
            &s.created_dirs,
            &s.created_links,
            &s.created_devices,
            &s.created_specials,
        ];
        lines.push(format!("Number of created files: {}", kinds(level, created)));
    }
    if session.protocol.has_error_exit() {
        let deleted = [
            &s.deleted_files,
            &s.deleted_dirs,
            &s.deleted_links,
            &s.deleted_devices,
            &s.deleted_specials,
        ];
        lines.push(format!("Number of deleted files: {}", kinds(level, deleted)));
    }
    let transferred = count(level, s.transferred_files.value());
    lines.push(format!("Number of regular files transferred: {transferred}"));
    lines.push(format!("Total file size: {} bytes", amount(&s.total_size)));
    lines.push(format!("Total transferred file size: {} bytes", amount(&s.transferred_size)));
    lines.push(format!("Literal data: {} bytes", amount(&s.literal)));
    lines.push(format!("Matched data: {} bytes", amount(&s.matched)));
    let list = if session.settings.am_sender { &s.flist_shown } else { &s.flist_size };
    lines.push(format!("File list size: {}", amount(list)));
    if s.flist_build_ms.value() > 0 {
        let seconds = |n: &Counter| {
            let millis = n.value();
            format!("{}.{:03} seconds", count(level, millis / 1000), millis % 1000)
        };
        lines.push(format!("File list generation time: {}", seconds(&s.flist_build_ms)));
        lines.push(format!("File list transfer time: {}", seconds(&s.flist_xfer_ms)));
    }
    lines.push(format!("Total bytes sent: {}", amount(&s.bytes_written)));
    lines.push(format!("Total bytes received: {}", amount(&s.bytes_read)));
    lines
}

/// The two closing lines of a run that took this many whole seconds.
pub fn closing(session: &Session, seconds: u64) -> [String; 2] {
    let (s, level) = (&session.stats, session.settings.human);
    let (sent, received) = (s.bytes_written.value(), s.bytes_read.value());
    let (moved, total) = (sent as f64 + received as f64, s.total_size.value());
    let speedup = if moved > 0.0 { total as f64 / moved } else { 0.0 };
    let remark = match &session.settings {
        s if s.only_write_batch => " (BATCH ONLY)",
        s if s.dry_run => " (DRY RUN)",
        _ => "",
    };
    [
        format!(
            "sent {} bytes  received {} bytes  {} bytes/sec",
            bytes(level, sent),
            bytes(level, received),
            amount(level, moved / (0.5 + seconds as f64))
        ),
        format!(
            "total size is {}  speedup is {}{remark}",
            bytes(level, total),
            ratio(level, speedup)
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Settings, report::testing};

    fn session(protocol: u32, settings: Settings) -> Session {
        let (session, _sink) = testing::session(protocol, settings);
        let s = &session.stats;
        for (counter, n) in [
            (&s.files, 3),
            (&s.dirs, 2),
            (&s.links, 1),
            (&s.devices, 1),
            (&s.specials, 1),
            (&s.created_files, 1234),
            (&s.transferred_files, 2),
            (&s.total_size, 1_234_580),
            (&s.transferred_size, 1_234_573),
            (&s.literal, 1_234_573),
            (&s.flist_build_ms, 1),
            (&s.bytes_written, 1_235_153),
            (&s.bytes_read, 107),
        ] {
            counter.set(n);
        }
        session
    }

    #[test]
    fn recorded_statistics() {
        let s = session(32, Settings { human: 1, ..Settings::default() });
        let want = "\
Number of files: 8 (reg: 3, dir: 2, link: 1, dev: 1, special: 1)
Number of created files: 1,234 (reg: 1,234)
Number of deleted files: 0
Number of regular files transferred: 2
Total file size: 1,234,580 bytes
Total transferred file size: 1,234,573 bytes
Literal data: 1,234,573 bytes
Matched data: 0 bytes
File list size: 0
File list generation time: 0.001 seconds
File list transfer time: 0.000 seconds
Total bytes sent: 1,235,153
Total bytes received: 107";
        assert_eq!(statistics(&s).join("\n"), want);
        s.stats.flist_build_ms.set(0);
        assert_eq!(statistics(&s).len(), 11);
        assert_eq!(statistics(&session(30, Settings::default())).len(), 12);
        assert_eq!(statistics(&session(28, Settings::default())).len(), 11);
    }

    #[test]
    fn recorded_closing_lines() {
        let s = session(32, Settings { human: 1, ..Settings::default() });
        assert_eq!(
            closing(&s, 0),
            [
                "sent 1,235,153 bytes  received 107 bytes  2,470,520.00 bytes/sec",
                "total size is 1,234,580  speedup is 1.00"
            ]
        );
        let s = session(32, Settings { human: 3, dry_run: true, ..Settings::default() });
        s.stats.bytes_written.set(204);
        s.stats.bytes_read.set(71);
        assert_eq!(
            closing(&s, 0),
            [
                "sent 204 bytes  received 71 bytes  550.00 bytes/sec",
                "total size is 1.18M  speedup is 4,489.38 (DRY RUN)"
            ]
        );
        let s = session(32, Settings::default());
        s.stats.bytes_written.set(170);
        s.stats.bytes_read.set(13);
        assert_eq!(
            closing(&s, 0),
            [
                "sent 170 bytes  received 13 bytes  366.00 bytes/sec",
                "total size is 1234580  speedup is 6746.34"
            ]
        );
    }

    #[test]
    fn what_is_printed() {
        for (level, lines) in [(0, 0), (1, 3), (2, 17)] {
            let info = crate::settings::InfoLevels { stats: level, ..Default::default() };
            let (session, sink) = testing::session(32, Settings { info, ..Settings::default() });
            session.stats.flist_build_ms.set(1);
            summary(&session);
            assert_eq!(sink.text().lines().count(), lines);
        }
    }
}
