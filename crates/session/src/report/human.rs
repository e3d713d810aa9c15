//! Numbers as people read them (man page, --human-readable).

/// A count: grouped digits at every level above 0, never units.
pub fn count(level: u8, n: u64) -> String {
    if level == 0 { n.to_string() } else { grouped(&n.to_string()) }
}

/// An amount of bytes: 0 digits, 1 grouped digits, 2 units of 1000, 3 and more units of 1024.
pub fn bytes(level: u8, n: u64) -> String {
    in_units(level, n as f64).unwrap_or_else(|| count(level, n))
}

/// An amount with two decimals, in units as [`bytes`].
pub fn amount(level: u8, n: f64) -> String {
    in_units(level, n).unwrap_or_else(|| ratio(level, n))
}

/// A ratio: two decimals, grouped digits at every level above 0.
pub fn ratio(level: u8, n: f64) -> String {
    let text = format!("{n:.2}");
    match text.split_once('.') {
        Some((whole, rest)) if level > 0 => format!("{}.{rest}", grouped(whole)),
        _ => text,
    }
}

fn in_units(level: u8, n: f64) -> Option<String> {
    let unit = match level {
        0 | 1 => return None,
        2 => 1000.0,
        _ => 1024.0,
    };
    if n < unit {
        return None;
    }
    let mut n = n / unit;
    let mut letters = ['K', 'M', 'G', 'T'].into_iter();
    let letter = loop {
        match letters.next() {
            Some(letter) if n < unit => break letter,
            Some(_) => n /= unit,
            None => break 'P',
        }
    };
    Some(format!("{n:.2}{letter}"))
}

fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels() {
        for (n, want) in [
            (999, ["999", "999", "999", "999"]),
            (1000, ["1000", "1,000", "1.00K", "1,000"]),
            (1023, ["1023", "1,023", "1.02K", "1,023"]),
            (1024, ["1024", "1,024", "1.02K", "1.00K"]),
            (999_999, ["999999", "999,999", "1000.00K", "976.56K"]),
            (1_000_000, ["1000000", "1,000,000", "1.00M", "976.56K"]),
            (1_048_575, ["1048575", "1,048,575", "1.05M", "1024.00K"]),
            (1_048_576, ["1048576", "1,048,576", "1.05M", "1.00M"]),
            (1_235_568, ["1235568", "1,235,568", "1.24M", "1.18M"]),
            (999_999_999, ["999999999", "999,999,999", "1000.00M", "953.67M"]),
            (1 << 40, ["1099511627776", "1,099,511,627,776", "1.10T", "1.00T"]),
            (1 << 60, ["1152921504606846976", "1,152,921,504,606,846,976", "1152.92P", "1024.00P"]),
        ] {
            for (level, want) in want.into_iter().enumerate() {
                assert_eq!(bytes(level as u8, n), want);
            }
        }
    }

    #[test]
    fn decimals() {
        assert_eq!(ratio(3, 4489.378), "4,489.38");
        assert_eq!(ratio(0, 6746.34), "6746.34");
        assert_eq!(ratio(1, 0.015), "0.01");
        assert_eq!(amount(1, 2_470_520.0), "2,470,520.00");
        assert_eq!(amount(2, 2_470_520.0), "2.47M");
        assert_eq!(amount(3, 550.0), "550.00");
        assert_eq!(amount(0, 1234.5), "1234.50");
        assert_eq!(count(3, 1_234_567), "1,234,567");
    }
}
