//! Entry points for framing, items and everything before and after the lists.

use super::{reads_as, split, step};
use crate::args::{ArgBlockDecoder, encode_block};
use crate::compat::{ClientCapabilities, CompatFlags};
use crate::filter_list::{decode_rule, encode_rule};
use crate::greeting::{DIGESTS, Greeting};
use crate::item::Item;
use crate::limits::{DEFAULT_MAX_ALLOC, MAX_TEXT};
use crate::mux::{FrameHeader, Message, Tag};
use crate::ndx::{NdxDecoder, NdxEncoder};
use crate::stats::{DeleteStats, TransferStats};
use crate::sums::SumHead;
use crate::{Cursor, RelPath, negotiate, version};

/// Frames and control messages.
pub fn frames(data: &[u8]) {
    let (_, _, rest) = split(data);
    let mut c = Cursor::new(rest);
    while let Some(header) = step(&mut c, FrameHeader::decode) {
        assert!(header.tag == Tag::Data || header.len < MAX_TEXT, "{header:?}");
        let Some(payload) = step(&mut c, |c| Ok(c.take(header.len)?.to_vec())) else { return };
        if header.tag == Tag::Data {
            continue;
        }
        let message = Message::parse(header.tag, &payload).expect("the header was accepted");
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        reads_as(&bytes, &message, |c| {
            let header = FrameHeader::decode(c)?;
            Ok(Message::parse(header.tag, c.take(header.len)?)?)
        });
    }
}

/// Indexes, and the items behind them.
pub fn items(data: &[u8]) {
    let (p, _, rest) = split(data);
    let mut c = Cursor::new(rest);
    let mut indexes = NdxDecoder::new(p);
    loop {
        let next = step(&mut c, |c| {
            let mut indexes = indexes.clone();
            Ok((indexes.decode(c)?, indexes))
        });
        let Some((ndx, after)) = next else { return };
        indexes = after;
        if ndx < 0 {
            continue;
        }
        let Some(item) = step(&mut c, |c| Item::decode(p, c)) else { return };
        let mut bytes = Vec::new();
        item.encode(p, &mut bytes);
        reads_as(&bytes, &item, |c| Item::decode(p, c));
        if let Some(path) = item.xname.as_deref().and_then(RelPath::new) {
            assert_eq!(RelPath::new(path.as_bytes()), Some(path));
        }
    }
}

/// Indexes alone.
pub fn ndx(data: &[u8]) {
    let (p, _, rest) = split(data);
    let mut c = Cursor::new(rest);
    let mut dec = NdxDecoder::new(p);
    let (mut again, mut enc) = (NdxDecoder::new(p), NdxEncoder::new(p));
    let mut bytes = Vec::new();
    while let Some((ndx, after)) = step(&mut c, |c| {
        let mut dec = dec.clone();
        Ok((dec.decode(c)?, dec))
    }) {
        dec = after;
        bytes.clear();
        enc.encode(ndx, &mut bytes);
        reads_as(&bytes, &ndx, |c| again.decode(c));
    }
}

/// Sum heads and block sums.
pub fn sums(data: &[u8]) {
    let (p, options, rest) = split(data);
    let digest_len = [1, 8, 16, 20][usize::from(options % 4)];
    let mut c = Cursor::new(rest);
    let decode = |c: &mut Cursor<'_>| SumHead::decode(p, digest_len, DEFAULT_MAX_ALLOC, c);
    while let Some(head) = step(&mut c, decode) {
        let mut bytes = Vec::new();
        head.encode(&mut bytes);
        reads_as(&bytes, &head, decode);
        let last = head.count.checked_sub(1).map_or(0, |last| head.block_len(last));
        let before = u64::from(head.count.saturating_sub(1)) * u64::from(head.blength);
        assert_eq!(head.flength(), before + u64::from(last));
        for _ in 0..head.count {
            let decode = |c: &mut Cursor<'_>| {
                let (weak, strong) = head.decode_sum(c)?;
                Ok((weak, strong.to_vec()))
            };
            let Some((weak, strong)) = step(&mut c, decode) else { return };
            bytes.clear();
            head.encode_sum(weak, &strong, &mut bytes);
            reads_as(&bytes, &(weak, strong), decode);
        }
    }
    let len = rest.iter().take(8).fold(0, |n, &b| n << 8 | u64::from(b));
    if let Some(head) = SumHead::choose(p, len, 0, digest_len, options & 4 != 0) {
        assert_eq!(head.flength(), len);
    }
}

/// Greeting lines, capability letters and algorithm lists.
pub fn greeting(data: &[u8]) {
    let (p, options, rest) = split(data);
    if let Some(greeting) = Greeting::parse(rest) {
        let common = greeting.common(p.number());
        assert!(common <= p.number() && common <= greeting.major);
        let _agreed_or_not =
            version::Protocol::agree(greeting.major.into(), common.into(), "Client");
        let complete = greeting.omitted().is_none();
        assert!(complete || greeting.major >= 30);
        let strongest = greeting.strongest(&DIGESTS);
        assert!(strongest.is_none_or(|name| DIGESTS.contains(&name)));
    }
    let client = ClientCapabilities::parse(rest);
    assert!(p.announced(client.prerelease) <= p.number());
    let flags = client.server_flags(options & 1 != 0);
    let mut bytes = Vec::new();
    flags.encode(&client, &mut bytes);
    if !client.raw_byte_flags() {
        reads_as(&bytes, &flags, CompatFlags::decode);
    }
    let mut c = Cursor::new(rest);
    step(&mut c, CompatFlags::decode);
    if let Some(list) = step(&mut c, negotiate::decode_list) {
        // The same lists give both sides the same name.
        let ours = negotiate::server_choice(&DIGESTS, &list);
        let text = String::from_utf8_lossy(&list);
        let theirs: Vec<&str> = text.split_ascii_whitespace().collect();
        let chosen = negotiate::client_choice(&theirs, DIGESTS.join(" ").as_bytes());
        assert_eq!(ours.is_some(), chosen.is_some());
        assert!(ours.zip(chosen).is_none_or(|(a, b)| a.eq_ignore_ascii_case(b)));
        negotiate::environment_list(&DIGESTS, &text, options & 1 != 0);
    }
}

/// Argument blocks.
pub fn args(data: &[u8]) {
    let (p, options, rest) = split(data);
    let is_nul = options & 1 != 0;
    let (max_len, max_args) = ([5, 5119][usize::from(options & 2 != 0)], 20);
    let mut c = Cursor::new(rest);
    let mut dec = ArgBlockDecoder::new(is_nul, max_len, max_args);
    let mut args = Vec::new();
    while let Some((arg, after)) = step(&mut c, |c| {
        let mut dec = dec.clone();
        Ok((dec.decode(c)?, dec))
    }) {
        dec = after;
        match arg {
            Some(arg) => {
                assert!(!arg.is_empty() && arg.len() <= max_len && args.len() < max_args);
                args.push(arg);
            }
            None => break,
        }
    }
    if is_nul {
        let mut bytes = Vec::new();
        encode_block(p, true, &args, &mut bytes);
        let mut dec = ArgBlockDecoder::new(true, max_len, max_args);
        reads_as(&bytes, &args, |c| {
            let mut list = Vec::new();
            while let Some(arg) = dec.decode(c)? {
                list.push(arg);
            }
            Ok(list)
        });
    }
}

/// Filter lists.
pub fn filter_list(data: &[u8]) {
    let (_, _, rest) = split(data);
    let mut c = Cursor::new(rest);
    while let Some(Some(rule)) = step(&mut c, decode_rule) {
        let mut bytes = Vec::new();
        encode_rule(&rule, &mut bytes);
        reads_as(&bytes, &Some(rule), decode_rule);
    }
}

/// Transfer and deletion statistics.
pub fn stats(data: &[u8]) {
    let (p, options, rest) = split(data);
    let mut c = Cursor::new(rest);
    let mut bytes = Vec::new();
    if options & 1 != 0 {
        while let Some(stats) = step(&mut c, DeleteStats::decode) {
            bytes.clear();
            stats.encode(&mut bytes);
            reads_as(&bytes, &stats, DeleteStats::decode);
        }
    } else {
        while let Some(stats) = step(&mut c, |c| TransferStats::decode(p, c)) {
            bytes.clear();
            stats.encode(p, &mut bytes);
            reads_as(&bytes, &stats, |c| TransferStats::decode(p, c));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::noise;
    use super::*;
    use crate::testing::hex;

    /// Each of `inputs` (in hex) behind a first byte for every version.
    fn valid(inputs: &[&str]) -> Vec<Vec<u8>> {
        let firsts = (0..24u8).flat_map(|first| inputs.iter().map(move |text| (first, text)));
        firsts.map(|(first, text)| [vec![first], hex(text)].concat()).collect()
    }

    /// The same for text.
    fn lines(inputs: &[&[u8]]) -> Vec<Vec<u8>> {
        let firsts = (0..24u8).flat_map(|first| inputs.iter().map(move |text| (first, text)));
        firsts.map(|(first, text)| [&[first], *text].concat()).collect()
    }

    #[test]
    fn noisy_frames() {
        let inputs = ["05000007 0102030405 04000028 32000000 0300000a 61620a 0200006c 6400"];
        noise(
            frames,
            &valid(&[&inputs[..], &["0400005d 04000000 0000005d 0400001d 03000000"]].concat()),
        );
    }

    #[test]
    fn noisy_items() {
        noise(
            items,
            &valid(&[
                "02 00a0 02 0070 01 63 00 ff64 02 00b8 83 02 6162 ff01 00",
                "00000000 0c88 82",
            ]),
        );
    }

    #[test]
    fn noisy_indexes() {
        noise(
            ndx,
            &valid(&[
                "01 01 fd fe00fe fe80fb0100 fe80409c00 fe0000 00 ff01 ff01 ff62 fffe80020000",
            ]),
        );
    }

    #[test]
    fn noisy_sums() {
        noise(
            sums,
            &valid(&["03000000 bc020000 02000000 64000000 8b078ef7606e 0b02bbec9a22 5404bce86474"]),
        );
    }

    #[test]
    fn noisy_greetings() {
        let lists =
            [&b"@RSYNCD: 32.0 sha512 sha256 sha1 md5 md4"[..], b"@RSYNCD: 31.7", b".iLsfxCIvu"];
        noise(greeting, &lines(&[&lists[..], &[b"\x81\xff\x0bmd5 & SHA256", b"32.5iLs"]].concat()));
    }

    #[test]
    fn noisy_arguments() {
        noise(args, &lines(&[b"--server\0-re.iLs\0.\0rw/\0\0", b"a\nb\rc\n\n"]));
    }

    #[test]
    fn noisy_filter_lists() {
        noise(filter_list, &valid(&["05000000 2d202a2e6f 01000000 21 00000000"]));
    }

    #[test]
    fn noisy_statistics() {
        noise(
            stats,
            &valid(&[
                "002700 006600 e10000000000 000100 000000 01 8080 00 03 f000000010",
                "27000000 66000000 ffffffff0000000000010000 00000000 00000000",
            ]),
        );
    }
}
