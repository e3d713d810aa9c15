//! What generator and receiver share.
use super::{
    acls::AclStore,
    list::List,
    replay::Replay,
    xattrs::{Foreign, XattrStore},
};
use crate::{
    Session,
    log::{Log, Role},
    report::{Reporter, format::Format},
};
use fsroot::Root;
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};
use wire::{RelPath, item::basis, sums::SumHead};

/// What the receiver tells the generator.
pub(super) enum Event {
    /// A further list has arrived.
    List(Arc<List>),
    /// There are no further lists.
    ListEof,
    /// The sender echoed a DONE.
    Done,
    /// The member of a hard-link group with this index is in place.
    Finished(i32),
    /// It was there or was made here, and has got the extended attributes that the sender was asked for.
    Dressed(i32),
    /// Nothing is open any more in some list; other files that are in place are not told one by one.
    Settled,
    /// Its data failed verification for the first time.
    Redo(i32),
    /// It will not come: the sender does not have it, or it could not be written.
    Failed(i32),
    /// The receiver waits for a decision about an entry it has received (applying a batch).
    Hurry,
    /// The receiver stopped with an error.
    Abort,
}

/// A request as it went out, kept until its answer arrives.
///
/// Very many may wait, so what few of them have stands elsewhere.
#[derive(Debug)]
pub(super) struct Request {
    pub ndx: i32,
    pub flags: u16,
    pub xname: Option<Box<[u8]>>,
    transfer: Asked,
}

#[derive(Debug)]
enum Asked {
    Nothing,
    /// The whole of a file that is not there yet.
    New,
    Other(Box<Transfer>),
}

impl Request {
    pub fn new(ndx: i32, flags: u16, xname: Option<&[u8]>, transfer: Option<Transfer>) -> Request {
        let transfer = match transfer {
            None => Asked::Nothing,
            Some(t) if t == Transfer::default() => Asked::New,
            Some(t) => Asked::Other(Box::new(t)),
        };
        Request { ndx, flags, xname: xname.map(Box::from), transfer }
    }

    /// The kind of basis that the answer must name.
    pub fn basis(&self) -> u8 {
        self.transfer().map_or(basis::DEST, |t| t.basis)
    }

    /// The transfer that was asked for.
    pub fn transfer(&self) -> Option<Transfer> {
        match &self.transfer {
            Asked::Nothing => None,
            Asked::New => Some(Transfer::default()),
            Asked::Other(t) => Some(**t),
        }
    }
}

/// What the receiver must know of a requested transfer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Transfer {
    /// The head that was sent; the answer must repeat it.
    pub head: SumHead,
    /// The second attempt.
    pub redo: bool,
    /// Permissions of the file that will be replaced.
    pub old_perm: Option<u32>,
    /// The kind of basis ([`basis`]).
    pub basis: u8,
}

impl Default for Transfer {
    fn default() -> Transfer {
        Transfer { head: SumHead::default(), redo: false, old_perm: None, basis: basis::DEST }
    }
}

/// State of one receiving side.
pub(super) struct Shared {
    pub session: Arc<Session>,
    /// Requests without an answer, in order.
    requests: Mutex<VecDeque<Request>>,
    pub acls: AclStore,
    pub xattrs: XattrStore,
    pub reporter: Option<Arc<Mutex<Reporter>>>,
    /// DONE marks written so far; the sender cannot have echoed more.
    pub dones: AtomicU32,
    /// Set when either side fails, so that the other stops at its next step.
    pub stop: AtomicBool,
    /// What the sender says of the bytes it wrote and read.
    pub bytes: Mutex<Option<(u64, u64)>>,
    /// Whether files are really changed.
    pub do_xfers: bool,
    /// A batch is applied.
    pub replay: Option<Replay>,
    /// Full paths are wanted by the output format.
    pub wants_path: bool,
    /// The output format shows permissions, those of deleted files as well.
    pub wants_mode: bool,
    /// Items are itemized at the client, so that plain-name texts are not wanted.
    pub itemizing: bool,
}

impl Shared {
    pub fn new(session: Arc<Session>, reporter: Option<Arc<Mutex<Reporter>>>) -> Shared {
        let s = &session.settings;
        let format = s.out_format.as_deref().map(Format::new);
        let log_format = s.log_file_format.as_deref().map(Format::new);
        let has = |c: u8| matches!(&format, Some(Ok(format)) if format.has(c));
        let logged = |c: u8| matches!(&log_format, Some(Ok(format)) if format.has(c));
        Shared {
            do_xfers: !s.dry_run,
            replay: (s.read_batch.is_some() && !s.am_server).then(Replay::default),
            wants_path: has(b'f') || (s.am_server && logged(b'f')),
            wants_mode: reporter.is_some() && (has(b'B') || logged(b'B')),
            itemizing: s.itemize > 0 || has(b'i'),
            acls: AclStore::default(),
            xattrs: XattrStore::new(
                s.xattrs,
                match super::attrs::acts_as_root(s) {
                    _ if s.fake_super => Foreign::Disguise,
                    true => Foreign::Keep,
                    false => Foreign::Drop,
                },
            ),
            requests: Mutex::default(),
            reporter,
            dones: AtomicU32::new(0),
            stop: AtomicBool::new(false),
            bytes: Mutex::default(),
            session,
        }
    }

    pub fn requests(&self) -> MutexGuard<'_, VecDeque<Request>> {
        lock(&self.requests)
    }

    /// The path of an item for `%f`, if that is wanted.
    pub fn path_of(&self, root: Option<&Root>, name: &[u8]) -> Vec<u8> {
        let Some(root) = root.filter(|_| self.wants_path) else { return Vec::new() };
        let mut out = root.display(&RelPath::root());
        if !out.is_empty() && !out.ends_with(b"/") {
            out.push(b'/');
        }
        out.extend_from_slice(name);
        out
    }

    /// Log of a role.
    pub fn log(&self, role: Role) -> Log {
        self.session.log.with_role(role)
    }

    /// Runs `f` with the reporter, if this process prints items.
    pub fn report(&self, f: impl FnOnce(&mut Reporter)) {
        if let Some(r) = &self.reporter {
            f(&mut lock(r));
        }
    }

    pub fn count_done(&self) {
        self.dones.fetch_add(1, Ordering::Release);
        if let Some(replay) = &self.replay {
            replay.done();
        }
    }

    /// Whether an item with these flags is followed by an exchange of xattr values (full-value xattr exchange).
    pub fn exchanges_xattrs(&self, flags: u16) -> bool {
        use wire::{compat::CompatFlags, item::ItemFlags as F};
        let s = &self.session;
        let optimised =
            s.protocol.has_error_exit() && !s.compat.has(CompatFlags::AVOID_XATTR_OPTIM);
        let both = F::XNAME_FOLLOWS | F::LOCAL_CHANGE;
        s.settings.xattrs > 0
            && (s.settings.asks_for_data() || self.replay.is_some())
            && flags & F::REPORT_XATTR != 0
            && !(optimised && flags & both == both)
    }
}

/// A lock whose content stays usable after a panic elsewhere: the session ends then anyway.
pub(super) fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}
