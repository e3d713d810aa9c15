//! Random trees and command lines, compared with the real rsync: see `testkit::random`.
//!
//! `OXRSYNC_RANDOM=SEED` runs the case of one seed; `OXRSYNC_RANDOM=SEED,SECONDS` runs from there for so long.

use std::time::Duration;

use testkit::Peers;
use testkit::random::{Plan, run};

#[test]
fn random_cases() {
    let short = Plan { first: 0, cases: 150, time: Duration::from_secs(30), threads: 3 };
    let plan = match std::env::var("OXRSYNC_RANDOM") {
        Err(_) => short,
        Ok(text) => {
            let number = |text: &str| text.parse().expect("OXRSYNC_RANDOM=SEED[,SECONDS]");
            match text.split_once(',') {
                None => Plan { first: number(&text), cases: 1, ..short },
                Some((first, seconds)) => {
                    let time = Duration::from_secs(number(seconds));
                    Plan { first: number(first), cases: u64::MAX, time, threads: 4 }
                }
            }
        }
    };
    let failures = run(&Peers::new(env!("CARGO_BIN_EXE_oxrsync")), plan);
    assert!(failures.is_empty(), "\n{}\n{} failures\n", failures.join("\n"), failures.len());
}
