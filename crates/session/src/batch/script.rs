//! The script beside a batch, which applies it: the command line as it was, with what names the sources left out and the rules
//! moved to standard input.

use crate::{Error, ExitCode, Settings};
use filters::FilterList;

/// What a script is made of.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// The program as it was called.
    pub program: Vec<u8>,
    /// The arguments behind it.
    pub args: Vec<Vec<u8>>,
    /// Which of them are no options.
    pub operands: Vec<usize>,
    /// The destination, without its host.
    pub dest: Vec<u8>,
}

/// Options whose files are on this host, or that come with the rules.
const LEFT_OUT: [&[u8]; 4] = [b"--files-from", b"--filter", b"--include", b"--exclude"];
const BATCH: [&[u8]; 2] = [b"--write-batch", b"--only-write-batch"];

impl Script {
    /// The text of the script. `rules` are those of the whole command line.
    ///
    /// # Errors
    /// Code 1 for a rule that cannot be a line of a file.
    pub fn text(&self, settings: &Settings, rules: &FilterList) -> Result<Vec<u8>, Error> {
        let modern = settings.protocol_max >= 29;
        let rules: Vec<_> = rules.script_texts().collect();
        let mut out = quoted(&self.program);
        if !rules.is_empty() {
            out.extend_from_slice(if modern { b" --filter='._-'" } else { b" --exclude-from='-'" });
        }
        self.options(&mut out);
        out.extend_from_slice(b" ${1:-");
        out.extend_from_slice(&quoted(&self.dest));
        out.push(b'}');
        if !rules.is_empty() {
            let nul = settings.from0;
            out.extend_from_slice(b" <<'#E#'\n");
            for rule in rules {
                if rule.contains(&b'\n') {
                    let text = "cannot write a filter rule containing a newline to the batch replay script";
                    return Err(Error::fatal(ExitCode::SYNTAX, text));
                }
                out.extend_from_slice(&rule);
                out.push(if nul { 0 } else { b'\n' });
            }
            out.extend_from_slice(if nul { b";\n#E#" } else { b"#E#" });
        }
        out.push(b'\n');
        Ok(out)
    }

    fn options(&self, out: &mut Vec<u8>) {
        let mut args = self.args.iter().enumerate();
        while let Some((at, arg)) = args.next() {
            if self.operands.contains(&at) {
                continue;
            }
            if arg == b"-f" || LEFT_OUT.iter().any(|name| arg.starts_with(name)) {
                if !arg.contains(&b'=') {
                    args.next();
                }
                continue;
            }
            let (name, value) = match arg.iter().position(|b| *b == b'=') {
                Some(equals) if arg.starts_with(b"--") => {
                    (&arg[..equals], Some(&arg[equals + 1..]))
                }
                _ => (&arg[..], None),
            };
            out.push(b' ');
            let name = if BATCH.contains(&name) { &b"--read-batch"[..] } else { name };
            match value {
                Some(value) => {
                    out.extend_from_slice(name);
                    out.push(b'=');
                    out.extend_from_slice(&quoted(value));
                }
                None if name == b"--read-batch" => out.extend_from_slice(name),
                None => out.extend_from_slice(&quoted(name)),
            }
        }
    }
}

/// In single quotes, as every shell reads them.
fn quoted(text: &[u8]) -> Vec<u8> {
    let mut out = vec![b'\''];
    for &b in text {
        match b {
            b'\'' => out.extend_from_slice(b"'\\''"),
            b => out.push(b),
        }
    }
    out.push(b'\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use filters::ParseContext;

    fn text(line: &str, operands: &[usize], rules: &[&[u8]], from0: bool) -> String {
        let script = Script {
            program: b"rsync".to_vec(),
            args: line.split('|').map(|arg| arg.as_bytes().to_vec()).collect(),
            operands: operands.to_vec(),
            dest: b"d'st".to_vec(),
        };
        let mut list = FilterList::new();
        let settings = Settings { protocol_max: 32, from0, ..Settings::default() };
        for rule in rules {
            let cx = ParseContext::default();
            list.add_rule(rule, &cx, &mut crate::rules::FsLoader::default()).expect("a rule");
        }
        String::from_utf8(script.text(&settings, &list).expect("a script")).expect("text")
    }

    #[test]
    fn as_rsync_writes_it() {
        assert_eq!(
            text("-a|--write-batch|w|--suffix=a b|--|src/|dst", &[5, 6], &[], false),
            "'rsync' '-a' --read-batch 'w' --suffix='a b' '--' ${1:-'d'\\''st'}\n"
        );
        assert_eq!(
            text(
                "--only-write-batch=w|-f|- *.o|--filter=P x|s|d",
                &[4, 5],
                &[b"- *.o", b"P x"],
                false
            ),
            "'rsync' --filter='._-' --read-batch='w' ${1:-'d'\\''st'} <<'#E#'\n- *.o\n-r x\n#E#\n"
        );
        assert_eq!(
            text("-0|--exclude-from|f|s|d", &[3, 4], &[b"- a", b"+ b"], true),
            "'rsync' --filter='._-' '-0' ${1:-'d'\\''st'} <<'#E#'\n- a\0+ b\0;\n#E#\n"
        );
    }
}
