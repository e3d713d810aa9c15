//! Failures that a list names, with the reasons.

use std::sync::atomic::{AtomicBool, Ordering};

/// The known failures of a family.
pub(super) struct Known {
    lines: Vec<KnownLine>,
}

struct KnownLine {
    scenario: String,
    pairing: String,
    reason: String,
    used: AtomicBool,
}

impl Known {
    pub(super) fn none() -> Self {
        Self { lines: Vec::new() }
    }

    /// The lines of one family.
    pub(super) fn parse(text: &str, family: &str) -> Self {
        let mut lines = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let parts = line.split_once(": ").and_then(|(names, reason)| {
                let (scenario, pairing) = names.split_once(' ')?;
                Some((scenario, pairing, reason))
            });
            let Some((scenario, pairing, reason)) = parts else {
                panic!("a known failure is SCENARIO PAIRING: REASON, not {line}")
            };
            if scenario.split('/').next() == Some(family) {
                lines.push(KnownLine {
                    scenario: scenario.to_owned(),
                    pairing: pairing.to_owned(),
                    reason: reason.to_owned(),
                    used: AtomicBool::new(false),
                });
            }
        }
        Self { lines }
    }

    /// Whether a failure is known; the line that says so has then served its purpose.
    pub(super) fn covers(&self, scenario: &str, pairing: &str) -> bool {
        let line = self.lines.iter().find(|line| {
            let name = match line.scenario.strip_suffix('*') {
                Some(start) => scenario.starts_with(start),
                None => scenario == line.scenario,
            };
            name && (line.pairing == "*" || line.pairing == pairing)
        });
        if let Some(line) = line {
            line.used.store(true, Ordering::Relaxed);
        }
        line.is_some()
    }

    /// Reports of the lines that cover nothing.
    pub(super) fn unused(&self) -> Vec<String> {
        let unused = self.lines.iter().filter(|line| !line.used.load(Ordering::Relaxed));
        unused
            .map(|line| {
                let KnownLine { scenario, pairing, reason, .. } = line;
                format!(
                    "listed as failing, but nothing it names fails: {scenario} {pairing}: {reason}"
                )
            })
            .collect()
    }
}
