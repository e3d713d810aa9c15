//! Steps that many scripts share: greetings, lists that are read, the DONEs.

use crate::peer::Peer;

/// The list of algorithms that a server sends.
pub const SERVER_LIST: &str = "23 \"xxh128 xxh3 xxh64 md5 md4 sha1 none\"";

impl Peer {
    /// The part of a protocol 32 client up to the framing, with `LsfxCIvu` (and `i`) as the capabilities and
    /// `--checksum-seed=1`.
    #[track_caller]
    pub fn greet_server(&mut self, compat: &str) {
        self.send("20000000");
        self.expect("20000000");
        self.expect(compat);
        self.expect(SERVER_LIST);
        self.send("06 \"xxh128\"");
        self.expect("01000000");
        self.frame_both();
    }

    /// As [`Self::greet_server`] with an algorithm in the options, so that no lists are exchanged.
    #[track_caller]
    pub fn greet_server_chosen(&mut self, compat: &str) {
        self.send("20000000");
        self.expect("20000000");
        self.expect(compat);
        self.expect("01000000");
        self.frame_both();
    }

    /// The part of a daemon up to the framing, for a client that is given `--checksum-choice`. Returns the arguments.
    #[track_caller]
    pub fn greet_daemon_client(&mut self, compat: &str) -> Vec<String> {
        self.raw(b"@RSYNCD: 32.0 sha512 sha256 sha1 md5 md4\n");
        assert_eq!(self.line(), "@RSYNCD: 32.0 sha512 sha256 sha1 md5 md4\n");
        self.line();
        self.raw(b"@RSYNCD: OK\n");
        let mut args = Vec::new();
        loop {
            let mut arg = Vec::new();
            loop {
                match self.take_raw(1)[0] {
                    0 => break,
                    byte => arg.push(byte),
                }
            }
            if arg.is_empty() {
                break;
            }
            args.push(String::from_utf8_lossy(&arg).into_owned());
        }
        self.send(compat);
        self.send("01000000");
        self.frame_both();
        args
    }
}

/// An entry that came.
#[derive(Debug)]
pub struct Listed {
    pub flags: i32,
    pub name: String,
    pub mode: i32,
}

impl Peer {
    #[track_caller]
    fn take_varint(&mut self) -> i32 {
        let first = self.take(1)[0];
        let extra = first.leading_ones() as usize;
        let mut value = [0; 4];
        value[..extra].copy_from_slice(&self.take(extra));
        if extra < 4 {
            value[extra] = first & ((1 << (8 - extra)) - 1) as u8;
        }
        i32::from_le_bytes(value)
    }

    #[track_caller]
    fn skip_varlong(&mut self, min: usize) {
        let first = self.take(1)[0];
        self.take(min - 1 + first.leading_ones() as usize);
    }

    /// The names of [`Self::take_entries`].
    #[track_caller]
    pub fn take_list(&mut self) -> Vec<String> {
        self.take_entries().0.into_iter().map(|entry| entry.name).collect()
    }

    /// A list with varint flags, without owners and targets of links, and its I/O error.
    #[track_caller]
    pub fn take_entries(&mut self) -> (Vec<Listed>, i32) {
        let mut entries: Vec<Listed> = Vec::new();
        loop {
            let flags = self.take_varint();
            if flags == 0 {
                return (entries, self.take_varint());
            }
            let shared = if flags & 0x20 != 0 { self.take(1)[0].into() } else { 0 };
            let len = match flags & 0x40 {
                0 => self.take(1)[0].into(),
                _ => self.take_varint() as usize,
            };
            self.name.truncate(shared);
            let suffix = self.take(len);
            self.name.extend(suffix);
            self.skip_varlong(3);
            if flags & 0x80 == 0 {
                self.skip_varlong(4);
            }
            if flags & 0x2000 != 0 {
                self.take_varint();
            }
            if flags & 2 == 0 {
                let mode = self.take(4);
                self.mode = i32::from_le_bytes([mode[0], mode[1], mode[2], mode[3]]);
            }
            let name = String::from_utf8_lossy(&self.name).into_owned();
            entries.push(Listed { flags, name, mode: self.mode });
        }
    }

    /// The DONEs of protocol 31 and 32 behind the last item.
    #[track_caller]
    pub fn finish_receiver(&mut self) {
        self.expect("00");
        self.send("00");
        self.finish_phases();
    }

    /// Those of them behind the one that ends the list.
    #[track_caller]
    pub fn finish_phases(&mut self) {
        self.expect("00 00 00");
        self.send("00 00 00");
        self.expect("00");
    }
}
