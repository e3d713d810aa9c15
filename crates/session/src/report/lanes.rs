//! `--debug=IO`: what this end sent by which lane, and why not by another.
//!
//! rsync's own lines at these levels name single reads and messages between its processes; we have neither.

use fast_io::{Calibration, Counters, Policy};

/// How a link's writing half carries what it could carry in more than one way.
pub struct Ways<'a> {
    /// `--zero-copy`.
    pub policy: Policy,
    /// The calibration of the lane for files.
    pub files: &'a Calibration,
    /// That of the lane for large buffers.
    pub buffers: &'a Calibration,
    /// What became of buffers that were lent.
    pub loans: Option<String>,
}

/// The lines of a level.
pub fn lines(level: u8, ways: &Ways<'_>, counters: &Counters) -> Vec<String> {
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
        let policy = match ways.policy {
            Policy::Auto => "auto",
            Policy::Always => "always",
            Policy::Never => "never",
        };
        let (files, buffers) = (ways.files.lane(), ways.buffers.lane());
        lines.push(format!("policy {policy}, lane for files {files}, for buffers {buffers}"));
        for calibration in [ways.files, ways.buffers] {
            if let Some(verdict) = calibration.verdict() {
                let taken = if calibration.prefers_lane() { "taken" } else { "left" };
                lines.push(format!("calibration: {} {verdict}, {taken}", calibration.lane()));
            }
        }
        lines.extend(ways.loans.clone());
        lines.extend(fast_io::abilities());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use fast_io::{Lane, LinkKind, Producer, Reason, policy::ThreadClock};
    use std::sync::Arc;

    #[test]
    fn levels() {
        let counters = Counters::default();
        counters.count(Producer::LiteralRun, Lane::SendFile, 2, 70_000);
        counters.fell_back(Producer::LiteralRun, Lane::SendFile, Reason::Redo);
        let of = |lane| Calibration::new(LinkKind::Other, lane, Arc::new(ThreadClock));
        let (files, buffers) = (of(Lane::SendFile), of(Lane::SendZc));
        let loans = Some("SEND_ZC: 3 loans ended".into());
        let ways = Ways { policy: Policy::Always, files: &files, buffers: &buffers, loans };
        let of = |level| lines(level, &ways, &counters);
        assert!(of(0).is_empty());
        assert_eq!(
            of(1),
            [
                "literal runs by sendfile: 2 calls, 70000 bytes",
                "literal runs not by sendfile: 1 times (redo)"
            ]
        );
        assert_eq!(
            of(2)[2..4],
            [
                "policy always, lane for files sendfile, for buffers SEND_ZC",
                "SEND_ZC: 3 loans ended"
            ]
        );
    }
}
