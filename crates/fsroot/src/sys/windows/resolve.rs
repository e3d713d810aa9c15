//! From a directory handle and a path below it to a handle of what the path names, never leaving the directory.
//!
//! One component after the other is opened in the directory before it, without following links (see `nt`). A link, be it
//! a symlink or a junction, is resolved here on a stack of held directories, so that `..` pops to the parent the walk
//! came through. A way out of the root, an absolute target, or a link where none may be, is ELOOP.

use super::{Dir, Errno, open_at, open_dir_anywhere, open_dir_at, read_link_at};
use crate::root::FollowParents;
use crate::sys::{Enter, Open, Target};

/// Links followed in one resolution.
const MAX_LINKS: usize = 40;

/// There is one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Way {}

/// Opens the directory `path` (clean, no `..`; empty for `base` itself).
pub(crate) fn open_dir(
    base: &Dir,
    path: &[u8],
    enter: Enter,
    follow: FollowParents,
    _only: Way,
) -> Result<Dir, Errno> {
    // Links of anybody are trusted: see `operator`.
    if matches!(follow, FollowParents::Unconfined | FollowParents::Trusted) {
        return open_dir_anywhere(base, path);
    }
    match walk(base, path, enter, follow, Last::Directory)? {
        Place { dir: Some(dir), .. } => Ok(dir),
        Place { dir: None, .. } => open_dir_at(base, b".", enter),
    }
}

/// Opens whatever `path` names after following all links beneath `base`.
pub(crate) fn open_following(
    base: &Dir,
    path: &[u8],
    target: Target,
    _only: Way,
) -> Result<Dir, Errno> {
    let place = walk(base, path, Enter::List, FollowParents::Beneath, Last::Anything)?;
    let dir = place.dir.as_ref().unwrap_or(base);
    match (place.leaf, target) {
        (Some(leaf), _) => open_at(dir, &leaf, Open::Read).map(Dir::from),
        (None, Target::Read) => Err(Errno::ISDIR),
        (None, Target::Look) => open_dir_at(dir, b".", Enter::Parent),
    }
}

/// What the last component of a walk may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Directory,
    Anything,
}

/// Where a walk ended.
struct Place {
    /// A held directory; `None` for the base itself.
    dir: Option<Dir>,
    /// What the walk ended at if that is no directory: a name in `dir`, no link when seen.
    leaf: Option<Vec<u8>>,
}

fn walk(
    base: &Dir,
    path: &[u8],
    enter: Enter,
    follow: FollowParents,
    last: Last,
) -> Result<Place, Errno> {
    let mut stack: Vec<Dir> = Vec::new();
    let mut pending: Vec<Vec<u8>> = Vec::new();
    push_components(&mut pending, path);
    let mut links = 0;
    while let Some(name) = pending.pop() {
        if name == b"." {
            continue;
        }
        if name == b".." {
            stack.pop().ok_or(Errno::LOOP)?;
            continue;
        }
        let top = stack.last().unwrap_or(base);
        let purpose = if pending.is_empty() { enter } else { Enter::Parent };
        match open_dir_at(top, &name, purpose) {
            Ok(dir) => stack.push(dir),
            Err(Errno::LOOP) if follow != FollowParents::No => {
                links += 1;
                let target = read_link_at(top, &name)?;
                let absolute = target.first() == Some(&b'/') || target.get(1) == Some(&b':');
                if links > MAX_LINKS || absolute {
                    return Err(Errno::LOOP);
                }
                push_components(&mut pending, &target);
            }
            Err(Errno::NOTDIR) if last == Last::Anything && pending.is_empty() => {
                return Ok(Place { dir: stack.pop(), leaf: Some(name) });
            }
            Err(e) => return Err(e),
        }
    }
    Ok(Place { dir: stack.pop(), leaf: None })
}

/// Pushes so that the first component is popped first. A trailing slash becomes a `.`, which only a directory has.
fn push_components(pending: &mut Vec<Vec<u8>>, path: &[u8]) {
    if path.ends_with(b"/") {
        pending.push(b".".to_vec());
    }
    let parts = path.split(|&b| b == b'/').filter(|part| !part.is_empty());
    pending.extend(parts.rev().map(<[u8]>::to_vec));
}
