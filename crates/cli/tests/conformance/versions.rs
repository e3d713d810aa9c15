//! What protocols 28 to 32 have in common at the beginning of a session, and how they write the same things.

use crate::peer::{Peer, Site, set_mtime};

/// The head of a file without a basis.
const NEW: &str = "00000000 00000000 00000000 00000000";

/// `src/f`, which travels as [`Forms::entry`].
pub fn one_file() -> Site {
    let site = Site::new().file("src/f", "hello\n");
    set_mtime(&site.path("src/f"), 1_700_000_000);
    site
}

/// What differs between versions.
pub struct Forms {
    /// A request for a new file with index 0.
    pub request: String,
    /// The answer to it, for `hello` without a checksum.
    pub answer: String,
    pub done: &'static str,
    /// How many DONEs come after the first.
    pub more: usize,
    /// The entry of [`one_file`], and the end of the list.
    pub entry: String,
    /// The end of a list without errors.
    pub end: &'static str,
    /// Five numbers.
    pub statistics: String,
}

pub fn forms(version: u8) -> Forms {
    let old = version < 30;
    let index = if old { "00000000" } else { "01" };
    let request = match version {
        ..29 => format!("{index} {NEW}"),
        _ => format!("{index} 00a0 {NEW}"),
    };
    let answer = format!("{request} 06000000 \"hello\n\" 00000000 00");
    let end = if old { "00 00000000" } else { "00 00" };
    let entry = if old { "18 01 66 06000000 00f15365" } else { "18 01 66 000600 6500f153" };
    Forms {
        request,
        answer,
        done: if old { "ffffffff" } else { "00" },
        more: if version < 31 { 3 } else { 4 },
        entry: format!("{entry} a4810000 {end}"),
        end,
        statistics: if old { "00000000" } else { "000000" }.repeat(5),
    }
}

impl Peer {
    /// The part of a server with `--checksum-seed=1` up to the framing of what it sends, for a client that agrees upon `version`.
    /// What the client of a new one sends is framed, too.
    #[track_caller]
    pub fn greet_server_of(&mut self, version: u8) {
        self.raw(&[version, 0, 0, 0]);
        self.expect("20000000");
        if version >= 30 {
            self.expect("81FE");
        }
        self.expect("01000000");
        self.frame_in();
        if version >= 30 {
            self.frame_out();
        }
    }

    /// The part of a client with `--protocol` and `--checksum-choice` up to the framing.
    #[track_caller]
    pub fn greet_client_of(&mut self, version: u8) {
        self.expect(&format!("{version:02x}000000"));
        self.raw(&[version, 0, 0, 0]);
        self.send(if version >= 30 { "81FE 01000000" } else { "01000000" });
        self.frame_out();
        if version >= 30 {
            self.frame_in();
        }
    }
}
