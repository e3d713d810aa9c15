//! What is said of a handshake to those who ask.

use crate::Settings;
use wire::Protocol;

/// What `--debug=PROTO` and `--debug=NSTR` say, on the client and on the server.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes {
    pub client: Vec<String>,
    pub server: Vec<String>,
}

impl Notes {
    /// A line of one side, if it is wanted there.
    pub fn add(&mut self, settings: &Settings, is_server: bool, level: u8, at: u8, text: String) {
        // The receiving side of a local copy speaks of names one level later.
        let at = if settings.local && is_server && at > 0 { at.max(3) } else { at.max(1) };
        if level >= at {
            match is_server {
                true => self.server.push(text),
                false => self.client.push(text),
            }
        }
    }

    pub fn versions(&mut self, settings: &Settings, is_server: bool, peer: i64, agreed: Protocol) {
        let side = side(is_server);
        let text = format!("({side}) Protocol versions: remote={peer}, negotiated={agreed}");
        self.add(settings, is_server, settings.debug.proto, 0, text);
    }

    /// The two lists of names as they are known to a side.
    pub fn lists(&mut self, settings: &Settings, is_server: bool, what: &str, lists: [&str; 2]) {
        let on = side(is_server).to_lowercase();
        for (whose, list) in ["Client", "Server"].into_iter().zip(lists) {
            // A client that has made up its mind would not choose none.
            let list = if whose == "Client" { list.trim_end_matches(" none") } else { list };
            let text = format!("{whose} {what} list (on {on}): {list}");
            self.add(settings, is_server, settings.debug.nstr, 2, text);
        }
    }

    pub fn join(&mut self, other: Notes) {
        self.client.extend(other.client);
        self.server.extend(other.server);
    }
}

pub(super) fn side(is_server: bool) -> &'static str {
    if is_server { "Server" } else { "Client" }
}
