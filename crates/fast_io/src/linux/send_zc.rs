//! io_uring's `SEND_ZC`: the socket takes the pages of a buffer instead of a copy of its bytes.
//!
//! Each send has two completions. The first says how much the socket took and, by its flag `MORE`, that another will
//! follow; that one carries the flag `NOTIF` and says that nobody reads the buffer any more (for TCP: the peer has it).
//! Between them the kernel may read the buffer at any time, for a retransmission too, so a share of it lies in
//! `SendZc::in_flight` until the notification. What decides is the flag, not the result: a send that failed may be
//! followed by a notification as well.
//!
//! At most one send waits for its first completion, so bytes cannot overtake each other, and at most `MAX_IN_FLIGHT` for
//! their notification: whoever wants to send another waits for one. A send alone does not wait (`MSG_DONTWAIT`), so it
//! is over at once. If the socket is full, the next attempt is a chain: wait until there is room, for so long at most
//! (a linked timeout), then send. A peer that has stopped reading thus holds the ring no longer than its caller allows.
//!
//! Buffers still in flight when the ring goes are never freed: the kernel holds their pages, and if the allocator gave
//! them to somebody else, a retransmission would send foreign bytes.
//!
//! A socket on the same machine gets a copy, made late; the kernel tells with the notification, and
//! `SendZc::report` passes it on.

use crate::{lanes::Lane, lend::Lender};
use io_uring::{
    IoUring, Probe, cqueue, opcode,
    squeue::{Entry, Flags},
    types::{Fd, SubmitArgs, Timespec},
};
use rustix::{
    fd::{AsRawFd, OwnedFd},
    io::Errno,
};
use std::{
    fmt, io,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

pub(crate) const BUFFER_TO_SOCKET: Lane = Lane::SendZc;

/// Requests that the queue takes.
const QUEUE: u32 = 16;
/// Buffers that may wait for their notification.
const MAX_IN_FLIGHT: usize = QUEUE as usize / 2;

/// Ask for [`COPIED`] (`IORING_SEND_ZC_REPORT_USAGE`; newer than `SEND_ZC` itself).
const REPORT_USAGE: u16 = 1 << 3;
/// The result of a notification: the bytes were copied after all (`IORING_NOTIF_USAGE_ZC_COPIED`).
const COPIED: i32 = i32::MIN;

/// What a completion belongs to, in the low bits of its number.
const SEND: u64 = 0;
const ROOM: u64 = 1;
const LIMIT: u64 = 2;
const KIND_BITS: u32 = 2;

/// Why this process has no ring, once it was refused one.
static REFUSED: OnceLock<String> = OnceLock::new();

/// A ring for one socket.
///
/// # Errors
/// `Unsupported`, with the reason: the kernel has no io_uring or no `SEND_ZC`, or a setting or a filter forbids it.
pub(crate) fn lender(fd: Arc<OwnedFd>) -> io::Result<Box<dyn Lender>> {
    let unsupported = |why: &String| io::Error::new(io::ErrorKind::Unsupported, why.clone());
    if let Some(why) = REFUSED.get() {
        return Err(unsupported(why));
    }
    match SendZc::open(fd) {
        Ok(ring) => Ok(Box::new(ring)),
        Err(why) => Err(unsupported(REFUSED.get_or_init(|| why))),
    }
}

/// Whether there can be a ring, in words.
pub(crate) fn ability() -> String {
    match ring() {
        Ok(_) => "SEND_ZC of io_uring: offered".into(),
        Err(why) => format!("SEND_ZC of io_uring: not offered ({why})"),
    }
}

/// A ring that has all that is needed of one; or why there is none.
fn ring() -> Result<IoUring, String> {
    let ring = IoUring::builder().dontfork().build(QUEUE).map_err(|e| format!("io_uring: {e}"))?;
    let mut probe = Probe::new();
    ring.submitter().register_probe(&mut probe).map_err(|e| format!("io_uring's probe: {e}"))?;
    let wanted = [opcode::SendZc::CODE, opcode::PollAdd::CODE, opcode::LinkTimeout::CODE];
    match wanted.iter().all(|&code| probe.is_supported(code)) {
        true => Ok(ring),
        false => Err("this kernel's io_uring has no SEND_ZC".into()),
    }
}

/// What one round of requests has come to.
#[derive(Debug, Default)]
struct Round {
    /// Completions to come, notifications not counted.
    pending: u32,
    /// The send's result.
    sent: Option<i32>,
    /// The result of waiting for room.
    room: Option<i32>,
    /// The limit was reached.
    late: bool,
}

struct SendZc {
    ring: IoUring,
    fd: Arc<OwnedFd>,
    /// The limit of the round; the kernel reads it from here.
    limit: Box<Timespec>,
    /// The number of the next send.
    next: u64,
    /// Buffers that the kernel may read, by the number of the send.
    in_flight: Vec<(u64, Arc<Vec<u8>>)>,
    /// The kernel tells whether it copied.
    reports: bool,
    /// Notifications, and those that told of a copy.
    notified: u64,
    copied: u64,
}

impl fmt::Debug for SendZc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendZc").field("in_flight", &self.in_flight.len()).finish_non_exhaustive()
    }
}

impl SendZc {
    fn open(fd: Arc<OwnedFd>) -> Result<SendZc, String> {
        Ok(SendZc {
            ring: ring()?,
            fd,
            limit: Box::default(),
            next: 0,
            in_flight: Vec::with_capacity(MAX_IN_FLIGHT),
            reports: true,
            notified: 0,
            copied: 0,
        })
    }

    /// Takes completions, without waiting.
    fn collect(&mut self, round: &mut Round) {
        for done in self.ring.completion() {
            let (number, kind) = (done.user_data() >> KIND_BITS, done.user_data() & 3);
            if cqueue::notif(done.flags()) {
                self.in_flight.retain(|(of, _)| *of != number);
                self.notified += 1;
                self.copied += u64::from(self.reports && done.result() == COPIED);
                continue;
            }
            round.pending = round.pending.saturating_sub(1);
            match kind {
                SEND => {
                    round.sent = Some(done.result());
                    if !cqueue::more(done.flags()) {
                        self.in_flight.retain(|(of, _)| *of != number);
                    }
                }
                ROOM => round.room = Some(done.result()),
                _ => round.late |= done.result() == -Errno::TIME.raw_os_error(),
            }
        }
    }

    /// Submits what was queued and waits for one completion, for so long at most.
    fn enter(&mut self, limit: Option<Duration>) -> io::Result<()> {
        let limit = limit.map(Timespec::from);
        let submitter = self.ring.submitter();
        let entered = match &limit {
            Some(limit) => submitter.submit_with_args(1, &SubmitArgs::new().timespec(limit)),
            None => submitter.submit_and_wait(1),
        };
        match entered.map_err(|e| (Errno::from_io_error(&e), e)) {
            Ok(_) | Err((Some(Errno::INTR), _)) => Ok(()),
            // Short of memory, or completions wait to be taken.
            Err((Some(Errno::AGAIN | Errno::BUSY), _)) => {
                std::thread::yield_now();
                Ok(())
            }
            Err((Some(Errno::TIME), _)) => Err(io::ErrorKind::TimedOut.into()),
            Err((_, e)) => Err(e),
        }
    }

    /// Waits until there may be another send in flight.
    fn admit(&mut self, deadline: Option<Instant>) -> io::Result<()> {
        let mut nothing = Round::default();
        self.collect(&mut nothing);
        while self.in_flight.len() >= MAX_IN_FLIGHT {
            self.enter(left(deadline)?)?;
            self.collect(&mut nothing);
        }
        Ok(())
    }

    /// One send of some of `buf`: at once, or with `wait` once there is room and by the limit.
    fn round(
        &mut self,
        buf: &Arc<Vec<u8>>,
        from: usize,
        len: usize,
        wait: Option<Option<Duration>>,
    ) -> io::Result<Round> {
        let number = self.next;
        self.next += 1;
        let fd = Fd(self.fd.as_raw_fd());
        let mut chain: Vec<Entry> = Vec::with_capacity(3);
        if wait.is_some() {
            let room =
                opcode::PollAdd::new(fd, rustix::event::PollFlags::OUT.bits().into()).build();
            chain.push(room.user_data(number << KIND_BITS | ROOM).flags(Flags::IO_LINK));
        }
        if let Some(limit) = wait.flatten() {
            *self.limit = Timespec::from(limit);
            let limit = opcode::LinkTimeout::new(&raw const *self.limit).build();
            chain.push(limit.user_data(number << KIND_BITS | LIMIT).flags(Flags::IO_LINK));
        }
        let bytes = &buf[from..from + len];
        let send = opcode::SendZc::new(fd, bytes.as_ptr(), bytes.len() as u32)
            .flags(libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT)
            .zc_flags(if self.reports { REPORT_USAGE } else { 0 })
            .build();
        chain.push(send.user_data(number << KIND_BITS | SEND));
        // Before the kernel hears of it.
        self.in_flight.push((number, buf.clone()));
        // SAFETY: the kernel only reads `bytes`, which nobody writes to while the share in `in_flight` exists, and
        // that is there until the kernel has said that it is done (or for ever). `self.limit` and `self.fd` are there
        // for as long as the ring is, and both are read when the request is taken.
        let queued = unsafe { self.ring.submission().push_multiple(&chain) };
        if queued.is_err() {
            // Nothing is left in the queue between rounds, so there is room for three.
            self.in_flight.pop();
            return Err(io::Error::other("io_uring: no room in the queue"));
        }
        let mut round = Round { pending: chain.len() as u32, ..Round::default() };
        while round.pending > 0 {
            self.enter(None)?;
            self.collect(&mut round);
        }
        Ok(round)
    }
}

/// What is left of the time.
fn left(deadline: Option<Instant>) -> io::Result<Option<Duration>> {
    let Some(deadline) = deadline else { return Ok(None) };
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
        left => Ok(Some(left)),
    }
}

/// Errors that mean that buffers cannot go this way.
fn refused(e: Errno) -> bool {
    let all =
        [Errno::OPNOTSUPP, Errno::INVAL, Errno::NOSYS, Errno::PERM, Errno::NOMEM, Errno::NOBUFS];
    all.contains(&e)
}

impl Lender for SendZc {
    fn send(
        &mut self,
        buf: &Arc<Vec<u8>>,
        from: usize,
        max: usize,
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        let len = max.min(buf.len() - from).min(u32::MAX as usize);
        let deadline = timeout.map(|t| Instant::now() + t);
        let mut wait = false;
        loop {
            self.admit(deadline)?;
            let limit = if wait { Some(left(deadline)?) } else { None };
            let round = self.round(buf, from, len, limit)?;
            let error = match round.sent {
                Some(n @ 0..) => return Ok(n as usize),
                Some(e) => Errno::from_raw_os_error(-e),
                None => return Err(io::Error::other("io_uring: a send without a result")),
            };
            match error {
                Errno::AGAIN => wait = true,
                Errno::INTR => {}
                Errno::CANCELED if round.late => return Err(io::ErrorKind::TimedOut.into()),
                // The socket cannot be waited for.
                Errno::CANCELED if round.room.is_some_and(|e| e < 0 && -e != libc::ECANCELED) => {
                    let why = round.room.unwrap_or_default();
                    return Err(io::Error::from_raw_os_error(-why));
                }
                Errno::INVAL if self.reports => self.reports = false,
                e if refused(e) => {
                    let why = format!("SEND_ZC: {}", io::Error::from(e));
                    return Err(io::Error::new(io::ErrorKind::Unsupported, why));
                }
                e => return Err(e.into()),
            }
        }
    }

    fn report(&self) -> String {
        let Self { notified, copied, .. } = self;
        let waiting = self.in_flight.len();
        let copied = match self.reports {
            true => format!("{copied} of them copied by the kernel after all"),
            false => "the kernel does not tell whether it copied".into(),
        };
        format!("SEND_ZC: {notified} loans ended, {copied}, {waiting} still out")
    }
}

impl Drop for SendZc {
    fn drop(&mut self) {
        self.collect(&mut Round::default());
        for (_, buf) in self.in_flight.drain(..) {
            std::mem::forget(buf);
        }
    }
}
