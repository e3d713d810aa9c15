//! Buffers that go out from where they are: the kernel reads them after the call has returned, until it says that it is
//! done.
//!
//! A buffer on loan is an `Arc<Vec<u8>>`. Everybody may read it; nobody can write to it or free it while a [`Lender`]
//! holds a share, and a lender lets go of its share only when the kernel has. [`Pool`] makes a buffer out of one again
//! once the pool's own share is the last.

use crate::counters::Reason;
use std::{fmt, io, sync::Arc, time::Duration};

/// A lane for large buffers of ours, over one link.
pub(crate) trait Lender: Send + fmt::Debug {
    /// Sends some of `buf[from..]`, at most `max` bytes, and returns how many. Keeps a share of the buffer until the
    /// kernel has read it for the last time.
    ///
    /// # Errors
    /// `TimedOut` if nothing could be sent within `timeout`; `Unsupported` if nothing can go this way, and nothing of
    /// this call went; else the link's error.
    fn send(
        &mut self,
        buf: &Arc<Vec<u8>>,
        from: usize,
        max: usize,
        timeout: Option<Duration>,
    ) -> io::Result<usize>;

    /// What the kernel made of the loans, in words.
    fn report(&self) -> String;
}

/// What a link knows of its lender.
#[derive(Debug, Default)]
pub(crate) enum Lending {
    /// Nobody has asked yet.
    #[default]
    Untried,
    /// There is one, with the buffers that it was given.
    Open(Box<dyn Lender>, Pool),
    /// There is none, for this reason.
    Refused(String),
}

impl Lending {
    /// Opens the lender with the first call.
    pub fn ready(
        &mut self,
        open: impl FnOnce() -> io::Result<Box<dyn Lender>>,
    ) -> Result<(), Reason> {
        if let Lending::Untried = self {
            *self = match open() {
                Ok(lender) => Lending::Open(lender, Pool::default()),
                Err(e) => Lending::Refused(e.to_string()),
            };
        }
        match self {
            Lending::Refused(why) => Err(Reason::Refused(why.clone())),
            _ => Ok(()),
        }
    }

    /// As [`Lender::send`]. A lender that refuses is not asked again.
    pub fn send(
        &mut self,
        buf: &Arc<Vec<u8>>,
        from: usize,
        max: usize,
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        let Lending::Open(lender, _) = self else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let sent = lender.send(buf, from, max, timeout);
        if let Err(e) = &sent
            && e.kind() == io::ErrorKind::Unsupported
        {
            *self = Lending::Refused(e.to_string());
        }
        sent
    }

    /// Takes the owner's share of a buffer; gives an empty one.
    pub fn recycle(&mut self, buf: Arc<Vec<u8>>) -> Vec<u8> {
        match self {
            Lending::Open(_, pool) => {
                pool.put(buf);
                pool.take()
            }
            _ => Vec::new(),
        }
    }

    /// What the kernel made of the loans, in words.
    pub fn report(&self) -> Option<String> {
        match self {
            Lending::Open(lender, _) => Some(lender.report()),
            _ => None,
        }
    }
}

/// Buffers that were lent and are used again.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    lent: Vec<Arc<Vec<u8>>>,
}

/// More buffers than a lender holds at once need not be kept.
const MOST: usize = 16;

impl Pool {
    /// Takes the owner's share of a buffer that was lent.
    pub fn put(&mut self, buf: Arc<Vec<u8>>) {
        if self.lent.len() < MOST {
            self.lent.push(buf);
        }
    }

    /// An empty buffer: one that nobody holds a share of any more, or a new one.
    pub fn take(&mut self) -> Vec<u8> {
        for at in 0..self.lent.len() {
            match Arc::try_unwrap(self.lent.swap_remove(at)) {
                Ok(mut free) => {
                    free.clear();
                    return free;
                }
                Err(held) => {
                    self.lent.push(held);
                    let last = self.lent.len() - 1;
                    self.lent.swap(at, last);
                }
            }
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_holds_is_used_again() {
        let mut pool = Pool::default();
        let held = Arc::new(vec![1; 10]);
        let free = Arc::new(vec![2; 10]);
        let address = free.as_ptr();
        pool.put(held.clone());
        pool.put(free);
        let taken = pool.take();
        assert_eq!((taken.as_ptr(), taken.len()), (address, 0));
        assert_eq!(pool.take().capacity(), 0, "the other one is held");
        assert_eq!(*held, [1; 10]);
        let address = held.as_ptr();
        drop(held);
        let taken = pool.take();
        assert_eq!(taken.as_ptr(), address);
    }
}
