//! Files that change while they are read.

use crate::tools::*;
use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::Path,
};
use testkit::{
    Peers, Scratch, normalise,
    run::{Finished, command, run},
    tree,
};

/// Runs a slow copy of `src/` and does something once its first file is under way.
fn copy_while(
    client: &Path,
    server: Option<&Path>,
    args: &[&str],
    top: &Path,
    act: impl FnOnce(),
) -> Finished {
    let mut command = command(client);
    command.args(["-a", "--bwlimit=2M"]).args(args).current_dir(top);
    match server {
        Some(server) => {
            command.arg("-e").arg(shell(top)).arg(format!("--rsync-path={}", server.display()));
            command.args(["src/", "host:dst/"]);
        }
        None => {
            command.args(["src/", "dst/"]);
        }
    }
    std::thread::scope(|scope| {
        let running = scope.spawn(|| run(command, b"", top));
        wait_until("the first file is under way", || {
            running.is_finished()
                || names(&top.join("dst")).iter().any(|name| name == "a" || name.starts_with(".a."))
        });
        act();
        running.join().unwrap()
    })
}

/// A source file is changed in some way during the transfer; ours must end as the real rsync does.
fn changing(name: &str, wanted: i32, act: fn(&Path)) {
    changing_either(name, "", &[], wanted, |top| act(&top.join("src")));
}

/// The same for anything that changes, with more that is there at first, and options.
fn changing_either(name: &str, there: &str, args: &[&str], wanted: i32, act: impl Fn(&Path)) {
    let Peers { rsync, ours, .. } = peers();
    let runs: [(&Path, Option<&Path>); 5] = [
        (&rsync, Some(&rsync)),
        (&ours, Some(&ours)),
        (&ours, Some(&rsync)),
        (&rsync, Some(&ours)),
        (&ours, None),
    ];
    let mut truth: Option<(Option<Vec<u8>>, String, Vec<String>)> = None;
    for (client, server) in runs {
        let scratch = Scratch::new("faults", name);
        let top = &scratch.path;
        tree::build(top, "f src/a size=3000000\nf src/z size=500000\nd dst");
        tree::build(top, there);
        let finished = copy_while(client, server, args, top, || act(top));
        let what = format!("{name} {client:?} {server:?}");
        assert_eq!(finished.code(), Some(wanted), "{what}: {}", finished.text());
        let z = fs::read(top.join("dst/z")).ok();
        let replace = [(top.display().to_string(), "{top}")];
        let said = normalise::stderr(&finished.stderr, &replace);
        let left = names(&top.join("dst"));
        let (truth, said_then, left_then) =
            truth.get_or_insert_with(|| (z.clone(), said.clone(), left.clone()));
        assert!(*truth == z, "{what}: dst/z has {:?} bytes", z.map(|z| z.len()));
        assert_eq!(*said_then, said, "{what}");
        assert_eq!(*left_then, left, "{what}");
        assert!(left.iter().all(|name| !name.starts_with('.')), "{what}: {left:?}");
    }
}

#[test]
fn a_file_that_vanishes() {
    changing("vanished", 24, |src| fs::remove_file(src.join("z")).unwrap());
}

#[test]
fn a_file_that_shrinks_before_its_turn() {
    changing("shrunk", 0, |src| {
        OpenOptions::new().write(true).open(src.join("z")).unwrap().set_len(1000).unwrap();
    });
}

#[test]
fn a_file_that_grows_before_its_turn() {
    changing("grown", 0, |src| {
        let mut file = OpenOptions::new().append(true).open(src.join("z")).unwrap();
        file.write_all(&[7; 300_000]).unwrap();
    });
}

#[test]
fn a_file_that_becomes_a_folder() {
    changing("replaced", 23, |src| {
        fs::remove_file(src.join("z")).unwrap();
        fs::create_dir(src.join("z")).unwrap();
    });
}

#[test]
fn a_file_that_shrinks_while_it_is_read() {
    changing("shrinking", 23, |src| {
        OpenOptions::new().write(true).open(src.join("a")).unwrap().set_len(1_000_000).unwrap();
    });
}

#[test]
fn a_file_that_grows_while_it_is_read() {
    changing("growing", 0, |src| {
        let mut file = OpenOptions::new().append(true).open(src.join("a")).unwrap();
        file.write_all(&[7; 300_000]).unwrap();
    });
}

#[test]
fn a_folder_that_comes_in_a_file_s_place_stays() {
    for args in [&["-b", "--delay-updates"][..], &["--inplace"]] {
        changing_either("occupied", "f dst/z size=3", args, 23, |top| {
            let z = top.join("dst/z");
            fs::remove_file(&z).unwrap();
            fs::create_dir(&z).unwrap();
            fs::write(z.join("theirs"), b"precious").unwrap();
        });
    }
}
