//! The completion port and the blocks of operations that are under way.
//!
//! An overlapped call hands the kernel a pointer to an `OVERLAPPED` and pointers to whatever it reads. All of that stands
//! in a [`Block`], and the kernel's pointer counts as one of the block's owners: it is given back when the port delivers
//! the completion and not before, also if the operation was cancelled and nobody waits for it any more. A completion
//! that never comes leaks a block; it never frees one too early.
//!
//! One thread of the process takes completions off the port and wakes those who wait.

use std::{
    any::Any,
    cell::UnsafeCell,
    io,
    os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle, RawHandle},
    ptr,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    time::{Duration, Instant},
};
use windows_sys::Win32::{
    Foundation::{INVALID_HANDLE_VALUE, WAIT_TIMEOUT},
    System::IO::{CreateIoCompletionPort, GetQueuedCompletionStatus, OVERLAPPED},
};

/// A completion port.
#[derive(Debug)]
pub(super) struct Pump {
    port: OwnedHandle,
}

/// The pump of this process, once it runs.
static GLOBAL: Mutex<Option<Arc<Pump>>> = Mutex::new(None);

/// How an operation ended.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Bytes that were moved.
    pub bytes: u64,
    /// Why not all.
    pub error: Option<io::Error>,
}

/// What is kept for an operation until it is over.
pub(super) type Payload = Box<dyn Any + Send>;

/// One operation.
#[repr(C)]
pub(super) struct Block {
    /// First, so that a pointer to it is one to the block.
    overlapped: UnsafeCell<OVERLAPPED>,
    state: Mutex<State>,
    over: Condvar,
}

struct State {
    /// What the kernel reads; gone once it is over.
    payload: Option<Payload>,
    outcome: Option<Outcome>,
}

// SAFETY: `overlapped` is written by `Block::new` and after that by the kernel alone; we only take its address. The rest
// is behind a mutex.
unsafe impl Send for Block {}
// SAFETY: as above.
unsafe impl Sync for Block {}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Block").finish_non_exhaustive()
    }
}

impl Block {
    /// The block of an operation that starts at `offset` of its file.
    pub fn new(offset: u64, payload: Payload) -> Arc<Block> {
        let mut overlapped = OVERLAPPED::default();
        overlapped.Anonymous.Anonymous.Offset = offset as u32;
        overlapped.Anonymous.Anonymous.OffsetHigh = (offset >> 32) as u32;
        let state = State { payload: Some(payload), outcome: None };
        Arc::new(Block {
            overlapped: UnsafeCell::new(overlapped),
            state: Mutex::new(state),
            over: Condvar::new(),
        })
    }

    /// What names the operation to the kernel.
    pub fn overlapped(&self) -> *mut OVERLAPPED {
        self.overlapped.get()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Starts the operation.
    ///
    /// # Safety
    /// `start` makes one overlapped call, with the pointer that it is given and with no other memory than what the
    /// payload owns, on a handle that is associated with a pump. It returns `Ok` exactly if the call succeeded or is
    /// pending, so that a completion will arrive.
    ///
    /// # Errors
    /// That of `start`.
    pub unsafe fn start(
        self: &Arc<Self>,
        start: impl FnOnce(*mut OVERLAPPED) -> io::Result<()>,
    ) -> io::Result<()> {
        // The kernel's share.
        let share = Arc::into_raw(self.clone());
        let started = start(self.overlapped());
        if started.is_err() {
            self.lock().payload = None;
            // SAFETY: the pointer is the one made above, and no completion will give it back.
            drop(unsafe { Arc::from_raw(share) });
        }
        started
    }

    /// Waits for the end; `None` if that does not come within `timeout`. The outcome can be had once.
    pub fn wait(&self, timeout: Option<Duration>) -> Option<Outcome> {
        let deadline = timeout.map(|t| Instant::now() + t);
        let mut state = self.lock();
        loop {
            if let Some(outcome) = state.outcome.take() {
                return Some(outcome);
            }
            state = match deadline {
                None => self.over.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner()),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    let waited = self.over.wait_timeout(state, left);
                    waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0
                }
            };
        }
    }

    fn finish(&self, outcome: Outcome) {
        let mut state = self.lock();
        state.payload = None;
        state.outcome = Some(outcome);
        self.over.notify_all();
    }
}

impl Pump {
    /// A port of its own; somebody has to [`turn`](Self::turn) it.
    pub fn new() -> io::Result<Pump> {
        // SAFETY: no handle is associated yet and no port given; the result is checked.
        let port = unsafe { CreateIoCompletionPort(INVALID_HANDLE_VALUE, ptr::null_mut(), 0, 1) };
        if port.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the port was just made and belongs to nobody else.
        Ok(Pump { port: unsafe { OwnedHandle::from_raw_handle(port) } })
    }

    /// The pump of this process with its thread.
    pub fn global() -> io::Result<Arc<Pump>> {
        let mut global = GLOBAL.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(pump) = &*global {
            return Ok(pump.clone());
        }
        let pump = Arc::new(Pump::new()?);
        let turning = pump.clone();
        std::thread::Builder::new().name("completions".into()).spawn(move || {
            // It ends only if the port itself is broken; waiting with a timeout still works then.
            while turning.turn(None).is_ok() {}
        })?;
        *global = Some(pump.clone());
        Ok(pump)
    }

    /// Has the completions of a handle delivered here. Handles that were not opened for overlapped calls are refused.
    pub fn associate(&self, handle: RawHandle) -> io::Result<()> {
        // SAFETY: the caller's handle is open (it borrows it from an owner), and so is the port.
        let port = unsafe { CreateIoCompletionPort(handle, self.port.as_raw_handle(), 0, 0) };
        if port.is_null() { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Takes one completion; whether one came within `timeout`.
    pub fn turn(&self, timeout: Option<Duration>) -> io::Result<bool> {
        const INFINITE: u32 = u32::MAX;
        let limit =
            timeout.map_or(INFINITE, |t| t.as_millis().min(u128::from(INFINITE - 1)) as u32);
        let (mut bytes, mut key, mut overlapped) = (0, 0, ptr::null_mut());
        // SAFETY: the port is open and the other pointers are to live locals.
        let taken = unsafe {
            GetQueuedCompletionStatus(
                self.port.as_raw_handle(),
                &mut bytes,
                &mut key,
                &mut overlapped,
                limit,
            )
        };
        let error = io::Error::last_os_error();
        if overlapped.is_null() {
            return match error.raw_os_error() {
                Some(code) if code == WAIT_TIMEOUT as i32 => Ok(false),
                _ => Err(error),
            };
        }
        // SAFETY: only `Block::start` hands out pointers for handles that are associated with this port, each the address
        // of a block's first field and good for one share of it. The kernel gives each back once.
        let block = unsafe { Arc::from_raw(overlapped.cast::<Block>().cast_const()) };
        block.finish(Outcome { bytes: bytes.into(), error: (taken == 0).then_some(error) });
        Ok(true)
    }
}
