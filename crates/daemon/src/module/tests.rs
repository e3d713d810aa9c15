use super::{
    enter::{Entered, Place},
    refusal::refusal,
    settings::apply_module,
};
use crate::{
    auth::{Access, LoggedIn},
    config::{Config, ModuleConfig, Section},
    log::DaemonLog,
    refuse::Refusals,
    rules,
};
use fsroot::Root;
use session::{Error, Settings, handshake::VersionExchange, options::levels, server::ServerJob};
use std::path::{Path, PathBuf};
use wire::compat::ClientCapabilities;

fn module(parameters: &str) -> ModuleConfig {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c");
    std::fs::write(&path, format!("[m]\npath=/x\n{parameters}\n")).unwrap();
    Config::load(&path, &[]).unwrap().module(b"m").unwrap()
}

fn entered(chrooted: bool, below_root: bool, munge: bool) -> Entered {
    let root = Root::open(Path::new("/")).unwrap();
    Entered { root, chrooted, below_root, munge, filters: None }
}

fn applied(parameters: &str, settings: Settings, entered: &Entered) -> Settings {
    let mut settings = settings;
    apply_module(&mut settings, module(parameters).values(), entered);
    settings
}

fn refused(parameters: &str, access: Access, sending: bool) -> Option<String> {
    let mut job = ServerJob {
        settings: Settings { am_sender: sending, ..Settings::default() },
        caps: ClientCapabilities::parse(b""),
        charset: None,
        dir: Vec::new(),
        args: vec![b"x".to_vec()],
        rules: Vec::new(),
        exchange: VersionExchange::Greeting(32),
        daemon_filters: None,
        refusal: None,
        own_log: None,
    };
    let module = module(parameters);
    let login = LoggedIn { user: "ann".into(), access };
    let mut entered = entered(true, false, false);
    entered.filters = rules::load(module.values()).unwrap();
    let refusals = Refusals::new("", false);
    refusal(&mut job, module.values(), &login, &refusals, &entered).map(|e| match e {
        Error::Fatal { code, text } => {
            format!("{} {}", code.0, String::from_utf8_lossy(&text))
        }
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_path_may_say_where_the_chroot_ends() {
    let log = DaemonLog::open(&Section::default(), Some(Path::new("/dev/null")));
    let place = |path: &str, chroot| Place::choose(Path::new(path), chroot, &log);
    let of = |chroot: Option<&str>, inner: &str| Place {
        chroot: chroot.map(PathBuf::from),
        inner: inner.into(),
    };
    assert_eq!(place("/srv/a/./b/./c", None), of(Some("/srv/a"), "/b/c"));
    assert_eq!(place("/srv/a/./", Some(true)), of(Some("/srv/a"), "/"));
    assert_eq!(place("/srv/a", Some(true)), of(Some("/srv/a"), "/"));
    assert_eq!(place("/./a", Some(true)), of(Some("/"), "/a"));
    assert_eq!(place("/srv/./a/", Some(false)), of(None, "/srv/a"));
}

#[test]
fn the_module_s_limits_win() {
    let inside = entered(true, false, false);
    let client = Settings {
        timeout: 60,
        verbose: 3,
        info: levels::of_verbosity(3).0,
        ..Settings::default()
    };
    let capped = applied("timeout = 10", client.clone(), &inside);
    assert_eq!((capped.timeout, capped.verbose), (10, 1));
    assert_eq!(capped.info, levels::of_verbosity(1).0);
    let open = applied("timeout = 100\nmax verbosity = 9", client.clone(), &inside);
    assert_eq!((open.timeout, open.verbose), (60, 3));
    assert_eq!(open.info, client.info);
    assert_eq!(applied("timeout = 5", Settings::default(), &inside).timeout, 5);
}

#[test]
fn names_of_owners_and_link_targets_depend_on_the_chroot() {
    let plain = Settings::default;
    let numeric =
        |text, chrooted| applied(text, plain(), &entered(chrooted, false, false)).numeric_ids;
    assert!(numeric("", true) && !numeric("", false));
    assert!(!numeric("numeric ids = no", true) && numeric("numeric ids = yes", false));
    let links = |below, munge| {
        let settings = applied("", plain(), &entered(false, below, munge));
        (settings.munge_links, settings.sanitize_links)
    };
    assert_eq!(links(true, true), (true, false));
    assert_eq!(links(true, false), (false, true));
    assert_eq!(links(false, false), (false, false));
}

#[test]
fn the_direction_must_be_allowed() {
    let read_only = Some("1 ERROR: module is read only".to_string());
    let write_only = Some("1 ERROR: module is write only".to_string());
    assert_eq!(refused("", Access::Module, true), None);
    assert_eq!(refused("", Access::Module, false), read_only);
    assert_eq!(refused("", Access::ReadWrite, false), None);
    assert_eq!(refused("read only = no", Access::Module, false), None);
    assert_eq!(refused("read only = no", Access::ReadOnly, false), read_only);
    assert_eq!(refused("write only = yes", Access::Module, true), write_only);
    let hidden = Some("3 ERROR: daemon has excluded destination \"x\"".to_string());
    assert_eq!(refused("read only = no\nexclude = /x", Access::Module, false), hidden);
}
