//! A server that receives: files that come wrong, come again, or come in part.

use crate::{
    peer::{End, Peer, Site, data, file, hex, is_rsync, list, set_mtime},
    receiver::{HEAD, NEW, SUMS, basis, delta, receiver, refused},
};

/// The delta of the captures comes with a wrong checksum, is asked for again, and is wrong again. Returns the flags and the
/// head of the second request, too.
fn wrong_twice(words: &str) -> (Peer, Vec<u8>, Vec<u8>) {
    let mut peer = delta(words);
    peer.expect("00");
    let wrong = "00".repeat(16);
    let tokens = format!("ffffffff 05000000 \"HELLO\" feffffff fdffffff 00000000 {wrong}");
    peer.send(&format!("01 0c80 {HEAD} {tokens} 00"));
    peer.expect("fe0000");
    let flags = peer.take(2);
    let head = peer.take(16);
    peer.take(3 * 20);
    peer.expect("00");
    peer.put(&[&hex("fe0000")[..], &flags, &head, &hex(&tokens)].concat());
    peer.send("00");
    peer.expect("00 00");
    peer.send("00 00");
    peer.expect("00");
    peer.rest();
    (peer, flags, head)
}

/// What is said of the first attempt.
#[track_caller]
fn warned(end: &End, what: &str) {
    let said = format!("{}{}", end.stderr, end.stdout);
    let first = format!("WARNING: f failed verification -- update {what} (will try again).");
    assert!(said.contains(&first), "{said}");
}

#[test]
fn a_wrong_checksum_is_asked_for_again_once() {
    let (peer, flags, head) = wrong_twice("-v");
    assert_eq!(flags[1], 0x80);
    assert_eq!(head[..12], hex("03000000 bc020000 10000000"));
    let end = refused(peer, 23, "ERROR: f failed verification -- update discarded.");
    warned(&end, "discarded");
}

#[test]
fn a_file_changed_in_place_is_retained() {
    let (peer, _, head) = wrong_twice("-v --inplace");
    // The file has its new content and length by now, and is summed again as it is.
    assert_eq!(head, hex("03000000 bc020000 10000000 69000000"));
    let end = peer.fails(23, "ERROR: f failed verification -- update retained.");
    warned(&end, "retained");
    assert_eq!(end.site.dest(), ["f"]);
    assert_eq!(end.site.read("dest/f").unwrap().len(), 1510);
}

#[test]
fn an_interrupted_file_leaves_nothing() {
    let mut peer = receiver(Site::new(), "-t --checksum-choice=none");
    peer.put(&list(&[file("f", 5)]));
    peer.expect(&format!("01 {NEW} 00"));
    peer.send(&format!("01 {NEW} 05000000 \"abc\""));
    let end = peer.fails(12, "connection unexpectedly closed (");
    assert!(end.site.dest().is_empty(), "{:?}", end.site.dest());
    assert!(end.stderr.contains(" bytes received so far) ["), "{}", end.stderr);
}

#[test]
fn an_interrupted_file_is_kept_if_it_may_be() {
    let mut peer = receiver(Site::new(), "-t --partial --checksum-choice=none");
    peer.put(&list(&[file("f", 5)]));
    peer.expect(&format!("01 {NEW} 00"));
    peer.send(&format!("01 {NEW} 03000000 \"abc\""));
    let end = peer.fails(12, "connection unexpectedly closed (");
    assert_eq!(end.site.dest(), ["f"]);
    assert_eq!(end.site.read("dest/f").unwrap(), b"abc");
    let mtime = std::fs::metadata(end.site.path("dest/f")).unwrap().modified().unwrap();
    assert_eq!(mtime, std::time::UNIX_EPOCH);
    // Without any literal there is nothing to keep.
    let mut peer = delta("--partial");
    peer.send(&format!("01 0c80 {HEAD} ffffffff"));
    refused(peer, 12, "connection unexpectedly closed (");
}

/// A file that fails twice, the second time from what was kept of it. `there`: it is completed where it is kept, for which
/// `caps` needs `I`.
fn fails_twice(caps: &str, compat: &str, there: bool, begun: bool) {
    let (site, flags) = match begun {
        true => (Site::new().file("dest/.p/f", data(1500)), "00a8 81"),
        false => (basis(), "0c80"),
    };
    let mut peer = site.server(&format!("{caps} --checksum-seed=1 -tv --partial-dir=.p . dest/"));
    peer.greet_server(compat);
    peer.send("1801 66 00 e105 5e00e10b a4810000 0000");
    peer.expect(&format!("01 {flags} {HEAD} {SUMS} 00"));
    let wrong = "00".repeat(16);
    let tokens = format!("ffffffff 05000000 \"HELLO\" feffffff fdffffff 00000000 {wrong}");
    peer.send(&format!("01 {flags} {HEAD} {tokens} 00"));
    // What has come is the basis of the second attempt.
    peer.expect("fe0000");
    let flags = peer.take(2);
    assert_eq!(flags[1] & 0x88, 0x88);
    peer.expect("81");
    let head = peer.take(16);
    assert_eq!(head[..12], hex("03000000 bc020000 10000000"));
    peer.take(3 * 20);
    peer.expect("00");
    let again = format!("ffffffff feffffff fdffffff 03000000 \"bad\" 00000000 {wrong}");
    peer.put(&[&hex("fe0000")[..], &flags, &[0x81], &head, &hex(&again)].concat());
    peer.send("00");
    peer.expect("00 00");
    peer.send("00 00");
    peer.expect("00");
    peer.rest();
    let what = |there| if there { "put into partial-dir" } else { "discarded" };
    let second = format!("ERROR: f failed verification -- update {}.", what(there));
    let end = peer.fails(23, &second);
    warned(&end, what(there && begun));
    assert_eq!(end.site.read("dest/f"), (!begun).then(|| data(1500)), "the file is untouched");
    let mut content = data(1500);
    content.splice(700..700, *b"HELLO");
    content.extend(b"bad");
    assert!(end.site.read("dest/.p/f").unwrap() == content, "the second attempt is kept");
}

#[test]
fn what_fails_twice_is_in_the_partial_directory() {
    for begun in [false, true] {
        fails_twice("-e.LsfxCIvu", "81FE", true, begun);
        fails_twice("-e.LsfxCvu", "81BE", false, begun);
    }
}

/// Up to the request for the file of the captures, whose basis the destination has under another name.
fn similar() -> Peer {
    let site = Site::new().file("dest/fo", data(1500)).file("secret", data(1500));
    set_mtime(&site.path("dest/fo"), 1_577_836_000);
    let mut peer = receiver(site, "-ty");
    peer.send("1801 66 00 e105 5e00e10b a4810000 0000");
    peer.expect("01 00b8 83 02 \"fo\"");
    peer.expect(HEAD);
    peer.expect(SUMS);
    peer.expect("00");
    peer
}

#[test]
fn a_similar_file_is_the_basis() {
    let mut peer = similar();
    peer.send(&format!("01 00b8 83 02 \"fo\" {HEAD}"));
    peer.send("ffffffff 05000000 \"HELLO\" feffffff fdffffff 00000000");
    peer.send("16847a8c3919b5397b426cb6eb11947b 00");
    peer.finish_phases();
    let end = peer.succeeds();
    assert_eq!(end.site.read("dest/f").unwrap().len(), 1505);
    assert!(end.site.read("dest/fo").unwrap() == data(1500));
}

#[test]
fn no_other_file_is_taken_for_the_similar_one() {
    if is_rsync() {
        return;
    }
    for item in [
        "00b8 83 0c \"../../secret\"",
        "00b8 83 09 \"../secret\"",
        "00b8 83 03 \"/fo\"",
        "00b8 83 04 \"./fo\"",
        "00b8 83 00",
        "00b8 83 01 \"f\"",
        "00b8 84 02 \"fo\"",
        "00b8 81 02 \"fo\"",
        "00a8 83",
        "00b0 02 \"fo\"",
        "00a0",
    ] {
        let mut peer = similar();
        peer.send(&format!("01 {item} {HEAD}"));
        let end = peer.fails(2, "");
        assert_eq!(end.site.dest(), ["fo"], "{item}");
    }
}

#[test]
fn a_similar_file_that_is_gone_is_done_without() {
    if is_rsync() {
        return;
    }
    let mut peer = similar();
    std::fs::remove_file(peer.site.path("dest/fo")).unwrap();
    peer.send(&format!("01 00b8 83 02 \"fo\" {HEAD}"));
    peer.send("ffffffff 05000000 \"HELLO\" feffffff fdffffff 00000000");
    peer.send("16847a8c3919b5397b426cb6eb11947b 00");
    // The whole file is asked for, from nothing.
    peer.expect("fe0000 00a0 00000000 00000000 00000000 00000000 00");
    let mut content = data(1500);
    content.splice(700..700, *b"HELLO");
    peer.send("fe0000 00a0 00000000 00000000 00000000 00000000 e1050000");
    peer.put(&content);
    peer.send("00000000 16847a8c3919b5397b426cb6eb11947b 00");
    peer.expect("00 00");
    peer.send("00 00");
    peer.expect("00");
    let end = peer.succeeds();
    assert!(end.site.read("dest/f").unwrap() == content);
    assert_eq!(end.site.dest(), ["f"]);
}
