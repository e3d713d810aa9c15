//! Sizes as typed: `NUM[UNIT][+1|-1]`.
//!
//! The arithmetic is that of a double, because a size is sent to the server after it was computed
//! and both programs must come to the same number.

/// The limits of a size option.
#[derive(Debug, Clone, Copy)]
pub struct SizeRule {
    /// The option's long name.
    pub name: &'static str,
    /// The unit if none is typed: `b'B'` or `b'K'`.
    pub unit: u8,
    /// The smallest value.
    pub min: u64,
    /// The largest value, if there is one.
    pub max: Option<u64>,
    /// Whether 0 is allowed below `min`, as "no limit".
    pub zero_is_unlimited: bool,
}

/// Reads a size. The error is rsync's text behind `rsync: `.
pub fn parse_size(rule: &SizeRule, text: &[u8]) -> Result<u64, Vec<u8>> {
    let wrong =
        |how: String| [format!("--{}=", rule.name).as_bytes(), text, how.as_bytes()].concat();
    let size = read(text, rule.unit).ok_or_else(|| wrong(" is invalid".into()))?;
    let max_text = || match rule.max {
        Some(max) => format!(" (max: {})", binary_units(max)),
        None => String::new(),
    };
    let too_large = || wrong(format!(" is too large{}", max_text()));
    // 2^63 as a double is also what the largest i64 rounds to.
    if !(0.0..9_223_372_036_854_775_807.0).contains(&size) {
        return Err(too_large());
    }
    let bytes = size as u64;
    if rule.max.is_some_and(|max| bytes > max) {
        return Err(too_large());
    }
    if bytes < rule.min && !(bytes == 0 && rule.zero_is_unlimited) {
        let or = if rule.zero_is_unlimited { " or 0 for unlimited" } else { "" };
        return Err(wrong(format!(" is too small (min: {}{or})", binary_units(rule.min))));
    }
    Ok(bytes)
}

/// `--bwlimit` in KiB a second, rounded; 0 is no limit.
pub fn parse_bwlimit(text: &[u8]) -> Result<u32, Vec<u8>> {
    let rule =
        SizeRule { name: "bwlimit", unit: b'K', min: 512, max: None, zero_is_unlimited: true };
    let bytes = parse_size(&rule, text)?;
    // The value is sent to the server as a 32-bit number.
    Ok(u32::try_from(bytes.saturating_add(512) / 1024).unwrap_or(u32::MAX).min(i32::MAX as u32))
}

/// A number with units of 1024, two decimals once it reaches one.
pub fn binary_units(n: u64) -> String {
    let mut value = n as f64;
    let mut unit = None;
    for name in ["K", "M", "G", "T", "P"] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = Some(name);
    }
    match unit {
        Some(unit) => format!("{value:.2}{unit}"),
        None => n.to_string(),
    }
}

fn read(text: &[u8], default_unit: u8) -> Option<f64> {
    let digits = |s: &[u8]| s.iter().take_while(|b| b.is_ascii_digit()).count();
    // A sign is no part of a size, but what reads as a negative number is "too large".
    match text {
        [b'-', b'0'..=b'9', ..] => return Some(-1.0),
        [b'-' | b'+', ..] => return None,
        _ => {}
    }
    let mut end = digits(text);
    if text.get(end) == Some(&b'.') {
        end += 1;
        end += digits(&text[end..]);
    }
    let (number, rest) = text.split_at(end);
    let number = std::str::from_utf8(number).ok()?;
    let number = if number.is_empty() || number == "." { 0.0 } else { number.parse().ok()? };
    let (unit, rest) = match rest {
        [] | [b'+' | b'-', ..] => (default_unit, rest),
        [unit, rest @ ..] => (*unit, rest),
    };
    let power = match unit.to_ascii_lowercase() {
        b'b' => 0,
        b'k' => 1,
        b'm' => 2,
        b'g' => 3,
        b't' => 4,
        b'p' => 5,
        _ => return None,
    };
    let (base, rest) = match rest {
        [b'i' | b'I', b'b' | b'B', rest @ ..] => (1024.0, rest),
        [b'b' | b'B', rest @ ..] => (1000.0, rest),
        _ => (1024.0_f64, rest),
    };
    let size = f64::trunc(number * base.powi(power));
    match rest {
        [] => Some(size),
        b"+1" => Some(size + 1.0),
        b"-1" => Some(size - 1.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: SizeRule =
        SizeRule { name: "max-size", unit: b'B', min: 0, max: None, zero_is_unlimited: false };

    #[test]
    fn units() {
        let cases = [
            ("1.5k", 1536),
            ("1kb", 1000),
            ("1KiB", 1024),
            ("1k-1", 1023),
            ("1k+1", 1025),
            ("0.4", 0),
            ("", 0),
            (".5k", 512),
            ("1p", 1 << 50),
            ("7b", 7),
            ("k+1", 1),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse_size(&PLAIN, text.as_bytes()), Ok(bytes), "{text}");
        }
        for text in
            ["1e3", "+1", "-", "-b", "+", "1k+2", "1kx", "k9", "0x10", " 1", "1,000", "1kib1"]
        {
            let expected = format!("--max-size={text} is invalid");
            assert_eq!(parse_size(&PLAIN, text.as_bytes()), Err(expected.into_bytes()));
        }
        for text in ["-1", "-2k", "0-1", ".-1", "9223372036854775806", "9000p"] {
            let expected = format!("--max-size={text} is too large");
            assert_eq!(parse_size(&PLAIN, text.as_bytes()), Err(expected.into_bytes()));
        }
    }

    #[test]
    fn limits_are_told() {
        let block = SizeRule { max: Some(1 << 17), name: "block-size", ..PLAIN };
        assert_eq!(
            parse_size(&block, b"131073"),
            Err("--block-size=131073 is too large (max: 128.00K)".into())
        );
        assert_eq!(
            parse_bwlimit(b"0.4999"),
            Err("--bwlimit=0.4999 is too small (min: 512 or 0 for unlimited)".into())
        );
        assert_eq!(parse_bwlimit(b"1.5m"), Ok(1536));
        assert_eq!(parse_bwlimit(b"0"), Ok(0));
        assert_eq!(parse_bwlimit(b"9p"), Ok(i32::MAX as u32));
    }
}
