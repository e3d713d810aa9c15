//! A module's own rules.

use super::{
    rules::{FILES, TREE},
    trees::EMPTY,
};
use testkit::row::DAEMON;
use testkit::{Row, Via, row};

pub const ROWS: &[Row] = &[
    row("daemon-1", &[TREE, FILES, "f dst/d/old\nf dst/b"], "-ai")
        .over(DAEMON)
        .modules("exclude = /src/d/"),
    row("daemon-2", &[TREE, FILES, "f dst/d/old\nf dst/b"], "-ai")
        .over(DAEMON)
        .modules("exclude = d/"),
    row("daemon-3", &[TREE, FILES, "f dst/d/old\nf dst/b"], "-ai")
        .over(DAEMON)
        .modules("filter = H_a"),
    row("daemon-4", &[TREE, FILES, "f dst/d/old\nf dst/b"], "-ai")
        .over(DAEMON)
        .modules("filter = P_a"),
    row("daemon-5", &[TREE, FILES, "f dst/d/old\nf dst/b"], "-ai")
        .over(DAEMON)
        .modules("include = /src/d/a\nexclude = a"),
    row("daemon-6", &[TREE, FILES, "f dst/d/old\nf dst/b"], "-ai")
        .over(DAEMON)
        .modules("exclude from = {top}/ends"),
    row("daemon-7", &[TREE, FILES, "f dst/d/old\nf dst/b"], "-ai")
        .over(DAEMON)
        .modules("filter = merge_{top}/rules"),
    row("daemon-8", &[TREE, FILES, "f dst/d/old\nf dst/b"], "-ai")
        .over(DAEMON)
        .modules("include from = {top}/names\nexclude = *"),
    row("daemon-9", &[TREE, FILES, "f dst/d/old\nf dst/b"], "-ai --exclude=b --include=d")
        .over(DAEMON)
        .modules("exclude = /src/d/"),
    row("daemon-requested", &[TREE, EMPTY], "-ai")
        .over(&[Via::DaemonPull])
        .modules("exclude = d/")
        .from_to("src/d src/d/a src/a", "dst/")
        .any_order(),
    row("daemon-requested-below", &[TREE, EMPTY], "-ai")
        .over(&[Via::DaemonPull])
        .modules("exclude = d")
        .from_to("src/d/sub src/d/a src/a", "dst/")
        .any_order(),
    row("daemon-requested-below-relative", &[TREE, EMPTY], "-aiR")
        .over(&[Via::DaemonPull])
        .modules("exclude = d")
        .from_to("src/d/sub src/d/a src/a", "dst/")
        .any_order(),
    row("daemon-requested-relative", &[TREE, EMPTY], "-aiR")
        .over(&[Via::DaemonPull])
        .modules("exclude = d/")
        .from_to("src/d/a src/a", "dst/")
        .any_order(),
    row("daemon-kept", &[TREE, "f dst/x.o\nf dst/gone/y.o\nf dst/gone/z"], "-ai --delete")
        .over(&[Via::DaemonPush])
        .modules("exclude = *.o")
        .any_order(),
    row("daemon-destination", &[TREE, EMPTY], "-ai")
        .over(&[Via::DaemonPush])
        .modules("exclude = /dst"),
    row("daemon-hidden-backup", &[TREE, "d bak\nd dst"], "-aib --backup-dir=/bak")
        .over(&[Via::DaemonPush])
        .modules("exclude = /bak"),
    row("daemon-hidden-temp", &[TREE, "d bak\nd dst"], "-ai --temp-dir=/bak")
        .over(&[Via::DaemonPush])
        .modules("exclude = /bak"),
    row("daemon-hidden-copy", &[TREE, "d bak\nd dst"], "-ai --copy-dest=/bak")
        .over(&[Via::DaemonPush])
        .modules("exclude = /bak")
        .any_stderr(),
    row("daemon-hidden-partial", &[TREE, "d bak\nd dst"], "-ai --partial-dir=/bak")
        .over(&[Via::DaemonPush])
        .modules("exclude = /bak"),
];
