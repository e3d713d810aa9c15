//! Cleaning up ends the process's use of temporary files, so it has a process of its own.

use fsroot::{Root, TempFile, temp};
use wire::RelPath;

#[test]
fn cleaning_up_removes_all_and_ends_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut root = Root::open(dir.path()).unwrap();
    let target = RelPath::new(b"file").unwrap();
    let removed = TempFile::create(&mut root, &target, 0o600).unwrap();
    let rescued = TempFile::create(&mut root, &target, 0o600).unwrap();
    let (from, mut own_root) = (rescued.path().clone(), root.clone());
    rescued.set_interrupt_action(Box::new(move || {
        let partial = RelPath::new(b"partial").unwrap();
        own_root.rename(&from, &partial).unwrap();
    }));
    let done = TempFile::create(&mut root, &target, 0o600).unwrap();
    done.commit(&mut root, &target).unwrap();

    std::thread::spawn(temp::cleanup_all).join().unwrap();

    // Where a name lasts as long as its file is open, this is the end of it.
    if cfg!(windows) {
        drop(removed);
        return check(&mut root, rescued);
    }
    check(&mut root, (removed, rescued));
}

fn check<T>(root: &mut Root, held: T) {
    let target = RelPath::new(b"file").unwrap();
    let mut names: Vec<_> = root.read_dir(&RelPath::root()).unwrap();
    names.sort_by(|a, b| a.name.cmp(&b.name));
    let names: Vec<_> = names.iter().map(|e| &e.name[..]).collect();
    assert_eq!(names, [&b"file"[..], b"partial"]);
    assert!(TempFile::create(root, &target, 0o600).is_err());
    // Whoever held them does no harm any more.
    drop(held);
    assert_eq!(root.read_dir(&RelPath::root()).unwrap().len(), 2);
}
