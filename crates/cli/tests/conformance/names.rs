//! Names of `--files-from` that cross the wire: before protocol 31 they travel outside the framing.

use crate::peer::{Peer, Site, set_mtime};

const NEW: &str = "00000000 00000000 00000000 00000000";
/// Two names and the empty one.
const NAMES: &str = "\"f\" 00 \"none\" 00 00";

/// What differs between versions: a request for index 0, DONE, and how many of them come after the first.
struct Forms {
    request: String,
    done: &'static str,
    more: usize,
    entry: &'static str,
}

fn forms(version: u8) -> Forms {
    if version < 30 {
        let entry = "18 01 66 06000000 00f15365 a4810000 00";
        let request = format!("00000000 00a0 {NEW}");
        Forms { request, done: "ffffffff", more: 3, entry }
    } else {
        let more = if version < 31 { 3 } else { 4 };
        let entry = "18 01 66 000600 6500f153 a4810000 00";
        Forms { request: format!("01 00a0 {NEW}"), done: "00", more, entry }
    }
}

fn io_error(version: u8, bits: u8) -> String {
    if version < 30 { format!("{bits:02x}000000") } else { format!("{bits:02x}") }
}

fn site() -> Site {
    let site = Site::new().file("src/f", "hello\n").file("list", "f\n\n\r\nnone");
    set_mtime(&site.path("src/f"), 1_700_000_000);
    site
}

/// Both versions, and from protocol 30 the compat flags; the seed.
fn greet(peer: &mut Peer, version: u8) {
    peer.raw(&[version, 0, 0, 0]);
    peer.expect("20000000");
    if version >= 30 {
        peer.expect("81FE");
    }
    peer.expect("01000000");
    peer.frame_in();
}

#[test]
fn a_sending_server_reads_names_between_frames() {
    for version in [29, 30, 31, 32] {
        let words = "--sender -e.LsfxCIvu --checksum-seed=1 --checksum-choice=none \
                     --files-from=- --from0 . src";
        let mut peer = site().server(words);
        greet(&mut peer, version);
        if version >= 30 {
            peer.frame_out();
        }
        peer.send("00000000");
        if version == 30 {
            peer.unframed(|peer| peer.send(NAMES));
        } else {
            peer.send(NAMES);
        }
        let Forms { request, done, more, entry } = forms(version);
        peer.expect(&format!("{entry} {}", io_error(version, 0)));
        peer.send(&request);
        peer.expect(&format!("{request} 06000000 \"hello\n\" 00000000 00"));
        for _ in 0..=more {
            peer.send(done);
        }
        peer.rest();
        let end = peer.fails(23, "/src/none\" failed: No such file or directory (2)");
        assert!(!end.stderr.contains("/src/f\""), "{}", end.stderr);
    }
}

#[test]
fn a_receiving_server_writes_names_between_frames() {
    for version in [29, 30, 31, 32] {
        let words =
            "-te.LsfxCIvu --checksum-seed=1 --checksum-choice=none --files-from=list . dest";
        let mut peer = site().server(words);
        greet(&mut peer, version);
        if version >= 30 {
            peer.frame_out();
        }
        if version >= 31 {
            peer.expect(NAMES);
        } else {
            peer.unframed_in(|peer| peer.expect(NAMES));
        }
        let Forms { request, done, more, entry } = forms(version);
        peer.send(&format!("{entry} {}", io_error(version, 0)));
        peer.expect(&request);
        peer.send(&format!("{request} 06000000 \"hello\n\" 00000000 00"));
        for number in 0..=more {
            peer.expect(done);
            if number < more {
                peer.send(done);
            }
        }
        let end = peer.succeeds();
        assert_eq!(end.site.read("dest/f").unwrap(), b"hello\n", "{version}");
    }
}

#[test]
fn a_pulling_client_writes_names_between_frames() {
    for version in [29, 30, 31, 32] {
        let protocol = format!("--protocol={version}");
        let words =
            ["-t", &protocol, "--checksum-choice=none", "--files-from=list", "host:src", "dest"];
        let mut peer = site().shell_client(&words);
        peer.expect(&format!("{version:02x}000000"));
        peer.raw(&[version, 0, 0, 0]);
        peer.send(if version >= 30 { "81FE 01000000" } else { "01000000" });
        peer.frame_out();
        if version >= 30 {
            peer.frame_in();
        }
        peer.expect("00000000");
        if version == 30 {
            peer.unframed_in(|peer| peer.expect(NAMES));
        } else {
            peer.expect(NAMES);
        }
        let Forms { request, done, more, entry } = forms(version);
        peer.send(&format!("{entry} {}", io_error(version, 0)));
        peer.expect(&request);
        peer.send(&format!("{request} 06000000 \"hello\n\" 00000000 00"));
        for number in 0..=more {
            peer.expect(done);
            if number + 1 == more {
                // Statistics are in front of the last DONE that there is, or behind it.
                match version {
                    29 => peer.send(&format!("{done} {}", "00000000".repeat(5))),
                    30 => peer.send(&format!("{done} {}", "000000".repeat(5))),
                    _ => peer.send(done),
                }
            } else if number < more {
                peer.send(done);
                if version >= 31 && number + 2 == more {
                    peer.send(&"000000".repeat(5));
                }
            }
        }
        let end = peer.end();
        assert_eq!(end.code, Some(0), "{version}: {}", end.stderr);
        assert_eq!(end.site.read("dest/f").unwrap(), b"hello\n", "{version}");
    }
}

#[test]
fn a_pushing_client_reads_names_between_frames() {
    for version in [29, 30, 31, 32] {
        let protocol = format!("--protocol={version}");
        let words =
            ["-t", &protocol, "--checksum-choice=none", "--files-from=:list", "src", "host:dest"];
        let mut peer = site().shell_client(&words);
        peer.expect(&format!("{version:02x}000000"));
        peer.raw(&[version, 0, 0, 0]);
        peer.send(if version >= 30 { "81FE 01000000" } else { "01000000" });
        peer.frame_out();
        if version >= 30 {
            peer.frame_in();
        }
        if version >= 31 {
            peer.send(NAMES);
        } else {
            peer.unframed(|peer| peer.send(NAMES));
        }
        let Forms { request, done, more, entry } = forms(version);
        peer.expect(&format!("{entry} {}", io_error(version, 0)));
        peer.send(&request);
        peer.expect(&format!("{request} 06000000 \"hello\n\" 00000000 00"));
        for number in 0..=more {
            peer.send(done);
            if number < more {
                peer.expect(done);
            }
        }
        peer.fails(23, "/src/none\" failed: No such file or directory (2)");
    }
}
