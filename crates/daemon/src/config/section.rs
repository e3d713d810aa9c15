//! Values, interpreted when they are asked for.

use super::{
    expand::{expand, expand_hook},
    squeeze,
};
use std::{collections::BTreeMap, ffi::OsStr, os::unix::ffi::OsStrExt, path::PathBuf};

/// One section's values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    pub(super) values: BTreeMap<&'static str, Vec<u8>>,
    /// Variables of the connection, which `%VAR%` prefers to those of the environment.
    pub(super) variables: BTreeMap<&'static str, Vec<u8>>,
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
pub(super) fn boolean(value: &[u8]) -> Option<Option<bool>> {
    match squeeze(value).as_str() {
        "yes" | "true" | "1" => Some(Some(true)),
        "no" | "false" | "0" => Some(Some(false)),
        "unset" | "-1" => Some(None),
        _ => None,
    }
}

pub(super) fn atoi(value: &[u8]) -> i64 {
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
