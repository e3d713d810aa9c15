//! A panic, which is a bug, ends the process, whatever its other threads wait for. The test starts itself as that process.

use session::{log::Role, panics};
use std::{env, process::Command, thread};
use testkit::{
    Scratch,
    run::{Finished, command, run},
};

/// Set in the process that panics, to what it is short of.
const SHORT_OF: &str = "OXRSYNC_TEST_SHORT_OF";

/// Runs the test of this name as the process that panics.
fn panicking(test: &str, short_of: &str) -> Finished {
    let scratch = Scratch::new("panics", test);
    let mut child = command(&env::current_exe().unwrap());
    child.args(["--exact", test, "--nocapture"]);
    child.env(SHORT_OF, short_of).env("RUST_BACKTRACE", "1");
    run(child, b"", &scratch.path)
}

/// One thread panics while another waits for it.
fn panic_aside() -> ! {
    panics::end_the_process(Role::Receiver);
    if env::var_os(SHORT_OF).is_some_and(|what| what == "memory") {
        leave_little_memory();
    }
    thread::spawn(|| panic!("a bug"));
    loop {
        thread::park();
    }
}

/// Limits the address space to what there is and some MiB, not enough for a backtrace.
fn leave_little_memory() {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = pages.split(' ').next().unwrap().parse().unwrap();
    let limit = format!("--as={}", (pages << 12) + (6 << 20));
    let pid = std::process::id().to_string();
    assert!(Command::new("prlimit").args([&limit, "--pid", &pid]).status().unwrap().success());
}

fn ends(test: &str, short_of: &str, backtrace: bool) {
    let finished = panicking(test, short_of);
    let said = finished.text();
    assert_eq!(finished.code(), Some(15), "{said}");
    assert!(said.contains("a bug") && said.contains(" (code 15) at "), "{said}");
    assert_eq!(said.contains("stack backtrace:"), backtrace, "{said}");
}

#[test]
fn a_panic_ends_the_process() {
    match env::var_os(SHORT_OF) {
        Some(_) => panic_aside(),
        None => ends("a_panic_ends_the_process", "nothing", true),
    }
}

#[test]
fn so_does_one_without_memory_for_a_backtrace() {
    match env::var_os(SHORT_OF) {
        Some(_) => panic_aside(),
        None => ends("so_does_one_without_memory_for_a_backtrace", "memory", false),
    }
}
