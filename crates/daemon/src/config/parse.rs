//! The grammar (rsyncd.conf man page, FILE FORMAT).

use super::{
    Config, ConfigError, ModuleConfig,
    parameters::{Kind, PARAMETERS, Scope, parameter},
    section::{Section, boolean},
    squeeze, squeezed, unreadable,
};
use session::log::named;
use std::{
    ffi::OsStr,
    fs,
    io::{self, Read},
    os::unix::ffi::OsStrExt,
    path::Path,
};

/// Deepest nesting of `&include` and `&merge`.
const MAX_DEPTH: u32 = 32;
/// Largest configuration file that is read.
const MAX_FILE: u64 = 64 << 20;

/// Reads a file by the owner-trust walk.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    fsroot::read_operator_file(path)?.take(MAX_FILE).read_to_end(&mut text)?;
    Ok(text)
}

/// Adds to `config` what `text` says; only what stands before the first header, if that is all that is wanted.
pub(super) fn parse(
    config: Config,
    text: &[u8],
    globals_only: bool,
) -> Result<Config, ConfigError> {
    let mut parser =
        Parser { config, current: None, defaults_applied: false, globals_only, at_end: false };
    parser.file(text, 0)?;
    parser.apply_overrides();
    Ok(parser.config)
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
        let Some(end) = line.iter().position(|b| *b == b']') else {
            let text = "params.c:Section() - Badly formed line in config file: ";
            return Err(ConfigError(named(text, line, "")));
        };
        let words: Vec<&[u8]> =
            line[1..end].split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
        let name = words.join(&b' ');
        if name.is_empty() {
            let text = "params.c:Section() - Empty section name in config file.";
            return Err(ConfigError(text.into()));
        }
        if squeeze(&name) == "global" {
            self.current = None;
            return Ok(());
        }
        if name.contains(&b'/') {
            let text = "Warning: invalid section name in configuration file: ";
            return Err(ConfigError(named(text, &name, "")));
        }
        self.apply_overrides();
        let key = squeezed(&name);
        let known = self.config.modules.iter().position(|m| squeezed(&m.name) == key);
        self.current = Some(known.unwrap_or_else(|| {
            let inherited = self.config.global.values.iter().filter(|(key, _)| {
                matches!(parameter(key), Some((Scope::Module | Scope::Later, _)))
            });
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
            _ => {
                return Err(ConfigError(named(
                    "Unknown directive: &",
                    &squeezed(&line[..end]),
                    ".",
                )));
            }
        };
        let path = Path::new(OsStr::from_bytes(value));
        let failed = |e: io::Error| unreadable(path, &e);
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
        let shown = line.trim_ascii_end();
        let Some(equals) = line.iter().position(|b| *b == b'=') else {
            let text = "params.c:Parameter() - Ignoring badly formed line in config file: ";
            self.config.warnings.push(named(text, shown, ""));
            return Ok(());
        };
        if equals == 0 {
            return Err(ConfigError(named("Invalid parameter name in config file: ", shown, "")));
        }
        let name = line[..equals].trim_ascii();
        let value: Vec<u8> = line[equals + 1..].iter().copied().filter(|b| *b != b'\r').collect();
        let key = squeeze(name);
        match parameter(&key) {
            None => {
                for text in ["Unknown Parameter encountered: \"", "IGNORING unknown parameter \""] {
                    self.config.warnings.push(named(text, name, "\""));
                }
            }
            Some((Scope::Global, _)) if self.current.is_some() => {
                let after = " found in module section!";
                self.config.warnings.push(named("Global parameter ", name, after));
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
            (Kind::Bool, parsed) => matches!(parsed, Some(Some(_))),
            (Kind::Bool3, parsed) => parsed.is_some(),
            _ => true,
        };
        if !well_formed {
            let text = "Badly formed boolean in configuration file: \"";
            self.config.warnings.push(named(text, &value, "\"."));
            return;
        }
        let section = match module {
            Some(i) => &mut self.config.modules[i].section,
            None => &mut self.config.global,
        };
        section.values.insert(key, value);
    }
}
