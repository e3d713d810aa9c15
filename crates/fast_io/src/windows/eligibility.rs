//! What speaks for and against `TransmitFile`: decisions without a system call, tested on every system.

use crate::counters::Reason;
use std::{
    collections::BTreeMap,
    io,
    sync::{Mutex, MutexGuard},
};

/// Longest run of one call.
pub(crate) const MAX_RUN: u64 = (16 << 20) - 1;

/// `FILE_ATTRIBUTE_COMPRESSED`
const COMPRESSED: u32 = 0x800;
/// `FILE_ATTRIBUTE_ENCRYPTED`
const ENCRYPTED: u32 = 0x4000;
/// `FILE_VOLUME_IS_COMPRESSED`
const VOLUME_IS_COMPRESSED: u32 = 0x8000;

/// What a file's handle says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileFacts {
    /// The serial number of its volume.
    pub volume: u64,
    /// `FILE_ATTRIBUTE_*`
    pub attributes: u32,
}

/// What is asked once about a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VolumeFacts {
    /// It is reached by a network protocol.
    pub remote: bool,
    /// The flags of its file system.
    pub flags: u32,
}

/// What speaks against a file, whatever its volume.
fn file_refusal(facts: FileFacts) -> Option<Reason> {
    match facts.attributes {
        a if a & ENCRYPTED != 0 => Some(Reason::Encrypted),
        a if a & COMPRESSED != 0 => Some(Reason::Compressed),
        _ => None,
    }
}

/// What speaks against all files of a volume.
fn volume_refusal(facts: VolumeFacts) -> Option<Reason> {
    if facts.remote {
        return Some(Reason::Remote);
    }
    (facts.flags & VOLUME_IS_COMPRESSED != 0).then_some(Reason::Compressed)
}

/// How much of a run one call is given: what the file has of it, and not more than a call may take. 0 bytes are not
/// given to a call, which would take that for the whole file.
pub(crate) fn call_len(run: u64, offset: u64, file_len: u64) -> u64 {
    run.min(file_len.saturating_sub(offset)).min(MAX_RUN)
}

/// Whether an error of `TransmitFile` means that the file cannot go this way, rather than that the link is broken.
pub(crate) fn is_refusal(error: &io::Error) -> bool {
    const INVALID_FUNCTION: i32 = 1;
    const NOT_SUPPORTED: i32 = 50;
    const INVALID_PARAMETER: i32 = 87;
    const CALL_NOT_IMPLEMENTED: i32 = 120;
    const WSA_INVALID: i32 = 10022;
    const WSA_OPERATION_NOT_SUPPORTED: i32 = 10045;
    const REFUSALS: [i32; 6] = [
        INVALID_FUNCTION,
        NOT_SUPPORTED,
        INVALID_PARAMETER,
        CALL_NOT_IMPLEMENTED,
        WSA_INVALID,
        WSA_OPERATION_NOT_SUPPORTED,
    ];
    error.raw_os_error().is_some_and(|code| REFUSALS.contains(&code))
}

/// What this process knows about volumes.
#[derive(Debug, Default)]
pub(crate) struct Volumes {
    known: Mutex<BTreeMap<u64, Option<Reason>>>,
}

impl Volumes {
    /// Nothing yet.
    pub const fn new() -> Volumes {
        Volumes { known: Mutex::new(BTreeMap::new()) }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Option<Reason>>> {
        self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// What speaks against sending a file; `ask` is called for the first file of a volume only.
    pub fn refusal(
        &self,
        file: FileFacts,
        ask: impl FnOnce() -> io::Result<VolumeFacts>,
    ) -> Option<Reason> {
        let mut known = self.lock();
        let volume = known.entry(file.volume).or_insert_with(|| match ask() {
            Ok(facts) => volume_refusal(facts),
            Err(e) => Some(Reason::Refused(e.to_string())),
        });
        volume.clone().or_else(|| file_refusal(file))
    }

    /// Gives a volume up, since a call for one of its files was refused.
    pub fn withdraw(&self, volume: u64, reason: Reason) {
        self.lock().insert(volume, Some(reason));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: VolumeFacts = VolumeFacts { remote: false, flags: 0x03e7_06ff };

    fn asked(attributes: u32, volume: VolumeFacts) -> Option<Reason> {
        Volumes::new().refusal(FileFacts { volume: 1, attributes }, || Ok(volume))
    }

    #[test]
    fn only_plain_files_of_local_volumes_go() {
        assert_eq!(asked(0x20, LOCAL), None);
        assert_eq!(asked(0x20 | COMPRESSED, LOCAL), Some(Reason::Compressed));
        assert_eq!(asked(0x20 | ENCRYPTED, LOCAL), Some(Reason::Encrypted));
        let compressed = VolumeFacts { flags: LOCAL.flags | VOLUME_IS_COMPRESSED, ..LOCAL };
        assert_eq!(asked(0x20, compressed), Some(Reason::Compressed));
        assert_eq!(asked(0x20, VolumeFacts { remote: true, ..LOCAL }), Some(Reason::Remote));
    }

    #[test]
    fn a_volume_is_asked_once() {
        let volumes = Volumes::new();
        let mut questions = 0;
        let mut ask = |volume, attributes, facts: io::Result<VolumeFacts>| {
            volumes.refusal(FileFacts { volume, attributes }, || {
                questions += 1;
                facts
            })
        };
        assert_eq!(ask(1, 0, Ok(LOCAL)), None);
        assert_eq!(ask(1, 0, Err(io::ErrorKind::Other.into())), None);
        // What is known about a volume says nothing about the file.
        assert_eq!(ask(1, ENCRYPTED, Ok(LOCAL)), Some(Reason::Encrypted));
        let unknown = ask(2, 0, Err(io::Error::other("no answer")));
        assert_eq!(unknown, Some(Reason::Refused("no answer".into())));
        assert_eq!(ask(2, 0, Ok(LOCAL)), unknown);
        assert_eq!(questions, 2);

        let refused = Reason::Refused("not supported".into());
        volumes.withdraw(1, refused.clone());
        let file = FileFacts { volume: 1, attributes: 0 };
        assert_eq!(volumes.refusal(file, || panic!("known")), Some(refused));
    }

    #[test]
    fn refusals_are_told_from_broken_links() {
        for code in [1, 50, 87, 120, 10022, 10045] {
            assert!(is_refusal(&io::Error::from_raw_os_error(code)), "{code}");
        }
        // The network name was deleted, the operation was aborted, the connection was reset.
        for code in [64, 995, 10054] {
            assert!(!is_refusal(&io::Error::from_raw_os_error(code)), "{code}");
        }
        assert!(!is_refusal(&io::ErrorKind::WriteZero.into()));
    }

    #[test]
    fn calls_stay_within_the_file_and_their_limit() {
        assert_eq!(call_len(100, 0, 1000), 100);
        assert_eq!(call_len(100, 950, 1000), 50);
        assert_eq!(call_len(100, 1000, 1000), 0);
        assert_eq!(call_len(100, u64::MAX, 1000), 0);
        assert_eq!(call_len(u64::MAX, 5 << 30, u64::MAX), 16_777_215);
    }
}
