//! Patterns of filter rules against names made for them, beside the real rsync: what is excluded by each, and what is not
//! if all else is.

use std::{fs, path::Path, thread};
use testkit::{
    Peers, Scratch, normalise,
    run::{command, run},
};

/// How many run at once: most of them wait for something.
const AT_ONCE: usize = 3;

/// Of a name that is a file in one tree and a directory in another, both are tried.
const TREES: [&[&str]; 2] = [
    &[
        "foo", "a/foo", "a/b", "a/c", "foobar", "bar", "FOO", "foo ", ".o", "x.o", ".hidden", "f",
        "c", "ab", "abc", "q", "b", "axb", "a\\b", "a*b", "a\\*b", "a[b", "a\\bc", "a\\", "ab\\",
        "x/a/b", "x2y", "x-y", "x4y", "x,y", "x7y", "x]y", "x^y", "x\\y", "x!y", "xay", "xby",
        "x9y", "xqy", "x:y", "x[y", "x[", "x]", "7", "-", "x?", "axbyc", "q.d/axby", "axb.d/yc",
        "y",
    ],
    &[
        "foo/in",
        "foo/bar",
        "x/foo/bar",
        "xfoo/bar",
        "a/b/c",
        "a/b/xc",
        "x/a/b/c",
        "x/ab/yc",
        "ab/in",
        "d/in",
        "c/in",
        "f/",
        "q/axb/y",
        "q/axby",
        "a/b/y",
        "x/y",
        "axb/yc",
        "axbyc/",
        "foo /in",
        "b/d/a/b/",
    ],
];

const PATTERNS: &[&str] = &[
    "foo",
    "foo/",
    "/foo",
    "foo/bar",
    "/foo/bar",
    "*.o",
    "*/",
    "a\\b",
    "a\\b*",
    "a\\\\b*",
    "./foo",
    "foo ",
    "a/*",
    "a/*/c",
    "/a/*",
    "a/**",
    "/a/**",
    "**/c",
    "**c",
    "*/*",
    "a\\*b",
    "a\\",
    "a*\\",
    "/",
    " foo",
    "**c/",
    "/**/c",
    "a/**/c",
    "a**c",
    "a/***",
    "/a/***",
    "a***",
    "***",
    "a*b",
    "*",
    "?",
    "a[/]b",
    "a\\[b",
    "a[b",
    "a[[]b",
    "a//b",
    "foo//",
    "a/./b",
    "FOO",
    "**",
    "**/",
    "a**/",
    "/***",
    "b/***/",
    "***b",
    "a***b",
    "**/a/**",
    "/*",
    "/*/",
    "/*/*",
    // Globs.
    "x[1-3]y",
    "x[13-]y",
    "x[1-3-5]y",
    "x[3-1]y",
    "x[+--]y",
    "x[!1-3]y",
    "*x*y*",
    "*/y",
    "x[]]y",
    "x[!]]y",
    "x[]-_]y",
    "x[\\]]y",
    "x[\\\\]y",
    "x[^!]y",
    "x[!^]y",
    "x[",
    "x[]",
    "**x*y",
    "x[a\\-c]y",
    "x[\\a-\\c]y",
    "x[[:alpha:]9]y",
    "x[![:alpha:]]y",
    "x[[:alpha:]-z]y",
    "x[[:alpha]y",
    "x[[:]y",
    "x[[:ALPHA:]]y",
    "[[:upper:][:digit:]]",
    "\\x\\?",
    "[---]",
    "a*",
    "x?y",
    "x[!a-z]y",
    "x[^[:digit:][:punct:]]y",
    "[![:alnum:]]",
    "x[[:punct:]]y",
    "x[[:lower:]-]y",
    "x[,-:]y",
    "x[[:xdigit:]]y",
    "x[*?[]y",
    "**[yc]",
    "*[!y]",
    "x[a-]y",
    "/a?b",
    "x/a?b",
    "**a?c",
    "/a[!x]b",
    "x[[:ALPHA:]a]y",
    "x[a[:nope:]]y",
    "x[a[::]]y",
];

fn build(top: &Path, names: &[&str]) {
    for name in names {
        let path = top.join(name);
        let dir = if name.ends_with('/') { Some(&*path) } else { path.parent() };
        fs::create_dir_all(dir.expect("below the top")).expect("a scratch folder");
        if !name.ends_with('/') {
            fs::write(path, "").expect("a scratch folder");
        }
    }
}

/// What `program` says that it would copy of a tree.
fn listed(program: &Path, trees: &Path, tree: usize, rules: &[String], scratch: &Path) -> String {
    let mut command = command(program);
    command.args(["-rn8", "--out-format=%n"]).args(rules);
    command.args([&format!("{tree}/"), "new"]).current_dir(trees);
    run(command, b"", scratch).text()
}

/// The patterns of a share whose hits differ.
fn compare(trees: &Path, patterns: &[&str]) -> Vec<String> {
    let Peers { rsync, ours, .. } = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    let scratch = Scratch::new("patterns", "run");
    let mut wrong = Vec::new();
    for pattern in patterns {
        // Of directories, those that the pattern hits are not entered, or all are.
        let forms = [
            vec![format!("--filter=- {pattern}")],
            vec![format!("--filter=+ {pattern}"), "--filter=-! */".to_owned()],
        ];
        for (tree, rules) in (0..TREES.len()).flat_map(|tree| forms.each_ref().map(|f| (tree, f))) {
            let [theirs, own] =
                [&rsync, &ours].map(|p| listed(p, trees, tree, rules, &scratch.path));
            assert!(theirs.starts_with("exit 0"), "{rules:?}: {theirs}");
            if theirs != own {
                wrong.push(format!("{rules:?}:\n{}", normalise::diff(&theirs, &own)));
            }
        }
    }
    wrong
}

#[test]
fn every_pattern_hits_what_it_hits_in_rsync() {
    let scratch = Scratch::new("patterns", "trees");
    for (tree, names) in TREES.iter().enumerate() {
        build(&scratch.path.join(tree.to_string()), names);
    }
    let trees = &scratch.path;
    let wrong: Vec<_> = thread::scope(|scope| {
        let shares = PATTERNS.chunks(PATTERNS.len().div_ceil(AT_ONCE));
        let shares: Vec<_> =
            shares.map(|share| scope.spawn(move || compare(trees, share))).collect();
        shares.into_iter().flat_map(|share| share.join().expect("nobody panics")).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
