//! The header by which a proxy tells whom it speaks for (rsyncd.conf man page, proxy protocol).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use wire::{Cursor, Decode, DecodeError, Fault, WireError};

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Longest line of version 1, its end included.
const MAX_LINE: usize = 107;
/// Longest body of version 2.
const MAX_BODY: u16 = 216;

/// Reads a header of either version; `None`: the connection's own address stays.
pub fn decode(c: &mut Cursor<'_>) -> Decode<Option<IpAddr>> {
    let mut at = c.clone();
    let source = match at.take(SIGNATURE.len())? {
        SIGNATURE => version_2(&mut at)?,
        start if start.starts_with(b"PROXY") => {
            at = c.clone();
            version_1(&mut at)?
        }
        _ => return Err(bad()),
    };
    *c = at;
    Ok(source)
}

fn bad() -> DecodeError {
    WireError::new(Fault::Protocol, "invalid PROXY header").into()
}

fn version_2(c: &mut Cursor<'_>) -> Decode<Option<IpAddr>> {
    let [command, family] = [c.byte()?, c.byte()?];
    let length = u16::from_be_bytes([c.byte()?, c.byte()?]);
    if command >> 4 != 2 || length > MAX_BODY {
        return Err(bad());
    }
    let body = c.take(usize::from(length))?;
    // What is behind the addresses and ports are further fields, none of which is needed.
    match (command & 15, family) {
        (0, _) => Ok(None),
        (1, 0x11) => {
            let source = body.get(..12).and_then(|b| b.first_chunk::<4>()).ok_or_else(bad)?;
            Ok(Some(Ipv4Addr::from(*source).into()))
        }
        (1, 0x21) => {
            let source = body.get(..36).and_then(|b| b.first_chunk::<16>()).ok_or_else(bad)?;
            Ok(Some(Ipv6Addr::from(*source).into()))
        }
        (1, _) => Ok(None),
        _ => Err(bad()),
    }
}

fn version_1(c: &mut Cursor<'_>) -> Decode<Option<IpAddr>> {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        if line.len() == MAX_LINE {
            return Err(bad());
        }
        line.push(c.byte()?);
    }
    let text = line.strip_suffix(b"\r\n").and_then(|line| std::str::from_utf8(line).ok());
    let rest = text.and_then(|text| text.strip_prefix("PROXY ")).ok_or_else(bad)?;
    if rest.starts_with("UNKNOWN") {
        return Ok(None);
    }
    let fields: Vec<&str> = rest.split(' ').collect();
    let [kind, source, target, ports @ ..] = fields.as_slice() else { return Err(bad()) };
    let [source, target] = [source, target].map(|text| text.parse::<IpAddr>());
    let (Ok(source), Ok(target)) = (source, target) else { return Err(bad()) };
    let family = match *kind {
        "TCP4" => source.is_ipv4() && target.is_ipv4(),
        "TCP6" => source.is_ipv6() && target.is_ipv6(),
        _ => false,
    };
    let is_port = |text: &&str| text.parse::<u16>().is_ok_and(|port| port != 0);
    if !family || ports.len() != 2 || !ports.iter().all(is_port) {
        return Err(bad());
    }
    Ok(Some(source))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The source, or why there is none.
    fn read(bytes: &[u8]) -> Result<Option<String>, &'static str> {
        match decode(&mut Cursor::new(bytes)) {
            Ok(source) => Ok(source.map(|ip| ip.to_string())),
            Err(DecodeError::Incomplete(_)) => Err("incomplete"),
            Err(DecodeError::Bad(_)) => Err("bad"),
        }
    }

    fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[command, family], &length, body].concat()
    }

    #[test]
    fn version_2_headers() {
        let body = [10, 1, 2, 3, 10, 0, 0, 1, 4, 0xd2, 3, 0x69];
        let header = v2(0x21, 0x11, &body);
        assert_eq!(header[12..16], [0x21, 0x11, 0, 12]);
        assert_eq!(read(&header), Ok(Some("10.1.2.3".into())));
        for cut in 0..header.len() {
            assert_eq!(read(&header[..cut]), Err("incomplete"), "{cut}");
        }
        let mut six = [0; 36];
        six[15] = 1;
        assert_eq!(read(&v2(0x21, 0x21, &six)), Ok(Some("::1".into())));
        assert_eq!(
            read(&v2(0x21, 0x11, &[&body[..], &[4, 0, 0]].concat())).unwrap().unwrap(),
            "10.1.2.3"
        );
        assert_eq!(read(&v2(0x20, 0, b"")), Ok(None));
        assert_eq!(read(&v2(0x21, 0x31, b"")), Ok(None));
        for broken in
            [v2(0x11, 0x11, &body), v2(0x22, 0, b""), v2(0x21, 0x11, b"1"), v2(0x20, 0, &[0; 217])]
        {
            assert_eq!(read(&broken), Err("bad"));
        }
    }

    #[test]
    fn version_1_headers() {
        assert_eq!(read(b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"), Ok(Some("1.2.3.4".into())));
        assert_eq!(read(b"PROXY TCP6 ::2 ::1 1 65535\r\n"), Ok(Some("::2".into())));
        assert_eq!(read(b"PROXY UNKNOWN a b\r\n"), Ok(None));
        for broken in [
            "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n",
            "PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 0 2\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n",
            "PROXY TCP4 ::1 5.6.7.8 1 2\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
            "PROXYTCP4 1.2.3.4 5.6.7.8 1 2\r\n",
            "@RSYNCD: 32.0 sha512\n",
        ] {
            assert_eq!(read(broken.as_bytes()), Err("bad"), "{broken:?}");
        }
        assert_eq!(read(&[b"PROXY TCP4 ".as_slice(), &[b'1'; 200]].concat()), Err("bad"));
    }
}
