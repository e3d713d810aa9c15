//! Who may use a module: `hosts allow` and `hosts deny` (rsyncd.conf man page, hosts allow).

use crate::wild::wild_match_nocase;
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};

/// The name of a client whose name was not looked up.
pub const UNDETERMINED: &str = "UNDETERMINED";
/// The name of a client whose name could not be found, or contradicts its address.
pub const UNKNOWN: &str = "UNKNOWN";

/// A client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its address; IPv4-mapped addresses are IPv4.
    pub addr: IpAddr,
    /// Its name, or [`UNDETERMINED`] or [`UNKNOWN`].
    pub name: String,
}

impl Peer {
    /// A client whose name is not looked up yet.
    pub fn new(addr: IpAddr) -> Peer {
        Peer { addr: addr.to_canonical(), name: UNDETERMINED.into() }
    }

    /// A client on this host that has no address.
    pub fn local() -> Peer {
        Peer { addr: Ipv4Addr::LOCALHOST.into(), name: "localhost".into() }
    }

    /// A client of which nothing is known.
    pub fn unknown() -> Peer {
        Peer { addr: Ipv4Addr::UNSPECIFIED.into(), name: UNKNOWN.into() }
    }

    /// Looks the name up, if it is not known, and that it has this address; returns what to log if not.
    pub fn look_up(&mut self) -> Option<String> {
        if self.name != UNDETERMINED {
            return None;
        }
        let addr = self.addr;
        let name = match dns_lookup::lookup_addr(&addr) {
            Ok(name) => name,
            Err(e) => {
                self.name = UNKNOWN.into();
                return Some(format!("name lookup failed for {addr}: {e}"));
            }
        };
        match (name.as_str(), 0).to_socket_addrs() {
            Ok(mut found) => {
                if found.any(|a| a.ip().to_canonical() == addr) {
                    self.name = name;
                    None
                } else {
                    self.name = UNKNOWN.into();
                    Some(format!("{addr} is not a known address for \"{name}\": spoofed address?"))
                }
            }
            Err(e) => {
                self.name = UNKNOWN.into();
                Some(format!("forward name lookup for {name} failed: {e}"))
            }
        }
    }
}

/// The lists of one module.
#[derive(Debug, Clone, Default)]
pub struct HostRules {
    /// `hosts allow`.
    pub allow: String,
    /// `hosts deny`.
    pub deny: String,
    /// `forward lookup`.
    pub forward_lookup: bool,
}

impl HostRules {
    /// Whether `peer` may use the module. What could not be understood goes to `log`; on the deny list it counts as a
    /// match, so that a mistake closes rather than opens.
    pub fn allows(&self, peer: &Peer, log: &mut dyn FnMut(String)) -> bool {
        let allow: Vec<&str> = tokens(&self.allow).collect();
        let deny: Vec<&str> = tokens(&self.deny).collect();
        if allow.iter().any(|token| self.matches(token, peer, false, log)) {
            return true;
        }
        if !allow.is_empty() && deny.is_empty() {
            return false;
        }
        !deny.iter().any(|token| self.matches(token, peer, true, log))
    }

    fn matches(&self, token: &str, peer: &Peer, deny: bool, log: &mut dyn FnMut(String)) -> bool {
        if let Some(group) = token.strip_prefix('@')
            && !group.is_empty()
        {
            log(format!("netgroups are not supported: {token}"));
            return deny;
        }
        if wild_match_nocase(token.as_bytes(), peer.name.as_bytes()) {
            return true;
        }
        let numeric = token.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let is_name = !numeric && !token.contains([':', '/', '*', '?', '[']);
        if self.forward_lookup && is_name {
            return match (token, 0).to_socket_addrs() {
                Ok(mut found) => found.any(|a| a.ip().to_canonical() == peer.addr),
                Err(_) => deny,
            };
        }
        let (address, mask) = match token.split_once('/') {
            Some((address, mask)) => (address, Some(mask)),
            None => (token, None),
        };
        if !(address.contains(':') || address.bytes().all(|b| b.is_ascii_digit() || b == b'.')) {
            return false;
        }
        let Ok(address) = address.parse::<IpAddr>() else {
            log(format!("error matching address {token}: not an address"));
            return deny;
        };
        match mask {
            None => address.to_canonical() == peer.addr,
            Some(mask) => match masked(address, mask, peer.addr) {
                Some(matched) => matched,
                None => {
                    log(format!("malformed mask in {token}"));
                    deny
                }
            },
        }
    }
}

fn tokens(list: &str) -> impl Iterator<Item = &str> {
    list.split([' ', ',', '\t', '\n', '\r']).filter(|token| !token.is_empty())
}

/// Whether `addr` is in the network; `None` for a malformed mask.
fn masked(network: IpAddr, mask: &str, addr: IpAddr) -> Option<bool> {
    fn bits(ip: IpAddr) -> (u128, u32) {
        match ip {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
            IpAddr::V6(v6) => (v6.to_bits(), 128),
        }
    }
    let (network, width) = bits(network);
    let mask = match mask.parse::<u32>() {
        Ok(prefix) if prefix <= width => match prefix {
            0 => 0,
            _ => (!0u128 << (width - prefix)) & (!0u128 >> (128 - width)),
        },
        Ok(_) => return None,
        Err(_) => {
            let (mask, mask_width) = bits(mask.parse().ok()?);
            if mask_width != width {
                return None;
            }
            mask
        }
    };
    let (addr, addr_width) = bits(addr);
    Some(addr_width == width && addr & mask == network & mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(allow: &str, deny: &str, addr: &str, name: &str) -> bool {
        let rules = HostRules { allow: allow.into(), deny: deny.into(), forward_lookup: false };
        let peer = Peer { name: name.into(), ..Peer::new(addr.parse().unwrap()) };
        rules.allows(&peer, &mut |_| {})
    }

    #[test]
    fn allow_then_deny_then_open() {
        assert!(allows("", "", "10.1.2.3", UNKNOWN));
        assert!(allows("10.0.0.0/8", "*", "10.1.2.3", UNKNOWN));
        assert!(!allows("10.0.0.0/8", "*", "11.1.2.3", UNKNOWN));
        assert!(!allows("10.0.0.0/8", "", "11.1.2.3", UNKNOWN));
        assert!(allows("10.0.0.0/8", "192.168.0.1", "11.1.2.3", UNKNOWN));
        assert!(!allows("", "11.1.2.0/255.255.255.0", "11.1.2.3", UNKNOWN));
    }

    #[test]
    fn names_and_families() {
        assert!(allows("*.Example.org", "*", "10.0.0.1", "host.example.ORG"));
        assert!(!allows("1.2.3.*", "*", "1.2.3.4", UNKNOWN));
        assert!(allows("::1, fe80::/10", "*", "fe80::5", UNKNOWN));
        assert!(allows("127.0.0.1", "*", "::ffff:127.0.0.1", UNKNOWN));
        assert!(allows("0.0.0.0/0", "*", "9.9.9.9", UNKNOWN));
        assert!(!allows("0.0.0.0/0", "*", "::9", UNKNOWN));
    }

    #[test]
    fn a_broken_deny_token_denies() {
        assert!(!allows("", "1.2.3.4.5", "9.9.9.9", UNKNOWN));
        assert!(!allows("", "10.0.0.0/99", "9.9.9.9", UNKNOWN));
        assert!(!allows("10.0.0.0/99", "*", "10.0.0.1", UNKNOWN));
    }
}
