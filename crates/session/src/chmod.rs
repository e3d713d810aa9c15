//! `--chmod`: changing the modes of a list. The sender does so before it sends an entry, a receiver on a remote connection
//! when it has received one.

/// What a clause does with its bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Add,
    Remove,
    /// Clear these bits first.
    Set {
        clear: u32,
    },
    /// Replace all of 07777.
    Replace,
}

/// Which bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bits {
    These(u32),
    /// The permissions of this class (0 for others, 3 for the group, 6 for the user).
    Of {
        shift: u32,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Clause {
    /// `Some(true)` for directories only, `Some(false)` for others only.
    dirs: Option<bool>,
    action: Action,
    bits: Bits,
    /// Which rwx bits may change.
    mask: u32,
    /// `X` was given.
    conditional: bool,
}

/// Parsed clauses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chmod {
    clauses: Vec<Clause>,
}

/// The clauses of several options or parameters as one text.
pub fn joined(before: Option<Vec<u8>>, more: &[u8]) -> Vec<u8> {
    match before {
        Some(mut all) => {
            all.push(b',');
            all.extend_from_slice(more);
            all
        }
        None => more.to_vec(),
    }
}

impl Chmod {
    /// Clauses of the settings, which were parsed before, with this process's umask.
    pub fn of(text: Option<&Vec<u8>>) -> Option<Chmod> {
        Chmod::parse(text?, fsroot::names::umask())
    }

    /// Parses clauses separated by commas; `None` if one is wrong. `umask` limits clauses that name nobody.
    pub fn parse(text: &[u8], umask: u32) -> Option<Chmod> {
        let clauses = text.split(|&b| b == b',').map(|c| Clause::parse(c, umask));
        Some(Chmod { clauses: clauses.collect::<Option<_>>()? })
    }

    /// The changed mode; type bits stay. Symlinks are not to be changed.
    pub fn apply(&self, mode: u32, is_dir: bool) -> u32 {
        let executable = is_dir || mode & 0o111 != 0;
        let mut now = mode & 0o7777;
        for c in &self.clauses {
            if c.dirs.is_none_or(|dirs| dirs == is_dir) {
                now = c.apply(now, executable);
            }
        }
        mode & !0o7777 | now
    }
}

impl Clause {
    fn parse(text: &[u8], umask: u32) -> Option<Clause> {
        let (mut dirs, mut who, mut at) = (None, 0, 0);
        let mut limit = |is_dir| match dirs {
            Some(other) if other != is_dir => None,
            _ => {
                dirs = Some(is_dir);
                Some(())
            }
        };
        loop {
            match *text.get(at)? {
                b'D' => limit(true)?,
                b'F' => limit(false)?,
                b'u' => who |= 0o700,
                b'g' => who |= 0o070,
                b'o' => who |= 0o007,
                b'a' => who |= 0o777,
                b'0'..=b'9' if who == 0 => {
                    let digits = std::str::from_utf8(&text[at..]).ok()?;
                    let mode = u32::from_str_radix(digits, 8).ok().filter(|m| *m <= 0o7777)?;
                    return Some(Clause {
                        dirs,
                        action: Action::Replace,
                        bits: Bits::These(mode),
                        mask: 0o777,
                        conditional: false,
                    });
                }
                b'+' | b'-' | b'=' => break,
                _ => return None,
            }
            at += 1;
        }
        let operator = text[at];
        let perms = &text[at + 1..];
        let everyone = if who == 0 { 0o777 } else { who };
        let mask = if who == 0 { 0o777 & !umask } else { who };
        let shift = match perms {
            b"u" => Some(6),
            b"g" => Some(3),
            b"o" => Some(0),
            _ => None,
        };
        let (mut bits, mut special, mut conditional) = (0, 0, false);
        let own_ids = (who & 0o100) << 5 | (who & 0o010) << 7;
        let set_ids = if own_ids == 0 { 0o4000 } else { own_ids };
        if shift.is_none() {
            for b in perms {
                match b {
                    b'r' => bits |= 0o444,
                    b'w' => bits |= 0o222,
                    b'x' => bits |= 0o111,
                    b'X' => {
                        bits |= 0o111;
                        conditional = true;
                    }
                    b's' => special |= set_ids,
                    b't' => special |= 0o1000,
                    _ => return None,
                }
            }
        }
        let action = match operator {
            b'+' => Action::Add,
            b'-' => Action::Remove,
            _ => {
                let copied = [(0o700, 0o4000), (0o070, 0o2000), (0o007, 0o1000)]
                    .iter()
                    .filter(|(class, _)| shift.is_some() && everyone & class != 0)
                    .fold(0, |all, (_, bit)| all | bit);
                let own = if special == 0 { 0 } else { own_ids };
                Action::Set { clear: everyone | copied | own }
            }
        };
        let bits = match shift {
            Some(shift) => Bits::Of { shift },
            None => Bits::These(bits & mask | special),
        };
        Some(Clause { dirs, action, bits, mask, conditional })
    }

    fn apply(&self, now: u32, executable: bool) -> u32 {
        let bits = match self.bits {
            Bits::These(bits) => bits,
            Bits::Of { shift } => ((now >> shift & 7) * 0o111) & self.mask,
        };
        let without_x = if self.conditional && !executable { bits & !0o111 } else { bits };
        match self.action {
            Action::Add => now | without_x,
            Action::Remove => now & !bits,
            Action::Set { clear } => now & !clear | without_x,
            Action::Replace => bits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As rsync 3.5.0 answered, under umask 022. A `d` marks directories.
    const ANSWERS: &str = include_str!("chmod_answers.txt");

    #[test]
    fn modes_are_those_of_rsync() {
        for line in ANSWERS.lines() {
            let mut words = line.split(' ');
            let spec = words.next().expect("a specification");
            let rules = Chmod::parse(spec.as_bytes(), 0o022).expect(spec);
            for pair in words.filter(|w| !w.is_empty()) {
                let (from, to) = pair.split_once(':').expect("from and to");
                let (is_dir, from) = (from.starts_with('d'), &from[1..]);
                let octal = |s| u32::from_str_radix(s, 8).expect("octal");
                assert_eq!(
                    format!("{:o}", rules.apply(octal(from), is_dir)),
                    to,
                    "{spec} of {pair}"
                );
            }
        }
    }

    #[test]
    fn wrong_clauses_are_refused() {
        for text in ["", "u=g,,a", "u=gw", "DFu=g", "77777", "u", "u+q", "8", "u7", "a+x,"] {
            assert_eq!(Chmod::parse(text.as_bytes(), 0), None, "{text}");
        }
    }
}
