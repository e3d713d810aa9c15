use super::{
    expand::{expand, expand_hook},
    section::atoi,
    *,
};
use std::{collections::BTreeMap, fs};

fn parse(text: &str) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rsyncd.conf");
    fs::write(&path, text).unwrap();
    Config::load(&path, &[])
}

#[test]
fn sections_values_and_inheritance() {
    let config = parse(
        "# comment\nRead Only = no\n pid file=/run/x\n[ a  b ]\n path = /srv/a/ \n\
         comment = one \\\n   two\n[GLOBAL]\ncomment=late\nread only = yes\n[c]\npath=/c\nlist=false\n",
    )
    .unwrap();
    let a = config.module(b"a b").unwrap();
    assert_eq!(a.values().path("path").unwrap(), Path::new("/srv/a"));
    assert_eq!(a.values().string("comment"), "one two");
    assert_eq!(a.values().flag("readonly"), Some(false));
    let c = config.module(b"c").unwrap();
    // Texts are inherited from the final global section, booleans from the one before the header.
    assert_eq!(c.values().string("comment"), "late");
    assert_eq!(c.values().flag("readonly"), Some(true));
    assert_eq!(c.values().flag("list"), Some(false));
    assert_eq!(config.global().string("pidfile"), "/run/x");
    assert!(config.module(b"C").is_none());
}

#[test]
fn malformed_files_are_refused_with_the_reason() {
    for (text, reason) in [
        ("[]\n", "Empty section name"),
        ("[a\n", "Badly formed line"),
        ("[a/b]\n", "invalid section name"),
        ("&frob x\n", "Unknown directive: &frob."),
        ("= x\n", "Invalid parameter name"),
    ] {
        assert!(parse(text).unwrap_err().0.escape_ascii().to_string().contains(reason), "{text:?}");
    }
}

#[test]
fn odd_lines_are_reported_and_skipped() {
    let config = parse("nonsense\nfrob = 1\nlist = maybe\n[m]\nport = 1\npath=/x\n").unwrap();
    assert_eq!(config.warnings.len(), 5, "{:?}", config.warnings);
    assert_eq!(config.module(b"m").unwrap().values().flag("list"), None);
}

#[test]
fn dparams_override_globals_but_not_modules() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c");
    fs::write(&path, "comment = a\n[m]\npath=/x\n[n]\npath=/y\ncomment=own\n").unwrap();
    let over = [(b"Comment".to_vec(), b"b".to_vec())];
    let config = Config::load(&path, &over).unwrap();
    assert_eq!(config.module(b"m").unwrap().values().string("comment"), "b");
    assert_eq!(config.module(b"n").unwrap().values().string("comment"), "own");
    assert!(Config::load(&path, &[("frob".into(), "1".into())]).is_err());
}

#[test]
fn include_restores_and_merge_inserts() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        fs::write(dir.path().join(name), text).unwrap();
        dir.path().join(name).display().to_string()
    };
    let inner = file("inner.conf", "comment = inner\n[i]\npath = /i\n");
    let merged = file("merged.inc", "list = no\n");
    let config =
        parse(&format!("comment=outer\n[o]\npath=/o\n&merge {merged}\n&include {inner}\n"))
            .unwrap();
    assert_eq!(config.module(b"o").unwrap().values().flag("list"), Some(false));
    assert_eq!(config.module(b"o").unwrap().values().string("comment"), "outer");
    assert_eq!(config.module(b"i").unwrap().values().string("comment"), "inner");
    let own = dir.path().join("loop.inc");
    fs::write(&own, format!("&merge {}\n", own.display())).unwrap();
    assert!(parse(&format!("&merge {}\n", own.display())).unwrap_err().0.ends_with(b"too deeply"));
}

#[test]
fn integers_and_variables() {
    assert_eq!((atoi(b"12x"), atoi(b"-3"), atoi(b"x")), (12, -3, 0));
    let none = BTreeMap::new();
    let home = std::env::var("HOME").unwrap_or_default();
    assert_eq!(expand(b"a%HOME%b", &none), format!("a{home}b").into_bytes());
    assert_eq!(expand(b"50%% %nope% %NO_SUCH_VAR_X%", &none), b"50%% %nope% %NO_SUCH_VAR_X%");
    let own = BTreeMap::from([("RSYNC_MODULE_NAME", b"m".to_vec())]);
    assert_eq!(expand(b"/srv/%RSYNC_MODULE_NAME%/x", &own), b"/srv/m/x");
}

#[test]
fn a_listener_reads_up_to_the_first_header() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c");
    fs::write(&path, "port = 7\n[m]\npath=/x\n[a/b]\n").unwrap();
    assert!(Config::load(&path, &[]).is_err());
    let config = Config::load_globals(&path, &[]).unwrap();
    assert_eq!((config.global().int("port"), config.modules().count()), (Some(7), 0));
    let inner = dir.path().join("inner.conf");
    fs::write(&inner, "port = 8\n[m]\n").unwrap();
    fs::write(&path, format!("&merge {}\nport = 9\n", inner.display())).unwrap();
    assert_eq!(Config::load_globals(&path, &[]).unwrap().global().int("port"), Some(8));
}

#[test]
fn unsupported_parameters_are_named() {
    let config = parse("[m]\npath=/x\nname converter = nc\ncharset = utf8\n").unwrap();
    assert_eq!(config.module(b"m").unwrap().unsupported(), Some("nameconverter"));
}

#[test]
fn a_client_cannot_add_to_a_hook() {
    let variables = |user: &str| BTreeMap::from([("RSYNC_USER_NAME", user.as_bytes().to_vec())]);
    let expand = |template: &str, user: &str| {
        let out = expand_hook(template.as_bytes(), &variables(user));
        out.map(|out| String::from_utf8(out).unwrap())
    };
    let template = "a %RSYNC_USER_NAME% '%RSYNC_USER_NAME%' \"%RSYNC_USER_NAME%\" \\' %NO% 5%";
    let want = "a 'joe' 'joe' \"'joe'\" \\' %NO% 5%";
    assert_eq!(expand(template, "joe").unwrap(), want);
    for user in ["a b", "a;b", "a'b", "a\nb", "$(x)", "`x`", "a\x7f"] {
        let text = "refusing to run shell hook: %RSYNC_USER_NAME% holds a shell metacharacter";
        assert_eq!(expand(template, user).unwrap_err(), text);
    }
}
