//! Negotiation of checksum and compression names (WIRE.md, Algorithm lists). Which algorithm a
//! name stands for is `delta`'s and `token`'s business.

use crate::{
    Cursor, Decode, DecodeError, Fault, WireError, limits::MAX_ALGORITHM_LIST, varint::Put,
};

/// The list of a side whose environment leaves it no valid name.
const INVALID: &str = "INVALID";
/// The name that a server, but not a client, adds to its default list.
const NONE: &str = "none";

/// Another spelling that peers may use, and its usual one.
const ALIAS: (&[u8], &[u8]) = (b"xxhash", b"xxh64");

fn usual(name: &[u8]) -> &[u8] {
    if name.eq_ignore_ascii_case(ALIAS.0) { ALIAS.1 } else { name }
}

fn same(a: &str, b: &[u8]) -> bool {
    usual(a.as_bytes()).eq_ignore_ascii_case(usual(b))
}

fn names(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(u8::is_ascii_whitespace).filter(|name| !name.is_empty())
}

/// Picks for a client: the first name of `own` that the server listed (case-insensitively;
/// `xxhash` = `xxh64`).
pub fn client_choice<'a>(own: &[&'a str], server: &[u8]) -> Option<&'a str> {
    own.iter().copied().find(|name| names(server).any(|theirs| same(name, theirs)))
}

/// Picks for a server: the first name of the *client's* list that `own` has.
pub fn server_choice<'a>(own: &[&'a str], client: &[u8]) -> Option<&'a str> {
    names(client).find_map(|theirs| own.iter().copied().find(|name| same(name, theirs)))
}

/// Applies an environment list (`RSYNC_CHECKSUM_LIST`, `A & B` for client and server) to `all`, the
/// built-in names in preference order with `none` among them: the allowed names in the
/// environment's order; `None` if nothing valid remains (the list sent is then `INVALID`). A blank
/// part stands for the default list, which has `none` on a server only.
pub fn environment_list<'a>(all: &[&'a str], value: &str, is_server: bool) -> Option<Vec<&'a str>> {
    let mut parts = value.split('&');
    let client = parts.next().unwrap_or_default();
    let server = parts.next().unwrap_or(client);
    let part = if is_server { server } else { client };
    if part.trim().is_empty() {
        return Some(all.iter().copied().filter(|&name| is_server || name != NONE).collect());
    }
    let mut allowed = Vec::new();
    for wanted in names(part.as_bytes()) {
        let found = all.iter().copied().find(|name| same(name, wanted));
        allowed.extend(found.filter(|name| !allowed.contains(name)));
    }
    (!allowed.is_empty()).then_some(allowed)
}

/// Appends the list of `own` names; `None` stands for no valid name.
pub fn encode_list(own: Option<&[&str]>, out: &mut Vec<u8>) {
    match own {
        Some(names) => out.put_vstring(names.join(" ").as_bytes()),
        None => out.put_vstring(INVALID.as_bytes()),
    }
}

/// A peer's list. Errors: code 4 for one that is too long.
pub fn decode_list(c: &mut Cursor<'_>) -> Decode<Vec<u8>> {
    c.vstring(MAX_ALGORITHM_LIST).map_err(|e| match e {
        DecodeError::Bad(e) => WireError { fault: Fault::Refused, ..e }.into(),
        e => e,
    })
}

/// The client's error when no name is common to both lists: code 4. `what` is `checksum` or
/// `compress`.
pub fn no_choice(what: &str, server: &[u8], client: &[u8]) -> WireError {
    WireError::about(Fault::Refused, "Client list: ", client)
        .behind(format!("Failed to negotiate a {what} choice."))
        .behind([b"Server list: ", server].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    const SUMS: [&str; 7] = ["xxh128", "xxh3", "xxh64", "md5", "md4", "sha1", "none"];

    #[test]
    fn both_sides_follow_the_client() {
        let (client, server) = (["md5", "xxh64", "sha1"], ["sha1", "xxh64", "md5", "none"]);
        assert_eq!(client_choice(&client, b"sha1 xxh64 md5 none"), Some("md5"));
        assert_eq!(server_choice(&server, b"md5 xxh64 sha1"), Some("md5"));
        assert_eq!(client_choice(&client, b"new XXHASH"), Some("xxh64"));
        assert_eq!(server_choice(&server, b"  new  xxHash md5"), Some("xxh64"));
        assert_eq!(server_choice(&["xxhash"], b"xxh64"), Some("xxhash"));
        assert_eq!(client_choice(&client, b"md"), None);
        assert_eq!(server_choice(&server, b""), None);
        assert_eq!(server_choice(&server, b"INVALID"), None);
    }

    #[test]
    fn environment_lists() {
        let list = |value, is_server| environment_list(&SUMS, value, is_server);
        assert_eq!(list("md5 & md4", false), Some(vec!["md5"]));
        assert_eq!(list("md5 & md4", true), Some(vec!["md4"]));
        assert_eq!(list("md5&md4 & sha1", true), Some(vec!["md4"]));
        assert_eq!(list("sha1 md4", true), Some(vec!["sha1", "md4"]));
        assert_eq!(list("bogus MD5 xxhash xxh64 none", true), Some(vec!["md5", "xxh64", "none"]));
        assert_eq!(list("bogus", false), None);
        assert_eq!(list("md5 &", true), Some(SUMS.to_vec()));
        assert_eq!(list(" & md4", false), Some(SUMS[..6].to_vec()));
        assert_eq!(list("  ", true), Some(SUMS.to_vec()));
    }

    #[test]
    fn golden_lists() {
        let mut out = Vec::new();
        encode_list(Some(&SUMS), &mut out);
        assert_eq!(out[0], 0x23);
        assert_eq!(&out[1..], b"xxh128 xxh3 xxh64 md5 md4 sha1 none");
        assert_eq!(decode_list(&mut Cursor::new(&out)).unwrap(), out[1..]);
        out.clear();
        encode_list(None, &mut out);
        assert_eq!(out, b"\x07INVALID");
        let mut long = hex("80ff");
        long.resize(2 + 255, b'a');
        assert_eq!(decode_list(&mut Cursor::new(&long)).unwrap().len(), 255);
        let got = decode_list(&mut Cursor::new(&hex("8100")));
        let Err(DecodeError::Bad(e)) = got else { panic!("{got:?}") };
        assert_eq!(e.to_string(), "over-long vstring received (256 > 255)");
        assert_eq!(e.fault, Fault::Refused);
    }

    #[test]
    fn nothing_in_common() {
        let e = no_choice("checksum", b"a\xff", b"md5 md4");
        let lines: [&[u8]; 3] = [
            b"Failed to negotiate a checksum choice.",
            b"Server list: a\xff",
            b"Client list: md5 md4",
        ];
        assert_eq!(e.lines("sender"), lines);
        assert_eq!(e.fault, Fault::Refused);
    }
}
