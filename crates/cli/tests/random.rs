//! Random trees and command lines, compared with the real rsync: see `testkit::random`.
//!
//! `OXRSYNC_RANDOM=SEED` runs the case of one seed; `OXRSYNC_RANDOM=SEED,SECONDS` runs from there for so long; with
//! `;OPTIONS` behind it (one of the groups in `testkit/src/random/options.rs`, perhaps several) each case has those.

use testkit::Peers;
use testkit::random::{Plan, run};

#[test]
fn random_cases() {
    let plan =
        std::env::var("OXRSYNC_RANDOM").map_or_else(|_| Plan::short(), |text| Plan::new(&text));
    let failures = run(&Peers::new(env!("CARGO_BIN_EXE_oxrsync")), &plan);
    assert!(failures.is_empty(), "\n{}\n{} failures\n", failures.join("\n"), failures.len());
}
