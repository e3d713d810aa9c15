//! Texts made from the table of options: the man page and the completions of shells (`--generate=KIND`).
use super::{
    manual,
    table::{Arg, Entry, OPTIONS},
};
use std::fmt::Write as _;

/// What [`generate`] makes.
pub const KINDS: [&str; 5] =
    ["man", "complete-bash", "complete-zsh", "complete-fish", "complete-powershell"];

/// One of [`KINDS`].
pub fn generate(kind: &str) -> Option<String> {
    Some(match kind {
        "man" => manual::page(),
        "complete-bash" => bash(),
        "complete-zsh" => zsh(),
        "complete-fish" => fish(),
        "complete-powershell" => powershell(),
        _ => return None,
    })
}

/// An option as users see it: its names with their dashes, what follows, and its explanation.
pub(super) struct Shown {
    pub(super) names: Vec<String>,
    pub(super) value: Option<&'static str>,
    /// `None`: the manual page alone has one.
    pub(super) about: Option<String>,
}

impl Shown {
    /// The explanation in a line.
    fn line(&self) -> &str {
        self.about.as_deref().unwrap_or("see the manual page")
    }
}

/// Every option that is not for rsync's own use, and their negations.
pub(super) fn shown(table: &'static [Entry]) -> Vec<Shown> {
    let mut all = Vec::new();
    for e in table.iter().filter(|e| !e.is_internal()) {
        let mut names = Vec::new();
        if !e.long.is_empty() {
            names.push(format!("--{}", e.long));
        }
        names.extend(e.aliases.iter().map(|name| format!("--{name}")));
        names.extend(e.short.map(|letter| format!("-{}", letter as char)));
        let about_name = |name: &str| {
            let of = |column: &str| column.split([' ', ',']).any(|word| word == name);
            e.more_help.iter().find(|(column, _)| of(column)).map(|(_, text)| *text)
        };
        let own = names.iter().find_map(|name| about_name(name)).unwrap_or_default();
        let about = if e.help.is_empty() { own } else { e.help };
        let value = match e.arg {
            Arg::None => None,
            Arg::Text(name) | Arg::Int(name) | Arg::Optional(name) => Some(name),
        };
        let about = Some(about.to_string()).filter(|about| !about.is_empty());
        all.push(Shown { names: names.clone(), value, about });
        if !e.off.is_empty() {
            let off: Vec<String> = e.off.iter().map(|name| format!("--{name}")).collect();
            let about = match off.iter().find_map(|name| about_name(name)) {
                Some(about) => about.to_string(),
                None => format!("switch off {}", names.first().map_or("", |name| name)),
            };
            all.push(Shown { names: off, value: None, about: Some(about) });
        }
    }
    all
}

/// Values that are names of files or directories.
fn takes_path(value: &str) -> bool {
    matches!(value, "FILE" | "DIR" | "PROGRAM")
}

fn bash() -> String {
    let all = shown(OPTIONS);
    let mut words = Vec::new();
    let mut paths = Vec::new();
    let mut others = Vec::new();
    for option in &all {
        for name in &option.names {
            match option.value {
                Some(value) if name.starts_with("--") => {
                    words.push(format!("{name}="));
                    if takes_path(value) { paths.push(name.as_str()) } else { others.push(name) }
                }
                _ => words.push(name.clone()),
            }
        }
    }
    let others: Vec<&str> = others.iter().map(|name| name.as_str()).collect();
    format!(
        "# bash completion for oxrsync and rsync
_oxrsync() {{
    local cur prev words cword
    COMPREPLY=()
    cur=${{COMP_WORDS[COMP_CWORD]}}
    prev=${{COMP_WORDS[COMP_CWORD-1]}}
    if [[ $cur == '=' ]]; then
        cur=
    elif [[ $prev == '=' && COMP_CWORD -gt 1 ]]; then
        prev=${{COMP_WORDS[COMP_CWORD-2]}}
    fi
    case $prev in
        {})
            COMPREPLY=($(compgen -f -- \"$cur\"))
            return ;;
        {})
            return ;;
    esac
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W '{}' -- \"$cur\"))
        [[ ${{COMPREPLY[0]-}} == *= ]] && compopt -o nospace 2>/dev/null
        return 0
    fi
    COMPREPLY=($(compgen -f -- \"$cur\"))
}}
complete -o filenames -F _oxrsync oxrsync rsync
",
        paths.join("|"),
        others.join("|"),
        words.join(" "),
    )
}

fn zsh() -> String {
    let mut out = String::from("#compdef oxrsync rsync\n\n_arguments -s -S \\\n");
    for option in shown(OPTIONS) {
        let about = option.line().replace('\'', "'\\''").replace('[', "\\[").replace(']', "\\]");
        let about = about.replace(':', "\\:");
        for name in &option.names {
            let (sign, value) = match option.value {
                Some(value) => {
                    let action = if takes_path(value) { "_files" } else { " " };
                    let value = value.replace([':', '[', ']'], " ");
                    let sign = if name.starts_with("--") { "=" } else { "+" };
                    (sign, format!(":{value}:{action}"))
                }
                None => ("", String::new()),
            };
            let _never_fails = writeln!(out, "  '*{name}{sign}[{about}]{value}' \\");
        }
    }
    out.push_str("  '*:file:_files'\n");
    out
}

fn fish() -> String {
    let mut out = String::new();
    for program in ["oxrsync", "rsync"] {
        for option in shown(OPTIONS) {
            let about = option.line().replace('\\', "\\\\").replace('\'', "\\'");
            let value = match option.value {
                Some(value) if takes_path(value) => " -r -F",
                Some(_) => " -x",
                None => "",
            };
            for name in &option.names {
                let flag = match name.strip_prefix("--") {
                    Some(long) => format!("-l {long}"),
                    None => format!("-s {}", &name[1..]),
                };
                let _never_fails =
                    writeln!(out, "complete -c {program} {flag}{value} -d '{about}'");
            }
        }
    }
    out
}

fn powershell() -> String {
    let mut out = String::from(
        "Register-ArgumentCompleter -Native -CommandName oxrsync, rsync -ScriptBlock {
    param($word, $ast, $cursor)
    $options = @(
",
    );
    for option in shown(OPTIONS) {
        let about = option.line().replace('\'', "''");
        for name in &option.names {
            let equals = if option.value.is_some() && name.starts_with("--") { "=" } else { "" };
            let _never_fails = writeln!(out, "        @('{name}{equals}', '{about}')");
        }
    }
    out.push_str(
        "    )
    $options | Where-Object { $_[0].StartsWith($word, [StringComparison]::Ordinal) } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterName', $_[1])
    }
}
",
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_names_every_option() {
        for kind in KINDS {
            let text = generate(kind).expect("a kind").replace("\\-", "-");
            for option in shown(OPTIONS) {
                for name in option.names {
                    let there = match (kind, name.strip_prefix("--")) {
                        ("complete-fish", Some(long)) => text.contains(&format!("-l {long} ")),
                        ("complete-fish", None) => text.contains(&format!("-s {} ", &name[1..])),
                        _ => text.contains(&name),
                    };
                    assert!(there, "{kind}: {name}");
                }
            }
        }
        assert!(generate("nothing").is_none());
    }
}
