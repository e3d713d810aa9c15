//! Which filter rules a client tells its server, and in which form.

use crate::{
    peer::{Peer, is_rsync},
    versions::one_file,
};

/// The names that CVS ignores.
const CVS: &str = "RCS SCCS CVS CVS.adm RCSLOG cvslog.* tags TAGS .make.state .nse_depinfo *~ #* .#* ,* _$* *$ *.old \
                   *.bak *.BAK *.orig *.rej .del-* *.a *.olb *.o *.obj *.so *.exe *.Z *.elc *.ln core .svn/ .git/ \
                   .hg/ .bzr/";

/// One rule of each kind that matters for who is told.
const TEN: &str = "- a|-s b|-r c|-sr d|: .e|:s .f|:r .g|:- .h|:-sr .i|+ k/";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Push,
    Pull,
}

/// A client with these options, and rules between bars, which agreed upon the version.
fn client(way: Way, version: u8, options: &str, rules: &str) -> Peer {
    let site = one_file().env("CVSIGNORE", "mine");
    let protocol = format!("--protocol={version}");
    let mut words = vec!["-rt", &protocol, "--checksum-choice=none"];
    words.extend(options.split_whitespace());
    let rules: Vec<_> =
        rules.split('|').filter(|r| !r.is_empty()).map(|r| format!("--filter={r}")).collect();
    words.extend(rules.iter().map(String::as_str));
    words.extend(match way {
        Way::Push => ["src/f", "host:dest"],
        Way::Pull => ["host:src/f", "dest"],
    });
    let mut peer = site.shell_client(&words);
    peer.greet_client_of(version);
    peer
}

/// The list as it travels.
fn list<'a>(rules: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for rule in rules {
        bytes.extend(u32::try_from(rule.len()).unwrap().to_le_bytes());
        bytes.extend(rule.as_bytes());
    }
    bytes.extend([0; 4]);
    bytes
}

#[track_caller]
fn expect_list<'a>(peer: &mut Peer, rules: impl IntoIterator<Item = &'a str>, about: &str) {
    let list = list(rules);
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(shown(&peer.take(list.len())), shown(&list), "{about}");
}

/// The client sends these rules, between bars, and then what it has to send anyway.
#[track_caller]
fn tells(way: Way, version: u8, options: &str, rules: &str, told: &str) {
    let mut peer = client(way, version, options, rules);
    let about = format!("{way:?} {version} {options} {rules}");
    expect_list(&mut peer, told.split('|').filter(|rule| !rule.is_empty()), &about);
    if way == Way::Push {
        expect_file(&mut peer, version);
    }
}

/// The entry of the only file begins the file list.
#[track_caller]
fn expect_file(peer: &mut Peer, version: u8) {
    let length = if version < 30 { "06000000" } else { "000600" };
    peer.expect(&format!("18 01 \"f\" {length}"));
}

#[track_caller]
fn is_silent(options: &str, version: u8, rules: &str) {
    expect_file(&mut client(Way::Push, version, options, rules), version);
}

#[track_caller]
fn refuses(way: Way, version: u8, options: &str, rules: &str) {
    client(way, version, options, rules).fails(2, "filter rules are too modern for remote rsync.");
}

#[test]
fn rules_go_to_the_side_they_are_for() {
    for version in [29, 32] {
        let pushed = "- a|-r c|-sr d|: .e|:r .g|:- .h|:-sr .i|+ k/";
        tells(Way::Push, version, "--delete", TEN, pushed);
        tells(Way::Push, version, "-m", TEN, pushed);
        let deleted = "-r c|-sr d|: .e|:r .g|:-sr .i";
        tells(Way::Push, version, "--delete-excluded", TEN, deleted);
        let pulled = "- a|-s b|-sr d|: .e|:s .f|:- .h|:-sr .i|+ k/";
        tells(Way::Pull, version, "", TEN, pulled);
        tells(Way::Pull, version, "--delete", TEN, pulled);
        let pulled = "-s a|-s b|-sr d|: .e|:s .f|:- .h|:-sr .i|+s k/";
        tells(Way::Pull, version, "--delete-excluded", TEN, pulled);
    }
}

#[test]
fn nothing_is_said_where_nobody_listens() {
    for version in [28, 29, 30, 32] {
        is_silent("", version, "- a");
        is_silent("--force", version, "- a");
        is_silent("--delete-missing-args", version, "- a");
        tells(Way::Pull, version, "", "", "");
        tells(Way::Push, version, "--delete", "", "");
        tells(Way::Pull, version, "", "H a|!", "");
    }
}

#[test]
fn modifiers_have_an_order() {
    tells(Way::Pull, 32, "", "-prsx!/ foo", "-/!xsrp foo");
    tells(Way::Pull, 32, "", ":ewn-p .x", "- .x|:nw-p .x");
    tells(Way::Pull, 32, "", ":C", ":C .cvsignore");
    tells(Way::Pull, 32, "", ":+ .y|.- /dev/null", ":+ .y");
    tells(Way::Pull, 32, "--exclude=*.o --include=-x/", "S a/|hide b", "- *.o|+ -x/|+s a/|-s b");
    tells(Way::Push, 32, "--delete", "P keep|R,p x/", "-r keep|+rp x/");
}

#[test]
fn perishable_rules_need_protocol_30() {
    refuses(Way::Push, 29, "", "-p x");
    refuses(Way::Push, 29, "--delete", "-p x");
    refuses(Way::Push, 28, "--delete-excluded", "Pp x");
    tells(Way::Pull, 29, "", "-p x", "- x");
    tells(Way::Pull, 28, "", "-p x", "x");
    tells(Way::Push, 30, "--delete", "-p x", "-p x");
    // What is not for the peer need not be said.
    is_silent("", 29, "-sp x");
}

#[test]
fn old_peers_are_told_patterns() {
    for version in [27, 28] {
        let mut told = "*.o|+ k/|- - x|- + y|keep".to_owned();
        let rules = "- *.o|+ k/|- - x|- + y|P keep|H mine";
        tells(Way::Push, version, "--delete", rules, &told);
        told = told.replace("keep", "hid");
        tells(Way::Pull, version, "", &rules.replace("P keep|H mine", "H hid|R mine"), &told);
        is_silent("--delete-excluded", version, "- a");
        for rule in [": .f", "-/ x", "-! x", "-x x", ":C", "R! x", "+p y"] {
            refuses(Way::Push, version, "", rule);
            refuses(Way::Push, version, "--delete", rule);
        }
        for rule in [": .f", "-/ x", "-! x", "-x x", ":C"] {
            refuses(Way::Pull, version, "", rule);
        }
        refuses(Way::Push, version, "--delete-excluded", "P x");
        refuses(Way::Push, version, "--delete-excluded", "-sr x");
    }
    // A lone `!` would clear the list.
    let told = if is_rsync() { "!" } else { "- !" };
    tells(Way::Pull, 28, "", "- !", told);
    tells(Way::Pull, 28, "", "- !/|+ !|- !x", "!/|+ !|!x");
}

#[test]
fn options_add_rules() {
    tells(Way::Push, 32, "--delete --partial-dir=.pp", "- a", "- a|-p .pp/");
    tells(Way::Push, 29, "--delete --partial-dir=.pp", "- a", "- a|- .pp/");
    tells(Way::Pull, 29, "--partial-dir=.pp", "- a", "- a|- .pp/");
    tells(Way::Push, 32, "--delete --partial-dir=/x/.pp", "", "");
    tells(Way::Push, 32, "--delete --delay-updates", "", "-p .~tmp~/");
    tells(Way::Push, 32, "--delete --delete-excluded --partial-dir=.pp", "- a", "");
    tells(Way::Push, 32, "-b --delete", "- a", "- a|-r *~");
    tells(Way::Push, 32, "-b --delete --suffix=.b[k]", "", "-r *.b[k]");
    tells(Way::Push, 32, "-b --delete --backup-dir=x", "", "");
    tells(Way::Push, 32, "-b --delete --delete-excluded", "- a", "");
    tells(Way::Push, 28, "-b --delete --partial-dir=.pp", "", "*~|.pp/");
    tells(Way::Pull, 32, "-b --delete", "", "");
    tells(Way::Pull, 32, "-F", "- a", ": /.rsync-filter|- a");
    tells(Way::Pull, 32, "-FFF", "- a", ": /.rsync-filter|- .rsync-filter|- a");
    tells(Way::Pull, 32, "--old-dirs", "- a", "- a|- /*/*");
    tells(Way::Push, 32, "-b --delete --old-dirs --partial-dir=.pp -C", "- a", &{
        let cvs = CVS.split_whitespace().map(|name| format!("|-p {name}"));
        format!("- a|- /*/*|-r *~|-p .pp/|:C .cvsignore{}|- mine", cvs.collect::<String>())
    });
}

#[test]
fn names_of_cvs_are_told_to_those_who_do_not_know_them() {
    let cvs = |prefix: &str| {
        let names: Vec<_> = CVS.split_whitespace().map(|name| format!("{prefix}{name}")).collect();
        names.join("|")
    };
    for version in [28, 29, 30, 32] {
        tells(Way::Pull, version, "-C", "- a", if version < 29 { "a" } else { "- a" });
        is_silent("-C", version, "");
    }
    let told = format!(":C .cvsignore|{}|- mine", cvs("-p "));
    tells(Way::Push, 32, "-C --delete", "", &told);
    tells(Way::Push, 29, "-C --delete", "", &told.replace("-p ", "- "));
    tells(Way::Push, 28, "-C --delete", "", &format!("{}|mine", cvs("")));
    tells(Way::Pull, 32, "", "-C", "-C ");
    tells(Way::Pull, 29, "", "+C", "+C ");
    tells(Way::Pull, 28, "", "-C", &format!("{}|mine", cvs("")));
    tells(Way::Push, 32, "--delete", "-C|- z", &format!("{}|- mine|- z", cvs("-p ")));
    tells(Way::Push, 29, "--delete", "-C", &format!("{}|- mine", cvs("- ")));
    tells(Way::Push, 28, "--delete", "+C", &format!("{}|+ mine", cvs("+ ")));
    tells(Way::Push, 32, "--delete", "+C!", &format!("{}|+! mine", cvs("+!p ")));
    tells(Way::Push, 32, "--delete", "-Cr", &format!("{}|-r mine", cvs("-rp ")));
    tells(Way::Push, 32, "--delete", "-Cs", "");
    tells(Way::Push, 32, "--delete-excluded", "-C", "");
    tells(Way::Pull, 32, "--delete-excluded", "-C", "-Cs ");
    tells(Way::Pull, 32, "--delete-excluded", ":C", ":C .cvsignore");
}
