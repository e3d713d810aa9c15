//! How a server tells its client what it deletes, and in which order.

use crate::{
    peer::{DIR, Peer, Site, TOP, dir, entry, file, hex, list, tag},
    versions::forms,
};
use std::fs;

/// A receiving server that was told of an empty `.` alone, up to the end of its first phase.
fn deleting(site: Site, version: u8, words: &str) -> Peer {
    let options = "-rve.LsfxCIvu --checksum-seed=1 --checksum-choice=none";
    let mut peer = site.server(&format!("{options} {words} . dest/"));
    peer.greet_server_of(version);
    peer.send("00000000");
    let head = if version < 30 { "00100000 00f15365" } else { "001000 6500f153" };
    peer.send(&format!("19 01 2e {head} ed410000 {}", forms(version).end));
    peer.expect(forms(version).done);
    peer
}

#[test]
fn directories_go_first_unless_the_protocol_is_old() {
    let modern = ["a0/y\0", "a0/x", "a0\0", "a\0", "a-\0", "~", "b"];
    let old = ["~", "b", "a0/y/", "a0/x", "a0/", "a-/", "a/"];
    for version in [27, 28, 29, 30, 32] {
        for when in ["--delete", "--delete-before", "--delete-during"] {
            let site = Site::new().file("dest/b", "").file("dest/~", "").file("dest/a0/x", "");
            for dir in ["dest/a", "dest/a-", "dest/a0/y"] {
                fs::create_dir(site.path(dir)).unwrap();
            }
            let peer = deleting(site, version, when);
            let of = |tag| peer.messages.iter().filter(move |m| m.0 == tag);
            let text = |m: &(u8, Vec<u8>)| String::from_utf8_lossy(&m.1).into_owned();
            let deleted: Vec<_> = of(tag::DELETED).map(text).collect();
            let lines = of(tag::INFO).map(text).collect::<String>();
            let told: Vec<_> = lines.lines().filter_map(|l| l.strip_prefix("deleting ")).collect();
            match version {
                29.. => assert_eq!((&deleted[..], told.len()), (&modern.map(String::from)[..], 0)),
                _ => assert_eq!((deleted.len(), &told[..]), (0, &old[..])),
            }
            assert!(peer.site.dest().is_empty(), "{:?}", peer.site.dest());
        }
    }
}

#[test]
fn what_is_deleted_behind_the_first_list_is_told_behind_its_items() {
    let site = Site::new().file("dest/sub/old", "");
    let options = "-re.iLsfxCIvu --delete --checksum-seed=1 --checksum-choice=none";
    let mut peer = site.server(&format!("{options} . dest/"));
    peer.greet_server_chosen("81FF");
    peer.send("00000000");
    let first = list(&[entry(TOP, b".", 0, DIR, b""), file("a", 1), dir("sub")]);
    peer.put(&[first, hex("ff65"), list(&[file("sub/f", 1)])].concat());
    // One new file.
    peer.expect("03 00A0");
    peer.take(16);
    assert!(peer.messages.is_empty(), "{:?}", peer.messages);
    while peer.messages.is_empty() {
        peer.next_frame();
    }
    assert_eq!(peer.messages, [(tag::DELETED, b"sub/old".to_vec())]);
}
