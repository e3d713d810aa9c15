//! What goes over the wire, byte by byte: the program runs at one end, a script of the test at the other. `Peer` has
//! the tools; `OXRSYNC_TEST_BINARY` puts another program under test, for example rsync itself, to check the scripts.

#[path = "conformance/entries.rs"]
mod entries;
#[path = "conformance/peer.rs"]
mod peer;
#[path = "conformance/process.rs"]
mod process;
#[path = "conformance/site.rs"]
mod site;
#[path = "conformance/steps.rs"]
mod steps;
#[path = "conformance/versions.rs"]
mod versions;

#[path = "conformance/answers.rs"]
mod answers;
#[path = "conformance/attempts.rs"]
mod attempts;
#[path = "conformance/daemon.rs"]
mod daemon;
#[path = "conformance/deletion.rs"]
mod deletion;
#[path = "conformance/framing.rs"]
mod framing;
#[path = "conformance/handshake.rs"]
mod handshake;
#[path = "conformance/lists.rs"]
mod lists;
#[path = "conformance/names.rs"]
mod names;
#[path = "conformance/receiver.rs"]
mod receiver;
#[path = "conformance/rules.rs"]
mod rules;
#[path = "conformance/scan.rs"]
mod scan;
#[path = "conformance/sender.rs"]
mod sender;
