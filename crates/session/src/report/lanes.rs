//! `--debug=IO`: what this end sent by which lane, and why not by another.
//!
//! rsync's own lines at these levels name single reads and messages between its processes; we have neither.

use fast_io::{Calibration, Counters, Lane, Policy};

/// The lines of a level.
pub fn lines(
    level: u8,
    policy: Policy,
    lane: Lane,
    counters: &Counters,
    calibration: &Calibration,
) -> Vec<String> {
    let mut lines = Vec::new();
    if level == 0 {
        return lines;
    }
    for (producer, lane, count) in counters.moved() {
        lines.push(format!("{producer} by {lane}: {} calls, {} bytes", count.calls, count.bytes));
    }
    for (producer, lane, reason, times) in counters.fallbacks() {
        lines.push(format!("{producer} not by {lane}: {times} times ({reason})"));
    }
    if level > 1 {
        let policy = match policy {
            Policy::Auto => "auto",
            Policy::Always => "always",
            Policy::Never => "never",
        };
        lines.push(format!("policy {policy}, lane for files {lane}"));
        if let Some(verdict) = calibration.verdict() {
            let taken = if calibration.prefers_lane() { "taken" } else { "left" };
            lines.push(format!("calibration: {lane} {verdict}, {taken}"));
        }
        lines.extend(fast_io::abilities());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use fast_io::{LinkKind, Producer, Reason, policy::ThreadClock};
    use std::sync::Arc;

    #[test]
    fn levels() {
        let counters = Counters::default();
        counters.count(Producer::LiteralRun, Lane::SendFile, 2, 70_000);
        counters.fell_back(Producer::LiteralRun, Lane::SendFile, Reason::Redo);
        let calibration = Calibration::new(LinkKind::Other, Arc::new(ThreadClock));
        let of = |level| lines(level, Policy::Always, Lane::SendFile, &counters, &calibration);
        assert!(of(0).is_empty());
        assert_eq!(
            of(1),
            [
                "literal runs by sendfile: 2 calls, 70000 bytes",
                "literal runs not by sendfile: 1 times (redo)"
            ]
        );
        assert_eq!(of(2)[2..], ["policy always, lane for files sendfile"]);
    }
}
