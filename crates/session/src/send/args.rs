//! Splitting source arguments and files-from names (man page, --relative).

use crate::{Error, ExitCode};

/// What kind of thing an argument's spelling asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArgKind {
    /// A name.
    Normal,
    /// The contents of a directory, as `.`.
    DotDir,
    /// A directory that is to be entered (`--relative` only).
    SlashEnding,
}

/// A split argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arg {
    /// The directory to start from; empty for the current one.
    pub dir: Vec<u8>,
    /// The transfer name, with a leading slash only under `--relative`.
    pub name: Vec<u8>,
    pub kind: ArgKind,
    /// It began with `./`, which asks for an entry of `.` itself (`--relative`).
    pub dot_entry: bool,
}

fn ends_in_component(path: &[u8], part: &[u8]) -> bool {
    path.strip_suffix(part).is_some_and(|rest| rest.is_empty() || rest.ends_with(b"/"))
}

/// Splits one argument.
pub(super) fn split(arg: &[u8], relative: bool) -> Result<Arg, Error> {
    if relative { split_relative(arg) } else { Ok(split_plain(arg)) }
}

fn split_plain(arg: &[u8]) -> Arg {
    let mut path = arg.to_vec();
    let mut kind = ArgKind::Normal;
    if path.is_empty() || path.ends_with(b"/") {
        if path == b"./" {
            path.pop();
        } else {
            path.push(b'.');
        }
        kind = ArgKind::DotDir;
    } else if ends_in_component(&path, b"..") {
        path.extend_from_slice(b"/.");
        kind = ArgKind::DotDir;
    } else if ends_in_component(&path, b".") {
        kind = ArgKind::DotDir;
    }
    let (dir, name) = match path.iter().rposition(|&b| b == b'/') {
        Some(0) => (b"/".to_vec(), path[1..].to_vec()),
        Some(i) => (path[..i].to_vec(), path[i + 1..].to_vec()),
        None => (Vec::new(), path),
    };
    Arg { dir, name, kind, dot_entry: false }
}

fn split_relative(arg: &[u8]) -> Result<Arg, Error> {
    let (dir, rest) = match arg.windows(3).position(|w| w == b"/./") {
        Some(0) => (b"/".to_vec(), &arg[3..]),
        Some(i) => (arg[..i].to_vec(), &arg[i + 3..]),
        None => (Vec::new(), arg),
    };
    let split = arg.len() != rest.len();
    let mut rest = rest;
    while split && let [b'/', more @ ..] = rest {
        rest = more;
    }
    let absolute = rest.starts_with(b"/");
    let dir = if absolute { b"/".to_vec() } else { dir };
    let slash_ending = rest.ends_with(b"/") || ends_in_component(rest, b".");
    let parts: Vec<&[u8]> =
        rest.split(|&b| b == b'/').filter(|p| !p.is_empty() && *p != b".").collect();
    if parts.iter().any(|p| *p == b"..") {
        let mut text = b"found \"..\" dir in relative path: ".to_vec();
        let end = rest.iter().rposition(|b| *b != b'/').map_or(0, |last| last + 1);
        text.extend_from_slice(&rest[..end]);
        return Err(Error::fatal(ExitCode::SYNTAX, text));
    }
    let mut name = if absolute { b"/".to_vec() } else { Vec::new() };
    if parts.is_empty() {
        name.push(b'.');
        return Ok(Arg { dir, name, kind: ArgKind::DotDir, dot_entry: false });
    }
    name.extend_from_slice(&parts.join(&b'/'));
    let kind = if slash_ending { ArgKind::SlashEnding } else { ArgKind::Normal };
    Ok(Arg { dir, name, kind, dot_entry: rest.starts_with(b"./") })
}

/// A files-from name, kept below the source directory: no leading slash, `..` resolved without
/// leaving it, repeated slashes and (unless `--relative`) `.` components dropped; a trailing slash
/// stays, and takes the place of a last component that goes.
pub(super) fn sanitize(name: &[u8], keep_dots: bool) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in name.split(|&b| b == b'/') {
        match part {
            b"" => {}
            b"." if !keep_dots => {}
            b".." => while parts.pop().is_some_and(|p| p == b".") {},
            _ => parts.push(part),
        }
    }
    let mut out = parts.join(&b'/');
    let dropped = ends_in_component(name, b"..") || (!keep_dots && ends_in_component(name, b"."));
    if name.ends_with(b"/") || dropped || out.is_empty() {
        out.extend_from_slice(if out.is_empty() { b"." } else { b"/" });
    }
    out
}

/// The name of a fuzzy basis as it is echoed: no leading slash, `..` resolved without leaving the
/// root.
pub(super) fn sanitize_xname(name: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in name.split(|&b| b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join(&b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(arg: &str, relative: bool) -> (String, String, ArgKind) {
        let a = split(arg.as_bytes(), relative).expect("legal");
        let text = |b: Vec<u8>| String::from_utf8(b).expect("ASCII");
        (text(a.dir), text(a.name), a.kind)
    }

    #[test]
    fn plain_arguments() {
        use ArgKind::*;
        let cases = [
            ("a/b", "a", "b", Normal),
            ("a/b/", "a/b", ".", DotDir),
            ("a", "", "a", Normal),
            ("", "", ".", DotDir),
            (".", "", ".", DotDir),
            ("./", "", ".", DotDir),
            ("/", "/", ".", DotDir),
            ("/a", "/", "a", Normal),
            ("a/.", "a", ".", DotDir),
            ("..", "..", ".", DotDir),
            ("a/..", "a/..", ".", DotDir),
            ("a..", "", "a..", Normal),
            ("a/x.", "a", "x.", Normal),
        ];
        for (arg, dir, name, kind) in cases {
            assert_eq!(show(arg, false), (dir.into(), name.into(), kind), "{arg}");
        }
    }

    #[test]
    fn relative_arguments() {
        use ArgKind::*;
        let cases = [
            ("a/b/c", "", "a/b/c", Normal),
            ("a/./b/c/", "a", "b/c", SlashEnding),
            ("/./x", "/", "x", Normal),
            ("a/.//b", "a", "b", Normal),
            ("/x//y", "/", "/x/y", Normal),
            ("/", "/", "/.", DotDir),
            (".", "", ".", DotDir),
            ("./", "", ".", DotDir),
            ("a/./", "a", ".", DotDir),
            ("a/b/.", "", "a/b", SlashEnding),
            ("./a/./b", "./a", "b", Normal),
        ];
        for (arg, dir, name, kind) in cases {
            assert_eq!(show(arg, true), (dir.into(), name.into(), kind), "{arg}");
        }
        assert!(split(b"./a/b", true).expect("legal").dot_entry);
        assert!(!split(b"./", true).expect("legal").dot_entry);
        assert!(!split(b"x/./a", true).expect("legal").dot_entry);
        let Err(Error::Fatal { code, text }) = split(b"a/../b", true) else { panic!("accepted") };
        assert_eq!((code.0, &text[..]), (1, &b"found \"..\" dir in relative path: a/../b"[..]));
    }

    #[test]
    fn names_stay_below_the_source() {
        let cases = [
            ("../top", "top"),
            ("/a//b/", "a/b/"),
            ("a/../../b", "b"),
            ("/", "."),
            ("", "."),
            ("a/./b", "a/./b"),
            ("./a", "./a"),
        ];
        for (name, want) in cases {
            assert_eq!(sanitize(name.as_bytes(), true), want.as_bytes(), "{name}");
        }
        assert_eq!(sanitize(b"a/./b/.", false), b"a/b/");
        assert_eq!(sanitize_xname(b"../xx"), b"xx");
        assert_eq!(sanitize_xname(b"/a/../../b/./c"), b"b/c");
    }
}
