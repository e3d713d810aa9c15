//! `--iconv`: names are UTF-8 on the wire, and each side converts from and to the charset of its own.
//!
//! What converts is the system's `iconv`; only the decomposed UTF-8 of a Mac is our own where the system does not know it. A
//! name is converted component by component and checked: a conversion never makes a slash, or a name that means a directory.

use crate::{
    Error, ExitCode, Settings,
    log::{Role, named},
};
use fast_io::iconv::{self, Iconv};
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use unicode_normalization::UnicodeNormalization;
use wire::limits::MAX_PATH;

/// The charset of a side's names, and how it becomes UTF-8 and back.
#[derive(Debug)]
pub struct Charset {
    name: Vec<u8>,
    /// Printable ASCII is the same in both.
    keeps_ascii: bool,
    to_wire: Mutex<Converter>,
    from_wire: Mutex<Converter>,
}

/// A part of a text that was converted as far as possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Converted.
    Converted(&'a [u8]),
    /// A byte that is no (part of a) character, or has none to become.
    Alien(u8),
}

impl Charset {
    /// What a side's options ask for; `None` without `--iconv`.
    ///
    /// # Errors
    /// Code 4 for a charset that the system does not know.
    pub fn of(settings: &Settings) -> Result<Option<Arc<Charset>>, Error> {
        let Some(spec) = &settings.iconv else { return Ok(None) };
        let mut sides = spec.splitn(2, |b| *b == b',');
        let own = if settings.am_server { sides.last() } else { sides.next() };
        Charset::open(own.unwrap_or_default()).map(|charset| Some(Arc::new(charset)))
    }

    /// A charset by its name; `.` and nothing stand for the locale's.
    ///
    /// # Errors
    /// Code 4 for a charset that the system does not know.
    pub fn open(name: &[u8]) -> Result<Charset, Error> {
        let name = match name {
            b"" | b"." => iconv::locale_charset().into_bytes(),
            name => name.to_vec(),
        };
        let open = || {
            let pair = (Iconv::open(b"UTF-8", &name), Iconv::open(&name, b"UTF-8"));
            if let (Ok(to_wire), Ok(from_wire)) = pair {
                return Ok((
                    Converter::new(to_wire, Form::AsIs),
                    Converter::new(from_wire, Form::AsIs),
                ));
            }
            if ![&b"UTF-8-MAC"[..], b"UTF8-MAC"].iter().any(|mac| name.eq_ignore_ascii_case(mac)) {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            let utf8 = || Iconv::open(b"UTF-8", b"UTF-8");
            Ok((Converter::new(utf8()?, Form::Composed), Converter::new(utf8()?, Form::Decomposed)))
        };
        let (to_wire, from_wire) = open().map_err(|_: io::Error| {
            let text = named("iconv_open(\"UTF-8\", \"", &name, "\") failed");
            Error::fatal(ExitCode::UNSUPPORTED, text)
        })?;
        let (to_wire, from_wire) = (Mutex::new(to_wire), Mutex::new(from_wire));
        let mut charset = Charset { name, keeps_ascii: false, to_wire, from_wire };
        let ascii: Vec<u8> = (b' '..=b'~').collect();
        charset.keeps_ascii = [&charset.to_wire, &charset.from_wire]
            .into_iter()
            .all(|way| lock(way).all(&ascii, MAX_PATH).is_ok_and(|same| same == ascii));
        Ok(charset)
    }

    /// What `--debug=ICONV` says of a side.
    pub fn debug_line(&self, role: Role) -> Vec<u8> {
        named(&format!("[{}] charset: ", role.name()), &self.name, "")
    }

    /// A name of the file system as it travels.
    ///
    /// # Errors
    /// A name that has no counterpart.
    pub fn name_to_wire(&self, name: &[u8]) -> io::Result<Vec<u8>> {
        self.name(name, &self.to_wire)
    }

    /// A name from the peer as it is used here. It is as safe as it was before, and as long as a path may be.
    ///
    /// # Errors
    /// A name that has no counterpart.
    pub fn name_from_wire(&self, name: &[u8]) -> io::Result<Vec<u8>> {
        self.name(name, &self.from_wire)
    }

    /// A symlink's target as it travels.
    ///
    /// # Errors
    /// A target that has no counterpart.
    pub fn target_to_wire(&self, target: &[u8]) -> io::Result<Vec<u8>> {
        self.whole(target, MAX_PATH - 1, &self.to_wire)
    }

    /// A symlink's target from the peer as it is used here.
    ///
    /// # Errors
    /// A target that has no counterpart, or one of more than twice its length.
    pub fn target_from_wire(&self, target: &[u8]) -> io::Result<Vec<u8>> {
        self.whole(target, (2 * target.len()).min(MAX_PATH - 1), &self.from_wire)
    }

    /// A text as it travels; what cannot be converted stays as it is.
    pub fn text_to_wire(&self, text: &[u8]) -> Vec<u8> {
        joined(text, &self.to_wire)
    }

    /// A text from the peer as it is used here; what cannot be converted stays as it is.
    pub fn text_from_wire(&self, text: &[u8]) -> Vec<u8> {
        joined(text, &self.from_wire)
    }

    /// A text from the peer, piece by piece.
    pub fn pieces_from_wire(&self, text: &[u8], each: impl FnMut(Piece<'_>)) {
        lock(&self.from_wire).pieces(text, each);
    }

    fn name(&self, name: &[u8], way: &Mutex<Converter>) -> io::Result<Vec<u8>> {
        if self.keeps_ascii && name.iter().all(|b| (b' '..=b'~').contains(b)) {
            return Ok(name.to_vec());
        }
        let mut way = lock(way);
        let mut out = Vec::with_capacity(name.len() * 2);
        for (i, part) in name.split(|b| *b == b'/').enumerate() {
            if i > 0 {
                out.push(b'/');
            }
            let start = out.len();
            out.extend(way.all(part, (MAX_PATH - 1).saturating_sub(start))?);
            let new = &out[start..];
            let special = |part: &[u8]| matches!(part, b"" | b"." | b"..");
            if new.contains(&b'/') || new.contains(&0) || (special(new) && new != part) {
                return Err(iconv::unconvertible());
            }
        }
        Ok(out)
    }

    fn whole(&self, text: &[u8], limit: usize, way: &Mutex<Converter>) -> io::Result<Vec<u8>> {
        let out = lock(way).all(text, limit)?;
        match out.is_empty() || out.contains(&0) {
            true => Err(iconv::unconvertible()),
            false => Ok(out),
        }
    }
}

fn joined(text: &[u8], way: &Mutex<Converter>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    lock(way).pieces(text, |piece| match piece {
        Piece::Converted(part) => out.extend_from_slice(part),
        Piece::Alien(byte) => out.push(byte),
    });
    out
}

fn lock(way: &Mutex<Converter>) -> MutexGuard<'_, Converter> {
    way.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How accents are written in UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    AsIs,
    /// With their letters, as nearly everybody does.
    Composed,
    /// Behind their letters, as the file systems of a Mac do.
    Decomposed,
}

#[derive(Debug)]
struct Converter {
    iconv: Iconv,
    form: Form,
}

impl Converter {
    fn new(iconv: Iconv, form: Form) -> Converter {
        Converter { iconv, form }
    }

    /// The whole text.
    fn all(&mut self, text: &[u8], limit: usize) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        self.iconv.convert(text, limit, &mut out).map_err(|stopped| stopped.reason)?;
        let out = self.formed(out);
        match out.len() > limit {
            true => Err(iconv::unconvertible()),
            false => Ok(out),
        }
    }

    fn pieces(&mut self, mut text: &[u8], mut each: impl FnMut(Piece<'_>)) {
        loop {
            let mut out = Vec::new();
            // A conversion makes at most a few bytes of each, and a text from the peer is short.
            let ended = self.iconv.convert(text, usize::MAX, &mut out);
            let out = self.formed(out);
            if !out.is_empty() {
                each(Piece::Converted(&out));
            }
            let Err(stopped) = ended else { return };
            let Some((&byte, rest)) = text.get(stopped.at..).and_then(<[u8]>::split_first) else {
                return;
            };
            each(Piece::Alien(byte));
            text = rest;
        }
    }

    fn formed(&self, text: Vec<u8>) -> Vec<u8> {
        if self.form == Form::AsIs || text.is_ascii() {
            return text;
        }
        match String::from_utf8(text) {
            Ok(text) => form(&text, self.form).into_bytes(),
            // Not possible behind a conversion to UTF-8.
            Err(e) => e.into_bytes(),
        }
    }
}

/// Composes or decomposes, but for the characters that the file systems of a Mac leave alone.
fn form(text: &str, form: Form) -> String {
    let kept = |c: char| matches!(c, '\u{2000}'..='\u{2fff}' | '\u{f900}'..='\u{faff}' | '\u{2f800}'..='\u{2faff}');
    let mut out = String::with_capacity(text.len());
    for part in text.split_inclusive(kept) {
        let (part, last) = match part.chars().next_back().filter(|c| kept(*c)) {
            Some(last) => (&part[..part.len() - last.len_utf8()], Some(last)),
            None => (part, None),
        };
        match form {
            Form::AsIs => out.push_str(part),
            Form::Composed => out.extend(part.nfc()),
            Form::Decomposed => out.extend(part.nfd()),
        }
        out.extend(last);
    }
    out
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn open(name: &str) -> Charset {
        Charset::open(name.as_bytes()).expect("a known charset")
    }

    #[test]
    fn names_go_both_ways() {
        for (charset, name, wire) in [
            ("latin1", &b"d\xe4/\xf6.txt"[..], "dä/ö.txt"),
            ("ISO-8859-1", b"\x80", "\u{80}"),
            ("iso-8859-15", b"\xa4", "€"),
            ("utf8", "/a/ä".as_bytes(), "/a/ä"),
            ("EUC-JP", b"\xa1\xc1/x", "〜/x"),
            ("UTF-8-MAC", "a\u{308}/A\u{30a}".as_bytes(), "ä/Å"),
            ("utf8-mac", "\u{f900}\u{212b}e\u{301}".as_bytes(), "\u{f900}\u{212b}é"),
        ] {
            let charset = open(charset);
            assert_eq!(charset.name_to_wire(name).expect("convertible"), wire.as_bytes());
            assert_eq!(charset.name_from_wire(wire.as_bytes()).expect("convertible"), name);
        }
    }

    #[test]
    fn what_cannot_be_converted() {
        let latin1 = open("latin1");
        let reason = |e: io::Error| crate::log::reason(&e);
        assert_eq!(
            latin1.name_from_wire("a/€".as_bytes()).map_err(reason),
            Err("Invalid or incomplete multibyte or wide character".into())
        );
        assert_eq!(
            open("utf8").name_to_wire(b"f\xe4").map_err(reason),
            Err("Invalid argument".into())
        );
        assert!(latin1.target_from_wire("€".as_bytes()).is_err());
        let Err(Error::Fatal { code, text }) = Charset::open(b"nosuch") else { panic!("opened") };
        assert_eq!(code, ExitCode::UNSUPPORTED);
        assert_eq!(text, b"iconv_open(\"UTF-8\", \"nosuch\") failed");
    }

    /// Transliteration could make names that mean something else.
    #[test]
    fn a_name_stays_a_name() {
        let ascii = open("ascii//TRANSLIT");
        assert_eq!(ascii.name_from_wire("a\u{2026}".as_bytes()).expect("dots"), b"a...");
        for name in ["\u{2025}", "\u{2024}", "a\u{2215}b", "x/\u{2025}/y"] {
            if let Ok(converted) = ascii.name_from_wire(name.as_bytes()) {
                let parts = |name: &[u8]| name.split(|b| *b == b'/').count();
                assert_eq!(parts(&converted), parts(name.as_bytes()));
                assert!(wire::RelPath::new(&converted).is_some_and(|path| !path.is_root()));
            }
        }
        assert!(open("UTF-16").name_from_wire(b"abc").is_err());
    }

    #[test]
    fn names_have_a_limit() {
        let long = [b"x".repeat(MAX_PATH - 3), b"\xe4".to_vec()].concat();
        let latin1 = open("latin1");
        assert_eq!(latin1.name_to_wire(&long).expect("just fits").len(), MAX_PATH - 1);
        assert!(latin1.name_to_wire(&[&long[..], b"y"].concat()).is_err());
        assert!(latin1.name_to_wire(&[&long[..], b"/y"].concat()).is_err());
    }

    #[test]
    fn texts_keep_what_is_alien() {
        let latin1 = open("latin1");
        assert_eq!(
            latin1.text_from_wire(b"\xc3\xa4\xff\xc3\xa4\xe2\x82\xac\xc3"),
            b"\xe4\xff\xe4\xe2\x82\xac\xc3"
        );
        assert_eq!(open("ascii").text_to_wire(b"a\xffb"), b"a\xffb");
        let mut pieces = Vec::new();
        latin1.pieces_from_wire(b"a\xff", |piece| pieces.push(format!("{piece:?}")));
        assert_eq!(pieces, ["Converted([97])", "Alien(255)"]);
    }
}
