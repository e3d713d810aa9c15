//! `max connections`: slots in a lock file, held by the processes that serve (off-wire semantics:
//! max connections).

use crate::lock::lock;
use std::{fs::File, path::Path};

/// A slot, free again when dropped or when the process ends.
#[derive(Debug)]
pub struct Slot(
    #[expect(dead_code, reason = "the lock lasts as long as the file is open")] Option<File>,
);

/// Why there is no slot: the text of the `@ERROR` line.
pub type Refusal = String;

/// Takes one of `limit` slots; 0 is no limit, a negative one refuses everybody.
///
/// # Errors
/// All are taken, or the lock file cannot be used.
pub fn take(limit: i64, lock_file: &Path) -> Result<Slot, Refusal> {
    let full = || format!("max connections ({limit}) reached -- try again later");
    if limit == 0 {
        return Ok(Slot(None));
    }
    if limit < 0 {
        return Err(full());
    }
    let how = fsroot::OpenHow::Update { mode: 0o600 };
    let file = fsroot::open_operator_file(lock_file, how, fsroot::LinkTrust::OwnerChecked)
        .map_err(|_| "failed to open lock file")?;
    for slot in 0..limit {
        if lock(&file, slot * 4).is_ok() {
            return Ok(Slot(Some(file)));
        }
    }
    Err(full())
}
