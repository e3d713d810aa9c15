//! The texts of `--version`: rsync's shape, with our abilities.

use fast_io::{LinkKind, Producer, lanes};
use wire::token::Compressor;

/// The release of rsync that we stand in for; scripts compare the first line's.
pub const RSYNC_VERSION: &str = "3.5.0";
const PROTOCOL: &str = "32";
const COPYRIGHT: &str = "(C) the Oxrsync developers.";
const URL: &str = "https://rsync.samba.org/";

/// A name and how it stands in the texts.
enum Ability {
    Bits(&'static str),
    Yes(&'static str),
    No(&'static str),
    Optional(&'static str),
    /// Whether this system has it.
    System(&'static str, bool),
}
use Ability::{Bits, No, Optional, System, Yes};

const CAPABILITIES: &[Ability] = &[
    Bits("files"),
    Bits("inums"),
    Bits("timestamps"),
    Bits("long ints"),
    Yes("socketpairs"),
    Yes("symlinks"),
    Yes("symtimes"),
    Yes("hardlinks"),
    Yes("hardlink-specials"),
    Yes("hardlink-symlinks"),
    Yes("IPv6"),
    Yes("atimes"),
    Yes("batchfiles"),
    Yes("inplace"),
    Yes("append"),
    System("ACLs", fsroot::xattr::SUPPORTED),
    // Reached from the handle of their directory, by calls that follow no symlink.
    System("ACL-at", fsroot::xattr::SUPPORTED),
    System("xattrs", fsroot::xattr::SUPPORTED),
    Optional("secluded-args"),
    Yes("iconv"),
    Yes("prealloc"),
    Yes("stop-at"),
    No("crtimes"),
];
const OPTIMIZATIONS: &[Ability] =
    &[No("SIMD-roll"), No("asm-roll"), No("openssl-crypto"), No("asm-MD5")];

/// The checksums that can be negotiated, best first; an alias stands in brackets behind its name.
const CHECKSUMS: &str = "xxh128 xxh3 xxh64 (xxhash) md5 md4 sha1 none";
const DAEMON_AUTH: &str = "sha512 sha256 sha1 md5 md4";

/// `--version`.
pub fn version() -> String {
    let own = env!("CARGO_PKG_VERSION");
    format!(
        "rsync  version {RSYNC_VERSION}  protocol version {PROTOCOL}
Copyright {COPYRIGHT}
Web site: {URL}
Oxrsync {own}
Capabilities:
{}Optimizations:
{}Checksum list:
    {CHECKSUMS}
Compress list:
    {} none
Daemon auth list:
    {DAEMON_AUTH}

Oxrsync comes without any warranty. It may be used under the MIT licence or the
Apache licence 2.0 (MIT OR Apache-2.0), as you prefer.
",
        wrapped(CAPABILITIES),
        wrapped(OPTIMIZATIONS),
        Compressor::NAMES.join(" "),
    )
}

fn wrapped(abilities: &[Ability]) -> String {
    let said = |name: &str, on| if on { name.to_string() } else { format!("no {name}") };
    let items = abilities.iter().map(|ability| match ability {
        Bits(name) => format!("64-bit {name}"),
        Yes(name) => said(name, true),
        No(name) => said(name, false),
        System(name, on) => said(name, *on),
        Optional(name) => format!("optional {name}"),
    });
    fill(items, "    ", 76)
}

/// What `--version` says in addition under `-v`: the lanes by which large amounts of data leave, and what else the system
/// offers for them.
pub fn version_lanes() -> String {
    let mut out = String::from("Lanes:\n");
    for (producer, links) in [
        (Producer::LiteralRun, &[LinkKind::Socket, LinkKind::Pipe, LinkKind::Memory][..]),
        (Producer::CompressedRun, &[LinkKind::Socket]),
        (Producer::FileList, &[LinkKind::Socket]),
    ] {
        let each = links.iter().map(|&link| format!("{} to {link}", lanes::lane(producer, link)));
        out.push_str(&format!("    {producer}: {}\n", each.collect::<Vec<_>>().join(", ")));
    }
    for ability in fast_io::abilities() {
        out.push_str(&format!("    {ability}\n"));
    }
    out
}

/// `--version --version`: one JSON object.
pub fn version_json() -> String {
    let own = env!("CARGO_PKG_VERSION");
    format!(
        "{{
  \"program\": \"rsync\",
  \"version\": \"{RSYNC_VERSION}\",
  \"protocol\": \"{PROTOCOL}.0\",
  \"copyright\": \"{COPYRIGHT}\",
  \"url\": \"{URL}\",
  \"oxrsync\": \"{own}\",
  \"capabilities\": {{
{}  }},
  \"optimizations\": {{
{}  }},
  \"checksum_list\": [
{}  ],
  \"compress_list\": [
{}  ],
  \"daemon_auth_list\": [
{}  ],
  \"license\": \"MIT OR Apache-2.0\",
  \"caveat\": \"Oxrsync comes without any warranty\"
}}
",
        json_abilities(CAPABILITIES),
        json_abilities(OPTIMIZATIONS),
        json_list(CHECKSUMS),
        json_list(&format!("{} none", Compressor::NAMES.join(" "))),
        json_list(DAEMON_AUTH),
    )
}

fn json_abilities(abilities: &[Ability]) -> String {
    let key = |name: &str| name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let said = |name: &str, on: bool| format!("\"{}\": {on}", key(name));
    let items = abilities.iter().map(|ability| match ability {
        Bits(name) => format!("\"{}_bits\": 64", key(name.trim_end_matches('s'))),
        Yes(name) => said(name, true),
        No(name) => said(name, false),
        System(name, on) => said(name, *on),
        Optional(name) => format!("\"{}\": \"optional\"", key(name)),
    });
    fill(items, "    ", 76)
}

fn json_list(names: &str) -> String {
    let names = names.split(' ').filter(|name| !name.starts_with('('));
    fill(names.map(|name| format!("\"{name}\"")), "    ", 76)
}

/// Items with commas between, in lines of at most `width` columns.
fn fill(items: impl Iterator<Item = String>, indent: &str, width: usize) -> String {
    let items: Vec<String> = items.collect();
    let mut out = String::new();
    let mut line = String::new();
    for (at, item) in items.iter().enumerate() {
        let comma = if at + 1 < items.len() { "," } else { "" };
        if !line.is_empty() && indent.len() + line.len() + 1 + item.len() + comma.len() > width {
            out.push_str(&format!("{indent}{line}\n"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(item);
        line.push_str(comma);
    }
    out.push_str(&format!("{indent}{line}\n"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shape() {
        let text = version();
        assert!(text.starts_with("rsync  version 3.5.0  protocol version 32\nCopyright "));
        assert!(text.contains("\nOxrsync "));
        assert!(text.contains("\n    64-bit files, 64-bit inums, "));
        assert!(text.contains("no crtimes\nOptimizations:\n    no SIMD-roll, "));
        assert!(text.lines().all(|line| line.len() < 80));
    }

    #[test]
    fn lanes_are_told() {
        let text = version_lanes();
        let lane = lanes::lane(Producer::LiteralRun, LinkKind::Socket);
        assert!(text.contains(&format!("    literal runs: {lane} to sockets, ")), "{text}");
        assert!(text.contains(", handle to memory\n    compressed runs: "), "{text}");
    }

    #[test]
    fn json_has_rsync_s_keys() {
        let text = version_json();
        for part in [
            "\"file_bits\": 64,",
            "\"long_int_bits\": 64,",
            "\"hardlink_specials\": true,",
            "\"secluded_args\": \"optional\",",
            "\"crtimes\": false\n  },\n  \"optimizations\": {",
            "\"sha1\", \"none\"\n  ],",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
}
