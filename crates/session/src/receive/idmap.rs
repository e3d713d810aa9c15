//! `--usermap` and `--groupmap`: `FROM:TO` rules, separated by commas.
use filters::wildmatch::wildmatch;
use fsroot::names::NameCache;

/// Which ids a map is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ids {
    Users,
    Groups,
}

impl Ids {
    /// The option's name.
    fn option(self) -> &'static str {
        match self {
            Ids::Users => "--usermap",
            Ids::Groups => "--groupmap",
        }
    }

    /// The local id of a name.
    pub fn look_up(self, names: &mut NameCache, name: &[u8]) -> Option<u32> {
        match self {
            Ids::Users => names.uid_of(name),
            Ids::Groups => names.gid_of(name),
        }
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    from: From,
    /// The local id.
    pub to: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum From {
    /// Inclusive, of the sender's numbers.
    Range(u32, u32),
    Wild(Vec<u8>),
    /// Empty for ids without a name.
    Name(Vec<u8>),
}

impl Rule {
    /// Whether the rule is about an id of the sender with this name.
    pub fn matches(&self, id: u32, name: &[u8]) -> bool {
        match &self.from {
            From::Range(low, high) => (*low..=*high).contains(&id),
            From::Wild(pattern) => wildmatch(pattern, name),
            From::Name(wanted) => wanted == name,
        }
    }
}

/// Reads a map. Names that are unknown here are reported and their rules left out; a rule that makes no sense is the error. As
/// rsync does, from the last rule to the first, which decides what is said first.
pub(super) fn parse(
    text: &[u8],
    kind: Ids,
    names: &mut NameCache,
    report: &mut dyn FnMut(Vec<u8>),
) -> Result<Vec<Rule>, Vec<u8>> {
    let option = kind.option();
    let mut rules = Vec::new();
    for rule in text.rsplit(|&b| b == b',') {
        let wrong = |what: &str, of: &[u8]| [format!("{what} {option}: ").as_bytes(), of].concat();
        let Some(colon) = rule.iter().position(|&b| b == b':') else {
            return Err(wrong("No colon found in", rule));
        };
        let (from, to) = (&rule[..colon], &rule[colon + 1..]);
        if to.is_empty() {
            return Err(wrong("No name found after colon", rule));
        }
        let from = match from.first() {
            Some(b'0'..=b'9') => match from.iter().position(|&b| b == b'-') {
                Some(dash) => {
                    let (low, high) = (number(&from[..dash]), number(&from[dash + 1..]));
                    let invalid = || wrong("Invalid number in", from);
                    let (low, high) = (low.ok_or_else(invalid)?, high.ok_or_else(invalid)?);
                    let low = id(low)?;
                    // A range without an end is a single id.
                    let high = match id(high)? {
                        0 => low,
                        high => high,
                    };
                    From::Range(low, high)
                }
                None => {
                    let only = id(number(from).ok_or_else(|| wrong("Invalid number in", from))?)?;
                    From::Range(only, only)
                }
            },
            _ if from.iter().any(|b| b"*[?".contains(b)) => From::Wild(from.to_vec()),
            _ => From::Name(from.to_vec()),
        };
        let to_id = match number(to) {
            Some(digits) => Some(id(digits)?),
            None => kind.look_up(names, to),
        };
        match to_id {
            Some(to) => rules.push(Rule { from, to }),
            None => {
                let text = format!("Unknown {option} name on receiver: ");
                report([text.as_bytes(), to].concat());
            }
        }
    }
    rules.reverse();
    Ok(rules)
}

/// The digits of a number; `None` for anything else.
fn number(text: &[u8]) -> Option<&[u8]> {
    (!text.is_empty() && text.iter().all(u8::is_ascii_digit)).then_some(text)
}

fn id(digits: &[u8]) -> Result<u32, Vec<u8>> {
    let parsed = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    parsed.ok_or_else(|| [b"Invalid ID number: ", digits].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Result<(Vec<Rule>, Vec<String>), String> {
        let mut said = Vec::new();
        let mut report = |line: Vec<u8>| said.push(String::from_utf8(line).unwrap());
        let mut names = NameCache::default();
        parse(text.as_bytes(), Ids::Users, &mut names, &mut report)
            .map(|rules| (rules, said))
            .map_err(|e| String::from_utf8(e).unwrap())
    }

    #[test]
    fn what_rules_match() {
        let to = |text: &str, id, name: &str| {
            let (rules, _) = rules(text).unwrap();
            rules.iter().find(|r| r.matches(id, name.as_bytes())).map(|r| r.to)
        };
        assert_eq!(to("0:7,0:8", 0, ""), Some(7));
        assert_eq!(to("1-3:7", 3, "x"), Some(7));
        assert_eq!(to("5-0:6", 5, ""), Some(6));
        assert_eq!(to("5-0:6", 4, ""), None);
        assert_eq!(to("10-5:6", 7, ""), None);
        assert_eq!(to("0-4294967295:6", 70000, ""), Some(6));
        assert_eq!(to("r[o]?t:6", 3, "root"), Some(6));
        assert_eq!(to("*:6", 3, ""), Some(6));
        assert_eq!(to(":6", 3, "x"), None);
        // A system without accounts knows no names.
        assert_eq!(to("x:root", 3, "x"), cfg!(unix).then_some(0));
        assert_eq!(to("-5:6", 5, ""), None);
    }

    #[test]
    fn wrong_rules_in_rsyncs_order() {
        for (text, error) in [
            ("a", "No colon found in --usermap: a"),
            ("x:5,", "No colon found in --usermap: "),
            ("a:", "No name found after colon --usermap: a:"),
            ("1-:5", "Invalid number in --usermap: 1-"),
            ("1x:5", "Invalid number in --usermap: 1x"),
            ("1-2-3:5", "Invalid number in --usermap: 1-2-3"),
            ("99999999999:5", "Invalid ID number: 99999999999"),
            ("5:4294967296", "Invalid ID number: 4294967296"),
        ] {
            assert_eq!(rules(text).unwrap_err(), error, "{text}");
        }
        let (_, said) = rules("5:12x,6:no such user,7:8").unwrap();
        let unknown = "Unknown --usermap name on receiver: ";
        assert_eq!(said, [format!("{unknown}no such user"), format!("{unknown}12x")]);
    }
}
