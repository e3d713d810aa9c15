//! From argv to [`Typed`]: what was typed, in order, with nothing decided yet.
//!
//! The rules are popt's as rsync uses it: no abbreviations, a value may stand behind `=` or in the
//! next argument even when that begins with a dash, a letter that takes a value swallows the rest
//! of its cluster, and an error names the whole argument it was found in. An error is kept in place
//! behind the options before it, because `--help` acts as soon as it is reached.
use super::table::{self, Arg, Entry, Opt};

/// The value of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// The option takes none.
    None,
    /// A text.
    Text(Vec<u8>),
    /// A number.
    Int(i32),
}

/// One option as typed.
#[derive(Debug, Clone)]
pub struct Given {
    /// What it is.
    pub entry: &'static Entry,
    /// Which of its long names; `None` for its letter.
    pub spelling: Option<&'static str>,
    /// False for a `--no-` form.
    pub on: bool,
    /// Its value.
    pub value: Value,
}

impl Given {
    /// The name as refusals give it.
    pub fn full_name(&self) -> String {
        match self.spelling {
            Some(name) if name != self.entry.long => format!("--{name}"),
            _ => self.entry.full_name(),
        }
    }

    /// The text value; empty if there is none.
    pub fn text(&self) -> &[u8] {
        match &self.value {
            Value::Text(text) => text,
            _ => b"",
        }
    }
    /// The number; 0 if there is none.
    pub fn int(&self) -> i32 {
        match self.value {
            Value::Int(n) => n,
            _ => 0,
        }
    }
}

/// An argument that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// The whole argument.
    pub arg: Vec<u8>,
    /// rsync's words.
    pub reason: &'static str,
}

/// A command line, read.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// The options in order.
    pub options: Vec<Given>,
    /// What is not an option, in order.
    pub operands: Vec<Vec<u8>>,
    /// Where in argv the operands stood.
    pub operand_at: Vec<usize>,
    /// Why reading stopped, behind `options`.
    pub error: Option<ParseError>,
    /// The number of arguments.
    pub arg_count: usize,
}

impl Typed {
    /// Whether the option was given (and not only in a `--no-` form).
    pub fn has(&self, opt: Opt) -> bool {
        self.options.iter().any(|g| g.entry.opt == opt && g.on)
    }
}

const UNKNOWN: &str = "unknown option";
const MISSING: &str = "missing argument";
const UNWANTED: &str = "option does not take an argument";
const NOT_A_NUMBER: &str = "invalid numeric value";
const RANGE: &str = "number too large or too small";

/// Reads the arguments (without the program's name). With `posix` the first operand ends options.
/// Reading the ordinary table stops behind the first option of the daemon's table.
pub fn parse(table: &'static [Entry], args: &[Vec<u8>], posix: bool) -> Typed {
    let mut typed = Typed { arg_count: args.len(), ..Typed::default() };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let at = args.len() - rest.len() - 1;
        let result = match arg.as_slice() {
            b"--" => {
                typed.operand_at.extend(at + 1..args.len());
                typed.operands.extend(rest.by_ref().cloned());
                break;
            }
            [b'-', b'-', long @ ..] => parse_long(table, arg, long, &mut rest, &mut typed.options),
            [b'-', cluster @ ..] if !cluster.is_empty() => {
                parse_cluster(table, arg, cluster, &mut rest, &mut typed.options)
            }
            _ => {
                typed.operand_at.push(at);
                typed.operands.push(arg.clone());
                if posix {
                    typed.operand_at.extend(at + 1..args.len());
                    typed.operands.extend(rest.by_ref().cloned());
                }
                continue;
            }
        };
        if let Err(error) = result {
            typed.error = Some(error);
            break;
        }
        let restarts = |g: &Given| g.entry.opt == Opt::DaemonMode;
        if std::ptr::eq(table, table::OPTIONS) && typed.options.last().is_some_and(restarts) {
            break;
        }
    }
    typed
}

type Rest<'a> = std::slice::Iter<'a, Vec<u8>>;

fn parse_long(
    table: &'static [Entry],
    arg: &[u8],
    long: &[u8],
    rest: &mut Rest<'_>,
    out: &mut Vec<Given>,
) -> Result<(), ParseError> {
    let equals = long.iter().position(|&b| b == b'=');
    let (name, inline) = match equals {
        Some(at) => (&long[..at], Some(&long[at + 1..])),
        None => (long, None),
    };
    let err = |reason| ParseError { arg: arg.to_vec(), reason };
    let (entry, name, on) = table::find_long(table, name).ok_or_else(|| err(UNKNOWN))?;
    let spelling = Some(name);
    if !on || entry.arg == Arg::None {
        if inline.is_some() {
            return Err(err(UNWANTED));
        }
        out.push(Given { entry, spelling, on, value: Value::None });
        return Ok(());
    }
    let (text, element) = match inline {
        Some(text) => (text, arg),
        None if matches!(entry.arg, Arg::Optional(_)) => {
            out.push(Given { entry, spelling, on, value: Value::None });
            return Ok(());
        }
        None => {
            let next = rest.next().ok_or_else(|| err(MISSING))?.as_slice();
            (next, next)
        }
    };
    out.push(Given { entry, spelling, on, value: value_of(entry, text, element)? });
    Ok(())
}

fn parse_cluster(
    table: &'static [Entry],
    arg: &[u8],
    cluster: &[u8],
    rest: &mut Rest<'_>,
    out: &mut Vec<Given>,
) -> Result<(), ParseError> {
    let err = |reason| ParseError { arg: arg.to_vec(), reason };
    for (at, &letter) in cluster.iter().enumerate() {
        let entry = table::find_short(table, letter).ok_or_else(|| err(UNKNOWN))?;
        let tail = &cluster[at + 1..];
        if entry.arg == Arg::None {
            if tail.first() == Some(&b'=') {
                return Err(err(UNWANTED));
            }
            out.push(Given { entry, spelling: None, on: true, value: Value::None });
            continue;
        }
        let (text, element) = match tail {
            [] => {
                let next = rest.next().ok_or_else(|| err(MISSING))?.as_slice();
                (next, next)
            }
            [b'=', text @ ..] => (text, arg),
            text => (text, arg),
        };
        let value = value_of(entry, text, element)?;
        out.push(Given { entry, spelling: None, on: true, value });
        return Ok(());
    }
    Ok(())
}

fn value_of(entry: &Entry, text: &[u8], element: &[u8]) -> Result<Value, ParseError> {
    match entry.arg {
        Arg::None => Ok(Value::None),
        Arg::Text(_) | Arg::Optional(_) => Ok(Value::Text(text.to_vec())),
        Arg::Int(_) => match parse_int(text) {
            Ok(n) => Ok(Value::Int(n)),
            Err(reason) => Err(ParseError { arg: element.to_vec(), reason }),
        },
    }
}

/// A number as C's `strtoll` with base 0 reads it, all of it; empty is 0.
fn parse_int(text: &[u8]) -> Result<i32, &'static str> {
    if text.is_empty() {
        return Ok(0);
    }
    let blank = |b: &u8| matches!(b, b' ' | b'\t'..=b'\r');
    let mut digits = &text[text.iter().take_while(|b| blank(b)).count()..];
    let mut negative = false;
    if let [sign @ (b'-' | b'+'), tail @ ..] = digits {
        negative = *sign == b'-';
        digits = tail;
    }
    let base = match digits {
        [b'0', b'x' | b'X', tail @ ..] if tail.first().is_some_and(u8::is_ascii_hexdigit) => {
            digits = tail;
            16
        }
        [b'0', ..] => 8,
        _ => 10,
    };
    if digits.is_empty() {
        return Err(NOT_A_NUMBER);
    }
    let mut n: i64 = 0;
    let mut overflow = false;
    for &b in digits {
        let digit = (b as char).to_digit(base).ok_or(NOT_A_NUMBER)?;
        match n.checked_mul(base.into()).and_then(|n| n.checked_add(digit.into())) {
            Some(next) => n = next,
            None => overflow = true,
        }
    }
    let n = if negative { -n } else { n };
    if overflow { Err(RANGE) } else { i32::try_from(n).map_err(|_| RANGE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lex(args: &[&str]) -> Typed {
        let args: Vec<Vec<u8>> = args.iter().map(|a| a.as_bytes().to_vec()).collect();
        parse(table::OPTIONS, &args, false)
    }
    fn error(args: &[&str]) -> (String, &'static str) {
        let e = lex(args).error.expect("an error");
        (String::from_utf8(e.arg).expect("text"), e.reason)
    }

    #[test]
    fn errors_name_the_whole_argument() {
        assert_eq!(error(&["--recurs"]), ("--recurs".into(), UNKNOWN));
        assert_eq!(error(&["-aQ"]), ("-aQ".into(), UNKNOWN));
        assert_eq!(error(&["-aP5"]), ("-aP5".into(), UNKNOWN));
        assert_eq!(error(&["-P=3"]), ("-P=3".into(), UNWANTED));
        assert_eq!(error(&["--delete=yes"]), ("--delete=yes".into(), UNWANTED));
        assert_eq!(error(&["--no-whole-file=3"]), ("--no-whole-file=3".into(), UNWANTED));
        assert_eq!(error(&["--timeout"]), ("--timeout".into(), MISSING));
        assert_eq!(error(&["-aB"]), ("-aB".into(), MISSING));
        assert_eq!(error(&["--timeout=5k"]), ("--timeout=5k".into(), NOT_A_NUMBER));
        assert_eq!(error(&["--timeout", "5k"]), ("5k".into(), NOT_A_NUMBER));
        assert_eq!(error(&["--timeout=99999999999"]), ("--timeout=99999999999".into(), RANGE));
    }

    #[test]
    fn values_and_operands() {
        let t = lex(&["a", "-nB=700", "--exclude", "--x", "-", "--suffix=", "--", "-v"]);
        assert!(t.error.is_none());
        let values: Vec<_> = t.options.iter().map(|g| g.value.clone()).collect();
        let text = |s: &str| Value::Text(s.into());
        assert_eq!(values, [Value::None, text("700"), text("--x"), text("")]);
        assert_eq!(t.operands, [b"a".to_vec(), b"-".to_vec(), b"-v".to_vec()]);
    }

    #[test]
    fn posix_order_ends_options_at_an_operand() {
        let args = [b"-v".to_vec(), b"a".to_vec(), b"-r".to_vec()];
        let t = parse(table::OPTIONS, &args, true);
        assert_eq!(t.options.len(), 1);
        assert_eq!(t.operands, args[1..]);
    }

    #[test]
    fn numbers_are_strtoll_s() {
        let ok =
            [("", 0), ("0x10", 16), ("010", 8), (" +5", 5), ("-0", 0), ("-2147483648", i32::MIN)];
        for (text, n) in ok {
            assert_eq!(parse_int(text.as_bytes()), Ok(n), "{text:?}");
        }
        for text in [" ", "-", "0x", "08", "5 ", "1e3", "x"] {
            assert_eq!(parse_int(text.as_bytes()), Err(NOT_A_NUMBER), "{text:?}");
        }
        for text in ["2147483648", "-2147483649", "99999999999999999999999"] {
            assert_eq!(parse_int(text.as_bytes()), Err(RANGE), "{text:?}");
        }
    }

    #[test]
    fn a_daemon_option_ends_reading() {
        let t = lex(&["-v", "--daemon", "--nonsense"]);
        assert!(t.error.is_none());
        assert!(t.has(Opt::DaemonMode));
    }
}
