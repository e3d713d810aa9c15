//! Negotiation of checksum and compression names (spec chapter 01, Algorithm negotiation and seed). Which
//! algorithm a name stands for is `delta`'s and `token`'s business.
/// Picks for a client: the first name of `own` that the server listed (case-insensitively; `xxhash` = `xxh64`).
pub fn client_choice<'a>(own: &[&'a str], server: &[u8]) -> Option<&'a str> {
    let _ = (own, server);
    todo!()
}
/// Picks for a server: the first name of the *client's* list that `own` has.
pub fn server_choice<'a>(own: &[&'a str], client: &[u8]) -> Option<&'a str> {
    let _ = (own, client);
    todo!()
}
/// Applies an environment list (`RSYNC_CHECKSUM_LIST`, `A & B` for client and server) to the built-in names: the
/// allowed names in preference order; `None` if nothing valid remains (the list sent is then `INVALID`).
pub fn environment_list<'a>(all: &[&'a str], value: &str, is_server: bool) -> Option<Vec<&'a str>> {
    let _ = (all, value, is_server);
    todo!()
}
