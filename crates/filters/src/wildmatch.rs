//! The glob language of filter rules (man page, PATTERN MATCHING RULES).
//!
//! A pattern is compiled to tokens once and matched many times. Matching is greedy with one
//! remembered position per kind of star, which is exact for this language: between two stars every
//! token takes one byte, so the earliest place a piece fits leaves later stars the most room. A
//! pattern that makes greedy matching retry too often is handed to a table walk whose cost is
//! bounded by pattern length times text length, so no pattern from a peer can burn time.

/// Whether `pattern` matches the whole of `text`.
pub fn wildmatch(pattern: &[u8], text: &[u8]) -> bool {
    Glob::new(pattern).matches(text)
}

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    /// `None`: the pattern is malformed and matches nothing.
    tokens: Option<Box<[Token]>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Byte(u8),
    /// `?`
    Any,
    /// `[...]`: the bytes it accepts; `/` is never among them.
    Set(Box<[u64; 4]>),
    /// `*`
    Star,
    /// `**` and longer runs
    StarStar,
}

impl Token {
    fn accepts(&self, byte: u8) -> bool {
        match self {
            Token::Byte(b) => *b == byte,
            Token::Any => byte != b'/',
            Token::Set(set) => set_has(set, byte),
            Token::Star | Token::StarStar => false,
        }
    }

    fn is_star(&self) -> bool {
        matches!(self, Token::Star | Token::StarStar)
    }
}

impl Glob {
    /// Compiles a pattern.
    pub fn new(pattern: &[u8]) -> Glob {
        Glob { tokens: compile(pattern).map(Vec::into_boxed_slice) }
    }

    /// Whether the pattern matches the whole of `text`.
    pub fn matches(&self, text: &[u8]) -> bool {
        self.run(text, false)
    }

    /// Whether the pattern matches the whole of `text` or any part of it that starts just after a
    /// slash and runs to the end.
    pub fn matches_tail(&self, text: &[u8]) -> bool {
        self.run(text, true)
    }

    fn run(&self, text: &[u8], floating: bool) -> bool {
        let Some(tokens) = &self.tokens else { return false };
        if !tail_fits(tokens, text) {
            return false;
        }
        let budget = 16 * (tokens.len() + text.len());
        match greedy(tokens, text, floating, budget) {
            Some(answer) => answer,
            None => table(tokens, text, floating),
        }
    }
}

/// A cheap refusal: the tokens after the last star must fit the end of the text.
fn tail_fits(tokens: &[Token], text: &[u8]) -> bool {
    let mut bytes = text.iter().rev();
    for token in tokens.iter().rev() {
        if token.is_star() {
            return true;
        }
        match bytes.next() {
            Some(&b) if token.accepts(b) => {}
            _ => return false,
        }
    }
    true
}

/// Greedy matching; `None` when `budget` steps did not settle it.
fn greedy(tokens: &[Token], text: &[u8], floating: bool, mut budget: usize) -> Option<bool> {
    let (mut t, mut s) = (0, 0);
    // Each is (token after the star, text position up to which the star has eaten).
    let mut star: Option<(usize, usize)> = None;
    let mut deep: Option<(usize, usize)> = None;
    // Where the next floating start is looked for; unused once a `**` was reached, since anything
    // a later start can match, that `**` can reach as well.
    let mut start = floating.then_some(0);
    loop {
        budget = budget.checked_sub(1)?;
        match tokens.get(t) {
            Some(Token::StarStar) => {
                t += 1;
                if t == tokens.len() {
                    return Some(true);
                }
                deep = Some((t, s));
                star = None;
                start = None;
                continue;
            }
            Some(Token::Star) => {
                t += 1;
                star = Some((t, s));
                continue;
            }
            Some(token) => {
                if let Some(&b) = text.get(s)
                    && token.accepts(b)
                {
                    t += 1;
                    s += 1;
                    continue;
                }
            }
            None if s == text.len() => return Some(true),
            None => {}
        }
        if let Some((after, eaten)) = star.take()
            && text.get(eaten).is_some_and(|&b| b != b'/')
        {
            star = Some((after, eaten + 1));
            (t, s) = (after, eaten + 1);
        } else if let Some((after, eaten)) = deep {
            if eaten == text.len() {
                return Some(false);
            }
            deep = Some((after, eaten + 1));
            (t, s) = (after, eaten + 1);
        } else {
            let Some(from) = start else { return Some(false) };
            match memchr::memchr(b'/', &text[from..]) {
                Some(at) => {
                    start = Some(from + at + 1);
                    (t, s) = (0, from + at + 1);
                }
                None => return Some(false),
            }
        }
    }
}

/// Walks all alternatives at once: at most `tokens * text` steps.
fn table(tokens: &[Token], text: &[u8], floating: bool) -> bool {
    let close = |states: &mut [bool]| {
        for (i, token) in tokens.iter().enumerate() {
            if states[i] && token.is_star() {
                states[i + 1] = true;
            }
        }
    };
    let mut now = vec![false; tokens.len() + 1];
    let mut next = vec![false; tokens.len() + 1];
    now[0] = true;
    close(&mut now);
    for &byte in text {
        next.fill(false);
        for (i, token) in tokens.iter().enumerate() {
            if !now[i] {
                continue;
            }
            match token {
                Token::StarStar => next[i] = true,
                Token::Star => next[i] |= byte != b'/',
                single => next[i + 1] |= single.accepts(byte),
            }
        }
        if floating && byte == b'/' {
            next[0] = true;
        }
        close(&mut next);
        std::mem::swap(&mut now, &mut next);
    }
    now[tokens.len()]
}

fn compile(pattern: &[u8]) -> Option<Vec<Token>> {
    let mut tokens = Vec::with_capacity(pattern.len());
    let mut i = 0;
    while let Some(&c) = pattern.get(i) {
        i += 1;
        tokens.push(match c {
            b'?' => Token::Any,
            b'*' => {
                let stars = pattern[i..].iter().take_while(|&&b| b == b'*').count();
                i += stars;
                if stars == 0 { Token::Star } else { Token::StarStar }
            }
            b'[' => Token::Set(Box::new(compile_set(pattern, &mut i)?)),
            b'\\' => {
                let literal = *pattern.get(i)?;
                i += 1;
                Token::Byte(literal)
            }
            literal => Token::Byte(literal),
        });
    }
    Some(tokens)
}

/// Compiles a set; `i` stands after its `[` and is moved past its `]`.
fn compile_set(pattern: &[u8], i: &mut usize) -> Option<[u64; 4]> {
    let mut set = [0u64; 4];
    let negated = matches!(pattern.get(*i), Some(b'!' | b'^'));
    if negated {
        *i += 1;
    }
    let first = *i;
    // The byte a following `-` would start a range at.
    let mut low: Option<u8> = None;
    loop {
        let c = *pattern.get(*i)?;
        let at = *i;
        *i += 1;
        match c {
            b']' if at != first => break,
            b'-' if low.is_some() && pattern.get(*i) != Some(&b']') => {
                let mut high = *pattern.get(*i)?;
                *i += 1;
                if high == b'\\' {
                    high = *pattern.get(*i)?;
                    *i += 1;
                }
                for b in low?..=high {
                    set_add(&mut set, b);
                }
                low = None;
            }
            b'[' if pattern.get(*i) == Some(&b':') => {
                let name = &pattern[*i + 1..];
                let end = memchr::memchr(b']', name)?;
                if end > 0 && name[end - 1] == b':' {
                    add_class(&mut set, &name[..end - 1])?;
                    *i += end + 2;
                    low = None;
                } else {
                    set_add(&mut set, c);
                    low = Some(c);
                }
            }
            b'\\' => {
                let literal = *pattern.get(*i)?;
                *i += 1;
                set_add(&mut set, literal);
                low = Some(literal);
            }
            literal => {
                set_add(&mut set, literal);
                low = Some(literal);
            }
        }
    }
    if negated {
        set = set.map(|word| !word);
    }
    let slash = usize::from(b'/');
    set[slash / 64] &= !(1 << (slash % 64));
    Some(set)
}

fn set_add(set: &mut [u64; 4], byte: u8) {
    set[usize::from(byte) / 64] |= 1 << (byte % 64);
}

fn set_has(set: &[u64; 4], byte: u8) -> bool {
    set[usize::from(byte) / 64] >> (byte % 64) & 1 != 0
}

/// Adds a named class; `None` for a name that does not exist.
fn add_class(set: &mut [u64; 4], name: &[u8]) -> Option<()> {
    let member: fn(u8) -> bool = match name {
        b"alnum" => |b| b.is_ascii_alphanumeric(),
        b"alpha" => |b| b.is_ascii_alphabetic(),
        b"blank" => |b| b == b' ' || b == b'\t',
        b"cntrl" => |b| b.is_ascii_control(),
        b"digit" => |b| b.is_ascii_digit(),
        b"graph" => |b| b.is_ascii_graphic(),
        b"lower" => |b| b.is_ascii_lowercase(),
        b"print" => |b| b == b' ' || b.is_ascii_graphic(),
        b"punct" => |b| b.is_ascii_punctuation(),
        b"space" => |b| b == b' ' || (b'\t'..=b'\r').contains(&b),
        b"upper" => |b| b.is_ascii_uppercase(),
        b"xdigit" => |b| b.is_ascii_hexdigit(),
        _ => return None,
    };
    for b in 0..=u8::MAX {
        if member(b) {
            set_add(set, b);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verified_globs() {
        #[rustfmt::skip]
        let cases: &[(&str, &str, bool)] = &[
            ("x[1-3]y", "x2y", true), ("x[]]y", "x]y", true), ("x[a\\-c]y", "xby", false),
            ("x[1-3]y", "x-y", false), ("x[!]]y", "x]y", false), ("x[\\a-\\c]y", "xby", true),
            ("x[13-]y", "x-y", true), ("x[]-_]y", "x^y", true), ("x[[:alpha:]9]y", "x9y", true),
            ("x[1-3-5]y", "x4y", false), ("x[\\]]y", "x]y", true), ("x[![:alpha:]]y", "xqy", false),
            ("x[1-3-5]y", "x-y", true), ("x[\\\\]y", "x\\y", true), ("x[[:alpha:]-z]y", "x-y", true),
            ("x[3-1]y", "x2y", false), ("x[^!]y", "x!y", false), ("x[[:alpha]y", "x:y", true),
            ("x[+--]y", "x,y", true), ("x[!^]y", "xay", true), ("x[[:]y", "x[y", true),
            ("x[!1-3]y", "x7y", true), ("x[", "x[", false), ("x[[:ALPHA:]]y", "xay", false),
            ("x[!1-3]y", "x/y", false), ("x[]", "x]", false), ("[[:upper:][:digit:]]", "7", true),
            ("*x*y*", "axbyc", true), ("**x*y", "q/axby", true), ("\\x\\?", "x?", true),
            ("*x*y*", "axb/yc", false), ("**x*y", "q/axb/y", false), ("[---]", "-", true),
            ("*/y", "/y", true), ("*/y", "a/b/y", false), ("a*", "a/", false),
            // Beyond the verified table: corners of the definitions.
            ("", "", true), ("", "a", false), ("**", "", true), ("a***b", "a/x/b", true),
            ("a\\", "a\\", false), ("[[::]]", ":", false), ("[[:nope:]]", "n", false),
            ("[/]", "/", false), ("?", "/", false), ("[[:space:]]", "\x0b", true),
            ("*a/b*c", "xa/byc", true), ("*a/b*c", "xa/b/c", false), ("**a*b**c", "q/a/ab/c", true),
        ];
        for &(pattern, text, want) in cases {
            assert_eq!(wildmatch(pattern.as_bytes(), text.as_bytes()), want, "{pattern} {text}");
        }
    }

    #[test]
    fn tail_starts_only_after_slashes() {
        let g = Glob::new(b"a**c");
        assert!(g.matches_tail(b"x/ab/yc"));
        assert!(!g.matches_tail(b"xa/yc"));
        assert!(Glob::new(b"a*b/c").matches_tail(b"a/q/axb/c"));
    }

    /// Plain backtracking, straight from the definitions.
    fn naive(p: &[Token], s: &[u8]) -> bool {
        match p.first() {
            None => s.is_empty(),
            Some(Token::StarStar) => (0..=s.len()).any(|n| naive(&p[1..], &s[n..])),
            Some(Token::Star) => {
                let run = s.iter().position(|&b| b == b'/').unwrap_or(s.len());
                (0..=run).any(|n| naive(&p[1..], &s[n..]))
            }
            Some(one) => s.first().is_some_and(|&b| one.accepts(b)) && naive(&p[1..], &s[1..]),
        }
    }

    #[test]
    fn greedy_and_table_agree_with_backtracking() {
        let mut rng = fastrand::Rng::with_seed(7);
        let parts: [&[u8]; 7] = [b"a", b"b", b"/", b"*", b"**", b"?", b"[ab]"];
        let mut hits = 0;
        for _ in 0..60_000 {
            let pattern: Vec<u8> =
                (0..rng.usize(0..8)).flat_map(|_| parts[rng.usize(0..7)].to_vec()).collect();
            let text: Vec<u8> = (0..rng.usize(0..10)).map(|_| b"ab/"[rng.usize(0..3)]).collect();
            let tokens = compile(&pattern).expect("all parts are well formed");
            for floating in [false, true] {
                let mut want = naive(&tokens, &text);
                if floating {
                    want |=
                        (0..text.len()).any(|n| text[n] == b'/' && naive(&tokens, &text[n + 1..]));
                }
                hits += u32::from(want);
                let what = (String::from_utf8_lossy(&pattern), String::from_utf8_lossy(&text));
                assert_eq!(
                    greedy(&tokens, &text, floating, usize::MAX).expect("no budget"),
                    want,
                    "greedy {what:?} {floating}"
                );
                assert_eq!(table(&tokens, &text, floating), want, "table {what:?} {floating}");
            }
        }
        assert!(hits > 10_000);
    }

    #[test]
    fn hostile_pattern_is_settled_by_the_table() {
        let mut pattern = b"**".to_vec();
        pattern.extend(b"a*".repeat(1000));
        pattern.extend(b"b");
        let text = [b"a".repeat(4000), b"cb".to_vec(), b"/".to_vec(), b"b".to_vec()].concat();
        assert!(!wildmatch(&pattern, &text));
    }
}
