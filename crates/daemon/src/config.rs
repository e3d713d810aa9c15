//! `rsyncd.conf`: the grammar and the values (rsyncd.conf man page; off-wire semantics:
//! configuration grammar, parameters).
//!
//! A file is read into [`Config`]: the global section and the modules in order of their first header. Values are kept
//! as text and interpreted by the accessors of [`Section`], so that `%VAR%` is expanded on use.

use session::log::strerror;
use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs,
    io::{self, Read},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// Deepest nesting of `&include` and `&merge`.
const MAX_DEPTH: u32 = 32;
/// An expanded value may be this much longer than its template.
const MAX_EXPANSION: usize = 2048;
/// Largest configuration file that is read.
const MAX_FILE: u64 = 64 << 20;

/// How a parameter's value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    /// A boolean that may be unset.
    Bool3,
    Int,
    Text,
    /// A text whose trailing slashes do not count.
    Path,
}

/// Where a parameter may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Global,
    /// In a module; in the global section it is the default.
    Module,
    /// As `Module`, known but not supported by this version: a module that sets it is not served.
    Later,
}

use Kind::{Bool, Bool3, Int, Path as PathKind, Text};
use Scope::{Global, Later, Module};

/// Every parameter: name without spaces, scope, kind.
const PARAMETERS: &[(&str, Scope, Kind)] = &[
    ("address", Global, Text),
    ("port", Global, Int),
    ("listenbacklog", Global, Int),
    ("socketoptions", Global, Text),
    ("pidfile", Global, Text),
    ("motdfile", Global, Text),
    ("daemonchroot", Global, Text),
    ("daemonuid", Global, Text),
    ("daemongid", Global, Text),
    ("proxyprotocol", Global, Bool),
    ("proxyprotocolhosts", Global, Text),
    ("comment", Module, Text),
    ("path", Module, PathKind),
    ("usechroot", Module, Bool3),
    ("readonly", Module, Bool),
    ("writeonly", Module, Bool),
    ("list", Module, Bool),
    ("uid", Module, Text),
    ("gid", Module, Text),
    ("maxconnections", Module, Int),
    ("lockfile", Module, Text),
    ("maxverbosity", Module, Int),
    ("timeout", Module, Int),
    ("logfile", Module, Text),
    ("syslogfacility", Module, Text),
    ("syslogtag", Module, Text),
    ("transferlogging", Module, Bool),
    ("logformat", Module, Text),
    ("authusers", Module, Text),
    ("secretsfile", Module, Text),
    ("strictmodes", Module, Bool),
    ("authdigest", Module, Text),
    ("hostsallow", Module, Text),
    ("hostsdeny", Module, Text),
    ("reverselookup", Module, Bool),
    ("forwardlookup", Module, Bool),
    ("filter", Module, Text),
    ("includefrom", Module, Text),
    ("include", Module, Text),
    ("excludefrom", Module, Text),
    ("exclude", Module, Text),
    ("incomingchmod", Module, Text),
    ("outgoingchmod", Module, Text),
    ("mungesymlinks", Module, Bool3),
    ("insecurelinks", Module, Bool),
    ("numericids", Module, Bool3),
    ("nameconverter", Later, Text),
    ("fakesuper", Module, Bool),
    ("charset", Module, Text),
    ("ignoreerrors", Module, Bool),
    ("ignorenonreadable", Module, Bool),
    ("opennoatime", Module, Bool3),
    ("tempdir", Module, PathKind),
    ("refuseoptions", Module, Text),
    ("dontcompress", Module, Text),
    ("earlyexec", Module, Text),
    ("pre-xferexec", Module, Text),
    ("post-xferexec", Module, Text),
];

fn parameter(key: &str) -> Option<(Scope, Kind)> {
    PARAMETERS.iter().find(|(name, ..)| *name == key).map(|&(_, scope, kind)| (scope, kind))
}

/// A configuration that cannot be used, in rsync's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(pub String);

/// One section's values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    values: BTreeMap<&'static str, Vec<u8>>,
    /// Variables of the connection, which `%VAR%` prefers to those of the environment.
    variables: BTreeMap<&'static str, String>,
}

/// A module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleConfig {
    /// Its name, as first spelled.
    pub name: String,
    section: Section,
}

/// A parsed file.
#[derive(Debug, Clone, Default)]
pub struct Config {
    global: Section,
    modules: Vec<ModuleConfig>,
    /// What was wrong but not fatal, for the log.
    pub warnings: Vec<String>,
    /// `--dparam` values, which override leading globals.
    overrides: Vec<(String, Vec<u8>)>,
}

impl Config {
    /// Reads `path`; `overrides` are the `--dparam` settings.
    ///
    /// # Errors
    /// A file that cannot be read or breaks the grammar.
    pub fn load(path: &Path, overrides: &[(String, String)]) -> Result<Config, ConfigError> {
        Config::load_part(path, overrides, false)
    }

    /// The same for what stands before the first section header of any kind, which is all that a listener needs: a
    /// mistake in a module must not keep the others from being served.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_globals(
        path: &Path,
        overrides: &[(String, String)],
    ) -> Result<Config, ConfigError> {
        Config::load_part(path, overrides, true)
    }

    fn load_part(
        path: &Path,
        overrides: &[(String, String)],
        globals_only: bool,
    ) -> Result<Config, ConfigError> {
        let mut config = Config::default();
        for (name, value) in overrides {
            let key = squeeze(name.as_bytes());
            if parameter(&key).is_none() {
                return Err(ConfigError(format!("Unknown parameter \"{name}\"")));
            }
            config.overrides.push((key, value.as_bytes().to_vec()));
        }
        let mut parser =
            Parser { config, current: None, defaults_applied: false, globals_only, at_end: false };
        let text =
            read(path).map_err(|e| ConfigError(format!("{}: {}", path.display(), strerror(&e))))?;
        parser.file(&text, 0)?;
        parser.apply_overrides();
        Ok(parser.config)
    }

    /// Values that are not a module's.
    pub fn global(&self) -> Section {
        self.global.clone()
    }

    /// The modules in order, with the values that they inherit.
    pub fn modules(&self) -> impl Iterator<Item = ModuleConfig> {
        self.modules.iter().map(|module| {
            let mut module = module.clone();
            // Texts still unset fall back to the final global value; others were copied at the header.
            for (key, value) in &self.global.values {
                let text = matches!(parameter(key), Some((Module | Later, Text | PathKind)));
                if text && !module.section.values.contains_key(key) {
                    module.section.values.insert(key, value.clone());
                }
            }
            module
        })
    }

    /// The module of exactly this name.
    pub fn module(&self, name: &[u8]) -> Option<ModuleConfig> {
        self.modules().find(|module| module.name.as_bytes() == name)
    }
}

impl ModuleConfig {
    /// Its values.
    pub fn values(&self) -> &Section {
        &self.section
    }

    /// Defines a variable for `%VAR%` in its values.
    pub fn set_variable(&mut self, name: &'static str, value: impl Into<String>) {
        self.section.variables.insert(name, value.into());
    }

    /// A parameter that this version does not support, if the module sets one to something.
    pub fn unsupported(&self) -> Option<&'static str> {
        let set = |key: &&str| {
            let later = matches!(parameter(key), Some((Later, _)));
            let on = match parameter(key) {
                Some((_, Bool | Bool3)) => self.section.flag(key) == Some(true),
                _ => self.section.text(key).is_some_and(|text| !text.is_empty()),
            };
            later && on
        };
        self.section.values.keys().find(|key| set(key)).copied()
    }
}

impl Section {
    /// A text, expanded; `None` if unset.
    pub fn text(&self, key: &str) -> Option<Vec<u8>> {
        self.values.get(key).map(|value| expand(value, &self.variables))
    }

    /// The command of a hook; `None` if there is none.
    ///
    /// # Errors
    /// What to log: a variable that the client has influence on holds what a shell would act on.
    pub fn hook(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        let Some(template) = self.values.get(key).filter(|value| !value.is_empty()) else {
            return Ok(None);
        };
        expand_hook(template, &self.variables).map(Some)
    }

    /// A text as a string, empty if unset.
    pub fn string(&self, key: &str) -> String {
        String::from_utf8_lossy(&self.text(key).unwrap_or_default()).into_owned()
    }

    /// A path without trailing slashes; `None` if unset or empty.
    pub fn path(&self, key: &str) -> Option<PathBuf> {
        let mut text = self.text(key)?;
        while text.len() > 1 && text.last() == Some(&b'/') {
            text.pop();
        }
        (!text.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(&text)))
    }

    /// A boolean; `None` if unset.
    pub fn flag(&self, key: &str) -> Option<bool> {
        boolean(self.values.get(key)?).flatten()
    }

    /// An integer as C's `atoi` reads it; `None` if unset.
    pub fn int(&self, key: &str) -> Option<i64> {
        self.values.get(key).map(|value| atoi(value))
    }
}

/// `Some(None)` is the explicit "unset"; `None` is malformed.
fn boolean(value: &[u8]) -> Option<Option<bool>> {
    match squeeze(value).as_str() {
        "yes" | "true" | "1" => Some(Some(true)),
        "no" | "false" | "0" => Some(Some(false)),
        "unset" | "-1" => Some(None),
        _ => None,
    }
}

fn atoi(value: &[u8]) -> i64 {
    let text = String::from_utf8_lossy(value);
    let text = text.trim_start();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let n = digits[..end].parse::<i64>().unwrap_or(if end > 0 { i64::from(i32::MAX) } else { 0 });
    if negative { -n } else { n }
}

/// A name without white space, in lower case.
fn squeeze(name: &[u8]) -> String {
    let kept = name.iter().filter(|b| !b.is_ascii_whitespace()).copied().collect::<Vec<u8>>();
    String::from_utf8_lossy(&kept).to_lowercase()
}

/// Reads a file by the owner-trust walk.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    fsroot::read_operator_file(path)?.take(MAX_FILE).read_to_end(&mut text)?;
    Ok(text)
}

/// Replaces `%VAR%` by the variable, if there is one.
fn expand(template: &[u8], variables: &BTreeMap<&'static str, String>) -> Vec<u8> {
    let mut out = Vec::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.iter().position(|b| *b == b'%') {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let end = rest[1..].iter().position(|b| *b == b'%').map(|e| e + 1);
        let value = end.filter(|_| rest[1].is_ascii_uppercase()).and_then(|end| {
            let name = OsStr::from_bytes(&rest[1..end]);
            let own = name.to_str().and_then(|name| variables.get(name)).map(OsString::from);
            own.or_else(|| std::env::var_os(name)).map(|value| (end, value))
        });
        match value {
            Some((end, value)) if out.len() + value.len() <= template.len() + MAX_EXPANSION => {
                out.extend_from_slice(value.as_bytes());
                rest = &rest[end + 1..];
            }
            _ => {
                out.push(b'%');
                rest = &rest[1..];
            }
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Like [`expand`], for a shell: the connection's variables are quoted, and must not hold what a shell acts on.
fn expand_hook(
    template: &[u8],
    variables: &BTreeMap<&'static str, String>,
) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(template.len());
    let mut quote = None;
    let mut at = 0;
    while let Some(&b) = template.get(at) {
        let end = template[at + 1..].iter().position(|b| *b == b'%').map(|end| at + 1 + end);
        if let (b'%', Some(end)) = (b, end)
            && template[at + 1].is_ascii_uppercase()
        {
            let name = OsStr::from_bytes(&template[at + 1..end]).to_string_lossy();
            let own = variables.get(&*name).map(|value| value.as_bytes().to_vec());
            let value = own.or_else(|| std::env::var_os(&*name).map(|v| v.as_bytes().to_vec()));
            if let Some(value) = value {
                if !name.starts_with("RSYNC_") {
                    out.extend_from_slice(&value);
                } else if value
                    .iter()
                    .any(|b| *b <= b' ' || b"'\"`$\\;&|<>()*?[]#!~{}\x7f".contains(b))
                {
                    return Err(format!(
                        "refusing to run shell hook: %{name}% holds a shell metacharacter"
                    ));
                } else {
                    let mark: &[u8] = if quote == Some(b'\'') { b"" } else { b"'" };
                    out.extend_from_slice(&[mark, &value, mark].concat());
                }
                at = end + 1;
                continue;
            }
        }
        match (b, quote) {
            (b'\\', None | Some(b'"')) => {
                out.push(b);
                at += 1;
                out.extend(template.get(at));
                at += 1;
                continue;
            }
            (b'\'' | b'"', None) => quote = Some(b),
            (_, Some(open)) if open == b => quote = None,
            _ => {}
        }
        out.push(b);
        at += 1;
    }
    Ok(out)
}

struct Parser {
    config: Config,
    /// The module being read; `None` in the global section.
    current: Option<usize>,
    defaults_applied: bool,
    /// Stop at the first header.
    globals_only: bool,
    at_end: bool,
}

impl Parser {
    fn file(&mut self, text: &[u8], depth: u32) -> Result<(), ConfigError> {
        if depth > MAX_DEPTH {
            return Err(ConfigError("configuration files include each other too deeply".into()));
        }
        // A NUL ends the file.
        let text = text.split(|b| *b == 0).next().unwrap_or_default();
        let mut lines = text.split(|b| *b == b'\n');
        while let Some(line) = lines.next() {
            let mut line = line.trim_ascii_start().to_vec();
            match line.first() {
                None | Some(b'#' | b';') => continue,
                Some(b'[') if self.globals_only => {
                    self.at_end = true;
                    return Ok(());
                }
                Some(b'[') => {
                    self.header(&line)?;
                    continue;
                }
                Some(_) => {}
            }
            // A line whose last visible byte is a backslash continues.
            while line.trim_ascii_end().last() == Some(&b'\\') {
                let Some(next) = lines.next() else { break };
                line.truncate(line.trim_ascii_end().len() - 1);
                line.extend_from_slice(next.trim_ascii_start());
            }
            match line[0] {
                b'&' => self.directive(&line[1..], depth)?,
                _ => self.assignment(&line)?,
            }
            if self.at_end {
                return Ok(());
            }
        }
        Ok(())
    }

    fn header(&mut self, line: &[u8]) -> Result<(), ConfigError> {
        let shown = || String::from_utf8_lossy(line).into_owned();
        let Some(end) = line.iter().position(|b| *b == b']') else {
            let text =
                format!("params.c:Section() - Badly formed line in config file: {}", shown());
            return Err(ConfigError(text));
        };
        let words: Vec<&[u8]> =
            line[1..end].split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
        let name = String::from_utf8_lossy(&words.join(&b' ')).into_owned();
        if name.is_empty() {
            let text = "params.c:Section() - Empty section name in config file.";
            return Err(ConfigError(text.into()));
        }
        if squeeze(name.as_bytes()) == "global" {
            self.current = None;
            return Ok(());
        }
        if name.contains('/') {
            let text = format!("Warning: invalid section name in configuration file: {name}");
            return Err(ConfigError(text));
        }
        self.apply_overrides();
        let key = squeeze(name.as_bytes());
        let known = self.config.modules.iter().position(|m| squeeze(m.name.as_bytes()) == key);
        self.current = Some(known.unwrap_or_else(|| {
            let inherited = self
                .config
                .global
                .values
                .iter()
                .filter(|(key, _)| matches!(parameter(key), Some((Module | Later, _))));
            let values = inherited.map(|(k, v)| (*k, v.clone())).collect();
            let section = Section { values, ..Section::default() };
            self.config.modules.push(ModuleConfig { name, section });
            self.config.modules.len() - 1
        }));
        Ok(())
    }

    /// `--dparam` values take effect when the first module is met, so they override leading globals only.
    fn apply_overrides(&mut self) {
        if !self.defaults_applied {
            self.defaults_applied = true;
            for (key, value) in self.config.overrides.clone() {
                self.set(&key, value, None);
            }
        }
    }

    fn directive(&mut self, line: &[u8], depth: u32) -> Result<(), ConfigError> {
        let end = line.iter().position(|b| *b == b' ' || *b == b'\t').unwrap_or(line.len());
        let name = squeeze(&line[..end]);
        let value = line[end..].trim_ascii();
        let value = value.strip_prefix(b"=").map_or(value, |v| v.trim_ascii());
        let (include, extension) = match name.as_str() {
            "include" => (true, "conf"),
            "merge" => (false, "inc"),
            other => return Err(ConfigError(format!("Unknown directive: &{other}."))),
        };
        let path = Path::new(OsStr::from_bytes(value));
        let failed = |e: io::Error| ConfigError(format!("{}: {}", path.display(), strerror(&e)));
        let mut files = Vec::new();
        if fs::metadata(path).map_err(failed)?.is_dir() {
            for entry in fs::read_dir(path).map_err(failed)? {
                let file = entry.map_err(failed)?.path();
                if file.extension().is_some_and(|e| e == extension) {
                    files.push(file);
                }
            }
            files.sort();
        } else {
            files.push(path.to_path_buf());
        }
        let saved = include.then(|| self.config.global.clone());
        for file in files {
            if let Some(saved) = &saved {
                self.config.global = saved.clone();
                self.current = None;
            }
            let text = read(&file).map_err(failed)?;
            self.file(&text, depth + 1)?;
            if self.at_end {
                break;
            }
        }
        if let Some(saved) = saved {
            self.config.global = saved;
            self.current = None;
        }
        Ok(())
    }

    fn assignment(&mut self, line: &[u8]) -> Result<(), ConfigError> {
        let shown = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
        let Some(equals) = line.iter().position(|b| *b == b'=') else {
            self.config.warnings.push(format!(
                "params.c:Parameter() - Ignoring badly formed line in config file: {shown}"
            ));
            return Ok(());
        };
        if equals == 0 {
            return Err(ConfigError(format!("Invalid parameter name in config file: {shown}")));
        }
        let name = line[..equals].trim_ascii();
        let value: Vec<u8> = line[equals + 1..].iter().copied().filter(|b| *b != b'\r').collect();
        let key = squeeze(name);
        match parameter(&key) {
            None => {
                let name = String::from_utf8_lossy(name);
                self.config.warnings.push(format!("Unknown Parameter encountered: \"{name}\""));
                self.config.warnings.push(format!("IGNORING unknown parameter \"{name}\""));
            }
            Some((Global, _)) if self.current.is_some() => {
                let name = String::from_utf8_lossy(name);
                self.config
                    .warnings
                    .push(format!("Global parameter {name} found in module section!"));
            }
            Some(_) => self.set(&key, value.trim_ascii().to_vec(), self.current),
        }
        Ok(())
    }

    fn set(&mut self, key: &str, value: Vec<u8>, module: Option<usize>) {
        let Some(&(key, _, kind)) = PARAMETERS.iter().find(|(name, ..)| *name == key) else {
            return;
        };
        let well_formed = match (kind, boolean(&value)) {
            (Bool, parsed) => matches!(parsed, Some(Some(_))),
            (Bool3, parsed) => parsed.is_some(),
            _ => true,
        };
        if !well_formed {
            let value = String::from_utf8_lossy(&value);
            self.config
                .warnings
                .push(format!("Badly formed boolean in configuration file: \"{value}\"."));
            return;
        }
        let section = match module {
            Some(i) => &mut self.config.modules[i].section,
            None => &mut self.config.global,
        };
        section.values.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert!(parse(text).unwrap_err().0.contains(reason), "{text:?}");
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
        let over = [("Comment".to_string(), "b".to_string())];
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
        assert!(
            parse(&format!("&merge {}\n", own.display())).unwrap_err().0.contains("too deeply")
        );
    }

    #[test]
    fn integers_and_variables() {
        assert_eq!((atoi(b"12x"), atoi(b"-3"), atoi(b"x")), (12, -3, 0));
        let none = BTreeMap::new();
        let home = std::env::var("HOME").unwrap_or_default();
        assert_eq!(expand(b"a%HOME%b", &none), format!("a{home}b").into_bytes());
        assert_eq!(expand(b"50%% %nope% %NO_SUCH_VAR_X%", &none), b"50%% %nope% %NO_SUCH_VAR_X%");
        let own = BTreeMap::from([("RSYNC_MODULE_NAME", "m".to_string())]);
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
        let variables = |user: &str| BTreeMap::from([("RSYNC_USER_NAME", user.to_string())]);
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
}
