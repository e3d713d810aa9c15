//! The C library's charset converter, `iconv(3)`, behind a safe handle.
//!
//! A handle is opened once and kept, because a daemon opens it before it changes its root directory, from where the
//! library would not find its tables again. Names of charsets, their aliases and what cannot be converted are those of
//! the system, as in every other program on it.

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    io, ptr,
};

#[cfg_attr(target_vendor = "apple", link(name = "iconv"))]
unsafe extern "C" {
    fn iconv_open(to: *const c_char, from: *const c_char) -> *mut c_void;
    fn iconv(
        cd: *mut c_void,
        input: *mut *mut c_char,
        input_left: *mut usize,
        output: *mut *mut c_char,
        output_left: *mut usize,
    ) -> usize;
    fn iconv_close(cd: *mut c_void) -> c_int;
    fn newlocale(mask: c_int, name: *const c_char, base: *mut c_void) -> *mut c_void;
    fn freelocale(locale: *mut c_void);
    fn nl_langinfo_l(item: libc::nl_item, locale: *mut c_void) -> *mut c_char;
}

/// The charset of the user's locale, as the environment names it; that of the C locale if there is no such locale.
pub fn locale_charset() -> String {
    // SAFETY: both names are C strings; a null base asks for a new locale, which is freed below and used by nobody else. The
    // text that it gives out is a C string that lives as long as the locale, and is copied before.
    unsafe {
        let mut locale = newlocale(libc::LC_CTYPE_MASK, c"".as_ptr(), ptr::null_mut());
        if locale.is_null() {
            locale = newlocale(libc::LC_CTYPE_MASK, c"C".as_ptr(), ptr::null_mut());
        }
        if locale.is_null() {
            return "US-ASCII".into();
        }
        let text = nl_langinfo_l(libc::CODESET, locale);
        let name = match text.is_null() {
            true => String::new(),
            false => CStr::from_ptr(text).to_string_lossy().into_owned(),
        };
        freelocale(locale);
        name
    }
}

/// A conversion from one charset to another.
#[derive(Debug)]
pub struct Iconv {
    cd: *mut c_void,
    /// The user asked for substitutes (`//TRANSLIT`).
    substitutes: bool,
}

// SAFETY: a descriptor holds nothing of the thread that opened it; POSIX only forbids that two threads use it at a time,
// which `&mut self` rules out.
unsafe impl Send for Iconv {}

/// Why and where a conversion stopped.
#[derive(Debug)]
pub struct Stopped {
    /// Bytes of the input that were converted.
    pub at: usize,
    /// EILSEQ for what is no character or has none to become, EINVAL for the beginning of one at the end, E2BIG for more
    /// output than was allowed.
    pub reason: io::Error,
}

/// The error of what has no counterpart in the other charset.
pub fn unconvertible() -> io::Error {
    io::Error::from_raw_os_error(libc::EILSEQ)
}

impl Iconv {
    /// Opens a conversion.
    ///
    /// # Errors
    /// EINVAL for charsets that the system does not know.
    pub fn open(to: &[u8], from: &[u8]) -> io::Result<Iconv> {
        let c_string = |name| CString::new(name).map_err(|_| io::ErrorKind::InvalidInput);
        let (to_name, from_name) = (c_string(to)?, c_string(from)?);
        // SAFETY: both are C strings, which the call only reads.
        let cd = unsafe { iconv_open(to_name.as_ptr(), from_name.as_ptr()) };
        if cd.addr() == usize::MAX {
            return Err(io::Error::last_os_error());
        }
        let substitutes = to.windows(2).any(|pair| pair == b"//");
        Ok(Iconv { cd, substitutes })
    }

    /// Appends the whole input, converted, to `out`: at most `limit` bytes.
    ///
    /// # Errors
    /// The first byte that cannot be converted; what stands before it has been appended.
    pub fn convert(
        &mut self,
        input: &[u8],
        limit: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), Stopped> {
        let end = out.len().saturating_add(limit);
        self.reset();
        let mut at = 0;
        loop {
            let part = &input[at..];
            // A call without input writes what leads back to the initial state.
            let last = part.is_empty();
            let start = out.len();
            let room = (part.len() * 2 + 16).min(end - start);
            out.resize(start + room, 0);
            let step = self.step((!last).then_some(part), &mut out[start..]);
            out.truncate(start + step.written);
            match step.result {
                Ok(n) if n == 0 || self.substitutes => {}
                // Some libraries put a substitute of their own where there is no such character.
                Ok(_) => return Err(Stopped { at, reason: unconvertible() }),
                Err(e) if e.raw_os_error() == Some(libc::E2BIG) && step.written > 0 => {
                    at += step.read;
                    continue;
                }
                Err(reason) => return Err(Stopped { at: at + step.read, reason }),
            }
            if last {
                return Ok(());
            }
            at += step.read;
        }
    }

    /// Back to the initial state, whatever was converted before.
    fn reset(&mut self) {
        let none = ptr::null_mut();
        // SAFETY: the descriptor is open, and `&mut self` keeps others from it; without buffers nothing else is touched.
        unsafe { iconv(self.cd, none, ptr::null_mut(), none, ptr::null_mut()) };
    }

    fn step(&mut self, input: Option<&[u8]>, output: &mut [u8]) -> Step {
        let (mut from, mut from_left) = match input {
            Some(input) => (input.as_ptr().cast_mut().cast(), input.len()),
            None => (ptr::null_mut(), 0),
        };
        let (mut to, mut to_left) = (output.as_mut_ptr().cast(), output.len());
        // SAFETY: the descriptor is open, and `&mut self` keeps others from it. The pointers and lengths are those of the two
        // slices, which outlive the call; it reads the first (whose `char *` is historical) and writes the second, and moves
        // pointers and lengths no further than that. A null input asks for the end of a conversion.
        let changed = unsafe { iconv(self.cd, &mut from, &mut from_left, &mut to, &mut to_left) };
        let result = match changed {
            usize::MAX => Err(io::Error::last_os_error()),
            n => Ok(n),
        };
        let read = input.map_or(0, |input| input.len() - from_left);
        Step { result, read, written: output.len() - to_left }
    }
}

impl Drop for Iconv {
    fn drop(&mut self) {
        // SAFETY: opened by `open` and closed only here. Closing an open descriptor does not fail.
        unsafe { iconv_close(self.cd) };
    }
}

/// What one call did.
struct Step {
    result: io::Result<usize>,
    read: usize,
    written: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(to: &str, from: &str, input: &[u8]) -> Result<Vec<u8>, (usize, Vec<u8>, Option<i32>)> {
        let mut iconv = Iconv::open(to.as_bytes(), from.as_bytes()).expect("a known charset");
        let mut out = Vec::new();
        match iconv.convert(input, 100, &mut out) {
            Ok(()) => Ok(out),
            Err(stopped) => Err((stopped.at, out, stopped.reason.raw_os_error())),
        }
    }

    #[test]
    fn whole_strings() {
        assert_eq!(all("UTF-8", "latin1", b"a\xe4/\x80"), Ok("a\u{e4}/\u{80}".into()));
        assert_eq!(all("latin1", "UTF-8", "ö".as_bytes()), Ok(b"\xf6".into()));
        assert_eq!(all("UTF-8", "UTF-8", b""), Ok(Vec::new()));
    }

    #[test]
    fn where_it_stops() {
        let wrong = Err((1, b"a".to_vec(), Some(libc::EILSEQ)));
        assert_eq!(all("UTF-8", "UTF-8", b"a\xffb"), wrong);
        assert_eq!(all("latin1", "UTF-8", "a€b".as_bytes()), wrong);
        assert_eq!(all("UTF-8", "UTF-8", b"a\xc3"), Err((1, b"a".to_vec(), Some(libc::EINVAL))));
    }

    #[test]
    fn no_more_than_allowed() {
        let mut iconv = Iconv::open(b"UTF-8", b"latin1").expect("known");
        for limit in 0..5 {
            let mut out = b"before".to_vec();
            let stopped = iconv.convert(b"\xe4a\xe4", limit, &mut out).expect_err("five bytes");
            assert_eq!(stopped.reason.raw_os_error(), Some(libc::E2BIG));
            assert!(out.len() - 6 <= limit && stopped.at <= 2, "{limit}: {stopped:?}");
        }
        let mut out = Vec::new();
        iconv.convert(&[0xe4; 1000], 2000, &mut out).expect("exactly fits");
        assert_eq!(out.len(), 2000);
    }

    #[test]
    fn unknown_charsets() {
        for name in [&b"nosuch"[..], b"a\0b"] {
            assert!(Iconv::open(b"UTF-8", name).is_err());
        }
    }

    #[test]
    fn the_locale_has_a_charset() {
        assert!(!locale_charset().is_empty());
    }
}
