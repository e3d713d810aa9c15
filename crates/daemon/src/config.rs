//! `rsyncd.conf`: sections and their values (rsyncd.conf man page).
//!
//! A file is read into [`Config`]: the global section and the modules in order of their first header. Values are kept
//! as text and interpreted by the accessors of [`Section`], so that `%VAR%` is expanded on use.

mod expand;
mod parameters;
mod parse;
mod section;
#[cfg(test)]
mod tests;

pub use section::Section;

use parameters::{Kind, Scope, parameter};
use session::log::{named, strerror};
use std::{io, os::unix::ffi::OsStrExt, path::Path};

/// A configuration that cannot be used, in rsync's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(pub Vec<u8>);

/// Name and value of a `--dparam`.
pub type Override = (Vec<u8>, Vec<u8>);

/// A module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleConfig {
    /// Its name, as first spelled.
    pub name: Vec<u8>,
    section: Section,
}

/// A parsed file.
#[derive(Debug, Clone, Default)]
pub struct Config {
    global: Section,
    modules: Vec<ModuleConfig>,
    /// What was wrong but not fatal, for the log.
    pub warnings: Vec<Vec<u8>>,
    /// `--dparam` values, which override leading globals.
    overrides: Vec<(String, Vec<u8>)>,
}

/// Whether the `--dparam` settings are of parameters that there are.
///
/// # Errors
/// The first that is not.
pub fn known(overrides: &[Override]) -> Result<(), ConfigError> {
    match overrides.iter().find(|(name, _)| parameter(&squeeze(name)).is_none()) {
        Some((name, _)) => Err(ConfigError(named("Unknown parameter \"", name, "\""))),
        None => Ok(()),
    }
}

impl Config {
    /// Reads `path`; `overrides` are the `--dparam` settings.
    ///
    /// # Errors
    /// A file that cannot be read or breaks the grammar.
    pub fn load(path: &Path, overrides: &[Override]) -> Result<Config, ConfigError> {
        Config::load_part(path, overrides, false)
    }

    /// The same for what stands before the first section header of any kind, which is all that a listener needs: a
    /// mistake in a module must not keep the others from being served.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_globals(path: &Path, overrides: &[Override]) -> Result<Config, ConfigError> {
        Config::load_part(path, overrides, true)
    }

    fn load_part(
        path: &Path,
        overrides: &[Override],
        globals_only: bool,
    ) -> Result<Config, ConfigError> {
        known(overrides)?;
        let key = |(name, value): &Override| (squeeze(name), value.clone());
        let config = Config { overrides: overrides.iter().map(key).collect(), ..Config::default() };
        let text = parse::read(path).map_err(|e| unreadable(path, &e))?;
        parse::parse(config, &text, globals_only)
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
                let text = matches!(
                    parameter(key),
                    Some((Scope::Module | Scope::Later, Kind::Text | Kind::Path))
                );
                if text && !module.section.values.contains_key(key) {
                    module.section.values.insert(key, value.clone());
                }
            }
            module
        })
    }

    /// The module of exactly this name.
    pub fn module(&self, name: &[u8]) -> Option<ModuleConfig> {
        self.modules().find(|module| module.name == name)
    }
}

impl ModuleConfig {
    /// Its values.
    pub fn values(&self) -> &Section {
        &self.section
    }

    /// Defines a variable for `%VAR%` in its values.
    pub fn set_variable(&mut self, name: &'static str, value: impl Into<Vec<u8>>) {
        self.section.variables.insert(name, value.into());
    }

    /// A parameter that this version does not support, if the module sets one to something.
    pub fn unsupported(&self) -> Option<&'static str> {
        let set = |key: &&str| {
            let later = matches!(parameter(key), Some((Scope::Later, _)));
            let on = match parameter(key) {
                Some((_, Kind::Bool | Kind::Bool3)) => self.section.flag(key) == Some(true),
                _ => self.section.text(key).is_some_and(|text| !text.is_empty()),
            };
            later && on
        };
        self.section.values.keys().find(|key| set(key)).copied()
    }
}

fn unreadable(path: &Path, e: &io::Error) -> ConfigError {
    ConfigError(named("", path.as_os_str().as_bytes(), &format!(": {}", strerror(e))))
}

/// A name without white space, in lower case.
fn squeezed(name: &[u8]) -> Vec<u8> {
    let kept = name.iter().filter(|b| !b.is_ascii_whitespace());
    kept.map(u8::to_ascii_lowercase).collect()
}

/// The same for what is compared with our own words.
fn squeeze(name: &[u8]) -> String {
    String::from_utf8_lossy(&squeezed(name)).into_owned()
}
