//! Formats of item lines: `--out-format` and `--log-file-format` (rsyncd.conf(5), log format).

use super::{
    ItemEvent, human,
    itemize::{Columns, DELETING},
    listing::{DIRECTORY, REGULAR, SYMLINK, is, permissions},
    time,
};
use crate::{Error, ExitCode, Session};
use delta::checksum::Checksum;
use std::borrow::Cow;
use wire::item::ItemFlags;

/// Longest format.
const MAX_FORMAT: usize = 4096;
/// A line must be shorter than this.
const MAX_LINE: usize = 5120;
/// Longest value of an escape with a width.
const MAX_VALUE: usize = 4095;
/// Digits of a width, with the `-` before them.
const MAX_WIDTH: usize = 23;

/// A parsed format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    /// As typed. What has no value here stays as it is.
    raw: Vec<u8>,
    escape: Option<Escape>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Escape {
    letter: u8,
    level: u8,
    left: bool,
    width: Option<usize>,
}

/// What happens to the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operation {
    Send,
    Receive,
    Delete,
}

/// What the values of a session's items depend on besides the item.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// For `%i`.
    pub columns: Columns,
    /// This side sends.
    pub sends: bool,
    /// Owners are preserved, so that `%U` is known.
    pub owner: bool,
    /// Groups are preserved, so that `%G` is known.
    pub group: bool,
    /// Checksums are shown (by protocol 30 and later, or if one was chosen).
    pub sums: bool,
    /// Length of the checksum that `%C` shows.
    pub sum_len: usize,
    /// It is a number, shown from its high end; the link has its low end first.
    pub sum_is_number: bool,
    /// `%C` can be known for items that are not transferred: the list has checksums.
    pub list_sums: bool,
    /// Whom a daemon serves; on other sides those escapes are literal text.
    pub served: Option<Served>,
}

/// Whom a daemon serves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Served {
    /// `%h`
    pub host: Vec<u8>,
    /// `%a`
    pub address: Vec<u8>,
    /// `%m`
    pub module: Vec<u8>,
    /// Its directory is the root of this process's tree.
    pub at_root: bool,
    /// That tree is the system's no more.
    pub chrooted: bool,
    /// `%P`
    pub module_path: Vec<u8>,
    /// `%u`
    pub user: Vec<u8>,
}

/// What is known after a transfer, for `%b` and `%c`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moved {
    /// Bytes of the file's data on the link.
    pub data: u64,
    /// Bytes of the basis' checksums.
    pub sums: u64,
}

impl Context {
    /// As a session's settings say.
    pub fn of(session: &Session) -> Context {
        let settings = &session.settings;
        let sum = if settings.checksum { session.list_sum } else { session.transfer_sum.algo };
        Context {
            columns: Columns::of(session),
            sends: settings.am_sender,
            owner: settings.owner,
            group: settings.group,
            sums: sum != Checksum::None
                && (session.protocol.has_varints() || settings.checksum_choice.is_some()),
            sum_len: sum.digest_len(),
            sum_is_number: matches!(sum, Checksum::Xxh128 | Checksum::Xxh3 | Checksum::Xxh64),
            list_sums: settings.checksum,
            served: settings.served.as_deref().cloned(),
        }
    }

    /// What this side does with an item that is not deleted.
    pub fn operation(&self) -> Operation {
        if self.sends { Operation::Send } else { Operation::Receive }
    }
}

impl Format {
    /// Parses a format.
    ///
    /// # Errors
    /// It is too long.
    pub fn new(format: &[u8]) -> Result<Format, Error> {
        if format.len() > MAX_FORMAT {
            return Err(Error::fatal(ExitCode::MESSAGE_IO, "log-format string is WAY too long!"));
        }
        let mut parts: Vec<Part> = Vec::new();
        let mut rest = format;
        while !rest.is_empty() {
            let (len, escape) = match rest[0] {
                b'%' => parse(rest),
                _ => (rest.iter().position(|&b| b == b'%').unwrap_or(rest.len()), None),
            };
            let (raw, tail) = rest.split_at(len);
            parts.push(Part { raw: raw.to_vec(), escape });
            rest = tail;
        }
        Ok(Format { parts })
    }

    /// Whether the format has the escape with this letter.
    pub fn has(&self, letter: u8) -> bool {
        self.parts.iter().any(|p| p.escape.is_some_and(|e| e.letter == letter))
    }

    /// The values are known only after the transfer.
    pub fn waits_for_transfer(&self) -> bool {
        b"bcC".iter().any(|&letter| self.has(letter))
    }

    /// The line of an item, without newline.
    ///
    /// # Errors
    /// It gets too long.
    pub fn expand(
        &self,
        context: &Context,
        operation: Operation,
        e: &ItemEvent<'_>,
        moved: Moved,
    ) -> Result<Vec<u8>, Error> {
        let mut remaining: usize = self.parts.iter().map(|p| p.raw.len()).sum();
        let mut line = Vec::new();
        for part in &self.parts {
            remaining -= part.raw.len();
            let values = Values { context, operation, e, moved };
            match part.escape.and_then(|escape| values.show(escape)) {
                Some(value) => line.extend_from_slice(&value),
                None => line.extend_from_slice(&part.raw),
            }
            if let Some(Escape { letter, .. }) = part.escape
                && line.len() + remaining >= MAX_LINE
            {
                let letter = letter as char;
                let text = format!("buffer overflow expanding %{letter} -- exiting");
                return Err(Error::fatal(ExitCode::MESSAGE_IO, text));
            }
        }
        Ok(line)
    }
}

/// The escape that `rest`, which begins with `%`, begins with, and its length. Without a letter the text is literal.
fn parse(rest: &[u8]) -> (usize, Option<Escape>) {
    let mut at = 1;
    let quotes = |at: &mut usize| {
        let run = rest[*at..].iter().take_while(|&&b| b == b'\'').count();
        *at += run;
        run
    };
    let mut level = quotes(&mut at);
    let prefix = at;
    let left = rest.get(at) == Some(&b'-');
    at += usize::from(left);
    let mut width = None;
    while let Some(digit @ b'0'..=b'9') = rest.get(at)
        && at - prefix < MAX_WIDTH
    {
        let n: usize = width.unwrap_or(0);
        width = Some(n.saturating_mul(10).saturating_add(usize::from(digit - b'0')));
        at += 1;
    }
    level += quotes(&mut at);
    match rest.get(at) {
        // The text until here is literal, the next escape begins at its own sign.
        Some(letter) if letter.is_ascii_alphabetic() || *letter == b'%' => {
            let level = level.min(3) as u8;
            (at + 1, Some(Escape { letter: *letter, level, left, width }))
        }
        _ => (at, None),
    }
}

struct Values<'a> {
    context: &'a Context,
    operation: Operation,
    e: &'a ItemEvent<'a>,
    moved: Moved,
}

impl<'a> Values<'a> {
    /// The value of an escape, padded; `None` if it has none.
    fn show(&self, escape: Escape) -> Option<Cow<'a, [u8]>> {
        let mut prefix: &[u8] = b"";
        let value = match escape.letter {
            b'L' => {
                let (arrow, target) = self.target();
                prefix = match (arrow, escape.width) {
                    ("", Some(_)) => b"    ",
                    (arrow, _) => arrow.as_bytes(),
                };
                Cow::Borrowed(target)
            }
            b'C' => match self.sum() {
                Some(sum) => sum.into(),
                // Its room has a width of its own.
                None => return Some(vec![b' '; self.context.sum_len * 2].into()),
            },
            letter => self.value(letter, escape.level)?,
        };
        let Some(width) = escape.width else {
            if prefix.is_empty() {
                return Some(value);
            }
            return Some([prefix, &value].concat().into());
        };
        let padding = vec![b' '; width.saturating_sub(value.len()).min(MAX_VALUE)];
        let mut shown = match escape.left {
            true => [prefix, &value, &padding].concat(),
            false => [prefix, &padding, &value].concat(),
        };
        // What is wider than the room there is loses its end.
        shown.truncate(MAX_VALUE);
        Some(shown.into())
    }

    fn value(&self, letter: u8, level: u8) -> Option<Cow<'a, [u8]>> {
        let (e, context) = (self.e, self.context);
        let text = match letter {
            b'a' => context.served.as_ref()?.address.clone(),
            b'h' => context.served.as_ref()?.host.clone(),
            b'm' => context.served.as_ref().map_or(Vec::new(), |s| s.module.clone()),
            b'P' => context.served.as_ref()?.module_path.clone(),
            b'u' => context.served.as_ref()?.user.clone(),
            b'b' => human::bytes(level, self.moved.data).into_bytes(),
            b'c' => human::bytes(level, self.moved.sums).into_bytes(),
            b'l' => human::bytes(level, e.len).into_bytes(),
            b'B' => permissions(e.mode)[1..].to_vec(),
            // A receiver knows no directory but its destination.
            b'f' if e.path.is_empty() || !(context.sends || context.served.is_some()) => {
                return Some(Cow::Borrowed(trimmed(e.name)));
            }
            b'f' => return Some(Cow::Borrowed(trimmed(e.path))),
            b'G' => match e.gid.filter(|_| context.group) {
                Some(gid) => gid.to_string().into_bytes(),
                None => b"DEFAULT".to_vec(),
            },
            b'U' if context.owner => e.uid.to_string().into_bytes(),
            b'U' => b"0".to_vec(),
            b'i' if self.operation == Operation::Delete => DELETING.to_vec(),
            b'i' => context.columns.show(e.mode, e.item).to_vec(),
            b'M' => time::stamp(e.mtime, '-').into_bytes(),
            b't' => time::now().into_bytes(),
            b'n' if is(e.mode, DIRECTORY) => [e.name, b"/"].concat(),
            b'n' => return Some(Cow::Borrowed(e.name)),
            b'o' => match self.operation {
                Operation::Send => b"send".to_vec(),
                Operation::Receive => b"recv".to_vec(),
                Operation::Delete => b"del.".to_vec(),
            },
            b'p' => std::process::id().to_string().into_bytes(),
            b'%' => b"%".to_vec(),
            _ => return None,
        };
        Some(text.into())
    }

    /// The arrow and the target of a link.
    fn target(&self) -> (&'static str, &'a [u8]) {
        let e = self.e;
        match &e.item.xname {
            _ if self.operation == Operation::Delete => ("", b""),
            // The xname of a transfer is the name of a basis.
            Some(name) if !name.is_empty() && !e.item.flags.has(ItemFlags::TRANSFER) => {
                (" => ", name)
            }
            _ if is(e.mode, SYMLINK) && !e.link_target.is_empty() => (" -> ", e.link_target),
            _ => ("", b""),
        }
    }

    /// The checksum of a file's content, if it is known and shown.
    fn sum(&self) -> Option<Vec<u8>> {
        let known = self.e.item.flags.has(ItemFlags::TRANSFER) || self.context.list_sums;
        let shown = known
            && self.context.sums
            && is(self.e.mode, REGULAR)
            && self.operation != Operation::Delete;
        let sum = self.e.sum.filter(|_| shown)?;
        let hex = |b: &u8| format!("{b:02x}").into_bytes();
        Some(match self.context.sum_is_number {
            true => sum.iter().rev().flat_map(hex).collect(),
            false => sum.iter().flat_map(hex).collect(),
        })
    }
}

fn trimmed(path: &[u8]) -> &[u8] {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    path.strip_suffix(b"/").unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::item::Item;

    fn context() -> Context {
        let columns = Columns { sends: false, times: true, symlink_times: true, item_flags: true };
        Context {
            columns,
            sends: true,
            owner: true,
            group: true,
            sums: true,
            sum_len: 16,
            ..Context::default()
        }
    }

    fn file(item: &Item) -> ItemEvent<'_> {
        ItemEvent {
            place: 1,
            name: b"big",
            mode: 0o104711,
            len: 1_234_567,
            mtime: 0,
            uid: 5,
            gid: Some(6),
            link_target: b"",
            item,
            sum: None,
            path: b"/s/big",
        }
    }

    fn expand(format: &str, operation: Operation, e: &ItemEvent<'_>) -> String {
        let moved = match operation {
            Operation::Delete => Moved::default(),
            _ => Moved { data: 1_234_758, sums: 16 },
        };
        let line = Format::new(format.as_bytes()).unwrap();
        let line = line.expand(&context(), operation, e, moved).unwrap();
        String::from_utf8(line).unwrap()
    }

    fn transfer() -> Item {
        Item { flags: ItemFlags(0xa000), ..Item::default() }
    }

    #[test]
    fn widths_as_recorded() {
        let item = transfer();
        let e = file(&item);
        for (format, want) in [
            ("%12'l|", "   1,234,567|"),
            ("%'-12'l|", "1.23M       |"),
            ("%'-12''l|", "1.18M       |"),
            ("%-12''''l|", "1.18M       |"),
            ("%'-'12l|", "%'-'12l|"),
            ("%-'12l|", "%-'12l|"),
            ("%5z|%a %P", "%5z|%a %P"),
            ("%5a|", "%5a|"),
            ("%m|%5m|", "|     |"),
            ("%-5o|%5i|%13i|%8B|%12B|", "send |>f+++++++++|  >f+++++++++|rws--x--x|   rws--x--x|"),
            ("%10L|%-10L|%L|", "              |              ||"),
            ("%20n|%-20n|", "                 big|big                 |"),
            ("%00012l|%-012l|%-12l|", "     1234567|1234567     |1234567     |"),
            ("%5%|%%|%", "    %|%|%"),
            ("%'", "%'"),
            ("100%-", "100%-"),
            ("%'l %''l %'''l %''''l", "1,234,567 1.23M 1.18M 1.18M"),
            ("%o|%f|%G|%U|%b|%c|", "send|s/big|6|5|1234758|16|"),
            ("%é", "%é"),
        ] {
            assert_eq!(expand(format, Operation::Send, &e), want, "{format}");
        }
    }

    #[test]
    fn longest_widths() {
        let item = transfer();
        let e = file(&item);
        for (width, want) in [
            ("00000000000000000000012", "         big"),
            ("-0000000000000000000012", "big         "),
            ("000000000000000000000012", "%000000000000000000000012n"),
            ("-00000000000000000000012", "%-00000000000000000000012n"),
        ] {
            assert_eq!(expand(&format!("%{width}n"), Operation::Send, &e), want);
        }
        for width in [5000, 5119, usize::MAX] {
            assert_eq!(expand(&format!("%{width}n"), Operation::Send, &e), " ".repeat(4095));
            let left = expand(&format!("%-{width}n"), Operation::Send, &e);
            assert_eq!((left.len(), left.trim_end()), (4095, "big"));
        }
        assert!(expand("%4096n", Operation::Send, &e).ends_with("  bi"));
    }

    #[test]
    fn links() {
        let item = Item { flags: ItemFlags(0x6000), ..Item::default() };
        let link = ItemEvent { name: b"l", mode: 0o120777, link_target: b"f", ..file(&item) };
        assert_eq!(
            expand("%10L|%-10L|%n%L", Operation::Send, &link),
            " ->          f| -> f         |l -> f"
        );
        let item = Item { flags: ItemFlags(0x7000), xname: Some(b"h".to_vec()), ..Item::default() };
        let hard = ItemEvent { name: b"f", ..file(&item) };
        assert_eq!(
            expand("%10L|%-10L|%i %n%L", Operation::Send, &hard),
            " =>          h| => h         |hf+++++++++ f => h"
        );
        let item =
            Item { flags: ItemFlags(0xb800), xname: Some(b"old".to_vec()), ..Item::default() };
        assert_eq!(expand("%n%L", Operation::Receive, &file(&item)), "big");
    }

    #[test]
    fn sums() {
        let item = transfer();
        let sum = [0x62, 0xe5, 0x10, 0xed, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0f];
        let e = ItemEvent { sum: Some(&sum), ..file(&item) };
        let digest = "62e510ed00000000000000000000000f";
        assert_eq!(
            expand("%C|%34C|%2C|", Operation::Send, &e),
            format!("{digest}|  {digest}|{digest}|")
        );
        let none = " ".repeat(32);
        assert_eq!(expand("%C", Operation::Delete, &e), none);
        assert_eq!(expand("%C", Operation::Send, &ItemEvent { mode: 0o40755, ..e }), none);
        let changed = Item { flags: ItemFlags(0x0008), ..Item::default() };
        assert_eq!(expand("%C", Operation::Send, &ItemEvent { item: &changed, ..e }), none);
    }

    #[test]
    fn sums_that_are_numbers() {
        let item = transfer();
        let sum = [0x2a, 0x46, 0xa2, 0xab, 0x9a, 0x81, 0xfc, 0x99];
        let e = ItemEvent { sum: Some(&sum), ..file(&item) };
        let number = Context { sum_len: 8, sum_is_number: true, ..context() };
        let format = Format::new(b"%C").unwrap();
        let show = |context: &Context| {
            let line = format.expand(context, Operation::Send, &e, Moved::default()).unwrap();
            String::from_utf8(line).unwrap()
        };
        assert_eq!(show(&number), "99fc819aaba2462a");
        assert_eq!(show(&Context { sums: false, ..number }), " ".repeat(16));
    }

    #[test]
    fn receivers_show_names_as_paths() {
        let item = transfer();
        let e = file(&item);
        let format = Format::new(b"%f|%o").unwrap();
        let show = |context: &Context| {
            let operation = context.operation();
            let line = format.expand(context, operation, &e, Moved::default()).unwrap();
            String::from_utf8(line).unwrap()
        };
        let receiver = Context { sends: false, ..context() };
        assert_eq!(show(&receiver), "big|recv");
        let served = Some(Served::default());
        assert_eq!(show(&Context { served, ..receiver }), "s/big|recv");
    }

    #[test]
    fn deletions() {
        let item = Item::default();
        let dir = ItemEvent { name: b"dd", path: b"dd", mode: 0o40000, len: 0, ..file(&item) };
        assert_eq!(
            expand("%i %n|%o|%B|%f|%l|%L|%b|", Operation::Delete, &dir),
            "*deleting   dd/|del.|---------|dd|0||0|"
        );
    }

    #[test]
    fn too_long() {
        let item = transfer();
        let e = file(&item);
        assert!(Format::new(&[b'y'; 4096]).is_ok());
        let Err(error) = Format::new(&[b'y'; 4097]) else { panic!() };
        assert_eq!(error.code(), ExitCode::MESSAGE_IO);
        let line = Format::new(&[&[b'y'; 4094][..], b"%n"].concat()).unwrap();
        let name = [b'x'; 1025];
        let fits = ItemEvent { name: &name, ..e };
        let got = line.expand(&context(), Operation::Send, &fits, Moved::default());
        assert_eq!(got.unwrap().len(), 5119);
        let name = [b'x'; 1026];
        let over = ItemEvent { name: &name, ..e };
        let got = line.expand(&context(), Operation::Send, &over, Moved::default());
        assert_eq!(got.unwrap_err().code(), ExitCode::MESSAGE_IO);
    }

    #[test]
    fn random_formats_do_not_panic() {
        let mut rng = fastrand::Rng::with_seed(7);
        let item = transfer();
        let alphabet = b"%%%%''--019nlLiCbzf \xff";
        for _ in 0..5000 {
            let format: Vec<u8> =
                (0..rng.usize(0..20)).map(|_| alphabet[rng.usize(0..alphabet.len())]).collect();
            let parsed = Format::new(&format).unwrap();
            let raw: Vec<u8> = parsed.parts.iter().flat_map(|p| p.raw.clone()).collect();
            assert_eq!(raw, format);
            // A line that is too long is an answer as well.
            let _any = parsed.expand(&context(), Operation::Send, &file(&item), Moved::default());
        }
    }
}
