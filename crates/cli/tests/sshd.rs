//! Pushes and pulls through a real sshd, with this rsync at either end.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use testkit::run::{Finished, command, run};
use testkit::snapshot::Details;
use testkit::sshd::Sshd;
use testkit::{Peers, Scratch, Snapshot, tree};

const TREE: &str = r"
f src/large size=3000000
f src/name\swith\sspace size=100 mode=4755
f src/q'uote$x size=10 uid=5 gid=7
f src/latin\xe9 size=3
many src/many count=300 per=30 size=2000
f src/a/linked size=40000
h src/b/linked -> src/a/linked
l src/link -> a/linked
p src/fifo
f src/acl size=4 acl=u:7:rw-
f src/xattr size=4 x:user.one=1
";

fn transfer(
    client: &Path,
    server: &Path,
    sshd: &Sshd,
    scratch: &Path,
    operands: [&str; 2],
) -> Finished {
    let mut command = command(client);
    command.args(["-aHAXi", "-e", &sshd.shell()]);
    command.arg(format!("--rsync-path={}", server.display()));
    command.args(operands).current_dir(scratch);
    run(command, b"", scratch)
}

#[test]
fn both_directions_with_either_end() {
    let Peers { rsync, ours, .. } = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    let scratch = Scratch::new("sshd", "both");
    let top = &scratch.path;
    let sshd = Sshd::start(top);
    tree::build(top, TREE);
    let now = SystemTime::now();
    let details = Details::default();
    let source = Snapshot::take(&top.join("src"), details, now);
    for (name, client, server) in
        [("ours", &ours, &ours), ("our client", &ours, &rsync), ("our server", &rsync, &ours)]
    {
        let remote = |path: &str| format!("127.0.0.1:{}/{path}", top.display());
        let push = ["src/".to_owned(), remote("pushed/")];
        let pull = [remote("src/"), "pulled/".to_owned()];
        for (operands, target) in [(push, "pushed"), (pull, "pulled")] {
            let operands = [operands[0].as_str(), operands[1].as_str()];
            let first = transfer(client, server, &sshd, top, operands);
            assert_eq!(first.code(), Some(0), "{name}, {target}: {}", first.text());
            let copy = Snapshot::take(&top.join(target), details, now);
            assert_eq!(source.diff(&copy), "", "{name}, {target}");
            let second = transfer(client, server, &sshd, top, operands);
            assert_eq!(second.code(), Some(0), "{name}, {target}: {}", second.text());
            assert_eq!(second.stdout, b"", "{name}, {target}: the second run has nothing to do");
            fs::remove_dir_all(top.join(target)).unwrap();
        }
    }
    assert_eq!(source.diff(&Snapshot::take(&top.join("src"), details, now)), "");
}
