//! Progress lines byte by byte beside the real rsync's: only rate and time may differ, and those in their digits.

use testkit::{
    Peers, Scratch,
    run::{command, run},
    scenario::words,
    tree,
};

/// Digits, units and the blanks before them behind a percentage become `#` up to what is in parentheses.
fn masked(text: &str) -> String {
    let mut moving = false;
    let mask = |c: char| {
        moving = c == '%' || (moving && c != '(' && c != '\r' && c != '\n');
        match c {
            '0'..='9' | 'k' | 'M' | 'G' | ' ' if moving => '#',
            c => c,
        }
    };
    text.chars().map(mask).collect()
}

#[test]
fn progress_lines_have_the_same_bytes() {
    let Peers { rsync, ours, .. } = Peers::new(env!("CARGO_BIN_EXE_oxrsync"));
    for args in [
        "-a --progress src/one dst/",
        "-a --progress --no-h src/one dst/",
        "-ahh --progress src/one dst/",
        "-a --progress src/empty dst/",
        "-a --progress src/empty src/one src/two dst/",
        "-a --info=progress2 src/one dst/",
        "-an --progress src/ dst/",
    ] {
        let [theirs, own] = [&rsync, &ours].map(|program| {
            let scratch = Scratch::new("progress", "x");
            tree::build(
                &scratch.path,
                "f src/empty\nf src/one size=3210\nf src/two size=20000\nd dst",
            );
            let mut command = command(program);
            command.args(words(args)).current_dir(&scratch.path);
            let done = run(command, b"", &scratch.path);
            assert_eq!(done.code(), Some(0), "{}", done.text());
            masked(&String::from_utf8(done.stdout).expect("nothing but ASCII"))
        });
        assert!(theirs.contains('\r') || args.contains("-an"), "{args}: {theirs:?}");
        assert_eq!(own, theirs, "{args}");
    }
}
