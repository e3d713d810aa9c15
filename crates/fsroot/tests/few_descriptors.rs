//! The limit on descriptors is the whole process's, so this test has one of its own.
#![cfg(unix)]

use fsroot::Root;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use wire::RelPath;

#[test]
fn the_cache_gives_way() {
    let dir = tempfile::tempdir().unwrap();
    let mut root = Root::open(dir.path()).unwrap();
    let paths: Vec<_> =
        (0..30).map(|i| RelPath::new(format!("d{i}/f").as_bytes()).unwrap()).collect();
    for p in &paths {
        root.mkdir(&p.parent().unwrap(), 0o755).unwrap();
        root.create_new(p, 0o600).unwrap();
    }
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(64), maximum: limit.maximum }).unwrap();
    let mut held = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        held.push(file);
    }
    assert!(held.len() < 40, "the cache holds nothing: the test tests nothing");
    // Needs one for the directory and one for the file.
    let uncached = RelPath::new(b"new/f").unwrap();
    std::fs::create_dir(dir.path().join("new")).unwrap();
    assert!(root.create_new(&uncached, 0o600).is_ok());
}
