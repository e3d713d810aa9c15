//! What the client sends behind `@RSYNCD: OK`.

use crate::{
    arguments,
    config::Section,
    connection::{Client, Stop},
};
use session::options::table::{OPTIONS, Opt};
use wire::{
    Protocol,
    args::ArgBlockDecoder,
    limits::{MAX_ARGS, MAX_DAEMON_ARG},
};

/// What the client sent behind `@RSYNCD: OK`.
pub(super) struct Words {
    /// Options, unescaped, then the lone `.` and the paths as they came.
    pub all: Vec<Vec<u8>>,
    pub secluded: bool,
}

pub(super) fn read_words(client: &mut Client, module: &Section) -> Result<Words, Stop> {
    client.arm(module.int("timeout"));
    // A version that we do not speak is an old one, for a newer client takes ours.
    let modern = Protocol::new(client.common).is_some_and(Protocol::has_varints);
    let first = read_block(client, modern)?;
    let dot = first.iter().position(|word| word == b".").unwrap_or(first.len());
    let mut all: Vec<Vec<u8>> = first
        .iter()
        .enumerate()
        .map(|(i, word)| if i < dot { arguments::unescape(word) } else { word.clone() })
        .collect();
    // The options of the first block end in the second one if the client secluded them.
    let secluded = {
        let typed = session::options::parse::parse(OPTIONS, &all, true);
        typed.has(Opt::SecludedArgs)
    };
    if secluded {
        all.truncate(dot);
        // Its first word is a dummy program name.
        let more = read_block(client, true)?.into_iter().skip(1);
        match &client.charset {
            Some(charset) => all.extend(more.map(|word| charset.text_from_wire(&word))),
            None => all.extend(more),
        }
    }
    Ok(Words { all, secluded })
}

fn read_block(client: &mut Client, nul: bool) -> Result<Vec<Vec<u8>>, Stop> {
    let mut block = ArgBlockDecoder::new(nul, MAX_DAEMON_ARG, MAX_ARGS);
    let mut words = Vec::new();
    loop {
        match client.reader.read(|c| block.decode(c)) {
            Ok(Some(word)) => words.push(word),
            Ok(None) => return Ok(words),
            Err(e) => return Err(e.into()),
        }
    }
}
