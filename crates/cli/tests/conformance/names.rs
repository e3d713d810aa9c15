//! Names of `--files-from` that cross the wire: before protocol 31 they travel outside the framing.

use crate::{
    peer::{Peer, Site},
    versions::{Forms, forms, one_file},
};

const VERSIONS: [u8; 4] = [29, 30, 31, 32];
/// Two names and the empty one.
const NAMES: &str = "\"f\" 00 \"none\" 00 00";
/// The same in a file.
const LIST: &str = "f\n\n\r\nnone";
/// Options of a server.
const SERVER: &str = "-te.LsfxCIvu --checksum-seed=1 --checksum-choice=none";

fn client(list: &str, version: u8, words: [&str; 3]) -> Peer {
    let protocol = format!("--protocol={version}");
    let words = [&["-t", &protocol, "--checksum-choice=none"][..], &words].concat();
    let mut peer = site(list).shell_client(&words);
    peer.greet_client_of(version);
    peer
}

fn server(list: &str, version: u8, words: &str) -> Peer {
    let mut peer = site(list).server(&format!("{SERVER} {words}"));
    peer.greet_server_of(version);
    peer
}

fn site(list: &str) -> Site {
    one_file().file("list", list)
}

/// Sends names outside the frames of an old protocol.
fn send_names(peer: &mut Peer, version: u8, names: &str) {
    // Without frames to send there is nothing to be outside of.
    match version {
        30 => peer.unframed(|peer| peer.send(names)),
        _ => peer.send(names),
    }
}

/// The program asks for the only file and gets it.
#[track_caller]
fn give(peer: &mut Peer, version: u8) {
    let Forms { request, answer, entry, .. } = forms(version);
    peer.send(&entry);
    peer.expect(&request);
    peer.send(&answer);
}

/// The program lists the only file and sends it.
#[track_caller]
fn take(peer: &mut Peer, version: u8) {
    let Forms { request, answer, entry, .. } = forms(version);
    peer.expect(&entry);
    peer.send(&request);
    peer.expect(&answer);
}

#[test]
fn a_sending_server_reads_names_between_frames() {
    for version in VERSIONS {
        let mut peer = server(LIST, version, "--sender --files-from=- --from0 . src");
        peer.send("00000000");
        send_names(&mut peer, version, NAMES);
        take(&mut peer, version);
        let Forms { done, more, .. } = forms(version);
        for _ in 0..=more {
            peer.send(done);
        }
        peer.rest();
        let end = peer.fails(23, "/src/none\" failed: No such file or directory (2)");
        assert!(!end.stderr.contains("/src/f\""), "{}", end.stderr);
        // No names at all.
        let mut peer = server(LIST, version, "--sender --files-from=- --from0 . src");
        peer.send("00000000");
        send_names(&mut peer, version, "00");
        peer.expect(forms(version).end);
    }
}

#[test]
fn a_receiving_server_writes_names_between_frames() {
    for (version, (list, names)) in
        VERSIONS.into_iter().flat_map(|v| [(LIST, NAMES), ("\n", "00"), ("", "00")].map(|l| (v, l)))
    {
        let mut peer = server(list, version, "--files-from=list . dest");
        match version {
            31.. => peer.expect(names),
            _ => peer.unframed_in(|peer| peer.expect(names)),
        }
        give(&mut peer, version);
        let Forms { done, more, .. } = forms(version);
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
    for (version, (list, names)) in
        VERSIONS.into_iter().flat_map(|v| [(LIST, NAMES), ("\n", "00"), ("", "00")].map(|l| (v, l)))
    {
        let mut peer = client(list, version, ["--files-from=list", "host:src", "dest"]);
        peer.expect("00000000");
        match version {
            30 => peer.unframed_in(|peer| peer.expect(names)),
            _ => peer.expect(names),
        }
        give(&mut peer, version);
        let Forms { done, more, statistics, .. } = forms(version);
        for number in 0..=more {
            peer.expect(done);
            if number < more {
                peer.send(done);
            }
            // Statistics are in front of the last DONE that there is, or behind it.
            if number + if version < 31 { 1 } else { 2 } == more {
                peer.send(&statistics);
            }
        }
        let end = peer.end();
        assert_eq!(end.code, Some(0), "{version}: {}", end.stderr);
        assert_eq!(end.site.read("dest/f").unwrap(), b"hello\n", "{version}");
    }
}

#[test]
fn a_pushing_client_reads_names_between_frames() {
    for version in VERSIONS {
        let mut peer = client(LIST, version, ["--files-from=:list", "src", "host:dest"]);
        match version {
            31.. => peer.send(NAMES),
            _ => peer.unframed(|peer| peer.send(NAMES)),
        }
        take(&mut peer, version);
        let Forms { done, more, .. } = forms(version);
        for number in 0..=more {
            peer.send(done);
            if number < more {
                peer.expect(done);
            }
        }
        peer.fails(23, "/src/none\" failed: No such file or directory (2)");
    }
}
