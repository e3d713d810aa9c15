//! The man page and the completions that the program makes of its table of options, given to those who read them.

use std::{
    io::Write,
    process::{Command, Stdio},
};

fn generated(kind: &str) -> String {
    let program = env!("CARGO_BIN_EXE_oxrsync");
    let output =
        Command::new(program).arg(format!("--generate={kind}")).output().expect("our program");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("text")
}

/// What `program` says about a text on its standard input, both streams.
fn read_by(program: &str, args: &[&str], text: &str) -> (bool, String) {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{program}: {e}: ./test installs it"));
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("our child");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn the_man_page_has_no_mistakes() {
    let page = generated("man");
    let (_, said) = read_by("mandoc", &["-T", "lint", "-W", "warning"], &page);
    assert_eq!(said, "");
    let (fine, shown) = read_by("mandoc", &["-T", "ascii"], &page);
    assert!(fine);
    for line in ["oxrsync [OPTION]... SRC... DEST", "--no-motd", "--dparam=OVERRIDE, -M"] {
        let shown = shown.replace("_\u{8}", "");
        // Bold is a character struck twice.
        let mut plain = String::new();
        for c in shown.chars() {
            match c {
                '\u{8}' => plain.truncate(plain.len() - 1),
                c => plain.push(c),
            }
        }
        assert!(plain.contains(line), "{line}\n{plain}");
    }
}

#[test]
fn bash_completes() {
    let ask = |words: &str| {
        let script = format!(
            "{}\nCOMP_WORDS=({words})\nCOMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n_oxrsync\necho \"${{COMPREPLY[@]}}\"\n",
            generated("complete-bash")
        );
        let (fine, said) = read_by("bash", &["--norc"], &script);
        assert!(fine, "{said}");
        said.trim().to_string()
    };
    assert_eq!(ask("rsync --delete-d"), "--delete-during --delete-delay");
    assert_eq!(ask("oxrsync -a --max-s"), "--max-size=");
    assert_eq!(ask("rsync --exclude-from = /etc/host.con"), "/etc/host.conf");
    assert_eq!(ask("rsync --exclude-from /etc/host.con"), "/etc/host.conf");
    assert_eq!(ask("rsync --timeout = 3"), "");
    assert_eq!(ask("rsync /etc/host.con"), "/etc/host.conf");
}

#[test]
fn zsh_and_fish_understand_theirs() {
    let (fine, said) = read_by("zsh", &["-n"], &generated("complete-zsh"));
    assert!(fine && said.is_empty(), "{said}");
    let ask = "\ncomplete -C 'rsync --delete-d'\n";
    let (fine, said) = read_by("fish", &["--no-config"], &(generated("complete-fish") + ask));
    let names: Vec<&str> = said.lines().filter_map(|line| line.split('\t').next()).collect();
    assert!(fine && names == ["--delete-delay", "--delete-during"], "{said}");
}

#[test]
fn an_unknown_kind_is_an_unknown_option() {
    let program = env!("CARGO_BIN_EXE_oxrsync");
    let output = Command::new(program).arg("--generate=x").output().expect("our program");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("rsync: --generate=x: unknown option\n"), "{said}");
}
