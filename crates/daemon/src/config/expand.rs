//! `%VAR%` in values (rsyncd.conf man page, variable expansion).

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
};

/// An expanded value may be this much longer than its template.
const MAX_EXPANSION: usize = 2048;

/// Replaces `%VAR%` by the variable, if there is one.
pub(super) fn expand(template: &[u8], variables: &BTreeMap<&'static str, Vec<u8>>) -> Vec<u8> {
    let mut out = Vec::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.iter().position(|b| *b == b'%') {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let end = rest[1..].iter().position(|b| *b == b'%').map(|e| e + 1);
        let value = end.filter(|_| rest[1].is_ascii_uppercase()).and_then(|end| {
            let name = OsStr::from_bytes(&rest[1..end]);
            let own = name.to_str().and_then(|name| variables.get(name));
            let own = own.map(|value| OsString::from_vec(value.clone()));
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
pub(super) fn expand_hook(
    template: &[u8],
    variables: &BTreeMap<&'static str, Vec<u8>>,
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
            let own = variables.get(&*name).cloned();
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
