//! A file on its way, and how its bytes are read: all that were promised, with zeros for what is missing.
use crate::{Error, conn::Writer};
use fast_io::{FileRange, Reason, SendHalf};
use fsroot::meta::{read_vectored_at, shrunk};
use std::{
    fs::File,
    io::{self, IoSliceMut},
    sync::Arc,
    time::SystemTime,
};

/// A file on its way.
pub(super) struct Run<P> {
    pub file: Arc<File>,
    /// What is sent begins here.
    pub from: u64,
    pub len: u64,
    /// The first thing that went wrong while reading.
    pub error: Option<io::Error>,
    pub progress: P,
    /// When it was last written to before it was sent.
    pub modified: Option<SystemTime>,
    /// Why it must be copied, if it must.
    pub copied: Option<Reason>,
}

impl<P: FnMut(u64)> Run<P> {
    /// Fills all of `buf`, with zeros from the first error on.
    pub fn read(&mut self, buf: &mut [u8], offset: u64) {
        self.read_pieces(&mut [IoSliceMut::new(buf)], offset);
    }

    /// Fills several buffers in the same way, one behind the other.
    pub fn read_pieces(&mut self, pieces: &mut [IoSliceMut<'_>], offset: u64) {
        if self.error.is_some() {
            pieces.iter_mut().for_each(|piece| piece.fill(0));
        } else {
            self.error = read_filled(&self.file, pieces, offset);
        }
    }

    /// If somebody writes to the file, the rest is copied: what is hashed must be what is sent. After an error the file is not
    /// asked again.
    pub fn note_changes(&mut self, hashing: bool) {
        if self.error.is_some() && self.copied.is_none() {
            self.copied = Some(Reason::Unreadable);
        }
        if hashing && self.copied.is_none() && modified(&self.file) != self.modified {
            self.copied = Some(Reason::Changing);
        }
    }

    /// Whether the next `len` bytes go as a range of the file.
    pub fn by_range<W: SendHalf>(&self, writer: &mut Writer<W>, len: u64) -> bool {
        match &self.copied {
            None => writer.takes_range(&self.file, len),
            Some(reason) => {
                writer.declines_range(reason.clone());
                false
            }
        }
    }

    pub fn range<W: SendHalf>(
        &mut self,
        writer: &mut Writer<W>,
        offset: u64,
        len: u64,
        token: u64,
    ) -> Result<(), Error> {
        let range = FileRange { file: self.file.clone(), offset, len };
        if writer.range(&range, token)? < len {
            self.error.get_or_insert_with(shrunk);
        }
        Ok(())
    }
}

/// Fills all of `pieces`, one behind the other; what cannot be read becomes zeros.
pub(super) fn read_filled(
    file: &File,
    mut pieces: &mut [IoSliceMut<'_>],
    mut offset: u64,
) -> Option<io::Error> {
    // Drops those without room.
    IoSliceMut::advance_slices(&mut pieces, 0);
    let error = loop {
        if pieces.is_empty() {
            return None;
        }
        match read_vectored_at(file, pieces, offset) {
            Ok(0) => break shrunk(),
            Ok(n) => {
                IoSliceMut::advance_slices(&mut pieces, n);
                offset += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => break e,
        }
    };
    pieces.iter_mut().for_each(|piece| piece.fill(0));
    Some(error)
}

/// When the file was last written to, if that can be told.
pub(super) fn modified(file: &File) -> Option<SystemTime> {
    file.metadata().and_then(|m| m.modified()).ok()
}

/// The same in whole seconds since 1970, as file lists have it.
pub(in crate::send) fn seconds(file: &File) -> Option<i64> {
    let time = modified(file)?;
    Some(match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => after.as_secs() as i64,
        Err(e) => {
            let before = e.duration();
            -(before.as_secs() as i64) - i64::from(before.subsec_nanos() > 0)
        }
    })
}
